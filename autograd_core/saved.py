"""Saved tensors that hooks pack and unpack (`autograd.graph.saved_tensors_hooks`)."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from .node import Output, accumulator, ref

Hooks = tuple[Callable[[Any], Any], Callable[[Any], Any]]


class Packed:
    """What a pack hook made of a saved tensor, and the way back.

    The graph the tensor belongs to is kept beside it, so that what the unpack hook
    returns takes part in higher-order gradients again.
    """

    __slots__ = ("fn", "is_output", "packed", "unpack_hook", "view_of")

    def __init__(self, packed: Any, unpack_hook: Callable[[Any], Any], fn: Any, is_output: bool):
        self.packed = packed
        self.unpack_hook = unpack_hook
        self.fn = fn
        self.is_output = is_output

    def unpack(self) -> Any:
        """The tensor again, through the unpack hook."""
        from .tensor import Tensor

        x = self.unpack_hook(self.packed)
        if not isinstance(x, Tensor):
            raise TypeError(
                "Output of saved tensor unpack_hook expected to be a Tensor but got "
                f"result of type {type(x).__name__}"
            )
        again = Tensor._from_array(x._array)
        again._fn = self.fn() if self.fn.__class__ is ref else self.fn
        if again._fn is not None and not again._fn.next and hasattr(again._fn, "variable"):
            again._fn = ref(again._fn)
        return again


def pack(x: Any, node: Any, hooks: Hooks, output: int | None = None) -> Packed:
    """Hand a tensor to the pack hook; the node keeps only what the hook returns."""
    from .dispatch import current_fn
    from .modes import no_grad
    from .tensor import Tensor

    bare = Tensor._from_array(x._array)
    bare._version_counter = x._version_counter
    before = x._version
    with no_grad():
        packed = hooks[0](bare)
    if x._version != before:
        raise RuntimeError(
            "A saved tensor pack hook is modifying its input in place. Tensors provided as "
            "input to pack hook can not be modified by in-place operations as this can lead to "
            "unexpected side-effects. Please open an issue if you need to perform in-place "
            "operations on the input to a pack hook."
        )
    if output is not None:
        return Packed(packed, hooks[1], None, True)
    fn = x._fn if x._view is None else current_fn(x)
    if fn.__class__ is ref:
        fn = accumulator(x)
    return Packed(packed, hooks[1], fn, False)


def saved_bytes(node: Any) -> int:
    """Bytes of array memory that a node's saved values keep alive (views count whole)."""
    total = 0
    for value in node.saved or ():
        for part in value if isinstance(value, tuple) else (value,):
            array = getattr(part, "_array", part)
            if not isinstance(array, int | float | str | tuple):
                total += getattr(array, "nbytes", 0)
    return total


__all__ = ["Hooks", "Output", "Packed", "pack", "saved_bytes"]
