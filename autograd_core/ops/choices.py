"""Combinations, places, and segments: what picks or groups elements by position."""

from __future__ import annotations

import itertools
import math
from collections.abc import Sequence
from typing import Any

import numpy as np

from .. import inplace
from .._tensor import Tensor, method
from ..dtypes import INTEGER
from ..errors import DtypeError, ShapeError
from ..examples import call, examples
from .dims import sizes, wrap_dim
from .join import stack
from .norms import vector_norm
from .scatter import scatter_reduce
from .select import where

# ------------------------------------------------------------------ combinations and places


def combinations(input: Tensor, r: int = 2, with_replacement: bool = False) -> Tensor:
    """All ways to take `r` elements of a vector: a matrix of one row for each."""
    if input.ndim != 1:
        raise ShapeError(f"Expect a 1D vector, but got shape {list(input.shape)}")
    if r < 0:
        raise RuntimeError(f"Expect a non-negative number, but got {r}")
    if r == 0:
        return input.detach().narrow(0, 0, 0)
    choose = itertools.combinations_with_replacement if with_replacement else itertools.combinations
    rows = np.array(list(choose(range(len(input)), r)), "i8").reshape(-1, r)
    columns = _indices(rows.T, input)
    return stack([input.index_select(0, c) for c in columns], 1)


def _indices(array: Any, like: Tensor) -> Tensor:
    made: Tensor = Tensor._from_array(np.ascontiguousarray(array)).to(like.device)
    return made


def unravel_index(indices: Tensor, shape: Any) -> tuple[Tensor, ...]:
    """Positions in a flattened array of this shape, as one tensor of places for each dimension.

    Raises
    ------
    ValueError
        If a size is negative, or a position is out of range.
    """
    if indices.dtype.category != INTEGER:
        raise TypeError(
            "torch.unravel_index(): expected 'indices' to be an integer tensor, got "
            f"{indices.dtype!r}"
        )
    if not isinstance(shape, int | Sequence):
        raise TypeError(
            f"torch.unravel_index(): expected 'shape' to be int or sequence of ints, got "
            f"{type(shape).__name__}"
        )
    sides = sizes((shape,) if isinstance(shape, int) else (tuple(shape),), "shape")
    if any(n < 0 for n in sides):
        raise ValueError(f"torch.unravel_index(): 'shape' cannot have negative values, got {sides}")
    if indices.numel() and int(indices.max().item()) >= math.prod(sides):
        raise ValueError(
            f"torch.unravel_index(): 'indices' must be less than {math.prod(sides)}, the size of "
            f"an array of shape {sides}"
        )
    found, step, indices = [], 1, indices.long()
    for n in reversed(sides):
        found.append(indices.div(step, rounding_mode="floor") % n)
        step *= n
    return tuple(reversed(found))


@method()
def nonzero_static(input: Tensor, *, size: int, fill_value: int = -1) -> Tensor:
    """The places of what is not zero, as `nonzero`, cut or filled up to `size` rows."""
    if size < 0:
        raise RuntimeError(f"nonzero_static: 'size' must be an non-negative integer, got {size}")
    found = input.nonzero()[:size]
    made = found.new_full((size, input.ndim), fill_value)
    made[: len(found)] = found
    return made


# ------------------------------------------------------------------ along a dimension


@method()
def index_reduce(
    input: Tensor, dim: int, index: Tensor, source: Tensor, reduce: str, *,
    include_self: bool = True,
) -> Tensor:  # fmt: skip
    """A copy into which slices of `source` are combined where `index` says along `dim`.

    Parameters
    ----------
    index : Tensor of integers
        One place for each slice of the source.
    reduce : {"prod", "mean", "amax", "amin"}
    include_self : bool, default True
        Whether what is there takes part.
    """
    if reduce not in ("prod", "mean", "amax", "amin"):
        raise RuntimeError(
            f"index_reduce(): Expected reduce to be one of prod, mean, amax or amin but got "
            f"{reduce}."
        )
    d = wrap_dim(dim, input.ndim)
    if index.ndim > 1:
        raise IndexError(f"index_reduce_(): Index is supposed to be a vector, got {index.ndim}D")
    if source.dtype is not input.dtype:
        raise DtypeError(
            f"index_reduce_(): self and source expected to have the same dtype, but got (self) "
            f"{input.dtype!r} and (source) {source.dtype!r}"
        )
    count = source.shape[d] if source.ndim else 1
    if index.numel() != count:
        raise IndexError(
            "index_reduce_(): Number of indices should be equal to self.size(dim), got "
            f"{index.numel()} for {count}"
        )
    rest, other = list(input.shape), list(source.shape)
    if len(rest) == len(other) and rest[:d] + rest[d + 1 :] != other[:d] + other[d + 1 :]:
        raise ShapeError(
            f"index_reduce_(): source of shape {tuple(source.shape)} does not fit an input of "
            f"shape {tuple(input.shape)} apart from dimension {d}"
        )
    if not input.ndim or not source.ndim:
        source, index = source.reshape(input.shape), index.reshape(input.shape)
    else:
        index = index.reshape((-1,) + (1,) * (source.ndim - d - 1)).expand(source.shape)
    return scatter_reduce(input, d, index.long(), source, reduce, include_self=include_self)


method("index_reduce_")(inplace.twin(index_reduce, "index_reduce_"))


@method()
def renorm(input: Tensor, p: float, dim: int, maxnorm: float) -> Tensor:
    """Each slice along `dim` scaled down, where its p-norm exceeds `maxnorm`, to that norm."""
    if p <= 0:
        raise RuntimeError(f"renorm: non-positive-norm not supported, got p={p}")
    if maxnorm < 0:
        raise RuntimeError(f"renorm: expected maxnorm to be >= 0 but got {maxnorm}")
    if input.ndim < 2:
        raise RuntimeError(
            f"renorm: input needs at least 2 dimensions, got {input.ndim} dimensions"
        )
    d = wrap_dim(dim, input.ndim)
    others = tuple(i for i in range(input.ndim) if i != d)
    length = vector_norm(input, p, others, keepdim=True)
    return input * where(length > maxnorm, maxnorm / (length + 1e-7), 1.0)


method("renorm_")(inplace.twin(renorm, "renorm_"))


@method()
def sum_to_size(self: Tensor, *size: Any) -> Tensor:
    """Summed over the dimensions that broadcasting from this size would add or stretch."""
    shape = sizes(size)
    if not self.ndim and not shape:
        return self.sum()
    lead = self.ndim - len(shape)
    fits = lead >= 0 and all(n in (1, m) for n, m in zip(shape, self.shape[lead:], strict=True))
    if not fits:
        raise RuntimeError(
            f"size {{{list(shape)}}} is not expandable to size {{{list(self.shape)}}}."
        )
    stretched = [d + lead for d, n in enumerate(shape) if n == 1 and self.shape[d + lead] != 1]
    dims = (*range(lead), *stretched)
    summed: Tensor = self.sum(dims, keepdim=True) if dims else self
    return summed.reshape(shape) if lead else summed


def segment_reduce(
    data: Tensor, reduce: str, *, lengths: Tensor | None = None, indices: Tensor | None = None,
    offsets: Tensor | None = None, axis: int = 0, unsafe: bool = False, initial: Any = None,
) -> Tensor:  # fmt: skip
    """Consecutive segments along the dimension `axis`, each reduced to one slice.

    Parameters
    ----------
    reduce : {"max", "mean", "min", "sum", "prod"}
    lengths, offsets : Tensor of integers
        One of them: how long the segments are, or where they begin and the last one ends.
    initial : number, optional
        What takes part in each segment; empty ones are that, or what fits the reduction.
    """
    names = {"max": "amax", "min": "amin", "mean": "mean", "sum": "sum", "prod": "prod"}
    if reduce not in names:
        raise RuntimeError(f"segment_reduce(): unsupported reduction {reduce!r}")
    if (lengths is None) is (offsets is None) or indices is not None:
        raise RuntimeError("segment_reduce(): give either lengths or offsets, and no indices")
    if lengths is None:
        assert offsets is not None
        lengths = offsets.diff()
    d = wrap_dim(axis, data.ndim)
    if lengths.ndim != d + 1:
        raise RuntimeError(
            f"segment_reduce(): lengths of {lengths.ndim} dimensions don't fit axis={axis}"
        )
    if not unsafe and not bool((lengths.sum(-1) == data.shape[d]).all()):
        raise RuntimeError(
            f"segment_reduce(): Expected all rows of lengths along axis to sum to {data.shape[d]}"
        )
    start = {"max": -math.inf, "min": math.inf, "prod": 1, "sum": 0, "mean": math.nan}[reduce]
    segments = lengths.shape[-1]
    shape = (*data.shape[:d], segments, *data.shape[d + 1 :])
    filled = data.new_full(shape, start if initial is None else initial)
    ends = lengths.cumsum(-1).unsqueeze(-2)
    places = data.detach().new_full((data.shape[d],), 1).cumsum(0).long() - 1
    index = (places.unsqueeze(-1) >= ends).sum(-1)
    index = index.reshape(*index.shape, *(1,) * (data.ndim - d - 1)).expand(data.shape)
    given = initial is not None
    if reduce != "mean":
        return scatter_reduce(filled, d, index, data, names[reduce], include_self=given)
    total = scatter_reduce(filled, d, index, data, "sum", include_self=given)
    count = lengths.reshape(*lengths.shape, *(1,) * (data.ndim - d - 1))
    return where(count > 0, total / count.clamp(min=1), filled)


__all__ = [
    "combinations", "index_reduce", "nonzero_static", "renorm", "segment_reduce", "unravel_index",
]  # fmt: skip

# ------------------------------------------------------------------ examples


@examples("combinations")
def _(draw: Any) -> Any:
    yield call(draw.real(4))
    yield call(draw.real(3), r=3, with_replacement=True)
    yield call(draw.real(4), 1)
    yield call(draw.real(2), 3)
    yield call(draw.real(2), 0)


@examples("unravel_index", grad=False)
def _(draw: Any) -> Any:
    yield call(draw.integers(5, high=24), (2, 3, 4))
    yield call(draw.integers(2, 2, high=6), 6)
    yield call(np.asarray(5), (3, 2))


@examples("nonzero_static", grad=False)
def _(draw: Any) -> Any:
    yield call(draw.integers(3, 4, high=2), size=4)
    yield call(draw.integers(3, high=2), size=6, fill_value=7)


@examples("index_reduce", second=False)
def _(draw: Any) -> Any:
    for reduce in ("prod", "mean", "amax", "amin"):
        for include_self in (True, False):
            index = draw.integers(4, high=3)
            yield call(
                draw.distinct(3, 2), 0, index, draw.real(4, 2), reduce, include_self=include_self
            )
    yield call(draw.real(2, 3), 1, np.asarray([2, 0]), draw.real(2, 2), "prod")


@examples("renorm")
def _(draw: Any) -> Any:
    for p in (1, 2, 3.5):
        yield call(draw.real(3, 4), p, 0, 1.5)
    yield call(draw.real(2, 3, 4), 2, -1, 2.0)


@examples("Tensor.sum_to_size")
def _(draw: Any) -> Any:
    yield call(draw.real(2, 3, 4), 3, 1)
    yield call(draw.real(2, 3), (2, 3))
    yield call(draw.real(2, 3), (1,))


@examples("segment_reduce", second=False)
def _(draw: Any) -> Any:
    for reduce in ("max", "mean", "min", "sum", "prod"):
        yield call(draw.distinct(6), reduce, lengths=np.asarray([2, 3, 1]))
        yield call(draw.distinct(5, 2), reduce, lengths=np.asarray([2, 3]), initial=0.25)
    yield call(draw.real(4), "sum", offsets=np.asarray([0, 1, 4]))
