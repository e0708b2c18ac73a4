"""The CPU: NumPy, with the few functions that ops need and NumPy lacks."""

from __future__ import annotations

import types
from typing import Any

import numpy as np

from .. import special_functions
from . import Backend


class Namespace(types.SimpleNamespace):
    """NumPy's functions, and its rarer rooms (`fft`), which it imports when first asked."""

    def __getattr__(self, name: str) -> Any:
        found = getattr(np, name)
        setattr(self, name, found)
        return found


xp: Any = Namespace(**{k: v for k, v in vars(np).items() if not k.startswith("_")})
"""NumPy's functions; `autograd_core.special_functions` and others add to it."""
special_functions.add_to(xp)


def view_as(array: Any, shape: tuple[int, ...]) -> Any:
    """Reshape without copying; ValueError where that is impossible."""
    return np.reshape(array, shape, copy=False)


def broadcast_view(array: Any, shape: tuple[int, ...]) -> Any:
    """Broadcast by zero strides: ten times as fast as numpy.broadcast_to on small arrays."""
    old, strides, lead = array.shape, array.strides, len(shape) - array.ndim
    new_strides = (0,) * lead + tuple(0 if n == 1 else s for n, s in zip(old, strides, strict=True))
    try:
        return np.ndarray(shape, array.dtype, array, 0, new_strides)
    except ValueError:  # the constructor wants a contiguous array
        return strided_view(array, shape, new_strides)


def strided_view(array: Any, shape: tuple[int, ...], strides: tuple[int, ...]) -> Any:
    """A view of the memory from the array's first element on; strides in bytes."""
    return np.lib.stride_tricks.as_strided(array, shape, strides)


def add_at(target: Any, index: Any, values: Any) -> None:
    """``target[index] += values`` with repeated indices added up."""
    np.add.at(target, index, values)


def accumulate(name: str, array: Any, axis: int) -> Any:
    """The running maximum, minimum or logaddexp along an axis."""
    return getattr(np, name).accumulate(array, axis=axis)


def scatter_at(name: str, target: Any, index: Any, values: Any) -> None:
    """Combine `values` into ``target[index]``, repeated indices too, by multiply, maximum ..."""
    getattr(np, name).at(target, index, values)


def keep(values: Any, mask: Any) -> Any:
    """``values`` where the mask is true, 0 elsewhere (for inf and NaN too).

    A product with the mask would turn inf * 0 into NaN, and `where` is ten times slower
    than a bitwise and with all ones or all zeros.
    """
    bits = np.dtype(f"i{values.dtype.itemsize}")
    return (values.view(bits) & -mask.astype(bits)).view(values.dtype)


def constant(table: Any) -> Any:
    """A NumPy array on the device of this namespace; a GPU keeps it while the array lives."""
    return table


xp.view_as = view_as
xp.constant = constant
xp.keep = keep
xp.broadcast_view = broadcast_view
xp.strided_view = strided_view
xp.add_at = add_at
xp.accumulate = accumulate
xp.scatter_at = scatter_at
BACKEND = Backend("cpu", np.ndarray, xp)
raw = BACKEND.raw
