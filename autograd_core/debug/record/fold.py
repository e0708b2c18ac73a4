"""Batches of events into the tables of a trace, many iterations at a time.

A fold costs a few hundred NumPy calls whether it is given ten events or thousands, so a
batch spans iterations.  Which one a node belongs to follows from its creation number: a
mark (a run begins or ends) draws a number, too, and the numbers from one mark to the next
are an `Epochs` entry.  A step belongs to the iteration of its run, an edge to its source's.
"""

from __future__ import annotations

from collections.abc import Sequence
from math import prod
from typing import Any

import numpy as np

from ...events import PORT
from ...node import LEAF_SEQ, AccumulateGrad
from ..trace import statistics
from ..trace.columns import Array
from ..trace.rows import EDITED, UNDONE
from ..trace.statistics import Measured
from ..trace.traced import LEAF, OP, Trace
from .batch import (
    HEAD,
    MARK,
    STEP,
    Batch,
    Begin,
    End,
    LeafInfo,
    Mark,
    Said,
    Switch,
    Wake,
    width_of,
)
from .interned import NodeClasses, Remembered

EARLIER = "earlier"
"""What a node is called that was made before the recording and that backward never ran."""


class Epochs:
    """Iteration and maker of nodes, by creation number.

    The maker is the row of the backward run that makes nodes (``create_graph=True``), -1
    in a forward.
    """

    def __init__(self) -> None:
        self.starts = [0]
        self.iterations = [0]
        self.makers = [-1]

    def begin(self, seq: int, iteration: int, maker: int) -> None:
        """Nodes from this number on belong to these."""
        if (iteration, maker) != (self.iterations[-1], self.makers[-1]):
            self.starts.append(seq)
            self.iterations.append(iteration)
            self.makers.append(maker)

    def of(self, seqs: Array) -> tuple[Array, Array]:
        """Iterations and makers of the nodes with these numbers."""
        at = np.searchsorted(self.starts, seqs, side="right") - 1
        return np.array(self.iterations)[at], np.array(self.makers)[at]

    def forget(self) -> None:
        """Keep the last two: a thread may still be appending a node of the last but one."""
        for column in (self.starts, self.iterations, self.makers):
            del column[:-2]
        self.starts[0] = 0


class Folder:
    """Keeps what must be remembered from one batch to the next."""

    def __init__(self, trace: Trace, full: bool):
        self.trace = trace
        self.full = full
        self.origin = 0.0
        self.epochs = Epochs()
        self.leaves: dict[int, LeafInfo] = {}
        self.leaf_rows: dict[tuple[int, int], int] = {}
        self.nameless: set[tuple[int, int]] = set()
        self.ports: dict[int, tuple[int, int]] = {}
        self.open: list[tuple[int, bool]] = []
        self.orders: dict[int, int] = {}
        self.runs: dict[int, tuple[int, int]] = {}
        self.unfinished: tuple[int, float] | None = None
        self.current = -1
        self.edited: set[int] = set()
        text = trace.pools["text"]
        self.names = Remembered(text, lambda kind: kind.__name__)
        self.dtypes = Remembered(text, lambda kind: "" if kind is None else kind.name)
        self.scopes = Remembered(trace.pools["scope"], lambda scope: scope)
        self.classes = NodeClasses()

    def catch_up(self, batch: Batch, now: int) -> None:
        """Say of which iteration the first rows of a ring are; it may have forgotten the mark.

        Parameters
        ----------
        batch : Batch
            What the ring kept.
        now : int
            The iteration that is running.
        """
        marks = [m for m in batch.steps[STEP - 1 :: STEP] if isinstance(m, Wake | Begin | End)]
        iteration = marks[0].iteration if marks else now
        known = [min(rows[1 :: width_of(n)]) for n, rows in batch.ops.items() if rows]
        known += [mark.seq for mark in marks[:1]]
        if known and min(known) > self.epochs.starts[-1]:
            self.epochs.begin(min(known), iteration, self._maker())

    def rows(self, batch: Batch) -> None:
        """Add the rows of these events."""
        flat = batch.steps
        seqs = np.array(flat[0::STEP], np.int64)
        real = seqs != MARK
        unknown = self.epochs.iterations[-1]  # of a run that began before the recording
        numbers, said = self._take_marks(flat, real)
        ports = batch.ops.pop(PORT, None)
        if ports:
            owners = zip(ports[2::4], ports[3::4], strict=True)
            self.ports.update(zip(ports[1::4], owners, strict=True))
        parts = [self._columns(n, rows) for n, rows in batch.ops.items() if rows]
        old = self._adopt(batch.adopted, parts) if batch.adopted else []
        source, iteration, target, slot = _arrows(parts + old)
        runs, step_iterations = self._run_of(numbers[real], unknown)
        refs = np.concatenate([target, seqs[real]])
        iterations = np.concatenate([iteration, step_iterations])
        leaf = refs >= LEAF_SEQ
        pairs, back = _pairs(refs[leaf], iterations[leaf])
        self._name_leaves()
        self._add(parts, [pair for pair in pairs if not self._knows(pair)])
        ids, outputs = self._ids(refs, iterations)
        ids[leaf] = np.array([self.leaf_rows[pair] for pair in pairs], np.int64)[back]
        count = len(target)
        source = self.trace.ids(source)
        order = np.argsort(source, kind="stable")
        self.trace.tables["edges"].append(
            count, source=source[order], target=ids[:count][order], slot=slot[order],
            output=outputs[:count][order],
        )  # fmt: skip
        if len(seqs):
            self._steps(flat, real, ids[count:], runs, numbers)
        self._said(said, seqs[real], ids[count:])
        self._forget(flat)

    # -------------------------------------------------------------- marks

    def _take_marks(self, flat: list[Any], real: Array) -> tuple[Array, list[tuple[int, Said]]]:
        """The run of each place among the steps, and what was said of steps, with its place."""
        numbers = np.full(len(real), self.current, np.int64)
        said = []
        for passed, i in enumerate(np.flatnonzero(~real).tolist()):
            mark = flat[i * STEP + STEP - 1]
            if isinstance(mark, Said):
                if mark.what != "paused":  # it has ended the step before it, by being there
                    said.append((i - passed, mark))
            else:
                self._mark(mark)
                numbers[i:] = self.current
        return numbers, said

    def _said(self, said: list[tuple[int, Said]], seqs: Array, rows: Array) -> None:
        """Mark steps that a person edited or took back."""
        steps = self.trace.tables["steps"]
        begin = len(steps) - len(seqs)
        flags = steps.column("edited")
        for seq in [seq for seq in self.edited if seq in seqs]:
            flags[begin + int(np.argmax(seqs == seq))] |= EDITED
            self.edited.discard(seq)
        for place, mark in said:
            if mark.what == "undone":
                row = int(self._ids(np.array([mark.seq]), np.array([0]))[0][0])
                if mark.seq >= LEAF_SEQ:
                    row = max(
                        (r for (s, _), r in self.leaf_rows.items() if s == mark.seq), default=-1
                    )
                before = np.flatnonzero(steps.column("node")[: begin + place] == row)
                if len(before):
                    flags[before[-1]] |= UNDONE
                continue
            later = np.flatnonzero(seqs[place:] == mark.seq)
            if len(later):
                flags[begin + place + later[0]] |= EDITED
            else:
                self.edited.add(mark.seq)

    def _mark(self, mark: Mark) -> None:
        """Recording or a backward run began or ended, or another thread's run goes on."""
        if isinstance(mark, Switch):
            self.current = mark.number
            return
        assert not isinstance(mark, Said)
        runs, iteration = self.trace.tables["runs"], mark.iteration
        if isinstance(mark, Begin):
            self.current = mark.number
            row = runs.append(
                1, begin=mark.time - self.origin, end=np.nan, error=0,
                iteration=iteration, create_graph=mark.create_graph,
            )  # fmt: skip
            self.runs[mark.number] = row, iteration
            self.open.append((mark.number, mark.create_graph))
        elif isinstance(mark, End):
            self.open = [o for o in self.open if o[0] != mark.number]
            self.current = self.open[-1][0] if self.open else -1
            at = self.runs.get(mark.number, (-1, 0))[0] - runs.first
            if 0 <= at < len(runs):
                runs.column("end")[at] = mark.time - self.origin
                if mark.error:
                    runs.column("error")[at] = self.trace.pools["text"].number(mark.error)
            iteration += mark.closes
        self.epochs.begin(mark.seq, iteration, self._maker())

    def _maker(self) -> int:
        """The backward run that makes nodes now; -1 in a forward."""
        number = next((n for n, higher in reversed(self.open) if higher), None)
        return -1 if number is None else self.runs[number][0]

    def _run_of(self, numbers: Array, unknown: int) -> tuple[Array, Array]:
        """Row and iteration of each of these runs; that iteration where a run is not known."""
        distinct, back = np.unique(numbers, return_inverse=True)
        found = [self.runs.get(number, (-1, unknown)) for number in distinct.tolist()]
        table = np.array(found, np.int64).reshape(-1, 2)[back]
        return table[:, 0], table[:, 1]

    def _forget(self, flat: list[Any]) -> None:
        """Forget runs that are over, leaves before the last iteration, and most ports."""
        for mark in flat[STEP - 1 :: STEP]:
            if mark.__class__ is End:
                self.runs.pop(mark.number, None)
                self.orders.pop(mark.number, None)
        self.epochs.forget()
        recent = self.epochs.iterations[-1] - 1
        old = [key for key in self.leaf_rows if key[1] < recent]
        for key in old:
            del self.leaf_rows[key]
            self.nameless.discard(key)
        used = {seq for seq, _ in self.leaf_rows}
        for seq, _ in old:
            if seq not in used:
                self.leaves.pop(seq, None)
        if len(self.ports) > 1 << 16:
            self.ports.clear()

    # -------------------------------------------------------------- nodes and edges

    def _columns(self, count: int, flat: list[Any], iteration: int = -1) -> dict[str, Array]:
        """Columns of numbers from the records of nodes with `count` parents."""
        pools, width = self.trace.pools, width_of(count)
        seqs = np.array(flat[1::width], np.int64)
        classes = self.classes.codes(flat[0::width])
        iterations, makers = self.epochs.of(seqs)
        if iteration >= 0:  # the epoch is that of a node's making, which is long ago
            iterations[:], makers[:] = iteration, -1
        zeros = np.zeros(len(seqs), np.int64)
        columns = {
            "seq": seqs,
            "op": np.array([self.names[cls] for cls in self.classes])[classes],
            "shape": list(map(pools["shape"].numbers.__getitem__, flat[2::width])),
            "dtype": self.dtypes.all(flat[3::width]),
            "place": pools["place"].all_numbers(flat[4::width], flat[5::width]),
            "scope": self.scopes.all(flat[6::width]),
            "kind": self.classes.kinds()[classes],
            "iteration": iterations,
            "run": makers,
            "device": zeros,
            "name": zeros,
        }
        parents = np.array([flat[n::width] for n in range(HEAD, width)], np.int64)
        arrays = {k: np.asarray(v, np.int64) for k, v in columns.items()}
        arrays["parents"] = parents.reshape(count, len(seqs)).T
        arrays["saved"] = self._saved(np.array(flat[7::width], np.int64), classes, arrays)
        return arrays

    def _saved(self, told: Array, classes: Array, columns: dict[str, Array]) -> Array:
        """Bytes that nodes keep alive: as told, or so many arrays of the output's shape."""
        untold = np.flatnonzero(told < 0)
        if not len(untold):
            return told
        arrays = self.classes.saved_arrays(classes[untold], columns["parents"][untold])
        shapes, of_shape = np.unique(columns["shape"][untold], return_inverse=True)
        dtypes, of_dtype = np.unique(columns["dtype"][untold], return_inverse=True)
        shape, text = self.trace.pools["shape"], self.trace.pools["text"]
        sizes = np.array([prod(shape[n]) for n in shapes.tolist()])
        items = np.array([np.dtype(text[n]).itemsize for n in dtypes.tolist()])
        told[untold] = arrays * sizes[of_shape] * items[of_dtype]
        return told

    def _adopt(self, adopted: list[Any], parts: list[dict[str, Array]]) -> list[dict[str, Array]]:
        """Nodes older than the recording, of which backward told.

        Adds those not known yet to `parts`, fills in those known from edges, and returns
        what `_arrows` needs of these.
        """
        nodes, pools = self.trace.tables["nodes"], self.trace.pools
        earlier = pools["text"].number(EARLIER)
        seen = {seq for part in parts for seq in part["seq"].tolist()}
        filled = []
        for iteration, op in adopted:
            if op[1] in seen:
                continue
            seen.add(op[1])
            at = int(self.trace.ids(np.array([op[1]]))[0]) - nodes.first
            if at >= 0 and nodes.column("op")[at] != earlier:
                continue
            part = self._columns(len(op) - HEAD, list(op), iteration)
            if at < 0:
                parts.append(part)
                continue
            for name in ("op", "kind", "place", "saved"):
                nodes.column(name)[at] = part[name][0]
            filled.append(part)
        return filled

    def _add(self, parts: list[dict[str, Array]], pairs: list[tuple[int, int]]) -> None:
        """Rows for these nodes and leaves, one iteration after another."""
        every = [*parts, self._leaf_columns(pairs)] if pairs else parts
        if not every:
            return
        columns = {
            name: np.concatenate([p[name] for p in every]) for name in every[0] if name != "parents"
        }
        seqs = columns["seq"]
        order = np.lexsort((seqs, columns["iteration"]))  # a leaf's number is a large one
        count = len(order)
        first = self.trace.tables["nodes"].append(
            count, seconds=np.nan, step=-1,
            **{name: column[order] for name, column in columns.items()},
        )  # fmt: skip
        rows = np.empty(count, np.int64)
        rows[order] = np.arange(first, first + count)
        ops = count - len(pairs)
        self.trace.index.put(seqs[:ops], rows[:ops])
        self.leaf_rows.update(zip(pairs, rows[ops:].tolist(), strict=True))
        self.nameless.update(pair for pair in pairs if pair[0] not in self.leaves)

    def _knows(self, pair: tuple[int, int]) -> bool:
        """Whether a leaf has a row in this iteration."""
        return self.leaf_rows.get(pair, -1) >= self.trace.tables["nodes"].first

    def _name_leaves(self) -> None:
        """Say in the rows of leaves what they are, where that became known only now."""
        nodes = self.trace.tables["nodes"]
        for pair in [pair for pair in self.nameless if pair[0] in self.leaves]:
            self.nameless.discard(pair)
            at = self.leaf_rows[pair] - nodes.first
            if at >= 0:
                for name, value in self._leaf_columns([pair]).items():
                    nodes.column(name)[at] = value[0]

    def _leaf_columns(self, pairs: list[tuple[int, int]]) -> dict[str, Array]:
        """Columns of numbers for leaves, each a (number, iteration)."""
        shape, text = self.trace.pools["shape"].number, self.trace.pools["text"].number
        infos = [self.leaves.get(seq, _NOBODY) for seq, _ in pairs]
        zeros = np.zeros(len(pairs), np.int64)
        seqs, iterations = np.array(pairs, np.int64).T
        return {
            "seq": seqs,
            "op": zeros + self.names[AccumulateGrad],
            "shape": np.array([shape(i.shape) for i in infos]),
            "dtype": np.array(self.dtypes.all([i.dtype for i in infos])),
            "place": zeros,
            "scope": zeros,
            "kind": zeros + LEAF,
            "saved": zeros,
            "iteration": iterations,
            "run": zeros - 1,
            "device": np.array([text(i.device) for i in infos]),
            "name": np.array([text(i.name) for i in infos]),
        }

    def _find(self, seq: int) -> int:
        """The row of a node or, the latest one, of a leaf; -1 if there is none."""
        if seq >= LEAF_SEQ:
            return max((row for (n, _), row in self.leaf_rows.items() if n == seq), default=-1)
        return int(self.trace.ids(np.array([self.ports.get(seq, (seq, 0))[0]]))[0])

    def _ids(self, seqs: Array, iterations: Array) -> tuple[Array, Array]:
        """Ids of nodes, and of which output; rows are made for those not seen yet."""
        ids = self.trace.ids(seqs)
        outputs = np.zeros(len(seqs), np.int64)
        for i in np.flatnonzero((ids < 0) & (seqs < LEAF_SEQ)).tolist():
            node, outputs[i] = self.ports.get(int(seqs[i]), (int(seqs[i]), 0))
            ids[i] = self._row_of(node, int(iterations[i]))
        return ids, outputs

    def _row_of(self, seq: int, iteration: int) -> int:
        """The row of a node made before the recording (or fallen out); a blank one at worst."""
        found = int(self.trace.ids(np.array([seq]))[0])
        if found >= 0:
            return found
        row = self.trace.tables["nodes"].append(
            1, seq=seq, op=self.trace.pools["text"].number(EARLIER), shape=0, dtype=0, place=0,
            scope=0, kind=OP, device=0, name=0, saved=-1, seconds=np.nan, iteration=iteration,
            run=-1, step=-1,
        )  # fmt: skip
        self.trace.index.put(np.array([seq]), np.array([row]))
        return row

    # -------------------------------------------------------------- steps

    def _steps(
        self, flat: list[Any], real: Array, rows: Array, runs: Array, numbers: Array
    ) -> None:
        seqs, times, kinds, payloads = (flat[n::STEP] for n in range(STEP))
        seconds = self._seconds(np.array(times), real, np.array(seqs) >= LEAF_SEQ)
        if not real.all():
            kept = np.flatnonzero(real).tolist()
            kinds, payloads = ([column[i] for i in kept] for column in (kinds, payloads))
        if not kinds:
            return
        values = self._statistics(kinds, payloads)
        steps, nodes = self.trace.tables["steps"], self.trace.tables["nodes"]
        first = steps.append(
            len(rows), run=runs, node=rows, order=self._order(numbers[real]), edited=0,
            seconds=seconds, **dict(zip(statistics.Statistics._fields, values, strict=True)),
        )  # fmt: skip
        at = rows - nodes.first
        nodes.column("step")[at] = np.arange(first, first + len(rows))
        self._note_device(at, kinds)

    def _note_device(self, at: Array, kinds: Sequence[Any]) -> None:
        """A gradient on the CPU says that the node's output lives there, too."""
        device = self.trace.tables["nodes"].column("device")
        if None in kinds:
            at = at[np.array([k is not None for k in kinds])]
        device[at[device[at] == 0]] = self.trace.pools["text"].number("cpu")

    def _order(self, numbers: Array) -> Array:
        """The place of each step in its run."""
        distinct, back, counts = np.unique(numbers, return_inverse=True, return_counts=True)
        begun = [self.orders.get(number, 0) for number in distinct.tolist()]
        together = np.argsort(back, kind="stable")
        order = np.empty(len(numbers), np.int64)
        order[together] = np.arange(len(numbers)) - np.repeat(
            np.cumsum(counts) - counts - begun, counts
        )
        self.orders.update(zip(distinct.tolist(), (counts + begun).tolist(), strict=True))
        return order

    def _seconds(self, times: Array, real: Array, leaf: Array) -> Array:
        """A step lasts until what comes next; an arrival at a leaf takes no time of its own."""
        self._finish_step(float(times[0]))
        seconds = np.zeros(len(times))
        seconds[:-1] = np.diff(times)
        seconds[leaf] = 0.0
        if real[-1] and not leaf[-1]:
            last = int(real.sum()) - 1
            self.unfinished = self.trace.tables["steps"].end + last, float(times[-1])
        found: Array = seconds[real]
        return found

    def _finish_step(self, time: float) -> None:
        if self.unfinished is not None:
            step, begun = self.unfinished
            steps = self.trace.tables["steps"]
            if steps.first <= step < steps.end:
                steps.column("seconds")[step - steps.first] = time - begun
            self.unfinished = None

    def _statistics(self, kinds: Sequence[Any], payloads: Sequence[Any]) -> Sequence[Array]:
        kind = kinds[0]
        if kind is not None and len(set(map(id, kinds))) == 1:  # np.dtype("f8") == None is True
            return statistics.of_chunks(payloads, kind, self.full)
        values: list[Array] = [
            np.full(len(kinds), unknown, np.asarray(unknown).dtype)
            for unknown in statistics.UNKNOWN
        ]
        chunks: dict[Any, list[int]] = {}
        for i, kind in enumerate(kinds):
            if payloads[i] is not None:
                chunks.setdefault(kind, []).append(i)
        for kind, places in chunks.items():
            some = [payloads[i] for i in places]
            if kind is None:
                found: Any = np.array(self._measured(some)).T
            else:
                found = statistics.of_chunks(some, kind, self.full)
            at = np.array(places)
            for column, part in zip(values, found, strict=True):
                column[at] = part
        return values

    def _measured(self, payloads: list[Any]) -> list[Measured]:
        """Statistics as they are, and those that wait on a device in one copy."""
        vectors = [v for p in payloads if p.__class__ is list for v in p]
        fetched = iter(statistics.fetch(vectors) if vectors else ())
        return [
            statistics.merge([next(fetched) for _ in p]) if p.__class__ is list else p
            for p in payloads
        ]


_NOBODY = LeafInfo(None, "", None, None, "")
"""A leaf of which nothing is known."""


def _arrows(parts: list[dict[str, Array]]) -> tuple[Array, Array, Array, Array]:
    """Source, its iteration, target and slot of each arrow from these nodes to their parents."""
    columns = []
    for part in parts:
        parents = part["parents"]
        count, width = parents.shape
        targets = parents.ravel()
        real = targets >= 0
        columns.append(
            (
                np.repeat(part["seq"], width)[real],
                np.repeat(part["iteration"], width)[real],
                targets[real],
                np.tile(np.arange(width), count)[real],
            )
        )
    if not columns:
        none = np.empty(0, np.int64)
        return none, none, none, none
    source, iteration, target, slot = (np.concatenate(c) for c in zip(*columns, strict=True))
    return source, iteration, target, slot


def _pairs(seqs: Array, iterations: Array) -> tuple[list[tuple[int, int]], Array]:
    """The distinct (leaf, iteration), and which of them each is."""
    distinct, code = np.unique(iterations, return_inverse=True)
    keys, back = np.unique((seqs - LEAF_SEQ) * len(distinct) + code, return_inverse=True)
    leaf, at = np.divmod(keys, max(len(distinct), 1))
    pairs = zip((leaf + LEAF_SEQ).tolist(), distinct[at].tolist(), strict=True)
    return list(pairs), back
