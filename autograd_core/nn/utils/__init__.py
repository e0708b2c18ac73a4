"""Helpers around parameters: clipping gradients, one vector for all parameters."""

from __future__ import annotations

import math
from collections.abc import Iterable
from typing import Any

from ... import modes
from ..._tensor import Tensor
from ...ops.join import cat

__all__ = [
    "clip_grad_norm_", "clip_grad_value_", "get_total_norm", "parameters_to_vector",
    "vector_to_parameters",
]  # fmt: skip


def _grads(parameters: Iterable[Tensor] | Tensor) -> list[Tensor]:
    members = [parameters] if isinstance(parameters, Tensor) else list(parameters)
    return [p._grad for p in members if p._grad is not None]


def get_total_norm(
    tensors: Iterable[Tensor] | Tensor, norm_type: float = 2.0, error_if_nonfinite: bool = False
) -> Tensor:
    """The p-norm of all elements of all tensors together.

    Raises
    ------
    RuntimeError
        If it is not finite and `error_if_nonfinite`.
    """
    from ...ops.create import tensor
    from ...ops.join import stack

    members = [tensors] if isinstance(tensors, Tensor) else list(tensors)
    if not members:
        return tensor(0.0)
    total = stack([t.detach().norm(float(norm_type)) for t in members]).norm(float(norm_type))
    if error_if_nonfinite and not math.isfinite(total.item()):
        raise RuntimeError(
            f"The total norm of order {float(norm_type)} for gradients from `parameters` is "
            "non-finite, so it cannot be clipped. To disable this error and scale the gradients "
            "by the non-finite norm anyway, set `error_if_nonfinite=False`"
        )
    return total


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
    grads = _grads(parameters)
    total = get_total_norm(grads, norm_type, error_if_nonfinite)
    factor = (max_norm / (total + 1e-6)).clamp_max(1.0)
    for g in grads:
        g._array *= factor._array.astype(g._array.dtype)
        g._bump("clip_grad_norm_")
    return total


def clip_grad_value_(
    parameters: Iterable[Tensor] | Tensor, clip_value: float, foreach: bool | None = None
) -> None:
    """Bring every element of every gradient, in place, into [-clip_value, clip_value]."""
    bound = float(clip_value)
    for g in _grads(parameters):
        g._array[...] = g._array.clip(-bound, bound)
        g._bump("clip_grad_value_")


def parameters_to_vector(parameters: Iterable[Tensor]) -> Tensor:
    """All elements of all parameters in one vector."""
    return cat([p.reshape(-1) for p in parameters])


def vector_to_parameters(vec: Tensor, parameters: Iterable[Tensor]) -> None:
    """Copy the elements of a vector into the parameters, in order.

    Raises
    ------
    TypeError
        If `vec` is no tensor.
    ValueError
        If it has too few elements; no parameter has been changed then.
    """
    if not isinstance(vec, Tensor):
        raise TypeError(f"expected torch.Tensor, but got: {type(vec).__name__}")
    members: list[Any] = list(parameters)
    count = sum(p.numel() for p in members)
    if vec.numel() < count:
        raise ValueError(f"the vector has {vec.numel()} elements, the parameters {count}")
    start = 0
    with modes.no_grad():
        for p in members:
            stop = start + p.numel()
            p._array[...] = vec._array[start:stop].reshape(p._array.shape)
            p._bump("vector_to_parameters")
            start = stop
