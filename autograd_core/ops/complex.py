"""Complex numbers: their parts, and what is not holomorphic.

The gradient of a real loss is PyTorch's: for x = a + bi it is dL/da + i dL/db.  For a
holomorphic f that makes ``conj(f'(x)) * g``, so the engine runs an op's ordinary formula
between two conjugations (`autograd_core.vjps.apply_vjps`).  The ops here, `abs` and the
norms are not holomorphic; they are declared so, and their formulas are the whole truth.
"""

from __future__ import annotations

from typing import Any

from .._tensor import Tensor, method
from ..declare import op


@op("ConjBackward0", name="conj", types="free", holomorphic=False, elementwise=True)
def conj_op(xp: Any, input: Any) -> Any:
    """The complex conjugate."""
    return xp.conj(input)


@conj_op.vjp
def _(F: Any, g: Any) -> Any:
    return F.conj(g)


@op("RealBackward0", name="real", types="free", holomorphic=False, elementwise=True)
def real_op(xp: Any, input: Any) -> Any:
    """The real part."""
    return xp.array(input.real)


@real_op.vjp
def _(F: Any, g: Any, input_dtype: Any) -> Any:
    return F.to_dtype(g, dtype=input_dtype)


@op("ImagBackward0", name="imag", types="free", holomorphic=False, elementwise=True)
def imag_op(xp: Any, input: Any) -> Any:
    """The imaginary part."""
    return xp.array(input.imag)


@imag_op.vjp
def _(F: Any, g: Any, input_dtype: Any) -> Any:
    return F.to_dtype(g, dtype=input_dtype) * 1j


@method()
def conj(input: Tensor) -> Tensor:
    """The complex conjugate; a real tensor itself."""
    return conj_op.call(input) if input.is_complex() else input


def real(input: Tensor) -> Tensor:
    """The real part (a copy; PyTorch's shares memory); a real tensor itself."""
    return real_op.call(input) if input.is_complex() else input


def imag(input: Tensor) -> Tensor:
    """The imaginary part (a copy; PyTorch's shares memory).

    Raises
    ------
    RuntimeError
        For a real tensor.
    """
    if not input.is_complex():
        raise RuntimeError(
            "imag is not implemented for tensors with non-complex dtypes, "
            f"got {input.dtype!r}; use torch.zeros_like for its zero imaginary part"
        )
    return imag_op.call(input)


method("real")(property(real))
method("imag")(property(imag))
conj_physical = method("conj_physical")(conj)
resolve_conj = method("resolve_conj")(lambda input: input)

__all__ = ["conj", "conj_physical", "imag", "real", "resolve_conj"]
