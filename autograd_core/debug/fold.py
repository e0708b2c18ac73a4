"""Batches of events into the tables of a trace, many rows at a time."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import chain
from typing import Any, NamedTuple

import numpy as np

from ..function import FunctionNode
from ..node import LEAF_SEQ, AccumulateGrad
from . import statistics
from .columns import Array
from .statistics import Statistics
from .traced import FUNCTION, LEAF, OP, Trace

EARLIER = "earlier"
"""What a node is called that was made before the recording and that backward never ran."""


class LeafInfo:
    """A leaf, known by a weak reference; says which node number stands for it now."""

    __slots__ = ("device", "dtype", "name", "ref", "scope", "seq", "shape")

    def __init__(self, ref: Any, seq: int, name: str, shape: Any, dtype: Any, device: str, scope: Any):
        self.ref = ref
        self.seq = seq
        self.name = name
        self.shape = shape
        self.dtype = dtype
        self.device = device
        self.scope = scope

    def again(self, seq: int) -> LeafInfo:
        """The same leaf with the number of its new node."""
        return LeafInfo(self.ref, seq, self.name, self.shape, self.dtype, self.device, self.scope)


class Begin(NamedTuple):
    """A backward run began."""

    number: int
    time: float
    create_graph: bool
    iteration: int


class End(NamedTuple):
    """A backward run ended; `closes` says that its iteration did too."""

    number: int
    time: float
    error: str
    closes: bool


class StepEvent(tuple[Any, ...]):
    """``(run, seq, class, time, saved bytes, dtype, payload)`` of one backward step.

    The payload is the bytes of a tiny gradient (of that dtype), or its `Statistics`, or a
    list of vectors on a device, or None if nothing was measured.
    """

    __slots__ = ()


class Folder:
    """Keeps what must be remembered from one batch to the next."""

    def __init__(self, trace: Trace, full: bool):
        self.trace = trace
        self.full = full
        self.origin = 0.0
        self.iteration = 0
        self.leaves: dict[int, LeafInfo] = {}
        self.leaf_rows: dict[int, tuple[int, int]] = {}
        self.ports: dict[int, tuple[int, int]] = {}
        self.open: list[tuple[int, bool]] = []
        self.orders: dict[int, int] = {}
        self.runs: dict[int, int] = {}
        self.unfinished: tuple[int, float] | None = None
        self.dtypes = _DtypeNames()

    def fold(self, batch: Sequence[Any]) -> None:
        """Move a batch of events into the tables."""
        ops: list[Any] = []
        steps: list[Any] = []
        ports: list[Any] = []
        for event in batch:
            kind = event.__class__
            if kind is tuple:
                (ops if event[0] is not None else ports).append(event)
            elif kind is StepEvent:
                steps.append(event)
            elif kind is int:  # a step of which only the number is known
                run = self.open[-1][0] if self.open else -1
                steps.append((run, event, None, np.nan, -1, None, None))
            elif kind is LeafInfo:
                self.leaves[event.seq] = event
            else:
                self._rows(ops, ports, steps)
                ops, ports, steps = [], [], []
                self._mark(event)
        self._rows(ops, ports, steps)

    def _mark(self, event: Begin | End) -> None:
        runs = self.trace.tables["runs"]
        if isinstance(event, Begin):
            self.iteration = event.iteration
            self.runs[event.number] = runs.append(
                1, begin=event.time - self.origin, end=np.nan, error=0,
                iteration=event.iteration, create_graph=event.create_graph,
            )  # fmt: skip
            self.open.append((event.number, event.create_graph))
            return
        self.open = [o for o in self.open if o[0] != event.number]
        self._finish_step(event.time)
        self.orders.pop(event.number, None)
        row = self.runs.pop(event.number, -1) - runs.first
        if 0 <= row < len(runs):
            runs.column("end")[row] = event.time - self.origin
            runs.column("error")[row] = self.trace.pools["text"].number(event.error)
        if event.closes:
            self.iteration += 1
            alive = {s for s, (i, _) in self.leaf_rows.items() if i >= self.iteration - 1}
            self.leaf_rows = {s: self.leaf_rows[s] for s in alive}
            self.leaves = {s: self.leaves[s] for s in alive if s in self.leaves}
            if len(self.ports) > 1 << 16:
                self.ports.clear()

    def _rows(self, ops: list[Any], ports: list[Any], steps: list[Any]) -> None:
        self.ports.update((port, (seq, nr)) for _, port, seq, nr in ports)
        if ops:
            self._nodes([op for op in ops if op[1] >= 0])
        if steps:
            self._steps(steps)

    # -------------------------------------------------------------- nodes and edges

    def _nodes(self, ops: list[Any]) -> None:
        adopted = [op for op in ops if op[2] is None]
        if adopted:
            known = self._ids([op[1] for op in adopted])
            self._fill(adopted, known)
            done = {op[1] for op, row in zip(adopted, known, strict=True) if row >= 0}
            ops = [op for op in ops if op[1] not in done]
        if not ops:
            return
        trace, count = self.trace, len(ops)
        text, scope, shape, place = (trace.pools[p].numbers for p in ("text", "scope", "shape", "place"))  # fmt: skip
        made_by = next((n for n, higher in reversed(self.open) if higher), None)
        run = -1 if made_by is None else self.runs.get(made_by, -1)
        seqs = np.array([op[1] for op in ops])
        first = trace.tables["nodes"].append(
            count,
            seq=seqs,
            op=[text[op[0].__name__] for op in ops],
            shape=[shape[op[2]] for op in ops],
            dtype=[text[self.dtypes[op[3]]] for op in ops],
            place=[place[op[4], op[5]] for op in ops],
            scope=[scope[op[6]] for op in ops],
            kind=[FUNCTION if issubclass(op[0], FunctionNode) else OP for op in ops],
            device=0, name=0, saved=-1, seconds=np.nan, iteration=self.iteration,
            run=run, step=-1,
        )  # fmt: skip
        rows = np.arange(first, first + count)
        trace.index.put(seqs, rows)
        self._edges(ops, rows)

    def _fill(self, ops: list[Any], rows: Array) -> None:
        """Nodes that were only known from edges so far, and now have run."""
        nodes, pools = self.trace.tables["nodes"], self.trace.pools
        earlier = pools["text"].number(EARLIER)
        for op, row in zip(ops, rows, strict=True):
            at = int(row) - nodes.first
            if row >= 0 and nodes.column("op")[at] == earlier:
                nodes.column("op")[at] = pools["text"].number(op[0].__name__)
                nodes.column("place")[at] = pools["place"].number((op[4], op[5]))
                self._edges([op], np.array([row]))

    def _edges(self, ops: list[Any], rows: Array) -> None:
        widths = np.fromiter((len(op) - 7 for op in ops), np.int64, len(ops))
        targets = np.fromiter(chain.from_iterable(op[7:] for op in ops), np.int64)
        sources = np.repeat(rows, widths)
        starts = np.repeat(np.cumsum(widths) - widths, widths)
        slots = np.arange(len(targets)) - starts
        real = targets >= 0
        targets, sources, slots = targets[real], sources[real], slots[real]
        outputs = np.zeros(len(targets), np.int64)
        if self.ports:
            for i, seq in enumerate(targets):
                targets[i], outputs[i] = self.ports.get(int(seq), (seq, 0))
        self.trace.tables["edges"].append(
            len(targets), source=sources, target=self._rows_of(targets), slot=slots,
            output=outputs,
        )  # fmt: skip

    def _rows_of(self, seqs: Array) -> Array:
        """Ids of nodes and leaves; rows are made for those not seen yet."""
        rows = self.trace.ids(seqs)
        for i in np.flatnonzero(seqs >= LEAF_SEQ):
            rows[i] = self._leaf_row(int(seqs[i]))
        missing = np.flatnonzero(rows < 0)
        if len(missing):
            unseen = np.unique(seqs[missing])
            made = self._blank(unseen)
            rows[missing] = made[np.searchsorted(unseen, seqs[missing])]
        return rows

    def _blank(self, seqs: Array) -> Array:
        trace = self.trace
        first = trace.tables["nodes"].append(
            len(seqs), seq=seqs, op=trace.pools["text"].number(EARLIER), shape=0, dtype=0,
            place=0, scope=0, kind=OP, device=0, name=0, saved=-1, seconds=np.nan,
            iteration=self.iteration, run=-1, step=-1,
        )  # fmt: skip
        rows = np.arange(first, first + len(seqs))
        trace.index.put(seqs, rows)
        return rows

    def _leaf_row(self, seq: int) -> int:
        nodes, pools = self.trace.tables["nodes"], self.trace.pools
        iteration, row = self.leaf_rows.get(seq, (-1, -1))
        info = self.leaves.get(seq)
        if iteration == self.iteration and row >= nodes.first:
            if info is not None and not nodes.column("shape")[row - nodes.first]:
                self._describe(info, row - nodes.first)
            return row
        text = pools["text"].number
        row = nodes.append(
            1, seq=seq, op=text("AccumulateGrad"), shape=0, dtype=0, place=0, scope=0,
            kind=LEAF, device=0, name=0, saved=0, seconds=0.0, iteration=self.iteration,
            run=-1, step=-1,
        )  # fmt: skip
        if info is not None:
            self._describe(info, row - nodes.first)
        self.leaf_rows[seq] = self.iteration, row
        return row

    def _describe(self, info: LeafInfo, at: int) -> None:
        nodes, pools = self.trace.tables["nodes"], self.trace.pools
        nodes.column("shape")[at] = pools["shape"].number(tuple(info.shape))
        nodes.column("dtype")[at] = pools["text"].number(self.dtypes[info.dtype])
        nodes.column("device")[at] = pools["text"].number(info.device)
        nodes.column("name")[at] = pools["text"].number(info.name)
        nodes.column("scope")[at] = pools["scope"].number(tuple(info.scope))

    def _ids(self, seqs: Sequence[int]) -> Array:
        return self.trace.ids(np.array(seqs, np.int64))

    # -------------------------------------------------------------- steps

    def _steps(self, steps: list[Any]) -> None:
        trace, count = self.trace, len(steps)
        numbers, seqs, classes, times, saved, kinds, payloads = zip(*steps, strict=True)
        rows = self._step_rows(np.array(seqs, np.int64), classes)
        values = self._statistics(kinds, payloads)
        first = trace.tables["steps"].append(
            count,
            run=[self.runs.get(n, -1) for n in numbers],
            node=rows,
            order=self._order(numbers),
            seconds=self._seconds(np.array(times), classes),
            edited=0,
            **dict(zip(Statistics._fields, values, strict=True)),
        )
        nodes = trace.tables["nodes"]
        at = rows - nodes.first
        nodes.column("step")[at] = np.arange(first, first + count)
        held = np.array(saved, np.int64)
        nodes.column("saved")[at[held >= 0]] = held[held >= 0]
        self._note_outputs(at, kinds, classes)

    def _note_outputs(self, at: Array, kinds: Sequence[Any], classes: Sequence[Any]) -> None:
        """A gradient on the CPU says that the node's output lives there, too."""
        device = self.trace.tables["nodes"].column("device")
        cpu = self.trace.pools["text"].number("cpu")
        on_cpu = at[np.array([k is not None for k in kinds])]
        device[on_cpu[device[on_cpu] == 0]] = cpu

    def _step_rows(self, seqs: Array, classes: Sequence[Any]) -> Array:
        rows = self._rows_of(seqs)
        nodes, text = self.trace.tables["nodes"], self.trace.pools["text"]
        at = rows - nodes.first
        unnamed = np.flatnonzero(nodes.column("op")[at] == text.number(EARLIER))
        for i in unnamed:
            if classes[i] is not None:
                nodes.column("op")[at[i]] = text.number(classes[i].__name__)
        return rows

    def _order(self, numbers: Sequence[int]) -> list[int]:
        orders = []
        for number in numbers:
            order = self.orders.get(number, 0)
            self.orders[number] = order + 1
            orders.append(order)
        return orders

    def _seconds(self, times: Array, classes: Sequence[Any]) -> Array:
        """A step lasts until the next begins; an arrival at a leaf takes no time of its own."""
        self._finish_step(float(times[0]))
        seconds = np.zeros(len(times))
        leaf = np.array([c is AccumulateGrad for c in classes])
        seconds[:-1] = np.diff(times)
        seconds[leaf] = 0.0
        last = len(times) - 1
        self.unfinished = None if leaf[last] else (self.trace.tables["steps"].end + last, float(times[last]))  # fmt: skip
        return seconds

    def _finish_step(self, time: float) -> None:
        if self.unfinished is not None:
            step, begun = self.unfinished
            steps = self.trace.tables["steps"]
            if step >= steps.first and step < steps.end:
                steps.column("seconds")[step - steps.first] = time - begun
            self.unfinished = None

    def _statistics(self, kinds: Sequence[Any], payloads: Sequence[Any]) -> list[Array]:
        values: list[Array] = [
            np.full(len(kinds), unknown, np.asarray(unknown).dtype)
            for unknown in statistics.UNKNOWN
        ]
        chunks: dict[Any, list[int]] = {}
        direct: list[int] = []
        vectors: list[int] = []
        for i, (kind, payload) in enumerate(zip(kinds, payloads, strict=True)):
            if kind is not None:
                chunks.setdefault(kind, []).append(i)
            elif payload.__class__ is list:
                vectors.append(i)
            elif payload is not None:
                direct.append(i)
        for kind, at in chunks.items():
            found = statistics.of_chunks([payloads[i] for i in at], kind, self.full)
            for column, part in zip(values, found, strict=True):
                column[at] = part
        measured = [(i, payloads[i]) for i in direct] + self._fetched(vectors, payloads)
        for i, one in measured:
            for column, value in zip(values, one, strict=True):
                column[i] = value
        return values

    def _fetched(self, at: list[int], payloads: Sequence[Any]) -> list[tuple[int, Statistics]]:
        if not at:
            return []
        found = iter(statistics.fetch([v for i in at for v in payloads[i]]))
        return [(i, statistics.merge([next(found) for _ in payloads[i]])) for i in at]


class _DtypeNames(dict[Any, str]):
    def __missing__(self, dtype: Any) -> str:
        name = self[dtype] = "" if dtype is None else dtype.name
        return name
