"""Breakpoints: conditions with a number, switched on and off, counted, kept in files.

A breakpoint whose condition holds has a *hit*.  The first `ignore` hits pass; of those that
follow, each `every`-th one stops (with ``every 10`` the tenth, the twentieth ...); with
`once` the first stop is the last, and the breakpoint is disabled.
"""

from __future__ import annotations

import threading
import warnings
from collections.abc import Callable, Iterable, Iterator
from typing import Any

from ... import source
from .conditions import Condition, ConditionError, check, parse
from .index import Index, gate_of
from .moment import Moment

FIELDS = {"number": int, "text": str, "enabled": bool, "hits": int, "once": bool, "ignore": int,
          "every": int, "error": str}  # fmt: skip
"""What `Breakpoints.to_json` says of each, and its type."""


class Breakpoint:
    """A condition that stops the run.

    Attributes
    ----------
    number : int
        What it is called; never given to another.
    condition : Condition
        When it hits.
    enabled : bool
        Whether it is looked at; see `Breakpoints.enable`.
    once, ignore, every : bool, int, int
        See the module's text.
    hits : int
        How often the condition held while it was enabled.
    error : str
        What its ``py:`` expression raised, which disabled it; empty if nothing.
    note : str
        What the user should know although it was set, e.g. that no module fits yet.
    """

    __slots__ = (
        "condition", "enabled", "error", "every", "hits", "ignore", "note", "number", "once",
    )  # fmt: skip

    def __init__(self, number: int, condition: Condition, note: str = ""):
        self.number = number
        self.condition = condition
        self.enabled = True
        self.once = condition.once
        self.ignore = condition.ignore
        self.every = condition.every
        self.hits = 0
        self.error = ""
        self.note = note

    @property
    def text(self) -> str:
        """The condition as the user wrote it."""
        return self.condition.text

    def is_due(self) -> bool:
        """Whether to stop at this hit, the `hits`-th."""
        passed = self.hits - self.ignore
        return passed > 0 and passed % self.every == 0

    def to_json(self) -> dict[str, Any]:
        """All of it that a file or a panel needs."""
        return {name: getattr(self, name) for name in FIELDS}

    def __repr__(self) -> str:
        return f"<breakpoint {self.number}: {self.text}, {_state(self)}>"


class Breakpoints:
    """All breakpoints of a debugger, in the order in which they were set.

    Attributes
    ----------
    changed : callable or None
        Called without arguments after every change: set, removed, enabled, disabled.
    report : callable(str)
        Told once when a ``py:`` expression raised and its breakpoint was disabled; a
        warning if nobody else is named.
    """

    def __init__(self) -> None:
        self.changed: Callable[[], None] | None = None
        self.report: Callable[[str], None] = _warn
        self._all: dict[int, Breakpoint] = {}
        self._next = 1
        self._lock = threading.RLock()
        self._local = _Local()
        self._awake: dict[str, bool] = {"backward": False, "forward": False}
        self._indexes: dict[str, Index] = {}

    # -------------------------------------------------------------- setting and removing

    def add(
        self, text: str | Condition, *, once: bool = False, ignore: int = 0, every: int = 1
    ) -> Breakpoint:
        """Set a breakpoint.

        Parameters
        ----------
        text : str or Condition
            See `conditions`; ``once``, ``ignore N`` and ``every N`` may stand in it.  The ops
            and modules that a text names must exist; a Condition is taken as it is.
        once, ignore, every : bool, int, int
            The same as arguments; they win over the text.

        Raises
        ------
        ConditionError
            If the condition can't be read or names an op or a module that does not exist.
            Nothing is set then.
        ValueError
            If `ignore` is below 0 or `every` below 1.
        """
        return self._add([_prepared(text, once, ignore, every)])[0]

    def add_all(self, texts: Iterable[str | Condition]) -> list[Breakpoint]:
        """Set several, or none if one of them can't be set."""
        return self._add([_prepared(text) for text in texts])

    def _add(self, made: list[Breakpoint]) -> list[Breakpoint]:
        with self._lock:
            for breakpoint in made:
                if breakpoint.number <= 0 or breakpoint.number in self._all:
                    breakpoint.number = self._next
                self._all[breakpoint.number] = breakpoint
                self._next = max(self._next, breakpoint.number + 1)
        self._change()
        return made

    def remove(self, number: int) -> Breakpoint:
        """Take a breakpoint away."""
        with self._lock:
            breakpoint = self[number]
            del self._all[number]
        self._change()
        return breakpoint

    def discard(self, breakpoint: Breakpoint) -> None:
        """Take a breakpoint away if it is still there; its number may be given anew."""
        with self._lock:
            if self._all.get(breakpoint.number) is not breakpoint:
                return
            del self._all[breakpoint.number]
            self._next = max(self._all, default=0) + 1
        self._change()

    def clear(self) -> None:
        """Take all away."""
        with self._lock:
            self._all.clear()
        self._change()

    def enable(self, number: int) -> None:
        """Look at a breakpoint again; an error it had is forgotten, its hits are kept."""
        breakpoint = self[number]
        breakpoint.enabled, breakpoint.error, breakpoint.note = True, "", ""
        self._change()

    def disable(self, number: int) -> None:
        """Keep a breakpoint, but do not look at it."""
        self[number].enabled = False
        self._change()

    def _change(self) -> None:
        with self._lock:
            for index in self._indexes.values():
                index.stale.append(True)
            self._indexes.clear()
            for phase in self._awake:
                self._awake[phase] = any(True for _ in self._enabled(phase))
        if self.changed is not None:
            self.changed()

    # -------------------------------------------------------------- looking at them

    def __iter__(self) -> Iterator[Breakpoint]:
        with self._lock:
            return iter(list(self._all.values()))

    def __len__(self) -> int:
        return len(self._all)

    def __getitem__(self, number: int) -> Breakpoint:
        try:
            return self._all[number]
        except (KeyError, TypeError):
            known = ", ".join(map(str, self._all)) or "none"
            raise ValueError(
                f"there is no breakpoint {number!r}; the numbers are: {known}"
            ) from None

    def awake(self, phase: str) -> bool:
        """Whether any breakpoint of this phase is enabled."""
        return self._awake[phase]

    def _enabled(self, phase: str) -> Iterator[Breakpoint]:
        return (b for b in self._all.values() if b.enabled and b.condition.phase == phase)

    # -------------------------------------------------------------- hitting

    def make_gate(
        self, iteration: int | None = None, hits: Callable[[Any, Any], bool] | None = None
    ) -> Callable[[Any, Any], bool] | None:
        """A quick ``gate(node, gradient)`` for the engine's backward, None if nothing can hit.

        Where it says False certainly no breakpoint hits; elsewhere it asks `hits`, which asks
        `match`.

        Parameters
        ----------
        iteration : int, optional
            The iteration that runs.  Given, ``iter:`` is decided beforehand.
        hits : callable(node, gradient) -> bool, optional
            Asked where a breakpoint may hit; without it the gate says True there.
        """
        if not self._index("backward", iteration).entries:
            return None
        return gate_of(lambda: self._index("backward", iteration), hits)

    def quick(self, node: Any, g: Any) -> bool:
        """Whether a breakpoint may hit at a backward node; False is certain."""
        gate = self.make_gate()
        return gate is not None and gate(node, g)

    def match(self, moment: Moment) -> Breakpoint | None:
        """The first breakpoint that stops here; the hits of all of them are counted.

        One whose expression raises is disabled, with the reason in its `error`.
        """
        if self._local.asking:  # an op within a ``py:`` expression
            return None
        index = self._index(moment.phase, moment.iteration)
        site, grads = index.at(moment), moment.grads
        if not site.test.passes(grads[0] if len(grads) == 1 else dict(enumerate(grads))):
            return None
        hits = [b for b in index.possible(site) if b.enabled and self._holds(b, moment)]
        due = [b for b in hits if self._count(b)]
        return due[0] if due else None

    def _holds(self, breakpoint: Breakpoint, moment: Moment) -> bool:
        self._local.asking = True
        try:
            return breakpoint.condition.matches(moment)
        except Exception as error:
            self._fail(breakpoint, moment, error)
            return False
        finally:
            self._local.asking = False

    def _count(self, breakpoint: Breakpoint) -> bool:
        with self._lock:
            if not breakpoint.enabled:  # another thread used it up
                return False
            breakpoint.hits += 1
            due = breakpoint.is_due()
            if not (due and breakpoint.once):
                return due
            breakpoint.enabled = False
        self._change()
        return True

    def _fail(self, breakpoint: Breakpoint, moment: Moment, error: Exception) -> None:
        with self._lock:
            if not breakpoint.enabled:
                return
            breakpoint.enabled = False
            breakpoint.error = f"{type(error).__name__}: {error}"
        self._change()
        self.report(
            f"breakpoint {breakpoint.number} ({breakpoint.text}) is disabled: at {moment.op} it "
            f"raised {breakpoint.error}"
        )

    def _index(self, phase: str, iteration: int | None) -> Index:
        index = self._indexes.get(phase)
        if index is None or not index.covers(iteration):
            with self._lock:
                if index is not None:
                    index.stale.append(True)
                index = Index(list(self._enabled(phase)), iteration)
                self._indexes[phase] = index
        return index

    # -------------------------------------------------------------- lists and files

    def table(self) -> str:
        """The list, as text."""
        rows = list(self)
        if not rows:
            return "no breakpoints; set one with ag.debug.break_on('nan or norm > 1e3')"
        widths = (len(str(rows[-1].number)), max(len(_state(b)) for b in rows))
        lines = []
        for b in rows:
            hits = f"{b.hits} hit{'s' * (b.hits != 1)}"
            lines.append(f"{b.number:>{widths[0]}}  {_state(b):<{widths[1]}}  {hits:<8}  {b.text}")
            lines += [f"{'':{widths[0]}}  {more}" for more in (b.error, b.note) if more]
        return "\n".join(lines)

    def __repr__(self) -> str:
        return self.table()

    def to_json(self) -> list[dict[str, Any]]:
        """All of them, as JSON knows it."""
        return [breakpoint.to_json() for breakpoint in self]

    def from_json(self, rows: Any, trusted: bool = False) -> list[Breakpoint]:
        """Set those that `to_json` gave, or none if one can't be read.

        Names of ops and modules are not checked: what they belong to may come later.  A
        number that is taken is changed.

        Parameters
        ----------
        rows : list of dict
            E.g. `Trace.breakpoints` of a trace from a file.
        trusted : bool
            Whether ``py:`` expressions may run as they are; they come back disabled otherwise.
        """
        if not isinstance(rows, list):
            raise ValueError(f"a list of breakpoints was expected, got {type(rows).__name__}")
        return self._add([_restored(row, trusted) for row in rows])


def _prepared(
    text: str | Condition, once: bool = False, ignore: int = 0, every: int = 1
) -> Breakpoint:
    """A breakpoint that has no number yet, checked."""
    for name, value, least in (("ignore", ignore, 0), ("every", every, 1)):
        if not isinstance(value, int) or isinstance(value, bool) or value < least:
            raise ValueError(f"{name} must be a whole number of at least {least}, got {value!r}")
    if isinstance(text, Condition):
        made = Breakpoint(0, text)
    else:
        condition = parse(text)
        made = Breakpoint(0, condition, check(condition))
    made.once = bool(once) or made.once
    made.ignore = ignore or made.ignore
    made.every = every if every != 1 else made.every
    return made


def _restored(row: Any, trusted: bool) -> Breakpoint:
    if not isinstance(row, dict) or not isinstance(row.get("text"), str):
        raise ValueError(f"a breakpoint with its text was expected, got {str(row)[:60]}")
    made = Breakpoint(0, parse(row["text"]))
    for name, kind in FIELDS.items():
        value = row.get(name, getattr(made, name))
        if type(value) is not kind or (type(value) is int and value < (name == "every")):
            raise ValueError(f"the {name} of breakpoint {row['text']!r} is {value!r:.60}")
        if name != "text":
            setattr(made, name, value)
    if (
        made.enabled
        and not trusted
        and any(a.depends == "any" for a in made.condition.tree.atoms())
    ):
        made.enabled = False
        made.note = "disabled, since it runs code from a file; enable it if you know that code"
    return made


def _state(b: Breakpoint) -> str:
    """``on, once, ignore 3``."""
    words = ["on" if b.enabled else "off"]
    words += ["once"] if b.once else []
    words += [f"ignore {b.ignore}"] if b.ignore else []
    words += [f"every {b.every}"] if b.every != 1 else []
    return ", ".join(words)


def _warn(text: str) -> None:
    warnings.warn(text, RuntimeWarning, stacklevel=2)


class _Local(threading.local):
    asking = False


__all__ = ["Breakpoint", "Breakpoints", "ConditionError"]

source.mark_internal(__name__.partition(".")[0])  # see the end of `moment`
