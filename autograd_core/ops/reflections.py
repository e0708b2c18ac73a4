"""Products of Householder reflections: the Q of a QR decomposition, kept as vectors.

k reflections ``I - tau v v^H`` multiply to ``I - V M^-1 diag(tau) V^H`` with the unit upper
triangle ``M = I + diag(tau) striu(V^H V)`` (T. Joffrain et al., "Accumulating Householder
transformations, revisited", 2006): products and one triangular solve, which can be
differentiated, in place of k steps.
"""

from __future__ import annotations

from typing import Any

from .. import dense
from .._tensor import Tensor, method
from ..declare import op
from ..errors import ShapeError
from .matrices import adjoint, check_matrices, check_same_dtype, column, is_complex


def _conj(F: Any, x: Any) -> Any:
    return F.conj(x) if is_complex(x) else x


def _eye(F: Any, like: Any, rows: int, columns: int) -> Any:
    """The identity (rows, columns) in the batch of `like`."""
    shape = (*like.shape[:-2], rows, columns)
    diagonal = F.zeros_of(like, shape=(*like.shape[:-2], min(rows, columns))) + 1
    return F.diagonal_backward(
        diagonal, shape=shape, offset=0, dim1=len(shape) - 2, dim2=len(shape) - 1
    )


def _reflectors(F: Any, A: Any, k: int) -> Any:
    below = F.tril(F.slice(A, dim=A.ndim - 1, start=0, stop=k, step=1), diagonal=-1)
    return below + _eye(F, A, A.shape[-2], k)


def _gradients(F: Any, g: Any, A: Any, tau: Any, other: Any, adjointly: bool) -> tuple[Any, Any]:
    """Those of A and tau from that of ``Q other`` (or ``Q^H other``)."""
    k = tau.shape[-1]
    V = _reflectors(F, A, k)
    across = adjoint(F, V)
    gram = F.triu(F.bmm(across, V), diagonal=1)
    M = _eye(F, gram, k, k) + column(F, tau) * gram
    inner = F.bmm(across, other)
    if adjointly:
        half = F.solve_triangular(adjoint(F, M), inner, upper=False, left=True, unit=True)
        z = _conj(F, column(F, tau)) * half
        g_z = -F.bmm(across, g)
        g_half = column(F, tau) * g_z
        g_tau = _conj(F, F.sum(g_z * _conj(F, half), dim=(z.ndim - 1,), keepdim=False))
        g_inner = F.solve_triangular(M, g_half, upper=True, left=True, unit=True)
        g_m = -F.bmm(half, adjoint(F, g_inner))
    else:
        z = F.solve_triangular(M, column(F, tau) * inner, upper=True, left=True, unit=True)
        g_z = -F.bmm(across, g)
        g_half = F.solve_triangular(adjoint(F, M), g_z, upper=False, left=True, unit=True)
        g_tau = F.sum(g_half * _conj(F, inner), dim=(z.ndim - 1,), keepdim=False)
        g_inner = _conj(F, column(F, tau)) * g_half
        g_m = -F.bmm(g_half, adjoint(F, z))
    g_m = F.triu(g_m, diagonal=1)
    g_tau = g_tau + F.sum(g_m * _conj(F, gram), dim=(z.ndim - 1,), keepdim=False)
    g_gram = _conj(F, column(F, tau)) * g_m
    g_v = F.bmm(V, g_gram + adjoint(F, g_gram))
    g_v = g_v - F.bmm(g, adjoint(F, z)) + F.bmm(other, adjoint(F, g_inner))
    g_v = F.tril(g_v, diagonal=-1)
    last = A.ndim - 1
    if A.shape[-1] > k:
        g_v = F.slice_backward(g_v, shape=tuple(A.shape), dim=last, start=0, stop=k, step=1)
    return g_v, g_tau


# ------------------------------------------------------------------ the product itself


@op(
    "LinalgHouseholderProductBackward0", name="householder_product", types="floating",
    holomorphic=False,
)  # fmt: skip
def householder_product_op(xp: Any, A: Any, tau: Any) -> Any:
    """The first n columns of the product of reflections."""
    same = xp.zeros(A.shape, A.dtype) + dense.identity_like(xp, A)
    return dense.reflect(xp, A, tau, same, False)


@householder_product_op.vjp("A", "tau")
def _(F: Any, g: Any, A: Any, tau: Any, needs: Any) -> Any:
    same = _eye(F, A, A.shape[-2], A.shape[-1])
    return _gradients(F, g, A, tau, same, False)


def _check_reflections(name: str, A: Tensor, tau: Tensor, letter: str) -> None:
    check_matrices(name, A, letter)
    check_same_dtype(name, A, tau, f"{letter}t" if len(letter) == 1 else "At")
    if tuple(tau.shape[:-1]) != tuple(A.shape[:-2]) or tau.ndim != A.ndim - 1:
        raise ShapeError(
            f"{name}: Expected tau to have one dimension less than {letter} and the same batch, "
            f"but they are {tuple(tau.shape)} and {tuple(A.shape)}"
        )
    if tau.shape[-1] > A.shape[-1]:
        raise ShapeError(
            f"{name}: {letter}.shape[-1] must be greater than or equal to tau.shape[-1], "
            f"got {A.shape[-1]} and {tau.shape[-1]}"
        )


def householder_product(A: Tensor, tau: Tensor) -> Tensor:
    """The first n columns of the product of the reflections ``I - tau v v^H``.

    Parameters
    ----------
    A : Tensor
        Shape (..., m, n), m >= n: below the diagonal of column i the vector of reflection i,
        whose element on the diagonal is 1 and above it 0.
    tau : Tensor
        Shape (..., k), k <= n.
    """
    _check_reflections("torch.linalg.householder_product", A, tau, "input")
    if A.shape[-2] < A.shape[-1]:
        raise ShapeError(
            "torch.linalg.householder_product: input.shape[-2] must be greater than or equal to "
            f"input.shape[-1], got {A.shape[-2]} and {A.shape[-1]}"
        )
    return householder_product_op.call(A, tau)


@method()
def orgqr(input: Tensor, tau: Tensor) -> Tensor:
    """LAPACK's name of `linalg.householder_product`."""
    return householder_product(input, tau)


# ------------------------------------------------------------------ applied to a matrix


@op("OrmqrBackward0", name="ormqr", types="floating", holomorphic=False)
def ormqr_op(xp: Any, input: Any, tau: Any, other: Any, *, left: bool, transpose: bool) -> Any:
    """``Q other`` or ``other Q``, perhaps with the adjoint of Q."""
    if left:
        return dense.reflect(xp, input, tau, other, transpose)
    found = dense.reflect(xp, input, tau, dense.adjoint(xp, other), not transpose)
    return xp.ascontiguousarray(dense.adjoint(xp, found))


@ormqr_op.vjp("input", "tau", "other")
def _(
    F: Any, g: Any, input: Any, tau: Any, other: Any, left: bool, transpose: bool, needs: Any
) -> Any:
    g_other = F.ormqr(input, tau, g, left=left, transpose=not transpose) if needs[2] else None
    if not (needs[0] or needs[1]):
        return None, None, g_other
    if left:
        return *_gradients(F, g, input, tau, other, transpose), g_other
    turned = adjoint(F, g), adjoint(F, other)
    return *_gradients(F, turned[0], input, tau, turned[1], not transpose), g_other


@method()
def ormqr(
    input: Tensor, tau: Tensor, other: Tensor, left: bool = True, transpose: bool = False
) -> Tensor:
    """The square Q of a QR decomposition, or its adjoint, times a matrix.

    Parameters
    ----------
    input, tau : Tensor
        What `geqrf` gave, (..., m, k) and (..., k).
    other : Tensor
        Shape (..., m, n), or (..., n, m) with ``left=False``.
    left : bool, default True
        Q stands on the left.
    transpose : bool, default False
        Take the adjoint of Q.
    """
    _check_reflections("torch.ormqr", input, tau, "input")
    check_same_dtype("torch.ormqr", input, other, "io")
    size = other.shape[-2 if left else -1]
    if size != input.shape[-2] or other.shape[:-2] != input.shape[:-2]:
        raise ShapeError(
            f"torch.ormqr: other.shape[{-2 if left else -1}] must be equal to input.shape[-2] and "
            f"the batches the same, but other is {tuple(other.shape)} and input "
            f"{tuple(input.shape)}"
        )
    return ormqr_op.call(input, tau, other, left=left, transpose=transpose)


__all__ = ["orgqr", "ormqr"]
