"""The cheapest recording: bare records of the last few thousand nodes, and nothing measured.

While the program runs, an op costs the ``extend`` of a list, and backward costs nothing at
all: which nodes ran, and in which order, follows from the graph and the roots, since the
engine runs ready nodes last made first.  That is worked out when somebody reads the trace.
"""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Callable, Iterator
from typing import Any

from ...events import BATCH, PORT
from ...node import LEAF_SEQ
from .batch import HEAD, Batch, Begin, End, LeafInfo, Mark, Rows, width_of

UNKNOWN = float("nan")


class Ring:
    """Records of the last nodes, marks, and what leaves there are.

    Parameters
    ----------
    keep : int
        How many nodes to keep at least, if there were so many.
    """

    def __init__(self, keep: int):
        self.keep = keep
        self.rows = Rows()
        self.marks: list[Mark] = []
        self.leaves: dict[int, LeafInfo] = {}
        self.adopted: list[Any] = []
        self.begun: dict[int, Begin] = {}

    def __len__(self) -> int:
        return self.rows.count() + len(self.marks)

    def make_room(self) -> None:
        """Trim what has grown well beyond what is to be kept."""
        if self.rows.count() > self.keep + BATCH:
            self.trim()

    def trim(self) -> None:
        """Forget all but the last nodes, the marks since then and the leaves they refer to."""
        widths = [(rows, width_of(parents)) for parents, rows in list(self.rows.items())]
        first = min(rows[1] for rows, _ in widths if rows)
        last = max(rows[1 - width] for rows, width in widths if rows)
        # Runs take numbers, too, so that many nodes have more numbers.
        oldest = last - self.keep * (last - first + 1) // self.rows.count()
        for rows, width in widths:
            del rows[: width * bisect_left(rows[1::width], oldest)]
        self.marks[:] = [m for m in self.marks if getattr(m, "seq", oldest) >= oldest]
        used = self._parents_used()
        for seq in [seq for seq in self.leaves if seq not in used]:
            del self.leaves[seq]

    def _parents_used(self) -> set[int]:
        used: set[int] = set()
        for parents, rows in self.rows.items():
            for i in range(max(parents, 0)):
                used.update(rows[HEAD + i :: width_of(parents)])
        return used

    # -------------------------------------------------------------- when somebody reads

    def take(self, parents_in_trace: Callable[[int], list[int]]) -> Batch:
        """All that is there as a batch, with the backward steps that must have run.

        Parameters
        ----------
        parents_in_trace : callable(seq) -> list of int
            The parents of a node that was taken earlier.
        """
        batch = Batch()
        batch.ops.update({n: list(rows) for n, rows in self.rows.items()})
        batch.adopted, self.adopted = self.adopted, []
        graph = _Graph(batch, parents_in_trace)
        marks, self.marks = self.marks, []
        for mark in marks:
            if isinstance(mark, Begin):
                self.begun[mark.number] = mark
            elif isinstance(mark, End) and mark.number in self.begun:
                begin = self.begun.pop(mark.number)
                for seq in graph.steps(begin, mark.reached):
                    batch.steps += (seq, UNKNOWN, None, None)
            batch.mark(mark)
        for rows in self.rows.values():
            rows.clear()
        return batch


class _Graph:
    """Parents of nodes by number, and the order in which a backward runs them."""

    def __init__(self, batch: Batch, elsewhere: Callable[[int], list[int]]):
        self.parents: dict[int, tuple[int, ...]] = {}
        self.owner: dict[int, int] = {}
        self.elsewhere = elsewhere
        for count, rows in batch.ops.items():
            width = width_of(count)
            if count == PORT:
                self.owner.update(zip(rows[1::width], rows[2::width], strict=True))
                continue
            columns = [rows[HEAD + i :: width] for i in range(count)]
            every = zip(*columns, strict=True) if columns else iter([()] * (len(rows) // width))
            self.parents.update(zip(rows[1::width], every, strict=True))
        for _, record in batch.adopted:
            self.parents[record[1]] = record[HEAD:]

    def of(self, seq: int) -> list[int]:
        """The nodes that get gradients from a node."""
        known = self.parents.get(seq)
        found = self.elsewhere(seq) if known is None else known
        return [self.owner.get(n, n) for n in found if n >= 0]

    def steps(self, begin: Begin, reached: int) -> Iterator[int]:
        """Numbers of the nodes that a backward ran, in order, up to the one it ended at."""
        inputs = self._below(begin)
        waiting: dict[int, int] = {}
        for parents in inputs.values():
            for n in parents:
                if n >= LEAF_SEQ:
                    waiting[n] = waiting.get(n, 0) + 1
        for seq in sorted((s for s in inputs if s < LEAF_SEQ), reverse=True):
            if reached < LEAF_SEQ and seq < reached:
                return
            if begin.needed is None or inputs[seq]:
                yield seq
            for n in inputs[seq]:
                if n >= LEAF_SEQ:
                    waiting[n] -= 1
                    if not waiting[n]:
                        yield n
                        if n == reached:
                            return

    def _below(self, begin: Begin) -> dict[int, list[int]]:
        """The nodes that take part, with those of their parents that do."""
        inputs: dict[int, list[int]] = {}
        stack = list(begin.roots)
        while stack:
            seq = stack.pop()
            if seq in inputs:
                continue
            parents = self.of(seq) if seq < LEAF_SEQ else []
            if begin.needed is not None:
                parents = [n for n in parents if n in begin.needed]
            inputs[seq] = parents
            stack.extend(parents)
        return inputs
