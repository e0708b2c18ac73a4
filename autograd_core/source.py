"""Where in the user's code a node was made: a code object and an instruction offset.

Reading both costs some 50 ns, so every node carries them, and every error can name the
line.  Turning them into a file, a line and its text is done only when somebody asks.
Frames inside this package are skipped: they carry the mark that `mark_internal` sets.
"""

from __future__ import annotations

import linecache
import sys
from collections.abc import Callable
from dataclasses import dataclass
from types import CodeType

getframe = sys._getframe
MARK = "__autograd_internal__"

describe_file: Callable[[str], str] | None = None
"""Set by a front end that knows better names for files (Jupyter: ``In [3]``)."""


def mark_internal(package: str) -> None:
    """Mark every loaded module below `package` as ours, to be skipped as a location."""
    for name, module in list(sys.modules.items()):
        if name == package or name.startswith(package + "."):
            module.__dict__[MARK] = True


def user_location(depth: int = 1) -> tuple[CodeType | None, int]:
    """The innermost frame outside this package: its code object and instruction offset."""
    frame = getframe(depth)
    while MARK in frame.f_globals:
        if frame.f_back is None:
            return None, -1
        frame = frame.f_back
    return frame.f_code, frame.f_lasti


@dataclass(frozen=True)
class Location:
    """A place in source code.

    Attributes
    ----------
    file : str
        The file's name as Python knows it (a temporary name for a notebook cell).
    line : int
        Line number, counted from 1.
    function : str
        Qualified name of the function, ``<module>`` at top level.
    text : str
        The source line, stripped; empty when it can't be found.
    columns : tuple of int or None
        First and last column of the expression.
    """

    file: str
    line: int
    function: str
    text: str
    columns: tuple[int, int] | None = None

    @property
    def where(self) -> str:
        """``In [3], line 4`` in a notebook, ``model.py:42`` elsewhere."""
        name = describe_file(self.file) if describe_file is not None else self.file
        return f"{name}, line {self.line}" if name.startswith("In [") else f"{name}:{self.line}"

    def __str__(self) -> str:
        return f"{self.where}: {self.text}" if self.text else self.where


def resolve(code: CodeType | None, offset: int) -> Location | None:
    """Turn what a node carries into a `Location`; None when nothing was recorded."""
    if code is None:
        return None
    line, columns = code.co_firstlineno, None
    for index, position in enumerate(code.co_positions()):
        if index == offset // 2:
            start, _, first, last = position
            line = start or line
            if first is not None and last is not None:
                columns = (first, last)
            break
    text = linecache.getline(code.co_filename, line).strip()
    return Location(code.co_filename, line, code.co_qualname, text, columns)
