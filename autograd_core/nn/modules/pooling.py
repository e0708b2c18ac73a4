"""Pooling as modules."""

from __future__ import annotations

from typing import Any

from ..._tensor import Tensor
from .. import functional as F
from .module import Module
from .sizes import each

__all__ = [
    "AdaptiveAvgPool1d", "AdaptiveAvgPool2d", "AdaptiveAvgPool3d", "AdaptiveMaxPool1d",
    "AdaptiveMaxPool2d", "AdaptiveMaxPool3d", "AvgPool1d", "AvgPool2d", "AvgPool3d",
    "FractionalMaxPool2d", "FractionalMaxPool3d", "LPPool1d", "LPPool2d", "LPPool3d", "MaxPool1d",
    "MaxPool2d", "MaxPool3d", "MaxUnpool1d", "MaxUnpool2d", "MaxUnpool3d",
]  # fmt: skip


class _MaxPool(Module):
    nd = 0

    def __init__(
        self,
        kernel_size: Any,
        stride: Any = None,
        padding: Any = 0,
        dilation: Any = 1,
        return_indices: bool = False,
        ceil_mode: bool = False,
    ):
        super().__init__()
        self.kernel_size = kernel_size
        self.stride = kernel_size if stride is None else stride
        self.padding = padding
        self.dilation = dilation
        self.return_indices = return_indices
        self.ceil_mode = ceil_mode

    def forward(self, input: Tensor) -> Any:
        """The largest element of each window (and its place, if asked for)."""
        pool = (F.max_pool1d, F.max_pool2d, F.max_pool3d)[self.nd - 1]
        return pool(
            input,
            self.kernel_size,
            self.stride,
            self.padding,
            self.dilation,
            self.ceil_mode,
            self.return_indices,
        )

    def extra_repr(self) -> str:
        """The settings, for `repr`."""
        return (
            f"kernel_size={self.kernel_size}, stride={self.stride}, padding={self.padding}, "
            f"dilation={self.dilation}, ceil_mode={self.ceil_mode}"
        )


class _AvgPool(Module):
    nd = 0

    def __init__(
        self,
        kernel_size: Any,
        stride: Any = None,
        padding: Any = 0,
        ceil_mode: bool = False,
        count_include_pad: bool = True,
        divisor_override: int | None = None,
    ):
        super().__init__()
        if self.nd == 1:
            if divisor_override is not None:
                raise TypeError("AvgPool1d has no divisor_override")
            kernel_size, padding = each(kernel_size, 1), each(padding, 1)
            stride = None if stride is None else each(stride, 1)
        self.kernel_size = kernel_size
        self.stride = kernel_size if stride is None else stride
        self.padding = padding
        self.ceil_mode = ceil_mode
        self.count_include_pad = count_include_pad
        self.divisor_override = divisor_override

    def forward(self, input: Tensor) -> Tensor:
        """The mean of each window."""
        given = (self.kernel_size, self.stride, self.padding, self.ceil_mode)
        if self.nd == 1:
            return F.avg_pool1d(input, *given, self.count_include_pad)
        pool = F.avg_pool2d if self.nd == 2 else F.avg_pool3d
        return pool(input, *given, self.count_include_pad, self.divisor_override)

    def extra_repr(self) -> str:
        """The settings, for `repr`."""
        return f"kernel_size={self.kernel_size}, stride={self.stride}, padding={self.padding}"


class _Adaptive(Module):
    nd = 0

    def __init__(self, output_size: Any):
        super().__init__()
        self.output_size = output_size

    def extra_repr(self) -> str:
        """The settings, for `repr`."""
        return f"output_size={self.output_size}"


class _AdaptiveAvgPool(_Adaptive):
    def forward(self, input: Tensor) -> Tensor:
        """The mean of each of `output_size` windows."""
        pools = (F.adaptive_avg_pool1d, F.adaptive_avg_pool2d, F.adaptive_avg_pool3d)
        return pools[self.nd - 1](input, self.output_size)


class _AdaptiveMaxPool(_Adaptive):
    def __init__(self, output_size: Any, return_indices: bool = False):
        super().__init__(output_size)
        self.return_indices = return_indices

    def forward(self, input: Tensor) -> Any:
        """The largest element of each of `output_size` windows."""
        pools = (F.adaptive_max_pool1d, F.adaptive_max_pool2d, F.adaptive_max_pool3d)
        return pools[self.nd - 1](input, self.output_size, self.return_indices)


class MaxPool1d(_MaxPool):
    """See `nn.functional.max_pool1d`."""

    nd = 1


class MaxPool2d(_MaxPool):
    """See `nn.functional.max_pool2d`."""

    nd = 2


class MaxPool3d(_MaxPool):
    """See `nn.functional.max_pool3d`."""

    nd = 3


class AvgPool1d(_AvgPool):
    """See `nn.functional.avg_pool1d`."""

    nd = 1


class AvgPool2d(_AvgPool):
    """See `nn.functional.avg_pool2d`."""

    nd = 2


class AvgPool3d(_AvgPool):
    """See `nn.functional.avg_pool3d`."""

    nd = 3


class AdaptiveAvgPool1d(_AdaptiveAvgPool):
    """See `nn.functional.adaptive_avg_pool1d`."""

    nd = 1


class AdaptiveAvgPool2d(_AdaptiveAvgPool):
    """See `nn.functional.adaptive_avg_pool2d`."""

    nd = 2


class AdaptiveAvgPool3d(_AdaptiveAvgPool):
    """See `nn.functional.adaptive_avg_pool3d`."""

    nd = 3


class AdaptiveMaxPool1d(_AdaptiveMaxPool):
    """See `nn.functional.adaptive_max_pool1d`."""

    nd = 1


class AdaptiveMaxPool2d(_AdaptiveMaxPool):
    """See `nn.functional.adaptive_max_pool2d`."""

    nd = 2


class AdaptiveMaxPool3d(_AdaptiveMaxPool):
    """See `nn.functional.adaptive_max_pool3d`."""

    nd = 3


# ------------------------------------------------------------------ back from the maxima


class _MaxUnpool(Module):
    """Put maxima back where a pool of these settings found them, zeros elsewhere."""

    nd = 0

    def __init__(self, kernel_size: Any, stride: Any = None, padding: Any = 0):
        super().__init__()
        self.kernel_size = each(kernel_size, self.nd)
        self.stride = each(kernel_size if stride is None else stride, self.nd)
        self.padding = each(padding, self.nd)

    def forward(self, input: Tensor, indices: Tensor, output_size: Any = None) -> Tensor:
        """What ``MaxPool(..., return_indices=True)`` gave, to the size before it."""
        unpool = (F.max_unpool1d, F.max_unpool2d, F.max_unpool3d)[self.nd - 1]
        given = (self.kernel_size, self.stride, self.padding, output_size)
        return unpool(input, indices, *given)

    def extra_repr(self) -> str:
        """The settings, for `repr`."""
        return f"kernel_size={self.kernel_size}, stride={self.stride}, padding={self.padding}"


class MaxUnpool1d(_MaxUnpool):
    """See `nn.functional.max_unpool1d`."""

    nd = 1


class MaxUnpool2d(_MaxUnpool):
    """See `nn.functional.max_unpool2d`."""

    nd = 2


class MaxUnpool3d(_MaxUnpool):
    """See `nn.functional.max_unpool3d`."""

    nd = 3


# ------------------------------------------------------------------ windows of other kinds


class _LPPool(Module):
    """p-norm of each window."""

    nd = 0

    def __init__(
        self, norm_type: float, kernel_size: Any, stride: Any = None, ceil_mode: bool = False
    ):
        super().__init__()
        self.norm_type = norm_type
        self.kernel_size = kernel_size
        self.stride = stride
        self.ceil_mode = ceil_mode

    def forward(self, input: Tensor) -> Tensor:
        """(N, C, ...) to fewer elements in the last dimensions."""
        pool = (F.lp_pool1d, F.lp_pool2d, F.lp_pool3d)[self.nd - 1]
        given = (float(self.norm_type), self.kernel_size, self.stride, self.ceil_mode)
        return pool(input, *given)

    def extra_repr(self) -> str:
        """The settings, for `repr`."""
        return (
            f"norm_type={self.norm_type}, kernel_size={self.kernel_size}, stride={self.stride}, "
            f"ceil_mode={self.ceil_mode}"
        )


class LPPool1d(_LPPool):
    """See `nn.functional.lp_pool1d`."""

    nd = 1


class LPPool2d(_LPPool):
    """See `nn.functional.lp_pool2d`."""

    nd = 2


class LPPool3d(_LPPool):
    """See `nn.functional.lp_pool3d`."""

    nd = 3


class _FractionalMaxPool(Module):
    """Maximum over windows at random uneven steps; give either a size or a ratio."""

    nd = 0

    def __init__(
        self, kernel_size: Any, output_size: Any = None, output_ratio: Any = None,
        return_indices: bool = False, _random_samples: Tensor | None = None,
    ):  # fmt: skip
        super().__init__()
        name = type(self).__name__
        if output_size is None and output_ratio is None:
            raise ValueError(
                f"{name} requires specifying either an output size, or a pooling ratio"
            )
        if output_size is not None and output_ratio is not None:
            raise ValueError("only one of output_size and output_ratio may be specified")
        self.kernel_size = each(kernel_size, self.nd)
        self.return_indices = return_indices
        self.register_buffer("_random_samples", _random_samples)
        self.output_size = None if output_size is None else each(output_size, self.nd)
        self.output_ratio = None if output_ratio is None else each(output_ratio, self.nd)
        if not all(0 < ratio < 1 for ratio in self.output_ratio or ()):
            raise ValueError(f"output_ratio must be between 0 and 1 (got {output_ratio})")

    def forward(self, input: Tensor) -> Any:
        """(N, C, ...) to the output size."""
        pool = (F.fractional_max_pool2d, F.fractional_max_pool3d)[self.nd - 2]
        size = (self.output_size, self.output_ratio)
        return pool(input, self.kernel_size, *size, self.return_indices, self._random_samples)


class FractionalMaxPool2d(_FractionalMaxPool):
    """See `nn.functional.fractional_max_pool2d`."""

    nd = 2


class FractionalMaxPool3d(_FractionalMaxPool):
    """See `nn.functional.fractional_max_pool3d`."""

    nd = 3
