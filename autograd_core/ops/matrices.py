"""What the rooms of linear algebra share: checks with PyTorch's sentences, small formulas."""

from __future__ import annotations

from typing import Any

import numpy as np

from .. import dtypes
from .._tensor import Tensor
from ..backends import backend_of
from ..dtypes import FLOATING
from ..errors import DtypeError, LinAlgError, ShapeError

# ------------------------------------------------------------------ checks


def check_floating(name: str, *tensors: Any) -> None:
    """Refuse integers and half precision."""
    for x in tensors:
        if not isinstance(x, Tensor):
            raise TypeError(f"{name}(): argument 'A' must be Tensor, not {type(x).__name__}")
        kind = dtypes.scalar_type(x.dtype)
        if x.dtype.category < FLOATING:
            raise DtypeError(
                f"{name}: Expected a floating point or complex tensor as input. Got {kind}; "
                "convert with .float() first"
            )
        if x.dtype.itemsize == 2:
            raise DtypeError(
                f"{name}: Low precision dtypes not supported. Got {kind}; "
                "convert with .float() first"
            )


def check_matrices(name: str, x: Tensor, letter: str = "A") -> None:
    """Refuse what has no two dimensions, and what `check_floating` refuses."""
    check_floating(name, x)
    if x._array.ndim < 2:
        raise ShapeError(
            f"{name}: The input tensor {letter} must have at least 2 dimensions; "
            f"its shape is {tuple(x.shape)}"
        )


def check_square(name: str, x: Tensor, letter: str = "A") -> None:
    """Refuse what is no batch of square matrices."""
    check_matrices(name, x, letter)
    m, n = x._array.shape[-2:]
    if m != n:
        raise ShapeError(
            f"{name}: {letter} must be batches of square matrices, but they are {m} by {n} matrices"
        )


def check_same_dtype(name: str, a: Tensor, b: Tensor, letters: str = "AB") -> None:
    """Refuse two tensors of different element types."""
    if a.dtype is not b.dtype:
        one, two = dtypes.scalar_type(a.dtype), dtypes.scalar_type(b.dtype)
        raise DtypeError(
            f"{name}: Expected {letters[0]} and {letters[1]} to have the same dtype, but found "
            f"{letters[0]} of type {one} and {letters[1]} of type {two} instead"
        )


def check_driver(name: str, x: Tensor, driver: str | None) -> None:
    """Refuse the choice among cuSOLVER's algorithms."""
    if driver is not None:
        raise RuntimeError(
            f"torch.{name}: keyword argument `driver=` is only supported on CUDA inputs with "
            f"cuSOLVER backend, got {driver!r}; leave it out"
        )


def failed(name: str, info: Any, sentence: str) -> LinAlgError:
    """The error about the first matrix of a batch whose `info` is not 0.

    `sentence` may name that number as ``{info}``.
    """
    numbers = np.asarray(backend_of(info).to_numpy(info))
    flat = numbers.reshape(-1)
    first = int(np.flatnonzero(flat)[0]) if flat.any() else 0
    where = f"(Batch element {first}): " if numbers.ndim else ""
    at = int(flat[first]) if flat.size else 0
    return LinAlgError(f"{name}: {where}{sentence.format(info=at)}")


def any_failed(info: Any) -> bool:
    """Whether any matrix of a batch failed; the numbers come to the host, openly."""
    return bool(np.any(backend_of(info).to_numpy(info)))


def depends_on_phase(along: Any) -> bool:
    """Whether a gradient along complex singular or eigenvectors themselves has an imaginary part.

    Their phase is arbitrary, so a loss that depends on it has no gradient.  Only asked where
    numbers are at hand: on a GPU the question would make every backward wait for the device.
    """
    array = getattr(along, "_array", along)
    if not isinstance(array, np.ndarray) or array.dtype.kind != "c":
        return False
    tolerance = 1e-2 if array.dtype.name == "complex64" else 1e-5
    return bool(np.any(np.abs(array.imag) > tolerance * (1 + np.abs(array.real))))


# ------------------------------------------------------------------ formulas


def is_complex(x: Any) -> bool:
    """Whether an array or tensor is complex."""
    return bool(getattr(x, "_array", x).dtype.kind == "c")


def adjoint(F: Any, x: Any) -> Any:
    """The conjugate transpose."""
    turned = F.transposed(x)
    return F.conj(turned) if is_complex(x) else turned


def column(F: Any, x: Any) -> Any:
    """(..., n) as (..., n, 1)."""
    return F.unsqueeze(x, dim=x.ndim)


def row(F: Any, x: Any) -> Any:
    """(..., n) as (..., 1, n)."""
    return F.unsqueeze(x, dim=x.ndim - 1)


def diagonal_of(F: Any, x: Any) -> Any:
    """The diagonals of matrices (..., n, n)."""
    return F.diagonal(x, offset=0, dim1=x.ndim - 2, dim2=x.ndim - 1)


def diagonal_matrix(F: Any, x: Any) -> Any:
    """Matrices (..., n, n) with `x` (..., n) on the diagonal."""
    return F.diag_embed(x, offset=0, dim1=x.ndim - 1, dim2=x.ndim)


def hermitian_from_upper(F: Any, x: Any) -> Any:
    """The Hermitian matrix with the upper triangle of `x` and the real part of its diagonal."""
    doubled = F.triu(x, diagonal=0) + F.triu(x, diagonal=1)
    return (doubled + adjoint(F, doubled)) * 0.5


def as_input(F: Any, g: Any, input_dtype: Any) -> Any:
    """A gradient that came out complex, for an input that may be real."""
    return F.real(g) if is_complex(g) and input_dtype.kind != "c" else g


__all__: list[str] = []
