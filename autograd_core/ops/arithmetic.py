"""Addition to powers: what Python's operators do.

Where nothing has to be read from the arguments, the function, the method and the operator
are one object: the op's generated call (`autograd_core.template`).
"""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

from .. import dtypes, inplace
from ..backends import backend_of
from ..declare import Op, elementwise, op
from ..dispatch import NUMBERS
from ..errors import DtypeError
from ..examples import call, examples
from ..tensor import Tensor, method
from .formulas import zero_gradient


def _is_bool(x: Any) -> bool:
    return isinstance(x, bool) or (isinstance(x, Tensor) and x.dtype is dtypes.bool_)


def _no_bool_negation(x: Any) -> None:
    if _is_bool(x):
        raise DtypeError(
            "Negation, the `-` operator, on a bool tensor is not supported. If you are trying to "
            "invert a mask, use the `~` or `logical_not()` operator instead."
        )


def _no_bool_subtraction(input: Any, other: Any) -> None:
    if _is_bool(input) and _is_bool(other):
        raise DtypeError(
            "Subtraction, the `-` operator, with two bool tensors is not supported. "
            "Use the `^` or `logical_xor()` operator instead."
        )
    if _is_bool(input) or _is_bool(other):
        raise DtypeError(
            "Subtraction, the `-` operator, with a bool tensor is not supported. If you are "
            "trying to invert a mask, use the `~` or `logical_not()` operator instead."
        )


# ------------------------------------------------------------------ sums and products

add_op = elementwise("add", "AddBackward0", "add", 2, "Sum, element by element.")
sub_op = elementwise(
    "sub", "SubBackward0", "subtract", 2, "Difference.", check=_no_bool_subtraction
)
mul_op = elementwise("mul", "MulBackward0", "multiply", 2, "Product, element by element.")
div_op = elementwise("div", "DivBackward0", "true_divide", 2, "Quotient.", types="float")
neg_op = elementwise(
    "neg", "NegBackward0", "negative", types="promote", doc="The opposite.", check=_no_bool_negation
)


@add_op.vjp("input")
def _(g: Any) -> Any:
    return g


@add_op.vjp("other")
def _(g: Any) -> Any:
    return g


@sub_op.vjp("input")
def _(g: Any) -> Any:
    return g


@sub_op.vjp("other")
def _(g: Any) -> Any:
    return -g


@mul_op.vjp("input")
def _(g: Any, other: Any) -> Any:
    return g * other


@mul_op.vjp("other")
def _(g: Any, input: Any) -> Any:
    return g * input


@div_op.vjp("input")
def _(g: Any, other: Any) -> Any:
    return g / other


@div_op.vjp("other")
def _(g: Any, input: Any, other: Any) -> Any:
    return -g * (input / other / other)


@neg_op.vjp
def _(g: Any) -> Any:
    return -g


@op("AddBackward0", types="promote", broadcast=True, elementwise=True)
def add_scaled(xp: Any, input: Any, other: Any, *, alpha: Any) -> Any:
    """``input + alpha * other``."""
    return input + alpha * other


@add_scaled.vjp("input")
def _(g: Any) -> Any:
    return g


@add_scaled.vjp("other")
def _(g: Any, alpha: Any) -> Any:
    return g * alpha


@op("SubBackward0", types="promote", broadcast=True, elementwise=True, check=_no_bool_subtraction)
def sub_scaled(xp: Any, input: Any, other: Any, *, alpha: Any) -> Any:
    """``input - alpha * other``."""
    return input - alpha * other


@sub_scaled.vjp("input")
def _(g: Any) -> Any:
    return g


@sub_scaled.vjp("other")
def _(g: Any, alpha: Any) -> Any:
    return -g * alpha


@op(
    "RsubBackward0", name="rsub", scalar_node="RsubBackward1", types="promote", broadcast=True,
    scalars=True, elementwise=True, check=_no_bool_subtraction,
)  # fmt: skip
def rsub_op(xp: Any, input: Any, other: Any) -> Any:
    """``other - input``."""
    return xp.subtract(other, input)


@rsub_op.vjp("input")
def _(g: Any) -> Any:
    return -g


@rsub_op.vjp("other")
def _(g: Any) -> Any:
    return g


def _check_alpha(name: str, tensors: tuple[Any, ...], alpha: Any) -> None:
    kinds = [t.dtype if isinstance(t, Tensor) else dtypes.python_dtype(t) for t in tensors]
    category = dtypes.python_dtype(alpha).category
    if category == dtypes.FLOATING and all(k.category < dtypes.FLOATING for k in kinds):
        raise DtypeError(
            f"For integral input tensors, argument alpha must not be a floating point number "
            f"(got {alpha!r} in {name}())"
        )


def add(input: Tensor, other: Any, *, alpha: Any = 1) -> Tensor:
    """``input + alpha * other``, element by element.

    Parameters
    ----------
    input, other : Tensor or number
    alpha : number, default 1
        An integer unless one of the two is a float.
    """
    if alpha == 1:
        return add_op.call(input, other)
    _check_alpha("add", (input, other), alpha)
    if isinstance(other, NUMBERS):
        return add_op.call(input, alpha * other)
    return add_scaled.call(input, other, alpha=alpha)


def sub(input: Tensor, other: Any, *, alpha: Any = 1) -> Tensor:
    """``input - alpha * other``, element by element; see `add`."""
    if alpha == 1:
        return sub_op.call(input, other)
    _check_alpha("sub", (input, other), alpha)
    if isinstance(other, NUMBERS):
        return sub_op.call(input, alpha * other)
    return sub_scaled.call(input, other, alpha=alpha)


def rsub(input: Tensor, other: Any, *, alpha: Any = 1) -> Tensor:
    """``other - alpha * input``, element by element."""
    if alpha == 1:
        return rsub_op.call(input, other)
    _check_alpha("rsub", (input, other), alpha)
    return rsub_op.call(input * alpha, other)


# ------------------------------------------------------------------ division with rounding


def _refuse_zero(name: str, input: Any, other: Any) -> None:
    """Integers have no infinity to give."""
    if input.dtype.kind in "iu" and not (other != 0).all():
        raise RuntimeError(
            f"ZeroDivisionError: {name}() of an integer tensor by zero; convert to float first"
        )


def _truncated(xp: Any, input: Any, other: Any) -> Any:
    if input.dtype.kind not in "iu":
        return xp.trunc(xp.true_divide(input, other))
    below = xp.floor_divide(input, other)
    uneven = (below * other != input) & ((input < 0) != (xp.asarray(other) < 0))
    return below + uneven.astype(below.dtype)


@op("DivBackward2", types="promote", broadcast=True, scalars=True, elementwise=True)
def div_floor(xp: Any, input: Any, other: Any) -> Any:
    """The quotient rounded down."""
    _refuse_zero("div", input, xp.asarray(other))
    return xp.floor_divide(input, other)


@op("DivBackward2", types="promote", broadcast=True, scalars=True, elementwise=True)
def div_trunc(xp: Any, input: Any, other: Any) -> Any:
    """The quotient rounded towards zero."""
    _refuse_zero("div", input, xp.asarray(other))
    return _truncated(xp, input, other)


for _rounded in (div_floor, div_trunc):

    @_rounded.vjp("input")
    def _(F: Any, g: Any) -> Any:
        return zero_gradient(F, g)

    @_rounded.vjp("other")
    def _(F: Any, g: Any) -> Any:
        return zero_gradient(F, g)


@op("NotImplemented", name="floor_divide", types="promote", broadcast=True, scalars=True)
def floor_divide_op(xp: Any, input: Any, other: Any) -> Any:
    """The quotient rounded down: Python's ``//``."""
    _refuse_zero("floor_divide", input, xp.asarray(other))
    return xp.floor_divide(input, other)


@floor_divide_op.vjp("input", "other")
def _(g: Any) -> Any:
    raise RuntimeError(
        "derivative for aten::floor_divide is not implemented; it is zero almost everywhere: "
        "use div(..., rounding_mode='floor'), or detach() the operands"
    )


@op(
    "RemainderBackward1", name="remainder", scalar_node="RemainderBackward0", types="promote",
    broadcast=True, scalars=True, elementwise=True,
)  # fmt: skip
def remainder_op(xp: Any, input: Any, other: Any) -> Any:
    """What ``//`` leaves, with the sign of the divisor: Python's ``%``."""
    _refuse_zero("remainder", input, xp.asarray(other))
    return xp.remainder(input, other)


@remainder_op.vjp("input")
def _(g: Any) -> Any:
    return g


@remainder_op.vjp("other")
def _(F: Any, g: Any, input: Any, other: Any) -> Any:
    return -g * F.div_floor(input, other)


@op(
    "FmodBackward1", name="fmod", scalar_node="FmodBackward0", types="promote",
    broadcast=True, scalars=True, elementwise=True,
)  # fmt: skip
def fmod_op(xp: Any, input: Any, other: Any) -> Any:
    """What division rounded towards zero leaves, with the sign of the dividend: C's fmod."""
    _refuse_zero("fmod", input, xp.asarray(other))
    return xp.fmod(input, other)


@fmod_op.vjp("input")
def _(g: Any) -> Any:
    return g


@fmod_op.vjp("other")
def _(F: Any, g: Any, input: Any, other: Any) -> Any:
    return -g * F.div_trunc(input, other)


def div(input: Tensor, other: Any, *, rounding_mode: str | None = None) -> Tensor:
    """The quotient, element by element.

    Parameters
    ----------
    rounding_mode : None, 'trunc' or 'floor'
        None: true division, integers become floats.  'trunc' rounds towards zero as in C,
        'floor' down as Python's ``//``; both keep integers.
    """
    if rounding_mode is None:
        return div_op.call(input, other)
    if rounding_mode == "floor":
        return div_floor.call(input, other)
    if rounding_mode == "trunc":
        return div_trunc.call(input, other)
    raise RuntimeError(
        "div expected rounding_mode to be one of None, 'trunc', or 'floor' "
        f"but found '{rounding_mode}'"
    )


# ------------------------------------------------------------------ powers


@op("PowBackward0", elementwise=True)
def pow_scalar(xp: Any, input: Any, *, exponent: Any) -> Any:
    """The input to the power of a number."""
    if exponent == 3:  # powf takes ten times as long
        return input * input * input
    return input**exponent


@pow_scalar.vjp
def _(F: Any, g: Any, input: Any, exponent: Any) -> Any:
    if exponent == 2:
        return g * (input + input)
    if exponent == 1:
        return g
    if exponent == 0:
        return zero_gradient(F, g)
    return g * (input ** (exponent - 1) * exponent)


@op("PowBackward1", name="pow", types="promote", broadcast=True, elementwise=True)
def pow_op(xp: Any, input: Any, exponent: Any) -> Any:
    """The input to the power of another tensor, element by element."""
    return xp.power(input, exponent)


@pow_op.vjp("input")
def _(F: Any, g: Any, input: Any, exponent: Any) -> Any:
    return F.where(F.eq(exponent, 0), 0, g * (exponent * input ** (exponent - 1)))


@pow_op.vjp("exponent")
def _(F: Any, g: Any, input: Any, exponent: Any, result: Any) -> Any:
    flat = F.logical_and(F.eq(input, 0), F.ge(exponent, 0))
    return F.where(flat, 0, g * (result * F.log(input)))


@op("PowBackward2", elementwise=True)
def pow_of_number(xp: Any, exponent: Any, *, base: Any) -> Any:
    """A number to the power of a tensor."""
    return xp.power(exponent.dtype.type(base), exponent)


@pow_of_number.vjp
def _(F: Any, g: Any, exponent: Any, result: Any, base: Any) -> Any:
    if base > 0:
        return g * (result * math.log(base))
    slope = g * (result * (-math.inf if base == 0 else math.nan))
    return F.where(F.ge(exponent, 0), 0, slope) if base == 0 else slope


def pow(input: Any, exponent: Any) -> Tensor:
    """``input ** exponent``, element by element; one of the two may be a number.

    Raises
    ------
    RuntimeError
        For an integer tensor and a negative integer exponent.
    """
    if isinstance(exponent, NUMBERS):
        return pow_scalar.call(_promoted(input, exponent), exponent=exponent)
    if isinstance(input, NUMBERS):
        return pow_of_number.call(_promoted(exponent, input), base=input)
    return pow_op.call(input, exponent)


def _promoted(x: Tensor, number: Any) -> Tensor:
    """`x` in the dtype that an operation with a number gives."""
    array = x._array
    kind = array.dtype.kind
    if kind == "f" or (kind == "i" and isinstance(number, int)) or kind == "V":
        return x
    common = dtypes.result_type_of(((x.dtype, 2), (dtypes.python_dtype(number), 0)))
    if common is dtypes.bool_:
        common = dtypes.int64
    return x if common is x.dtype else cast(x, common)


def cast(x: Tensor, kind: dtypes.dtype) -> Tensor:
    """`x` with elements of another dtype, differentiably."""
    if x.dtype is kind:
        return x
    from .convert import to_dtype

    return to_dtype.call(x, dtype=kind.numpy)


def as_tensor_like(number: Any, like: Tensor) -> Tensor:
    """A 0-d tensor of a number, of the dtype and device of `like`."""
    xp = backend_of(like._array).xp
    return Tensor._from_array(xp.asarray(number, like._array.dtype))


def square(input: Tensor) -> Tensor:
    """The square of every element."""
    return pow(input, 2)


@method("__pow__")
def _pow(self: Tensor, exponent: Any) -> Any:
    if exponent.__class__ in (int, float) and self._array.dtype.kind == "f":
        return pow_scalar.call(self, exponent=exponent)
    if isinstance(exponent, (Tensor, *NUMBERS)):
        return pow(self, exponent)
    return NotImplemented


# ------------------------------------------------------------------ three operands


@op("LerpBackward0", broadcast=True, elementwise=True)
def lerp_scalar(xp: Any, input: Any, end: Any, *, weight: Any) -> Any:
    """``input + weight * (end - input)`` for a number `weight`."""
    return input + weight * (end - input) if abs(weight) < 0.5 else end - (end - input) * (1 - weight)  # fmt: skip


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


# ------------------------------------------------------------------ methods and operators

multiply = mul = mul_op.call
neg = negative = neg_op.call
subtract, true_divide, divide = sub, div, div
floor_divide, remainder, fmod = floor_divide_op.call, remainder_op.call, fmod_op.call

for _name in (
    "add", "sub", "subtract", "rsub", "mul", "multiply", "div", "divide", "true_divide",
    "floor_divide", "remainder", "fmod", "pow", "square", "neg", "negative", "lerp", "addcmul",
    "addcdiv",
):  # fmt: skip
    _fn = globals()[_name]
    setattr(Tensor, _name, _fn)
    if _name != "rsub":
        setattr(Tensor, f"{_name}_", inplace.twin(_fn, f"{_name}_"))

Tensor.__add__ = Tensor.__radd__ = add_op.call
Tensor.__sub__ = sub_op.call
Tensor.__rsub__ = rsub_op.call
Tensor.__mul__ = Tensor.__rmul__ = mul_op.call
Tensor.__truediv__ = Tensor.__div__ = div_op.call
Tensor.__floordiv__ = floor_divide
Tensor.__mod__ = remainder
Tensor.__neg__ = neg_op.call
Tensor.__iadd__, Tensor.__isub__, Tensor.__imul__ = Tensor.add_, Tensor.sub_, Tensor.mul_
Tensor.__itruediv__, Tensor.__ipow__ = Tensor.div_, Tensor.pow_
Tensor.__ifloordiv__, Tensor.__imod__ = Tensor.floor_divide_, Tensor.remainder_


@method("__rtruediv__", "__rdiv__")
def _rtruediv(self: Tensor, other: Any) -> Tensor:
    return self.reciprocal() * other


@method("__rpow__")
def _rpow(self: Tensor, base: Any) -> Tensor:
    return pow(base, self)


@method("__rfloordiv__")
def _rfloordiv(self: Tensor, other: Any) -> Tensor:
    return floor_divide(other, self)


@method("__rmod__")
def _rmod(self: Tensor, other: Any) -> Tensor:
    return remainder(other, self)


@method("__pos__")
def positive(input: Tensor) -> Tensor:
    """The tensor itself.

    Raises
    ------
    RuntimeError
        For a bool tensor.
    """
    if input.dtype is dtypes.bool_:
        raise DtypeError("The `+` operator, on a bool tensor is not supported.")
    return input


Tensor.positive = positive

__all__ = [
    "add", "sub", "subtract", "rsub", "mul", "multiply", "div", "divide", "true_divide",
    "floor_divide", "remainder", "fmod", "pow", "square", "neg", "negative", "positive", "lerp",
    "addcmul", "addcdiv",
]  # fmt: skip
