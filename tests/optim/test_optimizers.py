"""Optimizers: numbers equal to PyTorch's, groups, state, errors."""

from __future__ import annotations

import copy

import numpy as np
import pytest

import autograd_core as ag
from autograd_core import nn, optim

SETTINGS = [
    ("SGD", {"lr": 0.1}),
    ("SGD", {"lr": 0.1, "momentum": 0.9}),
    ("SGD", {"lr": 0.1, "momentum": 0.9, "dampening": 0.5, "weight_decay": 0.01}),
    ("SGD", {"lr": 0.1, "momentum": 0.9, "nesterov": True}),
    ("SGD", {"lr": 0.01, "maximize": True, "weight_decay": 0.1}),
    ("Adam", {"lr": 0.01}),
    ("Adam", {"lr": 0.01, "amsgrad": True, "weight_decay": 0.1}),
    ("Adam", {"lr": 0.01, "betas": (0.5, 0.9), "eps": 1e-3, "maximize": True}),
    ("AdamW", {"lr": 0.01}),
    ("AdamW", {"lr": 0.01, "amsgrad": True, "weight_decay": 0.3, "maximize": True}),
]


def train(library, name, settings, first, data, steps=20):
    net = library.nn.Sequential(library.nn.Linear(4, 8), library.nn.Tanh(), library.nn.Linear(8, 3))
    net.double()
    net.load_state_dict({k: library.tensor(v) for k, v in first.items()})
    optimizer = getattr(library.optim, name)(net.parameters(), **settings)
    x, y = library.tensor(data[0]), library.tensor(data[1])
    for _ in range(steps):
        optimizer.zero_grad()
        library.nn.functional.cross_entropy(net(x), y).backward()
        optimizer.step()
    return {k: v.numpy() for k, v in net.state_dict().items()}


@pytest.mark.parametrize(("name", "settings"), SETTINGS)
def test_twenty_steps_against_torch(name, settings):
    torch = pytest.importorskip("torch")
    rng = np.random.default_rng(0)
    net = nn.Sequential(nn.Linear(4, 8), nn.Tanh(), nn.Linear(8, 3)).double()
    first = {k: v.numpy().copy() for k, v in net.state_dict().items()}
    data = rng.normal(size=(10, 4)), rng.integers(0, 3, 10)
    ours = train(ag, name, settings, first, data)
    theirs = train(torch, name, settings, first, data)
    for key in ours:
        np.testing.assert_allclose(ours[key], theirs[key], rtol=1e-9, atol=1e-11, err_msg=key)
        assert not np.allclose(ours[key], first[key])


def quadratic(p):
    return ((p - 3) ** 2).sum()


@pytest.mark.parametrize(("name", "settings"), [("SGD", {"lr": 0.1}), ("Adam", {"lr": 0.3})])
def test_scalar_parameters(name, settings):
    p = nn.Parameter(ag.tensor(0.0))
    optimizer = getattr(optim, name)([p], **settings)
    for _ in range(200):
        optimizer.zero_grad()
        quadratic(p).backward()
        optimizer.step()
    assert p.item() == pytest.approx(3, abs=1e-2)


def test_steps_write_in_place_and_are_noticed():
    p = nn.Parameter(ag.ones(2))
    array = p._array
    y = (p * p).sum()
    p.grad = ag.ones(2)
    optim.SGD([p], lr=1.0).step()
    assert p._array is array
    assert p.tolist() == [0.0, 0.0]
    with pytest.raises(RuntimeError, match=r"SGD\.step"):
        y.backward()


def test_zero_grad():
    p = nn.Parameter(ag.ones(2))
    optimizer = optim.SGD([p])
    p.grad = ag.ones(2)
    optimizer.zero_grad(set_to_none=False)
    assert p.grad.tolist() == [0, 0]
    optimizer.zero_grad()
    assert p.grad is None


def test_groups():
    a, b = nn.Parameter(ag.ones(1)), nn.Parameter(ag.ones(1))
    optimizer = optim.SGD([{"params": [a]}, {"params": b, "lr": 0.5}], lr=0.1)
    a.grad, b.grad = ag.ones(1), ag.ones(1)
    optimizer.step()
    assert [a.item(), b.item()] == pytest.approx([0.9, 0.5])
    with pytest.raises(ValueError, match="some parameters appear in more than one parameter group"):
        optimizer.add_param_group({"params": [a]})
    assert len(optimizer.param_groups) == 2


def test_closure():
    p = nn.Parameter(ag.zeros(1))
    optimizer = optim.SGD([p], lr=0.5)

    def closure():
        optimizer.zero_grad()
        loss = quadratic(p)
        loss.backward()
        return loss

    with ag.no_grad():
        assert optimizer.step(closure).item() == 9
    assert p.item() == 3


@pytest.mark.parametrize(("name", "settings"), [("SGD", {"momentum": 0.9}), ("Adam", {})])
def test_state_dict_round_trip(name, settings):
    def run(p, optimizer, steps):
        for _ in range(steps):
            optimizer.zero_grad()
            quadratic(p).backward()
            optimizer.step()

    make = getattr(optim, name)
    p = nn.Parameter(ag.zeros(3))
    optimizer = make([p], lr=0.01, **settings)
    run(p, optimizer, 5)
    saved, at = copy.deepcopy(optimizer.state_dict()), p.detach().clone()
    run(p, optimizer, 5)
    again = nn.Parameter(at)
    resumed = make([again], lr=1.0)
    resumed.load_state_dict(saved)
    assert resumed.param_groups[0]["lr"] == 0.01
    run(again, resumed, 5)
    assert again.tolist() == p.tolist()


def test_load_state_dict_refuses_what_does_not_fit():
    a, b = nn.Parameter(ag.ones(1)), nn.Parameter(ag.ones(1))
    one, two = optim.SGD([a], lr=0.1), optim.SGD([a, b], lr=0.2)
    with pytest.raises(ValueError, match="doesn't match the size of optimizer's group"):
        two.load_state_dict(one.state_dict())
    assert two.param_groups[0]["lr"] == 0.2
    two.add_param_group({"params": [nn.Parameter(ag.ones(1))]})
    with pytest.raises(ValueError, match="different number of parameter groups"):
        two.load_state_dict(one.state_dict())


def test_errors():
    p = nn.Parameter(ag.ones(1))
    with pytest.raises(ValueError, match="optimizer got an empty parameter list"):
        optim.SGD([])
    with pytest.raises(ValueError, match="can't optimize a non-leaf Tensor"):
        optim.SGD([p * 2])
    with pytest.raises(ValueError, match="duplicate parameters"):
        optim.SGD([p, p])
    with pytest.raises(TypeError, match="should be an iterable of Tensors or dicts"):
        optim.SGD(p)
    with pytest.raises(TypeError, match="can only optimize Tensors, but one of the params is int"):
        optim.SGD([1])
    with pytest.raises(ValueError, match="Invalid learning rate: -1"):
        optim.SGD([p], lr=-1)
    with pytest.raises(ValueError, match="Nesterov momentum requires a momentum"):
        optim.SGD([p], nesterov=True)
    with pytest.raises(ValueError, match=r"Invalid beta parameter at index 1: 1\.0"):
        optim.Adam([p], betas=(0.9, 1.0))


def test_hooks_and_repr():
    p, seen = nn.Parameter(ag.ones(1)), []
    optimizer = optim.SGD([p], lr=0.1)
    optimizer.register_step_pre_hook(lambda o, args, kwargs: seen.append("before"))
    handle = optimizer.register_step_post_hook(lambda o, args, kwargs: seen.append("after"))
    optimizer.step()
    handle.remove()
    optimizer.step()
    assert seen == ["before", "after", "before"]
    assert repr(optimizer).startswith("SGD (\nParameter Group 0\n    dampening: 0\n")
