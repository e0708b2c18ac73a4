"""A bar on a terminal, which leaves its line to whoever writes there."""

from __future__ import annotations

import sys
from typing import Any, ClassVar
from weakref import WeakSet

from tqdm.std import tqdm

from .drawing import begin_earlier, draw


class Line(tqdm):  # type: ignore[misc]
    """A tqdm that counts for itself: no place among the program's bars, no thread."""

    monitor_interval = 0
    _instances: ClassVar[WeakSet[Any]] = WeakSet()


class Terminal:
    """The bar, between what the program prints.

    Parameters
    ----------
    elapsed : float
        Seconds for which there was no bar yet.
    known : dict
        Arguments of tqdm.
    """

    def __init__(self, elapsed: float, known: dict[str, Any]):
        self.bar = Line(
            **known, file=sys.stderr, leave=False, dynamic_ncols=True, delay=1e-9,
            mininterval=0, miniters=0, disable=False,
        )  # fmt: skip
        begin_earlier(self.bar, elapsed)
        self.on_screen = False
        self.in_a_line = False
        self._streams: list[Stream] = []

    def show(self, count: int, known: dict[str, str]) -> None:
        """Draw it, unless the program has begun a line and not ended it."""
        if not self._streams:
            self._streams = [Stream(self, name) for name in ("stdout", "stderr")]
        if not self.in_a_line:
            self.on_screen = True
            draw(self.bar, count, known)

    def make_way(self) -> None:
        """Clear the line."""
        if self.on_screen:
            self.on_screen = False
            self.bar.clear()

    def hide(self) -> None:
        """Clear the line, and be out of the way of prompts."""
        self.make_way()
        for stream in self._streams:
            stream.leave()
        self._streams = []
        self.in_a_line = False

    def close(self) -> None:
        """Clear the line for good."""
        self.hide()
        self.bar.sp = None  # else tqdm clears the line once more, which may be the program's
        self.bar.close()


class Stream:
    """``sys.stdout`` or ``sys.stderr`` while a bar is on the terminal."""

    def __init__(self, terminal: Terminal, name: str):
        self._terminal = terminal
        self._name = name
        self._inner = getattr(sys, name)
        if self._inner is not None and self._inner.isatty():
            setattr(sys, name, self)

    def write(self, text: str) -> Any:
        """Write, after the bar has left."""
        self._terminal.make_way()
        if text:
            self._terminal.in_a_line = not text.endswith("\n")
        return self._inner.write(text)

    def flush(self) -> None:
        """Flush, after the bar has left: what is flushed may be a question to a person."""
        self._terminal.make_way()
        self._inner.flush()

    def leave(self) -> None:
        """Put the stream back, unless the program has put another in its place."""
        if getattr(sys, self._name) is self:
            setattr(sys, self._name, self._inner)

    def __getattr__(self, name: str) -> Any:
        return getattr(self._inner, name)
