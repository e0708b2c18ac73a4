"""The kernel side of Jupyter: magics that show and stop a running backward, names for cells.

``%load_ext autograd_core`` (or ``%load_ext jupyter_ext``) gives::

    %%autograd_trace [options]      trace a cell: graph, gradient flow, one line of numbers
    %autograd_trace EXPRESSION      the same for one expression
    %autograd_trace on|off|status   trace over several cells
    %autograd_flow                  the gradient flow of the last trace
    %autograd_break CONDITION       stop backward where the condition holds
    %autograd_debug                 look around where the last exception came from
    %autograd_why THING             why a gradient is as it is

Three things work together, each in a file of its own: `cell_transform` turns the ``%%``
line into a call that begins the recording, so that the rest stays a normal cell; a
`session.Session` ends it when IPython says that the cell is over; `display` shows it.
At a stop `front_jupyter` asks: it draws the picture of how commands come in.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from autograd_core import source

if TYPE_CHECKING:
    from IPython.core.interactiveshell import InteractiveShell

    from autograd_core.debug import Trace


def graph(trace: Trace) -> Any:
    """The graph of a recorded trace as a widget; see `inline.graph`."""
    from . import inline

    return inline.graph(trace)


def load_ipython_extension(ipython: InteractiveShell) -> None:
    """Add the magics to an IPython shell; a second time changes nothing."""
    from .session import open_session

    open_session(ipython)
    source.mark_internal(__name__)


def unload_ipython_extension(ipython: InteractiveShell) -> None:
    """Take everything back that loading did, and end a recording that still runs."""
    from .session import close_session

    close_session(ipython)
