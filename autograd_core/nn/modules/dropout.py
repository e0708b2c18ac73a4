"""Dropout as modules."""

from __future__ import annotations

from ..._tensor import Tensor
from .. import functional as F
from .module import Module

__all__ = ["AlphaDropout", "Dropout", "Dropout1d", "Dropout2d", "Dropout3d", "FeatureAlphaDropout"]


class _Dropout(Module):
    """See the function of the same name; active in training mode only."""

    def __init__(self, p: float = 0.5, inplace: bool = False):
        super().__init__()
        if not 0 <= p <= 1:
            raise ValueError(f"dropout probability has to be between 0 and 1, but got {p}")
        self.p = p
        self.inplace = inplace

    def extra_repr(self) -> str:
        """The settings, for `repr`."""
        return f"p={self.p}, inplace={self.inplace}"


class Dropout(_Dropout):
    """See `nn.functional.dropout`; active in training mode only."""

    def forward(self, input: Tensor) -> Tensor:
        """Of the input's shape."""
        return F.dropout(input, self.p, self.training, self.inplace)


class Dropout1d(_Dropout):
    """See `nn.functional.dropout1d`; active in training mode only."""

    def forward(self, input: Tensor) -> Tensor:
        """Of the input's shape."""
        return F.dropout1d(input, self.p, self.training, self.inplace)


class Dropout2d(_Dropout):
    """See `nn.functional.dropout2d`; active in training mode only."""

    def forward(self, input: Tensor) -> Tensor:
        """Of the input's shape."""
        return F.dropout2d(input, self.p, self.training, self.inplace)


class Dropout3d(_Dropout):
    """See `nn.functional.dropout3d`; active in training mode only."""

    def forward(self, input: Tensor) -> Tensor:
        """Of the input's shape."""
        return F.dropout3d(input, self.p, self.training, self.inplace)


class AlphaDropout(_Dropout):
    """See `nn.functional.alpha_dropout`; active in training mode only."""

    def forward(self, input: Tensor) -> Tensor:
        """Of the input's shape."""
        return F.alpha_dropout(input, self.p, self.training, self.inplace)


class FeatureAlphaDropout(_Dropout):
    """See `nn.functional.feature_alpha_dropout`; active in training mode only."""

    def forward(self, input: Tensor) -> Tensor:
        """Of the input's shape."""
        return F.feature_alpha_dropout(input, self.p, self.training, self.inplace)
