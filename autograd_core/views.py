"""Views: tensors that share the memory of another, their base.

A view remembers the chain of view ops that made it.  When somebody writes to the memory,
through the base or through any view, `autograd_core.inplace` gives the base its new node,
and every other view remakes its own from the base when it is next asked (`current_fn`).
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from . import state
from .errors import InPlaceError
from .node import InferenceVersion, Version, edge_of, ref

if TYPE_CHECKING:
    from .declare import Op


class View:
    """How a tensor came out of its base: the chain of view ops, and when that was true.

    ``version`` is the memory's version for which the view's ``_fn`` holds; after an
    in-place write the view's node is made anew from the base (`current_fn`).
    """

    __slots__ = ("base", "chain", "origin", "seen", "version")

    def __init__(self, base: Any, chain: tuple[Any, ...], version: int, origin: str):
        self.base = base
        self.chain = chain
        self.version = version
        self.origin = origin
        self.seen = base._fn if origin == "no_grad" else None


def mark_view(t: Any, x: Any, op: Op, statics: tuple[Any, ...], several: bool = False) -> None:
    """Note that `t` shares the memory of `x` through a view op."""
    counter = x._version_counter
    if counter is None:
        counter = x._version_counter = Version()
    t._version_counter = counter
    if counter.__class__ is InferenceVersion:
        return
    known = x._view
    step = ((op, statics),)
    if several:
        origin = "several"
    elif state.modes.inference:
        origin = "inference"
    else:
        origin = "" if state.modes.grad else "no_grad"
    if known is None:
        t._view = View(x, step, counter.n, origin)
    else:
        t._view = View(known.base, known.chain + step, counter.n, origin or known.origin)


def current_fn(t: Any) -> Any:
    """The node of a view, made anew when its memory was written to since."""
    view = t._view
    if view.version == t._version_counter.n:
        return t._fn
    if view.base._fn is not None:
        if view.origin in ("several", "custom"):
            raise view_error(t, "its base or another view of its base has been")
        if view.origin == "no_grad":
            if view.base._fn is view.seen:
                return t._fn
            raise view_error(t, "its base or another view of its base has been")
    view.version = t._version_counter.n
    if view.base._fn is not None:
        previous = state.set_mode("grad", True)
        try:
            replayed = replay(view.base, view.chain)
        finally:
            state.set_mode("grad", previous)
        t._fn = replayed._fn
    return t._fn


_WHY_NOT = {
    "several": "This view is the output of a function that returns multiple views. Such functions "
    "do not allow the output views to be modified inplace. You should replace the inplace "
    "operation by an out-of-place one.",
    "custom": "This view was created inside a custom Function (or because an input was returned "
    "as-is) and the autograd logic to handle view+inplace would override the custom backward "
    "associated with the custom Function, leading to incorrect gradients. This behavior is "
    "forbidden. You can fix this by cloning the output of the custom Function.",
    "no_grad": "Given that this use case is ambiguous and error-prone, it is forbidden. You can "
    "clarify your code by moving both the view and the inplace either both inside the no_grad "
    "block (if you don't want the inplace to be tracked) or both outside (if you want the inplace "
    "to be tracked).",
}


def view_error(t: Any, modified: str) -> InPlaceError:
    """What to raise when a view that can't follow writes, or its base, was written to."""
    made: Any
    made, nr = edge_of(t._fn)
    if made is None or made.__class__ is ref:
        what, how = "A view was created in no_grad mode", " with grad mode enabled"
    else:
        what, how = f"Output {nr} of {made.name().removesuffix('Backward0')} is a view", ""
    return InPlaceError(f"{what} and {modified} modified inplace{how}. {_WHY_NOT[t._view.origin]}")


def replay(base: Any, chain: tuple[Any, ...]) -> Any:
    """Apply a chain of view ops to a tensor."""
    for op, statics in chain:
        base = op.call(base, **dict(zip(op.statics, statics, strict=True)))
    return base
