"""A kernel of its own in another process: run cells, type at prompts, talk on every channel."""

import json
import os
import sys
import time
from collections.abc import Callable
from pathlib import Path
from queue import Empty
from typing import Any

ROOT = Path(__file__).resolve().parents[1]
PATIENCE = 60
"""Seconds after which something that should come is given up."""
NAME = "autograd_core.debug"


class Kernel:
    """A running kernel and one client of it."""

    def __init__(self, folder: Path):
        from jupyter_client.manager import KernelManager

        spec = folder / "kernels" / "python3"
        spec.mkdir(parents=True)
        argv = [sys.executable, "-m", "ipykernel_launcher", "-f", "{connection_file}"]
        spec.joinpath("kernel.json").write_text(json.dumps({"argv": argv, "display_name": "t"}))
        environment = os.environ | {
            "PYTHONPATH": os.pathsep.join([str(ROOT), os.environ.get("PYTHONPATH", "")]),
            "IPYTHONDIR": str(folder),
            "JUPYTER_RUNTIME_DIR": str(folder),
        }
        self.manager = KernelManager(kernel_name="python3", connection_file=str(folder / "k.json"))
        self.manager.kernel_spec_manager.kernel_dirs = [str(spec.parent)]
        self.manager.start_kernel(cwd=str(folder), env=environment)
        self.connect()

    def connect(self, wait: bool = True) -> None:
        """Come as a new client, as a reloaded page does; a blocked kernel can't be waited for."""
        self.client = self.manager.blocking_client()
        self.client.start_channels()
        if wait:
            self.client.wait_for_ready(timeout=PATIENCE)
        self.cells: dict[str, Cell] = {}
        self.answered: set[str] = set()
        self.done: set[str] = set()
        """Ids of messages that the kernel has dealt with."""
        self.heard: list[dict[str, Any]] = []
        """Messages on iopub that are no outputs of cells, and that nobody waited for yet."""

    def close(self) -> None:
        """End the kernel."""
        self.client.stop_channels()
        self.manager.shutdown_kernel(now=True)

    # -------------------------------------------------------------- cells

    def start(
        self, cell: str, cell_id: str | None = None, stdin: bool = True, subshell: str | None = None
    ) -> "Cell":
        """Begin to run a cell; what it says is in the `Cell`."""
        content = {"code": cell, "silent": False, "store_history": True, "allow_stdin": stdin,
                   "user_expressions": {}, "stop_on_error": True}  # fmt: skip
        message = self.client.session.msg("execute_request", content)
        message["metadata"] = {"cellId": cell_id} if cell_id else {}
        if subshell is not None:
            message["header"]["subshell_id"] = subshell
        number = message["header"]["msg_id"]
        self.cells[number] = Cell(self, cell, number)
        self.client.shell_channel.send(message)
        return self.cells[number]

    def run(
        self, cell: str, cell_id: str | None = None, seen: Callable[[dict], None] | None = None
    ) -> list[dict[str, Any]]:
        """Run a cell without stdin; gives its outputs, the texts of one stream joined.

        Parameters
        ----------
        cell : str
            The source.
        cell_id : str, optional
            What a front end sends as the cell's id.
        seen : callable, optional
            Gets each message when it arrives.
        """
        return self.start(cell, cell_id, stdin=False).finish(seen)

    def value(self, expression: str) -> Any:
        """What an expression of plain Python values is."""
        outputs = self.run(f"print(repr({expression}))")
        assert outputs[-1]["type"] == "stream", outputs
        return eval(outputs[-1]["text"], {"nan": float("nan"), "inf": float("inf")})

    # -------------------------------------------------------------- other channels

    def ask(self, command: str, id: Any = 1, **arguments: Any) -> dict[str, Any]:
        """Send a request on the control channel; gives the reply."""
        return self.control(NAME, {"command": command, "arguments": arguments, "id": id})

    def control(self, kind: str, content: dict[str, Any]) -> dict[str, Any]:
        """Send a message on the control channel; gives the content of its reply."""
        return self.reply_to(kind, content)["content"]

    def reply_to(self, kind: str, content: dict[str, Any]) -> dict[str, Any]:
        """Send a message on the control channel; gives the whole reply, with its buffers."""
        message = self.client.session.msg(kind, content)
        self.client.control_channel.send(message)
        while True:
            reply = self.client.get_control_msg(timeout=PATIENCE)
            if reply["parent_header"].get("msg_id") == message["header"]["msg_id"]:
                return reply

    def type(self, line: str, to: dict[str, Any] | None = None) -> None:
        """Answer a prompt; `to` is the input_request, where the front end names it."""
        message = self.client.session.msg("input_reply", {"value": line}, parent=to)
        self.client.stdin_channel.send(message)

    def new_subshell(self) -> str:
        """Have the kernel begin another thread that takes messages (ipykernel 7)."""
        return self.control("create_subshell_request", {})["subshell_id"]

    def send_comm(self, kind: str, content: dict[str, Any], subshell: str | None = None) -> str:
        """Send comm_open, comm_msg or comm_close; gives the message's id."""
        message = self.client.session.msg(kind, content)
        if subshell is not None:
            message["header"]["subshell_id"] = subshell
        self.client.shell_channel.send(message)
        return str(message["header"]["msg_id"])

    def wait_until_done(self, number: str) -> None:
        """Wait until the kernel has dealt with a message."""
        deadline = time.monotonic() + PATIENCE
        while number not in self.done and time.monotonic() < deadline:
            self.listen()
        assert number in self.done, "the kernel did not deal with the message in time"

    def wait_for(self, wanted: Callable[[dict[str, Any]], bool]) -> dict[str, Any]:
        """Wait for a message on iopub that is no output of a cell."""
        deadline = time.monotonic() + PATIENCE
        while time.monotonic() < deadline:
            for message in self.heard:
                if wanted(message):
                    self.heard.remove(message)
                    return message
            self.listen()
        raise TimeoutError("the message did not come in time")

    def listen(self) -> dict[str, Any] | None:
        """Take a message from iopub to the cell that it belongs to, if one comes soon."""
        try:
            message = self.client.get_iopub_msg(timeout=0.05)
        except Empty:
            return None
        if message["msg_type"].startswith(("comm_", NAME)):
            self.heard.append(message)
        if message["content"].get("execution_state") == "idle":
            self.done.add(message["parent_header"].get("msg_id"))
        for cell in list(self.cells.values()):
            cell.take(message)
        return message


class Cell:
    """A cell that runs, and what it has said so far.

    Attributes
    ----------
    outputs : list of dict
        As a notebook keeps them.
    events : list of dict
        What the debugger told its front ends meanwhile.
    over : bool
        Whether the cell has ended.
    """

    def __init__(self, kernel: Kernel, source: str, number: str):
        self.kernel = kernel
        self.source = source
        self.number = number
        self.outputs: list[dict[str, Any]] = []
        self.events: list[dict[str, Any]] = []
        self.over = False

    @property
    def text(self) -> str:
        """All that was printed."""
        return "".join(o["text"] for o in self.outputs if o["type"] == "stream")

    @property
    def error(self) -> str | None:
        """The name of the exception that ended it."""
        names = [o["ename"] for o in self.outputs if o["type"] == "error"]
        return names[0] if names else None

    def prompt(self) -> dict[str, Any]:
        """Wait for an input_request and give it."""
        return self.wait("an input_request", self.requested)

    def paused(self, times: int = 1) -> dict[str, Any]:
        """Wait until the event ``paused`` came so often in this cell; gives its state."""
        return self.wait("the event 'paused'", lambda: self._nth_pause(times))

    def says(self, text: str) -> None:
        """Wait until this text was printed."""
        self.wait(f"the text {text!r}", lambda: text in self.text)

    def finish(self, seen: Callable[[dict], None] | None = None) -> list[dict[str, Any]]:
        """Wait for the end of the cell; gives its outputs."""
        self.wait("its end", lambda: self.over, seen)
        while self.number not in self.kernel.answered:
            reply = self.kernel.client.get_shell_msg(timeout=PATIENCE)
            self.kernel.answered.add(reply["parent_header"].get("msg_id"))
        return self.outputs

    def wait(
        self, what: str, found: Callable[[], Any], seen: Callable[[dict], None] | None = None
    ) -> Any:
        """Wait until `found` gives something, and give that; `seen` gets each message."""
        deadline = time.monotonic() + PATIENCE
        while time.monotonic() < deadline:
            if result := found():
                return result
            assert not self.over, f"the cell ended before {what} came:\n{self.text}{self.outputs}"
            message = self.kernel.listen()
            if message is not None and seen is not None and self._is_mine(message):
                seen(message)
        raise TimeoutError(f"{what} did not come in time:\n{self.source}\n{self.text}")

    def requested(self) -> dict[str, Any] | None:
        """An input_request, if one has come."""
        channel = self.kernel.client.stdin_channel
        if not channel.msg_ready():
            return None
        message = channel.get_msg(timeout=PATIENCE)
        assert message["msg_type"] == "input_request"
        return message

    def _nth_pause(self, n: int) -> dict[str, Any] | None:
        states = [e["state"] for e in self.events if e["event"] == "paused"]
        return states[n - 1] if len(states) >= n else None

    def _is_mine(self, message: dict[str, Any]) -> bool:
        return message["parent_header"].get("msg_id") == self.number

    def take(self, message: dict[str, Any]) -> None:
        """Look at a message that came, and keep what is of this cell."""
        kind, content = message["msg_type"], message["content"]
        if kind == f"{NAME}_event":
            self.events.append(content)
        if not self._is_mine(message):
            return
        if kind == "status" and content["execution_state"] == "idle":
            self.over = True
            del self.kernel.cells[self.number]
        elif kind in ("stream", "display_data", "execute_result", "error"):
            last = self.outputs[-1] if self.outputs else {}
            if kind == "stream" and last.get("name") == content["name"]:
                last["text"] += content["text"]
            else:
                self.outputs.append({"type": kind, **content})
