"""``autograd_core.fft``: Fourier transforms, and what belongs to their frequencies."""

from __future__ import annotations

from typing import Any

from ._tensor import Tensor
from .errors import ShapeError
from .ops.create import arange
from .ops.dims import wrap_dims
from .ops.fourier import (
    fft,
    fft2,
    fftn,
    hfft,
    hfft2,
    hfftn,
    ifft,
    ifft2,
    ifftn,
    ihfft,
    ihfft2,
    ihfftn,
    irfft,
    irfft2,
    irfftn,
    rfft,
    rfft2,
    rfftn,
)  # fmt: skip
from .ops.join import roll
from .ops.keywords import with_keywords

__all__ = [
    "fft", "fft2", "fftfreq", "fftn", "fftshift", "hfft", "hfft2", "hfftn", "ifft", "ifft2",
    "ifftn", "ifftshift", "ihfft", "ihfft2", "ihfftn", "irfft", "irfft2", "irfftn", "rfft",
    "rfft2", "rfftfreq", "rfftn",
]  # fmt: skip


def fftfreq(n: int, d: float = 1.0, **where: Any) -> Tensor:
    """Frequencies of `fft`'s output, in cycles per unit of `d`, the negative ones behind.

    Parameters
    ----------
    n : int
        Length of the signal.
    d : float, default 1
        Distance between samples.
    **where
        dtype, device, requires_grad.
    """
    needs = where.pop("requires_grad", False)
    steps = arange(n, **_floating(where))
    found = steps.where(steps < (n + 1) // 2, steps - n) * (1.0 / (max(n, 1) * d))
    return found.requires_grad_() if needs else found


def rfftfreq(n: int, d: float = 1.0, **where: Any) -> Tensor:
    """Frequencies of `rfft`'s output, n // 2 + 1 of them; see `fftfreq`."""
    needs = where.pop("requires_grad", False)
    found = arange(n // 2 + 1, **_floating(where)) * (1.0 / (n * d))
    return found.requires_grad_() if needs else found


def _floating(where: dict[str, Any]) -> dict[str, Any]:
    from .dtypes import get_default_dtype

    if where.get("dtype") is None:
        where["dtype"] = get_default_dtype()
    return {k: v for k, v in where.items() if k in ("dtype", "device")}


def fftshift(input: Tensor, dim: Any = None) -> Tensor:
    """Frequency 0 moved to the middle of the dimensions `dim` (default: all)."""
    return _shifted(input, dim, 1)


def ifftshift(input: Tensor, dim: Any = None) -> Tensor:
    """The inverse of `fftshift`."""
    return _shifted(input, dim, -1)


def _shifted(input: Tensor, dim: Any, sign: int) -> Tensor:
    dims = tuple(range(input.ndim)) if dim is None else wrap_dims(dim, input.ndim)
    if not dims:
        return input.clone()
    if not input.ndim:
        raise ShapeError("fftshift: the tensor has no dimension to shift")
    half = [input.shape[d] // 2 for d in dims]
    return roll(
        input,
        [h if sign > 0 else input.shape[d] - h for d, h in zip(dims, half, strict=True)],
        dims,
    )


for _name in __all__:
    if not _name.endswith("shift"):
        globals()[_name] = with_keywords(
            globals()[_name], f"fft.{_name}", creates=_name.endswith("freq")
        )
