"""Every function that declares examples, compared with PyTorch and finite differences."""

from __future__ import annotations

from functools import reduce

import numpy as np
import pytest

import autograd_core as ag
from autograd_core.examples import REGISTRY, Draw, load

try:
    import torch
except ImportError:
    torch = None

load()
CASES = [
    pytest.param(entry, index, id=f"{name}-{index}")
    for name, entry in sorted(REGISTRY.items())
    for index, _ in enumerate(entry.make(Draw(0)))
]


def arguments(entry, index):
    for i, found in enumerate(entry.make(Draw(0))):
        if i == index:
            return found
    raise AssertionError


def find(library, name):
    return reduce(getattr, name.split("."), library)


def convert(value, make, leaves):
    """Arrays to tensors, inside lists, tuples and dictionaries too."""
    if isinstance(value, np.ndarray):
        made = make(value)
        if value.dtype.kind in "fc":
            leaves.append(made)
        return made
    if isinstance(value, list | tuple):
        return type(value)(convert(v, make, leaves) for v in value)
    if isinstance(value, dict):
        return {k: convert(v, make, leaves) for k, v in value.items()}
    return value


def kind_of(library, array, dtype):
    """The dtype of an example's array where floats are `dtype`."""
    wide = {"float64": "complex128", "float32": "complex64"}
    names = {"f": dtype, "i": "int64", "c": wide[dtype]}
    return getattr(library, names[array.dtype.kind]) if array.dtype.kind in names else None


def run(library, entry, index, dtype):
    args, kwargs = arguments(entry, index)

    def make(array):
        t = library.tensor(array.tolist(), dtype=kind_of(library, array, dtype))
        t = t.reshape(array.shape)
        return t.detach().requires_grad_(entry.grad) if array.dtype.kind in "fc" else t

    leaves = []
    args = convert(args, make, leaves)
    kwargs = convert(kwargs, make, leaves)
    return leaves, flat(find(library, entry.name)(*args, **kwargs))


def flat(result):
    if isinstance(result, list | tuple) and type(result).__name__ != "Size":
        return [leaf for part in result for leaf in flat(part)]
    return [result]


def numbers(value):
    if value is None:
        return None
    if not hasattr(value, "detach"):
        return np.asarray(value)
    values = value.detach().clone().tolist()  # PyTorch's ZeroTensors are listed as clones only
    return np.asarray(values).reshape(tuple(value.shape))


def cotangent(rng, t):
    values = rng.uniform(-1, 1, tuple(t.shape))
    return values + 1j * rng.uniform(-1, 1, tuple(t.shape)) if t.dtype.is_complex else values


def backward(library, leaves, outputs, twice, seed=1):
    """First gradients with random cotangents, then second ones of a random combination."""
    rng = np.random.default_rng(seed)

    def random_like(t):
        values = cotangent(rng, t).tolist()
        return library.tensor(values, dtype=t.dtype).reshape(tuple(t.shape))

    wanted = [o for o in outputs if hasattr(o, "requires_grad") and o.requires_grad]
    cotangents = [random_like(o).requires_grad_() for o in wanted]
    grad = library.autograd.grad
    first = grad(wanted, leaves, cotangents, create_graph=True, allow_unused=True)
    again = [g for g in first if g is not None and g.requires_grad]
    weights = [random_like(g) for g in again]
    second = ()
    if again and twice:
        second = grad(again, leaves + cotangents, weights, allow_unused=True)
    return first, second


def same(ours, theirs, tolerance, what):
    a, b = numbers(ours), numbers(theirs)
    if a is None or b is None:
        zero = a if b is None else b
        assert zero is None or not np.any(zero), f"{what}: {a} against {b}"
        return
    assert a.shape == b.shape, f"{what}: shape {a.shape} against {b.shape}"
    np.testing.assert_allclose(a, b, rtol=tolerance, atol=tolerance, err_msg=what)


@pytest.mark.skipif(torch is None, reason="PyTorch is not installed")
@pytest.mark.parametrize("dtype", ["float64", "float32"])
@pytest.mark.parametrize(("entry", "index"), CASES)
def test_against_torch(entry, index, dtype):
    tolerance = entry.tolerance if dtype == "float64" else max(2e-4, entry.tolerance)
    leaves, ours = run(ag, entry, index, dtype)
    torch_leaves, theirs = run(torch, entry, index, dtype)
    assert len(ours) == len(theirs)
    if any(getattr(b, "dtype", None) is torch.float32 for b in theirs):  # also from integers
        tolerance = max(2e-4, entry.tolerance)
    for a, b in zip(ours, theirs, strict=True):
        same(a, b, tolerance, "forward")
        if hasattr(b, "dtype"):
            assert repr(a.dtype) == repr(b.dtype)
            assert a.requires_grad == b.requires_grad
    if not entry.grad or not any(getattr(o, "requires_grad", False) for o in ours):
        return
    first, second = backward(ag, leaves, ours, entry.second)
    torch_first, torch_second = backward(torch, torch_leaves, theirs, entry.second)
    for a, b in zip(first, torch_first, strict=True):
        same(a, b, 10 * tolerance, "first gradient")
    if entry.second:
        for a, b in zip(second, torch_second, strict=False):
            same(a, b, 100 * tolerance, "second gradient")


@pytest.mark.parametrize(("entry", "index"), CASES)
def test_against_finite_differences(entry, index):
    if not entry.grad:
        pytest.skip("no gradient is declared")
    if not entry.differences:
        pytest.skip("it reads one half of a symmetric matrix")
    leaves, outputs = run(ag, entry, index, "float64")
    wanted = [o for o in outputs if getattr(o, "requires_grad", False)]
    if not wanted:
        pytest.skip("no output requires grad")
    rng = np.random.default_rng(2)
    cotangents = [cotangent(rng, o) for o in wanted]
    grads = ag.autograd.grad(
        wanted,
        leaves,
        [
            ag.tensor(c.tolist(), dtype=kind_of(ag, c, "float64")).reshape(c.shape)
            for c in cotangents
        ],
        allow_unused=True,
    )
    step = 1e-6
    for leaf_index, grad in enumerate(grads):
        size = int(np.prod(tuple(leaves[leaf_index].shape)))
        direction = cotangent(rng, leaves[leaf_index]).reshape(size)
        difference = 0.0
        for sign in (1, -1):
            _, results = run_moved(entry, index, leaf_index, sign * step * direction)
            values = [o for o in results if getattr(o, "requires_grad", False)]
            pairs = zip(values, cotangents, strict=True)
            difference += sign * sum(along(numbers(v), c) for v, c in pairs)
        expected = difference / (2 * step)
        found = 0.0 if grad is None else along(numbers(grad).reshape(-1), direction)
        assert found == pytest.approx(expected, rel=1e-4, abs=1e-5)


def along(a, b):
    """The inner product of two arrays of real or complex numbers, as a real number."""
    return float((np.conj(a) * b).sum().real)


def run_moved(entry, index, leaf_index, change):
    """The call again with one leaf moved."""
    args, kwargs = arguments(entry, index)
    seen = []

    def move(value):
        if isinstance(value, np.ndarray) and value.dtype.kind in "fc":
            seen.append(value)
            if len(seen) == leaf_index + 1:
                return np.asarray(value + change.reshape(value.shape))
            return value
        if isinstance(value, list | tuple):
            return type(value)(move(v) for v in value)
        if isinstance(value, dict):
            return {k: move(v) for k, v in value.items()}
        return value

    args, kwargs = move(args), move(kwargs)

    def make(array):
        t = ag.tensor(array.tolist(), dtype=kind_of(ag, array, "float64")).reshape(array.shape)
        return t.detach().requires_grad_() if array.dtype.kind in "fc" else t

    leaves = []
    args, kwargs = convert(args, make, leaves), convert(kwargs, make, leaves)
    return leaves, flat(find(ag, entry.name)(*args, **kwargs))
