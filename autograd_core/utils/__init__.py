"""``utils``: what PyTorch has under this name."""

from . import dlpack as dlpack

__all__ = ["dlpack"]
