"""The widget under a traced cell, as a kernel announces it: one for each cell, and small."""

import pytest
from real_kernel import Kernel

pytest.importorskip("anywidget", reason="the live graph needs anywidget (the extra 'lab')")

CELL = (
    "%%autograd_trace\nx = torch.tensor([1.0, 2.0], requires_grad=True)\n(x * x).sum().backward()"
)


def widgets(kernel: Kernel, kind: str) -> list[str]:
    """Ids of the comms of graphs that were opened or closed."""
    opened = [m for m in kernel.heard if m["msg_type"] == kind]
    if kind == "comm_open":
        opened = [m for m in opened if "summary" in m["content"]["data"].get("state", {})]
    return [m["content"]["comm_id"] for m in opened]


def test_a_cell_that_runs_again_has_one_graph(kernel: Kernel) -> None:
    """Its state would be saved with the notebook once for each time the cell was run."""
    kernel.heard.clear()
    for cell_id in ("one", "two", "one"):
        kernel.start(CELL, cell_id).finish()
    first, second, third = widgets(kernel, "comm_open")
    closed = widgets(kernel, "comm_close")
    assert first in closed
    assert not {second, third} & set(closed)


def test_the_graph_says_running_until_its_cell_is_over(kernel: Kernel) -> None:
    """The debugger, which has nothing to do, is idle all the time."""
    if kernel.value("__import__('ipykernel').version_info[0]") < 7:
        pytest.skip("ipykernel 6 has no subshells: a widget is heard between cells only")
    kernel.heard.clear()
    cell = kernel.start(CELL.replace("(x * x)", "input(); (x * x)"), "three")
    cell.prompt()
    kernel.listen()
    (graph,) = widgets(kernel, "comm_open")

    def event(message: dict) -> str | None:
        """The status that an event of this graph tells."""
        if message["content"].get("comm_id") != graph:
            return None
        content = message["content"]["data"].get("content", {})
        return content["state"]["status"] if content.get("type") == "event" else None

    hello = {"method": "custom", "content": {"command": "hello", "id": 1}}
    message = {"comm_id": graph, "data": hello}
    kernel.send_comm("comm_msg", message, kernel.new_subshell())
    assert event(kernel.wait_for(event)) == "running"
    kernel.type("")
    cell.finish()
    assert event(kernel.wait_for(event)) == "idle"
