"""Window functions: by the names of ``torch.signal.windows``, and the older ``hann_window`` ...

A window of M numbers is symmetric, made for filters, or ``sym=False`` the first M of a
symmetric one of M + 1, made for spectra.  Source: F. Harris, "On the use of windows for
harmonic analysis with the discrete Fourier transform" (1978).
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable
from typing import Any

from .. import dtypes
from .._tensor import Tensor
from ..dtypes import FLOATING
from .create import new

NUTTALL = (0.3635819, 0.4891775, 0.1365995, 0.0106411)
Formula = Callable[[Any, Any, int], Any]


def _make(
    name: str,
    M: int,
    formula: Formula,
    sym: bool,
    dtype: Any = None,
    layout: Any = None,
    device: Any = None,
    requires_grad: bool = False,
) -> Tensor:
    """``formula(xp, k, last)`` for k = 0 ... M - 1; the window is symmetric about last / 2."""
    kind = dtypes.get_default_dtype() if dtype is None else dtypes.as_dtype(dtype)
    if M < 0:
        raise ValueError(f"{name} requires non-negative window length, got M={M}")
    if layout not in (None, "torch.strided"):
        raise ValueError(f"{name} is implemented for strided tensors only, got: {layout}")
    if kind not in (dtypes.float32, dtypes.float64):
        raise ValueError(f"{name} expects float32 or float64 dtypes, got: {kind!r}")
    return _filled(M, formula, sym, kind, device, requires_grad)


def _filled(
    M: int, formula: Formula, sym: bool, kind: Any, device: Any, requires_grad: bool
) -> Tensor:
    last = M - 1 if sym else M

    def make(m: Any) -> Any:
        if M == 1:
            return m.xp.ones(1, m.dtype)
        return formula(m.xp, m.xp.arange(M, dtype="float64"), last).astype(m.dtype)

    return new(make, kind, device, requires_grad)


# ------------------------------------------------------------------ formulas


def _cosines(a: Iterable[float]) -> Formula:
    coefficients = list(a)
    if not coefficients:
        raise ValueError("Coefficients cannot be empty")

    def formula(xp: Any, k: Any, last: int) -> Any:
        angle = k * (2 * math.pi / last) if last else k
        return sum((-1) ** i * w * xp.cos(i * angle) for i, w in enumerate(coefficients))

    return formula


def _triangle(xp: Any, k: Any, last: int) -> Any:
    return 1 - xp.abs(2 * k / last - 1) if last else k


def _kaiser(beta: float) -> Formula:
    def formula(xp: Any, k: Any, last: int) -> Any:
        place = 2 * k / last - 1 if last else k
        inside = xp.maximum(1 - place * place, 0)
        return xp.i0(beta * xp.sqrt(inside)) / xp.i0(xp.asarray(float(beta)))

    return formula


# ------------------------------------------------------------------ torch.signal.windows


def bartlett(M: int, *, sym: bool = True, **where: Any) -> Tensor:
    """A triangle: ``1 - |2 k / (M - 1) - 1|``.

    Parameters
    ----------
    M : int
        Length.
    sym : bool, default True
        Symmetric; otherwise the first M of a symmetric window of M + 1.
    **where
        dtype, layout, device, requires_grad.
    """
    return _make("bartlett", M, _triangle, sym, **where)


def general_cosine(M: int, *, a: Iterable[float], sym: bool = True, **where: Any) -> Tensor:
    """A sum of cosines ``(-1)^i a_i cos(2 pi i k / (M - 1))``; see `bartlett`."""
    if not isinstance(a, Iterable):
        raise TypeError(f"Coefficients must be a list/tuple, got {type(a).__name__}")
    return _make("general_cosine", M, _cosines(a), sym, **where)


def general_hamming(M: int, *, alpha: float = 0.54, sym: bool = True, **where: Any) -> Tensor:
    """``alpha - (1 - alpha) cos(2 pi k / (M - 1))``; see `bartlett`."""
    return _make("general_hamming", M, _cosines((alpha, 1 - alpha)), sym, **where)


def hamming(M: int, *, sym: bool = True, **where: Any) -> Tensor:
    """`general_hamming` with alpha = 0.54."""
    return _make("hamming", M, _cosines((0.54, 0.46)), sym, **where)


def hann(M: int, *, sym: bool = True, **where: Any) -> Tensor:
    """`general_hamming` with alpha = 0.5, which begins at 0."""
    return _make("hann", M, _cosines((0.5, 0.5)), sym, **where)


def blackman(M: int, *, sym: bool = True, **where: Any) -> Tensor:
    """Three cosines with the coefficients 0.42, 0.5, 0.08; see `general_cosine`."""
    return _make("blackman", M, _cosines((0.42, 0.5, 0.08)), sym, **where)


def nuttall(M: int, *, sym: bool = True, **where: Any) -> Tensor:
    """Four cosines with very low side lobes (A. Nuttall, 1981); see `general_cosine`."""
    return _make("nuttall", M, _cosines(NUTTALL), sym, **where)


def cosine(M: int, *, sym: bool = True, **where: Any) -> Tensor:
    """Half a period of a sine: ``sin(pi (k + 1/2) / M)``; see `bartlett`."""

    def formula(xp: Any, k: Any, last: int) -> Any:
        return xp.sin((k + 0.5) * (math.pi / max(last + 1, 1)))

    return _make("cosine", M, formula, sym, **where)


def exponential(
    M: int, *, center: float | None = None, tau: float = 1.0, sym: bool = True, **where: Any
) -> Tensor:
    """``exp(-|k - center| / tau)``; `center` may be given where ``sym=False``."""
    if tau <= 0:
        raise ValueError(f"Tau must be positive, got: {tau} instead.")
    if sym and center is not None:
        raise ValueError(f"Center must be None for symmetric windows, got {center}")

    def formula(xp: Any, k: Any, last: int) -> Any:
        return xp.exp(-xp.abs(k - (last / 2 if center is None else center)) / tau)

    return _make("exponential", M, formula, sym, **where)


def gaussian(M: int, *, std: float = 1.0, sym: bool = True, **where: Any) -> Tensor:
    """``exp(-(k - center)^2 / (2 std^2))``; see `bartlett`."""
    if std <= 0:
        raise ValueError(f"Standard deviation must be positive, got: {std} instead.")

    def formula(xp: Any, k: Any, last: int) -> Any:
        return xp.exp(-(((k - last / 2) / std) ** 2) / 2)

    return _make("gaussian", M, formula, sym, **where)


def kaiser(M: int, *, beta: float = 12.0, sym: bool = True, **where: Any) -> Tensor:
    """Kaiser's window, by the Bessel function I0; `beta` trades width against side lobes."""
    if beta < 0:
        raise ValueError(f"beta must be non-negative, got: {beta} instead.")
    return _make("kaiser", M, _kaiser(beta), sym, **where)


# ------------------------------------------------------------------ the older functions


def _older(
    name: str,
    length: int,
    formula: Formula,
    periodic: bool,
    dtype: Any = None,
    layout: Any = None,
    device: Any = None,
    pin_memory: bool = False,
    requires_grad: bool = False,
) -> Tensor:
    kind = dtypes.get_default_dtype() if dtype is None else dtypes.as_dtype(dtype)
    if kind.category != FLOATING:
        raise RuntimeError(f"{name} expects floating point dtypes, got: {dtypes.scalar_type(kind)}")
    if length < 0:
        raise RuntimeError(f"{name} requires non-negative window_length, got {length}")
    return _filled(length, formula, not periodic, kind, device, requires_grad)


def bartlett_window(window_length: int, periodic: bool = True, **where: Any) -> Tensor:
    """A triangle, by default for spectra: the first numbers of a symmetric window one longer."""
    return _older("bartlett_window", window_length, _triangle, periodic, **where)


def blackman_window(window_length: int, periodic: bool = True, **where: Any) -> Tensor:
    """Blackman's three cosines; see `bartlett_window`."""
    formula = _cosines((0.42, 0.5, 0.08))
    return _older("blackman_window", window_length, formula, periodic, **where)


def hann_window(window_length: int, periodic: bool = True, **where: Any) -> Tensor:
    """``(1 - cos(2 pi k / N)) / 2``; see `bartlett_window`."""
    return _older("hann_window", window_length, _cosines((0.5, 0.5)), periodic, **where)


def hamming_window(
    window_length: int, periodic: bool = True, alpha: float = 0.54, beta: float = 0.46, **where: Any
) -> Tensor:
    """``alpha - beta cos(2 pi k / N)``; see `bartlett_window`."""
    return _older("hamming_window", window_length, _cosines((alpha, beta)), periodic, **where)


def kaiser_window(
    window_length: int, periodic: bool = True, beta: float = 12.0, **where: Any
) -> Tensor:
    """Kaiser's window, by the Bessel function I0; see `bartlett_window`."""
    return _older("kaiser_window", window_length, _kaiser(beta), periodic, **where)


__all__ = [
    "bartlett_window", "blackman_window", "hamming_window", "hann_window", "kaiser_window",
]  # fmt: skip
