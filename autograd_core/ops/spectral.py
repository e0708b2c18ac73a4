"""Singular values, the decomposition they come from, and what is measured by them.

Source of the gradients: J. Townsend, "Differentiating the singular value decomposition"
(2016); Z.-Q. Wan and S.-X. Zhang, "Automatic differentiation for complex valued SVD" (2019);
for the pseudoinverse G. Golub and V. Pereyra, "The differentiation of pseudo-inverses and
nonlinear least squares problems whose variables separate" (1973).
"""

from __future__ import annotations

from typing import Any

from numpy.linalg import LinAlgError as NumpyLinAlgError

from .. import dense, return_types
from .._tensor import Tensor, method
from ..backends import backend_of, truth
from ..declare import op
from ..errors import LinAlgError
from .matrices import (
    adjoint,
    check_driver,
    check_matrices,
    check_square,
    column,
    depends_on_phase,
    diagonal_matrix,
    diagonal_of,
    is_complex,
    row,
)

# ------------------------------------------------------------------ the decomposition


@op(
    "LinalgSvdBackward0", name="svd", types="floating", outputs=("U", "S", "Vh"),
    holomorphic=False,
)  # fmt: skip
def svd_op(xp: Any, input: Any, *, full_matrices: bool) -> Any:
    """Singular value decomposition of matrices (..., m, n)."""
    try:
        return tuple(xp.linalg.svd(input, full_matrices=full_matrices))
    except NumpyLinAlgError as error:
        raise _not_converged(xp, input) from error


def _not_converged(xp: Any, input: Any) -> LinAlgError:
    if truth(xp.all(xp.isfinite(input))):
        why = "is ill-conditioned or has too many repeated singular values"
    else:
        why = "contained non-finite values"
    return LinAlgError(
        f"linalg.svd: The algorithm failed to converge because the input matrix {why}."
    )


@svd_op.vjp
def _(F: Any, g: Any, U: Any, S: Any, Vh: Any, full_matrices: bool) -> Any:
    g_u, g_s, g_vh = g
    m, k, n = U.shape[-2], S.shape[-1], Vh.shape[-1]
    if full_matrices:  # the further columns span a space, and nothing else is known of them
        U, g_u = (F.slice(x, dim=x.ndim - 1, start=0, stop=k, step=1) for x in (U, g_u))
        Vh, g_vh = (F.slice(x, dim=x.ndim - 2, start=0, stop=k, step=1) for x in (Vh, g_vh))
    turned_u = _skew(F, F.bmm(adjoint(F, U), g_u))
    turned_v = _skew(F, F.bmm(Vh, adjoint(F, g_vh)))
    wide, tall = row(F, S), column(F, S)
    same = F.zeros_of(S, shape=tuple(S.shape)) + 1
    gaps = (wide - tall) * (wide + tall) + diagonal_matrix(F, same)
    inner = (turned_u * wide + tall * turned_v) / gaps
    if is_complex(U):
        phase = diagonal_of(F, turned_u)
        _check_phase(diagonal_of(F, turned_v) + phase)
        inner = F.tril(inner, diagonal=-1) + F.triu(inner, diagonal=1)
        inner = inner + diagonal_matrix(F, phase / (2 * S))
    inner = inner + diagonal_matrix(F, g_s)
    result = F.bmm(U, F.bmm(inner, Vh))
    if m > k:  # the part of g_u outside the space that U spans
        outside = g_u / wide
        result = result + F.bmm(outside - F.bmm(U, F.bmm(adjoint(F, U), outside)), Vh)
    if n > k:
        outside = g_vh / tall
        result = result + F.bmm(U, outside - F.bmm(F.bmm(outside, adjoint(F, Vh)), Vh))
    return result


def _skew(F: Any, x: Any) -> Any:
    return x - adjoint(F, x)


def _check_phase(along: Any) -> None:
    """Refuse losses that depend on the phase of complex singular vectors."""
    if depends_on_phase(along):
        raise RuntimeError(
            "svd_backward: The singular vectors in the complex case are specified up to "
            "multiplication by e^{i phi}. The specified loss function depends on this phase term, "
            "making it ill-defined."
        )


@op("LinalgSvdBackward0", name="svdvals", types="floating", holomorphic=False)
def svdvals_op(xp: Any, input: Any) -> Any:
    """Singular values of matrices (..., m, n), the largest first."""
    try:
        return xp.linalg.svd(input, compute_uv=False)
    except NumpyLinAlgError as error:
        raise _not_converged(xp, input) from error


@svdvals_op.vjp
def _(F: Any, g: Any, input: Any) -> Any:
    u, _, vh = F.svd(input, full_matrices=False)
    return F.bmm(u * row(F, g), vh)


def svdvals(A: Tensor, *, driver: str | None = None) -> Tensor:
    """Singular values of a matrix or a batch of them, the largest first.

    Parameters
    ----------
    A : Tensor
        Shape (..., m, n), floating or complex.

    Returns
    -------
    Tensor
        Shape (..., min(m, n)), real.
    """
    check_matrices("linalg.svd", A)
    check_driver("linalg.svdvals", A, driver)
    return svdvals_op.call(A)


def svd(A: Tensor, full_matrices: bool = True, *, driver: str | None = None) -> Any:
    """Singular value decomposition ``A = U @ diag(S) @ Vh``.

    Parameters
    ----------
    A : Tensor
        Shape (..., m, n), floating or complex.
    full_matrices : bool, default True
        Square U and Vh.  Their further columns are any orthonormal basis, so they have no
        gradient.

    Returns
    -------
    named tuple (U, S, Vh)
    """
    check_matrices("linalg.svd", A)
    check_driver("linalg.svd", A, driver)
    return return_types.linalg_svd(*svd_op.call(A, full_matrices=full_matrices))


# ------------------------------------------------------------------ tolerances


def _tolerances(A: Tensor, atol: Any, rtol: Any) -> tuple[Any, Any]:
    """Atol and rtol as numbers or arrays; by default ``eps * max(m, n)`` of the largest."""
    from ..dtypes import finfo

    default = finfo(A.dtype).eps * max(A.shape[-2:])
    absolute, relative = (getattr(t, "_array", t) for t in (atol, rtol))
    if relative is None:
        if absolute is None:
            relative = default
        elif isinstance(absolute, int | float):
            relative = 0.0 if absolute > 0 else default
        else:
            relative = backend_of(absolute).xp.where(absolute > 0, 0.0, default)
    return (0.0 if absolute is None else absolute), relative


def _cutoff(xp: Any, values: Any, atol: Any, rtol: Any) -> Any:
    """Below which a singular value counts as 0: ``max(atol, rtol * largest)``, (..., 1)."""
    largest = xp.max(values, axis=-1)
    return xp.maximum(atol, rtol * largest)[..., None]


@op(None, types="floating")
def rank_op(xp: Any, A: Any, *, atol: Any, rtol: Any, hermitian: bool) -> Any:
    """How many singular values are above the tolerance."""
    if 0 in A.shape[-2:]:
        return xp.zeros(A.shape[:-2], "int64")
    values = xp.abs(xp.linalg.eigvalsh(A)) if hermitian else svdvals_op.forward(xp, A)
    return xp.asarray((values > _cutoff(xp, values, atol, rtol)).sum(axis=-1), "int64")


def matrix_rank(
    A: Tensor,
    tol: Any = None,
    hermitian: bool = False,
    *,
    atol: Any = None,
    rtol: Any = None,
) -> Tensor:
    """How many singular values are larger than ``max(atol, rtol * largest)``.

    Parameters
    ----------
    A : Tensor
        Shape (..., m, n).
    tol : number or Tensor, optional
        The absolute tolerance, NumPy's name.
    hermitian : bool, default False
        A is Hermitian: eigenvalues are used.
    atol, rtol : number or Tensor, optional
        By default ``rtol = eps * max(m, n)``, and 0 where atol is given.
    """
    check_matrices("torch.linalg.matrix_rank", A)
    if hermitian:
        check_square("linalg.matrix_rank", A)
    if tol is not None:
        atol, rtol = tol, 0.0
    absolute, relative = _tolerances(A, atol, rtol)
    return rank_op.call(A.detach(), atol=absolute, rtol=relative, hermitian=hermitian)


# ------------------------------------------------------------------ pseudoinverse


@op("LinalgPinvBackward0", name="pinv", types="floating", holomorphic=False)
def pinv_op(xp: Any, A: Any, *, atol: Any, rtol: Any, hermitian: bool) -> Any:
    """The Moore-Penrose inverse."""
    if not A.size:
        return xp.zeros((*A.shape[:-2], A.shape[-1], A.shape[-2]), A.dtype)
    if hermitian:
        values, v = xp.linalg.eigh(A)
        size, left, right = xp.abs(values), v, dense.adjoint(xp, v)
    else:
        u, values, vh = svd_op.forward(xp, A, full_matrices=False)
        size, left, right = values, dense.adjoint(xp, vh), dense.adjoint(xp, u)
    kept = size > _cutoff(xp, size, atol, rtol)
    inverse = xp.where(kept, 1 / xp.where(kept, values, 1), 0).astype(values.dtype)
    return xp.matmul(left * inverse[..., None, :], right)


@pinv_op.vjp
def _(F: Any, g: Any, A: Any, result: Any) -> Any:
    return pinv_gradient(F, g, A, result)


def pinv_gradient(F: Any, g: Any, A: Any, pinv: Any) -> Any:
    """Gradient of A, whose rank is constant, from that of its pseudoinverse."""
    across, turned = adjoint(F, pinv), adjoint(F, g)
    if A.shape[-2] <= A.shape[-1]:
        k = F.bmm(turned, pinv)
        ka = F.bmm(k, across)
        first = ka - adjoint(F, F.bmm(pinv, k)) - F.bmm(F.bmm(A, pinv), ka)
        return first + F.bmm(F.bmm(across, pinv), turned - F.bmm(k, A))
    k = F.bmm(pinv, turned)
    ka = F.bmm(across, k)
    first = ka - adjoint(F, F.bmm(k, pinv)) - F.bmm(F.bmm(ka, pinv), A)
    return first + F.bmm(F.bmm(turned - F.bmm(A, k), pinv), across)


def pinv(
    A: Tensor,
    rcond: Any = None,
    hermitian: bool = False,
    *,
    atol: Any = None,
    rtol: Any = None,
) -> Tensor:
    """The pseudoinverse (Moore and Penrose), (..., n, m) of matrices (..., m, n).

    Parameters
    ----------
    A : Tensor
        Shape (..., m, n).
    rcond : number or Tensor, optional
        Older name of `rtol`.
    hermitian : bool, default False
        A is Hermitian: eigenvalues are used.
    atol, rtol : number or Tensor, optional
        Singular values up to ``max(atol, rtol * largest)`` count as 0; by default
        ``rtol = eps * max(m, n)``, and 0 where atol is given.
    """
    check_matrices("linalg.pinv", A)
    if hermitian:
        check_square("linalg.pinv", A)
    if rcond is not None:
        atol, rtol = 0.0, rcond
    absolute, relative = _tolerances(A, atol, rtol)
    return pinv_op.call(A, atol=absolute, rtol=relative, hermitian=hermitian)


@method()
def pinverse(input: Tensor, rcond: float = 1e-15) -> Tensor:
    """``torch.pinverse``, the older form of `linalg.pinv`."""
    return pinv(input, rcond)


__all__ = ["pinverse"]
