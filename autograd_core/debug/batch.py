"""Events of the engine that wait to be folded into the tables of a trace."""

from __future__ import annotations

from typing import Any, NamedTuple


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
    """A backward run began."""

    seq: int
    time: float
    iteration: int
    number: int
    create_graph: bool


class End(NamedTuple):
    """A backward run ended; `closes` says that its iteration did too."""

    seq: int
    time: float
    iteration: int
    number: int
    error: str
    closes: bool


Mark = Wake | Begin | End
STEP = 6
"""Fields of a backward step: run, seq, time, saved bytes, dtype, payload.

The payload is the bytes of a tiny gradient (of that dtype), or what was measured of it, or
a list of vectors on a device, or None if nothing was measured.  A mark stands among the
steps as one of number `MARK`, which has the mark for its payload.
"""
MARK = -1
HEAD = 7
"""Fields of an op's record before its parents (see `autograd_core.events.Tap`)."""


class Batch:
    """Events waiting to be folded, flat: no object an event, nothing for the collector.

    Attributes
    ----------
    ops : dict
        Records of ops end to end, a list for each length of record.
    steps : list
        Steps end to end, `STEP` fields each, and marks among them.
    adopted : list of (iteration, tuple)
        Records of nodes older than the recording; their shape is None.
    """

    def __init__(self) -> None:
        self.ops = _Extenders()
        self.steps: list[Any] = []
        self.adopted: list[Any] = []

    def mark(self, mark: Mark) -> None:
        """A mark, after all steps so far."""
        self.steps.extend((MARK, MARK, mark.time, -1, None, mark))

    def take(self) -> Batch:
        """All that is there, moved into a batch of its own.

        Steps first: the node of each step that is taken was appended before it.
        """
        taken = Batch()
        taken.steps = _moved(self.steps)
        taken.adopted = _moved(self.adopted)
        for width, extend in list(self.ops.items()):
            taken.ops[width](_moved(extend.__self__))
        return taken

    def __len__(self) -> int:
        ops = sum(len(extend.__self__) // width for width, extend in self.ops.items())
        return ops + len(self.steps) // STEP


class _Extenders(dict[int, Any]):
    """For each length of record the ``extend`` of the list that it goes into."""

    def __missing__(self, width: int) -> Any:
        extend = self[width] = [].extend  # type: ignore[var-annotated]
        return extend


def _moved(waiting: list[Any]) -> list[Any]:
    """Empty a list that other threads may be appending to."""
    count = len(waiting)
    taken = waiting[:count]
    del waiting[:count]
    return taken
