"""Events of the engine that wait to be folded into the tables of a trace."""

from __future__ import annotations

from typing import Any, NamedTuple

from ...events import PORT


class LeafInfo:
    """A leaf, known by a weak reference."""

    __slots__ = ("device", "dtype", "name", "ref", "shape")

    def __init__(self, ref: Any, name: str, shape: Any, dtype: Any, device: str):
        self.ref = ref
        self.name = name
        self.shape = shape
        self.dtype = dtype
        self.device = device


class Wake(NamedTuple):
    """Recording began, or went on after iterations that were not wanted."""

    seq: int
    time: float
    iteration: int


class Begin(NamedTuple):
    """A backward run began at the nodes `roots`; `needed` are those that may run, None for all."""

    seq: int
    time: float
    iteration: int
    number: int
    create_graph: bool
    roots: tuple[int, ...]
    needed: frozenset[int] | None


class End(NamedTuple):
    """A backward run ended; `closes` says that its iteration did too.

    `reached` is the number of the node that it ended at; 0 if it ran to its end.
    """

    seq: int
    time: float
    iteration: int
    number: int
    error: str
    closes: bool
    reached: int


class Switch(NamedTuple):
    """The steps that follow belong to this run, which another thread drives."""

    time: float
    number: int


class Said(NamedTuple):
    """The run paused before a node, its next gradient was edited, or its last step taken back."""

    time: float
    seq: int
    what: str


Mark = Wake | Begin | End | Switch | Said
STEP = 4
"""Fields of a backward step: seq, time, dtype, payload.

The payload is the bytes of a tiny gradient (of that dtype), or what was measured of it, or
a list of vectors on a device, or None if nothing was measured.  A mark stands among the
steps as one of number `MARK`, which has the mark for its payload.
"""
MARK = -1
HEAD = 8
"""Fields of an op's record before its parents (see `autograd_core.events.Tap`)."""


class Batch:
    """Events waiting to be folded, flat: no object an event, nothing for the collector.

    Attributes
    ----------
    ops : Rows
        Records of ops end to end, a list for each number of parents.
    steps : list
        Steps end to end, `STEP` fields each, and marks among them.
    adopted : list of (iteration, tuple)
        Records of nodes older than the recording; their shape is None.
    """

    def __init__(self) -> None:
        self.ops = Rows()
        self.steps: list[Any] = []
        self.adopted: list[Any] = []

    def mark(self, mark: Mark) -> None:
        """A mark, after all steps so far."""
        self.steps.extend((MARK, mark.time, None, mark))

    def take(self) -> Batch:
        """All that is there, moved into a batch of its own.

        Steps first: the node of each step that is taken was appended before it.
        """
        taken = Batch()
        taken.steps = _moved(self.steps)
        taken.adopted = _moved(self.adopted)
        for parents, rows in list(self.ops.items()):
            taken.ops[parents] = _moved(rows)
        return taken

    def __len__(self) -> int:
        return self.ops.count() + len(self.steps) // STEP


class Rows(dict[int, list[Any]]):
    """Records of ops end to end, by their number of parents (`events.PORT`: of ports)."""

    def __missing__(self, parents: int) -> list[Any]:
        rows = self[parents] = []
        return rows

    def sink(self, parents: int) -> Any:
        """What `Tap.rows` asks for: takes a record, in C."""
        return self[parents].extend

    def count(self) -> int:
        """How many records there are."""
        return sum(len(rows) // width_of(parents) for parents, rows in list(self.items()))


def width_of(parents: int) -> int:
    """Fields of a record of an op with so many parents."""
    return PORT_WIDTH if parents == PORT else HEAD + parents


PORT_WIDTH = 4


def _moved(waiting: list[Any]) -> list[Any]:
    """What is in a list, taken out of it, while other threads append to it."""
    count = len(waiting)
    taken = waiting[:count]
    del waiting[:count]
    return taken
