"""What a paused run did so far and what comes next: the flow of its gradients, its graph.

The answers to ``flow`` and ``graph`` at the prompt, as text or as a picture.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any

from ...node import AccumulateGrad, edge_of
from ..breakpoints.moment import measure
from ..draw.flow import Flow, Stop
from ..draw.graph import Graph, of_tensors
from ..draw.picture import Picture
from ..draw.theme import flag_of, number, shorten
from ..trace import statistics
from ..trace.statistics import Statistics
from .look import Names, inputs_of, preposition, subject

if TYPE_CHECKING:
    from ..stepping.stepper import Pause
    from ..why import Diagnosis

LINES = 24
"""Lines of a text tree."""

# ------------------------------------------------------------------ the run so far


def _ran(pause: Pause) -> Iterator[tuple[Any, Any]]:
    """(node, its gradients) of the nodes that ran in this run, the last one first."""
    journal = None if pause.run is None else pause.run.journal
    for node, grads, _ in journal.steps() if journal is not None else ():
        yield node, grads


def flow_of(pause: Pause, by: str, names: Names) -> Flow:
    """The gradient's norm along what ran so far.

    Parameters
    ----------
    pause : Pause
        The stop.
    by : {"parameter", "module", "node"}
        What one point stands for.
    names : Names
        What leaves are called.

    Raises
    ------
    ValueError
        If nothing of that kind has run yet.
    """
    measured: dict[str, list[Statistics]] = {}
    for node, grads in reversed(list(_ran(pause))):
        if (node.__class__ is AccumulateGrad) == (by == "parameter"):
            measured.setdefault(_group(node, by, names), []).append(_statistics(grads))
    if not measured:
        raise ValueError(f"no {by} has got its gradient in this run yet")
    stops = [_stop(name, Statistics(*statistics.merge(s))) for name, s in measured.items()]
    count = f"{len(stops)} {by}{'s' * (len(stops) != 1)}"
    return Flow(stops, f"Gradient flow · this backward so far · {count}", "light")


def _group(node: Any, by: str, names: Names) -> str:
    if by == "parameter":
        return names.of(node.variable) or f"leaf {node.seq & 0xFFFF}"
    if by == "module":
        return ".".join(getattr(node, "scope", ())) or "(no module)"
    return f"{node.name()} #{node.seq}"


def _statistics(grads: Any) -> Statistics:
    """Of one gradient, or of a dictionary of them by output number."""
    several = grads.values() if isinstance(grads, dict) else (grads,)
    return measure([getattr(g, "_array", g) for g in several])


def _stop(name: str, s: Statistics) -> Stop:
    return Stop(name, s.norm, s.rms, flag_of(s.norm, s.size, s.nan, s.inf))


# ------------------------------------------------------------------ the graph around the node


def graph_text(pause: Pause, names: Names, depth: int = 4) -> str:
    """Who gave the gradient, and the nodes that it goes to, as a tree."""
    if pause.node is None:
        return "No node was made here: nothing requires grad."
    lines = [f"  {names.title(n)}  ran before" for n in _consumers(pause)[:4]]
    lines.append(f"> {names.title(pause.node)}  paused here")
    lines += _branches(pause.node, names, depth)
    return "\n".join(lines)


def _consumers(pause: Pause) -> list[Any]:
    return [node for node, _ in _ran(pause) if pause.node in inputs_of(node)]


def _branches(root: Any, names: Names, depth: int) -> list[str]:
    """The tree below a node, without recursion; what was shown before is named only."""
    lines: list[str] = []
    shown = {root}
    stack = _children(root, "  ")
    while stack and len(lines) < LINES:
        node, stem, indent = stack.pop()
        again = "  (shown above)" if node in shown else ""
        place = node.location
        source = f"  {place.where}: {shorten(place.text, 48)}" if place is not None else ""
        lines.append(f"{stem}{names.title(node)}{again or source}")
        below = _children(node, indent)
        if not again and below and len(indent) // 3 < depth:
            stack += below
        elif not again and below:
            lines[-1] += "  ..."
        shown.add(node)
    if stack:
        lines.append(f"  ... and {len(stack)} more branches")
    return lines


def _children(node: Any, indent: str) -> list[tuple[Any, str, str]]:
    """The inputs of a node with their stems, the last one first, as a stack wants them."""
    inputs = inputs_of(node)
    stems = [("├─ ", "│  ")] * (len(inputs) - 1) + [("└─ ", "   ")]
    rows = [
        (child, indent + stem, indent + below)
        for child, (stem, below) in zip(inputs, stems, strict=False)
    ]
    return rows[::-1]


def graph_picture(pause: Pause, names: Names) -> Picture:
    """The graph of the run, with the norms of what ran; the paused node is named in its title."""
    roots = [fn for fn, _ in pause.run.roots] if pause.run is not None else [pause.node]
    leaves = {id(leaf): names.of(leaf) for leaf in _leaves(roots)}
    # `of_tensors` wants tensors: something with the place that they hang from.
    hung = [SimpleNamespace(_fn=fn, grad_fn=edge_of(fn)[0]) for fn in roots]
    graph = of_tensors(hung, leaves)
    _add_norms(graph, pause)
    graph.title = f"paused {preposition(pause)} {subject(pause, names)} · {graph.title}"
    return Picture(_scene_of(graph), "svg", 2.0, graph, "light")


def _scene_of(graph: Graph) -> Callable[[], Any]:
    def make() -> Any:
        from ..draw.scene import scene_of
        from ..draw.theme import theme_of

        return scene_of(graph, theme_of("light"), None, 60)

    return make


def _add_norms(graph: Graph, pause: Pause) -> None:
    items = {item.order: item for item in graph.items if item.kind != "leaf"}
    for node, grads in _ran(pause):
        item = items.get(node.seq)
        if item is not None:
            s = _statistics(grads)
            item.norm, item.size, item.count = s.norm, s.size, max(s.nan, 0) + max(s.inf, 0)
            item.flag = flag_of(s.norm, s.size, s.nan, s.inf)
            item.notes["gradient"] = f"norm {number(s.norm)}"


def any_leaf_ran(pause: Pause) -> bool:
    """Whether a leaf has got its gradient in this run."""
    return any(node.__class__ is AccumulateGrad for node, _ in _ran(pause))


def waiting(pause: Pause) -> set[Any]:
    """The nodes of the run that have not run yet."""
    return reachable(pause) - {node for node, _ in _ran(pause)}


def diagnosis(pause: Pause, expression: str, variables: Mapping[str, Any]) -> Diagnosis:
    """What `why` says of an expression, or of the stop."""
    from ..why import why

    subject = eval(expression, dict(variables)) if expression else pause
    return why(subject, variables=variables)


def reachable(pause: Pause) -> set[Any]:
    """The nodes of the run (of what hangs from the node, in forward)."""
    roots = [fn for fn, _ in pause.run.roots] if pause.run is not None else [pause.node]
    return _walk(roots)


def _walk(roots: list[Any]) -> set[Any]:
    seen: set[Any] = set()
    stack = [edge_of(fn)[0] for fn in roots if fn is not None]
    while stack:
        node = stack.pop()
        if node not in seen:
            seen.add(node)
            stack += inputs_of(node)
    return seen


def _leaves(roots: list[Any]) -> list[Any]:
    return [node.variable for node in _walk(roots) if node.__class__ is AccumulateGrad]
