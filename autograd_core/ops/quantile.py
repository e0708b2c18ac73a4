"""Quantiles, and the most frequent element."""

from __future__ import annotations

from typing import Any

from .._tensor import Tensor, method
from ..backends import truth
from ..declare import op
from ..dtypes import float32, float64
from ..errors import DtypeError
from ..examples import call, examples
from .dims import wrap_dim
from .extrema import picked, selected, selection_gradient
from .reduce import numpy_names

# ------------------------------------------------------------------ quantiles

_ROUNDINGS = ("linear", "lower", "higher", "midpoint", "nearest")


def _fractions(name: str, input: Tensor, q: Any) -> Tensor:
    """`q` as a tensor of the input's dtype, if it holds fractions."""
    if isinstance(q, Tensor):
        if q.ndim > 1:
            raise RuntimeError(
                f"{name}() q must be a scalar or 1D tensor, got one of {q.ndim} dimensions"
            )
        if q.dtype is not input.dtype:
            raise DtypeError(
                f"{name}() q tensor must be same dtype as the input tensor, got {q.dtype!r} and "
                f"{input.dtype!r}"
            )
        if q.device != input.device:
            raise RuntimeError(
                f"{name}() q tensor must be on the same device as the input tensor, got "
                f"{q.device} and {input.device}"
            )
        if not truth(((q._array >= 0) & (q._array <= 1)).all()):
            raise RuntimeError(f"{name}() q values must be in the range [0, 1]")
        return q
    if not 0 <= q <= 1:
        raise RuntimeError(f"{name}() q must be in the range [0, 1] but got {q}")
    return input.detach().new_full((), q)


def _ranks(ordered: Tensor, q: Tensor, ignore_nan: bool) -> Tensor:
    """Fractional positions in the ordered last dimension; that of a NaN where there is one."""
    missing = ordered.detach().isnan()
    if ignore_nan:
        return (q * (missing.logical_not().sum(-1, keepdim=True) - 1)).clamp_min(0)
    last = ordered.shape[-1] - 1
    wide = (q * last).expand((*ordered.shape[:-1], q.numel()))
    found: Tensor = wide.masked_fill(missing.any(-1, keepdim=True), last)
    return found


def _at_ranks(ordered: Tensor, ranks: Tensor, interpolation: str) -> Tensor:
    """The elements at fractional ranks of the last dimension."""
    if interpolation in ("lower", "higher", "nearest"):
        rounding = {"lower": "floor", "higher": "ceil", "nearest": "round"}[interpolation]
        found: Tensor = ordered.gather(-1, getattr(ranks, rounding)().long())
        return found
    low = ranks.detach().floor()
    weight: Any = 0.5 if interpolation == "midpoint" else ranks - low
    below = ordered.gather(-1, low.long())
    between: Tensor = below.lerp(ordered.gather(-1, ranks.detach().ceil().long()), weight)
    return between


def _quantile(
    name: str, input: Tensor, q: Any, dim: int | None, keepdim: bool, interpolation: str
) -> Tensor:
    if not input.numel():
        raise RuntimeError(f"{name}() input tensor must be non-empty")
    if input.dtype not in (float32, float64):
        raise DtypeError(
            f"{name}() input tensor must be either float or double dtype, got {input.dtype!r}; "
            "convert with .float()"
        )
    if interpolation not in _ROUNDINGS:
        raise RuntimeError(
            f"{name}() interpolation must be one of linear, lower, higher, midpoint or nearest, "
            f"but got {interpolation}"
        )
    fractions = _fractions(name, input, q)
    if dim is None:
        whole, rows = (1,) * input.ndim, input.reshape(-1)
    else:
        d = wrap_dim(dim, input.ndim)
        whole = tuple(1 if i == d else n for i, n in enumerate(input.shape))
        rows = input.movedim(d, -1) if input.ndim else input.reshape(1)
    ordered = rows.sort(-1).values
    ranks = _ranks(ordered, fractions.reshape(-1), name == "nanquantile")
    found = _at_ranks(ordered, ranks, interpolation)
    if keepdim:
        found = found.movedim(-1, 0).reshape(-1, *whole)
    else:
        found = found.movedim(-1, 0)
    return found if fractions.ndim else found.squeeze(0)


@method()
@numpy_names
def quantile(
    input: Tensor, q: Any, dim: int | None = None, keepdim: bool = False,
    *, interpolation: str = "linear",
) -> Tensor:  # fmt: skip
    """The value below which a fraction `q` of the elements lies; NaN where there is a NaN.

    Parameters
    ----------
    q : float or Tensor
        Within [0, 1]; for a vector of k fractions the result has a first dimension of k.
    dim : int, optional
        Default: over all elements.
    interpolation : {"linear", "lower", "higher", "midpoint", "nearest"}
        What to give between two elements.

    Raises
    ------
    RuntimeError, DtypeError
        If the input is empty or not float32 or float64, or `q` is not what it must be.
    """
    return _quantile("quantile", input, q, dim, keepdim, interpolation)


@method()
@numpy_names
def nanquantile(
    input: Tensor, q: Any, dim: int | None = None, keepdim: bool = False,
    *, interpolation: str = "linear",
) -> Tensor:  # fmt: skip
    """Like `quantile`, of the elements that are not NaN."""
    return _quantile("nanquantile", input, q, dim, keepdim, interpolation)


# ------------------------------------------------------------------ mode


@op("ModeBackward0", types="free", aux=("indices",), outputs=("values",))
def mode_dim(xp: Any, input: Any, *, dim: int, keepdim: bool) -> Any:
    """The most frequent element along a dimension, and the last place where it is.

    In sorted order equal elements make runs; the first of the longest runs ends where the
    length counted so far is largest.
    """
    order = xp.moveaxis(xp.argsort(input, axis=dim, kind="stable"), dim, -1)
    ranked = xp.take_along_axis(xp.moveaxis(input, dim, -1), order, -1)
    place = xp.arange(ranked.shape[-1])
    starts = xp.concatenate(
        [xp.ones((*ranked.shape[:-1], 1), bool), ranked[..., 1:] != ranked[..., :-1]], axis=-1
    )
    begun = xp.accumulate("maximum", xp.where(starts, place, 0), ranked.ndim - 1)
    longest = xp.expand_dims(xp.argmax(place - begun, axis=-1), -1)
    indices = xp.moveaxis(xp.take_along_axis(order, longest, -1), -1, dim)
    return picked(xp, input, indices, dim, keepdim)


mode_dim.vjp(selection_gradient)


@method()
@numpy_names
def mode(input: Tensor, dim: int = -1, keepdim: bool = False) -> Any:
    """The most frequent element along `dim`, the smallest of several: (values, indices)."""
    return selected("mode", mode_dim, input, dim, keepdim)


__all__ = ["mode", "nanquantile", "quantile"]

# ------------------------------------------------------------------ examples


@examples("quantile")
@examples("nanquantile")
def _(draw: Any) -> Any:
    x = draw.distinct(3, 5)
    yield call(x, 0.4)
    yield call(x, 0.5, 0)
    yield call(x, 0.25, -1, True)
    yield call(x, 0.3, keepdim=True)
    for interpolation in _ROUNDINGS:
        yield call(x, 0.3, 1, interpolation=interpolation)
    yield call(draw.real(), 0.5)
    yield call(draw.real(), 0.5, 0, keepdim=True)
    yield call(draw.distinct(2, 3, 4), 1.0, 1)


@examples("mode")
def _(draw: Any) -> Any:
    x = draw.distinct(3, 4)
    yield call(x)
    yield call(x, 0)
    yield call(x, -1, keepdim=True)
    yield call(draw.integers(4, 9, high=4), 1)
    yield call(draw.real())
    yield call(draw.integers(6, high=3))
