"""Matrices taken apart into triangles: Cholesky, LU and QR.

Sources of the gradients: I. Murray, "Differentiation of the Cholesky decomposition" (2016);
S. Walter and L. Lehmann, "Algorithmic differentiation of linear algebra functions" (2013)
for QR; for LU, the differential of ``P A = L U`` split into its triangles.
"""

from __future__ import annotations

from typing import Any

from numpy.linalg import LinAlgError as NumpyLinAlgError

from .. import dense, return_types
from .._tensor import Tensor, method
from ..backends import backend_of
from ..declare import op
from .matrices import (
    adjoint,
    any_failed,
    check_matrices,
    check_square,
    failed,
    hermitian_from_upper,
)

# ------------------------------------------------------------------ Cholesky

NOT_POSITIVE = (
    "The factorization could not be completed because the input is not positive-definite "
    "(the leading minor of order {info} is not positive-definite)."
)


@op("LinalgCholeskyExBackward0", name="cholesky", types="floating", holomorphic=False)
def cholesky_op(xp: Any, input: Any, *, upper: bool, check: bool) -> Any:
    """L of ``input = L L^H``, or its adjoint."""
    lower = dense.adjoint(xp, input) if upper else input
    try:
        found = xp.linalg.cholesky(lower)
    except NumpyLinAlgError:
        found, info = dense.cholesky(xp, lower)
        if check:
            raise failed("linalg.cholesky", info, NOT_POSITIVE) from None
    return xp.ascontiguousarray(dense.adjoint(xp, found)) if upper else found


@cholesky_op.vjp
def _(F: Any, g: Any, result: Any, upper: bool) -> Any:
    return cholesky_gradient(F, g, result, upper)


def cholesky_gradient(F: Any, g: Any, factor: Any, upper: bool) -> Any:
    """``L^-H S L^-1 / 2``, S with the lower triangle of ``L^H g`` on both sides."""
    if upper:
        factor, g = adjoint(F, factor), adjoint(F, g)
    turned = adjoint(F, factor)
    middle = F.bmm(turned, g)
    middle = F.tril(middle, diagonal=0) + adjoint(F, F.tril(middle, diagonal=-1))
    right = F.solve_triangular(factor, middle * 0.5, upper=False, left=False, unit=False)
    return F.solve_triangular(turned, right, upper=True, left=True, unit=False)


@op(None, types="floating")
def cholesky_info(xp: Any, input: Any, *, upper: bool) -> Any:
    """0, or the order of the first leading minor that is not positive."""
    try:
        xp.linalg.cholesky(dense.adjoint(xp, input) if upper else input)
    except NumpyLinAlgError:
        return dense.cholesky(xp, dense.adjoint(xp, input) if upper else input)[1]
    return xp.zeros(input.shape[:-2], "int32")


def cholesky(A: Tensor, *, upper: bool = False) -> Tensor:
    """Cholesky decomposition ``A = L L^H`` of Hermitian positive definite matrices.

    Parameters
    ----------
    A : Tensor
        Shape (..., n, n); only one triangle is read.
    upper : bool, default False
        Read the upper triangle and give ``L^H``.

    Raises
    ------
    LinAlgError
        If a matrix is not positive definite.
    """
    check_square("linalg.cholesky", A)
    return cholesky_op.call(A, upper=upper, check=True)


def cholesky_ex(A: Tensor, *, upper: bool = False, check_errors: bool = False) -> Any:
    """`cholesky` that reports a failure in `info` instead of raising.

    Returns
    -------
    named tuple (L, info)
        info : 0, or the order of the first leading minor that is not positive definite.
    """
    check_square("linalg.cholesky_ex", A)
    factor = cholesky_op.call(A, upper=upper, check=check_errors)
    return return_types.linalg_cholesky_ex(factor, cholesky_info.call(A.detach(), upper=upper))


# ------------------------------------------------------------------ LU


@op(
    "LinalgLuFactorExBackward0", name="lu_factor", types="floating", outputs=("LU",),
    aux=("pivots", "info"),
)  # fmt: skip
def lu_factor_op(xp: Any, A: Any, *, pivot: bool) -> Any:
    """L below the diagonal, U on and above it; row exchanges; where a pivot was zero."""
    return dense.lu(xp, A, pivot)


@lu_factor_op.vjp
def _(F: Any, g: Any, LU: Any, pivots: Any) -> Any:
    L, U = F.lu_unpack(LU)
    lower, upper = F.lu_unpack(g)
    middle = F.tril(lower, diagonal=-1), F.triu(upper, diagonal=0)
    order = F.lu_permutation(pivots, size=LU.shape[-2], like=getattr(LU, "_array", LU).dtype)
    return lu_gradient(F, order, L, U, *middle)


@op("LinalgLuBackward0", name="lu", types="floating", outputs=("L", "U"), aux=("P",))
def lu_op(xp: Any, A: Any, *, pivot: bool) -> Any:
    """L, U and P of ``A = P L U``."""
    packed, pivots, _ = dense.lu(xp, A, pivot)
    lower, upper = lu_unpack_op.forward(xp, packed)
    return lower, upper, dense.permutation(xp, pivots, A.shape[-2], A.dtype)


@lu_op.vjp
def _(F: Any, g: Any, L: Any, U: Any, P: Any) -> Any:
    return lu_gradient(F, P, L, U, F.tril(g[0], diagonal=-1), F.triu(g[1], diagonal=0))


def lu_gradient(F: Any, P: Any, L: Any, U: Any, g_l: Any, g_u: Any) -> Any:
    """Gradient of A from those of L and U, also where A is wide or tall.

    Written with transposes, between the engine's conjugations: LU is holomorphic.
    """
    (m, k), n = L.shape[-2:], U.shape[-1]
    square_l, square_u = _part(F, L, -2, 0, k), _part(F, U, -1, 0, k)
    below = F.bmm(F.transposed(_part(F, L, -2, 0, k)), _part(F, g_l, -2, 0, k))
    above = F.bmm(_part(F, g_u, -1, 0, k), F.transposed(square_u))
    wide, tall = None, None
    if n > k:
        wide = _part(F, g_u, -1, k, n)
        below = below - F.bmm(wide, F.transposed(_part(F, U, -1, k, n)))
        wide = F.solve_triangular(F.transposed(square_l), wide, upper=True, left=True, unit=True)
    if m > k:
        tall = _part(F, g_l, -2, k, m)
        above = above - F.bmm(F.transposed(_part(F, L, -2, k, m)), tall)
        tall = F.solve_triangular(F.transposed(square_u), tall, upper=False, left=False, unit=False)
    middle = F.tril(below, diagonal=-1) + F.triu(above, diagonal=0)
    middle = F.solve_triangular(F.transposed(square_l), middle, upper=True, left=True, unit=True)
    middle = F.solve_triangular(F.transposed(square_u), middle, upper=False, left=False, unit=False)
    if wide is not None:
        middle = F.cat(middle, wide, dim=middle.ndim - 1)
    if tall is not None:
        middle = F.cat(middle, tall, dim=middle.ndim - 2)
    return F.bmm(P, middle)


def _part(F: Any, x: Any, dim: int, start: int, stop: int) -> Any:
    return F.slice(x, dim=x.ndim + dim, start=start, stop=stop, step=1)


@op("LuUnpackBackward0", name="lu_unpack", types="floating", outputs=("L", "U"))
def lu_unpack_op(xp: Any, LU_data: Any) -> Any:
    """The triangles of a packed LU decomposition."""
    m, n = LU_data.shape[-2:]
    k = min(m, n)
    lower = xp.tril(LU_data[..., :, :k], -1)
    return lower + dense.identity_like(xp, lower), xp.triu(LU_data[..., :k, :])


@lu_unpack_op.vjp
def _(F: Any, g: Any, LU_data_shape: Any) -> Any:
    m, n = LU_data_shape[-2:]
    k = min(m, n)
    last = len(LU_data_shape) - 1
    lower, upper = F.tril(g[0], diagonal=-1), F.triu(g[1], diagonal=0)
    if n > k:
        lower = F.slice_backward(lower, shape=LU_data_shape, dim=last, start=0, stop=k, step=1)
    if m > k:
        upper = F.slice_backward(upper, shape=LU_data_shape, dim=last - 1, start=0, stop=k, step=1)
    return lower + upper


@op(None, types="free")
def lu_permutation(xp: Any, pivots: Any, *, size: int, like: Any) -> Any:
    """P of ``A = P L U`` as a matrix of the dtype `like`."""
    return dense.permutation(xp, pivots, size, like)


def lu_factor_ex(A: Tensor, *, pivot: bool = True, check_errors: bool = False) -> Any:
    """Packed LU decomposition with row exchanges, which reports a zero pivot in `info`.

    Parameters
    ----------
    A : Tensor
        Shape (..., m, n).
    pivot : bool, default True
        Exchange rows, for the sake of accuracy.
    check_errors : bool, default False
        Raise LinAlgError for a zero on the diagonal of U.

    Returns
    -------
    named tuple (LU, pivots, info)
        LU : (..., m, n), L below the diagonal (its own diagonal is 1) and U.
        pivots : (..., min(m, n)), int32, which row, from 1, each was exchanged with.
        info : 0, or the number from 1 of the first zero on U's diagonal.
    """
    check_matrices("torch.linalg.lu_factor", A)
    packed, pivots, info = lu_factor_op.call(A, pivot=pivot)
    if check_errors and any_failed(info._array):
        raise failed(
            "torch.linalg.lu_factor", info._array,
            "U[{info},{info}] is zero and using it on lu_solve would result in a division by "
            "zero. If you still want to perform the factorization, consider calling "
            "linalg.lu(A, pivot) or linalg.lu_factor_ex(A, pivot)",
        )  # fmt: skip
    return return_types.linalg_lu_factor_ex(packed, pivots, info)


def lu_factor(A: Tensor, *, pivot: bool = True) -> Any:
    """Packed LU decomposition with row exchanges; see `lu_factor_ex`.

    Returns
    -------
    named tuple (LU, pivots)

    Raises
    ------
    LinAlgError
        For a singular matrix.
    """
    packed, pivots, _ = lu_factor_ex(A, pivot=pivot, check_errors=True)
    return return_types.linalg_lu_factor(packed, pivots)


def lu(A: Tensor, *, pivot: bool = True) -> Any:
    """``A = P L U`` with a permutation and two triangles.

    Returns
    -------
    named tuple (P, L, U)
        For A of shape (..., m, n): (..., m, m), (..., m, k), (..., k, n), k the smaller.
        Without `pivot`, P is empty.
    """
    check_matrices("linalg.lu", A)
    lower, upper, order = lu_op.call(A, pivot=pivot)
    return return_types.linalg_lu(order if pivot else _nothing(A), lower, upper)


def _nothing(like: Tensor) -> Tensor:
    array = like._array
    return Tensor._from_array(backend_of(array).xp.zeros((0,), array.dtype))


def lu_unpack(
    LU_data: Tensor, LU_pivots: Tensor, unpack_data: bool = True, unpack_pivots: bool = True
) -> Any:
    """P, L and U from what `lu_factor` gives.

    Returns
    -------
    named tuple (P, L, U)
        What is not asked for is empty.
    """
    check_matrices("lu_unpack", LU_data, "LU_data")
    if LU_pivots.dtype.name != "int32":
        raise RuntimeError(
            "torch.lu_unpack: LU_pivots is expected to be a contiguous tensor of torch.int32 "
            f"dtype, got {LU_pivots.dtype!r}; use what lu_factor gave, or .int()"
        )
    order = lower = upper = _nothing(LU_data)
    if unpack_data:
        lower, upper = lu_unpack_op.call(LU_data)
    if unpack_pivots:
        m, kind = LU_data.shape[-2], LU_data._array.dtype
        order = lu_permutation.call(LU_pivots, size=m, like=kind)
    return return_types.lu_unpack(order, lower, upper)


# ------------------------------------------------------------------ QR


@op("LinalgQrBackward0", name="qr", types="floating", outputs=("Q", "R"), holomorphic=False)
def qr_op(xp: Any, A: Any, *, mode: str) -> Any:
    """Q with orthonormal columns and R, an upper triangle."""
    if mode == "r":
        return xp.zeros((0,), A.dtype), xp.linalg.qr(A, mode="r")
    return tuple(xp.linalg.qr(A, mode=mode))


@qr_op.vjp
def _(F: Any, g: Any, Q: Any, R: Any, A_shape: Any, mode: str) -> Any:
    m, n = A_shape[-2:]
    if mode == "r":
        raise RuntimeError(
            "The derivative of linalg.qr depends on Q, which is not computed when mode='r'. Please "
            "use linalg.qr(A, mode='reduced') if you are going to require gradients through "
            "linalg.qr."
        )
    if mode == "complete" and m > n:
        raise RuntimeError(
            "The QR decomposition is not differentiable when mode='complete' and nrows > ncols "
            f"({m} and {n} here); use mode='reduced'"
        )
    g_q, g_r = g
    if m >= n:
        turned = F.bmm(g_r, adjoint(F, R)) - F.bmm(adjoint(F, Q), g_q)
        inner = g_q + F.bmm(Q, hermitian_from_upper(F, turned))
        return F.solve_triangular(adjoint(F, R), inner, upper=False, left=False, unit=False)
    turned = F.bmm(adjoint(F, Q), g_q) - F.bmm(g_r, adjoint(F, R))
    skew = F.tril(turned - adjoint(F, turned), diagonal=-1) + _imaginary_diagonal(F, turned)
    square = F.slice(R, dim=R.ndim - 1, start=0, stop=m, step=1)
    skew = F.solve_triangular(adjoint(F, square), skew, upper=False, left=False, unit=False)
    wide = F.slice_backward(skew, shape=tuple(R.shape), dim=R.ndim - 1, start=0, stop=m, step=1)
    return F.bmm(Q, g_r + wide)


def _imaginary_diagonal(F: Any, x: Any) -> Any:
    middle = F.triu(F.tril(x, diagonal=0), diagonal=0)
    return (middle - adjoint(F, middle)) * 0.5


def qr(A: Tensor, mode: str = "reduced") -> Any:
    """``A = Q R``: orthonormal columns times an upper triangle.

    Parameters
    ----------
    A : Tensor
        Shape (..., m, n).
    mode : 'reduced', 'complete' or 'r'
        Q of shape (..., m, min(m, n)); square Q; only R, with an empty Q.

    Returns
    -------
    named tuple (Q, R)
    """
    check_matrices("linalg.qr", A)
    if mode not in ("reduced", "complete", "r"):
        raise RuntimeError(
            f"qr received unrecognized mode '{mode}' but expected one of 'reduced' (default), 'r', "
            "or 'complete'"
        )
    return return_types.linalg_qr(*qr_op.call(A, mode=mode))


@method("geqrf")
def geqrf(input: Tensor) -> Any:
    """QR decomposition with Q as reflections, for `householder_product` and `ormqr`.

    Returns
    -------
    named tuple (a, tau)
        a : R, and below the diagonal the vectors of the reflections; tau : their factors.
    """
    check_matrices("geqrf", input, "input")
    return return_types.geqrf(*geqrf_op.call(input))


@op(None, name="geqrf", types="floating", outputs=("a", "tau"))
def geqrf_op(xp: Any, input: Any) -> Any:
    """LAPACK's raw form of the QR decomposition."""
    turned, tau = xp.linalg.qr(input, mode="raw")
    packed = xp.ascontiguousarray(turned.swapaxes(-1, -2))
    return packed.astype(input.dtype), tau.astype(input.dtype)


__all__ = ["geqrf", "lu_unpack"]
