"""Padding, interpolation, sliding blocks and pixel shuffling of images."""

from __future__ import annotations

import functools
import itertools
import math
from collections.abc import Sequence
from typing import Any

import numpy as np

from .._tensor import Tensor
from ..declare import op
from ..errors import ShapeError
from .taps import RESAMPLE, Taps, check_floating, padded, resample

# ------------------------------------------------------------------ padding


@op("ConstantPadNdBackward0", name="constant_pad_nd")
def constant_pad_op(xp: Any, input: Any, *, pad: Any, value: Any) -> Any:
    """Pad dimension d by ``pad[d] = (before, after)`` with a value; negative amounts crop."""
    kept = tuple(
        slice(max(0, -before), n - max(0, -after))
        for (before, after), n in zip(pad, input.shape, strict=True)
    )
    inner = input[kept]
    amounts = [(d, max(0, before), max(0, after)) for d, (before, after) in enumerate(pad)]
    wide = padded(xp, inner, amounts, value)
    return wide.copy() if wide is inner else wide


@constant_pad_op.vjp
def _(F: Any, g: Any, pad: Any) -> Any:
    return F.constant_pad_nd(g, pad=tuple((-before, -after) for before, after in pad), value=0)


def constant_pad_nd(input: Tensor, pad: Sequence[int], value: Any = 0) -> Tensor:
    """Pad the last dimensions with a value; see `pad`."""
    amounts = _pairs(pad, input.ndim)
    for d, ((before, after), n) in enumerate(zip(amounts, input.shape, strict=True)):
        left = n + before + after
        if left < 0 or n + min(before, 0) + min(after, 0) < 0:
            raise ShapeError(
                f"The input size {n}, plus negative padding {before} and {after} resulted in a "
                f"negative output size, which is invalid. Check dimension {d} of your input."
            )
    return constant_pad_op.call(input, pad=amounts, value=value)


def _pairs(pad: Sequence[int], ndim: int) -> tuple[tuple[int, int], ...]:
    """PyTorch's flat list, last dimension first, as one pair for each dimension."""
    amounts = [int(p) for p in pad]
    if len(amounts) % 2:
        raise ShapeError(f"Padding length must be divisible by 2, got {len(amounts)}")
    if len(amounts) > 2 * ndim:
        raise ShapeError(
            "Padding length should be less than or equal to two times the input dimension but "
            f"got padding length {len(amounts)} and input of dimension {ndim}"
        )
    pairs = list(zip(amounts[::2], amounts[1::2], strict=True))[::-1]
    return ((0, 0),) * (ndim - len(pairs)) + tuple(pairs)


def pad(input: Tensor, pad: Sequence[int], mode: str = "constant", value: Any = None) -> Tensor:
    """Add to (or take from) the ends of the last dimensions.

    Parameters
    ----------
    input : Tensor
        For modes other than constant: (N, C, ...) or (C, ...) with the padded dimensions last.
    pad : sequence of int
        (before, after) of the last dimension, then of the one before it, and so on;
        negative amounts crop.
    mode : {"constant", "reflect", "replicate", "circular"}
        What to add.
    value : float, optional
        What to add in mode constant (default 0).
    """
    if mode == "constant":
        return constant_pad_nd(input, pad, 0 if value is None else value)
    if mode not in ("reflect", "replicate", "circular"):
        raise NotImplementedError(f"Unrecognised padding mode {mode}")
    if value:
        raise RuntimeError(f'Padding mode "{mode}" doesn\'t take in value argument')
    nd = len(pad) // 2
    if len(pad) % 2 or nd not in (1, 2, 3) or input.ndim not in (nd + 1, nd + 2):
        raise NotImplementedError(
            f"Padding size {len(pad)} is not supported for {input.ndim}D input tensor.\n"
            "Supported combinations for non-constant padding:\n"
            "  - 2D or 3D input: padding size = 2 (pads last dimension)\n"
            "  - 3D or 4D input: padding size = 4 (pads last 2 dimensions)\n"
            "  - 4D or 5D input: padding size = 6 (pads last 3 dimensions)"
        )
    pairs = _pairs(pad, input.ndim)[-nd:]
    sizes = tuple(input.shape[-nd:])
    for d, ((before, after), n) in enumerate(zip(pairs, sizes, strict=True)):
        _check_reach(mode, before, after, n, input.ndim - nd + d, input)
    taps = tuple(_pad_table(mode, n, *pair) for n, pair in zip(sizes, pairs, strict=True))
    if mode == "circular":
        return resample.call(input, taps=taps)
    return RESAMPLE[f"{'Reflection' if mode == 'reflect' else 'Replication'}Pad{nd}D"].call(
        input, taps=taps
    )


def _check_reach(mode: str, before: int, after: int, n: int, dim: int, input: Tensor) -> None:
    if mode == "reflect" and (before >= n or after >= n):
        raise ShapeError(
            "Argument #4: Padding size should be less than the corresponding input dimension, but "
            f"got: padding ({before}, {after}) at dimension {dim} of input {list(input.shape)}"
        )
    if mode == "circular" and (before > n or after > n):
        raise ShapeError("Padding value causes wrapping around more than once.")
    if n + before + after < 0 or n == 0:
        raise ShapeError(
            f"input (size {n} in dimension {dim}) is too small for padding ({before}, {after}): "
            "the output's size would be negative"
        )


@functools.lru_cache(maxsize=512)
def _pad_table(mode: str, n: int, before: int, after: int) -> Taps:
    places = np.arange(-before, n + after)
    if mode == "reflect":
        places = (n - 1) - np.abs((n - 1) - np.abs(places))
    elif mode == "replicate":
        places = np.clip(places, 0, n - 1)
    else:
        low, high = max(0, -before), n - max(0, -after)
        places = low + (places - low) % (high - low)
    return Taps(n, places[None])


# ------------------------------------------------------------------ interpolation

_MODES = {
    ("nearest", 1): "UpsampleNearest1D", ("nearest", 2): "UpsampleNearest2D",
    ("nearest", 3): "UpsampleNearest3D", ("nearest-exact", 1): "UpsampleNearestExact1D",
    ("nearest-exact", 2): "UpsampleNearestExact2D", ("nearest-exact", 3): "UpsampleNearestExact3D",
    ("linear", 1): "UpsampleLinear1D", ("bilinear", 2): "UpsampleBilinear2D",
    ("trilinear", 3): "UpsampleTrilinear3D", ("bicubic", 2): "UpsampleBicubic2D",
}  # fmt: skip
_SMOOTH = {"linear": 1, "bilinear": 2, "trilinear": 3, "bicubic": 2}


def interpolate(
    input: Tensor, size: Any = None, scale_factor: Any = None, mode: str = "nearest",
    align_corners: bool | None = None, recompute_scale_factor: bool | None = None,
    antialias: bool = False,
) -> Tensor:  # fmt: skip
    """Resize the dimensions after (N, C).

    Parameters
    ----------
    input : Tensor
        (N, C, W), (N, C, H, W) or (N, C, D, H, W).
    size : int or sequence of int, optional
        The output's sizes; or give `scale_factor`.
    scale_factor : float or sequence of float, optional
        Factors of the sizes; results are rounded down.
    mode : str
        nearest, nearest-exact, linear (3-d input), bilinear, bicubic (4-d), trilinear (5-d)
        or area.
    align_corners : bool, optional
        Whether the centres of corner elements stay corners, in the smooth modes.
    recompute_scale_factor : bool, optional
        Whether to interpolate by the ratio of the rounded sizes instead of `scale_factor`.
    antialias : bool
        Whether bilinear and bicubic average when they shrink.
    """
    nd = input.ndim - 2
    _check_interpolation(input, mode, align_corners, antialias)
    sizes, factors = _sizes_and_factors(input, size, scale_factor, recompute_scale_factor)
    if mode == "area":
        return _area(nd, input, sizes)
    if mode in _SMOOTH and _SMOOTH[mode] != nd:
        raise NotImplementedError(
            f"Got {input.ndim}D input, but {mode} mode needs {_SMOOTH[mode] + 2}D input"
        )
    old = tuple(input.shape[2:])
    if not all(sizes) or not all(old) or not input.shape[1]:
        raise ShapeError(
            f"Input and output sizes should be greater than 0, but got input {list(old)} "
            f"output {list(sizes)}"
        )
    kind = mode
    if mode in _SMOOTH:
        kind = "cubic" if mode == "bicubic" else "linear"
    check_floating(f"interpolate (mode {mode})", input)
    taps = tuple(
        _resize_table(
            kind, n, m, None if _forgets(mode, nd, n, m) else f, bool(align_corners), antialias
        )
        for n, m, f in zip(old, sizes, factors, strict=True)
    )
    return RESAMPLE[_MODES[mode, nd] + ("Aa" if antialias else "")].call(input, taps=taps)


def upsample(
    input: Tensor, size: Any = None, scale_factor: Any = None, mode: str = "nearest",
    align_corners: bool | None = None,
) -> Tensor:  # fmt: skip
    """`interpolate` under its old name."""
    return interpolate(input, size, scale_factor, mode, align_corners)


def upsample_nearest(input: Tensor, size: Any = None, scale_factor: Any = None) -> Tensor:
    """`interpolate` to the nearest element."""
    return interpolate(input, size, scale_factor)


def upsample_bilinear(input: Tensor, size: Any = None, scale_factor: Any = None) -> Tensor:
    """`interpolate` with mode bilinear and aligned corners."""
    return interpolate(input, size, scale_factor, "bilinear", True)


def _check_interpolation(
    input: Tensor, mode: str, align_corners: bool | None, antialias: bool
) -> None:
    known = ("nearest", "nearest-exact", "area", *_SMOOTH)
    if mode in known and mode not in _SMOOTH and align_corners is not None:
        raise ValueError(
            "align_corners option can only be set with the interpolating modes: "
            "linear | bilinear | bicubic | trilinear"
        )
    if mode not in known or input.ndim not in (3, 4, 5):
        raise NotImplementedError(
            "Input Error: Only 3D, 4D and 5D input Tensors supported "
            f"(got {input.ndim}D) for the modes: nearest | linear | bilinear | bicubic | "
            f"trilinear | area | nearest-exact (got {mode})"
        )
    if antialias and (mode not in ("bilinear", "bicubic") or input.ndim != 4):
        raise ValueError(
            "Anti-alias option is restricted to bilinear and bicubic modes and requires a 4-D "
            "tensor as input"
        )


def _sizes_and_factors(
    input: Tensor, size: Any, scale_factor: Any, recompute: bool | None
) -> tuple[tuple[int, ...], tuple[float | None, ...]]:
    old = tuple(input.shape[2:])
    nd = len(old)
    if (size is None) == (scale_factor is None):
        only = "either size or scale_factor" if size is None else "only one of size or scale_factor"
        raise ValueError(f"{only} should be defined")
    if size is not None:
        if recompute:
            raise ValueError("recompute_scale_factor is not meaningful with an explicit size.")
        sizes = (size,) * nd if isinstance(size, int) else tuple(int(n) for n in size)
        if len(sizes) != nd:
            raise ValueError(
                "Input and output must have the same number of spatial dimensions, but got input "
                f"with spatial dimensions of {list(old)} and output size of {size}. Please provide "
                "input tensor in (N, C, d1, d2, ...,dK) format and output size in (o1, o2, ...,oK) "
                "format."
            )
        return sizes, (None,) * nd
    alike = isinstance(scale_factor, int | float)
    factors = (float(scale_factor),) * nd if alike else tuple(float(f) for f in scale_factor)
    if len(factors) != nd:
        raise ValueError(
            "Input and scale_factor must have the same number of spatial dimensions, but got input "
            f"with spatial dimensions of {list(old)} and scale_factor of shape {scale_factor}. "
            "Please provide input tensor in (N, C, d1, d2, ...,dK) format and scale_factor in "
            "(s1, s2, ...,sK) format."
        )
    sizes = tuple(math.floor(n * f) for n, f in zip(old, factors, strict=True))
    return sizes, (None,) * nd if recompute else factors


def _forgets(mode: str, nd: int, n: int, out: int) -> bool:
    """Whether PyTorch goes by the sizes alone, though a factor was given."""
    linear = mode in ("linear", "bilinear", "trilinear")
    return out == n if linear else (mode, nd) == ("nearest", 2) and out in (n, 2 * n)


def _area(nd: int, input: Tensor, sizes: tuple[int, ...]) -> Tensor:
    from . import pool

    average = (pool.adaptive_avg_pool1d, pool.adaptive_avg_pool2d, pool.adaptive_avg_pool3d)
    return average[nd - 1](input, sizes)


@functools.lru_cache(maxsize=512)
def _resize_table(
    kind: str, n: int, out: int, factor: float | None, align_corners: bool, antialias: bool
) -> Taps:
    """Places and weights of a resized dimension; `factor` as the user gave it, if he did."""
    ratio = n / out if factor is None else 1.0 / factor
    if kind in ("nearest", "nearest-exact"):
        shift = np.float32(0.5 if kind == "nearest-exact" else 0.0)
        source = np.floor((np.arange(out, dtype=np.float32) + shift) * np.float32(ratio))
        return Taps(n, np.minimum(source.astype(np.int64), n - 1)[None])
    if align_corners:
        ratio = (n - 1) / (out - 1) if out > 1 else 0.0
    if antialias:
        return _antialias_table(kind, n, out, ratio)
    i = np.arange(out)
    source = i * ratio if align_corners else (i + 0.5) * ratio - 0.5
    if kind == "linear":
        source = np.maximum(source, 0.0)
        first = np.minimum(source.astype(np.int64), n - 1)
        t = np.minimum(source - first, 1.0)
        places = np.stack([first, np.minimum(first + 1, n - 1)])
        return Taps(n, places, np.stack([1 - t, t]))
    first = np.floor(source).astype(np.int64)
    t = source - first
    places = np.clip(first + np.arange(-1, 3)[:, None], 0, n - 1)
    return Taps(n, places, np.stack([_cubic(d, -0.75) for d in (t + 1, t, 1 - t, 2 - t)]))


def _cubic(x: Any, a: float) -> Any:
    """Keys' cubic convolution kernel (IEEE Trans. ASSP 29, 1981), at distances up to 2."""
    x = np.abs(x)
    near = ((a + 2) * x - (a + 3)) * x * x + 1
    far = (((x - 5) * x + 8) * x - 4) * a
    return np.where(x <= 1, near, np.where(x < 2, far, 0.0))


def _antialias_table(kind: str, n: int, out: int, ratio: float) -> Taps:
    """A filter as wide as the step between outputs, its weights normalised."""
    widen = max(ratio, 1.0)
    radius = (2.0 if kind == "cubic" else 1.0) * widen
    centre = ratio * (np.arange(out) + 0.5)
    start = np.maximum((centre - radius + 0.5).astype(np.int64), 0)
    end = np.minimum((centre + radius + 0.5).astype(np.int64), n)
    k = np.arange(max(int((end - start).max()), 1))[:, None]
    inside = k < end - start
    distance = (k + start - centre + 0.5) / widen
    if kind == "cubic":
        weights = _cubic(distance, -0.5)
    else:
        weights = np.maximum(1 - np.abs(distance), 0.0)
    weights = np.where(inside, weights, 0.0)
    return Taps(n, np.where(inside, start + k, n), weights / weights.sum(0))


# ------------------------------------------------------------------ sliding blocks


def _blocks(size: Any, kernel: Any, dilation: Any, padding: Any, stride: Any) -> tuple[int, ...]:
    return tuple(
        (n + 2 * p - d * (k - 1) - 1) // s + 1
        for n, k, d, p, s in zip(size, kernel, dilation, padding, stride, strict=True)
    )


def _offsets(kernel: Any, dilation: Any, stride: Any, blocks: Any) -> Any:
    for k in itertools.product(*map(range, kernel)):
        yield tuple(
            slice(i * d, i * d + s * (n - 1) + 1, s)
            for i, d, s, n in zip(k, dilation, stride, blocks, strict=True)
        )


@op("Im2ColBackward0", linear=True)
def im2col(
    xp: Any, input: Any, *, size: Any, kernel: Any, dilation: Any, padding: Any, stride: Any
) -> Any:
    """Blocks (N, C * kernel, blocks) of images (N, C, H, W)."""
    n, c = input.shape[:2]
    blocks = _blocks(size, kernel, dilation, padding, stride)
    wide = padded(xp, input, [(d + 2, p, p) for d, p in enumerate(padding)], 0)
    out = xp.empty((n, c, math.prod(kernel), *blocks), input.dtype)
    for k, window in enumerate(_offsets(kernel, dilation, stride, blocks)):
        out[:, :, k] = wide[(..., *window)]
    return out.reshape(n, c * math.prod(kernel), math.prod(blocks))


@im2col.vjp
def _(F: Any, g: Any, size: Any, kernel: Any, dilation: Any, padding: Any, stride: Any) -> Any:
    return F.col2im(g, size=size, kernel=kernel, dilation=dilation, padding=padding, stride=stride)


@op("Col2ImBackward0", linear=True)
def col2im(
    xp: Any, input: Any, *, size: Any, kernel: Any, dilation: Any, padding: Any, stride: Any
) -> Any:
    """Images (N, C, H, W) as sums of their blocks (N, C * kernel, blocks)."""
    n, c = input.shape[0], input.shape[1] // math.prod(kernel)
    blocks = _blocks(size, kernel, dilation, padding, stride)
    columns = input.reshape(n, c, math.prod(kernel), *blocks)
    wide = [s + 2 * p for s, p in zip(size, padding, strict=True)]
    out = xp.zeros((n, c, *wide), input.dtype)
    for k, window in enumerate(_offsets(kernel, dilation, stride, blocks)):
        out[(..., *window)] += columns[:, :, k]
    inner = [slice(p, p + s) for p, s in zip(padding, size, strict=True)]
    return out[(..., *inner)].copy()


@col2im.vjp
def _(F: Any, g: Any, size: Any, kernel: Any, dilation: Any, padding: Any, stride: Any) -> Any:
    return F.im2col(g, size=size, kernel=kernel, dilation=dilation, padding=padding, stride=stride)


def _pair(value: Any) -> tuple[int, int]:
    values = (value, value) if isinstance(value, int) else tuple(value)
    if len(values) == 1:
        values *= 2
    if len(values) != 2:
        raise ShapeError(f"expected an int or a pair of ints, got {value!r}")
    return values


def _block_arguments(**given: Any) -> dict[str, tuple[int, int]]:
    pairs = {name: _pair(value) for name, value in given.items()}
    for name, values in pairs.items():
        if any(v < (0 if name == "padding" else 1) for v in values):
            raise ShapeError(f"{name} should be greater than zero, but got {name}={values}")
    return pairs


def unfold(
    input: Tensor, kernel_size: Any, dilation: Any = 1, padding: Any = 0, stride: Any = 1
) -> Tensor:
    """Cut images into sliding blocks.

    Parameters
    ----------
    input : Tensor
        (N, C, H, W) or (C, H, W).
    kernel_size, dilation, padding, stride : int or pair
        As in a convolution.

    Returns
    -------
    Tensor
        (N, C * kH * kW, number of blocks), or without N.
    """
    if input.ndim not in (3, 4):
        raise ShapeError(
            "Expected 3D or 4D (batch mode) tensor with possibly 0 batch size and other non-zero "
            f"dimensions for input, but got: {list(input.shape)}"
        )
    given = _block_arguments(kernel=kernel_size, dilation=dilation, padding=padding, stride=stride)
    size = tuple(input.shape[-2:])
    blocks = _blocks(size, **given)
    if any(b < 1 for b in blocks):
        raise ShapeError(
            f"Given input with spatial size {size}, kernel_size={given['kernel']}, "
            f"dilation={given['dilation']}, padding={given['padding']}, calculated shape of the "
            f"array of sliding blocks as {blocks}, but its components must be at least one."
        )
    if input.ndim == 3:
        return im2col.call(input.unsqueeze(0), size=size, **given).squeeze(0)
    return im2col.call(input, size=size, **given)


def fold(
    input: Tensor, output_size: Any, kernel_size: Any, dilation: Any = 1, padding: Any = 0,
    stride: Any = 1,
) -> Tensor:  # fmt: skip
    """Add sliding blocks up to images: the transpose of `unfold`.

    Parameters
    ----------
    input : Tensor
        (N, C * kH * kW, number of blocks), or without N.
    output_size : int or pair
        Height and width of the images.
    kernel_size, dilation, padding, stride : int or pair
        As in a convolution.
    """
    if input.ndim not in (2, 3):
        raise ShapeError(
            "Expected 2D or 3D (batch mode) tensor for input with possibly 0 batch size and "
            f"non-zero dimensions for input, but got: {list(input.shape)}"
        )
    given = _block_arguments(kernel=kernel_size, dilation=dilation, padding=padding, stride=stride)
    size = _pair(output_size)
    kernel, channels = given["kernel"], input.shape[-2]
    if channels % math.prod(kernel):
        raise ShapeError(
            "Expected size of input's dimension 1 to be divisible by the product of kernel_size, "
            f"but got input.size(1)={channels} and kernel_size={kernel}."
        )
    blocks = _blocks(size, **given)
    if any(b < 1 for b in blocks) or math.prod(blocks) != input.shape[-1]:
        raise ShapeError(
            f"Given output_size={size}, kernel_size={kernel}, dilation={given['dilation']}, "
            f"padding={given['padding']}, stride={given['stride']}, expected size of input's "
            f"dimension 2 to match the calculated number of sliding blocks {blocks[0]} * "
            f"{blocks[1]} = {math.prod(blocks)}, but got input.size(2)={input.shape[-1]}."
        )
    if input.ndim == 2:
        return col2im.call(input.unsqueeze(0), size=size, **given).squeeze(0)
    return col2im.call(input, size=size, **given)


# ------------------------------------------------------------------ pixels and channels


@op("PixelShuffleBackward0", name="pixel_shuffle", linear=True)
def pixel_shuffle_op(xp: Any, input: Any, *, factor: Any) -> Any:
    """(..., C r r, H, W) to (..., C, H r, W r)."""
    *lead, c, h, w = input.shape
    r = factor
    parts = input.reshape(math.prod(lead), c // (r * r), r, r, h, w).transpose(0, 1, 4, 2, 5, 3)
    return xp.array(parts, order="C").reshape(*lead, c // (r * r), h * r, w * r)


@pixel_shuffle_op.vjp
def _(F: Any, g: Any, factor: Any) -> Any:
    return F.pixel_unshuffle(g, factor=factor)


@op("PixelUnshuffleBackward0", name="pixel_unshuffle", linear=True)
def pixel_unshuffle_op(xp: Any, input: Any, *, factor: Any) -> Any:
    """(..., C, H r, W r) to (..., C r r, H, W)."""
    *lead, c, h, w = input.shape
    r = factor
    parts = input.reshape(math.prod(lead), c, h // r, r, w // r, r).transpose(0, 1, 3, 5, 2, 4)
    return xp.array(parts, order="C").reshape(*lead, c * r * r, h // r, w // r)


@pixel_unshuffle_op.vjp
def _(F: Any, g: Any, factor: Any) -> Any:
    return F.pixel_shuffle(g, factor=factor)


def _check_image(name: str, input: Tensor, factor: int) -> None:
    if input.ndim < 3:
        raise ShapeError(
            f"{name} expects input to have at least 3 dimensions, but got input with "
            f"{input.ndim} dimension(s)"
        )
    if factor <= 0:
        raise RuntimeError(f"{name} expects a positive factor, but got {factor}")


def pixel_shuffle(input: Tensor, upscale_factor: int) -> Tensor:
    """Move channels into space: (..., C r², H, W) to (..., C, H r, W r).

    Source: Shi et al., arXiv:1609.05158.
    """
    _check_image("pixel_shuffle", input, upscale_factor)
    if input.shape[-3] % upscale_factor**2:
        raise ShapeError(
            "pixel_shuffle expects its input's 'channel' dimension to be divisible by the square "
            f"of upscale_factor, but input.size(-3)={input.shape[-3]} is not divisible by "
            f"{upscale_factor**2}"
        )
    return pixel_shuffle_op.call(input, factor=upscale_factor)


def pixel_unshuffle(input: Tensor, downscale_factor: int) -> Tensor:
    """Move space into channels: (..., C, H r, W r) to (..., C r², H, W)."""
    _check_image("pixel_unshuffle", input, downscale_factor)
    for dim, what in ((-2, "height"), (-1, "width")):
        if input.shape[dim] % downscale_factor:
            raise ShapeError(
                f"pixel_unshuffle expects {what} to be divisible by downscale_factor, but "
                f"input.size({dim})={input.shape[dim]} is not divisible by {downscale_factor}"
            )
    return pixel_unshuffle_op.call(input, factor=downscale_factor)


@op("ChannelShuffleBackward0", name="channel_shuffle", linear=True)
def channel_shuffle_op(xp: Any, input: Any, *, groups: Any) -> Any:
    """Deal the channels of (N, C, ...) out over the groups."""
    n, c, *rest = input.shape
    parts = input.reshape(n, groups, c // groups, *rest).swapaxes(1, 2)
    return xp.array(parts, order="C").reshape(n, c, *rest)


@channel_shuffle_op.vjp
def _(F: Any, g: Any, groups: Any) -> Any:
    return F.channel_shuffle(g, groups=g.shape[1] // groups)


def channel_shuffle(input: Tensor, groups: int) -> Tensor:
    """Rearrange the channels of (N, C, ...) so that every group gets some of each group."""
    if input.ndim < 3 or groups <= 0 or input.shape[1] % groups:
        raise ShapeError(
            "Number of channels must be divisible by groups. Got "
            f"input of shape {list(input.shape)} and {groups} groups."
        )
    return channel_shuffle_op.call(input, groups=groups)


__all__ = [
    "constant_pad_nd", "pixel_shuffle", "pixel_unshuffle", "channel_shuffle",
]  # fmt: skip
