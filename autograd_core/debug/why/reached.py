"""A leaf without a gradient: whether backward can reach it, and where its path ends."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from ..._tensor import Tensor
from ...node import LEAF_SEQ
from ...source import Location
from ..trace.rows import Node
from ..trace.traced import LEAF
from . import cuts
from .diagnosis import Diagnosis, Suspect, listed
from .walk import leaves_of, reach, root_of

if TYPE_CHECKING:
    from ..trace.traced import Trace
    from .case import Case


def unreached(leaf: Tensor, outputs: Sequence[Any], line: Location | None, case: Case) -> Diagnosis:
    """Why no path leads from these outputs to a leaf (or other input) that was asked for."""
    name = case.name(leaf) or f"a tensor of shape {list(leaf.shape)}"
    tensors = [x for x in outputs if isinstance(x, Tensor)]
    found = leaves_of(reach(root_of(x) for x in tensors))
    reached = [case.name(x) or f"a leaf of shape {list(x.shape)}" for x in found]
    message = f"no path of the graph leads to {name}"
    message += f"; it leads to {listed(reached)}." if reached else "."
    watch = case.watch
    seen = [cut for x in tensors for cut in watch.cuts(x, leaf)] if watch is not None else []
    if seen:
        cut = cuts.of_watched(seen, name, case)
        return Diagnosis(
            cut.cause, f"{message} On the way, {cut.nodes[0].note}.", cut.location,
            (*cut.nodes, Suspect("leaf", None, name, note="not reached")), cut.remedy,
        )  # fmt: skip
    if watch is not None and any(map(watch.saw, tensors)) and not watch.saw(leaf):
        return Diagnosis(
            "unreached", f"{message} No op that was watched used it.", line,
            (Suspect("leaf", None, name),), "use it in the forward, or leave it out of the model.",
        )  # fmt: skip
    traced = path_in_trace(leaf, case)
    if traced is not None:
        return Diagnosis("unreached", f"{message} {traced.message}", traced.location, traced.nodes,
                         traced.remedy, traced.unknown)  # fmt: skip
    return Diagnosis(
        "unreached", message, line, (Suspect("leaf", None, name),),
        "compute the loss from it; in autograd.grad allow_unused=True gives None for it.",
        f"Whether it was cut off on the way, and where. {cuts.WATCH}",
    )  # fmt: skip


# ------------------------------------------------------------------ in a trace


def rows_of(leaf: Any, case: Case) -> list[Node]:
    """The rows of a leaf in the trace, one for each iteration, by its number or its name."""
    trace = case.trace
    if trace is None:
        return []
    nodes = trace.table("nodes")
    root = root_of(leaf)
    seq = root.seq if root is not None else -1
    mask = (nodes.column("seq") == seq) & (seq >= LEAF_SEQ)
    name = case.name(leaf)
    if not mask.any() and name:
        fits = [_is_called(text, name) for text in trace.pools["text"].values]
        mask = np.array(fits, bool)[nodes.column("name")] & (nodes.column("kind") == LEAF)
    return [Node(trace, int(i) + nodes.first) for i in np.flatnonzero(mask)]


def _is_called(text: str, name: str) -> bool:
    """Whether a leaf of a trace is called so: there its model's variable stands in front."""
    return bool(text) and (text == name or text.endswith("." + name))


def _knows_names(case: Case) -> bool:
    """Whether leaves of the trace have names that are known here: else absence says nothing."""
    assert case.trace is not None
    nodes = case.trace.table("nodes")
    used = np.unique(nodes.column("name")[nodes.column("kind") == LEAF])
    texts = [case.trace.pools["text"][int(i)] for i in used]
    return any(_is_called(text, name) for text in texts for name in case.names)


def path_in_trace(leaf: Any, case: Case) -> Diagnosis | None:
    """Where the path from a leaf towards the loss ends, as the trace has it."""
    if case.trace is None:
        return None
    name = case.name(leaf) or "the leaf"
    rows = rows_of(leaf, case)
    if not rows:
        if not case.name(leaf) or not _knows_names(case):
            return None
        return Diagnosis(
            "unreached", f"No op in the trace used {name}.", None, (Suspect("leaf", None, name),),
            "use it in the forward, or leave it out of the model.",
        )  # fmt: skip
    ends = ends_above(rows[-1], case.trace)
    nodes = [of_row(end, "nothing that backward reached uses it") for end in ends]
    nodes.append(Suspect("leaf", None, name, note="not reached"))
    return Diagnosis(
        "unreached",
        f"Its path ends at {listed([end.label for end in ends])}: backward did not come there.",
        nodes[0].location, tuple(nodes),
        "use that result in the loss, or see what takes it out of the graph.",
        f"What became of that result outside the graph. {cuts.WATCH}",
    )  # fmt: skip


def unreached_in_trace(trace: Trace) -> Diagnosis | None:
    """Leaves that the last iteration used and its backward did not reach."""
    if not len(trace.runs):
        return None
    nodes = trace.table("nodes")
    mask = (nodes.column("iteration") == trace.last_iteration) & (nodes.column("kind") == LEAF)
    leaves = [Node(trace, int(i) + nodes.first) for i in np.flatnonzero(mask)]
    reached = {row.name for row in leaves if row.reached}  # it may stand there more than once
    rows = [row for row in leaves if not row.reached and row.name not in reached]
    if not rows:
        return None
    ends = list(dict.fromkeys(end for row in rows for end in ends_above(row, trace)))
    said = tuple(of_row(end, "nothing that backward ran uses it") for end in ends)
    return Diagnosis(
        "unreached",
        f"backward did not come to {listed([row.label for row in rows])}, which iteration "
        f"{trace.last_iteration} used; the path ends at {listed([end.label for end in ends])}.",
        said[0].location if said else None, (*said, *map(of_row, rows)),
        "use that result in the loss, or see what takes it out of the graph.",
        f"What became of that result outside the graph. {cuts.WATCH}",
    )  # fmt: skip


def ends_above(row: Node, trace: Trace) -> list[Node]:
    """The last nodes on the ways from a node that backward never reached towards the loss."""
    seen, ends, stack = {row.id}, [], [row]
    while stack:
        node = stack.pop()
        users = [user for user in node.consumers if user.iteration == row.iteration]
        if not users:
            ends.append(node)
        for user in users:
            if user.id not in seen:
                seen.add(user.id)
                stack.append(user)
    return sorted(ends, key=lambda n: n.id)


def of_row(row: Node, note: str = "") -> Suspect:
    """A node of a trace, in words."""
    name = row.name if row.kind == "leaf" else ""
    return Suspect(row.op, row.location, name, row.scope, row.seq, row.id, note)
