"""What front ends can ask about the traces of a kernel, and how the panel gets their rows.

Rows go out once.  Where a widget is shown under the cell they go to it, and the panel reads
them on their way; where none is shown (no anywidget, several traced cells) they go out as
messages for the panel.  A front end that comes later says ``hello`` and gets what the others
have got, in the reply, so nobody else gets anything twice.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Protocol
from weakref import WeakSet

from .details import detail_of
from .protocol import BadRequestError, Request
from .telemetry import Frame
from .telemetry.history import history
from .telemetry.stream import RATE, Stream

if TYPE_CHECKING:
    from autograd_core.debug import Trace

    from .front_jupyter import JupyterFront


class Followed(Protocol):
    """A trace and what sends its rows."""

    trace: Trace
    stream: Stream

    @property
    def widget_id(self) -> str | None:
        """The id of the widget that shows it while its cell runs."""


class Traces:
    """The traces that front ends follow.

    Parameters
    ----------
    front : JupyterFront
        The kernel's side of the debugger.

    Attributes
    ----------
    latest : Followed or None
        That which grows, or the last one that did.
    rate : float
        How often a second rows are sent.
    """

    def __init__(self, front: JupyterFront):
        self.front = front
        self.latest: Followed | None = None
        self.rate = RATE
        self._known: WeakSet[Followed] = WeakSet()

    def add(self, followed: Followed) -> None:
        """Let front ends ask about a trace; it is the latest from now on."""
        self.latest = followed
        self._known.add(followed)

    def flush(self) -> None:
        """Send what is new in the latest trace, before somebody is told of a stop in it."""
        if self.latest is not None:
            self.latest.stream.flush()

    # -------------------------------------------------------------- answers, in any thread

    def answer(self, request: Request) -> tuple[dict[str, Any], list[bytes]]:
        """The result of a request of `protocol.TRACE`, and the buffers of its frames.

        Raises
        ------
        BadRequestError
            If the trace, the iteration or the node is not there.
        """
        arguments = request.arguments
        if request.command == "subscribe":
            return self._subscribe(arguments["rate"]), []
        if request.command == "hello":
            return self._hello()
        followed = self._named(arguments.get("trace"))
        if request.command == "history":
            return history(followed.trace), []
        try:
            if request.command == "iteration":
                return _packed(followed.stream.iteration(arguments["number"]))
            paused = self.front.debugger.paused
            return detail_of(followed.trace, arguments["node"], paused), []
        except ValueError as error:
            raise BadRequestError(str(error)) from None

    def _subscribe(self, rate: int) -> dict[str, Any]:
        self.rate = rate
        if self.latest is not None:
            self.latest.stream.set_rate(rate)
        return {"rate": rate}

    def _hello(self) -> tuple[dict[str, Any], list[bytes]]:
        if self.latest is None:
            return {"frames": [], "widget": None, "history": {}}, []
        result, buffers = _packed(self.latest.stream.catch_up())
        shown = {"widget": self.latest.widget_id, "history": history(self.latest.trace)}
        return {**result, **shown}, buffers

    def _named(self, name: str | None) -> Followed:
        if name is None and self.latest is not None:
            return self.latest
        for followed in list(self._known):
            if followed.stream.encoder.name == name:
                return followed
        which = "no trace" if name is None else f"no trace {name!r} any more"
        raise BadRequestError(f"there is {which}")


class PanelTrace:
    """A trace for the panel alone.

    Parameters
    ----------
    trace : Trace
        Being recorded.
    front : JupyterFront
        The kernel's side of the debugger.
    """

    widget_id = None

    def __init__(self, trace: Trace, front: JupyterFront):
        self.trace = trace
        self.front = front
        self.stream = Stream(trace, front.channels.send_frame, front.traces.rate)

    def start(self) -> PanelTrace:
        """Begin to send, if a panel listens; otherwise one that comes says ``hello``."""
        if self.front.channels.panel_listens:
            self.stream.start()
        return self

    def stop(self) -> None:
        """Send what is left."""
        self.stream.stop()


def _packed(frames: list[Frame]) -> tuple[dict[str, Any], list[bytes]]:
    return {"frames": [f.header for f in frames]}, [f.buffer for f in frames]
