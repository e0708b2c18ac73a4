"""The road that every unusual call takes: modes, mixed dtypes, devices, many outputs.

`autograd_core.template` writes a fast path for the common call of an op; whatever it
does not recognise comes here, where the same work is done step by step:
check -> promote -> compute -> wrap -> record -> tell the listeners.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from time import perf_counter
from types import NoneType
from typing import TYPE_CHECKING, Any

import numpy as np

from . import backends, dtypes, events, forward, state
from .backends import backend_of
from .dtypes import BOOL, FLOATING, bfloat16, float16
from .errors import DeviceError, DtypeError, GraphFreedError, InPlaceError, ShapeError
from .node import Extra, InferenceVersion, Node, Output, Version, accumulator, edge_of, ref
from .saved import Packed, pack, saved_attribute
from .source import resolve, user_location

if TYPE_CHECKING:
    from .declare import Op
    from ._tensor import Tensor

TensorClass: Any = None
"""`Tensor`, set by `_tensor`, which needs this module first (an import on each call costs)."""

NUMBERS = (bool, int, float, complex, np.number, np.bool_)


def slow_call(op: Op) -> Callable[..., Any]:
    """The function of an op that has no generated fast path."""
    statics = op.statics

    def call(*inputs: Any, **kwargs: Any) -> Any:
        return general(op, inputs, tuple(kwargs[s] for s in statics))

    call.__name__ = call.__qualname__ = op.name
    call.__doc__ = op.doc
    return call


def general(op: Op, inputs: tuple[Any, ...], statics: tuple[Any, ...]) -> Any:
    """Run an op in full generality."""
    start = perf_counter() if state.listening else 0.0
    _check_types(op, inputs)
    if op.check is not None:
        op.check(*inputs)
    arrays, common = _promote(op, inputs)
    owner = _one_backend(op, inputs)
    if op.scalars and isinstance(inputs[0], NUMBERS) and common is not None:
        inputs = (_wrap(owner.xp.asarray(arrays[0], common.numpy), owner), *inputs[1:])
    half = _is_half(arrays)
    detour = half is not None and not op.moves
    if detour:
        arrays = [a.astype(np.float32) if _half_of(a) else a for a in arrays]
    named = dict(zip(op.statics, statics, strict=True))
    try:
        results = op.forward(owner.xp, *arrays, **named)
    except (ValueError, TypeError) as error:
        raise _explain(op, inputs, error) from error
    several = type(results) in (tuple, list)
    results = list(results) if several else [results]
    if detour:
        results = [r.astype(half) if r.dtype == np.float32 else r for r in results]
    outputs = [_wrap(r, owner) for r in results]
    node = _record(op, inputs, statics, outputs, common, half is not None)
    if op.view:
        for nr, out in enumerate(outputs):
            step = (op, statics)
            if op.part is not None:
                step = op.part(inputs[0]._array.shape, nr, **named)
            mark_view(out, inputs[0], *step, several=several)
    if state.modes.forward_level >= 0:
        forward.propagate(op, inputs, statics, outputs)
    if state.listening:
        tensors = tuple(x for x in inputs if x is not None)
        events.emit_op(op.name, node, tensors, tuple(outputs), perf_counter() - start)
    if state.tap is not None and outputs:
        kind = op.name if node is None else type(node)
        events.tap_op(kind, node, outputs[0]._array, outputs)
    return tuple(outputs) if several else outputs[0]


def _check_types(op: Op, inputs: Sequence[Any]) -> None:
    for i, x in enumerate(inputs):
        if isinstance(x, TensorClass) or (x is None and not (op.scalars or op.ufunc)):
            continue
        if op.scalars and isinstance(x, NUMBERS) and any(isinstance(y, TensorClass) for y in inputs):
            continue
        name = op.inputs[i] if i < len(op.inputs) else f"tensors[{i}]"
        raise TypeError(
            f"{op.name}(): argument '{name}' (position {i + 1}) must be Tensor, "
            f"not {type(x).__name__}"
        )


def _one_backend(op: Op, inputs: Sequence[Any]) -> backends.Backend:
    cpu = backends.backend("cpu")
    if all(getattr(x, "_array", None).__class__ in (np.ndarray, NoneType) for x in inputs):
        return cpu
    found: Any = None
    for x in inputs:
        if x is None or isinstance(x, NUMBERS):
            continue
        owner = backend_of(x._array)
        where = (owner, owner.device_of(x._array))
        if found is None:
            found = where
        elif found[1] != where[1]:
            if x._array.ndim == 0 and owner.name == "cpu" and op.scalars:
                continue
            raise DeviceError(
                "Expected all tensors to be on the same device, but found at least two devices, "
                f"{found[1]} and {where[1]}, in {op.name}(); move one of them with .to()"
            )
    return found[0] if found is not None else cpu


def _promote(op: Op, inputs: Sequence[Any]) -> tuple[list[Any], dtypes.dtype | None]:
    if op.types == "free":
        return [x if x is None else x._array for x in inputs], None
    if op.types in ("same", "floating"):
        return _same_dtype(op, inputs)
    kinds = {x._array.dtype for x in inputs if hasattr(x, "_array")}
    if len(kinds) == 1 and all(hasattr(x, "_array") for x in inputs):
        common = dtypes.from_numpy(kinds.pop())
        if op.types != "float" or common.category >= FLOATING:
            return [x._array for x in inputs], common
    operands = []
    for x in inputs:
        if x is None:
            continue
        if isinstance(x, NUMBERS):
            operands.append((dtypes.python_dtype(x), 0))
        else:
            operands.append((dtypes.from_numpy(x._array.dtype), 2 if x._array.ndim else 1))
    common = dtypes.result_type_of(operands)
    if op.types == "float" and common.category < FLOATING:
        common = dtypes.get_default_dtype()
    target = common.numpy
    arrays: list[Any] = []
    for x in inputs:
        if x is None:
            arrays.append(None)
        elif isinstance(x, NUMBERS):
            arrays.append(_number(x, common))
        else:
            array = x._array
            arrays.append(array if array.dtype == target else array.astype(target))
    return arrays, common


def _number(x: Any, common: dtypes.dtype) -> Any:
    if common.category == BOOL:
        return bool(x)
    if common.category < FLOATING:
        return np.asarray(int(x)).astype(common.numpy)[()]
    number = x.item() if isinstance(x, np.generic) else x
    return number if common in (float16, bfloat16) else common.numpy.type(number)


def _same_dtype(op: Op, inputs: Sequence[Any]) -> tuple[list[Any], dtypes.dtype | None]:
    arrays = [x if x is None else x._array for x in inputs]
    kinds = [a.dtype for a in arrays if a is not None]
    for other in kinds[1:]:
        if other != kinds[0]:
            one, two = dtypes.from_numpy(kinds[0]), dtypes.from_numpy(other)
            raise DtypeError(
                f"{op.name}(): expected all inputs to have the same dtype, "
                f"but got: {one.name} != {two.name}; convert one with .to({two!r})"
            )
    common = dtypes.from_numpy(kinds[0]) if kinds else None
    if op.types == "floating" and common is not None and common.category < FLOATING:
        spoken = _TYPE_NAMES.get(common.name, common.name).removesuffix("Tensor")
        raise DtypeError(
            f'"{op.name}" not implemented for \'{spoken}\'; convert the tensor with .float() first'
        )
    return arrays, common


def _half_of(array: Any) -> bool:
    kind = getattr(array, "dtype", None)
    if kind is None or kind.itemsize != 2:  # NumPy takes 2 us to spell a dtype's name
        return False
    return kind.name in ("float16", "bfloat16")


def _is_half(arrays: Sequence[Any]) -> Any:
    """The half-precision type among the arrays, which compute in float32 as PyTorch's do."""
    for a in arrays:
        if a is not None and _half_of(a):
            return a.dtype
    return None


def _wrap(result: Any, owner: backends.Backend) -> Tensor:
    if result.__class__ is not owner.array_type and not backends.is_array(result):
        result = owner.xp.asarray(result)
    return TensorClass._from_array(result)  # type: ignore[no-any-return]


def _record(
    op: Op,
    inputs: tuple[Any, ...],
    statics: tuple[Any, ...],
    outputs: list[Any],
    common: dtypes.dtype | None,
    half: bool,
) -> Node | None:
    if not (op.vjps and state.modes.grad) or state.modes.inference:
        if state.modes.inference:
            for out in outputs:
                out._version_counter = InferenceVersion()
        return None
    fns = [getattr(x, "_fn", None) if x is None or getattr(x, "_view", None) is None else current_fn(x) for x in inputs]  # fmt: skip
    if all(f is None for f in fns) or not any(_differentiable(o) for o in outputs):
        return None
    scalar = op.scalar is not None and isinstance(inputs[1], NUMBERS)
    record: Op = op.scalar if scalar else op  # type: ignore[assignment]
    node = record.node_class()
    node.next = tuple(accumulator(x) if f.__class__ is ref else f for x, f in zip(inputs, fns, strict=True))  # fmt: skip
    node.seq = state.next_sequence()
    node.rare = None
    node.code, node.lasti = user_location(2)
    graph_outputs = outputs if op.many else outputs[: len(op.outputs)]
    node.fit = _fit(op, inputs, outputs, half)
    if op.many or len(op.outputs) > 1:
        _attach_many(node, graph_outputs)
    else:
        graph_outputs[0]._fn = node
    node.saved = _save(record, node, inputs, statics, outputs)
    if half:
        node.extra().general = True
    return node


def _attach_many(node: Node, outputs: list[Any]) -> None:
    node.extra()
    for nr, out in enumerate(outputs):
        if _differentiable(out):
            out._fn = Output(node, nr)


def _differentiable(out: Any) -> bool:
    return dtypes.from_numpy(out._array.dtype).category >= FLOATING


def _fit(op: Op, inputs: Sequence[Any], outputs: list[Any], half: bool) -> tuple[Any, ...] | None:
    """What the engine must make each gradient fit, or None when the formulas see to it."""
    if not (half or op.broadcast or op.types in ("promote", "float")):
        return None
    out = outputs[0]._array
    arrays = [getattr(x, "_array", None) for x in inputs]
    if not half and all(a is None or (a.shape == out.shape and a.dtype == out.dtype) for a in arrays):  # fmt: skip
        return None
    return tuple(None if a is None else (a.shape if op.broadcast else None, a.dtype) for a in arrays)


def _save(
    op: Op, node: Node, inputs: tuple[Any, ...], statics: tuple[Any, ...], outputs: list[Any]
) -> tuple[Any, ...]:
    hooks = state.modes.saved_hooks
    parts: list[Any] = []
    needed = [n is not None for n in node.next]
    for s in op.layout:
        if s.kind == "input":
            x = inputs[s.index]
            if x is None or not any(needed[u] for u in s.users):
                parts += [None, None]
            elif isinstance(x, NUMBERS):
                parts += [x, None]
            elif hooks:
                parts += [pack(x, node, hooks[-1]), None]
            else:
                version = x._version_counter
                parts += [x, None if version is None else version.n]
        elif s.kind == "inputs":
            parts.append(tuple((pack(x, node, hooks[-1]), None) if hooks else (x, x._version) for x in inputs))  # fmt: skip
        elif s.kind == "output":
            out = outputs[s.index]
            if hooks:
                parts += [pack(out, node, hooks[-1], s.index), None]
            else:
                if out._version_counter is None:
                    out._version_counter = Version()
                parts += [out._array, out._version_counter]
        elif s.kind == "shape":
            x = inputs[s.index]
            parts.append(None if x is None else () if isinstance(x, NUMBERS) else x._array.shape)
        elif s.kind in ("strides", "dtype"):
            x = inputs[s.index]
            parts.append(None if x is None else getattr(x._array, s.kind))
        elif s.kind == "shapes":
            parts.append(tuple(x._array.shape for x in inputs))
        else:
            parts.append(inputs[1] if op.scalar_of is not None else statics[s.index])
    if len(op.outputs) > 1 or op.many:
        graph = outputs if op.many else outputs[: len(op.outputs)]
        parts.append(tuple((o._array.shape, o._array.dtype) for o in graph))
    if hooks and any(isinstance(p, Packed) for p in parts):
        node.extra().general = True
    return tuple(parts)


# ------------------------------------------------------------------ backward of a node


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
    forward.restore(out, n, s.index)
    if s.index < len(n.op.outputs) and dtypes.from_numpy(array_dtype(out)).category >= FLOATING:
        out._fn = n if len(n.op.outputs) == 1 else Output(n, s.index)
    return out


def array_dtype(x: Any) -> Any:
    """The NumPy dtype of a tensor's array."""
    return x._array.dtype


def raw_for(g: Any) -> Any:
    """The raw namespace of an array's backend."""
    return backend_of(g).raw


def run_raw(n: Any, g: Any) -> tuple[Any, ...]:
    """First-order backward of a node whose formulas have no generated run."""
    grads = g if type(g) is tuple else (g,)
    return _apply_vjps(n, grads, unpack(n, False), None)


def run_general(n: Any, grads: tuple[Any, ...], tensors: bool) -> tuple[Any, ...]:
    """Backward of a node in full generality: packed or half-precision values, higher order."""
    from .functional_namespace import TENSORS

    values = unpack(n, tensors)
    if not tensors:
        values = {k: _up(v) for k, v in values.items()}
        return _apply_vjps(n, tuple(_up(g) for g in grads), values, None)
    half = next((g for g in grads if g is not None and _half_of(g._array)), None)
    if half is not None:
        from . import float32

        grads = tuple(None if g is None else g.to(float32) for g in grads)
        values = {
            k: v.to(float32) if hasattr(v, "_array") and _half_of(v._array) else v
            for k, v in values.items()
        }
    return _apply_vjps(n, grads, values, TENSORS)


def _up(value: Any) -> Any:
    return value.astype(np.float32) if _half_of(value) and hasattr(value, "astype") else value


def _apply_vjps(n: Any, grads: Any, values: dict[str, Any], namespace: Any) -> tuple[Any, ...]:
    from .template import parameters_of

    op = n.op
    several = op.many or len(op.outputs) > 1
    if several:
        grads = _materialize(n, grads, namespace)
    g = grads if several else grads[0]
    first = grads[0]
    F = namespace if namespace is not None else raw_for(first)  # noqa: N806
    given = values | {"g": g, "F": F}
    results: list[Any] = [None] * len(n.next)
    needs = [x is not None for x in n.next]
    for names, fn in op.vjps.items():
        indices = list(range(len(n.next))) if op.variadic else [op.inputs.index(x) for x in names]
        if not any(needs[i] for i in indices):
            continue
        given["needs"] = tuple(needs[i] for i in indices)
        answer = fn(**{p: given[p] for p in parameters_of(fn)})
        if len(names) == 1 and not op.variadic:
            answer = (answer,)
        for i, a in zip(indices, answer, strict=True):
            results[i] = a if needs[i] else None
    return tuple(results)


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


def fit_grads(grads: tuple[Any, ...], fit: tuple[Any, ...], tensors: bool = False) -> tuple[Any, ...]:
    """Sum each gradient over what was broadcast, and cast it to its input's dtype."""
    from .functional_namespace import cast_tensor, sum_to_tensor

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


# ------------------------------------------------------------------ views


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
    kind = _TYPE_NAMES.get(dtypes.from_numpy(array.dtype).name, "Tensor")
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


_TYPE_NAMES = {
    "float32": "FloatTensor", "float64": "DoubleTensor", "float16": "HalfTensor",
    "bfloat16": "BFloat16Tensor", "int64": "LongTensor", "int32": "IntTensor",
    "bool": "BoolTensor", "uint8": "ByteTensor",
}  # fmt: skip


def _explain(op: Op, inputs: Sequence[Any], error: Exception) -> Exception:
    shapes = [tuple(x._array.shape) for x in inputs if hasattr(x, "_array")]
    if op.broadcast and len(shapes) >= 2:
        clash = broadcast_clash(shapes)
        if clash is not None:
            return ShapeError(f"{clash} (in {op.name}, shapes {shapes[0]} and {shapes[1]})")
    kind = ShapeError if isinstance(error, ValueError) else TypeError
    return kind(f"{op.name}(): {error} (inputs of shape {', '.join(map(str, shapes))})")


def broadcast_clash(shapes: Sequence[tuple[int, ...]]) -> str | None:
    """PyTorch's sentence about the first dimension in which two shapes don't broadcast."""
    a, b = shapes[0], shapes[1]
    width = max(len(a), len(b))
    wide_a, wide_b = (1,) * (width - len(a)) + a, (1,) * (width - len(b)) + b
    for d in reversed(range(width)):
        m, n = wide_a[d], wide_b[d]
        if m != n and m != 1 and n != 1:
            return (
                f"The size of tensor a ({m}) must match the size of tensor b ({n}) "
                f"at non-singleton dimension {d}"
            )
    return None


def describe_node(n: Any) -> str:
    """The node's name and the line that made it, for messages."""
    location = resolve(n.code, n.lasti)
    return f"{n.name()}, made at {location}" if location else n.name()


__all__ = ["Extra", "general", "mark_view", "replay", "saved_attribute", "unpack"]
