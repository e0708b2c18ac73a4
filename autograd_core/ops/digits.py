"""Numbers as the machine holds them, and integers: `frexp`, `nextafter`, `gcd`, `lcm`."""

from __future__ import annotations

from typing import Any

from .. import inplace, return_types
from .._tensor import Tensor, method
from ..declare import elementwise, op
from ..dtypes import FLOATING, INTEGER, scalar_type
from ..errors import DtypeError
from ..examples import call, examples
from .formulas import zero_gradient


@op("FrexpBackward0", types="free", outputs=("mantissa",), aux=("exponent",), elementwise=True)
def frexp_op(xp: Any, input: Any) -> Any:
    """See `frexp`."""
    mantissa, exponent = xp.frexp(input)
    return mantissa, xp.asarray(exponent, dtype="i4")


@frexp_op.vjp
def _(F: Any, g: Any, exponent: Any, input_dtype: Any) -> Any:
    return g / F.exp2(F.to_dtype(exponent, dtype=input_dtype))


@method()
def frexp(input: Tensor) -> Any:
    """Mantissas in [0.5, 1) and exponents of 2: a named tuple (mantissa, exponent)."""
    if input.dtype.category != FLOATING:
        raise DtypeError(
            f"torch.frexp() only supports floating-point dtypes, got {input.dtype!r}; "
            "convert with .float()"
        )
    return return_types.frexp(*frexp_op.call(input))


def _floats_only(input: Any, other: Any) -> None:
    if input.dtype.category < FLOATING and other.dtype.category < FLOATING:
        raise DtypeError(
            f"\"nextafter_cpu\" not implemented for '{scalar_type(input.dtype)}'; "
            "convert with .float()"
        )


def _integers_only(name: str) -> Any:
    def check(input: Any, other: Any) -> None:
        for x in (input, other):
            if x.dtype.category != INTEGER:
                raise NotImplementedError(
                    f"\"{name}_cpu\" not implemented for '{scalar_type(x.dtype)}'; "
                    "integers have divisors"
                )

    return check


nextafter_op = elementwise(
    "nextafter", "NextafterBackward0", "nextafter", 2,
    "The next number that the dtype can hold after the input, towards the other.",
    scalars=False, check=_floats_only,
)  # fmt: skip


@nextafter_op.vjp("input")
def _(F: Any, g: Any, input: Any, other: Any) -> Any:
    return F.where(F.eq(input, other), 0, g)


@nextafter_op.vjp("other")
def _(F: Any, g: Any) -> Any:
    return zero_gradient(F, g)


gcd_op = elementwise(
    "gcd", None, "gcd", 2, "Greatest common divisor.", scalars=False, check=_integers_only("gcd")
)
lcm_op = elementwise(
    "lcm", None, "lcm", 2, "Least common multiple.", scalars=False, check=_integers_only("lcm")
)
nextafter, gcd, lcm = nextafter_op.call, gcd_op.call, lcm_op.call

__all__ = ["frexp", "gcd", "lcm", "nextafter"]
for _name in __all__[1:]:
    setattr(Tensor, _name, globals()[_name])
    setattr(Tensor, f"{_name}_", inplace.twin(globals()[_name], f"{_name}_"))

# ------------------------------------------------------------------ examples


@examples("frexp")
def _(draw: Any) -> Any:
    yield call(draw.real(3, 4, low=-20, high=20))
    yield call(draw.real())
    yield call(draw.real(0, 2))


@examples("nextafter")
def _(draw: Any) -> Any:
    yield call(draw.real(3, 1), draw.real(4))
    yield call(draw.real(), draw.real(2))


@examples("gcd", grad=False)
@examples("lcm", grad=False)
def _(draw: Any) -> Any:
    yield call(draw.integers(3, 1, low=-30, high=30), draw.integers(4, low=-30, high=30))
    yield call(draw.integers(3, high=2) * 0, draw.integers(3, high=9))
