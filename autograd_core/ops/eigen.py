"""Eigenvalues and eigenvectors, of Hermitian and of any square matrices.

The gradient of eigenvectors divides by differences of eigenvalues: where two are equal it is
inf or NaN, as in PyTorch.  Source: M. Giles, "Collected matrix derivative results for forward
and reverse mode algorithmic differentiation" (2008), section 3; with complex eigenvectors
normalised to length 1, the part of the gradient along the vector itself is taken out.
"""

from __future__ import annotations

from typing import Any

from numpy.linalg import LinAlgError as NumpyLinAlgError

from .. import return_types, state
from .._tensor import Tensor
from ..declare import op
from ..errors import LinAlgError
from .matrices import (
    adjoint,
    as_input,
    check_square,
    column,
    depends_on_phase,
    diagonal_matrix,
    diagonal_of,
    row,
)

NOT_CONVERGED = (
    "The algorithm failed to converge because the input matrix is ill-conditioned or has too many "
    "repeated eigenvalues; look for NaN and inf in it."
)


def _gaps(F: Any, values: Any) -> Any:
    """``values[j] - values[i]``, with ones on the diagonal."""
    gaps = row(F, values) - column(F, values)
    same = F.zeros_of(values, shape=tuple(values.shape)) + 1
    return gaps + diagonal_matrix(F, same)


def _without_diagonal(F: Any, x: Any) -> Any:
    return F.tril(x, diagonal=-1) + F.triu(x, diagonal=1)


# ------------------------------------------------------------------ Hermitian


@op(
    "LinalgEighBackward0", name="eigh", types="floating", outputs=("eigenvalues", "eigenvectors"),
    holomorphic=False,
)  # fmt: skip
def eigh_op(xp: Any, A: Any, *, UPLO: str) -> Any:
    """Eigenvalues, the smallest first, and eigenvectors of Hermitian matrices."""
    try:
        return tuple(xp.linalg.eigh(A, UPLO=UPLO))
    except NumpyLinAlgError:
        raise LinAlgError(f"linalg.eigh: {NOT_CONVERGED}") from None


@eigh_op.vjp
def _(F: Any, g: Any, eigenvalues: Any, eigenvectors: Any) -> Any:
    g_values, g_vectors = g
    V, across = eigenvectors, adjoint(F, eigenvectors)
    turned = F.bmm(across, g_vectors)
    _check_phase("linalg_eigh_backward", F, turned)
    inner = _without_diagonal(F, turned - adjoint(F, turned)) * 0.5 / _gaps(F, eigenvalues)
    inner = inner + diagonal_matrix(F, g_values)
    return F.bmm(V, F.bmm(inner, across))


def _check_phase(name: str, F: Any, turned: Any) -> None:
    """Refuse losses that depend on the phase of complex eigenvectors, which is arbitrary."""
    if depends_on_phase(diagonal_of(F, turned)):
        raise RuntimeError(
            f"{name}: The eigenvectors in the complex case are specified up to multiplication by "
            "e^{i phi}. The specified loss function depends on this quantity, so it is ill-defined."
        )


@op(None, types="floating")
def hermitian_eigenvalues(xp: Any, A: Any, *, UPLO: str) -> Any:
    """Eigenvalues alone."""
    try:
        return xp.linalg.eigvalsh(A, UPLO=UPLO)
    except NumpyLinAlgError:
        raise LinAlgError(f"linalg.eigh: {NOT_CONVERGED}") from None


def _triangle(UPLO: str) -> str:
    if UPLO.upper() not in ("L", "U"):
        raise RuntimeError(f"Expected UPLO argument to be 'L' or 'U', but got {UPLO}")
    return UPLO.upper()


def _is_differentiated(A: Tensor) -> bool:
    """Whether a derivative, backward or forward, will want the eigenvectors."""
    return A.requires_grad or state.modes.forward_level >= 0


def eigh(A: Tensor, UPLO: str = "L") -> Any:
    """Eigenvalues and eigenvectors of Hermitian (real: symmetric) matrices.

    Parameters
    ----------
    A : Tensor
        Shape (..., n, n).
    UPLO : 'L' or 'U'
        Which triangle is read.

    Returns
    -------
    named tuple (eigenvalues, eigenvectors)
        Real, the smallest first (..., n); orthonormal columns (..., n, n), each of which is
        determined up to a sign (a phase): only functions that do not depend on that have a
        meaningful gradient, and only where no two eigenvalues are equal.
    """
    check_square("linalg.eigh", A)
    return return_types.linalg_eigh(*eigh_op.call(A, UPLO=_triangle(UPLO)))


def eigvalsh(A: Tensor, UPLO: str = "L") -> Tensor:
    """Eigenvalues of Hermitian matrices, the smallest first; see `eigh`."""
    check_square("linalg.eigvalsh", A)
    if _is_differentiated(A):
        return eigh_op.call(A, UPLO=_triangle(UPLO))[0]
    return hermitian_eigenvalues.call(A, UPLO=_triangle(UPLO))


# ------------------------------------------------------------------ any square matrix


@op(
    "LinalgEigBackward0", name="eig", types="floating", outputs=("eigenvalues", "eigenvectors"),
    holomorphic=False,
)  # fmt: skip
def eig_op(xp: Any, A: Any) -> Any:
    """Complex eigenvalues and eigenvectors."""
    try:
        values, vectors = xp.linalg.eig(A)
    except NumpyLinAlgError as error:
        raise LinAlgError(f"linalg.eig: {_reason(error)}") from None
    kind = _complex_kind(A)
    return values.astype(kind), vectors.astype(kind)


def _reason(error: Exception) -> str:
    found = str(error)
    return "input tensor should not contain infs or NaNs." if "inf" in found else NOT_CONVERGED


def _complex_kind(A: Any) -> str:
    return "complex64" if A.dtype.name in ("float32", "complex64") else "complex128"


@eig_op.vjp
def _(F: Any, g: Any, eigenvalues: Any, eigenvectors: Any, A_dtype: Any) -> Any:
    g_values, g_vectors = g
    V, across = eigenvectors, adjoint(F, eigenvectors)
    turned = F.bmm(across, g_vectors)
    _check_phase("linalg_eig_backward", F, turned)
    along = diagonal_of(F, turned)
    length = F.to_dtype(F.real(along), dtype=_dtype_of(turned))
    inner = turned - F.bmm(across, V) * row(F, length)
    inner = _without_diagonal(F, inner) / F.conj(_gaps(F, eigenvalues))
    inner = inner + diagonal_matrix(F, g_values)
    found = F.solve(across, F.bmm(inner, across), left=True, vector=False, check=False)
    return as_input(F, found, A_dtype)


def _dtype_of(x: Any) -> Any:
    return getattr(x, "_array", x).dtype


@op(None, types="floating")
def eigenvalues_alone(xp: Any, A: Any) -> Any:
    """Complex eigenvalues."""
    try:
        return xp.linalg.eigvals(A).astype(_complex_kind(A))
    except NumpyLinAlgError as error:
        raise LinAlgError(f"linalg.eig: {_reason(error)}") from None


def eig(A: Tensor) -> Any:
    """Eigenvalues and eigenvectors of square matrices, complex in general.

    Parameters
    ----------
    A : Tensor
        Shape (..., n, n).

    Returns
    -------
    named tuple (eigenvalues, eigenvectors)
        Complex (..., n), in no particular order; columns of length 1 (..., n, n), determined
        up to a phase.
    """
    check_square("linalg.eig", A)
    return return_types.linalg_eig(*eig_op.call(A))


def eigvals(A: Tensor) -> Tensor:
    """Complex eigenvalues of square matrices; see `eig`."""
    check_square("linalg.eigvals", A)
    return eig_op.call(A)[0] if _is_differentiated(A) else eigenvalues_alone.call(A)


__all__: list[str] = []
