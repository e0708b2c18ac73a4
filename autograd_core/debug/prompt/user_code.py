"""Whose a frame is: the user's, the engine's, IPython's, a library's."""

from __future__ import annotations

import sys
from types import CodeType, FrameType
from typing import Any

from ...source import MARK
from ..record.names import _locals_of

FOREIGN = frozenset({"numpy", "cupy", "scipy", "numba"}) | sys.stdlib_module_names
"""Packages that the engine calls into; one gets there from one's own code only."""

PACKAGE = __name__.partition(".")[0] + "."
"""What the names of our own modules begin with."""


def user_frames(frame: FrameType) -> list[FrameType]:
    """A frame and those that called it: the user's, as far as the cell that runs."""
    frames = [frame]
    outer = frame.f_back
    while outer is not None and not is_shell(outer):
        if not is_ours(outer):
            frames.append(outer)
        outer = outer.f_back
    return frames


def calling_frame(frame: FrameType | None) -> FrameType | None:
    """The innermost frame outside the engine, from `frame` on."""
    while frame is not None and is_ours(frame):
        frame = frame.f_back
    return frame


def outermost(frame: FrameType) -> FrameType:
    """Where the thread began."""
    while frame.f_back is not None:
        frame = frame.f_back
    return frame


def is_ours(frame: Any) -> bool:
    """Whether it belongs to this package, which a person does not step through."""
    known = frame.f_globals
    return MARK in known or str(known.get("__name__")).startswith(PACKAGE)


def is_shell(frame: FrameType) -> bool:
    """Whether it belongs to IPython or a kernel, which run the user's cell."""
    return str(frame.f_globals.get("__name__")).startswith(("IPython.", "ipykernel."))


def is_statement_of_cell(frame: FrameType) -> bool:
    """Whether IPython runs a cell in it; it gives each statement a frame of its own."""
    caller = frame.f_back
    return frame.f_code.co_name == "<module>" and caller is not None and is_shell(caller)


def runner_of_cells(frame: FrameType) -> FrameType | None:
    """IPython's function that runs the statements of the cell that `frame` belongs to."""
    outer = frame.f_back
    while outer is not None and not is_runner_of_cells(outer):
        outer = outer.f_back
    return outer


def is_runner_of_cells(frame: FrameType) -> bool:
    """Whether it runs the statements of a cell."""
    return frame.f_code.co_name == "run_ast_nodes" and is_shell(frame)


def is_foreign(frame: FrameType) -> bool:
    """Whether it belongs to a library that the engine calls."""
    name = str(frame.f_globals.get("__name__"))
    return name.partition(".")[0] in FOREIGN and name != "__main__"


def formulas_of(node: Any) -> frozenset[CodeType]:
    """The code of a node's gradient formulas."""
    vjps = getattr(getattr(node, "op", None), "vjps", {})
    found = (getattr(fn, "__code__", None) for fn in vjps.values())
    return frozenset(code for code in found if code is not None)


def variables_of(frame: FrameType | None) -> dict[str, Any]:
    """The global and local variables of the user's function."""
    if frame is None:
        return {}
    return {**frame.f_globals, **(_locals_of(frame) or frame.f_locals)}
