"""``autograd_core.linalg``: norms, and the linear algebra of ``torch.linalg``."""

from __future__ import annotations

from .ops.linalg import matmul
from .ops.norms import linalg_norm as norm
from .ops.norms import matrix_norm, vector_norm
from .ops.products import linalg_cross as cross
from .ops.products import multi_dot, vecdot

__all__ = ["matrix_norm", "norm", "vector_norm", "cross", "matmul", "multi_dot", "vecdot"]
