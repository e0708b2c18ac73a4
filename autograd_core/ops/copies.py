"""Copies of what the views of the same name show: ``permute_copy``, ``slice_copy`` ...

PyTorch has them for programs that must not share memory.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from .._tensor import Tensor, method
from ..errors import ShapeError
from .complex import view_as_complex, view_as_real


def _slice(
    input: Tensor, dim: int = 0, start: int | None = None, end: int | None = None, step: int = 1
) -> Tensor:
    """The elements from `start` to `end` (excluded) along a dimension, in steps."""
    if not input.ndim:
        raise ShapeError("slice() cannot be applied to a 0-dim tensor.")
    if step < 1:
        raise ValueError(f"slice step must be positive, got {step}")
    n = input.shape[dim]
    first, last, _ = slice(start, end, step).indices(n)
    found = input.narrow(dim, first, max(last - first, 0))
    if step == 1:
        return found
    keys: list[Any] = [slice(None)] * input.ndim
    keys[dim] = slice(None, None, step)
    return found[tuple(keys)]


_METHODS = (
    "as_strided", "detach", "diagonal", "expand", "narrow", "permute", "select", "split",
    "split_with_sizes", "squeeze", "t", "transpose", "unbind", "unfold", "unsqueeze", "view",
)  # fmt: skip
_FUNCTIONS: dict[str, Callable[..., Any]] = {
    "alias": lambda input: input,
    "slice": _slice,
    "view_as_complex": view_as_complex,
    "view_as_real": view_as_real,
}


def _copying(name: str) -> Callable[..., Any]:
    def copy(input: Tensor, *args: Any, out: Any = None, **kwargs: Any) -> Any:
        view = _FUNCTIONS.get(name) or getattr(Tensor, name)
        seen = view(input, *args, **kwargs)
        if out is None:
            return tuple(v.clone() for v in seen) if isinstance(seen, tuple) else seen.clone()
        pairs = zip(out, seen, strict=True) if isinstance(seen, tuple) else [(out, seen)]
        for target, part in pairs:
            target.resize_(tuple(part.shape)).copy_(part)
        return None if isinstance(seen, tuple) else out

    copy.__name__ = copy.__qualname__ = f"{name}_copy"
    copy.__doc__ = f"A copy of what `{name}` shows; takes its arguments."
    return copy


__all__ = []
for _name in (*_METHODS, *_FUNCTIONS):
    globals()[f"{_name}_copy"] = _copying(_name)
    __all__.append(f"{_name}_copy")
method("narrow_copy")(globals()["narrow_copy"])


@method()
def unsafe_split(input: Tensor, split_size: int, dim: int = 0) -> tuple[Tensor, ...]:
    """The parts that `split` shows, as copies, which may be written without care."""
    return tuple(part.clone() for part in input.split(split_size, dim))


@method()
def unsafe_split_with_sizes(
    input: Tensor, split_sizes: Sequence[int], dim: int = 0
) -> tuple[Tensor, ...]:
    """The parts that `split_with_sizes` shows, as copies."""
    return tuple(part.clone() for part in input.split(list(split_sizes), dim))


@method()
def unsafe_chunk(input: Tensor, chunks: int, dim: int = 0) -> tuple[Tensor, ...]:
    """The parts that `chunk` shows, as copies."""
    return tuple(part.clone() for part in input.chunk(chunks, dim))


__all__ += ["unsafe_chunk", "unsafe_split", "unsafe_split_with_sizes"]
