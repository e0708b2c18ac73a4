"""Saved tensors that hooks pack and unpack (`autograd.graph.saved_tensors_hooks`)."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from .node import Version, accumulator, ref
from .views import current_fn

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
        from ._tensor import Tensor

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
    from ._tensor import Tensor
    from .modes import no_grad

    if x._version_counter is None:
        x._version_counter = Version()
    bare = Tensor._from_array(x._array)
    bare._version_counter = x._version_counter
    if output is None:  # the hook sees an input as it is; an output would hold its own node
        bare._fn = x._fn if x._view is None else current_fn(x)
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


class SavedTensor:
    """A saved tensor as its node keeps it: ``node._raw_saved_self``.

    Parameters
    ----------
    node : Node
        The node that saved it.
    at : int
        Where its entry begins in ``node.saved``.
    name : str
        What the node calls it.
    output : int or None
        Which output of the node it is, if it is one.
    within : int or None
        Its place in the entry, for ops over a list of tensors.
    """

    __slots__ = ("_at", "_name", "_node", "_output", "_within")

    def __init__(
        self, node: Any, at: int, name: str, output: int | None = None, within: int | None = None
    ):
        self._node = node
        self._at = at
        self._name = name
        self._output = output
        self._within = within

    def unpack(self) -> Any:
        """The tensor, through the unpack hook if there is one."""
        if self._node.op is None:
            return self._node.saved_tensors[self._at]
        found = getattr(self._node, f"_saved_{self._name}")
        return found if self._within is None else found[self._within]

    @property
    def data(self) -> Any:
        """What is kept: the tensor, or what the pack hook returned."""
        value = self._value()
        return value.packed if value.__class__ is Packed else self.unpack()

    def register_hooks(
        self, pack_hook: Callable[[Any], Any], unpack_hook: Callable[[Any], Any]
    ) -> None:
        """Pack this one tensor now, and unpack it when it is used.

        Raises
        ------
        RuntimeError
            If it was freed, is None, or has hooks already.
        """
        value = self._value()
        if value is None:
            raise RuntimeError(
                "Calling register_hooks on a saved tensor with value None is forbidden."
            )
        if value.__class__ is Packed:
            raise RuntimeError(
                "Calling register_hooks on a saved tensor whose hooks have already been set. "
                "Hint: only one pair of hooks is allowed at a time."
            )
        packed = pack(self._tensor(value), self._node, (pack_hook, unpack_hook), self._output)
        self._replace(packed)
        self._node.extra().general = True

    def _value(self) -> Any:
        saved = self._node.saved
        if saved is None:
            raise RuntimeError(
                "Calling register_hooks on a saved tensor after it has been freed. Saved "
                "intermediate values of the graph are freed when you call .backward() or "
                "autograd.grad(). Specify retain_graph=True if you need to backward through the "
                "graph a second time or if you need to access saved variables after calling "
                "backward."
            )
        entry = saved[self._at]
        if self._within is not None:
            return entry[self._within][0]
        return entry[0] if self._node.op is None else entry

    @staticmethod
    def _tensor(value: Any) -> Any:
        from ._tensor import Tensor

        return value if isinstance(value, Tensor) else Tensor._from_array(value)

    def _replace(self, packed: Packed) -> None:
        saved = list(self._node.saved)
        if self._within is not None:
            entry = list(saved[self._at])
            entry[self._within] = (packed, None)
            saved[self._at] = tuple(entry)
        elif self._node.op is None:
            saved[self._at] = (packed, 0, self._output)
        else:
            saved[self._at : self._at + 2] = [packed, None]
        self._node.saved = tuple(saved)


def raw_saved(node: Any, s: Any, at: int) -> Any:
    """The `SavedTensor` of an entry of an op's layout; a tuple of them for a list of tensors."""
    if s.kind == "inputs":
        return tuple(SavedTensor(node, at, s.name, None, i) for i in range(len(node.saved[at])))
    return SavedTensor(node, at, s.name, s.index if s.kind == "output" else None)


def saved_attribute(n: Any, name: str) -> Any:
    """``node._saved_self``: a saved value as a tensor; ``_raw_saved_self``: as it is kept."""
    from .vjps import unpack

    raw = name.startswith("_raw_saved_")
    if raw or name.startswith("_saved_"):
        wanted, at = name.split("saved_", 1)[1], 0
        for s in n.op.layout:
            if wanted in (s.name, _public_name(s)) and (not raw or s.kind in _TENSOR_KINDS):
                return raw_saved(n, s, at) if raw else unpack(n, True)[s.name]
            at += s.width
    raise AttributeError(f"{type(n).__name__!r} object has no attribute {name!r}")


_TENSOR_KINDS = ("input", "inputs", "output")


def _public_name(s: Any) -> str:
    """PyTorch's name of a saved value: ``self`` for the first input."""
    if s.kind == "shape":
        return f"{s.name.removesuffix('_shape').replace('input', 'self')}_sym_sizes"
    return "self" if s.name == "input" else s.name


def saved_names(op: Any) -> list[str]:
    """The names of the ``_saved_`` attributes of an op's node."""
    return [
        prefix + _public_name(s)
        for s in op.layout
        for prefix in (("_saved_", "_raw_saved_") if s.kind in _TENSOR_KINDS else ("_saved_",))
    ]


def saved_bytes(node: Any) -> int:
    """Bytes of array memory that a node's saved values keep alive (views count whole)."""
    total = 0
    for value in node.saved or ():
        kind = value.__class__
        if kind is np.ndarray:
            total += value.nbytes
        elif kind is tuple:
            total += sum(_bytes_of(part) for part in value)
        elif kind not in _PLAIN:
            total += _bytes_of(value)
    return total


_PLAIN = frozenset((int, float, bool, str, type(None), Version))


def _bytes_of(value: Any) -> int:
    array = getattr(value, "_array", value)
    return int(getattr(array, "nbytes", 0))
