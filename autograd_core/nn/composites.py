"""Functions of ``nn.functional`` that are short sentences in other functions."""

from __future__ import annotations

import math
from typing import Any

from .._tensor import Tensor
from ..errors import ShapeError
from ..ops import softmax as _softmax
from ..ops.conv import conv1d
from ..ops.einsum import einsum
from ..ops.linalg import linear
from ..ops.loss import cross_entropy
from ..ops.pool import (
    adaptive_max_pool1d,
    adaptive_max_pool2d,
    adaptive_max_pool3d,
    avg_pool1d,
    avg_pool2d,
    avg_pool3d,
)

__all__ = [
    "adaptive_max_pool1d_with_indices", "adaptive_max_pool2d_with_indices",
    "adaptive_max_pool3d_with_indices", "bilinear", "conv_tbc", "feature_alpha_dropout",
    "linear_cross_entropy",
    "lp_pool1d", "lp_pool2d", "lp_pool3d",
]  # fmt: skip


def bilinear(
    input1: Tensor, input2: Tensor, weight: Tensor, bias: Tensor | None = None
) -> Tensor:  # fmt: skip
    """``input1 @ weight[k] @ input2 + bias[k]`` for each output feature k.

    Parameters
    ----------
    input1, input2 : Tensor
        (..., features1) and (..., features2), alike but for the last dimension.
    weight : Tensor
        (outputs, features1, features2).
    bias : Tensor, optional
        (outputs).

    Returns
    -------
    Tensor
        (..., outputs).
    """
    if input1.shape[:-1] != input2.shape[:-1]:
        raise ShapeError(
            "bilinear(): input batch dimensions do not match: got "
            f"{list(input1.shape)} and {list(input2.shape)}"
        )
    for what, given, size in (
        ("input1", input1, weight.shape[1]), ("input2", input2, weight.shape[2]),
    ):  # fmt: skip
        if given.shape[-1] != size:
            raise ShapeError(
                f"bilinear(): {what} size does not match weight size: got {given.shape[-1]} but "
                f"expected {size}"
            )
    found = einsum("...i,kij,...j->...k", input1, weight, input2)
    return found if bias is None else found + bias


def linear_cross_entropy(
    input: Tensor,
    linear_weight: Tensor,
    target: Tensor,
    *,
    linear_bias: Tensor | None = None,
    weight: Tensor | None = None,
    reduction: str = "mean",
    ignore_index: int | None = None,
    label_smoothing: float = 0.0,
    options: Any = None,
) -> Tensor:
    """`cross_entropy` of ``linear(input, linear_weight, linear_bias)``.

    Parameters
    ----------
    input : Tensor
        (in_features) or (N, in_features).
    linear_weight : Tensor
        (classes, ..., in_features).
    target : Tensor
        Classes (N, ...), or probabilities (N, classes, ...).
    linear_bias : Tensor, optional
        (classes, ...).
    weight, reduction, label_smoothing
        See `cross_entropy`.
    ignore_index : int, optional
        A class that counts for nothing, -100 if not given; not with probabilities.
    options
        Of no consequence: the scores are computed whole.

    Raises
    ------
    ShapeError
        If the operands do not fit one another.
    """
    classes, *more, size = linear_weight.shape if linear_weight.ndim > 1 else (0, 0)
    if input.ndim not in (1, 2):
        raise ShapeError(f"expected input with dimensionality 1 or 2, got {input.ndim}")
    if linear_weight.ndim < 2:
        raise ShapeError(
            f"expected linear_weight with dimensionality at least 2, got {linear_weight.ndim}"
        )
    if input.shape[-1] != size:
        raise ShapeError(
            "expected equal input and linear_weight last dimensions (in_features), got "
            f"{input.shape[-1]} and {size}, respectively"
        )
    if linear_bias is not None and tuple(linear_bias.shape) != (classes, *more):
        raise ShapeError(
            f"expected linear_bias shape {(classes, *more)}, got {tuple(linear_bias.shape)}"
        )
    if more and input.ndim == 1:
        raise ShapeError(
            f"K-dimensional loss defined by linear_weight shape {tuple(linear_weight.shape)} "
            f"requires batched input, (N, {size}), got unbatched input with shape "
            f"{tuple(input.shape)}"
        )
    shape = (*input.shape[:-1], classes, *more)
    if tuple(target.shape) == shape and ignore_index is not None:
        raise RuntimeError("ignore_index cannot be specified when target contains probabilities")
    bias = None if linear_bias is None else linear_bias.reshape(-1)
    scores = linear(input, linear_weight.reshape(-1, size), bias).reshape(shape)
    return cross_entropy(
        scores,
        target,
        weight=weight,
        reduction=reduction,
        ignore_index=-100 if ignore_index is None else ignore_index,
        label_smoothing=label_smoothing,
    )


def conv_tbc(input: Tensor, weight: Tensor, bias: Tensor, pad: int = 0) -> Tensor:
    """`conv1d` of (time, batch, channels) with a weight (kernel, in_channels, out_channels)."""
    found = conv1d(input.permute(1, 2, 0), weight.permute(2, 1, 0), bias, padding=pad)
    return found.permute(2, 0, 1)


# ------------------------------------------------------------------ pools


def _lp_pool(
    pool: Any, nd: int, input: Tensor, norm_type: float, kernel_size: Any, stride: Any, ceil: bool
) -> Tensor:
    count = kernel_size**nd if isinstance(kernel_size, int) else math.prod(kernel_size)
    mean = pool(input.pow(norm_type), kernel_size, stride, 0, ceil)
    return (mean.sign() * mean.abs().relu()).mul(count).pow(1.0 / norm_type)


def lp_pool1d(
    input: Tensor, norm_type: float, kernel_size: int, stride: Any = None, ceil_mode: bool = False
) -> Tensor:
    """p-norm of windows of one dimension; see `lp_pool2d`."""
    return _lp_pool(avg_pool1d, 1, input, norm_type, kernel_size, stride, ceil_mode)


def lp_pool2d(
    input: Tensor, norm_type: float, kernel_size: Any, stride: Any = None, ceil_mode: bool = False
) -> Tensor:
    """``(sum of x ** norm_type) ** (1 / norm_type)`` over windows of two dimensions."""
    return _lp_pool(avg_pool2d, 2, input, norm_type, kernel_size, stride, ceil_mode)


def lp_pool3d(
    input: Tensor, norm_type: float, kernel_size: Any, stride: Any = None, ceil_mode: bool = False
) -> Tensor:
    """p-norm of windows of three dimensions; see `lp_pool2d`."""
    return _lp_pool(avg_pool3d, 3, input, norm_type, kernel_size, stride, ceil_mode)


def adaptive_max_pool1d_with_indices(
    input: Tensor, output_size: Any, return_indices: bool = False
) -> Any:  # fmt: skip
    """Maxima and where they were; see `adaptive_max_pool1d`."""
    return adaptive_max_pool1d(input, output_size, True)


def adaptive_max_pool2d_with_indices(
    input: Tensor, output_size: Any, return_indices: bool = False
) -> Any:  # fmt: skip
    """Maxima and where they were; see `adaptive_max_pool2d`."""
    return adaptive_max_pool2d(input, output_size, True)


def adaptive_max_pool3d_with_indices(
    input: Tensor, output_size: Any, return_indices: bool = False
) -> Any:  # fmt: skip
    """Maxima and where they were; see `adaptive_max_pool3d`."""
    return adaptive_max_pool3d(input, output_size, True)


# ------------------------------------------------------------------ dropout


def feature_alpha_dropout(
    input: Tensor, p: float = 0.5, training: bool = False, inplace: bool = False
) -> Tensor:
    """`alpha_dropout` of whole channels: one draw for each of the first two dimensions."""
    if not 0.0 <= p <= 1.0:
        raise ValueError(f"dropout probability has to be between 0 and 1, but got {p}")
    if not training:
        return input
    if input.ndim < 2:
        raise RuntimeError("Feature dropout requires at least 2 dimensions in the input")
    shape = tuple(input.shape[:2]) + (1,) * (input.ndim - 2)
    return _softmax.alpha_dropout_of(input, p, shape, inplace)
