"""Modules as functions, and functions mapped over samples."""

from __future__ import annotations

import numpy as np
import pytest

import autograd_core as ag
from autograd_core import func, nn


def test_a_module_called_with_other_parameters_keeps_its_own():
    layer = nn.Linear(2, 1)
    before = layer.weight.tolist()
    other = {"weight": ag.ones(1, 2, requires_grad=True), "bias": ag.zeros(1)}
    found = func.functional_call(layer, other, ag.ones(3, 2))
    assert found.tolist() == [[2.0]] * 3
    found.sum().backward()
    assert other["weight"].grad.tolist() == [[3.0, 3.0]]
    assert layer.weight.tolist() == before
    assert layer.weight.grad is None


def test_names_that_do_not_fit():
    layer = nn.Linear(2, 1)
    with pytest.raises(KeyError, match="no parameter or buffer 'wieght'"):
        func.functional_call(layer, {"wieght": ag.ones(1, 2)}, ag.ones(2))
    with pytest.raises(RuntimeError, match=r"missing key\(s\) \['bias'\]"):
        func.functional_call(layer, {"weight": ag.ones(1, 2)}, ag.ones(2), strict=True)
    with pytest.raises(ValueError, match="multiple dictionaries"):
        func.functional_call(layer, [{"bias": ag.ones(1)}, {"bias": ag.ones(1)}], ag.ones(2))


def test_the_module_is_whole_again_after_an_error():
    layer = nn.Linear(2, 1)
    own = layer.weight
    with pytest.raises(RuntimeError):
        func.functional_call(layer, {"weight": ag.ones(1, 5)}, ag.ones(2))
    assert layer.weight is own


def test_tied_weights_are_replaced_under_both_names():
    class Tied(nn.Module):
        def __init__(self):
            super().__init__()
            self.first = nn.Linear(2, 2, bias=False)
            self.second = nn.Linear(2, 2, bias=False)
            self.second.weight = self.first.weight

        def forward(self, x):
            return self.second(self.first(x))

    model, eye = Tied(), ag.eye(2) * 3
    assert func.functional_call(model, {"first.weight": eye}, ag.ones(2)).tolist() == [9.0, 9.0]
    loose = func.functional_call(model, {"first.weight": eye}, ag.ones(2), tie_weights=False)
    assert loose.tolist() != [9.0, 9.0]


def test_gradients_of_each_sample():
    layer = nn.Linear(3, 1)
    parameters = dict(layer.named_parameters())
    rng = np.random.default_rng(0)
    x, y = ag.tensor(rng.normal(size=(4, 3)), dtype=ag.float32), ag.zeros(4, 1)

    def loss(p, sample, target):
        return ((func.functional_call(layer, p, sample) - target) ** 2).sum()

    each = func.vmap(func.grad(loss), in_dims=(None, 0, 0))(parameters, x, y)
    for i in range(4):
        alone = func.grad(loss)(parameters, x[i], y[i])
        for name in parameters:
            assert each[name][i].tolist() == alone[name].tolist()


def test_an_ensemble_in_one_call():
    models = [nn.Linear(2, 1) for _ in range(3)]
    parameters, buffers = func.stack_module_state(models)
    assert buffers == {}
    x = ag.ones(5, 2)
    found = ag.vmap(lambda p, x: func.functional_call(models[0], p, x), (0, None))(parameters, x)
    for i, model in enumerate(models):
        assert found[i].tolist() == model(x).tolist()


@pytest.mark.parametrize(("in_dims", "out_dims"), [(0, 0), (1, 0), (-1, 1), (0, -1)])
def test_mapped_dimensions(in_dims, out_dims):
    x = ag.arange(12.0).reshape(3, 4)
    found = func.vmap(lambda v: v * 2, in_dims, out_dims)(x)
    expected = np.moveaxis(np.moveaxis(x.numpy(), in_dims, 0) * 2, 0, out_dims)
    np.testing.assert_array_equal(found.numpy(), expected)


def test_nested_maps_and_structures():
    x, y = ag.arange(3.0), ag.arange(4.0)
    outer = func.vmap(func.vmap(lambda a, b: a * b, (None, 0)), (0, None))(x, y)
    np.testing.assert_array_equal(outer.numpy(), np.outer(x.numpy(), y.numpy()))
    found = func.vmap(lambda d: {"sum": d["a"] + d["b"]})({"a": x, "b": x})
    assert found["sum"].tolist() == [0.0, 2.0, 4.0]


@pytest.mark.parametrize(
    ("in_dims", "args", "text"),
    [
        (0, (2, 3), "no dimension to map over|same size"),
        ((0, 0), (ag.ones(2), ag.ones(3)), "same size"),
        ((0,), (ag.ones(2), ag.ones(2)), "not compatible with the structure"),
        (1, (ag.ones(2),), "Got in_dim=1 for an input of 1 dimensions"),
    ],
)
def test_what_can_not_be_mapped(in_dims, args, text):
    with pytest.raises(ValueError, match=text):
        func.vmap(lambda *xs: xs[0], in_dims)(*args)


def test_linearized_functions():
    value, derivative = func.linearize(lambda x: x * x, ag.tensor(3.0))
    assert (value.item(), derivative(ag.tensor(2.0)).item()) == (9.0, 12.0)
