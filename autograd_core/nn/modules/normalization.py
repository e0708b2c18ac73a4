"""Normalization as modules."""

from __future__ import annotations

from typing import Any

from ..._tensor import Tensor
from ...dtypes import int64
from ...ops.create import arange, empty, ones, tensor, zeros
from ...ops.einsum import einsum
from .. import functional as F
from .. import init
from ..parameter import Parameter
from .module import Module

__all__ = [
    "BatchNorm1d", "BatchNorm2d", "BatchNorm3d", "CrossMapLRN2d", "GroupNorm", "InstanceNorm1d",
    "InstanceNorm2d", "InstanceNorm3d", "LayerNorm", "LocalResponseNorm", "RMSNorm",
]  # fmt: skip


def _shape(sizes: Any) -> tuple[int, ...]:
    return (sizes,) if isinstance(sizes, int) else tuple(sizes)


class _Affine(Module):
    """Weight 1 and bias 0 at first, or None where they are not wanted."""

    weight: Parameter | None
    bias: Parameter | None

    def _add(self, name: str, shape: Any, wanted: bool, device: Any, dtype: Any) -> None:
        made = Parameter(empty(shape, device=device, dtype=dtype)) if wanted else None
        self.register_parameter(name, made)

    def reset_parameters(self) -> None:
        """Set the weight to 1 and the bias to 0."""
        if self.weight is not None:
            init.ones_(self.weight)
        if getattr(self, "bias", None) is not None:
            init.zeros_(self.bias)  # type: ignore[arg-type]


class LayerNorm(_Affine):
    """See `nn.functional.layer_norm`.

    Parameters
    ----------
    normalized_shape : int or sequence of int
        Sizes of the last dimensions.
    eps : float
        Added to the variance.
    elementwise_affine, bias : bool, default True
        Whether to learn a weight, and a bias with it.
    """

    def __init__(
        self,
        normalized_shape: Any,
        eps: float = 1e-5,
        elementwise_affine: bool = True,
        bias: bool = True,
        device: Any = None,
        dtype: Any = None,
    ):
        super().__init__()
        self.normalized_shape = _shape(normalized_shape)
        self.eps = eps
        self.elementwise_affine = elementwise_affine
        self._add("weight", self.normalized_shape, elementwise_affine, device, dtype)
        self._add("bias", self.normalized_shape, elementwise_affine and bias, device, dtype)
        self.reset_parameters()

    def forward(self, input: Tensor) -> Tensor:
        """Of the input's shape."""
        return F.layer_norm(input, self.normalized_shape, self.weight, self.bias, self.eps)

    def extra_repr(self) -> str:
        """The settings, for `repr`."""
        return (
            f"{self.normalized_shape}, eps={self.eps}, "
            f"elementwise_affine={self.elementwise_affine}, bias={self.bias is not None}"
        )


class RMSNorm(_Affine):
    """See `nn.functional.rms_norm`.

    Parameters
    ----------
    normalized_shape : int or sequence of int
        Sizes of the last dimensions.
    eps : float, optional
        Added to the mean square.
    elementwise_affine : bool, default True
        Whether to learn a weight.
    """

    def __init__(
        self,
        normalized_shape: Any,
        eps: float | None = None,
        elementwise_affine: bool = True,
        device: Any = None,
        dtype: Any = None,
    ):
        super().__init__()
        self.normalized_shape = _shape(normalized_shape)
        self.eps = eps
        self.elementwise_affine = elementwise_affine
        self._add("weight", self.normalized_shape, elementwise_affine, device, dtype)
        self.reset_parameters()

    def forward(self, input: Tensor) -> Tensor:
        """Of the input's shape."""
        return F.rms_norm(input, self.normalized_shape, self.weight, self.eps)

    def extra_repr(self) -> str:
        """The settings, for `repr`."""
        return (
            f"{self.normalized_shape}, eps={self.eps}, elementwise_affine={self.elementwise_affine}"
        )


class GroupNorm(_Affine):
    """See `nn.functional.group_norm`.

    Parameters
    ----------
    num_groups, num_channels : int
        The channels form this many groups.
    eps : float
        Added to the variance.
    affine, bias : bool, default True
        Whether to learn a weight, and a bias with it.

    Raises
    ------
    ValueError
        If the channels can't be divided evenly.
    """

    def __init__(
        self,
        num_groups: int,
        num_channels: int,
        eps: float = 1e-5,
        affine: bool = True,
        device: Any = None,
        dtype: Any = None,
        *,
        bias: bool = True,
    ):
        super().__init__()
        if num_channels % num_groups:
            raise ValueError(
                f"num_channels ({num_channels}) must be divisible by num_groups ({num_groups})"
            )
        self.num_groups = num_groups
        self.num_channels = num_channels
        self.eps = eps
        self.affine = affine
        self._add("weight", num_channels, affine, device, dtype)
        self._add("bias", num_channels, affine and bias, device, dtype)
        self.reset_parameters()

    def forward(self, input: Tensor) -> Tensor:
        """Of the input's shape."""
        return F.group_norm(input, self.num_groups, self.weight, self.bias, self.eps)

    def extra_repr(self) -> str:
        """The settings, for `repr`."""
        return (
            f"{self.num_groups}, {self.num_channels}, eps={self.eps}, affine={self.affine}, "
            f"bias={self.bias is not None}"
        )


class _Running(_Affine):
    """Norms by channel with running statistics.

    Parameters
    ----------
    num_features : int
        The number of channels.
    eps : float
        Added to the variance.
    momentum : float or None
        Weight of a batch in the running statistics; None: a plain average.
    affine, bias : bool
        Whether to learn a weight, and a bias with it.
    track_running_stats : bool
        Whether to keep running statistics; without them a batch's own are always used.
    """

    _version = 2
    ranks: tuple[int, ...] = ()
    running_mean: Tensor | None
    running_var: Tensor | None
    num_batches_tracked: Tensor | None

    def __init__(
        self,
        num_features: int,
        eps: float = 1e-5,
        momentum: float | None = 0.1,
        affine: bool = True,
        track_running_stats: bool = True,
        device: Any = None,
        dtype: Any = None,
        *,
        bias: bool = True,
    ):
        super().__init__()
        self.num_features = num_features
        self.eps = eps
        self.momentum = momentum
        self.affine = affine
        self.track_running_stats = track_running_stats
        self._add("weight", num_features, affine, device, dtype)
        self._add("bias", num_features, affine and bias, device, dtype)
        kept = track_running_stats
        make = {"device": device, "dtype": dtype}
        self.register_buffer("running_mean", zeros(num_features, **make) if kept else None)
        self.register_buffer("running_var", ones(num_features, **make) if kept else None)
        count = tensor(0, dtype=int64, device=device) if kept else None
        self.register_buffer("num_batches_tracked", count)
        self.reset_parameters()

    def reset_running_stats(self) -> None:
        """Mean 0, variance 1, no batch seen."""
        for name, value in (("running_mean", 0), ("running_var", 1), ("num_batches_tracked", 0)):
            buffer = getattr(self, name)
            if buffer is not None:
                init.constant_(buffer, value)

    def reset_parameters(self) -> None:
        """Set the weight to 1, the bias to 0 and forget the running statistics."""
        self.reset_running_stats()
        super().reset_parameters()

    def _load_from_state_dict(
        self, state_dict: Any, prefix: str, local_metadata: dict[str, Any], *rest: Any
    ) -> None:
        """As a module; states from before version 2 did not count batches."""
        count, key = self.num_batches_tracked, f"{prefix}num_batches_tracked"
        if count is not None and (local_metadata.get("version") or 1) < 2:
            state_dict.setdefault(key, count)
        super()._load_from_state_dict(state_dict, prefix, local_metadata, *rest)

    def _check_rank(self, input: Tensor) -> None:
        if input.ndim not in self.ranks:
            wanted = " or ".join(f"{r}D" for r in self.ranks)
            raise ValueError(f"expected {wanted} input (got {input.ndim}D input)")

    def _momentum(self) -> float:
        """Count a batch and return its weight."""
        count = self.num_batches_tracked
        if count is None or not self.training:
            return 0.0 if self.momentum is None else self.momentum
        count._array += 1
        count._bump("batch_norm")
        return 1.0 / float(count) if self.momentum is None else self.momentum

    def extra_repr(self) -> str:
        """The settings, for `repr`."""
        return (
            f"{self.num_features}, eps={self.eps}, momentum={self.momentum}, affine={self.affine}, "
            f"bias={self.bias is not None}, track_running_stats={self.track_running_stats}"
        )


class _BatchNorm(_Running):
    __doc__ = _Running.__doc__

    def forward(self, input: Tensor) -> Tensor:
        """Of the input's shape."""
        self._check_rank(input)
        momentum = self._momentum()
        own = self.training or self.running_mean is None
        update = not self.training or self.track_running_stats
        return F.batch_norm(
            input,
            self.running_mean if update else None,
            self.running_var if update else None,
            self.weight,
            self.bias,
            own,
            momentum,
            self.eps,
        )


class BatchNorm1d(_BatchNorm):
    """`nn.functional.batch_norm` of (N, C) or (N, C, L)."""

    ranks = (2, 3)


class BatchNorm2d(_BatchNorm):
    """`nn.functional.batch_norm` of (N, C, H, W)."""

    ranks = (4,)


class BatchNorm3d(_BatchNorm):
    """`nn.functional.batch_norm` of (N, C, D, H, W)."""

    ranks = (5,)


class _InstanceNorm(_Running):
    def __init__(
        self,
        num_features: int,
        eps: float = 1e-5,
        momentum: float = 0.1,
        affine: bool = False,
        track_running_stats: bool = False,
        device: Any = None,
        dtype: Any = None,
        *,
        bias: bool = True,
    ):
        kept = track_running_stats
        super().__init__(num_features, eps, momentum, affine, kept, device, dtype, bias=bias)

    def forward(self, input: Tensor) -> Tensor:
        """Of the input's shape; the first rank in `ranks` is that of a single example."""
        self._check_rank(input)
        single = input.ndim == self.ranks[0]
        result = F.instance_norm(
            input.unsqueeze(0) if single else input,
            self.running_mean,
            self.running_var,
            self.weight,
            self.bias,
            self.training or not self.track_running_stats,
            0.0 if self.momentum is None else self.momentum,
            self.eps,
        )
        return result.squeeze(0) if single else result


class InstanceNorm1d(_InstanceNorm):
    """`nn.functional.instance_norm` of (N, C, L) or (C, L)."""

    ranks = (2, 3)


class InstanceNorm2d(_InstanceNorm):
    """`nn.functional.instance_norm` of (N, C, H, W) or (C, H, W)."""

    ranks = (3, 4)


class InstanceNorm3d(_InstanceNorm):
    """`nn.functional.instance_norm` of (N, C, D, H, W) or (C, D, H, W)."""

    ranks = (4, 5)


class LocalResponseNorm(Module):
    """See `nn.functional.local_response_norm`."""

    def __init__(self, size: int, alpha: float = 1e-4, beta: float = 0.75, k: float = 1.0):
        super().__init__()
        self.size = size
        self.alpha = alpha
        self.beta = beta
        self.k = k

    def forward(self, input: Tensor) -> Tensor:
        """Of the input's shape."""
        return F.local_response_norm(input, self.size, self.alpha, self.beta, self.k)

    def extra_repr(self) -> str:
        """The settings, for `repr`."""
        return f"{self.size}, alpha={self.alpha}, beta={self.beta}, k={self.k}"


class CrossMapLRN2d(LocalResponseNorm):
    """Divide by a sum of squares over channels, as Lua Torch did.

    Parameters
    ----------
    size : int
        How many channels count.
    alpha, beta, k : float
        ``input / (k + alpha / size * sum) ** beta``.

    Notes
    -----
    The windows are PyTorch's: half a window beyond the channel, and the first channel, once
    it has come in, stays in the sum.  `LocalResponseNorm` has windows that slide.
    """

    def __init__(self, size: int, alpha: float = 1e-4, beta: float = 0.75, k: float = 1):
        super().__init__(size, alpha, beta, k)

    def forward(self, input: Tensor) -> Tensor:
        """(N, C, H, W), of the same shape."""
        if input.ndim != 4:
            raise ValueError(f"CrossMapLRN2d: Expected input to be 4D, got {input.ndim}D instead.")
        reach = (self.size - 1) // 2 + 1
        of = arange(input.shape[1], device=input.device)
        to = of.reshape(-1, 1)
        counts = (of < to + reach) & ((of < 1) | (of > to - reach))
        sums = einsum("dc,nchw->ndhw", counts.to(input.dtype), input * input)
        return input * (sums * (self.alpha / self.size) + self.k).pow(-self.beta)
