"""Creation, conversion, interop and random numbers."""

from __future__ import annotations

import copy
import math
import pickle

import numpy as np
import pytest

import autograd_core as ag
from autograd_core.errors import DeviceError, DtypeError, ShapeError

try:
    import torch
except ImportError:
    torch = None

needs_torch = pytest.mark.skipif(torch is None, reason="PyTorch is not installed")

DATA = [
    1, 1.5, True, [], [[], []], [1, 2], [1, 2.5], [True, 2], [True, False], [[1.0], [2]], 2**40,
    (1, 2), [np.float64(1)], [np.float32(1.0), 2], [np.int32(1)], np.float64(3), np.arange(3),
    np.ones((2, 2), np.float16), range(3), float("nan"), 1j, [1, 2j],
]  # fmt: skip


@needs_torch
@pytest.mark.parametrize("data", DATA, ids=repr)
def test_inference_of_dtype_and_shape(data):
    mine, yours = ag.tensor(data), torch.tensor(data)
    assert repr(mine.dtype) == repr(yours.dtype)
    assert tuple(mine.shape) == tuple(yours.shape)
    np.testing.assert_array_equal(np.asarray(mine.tolist()), np.asarray(yours.tolist()))


def test_lists_of_tensors():
    wide = ag.tensor(2.0, dtype=ag.float64)
    assert ag.tensor([wide]).dtype is ag.float64
    assert ag.tensor([1, ag.tensor(2.0)]).tolist() == [1.0, 2.0]


@pytest.mark.parametrize(
    ("data", "kind", "says"),
    [
        ([[1, 2], [3]], ValueError, "expected sequence of length 2 at dim 1 (got 1)"),
        ("text", TypeError, "invalid data type 'str'"),
        (["a"], ValueError, "too many dimensions 'str'"),
        (None, RuntimeError, "Could not infer dtype of NoneType"),
        ({1: 2}, RuntimeError, "Could not infer dtype of dict"),
        (2**70, ValueError, "Overflow when unpacking long long"),
        ([ag.zeros(2)], ValueError, "only one element tensors can be converted"),
        (np.array(["a"]), TypeError, "The supported types are"),
    ],
    ids=repr,
)
def test_refused_data(data, kind, says):
    with pytest.raises(kind, match=r".*") as caught:
        ag.tensor(data)
    assert says in str(caught.value)


def test_refused_creation():
    with pytest.raises(DtypeError, match="floating point and complex"):
        ag.tensor([1], requires_grad=True)
    with pytest.raises(RuntimeError, match="without overflow"):
        ag.tensor([300], dtype=ag.uint8)
    with pytest.raises(ShapeError, match="non-negative"):
        ag.zeros(2, -1)
    with pytest.raises(DeviceError, match="Expected one of"):
        ag.zeros(2, device="abacus")
    with pytest.raises(RuntimeError, match="step must be nonzero"):
        ag.arange(0, 3, 0)


def test_tensor_copies_and_from_numpy_shares():
    array = np.ones(3)
    copied, shared = ag.tensor(array), ag.from_numpy(array)
    array[0] = 7
    assert copied.tolist() == [1, 1, 1]
    assert shared.tolist() == [7, 1, 1]
    assert np.shares_memory(np.asarray(shared), array)
    with pytest.raises(ValueError, match="negative"):
        ag.from_numpy(array[::-1])


def test_to_returns_itself_where_nothing_changes():
    x = ag.tensor([1.0, 2.0], requires_grad=True)
    assert x.to(ag.float32) is x
    assert x.to("cpu") is x
    assert x.float() is x
    assert x.cpu() is x
    assert x.to(x) is x
    assert x.to(ag.float32, copy=True).grad_fn.name() == "ToCopyBackward0"


def test_cast_carries_gradients_back_in_the_leaf_dtype():
    x = ag.tensor([1.0, 2.0], requires_grad=True)
    (x.double() * 3).sum().backward()
    assert x.grad.dtype is ag.float32
    assert x.grad.tolist() == [3.0, 3.0]
    h = ag.tensor([1.0, 2.0], dtype=ag.float16, requires_grad=True)
    (h.float() ** 2).sum().backward()
    assert h.grad.dtype is ag.float16
    assert h.grad.tolist() == [2.0, 4.0]


def test_unknown_device_and_mixed_arguments():
    with pytest.raises(DeviceError):
        ag.zeros(2).to("abacus")
    with pytest.raises(TypeError, match="unexpected keyword"):
        ag.zeros(2).to(ag.float64, nonsense=True)


def test_pickle_and_deepcopy():
    x = ag.tensor([[1.0, 2.0]], dtype=ag.float64, requires_grad=True)
    for again in (pickle.loads(pickle.dumps(x)), copy.deepcopy(x)):
        assert again.tolist() == x.tolist()
        assert again.requires_grad
        assert again.dtype is ag.float64
        again.data.add_(1)
        assert x.tolist() == [[1.0, 2.0]]


@needs_torch
def test_dlpack_both_ways_shares_memory():
    mine = ag.arange(4.0)
    theirs = torch.from_dlpack(mine)
    theirs[0] = 9
    assert mine.tolist() == [9, 1, 2, 3]
    back = ag.from_dlpack(torch.arange(3, dtype=torch.int64))
    back[1] = 5
    assert back.tolist() == [0, 5, 2]
    assert ag.as_tensor(theirs).tolist() == [9, 1, 2, 3]
    with pytest.raises(BufferError, match="detach"):
        torch.from_dlpack(ag.ones(2, requires_grad=True))


# ------------------------------------------------------------------ random numbers


def test_seed_repeats_and_state_returns():
    ag.manual_seed(7)
    first = [ag.randn(3).tolist(), ag.randperm(9).tolist()]
    ag.manual_seed(7)
    assert [ag.randn(3).tolist(), ag.randperm(9).tolist()] == first
    state = ag.get_rng_state()
    wanted = ag.rand(5).tolist()
    ag.set_rng_state(state)
    assert ag.rand(5).tolist() == wanted
    assert ag.initial_seed() == 7
    with pytest.raises(RuntimeError, match="wrong size"):
        ag.set_rng_state(state[:8])


def test_generator_is_apart_from_the_default():
    own = ag.Generator().manual_seed(1)
    ag.manual_seed(3)
    ag.rand(2, generator=own)
    mixed = ag.rand(2).tolist()
    ag.manual_seed(3)
    assert ag.rand(2).tolist() == mixed


def test_fork_rng_leaves_the_stream_alone():
    from autograd_core.random import fork_rng

    ag.manual_seed(3)
    wanted = ag.rand(4).tolist()
    ag.manual_seed(3)
    with fork_rng():
        ag.manual_seed(99)
        ag.rand(10)
    assert ag.rand(4).tolist() == wanted


def test_distributions():
    ag.manual_seed(0)
    n = 200_000
    moments = {
        "rand": (ag.rand(n), 0.5, 1 / 12), "randn": (ag.randn(n), 0, 1),
        "uniform_": (ag.empty(n).uniform_(-1, 3), 1, 16 / 12),
        "normal_": (ag.empty(n).normal_(2, 3), 2, 9),
        "exponential_": (ag.empty(n).exponential_(2), 0.5, 0.25),
        "bernoulli_": (ag.empty(n).bernoulli_(0.3), 0.3, 0.21),
        "randint": (ag.randint(0, 4, (n,)).float(), 1.5, 1.25),
        "geometric_": (ag.empty(n).geometric_(0.5), 2, 2),
        "normal": (ag.normal(ag.ones(n), 2.0), 1, 4),
    }  # fmt: skip
    for name, (drawn, mean, variance) in moments.items():
        values = np.asarray(drawn, np.float64)
        assert math.isclose(values.mean(), mean, abs_tol=0.03), name
        assert math.isclose(values.var(), variance, rel_tol=0.05), name


def test_multinomial():
    ag.manual_seed(0)
    p = ag.tensor([1.0, 3.0, 0.0, 4.0])
    drawn = ag.multinomial(p, 40_000, replacement=True)
    share = np.bincount(np.asarray(drawn), minlength=4) / 40_000
    np.testing.assert_allclose(share, [1 / 8, 3 / 8, 0, 1 / 2], atol=0.01)
    rows = ag.multinomial(p.expand(100, 4), 3)
    assert all(sorted(r) == [0, 1, 3] for r in rows.tolist())
    for wrong in (ag.tensor([-1.0, 2.0]), ag.zeros(2)):
        with pytest.raises(RuntimeError):
            ag.multinomial(wrong, 1)
    with pytest.raises(RuntimeError, match="without replacement"):
        ag.multinomial(ag.ones(2), 3)


def test_refilling_keeps_the_graph_rules():
    x = ag.ones(3, requires_grad=True)
    with pytest.raises(RuntimeError, match="leaf Variable"):
        x.normal_()
    y = x * 2
    y.uniform_()
    y.sum().backward()
    assert x.grad.tolist() == [0.0, 0.0, 0.0]
