"""Views by sizes and strides alone: `as_strided`.

Its gradient goes by positions in memory.  Each element of the output and of the input has
one; the gradient of the output is added up by position, and each element of the input
takes what lies at its own (divided among them where several elements of the input share
one position, as after `expand`).  Source: the notes on as_strided in PyTorch's
``FunctionsManual.cpp``.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from .. import inplace
from .._tensor import Tensor, method
from ..declare import op
from ..errors import ShapeError
from .dims import sizes


def _positions(xp: Any, shape: Any, strides: Any, offset: int = 0) -> Any:
    found = xp.full(shape, offset, "i8")
    for d, (n, s) in enumerate(zip(shape, strides, strict=True)):
        found += (xp.arange(n) * s).reshape((n,) + (1,) * (len(shape) - d - 1))
    return found


def _extent(shape: Any, strides: Any) -> int:
    """How many elements of memory a layout spans."""
    if 0 in shape:
        return 0
    return 1 + sum((n - 1) * s for n, s in zip(shape, strides, strict=True))


@op("AsStridedBackward0", name="as_strided", view=True)
def as_strided_op(
    xp: Any, input: Any, *, size: Any, stride: Any, offset: int, in_shape: Any, in_stride: Any
) -> Any:
    """A view of the memory from the input's first element on; strides in elements."""
    width = input.itemsize
    flat = xp.strided_view(input, (_extent(size, stride) + offset,), (width,))
    return xp.strided_view(flat[offset:], size, tuple(s * width for s in stride))


@as_strided_op.vjp
def _(F: Any, g: Any, size: Any, stride: Any, offset: int, in_shape: Any, in_stride: Any) -> Any:
    return F.as_strided_backward(
        g, size=size, stride=stride, offset=offset, in_shape=in_shape, in_stride=in_stride
    )


@op("AsStridedBackwardBackward0", linear=True)
def as_strided_backward(
    xp: Any, input: Any, *, size: Any, stride: Any, offset: int, in_shape: Any, in_stride: Any
) -> Any:
    """Gradient of `as_strided`: added up by position, and read at the input's positions."""
    if 0 in in_shape:
        return xp.zeros(in_shape, input.dtype)
    reach = max(_extent(size, stride) + offset, _extent(in_shape, in_stride))
    memory = xp.zeros(reach, input.dtype)
    xp.add_at(memory, _positions(xp, size, stride, offset), input)
    places = _positions(xp, in_shape, in_stride)
    shared = xp.zeros(reach, input.dtype)
    xp.add_at(shared, places, xp.ones(in_shape, input.dtype))
    return memory[places] / shared[places]


@as_strided_backward.vjp
def _(F: Any, g: Any, size: Any, stride: Any, offset: int, in_shape: Any, in_stride: Any) -> Any:
    return F.as_strided_gather(
        g, size=size, stride=stride, offset=offset, in_shape=in_shape, in_stride=in_stride
    )


@op("AsStridedBackward0", linear=True)
def as_strided_gather(
    xp: Any, input: Any, *, size: Any, stride: Any, offset: int, in_shape: Any, in_stride: Any
) -> Any:
    """`as_strided` of an input whatever its own layout, as if it had the layout given."""
    if 0 in in_shape:
        return xp.zeros(size, input.dtype)
    reach = max(_extent(size, stride) + offset, _extent(in_shape, in_stride))
    memory, shared = xp.zeros(reach, input.dtype), xp.zeros(reach, input.dtype)
    places = _positions(xp, in_shape, in_stride)
    xp.add_at(memory, places, input)
    xp.add_at(shared, places, xp.ones(in_shape, input.dtype))
    memory = memory / xp.maximum(shared, 1)
    return memory[_positions(xp, size, stride, offset)]


@as_strided_gather.vjp
def _(F: Any, g: Any, size: Any, stride: Any, offset: int, in_shape: Any, in_stride: Any) -> Any:
    return F.as_strided_backward(
        g, size=size, stride=stride, offset=offset, in_shape=in_shape, in_stride=in_stride
    )


@method()
def storage_offset(self: Tensor) -> int:
    """Elements between the beginning of the memory that it is a view of and its first one."""
    if self._view is None:
        return 0
    return (self.data_ptr() - self._view.base.data_ptr()) // self.element_size()


def _memory_left(t: Tensor) -> int:
    """Elements of memory from the tensor's first one to the end of its base."""
    base = t if t._view is None else t._view.base
    return _extent(base._array.shape, base.stride()) - storage_offset(t)


@method()
def as_strided(
    input: Tensor, size: Sequence[int], stride: Sequence[int], storage_offset: int | None = None
) -> Tensor:
    """A view of the memory by sizes and strides, counted in elements.

    Parameters
    ----------
    storage_offset : int, optional
        Where it begins; default: where the tensor does.

    Raises
    ------
    ShapeError
        If it would reach beyond the tensor's memory, or begin before the tensor does.
    """
    shape, strides = sizes((size,)), sizes((stride,), "stride")
    if len(shape) != len(strides):
        raise ShapeError(
            f"mismatch in length of strides and shape: {list(strides)} and {list(shape)}"
        )
    if any(s < 0 for s in strides):
        raise ShapeError(
            "as_strided: Negative strides are not supported at the moment, "
            f"got strides: {list(strides)}"
        )
    offset = 0 if storage_offset is None else storage_offset - input.storage_offset()
    if offset < 0 or _extent(shape, strides) + offset > _memory_left(input):
        raise ShapeError(
            f"setStorage: sizes {list(shape)}, strides {list(strides)} and an offset of {offset} "
            f"from the tensor's first element are out of bounds for storage of "
            f"{_memory_left(input)} elements from there"
        )
    return as_strided_op.call(
        input, size=shape, stride=strides, offset=offset,
        in_shape=input._array.shape, in_stride=input.stride(),
    )  # fmt: skip


@method()
def as_strided_(
    self: Tensor, size: Sequence[int], stride: Sequence[int], storage_offset: int | None = None
) -> Tensor:
    """Become what `as_strided` shows of this tensor."""
    return inplace.become(
        self, "as_strided_", lambda old: as_strided(old, size, stride, storage_offset)
    )


__all__ = ["as_strided"]
