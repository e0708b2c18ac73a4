"""Elements chosen or replaced by conditions, masks and index tensors."""

from __future__ import annotations

from typing import Any

import numpy as np

from .. import dtypes, inplace
from .._tensor import Tensor, method
from ..backends import backend_of
from ..declare import op
from ..dispatch import NUMBERS
from ..errors import DtypeError, ShapeError
from .convert import operand
from .dims import wrap_dim
from .index import index_put_op, masked_select_op
from .parts import index_error
from .shape import expand, reshape

# ------------------------------------------------------------------ where


@op("WhereBackward0", name="where", types="free", broadcast=True, moves=True)
def where_op(xp: Any, condition: Any, input: Any, other: Any) -> Any:
    """`input` where the condition holds, `other` elsewhere."""
    return xp.where(condition, input, other)


@where_op.vjp("input")
def _(F: Any, g: Any, condition: Any) -> Any:
    return F.where(condition, g, 0)


@where_op.vjp("other")
def _(F: Any, g: Any, condition: Any) -> Any:
    return F.where(condition, 0, g)


_where_call = where_op.build()


def _where(condition: Tensor, input: Any, other: Any) -> Tensor:
    """`where` of tensors and numbers, all brought to one dtype."""
    operands = [operand(x) for x in (input, other)]
    common = dtypes.result_type_of(operands)
    if condition.dtype is not dtypes.bool_:
        if condition.dtype is not dtypes.uint8:
            raise DtypeError(
                "where expected condition to be a boolean tensor, "
                f"but got a tensor with dtype {condition.dtype!r}"
            )
        condition = condition.bool()
    return _where_call(condition, *(_brought_to(x, common, condition) for x in (input, other)))


where_op._call = where_op._built = _where


def _brought_to(x: Any, kind: dtypes.dtype, like: Tensor) -> Tensor:
    if isinstance(x, NUMBERS):
        return like.new_tensor(x, dtype=kind)
    return x if x.dtype is kind else x.to(kind)


def where(condition: Tensor, input: Any = None, other: Any = None) -> Any:
    """Elements of `input` where `condition` holds, of `other` elsewhere.

    With the condition alone: the indices where it holds (``nonzero(as_tuple=True)``).
    """
    if input is None and other is None:
        return condition.nonzero(as_tuple=True)
    return _where(condition, input, other)


# ------------------------------------------------------------------ masks


@op("MaskedFillBackward0", name="masked_fill", types="free", broadcast=True, moves=True)
def masked_fill_op(xp: Any, input: Any, mask: Any, *, value: Any) -> Any:
    """`value` where the mask is true."""
    return xp.where(mask, xp.asarray(value, dtype=input.dtype), input)


@masked_fill_op.vjp("input")
def _(F: Any, g: Any, mask: Any) -> Any:
    return F.masked_fill(g, mask, value=0)


@op("MaskedFillBackward1", types="free", broadcast=True, moves=True)
def masked_fill_tensor(xp: Any, input: Any, mask: Any, value: Any) -> Any:
    """The 0-d tensor `value` where the mask is true."""
    return xp.where(mask, value.astype(input.dtype), input)


@masked_fill_tensor.vjp("input")
def _(F: Any, g: Any, mask: Any) -> Any:
    return F.masked_fill(g, mask, value=0)


@masked_fill_tensor.vjp("value")
def _(F: Any, g: Any, mask: Any) -> Any:
    return F.where(mask, g, 0)


def _check_mask(mask: Tensor, name: str) -> None:
    if mask.dtype is not dtypes.bool_:
        raise DtypeError(
            f"{name} only supports boolean masks, but got mask with dtype {mask.dtype!r}; "
            "convert it with .bool()"
        )


@method()
def masked_fill(input: Tensor, mask: Tensor, value: Any) -> Tensor:
    """`value` where the mask is true, the input elsewhere.

    Parameters
    ----------
    mask : Tensor of bool
        Broadcast against the input.
    value : number or 0-d Tensor
    """
    _check_mask(mask, "masked_fill_")
    of_value = value.dtype if isinstance(value, Tensor) else dtypes.python_dtype(value)
    if of_value.is_complex and not input.is_complex():
        kind = input.dtype.name
        raise DtypeError(f"value cannot be converted to type {kind} without overflow: {value!r}")
    if isinstance(value, Tensor):
        if value._array.ndim:
            raise ShapeError(
                "masked_fill_ only supports a 0-dimensional value tensor, but got tensor with "
                f"{value.ndim} dimension(s)."
            )
        return masked_fill_tensor.call(input, mask, value)
    return masked_fill_op.call(input, mask, value=value)


@method()
def masked_select(input: Tensor, mask: Tensor) -> Tensor:
    """The elements where the mask is true, as a vector."""
    _check_mask(mask, "masked_select")
    shape = np.broadcast_shapes(input._array.shape, mask._array.shape)
    wide = input if input._array.shape == shape else expand(input, shape)
    wide = wide if shape else reshape(wide, (1,))
    xp = backend_of(mask._array).xp
    places = xp.nonzero(xp.broadcast_to(mask._array, shape or (1,)))
    return masked_select_op.call(wide, indices=tuple(places))


@method()
def masked_scatter(input: Tensor, mask: Tensor, source: Tensor) -> Tensor:
    """The elements where the mask is true replaced by the first ones of `source`, in order."""
    _check_mask(mask, "masked_scatter_")
    shape = np.broadcast_shapes(input._array.shape, mask._array.shape)
    xp = backend_of(mask._array).xp
    places = xp.nonzero(xp.broadcast_to(mask._array, shape or (1,)))
    count = places[0].size
    if count > source.numel():
        raise ShapeError(
            f"Number of elements of source < number of ones in mask ({source.numel()} < {count})"
        )
    wide = input if shape == input._array.shape else expand(input, shape)
    wide = wide if shape else reshape(wide, (1,))
    values = reshape(source, (-1,))[:count]
    made = index_put_op.call(wide, values, indices=tuple(places), accumulate=False)
    return made if shape else reshape(made, ())


# ------------------------------------------------------------------ along one dimension


@op("IndexSelectBackward0", name="index_select", types="free", moves=True)
def index_select_op(xp: Any, input: Any, index: Any, *, dim: int) -> Any:
    """The indices of a dimension that `index` lists."""
    return xp.take(input, index, axis=dim) if input.ndim else input.reshape(1)[index].reshape(())


@index_select_op.vjp("input")
def _(F: Any, g: Any, index: Any, input_shape: Any, dim: int) -> Any:
    return F.index_add(F.zeros_of(g, shape=input_shape), index, g, dim=dim, alpha=1)


def _along(dim: int, index: Any) -> tuple[Any, ...]:
    return (slice(None),) * dim + (index,)


@op("IndexAddBackward0", name="index_add", types="free")
def index_add_op(xp: Any, input: Any, index: Any, source: Any, *, dim: int, alpha: Any) -> Any:
    """The input with ``alpha * source`` added at the indices of a dimension."""
    total = xp.array(input, order="C", copy=True)
    if alpha != 1:
        factor = np.asarray(alpha).astype("i8")[()] if input.dtype.kind == "u" else alpha
        source = xp.asarray(source * factor).astype(input.dtype)
    flat = total if total.ndim else total.reshape(1)
    xp.add_at(flat, _along(dim, index), source)
    return total


@index_add_op.vjp("input")
def _(g: Any) -> Any:
    return g


@index_add_op.vjp("source")
def _(F: Any, g: Any, index: Any, source_shape: Any, dim: int, alpha: Any) -> Any:
    found = F.index_select(g, index, dim=dim)
    found = F.reshape(found, shape=tuple(source_shape))
    return found if alpha == 1 else found * alpha


@op("IndexCopyBackward0", name="index_copy", types="free", moves=True)
def index_copy_op(xp: Any, input: Any, index: Any, source: Any, *, dim: int) -> Any:
    """The input with `source` at the indices of a dimension."""
    written = xp.array(input, order="C", copy=True)
    flat = written if written.ndim else written.reshape(1)
    flat[_along(dim, index)] = source
    return written


@index_copy_op.vjp("input")
def _(F: Any, g: Any, index: Any, dim: int) -> Any:
    return F.index_fill(g, index, dim=dim, value=0)


@index_copy_op.vjp("source")
def _(F: Any, g: Any, index: Any, source_shape: Any, dim: int) -> Any:
    return F.reshape(F.index_select(g, index, dim=dim), shape=tuple(source_shape))


@op("IndexFillBackward0", name="index_fill", types="free", moves=True)
def index_fill_op(xp: Any, input: Any, index: Any, *, dim: int, value: Any) -> Any:
    """The input with `value` at the indices of a dimension."""
    written = xp.array(input, order="C", copy=True)
    flat = written if written.ndim else written.reshape(1)
    flat[_along(dim, index)] = value
    return written


@index_fill_op.vjp("input")
def _(F: Any, g: Any, index: Any, dim: int) -> Any:
    return F.index_fill(g, index, dim=dim, value=0)


def _vector(index: Tensor, input: Tensor, dim: int, name: str) -> Tensor:
    """The index of an `index_*` function, checked, without negative numbers."""
    if not isinstance(index, Tensor):
        raise TypeError(f"{name}(): argument 'index' must be Tensor, not {type(index).__name__}")
    if index.dtype not in (dtypes.int64, dtypes.int32):
        raise DtypeError(f"{name}(): Expected dtype int32 or int64 for index, got {index.dtype!r}")
    if index._array.ndim > 1:
        raise IndexError(f"{name}(): Index is supposed to be a vector, got {index.ndim} dimensions")
    array = index._array
    if isinstance(array, np.ndarray) and array.size:
        n = input._array.shape[dim] if input._array.ndim else 1
        low, high = int(array.min()), int(array.max())
        if low < (0 if name == "index_select" else -n) or high >= n:
            if name in ("index_select", "index_add"):
                raise IndexError(
                    f"index out of range in self: {name}() got {low if low < 0 else high} for "
                    f"dimension {dim} of size {n}"
                )
            raise index_error(low if low < 0 else high, dim, n)
    return index if array.ndim else reshape(index, (1,))


def _same_kind(input: Tensor, source: Tensor, name: str) -> None:
    if source.dtype is not input.dtype:
        raise DtypeError(
            f"{name}(): self ({input.dtype!r}) and source ({source.dtype!r}) must have the same "
            "scalar type"
        )


def _check_source(input: Tensor, index: Tensor, source: Tensor, d: int, name: str) -> Tensor:
    _same_kind(input, source, name)
    want = list(input._array.shape) or [1]
    want[d] = index.numel()
    have = list(source._array.shape) or [1]
    if have != want:
        raise ShapeError(
            f"{name}(): source of shape {list(source.shape)} does not fit: with {index.numel()} "
            f"indices of dimension {d} of {list(input.shape)} it must be {want}"
        )
    return source if source._array.ndim else reshape(source, (1,))


@method()
def index_select(input: Tensor, dim: int, index: Tensor) -> Tensor:
    """The indices of a dimension that a vector lists, as a copy."""
    d = wrap_dim(dim, input._array.ndim)
    return index_select_op.call(input, _vector(index, input, d, "index_select"), dim=d)


@method()
def index_add(input: Tensor, dim: int, index: Tensor, source: Tensor, *, alpha: Any = 1) -> Tensor:
    """The input with ``alpha * source`` added at the indices of a dimension."""
    d = wrap_dim(dim, input._array.ndim)
    vector = _vector(index, input, d, "index_add")
    source = _check_source(input, vector, source, d, "index_add")
    return index_add_op.call(input, vector, source, dim=d, alpha=alpha)


@method()
def index_copy(input: Tensor, dim: int, index: Tensor, source: Tensor) -> Tensor:
    """The input with `source` at the indices of a dimension."""
    d = wrap_dim(dim, input._array.ndim)
    vector = _vector(index, input, d, "index_copy")
    source = _check_source(input, vector, source, d, "index_copy")
    return index_copy_op.call(input, vector, source, dim=d)


@method()
def index_fill(input: Tensor, dim: int, index: Tensor, value: Any) -> Tensor:
    """The input with `value` (a number or 0-d tensor) at the indices of a dimension."""
    d = wrap_dim(dim, input._array.ndim)
    vector = _vector(index, input, d, "index_fill")
    if not isinstance(value, Tensor):
        return index_fill_op.call(input, vector, dim=d, value=value)
    if value._array.ndim:
        raise ShapeError(
            "index_fill_ only supports a 0-dimensional value tensor, but got tensor with "
            f"{value.ndim} dimension(s)."
        )
    nowhere = input.new_zeros(tuple(input.shape), dtype=dtypes.bool_)
    filled = index_fill_op.call(nowhere, vector, dim=d, value=True)
    return masked_fill_tensor.call(input, filled, value)


# ------------------------------------------------------------------ by flat position


@op("TakeBackward0", name="take", types="free", moves=True)
def take_op(xp: Any, input: Any, index: Any) -> Any:
    """The elements at flat positions."""
    return xp.take(input.reshape(-1), index)


@take_op.vjp("input")
def _(F: Any, g: Any, index: Any, input_shape: Any) -> Any:
    return F.put(F.zeros_of(g, shape=input_shape), index, g, accumulate=True)


@op("PutBackward0", name="put", types="free", moves=True)
def put_op(xp: Any, input: Any, index: Any, source: Any, *, accumulate: bool) -> Any:
    """The input with `source` at, or added at, flat positions."""
    written = xp.array(input, order="C", copy=True)
    flat, values = written.reshape(-1), source.reshape(index.shape)
    if accumulate:
        xp.add_at(flat, (index,), values)
    else:
        flat[index] = values
    return written


@put_op.vjp("input")
def _(F: Any, g: Any, index: Any, source_shape: Any, accumulate: bool) -> Any:
    if accumulate:
        return g
    return F.put(g, index, F.zeros_of(g, shape=source_shape), accumulate=False)


@put_op.vjp("source")
def _(F: Any, g: Any, index: Any, source_shape: Any) -> Any:
    return F.reshape(F.take(g, index), shape=tuple(source_shape))


def _flat_index(input: Tensor, index: Tensor, name: str) -> Tensor:
    if index.dtype is not dtypes.int64:
        raise DtypeError(f"{name}(): Expected a long tensor for index, but got {index.dtype!r}")
    n, array = input.numel(), index._array
    if isinstance(array, np.ndarray) and array.size:
        low, high = int(array.min()), int(array.max())
        if low < -n or high >= n:
            raise IndexError(
                f"out of range: tried to access index {low if low < -n else high} on a tensor of "
                f"{n} elements."
            )
    return index


@method()
def take(input: Tensor, index: Tensor) -> Tensor:
    """The elements at flat positions, in the shape of the index."""
    return take_op.call(input, _flat_index(input, index, "take"))


@method()
def put(input: Tensor, index: Tensor, source: Tensor, accumulate: bool = False) -> Tensor:
    """A copy with `source` written to (or added at) flat positions."""
    _same_kind(input, source, "put")
    return put_op.call(input, _flat_index(input, index, "put"), source, accumulate=accumulate)


# ------------------------------------------------------------------ where it is not zero


@op(None, name="nonzero", types="free")
def nonzero_op(xp: Any, input: Any) -> Any:
    """The indices of the elements that are not zero, as rows."""
    if not input.ndim:
        return xp.nonzero(input.reshape(1))[0][:, None][:, :0].astype("i8")
    return xp.stack(xp.nonzero(input), axis=1).astype("i8")


@method()
def nonzero(input: Tensor, *, as_tuple: bool = False) -> Any:
    """The indices of the elements that are not zero, as rows or (`as_tuple`) by dimension."""
    if not as_tuple:
        return nonzero_op.call(input)
    rows = nonzero_op.call(input if input._array.ndim else reshape(input, (1,)))
    return rows.unbind(1)


@method()
def argwhere(input: Tensor) -> Tensor:
    """The indices of the elements that are not zero, as rows."""
    return nonzero(input)


@method("where")
def _where_method(self: Tensor, condition: Tensor, other: Any) -> Tensor:
    """The tensor where the condition holds, `other` elsewhere."""
    return _where(condition, self, other)


for _fn in (
    masked_fill, masked_scatter, index_add, index_copy, index_fill, put,
):  # fmt: skip
    setattr(Tensor, f"{_fn.__name__}_", inplace.twin(_fn, f"{_fn.__name__}_"))

__all__ = [
    "where", "masked_fill", "masked_select", "masked_scatter",
    "index_select", "index_add", "index_copy", "index_fill", "take", "put", "nonzero", "argwhere",
]  # fmt: skip
