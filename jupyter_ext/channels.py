"""Ways into a kernel whose main thread is blocked, and ways out to everybody who listens.

In: a handler on the control channel, which has a thread of its own in every kernel, and a
comm, which needs the front end to open it over a subshell (ipykernel 7, JupyterLab 4.4).
Both only pass the request on and reply at once.  Out: events on every open comm, and on
iopub for panels, which asked for them by ``{"command": "state", "arguments": {"listen": true}}``;
nobody else gets any, because programs that run notebooks complain of messages they don't know.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from .protocol import EVENT, FRAME, NAME, REPLY, Event, Reply
from .telemetry import Frame


class Channels:
    """The control channel and the comms of one kernel.

    Parameters
    ----------
    kernel : ipykernel.ipkernel.IPythonKernel
        The kernel.
    answer : callable
        Gets the content of a request, in any thread, and gives the reply without delay.
    greeting : callable
        The event that a comm gets when it opens: what it would know had it been there.
    """

    def __init__(self, kernel: Any, answer: Callable[[Any], Reply], greeting: Callable[[], Event]):
        self.kernel = kernel
        self.answer = answer
        self.greeting = greeting
        self.comms: dict[str, Any] = {}
        self.panel_listens = False

    def install(self) -> None:
        """Begin to take requests."""
        self.kernel.control_handlers[NAME] = self._control
        self.kernel.comm_manager.register_target(NAME, self._opened)

    def uninstall(self) -> None:
        """Take no more, and close the comms."""
        self.kernel.control_handlers.pop(NAME, None)
        if NAME in self.kernel.comm_manager.targets:
            self.kernel.comm_manager.unregister_target(NAME, self._opened)
        for comm in list(self.comms.values()):
            comm.close()
        self.comms.clear()

    @property
    def anybody(self) -> bool:
        """Whether a panel or a widget is connected."""
        return self.panel_listens or bool(self.comms)

    def send(self, event: Event) -> None:
        """Tell everybody who listens."""
        if self.panel_listens:
            self.kernel.send_response(self.kernel.iopub_socket, EVENT, event)
        for comm in list(self.comms.values()):
            comm.send(event)

    def send_frame(self, frame: Frame) -> None:
        """Send rows of a trace to the panel, if one listens."""
        if self.panel_listens:
            parent = self.kernel.get_parent("shell")
            self.kernel.session.send(
                self.kernel.iopub_socket, FRAME, frame.header, parent, buffers=[frame.buffer]
            )

    # -------------------------------------------------------------- in

    def _control(self, stream: Any, ident: Any, message: dict[str, Any]) -> None:
        content = message["content"]
        listen = (content.get("arguments") or {}).get("listen")
        if content.get("command") == "state" and isinstance(listen, bool):
            self.panel_listens = listen
        reply = self.answer(content)
        buffers = reply.pop("buffers", [])
        self.kernel.session.send(stream, REPLY, reply, parent=message, ident=ident, buffers=buffers)

    def _opened(self, comm: Any, message: dict[str, Any]) -> None:
        keep_to_its_subshell(comm)
        self.comms[comm.comm_id] = comm
        comm.on_msg(lambda message: self._reply(comm, message["content"]["data"]))
        comm.on_close(lambda message: self.comms.pop(comm.comm_id, None))
        comm.send(self.greeting())

    def _reply(self, comm: Any, content: Any) -> None:
        reply = self.answer(content)
        comm.send(reply, buffers=reply.pop("buffers", []))


def keep_to_its_subshell(comm: Any) -> None:
    """Have messages to a comm delivered where the front end sent them.

    ipykernel 7.4 sends them instead to the shell that last published on this comm.  That is
    right for answers, but the shell that published is the one that is blocked at a stop.
    """
    if hasattr(comm, "_reply_subshell_for"):
        comm._reply_subshell_for = lambda data, default: default
