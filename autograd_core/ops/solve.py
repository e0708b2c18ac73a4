"""Inverses and linear systems: square, triangular, factored.

All are holomorphic in matrix and right-hand side, so the formulas are written with
transposes; those through a Cholesky factor are not.  Source: M. Giles, "Collected matrix
derivative results for forward and reverse mode algorithmic differentiation" (2008).
"""

from __future__ import annotations

from typing import Any

from numpy.linalg import LinAlgError as NumpyLinAlgError

from .. import dense, return_types
from .._tensor import Tensor, method
from ..declare import op
from ..errors import ShapeError
from .linalg import broadcast_sizes
from .matrices import (
    adjoint,
    check_matrices,
    check_same_dtype,
    check_square,
    column,
    failed,
)

SINGULAR = "The solver failed because the input matrix is singular."
NO_INVERSE = (
    "The diagonal element {info} is zero, the inversion could not be completed because the input "
    "matrix is singular."
)

# ------------------------------------------------------------------ inverses


@op("LinalgInvExBackward0", name="inv", types="floating")
def inv_op(xp: Any, A: Any, *, check: bool) -> Any:
    """The inverse; without `check` a singular matrix has one of inf and NaN."""
    try:
        return xp.linalg.inv(A)
    except NumpyLinAlgError:
        if check:
            raise failed("linalg.inv", dense.lu(xp, A)[2], NO_INVERSE) from None
        same = xp.zeros(A.shape, A.dtype) + dense.identity_like(xp, A)
        return dense.solve_by_lu(xp, A, same)


@inv_op.vjp
def _(F: Any, g: Any, result: Any) -> Any:
    turned = F.transposed(result)
    return -F.bmm(turned, F.bmm(g, turned))


@op(None, types="floating")
def zero_pivot(xp: Any, A: Any) -> Any:
    """0, or the number from 1 of the first zero on U's diagonal of each matrix."""
    return dense.lu(xp, A)[2]


@method("inverse")
def inv(A: Tensor) -> Tensor:
    """The inverse of square matrices (..., n, n).

    Raises
    ------
    LinAlgError
        If a matrix is singular.
    """
    check_square("linalg.inv", A)
    return inv_op.call(A, check=True)


def inv_ex(A: Tensor, *, check_errors: bool = False) -> Any:
    """`inv` that reports a singular matrix in `info` instead of raising.

    Returns
    -------
    named tuple (inverse, info)
        info : 0, or the number from 1 of the first zero pivot.
    """
    check_square("linalg.inv", A)
    inverse = inv_op.call(A, check=check_errors)
    return return_types.linalg_inv_ex(inverse, zero_pivot.call(A.detach()))


# ------------------------------------------------------------------ A X = B


@op("LinalgSolveExBackward0", name="solve", types="floating", broadcast=True)
def solve_op(xp: Any, A: Any, B: Any, *, left: bool, vector: bool, check: bool) -> Any:
    """X of ``A X = B`` or ``X A = B``; batches broadcast, `vector` takes B as columns."""
    if vector:
        B = B[..., None]
    if not left:
        A, B = A.swapaxes(-1, -2), B.swapaxes(-1, -2)
    A, B = dense.matched(xp, A, B)
    try:
        X = xp.linalg.solve(A, B)
    except NumpyLinAlgError:
        if check:
            raise failed("torch.linalg.solve", dense.lu(xp, A)[2], SINGULAR) from None
        X = dense.solve_by_lu(xp, A, B)
    if vector:
        return X[..., 0]
    return X if left else xp.ascontiguousarray(X.swapaxes(-1, -2))


@solve_op.vjp("A", "B")
def _(F: Any, g: Any, A: Any, result: Any, left: bool, vector: bool, needs: Any) -> Any:
    g_b = F.solve(F.transposed(A), g, left=left, vector=vector, check=False)
    if not needs[0]:
        return None, g_b
    x, y = (column(F, result), column(F, g_b)) if vector else (result, g_b)
    if left:
        return -F.bmm(y, F.transposed(x)), g_b
    return -F.bmm(F.transposed(x), y), g_b


def _read_system(A: Tensor, B: Tensor, left: bool) -> bool:
    """Check the shapes; return whether B holds vectors."""
    check_square("linalg.solve", A)
    check_same_dtype("linalg.solve", A, B)
    a, b = tuple(A.shape), tuple(B.shape)
    vector = len(b) == 1 or (len(a) - 1 == len(b) and b == a[:-1])
    if vector and not left:
        raise ShapeError(
            "linalg.solve: Vector broadcasting of the left hand side is not supported for "
            "left=False. In this case linalg.solve is equivalent to B / A.squeeze(-1)"
        )
    check_fit("linalg.solve", a, (*b, 1) if vector else b, left)
    return vector


def check_fit(name: str, a: tuple[int, ...], b: tuple[int, ...], left: bool) -> None:
    """Refuse shapes that do not fit ``A X = B`` (or ``X A = B``)."""
    if len(b) < 2:
        raise ShapeError(
            f"{name}: The input tensor B must have at least 2 dimensions; its shape is {b}"
        )
    if a[-1] != (b[-2] if left else b[-1]):
        equation = "AX = B" if left else "XA = B"
        raise ShapeError(
            f"{name}: Incompatible shapes of A and B for the equation {equation} "
            f"({a[-2]}x{a[-1]} and {b[-2]}x{b[-1]})"
        )
    broadcast_sizes(a[:-2], b[:-2])


def solve(A: Tensor, B: Tensor, *, left: bool = True) -> Tensor:
    """X of ``A X = B``, or of ``X A = B`` with ``left=False``.

    Parameters
    ----------
    A : Tensor
        Shape (..., n, n).
    B : Tensor
        Shape (..., n, k); or (n,), or exactly A's shape without its last dimension: vectors.

    Raises
    ------
    LinAlgError
        If a matrix is singular.
    """
    vector = _read_system(A, B, left)
    return solve_op.call(A, B, left=left, vector=vector, check=True)


def solve_ex(A: Tensor, B: Tensor, *, left: bool = True, check_errors: bool = False) -> Any:
    """`solve` that reports a singular matrix in `info` instead of raising.

    Returns
    -------
    named tuple (result, info)
        info : 0, or the number from 1 of the first zero pivot.
    """
    vector = _read_system(A, B, left)
    result = solve_op.call(A, B, left=left, vector=vector, check=check_errors)
    return return_types.linalg_solve_ex(result, zero_pivot.call(A.detach()))


# ------------------------------------------------------------------ triangles


@op("LinalgSolveTriangularBackward0", name="solve_triangular", types="floating", broadcast=True)
def solve_triangular_op(xp: Any, A: Any, B: Any, *, upper: bool, left: bool, unit: bool) -> Any:
    """X of ``A X = B`` or ``X A = B``, reading one triangle of A."""
    if left:
        return dense.solve_triangular(xp, A, B, upper, unit)
    A, B = A.swapaxes(-1, -2), B.swapaxes(-1, -2)
    X = dense.solve_triangular(xp, A, B, not upper, unit)
    return xp.ascontiguousarray(X.swapaxes(-1, -2))


@solve_triangular_op.vjp("A", "B")
def _(F: Any, g: Any, A: Any, result: Any, upper: bool, left: bool, unit: bool, needs: Any) -> Any:
    return triangular_gradients(F, g, A, result, upper, left, unit, needs)


def triangular_gradients(
    F: Any, g: Any, A: Any, X: Any, upper: bool, left: bool, unit: bool, needs: Any
) -> Any:
    """Gradients of the triangle A and of B."""
    g_b = F.solve_triangular(F.transposed(A), g, upper=not upper, left=left, unit=unit)
    if not needs[0]:
        return None, g_b
    g_a = F.bmm(g_b, F.transposed(X)) if left else F.bmm(F.transposed(X), g_b)
    away = int(unit)
    return -(F.triu(g_a, diagonal=away) if upper else F.tril(g_a, diagonal=-away)), g_b


def solve_triangular(
    A: Tensor, B: Tensor, *, upper: bool, left: bool = True, unitriangular: bool = False
) -> Tensor:
    """X of ``A X = B`` or, with ``left=False``, of ``X A = B``, for a triangle A.

    Parameters
    ----------
    A : Tensor
        Shape (..., n, n); only one triangle is read.
    B : Tensor
        Shape (..., n, k), or (..., k, n) with ``left=False``.
    upper : bool
        Which triangle.
    unitriangular : bool, default False
        Take the diagonal as ones, whatever is there.  Otherwise zeros on it give inf and
        NaN, without an error.
    """
    check_square("linalg.solve_triangular", A)
    check_same_dtype("linalg.solve_triangular", A, B)
    check_fit("linalg.solve_triangular", tuple(A.shape), tuple(B.shape), left)
    return solve_triangular_op.call(A, B, upper=upper, left=left, unit=unitriangular)


# ------------------------------------------------------------------ with a factored matrix


@op("LinalgLuSolveBackward0", name="lu_solve", types="free", holomorphic=False)
def lu_solve_op(xp: Any, LU: Any, B: Any, pivots: Any, *, left: bool, adjoint: bool) -> Any:
    """X of ``op(A) X = B`` or ``X op(A) = B`` with A = P L U and op(A) = A or its adjoint."""
    if not left:
        turned = lu_solve_op.forward(
            xp, LU, dense.adjoint(xp, B), pivots, left=True, adjoint=not adjoint
        )
        return xp.ascontiguousarray(dense.adjoint(xp, turned))
    order = dense.permutation(xp, pivots, LU.shape[-1], LU.dtype)
    if adjoint:
        across = dense.adjoint(xp, LU)
        y = dense.solve_triangular(xp, across, B, False)
        return xp.matmul(order, dense.solve_triangular(xp, across, y, True, True))
    y = xp.matmul(order.swapaxes(-1, -2), B)
    y = dense.solve_triangular(xp, LU, y, False, True)
    return dense.solve_triangular(xp, LU, y, True)


@lu_solve_op.vjp("LU", "B")
def _(
    F: Any, g: Any, LU: Any, pivots: Any, result: Any, left: bool, adjoint: bool, needs: Any
) -> Any:
    return _lu_solve_gradients(F, g, LU, pivots, result, left, adjoint, needs)


def _lu_solve_gradients(
    F: Any, g: Any, LU: Any, pivots: Any, X: Any, left: bool, adjointly: bool, needs: Any
) -> Any:
    g_b = F.lu_solve(LU, g, pivots, left=left, adjoint=not adjointly)
    if not needs[0]:
        return None, g_b
    L, U = F.lu_unpack(LU)
    across_l, across_u = adjoint(F, L), adjoint(F, U)
    one, two = (g, X) if left else (adjoint(F, g), adjoint(F, X))
    if left != adjointly:
        g_r = F.bmm(one, adjoint(F, two))
        g_r = F.solve_triangular(across_u, g_r, upper=False, left=True, unit=False)
        g_l = F.bmm(g_r, across_u)
        g_l = F.solve_triangular(across_l, g_l, upper=True, left=True, unit=True)
        return -(F.tril(g_l, diagonal=-1) + F.triu(g_r, diagonal=0)), g_b
    order = F.lu_permutation(pivots, size=LU.shape[-1], like=getattr(LU, "_array", LU).dtype)
    g_r = F.bmm(F.bmm(F.transposed(order), two), F.bmm(adjoint(F, one), order))
    g_r = F.solve_triangular(across_l, g_r, upper=True, left=False, unit=True)
    g_u = F.bmm(across_l, g_r)
    g_u = F.solve_triangular(across_u, g_u, upper=False, left=False, unit=False)
    return -(F.tril(g_r, diagonal=-1) + F.triu(g_u, diagonal=0)), g_b


def linalg_lu_solve(
    LU: Tensor, pivots: Tensor, B: Tensor, *, left: bool = True, adjoint: bool = False
) -> Tensor:
    """X of ``A X = B`` with A given by `lu_factor`.

    Parameters
    ----------
    LU, pivots : Tensor
        What ``lu_factor(A)`` gave, A of shape (..., n, n).
    B : Tensor
        Shape (..., n, k), or (..., k, n) with ``left=False`` (``X A = B``).
    adjoint : bool, default False
        Solve with the adjoint of A instead.
    """
    check_square("torch.linalg.lu_solve", LU, "LU")
    check_same_dtype("linalg.lu_solve", LU, B)
    if pivots.dtype.name != "int32":
        raise RuntimeError(
            "linalg.lu_solve: pivots should be a Tensor of scalar type torch.int32, "
            f"got {pivots.dtype!r}; use what lu_factor gave, or .int()"
        )
    if tuple(pivots.shape) != tuple(LU.shape[:-1]):
        raise ShapeError(
            "linalg.lu_solve: Number of pivots per batch should be same as the dimension of the "
            f"matrix: pivots of shape {tuple(pivots.shape)} for LU of shape {tuple(LU.shape)}"
        )
    check_fit("linalg.lu_solve", tuple(LU.shape), tuple(B.shape), left)
    lead = broadcast_sizes(tuple(LU.shape[:-2]), tuple(B.shape[:-2]))
    LU, pivots, B = (
        x if tuple(x.shape[: len(x.shape) - k]) == lead else x.expand(*lead, *x.shape[-k:])
        for x, k in ((LU, 2), (pivots, 1), (B, 2))
    )
    return lu_solve_op.call(LU, B, pivots, left=left, adjoint=adjoint)


@method()
def lu_solve(b: Tensor, LU_data: Tensor, LU_pivots: Tensor) -> Tensor:
    """``torch.lu_solve``, `linalg.lu_solve` with its arguments turned about."""
    return linalg_lu_solve(LU_data, LU_pivots, b)


@op(
    "CholeskySolveBackward0", name="cholesky_solve", types="floating", broadcast=True,
    holomorphic=False,
)  # fmt: skip
def cholesky_solve_op(xp: Any, B: Any, L: Any, *, upper: bool) -> Any:
    """X of ``L L^H X = B``, or of ``U^H U X = B``."""
    across = dense.adjoint(xp, L)
    first, second = (across, L) if upper else (L, across)
    y = dense.solve_triangular(xp, first, B, False)
    return dense.solve_triangular(xp, second, y, True)


@cholesky_solve_op.vjp("B", "L")
def _(F: Any, g: Any, L: Any, result: Any, upper: bool, needs: Any) -> Any:
    g_b = F.cholesky_solve(g, L, upper=upper)
    if not needs[1]:
        return g_b, None
    half = F.bmm(g_b, adjoint(F, result))
    return g_b, _gradient_of_factor(F, half + adjoint(F, half), L, upper)


def _gradient_of_factor(F: Any, change: Any, L: Any, upper: bool) -> Any:
    """That of L, given minus the gradient of ``L L^H`` (or ``U^H U``), which is Hermitian.

    As in PyTorch, the half of the matrix that is never read gets a gradient too.
    """
    return -(F.bmm(L, change) if upper else F.bmm(change, L))


@method()
def cholesky_solve(B: Tensor, L: Tensor, upper: bool = False) -> Tensor:
    """X of ``A X = B`` with A given by its Cholesky factor.

    Parameters
    ----------
    B : Tensor
        Shape (..., n, k).
    L : Tensor
        Shape (..., n, n), the factor; ``upper=True`` takes it as the upper one.
    """
    check_square("cholesky_solve", L, "A")
    check_matrices("cholesky_solve", B, "b")
    check_same_dtype("cholesky_solve", B, L, "bA")
    check_fit("cholesky_solve", tuple(L.shape), tuple(B.shape), True)
    return cholesky_solve_op.call(B, L, upper=upper)


@op("CholeskyInverseBackward0", name="cholesky_inverse", types="floating", holomorphic=False)
def cholesky_inverse_op(xp: Any, L: Any, *, upper: bool) -> Any:
    """The inverse of ``L L^H``, or of ``U^H U``."""
    same = xp.zeros(L.shape, L.dtype) + dense.identity_like(xp, L)
    return cholesky_solve_op.forward(xp, same, L, upper=upper)


@cholesky_inverse_op.vjp
def _(F: Any, g: Any, L: Any, result: Any, upper: bool) -> Any:
    inner = F.bmm(result, F.bmm(g + adjoint(F, g), result))
    return _gradient_of_factor(F, inner, L, upper)


@method()
def cholesky_inverse(L: Tensor, upper: bool = False) -> Tensor:
    """The inverse of the matrix whose Cholesky factor is `L` (..., n, n)."""
    check_square("cholesky_inverse", L)
    return cholesky_inverse_op.call(L, upper=upper)


@op("TriangularSolveBackward0", name="triangular_solve", types="floating", broadcast=True)
def _triangular_solve_op(
    xp: Any, A: Any, b: Any, *, upper: bool, transpose: bool, unit: bool
) -> Any:
    """`solve_triangular` with the matrix perhaps transposed."""
    turned = A.swapaxes(-1, -2) if transpose else A
    return dense.solve_triangular(xp, turned, b, upper != transpose, unit)


@_triangular_solve_op.vjp("A", "b")
def _(
    F: Any, g: Any, A: Any, result: Any, upper: bool, transpose: bool, unit: bool, needs: Any
) -> Any:
    turned = F.transposed(A) if transpose else A
    g_a, g_b = triangular_gradients(F, g, turned, result, upper != transpose, True, unit, needs)
    return (F.transposed(g_a) if transpose and g_a is not None else g_a), g_b


@method()
def triangular_solve(
    b: Tensor, A: Tensor, upper: bool = True, transpose: bool = False, unitriangular: bool = False
) -> Any:
    """``torch.triangular_solve``, the older form of `linalg.solve_triangular`.

    Returns
    -------
    named tuple (solution, cloned_coefficient)
    """
    check_square("triangular_solve", A)
    check_same_dtype("triangular_solve", b, A, "bA")
    check_fit("triangular_solve", tuple(A.shape), tuple(b.shape), True)
    solution = _triangular_solve_op.call(A, b, upper=upper, transpose=transpose, unit=unitriangular)
    lead = tuple(solution.shape[:-2])
    return return_types.triangular_solve(solution, A.expand(*lead, *A.shape[-2:]).clone())


inverse = inv
__all__ = ["cholesky_inverse", "cholesky_solve", "inverse", "lu_solve", "triangular_solve"]
