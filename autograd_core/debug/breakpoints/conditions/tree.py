"""What a condition consists of: atoms that look at a `Moment`, joined by and, or, not.

Each atom says what it `depends` on, so that `breakpoint_index` can decide it early:

===================================  ===============================================
``"op"``, ``"scope"``, ``"place"``   the same each time a line makes a node
``"leaf"``                           the same for a leaf: its name
``"iter"``                           the same for a whole iteration
``"grad"``                           the gradient's statistics
``"any"``                            a Python expression
===================================  ===============================================

``str`` of a tree is text that parses to an equal tree.
"""

from __future__ import annotations

import operator
import os
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from fnmatch import translate
from functools import lru_cache
from types import CodeType
from typing import TYPE_CHECKING, ClassVar

from ...trace.statistics import Statistics
from .tokens import quoted

if TYPE_CHECKING:
    from ..moment import Moment

COMPARE: dict[str, Callable[[float, float], bool]] = {
    ">=": operator.ge, "<=": operator.le, "==": operator.eq, "!=": operator.ne,
    ">": operator.gt, "<": operator.lt,
}  # fmt: skip
FLAGS = ("nan", "inf", "zero")
STATISTICS = ("norm", "rms", "min", "max", "zeros")


class Tree:
    """A condition without its phase and modifiers."""

    __slots__ = ()
    binds: ClassVar[int] = 3
    """How tightly it holds together in text: or 0, and 1, not 2, atoms 3."""

    def holds(self, moment: Moment) -> bool:
        """Whether it is so at this moment."""
        raise NotImplementedError

    def atoms(self) -> Iterator[Atom]:
        """All atoms in it."""
        raise NotImplementedError

    def within(self, binds: int) -> str:
        """Its text as a part of something that binds this tightly."""
        return f"({self})" if self.binds <= binds else str(self)


@dataclass(frozen=True, slots=True)
class Or(Tree):
    """At least one of the items holds."""

    items: tuple[Tree, ...]
    binds: ClassVar[int] = 0

    def holds(self, moment: Moment) -> bool:
        """Whether it is so; asked in order, until one is."""
        return any(item.holds(moment) for item in self.items)

    def atoms(self) -> Iterator[Atom]:
        """All atoms in it."""
        return (atom for item in self.items for atom in item.atoms())

    def __str__(self) -> str:
        return " or ".join(item.within(self.binds) for item in self.items)


@dataclass(frozen=True, slots=True)
class And(Tree):
    """All items hold."""

    items: tuple[Tree, ...]
    binds: ClassVar[int] = 1

    def holds(self, moment: Moment) -> bool:
        """Whether it is so; asked in order, until one is not."""
        return all(item.holds(moment) for item in self.items)

    def atoms(self) -> Iterator[Atom]:
        """All atoms in it."""
        return (atom for item in self.items for atom in item.atoms())

    def __str__(self) -> str:
        return " and ".join(item.within(self.binds) for item in self.items)


@dataclass(frozen=True, slots=True)
class Not(Tree):
    """The item does not hold."""

    item: Tree
    binds: ClassVar[int] = 2

    def holds(self, moment: Moment) -> bool:
        """Whether it is so."""
        return not self.item.holds(moment)

    def atoms(self) -> Iterator[Atom]:
        """All atoms in it."""
        return self.item.atoms()

    def __str__(self) -> str:
        return f"not {self.item.within(self.binds - 1)}"


class Atom(Tree):
    """A condition that does not consist of others."""

    __slots__ = ()
    depends: ClassVar[str]

    def atoms(self) -> Iterator[Atom]:
        """Itself."""
        yield self


# ------------------------------------------------------------------ the gradient


class Measured(Atom):
    """An atom that asks for the gradient's statistics; false where no gradient arrived."""

    __slots__ = ()
    depends: ClassVar[str] = "grad"

    def fits(self, s: Statistics) -> bool:
        """Whether statistics of at least one element are so."""
        raise NotImplementedError

    def holds(self, moment: Moment) -> bool:
        """Whether it is so."""
        s = moment.statistics
        return s.size > 0 and self.fits(s)


@dataclass(frozen=True, slots=True)
class Flag(Measured):
    """``nan``, ``inf``: an element is; ``zero``: all elements are."""

    kind: str

    def fits(self, s: Statistics) -> bool:
        """Whether statistics are so."""
        return bool(s.zeros == s.size if self.kind == "zero" else getattr(s, self.kind) > 0)

    def __str__(self) -> str:
        return self.kind


@dataclass(frozen=True, slots=True)
class Compare(Measured):
    """``norm > 1e3``; ``zeros`` is the fraction of elements that are zero."""

    statistic: str
    sign: str
    value: float

    def fits(self, s: Statistics) -> bool:
        """Whether statistics are so; one that is NaN is only ``!=``."""
        found = s.zeros / s.size if self.statistic == "zeros" else getattr(s, self.statistic)
        return bool(COMPARE[self.sign](found, self.value))

    def __str__(self) -> str:
        short = f"{self.value:g}"
        value = short if float(short) == self.value else repr(self.value)
        return f"{self.statistic} {self.sign} {value}"


# ------------------------------------------------------------------ where


@dataclass(frozen=True, slots=True)
class Op(Atom):
    """``op:Addmm``: the op or its node, in any case, with or without ``Backward0``."""

    pattern: str
    fits: Callable[[str], object] = field(init=False, repr=False, compare=False)
    depends: ClassVar[str] = "op"

    def __post_init__(self) -> None:
        object.__setattr__(self, "fits", matcher(bare_op(self.pattern)))

    def holds(self, moment: Moment) -> bool:
        """Whether it is so."""
        return any(map(self.fits, moment.op_names))

    def __str__(self) -> str:
        return f"op:{quoted(self.pattern)}"


@dataclass(frozen=True, slots=True)
class Module(Atom):
    """``module:encoder.*``: a module and everything in it, with or without the model's name."""

    pattern: str
    fits: Callable[[str], object] = field(init=False, repr=False, compare=False)
    depends: ClassVar[str] = "scope"

    def __post_init__(self) -> None:
        object.__setattr__(self, "fits", matcher(self.pattern))

    def holds(self, moment: Moment) -> bool:
        """Whether it is so."""
        return any(map(self.fits, moment.modules))

    def holds_in(self, scope: tuple[str, ...]) -> bool:
        """Whether something in this scope is in a module that fits."""
        return any(map(self.fits, enclosing_modules(scope)))

    def __str__(self) -> str:
        return f"module:{quoted(self.pattern)}"


@dataclass(frozen=True, slots=True)
class Name(Atom):
    """``name:w1``: the leaf of that name, with or without the model's name."""

    pattern: str
    fits: Callable[[str], object] = field(init=False, repr=False, compare=False)
    depends: ClassVar[str] = "leaf"

    def __post_init__(self) -> None:
        object.__setattr__(self, "fits", matcher(self.pattern))

    def holds(self, moment: Moment) -> bool:
        """Whether it is so."""
        return any(map(self.fits, short_names(moment.name)))

    def __str__(self) -> str:
        return f"name:{quoted(self.pattern)}"


@dataclass(frozen=True, slots=True)
class Line(Atom):
    """``line:12``, ``model.py:42``: made by these lines, of any file or of one."""

    file: str
    first: int
    last: int
    fits: Callable[[str], object] = field(init=False, repr=False, compare=False)
    depends: ClassVar[str] = "place"

    def __post_init__(self) -> None:
        object.__setattr__(self, "fits", matcher(f"*/{slashes(self.file).removeprefix('./')}"))

    def holds(self, moment: Moment) -> bool:
        """Whether it is so."""
        at = moment.location
        if at is None or not self.first <= at.line <= self.last:
            return False
        return not self.file or bool(self.fits("/" + slashes(at.file)))

    def __str__(self) -> str:
        where = quoted(self.file, always=True) if self.file else "line"
        if looks_like_file(self.file) and ":" not in self.file:
            where = quoted(self.file)
        return f"{where}:{span(self.first, self.last)}"


@dataclass(frozen=True, slots=True)
class Cell(Atom):
    """``cell:3``, ``cell:3:12``: made by the notebook cell ``In [3]``, or by lines of it."""

    number: int
    first: int = 0
    last: int = 0
    depends: ClassVar[str] = "place"

    def holds(self, moment: Moment) -> bool:
        """Whether it is so."""
        if moment.cell != self.number or moment.location is None:
            return False
        return not self.first or self.first <= moment.location.line <= self.last

    def __str__(self) -> str:
        lines = f":{span(self.first, self.last)}" if self.first else ""
        return f"cell:{self.number}{lines}"


# ------------------------------------------------------------------ when, and anything else


@dataclass(frozen=True, slots=True)
class Iteration(Atom):
    """``iter:5``, ``iter:5-8``, ``iter >= 5``: iterations, counted from 0."""

    first: int
    last: int | None
    depends: ClassVar[str] = "iter"

    def includes(self, iteration: int) -> bool:
        """Whether an iteration is one of these."""
        return self.first <= iteration and (self.last is None or iteration <= self.last)

    def holds(self, moment: Moment) -> bool:
        """Whether it is so."""
        return self.includes(moment.iteration)

    def __str__(self) -> str:
        if self.last is None:
            return f"iter >= {self.first}"
        return f"iter:{span(self.first, self.last)}"


@dataclass(frozen=True, slots=True)
class Python(Atom):
    """``py: grad.abs().max() > 3``: the rest of the text is an expression of Python."""

    source: str
    code: CodeType = field(init=False, repr=False, compare=False)
    depends: ClassVar[str] = "any"

    def __post_init__(self) -> None:
        object.__setattr__(self, "code", compile(self.source, "<condition>", "eval"))

    def holds(self, moment: Moment) -> bool:
        """Whether the expression is true; what it raises is the caller's to handle."""
        return bool(moment.evaluate(self.code))

    def __str__(self) -> str:
        return f"py: {self.source}"


# ------------------------------------------------------------------ names and patterns

_WILD = re.compile(r"[*?[]")
_BACKWARD = re.compile(r"(.*)backwards?\d*")


def is_wild(pattern: str) -> bool:
    """Whether a pattern has wildcards."""
    return _WILD.search(pattern) is not None


def matcher(pattern: str) -> Callable[[str], object]:
    """A function whose answer is true where a text fits: equality if there is no wildcard."""
    if not is_wild(pattern):
        return pattern.__eq__
    return re.compile(translate(pattern)).match


@lru_cache(4096)
def bare_op(name: str) -> str:
    """A name without what people leave out: case, underscores, PyTorch's namespace."""
    return name.lower().removeprefix("torch::autograd::").replace("_", "")


@lru_cache(4096)
def op_names(name: str) -> tuple[str, ...]:
    """What an op may be called: ``MulBackward0`` also ``mulbackward`` and ``mul``."""
    bare = bare_op(name)
    found = _BACKWARD.fullmatch(bare)
    if found is None:
        return (bare,)
    return bare, bare.rstrip("0123456789"), found[1]


def enclosing_modules(scope: tuple[str, ...]) -> list[str]:
    """All that a scope is in: ``(net, enc, 0)`` is in net, net.enc, net.enc.0, enc, enc.0.

    Each also with a dot at its end, so that ``enc.*`` fits what ``enc`` itself computes.
    """
    last = len(scope) + 1
    paths = [".".join(scope[:n]) for n in range(1, last)]
    paths += [".".join(scope[1:n]) for n in range(2, last)]
    return paths + [f"{path}." for path in paths]


def short_names(name: str) -> tuple[str, ...]:
    """A leaf's name, and the same without the model's; nothing for a leaf without one."""
    if not name:
        return ()
    _, _, rest = name.partition(".")
    return (name, rest) if rest else (name,)


def slashes(path: str) -> str:
    """A file's name in one spelling on all systems."""
    return os.path.normcase(path).replace("\\", "/")


def span(first: int, last: int) -> str:
    """``5`` or ``5-8``."""
    return str(first) if first == last else f"{first}-{last}"


def looks_like_file(name: str) -> bool:
    """Whether a word before a line number can only be meant as a file."""
    return any(sign in name for sign in "./\\")
