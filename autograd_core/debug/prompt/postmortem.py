"""After an exception: the prompt at the node that failed, or at the line of the forward.

The traceback still has the engine's frames, and in them the node that was running and the
gradients that had arrived.  They become a `Failure`, which is a stop that can be looked at
and not resumed::

    the user's function that called backward          up
    the node that failed                              here the prompt opens
    the custom backward or hook that raised           down

A forward op that failed made no node; what there is are its operands, and the user's line.
"""

from __future__ import annotations

import re
import sys
from collections.abc import Iterator
from types import FrameType, SimpleNamespace
from typing import TYPE_CHECKING, Any

from ... import source
from ...errors import AnomalyError, BackwardStopped
from ...node import AccumulateGrad, Node
from ..breakpoints.moment import Moment
from ..stepping.front import ScriptFront
from ..stepping.stepper import Pause
from . import look
from .preview import preview
from .prompt import Prompt
from .user_code import is_ours, is_shell

if TYPE_CHECKING:
    from ..stepping.debugger import Debugger

ARRIVED = ("grads", "grad", "g")
"""What the gradients that arrived are called in the engine, beside ``node``."""
_FAILED = {"P": "Failed", "p": "failed"}
Entry = tuple[FrameType, int]


class Failure(Pause):
    """Where an exception came from: everything that a stop has, but it can't go on.

    Attributes
    ----------
    error : BaseException
        The exception.
    inputs : tuple
        In forward the operands of the op; empty in backward.
    results : tuple
        What the node made of its gradients, where anomaly mode found fault with it.
    above, below : list of (frame, line number)
        The user's frames that led to the node, and those that it called.
    """

    def __init__(self, debugger: Debugger, error: BaseException, failed: _Failed):
        self.stepper = SimpleNamespace(debugger=debugger)  # type: ignore[assignment]
        self.run = None  # type: ignore[assignment]
        self.depth = 0
        self.goal = None
        self.edited = set()
        self.error = error
        self.inputs = failed.inputs
        self.results = failed.results if isinstance(error, AnomalyError) else ()
        self.above, self.below = failed.above, failed.below
        self.phase = failed.phase
        self.breakpoint = None
        self.moment, self.node, self.grads = failed.moment, failed.moment.node, failed.grads
        self.reason = f"{type(error).__name__}: {error}".split("\n")[0]

    @property
    def steps_done(self) -> int:
        """Zero: the run is over."""
        return 0

    @property
    def can_back(self) -> int:
        """Zero: the run is over."""
        return 0

    @property
    def warnings(self) -> list[str]:
        """What was noted on the exception, beyond what is shown anyway."""
        notes = getattr(self.error, "__notes__", ())
        return [note for note in notes if not note.startswith("raised while backward ran")]

    def state(self) -> dict[str, Any]:
        """As that of any stop, with the exception."""
        return {**super().state(), "error": self.reason}

    def _refused(self, *_: Any) -> Any:
        raise ValueError("the run failed, so it can't go on or back; look around, and leave by q")

    _refuse: Any = _refused
    over = into = out = until = replay = back = edit = _refuse


class _Failed:
    """What a traceback says of a failure."""

    def __init__(self, error: BaseException, entries: list[Entry]):
        at = _innermost(entries, _runs_node)
        self.phase = "backward" if at is not None else "forward"
        self.inputs: tuple[Any, ...] = ()
        self.results: tuple[Any, ...] = ()
        self.grads: tuple[Any, ...] = ()
        if at is not None:
            self.moment = self._at_node(entries[at][0].f_locals)
        else:
            at = _innermost(entries, _runs_op)
            if at is None:
                at = next(i for i, (frame, _) in enumerate(entries) if is_ours(frame))
            self.moment = self._at_op(entries[at][0], _users(entries[:at]))
        self.above, self.below = _users(entries[:at]), _users(entries[at:])

    def _at_node(self, known: Any) -> Moment:
        arrived = next(known[name] for name in ARRIVED if name in known)
        self.grads = arrived if isinstance(arrived, tuple) else (arrived,)
        self.results = tuple(known.get("results") or ())
        return Moment("backward", known["node"], self.grads)

    def _at_op(self, frame: FrameType, users: list[Entry]) -> Moment:
        known, name = frame.f_locals, "forward"
        if _has_op(known):
            name, self.inputs = known["op"].name, tuple(known["inputs"])
        code, lasti = (users[-1][0].f_code, users[-1][0].f_lasti) if users else (None, -1)
        return Moment("forward", None, (), op=name, scope=(), code=code, lasti=lasti)


def find(error: BaseException, debugger: Debugger) -> Failure:
    """Where an exception came from, of those that led to it too.

    Raises
    ------
    ValueError
        If it did not come through this library.
    """
    for cause in _chain(error):
        entries = list(_entries(cause))
        if isinstance(cause, BackwardStopped):
            raise ValueError("the last run was stopped at the prompt; it did not fail")
        if any(is_ours(frame) for frame, _ in entries):
            return Failure(debugger, error, _Failed(cause, entries))
    raise ValueError(
        f"{type(error).__name__} did not come from an operation or a backward of autograd_core; "
        "Python's pdb.pm() and IPython's %debug look at any exception"
    )


def post_mortem(error: BaseException | None = None, script: str | None = None) -> None:
    """Open the prompt where an exception came from.

    Parameters
    ----------
    error : BaseException, optional
        The exception; if not given the one that is being handled, or else the last one that
        nobody caught.
    script : str, optional
        Commands for the prompt, separated by ``;``.

    Raises
    ------
    ValueError
        If there was no exception, if it has nothing to do with this library, or if nobody
        can be asked.
    """
    from ..stepping.debugger import debugger

    known = debugger()
    error = error or sys.exc_info()[1] or getattr(sys, "last_value", None)
    if error is None:
        raise ValueError("no exception was raised yet")
    failure = find(error, known)
    outer = known.front
    known.front = ScriptFront(script, outer) if script else outer
    try:
        reason = known.front.can_ask()
        if reason is not None:
            raise ValueError(f'nobody can be asked ({reason}); give a script, e.g. "node; saved"')
        _stand(known, failure)
    finally:
        known.front = outer


def _stand(debugger: Debugger, failure: Failure) -> None:
    outer = debugger.paused
    try:
        debugger.paused = failure
        debugger.tell("paused", failure.state())
        frame = failure.above[-1][0] if failure.above else sys._getframe()
        _FailurePrompt(debugger=debugger).stand(failure, frame)
    finally:
        debugger.paused = outer
        debugger.tell("ended", {"status": "idle"})


class _FailurePrompt(Prompt):
    """The prompt on the stack of a traceback."""

    def get_stack(self, f: FrameType | None, t: Any) -> tuple[list[tuple[Any, int]], int]:
        """The user's frames of the traceback, the node among them."""
        failure = self.here
        assert isinstance(failure, Failure)
        stack: list[tuple[Any, int]] = [*failure.above]
        stack += [(self.view, self.view.f_lineno), *failure.below]
        return stack, len(failure.above)

    def print_stack_entry(self, frame_lineno: tuple[Any, int], *more: Any, **named: Any) -> None:
        """The source line of a frame; of the node that failed all that one wants to see."""
        if frame_lineno[0] is self.view and not self._listing:
            self.message(_heading(self.here, self.names))
        else:
            super().print_stack_entry(frame_lineno, *more, **named)

    def format_stack_entry(self, frame_lineno: tuple[Any, int], *more: Any) -> str:
        """A frame as text."""
        text = super().format_stack_entry(frame_lineno, *more)
        return _said(text) if frame_lineno[0] is self.view else text

    def stop_variables(self) -> dict[str, Any]:
        """What expressions see."""
        failure = self.here
        assert isinstance(failure, Failure)
        more = {"error": failure.error, "inputs": failure.inputs}
        return {**super().stop_variables(), **more}

    def do_why(self, arg: str) -> None:
        """Why it failed, or why an expression is as it is: a diagnosis."""
        if arg:
            super().do_why(arg)
            return
        from ..why import why

        failure = self.here
        assert isinstance(failure, Failure)
        self.message(str(why(failure.error, variables=self.names.variables)))

    def _plan(self, *_: Any) -> bool:
        """Refuse pdb's steps: no Python is running here."""
        raise ValueError("the run failed, so there is no line to go on with; q leaves")


def _heading(failure: Any, names: look.Names) -> str:
    lines = [_said(look.heading(failure, names))]
    lines += _labelled("input", failure.inputs)
    lines += _labelled("gave", failure.results)
    return "\n".join(lines)


def _labelled(word: str, values: tuple[Any, ...]) -> list[str]:
    lines = []
    for i, value in enumerate(values):
        label = f"{word} {i}" if len(values) > 1 else word
        first, *rest = preview(value).split("\n")
        lines += [f"  {label:<8}  {first}", *(" " * 12 + line for line in rest)]
    return lines


def _said(text: str) -> str:
    """What is said of a stop, said of a failure."""
    return re.sub(r"\b([Pp])aused (before|after) ", lambda m: f"{_FAILED[m[1]]} in ", text)


# ------------------------------------------------------------------ tracebacks


def _chain(error: BaseException | None) -> Iterator[BaseException]:
    """An exception, and those that led to it."""
    seen: set[int] = set()
    while error is not None and id(error) not in seen:
        seen.add(id(error))
        yield error
        context = None if error.__suppress_context__ else error.__context__
        error = error.__cause__ or context


def _entries(error: BaseException) -> Iterator[Entry]:
    """Frames and line numbers of a traceback, the outermost first."""
    at = error.__traceback__
    while at is not None:
        yield at.tb_frame, at.tb_lineno
        at = at.tb_next


def _users(entries: list[Entry]) -> list[Entry]:
    return [e for e in entries if not is_ours(e[0]) and not is_shell(e[0])]


def _innermost(entries: list[Entry], fits: Any) -> int | None:
    return next((i for i in reversed(range(len(entries))) if fits(entries[i][0])), None)


def _runs_node(frame: FrameType) -> bool:
    """Whether it is the engine's, with the running node as ``node``."""
    if not _is_engine(frame):
        return False
    known = frame.f_locals
    is_node = isinstance(known.get("node"), Node | AccumulateGrad)
    return is_node and any(name in known for name in ARRIVED)


def _runs_op(frame: FrameType) -> bool:
    """Whether it is the engine's, with an op as ``op`` and its operands as ``inputs``."""
    return _is_engine(frame) and _has_op(frame.f_locals)


def _is_engine(frame: FrameType) -> bool:
    name = str(frame.f_globals.get("__name__"))
    return name.startswith("autograd_core.") and not name.startswith("autograd_core.debug.")


def _has_op(known: Any) -> bool:
    return hasattr(known.get("op"), "name") and isinstance(known.get("inputs"), tuple)


source.mark_internal(__name__.partition(".")[0])

__all__ = ["Failure", "find", "post_mortem"]
