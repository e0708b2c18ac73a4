"""``autograd_core.linalg``: norms, and the linear algebra of ``torch.linalg``."""

from __future__ import annotations

from .ops.keywords import with_keywords
from .ops.linalg import matmul
from .ops.norms import linalg_norm as norm
from .ops.norms import matrix_norm, vector_norm
from .ops.products import linalg_cross as cross
from .ops.products import multi_dot, vecdot
from .ops.spectral import svd, svdvals

for _name in ("norm", "vector_norm", "matrix_norm", "matmul", "multi_dot", "cross", "vecdot"):
    globals()[_name] = with_keywords(globals()[_name], f"linalg.{_name}")

__all__ = [
    "cross", "matmul", "matrix_norm", "multi_dot", "norm", "svd", "svdvals", "vecdot",
    "vector_norm",
]  # fmt: skip
