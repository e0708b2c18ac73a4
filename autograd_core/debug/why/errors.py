"""An exception explained: from its class, and from what the frames of its traceback hold.

The engine's own frames still have the node that failed, the tensor that was asked for, the
counter that did not fit.  Where the frames were cleared the message is all there is.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from types import FrameType
from typing import TYPE_CHECKING, Any

from ... import anomaly, autograd, function, inplace, views, vjps
from ..._tensor import Tensor
from ...autograd import _as_tuple, _captured, _root
from ...engine import Run
from ...errors import (
    AnomalyError,
    AutogradError,
    GradientError,
    GraphFreedError,
    InPlaceError,
    NoGradError,
)
from ...node import AccumulateGrad, Node, edge_of
from ...source import MARK, Location, resolve
from . import cuts, freed, nonfinite
from .diagnosis import Diagnosis, Suspect
from .reached import unreached
from .reading import definition
from .walk import frame_of, frames_of, saved_arrays, suspect

if TYPE_CHECKING:
    from .case import Case

CLEARED = "The frames of the traceback are gone, and with them the nodes."


def of_error(error: BaseException, case: Case) -> Diagnosis:
    """Why an exception was raised."""
    told = next((e for e in _chain(error) if isinstance(e, AutogradError)), error)
    for kind, explain in EXPLAINED.items():
        if isinstance(told, kind):
            found = explain(told, case)
            if found is not None:
                return found
    return _any(told, case)


def _chain(error: BaseException) -> Iterator[BaseException]:
    seen: set[int] = set()
    at: BaseException | None = error
    while at is not None and id(at) not in seen:
        seen.add(id(at))
        yield at
        at = at.__cause__ or at.__context__


def user_frame(error: BaseException) -> FrameType | None:
    """The innermost frame of user code in which an exception passed."""
    ours = [f for f in frames_of(error) if MARK not in f.f_globals]
    return ours[-1] if ours else None


def _line_of(frame: FrameType | None, error: BaseException) -> Location | None:
    """The line at which a frame of the traceback stood."""
    at = error.__traceback__
    while at is not None:
        if at.tb_frame is frame:
            return resolve(at.tb_frame.f_code, at.tb_lasti)
        at = at.tb_next
    return None


# ------------------------------------------------------------------ NaN, in-place, freed


def _anomaly(error: BaseException, case: Case) -> Diagnosis | None:
    held = frame_of(error, anomaly.check_gradients)
    if held is None:
        return None
    node = held["node"]
    saved = saved_arrays(node)
    return nonfinite.of_step(suspect(node, case), held["grads"], held["results"], saved)


def _in_place(error: BaseException, case: Case) -> Diagnosis | None:
    held = frame_of(error, vjps.raise_modified)
    if held is not None:
        return modified(held["n"], held["name"], held["x"], held["counter"], case)
    line = _line_of(user_frame(error), error)
    held = frame_of(error, inplace._check_followed)
    view = held["self"] if held is not None else None
    held = frame_of(error, views.current_fn)
    view = held["t"] if view is None and held is not None else view
    if view is not None:
        return _view_written(view, line, case)
    held = frame_of(error, inplace.check_allowed)
    return None if held is None else _leaf_written(held["self"], held["name"], line, case)


def modified(node: Any, name: str, x: Any, counter: Any, case: Case) -> Diagnosis:
    """A saved value was written to before backward used it."""
    who = suspect(node, case, f"saved {name}")
    shape = list(getattr(x, "_array", x).shape)
    variable = case.name(x) if isinstance(x, Tensor) else ""
    what = f"{variable or 'a tensor'} of shape {shape}"
    culprit = getattr(counter, "counter", counter).culprit  # a `Since` wraps the counter
    nodes = [who]
    message = f"{what}, which {who.op} saved for backward as {name!r}, was modified in place"
    location, unknown = who.location, ""
    if culprit is not None:
        op, code, lasti = culprit
        writer = Suspect(op, resolve(code, lasti), note="wrote last")
        nodes.insert(0, writer)
        location = writer.location
        message += f" by {op}"
    else:
        unknown = "Which line wrote it: it was written through .data or an array on its memory."
    return Diagnosis(
        "inplace_modified", message + " before backward used it.", location, tuple(nodes),
        "use the out-of-place form of that operation, or clone() the tensor before it is used.",
        unknown,
    )  # fmt: skip


def _leaf_written(x: Any, op: str, line: Location | None, case: Case) -> Diagnosis:
    name = case.name(x) or f"a leaf of shape {list(x.shape)}"
    what = f"{name}, a leaf that requires grad"
    if x._view is not None:
        base = case.name(x._view.base) or "a leaf"
        what = f"{case.name(x) or 'a view'} and so into {base}, a leaf that requires grad"
    return Diagnosis(
        "leaf_modified",
        f"{op} would write into {what}: its old value would be lost to backward.",
        line, (Suspect(op, line),),
        "update parameters under torch.no_grad(); elsewhere use the out-of-place form.",
    )  # fmt: skip


def _view_written(view: Any, line: Location | None, case: Case) -> Diagnosis:
    name = case.name(view) or f"a view of shape {list(view.shape)}"
    base = case.name(view._view.base) or f"a tensor of shape {list(view._view.base.shape)}"
    steps = " and ".join(op.name for op, _ in view._view.chain) or "a custom Function"
    made = getattr(edge_of(view._fn)[0], "location", None)
    nodes = (Suspect("in-place write", line, name), Suspect(steps, made, note="made the view"))
    return Diagnosis(
        "view_modified",
        f"{name} is a view of {base}, by {steps}; memory that they share was written to where "
        "autograd can't follow.",
        line, nodes, "clone() the view before writing, or write out of place.",
    )  # fmt: skip


def _freed(error: BaseException, case: Case) -> Diagnosis | None:
    held = frame_of(error, vjps.raise_freed)
    if held is None:
        return None
    frame = user_frame(error)
    return freed.of_run(held["n"], run_of(error), _line_of(frame, error), frame, case)


def run_of(error: BaseException) -> Run | None:
    """The backward run in which an exception was raised."""
    for frame in reversed(frames_of(error)):
        for name in ("self", "run"):
            found = frame.f_locals.get(name) if MARK in frame.f_globals else None
            if isinstance(found, Run):
                return found
    return None


# ------------------------------------------------------------------ no grad, wrong gradients


def _no_grad(error: BaseException, case: Case) -> Diagnosis | None:
    held = frame_of(error, _root)
    if held is None:
        return None
    case, frame = _where(error, case)
    line = _line_of(frame, error)
    return cuts.of_cut(held["t"], case, frame, 0 if line is None else line.line)


def _gradient(error: BaseException, case: Case) -> Diagnosis | None:
    line = _line_of(user_frame(error), error)
    held = frame_of(error, function.FunctionNode._fitted)
    if held is not None:
        got, want = list(held["g"].shape), list(held["meta"][0])
        said = f"a gradient of shape {got} for input {held['i']}, whose shape is {want}"
        return _custom(held["self"], said, "make it of the input's shape: one gradient an input.")
    held = frame_of(error, function.FunctionNode._checked)
    if held is not None:
        node, got = held["self"], held.get("got", "?")
        expected = held.get("expected", len(node.input_meta))
        said = f"{got} gradients where forward took {expected} arguments"
        if got == expected:
            said = "a gradient for an argument of forward that is no tensor"
        remedy = "return one for each argument of forward, None for those that are no tensors."
        return _custom(node, said, remedy)
    held = frame_of(error, _root)
    if held is not None:
        t = held["t"]
        made = t.grad_fn.location if t.grad_fn is not None else None
        return Diagnosis(
            "not_scalar", f"backward was called on a tensor of shape {list(t.shape)}: which "
            "gradient to begin with is not given.", line,
            (Suspect(t.grad_fn.name() if t.grad_fn else "leaf", made, case.name(t)),),
            "reduce it, e.g. with .sum() or .mean(), or pass gradient=.",
        ) if held.get("g") is None else None  # fmt: skip
    return None


def _custom(node: Any, said: str, remedy: str) -> Diagnosis:
    """A custom Function's backward gave something that does not fit."""
    backward = node.function.backward
    code = getattr(backward, "__wrapped__", backward).__code__
    name = node.function.__name__
    nodes = (
        Suspect(f"{name}.backward", definition(code), note="returned it"),
        suspect(node, note="used here in the forward"),
    )
    return Diagnosis(
        "custom_shape", f"{name}.backward returned {said}.", nodes[0].location, nodes,
        f"{remedy} ag.autograd.gradcheck({name}.apply, inputs) compares it with differences.",
    )  # fmt: skip


def _unused(error: BaseException, case: Case) -> Diagnosis | None:
    line = _line_of(user_frame(error), error)
    held = frame_of(error, autograd.grad)
    if held is None:
        return None
    case, _ = _where(error, case)
    x = held.get("x")
    if isinstance(x, Tensor) and not x.requires_grad:
        name = case.name(x) or f"a tensor of shape {list(x.shape)}"
        return Diagnosis(
            "requires_grad_false", f"the gradient with respect to {name} was asked for, which "
            "does not require grad.", line, (Suspect("leaf", None, name),),
            "call requires_grad_() on it before it is used.",
        )  # fmt: skip
    missing = frame_of(error, _captured)
    if missing is None or not isinstance(missing["x"], Tensor):
        return None
    return unreached(missing["x"], _as_tuple(held["outputs"]), line, case)


def _where(error: BaseException, case: Case) -> tuple[Case, FrameType | None]:
    """The case with the variables of the user's frame that the exception passed."""
    frame = user_frame(error)
    if frame is None:
        return case, None
    return case.among(dict(frame.f_globals) | dict(frame.f_locals)), frame


# ------------------------------------------------------------------ anything else


def _any(error: BaseException, case: Case) -> Diagnosis:
    line = _line_of(user_frame(error), error)
    message = f"{type(error).__name__}: {error}".split("\n")[0]
    seen = any(MARK in frame.f_globals for frame in frames_of(error))
    for kind, cause in CAUSES.items():
        if isinstance(error, kind):
            return Diagnosis(cause, message, line, unknown="" if seen else CLEARED)
    node = _node_of(error)
    if node is None:
        return Diagnosis("error", message, line, remedy="it came from outside of autograd.")
    who = suspect(node, case, "was running")
    return Diagnosis(
        "backward_failed", f"backward ran {who.op} when it raised {message}",
        line or who.location, (who,),
        "look at the forward line of that node, and at hooks on it.",
    )  # fmt: skip


def _node_of(error: BaseException) -> Any:
    """The backward node that was running."""
    for frame in reversed(frames_of(error)):
        node = frame.f_locals.get("node") if MARK in frame.f_globals else None
        if isinstance(node, Node) and not isinstance(node, AccumulateGrad):
            return node
    return None


CAUSES: dict[type[BaseException], str] = {
    AnomalyError: "nan_origin",
    InPlaceError: "inplace_modified",
    GraphFreedError: "graph_freed",
    NoGradError: "no_graph",
    GradientError: "gradient_mismatch",
}
"""What is said where the frames are gone."""

EXPLAINED: dict[type[BaseException], Callable[[BaseException, Case], Diagnosis | None]] = {
    AnomalyError: _anomaly,
    InPlaceError: _in_place,
    GraphFreedError: _freed,
    NoGradError: _no_grad,
    GradientError: _gradient,
    AutogradError: _unused,
}
"""By class, the more special before the more general."""
