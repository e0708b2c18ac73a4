"""What `why` says of exceptions: which node, which line, which values."""

import traceback

import pytest

import autograd_core as ag
from autograd_core import nn
from autograd_core.debug.why import watch, why
from autograd_core.nn import functional as F


def leaf(*values, **options):
    return ag.tensor(list(values), requires_grad=True, **options)


def caught(run):
    """The exception that a program ends with."""
    try:
        run()
    except Exception as error:
        return error
    raise AssertionError("the program ran to its end")


# ------------------------------------------------------------------ in place


def test_a_saved_value_was_written():
    def program():
        w = leaf(1.0, 2.0)
        h = w * 2
        loss = (h * h).sum()
        h.add_(1)
        loss.backward()

    found = why(caught(program))
    assert found.cause == "inplace_modified"
    assert found.location.text == "h.add_(1)"
    assert [n.op for n in found.nodes] == ["add_", "MulBackward0"]
    assert found.nodes[1].location.text == "loss = (h * h).sum()"


def test_an_output_was_written():
    def program():
        h = leaf(1.0, 2.0).exp()
        loss = h.sum()
        h.mul_(2)
        loss.backward()
        h.sum().backward()

    found = why(caught(program))
    assert found.cause == "inplace_modified"
    assert found.location.text == "h.mul_(2)"
    assert found.nodes[1].op == "ExpBackward0"


def test_a_layer_that_writes_into_what_was_saved():
    class Net(nn.Module):
        def forward(self, x):
            h = (x * 2).sigmoid()
            y = h * 3
            h += 1
            return (y * h).sum()

    net = Net()
    error = caught(lambda: net(leaf(1.0, 2.0)).backward())
    found = why(error)
    assert found.cause == "inplace_modified"
    assert found.location.text == "h += 1"


def test_a_leaf_would_be_written():
    w = leaf(1.0, 2.0)
    found = why(caught(lambda: w.add_(1)))
    assert found.cause == "leaf_modified"
    assert "into w, a leaf" in found.message
    assert "no_grad" in found.remedy
    part = w[:1]
    found = why(caught(lambda: part.mul_(2)))
    assert found.cause == "leaf_modified"
    assert "part and so into w" in found.message


def test_a_view_that_cannot_be_written():
    def program():
        parts = (leaf(1.0, 2.0) * 1).unbind(0)
        parts[0].mul_(2)

    found = why(caught(program))
    assert found.cause == "view_modified"
    assert found.location.text == "parts[0].mul_(2)"
    assert found.nodes[1].location.text == "parts = (leaf(1.0, 2.0) * 1).unbind(0)"


# ------------------------------------------------------------------ freed graphs


def test_backward_twice():
    def program():
        w = leaf(1.0, 2.0)
        loss = (w.exp() * w).sum()
        loss.backward()
        loss.backward()

    found = why(caught(program))
    assert found.cause == "graph_freed"
    assert found.sure
    assert {n.op for n in found.nodes} == {"MulBackward0", "ExpBackward0"}
    assert found.location.text == "loss.backward()"


def test_backward_twice_where_the_last_op_saves_nothing():
    def program():
        loss = leaf(1.0, 2.0).exp().sum()
        loss.backward()
        loss.backward()

    assert why(caught(program)).cause == "graph_freed"


def test_computed_once_outside_the_loop():
    def program():
        w = leaf(1.0, 2.0)
        scale = w.exp()
        for x in (leaf(1.0, 1.0), leaf(2.0, 2.0)):
            loss = (scale * x).tanh().sum()
            loss.backward()

    found = why(caught(program))
    assert found.cause == "graph_from_earlier_iteration"
    assert found.location.text == "scale = w.exp()"
    assert found.sure
    assert "move that line into the loop" in found.remedy


def test_computed_once_where_only_ops_that_save_nothing_are_new():
    def program():
        scale = leaf(1.0, 2.0).exp()
        for _ in range(2):
            scale.sum().backward()

    found = why(caught(program))
    assert found.cause == "graph_from_earlier_iteration"
    assert found.location.text == "scale = leaf(1.0, 2.0).exp()"


def test_state_carried_from_one_iteration_to_the_next():
    def program():
        w = leaf(0.5, 0.5)
        h = ag.ones(2)
        for _ in range(2):
            h = (h * w).tanh()
            loss = (h * h).sum()
            loss.backward()

    found = why(caught(program))
    assert found.cause == "graph_from_earlier_iteration"
    assert found.location.text == "h = (h * w).tanh()"
    assert found.sure
    assert "detach()" in found.remedy


def test_state_carried_by_a_module():
    class Cell(nn.Module):
        def __init__(self):
            super().__init__()
            self.inner = nn.Linear(2, 2)

        def forward(self, h):
            return self.inner(h).tanh()

    def program():
        cell, h = Cell(), ag.ones(1, 2)
        for _ in range(3):
            h = cell(h)
            h.square().sum().backward()

    found = why(caught(program))
    assert found.cause == "graph_from_earlier_iteration"
    assert found.location.text == "return self.inner(h).tanh()"


def test_two_losses_of_one_iteration_share_a_part():
    def program():
        for x in (leaf(1.0, 2.0), leaf(3.0, 4.0)):
            hidden = (x * x).tanh()
            one = hidden.sum()
            two = (hidden * 2).sin().sum()
            one.backward()
            two.backward()

    found = why(caught(program))
    assert found.cause == "graph_freed"
    assert found.sure
    assert found.location.text == "hidden = (x * x).tanh()"
    assert "retain_graph=True" in found.remedy


def test_a_watch_tells_iterations_apart():
    def make(x):
        return (x * x).tanh()

    def program():
        hidden = make(leaf(1.0, 2.0))
        for _ in range(2):
            step(hidden)

    def step(hidden):
        (hidden * 2).sin().sum().backward()

    found = why(caught(program))
    assert (found.cause, found.sure) == ("graph_from_earlier_iteration", False)
    with watch():
        found = why(caught(program))
    assert (found.cause, found.sure) == ("graph_from_earlier_iteration", True)
    assert found.location.text == "return (x * x).tanh()"


def test_saved_values_asked_for_after_backward():
    loss = leaf(1.0, 2.0).exp().sum()
    node = loss.grad_fn.next_functions[0][0]
    loss.backward()
    found = why(caught(lambda: node._saved_result))
    assert found.cause == "graph_freed"


# ------------------------------------------------------------------ anomaly mode


def test_anomaly_mode_gives_node_and_values():
    def program():
        x = leaf(4.0, 0.0)
        y = x.sqrt()
        with ag.autograd.detect_anomaly():
            y.sum().backward(retain_graph=True)

    found = why(caught(program))
    assert found.cause == "inf_origin"
    assert found.location.text == "y = x.sqrt()"
    assert "gradient 1, result 0" in found.message
    assert "eps" in found.remedy


# ------------------------------------------------------------------ no graph, unused


def test_a_loss_under_no_grad_is_read_from_the_source():
    def program():
        w = leaf(1.0, 2.0)
        with ag.no_grad():
            out = w * 2
        loss = out.sum()
        loss.backward()

    found = why(caught(program))
    assert (found.cause, found.sure) == ("no_grad", False)
    assert found.location.text == "out = w * 2"
    with watch():
        found = why(caught(program))
    assert (found.cause, found.sure) == ("no_grad", True)
    assert found.location.text == "out = w * 2"


def test_an_input_that_was_not_used():
    def program():
        v, w = leaf(1.0), leaf(2.0)
        ag.autograd.grad((v * w.detach()).sum(), [v, w])

    found = why(caught(program))
    assert found.cause == "unreached"
    assert found.nodes[0].name == "w"
    assert "it leads to v" in found.message
    with watch():
        found = why(caught(program))
    assert found.cause == "detached"
    assert found.location.text == "ag.autograd.grad((v * w.detach()).sum(), [v, w])"


def test_the_gradient_of_what_needs_none():
    data = ag.ones(2)
    found = why(caught(lambda: ag.autograd.grad(leaf(1.0, 2.0).sum(), data)))
    assert found.cause == "requires_grad_false"
    assert found.nodes[0].name == "data"


def test_backward_of_what_is_no_scalar():
    y = leaf(1.0, 2.0) * 2
    found = why(caught(y.backward))
    assert found.cause == "not_scalar"
    assert found.nodes[0].name == "y"
    assert why(caught(lambda: y.backward(ag.ones(3)))).cause == "gradient_mismatch"


# ------------------------------------------------------------------ custom functions


class WrongShape(ag.autograd.Function):
    @staticmethod
    def forward(ctx, x):
        return x * 2

    @staticmethod
    def backward(ctx, g):
        return ag.ones(7)


class WrongCount(ag.autograd.Function):
    @staticmethod
    def forward(ctx, x, factor):
        return x * factor

    @staticmethod
    def backward(ctx, g):
        return g


def test_custom_functions_that_return_what_does_not_fit():
    x = leaf(1.0, 2.0)
    found = why(caught(lambda: WrongShape.apply(x).sum().backward()))
    assert found.cause == "custom_shape"
    assert "shape [7] for input 0, whose shape is [2]" in found.message
    assert found.location.text == "def backward(ctx, g):"
    assert found.nodes[1].op == "WrongShapeBackward"
    found = why(caught(lambda: WrongCount.apply(x, 2.0).sum().backward()))
    assert found.cause == "custom_shape"
    assert "1 gradients where forward took 2 arguments" in found.message


# ------------------------------------------------------------------ anything else


def test_an_exception_in_a_hook():
    def hook(grad):
        raise ValueError("I am a hook")

    def program():
        h = leaf(1.0) * 2
        h.register_hook(hook)
        h.sum().backward()

    found = why(caught(program))
    assert found.cause == "backward_failed"
    assert "I am a hook" in found.message
    assert found.location.text == 'raise ValueError("I am a hook")'
    assert found.nodes[0].op == "MulBackward0"
    assert found.nodes[0].location.text == "h = leaf(1.0) * 2"


def test_exceptions_that_have_nothing_to_do_with_autograd():
    found = why(caught(lambda: 1 / 0))
    assert found.cause == "error"
    assert "ZeroDivisionError" in found.message


def test_the_autograd_error_behind_another_one():
    def program():
        loss = leaf(1.0).exp().sum()
        loss.backward()
        try:
            loss.backward()
        except RuntimeError as error:
            raise ValueError("training failed") from error

    assert why(caught(program)).cause == "graph_freed"


def test_frames_that_were_cleared_leave_the_cause():
    def program():
        loss = leaf(1.0).exp().sum()
        loss.backward()
        loss.backward()

    error = caught(program)
    traceback.clear_frames(error.__traceback__)
    assert why(error).cause == "graph_freed"
    bare = caught(program).with_traceback(None)
    found = why(bare)
    assert found.cause == "graph_freed"
    assert "frames" in found.unknown


def test_shape_errors_name_the_line():
    x = leaf(1.0, 2.0)
    found = why(caught(lambda: F.linear(x, ag.ones(3, 3))))
    assert found.cause == "error"
    assert "F.linear" in found.location.text


@pytest.mark.parametrize("what", [3, object(), open])
def test_what_has_no_cause(what):
    with pytest.raises(TypeError, match="why\\(\\) can't say anything about"):
        why(what)
