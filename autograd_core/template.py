"""Writes the fast path of an op as Python source, once, from its declaration.

For each op two functions come out: ``call``, what a forward costs in the common case
(NumPy float32 or float64 arrays of one dtype, default modes, nobody listening), and the
node's ``run``, its backward on raw arrays.  Whatever is not common goes to
`autograd_core.dispatch`, which does the same thing at leisure and in full.

Print ``autograd_core.template.source(op)`` to read what is written for an op.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING, Any

import numpy as np

from . import dispatch, events, outputs, state, views, vjps
from .node import Node, Version, accumulator, ref
from .saved import saved_attribute
from .source import MARK, getframe, user_location
from .vjps import parameters_of

if TYPE_CHECKING:
    from .declare import Op


@dataclass(frozen=True)
class Saved:
    """One value that backward needs.

    ``kind`` is input, inputs, output, shape, strides, dtype, shapes or static; ``index`` the
    place among inputs or outputs; ``users`` the inputs whose formulas need it.
    """

    kind: str
    name: str
    index: int
    users: tuple[int, ...]

    @property
    def width(self) -> int:
        """How many entries of ``Node.saved`` it takes (tensors carry their version)."""
        return 2 if self.kind in ("input", "output") else 1


def layout_of(op: Op) -> tuple[Saved, ...]:
    """What an op saves, from the names in its formulas."""
    users: dict[str, set[int]] = {}
    for names, fn in op.vjps.items():
        indices = [op.inputs.index(n) for n in names] if not op.variadic else [0]
        for parameter in parameters_of(fn):
            if parameter not in ("F", "g", "needs"):
                users.setdefault(parameter, set()).update(indices)
    return tuple(_saved(op, name, tuple(sorted(found))) for name, found in users.items())


def _saved(op: Op, name: str, users: tuple[int, ...]) -> Saved:
    everything = op.outputs + op.aux
    if op.variadic and name in ("tensors", "shapes"):
        return Saved("inputs" if name == "tensors" else "shapes", name, 0, users)
    if name in op.inputs:
        return Saved("input", name, op.inputs.index(name), users)
    if name in everything:
        return Saved("output", name, everything.index(name), users)
    if name in op.statics:
        return Saved("static", name, op.statics.index(name), users)
    stem, _, what = name.rpartition("_")
    if what in ("shape", "strides", "dtype") and stem in op.inputs:
        return Saved(what, name, op.inputs.index(stem), users)
    raise TypeError(
        f"op {op.name}: a formula asks for {name!r}, which is no input, output or static"
    )


def build(op: Op) -> Callable[..., Any]:
    """Make the op's node class and its function on tensors."""
    op.layout = layout_of(op)
    if op.vjps:
        op.node_class = _node_class(op)
    if op.scalar is not None:
        op.scalar.layout = layout_of(op.scalar)
        if op.vjps:
            op.scalar.node_class = _node_class(op.scalar)
    if not _has_fast_path(op):
        return dispatch.slow_call(op)
    scope = _names(op)
    exec(compile(source(op), f"<autograd_core op {op.name}>", "exec"), scope)
    call: Callable[..., Any] = scope[op.name]
    call.__doc__ = op.doc
    call.__qualname__ = op.name
    if op.vjps and _has_fast_run(op):
        for variant, name in ((op, "run"), (op.scalar, "run_scalar")):
            if variant is not None:
                node_class: Any = variant.node_class
                node_class.run = scope[name]
                node_class.run_last = scope.get(f"{name}_last", scope[name])
    return call


def _node_class(op: Op) -> type[Node]:
    body = {
        "__slots__": (),
        "op": op,
        "outputs": 0 if op.many else len(op.outputs),
        "releases": _releases(op),
        "run": vjps.run_raw,
        "run_general": vjps.run_general,
        "__getattr__": saved_attribute,
    }
    assert op.node_name is not None
    return type(op.node_name, (Node,), body)


def _releases(op: Op) -> bool:
    return any(s.kind in ("input", "inputs", "output") for s in layout_of(op))


def _has_fast_path(op: Op) -> bool:
    return not (op.variadic or op.many or len(op.outputs) > 1 or op.aux)


def _has_fast_run(op: Op) -> bool:
    return all(len(names) == 1 for names in op.vjps)


def _names(op: Op) -> dict[str, Any]:
    from ._tensor import Tensor
    from .backends import numpy_backend

    xp = numpy_backend.xp
    scope: dict[str, Any] = {
        "__name__": "autograd_core.generated",  # by this name its NumPy warnings are silenced
        MARK: True, "state": state, "Tensor": Tensor, "new": object.__new__, "ref": ref,
        "accumulator": accumulator, "Version": Version, "NodeClass": op.node_class,
        "NodeScalar": op.scalar.node_class if op.scalar else None,
        "scalars32": _Scalars("f4").__getitem__, "scalars64": _Scalars("f8").__getitem__,
        "getframe": getframe, "user_location": user_location, "ndarray": np.ndarray,
        "as_array": as_array, "F32": np.dtype("f4"), "F64": np.dtype("f8"), "op": op,
        "general": dispatch.general, "current_fn": views.current_fn, "xp": xp,
        "forward": getattr(xp, op.ufunc) if op.ufunc else op.forward,
        "mark_view": views.mark_view, "raise_freed": vjps.raise_freed,
        "raise_modified": vjps.raise_modified, "raw": numpy_backend.raw,
        "raw_for": vjps.raw_for, "modes": state.modes,
        "tap_op": events.tap_op, "overflow": events.overflow, "next_sequence": state.next_sequence,
        "write_outputs": outputs.write_outputs, "partial": partial,
    }  # fmt: skip
    for i, name in enumerate(op.inputs):
        if (name,) in op.vjps:
            scope[f"vjp{i}"] = op.vjps[(name,)]
    return scope


def as_array(result: Any) -> Any:
    """A result that is no NumPy array: a NumPy scalar, or another device's array."""
    return np.asarray(result) if isinstance(result, np.generic) else result


class _Scalars(dict[float, Any]):
    """Python numbers as 0-d arrays: NumPy takes these twice as fast as the numbers."""

    def __init__(self, dtype: str):
        super().__init__()
        self.dtype = dtype

    def __missing__(self, number: float) -> Any:
        array = np.asarray(number, self.dtype)
        array.flags.writeable = False
        if len(self) > 1000:
            self.clear()
        if number:  # 0.0 and -0.0 are one key
            self[number] = array
        return array


def source(op: Op) -> str:
    """The Python source written for an op."""
    op.layout = layout_of(op)
    parts = [_call_source(op)]
    if op.vjps and _has_fast_run(op):
        for variant, name in ((op, "run"), (op.scalar, "run_scalar")):
            if variant is not None:
                parts.append(_run_source(variant, name, False))
                if _releases(variant):
                    parts.append(_run_source(variant, f"{name}_last", True))
    return "\n\n".join(parts)


def _call_source(op: Op) -> str:
    statics = ", ".join(op.statics)
    takes_out = not (op.statics or op.view)
    signature = ", ".join(op.inputs) + f", *, {'out=None' if takes_out else statics}"
    signature = signature.removesuffix(", *, ")
    comma = "," if op.statics else ""
    fallback = f"return general(op, ({' '.join(f'{x},' for x in op.inputs)}), ({statics}{comma}))"
    lines = [
        f"def {op.name}({signature}):",
        *_out_lines(op, takes_out),
        "    quiet = False",
        "    if state.special:",
        f"        if state.special != state.harmless: {fallback}",
        "        quiet = state.muted and not modes.grad",
    ]
    if op.scalar is not None:
        lines += [f"    k = {op.inputs[1]}.__class__", "    if k is float or k is int:"]
        body = _body_lines(op.scalar, "NodeScalar", fallback)
        lines += [f"    {line}" for line in body]
    return "\n".join([*lines, *_body_lines(op, "NodeClass", fallback)])


def _out_lines(op: Op, takes_out: bool) -> list[str]:
    if not takes_out:
        return []
    inputs = f"({' '.join(f'{x},' for x in op.inputs)})"
    compute = f"partial({op.name}, *{inputs})"  # a lambda would make every argument a cell
    return [f"    if out is not None: return write_outputs({op.name!r}, {compute}, {inputs}, out)"]


def _body_lines(op: Op, node_class: str, fallback: str) -> list[str]:
    n = range(len(op.inputs))
    lines = ["    try:"]
    lines += [f"        a{i} = {x}._array" for i, x in enumerate(op.inputs)]
    lines += ["        dt = a0.dtype"]
    same = "".join(f" or a{i}.dtype is not dt" for i in n[1:])
    lines += [
        f"        if a0.__class__ is not ndarray or (dt is not F32 and dt is not F64){same}:",
        f"            {fallback}",
        f"        r = {_compute(op)}",
        "    except Exception:",
        f"        {fallback}",
        "    if r.__class__ is not ndarray: r = as_array(r)",
        "    t = new(Tensor); t._array = r; t._version_counter = None; t._view = None",
        "    t._grad = None; t._rare = None",
    ]
    no_node = ["    t._fn = None", *_view_lines(op)]
    no_node += ["    if state.tap is not None: tap_op(op.name, None, r)"]
    if not op.vjps:
        return [*lines, *no_node, "    return t"]
    lines += [
        f"    f{i} = {x}._fn if {x}._view is None else current_fn({x})"
        for i, x in enumerate(op.inputs)
    ]
    lines += [f"    if quiet or {' and '.join(f'f{i} is None' for i in n)}:"]
    lines += [*(f"    {line}" for line in no_node), "        return t"]
    lines += [
        f"    if f{i}.__class__ is ref: f{i} = f{i}() or accumulator({x})"
        for i, x in enumerate(op.inputs)
    ]
    nexts = " ".join(f"f{i}," for i in n) + (" None" if op.scalar_of is not None else "")
    return [
        *lines,
        f"    n = t._fn = {node_class}()",
        f"    n.next = ({nexts}); n.seq = seq = next_sequence(); n.rare = None",
        *_save_lines(op),
        *_fit_lines(op),
        "    frame = getframe(1)",
        f"    if {MARK!r} in frame.f_globals: code, lasti = user_location(2)",
        "    else: code = frame.f_code; lasti = frame.f_lasti",
        "    n.code = code; n.lasti = lasti",
        *_view_lines(op),
        *_tap_lines(op, node_class),
        "    return t",
    ]


def _tap_lines(op: Op, node_class: str) -> list[str]:
    n = len(op.inputs)
    more = ", ".join(f"-1 if f{i} is None else f{i}.seq" for i in range(n))
    parents = "f0.seq" if n == 1 else more
    dtype = "dt" if op.elementwise or op.broadcast else "r.dtype"  # `dt` is the inputs'

    def sink(shape: str, held: str) -> str:
        record = f"{node_class}, seq, {shape}, {dtype}, code, lasti, scope, {held}, {parents}"
        return f"sinks[{n}](({record}))"

    usual = sink("r.shape", " + ".join(_held_bytes(op)) or "0")
    lines = [f"        {usual}"]
    if op.broadcast and n > 1:
        lines = [f"        if n.fit is None: {sink('s', '-1')}", f"        else: {usual}"]
    elif op.elementwise:
        lines = [f"        {sink('r.shape', '-1')}"]
    return [
        "    sinks = state.op_sinks",
        "    if sinks is not None:",
        "        n.scope = scope = modes.scope",
        *lines,
        f"        if not seq & {events.BATCH - 1}: overflow()",
    ]


def _held_bytes(op: Op) -> list[str]:
    """Terms of the bytes that the node keeps alive."""
    terms = []
    for s in op.layout:
        if s.kind == "output":
            terms.append("r.nbytes")
        elif s.kind == "input":
            always = len(s.users) == len(op.inputs)
            size = f"a{s.index}.nbytes"
            terms.append(size if always else f"({size} if {_any_needed(s.users)} else 0)")
    return terms


def _compute(op: Op) -> str:
    arrays = ", ".join(f"a{i}" for i in range(len(op.inputs)))
    if op.scalar_of is not None:
        first = "" if op.ufunc else "xp, "
        return f"forward({first}{arrays}, (scalars32 if dt is F32 else scalars64)({op.statics[0]}))"
    if op.ufunc:
        return f"forward({arrays})"
    return f"forward(xp, {arrays}{''.join(f', {s}={s}' for s in op.statics)})"


def _view_lines(op: Op) -> list[str]:
    if not op.view:
        return []
    return [f"    mark_view(t, {op.inputs[0]}, op, ({''.join(f'{s}, ' for s in op.statics)}))"]


def _fit_lines(op: Op) -> list[str]:
    if not op.broadcast or len(op.inputs) == 1:
        return ["    n.fit = None"]
    n = range(len(op.inputs))
    same = " == ".join(f"a{i}.shape" for i in n[1:])
    fit = ", ".join(f"(a{i}.shape, dt)" for i in n)
    return ["    s = a0.shape", f"    if s == {same}: n.fit = None", f"    else: n.fit = ({fit})"]


def _save_lines(op: Op) -> list[str]:
    before: list[str] = []
    parts: list[str] = []
    for s in op.layout:
        if s.kind == "input":
            before.append(f"    v{s.index} = {s.name}._version_counter")
            before.append(f"    if v{s.index} is not None: v{s.index} = v{s.index}.n")
            condition = "" if len(s.users) == len(op.inputs) else _any_needed(s.users)
            kept = s.name + (f" if {condition} else None" if condition else "")
            parts += [kept, f"v{s.index}"]
        elif s.kind == "output":
            before.append("    vo = t._version_counter = Version()")
            parts += ["r", "vo"]
        elif s.kind == "shape":
            parts.append(f"a{s.index}.shape")
        elif s.kind == "strides":
            parts.append(f"a{s.index}.strides")
        elif s.kind == "dtype":
            parts.append("dt")
        else:
            parts.append(s.name)
    return [*before, f"    n.saved = ({' '.join(p + ',' for p in parts)})"]


def _any_needed(users: tuple[int, ...]) -> str:
    return " or ".join(f"f{u} is not None" for u in users)


def _run_source(op: Op, name: str, last: bool) -> str:
    lines = [f"def {name}(n, g):", "    saved = n.saved", "    if saved is None: raise_freed(n)"]
    targets: list[str] = []
    for s in op.layout:
        stem = _variable(s)
        targets += [f"t_{stem}", f"v_{stem}"] if s.width == 2 else [stem]
    if targets:
        lines.append(f"    {' '.join(t + ',' for t in targets)} = saved")
    for s in op.layout:
        stem = _variable(s)
        if s.kind == "input":
            lines += [
                f"    if t_{stem} is not None:",
                f"        c = t_{stem}._version_counter",
                f"        if c is not v_{stem} and c.n != (v_{stem} or 0):",
                f"            raise_modified(n, {s.name!r}, c, v_{stem} or 0, t_{stem})",
                f"        {stem} = t_{stem}._array",
                f"    else: {stem} = None",
            ]
        elif s.kind == "output":
            lines += [
                f"    if v_{stem}.n: raise_modified(n, {s.name!r}, v_{stem}, 0, t_{stem})",
                f"    {stem} = t_{stem}",
            ]
    if op.scalar_of is not None and "s_other" in targets:
        lines.append("    if g.__class__ is ndarray and g.dtype is F32:")
        lines.append("        s_other = scalars32(s_other)")
    if any("F" in parameters_of(fn) for fn in op.vjps.values()):
        lines.append("    F = raw if g.__class__ is ndarray else raw_for(g)")
    by_input = {names[0]: fn for names, fn in op.vjps.items()}
    results = []
    alone = len(op.inputs) == 1
    if not alone and by_input:
        lines.append(f"    {' '.join(f'f{i},' for i in range(len(op.inputs)))} = n.next")
    for i, name in enumerate(op.inputs):
        if name not in by_input:
            results.append("None")
            continue
        arguments = [_argument(op, p) for p in parameters_of(by_input[name])]
        call = f"vjp{i}({', '.join(arguments)})"
        results.append(call if alone else f"{call} if f{i} is not None else None")
    answer = f"({' '.join(r + ',' for r in results)})"
    if last:
        lines += [f"    results = {answer}", "    n.saved = None", "    return results"]
        return "\n".join(lines)
    return "\n".join([*lines, f"    return {answer}"])


def _variable(s: Saved) -> str:
    return f"s_{s.name}"


def _argument(op: Op, parameter: str) -> str:
    return parameter if parameter in ("F", "g") else f"s_{parameter}"
