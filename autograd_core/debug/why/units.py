"""Dead units: the share of a ReLU's units that get no gradient, over the last iterations.

A trace counts the zeros of a gradient but does not say which they are.  Of the bias before a
ReLU each element is one unit, and zero only if no sample of the batch lets it through.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

from .diagnosis import Diagnosis
from .reached import of_row

if TYPE_CHECKING:
    from ..trace.rows import Node
    from ..trace.traced import Trace

SHARE = 0.4
"""The share of units without gradient from which on it is said."""
SAMPLES = 32
"""Values that each unit must have had in the batch: with few, zeros are chance."""
ITERATIONS = 8
CLIPS = ("ReluBackward0", "ThresholdBackward0", "HardtanhBackward0")


def dead_units(trace: Trace) -> list[Diagnosis]:
    """One diagnosis for each layer that has many; the worst first."""
    iterations = list(trace.iterations)[-ITERATIONS:]
    shares: dict[str, list[tuple[float, Node, Node]]] = {}
    for iteration in iterations:
        for clip in trace.find(iteration=iteration):
            found = _bias_before(clip) if clip.op in CLIPS else None
            if found is None or found.statistics.zeros < 0:
                continue
            share = found.statistics.zeros / found.statistics.size
            shares.setdefault(found.name, []).append((share, found, clip))
    found_all = []
    for known in shares.values():
        least = min(share for share, _, _ in known)
        if least >= SHARE:
            found_all.append((least, known))
    return [_said(known) for _, known in sorted(found_all, key=lambda pair: -pair[0])]


def _bias_before(clip: Node) -> Node | None:
    """The leaf that is added to each unit before a ReLU, if backward reached it."""
    shape = clip.shape or ()
    before = clip.inputs[:1]
    if len(shape) < 2 or not before:
        return None
    for leaf in before[0].inputs:
        if leaf.kind != "leaf" or leaf.shape is None or len(leaf.shape) != 1 or not leaf.reached:
            continue
        units = leaf.shape[0]
        if units in shape and math.prod(shape) // units >= SAMPLES and leaf.statistics.size > 0:
            return leaf
    return None


def _said(known: list[tuple[float, Node, Node]]) -> Diagnosis:
    share, leaf, clip = known[-1]
    units = leaf.statistics.size
    least = min(leaf.statistics.zeros for _, leaf, _ in known)
    span = f"each of the last {len(known)} iterations" if len(known) > 1 else "the last iteration"
    return Diagnosis(
        "dead_units",
        f"in {span} at least {least} of the {units} units of {leaf.name} ({least / units:.0%}) "
        f"got no gradient through {clip.label}; now {share:.0%}.",
        clip.location,
        (of_row(clip), of_row(leaf, f"{leaf.statistics.zeros} of {units} elements are zero")),
        "a smaller learning rate, another initialisation, or leaky_relu keep units alive.",
        "Whether they are the same each time: a trace counts zeros." if len(known) > 1 else "",
    )  # fmt: skip
