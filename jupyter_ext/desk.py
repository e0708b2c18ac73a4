"""Where requests of front ends arrive: answered on the spot, or queued for the paused run.

Other threads come here (the control channel's, a subshell's); the main thread only takes
from the queue.  Nothing waits: what needs the paused run is queued, what does not is done.
"""

from __future__ import annotations

import threading
from collections.abc import Callable
from queue import Empty, SimpleQueue
from typing import TYPE_CHECKING, Any, cast

from .protocol import (
    BREAKPOINTS,
    TRACE,
    BadRequestError,
    Reply,
    Request,
    State,
    plain,
    read_request,
)

if TYPE_CHECKING:
    from autograd_core.debug.stepping.debugger import Debugger


class Desk:
    """Answers requests.

    Parameters
    ----------
    debugger : Debugger
        Whose breakpoints front ends see and change.
    tell : callable
        Called after breakpoints have changed.
    about_traces : callable
        Gives the result of a request of `protocol.TRACE`, and buffers.

    Attributes
    ----------
    known : dict
        What the debugger said last of the run; `snapshot` adds what changes without it.
    input_request : str or None
        See `protocol.State`.
    """

    def __init__(
        self,
        debugger: Debugger,
        tell: Callable[[], None],
        about_traces: Callable[[Request], tuple[dict[str, Any], list[bytes]]],
    ):
        self.debugger = debugger
        self.tell = tell
        self.about_traces = about_traces
        self.known: dict[str, Any] = {"status": "idle"}
        self.input_request: Callable[[], str | None] = lambda: None
        self._queue: SimpleQueue[Request] = SimpleQueue()
        self._one_at_a_time = threading.Lock()

    # -------------------------------------------------------------- any thread

    def answer(self, content: Any) -> Reply:
        """Reply to a request without waiting for anything."""
        number = content.get("id") if isinstance(content, dict) else None
        try:
            request = read_request(content)
            if request.command in TRACE:
                result, buffers = self.about_traces(request)
                return {"id": number, "ok": True, "result": result, "buffers": buffers}
            with self._one_at_a_time:
                return {"id": number, "ok": True, "result": self._do(request)}
        except ValueError as error:
            return {"id": number, "ok": False, "error": str(error)}

    def snapshot(self) -> State:
        """What a front end that has just come would know, had it been there."""
        rows = plain(self.debugger.breakpoints.to_json())
        known = {**self.known, "breakpoints": rows, "input_request": self.input_request()}
        return cast("State", known)

    def _do(self, request: Request) -> dict[str, Any]:
        if request.command == "state":
            return cast("dict[str, Any]", self.snapshot())
        if request.command in BREAKPOINTS:
            self._change_breakpoints(request.command, request.arguments)
            self.tell()
        elif request.command != "breakpoints":
            self._put(request)
            return {"queued": True}
        return {"breakpoints": self.snapshot()["breakpoints"]}

    def _put(self, request: Request) -> None:
        if self.known["status"] != "paused":
            raise BadRequestError(f"nothing is paused, so there is nothing to {request.command}")
        if self.known.get("held"):
            raise BadRequestError(self.known["held"])
        self._queue.put(request)

    def _change_breakpoints(self, command: str, arguments: dict[str, Any]) -> None:
        breakpoints = self.debugger.breakpoints
        if command == "break":
            text = arguments["text"]
            breakpoints.add(text, **{k: v for k, v in arguments.items() if k != "text"})
        elif command == "clear" and "number" not in arguments:
            breakpoints.clear()
        else:
            change: dict[str, Callable[[int], Any]] = {
                "enable": breakpoints.enable, "disable": breakpoints.disable,
                "clear": breakpoints.remove,
            }  # fmt: skip
            change[command](arguments["number"])

    # -------------------------------------------------------------- the main thread

    def take(self, seconds: float) -> Request | None:
        """The next request for the paused run, after waiting so long at most."""
        try:
            return self._queue.get(timeout=seconds) if seconds else self._queue.get_nowait()
        except Empty:
            return None

    def empty(self) -> None:
        """Forget what came too late."""
        while self.take(0) is not None:
            pass
