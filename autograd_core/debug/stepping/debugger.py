"""The debugger of this process: breakpoints, who is asked, and the runs it drives.

It sleeps while no breakpoint is enabled and no session is open, and then costs nothing.
Awake, it drives every backward run (`state.driver`), and listens to forward ops if a
breakpoint wants that.  Only the main thread is paused: a run of another thread goes on, and
what it would have stopped at is noted in `Debugger.missed`.
"""

from __future__ import annotations

import os
import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from ... import events, progress, state
from ...errors import BackwardStopped
from ...journal import BUDGET, Journal
from ..breakpoints.breakpoints import Breakpoint, Breakpoints
from . import stop_frame
from .forward_stops import ForwardStops
from .front import Front, ScriptFront, TerminalFront
from .stepper import Goal, Pause, Stepper, describe, python_state

if TYPE_CHECKING:
    from types import FrameType

    from ...engine import Run

SHOWN = 3
"""Stops that could not be made are shown up to this many times, and counted after that."""


class Debugger:
    """See the module's text; there is one, given by `debugger`.

    Attributes
    ----------
    breakpoints : Breakpoints
        All of them.
    budget : int
        Bytes that may be kept alive so that steps of a run can be undone.
    peak : int
        The most bytes that were, in any run so far.
    paused : Pause or None
        The stop that a person stands at now; the innermost.
    missed : list of str
        Stops that could not be made, e.g. because nobody can be asked.
    iteration : int
        Backward runs that ended since the debugger woke.
    """

    def __init__(self) -> None:
        self.breakpoints = Breakpoints()
        self.breakpoints.changed = self.refresh
        self.breakpoints.report = lambda text: self.front.write(text)
        self._front: Front = TerminalFront()
        self.budget = BUDGET
        self.peak = 0
        self.paused: Pause | None = None
        self.missed: list[str] = []
        self.iteration = 0
        self._local = _Local()
        self._sessions: list[_Session] = []
        self.asking = False
        self._pid = os.getpid()
        self._tap = events.Tap()
        self._forward: ForwardStops | None = None
        self._free = threading.Event()
        self._free.set()

    @property
    def depth(self) -> int:
        """How many backward runs of this thread it drives at the moment."""
        return len(self._local.steppers)

    @property
    def front(self) -> Front:
        """Who is asked: the latest session's front, if one is open."""
        return self._sessions[-1].front if self._sessions else self._front

    @front.setter
    def front(self, front: Front) -> None:
        self._front = front

    @property
    def frames(self) -> Any:
        """The frames that a session keeps, a `KeptFrames`; None if none does."""
        kept = (session.frames for session in reversed(self._sessions))
        return next((frames for frames in kept if frames is not None), None)

    # -------------------------------------------------------------- awake and asleep

    @property
    def awake(self) -> bool:
        """Whether it drives backward runs."""
        return state.driver is not None

    def refresh(self) -> None:
        """Wake or fall asleep, as breakpoints and sessions want it."""
        wanted = bool(self._sessions) or self.breakpoints.awake("backward")
        if wanted and not self.awake:
            self.iteration = 0
            events.add_tap(self._tap)
            state.driver = self.drive
        elif not wanted and self.awake:
            state.driver = None
            events.remove_tap(self._tap)
        self._refresh_forward()

    def _refresh_forward(self) -> None:
        wanted = self.breakpoints.awake("forward")
        if wanted and self._forward is None:
            self._forward = ForwardStops(self)
            events.add_listener(self._forward)
        elif not wanted and self._forward is not None:
            events.remove_listener(self._forward)
            self._forward = None

    @contextmanager
    def session(
        self,
        breaks: Sequence[str] = (),
        script: str | None = None,
        front: Front | None = None,
        frames: bool = False,
    ) -> Iterator[Debugger]:
        """Debug what runs inside the ``with`` block.

        Parameters
        ----------
        breaks : sequence of str
            Conditions that hold for this block only; with a script and without any, the
            run stops at its first node.
        script : str, optional
            Commands for the prompt, separated by ``;``.
        front : Front, optional
            Who is asked, instead of `Debugger.front`.
        frames : bool
            Keep the frames of the forward, with their local variables.
        """
        from ..prompt.frames import KeptFrames

        new = self.breakpoints.add_all(breaks)
        inner = front or self.front
        session = _Session(
            ScriptFront(script, inner) if script else inner,
            bool(script) and not breaks,
            KeptFrames().start() if frames else None,
        )
        self._sessions.append(session)
        self.refresh()
        try:
            yield self
        finally:
            self._sessions = [other for other in self._sessions if other is not session]
            if session.frames is not None:
                session.frames.stop()
            for breakpoint in new:
                self.breakpoints.discard(breakpoint)
            self.refresh()

    # -------------------------------------------------------------- driving a run

    def drive(self, run: Run) -> None:
        """Take a backward run to its end, stopping where somebody wants that."""
        if self.asking and threading.current_thread() is threading.main_thread():
            run.advance()  # somebody computes at the prompt
            return
        outer = self._local.steppers
        stepper = Stepper(self, run, outer[-1] if outer else None)
        self._local.steppers = (*outer, stepper)
        try:
            stepper.go(self._first_goal())
        finally:
            self._local.steppers = outer
            if not self.depth and not run.create_graph:
                self.iteration += 1

    def _first_goal(self) -> Goal:
        """A script without a breakpoint begins at the first node."""
        from_start = bool(self._sessions) and self._sessions[-1].from_start
        return Goal("over") if from_start and self.front.can_ask() is None else Goal()

    def gate(self, stepper: Stepper) -> Callable[[Any, Any], bool] | None:
        """Whether a breakpoint hits, for `Run.advance`; None if there is none."""
        if not self.breakpoints.awake("backward"):
            return None
        match, moment = self.breakpoints.match, stepper.moment

        def hits(node: Any, grad: Any) -> bool:
            looked_at = moment(node, grad)
            found = match(looked_at)
            stepper.hit = None if found is None else (found, looked_at)
            return found is not None

        return self.breakpoints.make_gate(self.iteration, hits)

    def saw_peak(self, journal: Journal | None) -> None:
        """Remember the most that a journal kept alive."""
        if journal is not None:
            self.peak = max(self.peak, journal.peak)

    # -------------------------------------------------------------- a stop

    def stop(self, pause: Pause) -> Goal:
        """Ask what to do at a stop; go on, and note it, where nobody can be asked."""
        reason = self._why_not()
        if reason is not None:
            self.miss(pause, reason)
            return Goal()
        outer = self.paused
        try:
            self.paused = pause
            self._free.clear()
            if pause.node is not None:
                events.note(pause.node.seq, "paused")  # a person's time is not the last node's
            self.tell("paused", pause.state())
            with progress.aside():
                while not pause.resumed:
                    stop_frame.stand(pause, lambda frame: self._ask(pause, frame))
                    if stop_frame.breakpoint_hook is not None and not pause.resumed:
                        pause.resume()
        finally:
            self.paused = outer
            if outer is None:
                self._free.set()
            self.tell("running", {"status": "running"})
        assert pause.goal is not None
        return pause.goal

    def _ask(self, pause: Pause, frame: Any) -> None:
        from ..prompt.prompt import interact

        with self.at_the_prompt():
            interact(pause, frame, self)

    @contextmanager
    def at_the_prompt(self) -> Iterator[None]:
        """What is computed inside is a person's look around: neither traced nor debugged.

        It runs without recording, too, as hooks of a backward do.
        """
        self.asking, outer = True, self.asking
        mode = state.set_mode("grad", False)
        try:
            with events.untapped():
                yield
        finally:
            state.set_mode("grad", mode)
            self.asking = outer

    def _why_not(self) -> str | None:
        """Why nobody can be asked now; waits first while the main thread is paused."""
        if os.getpid() != self._pid:
            return f"this is worker process {os.getpid()}; use num_workers=0 to pause here"
        if threading.current_thread() is threading.main_thread():
            elsewhere = stop_frame.looks_on is not None and stop_frame.looks_on()
            return None if elsewhere else self.front.can_ask()
        name = threading.current_thread().name
        if not self._free.is_set():
            self.front.write(f"Thread {name} waits at a breakpoint: the main thread is paused.")
            while not self._free.wait(0.5):
                pass
        return f"it is in thread {name}, and only the main thread can be paused"

    @contextmanager
    def stopped_in_python(self, frame: FrameType | None) -> Iterator[None]:
        """Tell the front that pdb stands in Python, not at a node, and when it goes on."""
        self.tell("paused", python_state(frame, self.depth, self.breakpoints))
        try:
            with progress.aside():
                yield
        finally:
            outer = self.paused  # pdb's own `debug` inside a stop
            if outer is None:
                self.tell("running", {"status": "running"})
            else:
                self.tell("paused", outer.state())

    def miss(self, pause: Pause, reason: str) -> None:
        """Note a stop that could not be made."""
        text = f"would have paused at {describe(pause)} ({pause.reason}; {reason})"
        self.missed.append(text)
        count = len(self.missed)
        if count <= SHOWN:
            self.front.write(text)
        if count == SHOWN:
            self.front.write("more such stops are counted in autograd_core.debug.missed()")

    def tell(self, event: str, known: dict[str, Any]) -> None:
        """Tell the front; what it does about it must not end a run."""
        self.front.changed({"event": event, **known})


@dataclass(eq=False)
class _Session:
    """What a session brought along; sessions may end in any order."""

    front: Front
    from_start: bool
    frames: Any


class _Local(threading.local):
    steppers: tuple[Stepper, ...] = ()


_debugger: Debugger | None = None


def debugger() -> Debugger:
    """The debugger of this process."""
    global _debugger
    if _debugger is None:
        _debugger = Debugger()
    return _debugger


def break_on(condition: str, *, once: bool = False, ignore: int = 0, every: int = 1) -> Breakpoint:
    """Stop in backward (or forward) where a condition holds, and open a prompt.

    Parameters
    ----------
    condition : str
        E.g. ``"nan"``, ``"norm > 1e3 and module:encoder.*"``, ``"forward op:exp"``.
    once : bool
        Disable the breakpoint after its first stop.
    ignore : int
        Let it pass so many times first.
    every : int
        Then stop at every so-manieth time.

    Returns
    -------
    Breakpoint
        Listed in ``autograd_core.debug.breakpoints()``.

    Raises
    ------
    ConditionError
        If the condition can't be read, or names an op or module that does not exist.
    """
    found = debugger().breakpoints.add(condition, once=once, ignore=ignore, every=every)
    debugger().refresh()
    return found


def breakpoints() -> Breakpoints:
    """All breakpoints of this process."""
    return debugger().breakpoints


def missed() -> list[str]:
    """The stops that could not be made, in words."""
    return list(debugger().missed)


__all__ = ["BackwardStopped", "Debugger", "break_on", "breakpoints", "debugger", "missed"]
