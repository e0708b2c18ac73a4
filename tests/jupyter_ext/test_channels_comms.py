"""Commands over comms and subshells, with a kernel of their own."""

import pytest
from real_kernel import NAME, Kernel

from jupyter_ext.channels import keep_to_its_subshell

SQUARE = """x = torch.tensor([1.0, 2.0], requires_grad=True)
y = (x * x).sum()
y.backward()
print(x.grad.tolist())"""
STOP_AT_MUL = f"%%autograd_trace --break op:Mul --format svg\n{SQUARE}"
PAUSED = "Paused before MulBackward0"


@pytest.fixture
def subshell(paused: Kernel) -> str:
    """Give the id of a new subshell."""
    if paused.value("__import__('ipykernel').version_info[0]") < 7:
        pytest.skip("ipykernel 6 has no subshells, so that a comm is served between cells only")
    return paused.new_subshell()


def say(kernel: Kernel, subshell: str, comm: str, data: dict) -> dict:
    """Send a request over a comm; gives the reply."""
    kernel.send_comm("comm_msg", {"comm_id": comm, "data": data}, subshell)
    return heard(kernel, comm, lambda data: "ok" in data)


def heard(kernel: Kernel, comm: str, wanted) -> dict:
    """Wait for something on a comm."""
    message = kernel.wait_for(
        lambda m: (
            m["msg_type"] == "comm_msg"
            and m["content"]["comm_id"] == comm
            and wanted(m["content"]["data"])
        )
    )
    return message["content"]["data"]


def test_a_comm_over_a_subshell(paused: Kernel, subshell: str) -> None:
    """The main thread publishes on the comm and blocks; clicks arrive nevertheless."""
    paused.send_comm("comm_open", {"comm_id": "c", "target_name": NAME, "data": {}}, subshell)
    assert heard(paused, "c", lambda data: "event" in data)["event"] == "idle"
    cell = paused.start(STOP_AT_MUL, stdin=False)
    state = heard(paused, "c", lambda data: data.get("event") == "paused")["state"]
    assert state["node"]["op"] == "MulBackward0"
    assert say(paused, subshell, "c", {"command": "over", "id": 1})["ok"]
    heard(paused, "c", lambda data: data.get("event") == "paused")
    assert say(paused, subshell, "c", {"command": "continue", "id": 2})["id"] == 2
    cell.finish()
    assert "(Autograd) over" in cell.text
    # A subshell has a queue of its own, which the next cell would overtake.
    paused.wait_until_done(paused.send_comm("comm_close", {"comm_id": "c", "data": {}}, subshell))
    gone = paused.start(STOP_AT_MUL, stdin=False)
    gone.finish()
    assert "would have paused" in gone.text


def test_the_run_goes_on_when_the_only_one_who_could_be_asked_leaves(
    paused: Kernel, subshell: str
) -> None:
    paused.send_comm("comm_open", {"comm_id": "f", "target_name": NAME, "data": {}}, subshell)
    heard(paused, "f", lambda data: "event" in data)
    cell = paused.start(STOP_AT_MUL, stdin=False)
    heard(paused, "f", lambda data: data.get("event") == "paused")
    paused.send_comm("comm_close", {"comm_id": "f", "data": {}}, subshell)
    cell.finish()
    assert "(nobody is connected any more, so the run goes on)" in cell.text
    assert "[2.0, 4.0]" in cell.text


def test_a_comm_without_a_subshell_hears_but_is_not_heard(paused: Kernel) -> None:
    """What it says arrives after the cell, and is refused then: never a stale command."""
    paused.send_comm("comm_open", {"comm_id": "e", "target_name": NAME, "data": {}})
    heard(paused, "e", lambda data: data.get("event") == "idle")
    cell = paused.start(STOP_AT_MUL)
    heard(paused, "e", lambda data: data.get("event") == "paused")
    paused.send_comm("comm_msg", {"comm_id": "e", "data": {"command": "stop", "id": 3}})
    cell.prompt()
    paused.type("continue")
    cell.finish()
    reply = heard(paused, "e", lambda data: "ok" in data)
    assert (reply["id"], reply["ok"]) == (3, False)
    assert cell.error is None
    paused.send_comm("comm_close", {"comm_id": "e", "data": {}})


def test_a_front_end_that_comes_back_gets_the_stop_again(paused: Kernel, subshell: str) -> None:
    cell = paused.start(STOP_AT_MUL)
    cell.prompt()
    paused.send_comm("comm_open", {"comm_id": "d", "target_name": NAME, "data": {}}, subshell)
    greeting = heard(paused, "d", lambda data: "event" in data)
    assert greeting["event"] == "paused"
    assert greeting["state"]["node"]["op"] == "MulBackward0"
    say(paused, subshell, "d", {"command": "continue"})
    cell.finish()
    paused.send_comm("comm_close", {"comm_id": "d", "data": {}}, subshell)


def test_routing_is_mended_only_where_it_is_known() -> None:
    class Old:
        pass

    class New:
        def _reply_subshell_for(self, data, default):
            return "the shell that is blocked"

    old, new = Old(), New()
    keep_to_its_subshell(old)
    keep_to_its_subshell(new)
    assert vars(old) == {}
    assert new._reply_subshell_for({}, "where it was sent") == "where it was sent"
