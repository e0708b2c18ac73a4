"""Losses between numbers: squared, absolute, Huber, divergences, binary cross entropy.

Each primitive computes losses and their reduction in one node; both arguments may need
gradients, to any order.
"""

from __future__ import annotations

import math
import warnings

from .._tensor import Tensor
from ..declare import op
from ..dtypes import FLOATING
from ..errors import DtypeError
from .loss import check_reduction, legacy, reduce, reduced, spread
from .shape import broadcast_tensors

__all__: list[str] = []


# ------------------------------------------------------------------ squared error


@op("MseLossBackward0", name="mse_loss", types="promote")
def mse_loss_op(xp, input, target, *, reduction):
    """``(input - target) ** 2``."""
    d = input - target
    return reduced(xp, d * d, reduction)


def _mse_grad(F, g, input, target, reduction):
    return (input - target) * (spread(g, input, reduction) * 2)


@mse_loss_op.vjp("input")
def _(F, g, input, target, reduction):
    return _mse_grad(F, g, input, target, reduction)


@mse_loss_op.vjp("target")
def _(F, g, input, target, reduction):
    return _mse_grad(F, g, target, input, reduction)


# ------------------------------------------------------------------ straight far out, curved near 0


@op("HuberLossBackward0", name="huber_loss", types="promote")
def huber_loss_op(xp, input, target, *, reduction, delta):
    """``d² / 2`` where ``|d| <= delta``, ``delta * (|d| - delta / 2)`` elsewhere (Huber 1964)."""
    d = xp.abs(input - target)
    near = xp.minimum(d, delta)
    return reduced(xp, near * (d - 0.5 * near), reduction)


def _huber_grad(F, g, d, delta, reduction):
    g = spread(g, d, reduction)
    return g * F.hardtanh(d, min_val=-delta, max_val=delta)


@huber_loss_op.vjp("input")
def _(F, g, input, target, reduction, delta):
    return _huber_grad(F, g, input - target, delta, reduction)


@huber_loss_op.vjp("target")
def _(F, g, input, target, reduction, delta):
    return _huber_grad(F, g, target - input, delta, reduction)


@op("SmoothL1LossBackward0", name="smooth_l1_loss", types="promote")
def smooth_l1_loss_op(xp, input, target, *, reduction, beta):
    """``d² / (2 beta)`` where ``|d| < beta``, ``|d| - beta / 2`` elsewhere (Girshick 2015)."""
    d = xp.abs(input - target)
    near = xp.minimum(d, beta)
    return reduced(xp, near * (d - 0.5 * near) * (1 / beta), reduction)


@smooth_l1_loss_op.vjp("input")
def _(F, g, input, target, reduction, beta):
    return _huber_grad(F, g, input - target, beta, reduction) * (1 / beta)


@smooth_l1_loss_op.vjp("target")
def _(F, g, input, target, reduction, beta):
    return _huber_grad(F, g, target - input, beta, reduction) * (1 / beta)


@op("SoftMarginLossBackward0", name="soft_margin_loss", types="promote")
def soft_margin_loss_op(xp, input, target, *, reduction):
    """``log(1 + exp(-target * input))``."""
    return reduced(xp, xp.logaddexp(-target * input, 0), reduction)


@soft_margin_loss_op.vjp("input")
def _(F, g, input, target, reduction):
    g = spread(g, input, reduction)
    return g * -target * F.sigmoid(-target * input)


@soft_margin_loss_op.vjp("target")
def _(F, g, input, target, reduction):
    g = spread(g, input, reduction)
    return g * -input * F.sigmoid(-target * input)


# ------------------------------------------------------------------ binary cross entropy


@op("BinaryCrossEntropyBackward0", name="binary_cross_entropy", types="floating")
def binary_cross_entropy_op(xp, input, target, weight, *, reduction):
    """``-target * log(input) - (1 - target) * log(1 - input)``, each logarithm at least -100."""
    yes = xp.maximum(xp.log(input), -100)
    no = xp.maximum(xp.log1p(-input), -100)
    losses = (target - 1) * no - target * yes
    return reduced(xp, losses if weight is None else losses * weight, reduction)


_BCE_FLOOR = 9.999999960041972e-13  # 1e-12 in single precision, as PyTorch has it


@binary_cross_entropy_op.vjp("input")
def _(F, g, input, target, weight, reduction):
    g = spread(g, input, reduction)
    if weight is not None:
        g = g * weight
    width = input * (1 - input)
    return g * (input - target) / F.keep_above(width, bound=_BCE_FLOOR)


@op("ClampMinBackward0", types="floating")
def keep_above(xp, input, *, bound):
    """The input, at least `bound`."""
    return xp.maximum(input, bound)


@keep_above.vjp
def _(F, g, input, bound):
    return F.keep(g, F.above(input, bound=bound))


@binary_cross_entropy_op.vjp("target")
def _(F, g, input, weight, reduction):
    g = spread(g, input, reduction)
    if weight is not None:
        g = g * weight
    return g * (
        F.keep_above(F.log1p(-input), bound=-100.0) - F.keep_above(F.log(input), bound=-100.0)
    )


@op("BinaryCrossEntropyWithLogitsBackward0", name="bce_with_logits", types="promote")
def bce_with_logits_op(xp, input, target, weight, pos_weight, *, reduction):
    """Binary cross entropy of ``sigmoid(input)``, without its overflow and underflow."""
    log_no = xp.minimum(-input, 0) - xp.log1p(xp.exp(-xp.abs(input)))  # log(1 - sigmoid)
    if pos_weight is None:
        losses = -log_no - target * input
    else:
        slope = 1 + (pos_weight - 1) * target
        losses = (1 - target) * input - slope * (log_no + input)
    return reduced(xp, losses if weight is None else losses * weight, reduction)


@bce_with_logits_op.vjp("input")
def _(F, g, input, target, weight, pos_weight, reduction):
    g = spread(g, input, reduction)
    if weight is not None:
        g = g * weight
    if pos_weight is None:
        return g * (F.sigmoid(input) - target)
    yes = pos_weight * target
    return g * ((yes + 1 - target) * F.sigmoid(input) - yes)


@bce_with_logits_op.vjp("target")
def _(F, g, input, weight, pos_weight, reduction):
    g = spread(g, input, reduction)
    if weight is not None:
        g = g * weight
    if pos_weight is None:
        return g * -input
    return g * (F.log_sigmoid(-input) - pos_weight * F.log_sigmoid(input))


# ------------------------------------------------------------------ public functions


def _pair(name: str, input: Tensor, target: Tensor) -> tuple[Tensor, Tensor]:
    """Input and target of one shape; different ones are broadcast, with a warning."""
    for what, t in (("input", input), ("target", target)):
        if not isinstance(t, Tensor):
            raise TypeError(f"{name}(): argument '{what}' must be Tensor, not {type(t).__name__}")
    if input._array.shape == target._array.shape:
        return input, target
    warnings.warn(
        f"Using a target size ({target.shape!r}) that is different to the input size "
        f"({input.shape!r}). This will likely lead to incorrect results due to broadcasting. "
        "Please ensure they have the same size.",
        stacklevel=3,
    )
    both = broadcast_tensors(input, target)
    return both[0], both[1]


_reduce = reduce


def _weighted(losses: Tensor, weight: Tensor | None, reduction: str) -> Tensor:
    """Losses times weights; the mean is over the weights."""
    if weight is None:
        return _reduce(losses, reduction)
    if weight.shape != losses.shape:
        raise ValueError("Inputs and weight must have the same size.")
    losses = losses * weight
    return losses.sum() / weight.sum() if reduction == "mean" else _reduce(losses, reduction)


def mse_loss(
    input: Tensor,
    target: Tensor,
    size_average: bool | None = None,
    reduce: bool | None = None,
    reduction: str = "mean",
    weight: Tensor | None = None,
) -> Tensor:
    """``(input - target) ** 2``, and its mean or sum.

    Parameters
    ----------
    reduction : {"mean", "sum", "none"}
        What becomes of the losses.
    weight : Tensor, optional
        A factor for each loss.
    """
    reduction = legacy(size_average, reduce, reduction)
    check_reduction(reduction)
    input, target = _pair("mse_loss", input, target)
    if weight is not None:
        return _weighted(mse_loss_op.call(input, target, reduction="none"), weight, reduction)
    if input.dtype.category < FLOATING and target.dtype.category < FLOATING:
        raise DtypeError(
            f"\"mse_loss\" not implemented for '{input.dtype.name.capitalize()}'; "
            "convert with .float()"
        )
    return mse_loss_op.call(input, target, reduction=reduction)


def l1_loss(
    input: Tensor,
    target: Tensor,
    size_average: bool | None = None,
    reduce: bool | None = None,
    reduction: str = "mean",
    weight: Tensor | None = None,
) -> Tensor:
    """``|input - target|``, and its mean or sum; see `mse_loss`."""
    reduction = legacy(size_average, reduce, reduction)
    check_reduction(reduction)
    input, target = _pair("l1_loss", input, target)
    return _weighted((input - target).abs(), weight, reduction)


def smooth_l1_loss(
    input: Tensor,
    target: Tensor,
    size_average: bool | None = None,
    reduce: bool | None = None,
    reduction: str = "mean",
    beta: float = 1.0,
) -> Tensor:
    """Squared below `beta`, absolute above; see `mse_loss`."""
    reduction = legacy(size_average, reduce, reduction)
    check_reduction(reduction)
    input, target = _pair("smooth_l1_loss", input, target)
    if beta < 0:
        raise RuntimeError("smooth_l1_loss does not support negative values for beta.")
    if beta == 0:
        return l1_loss(input, target, reduction=reduction)
    return smooth_l1_loss_op.call(input, target, reduction=reduction, beta=beta)


def huber_loss(
    input: Tensor,
    target: Tensor,
    reduction: str = "mean",
    delta: float = 1.0,
    weight: Tensor | None = None,
) -> Tensor:
    """Squared below `delta`, `delta` times absolute above; see `mse_loss`."""
    check_reduction(reduction)
    input, target = _pair("huber_loss", input, target)
    if delta <= 0:
        raise RuntimeError("huber_loss does not support non-positive values for delta.")
    if weight is None:
        return huber_loss_op.call(input, target, reduction=reduction, delta=delta)
    losses = huber_loss_op.call(input, target, reduction="none", delta=delta)
    return _weighted(losses, weight, reduction)


def soft_margin_loss(
    input: Tensor,
    target: Tensor,
    size_average: bool | None = None,
    reduce: bool | None = None,
    reduction: str = "mean",
) -> Tensor:
    """``log(1 + exp(-target * input))`` for targets 1 and -1."""
    reduction = legacy(size_average, reduce, reduction)
    check_reduction(reduction)
    input, target = broadcast_tensors(input, target)
    return soft_margin_loss_op.call(input, target, reduction=reduction)


def binary_cross_entropy(
    input: Tensor,
    target: Tensor,
    weight: Tensor | None = None,
    size_average: bool | None = None,
    reduce: bool | None = None,
    reduction: str = "mean",
) -> Tensor:
    """``-target * log(input) - (1 - target) * log(1 - input)``.

    Parameters
    ----------
    input : Tensor
        Probabilities, within [0, 1].
    target : Tensor
        Of the input's shape, within [0, 1].
    weight : Tensor, optional
        A factor for each loss, broadcast to the target.

    Raises
    ------
    ValueError
        If input and target differ in shape.
    RuntimeError
        If an input is no probability.
    """
    reduction = legacy(size_average, reduce, reduction)
    check_reduction(reduction)
    if target.shape != input.shape:
        raise ValueError(
            f"Using a target size ({target.shape!r}) that is different to the input size "
            f"({input.shape!r}) is deprecated. Please ensure they have the same size."
        )
    if weight is not None and weight.shape != target.shape:
        weight = weight.expand(target.shape)
    _check_probabilities(input)
    return binary_cross_entropy_op.call(input, target, weight, reduction=reduction)


def _check_probabilities(input: Tensor) -> None:
    import numpy as np

    values = input._array
    if type(values) is np.ndarray and values.size and (values.min() < 0 or values.max() > 1):
        raise RuntimeError(
            "all elements of input should be between 0 and 1, but found values from "
            f"{values.min():g} to {values.max():g}; pass logits to binary_cross_entropy_with_logits"
        )


def binary_cross_entropy_with_logits(
    input: Tensor,
    target: Tensor,
    weight: Tensor | None = None,
    size_average: bool | None = None,
    reduce: bool | None = None,
    reduction: str = "mean",
    pos_weight: Tensor | None = None,
) -> Tensor:
    """`binary_cross_entropy` of ``sigmoid(input)``, computed without overflow.

    Parameters
    ----------
    weight : Tensor, optional
        A factor for each loss.
    pos_weight : Tensor, optional
        A factor for the losses of positives, broadcast to the target (one a class).

    Raises
    ------
    ValueError
        If input and target differ in shape.
    """
    reduction = legacy(size_average, reduce, reduction)
    check_reduction(reduction)
    if target.shape != input.shape:
        raise ValueError(
            f"Target size ({target.shape!r}) must be the same as input size ({input.shape!r})"
        )
    weight, pos_weight = (
        t if t is None or t.shape == input.shape else t.expand(input.shape)
        for t in (weight, pos_weight)
    )
    return bce_with_logits_op.call(input, target, weight, pos_weight, reduction=reduction)


def kl_div(
    input: Tensor,
    target: Tensor,
    size_average: bool | None = None,
    reduce: bool | None = None,
    reduction: str = "mean",
    log_target: bool = False,
) -> Tensor:
    """``target * (log(target) - input)``: Kullback-Leibler divergence from log-probabilities.

    Parameters
    ----------
    input : Tensor
        Log-probabilities.
    target : Tensor
        Probabilities, or their logarithms if `log_target`.
    reduction : {"mean", "batchmean", "sum", "none"}
        "batchmean" (the sum over the batch size) is the mathematical definition.
    """
    reduction = legacy(size_average, reduce, reduction)
    if reduction == "mean":
        warnings.warn(
            "reduction: 'mean' divides the total loss by both the batch size and the support size. "
            "'batchmean' divides only by the batch size, as in the definition of the divergence. "
            "'mean' will be changed to behave the same as 'batchmean' in the next major release.",
            stacklevel=2,
        )
    if log_target:
        losses = target.exp() * (target - input)
    else:
        losses = target.xlogy(target) - target * input
    if reduction == "batchmean":
        return losses.sum() / (input.shape[0] if input.ndim else 1)
    return _reduce(losses, reduction)


def poisson_nll_loss(
    input: Tensor,
    target: Tensor,
    log_input: bool = True,
    full: bool = False,
    size_average: bool | None = None,
    eps: float = 1e-8,
    reduce: bool | None = None,
    reduction: str = "mean",
) -> Tensor:
    """Negative log-likelihood of counts under a Poisson distribution.

    Parameters
    ----------
    log_input : bool, default True
        Whether the input is the logarithm of the rate.
    full : bool, default False
        Whether to add Stirling's approximation of ``log(target!)``.
    eps : float
        Added to a rate before its logarithm is taken.
    """
    reduction = legacy(size_average, reduce, reduction)
    check_reduction(reduction)
    if log_input:
        losses = input.exp() - target * input
    else:
        losses = input - target * (input + eps).log()
    if full:
        stirling = target * target.log() - target + (target * (2 * math.pi)).log() * 0.5
        losses = losses + stirling.masked_fill(target <= 1, 0)
    return _reduce(losses, reduction)


def _stretched(given: Tensor, input: Tensor) -> list[int]:
    """The sizes in which `given` differs from the input."""
    return [n for n, m in zip(given.shape, input.shape, strict=True) if n != m]


def gaussian_nll_loss(
    input: Tensor,
    target: Tensor,
    var: Tensor | float,
    full: bool = False,
    eps: float = 1e-6,
    reduction: str = "mean",
) -> Tensor:
    """Negative log-likelihood of numbers under normal distributions.

    Parameters
    ----------
    input, target : Tensor
        Means and observations.
    var : Tensor or float
        Variances: of the input's shape, or without its last dimension, or of size 1 in one.
    full : bool, default False
        Whether to add ``log(2 pi) / 2``.
    eps : float
        Variances are at least this (their gradient is as if they were not raised).

    Raises
    ------
    ValueError
        If a variance is negative or of the wrong size.
    """
    check_reduction(reduction)
    given: Tensor = var if isinstance(var, Tensor) else input.new_full(input.shape, var)
    if bool(given.lt(0).any()):
        raise ValueError("var has negative entry/entries")
    if given.shape != input.shape:
        if input.shape[:-1] == given.shape:
            given = given.unsqueeze(-1)
        elif given.ndim != input.ndim or _stretched(given, input) != [1]:
            raise ValueError("var is of incorrect size")
    raised = given + (given.detach().clamp_min(eps) - given.detach())
    losses = (raised.log() + (input - target) ** 2 / raised) * 0.5
    if full:
        losses = losses + 0.5 * math.log(2 * math.pi)
    return _reduce(losses, reduction)
