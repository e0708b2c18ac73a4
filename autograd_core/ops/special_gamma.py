"""The gamma function's family: incomplete, of matrices, and Hurwitz's zeta function."""

from __future__ import annotations

import math
from typing import Any

from .. import inplace
from .._tensor import Tensor, method
from ..declare import op
from ..dtypes import FLOATING, scalar_type
from ..errors import DtypeError
from ..examples import call, examples
from .formulas import not_implemented
from .special_normal import as_floats


def _same_floats(name: str, input: Any, other: Any) -> None:
    for x in (input, other):
        if x.dtype.category < FLOATING:
            raise DtypeError(
                f"\"{name}\" not implemented for '{scalar_type(x.dtype)}'; convert with .float()"
            )


@op("IgammaBackward0", name="igamma", types="promote", broadcast=True, elementwise=True)
def igamma_op(xp: Any, input: Any, other: Any) -> Any:
    """Regularised lower incomplete gamma function of exponent `input` up to `other`."""
    return xp.special.gammainc(input, other)


@op("IgammacBackward0", name="igammac", types="promote", broadcast=True, elementwise=True)
def igammac_op(xp: Any, input: Any, other: Any) -> Any:
    """``1 - igamma(input, other)``, exact where that is small."""
    return xp.special.gammaincc(input, other)


def _density(F: Any, a: Any, x: Any) -> Any:
    return F.exp((a - 1) * F.log(x) - x - F.lgamma(a))


@igamma_op.vjp("other")
def _(F: Any, g: Any, input: Any, other: Any) -> Any:
    return g * _density(F, input, other)


@igammac_op.vjp("other")
def _(F: Any, g: Any, input: Any, other: Any) -> Any:
    return -g * _density(F, input, other)


not_implemented(igamma_op, "input")
not_implemented(igammac_op, "input")


@method()
def igamma(input: Tensor, other: Tensor) -> Tensor:
    """Regularised lower incomplete gamma function; differentiable in `other`.

    The integral of ``t**(a - 1) * exp(-t)`` from 0 to x over ``gamma(a)``, with a the input
    and x the other (Abramowitz and Stegun, 6.5.1).
    """
    _same_floats("igamma", input, other)
    return igamma_op.call(input, other)


@method()
def igammac(input: Tensor, other: Tensor) -> Tensor:
    """Regularised upper incomplete gamma function, ``1 - igamma(input, other)``."""
    _same_floats("igammac", input, other)
    return igammac_op.call(input, other)


method("igamma_")(inplace.twin(igamma, "igamma_"))
method("igammac_")(inplace.twin(igammac, "igammac_"))


@op("MvlgammaBackward0", name="mvlgamma", types="float", elementwise=True)
def mvlgamma_op(xp: Any, input: Any, *, p: int) -> Any:
    """See `mvlgamma`."""
    terms = (xp.gammaln(input - j / 2) for j in range(1, p))
    return sum(terms, xp.gammaln(input) + p * (p - 1) / 4 * math.log(math.pi))


@mvlgamma_op.vjp
def _(F: Any, g: Any, input: Any, p: int) -> Any:
    slope = F.digamma(input)
    for j in range(1, p):
        slope = slope + F.digamma(input - j / 2)
    return g * slope


@method()
def mvlgamma(input: Tensor, p: int) -> Tensor:
    """Logarithm of the multivariate gamma function of dimension `p`.

    ``p * (p - 1) / 4 * log(pi) + sum(lgamma(x - j / 2) for j in range(p))``.

    Raises
    ------
    RuntimeError
        If `p` is less than 1.
    """
    if p < 1:
        raise RuntimeError(f"p has to be greater than or equal to 1, got {p}")
    return mvlgamma_op.call(input, p=p)


method("mvlgamma_")(inplace.twin(mvlgamma, "mvlgamma_"))


@op("SpecialZetaBackward0", name="zeta", types="float", broadcast=True, elementwise=True)
def zeta_op(xp: Any, input: Any, other: Any) -> Any:
    """See `zeta`."""
    return xp.special.zeta(input, other)


@zeta_op.vjp("other")
def _(F: Any, g: Any, input: Any, other: Any) -> Any:
    return g * -input * F.zeta(input + 1, other)


not_implemented(zeta_op, "input")


def zeta(input: Any, other: Any) -> Tensor:
    """Hurwitz's zeta function: the sum of ``(k + other)**-input`` over k = 0, 1, 2 ...

    Differentiable in `other`; one of the two may be a number.
    """
    return zeta_op.call(*as_floats(input, other))


__all__ = ["igamma", "igammac", "mvlgamma"]

# ------------------------------------------------------------------ examples


@examples("igamma", grad=False)
@examples("igammac", grad=False)
def _(draw: Any) -> Any:
    yield call(draw.real(3, 4, low=0.1, high=4), draw.real(3, 4, low=0.1, high=6))
    yield call(draw.real(3, 1, low=0.1, high=4), draw.real(4, low=0.1, high=6))
    yield call(draw.real(low=0.1), draw.real(2, low=0.1))
    yield call(draw.real(0, 2), draw.real(2))


@examples("special.zeta", grad=False)
def _(draw: Any) -> Any:
    yield call(draw.real(3, 4, low=1.1, high=6), draw.real(3, 4, low=0.1, high=6))
    yield call(draw.real(3, 1, low=1.1, high=4), draw.real(4, low=0.1, high=6))
    yield call(2.5, draw.real(2, low=0.1))
    yield call(draw.real(2, low=1.2), 2)
    yield call(draw.integers(3, low=1, high=5), draw.integers(3, high=4))


@examples("mvlgamma")
def _(draw: Any) -> Any:
    for p in (1, 2, 5):
        yield call(draw.real(3, 4, low=2.2, high=6), p)
    yield call(draw.real(low=2, high=3), 3)
    yield call(draw.real(0, 2), 2)
    yield call(draw.integers(4, low=3, high=9), 2)
