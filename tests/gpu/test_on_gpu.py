"""The ops, memory calls and interop on a real GPU; skipped, with the reason, elsewhere."""

from __future__ import annotations

import numpy as np
import pytest
from ops.test_examples import CASES
from test_device_independence import results_on

import autograd_core as ag

pytestmark = [
    pytest.mark.gpu,
    pytest.mark.skipif(not ag.cuda.is_available(), reason="no GPU, or CuPy is not installed"),
]


@pytest.mark.parametrize(("entry", "index"), CASES)
def test_same_numbers_as_on_the_cpu(entry, index):
    here, there = results_on("cpu", entry, index), results_on("cuda", entry, index)
    for a, b in zip(here, there, strict=True):
        if a is not None:
            np.testing.assert_allclose(a, b, rtol=1e-8, atol=1e-8)


def test_training_step_on_the_gpu():
    ag.manual_seed(0)
    net = ag.nn.Sequential(ag.nn.Linear(8, 16), ag.nn.ReLU(), ag.nn.Linear(16, 4)).cuda()
    optimizer = ag.optim.SGD(net.parameters(), lr=0.1)
    x, target = ag.randn(32, 8, device="cuda"), ag.randint(0, 4, (32,), device="cuda")
    losses = []
    for _ in range(30):
        optimizer.zero_grad()
        loss = ag.nn.functional.cross_entropy(net(x), target)
        loss.backward()
        optimizer.step()
        losses.append(loss.item())
    assert losses[-1] < losses[0]
    assert all(p.grad.device.type == "cuda" for p in net.parameters())


def test_memory_is_counted_and_given_back():
    before = ag.cuda.memory_allocated()
    t = ag.zeros(1 << 20, device="cuda")
    assert ag.cuda.memory_allocated() >= before + (4 << 20)
    del t
    ag.cuda.empty_cache()
    assert ag.cuda.memory_allocated() <= before + (1 << 20)


def test_device_mix_is_one_sentence():
    with pytest.raises(
        ag.errors.DeviceError, match="Expected all tensors to be on the same device"
    ):
        ag.ones(3, device="cuda") + ag.ones(3)


def test_interop_without_copies():
    import cupy

    t = ag.arange(6, dtype=ag.float32, device="cuda")
    shared = cupy.asarray(t)
    shared += 1
    assert t.tolist() == [1, 2, 3, 4, 5, 6]
    assert ag.from_dlpack(shared).data_ptr() == t.data_ptr()
