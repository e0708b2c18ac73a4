"""Orthogonal polynomials of degree n at x, by their three-term recurrences.

Chebyshev polynomials of higher degree inside (-1, 1) come from cosines and sines, where the
recurrence would be slow (Abramowitz and Stegun, 22.3.15, 22.3.16).  Negative degrees give 0,
and fractions of a degree are cut off.  PyTorch has no gradients of these.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from ..backends import backend_of, truth
from ..declare import op
from ..examples import call, examples

Step = Callable[[int, Any, Any, Any], Any]
"""``step(k, x, p_k, p_(k-1))`` gives the polynomial of degree k + 1."""


def _recurrence(xp: Any, x: Any, n: Any, first: Any, step: Step, skip: Any = None) -> Any:
    """The polynomial of degree n, from 1, `first` and the later ones; not where `skip` is."""
    value = xp.where(n == 0, 1.0, xp.where(n == 1, first, x * 0))
    wanted = n if skip is None else xp.where(skip, 0, n)
    last, now = x * 0 + 1, first
    for k in range(1, _largest(wanted)):
        last, now = now, step(k, x, now, last)
        value = xp.where(n == k + 1, now, value)
        if k % 64 == 0 and not truth((now == now).any()):  # NaN it stays
            return xp.where(n > k, now, value)
    return value


def _largest(n: Any) -> int:
    return int(backend_of(n).to_numpy(n.max())) if n.size else 0


def _polynomial(name: str, doc: str, compute: Callable[..., Any]) -> Callable[..., Any]:
    @op(None, name=name, types="float", broadcast=True, scalars=True, elementwise=True)
    def forward(xp: Any, input: Any, n: Any) -> Any:
        x, degree = xp.asarray(input), xp.trunc(xp.asarray(n))
        kind = np.result_type(x.dtype, degree.dtype)
        x, degree = xp.broadcast_arrays(x.astype(kind), xp.where(degree == degree, degree, -1.0))
        return xp.asarray(compute(xp, x, degree)).astype(kind)

    forward.doc = doc
    return forward.call


# ------------------------------------------------------------------ Chebyshev


def _chebyshev_step(k: int, x: Any, now: Any, last: Any) -> Any:
    return (x + x) * now - last


_KINDS: dict[str, tuple[Callable[..., Any], Callable[..., Any], int]] = {
    "t": (lambda x: x, lambda xp, n, a: xp.cos(n * a), 6),
    "u": (lambda x: x + x, lambda xp, n, a: xp.sin((n + 1) * a) / xp.sin(a), 8),
    "v": (lambda x: x + x - 1, lambda xp, n, a: xp.cos((n + 0.5) * a) / xp.cos(a / 2), 8),
    "w": (lambda x: x + x + 1, lambda xp, n, a: xp.sin((n + 0.5) * a) / xp.sin(a / 2), 8),
}
"""Degree one, the polynomial of an angle whose cosine is x, and the degree up to which to recur."""


def _chebyshev(kind: str, shifted: bool) -> Callable[..., Any]:
    first, of_angle, most = _KINDS[kind]

    def compute(xp: Any, x: Any, n: Any) -> Any:
        if shifted:
            x = x + x - 1
        inside = (n > most) & (xp.abs(x) < 1)
        value = _recurrence(xp, x, n, first(x), _chebyshev_step, inside)
        angle = xp.arccos(xp.where(inside, x, 0.5))
        return xp.where(inside, of_angle(xp, n, angle), value)

    prefix, text = ("shifted_", ", at ``2 * x - 1``") if shifted else ("", "")
    doc = f"Chebyshev polynomial {kind.upper()} of degree n{text}."
    return _polynomial(f"{prefix}chebyshev_polynomial_{kind}", doc, compute)


chebyshev_polynomial_t = _chebyshev("t", False)
chebyshev_polynomial_u = _chebyshev("u", False)
chebyshev_polynomial_v = _chebyshev("v", False)
chebyshev_polynomial_w = _chebyshev("w", False)
shifted_chebyshev_polynomial_t = _chebyshev("t", True)
shifted_chebyshev_polynomial_u = _chebyshev("u", True)
shifted_chebyshev_polynomial_v = _chebyshev("v", True)
shifted_chebyshev_polynomial_w = _chebyshev("w", True)

# ------------------------------------------------------------------ Hermite, Laguerre, Legendre


def _hermite(name: str, doc: str, first: Callable[[Any], Any], step: Step) -> Callable[..., Any]:
    def compute(xp: Any, x: Any, n: Any) -> Any:
        most = 128 if x.dtype.itemsize == 4 else 512  # beyond it PyTorch gives NaN
        value = _recurrence(xp, x, xp.minimum(n, most), first(x), step)
        return xp.where(n > most, xp.nan, value)

    return _polynomial(name, doc, compute)


hermite_polynomial_h = _hermite(
    "hermite_polynomial_h", "Physicist's Hermite polynomial of degree n.",
    lambda x: x + x, lambda k, x, now, last: (x + x) * now - 2 * k * last,
)  # fmt: skip
hermite_polynomial_he = _hermite(
    "hermite_polynomial_he", "Probabilist's Hermite polynomial of degree n.",
    lambda x: x, lambda k, x, now, last: x * now - k * last,
)  # fmt: skip


def _laguerre(xp: Any, x: Any, n: Any) -> Any:
    def step(k: int, x: Any, now: Any, last: Any) -> Any:
        return ((2 * k + 1 - x) * now - k * last) / (k + 1)

    return _recurrence(xp, x, n, 1 - x, step)


def _legendre(xp: Any, x: Any, n: Any) -> Any:
    def step(k: int, x: Any, now: Any, last: Any) -> Any:
        return ((2 * k + 1) * x * now - k * last) / (k + 1)

    return _recurrence(xp, x, n, x, step)


laguerre_polynomial_l = _polynomial(
    "laguerre_polynomial_l", "Laguerre polynomial of degree n.", _laguerre
)
legendre_polynomial_p = _polynomial(
    "legendre_polynomial_p", "Legendre polynomial of degree n.", _legendre
)

__all__: list[str] = []

# ------------------------------------------------------------------ examples


def _inside(draw: Any) -> Any:
    x = draw.real(3, 4, low=-1.5, high=1.5)
    for n in (0, 1, 2, 5, 9, 12):
        yield call(x, n)
    yield call(x, draw.integers(4, low=-1, high=11))
    yield call(draw.real(3, 1), draw.real(5, low=0, high=9))
    yield call(0.5, draw.integers(6, high=12))
    yield call(draw.real(), 3)
    yield call(draw.real(0, 3), 2)
    yield call(draw.integers(4, low=-1, high=3), draw.integers(4, high=8))


for _kind in "tuvw":
    examples(f"special.chebyshev_polynomial_{_kind}", grad=False)(_inside)
    examples(f"special.shifted_chebyshev_polynomial_{_kind}", grad=False)(_inside)
for _name in (
    "hermite_polynomial_h", "hermite_polynomial_he", "laguerre_polynomial_l",
    "legendre_polynomial_p",
):  # fmt: skip
    examples(f"special.{_name}", grad=False)(_inside)
