"""Decompositions of low rank by random projections, for matrices with few large values.

Source: N. Halko, P. Martinsson and J. Tropp, "Finding structure with randomness" (2009),
algorithms 4.4 and 5.1.
"""

from __future__ import annotations

from typing import Any

from .._tensor import Tensor
from .factor import qr
from .linalg import matmul
from .matrices import check_matrices
from .sampling import randn
from .spectral import svd


def _turned(x: Tensor) -> Tensor:
    return x.conj().transpose(-2, -1)


def _range_of(A: Tensor, q: int, niter: int) -> Tensor:
    """Orthonormal columns (..., m, q) that nearly span the range of A."""
    probe = randn(A.shape[-1], q, dtype=A.dtype, device=A.device)
    Q = qr(matmul(A, probe))[0]
    for _ in range(niter):
        Q = qr(matmul(_turned(A), Q))[0]
        Q = qr(matmul(A, Q))[0]
    return Q


def svd_lowrank(
    A: Tensor, q: int | None = 6, niter: int | None = 2, M: Tensor | None = None
) -> Any:
    """The largest q singular values of a matrix and their vectors, approximately.

    Parameters
    ----------
    A : Tensor
        Shape (..., m, n).
    q : int, default 6
        A little more than the rank that is looked for.
    niter : int, default 2
        Rounds of refinement.
    M : Tensor, optional
        Subtract this from A first; it broadcasts.

    Returns
    -------
    tuple (U, S, V)
        ``A - M ~ U diag(S) V^H``.
    """
    check_matrices("svd_lowrank", A)
    count = 6 if q is None else q
    m, n = A.shape[-2:]
    if not 0 <= count <= min(m, n):
        raise ValueError(f"q={count} must be between 0 and min(m, n)={min(m, n)}")
    if M is not None:
        A = A - M
    wide = m < n
    work = _turned(A) if wide else A
    Q = _range_of(work, count, 2 if niter is None else niter)
    u, s, vh = svd(matmul(_turned(Q), work), full_matrices=False)
    left, right = matmul(Q, u), _turned(vh)
    return (right, s, left) if wide else (left, s, right)


def pca_lowrank(A: Tensor, q: int | None = None, center: bool = True, niter: int = 2) -> Any:
    """Principal components: `svd_lowrank` of the rows less their mean.

    Parameters
    ----------
    A : Tensor
        Shape (..., m, n): m samples of n numbers.
    q : int, optional
        How many components; default 6, or the smaller size.
    center : bool, default True
        Subtract the mean of each column first.

    Returns
    -------
    tuple (U, S, V)
        The columns of V are the principal directions.
    """
    check_matrices("pca_lowrank", A)
    m, n = A.shape[-2:]
    count = min(6, m, n) if q is None else q
    if not 0 <= count <= min(m, n):
        raise ValueError(
            f"q(={count}) must be non-negative integer and not greater than {min(m, n)}"
        )
    if niter < 0:
        raise ValueError(f"niter(={niter}) must be non-negative integer")
    return svd_lowrank(A - A.mean(-2, keepdim=True) if center else A, count, niter)


__all__ = ["pca_lowrank", "svd_lowrank"]
