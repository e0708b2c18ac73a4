"""The recorded graph as indented text, for terminals."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

from . import outline as outlines
from .graph import Item, of_trace
from .outline import Box
from .theme import number, shorten

if TYPE_CHECKING:
    from ..trace.traced import Trace

SIGNS = {"nan": "✖ NaN", "inf": "✖ Inf", "zero": "∅ all zero", "vanishing": "▽ vanishing",
         "exploding": "▲ exploding", "unreached": "· not reached"}  # fmt: skip


def tree(trace: Trace, iteration: int | None, max_lines: int) -> str:
    """See `Trace.tree`."""
    graph = of_trace(trace, iteration)
    if not graph.items:
        return "nothing recorded"
    root = outlines.outline(graph, None, max(max_lines, 4))
    lines = _lines(graph.items, root)
    width = max(len(left) for left, _ in lines)
    return "\n".join(
        [trace.summary(), *(f"{left:<{width}}  {right}".rstrip() for left, right in lines)]
    )


def _lines(items: list[Item], root: Box) -> list[tuple[str, str]]:
    """One (left, right) a box, depth first, without recursion."""
    lines: list[tuple[str, str]] = []
    stack: list[tuple[Box, str, str]] = []
    _push(stack, root, "")
    while stack:
        box, stem, below = stack.pop()
        lines.append((stem + _name(items, box), _facts(items, box)))
        _push(stack, box, below)
    return lines


def _push(stack: list[tuple[Box, str, str]], box: Box, indent: str) -> None:
    children = sorted(box.children, key=lambda b: -b.order)
    for n, child in reversed(list(enumerate(children))):
        last = n == len(children) - 1
        stem, below = ("└─ ", "   ") if last else ("├─ ", "│  ")
        stack.append((child, indent + stem, indent + below))


def _name(items: list[Item], box: Box) -> str:
    if box.kind == "hull":
        return box.path[-1] + "/"
    if box.kind in ("scope", "fold"):
        return f"{box.title}/" if box.kind == "scope" else f"[{box.title}]"
    item = items[box.items[0]]
    name = item.label if item.kind != "leaf" else f"({item.label})"
    return f"{name} {item.shape}".rstrip()


def _facts(items: list[Item], box: Box) -> str:
    if box.kind == "hull":
        return ""
    facts = []
    if box.kind in ("scope", "fold"):
        facts.append(f"{len(box.items):,} nodes")
    if not math.isnan(box.high):
        norms = (
            number(box.high) if box.low == box.high else f"{number(box.low)} … {number(box.high)}"
        )
        facts.append(f"norm {norms}")
    if box.flag in SIGNS:
        facts.append(SIGNS[box.flag])
    if len(box.items) == 1:
        item = items[box.items[0]]
        if item.place:
            facts.append(f"{item.place.rsplit('/', 1)[-1]}  {shorten(item.source, 40)}".rstrip())
    return "  ".join(facts)
