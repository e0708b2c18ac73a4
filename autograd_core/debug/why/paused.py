"""A paused run: why it stopped here, and where the bad value comes from.

The nodes that ran stand in the run's journal with the gradients that had arrived at them and,
until they fall out of its budget, with what they had saved; so a bad gradient can be followed
up to the node that made it.
"""

from __future__ import annotations

from collections.abc import Iterator
from itertools import pairwise
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from ...backends import is_array
from ...node import AccumulateGrad
from ..breakpoints.moment import measure
from ..draw.theme import number
from . import nonfinite
from .diagnosis import Diagnosis, Suspect
from .walk import inputs_of, saved_arrays, suspect

if TYPE_CHECKING:
    from .case import Case


class Ran(NamedTuple):
    """A node that ran in the paused run: what had arrived, and what it had saved."""

    node: Any
    grads: tuple[Any, ...]
    saved: dict[str, Any]


def of_pause(pause: Any, case: Case) -> Diagnosis:
    """Why a run stopped, and where the gradient that arrived comes from."""
    if pause.phase == "forward":
        return _of_forward(pause, case)
    node, grads = pause.node, tuple(map(_bare, pause.grads))
    who = suspect(node, case, _said(grads))
    spot = next((s for s in map(nonfinite.look, grads) if s is not None), None)
    edited = getattr(pause, "edited", None)
    if spot is not None and edited:
        return Diagnosis(
            f"{spot.kind}_origin", f"the gradient that arrives at {who.op} was edited by hand.",
            who.location, (who,), "edit it to finite values, or step back.",
        )  # fmt: skip
    ran = list(_ran(pause.run))
    if spot is not None:
        return _nonfinite(node, grads, spot, ran, case)
    return _stopped(pause, who, grads, ran, case)


def _ran(run: Any) -> Iterator[Ran]:
    """The nodes that ran, the last one first."""
    journal = run.journal
    for node, grad, saved in journal.steps() if journal is not None else ():
        if grad.__class__ is dict:
            grads = tuple(grad.get(i) for i in range(node.output_count))
        else:
            grads = (grad,)
        yield Ran(node, tuple(map(_bare, grads)), _saved(node, saved))


def _saved(node: Any, saved: Any) -> dict[str, Any]:
    """The arrays a node had saved, from what the journal kept."""
    if node.__class__ is AccumulateGrad or saved is None:
        return {}
    now, node.saved = node.saved, saved
    try:
        return saved_arrays(node)
    finally:
        node.saved = now


def _nonfinite(
    node: Any, grads: tuple[Any, ...], spot: nonfinite.Spot, ran: list[Ran], case: Case
) -> Diagnosis:
    """Up from the node, through gradients that are not finite, to the one that made them."""
    victim, arrived, path = node, grads, [suspect(node, case, str(spot))]
    while True:
        makers = [r for r in ran if victim in inputs_of(r.node)]
        if not makers:
            return _from_outside(victim, spot, path, case, complete=bool(ran) or victim is node)
        bad = next((r for r in makers if any(map(nonfinite.look, r.grads))), None)
        if bad is None:
            return _made(makers, victim, arrived, path, case)
        victim, arrived = bad.node, bad.grads
        path.append(suspect(victim, case, "its gradient was bad already"))


def _made(
    makers: list[Ran], victim: Any, arrived: tuple[Any, ...], path: list[Suspect], case: Case
) -> Diagnosis:
    maker = makers[0]
    who = suspect(maker.node, case, _said(maker.grads))
    found = nonfinite.of_step(who, maker.grads, arrived, maker.saved)
    assert found is not None
    unknown = found.unknown
    if len(makers) > 1:
        names = ", ".join(sorted({m.node.name() for m in makers}))
        unknown = f"Which of {names} made it: their gradients are added up here. {unknown}"
    return Diagnosis(
        found.cause, f"{found.message} It arrived at {path[-1].name or path[-1].op}.",
        found.location, (who, *reversed(path)), found.remedy, unknown.strip(), len(makers) == 1,
    )  # fmt: skip


def _from_outside(
    victim: Any, spot: nonfinite.Spot, path: list[Suspect], case: Case, complete: bool
) -> Diagnosis:
    return Diagnosis(
        f"{spot.kind}_origin",
        f"the gradient was {spot} when it came to {suspect(victim, case).op}, and no node that "
        "ran in this run gave it.",
        path[-1].location, tuple(reversed(path)),
        "look at what was passed to backward(): a loss scale that overflowed?",
        "" if complete else "What ran before: it is beyond the budget of the journal.",
    )  # fmt: skip


def _stopped(
    pause: Any, who: Suspect, grads: tuple[Any, ...], ran: list[Ran], case: Case
) -> Diagnosis:
    """A stop for another reason: how the norm came to be what it is."""
    norms = [(suspect(r.node, case), _norm(r.grads)) for r in _line_up(pause.node, ran)]
    here = _norm(grads)
    message = f"the run stopped before {who.name or who.op} ({pause.reason}): {who.note}"
    nodes = [who, *(s.noted(f"norm {number(n)}") for s, n in norms)]
    zero = here == 0.0 and bool(norms) and norms[0][1] > 0
    if zero:
        message += f"; it became zero in {norms[0][0].op}"
    elif len(norms) > 1 and here > 0 and norms[-1][1] > 0:
        message += f"; it began with norm {number(norms[-1][1])} at {norms[-1][0].op}"
        values = [here, *(n for _, n in norms)]
        steps = [a / b if b else 1.0 for a, b in pairwise(values)]
        steepest = int(np.argmax(np.abs(np.log(np.maximum(steps, 1e-30)))))
        if not 0.1 < steps[steepest] < 10:
            message += (
                f" and changed most in {norms[steepest][0].op}, by a factor of "
                f"{number(steps[steepest])}"
            )
    return Diagnosis("stopped", message + ".", who.location, tuple(nodes))


def _line_up(node: Any, ran: list[Ran]) -> list[Ran]:
    """The way up from a node to the loss, by the first consumer that ran each time."""
    found, at = [], node
    for each in ran:
        if at in inputs_of(each.node):
            found.append(each)
            at = each.node
    return found


def _of_forward(pause: Any, case: Case) -> Diagnosis:
    arrays = [_bare(x) for x in pause.grads if is_array(_bare(x))]
    spot = next((s for s in map(nonfinite.look, arrays) if s is not None), None)
    op = getattr(pause.moment, "op", "an op")
    location = pause.location
    if spot is None:
        return Diagnosis("stopped", f"the run stopped after {op} ({pause.reason}).", location,
                         (Suspect(op, location),))  # fmt: skip
    if pause.node is not None and len(arrays) == 1:
        return nonfinite.of_result(pause.node, arrays[0], case)
    message = f"{op} gave {spot}."
    return Diagnosis(
        nonfinite.cause_of(spot.kind), message, location, (Suspect(op, location),),
        nonfinite.forward_remedy(op),
        "Whether what it was given was finite: look with `up` at the variables of that line.",
    )  # fmt: skip


def _bare(x: Any) -> Any:
    return getattr(x, "_array", x)


def _norm(grads: tuple[Any, ...]) -> float:
    known = [g for g in grads if g is not None]
    return float(measure(tuple(known)).norm) if known else float("nan")


def _said(grads: tuple[Any, ...]) -> str:
    arrays = [g for g in grads if g is not None]
    if not arrays:
        return "no gradient"
    shapes = ", ".join(str(list(g.shape)) for g in arrays)
    return f"shape {shapes}, norm {number(_norm(grads))}"
