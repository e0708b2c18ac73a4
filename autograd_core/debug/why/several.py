"""A whole model, an optimizer, or a trace: all that can be wrong, the worst first."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from . import origin
from .changed import graph_changed
from .diagnosis import Diagnosis, listed, nothing, plural
from .flowing import over_weights, vanishing_or_exploding
from .leaf import norm_of, of_leaf
from .reached import unreached_in_trace
from .units import dead_units

if TYPE_CHECKING:
    from ..trace.traced import Trace
    from .case import Case

ORDER = (
    "nan_origin", "inf_origin", "inplace_modified", "graph_from_earlier_iteration", "graph_freed",
    "detached", "no_grad", "non_differentiable", "rewrapped", "unreached", "not_in_optimizer",
    "broadcast_blowup", "exploding", "vanishing", "dead_units", "zero_gradient",
    "grad_not_zeroed", "create_graph_cycle", "retained_graph", "no_gradient", "cleared",
    "backward_not_run", "requires_grad_false", "graph_changed",
)  # fmt: skip
"""Causes, the more serious first."""


def worst(found: Iterable[Diagnosis | None], if_none: Diagnosis) -> Diagnosis:
    """The most serious of these, with the others beneath it."""
    real = [d for d in found if d]
    real.sort(key=lambda d: (ORDER.index(d.cause) if d.cause in ORDER else -1, not d.sure))
    if not real:
        return if_none
    return replace(real[0], others=(*real[0].others, *real[1:]))


def of_model(model: Any, case: Case) -> Diagnosis:
    """What is wrong with the gradients of a model's parameters."""
    parameters = list(model.named_parameters())
    if not parameters:
        return nothing("the model has no parameters.")
    found = grouped([of_leaf(p, case) for _, p in parameters], len(parameters))
    if case.trace is not None:
        causes = {d.cause for d in found}
        found += [d for d in _of_trace(case.trace) if d.cause not in causes]
    else:
        found += filter(None, [over_weights(_weights(parameters, case))])
    return worst(found, nothing(f"all {len(parameters)} parameters have finite gradients."))


def _weights(parameters: list[tuple[str, Any]], case: Case) -> list[tuple[str, float]]:
    """The parameters of two dimensions or more that have a gradient, and its norm."""
    return [
        (case.name(p) or name, norm_of(p.grad))
        for name, p in parameters
        if p.ndim > 1 and p.grad is not None
    ]


def grouped(found: Iterable[Diagnosis], count: int) -> list[Diagnosis]:
    """Diagnoses of some of `count` parameters; those of one cause and place become one."""
    groups: dict[Any, list[Diagnosis]] = {}
    for diagnosis in found:
        for each in (replace(diagnosis, others=()), *diagnosis.others):
            if each:
                groups.setdefault((each.cause, each.location), []).append(each)
    return [_together(same, count) for same in groups.values()]


def _together(same: list[Diagnosis], count: int) -> Diagnosis:
    """One diagnosis of several parameters that suffer from the same."""
    if len(same) == 1:
        return same[0]
    nodes = tuple(dict.fromkeys(node for d in same for node in d.nodes))
    if len({d.message for d in same}) == 1:
        return replace(same[0], nodes=nodes)
    names = [d.nodes[-1].name for d in same if d.nodes and d.nodes[-1].name]
    which = f" ({listed(names)})" if names else ""
    message = f"{len(same)} of {plural(count, 'parameter')}{which}. The first: {same[0].message}"
    return replace(same[0], message=message, nodes=nodes)


def of_trace(trace: Trace, case: Case) -> Diagnosis:
    """What a trace shows to be wrong."""
    if trace.stats == "off":
        return worst(
            [graph_changed(trace)],
            nothing("the trace holds no statistics of gradients (stats='off').",
                    "Whether gradients are in order: record with stats='full'."),
        )  # fmt: skip
    good = f"nothing stands out in this trace: {trace.summary()}."
    return worst(_of_trace(trace), nothing(good))


def _of_trace(trace: Trace) -> list[Diagnosis]:
    bad = origin.in_trace(trace)
    flow = None if bad is not None else vanishing_or_exploding(trace)
    dead = dead_units(trace) or _zeroed(trace)
    found = [bad, flow, *dead, unreached_in_trace(trace), graph_changed(trace)]
    return [d for d in found if d is not None]


def _zeroed(trace: Trace) -> list[Diagnosis]:
    """Where the gradients of leaves were lost that got nothing but zeros in the last iteration."""
    last = list(trace.iterations)[-1:]
    leaves = [n for i in last for n in trace.find(iteration=i) if n.kind == "leaf" and n.reached]
    lost = [origin.of_zero(trace, leaf) for leaf in leaves]
    return grouped([d for d in lost if d is not None], len(leaves))


def of_optimizer(optimizer: Any, case: Case) -> Diagnosis:
    """What is wrong with the gradients of what an optimizer holds."""
    members = [p for group in optimizer.param_groups for p in group["params"]]
    found = grouped([of_leaf(p, case) for p in members], len(members))
    good = f"all {len(members)} parameters of the optimizer have finite gradients."
    return worst(found, nothing(good))
