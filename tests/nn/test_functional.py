"""What example calls can't show: kinks, buffers, randomness, weights, names of nodes, errors."""

from __future__ import annotations

import math

import numpy as np
import pytest

import autograd_core as ag
import autograd_core.nn.functional as F
from autograd_core.examples import Draw, load

load()
from autograd_core.ops.examples_nn import KINKS  # noqa: E402


def tensors(library, *arrays, grad=True):
    made = [library.tensor(np.asarray(a)) for a in arrays]
    return [t.requires_grad_() if grad and t.is_floating_point() else t for t in made]


def find(library, name):
    found = library
    for part in name.split("."):
        found = getattr(found, part)
    return found


@pytest.mark.parametrize("name", sorted(KINKS))
def test_gradients_at_kinks(name):
    torch = pytest.importorskip("torch")
    for args, kwargs in KINKS[name](Draw(0)):
        grads = []
        for library in (ag, torch):
            x = library.tensor(args[0], requires_grad=True)
            find(library, name)(x, *args[1:], **kwargs).sum().backward()
            grads.append(x.grad.tolist())
        assert grads[0] == grads[1]


@pytest.mark.parametrize("name", ["relu", "nn.functional.relu6", "nn.functional.hardtanh"])
def test_an_infinite_gradient_at_a_dead_unit_is_zero(name):
    x = ag.tensor([-2.0, 0.5], requires_grad=True)
    find(ag, name)(x).backward(ag.tensor([math.inf, math.inf]))
    assert x.grad.tolist()[1] == math.inf
    assert x.grad.tolist()[0] == 0


def test_nan_passes_through_relu():
    x = ag.tensor([math.nan], requires_grad=True)
    y = ag.relu(x)
    assert math.isnan(y.item())


WEIGHTED = [
    ("cross_entropy", (4, 3), (4,), {"weight": (3,)}),
    ("cross_entropy", (4, 3), (4,), {"weight": (3,), "label_smoothing": 0.2}),
    ("cross_entropy", (4, 3), (4,), {"weight": (3,), "label_smoothing": 0.2, "ignore_index": 1}),
    ("cross_entropy", (4, 3, 2), (4, 2), {"weight": (3,), "reduction": "none"}),
    ("nll_loss", (4, 3), (4,), {"weight": (3,), "ignore_index": 0}),
    ("nll_loss", (4, 3), (4,), {"weight": (3,), "reduction": "sum"}),
    ("cross_entropy", (4, 3), (4, 3), {"weight": (3,), "label_smoothing": 0.1}),
    ("binary_cross_entropy_with_logits", (4, 3), (4, 3), {"weight": (3,), "pos_weight": (3,)}),
    ("binary_cross_entropy_with_logits", (4, 3), (4, 3), {"pos_weight": (3,), "reduction": "sum"}),
    ("mse_loss", (4, 3), (4, 3), {"weight": (4, 3)}),
    ("l1_loss", (4, 3), (4, 3), {"weight": (4, 3), "reduction": "sum"}),
    ("multi_margin_loss", (4, 3), (4,), {"weight": (3,), "p": 2}),
    ("smooth_l1_loss", (4, 3), (4, 3), {"beta": 0.3}),
    ("smooth_l1_loss", (4, 3), (4, 3), {"beta": 0.0}),
    ("huber_loss", (4, 3), (4, 3), {"delta": 0.3}),
]


@pytest.mark.parametrize(("name", "shape", "target_shape", "settings"), WEIGHTED)
def test_weighted_losses_against_torch(name, shape, target_shape, settings):
    torch = pytest.importorskip("torch")
    rng = np.random.default_rng(0)
    x = rng.normal(size=shape)
    classes = len(target_shape) < len(shape)
    target = rng.integers(0, 3, target_shape) if classes else rng.random(target_shape)
    arrays = {k: rng.random(v) for k, v in settings.items() if isinstance(v, tuple)}
    found = []
    for library in (ag, torch):
        (a,), (b,) = tensors(library, x), tensors(library, target, grad=False)
        given = settings | {k: library.tensor(v) for k, v in arrays.items()}
        loss = getattr(library.nn.functional, name)(a, b, **given)
        loss.sum().backward()
        found.append((loss.detach().numpy(), a.grad.numpy()))
    for ours, theirs in zip(*found, strict=True):
        np.testing.assert_allclose(ours, theirs, rtol=1e-10, atol=1e-12)


def test_mean_over_nothing_is_nan():
    loss = F.cross_entropy(ag.ones(2, 3), ag.tensor([-100, -100]))
    assert math.isnan(loss.item())


def test_ignored_targets_get_no_gradient_even_from_infinite_scores():
    scores = ag.tensor([[math.inf, 0.0], [1.0, 2.0]], requires_grad=True)
    F.nll_loss(scores, ag.tensor([-100, 1])).backward()
    assert scores.grad.tolist() == [[0, 0], [0, -1]]


# ------------------------------------------------------------------ second order, PyTorch's gaps


def double(*arrays):
    return [ag.tensor(a, dtype=ag.float64, requires_grad=True) for a in arrays]


def test_second_gradients_that_torch_lacks():
    rng = np.random.default_rng(0)
    gradgradcheck = ag.autograd.gradgradcheck
    assert gradgradcheck(F.hardsigmoid, double(rng.normal(size=4)))
    q, k, v = double(*(rng.normal(size=(2, 3, 2)) for _ in range(3)))
    assert gradgradcheck(F.scaled_dot_product_attention, (q, k, v))
    (mask,) = double(rng.normal(size=(3, 3)))
    assert gradgradcheck(F.scaled_dot_product_attention, (q, k, v, mask))
    (x,) = double(rng.normal(size=(4, 3)))
    assert gradgradcheck(lambda t: F.multi_margin_loss(t, ag.tensor([0, 1, 2, 0]), p=2), (x,))
    (bias,) = double(rng.normal(size=3))
    assert gradgradcheck(lambda t, b: F.layer_norm(t, (3,), bias=b), (x, bias))


def test_embedding_scaled_by_frequency_to_second_order():
    (table,) = double(np.arange(6.0).reshape(3, 2))
    indices = ag.tensor([0, 0, 2])

    def looked_up(t):
        return F.embedding(indices, t, scale_grad_by_freq=True) ** 2

    first = ag.autograd.grad(looked_up(table).sum(), table, create_graph=True)[0]
    assert first.tolist() == [[0, 2], [0, 0], [8, 10]]
    second = ag.autograd.grad(first.sum(), table)[0]
    assert second.tolist() == [[1, 1], [0, 0], [2, 2]]  # each backward divides by the count


def test_padding_rows_get_no_gradient():
    table = ag.ones(3, 2, requires_grad=True)
    F.embedding(ag.tensor([0, 2, 2]), table, padding_idx=-1).sum().backward()
    assert table.grad.tolist() == [[1, 1], [0, 0], [0, 0]]


def test_embedding_max_norm_shortens_in_place():
    table = ag.tensor([[3.0, 4.0], [0.3, 0.4], [6.0, 8.0]])
    F.embedding(ag.tensor([0, 1]), table, max_norm=1.0)
    np.testing.assert_allclose(table.numpy(), [[0.6, 0.8], [0.3, 0.4], [6, 8]], rtol=1e-5)


# ------------------------------------------------------------------ randomness and buffers


def test_dropout_scales_what_it_keeps():
    ag.manual_seed(0)
    x = ag.ones(100, 100, requires_grad=True)
    y = F.dropout(x, 0.3)
    values, counts = np.unique(y.numpy(force=True), return_counts=True)
    np.testing.assert_allclose(values, [0, 1 / 0.7], rtol=1e-6)
    assert counts[0] / 1e4 == pytest.approx(0.3, abs=0.02)
    y.sum().backward()
    assert (x.grad == y).all()
    assert F.dropout(x, 0.3, training=False) is x
    assert not F.dropout(x, 1.0).any()


def test_dropout_repeats_with_its_seed():
    first, second = (ag.manual_seed(3) and F.dropout(ag.ones(50)).tolist() for _ in range(2))
    assert first == second


def test_channel_dropout_drops_whole_channels():
    ag.manual_seed(0)
    y = F.dropout2d(ag.ones(4, 8, 3, 3), 0.5).numpy().reshape(32, 9)
    assert all(len(set(row)) == 1 for row in y.tolist())
    assert 0 < (y[:, 0] == 0).sum() < 32


def test_alpha_dropout_keeps_mean_and_variance():
    ag.manual_seed(0)
    y = F.alpha_dropout(ag.randn(400, 400), 0.3, training=True)
    assert y.mean().item() == pytest.approx(0, abs=0.02)
    assert y.std().item() == pytest.approx(1, abs=0.02)


def test_attention_with_dropout_is_attention_on_average():
    ag.manual_seed(0)
    q, k, v = (ag.randn(500, 3, 2) for _ in range(3))
    dropped = F.scaled_dot_product_attention(q, k, v, dropout_p=0.4)
    whole = F.scaled_dot_product_attention(q, k, v)
    assert (dropped - whole).mean().item() == pytest.approx(0, abs=0.05)
    assert not dropped.allclose(whole)


def test_batch_norm_against_torch_with_running_statistics():
    torch = pytest.importorskip("torch")
    x = np.random.default_rng(0).normal(2, 3, (6, 3, 2))
    found = []
    for library in (ag, torch):
        mean, var = library.zeros(3, dtype=library.float64), library.ones(3, dtype=library.float64)
        (a,) = tensors(library, x)
        library.nn.functional.batch_norm(a, mean, var, training=True, momentum=0.3)
        y = library.nn.functional.batch_norm(a, mean, var)
        (y**2).sum().backward()
        found.append([t.detach().numpy() for t in (mean, var, y, a.grad)])
    for ours, theirs in zip(*found, strict=True):
        np.testing.assert_allclose(ours, theirs, rtol=1e-10)


def test_a_completely_masked_query_attends_to_nothing():
    q = ag.ones(2, 2, requires_grad=True)
    out = F.scaled_dot_product_attention(q, q, q, ag.tensor([[True, True], [False, False]]))
    assert out.tolist()[1] == [0, 0]
    out.sum().backward()
    assert q.grad.isfinite().all()


def test_in_place_activations():
    x = ag.tensor([-1.0, 2.0], requires_grad=True)
    y = x * 1
    assert F.relu(y, inplace=True) is y
    assert y.tolist() == [0, 2]
    y.sum().backward()
    assert x.grad.tolist() == [0, 1]
    with pytest.raises(RuntimeError, match="a leaf Variable that requires grad"):
        F.leaky_relu(x, inplace=True)


@pytest.mark.parametrize("kind", ["float16", "bfloat16"])
def test_half_precision_computes_in_float32(kind):
    if kind == "bfloat16":
        pytest.importorskip("ml_dtypes")
    x = ag.tensor([[1.0, 2.0, 300.0]]).to(getattr(ag, kind)).requires_grad_()
    y = F.layer_norm(F.log_softmax(x, 1), (3,))
    assert y.dtype is getattr(ag, kind)
    y.sum().backward()
    assert x.grad.dtype is getattr(ag, kind)
    assert x.grad.isfinite().all()


# ------------------------------------------------------------------ names and errors

NAMES = {
    "F.cross_entropy(x, y)": ["NllLossBackward0", "LogSoftmaxBackward0"],
    "F.softmax(x, 1)": ["SoftmaxBackward0"],
    "F.layer_norm(x, (3,))": ["NativeLayerNormBackward0"],
    "F.batch_norm(x, None, None, training=True)": ["NativeBatchNormBackward0"],
    "F.group_norm(x, 1)": ["NativeGroupNormBackward0"],
    "F.mse_loss(x, x.detach())": ["MseLossBackward0"],
    "F.l1_loss(x, x.detach())": ["MeanBackward0", "AbsBackward0", "SubBackward0"],
    "F.dropout(x)": ["MulBackward0"],
    "F.embedding(y, x)": ["EmbeddingBackward0"],
    "F.relu6(x)": ["HardtanhBackward0"],
    "F.selu(x)": ["EluBackward0"],
    "F.softsign(x)": ["DivBackward0"],
    "F.cosine_similarity(x, x)": ["SumBackward1", "MulBackward0", "DivBackward0"],
}


@pytest.mark.parametrize("expression", NAMES)
def test_node_names(expression):
    x, y = ag.ones(2, 3, requires_grad=True), ag.tensor([0, 1])
    node = eval(expression, {"F": F, "x": x, "y": y}).grad_fn
    for name in NAMES[expression]:
        assert node.name() == name
        node = node.next_functions[0][0]


ERRORS = [
    (
        "F.cross_entropy(x, i[:1])",
        ValueError,
        r"Expected input batch_size \(2\) to match target batch_size \(1\).",
    ),
    ("F.cross_entropy(x, i + 7)", IndexError, "Target 7 is out of bounds."),
    ("F.cross_entropy(x, i - 1)", IndexError, "Target -1 is out of bounds."),
    (
        "F.cross_entropy(x, i.int().float())",
        RuntimeError,
        "expected scalar type Long but found Float",
    ),
    (
        "F.cross_entropy(x, i, weight=ag.ones(2))",
        RuntimeError,
        "weight tensor should be defined either for all 3 classes",
    ),
    (
        "F.cross_entropy(x, i, reduction='avg')",
        ValueError,
        "avg is not a valid value for reduction",
    ),
    (
        "F.cross_entropy(x, i, label_smoothing=2)",
        RuntimeError,
        "label_smoothing must be between 0.0 and 1.0. Got: 2",
    ),
    (
        "F.nll_loss(ag.ones(2, 3, 4), ag.zeros(2, 3, dtype=ag.int64))",
        RuntimeError,
        r"Expected target size \[2, 4\], got \[2, 3\]",
    ),
    ("F.dropout(x, 2)", ValueError, "dropout probability has to be between 0 and 1, but got 2"),
    (
        "F.softmax(x, 5)",
        IndexError,
        r"Dimension out of range \(expected to be in range of \[-2, 1\], but got 5\)",
    ),
    ("F.softmax(i, 0)", RuntimeError, "\"softmax\" not implemented for 'Long'"),
    ("F.gelu(i)", RuntimeError, "\"gelu\" not implemented for 'Long'"),
    ("F.gelu(x, 'sharp')", RuntimeError, "approximate argument must be either none or tanh"),
    ("F.glu(x)", RuntimeError, "Halving dimension must be even, but dimension 1 is size 3"),
    ("F.prelu(x, ag.ones(2))", RuntimeError, "parameter numbers = 2 and channel size = 3"),
    (
        "F.layer_norm(x, (4,))",
        RuntimeError,
        r"Given normalized_shape=\[4\], expected input with shape \[\*, 4\]",
    ),
    (
        "F.layer_norm(x, (3,), ag.ones(2))",
        RuntimeError,
        "Expected weight to be of same shape as normalized_shape",
    ),
    (
        "F.batch_norm(x, ag.ones(2), ag.ones(3))",
        RuntimeError,
        "running_mean should contain 3 elements not 2",
    ),
    (
        "F.batch_norm(x[:1], None, None, training=True)",
        ValueError,
        "Expected more than 1 value per channel when training",
    ),
    (
        "F.group_norm(x, 2)",
        RuntimeError,
        "number of channels in input to be divisible by num_groups",
    ),
    ("F.embedding(i + 5, x)", IndexError, "index out of range in self"),
    ("F.embedding(x, x)", RuntimeError, "Expected tensor for argument #1 'indices'"),
    ("F.one_hot(i - 1)", RuntimeError, "Class values must be non-negative"),
    ("F.one_hot(i, 1)", RuntimeError, "Class values must be smaller than num_classes"),
    (
        "F.binary_cross_entropy(x + 4, x)",
        RuntimeError,
        "all elements of input should be between 0 and 1",
    ),
    ("F.binary_cross_entropy(x, i)", ValueError, "Using a target size"),
    ("F.binary_cross_entropy_with_logits(x, i)", ValueError, "must be the same as input size"),
    ("F.mse_loss(x, 3)", TypeError, "argument 'target' must be Tensor, not int"),
    ("F.gaussian_nll_loss(x, x, -x.abs())", ValueError, "var has negative entry/entries"),
    (
        "F.scaled_dot_product_attention(x, x, x, x, is_causal=True)",
        RuntimeError,
        "Explicit attn_mask should not be set",
    ),
    (
        "F.scaled_dot_product_attention(x, x[:, :2], x)",
        RuntimeError,
        "same last dimension, but got 3 and 2",
    ),
    ("F.hardtanh(x, 2.0, 1.0)", ValueError, "min_val cannot be greater than max_val"),
]


@pytest.mark.parametrize(("expression", "kind", "message"), ERRORS, ids=[e[0] for e in ERRORS])
def test_errors(expression, kind, message):
    x, i = ag.ones(2, 3) * 0.5, ag.tensor([0, 1])
    with pytest.raises(kind, match=message):
        eval(expression, {"F": F, "ag": ag, "x": x, "i": i})


def test_different_sizes_are_broadcast_with_a_warning():
    with pytest.warns(UserWarning, match="that is different to the input size"):
        loss = F.mse_loss(ag.ones(2, 3), ag.zeros(3))
    assert loss.item() == 1


NORMS = [
    lambda F, x, w, b, m, v: F.batch_norm(x, m, v, w, b, True),
    lambda F, x, w, b, m, v: F.batch_norm(x, m, v, w, b),
    lambda F, x, w, b, m, v: F.instance_norm(x, m, v, w, b),
    lambda F, x, w, b, m, v: F.group_norm(x, 3, w, b),
    lambda F, x, w, b, m, v: F.layer_norm(x.transpose(1, 2), (3,), w, b),
]


@pytest.mark.parametrize("norm", NORMS)
def test_norms_of_half_precision_with_float32_vectors(norm):
    torch = pytest.importorskip("torch")
    results = []
    for library in (ag, torch):
        x = library.tensor(np.linspace(-2, 3, 60).reshape(4, 3, 5).tolist(), requires_grad=True)
        w = library.tensor([0.5, 1.5, 3.0], requires_grad=True)
        b, m, v = (library.tensor([0.25, k, 1.0]) for k in (1.0, 2.0, 3.0))
        y = norm(library.nn.functional, x.bfloat16(), w, b, m, v)
        y.square().sum().backward()
        assert y.dtype == library.bfloat16
        results.append([t.detach().float().numpy() for t in (y, x.grad, w.grad, m, v)])
    for ours, theirs in zip(*results, strict=True):
        np.testing.assert_allclose(ours, theirs, rtol=0.03, atol=0.05)
