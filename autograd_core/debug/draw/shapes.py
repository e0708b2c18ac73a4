"""What pictures are made of: a list of simple shapes that every painter understands."""

from __future__ import annotations

from dataclasses import dataclass, field
from itertools import pairwise

Point = tuple[float, float]


@dataclass(slots=True)
class Rect:
    """A rectangle with round corners."""

    x: float
    y: float
    width: float
    height: float
    radius: float = 0.0
    fill: str = ""
    stroke: str = ""
    line: float = 1.0
    dash: bool = False


@dataclass(slots=True)
class Polygon:
    """A closed polygon."""

    points: list[Point]
    fill: str = ""
    stroke: str = ""
    line: float = 1.0


@dataclass(slots=True)
class Line:
    """A smooth line through points: vertical at each, so that it flows downward.

    With ``smooth=False`` it is straight between them.
    """

    points: list[Point]
    stroke: str
    line: float = 1.0
    dash: bool = False
    smooth: bool = True


@dataclass(slots=True)
class Text:
    """One line of text; `y` is its baseline, `anchor` start, middle or end."""

    x: float
    y: float
    text: str
    size: float = 11.0
    fill: str = "#000000"
    bold: bool = False
    mono: bool = False
    anchor: str = "start"
    opacity: float = 1.0


@dataclass(slots=True)
class Begin:
    """From here to the matching `End`, shapes belong to one thing with a tooltip."""

    key: str
    tooltip: str = ""


@dataclass(slots=True)
class End:
    """The thing is complete."""


Shape = Rect | Polygon | Line | Text | Begin | End


@dataclass
class Scene:
    """Shapes in the order in which they are painted, on a page of a size and colour."""

    width: float
    height: float
    page: str
    shapes: list[Shape] = field(default_factory=list)
    title: str = ""

    def add(self, *shapes: Shape) -> None:
        """Paint these on top of what is there."""
        self.shapes.extend(shapes)


def curve(points: list[Point]) -> list[tuple[Point, Point, Point]]:
    """Cubic Bézier pieces (two controls and the end) of a `Line` after its first point."""
    pieces = []
    for (x0, y0), (x1, y1) in pairwise(points):
        if abs(x1 - x0) < 0.01 or abs(y1 - y0) < 0.01:
            pieces.append(((x0, y0), (x1, y1), (x1, y1)))
        else:
            middle = (y0 + y1) / 2
            pieces.append(((x0, middle), (x1, middle), (x1, y1)))
    return pieces


def flatten(points: list[Point], steps: int = 14) -> list[Point]:
    """The same line as many short straight ones."""
    flat = [points[0]]
    for begin, (one, two, end) in zip(points, curve(points), strict=False):
        if one == begin:
            flat.append(end)
            continue
        for n in range(1, steps + 1):
            t = n / steps
            a, b, c, d = (1 - t) ** 3, 3 * t * (1 - t) ** 2, 3 * t * t * (1 - t), t**3
            flat.append(
                (
                    a * begin[0] + b * one[0] + c * two[0] + d * end[0],
                    a * begin[1] + b * one[1] + c * two[1] + d * end[1],
                )
            )
    return flat


def glyph(kind: str, x: float, y: float, size: float, ink: str) -> list[Shape]:
    """The sign of a remarkable gradient, `x` and `y` its middle: never colour alone."""
    r = size / 2
    if kind == "vanishing":
        return [Polygon([(x - r, y - r * 0.8), (x + r, y - r * 0.8), (x, y + r)], "", ink, 1.6)]
    if kind == "exploding":
        return [Polygon([(x - r, y + r * 0.8), (x + r, y + r * 0.8), (x, y - r)], ink, ink, 1.0)]
    if kind == "zero":
        ring = Rect(x - r, y - r, size, size, r, "", ink, 1.6)
        return [
            ring,
            Line([(x - r * 0.7, y + r * 0.7), (x + r * 0.7, y - r * 0.7)], ink, 1.6, smooth=False),
        ]
    if kind in ("nan", "inf"):
        diamond = [(x, y - r * 1.25), (x + r * 1.25, y), (x, y + r * 1.25), (x - r * 1.25, y)]
        mark: list[Shape] = [Polygon(diamond, ink, ink, 1.0)]
        if kind == "nan":
            cross = [((x - r * 0.4, y - r * 0.4), (x + r * 0.4, y + r * 0.4))]
            cross += [((x - r * 0.4, y + r * 0.4), (x + r * 0.4, y - r * 0.4))]
        else:
            cross = [((x, y - r * 0.7), (x, y + r * 0.2)), ((x, y + r * 0.55), (x, y + r * 0.75))]
        return mark + [Line([a, b], "#ffffff", 1.5, smooth=False) for a, b in cross]
    return []
