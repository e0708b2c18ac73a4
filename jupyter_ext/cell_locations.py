"""Names for cells: from the temporary file name that Python knows to ``In [3]``.

IPython compiles each cell under a made-up file name and remembers which cell it stands
for.  Nodes and errors of the engine carry that file name; here it is turned into what the
user sees, and, where the front end told it, into the id of the cell.
"""

from __future__ import annotations

import ast
import linecache
import re
import sys
from types import FrameType
from typing import TYPE_CHECKING, Any

from autograd_core import source
from autograd_core.debug.trace import traced

if TYPE_CHECKING:
    from IPython.core.interactiveshell import InteractiveShell

    from autograd_core.source import Location

_CELL = re.compile(r"In ?\[(\d+)\]")
_CALL = re.compile(r"get_ipython\(\).run_line_magic\('autograd_trace_begin', (.*)\)$")


class CellLocations:
    """What one shell knows of its cells.

    Parameters
    ----------
    shell : InteractiveShell
        The shell that runs the cells.
    """

    def __init__(self, shell: InteractiveShell):
        self.shell = shell
        self._ids: dict[str, str] = {}

    def install(self) -> None:
        """Let the engine and the debugger call cells by these names."""
        self._before = source.describe_file, traced.annotate
        source.describe_file, traced.annotate = self.describe, self.annotate

    def uninstall(self) -> None:
        """Give back what `install` took."""
        source.describe_file, traced.annotate = self._before

    def note(self, info: Any) -> None:
        """Remember the id of a cell that is about to run.

        The file's name depends on the text alone, so of two cells with equal text the one
        that ran last counts: a trace asks for its cells before the next one runs.

        Parameters
        ----------
        info : IPython.core.interactiveshell.ExecutionInfo
            What IPython says when a cell is about to run.
        """
        cell = getattr(info, "cell_id", None) or self._id_from_kernel()
        if cell is None or not info.raw_cell:
            return
        self._ids[self._file_of(info)] = cell

    def _file_of(self, info: Any) -> str:
        transformed = getattr(info, "transformed_cell", None) or info.raw_cell
        count = self.shell.execution_count
        return str(self.shell.compile.get_code_name(info.raw_cell, transformed, count))

    def show_as_typed(self) -> None:
        """Show in listings of the running cell its ``%%`` line, and not the call it became.

        As a comment: tracebacks read the source as Python.
        """
        frame: FrameType | None = sys._getframe(1)
        while frame is not None and self.execution_count(frame.f_code.co_filename) is None:
            frame = frame.f_back
        entry = linecache.cache.get(frame.f_code.co_filename) if frame is not None else None
        if entry is None or len(entry) < 4 or not entry[2]:
            return
        size, time, (first, *rest), name = entry
        if call := _CALL.match(first):
            typed = f"# %%autograd_trace {ast.literal_eval(call[1])}".rstrip()
            linecache.cache[name] = (size, time, [f"{typed}\n", *rest], name)

    def _id_from_kernel(self) -> str | None:
        kernel: Any = getattr(self.shell, "kernel", None)
        if not hasattr(kernel, "get_parent"):
            return None
        return ((kernel.get_parent() or {}).get("metadata") or {}).get("cellId")

    def execution_count(self, file: str) -> int | None:
        """The number of the cell that a file name stands for; None for a real file."""
        label = self.shell.compile.format_code_name(file)
        found = _CELL.fullmatch(label[1]) if label else None
        return int(found[1]) if found else None

    def describe(self, file: str) -> str:
        """``In [3]`` for a cell's file name, and any other name as it is."""
        number = self.execution_count(file)
        return file if number is None else f"In [{number}]"

    def annotate(self, location: Location) -> dict[str, Any]:
        """What is known of the cell of a location: its number and, if it has one, its id."""
        number = self.execution_count(location.file)
        if number is None:
            return {}
        notes: dict[str, Any] = {"execution_count": number}
        if location.file in self._ids:
            notes["cell_id"] = self._ids[location.file]
        return notes

    def current(self) -> tuple[int, int]:
        """The number of the cell that is running, and the line in it; (0, 1) outside cells."""
        frame: FrameType | None = sys._getframe(1)
        while frame is not None:
            number = self.execution_count(frame.f_code.co_filename)
            if number is not None:
                return number, frame.f_lineno
            frame = frame.f_back
        return 0, 1
