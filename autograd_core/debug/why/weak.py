"""Values by tensor, the tensors held weakly."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, Generic, TypeVar
from weakref import ref

V = TypeVar("V")


class ByTensor(Generic[V]):
    """A dictionary of tensors by identity, from which those that die fall out.

    A `weakref.WeakKeyDictionary` compares its keys, and ``==`` of tensors is elementwise.
    """

    def __init__(self) -> None:
        self._table: dict[int, tuple[ref[Any], V]] = {}

    def get(self, tensor: Any) -> V | None:
        """The value of a tensor; None if it has none."""
        found = self._table.get(id(tensor))
        return found[1] if found is not None and found[0]() is tensor else None

    def put(self, tensor: Any, value: V) -> None:
        """Give a tensor a value."""
        key, table = id(tensor), self._table

        def gone(dead: ref[Any]) -> None:
            if key in table and table[key][0] is dead:
                del table[key]

        table[key] = ref(tensor, gone), value

    def pop(self, tensor: Any) -> None:
        """Take a tensor's value away; harmless if it has none."""
        if self.get(tensor) is not None:
            del self._table[id(tensor)]

    def items(self) -> Iterator[tuple[Any, V]]:
        """The tensors that live, and their values."""
        for kept, value in list(self._table.values()):
            tensor = kept()
            if tensor is not None:
                yield tensor, value

    def __len__(self) -> int:
        return len(self._table)
