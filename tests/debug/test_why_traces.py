"""What `why` says of a recorded run and its nodes."""

import numpy as np
import pytest

import autograd_core as ag
from autograd_core import debug, nn, optim
from autograd_core.debug.why import watch, why
from autograd_core.debug.why.changed import graph_changed
from autograd_core.nn import functional as F


def leaf(*values, **options):
    return ag.tensor(list(values), requires_grad=True, **options)


class Deep(nn.Module):
    """Equal layers, whose weights are scaled from what keeps the gradient's norm about equal."""

    def __init__(self, activation, layers=10, scale=1.0, width=32):
        super().__init__()
        blocks = []
        for i in range(layers):
            blocks += [nn.Linear(8 if i == 0 else width, width), activation()]
        self.body = nn.Sequential(*blocks, nn.Linear(width, 4))
        with ag.no_grad():
            for module in self.body:
                if isinstance(module, nn.Linear):
                    module.weight.mul_(scale)

    def forward(self, x):
        return self.body(x)


def batch(count=64):
    rng = np.random.default_rng(0)
    x = rng.standard_normal((count, 8)).astype(np.float32)
    return ag.tensor(x), ag.tensor(rng.integers(0, 4, count))


def trained(model, steps=3, count=64, lr=0.01):
    x, y = batch(count)
    optimizer = optim.SGD(model.parameters(), lr=lr)
    with debug.trace() as t:
        for _ in range(steps):
            optimizer.zero_grad()
            F.cross_entropy(model(x), y).backward()
            optimizer.step()
    return t


@pytest.fixture(autouse=True)
def same_weights():
    ag.manual_seed(0)


# ------------------------------------------------------------------ NaN and Inf


def test_the_first_nan_in_backward():
    x = leaf(4.0, 0.0)
    with debug.trace() as t:
        y = x.sqrt()
        loss = (y * 0.0).sum()
        loss.backward()
    found = why(t)
    assert found.cause == "nan_origin"
    assert found.location.text == "y = x.sqrt()"
    assert found.nodes[0].op == "SqrtBackward0"
    assert found.nodes[0].row == t.find(op="Sqrt")[0].id
    assert found.nodes[1].name == "x"
    assert "finite (norm 0)" in found.message
    assert "watch" in found.unknown
    assert why(x, trace=t).location == found.location
    assert why(t.find(name="x")[0]).location == found.location


def test_the_first_iteration_that_went_wrong():
    w = leaf(2.0)
    with debug.trace() as t:
        for shift in (1.0, 2.0, 3.0):
            w.grad = None
            (w - shift).sqrt().sum().backward()
    found = why(t)
    assert found.cause == "inf_origin"
    assert t.nodes[found.nodes[0].row].iteration == 1


def test_several_nodes_that_share_an_input():
    x = leaf(0.0)
    with debug.trace() as t:
        y = x * 1.0
        (y.sqrt() + y.exp()).sum().backward()
    found = why(t)
    assert found.cause == "inf_origin"
    assert not found.sure
    assert {n.op for n in found.nodes[:-1]} == {"SqrtBackward0", "ExpBackward0"}
    assert "Which of them" in found.unknown


def test_a_backward_that_was_started_with_nan():
    x = leaf(1.0, 2.0)
    with debug.trace() as t:
        (x * 2).backward(ag.tensor([1.0, float("nan")]))
    found = why(t)
    assert found.cause == "nan_origin"
    assert "was started with" in found.message
    with watch():
        (x * 2).backward(ag.tensor([1.0, float("nan")]))
    assert "was started with" in why(x).message


def test_watched_origins_have_values():
    x = leaf(4.0, 0.0)
    with watch():
        y = x.sqrt()
        (y * 0.0).sum().backward()
    found = why(x)
    assert found.cause == "nan_origin"
    assert found.location.text == "y = x.sqrt()"
    assert "gradient 0, result 0" in found.message
    assert not found.unknown


def test_a_watched_nan_of_the_forward_is_not_put_on_backward():
    x = leaf(1.0, 0.0)
    with watch():
        y = x.log()
        z = y * y
        loss = z.sum()
        loss.backward()
    for asked in (loss, x):
        found = why(asked)
        assert found.cause == "inf_origin"
        assert found.location.text == "y = x.log()"
        assert "input 0" in found.message


def test_a_watched_bad_parameter_is_named():
    net = nn.Linear(2, 2)
    with ag.no_grad():
        net.weight[0, 0] = float("nan")
    with watch():
        loss = net(ag.ones(1, 2)).sum()
    found = why(loss, model=net)
    assert found.cause == "nan_origin"
    assert "weight" in found.message


def test_values_outside_the_graph_are_watched_too():
    with watch():
        data = ag.tensor([0.0, 1.0])
        logs = data.log()
        loss = (logs * leaf(1.0, 1.0)).sum()
    found = why(loss)
    assert found.cause == "inf_origin"
    assert found.location.text == "logs = data.log()"


def test_a_finite_run_raises_no_alarm():
    t = trained(Deep(nn.ReLU, 2))
    assert not why(t)
    assert not why(t.find(op="Addmm")[0])
    assert "nothing stands out" in why(t).message


def test_a_trace_without_statistics_says_so():
    x = leaf(0.0)
    with debug.trace(stats="off") as t:
        x.sqrt().sum().backward()
    found = why(t)
    assert not found
    assert "stats='full'" in found.unknown


# ------------------------------------------------------------------ vanishing, exploding


def test_vanishing():
    t = trained(Deep(nn.Sigmoid))
    found = why(t)
    assert found.cause == "vanishing"
    assert "falls from" in found.message
    assert "net" not in found.message  # the variable is called model there
    assert "model.body.20 back to model.body.0" in found.message
    assert found.nodes[0].scope[:2] == ("model", "body")
    assert "in iteration 0" in found.message


def test_exploding():
    t = trained(Deep(nn.Tanh, layers=8, scale=30.0), steps=1)
    assert why(t).cause in ("exploding", "vanishing", "nothing_found")
    linear = Deep(nn.Identity, layers=8, scale=12.0)
    x, _ = batch()
    with debug.trace() as t:
        (linear(x).mean()).backward()
    found = why(t)
    assert found.cause == "exploding"
    assert "grows from" in found.message


@pytest.mark.parametrize(("activation", "scale"), [(nn.ReLU, 2.4), (nn.Tanh, 1.8)])
def test_deep_networks_of_the_right_scale_raise_no_alarm(activation, scale):
    assert not why(trained(Deep(activation, scale=scale)))


def test_a_chain_without_modules():
    w = [leaf(0.01) for _ in range(6)]
    with debug.trace() as t:
        y = ag.ones(1)
        for one in w:
            y = (y * one).sin()
        y.sum().backward()
    assert why(t).cause == "exploding" or why(t).cause == "nothing_found"
    x = leaf(1.0)
    with debug.trace() as t:
        y = x
        for _ in range(4):
            y = y * 0.01
        y.sum().backward()
    found = why(t)
    assert found.cause == "vanishing"
    assert found.location.text == "y = y * 0.01"


def test_gradients_that_grow_from_iteration_to_iteration():
    w = leaf(1.0)
    with debug.trace() as t:
        for _ in range(6):
            w.grad = None
            (w * w).sum().backward()
            with ag.no_grad():
                w += 10.0 * w.grad
    found = why(t)
    assert found.cause == "exploding"
    assert "in iteration 5" in found.message


# ------------------------------------------------------------------ dead units, zero gradients


def test_dead_units():
    model = Deep(nn.ReLU, 2)
    with ag.no_grad():
        model.body[0].bias[:20] = -50.0
    t = trained(model)
    found = why(t)
    assert found.cause == "dead_units"
    assert "at least 20 of the 32 units of model.body.0.bias" in found.message
    assert found.nodes[0].op == "ReluBackward0"
    assert found.nodes[0].scope == ("model", "body", "1")


def test_few_samples_say_nothing_of_units():
    model = Deep(nn.ReLU, 2)
    assert not why(trained(model, count=2))


def test_a_layer_that_is_dead_altogether():
    model = Deep(nn.ReLU, 2)
    with ag.no_grad():
        model.body[0].bias.fill_(-50.0)
    t = trained(model)
    assert "32 of the 32" in why(t).message
    found = why("body.0.weight", model=model, trace=t)
    assert found.cause == "dead_units"
    assert "no unit there is active" in found.message
    assert found.nodes[0].scope == ("model", "body", "1")


def test_a_gradient_that_was_multiplied_by_zero():
    x = leaf(1.0, 2.0)
    with debug.trace() as t:
        y = x * 0.0
        y.exp().sum().backward()
    found = why(x, trace=t)
    assert found.cause == "zero_gradient"
    assert found.location.text == "y = x * 0.0"
    assert why(t.find(name="x")[0]).cause == "zero_gradient"


# ------------------------------------------------------------------ paths


class TwoParts(nn.Module):
    def __init__(self):
        super().__init__()
        self.one, self.two = nn.Linear(2, 2), nn.Linear(2, 2)

    def forward(self, x):
        h = self.one(x)
        self.side = h.exp()
        return self.two(h.detach())


def test_what_backward_did_not_reach():
    model = TwoParts()
    with debug.trace() as t:
        model(ag.ones(1, 2)).sum().backward()
    found = why(t)
    assert found.cause == "unreached"
    assert found.location.text == "self.side = h.exp()"
    assert "model.one.weight and model.one.bias" in found.message
    found = why("one.weight", model=model, trace=t)
    assert found.cause == "unreached"
    assert "Exp" in found.message
    node = t.find(op="Exp")[0]
    assert why(node).cause == "unreached"
    assert why("two.weight", model=model, trace=t).cause == "nothing_found"


def test_leaves_that_a_trace_calls_otherwise_are_not_called_unused():
    layers = [nn.Linear(2, 2), nn.Linear(2, 2)]
    model = nn.Sequential(*layers)
    with debug.trace() as t:
        layers[0](ag.ones(1, 2)).sum()
        layers[1](ag.ones(1, 2)).sum().backward()
    assert why("0.weight", model=model, trace=t).cause == "no_gradient"


def test_a_parameter_that_no_op_used():
    model = TwoParts()
    model.spare = nn.Linear(2, 2)
    with debug.trace() as t:
        model(ag.ones(1, 2)).sum().backward()
    found = why("spare.weight", model=model, trace=t)
    assert found.cause == "unreached"
    assert "No op in the trace used spare.weight" in found.message
    whole = why(model, trace=t)
    assert whole.cause == "unreached"
    messages = [whole.message, *(d.message for d in whole.others)]
    assert any("2 of 6 parameters (spare.weight and spare.bias)" in m for m in messages)
    assert any("2 of 6 parameters (one.weight and one.bias)" in m for m in messages)


def test_a_trace_without_a_backward():
    w = leaf(1.0)
    with debug.trace() as t:
        (w * 2).sum()
    assert why(w, trace=t).cause == "backward_not_run"
    assert not why(t)


def test_another_path_than_the_iteration_before():
    layer = nn.Linear(4, 4)
    with debug.trace() as t:
        for i in range(3):
            h = ag.ones(2, 4)
            for _ in range(2 if i < 2 else 3):
                h = layer(h)
            if i == 2:
                h = h.tanh()
            h.sum().backward()
    found = why(t)
    assert found.cause == "graph_changed"
    assert {n.note for n in found.nodes} == {
        "2 times in iteration 1, 3 times in 2",
        "new in iteration 2",
    }
    tanh = next(n for n in found.nodes if n.op == "TanhBackward0")
    assert tanh.location.text == "h = h.tanh()"
    assert graph_changed(t, 0, 1) is None
    back = graph_changed(t, 2, 0)
    assert "gone since iteration 2" in {n.note for n in back.nodes}


def test_evaluation_between_iterations_is_no_change_of_the_graph():
    layer = nn.Linear(4, 4)
    with debug.trace() as t:
        for i in range(3):
            layer(ag.ones(2 + i, 4)).sum().backward()
            if i == 1:
                layer(ag.ones(1, 4)).exp()
    assert not why(t)


def test_what_multiplies_by_zero_is_named_for_the_whole_trace():
    model = nn.Sequential(nn.Linear(8, 6), nn.Tanh(), nn.Linear(6, 4))
    nn.init.zeros_(model[2].weight)
    answer = why(trained(model, steps=1))
    assert answer.cause == "zero_gradient"
    assert answer.nodes[0].op == "AddmmBackward0"
    assert {n.name for n in answer.nodes[1:]} == {"model.0.weight", "model.0.bias"}
    assert why(trained(model, steps=1, lr=0.0)).cause == "nothing_found", "it has learnt by now"


def test_a_model_alone_tells_that_its_gradients_vanish_or_explode():
    x, y = batch()
    model = Deep(nn.Identity, scale=0.05)
    F.cross_entropy(model(x), y).backward()
    answer = why(model)
    assert (answer.cause, answer.sure) == ("vanishing", False)
    assert [n.name for n in answer.nodes] == ["body.0.weight", "body.20.weight"]
    for layer, p in enumerate(reversed(list(model.parameters()))):
        p.grad = ag.full_like(p, 2.0**layer)
    assert why(model).cause == "exploding"
    for p in model.parameters():
        p.grad.fill_(1.0)
    assert not why(model)
