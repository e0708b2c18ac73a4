"""Reading images at any places: grids from affine maps, and sampling with interpolation.

A sample is a weighted sum over the product of a few taps a dimension: one for the nearest
element, two for linear and four for cubic interpolation.  Weights are functions of the place,
so ``sample`` takes an order of differentiation for each dimension.  Its gradient for the grid
is then ``sample`` with one order higher, its gradient for the input is the transposed map
``spread``, and the gradients of that are these two again: all derivatives are two ops.
"""

from __future__ import annotations

import itertools
import math
from collections.abc import Iterator
from typing import Any, NamedTuple

import numpy as np

from .._tensor import Tensor
from ..declare import op
from ..errors import DtypeError, ShapeError
from .create import linspace, ones
from .join import cat
from .pool import put_places, take_places

__all__ = ["grid_sampler", "grid_sampler_2d", "grid_sampler_3d"]

_MODES = ("bilinear", "nearest", "bicubic")
_PADDINGS = ("zeros", "border", "reflection")
_A = -0.75
"""PyTorch's parameter of the cubic convolution kernel (Keys, IEEE Trans. ASSP 29, 1981)."""
_NEAR, _FAR = [_A + 2, -(_A + 3), 0, 1], [_A, -5 * _A, 8 * _A, -4 * _A]
"""That kernel at distances up to 1 and from 1 to 2: coefficients, the highest power first."""


class _Tap(NamedTuple):
    """One element that a dimension reads for each sample; all (N, samples)."""

    index: Any
    weight: Any
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
    xp: Any, place: Any, size: int, mode: str, padding: str, align: bool, order: int
) -> Iterator[_Tap]:
    """What one dimension of the input reads for places in [-1, 1].

    The weights are the `order`-th derivatives of the interpolation's.
    """
    dtype = place.dtype
    place, factor = _unnormalised(place, size, align)
    if mode == "bicubic":
        first = xp.floor(place)
        for k in range(-1, 3):
            index, _ = _padded(xp, first + k, size, padding, align)
            weight = _cubic(xp, place - first - k, order) * factor**order
            yield _tap(xp, index, weight, size, dtype)
        return
    place, slope = _padded(xp, place, size, padding, align)
    if mode == "nearest":
        yield _tap(xp, xp.rint(place), float(order == 0), size, dtype)
        return
    first = xp.floor(place)
    t = place - first
    rising = (t, slope * factor, 0.0)[min(order, 2)]
    yield _tap(xp, first, 1 - t if order == 0 else -rising, size, dtype)
    yield _tap(xp, first + 1, rising, size, dtype)


def _cubic(xp: Any, distance: Any, order: int) -> Any:
    """The `order`-th derivative of the cubic kernel."""
    x = xp.abs(distance)
    near, far = (_polynomial(np.polyder(c, order), x) for c in (_NEAR, _FAR))
    value = xp.where(x <= 1, near, far)
    return xp.where(distance < 0, -value, value) if order % 2 else value


def _polynomial(coefficients: Any, x: Any) -> Any:
    value = x * 0
    for c in coefficients:
        value = value * x + float(c)
    return value


def _tap(xp: Any, index: Any, weight: Any, size: int, dtype: Any) -> _Tap:
    inside = (index >= 0) & (index < size)
    index = xp.where(inside, index, 0).astype("i8")
    return _Tap(index, xp.broadcast_to(xp.asarray(weight, dtype=dtype), index.shape), inside)


# ------------------------------------------------------------------ the two ops


def _corners(
    xp: Any, sizes: Any, grid: Any, how: tuple[str, str, bool], orders: Any
) -> Iterator[tuple[Any, Any]]:
    """For each product of taps: flat index and weight, (N, samples) each."""
    nd = len(sizes)
    places = grid.reshape(grid.shape[0], math.prod(grid.shape[1:-1]), nd)
    taps = [
        list(_taps(xp, places[..., nd - 1 - d], n, *how, orders[d])) for d, n in enumerate(sizes)
    ]
    for corner in itertools.product(*taps):
        flat, inside = corner[0].index, corner[0].inside
        for n, tap in zip(sizes[1:], corner[1:], strict=True):
            flat, inside = flat * n + tap.index, inside & tap.inside
        # Not inside times weight: what lies outside counts as 0, but a NaN among places shows.
        weight = math.prod(tap.weight for tap in corner)
        yield flat, xp.where(inside, weight, weight * 0)


def _for_channels(xp: Any, values: Any, channels: int) -> Any:
    n, samples = values.shape
    return xp.broadcast_to(values[:, None], (n, channels, samples))


def _sample(xp: Any, input: Any, grid: Any, *, how: Any, orders: Any) -> Any:
    """Elements of the input interpolated at the grid's places."""
    n, c, *sizes = input.shape
    result = xp.zeros((n, c, math.prod(grid.shape[1:-1])), input.dtype)
    for flat, weight in _corners(xp, sizes, grid, how, orders):
        where = _for_channels(xp, flat, c)
        result += take_places.forward(xp, input, where, dims=len(sizes)) * weight[:, None]
    return result.reshape(n, c, *grid.shape[1:-1])


def _spread(xp: Any, samples: Any, grid: Any, *, sizes: Any, how: Any, orders: Any) -> Any:
    """The transpose of `_sample`: samples added up where they were read."""
    n, c = samples.shape[:2]
    flat_samples = samples.reshape(n, c, math.prod(samples.shape[2:]))
    size = math.prod(sizes)
    result = xp.zeros((n, c, size), samples.dtype)
    for flat, weight in _corners(xp, sizes, grid, how, orders):
        where = _for_channels(xp, flat, c)
        values = flat_samples * weight[:, None]
        result += put_places.forward(xp, values, where, sizes=(size,), overlap=True)
    return result.reshape(n, c, *sizes)


def _declare(nd: int) -> Any:
    sample = op(f"GridSampler{nd}DBackward0", name=f"grid_sample_{nd}d")(_sample)
    spread = op(f"GridSampler{nd}DBackwardBackward0", name=f"grid_spread_{nd}d")(_spread)

    def of_grid(F: Any, read: Any, g: Any, grid: Any, how: Any, orders: Any) -> Any:
        """The gradient for the grid of ``<g, sample(read, grid)>``, the last dimension first."""
        parts = []
        for d in reversed(range(nd)):
            higher = tuple(order + (e == d) for e, order in enumerate(orders))
            slope = getattr(F, sample.name)(read, grid, how=how, orders=higher)
            parts.append(F.sum(g * slope, dim=(1,), keepdim=False))
        return F.stack(*parts, dim=nd + 1)

    @sample.vjp("input")
    def _(F: Any, g: Any, grid: Any, input_shape: Any, how: Any, orders: Any) -> Any:
        given = {"sizes": tuple(input_shape[2:]), "how": how, "orders": orders}
        return getattr(F, spread.name)(g, grid, **given)

    @sample.vjp("grid")
    def _(F: Any, g: Any, input: Any, grid: Any, how: Any, orders: Any) -> Any:
        return of_grid(F, input, g, grid, how, orders)

    @spread.vjp("samples")
    def _(F: Any, g: Any, grid: Any, how: Any, orders: Any) -> Any:
        return getattr(F, sample.name)(g, grid, how=how, orders=orders)

    @spread.vjp("grid")
    def _(F: Any, g: Any, samples: Any, grid: Any, how: Any, orders: Any) -> Any:
        return of_grid(F, g, samples, grid, how, orders)

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
    Source: Jaderberg and others, "Spatial Transformer Networks", arXiv:1506.02025.
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
    how = (mode, padding_mode, bool(align_corners))
    return _OPS[input.ndim - 2].call(input, grid, how=how, orders=(0,) * (input.ndim - 2))


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
