"""The frame that a person finds themselves in at a stop: its locals are what one looks at.

pdb evaluates expressions in it, ``up`` leads from it to the user's line that called
``backward()``, and a visual debugger shows its locals.
"""

from __future__ import annotations

import sys
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from .stepper import Pause

breakpoint_hook: Callable[[], bool] | None = None
"""Set by a front end with a debugger of its own: called from the frame of the stop; True
says that it took the stop.  The run then goes on as `Pause` was told, else as ``continue``."""

looks_on: Callable[[], bool] | None = None
"""Set along with `breakpoint_hook`: whether somebody is there who would take a stop."""


def stand(pause: Pause, ask: Callable[[Any], None]) -> None:
    """Stand at a stop until a command was given that leaves it."""
    tensors = pause.tensors()
    first = next((g for g in tensors if g is not None), None)
    forward = "" if pause.location is None else str(pause.location)
    paused_at_grad_fn(pause, ask, pause.node, first, tensors, pause.saved, forward)


def paused_at_grad_fn(
    pause: Pause,
    ask: Callable[[Any], None],
    node: Any,
    grad: Any,
    grads: tuple[Any, ...],
    saved: dict[str, Any],
    forward: str,
) -> None:
    """Stop here; the parameters are what the person sees as local variables."""
    if breakpoint_hook is not None and breakpoint_hook():
        return
    ask(sys._getframe())
