"""Devices: names and errors, moving, mixing, and a whole training step off the CPU."""

from __future__ import annotations

import copy
import pickle
import types

import numpy as np
import pytest
import strict_device

import autograd_core as ag
from autograd_core import backends, errors, nn

strict_device.register()

without_gpu = pytest.mark.skipif(ag.cuda.is_available(), reason="this machine has a GPU")


def there(*values, **kwargs):
    return ag.tensor(*values, device="strict", **kwargs)


@pytest.fixture
def nothing_copied():
    """No array may go to the host in a test with this fixture, but where it says so."""
    before = strict_device.copies["to host"]
    allowed = types.SimpleNamespace(copies=0)
    yield allowed
    assert strict_device.copies["to host"] - before == allowed.copies


# ------------------------------------------------------------------ names of devices


@pytest.mark.parametrize(
    ("given", "shown"),
    [
        (("cpu",), "device(type='cpu')"),
        (("cpu", 0), "device(type='cpu', index=0)"),
        (("cuda:1",), "device(type='cuda', index=1)"),
        (("cuda", 2), "device(type='cuda', index=2)"),
        ((3,), "device(type='cuda', index=3)"),
    ],
)
def test_a_device_is_written_as_in_pytorch(given, shown):
    found = ag.device(*given)
    assert repr(found) == shown
    assert ag.device(found) == found == pickle.loads(pickle.dumps(found))
    assert hash(ag.device(found)) == hash(found)
    assert ag.device(str(found)) == found


def test_devices_differ_by_type_and_index():
    assert ag.device("cuda:0") != ag.device("cuda:1") != ag.device("cpu")
    assert ag.device("cpu") != "a string"


@pytest.mark.parametrize(
    ("name", "words"),
    [
        ("gpu", "Expected one of cpu, cuda"),
        ("", "Expected one of cpu, cuda"),
        ("cuda:", "Invalid device string: 'cuda:'"),
        ("cuda:one", "Invalid device string: 'cuda:one'"),
        ("cuda:-1", "Invalid device string: 'cuda:-1'"),
        ("cpu:1", "CPU device index must be -1 or zero, got 1"),
        (-5, "Device index must not be negative, got -5"),
    ],
)
@pytest.mark.parametrize(
    "use", [ag.device, lambda d: ag.ones(2).to(device=d), lambda d: ag.zeros(2, device=d)]
)
def test_unknown_device_names(name, words, use):
    with pytest.raises(errors.DeviceError, match=words) as caught:
        use(name)
    assert len(str(caught.value)) < 200


# ------------------------------------------------------------------ no GPU


@without_gpu
@pytest.mark.parametrize(
    "use",
    [
        lambda: ag.ones(2).cuda(),
        lambda: ag.ones(2).to("cuda"),
        lambda: ag.ones(2).to("cuda:99"),
        lambda: ag.zeros(2, device="cuda"),
        lambda: ag.tensor([1.0], device="cuda:1"),
        lambda: nn.Linear(2, 2).cuda(),
        lambda: nn.Linear(2, 2, device="cuda"),
        ag.cuda.current_device,
    ],
)
def test_asking_for_a_gpu_without_one(use):
    with pytest.raises(errors.DeviceError) as caught:
        use()
    message = str(caught.value)
    assert "pip install autograd-core[gpu]" in message or "use device='cpu'" in message


@without_gpu
def test_a_failed_move_leaves_the_module_as_it_was():
    net = nn.Linear(2, 2)
    before = [p._array for p in net.parameters()]
    with pytest.raises(errors.DeviceError):
        net.to("cuda")
    assert all(p._array is a for p, a in zip(net.parameters(), before, strict=True))


@without_gpu
def test_cuda_without_a_gpu_says_so_and_does_no_harm():
    assert ag.cuda.is_available() is False
    assert ag.cuda.device_count() == 0
    assert ag.cuda.memory_allocated() == ag.cuda.memory_reserved() == 0
    ag.cuda.empty_cache()
    ag.cuda.manual_seed(0)
    ag.cuda.manual_seed_all(0)


def test_the_tutorial_line_that_chooses_a_device():
    device = ag.device("cuda" if ag.cuda.is_available() else "cpu")
    assert ag.ones(2, device=device).device.type == device.type


# ------------------------------------------------------------------ making and moving


@pytest.mark.parametrize(
    "make",
    [
        lambda d: ag.zeros(2, 3, device=d),
        lambda d: ag.ones((2, 3), device=d),
        lambda d: ag.empty(2, device=d),
        lambda d: ag.full((2,), 7.0, device=d),
        lambda d: ag.eye(3, device=d),
        lambda d: ag.arange(5, device=d),
        lambda d: ag.linspace(0, 1, 5, device=d),
        lambda d: ag.logspace(0, 1, 5, device=d),
        lambda d: ag.rand(3, device=d),
        lambda d: ag.randn(3, device=d),
        lambda d: ag.randint(0, 9, (3,), device=d),
        lambda d: ag.randperm(5, device=d),
        lambda d: ag.tensor([1.0, 2.0], device=d),
        lambda d: ag.as_tensor(np.ones(2), device=d),
        lambda d: ag.zeros_like(ag.ones(2), device=d),
        lambda d: ag.ones(2).new_zeros(3, device=d),
        lambda d: ag.tril_indices(3, 3, device=d),
    ],
)
def test_creation_on_a_device(make):
    made = make("strict")
    assert made.device == ag.device("strict")
    assert type(made._array) is strict_device.StrictArray
    assert make(ag.device("strict")).shape == make("cpu").shape


def test_new_tensors_live_where_their_model_lives():
    t = there([1.0, 2.0])
    made = (t.new_zeros(2), t.new_tensor([1]), t.new_full((2,), 1), t.clone(), t.detach())
    alike = (ag.zeros_like(t), ag.rand_like(t), ag.full_like(t, 3), ag.empty_like(t))
    assert {x.device.type for x in (*made, *alike)} == {"strict"}


def test_to_moves_and_gradients_come_back():
    x = ag.tensor([1.0, 2.0], requires_grad=True)
    moved = x.to("strict")
    assert moved.device.type == "strict"
    assert moved.grad_fn.name() == "ToCopyBackward0"
    (moved * moved).sum().backward()
    assert x.grad.device.type == "cpu"
    assert x.grad.tolist() == [2.0, 4.0]


def test_to_where_it_is_already_is_the_tensor_itself():
    here, far = ag.ones(2), there([1.0])
    assert here.cpu() is here.to("cpu") is here.to("cpu:0") is here
    assert far.to("strict") is far
    assert far.cpu().device.type == "cpu"
    assert far.to("strict", copy=True) is not far
    both = here.to("strict", ag.float64)
    assert (both.device.type, both.dtype) == ("strict", ag.float64)
    like = here.to(there([1], dtype=ag.int32))
    assert (like.device.type, like.dtype) == ("strict", ag.int32)
    assert far.get_device() == 0
    assert here.get_device() == -1
    assert not far.is_cuda


def test_pickle_and_deepcopy_keep_the_device():
    t = there([1.0, 2.0], requires_grad=True)
    for other in (pickle.loads(pickle.dumps(t)), copy.deepcopy(t)):
        assert other.device.type == "strict"
        assert other.requires_grad
        assert other.tolist() == [1.0, 2.0]


def test_host_only_ways_out_are_refused_by_name():
    t = there([1.0])
    with pytest.raises(
        TypeError, match=r"can't convert strict device type tensor to numpy. Use Tensor.cpu\(\)"
    ):
        t.numpy()
    with pytest.raises(TypeError, match=r"Use Tensor.cpu\(\)"):
        np.asarray(t)
    assert t.numpy(force=True).tolist() == [1.0]
    assert float(t) == t.item() == 1.0


def test_a_tensor_off_the_cpu_says_where_it_is():
    t = there([1.0, 2.0], requires_grad=True)
    assert repr(t) == "tensor([1., 2.], device='strict', requires_grad=True)"
    assert repr(t * 2) == "tensor([2., 4.], device='strict', grad_fn=<MulBackward0>)"
    assert "device='strict'" in repr(there(3.0))
    assert f"{there(3.0):.1f}" == "3.0"


# ------------------------------------------------------------------ mixing


@pytest.mark.parametrize(
    "mix",
    [
        lambda a, b: a + b,
        lambda a, b: b * a,
        lambda a, b: a @ b,
        lambda a, b: ag.cat([a, b]),
        lambda a, b: ag.where(a > 0, a, b),
        lambda a, b: nn.functional.mse_loss(a, b),
        lambda a, b: a.add_(b),
        lambda a, b: ag.stack((a, b)),
    ],
)
def test_a_mix_of_devices_is_one_sentence(mix):
    a, b = there([1.0, 2.0]), ag.ones(2)
    with pytest.raises(
        errors.DeviceError, match="Expected all tensors to be on the same device"
    ) as e:
        mix(a, b)
    assert "strict" in str(e.value)
    assert "cpu" in str(e.value)
    assert ".to()" in str(e.value)
    assert a.tolist() == [1.0, 2.0]


def test_a_target_on_another_device_than_the_model():
    with pytest.raises(errors.DeviceError, match="same device"):
        nn.functional.cross_entropy(there([[1.0, 2.0]]), ag.tensor([0]))


@pytest.mark.parametrize("swap", [False, True])
@pytest.mark.parametrize(
    "name", ["add", "sub", "mul", "div", "pow", "maximum", "atan2", "lt", "eq"]
)
def test_0d_cpu_tensors_mix_as_numbers_do(name, swap):
    far, number = there([1.0, 2.0, 3.0]), ag.tensor(2.0)
    args = (number, far) if swap else (far, number)
    found = getattr(ag, name)(*args)
    assert found.device.type == "strict"
    assert found.tolist() == getattr(ag, name)(*(a.cpu() for a in args)).tolist()


def test_gradients_of_0d_cpu_tensors_come_back_to_the_cpu():
    far = there([1.0, 2.0, 3.0], requires_grad=True)
    scale = ag.tensor(2.0, requires_grad=True)
    (far * scale).sum().backward()
    assert scale.grad.device.type == "cpu"
    assert scale.grad.item() == 6.0
    assert far.grad.tolist() == [2.0, 2.0, 2.0]


def test_0d_tensors_off_the_cpu_do_not_mix_with_arrays_on_it():
    with pytest.raises(errors.DeviceError, match="same device"):
        ag.ones(3) + there(1.0)


def test_indices_from_the_host_are_taken_along():
    t = there([1.0, 2.0, 3.0])
    assert t[ag.tensor([2, 0])].tolist() == [3.0, 1.0]
    assert t[[0, 1]].device.type == "strict"
    assert t[there([True, False, True])].tolist() == [1.0, 3.0]
    assert t[there(True)].tolist() == [[1.0, 2.0, 3.0]]
    t[there([True, False, False])] = 9.0
    t[1] = ag.tensor(8.0)
    assert t.tolist() == [9.0, 8.0, 3.0]


# ------------------------------------------------------------------ training off the CPU


def classifier():
    ag.manual_seed(0)
    return nn.Sequential(nn.Linear(4, 8), nn.ReLU(), nn.Linear(8, 3))


def steps(net, x, target, count, read):
    optimizer = ag.optim.SGD(net.parameters(), lr=0.1, momentum=0.9)
    criterion = nn.CrossEntropyLoss()
    losses = []
    for _ in range(count):
        optimizer.zero_grad()
        loss = criterion(net(x), target)
        loss.backward()
        optimizer.step()
        losses.append(read(loss))
    return losses


def test_training_copies_nothing_to_the_host_but_the_loss(nothing_copied):
    rng = np.random.default_rng(0)
    x, target = rng.normal(size=(6, 4)).tolist(), [0, 1, 2, 0, 1, 2]
    expected = steps(classifier(), ag.tensor(x), ag.tensor(target), 5, float)
    net = classifier().to("strict")
    found = steps(net, there(x), there(target), 5, lambda loss: loss.item())
    nothing_copied.copies = 5
    assert found == pytest.approx(expected, rel=1e-5)
    assert found[-1] < found[0]
    assert all(p.device.type == p.grad.device.type == "strict" for p in net.parameters())


@pytest.mark.parametrize(
    "make",
    [
        lambda p: ag.optim.SGD(p, lr=0.1, nesterov=True, momentum=0.9, weight_decay=0.1),
        lambda p: ag.optim.Adam(p, lr=0.1, amsgrad=True),
        lambda p: ag.optim.AdamW(p, lr=0.1),
    ],
)
def test_optimizers_stay_on_the_device(make):
    weights = []
    for where in ("cpu", "strict"):
        net = classifier().to(where)
        optimizer = make(net.parameters())
        for _ in range(3):
            optimizer.zero_grad()
            net(ag.ones(2, 4, device=where)).square().sum().backward()
            optimizer.step()
        weights.append([p.tolist() for p in net.parameters()])
        state = optimizer.state_dict()
        optimizer.load_state_dict(state)
    for a, b in zip(*weights, strict=True):
        np.testing.assert_allclose(a, b, rtol=1e-5)


def test_module_to_moves_parameters_and_buffers_in_place():
    net = nn.BatchNorm1d(3)
    weight = net.weight
    assert net.to("strict") is net
    assert net.weight is weight
    assert {t.device.type for t in (*net.parameters(), *net.buffers())} == {"strict"}
    assert net(ag.ones(2, 3, device="strict")).device.type == "strict"
    assert net.cpu().weight.device.type == "cpu"


def test_hooks_see_device_tensors(nothing_copied):
    x = ag.ones(3, device="strict", requires_grad=True)
    y = x * 2
    seen = []
    x.register_hook(lambda g: seen.append(g.device.type) or g * 10)
    y.register_hook(lambda g: seen.append(g.device.type))
    y.grad_fn.register_hook(lambda ins, outs: seen.append(outs[0].device.type))
    x.register_post_accumulate_grad_hook(lambda t: seen.append(t.grad.device.type))
    y.sum().backward()
    assert seen == ["strict"] * 4
    nothing_copied.copies = 1
    assert x.grad.tolist() == [20.0] * 3


def test_higher_orders_and_functions_stay_on_the_device(nothing_copied):
    class Cube(ag.autograd.Function):
        @staticmethod
        def forward(ctx, x):
            ctx.save_for_backward(x)
            return x * x * x

        @staticmethod
        def backward(ctx, g):
            (x,) = ctx.saved_tensors
            return 3 * x * x * g

    x = ag.full((2,), 2.0, device="strict", requires_grad=True)
    (first,) = ag.autograd.grad(Cube.apply(x).sum(), x, create_graph=True)
    (second,) = ag.autograd.grad(first.sum(), x)
    nothing_copied.copies = 2
    assert (first.tolist(), second.tolist()) == ([12.0] * 2, [12.0] * 2)


def test_the_gradient_must_be_on_the_device_of_its_tensor():
    x = there([1.0, 2.0], requires_grad=True)
    with pytest.raises(RuntimeError, match="is on cpu, but output"):
        (x * 2).backward(ag.ones(2))
    assert x.grad is None
    with pytest.raises(RuntimeError, match="device"):
        x.grad = ag.ones(2)


def test_anomalies_are_found_on_the_device():
    x = there([1.0, 0.0], requires_grad=True)
    with ag.autograd.detect_anomaly(), pytest.raises(errors.AnomalyError, match="LogBackward0"):
        (x.log() * there([1.0, 0.0])).sum().backward()


def test_gradcheck_and_forward_mode_on_the_device():
    x = there([0.5, 1.5], dtype=ag.float64, requires_grad=True)
    assert ag.autograd.gradcheck(lambda t: (t.sin() * t).sum(), x)
    _, tangent = ag.autograd.functional.jvp(lambda t: t * t, x, ag.ones_like(x))
    assert tangent.tolist() == [1.0, 3.0]


def test_in_place_writes_and_views_on_the_device(nothing_copied):
    x = ag.ones(2, 2, device="strict", requires_grad=True)
    y = x.clone()
    y[0].mul_(3)
    y[:, 1] = 0.0
    y.t().add_(1)
    y.sum().backward()
    nothing_copied.copies = 2
    assert y.tolist() == [[4.0, 1.0], [2.0, 1.0]]
    assert x.grad.tolist() == [[3.0, 0.0], [1.0, 0.0]]


def test_probabilities_are_checked_on_the_device():
    assert ag.multinomial(there([0.0, 1.0]), 1).tolist() == [1]
    with pytest.raises(RuntimeError, match="element < 0"):
        ag.multinomial(there([-1.0, 1.0]), 1)


def test_the_old_constructor_is_for_the_cpu():
    with pytest.raises(errors.DeviceError, match="legacy constructor expects device type: cpu"):
        ag.Tensor(there([1.0]))


def test_saved_tensors_can_wait_on_the_cpu():
    x = there([1.0, 2.0], requires_grad=True)
    with ag.autograd.graph.save_on_cpu():
        y = x * x
    y.sum().backward()
    assert x.grad.device.type == "strict"
    assert x.grad.tolist() == [2.0, 4.0]


# ------------------------------------------------------------------ random numbers


def test_generators_on_a_device():
    generator = ag.Generator(device="strict")
    assert generator.device == ag.device("strict")
    drawn = [ag.randn(4, device="strict", generator=generator.manual_seed(7)) for _ in range(2)]
    assert drawn[0].tolist() == drawn[1].tolist()
    assert drawn[0].device.type == "strict"
    with pytest.raises(errors.DeviceError, match="Expected one of cpu, cuda"):
        ag.Generator(device="tpu")


def test_one_device_can_be_reseeded_alone():
    ag.manual_seed(0)
    first = ag.rand(3).tolist()
    ag.manual_seed(0)
    ag.default_generator.reseed(backends.backend("strict"), 5)
    far = ag.rand(3, device="strict").tolist()
    assert ag.rand(3).tolist() == first
    ag.default_generator.reseed(backends.backend("strict"), 5)
    assert ag.rand(3, device="strict").tolist() == far


def test_the_default_generator_serves_every_device(nothing_copied):
    ag.manual_seed(3)
    first, mask = ag.rand(3, device="strict"), nn.functional.dropout(ag.ones(64, device="strict"))
    ag.manual_seed(3)
    again, other = ag.rand(3, device="strict"), nn.functional.dropout(ag.ones(64, device="strict"))
    nothing_copied.copies = 4
    assert first.tolist() == again.tolist()
    assert mask.tolist() == other.tolist()


# ------------------------------------------------------------------ other libraries


def test_dlpack_with_numpy_shares_memory_both_ways():
    t = ag.arange(4, dtype=ag.float32)
    array = np.from_dlpack(t)
    t[0] = 5.0
    assert array.tolist() == [5.0, 1.0, 2.0, 3.0]
    source = np.zeros(3)
    shared = ag.from_dlpack(source)
    source[1] = 2.0
    assert shared.tolist() == [0.0, 2.0, 0.0]
    shared.add_(1)
    assert source.tolist() == [1.0, 3.0, 1.0]
    assert t.__dlpack_device__() == (1, 0)


def test_dlpack_with_torch_shares_memory_both_ways():
    torch = pytest.importorskip("torch", reason="PyTorch is not installed")
    theirs = torch.arange(6.0).reshape(2, 3)
    ours = ag.from_dlpack(theirs)
    theirs[0, 0] = 9
    assert ours.tolist() == theirs.tolist()
    assert ours.data_ptr() == theirs.data_ptr()
    back = torch.from_dlpack(ours)
    assert back.data_ptr() == theirs.data_ptr()
    assert ag.from_dlpack(torch.arange(3)).dtype is ag.int64
    assert torch.utils.dlpack.from_dlpack(ag.to_dlpack(ag.ones(2))).tolist() == [1.0, 1.0]


def test_dlpack_refuses_what_would_lose_the_graph():
    with pytest.raises(BufferError, match="require gradient"):
        np.from_dlpack(ag.ones(2, requires_grad=True))
    with pytest.raises(TypeError, match="__dlpack__"):
        ag.from_dlpack([1, 2])


def test_cuda_array_interface_is_for_gpus():
    assert not hasattr(ag.ones(2), "__cuda_array_interface__")
    with pytest.raises(AttributeError, match="non-CUDA tensor"):
        _ = ag.ones(2).__cuda_array_interface__


def test_a_backend_may_be_added():
    assert backends.backend("strict") is backends.backend("strict")
    assert backends.is_array(there([1.0])._array)
