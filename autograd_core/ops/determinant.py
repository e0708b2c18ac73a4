"""Determinants, whose gradient is the matrix of cofactors: defined for singular matrices too.

Source: for A = U S V the cofactors are those of U, S and V multiplied, and the cofactors of
a diagonal matrix are products of the other elements, so no inverse is needed where there is
none (N. Higham, "What is the adjugate of a matrix?", 2020).
"""

from __future__ import annotations

from typing import Any

from numpy.linalg import LinAlgError as NumpyLinAlgError

from .. import return_types
from .._tensor import Tensor, method
from ..declare import op
from .matrices import adjoint, check_square, column, is_complex


@op("LinalgDetBackward0", name="det", types="floating")
def det_op(xp: Any, A: Any) -> Any:
    """The determinant of square matrices."""
    return xp.linalg.det(A)


@det_op.vjp
def _(F: Any, g: Any, A: Any) -> Any:
    return column(F, column(F, g)) * F.cofactors(A)


@op("LinalgDetBackwardBackward0", types="floating")
def cofactors(xp: Any, A: Any) -> Any:
    """``det(A) A^-T``, or what that tends to where A is singular."""
    try:
        inverse = xp.linalg.inv(A)
    except NumpyLinAlgError:
        s, left, right = _cofactors_of_factors(xp, A)
        return xp.matmul(left * _products_without(xp, s)[..., None, :], right)
    return xp.linalg.det(A)[..., None, None] * inverse.swapaxes(-1, -2)


def _cofactors_of_factors(xp: Any, A: Any) -> tuple[Any, Any, Any]:
    u, s, vh = xp.linalg.svd(A)
    left = xp.linalg.det(u)[..., None, None] * xp.conj(u)
    return s, left, xp.linalg.det(vh)[..., None, None] * xp.conj(vh)


def _products_without(xp: Any, s: Any) -> Any:
    """For each element the product of all others."""
    n = s.shape[-1]
    return xp.where(xp.eye(n, dtype=bool), 1, s[..., None, :]).prod(axis=-1)


@cofactors.vjp
def _(F: Any, g: Any, A: Any) -> Any:
    return F.cofactors_along(A, g)


@op("LinalgDetBackwardBackward1", types="floating")
def cofactors_along(xp: Any, A: Any, change: Any) -> Any:
    """How the cofactors of A change along `change`: symmetric in what it is multiplied with."""
    try:
        w = xp.linalg.inv(A).swapaxes(-1, -2)
    except NumpyLinAlgError:
        return _along_where_singular(xp, A, change)
    inner = xp.matmul(w, xp.matmul(change.swapaxes(-1, -2), w))
    total = (w * change).sum(axis=(-2, -1), keepdims=True)
    return xp.linalg.det(A)[..., None, None] * (total * w - inner)


def _along_where_singular(xp: Any, A: Any, change: Any) -> Any:
    u, s, vh = xp.linalg.svd(A)
    _, left, right = _cofactors_of_factors(xp, A)
    n = s.shape[-1]
    same = xp.eye(n, dtype=bool)
    e = xp.matmul(xp.conj(u).swapaxes(-1, -2), xp.matmul(change, xp.conj(vh).swapaxes(-1, -2)))
    kept = same[:, None, :] | same[None, :, :]
    pairs = xp.where(kept, 1, s[..., None, None, :]).prod(axis=-1)
    pairs = xp.where(same, 0, pairs)
    diagonal = xp.diagonal(e, axis1=-2, axis2=-1)
    new = xp.matmul(pairs.astype(e.dtype), diagonal[..., None]) * same
    return xp.matmul(left, xp.matmul(new - pairs * e.swapaxes(-1, -2), right))


@cofactors_along.vjp("A", "change")
def _(F: Any, g: Any, A: Any, change: Any, needs: Any) -> Any:
    """The gradient of A is written for regular matrices."""
    g_change = F.cofactors_along(A, g)
    if not needs[0]:
        return None, g_change
    w = F.transposed(F.inv(A, check=False))
    det = column(F, column(F, F.det(A)))

    def trace(x: Any) -> Any:
        return F.sum(x, dim=(x.ndim - 2, x.ndim - 1), keepdim=True)

    def turned(x: Any) -> Any:
        return F.bmm(w, F.bmm(F.transposed(x), w))

    p, q = trace(w * change), trace(w * g)
    back_change, back_g = turned(change), turned(g)
    value = trace(g * (p * w - back_change))
    both = turned(F.bmm(F.bmm(change, F.transposed(w)), g))
    both = both + turned(F.bmm(F.bmm(g, F.transposed(w)), change))
    return det * (value * w - back_change * q - p * back_g + both), g_change


@method()
def det(A: Tensor) -> Tensor:
    """The determinant of square matrices (..., n, n)."""
    check_square("linalg.det", A)
    return det_op.call(A)


# ------------------------------------------------------------------ sign and logarithm


@op(
    "LinalgSlogdetBackward0", name="slogdet", types="floating", outputs=("sign", "logabsdet"),
    holomorphic=False,
)  # fmt: skip
def slogdet_op(xp: Any, A: Any) -> Any:
    """Sign (or phase) of the determinant, and the logarithm of its absolute value."""
    sign, size = xp.linalg.slogdet(A)
    return xp.asarray(sign), xp.asarray(size)


@slogdet_op.vjp
def _(F: Any, g: Any, A: Any, sign: Any) -> Any:
    g_sign, g_size = g
    if is_complex(sign):
        g_size = g_size - F.imag(F.conj(g_sign) * sign) * 1j
    return column(F, column(F, g_size)) * adjoint(F, F.inv(A, check=False))


def linalg_slogdet(A: Tensor) -> Any:
    """Sign and logarithm of the absolute value of the determinant.

    Returns
    -------
    named tuple (sign, logabsdet)
        0 and -inf for a singular matrix.
    """
    check_square("linalg.slogdet", A)
    return return_types.linalg_slogdet(*slogdet_op.call(A))


@method()
def slogdet(input: Tensor) -> Any:
    """Sign and logarithm of the absolute value of the determinant; see `linalg.slogdet`."""
    return return_types.slogdet(*linalg_slogdet(input))


@method()
def logdet(A: Tensor) -> Tensor:
    """The logarithm of the determinant: -inf where that is 0, NaN where it is negative."""
    from .select import where

    check_square("logdet", A)
    sign, size = slogdet_op.call(A)
    if A.is_complex():
        return sign.log() + size
    return where(sign == -1, float("nan"), size)


__all__ = ["det", "logdet", "slogdet"]
