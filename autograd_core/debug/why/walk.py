"""A live graph walked: its nodes, what they saved, and how both are spoken of.

Nothing here runs user code: saved values that a hook packed stay packed.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING, Any

from ...backends import is_array
from ...node import AccumulateGrad, edge_of, ref
from ...saved import Packed
from .diagnosis import Suspect

if TYPE_CHECKING:
    from .case import Case


def root_of(tensor: Any) -> Any:
    """The node a tensor hangs from: of a leaf its accumulator if a graph holds one."""
    fn = tensor._fn
    if fn is None or fn.__class__ is ref:
        return fn and fn()
    return edge_of(fn)[0]


def inputs_of(node: Any) -> list[Any]:
    """The nodes of the inputs in order, None where an input needs no gradient."""
    return [edge_of(fn)[0] for fn in node.next]


def reach(roots: Iterable[Any]) -> list[Any]:
    """Every node that these reach, themselves included: leaves first, then as they were made."""
    seen: set[Any] = set()
    stack = [node for node in roots if node is not None]
    while stack:
        node = stack.pop()
        if node not in seen:
            seen.add(node)
            stack += [n for n in inputs_of(node) if n is not None]
    return sorted(seen, key=lambda n: (bool(n.next), n.seq))


def leaves_of(nodes: Iterable[Any]) -> list[Any]:
    """The leaf tensors among what these nodes accumulate into."""
    return [node.variable for node in nodes if node.__class__ is AccumulateGrad]


def suspect(node: Any, case: Case | None = None, note: str = "") -> Suspect:
    """A node of the engine, in words."""
    if node.__class__ is AccumulateGrad:
        name = case.name(node.variable) if case is not None else node.variable.name or ""
        return Suspect("AccumulateGrad", None, name or "a leaf", seq=node.seq, note=note)
    scope = getattr(node, "scope", ())
    return Suspect(node.name(), node.location, "", scope, node.seq, note=note)


def is_freed(node: Any) -> bool:
    """Whether backward has let go what the node saved."""
    return node.releases and node.saved is None


# ------------------------------------------------------------------ saved values


def saved_entries(node: Any) -> list[tuple[str, Any, Any]]:
    """(name, value, version when it was saved) of each saved value that has its place."""
    saved = node.saved
    if not saved:
        return []
    if node.op is None:  # a custom Function: (tensor, version, output)
        return [(f"saved_tensors[{i}]", e[0], e[1]) for i, e in enumerate(saved)]
    found, at = [], 0
    for s in node.op.layout:
        if s.kind == "inputs":
            found += [(f"{s.name}[{i}]", x, v) for i, (x, v) in enumerate(saved[at])]
        else:
            found.append((s.name, saved[at], saved[at + 1] if s.width == 2 else None))
        at += s.width
    return found


def saved_arrays(node: Any) -> dict[str, Any]:
    """The saved arrays by name; those in the keeping of a hook are left out."""
    arrays = {}
    for name, value, _ in saved_entries(node):
        array = getattr(value, "_array", value)
        if value.__class__ is not Packed and is_array(array):
            arrays[name] = array
    return arrays


def modified(node: Any) -> list[tuple[str, Any, Any, int]]:
    """(name, value, counter, version when saved) of what was written to since it was saved."""
    found = []
    for name, value, version in saved_entries(node):
        if hasattr(value, "_array"):
            counter, expected = value._version_counter, version or 0
        else:  # an output: its own counter stands beside it
            counter, expected = version, 0
        if getattr(counter, "n", 0) != expected and value is not None:
            found.append((name, value, counter, expected))
    return found


def saved_inputs(node: Any) -> list[Any]:
    """The arrays of the inputs in order as far as the node saved them."""
    arrays: list[Any] = [None] * len(node.next)
    if node.op is None or node.saved is None:
        return arrays
    known = saved_arrays(node)
    for s in node.op.layout:
        if s.kind == "input":
            arrays[s.index] = known.get(s.name)
        elif s.kind == "inputs":
            arrays = [known.get(f"{s.name}[{i}]") for i in range(len(arrays))]
    return arrays


def output_array(node: Any) -> Any:
    """The array of a node's only output, if the node has it; None otherwise."""
    if node.__class__ is AccumulateGrad:
        return node.variable._array
    if node.op is None or len(node.op.outputs) != 1 or node.op.many:
        return None
    for s in node.op.layout:
        if s.kind == "output" and s.index == 0:
            return saved_arrays(node).get(s.name)
    return None


def frames_of(error: BaseException) -> list[Any]:
    """The frames of an exception's traceback, the outermost first."""
    frames, at = [], error.__traceback__
    while at is not None:
        frames.append(at.tb_frame)
        at = at.tb_next
    return frames


def frame_of(error: BaseException, function: Any) -> dict[str, Any] | None:
    """The local variables with which a function raised (the innermost call of it)."""
    for frame in reversed(frames_of(error)):
        if frame.f_code is function.__code__ and frame.f_locals:
            return frame.f_locals
    return None
