"""Corners that the examples of the remaining ops don't reach: errors, memory, settings."""

from __future__ import annotations

import math
import subprocess
import sys

import numpy as np
import pytest

import autograd_core as ag

# ------------------------------------------------------------------ statistics


def test_pdist_of_no_rows_or_one():
    for rows in (0, 1):
        x = ag.ones(rows, 3, requires_grad=True)
        found = ag.pdist(x)
        assert tuple(found.shape) == (0,)
        found.sum().backward()
        assert x.grad.tolist() == [[0.0] * 3] * rows


def test_cdist_by_product_agrees_with_differences():
    rng = np.random.default_rng(0)
    a, b = (ag.tensor(rng.normal(size=(30, 4)), requires_grad=True) for _ in range(2))
    fast = ag.cdist(a, b)
    exact = ag.cdist(a, b, compute_mode="donot_use_mm_for_euclid_dist")
    np.testing.assert_allclose(fast.tolist(), exact.tolist(), rtol=1e-10)
    for found, expected in zip(
        ag.autograd.grad(fast.sum(), (a, b)), ag.autograd.grad(exact.sum(), (a, b)), strict=True
    ):
        np.testing.assert_allclose(found.tolist(), expected.tolist(), rtol=1e-8, atol=1e-12)


def test_a_distance_of_nothing_has_no_slope():
    x = ag.zeros(2, 3, requires_grad=True)
    for p in (0, 0.5, 1, 1.5, 2, math.inf):
        (slope,) = ag.autograd.grad(ag.cdist(x, x, p).sum(), x)
        assert slope.tolist() == [[0.0] * 3] * 2, p


def test_quantiles_with_nan():
    x = ag.tensor([1.0, math.nan, 3.0])
    assert math.isnan(ag.quantile(x, 0.5).item())
    assert ag.nanquantile(x, 0.5).item() == 2.0
    assert ag.nanquantile(x, ag.tensor([0.0, 1.0])).tolist() == [1.0, 3.0]


def test_quantile_refuses_fractions_outside():
    with pytest.raises(RuntimeError, match=r"q must be in the range \[0, 1\] but got 1.5"):
        ag.quantile(ag.ones(3), 1.5)
    with pytest.raises(RuntimeError, match=r"q values must be in the range \[0, 1\]"):
        ag.quantile(ag.ones(3), ag.tensor([0.5, -1.0]))


def test_mode_is_the_smallest_of_the_most_frequent():
    values, indices = ag.mode(ag.tensor([3, 1, 1, 3, 2]))
    assert (values.item(), indices.item()) == (1, 2)


def test_covariance_warns_without_freedom():
    with np.errstate(all="ignore"), pytest.warns(UserWarning, match="degrees of freedom is <= 0"):
        ag.cov(ag.ones(2, 1))


def test_histc_leaves_out_what_is_outside():
    x = ag.tensor([-5.0, 0.0, 0.5, 1.0, 7.0, math.nan])
    assert ag.histc(x, bins=2, min=0, max=1).tolist() == [1.0, 2.0]


def test_gradient_wants_enough_samples():
    with pytest.raises(RuntimeError, match=r"at least edge_order\+1"):
        ag.gradient(ag.ones(2), edge_order=2)


def test_segments_must_add_up():
    with pytest.raises(RuntimeError, match="sum to 3"):
        ag.segment_reduce(ag.ones(3), "sum", lengths=ag.tensor([1, 1]))
    assert ag.segment_reduce(ag.ones(3), "max", lengths=ag.tensor([3, 0])).tolist() == [
        1.0,
        -math.inf,
    ]


# ------------------------------------------------------------------ random counts


def test_counts_have_the_right_means():
    ag.manual_seed(0)
    rates = ag.tensor([0.5, 4.0, 50.0]).expand(20000, 3)
    np.testing.assert_allclose(ag.poisson(rates).mean(0).tolist(), [0.5, 4.0, 50.0], rtol=0.05)
    trials = ag.full((20000,), 10.0)
    found = ag.binomial(trials, ag.full((20000,), 0.3))
    assert found.mean().item() == pytest.approx(3.0, rel=0.05)


def test_poisson_gives_no_gradient_and_refuses_negative_rates():
    x = ag.ones(3, requires_grad=True)
    ag.poisson(x).sum().backward()
    assert x.grad.tolist() == [0.0, 0.0, 0.0]
    with pytest.raises(RuntimeError, match="expected rate to be non-negative"):
        ag.poisson(ag.tensor([-1.0]))


# ------------------------------------------------------------------ memory


def test_resizing_keeps_the_first_elements():
    x = ag.arange(6.0)
    assert x.resize_(2, 2).tolist() == [[0.0, 1.0], [2.0, 3.0]]
    assert x.resize_(5).tolist() == [0.0, 1.0, 2.0, 3.0, 0.0]
    assert x._version == 2
    with pytest.raises(RuntimeError, match="cannot resize variables that require grad"):
        ag.ones(2, requires_grad=True).resize_(3)


def test_views_share_their_storage():
    x = ag.arange(6.0).reshape(2, 3)
    row = x[1]
    assert row.untyped_storage().data_ptr() == x.untyped_storage().data_ptr()
    assert x.clone().untyped_storage().data_ptr() != x.untyped_storage().data_ptr()
    assert (x.untyped_storage().nbytes(), len(x.storage())) == (24, 6)
    assert list(row.storage()) == x.storage().tolist() == [0.0, 1.0, 2.0, 3.0, 4.0, 5.0]


def test_set_takes_the_memory_of_another():
    x, y = ag.zeros(2), ag.arange(4.0)
    x.set_(y)
    assert x.is_set_to(y)
    y[0] = 9
    assert x.tolist() == [9.0, 1.0, 2.0, 3.0]
    assert x.set_(y.storage(), 1, (3,)).tolist() == [1.0, 2.0, 3.0]
    assert x.set_().numel() == 0


def test_element_by_element_in_python():
    x = ag.arange(3.0)
    assert x.apply_(lambda v: v + 1).tolist() == [1.0, 2.0, 3.0]
    assert x.map_(ag.tensor([10.0, 20.0, 30.0]), lambda a, b: a * b).tolist() == [10.0, 40.0, 90.0]
    with pytest.raises(RuntimeError, match="requires grad"):
        ag.ones(2, requires_grad=True).apply_(abs)


def test_filled_diagonals():
    assert ag.zeros(5, 2).fill_diagonal_(1, wrap=True).tolist() == [
        [1.0, 0.0],
        [0.0, 1.0],
        [0.0, 0.0],
        [1.0, 0.0],
        [0.0, 1.0],
    ]
    cube = ag.zeros(2, 2, 2).fill_diagonal_(3)
    assert cube.nonzero().tolist() == [[0, 0, 0], [1, 1, 1]]
    x = ag.ones(2, 2, requires_grad=True)
    (x * 2).fill_diagonal_(0).sum().backward()
    assert x.grad.tolist() == [[0.0, 2.0], [2.0, 0.0]]


def test_buffers_are_shared_where_they_can_be_written():
    buffer = bytearray(8)
    x = ag.frombuffer(buffer, dtype=ag.float32)
    x[0] = 1.0
    assert buffer[3] == 0x3F
    assert ag.frombuffer(bytes(8), dtype=ag.int32, count=1, offset=4).tolist() == [0]
    with pytest.raises(ValueError, match="multiple of element size"):
        ag.frombuffer(bytes(7), dtype=ag.int16)


def test_strided_memory():
    x = ag.empty_strided((2, 3), (1, 2))
    assert x.stride() == (1, 2)
    assert ag.empty_permuted((2, 3, 4), (2, 0, 1)).stride() == (3, 1, 6)


@pytest.mark.parametrize(
    ("name", "args"),
    [
        ("permute_copy", ((1, 0),)),
        ("slice_copy", (1, 0, 3, 2)),
        ("unbind_copy", (1,)),
        ("select_copy", (0, 1)),
        ("view_copy", ((6,),)),
        ("unsafe_chunk", (2,)),
    ],
)
def test_copies_share_nothing(name, args):
    x = ag.arange(6.0).reshape(2, 3)
    for part in ag.stack([p]) if isinstance(p := getattr(ag, name)(x, *args), ag.Tensor) else p:
        part.zero_()
    assert x.tolist() == [[0.0, 1.0, 2.0], [3.0, 4.0, 5.0]]


def test_results_may_not_be_written_over_what_is_read():
    x = ag.arange(6.0)
    for call in (
        lambda: ag.cat([x[:3], x[3:]], out=x),
        lambda: ag.gather(x, 0, ag.tensor([1, 0, 2, 3, 4, 5]), out=x),
        lambda: ag.index_select(x, 0, ag.tensor([5, 4, 3, 2, 1, 0]), out=x),
        lambda: ag.take(x, ag.tensor([5, 4, 3, 2, 1, 0]), out=x),
    ):
        with pytest.raises(RuntimeError, match="single memory location"):
            call()
    assert x.tolist() == [0.0, 1.0, 2.0, 3.0, 4.0, 5.0]


# ------------------------------------------------------------------ settings and old names


def test_old_tensor_types():
    assert ag.LongTensor([1, 2]).dtype is ag.int64
    assert tuple(ag.FloatTensor(2, 3).shape) == (2, 3)
    assert isinstance(ag.ones(1), ag.FloatTensor)
    assert not isinstance(ag.ones(1), ag.DoubleTensor)
    assert ag.ones(1).type(ag.DoubleTensor).dtype is ag.float64
    assert ag.typename(ag.ones(1)) == "torch.FloatTensor"


def test_settings_are_remembered():
    program = """
import autograd_core as ag
ag.set_default_tensor_type(ag.DoubleTensor)
assert ag.ones(1).dtype is ag.float64
ag.set_default_device("cpu"); assert ag.get_default_device() == ag.device("cpu")
ag.use_deterministic_algorithms(True, warn_only=True)
assert ag.are_deterministic_algorithms_enabled() and ag.get_deterministic_debug_mode() == 1
ag.set_float32_matmul_precision("high"); assert ag.get_float32_matmul_precision() == "high"
ag.set_num_interop_threads(2); assert ag.get_num_interop_threads() == 2
"""
    subprocess.run([sys.executable, "-c", program], check=True)


@pytest.mark.parametrize(
    "call",
    [
        lambda: ag.set_float32_matmul_precision("best"),
        lambda: ag.set_num_threads(0),
        lambda: ag.set_deterministic_debug_mode("maybe"),
    ],
)
def test_settings_refuse_nonsense(call):
    with pytest.raises(RuntimeError):
        call()


def test_new_tensors_go_to_the_default_device():
    import strict_device

    strict_device.register()
    try:
        ag.set_default_device("strict")
        made = [ag.ones(2), ag.tensor([1.0]), ag.arange(3), ag.randn(2), ag.zeros(2, device="cpu")]
    finally:
        ag.set_default_device(None)
    assert [t.device.type for t in made] == ["strict"] * 4 + ["cpu"]


def test_compile_hands_functions_back():
    def f(x):
        return x + 1

    assert ag.compile(f) is f
    assert ag.compile(mode="max-autotune")(f) is f
    with pytest.raises(TypeError, match="needs a model or function"):
        ag.compile(3)


# ------------------------------------------------------------------ native signatures


def test_losses_take_a_number_for_their_reduction():
    x, y = ag.tensor([0.2, -1.0]), ag.tensor([1.0, 0.0])
    F = ag.nn.functional
    for number, name in ((0, "none"), (1, "mean"), (2, "sum")):
        found = ag.binary_cross_entropy_with_logits(x, y, reduction=number)
        expected = F.binary_cross_entropy_with_logits(x, y, reduction=name)
        assert found.tolist() == expected.tolist()


def test_native_argument_orders():
    table = ag.arange(6.0).reshape(3, 2)
    assert ag.embedding(table, ag.tensor([2, 0])).tolist() == [[4.0, 5.0], [0.0, 1.0]]
    x = ag.arange(8.0).reshape(4, 2)
    w, b = ag.tensor([2.0, 1.0]), ag.tensor([0.0, 1.0])
    found = ag.batch_norm(x, w, b, None, None, True, 0.1, 1e-5)
    expected = ag.nn.functional.batch_norm(x, None, None, w, b, True, 0.1, 1e-5)
    assert found.tolist() == expected.tolist()
    image, kernel = ag.ones(1, 1, 4, 4), ag.ones(1, 1, 3, 3)
    found = ag.convolution(image, kernel, None, (1, 1), (0, 0), (1, 1), False, (0, 0), 1)
    assert found.tolist() == [[[[9.0, 9.0], [9.0, 9.0]]]]


def test_old_norms():
    x = ag.arange(6.0).reshape(2, 3)
    assert ag.frobenius_norm(x, (0, 1)).item() == pytest.approx(math.sqrt(55))
    singular = ag.linalg.svdvals(x)
    assert ag.nuclear_norm(x).item() == pytest.approx(singular.sum().item(), rel=1e-5)
    by_row = ag.norm_except_dim(x, 2, 0)
    assert tuple(by_row.shape) == (2, 1)
    assert by_row.flatten().tolist() == pytest.approx([math.sqrt(5), math.sqrt(50)])
    assert ag.norm_except_dim(x, 2, -1).item() == pytest.approx(math.sqrt(55))


def test_order_of_dimensions_in_memory():
    x = ag.zeros(2, 3, 4)
    assert x.dim_order() == (0, 1, 2)
    assert x.permute(2, 0, 1).dim_order() == (1, 2, 0)
