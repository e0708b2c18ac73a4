"""Where to pause: conditions as the user types them.

>>> condition = parse("op:Addmm and norm > 1e3 once")
>>> condition.phase, condition.once, str(condition.tree)
('backward', True, 'op:Addmm and norm > 1000')

`syntax` describes the language, `tree` what each word of it means.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING

from .names import Known, unknown_names
from .syntax import parse_text
from .tokens import ConditionError
from .tree import Tree

if TYPE_CHECKING:
    from ..moment import Moment


class Condition:
    """A condition, ready to be asked.

    Attributes
    ----------
    text : str
        As the user wrote it.
    tree : Tree
        What it asks.
    phase : {"backward", "forward"}
        When it is asked: before a backward node runs, or after a forward op ran.
    once : bool
        Whether its breakpoint is disabled after the first stop.
    ignore, every : int
        How many times to let it pass first; then stop each time this many more came.
    """

    __slots__ = ("every", "ignore", "once", "phase", "text", "tree")

    def __init__(
        self, text: str, tree: Tree, phase: str, once: bool = False, ignore: int = 0, every: int = 1
    ):
        self.text = text
        self.tree = tree
        self.phase = phase
        self.once = once
        self.ignore = ignore
        self.every = every

    def matches(self, moment: Moment) -> bool:
        """Whether it holds now; what a ``py:`` expression raises comes out."""
        return moment.phase == self.phase and self.tree.holds(moment)

    def __str__(self) -> str:
        """Text that parses to an equal condition."""
        words = [
            "once" if self.once else "",
            f"ignore {self.ignore}" if self.ignore else "",
            f"every {self.every}" if self.every != 1 else "",
        ]
        phase = "forward" if self.phase == "forward" else ""
        return " ".join(part for part in (phase, *words, str(self.tree)) if part)

    def __repr__(self) -> str:
        return f"<condition {self}>"

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Condition) and self._key() == other._key()

    def __hash__(self) -> int:
        return hash(self._key())

    def _key(self) -> tuple[object, ...]:
        return self.tree, self.phase, self.once, self.ignore, self.every


def parse(text: str) -> Condition:
    """Read a condition.

    Parameters
    ----------
    text : str
        E.g. ``nan or norm > 1e3``, ``op:Mul and not module:head``, ``forward inf once``.

    Raises
    ------
    ConditionError
        If it is none: one sentence with the place in the text and what to write instead.
    """
    if not isinstance(text, str):
        raise TypeError(f"a condition is text such as 'norm > 1e3', got {type(text).__name__}")
    tree, phase, found = parse_text(text)
    return Condition(
        text.strip(), tree, phase, "once" in found, found.get("ignore", 0), found.get("every", 1)
    )


def check(condition: Condition, modules: Iterable[str] | None = None) -> str:
    """Look whether the ops and modules that a condition names exist.

    Parameters
    ----------
    condition : Condition
        A parsed condition.
    modules : iterable of str, optional
        Module paths that exist; those of all modules that are alive if not given.

    Returns
    -------
    str
        What the user should be told although the condition is allowed, or nothing: that no
        module of that name exists yet, or that a pattern with wildcards fits nothing yet.

    Raises
    ------
    ConditionError
        For an op that does not exist, and for what looks like a module's name misspelt.
    """
    notes = []
    for problem, fatal in unknown_names(condition.tree, Known(modules)):
        if fatal:
            raise ConditionError(f"{problem} (in {condition.text!r})")
        notes.append(problem)
    return "; ".join(notes)


__all__ = ["Condition", "ConditionError", "check", "parse"]
