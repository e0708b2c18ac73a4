"""The first NaN or Inf in the gradients of a trace."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from ..draw.theme import number
from ..trace.rows import Node, Step
from .diagnosis import Diagnosis, plural
from .reached import of_row

if TYPE_CHECKING:
    from ..trace.traced import Trace

UNKNOWN = (
    "The values: a trace keeps none, so whether the forward had made NaN or Inf already is not "
    'known. Run it again inside `with ag.debug.watch():`, or with ag.debug.break_on("nan or '
    'inf"), and ask again.'
)


def in_trace(trace: Trace, node: Node | None = None) -> Diagnosis | None:
    """The backward node that made the first NaN or Inf of a trace.

    Parameters
    ----------
    trace : Trace
        With statistics.
    node : Node, optional
        A row whose gradient is bad: only its backward run is looked at.

    Returns
    -------
    Diagnosis or None
        None where all gradients that were measured are finite.
    """
    steps = trace.table("steps")
    bad = (steps.column("nan") > 0) | (steps.column("inf") > 0)
    if node is not None and node.step is not None:
        bad &= steps.column("run") == node.step.run.id
    found = np.flatnonzero(bad)
    if not len(found):
        return None
    first = Step(trace, int(found[0]) + steps.first)
    victim = first.node
    kind = "nan" if first.statistics.nan > 0 else "inf"
    if first.edited:
        return _edited(first, kind)
    makers = _ran_before(victim, first)
    if not makers:
        return _at_the_start(victim, kind)
    return _made(makers, victim, first, kind)


def _ran_before(victim: Node, step: Step) -> list[Node]:
    """The consumers of a node that gave it a gradient in a run."""
    trace = victim.trace
    steps = trace.tables["steps"]
    ran = steps.column("node")[steps.column("run") == step.run.id]
    return [user for user in victim.consumers if user.id in set(ran.tolist())]


def _made(makers: list[Node], victim: Node, step: Step, kind: str) -> Diagnosis:
    word = {"nan": "NaN", "inf": "Inf"}[kind]
    known = step.statistics
    count = plural(known.nan + known.inf, "element")
    maker = makers[0]
    whose = victim.name or victim.label
    message = (
        f"{word} first appeared in backward between {maker.op} and {whose}: the gradient that "
        f"arrived at {maker.op} was finite ({_norm(maker, step)}), and what came out, to "
        f"{whose}, had {word} in {count} of {known.size:,}."
    )
    unknown = UNKNOWN
    if len(makers) > 1:
        others = ", ".join(sorted({m.op for m in makers}))
        message = (
            f"{word} first appeared in backward in the gradient of {whose}, to which "
            f"{len(makers)} nodes contributed ({others}); what arrived at them was finite."
        )
        unknown = f"Which of them, or whether only their sum is not finite. {UNKNOWN}"
    return Diagnosis(
        f"{kind}_origin", message, maker.location,
        (*(of_row(m, "finite gradient in") for m in makers), of_row(victim, "first bad gradient")),
        "look at the values there: keep the op's input where its slope is finite.",
        unknown, sure=len(makers) == 1,
    )  # fmt: skip


def _norm(node: Node, step: Step) -> str:
    norms = [s.statistics.norm for s in step.run.steps if s.node == node]
    return f"norm {number(norms[-1])}" if norms else "norm not measured"


def _at_the_start(victim: Node, kind: str) -> Diagnosis:
    word = {"nan": "NaN", "inf": "Inf"}[kind]
    return Diagnosis(
        f"{kind}_origin",
        f"backward was started with a gradient that holds {word}, at {victim.op}.",
        victim.location, (of_row(victim),),
        "look at what is passed to backward(): a loss scale that overflowed?",
    )  # fmt: skip


def _edited(step: Step, kind: str) -> Diagnosis:
    return Diagnosis(
        f"{kind}_origin",
        f"the gradient of {step.node.op} was edited by hand, and is not finite since.",
        step.node.location, (of_row(step.node, "edited"),),
        "edit it to finite values.",
    )  # fmt: skip


# ------------------------------------------------------------------ all zero


def of_zero(trace: Trace, node: Node) -> Diagnosis | None:
    """Where a gradient that is all zero became so; None if it is not, or that is not known."""
    step = node.step
    if step is None or not _is_zero(step):
        return None
    latest: dict[int, Step] = {s.node.id: s for s in step.run.steps}
    victim, seen = node, {node.id}
    while True:
        users = [u for u in victim.consumers if u.id in latest]
        zero = next((u for u in users if _is_zero(latest[u.id])), None)
        if zero is None or zero.id in seen:
            break
        victim = zero
        seen.add(zero.id)
    users = [u for u in victim.consumers if u.id in latest]
    who: Any = of_row(users[0], "its backward gave zeros") if users else of_row(victim)
    relu = bool(users) and "Relu" in users[0].op
    message = f"the gradient became zero everywhere in the backward of {who.op}"
    message += ": no unit there is active." if relu else "."
    remedy = "look at its saved values: saturated, masked, multiplied by 0, or clamped?"
    if relu:
        remedy = "a smaller learning rate, another initialisation, or leaky_relu keep units alive."
    return Diagnosis(
        "dead_units" if relu else "zero_gradient", message, who.location,
        (who, of_row(node, "zero gradient")), remedy, sure=len(users) <= 1,
    )  # fmt: skip


def _is_zero(step: Step) -> bool:
    known = step.statistics
    return known.size > 0 and known.norm == 0.0
