"""A graph in Graphviz's dot language, clustered by module scope."""

from __future__ import annotations

import math

from .graph import Graph, Item
from .theme import VERMILION, ink_on, number, position, stroke_width, viridis


def dot(graph: Graph) -> str:
    """The dot source: all nodes, arrows from the loss down to the leaves."""
    lines = [
        "digraph backward {",
        '  graph [rankdir=TB, fontname="Helvetica", style=rounded, color="#c8d1da"];',
        '  node [shape=box, style="rounded,filled", fontname="Helvetica", fontsize=11];',
        "  edge [arrowsize=0.7];",
    ]
    lines += _clusters(graph)
    for user, used in graph.edges:
        norm = graph.items[used].norm
        looks = (
            ""
            if math.isnan(norm)
            else f' [penwidth={stroke_width(norm):.1f}, color="{viridis(position(norm))}"]'
        )
        lines.append(f"  n{user} -> n{used}{looks};")
    lines.append("}")
    return "\n".join(lines) + "\n"


def _clusters(graph: Graph) -> list[str]:
    """Node statements inside nested subgraphs, without recursion: sorted by scope."""
    lines: list[str] = []
    open_path: tuple[str, ...] = ()
    count = 0
    for i in sorted(range(len(graph.items)), key=lambda i: (graph.items[i].scope, i)):
        item = graph.items[i]
        path = item.scope
        same = 0
        while same < min(len(path), len(open_path)) and path[same] == open_path[same]:
            same += 1
        lines += ["  " * depth + "}" for depth in range(len(open_path), same, -1)]
        for depth in range(same, len(path)):
            title = quote(".".join(path[: depth + 1]))
            lines.append("  " * (depth + 1) + f"subgraph cluster_{count} {{ label={title};")
            count += 1
        open_path = path
        lines.append("  " * (len(path) + 1) + _node(i, item))
    lines += ["  " * depth + "}" for depth in range(len(open_path), 0, -1)]
    return lines


def _node(i: int, item: Item) -> str:
    parts = [item.label]
    if item.shape:
        parts.append(item.shape)
    if item.flag in ("nan", "inf"):
        parts.append(f"{item.count} {'NaN' if item.flag == 'nan' else 'Inf'}")
    elif not math.isnan(item.norm):
        parts.append(f"norm {number(item.norm)}" + (f", {item.flag}" if item.flag else ""))
    parts += [f"{k}: {v}" for k, v in item.notes.items() if k.startswith("saved ")]
    shape = {"leaf": "ellipse", "function": "hexagon"}.get(item.kind, "box")
    fill = "#eceff2" if math.isnan(item.norm) else viridis(position(item.norm))
    looks = f'fillcolor="{fill}", fontcolor="{ink_on(fill)}"'
    if item.flag in ("nan", "inf"):
        looks = f'fillcolor="#fff0e5", color="{VERMILION}", penwidth=2.5'
    return f"n{i} [label={quote(*parts)}, shape={shape}, {looks}];"


def quote(*lines: str) -> str:
    """User text as a dot string: every character that means something is escaped."""
    escaped = (s.replace("\\", "\\\\").replace('"', '\\"').replace("\n", " ") for s in lines)
    return '"' + "\\n".join(escaped) + '"'
