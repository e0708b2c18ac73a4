"""`GradScaler`: scales, skipped steps, settings and state, held against PyTorch's."""

import pickle

import numpy as np
import pytest

import autograd_core as ag
from autograd_core import nn


def scaler_and_step(m, values, **options):
    """The scale and the parameter after each step with these gradients."""
    w = m.nn.Parameter(m.ones(1))
    optimizer = m.optim.SGD([w], lr=0.25)
    options = {"init_scale": 4.0, "growth_interval": 2} | options
    scaler = m.amp.GradScaler("cpu", **options)
    found = []
    for value in values:
        optimizer.zero_grad()
        scaler.scale(w * value).sum().backward()
        scaler.step(optimizer)
        scaler.update()
        found.append((scaler.get_scale(), w.item(), scaler._get_growth_tracker()))
    return found, scaler.state_dict()


SEQUENCES = [
    [1.0, 1.0, 1.0, 1.0],
    [1.0, float("inf"), 1.0, 1.0, 1.0],
    [float("nan"), float("-inf"), 1.0],
    [0.0, 1.0, float("inf")],
]


@pytest.mark.parametrize("values", SEQUENCES)
@pytest.mark.parametrize(
    "options", [{}, {"growth_factor": 3.0, "backoff_factor": 0.25}, {"enabled": False}]
)
def test_the_scaler_as_torchs(values, options):
    torch = pytest.importorskip("torch")
    ours = scaler_and_step(ag, values, **options)
    theirs = scaler_and_step(torch, values, **options)
    np.testing.assert_array_equal(ours[0], theirs[0])
    assert ours[1] == theirs[1]


def test_a_step_with_inf_is_skipped_and_the_scale_shrinks():
    found, _ = scaler_and_step(ag, [1.0, float("inf"), 1.0, 1.0])
    assert found == [(4.0, 0.75, 1), (2.0, 0.75, 0), (2.0, 0.5, 1), (4.0, 0.25, 0)]


def test_the_scale_does_not_grow_beyond_float32():
    found, _ = scaler_and_step(ag, [0.0, 0.0], init_scale=3e38, growth_interval=1)
    assert [scale for scale, _, _ in found] == [pytest.approx(3e38)] * 2


def test_float16_gradients_that_would_be_zero():
    """1e-4 squared times 1e-2 is below the smallest float16; scaled up it is not."""
    w = nn.Parameter(ag.tensor([1e-4]))

    def gradient(scaler):
        w.grad = None
        with ag.autocast("cpu", dtype=ag.float16):
            y = ag.nn.functional.linear(ag.tensor([[1e-4]]), w[None])
        scaler.scale((y.float() * 1e-4).sum()).backward()
        optimizer = ag.optim.SGD([w], lr=0.0)
        if scaler.is_enabled():
            scaler.unscale_(optimizer)
        return w.grad.item()

    assert gradient(ag.amp.GradScaler("cpu", enabled=False)) == 0
    assert gradient(ag.amp.GradScaler("cpu")) == pytest.approx(1e-8, rel=1e-2)


def optimizers():
    w = nn.Parameter(ag.ones(2))
    return w, ag.optim.SGD([w], lr=0.5), ag.amp.GradScaler("cpu", init_scale=8.0)


def test_unscaling_for_clipping():
    w, optimizer, scaler = optimizers()
    scaler.scale((w * w).sum()).backward()
    assert w.grad.tolist() == [16, 16]
    scaler.unscale_(optimizer)
    assert w.grad.tolist() == [2, 2]
    with pytest.raises(RuntimeError, match=r"unscale_\(\) has already been called"):
        scaler.unscale_(optimizer)
    scaler.step(optimizer)
    assert w.tolist() == [0, 0]
    with pytest.raises(RuntimeError, match=r"unscale_\(\) is being called after step\(\)"):
        scaler.unscale_(optimizer)
    with pytest.raises(RuntimeError, match=r"step\(\) has already been called"):
        scaler.step(optimizer)
    scaler.update()


def test_what_is_wrong_is_said():
    w, optimizer, scaler = optimizers()
    for call in (lambda: scaler.step(optimizer), scaler.update, lambda: scaler.unscale_(optimizer)):
        with pytest.raises(AssertionError, match="but _scale is None"):
            call()
    with pytest.raises(RuntimeError, match="Closure use is not currently supported"):
        scaler.step(optimizer, closure=lambda: 1)
    with pytest.raises(ValueError, match="a Tensor or an iterable of Tensors"):
        scaler.scale(3)
    scaler.scale(w.sum())
    with pytest.raises(AssertionError, match="No inf checks were recorded for this optimizer"):
        scaler.step(optimizer)
    with pytest.raises(AssertionError, match="No inf checks were recorded prior to update"):
        scaler.update()
    half = nn.Parameter(ag.ones(2, dtype=ag.float16))
    half.grad = ag.ones(2, dtype=ag.float16)
    with pytest.raises(ValueError, match="Attempting to unscale FP16 gradients"):
        scaler.unscale_(ag.optim.SGD([half], lr=1))
    with pytest.raises(AssertionError, match="growth factor must be > 1"):
        ag.amp.GradScaler("cpu", growth_factor=1.0)
    with pytest.raises(AssertionError, match="backoff factor must be < 1"):
        ag.amp.GradScaler("cpu", backoff_factor=1.0)


def test_several_outputs_and_optimizers():
    w, v = nn.Parameter(ag.ones(1)), nn.Parameter(ag.ones(1))
    one, two = ag.optim.SGD([w], lr=1.0), ag.optim.SGD([v], lr=1.0)
    scaler = ag.amp.GradScaler("cpu", init_scale=2.0)
    losses = scaler.scale([w.sum(), (v * float("inf")).sum()])
    assert type(losses) is list
    for loss in losses:
        loss.backward()
    assert scaler.step(one) is None
    scaler.step(two)
    scaler.update()
    assert (w.item(), v.item(), scaler.get_scale()) == (0, 1, 1)
    assert [t.item() for t in scaler.scale(t for t in (ag.ones(()),))] == [1]


def test_the_state_goes_on_where_it_was():
    w, optimizer, scaler = optimizers()
    scaler.scale(w.sum()).backward()
    scaler.step(optimizer)
    scaler.update()
    state = scaler.state_dict()
    other = ag.amp.GradScaler("cpu")
    other.load_state_dict(state)
    assert other.state_dict() == state
    assert pickle.loads(pickle.dumps(scaler)).state_dict() == state
    assert other.scale(ag.ones(())).item() == 8
    with pytest.raises(RuntimeError, match="The source state dict is empty"):
        other.load_state_dict({})
    scaler.update(new_scale=3.0)
    assert scaler.get_scale() == 3
    scaler.update(ag.tensor(5.0))
    assert scaler.get_scale() == 5
    with pytest.raises(AssertionError, match="1-element tensor"):
        scaler.update(ag.ones(2))
    with pytest.raises(AssertionError, match="only be pickled at the beginning"):
        scaler.scale(w.sum()).backward()
        scaler.unscale_(optimizer)
        pickle.dumps(scaler)


def test_settings():
    scaler = ag.amp.GradScaler("cpu")
    for name in ("growth_factor", "backoff_factor", "growth_interval"):
        getattr(scaler, f"set_{name}")(7)
        assert getattr(scaler, f"get_{name}")() == 7


def test_a_scaler_for_cuda_without_a_gpu():
    if ag.cuda.is_available():
        pytest.skip("there is a GPU")
    with pytest.warns(UserWarning, match="CUDA is not available.  Disabling") as caught:
        scaler = ag.amp.GradScaler()
    assert caught[0].filename == __file__
    assert not scaler.is_enabled()
    assert scaler.state_dict() == {}
    assert scaler.get_scale() == 1.0
    x = ag.ones(1)
    assert scaler.scale(x) is x
    scaler.update()
    scaler.load_state_dict({})


@pytest.mark.gpu
def test_on_a_gpu():
    net = nn.Linear(3, 2).cuda()
    optimizer = ag.optim.SGD(net.parameters(), lr=0.1)
    scaler = ag.amp.GradScaler("cuda")
    with ag.autocast("cuda"):
        y = net(ag.ones(4, 3, device="cuda"))
        assert y.dtype is ag.float16
        assert ag.softmax(y, -1).dtype is ag.float32
        loss = ag.nn.functional.mse_loss(y, ag.zeros_like(y))
    scaler.scale(loss).backward()
    scaler.step(optimizer)
    scaler.update()
    assert net.weight.grad.dtype is ag.float32
    with ag.autocast("cuda"), pytest.raises(RuntimeError, match="unsafe to autocast"):
        ag.nn.functional.binary_cross_entropy(y.sigmoid(), y.sigmoid())
