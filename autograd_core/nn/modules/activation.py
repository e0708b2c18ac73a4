"""Activation functions as modules."""

from __future__ import annotations

from ...tensor import Tensor
from .. import functional as F  # noqa: N812
from .module import Module

__all__ = ["ReLU"]


class ReLU(Module):
    """See `relu`."""

    def __init__(self, inplace: bool = False):
        super().__init__()
        self.inplace = inplace

    def forward(self, input: Tensor) -> Tensor:
        """Element by element."""
        return F.relu(input, self.inplace)

    def extra_repr(self) -> str:
        return "inplace=True" if self.inplace else ""
