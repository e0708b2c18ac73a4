"""Covariance, correlation and histograms."""

from __future__ import annotations

import math
import warnings
from collections.abc import Sequence
from typing import Any

import numpy as np

from .. import return_types
from .._tensor import Tensor, method
from ..backends import backend_of, truth
from ..dtypes import BOOL, FLOATING, bfloat16, float16, float32, float64, scalar_type
from ..errors import DtypeError, ShapeError
from ..examples import call, examples

# ------------------------------------------------------------------ covariance


@method()
def cov(
    input: Tensor, *, correction: int = 1, fweights: Tensor | None = None,
    aweights: Tensor | None = None,
) -> Tensor:  # fmt: skip
    """The covariance matrix of variables (rows) over observations (columns).

    Parameters
    ----------
    correction : int, default 1
        Taken from the number of observations.
    fweights : Tensor of integers, optional
        How often each observation occurred.
    aweights : Tensor of floats, optional
        How much each observation counts.
    """
    if input.ndim > 2:
        raise ShapeError(
            f"cov(): expected input to have two or fewer dimensions but got an input with "
            f"{input.ndim} dimensions"
        )
    if input.dtype.category == BOOL:
        raise DtypeError("cov(): bool dtype is not supported for input; convert with .float()")
    rows = input if input.ndim == 2 else input.reshape(1, -1)
    weights = _observation_weights(rows, fweights, aweights)
    count: Any = rows.shape[1] if weights is None else weights.sum()
    total = rows.sum(1) if weights is None else (rows * weights).sum(1)
    mean = total / count
    freedom: Any = count - correction
    if weights is not None and aweights is not None and correction:
        freedom = count - correction * (weights * aweights).sum() / count
    freedom = _positive(freedom)
    centred = rows - mean.unsqueeze(1)
    weighted = centred if weights is None else centred * weights
    found = centred @ weighted.t().conj() / freedom
    return found.squeeze()


def _positive(freedom: Any) -> Any:
    low = truth(freedom._array <= 0) if isinstance(freedom, Tensor) else freedom <= 0
    if not low:
        return freedom
    warnings.warn("cov(): degrees of freedom is <= 0", UserWarning, stacklevel=3)
    return freedom * 0 if isinstance(freedom, Tensor) else 0


def _observation_weights(
    rows: Tensor, fweights: Tensor | None, aweights: Tensor | None
) -> Tensor | None:
    for name, weights in (("fweights", fweights), ("aweights", aweights)):
        if weights is None:
            continue
        if weights.ndim > 1:
            raise ShapeError(f"cov(): expected {name} to have one or fewer dimensions")
        floating = weights.dtype.category >= FLOATING
        if floating is (name == "fweights"):
            kind = "floating point" if name == "aweights" else "integral"
            raise DtypeError(f"cov(): expected {name} to have {kind} dtype, got {weights.dtype!r}")
        if weights.numel() != rows.shape[1]:
            raise ShapeError(
                f"cov(): expected {name} to have the same numel as there are observations in the "
                f"input but got {weights.numel()} != {rows.shape[1]}"
            )
        if weights.numel() and truth((weights._array < 0).any()):
            raise RuntimeError(f"cov(): {name} cannot be negative")
    given = [w for w in (fweights, aweights) if w is not None]
    if not given:
        return None
    weights = given[0] if len(given) == 1 else given[0] * given[1]
    if not truth(weights._array.sum() != 0):
        raise ZeroDivisionError("cov(): weights sum to zero, can't be normalized")
    return weights


@method()
def corrcoef(input: Tensor) -> Tensor:
    """The correlation coefficients of variables (rows) over observations (columns)."""
    if input.ndim > 2:
        raise ShapeError(
            "corrcoef(): expected input to have two or fewer dimensions but got an input with "
            f"{input.ndim} dimensions"
        )
    found = cov(input)
    if not found.ndim:
        return found / found
    spread = found.diagonal()
    spread = (spread.real if found.is_complex() else spread).sqrt()
    scaled = found / spread.unsqueeze(1) / spread.unsqueeze(0)
    if not found.is_complex():
        return scaled.clamp(-1, 1)
    from .complex import complex

    return complex(scaled.real.clamp(-1, 1), scaled.imag.clamp(-1, 1))


# ------------------------------------------------------------------ counting


@method()
def bincount(input: Tensor, weights: Tensor | None = None, minlength: int = 0) -> Tensor:
    """How often each number occurs, or the sum of the weights of its occurrences.

    Raises
    ------
    RuntimeError
        If the input is no vector of non-negative integers, or the weights don't fit it.
    """
    array = input._array
    if input.ndim != 1 or array.dtype.kind not in "iu":
        raise RuntimeError(
            "bincount only supports 1-d non-negative integral inputs, got "
            f"{input.ndim} dimensions of {input.dtype!r}"
        )
    if minlength < 0:
        raise RuntimeError(f"minlength should be >= 0, got {minlength}")
    if weights is not None and tuple(weights.shape) != tuple(input.shape):
        raise RuntimeError(
            "weights should be 1-d and have the same length as input, got shapes "
            f"{tuple(weights.shape)} and {tuple(input.shape)}"
        )
    owner = backend_of(array)
    if array.size and truth(array.min() < 0):
        raise RuntimeError("bincount only supports 1-d non-negative integral inputs.")
    given = None if weights is None else weights._array
    counts = owner.xp.bincount(array.astype("i8"), given, minlength)
    if weights is None:
        kind: Any = "i8"
    else:
        kind = weights._array.dtype if weights.dtype is float32 else float64.numpy
    made: Tensor = Tensor._from_array(counts.astype(kind))
    return made


@method()
def histc(input: Tensor, bins: int = 100, min: float = 0, max: float = 0) -> Tensor:
    """How many elements lie in each of `bins` equal intervals from `min` to `max`.

    Elements outside are not counted; with ``min == max`` those are the input's own.

    Raises
    ------
    RuntimeError, DtypeError
        For a range that is empty or not finite, no bins, or elements that are no floats.
    """
    half = input.dtype in (float16, bfloat16)
    if not half:
        _check_histogram("histc", input)
    if bins <= 0:
        raise RuntimeError(f"bins must be > 0, but got {bins} for dimension 0")
    low, high = _outer_range("torch.histc", input, float(min), float(max), 1.0)
    edges = _even_edges(input.float() if half else input, bins, low, high)
    counts = _count(input.reshape(-1, 1).to(edges.dtype), [edges], None)
    return counts.to(input.dtype)


@method()
def histogram(
    input: Tensor, bins: Any, *, range: Any = None, weight: Tensor | None = None,
    density: bool = False,
) -> Any:  # fmt: skip
    """Counts of the elements in intervals, and the intervals' edges: (hist, bin_edges).

    Parameters
    ----------
    bins : int or Tensor
        How many equal ones, or all edges.
    range : (float, float), optional
        The outer edges of equal ones; default: the smallest and largest element.
    weight : Tensor, optional
        What each element counts, of the input's shape.
    density : bool, default False
        Divide by total and width, so that the integral is 1.
    """
    _check_histogram("histogram", input)
    points = input.reshape(-1, 1)
    weights = None if weight is None else weight.reshape(-1)
    hist, edges = _histogram("histogram", points, [bins], range, weights, density)
    return return_types.histogram(hist, edges[0])


def histogramdd(
    input: Tensor, bins: Any, range: Any = None, weight: Tensor | None = None,
    density: bool = False,
) -> Any:  # fmt: skip
    """Counts of points (the last dimension) in the cells of a grid: (hist, bin_edges).

    Parameters
    ----------
    bins : int, sequence of int, or sequence of Tensor
        How many equal intervals in each dimension, or all their edges.
    range : sequence of float, optional
        Outer edges of equal ones: low and high of each dimension, in one list.
    weight, density
        As in `histogram`.
    """
    _check_histogram("histogramdd", input)
    if input.ndim < 2:
        raise RuntimeError(
            "torch.histogramdd: input tensor should have at least 2 dimensions, but got "
            f"{input.ndim}"
        )
    n = input.shape[-1]
    parts = [bins] * n if isinstance(bins, int) else list(bins)
    if len(parts) != n:
        raise RuntimeError(
            f"histogramdd: expected {n} sequences of bin edges or bin counts, one for each "
            f"dimension, but got {len(parts)}"
        )
    weights = None if weight is None else weight.reshape(-1)
    hist, edges = _histogram("histogramdd", input.reshape(-1, n), parts, range, weights, density)
    return return_types.histogramdd(hist, tuple(edges))


def _check_histogram(name: str, input: Tensor) -> None:
    if input.dtype not in (float32, float64):
        raise DtypeError(
            f"\"{name}_cpu\" not implemented for '{scalar_type(input.dtype)}'; "
            "convert with .float()"
        )


def _outer_range(
    name: str, x: Tensor, low: float, high: float, margin: float = 0.5
) -> tuple[float, float]:
    """The range given, or that of the elements, with a margin around a single number."""
    if low == high and x.numel():
        low, high = float(x.min().item()), float(x.max().item())
    if not (math.isfinite(low) and math.isfinite(high)):
        raise RuntimeError(f"{name}: range of [{low}, {high}] is not finite")
    if low > high:
        raise RuntimeError(f"{name}: max must be larger than min, got min={low} and max={high}")
    return (low - margin, high + margin) if low == high else (low, high)


def _even_edges(like: Tensor, bins: int, low: float, high: float) -> Tensor:
    from .create import linspace

    return linspace(low, high, bins + 1, dtype=like.dtype, device=like.device)


def _histogram(
    name: str, points: Tensor, bins: Sequence[Any], range: Any, weights: Tensor | None,
    density: bool,
) -> tuple[Tensor, list[Tensor]]:  # fmt: skip
    points = points.detach()
    if weights is not None and len(weights) != len(points):
        raise RuntimeError(
            f"torch.{name}: if weight tensor is provided it should have the same shape as the "
            f"input tensor excluding its innermost dimension, got {len(weights)} weights for "
            f"{len(points)} points"
        )
    if weights is not None and weights.dtype is not points.dtype:
        raise DtypeError(
            f"torch.{name}: if weight tensor is provided, input tensor and weight tensor should "
            f"have the same dtype, but got input(dtype={points.dtype!r}), "
            f"weight(dtype={weights.dtype!r})"
        )
    edges = [_edges(name, points, i, b, range) for i, b in enumerate(bins)]
    counts = _count(points, edges, weights)
    hist = counts.to(points.dtype)
    if density:
        hist = hist / hist.sum()
        for i, e in enumerate(edges):
            hist = hist / (e[1:] - e[:-1]).reshape(-1, *(1,) * (len(edges) - i - 1))
    return hist, edges


def _edges(name: str, points: Tensor, i: int, bins: Any, range: Any) -> Tensor:
    if isinstance(bins, Tensor):
        if bins.ndim != 1 or not bins.numel():
            raise RuntimeError(
                f"torch.{name}: bins tensor should have one dimension and at least one element, "
                f"but got shape {tuple(bins.shape)}"
            )
        if bins.dtype is not points.dtype:
            raise DtypeError(
                f"torch.{name}: input tensor and bins tensors should have the same dtype, but got "
                f"input with dtype {points.dtype!r} and bins with dtype {bins.dtype!r}"
            )
        return bins.detach().clone()
    if bins <= 0:
        raise RuntimeError(f"torch.{name}: bins must be > 0, but got {bins} for dimension {i}")
    if range is not None and len(range) != 2 * points.shape[1]:
        raise RuntimeError(
            f"torch.{name}: for a {points.shape[1]}-dimensional histogram range should have "
            f"{2 * points.shape[1]} elements, but got {len(range)}"
        )
    if range is not None:
        ends = float(range[2 * i]), float(range[2 * i + 1])
        low, high = _outer_range(f"torch.{name}", points[:0], *ends)
    elif not len(points):
        low, high = 0.0, 1.0
    else:
        low, high = _outer_range(f"torch.{name}", points[:, i], 0, 0)
    return _even_edges(points, bins, low, high)


def _count(points: Tensor, edges: list[Tensor], weights: Tensor | None) -> Tensor:
    """Weighted counts in the cells; points on a last edge are inside."""
    owner = backend_of(points._array)
    xp, sizes = owner.xp, [len(e) - 1 for e in edges]
    cell: Any = 0
    inside: Any = True
    for i, edge in enumerate(edges):
        x, e = points._array[:, i], edge._array
        place = xp.searchsorted(e, x, side="right") - 1
        inside = inside & (x >= e[0]) & (x <= e[-1])
        cell = cell * sizes[i] + xp.clip(xp.where(x == e[-1], sizes[i] - 1, place), 0, sizes[i] - 1)
    size = math.prod(sizes)
    share = inside if weights is None else xp.where(inside, weights._array, 0)
    counted = xp.bincount(xp.where(inside, cell, 0), share.astype("f8"), max(size, 1))[
        :size
    ].reshape(sizes)
    made: Tensor = Tensor._from_array(counted)
    return made


__all__ = ["bincount", "corrcoef", "cov", "histc", "histogram", "histogramdd"]

# ------------------------------------------------------------------ examples


@examples("cov")
def _(draw: Any) -> Any:
    x = draw.real(3, 5)
    yield call(x)
    yield call(x, correction=0)
    yield call(x, fweights=draw.integers(5, low=1, high=4))
    yield call(x, aweights=draw.real(5, low=0.5))
    yield call(x, fweights=draw.integers(5, low=1, high=4), aweights=draw.real(5, low=0.5))
    yield call(draw.real(4))
    yield call(draw.integers(2, 4, high=9))


@examples("corrcoef")
def _(draw: Any) -> Any:
    yield call(draw.real(3, 5))
    yield call(draw.integers(2, 4, high=9))


@examples("bincount", grad=False)
def _(draw: Any) -> Any:
    yield call(draw.integers(9, high=5))
    yield call(draw.integers(9, high=5), draw.real(9), 7)
    yield call(draw.integers(9, high=5), weights=draw.integers(9, high=5))
    yield call(draw.integers(0, high=5))


@examples("histc", grad=False)
def _(draw: Any) -> Any:
    yield call(draw.real(20), 5)
    yield call(draw.real(4, 5), bins=4, min=-1, max=1)
    yield call(draw.real())


@examples("histogram", grad=False)
def _(draw: Any) -> Any:
    yield call(draw.real(20), 5)
    yield call(draw.real(4, 5), 4, range=(-1.0, 1.0), density=True)
    yield call(draw.real(6), draw.distinct(4)[:1] + np.array([-2.0, 0.0, 1.5]), weight=draw.real(6))


@examples("histogramdd", grad=False)
def _(draw: Any) -> Any:
    yield call(draw.real(20, 2), [3, 4])
    yield call(draw.real(5, 4, 3), 2, density=True)
    yield call(draw.real(9, 2), [2, 3], range=[-1.0, 1.0, -2.0, 2.0], weight=draw.real(9))
