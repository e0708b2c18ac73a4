"""JupyterLab's own debugger as the place of a stop, while its client is connected.

That debugger is debugpy.  It stops in a frame of ours that claims to be the forward line
which made the node: the line lights up in its cell, and the line that called ``backward()``
is the next frame of the stack.  The frame's local variables are ``node``, ``grad`` (of the
first output), ``grads``, ``saved``, ``forward`` (the line in words) and ``pause``, whose
methods can be evaluated (``pause.until("nan")``, ``pause.back(2)``).  A new value of
``grad`` or ``grads`` is the gradient with which the run goes on.

The buttons mean nodes, not lines::

    continue   to the next breakpoint
    next       over this node
    step in    into this node: its formula, a custom backward, a hook
    step out   out of this node's module; continue, if it is in none

A step that finds no other node stops at the line after ``backward()``.
When the client goes away, the run goes on, and later stops open the prompt.
"""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, Any

from autograd_core import source
from autograd_core.debug.prompt.user_code import calling_frame, user_frames
from autograd_core.debug.stepping import stop_frame
from autograd_core.debug.stepping.front import ScriptFront
from autograd_core.events import Listener, add_listener, remove_listener

from .debugpy_stops import (
    OWN_FILES,
    IntoNode,
    Place,
    can_stop_in,
    hide_own_files,
    is_connected,
    resume_all,
    stop_at,
    stop_in,
)

if TYPE_CHECKING:
    from types import FrameType

    from autograd_core.debug.stepping.debugger import Debugger
    from autograd_core.debug.stepping.stepper import Pause

VERBS = {"continue": "resume", "next": "over", "stepIn": "into", "stepOut": "out"}
"""Requests that leave a stop, and the verb of the pause that each stands for."""

HELD = "JupyterLab's own debugger holds this stop: use its buttons, or switch it off there"
"""Why other front ends can't command a run that is stopped there (``held`` in the state)."""


class VisualDebugger:
    """Takes the stops of one kernel while a debugger's client is connected to it.

    Parameters
    ----------
    kernel : ipykernel.ipkernel.IPythonKernel
        The kernel.
    debugger : Debugger
        Whose stops they are.

    Attributes
    ----------
    holds : bool
        Whether the run is stopped there now.
    """

    def __init__(self, kernel: Any, debugger: Debugger):
        self.kernel = kernel
        self.debugger = debugger
        self.holds = False
        self._request = ""
        self._step: _Step | None = None

    def install(self) -> None:
        """Take the stops from now on, and see the requests that the client sends."""
        source.mark_internal("autograd_core")  # what was loaded just now is no user's code
        self._handle = self.kernel.do_debug_request
        self.kernel.do_debug_request = self._pass_on
        stop_frame.breakpoint_hook, stop_frame.looks_on = self.take, is_connected
        hide_own_files(getattr(self.kernel, "debugger", None))

    def uninstall(self) -> None:
        """Give back what `install` took."""
        self.kernel.do_debug_request = self._handle
        stop_frame.breakpoint_hook = stop_frame.looks_on = None
        self._end_step()

    # -------------------------------------------------------------- a stop

    def take(self) -> bool:
        """Stop there, called from the frame of a stop; False if nobody is connected."""
        if not is_connected() or _has_commands(self.debugger.front):
            return False
        self._end_step()
        standing = sys._getframe(1)
        pause: Pause = standing.f_locals["pause"]
        if pause.breakpoint is not None:
            what = pause.moment.name or pause.moment.op
            self.debugger.front.write(f"Paused in the visual debugger at {what} ({pause.reason}).")
            sys.stdout.flush()  # debugpy may stop the thread that would
        while not pause.resumed:
            self._stop_once(pause, standing)
        return True

    def _stop_once(self, pause: Pause, standing: FrameType) -> None:
        node, tensors = pause.node, pause.tensors()
        first = next((g for g in tensors if g is not None), None)
        forward = "" if pause.location is None else str(pause.location)
        called = calling_frame(standing)
        variables = called.f_globals if called is not None else {}
        self.debugger.tell("paused", {**pause.state(), "held": HELD})
        seen = (node, first, tensors, pause.saved, forward, pause)
        self._request, self.holds = "continue", True
        try:
            with self.debugger.at_the_prompt():
                after = stop_at(self._place(pause, called), pause.moment.op, variables, *seen)
        except KeyboardInterrupt:
            raise KeyboardInterrupt from None  # without the frames of debugpy
        finally:
            self.holds = False
        if pause.node is not node or pause.resumed:
            return  # a verb was evaluated; after `back` there is another node to show
        try:
            _edit(pause, (first, tensors), after)
        except ValueError as error:
            self.debugger.front.write(f"Not edited: {error}.")
        else:
            self._leave(pause, called)

    def _place(self, pause: Pause, called: FrameType | None) -> Place | None:
        """The forward line, or else the innermost line of the user's that debugpy stops at."""
        frames = user_frames(called) if called is not None else []
        places = [(frame.f_code.co_filename, frame.f_lineno) for frame in frames]
        if pause.location is not None:
            places.insert(0, (pause.location.file, pause.location.line))
        return next((p for p in places if can_stop_in(p[0], self._only_own_code)), None)

    @property
    def _only_own_code(self) -> bool:
        """Whether debugpy was told to leave libraries out ("just my code")."""
        return bool(getattr(getattr(self.kernel, "debugger", None), "just_my_code", True))

    def _leave(self, pause: Pause, called: FrameType | None) -> None:
        """Go on as the button says that was pressed."""
        verb = VERBS[self._request]
        into = verb == "into" and pause.phase == "backward"
        if verb == "out" and not pause.moment.scope:
            verb = "resume"
        getattr(pause, "over" if verb == "into" else verb)()
        if verb == "resume" or pause.phase != "backward":
            return
        inside = IntoNode(pause.node, self._only_own_code, self._looks_on) if into else None
        self._step = _Step(pause.run, called, inside)

    def _looks_on(self) -> bool:
        """Whether the client went on by a step that looks at what comes next."""
        return self._request in ("next", "stepIn")

    def _end_step(self) -> None:
        if self._step is not None:
            self._step.end()
            self._step = None

    # -------------------------------------------------------------- requests of the client

    async def _pass_on(self, message: dict[str, Any]) -> Any:
        """Handle a request; one that steps resumes debugpy, and the pause does the stepping.

        debugpy would step line by line through the engine.  This runs in the thread of the
        control channel, before the main thread is let go.
        """
        command = message.get("command", "")
        if command == "attach":
            rules = [{"path": path, "include": False} for path in OWN_FILES]
            message = {**message, "arguments": {**message.get("arguments", {}), "rules": rules}}
        if command in VERBS:
            self._request = command
        if not self.holds or command not in VERBS:
            return await self._handle(message)
        reply = await self._handle({**message, "command": "continue"})
        return {**reply, "command": command} if isinstance(reply, dict) else reply


class _Step(Listener):
    """A step through a run: over when the next stop comes, or else when the run is over.

    Parameters
    ----------
    run : Run
        The run.
    called : FrameType or None
        The user's function that started it: stops at its next line if the run ends well.
    inside : IntoNode or None
        Waits for the Python of the node that is about to run.
    """

    def __init__(self, run: Any, called: FrameType | None, inside: IntoNode | None):
        self.run: Any = run
        self.called = called
        self.inside = inside
        add_listener(self)
        if inside is not None:
            inside.arm()

    def on_backward_end(self, run: Any, error: BaseException | None) -> None:
        """Hear that a run is over, by itself or by an exception."""
        if run is not self.run:
            return
        called = self.called
        self.end()
        if isinstance(error, KeyboardInterrupt):  # it may have come while debugpy was stopped
            resume_all()
        elif error is None and called is not None:
            stop_in(called)

    def end(self) -> None:
        """Leave nothing behind."""
        remove_listener(self)
        if self.inside is not None:
            self.inside.disarm()
        self.run = self.called = self.inside = None


def _has_commands(front: Any) -> bool:
    """Whether a script answers at this stop."""
    return isinstance(front, ScriptFront) and bool(front.lines)


def _edit(pause: Pause, before: tuple[Any, Any], after: tuple[Any, Any]) -> None:
    """Put gradients that were assigned to the frame's variables into the run."""
    (first, tensors), (grad, grads) = before, after
    if grads is not tensors:
        if not isinstance(grads, (tuple, list)) or len(grads) != len(tensors):
            raise ValueError(f"grads must be a tuple of {len(tensors)}")
        for number, (old, new) in enumerate(zip(tensors, grads, strict=True)):
            if new is not old:
                pause.edit(new, number)
    if grad is not first:
        pause.edit(grad, next((i for i, g in enumerate(tensors) if g is not None), 0))
