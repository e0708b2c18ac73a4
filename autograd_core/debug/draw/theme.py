"""Colours, sizes and numbers as text, shared by all pictures."""

from __future__ import annotations

import math
from dataclasses import dataclass

LOW, HIGH = 1e-8, 1e4
"""The fixed range of the colour scale, so that pictures of different runs compare."""
VANISHING, EXPLODING = 1e-7, 1e3
"""Norms beyond which a gradient gets a glyph."""

# Every sixteenth colour of viridis (S. van der Walt and N. Smith, 2015; CC0).
_VIRIDIS = (
    "440154", "48186a", "472d7b", "424086", "3b528b", "33638d", "2c728e", "26828e", "21918c",
    "1fa088", "28ae80", "3fbc73", "5ec962", "84d44b", "addc30", "d8e219", "fde725",
)  # fmt: skip
VERMILION = "#d55e00"


@dataclass(frozen=True)
class Theme:
    """Colours of a page."""

    page: str
    text: str
    quiet: str
    rule: str
    hull: str
    hull_inner: str
    hull_edge: str
    neutral: str
    neutral_edge: str
    alarm: str
    alarm_text: str
    edge: str


LIGHT = Theme(
    page="#ffffff", text="#1b1f24", quiet="#57606a", rule="#d0d7de", hull="#f4f6f8",
    hull_inner="#eaeef2", hull_edge="#c8d1da", neutral="#eceff2", neutral_edge="#afb8c1",
    alarm="#fff0e5", alarm_text="#8a3b00", edge="#afb8c1",
)  # fmt: skip
DARK = Theme(
    page="#0f1318", text="#e6edf3", quiet="#9aa5b1", rule="#303842", hull="#161b22",
    hull_inner="#1d242d", hull_edge="#38424e", neutral="#2a323c", neutral_edge="#566270",
    alarm="#3a1f0b", alarm_text="#ffb37a", edge="#566270",
)  # fmt: skip


def theme_of(name: str) -> Theme:
    """The theme of this name; ValueError for an unknown one."""
    if name not in ("light", "dark"):
        raise ValueError(f"theme must be 'light' or 'dark', got {name!r}")
    return LIGHT if name == "light" else DARK


def position(norm: float) -> float:
    """Where a norm lies on the colour scale, 0 to 1, by its logarithm."""
    if norm <= LOW:
        return 0.0
    if norm >= HIGH:
        return 1.0
    return math.log(norm / LOW) / math.log(HIGH / LOW)


def viridis(at: float) -> str:
    """The colour at 0 to 1, as ``#rrggbb``."""
    scaled = min(max(at, 0.0), 1.0) * (len(_VIRIDIS) - 1)
    i = min(int(scaled), len(_VIRIDIS) - 2)
    rest = scaled - i
    one, two = _rgb(_VIRIDIS[i]), _rgb(_VIRIDIS[i + 1])
    mixed = (round(a + (b - a) * rest) for a, b in zip(one, two, strict=True))
    return "#" + "".join(f"{c:02x}" for c in mixed)


def _rgb(colour: str) -> tuple[int, int, int]:
    digits = colour.lstrip("#")
    return int(digits[:2], 16), int(digits[2:4], 16), int(digits[4:], 16)


def luminance(colour: str) -> float:
    """Relative luminance of a colour, as WCAG 2 defines it."""
    parts = [c / 255 for c in _rgb(colour)]
    linear = [c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in parts]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]


def contrast(one: str, two: str) -> float:
    """Contrast ratio of two colours, 1 to 21 (WCAG 2)."""
    high, low = sorted((luminance(one), luminance(two)), reverse=True)
    return (high + 0.05) / (low + 0.05)


def ink_on(colour: str) -> str:
    """Black or white, whichever reads better on a colour."""
    return max(("#000000", "#ffffff"), key=lambda ink: contrast(ink, colour))


def stroke_width(norm: float) -> float:
    """Width of an edge, 1 to 7, by the logarithm of the norm."""
    return 1.0 + 6.0 * position(norm)


def number(value: float) -> str:
    """A number with two or three digits: ``0.43``, ``3.2e5``."""
    if math.isnan(value):
        return "NaN"
    if math.isinf(value):
        return "Inf" if value > 0 else "-Inf"
    if value == 0:
        return "0"
    if 1e-3 <= abs(value) < 999.5:
        return f"{value:.3g}"
    if 1 < abs(value) < 9999.5:
        return f"{value:.0f}"
    mantissa, _, exponent = f"{value:.1e}".partition("e")
    return f"{mantissa.removesuffix('.0')}e{int(exponent)}"


def flag_of(norm: float, size: int, nan: int, inf: int) -> str:
    """What is remarkable: nan, inf, zero, vanishing, exploding; unreached, or nothing."""
    if nan > 0:
        return "nan"
    if inf > 0:
        return "inf"
    if size < 0:
        return "unreached"
    if math.isnan(norm):
        return ""
    if norm == 0:
        return "zero"
    if norm < VANISHING:
        return "vanishing"
    return "exploding" if norm > EXPLODING else ""


# Widths of printable ASCII in DejaVu Sans (the widest of the fonts asked for), per 1000 of size.
_WIDTHS = {
    **dict.fromkeys("il.,:;|'!j", 330), **dict.fromkeys("ftr()[]{} -/\\", 400),
    **dict.fromkeys("mwMW@%", 930), **dict.fromkeys("ABCDEFGHKNOPQRSTUVXYZ&", 700),
}  # fmt: skip


def text_width(text: str, size: float, bold: bool = False, mono: bool = False) -> float:
    """About how wide a text is."""
    if mono:
        return 0.602 * size * len(text)
    return sum(_WIDTHS.get(c, 620) for c in text) * size / 1000 * (1.08 if bold else 1.0)


def shorten(text: str, limit: int) -> str:
    """At most so many characters, cut in the middle of nothing but at the end."""
    return text if len(text) <= limit else text[: limit - 1].rstrip() + "…"
