"""Comparison and logic: no gradients, mostly booleans."""

from __future__ import annotations

from typing import Any

from .. import dtypes, inplace
from .._tensor import Tensor, method
from ..backends import backend_of
from ..declare import Op, elementwise, op
from ..dispatch import NUMBERS
from ..errors import DtypeError
from ..examples import call, examples

# ------------------------------------------------------------------ comparison


def _comparison(name: str, ufunc: str, doc: str) -> Op:
    return elementwise(name, None, ufunc, 2, doc, types="bool", scalars="other")


eq = _comparison("eq", "equal", "Whether elements are equal.").call
ne = _comparison("ne", "not_equal", "Whether elements differ.").call
lt = _comparison("lt", "less", "Whether elements are less than the other's.").call
le = _comparison("le", "less_equal", "Whether elements are at most the other's.").call
gt = _comparison("gt", "greater", "Whether elements are greater than the other's.").call
ge = _comparison("ge", "greater_equal", "Whether elements are at least the other's.").call


def _operator(fn: Any) -> Any:
    """The operator of a comparison: leaves what is no tensor or number to Python."""

    def compare(self: Tensor, other: Any) -> Any:
        if isinstance(other, (Tensor, *NUMBERS)):
            return fn(self, other)
        return NotImplemented

    compare.__doc__ = fn.__doc__
    return compare


# ------------------------------------------------------------------ logic


def _logic(name: str, ufunc: str, doc: str) -> Any:
    return elementwise(name, None, ufunc, 2, doc, types="bool", scalars=False).call


logical_and = _logic("logical_and", "logical_and", "Whether both elements are true (not zero).")
logical_or = _logic("logical_or", "logical_or", "Whether one of two elements is true.")
logical_xor = _logic("logical_xor", "logical_xor", "Whether exactly one of two elements is true.")
logical_not = elementwise(
    "logical_not", None, "logical_not", types="bool", doc="Whether elements are zero."
).call


def _no_floats(name: str) -> Any:
    def check(*operands: Any) -> None:
        for x in operands:
            kind = x.dtype if isinstance(x, Tensor) else dtypes.python_dtype(x)
            if kind.category >= dtypes.FLOATING:
                raise DtypeError(
                    f'"{name}" not implemented for {kind!r}: bitwise operators take integers and '
                    "booleans; compare first (x > 0), or use logical_and() and its kin"
                )

    return check


def _bitwise(name: str, ufunc: str, doc: str, arity: int = 2) -> Any:
    check = _no_floats(name)
    return elementwise(name, None, ufunc, arity, doc, types="promote", check=check).call


bitwise_and = _bitwise("bitwise_and", "bitwise_and", "Bits set in both.")
bitwise_or = _bitwise("bitwise_or", "bitwise_or", "Bits set in one of the two.")
bitwise_xor = _bitwise("bitwise_xor", "bitwise_xor", "Bits set in exactly one of the two.")
bitwise_left_shift = _bitwise("bitwise_left_shift", "left_shift", "Bits shifted to the left.")
bitwise_right_shift = _bitwise("bitwise_right_shift", "right_shift", "Bits shifted to the right.")
bitwise_not = _bitwise("bitwise_not", "invert", "Every bit flipped.", arity=1)

# ------------------------------------------------------------------ kinds of numbers


def _kind(name: str, ufunc: str, doc: str) -> Any:
    return elementwise(name, None, ufunc, doc=doc, types="bool").call


isnan = _kind("isnan", "isnan", "Whether elements are NaN.")
isinf = _kind("isinf", "isinf", "Whether elements are infinite.")
isfinite = _kind("isfinite", "isfinite", "Whether elements are neither infinite nor NaN.")
isreal = _kind("isreal", "isreal", "Whether elements have no imaginary part.")


@op(None, name="isposinf", types="bool")
def _isposinf(xp: Any, input: Any) -> Any:
    """Whether elements are positive infinity."""
    return xp.isinf(input) & (input > 0)


@op(None, name="isneginf", types="bool")
def _isneginf(xp: Any, input: Any) -> Any:
    """Whether elements are negative infinity."""
    return xp.isinf(input) & (input < 0)


@op(None, name="signbit", types="bool")
def _signbit(xp: Any, input: Any) -> Any:
    """Whether the sign bit is set (-0.0 has it)."""
    return xp.signbit(input) if input.dtype.kind == "f" else input < 0


isposinf, isneginf, signbit = _isposinf.call, _isneginf.call, _signbit.call


@op(None, name="isclose", types="free")
def _isclose(xp: Any, input: Any, other: Any, *, rtol: float, atol: float, equal_nan: bool) -> Any:
    """See `isclose`."""
    same = xp.equal(input, other)
    if equal_nan:
        same = same | ((input != input) & (other != other))
    if input.dtype.kind == "b":
        return same
    near = abs(input - other) <= atol + abs(rtol * other)
    return same | (xp.isfinite(other) & xp.isfinite(input) & near)


def isclose(
    input: Tensor, other: Tensor, rtol: float = 1e-05, atol: float = 1e-08, equal_nan: bool = False
) -> Tensor:
    """Whether ``|input - other| <= atol + rtol * |other|``, element by element.

    Raises
    ------
    RuntimeError
        If the dtypes differ, or a tolerance is negative.
    """
    for at, (name, x) in enumerate((("input", input), ("other", other)), 1):
        if not isinstance(x, Tensor):
            raise TypeError(
                f"isclose(): argument '{name}' (position {at}) must be Tensor, "
                f"not {type(x).__name__}"
            )
    if input.dtype is not other.dtype:
        raise DtypeError(
            f"{input.dtype!r} did not match {other.dtype!r}: isclose() and allclose() compare "
            "tensors of one dtype; convert one with .to()"
        )
    if rtol < 0 or atol < 0:
        raise RuntimeError(
            f"rtol and atol must be greater than or equal to zero, but got {rtol} and {atol}"
        )
    return _isclose.call(input, other, rtol=rtol, atol=atol, equal_nan=equal_nan)


def allclose(
    input: Tensor, other: Tensor, rtol: float = 1e-05, atol: float = 1e-08, equal_nan: bool = False
) -> bool:
    """Whether all elements are close; see `isclose`."""
    return bool(isclose(input, other, rtol, atol, equal_nan).all())


def equal(input: Tensor, other: Tensor) -> bool:
    """Whether two tensors have the same shape and elements.

    Raises
    ------
    TypeError
        If `other` is no tensor.
    """
    if not isinstance(other, Tensor):
        raise TypeError(
            f"equal(): argument 'other' (position 2) must be Tensor, not {type(other).__name__}"
        )
    if input._array.shape != other._array.shape:
        return False
    return bool(eq(input, other).all())


@op(None, name="isin", types="free")
def _isin(xp: Any, elements: Any, test_elements: Any, *, invert: bool) -> Any:
    """Whether elements are among others."""
    return xp.isin(elements, test_elements, invert=invert)


def isin(
    elements: Any, test_elements: Any, *, assume_unique: bool = False, invert: bool = False
) -> Tensor:
    """Whether each element is among `test_elements`; one of the two may be a number."""
    known = elements if isinstance(elements, Tensor) else test_elements
    xp = backend_of(known._array).xp
    tensors = [
        x if isinstance(x, Tensor) else Tensor._from_array(xp.asarray(x))
        for x in (elements, test_elements)
    ]
    return _isin.call(*tensors, invert=invert)


# ------------------------------------------------------------------ methods and operators

not_equal, less, less_equal = ne, lt, le
greater, greater_equal = gt, ge

_METHODS = (
    "eq", "ne", "lt", "le", "gt", "ge", "not_equal", "less", "less_equal", "greater",
    "greater_equal", "logical_and", "logical_or", "logical_xor", "logical_not", "bitwise_and",
    "bitwise_or", "bitwise_xor", "bitwise_not", "bitwise_left_shift", "bitwise_right_shift",
)  # fmt: skip
_TESTS = (
    "isnan", "isinf", "isfinite", "isreal", "isposinf", "isneginf", "signbit", "isclose",
    "allclose", "equal",
)  # fmt: skip
for _name in _METHODS:
    setattr(Tensor, _name, globals()[_name])
    setattr(Tensor, f"{_name}_", inplace.twin(globals()[_name], f"{_name}_"))
for _name in _TESTS:
    setattr(Tensor, _name, globals()[_name])

for _name in ("eq", "ne", "lt", "le", "gt", "ge"):
    setattr(Tensor, f"__{_name}__", _operator(globals()[_name]))
for _names, _fn in (
    (("__and__", "__rand__"), bitwise_and),
    (("__or__", "__ror__"), bitwise_or),
    (("__xor__", "__rxor__"), bitwise_xor),
    (("__lshift__",), bitwise_left_shift),
    (("__rshift__",), bitwise_right_shift),
):
    for _name in _names:
        setattr(Tensor, _name, _operator(_fn))
method("__invert__")(bitwise_not)
for _name in ("and", "or", "xor"):
    setattr(Tensor, f"__i{_name}__", getattr(Tensor, f"bitwise_{_name}_"))

__all__ = [*_METHODS, *_TESTS, "isin"]

# ------------------------------------------------------------------ examples


def _pairs(draw: Any) -> Any:
    ties = draw.integers(3, 4, high=3)
    yield call(ties, draw.integers(3, 4, high=3))
    yield call(draw.real(3, 1), draw.real(4))
    yield call(draw.real(3), 0.5)
    yield call(ties, 1)
    yield call(ties, 1.5)
    yield call(draw.booleans(4), draw.booleans(4))
    yield call(draw.real(0, 3), draw.real(3))
    yield call(draw.real(), draw.integers(2, high=3))


for _name in _METHODS[:11]:
    examples(_name, grad=False)(_pairs)


def _tensor_pairs(draw: Any) -> Any:
    yield call(draw.integers(3, 4, high=3), draw.integers(3, 4, high=2))
    yield call(draw.booleans(4), draw.booleans(3, 1))
    yield call(draw.real(2), draw.booleans(2))


for _name in ("logical_and", "logical_or", "logical_xor"):
    examples(_name, grad=False)(_tensor_pairs)


def _bits(draw: Any) -> Any:
    yield call(draw.integers(3, 4, high=9, low=-9), draw.integers(3, 4, high=5))
    yield call(draw.booleans(4), draw.booleans(3, 1))
    yield call(draw.integers(3, high=9), 6)


for _name in ("bitwise_and", "bitwise_or", "bitwise_xor"):
    examples(_name, grad=False)(_bits)


@examples("bitwise_not", grad=False)
def _(draw: Any) -> Any:
    yield call(draw.integers(3, 4, high=9, low=-9))
    yield call(draw.booleans(4))


@examples("bitwise_left_shift", grad=False)
@examples("bitwise_right_shift", grad=False)
def _(draw: Any) -> Any:
    yield call(draw.integers(3, 4, high=9, low=-9), draw.integers(3, 4, high=5))
    yield call(draw.integers(3, high=9), 2)


def _unusual(draw: Any) -> Any:
    inf, nan = float("inf"), float("nan")
    import numpy as np

    yield call(np.array([[1.0, inf, nan], [-inf, -0.0, 0.0]]))
    yield call(draw.integers(3, high=2))
    yield call(draw.booleans(3))
    yield call(draw.real(0))
    yield call(draw.real())


for _name in (*_TESTS[:7], "logical_not"):
    examples(_name, grad=False)(_unusual)


@examples("isclose", grad=False)
@examples("allclose", grad=False)
def _(draw: Any) -> Any:
    import numpy as np

    inf, nan = float("inf"), float("nan")
    values = np.array([1.0, 2.0, inf, nan, -inf])
    yield call(values, values)
    yield call(values, values, equal_nan=True)
    yield call(values, values * 1.01, rtol=0.1)
    yield call(values, values[::-1].copy(), 0.0, 1.0)
    yield call(draw.integers(4, high=3), draw.integers(4, high=3), 0.0, 1.0)


@examples("equal", grad=False)
def _(draw: Any) -> Any:
    values = draw.real(2, 3)
    yield call(values, values)
    yield call(values, values + 1)
    yield call(values, values[:1])


@examples("isin", grad=False)
def _(draw: Any) -> Any:
    yield call(draw.integers(3, 4, high=9), draw.integers(4, high=9))
    yield call(draw.integers(3, 4, high=9), draw.integers(4, high=9), invert=True)
    yield call(draw.integers(5, high=3), 1)
