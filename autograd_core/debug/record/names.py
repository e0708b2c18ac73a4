"""What a leaf is called: its own name, its place in a module, or the variable that holds it."""

from __future__ import annotations

import inspect
import sys
from collections.abc import Mapping
from types import FrameType
from typing import Any

from ...source import MARK


def name_of_leaf(leaf: Any, scope: tuple[str, ...]) -> str:
    """The name of a leaf, looked for once, when it is first met.

    Parameters
    ----------
    leaf : Tensor
        A tensor that requires grad and that no op made.
    scope : tuple of str
        The path of the modules that are running.

    Returns
    -------
    str
        Its ``.name`` if the user gave one; ``net.0.weight`` if a module that runs has it
        as a parameter; the name of the variable that is it; or nothing.
    """
    if leaf.name:
        return str(leaf.name)
    return _in_module(leaf, scope) or _in_variables(leaf)


def _in_module(leaf: Any, scope: tuple[str, ...]) -> str:
    nn = sys.modules.get("autograd_core.nn.modules.module")
    module = nn._active.module if nn is not None else None
    if module is None:
        return ""
    for name, parameter in module.named_parameters():
        if parameter is leaf:
            return ".".join((*scope, name))
    return ""


def _in_variables(leaf: Any) -> str:
    """Its name in the function that runs, or among the global variables."""
    frame: FrameType | None = sys._getframe(1)
    while frame is not None and MARK in frame.f_globals:
        frame = frame.f_back
    if frame is None:
        return ""
    variables = {**frame.f_globals, **_locals_of(frame)}
    return _name_in(variables, leaf) or _name_in_models(variables, leaf)


def _name_in(variables: Mapping[str, Any], leaf: Any) -> str:
    for name, value in list(variables.items()):
        if value is leaf and not name.startswith("_"):
            return name
    return ""


def _name_in_models(variables: Mapping[str, Any], leaf: Any) -> str:
    """``net.0.weight``, where the variable ``net`` is a module that has it.

    Needed for a leaf that is met in backward only, when no module runs any more: its node
    was made before the recording began, and something still holds it.
    """
    nn = sys.modules.get("autograd_core.nn.modules.module")
    if nn is None:
        return ""
    for variable, value in variables.items():
        if isinstance(value, nn.Module) and not variable.startswith("_"):
            for name, parameter in value.named_parameters():
                if parameter is leaf:
                    return f"{variable}.{name}"
    return ""


def _locals_of(frame: FrameType) -> dict[str, Any]:
    """The local variables of a function that runs, in a copy that leaves no trace.

    Before Python 3.13 reading ``f_locals`` of a function fills a dictionary that the frame
    keeps, and with it every tensor in it: so it is emptied again.  Under a debugger that
    dictionary is written back to the variables, and must be left alone.
    """
    if not frame.f_code.co_flags & inspect.CO_OPTIMIZED or sys.gettrace() is not None:
        return {}
    snapshot = frame.f_locals
    copy = dict(snapshot)
    if sys.version_info < (3, 13):
        snapshot.clear()
    return copy
