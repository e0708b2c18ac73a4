"""Shapes as SVG."""

from __future__ import annotations

from xml.sax.saxutils import escape as _escape
from xml.sax.saxutils import quoteattr

from .shapes import Begin, Line, Point, Polygon, Rect, Scene, Shape, Text, curve

SANS = "Inter,'Segoe UI','Helvetica Neue',Arial,'DejaVu Sans',sans-serif"
MONO = "'JetBrains Mono','SF Mono',Menlo,Consolas,'DejaVu Sans Mono',monospace"
# What XML 1.0 does not allow at all; everything else is escaped.
_FORBIDDEN = dict.fromkeys((*range(9), 11, 12, *range(14, 32), 65534, 65535), "�") | dict.fromkeys(
    range(55296, 57344), "�"
)


def escape(text: str) -> str:
    """User text as XML text."""
    return _escape(text.translate(_FORBIDDEN))


def attribute(text: str) -> str:
    """User text as a quoted XML attribute."""
    return quoteattr(text.translate(_FORBIDDEN))


def svg(scene: Scene, responsive: bool = True) -> str:
    """The scene as an SVG document.

    Parameters
    ----------
    scene : Scene
        What to paint.
    responsive : bool
        Whether it shrinks to the width of a notebook's output.
    """
    width, height = _n(scene.width), _n(scene.height)
    style = ' style="max-width:100%;height:auto"' if responsive else ""
    parts = [
        (
            f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width} {height}" '
            f'width="{width}" height="{height}" font-family="{SANS}" role="img" '
            f"aria-label={attribute(scene.title)}{style}>"
        ),
        f"<title>{escape(scene.title)}</title>",
        f'<rect width="{width}" height="{height}" fill="{scene.page}"/>',
    ]
    parts += [_shape(shape) for shape in scene.shapes]
    parts.append("</svg>")
    return "\n".join(parts)


def _n(value: float) -> str:
    return f"{value:.1f}".rstrip("0").rstrip(".")


def _points(points: list[Point]) -> str:
    return " ".join(f"{_n(x)},{_n(y)}" for x, y in points)


def _shape(shape: Shape) -> str:
    if isinstance(shape, Rect):
        dash = ' stroke-dasharray="5 4"' if shape.dash else ""
        return (
            f'<rect x="{_n(shape.x)}" y="{_n(shape.y)}" width="{_n(shape.width)}" '
            f'height="{_n(shape.height)}" rx="{_n(shape.radius)}"'
            f"{_paint(shape.fill, shape.stroke, shape.line)}{dash}/>"
        )
    if isinstance(shape, Polygon):
        paint = _paint(shape.fill, shape.stroke, shape.line)
        return f'<polygon points="{_points(shape.points)}" stroke-linejoin="round"{paint}/>'
    if isinstance(shape, Line):
        dash = ' stroke-dasharray="6 4"' if shape.dash else ""
        return (
            f'<path d="{_path(shape)}" fill="none" stroke="{shape.stroke}" '
            f'stroke-width="{_n(shape.line)}" stroke-linecap="round" '
            f'stroke-linejoin="round"{dash}/>'
        )
    if isinstance(shape, Text):
        return _text(shape)
    if isinstance(shape, Begin):
        title = f"<title>{escape(shape.tooltip)}</title>" if shape.tooltip else ""
        return f"<g data-key={attribute(shape.key)}>{title}"
    return "</g>"


def _paint(fill: str, stroke: str, line: float) -> str:
    edge = f' stroke="{stroke}" stroke-width="{_n(line)}"' if stroke else ""
    return f' fill="{fill or "none"}"{edge}'


def _path(line: Line) -> str:
    (x, y), *rest = line.points
    parts = [f"M{_n(x)} {_n(y)}"]
    if not line.smooth:
        parts += [f"L{_n(a)} {_n(b)}" for a, b in rest]
    else:
        for begin, (one, two, end) in zip(line.points, curve(line.points), strict=False):
            if one == begin:
                parts.append(f"L{_n(end[0])} {_n(end[1])}")
            else:
                parts.append("C" + " ".join(_n(v) for point in (one, two, end) for v in point))
    return "".join(parts)


def _text(text: Text) -> str:
    extra = ' font-weight="600"' if text.bold else ""
    extra += f' font-family="{MONO}"' if text.mono else ""
    extra += f' text-anchor="{text.anchor}"' if text.anchor != "start" else ""
    extra += f' opacity="{_n(text.opacity)}"' if text.opacity < 1 else ""
    return (
        f'<text x="{_n(text.x)}" y="{_n(text.y)}" font-size="{_n(text.size)}" '
        f'fill="{text.fill}" xml:space="preserve"{extra}>{escape(text.text)}</text>'
    )
