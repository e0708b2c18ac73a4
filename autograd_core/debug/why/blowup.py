"""Broadcasting by accident: ``(N,)`` against ``(N, 1)`` gives ``(N, N)``."""

from __future__ import annotations

import math
from collections.abc import Iterable
from typing import TYPE_CHECKING, Any

import numpy as np

from .diagnosis import Diagnosis, plural
from .walk import saved_entries, suspect

if TYPE_CHECKING:
    from .case import Case

Shape = tuple[int, ...]


def broadcast_blowup(nodes: Iterable[Any], case: Case) -> Diagnosis | None:
    """The first op of a live graph that broadcast two shapes against each other by accident."""
    for node in nodes:
        shapes = _broadcast(node)
        if shapes is not None and is_accident(*shapes):
            return _said(node, *shapes, case)
        stretched = _stretched(node)
        if stretched is not None:
            return _said(node, *stretched, case)
    return None


def is_accident(a: Shape, b: Shape) -> bool:
    """Whether two shapes are one, but for dimensions of 1 that stand in different places.

    The numbers of dimensions differ: who writes ``x[:, None] - x[None, :]`` means it.
    """
    if len(a) == len(b) or [n for n in a if n != 1] != [n for n in b if n != 1]:
        return False
    return math.prod(np.broadcast_shapes(a, b)) > max(math.prod(a), math.prod(b))


def _broadcast(node: Any) -> tuple[Shape, Shape] | None:
    """The shapes of two inputs that an op broadcast, which the engine notes to undo it."""
    if node.fit is None or len(node.fit) != 2 or node.op is None or not node.op.broadcast:
        return None
    one, two = (None if f is None or f[0] is None else tuple(f[0]) for f in node.fit)
    return None if one is None or two is None else (one, two)


def _stretched(node: Any) -> tuple[Shape, Shape] | None:
    """A loss that made its arguments one shape: ``(N, 1)`` to ``(N, N)``, nobody said expand."""
    if node.op is None or node.op.name != "expand" or node.saved is None:
        return None
    location = node.location
    if location is None or "expand" in location.text or "broadcast" in location.text:
        return None
    saved = {name: value for name, value, _ in saved_entries(node)}
    have, want = saved.get("input_shape"), saved.get("shape")
    if have is None or want is None or len(have) != 2 or len(want) != 2:
        return None
    n = max(have)
    by_accident = n > 1 and min(have) == 1 and tuple(want) == (n, n)
    return (tuple(have), (n,)) if by_accident else None


def _said(node: Any, a: Shape, b: Shape, case: Case) -> Diagnosis:
    out = tuple(np.broadcast_shapes(a, b))
    size, most = math.prod(out), max(math.prod(a), math.prod(b))
    op = "this line" if node.op.name == "expand" else node.op.name
    return Diagnosis(
        "broadcast_blowup",
        f"{op} broadcast shapes {a} and {b} to {out}: {plural(size, 'element')} where "
        f"{most:,} would do, each combined with every other.",
        node.location, (suspect(node, case, f"{a} and {b} to {out}"),),
        "bring both to one shape first: squeeze(-1) or unsqueeze(-1).",
    )  # fmt: skip
