"""SparseAdam, which there is no use for here: a name that says so."""

from __future__ import annotations

from typing import Any

from .optimizer import Optimizer

__all__ = ["SparseAdam"]


class SparseAdam(Optimizer):
    """Adam for sparse gradients. This library has none, so it cannot be made.

    Raises
    ------
    NotImplementedError
        Always.
    """

    def __init__(self, *args: Any, **kwargs: Any):
        raise NotImplementedError(
            "SparseAdam takes sparse gradients, and gradients are always dense here (those of "
            "embeddings too); use Adam"
        )
