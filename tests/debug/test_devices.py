"""Statistics of gradients on a device are computed there; only seven numbers come over."""

import numpy as np
import pytest
import strict_device

import autograd_core as ag
from autograd_core import debug

strict_device.register()


@pytest.mark.parametrize("size", [4, 5000])
def test_statistics_stay_on_the_device(size):
    g = np.linspace(-1, 2, size).astype(np.float32)
    g[1] = 0.0
    x = ag.ones(size).to("strict").requires_grad_()
    with debug.trace() as t:
        (x * 2.0).backward(ag.tensor(g).to("strict"))
    s = t.find(op="Mul")[0].statistics
    assert s.norm == pytest.approx(float(np.linalg.norm(g)), rel=1e-5)
    assert (s.min, s.max, s.zeros, s.nan, s.inf) == (-1.0, 2.0, int((g == 0).sum()), 0, 0)
    leaf = t.find(name="x")[0]
    assert leaf.device == "strict"
    assert leaf.norm == pytest.approx(2 * s.norm, rel=1e-5)


def test_nan_on_the_device():
    x = ag.ones(3).to("strict").requires_grad_()
    with debug.trace() as t:
        (x * 2.0).backward(ag.tensor([np.nan, np.nan, np.inf]).to("strict"))
    s = t.find(op="Mul")[0].statistics
    assert (s.nan, s.inf) == (2, 1)
    assert np.isnan(s.norm)
