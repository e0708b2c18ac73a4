"""Reading of dimension and size arguments, with PyTorch's errors."""

from __future__ import annotations

import operator
from collections.abc import Sequence
from typing import Any


def wrap_dim(dim: Any, ndim: int) -> int:
    """A dimension counted from 0; IndexError if there is no such one (0-d counts as 1-d)."""
    count = ndim or 1
    try:
        found = operator.index(dim)
    except TypeError:
        raise TypeError(f"'dim' must be an int, not {type(dim).__name__}") from None
    if not -count <= found < count:
        raise IndexError(
            f"Dimension out of range (expected to be in range of [{-count}, {count - 1}], "
            f"but got {found})"
        )
    return found + count if found < 0 else found


def wrap_dims(dims: Any, ndim: int) -> tuple[int, ...]:
    """Several dimensions counted from 0, none of them twice."""
    if not isinstance(dims, Sequence):
        dims = (dims,)
    found = tuple(wrap_dim(d, ndim) for d in dims)
    for d in found:
        if found.count(d) > 1:
            raise RuntimeError(f"dim {d} appears multiple times in the list of dims")
    return found


def sizes(arguments: Sequence[Any], name: str = "size") -> tuple[int, ...]:
    """Sizes given as ``f(2, 3)``, ``f((2, 3))`` or ``f(torch.Size([2, 3]))``."""
    if len(arguments) == 1 and isinstance(arguments[0], Sequence):
        arguments = arguments[0]
    try:
        return tuple(map(operator.index, arguments))
    except TypeError:
        kinds = ", ".join(type(a).__name__ for a in arguments)
        raise TypeError(f"argument '{name}' must be a tuple of ints, not ({kinds})") from None


def sum_to(F: Any, g: Any, shape: tuple[int, ...]) -> Any:
    """A gradient summed over what broadcasting from `shape` added or stretched (in formulas)."""
    have = tuple(g.shape)
    if have == tuple(shape):
        return g
    lead = len(have) - len(shape)
    dims = tuple(range(lead)) + tuple(
        i + lead for i, n in enumerate(shape) if n == 1 and have[i + lead] != 1
    )
    if dims:
        g = F.sum(g, dim=dims, keepdim=True)
    return F.reshape(g, shape=tuple(shape))
