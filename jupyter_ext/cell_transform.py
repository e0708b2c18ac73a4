"""The ``%%autograd_trace`` line, rewritten before the cell is compiled.

A cell magic usually gets the cell as a string and has to run it itself, and then much of
what a cell can do is lost: ``await``, the right line numbers, ``;`` after the last
expression, ``_``, tracebacks.  Here the first line alone is exchanged for a call that
begins a recording, on the same line, and IPython runs the rest as it runs any cell.
"""

from __future__ import annotations

import re

from IPython.core.inputtransformer2 import cell_magic

_HEAD = re.compile(r"%%autograd_trace(?![\w?])(?P<options>.*)")


def begin_recording(lines: list[str]) -> list[str]:
    """Exchange a leading ``%%autograd_trace`` line for the call that begins to record.

    Parameters
    ----------
    lines : list of str
        The lines of a cell, each with its line end.

    Returns
    -------
    list of str
        As many lines, so that line numbers are those that the user sees (unless another
        ``%%magic`` follows, which becomes one line as always).
    """
    head = _HEAD.match(lines[0]) if lines else None
    if head is None:
        return lines
    call = f"get_ipython().run_line_magic('autograd_trace_begin', {head['options'].strip()!r})\n"
    return [call, *cell_magic(lines[1:])]


# Tells IPython to leave it out while it only asks whether the typed cell is complete: on a
# terminal the first line alone would look complete, and would run before the rest is typed.
begin_recording.has_side_effects = True  # type: ignore[attr-defined]
