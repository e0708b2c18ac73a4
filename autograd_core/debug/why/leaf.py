"""A parameter or other leaf: no gradient, a bad one, a zero one, or one that was added up."""

from __future__ import annotations

import math
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import numpy as np

from ...backends import backend_of, truth
from ...source import resolve
from ..draw.theme import number
from . import origin
from .cuts import WATCH, of_watched
from .diagnosis import Diagnosis, Suspect, nothing, plural
from .nonfinite import look
from .reached import path_in_trace, rows_of, unreached
from .walk import leaves_of, reach, root_of

if TYPE_CHECKING:
    from .case import Case


ZEROING = ("zero_grad", "zero_", "fill_", "copy_")
"""Writes to ``.grad`` that begin a new sum."""


def of_leaf(leaf: Any, case: Case) -> Diagnosis:
    """Why a leaf's gradient is as it is."""
    name = case.name(leaf) or f"the leaf of shape {list(leaf.shape)}"
    if not leaf.requires_grad:
        return _frozen(leaf, name)
    others = [d for d in (_not_held(leaf, name, case),) if d is not None]
    grad = leaf._grad
    if grad is None:
        found = _no_gradient(leaf, name, case)
    else:
        found = (
            _bad_value(leaf, name)
            or _nonfinite(leaf, grad, name, case)
            or _cycle(leaf, grad, name)
            or _zero(leaf, grad, name, case)
            or _added_up(leaf, grad, name, case)
            or nothing(f"{name} has a finite gradient of norm {number(norm_of(grad))}.")
        )
    if others and not found:
        return others[0]
    return found if not others else _with(found, others)


def _with(found: Diagnosis, others: list[Diagnosis]) -> Diagnosis:
    return replace(found, others=(*found.others, *others))


def norm_of(tensor: Any) -> float:
    """The L2 norm of a tensor's elements."""
    array = backend_of(tensor._array).to_numpy(tensor._array)
    return float(np.linalg.norm(np.abs(array).astype(np.float64).ravel()))


def _frozen(leaf: Any, name: str) -> Diagnosis:
    return Diagnosis(
        "requires_grad_false",
        f"{name} has requires_grad=False: nothing is recorded for it, and no gradient comes.",
        None, (Suspect("leaf", None, name),),
        "call requires_grad_(True) on it before the forward, unless it is frozen on purpose.",
    )  # fmt: skip


def _not_held(leaf: Any, name: str, case: Case) -> Diagnosis | None:
    """An optimizer that updates another object of the same name or shape."""
    if case.optimizer is None:
        return None
    held = [p for group in case.optimizer.param_groups for p in group["params"]]
    if any(p is leaf for p in held):
        return None
    alike = sum(tuple(p.shape) == tuple(leaf.shape) for p in held)
    message = f"the optimizer does not hold {name}: it will not be updated"
    message += f"; it holds {plural(alike, 'other tensor')} of that shape." if alike else "."
    return Diagnosis(
        "not_in_optimizer", message, None, (Suspect("leaf", None, name),),
        "make the optimizer after the model is complete (moved, re-initialised, its parts "
        "replaced), or add the parameter with add_param_group.",
    )  # fmt: skip


# ------------------------------------------------------------------ no gradient


def _no_gradient(leaf: Any, name: str, case: Case) -> Diagnosis:
    who = (Suspect("AccumulateGrad", None, name),)
    arrived = _arrived(leaf, case)
    if arrived:
        return Diagnosis(
            "cleared", f"{name} got a gradient ({arrived}); .grad was set to None since.", None,
            who, "look at .grad between backward() and zero_grad().",
        )  # fmt: skip
    if case.loss is not None:
        found = leaves_of(reach([root_of(case.loss)]))
        if not any(x is leaf for x in found):
            return unreached(leaf, [case.loss], None, case)
        return _not_run(leaf, name, "the loss leads to it")
    if case.watch is not None and not case.watch.saw(leaf) and case.watch.covers_now():
        return Diagnosis(
            "unreached", f"no op that was watched used {name}.", None, who,
            "use it in the forward, or leave it out of the model.",
        )  # fmt: skip
    if case.trace is not None:
        if not len(case.trace.runs):
            return _not_run(leaf, name, "no backward ran in the trace")
        traced = path_in_trace(leaf, case)
        if traced is not None:
            message = f"no gradient came to {name}. {traced.message}"
            return Diagnosis("unreached", message, traced.location, traced.nodes, traced.remedy,
                             traced.unknown)  # fmt: skip
    watch = case.watch
    seen = watch.cuts_of(leaf) if watch is not None and watch.iteration else []
    if seen and watch is not None and watch.covers_now():
        cut = of_watched(seen, f"what uses {name}", case)
        return replace(cut, sure=False, unknown="Which of them was on the way to the loss.")
    alive = "a graph that uses it is alive" if root_of(leaf) is not None else (
        "no graph that is alive uses it"
    )  # fmt: skip
    return Diagnosis(
        "no_gradient", f"{name} requires grad and has no gradient; {alive}.", None, who,
        "call backward() on a loss that depends on it, and look before zero_grad().",
        "Whether a backward ran, and whether it could reach it: pass loss= or trace=. " + WATCH,
    )  # fmt: skip


def _not_run(leaf: Any, name: str, why: str) -> Diagnosis:
    return Diagnosis(
        "backward_not_run", f"{name} has no gradient yet: {why}.", None,
        (Suspect("AccumulateGrad", None, name),), "call backward() on the loss.",
    )  # fmt: skip


def _arrived(leaf: Any, case: Case) -> str:
    """When a gradient came to a leaf, in words; empty if nobody saw one."""
    rows = [row for row in rows_of(leaf, case) if row.reached]
    if rows:
        return f"norm {number(rows[-1].norm)} in iteration {rows[-1].iteration}"
    added = case.watch.added(leaf) if case.watch is not None else None
    return "" if added is None else f"in watched iteration {added.last}"


# ------------------------------------------------------------------ a bad gradient


def _bad_value(leaf: Any, name: str) -> Diagnosis | None:
    """A leaf whose own values are not finite, and whose gradient therefore is not."""
    spot = look(leaf)
    if spot is None or look(leaf._grad) is None:
        return None
    return Diagnosis(
        f"{spot.kind}_origin",
        f"{name} itself holds {spot}; its gradient can't be finite any more.",
        None, (Suspect("leaf", None, name),),
        "an update wrote it: look at the gradient and the learning rate of the step before.",
        f"In which iteration. {WATCH}",
    )  # fmt: skip


def _nonfinite(leaf: Any, grad: Any, name: str, case: Case) -> Diagnosis | None:
    spot = look(grad)
    if spot is None:
        return None
    watch = case.watch
    if watch is not None and watch.is_current(leaf):
        bad = watch.bad_gradient(leaf)
        if bad is not None:
            return bad
    for row in reversed(rows_of(leaf, case)):
        found = origin.in_trace(row.trace, row)
        if found is not None:
            return found
    return Diagnosis(
        f"{spot.kind}_origin", f"the gradient of {name} holds {spot}.", None,
        (Suspect("AccumulateGrad", None, name),),
        'ag.debug.break_on("nan or inf") stops backward where it first appears.',
        f"Which node made it: the graph is gone, and nobody watched. {WATCH}", sure=False,
    )  # fmt: skip


def _cycle(leaf: Any, grad: Any, name: str) -> Diagnosis | None:
    """``backward(create_graph=True)``: the gradient's graph leads back to the leaf."""
    if grad.grad_fn is None:
        return None
    nodes = reach([root_of(grad)])
    if not any(x is leaf for x in leaves_of(nodes)):
        return None
    made = grad.grad_fn.location
    return Diagnosis(
        "create_graph_cycle",
        f"{name}.grad has a graph of {plural(len(nodes), 'node')} that leads back to {name}: a "
        "cycle, which is freed only by the garbage collector, and grows with each backward.",
        made, (Suspect(grad.grad_fn.name(), made, f"{name}.grad"),),
        f"use autograd.grad(..., create_graph=True) in place of backward(create_graph=True), or "
        f"set {name}.grad = None after use.",
    )  # fmt: skip


def _zero(leaf: Any, grad: Any, name: str, case: Case) -> Diagnosis | None:
    if not grad._array.size or truth((grad._array != 0).any()):
        return None
    rows = [row for row in rows_of(leaf, case) if row.reached]
    if rows and math.isfinite(rows[-1].norm):
        found = origin.of_zero(rows[-1].trace, rows[-1])
        if found is not None:
            return found
        return Diagnosis(
            "cleared", f"{name} got a gradient of norm {number(rows[-1].norm)} in iteration "
            f"{rows[-1].iteration}; .grad was filled with zeros since.", None,
            (Suspect("AccumulateGrad", None, name),), "look at .grad before zero_grad().",
        )  # fmt: skip
    return Diagnosis(
        "zero_gradient", f"the gradient of {name} is zero everywhere.", None,
        (Suspect("AccumulateGrad", None, name),),
        "look for units that are never active, masks, clamps, and factors of 0.",
        "Where it became zero, or whether zero_grad(set_to_none=False) wrote it: pass trace=.",
    )  # fmt: skip


# ------------------------------------------------------------------ added up


def _added_up(leaf: Any, grad: Any, name: str, case: Case) -> Diagnosis | None:
    """A gradient that was added to one from before."""
    watch = case.watch
    if watch is not None and watch.is_current(leaf):
        added = watch.added(leaf)
        assert added is not None
        if added.since == added.last:
            return None
        said, sure = f"since watched iteration {added.since}", True
    else:
        counter = grad._version_counter
        if counter is None or counter.culprit is None or counter.culprit[0] != "backward":
            return None
        before = getattr(counter, "before", "")
        if before in ZEROING or _is_last_alone(leaf, grad, case):
            return None
        traced = [row for row in rows_of(leaf, case) if row.reached]
        said, sure = f"{plural(counter.n, 'write')} since .grad was made", before == "backward"
        if len(traced) > 1:
            said, sure = f"since iteration {traced[0].iteration} of the trace or before", True
    culprit = grad._version_counter.culprit if grad._version_counter is not None else None
    line = resolve(culprit[1], culprit[2]) if culprit is not None else None
    return Diagnosis(
        "grad_not_zeroed",
        f"backward added to a gradient of {name} that was there before, {said}: its norm "
        f"{number(norm_of(grad))} is that of the sum.",
        line, (Suspect("backward", line, name, note="added last"),),
        "call optimizer.zero_grad() before each backward, unless batches are added up on purpose.",
        "" if sure else "Whether .grad was made by backward, and what it held. " + WATCH, sure,
    )  # fmt: skip


def _is_last_alone(leaf: Any, grad: Any, case: Case) -> bool:
    """Whether a trace shows that ``.grad`` is just what the last backward gave."""
    rows = [row for row in rows_of(leaf, case) if row.reached]
    return bool(rows) and math.isclose(rows[-1].norm, norm_of(grad), rel_tol=1e-4)
