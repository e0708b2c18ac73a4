"""``autograd_core.linalg``: the linear algebra of ``torch.linalg``."""

from __future__ import annotations

from typing import Any

from ._tensor import Tensor
from .errors import LinAlgError
from .ops.determinant import det
from .ops.determinant import linalg_slogdet as slogdet
from .ops.eigen import eig, eigh, eigvals, eigvalsh
from .ops.factor import cholesky, cholesky_ex, lu, lu_factor, lu_factor_ex, qr
from .ops.keywords import with_keywords
from .ops.least_squares import lstsq
from .ops.linalg import matmul
from .ops.matrix_functions import (
    cond,
    matrix_exp,
    matrix_power,
    tensorinv,
    tensorsolve,
)
from .ops.matrix_functions import linalg_vander as vander
from .ops.norms import linalg_norm as norm
from .ops.norms import matrix_norm, vector_norm
from .ops.parts import diagonal as _diagonal
from .ops.products import linalg_cross as cross
from .ops.products import multi_dot, vecdot
from .ops.reflections import householder_product
from .ops.solve import inv, inv_ex, solve, solve_ex, solve_triangular
from .ops.solve import linalg_lu_solve as lu_solve
from .ops.spectral import matrix_rank, pinv, svd, svdvals
from .ops.symmetric import ldl_factor, ldl_factor_ex, ldl_solve

__all__ = [
    "LinAlgError", "cholesky", "cholesky_ex", "cond", "cross", "det", "diagonal", "eig", "eigh",
    "eigvals", "eigvalsh", "householder_product", "inv", "inv_ex", "ldl_factor", "ldl_factor_ex",
    "ldl_solve", "lstsq", "lu", "lu_factor", "lu_factor_ex", "lu_solve", "matmul", "matrix_exp",
    "matrix_norm", "matrix_power", "matrix_rank", "multi_dot", "norm", "pinv", "qr", "slogdet",
    "solve", "solve_ex", "solve_triangular", "svd", "svdvals", "tensorinv", "tensorsolve",
    "vander", "vecdot", "vector_norm",
]  # fmt: skip


def diagonal(A: Tensor, *, offset: int = 0, dim1: int = -2, dim2: int = -1) -> Any:
    """The diagonals of matrices (..., m, n), as the last dimension."""
    return _diagonal(A, offset, dim1, dim2)


for _name in __all__:
    if _name not in ("LinAlgError", "diagonal", "lstsq", "matrix_exp", "vander"):
        globals()[_name] = with_keywords(globals()[_name], f"linalg.{_name}")
