"""Convolutions as modules."""

from __future__ import annotations

import math
from typing import Any

from ..._tensor import Tensor
from ...ops.create import empty
from .. import functional as F
from .. import init
from ..parameter import Parameter
from .module import Module
from .sizes import each

__all__ = [
    "Conv1d", "Conv2d", "Conv3d", "ConvTranspose1d", "ConvTranspose2d", "ConvTranspose3d",
]  # fmt: skip


class _Conv(Module):
    """What convolutions have in common.

    Parameters
    ----------
    in_channels, out_channels : int
        Channels of input and output.
    kernel_size, stride, dilation : int or tuple
        Geometry of the window.
    padding : int, tuple or str
        Zeros (or what `padding_mode` says) on either side; "same" or "valid".
    groups : int, default 1
        The channels are convolved in this many separate groups.
    bias : bool, default True
        Whether to add a bias to each output channel.
    padding_mode : {"zeros", "reflect", "replicate", "circular"}
        What the padding is filled with.

    Raises
    ------
    ValueError
        If the channels do not fit the groups, or a mode is not known.
    """

    nd = 0
    transposed = False
    bias: Parameter | None

    def _make(
        self,
        in_channels: int,
        out_channels: int,
        kernel_size: Any,
        stride: Any,
        padding: Any,
        dilation: Any,
        groups: int,
        bias: bool,
        padding_mode: str,
        device: Any,
        dtype: Any,
    ) -> None:
        if groups <= 0:
            raise ValueError("groups must be a positive integer")
        if in_channels % groups:
            raise ValueError("in_channels must be divisible by groups")
        if out_channels % groups:
            raise ValueError("out_channels must be divisible by groups")
        if isinstance(padding, str) and padding not in ("same", "valid"):
            raise ValueError(
                f"Invalid padding string {padding!r}, should be one of {{'valid', 'same'}}"
            )
        modes = ("zeros", "reflect", "replicate", "circular")
        if padding_mode not in modes:
            raise ValueError(
                f"padding_mode must be one of {set(modes)}, but got padding_mode='{padding_mode}'"
            )
        self.in_channels = in_channels
        self.out_channels = out_channels
        self.kernel_size = each(kernel_size, self.nd)
        self.stride = each(stride, self.nd)
        self.padding = padding if isinstance(padding, str) else each(padding, self.nd)
        self.dilation = each(dilation, self.nd)
        if padding == "same" and any(s != 1 for s in self.stride):
            raise ValueError("padding='same' is not supported for strided convolutions")
        self.groups = groups
        self.padding_mode = padding_mode
        ends = (in_channels, out_channels // groups)
        if not self.transposed:
            ends = (out_channels, in_channels // groups)
        shape = (*ends, *self.kernel_size)
        self.weight = Parameter(empty(shape, device=device, dtype=dtype))
        if bias:
            self.bias = Parameter(empty(out_channels, device=device, dtype=dtype))
        else:
            self.register_parameter("bias", None)
        self.reset_parameters()

    def reset_parameters(self) -> None:
        """Draw weight and bias anew, uniform within ``1 / sqrt(fan_in)`` of 0."""
        init.kaiming_uniform_(self.weight, a=math.sqrt(5))
        if self.bias is not None:
            fan = math.prod(self.weight.shape[1:])
            if fan:
                init.uniform_(self.bias, -1 / math.sqrt(fan), 1 / math.sqrt(fan))

    def extra_repr(self) -> str:
        """The settings, for `repr`."""
        shown = (
            f"{self.in_channels}, {self.out_channels}, kernel_size={self.kernel_size}, "
            f"stride={self.stride}"
        )
        plain = (0,) * self.nd, (1,) * self.nd
        if self.padding != plain[0]:
            shown += f", padding={self.padding}"
        if self.dilation != plain[1]:
            shown += f", dilation={self.dilation}"
        if getattr(self, "output_padding", plain[0]) != plain[0]:
            shown += f", output_padding={self.output_padding}"
        if self.groups != 1:
            shown += f", groups={self.groups}"
        if self.bias is None:
            shown += ", bias=False"
        if self.padding_mode != "zeros":
            shown += f", padding_mode={self.padding_mode}"
        return shown


class _Forward(_Conv):
    def __init__(
        self,
        in_channels: int,
        out_channels: int,
        kernel_size: Any,
        stride: Any = 1,
        padding: Any = 0,
        dilation: Any = 1,
        groups: int = 1,
        bias: bool = True,
        padding_mode: str = "zeros",
        device: Any = None,
        dtype: Any = None,
    ):
        super().__init__()
        self._make(
            in_channels,
            out_channels,
            kernel_size,
            stride,
            padding,
            dilation,
            groups,
            bias,
            padding_mode,
            device,
            dtype,
        )

    def _margins(self) -> list[int]:
        """The padding as `nn.functional.pad` takes it: last dimension first."""
        margins: list[int] = []
        for i in reversed(range(self.nd)):
            low: Any
            high: Any
            if self.padding == "valid":
                low = high = 0
            elif self.padding == "same":
                total = self.dilation[i] * (self.kernel_size[i] - 1)
                low, high = total // 2, total - total // 2
            else:
                low = high = self.padding[i]
            margins += [low, high]
        return margins

    def forward(self, input: Tensor) -> Tensor:
        """(N, C, ...) or (C, ...) to the same with `out_channels`."""
        convolve = (F.conv1d, F.conv2d, F.conv3d)[self.nd - 1]
        padding = self.padding
        if self.padding_mode != "zeros":
            input = F.pad(input, self._margins(), mode=self.padding_mode)
            padding = (0,) * self.nd
        return convolve(
            input, self.weight, self.bias, self.stride, padding, self.dilation, self.groups
        )


class Conv1d(_Forward):
    """See `nn.functional.conv1d`; the settings are those of `_Conv`."""

    nd = 1


class Conv2d(_Forward):
    """See `nn.functional.conv2d`; the settings are those of `_Conv`."""

    nd = 2


class Conv3d(_Forward):
    """See `nn.functional.conv3d`; the settings are those of `_Conv`."""

    nd = 3


class _Transposed(_Conv):
    transposed = True

    def __init__(
        self,
        in_channels: int,
        out_channels: int,
        kernel_size: Any,
        stride: Any = 1,
        padding: Any = 0,
        output_padding: Any = 0,
        groups: int = 1,
        bias: bool = True,
        dilation: Any = 1,
        padding_mode: str = "zeros",
        device: Any = None,
        dtype: Any = None,
    ):
        super().__init__()
        if padding_mode != "zeros":
            raise ValueError(f'Only "zeros" padding mode is supported for {type(self).__name__}')
        self.output_padding = each(output_padding, self.nd)
        self._make(
            in_channels,
            out_channels,
            kernel_size,
            stride,
            padding,
            dilation,
            groups,
            bias,
            padding_mode,
            device,
            dtype,
        )

    def _extra(self, input: Tensor, output_size: Any) -> tuple[int, ...]:
        """The output padding that gives an output of the size asked for."""
        if output_size is None:
            return self.output_padding
        wanted = tuple(output_size)[-self.nd :]
        extra = []
        for i, size in enumerate(input.shape[-self.nd :]):
            least = (size - 1) * self.stride[i] - 2 * self.padding[i]
            least += self.dilation[i] * (self.kernel_size[i] - 1) + 1
            if not least <= wanted[i] <= least + self.stride[i] - 1:
                raise ValueError(
                    f"requested an output size of {list(wanted)}, but valid sizes of dimension {i} "
                    f"range from {least} to {least + self.stride[i] - 1}"
                )
            extra.append(wanted[i] - least)
        return tuple(extra)

    def forward(self, input: Tensor, output_size: Any = None) -> Tensor:
        """(N, C, ...) or (C, ...) to the same with `out_channels`."""
        convolve = (F.conv_transpose1d, F.conv_transpose2d, F.conv_transpose3d)[self.nd - 1]
        return convolve(
            input,
            self.weight,
            self.bias,
            self.stride,
            self.padding,
            self._extra(input, output_size),
            self.groups,
            self.dilation,
        )


class ConvTranspose1d(_Transposed):
    """See `nn.functional.conv_transpose1d`."""

    nd = 1


class ConvTranspose2d(_Transposed):
    """See `nn.functional.conv_transpose2d`."""

    nd = 2


class ConvTranspose3d(_Transposed):
    """See `nn.functional.conv_transpose3d`."""

    nd = 3
