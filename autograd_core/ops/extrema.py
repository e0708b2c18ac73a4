"""Largest, smallest and middle elements.

Two conventions, as in PyTorch: what reduces to one number (``x.max()``, ``amax``) shares
the gradient evenly among equal elements; what also tells the index (``x.max(dim=0)``)
sends it to that one place.
"""

from __future__ import annotations

from typing import Any

from .. import return_types
from .._tensor import Tensor, method
from ..declare import op
from ..errors import DtypeError
from ..examples import call, examples
from .dims import wrap_dim
from .formulas import kept_shape, restored
from .pairwise import maximum, minimum
from .reduce import numpy_names, reduced_dims


def _refuse_empty(name: str, input: Tensor, dim: Any, error: Any = IndexError) -> None:
    """There is no largest of nothing."""
    shape = input._array.shape
    if dim is None:
        if not input._array.size:
            raise error(
                f"{name}(): Expected reduction dim to be specified for input.numel() == 0. "
                "Specify the reduction dim with the 'dim' argument."
            )
        return
    for d in dim:
        if not shape[d]:
            raise IndexError(
                f"{name}(): Expected reduction dim {d} to have non-zero size. "
                f"(the input's shape is {tuple(shape)})"
            )


def _shared(F: Any, g: Any, mask: Any, dim: Any, kind: Any) -> Any:
    """The gradient divided evenly among the places in the mask."""
    count = F.sum(F.to_dtype(mask, dtype=kind), dim=dim, keepdim=True)
    return F.where(mask, g, 0) / count


# ------------------------------------------------------------------ of everything


@op("MaxBackward1", name="max")
def max_all(xp: Any, input: Any) -> Any:
    """The largest element."""
    return xp.max(input)


@op("MinBackward1", name="min")
def min_all(xp: Any, input: Any) -> Any:
    """The smallest element."""
    return xp.min(input)


@op("MedianBackward0")
def median_all(xp: Any, input: Any) -> Any:
    """The lower of the two middle elements; NaN if there is one."""
    if not input.size:
        return xp.asarray(xp.nan, dtype=input.dtype)
    return xp.sort(input, axis=None)[_middle(xp, input.reshape(-1))]


@op("NanmedianBackward0")
def nanmedian_all(xp: Any, input: Any) -> Any:
    """The lower of the two middle elements among those that are not NaN."""
    if not input.size:
        return xp.asarray(xp.nan, dtype=input.dtype)
    return xp.sort(input, axis=None)[_nan_middle(xp, input.reshape(-1))]


def _middle(xp: Any, x: Any) -> Any:
    """The rank of the median along the last dimension (NaN sorts last)."""
    nans = xp.add.reduce(x != x, axis=-1, dtype=xp.int64)
    size = x.shape[-1]
    return xp.where(nans > 0, size - nans, (size - 1) // 2)


def _nan_middle(xp: Any, x: Any) -> Any:
    nans = xp.add.reduce(x != x, axis=-1, dtype=xp.int64)
    return xp.maximum((x.shape[-1] - nans - 1) // 2, 0)


for _whole in (max_all, min_all, median_all, nanmedian_all):

    @_whole.vjp
    def _(F: Any, g: Any, input: Any, result: Any, input_dtype: Any) -> Any:
        both_nan = F.logical_and(F.isnan(input), F.isnan(result))
        mask = F.logical_or(F.eq(input, result), both_nan)
        return _shared(F, g, mask, tuple(range(len(input.shape))), input_dtype)


# ------------------------------------------------------------------ over dimensions, shared


@op("AmaxBackward0", name="amax")
def amax_op(xp: Any, input: Any, *, dim: Any, keepdim: bool) -> Any:
    """Maximum over the dimensions in `dim`."""
    return xp.max(input, axis=dim, keepdims=keepdim)


@op("AminBackward0", name="amin")
def amin_op(xp: Any, input: Any, *, dim: Any, keepdim: bool) -> Any:
    """Minimum over the dimensions in `dim`."""
    return xp.min(input, axis=dim, keepdims=keepdim)


for _reduction in (amax_op, amin_op):

    @_reduction.vjp
    def _(
        F: Any, g: Any, input: Any, result: Any, input_dtype: Any, dim: Any, keepdim: bool
    ) -> Any:
        mask = F.eq(input, restored(F, result, input.shape, dim, keepdim))
        return _shared(F, restored(F, g, input.shape, dim, keepdim), mask, dim, input_dtype)


@op("AminmaxBackward0", name="aminmax", outputs=("min", "max"))
def aminmax_op(xp: Any, input: Any, *, dim: Any, keepdim: bool) -> Any:
    """Minimum and maximum."""
    return xp.min(input, axis=dim, keepdims=keepdim), xp.max(input, axis=dim, keepdims=keepdim)


@aminmax_op.vjp
def _(
    F: Any, g: Any, input: Any, min: Any, max: Any, input_dtype: Any, dim: Any, keepdim: bool
) -> Any:
    total = 0
    for part, result in zip(g, (min, max), strict=True):
        mask = F.eq(input, restored(F, result, input.shape, dim, keepdim))
        part = restored(F, part, input.shape, dim, keepdim)
        total = total + _shared(F, part, mask, dim, input_dtype)
    return total


def _named_dims(name: str, input: Tensor, dim: Any) -> Any:
    dims = reduced_dims(dim, input._array.ndim)
    _refuse_empty(name, input, None if dim == () else dims, RuntimeError)
    return dims


@method()
@numpy_names
def amax(input: Tensor, dim: Any = (), keepdim: bool = False) -> Tensor:
    """Maximum over the dimensions in `dim` (all by default); equals share the gradient."""
    return amax_op.call(input, dim=_named_dims("amax", input, dim), keepdim=keepdim)


@method()
@numpy_names
def amin(input: Tensor, dim: Any = (), keepdim: bool = False) -> Tensor:
    """Minimum over the dimensions in `dim` (all by default); equals share the gradient."""
    return amin_op.call(input, dim=_named_dims("amin", input, dim), keepdim=keepdim)


@method()
@numpy_names
def aminmax(input: Tensor, *, dim: int | None = None, keepdim: bool = False) -> Any:
    """Minimum and maximum: a named tuple (min, max)."""
    dims = _named_dims("aminmax", input, () if dim is None else dim)
    return return_types.aminmax(*aminmax_op.call(input, dim=dims, keepdim=keepdim))


# ------------------------------------------------------------------ over a dimension, with indices


@op(None, name="argmax", types="free")
def argmax_op(xp: Any, input: Any, *, dim: int, keepdim: bool) -> Any:
    """Where the maximum is, the first of equals."""
    return _kept(xp, xp.argmax(input, axis=dim), dim, keepdim)


@op(None, name="argmin", types="free")
def argmin_op(xp: Any, input: Any, *, dim: int, keepdim: bool) -> Any:
    """Where the minimum is, the first of equals."""
    return _kept(xp, xp.argmin(input, axis=dim), dim, keepdim)


def _kept(xp: Any, x: Any, dim: int, keepdim: bool) -> Any:
    return xp.expand_dims(x, dim) if keepdim else x


def picked(xp: Any, input: Any, indices: Any, dim: int, keepdim: bool) -> tuple[Any, Any]:
    """The elements at the indices (which keep the dimension), and the indices."""
    values = xp.take_along_axis(input, indices, dim)
    if keepdim:
        return values, indices
    return xp.squeeze(values, axis=dim), xp.squeeze(indices, axis=dim)


@op("MaxBackward0", types="free", aux=("indices",), outputs=("values",))
def max_dim(xp: Any, input: Any, *, dim: int, keepdim: bool) -> Any:
    """Maximum and its place."""
    return picked(xp, input, _kept(xp, xp.argmax(input, axis=dim), dim, True), dim, keepdim)


@op("MinBackward0", types="free", aux=("indices",), outputs=("values",))
def min_dim(xp: Any, input: Any, *, dim: int, keepdim: bool) -> Any:
    """Minimum and its place."""
    return picked(xp, input, _kept(xp, xp.argmin(input, axis=dim), dim, True), dim, keepdim)


@op("MedianBackward1", types="free", aux=("indices",), outputs=("values",))
def median_dim(xp: Any, input: Any, *, dim: int, keepdim: bool) -> Any:
    """Median and its place."""
    return _at_rank(xp, input, _middle(xp, xp.moveaxis(input, dim, -1)), dim, keepdim)


@op("NanmedianBackward1", types="free", aux=("indices",), outputs=("values",))
def nanmedian_dim(xp: Any, input: Any, *, dim: int, keepdim: bool) -> Any:
    """Median of what is not NaN, and its place."""
    return _at_rank(xp, input, _nan_middle(xp, xp.moveaxis(input, dim, -1)), dim, keepdim)


def _at_rank(xp: Any, input: Any, rank: Any, dim: int, keepdim: bool) -> tuple[Any, Any]:
    order = xp.argsort(input, axis=dim, kind="stable")
    indices = xp.take_along_axis(order, xp.expand_dims(rank, dim), dim)
    return picked(xp, input, indices, dim, keepdim)


def selection_gradient(
    F: Any, g: Any, indices: Any, input_shape: Any, dim: int, keepdim: bool
) -> Any:
    """The gradient goes to the elements that were picked."""
    if not keepdim:
        shape = kept_shape(input_shape, (dim,))
        g, indices = F.reshape(g, shape=shape), F.reshape(indices, shape=shape)
    return F.placed_along(g, indices, dim=dim, size=input_shape[dim])


for _selection in (max_dim, min_dim, median_dim, nanmedian_dim):
    _selection.vjp(selection_gradient)


def selected(name: str, primitive: Any, input: Tensor, dim: int, keepdim: bool) -> Any:
    """What a primitive picks along a dimension: a named tuple (values, indices)."""
    dim = wrap_dim(dim, input._array.ndim)
    found = getattr(return_types, name)
    if not input._array.ndim:
        parts = primitive.call(input.reshape(1), dim=0, keepdim=False)
        return found(*parts)
    _refuse_empty(name, input, (dim,))
    return found(*primitive.call(input, dim=dim, keepdim=keepdim))


@method()
@numpy_names
def max(input: Tensor, dim: Any = None, keepdim: bool = False, *, other: Any = None) -> Any:
    """The largest element, the maximum over `dim`, or the larger of two tensors' elements.

    Parameters
    ----------
    dim : int or Tensor, optional
        With an int: a named tuple (values, indices); the gradient goes to the element at
        the index.  With a tensor: `maximum`.  Without: one number, and equal elements share
        the gradient.
    """
    if isinstance(dim, Tensor) or other is not None:
        return maximum(input, dim if other is None else other)
    if dim is None:
        _refuse_empty("max", input, None, RuntimeError)
        return max_all.call(input)
    return selected("max", max_dim, input, dim, keepdim)


@method()
@numpy_names
def min(input: Tensor, dim: Any = None, keepdim: bool = False, *, other: Any = None) -> Any:
    """The smallest element, the minimum over `dim`, or the smaller of two; see `max`."""
    if isinstance(dim, Tensor) or other is not None:
        return minimum(input, dim if other is None else other)
    if dim is None:
        _refuse_empty("min", input, None, RuntimeError)
        return min_all.call(input)
    return selected("min", min_dim, input, dim, keepdim)


@method()
@numpy_names
def median(input: Tensor, dim: int | None = None, keepdim: bool = False) -> Any:
    """The median (the lower of two), or a named tuple (values, indices) of those over `dim`."""
    if dim is None:
        return median_all.call(input)
    return selected("median", median_dim, input, dim, keepdim)


@method()
@numpy_names
def nanmedian(input: Tensor, dim: int | None = None, keepdim: bool = False) -> Any:
    """Like `median`, of the elements that are not NaN."""
    if dim is None:
        return nanmedian_all.call(input)
    return selected("nanmedian", nanmedian_dim, input, dim, keepdim)


def _place(name: str, primitive: Any, input: Tensor, dim: int | None, keepdim: bool) -> Tensor:
    ndim = input._array.ndim
    if input._array.dtype.kind == "b":
        raise DtypeError(f"{name}(): does not support bool input; convert with .int() first")
    if dim is None:
        _refuse_empty(name, input, None)
        found = primitive.call(input.reshape(-1), dim=0, keepdim=False)
        return found.reshape((1,) * ndim) if keepdim else found
    dim = wrap_dim(dim, ndim)
    if not ndim:
        return primitive.call(input.reshape(1), dim=0, keepdim=False)
    _refuse_empty(name, input, (dim,))
    return primitive.call(input, dim=dim, keepdim=keepdim)


@method()
@numpy_names
def argmax(input: Tensor, dim: int | None = None, keepdim: bool = False) -> Tensor:
    """Index of the maximum: in the flattened tensor, or along `dim`; the first of equals."""
    return _place("argmax", argmax_op, input, dim, keepdim)


@method()
@numpy_names
def argmin(input: Tensor, dim: int | None = None, keepdim: bool = False) -> Tensor:
    """Index of the minimum: in the flattened tensor, or along `dim`; the first of equals."""
    return _place("argmin", argmin_op, input, dim, keepdim)


__all__ = [
    "max", "min", "median", "nanmedian", "amax", "amin", "aminmax", "argmax", "argmin",
]  # fmt: skip

# ------------------------------------------------------------------ examples


def _ties(draw: Any) -> Any:
    """Floats, many of them equal."""
    return draw.integers(3, 4, high=3).astype(float)


@examples("max")
@examples("min")
def _(draw: Any) -> Any:
    x = draw.distinct(3, 4)
    yield call(x)
    yield call(x, 0)
    yield call(x, -1, True)
    yield call(draw.distinct(2, 3, 4), 1)
    yield call(x, draw.real(3, 1))
    yield call(draw.real())
    yield call(draw.real(), 0)
    yield call(draw.real(0, 3), 1)
    yield call(draw.integers(3, 4, high=9))
    yield call(draw.integers(3, 4, high=9), 1)


@examples("median")
@examples("nanmedian")
def _(draw: Any) -> Any:
    for x in (draw.distinct(3, 4), draw.distinct(5, 3)):
        yield call(x)
        yield call(x, 0)
        yield call(x, -1, keepdim=True)
    yield call(draw.real())
    yield call(draw.real(), 0)


@examples("amax")
@examples("amin")
def _(draw: Any) -> Any:
    x = draw.distinct(2, 3, 4)
    yield call(x)
    for dim in (0, -1, (0, 2), (2, 0, 1)):
        yield call(x, dim)
        yield call(x, dim, True)
    yield call(draw.real(), 0)
    yield call(draw.real())
    yield call(draw.real(0, 3), 1)
    yield call(draw.integers(3, 4, high=9), 1)


@examples("aminmax")
def _(draw: Any) -> Any:
    x = draw.distinct(3, 4)
    yield call(x)
    yield call(x, dim=0)
    yield call(x, dim=-1, keepdim=True)
    yield call(draw.real())


@examples("argmax", grad=False)
@examples("argmin", grad=False)
def _(draw: Any) -> Any:
    x = draw.distinct(3, 4)
    yield call(x)
    yield call(x, 0)
    yield call(x, -1, keepdim=True)
    yield call(x, None, True)
    yield call(draw.real())
    yield call(draw.real(), 0)
    yield call(draw.integers(3, 4, high=2), 1)
    yield call(draw.real(0, 3), 1)
