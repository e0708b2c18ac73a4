"""``autograd.function``: custom functions, where PyTorch keeps them."""

from __future__ import annotations

from ..function import Function, FunctionCtx, once_differentiable

__all__ = ["Function", "FunctionCtx", "once_differentiable"]
