"""Where everything goes: each open scope is laid out by itself, from the inside out.

An arrow that leaves a scope passes its border through a port.  So every arrow is cut at
borders, each scope arranges its own part (`layers.arrange`), and the parts join up again
at the ports.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field

from .graph import Graph
from .layers import Arrow, Cell, arrange
from .outline import Box

GAP_X, GAP_Y = 22.0, 30.0
PAD, HEAD = 14.0, 26.0
"""Room inside a hull, and for its title."""

Point = tuple[float, float]


@dataclass
class Route:
    """The way of an arrow: straight pieces, to be drawn as one smooth line."""

    source: Box
    target: Box
    points: list[Point]
    ends: bool = True
    """Whether an arrow head belongs at its end (False: it joins another route)."""
    flipped: bool = False


@dataclass
class Layout:
    """Boxes with their places, hulls from the outside in, and routes."""

    graph: Graph
    root: Box
    boxes: list[Box]
    hulls: list[Box]
    routes: list[Route]
    width: float
    height: float


@dataclass
class _Plan:
    """One hull being laid out."""

    cells: list[Cell] = field(default_factory=list)
    index: dict[object, int] = field(default_factory=dict)
    arrows: dict[tuple[int, int, int], Arrow] = field(default_factory=dict)


def place(graph: Graph, root: Box, measure: Callable[[Box], tuple[float, float]]) -> Layout:
    """Lay out a tree of boxes.

    Parameters
    ----------
    graph : Graph
        Its arrows are what is to be routed.
    root : Box
        From `outline.outline`.
    measure : callable
        Width and height of a closed box.
    """
    hulls = _hulls(root)
    boxes = [b for h in hulls for b in h.children if b.kind != "hull"]
    for box in boxes:
        box.width, box.height = measure(box)
    pairs = _pairs(graph, boxes)
    plans = {id(h): _Plan() for h in hulls}
    ways = [_way(plans, *pair) for pair in pairs]
    for hull in reversed(hulls):
        _arrange(hull, plans)
    _settle(hulls, plans)
    routes = _routes(pairs, ways, plans)
    return Layout(graph, root, boxes, hulls[1:], routes, root.width, root.height)


def _hulls(root: Box) -> list[Box]:
    """The open scopes, the outermost first."""
    found, at = [root], 0
    while at < len(found):
        found += [b for b in found[at].children if b.kind == "hull"]
        at += 1
    return found


def _pairs(graph: Graph, boxes: list[Box]) -> list[tuple[Box, Box]]:
    owner = {i: box for box in boxes for i in box.items}
    pairs: dict[tuple[int, int], tuple[Box, Box]] = {}
    for a, b in graph.edges:
        one, two = owner[a], owner[b]
        if one is not two:
            pairs[id(one), id(two)] = (one, two)
    return list(pairs.values())


def _lineage(box: Box) -> list[Box]:
    """The box and the hulls around it, from the outside in."""
    line = [box]
    while line[-1].parent is not None:
        line.append(line[-1].parent)
    return line[::-1]


Piece = tuple[Box, object, object]
"""A part of an arrow: in this hull, from this (a box or a port) to that."""


def _way(plans: dict[int, _Plan], source: Box, target: Box) -> list[Piece]:
    """Cut an arrow at the borders it crosses, and note each piece in its hull's plan."""
    up, down = _lineage(source), _lineage(target)
    common = 0
    while up[common + 1] is down[common + 1]:
        common += 1
    key = id(target)
    inside, outside = range(len(up) - 2, common, -1), range(common + 1, len(down) - 1)
    pieces: list[Piece] = [(up[n], up[n + 1], ("out", key)) for n in inside]
    pieces.append((up[common], up[common + 1], down[common + 1]))
    pieces += [(down[n], ("in", key), down[n + 1]) for n in outside]
    for hull, a, b in pieces:
        _note(plans[id(hull)], a, b, key)
    return pieces


def _note(plan: _Plan, a: object, b: object, key: int) -> None:
    u, v = _cell(plan, a), _cell(plan, b)
    plan.arrows.setdefault((u, v, key), Arrow(u, v, key))


def _cell(plan: _Plan, what: object) -> int:
    name = what if isinstance(what, tuple) else id(what)
    at = plan.index.get(name)
    if at is None:
        at = plan.index[name] = len(plan.cells)
        if isinstance(what, Box):
            plan.cells.append(Cell(0.0, 0.0, what.order))
        else:
            plan.cells.append(Cell(14.0, 0.0, kind=name[0]))  # type: ignore[index]
    return at


def _arrange(hull: Box, plans: dict[int, _Plan]) -> None:
    plan = plans[id(hull)]
    for child in hull.children:
        cell = plan.cells[_cell(plan, child)]
        cell.width, cell.height = child.width, child.height
    by_cell = {plan.index[id(c)]: c for c in hull.children}
    for arrow in plan.arrows.values():
        arrow.dx = _port_offset(by_cell.get(arrow.source), ("out", arrow.key), plans)
        arrow.dy = _port_offset(by_cell.get(arrow.target), ("in", arrow.key), plans)
    width, height = arrange(plan.cells, list(plan.arrows.values()), GAP_X, GAP_Y)
    top = HEAD if hull.parent is not None else 0.0
    pad = PAD if hull.parent is not None else 0.0
    title = 8.2 * len(hull.title) + 2 * PAD if hull.parent is not None else 0.0
    shift = max((title - width) / 2 - pad, 0.0)
    for cell in plan.cells:
        cell.x += pad + shift
        cell.y += top
    hull.width = width + 2 * (pad + shift)
    hull.height = height + top + (pad if hull.parent is not None else 0.0)
    for cell in plan.cells:  # ports lie on the border itself
        if cell.kind == "in":
            cell.y = 0.0
        elif cell.kind == "out":
            cell.y = hull.height


def _port_offset(child: Box | None, port: tuple[str, int], plans: dict[int, _Plan]) -> float:
    if child is None or child.kind != "hull":
        return 0.0
    plan = plans[id(child)]
    at = plan.index.get(port)
    return 0.0 if at is None else plan.cells[at].x - child.width / 2


def _settle(hulls: list[Box], plans: dict[int, _Plan]) -> None:
    """From places within the hull to places on the page, from the outside in."""
    for hull in hulls:
        plan = plans[id(hull)]
        for cell in plan.cells:
            cell.x += hull.x
            cell.y += hull.y
        for child in hull.children:
            cell = plan.cells[plan.index[id(child)]]
            child.x, child.y = cell.x - cell.width / 2, cell.y


def _routes(
    pairs: list[tuple[Box, Box]], ways: list[list[Piece]], plans: dict[int, _Plan]
) -> list[Route]:
    routes = []
    for (source, target), pieces in zip(pairs, ways, strict=True):
        points: list[Point] = []
        flipped = False
        for hull, a, b in pieces:
            plan = plans[id(hull)]
            u, v = _cell(plan, a), _cell(plan, b)
            arrow = plan.arrows[u, v, id(target)]
            flipped = flipped or arrow.flipped
            rails = [plan.cells[i] for i in arrow.rail]
            for cell in reversed(rails) if arrow.flipped else rails:
                ends = [(cell.x, cell.y), (cell.x, cell.y + cell.height)]
                points += ends[::-1] if arrow.flipped else ends
            if isinstance(b, tuple):
                port = plan.cells[v]
                points.append((port.x, port.y))
            elif b is not target:  # the port is noted by the next piece's hull
                inner = plans[id(b)]
                port = inner.cells[inner.index["in", id(target)]]
                points.append((port.x, port.y))
        routes.append(Route(source, target, points, True, flipped))
    _attach(routes)
    return _share(routes)


def _attach(routes: list[Route]) -> None:
    """Give each route its begin at the box's border, side by side where there are several."""
    leaving: dict[int, list[Route]] = {}
    for route in routes:
        leaving.setdefault(id(route.source), []).append(route)
    for group in leaving.values():
        box = group[0].source
        down = [r for r in group if not r.flipped]
        down.sort(key=lambda r: (r.points[0] if r.points else (r.target.middle, 0.0))[0])
        wanted = [(r.points[0] if r.points else (r.target.middle, 0.0))[0] for r in down]
        for route, at in zip(down, _side_by_side(box, wanted), strict=True):
            route.points.insert(0, (at, box.bottom))
            route.points.append((route.target.middle, route.target.y))
        for route in group:
            if route.flipped:
                route.points.insert(0, (box.x + box.width, box.y + box.height / 2))
                route.points.append(
                    (route.target.x + route.target.width, route.target.y + route.target.height / 2)
                )


def _side_by_side(box: Box, wanted: list[float]) -> list[float]:
    """Places on the lower border: straight above what follows where there is room."""
    room = max(box.width - 28, 0.0)
    step = min(18.0, room / max(len(wanted) - 1, 1))
    left = box.middle - room / 2
    places: list[float] = []
    for n, x in enumerate(wanted):
        if abs(x - box.middle) > room / 2:  # not below the box: leave near the middle
            x = box.middle + (n - (len(wanted) - 1) / 2) * step
        first = places[-1] + step if places else left
        last = left + room - step * (len(wanted) - 1 - n)
        places.append(max(min(x, last), first))
    return places


def _share(routes: list[Route]) -> list[Route]:
    """Where routes to one target run together, only the first keeps the common part."""
    seen: dict[int, set[tuple[Point, Point]]] = {}
    for route in routes:
        drawn = seen.setdefault(id(route.target), set())
        points = route.points
        for n in range(len(points) - 1):
            if (points[n], points[n + 1]) in drawn:
                route.points = points[: n + 1]
                route.ends = False
                break
            drawn.add((points[n], points[n + 1]))
    return routes
