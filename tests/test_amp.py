"""Mixed precision: what runs in which precision, held against PyTorch's."""

import threading

import numpy as np
import pytest

import autograd_core as ag
from autograd_core import nn
from autograd_core.amp.lists import LISTS, OF_PRIMITIVE
from autograd_core.declare import REGISTRY

LOW = ["bfloat16", "float16"]


def F(m):
    return m.nn.functional


def labels(m, *numbers):
    return m.tensor(numbers)


CALLS = {
    "linear": lambda m, x: F(m).linear(x(2, 3), x(4, 3), x(4)),
    "linear of a batch": lambda m, x: F(m).linear(x(2, 2, 3), x(4, 3), x(4)),
    "linear without bias": lambda m, x: F(m).linear(x(2, 3), x(4, 3)),
    "linear of a vector": lambda m, x: F(m).linear(x(3), x(4, 3), x(4)),
    "@": lambda m, x: x(2, 3) @ x(3, 2),
    "@ of vectors": lambda m, x: x(3) @ x(3),
    "@ of matrix and vector": lambda m, x: x(2, 3) @ x(3),
    "matmul of batches": lambda m, x: m.matmul(x(2, 2, 3), x(3, 2)),
    "mm": lambda m, x: x(2, 3).mm(x(3, 2)),
    "bmm": lambda m, x: m.bmm(x(2, 2, 3), x(2, 3, 2)),
    "addmm": lambda m, x: m.addmm(x(2, 2), x(2, 3), x(3, 2)),
    "baddbmm": lambda m, x: m.baddbmm(x(2, 2, 2), x(2, 2, 3), x(2, 3, 2)),
    "addbmm": lambda m, x: m.addbmm(x(2, 2), x(2, 2, 3), x(2, 3, 2)),
    "outer": lambda m, x: m.outer(x(2), x(3)),
    "einsum": lambda m, x: m.einsum("ij,jk->ik", x(2, 3), x(3, 2)),
    "einsum of elements": lambda m, x: m.einsum("ij,ij->ij", x(2, 3), x(2, 3)),
    "vecdot": lambda m, x: m.linalg.vecdot(x(2, 3), x(2, 3)),
    "conv1d": lambda m, x: F(m).conv1d(x(1, 2, 5), x(3, 2, 3), x(3)),
    "conv2d": lambda m, x: F(m).conv2d(x(1, 2, 5, 5), x(3, 2, 3, 3), x(3)),
    "conv3d": lambda m, x: F(m).conv3d(x(1, 2, 4, 4, 4), x(3, 2, 3, 3, 3)),
    "conv_transpose2d": lambda m, x: F(m).conv_transpose2d(x(1, 2, 5, 5), x(2, 3, 3, 3), x(3)),
    "prelu": lambda m, x: F(m).prelu(x(2, 3), x(1)),
    "attention": lambda m, x: F(m).scaled_dot_product_attention(
        x(1, 2, 3, 4), x(1, 2, 3, 4), x(1, 2, 3, 4)
    ),
    "exp": lambda m, x: x(3).exp(),
    "pow": lambda m, x: x(3) ** 2,
    "softmax": lambda m, x: m.softmax(x(2, 3), -1),
    "sum": lambda m, x: x(3).sum(),
    "mean": lambda m, x: x(3).mean(),
    "prod": lambda m, x: x(3).prod(),
    "norm": lambda m, x: x(3).norm(),
    "layer_norm": lambda m, x: F(m).layer_norm(x(2, 3), (3,)),
    "group_norm": lambda m, x: F(m).group_norm(x(2, 4, 3), 2),
    "batch_norm": lambda m, x: F(m).batch_norm(x(4, 3), None, None, training=True),
    "gelu": lambda m, x: F(m).gelu(x(3)),
    "mse_loss": lambda m, x: F(m).mse_loss(x(3), x(3)),
    "l1_loss": lambda m, x: F(m).l1_loss(x(3), x(3)),
    "smooth_l1_loss": lambda m, x: F(m).smooth_l1_loss(x(3), x(3)),
    "huber_loss": lambda m, x: F(m).huber_loss(x(3), x(3)),
    "cross_entropy": lambda m, x: F(m).cross_entropy(x(2, 3), labels(m, 0, 1)),
    "nll_loss": lambda m, x: F(m).nll_loss(x(2, 3), labels(m, 0, 1)),
    "binary_cross_entropy": lambda m, x: F(m).binary_cross_entropy(x(3).sigmoid(), x(3).sigmoid()),
    "bce with logits": lambda m, x: F(m).binary_cross_entropy_with_logits(x(3), x(3).sigmoid()),
    "kl_div": lambda m, x: F(m).kl_div(x(2, 3), m.softmax(x(2, 3), -1), reduction="sum"),
    "poisson_nll_loss": lambda m, x: F(m).poisson_nll_loss(x(3), x(3).abs()),
    "cosine_embedding_loss": lambda m, x: F(m).cosine_embedding_loss(
        x(2, 3), x(2, 3), labels(m, 1, -1)
    ),
    "hinge_embedding_loss": lambda m, x: F(m).hinge_embedding_loss(x(3), labels(m, 1, -1, 1)),
    "margin_ranking_loss": lambda m, x: F(m).margin_ranking_loss(x(3), x(3), labels(m, 1, -1, 1)),
    "soft_margin_loss": lambda m, x: F(m).soft_margin_loss(x(3), labels(m, 1, -1, 1)),
    "triplet_margin_loss": lambda m, x: F(m).triplet_margin_loss(x(2, 3), x(2, 3), x(2, 3)),
    "multi_margin_loss": lambda m, x: F(m).multi_margin_loss(x(2, 3), labels(m, 0, 1)),
    "cdist": lambda m, x: m.cdist(x(3, 3), x(2, 3)),
    "avg_pool3d": lambda m, x: F(m).avg_pool3d(x(1, 1, 4, 4, 4), 2),
    "max_pool2d": lambda m, x: F(m).max_pool2d(x(1, 1, 4, 4), 2),
    "reflection": lambda m, x: F(m).pad(x(1, 2, 3), (1, 1), mode="reflect"),
    "grid_sample": lambda m, x: F(m).grid_sample(x(1, 1, 4, 4), x(1, 2, 2, 2), align_corners=False),
    "quantile": lambda m, x: m.quantile(x(3), 0.5),
    "trace": lambda m, x: m.trace(x(3, 3)),
    "inv": lambda m, x: m.linalg.inv(x(3, 3) + 3 * m.eye(3)),
    "fft": lambda m, x: m.fft.fft(x(4)).real,
    "embedding": lambda m, x: F(m).embedding(labels(m, 0, 1), x(3, 2)),
    "+": lambda m, x: x(3) + x(3).to(m.bfloat16),
}


def run(m, fn, dtype, low):
    """Output, its dtype, and the gradients' dtypes and values."""
    seed, leaves = [0], []

    def x(*shape):
        rng = np.random.default_rng(seed[0])
        seed[0] += 1
        name = (low, "float32")[seed[0] % 2] if dtype == "mixed" else dtype
        leaf = m.from_numpy(rng.standard_normal(shape)).to(getattr(m, name))
        leaves.append(leaf.requires_grad_())
        return leaf

    with m.autocast("cpu", dtype=getattr(m, low)):
        y = fn(m, x)
    y.sum().backward()
    grads = [None if leaf.grad is None else leaf.grad for leaf in leaves]
    kinds = [str(y.dtype), *(str(g.dtype) if g is not None else None for g in grads)]
    return kinds, [t.detach().double().tolist() for t in (y, *grads) if t is not None]


@pytest.mark.parametrize("low", LOW)
@pytest.mark.parametrize("dtype", ["float32", "low", "float64", "mixed"])
@pytest.mark.parametrize("name", CALLS)
def test_as_torch(name, dtype, low):
    torch = pytest.importorskip("torch")
    dtype = low if dtype == "low" else dtype
    theirs = run(torch, CALLS[name], dtype, low)
    ours = run(ag, CALLS[name], dtype, low)
    assert ours[0] == theirs[0]
    # Both round to 8 (11) bits at each step, but not at the same steps.
    tolerance = {"bfloat16": 4e-2, "float16": 5e-3}[low]
    for one, two in zip(ours[1], theirs[1], strict=True):
        np.testing.assert_allclose(one, two, rtol=tolerance, atol=tolerance)


NORMS = {
    "batch_norm": lambda m, x, w: F(m).batch_norm(x, None, None, w(4), w(4), training=True),
    "batch_norm in eval": lambda m, x, w: F(m).batch_norm(x, w(4), w(4).abs(), w(4), w(4)),
    "layer_norm": lambda m, x, w: F(m).layer_norm(x, (3,), w(3), w(3)),
    "group_norm": lambda m, x, w: F(m).group_norm(x, 2, w(4), w(4)),
    "instance_norm": lambda m, x, w: F(m).instance_norm(x, None, None, w(4), w(4)),
}


@pytest.mark.parametrize("low", LOW)
@pytest.mark.parametrize("name", NORMS)
def test_norms_with_float32_parameters_as_torch(name, low):
    torch = pytest.importorskip("torch")
    values = np.random.default_rng(0).standard_normal((2, 4, 3)).astype("f4")
    found = []
    for m in (torch, ag):
        x = m.from_numpy(values).to(getattr(m, low)).requires_grad_()
        with m.autocast("cpu", dtype=getattr(m, low)):
            y = NORMS[name](m, x, m.ones)
        (y * y * y).sum().backward()
        found.append((str(y.dtype), str(x.grad.dtype), y.tolist()))
    assert found[0][:2] == found[1][:2]
    np.testing.assert_allclose(found[0][2], found[1][2], rtol=0.01, atol=0.01)


@pytest.mark.parametrize("name", ["cat", "stack"])
def test_joining_takes_the_widest(name):
    a, b = ag.ones(2), ag.ones(2, dtype=ag.bfloat16)
    with ag.autocast("cpu"):
        assert getattr(ag, name)([b, a]).dtype is ag.float32
        assert getattr(ag, name)([b, b]).dtype is ag.bfloat16


RECURRENT = ["LSTM", "GRU", "RNN"]


@pytest.mark.parametrize("kind", RECURRENT)
def test_recurrent_networks_as_torch(kind):
    torch = pytest.importorskip("torch")
    found = []
    for m in (torch, ag):
        net = getattr(m.nn, kind)(3, 2)
        with m.autocast("cpu"):
            out, state = net(m.ones(4, 1, 3))
        out.float().sum().backward()
        states = state if isinstance(state, tuple) else (state,)
        tensors = [out, *states, *(p.grad for p in net.parameters())]
        found.append([str(t.dtype) for t in tensors])
    assert found[0] == found[1]


@pytest.mark.parametrize("kind", ["LSTMCell", "GRUCell", "RNNCell"])
def test_recurrent_cells_as_torch(kind):
    torch = pytest.importorskip("torch")
    found = []
    for m in (torch, ag):
        with m.autocast("cpu"):
            out = getattr(m.nn, kind)(3, 2)(m.ones(4, 3))
        found.append([str(t.dtype) for t in (out if isinstance(out, tuple) else (out,))])
    assert found[0] == found[1]


def test_a_training_step_as_torch():
    torch = pytest.importorskip("torch")
    found, state = [], None
    for m in (torch, ag):
        net = m.nn.Sequential(
            m.nn.Conv2d(1, 4, 3), m.nn.BatchNorm2d(4), m.nn.ReLU(), m.nn.Flatten(),
            m.nn.Linear(64, 16), m.nn.LayerNorm(16), m.nn.GELU(), m.nn.Linear(16, 3),
        )  # fmt: skip
        if state is None:
            state = {k: v.numpy().copy() for k, v in net.state_dict().items()}
        net.load_state_dict({k: m.from_numpy(v.copy()) for k, v in state.items()})
        optimizer = m.optim.SGD(net.parameters(), lr=0.1)
        x = m.from_numpy(np.random.default_rng(0).standard_normal((5, 1, 6, 6), dtype="f4"))
        losses = []
        for _ in range(5):
            optimizer.zero_grad()
            with m.autocast("cpu"):
                loss = m.nn.functional.cross_entropy(net(x), m.tensor([0, 1, 2, 0, 1]))
            assert str(loss.dtype) == "torch.float32"
            loss.backward()
            assert all(str(p.grad.dtype) == "torch.float32" for p in net.parameters())
            optimizer.step()
            losses.append(loss.item())
        found.append(losses)
    np.testing.assert_allclose(found[0], found[1], rtol=0.03)


# ------------------------------------------------------------------ where it holds


def product(x):
    return (x @ x).dtype


def test_blocks_nest():
    x = ag.ones(2, 2)
    with ag.autocast("cpu"):
        assert product(x) is ag.bfloat16
        with ag.autocast("cpu", dtype=ag.float16):
            assert product(x) is ag.float16
            assert ag.get_autocast_dtype("cpu") is ag.float16
            with ag.autocast("cpu", enabled=False):
                assert product(x) is ag.float32
                assert not ag.is_autocast_enabled("cpu")
            assert product(x) is ag.float16
        assert product(x) is ag.bfloat16
        assert ag.is_autocast_enabled("cpu")
        assert not ag.is_autocast_enabled("cuda")
    assert product(x) is ag.float32
    assert ag.get_autocast_dtype("cpu") is ag.bfloat16


def test_it_ends_with_an_exception():
    with pytest.raises(KeyError), ag.autocast("cpu"):
        raise KeyError
    assert not ag.is_autocast_enabled("cpu")
    assert product(ag.ones(2, 2)) is ag.float32


def test_a_decorator():
    @ag.autocast("cpu")
    def half(x, deep=0):
        return half(x, deep - 1) if deep else product(x)

    assert half(ag.ones(2, 2), deep=3) is ag.bfloat16
    assert product(ag.ones(2, 2)) is ag.float32
    assert half.__name__ == "half"
    with pytest.raises(TypeError, match="requires a callable, but got Tensor"):
        ag.autocast("cpu")(ag.ones(1))


def test_each_thread_has_its_own():
    found = []
    with ag.autocast("cpu"):
        thread = threading.Thread(target=lambda: found.append(product(ag.ones(2, 2))))
        thread.start()
        thread.join()
        assert product(ag.ones(2, 2)) is ag.bfloat16
    assert found == [ag.float32]


def test_the_fast_paths_are_taken_again():
    from autograd_core import state

    before = state.special
    with ag.autocast("cpu"):
        assert state.special == before + 1
        ag.nn.functional.mse_loss(ag.ones(2), ag.ones(2))
        assert state.special == before + 1
    assert state.special == before


def test_names_bound_before_autocast_was_first_used():
    """In a process of its own: what was imported by name earlier is cast too."""
    import subprocess
    import sys

    program = (
        "from autograd_core import matmul, ones, nn\n"
        "from autograd_core.nn.functional import linear, mse_loss\n"
        "import autograd_core as ag\n"
        "x = ones(2, 2)\n"
        "with ag.autocast('cpu'):\n"
        "    y = matmul(x, x)\n"
        "    print(y.dtype, linear(x, x, x[0]).dtype, mse_loss(y, y).dtype)\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, check=True
    )
    assert done.stdout.split() == ["torch.bfloat16", "torch.bfloat16", "torch.float32"]


def test_with_other_modes():
    layer = nn.Linear(3, 2)
    with ag.autocast("cpu"), ag.no_grad():
        assert not layer(ag.ones(1, 3)).requires_grad
    with ag.autocast("cpu"), ag.inference_mode():
        assert layer(ag.ones(1, 3)).dtype is ag.bfloat16
    with ag.autocast("cpu"):
        with ag.no_grad():
            layer(ag.ones(1, 3))
        layer(ag.ones(1, 3)).sum().backward()
    assert layer.weight.grad is not None


def test_with_checkpointing():
    layer = nn.Linear(3, 3)
    x = ag.ones(2, 3)
    with ag.autocast("cpu"):
        ag.utils.checkpoint.checkpoint(
            lambda x: layer(layer(x)), x, use_reentrant=False
        ).sum().backward()
    assert layer.weight.grad.dtype is ag.float32


# ------------------------------------------------------------------ casts of parameters


def casts(node):
    """The nodes that cast, each once."""
    found, left = set(), [node]
    while left:
        node = left.pop()
        if node is not None:
            if node.name() == "ToCopyBackward0":
                found.add(node)
            left.extend(n for n, _ in node.next_functions)
    return len(found)


@pytest.mark.parametrize(("cache", "count"), [(True, 1), (False, 2)])
def test_a_parameter_is_cast_once(cache, count):
    w, x = nn.Parameter(ag.ones(2, 2)), ag.ones(2, 2, dtype=ag.bfloat16)
    with ag.autocast("cpu", cache_enabled=cache):
        y = (x @ w).sum() + (x @ w).sum()
    assert casts(y.grad_fn) == count
    y.backward()
    assert w.grad.tolist() == [[4, 4], [4, 4]]


def test_a_parameter_that_is_written_to_is_cast_anew():
    w, x = nn.Parameter(ag.ones(1, 1)), ag.ones(1, 1)
    with ag.autocast("cpu"):
        assert (x @ w).item() == 1
        with ag.no_grad():
            w.add_(1)
        assert (x @ w).item() == 2


def test_the_cache_ends_with_the_outermost_block():
    from autograd_core.amp import autocast_mode

    w = nn.Parameter(ag.ones(1, 1))
    with ag.autocast("cpu"):
        with ag.autocast("cpu"):
            w @ w
        assert autocast_mode._switches.cache
        ag.clear_autocast_cache()
        assert not autocast_mode._switches.cache
        w @ w
    assert not autocast_mode._switches.cache


# ------------------------------------------------------------------ arguments


def test_devices_and_dtypes_that_there_are_not():
    assert ag.amp.is_autocast_available("cpu")
    assert ag.amp.is_autocast_available("cuda")
    assert not ag.amp.is_autocast_available("tpu")
    with pytest.raises(RuntimeError, match="unsupported autocast device_type 'tpu'"):
        ag.autocast("tpu")
    with pytest.raises(ValueError, match="of type `str`"):
        ag.autocast(ag.device("cpu"))
    with pytest.warns(UserWarning, match="only supports dtypes of torch.bfloat16") as caught:
        block = ag.autocast("cpu", dtype=ag.float64)
    assert caught[0].filename == __file__
    with block:
        assert product(ag.ones(2, 2)) is ag.float32


def test_autocast_for_cuda_without_a_gpu():
    if ag.cuda.is_available():
        pytest.skip("there is a GPU")
    with pytest.warns(UserWarning, match="CUDA is not available") as caught, ag.autocast("cuda"):
        assert product(ag.ones(2, 2)) is ag.float32
    assert caught[0].filename == __file__


def test_switches_without_a_block():
    try:
        ag.set_autocast_enabled("cpu", True)
        ag.set_autocast_dtype("cpu", ag.float16)
        assert product(ag.ones(2, 2)) is ag.float16
        assert ag.is_autocast_cpu_enabled()
        assert ag.get_autocast_cpu_dtype() is ag.float16
        assert ag.get_autocast_gpu_dtype() is ag.float16
        ag.set_autocast_cache_enabled(False)
        assert not ag.is_autocast_cache_enabled()
    finally:
        ag.set_autocast_enabled("cpu", False)
        ag.set_autocast_dtype("cpu", ag.bfloat16)
        ag.set_autocast_cache_enabled(True)
    assert product(ag.ones(2, 2)) is ag.float32


@pytest.mark.parametrize("room", ["cpu", "cuda"])
def test_old_names(room):
    old = getattr(ag, room).amp
    with pytest.warns(FutureWarning, match=rf"torch\.{room}\.amp\.autocast") as caught:
        block = old.autocast(enabled=False)
    assert caught[0].filename == __file__
    assert isinstance(block, ag.autocast)
    with pytest.warns(FutureWarning, match=rf"torch\.{room}\.amp\.GradScaler"):
        assert not old.GradScaler(enabled=False).is_enabled()


def test_every_name_in_the_lists_is_a_function_of_ours_or_not_yet_there():
    """A name that nothing has would be a typing error: it must be one of PyTorch's."""
    torch = pytest.importorskip("torch")
    spaces = [
        m for t in (torch, ag) for m in (t, t.nn.functional, t.linalg, t.fft, t.special, t.Tensor)
    ]
    primitives = {*REGISTRY, *OF_PRIMITIVE.values()}
    for table in LISTS.values():
        for name in set(table) - primitives:
            assert any(hasattr(space, name) for space in spaces), name
    assert set(OF_PRIMITIVE) <= set(REGISTRY)


# ------------------------------------------------------------------ custom functions


def function_with(cast_inputs):
    class Product(ag.autograd.Function):
        @staticmethod
        @ag.amp.custom_fwd(device_type="cpu", cast_inputs=cast_inputs)
        def forward(ctx, a, b):
            ctx.save_for_backward(a, b)
            Product.seen = [a.dtype, (a @ b).dtype]
            return a @ b

        @staticmethod
        @ag.amp.custom_bwd(device_type="cpu")
        def backward(ctx, g):
            a, b = ctx.saved_tensors
            Product.seen += [ag.is_autocast_enabled("cpu")]
            return g @ b.t().to(g.dtype), a.t().to(g.dtype) @ g

    return Product


@pytest.mark.parametrize(
    ("cast_inputs", "on", "seen"),
    [
        (None, True, [ag.float32, ag.bfloat16, True]),
        (None, False, [ag.float32, ag.float32, False]),
        (ag.float32, True, [ag.float32, ag.float32, False]),
        (ag.float16, True, [ag.float16, ag.float16, False]),
        (ag.float16, False, [ag.float32, ag.float32, False]),
    ],
)
def test_custom_functions(cast_inputs, on, seen):
    product_of = function_with(cast_inputs)
    a, b = (ag.ones(2, 2, requires_grad=True) for _ in range(2))
    with ag.autocast("cpu", enabled=on):
        y = product_of.apply(a, b)
    y.sum().backward()
    assert product_of.seen == seen
    assert a.grad.dtype is b.grad.dtype is ag.float32
    assert a.grad.tolist() == [[2, 2], [2, 2]]
