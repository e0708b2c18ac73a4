"""Backward of one node: what it saved, its gradient formulas, and gradients made to fit.

The common case is written out by `autograd_core.template`; here is what the engine runs
for all others (`run_raw`, `run_general`), on raw arrays or, for higher order, on tensors.
"""

from __future__ import annotations

import functools
import inspect
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from . import dtypes
from .backends import backend_of
from .dtypes import FLOATING, is_half
from .errors import GraphFreedError, InPlaceError
from .functional_namespace import TENSORS, cast_tensor, sum_to_tensor
from .node import Output, Version
from .saved import Packed

if TYPE_CHECKING:
    from ._tensor import Tensor
    from .declare import Op

# ------------------------------------------------------------------ what a node saved


def unpack(n: Any, tensors: bool) -> dict[str, Any]:
    """The saved values of a node by name: raw arrays, or tensors with their graph."""
    saved = n.saved
    if saved is None:
        raise_freed(n)
    values: dict[str, Any] = {}
    at = 0
    for s in n.op.layout:
        if s.kind == "input":
            values[s.name] = _unpack_input(n, s.name, saved[at], saved[at + 1], tensors)
        elif s.kind == "inputs":
            values[s.name] = tuple(_unpack_input(n, s.name, t, v, tensors) for t, v in saved[at])
        elif s.kind == "output":
            values[s.name] = _unpack_output(n, s, saved[at], saved[at + 1], tensors)
        else:
            values[s.name] = saved[at]
        at += s.width
    return values


def _unpack_input(n: Any, name: str, x: Any, version: int | None, tensors: bool) -> Any:
    if x.__class__ is Packed:
        x = x.unpack()
    elif hasattr(x, "_array"):
        counter = x._version_counter
        if counter is not None and counter.n != (version or 0):
            raise_modified(n, name, counter, version or 0, x)
    else:
        return x
    return x if tensors else x._array


def _unpack_output(n: Any, s: Any, array: Any, version: Any, tensors: bool) -> Any:
    from ._tensor import Tensor

    if array.__class__ is Packed:
        x = array.unpack()
        if not tensors:
            return x._array
        out = Tensor._from_array(x._array)
    else:
        if version.n:
            raise_modified(n, s.name, version, 0, array)
        if not tensors:
            return array
        out = Tensor._from_array(array)
        out._version_counter = version if isinstance(version, Version) else None
    restore_tangents(out, n, s.index)
    if s.index < len(n.op.outputs) and differentiable(out):
        out._fn = n if len(n.op.outputs) == 1 else Output(n, s.index)
    return out


def differentiable(x: Any) -> bool:
    """Whether it is a tensor through which gradients can flow: floating or complex."""
    return hasattr(x, "_array") and dtypes.from_numpy(x._array.dtype).category >= FLOATING


def restore_tangents(out: Tensor, node: Any, nr: int) -> None:
    """Give a saved output, unpacked as a new tensor, its tangents again."""
    if node.rare is not None and node.rare.tangents is not None and nr in node.rare.tangents:
        out._extra().tangents = node.rare.tangents[nr]


# ------------------------------------------------------------------ its formulas


def raw_for(g: Any) -> Any:
    """The raw namespace of an array's backend."""
    return backend_of(g).raw


Edges = tuple[Any, ...] | None
"""The inputs of a node that a run asks for, in place of ``Node.next``; None: all of those."""


def run_raw(n: Any, g: Any, edges: Edges = None) -> tuple[Any, ...]:
    """First-order backward of a node whose formulas have no generated run."""
    grads = g if type(g) is tuple else (g,)
    return apply_vjps(n, grads, unpack(n, False), None, edges)


def run_general(
    n: Any, grads: tuple[Any, ...], tensors: bool, edges: Edges = None
) -> tuple[Any, ...]:
    """Backward of a node in full generality: packed or half-precision values, higher order."""
    values = unpack(n, tensors)
    if not tensors:
        values = {k: _up(v) for k, v in values.items()}
        return apply_vjps(n, tuple(_up(g) for g in grads), values, None, edges)
    half = next((g for g in grads if g is not None and is_half(g._array)), None)
    if half is not None:
        grads = tuple(None if g is None else g.to(dtypes.float32) for g in grads)
        values = {
            k: v.to(dtypes.float32) if hasattr(v, "_array") and is_half(v._array) else v
            for k, v in values.items()
        }
    return apply_vjps(n, grads, values, TENSORS, edges)


def _up(value: Any) -> Any:
    return value.astype(np.float32) if is_half(value) and hasattr(value, "astype") else value


@functools.cache
def parameters_of(fn: Callable[..., Any]) -> tuple[str, ...]:
    """The names of a formula's parameters."""
    return tuple(inspect.signature(fn).parameters)


def apply_vjps(
    n: Any, grads: Any, values: dict[str, Any], namespace: Any, edges: Edges = None
) -> tuple[Any, ...]:
    """Call the formulas of a node on its saved values; `namespace` None: on raw arrays."""
    op = n.op
    several = op.many or len(op.outputs) > 1
    conjugate = op.holomorphic and n.rare is not None and _involves_complex(grads, values)
    if conjugate:
        grads = tuple(_conjugate(g, namespace) for g in grads)
    if several:
        grads = _materialize(n, grads, namespace)
    g = grads if several else grads[0]
    first = grads[0]
    F = namespace if namespace is not None else raw_for(first)
    given = values | {"g": g, "F": F}
    edges = n.next if edges is None else edges
    results: list[Any] = [None] * len(edges)
    needs = [x is not None for x in edges]
    for names, fn in op.vjps.items():
        indices = list(range(len(edges))) if op.variadic else [op.inputs.index(x) for x in names]
        if not any(needs[i] for i in indices):
            continue
        given["needs"] = tuple(needs[i] for i in indices)
        answer = fn(**{p: given[p] for p in parameters_of(fn)})
        if len(names) == 1 and not op.variadic:
            answer = (answer,)
        for i, a in zip(indices, answer, strict=True):
            results[i] = a if needs[i] else None
    return tuple(_conjugate(r, namespace) for r in results) if conjugate else tuple(results)


def _involves_complex(grads: tuple[Any, ...], values: dict[str, Any]) -> bool:
    arrays = (getattr(v, "_array", v) for v in (*grads, *values.values()))
    return any(getattr(a, "dtype", None) is not None and a.dtype.kind == "c" for a in arrays)


def _conjugate(g: Any, namespace: Any) -> Any:
    if g is None:
        return None
    return g.conj() if namespace is None else namespace.conj(g)


def _materialize(n: Any, grads: tuple[Any, ...], namespace: Any) -> tuple[Any, ...]:
    """Zeros in place of the gradients that nobody gave."""
    from ._tensor import Tensor

    shapes = n.saved[-1]
    known = next((g for g in grads if g is not None), None)
    filled = []
    for g, (shape, kind) in zip(grads, shapes, strict=True):
        if g is None:
            raw = known if namespace is None else known._array  # type: ignore[union-attr]
            g = backend_of(raw).xp.zeros(shape, kind)
            g = g if namespace is None else Tensor._from_array(g)
        filled.append(g)
    return tuple(filled)


# ------------------------------------------------------------------ gradients that fit


def fit_of(op: Op, inputs: Sequence[Any], outputs: list[Any], half: bool) -> tuple[Any, ...] | None:
    """What the engine must make each gradient of an op fit, or None when the formulas see to it."""
    if not (half or op.broadcast or op.types in ("promote", "float")):
        return None
    out = outputs[0]._array
    arrays = [getattr(x, "_array", None) for x in inputs]
    fits = (a is None or (a.shape == out.shape and a.dtype == out.dtype) for a in arrays)
    if not half and all(fits):
        return None
    return tuple(
        None if a is None else (a.shape if op.broadcast else None, a.dtype) for a in arrays
    )


def fit_grads(
    grads: tuple[Any, ...], fit: tuple[Any, ...], tensors: bool = False
) -> tuple[Any, ...]:
    """Sum each gradient over what was broadcast, and cast it to its input's dtype."""
    fitted = []
    for g, want in zip(grads, fit, strict=False):
        if g is None or want is None:
            fitted.append(g)
            continue
        shape, kind = want
        if shape is not None and tuple(g.shape) != shape:
            g = sum_to_tensor(g, shape) if tensors else sum_to(g, shape)
        if tensors:
            g = cast_tensor(g, kind)
        elif g.dtype is not kind and g.dtype != kind:
            g = _real_if(g, kind).astype(kind)
        fitted.append(g)
    return tuple(fitted)


def _real_if(g: Any, kind: Any) -> Any:
    return g.real if g.dtype.kind == "c" and kind.kind != "c" else g


def sum_to(g: Any, shape: tuple[int, ...]) -> Any:
    """Sum a raw gradient over the dimensions that broadcasting added or stretched."""
    lead = g.ndim - len(shape)
    axes = tuple(range(lead)) + tuple(
        i + lead for i, n in enumerate(shape) if n == 1 and g.shape[i + lead] != 1
    )
    return g.sum(axis=axes, keepdims=True).reshape(shape)


# ------------------------------------------------------------------ errors


def raise_freed(n: Any) -> None:
    """Say that the node's saved tensors are gone, and where the node was made."""
    made = f" The node {n.name()} was made at {n.location}." if n.location else ""
    raise GraphFreedError(
        "Trying to backward through the graph a second time (or directly access saved tensors "
        "after they have already been freed). Saved intermediate values of the graph are freed "
        "when you call .backward() or autograd.grad(). Specify retain_graph=True if you need to "
        "backward through the graph a second time or if you need to access saved tensors after "
        f"calling backward.{made}"
    )


def raise_modified(n: Any, name: str, counter: Any, expected: int, x: Any) -> None:
    """Say which saved tensor (or raw output of `n`) was modified, and which line did it."""
    array = getattr(x, "_array", x)
    kind = dtypes.TYPE_NAMES.get(dtypes.from_numpy(array.dtype).name, "Tensor")
    what = f"[torch.{kind} {list(array.shape)}], which is output "
    fn = x.grad_fn if hasattr(x, "grad_fn") else n
    what = f"{what}{getattr(x, 'output_nr', 0)} of {fn.name()}," if fn is not None else what[:-17]
    saved_at = f" It was saved as {name!r} by {n.name()}"
    saved_at += f", made at {n.location}." if n.location else "."
    culprit = counter.describe_culprit()
    written = f" It was last modified by {culprit}." if culprit else ""
    raise InPlaceError(
        "one of the variables needed for gradient computation has been modified by an inplace "
        f"operation: {what} is at version {counter.n}; expected version {expected} instead."
        f"{saved_at}{written} "
        "Remedy: use the out-of-place form of that operation, or clone() before it."
    )
