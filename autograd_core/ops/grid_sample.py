"""Reading images at any places: grids from affine maps, and sampling with interpolation.

A sample is a weighted sum over the product of a few taps a dimension: one for the nearest
element, two for linear and four for cubic interpolation.  A tap is an index, a weight, and
the weight's derivative by the place, so forward and both gradients are the same loop.
"""

from __future__ import annotations

import itertools
import math
from collections.abc import Iterator
from typing import Any, NamedTuple

from .._tensor import Tensor
from ..declare import op
from ..errors import DtypeError, ShapeError
from .create import linspace, ones
from .join import cat
from .pool import put_places, take_places

__all__ = ["grid_sampler", "grid_sampler_2d", "grid_sampler_3d"]

_MODES = ("bilinear", "nearest", "bicubic")
_PADDINGS = ("zeros", "border", "reflection")
_SHARPNESS = -0.75
"""PyTorch's parameter of the cubic convolution kernel (Keys, IEEE Trans. ASSP 29, 1981)."""


class _Tap(NamedTuple):
    """One element that a dimension reads for each sample; all (N, samples)."""

    index: Any
    weight: Any
    slope: Any
    """Derivative of the weight by the grid's number."""
    inside: Any
    """Whether the index lies in the input; outside counts as 0."""


# ------------------------------------------------------------------ one dimension


def _unnormalised(place: Any, size: int, align: bool) -> tuple[Any, float]:
    """From [-1, 1] to indices, and the factor."""
    if align:
        return (place + 1) * ((size - 1) / 2), (size - 1) / 2
    return ((place + 1) * size - 1) / 2, size / 2


def _reflected(xp: Any, place: Any, size: int, align: bool) -> tuple[Any, Any]:
    """Places folded back at the borders, and the sign that this gives a derivative."""
    low, span = (0.0, size - 1.0) if align else (-0.5, float(size))
    if span == 0:
        return xp.zeros_like(place), xp.zeros_like(place)
    sign = xp.where(place < low, -1.0, 1.0)
    away = xp.abs(place - low)
    extra = xp.fmod(away, span)
    odd = xp.floor(away / span) % 2 == 1
    return xp.where(odd, span - extra, extra) + low, xp.where(odd, -sign, sign)


def _clipped(xp: Any, place: Any, size: int) -> tuple[Any, Any]:
    """Places moved to the border, where the derivative is 0 (PyTorch: at the border, too)."""
    moving = (place > 0) & (place < size - 1)
    return xp.clip(xp.where(place == place, place, 0), 0, size - 1), moving


def _padded(xp: Any, place: Any, size: int, padding: str, align: bool) -> tuple[Any, Any]:
    """Places where `padding` reads them, and their derivative."""
    slope: Any = 1.0
    if padding == "reflection":
        place, slope = _reflected(xp, place, size, align)
    if padding != "zeros":
        place, moving = _clipped(xp, place, size)
        slope = slope * moving
    return place, slope


def _taps(
    xp: Any, place: Any, size: int, mode: str, padding: str, align: bool
) -> Iterator[_Tap]:  # fmt: skip
    """What one dimension of the input reads for places in [-1, 1]."""
    dtype = place.dtype
    place, factor = _unnormalised(place, size, align)
    if mode == "bicubic":
        yield from _cubic_taps(xp, place, factor, size, padding, align, dtype)
        return
    place, slope = _padded(xp, place, size, padding, align)
    if mode == "nearest":
        yield _tap(xp, xp.rint(place), 1.0, 0.0, size, dtype)
        return
    first = xp.floor(place)
    t = place - first
    yield _tap(xp, first, 1 - t, -slope * factor, size, dtype)
    yield _tap(xp, first + 1, t, slope * factor, size, dtype)


def _cubic_taps(
    xp: Any, place: Any, factor: float, size: int, padding: str, align: bool, dtype: Any
) -> Iterator[_Tap]:  # fmt: skip
    first = xp.floor(place)
    t = place - first
    for k in range(-1, 3):
        x = xp.abs(t - k)
        near, a = x <= 1, _SHARPNESS
        weight = xp.where(
            near, ((a + 2) * x - (a + 3)) * x * x + 1, (((x - 5) * x + 8) * x - 4) * a
        )
        slope = xp.where(near, (3 * (a + 2) * x - 2 * (a + 3)) * x, ((3 * x - 10) * x + 8) * a)
        index, _ = _padded(xp, first + k, size, padding, align)
        yield _tap(xp, index, weight, xp.where(t < k, -slope, slope) * factor, size, dtype)


def _tap(xp: Any, index: Any, weight: Any, slope: Any, size: int, dtype: Any) -> _Tap:
    inside = (index >= 0) & (index < size)
    index = xp.where(inside, index, 0).astype("i8")
    shape = index.shape
    weight, slope = (xp.broadcast_to(xp.asarray(x, dtype=dtype), shape) for x in (weight, slope))
    return _Tap(index, weight, slope, inside)


# ------------------------------------------------------------------ the op


def _corners(
    xp: Any, input: Any, grid: Any, mode: str, padding: str, align: bool
) -> Iterator[tuple[Any, tuple[_Tap, ...], Any]]:
    """For each product of taps: flat index, the taps, and whether all lie inside."""
    sizes = input.shape[2:]
    places = grid.reshape(grid.shape[0], math.prod(grid.shape[1:-1]), len(sizes))
    taps = [
        list(_taps(xp, places[..., len(sizes) - 1 - d], n, mode, padding, align))
        for d, n in enumerate(sizes)
    ]
    for corner in itertools.product(*taps):
        flat, inside = corner[0].index, corner[0].inside
        for n, tap in zip(sizes[1:], corner[1:], strict=True):
            flat, inside = flat * n + tap.index, inside & tap.inside
        yield flat, corner, inside


def _spread(xp: Any, values: Any, input: Any) -> Any:
    """(N, samples) for each channel of the input."""
    n, c = input.shape[:2]
    return xp.broadcast_to(values[:, None], (n, c, values.shape[1]))


def _sample(xp: Any, input: Any, grid: Any, mode: str, padding: str, align: bool) -> Any:
    n, c, *sizes = input.shape
    samples = tuple(grid.shape[1:-1])
    result = xp.zeros((n, c, math.prod(samples)), input.dtype)
    for flat, corner, inside in _corners(xp, input, grid, mode, padding, align):
        read = take_places.forward(xp, input, _spread(xp, flat, input), dims=len(sizes))
        weight = math.prod(tap.weight for tap in corner)
        result += xp.where(inside[:, None], read, 0) * weight[:, None]
    return result.reshape(n, c, *samples)


def _sample_backward(
    xp: Any, grad: Any, input: Any, grid: Any, *, mode: str, padding: str, align: bool, needs: Any
) -> Any:
    """Gradients of input and grid."""
    n, c, *sizes = input.shape
    g = grad.reshape(n, c, math.prod(grad.shape[2:]))
    size = math.prod(sizes)
    g_input = xp.zeros((n, c, size), input.dtype)
    g_places = xp.zeros((n, g.shape[2], len(sizes)), grid.dtype)
    for flat, corner, inside in _corners(xp, input, grid, mode, padding, align):
        where = _spread(xp, flat, input)
        if needs[0]:
            weight = xp.where(inside, math.prod(tap.weight for tap in corner), 0)
            g_input += put_places.forward(
                xp, g * weight[:, None], where, sizes=(size,), overlap=True
            )
        if needs[1] and mode != "nearest":
            read = take_places.forward(xp, input, where, dims=len(sizes))
            along = xp.where(inside, (g * read).sum(axis=1), 0)
            for d, tap in enumerate(corner):
                others = (other.weight for e, other in enumerate(corner) if e != d)
                g_places[..., len(sizes) - 1 - d] += along * tap.slope * math.prod(others)
    return g_input.reshape(input.shape), g_places.reshape(grid.shape)


def _declare(nd: int) -> Any:
    def forward(
        xp: Any, input: Any, grid: Any, *, mode: str, padding: str, align: bool
    ) -> Any:  # fmt: skip
        """Elements of the input interpolated at the grid's places."""
        return _sample(xp, input, grid, mode, padding, align)

    sample = op(f"GridSampler{nd}DBackward0", name=f"grid_sample_{nd}d")(forward)
    backward = op(
        f"GridSampler{nd}DBackwardBackward0",
        name=f"grid_sample_{nd}d_backward",
        outputs=("g_input", "g_grid"),
    )(_sample_backward)

    @sample.vjp("input", "grid")
    def _(
        F: Any, g: Any, input: Any, grid: Any, mode: str, padding: str, align: bool, needs: Any
    ) -> Any:
        call = getattr(F, backward.name)
        given = {"mode": mode, "padding": padding, "align": align, "needs": tuple(needs)}
        return call(g, input, grid, **given)

    return sample


_OPS = {nd: _declare(nd) for nd in (2, 3)}


# ------------------------------------------------------------------ public


def grid_sample(
    input: Tensor,
    grid: Tensor,
    mode: str = "bilinear",
    padding_mode: str = "zeros",
    align_corners: bool | None = None,
) -> Tensor:
    """Sample images at the places of a grid.

    Parameters
    ----------
    input : Tensor
        (N, C, H, W) or (N, C, D, H, W).
    grid : Tensor
        (N, Hout, Wout, 2) or (N, Dout, Hout, Wout, 3): places as (x, y) or (x, y, z), from -1
        at the first to 1 at the last element.
    mode : {"bilinear", "nearest", "bicubic"}
        How to interpolate; bilinear is trilinear in 3 dimensions, bicubic is for 2 only.
    padding_mode : {"zeros", "border", "reflection"}
        What lies outside.
    align_corners : bool, default False
        Whether -1 and 1 are the centres of the outermost elements, or else their outer edges.

    Returns
    -------
    Tensor
        (N, C, Hout, Wout) or (N, C, Dout, Hout, Wout).

    Raises
    ------
    ValueError
        If a mode is not known.
    ShapeError, DtypeError
        If the two do not fit.

    Notes
    -----
    It has a first derivative only, as in PyTorch.  Source: Jaderberg and others, "Spatial
    Transformer Networks", arXiv:1506.02025.
    """
    if mode not in _MODES:
        raise ValueError(
            "nn.functional.grid_sample(): expected mode to be 'bilinear', 'nearest' or 'bicubic', "
            f"but got: '{mode}'"
        )
    if padding_mode not in _PADDINGS:
        raise ValueError(
            "nn.functional.grid_sample(): expected padding_mode to be 'zeros', 'border', or "
            f"'reflection', but got: '{padding_mode}'"
        )
    _check(input, grid, mode)
    return _OPS[input.ndim - 2].call(
        input, grid, mode=mode, padding=padding_mode, align=bool(align_corners)
    )


def _check(input: Tensor, grid: Tensor, mode: str) -> None:
    nd = input.ndim - 2
    if nd not in (2, 3) or grid.ndim != input.ndim:
        raise ShapeError(
            "grid_sampler(): expected 4D or 5D input and grid with same number of dimensions, but "
            f"got input with sizes {list(input.shape)} and grid with sizes {list(grid.shape)}"
        )
    if input.shape[0] != grid.shape[0]:
        raise ShapeError(
            "grid_sampler(): expected grid and input to have same batch size, but got input with "
            f"sizes {list(input.shape)} and grid with sizes {list(grid.shape)}"
        )
    if grid.shape[-1] != nd:
        raise ShapeError(
            f"grid_sampler(): expected grid to have size {nd} in last dimension, but got grid with "
            f"sizes {list(grid.shape)}"
        )
    if not all(input.shape[2:]):
        raise ShapeError(
            "grid_sampler(): expected input to have non-empty spatial dimensions, but input has "
            f"sizes {list(input.shape)}"
        )
    if mode == "bicubic" and nd == 3:
        raise RuntimeError("grid_sampler(): bicubic interpolation only supports 4D input")
    if input.dtype != grid.dtype:
        raise DtypeError(
            "grid_sampler(): expected input and grid to have same dtype, but input has "
            f"{input.dtype!r} and grid has {grid.dtype!r}"
        )


def grid_sampler(
    input: Tensor, grid: Tensor, interpolation_mode: int, padding_mode: int, align_corners: bool
) -> Tensor:
    """`nn.functional.grid_sample` with its modes as numbers, in the order of their lists there."""
    given = _MODES[interpolation_mode], _PADDINGS[padding_mode]
    return grid_sample(input, grid, *given, align_corners)


grid_sampler_2d = grid_sampler_3d = grid_sampler


def affine_grid(theta: Tensor, size: Any, align_corners: bool | None = None) -> Tensor:
    """The places that affine maps send a regular grid to, for `grid_sample`.

    Parameters
    ----------
    theta : Tensor
        (N, 2, 3) or (N, 3, 4): maps of (x, y, 1) or (x, y, z, 1).
    size : sequence of int
        (N, C, H, W) or (N, C, D, H, W) of the images to be sampled.
    align_corners : bool, default False
        As in `grid_sample`.

    Returns
    -------
    Tensor
        (N, H, W, 2) or (N, D, H, W, 3).
    """
    nd = len(size) - 2
    if not theta.is_floating_point():
        raise ValueError(f"Expected theta to have floating point type, but got {theta.dtype!r}")
    if nd not in (2, 3):
        raise NotImplementedError(
            "affine_grid only supports 4D and 5D sizes, for 2D and 3D affine transforms, "
            f"respectively. Got size {tuple(size)}"
        )
    if theta.ndim != 3 or tuple(theta.shape[-2:]) != (nd, nd + 1):
        raise ValueError(
            f"Expected a batch of {nd}D affine matrices of shape Nx{nd}x{nd + 1} for size "
            f"{tuple(size)}. Got {tuple(theta.shape)}."
        )
    if min(size) <= 0:
        raise ValueError(f"Expected non-zero, positive output size. Got {tuple(size)}")
    sizes = tuple(size[2:])
    columns = [
        _evenly(n, bool(align_corners), theta)
        .reshape(*(n if e == d else 1 for e in range(nd)), 1)
        .expand(*sizes, 1)
        for d, n in enumerate(sizes)
    ]
    one = ones(*sizes, 1, dtype=theta.dtype, device=theta.device)
    base = cat([*columns[::-1], one], -1).reshape(1, -1, nd + 1)
    found = base.expand(size[0], -1, -1).bmm(theta.transpose(1, 2))
    return found.reshape(size[0], *sizes, nd)


def _evenly(n: int, align: bool, like: Tensor) -> Tensor:
    """Places of n elements in [-1, 1]."""
    if n == 1:
        return linspace(0, 0, 1, dtype=like.dtype, device=like.device)
    end = 1.0 if align else (n - 1) / n
    return linspace(-end, end, n, dtype=like.dtype, device=like.device)
