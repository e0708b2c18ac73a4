"""From a paused backward into ordinary Python: what pdb's own steps need.

At a stop in backward no tracer runs.  Two things start one:

``next``, ``step``, ``return``, ``until LINE``, ``jump``
    go on with the backward to its end, and then stop in the user's code as pdb would.
``into``
    runs one node under the tracer, from the first line of its formula, of a custom
    backward, or of a hook.

The tracer ends with ``continue``, ``quit``, an interrupt, or when the outermost function of
the user's returns.  Whatever traced before (a coverage tool, a visual debugger) traces again
then.
"""

from __future__ import annotations

import sys
from bdb import BdbQuit
from collections.abc import Callable
from types import CodeType, FrameType
from typing import TYPE_CHECKING, Any

from ... import state
from ...errors import BackwardStopped
from ...events import Listener, add_listener, remove_listener
from .user_code import (
    calling_frame,
    formulas_of,
    is_foreign,
    is_ours,
    is_shell,
    is_statement_of_cell,
    outermost,
    runner_of_cells,
    user_frames,
)

if TYPE_CHECKING:
    from ...engine import Run
    from ..stepping.stepper import Pause


class PythonSteps:
    """The tracing half of the prompt, mixed into a `bdb.Bdb`."""

    pause: Pause | None
    stop_frame: FrameType | None
    stack: list[tuple[Any, int]]
    cmdqueue: list[str]
    curframe: Any
    botframe: FrameType | None
    stopframe: FrameType | None
    returnframe: FrameType | None
    enterframe: FrameType | None
    stoplineno: int
    breaks: dict[str, list[int]]
    reset: Any
    set_next: Any
    set_return: Any
    set_until: Any
    _set_stopinfo: Any

    _planned: tuple[FrameType, Callable[[FrameType], None]] | None = None
    _after: AfterBackward | None = None
    _before: Any = None
    _tracing = False
    _entering = False
    _between_statements = False
    _line = 0
    _formulas: frozenset[CodeType] = frozenset()

    # -------------------------------------------------------------- pdb's steps, at a stop

    def do_next(self, arg: str) -> Any:
        """n(ext): run the line.  In backward: finish it, stop at your function's next line."""
        return super().do_next(arg) if self.pause is None else self._plan(self.set_next)  # type: ignore[misc]

    def do_step(self, arg: str) -> Any:
        """s(tep): stop at the first occasion.  In backward: finish it, stop in your function."""
        return super().do_step(arg) if self.pause is None else self._plan(self.set_next)  # type: ignore[misc]

    def do_return(self, arg: str) -> Any:
        """r(eturn): go on until the function returns.  In backward: the one that called it."""
        return super().do_return(arg) if self.pause is None else self._plan(self.set_return)  # type: ignore[misc]

    def do_until(self, arg: str) -> Any:
        """unt(il): go on until a line.  In backward: finish it first; a line of your function."""
        if self.pause is None:
            return super().do_until(arg)  # type: ignore[misc]
        frame = self._python_frame()
        line = int(arg) if arg else None
        if line is not None and line <= frame.f_lineno:
            raise ValueError(f"line {line} is not below line {frame.f_lineno}, where Python stands")
        return self._plan(lambda frame: self.set_until(frame, line))

    def do_jump(self, arg: str) -> Any:
        """j(ump): set the next line to run.  In backward: finish it first."""
        if self.pause is None:
            return super().do_jump(arg)  # type: ignore[misc]
        if not arg.isdecimal():
            raise ValueError(f"jump takes the number of a line, not {arg!r}")
        self.cmdqueue.insert(0, f"jump {arg}")
        return self._plan(self.set_next)

    do_n, do_s, do_r, do_j = do_next, do_step, do_return, do_jump

    def _plan(self, how: Callable[[FrameType], None]) -> bool:
        """Finish the backward, then stop as `how` says in the chosen function."""
        assert self.pause is not None
        self._planned = self._python_frame(), how
        self.pause.resume()
        return True

    def _python_frame(self) -> FrameType:
        """The user's function that was chosen by ``up``, or else the one that called backward."""
        if isinstance(self.curframe, FrameType) and not is_ours(self.curframe):
            return self.curframe
        frame = calling_frame(self.stop_frame)
        if frame is None:
            raise ValueError("no Python function called this backward; continue goes on")
        return frame

    def forget_plans(self) -> None:
        """A new stop: whatever was to come after the backward was for this one."""
        self.end_tracing()
        self._planned = None
        if self._after is not None:
            self._after.cancel()
            self._after = None

    def carry_out(self, pause: Pause, frame: FrameType) -> None:
        """The prompt is left: trace now, at the end of the run, or not at all."""
        planned, self._planned = self._planned, None
        if planned is not None and pause.phase == "backward":
            self._after = AfterBackward(pause.run, lambda: self.stop_in_python(*planned))
        elif planned is not None:
            self.stop_in_python(*planned)
        elif self.breaks and (user := calling_frame(frame)) is not None:
            self.stop_in_python(user, lambda _: self._set_stopinfo(self.botframe, None, -1))

    # -------------------------------------------------------------- on and off

    def stop_in_python(self, frame: FrameType, how: Callable[[FrameType], None]) -> None:
        """Trace the user's functions from `frame` outwards, and stop where `how` sets it.

        Parameters
        ----------
        frame : FrameType
            The user's function that runs, or one that called it.
        how : callable
            E.g. ``self.set_next``.
        """
        self.reset()
        traced = user_frames(frame)
        runner = runner_of_cells(traced[-1])
        if runner is not None:
            traced.append(runner)
        for each in traced:
            each.f_trace = self.trace_dispatch
        self.botframe = traced[-1]
        how(frame)
        self._start()

    def _start(self) -> None:
        self._before, self._tracing = sys.gettrace(), True
        sys.settrace(self.trace_dispatch)

    def end_tracing(self) -> None:
        """Trace no more; whoever traced before does so again."""
        if not self._tracing:
            return
        self._tracing = self._entering = self._between_statements = False
        self._formulas = frozenset()
        frame: FrameType | None = sys._getframe()
        while frame is not None:
            if getattr(frame.f_trace, "__self__", None) is self:
                frame.f_trace = None
            frame = frame.f_back
        before, self._before = self._before, None
        sys.settrace(before)
        self.botframe = self.stopframe = self.returnframe = self.enterframe = None

    def set_continue(self) -> None:
        """Stop at breakpoints of pdb only; without any, trace no more."""
        self._set_stopinfo(self.botframe, None, -1)
        if not self.breaks:
            self.end_tracing()

    def set_quit(self) -> None:
        """Leave by `BdbQuit`."""
        super().set_quit()  # type: ignore[misc]
        self.end_tracing()

    def trace_dispatch(self, frame: FrameType, event: str, arg: Any) -> Any:
        """Tell pdb; a function where the tracing ended is not traced on for another tracer."""
        before = self._tracing
        result = super().trace_dispatch(frame, event, arg)  # type: ignore[misc]
        return None if before and not self._tracing else result

    # -------------------------------------------------------------- where to stop

    def stop_here(self, frame: FrameType) -> bool:
        """As pdb, but never in the engine, nor in what it calls that is nobody's here."""
        if self._between_statements and not is_statement_of_cell(frame):
            return False
        if not self.is_formula(frame):
            if is_ours(frame) or is_shell(frame):
                return False
            caller = frame.f_back
            if is_foreign(frame) and (caller is None or caller.f_trace is None):
                return False
        if self.stopframe is not None and frame is not self.stopframe:
            return False  # IPython would look at the frame's variables first
        return bool(super().stop_here(frame))  # type: ignore[misc]

    def is_formula(self, frame: FrameType) -> bool:
        """Whether it is a gradient formula that the person stepped into."""
        return frame.f_code in self._formulas

    def user_call(self, frame: FrameType, argument_list: Any) -> None:
        """Stop where a function begins; on the way into a node at its first line instead."""
        if self._between_statements and is_statement_of_cell(frame):
            self._set_stopinfo(frame, frame, self._line)
            self._between_statements, self._line = False, 0
        elif not self._entering:
            super().user_call(frame, argument_list)  # type: ignore[misc]

    def user_line(self, frame: FrameType) -> None:
        """Stop at a line."""
        self._entering = False
        super().user_line(frame)  # type: ignore[misc]

    def user_return(self, frame: FrameType, return_value: Any) -> None:
        """Stop where a function returns; a statement of a cell goes on to the next one."""
        if is_statement_of_cell(frame):
            self._between_statements, self._line = True, max(self.stoplineno, 0)
            self._set_stopinfo(None, None)
        else:
            super().user_return(frame, return_value)  # type: ignore[misc]

    def dispatch_return(self, frame: FrameType, arg: Any) -> Any:
        """Stop where a function returns; the user's outermost one ends the tracing."""
        result = super().dispatch_return(frame, arg)  # type: ignore[misc]
        if frame is self.botframe:
            self.end_tracing()
        return result

    # -------------------------------------------------------------- into a node

    def run_under_trace(self, run: Run) -> bool:
        """Run the next node, stopping in its Python.

        Returns
        -------
        bool
            Whether there was any Python to stop in.

        Raises
        ------
        BackwardStopped
            When the person quits there.
        """
        node = run.peek()
        self.reset()
        self._formulas = formulas_of(node)
        self.botframe = outermost(sys._getframe())
        self._set_stopinfo(None, None)
        self._entering = True
        previous = state.set_mode("grad", run.create_graph)
        self._start()
        try:
            run.step()
            return not self._entering
        except BdbQuit:
            raise BackwardStopped(
                f"backward was stopped inside {node.name()}; gradients are as before it"
            ) from None
        finally:
            self.end_tracing()
            state.set_mode("grad", previous)


class AfterBackward(Listener):
    """Waits for the end of a backward run, to stop in the user's Python then."""

    def __init__(self, run: Run, then: Callable[[], None]):
        self.run: Run | None = run
        self.then: Callable[[], None] | None = then
        add_listener(self)

    def on_backward_end(self, run: Any, error: BaseException | None) -> None:
        """Start the tracing, unless the person ended the run."""
        if run is self.run:
            then = self.then
            self.cancel()
            if then is not None and not isinstance(error, BackwardStopped | KeyboardInterrupt):
                then()

    def cancel(self) -> None:
        """Wait no more, and let go of the run."""
        self.run = self.then = None
        remove_listener(self)
