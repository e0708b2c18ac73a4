"""The paused node as pdb sees it: a frame whose line is the forward line."""

from __future__ import annotations

import inspect
import linecache
import sys
from types import CodeType, FrameType
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from ..stepping.stepper import Pause


def _nowhere() -> None:
    """What a view shows the code of while there is no stop."""


class StopView:
    """The paused node as a frame, as far as pdb looks at frames.

    One object for all stops of a prompt, so that ``display`` shows its expressions at each.
    """

    f_trace: Any = None
    f_lasti = -1

    def __init__(self) -> None:
        self.f_locals: dict[str, Any] = {}
        self.f_code: CodeType = _nowhere.__code__
        self.f_lineno = 1
        self.f_back: FrameType | None = None

    @property
    def f_globals(self) -> dict[str, Any]:
        """The same as `f_locals`, so that inner functions of expressions see all names."""
        return self.f_locals

    @property
    def f_builtins(self) -> dict[str, Any]:
        """The builtins."""
        return vars(sys.modules["builtins"])

    def stand_at(self, pause: Pause, caller: FrameType | None, variables: dict[str, Any]) -> None:
        """Show a stop."""
        self.f_back = caller
        code, where = getattr(pause.node, "code", None), pause.location
        if code is not None and where is not None:
            self.f_code, self.f_lineno = code, where.line
        elif caller is not None:
            self.f_code, self.f_lineno = caller.f_code, caller.f_lineno
        self.f_locals.clear()
        self.f_locals.update(variables)

    def leave(self) -> None:
        """Let go of everything."""
        self.f_locals.clear()
        self.f_back, self.f_code = None, _nowhere.__code__


def source_of(code: CodeType) -> tuple[list[str], int]:
    """All lines of a function or module, and the number of the first."""
    if code.co_name == "<module>":
        return linecache.getlines(code.co_filename), 1
    lines, first = inspect.findsource(code)
    return inspect.getblock(lines[first:]), first + 1
