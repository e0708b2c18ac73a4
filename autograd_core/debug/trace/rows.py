"""Views of the rows of a trace: they look a value up when asked and hold nothing else."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, Any, Generic, TypeVar

import numpy as np

from ...node import public_seq
from .columns import Array
from .statistics import UNKNOWN, Statistics

if TYPE_CHECKING:
    from ...source import Location
    from .traced import Trace

EDITED, UNDONE = 1, 2
"""Bits of a step's column ``edited``: by a person; taken back, and perhaps run again later."""

R = TypeVar("R", bound="Row")
_SUFFIX = re.compile(r"Backward\d*$")
_STATISTICS = ("size", "norm", "min", "max", "zeros", "nan", "inf")


class Row:
    """One row of one table of a trace."""

    __slots__ = ("id", "trace")
    table = ""

    def __init__(self, trace: Trace, id: int):
        self.trace = trace
        self.id = id

    def _get(self, column: str) -> Any:
        table = self.trace.tables[self.table]
        at = self.id - table.first
        if not 0 <= at < len(table):
            raise LookupError(
                f"{type(self).__name__} {self.id} has fallen out of the trace; "
                f"give trace(memory=...) more than {self.trace.memory} bytes to keep more"
            )
        return table.column(column)[at]

    def __eq__(self, other: object) -> bool:
        return type(other) is type(self) and (self.trace, self.id) == (other.trace, other.id)

    def __hash__(self) -> int:
        return hash((id(self.trace), self.id))


class Node(Row):
    """A node of the recorded graph: an op, a custom Function or a leaf."""

    __slots__ = ()
    table = "nodes"

    def _pooled(self, column: str, pool: str) -> Any:
        return self.trace.pools[pool][int(self._get(column))]

    @property
    def seq(self) -> int:
        """Creation number in the engine; of a leaf a number below zero."""
        return public_seq(int(self._get("seq")))

    @property
    def op(self) -> str:
        """The backward node's name, e.g. ``MulBackward0``."""
        return str(self._pooled("op", "text"))

    @property
    def label(self) -> str:
        """What a box says: ``Mul``, or a leaf's name."""
        if self.kind == "leaf":
            return self.name or "leaf"
        return _SUFFIX.sub("", self.op) or self.op

    @property
    def kind(self) -> str:
        """``op``, ``leaf`` or ``function`` (a custom Function)."""
        return ("op", "leaf", "function")[int(self._get("kind"))]

    @property
    def name(self) -> str:
        """The parameter's name, e.g. ``net.0.weight``; empty for ops."""
        return str(self._pooled("name", "text"))

    @property
    def scope(self) -> tuple[str, ...]:
        """The path of the module that ran it."""
        return tuple(self._pooled("scope", "scope"))

    @property
    def module(self) -> str:
        """The path of the module that ran it, joined by dots."""
        return ".".join(self.scope)

    @property
    def shape(self) -> tuple[int, ...] | None:
        """Shape of its (first) output; None if it was never seen."""
        found: tuple[int, ...] | None = self._pooled("shape", "shape")
        return found

    @property
    def dtype(self) -> str:
        """Element type of its output."""
        return str(self._pooled("dtype", "text"))

    @property
    def device(self) -> str:
        """Where its output lives."""
        return str(self._pooled("device", "text"))

    @property
    def location(self) -> Location | None:
        """File, line and text of the code that made it."""
        return self.trace.location(int(self._get("place")))

    @property
    def place_notes(self) -> dict[str, Any]:
        """What a front end knows of the location, e.g. the cell's id."""
        return self.trace.notes(int(self._get("place")))

    @property
    def saved_bytes(self) -> int:
        """Bytes that its saved tensors kept alive; -1 if not measured."""
        return int(self._get("saved"))

    @property
    def forward_seconds(self) -> float:
        """What its forward took; NaN if not seen."""
        return float(self._get("seconds"))

    @property
    def iteration(self) -> int:
        """In which iteration it was made: how many backward runs had ended before."""
        return int(self._get("iteration"))

    @property
    def made_by(self) -> int | None:
        """The backward run that made it (higher order); None for a forward."""
        run = int(self._get("run"))
        return run if run >= 0 else None

    @property
    def step(self) -> Step | None:
        """The last time that backward ran it; None if it never did."""
        step = int(self._get("step"))
        if step < self.trace.tables["steps"].first:
            return None
        return Step(self.trace, step)

    @property
    def reached(self) -> bool:
        """Whether backward ran it."""
        return self.step is not None

    @property
    def order(self) -> int | None:
        """Its place among the steps of the backward run, from 0."""
        return None if self.step is None else self.step.order

    @property
    def backward_seconds(self) -> float:
        """What its last backward took; NaN if it never ran."""
        return float("nan") if self.step is None else self.step.seconds

    @property
    def statistics(self) -> Statistics:
        """What is known of its gradient; see `autograd_core.debug.trace.statistics`."""
        return UNKNOWN if self.step is None else self.step.statistics

    @property
    def norm(self) -> float:
        """L2 norm of the gradient of its output; NaN if not measured."""
        return self.statistics.norm

    @property
    def inputs(self) -> list[Node]:
        """The nodes whose outputs it was computed from."""
        return [e.target for e in self._edges("source")]

    @property
    def consumers(self) -> list[Node]:
        """The nodes that were computed from it."""
        return [e.source for e in self._edges("target")]

    def _edges(self, end: str) -> list[Edge]:
        edges = self.trace.tables["edges"]
        found = np.flatnonzero(edges.column(end) == self.id)
        return [Edge(self.trace, int(i) + edges.first) for i in found]

    def __repr__(self) -> str:
        parts = [self.op if self.kind != "leaf" else f"leaf {self.name}".rstrip()]
        if self.shape is not None:
            parts.append(str(list(self.shape)))
        if self.reached:
            parts.append(_gradient(self.statistics))
        if self.scope:
            parts.append(f"in {self.module}")
        location = self.location
        if location is not None:
            parts.append(f"at {location}")
        return f"<{self.id}: {', '.join(parts)}>"


class Edge(Row):
    """An arrow from a node to one whose output it was computed from."""

    __slots__ = ()
    table = "edges"

    @property
    def source(self) -> Node:
        """The node that used the output (where the gradient comes from)."""
        return Node(self.trace, int(self._get("source")))

    @property
    def target(self) -> Node:
        """The node whose output it used (where the gradient goes)."""
        return Node(self.trace, int(self._get("target")))

    @property
    def slot(self) -> int:
        """Which input of the source it is."""
        return int(self._get("slot"))

    @property
    def output_nr(self) -> int:
        """Which output of the target it is."""
        return int(self._get("output"))

    def __repr__(self) -> str:
        return f"<edge {self.source.label} -> {self.target.label}>"


class Step(Row):
    """One time that backward ran a node, or that a leaf received a gradient."""

    __slots__ = ()
    table = "steps"

    @property
    def run(self) -> BackwardRun:
        """The backward run it belongs to."""
        return BackwardRun(self.trace, int(self._get("run")))

    @property
    def node(self) -> Node:
        """The node that ran."""
        return Node(self.trace, int(self._get("node")))

    @property
    def order(self) -> int:
        """Its place in the run, from 0."""
        return int(self._get("order"))

    @property
    def seconds(self) -> float:
        """What it took; 0 for a leaf."""
        return float(self._get("seconds"))

    @property
    def edited(self) -> bool:
        """Whether somebody changed the gradient in flight."""
        return bool(self._get("edited") & EDITED)

    @property
    def undone(self) -> bool:
        """Whether somebody took this step back; if it ran again, that is a step of its own."""
        return bool(self._get("edited") & UNDONE)

    @property
    def statistics(self) -> Statistics:
        """What is known of the gradient."""
        return Statistics(*(self._get(c).item() for c in _STATISTICS))

    def __repr__(self) -> str:
        return f"<step {self.order}: {self.node.label}, {_gradient(self.statistics)}>"


class BackwardRun(Row):
    """One ``backward()``."""

    __slots__ = ()
    table = "runs"

    @property
    def begin(self) -> float:
        """When it began, in seconds since the trace did."""
        return float(self._get("begin"))

    @property
    def end(self) -> float:
        """When it ended; NaN if it has not."""
        return float(self._get("end"))

    @property
    def error(self) -> str:
        """The exception that ended it; empty if it went well."""
        return str(self.trace.pools["text"][int(self._get("error"))])

    @property
    def create_graph(self) -> bool:
        """Whether it recorded a graph of its own."""
        return bool(self._get("create_graph"))

    @property
    def iteration(self) -> int:
        """How many such runs had ended before."""
        return int(self._get("iteration"))

    @property
    def steps(self) -> Rows[Step]:
        """Its steps in order."""
        steps = self.trace.table("steps")
        found = np.flatnonzero(steps.column("run") == self.id) + steps.first
        return Rows(self.trace, "steps", Step, found)

    def __repr__(self) -> str:
        ended = f", {self.error}" if self.error else ""
        took = self.end - self.begin
        return f"<backward run {self.id}: {len(self.steps)} steps, {took:.3g} s{ended}>"


def _gradient(s: Statistics) -> str:
    if s.size < 0:
        return "gradient not measured"
    bad = [f"{n} {what}" for n, what in ((s.nan, "NaN"), (s.inf, "Inf")) if n > 0]
    return " ".join([f"norm {s.norm:.3g}", *bad])


class Rows(Sequence[R], Generic[R]):
    """A sequence of rows; ``rows["norm"]`` is a whole column as a NumPy array."""

    def __init__(self, trace: Trace, table: str, view: type[R], ids: Array | None = None):
        self.trace = trace
        self._name = table
        self._view = view
        self._ids = ids

    @property
    def ids(self) -> Array:
        """The ids of the rows."""
        table = self.trace.table(self._name)
        return np.arange(table.first, table.end) if self._ids is None else self._ids

    def __len__(self) -> int:
        return len(self.trace.table(self._name)) if self._ids is None else len(self._ids)

    def __iter__(self) -> Iterator[R]:
        for id in self.ids:
            yield self._view(self.trace, int(id))

    def __getitem__(self, key: Any) -> Any:
        if isinstance(key, str):
            return self.column(key)
        if isinstance(key, slice):
            return Rows(self.trace, self._name, self._view, self.ids[key])
        return self._view(self.trace, int(self.ids[key]))

    def column(self, name: str) -> Array:
        """One column as numbers; of nodes also those of their last step, e.g. ``norm``."""
        table = self.trace.table(self._name)
        at = self.ids - table.first
        if name in table.types:
            return np.array(table.column(name)[at])
        if self._name == "nodes" and name in _STATISTICS:
            steps = self.trace.tables["steps"]
            last = table.column("step")[at] - steps.first
            values = np.full(len(at), getattr(UNKNOWN, name), steps.types[name])
            values[last >= 0] = steps.column(name)[last[last >= 0]]
            return values
        raise KeyError(f"no column {name!r}; there are {', '.join(table.types)}")

    def __repr__(self) -> str:
        shown = [repr(row) for row in self[:20]]
        if len(self) > 20:
            shown.append(f"... {len(self) - 20} more")
        return f"{len(self)} {self._name}" + "".join(f"\n  {line}" for line in shown)
