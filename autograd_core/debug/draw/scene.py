"""A graph's layout as shapes: coloured boxes, weighted arrows, hulls, legend."""

from __future__ import annotations

import math
from collections.abc import Callable

from . import outline as outlines
from .graph import Graph, Item
from .layout import Layout, Route, place
from .outline import Box
from .shapes import Begin, End, Line, Polygon, Rect, Scene, Text, glyph
from .theme import (
    HIGH,
    LOW,
    VERMILION,
    Theme,
    ink_on,
    number,
    position,
    shorten,
    stroke_width,
    text_width,
    viridis,
)

MARGIN = 28.0
HEADER = 30.0
LEGEND = 74.0
SOURCE_LIMIT = 38
VIEWS = frozenset((
    "Alias", "AsStrided", "Diagonal", "Expand", "Flatten", "Movedim", "Permute", "Reshape",
    "Select", "Slice", "Split", "SplitWithSizes", "Squeeze", "T", "Transpose", "Unbind",
    "Unfold", "UnsafeView", "Unsqueeze", "View",
))  # fmt: skip
WORDS = {"nan": "NaN", "inf": "Inf", "zero": "all zero", "vanishing": "vanishing",
         "exploding": "exploding"}  # fmt: skip


def scene_of(
    graph: Graph, theme: Theme, collapse: int | bool | None = None, max_boxes: int = 60
) -> Scene:
    """Draw a graph: the loss at the top, leaves at the bottom, colour by gradient norm."""
    layout = place(graph, outlines.outline(graph, collapse, max_boxes), measure_in(graph))
    title = graph.title
    heading = text_width("Backward graph", 14, True) + 12 + text_width(title, 11.5)
    width = max(layout.width + 2 * MARGIN, heading + 2 * MARGIN, 452.0)
    shift = (width - layout.width) / 2
    height = layout.height + 2 * MARGIN + HEADER + LEGEND
    scene = Scene(width, height, theme.page, title=title)
    scene.add(Text(MARGIN, 30, "Backward graph", 14, theme.text, bold=True))
    scene.add(
        Text(MARGIN + text_width("Backward graph", 14, True) + 12, 30, title, 11.5, theme.quiet)
    )
    _move(layout, shift, MARGIN + HEADER)
    for hull in layout.hulls:
        _hull(scene, hull, theme)
    for route in layout.routes:
        _route(scene, graph, route, theme)
    for box in layout.boxes:
        _box(scene, graph, box, theme)
    if not graph.items:
        scene.add(
            Text(
                width / 2,
                MARGIN + HEADER + 10,
                "no nodes were recorded",
                12,
                theme.quiet,
                anchor="middle",
            )
        )
    _legend(scene, layout, theme, MARGIN, height - LEGEND - 4)
    return scene


def _move(layout: Layout, dx: float, dy: float) -> None:
    for box in (*layout.boxes, *layout.hulls):
        box.x += dx
        box.y += dy
    for route in layout.routes:
        route.points = [(x + dx, y + dy) for x, y in route.points]


# ------------------------------------------------------------------ text of a box


def lines_of(graph: Graph, box: Box) -> list[tuple[str, float, bool]]:
    """The lines under a box's title: (text, size, monospaced)."""
    if box.kind in ("scope", "fold"):
        return _group_lines(graph, box)
    item = graph.items[box.items[0]]
    lines: list[tuple[str, float, bool]] = []
    if _small(item):
        return [(item.shape, 9.0, False)] if item.shape else []
    facts = [item.shape] if item.shape else []
    if item.flag in ("nan", "inf"):
        facts.append(f"{item.count:,} {WORDS[item.flag]}")
    elif item.flag == "unreached":
        pass
    elif not math.isnan(item.norm):
        facts.append(f"‖g‖ {number(item.norm)}")
    if facts:
        lines.append(("   ".join(facts), 10.0, False))
    if item.kind == "leaf":
        return lines
    if box.parent is not None and item.scope != box.parent.path:
        lines.append((shorten(".".join(item.scope), 34), 9.5, False))
    if item.source and (box.parent is None or box.parent.first_with_source in (-1, box.items[0])):
        lines.append((shorten(item.source, SOURCE_LIMIT), 9.0, True))
    return lines


def _small(item: Item) -> bool:
    """Ops that only look at memory in another way are drawn small."""
    return item.label in VIEWS and item.flag not in outlines.BAD


def _group_lines(graph: Graph, box: Box) -> list[tuple[str, float, bool]]:
    count = len(box.items)
    text = f"{count:,} node{'s' * (count != 1)}" if box.kind == "scope" or box.times > 1 else ""
    if not math.isnan(box.high):
        low, high = number(box.low), number(box.high)
        norms = f"‖g‖ {high}" if low == high else f"‖g‖ {low} … {high}"
        text = f"{text}   {norms}" if text else norms
    return [(text, 10.0, False)] if text else []


def measure_in(graph: Graph) -> Callable[[Box], tuple[float, float]]:
    """A function that says how large a box must be for its text."""

    def measure(box: Box) -> tuple[float, float]:
        title_size = _title_size(graph, box)
        title = text_width(_title(box), title_size, bold=True)
        if box.flag in WORDS:
            title += 24 + (
                text_width(WORDS[box.flag], 9.5, True)
                if box.flag in ("zero", "vanishing", "exploding")
                else 0
            )
        lines = lines_of(graph, box)
        widest = max([title, *(text_width(t, size, mono=mono) for t, size, mono in lines)])
        pad = 30 if box.kind in ("leaf", "function") else 22
        height = (
            title_size
            + 3
            + sum(size + 4.5 for _, size, _ in lines)
            + (13 if title_size > 11 else 8)
        )
        return max(widest + pad, 66.0 if title_size > 11 else 44.0), max(height, 26.0)

    return measure


def _title(box: Box) -> str:
    title = box.title
    if box.kind == "leaf" and box.parent is not None and box.parent.path:
        title = title.removeprefix(box.parent.title + ".")
    return shorten(title, 40)


def _title_size(graph: Graph, box: Box) -> float:
    return 10.5 if len(box.items) == 1 and _small(graph.items[box.items[0]]) else 12.0


# ------------------------------------------------------------------ shapes of a box


def colours(box: Box, theme: Theme) -> tuple[str, str, str]:
    """Fill, border and ink of a box."""
    if box.flag in outlines.BAD:
        return theme.alarm, VERMILION, theme.alarm_text
    if math.isnan(box.high) or box.flag == "unreached":
        return theme.neutral, theme.neutral_edge, theme.text
    fill = viridis(position(box.high))
    return fill, _shade(fill), ink_on(fill)


def _shade(colour: str) -> str:
    parts = (int(colour[i : i + 2], 16) for i in (1, 3, 5))
    return "#" + "".join(f"{int(c * 0.72):02x}" for c in parts)


def _box(scene: Scene, graph: Graph, box: Box, theme: Theme) -> None:
    fill, edge, ink = colours(box, theme)
    scene.add(Begin(f"box-{box.items[0]}", tooltip_of(graph, box)))
    x, y, w, h = box.x, box.y, box.width, box.height
    line = 2.6 if box.flag in outlines.BAD else 1.0
    if box.kind in ("scope", "fold"):
        for n in (2, 1):
            scene.add(Rect(x + 4 * n, y + 3 * n, w - 8 * n, h, 7, fill, edge, 1.0))
    if box.kind == "function":
        cut = 11.0
        points = [(x + cut, y), (x + w - cut, y), (x + w, y + h / 2), (x + w - cut, y + h),
                  (x + cut, y + h), (x, y + h / 2)]  # fmt: skip
        scene.add(Polygon(points, fill, edge, max(line, 1.2)))
    else:
        radius = h / 2 if box.kind == "leaf" else 7
        scene.add(Rect(x, y, w, h, min(radius, 21), fill, edge, line))
    _box_text(scene, graph, box, ink)
    scene.add(End())


def _box_text(scene: Scene, graph: Graph, box: Box, ink: str) -> None:
    size = _title_size(graph, box)
    x, y = box.middle, box.y + (18 if size > 11 else 14)
    title = _title(box)
    lines = lines_of(graph, box)
    if not lines:
        y = box.y + box.height / 2 + 4.3
    word = WORDS[box.flag] if box.flag in ("zero", "vanishing", "exploding") else ""
    if box.flag in WORDS:
        across = text_width(title, size, True)
        beside = 16 + (text_width(word, 9.5, True) + 6 if word else 0)
        start = x - (across + beside) / 2
        scene.add(Text(start, y, title, size, ink, bold=True))
        scene.add(
            *glyph(
                box.flag,
                start + across + 12,
                y - 4.2,
                8.5,
                VERMILION if box.flag in outlines.BAD else ink,
            )
        )
        if word:
            scene.add(Text(start + across + 21, y, word, 9.5, ink, bold=True))
    else:
        scene.add(Text(x, y, title, size, ink, bold=True, anchor="middle"))
    for text, size, mono in lines:
        y += size + 4.5
        scene.add(Text(x, y, text, size, ink, mono=mono, anchor="middle", opacity=0.92))


def tooltip_of(graph: Graph, box: Box) -> str:
    """All that is known of a box, one fact a line."""
    if box.kind in ("scope", "fold"):
        where = [".".join(box.path)] if box.path else []
        return "\n".join([_title(box), *where, *(t for t, _, _ in _group_lines(graph, box))])
    item = graph.items[box.items[0]]
    return "\n".join([item.label, *(f"{k}: {v}" for k, v in item.notes.items())])


def _hull(scene: Scene, hull: Box, theme: Theme) -> None:
    fill = theme.hull if hull.depth % 2 else theme.hull_inner
    scene.add(Rect(hull.x, hull.y, hull.width, hull.height, 12, fill, theme.hull_edge, 1.0))
    x, y = hull.x + 12, hull.y + 18
    scene.add(Text(x, y, hull.title, 10.5, theme.text, bold=True))


def _route(scene: Scene, graph: Graph, route: Route, theme: Theme) -> None:
    target = route.target
    carries = "unreached" not in (route.source.flag, target.flag)
    if carries and target.flag in outlines.BAD:
        colour, width = VERMILION, 3.0
    elif carries and not math.isnan(target.high):
        colour, width = viridis(position(target.high)), stroke_width(target.high)
    else:
        colour, width = theme.edge, 1.2
    points = list(route.points)
    head = 5.0 + width * 0.75
    if route.ends and not route.flipped:
        x, y = points[-1]
        points[-1] = (x, y - head + 0.5)
    scene.add(Line(points, colour, width, dash=route.flipped))
    if route.ends and not route.flipped:
        half = head * 0.62
        scene.add(
            Polygon([(x - half, y - head), (x + half, y - head), (x, y - 0.5)], colour, "", 0)
        )


# ------------------------------------------------------------------ legend


def _legend(scene: Scene, layout: Layout, theme: Theme, x: float, y: float) -> None:
    scene.add(Line([(x, y), (scene.width - x, y)], theme.rule, 1.0, smooth=False))
    y += 20
    scene.add(Text(x, y, "‖gradient‖, L2", 10, theme.quiet))
    bar, left = 150.0, x + 88
    for n in range(50):
        scene.add(Rect(left + n * bar / 50, y - 9, bar / 50 + 0.5, 10, 0, viridis((n + 0.5) / 50)))
    for norm in (LOW, 1e-4, 1.0, HIGH):
        at = left + position(norm) * bar
        scene.add(Line([(at, y + 1), (at, y + 4)], theme.quiet, 1.0, smooth=False))
        scene.add(Text(at, y + 14, number(norm), 9, theme.quiet, anchor="middle"))
    at = left + bar + 26
    scene.add(Rect(at, y - 9, 16, 10, 3, theme.neutral, theme.neutral_edge, 1))
    scene.add(Text(at + 22, y, "not reached", 10, theme.quiet))
    at = x
    for kind, word in WORDS.items():
        ink = VERMILION if kind in outlines.BAD else theme.quiet
        scene.add(*glyph(kind, at + 6, y + 32.5, 8.5, ink))
        scene.add(Text(at + 17, y + 36, word, 10, theme.quiet))
        at += 17 + text_width(word, 10) + 16
