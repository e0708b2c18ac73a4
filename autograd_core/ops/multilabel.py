"""The margin loss of several labels, and samples of the Gumbel-softmax distribution."""

from __future__ import annotations

import warnings
from typing import Any

import numpy as np

from .._tensor import Tensor
from ..dtypes import int64, scalar_type
from ..errors import DtypeError, ShapeError
from .dims import wrap_dim
from .loss import check_reduction, legacy
from .loss import reduce as reduced

__all__: list[str] = []


def multilabel_margin_loss(
    input: Tensor,
    target: Tensor,
    size_average: bool | None = None,
    reduce: bool | None = None,
    reduction: str = "mean",
) -> Tensor:
    """``max(0, 1 - (input[label] - input[other]))`` over all labels and others, over the classes.

    Parameters
    ----------
    input : Tensor
        (N, C) or (C): scores.
    target : Tensor of int
        Of the input's shape: the labels, the first -1 ends them.
    reduction : {"mean", "sum", "none"}
        What becomes of the losses.

    Raises
    ------
    RuntimeError
        If the shapes differ, or a target is no class.
    """
    from .activation import relu

    reduction = legacy(size_average, reduce, reduction)
    check_reduction(reduction)
    _check(input, target)
    rows = input.reshape(-1, input.shape[-1] if input.ndim else 1)
    labels = target.reshape(rows.shape)
    valid = labels.ge(0).to(int64).cumprod(1)
    labels = labels.clamp_min(0)
    # In how many of its row's labels a class is named: the others are those in none.
    named = labels.new_zeros(rows.shape).scatter_add(1, labels, valid)
    gaps = relu(1 - rows.gather(1, labels).unsqueeze(2) + rows.unsqueeze(1))
    counted = valid.unsqueeze(2) * named.eq(0).to(int64).unsqueeze(1)
    losses = (gaps * counted.to(rows.dtype)).sum((1, 2)) / rows.shape[1]
    return reduced(losses if input.ndim == 2 else losses.squeeze(0), reduction)


def _check(input: Tensor, target: Tensor) -> None:
    if input.ndim > 2 or (input.ndim and not input.shape[-1]):
        raise ShapeError(
            "Expected non-empty vector or matrix with optional 0-dim batch size, but got: "
            f"{list(input.shape)}"
        )
    if target.shape != input.shape and target.numel() != (input.numel() if input.ndim < 2 else -1):
        raise ShapeError(
            f"inconsistent target size: {list(target.shape)} for input of size: {list(input.shape)}"
        )
    if target.dtype is not int64:
        raise DtypeError(
            f"expected scalar type Long but found {scalar_type(target.dtype)}: class indices are "
            "integers; convert the target with .long()"
        )
    classes: Any = target._array
    if type(classes) is np.ndarray and classes.size:
        count = input.shape[-1] if input.ndim else 1
        low, high = classes.min(), classes.max()
        if low < -1 or high >= count:
            raise IndexError(
                f"argument #2 'target' is out of range: {low if low < -1 else high}, with "
                f"{count} classes (0 to {count - 1}, and -1 for the end)"
            )


def gumbel_softmax(
    logits: Tensor, tau: float = 1, hard: bool = False, eps: float = 1e-10, dim: int = -1
) -> Tensor:
    """A sample of softmax with Gumbel noise (Jang and others 2016), through which gradients flow.

    Parameters
    ----------
    logits : Tensor
        Unnormalised log-probabilities.
    tau : float, default 1
        Temperature: the smaller, the closer to one class.
    hard : bool, default False
        Give 1 for the largest and 0 for the others, with the gradient of the sample.
    eps : float
        Deprecated, without effect.
    dim : int, default -1
        Along which to normalise.
    """
    from .create import empty_like
    from .softmax import softmax

    if eps != 1e-10:
        warnings.warn("`eps` parameter is deprecated and has no effect.", stacklevel=2)
    noise = -empty_like(logits.detach()).exponential_().log()
    soft = softmax((logits + noise) / tau, dim)
    if not hard:
        return soft
    dim = wrap_dim(dim, logits.ndim)
    largest = soft.detach().argmax(dim, keepdim=True)
    one = soft.detach().new_zeros(soft.shape).scatter(dim, largest, 1.0)
    return one - soft.detach() + soft
