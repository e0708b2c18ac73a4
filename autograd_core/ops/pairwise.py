"""Functions of two tensors beyond arithmetic: extremes, bounds, angles, logarithms of sums."""

from __future__ import annotations

import math
from typing import Any

from .. import dtypes, inplace
from .._tensor import Tensor
from ..declare import elementwise, op
from ..dispatch import NUMBERS
from ..errors import DtypeError
from ..examples import call, examples
from .arithmetic import as_tensor_like, cast

# ------------------------------------------------------------------ maximum and minimum

maximum_op = elementwise("maximum", "MaximumBackward0", "maximum", 2, "The larger.", scalars=False)
minimum_op = elementwise("minimum", "MinimumBackward0", "minimum", 2, "The smaller.", scalars=False)
fmax_op = elementwise("fmax", "FmaxBackward0", "fmax", 2, "The larger, not NaN.", scalars=False)
fmin_op = elementwise("fmin", "FminBackward0", "fmin", 2, "The smaller, not NaN.", scalars=False)


def _halves(F: Any, g: Any, mine: Any, other: Any, lost: Any) -> Any:
    """Everything to the winner, half to each of two equals."""
    return F.where(lost, 0, F.where(F.eq(mine, other), g * 0.5, g))


@maximum_op.vjp("input")
def _(F: Any, g: Any, input: Any, other: Any) -> Any:
    return _halves(F, g, input, other, F.lt(input, other))


@maximum_op.vjp("other")
def _(F: Any, g: Any, input: Any, other: Any) -> Any:
    return _halves(F, g, input, other, F.gt(input, other))


@minimum_op.vjp("input")
def _(F: Any, g: Any, input: Any, other: Any) -> Any:
    return _halves(F, g, input, other, F.gt(input, other))


@minimum_op.vjp("other")
def _(F: Any, g: Any, input: Any, other: Any) -> Any:
    return _halves(F, g, input, other, F.lt(input, other))


@fmax_op.vjp("input")
def _(F: Any, g: Any, input: Any, other: Any) -> Any:
    return F.where(F.logical_or(F.ge(input, other), F.isnan(other)), g, 0)


@fmax_op.vjp("other")
def _(F: Any, g: Any, input: Any, other: Any) -> Any:
    return F.where(F.logical_or(F.ge(input, other), F.isnan(other)), 0, g)


@fmin_op.vjp("input")
def _(F: Any, g: Any, input: Any, other: Any) -> Any:
    return F.where(F.logical_or(F.le(input, other), F.isnan(other)), g, 0)


@fmin_op.vjp("other")
def _(F: Any, g: Any, input: Any, other: Any) -> Any:
    return F.where(F.logical_or(F.le(input, other), F.isnan(other)), 0, g)


maximum, minimum, fmax, fmin = maximum_op.call, minimum_op.call, fmax_op.call, fmin_op.call

# ------------------------------------------------------------------ bounds


def _between(F: Any, x: Any, min: Any, max: Any) -> Any:
    """Where x is within its bounds, these included."""
    if min is None:
        return F.le(x, max)
    if max is None:
        return F.ge(x, min)
    return F.logical_and(F.ge(x, min), F.le(x, max))


def _clamped(xp: Any, x: Any, min: Any, max: Any) -> Any:
    if min is not None:
        x = xp.maximum(x, min)
    return x if max is None else xp.minimum(x, max)


@op("ClampBackward1", elementwise=True)
def clamp_scalar(xp: Any, input: Any, *, min: Any, max: Any) -> Any:
    """See `clamp`."""
    return _clamped(xp, input, min, max)


@op("ClampMinBackward0", elementwise=True)
def clamp_min_scalar(xp: Any, input: Any, *, min: Any) -> Any:
    """See `clamp`."""
    return xp.maximum(input, min)


@op("ClampMaxBackward0", elementwise=True)
def clamp_max_scalar(xp: Any, input: Any, *, max: Any) -> Any:
    """See `clamp`."""
    return xp.minimum(input, max)


@clamp_scalar.vjp
def _(F: Any, g: Any, input: Any, min: Any, max: Any) -> Any:
    return F.where(_between(F, input, min, max), g, 0)


@clamp_min_scalar.vjp
def _(F: Any, g: Any, input: Any, min: Any) -> Any:
    return F.where(F.ge(input, min), g, 0)


@clamp_max_scalar.vjp
def _(F: Any, g: Any, input: Any, max: Any) -> Any:
    return F.where(F.le(input, max), g, 0)


@op("ClampBackward0", types="promote", broadcast=True, elementwise=True)
def clamp_tensors(xp: Any, input: Any, min: Any, max: Any) -> Any:
    """See `clamp`."""
    return _clamped(xp, input, min, max)


@clamp_tensors.vjp("input")
def _(F: Any, g: Any, input: Any, min: Any, max: Any) -> Any:
    return F.where(_between(F, input, min, max), g, 0)


@clamp_tensors.vjp("min")
def _(F: Any, g: Any, input: Any, min: Any, max: Any) -> Any:
    below = F.lt(input, min)
    if max is not None:
        below = F.logical_and(below, F.lt(min, max))
    return F.where(below, g, 0)


@clamp_tensors.vjp("max")
def _(F: Any, g: Any, input: Any, min: Any, max: Any) -> Any:
    above = F.gt(input, max)
    if min is not None:
        above = F.logical_or(above, F.lt(max, min))
    return F.where(above, g, 0)


@op("ClampMinBackward1", types="promote", broadcast=True, elementwise=True)
def clamp_min_tensor(xp: Any, input: Any, min: Any) -> Any:
    """See `clamp`."""
    return xp.maximum(input, min)


@clamp_min_tensor.vjp("input")
def _(F: Any, g: Any, input: Any, min: Any) -> Any:
    return F.where(F.ge(input, min), g, 0)


@clamp_min_tensor.vjp("min")
def _(F: Any, g: Any, input: Any, min: Any) -> Any:
    return F.where(F.lt(input, min), g, 0)


@op("ClampMaxBackward1", types="promote", broadcast=True, elementwise=True)
def clamp_max_tensor(xp: Any, input: Any, max: Any) -> Any:
    """See `clamp`."""
    return xp.minimum(input, max)


@clamp_max_tensor.vjp("input")
def _(F: Any, g: Any, input: Any, max: Any) -> Any:
    return F.where(F.le(input, max), g, 0)


@clamp_max_tensor.vjp("max")
def _(F: Any, g: Any, input: Any, max: Any) -> Any:
    return F.where(F.gt(input, max), g, 0)


def _with_bounds(input: Tensor, *bounds: Any) -> Tensor:
    """The input in the dtype that its bounds, numbers, ask for."""
    if input._array.dtype.kind not in "biu":
        return input
    operands = [(dtypes.python_dtype(b), 0) for b in bounds if b is not None]
    return cast(input, dtypes.result_type_of([(input.dtype, 2), *operands]))


def clamp(input: Tensor, min: Any = None, max: Any = None) -> Tensor:
    """Bring every element into ``[min, max]``; the gradient passes where nothing changed.

    Parameters
    ----------
    min, max : number or Tensor, optional
        At least one of them; where min > max the result is max.

    Raises
    ------
    RuntimeError
        If both are missing.
    """
    if min is None and max is None:
        raise RuntimeError("torch.clamp: At least one of 'min' or 'max' must not be None")
    if isinstance(min, Tensor) or isinstance(max, Tensor):
        min, max = (as_tensor_like(b, input) if isinstance(b, NUMBERS) else b for b in (min, max))
        return clamp_tensors.call(input, min, max)
    return clamp_scalar.call(_with_bounds(input, min, max), min=min, max=max)


def clamp_min(input: Tensor, min: Any) -> Tensor:
    """Raise every element to at least `min`, a number or a tensor."""
    if isinstance(min, Tensor):
        return clamp_min_tensor.call(input, min)
    return clamp_min_scalar.call(_with_bounds(input, min), min=min)


def clamp_max(input: Tensor, max: Any) -> Tensor:
    """Lower every element to at most `max`, a number or a tensor."""
    if isinstance(max, Tensor):
        return clamp_max_tensor.call(input, max)
    return clamp_max_scalar.call(_with_bounds(input, max), max=max)


clip = clamp

# ------------------------------------------------------------------ angles and lengths

atan2_op = elementwise(
    "atan2", "Atan2Backward0", "arctan2", 2, "Angle of the point (other, input).",
    types="float", scalars=False,
)  # fmt: skip


def _over_square(F: Any, part: Any, y: Any, x: Any) -> Any:
    square = y * y + x * x
    return F.where(F.eq(square, 0), 0, part / square)


@atan2_op.vjp("input")
def _(F: Any, g: Any, input: Any, other: Any) -> Any:
    return g * _over_square(F, other, input, other)


@atan2_op.vjp("other")
def _(F: Any, g: Any, input: Any, other: Any) -> Any:
    return -g * _over_square(F, input, input, other)


hypot_op = elementwise(
    "hypot", "HypotBackward0", "hypot", 2, "sqrt(input² + other²) without overflow.", scalars=False
)


@hypot_op.vjp("input")
def _(g: Any, input: Any, result: Any) -> Any:
    return g * (input / result)


@hypot_op.vjp("other")
def _(g: Any, other: Any, result: Any) -> Any:
    return g * (other / result)


copysign_op = elementwise(
    "copysign", "CopysignBackward0", "copysign", 2, "The input with the other's sign.",
    types="float", scalars="other", scalar_node="CopysignBackward1",
)  # fmt: skip


@copysign_op.vjp("input")
def _(F: Any, g: Any, input: Any, result: Any) -> Any:
    return F.where(F.eq(input, 0), 0, g * (F.sign(input) * F.sign(result)))


@copysign_op.vjp("other")
def _(F: Any, g: Any) -> Any:
    return F.zeros_of(g, shape=g.shape)


# ------------------------------------------------------------------ logarithms

logaddexp_op = elementwise(
    "logaddexp", "LogaddexpBackward0", "logaddexp", 2, "log(exp(input) + exp(other)).",
    types="float", scalars=False,
)  # fmt: skip
logaddexp2_op = elementwise(
    "logaddexp2", "Logaddexp2Backward0", "logaddexp2", 2, "log2(2**input + 2**other).",
    types="float", scalars=False,
)  # fmt: skip


@logaddexp_op.vjp("input")
def _(F: Any, g: Any, input: Any, other: Any) -> Any:
    return g * F.sigmoid(input - other)


@logaddexp_op.vjp("other")
def _(F: Any, g: Any, input: Any, other: Any) -> Any:
    return g * F.sigmoid(other - input)


@logaddexp2_op.vjp("input")
def _(F: Any, g: Any, input: Any, other: Any) -> Any:
    return g * F.sigmoid((input - other) * math.log(2))


@logaddexp2_op.vjp("other")
def _(F: Any, g: Any, input: Any, other: Any) -> Any:
    return g * F.sigmoid((other - input) * math.log(2))


@op("XlogyBackward0", name="xlogy", types="float", broadcast=True, elementwise=True)
def xlogy_op(xp: Any, input: Any, other: Any) -> Any:
    """``input * log(other)``, and 0 where `input` is 0 (NaN where `other` is)."""
    return xp.where((input == 0) & (other == other), 0, input * xp.log(other))


@xlogy_op.vjp("input")
def _(F: Any, g: Any, input: Any, other: Any) -> Any:
    flat = F.logical_and(F.eq(input, 0), F.le(other, 0))
    return F.where(flat, 0, g * F.log(other))


@xlogy_op.vjp("other")
def _(F: Any, g: Any, input: Any, other: Any) -> Any:
    return g * (input / other)


@op("LdexpBackward0", name="ldexp", types="float", broadcast=True, elementwise=True)
def ldexp_op(xp: Any, input: Any, other: Any) -> Any:
    """``input * 2**other``."""
    return input * xp.exp2(other)


@ldexp_op.vjp("input")
def _(F: Any, g: Any, other: Any) -> Any:
    return g * F.exp2(other)


@ldexp_op.vjp("other")
def _(g: Any, result: Any) -> Any:
    return g * (result * math.log(2))


def xlogy(input: Any, other: Any) -> Tensor:
    """``input * log(other)``, and 0 where `input` is 0; one of the two may be a number."""
    if isinstance(input, NUMBERS):
        input = as_tensor_like(input, cast(other, default_float(other)))
    elif isinstance(other, NUMBERS):
        other = as_tensor_like(other, cast(input, default_float(input)))
    return xlogy_op.call(input, other)


def default_float(x: Tensor) -> dtypes.dtype:
    """The dtype of `x`, or the default float for integers."""
    return x.dtype if x.dtype.category >= dtypes.FLOATING else dtypes.get_default_dtype()


def _one_dtype(input: Any, values: Any) -> None:
    if input.dtype is not values.dtype:
        raise DtypeError(
            "heaviside is not yet implemented for tensors with different dtypes, got "
            f"{input.dtype!r} and {values.dtype!r}"
        )


@op("NotImplemented", name="heaviside", broadcast=True, check=_one_dtype)
def heaviside_op(xp: Any, input: Any, values: Any) -> Any:
    """0 below zero, 1 above, `values` at zero."""
    return xp.heaviside(input, values).astype(input.dtype)


@heaviside_op.vjp("input", "values")
def _(g: Any) -> Any:
    raise RuntimeError(
        "derivative for aten::heaviside is not implemented; it is zero almost everywhere: "
        "detach() the operands"
    )


# ------------------------------------------------------------------ methods

arctan2 = atan2 = atan2_op.call
hypot, copysign, logaddexp, logaddexp2 = (
    o.call for o in (hypot_op, copysign_op, logaddexp_op, logaddexp2_op)
)
ldexp, heaviside = ldexp_op.call, heaviside_op.call

__all__ = [
    "maximum", "minimum", "fmax", "fmin", "clamp", "clip", "clamp_min", "clamp_max", "atan2",
    "arctan2", "hypot", "copysign", "logaddexp", "logaddexp2", "xlogy", "ldexp",
    "heaviside",
]  # fmt: skip
for _name in __all__:
    setattr(Tensor, _name, globals()[_name])
for _name in (*__all__[4:11], "copysign", "xlogy", "ldexp", "heaviside"):
    setattr(Tensor, f"{_name}_", inplace.twin(globals()[_name], f"{_name}_"))

# ------------------------------------------------------------------ examples


def _two(draw: Any) -> Any:
    yield call(draw.real(3, 4), draw.real(3, 4))
    yield call(draw.real(3, 1), draw.real(4))
    yield call(draw.real(), draw.real(2))
    yield call(draw.real(0, 3), draw.real(3))
    yield call(draw.real(), draw.real())


for _name in ("maximum", "minimum", "fmax", "fmin", "atan2", "hypot", "copysign", "logaddexp"):
    examples(_name)(_two)
examples("logaddexp2")(_two)


@examples("clamp")
@examples("clip")
def _(draw: Any) -> Any:
    x = draw.real(3, 4)
    yield call(x, -0.5, 0.7)
    yield call(x, min=-0.5)
    yield call(x, max=0.7)
    yield call(x, 1.0, -1.0)
    yield call(x, draw.real(4, low=-2.0, high=-1.0), draw.real(3, 1, low=0.5))
    yield call(x, min=draw.real(4))
    yield call(x, max=draw.real(3, 4))
    yield call(draw.integers(5, high=9), 2, 5)
    yield call(draw.integers(5, high=9), 2.5, 5)
    yield call(draw.real(0, 3), 0, 1)
    yield call(draw.real(), 0)


@examples("clamp_min")
@examples("clamp_max")
def _(draw: Any) -> Any:
    yield call(draw.real(3, 4), 0.3)
    yield call(draw.real(3, 4), draw.real(3, 1))
    yield call(draw.real(3, 4), 1)
    yield call(draw.integers(5, high=9), 4)
    yield call(draw.real(), 0.1)


@examples("xlogy")
def _(draw: Any) -> Any:
    zero = draw.real(3, 4)
    yield call(zero, draw.real(3, 4, low=0.5))
    yield call(draw.real(3, 1), draw.real(4, low=0.5))
    yield call(draw.real(3), 2.0)
    yield call(0.5, draw.real(3, low=0.5))


@examples("ldexp")
def _(draw: Any) -> Any:
    yield call(draw.real(3, 4), draw.integers(4, high=5))
    yield call(draw.real(3, 4), draw.real(4))


@examples("heaviside", grad=False)
def _(draw: Any) -> Any:
    yield call(draw.integers(3, 4, high=3, low=-2).astype(float), draw.real(4))
