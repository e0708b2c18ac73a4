"""The Python frames that made the nodes, kept on request.

A node knows its line anyway (`autograd_core.source`); a frame shows the variables there too,
and has a price: it keeps every local variable of its function alive.  So frames are kept
only while somebody asks for it, of a bounded number of nodes, and let go when the node's
backward is over.

A frame moves on: what is kept with it is the instruction where it stood.  Its variables
are those of now, or, in a function that is over, those of its end.
"""

from __future__ import annotations

import sys
from collections.abc import Iterable, Iterator
from types import CodeType, FrameType
from typing import Any

from ... import events
from ...backends import is_array
from ...node import Node
from ...source import resolve
from ..record.names import _locals_of
from .user_code import is_ours, is_shell

LIMIT = 10_000
"""Nodes whose frames are kept; the oldest fall out."""
DEPTH = 64
"""Frames of a stack that are kept, from the innermost on."""


class KeptFrame:
    """A frame as it stood at one instruction, and the one that called it.

    It has the attributes of a frame that pdb looks at; the frame itself is `frame`.
    """

    __slots__ = ("f_lasti", "f_trace", "frame", "outer")

    def __init__(self, frame: FrameType, outer: KeptFrame | None):
        self.frame = frame
        self.f_lasti = frame.f_lasti
        self.outer = outer
        self.f_trace: Any = None

    @property
    def f_code(self) -> CodeType:
        """The code that runs in the frame."""
        return self.frame.f_code

    @property
    def f_globals(self) -> dict[str, Any]:
        """The global variables that the frame sees."""
        return self.frame.f_globals

    @property
    def f_locals(self) -> Any:
        """The local variables, as they are now."""
        return self.frame.f_locals

    @property
    def f_builtins(self) -> dict[str, Any]:
        """The builtins that the frame sees."""
        return self.frame.f_builtins

    @property
    def f_lineno(self) -> int:
        """The line where the frame stood."""
        location = resolve(self.f_code, self.f_lasti)
        return location.line if location is not None else self.f_code.co_firstlineno

    @property
    def f_back(self) -> KeptFrame | None:
        """The frame that called this one."""
        return self.outer


class KeptFrames:
    """Keeps the frames of nodes, from `start` to `stop`.

    Parameters
    ----------
    limit : int
        Of how many nodes at most; the oldest fall out.

    Notes
    -----
    What it holds are the local variables of the functions, above all their tensors and
    arrays: `nbytes` counts those, `describe` says it in words.
    """

    def __init__(self, limit: int = LIMIT):
        self.limit = limit
        self._innermost: dict[int, KeptFrame] = {}
        self._last: list[KeptFrame] = []
        self._ran: list[int] = []
        self._tap: events.Tap | None = None

    @property
    def on(self) -> bool:
        """Whether frames are being kept."""
        return self._tap is not None

    def start(self) -> KeptFrames:
        """Keep the frames of nodes that are made from now on."""
        if self._tap is None:
            self._tap = events.Tap(op=self._op, step=self._ran.append, end=self._end)
            events.add_tap(self._tap)
        return self

    def stop(self) -> None:
        """Keep no more, and let go of all."""
        if self._tap is not None:
            events.remove_tap(self._tap)
            self._tap = None
        self._innermost.clear()
        self._last.clear()
        self._ran.clear()

    def of(self, node: Node) -> list[KeptFrame]:
        """The stack that made a node, outermost first; empty if it was not kept."""
        stack = list(_outwards(self._innermost.get(node.seq)))
        return stack[::-1]

    @property
    def count(self) -> int:
        """Of how many nodes frames are kept."""
        return len(self._innermost)

    # -------------------------------------------------------------- what the engine calls

    def _op(self, record: tuple[Any, ...]) -> None:
        seq = record[1]
        if record[0] is None or seq < 0:  # a further output, or nothing needs a gradient
            return
        stack = self._stack(sys._getframe(1))
        if not stack:
            return
        self._innermost[seq] = stack[-1]
        while len(self._innermost) > self.limit:
            del self._innermost[next(iter(self._innermost))]

    def _stack(self, frame: FrameType | None) -> list[KeptFrame]:
        """The user's frames from `frame` on, outermost first, as far as possible the last ones."""
        frames: list[FrameType] = []
        while frame is not None and len(frames) < DEPTH and not is_shell(frame):
            if not is_ours(frame):
                frames.append(frame)
            frame = frame.f_back
        stack: list[KeptFrame] = []
        for i, frame in enumerate(reversed(frames)):
            outer = stack[-1] if stack else None
            known = self._last[i] if i < len(self._last) else None
            if (
                known is None
                or known.frame is not frame
                or known.outer is not outer
                or known.f_lasti != frame.f_lasti
            ):
                known = KeptFrame(frame, outer)
            stack.append(known)
        self._last = stack
        return stack

    def _end(self, run: Any, error: BaseException | None) -> None:
        """Let go of the nodes that ran, unless they can run again or somebody has to look."""
        if not run.keep_graph and error is None:
            for seq in self._ran:
                self._innermost.pop(seq, None)
            self._last = []
        self._ran.clear()

    # -------------------------------------------------------------- what it costs

    @property
    def nbytes(self) -> int:
        """Bytes of the distinct arrays in the local variables of the kept frames.

        Counted whether or not something else holds them too.  Module-level variables are not
        counted: keeping a frame changes nothing for them.
        """
        frames = {k.frame for inner in self._innermost.values() for k in _outwards(inner)}
        values = (v for frame in frames for v in _locals_of(frame).values())
        return sum({id(a): a.nbytes for a in _arrays(values)}.values())

    def describe(self) -> str:
        """``frames of 123 nodes hold 4.5 MB``."""
        n = self.count
        if not n:
            return "no frames are kept"
        return f"frames of {n:,} node{'s' * (n != 1)} hold {_size(self.nbytes)}"


def _outwards(frame: KeptFrame | None) -> Iterator[KeptFrame]:
    while frame is not None:
        yield frame
        frame = frame.outer


def _arrays(values: Iterable[Any], deeper: bool = True) -> Iterator[Any]:
    """The arrays among some values, and one level deeper in lists and dictionaries."""
    for value in values:
        array = getattr(value, "_array", value)
        if is_array(array):
            while is_array(getattr(array, "base", None)):
                array = array.base
            yield array
        elif deeper and isinstance(value, tuple | list):
            yield from _arrays(value, False)
        elif deeper and isinstance(value, dict):
            yield from _arrays(list(value.values()), False)


def _size(nbytes: int) -> str:
    if nbytes < 1000:
        return f"{nbytes} bytes"
    if nbytes < 1_000_000:
        return f"{nbytes / 1e3:.1f} kB"
    return f"{nbytes / 1e6:,.1f} MB"


__all__ = ["KeptFrame", "KeptFrames"]
