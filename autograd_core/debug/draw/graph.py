"""What is drawn: items and arrows, whether they come from a trace or from a tensor."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import numpy as np

from ...node import AccumulateGrad, Output
from ...progress import over
from ...source import resolve
from ..trace.rows import _STATISTICS, _SUFFIX
from .theme import flag_of

if TYPE_CHECKING:
    from ..trace.traced import Trace


@dataclass(slots=True)
class Item:
    """One node to draw.

    Attributes
    ----------
    id : int
        The node's id in its trace (or a number of its own).
    kind : str
        op, leaf or function.
    label, shape, source, place : str
        Texts for the box; source is the line of code, place says where that is.
    order : int
        Larger runs first in backward.
    scope : tuple of str
        Module path.
    norm : float
        Norm of the gradient; NaN if unknown.
    flag : str
        See `theme.flag_of`.
    count, size : int
        NaN and Inf elements of the gradient, and all of them; size -1 if not measured.
    notes : dict
        More for the inspector: text by name.
    """

    id: int
    kind: str
    label: str
    order: int
    scope: tuple[str, ...] = ()
    shape: str = ""
    norm: float = float("nan")
    flag: str = ""
    source: str = ""
    place: str = ""
    count: int = 0
    size: int = -1
    notes: dict[str, str] = field(default_factory=dict)


@dataclass(slots=True)
class Graph:
    """Items, and arrows as pairs of their indices (from user to used)."""

    items: list[Item]
    edges: list[tuple[int, int]]
    title: str = ""

    def __post_init__(self) -> None:
        self.edges = list(dict.fromkeys(self.edges))


def of_trace(trace: Trace, iteration: int | None = None) -> Graph:
    """The graph of one iteration of a trace."""
    rows = trace.nodes
    nodes, edges = trace.table("nodes"), trace.tables["edges"]
    if not len(nodes):
        return Graph([], [], "nothing recorded")
    iteration = trace.last_iteration if iteration is None else iteration
    iterations = nodes.column("iteration")
    if not (iterations == iteration).any():
        there = trace.iterations
        raise ValueError(
            f"iteration {iteration} is not in the trace; it has {there.start} to {there.stop - 1}"
        )
    shown = iterations == iteration
    source, target = edges.column("source") - nodes.first, edges.column("target") - nodes.first
    used = target[shown[source]]
    shown[used] = True  # older nodes that this iteration used
    ids = np.flatnonzero(shown)
    at = np.full(len(nodes), -1)
    at[ids] = np.arange(len(ids))
    keep = shown[source] & shown[target]
    pairs = zip(at[source[keep]].tolist(), at[target[keep]].tolist(), strict=True)
    with over(range(len(ids)), "drawing", len(ids)) as indices:
        items = _items(trace, rows, ids, indices)
    count = len(items)
    title = f"iteration {iteration} · {count} node{'s' * (count != 1)}"
    graph = Graph(items, list(pairs), title)
    _place_leaves(graph)
    return graph


def _items(trace: Trace, rows: Any, ids: Any, indices: Iterable[int]) -> list[Item]:
    nodes, pools = trace.tables["nodes"], trace.pools
    columns = {c: nodes.column(c)[ids].tolist() for c in nodes.types}
    statistics = {c: rows[c][ids].tolist() for c in _STATISTICS}
    text, shapes, scopes = pools["text"].values, pools["shape"].values, pools["scope"].values
    reached = [s >= trace.tables["steps"].first for s in columns["step"]]
    measured = trace.stats != "off"
    items = []
    for i in indices:
        kind = ("op", "leaf", "function")[columns["kind"][i]]
        op, name = text[columns["op"][i]], text[columns["name"][i]]
        shape = shapes[columns["shape"][i]]
        norm, size = statistics["norm"][i], statistics["size"][i]
        flag = flag_of(norm, size, statistics["nan"][i], statistics["inf"][i])
        if flag == "unreached" and reached[i] and not measured:
            flag = ""
        bad = max(statistics["nan"][i], 0) + max(statistics["inf"][i], 0)
        location = trace.location(columns["place"][i])
        item = Item(
            id=int(ids[i]) + nodes.first, kind=kind,
            label=(name or "leaf") if kind == "leaf" else _SUFFIX.sub("", op) or op,
            order=-1 if kind == "leaf" else columns["seq"][i],
            scope=scopes[columns["scope"][i]] if kind != "leaf" else (),
            shape="" if shape is None else str(list(shape)), norm=norm, flag=flag,
            source=location.text if location else "", place=location.where if location else "",
            count=bad, size=size,
        )  # fmt: skip
        if columns["run"][i] >= 0:
            item.scope = (f"made by backward {columns['run'][i]}", *item.scope)
        _annotate(item, op, columns, statistics, i, text)
        items.append(item)
    return items


def _annotate(item: Item, op: str, columns: Any, statistics: Any, i: int, text: Any) -> None:
    notes = item.notes
    notes["node"] = op
    if item.scope:
        notes["module"] = ".".join(item.scope)
    if item.shape:
        notes["shape"] = f"{item.shape} {text[columns['dtype'][i]]} {text[columns['device'][i]]}"
    if item.place:
        notes["line"] = f"{item.place}: {item.source}"
    if statistics["size"][i] >= 0:
        from .theme import number

        notes["gradient"] = f"norm {number(item.norm)}"
        if statistics["zeros"][i] >= 0:
            low, high = number(statistics["min"][i]), number(statistics["max"][i])
            notes["gradient"] += f", {low} to {high}, {statistics['zeros'][i]} zeros"
        notes["gradient"] += f", {statistics['nan'][i]} NaN, {statistics['inf'][i]} Inf"
    if columns["saved"][i] > 0:
        notes["saved"] = f"{columns['saved'][i]:,} bytes"


def _place_leaves(graph: Graph) -> None:
    """A leaf belongs to the innermost module that has all its users."""
    for user, used in graph.edges:
        leaf = graph.items[used]
        if leaf.kind != "leaf":
            continue
        scope = graph.items[user].scope
        leaf.scope = scope if leaf.order == -1 else _common(leaf.scope, scope)
        leaf.order = -2
    for item in graph.items:
        item.order = -1 if item.kind == "leaf" else item.order


def _common(one: Sequence[str], two: Sequence[str]) -> tuple[str, ...]:
    same: list[str] = []
    for a, b in zip(one, two, strict=False):
        if a != b:
            break
        same.append(a)
    return tuple(same)


def of_tensors(roots: Iterable[Any], names: dict[int, str], show_saved: bool = False) -> Graph:
    """The graph that some tensors hang from, walked without recursion."""
    items: list[Item] = []
    edges: list[tuple[int, int]] = []
    index: dict[Any, int] = {}
    stack: list[Any] = []

    def visit(fn: Any) -> int:
        node = fn.next[0] if fn.__class__ is Output else fn
        if node not in index:
            index[node] = len(items)
            items.append(_item_of(node, len(items), names, show_saved))
            stack.append(node)
        return index[node]

    for root in roots:
        fn = root._fn if hasattr(root, "_fn") else root
        if fn is not None:
            visit(root.grad_fn if root.grad_fn is not None else _leaf_node(root))
    while stack:
        node = stack.pop()
        edges += [(index[node], visit(fn)) for fn in node.next if fn is not None]
    count = len(items)
    graph = Graph(items, edges, f"{count} node{'s' * (count != 1)}")
    _place_leaves(graph)
    return graph


def _leaf_node(leaf: Any) -> Any:
    from ...node import accumulator

    return accumulator(leaf)


def _item_of(node: Any, id: int, names: dict[int, str], show_saved: bool) -> Item:
    if node.__class__ is AccumulateGrad:
        leaf = node.variable
        name = names.get(id_of(leaf)) or leaf.name or "leaf"
        return Item(id, "leaf", name, -1, shape=str(list(leaf.shape)), notes={"node": node.name()})
    location = resolve(node.code, node.lasti)
    kind = "op" if node.op is not None else "function"
    item = Item(
        id, kind, _SUFFIX.sub("", node.name()), node.seq,
        source=location.text if location else "", place=location.where if location else "",
        notes={"node": node.name()},
    )  # fmt: skip
    if location:
        item.notes["line"] = str(location)
    if show_saved and node.op is not None and node.saved is not None:
        from ...vjps import unpack

        for name, value in unpack(node, False).items():
            shape = getattr(value, "shape", None)
            item.notes[f"saved {name}"] = str(value) if shape is None else str(list(shape))
    return item


def id_of(tensor: Any) -> int:
    """The identity that `of_tensors` knows names by."""
    return id(tensor)
