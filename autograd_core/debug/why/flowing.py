"""Vanishing and exploding: the layer where the gradient's norm falls or grows, and the trend."""

from __future__ import annotations

import math
from collections.abc import Sequence
from itertools import groupby, pairwise
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from ..draw.theme import number
from ..trace.rows import Node
from .diagnosis import Diagnosis, Suspect
from .reached import of_row

if TYPE_CHECKING:
    from ..trace.traced import Trace

RATIO = 1e5
"""How much the norm must change from one end of the network to the other to be said."""
GROWTH = 1e4
"""How much the norm of all gradients must grow over the iterations to be said."""
WEIGHTS_RATIO = 1e4
"""The same for the gradients of weights, which differ less than those of the layers' outputs."""
LAYERS = 3
"""Layers that there must be."""
ITERATIONS = 8
"""Iterations looked at for the trend."""
REMEDY = {
    "vanishing": "scale the initialisation to the activation, or use ReLU-like activations, "
    "normalisation layers or skip connections.",
    "exploding": "scale the initialisation down, normalise between layers, or clip gradients.",
}


class Layer(NamedTuple):
    """A stretch of nodes of one module call, and the norm of the gradient of its output."""

    name: str
    node: Node
    norm: float


def layers(trace: Trace, iteration: int) -> list[Layer]:
    """The layers of an iteration that backward ran, from the input's side to the loss.

    A layer is a call of an innermost module; without modules, a parameter; without enough
    of those, a node.
    """
    nodes = trace.table("nodes")
    wanted = (nodes.column("iteration") == iteration) & (nodes.column("step") >= 0)
    rows = [Node(trace, int(i) + nodes.first) for i in np.flatnonzero(wanted)]
    ops = sorted((r for r in rows if r.kind != "leaf"), key=lambda r: r.seq)
    calls = [(scope, list(g)) for scope, g in groupby(ops, key=lambda r: r.scope) if scope]
    found = [Layer(".".join(s), _last(group), _last(group).norm) for s, group in calls]
    if len(found) < LAYERS:
        order = {u.id: n for n, row in enumerate(ops) for u in row.inputs}
        leaves = sorted((r for r in rows if r.kind == "leaf"), key=lambda r: order.get(r.id, -1))
        found = [Layer(r.name or "leaf", r, r.norm) for r in leaves]
    if len(found) < LAYERS:
        found = [Layer(r.label, r, r.norm) for r in ops]
    return [layer for layer in found if math.isfinite(layer.norm)]


def _last(group: list[Node]) -> Node:
    """The node that made the output of a call: the last whose gradient was measured."""
    measured = [row for row in group if math.isfinite(row.norm)]
    return (measured or group)[-1]


def vanishing_or_exploding(trace: Trace) -> Diagnosis | None:
    """What the norms of the last iteration's layers say; None if they are of one order."""
    here = layers(trace, trace.last_iteration)
    there = [layer for layer in here if layer.norm > 0]
    change = there[0].norm / there[-1].norm if len(there) >= LAYERS else 1.0
    if change < 1 / RATIO:
        return _steepest(trace, there, "vanishing")
    if change > RATIO:
        return _steepest(trace, there, "exploding")
    return _growing(trace)


def _steepest(trace: Trace, found: list[Layer], cause: str) -> Diagnosis:
    sign = -1 if cause == "exploding" else 1
    before, after = max(
        pairwise(found), key=lambda pair: sign * math.log(pair[1].norm / pair[0].norm)
    )
    verb = "falls" if cause == "vanishing" else "grows"
    message = (
        f"on its way from {found[-1].name} back to {found[0].name} the gradient's norm {verb} "
        f"from {number(found[-1].norm)} to {number(found[0].norm)} over {len(found)} layers, most "
        f"from {after.name} ({number(after.norm)}) to {before.name} ({number(before.norm)})"
    )
    trend = _trend(trace)
    message += f"; {trend}." if trend else "."
    nodes = (of_row(after.node, f"norm {number(after.norm)}"),
             of_row(before.node, f"norm {number(before.norm)}"))  # fmt: skip
    return Diagnosis(cause, message, after.node.location, nodes, REMEDY[cause])


def over_weights(weights: Sequence[tuple[str, float]]) -> Diagnosis | None:
    """What the gradients of a model's weights say, without a trace; None if of one order.

    Parameters
    ----------
    weights : sequence of (name, norm)
        In the order in which the model holds them, which is guessed to be that of the forward.
    """
    if len(weights) < LAYERS or not all(0 < norm < math.inf for _, norm in weights):
        return None
    (first, early), (last, late) = weights[0], weights[-1]
    if 1 / WEIGHTS_RATIO <= early / late <= WEIGHTS_RATIO:
        return None
    cause = "vanishing" if early < late else "exploding"
    message = (
        f"the gradient of {first} has norm {number(early)}, that of {last} {number(late)}, "
        f"with {len(weights) - 2} weights between them."
    )
    return Diagnosis(
        cause, message, None, (_weight(first, early), _weight(last, late)), REMEDY[cause],
        "Whether backward comes to them in this order: trace a step, and ask about the trace.",
        sure=False,
    )  # fmt: skip


def _weight(name: str, norm: float) -> Suspect:
    return Suspect("AccumulateGrad", None, name, note=f"norm {number(norm)}")


def _trend(trace: Trace) -> str:
    """The ratio of the two ends in the iterations before, in words."""
    ratios = []
    for iteration in list(trace.iterations)[-ITERATIONS:]:
        found = [layer.norm for layer in layers(trace, iteration) if layer.norm > 0]
        if len(found) >= LAYERS:
            ratios.append((iteration, found[0] / found[-1]))
    if len(ratios) < 2:
        return ""
    (first, early), (last, late) = ratios[0], ratios[-1]
    return (
        f"the ratio of its ends was {number(early)} in iteration {first} and is {number(late)} in "
        f"{last}"
    )


def _growing(trace: Trace) -> Diagnosis | None:
    """Gradients that grow from iteration to iteration: the steps are too long."""
    totals = [(i, total) for i in list(trace.iterations)[-ITERATIONS:]
              if (total := _total(trace, i)) is not None]  # fmt: skip
    if len(totals) < 2 or totals[-1][1] < GROWTH * max(totals[0][1], 1e-12):
        return None
    (first, early), (last, late) = totals[0], totals[-1]
    return Diagnosis(
        "exploding",
        f"the norm of all leaves' gradients grew from {number(early)} in iteration {first} to "
        f"{number(late)} in iteration {last}.",
        remedy="a smaller learning rate, or clip gradients.",
    )


def _total(trace: Trace, iteration: int) -> float | None:
    leaves = [r for r in trace.find(op="AccumulateGrad", iteration=iteration) if r.reached]
    norms = [r.norm for r in leaves]
    if not norms or not all(map(math.isfinite, norms)):
        return None
    return math.hypot(*norms)
