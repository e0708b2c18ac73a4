"""Layered layout of one scope: what is used lies below what uses it.

The classical steps (Sugiyama, Tagawa and Toda, 1981): turn around arrows that would close
a cycle, give each box a layer, lay a rail of dummies for arrows that pass layers, order
the layers to avoid crossings, and place boxes side by side.  All arrows to one target
share one rail; that keeps a leaf used a thousand times readable, and the work small.
Nothing here recurses.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from itertools import pairwise

RAIL = 16.0
"""Room a rail takes."""
PORT_GAP = 10.0
"""Room between a scope's border and what lies next to it."""


@dataclass(slots=True)
class Cell:
    """A box, a dummy of a rail, or a port of a scope's border (height 0)."""

    width: float
    height: float
    order: float = 0.0
    layer: int = -1
    x: float = 0.0
    y: float = 0.0
    kind: str = "box"
    above: list[tuple[int, float]] = field(default_factory=list)
    below: list[tuple[int, float]] = field(default_factory=list)


@dataclass(slots=True)
class Arrow:
    """From one cell to another; arrows with the same key and target share a rail.

    ``dx`` and ``dy`` say where on the cells it begins and ends, from their middles.
    ``points`` is its way, from the begin over the dummies to the end.
    """

    source: int
    target: int
    key: int
    dx: float = 0.0
    dy: float = 0.0
    rail: list[int] = field(default_factory=list)
    flipped: bool = False


def arrange(
    cells: list[Cell], arrows: Sequence[Arrow], gap_x: float, gap_y: float
) -> tuple[float, float]:
    """Place all cells; returns width and height of the whole.

    Cells of kind ``in`` go to the top, of kind ``out`` to the bottom.  ``x`` and ``y`` of
    a cell are its middle and its top.  Dummies are appended to `cells`.
    """
    if not cells:
        return 0.0, 0.0
    _break_cycles(cells, arrows)
    _assign_layers(cells, arrows)
    _lay_rails(cells, arrows)
    layers = _layers_of(cells)
    _order_layers(cells, layers)
    _place(cells, layers, gap_x)
    _close_ranks(cells, layers, gap_x)
    return _stack(cells, layers, gap_y)


def _break_cycles(cells: list[Cell], arrows: Sequence[Arrow]) -> None:
    """Arrows go from later to earlier; those that don't are laid out the other way round."""
    rank = {"in": 2, "box": 1, "out": 0}
    for arrow in arrows:
        u, v = cells[arrow.source], cells[arrow.target]
        arrow.flipped = (rank[u.kind], u.order, arrow.target) < (
            rank[v.kind],
            v.order,
            arrow.source,
        )


def _ends(arrow: Arrow) -> tuple[int, int]:
    return (arrow.target, arrow.source) if arrow.flipped else (arrow.source, arrow.target)


def _assign_layers(cells: list[Cell], arrows: Sequence[Arrow]) -> None:
    """Longest path from the top, in an order in which every arrow points forward."""
    following: list[list[int]] = [[] for _ in cells]
    for arrow in arrows:
        u, v = _ends(arrow)
        following[u].append(v)
    rank = {"in": 2, "box": 1, "out": 0}
    order = sorted(range(len(cells)), key=lambda i: (-rank[cells[i].kind], -cells[i].order, i))
    for cell in cells:
        cell.layer = 0 if cell.kind == "in" else -1
    has_in = any(cell.kind == "in" for cell in cells)
    for i in order:
        if cells[i].layer < 0:
            cells[i].layer = 1 if has_in else 0
        for j in following[i]:
            cells[j].layer = max(cells[j].layer, cells[i].layer + 1)
    last = (
        max(cell.layer for cell in cells if cell.kind != "out")
        if any(c.kind != "out" for c in cells)
        else 0
    )
    for cell in cells:
        if cell.kind == "out":
            cell.layer = last + 1


def _lay_rails(cells: list[Cell], arrows: Sequence[Arrow]) -> None:
    rails: dict[tuple[int, int, int], int] = {}

    def dummy(key: tuple[int, int], layer: int) -> int:
        at = rails.get((*key, layer))
        if at is None:
            at = rails[(*key, layer)] = len(cells)
            cells.append(Cell(RAIL, 0.0, layer=layer, kind="rail"))
        return at

    joined: set[tuple[int, int]] = set()
    for arrow in arrows:
        u, v = _ends(arrow)
        key = (v, arrow.key) if not arrow.flipped else (-1 - v, arrow.key * 100003 + u)
        arrow.rail = [dummy(key, n) for n in range(cells[u].layer + 1, cells[v].layer)]
        way = [u, *arrow.rail, v]
        for a, b in pairwise(way):
            if (a, b) in joined:
                continue
            joined.add((a, b))
            begin = (arrow.dy if arrow.flipped else arrow.dx) if a == u else 0.0
            end = (arrow.dx if arrow.flipped else arrow.dy) if b == v else 0.0
            cells[a].below.append((b, end - begin))
            cells[b].above.append((a, begin - end))


def _layers_of(cells: list[Cell]) -> list[list[int]]:
    layers: list[list[int]] = [[] for _ in range(max(c.layer for c in cells) + 1)]
    for i, cell in enumerate(cells):
        layers[cell.layer].append(i)
    return layers


def _order_layers(cells: list[Cell], layers: list[list[int]], sweeps: int = 8) -> None:
    """Sort each layer by the middle of the neighbours in the layer before, down and up."""
    place = [0.0] * len(cells)

    def settle(layer: list[int]) -> None:
        for n, i in enumerate(layer):
            place[i] = (n + 0.5) / len(layer)

    for layer in layers:
        layer.sort(key=lambda i: -cells[i].order)
        settle(layer)
    best, fewest = [list(layer) for layer in layers], _crossings(cells, layers, place)
    for sweep in range(sweeps):
        if not fewest:
            break
        down = sweep % 2 == 0
        for layer in layers if down else reversed(layers):
            middle = {}
            for i in layer:
                near = cells[i].above if down else cells[i].below
                middle[i] = sum(place[j] for j, _ in near) / len(near) if near else place[i]
            layer.sort(key=middle.__getitem__)
            settle(layer)
        count = _crossings(cells, layers, place)
        if count < fewest:
            best, fewest = [list(layer) for layer in layers], count
    for layer, order in zip(layers, best, strict=True):
        layer[:] = order


def _crossings(cells: list[Cell], layers: list[list[int]], place: list[float]) -> int:
    count = 0
    for layer in layers:
        ends = [sorted(place[j] for j, _ in cells[i].below) for i in layer]
        flat: list[float] = []
        for near in ends:
            count += (
                sum(1 for end in near for other in flat if other > end) if len(flat) < 400 else 0
            )
            flat += near
    return count


def _place(cells: list[Cell], layers: list[list[int]], gap: float, sweeps: int = 24) -> None:
    """Draw each cell towards its neighbours, again and again, keeping order and distance."""
    for layer in layers:
        _spread(cells, layer, [0.0] * len(layer), [1.0] * len(layer), gap)
    for sweep in range(sweeps):
        down = sweep % 2 == 0
        final = sweep >= sweeps - 8
        for layer in layers if down else reversed(layers):
            wanted, weights = [], []
            for i in layer:
                cell = cells[i]
                near = cell.above + cell.below if final else (cell.above if down else cell.below)
                near = near or cell.above + cell.below
                pull = [_pull(cell, cells[j]) for j, _ in near]
                total = sum(pull)
                at = sum(p * (cells[j].x + d) for p, (j, d) in zip(pull, near, strict=True))
                wanted.append(at / total if total else cell.x)
                weights.append(max(pull, default=0.2))
            _spread(cells, layer, wanted, weights, gap)


def _close_ranks(cells: list[Cell], layers: list[list[int]], gap: float) -> None:
    """Move parts that nothing connects next to one another."""
    part = list(range(len(cells)))

    def find(i: int) -> int:
        while part[i] != i:
            part[i] = part[part[i]]
            i = part[i]
        return i

    for i, cell in enumerate(cells):
        for j, _ in cell.below:
            part[find(j)] = find(i)
    groups: dict[int, list[int]] = {}
    for layer in layers:
        for i in layer:
            groups.setdefault(find(i), []).append(i)
    right: dict[int, float] = {}
    for group in sorted(groups.values(), key=lambda g: min(cells[i].x for i in g)):
        room = [
            cells[i].x - cells[i].width / 2 - right[cells[i].layer]
            for i in group
            if cells[i].layer in right
        ]
        shift = min(room) - gap if room else 0.0
        for i in group:
            cell = cells[i]
            cell.x -= shift
            right[cell.layer] = max(right.get(cell.layer, -1e18), cell.x + cell.width / 2)


def _pull(one: Cell, two: Cell) -> float:
    """Rails and chains should be straight, so they pull hardest."""
    rails = (one.kind == "rail") + (two.kind == "rail")
    upper, lower = (one, two) if one.layer < two.layer else (two, one)
    chain = len(upper.below) == 1 and len(lower.above) == 1
    return 8.0 if rails == 2 or chain else (1.0, 2.0)[rails]


def _spread(
    cells: list[Cell], layer: list[int], wanted: list[float], weights: list[float], gap: float
) -> None:
    """The positions closest to the wanted ones that keep order and distance.

    Least squares under ``x[k+1] - x[k] >= distance``: isotonic regression after the
    distances are taken off, by pooling neighbours that would overlap.
    """
    offsets = [0.0]
    for a, b in pairwise(layer):
        one, two = cells[a], cells[b]
        between = gap * 0.5 if "rail" in (one.kind, two.kind) else gap
        offsets.append(offsets[-1] + (one.width + two.width) / 2 + between)
    pools: list[list[float]] = []  # mean, weight, count
    for want, weight, offset in zip(wanted, weights, offsets, strict=True):
        pools.append([want - offset, weight, 1])
        while len(pools) > 1 and pools[-2][0] > pools[-1][0]:
            mean, more, count = pools.pop()
            last = pools[-1]
            last[0] = (last[0] * last[1] + mean * more) / (last[1] + more)
            last[1] += more
            last[2] += count
    n = 0
    for mean, _, count in pools:
        for _ in range(int(count)):
            cells[layer[n]].x = mean + offsets[n]
            n += 1


def _only_ports(cells: list[Cell], layer: list[int]) -> bool:
    return any(cells[i].kind in ("in", "out") for i in layer)


def _stack(cells: list[Cell], layers: list[list[int]], gap: float) -> tuple[float, float]:
    left = min(c.x - c.width / 2 for c in cells)
    right = max(c.x + c.width / 2 for c in cells)
    y = 0.0
    for n, layer in enumerate(layers):
        tallest = max((cells[i].height for i in layer), default=0.0)
        for i in layer:
            cell = cells[i]
            cell.x -= left
            if cell.kind == "rail":  # straight past the boxes of its layer
                cell.height = tallest
            cell.y = y + (tallest - cell.height) / 2
        if n < len(layers) - 1:
            thin = _only_ports(cells, layer) or _only_ports(cells, layers[n + 1])
            y += tallest + (PORT_GAP if thin else gap)
        else:
            y += tallest
    return right - left, y
