"""Two iterations compared: which lines ran more often, less often, or not at all."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING

import numpy as np

from ..trace.rows import Node
from .diagnosis import Diagnosis, plural
from .reached import of_row

if TYPE_CHECKING:
    from ..trace.traced import Trace

Key = tuple[int, int, int]


def graph_changed(trace: Trace, before: int | None = None, after: int | None = None) -> (
    Diagnosis | None
):  # fmt: skip
    """What is different between the graphs that backward ran in two iterations.

    Parameters
    ----------
    before, after : int, optional
        Which iterations; the last two whose backward went well if not given.

    Returns
    -------
    Diagnosis or None
        None if they are the same, or there are no two.
    """
    whole = _complete(trace)
    if before is None or after is None:
        if len(whole) < 2:
            return None
        before, after = whole[-2:]
    old, new = _counted(trace, before), _counted(trace, after)
    if old == new:
        return None
    gone, come = old - new, new - old
    nodes = [of_row(row, _note(old[key], new[key], before, after))
             for key, row in _examples(trace, {*gone, *come}, before, after).items()]  # fmt: skip
    message = (
        f"iteration {after} took another path than iteration {before}: "
        f"{plural(come.total(), 'node')} more, {plural(gone.total(), 'node')} fewer."
    )
    return Diagnosis(
        "graph_changed", message, nodes[0].location if nodes else None, tuple(nodes),
        "meant, if the forward branches or loops on data; else look at the condition before "
        "these lines.",
    )  # fmt: skip


def _complete(trace: Trace) -> list[int]:
    """The iterations whose backward runs ended well."""
    runs = trace.table("runs")
    good: set[int] = set()
    bad: set[int] = set()
    for end, error, iteration in zip(
        runs.column("end"), runs.column("error"), runs.column("iteration"), strict=True
    ):
        (bad if error or np.isnan(end) else good).add(int(iteration))
    return [i for i in trace.iterations if i in good and i not in bad]


def _counted(trace: Trace, iteration: int) -> Counter[Key]:
    nodes = trace.tables["nodes"]
    mask = _of(trace, iteration)
    columns = (nodes.column(c)[mask].tolist() for c in ("op", "scope", "place"))
    return Counter(zip(*columns, strict=True))


def _of(trace: Trace, iteration: int) -> np.ndarray:
    """Rows of ops of an iteration that backward ran."""
    nodes = trace.tables["nodes"]
    return (
        (nodes.column("iteration") == iteration)
        & (nodes.column("step") >= 0)
        & (nodes.column("kind") != 1)
        & (nodes.column("run") < 0)
    )


def _examples(trace: Trace, keys: set[Key], before: int, after: int) -> dict[Key, Node]:
    nodes = trace.tables["nodes"]
    found: dict[Key, Node] = {}
    for i in np.flatnonzero(_of(trace, before) | _of(trace, after)):
        key = tuple(int(nodes.column(c)[i]) for c in ("op", "scope", "place"))
        if key in keys:
            found.setdefault(key, Node(trace, int(i) + nodes.first))
    return found


def _note(old: int, new: int, before: int, after: int) -> str:
    if not old:
        return f"new in iteration {after}" + (f" ({new} times)" if new > 1 else "")
    if not new:
        return f"gone since iteration {before}" + (f" ({old} times there)" if old > 1 else "")
    return f"{old} times in iteration {before}, {new} times in {after}"
