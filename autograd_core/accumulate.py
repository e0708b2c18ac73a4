"""Adding a gradient to a leaf's ``.grad``."""

from __future__ import annotations

import threading
from typing import Any

from . import dispatch
from .backends import backend_of, is_array
from .errors import GradientError

_lock = threading.Lock()


def accumulate(leaf: Any, grad: Any, fresh: bool) -> None:
    """Add a raw gradient to ``leaf.grad``; `fresh` says that nobody else holds the array."""
    array = leaf._array
    if not is_array(grad):
        grad, fresh = backend_of(array).xp.asarray(grad, array.dtype), True
    if grad.shape != array.shape:
        raise GradientError(
            f"the gradient of shape {grad.shape} does not fit the leaf of shape {array.shape}"
        )
    if grad.dtype != array.dtype:
        grad, fresh = grad.astype(array.dtype), True
    with _lock:
        known = leaf._grad
        if known is None:
            if not fresh or grad.base is not None:
                grad = grad.copy()
            leaf._grad = dispatch.TensorClass._from_array(grad)
        elif known._fn is not None:
            leaf._grad = known + dispatch.TensorClass._from_array(grad)
        else:
            total = known._array
            total += grad
            known._bump("backward")
