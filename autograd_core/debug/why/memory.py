"""Graphs that are kept alive: by a list of losses, by a sum that goes on and on."""

from __future__ import annotations

import gc
from collections import Counter, deque
from collections.abc import Iterable
from typing import TYPE_CHECKING, Any

from ..._tensor import Tensor
from ...node import ref
from .diagnosis import Diagnosis, nothing, plural
from .walk import is_freed, reach, root_of, saved_arrays, suspect

if TYPE_CHECKING:
    from .case import Case

CONTAINERS = (list, tuple, dict, set, deque)
HOLDERS = (list, dict, set, deque)
REMEDY = "keep numbers or tensors without a graph: losses.append(loss.item()) or .detach()."


def of_collection(values: Any, case: Case) -> Diagnosis:
    """Which graphs the tensors in a list, dict ... keep alive."""
    tensors = [x for x in _items(values) if _has_graph(x)]
    name = next((n for n, v in case.variables.items() if v is values), "the collection")
    if not tensors:
        return nothing(f"no tensor in {name} holds a graph.")
    return _held(name, tensors, case)


def of_all(case: Case) -> Diagnosis:
    """All collections of this process that keep several graphs alive; the largest first."""
    found = []
    names = {id(v): n for n, v in case.variables.items()}
    for holder in gc.get_objects():
        if not issubclass(type(holder), HOLDERS) or _is_namespace(holder):
            continue
        tensors = [x for x in _items(holder) if _has_graph(x)]
        if len(tensors) > 1:
            found.append((names.get(id(holder)) or f"a {type(holder).__name__}", tensors))
    said = [d for name, tensors in found if (d := _held(name, tensors, case))]
    if not said:
        return nothing("no collection keeps several graphs alive.")
    from .several import worst

    return worst(said, said[0])


def of_graph(tensor: Any, nodes: list[Any], case: Case) -> Diagnosis | None:
    """A tensor whose graph goes through several iterations, as ``total += loss`` makes it."""
    iterations = iterations_of(nodes, case)
    if len(iterations) < 2 or not any(map(is_freed, nodes)):
        return None
    name = case.name(tensor) or "the tensor"
    node = root_of(tensor)
    return Diagnosis(
        "retained_graph",
        f"{name} carries {plural(len(nodes), 'node')}, made from iteration {min(iterations)} to "
        f"{max(iterations)}, and more with each.",
        node.location, (suspect(node, case, "its graph goes on"),),
        f"add numbers: {name if case.name(tensor) else 'total'} += loss.item().",
    )  # fmt: skip


def _held(name: str, tensors: list[Any], case: Case) -> Diagnosis:
    nodes = reach(root_of(x) for x in tensors)
    arrays = {id(a): a.nbytes for n in nodes for a in saved_arrays(n).values()}
    freed = [n for n in nodes if is_freed(n)]
    places = Counter((r.code, r.lasti) for x in tensors if (r := root_of(x)) is not None)
    common = places.most_common(1)[0][0]
    example = next(r for x in tensors if ((r := root_of(x)).code, r.lasti) == common)
    iterations = iterations_of(nodes, case)
    message = (
        f"{name} keeps the graphs of {plural(len(tensors), 'tensor')} alive: "
        f"{plural(len(nodes), 'node')}, {sum(arrays.values()):,} bytes of saved values"
    )
    if len(iterations) > 1:
        message += f", from iterations {min(iterations)} to {max(iterations)}"
    past = bool(freed) or len(iterations) > 1
    if past:
        message += "; backward has been through them" if freed else ""
    elif len(tensors) < 2:
        return nothing(f"{name} holds one graph, of {plural(len(nodes), 'node')}.")
    return Diagnosis(
        "retained_graph", message + ".", example.location,
        (suspect(example, case, f"{places[common]} of them were made here"),), REMEDY,
        "" if past else "Whether a backward through them is still to come.", sure=past,
    )  # fmt: skip


def iterations_of(nodes: Iterable[Any], case: Case) -> set[int]:
    """In which iterations these nodes were made, as a watch or a trace saw it."""
    seqs = [n.seq for n in nodes if n.next]
    watch = case.watch
    seen = {watch.iteration_of(seq) for seq in seqs} if watch is not None else set()
    watched = {i for i in seen if i is not None}
    if watched or case.trace is None or not seqs:
        return watched
    table = case.trace.table("nodes")
    wanted = set(seqs)
    pairs = zip(table.column("seq").tolist(), table.column("iteration").tolist(), strict=True)
    return {iteration for seq, iteration in pairs if seq in wanted}


def _items(values: Any) -> list[Any]:
    try:
        return list(values.values()) if isinstance(values, dict) else list(values)
    except RuntimeError:  # changed while it was read
        return []


def _has_graph(value: Any) -> bool:
    if not issubclass(type(value), Tensor):  # isinstance would ask proxies what they are
        return False
    return value._fn is not None and value._fn.__class__ is not ref


def _is_namespace(holder: Any) -> bool:
    """A module's or a frame's variables: to hold several tensors is what they are for."""
    return isinstance(holder, dict) and ("__name__" in holder or "__builtins__" in holder)
