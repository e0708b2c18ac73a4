"""A tensor that does not require grad: where its graph was cut, as far as can be told.

The surest witness comes first: a `watch` block that saw the cut, then what the tensor itself
tells (its dtype, inference mode, memory shared with a tensor in a graph), and last the lines
of source, which are candidates only.
"""

from __future__ import annotations

from types import FrameType
from typing import TYPE_CHECKING, Any

from ... import state
from ...backends import backend_of
from ...dtypes import FLOATING
from .diagnosis import Diagnosis, Suspect, listed, plural
from .reading import candidates
from .trail import CAUSES, Cut

if TYPE_CHECKING:
    from .case import Case

WATCH = "Run it again inside `with ag.debug.watch():` and ask again: that names the line."
SAID = {
    "detach": "detach() took it out of the graph",
    "data": ".data took it out of the graph",
    "item": "item() made a Python number of it",
    "tolist": "tolist() made Python numbers of it",
    "numpy": "numpy() made an array of it",
    "tensor": "a new tensor was made from its values",
    "no_grad": "it was computed while recording was off",
    "non_differentiable": "its op has no gradient",
}
REMEDIES = {
    "detached": "leave out detach() or .data where the gradient has to pass.",
    "no_grad": "compute it outside no_grad() and inference_mode().",
    "non_differentiable": "use a smooth form in the loss (softmax or a sigmoid in place of argmax "
    "or a comparison), and convert to integers outside of it only.",
    "rewrapped": "use the tensor itself: a number, an array or a new tensor has no history.",
}


def of_cut(tensor: Any, case: Case, frame: FrameType | None, line: int) -> Diagnosis:
    """Why a tensor that should have a graph has none.

    Parameters
    ----------
    tensor : Tensor
        One that does not require grad.
    case : Case
        What else is known.
    frame, line : frame or None, int
        Where its variable lives and is used, to read the source there.
    """
    watched = _watched(tensor, case)
    if watched is not None:
        return watched
    name = case.name(tensor) or "the tensor"
    return (
        _told_by_itself(tensor, name)
        or _shared(tensor, name, case)
        or _read(tensor, name, case, frame, line)
    )


# ------------------------------------------------------------------ somebody watched


def _watched(tensor: Any, case: Case) -> Diagnosis | None:
    watch = case.watch
    if watch is None:
        return None
    cuts = watch.cuts(tensor)
    if cuts:
        return of_watched(cuts, case.name(tensor) or "the tensor", case)
    if watch.saw(tensor):
        return _no_leaf(tensor, case)
    return None


def of_watched(cuts: list[Cut], name: str, case: Case) -> Diagnosis:
    """Where a watch saw that `name` lost its way to leaves; the last cut first."""
    assert case.watch is not None
    nodes = []
    for cut in cuts:
        lost = [case.name(leaf) or "a leaf" for leaf in case.watch.leaves(cut)]
        note = f"{SAID[cut.how]}; the way to {listed(lost)} ends here" if lost else SAID[cut.how]
        nodes.append(Suspect(cut.op, cut.location, scope=cut.scope, note=note))
    last = cuts[0]
    every = [case.name(leaf) or "a leaf" for leaf in case.watch.leaves(*cuts)]
    message = f"no gradient passes from {name}: {SAID[last.how]}"
    message += f"; the way to {listed(every)} ends there." if every else "."
    return Diagnosis(last.cause, message, last.location, tuple(nodes), REMEDIES[last.cause])


def _no_leaf(tensor: Any, case: Case) -> Diagnosis:
    name = case.name(tensor) or "the tensor"
    message = f"nothing that {name} was computed from required grad then"
    remedy = "call requires_grad_() on the inputs that shall get a gradient, before computing it."
    if case.model is not None:
        parameters = list(case.model.parameters())
        if parameters and not any(p.requires_grad for p in parameters):
            message += f": all {len(parameters)} parameters of the model are frozen"
            remedy = "thaw some of them: model.requires_grad_(True)."
        else:
            message += "; the model's parameters were frozen then, or not used"
            remedy = "compute the loss from the model's output, with parameters that require grad."
    return Diagnosis("requires_grad_false", message + ".", remedy=remedy)


# ------------------------------------------------------------------ the tensor itself


def _told_by_itself(tensor: Any, name: str) -> Diagnosis | None:
    if tensor._view is not None and tensor._view.origin == "no_grad":
        return Diagnosis(
            "no_grad", f"{name} is a view that was made while recording was off.",
            remedy=REMEDIES["no_grad"], unknown=f"At which line. {WATCH}",
        )  # fmt: skip
    if tensor.is_inference():
        return Diagnosis(
            "no_grad", f"{name} was made in inference mode, where nothing is recorded.",
            remedy=REMEDIES["no_grad"], unknown=f"Which line made it. {WATCH}",
        )  # fmt: skip
    if tensor.dtype.category < FLOATING:
        return Diagnosis(
            "non_differentiable",
            f"{name} is {tensor.dtype!r}: only floating and complex tensors have gradients.",
            remedy=REMEDIES["non_differentiable"],
            unknown=f"Which line made integers or bools of it. {WATCH}",
        )
    if not state.modes.grad and state.modes.run is None:
        return Diagnosis(
            "no_grad",
            f"recording is off in this thread now, and {name} has no graph.",
            remedy="leave no_grad(), or call set_grad_enabled(True), before computing it.",
            unknown=f"Whether it was off when {name} was computed. {WATCH}",
        )
    return None


def _shared(tensor: Any, name: str, case: Case) -> Diagnosis | None:
    """A tensor on the same memory that has a graph was its source."""
    for variable, value in case.variables.items():
        if value is tensor or getattr(value, "_fn", None) is None or variable.startswith("_"):
            continue
        if not _same_memory(value._array, tensor._array):
            continue
        same_counter = tensor._version_counter is not None and (
            tensor._version_counter is value._version_counter
        )
        how = "detach()" if same_counter else ".data or numpy()"
        made = value.grad_fn.location if value.grad_fn is not None else None
        source = Suspect(
            value.grad_fn.name() if value.grad_fn is not None else "AccumulateGrad",
            made, variable, note=f"{name} lies in its memory",
        )  # fmt: skip
        return Diagnosis(
            "detached",
            f"{name} lies in the memory of {variable}, which has a graph: it came out of it by "
            f"{how}.",
            made, (source,), REMEDIES["detached"], f"At which line. {WATCH}",
        )  # fmt: skip
    return None


def _same_memory(one: Any, two: Any) -> bool:
    backend = backend_of(one)
    if backend is not backend_of(two) or backend.name != "cpu" or not (one.size and two.size):
        return False
    return bool(one is two or backend.xp.may_share_memory(one, two))


# ------------------------------------------------------------------ the source


def _read(tensor: Any, name: str, case: Case, frame: FrameType | None, line: int) -> Diagnosis:
    message = f"{name} does not require grad and has no graph: nothing recorded leads to it."
    found = []
    if frame is not None and case.name(tensor):
        found = candidates(frame.f_code, name, line)
    remedy = (
        "where it was made by hand, make it with requires_grad=True; where it was computed, look "
        "for detach(), .data, no_grad(), item(), numpy() or a new tensor on the way, and for "
        "inputs that do not require grad."
    )
    if not found:
        return Diagnosis("no_graph", message, remedy=remedy, unknown=f"Why. {WATCH}")
    nodes = tuple(Suspect(c.how, c.location, note="a candidate") for c in reversed(found))
    causes = {CAUSES[c.how] for c in found}
    cause = causes.pop() if len(causes) == 1 else "no_graph"
    message += f" {plural(len(nodes), 'place')} in the lines that lead to {name} here can cut it."
    return Diagnosis(
        cause, message, nodes[0].location, nodes, REMEDIES.get(cause, remedy),
        f"Whether it was there: the source was read, nobody watched. {WATCH}", sure=False,
    )  # fmt: skip
