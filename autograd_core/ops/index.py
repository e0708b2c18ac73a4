"""Indexing, and choosing elements by masks and index tensors."""

from __future__ import annotations

from typing import Any

from .. import dtypes
from ..declare import op
from ..dispatch import NUMBERS
from ..errors import DtypeError
from ..tensor import Tensor

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
    operands = [_operand(x) for x in (input, other)]
    common = dtypes.result_type_of(operands)
    if condition.dtype is not dtypes.bool_:
        if condition.dtype is not dtypes.uint8:
            raise DtypeError(
                "where expected condition to be a boolean tensor, "
                f"but got a tensor with dtype {condition.dtype!r}"
            )
        condition = condition.bool()
    return _where_call(condition, *(_brought_to(x, common, condition) for x in (input, other)))


where_op._call = _where


def _operand(x: Any) -> tuple[dtypes.dtype, int]:
    if isinstance(x, NUMBERS):
        return dtypes.python_dtype(x), 0
    if not isinstance(x, Tensor):
        raise TypeError(f"expected a Tensor or a number, got {type(x).__name__}")
    return x.dtype, 2 if x._array.ndim else 1


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


__all__ = ["where"]
