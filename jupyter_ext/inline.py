"""The live graph under a traced cell: a widget, and what goes between it and the kernel.

The widget is there from the moment the cell begins.  Rows of the trace go to it as frames
(`telemetry`), the debugger's events as they are; back come requests: those of a paused run
go to the desk (`desk`), those that the trace can answer are answered here.
"""

from __future__ import annotations

import weakref
from collections import deque
from pathlib import Path
from typing import TYPE_CHECKING, Any

from .channels import keep_to_its_subshell
from .details import detail_of
from .telemetry import Encoder, Frame, pack
from .telemetry.stream import RATE, Stream

if TYPE_CHECKING:
    from autograd_core.debug import Trace
    from autograd_core.debug.stepping.stepper import Pause

    from .front_jupyter import JupyterFront

BUNDLE = Path(__file__).parent / "static" / "inline.js"
SAVED_BYTES = 560 << 10
"""What a saved notebook holds of a graph at most, besides its pictures.

With the program that shows it (190 KB) and as text (base64) that is under 1 MB.
"""
KEPT_BYTES = 128 << 20
"""Traces of so many bytes stay in memory for the widgets that show them, the latest first."""
NO_ANYWIDGET = "anywidget is not installed: pip install autograd-core[lab]"
_LET_GO = "this run has left memory, to make room for later ones; what was saved of it is shown"


def why_not(front: JupyterFront) -> str | None:
    """None if a live graph can be shown in this notebook; otherwise why not, in words."""
    if not front.box.allowed:
        return "nobody watches: the notebook runs without input, as nbconvert and papermill do"
    if not BUNDLE.exists():
        return f"the browser side is not built: {BUNDLE.name} is missing"
    try:
        import anywidget  # noqa: F401
    except ImportError:
        return NO_ANYWIDGET
    return None


def _widget_class() -> Any:
    """The widget's class, made when first needed: anywidget is optional."""
    global _class
    if _class is None:
        try:
            import anywidget
        except ImportError:
            raise ImportError(NO_ANYWIDGET) from None
        import traitlets

        class AutogradGraph(anywidget.AnyWidget):
            """The graph of a trace, drawn in the browser."""

            _esm = BUNDLE
            snapshot = traitlets.Bytes(b"").tag(sync=True)
            summary = traitlets.Unicode("").tag(sync=True)

            def __repr__(self) -> str:
                return "AutogradGraph()"

            def _repr_mimebundle_(self, **options: Any) -> Any:
                found = super()._repr_mimebundle_(**options)
                data = found[0] if isinstance(found, tuple) else found
                if data is not None:
                    data["text/plain"] = "AutogradGraph()"
                return found

        _class = AutogradGraph
    return _class


_class: Any = None


def graph(trace: Trace) -> Any:
    """The graph of a recorded trace as a widget, for wherever anywidget works.

    In Jupyter ``%%autograd_trace`` shows it by itself, and live.  Elsewhere, or for a trace
    that was loaded from a file, make it the value of a cell::

        with ag.debug.trace() as t:
            loss.backward()
        jupyter_ext.graph(t)

    Parameters
    ----------
    trace : Trace
        A recorded run, which is over.

    Returns
    -------
    anywidget.AnyWidget

    Raises
    ------
    ImportError
        If anywidget is not installed.
    """
    made = GraphWidget(trace)
    made.save()
    made.widget.made_by = made  # both live as long as the widget
    return made.widget


class GraphWidget:
    """A widget, and what it can ask about its trace.

    Parameters
    ----------
    trace : Trace
        What it shows.
    rate : float
        How often a second rows of the trace are sent while it grows.
    """

    def __init__(self, trace: Trace, rate: float = RATE):
        self.trace = trace
        self.widget = _widget_class()()
        keep_to_its_subshell(self.widget.comm)
        self.widget.on_msg(_weakly(self._asked))
        self.stream = Stream(trace, self._send_frame, rate)

    def save(self) -> None:
        """Leave in the notebook what it should keep."""
        try:
            frames = Encoder(self.trace).iteration(self.trace.last_iteration)
        except ValueError:  # nothing was recorded
            frames = []
        self.widget.snapshot = pack(frames, SAVED_BYTES)
        self.widget.summary = self.trace.summary()

    def paused(self) -> Pause | None:
        """The stop at which somebody stands."""
        return None

    def answer(self, content: dict[str, Any]) -> Any:
        """The reply to a request that is not about the trace."""
        text = "this run is over, so there is nothing to drive"
        return {"id": content.get("id"), "ok": False, "error": text}

    def welcome(self) -> None:
        """Send all that there is to know to a page that has just come."""
        self.stream.send_all()
        self.widget.send({"type": "event", "event": "idle", "state": {"status": "idle"}})

    def _send_frame(self, frame: Frame) -> None:
        self.widget.send(frame.header, [frame.buffer])

    def _asked(self, content: Any) -> None:
        command = content.get("command") if isinstance(content, dict) else None
        arguments = (content.get("arguments") or {}) if isinstance(content, dict) else {}
        number = content.get("id") if isinstance(content, dict) else None
        try:
            if command == "iteration":
                for frame in self.stream.iteration(int(arguments["number"])):
                    self._send_frame(frame)
            elif command == "detail":
                found = detail_of(self.trace, int(arguments["node"]), self.paused())
                self.widget.send({"type": "detail", "id": number, **found})
            elif command == "hello":
                self.welcome()
                self.widget.send({"type": "reply", "id": number, "ok": True, "result": {}})
            else:
                self.widget.send({"type": "reply", **self.answer(content)})
        except (KeyError, TypeError, ValueError) as error:
            text = f"the request {command!r} can't be answered: {error}"
            self.widget.send({"type": "reply", "id": number, "ok": False, "error": text})


class InlineGraph(GraphWidget):
    """The live graph of a cell.

    Parameters
    ----------
    trace : Trace
        Being recorded.
    front : JupyterFront
        The kernel's side of the debugger.
    """

    def __init__(self, trace: Trace, front: JupyterFront):
        super().__init__(trace, front.traces.rate)
        self.front = front
        self.over = False

    @property
    def address(self) -> str:
        """The key of the widget among those who hear events."""
        return str(self.widget.model_id)

    @property
    def widget_id(self) -> str | None:
        """The id of the widget while its cell runs, by which a reloaded page finds it."""
        return None if self.over else self.address

    def start(self) -> InlineGraph:
        """Show it, and begin to send."""
        from IPython.display import display

        _close_earlier(self)
        display(self.widget)
        self.front.channels.comms[self.address] = _Ear(self)
        _keep(self)
        self.stream.start()
        return self

    def stop(self) -> None:
        """Send what is left, and leave in the notebook what it should keep."""
        self.over = True
        self.stream.stop()
        self.front.channels.comms.pop(self.address, None)
        self.save()
        self.widget.send({"type": "event", "event": "ended", "state": {"status": "idle"}})

    def tell(self, event: dict[str, Any]) -> None:
        """Pass an event of the debugger on, after the rows that it is about."""
        if event.get("event") in ("paused", "edited"):
            self.stream.flush()
        self.widget.send({"type": "event", **self._as_of_here(event)})

    def _as_of_here(self, event: dict[str, Any]) -> dict[str, Any]:
        """An event of the debugger, which is idle also while the cell goes on without it."""
        state = event.get("state") or {}
        if self.over or state.get("status") != "idle":
            return event
        return {**event, "state": {**state, "status": "running"}}

    # -------------------------------------------------------------- from the browser

    def paused(self) -> Pause | None:
        """The stop at which somebody stands, of whatever run."""
        return self.front.debugger.paused

    def answer(self, content: dict[str, Any]) -> Any:
        """Pass on what is about the paused run."""
        return self.front.desk.answer(content)

    def welcome(self) -> None:
        """Send all that there is to know to a page that has just come."""
        self.stream.send_all()
        state = self.front.desk.snapshot()
        self.tell({"event": state["status"], "state": state})


_kept: deque[InlineGraph] = deque()


def _keep(graph: InlineGraph) -> None:
    """Have a graph at hand as long as there is room for its trace."""
    _kept.append(graph)
    while len(_kept) > 1 and sum(known.trace.nbytes for known in _kept) > KEPT_BYTES:
        _kept.popleft()


_of_cell: dict[str, Any] = {}


def _close_earlier(graph: InlineGraph) -> None:
    """End the widget of the last run of this cell, which nobody sees any more.

    Its state would be saved with the notebook, once for each time the cell was run.
    """
    parent = graph.front.kernel.get_parent("shell") or {}
    cell = (parent.get("metadata") or {}).get("cellId")
    if cell is None:
        return
    earlier, _of_cell[cell] = _of_cell.get(cell), graph.widget
    if earlier is not None:
        earlier.close()
        for known in [known for known in _kept if known.widget is earlier]:
            _kept.remove(known)


class _Ear:
    """A widget among the comms that hear the debugger's events."""

    def __init__(self, graph: InlineGraph):
        self.graph = graph

    def send(self, event: Any) -> None:
        """Hear an event."""
        self.graph.tell(dict(event))

    def close(self) -> None:
        """Hear no more."""


def _weakly(method: Any) -> Any:
    """A widget's handler that does not keep the graph alive."""
    ref = weakref.WeakMethod(method)

    def handler(widget: Any, content: Any, buffers: Any) -> None:
        found = ref()
        if found is not None:
            found(content)
        elif isinstance(content, dict):
            widget.send({"type": "reply", "id": content.get("id"), "ok": False, "error": _LET_GO})

    return handler
