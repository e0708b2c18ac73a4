"""Example calls of convolutions, pools, padding, interpolation and blocks."""

from __future__ import annotations

from typing import Any

import numpy as np

from ..examples import call, examples

# ------------------------------------------------------------------ convolutions

GEOMETRIES: tuple[dict[str, Any], ...] = (
    {}, {"stride": 2}, {"padding": 1}, {"dilation": 2}, {"padding": "same"}, {"padding": "valid"},
    {"stride": 2, "padding": 1, "dilation": 2}, {"padding": "same", "dilation": 2},
)  # fmt: skip


@examples("nn.functional.conv1d")
def _(draw: Any) -> Any:
    for given in GEOMETRIES:
        yield call(draw.real(2, 3, 8), draw.real(4, 3, 3), draw.real(4), **given)
    yield call(draw.real(2, 4, 7), draw.real(6, 2, 2), draw.real(6), 2, 1, 1, 2)
    yield call(draw.real(3, 8), draw.real(4, 3, 3))
    yield call(draw.real(2, 3, 8), draw.real(4, 3, 1))
    yield call(draw.real(0, 3, 8), draw.real(4, 3, 3), draw.real(4))
    yield call(draw.real(1, 4, 5), draw.real(4, 1, 3), groups=4, stride=(2,))


@examples("nn.functional.conv2d")
def _(draw: Any) -> Any:
    for given in GEOMETRIES:
        width = 3 if given.get("padding") == "same" else 2
        yield call(draw.real(2, 3, 7, 6), draw.real(4, 3, 3, width), draw.real(4), **given)
    yield call(draw.real(2, 4, 5, 5), draw.real(6, 2, 3, 3), draw.real(6), padding=1, groups=2)
    yield call(draw.real(1, 4, 5, 5), draw.real(4, 1, 3, 3), groups=4)
    yield call(draw.real(1, 2, 5, 5), draw.real(4, 1, 3, 3), draw.real(4), groups=2, stride=2)
    yield call(draw.real(3, 5, 5), draw.real(4, 3, 3, 3), draw.real(4))
    yield call(draw.real(2, 3, 4, 4), draw.real(5, 3, 1, 1), draw.real(5))
    yield call(draw.real(2, 3, 7, 6), draw.real(4, 3, 3, 2), None, (2, 1), (0, 1), (1, 2))
    yield call(draw.real(0, 3, 5, 5), draw.real(4, 3, 3, 3), draw.real(4))
    yield call(draw.real(1, 2, 3, 3), draw.real(1, 2, 3, 3), stride=5)
    yield call(draw.real(1, 2, 6, 6), draw.real(3, 2, 2, 2), stride=3, padding=(1, 0))


@examples("nn.functional.conv3d")
def _(draw: Any) -> Any:
    for given in ({}, {"stride": (2, 1, 1), "padding": 1}):
        yield call(draw.real(1, 2, 3, 4, 3), draw.real(2, 2, 2, 3, 1), draw.real(2), **given)
    yield call(draw.real(1, 2, 3, 4, 3), draw.real(2, 2, 1, 3, 3), padding="same")
    yield call(draw.real(2, 3, 3, 3), draw.real(4, 1, 2, 2, 2), groups=2)


TRANSPOSED: tuple[dict[str, Any], ...] = (
    {}, {"stride": 2}, {"padding": 1}, {"dilation": 2}, {"stride": 2, "output_padding": 1},
    {"stride": 3, "padding": 1, "dilation": 2, "output_padding": 2},
    {"dilation": 2, "output_padding": 1},
)  # fmt: skip


@examples("nn.functional.conv_transpose1d")
def _(draw: Any) -> Any:
    for given in TRANSPOSED:
        yield call(draw.real(2, 3, 4), draw.real(3, 2, 3), draw.real(2), **given)
    yield call(draw.real(2, 4, 4), draw.real(4, 3, 2), draw.real(6), 2, 0, 1, 2, 1)
    yield call(draw.real(3, 4), draw.real(3, 2, 3))


@examples("nn.functional.conv_transpose2d")
def _(draw: Any) -> Any:
    for given in TRANSPOSED:
        yield call(draw.real(2, 3, 3, 4), draw.real(3, 2, 3, 2), draw.real(2), **given)
    yield call(draw.real(2, 4, 3, 3), draw.real(4, 3, 2, 2), draw.real(6), groups=2, stride=2)
    yield call(draw.real(3, 3, 4), draw.real(3, 2, 3, 3), None, (2, 1), (1, 0), (1, 0))
    yield call(draw.real(0, 3, 3, 4), draw.real(3, 2, 3, 3), draw.real(2))


@examples("nn.functional.conv_transpose3d")
def _(draw: Any) -> Any:
    yield call(draw.real(1, 2, 2, 3, 2), draw.real(2, 2, 2, 1, 2), draw.real(2))
    yield call(draw.real(1, 2, 2, 2, 2), draw.real(2, 1, 2, 2, 2), stride=2, padding=1, groups=2)


# ------------------------------------------------------------------ pools

POOLS: tuple[dict[str, Any], ...] = (
    {"kernel_size": 2}, {"kernel_size": 3, "stride": 1},
    {"kernel_size": 3, "stride": 2, "padding": 1},
    {"kernel_size": 2, "ceil_mode": True}, {"kernel_size": 3, "stride": 2, "ceil_mode": True},
    {"kernel_size": 2, "stride": 3, "padding": 1, "ceil_mode": True},
)  # fmt: skip
AVERAGES = (*POOLS, {"kernel_size": 3, "stride": 2, "padding": 1, "count_include_pad": False})
AVERAGES += (
    {"kernel_size": 3, "stride": 2, "padding": 1, "ceil_mode": True, "count_include_pad": False},
)
DILATED = (*POOLS, {"kernel_size": 2, "dilation": 2})
DILATED += ({"kernel_size": 3, "stride": 1, "dilation": 2, "padding": 1},)


@examples("nn.functional.avg_pool1d")
def _(draw: Any) -> Any:
    for given in AVERAGES:
        yield call(draw.real(2, 3, 7), **given)
    yield call(draw.real(3, 6), 2)
    yield call(draw.real(0, 3, 6), (2,))


@examples("nn.functional.avg_pool2d")
def _(draw: Any) -> Any:
    for given in AVERAGES:
        yield call(draw.real(2, 2, 7, 6), **given)
        yield call(draw.real(1, 2, 5, 5), **given, divisor_override=3)
    yield call(draw.real(2, 4, 4), (2, 1), (1, 2))
    yield call(draw.real(0, 2, 4, 4), 2)
    yield call(draw.real(1, 1, 5, 7), (5, 7))


@examples("nn.functional.avg_pool3d")
def _(draw: Any) -> Any:
    for given in AVERAGES:
        yield call(draw.real(1, 2, 4, 5, 4), **given)
    yield call(draw.real(2, 4, 4, 4), (2, 1, 2), divisor_override=2)


@examples("nn.functional.max_pool1d")
def _(draw: Any) -> Any:
    for given in DILATED:
        yield call(draw.distinct(2, 3, 7), **given)
        yield call(draw.distinct(2, 3, 7), **given, return_indices=True)
    yield call(draw.distinct(3, 6), 2)


@examples("nn.functional.max_pool2d")
def _(draw: Any) -> Any:
    for given in DILATED:
        yield call(draw.distinct(2, 2, 7, 6), **given)
        yield call(draw.distinct(1, 2, 5, 5), **given, return_indices=True)
    yield call(draw.distinct(2, 4, 4), (2, 1), (1, 2))
    yield call(draw.distinct(0, 2, 4, 4), 2)


@examples("nn.functional.max_pool3d")
def _(draw: Any) -> Any:
    for given in DILATED:
        yield call(draw.distinct(1, 2, 4, 5, 4), **given)
    yield call(draw.distinct(2, 4, 4, 4), (2, 1, 2), return_indices=True)


def _adaptive(name: str, nd: int, **extra: Any) -> None:
    @examples(name)
    def _(draw: Any) -> Any:
        sizes = (7, 6, 5)[:nd]
        outputs = [1, 2, 3, 5, (4, 1, 3)[:nd]] + ([(None, 3, 2)[:nd]] if nd > 1 else [])
        for output in outputs:
            yield call(draw.distinct(2, 2, *sizes), output, **extra)
        yield call(draw.distinct(2, *sizes), 3, **extra)
        yield call(draw.distinct(2, *sizes), 8, **extra)


_adaptive("nn.functional.adaptive_avg_pool1d", 1)
_adaptive("nn.functional.adaptive_avg_pool2d", 2)
_adaptive("nn.functional.adaptive_avg_pool3d", 3)
_adaptive("nn.functional.adaptive_max_pool1d", 1, return_indices=True)
_adaptive("nn.functional.adaptive_max_pool2d", 2, return_indices=True)
_adaptive("nn.functional.adaptive_max_pool3d", 3, return_indices=True)


@examples("nn.functional.max_unpool1d")
def _(draw: Any) -> Any:
    yield call(draw.real(1, 2, 2), np.array([[[0, 3], [1, 2]]]), 2)
    yield call(draw.real(1, 2), np.array([[1, 4]]), 2, output_size=(5,))


@examples("nn.functional.max_unpool2d")
def _(draw: Any) -> Any:
    places = np.array([[[[0, 3], [8, 11]]]])
    yield call(draw.real(1, 1, 2, 2), places, 2)
    yield call(draw.real(1, 1, 2, 2), places, 2, output_size=(1, 1, 5, 5))
    yield call(draw.real(1, 2, 2), places[0], (2, 2), (2, 2))


@examples("nn.functional.max_unpool3d")
def _(draw: Any) -> Any:
    yield call(draw.real(1, 1, 1, 2, 2), np.array([[[[[0, 3], [8, 31]]]]]), 2)


# ------------------------------------------------------------------ padding and resizing


@examples("nn.functional.pad")
def _(draw: Any) -> Any:
    for amounts in (
        (1, 2),
        (1, 0, 0, 2),
        (-1, 2),
        (-1, -1),
        (0, 0),
        (1, 1, 1, 1, 1, 1),
        (2, -1, -2, 1),
    ):
        yield call(draw.real(2, 3, 4), amounts)
        yield call(draw.real(2, 3, 4), amounts, "constant", 1.5)
    yield call(draw.real(3), (1, 1), value=2)
    yield call(draw.real(0, 3), (1, 1, 1, 0))
    for mode in ("reflect", "replicate", "circular"):
        for amounts in ((1, 2), (0, 1), (2, 0)):
            yield call(draw.real(2, 3, 4), amounts, mode)
        yield call(draw.real(3, 4), (1, 2), mode)
        yield call(draw.real(1, 2, 3, 4), (1, 2, 2, 1), mode)
        yield call(draw.real(2, 3, 4), (1, 2, 0, 1), mode)
        yield call(draw.real(1, 2, 3, 2, 3), (1, 2, 1, 1, 2, 0), mode)
        yield call(draw.real(1, 2, 6), (-1, 2), mode)


@examples("nn.functional.interpolate")
def _(draw: Any) -> Any:
    old: tuple[int, ...]
    for mode in ("nearest", "nearest-exact", "area"):
        for old in ((5,), (4, 3), (2, 3, 4)):
            for given in ({"size": 7}, {"size": 2}, {"scale_factor": 2}, {"scale_factor": 1.7}):
                yield call(draw.real(2, 2, *old), mode=mode, **given)
    for mode, old in (
        ("linear", (5,)),
        ("bilinear", (4, 3)),
        ("bicubic", (4, 5)),
        ("trilinear", (2, 3, 4)),
    ):
        for align in (False, True):
            for given in (
                {"size": 7},
                {"size": 2},
                {"size": 1},
                {"scale_factor": 2},
                {"scale_factor": 1.7},
            ):
                yield call(draw.real(1, 2, *old), mode=mode, align_corners=align, **given)
        again = {"scale_factor": 1.7, "recompute_scale_factor": True}
        yield call(draw.real(1, 2, *old), mode=mode, **again)
    for mode in ("bilinear", "bicubic"):
        for size in ((3, 2), (9, 4)):
            yield call(draw.real(1, 2, 7, 6), size, mode=mode, antialias=True)
    yield call(draw.real(1, 2, 4, 3), (5, 2), mode="bilinear")
    yield call(draw.real(1, 2, 4, 3), scale_factor=(1.5, 0.7), mode="nearest")


# ------------------------------------------------------------------ blocks and pixels

BLOCKS: tuple[dict[str, Any], ...] = (
    {"kernel_size": 2}, {"kernel_size": (2, 3)}, {"kernel_size": 2, "stride": 2},
    {"kernel_size": 3, "padding": 1},
    {"kernel_size": 2, "dilation": 2, "padding": (1, 0), "stride": (2, 1)},
)  # fmt: skip


@examples("nn.functional.unfold")
def _(draw: Any) -> Any:
    for given in BLOCKS:
        yield call(draw.real(2, 3, 4, 5), **given)
    yield call(draw.real(3, 4, 5), 2)


@examples("nn.functional.fold")
def _(draw: Any) -> Any:
    for given, rows, blocks in zip(BLOCKS, (4, 6, 4, 9, 4), (12, 9, 4, 20, 6), strict=True):
        yield call(draw.real(2, 2 * rows, blocks), (4, 5), **given)
    yield call(draw.real(8, 9), 4, 2)


@examples("nn.functional.pixel_shuffle")
def _(draw: Any) -> Any:
    yield call(draw.real(2, 8, 3, 2), 2)
    yield call(draw.real(9, 1, 2), 3)
    yield call(draw.real(2, 2, 4, 2, 2), 1)


@examples("nn.functional.pixel_unshuffle")
def _(draw: Any) -> Any:
    yield call(draw.real(2, 2, 4, 6), 2)
    yield call(draw.real(1, 3, 6), 3)


@examples("nn.functional.channel_shuffle")
def _(draw: Any) -> Any:
    yield call(draw.real(2, 6, 3, 2), 2)
    yield call(draw.real(1, 6, 3), 3)
