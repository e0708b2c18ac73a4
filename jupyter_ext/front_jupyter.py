"""A notebook as the one who is asked at a stop: typed and clicked commands, in one line.

The main thread is blocked in `JupyterFront.read` and looks by turns at the input box under
the cell and at the desk where front ends leave their requests::

    typed    stdin channel ------------------> InputBox ----+
    clicked  control channel --+                            +--> read -> the prompt
             comm, subshell ---+-> Channels -> Desk (queue) +
    heard    iopub, comms <------- Channels <- changed <-------- the debugger
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from autograd_core.debug.stepping.front import Front

from .channels import Channels
from .desk import Desk
from .input_box import InputBox, can_address
from .protocol import Event, Request, plain
from .traces import Traces
from .visual_debugger import VisualDebugger

if TYPE_CHECKING:
    from autograd_core.debug.stepping.debugger import Debugger

POLL = 0.005
"""Seconds of waiting in one place before looking in the other, and for an interrupt."""


def connect(shell: Any) -> JupyterFront | None:
    """Have the front ends of a shell's kernel asked at stops; None for a shell without one."""
    from autograd_core.debug.stepping.debugger import debugger

    kernel = getattr(shell, "kernel", None)
    if not hasattr(kernel, "control_handlers"):
        return None
    front = JupyterFront(kernel, debugger())
    front.connect()
    return front


class JupyterFront(Front):
    """Asks through a kernel's channels.

    Parameters
    ----------
    kernel : ipykernel.ipkernel.IPythonKernel
        The kernel.
    debugger : Debugger
        Who asks.
    """

    def __init__(self, kernel: Any, debugger: Debugger):
        self.kernel = kernel
        self.debugger = debugger
        self.box = InputBox(kernel)
        self.traces = Traces(self)
        self.desk = Desk(debugger, self.breakpoints_changed, self.traces.answer)
        self.desk.input_request = lambda: self.box.request
        self.channels = Channels(kernel, self.desk.answer, self._greeting)
        self.visual = VisualDebugger(kernel, debugger)
        self._too_early: list[str] = []

    def connect(self) -> None:
        """Take requests, and be the one whom the debugger asks."""
        self.channels.install()
        self.box.install()
        self.visual.install()
        self._before, self.debugger.front = self.debugger.front, self

    def disconnect(self) -> None:
        """Undo `connect`."""
        self.visual.uninstall()
        self.box.uninstall()
        self.channels.uninstall()
        if self.debugger.front is self:
            self.debugger.front = self._before

    # -------------------------------------------------------------- what the debugger calls

    def can_ask(self) -> str | None:
        """None if there is an input box or somebody is connected; else why not."""
        if self.box.allowed or self.channels.anybody:
            return None
        return "no stdin"

    def read(self, prompt: str) -> str:
        """The next command, typed or clicked; ``continue`` when nobody is left to give one."""
        typed = self.box.allowed
        if typed and not can_address(self.kernel):
            return str(self.kernel.raw_input(prompt))  # an ipykernel that nobody has seen yet
        self._say_what_was_dropped()
        if typed:
            self.box.open(prompt)
        while True:
            self._leave_if_the_kernel_is_ending()
            line = self.box.answer(POLL) if typed else None
            if line is None:
                line = self._clicked(prompt, 0 if typed else POLL)
            if line is not None:
                return line
            if self.can_ask() is not None:
                self.write("(nobody is connected any more, so the run goes on)")
                return "continue"

    def changed(self, state: dict[str, Any]) -> None:
        """Keep what the debugger says for who asks later, and tell everybody who listens."""
        known = plain(state)
        event = known.pop("event", known["status"])
        before, self.desk.known = self.desk.known["status"], known
        if known["status"] == "paused" and before != "paused" and self.box.allowed:
            self._too_early = self.box.drop_answers()
        if event in ("paused", "edited"):
            self.traces.flush()
        self.channels.send({"event": event, "state": self.desk.snapshot()})

    # -------------------------------------------------------------- what the magics call

    def breakpoints_changed(self) -> None:
        """Tell front ends of breakpoints that were set, changed or removed."""
        self.channels.send({"event": "breakpoints", "state": self.desk.snapshot()})

    def cell_is_over(self) -> None:
        """Forget the commands that came too late, unless another thread's cell is paused."""
        if self.debugger.paused is not None:
            return
        self.box.request = None
        self.desk.empty()
        if self.desk.known["status"] != "idle":
            self.changed({"event": "ended", "status": "idle"})

    # -------------------------------------------------------------- reading

    def _clicked(self, prompt: str, seconds: float) -> str | None:
        """The line of a clicked command, echoed behind the prompt as if it was typed."""
        request = self.desk.take(seconds)
        if request is None:
            return None
        if request.command == "preview":
            self._send_preview(request)
            return None
        self.write(f"{prompt}{request.line}")
        return request.line

    def _say_what_was_dropped(self) -> None:
        for line in self._too_early:
            self.write(f"(not run, because it was typed while nothing was paused: {line})")
        self._too_early = []

    def _leave_if_the_kernel_is_ending(self) -> None:
        if getattr(getattr(self.kernel, "shell", None), "exit_now", False):
            raise EOFError("the kernel is shutting down")

    def _send_preview(self, request: Request) -> None:
        pause = self.debugger.paused
        if pause is None:
            found = {"error": "nothing is paused"}
        else:
            found = _preview(pause, **request.arguments)
        self.channels.send({"event": "preview", "id": request.id, "result": found})

    def _greeting(self) -> Event:
        return {"event": self.desk.known["status"], "state": self.desk.snapshot()}


def _preview(pause: Any, gradient: int = 0, saved: str | None = None) -> dict[str, Any]:
    """What an array of a stop looks like, as text; on the main thread, which owns devices."""
    from autograd_core.debug.prompt.preview import preview

    if saved is not None:
        if saved not in pause.saved:
            return {"error": f"nothing saved is named {saved!r} here"}
        return {"text": preview(pause.saved[saved])}
    if gradient >= len(pause.grads):
        return {"error": f"there are {len(pause.grads)} gradients here, counted from 0"}
    return {"text": preview(pause.grads[gradient])}
