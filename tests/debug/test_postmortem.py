"""The prompt after an exception: at the failing node, at the forward's line, or not at all."""

import sys

import pytest

import autograd_core as ag
from autograd_core.debug.prompt.postmortem import find, post_mortem
from autograd_core.debug.stepping.debugger import debugger
from autograd_core.debug.stepping.front import Front


def raised(function) -> BaseException:
    """Give the exception that a function raises."""
    with pytest.raises(Exception) as caught:
        function()
    return caught.value


class Broken(ag.autograd.Function):
    """Twice the input; its backward raises."""

    @staticmethod
    def forward(ctx, x):
        ctx.save_for_backward(x)
        return x * 2

    @staticmethod
    def backward(ctx, grad):
        only_here = 17
        raise RuntimeError(f"broken on purpose, {only_here}")


def fails_in_a_custom_backward() -> None:
    x = ag.ones(2, requires_grad=True)
    y = x * 3
    Broken.apply(y).sum().backward()


def fails_in_a_hook() -> None:
    x = ag.ones(2, requires_grad=True)
    y = x * 3
    y.register_hook(lambda grad: 1 / 0)
    y.sum().backward()


def fails_because_it_was_freed() -> None:
    x = ag.ones(2, requires_grad=True)
    y = (x * x).sum()
    y.backward()
    y.backward()


def fails_in_anomaly_mode() -> None:
    x = ag.tensor([0.0, 1.0], requires_grad=True)
    with ag.autograd.detect_anomaly():
        (x.sqrt() * ag.tensor([0.0, 1.0])).sum().backward()


def fails_in_forward() -> None:
    left = ag.ones(2, 3)
    right = ag.ones(4, 5, requires_grad=True)
    left @ right


def fails_before_an_op() -> None:
    ag.ones(2, requires_grad=True).reshape(7)


# ------------------------------------------------------------------ what is found


@pytest.mark.parametrize("debugged", [False, True])
@pytest.mark.parametrize(
    ("function", "node", "line"),
    [
        (fails_in_a_custom_backward, "BrokenBackward", "Broken.apply(y).sum().backward()"),
        (fails_in_a_hook, "MulBackward0", "y = x * 3"),
        (fails_because_it_was_freed, "MulBackward0", "y = (x * x).sum()"),
        (fails_in_anomaly_mode, "SqrtBackward0", "(x.sqrt() * ag.tensor"),
    ],
)
def test_the_failing_node(function, node: str, line: str, debugged: bool) -> None:
    with debugger().session(["iter:99"] if debugged else []):
        error = raised(function)
    failure = find(error, debugger())
    assert (failure.phase, failure.node.name()) == ("backward", node)
    assert failure.location.text.startswith(line)
    assert [g.tolist() for g in failure.tensors()] == (
        [[0.0, 1.0]] if function is fails_in_anomaly_mode else [[1.0, 1.0]]
    )
    assert failure.above[-1][0].f_code.co_name == function.__name__
    assert failure.state()["error"].startswith(type(error).__name__)


@pytest.mark.parametrize("create_graph", [False, True])
@pytest.mark.parametrize("retain_graph", [False, True])
def test_every_road_through_the_engine(create_graph: bool, retain_graph: bool) -> None:
    x = ag.ones(2, requires_grad=True)
    y = Broken.apply(x).exp()
    error = raised(
        lambda: ag.autograd.grad(y.sum(), x, create_graph=create_graph, retain_graph=retain_graph)
    )
    failure = find(error, debugger())
    assert failure.node.name() == "BrokenBackward"
    assert ag.allclose(failure.tensors()[0], (x.detach() * 2).exp())


def test_the_innermost_of_nested_runs() -> None:
    x = ag.ones(2, requires_grad=True)
    y = x.exp()

    def hook(grad: ag.Tensor) -> None:
        with ag.enable_grad():
            fails_in_a_custom_backward()

    y.register_hook(hook)
    failure = find(raised(y.sum().backward), debugger())
    assert failure.node.name() == "BrokenBackward"


def test_the_anomalous_results_are_shown() -> None:
    failure = find(raised(fails_in_anomaly_mode), debugger())
    (result,) = failure.results
    assert [str(v) for v in result] == ["nan", "0.5"]


def test_a_failing_forward() -> None:
    failure = find(raised(fails_in_forward), debugger())
    assert (failure.phase, failure.node, failure.moment.op) == ("forward", None, "mm")
    assert [tuple(x.shape) for x in failure.inputs] == [(2, 3), (4, 5)]
    assert failure.location.text == "left @ right"
    failure = find(raised(fails_before_an_op), debugger())
    assert (failure.moment.op, failure.inputs) == ("forward", ())
    assert failure.location.text == "ag.ones(2, requires_grad=True).reshape(7)"


def test_an_exception_that_another_one_wraps() -> None:
    def wrapped() -> None:
        try:
            fails_in_a_custom_backward()
        except RuntimeError as error:
            raise KeyError("training failed") from error

    failure = find(raised(wrapped), debugger())
    assert failure.node.name() == "BrokenBackward"
    assert failure.reason == "KeyError: 'training failed'"


# ------------------------------------------------------------------ the prompt


def talk(function, script: str, capsys) -> str:
    """What the prompt says to some commands after a function has failed."""
    post_mortem(raised(function), script)
    return capsys.readouterr().out


def test_looking_around_at_a_node(capsys) -> None:
    said = talk(
        fails_in_a_custom_backward,
        "node; saved; p grad.tolist(), x.shape; up; p y.tolist(); here; down; p only_here",
        capsys,
    )
    assert "Failed in BrokenBackward · RuntimeError: broken on purpose, 17\n" in said
    assert "Broken.apply(y).sum().backward()" in said
    assert "feeds     MulBackward0" in said
    assert "saved_tensors[0]  (2,) float32" in said
    assert "([1.0, 1.0], torch.Size([2]))" in said
    assert "(Autograd) p y.tolist()\n[3.0, 3.0]\n" in said
    assert "(Autograd) p only_here\n17\n" in said
    assert debugger().paused is None
    assert sys.gettrace() is None


def test_looking_around_at_an_op(capsys) -> None:
    said = talk(fails_in_forward, "p inputs[1].shape, left.tolist()[0]; forward; w", capsys)
    assert "Failed in mm · ShapeError: mat1 and mat2 shapes cannot be multiplied" in said
    assert "input 1   (4, 5) float32" in said
    assert "(torch.Size([4, 5]), [1.0, 1.0, 1.0])" in said
    assert "left @ right" in said
    assert "> failed in mm (" in said


def test_why_speaks_of_the_exception(capsys) -> None:
    assert "graph_freed" in talk(fails_because_it_was_freed, "why", capsys)


@pytest.mark.parametrize(
    "command", ["over", "over 2", "into", "out", "until nan", "back", "edit 1", "replay", "next"]
)
def test_it_cannot_go_on(command: str, capsys) -> None:
    said = talk(fails_in_a_custom_backward, f"{command}; p 'still here'", capsys)
    assert "*** the run failed, so" in said
    assert "'still here'" in said


def test_afterwards_everything_works(capsys) -> None:
    talk(fails_in_a_hook, "(ag.ones(2, requires_grad=True) * 2).sum().backward(); q", capsys)
    x = ag.ones(2, requires_grad=True)
    (x * x).sum().backward()
    assert x.grad.tolist() == [2.0, 2.0]


def test_the_last_exception_is_taken(capsys, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "last_value", raised(fails_in_forward), raising=False)
    post_mortem(script="q")
    assert "Failed in mm" in capsys.readouterr().out


# ------------------------------------------------------------------ not at all


def test_nothing_of_ours_failed(monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(ValueError, match="ZeroDivisionError did not come from an operation"):
        post_mortem(raised(lambda: 1 / 0), "q")
    monkeypatch.setattr(sys, "last_value", None, raising=False)
    with pytest.raises(ValueError, match="no exception was raised yet"):
        post_mortem()


def test_a_stop_is_no_failure() -> None:
    x = ag.ones(2, requires_grad=True)
    with debugger().session(script="stop"):
        error = raised((x * x).sum().backward)
    with pytest.raises(ValueError, match="was stopped at the prompt; it did not fail"):
        post_mortem(error, "q")


def test_nobody_can_be_asked(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(debugger(), "front", Front())
    with pytest.raises(ValueError, match=r"nobody can be asked \(nobody is there to ask\); give"):
        post_mortem(raised(fails_in_forward))
