"""Padding as modules: of one, two or three dimensions, with what lies beyond the border."""

from __future__ import annotations

from typing import Any

from ..._tensor import Tensor
from .. import functional as F
from .module import Module

__all__ = [
    "CircularPad1d", "CircularPad2d", "CircularPad3d", "ConstantPad1d", "ConstantPad2d",
    "ConstantPad3d", "ReflectionPad1d", "ReflectionPad2d", "ReflectionPad3d", "ReplicationPad1d",
    "ReplicationPad2d", "ReplicationPad3d", "ZeroPad1d", "ZeroPad2d", "ZeroPad3d",
]  # fmt: skip


class _Pad(Module):
    """Add to the ends of the last dimensions; see `nn.functional.pad`.

    Parameters
    ----------
    padding : int or tuple
        (before, after) of the last dimension, then of the one before it, and so on; one
        number for all ends.
    """

    nd = 0
    mode = "constant"
    value = 0.0

    def __init__(self, padding: Any):
        super().__init__()
        ends = 2 * self.nd
        self.padding = (padding,) * ends if isinstance(padding, int) else tuple(padding)
        if len(self.padding) != ends:
            raise ValueError(
                f"{type(self).__name__} needs one number or {ends} of them as padding, got "
                f"{padding!r}"
            )

    def forward(self, input: Tensor) -> Tensor:
        """The input with its last dimensions longer."""
        value = self.value if self.mode == "constant" else None
        return F.pad(input, self.padding, self.mode, value)

    def extra_repr(self) -> str:
        """The settings, for `repr`."""
        return f"{self.padding}"


class _ConstantPad(_Pad):
    __doc__ = _Pad.__doc__

    def __init__(self, padding: Any, value: float):
        super().__init__(padding)
        self.value = value

    def extra_repr(self) -> str:
        """The settings, for `repr`."""
        return f"padding={self.padding}, value={self.value}"


class _CircularPad(_Pad):
    __doc__ = _Pad.__doc__
    mode = "circular"

    def forward(self, input: Tensor) -> Tensor:
        """The input with its last dimensions longer."""
        if input.ndim not in (self.nd + 1, self.nd + 2):
            raise ValueError(
                f"expected {self.nd + 1}D or {self.nd + 2}D input (got {input.ndim}D input)"
            )
        return super().forward(input)


class _ReflectionPad(_Pad):
    __doc__ = _Pad.__doc__
    mode = "reflect"


class _ReplicationPad(_Pad):
    __doc__ = _Pad.__doc__
    mode = "replicate"


class ConstantPad1d(_ConstantPad):
    """A value around (..., L)."""

    nd = 1


class ConstantPad2d(_ConstantPad):
    """A value around (..., H, W)."""

    nd = 2


class ConstantPad3d(_ConstantPad):
    """A value around (..., D, H, W)."""

    nd = 3


class ZeroPad1d(_Pad):
    """Zeros around (..., L)."""

    nd = 1


class ZeroPad2d(_Pad):
    """Zeros around (..., H, W)."""

    nd = 2


class ZeroPad3d(_Pad):
    """Zeros around (..., D, H, W)."""

    nd = 3


class CircularPad1d(_CircularPad):
    """What comes from the other end around (N, C, L) or (C, L)."""

    nd = 1


class CircularPad2d(_CircularPad):
    """What comes from the other end around (N, C, H, W) or (C, H, W)."""

    nd = 2


class CircularPad3d(_CircularPad):
    """What comes from the other end around (N, C, D, H, W) or (C, D, H, W)."""

    nd = 3


class ReflectionPad1d(_ReflectionPad):
    """A mirror image around (N, C, L) or (C, L); the border is not repeated."""

    nd = 1


class ReflectionPad2d(_ReflectionPad):
    """A mirror image around (N, C, H, W) or (C, H, W); the border is not repeated."""

    nd = 2


class ReflectionPad3d(_ReflectionPad):
    """A mirror image around (N, C, D, H, W) or (C, D, H, W); the border is not repeated."""

    nd = 3


class ReplicationPad1d(_ReplicationPad):
    """The border repeated around (N, C, L) or (C, L)."""

    nd = 1


class ReplicationPad2d(_ReplicationPad):
    """The border repeated around (N, C, H, W) or (C, H, W)."""

    nd = 2


class ReplicationPad3d(_ReplicationPad):
    """The border repeated around (N, C, D, H, W) or (C, D, H, W)."""

    nd = 3
