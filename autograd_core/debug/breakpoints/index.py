"""Which breakpoints can hit where, so that a thousand that do not hit cost next to nothing.

What a breakpoint asks about the op, the module, the line or the leaf has the same answer
each time the same line makes the same kind of node: at the same *site*.  So a site is
looked at once.  The breakpoints that stay possible there leave a rest of their conditions,
about the gradient, and all those rests together become one cheap test (`gradient_tests`)::

    op:Mul and norm > 1e3      at an AddBackward0      never
    module:net.0 and nan       in net.0                nan
    iter:7                     in iteration 3          never, up to iteration 7
"""

from __future__ import annotations

import weakref
from collections.abc import Callable, Iterable, Iterator, Sequence
from operator import attrgetter
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from ...node import AccumulateGrad
from .conditions.tree import (
    And,
    Atom,
    Cell,
    Iteration,
    Line,
    Module,
    Name,
    Not,
    Op,
    Or,
    Tree,
    bare_op,
    is_wild,
    short_names,
)
from .gradient_tests import DOUBLE, SINGLE, GradientTest, test_of, weakest
from .moment import Moment

if TYPE_CHECKING:
    from .breakpoints import Breakpoint

SITED = {"op", "scope", "place", "leaf"}
"""What an atom may depend on that is the same each time."""
MOST = 10_000
"""Sites to remember; beyond it they are looked at anew."""
SPAN = 20
"""Ranges of more lines than this are not looked up line by line."""
Anchor = tuple[str, object]
"""What a site must have for a condition to hold there, e.g. ``("op", "mul")``."""


class Site(NamedTuple):
    """What is known of all nodes that one line makes of one kind."""

    test: GradientTest
    """Whether a gradient can make any breakpoint hit."""
    sited: list[int]
    """The numbers of the entries that can hit, beside those that can hit anywhere."""


class Index:
    """The enabled breakpoints of one phase, for some iterations.

    Parameters
    ----------
    breakpoints : sequence of Breakpoint
        Enabled ones of one phase.
    iteration : int or None
        The iteration that runs; None if it is not known.
    """

    def __init__(self, breakpoints: Sequence[Breakpoint], iteration: int | None):
        self.first, self.end = _window(breakpoints, iteration)
        self.stale: list[bool] = []
        self.entries: list[tuple[Breakpoint, Tree | bool]] = []
        self.free: list[int] = []
        self.anywhere: list[int] = []
        self.anchored: dict[str, dict[object, list[int]]] = {}
        self.depends: set[str] = set()
        for breakpoint in breakpoints:
            rest = fold(breakpoint.condition.tree, lambda atom: _by_iteration(atom, iteration))
            if rest is not False:
                self._enter(breakpoint, rest)
        self.key = key_by(self.depends)
        self.common = weakest(self.entries[number][1] for number in self.free)
        self.sites: dict[object, Site] = {}
        self._held: dict[object, object] = {}

    def _enter(self, breakpoint: Breakpoint, rest: Tree | bool) -> None:
        number = len(self.entries)
        self.entries.append((breakpoint, rest))
        depends = {atom.depends for atom in rest.atoms()} if isinstance(rest, Tree) else set()
        self.depends |= depends
        if not isinstance(rest, Tree) or not depends & SITED:
            self.free.append(number)
            return
        anchors = anchors_of(rest)
        if anchors is None:
            self.anywhere.append(number)
        for kind, value in anchors or ():
            self.anchored.setdefault(kind, {}).setdefault(value, []).append(number)

    def covers(self, iteration: int | None) -> bool:
        """Whether it holds for this iteration, too."""
        return iteration is None or self.first <= iteration < self.end

    # -------------------------------------------------------------- sites

    def at(self, moment: Moment) -> Site:
        """What is known of the site of a moment."""
        key = self.key(moment.node) if moment.phase == "backward" else self.key_of_op(moment)
        return self.sites.get(key) or self.look(key, moment)

    def possible(self, site: Site) -> list[Breakpoint]:
        """The breakpoints that can hit at a site, in the order in which they were set."""
        return [self.entries[number][0] for number in sorted((*self.free, *site.sited))]

    def key_of_op(self, moment: Moment) -> object:
        """What `key_by` is for backward nodes, for forward ops."""
        code, lasti = moment.place
        return moment.op, moment.node.__class__, moment.scope, id(code), lasti

    def look(self, key: object, moment: Moment) -> Site:
        """Decide for a site what can be decided."""
        if len(self.sites) >= MOST:
            self.sites.clear()
            self._held.clear()
        numbers = set(self.anywhere)
        for kind, value in self._facts(moment):
            numbers.update(self.anchored[kind].get(value, ()))
        sited: list[int] = []
        rests: list[Tree | bool] = [*self.common]
        for number in numbers:
            rest = fold(self.entries[number][1], lambda atom: _by_site(atom, moment))
            if rest is not False:
                sited.append(number)
                rests.append(rest)
        site = self.sites[key] = Site(test_of(rests), sited)
        self._hold(key, moment)
        return site

    def _hold(self, key: object, moment: Moment) -> None:
        """Keep the ids in a key valid: the code stays, and the end of a leaf is heard of."""
        if not isinstance(moment.node, AccumulateGrad):
            self._held[key] = moment.place[0]
        elif "leaf" in self.depends:
            sites, held = self.sites, self._held

            def gone(_: object) -> None:
                sites.pop(key, None)
                held.pop(key, None)

            held[key] = weakref.ref(moment.node.variable, gone)

    def _facts(self, moment: Moment) -> Iterator[Anchor]:
        """What a site has of all that conditions are anchored at."""
        found: dict[str, Callable[[], Iterable[object]]] = {
            "op": lambda: moment.op_names,
            "module": lambda: moment.modules,
            "name": lambda: short_names(moment.name),
            "line": lambda: () if moment.location is None else (moment.location.line,),
            "cell": lambda: (moment.cell,),
        }
        for kind in self.anchored:
            for value in found[kind]():
                yield kind, value


def key_by(depends: set[str]) -> Callable[[Any], Any]:
    """A function that tells the sites of backward nodes apart, as far as any breakpoint cares."""
    by_leaf, by_scope, by_place = (what in depends for what in ("leaf", "scope", "place"))

    def key(node: Any) -> Any:
        kind = node.__class__
        if kind is AccumulateGrad and (by_leaf or by_scope):
            return id(node.variable) if by_leaf else 0, getattr(node, "scope", ())
        if by_place:
            scope = getattr(node, "scope", ()) if by_scope else None
            return kind, scope, id(node.code), node.lasti
        return (kind, getattr(node, "scope", ())) if by_scope else kind

    return key if by_leaf or by_scope or by_place else attrgetter("__class__")


def gate_of(
    current: Callable[[], Index], hits: Callable[[Any, Any], bool] | None = None
) -> Callable[[Any, Any], bool]:
    """A function ``(node, gradient)`` that is False where certainly nothing hits.

    Parameters
    ----------
    current : callable() -> Index
        Where to get the index from, at first and each time it went stale.
    hits : callable(node, gradient) -> bool, optional
        Asked where a breakpoint may hit.
    """
    index = current()
    stale, sites, key_of = index.stale, index.sites, index.key
    array_type, single, double = np.ndarray, SINGLE, DOUBLE

    def gate(node: Any, g: Any) -> bool:
        nonlocal index, stale, sites, key_of
        if stale:
            index = current()
            stale, sites, key_of = index.stale, index.sites, index.key
        key = key_of(node)
        (low, high, closely), _ = sites.get(key) or index.look(key, Moment("backward", node, ()))
        if closely is None:
            return False
        if low < high and g.__class__ is array_type:  # `GradientTest.passes`, without its calls
            kind = g.dtype
            if kind is single or kind is double:
                x = g.ravel("K")
                if low < float(x.dot(x)) < high:
                    return False
        return closely(g) and (hits is None or hits(node, g))

    return gate


# ------------------------------------------------------------------ deciding early


def fold(tree: Tree | bool, decide: Callable[[Atom], bool | None]) -> Tree | bool:
    """What is left of a condition when some of its atoms are decided."""
    if isinstance(tree, bool):
        return tree
    if isinstance(tree, Not):
        rest = fold(tree.item, decide)
        return not rest if isinstance(rest, bool) else Not(rest)
    if isinstance(tree, And | Or):
        settles = isinstance(tree, Or)
        rests = []
        for item in tree.items:
            rest = fold(item, decide)
            if rest is settles:
                return settles
            if not isinstance(rest, bool):
                rests.append(rest)
        if len(rests) < 2:
            return rests[0] if rests else not settles
        return type(tree)(tuple(rests))
    assert isinstance(tree, Atom)
    decided = decide(tree)
    return tree if decided is None else decided


def _by_iteration(atom: Atom, iteration: int | None) -> bool | None:
    if isinstance(atom, Iteration) and iteration is not None:
        return atom.includes(iteration)
    return None


def _by_site(atom: Atom, moment: Moment) -> bool | None:
    return atom.holds(moment) if atom.depends in SITED else None


def _window(breakpoints: Iterable[Breakpoint], iteration: int | None) -> tuple[float, float]:
    """The iterations around one in which no condition about iterations changes its answer."""
    if iteration is None:
        return 0, float("inf")
    changes = [0.0, float("inf")]
    for breakpoint in breakpoints:
        for atom in breakpoint.condition.tree.atoms():
            if isinstance(atom, Iteration):
                changes += [atom.first] if atom.last is None else [atom.first, atom.last + 1]
    return max(n for n in changes if n <= iteration), min(n for n in changes if n > iteration)


def anchors_of(tree: Tree) -> list[Anchor] | None:
    """Anchors of which a site must have one for a condition to hold there; None: no such."""
    if isinstance(tree, Or):
        parts = [anchors_of(item) for item in tree.items]
        return None if None in parts else [anchor for part in parts for anchor in part or ()]
    if isinstance(tree, And):
        return min(
            (part for item in tree.items if (part := anchors_of(item))), key=len, default=None
        )
    if isinstance(tree, Op | Module | Name):
        kind = {Op: "op", Module: "module", Name: "name"}[type(tree)]
        name = bare_op(tree.pattern) if kind == "op" else tree.pattern
        return None if is_wild(name) else [(kind, name)]
    if isinstance(tree, Cell):
        return [("cell", tree.number)]
    if isinstance(tree, Line) and tree.last - tree.first < SPAN:
        return [("line", line) for line in range(tree.first, tree.last + 1)]
    return None
