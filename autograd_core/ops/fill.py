"""Memory overwritten: `copy_`, `fill_`, `zero_`."""

from __future__ import annotations

from typing import Any

from .. import inplace
from .._tensor import Tensor, method
from ..declare import op
from ..errors import ShapeError


@op("CopyBackwards", name="copy", types="free", broadcast=True, moves=True)
def copy_op(xp: Any, input: Any, src: Any) -> Any:
    """The values of `src` in the shape and dtype of `input`."""
    if src.dtype.kind == "c" and input.dtype.kind != "c":
        src = src.real
    return xp.array(xp.broadcast_to(src, input.shape), dtype=input.dtype, copy=True)


@copy_op.vjp("input")
def _(F: Any, g: Any, input_shape: Any) -> Any:
    return F.zeros_of(g, shape=input_shape)


@copy_op.vjp("src")
def _(g: Any) -> Any:
    return g


@op("FillBackward0", name="fill", types="free", moves=True)
def fill_op(xp: Any, input: Any, *, value: Any) -> Any:
    """The number `value` everywhere."""
    return xp.full(input.shape, value, input.dtype)


@fill_op.vjp
def _(F: Any, g: Any, input_shape: Any) -> Any:
    return F.zeros_of(g, shape=input_shape)


@op("FillBackward1", types="free", broadcast=True, moves=True)
def fill_tensor(xp: Any, input: Any, value: Any) -> Any:
    """The 0-d tensor `value` everywhere."""
    return xp.array(xp.broadcast_to(value, input.shape), dtype=input.dtype, copy=True)


@fill_tensor.vjp("input")
def _(F: Any, g: Any, input_shape: Any) -> Any:
    return F.zeros_of(g, shape=input_shape)


@fill_tensor.vjp("value")
def _(g: Any) -> Any:
    return g


@op("ZeroBackward0", name="zero", types="free", moves=True)
def zero_op(xp: Any, input: Any) -> Any:
    """Zeros."""
    return xp.zeros(input.shape, input.dtype)


@zero_op.vjp
def _(F: Any, g: Any, input_shape: Any) -> Any:
    return F.zeros_of(g, shape=input_shape)


def fill(input: Tensor, value: Any) -> Tensor:
    """A tensor like the input with `value` (a number or 0-d tensor) everywhere."""
    if not isinstance(value, Tensor):
        return fill_op.call(input, value=value)
    if value._array.ndim:
        raise ShapeError(
            "fill_ only supports 0-dimension value tensor but got tensor with "
            f"{value.ndim} dimensions."
        )
    return fill_tensor.call(input, value.to(input.device))


method("fill_")(inplace.twin(fill, "fill_"))


@method()
def zero_(self: Tensor) -> Tensor:
    """Set every element to zero, in place."""
    return inplace.write(self, "zero_", zero_op.call)


@method()
def copy_(self: Tensor, src: Tensor, non_blocking: bool = False) -> Tensor:
    """Write the values of `src` here, broadcast, and cast to this dtype and device.

    Raises
    ------
    ShapeError
        If `src` does not broadcast to this shape.
    """
    if not isinstance(src, Tensor):
        raise TypeError(f"copy_(): argument 'other' must be Tensor, not {type(src).__name__}")
    have, want = src._array.shape, self._array.shape
    lead = len(want) - len(have)
    for d in range(len(have)):
        target = want[d + lead] if d + lead >= 0 else None
        if target is None or have[d] not in (1, target):
            raise ShapeError(
                f"The size of tensor a ({target}) must match the size of tensor b ({have[d]}) at "
                f"non-singleton dimension {max(d + lead, 0)} (copying {list(have)} into "
                f"{list(want)})"
            )
    moved = src.to(self.device)
    return inplace.write(self, "copy_", lambda old: copy_op.call(old, moved), (src,))


__all__ = ["fill"]
