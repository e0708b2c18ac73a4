"""Forward mode: derivatives that travel with the values, one tangent beside each tensor.

Nobody writes a forward-mode rule unless there is a better one (``@op.jvp``): they follow
from the declaration, with J the op's Jacobian and t the tangents of its inputs,

=============  ======================================================================
a linear op    ``op(t)``: the op itself (every view op is linear)
elementwise    J is diagonal, so the gradient formula applied to t gives J t (where complex
               numbers are involved, of holomorphic ops only)
any other      J^T u is linear in u, so its gradient with respect to u along t is J t
               (the double-backward trick: https://j-towns.github.io/2017/06/12/A-new-trick.html)
=============  ======================================================================

Tangents are ordinary tensors, computed by ordinary ops, so they can be differentiated in
reverse, and nested levels differentiate forward again: while the tangent of level n is
computed, levels below n go on.
"""

from __future__ import annotations

import weakref
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any

from . import state
from .errors import ShapeError
from .node import Node, edge_of
from .vjps import apply_vjps, differentiable, fit_grads, fit_of, parameters_of

if TYPE_CHECKING:
    from ._tensor import Tensor
    from .declare import Op


# ------------------------------------------------------------------ tangents and levels


class Tangents(dict[int, Any]):
    """The tangents of one tensor by level; shared with the node that saved the tensor."""

    __slots__ = ("__weakref__",)


def tangent_of(x: Any, level: int) -> Tensor | None:
    """The tangent of a tensor at a level; None if it has none."""
    rare = getattr(x, "_rare", None)
    return None if rare is None or rare.tangents is None else rare.tangents.get(level)


def set_tangent(x: Tensor, level: int, tangent: Tensor) -> None:
    """Put a tangent beside a tensor, until the level ends."""
    extra = x._extra()
    if extra.tangents is None:
        extra.tangents = Tangents()
    extra.tangents[level] = tangent
    state.modes.forward_duals[level].append(weakref.ref(extra.tangents))


def enter_level() -> int:
    """Open a level inside those that are open; return its number."""
    level = state.modes.forward_level + 1
    state.modes.forward_duals = (*state.modes.forward_duals[:level], [])
    state.set_mode("forward_level", level)
    return level


def exit_level(level: int) -> None:
    """Close the innermost level: its tangents go."""
    for seen in state.modes.forward_duals[level]:
        tangents = seen()
        if tangents is not None:
            tangents.pop(level, None)
    state.modes.forward_duals = state.modes.forward_duals[:level]
    state.set_mode("forward_level", level - 1)


@contextmanager
def below(level: int) -> Iterator[None]:
    """Compute with only the levels below this one."""
    previous = state.set_mode("forward_level", level - 1)
    try:
        yield
    finally:
        state.set_mode("forward_level", previous)


# ------------------------------------------------------------------ through an op


def propagate(op: Op, inputs: Sequence[Any], statics: Sequence[Any], outputs: list[Any]) -> None:
    """Give the outputs of an op their tangents, at every open level."""
    for level in range(state.modes.forward_level + 1):
        tangents = [tangent_of(x, level) for x in inputs]
        if all(t is None for t in tangents):
            continue
        with below(level):
            found = _jvp(op, inputs, statics, outputs, tangents)
        for out, tangent in zip(outputs, found, strict=False):
            if tangent is not None:
                set_tangent(out, level, tangent)
    for nr, out in enumerate(outputs):
        _keep_for_backward(op, nr, out)


def _complex(tensors: Sequence[Any]) -> bool:
    arrays = (getattr(t, "_array", None) for t in tensors)
    return any(a is not None and a.dtype.kind == "c" for a in arrays)


def _keep_for_backward(op: Op, nr: int, out: Any) -> None:
    """Let the node that saved its output find the output's tangents when backward runs."""
    if out._rare is None or not out._rare.tangents:
        return
    node, _ = edge_of(out._fn)
    if isinstance(node, Node) and any(s.kind == "output" and s.index == nr for s in op.layout):
        extra = node.extra()
        extra.tangents = (extra.tangents or {}) | {nr: out._rare.tangents}


def _jvp(
    op: Op, inputs: Sequence[Any], statics: Sequence[Any], outputs: list[Any], tangents: list[Any]
) -> Sequence[Any]:
    named = dict(zip(op.statics, statics, strict=True))
    graph = outputs if op.many else outputs[: len(op.outputs)]
    if not op.vjps or not any(differentiable(out) for out in graph):
        return ()
    if op.jvp_rule is not None:
        return _tuple(_explicit(op, inputs, named, outputs, tangents))
    if op.linear or op.view:
        moved = [_tangent_input(x, t) for x, t in zip(inputs, tangents, strict=True)]
        try:
            return _tuple(op.call(*moved, **named))
        except ShapeError:  # a view that the tangent's strides, unlike the value's, do not allow
            moved = [t.contiguous() if hasattr(t, "_array") else t for t in moved]
            return _tuple(op.call(*moved, **named))
    node = _stand_in(op, inputs, graph, tangents)
    values = _values(node.op, inputs, statics, outputs)
    involved = _complex((*inputs, *outputs))
    if op.elementwise and (op.holomorphic or not involved):
        return (_diagonal(node, values, graph[0], tangents),)
    node.rare = True if involved else None  # then J^T is the adjoint, with its conjugates
    try:
        return _transposed(op, node, values, inputs, graph, tangents)
    except NotImplementedError:
        raise
    except Exception as error:
        raise NotImplementedError(
            f"Trying to use forward AD with {op.name} that does not support it: its gradient "
            "formula can't be differentiated with respect to the gradient "
            f"({type(error).__name__}: {error}). Declare its rule with @{op.name}.jvp."
        ) from error


def _tuple(found: Any) -> Sequence[Any]:
    return found if isinstance(found, tuple | list) else (found,)


def _tangent_input(x: Any, tangent: Any) -> Any:
    """What a linear op gets for an input: its tangent; indices and masks are as they were."""
    if tangent is not None:
        return tangent
    if differentiable(x):
        return zeros_for(x)
    return 0 if isinstance(x, int | float) and not isinstance(x, bool) else x


def zeros_for(x: Any) -> Any:
    """Zeros of the shape, dtype and device of a tensor, outside any graph."""
    from ._tensor import Tensor
    from .backends import backend_of

    array = x._array
    return Tensor._from_array(backend_of(array).xp.zeros(array.shape, array.dtype))


def _stand_in(op: Op, inputs: Sequence[Any], graph: list[Any], tangents: list[Any]) -> Any:
    """What the gradient formulas want to know of a node, without making one."""
    scalar = op.scalar is not None and not hasattr(inputs[1], "_array")
    shapes = tuple((out._array.shape, out._array.dtype) for out in graph)
    return SimpleNamespace(
        op=op.scalar if scalar else op, next=tuple(tangents), saved=(shapes,), rare=None
    )


def _values(
    record: Any, inputs: Sequence[Any], statics: Sequence[Any], outputs: list[Any]
) -> dict[str, Any]:
    """The values that the formulas name: the tensors themselves, with their graph."""
    values: dict[str, Any] = {}
    for s in record.layout:
        x = inputs[s.index] if s.kind in ("input", "shape", "strides", "dtype") else None
        if s.kind == "input":
            values[s.name] = x
        elif s.kind == "inputs":
            values[s.name] = tuple(inputs)
        elif s.kind == "output":
            values[s.name] = outputs[s.index]
        elif s.kind == "shape":
            values[s.name] = getattr(getattr(x, "_array", None), "shape", None if x is None else ())
        elif s.kind in ("strides", "dtype"):
            values[s.name] = None if x is None else getattr(x._array, s.kind)
        elif s.kind == "shapes":
            values[s.name] = tuple(t._array.shape for t in inputs)
        else:
            values[s.name] = inputs[1] if record.scalar_of is not None else statics[s.index]
    return values


def _explicit(
    op: Op, inputs: Sequence[Any], named: dict[str, Any], outputs: list[Any], tangents: list[Any]
) -> Any:
    """Call ``@op.jvp``: parameters are inputs, outputs and statics by name, and `tangents`."""
    from .functional_namespace import TENSORS

    known = named | dict(zip(op.outputs + op.aux, outputs, strict=False))
    known |= dict(zip(op.inputs, inputs, strict=False)) | {"tensors": tuple(inputs)}
    known |= {"F": TENSORS, "t": tangents[0], "tangents": tuple(tangents)}
    rule = op.jvp_rule
    assert rule is not None
    return rule(**{p: known[p] for p in parameters_of(rule)})


def _diagonal(node: Any, values: dict[str, Any], out: Any, tangents: list[Any]) -> Any:
    from .functional_namespace import TENSORS, cast_tensor

    total = None
    for i, tangent in enumerate(tangents):
        if tangent is None:
            continue
        wide = tangent
        if tuple(tangent.shape) != tuple(out.shape):
            wide = TENSORS.expand(tangent, shape=tuple(out.shape))
        wide = cast_tensor(wide, out._array.dtype)
        node.next = tuple(t if j == i else None for j, t in enumerate(tangents))
        part = apply_vjps(node, (wide,), values, TENSORS)[i]
        if part is not None:
            total = part if total is None else total + part
    return zeros_for(out) if total is None else cast_tensor(total, out._array.dtype)


def _transposed(
    op: Op,
    node: Any,
    values: dict[str, Any],
    inputs: Sequence[Any],
    graph: list[Any],
    tangents: list[Any],
) -> list[Any]:
    """J t as the gradient of (J^T u) . t with respect to u."""
    from .autograd import grad
    from .functional_namespace import TENSORS

    recording = state.modes.grad or state.modes.forward_level >= 0
    seeds = [zeros_for(out).requires_grad_(differentiable(out)) for out in graph]
    previous = state.set_mode("grad", True)
    try:
        pulled = apply_vjps(node, tuple(seeds), values, TENSORS)
        fit = fit_of(op, inputs, graph, False)
        if fit is not None:
            pulled = fit_grads(pulled, fit, True)
        pairs = [
            (v, t)
            for v, t in zip(pulled, tangents, strict=False)
            if v is not None and t is not None and v.requires_grad
        ]
        wanted = [u for u in seeds if u.requires_grad]
        if not pairs:
            return [zeros_for(out) if differentiable(out) else None for out in graph]
        ends, along = zip(*pairs, strict=True)
        found = iter(grad(ends, wanted, along, create_graph=recording, materialize_grads=True))
    finally:
        state.set_mode("grad", previous)
    return [next(found) if u.requires_grad else None for u in seeds]


# ------------------------------------------------------------------ in-place writes


def carry(old: Tensor, alias: Tensor) -> None:
    """Before an in-place op: the alias that it computes with has the tensor's tangents."""
    for level in range(state.modes.forward_level + 1):
        tangent = tangent_of(old, level)
        if tangent is not None:
            with below(level):  # a copy: the tangent itself is about to be written to
                set_tangent(alias, level, tangent.clone())


def write_tangents(self: Tensor, result: Tensor) -> None:
    """After an in-place op: the tangents change in place too, seen by all views of them."""
    from .inplace import write
    from .views import replay

    for level in range(state.modes.forward_level + 1):
        new, mine = tangent_of(result, level), tangent_of(self, level)
        if new is None and mine is None:
            continue
        with below(level):
            value = zeros_for(self) if new is None else new
            if mine is None and self._view is not None:
                base = self._view.base
                known = tangent_of(base, level)
                if known is None:
                    known = zeros_for(base)
                    set_tangent(base, level, known)
                mine = replay(known, self._view.chain)
            if mine is None:
                mine = value
            else:
                write(mine, "copy_", lambda _, value=value: value, (value,))  # type: ignore[misc]
        set_tangent(self, level, mine)
