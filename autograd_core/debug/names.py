"""What a leaf is called: its own name, its place in a module, or the variable that holds it."""

from __future__ import annotations

import sys
from typing import Any

from ..source import MARK


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
        as a parameter; the name of the global variable that is it; or nothing.
    """
    if leaf.name:
        return str(leaf.name)
    return _in_module(leaf, scope) or _in_globals(leaf)


def _in_module(leaf: Any, scope: tuple[str, ...]) -> str:
    from .. import state

    module = getattr(state.modes, "module", None)
    parameters = getattr(module, "_parameters", None)
    for name, parameter in (parameters or {}).items():
        if parameter is leaf:
            return ".".join((*scope, name))
    return ""


def _in_globals(leaf: Any) -> str:
    """Looks only at global variables: reading a function's locals would keep them alive."""
    frame = sys._getframe(1)
    while frame is not None:
        if MARK not in frame.f_globals:
            for name, value in list(frame.f_globals.items()):
                if value is leaf and not name.startswith("_"):
                    return name
            return ""
        frame = frame.f_back  # type: ignore[assignment]
    return ""
