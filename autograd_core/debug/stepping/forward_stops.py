"""Stops in forward: a listener that asks the breakpoints after each op.

While a forward breakpoint is enabled, ops take the engine's general road, which is slower.
"""

from __future__ import annotations

import threading
from types import CodeType
from typing import TYPE_CHECKING, Any

from ...errors import BackwardStopped
from ...events import Listener
from ..breakpoints.moment import Moment
from .stepper import Goal, Pause

if TYPE_CHECKING:
    from ..breakpoints.breakpoints import Breakpoint
    from .debugger import Debugger


class ForwardPause(Pause):
    """A stop after a forward op; there is nothing to step back over, edit or replay."""

    phase = "forward"

    def __init__(
        self, stops: ForwardStops, reason: str, breakpoint: Breakpoint | None, moment: Moment
    ):
        self.stepper = stops  # type: ignore[assignment]
        self.run = None  # type: ignore[assignment]
        self.depth = 0
        self.goal = None
        self.edited = set()
        self._look(reason, breakpoint, moment)

    def _look(self, reason: str, breakpoint: Breakpoint | None, moment: Moment) -> None:
        self.reason, self.breakpoint, self.moment = reason, breakpoint, moment
        self.node, self.grads = moment.node, moment.grads

    @property
    def steps_done(self) -> int:
        """How many ops ran since the forward stops began."""
        return self.stepper.ops  # type: ignore[attr-defined]

    @property
    def can_back(self) -> int:
        """Zero: forward ops can't be undone."""
        return 0

    @property
    def warnings(self) -> list[str]:
        """Nothing to warn of."""
        return []

    def into(self) -> None:
        """Refused: the op has run."""
        raise ValueError("into works in backward; this op has run, its output is `grad` here")

    def back(self, n: int = 1) -> int:
        """Refused: forward ops can't be undone."""
        raise ValueError("back works in backward only: a forward op can't be undone")

    def edit(self, value: Any, output: int = 0) -> str:
        """Refused: there is no gradient yet."""
        raise ValueError("edit changes a gradient, and this is a forward op; stop in backward")

    def replay(self) -> None:
        """Refused: there is nothing to replay."""
        raise ValueError("replay works in backward, after back")


class ForwardStops(Listener):
    """Asks the breakpoints, and whoever steps, after each forward op."""

    def __init__(self, debugger: Debugger):
        self.debugger = debugger
        self.goal = Goal()
        self.ops = 0

    def on_op(
        self,
        op: str,
        node: Any,
        inputs: tuple[Any, ...],
        outputs: tuple[Any, ...],
        scope: tuple[str, ...],
        code: CodeType | None,
        lasti: int,
        seconds: float,
    ) -> None:
        """Stop if a breakpoint hits or the goal is reached."""
        debugger = self.debugger
        if debugger.asking or threading.current_thread() is not threading.main_thread():
            return
        self.ops += 1
        arrays = tuple(x._array for x in outputs)
        moment = Moment(
            "forward", node, arrays, None, debugger.iteration,
            op=op, scope=scope, code=code, lasti=lasti,
        )  # fmt: skip
        hit = debugger.breakpoints.match(moment)
        if hit is None and not self._reached(moment):
            return
        reason = f"breakpoint {hit.number}: {hit.condition.text}" if hit else "step"
        self.goal = debugger.stop(ForwardPause(self, reason, hit, moment))
        if self.goal.verb == "stop":
            self.goal = Goal()
            raise BackwardStopped(f"the run was stopped after the forward op {op}")

    def _reached(self, moment: Moment) -> bool:
        goal = self.goal
        if goal.verb == "over":
            goal.count -= 1
            return goal.count <= 0
        if goal.verb == "out":
            return moment.scope[: len(goal.scope)] != goal.scope
        if goal.verb == "until" and goal.condition is not None:
            return goal.condition.phase == "forward" and goal.holds(moment)
        return False

    def on_backward_begin(self, run: Any) -> None:
        """Steps of the forward end where the backward begins."""
        self.goal = Goal()
