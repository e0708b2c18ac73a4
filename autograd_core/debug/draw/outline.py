"""Which boxes to show: module scopes opened as far as there is room, repeats folded.

`outline` turns a `Graph` into a tree of `Box`: closed scopes and folded repeats are boxes
that stand for many items, open scopes are hulls around their boxes.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, field

from .graph import Graph, Item

BAD = ("nan", "inf")
_SEVERITY = ("nan", "inf", "exploding", "zero", "vanishing")


@dataclass(eq=False)
class Box:
    """Something drawn: an item, a closed scope, a fold of several, or an open scope (hull).

    Attributes
    ----------
    kind : str
        op, leaf, function; scope (closed), fold; hull (open: has `children`).
    title : str
        First line.
    items : list of int
        Indices of the graph's items in it.
    order : float
        Larger is nearer to the loss.
    low, high : float
        Smallest and largest norm of its items; NaN if none is known.
    flag : str
        The worst of its items' flags.
    times : int
        How often a folded pattern repeats; 1 elsewhere.
    x, y, width, height : float
        Where it lies; set by `autograd_core.debug.draw.layout`.
    """

    kind: str
    title: str
    items: list[int]
    order: float
    path: tuple[str, ...] = ()
    children: list[Box] = field(default_factory=list)
    parent: Box | None = None
    low: float = math.nan
    high: float = math.nan
    flag: str = ""
    times: int = 1
    first_with_source: int = -1
    """Of a hull in which all came from one line of code: the item that shall show it."""
    x: float = 0.0
    y: float = 0.0
    width: float = 0.0
    height: float = 0.0

    @property
    def bottom(self) -> float:
        """Where it ends."""
        return self.y + self.height

    @property
    def middle(self) -> float:
        """Its horizontal middle."""
        return self.x + self.width / 2

    @property
    def depth(self) -> int:
        """How many hulls are around it."""
        depth, box = 0, self
        while box.parent is not None:
            depth, box = depth + 1, box.parent
        return depth


class Scope:
    """A module path with what ran directly in it and the scopes below."""

    def __init__(self, path: tuple[str, ...]):
        self.path = path
        self.items: list[int] = []
        self.scopes: dict[str, Scope] = {}
        self.total: list[int] = []
        self.signature: object = None
        self.order = 0.0


Unit = int | Scope


def outline(graph: Graph, collapse: int | bool | None = None, max_boxes: int = 60) -> Box:
    """The tree of boxes to draw, as one hull around everything.

    Parameters
    ----------
    graph : Graph
        What to draw.
    collapse : int or bool, optional
        Depth of scopes to open; False: all of them, and fold nothing; True: none.
    max_boxes : int
        How many boxes there may be, where `collapse` is not given.
    """
    scopes = _scopes(graph)
    fault = _fault(graph)
    if collapse is False or (collapse is None and len(graph.items) <= max_boxes):
        return _build(graph, scopes, {s.path for s in scopes}, math.inf, fault)
    if collapse is None:
        opened = _open_what_fits(graph, scopes, max_boxes, fault)
    else:
        depth = 0 if collapse is True else int(collapse)
        opened = {s.path for s in scopes if len(s.path) <= depth}
    return _build(graph, scopes, opened, max_boxes, fault)


def _scopes(graph: Graph) -> list[Scope]:
    """All scopes, the outermost first."""
    root = Scope(())
    found = [root]
    for i, item in enumerate(graph.items):
        scope = root
        scope.total.append(i)
        for name in item.scope:
            inner = scope.scopes.get(name)
            if inner is None:
                inner = scope.scopes[name] = Scope((*scope.path, name))
                found.append(inner)
            scope = inner
            scope.total.append(i)
        scope.items.append(i)
    found.sort(key=lambda s: len(s.path))
    for scope in reversed(found):
        ops = [i for i in scope.items if graph.items[i].kind != "leaf"]
        ops.sort(key=lambda i: -graph.items[i].order)
        inner_scopes = sorted(scope.scopes.values(), key=lambda s: -s.order)
        scope.order = max((graph.items[i].order for i in scope.total), default=0)
        labels = tuple((graph.items[i].label, graph.items[i].place) for i in ops)
        scope.signature = hash((labels, tuple(s.signature for s in inner_scopes)))
    return found


def _fault(graph: Graph) -> int | None:
    """The item at which backward first met a NaN or an Inf."""
    bad = [i for i, item in enumerate(graph.items) if item.flag in BAD]
    return max(bad, key=lambda i: graph.items[i].order, default=None)


def _units(graph: Graph, scope: Scope) -> list[Unit]:
    """What an open scope shows, in the order in which backward meets it, leaves last."""
    units: list[Unit] = list(scope.items)
    inner = scope.scopes.values()
    units += [s.total[0] if len(s.total) == 1 else s for s in inner]
    return sorted(units, key=lambda u: -_order(graph, u))


def _order(graph: Graph, unit: Unit) -> float:
    return unit.order if isinstance(unit, Scope) else graph.items[unit].order


def _open_what_fits(
    graph: Graph, scopes: list[Scope], max_boxes: int, fault: int | None
) -> set[tuple[str, ...]]:
    opened: set[tuple[str, ...]] = {()}
    shown = min(len(_units(graph, scopes[0])), max_boxes)
    if fault is not None:
        path = graph.items[fault].scope
        for scope in scopes[1:]:
            if path[: len(scope.path)] == scope.path and len(scope.total) > 1:
                opened.add(scope.path)
                shown += min(len(_units(graph, scope)), max_boxes // 3) - 1
    for scope in sorted(scopes[1:], key=lambda s: (len(s.path), len(s.total))):
        count = len(_units(graph, scope))
        if scope.path in opened or scope.path[:-1] not in opened or len(scope.total) == 1:
            continue
        if shown + count - 1 <= max_boxes:
            opened.add(scope.path)
            shown += count - 1
    return opened


def _build(
    graph: Graph,
    scopes: list[Scope],
    opened: set[tuple[str, ...]],
    max_boxes: float,
    fault: int | None,
) -> Box:
    hulls: dict[tuple[str, ...], Box] = {}
    room = {s.path: max_boxes if not s.path else max(max_boxes / 3, 8) for s in scopes}
    for scope in scopes:
        if scope.path not in opened or (scope.path and len(scope.total) == 1):
            continue
        parent = hulls.get(scope.path[:-1]) if scope.path else None
        if scope.path and parent is None:
            continue
        hull = Box(
            "hull", ".".join(scope.path), scope.total, scope.order, scope.path, parent=parent
        )
        hulls[scope.path] = hull
        if parent is not None:
            parent.children.append(hull)
        still = {s.path for s in scope.scopes.values() if s.path in opened and len(s.total) > 1}
        units = [u for u in _units(graph, scope) if not (isinstance(u, Scope) and u.path in still)]
        for box in _boxes(graph, units, max(room[scope.path] - len(still), 4), fault):
            box.parent = hull
            hull.children.append(box)
    for hull in hulls.values():
        for box in (*hull.children, hull):
            _describe(graph, box)
    return hulls[()]


def _boxes(graph: Graph, units: Sequence[Unit], room: float, fault: int | None) -> list[Box]:
    leaves = [u for u in units if not isinstance(u, Scope) and graph.items[u].kind == "leaf"]
    rest = [u for u in units if isinstance(u, Scope) or graph.items[u].kind != "leaf"]
    if len(units) <= room:
        return [_box(graph, u) for u in (*rest, *leaves)]
    groups = _fold_repeats(graph, rest, fault)
    few = min(len(leaves), 12)
    if len(groups) + few > room:
        groups = _fold_middle(groups, max(int(room) - few, 4), fault)
    boxes = [_group_box(graph, g, times) for g, times in groups]
    return boxes + _leaf_boxes(graph, boxes, leaves, fault)


def _fold_repeats(
    graph: Graph, units: list[Unit], fault: int | None
) -> list[tuple[list[Unit], int]]:
    """Find stretches where a short pattern repeats, and fold all but the first and last."""
    names = [_signature(graph, u) for u in units]
    groups: list[tuple[list[Unit], int]] = []
    i = 0
    while i < len(units):
        best, period = 0, 0
        for p in range(1, 17):
            n = i
            while n + p < len(units) and names[n] == names[n + p]:
                n += 1
            length = (n - i) // p * p + p
            if length >= 4 * p and length - p > best:
                best, period = length - p, p
        if not best:
            groups.append(([units[i]], 1))
            i += 1
            continue
        length = best + period
        inner = units[i + period : i + length - period]
        groups += [([u], 1) for u in units[i : i + period]]
        groups += _split(inner, period, fault)
        groups += [([u], 1) for u in units[i + length - period : i + length]]
        i += length
    return groups


def _split(units: list[Unit], period: int, fault: int | None) -> list[tuple[list[Unit], int]]:
    """A stretch of repeats as one group, or as two around the faulty repeat."""
    at = next((n for n, u in enumerate(units) if _has(u, fault)), None)
    if at is None:
        return [(units, len(units) // period)]
    start = at // period * period
    before, after = units[:start], units[start + period :]
    groups = [(before, len(before) // period)] if before else []
    groups += [([u], 1) for u in units[start : start + period]]
    return groups + ([(after, len(after) // period)] if after else [])


def _has(unit: Unit, fault: int | None) -> bool:
    return fault is not None and (fault in unit.total if isinstance(unit, Scope) else unit == fault)


def _signature(graph: Graph, unit: Unit) -> object:
    if isinstance(unit, Scope):
        return ("scope", unit.signature)
    item = graph.items[unit]
    return (item.label, item.place or item.scope)


def _fold_middle(
    groups: list[tuple[list[Unit], int]], room: int, fault: int | None
) -> list[tuple[list[Unit], int]]:
    """Keep what is near the loss and near the leaves, and fold everything between."""
    head = max(room // 2 - 2, 1)
    tail = max(room - head - 3, 1)
    if len(groups) <= head + tail + 1:
        return groups
    middle = groups[head : len(groups) - tail]
    at = next((n for n, (g, _) in enumerate(middle) if any(_has(u, fault) for u in g)), None)
    parts = [middle] if at is None else [middle[:at], middle[at : at + 1], middle[at + 1 :]]
    folded = []
    for part in parts:
        units = [u for group, _ in part for u in group]
        if len(part) == 1:
            folded.append(part[0])
        elif units:
            folded.append((units, 1))
    return groups[:head] + folded + groups[len(groups) - tail :]


def _leaf_boxes(
    graph: Graph, boxes: list[Box], leaves: Sequence[Unit], fault: int | None
) -> list[Box]:
    """A leaf that only one fold uses goes into it; too many leaves become one box."""
    owner = {i: box for box in boxes for i in box.items}
    users: dict[int, set[int]] = {}
    for a, b in graph.edges:
        if graph.items[b].kind == "leaf":
            users.setdefault(b, set()).add(id(owner.get(a)))
    by_id = {id(box): box for box in boxes}
    alone: list[Unit] = []
    for leaf in leaves:
        assert isinstance(leaf, int)
        who = users.get(leaf, set())
        box = by_id.get(next(iter(who))) if len(who) == 1 else None
        if box is not None and box.kind == "fold":
            box.items.append(leaf)
        else:
            alone.append(leaf)
    if len(alone) <= 12:
        return [_box(graph, u) for u in alone]
    kept = [u for u in alone if _has(u, fault)]
    fold = [u for u in alone if u not in kept]
    return [*(_box(graph, u) for u in kept), _group_box(graph, fold, 1)]


def _box(graph: Graph, unit: Unit) -> Box:
    if isinstance(unit, Scope):
        return Box("scope", ".".join(unit.path), list(unit.total), unit.order, unit.path)
    item = graph.items[unit]
    return Box(item.kind, item.label, [unit], item.order, item.scope)


def _group_box(graph: Graph, units: Sequence[Unit], times: int) -> Box:
    if len(units) == 1:
        return _box(graph, units[0])
    items = [i for u in units for i in (u.total if isinstance(u, Scope) else [u])]
    order = max(_order(graph, u) for u in units)
    box = Box("fold", "", items, order, times=times)
    names = [u.path[-1] if isinstance(u, Scope) else graph.items[u].label for u in units]
    if times > 1:
        period = len(units) // times
        if period == 1 and isinstance(units[0], Scope):
            box.title = f"{names[-1]} … {names[0]}"
        else:
            box.title = " · ".join(names[: min(period, 4)]) + (" …" if period > 4 else "")
        box.title += f"  ×{times}"
    elif all(graph.items[i].kind == "leaf" for i in items):
        box.title = f"{len(items):,} leaves"
    else:
        box.title = f"{len(items):,} nodes"
    return box


def _describe(graph: Graph, box: Box) -> None:
    """Norms and the worst flag of what is in a box."""
    inside: list[Item] = [graph.items[i] for i in box.items]
    ops = [i for i in box.items if graph.items[i].kind != "leaf"]
    if box.kind == "hull" and box.path and len({graph.items[i].source for i in ops}) == 1:
        box.first_with_source = max(ops, key=lambda i: graph.items[i].order)
    norms = [it.norm for it in inside if not math.isnan(it.norm) and it.flag not in BAD]
    box.low, box.high = (min(norms), max(norms)) if norms else (math.nan, math.nan)
    flags = {it.flag for it in inside}
    box.flag = next((f for f in _SEVERITY if f in flags), "")
    if not box.flag and flags == {"unreached"}:
        box.flag = "unreached"
    if box.flag in ("zero", "vanishing") and len(inside) > 1 and flags - {box.flag, "unreached"}:
        box.flag = ""  # some are, not all: the range of norms says so
