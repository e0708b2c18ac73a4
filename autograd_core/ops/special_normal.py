"""The normal distribution's functions, entropies, and the scaled error function."""

from __future__ import annotations

import math
from typing import Any

from .._tensor import Tensor
from ..declare import op
from ..dispatch import NUMBERS
from ..examples import call, examples
from .arithmetic import as_tensor_like, cast
from .pairwise import default_float


@op("SpecialEntrBackward0", name="entr", types="float", elementwise=True)
def entr_op(xp: Any, input: Any) -> Any:
    """``-x * log(x)``: 0 at 0, -inf below."""
    inside = xp.where(input > 0, input, 1)
    value = xp.where(input > 0, -inside * xp.log(inside), xp.where(input == 0, 0, -xp.inf))
    return xp.where(input != input, input, value).astype(input.dtype)


@entr_op.vjp
def _(F: Any, g: Any, input: Any) -> Any:
    return -g * (1 + F.log(input))


@op("SpecialErfcxBackward0", name="erfcx", types="float", elementwise=True)
def erfcx_op(xp: Any, input: Any) -> Any:
    """``exp(x²) * erfc(x)``, finite where erfc(x) is 0."""
    return xp.special.erfcx(input)


@erfcx_op.vjp
def _(g: Any, input: Any, result: Any) -> Any:
    return g * (2 * input * result - 2 / math.sqrt(math.pi))


@op("SpecialLogNdtrBackward0", name="log_ndtr", types="float", elementwise=True)
def log_ndtr_op(xp: Any, input: Any) -> Any:
    """Logarithm of `ndtr`, exact in the left tail."""
    return xp.special.log_ndtr(input)


@log_ndtr_op.vjp
def _(F: Any, g: Any, input: Any) -> Any:
    return g / F.erfcx(input * -math.sqrt(0.5)) * math.sqrt(2 / math.pi)


@op("SpecialNdtriBackward0", name="ndtri", types="float", elementwise=True)
def ndtri_op(xp: Any, input: Any) -> Any:
    """The number below which a normally distributed one lies with probability x."""
    return xp.special.ndtri(input)


@ndtri_op.vjp
def _(F: Any, g: Any, result: Any) -> Any:
    return g * (F.exp(result * result * 0.5) * math.sqrt(2 * math.pi))


entr, erfcx, log_ndtr, ndtri = (o.call for o in (entr_op, erfcx_op, log_ndtr_op, ndtri_op))


def ndtr(input: Tensor) -> Tensor:
    """The probability that a normally distributed number lies below x."""
    found: Tensor = (1 + (input / math.sqrt(2)).erf()) * 0.5
    return found


@op("SpecialXlog1PyBackward0", name="xlog1py", types="float", broadcast=True, elementwise=True)
def xlog1py_op(xp: Any, input: Any, other: Any) -> Any:
    """``input * log1p(other)``, and 0 where `input` is 0 (NaN where `other` is)."""
    return xp.where((input == 0) & (other == other), 0, input * xp.log1p(other))


@xlog1py_op.vjp("input")
def _(F: Any, g: Any, input: Any, other: Any) -> Any:
    flat = F.logical_and(F.eq(input, 0), F.le(other, -1))
    return F.where(flat, 0, g * F.log1p(other))


@xlog1py_op.vjp("other")
def _(g: Any, input: Any, other: Any) -> Any:
    return g * (input / (other + 1))


def as_floats(input: Any, other: Any) -> tuple[Tensor, Tensor]:
    """Two operands, one of which may be a number, as tensors."""
    if isinstance(input, NUMBERS):
        input = as_tensor_like(input, cast(other, default_float(other)))
    elif isinstance(other, NUMBERS):
        other = as_tensor_like(other, cast(input, default_float(input)))
    return input, other


def xlog1py(input: Any, other: Any) -> Tensor:
    """``input * log1p(other)``, and 0 where `input` is 0; one of the two may be a number."""
    return xlog1py_op.call(*as_floats(input, other))


__all__: list[str] = []

# ------------------------------------------------------------------ examples


@examples("special.entr")
def _(draw: Any) -> Any:
    yield call(draw.real(3, 4, low=0.1, high=3))
    yield call(draw.real(low=0.1))
    yield call(draw.real(0, 2, low=0.1))
    yield call(draw.integers(6, low=-2, high=4))
    yield call(draw.booleans(3))


@examples("special.erfcx")
@examples("special.log_ndtr")
@examples("special.ndtr")
def _(draw: Any) -> Any:
    yield call(draw.real(3, 4))
    yield call(draw.real(6, low=-5, high=5))
    yield call(draw.real())
    yield call(draw.real(0, 2))
    yield call(draw.integers(6, low=-4, high=4))


@examples("special.ndtri")
def _(draw: Any) -> Any:
    yield call(draw.real(3, 4, low=0.05, high=0.95))
    yield call(draw.real(low=0.1, high=0.9))
    yield call(draw.real(0, 2))
    yield call(draw.integers(4, high=2))


@examples("special.xlog1py")
def _(draw: Any) -> Any:
    yield call(draw.real(3, 4), draw.real(3, 4, low=-0.9))
    yield call(draw.real(3, 1), draw.real(4, low=-0.9))
    yield call(draw.real(3), 2.0)
    yield call(0.5, draw.real(3, low=-0.5))
    yield call(draw.integers(3, high=3), draw.integers(3, high=3))
