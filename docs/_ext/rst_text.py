"""Docstrings on their way into pages: reStructuredText inside Markdown."""

from __future__ import annotations

import re

# What reStructuredText would take for a sign of its own: the star of a shape, (N, *), and the
# underscore of an in-place name, fill_.  Inside of backticks both are text anyway.
_STAR = re.compile(r"(?<![\w*\\])\*(?=[\s,)\]]|$)")
_UNDERSCORE = re.compile(r"(?<=\w)_(?=[\s,.;:)]|$)")
_OPEN = re.compile(r"(?<![\\*])\*(?!\*)")
_QUOTED = re.compile(r"(``.*?``|`.*?`)")


def block(text: str) -> str:
    """Text in reStructuredText as a block of a Markdown page."""
    return f"```````{{eval-rst}}\n{text}\n```````\n\n"


def calm(text: str) -> str:
    r"""A docstring in which lone stars and last underscores are text; code stays as it is.

    >>> calm("of shape (N, *), filled by uniform_, see `fill_`")
    'of shape (N, \\*), filled by uniform\\_, see `fill_`'
    """
    lines, code = [], None
    for line in text.split("\n"):
        indent = len(line) - len(line.lstrip())
        if code is not None and line.strip() and indent <= code:
            code = None
        if code is None and not line.lstrip().startswith((">>>", "...")):
            code = indent if line.rstrip().endswith("::") else None
            line = _calm_line(line)
        lines.append(line)
    return "\n".join(lines)


def _calm_line(line: str) -> str:
    parts = _QUOTED.split(line)
    parts[::2] = [_UNDERSCORE.sub(r"\\_", _STAR.sub(r"\\*", part)) for part in parts[::2]]
    if sum(len(_OPEN.findall(part)) for part in parts[::2]) % 2:  # (N, *sizes): opens, never closes
        parts[::2] = [_OPEN.sub(r"\\*", part) for part in parts[::2]]
    return "".join(parts)


def in_cell(text: str) -> str:
    """Text for a cell of a Markdown table."""
    return text.replace("|", "\\|").replace("\n", " ")
