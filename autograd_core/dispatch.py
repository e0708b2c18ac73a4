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
from .dtypes import BOOL, FLOATING, bfloat16, float16, is_half
from .errors import DeviceError, DtypeError, ShapeError
from .node import InferenceVersion, Node, Output, Version, accumulator, ref
from .saved import Packed, pack
from .source import user_location
from .views import current_fn, mark_view
from .vjps import differentiable, fit_of

if TYPE_CHECKING:
    from ._tensor import Tensor
    from .declare import Op

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
    if op.scalars == "both" and isinstance(inputs[0], NUMBERS) and isinstance(inputs[1], NUMBERS):
        first = np.asarray(inputs[0], dtypes.python_dtype(inputs[0]).numpy)
        inputs = (TensorClass._from_array(first), inputs[1])
    _check_types(op, inputs)
    if state.modes.autocast is not None:
        inputs = state.modes.autocast.cast_inputs(op.name, inputs)
    if op.check is not None:
        op.check(*inputs)
    owner, inputs = _one_device(op, inputs)
    arrays, common = _promote(op, inputs)
    if op.scalars and isinstance(inputs[0], NUMBERS) and common is not None:
        inputs = (_wrap(owner.xp.asarray(arrays[0], common.numpy), owner), *inputs[1:])
    half = _half_among(arrays)
    detour = half is not None and not op.moves
    if detour:
        arrays = [a.astype(np.float32) if is_half(a) else a for a in arrays]
    named = dict(zip(op.statics, statics, strict=True))
    kept = state.modes.kept_outputs
    try:
        with owner.activate(arrays):
            known = None if kept is None else kept.find(op)
            results = op.forward(owner.xp, *arrays, **named) if known is None else known
    except (ValueError, TypeError) as error:
        raise _explain(op, inputs, error) from error
    several = type(results) in (tuple, list)
    results = list(results) if several else [results]
    if detour and known is None:
        results = [r.astype(half) if r.dtype == np.float32 else r for r in results]
    outputs = [_wrap(r, owner) for r in results]
    if kept is not None:
        kept.note(op, inputs, named, outputs)
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
        if (
            op.scalars
            and not (i == 0 and op.scalars == "other")
            and isinstance(x, NUMBERS)
            and any(isinstance(y, TensorClass) for y in inputs)
        ):
            continue
        name = op.inputs[i] if i < len(op.inputs) else f"tensors[{i}]"
        raise TypeError(
            f"{op.name}(): argument '{name}' (position {i + 1}) must be Tensor, "
            f"not {type(x).__name__}"
        )


def _one_device(op: Op, inputs: tuple[Any, ...]) -> tuple[backends.Backend, tuple[Any, ...]]:
    """The backend of all inputs; 0-d CPU tensors are brought along, as PyTorch does."""
    cpu = backends.backend("cpu")
    if all(getattr(x, "_array", None).__class__ in (np.ndarray, NoneType) for x in inputs):
        return cpu, inputs
    arrays: list[Any] = [getattr(x, "_array", None) for x in inputs]
    owners = [None if a is None else backend_of(a) for a in arrays]
    pairs = list(zip(arrays, owners, strict=True))
    travels = [o is cpu and a.ndim == 0 and op.broadcast for a, o in pairs]
    stay = [pair for pair, moves in zip(pairs, travels, strict=True) if not moves]
    places = {o.device_of(a): o for a, o in stay if o is not None}
    if len(places) > 1:
        one, two, *_ = places
        raise DeviceError(
            "Expected all tensors to be on the same device, but found at least two devices, "
            f"{one} and {two}, in {op.name}(); move one of them with .to()"
        )
    for where, owner in places.items():
        moved = (x.to(where) if moves else x for x, moves in zip(inputs, travels, strict=True))
        return owner, tuple(moved)
    return cpu, inputs


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
        spoken = dtypes.TYPE_NAMES.get(common.name, common.name).removesuffix("Tensor")
        raise DtypeError(
            f"\"{op.name}\" not implemented for '{spoken}'; convert the tensor with .float() first"
        )
    return arrays, common


def _half_among(arrays: Sequence[Any]) -> Any:
    """The half-precision type among the arrays, which compute in float32 as PyTorch's do."""
    for a in arrays:
        if a is not None and is_half(a):
            return a.dtype
    return None


def _wrap(result: Any, owner: backends.Backend) -> Tensor:
    if result.__class__ is not owner.array_type and not backends.is_array(result):
        result = owner.xp.asarray(result)
    return TensorClass._from_array(result)


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
    fns = [
        getattr(x, "_fn", None) if getattr(x, "_view", None) is None else current_fn(x)
        for x in inputs
    ]
    if all(f is None for f in fns) or not any(differentiable(o) for o in outputs):
        return None
    scalar = op.scalar is not None and isinstance(inputs[1], NUMBERS)
    record: Op = op.scalar if scalar else op  # type: ignore[assignment]
    node = record.node_class()
    node.next = tuple(
        accumulator(x) if f.__class__ is ref else f for x, f in zip(inputs, fns, strict=True)
    )
    node.seq = state.next_sequence()
    node.rare = None
    node.code, node.lasti = user_location(2)
    graph_outputs = outputs if op.many else outputs[: len(op.outputs)]
    node.fit = fit_of(op, inputs, outputs, half)
    if op.many or len(op.outputs) > 1:
        _attach_many(node, graph_outputs)
    else:
        graph_outputs[0]._fn = node
    node.saved = _save(record, node, inputs, statics, outputs)
    if half or _any_complex(inputs, outputs):
        node.extra().general = True
    return node


def _any_complex(inputs: Sequence[Any], outputs: Sequence[Any]) -> bool:
    arrays = (getattr(x, "_array", None) for x in (*inputs, *outputs))
    return any(a is not None and a.dtype.kind == "c" for a in arrays)


def _attach_many(node: Node, outputs: list[Any]) -> None:
    node.extra()
    for nr, out in enumerate(outputs):
        if differentiable(out):
            out._fn = Output(node, nr)


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
            parts.append(
                tuple(
                    (pack(x, node, hooks[-1]), None) if hooks else (x, x._version) for x in inputs
                )
            )
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


# ------------------------------------------------------------------ errors


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
