"""Addition to division: what Python's operators do.

Where nothing has to be read from the arguments, the function, the method and the operator
are one object: the op's generated call (`autograd_core.template`).
"""

from __future__ import annotations

from functools import partial
from typing import Any

import numpy as np

from .. import dtypes, inplace
from .._tensor import Tensor, method
from ..backends import backend_of
from ..declare import elementwise, op
from ..dispatch import NUMBERS
from ..errors import DtypeError
from ..examples import call, examples
from ..outputs import write_outputs
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

add_op = elementwise("add", "AddBackward0", "add", 2, "Sum, element by element.", scalars="both")
sub_op = elementwise(
    "sub", "SubBackward0", "subtract", 2, "Difference.", scalars="both",
    check=_no_bool_subtraction,
)  # fmt: skip
mul_op = elementwise(
    "mul", "MulBackward0", "multiply", 2, "Product, element by element.", scalars="both"
)
div_op = elementwise(
    "div", "DivBackward0", "true_divide", 2, "Quotient.", types="float", scalars="both"
)
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


def _factor(other: Any, alpha: Any) -> Any:
    """A negative factor of unsigned numbers counts from their end, as in C."""
    return np.asarray(alpha).astype(other.dtype)[()] if other.dtype.kind == "u" else alpha


@op("AddBackward0", types="promote", broadcast=True, elementwise=True)
def add_scaled(xp: Any, input: Any, other: Any, *, alpha: Any) -> Any:
    """``input + alpha * other``."""
    return input + _factor(other, alpha) * other


@add_scaled.vjp("input")
def _(g: Any) -> Any:
    return g


@add_scaled.vjp("other")
def _(g: Any, alpha: Any) -> Any:
    return g * alpha


@op("SubBackward0", types="promote", broadcast=True, elementwise=True, check=_no_bool_subtraction)
def sub_scaled(xp: Any, input: Any, other: Any, *, alpha: Any) -> Any:
    """``input - alpha * other``."""
    return input - _factor(other, alpha) * other


@sub_scaled.vjp("input")
def _(g: Any) -> Any:
    return g


@sub_scaled.vjp("other")
def _(g: Any, alpha: Any) -> Any:
    return -g * alpha


@op(
    "RsubBackward0", name="rsub", scalar_node="RsubBackward1", types="promote", broadcast=True,
    scalars="other", elementwise=True, check=_no_bool_subtraction,
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


def add(input: Tensor, other: Any, *, alpha: Any = 1, out: Tensor | None = None) -> Tensor:
    """``input + alpha * other``, element by element.

    Parameters
    ----------
    input, other : Tensor or number
    alpha : number, default 1
        An integer unless one of the two is a float.
    out : Tensor, optional
        Takes the result.
    """
    if out is not None:
        return write_outputs("add", partial(add, input, other, alpha=alpha), (input, other), out)
    if alpha == 1:
        return add_op.call(input, other)
    _check_alpha("add", (input, other), alpha)
    if isinstance(other, NUMBERS):
        return add_op.call(input, alpha * other)
    return add_scaled.call(input, other, alpha=alpha)


def sub(input: Tensor, other: Any, *, alpha: Any = 1, out: Tensor | None = None) -> Tensor:
    """``input - alpha * other``, element by element; see `add`."""
    if out is not None:
        return write_outputs("sub", partial(sub, input, other, alpha=alpha), (input, other), out)
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
    """Integers have no infinity to give (on a GPU nobody looks: the host would have to wait)."""
    if _whole(input, other) and backend_of(other).name == "cpu" and not np.all(other != 0):
        raise RuntimeError(
            f"ZeroDivisionError: {name}() of an integer tensor by zero; convert to float first"
        )


def _whole(input: Any, other: Any) -> bool:
    """Whether integers are divided (beside half precision a number comes without a dtype)."""
    divided = input if hasattr(input, "dtype") else other
    return divided.dtype.kind in "iu"


def _truncated(xp: Any, input: Any, other: Any) -> Any:
    if not _whole(input, other):
        return xp.trunc(xp.true_divide(input, other))
    below = xp.floor_divide(input, other)
    uneven = (below * other != input) & ((input < 0) != (xp.asarray(other) < 0))
    return below + uneven.astype(below.dtype)


@op("DivBackward2", types="promote", broadcast=True, scalars="both", elementwise=True)
def div_floor(xp: Any, input: Any, other: Any) -> Any:
    """The quotient rounded down."""
    _refuse_zero("div", input, other)
    return xp.floor_divide(input, other)


@op("DivBackward2", types="promote", broadcast=True, scalars="both", elementwise=True)
def div_trunc(xp: Any, input: Any, other: Any) -> Any:
    """The quotient rounded towards zero."""
    _refuse_zero("div", input, other)
    return _truncated(xp, input, other)


for _rounded in (div_floor, div_trunc):

    @_rounded.vjp("input")
    def _(F: Any, g: Any) -> Any:
        return zero_gradient(F, g)

    @_rounded.vjp("other")
    def _(F: Any, g: Any) -> Any:
        return zero_gradient(F, g)


@op("NotImplemented", name="floor_divide", types="promote", broadcast=True, scalars="both")
def floor_divide_op(xp: Any, input: Any, other: Any) -> Any:
    """The quotient rounded down: Python's ``//``."""
    _refuse_zero("floor_divide", input, other)
    return xp.floor_divide(input, other)


def _no_derivative(g: Any) -> Any:
    raise RuntimeError(
        "derivative for aten::floor_divide is not implemented; it is zero almost everywhere: "
        "use div(..., rounding_mode='floor'), or detach() the operands"
    )


floor_divide_op.vjp("input")(_no_derivative)
floor_divide_op.vjp("other")(_no_derivative)


@op(
    "RemainderBackward1", name="remainder", scalar_node="RemainderBackward0", types="promote",
    broadcast=True, scalars=True, elementwise=True,
)  # fmt: skip
def remainder_op(xp: Any, input: Any, other: Any) -> Any:
    """What ``//`` leaves, with the sign of the divisor: Python's ``%``."""
    _refuse_zero("remainder", input, other)
    return xp.remainder(input, other)


@remainder_op.vjp("input")
def _(g: Any) -> Any:
    return g


@remainder_op.vjp("other")
def _(F: Any, g: Any, input: Any, other: Any) -> Any:
    return -g * F.div_floor(input, other)


@op(
    "FmodBackward1", name="fmod", scalar_node="FmodBackward0", types="promote",
    broadcast=True, scalars="other", elementwise=True,
)  # fmt: skip
def fmod_op(xp: Any, input: Any, other: Any) -> Any:
    """What division rounded towards zero leaves, with the sign of the dividend: C's fmod."""
    _refuse_zero("fmod", input, other)
    return xp.fmod(input, other)


@fmod_op.vjp("input")
def _(g: Any) -> Any:
    return g


@fmod_op.vjp("other")
def _(F: Any, g: Any, input: Any, other: Any) -> Any:
    return -g * F.div_trunc(input, other)


def div(
    input: Tensor, other: Any, *, rounding_mode: str | None = None, out: Tensor | None = None
) -> Tensor:
    """The quotient, element by element.

    Parameters
    ----------
    rounding_mode : None, 'trunc' or 'floor'
        None: true division, integers become floats.  'trunc' rounds towards zero as in C,
        'floor' down as Python's ``//``; both keep integers.
    out : Tensor, optional
        Takes the result.
    """
    if out is not None:
        quotient = partial(div, input, other, rounding_mode=rounding_mode)
        return write_outputs("div", quotient, (input, other), out)
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


# ------------------------------------------------------------------ dtypes


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


# ------------------------------------------------------------------ methods and operators

multiply = mul = mul_op.call
neg = negative = neg_op.call
subtract, true_divide, divide = sub, div, div
floor_divide, remainder, fmod = floor_divide_op.call, remainder_op.call, fmod_op.call

for _name in (
    "add", "sub", "subtract", "rsub", "mul", "multiply", "div", "divide", "true_divide",
    "floor_divide", "remainder", "fmod", "neg", "negative",
):  # fmt: skip
    _fn = globals()[_name]
    setattr(Tensor, _name, _fn)
    if _name != "rsub":
        setattr(Tensor, f"{_name}_", inplace.twin(_fn, f"{_name}_"))

_OPERATORS = {
    "__add__": add_op.call, "__radd__": add_op.call, "__sub__": sub_op.call,
    "__rsub__": rsub_op.call, "__mul__": mul, "__rmul__": mul, "__truediv__": div_op.call,
    "__div__": div_op.call, "__floordiv__": floor_divide, "__mod__": remainder, "__neg__": neg,
}  # fmt: skip
for _name, _fn in _OPERATORS.items():
    setattr(Tensor, _name, _fn)
for _name, _twin in (
    ("__iadd__", "add_"), ("__isub__", "sub_"), ("__imul__", "mul_"), ("__itruediv__", "div_"),
    ("__ifloordiv__", "floor_divide_"), ("__imod__", "remainder_"),
):  # fmt: skip
    setattr(Tensor, _name, getattr(Tensor, _twin))


@method("__rtruediv__", "__rdiv__")
def _rtruediv(self: Tensor, other: Any) -> Tensor:
    return self.reciprocal() * other


@method("__rfloordiv__")
def _rfloordiv(self: Tensor, other: Any) -> Tensor:
    return floor_divide(other, self)


@method("__rmod__")
def _rmod(self: Tensor, other: Any) -> Tensor:
    return remainder(other, self)


@method("__pos__", "positive")
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


__all__ = [
    "add", "sub", "subtract", "rsub", "mul", "multiply", "div", "divide", "true_divide",
    "floor_divide", "remainder", "fmod", "neg", "negative", "positive",
]  # fmt: skip

# ------------------------------------------------------------------ examples


def _two(draw: Any) -> Any:
    yield call(draw.real(3, 4), draw.real(3, 4))
    yield call(draw.real(3, 1), draw.real(4))
    yield call(draw.real(), draw.real(2))
    yield call(draw.real(3), 0.5)
    yield call(draw.real(3), 2)
    yield call(draw.real(), -1.5)
    yield call(draw.real(0, 3), draw.real(3))
    yield call(draw.real(3), draw.integers(3, low=1, high=4))
    yield call(draw.integers(3, low=1, high=4), draw.real(3))
    yield call(draw.integers(2, 3, low=-7, high=7), draw.integers(3, low=1, high=4))
    yield call(draw.integers(3, low=-7, high=7), 2)


for _name in ("mul", "multiply", "true_divide", "divide", "remainder", "fmod"):
    examples(_name)(_two)
examples("floor_divide", grad=False)(_two)


@examples("div")
def _(draw: Any) -> Any:
    yield from _two(draw)
    for mode in ("floor", "trunc"):
        for args, _ in _two(draw):
            yield call(*args, rounding_mode=mode)


@examples("add")
@examples("sub")
@examples("rsub")
@examples("subtract")
def _(draw: Any) -> Any:
    yield from _two(draw)
    yield call(draw.real(3, 1), draw.real(4), alpha=0.5)
    yield call(draw.real(3, 1), 2.0, alpha=3)
    yield call(draw.integers(3, high=5), draw.integers(3, high=5), alpha=2)


@examples("neg")
@examples("negative")
@examples("positive")
def _(draw: Any) -> Any:
    yield call(draw.real(3, 4))
    yield call(draw.real())
    yield call(draw.real(0, 2))
    yield call(draw.integers(4, low=-3, high=3))


@examples("Tensor.__rsub__")
@examples("Tensor.__radd__")
@examples("Tensor.__rmul__")
@examples("Tensor.__rtruediv__")
@examples("Tensor.__rdiv__")
def _(draw: Any) -> Any:
    yield call(draw.real(3, 4), 1.5)
    yield call(draw.real(3), 2)
    yield call(draw.real(), 2)
