"""The norms of parameters over the iterations of a trace, for sparklines."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from autograd_core.debug.trace.rows import UNDONE
from autograd_core.debug.trace.traced import LEAF

from ..protocol import plain

if TYPE_CHECKING:
    from autograd_core.debug import Trace

LONGEST = 200
"""Iterations at most."""


def history(trace: Trace) -> dict[str, Any]:
    """What the gradients of named leaves were in the last iterations.

    Returns
    -------
    dict
        ``first``, the number of the first iteration, and ``parameters``: for each name a list
        of norms, None where backward did not reach it, or an empty dict without any iteration.
    """
    nodes = trace.table("nodes")
    with trace.lock:
        steps, numbers = trace.tables["steps"], nodes.column("iteration")
        if not len(numbers):
            return {}
        last = int(numbers.max())
        first = max(int(numbers.min()), last + 1 - LONGEST)
        done = np.flatnonzero((steps.column("edited") & UNDONE) == 0)
        rows = steps.column("node")[done] - nodes.first
        kept = (rows >= 0) & (nodes.column("kind")[rows] == LEAF) & (numbers[rows] >= first)
        rows, norms = rows[kept], steps.column("norm")[done[kept]]
        names, texts = nodes.column("name")[rows], trace.pools["text"].values
        found: dict[str, list[float | None]] = {}
        for row, name, norm in zip(rows.tolist(), names.tolist(), norms.tolist(), strict=True):
            if texts[name]:
                values = found.setdefault(texts[name], [None] * (last + 1 - first))
                values[int(numbers[row]) - first] = norm
    return {"first": first, "parameters": plain(found)}
