"""Where NaN and Inf come from: the first node whose inputs are finite and outputs are not.

In a living graph the values that nodes saved tell; where a node saved its inputs only, its
output is computed again from them (by the engine's own arithmetic, never by user code).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from ...backends import backend_of, truth
from ...node import AccumulateGrad, Output
from .diagnosis import Diagnosis, Suspect, plural
from .walk import (
    inputs_of,
    output_array,
    reach,
    root_of,
    saved_entries,
    saved_inputs,
    suspect,
)

if TYPE_CHECKING:
    from .case import Case

BUDGET = 256 << 20
"""Bytes of outputs that are computed again while a graph is looked at."""
WORDS = {"nan": "NaN", "inf": "Inf"}


@dataclass(frozen=True, slots=True)
class Spot:
    """The first NaN of an array, or its first Inf where there is no NaN, and how many."""

    kind: str
    index: tuple[int, ...]
    count: int
    size: int
    shape: tuple[int, ...]

    def __str__(self) -> str:
        where = f", the first at index {self.index}" if self.index else ""
        return f"{WORDS[self.kind]} in {self.count:,} of {plural(self.size, 'element')}{where}"


def look(array: Any) -> Spot | None:
    """The first element that is not finite; None if all are."""
    array = getattr(array, "_array", array)
    if array is None:
        return None
    xp = backend_of(array).xp
    array = xp.asarray(array)
    if array.dtype.kind not in "fc" and array.dtype.name != "bfloat16":
        return None
    if truth(xp.isfinite(array).all()):
        return None
    kind = "nan" if truth(xp.isnan(array).any()) else "inf"
    bad = backend_of(array).to_numpy(xp.isnan(array) if kind == "nan" else xp.isinf(array))
    index = tuple(int(i) for i in np.argwhere(bad)[0])
    return Spot(kind, index, int(bad.sum()), bad.size, bad.shape)


def value_at(array: Any, spot: Spot) -> Any:
    """The element of an array (of that shape, or broadcast to it) at the spot, as a number."""
    array = getattr(array, "_array", array)
    if isinstance(array, int | float | complex):
        return array
    shape = tuple(array.shape)
    lead = len(spot.shape) - len(shape)
    wide = (1,) * lead + shape
    if lead < 0 or any(m not in (1, n) for m, n in zip(wide, spot.shape, strict=True)):
        return None
    index = tuple(0 if m == 1 else i for m, i in zip(wide, spot.index, strict=True))[lead:]
    backend = backend_of(array)
    return backend.to_numpy(backend.xp.asarray(array[index])).item()


def values_text(arrays: Mapping[str, Any], spot: Spot) -> str:
    """``input 0, other 2.5``: what stands in these arrays at the spot."""
    found = ((name, value_at(array, spot)) for name, array in arrays.items())
    return ", ".join(f"{name} {value:.6g}" for name, value in found if value is not None)


def cause_of(kind: str) -> str:
    """``nan_origin`` or ``inf_origin``."""
    return f"{kind}_origin"


# ------------------------------------------------------------------ backward, one node


def of_step(
    who: Suspect,
    grads: Sequence[Any],
    results: Sequence[Any],
    saved: Mapping[str, Any],
) -> Diagnosis | None:
    """What a backward node made of finite gradients; None if its results are finite.

    Parameters
    ----------
    who : Suspect
        The node.
    grads, results : sequence of (array or None)
        What arrived and what came out.
    saved : mapping
        The arrays it had saved, by name; empty where they are gone.
    """
    spot = next((s for s in map(look, results) if s is not None), None)
    if spot is None:
        return None
    arrived = {"gradient" if len(grads) == 1 else f"gradient[{i}]": g
               for i, g in enumerate(grads) if g is not None}  # fmt: skip
    told = values_text(arrived | dict(saved), spot)
    stale = [name for name, array in saved.items() if look(array) is not None]
    message = f"the backward of {who.op} turned a finite gradient into {spot}"
    message += f"; values there: {told}." if told else "."
    remedy = _backward_remedy(who.op)
    if stale:
        message += f" Its saved {' and '.join(stale)} held NaN or Inf already: the forward did it."
        remedy = f"look at the forward: {_forward_break()} stops where the value first appears."
    unknown = "" if saved else "The values that the node had saved in forward are gone."
    return Diagnosis(cause_of(spot.kind), message, who.location, (who,), remedy, unknown)


def _forward_break() -> str:
    return 'ag.debug.break_on("forward nan")'


def _backward_remedy(op: str) -> str:
    stem = op.removesuffix("0").removesuffix("Backward")
    known = {
        "Sqrt": "the slope of sqrt at 0 is infinite: add a small eps under the root.",
        "Pow": "the slope of this power is infinite there: keep its base away from 0.",
        "Log": "the slope of log at 0 is infinite: clamp its input, or use log1p or log_softmax.",
        "Div": "keep the divisor away from 0: add a small eps, or mask before dividing.",
        "LinalgVectorNorm": "the slope of a norm at 0 is undefined: add eps under the root.",
        "Where": "where() passes 0 * Inf from the branch not taken: make that branch finite too.",
    }
    return known.get(stem, "keep the inputs of this op inside the range where its slope is finite.")


# ------------------------------------------------------------------ forward, a living graph


def of_forward(tensor: Any, case: Case) -> Diagnosis:
    """Where the NaN or Inf in a tensor comes from, by walking its graph."""
    spot = look(tensor)
    assert spot is not None
    root = root_of(tensor)
    if root is None or root.__class__ is AccumulateGrad:
        return _in_data(tensor, spot, case)
    return of_result(root, tensor._array, case)


def of_result(root: Any, result: Any, case: Case) -> Diagnosis:
    """Where the NaN or Inf in what a node computed comes from."""
    graph = Values(root, result)
    suspects = graph.trail(root)
    first = suspects[0]
    if first.__class__ is AccumulateGrad:
        return _in_leaf(first, graph.spots[first], case)
    return _made_by(first, graph, graph.spots[root], suspects, case)


def _in_data(tensor: Any, spot: Spot, case: Case) -> Diagnosis:
    name = case.name(tensor) or "the tensor"
    message = f"{name} holds {spot}, and no graph says how it was computed."
    return Diagnosis(
        cause_of(spot.kind), message, None, (Suspect("data", None, name),),
        "check the data where it is read, e.g. assert x.isfinite().all().",
        "What wrote these values: run it again inside `with ag.debug.watch():` and ask again.",
    )  # fmt: skip


def _in_leaf(node: Any, spot: Spot, case: Case) -> Diagnosis:
    who = suspect(node, case)
    message = f"{who.name} itself holds {spot}: it was so before this forward."
    remedy = "an update wrote it: look at the gradient and the learning rate of the step before."
    return Diagnosis(cause_of(spot.kind), message, None, (who,), remedy)


def _made_by(node: Any, graph: Values, asked: Spot, suspects: list[Any], case: Case) -> Diagnosis:
    spot, op = graph.spots[node], _op_name(node)
    inputs = _named_inputs(node, graph)
    told = values_text(inputs, spot)
    bad = [name for name, array in inputs.items() if look(array) is not None]
    if bad:
        message = f"{op} was given NaN or Inf from outside the graph (its {bad[0]})"
        remedy = "check the data where it is read, e.g. assert x.isfinite().all()."
    else:
        message = f"{op} made {spot}"
        remedy = forward_remedy(op)
    message += f"; values there: {told}." if told else "."
    turned = next((n for n in suspects if graph.spots[n].kind == "nan"), None)
    nodes = [suspect(node, case, str(spot))]
    if asked.kind == "nan" and spot.kind == "inf" and turned is not None:
        certain = all(n in graph.known for n in inputs_of(turned) if n is not None)
        said = "It became NaN" if certain else "It was NaN at the latest"
        nodes.append(suspect(turned, case, f"{said.lower().replace('nan', 'NaN')} here"))
        message += f" {said} in {_op_name(turned)}."
    unseen = [n for n in inputs_of(node) if n is not None and n not in graph.known]
    unknown = ""
    if unseen and not bad:
        unknown = (
            f"{_op_name(unseen[0])} before it kept no values: it may have been the first. "
            "Run it again inside `with ag.debug.watch():` and ask again to be sure."
        )
    return Diagnosis(
        cause_of(spot.kind), message, node.location, tuple(nodes), remedy, unknown
    )  # fmt: skip


def _named_inputs(node: Any, graph: Values) -> dict[str, Any]:
    names = node.op.inputs if node.op is not None and not node.op.variadic else ()
    stored = graph.inputs(node)
    found = dict(zip(names, stored, strict=False)) if len(names) == len(stored) else {}
    return {name: array for name, array in found.items() if array is not None}


def _op_name(node: Any) -> str:
    return node.op.name if node.op is not None else node.name().removesuffix("Backward")


def forward_remedy(op: str) -> str:
    """What helps against NaN and Inf from a forward op."""
    known = {
        "log": "clamp its input away from 0, or use log1p or log_softmax.",
        "div": "keep the divisor away from 0: add a small eps, or mask before dividing.",
        "exp": "exp overflows above 88 in float32: subtract the maximum, or use logsumexp.",
        "sqrt": "the root of a negative number is NaN: clamp_min(0) before it.",
        "pow": "a negative base with a broken exponent is NaN, a large one overflows.",
        "log_softmax": "a whole row was -Inf: a mask that hides everything leaves nothing.",
        "softmax": "a whole row was -Inf: a mask that hides everything leaves nothing.",
    }
    return known.get(op, "keep the inputs of this op inside its range.")


class Values:
    """What is known of the outputs of a graph's nodes.

    Attributes
    ----------
    known : set
        Nodes whose output could be looked at.
    spots : dict
        The first bad element of each output that is not finite.
    """

    def __init__(self, root: Any, result: Any):
        self.nodes = reach([root])
        self.known: set[Any] = set()
        self.spots: dict[Any, Spot] = {}
        self._stored: dict[Any, Any] = {}
        if root.outputs == 1:
            self._stored[root] = result
        for node in self.nodes:
            own = output_array(node)
            if own is not None:
                self._stored[node] = own
            for fn, array in zip(node.next, saved_inputs(node), strict=True):
                if fn is not None and fn.__class__ is not Output and array is not None:
                    self._stored.setdefault(fn, array)
        room = BUDGET
        for node in self.nodes:
            array = self._stored.get(node)
            if array is None and room > 0:
                array = self._computed_again(node)
                if array is not None:
                    self._stored[node] = array
                    room -= array.nbytes
            if array is not None:
                self.known.add(node)
                spot = look(array)
                if spot is not None:
                    self.spots[node] = spot
        asked = look(result)  # of a node with several outputs only this one is known
        if asked is not None:
            self.spots.setdefault(root, asked)

    def inputs(self, node: Any) -> list[Any]:
        """The arrays of a node's inputs in order, None where they are not known."""
        arrays = saved_inputs(node)
        for i, fn in enumerate(node.next):
            if arrays[i] is None and fn is not None:
                arrays[i] = self._stored.get(fn)
        return arrays

    def _computed_again(self, node: Any) -> Any:
        """The output of an elementwise op or product, from what it saved."""
        op = node.op
        if op is None or node.saved is None or not (op.elementwise or op.ufunc):
            return None
        arrays = self.inputs(node)
        arrays = arrays[: len(op.inputs)]
        saved = {name: value for name, value, _ in saved_entries(node)}
        numbers = [saved.get(name) for name in op.statics]
        if any(x is None for x in (*arrays, *numbers)):
            return None
        xp = backend_of(arrays[0]).xp
        with np.errstate(all="ignore"):
            if op.scalar_of is not None:
                return op.forward(xp, *arrays, *numbers)
            return op.forward(xp, *arrays, **dict(zip(op.statics, numbers, strict=True)))

    def trail(self, root: Any) -> list[Any]:
        """Nodes with bad outputs from which only bad or unknown ones lead to the root."""
        seen, stack = {root}, [root]
        while stack:
            for node in inputs_of(stack.pop()):
                passes = node is not None and (node in self.spots or node not in self.known)
                if passes and node not in seen:
                    seen.add(node)
                    stack.append(node)
        return [node for node in self.nodes if node in seen and node in self.spots]
