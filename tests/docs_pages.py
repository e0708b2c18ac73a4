"""The pages of the documentation: their blocks of Python and what they show, links, headings."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import zip_longest
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
DOCS = ROOT / "docs"
PAGES = sorted(
    [*(p for p in DOCS.rglob("*.md") if "api" not in p.relative_to(DOCS).parts),
     ROOT / "README.md", ROOT / "CONTRIBUTING.md"]
)  # fmt: skip
NAMES = [str(page.relative_to(ROOT)) for page in PAGES]

_FENCE = re.compile(
    r"^(?P<before><!-- not run: .+? -->\n+)?^```(?P<kind>[\w{}-]*)\n(?P<body>.*?)^```$",
    re.MULTILINE | re.DOTALL,
)
_COMMENT = re.compile(r"<!--.*?-->", re.DOTALL)
_LINK = re.compile(r"!?\[(?:[^\[\]]|\[[^\]]*\])*\]\((?P<target>[^()\s]+)\)")
_HEADING = re.compile(r"^#+ +(?P<text>.+?) *$", re.MULTILINE)


@dataclass(frozen=True)
class Cell:
    """A block of Python, the line where it stands, and what a text block right after it shows."""

    code: str
    line: int
    shown: str | None


def cells(text: str) -> Iterator[Cell]:
    """The blocks of Python of a page, but those marked ``<!-- not run: why -->``."""
    fences = list(_FENCE.finditer(text))
    for fence, after in zip_longest(fences, fences[1:]):
        if fence["kind"] != "python" or fence["before"] or fence["body"].startswith(">>>"):
            continue
        follows = (
            after is not None
            and after["kind"] == "text"
            and not text[fence.end() : after.start("kind") - 3].strip()
        )
        line = text.count("\n", 0, fence.start("body")) + 1
        yield Cell(fence["body"], line, after["body"] if after and follows else None)


def links(text: str) -> list[str]:
    """Where the links of a page lead."""
    return [link["target"] for link in _LINK.finditer(_COMMENT.sub("", _FENCE.sub("", text)))]


def anchors(text: str) -> set[str]:
    """The names of a page's headings, as GitHub and the site make them."""
    plain = _FENCE.sub("", text)
    return {
        re.sub(r"[^\w\- ]", "", heading["text"].lower()).replace(" ", "-")
        for heading in _HEADING.finditer(plain)
    }
