"""tqdm bars for what takes long, where somebody watches.

::

    with over(range(n), "jacrev", n) as rows:
        for row in rows:
            ...

A loop pays one look at the clock for each item.  After `AFTER` seconds the bar comes, on the
terminal (`terminal`) or in the notebook (`notebook`), and it goes when the loop is over.
tqdm is imported then and not before; without tqdm nothing shows.

No bar is drawn where nobody would see it (logs, pipes, a notebook that a program runs), in
other threads and processes, while somebody stands at a prompt (`aside`), or beside a bar that
the program shows itself: one at a time, and the user's comes first.
"""

from __future__ import annotations

import os
import sys
import threading
import time
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager, suppress
from math import inf
from typing import Any, Protocol, TypeVar

AFTER = 2.0
"""Seconds after which a bar comes."""
EVERY = 0.2
"""Seconds from one look to the next."""
RECENT = 10.0
"""Seconds for which a bar of the program's counts as moving."""
T = TypeVar("T")


class Place(Protocol):
    """Where a bar is drawn."""

    def show(self, count: int, known: dict[str, str]) -> None:
        """Draw the count, and what else is known."""

    def hide(self) -> None:
        """Leave the screen as if there was no bar, until the next `show`."""

    def close(self) -> None:
        """Go, and leave nothing behind."""


class Bar:
    """A count that is shown once it has been counted for `AFTER` seconds.

    Parameters
    ----------
    what : str
        What stands in front of the bar.
    total : int, optional
        How far it counts, where that is known.
    unit : str
        What is counted.
    progress : bool, optional
        True: show it wherever this runs, also in a log; False: never; not given: where
        somebody watches, unless the environment has ``TQDM_DISABLE=1``.

    Attributes
    ----------
    due : float
        When to `look` next, as `clock` counts; who counts asks no more than that.
    """

    def __init__(
        self, what: str, total: int | None = None, unit: str = "it", progress: bool | None = None
    ):
        self.what = what
        self.total = total
        self.unit = unit
        self.progress = progress
        self.begun = clock()
        self.due = inf if progress is False else self.begun + AFTER
        self._home = _here()
        self._place: Place | None = None

    def look(self, count: int, known: Callable[[], dict[str, str]] = dict) -> None:
        """Draw the bar, or leave it; whatever fails, what is counted goes on.

        Parameters
        ----------
        count : int
            How far it is.
        known : callable
            Gives what else to show; called only if the bar is drawn.
        """
        if _aside or _here() != self._home:
            return
        self.due = clock() + EVERY
        try:
            if self._may_show():
                assert self._place is not None
                self._place.show(count, known())
        except Exception:
            self.close()

    def close(self) -> None:
        """Take the bar away; it does not come again."""
        global _shown
        self.due = inf
        place, self._place = self._place, None
        if _shown is self:
            _shown = None
        if place is not None and _here() == self._home:
            with suppress(Exception):  # the terminal may be gone
                place.close()

    def _may_show(self) -> bool:
        """Whether it is drawn now; finds its place the first time."""
        global _shown
        if _shown not in (None, self):
            return False
        if self._place is None:
            where = self._where()
            if where is None:
                self.due = inf
            elif not _bars_of_the_program(where):
                _shown, self._place = self, _open(self, where)
                self.due = inf if self._place is None else self.due
        elif _bars_of_the_program(self._where()):
            self._place.close()
            _shown = self._place = None
        return self._place is not None

    def _where(self) -> str | None:
        """``terminal`` or ``notebook``; None where nobody watches."""
        if threading.current_thread() is not threading.main_thread():
            return None
        if _is_worker():
            return None
        kernel = _kernel()
        if self.progress:
            return "terminal" if kernel is None else "notebook"
        if os.environ.get("TQDM_DISABLE", "0") not in ("", "0"):
            return None
        if kernel is not None:
            return "notebook" if getattr(kernel, "_allow_stdin", False) else None
        return "terminal" if sys.stderr is not None and sys.stderr.isatty() else None


@contextmanager
def over(items: Iterable[T], what: str, total: int | None = None) -> Iterator[Iterator[T]]:
    """The items of a loop that may take long, counted by a bar.

    Parameters
    ----------
    items : iterable
        What is looped over, once.
    what : str
        What stands in front of the bar.
    total : int, optional
        How many items there are.
    """
    bar = Bar(what, total)

    def counted() -> Iterator[T]:
        for count, item in enumerate(items):
            if clock() >= bar.due:
                bar.look(count)
            yield item

    try:
        yield counted()
    finally:
        bar.close()


# ------------------------------------------------------------------ while somebody is asked

_aside = 0
_stands_at = 0.0
_stood_still = 0.0
_shown: Bar | None = None


def clock() -> float:
    """Seconds, without those in which somebody stood at a prompt."""
    return (_stands_at if _aside else time.perf_counter()) - _stood_still


@contextmanager
def aside() -> Iterator[None]:
    """Inside, no bar is on the screen, ours or the program's, and their clocks stand still."""
    global _aside, _stands_at, _stood_still
    theirs = [(bar, bar.miniters) for bar in _bars_of_the_program("notebook", inf)]
    with suppress(Exception):  # a bar must not end what somebody looks at
        if _shown is not None and _shown._place is not None:
            _shown._place.hide()
        for bar, _ in theirs:
            bar.clear()
    for bar, _ in theirs:
        bar.miniters = min(bar.miniters, 1)  # tqdm's own thread leaves such a bar alone
    if not _aside:
        _stands_at = time.perf_counter()
    _aside += 1
    try:
        yield
    finally:
        _aside -= 1
        if not _aside:
            _stood_still += time.perf_counter() - _stands_at
        for bar, miniters in theirs:
            bar.miniters = miniters
            bar.unpause()


# ------------------------------------------------------------------ where we are, and who else


def _here() -> tuple[int, int]:
    return os.getpid(), threading.get_ident()


def _is_worker() -> bool:
    """Whether this is a process that another Python made to work for it."""
    parent = getattr(sys.modules.get("multiprocessing"), "parent_process", None)
    return parent is not None and parent() is not None


def _kernel() -> Any:
    """The kernel of the notebook that this runs in, if it does."""
    ask = getattr(sys.modules.get("IPython"), "get_ipython", None)
    return None if ask is None else getattr(ask(), "kernel", None)


def _bars_of_the_program(where: str | None, recent: float = RECENT) -> list[Any]:
    """The tqdm bars that the program shows; in a notebook those that have moved lately."""
    tqdm = getattr(sys.modules.get("tqdm.std"), "tqdm", None)
    bars = [bar for bar in list(getattr(tqdm, "_instances", ())) if not _is_closed(bar)]
    if where == "terminal":
        return bars
    return [bar for bar in bars if time.time() - bar.last_print_t < recent]


def _is_closed(bar: Any) -> bool:
    return getattr(bar, "disable", True) or not hasattr(bar, "last_print_t")


def _open(bar: Bar, where: str) -> Place | None:
    """Make the bar; None without tqdm."""
    known = {"desc": bar.what, "total": bar.total, "unit": bar.unit}
    try:
        if where == "notebook":
            from .notebook import Notebook

            return Notebook(clock() - bar.begun, known)
        from .terminal import Terminal

        return Terminal(clock() - bar.begun, known)
    except ImportError:
        return None


__all__ = ["Bar", "aside", "clock", "over"]
