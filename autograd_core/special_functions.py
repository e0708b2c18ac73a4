"""The error and gamma functions in double precision, which NumPy lacks.

SciPy's are used where it is installed (imported when first needed); the others here are
written in plain array functions of a namespace `xp`, so that they run on any backend.  What
is harder (Bessel functions, incomplete gamma functions ...) is taken from SciPy alone, which
ops find as ``xp.special``; on a GPU that is CuPy's module of the same content.

erf and erfc are Chebyshev series (coefficients computed with 40 digits): near 0,
``erf(x) / x`` in x²; beyond, ``(1 + 2 x) exp(x²) erfc(x)`` in ``(x - 3.75) / (x + 3.75)``, a
variable that brings [0, inf) to [-1, 1) (Shepherd and Laframboise, Mathematics of Computation
36, 1981).  The gamma family uses its recurrence to get beyond 10, Stirling's series there,
and reflection below 0 (Abramowitz and Stegun, 6.1.41, 6.3.18, 23.2).
"""

from __future__ import annotations

import functools
import math
import types
from typing import Any

import numpy as np

_NEAR = (
    0.9754769393826541, -0.14226120510371365, 0.010035582187599796, -0.0005768764699767485,
    2.741993125219606e-05, -1.1043175507344507e-06, 3.8488755420345036e-08,
    -1.1808582533875466e-09, 3.2334215826050907e-11, -7.991015947004549e-13,
    1.7990725113961456e-14, -3.718635487818693e-16, 7.103599003714253e-18,
    -1.2612455119155226e-19,
)  # fmt: skip
_FAR = (
    1.1775789345674017, -0.004590054580646478, -0.08424913336651792, 0.05920993999819189,
    -0.026658668435305753, 0.009074997670705265, -0.002413163540417608, 0.0004907758365258086,
    -6.916973302501207e-05, 4.13902798607301e-06, 7.74038306619849e-07, -2.1886401049234397e-07,
    1.076499946567091e-08, 4.521959811218287e-09, -7.754400208831351e-10, -6.318088340886684e-11,
    2.86879501093067e-11, 1.9455868545777347e-13, -9.65469674843344e-13, 3.25254814814874e-14,
    3.3478119482868056e-14, -1.86456288041931e-15, -1.2507950530688616e-15, 7.418235256624347e-17,
    5.0681489047964124e-17, -2.2370566594330097e-18,
)  # fmt: skip


def _chebyshev(coefficients: tuple[float, ...], t: Any) -> Any:
    """A Chebyshev series by Clenshaw's recurrence."""
    later = last = t * 0.0
    twice = t + t
    for c in reversed(coefficients[1:]):
        last, later = twice * last - later + c, last
    return t * last - later + coefficients[0]


def _exp_of_minus_square(xp: Any, x: Any) -> Any:
    """``exp(-x²)``, with x split in two so that rounding x² does no harm when x is large."""
    high = x.astype(xp.float32).astype(xp.float64)
    return xp.exp(-high * high) * xp.exp((high - x) * (high + x))


def _erfc_positive(xp: Any, x: Any) -> Any:
    x = xp.minimum(x, 28.0)  # where it has long been 0
    series = _chebyshev(_FAR, (x - 3.75) / (x + 3.75))
    return _exp_of_minus_square(xp, x) * series / (1 + 2 * x)


def erf(xp: Any, x: Any) -> Any:
    """``2 / sqrt(pi)`` times the integral of ``exp(-t²)`` from 0 to x."""
    wide = xp.asarray(x, dtype=xp.float64)
    size = xp.abs(wide)
    small = xp.minimum(size, 1.0)
    near = wide * _chebyshev(_NEAR, 2 * small * small - 1)
    far = xp.sign(wide) * (1 - _erfc_positive(xp, size))
    return xp.where(size < 1, near, far).astype(x.dtype)


def erfc(xp: Any, x: Any) -> Any:
    """``1 - erf(x)`` without cancellation."""
    wide = xp.asarray(x, dtype=xp.float64)
    far = _erfc_positive(xp, xp.abs(wide))
    return xp.where(wide < 0, 2 - far, far).astype(x.dtype)


def erfinv(xp: Any, x: Any) -> Any:
    """The inverse of erf, by Halley's method from Winitzki's approximation."""
    wide = xp.asarray(x, dtype=xp.float64)
    size = xp.abs(wide)
    rest = 1 - size
    inside = xp.where(rest > 0, rest, 0.5)
    a = xp.log(inside * (1 + xp.minimum(size, 1.0)))
    b = 4.330746750799873 + a / 2  # 2 / (0.147 pi)
    y = xp.sqrt(xp.sqrt(b * b - a / 0.147) - b)
    for _ in range(3):
        ahead = xp.where(size < 0.5, size - erf(xp, y), _erfc_positive(xp, y) - inside)
        step = ahead * (math.sqrt(math.pi) / 2) / _exp_of_minus_square(xp, y)
        y = y + step / (1 - y * step)
    y = xp.where(rest > 0, y, xp.where(rest == 0, xp.inf, xp.nan))
    return (xp.sign(wide) * y).astype(x.dtype)


_STIRLING = (1 / 12, -1 / 360, 1 / 1260, -1 / 1680, 1 / 1188, -691 / 360360, 1 / 156)
_BERNOULLI = (1 / 6, -1 / 30, 1 / 42, -1 / 30, 5 / 66, -691 / 2730, 7 / 6, -3617 / 510)
_SHIFT = 10


def gammaln(xp: Any, x: Any) -> Any:
    """Logarithm of the absolute value of the gamma function."""
    wide = xp.asarray(x, dtype=xp.float64)
    above = xp.where(wide < 0.5, 1 - wide, wide)
    product = above * 0 + 1
    shifted = above
    for _ in range(_SHIFT):
        low = shifted < _SHIFT
        product = xp.where(low, product * shifted, product)
        shifted = xp.where(low, shifted + 1, shifted)
    inverse = 1 / shifted
    series = sum(c * inverse ** (2 * i + 1) for i, c in enumerate(_STIRLING))
    stirling = (shifted - 0.5) * xp.log(shifted) - shifted + 0.5 * math.log(2 * math.pi) + series
    value = stirling - xp.log(product)
    value = xp.where(xp.isinf(wide), xp.inf, value)
    turn = xp.abs(xp.sin(math.pi * (wide - xp.rint(wide))))
    return xp.where(wide < 0.5, math.log(math.pi) - xp.log(turn) - value, value).astype(x.dtype)


def digamma(xp: Any, x: Any) -> Any:
    """Derivative of the logarithm of the gamma function."""
    wide = xp.asarray(x, dtype=xp.float64)
    shifted = xp.where(wide < 0.5, 1 - wide, wide)
    value = shifted * 0
    for _ in range(_SHIFT):
        low = shifted < _SHIFT
        value = value - xp.where(low, 1 / shifted, 0.0)
        shifted = xp.where(low, shifted + 1, shifted)
    inverse = 1 / shifted
    series = sum(b / (2 * k) * inverse ** (2 * k) for k, b in enumerate(_BERNOULLI, 1))
    value = value + xp.log(shifted) - inverse / 2 - series
    turn = math.pi * (wide - xp.rint(wide))
    reflected = value - math.pi / xp.tan(turn)
    pole = xp.where(wide == 0, xp.copysign(xp.inf, -wide), xp.nan)
    reflected = xp.where((wide <= 0) & (wide == xp.rint(wide)), pole, reflected)
    return xp.where(wide < 0.5, reflected, value).astype(x.dtype)


def polygamma(xp: Any, n: int, x: Any) -> Any:
    """The n-th derivative of digamma, n > 0: a sum and the Euler-Maclaurin rest of it."""
    wide = xp.asarray(x, dtype=xp.float64)
    s = n + 1
    steps = _SHIFT + 5 + n
    if wide.size and float(wide.min()) < 0:
        steps += math.ceil(-float(wide.min()))
    total = sum(((wide + k) ** -float(s) for k in range(steps)), wide * 0)
    end = wide + steps
    total = total + end ** float(1 - s) / (s - 1) + end ** -float(s) / 2
    rising = 1.0
    for k, b in enumerate(_BERNOULLI, 1):
        rising = float(s) if k == 1 else rising * (s + 2 * k - 3) * (s + 2 * k - 2)
        total = total + b / math.factorial(2 * k) * rising * end ** -float(s + 2 * k - 1)
    return ((-1) ** (n + 1) * math.factorial(n) * total).astype(x.dtype)


# ------------------------------------------------------------------ on NumPy's arrays only

_ONES = {np.dtype(t): np.ones((), t) for t in ("f2", "f4", "f8", "c8", "c16")}
"""NumPy adds a 0-d array twice as fast as a number."""


def expit(x: Any) -> Any:
    """``1 / (1 + exp(-x))``: the sigmoid."""
    one = _ONES[x.dtype]
    e = np.negative(x)
    if not x.ndim:  # NumPy's scalars can't be written to
        return np.reciprocal(np.exp(e) + one)
    np.exp(e, e)
    np.add(e, one, e)
    return np.reciprocal(e, e)


# ------------------------------------------------------------------ choice


@functools.cache
def _scipy() -> Any:
    try:
        from scipy import special
    except ImportError:
        return None
    return special


class SciPySpecial(types.ModuleType):
    """``scipy.special``, imported when one of its functions is first asked for."""

    def __getattr__(self, name: str) -> Any:
        if name.startswith("__"):
            raise AttributeError(name)
        special = _scipy()
        if special is None:
            raise ImportError(
                f"this function needs SciPy ({name}), which is not installed: "
                "pip install autograd-core[fast]"
            )
        return getattr(special, name)


def _chosen(name: str, portable: Any) -> Any:
    def function(*args: Any) -> Any:
        special = _scipy()
        if special is None:
            return portable(np, *args)
        if name == "gammaln":  # at -inf SciPy has -inf, and PyTorch inf
            args = (np.where(args[0] == -np.inf, np.inf, args[0]),)
        found = getattr(special, name)(*args)
        return found if name != "polygamma" else found.astype(args[-1].dtype)

    function.__name__ = name
    function.__doc__ = portable.__doc__
    return function


PORTABLE = {f.__name__: f for f in (erf, erfc, erfinv, gammaln, digamma, polygamma)}
"""Functions of (xp, x), for backends without an own one."""


def add_to(xp: Any) -> None:
    """Give NumPy's namespace these functions."""
    for name, portable in PORTABLE.items():
        setattr(xp, name, _chosen(name, portable))
    xp.special = SciPySpecial("special")
    xp.expit = expit
    xp.sum_all = functools.partial(np.add.reduce, axis=None)
