"""Gradients brought down to a size: by their norm together, or each element by itself."""

from __future__ import annotations

import math
import warnings
from collections.abc import Iterable, Iterator

from ..._tensor import Tensor
from ...ops.create import tensor
from ...ops.join import stack

__all__ = ["clip_grad_norm_", "clip_grad_value_", "clip_grads_with_norm_", "get_total_norm"]


def _grads(parameters: Iterable[Tensor] | Tensor) -> list[Tensor]:
    members = [parameters] if isinstance(parameters, Tensor) else list(parameters)
    return [p._grad for p in members if p._grad is not None]


def get_total_norm(
    tensors: Iterable[Tensor] | Tensor,
    norm_type: float = 2.0,
    error_if_nonfinite: bool = False,
    foreach: bool | None = None,
) -> Tensor:
    """The p-norm of all elements of all tensors together.

    Raises
    ------
    RuntimeError
        If it is not finite and `error_if_nonfinite`.
    """
    members = [tensors] if isinstance(tensors, Tensor) else list(tensors)
    if not members:
        return tensor(0.0)
    first, order = members[0].device, float(norm_type)
    total = stack([t.detach().norm(order).to(first) for t in members]).norm(order)
    if error_if_nonfinite and not math.isfinite(total.item()):
        raise RuntimeError(
            f"The total norm of order {order} for gradients from `parameters` is "
            "non-finite, so it cannot be clipped. To disable this error and scale the gradients "
            "by the non-finite norm anyway, set `error_if_nonfinite=False`"
        )
    return total


def clip_grads_with_norm_(
    parameters: Iterable[Tensor] | Tensor,
    max_norm: float,
    total_norm: Tensor,
    foreach: bool | None = None,
) -> None:
    """Scale all gradients, in place, by ``max_norm / total_norm`` where that is below 1."""
    factor = (float(max_norm) / (total_norm + 1e-6)).clamp_max(1.0)
    for g in _grads(parameters):
        scale = factor.to(g.device)
        g._array *= scale._array.astype(g._array.dtype)
        g._bump("clip_grad_norm_")


def clip_grad_norm_(
    parameters: Iterable[Tensor] | Tensor,
    max_norm: float,
    norm_type: float = 2.0,
    error_if_nonfinite: bool = False,
    foreach: bool | None = None,
) -> Tensor:
    """Scale all gradients down, in place, so that their norm together is at most `max_norm`.

    Returns
    -------
    Tensor
        The norm before.

    Raises
    ------
    RuntimeError
        If the norm is not finite and `error_if_nonfinite`.
    """
    members = [parameters] if isinstance(parameters, Tensor) else list(parameters)
    if not members and isinstance(parameters, Iterator):
        warnings.warn(
            "`parameters` is an empty generator, no gradient clipping will occur.", stacklevel=2
        )
    total = get_total_norm(_grads(members), norm_type, error_if_nonfinite)
    clip_grads_with_norm_(members, max_norm, total)
    return total


def clip_grad_value_(
    parameters: Iterable[Tensor] | Tensor, clip_value: float, foreach: bool | None = None
) -> None:
    """Bring every element of every gradient, in place, into [-clip_value, clip_value]."""
    bound = float(clip_value)
    for g in _grads(parameters):
        g._array[...] = g._array.clip(-bound, bound)
        g._bump("clip_grad_value_")
