"""The operations: public functions, the primitives that they are made of, and PyTorch's names.

Functions come from their examples (`autograd_core.examples`), which also drive the tests
against PyTorch; primitives from their declarations (`autograd_core.declare`).
"""

from __future__ import annotations

import importlib
import inspect
import json
from collections.abc import Iterable, Iterator
from functools import cache, reduce
from pathlib import Path
from typing import Any

import numpy as np
from rst_text import in_cell

import autograd_core as ag
from autograd_core import declare, examples

NAMES = Path(__file__).parent / "pytorch_names.json"
"""What PyTorch has; ``tools/pytorch_names.py`` writes it."""


# ------------------------------------------------------------------ functions


def functions() -> str:
    """One row for each function that declares examples."""
    examples.load()
    found = sorted(examples.REGISTRY.values(), key=lambda entry: _sorting(entry.name))
    first, second = sum(e.grad for e in found), sum(e.grad and e.second for e in found)
    said = f"{len(found)} functions, {first} of them with a gradient, {second} with a second one."
    rows = [
        said,
        "",
        "| Function | Method | In place | Gradient | Second | Node |",
        "|---|---|---|---|---|---|",
    ]
    for entry in found:
        short = entry.name.rpartition(".")[2]
        is_method = entry.name.startswith("Tensor.")
        cells = [
            f"`{entry.name}`",
            _yes(is_method or _has_method(short)),
            _yes(_has_method(f"{short}_")),
            _yes(entry.grad),
            _yes(entry.grad and entry.second),
            f"`{node}`" if entry.grad and (node := node_of(entry)) else "",
        ]
        rows.append(f"| {' | '.join(cells)} |")
    return "\n".join(rows) + "\n"


def _sorting(name: str) -> tuple[str, str]:
    space, _, short = name.rpartition(".")
    return space, short.lower()


def _yes(value: bool) -> str:
    return "yes" if value else ""


def _has_method(name: str) -> bool:
    return callable(getattr(ag.Tensor, name, None))


@cache
def node_of(entry: examples.Examples) -> str:
    """The node that the first example call makes, by running it; nothing where it makes none."""
    args, kwargs = next(iter(entry.make(examples.Draw(0))))
    function: Any = reduce(getattr, entry.name.split("."), ag)
    try:
        result = function(*_tensors(args), **_tensors(kwargs))
    except ImportError:  # SciPy is not here: a primitive's node is known from its declaration
        op = declare.REGISTRY.get(entry.name.rpartition(".")[2])
        return (op and op.node_name) or ""
    return next((t.grad_fn.name() for t in _leaves_of(result) if t.grad_fn is not None), "")


def _tensors(value: Any) -> Any:
    if isinstance(value, np.ndarray):
        return ag.tensor(value, requires_grad=value.dtype.kind in "fc")
    if isinstance(value, dict):
        return {key: _tensors(part) for key, part in value.items()}
    if isinstance(value, list | tuple):
        return type(value)(_tensors(part) for part in value)
    return value


def _leaves_of(result: Any) -> Iterator[ag.Tensor]:
    if isinstance(result, ag.Tensor):
        yield result
    elif isinstance(result, list | tuple):
        for part in result:
            yield from _leaves_of(part)


# ------------------------------------------------------------------ primitives


def primitives() -> str:
    """One row for each declaration."""
    examples.load()
    found = sorted(declare.REGISTRY.values(), key=lambda op: op.name)
    behind = _functions_by_node()
    rows = [
        f"{len(found)} declarations.",
        "",
        "| Primitive | Behind | Node | Inputs | Keywords | Gradient of | Saves | Kind |",
        "|---|---|---|---|---|---|---|---|",
    ]
    for op in found:
        cells = [
            f"`{op.name}`",
            _words(behind.get(op.node_name or op.name, ())),
            _code(op.node_name),
            _words(f"*{op.inputs[0]}" if op.variadic and op.inputs else n for n in op.inputs)
            or ("any number" if op.variadic else ""),
            _words(op.statics),
            _differentiable(op),
            _words(_saved(op)),
            ", ".join(_kinds(op)),
        ]
        rows.append(f"| {' | '.join(in_cell(cell) for cell in cells)} |")
    return "\n".join(rows) + "\n"


def _code(text: str | None) -> str:
    return f"`{text}`" if text else ""


def _words(names: Iterable[str]) -> str:
    return ", ".join(f"`{name}`" for name in names)


def _functions_by_node() -> dict[str, list[str]]:
    """Public functions by the node that they make; those that make none by their own name."""
    found: dict[str, list[str]] = {}
    for entry in examples.REGISTRY.values():
        key = (node_of(entry) if entry.grad else "") or entry.name.rpartition(".")[2]
        found.setdefault(key, []).append(entry.name)
    return found


def _differentiable(op: declare.Op) -> str:
    if op.variadic and op.vjps:
        return "all"
    return _words(dict.fromkeys(name for names in op.vjps for name in names if name != "*"))


def _saved(op: declare.Op) -> list[str]:
    """What the gradient formulas name, and so what a node keeps."""
    named = (name for formula in op.vjps.values() for name in inspect.signature(formula).parameters)
    return [name for name in dict.fromkeys(named) if name not in ("g", "F", "needs")]


def _kinds(op: declare.Op) -> Iterator[str]:
    if op.view:
        yield "view"
    if op.elementwise:
        yield "elementwise"
    if op.linear:
        yield "linear"
    if len(op.outputs) > 1 or op.many:
        yield "several outputs"


# ------------------------------------------------------------------ PyTorch's names


@cache
def pytorch_names() -> dict[str, Any]:
    """PyTorch's version, and its public names by namespace."""
    found: dict[str, Any] = json.loads(NAMES.read_text(encoding="utf-8"))
    return found


def missing(space: str) -> list[str]:
    """Names of a namespace of PyTorch's that are not here."""
    home: Any = ag.Tensor
    if space != "Tensor":
        home = importlib.import_module(f"autograd_core.{space}".rstrip("."))
    return [name for name in pytorch_names()["names"][space] if not hasattr(home, name)]


def coverage() -> str:
    """How many names of each namespace are here, and which are not."""
    known = pytorch_names()
    rows = [
        f"Counted against PyTorch {known['version']}:",
        "",
        "| Namespace | PyTorch's names | here | missing |",
        "|---|---|---|---|",
    ]
    details = []
    for space, names in known["names"].items():
        gone = missing(space)
        label = f"torch.{space}".rstrip(".")
        rows.append(f"| `{label}` | {len(names)} | {len(names) - len(gone)} | {len(gone)} |")
        if gone:
            details.append(f"`{label}`\n: {', '.join(f'`{name}`' for name in gone)}\n")
    return "\n".join(rows) + "\n\nThe missing ones:\n\n" + "\n".join(details)
