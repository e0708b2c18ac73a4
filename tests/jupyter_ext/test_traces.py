"""What a panel hears of a trace, and what it can ask: while it grows, at a stop, afterwards."""

from typing import Any

import pytest
from real_kernel import NAME, Kernel

FRAME = f"{NAME}_frame"
TRAIN = """\
w = torch.tensor([0.5, -1.0], requires_grad=True)
for _ in range(3):
    w.grad = None
    (w * 3).tanh().sum().backward()"""
STOP = f"%%autograd_trace --break op:Tanh --format svg\n{TRAIN}"


@pytest.fixture
def panel(paused: Kernel) -> Kernel:
    """A kernel to which a panel listens."""
    paused.ask("state", listen=True)
    return paused


def ask(kernel: Kernel, command: str, **arguments: Any) -> tuple[dict[str, Any], list[bytes]]:
    """The result of a request, and its buffers."""
    reply = kernel.reply_to(NAME, {"command": command, "arguments": arguments, "id": 1})
    assert reply["content"]["ok"], reply["content"]
    return reply["content"]["result"], [bytes(buffer) for buffer in reply["buffers"]]


def frames_heard(kernel: Kernel) -> list[dict[str, Any]]:
    """Headers of the frames that came on iopub for the panel; checks that each has its columns."""
    found = [message for message in kernel.heard if message["msg_type"] == FRAME]
    for message in found:
        assert len(message["buffers"]) == 1
        check_columns(message["content"], bytes(message["buffers"][0]))
    return [message["content"] for message in found]


def check_columns(header: dict[str, Any], buffer: bytes) -> None:
    sizes = {"i1": 1, "i2": 2, "i4": 4, "f4": 4, "f8": 8}
    for table in header["tables"].values():
        for kind, offset in table["columns"].values():
            assert offset + sizes[kind] * table["count"] <= len(buffer)


def rows(headers: list[dict[str, Any]], table: str) -> int:
    return sum(h["tables"].get(table, {"count": 0})["count"] for h in headers)


# ------------------------------------------------------------------ without a widget


@pytest.mark.parametrize(
    "cells",
    [
        [f"%%autograd_trace --format svg\n{TRAIN}"],
        ["%autograd_trace on --format svg", TRAIN, "%autograd_trace off"],
        [f"{TRAIN}\nf = (w * 3).tanh().sum()", "%autograd_trace --format svg f.backward()"],
    ],
    ids=["a cell", "several cells", "an expression"],
)
def test_a_panel_gets_the_rows_where_no_widget_is_shown(panel: Kernel, cells: list[str]) -> None:
    for cell in cells:
        panel.run(cell)
    headers = frames_heard(panel)
    assert [h["sequence"] for h in headers] == list(range(1, len(headers) + 1))
    assert rows(headers, "steps") == panel.value("len(_trace.steps)")
    assert rows(headers, "nodes") >= panel.value("len(_trace.nodes)")


def test_nobody_gets_rows_unasked(paused: Kernel) -> None:
    paused.run(f"%%autograd_trace --format svg\n{TRAIN}")
    assert frames_heard(paused) == []


def test_rows_come_before_the_stop_that_they_are_about(panel: Kernel) -> None:
    panel.ask("subscribe", rate=1)  # so that nothing comes in time but what the stop sends
    cell = panel.start(f"%autograd_trace on --format svg --break op:Tanh\n{TRAIN}")
    cell.paused()
    assert rows(frames_heard(panel), "nodes") >= 3
    panel.ask("clear")
    panel.ask("continue")
    cell.finish()
    panel.run("%autograd_trace off")
    panel.ask("subscribe", rate=10)


# ------------------------------------------------------------------ for those who come late


def test_hello_while_paused_gives_what_there_is_and_the_history(panel: Kernel) -> None:
    cell = panel.start(STOP)
    cell.paused(1)
    panel.ask("continue")
    cell.paused(2)
    result, buffers = ask(panel, "hello")
    assert len(result["frames"]) == len(buffers) > 0
    for header, buffer in zip(result["frames"], buffers, strict=True):
        check_columns(header, buffer)
    assert result["frames"][0]["whole"] is True
    assert "TanhBackward0" in result["frames"][0]["texts"]
    assert result["history"]["parameters"]["w"][0] > 0
    panel.ask("clear")
    panel.ask("continue")
    cell.finish()


def test_a_finished_trace_can_be_asked_about(panel: Kernel) -> None:
    panel.run(f"%%autograd_trace --format svg\n{TRAIN}")
    result, _ = ask(panel, "hello")
    name = result["frames"][0]["trace"]
    assert {h["iteration"] for h in result["frames"]} == {2}
    part, buffers = ask(panel, "iteration", number=0, trace=name)
    assert [h["live"] for h in part["frames"]] == [False]
    assert rows(part["frames"], "nodes") == panel.value("len(_trace.find(iteration=0))")
    assert len(buffers) == 1
    found, _ = ask(panel, "detail", node=0, trace=name)
    assert found["node"] == 0
    assert "tanh" in found["source"]["lines"][found["source"]["at"] - found["source"]["first"]]
    history, _ = ask(panel, "history", trace=name)
    assert len(history["parameters"]["w"]) == 3


def test_detail_has_the_gradient_where_it_is_paused(panel: Kernel) -> None:
    cell = panel.start(STOP)
    state = cell.paused()
    tanh = panel.ask("hello")["result"]["frames"][0]["texts"].index("TanhBackward0")
    assert tanh >= 0
    details = [ask(panel, "detail", node=node)[0] for node in range(3)]
    (there,) = [d for d in details if "gradient" in d]
    assert sum(there["gradient"]["histogram"]["counts"]) == 2
    assert state["gradients"][0]["preview"] == there["gradient"]["preview"]
    panel.ask("clear")
    panel.ask("continue")
    cell.finish()


def test_what_is_not_there_is_refused_in_a_sentence(panel: Kernel) -> None:
    panel.run(f"%%autograd_trace --format svg\n{TRAIN}")
    sentences = [
        (("iteration", {"number": 9}), "iteration 9 is not in the trace, which has 0 to 2"),
        (("detail", {"node": 999}), "node 999 is not in the trace"),
        (("detail", {"node": 0, "trace": "trace-0"}), "there is no trace 'trace-0' any more"),
        (("iteration", {}), 'iteration needs the argument "number"'),
        (("subscribe", {"rate": 50}), "a number of times a second, 1 to 20"),
    ]
    for (command, arguments), said in sentences:
        reply = panel.ask(command, **arguments)
        assert not reply["ok"]
        assert said in reply["error"]
