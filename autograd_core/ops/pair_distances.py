"""Distances between all pairs of rows: `cdist` and `pdist`."""

from __future__ import annotations

import math
from typing import Any

from .._tensor import Tensor
from ..declare import op
from ..dtypes import FLOATING
from ..errors import DtypeError, ShapeError
from ..examples import call, examples
from .shape import broadcast_shapes, expand

_MODES = {
    None: None, "use_mm_for_euclid_dist_if_necessary": None, "use_mm_for_euclid_dist": True,
    "donot_use_mm_for_euclid_dist": False,
    0: None, 1: True, 2: False,
}  # fmt: skip
"""PyTorch's names and numbers of `compute_mode`: always, never, or (None) for many rows."""


@op("CdistBackward0", name="cdist")
def cdist_op(xp: Any, x1: Any, x2: Any, *, p: float, by_product: bool) -> Any:
    """See `cdist`."""
    if by_product:
        return xp.sqrt(_squares_by_product(xp, x1, x2))
    gap = xp.abs(xp.expand_dims(x1, -2) - xp.expand_dims(x2, -3))
    if p == 0:
        return xp.sum(gap != 0, axis=-1).astype(x1.dtype)
    if p == math.inf:
        return gap.max(axis=-1) if gap.shape[-1] else xp.zeros(gap.shape[:-1], x1.dtype)
    if p == 1:
        return gap.sum(axis=-1)
    return xp.sqrt((gap * gap).sum(axis=-1)) if p == 2 else (gap**p).sum(axis=-1) ** (1 / p)


def _squares_by_product(xp: Any, x1: Any, x2: Any) -> Any:
    """``|a|² + |b|² - 2 a.b``: one matrix product, and no array of all differences."""
    ends = xp.expand_dims((x1 * x1).sum(axis=-1), -1) + xp.expand_dims((x2 * x2).sum(axis=-1), -2)
    return xp.maximum(ends - 2 * (x1 @ xp.swapaxes(x2, -1, -2)), 0)


@cdist_op.vjp("x1", "x2")
def _(F: Any, g: Any, x1: Any, x2: Any, result: Any, p: float) -> Any:
    rows, columns, width = x1.shape[-2], x2.shape[-2], x1.shape[-1]
    lead = tuple(g.shape[:-2])
    gap = F.reshape(x1, shape=(*lead, rows, 1, width)) - F.reshape(
        x2, shape=(*lead, 1, columns, width)
    )
    far = F.reshape(result, shape=(*lead, rows, columns, 1))
    flow = F.reshape(g, shape=(*lead, rows, columns, 1)) * _slope(F, gap, far, p)
    dim = len(lead)
    to_x1 = F.sum(flow, dim=(dim + 1,), keepdim=False)
    return to_x1, -F.sum(flow, dim=(dim,), keepdim=False)


def _slope(F: Any, gap: Any, far: Any, p: float) -> Any:
    """What a distance gains with each difference; 0 where it has a kink."""
    if p == 0:
        return gap * 0
    if p == 1:
        return F.sgn(gap)
    if p == math.inf:
        return F.where(F.eq(F.abs(gap), far), F.sgn(gap), 0)
    nil = F.eq(far, 0)
    safe = F.where(nil, 1, far)
    if p == 2:
        return F.where(nil, 0, gap / safe)
    level = F.logical_or(F.eq(gap, 0), nil)
    size = F.where(level, 1, F.abs(gap) / safe)
    return F.where(level, 0, F.sgn(gap) * size ** (p - 1))


def cdist(x1: Tensor, x2: Tensor, p: float = 2.0, compute_mode: Any = None) -> Tensor:
    """The p-norms of all differences of rows of `x1` (B x P x M) and `x2` (B x R x M): B x P x R.

    Parameters
    ----------
    p : float, default 2
        0 counts the elements that differ; ``inf`` takes the largest difference.
    compute_mode : str, optional
        Whether Euclidean distances come from a matrix product, as is the default for more
        than 25 rows: faster, but inexact where rows are close to one another.

    Raises
    ------
    ShapeError, DtypeError, RuntimeError
        If the operands are no matrices of floats with rows of one length, or p is negative.
    """
    for name, x in (("X1", x1), ("X2", x2)):
        if x.dtype.category < FLOATING:
            raise DtypeError(
                f"cdist only supports floating-point dtypes, {name} got: {x.dtype!r}; "
                "convert with .float()"
            )
        if x.ndim < 2:
            raise ShapeError(f"cdist only supports at least 2D tensors, {name} got: {x.ndim}D")
    if x1.shape[-1] != x2.shape[-1]:
        raise ShapeError(
            f"X1 and X2 must have the same number of columns. X1: {x1.shape[-1]} X2: {x2.shape[-1]}"
        )
    if p < 0:
        raise RuntimeError(f"cdist only supports non-negative p values, got {p}")
    if compute_mode not in _MODES:
        raise ValueError(f"{compute_mode} is not a valid value for compute_mode")
    lead = broadcast_shapes(tuple(x1.shape[:-2]), tuple(x2.shape[:-2]))
    x1, x2 = (expand(x, (*lead, *x.shape[-2:])) for x in (x1, x2))
    mode = _MODES[compute_mode]
    many = max(x1.shape[-2], x2.shape[-2]) > 25 if mode is None else mode
    return cdist_op.call(x1, x2, p=float(p), by_product=p == 2 and many)


def pdist(input: Tensor, p: float = 2.0) -> Tensor:
    """The p-norms of the differences of all pairs of rows of a matrix, in one vector.

    They are the upper triangle of ``cdist(input, input, p)``, row by row.
    """
    if input.ndim != 2:
        raise ShapeError(f"pdist only supports 2D tensors, got: {input.ndim}D")
    if p < 0:
        raise RuntimeError(f"pdist only supports non-negative p values, got {p}")
    from .create import triu_indices

    n = len(input)
    i, j = triu_indices(n, n, 1, device=input.device)
    return cdist(input, input, p, "donot_use_mm_for_euclid_dist")[i, j]


__all__ = ["cdist", "pdist"]

# ------------------------------------------------------------------ examples


@examples("cdist", second=False)
def _(draw: Any) -> Any:
    for p in (0, 0.5, 1, 1.5, 2, 3, math.inf):
        yield call(draw.real(4, 3), draw.real(5, 3), p)
    yield call(draw.real(2, 1, 4, 3), draw.real(3, 5, 3))
    yield call(draw.real(27, 2), draw.real(3, 2))
    yield call(draw.real(4, 3), draw.real(0, 3))


@examples("nn.functional.pdist", second=False)
def _(draw: Any) -> Any:
    for p in (0, 1, 1.5, 2, 3, math.inf):
        yield call(draw.real(4, 3), p)
    yield call(draw.real(2, 1))
