"""Hypothesis draws the shapes: broadcasting, reductions and views, by finite differences."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

import autograd_core as ag

SHAPES = hnp.array_shapes(min_dims=0, max_dims=4, min_side=0, max_side=4)
PAIRS = hnp.mutually_broadcastable_shapes(num_shapes=2, max_dims=4, min_side=0, max_side=4)
UNARY = ["exp", "sin", "tanh", "sigmoid", "square", "neg", "log1p", "erf", "sqrt"]
BINARY = ["add", "sub", "mul", "div", "maximum", "minimum", "pow", "atan2"]
REDUCTIONS = ["sum", "mean", "prod", "amax", "logsumexp", "std", "softmax", "cumsum"]


def real(shape, seed):
    """Numbers from .5 to 2, all different."""
    count = int(np.prod(shape))
    values = np.random.default_rng(seed).permutation(np.linspace(0.5, 2, max(count, 1)))[:count]
    return ag.tensor(values.reshape(shape) + seed * 1e-3, dtype=ag.float64, requires_grad=True)


@pytest.mark.parametrize("name", UNARY)
@given(shape=SHAPES)
def test_unary(name, shape):
    x = real(shape, 0)
    y = getattr(ag, name)(x)
    assert tuple(y.shape) == shape
    assert ag.autograd.gradcheck(getattr(ag, name), x)


@pytest.mark.parametrize("name", BINARY)
@given(shapes=PAIRS)
def test_binary(name, shapes):
    a, b = (real(s, i) for i, s in enumerate(shapes.input_shapes))
    y = getattr(ag, name)(a, b)
    assert tuple(y.shape) == shapes.result_shape
    assert ag.autograd.gradcheck(getattr(ag, name), (a, b))
    if y.numel() <= 6:
        assert ag.autograd.gradgradcheck(getattr(ag, name), (a, b))


@pytest.mark.parametrize("name", REDUCTIONS)
@given(data=st.data())
def test_along_a_dimension(name, data):
    sides = hnp.array_shapes(min_dims=1, max_dims=3, min_side=2, max_side=4)
    shape = data.draw(sides)
    dim = data.draw(st.integers(-len(shape), len(shape) - 1))
    x = real(shape, 0)
    assert ag.autograd.gradcheck(lambda x: getattr(ag, name)(x, dim), x)


@given(data=st.data())
def test_views_and_back(data):
    shape = data.draw(hnp.array_shapes(min_dims=1, max_dims=4, min_side=1, max_side=4))
    order = data.draw(st.permutations(range(len(shape))))
    x = real(shape, 0)
    y = x.permute(*order)
    assert tuple(y.shape) == tuple(shape[i] for i in order)
    (y.reshape(-1) * ag.arange(y.numel(), dtype=ag.float64)).sum().backward()
    back = np.arange(y.numel()).reshape([shape[i] for i in order]).transpose(np.argsort(order))
    assert x.grad.tolist() == back.tolist()
