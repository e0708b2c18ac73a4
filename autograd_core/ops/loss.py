"""Losses of classification: negative log-likelihood, cross entropy, binary cross entropy.

Taking log-probabilities by class index is linear in them, so `nll_loss` and its gradient
`nll_loss_backward` are each other's adjoint, and every order follows from the pair.
"""

from __future__ import annotations

import math
import warnings
from typing import Any

import numpy as np

from .._tensor import Tensor
from ..declare import op
from ..dtypes import int64, scalar_type, uint8
from ..errors import DtypeError, ShapeError
from .softmax import log_softmax

REDUCTIONS = ("none", "mean", "sum")


def check_reduction(reduction: str) -> None:
    """ValueError unless it is none, mean or sum."""
    if reduction not in REDUCTIONS:
        raise ValueError(f"{reduction} is not a valid value for reduction; use none, mean or sum")


def reduced(xp: Any, losses: Any, reduction: str) -> Any:
    """The losses themselves, their mean or their sum, on arrays."""
    if reduction == "mean":
        return losses.sum() / losses.size  # NumPy's mean() warns of an empty batch
    return losses.sum() if reduction == "sum" else losses


def spread(g: Any, like: Any, reduction: str) -> Any:
    """The gradient of each loss, from that of their reduction."""
    return g / math.prod(like.shape) if reduction == "mean" else g


def reduce(losses: Tensor, reduction: str) -> Tensor:
    """The losses themselves, their mean or their sum."""
    check_reduction(reduction)
    if reduction == "mean":
        return losses.mean()
    return losses.sum() if reduction == "sum" else losses


def legacy(size_average: bool | None, old_reduce: bool | None, reduction: str) -> str:
    """The reduction that PyTorch's deprecated arguments stand for."""
    if size_average is None and old_reduce is None:
        return reduction
    size_average = True if size_average is None else size_average
    found = "none" if old_reduce is False else "mean" if size_average else "sum"
    warnings.warn(
        f"size_average and reduce args will be deprecated, please use reduction='{found}' instead.",
        stacklevel=3,
    )
    return found


# ------------------------------------------------------------------ by class index


def _class_weights(xp: Any, like: Any, target: Any, weight: Any, ignore_index: Any) -> Any:
    """For each target: its class (0 where ignored) and its weight (0 where ignored).

    An `ignore_index` of None says that no target is ignored.
    """
    if ignore_index is None:
        return target, weight[target]
    valid = target != ignore_index
    classes = xp.where(valid, target, 0)
    if weight is None:
        return classes, valid.astype(like.dtype)
    return classes, xp.keep(weight[classes], valid)


def _places(xp: Any, classes: Any, ndim: int) -> Any:
    """The index of each target's class in an input of `ndim` dimensions, classes in the second."""
    if ndim == 1:
        return classes
    if ndim == 2:
        return xp.arange(classes.shape[0]), classes
    axes = range(classes.ndim)
    rows, *rest = (
        xp.arange(n).reshape(tuple(n if i == axis else 1 for i in axes))
        for axis, n in enumerate(classes.shape)
    )
    return rows, classes, *rest


def _nll_forward(xp, input, target, weight, *, reduction, ignore_index):
    if ignore_index is None and weight is None:
        losses = -input[_places(xp, target, input.ndim)]
        if reduction == "mean":
            return losses.sum() / losses.size
        return losses.sum() if reduction == "sum" else losses
    classes, weights = _class_weights(xp, input, target, weight, ignore_index)
    losses = -input[_places(xp, classes, input.ndim)] * weights
    if ignore_index is not None:
        losses = xp.keep(losses, target != ignore_index)
    if reduction == "mean":
        return losses.sum() / weights.sum()
    return losses.sum() if reduction == "sum" else losses


def _nll_backward(xp, grad, target, weight, *, shape, reduction, ignore_index):
    if ignore_index is None and weight is None:
        classes = target
        values = -grad / target.size if reduction == "mean" else -grad
    else:
        classes, weights = _class_weights(xp, grad, target, weight, ignore_index)
        values = -grad * weights
        if reduction == "mean":
            values = values / weights.sum()
        if ignore_index is not None:  # also where all are ignored, and their weights sum to 0
            values = xp.keep(values, target != ignore_index)
    result = xp.zeros(shape, grad.dtype)
    result[_places(xp, classes, len(shape))] = values
    return result


def _declare_nll(name: str, node_name: str) -> Any:
    """`nll_loss` and its adjoint, under the node names of their rank."""
    forward = op(node_name, name=name, types="free")(_nll_forward)
    adjoint = op(f"{node_name[:-1]}Backward0", name=f"{name}_backward", types="free")(_nll_backward)

    @forward.vjp("input")
    def _(F, g, input, target, weight, reduction, ignore_index):
        shape = tuple(input.shape)
        found = getattr(F, adjoint.name)(
            g, target, weight, shape=shape, reduction=reduction, ignore_index=ignore_index
        )
        return F.follow(found, input)

    @adjoint.vjp("grad")
    def _(F, g, target, weight, reduction, ignore_index):
        return getattr(F, forward.name)(
            g, target, weight, reduction=reduction, ignore_index=ignore_index
        )

    return forward


nll_loss_op = _declare_nll("nll_loss", "NllLossBackward0")
nll_loss2d_op = _declare_nll("nll_loss2d", "NllLoss2DBackward0")


def _check_targets(input: Tensor, target: Tensor, ignore_index: int) -> int | None:
    """The `ignore_index`, or None where no target is ignored.

    On the host, classes that do not exist are refused; elsewhere looking would stall the device.
    """
    classes = target._array
    if type(classes) is not np.ndarray or not classes.size:
        return ignore_index
    count = input._array.shape[1 if input._array.ndim > 1 else 0]
    low, high = np.minimum.reduce(classes, None), np.maximum.reduce(classes, None)
    if low >= 0 and high < count:
        return ignore_index if low <= ignore_index <= high else None
    wrong = classes[((classes < 0) | (classes >= count)) & (classes != ignore_index)]
    if wrong.size:
        raise IndexError(
            f"Target {wrong.flat[0]} is out of bounds. There are {count} classes, 0 to {count - 1}."
        )
    return ignore_index


def _check_class_shapes(input: Tensor, target: Tensor) -> None:
    have, want = input._array.shape, target._array.shape
    if len(have) == 1 and len(want) == 0:
        return
    if not have:
        raise ShapeError("nll_loss: expected an input with a class dimension, got a 0-d tensor")
    batch = have[:1] if len(have) > 1 else ()
    if len(have) > 1 and (not want or want[0] != have[0]):
        raise ValueError(
            f"Expected input batch_size ({have[0]}) to match target batch_size "
            f"({want[0] if want else 1})."
        )
    expected = batch + have[2:]
    if want != expected:
        if len(have) <= 2:
            raise ShapeError(
                "0D or 1D target tensor expected, multi-target not supported: input "
                f"{tuple(have)} goes with target {expected}, got {tuple(want)}"
            )
        raise ShapeError(f"Expected target size {list(expected)}, got {list(want)}")


def nll_loss(
    input: Tensor,
    target: Tensor,
    weight: Tensor | None = None,
    size_average: bool | None = None,
    ignore_index: int = -100,
    reduce: bool | None = None,
    reduction: str = "mean",
) -> Tensor:
    """``-input[n, target[n]]``: the negative log-likelihood of class indices.

    Parameters
    ----------
    input : Tensor
        (C), (N, C) or (N, C, d1, ...): log-probabilities.
    target : Tensor
        (), (N) or (N, d1, ...): integers below C.
    weight : Tensor, optional
        (C): a factor for each class; the mean is over the factors.
    ignore_index : int
        Targets of this value do not count.
    reduction : {"mean", "sum", "none"}
        What becomes of the losses.

    Raises
    ------
    ValueError
        If the batch sizes differ.
    IndexError
        If a target is no class.
    """
    reduction = legacy(size_average, reduce, reduction)
    check_reduction(reduction)
    if target.dtype not in (int64, uint8):
        raise DtypeError(
            f"expected target dtype to be Long or Byte, but got {scalar_type(target.dtype)} "
            f"(expected scalar type Long but found {scalar_type(target.dtype)}): class indices "
            "are integers; convert the target with .long()"
        )
    _check_class_shapes(input, target)
    if weight is not None and tuple(weight.shape) != (input.shape[1 if input.ndim > 1 else 0],):
        raise ShapeError(
            "weight tensor should be defined either for all "
            f"{input.shape[1 if input.ndim > 1 else 0]} classes or no classes but got weight "
            f"tensor of shape: {list(weight.shape)}"
        )
    ignored = _check_targets(input, target, ignore_index)
    if input.ndim <= 2:
        return nll_loss_op.call(input, target, weight, reduction=reduction, ignore_index=ignored)
    shape = tuple(target.shape)
    if input.ndim != 4:
        n, c = input.shape[:2]
        rest = target.numel() // n if n else 0
        input, target = input.reshape(n, c, 1, rest), target.reshape(n, 1, rest)
    found = nll_loss2d_op.call(input, target, weight, reduction=reduction, ignore_index=ignored)
    return found.reshape(shape) if reduction == "none" and tuple(found.shape) != shape else found


def cross_entropy(
    input: Tensor,
    target: Tensor,
    weight: Tensor | None = None,
    size_average: bool | None = None,
    ignore_index: int = -100,
    reduce: bool | None = None,
    reduction: str = "mean",
    label_smoothing: float = 0.0,
) -> Tensor:
    """`log_softmax` over the classes, then the negative log-likelihood of the target.

    Parameters
    ----------
    input : Tensor
        (C), (N, C) or (N, C, d1, ...): unnormalised scores.
    target : Tensor
        Class indices as for `nll_loss`, or probabilities of the input's shape.
    weight, ignore_index, reduction
        As for `nll_loss`.
    label_smoothing : float, default 0
        How much of each target is spread evenly over all classes (Szegedy and others 2015).

    Raises
    ------
    ValueError
        If the batch sizes differ.
    IndexError
        If a target is no class.
    """
    reduction = legacy(size_average, reduce, reduction)
    check_reduction(reduction)
    if not 0.0 <= label_smoothing <= 1.0:
        raise RuntimeError(f"label_smoothing must be between 0.0 and 1.0. Got: {label_smoothing:g}")
    if not input.ndim:
        raise ShapeError(
            "cross_entropy: expected an input with a class dimension, got a 0-d tensor"
        )
    dim = 1 if input._array.ndim > 1 else 0
    if target._array.shape == input._array.shape:  # one factor for each class, no indices
        if not target.is_floating_point():
            raise DtypeError(
                "Expected floating point type for target with class probabilities, got "
                f"{scalar_type(target.dtype)}"
            )
        if ignore_index >= 0:
            raise RuntimeError("ignore_index is not supported for floating point target")
        return _cross_entropy_of_probabilities(
            input, target, weight, reduction, label_smoothing, dim
        )
    scores = log_softmax(input, dim)
    if not label_smoothing:
        return nll_loss(scores, target, weight, ignore_index=ignore_index, reduction=reduction)
    return _smoothed(scores, target, weight, ignore_index, reduction, label_smoothing, dim)


def _weights_along(weight: Tensor, dim: int, ndim: int) -> Tensor:
    return weight.reshape([-1 if i == dim else 1 for i in range(ndim)])


def _cross_entropy_of_probabilities(
    input: Tensor,
    target: Tensor,
    weight: Tensor | None,
    reduction: str,
    label_smoothing: float,
    dim: int,
) -> Tensor:
    scores = log_softmax(input, dim)
    if label_smoothing:
        target = target * (1 - label_smoothing) + label_smoothing / input.shape[dim]
    products = scores * target
    if weight is not None:
        products = products * _weights_along(weight, dim, input.ndim)
    if reduction == "none":
        return -products.sum(dim)
    total = -products.sum()
    if reduction == "sum":
        return total
    return total / (input.numel() // input.shape[dim] if input.numel() else 0)


def _smoothed(
    scores: Tensor,
    target: Tensor,
    weight: Tensor | None,
    ignore_index: int,
    reduction: str,
    label_smoothing: float,
    dim: int,
) -> Tensor:
    hard = nll_loss(scores, target, weight, ignore_index=ignore_index, reduction=reduction)
    weighted = scores if weight is None else scores * _weights_along(weight, dim, scores.ndim)
    ignored = target.eq(ignore_index)
    smooth = (-weighted.sum(dim)).masked_fill(ignored, 0.0)
    if reduction == "sum":
        smooth = smooth.sum()
    elif reduction == "mean":
        if weight is None:
            counted = ignored.logical_not().sum().to(scores.dtype)
        else:
            counted = weight[target.masked_fill(ignored, 0)].masked_fill(ignored, 0.0).sum()
        smooth = smooth.sum() / counted
    return hard * (1 - label_smoothing) + smooth * (label_smoothing / scores.shape[dim])
