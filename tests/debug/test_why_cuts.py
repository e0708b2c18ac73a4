"""Where a graph was cut: what a watch saw, what the tensor tells, what the source suggests."""

import gc
import linecache
import weakref

import numpy as np
import pytest
import strict_device

import autograd_core as ag
from autograd_core import events, nn, state
from autograd_core.debug.why import reading, watch, why
from autograd_core.nn import functional as F


def leaf(*values, **options):
    return ag.tensor(list(values), requires_grad=True, **options)


class Net(nn.Module):
    def __init__(self, cut=None):
        super().__init__()
        self.hidden = nn.Linear(3, 8)
        self.out = nn.Linear(8, 2)
        self.cut = cut

    def forward(self, x):
        h = F.relu(self.hidden(x))
        if self.cut is not None:
            h = self.cut(h)
        return self.out(h)


def batch():
    return ag.tensor(np.random.default_rng(0).standard_normal((4, 3)).astype(np.float32))


# ------------------------------------------------------------------ watched


def detached(x):
    return x.detach()


def detached_in_place(x):
    return (x * 2).detach_()


def through_data(x):
    return x.data


def without_recording(x):
    with ag.no_grad():
        return x * 2


def in_inference(x):
    with ag.inference_mode():
        return x * 2


def largest(x):
    return x.argmax(1).float()


def compared(x):
    return (x > 0).float()


def as_integers(x):
    return x.long().float()


def through_numpy(x):
    return ag.from_numpy(x.detach().numpy())


def copied_through_numpy(x):
    with ag.no_grad():
        return ag.tensor(x.numpy())


def a_new_tensor(x):
    return ag.tensor(x)


def from_a_list(x):
    return ag.tensor(x.tolist())


def from_one_number(x):
    return ag.tensor(x.sum().item())


def from_many_numbers(x):
    return ag.stack([ag.tensor(row.sum().item()) for row in x])


def a_parameter(x):
    return nn.Parameter(x, requires_grad=False)


CUTS = {
    detached: ("detached", "return x.detach()"),
    detached_in_place: ("detached", "return (x * 2).detach_()"),
    through_data: ("detached", "return x.data"),
    without_recording: ("no_grad", "return x * 2"),
    in_inference: ("no_grad", "return x * 2"),
    largest: ("non_differentiable", "return x.argmax(1).float()"),
    compared: ("non_differentiable", "return (x > 0).float()"),
    as_integers: ("non_differentiable", "return x.long().float()"),
    through_numpy: ("detached", "return ag.from_numpy(x.detach().numpy())"),
    copied_through_numpy: ("rewrapped", "return ag.tensor(x.numpy())"),
    a_new_tensor: ("rewrapped", "return ag.tensor(x)"),
    from_a_list: ("rewrapped", "return ag.tensor(x.tolist())"),
    from_one_number: ("rewrapped", "return ag.tensor(x.sum().item())"),
    from_many_numbers: (
        "rewrapped",
        "return ag.stack([ag.tensor(row.sum().item()) for row in x])",
    ),
    a_parameter: ("rewrapped", "return nn.Parameter(x, requires_grad=False)"),
}


@pytest.mark.parametrize("cut", CUTS)
def test_a_watched_cut_is_named_with_its_line(cut):
    cause, text = CUTS[cut]
    net = Net()
    with watch():
        out = cut(net(batch()))
        loss = (out * 2).sum() if out.dtype.is_floating_point else out.sum()
    found = why(loss, model=net)
    assert found.cause == cause
    assert found.sure
    assert found.location.text == text
    assert "hidden.weight" in found.message
    assert "out.bias" in found.message


@pytest.mark.parametrize("cut", [detached, through_data, copied_through_numpy])
def test_a_cut_inside_of_a_model_names_the_parameters_before_it(cut):
    net = Net(cut)
    with watch():
        loss = net(batch()).sum()
    found = why(loss, model=net)
    assert found.cause == CUTS[cut][0]
    assert found.location.text == CUTS[cut][1]
    assert found.nodes[0].scope == ("net",)
    names = {n.name for n in found.nodes if n.name}
    assert names == {"hidden.weight", "hidden.bias"}
    loss.backward()
    assert why("hidden.bias", model=net, loss=loss).cause == CUTS[cut][0]
    assert not why("out.bias", model=net, loss=loss)


def test_a_parameter_without_gradient_points_at_the_cuts_after_it():
    net = Net(detached)
    with watch():
        net(batch()).sum().backward()
    found = why("hidden.weight", model=net)
    assert (found.cause, found.sure) == ("detached", False)
    assert found.location.text == "return x.detach()"
    assert "way to the loss" in found.unknown


def test_a_model_without_a_cut_raises_no_alarm():
    net = Net()
    with watch():
        out = net(batch())
        loss = F.mse_loss(out, ag.zeros(4, 2))
        logged = loss.item(), out.detach().numpy().mean(), (out > 0).float().mean()
        loss.backward()
    assert not why(loss, model=net)
    assert not why(net)
    assert logged[0] > 0


def test_values_that_only_look_alike_are_not_taken_for_the_same():
    net = Net()
    with watch():
        net(batch()).sum().item()
        loss = ag.tensor(7.0) * 2
    found = why(loss)
    assert found.cause == "requires_grad_false"


def test_nothing_required_grad():
    net = Net()
    with watch():
        loss = net.requires_grad_(False)(batch()).sum()
    found = why(loss, model=net)
    assert found.cause == "requires_grad_false"
    assert "all 4 parameters of the model are frozen" in found.message


def test_a_leaf_made_of_a_cut_tensor_keeps_the_cut():
    w = leaf(1.0, 2.0)
    with watch():
        h = (w * 2).detach().requires_grad_()
        loss = (h * 3).sum()
    loss.backward()
    found = why(w, loss=loss)
    assert found.cause == "detached"
    assert found.location.text == "h = (w * 2).detach().requires_grad_()"
    assert not why(h, loss=loss)


def test_a_way_around_the_cut_is_enough():
    w = leaf(1.0, 2.0)
    with watch():
        loss = (w * w.detach()).sum()
    loss.backward()
    assert not why(w, loss=loss)


def test_a_tensor_written_in_place_keeps_its_leaves():
    v, w = leaf(1.0, 2.0), leaf(3.0, 4.0)
    with watch():
        total = ag.zeros(2)
        total += v * 2
        total[0] = (w.detach() * 3)[0]
        loss = total.detach().sum()
    found = why(loss)
    assert found.cause == "detached"
    assert found.location.text == "loss = total.detach().sum()"
    assert "v" in found.message


# ------------------------------------------------------------------ what a watch leaves behind


def test_watching_changes_nothing_and_ends():
    net = Net()
    net(batch()).sum().backward()
    plain = [p.grad.numpy().copy() for p in net.parameters()]
    net.zero_grad()
    special = state.special
    with watch():
        assert state.cut is not None
        net(batch()).sum().backward()
    assert state.cut is None
    assert state.special == special
    assert events.listeners == ()
    for p, g in zip(net.parameters(), plain, strict=True):
        assert np.array_equal(p.grad.numpy(), g)


def test_a_watch_ends_also_after_an_exception():
    with pytest.raises(ValueError, match="now"), watch():
        raise ValueError("now")
    assert state.cut is None
    assert events.listeners == ()


def test_a_watch_keeps_no_tensor_alive():
    with watch() as seen:
        w = leaf(1.0, 2.0)
        loss = (w.exp().detach() * 2).sum()
        kept = weakref.ref(loss), weakref.ref(w)
        assert seen.cuts(loss)
        del loss, w
        gc.collect()
    assert [r() for r in kept] == [None, None]
    assert not seen._trails


def test_tensors_of_another_device():
    strict_device.register()
    w = ag.ones(3).to("strict").requires_grad_()
    with watch():
        h = w * 2 - 2
        bad = h.log()
        loss = (bad * h.detach()).sum()
        loss.backward()
    found = why(loss)
    assert found.cause == "inf_origin"
    assert found.location.text == "bad = h.log()"
    assert "input 0" in found.message
    assert why(w).cause == "inf_origin"
    fresh = (w * 2 - 2).log().sum()
    assert why(fresh).cause == "inf_origin"


def test_a_running_mean_does_not_grow_its_trail():
    w = leaf(1.0)
    with watch() as seen:
        mean = ag.zeros(1)
        for _ in range(100):
            mean = mean * 0.9 + (w * 2).detach() * 0.1
    assert len(seen.trail(mean).cuts) == 1


def test_a_watch_that_is_over_does_not_speak_of_later_backwards():
    w = leaf(1.0)
    with watch():
        for _ in range(2):
            (w * 2).sum().backward()
    assert why(w).cause == "grad_not_zeroed"
    w.grad = None
    (w * 2).sum().backward()
    assert not why(w)
    v = leaf(1.0)
    assert why(v).cause == "no_gradient"


def test_gradients_added_up_while_watched():
    w = leaf(1.0)
    with watch():
        for _ in range(2):
            w.grad = None
            (w * 2).sum().backward()
        assert not why(w)
        (w * 2).sum().backward()
        (w * 2).sum().backward()
    found = why(w)
    assert found.cause == "grad_not_zeroed"
    assert "since watched iteration 1" in found.message


# ------------------------------------------------------------------ nobody watched


def test_the_tensor_tells():
    x = leaf(1.0, 2.0) * 2
    assert why(x > 0).cause == "non_differentiable"
    with ag.inference_mode():
        y = x * 2
    assert why(y).cause == "no_grad"
    with ag.no_grad():
        view = x[:1]
    found = why(view)
    assert found.cause == "no_grad"
    assert "view" in found.message


def test_recording_that_is_off_now():
    w = leaf(1.0)
    with ag.no_grad():
        loss = (w * 2).sum()
        found = why(loss)
    assert found.cause == "no_grad"
    assert "off in this thread now" in found.message
    assert found.unknown


def test_memory_shared_with_a_tensor_that_has_a_graph():
    hidden = leaf(1.0, 2.0) * 2
    cut = hidden.detach()
    found = why(cut)
    assert found.cause == "detached"
    assert "memory of hidden" in found.message
    assert "by detach()" in found.message
    assert "At which line" in found.unknown
    other = ag.from_numpy(hidden.detach().numpy())
    assert ".data or numpy()" in why(other).message


def test_candidates_from_the_source():
    w = leaf(1.0, 2.0)
    target = ag.ones(2).detach()
    y = (w * 2).detach()
    loss = ((y - target) ** 2).sum()
    found = why(loss)
    assert (found.cause, found.sure) == ("detached", False)
    assert [n.location.text for n in found.nodes] == [
        "y = (w * 2).detach()",
        "target = ag.ones(2).detach()",
    ]
    assert "perhaps" in str(found)


def test_candidates_of_different_kinds_leave_the_cause_open():
    w = leaf(1.0, 2.0)
    a = (w * 2).detach()
    b = (w > 0).float()
    loss = (a + b).sum()
    found = why(loss)
    assert found.cause == "no_graph"
    assert len(found.nodes) == 2


def test_lines_that_do_not_lead_to_the_variable_are_no_candidates():
    w = leaf(1.0, 2.0)
    x = (w * 2).detach()
    x = ag.ones(2)
    loss = (x * 3).sum()
    x = x.detach()
    found = why(loss)
    assert found.cause == "no_graph"
    assert not found.nodes
    assert "watch" in found.unknown


def test_candidates_in_loops_and_branches():
    w = leaf(1.0, 2.0)
    state_ = ag.ones(2)
    total = ag.zeros(())
    for i in range(3):
        if i:
            total = total + state_.sum()
        state_ = (w * 2).detach()
    found = why(total)
    assert [n.location.text for n in found.nodes] == ["state_ = (w * 2).detach()"]


def test_cells_that_ran_before(monkeypatch):
    cells = {
        "cell 1": "w = ag.ones(2, requires_grad=True)\nhidden = w.detach()\n",
        "cell 2": "hidden = (w * 2).detach()\nother = w > 0\n",
        "cell 3": "loss = hidden.sum()\nfound = why(loss)\n",
    }
    for name, text in cells.items():
        entry = (len(text), None, text.splitlines(True), name)
        monkeypatch.setitem(linecache.cache, name, entry)

    def files_before(file):
        names = list(cells)
        return names[: names.index(file)]

    def run():
        scope = {"ag": ag, "why": why}
        for name, text in cells.items():
            exec(compile(text, name, "exec"), scope)
        return scope["found"]

    assert run().cause == "no_graph"
    monkeypatch.setattr(reading, "earlier", files_before)
    found = run()
    assert (found.cause, found.sure) == ("detached", False)
    assert [n.location.file for n in found.nodes] == ["cell 2"]
    assert found.location.text == "hidden = (w * 2).detach()"


def test_source_that_is_not_there():
    scope = {"ag": ag, "why": why}
    exec("w = ag.ones(2, requires_grad=True)\nloss = w.detach().sum()\nfound = why(loss)", scope)
    assert scope["found"].cause == "no_graph"
