"""A tensor: its values, its gradient, or its graph."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from ...node import AccumulateGrad
from ..draw.theme import number
from . import cuts, errors, memory, nonfinite
from .blowup import broadcast_blowup
from .case import asker, is_parameter
from .diagnosis import Diagnosis, listed, nothing, plural
from .freed import carried
from .leaf import norm_of, of_leaf
from .reached import of_row, unreached
from .several import grouped, worst
from .walk import is_freed, leaves_of, modified, reach, root_of, suspect

if TYPE_CHECKING:
    from .case import Case


def of_tensor(tensor: Any, case: Case) -> Diagnosis:
    """Why a tensor, its gradient or its graph is as it is."""
    parameter = is_parameter(tensor) or _is_of_model(tensor, case)
    graded = tensor.requires_grad and tensor.is_leaf
    if graded or parameter:
        if tensor._grad is None and nonfinite.look(tensor) is not None:
            return nonfinite.of_forward(tensor, case)
        return of_leaf(tensor, case)
    if nonfinite.look(tensor) is not None:
        made = case.watch.origin(tensor) if case.watch is not None else None
        if made is None:
            return nonfinite.of_forward(tensor, case)
        return made.diagnosis(case.name(made.tensor() if made.tensor is not None else None))
    if not tensor.requires_grad:
        frame = asker()
        return cuts.of_cut(tensor, case, frame, 0 if frame is None else frame.f_lineno)
    return of_graph(tensor, case)


def _is_of_model(tensor: Any, case: Case) -> bool:
    return case.model is not None and any(p is tensor for p in case.model.parameters())


def of_graph(tensor: Any, case: Case) -> Diagnosis:
    """What is wrong with the graph of a loss or another result."""
    nodes = reach([root_of(tensor)])
    return worst(
        [
            _stale(nodes, case),
            _half_freed(nodes, case),
            broadcast_blowup(nodes, case),
            memory.of_graph(tensor, nodes, case),
            *_missing(tensor, nodes, case),
        ],
        _in_order(tensor, nodes, case),
    )


def _stale(nodes: list[Any], case: Case) -> Diagnosis | None:
    """A saved value that was written to: backward is going to raise."""
    for node in reversed(nodes):
        for name, value, counter, _ in modified(node):
            return errors.modified(node, name, value, counter, case)
    return None


def _half_freed(nodes: list[Any], case: Case) -> Diagnosis | None:
    """A graph of which a part was freed: backward is going to raise."""
    saving = [n for n in nodes if n.releases and n.op is not None]
    freed = [n for n in saving if is_freed(n)]
    if not freed or len(freed) == len(saving):
        return None
    old = set(reach(freed))
    intact = [n for n in nodes if n.next and n not in old]
    if not any(n in saving for n in intact):  # what is intact was not needed, and lies below
        return None
    return carried(intact, freed, None, None, case)


def _missing(tensor: Any, nodes: list[Any], case: Case) -> list[Diagnosis]:
    """Parameters of the model that the graph does not lead to."""
    if case.model is None:
        return []
    found = {id(x) for x in leaves_of(nodes)}
    wanted = [p for p in case.model.parameters() if p.requires_grad]
    lost = [p for p in wanted if id(p) not in found]
    return grouped([unreached(p, [tensor], None, case) for p in lost], len(wanted))


def _in_order(tensor: Any, nodes: list[Any], case: Case) -> Diagnosis:
    name = case.name(tensor) or "the tensor"
    if tensor._grad is None and tensor._array.size > 1:
        return _non_leaf(tensor, name, case)
    if tensor._grad is not None:
        return nothing(f"{name} has a gradient of norm {number(norm_of(tensor._grad))}.")
    leaves = [case.name(x) or f"a leaf of shape {list(x.shape)}" for x in leaves_of(nodes)]
    ran = any(map(is_freed, nodes))
    message = f"{name} has a graph of {plural(len(nodes), 'node')} that leads to {listed(leaves)}"
    message += "; backward has run through it." if ran else "; backward can run."
    return nothing(message)


def _non_leaf(tensor: Any, name: str, case: Case) -> Diagnosis:
    """The gradient of a result is not kept; the trace may have seen it."""
    node = root_of(tensor)
    assert node is not None
    message = f"{name} is not a leaf: {node.name()} made it, and its gradient is not kept"
    nodes = [suspect(node, case)]
    if case.trace is not None:
        found = [row for row in case.trace.nodes if row.seq == node.seq and row.reached]
        if found:
            known = found[-1].statistics
            message += (
                f"; in the trace it had norm {number(known.norm)}, from {number(known.min)} to "
                f"{number(known.max)}"
            )
            nodes = [of_row(found[-1])]
    return Diagnosis(
        "non_leaf", message + ".", node.location, tuple(nodes),
        f"call {name if name != 'the tensor' else 'it'}.retain_grad() before backward(), or use "
        "autograd.grad.",
    )  # fmt: skip


def of_node(node: Any, case: Case) -> Diagnosis:
    """A node of a live graph."""
    if node.__class__ is AccumulateGrad:
        return of_leaf(node.variable, case)
    stale = _stale([node], case)
    if stale is not None:
        return stale
    if is_freed(node):
        return Diagnosis(
            "graph_freed", f"backward ran {node.name()} and let go what it had saved.",
            node.location, (suspect(node, case, "freed"),),
            "pass retain_graph=True to look at it, or go through it once more, after backward.",
        )  # fmt: skip
    return broadcast_blowup([node], case) or nothing(f"{suspect(node, case)} is in order.")
