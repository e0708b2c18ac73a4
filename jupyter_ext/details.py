"""What the inspector shows of one node: gradient, saved tensors, source, hooks, time, memory."""

from __future__ import annotations

import linecache
from typing import TYPE_CHECKING, Any

import numpy as np

from autograd_core.debug.prompt.preview import preview
from autograd_core.node import public_seq

from .protocol import plain

if TYPE_CHECKING:
    from autograd_core.debug import Trace
    from autograd_core.debug.stepping.stepper import Pause

BINS = 40
CONTEXT = 4
"""Source lines before and after the one that made the node."""


def detail_of(trace: Trace, node: int, pause: Pause | None) -> dict[str, Any]:
    """What is known of a node, with its gradient if the run is paused there.

    Parameters
    ----------
    trace : Trace
        Where the node was recorded.
    node : int
        Its id.
    pause : Pause or None
        The stop at which a person stands.

    Raises
    ------
    ValueError
        If the node is not in the trace.
    """
    table = trace.table("nodes")
    if not table.first <= node < table.end:
        raise ValueError(f"node {node} is not in the trace (it may have fallen out of its budget)")
    row = trace.nodes[node - table.first]
    found: dict[str, Any] = {"node": node, "source": _source(row.location)}
    if pause is not None and public_seq(getattr(pause.node, "seq", 0)) == row.seq:
        found["gradient"] = _gradient(pause.grads)
        found["saved"] = [
            {"name": name, "preview": preview(value)} for name, value in pause.saved.items()
        ]
        found["hooks"] = _hooks(pause.node)
    return found


def _gradient(grads: Any) -> dict[str, Any]:
    arrays = [getattr(g, "_array", g) for g in grads if g is not None]
    found: dict[str, Any] = {"preview": "\n".join(preview(g) for g in grads)}
    if arrays and all(isinstance(a, np.ndarray | np.generic) for a in arrays):
        found["histogram"] = _histogram(np.concatenate([np.ravel(a) for a in arrays]))
    return found


def _histogram(values: Any) -> dict[str, Any]:
    """Counts of finite values in equal bins; how many are not finite is said in the preview."""
    values = np.abs(values) if values.dtype.kind == "c" else values.astype(np.float64)
    finite = values[np.isfinite(values)]
    if not finite.size:
        return {"edges": [], "counts": []}
    counts, edges = np.histogram(finite, BINS)
    return {"edges": plain(edges.tolist()), "counts": counts.tolist()}


def _source(location: Any) -> dict[str, Any] | None:
    """The lines around the one that made the node."""
    if location is None:
        return None
    lines = linecache.getlines(location.file)
    first = max(location.line - CONTEXT, 1)
    shown = [line.rstrip("\n") for line in lines[first - 1 : location.line + CONTEXT]]
    return {"lines": shown or [location.text], "first": first, "at": location.line}


def _hooks(node: Any) -> list[str]:
    rare = getattr(node, "rare", None)
    if rare is None:
        return []
    kinds = {
        "tensor hook": [h for hooks in rare.tensor_hooks.values() for h in hooks.values()],
        "pre-hook": list(rare.pre_hooks.values()),
        "hook": list(rare.post_hooks.values()),
    }
    return [
        f"{kind} {getattr(hook, '__qualname__', type(hook).__name__)}"
        for kind, hooks in kinds.items()
        for hook in hooks
    ]
