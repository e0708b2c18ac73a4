"""New rows of a trace as frames: a JSON header, and one buffer with the columns.

The header says which tables and columns the buffer holds, and brings the texts, scopes,
shapes and places that rows refer to by number and that the browser has not got yet.
Columns are sent as they lie in the trace; only 8-byte integers become floats, which is what
a browser has.  Rows of iterations that were over before they could be sent are left out:
the browser gets the newest iteration whole, and asks for others (`Encoder.iteration`).
"""

from __future__ import annotations

import itertools
import json
import struct
from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from autograd_core.debug.record.fold import EARLIER
from autograd_core.debug.trace.rows import UNDONE
from autograd_core.debug.trace.traced import EDGE, LEAF, NODE, RUN, STEP
from autograd_core.node import LEAF_SEQ

if TYPE_CHECKING:
    from autograd_core.debug import Trace
    from autograd_core.debug.trace.columns import Array, Table

FRAME_BYTES = 240 << 10
"""A frame's buffer holds about as much at most; what is more goes into further frames."""
TABLES = {"nodes": NODE, "edges": EDGE, "steps": STEP, "runs": RUN}
POOLS = {"texts": "text", "scopes": "scope", "shapes": "shape", "places": "place"}
"""Lists of the header, and the pools of the trace that they come from."""

_next_trace = itertools.count(1).__next__


class Frame(NamedTuple):
    """A header, and the columns that it describes."""

    header: dict[str, Any]
    buffer: bytes


class Encoder:
    """Remembers what of a trace a browser has, and encodes the rest.

    Parameters
    ----------
    trace : Trace
        Being recorded, or finished.
    again : bool
        It was sent before: who follows what is new need not turn to it.
    """

    def __init__(self, trace: Trace, again: bool = False):
        self.trace = trace
        self.again = again
        self.sequence = 0
        self._forget()

    def _forget(self) -> None:
        """Begin anew, under a new name: the browser throws away what it has."""
        self.name = f"trace-{_next_trace()}"
        self.sent = dict.fromkeys(TABLES, 0)
        self.known = dict.fromkeys(POOLS, 0)
        self.generation = self._generation()
        self.undone: set[int] = set()
        self.running: set[int] = set()
        self.blank: Array = np.zeros(0, np.int64)

    def _generation(self) -> tuple[int, ...]:
        return tuple(self.trace.pools[pool].generation for pool in POOLS.values())

    # -------------------------------------------------------------- what is new

    def news(self, most: int = 4 << 20) -> list[Frame]:
        """Frames with what happened since the last call.

        Parameters
        ----------
        most : int
            Bytes; if there is more, all but the newest iterations is left out.
        """
        trace = self.trace
        trace.table("nodes")
        with trace.lock:
            if self._generation() != self.generation:
                self._forget()
            start = {name: max(self.sent[name], t.first) for name, t in trace.tables.items()}
            if _row_bytes(trace, start) > most:
                newest = self._start_of(trace.last_iteration)
                start = {name: max(row, newest[name]) for name, row in start.items()}
            rows = {name: np.arange(start[name], t.end) for name, t in trace.tables.items()}
            known_later = {"nodes": self._filled(), "steps": self._undone(), "runs": self._ended()}
            for name, changed in known_later.items():
                again = changed[changed < start[name]]
                rows[name] = np.concatenate([again, rows[name]])
            self.blank = np.concatenate([self.blank, self._blank(rows["nodes"])])
            self.sent = {name: t.end for name, t in trace.tables.items()}
            return list(self._frames(rows, live=True))

    def _filled(self) -> Array:
        """Nodes that were blank at the last call, and of which more is known now."""
        known = self.blank[self.blank >= self.trace.tables["nodes"].first]
        self.blank = self._blank(known)
        return np.setdiff1d(known, self.blank)

    def _blank(self, ids: Array) -> Array:
        """Those of the nodes that are older than the recording, and not known yet."""
        nodes = self.trace.tables["nodes"]
        earlier = self.trace.pools["text"].numbers.get(EARLIER, -1)
        kind, op, shape = (nodes.column(n)[ids - nodes.first] for n in ("kind", "op", "shape"))
        return ids[(op == earlier) | ((kind == LEAF) & (shape == 0))]

    def _undone(self) -> Array:
        """Steps that were taken back since the last call."""
        steps = self.trace.tables["steps"]
        undone = np.flatnonzero(steps.column("edited") & UNDONE) + steps.first
        fresh = np.array([n for n in undone.tolist() if n not in self.undone], np.int64)
        self.undone.update(fresh.tolist())
        return fresh

    def _ended(self) -> Array:
        """Runs that were under way at the last call and are over now."""
        runs = self.trace.tables["runs"]
        running = set((np.flatnonzero(np.isnan(runs.column("end"))) + runs.first).tolist())
        ended = np.array(sorted(self.running - running), np.int64)
        self.running = running
        return ended[ended >= runs.first]

    def _start_of(self, iteration: int) -> dict[str, int]:
        """The first row of an iteration in each table; where one is not there, the end."""
        nodes, steps = self.trace.tables["nodes"], self.trace.tables["steps"]
        edges, runs = self.trace.tables["edges"], self.trace.tables["runs"]
        first = nodes.first + _first(nodes.column("iteration") >= iteration)
        return {
            "nodes": first,
            "edges": edges.first + _first(edges.column("source") >= first),
            "steps": steps.first + _first(steps.column("node") >= first),
            "runs": runs.first + _first(runs.column("iteration") >= iteration),
        }

    def iteration(self, number: int) -> list[Frame]:
        """Frames with all of one iteration.

        Raises
        ------
        ValueError
            If it is not in the trace.
        """
        with self.trace.lock:
            return list(self._frames(self._rows_of(number), live=False, iteration=number))

    def _rows_of(self, number: int) -> dict[str, Array]:
        trace = self.trace
        if number not in trace.iterations:
            known = trace.iterations
            raise ValueError(
                f"iteration {number} is not in the trace, "
                f"which has {known.start} to {known.stop - 1}"
            )
        nodes, steps = trace.tables["nodes"], trace.tables["steps"]
        ids = np.flatnonzero(nodes.column("iteration") == number) + nodes.first
        return {
            "nodes": ids,
            "edges": _where(trace.tables["edges"], "source", ids),
            "steps": _where(steps, "node", ids),
            "runs": _where(trace.tables["runs"], "iteration", np.array([number])),
        }

    # -------------------------------------------------------------- for those who come late

    def whole(self) -> list[Frame]:
        """What was sent until now, for one who has got none of it, under the same name.

        The newest iteration and the one before, for comparison.  The first frame says
        ``whole``: who has got something of this trace forgets it.  The numbers of the frames
        are 0, which is before all others, but for the last.
        """
        trace = self.trace
        trace.table("nodes")
        with trace.lock:
            nodes = trace.tables["nodes"]
            if self._generation() != self.generation or self.sent["nodes"] <= nodes.first:
                return []  # all of it comes with the next news
            last = int(nodes.column("iteration")[self.sent["nodes"] - 1 - nodes.first])
            start = self._start_of(last - 1)
            rows = {n: np.arange(min(start[n], end), end) for n, end in self.sent.items()}
            return self._again(rows, last, live=True)

    def part(self, number: int) -> list[Frame]:
        """Frames with what was sent of one iteration; see `iteration`."""
        with self.trace.lock:
            rows = {name: ids[ids < self.sent[name]] for name, ids in self._rows_of(number).items()}
            return self._again(rows, number, live=False)

    def _again(self, rows: dict[str, Array], iteration: int, live: bool) -> list[Frame]:
        frames = []
        for part in _split(rows):
            header = self._header(part, buffer := bytearray(), iteration, live)
            frames.append(Frame({**header, "sequence": 0}, bytes(buffer)))
        if live and frames:
            known = {name: range(count) for name, count in self.known.items()}
            frames[0].header.update(whole=True, **self._values(known))
            frames[-1].header["sequence"] = self.sequence
        return frames

    # -------------------------------------------------------------- frames

    def _frames(
        self, rows: dict[str, Array], live: bool, iteration: int | None = None
    ) -> Iterator[Frame]:
        parts = list(_split(rows))
        pools = self._new_values() if parts else {}
        number = self.trace.last_iteration if iteration is None else iteration
        for part in parts:
            self.sequence += 1
            header = self._header(part, buffer := bytearray(), number, live)
            yield Frame({**header, **pools}, bytes(buffer))
            pools = {}

    def _header(
        self, part: dict[str, Array], buffer: bytearray, iteration: int, live: bool
    ) -> dict[str, Any]:
        """The header of some rows, whose columns it writes into the buffer."""
        return {
            "type": "frame",
            "trace": self.name,
            "sequence": self.sequence,
            "first": self.trace.tables["nodes"].first,
            "iteration": iteration,
            "live": live,
            **({"again": True} if self.again else {}),
            **{name: [] for name in POOLS},
            "tables": {name: self._columns(name, ids, buffer) for name, ids in part.items()},
        }

    def _new_values(self) -> dict[str, list[Any]]:
        fresh = {n: range(self.known[n], len(self.trace.pools[p])) for n, p in POOLS.items()}
        self.known = {name: numbers.stop for name, numbers in fresh.items()}
        return self._values(fresh)

    def _values(self, numbers: dict[str, range]) -> dict[str, list[Any]]:
        found = {}
        for name, wanted in numbers.items():
            values = self.trace.pools[POOLS[name]].values
            found[name] = [self._value(name, values, n) for n in wanted]
        return found

    def _value(self, kind: str, values: list[Any], number: int) -> Any:
        value = values[number]
        if kind == "places":
            return self._place(number)
        if kind == "shapes":
            return None if value is None else [int(n) for n in value]
        return list(value) if kind == "scopes" else value

    def _place(self, number: int) -> dict[str, Any] | None:
        where = self.trace.location(number)
        if where is None:
            return None
        known = {"file": where.file, "line": where.line, "text": where.text, "where": where.where}
        return {**known, **self.trace.notes(number)}

    def _columns(self, name: str, ids: Array, buffer: bytearray) -> dict[str, Any]:
        table = self.trace.tables[name]
        columns = {}
        for column, kind in {"id": "i4", **TABLES[name]}.items():
            values = ids if column == "id" else table.column(column)[ids - table.first]
            sent = "f8" if kind == "i8" else kind
            if column == "seq":
                values = np.where(values < LEAF_SEQ, values, LEAF_SEQ - 1 - values)  # `public_seq`
            buffer.extend(b"\0" * (-len(buffer) % 8))  # the browser reads columns in place
            columns[column] = [sent, len(buffer)]
            buffer.extend(np.ascontiguousarray(values, "<" + sent).tobytes())
        return {"start": int(ids[0]), "count": len(ids), "columns": columns}


def pack(frames: Iterable[Frame], most: int = 1 << 20) -> bytes:
    """Frames one after the other, for what is saved with a notebook; nothing beyond `most`.

    Each is: length of the header, the header, length of the buffer, the buffer; lengths are
    unsigned 32-bit numbers, little endian.
    """
    packed = bytearray()
    for frame in frames:
        header = json.dumps(frame.header, allow_nan=False).encode()
        size = 8 + len(header) + len(frame.buffer)
        if len(packed) + size > most:
            return b""
        packed += struct.pack("<I", len(header)) + header
        packed += struct.pack("<I", len(frame.buffer)) + frame.buffer
    return bytes(packed)


def _split(rows: dict[str, Array]) -> Iterator[dict[str, Array]]:
    """Rows of the tables in portions of about `FRAME_BYTES`, nodes before what refers to them."""
    part: dict[str, Array] = {}
    room = FRAME_BYTES
    for name, ids in rows.items():
        width = 4 + sum(np.dtype(kind).itemsize for kind in TABLES[name].values())
        while len(ids):
            fits = max(room // width, 0)
            if not fits:
                yield part
                part, room = {}, FRAME_BYTES
                continue
            part[name], ids = ids[:fits], ids[fits:]
            room -= width * len(part[name])
    if part:
        yield part


def _row_bytes(trace: Trace, start: dict[str, int]) -> int:
    return sum((t.end - start[name]) * t.row_bytes for name, t in trace.tables.items())


def _where(table: Table, column: str, wanted: Array) -> Array:
    return np.flatnonzero(np.isin(table.column(column), wanted)) + table.first


def _first(mask: Array) -> int:
    return int(np.argmax(mask)) if mask.any() else len(mask)
