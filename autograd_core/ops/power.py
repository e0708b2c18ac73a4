"""Powers, of tensors and of numbers."""

from __future__ import annotations

import math
from typing import Any

from .. import dtypes, inplace
from .._tensor import Tensor, method
from ..declare import op
from ..dispatch import NUMBERS
from ..errors import DtypeError
from ..examples import call, examples
from .arithmetic import as_tensor_like, cast
from .formulas import zero_gradient


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
    if exponent.dtype.kind != "i" or not (exponent < 0).any():
        return xp.power(input, exponent)
    whole = xp.power(input, xp.abs(exponent))  # of integers only 1 and -1 have a reciprocal
    return xp.where((exponent < 0) & (xp.abs(input) != 1), 0, whole)


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
        exponent = _promoted(exponent, input)
        if exponent.dtype.category < dtypes.FLOATING:
            return pow_op.call(as_tensor_like(input, exponent), exponent)
        return pow_of_number.call(exponent, base=input)
    if not isinstance(exponent, Tensor):
        raise TypeError(
            "pow(): argument 'exponent' (position 2) must be Tensor or number, "
            f"not {type(exponent).__name__}"
        )
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


method("__ipow__")(inplace.twin(pow, "pow_"))


@method("__rpow__")
def _rpow(self: Tensor, base: Any) -> Tensor:
    return pow(base, self)


_COMPLEX = (dtypes.complex64, dtypes.complex128)


def float_power(input: Any, exponent: Any) -> Tensor:
    """``input ** exponent`` in double precision; one of the two may be a number."""
    if not isinstance(input, Tensor) and not isinstance(exponent, Tensor):
        raise TypeError("float_power(): one of 'input' and 'exponent' must be a Tensor")
    complex_ = any(
        isinstance(x, complex) or getattr(x, "dtype", None) in _COMPLEX for x in (input, exponent)
    )
    kind = dtypes.complex128 if complex_ else dtypes.float64
    parts: list[Any] = [cast(x, kind) if isinstance(x, Tensor) else x for x in (input, exponent)]
    return parts[0] ** parts[1]


def _float_power_in_place(input: Tensor, exponent: Any) -> Tensor:
    """`float_power` of what can hold its result."""
    found = float_power(input, exponent)
    if input.dtype is not found.dtype:
        raise DtypeError(
            f"the base given to float_power_ has dtype {dtypes.scalar_type(input.dtype)} but the "
            f"operation's result requires dtype {dtypes.scalar_type(found.dtype)}"
        )
    return found


__all__ = ["pow", "square", "float_power"]
for _name in __all__:
    setattr(Tensor, _name, globals()[_name])
for _name, _fn in (("pow_", pow), ("square_", square), ("float_power_", _float_power_in_place)):
    setattr(Tensor, _name, inplace.twin(_fn, _name))

# ------------------------------------------------------------------ examples


@examples("pow")
def _(draw: Any) -> Any:
    for exponent in (2, 3, 1, 0, -1, -2, 0.5, 2.5, 4.0):
        yield call(draw.real(3, 4, low=0.2), exponent)
    for exponent in (2, 3, -3):
        yield call(draw.real(3, 4), exponent)
    yield call(draw.real(3, 1, low=0.2), draw.real(4))
    yield call(2, draw.real(3, 4))
    yield call(0.5, draw.real())
    yield call(draw.real(0, 3), 2)
    yield call(draw.integers(4, high=4), 2)
    yield call(draw.integers(4, low=1, high=4), 0.5)
    yield call(draw.real(4, low=0.2), draw.integers(4, high=4))


@examples("square")
def _(draw: Any) -> Any:
    yield call(draw.real(3, 4))
    yield call(draw.real())
    yield call(draw.real(0, 2))
    yield call(draw.integers(4, low=-3, high=3))


@examples("Tensor.__rpow__")
def _(draw: Any) -> Any:
    yield call(draw.real(3, 4), 1.5)
    yield call(draw.real(3), 2)
    yield call(draw.real(), 2)


@examples("float_power")
def _(draw: Any) -> Any:
    yield call(draw.real(3, 4, low=0.1), draw.real(4))
    yield call(draw.real(3, 4), 3)
    yield call(2, draw.real(3))
