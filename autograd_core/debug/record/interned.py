"""Numbers for what comes again and again while events are folded: classes of nodes, dtypes."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from ...function import FunctionNode
from ..trace.columns import Array, Pool
from ..trace.traced import FUNCTION, OP


class Remembered(dict[Any, int]):
    """Numbers of a pool by what they stand for, valid until the pool renumbers."""

    def __init__(self, pool: Pool, name: Any):
        super().__init__()
        self.pool = pool
        self.name = name
        self.generation = pool.generation

    def __missing__(self, key: Any) -> int:
        number = self[key] = self.pool.number(self.name(key))
        return number

    def __getitem__(self, key: Any) -> int:
        self._refresh()
        return super().__getitem__(key)

    def all(self, keys: Sequence[Any]) -> list[int]:
        """The numbers of many."""
        self._refresh()
        if len(set(map(id, keys))) == 1:  # hashing a dtype takes long
            return [super().__getitem__(keys[0])] * len(keys)
        return list(map(super().__getitem__, keys))

    def _refresh(self) -> None:
        if self.generation != self.pool.generation:
            self.clear()
            self.generation = self.pool.generation


class NodeClasses(dict[Any, int]):
    """Classes of nodes, each with a number of its own, and what is known of each."""

    def __missing__(self, cls: Any) -> int:
        number = self[cls] = len(self)
        return number

    def codes(self, classes: Sequence[Any]) -> Array:
        """The numbers of many."""
        return np.array(list(map(self.__getitem__, classes)), np.int64)

    def kinds(self) -> Array:
        """By number: whether a class belongs to an op or is a custom Function."""
        return np.array([FUNCTION if issubclass(cls, FunctionNode) else OP for cls in self])

    def saved_arrays(self, codes: Array, parents: Array) -> Array:
        """How many arrays nodes of these classes saved, given which inputs need a gradient."""
        needed = parents >= 0
        count = np.zeros(len(codes), np.int64)
        for cls, number in self.items():
            at = np.flatnonzero(codes == number)
            for s in cls.op.layout if len(at) else ():
                if s.kind == "output":
                    count[at] += 1
                elif s.kind == "input":
                    count[at] += needed[at][:, list(s.users)].any(1)
        return count
