"""Gradient flow: the norm along the network, from the input's side to the loss, log scale.

The line shows the L2 norm of each parameter's gradient (or of each module's, or node's),
the dots beneath it the RMS, which does not grow with the size.  The iteration before is a
thin ghost line.  Zero, NaN and Inf have no place on a logarithm: they get their glyph at
the edge of the chart, with the word.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING

from .graph import Item, of_trace
from .picture import Picture
from .shapes import Begin, End, Line, Rect, Scene, Text, glyph
from .theme import VERMILION, Theme, flag_of, number, text_width, theme_of

if TYPE_CHECKING:
    from ..trace.traced import Trace

BLUE, LIGHT_BLUE = "#0969da", "#58a6ff"
WORDS = {"nan": "NaN", "inf": "Inf", "zero": "zero"}


@dataclass(slots=True)
class Stop:
    """One point: a parameter, module or node."""

    name: str
    norm: float
    rms: float
    flag: str
    before: float = math.nan
    """Its norm in the iteration before."""


class Flow(Picture):
    """The gradient-flow picture; ``.stops`` are its points."""

    stops: list[Stop]

    def __init__(self, stops: list[Stop], title: str, theme: str):
        self.stops = stops
        colours = theme_of(theme)
        super().__init__(lambda: chart(stops, title, colours), "svg", theme=theme)

    def __repr__(self) -> str:
        lines = [self.scene.title]
        width = max((len(s.name) for s in self.stops), default=0)
        for s in self.stops:
            said = WORDS.get(s.flag, s.flag)
            ago = "" if math.isnan(s.before) else f"  before {number(s.before)}"
            lines.append(f"  {s.name:<{width}}  {_bar(s)}  {number(s.norm)}{ago}  {said}".rstrip())
        return "\n".join(lines)


def _bar(s: Stop) -> str:
    if math.isnan(s.norm) or s.norm <= 0:
        return " " * 12
    cells = 12 if math.isinf(s.norm) else min(max(round(math.log10(s.norm) + 8), 0), 12)
    return "█" * cells + "·" * (12 - cells)


def flow(
    trace: Trace, by: str = "parameter", iteration: int | None = None, theme: str = "light"
) -> Flow:
    """See `Trace.flow`."""
    if by not in ("parameter", "module", "node"):
        raise ValueError(f"by must be 'parameter', 'module' or 'node', got {by!r}")
    trace.table("nodes")
    iteration = trace.last_iteration if iteration is None else iteration
    stops = _stops(trace, by, iteration)
    before = (
        {s.name: s.norm for s in _stops(trace, by, iteration - 1)}
        if (trace.tables["nodes"].column("iteration") == iteration - 1).any()
        else {}
    )
    for stop in stops:
        stop.before = before.get(stop.name, math.nan)
    what = {"parameter": "parameter", "module": "module", "node": "node"}[by]
    count = f"{len(stops)} {what}{'s' * (len(stops) != 1)}"
    return Flow(stops, f"Gradient flow · iteration {iteration} · {count}", theme)


def _stops(trace: Trace, by: str, iteration: int) -> list[Stop]:
    graph = of_trace(trace, iteration)
    first_use: dict[int, int] = {}
    for user, used in graph.edges:
        order = graph.items[user].order
        first_use[used] = min(first_use.get(used, order), order)
    groups: dict[str, list[Item]] = {}
    at: dict[str, float] = {}
    numbers: dict[str, int] = {}
    for i, item in enumerate(graph.items):
        if (item.kind == "leaf") != (by == "parameter") or item.flag == "unreached":
            continue
        if by == "node":
            numbers[item.label] = numbers.get(item.label, 0) + 1
            name = f"{item.label} {numbers[item.label]}"
        else:
            name = item.label if by == "parameter" else ".".join(item.scope) or "(no module)"
            if name == "leaf":
                numbers[name] = numbers.get(name, 0) + 1
                name = f"leaf {numbers[name]}"
        groups.setdefault(name, []).append(item)
        order = first_use.get(i, item.order) if by == "parameter" else item.order
        at[name] = min(at.get(name, order), order)
    return [_stop(name, groups[name]) for name in sorted(groups, key=lambda n: at[n])]


def _stop(name: str, items: list[Item]) -> Stop:
    norm = math.sqrt(sum(i.norm**2 for i in items)) if all(i.norm < 1e150 for i in items) else max(
        (i.norm for i in items), key=lambda n: (math.isnan(n), n))  # fmt: skip
    size = sum(max(i.size, 0) for i in items)
    rms = norm / size**0.5 if size else math.nan
    bad = [f for f in ("nan", "inf") if any(i.flag == f for i in items)]
    return Stop(name, norm, rms, bad[0] if bad else flag_of(norm, size, 0, 0))


# ------------------------------------------------------------------ the chart


def chart(stops: list[Stop], title: str, theme: Theme) -> Scene:
    """The points as a chart with a logarithmic scale."""
    left, top, plot = 64.0, 58.0, 210.0
    step = min(max(620.0 / max(len(stops), 1), 14.0), 90.0)
    inner = max(step * len(stops), 430.0)
    step = inner / max(len(stops), 1)
    labels = min(max((text_width(s.name, 10) for s in stops), default=0.0), 130.0)
    slanted = step < labels + 8
    foot = 60.0 + (14.0 if not slanted else 14.0 * 3)
    scene = Scene(left + inner + 24, top + plot + foot, theme.page, title=title)
    line = LIGHT_BLUE if theme.page < "#8" else BLUE
    low, high = _range(stops)

    def y_of(value: float) -> float:
        place = (math.log10(value) - low) / (high - low) if value > 0 else 0.0
        return top + plot * (1 - min(max(place, 0.0), 1.0))

    _frame(scene, title, theme, low, high, left, top, inner, plot)
    where = [left + step * (n + 0.5) for n in range(len(stops))]
    if any(s.before > 0 for s in stops):
        _polyline(scene, where, [s.before for s in stops], y_of, theme.edge, 1.4, ghost=True)
    _polyline(scene, where, [s.norm for s in stops], y_of, line, 2.2)
    for x, s in zip(where, stops, strict=True):
        _point(scene, x, s, y_of, line, theme, top, plot)
    _names(scene, where, stops, theme, top + plot, step, slanted)
    _key(scene, theme, line, left, scene.height - 22)
    return scene


def _range(stops: list[Stop]) -> tuple[int, int]:
    """Whole decades around all that is drawn, at least three."""
    values = [v for s in stops for v in (s.norm, s.rms, s.before) if 0 < v < math.inf]
    if not values:
        return -3, 0
    low, high = math.floor(math.log10(min(values))), math.ceil(math.log10(max(values)))
    low = max(low, high - 30)
    while high - low < 3:
        low, high = (low - 1, high) if (high - low) % 2 else (low, high + 1)
    return low, high


def _frame(
    scene: Scene,
    title: str,
    theme: Theme,
    low: int,
    high: int,
    left: float,
    top: float,
    inner: float,
    plot: float,
) -> None:
    head, _, rest = title.partition(" · ")
    scene.add(Text(left - 40, 30, head, 14, theme.text, bold=True))
    scene.add(Text(left - 28 + text_width(head, 14, True), 30, rest, 11.5, theme.quiet))
    scene.add(Rect(left, top, inner, plot, 6, theme.hull, theme.hull_edge, 1.0))
    every = max(1, math.ceil((high - low) / 8))
    for decade in range(low, high + 1):
        y = top + plot * (1 - (decade - low) / (high - low))
        if low < decade < high:
            scene.add(Line([(left, y), (left + inner, y)], theme.rule, 0.8, smooth=False))
        if (decade - low) % every == 0:
            scene.add(
                Text(
                    left - 8,
                    y + 3.5,
                    f"1e{decade}" if decade else "1",
                    10,
                    theme.quiet,
                    anchor="end",
                )
            )


def _polyline(
    scene: Scene,
    xs: list[float],
    values: list[float],
    y_of: object,
    colour: str,
    width: float,
    ghost: bool = False,
) -> None:
    """A line with gaps where there is no value on the scale."""
    piece: list[tuple[float, float]] = []
    for x, value in [*zip(xs, values, strict=True), (0.0, math.nan)]:
        if 0 < value < math.inf:
            piece.append((x, y_of(value)))  # type: ignore[operator]
            continue
        if len(piece) > 1:
            scene.add(Line(piece, colour, width, dash=ghost, smooth=False))
        piece = []


def _point(
    scene: Scene, x: float, s: Stop, y_of: object, line: str, theme: Theme, top: float, plot: float
) -> None:
    facts = [s.name, f"norm: {number(s.norm)}", f"rms: {number(s.rms)}"]
    if not math.isnan(s.before):
        facts.append(f"norm before: {number(s.before)}")
    scene.add(Begin(f"stop-{s.name}", "\n".join(facts)))
    if s.flag in WORDS:
        y = top + plot - 12 if s.flag == "zero" else top + 14
        ink = theme.text if s.flag == "zero" else VERMILION
        scene.add(*glyph(s.flag, x, y, 9, ink))
        beside = -9.0 if s.flag == "zero" else 17.0
        scene.add(Text(x, y + beside, WORDS[s.flag], 9, theme.text, bold=True, anchor="middle"))
    else:
        if 0 < s.rms < math.inf:
            y = y_of(s.rms)  # type: ignore[operator]
            scene.add(Rect(x - 2.5, y - 2.5, 5, 5, 1, theme.page, line, 1.2))
        y = y_of(s.norm)  # type: ignore[operator]
        scene.add(Rect(x - 4, y - 4, 8, 8, 4, line, theme.page, 1.4))
        if s.flag in ("vanishing", "exploding"):
            scene.add(*glyph(s.flag, x, y - 13, 8.5, theme.text))
    scene.add(End())


def _names(
    scene: Scene,
    xs: list[float],
    stops: list[Stop],
    theme: Theme,
    y: float,
    step: float,
    slanted: bool,
) -> None:
    """Names below; on three lines in turn where they would collide, and not all if many."""
    if not stops:
        scene.add(
            Text(
                scene.width / 2,
                y - 100,
                "no gradients were recorded",
                12,
                theme.quiet,
                anchor="middle",
            )
        )
        return
    widest = max(text_width(s.name, 10) for s in stops)
    rows = 3 if slanted else 1
    every = max(1, math.ceil((widest + 10) / (step * rows)))
    for n, (x, s) in enumerate(zip(xs, stops, strict=True)):
        if n % every:
            continue
        row = (n // every) % rows
        scene.add(Line([(x, y), (x, y + 5 + 14 * row)], theme.rule, 0.8, smooth=False))
        half = text_width(s.name, 10) / 2
        at = min(max(x, half + 6), scene.width - half - 6)
        scene.add(Text(at, y + 17 + 14 * row, s.name, 10, theme.text, anchor="middle"))


def _key(scene: Scene, theme: Theme, line: str, x: float, y: float) -> None:
    scene.add(Line([(x, y - 4), (x + 22, y - 4)], line, 2.2, smooth=False))
    scene.add(Rect(x + 7, y - 8, 8, 8, 4, line, theme.page, 1.4))
    x += 29
    for word, kind in (("norm", ""), ("RMS", "rms"), ("norm, iteration before", "ghost")):
        if kind == "rms":
            scene.add(Rect(x, y - 6.5, 5, 5, 1, theme.page, line, 1.2))
            x += 11
        elif kind == "ghost":
            scene.add(
                Line(
                    [(x, y - 4), (x + 11, y - 4), (x + 22, y - 4)],
                    theme.edge,
                    1.4,
                    dash=True,
                    smooth=False,
                )
            )
            x += 29
        scene.add(Text(x, y, word, 10, theme.quiet))
        x += text_width(word, 10) + 18
    for kind, word in WORDS.items():
        ink = theme.quiet if kind == "zero" else VERMILION
        scene.add(*glyph(kind, x + 5, y - 3.5, 8.5, ink), Text(x + 15, y, word, 10, theme.quiet))
        x += 15 + text_width(word, 10) + 14
