"""JupyterLab's debugger at a stop: a DAP client speaks to a real kernel."""

import os
import sysconfig
from collections.abc import Iterator
from pathlib import Path

import pytest

pytest.importorskip("debugpy", reason="the visual debugger is debugpy's (the extra 'lab')")
pytest.importorskip("ipykernel", reason="kernel tests need ipykernel (the extra 'lab')")

from dap_client import DebuggedKernel

SETUP = """
import sys
import autograd_core as torch
from autograd_core.debug.stepping.debugger import debugger
from autograd_core import events
from autograd_core.debug.stepping.front import Front
from jupyter_ext.visual_debugger import VisualDebugger

class Person(Front):
    states, prompts = [], []

    def can_ask(self):
        return None

    def read(self, prompt):
        self.prompts.append(prompt)
        return "continue"

    def changed(self, state):
        self.states.append(state)

debugger().front = Person()
visual = VisualDebugger(get_ipython().kernel, debugger())
visual.install()
breakpoints = debugger().breakpoints

class Cube(torch.autograd.Function):
    @staticmethod
    def forward(ctx, x):
        ctx.save_for_backward(x)
        return x**3

    @staticmethod
    def backward(ctx, g):
        (x,) = ctx.saved_tensors
        return 3 * x * x * g
"""
CELL = """\
x = torch.tensor([1.0, 2.0, 3.0], requires_grad=True)
y = x * 2
z = y * y
z.sum().backward()
print(x.grad.tolist())
"""
MUL_Z, MUL_Y, LEAF, AFTER = 3, 2, 4, 5
"""Lines of `CELL` that its nodes stand on: a leaf has none, so it is where backward was called."""
RIGHT = "[8.0, 16.0, 24.0]\n"
LEFTOVERS = """{
    "held": visual.holds,
    "listening": bool(events.listeners),
    "profiling": sys.getprofile() is not None,
    "traced by us": "autograd" in repr(sys.gettrace()),
    "asking": debugger().asking,
    "paused": debugger().paused is not None,
}"""


@pytest.fixture(scope="module")
def kernel(tmp_path_factory: pytest.TempPathFactory) -> Iterator[DebuggedKernel]:
    """Yield a kernel as JupyterLab starts it."""
    kernel = DebuggedKernel(tmp_path_factory.mktemp("kernel"), SETUP)
    yield kernel
    kernel.close()


@pytest.fixture(scope="module")
def strict(tmp_path_factory: pytest.TempPathFactory) -> Iterator[DebuggedKernel]:
    """Yield a kernel to which we are a library, and whose debugger shows no libraries."""
    folder = tmp_path_factory.mktemp("strict")
    profile = folder / "profile_default"
    profile.mkdir()
    profile.joinpath("ipython_kernel_config.py").write_text(
        "get_config().Kernel.debug_just_my_code = True"
    )
    paths = sysconfig.get_paths()
    roots = [str(Path(__file__).parents[2]), paths["stdlib"], paths["purelib"]]
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("LIBRARY_ROOTS", os.pathsep.join(roots))
        kernel = DebuggedKernel(folder, SETUP)
    yield kernel
    kernel.close()


@pytest.fixture(autouse=True)
def nothing_is_left(request: pytest.FixtureRequest) -> Iterator[None]:
    """Fail a test after which the engine, or Python's tracing, is not as before."""
    yield
    for name in {"kernel", "strict"} & set(request.fixturenames):
        kernel = request.getfixturevalue(name)
        kernel.run("breakpoints.clear(); Person.states.clear(); Person.prompts.clear()")
        assert not any(kernel.value(LEFTOVERS).values()), kernel.value(LEFTOVERS)
        kernel.run("w = torch.tensor([2.0], requires_grad=True); (w * w).sum().backward()")
        assert kernel.value("w.grad.tolist()") == [4.0]


def break_at(kernel: DebuggedKernel, condition: str) -> None:
    kernel.run(f"breakpoints.add({condition!r})")


# ------------------------------------------------------------------ where it stops


@pytest.mark.parametrize("which", ["kernel", "strict"])
def test_the_stop_stands_on_the_forward_line(which: str, request) -> None:
    kernel = request.getfixturevalue(which)
    break_at(kernel, "op:Mul")
    first = kernel.debug(CELL)
    assert first.stack == [("MulBackward0", MUL_Z), ("<module>", LEAF)]
    assert {frame["source"]["path"] for frame in first.frames} == {
        first.frames[0]["source"]["path"]
    }
    second = first.go("continue")
    assert second.stack == [("MulBackward0", MUL_Y), ("<module>", LEAF)]
    assert second.go("continue") is None
    assert kernel.printed.endswith(RIGHT)


def test_what_the_frame_shows(kernel) -> None:
    break_at(kernel, "op:Mul once")
    stop = kernel.debug(CELL)
    shown = stop.variables()
    assert set(shown) == {"node", "grad", "grads", "saved", "forward", "pause"}
    assert shown["grad"] == "tensor([1., 1., 1.])"
    assert shown["grads"] == "(tensor([1., 1., 1.]),)"
    assert shown["node"].startswith("<MulBackward0")
    assert "tensor([2., 4., 6.]" in shown["saved"]
    assert "z = y * y" in shown["forward"]
    assert {"x", "y", "z"} <= set(stop.variables("Globals"))
    assert stop.evaluate("(grad * y).sum().item()") == "12.0"
    frame = stop.frames[0]["id"]
    rich = kernel.request("richInspectVariables", variableName="grad", frameId=frame)
    assert rich["data"]["text/plain"] == "tensor([1., 1., 1.])"
    assert stop.go("continue") is None
    assert kernel.printed.endswith(RIGHT)
    assert "Paused in the visual debugger at MulBackward0 (breakpoint" in kernel.printed


def test_a_forward_stop(kernel) -> None:
    break_at(kernel, "forward op:mul once")
    stop = kernel.debug(CELL)
    assert stop.stack == [("mul", MUL_Y), ("<module>", MUL_Y)]
    assert "[2., 4., 6.]" in stop.variables()["grad"]
    assert stop.go("continue") is None
    assert kernel.printed.endswith(RIGHT)


def test_a_breakpoint_of_the_users_on_the_same_line_stops_once(kernel) -> None:
    break_at(kernel, "op:Mul")
    stop = kernel.debug(CELL, breakpoints=[MUL_Z])
    assert stop.stack == [("<module>", MUL_Z)]
    stop = stop.go("continue")
    assert stop.stack[0] == ("MulBackward0", MUL_Z)
    stop = stop.go("continue")
    assert stop.stack[0] == ("MulBackward0", MUL_Y)
    assert stop.go("continue") is None
    assert kernel.printed.endswith(RIGHT)


def test_backward_called_in_a_function(kernel) -> None:
    break_at(kernel, "op:Mul once")
    train = "def train(w):\n    (w * w).sum().backward()\n"
    stop = kernel.debug(f"{train}\nw = torch.ones(2, requires_grad=True)\ntrain(w)")
    assert stop.stack == [("MulBackward0", 2), ("train", 2), ("<module>", 5)]
    assert stop.go("continue") is None


# ------------------------------------------------------------------ the buttons


@pytest.mark.parametrize("which", ["kernel", "strict"])
def test_next_goes_from_node_to_node_and_then_to_the_next_line(which: str, request) -> None:
    kernel = request.getfixturevalue(which)
    break_at(kernel, "op:Sum once")
    stop = kernel.debug(CELL)
    seen = [stop.stack[0]]
    while (stop := stop.go("next")).stack[0][0] != "<module>":
        seen.append(stop.stack[0])
    nodes = ["SumBackward0", "MulBackward0", "MulBackward0", "AccumulateGrad"]
    assert seen == list(zip(nodes, [LEAF, MUL_Z, MUL_Y, LEAF], strict=True))
    assert stop.stack == [("<module>", AFTER)]
    assert stop.go("continue") is None
    assert kernel.printed.endswith(RIGHT)


@pytest.mark.parametrize("which", ["kernel", "strict"])
def test_step_in_stops_in_a_custom_backward(which: str, request) -> None:
    kernel = request.getfixturevalue(which)
    break_at(kernel, "op:Cube")
    cell = CELL.replace("y = x * 2", "y = Cube.apply(x)")
    stop = kernel.debug(cell)
    assert stop.stack[0] == ("CubeBackward", MUL_Y)
    inside = stop.go("stepIn")
    assert [name for name, _ in inside.stack] == ["backward", "<module>"]
    assert "[ 2., 16., 54.]" in inside.variables()["g"]
    line = inside.go("next")
    assert line.stack[0] == ("backward", inside.stack[0][1] + 1)
    following = line.go("next")
    assert following.stack[0] == ("AccumulateGrad", LEAF)
    assert following.go("continue") is None
    assert kernel.printed.endswith("[6.0, 192.0, 1458.0]\n")


def test_step_in_stops_in_a_formula_and_in_a_hook(kernel) -> None:
    break_at(kernel, "op:Sum once")
    cell = CELL.replace("z.sum()", "def hook(g):\n    return g\n\nz.register_hook(hook)\nz.sum()")
    stop = kernel.debug(cell).go("stepIn")
    assert "ops" in stop.frames[0]["source"]["path"]
    stop = stop.go("continue")
    assert stop.stack[0] == ("MulBackward0", MUL_Z)
    stop = stop.go("stepIn")
    assert stop.stack[0] == ("hook", 5)
    stop = stop.go("next")  # past the hook, into the formula of the same node
    assert "ops" in stop.frames[0]["source"]["path"]
    stop = stop.go("stepOut")
    assert stop.stack[0] == ("MulBackward0", MUL_Y)
    assert stop.go("stepOut") is None
    assert kernel.printed.endswith(RIGHT)


def test_step_in_where_there_is_no_python_is_a_step_over(strict) -> None:
    break_at(strict, "op:Sum once")
    stop = strict.debug(CELL).go("stepIn")
    assert stop.stack[0] == ("MulBackward0", MUL_Z)
    assert stop.go("continue") is None
    assert strict.printed.endswith(RIGHT)


def test_step_out_leaves_the_module(kernel) -> None:
    break_at(kernel, "op:Relu once")
    net = "net = torch.nn.Sequential(torch.nn.Linear(2, 2), torch.nn.ReLU(), torch.nn.Linear(2, 1))"
    stop = kernel.debug(f"{net}\nnet(torch.ones(1, 2)).sum().backward()")
    assert stop.evaluate("pause.moment.scope[-1]") == "'1'"
    stop = stop.go("stepOut")
    assert stop.evaluate("pause.moment.scope[-1]") == "'0'"
    assert stop.go("continue") is None


def test_step_out_of_no_module_continues(kernel) -> None:
    break_at(kernel, "op:Sum once")
    assert kernel.debug(CELL).go("stepOut") is None
    assert kernel.printed.endswith(RIGHT)


# ------------------------------------------------------------------ edits and verbs


def test_a_new_value_of_grad_is_what_goes_on(kernel) -> None:
    break_at(kernel, "op:Mul once")
    stop = kernel.debug(CELL)
    stop.assign("grad", "grad * 10")
    assert stop.variables()["grad"] == "tensor([10., 10., 10.])"
    assert stop.go("continue") is None
    assert kernel.printed.endswith("[80.0, 160.0, 240.0]\n")
    assert kernel.value("[s['event'] for s in Person.states].count('edited')") == 1


def test_a_new_value_of_grads(kernel) -> None:
    break_at(kernel, "op:Mul once")
    stop = kernel.debug(CELL)
    stop.evaluate("grads = (0.5,)")
    assert stop.go("continue") is None
    assert kernel.printed.endswith("[4.0, 8.0, 12.0]\n")


def test_a_gradient_that_does_not_fit_stops_there_again(kernel) -> None:
    break_at(kernel, "op:Mul once")
    stop = kernel.debug(CELL)
    stop.assign("grad", "grad[:2]")
    again = stop.go("next")
    assert again.stack == stop.stack
    assert again.variables()["grad"] == "tensor([1., 1., 1.])"
    assert again.go("continue") is None
    assert "Not edited: the new gradient has shape (2,)" in kernel.printed
    assert kernel.printed.endswith(RIGHT)


def test_verbs_can_be_evaluated(kernel) -> None:
    break_at(kernel, "op:Sum once")
    stop = kernel.debug(CELL)
    stop.evaluate("pause.over(2)")
    stop = stop.go("continue")
    assert stop.stack[0] == ("MulBackward0", MUL_Y)
    stop.evaluate("pause.back()")
    stop = stop.go("continue")
    assert stop.stack[0] == ("MulBackward0", MUL_Z)
    assert stop.variables()["grad"] == "tensor([1., 1., 1.])"
    assert stop.go("continue") is None
    assert kernel.printed.endswith(RIGHT)


def test_a_backward_that_is_evaluated_does_not_stop(kernel) -> None:
    break_at(kernel, "op:Mul")
    stop = kernel.debug(CELL)
    stop.evaluate("w = torch.ones(2, requires_grad=True)")
    stop.evaluate("with torch.enable_grad(): (w * w).sum().backward()")
    assert stop.evaluate("w.grad.tolist()") == "[2.0, 2.0]"
    assert stop.go("continue").go("continue") is None
    assert kernel.printed.endswith(RIGHT)


# ------------------------------------------------------------------ ends


def test_stop_ends_the_run(kernel) -> None:
    break_at(kernel, "op:Mul")
    stop = kernel.debug(CELL)
    stop.evaluate("pause.stop()")
    assert stop.go("continue") is None
    assert kernel.printed.endswith("BackwardStopped")
    assert kernel.value("x.grad") is None


@pytest.mark.parametrize("button", ["next", "stepIn"])
def test_an_interrupt_ends_the_run(kernel, button: str) -> None:
    break_at(kernel, "op:Sum")
    assert kernel.debug(CELL).go(button) is not None
    kernel.manager.interrupt_kernel()
    assert kernel.next() is None
    assert kernel.printed.endswith("KeyboardInterrupt")
    assert kernel.value("x.grad") is None


def test_an_error_ends_a_step(kernel) -> None:
    break_at(kernel, "op:Sum")
    cell = CELL.replace("z.sum()", "y.register_hook(lambda g: 1 / 0); z.sum()")
    stop = kernel.debug(cell).go("next").go("next")
    assert stop.stack[0] == ("MulBackward0", MUL_Y)
    assert stop.go("next") is None
    assert kernel.printed.endswith("ZeroDivisionError")


def test_a_client_that_goes_away_lets_the_run_go_on(kernel) -> None:
    break_at(kernel, "op:Mul")
    assert kernel.debug(CELL).stack[0] == ("MulBackward0", MUL_Z)
    kernel.detach()
    try:
        assert kernel.next() is None
        assert kernel.printed.endswith(RIGHT)
        assert kernel.value("len(Person.prompts)") == 1  # the second stop
    finally:
        kernel.attach()
    stop = kernel.debug(CELL)
    assert stop.stack == [("MulBackward0", MUL_Z), ("<module>", LEAF)]
    assert stop.go("continue").go("continue") is None


# ------------------------------------------------------------------ beside other front ends


def test_others_are_told_who_holds_the_stop(kernel) -> None:
    break_at(kernel, "op:Mul once")
    stop = kernel.debug(CELL)
    assert "JupyterLab's own debugger" in stop.evaluate("Person.states[-1]['held']")
    assert stop.evaluate("Person.states[-1]['status'], visual.holds") == "('paused', True)"
    assert stop.go("continue") is None
    assert kernel.value("Person.states[-1]") == {"event": "running", "status": "running"}
    assert kernel.value("visual.holds") is False


def test_a_script_answers_first(kernel) -> None:
    session = "with debugger().session(['op:Mul'], script='continue; continue'): z.sum()"
    assert kernel.debug(CELL.replace("z.sum()", session)) is None
    assert kernel.printed.endswith(RIGHT)


def test_uninstalled(kernel) -> None:
    break_at(kernel, "op:Mul once")
    kernel.run("visual.uninstall()")
    try:
        assert kernel.debug(CELL) is None
        assert kernel.printed.endswith(RIGHT)
        assert kernel.value("len(Person.prompts)") == 1
    finally:
        kernel.run("visual.install()")
