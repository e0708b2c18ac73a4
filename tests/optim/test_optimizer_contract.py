"""What all optimizers promise: hooks, names, states that do not fit, gradients through a step."""

from __future__ import annotations

import copy
import pickle

import numpy as np
import pytest
import strict_device

import autograd_core as ag
from autograd_core import nn, optim

strict_device.register()

ELEMENTWISE = [
    ("SGD", {"momentum": 0.9, "weight_decay": 0.1, "nesterov": True}),
    ("SGD", {"maximize": True}),
    ("Adam", {"weight_decay": 0.1, "amsgrad": True}),
    ("AdamW", {}),
    ("Adamax", {"weight_decay": 0.1}),
    ("NAdam", {"momentum_decay": 0.1}),
    ("RAdam", {"betas": (0.5, 0.6), "decoupled_weight_decay": True, "weight_decay": 0.1}),
    ("RMSprop", {"centered": True, "momentum": 0.5}),
    ("Rprop", {}),
    ("Adagrad", {"lr_decay": 0.1}),
    ("Adadelta", {}),
    ("ASGD", {"t0": 1.0, "lambd": 0.1}),
]
OTHERS = [("Adafactor", {}), ("Muon", {})]


def parameter(shape=(2, 3), seed=0):
    return nn.Parameter(ag.tensor(np.random.default_rng(seed).normal(size=shape)))


def stepped(name, settings, count=3, seed=0):
    p = parameter(seed=seed)
    optimizer = getattr(optim, name)([p], **settings)
    for i in range(count):
        p.grad = ag.tensor(np.random.default_rng(i + 9).normal(size=p.shape))
        optimizer.step()
    return p, optimizer


# ------------------------------------------------------------------ gradients through the step


def steps_as_a_function(library, name, settings):
    """The sum of the squares of a parameter after three steps, from its first value."""

    def after(x, *gradients):
        p = x.clone()
        optimizer = getattr(library.optim, name)([p], differentiable=True, **settings)
        for g in gradients:
            p.grad = g
            optimizer.step()
        return (p * p.conj()).real.sum() if p.is_complex() else (p * p).sum()

    return after


def values(kind, count=4):
    rng = np.random.default_rng(2)
    drawn = [rng.normal(size=(2, 3)) for _ in range(count)]
    return [d + 1j * rng.normal(size=d.shape) for d in drawn] if kind == "complex128" else drawn


@pytest.mark.parametrize("kind", ["float64", "complex128"])
@pytest.mark.parametrize(("name", "settings"), ELEMENTWISE)
def test_gradients_flow_through_steps(name, settings, kind):
    after = steps_as_a_function(ag, name, settings)
    inputs = [ag.tensor(v, requires_grad=True) for v in values(kind)]
    assert ag.autograd.gradcheck(after, inputs, rtol=1e-3, atol=1e-5)


@pytest.mark.parametrize("kind", ["float64", "complex128"])
@pytest.mark.parametrize(
    ("name", "settings"),
    [(n, s) for n, s in ELEMENTWISE if n in ("AdamW", "NAdam", "RAdam", "ASGD") or "maximize" in s],
)
def test_they_are_those_of_torch(name, settings, kind):
    """Where PyTorch has them; others it cuts off (momentum), or it fails on what it overwrote."""
    torch = pytest.importorskip("torch")
    found = {}
    for library in (ag, torch):
        inputs = [library.tensor(v, requires_grad=True) for v in values(kind)]
        steps_as_a_function(library, name, settings)(*inputs).backward()
        found[library] = [t.grad.numpy() for t in inputs]
    for a, b in zip(found[ag], found[torch], strict=True):
        np.testing.assert_allclose(a, b, rtol=1e-5, atol=1e-7)


@pytest.mark.parametrize("name", ["SGD", "Adam", "RMSprop", "Adadelta"])
def test_the_rate_can_be_learned(name):
    def after(rate):
        p = ag.ones(3, dtype=ag.float64, requires_grad=True).clone()
        optimizer = getattr(optim, name)([p], lr=rate, differentiable=True)
        for i in range(3):
            p.grad = ag.tensor([1.0, -2.0, 0.5 + i], dtype=ag.float64)
            optimizer.step()
        return (p * p).sum()

    assert ag.autograd.gradcheck(after, ag.tensor(0.1, dtype=ag.float64, requires_grad=True))


def test_a_leaf_cannot_be_stepped_with_gradients():
    p = parameter()
    p.grad = ag.ones_like(p)
    with pytest.raises(RuntimeError, match="a leaf Variable that requires grad"):
        optim.SGD([p], differentiable=True).step()


# ------------------------------------------------------------------ memory, devices, dtypes


@pytest.mark.parametrize(("name", "settings"), [*ELEMENTWISE, *OTHERS])
def test_any_layout_in_place(name, settings):
    rng = np.random.default_rng(0)
    for shape in ((5, 7), (90, 100)):
        values, g = rng.normal(size=shape), rng.normal(size=shape)
        plain, turned = nn.Parameter(ag.tensor(values)), nn.Parameter(ag.tensor(values.T.copy()).T)
        arrays = plain._array, turned._array
        assert not turned.is_contiguous()
        optimizer = getattr(optim, name)([plain, turned], **settings)
        for _ in range(3):
            plain.grad, turned.grad = ag.tensor(g), ag.tensor(g.copy())
            optimizer.step()
        np.testing.assert_allclose(plain.detach().numpy(), turned.detach().numpy(), rtol=1e-12)
        assert (plain._array, turned._array) == arrays or (
            plain._array is arrays[0] and turned._array is arrays[1]
        )


@pytest.mark.parametrize(("name", "settings"), [*ELEMENTWISE, *OTHERS])
def test_devices_and_dtypes_may_be_mixed(name, settings):
    rng = np.random.default_rng(0)
    values, g = rng.normal(size=(6, 6)), rng.normal(size=(6, 6))
    places = [("cpu", ag.float64), ("strict", ag.float64), ("cpu", ag.float32)]
    ps = [nn.Parameter(ag.tensor(values, dtype=kind).to(where)) for where, kind in places]
    optimizer = getattr(optim, name)(ps, **settings)
    for _ in range(3):
        for p in ps:
            p.grad = ag.tensor(g, dtype=p.dtype).to(p.device)
        optimizer.step()
    assert [(p.device.type, p.dtype) for p in ps] == places
    for state in (optimizer.state[p] for p in ps):
        assert all(not v.ndim or v.device.type in ("cpu", "strict") for v in state.values())
    first, *rest = [p.detach().cpu().double().numpy() for p in ps]
    for other in rest:
        np.testing.assert_allclose(other, first, rtol=2e-5, atol=2e-6)


def test_an_empty_parameter_and_one_without_gradient():
    empty, still, moving = (
        nn.Parameter(ag.ones(0)),
        nn.Parameter(ag.ones(2)),
        nn.Parameter(ag.ones(2)),
    )
    empty.grad, moving.grad = ag.ones(0), ag.ones(2)
    optimizer = optim.Adam([empty, still, moving])
    optimizer.step()
    assert still.tolist() == [1, 1]
    assert moving.tolist() != [1, 1]
    assert still not in optimizer.state


def test_the_line_that_stepped_is_named():
    p = parameter()
    y = (p * p).sum()
    p.grad = ag.ones_like(p)
    optim.Adam([p]).step()
    with pytest.raises(RuntimeError, match=r"Adam\.step.*test_optimizer_contract\.py"):
        y.backward()


# ------------------------------------------------------------------ saving and loading


@pytest.mark.parametrize(("name", "settings"), [*ELEMENTWISE, *OTHERS])
def test_going_on_from_a_saved_state(name, settings):
    p, optimizer = stepped(name, settings)
    again = nn.Parameter(p.detach().clone())
    resumed = getattr(optim, name)([again], **settings)
    resumed.load_state_dict(pickle.loads(pickle.dumps(optimizer.state_dict())))
    for q, o in ((p, optimizer), (again, resumed)):
        q.grad = ag.ones_like(q)
        o.step()
    assert again.tolist() == p.tolist()


@pytest.mark.parametrize(("name", "settings"), [*ELEMENTWISE, *OTHERS])
def test_copies_are_independent(name, settings):
    _, optimizer = stepped(name, settings)
    twin = copy.deepcopy(optimizer)
    before = copy.deepcopy(optimizer.state_dict())
    q = twin.param_groups[0]["params"][0]
    q.grad = ag.ones_like(q)
    twin.step()
    assert str(optimizer.state_dict()) == str(before)


def test_loaded_state_shares_no_memory():
    _, optimizer = stepped("Adam", {})
    saved = optimizer.state_dict()
    other = optim.Adam([parameter()])
    other.load_state_dict(saved)
    q = other.param_groups[0]["params"][0]
    q.grad = ag.ones_like(q)
    other.step()
    assert saved["state"][0]["step"].item() == 3


def test_a_state_that_does_not_fit_is_refused_whole():
    a, b = parameter((2, 3)), parameter((4,), 1)
    optimizer = optim.Adam([a, b], lr=0.1)
    other = optim.Adam([parameter((3, 2)), parameter((5,), 1)], lr=0.7)
    for p in other.param_groups[0]["params"]:
        p.grad = ag.ones_like(p)
    other.step()
    with pytest.raises(ValueError, match="doesn't fit the optimizer's parameters") as caught:
        optimizer.load_state_dict(other.state_dict())
    for part in (
        "state 0: exp_avg has shape [3, 2], the parameter [2, 3]",
        "state 1: exp_avg_sq has shape [5], the parameter [4]",
    ):
        assert part in str(caught.value)
    wrong = optim.SGD([parameter(), parameter((4,))], lr=0.5).state_dict()
    with pytest.raises(ValueError, match=r"lacks settings of Adam.*group 0 has no betas, eps$"):
        optimizer.load_state_dict(wrong)
    groups = [{"params": [parameter()]}, {"params": [parameter((4,))]}]
    sizes = optim.Adam(groups), optim.Adam([{"params": [a]}, {"params": [parameter(), b]}])
    with pytest.raises(ValueError, match="group 1 has 2 parameters, the loaded one 1"):
        sizes[1].load_state_dict(sizes[0].state_dict())
    with pytest.raises(ValueError, match=r"different number of parameter groups: 2, and .* has 1"):
        optimizer.load_state_dict(sizes[0].state_dict())
    with pytest.raises(TypeError, match="Expected state_dict to be dict-like"):
        optimizer.load_state_dict([])
    assert optimizer.param_groups[0]["lr"] == 0.1
    assert not optimizer.state


def test_settings_that_older_files_lack():
    _, optimizer = stepped("Adam", {})
    saved = optimizer.state_dict()
    for name in ("fused", "capturable", "decoupled_weight_decay"):
        del saved["param_groups"][0][name]
    other = optim.Adam([parameter()])
    other.load_state_dict(saved)
    other.step()
    assert other.param_groups[0]["decoupled_weight_decay"] is False


def test_names():
    model = nn.Linear(2, 1)
    optimizer = optim.SGD(model.named_parameters(), lr=0.1)
    assert optimizer.param_groups[0]["param_names"] == ["weight", "bias"]
    saved = optimizer.state_dict()
    assert saved["param_groups"][0]["param_names"] == ["weight", "bias"]
    with pytest.raises(ValueError, match="cannot add param group without names"):
        optimizer.add_param_group({"params": [parameter()]})
    with pytest.raises(ValueError, match="Some param names are missing"):
        optim.SGD([("a", parameter()), parameter()])
    other = optim.SGD([("w", parameter((1, 2))), ("b", parameter((1,)))], lr=0.3)
    del saved["param_groups"][0]["param_names"]
    other.load_state_dict(saved)
    assert other.param_groups[0]["param_names"] == ["w", "b"]
    assert other.param_groups[0]["lr"] == 0.1


# ------------------------------------------------------------------ hooks


def test_step_hooks_may_change_the_arguments():
    p, seen = parameter((1,)), []
    optimizer = optim.SGD([p], lr=0.1)

    def with_closure(o, args, kwargs):
        assert args == (o,)
        return (o, lambda: 7.0), kwargs

    handle = optimizer.register_step_pre_hook(with_closure)
    optimizer.register_step_post_hook(lambda o, args, kwargs: seen.append(len(args)))
    assert optimizer.step() == 7.0
    handle.remove()
    assert optimizer.step() is None
    assert seen == [2, 1]
    optimizer.register_step_pre_hook(lambda o, args, kwargs: 3)
    with pytest.raises(RuntimeError, match=r"must return None or a tuple .* but got 3"):
        optimizer.step()


def test_hooks_of_all_optimizers():
    from autograd_core.optim.optimizer import (
        register_optimizer_step_post_hook,
        register_optimizer_step_pre_hook,
    )

    seen = []
    handles = [
        register_optimizer_step_pre_hook(lambda o, a, k: seen.append(type(o).__name__)),
        register_optimizer_step_post_hook(lambda o, a, k: seen.append("after")),
    ]
    optim.SGD([parameter()]).step()
    optim.Adam([parameter()]).step()
    for handle in handles:
        handle.remove()
    optim.SGD([parameter()]).step()
    assert seen == ["SGD", "after", "Adam", "after"]


def test_hooks_of_saving_and_loading():
    optimizer, seen = optim.SGD([parameter()], lr=0.1), []
    optimizer.register_state_dict_pre_hook(lambda o: seen.append("second"))
    optimizer.register_state_dict_pre_hook(lambda o: seen.append("first"), prepend=True)
    optimizer.register_state_dict_post_hook(lambda o, d: {**d, "note": 1})
    saved = optimizer.state_dict()
    assert seen == ["first", "second"]
    assert saved["note"] == 1

    def faster(o, state_dict):
        group = {**state_dict["param_groups"][0], "lr": 5.0}
        return {**state_dict, "param_groups": [group]}

    optimizer.register_load_state_dict_pre_hook(faster)
    optimizer.register_load_state_dict_post_hook(lambda o: seen.append(o.param_groups[0]["lr"]))
    optimizer.load_state_dict(saved)
    assert seen[-1] == 5.0
    assert saved["param_groups"][0]["lr"] == 0.1


def test_an_optimizer_of_ones_own():
    class Plain(optim.Optimizer):
        def __init__(self, params, lr):
            super().__init__(params, {"lr": lr})

        @ag.no_grad()
        def step(self, closure=None):
            for group in self.param_groups:
                for p in group["params"]:
                    if p.grad is not None:
                        p.add_(p.grad, alpha=-group["lr"])

    class Counting(optim.SGD):
        count = 0

        def step(self, closure=None):
            self.count += 1
            return super().step(closure)

    for make, calls in ((Plain, 0), (Counting, 1)):
        p, seen = nn.Parameter(ag.ones(1)), []
        optimizer = make([p], lr=0.5)
        optimizer.register_step_pre_hook(lambda o, a, k, seen=seen: seen.append("step"))
        p.grad = ag.ones(1)
        optimizer.step()
        assert p.item() == 0.5
        assert seen == ["step"]
        assert getattr(optimizer, "count", 0) == calls
    with pytest.raises(NotImplementedError, match=r"Bare must override step\(\)"):
        type("Bare", (optim.Optimizer,), {})([p], {}).step()


# ------------------------------------------------------------------ errors


def construct(name, **settings):
    return getattr(optim, name)([parameter()], **settings)


NEGATIVE = [
    ("SGD", "lr", "Invalid learning rate: -1"),
    ("SGD", "momentum", "Invalid momentum value: -1"),
    ("SGD", "weight_decay", "Invalid weight_decay value: -1"),
    ("Adam", "eps", "Invalid epsilon value: -1"),
    ("AdamW", "weight_decay", "Invalid weight_decay value: -1"),
    ("Adamax", "lr", "Invalid learning rate: -1"),
    ("NAdam", "momentum_decay", "Invalid momentum_decay value: -1"),
    ("RAdam", "eps", "Invalid epsilon value: -1"),
    ("RMSprop", "alpha", "Invalid alpha value: -1"),
    ("Rprop", "lr", "Invalid learning rate: -1"),
    ("Adagrad", "lr_decay", "Invalid lr_decay value: -1"),
    ("Adagrad", "initial_accumulator_value", "Invalid initial_accumulator_value value: -1"),
    ("Adadelta", "rho", "Invalid rho value: -1"),
    ("ASGD", "weight_decay", "Invalid weight_decay value: -1"),
    ("LBFGS", "lr", "Invalid learning rate: -1"),
    ("Muon", "momentum", "momentum should be >= 0 but is: -1"),
    ("Adafactor", "lr", "Learning rate should be >= 0 but is: -1"),
    ("Adafactor", "d", "Clipping threshold d should be >= 1 but is: -1"),
]


@pytest.mark.parametrize(("name", "setting", "words"), NEGATIVE)
def test_settings_out_of_range(name, setting, words):
    with pytest.raises(ValueError, match=words):
        construct(name, **{setting: -1})
    torch = pytest.importorskip("torch")
    with pytest.raises(ValueError, match=words):
        getattr(torch.optim, name)([torch.nn.Parameter(torch.ones(2, 2))], **{setting: -1})


ERRORS = [
    (ValueError, r"Invalid beta parameter at index 1: 1\.5", "Adamax", {"betas": (0.9, 1.5)}),
    (ValueError, r"Invalid eta values: 1\.5, 1\.2", "Rprop", {"etas": (1.5, 1.2)}),
    (ValueError, "betas must be either both floats or both Tensors", "Adam",
     {"betas": (ag.tensor(0.9), 0.9)}),
    (ValueError, "Tensor lr must be 1-element", "SGD", {"lr": ag.ones(2)}),
    (ValueError, "lr as a Tensor is not supported for capturable=False and foreach=True", "Adam",
     {"lr": ag.tensor(0.1), "foreach": True}),
    (RuntimeError, "`fused` and `foreach` cannot be `True` together", "SGD",
     {"fused": True, "foreach": True}),
    (RuntimeError, "`fused` does not support `differentiable`", "Adam",
     {"fused": True, "differentiable": True}),
    (ValueError, "Adjust learning rate function loud is not supported", "Muon",
     {"adjust_lr_fn": "loud"}),
    (NotImplementedError, "gradients are always dense here", "SparseAdam", {}),
]  # fmt: skip


@pytest.mark.parametrize(("kind", "words", "name", "settings"), ERRORS)
def test_settings_that_make_no_sense(kind, words, name, settings):
    with pytest.raises(kind, match=words):
        construct(name, **settings)


def test_muon_takes_matrices_and_lbfgs_one_group():
    with pytest.raises(ValueError, match="only supports 2D parameters"):
        optim.Muon([parameter((3,))])
    optimizer = optim.Muon([parameter()])
    with pytest.raises(ValueError, match="only supports 2D parameters"):
        optimizer.add_param_group({"params": [parameter((3,))]})
    assert len(optimizer.param_groups) == 1
    with pytest.raises(ValueError, match="doesn't support per-parameter options"):
        optim.LBFGS([{"params": [parameter()]}, {"params": [parameter()]}])
    with pytest.raises(TypeError, match="missing 1 required positional argument: 'closure'"):
        optim.LBFGS([parameter()]).step()
    with pytest.raises(RuntimeError, match="only 'strong_wolfe' is supported"):
        p = parameter()
        optim.LBFGS([p], line_search_fn="weak").step(lambda: backward((p * p).sum()))


def backward(loss):
    loss.backward()
    return loss


def test_a_complex_least_square_with_lbfgs():
    p = nn.Parameter(ag.tensor([1.0 + 2j, -3j], dtype=ag.complex128))
    goal = ag.tensor([0.5 - 1j, 2.0 + 0j], dtype=ag.complex128)
    optimizer = optim.LBFGS([p], line_search_fn="strong_wolfe")

    def closure():
        optimizer.zero_grad()
        d = p - goal
        return backward((d * d.conj()).real.sum())

    optimizer.step(closure)
    np.testing.assert_allclose(p.detach().numpy(), goal.numpy(), atol=1e-8)


def test_a_group_that_is_refused_leaves_nothing():
    optimizer = optim.SGD([parameter()])
    group = {"params": [parameter()] * 2}
    with pytest.raises(ValueError, match="duplicate parameters"):
        optimizer.add_param_group(group)
    assert list(group) == ["params"]
    assert len(optimizer.param_groups) == 1
    with pytest.raises(TypeError, match="must be a dict, but got <class 'list'>"):
        optimizer.add_param_group([])
    with pytest.raises(TypeError, match="ordering of tensors in sets"):
        optimizer.add_param_group({"params": {parameter()}})
    with pytest.raises(ValueError, match="required optimization parameter lr"):
        optim.Optimizer([parameter()], {"lr": optim.optimizer.required})
