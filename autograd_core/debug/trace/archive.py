"""Traces in files: a zip of NumPy columns and one JSON, so that loading runs no code.

::

    trace.json          version, sizes, texts, shapes, places
    nodes/seq.npy       one array for each column of each table
    ...

Whatever does not fit - cut off, made by a newer version, crafted - ends in one ValueError
that says what is wrong.  Sizes are checked before anything is unpacked.
"""

from __future__ import annotations

import io
import json
import os
import zipfile
from typing import Any

import numpy as np

from ...source import Location
from .columns import Table
from .traced import EDGE, NODE, POOLED, RUN, STEP, Trace

VERSION = 1
TABLES = {"nodes": NODE, "edges": EDGE, "steps": STEP, "runs": RUN}
LARGEST = 1 << 31
"""Bytes that a member may unpack to."""


def save(trace: Trace, path: str | os.PathLike[str]) -> None:
    """See `Trace.save`."""
    trace.table("nodes")
    with trace.lock:
        header = _header(trace)
        target = os.fspath(path)
        partial = f"{target}.part"
        try:
            with zipfile.ZipFile(partial, "w", zipfile.ZIP_DEFLATED, compresslevel=4) as archive:
                archive.writestr("trace.json", json.dumps(header))
                for name, columns in TABLES.items():
                    for column in columns:
                        data = io.BytesIO()
                        np.save(data, trace.tables[name].column(column), allow_pickle=False)
                        archive.writestr(f"{name}/{column}.npy", data.getvalue())
            os.replace(partial, target)
        finally:
            if os.path.exists(partial):
                os.remove(partial)


def _header(trace: Trace) -> dict[str, Any]:
    places: list[dict[str, Any] | None] = []
    for n in range(len(trace.pools["place"])):
        location = trace.location(n)
        if location is None:
            places.append(None)
            continue
        places.append(
            {
                "file": location.file, "line": location.line, "function": location.function,
                "text": location.text, "columns": location.columns, "where": location.where,
                "notes": trace.notes(n),
            }
        )  # fmt: skip
    return {
        "format": "autograd_core trace",
        "version": VERSION,
        "stats": trace.stats,
        "memory": trace.memory,
        "dropped": trace.dropped,
        "seconds": trace.seconds,
        "recording_seconds": trace.recording_seconds,
        "first": {name: table.first for name, table in trace.tables.items()},
        "text": trace.pools["text"].values,
        "scope": trace.pools["scope"].values,
        "shape": trace.pools["shape"].values,
        "place": places,
        "breakpoints": trace.breakpoints,
    }


def load(path: str | os.PathLike[str]) -> Trace:
    """Read a trace that `Trace.save` wrote.

    Parameters
    ----------
    path : str
        The file.

    Raises
    ------
    ValueError
        If the file is no trace, is damaged, or was written by a newer version.
    OSError
        If it can't be read.
    """
    name = os.fspath(path)
    try:
        with zipfile.ZipFile(path) as archive:
            header = _checked_header(json.loads(_read(archive, "trace.json")))
            return _restored(header, {t: _table(archive, t, header) for t in TABLES})
    except OSError:
        raise
    except _TooNew as error:
        raise ValueError(f"{name!r} {error}") from None
    except Exception as error:
        reason = str(error) or type(error).__name__
        raise ValueError(f"{name!r} is not a readable trace: {reason}") from None


class _TooNew(Exception):
    pass


def _read(archive: zipfile.ZipFile, member: str) -> bytes:
    try:
        info = archive.getinfo(member)
    except KeyError:
        raise ValueError(f"it has no member {member!r}") from None
    if info.file_size > LARGEST:
        raise ValueError(f"{member!r} would unpack to {info.file_size} bytes")
    with archive.open(info) as stream:
        data = stream.read(LARGEST + 1)
    if len(data) != info.file_size:
        raise ValueError(f"{member!r} is cut off")
    return data


def _checked_header(header: Any) -> dict[str, Any]:
    if not isinstance(header, dict) or header.get("format") != "autograd_core trace":
        raise ValueError("it was not written by Trace.save")
    version = header.get("version")
    if not isinstance(version, int) or version < 1:
        raise ValueError(f"its version is {version!r}")
    if version > VERSION:
        raise _TooNew(
            f"was written by a newer autograd_core (format {version}; this one reads up to "
            f"{VERSION}); update with: pip install -U autograd-core"
        )
    for key in ("text", "scope", "shape", "place"):
        if not isinstance(header.get(key), list) or not header[key]:
            raise ValueError(f"its {key} list is missing")
    if not all(isinstance(t, str) for t in header["text"]):
        raise ValueError("its texts are not all text")
    header["scope"] = [_tuple_of(s, str) for s in header["scope"]]
    header["shape"] = [None if s is None else _tuple_of(s, int) for s in header["shape"]]
    first = header.get("first")
    if not isinstance(first, dict) or any(not _is_count(first.get(t)) for t in TABLES):
        raise ValueError("its row numbers are missing")
    return header


def _is_count(value: Any) -> bool:
    return isinstance(value, int) and 0 <= value < 1 << 31


def _tuple_of(value: Any, kind: type) -> tuple[Any, ...]:
    if not isinstance(value, list) or not all(type(v) is kind for v in value):
        raise ValueError(f"a list of {kind.__name__} was expected, got {str(value)[:60]}")
    return tuple(value)


def _table(archive: zipfile.ZipFile, name: str, header: dict[str, Any]) -> Table:
    table = Table(**TABLES[name])
    columns: dict[str, Any] = {}
    for column, kind in table.types.items():
        stream = io.BytesIO(_read(archive, f"{name}/{column}.npy"))
        array = np.lib.format.read_array(stream, allow_pickle=False)
        if array.ndim != 1 or array.dtype != kind:
            raise ValueError(f"column {name}/{column} has {array.ndim} dimensions of {array.dtype}")
        columns[column] = array
    sizes = {len(a) for a in columns.values()}
    if len(sizes) != 1:
        raise ValueError(f"the columns of {name} differ in length")
    table.first = header["first"][name]
    table.append(sizes.pop(), **columns)
    if name == "nodes":
        for column, pool in POOLED.items():
            _check_range(f"nodes/{column}", columns[column], 0, len(header[pool]))
        _check_range("nodes/kind", columns["kind"], 0, 3)
    for column in {"edges": ("source", "target"), "steps": ("node",)}.get(name, ()):
        _check_range(f"{name}/{column}", columns[column], 0, 1 << 31)
    if name == "runs":
        _check_range("runs/error", columns["error"], 0, len(header["text"]))
    return table


def _check_range(what: str, column: Any, low: int, high: int) -> None:
    if len(column) and (int(column.min()) < low or int(column.max()) >= high):
        raise ValueError(f"column {what} points outside of its list")


def _restored(header: dict[str, Any], tables: dict[str, Table]) -> Trace:
    nodes = tables["nodes"]
    for name, columns in {"edges": ("source", "target")}.items():
        inside = np.ones(len(tables[name]), bool)
        for column in columns:
            at = tables[name].column(column)
            inside &= (at >= nodes.first) & (at < nodes.end)
        tables[name].keep(inside)
    trace = Trace(max(_number(header, "memory", 64 << 20), 1 << 16))
    trace.tables = tables
    trace.stats = str(header.get("stats", "full"))
    trace.dropped = _number(header, "dropped", 0)
    trace.seconds = float(_number(header, "seconds", 0.0))
    trace.recording_seconds = float(_number(header, "recording_seconds", 0.0))
    trace.breakpoints = _breakpoints(header)
    for name in ("text", "scope", "shape"):
        trace.pools[name].values[:] = header[name]
    trace.pools["place"].values[:] = [_place(p) for p in header["place"]]
    for n, place in enumerate(header["place"]):
        if isinstance(place, dict) and isinstance(place.get("notes"), dict):
            trace._notes[n] = place["notes"]
    return trace


def _breakpoints(header: dict[str, Any]) -> list[dict[str, Any]]:
    """The breakpoints in a file; older files have none."""
    rows = header.get("breakpoints", [])
    if not isinstance(rows, list) or not all(isinstance(row, dict) for row in rows):
        raise ValueError("its breakpoints are no list")
    return rows


def _number(header: dict[str, Any], key: str, default: Any) -> Any:
    value = header.get(key, default)
    return value if type(value) in (int, float) else default


def _place(place: Any) -> Any:
    if not isinstance(place, dict):
        return (None, -1)
    columns = place.get("columns")
    pair = columns if isinstance(columns, list) and len(columns) == 2 else None
    return SavedLocation(
        str(place.get("file", "")), int(place.get("line", 0)), str(place.get("function", "")),
        str(place.get("text", "")), None if pair is None else (int(pair[0]), int(pair[1])),
        str(place.get("where", "")),
    )  # fmt: skip


class SavedLocation(Location):
    """A place in source code as it was called when the trace was saved (``In [3], line 4``)."""

    def __init__(self, file: str, line: int, function: str, text: str, columns: Any, said: str):
        super().__init__(file, line, function, text, columns)
        object.__setattr__(self, "_said", said)

    @property
    def where(self) -> str:
        """As it was called then."""
        said: str = self.__dict__["_said"]
        return said or f"{self.file}:{self.line}"
