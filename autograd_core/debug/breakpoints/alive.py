"""Modules that exist now: their paths, and the parameters in them.

There is no register of modules, so the garbage collector is asked.  That takes some
milliseconds for each hundred thousand objects, so it is done when a breakpoint is set and
for a parameter that nothing else could name, never in a loop.
"""

from __future__ import annotations

import gc
import sys
from collections.abc import Iterator
from types import FrameType
from typing import Any

from ...source import MARK
from ..record.names import _locals_of


def is_parameter(leaf: Any) -> bool:
    """Whether a tensor is an ``nn.Parameter``; none is as long as nobody imported ``nn``."""
    nn = sys.modules.get("autograd_core.nn.parameter")
    return nn is not None and isinstance(leaf, nn.Parameter)


def roots() -> list[Any]:
    """The modules that no other module contains."""
    nn = sys.modules.get("autograd_core.nn.modules.module")
    if nn is None:
        return []
    kind = nn.Module
    found = [x for x in gc.get_objects() if issubclass(type(x), kind) and "_modules" in vars(x)]
    inner = {id(child) for x in found for child in x._modules.values()}
    return [x for x in found if id(x) not in inner]


def module_paths() -> set[str]:
    """The paths of all modules, as scopes have them: ``net``, ``net.encoder``, ``net.encoder.0``.

    A path begins with the variable that holds the model, or with its class's name.
    """
    paths: set[str] = set()
    found = roots()
    names = _variables_of(found) if found else {}
    for root in found:
        inside = [path for path, _ in root.named_modules() if path]
        for name in names.get(id(root), ()) or (type(root).__name__.lower(),):
            paths.add(name)
            paths.update(f"{name}.{path}" for path in inside)
    return paths


def parameters() -> Iterator[tuple[str, Any]]:
    """The parameters of all models, each with its path in its model."""
    for root in roots():
        yield from root.named_parameters()


def _variables_of(modules: list[Any]) -> dict[int, list[str]]:
    """The names of variables that hold these modules, in all functions that run."""
    wanted = {id(x) for x in modules}
    names: dict[int, list[str]] = {}
    for frame in _user_frames():
        for name, value in [*frame.f_globals.items(), *_locals_of(frame).items()]:
            if id(value) in wanted and not name.startswith("_"):
                names.setdefault(id(value), []).append(name)
    return names


def _user_frames() -> Iterator[FrameType]:
    frame: FrameType | None = sys._getframe(1)
    while frame is not None:
        if MARK not in frame.f_globals:
            yield frame
        frame = frame.f_back
