"""Shapes as pixels, with Pillow: no browser, no cairo.

Everything is painted at twice the wanted size and shrunk, which smooths the edges.
"""

from __future__ import annotations

import io
import math
from functools import lru_cache
from itertools import pairwise
from typing import Any

import numpy as np

from .shapes import Line, Point, Polygon, Rect, Scene, Text, flatten

OVER = 2
"""How much larger it is painted before it is shrunk."""
LIMIT = 120_000_000
"""Pixels painted at most; larger pictures come out at a smaller scale."""

_FONTS = {
    (False, False): ("DejaVuSans.ttf", "Arial.ttf", "arial.ttf", "LiberationSans-Regular.ttf"),
    (True, False): ("DejaVuSans-Bold.ttf", "Arial Bold.ttf", "arialbd.ttf",
                    "LiberationSans-Bold.ttf"),
    (False, True): ("DejaVuSansMono.ttf", "Menlo.ttc", "consola.ttf", "LiberationMono-Regular.ttf"),
}  # fmt: skip


def png(scene: Scene, scale: float = 2.0) -> bytes:
    """The scene as a PNG file.

    Parameters
    ----------
    scene : Scene
        What to paint.
    scale : float
        Pixels for each unit.

    Raises
    ------
    ImportError
        If Pillow is not installed.
    """
    try:
        from PIL import Image, ImageDraw
    except ImportError as error:
        raise ImportError(
            "drawing a PNG needs Pillow; install it with: pip install pillow "
            "(SVG, dot and HTML need nothing)"
        ) from error
    if not scale > 0:
        raise ValueError(f"scale must be above 0, got {scale}")
    area = scene.width * scene.height * (scale * OVER) ** 2
    scale *= min(1.0, (LIMIT / area) ** 0.5) if area else 1.0
    size = max(round(scene.width * scale), 1), max(round(scene.height * scale), 1)
    image = Image.new("RGB", (size[0] * OVER, size[1] * OVER), scene.page)
    brush = _Brush(ImageDraw.Draw(image), scale * OVER)
    for shape in scene.shapes:
        brush.paint(shape)
    image = image.resize(size, Image.Resampling.BOX)
    out = io.BytesIO()
    _with_palette(image).save(out, "PNG", optimize=True)
    return out.getvalue()


def _with_palette(image: Any) -> Any:
    """The image in its 256 most frequent colours: a third of the bytes, flat areas unchanged.

    The colours that go, each to the nearest of those that stay, are shades of smoothed
    edges.  Pillow's own ``quantize`` would be shorter, but changes the page's white.
    """
    from PIL import Image

    pack = np.array([1 << 16, 1 << 8, 1], np.int32)
    codes = np.asarray(image).astype(np.int32) @ pack
    found = sorted(image.getcolors(image.width * image.height), reverse=True)
    colours = np.array([colour for _, colour in found], np.int32)
    stay = colours[:256]
    nearest = ((colours[:, None] - stay) ** 2).sum(axis=2).argmin(axis=1).astype(np.uint8)
    order = np.argsort(colours @ pack)
    at = np.searchsorted((colours @ pack)[order], codes)
    few = Image.fromarray(nearest[order][at])
    few.putpalette(stay.astype(np.uint8).tobytes())
    return few


class _Brush:
    def __init__(self, draw: Any, scale: float):
        self.draw = draw
        self.scale = scale

    def paint(self, shape: object) -> None:
        if isinstance(shape, Rect):
            self._rect(shape)
        elif isinstance(shape, Polygon):
            self._polygon(shape)
        elif isinstance(shape, Line):
            self._line(shape)
        elif isinstance(shape, Text):
            self._text(shape)

    def _at(self, points: list[Point]) -> list[Point]:
        return [(x * self.scale, y * self.scale) for x, y in points]

    def _width(self, line: float) -> int:
        return max(round(line * self.scale), 1)

    def _rect(self, r: Rect) -> None:
        (corner, far) = self._at([(r.x, r.y), (r.x + r.width, r.y + r.height)])
        width = self._width(r.line) if r.stroke else 0
        box = (*corner, max(far[0], corner[0]), max(far[1], corner[1]))
        self.draw.rounded_rectangle(
            box, min(r.radius, r.height / 2, r.width / 2) * self.scale, fill=r.fill or None,
            outline=r.stroke or None, width=width,
        )  # fmt: skip

    def _polygon(self, p: Polygon) -> None:
        points = self._at(p.points)
        if p.fill:
            self.draw.polygon(points, fill=p.fill)
        if p.stroke and p.line:
            self._stroke([*points, points[0]], p.stroke, self._width(p.line))

    def _line(self, line: Line) -> None:
        points = self._at(flatten(line.points) if line.smooth else line.points)
        width = self._width(line.line)
        if not line.dash:
            self._stroke(points, line.stroke, width)
            return
        for dash in _dashes(points, 6 * self.scale, 4 * self.scale):
            self.draw.line(dash, fill=line.stroke, width=width)

    def _stroke(self, points: list[Point], colour: str, width: int) -> None:
        self.draw.line(points, fill=colour, width=width, joint="curve")
        r = width / 2 - 0.5
        if r > 1:
            for x, y in (points[0], points[-1]):
                self.draw.ellipse((x - r, y - r, x + r, y + r), fill=colour)

    def _text(self, t: Text) -> None:
        font = _font(round(t.size * self.scale), t.bold, t.mono)
        anchor = {"start": "ls", "middle": "ms", "end": "rs"}[t.anchor]
        where = (t.x * self.scale, t.y * self.scale)
        self.draw.text(where, _printable(t.text), font=font, fill=t.fill, anchor=anchor)


def _dashes(points: list[Point], on: float, off: float) -> list[list[Point]]:
    """Cut a line into dashes by its length."""
    dashes: list[list[Point]] = []
    drawing, left = True, on
    current = [points[0]]
    for (x0, y0), (x1, y1) in pairwise(points):
        length, at = math.hypot(x1 - x0, y1 - y0), 0.0
        while length - at > left:
            at += left
            point = x0 + (x1 - x0) * at / length, y0 + (y1 - y0) * at / length
            if drawing:
                dashes.append([*current, point])
            drawing, current = not drawing, [point]
            left = on if drawing else off
        left -= length - at
        current.append((x1, y1))
    return [*dashes, current] if drawing and len(current) > 1 else dashes


def _printable(text: str) -> str:
    return "".join(c if c.isprintable() else "\ufffd" for c in text)


@lru_cache(64)
def _font(size: int, bold: bool, mono: bool) -> Any:
    from PIL import ImageFont

    for name in _FONTS[bold and not mono, mono]:
        try:
            return ImageFont.truetype(name, size)
        except OSError:
            continue
    return ImageFont.load_default(size)
