"""Layers against PyTorch with copied weights: pads, pools, bags, blocks, grids, lazy ones."""

import copy
import itertools
import pickle

import numpy as np
import pytest

import autograd_core as ag
from autograd_core import nn
from autograd_core.nn import functional as F

torch = pytest.importorskip("torch")

DRAW = np.random.default_rng(0)


def pair(*shape):
    """The same numbers for both."""
    values = DRAW.standard_normal(shape)
    return ag.tensor(values, requires_grad=True), torch.tensor(values, requires_grad=True)


def alike(ours, theirs, tolerance=1e-9):
    assert tuple(ours.shape) == tuple(theirs.shape)
    np.testing.assert_allclose(
        ours.detach().numpy(), theirs.detach().numpy(), rtol=tolerance, atol=tolerance * 1e-2
    )


def compare(ours, theirs, *inputs, second=True):
    """Outputs, first and second gradients of two functions."""
    mine = ours(*(x for x, _ in inputs))
    yours = theirs(*(x for _, x in inputs))
    alike(mine, yours)
    a = [x for x, _ in inputs if x.requires_grad]
    b = [x for _, x in inputs if x.requires_grad]
    ga = ag.autograd.grad((mine * mine).sum(), a, create_graph=second)
    gb = torch.autograd.grad((yours * yours).sum(), b, create_graph=second)
    for x, y in zip(ga, gb, strict=True):
        alike(x, y)
    if second:
        again = [sum((g * g * g).sum() for g in found) for found in (ga, gb)]
        ga = ag.autograd.grad(again[0], a)
        gb = torch.autograd.grad(again[1], b)
        for x, y in zip(ga, gb, strict=True):
            alike(x, y, 1e-8)


def both(name, *args, **kwargs):
    """The same module twice, with the same double weights."""
    mine = getattr(nn, name)(*args, **kwargs).double()
    yours = getattr(torch.nn, name)(*args, **kwargs).double()
    mine.load_state_dict({k: ag.tensor(v.numpy()) for k, v in yours.state_dict().items()})
    assert repr(mine) == repr(yours)
    return mine, yours


# ------------------------------------------------------------------ pads


@pytest.mark.parametrize("nd", [1, 2, 3])
@pytest.mark.parametrize("kind", ["Constant", "Zero", "Reflection", "Replication", "Circular"])
def test_pads(kind, nd):
    value = (1.5,) if kind == "Constant" else ()
    for padding in (1, tuple(range(2 * nd))[::-1] if nd == 1 else (1, 2) * nd):
        mine, yours = both(f"{kind}Pad{nd}d", padding, *value)
        for lead in ((2, 3), (3,)):
            compare(mine, yours, pair(*lead, *(5, 4, 6)[:nd]))


def test_a_pad_of_the_wrong_length_is_refused():
    with pytest.raises(ValueError, match="ReflectionPad2d needs one number or 4 of them"):
        nn.ReflectionPad2d((1, 2))


# ------------------------------------------------------------------ pools


@pytest.mark.parametrize(("nd", "norm"), itertools.product([1, 2, 3], [1.0, 2, 3.0]))
def test_lp_pools(nd, norm):
    for given in ({"kernel_size": 2}, {"kernel_size": 3, "stride": 2, "ceil_mode": True}):
        mine, yours = both(f"LPPool{nd}d", norm, **given)
        x = DRAW.uniform(0.5, 2.0, (2, 3, *(6, 5, 7)[:nd]))
        inputs = ag.tensor(x, requires_grad=True), torch.tensor(x, requires_grad=True)
        compare(mine, yours, inputs)


@pytest.mark.parametrize("nd", [1, 2, 3])
def test_unpools(nd):
    shape = (2, 3, *(6, 8, 6)[:nd])
    values = DRAW.permutation(int(np.prod(shape))).reshape(shape).astype(float)
    pool, theirs = both(f"MaxPool{nd}d", 2, return_indices=True)
    maxima, indices = pool(ag.tensor(values))
    expected, places = theirs(torch.tensor(values))
    assert (indices.numpy() == places.numpy()).all()
    mine, yours = both(f"MaxUnpool{nd}d", 2)
    both(f"MaxUnpool{nd}d", 3, 2, 1)
    a = ag.tensor(maxima.numpy(), requires_grad=True)
    b = expected.clone().requires_grad_()
    compare(lambda x: mine(x, indices), lambda x: yours(x, places), (a, b))


@pytest.mark.parametrize("nd", [2, 3])
def test_fractional_pools(nd):
    samples = DRAW.uniform(size=(2, 3, nd))
    for given in ({"output_size": 3}, {"output_ratio": (0.5, 0.7, 0.6)[:nd]}, {"output_size": 1}):
        x = pair(2, 3, *(9, 8, 7)[:nd])
        settings = {"return_indices": True, **given}
        mine = getattr(nn, f"FractionalMaxPool{nd}d")(
            2, _random_samples=ag.tensor(samples), **settings
        )
        yours = getattr(torch.nn, f"FractionalMaxPool{nd}d")(
            2, _random_samples=torch.tensor(samples), **settings
        )
        assert (mine(x[0])[1].numpy() == yours(x[1])[1].numpy()).all()
        compare(lambda a: mine(a)[0], lambda a: yours(a)[0], x, second=False)  # noqa: B023


def test_fractional_pools_draw_and_refuse():
    x = ag.randn(2, 3, 9, 9)
    found, places = F.fractional_max_pool2d(x, 3, (4, 5), return_indices=True)
    assert found.shape == (2, 3, 4, 5)
    assert (x.flatten(2).gather(2, places.flatten(2)).reshape(found.shape) == found).all()
    assert F.fractional_max_pool3d(ag.randn(1, 4, 4, 4), 2, output_ratio=0.5).shape == (1, 2, 2, 2)
    with pytest.raises(ValueError, match="output_size or an output_ratio"):
        F.fractional_max_pool2d(x, 3)
    with pytest.raises(RuntimeError, match="pool size 3 and output size 8 do not fit"):
        F.fractional_max_pool2d(x, 3, 8)
    for module in (nn.FractionalMaxPool2d, torch.nn.FractionalMaxPool2d):
        with pytest.raises(ValueError, match="either an output size, or a pooling ratio"):
            module(3)
        with pytest.raises(ValueError, match="must be between 0 and 1"):
            module(3, output_ratio=1.5)


# ------------------------------------------------------------------ blocks and sizes


def test_blocks():
    for given in ({"kernel_size": 2}, {"kernel_size": (2, 3), "padding": 1, "stride": (1, 2)}):
        mine, yours = both("Unfold", **given)
        compare(mine, yours, pair(2, 3, 5, 6))
        back, theirs = both("Fold", (5, 6), **given)
        columns = yours(torch.ones(2, 3, 5, 6)).shape
        compare(back, theirs, pair(*columns))


@pytest.mark.parametrize("name", ["UpsamplingNearest2d", "UpsamplingBilinear2d"])
def test_upsampling(name):
    for given in ({"size": (5, 7)}, {"scale_factor": 2}, {"scale_factor": (2, 3)}):
        compare(*both(name, **given), pair(2, 3, 4, 3))


def test_channels_are_shuffled():
    compare(*both("ChannelShuffle", 2), pair(2, 6, 3, 3), second=False)


def test_cross_map_lrn():
    for size in (1, 2, 3, 4, 5, 9):
        mine, yours = both("CrossMapLRN2d", size, 0.1, 0.5, 2.0)
        x = pair(2, 5, 3, 3)
        alike(mine(x[0]), yours(x[1]))


# ------------------------------------------------------------------ products and dropout


@pytest.mark.parametrize("bias", [True, False])
def test_bilinear(bias):
    mine, yours = both("Bilinear", 3, 4, 5, bias=bias)
    for lead in ((2,), (2, 3), ()):
        compare(mine, yours, pair(*lead, 3), pair(*lead, 4))
    with pytest.raises(RuntimeError, match="batch dimensions do not match"):
        mine(ag.ones(2, 3).double(), ag.ones(3, 4).double())
    with pytest.raises(RuntimeError, match="input2 size does not match"):
        mine(ag.ones(2, 3).double(), ag.ones(2, 3).double())


def test_time_batch_channels():
    compare(
        lambda x, w, b: F.conv_tbc(x, w, b, 1),
        lambda x, w, b: torch.nn.functional.conv_tbc(x, w, b, 1),
        pair(6, 2, 3), pair(3, 3, 4), pair(4),
        second=False,
    )  # fmt: skip


def test_feature_alpha_dropout():
    layer = nn.FeatureAlphaDropout(0.5)
    assert repr(layer) == repr(torch.nn.FeatureAlphaDropout(0.5))
    found = layer(ag.ones(8, 16, 3, 3))
    assert (found == found[:, :, :1, :1]).all()  # whole channels
    assert len(set(found[:, :, 0, 0].flatten().tolist())) == 2
    layer.eval()
    assert (layer(ag.ones(2, 2)) == 1).all()
    with pytest.raises(RuntimeError, match="at least 2 dimensions"):
        F.feature_alpha_dropout(ag.ones(3), training=True)


# ------------------------------------------------------------------ bags


BAGS = [
    ([[1, 2, 0], [3, 3, 5]], None, {}),
    ([1, 2, 4, 5, 4, 3, 2, 9], [0, 4], {}),
    ([1, 2, 4, 5, 4, 3, 2, 9], [0, 4, 4, 8], {"include_last_offset": True}),
    ([1, 2, 4, 5], [0, 0, 2, 4], {}),
    ([], [0, 0], {}),
]


@pytest.mark.parametrize(("indices", "offsets", "given"), BAGS)
@pytest.mark.parametrize("mode", ["sum", "mean", "max"])
@pytest.mark.parametrize("padding_idx", [None, 2, -1])
def test_embedding_bags(indices, offsets, given, mode, padding_idx):
    settings = {"mode": mode, "padding_idx": padding_idx, **given}
    mine, yours = both("EmbeddingBag", 10, 3, **settings)
    place = [np.array(x, dtype="i8") for x in (indices, offsets) if x is not None]
    out = mine(*(ag.tensor(x) for x in place))
    expected = yours(*(torch.tensor(x) for x in place))
    alike(out, expected)
    (out * out).sum().backward()
    (expected * expected).sum().backward()
    alike(mine.weight.grad, yours.weight.grad)


def test_bags_scale_by_frequency():
    """As documented; PyTorch's own CPU kernel divides by the counts of other rows."""
    table = ag.ones(4, 2, requires_grad=True)
    indices = ag.tensor([[3, 1, 3], [3, 2, 2]])
    F.embedding_bag(indices, table, mode="sum", scale_grad_by_freq=True).sum().backward()
    assert table.grad[:, 0].tolist() == [0, 1, 1, 1]


def test_bags_with_weights():
    table, factors = pair(6, 3), pair(5)
    indices, offsets = [1, 0, 5, 5, 2], [0, 2]
    compare(
        lambda t, w: F.embedding_bag(
            ag.tensor(indices), t, ag.tensor(offsets), mode="sum", per_sample_weights=w
        ),
        lambda t, w: torch.nn.functional.embedding_bag(
            torch.tensor(indices), t, torch.tensor(offsets), mode="sum", per_sample_weights=w
        ),
        table, factors,
        second=False,
    )  # fmt: skip


def test_bags_of_given_vectors_are_frozen():
    layer = nn.EmbeddingBag.from_pretrained(ag.eye(3), mode="sum")
    assert not layer.weight.requires_grad
    assert layer(ag.tensor([[0, 2]])).tolist() == [[1.0, 0.0, 1.0]]
    assert nn.EmbeddingBag.from_pretrained(ag.eye(3), freeze=False).weight.requires_grad


@pytest.mark.parametrize(
    ("args", "error", "words"),
    [
        (([1, 2], None), ValueError, "offsets has to be a 1D Tensor but got None"),
        (([[1, 2]], [0]), ValueError, "if input is 2D, then offsets has to be None"),
        (([1, 2], [1]), ValueError, r"offsets\[0\] has to be 0"),
        (([1, 2], [0, 3]), ValueError, r"can not be greater than input's length \(2\)"),
        (([1, 7], [0]), IndexError, "index 7 in an embedding with 3 rows"),
    ],
)
def test_bags_refuse(args, error, words):
    layer = nn.EmbeddingBag(3, 2)
    with pytest.raises(error, match=words):
        layer(*(x if x is None else ag.tensor(x) for x in args))


# ------------------------------------------------------------------ grids


@pytest.mark.parametrize("align", [True, False])
@pytest.mark.parametrize("padding", ["zeros", "border", "reflection"])
@pytest.mark.parametrize("mode", ["bilinear", "nearest", "bicubic"])
@pytest.mark.parametrize("nd", [2, 3])
def test_grid_sample(nd, mode, padding, align):
    if nd == 3 and mode == "bicubic":
        with pytest.raises(RuntimeError, match="only supports 4D"):
            F.grid_sample(ag.ones(1, 1, 2, 2, 2), ag.ones(1, 2, 2, 2, 3), mode)
        return
    given = {"mode": mode, "padding_mode": padding, "align_corners": align}
    places = DRAW.uniform(-1.6, 1.6, (2, *(3, 4, 2)[:nd], nd))
    grid = ag.tensor(places, requires_grad=True), torch.tensor(places, requires_grad=True)
    for sizes in ((5, 4, 3)[:nd], (1, 1, 1)[:nd]):
        compare(
            lambda x, g: F.grid_sample(x, g, **given),
            lambda x, g: torch.nn.functional.grid_sample(x, g, **given),
            pair(2, 3, *sizes), grid,
        )  # fmt: skip


def test_grids_with_nan_and_borders():
    x = DRAW.standard_normal((1, 1, 4, 5))
    places = np.array([[[-1.0, -1], [1, 1], [np.nan, 0], [np.inf, 0.2], [0, -np.inf]]])[None]
    places = places.reshape(1, 1, 5, 2)
    for padding, align in itertools.product(("zeros", "border", "reflection"), (True, False)):
        given = {"padding_mode": padding, "align_corners": align}
        mine = F.grid_sample(ag.tensor(x), ag.tensor(places), **given)
        yours = torch.nn.functional.grid_sample(torch.tensor(x), torch.tensor(places), **given)
        alike(mine, yours)


@pytest.mark.filterwarnings("ignore:Since version 1.3.0")
@pytest.mark.parametrize("align", [True, False])
@pytest.mark.parametrize("size", [(2, 3, 4, 5), (2, 1, 1, 3), (2, 1, 3, 2, 4)])
def test_affine_grid(size, align):
    nd = len(size) - 2
    compare(
        lambda t: F.affine_grid(t, size, align),
        lambda t: torch.nn.functional.affine_grid(t, list(size), align),
        pair(2, nd, nd + 1),
    )


@pytest.mark.parametrize(
    ("image", "grid", "mode", "error", "words"),
    [
        ((1, 1, 2, 2), (2, 1, 1, 2), "nearest", RuntimeError, "same batch size"),
        ((1, 1, 2, 2), (1, 1, 1, 3), "nearest", RuntimeError, "size 2 in last"),
        ((1, 2, 2), (1, 1, 1, 2), "nearest", RuntimeError, "4D or 5D"),
        ((1, 1, 2, 2), (1, 1, 1, 2), "cubic", ValueError, "'cubic'"),
    ],
)
def test_grids_refuse(image, grid, mode, error, words):
    with pytest.raises(error, match=words):
        F.grid_sample(ag.ones(image), ag.ones(grid), mode)


@pytest.mark.parametrize(
    ("theta", "size", "words"),
    [((2, 2, 2), (2, 1, 3, 3), "Nx2x3"), ((2, 2, 3), (2, 1, 0, 3), "non-zero")],
)
def test_affine_grids_refuse(theta, size, words):
    with pytest.raises(ValueError, match=words):
        F.affine_grid(ag.ones(theta), size)


# ------------------------------------------------------------------ lazy ones

LAZY = [
    ("LazyLinear", (3,), (2, 5)),
    ("LazyLinear", (3, False), (5,)),
    ("LazyConv1d", (4, 2), (2, 3, 6)),
    ("LazyConv2d", (4, 3, 2, 1), (2, 4, 6, 7)),
    ("LazyConv2d", (4, 3, 1, 0, 1, 2, False), (2, 4, 6, 7)),
    ("LazyConv3d", (4, 2), (2, 3, 4, 4, 4)),
    ("LazyConvTranspose1d", (4, 2), (2, 3, 6)),
    ("LazyConvTranspose2d", (4, 3, 2, 1, 1), (2, 3, 6, 6)),
    ("LazyConvTranspose3d", (4, 2), (2, 3, 4, 4, 4)),
    ("LazyBatchNorm1d", (), (4, 3)),
    ("LazyBatchNorm2d", (1e-3, None), (4, 3, 2, 2)),
    ("LazyBatchNorm3d", (), (4, 3, 2, 2, 2)),
    ("LazyInstanceNorm1d", (1e-5, 0.1, True, True), (4, 3, 5)),
    ("LazyInstanceNorm2d", (), (4, 3, 5, 5)),
    ("LazyInstanceNorm3d", (), (4, 3, 3, 3, 3)),
]


@pytest.mark.parametrize(("name", "args", "shape"), LAZY)
def test_lazy_modules(name, args, shape):
    mine, yours = (getattr(room, name)(*args) for room in (nn, torch.nn))
    assert repr(mine) == repr(yours)
    assert list(mine.state_dict()) == list(yours.state_dict())
    assert "<UninitializedParameter>" in str(mine.state_dict())
    values = DRAW.standard_normal(shape).astype("f4")
    mine(ag.tensor(values))
    yours(torch.tensor(values))
    assert type(mine).__name__ == type(yours).__name__ == name.removeprefix("Lazy")
    assert repr(mine) == repr(yours)
    assert {k: tuple(v.shape) for k, v in mine.state_dict().items()} == {
        k: tuple(v.shape) for k, v in yours.state_dict().items()
    }
    assert vars(mine).keys() & {"_given", "_load_hook", "_initialize_hook"} == set()


def test_a_lazy_module_is_converted_copied_and_loaded_before_it_is_made():
    lazy = nn.LazyLinear(2).double()
    twin = pickle.loads(pickle.dumps(copy.deepcopy(lazy)))
    assert isinstance(twin.weight, nn.parameter.UninitializedParameter)
    assert twin(ag.ones(1, 3).double()).dtype == ag.float64
    full = nn.Linear(3, 2)
    lazy.load_state_dict(full.state_dict())
    assert lazy.weight.shape == (2, 3)
    assert lazy(ag.ones(1, 3).double()).shape == (1, 2)
    assert type(lazy) is nn.Linear


def test_a_parameter_that_is_not_made_yet_says_so():
    lazy = nn.LazyLinear(2)
    with pytest.raises(RuntimeError, match="Can't access the shape of an uninitialized"):
        lazy.weight.shape
    with pytest.raises(RuntimeError, match="uninitialized"):
        nn.Linear(3, 2).load_state_dict(lazy.state_dict())
    with pytest.raises(RuntimeError, match=r"Expected 3D \(unbatched\) or 4D"):
        nn.LazyConv2d(3, 2)(ag.ones(2, 2))


# ------------------------------------------------------------------ a linear layer and its loss


@pytest.mark.parametrize("bias", [False, True])
@pytest.mark.parametrize("out_features", [(), (3,), (2, 2)])
@pytest.mark.parametrize("reduction", ["mean", "sum", "none"])
def test_linear_cross_entropy(out_features, bias, reduction):
    given = {"out_features": out_features, "bias": bias, "reduction": reduction}
    for more in ({}, {"ignore_index": 1}, {"label_smoothing": 0.2}):
        mine, yours = both("LinearCrossEntropyLoss", 4, 5, **given, **more)
        labels = DRAW.integers(0, 5, (6, *out_features))
        wanted = ag.tensor(labels), torch.tensor(labels)
        compare(mine, yours, pair(6, 4), wanted)
    odds = DRAW.dirichlet(np.ones(5), (6, *out_features))
    odds = np.moveaxis(odds, -1, 1)
    mine, yours = both("LinearCrossEntropyLoss", 4, 5, **given)
    compare(mine, yours, pair(6, 4), (ag.tensor(odds), torch.tensor(odds)))


def test_linear_cross_entropy_refuses():
    x, w, y = ag.ones(2, 3), ag.ones(4, 3), ag.tensor([0, 1])
    with pytest.raises(RuntimeError, match=r"last dimensions \(in_features\), got 3 and 2"):
        F.linear_cross_entropy(x, ag.ones(4, 2), y)
    with pytest.raises(RuntimeError, match="expected linear_bias shape"):
        F.linear_cross_entropy(x, w, y, linear_bias=ag.ones(3))
    with pytest.raises(RuntimeError, match="ignore_index cannot be specified"):
        F.linear_cross_entropy(x, w, ag.ones(2, 4) / 4, ignore_index=0)
    options = nn.LinearCrossEntropyOptions(batch_chunk_size=2, chunking_method=None)
    assert F.linear_cross_entropy(x, w, y, options=options) == F.linear_cross_entropy(x, w, y)
    with pytest.raises(ValueError, match="invalid acc_policy: 'best'"):
        nn.LinearCrossEntropyOptions(acc_policy="best")


def test_the_gradient_passes_where_an_activation_is_nan():
    for name in ("relu", "relu6", "hardtanh", "softshrink", "hardshrink", "hardsigmoid", "elu"):
        found = []
        for library in (ag, torch):
            x = library.tensor([float("nan"), 1.0, -1.0, 7.0], requires_grad=True)
            getattr(library.nn.functional, name)(x).sum().backward()
            found.append(x.grad.tolist())
        assert found[0] == pytest.approx(found[1], rel=1e-6), name
