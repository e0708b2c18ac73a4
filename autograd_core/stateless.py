"""Modules as functions of their parameters: ``func.functional_call``, ``stack_module_state``."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any

from ._tensor import Tensor
from .nn.modules.module import Module
from .ops.join import stack

State = dict[str, Any]


def functional_call(
    module: Module,
    parameter_and_buffer_dicts: State | Sequence[State],
    args: Any = None,
    kwargs: dict[str, Any] | None = None,
    *,
    tie_weights: bool = True,
    strict: bool = False,
) -> Any:
    """Call a module with other parameters and buffers than its own.

    Parameters
    ----------
    module : Module
        It keeps its own; in-place changes of a given buffer stay in that buffer.
    parameter_and_buffer_dicts : dict or sequence of dict
        Tensors by their names (``layer.weight``).
    args, kwargs
        What the module is called with; `args` may be one argument or a tuple.
    tie_weights : bool, default True
        Replace a tensor under all names that the module has for it.
    strict : bool, default False
        Raise for names that the module lacks, or that are not given.

    Examples
    --------
    >>> import autograd_core as ag
    >>> layer = ag.nn.Linear(2, 1)
    >>> other = {"weight": ag.ones(1, 2), "bias": ag.zeros(1)}
    >>> ag.func.functional_call(layer, other, (ag.ones(3, 2),)).tolist()
    [[2.0], [2.0], [2.0]]
    """
    given = _merged(parameter_and_buffer_dicts)
    if strict:
        _check_names(module, given)
    arguments = () if args is None else args if isinstance(args, tuple) else (args,)
    with _replaced(module, given, tie_weights):
        return module(*arguments, **(kwargs or {}))


def _merged(dicts: State | Sequence[State]) -> State:
    if isinstance(dicts, dict):
        return dicts
    if not isinstance(dicts, Sequence) or not all(isinstance(d, dict) for d in dicts):
        raise ValueError(
            "Expected parameter_and_buffer_dicts to be a dict, or a list/tuple of dicts, but got "
            f"{type(dicts).__name__}"
        )
    merged: State = {}
    for part in dicts:
        twice = sorted(merged.keys() & part.keys())
        if twice:
            raise ValueError(f"{twice} appeared in multiple dictionaries; behavior is ambiguous")
        merged.update(part)
    return merged


def _own(module: Module) -> dict[str, tuple[dict[str, Any], str]]:
    """Where each name's tensor is held: the table and the key in it."""
    found = {}
    for prefix, part in module.named_modules(remove_duplicate=False):
        for table in (part._parameters, part._buffers):
            for key in table:
                found[f"{prefix}.{key}" if prefix else key] = (table, key)
    return found


def _check_names(module: Module, given: State) -> None:
    own = {name for name, (table, key) in _own(module).items() if table[key] is not None}
    unexpected, missing = sorted(given.keys() - own), sorted(own - given.keys())
    if unexpected or missing:
        raise RuntimeError(
            f"Error(s) in reparametrizing: unexpected key(s) {unexpected}, missing key(s) {missing}"
        )


@contextmanager
def _replaced(module: Module, given: State, tie_weights: bool) -> Iterator[None]:
    own = _own(module)
    by_tensor = {
        id(table[key]): given[name]
        for name, (table, key) in own.items()
        if tie_weights and name in given and table[key] is not None
    }
    kept = [(table, key, table[key]) for table, key in own.values()]
    for name in given:
        if name not in own:
            raise KeyError(f"{type(module).__name__} has no parameter or buffer {name!r}")
    try:
        for name, (table, key) in own.items():
            if name in given:
                table[key] = given[name]
            elif id(table[key]) in by_tensor:
                table[key] = by_tensor[id(table[key])]
        yield
    finally:
        for table, key, value in kept:
            table[key] = value


def stack_module_state(models: Sequence[Module]) -> tuple[dict[str, Tensor], dict[str, Tensor]]:
    """The parameters and the buffers of models of one kind, stacked, for ``vmap``.

    Raises
    ------
    RuntimeError
        If there is no model, they are of different classes, or some train and some do not.
    """
    if not models:
        raise RuntimeError("stack_module_state: Expected at least one model, got 0.")
    if len({m.training for m in models}) > 1:
        raise RuntimeError(
            "stack_module_state: Expected all models to have the same training/eval mode."
        )
    if len({type(m) for m in models}) > 1:
        raise RuntimeError("stack_module_state: Expected all models to be of the same class.")
    tables: list[dict[str, Tensor]] = []
    for members in ("named_parameters", "named_buffers"):
        parts = [dict(getattr(m, members)()) for m in models]
        tables.append({k: _stacked([p[k] for p in parts]) for k in parts[0]})
    return tables[0], tables[1]


def _stacked(tensors: list[Tensor]) -> Tensor:
    made = stack([t.detach() for t in tensors])
    made.requires_grad = tensors[0].requires_grad
    return made
