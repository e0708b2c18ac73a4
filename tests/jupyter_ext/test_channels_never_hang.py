"""However a stop ends, the cell ends too, gradients are right, and the engine works as ever.

The last of these is checked after every test, by the fixture `paused`.
"""

import pytest
from real_kernel import Kernel

START = "x = torch.tensor([1.0, 2.0], requires_grad=True)\nw = torch.ones(2, requires_grad=True)\n"
STOP = f"%%autograd_trace --break op:Mul --format svg\n{START}"
GRADIENTS = (
    "(None if x.grad is None else x.grad.tolist(), None if w.grad is None else w.grad.tolist())"
)
NESTED = f"""%%autograd_trace --break op:Exp --format svg
{START}y = x.exp()

@y.register_hook
def inner(g):
    with torch.enable_grad():
        w.exp().sum().backward()

y.sum().backward()"""


def leave(kernel: Kernel, how: str) -> None:
    """End the stop that the kernel stands at."""
    if how == "interrupt":
        kernel.manager.interrupt_kernel()
    elif how == "click":
        assert kernel.ask("stop")["ok"]
    else:
        kernel.type({"end of input": "\x04", "quit": "q"}[how])


@pytest.mark.parametrize(
    ("how", "error"),
    [
        ("interrupt", "KeyboardInterrupt"),
        ("quit", "BackwardStopped"),
        ("end of input", "BackwardStopped"),
        ("click", "BackwardStopped"),
    ],
)
def test_leaving_puts_gradients_back(paused: Kernel, how: str, error: str) -> None:
    """Of the two leaves one has its gradient already when the run is left at the second Mul."""
    cell = paused.start(
        f"{STOP}(x * x).sum().backward()\nw.grad = torch.ones(2)\n"
        "((x * x).exp() * w).sum().backward()"
    )
    for _ in range(2):
        cell.prompt()
        paused.type("continue")
    cell.prompt()
    leave(paused, how)
    cell.finish()
    assert cell.error == error
    assert paused.value(GRADIENTS) == ([2.0, 4.0], [1.0, 1.0])


@pytest.mark.parametrize("how", ["interrupt", "quit", "end of input", "click"])
def test_leaving_while_the_box_is_left_over_from_a_click(paused: Kernel, how: str) -> None:
    paused.ask("state", listen=True)
    cell = paused.start(f"{STOP}(x * x * w).sum().backward()")
    cell.prompt()
    paused.ask("over")
    cell.paused(2)
    leave(paused, how)
    cell.finish()
    assert cell.error in ("KeyboardInterrupt", "BackwardStopped")
    assert paused.value(GRADIENTS) == (None, None)


def test_an_interrupt_without_any_input_box(paused: Kernel) -> None:
    paused.ask("state", listen=True)
    cell = paused.start(f"{STOP}(x * x).sum().backward()", stdin=False)
    cell.paused()
    paused.manager.interrupt_kernel()
    cell.finish()
    assert cell.error == "KeyboardInterrupt"


def test_an_interrupt_between_nodes(paused: Kernel) -> None:
    slow = "import time\ndef slow(g):\n    print('in the hook', flush=True)\n    time.sleep(600)\n"
    cell = paused.start(
        f"%%autograd_trace --break op:Sum\n{START}{slow}y = x * w\ny.register_hook(slow)\n"
        "(y * y).sum().backward()"
    )
    cell.prompt()
    paused.type("continue")
    cell.says("in the hook")
    paused.manager.interrupt_kernel()
    cell.finish()
    assert cell.error == "KeyboardInterrupt"
    assert paused.value(GRADIENTS) == (None, None)


def test_a_front_end_that_is_gone_is_replaced_by_another(paused: Kernel) -> None:
    cell = paused.start(f"{STOP}(x * x).sum().backward()")
    cell.prompt()
    paused.client.stop_channels()
    paused.connect(wait=False)
    state = paused.ask("state", listen=True)["result"]
    assert (state["status"], state["node"]["op"]) == ("paused", "MulBackward0")
    paused.ask("edit", expression="grad * 3")
    assert paused.ask("continue")["ok"]
    paused.wait_for(lambda m: m["content"].get("event") == "ended")
    assert paused.value("x.grad.tolist()") == [6.0, 12.0]


@pytest.mark.parametrize("restart", [True, False])
def test_the_kernel_ends_while_paused(tmp_path, restart: bool) -> None:
    kernel = Kernel(tmp_path)
    try:
        kernel.run("%load_ext autograd_core\nimport autograd_core as torch")
        kernel.start(f"{STOP}(x * x).sum().backward()").prompt()
        reply = kernel.control("shutdown_request", {"restart": restart})
        assert reply["status"] == "ok"
        kernel.manager.provisioner.process.wait(timeout=60)  # by itself: nobody killed it
        if restart:
            kernel.client.stop_channels()
            kernel.manager.restart_kernel(now=True)
            kernel.connect()
            assert kernel.value("1 + 1") == 2
    finally:
        kernel.close()


def test_a_backward_inside_a_hook(paused: Kernel) -> None:
    cell = paused.start(NESTED)
    cell.prompt()
    assert paused.ask("state")["result"]["depth"] == 1
    paused.type("continue")
    cell.prompt()
    assert paused.ask("state")["result"]["depth"] == 2
    paused.type("continue")
    cell.finish()
    assert cell.error is None
    assert paused.value("[torch.equal(v.grad, v.detach().exp()) for v in (x, w)]") == [True, True]


def test_leaving_a_backward_inside_a_hook(paused: Kernel) -> None:
    cell = paused.start(NESTED)
    cell.prompt()
    paused.type("over")
    cell.prompt()
    paused.type("q")
    cell.finish()
    assert cell.error == "BackwardStopped"
    assert paused.value(GRADIENTS) == (None, None)


def test_a_stop_inside_no_grad(paused: Kernel) -> None:
    cell = paused.start(
        f"{STOP}y = (x * x).sum()\nwith torch.no_grad():\n    y.backward()\n"
        "    print('grad mode', torch.is_grad_enabled())"
    )
    cell.prompt()
    paused.type("p (x * x).requires_grad")
    cell.prompt()
    paused.type("continue")
    cell.finish()
    assert "grad mode False" in cell.text
    assert paused.value("x.grad.tolist()") == [2.0, 4.0]


def test_a_backward_at_the_prompt(paused: Kernel) -> None:
    other = "def other():\n    with torch.enable_grad():\n        (w * w).sum().backward()\n"
    cell = paused.start(f"{STOP}{other}(x * x).sum().backward()")
    cell.prompt()
    paused.type("other()")
    cell.prompt()
    paused.type("continue")
    cell.finish()
    assert paused.value(GRADIENTS) == ([2.0, 4.0], [2.0, 2.0])


def test_a_condition_that_raises_is_disabled(paused: Kernel) -> None:
    cell = paused.start(
        f"%%autograd_trace --break 'py: grad.nonsense'\n{START}(x * x).sum().backward()"
    )
    cell.finish()
    assert cell.text.count("is disabled: at") == 1
    assert cell.error is None
    assert paused.value("x.grad.tolist()") == [2.0, 4.0]


# ------------------------------------------------------------------ after an exception


@pytest.mark.parametrize("how", ["interrupt", "quit", "end of input", "click"])
def test_a_post_mortem_is_a_stop_like_others(paused: Kernel, how: str) -> None:
    paused.run(f"{START}y = x * w\ny.register_hook(lambda g: 1 / 0)\ny.sum().backward()")
    cell = paused.start("%autograd_debug")
    cell.prompt()
    cell.says("Failed in MulBackward0 · ZeroDivisionError: division by zero")
    state = paused.ask("state")["result"]
    assert (state["status"], state["node"]["op"]) == ("paused", "MulBackward0")
    assert state["error"] == "ZeroDivisionError: division by zero"
    assert state["location"]["text"] == "y = x * w"
    paused.ask("command", line="p grad.tolist()")
    cell.says("[1.0, 1.0]")
    paused.ask("over")
    cell.says("*** the run failed, so it can't go on or back")
    leave(paused, how)
    cell.finish()
    assert cell.error == ("KeyboardInterrupt" if how == "interrupt" else None)
    assert paused.ask("state")["result"]["status"] == "idle"


# ------------------------------------------------------------------ two cells at once


@pytest.fixture
def subshell(paused: Kernel) -> str:
    """Give the id of a new subshell."""
    if paused.value("__import__('ipykernel').version_info[0]") < 7:
        pytest.skip("ipykernel 6 runs one cell at a time")
    return paused.new_subshell()


def test_another_cell_computes_while_one_is_paused(paused: Kernel, subshell: str) -> None:
    first = paused.start(f"{STOP}(x * x).sum().backward()")
    first.prompt()
    second = paused.start(
        "v = torch.tensor([3.0], requires_grad=True)\nv.exp().sum().backward()\nprint(v.grad)",
        subshell=subshell,
    )
    second.finish()
    assert "tensor([20.0855])" in second.text
    paused.type("continue")
    first.finish()
    assert paused.value("x.grad.tolist()") == [2.0, 4.0]


def test_another_cells_breakpoint_waits_and_is_noted(paused: Kernel, subshell: str) -> None:
    first = paused.start(f"{STOP}(x * x).sum().backward()")
    first.prompt()
    second = paused.start(
        "v = torch.tensor([3.0], requires_grad=True)\n(v * v).sum().backward()\nprint(v.grad)",
        subshell=subshell,
    )
    second.says("waits at a breakpoint: the main thread is paused")
    paused.type("continue")
    first.finish()
    second.finish()
    assert "only the main thread can be paused" in second.text
    assert "tensor([6.])" in second.text


def test_traced_cells_of_two_threads_keep_apart(paused: Kernel, subshell: str) -> None:
    first = paused.start(f"{STOP}(x * x).sum().backward()")
    first.prompt()
    second = paused.start("print('ran')\n1 / 0", subshell=subshell)
    second.finish()
    assert second.error == "ZeroDivisionError"
    paused.type("p 'still here'")
    first.prompt()
    paused.type("continue")
    first.finish()
    assert "'still here'" in first.text
    assert "3 nodes, 3 backward steps" in first.text
