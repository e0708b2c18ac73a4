"""``x[key]`` and ``x[key] = value``: views where PyTorch makes views, index tensors elsewhere."""

from __future__ import annotations

import operator
from collections.abc import Sequence
from typing import Any

import numpy as np

from .. import dtypes, inplace
from .._tensor import Tensor, method
from ..backends import backend_of, move
from ..declare import Op, op
from ..errors import DtypeError, ShapeError
from .create import read_data
from .dims import sum_to
from .parts import alias, index_error, select_op, slice_op
from .shape import unsqueeze_op

# ------------------------------------------------------------------ index tensors: the primitives


def _key(indices: Any) -> tuple[Any, ...]:
    return tuple(slice(None) if i is None else i for i in indices)


def _indexer(name: str, node_name: str) -> Op:
    @op(node_name, name=name, moves=True, linear=True)
    def index(xp: Any, input: Any, *, indices: Any) -> Any:
        """Elements at index arrays, one array a dimension (None: the whole dimension)."""
        return input[_key(indices)]

    @index.vjp
    def _(F: Any, g: Any, input_shape: Any, indices: Any) -> Any:
        return F.index_backward(g, shape=input_shape, indices=indices)

    return index


index_op = _indexer("index", "IndexBackward0")
masked_select_op = _indexer("masked_select", "MaskedSelectBackward0")


@op("IndexBackwardBackward0", linear=True)
def index_backward(xp: Any, input: Any, *, shape: Any, indices: Any) -> Any:
    """Zeros of a shape to which `input` is added at the indices."""
    zeros = xp.zeros(shape, input.dtype)
    xp.add_at(zeros, _key(indices), input)
    return zeros


@index_backward.vjp
def _(F: Any, g: Any, indices: Any) -> Any:
    return F.index(g, indices=indices)


@op("IndexPutBackward0", name="index_put", moves=True, linear=True)
def index_put_op(xp: Any, input: Any, values: Any, *, indices: Any, accumulate: bool) -> Any:
    """A copy with the elements at the indices replaced by, or increased by, `values`."""
    written = xp.array(input, order="C", copy=True)
    if accumulate:
        xp.add_at(written, _key(indices), values)
    else:
        written[_key(indices)] = values
    return written


@index_put_op.vjp("input")
def _(F: Any, g: Any, values_shape: Any, indices: Any, accumulate: bool) -> Any:
    if accumulate:
        return g
    nothing = F.zeros_of(g, shape=values_shape)
    return F.index_put(g, nothing, indices=indices, accumulate=False)


@index_put_op.vjp("values")
def _(F: Any, g: Any, values_shape: Any, indices: Any) -> Any:
    return sum_to(F, F.index(g, indices=indices), values_shape)


# ------------------------------------------------------------------ x[key]


def _is_int(k: Any) -> bool:
    if isinstance(k, Tensor):
        return k._array.ndim == 0 and k.dtype.category == dtypes.INTEGER
    return hasattr(k, "__index__") and not isinstance(k, bool | np.bool_ | np.ndarray)


def _read_key(k: Any) -> Any:
    """One part of a key: an int, a bool, a slice, None, Ellipsis or an index array."""
    if k is None or k is Ellipsis or isinstance(k, slice | bool):
        return k
    if _is_int(k):
        return operator.index(k.item() if isinstance(k, Tensor) else k)
    if isinstance(k, np.bool_):
        return bool(k)
    if isinstance(k, float | complex):
        raise IndexError(
            "only integers, slices (`:`), ellipsis (`...`), None and long or byte Variables are "
            f"valid indices (got {type(k).__name__})"
        )
    if isinstance(k, Tensor):
        array, kind = k._array, k.dtype
    else:
        array = read_data(list(k) if isinstance(k, range) else k)
        if array.size == 0 and not isinstance(k, np.ndarray):
            array = array.astype(np.int64)
        kind = dtypes.from_numpy(array.dtype)
    if kind.category >= dtypes.FLOATING:
        raise IndexError("tensors used as indices must be long, int, byte or bool tensors")
    if kind is dtypes.bool_ and not array.ndim:
        return bool(k)
    return array.astype(np.bool_) if kind is dtypes.uint8 else array


def _is_part(k: Any) -> bool:
    return k is None or k is Ellipsis or isinstance(k, Tensor | list | tuple | slice | np.ndarray)


def _width(k: Any) -> int:
    """How many dimensions of the tensor a part of a key uses up."""
    if k is None or k is Ellipsis or isinstance(k, bool):
        return 0
    return k.ndim if hasattr(k, "dtype") and k.dtype.kind == "b" else 1


def _walk(self: Tensor, key: Any) -> tuple[Tensor, list[Any] | None]:
    """Apply ints, slices and None as views; collect index arrays by dimension, or None."""
    if isinstance(key, list) and len(key) < 32 and any(_is_part(k) for k in key):
        key = tuple(key)  # as PyTorch still reads x[[[0, 1], [2, 3]]], for older NumPy's sake
    parts = [_read_key(k) for k in (key if isinstance(key, tuple) else (key,))]
    ndim = self._array.ndim
    used = sum(_width(k) for k in parts)
    if used > ndim:
        if not ndim:
            raise IndexError(
                "invalid index of a 0-dim tensor. Use `tensor.item()` in Python or "
                "`tensor.item<T>()` in C++ to convert a 0-dim tensor to a number"
            )
        raise IndexError(f"too many indices for tensor of dimension {ndim}")
    if sum(k is Ellipsis for k in parts) > 1:
        raise IndexError("an index can only have a single ellipsis ('...')")
    result, dim, original = self, 0, 0
    arrays: dict[int, Any] = {}
    for k in parts:
        if k is Ellipsis:
            dim += ndim - used
            original += ndim - used
        elif k is None:
            result, dim = unsqueeze_op.call(result, dim=dim), dim + 1
        elif isinstance(k, bool):
            result = unsqueeze_op.call(result, dim=dim)
            arrays[dim] = np.zeros(int(k), np.int64)
            dim += 1
        elif isinstance(k, int):
            n = result._array.shape[dim]
            if not -n <= k < n:
                raise index_error(k, original, n)
            result, original = select_op.call(result, dim=dim, index=k % n), original + 1
        elif isinstance(k, slice):
            result = _sliced(result, dim, k, len(parts) == 1)
            dim, original = dim + 1, original + 1
        else:
            arrays[dim] = k
            dim, original = dim + _width(k), original + _width(k)
    return result, _by_dimension(result, arrays) if arrays else None


def _sliced(t: Tensor, dim: int, k: slice, always: bool) -> Tensor:
    if k.step is not None and operator.index(k.step) <= 0:
        raise ValueError("step must be greater than zero")
    start, stop, step = k.indices(t._array.shape[dim])
    if not always and start == 0 and stop == t._array.shape[dim] and step == 1:
        return t
    return slice_op.call(t, dim=dim, start=start, stop=max(start, stop), step=step)


def _by_dimension(t: Tensor, arrays: dict[int, Any]) -> list[Any]:
    """One int64 array or None for each dimension, checked, on the tensor's device."""
    found: list[Any] = [None] * t._array.ndim
    for dim, array in arrays.items():
        if array.dtype.kind == "b":
            found[dim : dim + array.ndim] = _true_places(t, array, dim)
        else:
            found[dim] = checked_index(array, t, dim)
    while found and found[-1] is None:
        found.pop()
    return found


def _true_places(t: Tensor, mask: Any, dim: int) -> list[Any]:
    shape = t._array.shape
    for i, n in enumerate(mask.shape):
        if n != shape[dim + i]:
            raise IndexError(
                f"The shape of the mask {list(mask.shape)} at index {i} does not match the shape "
                f"of the indexed tensor {list(shape)} at index {dim + i}"
            )
    mask = move(mask, t.device)
    return list(backend_of(mask).xp.nonzero(mask))


def checked_index(array: Any, t: Tensor, dim: int) -> Any:
    """An index array without negative numbers, as a copy on the tensor's device."""
    n = t._array.shape[dim] if t._array.ndim else 1
    if isinstance(array, np.ndarray) and array.size:
        low, high = array.min(), array.max()
        if low < -n or high >= n:
            raise index_error(int(low if low < -n else high), dim, n)
    array = move(array, t.device)
    return backend_of(array).xp.where(array < 0, array + n, array).astype(np.int64)


@method("__getitem__")
def getitem(self: Tensor, key: Any) -> Tensor:
    """``x[key]``: a view for ints, slices, None and ``...``; a copy with index tensors or masks.

    Raises
    ------
    IndexError
        If an index is out of range, there are too many, or a mask does not fit.
    """
    if type(key) is int:
        shape = self._array.shape
        if shape and -shape[0] <= key < shape[0]:
            return select_op.call(self, dim=0, index=key % shape[0])
    result, indices = _walk(self, key)
    if indices is not None:
        return index_op.call(result, indices=_broadcastable(indices))
    return alias.call(result) if result is self else result


@method("__contains__")
def contains(self: Tensor, element: Any) -> bool:
    """Whether any element equals a number or a 0-d tensor."""
    return bool((self == element).any())


def _broadcastable(indices: list[Any]) -> tuple[Any, ...]:
    shapes = [i.shape for i in indices if i is not None]
    try:
        np.broadcast_shapes(*shapes)
    except ValueError:
        said = ", ".join(str(list(s)) for s in shapes)
        raise IndexError(
            f"shape mismatch: indexing tensors could not be broadcast together with shapes {said}"
        ) from None
    return tuple(indices)


@method("__setitem__")
def setitem(self: Tensor, key: Any, value: Any) -> None:
    """``x[key] = value``: an in-place write, recorded like any other.

    Raises
    ------
    ShapeError, IndexError
        If the value does not fit, or the key does not.
    """
    result, indices = _walk(self, key)
    if not isinstance(value, Tensor):
        value = self.new_tensor(value)
    elif value.device != self.device and not value._array.ndim:
        value = value.to(self.device)
    if indices is None:
        while value._array.ndim > result._array.ndim and value._array.shape[0] == 1:
            value = value.squeeze(0)
        result.copy_(value)
        return
    value = value if value.dtype is self.dtype else value.to(self.dtype)
    _put_at(result, "index_put_", _broadcastable(indices), value, False)


def _put_at(t: Tensor, name: str, indices: Any, values: Tensor, accumulate: bool) -> Tensor:
    shape = _indexed_shape(t._array.shape, indices)
    while values._array.ndim > len(shape) and values._array.shape[0] == 1:
        values = values.squeeze(0)
    _check_values(values, shape)
    return inplace.write(
        t,
        name,
        lambda old: index_put_op.call(old, values, indices=indices, accumulate=accumulate),
        (values,),
    )


def _indexed_shape(shape: tuple[int, ...], indices: Any) -> tuple[int, ...]:
    places = [d for d, i in enumerate(indices) if i is not None]
    wide = np.broadcast_shapes(*(indices[d].shape for d in places))
    rest = [n for d, n in enumerate(shape) if d not in places]
    together = places == list(range(places[0], places[0] + len(places)))
    front = places[0] if together else 0
    return (*rest[:front], *wide, *rest[front:])


def _check_values(values: Tensor, shape: tuple[int, ...]) -> None:
    have = values._array.shape
    try:
        fits = np.broadcast_shapes(have, shape) == shape
    except ValueError:
        fits = False
    if not fits:
        raise ShapeError(
            f"shape mismatch: value tensor of shape {list(have)} cannot be broadcast to indexing "
            f"result of shape {list(shape)}"
        )


def _put_arguments(input: Tensor, indices: Any, values: Tensor) -> tuple[Any, ...]:
    if values.dtype is not input.dtype:
        raise DtypeError(
            "Index put requires the source and destination dtypes match, got "
            f"{input.dtype!r} for the destination and {values.dtype!r} for the source."
        )
    parts = [_read_key(slice(None) if i is None else i) for i in indices]
    arrays = {}
    dim = 0
    for k in parts:
        if not isinstance(k, slice):
            arrays[dim] = np.asarray(k) if isinstance(k, int) else k
        dim += _width(k)
    if dim > input._array.ndim:
        raise IndexError(f"too many indices for tensor of dimension {input._array.ndim}")
    return _broadcastable(_by_dimension(input, arrays))


@method()
def index_put(
    input: Tensor, indices: Sequence[Any], values: Tensor, accumulate: bool = False
) -> Tensor:
    """A copy with the elements at index tensors replaced by (or increased by) `values`."""
    found = _put_arguments(input, indices, values)
    _check_values(values, _indexed_shape(input._array.shape, found))
    return index_put_op.call(input, values, indices=found, accumulate=accumulate)


@method()
def index_put_(
    self: Tensor, indices: Sequence[Any], values: Tensor, accumulate: bool = False
) -> Tensor:
    """In-place form of `index_put`."""
    found = _put_arguments(self, indices, values)
    return _put_at(self, "index_put_", found, values, accumulate)


__all__ = ["index_put", "index_put_"]
