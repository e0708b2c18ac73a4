"""Sums, means, products and logical reductions over dimensions.

The primitives take `dim` as NumPy does: None for everything, or a tuple of dimensions
counted from 0 (empty: nothing is reduced).  PyTorch's forms are read by `reduced_dims`.
"""

from __future__ import annotations

import functools
import math
from collections.abc import Callable
from typing import Any

from .. import dtypes
from .._tensor import Tensor, method
from ..declare import op
from ..errors import DtypeError
from ..examples import call, examples
from .arithmetic import cast
from .dims import wrap_dim, wrap_dims
from .formulas import restored


def reduced_dims(dim: Any, ndim: int) -> tuple[int, ...] | None:
    """The dimensions that PyTorch's `dim` means: None and () are all of them."""
    if dim is None:
        return None
    if isinstance(dim, int):
        found = wrap_dim(dim, ndim)
        return (found,) if ndim else ()
    dims = wrap_dims(tuple(dim), ndim)
    if not ndim:
        return ()
    return dims or tuple(range(ndim))


def numpy_names(fn: Callable[..., Any]) -> Callable[..., Any]:
    """Let `axis` and `keepdims` stand for `dim` and `keepdim`, as PyTorch does."""

    @functools.wraps(fn)
    def read(*args: Any, **kwargs: Any) -> Any:
        if kwargs:
            rename(kwargs)
        return fn(*args, **kwargs)

    return read


def rename(kwargs: dict[str, Any]) -> None:
    """PyTorch's names in place of NumPy's among keyword arguments."""
    if "axis" in kwargs:
        kwargs["dim"] = kwargs.pop("axis")
    if "keepdims" in kwargs:
        kwargs["keepdim"] = kwargs.pop("keepdims")


def as_asked(result: Tensor, dtype: Any) -> Tensor:
    """The result in the integer or bool dtype that was asked for (NumPy adds in int64)."""
    return result if dtype is None else cast(result, dtypes.as_dtype(dtype))


def summable(input: Tensor, dtype: Any) -> Tensor:
    """The input in the dtype in which it is added up: integers as int64."""
    if dtype is not None:
        asked = cast(input, dtypes.as_dtype(dtype))
        unsigned = asked._array.dtype.kind == "u"  # which NumPy would add up as uint64
        return cast(asked, dtypes.int64) if unsigned else asked
    if input._array.dtype.kind in "biu":
        return cast(input, dtypes.int64)
    return input


# ------------------------------------------------------------------ sum and mean


@op("SumBackward0", types="free", linear=True, ufunc="sum_all")
def sum_all(xp: Any, input: Any) -> Any:
    """Sum of all elements (integers as int64)."""
    return xp.add.reduce(input, axis=None, dtype=xp.int64 if input.dtype.kind in "biu" else None)


@sum_all.vjp
def _(F: Any, g: Any, input_shape: Any) -> Any:
    return F.expand(g, shape=input_shape)


@op("SumBackward1", name="sum", types="free", linear=True)
def sum_op(xp: Any, input: Any, *, dim: Any, keepdim: bool) -> Any:
    """Sum over the dimensions in `dim`."""
    return xp.add.reduce(input, axis=dim, keepdims=keepdim)


@sum_op.vjp
def _(F: Any, g: Any, input_shape: Any, dim: Any, keepdim: bool) -> Any:
    return F.expand(restored(F, g, input_shape, dim, keepdim), shape=input_shape)


def _check_mean(input: Tensor) -> None:
    _averageable("mean", input, None)


@op("MeanBackward0", linear=True, check=_check_mean)
def mean_all(xp: Any, input: Any) -> Any:
    """Mean of all elements."""
    return xp.add.reduce(input, axis=None) / input.size


@mean_all.vjp
def _(F: Any, g: Any, input_shape: Any) -> Any:
    return F.expand(g / math.prod(input_shape), shape=input_shape)


@op("MeanBackward1", name="mean", linear=True, check=_check_mean)
def mean_op(xp: Any, input: Any, *, dim: Any, keepdim: bool) -> Any:
    """Mean over the dimensions in `dim`."""
    return xp.add.reduce(input, axis=dim, keepdims=keepdim) / reduced_count(input.shape, dim)


@mean_op.vjp
def _(F: Any, g: Any, input_shape: Any, dim: Any, keepdim: bool) -> Any:
    g = restored(F, g, input_shape, dim, keepdim) / reduced_count(input_shape, dim)
    return F.expand(g, shape=input_shape)


def reduced_count(shape: Any, dim: tuple[int, ...] | None) -> int:
    """How many elements go into each result."""
    return math.prod(shape if dim is None else (shape[d] for d in dim))


_sum_all, _sum, _mean_all, _mean = sum_all.call, sum_op.call, mean_all.call, mean_op.call


@method()
def sum(
    input: Tensor, dim: Any = None, keepdim: bool = False, *, dtype: Any = None,
    axis: Any = None, keepdims: bool = False,
) -> Tensor:  # fmt: skip
    """Sum of all elements, or over the dimensions in `dim`.

    Parameters
    ----------
    dim : int or tuple of int, optional
        Default: all dimensions.
    keepdim : bool, default False
        Keep reduced dimensions with size 1.
    dtype : dtype, optional
        Convert to it first.  Integers and booleans are added as int64.
    axis, keepdims
        NumPy's names for `dim` and `keepdim`.
    """
    if dim is None and axis is None and dtype is None and not keepdim and not keepdims:
        return _sum_all(input)
    input = summable(input, dtype)
    dims = reduced_dims(dim if axis is None else axis, input._array.ndim)
    return as_asked(_sum(input, dim=dims, keepdim=keepdim or keepdims), dtype)


@method()
def mean(
    input: Tensor, dim: Any = None, keepdim: bool = False, *, dtype: Any = None,
    axis: Any = None, keepdims: bool = False,
) -> Tensor:  # fmt: skip
    """Mean of all elements, or over the dimensions in `dim`; NaN of nothing.

    Parameters are those of `sum`.

    Raises
    ------
    RuntimeError
        For an integer or bool tensor, unless a floating `dtype` is given.
    """
    if dim is None and axis is None and dtype is None and not keepdim and not keepdims:
        return _mean_all(input)
    if dtype is not None:
        input = _averageable("mean", input, dtype)
    dims = reduced_dims(dim if axis is None else axis, input._array.ndim)
    return _mean(input, dim=dims, keepdim=keepdim or keepdims)


def _averageable(name: str, input: Tensor, dtype: Any) -> Tensor:
    wanted = input.dtype if dtype is None else dtypes.as_dtype(dtype)
    if wanted.category < dtypes.FLOATING:
        raise DtypeError(
            f"{name}(): could not infer output dtype. Input dtype must be either a floating point "
            f"or complex dtype. Got: {wanted!r}; convert with .float(), or give dtype="
        )
    return cast(input, wanted)


# ------------------------------------------------------------------ without NaN


@op("NansumBackward0", name="nansum", types="free")
def nansum_op(xp: Any, input: Any, *, dim: Any, keepdim: bool) -> Any:
    """Sum of what is not NaN."""
    kept = xp.where(xp.isnan(input), 0, input) if input.dtype.kind == "f" else input
    return xp.add.reduce(kept, axis=dim, keepdims=keepdim)


@nansum_op.vjp
def _(F: Any, g: Any, input: Any, dim: Any, keepdim: bool) -> Any:
    return F.where(F.isnan(input), 0, restored(F, g, input.shape, dim, keepdim))


@method()
@numpy_names
def nansum(input: Tensor, dim: Any = None, keepdim: bool = False, *, dtype: Any = None) -> Tensor:
    """Sum with NaN counted as zero."""
    input = summable(input, dtype)
    dims = reduced_dims(dim, input._array.ndim)
    return as_asked(nansum_op.call(input, dim=dims, keepdim=keepdim), dtype)


@method()
@numpy_names
def nanmean(input: Tensor, dim: Any = None, keepdim: bool = False, *, dtype: Any = None) -> Tensor:
    """Mean of what is not NaN."""
    input = _averageable("nanmean", input, dtype)
    count = sum(input.isnan().logical_not(), dim, keepdim)
    return nansum(input, dim, keepdim) / count


# ------------------------------------------------------------------ products


@op("ProdBackward0", types="free")
def prod_all(xp: Any, input: Any) -> Any:
    """Product of all elements."""
    return xp.multiply.reduce(input, axis=None)


@prod_all.vjp
def _(F: Any, g: Any, input: Any, input_shape: Any) -> Any:
    flat = F.reshape(input, shape=(math.prod(input_shape),))
    return g * F.reshape(_others(F, flat, 0), shape=input_shape)


@op("ProdBackward1", name="prod", types="free")
def prod_op(xp: Any, input: Any, *, dim: int, keepdim: bool) -> Any:
    """Product over one dimension."""
    return xp.multiply.reduce(input, axis=dim, keepdims=keepdim)


@prod_op.vjp
def _(F: Any, g: Any, input: Any, dim: int, keepdim: bool) -> Any:
    return restored(F, g, input.shape, (dim,), keepdim) * _others(F, input, dim)


def _others(F: Any, x: Any, dim: int) -> Any:
    """The product of all other elements: those before times those after, so zeros are fine."""
    before = F.shifted(F.cumprod(x, dim=dim, reverse=False), dim=dim, by=1, fill=1)
    after = F.shifted(F.cumprod(x, dim=dim, reverse=True), dim=dim, by=-1, fill=1)
    return before * after


@method()
@numpy_names
def prod(
    input: Tensor, dim: int | None = None, keepdim: bool = False, *, dtype: Any = None
) -> Tensor:
    """Product of all elements, or over dimension `dim`; integers multiply as int64."""
    input = summable(input, dtype)
    if dim is not None:
        dim = wrap_dim(dim, input._array.ndim)
    if dim is None or not input._array.ndim:
        return as_asked(prod_all.call(input), dtype)
    return as_asked(prod_op.call(input, dim=dim, keepdim=keepdim), dtype)


# ------------------------------------------------------------------ logsumexp


@op("LogsumexpBackward0", name="logsumexp", types="float")
def logsumexp_op(xp: Any, input: Any, *, dim: Any, keepdim: bool) -> Any:
    """Logarithm of the sum of exp, without overflow."""
    if not reduced_count(input.shape, dim):
        return xp.log(xp.add.reduce(input, axis=dim, keepdims=keepdim))
    top = xp.max(input.real if input.dtype.kind == "c" else input, axis=dim, keepdims=True)
    top = xp.where(xp.isfinite(top), top, 0)
    total = xp.log(xp.add.reduce(xp.exp(input - top), axis=dim, keepdims=True)) + top
    return total if keepdim else xp.squeeze(total, axis=dim)


@logsumexp_op.vjp
def _(F: Any, g: Any, input: Any, result: Any, dim: Any, keepdim: bool) -> Any:
    g = restored(F, g, input.shape, dim, keepdim)
    return g * F.exp(input - restored(F, result, input.shape, dim, keepdim))


@method()
@numpy_names
def logsumexp(input: Tensor, dim: Any, keepdim: bool = False) -> Tensor:
    """``log(sum(exp(input)))`` over the dimensions in `dim`, computed without overflow."""
    return logsumexp_op.call(input, dim=reduced_dims(dim, input._array.ndim), keepdim=keepdim)


# ------------------------------------------------------------------ truth


@op(None, name="all", types="free")
def all_op(xp: Any, input: Any, *, dim: Any, keepdim: bool) -> Any:
    """Whether all elements are true."""
    found = xp.all(input, axis=dim, keepdims=keepdim)
    return found if input.dtype.kind != "u" else xp.asarray(found, dtype=input.dtype)


@op(None, name="any", types="free")
def any_op(xp: Any, input: Any, *, dim: Any, keepdim: bool) -> Any:
    """Whether one element is true."""
    found = xp.any(input, axis=dim, keepdims=keepdim)
    return found if input.dtype.kind != "u" else xp.asarray(found, dtype=input.dtype)


@op(None, name="count_nonzero", types="free")
def count_nonzero_op(xp: Any, input: Any, *, dim: Any) -> Any:
    """How many elements are not zero."""
    return xp.add.reduce(input != 0, axis=dim, dtype=xp.int64)


def _tested_dims(dim: Any, input: Tensor) -> tuple[int, ...] | None:
    """As `reduced_dims`, but here () does mean no dimension."""
    return () if isinstance(dim, tuple | list) and not dim else reduced_dims(dim, input._array.ndim)


@method()
@numpy_names
def all(input: Tensor, dim: Any = None, keepdim: bool = False) -> Tensor:
    """Whether all elements are true (over `dim`, if given); true of nothing."""
    return all_op.call(input, dim=_tested_dims(dim, input), keepdim=keepdim)


@method()
@numpy_names
def any(input: Tensor, dim: Any = None, keepdim: bool = False) -> Tensor:
    """Whether one element is true (over `dim`, if given)."""
    return any_op.call(input, dim=_tested_dims(dim, input), keepdim=keepdim)


@method()
@numpy_names
def count_nonzero(input: Tensor, dim: Any = None) -> Tensor:
    """How many elements are not zero (over `dim`, if given)."""
    return count_nonzero_op.call(input, dim=reduced_dims(dim, input._array.ndim))


__all__ = [
    "sum", "mean", "nansum", "nanmean", "prod", "logsumexp", "all", "any", "count_nonzero",
]  # fmt: skip

# ------------------------------------------------------------------ examples


@examples("sum")
@examples("nansum")
def _(draw: Any) -> Any:
    x = draw.real(2, 3, 4)
    yield call(x)
    for dim in (0, -1, (0, 2), (-1, 0), (), None):
        yield call(x, dim)
        yield call(x, dim, True)
    yield call(draw.real(0, 3), 0)
    yield call(draw.real(0, 3), 1)
    yield call(draw.real(0))
    yield call(draw.real())
    yield call(draw.real(), -1, True)
    yield call(draw.integers(2, 3, high=5), 1)
    yield call(draw.booleans(4))


@examples("mean")
@examples("nanmean")
def _(draw: Any) -> Any:
    x = draw.real(2, 3, 4)
    yield call(x)
    for dim in (0, -1, (0, 2), None):
        yield call(x, dim)
        yield call(x, dim, True)
    yield call(draw.real(0, 3), 1)
    yield call(draw.real())
    yield call(draw.real(), 0)


@examples("prod")
def _(draw: Any) -> Any:
    zeros = draw.real(3, 4)
    zeros[0, 1] = zeros[1, 2] = zeros[1, 3] = 0.0
    for x in (draw.real(3, 4), zeros, zeros[1], zeros[0]):
        yield call(x)
        yield call(x, 0)
        yield call(x, -1, keepdim=True)
    yield call(draw.real(0, 3), 0)
    yield call(draw.real(0))
    yield call(draw.real())
    yield call(draw.real(), -1)
    yield call(draw.integers(2, 3, high=5), 1)


@examples("logsumexp")
def _(draw: Any) -> Any:
    x = draw.real(2, 3, 4)
    for dim in (0, -1, (0, 2), (0, 1, 2)):
        yield call(x, dim)
        yield call(x, dim, keepdim=True)
    yield call(x + 800.0, 1)
    yield call(draw.real(), 0)
    yield call(draw.real(0, 3), 1)


@examples("all", grad=False)
@examples("any", grad=False)
def _(draw: Any) -> Any:
    for x in (draw.booleans(2, 3), draw.integers(2, 3, high=2), draw.real(2, 3)):
        yield call(x)
        yield call(x, 0)
        yield call(x, dim=-1, keepdim=True)
        yield call(x, dim=(0, 1))
    yield call(draw.booleans(0, 3), 0)
    yield call(draw.booleans(0))
    yield call(draw.booleans(), 0)


@examples("count_nonzero", grad=False)
def _(draw: Any) -> Any:
    x = draw.integers(3, 4, high=2)
    yield call(x)
    yield call(x, 0)
    yield call(x, dim=(0, -1))
    yield call(draw.real(0, 3), 0)
    yield call(draw.booleans())
