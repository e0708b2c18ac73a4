"""Batches of events into the tables of a trace, many rows at a time."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any, NamedTuple

import numpy as np

from ..function import FunctionNode
from ..node import LEAF_SEQ, AccumulateGrad
from . import statistics
from .columns import Array, Pool
from .statistics import Statistics
from .traced import FUNCTION, LEAF, OP, Trace

EARLIER = "earlier"
"""What a node is called that was made before the recording and that backward never ran."""


class LeafInfo:
    """A leaf, known by a weak reference; says which node number stands for it now."""

    __slots__ = ("device", "dtype", "name", "ref", "seq", "shape")

    def __init__(self, ref: Any, seq: int, name: str, shape: Any, dtype: Any, device: str):
        self.ref = ref
        self.seq = seq
        self.name = name
        self.shape = shape
        self.dtype = dtype
        self.device = device

    def again(self, seq: int) -> LeafInfo:
        """The same leaf with the number of its new node."""
        return LeafInfo(self.ref, seq, self.name, self.shape, self.dtype, self.device)


class Wake(NamedTuple):
    """Recording began, or went on after iterations that were not wanted."""

    iteration: int


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


STEP = 6
"""Fields of a backward step: run, seq, time, saved bytes, dtype, payload.

The payload is the bytes of a tiny gradient (of that dtype), or its `Statistics`, or a
list of vectors on a device, or None if nothing was measured.
"""
HEAD = 7
"""Fields of an op's record before its parents (see `autograd_core.events.Tap`)."""


class Batch:
    """Events waiting to be folded, flat: no object an event, nothing for the collector.

    Attributes
    ----------
    ops : dict
        Records of ops end to end, a list for each length of record.
    steps : list
        Steps end to end, `STEP` fields each.
    adopted : list of tuple
        Records of nodes older than the recording; their shape is None.
    """

    def __init__(self) -> None:
        self.ops = _Extenders()
        self.steps: list[Any] = []
        self.adopted: list[Any] = []

    def take(self) -> Batch:
        """All that is there, moved into a batch of its own."""
        taken = Batch()
        for width, extend in list(self.ops.items()):
            taken.ops[width](_moved(extend.__self__))
        taken.steps = _moved(self.steps)
        taken.adopted = _moved(self.adopted)
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
        text = trace.pools["text"]
        self.names = _Remembered(text, lambda kind: kind.__name__)
        self.dtypes = _Remembered(text, lambda kind: "" if kind is None else kind.name)
        self.kinds = _Kinds()

    def fold(self, stream: Iterable[Any]) -> None:
        """Move what a ring kept, in the order in which it happened, into the tables."""
        batch = Batch()
        for event in stream:
            kind = event.__class__
            if kind is tuple:
                if len(event) > 4 and event[2] is None:
                    batch.adopted.append(event)
                else:
                    batch.ops[len(event)](event)
            elif kind is int:  # a step of which only the number is known
                run = self.open[-1][0] if self.open else -1
                batch.steps += (run, event, np.nan, -1, None, None)
            elif kind is LeafInfo:
                self.leaves[event.seq] = event
            else:
                self.rows(batch.take())
                self.mark(event)
        self.rows(batch)

    def mark(self, event: Wake | Begin | End) -> None:
        """Recording or a backward run began or ended, after all rows so far."""
        runs = self.trace.tables["runs"]
        if isinstance(event, Wake):
            self.iteration = event.iteration
            return
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
            self._forget()

    def _forget(self) -> None:
        """Keep what the iteration before said of leaves and ports, and nothing older."""
        recent = {s for s, (i, _) in self.leaf_rows.items() if i >= self.iteration - 1}
        self.leaf_rows = {s: self.leaf_rows[s] for s in recent}
        self.leaves = {s: self.leaves[s] for s in recent if s in self.leaves}
        if len(self.ports) > 1 << 16:
            self.ports.clear()

    def rows(self, batch: Batch) -> None:
        """Add the rows of these ops and steps."""
        ports = batch.ops.pop(4, None)
        if ports is not None:
            flat = ports.__self__
            self.ports.update(
                zip(flat[1::4], zip(flat[2::4], flat[3::4], strict=True), strict=True)
            )
        if batch.adopted:
            self._adopt(batch)
        if batch.ops:
            self._nodes(batch)
        if batch.steps:
            self._steps(batch.steps)

    # -------------------------------------------------------------- nodes and edges

    def _nodes(self, batch: Batch) -> None:
        parts = [self._columns(w, extend.__self__) for w, extend in batch.ops.items()]
        parts = [p for p in parts if len(p["seq"])]
        if not parts:
            return
        columns = {k: np.concatenate([p[k] for p in parts]) for k in parts[0] if k != "parents"}
        order = np.argsort(columns["seq"], kind="stable")
        count = len(order)
        first = self.trace.tables["nodes"].append(
            count, **{name: column[order] for name, column in columns.items()},
            device=0, name=0, saved=-1, seconds=np.nan, iteration=self.iteration,
            run=self._maker(), step=-1,
        )  # fmt: skip
        rows = np.empty(count, np.int64)
        rows[order] = np.arange(first, first + count)
        self.trace.index.put(columns["seq"], rows)
        begin = 0
        for part in parts:
            parents = part["parents"]
            end = begin + len(part["seq"])
            self._edges(rows[begin:end], parents)
            begin = end

    def _columns(self, width: int, flat: list[Any]) -> dict[str, Array]:
        """Columns of numbers from the records of one width; ops without a node are left out."""
        pools = self.trace.pools
        seqs = np.array(flat[1::width], np.int64)
        if seqs.min(initial=0) < 0:
            kept = np.flatnonzero(seqs >= 0).tolist()
            flat = [value for n in kept for value in flat[n * width : (n + 1) * width]]
            seqs = seqs[seqs >= 0]
        kinds = flat[0::width]
        columns = {
            "seq": seqs,
            "op": self.names.all(kinds),
            "shape": list(map(pools["shape"].numbers.__getitem__, flat[2::width])),
            "dtype": self.dtypes.all(flat[3::width]),
            "place": pools["place"].all_numbers(flat[4::width], flat[5::width]),
            "scope": list(map(pools["scope"].numbers.__getitem__, flat[6::width])),
            "kind": list(map(self.kinds.__getitem__, kinds)),
        }
        parents = np.array([flat[n::width] for n in range(HEAD, width)], np.int64)
        arrays = {k: np.asarray(v) for k, v in columns.items()}
        arrays["parents"] = parents.reshape(width - HEAD, len(seqs)).T
        return arrays

    def _maker(self) -> int:
        """The backward run that makes nodes now; -1 in a forward."""
        number = next((n for n, higher in reversed(self.open) if higher), None)
        return -1 if number is None else self.runs.get(number, -1)

    def _adopt(self, batch: Batch) -> None:
        """Fill in nodes older than the recording that are known from edges; the rest is new."""
        nodes, pools = self.trace.tables["nodes"], self.trace.pools
        earlier = pools["text"].number(EARLIER)
        seen: set[int] = set()
        for op in batch.adopted:
            row = int(self.trace.ids(np.array([op[1]]))[0])
            if op[1] in seen:
                continue
            seen.add(op[1])
            at = row - nodes.first
            if row < 0:
                batch.ops[len(op)](op)
            elif nodes.column("op")[at] == earlier:
                nodes.column("op")[at] = self.names[op[0]]
                nodes.column("kind")[at] = self.kinds[op[0]]
                nodes.column("place")[at] = pools["place"].number((op[4], op[5]))
                self._edges(np.array([row]), np.array([op[HEAD:]], np.int64))

    def _edges(self, rows: Array, parents: Array) -> None:
        """Arrows from each row to its parents (a matrix, a row for each)."""
        count, width = parents.shape
        targets = parents.ravel()
        sources, slots = np.repeat(rows, width), np.tile(np.arange(width), count)
        real = targets >= 0
        if not real.all():
            targets, sources, slots = targets[real], sources[real], slots[real]
        ids, outputs = self._ids(targets)
        self.trace.tables["edges"].append(
            len(targets), source=sources, target=ids, slot=slots, output=outputs
        )

    def _ids(self, seqs: Array) -> tuple[Array, Array]:
        """Ids of nodes and leaves, and of which output; rows are made for those not seen yet."""
        ids = self.trace.ids(seqs)
        outputs = np.zeros(len(seqs), np.int64)
        if len(ids) and ids.min() >= 0:
            return ids, outputs
        leaf = seqs >= LEAF_SEQ
        if leaf.any():
            unique, back = np.unique(seqs[leaf], return_inverse=True)
            ids[leaf] = np.array([self._leaf_row(int(s)) for s in unique])[back]
        for i in np.flatnonzero(ids < 0):
            node, outputs[i] = self.ports.get(int(seqs[i]), (int(seqs[i]), 0))
            ids[i] = self._row_of(node)
        return ids, outputs

    def _row_of(self, seq: int) -> int:
        found = int(self.trace.ids(np.array([seq]))[0])
        if found >= 0:
            return found
        text = self.trace.pools["text"]
        row = self._blank(seq, text.number(EARLIER), OP)
        self.trace.index.put(np.array([seq]), np.array([row]))
        return row

    def _blank(self, seq: int, op: int, kind: int) -> int:
        return self.trace.tables["nodes"].append(
            1, seq=seq, op=op, shape=0, dtype=0, place=0, scope=0, kind=kind, device=0, name=0,
            saved=-1, seconds=np.nan, iteration=self.iteration, run=-1, step=-1,
        )  # fmt: skip

    def _leaf_row(self, seq: int) -> int:
        nodes = self.trace.tables["nodes"]
        iteration, row = self.leaf_rows.get(seq, (-1, -1))
        if iteration != self.iteration or row < nodes.first:
            row = self._blank(seq, self.names[AccumulateGrad], LEAF)
            self.leaf_rows[seq] = self.iteration, row
        info, at = self.leaves.get(seq), row - nodes.first
        if info is not None and not nodes.column("shape")[at]:
            pools = self.trace.pools
            nodes.column("shape")[at] = pools["shape"].number(tuple(info.shape))
            nodes.column("dtype")[at] = self.dtypes[info.dtype]
            nodes.column("device")[at] = pools["text"].number(info.device)
            nodes.column("name")[at] = pools["text"].number(info.name)
        return row

    # -------------------------------------------------------------- steps

    def _steps(self, flat: list[Any]) -> None:
        numbers, sequence, times, saved, kinds, payloads = (flat[n::STEP] for n in range(STEP))
        seqs = np.array(sequence, np.int64)
        rows, _ = self._ids(seqs)
        values = self._statistics(kinds, payloads)
        steps, nodes = self.trace.tables["steps"], self.trace.tables["nodes"]
        run, order = self._order(numbers)
        first = steps.append(
            len(seqs), run=run, node=rows, order=order, edited=0,
            seconds=self._seconds(np.array(times), seqs >= LEAF_SEQ),
            **dict(zip(Statistics._fields, values, strict=True)),
        )  # fmt: skip
        at = rows - nodes.first
        nodes.column("step")[at] = np.arange(first, first + len(seqs))
        held = np.array(saved, np.int64)
        nodes.column("saved")[at[held >= 0]] = held[held >= 0]
        self._note_device(at, kinds)

    def _note_device(self, at: Array, kinds: Sequence[Any]) -> None:
        """A gradient on the CPU says that the node's output lives there, too."""
        device = self.trace.tables["nodes"].column("device")
        if None in kinds:
            at = at[np.array([k is not None for k in kinds])]
        device[at[device[at] == 0]] = self.trace.pools["text"].number("cpu")

    def _order(self, numbers: Sequence[int]) -> tuple[Array, Array]:
        """The run's row of each step, and its place in the run."""
        count = len(numbers)
        run, order = np.full(count, -1), np.zeros(count, np.int64)
        distinct = set(numbers)
        for number in distinct:
            mine = np.array(numbers) == number if len(distinct) > 1 else slice(None)
            begun = self.orders.get(number, 0)
            some = numbers.count(number)
            run[mine] = self.runs.get(number, -1)
            order[mine] = np.arange(begun, begun + some)
            self.orders[number] = begun + some
        return run, order

    def _seconds(self, times: Array, leaf: Array) -> Array:
        """A step lasts until the next begins; an arrival at a leaf takes no time of its own."""
        self._finish_step(float(times[0]))
        seconds = np.zeros(len(times))
        seconds[:-1] = np.diff(times)
        seconds[leaf] = 0.0
        if not leaf[-1]:
            last = len(times) - 1
            self.unfinished = self.trace.tables["steps"].end + last, float(times[-1])
        return seconds

    def _finish_step(self, time: float) -> None:
        if self.unfinished is not None:
            step, begun = self.unfinished
            steps = self.trace.tables["steps"]
            if steps.first <= step < steps.end:
                steps.column("seconds")[step - steps.first] = time - begun
            self.unfinished = None

    def _statistics(self, kinds: Sequence[Any], payloads: Sequence[Any]) -> Sequence[Array]:
        kind = kinds[0]
        if kind is not None and kinds.count(kind) == len(kinds):
            return statistics.of_chunks(payloads, kind, self.full)
        values: list[Array] = [
            np.full(len(kinds), unknown, np.asarray(unknown).dtype)
            for unknown in statistics.UNKNOWN
        ]
        chunks: dict[Any, list[int]] = {}
        for i, kind in enumerate(kinds):
            if payloads[i] is not None:
                chunks.setdefault(kind, []).append(i)
        for kind, at in chunks.items():
            if kind is None:
                found: Any = zip(*self._measured([payloads[i] for i in at]), strict=True)
            else:
                found = statistics.of_chunks([payloads[i] for i in at], kind, self.full)
            for column, part in zip(values, found, strict=True):
                column[at] = part
        return values

    def _measured(self, payloads: list[Any]) -> list[Statistics]:
        """Statistics as they are, and those that wait on a device in one copy."""
        vectors = [v for p in payloads if p.__class__ is list for v in p]
        fetched = iter(statistics.fetch(vectors) if vectors else ())
        return [
            statistics.merge([next(fetched) for _ in p]) if p.__class__ is list else p
            for p in payloads
        ]


class _Remembered(dict[Any, int]):
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

    def all(self, keys: Iterable[Any]) -> list[int]:
        """The numbers of many."""
        self._refresh()
        return list(map(super().__getitem__, keys))

    def _refresh(self) -> None:
        if self.generation != self.pool.generation:
            self.clear()
            self.generation = self.pool.generation


class _Kinds(dict[Any, int]):
    def __missing__(self, cls: Any) -> int:
        kind = self[cls] = FUNCTION if issubclass(cls, FunctionNode) else OP
        return kind
