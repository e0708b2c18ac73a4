"""The names by which listeners are told which module runs: ``("net", "layers", "0")``."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ...source import MARK, getframe

if TYPE_CHECKING:
    from .module import Module


def _variable_name(module: Module) -> str:
    """The name by which the caller knows a module; its class's name if it has none."""
    frame = getframe(1)
    while MARK in frame.f_globals and frame.f_back is not None:
        frame = frame.f_back
    for names in (frame.f_locals, frame.f_globals):
        for name, value in names.items():
            if value is module and name != "self" and not name.startswith("_"):
                return name
    return type(module).__name__.lower()


def scope_within(scope: tuple[str, ...], outer: Module | None, module: Module) -> tuple[str, ...]:
    """The scope of a module that is called in this scope, by a running module or by nobody."""
    if outer is None:
        return (*scope, _variable_name(module))
    known = outer._modules
    for name in known:
        if known[name] is module:
            return (*scope, name)
    return scope + _path_within(outer, module)


def _path_within(outer: Module, module: Module) -> tuple[str, ...]:
    """The path from a running module to one below its children, e.g. ``("layers", "0")``."""
    for path, found in outer.named_modules():
        if found is module and path:
            return tuple(path.split("."))
    return (type(module).__name__.lower(),)
