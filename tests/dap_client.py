"""A kernel, and a client of its debugger: what a front end with a visual debugger does.

DAP (the Debug Adapter Protocol) travels as ``debug_request`` messages on the control channel
and ``debug_event`` messages on iopub.  Nothing here waits for a time to pass:
`DebuggedKernel.next` reads until the kernel says that it stopped or that the cell is over.
"""

from __future__ import annotations

import itertools
from collections import deque
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from real_kernel import Cell, Kernel


class Stop:
    """Where a kernel stopped."""

    def __init__(self, kernel: DebuggedKernel, thread: int):
        self.kernel = kernel
        self.thread = thread
        self.frames = kernel.request("stackTrace", threadId=thread)["stackFrames"]
        scopes = kernel.request("scopes", frameId=self.frames[0]["id"])["scopes"]
        self.scopes = {scope["name"]: scope["variablesReference"] for scope in scopes}

    @property
    def stack(self) -> list[tuple[str, int]]:
        """Name and line of each frame, the innermost first."""
        return [(frame["name"], frame["line"]) for frame in self.frames]

    def variables(self, scope: str = "Locals") -> dict[str, str]:
        """Names and shown values of a scope."""
        reference = self.scopes[scope]
        found = self.kernel.request("variables", variablesReference=reference)["variables"]
        return {variable["name"]: variable["value"] for variable in found}

    def evaluate(self, text: str) -> str:
        """Run an expression or a statement in the innermost frame."""
        frame = self.frames[0]["id"]
        body = self.kernel.request("evaluate", expression=text, frameId=frame, context="repl")
        return str(body["result"])

    def assign(self, name: str, text: str) -> None:
        """Give a local variable a new value, as the variables view of an editor does."""
        self.kernel.request(
            "setVariable", variablesReference=self.scopes["Locals"], name=name, value=text
        )

    def go(self, command: str) -> Stop | None:
        """Press ``continue``, ``next``, ``stepIn`` or ``stepOut``; gives the next stop."""
        self.kernel.request(command, threadId=self.thread)
        return self.kernel.next()


class DebuggedKernel(Kernel):
    """A kernel in a process of its own, with its debugger switched on.

    Parameters
    ----------
    folder : Path
        For what it writes.
    setup : str
        Code that runs once the debugger is on.

    Attributes
    ----------
    cell : Cell
        The one that was debugged last.
    """

    cell: Cell

    def __init__(self, folder: Path, setup: str):
        super().__init__(folder)
        self._numbers = itertools.count(1)
        self._stopped: deque[int] = deque()
        self.attach()
        self.run(setup)

    @property
    def printed(self) -> str:
        """What the cell printed, and the name of the exception that ended it."""
        return self.cell.text + (self.cell.error or "")

    # -------------------------------------------------------------- the debugger

    def request(self, command: str, **arguments: Any) -> dict[str, Any]:
        """Send a request; gives the body of its response, which must be a success."""
        number = next(self._numbers)
        content = {"type": "request", "seq": number, "command": command, "arguments": arguments}
        reply = self.control("debug_request", content)
        assert reply.get("success", True), f"{command}: {reply}"
        evaluates = command == "richInspectVariables"  # ipykernel answers with what it did
        assert reply.get("command", command) == ("evaluate" if evaluates else command)
        return reply.get("body") or {}

    def attach(self) -> None:
        """Switch the debugger on."""
        self.request("initialize", clientID="tests", adapterID="", pathFormat="path",
                     linesStartAt1=True, columnsStartAt1=True)  # fmt: skip
        self.request("attach")
        self.request("configurationDone")

    def detach(self) -> None:
        """Switch it off, also while it is stopped."""
        self.request("disconnect", restart=False, terminateDebuggee=False)

    # -------------------------------------------------------------- cells

    def debug(self, code: str, breakpoints: Sequence[int] = ()) -> Stop | None:
        """Run a cell until it stops; None if it ran to its end."""
        path = self.request("dumpCell", code=code)["sourcePath"]
        lines = [{"line": line} for line in breakpoints]
        self.request("setBreakpoints", source={"path": path}, breakpoints=lines)
        self.request("configurationDone")
        self.cell = self.start(code)
        return self.next()

    def next(self) -> Stop | None:
        """Wait for the next stop; None when the cell is over."""
        self.cell.wait("a stop, or its end", lambda: self._stopped or self.cell.over)
        if self._stopped:
            return Stop(self, self._stopped.popleft())
        self.cell.finish()
        return None

    def listen(self) -> dict[str, Any] | None:
        """Take a message from iopub."""
        message = super().listen()
        if message is not None and message["msg_type"] == "debug_event":
            event = message["content"]
            if event["event"] == "stopped":
                self._stopped.append(event["body"]["threadId"])
        return message
