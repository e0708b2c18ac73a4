"""Questions to a trace: `find` and the one-line summary."""

from __future__ import annotations

import re
from collections.abc import Callable
from fnmatch import fnmatchcase
from typing import TYPE_CHECKING, Any

import numpy as np

from ..draw.theme import number
from .columns import Array
from .rows import UNDONE, Node, Rows

if TYPE_CHECKING:
    from .traced import Trace

_SUFFIX = re.compile(r"Backward\d*$")


def find(
    trace: Trace,
    op: str | None,
    module: str | None,
    name: str | None,
    line: int | str | None,
    nonfinite: bool,
    min_norm: float | None,
    max_norm: float | None,
    iteration: int | None,
) -> Rows[Node]:
    """See `Trace.find`."""
    rows = trace.nodes
    nodes = trace.table("nodes")
    mask = np.ones(len(nodes), bool)
    if iteration is not None:
        mask &= nodes.column("iteration") == (
            trace.last_iteration if iteration == -1 else iteration
        )
    if op is not None:
        mask &= _fitting(trace, "op", "text", lambda text: _op_fits(text, op))
    if module is not None:
        mask &= _fitting(trace, "scope", "scope", lambda path: _module_fits(".".join(path), module))
    if name is not None:
        mask &= _fitting(trace, "name", "text", lambda text: bool(text) and fnmatchcase(text, name))
    if line is not None:
        used = set(np.unique(nodes.column("place")[mask]).tolist())
        places = [
            n in used and _line_fits(trace, n, line) for n in range(len(trace.pools["place"]))
        ]
        mask &= np.array(places, bool)[nodes.column("place")]
    if nonfinite:
        mask &= (rows["nan"] > 0) | (rows["inf"] > 0)
    norm = rows["norm"] if min_norm is not None or max_norm is not None else None
    if norm is not None and min_norm is not None:
        mask &= norm >= min_norm
    if norm is not None and max_norm is not None:
        mask &= norm <= max_norm
    return Rows(trace, "nodes", Node, np.flatnonzero(mask) + nodes.first)


def _fitting(trace: Trace, column: str, pool: str, fits: Callable[[Any], bool]) -> Array:
    """Ask once for each different value, then look the answers up."""
    answers = np.array([fits(v) for v in trace.pools[pool].values], bool)
    return answers[trace.tables["nodes"].column(column)]


def _op_fits(text: str, wanted: str) -> bool:
    short = _SUFFIX.sub("", text)
    candidates = (text, short, short.lower())
    return bool(text) and any(
        fnmatchcase(c, w) for c in candidates for w in (wanted, wanted.lower())
    )


def _module_fits(path: str, wanted: str) -> bool:
    return fnmatchcase(path, wanted) or (path.startswith(wanted + ".") and not wanted.endswith("*"))


def _line_fits(trace: Trace, place: int, wanted: int | str) -> bool:
    location = trace.location(place)
    if location is None:
        return False
    file, _, number = str(wanted).rpartition(":")
    if not number.strip().isdigit():
        raise ValueError(f"line must be a number or 'file.py:number', got {wanted!r}")
    if location.line != int(number):
        return False
    return not file or location.file.endswith(file) or location.where.startswith(file)


def summary(trace: Trace) -> str:
    """See `Trace.summary`."""
    count, steps = len(trace.nodes), trace.tables["steps"]
    ran = len(steps) - int((steps.column("edited") & UNDONE > 0).sum())
    parts = [f"{count} node{'s' * (count != 1)}", f"{ran} backward step{'s' * (ran != 1)}"]
    worst = _worst(trace)
    if worst is not None:
        parts.append(f"worst gradient {number(worst.norm)} at {worst.name or worst.label}")
    if (steps.column("nan") >= 0).any():
        bad = (steps.column("nan") > 0) | (steps.column("inf") > 0)
        parts.append(f"{int(bad.sum())} non-finite")
    if trace.dropped:
        parts.append(f"{trace.dropped} older nodes dropped (budget {trace.memory >> 20} MiB)")
    first = next(iter(trace.iterations), 0)
    if trace.stats == "off" and first:
        parts.append(f"nothing kept from before iteration {first} (stats off)")
    cost = f"overhead {in_words(trace.recording_seconds)}"
    parts += [in_words(trace.seconds), cost]
    return ", ".join(parts)


def in_words(seconds: float) -> str:
    """A duration with its unit: ``41 us``, ``3.2 ms``, ``1.5 s``, never an exponent."""
    for unit, factor in (("us", 1e6), ("ms", 1e3)):
        if seconds * factor < 1000:
            value = seconds * factor
            return f"{value:.1f} {unit}" if 0 < value < 10 else f"{value:.0f} {unit}"
    return f"{seconds:.1f} s"


def _worst(trace: Trace) -> Node | None:
    """The node with the first non-finite gradient, or else that whose norm is farthest from 1.

    Far is meant by ratio: 1e-6 is worse than 1000, and zero is worse than both.
    """
    steps = trace.tables["steps"]
    norm = steps.column("norm")
    bad = np.flatnonzero((steps.column("nan") > 0) | (steps.column("inf") > 0))
    if len(bad):
        at = int(bad[0])
    elif len(norm) and not np.isnan(norm).all():
        with np.errstate(divide="ignore"):
            at = int(np.nanargmax(np.abs(np.log10(norm))))
    else:
        return None
    node = int(steps.column("node")[at])
    return Node(trace, node) if node >= trace.tables["nodes"].first else None
