"""Bessel functions and their kin: SciPy's (CuPy's on a GPU) with gradients where PyTorch has them.

Infinite arguments give NaN where PyTorch's kernels do, and not the limit.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from ..declare import op
from ..examples import call, examples
from .elementwise import publish

# ------------------------------------------------------------------ with gradients


@op("I0Backward0", name="i0", types="float", elementwise=True)
def i0_op(xp: Any, input: Any) -> Any:
    """Modified Bessel function of the first kind, order 0."""
    return _nan_at_infinity(xp.special.i0(input), input)


@op("SpecialI0EBackward0", name="i0e", types="float", elementwise=True)
def i0e_op(xp: Any, input: Any) -> Any:
    """``exp(-abs(x)) * i0(x)``."""
    return xp.special.i0e(input)


@op("SpecialI1Backward0", name="i1", types="float", elementwise=True)
def i1_op(xp: Any, input: Any) -> Any:
    """Modified Bessel function of the first kind, order 1."""
    return _nan_at_infinity(xp.special.i1(input), input)


@op("SpecialI1EBackward0", name="i1e", types="float", elementwise=True)
def i1e_op(xp: Any, input: Any) -> Any:
    """``exp(-abs(x)) * i1(x)``."""
    return xp.special.i1e(input)


def _nan_at_infinity(value: Any, input: Any) -> Any:
    return value + (input - input)


@i0_op.vjp
def _(F: Any, g: Any, input: Any) -> Any:
    return g * F.i1(input)


@i0e_op.vjp
def _(F: Any, g: Any, input: Any, result: Any) -> Any:
    return g * (F.i1e(input) - F.sgn(input) * result)


@i1_op.vjp
def _(F: Any, g: Any, input: Any, result: Any) -> Any:
    tiny, safe = _away_from_zero(F, input)
    return g * F.where(tiny, 0.5, F.i0(safe) - result / safe)


@i1e_op.vjp
def _(F: Any, g: Any, input: Any, result: Any) -> Any:
    tiny, safe = _away_from_zero(F, input)
    slope = F.i0e(safe) - result * (F.sgn(safe) + 1 / safe)
    return g * F.where(tiny, 0.5, slope)


def _away_from_zero(F: Any, x: Any) -> tuple[Any, Any]:
    """Where x is too small to divide by, and x with another number there."""
    eps = float(np.finfo(getattr(x, "_array", x).dtype).eps)
    tiny = F.le(F.abs(x), eps)
    return tiny, F.where(tiny, eps, x)


i0 = publish("i0", i0_op.call)
i0e, i1, i1e = i0e_op.call, i1_op.call, i1e_op.call

# ------------------------------------------------------------------ values only


def _values(name: str, function: str, doc: str, *, finite: bool = False) -> Callable[..., Any]:
    """A function of PyTorch's that has no gradient; `finite`: NaN at infinities."""

    @op(None, name=name, types="float", elementwise=True)
    def forward(xp: Any, input: Any) -> Any:
        value = getattr(xp.special, function)(input)
        return _nan_at_infinity(value, input) if finite else value

    forward.doc = doc
    return forward.call


bessel_j0 = _values("bessel_j0", "j0", "Bessel function, first kind, order 0.", finite=True)
bessel_j1 = _values("bessel_j1", "j1", "Bessel function, first kind, order 1.", finite=True)
bessel_y0 = _values("bessel_y0", "y0", "Bessel function, second kind, order 0.", finite=True)
bessel_y1 = _values("bessel_y1", "y1", "Bessel function, second kind, order 1.", finite=True)
modified_bessel_i0 = _values(
    "modified_bessel_i0", "i0", "Modified Bessel function, first kind, order 0.", finite=True
)
modified_bessel_i1 = _values(
    "modified_bessel_i1", "i1", "Modified Bessel function, first kind, order 1.", finite=True
)
modified_bessel_k0 = _values(
    "modified_bessel_k0", "k0", "Modified Bessel function, second kind, order 0."
)
modified_bessel_k1 = _values(
    "modified_bessel_k1", "k1", "Modified Bessel function, second kind, order 1."
)
scaled_modified_bessel_k0 = _values(
    "scaled_modified_bessel_k0", "k0e", "``exp(x) * modified_bessel_k0(x)``."
)
scaled_modified_bessel_k1 = _values(
    "scaled_modified_bessel_k1", "k1e", "``exp(x) * modified_bessel_k1(x)``."
)


@op(None, name="spherical_bessel_j0", types="float", elementwise=True)
def spherical_bessel_j0_op(xp: Any, input: Any) -> Any:
    """``sin(x) / x``, 1 at 0 and 0 at infinity."""
    at_zero = input == 0
    finite = xp.isinf(input)
    ratio = xp.sin(xp.where(finite, 0, input)) / xp.where(at_zero, 1, input)
    return xp.where(at_zero, 1, ratio).astype(input.dtype)


@op(None, name="airy_ai", types="float", elementwise=True)
def airy_ai_op(xp: Any, input: Any) -> Any:
    """Airy function Ai."""
    airy = getattr(xp.special, "airy", None)
    if airy is None:
        raise NotImplementedError(
            "special.airy_ai is not implemented on this device; bring the tensor to the CPU, .cpu()"
        )
    return airy(input)[0]


spherical_bessel_j0, airy_ai = spherical_bessel_j0_op.call, airy_ai_op.call

__all__ = ["i0"]

# ------------------------------------------------------------------ examples

_OF_PYTORCH = 1e-6  # its j0, j1, y0, y1 and Ai have errors of this size; SciPy's do not


def _everywhere(draw: Any) -> Any:
    yield call(draw.real(3, 4, low=-5, high=5))
    yield call(draw.real(6, low=-60, high=60))
    yield call(draw.real())
    yield call(draw.real(0, 2))
    yield call(draw.integers(5, low=-4, high=9))
    yield call(draw.booleans(3))


def _right(draw: Any) -> Any:
    yield call(draw.real(3, 4, low=0.05, high=6))
    yield call(draw.real(6, low=-2, high=60))
    yield call(draw.real(low=1, high=2))
    yield call(draw.real(2, 0))
    yield call(draw.integers(5, low=-1, high=9))


for _name in ("i0", "special.i0e", "special.i1", "special.i1e"):
    examples(_name)(_everywhere)
for _name in (
    "special.airy_ai", "special.bessel_j0", "special.bessel_j1", "special.modified_bessel_i0",
    "special.modified_bessel_i1", "special.spherical_bessel_j0",
):  # fmt: skip
    examples(_name, grad=False, tolerance=_OF_PYTORCH)(_everywhere)
for _name in (
    "special.bessel_y0", "special.bessel_y1", "special.modified_bessel_k0",
    "special.modified_bessel_k1", "special.scaled_modified_bessel_k0",
    "special.scaled_modified_bessel_k1",
):  # fmt: skip
    examples(_name, grad=False, tolerance=_OF_PYTORCH)(_right)
