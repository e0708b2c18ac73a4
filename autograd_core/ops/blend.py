"""Three tensors at once: interpolation, and sums with a product or quotient."""

from __future__ import annotations

from typing import Any

from .. import dtypes, inplace
from .._tensor import Tensor
from ..declare import op
from ..dispatch import NUMBERS
from ..errors import DtypeError
from ..examples import call, examples


@op("LerpBackward0", broadcast=True, elementwise=True)
def lerp_scalar(xp: Any, input: Any, end: Any, *, weight: Any) -> Any:
    """``input + weight * (end - input)`` for a number `weight`."""
    if abs(weight) < 0.5:
        return input + weight * (end - input)
    return end - (end - input) * (1 - weight)


@lerp_scalar.vjp("input")
def _(g: Any, weight: Any) -> Any:
    return g * (1 - weight)


@lerp_scalar.vjp("end")
def _(g: Any, weight: Any) -> Any:
    return g * weight


@op("LerpBackward1", name="lerp", broadcast=True, elementwise=True)
def lerp_op(xp: Any, input: Any, end: Any, weight: Any) -> Any:
    """``input + weight * (end - input)``, element by element."""
    return input + weight * (end - input)


@lerp_op.vjp("input")
def _(g: Any, weight: Any) -> Any:
    return g * (1 - weight)


@lerp_op.vjp("end")
def _(g: Any, weight: Any) -> Any:
    return g * weight


@lerp_op.vjp("weight")
def _(g: Any, input: Any, end: Any) -> Any:
    return g * (end - input)


@op("AddcmulBackward0", name="addcmul", types="promote", broadcast=True, elementwise=True)
def addcmul_op(xp: Any, input: Any, tensor1: Any, tensor2: Any, *, value: Any) -> Any:
    """``input + value * tensor1 * tensor2``."""
    return input + value * (tensor1 * tensor2)


@addcmul_op.vjp("input")
def _(g: Any) -> Any:
    return g


@addcmul_op.vjp("tensor1")
def _(g: Any, tensor2: Any, value: Any) -> Any:
    return g * (tensor2 * value)


@addcmul_op.vjp("tensor2")
def _(g: Any, tensor1: Any, value: Any) -> Any:
    return g * (tensor1 * value)


@op("AddcdivBackward0", name="addcdiv", types="promote", broadcast=True, elementwise=True)
def addcdiv_op(xp: Any, input: Any, tensor1: Any, tensor2: Any, *, value: Any) -> Any:
    """``input + value * tensor1 / tensor2``."""
    return input + value * (tensor1 / tensor2)


@addcdiv_op.vjp("input")
def _(g: Any) -> Any:
    return g


@addcdiv_op.vjp("tensor1")
def _(g: Any, tensor2: Any, value: Any) -> Any:
    return g * (value / tensor2)


@addcdiv_op.vjp("tensor2")
def _(g: Any, tensor1: Any, tensor2: Any, value: Any) -> Any:
    return -g * (value * tensor1 / (tensor2 * tensor2))


def lerp(input: Tensor, end: Tensor, weight: Any) -> Tensor:
    """``input + weight * (end - input)``: linear interpolation; `weight` a number or tensor."""
    if isinstance(weight, NUMBERS):
        return lerp_scalar.call(input, end, weight=weight)
    return lerp_op.call(input, end, weight)


def addcmul(input: Tensor, tensor1: Tensor, tensor2: Tensor, *, value: Any = 1) -> Tensor:
    """``input + value * tensor1 * tensor2``, element by element."""
    return addcmul_op.call(input, tensor1, tensor2, value=value)


def addcdiv(input: Tensor, tensor1: Tensor, tensor2: Tensor, *, value: Any = 1) -> Tensor:
    """``input + value * tensor1 / tensor2``, element by element.

    Raises
    ------
    RuntimeError
        For integer tensors.
    """
    kinds = [t.dtype.category for t in (input, tensor1, tensor2)]
    if max(kinds[1:]) < dtypes.FLOATING:
        raise DtypeError(
            "Integer division with addcdiv is no longer supported; convert the tensors with "
            ".float(), or use addcmul with a reciprocal"
        )
    return addcdiv_op.call(input, tensor1, tensor2, value=value)


__all__ = ["lerp", "addcmul", "addcdiv"]
for _name in __all__:
    setattr(Tensor, _name, globals()[_name])
    setattr(Tensor, f"{_name}_", inplace.twin(globals()[_name], f"{_name}_"))

# ------------------------------------------------------------------ examples


@examples("lerp")
def _(draw: Any) -> Any:
    yield call(draw.real(3, 4), draw.real(4), 0.3)
    yield call(draw.real(3, 4), draw.real(4), 0.8)
    yield call(draw.real(3, 1), draw.real(4), draw.real(3, 4))
    yield call(draw.real(), draw.real(), 2)


@examples("addcmul")
@examples("addcdiv")
def _(draw: Any) -> Any:
    yield call(draw.real(3, 4), draw.real(4), draw.real(3, 1, low=0.3))
    yield call(draw.real(4), draw.real(3, 4), draw.real(), value=0.5)
