"""All parameters in one vector, and back."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from ... import modes
from ..._tensor import Tensor
from ...ops.join import cat

__all__ = ["parameters_to_vector", "vector_to_parameters"]


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
