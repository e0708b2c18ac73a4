"""What `why` says of tensors: their values, their gradients, their graphs."""

import numpy as np
import pytest

import autograd_core as ag
from autograd_core import debug, nn, optim
from autograd_core.debug.why import why
from autograd_core.nn import functional as F


def leaf(*values, **options):
    return ag.tensor(list(values), requires_grad=True, **options)


class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.hidden = nn.Linear(3, 8)
        self.out = nn.Linear(8, 2)
        self.spare = nn.Linear(2, 2)

    def forward(self, x):
        return self.out(F.relu(self.hidden(x)))


def batch():
    rng = np.random.default_rng(0)
    return ag.tensor(rng.standard_normal((16, 3)).astype(np.float32))


# ------------------------------------------------------------------ NaN and Inf in values


def test_log_of_zero():
    x = leaf(4.0, 0.0, 1.0)
    y = x.log()
    loss = (y * 2).sum()
    found = why(loss)
    assert found.cause == "inf_origin"
    assert found.location.text == "y = x.log()"
    assert "log made Inf in 1 of 3 elements, the first at index (1,)" in found.message
    assert "input 0" in found.message
    assert not found.unknown


def test_zero_by_zero_with_data_that_needs_no_gradient():
    a, b = leaf(1.0, 0.0), ag.tensor([2.0, 0.0])
    loss = ((a / b) * 3).sum()
    found = why(loss)
    assert found.cause == "nan_origin"
    assert found.nodes[0].op == "DivBackward0"
    assert "input 0, other 0" in found.message


def test_inf_that_becomes_nan():
    x = leaf(0.0, 1.0)
    y = x.log()
    z = y * ag.tensor([0.0, 1.0])
    loss = z.sum()
    found = why(loss)
    assert found.cause == "inf_origin"
    assert found.location.text == "y = x.log()"
    assert [n.op for n in found.nodes] == ["LogBackward0", "MulBackward0"]
    assert "It became NaN in mul" in found.message


def test_an_origin_whose_inputs_were_not_kept_is_not_called_certain():
    x = leaf(1.0, 2.0)
    loss = (x + 1000.0).exp().sum()
    found = why(loss)
    assert found.cause == "inf_origin"
    assert found.nodes[0].op == "ExpBackward0"
    assert "add" in found.unknown
    assert "watch" in found.unknown


def test_nan_in_the_data():
    w = leaf(1.0, 2.0)
    data = ag.tensor([1.0, float("nan")])
    found = why((w * data).sum())
    assert found.cause == "nan_origin"
    assert "mul was given NaN or Inf from outside the graph (its other)" in found.message
    assert why(data).cause == "nan_origin"


def test_nan_in_a_parameter():
    w = leaf(1.0, float("nan"))
    found = why((w * ag.tensor([1.0, 1.0])).sum())
    assert found.cause == "nan_origin"
    assert found.nodes[0].name == "w"
    assert "itself" in found.message


def test_a_mask_of_minus_infinity_is_not_blamed_for_what_comes_later():
    scores = leaf(1.0, 2.0, 3.0)
    hidden = scores.masked_fill(ag.tensor([False, True, False]), float("-inf"))
    y = hidden.softmax(0)
    z = y.log()
    found = why((z * y).sum())
    assert found.location.text == "z = y.log()"


@pytest.mark.parametrize("dtype", ["float16", "bfloat16", "float64"])
def test_other_float_types(dtype):
    x = leaf(0.0, 1.0, dtype=getattr(ag, dtype))
    assert why(x.log().sum()).cause == "inf_origin"


def test_finite_losses_raise_no_alarm():
    x = leaf(4.0, 1.0)
    assert not why((x.log() * 2).sum())
    model = Net()
    assert why(model(batch()).square().mean()).cause == "nothing_found"


# ------------------------------------------------------------------ gradients


def test_no_gradient_yet_and_then_one():
    model = Net()
    loss = model(batch()).sum()
    found = why(model.hidden.weight, loss=loss, model=model)
    assert found.cause == "backward_not_run"
    loss.backward()
    assert not why(model.hidden.weight, loss=loss, model=model)


def test_a_gradient_nobody_saw_is_left_open():
    w = leaf(1.0)
    found = why(w)
    assert found.cause == "no_gradient"
    assert "loss=" in found.unknown
    assert found.nodes[0].name == "w"


def test_parameters_that_the_loss_does_not_reach():
    model = Net()
    loss = model(batch()).sum()
    loss.backward()
    found = why("spare.weight", model=model, loss=loss)
    assert found.cause == "unreached"
    assert "hidden.weight" in found.message
    whole = why(loss, model=model)
    assert whole.cause == "unreached"
    assert {"spare.weight", "spare.bias"} <= {n.name for n in whole.nodes}
    del model.spare
    assert not why(loss, model=model)


def test_a_name_is_found_through_the_variable_of_its_model():
    net = Net()
    net(batch()).sum().backward()
    assert why("net.spare.bias").cause == "no_gradient"
    assert not why("net.out.bias")
    with pytest.raises(LookupError, match=r"did you mean 'net\.out\.bias'"):
        why("net.out.bais")
    with pytest.raises(LookupError, match="the model has no parameter called 'nothing'"):
        why("nothing", model=net)


def test_frozen():
    model = Net()
    model.hidden.requires_grad_(False)
    model(batch()).sum().backward()
    assert why("hidden.weight", model=model).cause == "requires_grad_false"
    assert not why("out.weight", model=model)


def test_the_gradient_of_a_result():
    w = leaf(1.0, 2.0)
    with debug.trace() as t:
        h = w * 2
        (h * h).sum().backward()
    found = why(h)
    assert found.cause == "non_leaf"
    assert found.location.text == "h = w * 2"
    assert "h.retain_grad()" in found.remedy
    assert "norm" not in found.message
    assert f"norm {np.sqrt(16 + 64):.3g}" in why(h, trace=t).message


def test_a_gradient_that_was_kept_raises_no_alarm():
    w = leaf(1.0, 2.0)
    h = w * 2
    h.retain_grad()
    (h * h).sum().backward()
    assert not why(h)


def test_bad_gradients_without_a_witness():
    x = leaf(4.0, 0.0)
    x.sqrt().sum().backward()
    found = why(x)
    assert found.cause == "inf_origin"
    assert not found.sure
    assert "index (1,)" in found.message


def test_bad_gradients_because_the_parameter_is_bad():
    w = leaf(1.0, float("nan"))
    (w * w).sum().backward()
    found = why(w)
    assert found.cause == "nan_origin"
    assert "w itself" in found.message


def test_zero_gradients():
    x = leaf(1.0, 2.0)
    (x * 0.0).sum().backward()
    found = why(x)
    assert found.cause == "zero_gradient"
    assert "trace" in found.unknown


# ------------------------------------------------------------------ added up


def train(model, steps, zero):
    optimizer = optim.SGD(model.parameters(), lr=0.01)
    for _ in range(steps):
        zero(optimizer)
        loss = model(batch()).square().mean()
        loss.backward()
        optimizer.step()
    return optimizer


def bare():
    return nn.Sequential(nn.Linear(3, 4), nn.Tanh(), nn.Linear(4, 1))


def test_gradients_that_are_never_zeroed():
    model = bare()
    optimizer = train(model, 3, lambda optimizer: None)
    found = why(model)
    assert found.cause == "grad_not_zeroed"
    assert found.sure
    assert found.location.text == "loss.backward()"
    assert "4 of 4 parameters" in found.message
    assert why(optimizer, model=model).cause == "grad_not_zeroed"
    assert why("0.weight", model=model).cause == "grad_not_zeroed"


@pytest.mark.parametrize(
    "zero",
    [
        lambda optimizer: optimizer.zero_grad(),
        lambda optimizer: optimizer.zero_grad(set_to_none=False),
        lambda optimizer: [p.grad.zero_() for g in optimizer.param_groups for p in g["params"]
                           if p.grad is not None],
    ],
)  # fmt: skip
def test_zeroed_gradients_raise_no_alarm(zero):
    model = bare()
    optimizer = train(model, 3, zero)
    assert not why(model)
    assert not why(optimizer)


def test_a_gradient_that_the_user_made_is_not_called_certain():
    w = leaf(1.0)
    w.grad = ag.zeros(1)
    (w * 2).sum().backward()
    found = why(w)
    assert not found.sure


def test_a_trace_tells_sums_from_single_gradients():
    w = leaf(1.0, 2.0)
    with debug.trace() as t:
        for _ in range(2):
            (w * w).sum().backward()
    found = why(w, trace=t)
    assert (found.cause, found.sure) == ("grad_not_zeroed", True)
    assert "since iteration 0" in found.message


def test_clipping_between_two_backwards_does_not_hide_them():
    w = leaf(3.0, 4.0)
    for _ in range(2):
        (w * w).sum().backward()
        nn.utils.clip_grad_norm_([w], 1.0)
    (w * w).sum().backward()
    assert why(w).cause == "grad_not_zeroed"


def test_zero_grad_after_backward_is_seen_in_a_trace():
    model = bare()
    with debug.trace() as t:
        optimizer = train(model, 2, lambda optimizer: optimizer.zero_grad())
    assert not why(model, trace=t)
    optimizer.zero_grad()
    found = why("0.weight", model=model, trace=t)
    assert found.cause == "cleared"
    assert "iteration 1" in found.message
    optimizer.zero_grad(set_to_none=False)
    assert why("0.weight", model=model, trace=t).cause == "cleared"


def test_an_optimizer_of_another_model():
    model, other = bare(), bare()
    optimizer = optim.SGD(other.parameters(), lr=0.1)
    model(batch()).mean().backward()
    found = why("0.weight", model=model, optimizer=optimizer)
    assert found.cause == "not_in_optimizer"
    assert "1 other tensor of that shape" in found.message
    held = optim.SGD(model.parameters(), lr=0.1)
    assert not why("0.weight", model=model, optimizer=held)


# ------------------------------------------------------------------ graphs


def test_a_value_that_was_written_is_found_before_backward():
    w = leaf(1.0, 2.0)
    h = w * 2
    loss = (h * h).sum()
    h.add_(1)
    found = why(loss)
    assert found.cause == "inplace_modified"
    assert found.location.text == "h.add_(1)"
    assert "h of shape [2]" in found.message
    assert found.nodes[1].location.text == "loss = (h * h).sum()"


def test_writes_that_do_no_harm_raise_no_alarm():
    w = leaf(1.0, 2.0)
    h = w * 2
    h.add_(1)
    loss = (h * h).sum()
    assert not why(loss)
    total = (w + 1).sum()
    total.mul_(2)
    assert not why(total)


def test_a_graph_of_which_half_was_freed_is_found_before_backward():
    w = leaf(1.0, 2.0)
    shared = (w * w).tanh()
    one, two = shared.sum(), (shared * 2).exp().sum()
    one.backward()
    found = why(two)
    assert found.cause == "graph_from_earlier_iteration"
    assert not found.sure
    assert "two losses share it" in found.remedy
    assert found.location.text == "shared = (w * w).tanh()"


def test_a_graph_that_backward_went_through_raises_no_alarm():
    model = Net()
    del model.spare
    loss = model(batch()).square().mean()
    loss.backward()
    found = why(loss, model=model)
    assert not found
    assert "backward has run" in found.message


def test_a_backward_that_went_through_a_part_only_raises_no_alarm():
    w, x = leaf(1.0, 2.0), leaf(3.0, 4.0)
    loss = (w.exp() * x.exp()).sum()
    ag.autograd.grad(loss, w)
    assert not why(loss)


def test_shapes_broadcast_by_accident():
    model = nn.Linear(3, 1)
    target = ag.zeros(16)
    diff = model(batch()) - target
    found = why(diff.square().mean())
    assert found.cause == "broadcast_blowup"
    assert found.location.text == "diff = model(batch()) - target"
    assert "(16, 1) and (16,) to (16, 16): 256 elements where 16 would do" in found.message
    with pytest.warns(UserWarning, match="broadcasting"):
        loss = F.mse_loss(model(batch()), target)
    assert why(loss).cause == "broadcast_blowup"


def test_broadcasting_that_is_meant_raises_no_alarm():
    model = nn.Linear(3, 1)
    out = model(batch())
    column = out.squeeze(-1)
    assert not why((column - ag.zeros(16)).square().mean())
    assert not why((column[:, None] - column[None, :]).square().sum())
    assert not why((out * ag.ones(16, 4)).sum())
    assert not why((out.expand(16, 16) * ag.ones(16, 16)).sum())
    assert not why(nn.LayerNorm(3)(leaf(1.0, 2.0, 3.0)).sum())


def test_a_gradient_with_a_graph_that_leads_back():
    w = leaf(1.0, 2.0)
    (w**3).sum().backward(create_graph=True)
    assert why(w).cause == "create_graph_cycle"
    w.grad = None
    (g,) = ag.autograd.grad((w**3).sum(), w, create_graph=True)
    g.sum().backward()
    assert not why(w)


# ------------------------------------------------------------------ nodes


def test_nodes_of_a_graph():
    w = leaf(1.0, 2.0)
    h = w * 2
    loss = (h * h).sum()
    node = loss.grad_fn.next_functions[0][0]
    assert not why(node)
    loss.backward()
    found = why(node)
    assert found.cause == "graph_freed"
    assert found.nodes[0].op == "MulBackward0"


def test_a_stale_view_is_explained_instead_of_raised():
    w = leaf(1.0, 2.0)
    base = w * 1
    first, _ = base.unbind(0)
    base.mul_(2)
    found = why(first)
    assert found.cause == "view_modified"
