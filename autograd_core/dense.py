"""Factorisations and solvers that array libraries lack, in plain functions of a namespace `xp`.

All work on batches of matrices (..., m, n), on any device, and bring no number to the host.
Sources: G. Golub and C. Van Loan, "Matrix Computations" (4th ed., 2013), sections 3.2, 3.4,
4.2 and 5.1; the storage formats and pivots are LAPACK's.
"""

from __future__ import annotations

import math
from typing import Any

from numpy.linalg import LinAlgError

BLOCK = 32


def flat_batch(xp: Any, a: Any) -> Any:
    """The matrices as one batch (b, m, n), copied."""
    return xp.array(a, copy=True).reshape(math.prod(a.shape[:-2]), *a.shape[-2:])


def identity_like(xp: Any, a: Any) -> Any:
    """The identity of the size of `a`'s rows and columns, for broadcasting against it."""
    return xp.eye(a.shape[-2], a.shape[-1], dtype=a.dtype)


def adjoint(xp: Any, a: Any) -> Any:
    """The conjugate transpose."""
    turned = a.swapaxes(-1, -2)
    return xp.conj(turned) if a.dtype.kind == "c" else turned


# ------------------------------------------------------------------ triangles


def solve_triangular(xp: Any, a: Any, b: Any, upper: bool, unit: bool = False) -> Any:
    """X of ``a X = b``, reading one triangle of `a`; a zero on its diagonal gives inf and NaN.

    Elimination with pivots finds nothing to eliminate in an upper triangle, so the library's
    general solver substitutes back and nothing else; a lower triangle is turned about first.
    """
    a = xp.triu(a) if upper else xp.tril(a)
    if unit:
        a = xp.where(xp.eye(a.shape[-1], dtype=bool), xp.ones((), a.dtype), a)
    if not upper:
        a, b = a[..., ::-1, ::-1], b[..., ::-1, :]
    x = solve_unchecked(xp, a, b, _substitute)
    return xp.ascontiguousarray(x if upper else x[..., ::-1, :])


def solve_unchecked(xp: Any, a: Any, b: Any, otherwise: Any) -> Any:
    """The library's ``solve``; where that finds a singular matrix, ``otherwise(xp, a, b)``."""
    a, b = matched(xp, a, b)
    try:
        return xp.linalg.solve(a, b)
    except LinAlgError:
        return otherwise(xp, a, b)


def matched(xp: Any, a: Any, b: Any) -> tuple[Any, Any]:
    """Two batches of matrices with their leading dimensions broadcast."""
    if a.shape[:-2] == b.shape[:-2]:
        return a, b
    width = max(a.ndim, b.ndim) - 2
    one = (1,) * (width - a.ndim + 2) + a.shape[:-2]
    two = (1,) * (width - b.ndim + 2) + b.shape[:-2]
    lead = tuple(n if m == 1 else m for m, n in zip(one, two, strict=True))
    return xp.broadcast_to(a, lead + a.shape[-2:]), xp.broadcast_to(b, lead + b.shape[-2:])


def _substitute(xp: Any, a: Any, b: Any) -> Any:
    """Back substitution, row by row, dividing by whatever is on the diagonal."""
    x = xp.zeros(b.shape, b.dtype)
    for i in reversed(range(a.shape[-1])):
        known = xp.matmul(a[..., i : i + 1, i + 1 :], x[..., i + 1 :, :])[..., 0, :]
        x[..., i, :] = (b[..., i, :] - known) / a[..., i, i, None]
    return x


# ------------------------------------------------------------------ elimination


def lu(xp: Any, a: Any, pivot: bool = True) -> tuple[Any, Any, Any]:
    """Elimination with row pivots: packed L and U, pivots, and where a pivot was zero.

    Blocks of columns, so that most of the work is in matrix products.

    Returns
    -------
    packed : array (..., m, n)
        U, and below the diagonal the L whose diagonal is 1.
    pivots : array (..., min(m, n)), int32
        With which row, counted from 1, each row was exchanged.
    info : array (...), int32
        0, or the number from 1 of the first zero on U's diagonal.
    """
    batch, (m, n) = a.shape[:-2], a.shape[-2:]
    work = flat_batch(xp, a)
    k = min(m, n)
    pivots = xp.zeros((len(work), k), "int32") + xp.arange(1, k + 1, dtype="int32")
    info = xp.zeros(len(work), "int32")
    if not work.size:
        return work.reshape(a.shape), pivots.reshape(*batch, k), info.reshape(batch)
    for start in range(0, k, BLOCK):
        stop = min(start + BLOCK, k)
        for j in range(start, stop):
            info = _eliminate(xp, work, pivots, info, j, stop, pivot)
        if stop < n:
            corner = work[:, start:stop, start:stop]
            right = solve_triangular(xp, corner, work[:, start:stop, stop:], False, True)
            work[:, start:stop, stop:] = right
            work[:, stop:, stop:] -= xp.matmul(work[:, stop:, start:stop], right)
    return work.reshape(a.shape), pivots.reshape(*batch, k), info.reshape(batch)


def _eliminate(xp: Any, work: Any, pivots: Any, info: Any, j: int, stop: int, pivot: bool) -> Any:
    """Exchange rows and eliminate one column, within its block."""
    if pivot:
        column = work[:, j:, j]
        size = xp.abs(column.real) + xp.abs(column.imag)  # as LAPACK measures
        exchange(xp, work, j, j + xp.argmax(size, axis=1))
        pivots[:, j] = 1 + j + xp.argmax(size, axis=1)
    top = work[:, j, j]
    zero = top == 0
    info = xp.where((info == 0) & zero, xp.asarray(j + 1, "int32"), info)
    factor = work[:, j + 1 :, j] / xp.where(zero, xp.ones((), work.dtype), top)[:, None]
    work[:, j + 1 :, j] = factor
    work[:, j + 1 :, j + 1 : stop] -= factor[:, :, None] * work[:, j, None, j + 1 : stop]
    return info


def exchange(xp: Any, work: Any, i: int, others: Any) -> None:
    """Exchange row `i` of each matrix of a batch with row ``others[b]``."""
    each = xp.arange(len(work))
    row = work[each, others]
    work[each, others] = work[:, i]
    work[:, i] = row


def permutation(xp: Any, pivots: Any, m: int, dtype: Any) -> Any:
    """The matrix P of ``A = P L U`` from the pivots."""
    k = pivots.shape[-1]
    steps = pivots.reshape(math.prod(pivots.shape[:-1]), k)
    work = xp.zeros((len(steps), m, m), dtype) + xp.eye(m, dtype=dtype)
    for j in range(k):
        exchange(xp, work, j, steps[:, j] - 1)
    return xp.ascontiguousarray(work.swapaxes(-1, -2)).reshape(*pivots.shape[:-1], m, m)


def solve_by_lu(xp: Any, a: Any, b: Any) -> Any:
    """X of ``a X = b`` by `lu`; a singular matrix gives inf and NaN."""
    packed, pivots, _ = lu(xp, a)
    order = permutation(xp, pivots, a.shape[-1], a.dtype)
    y = solve_triangular(xp, packed, xp.matmul(order.swapaxes(-1, -2), b), False, True)
    return solve_triangular(xp, packed, y, True)


# ------------------------------------------------------------------ Cholesky


def cholesky(xp: Any, a: Any) -> tuple[Any, Any]:
    """L of ``a = L L^H`` column by column, and where that failed.

    Returns
    -------
    L : array
        Lower triangular; of a matrix that is not positive definite, what was found before.
    info : array, int32
        0, or the order of the first leading minor that is not positive.
    """
    n = a.shape[-1]
    work = xp.tril(a)
    info = xp.zeros(a.shape[:-2], "int32")
    for j in range(n):
        row = work[..., j, :j]
        top = work[..., j, j].real - xp.sum((row * xp.conj(row)).real, axis=-1)
        good = (top > 0) & (info == 0)
        info = xp.where((info == 0) & ~good, xp.asarray(j + 1, "int32"), info)
        root = xp.sqrt(xp.where(good, top, 1)).astype(work.dtype)
        below = xp.matmul(work[..., j + 1 :, :j], xp.conj(row)[..., None])[..., 0]
        column = (work[..., j + 1 :, j] - below) / root[..., None]
        work[..., j, j] = xp.where(good, root, work[..., j, j])
        work[..., j + 1 :, j] = xp.where(good[..., None], column, work[..., j + 1 :, j])
    return work, info


# ------------------------------------------------------------------ reflections


def reflectors(xp: Any, a: Any, count: int) -> Any:
    """The vectors below the diagonal of the first `count` columns, with 1 on top of each."""
    below = xp.tril(a[..., :count], -1)
    return below + identity_like(xp, below)


def middle(xp: Any, v: Any, tau: Any) -> Any:
    """M of ``H1 H2 ... Hk = I - V M^-1 diag(tau) V^H``: unit upper triangular."""
    gram = xp.triu(xp.matmul(adjoint(xp, v), v), 1)
    return identity_like(xp, gram) + tau[..., :, None] * gram


def reflect(xp: Any, a: Any, tau: Any, other: Any, adjointly: bool) -> Any:
    """``Q other`` or ``Q^H other``, Q the product of the reflections in `a` and `tau`."""
    v = reflectors(xp, a, tau.shape[-1])
    inner = xp.matmul(adjoint(xp, v), other)
    m = middle(xp, v, tau)
    if adjointly:
        solved = solve_triangular(xp, adjoint(xp, m), inner, False, True)
        inner = xp.conj(tau)[..., :, None] * solved
    else:
        inner = solve_triangular(xp, m, tau[..., :, None] * inner, True, True)
    return other - xp.matmul(v, inner)
