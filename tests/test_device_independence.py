"""Every op on the strict stand-in device: no hidden copy to the host, same numbers."""

from __future__ import annotations

import numpy as np
import pytest
import strict_device
from ops.test_examples import (
    CASES,
    arguments,
    backward,
    convert,
    find,
    flat,
    kind_of,
    numbers,
)

import autograd_core as ag
from autograd_core.examples import REGISTRY

strict_device.register()

ON_THE_HOST = {
    # name: why a copy to the host is part of the call
    "allclose": "its result is a Python bool",
    "bincount": "the length of the result depends on the largest element",
    "combinations": "its table of places comes from the host",
    "cov": "negative weights are an error",
    "equal": "its result is a Python bool",
    "histc": "the range depends on the smallest and largest element",
    "histogram": "the range depends on the smallest and largest element",
    "histogramdd": "the range depends on the smallest and largest element",
    "istft": "windows that leave gaps are an error",
    "linalg.ldl_factor": "each pivot depends on the numbers that the one before left",
    "linalg.lstsq": "whether there are residuals depends on the ranks",
    "linalg.lu_factor": "a singular matrix is an error",
    "linalg.matrix_exp": "how often to square depends on the largest norm",
    "matrix_exp": "how often to square depends on the largest norm",
    "nn.functional.ctc_loss": "lengths and labels decide the shape and order of what is computed",
    "nn.functional.gaussian_nll_loss": "a negative variance is an error, as in PyTorch",
    "nn.functional.one_hot": "without num_classes, the shape depends on the largest element",
    "segment_reduce": "lengths that do not add up are an error",
    "unravel_index": "a position out of range is an error",
    "Tensor.__getitem__": "a 0-d index tensor stands for an int, a list comes from the host",
}
for _name in REGISTRY:
    if "_polynomial_" in _name:
        ON_THE_HOST[_name] = "how many steps to take depends on the largest degree"


@pytest.mark.parametrize(("entry", "index"), CASES)
def test_op_stays_on_its_device(entry, index):
    here, there = results_on("cpu", entry, index), results_on("strict", entry, index)
    for a, b in zip(here, there, strict=True):
        if a is not None:
            np.testing.assert_allclose(a, b, rtol=1e-12, atol=1e-12)


def results_on(where, entry, index):
    """Outputs, first and second gradients of an example call on a device, as arrays."""
    args, kwargs = arguments(entry, index)
    leaves = []

    def make(array):
        t = ag.tensor(array.tolist(), dtype=kind_of(ag, array, "float64"))
        t = t.reshape(array.shape).to(where)
        return t.detach().requires_grad_(entry.grad) if array.dtype.kind in "fc" else t

    args, kwargs = convert(args, make, leaves), convert(kwargs, make, leaves)
    copied = strict_device.copies.copy()
    outputs = flat(find(ag, entry.name)(*args, **kwargs))
    if entry.name not in ON_THE_HOST:
        for way in ("to host", "from host"):
            assert strict_device.copies[way] == copied[way], f"the call copied {way}"
    found = [host(o) for o in outputs]
    if entry.grad and any(getattr(o, "requires_grad", False) for o in outputs):
        copied = strict_device.copies["to host"]
        first, second = gradients(leaves, outputs, where, entry.second)
        assert strict_device.copies["to host"] == copied, "a gradient was copied to the host"
        grads = (*first, *second)
        assert all(g is None or g.device.type == where for g in grads)
        found += [host(g) for g in grads]
    return found


def host(value):
    return numbers(value.detach().cpu() if isinstance(value, ag.Tensor) else value)


def gradients(leaves, outputs, where, twice):
    class Library:
        autograd = ag.autograd

        @staticmethod
        def tensor(values, dtype=None):
            return ag.tensor(values, dtype=dtype).to(where)

    return backward(Library, leaves, outputs, twice)


def test_the_stand_in_refuses_hidden_copies():
    t = ag.ones(3).to("strict")
    for sin in (np.asarray, float, bool, list):
        with pytest.raises((strict_device.HostCopyError, TypeError, RuntimeError)):
            sin(t._array)
    with pytest.raises(strict_device.HostCopyError):
        t._array + np.ones(3)


def test_every_registered_example_is_tried():
    assert {p.values[0].name for p in CASES} == set(REGISTRY)
