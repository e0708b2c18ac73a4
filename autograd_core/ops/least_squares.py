"""Least squares, by the pseudoinverse.

The solution that is differentiated is ``pinv(A) B``, the one of least norm where there are
several (for matrices of full rank the only one).
"""

from __future__ import annotations

from typing import Any

from .. import dtypes, return_types
from .._tensor import Tensor
from ..backends import backend_of
from ..declare import op
from ..errors import LinAlgError, ShapeError
from .linalg import broadcast_sizes
from .matrices import adjoint, any_failed, check_matrices, check_same_dtype, row
from .spectral import matrix_rank, pinv_gradient, pinv_op, svdvals_op

DRIVERS = ("gels", "gelsy", "gelsd", "gelss")


@op(
    "LinalgLstsqBackward0", name="lstsq", types="floating", outputs=("solution", "residuals"),
    holomorphic=False,
)  # fmt: skip
def lstsq_op(xp: Any, A: Any, B: Any, *, rcond: Any, residual: bool) -> Any:
    """X of least ``|A X - B|``, and the square of that for each column."""
    inverse = pinv_op.forward(xp, A, atol=0.0, rtol=rcond, hermitian=False)
    X = xp.matmul(inverse, B)
    if not residual:
        return X, xp.zeros((0,), B.real.dtype)
    rest = xp.matmul(A, X) - B
    return X, (rest * xp.conj(rest)).real.sum(axis=-2)


@lstsq_op.vjp("A", "B")
def _(F: Any, g: Any, A: Any, B: Any, solution: Any, rcond: Any, residual: bool, needs: Any) -> Any:
    g_x, g_r = g
    inverse = F.pinv(A, atol=0.0, rtol=rcond, hermitian=False)
    g_a = pinv_gradient(F, F.bmm(g_x, adjoint(F, B)), A, inverse) if needs[0] else None
    g_b = F.bmm(adjoint(F, inverse), g_x)
    if residual:
        rest = (F.bmm(A, solution) - B) * (2 * row(F, g_r))
        g_b = g_b - rest
        g_a = None if g_a is None else g_a + F.bmm(rest, adjoint(F, solution))
    return g_a, g_b


def lstsq(A: Tensor, B: Tensor, rcond: float | None = None, *, driver: str | None = None) -> Any:
    """X that minimises ``|A X - B|``, column by column.

    Parameters
    ----------
    A : Tensor
        Shape (..., m, n).
    B : Tensor
        Shape (..., m, k), or (..., m): vectors.
    rcond : float, optional
        Singular values up to this part of the largest count as 0; default ``eps * max(m, n)``.
    driver : 'gels', 'gelsy', 'gelsd' or 'gelss'
        LAPACK's routine.  All are computed in the same way here; the name decides what is
        reported, and 'gels' assumes that A has full rank.  Default 'gelsy'.

    Returns
    -------
    named tuple (solution, residuals, rank, singular_values)
        residuals : squares of the remaining distances (..., k), where m > n, all have full
        rank and the driver is not 'gelsy'; else empty.  rank : empty for 'gels'.
        singular_values : for 'gelsd' and 'gelss'.

    Raises
    ------
    LinAlgError
        If 'gels' is asked for and a matrix does not have full rank.
    """
    vector = _read_problem(A, B)
    name = driver or "gelsy"
    if name not in DRIVERS:
        raise RuntimeError(
            "torch.linalg.lstsq: parameter `driver` should be one of (gels, gelsy, gelsd, gelss), "
            f"got {driver!r}"
        )
    m, n = tuple(A.shape[-2:])
    cutoff = dtypes.finfo(A.dtype).eps * max(m, n) if rcond is None else float(rcond)
    if vector:
        B = B.unsqueeze(-1)
    lead = broadcast_sizes(tuple(A.shape[:-2]), tuple(B.shape[:-2]))
    A, B = (x if x.shape[:-2] == lead else x.expand(*lead, *x.shape[-2:]) for x in (A, B))
    rank = matrix_rank(A, atol=0.0, rtol=cutoff)
    full = not any_failed((rank != min(m, n))._array)
    if name == "gels" and not full:
        raise LinAlgError(
            "torch.linalg.lstsq: The least squares solution could not be computed because the "
            "input matrix does not have full rank; use driver='gelsd'."
        )
    X, residuals = lstsq_op.call(A, B, rcond=cutoff, residual=m > n and full and name != "gelsy")
    if vector:
        X = X.squeeze(-1)
        residuals = residuals.squeeze(-1) if residuals.ndim else residuals
    xp = backend_of(A._array).xp
    nothing = Tensor._from_array(xp.zeros((0,), A._array.real.dtype))
    values = svdvals_op.call(A.detach()) if name in ("gelsd", "gelss") else nothing
    if name == "gels":
        rank = Tensor._from_array(xp.zeros((0,), "int64"))
    return return_types.linalg_lstsq(X, residuals, rank, values)


def _read_problem(A: Tensor, B: Tensor) -> bool:
    """Check shapes and types; return whether B holds vectors."""
    check_matrices("torch.linalg.lstsq", A, "input")
    check_same_dtype("torch.linalg.lstsq", A, B)
    if not B.ndim:
        raise ShapeError("torch.linalg.lstsq: other must have at least 1 dimension, but is 0-d")
    vector = B.ndim == 1 or (A.ndim - 1 == B.ndim and B.shape == A.shape[:-1])
    rows = B.shape[-1 if vector else -2]
    if rows != A.shape[-2]:
        raise ShapeError(
            "torch.linalg.lstsq: input.size(-2) should match other.size(-2), "
            f"got {A.shape[-2]} and {rows}"
        )
    return vector


__all__: list[str] = []
