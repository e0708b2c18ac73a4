"""Many conditions on a gradient's statistics, tested at the price of one.

Of all ``norm > x`` only the smallest x matters for the question "can any of them hold?".
And nearly every test says something about the norm: an element above 3 makes a norm of at
least 3.  So one dot product, which NaN and Inf spoil too, clears most gradients; the few
that it does not clear are measured in full.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from math import inf
from typing import Any, NamedTuple

import numpy as np

from .conditions.tree import And, Compare, Flag, Measured, Or, Tree
from .moment import measure

Range = tuple[float, float]
"""Squared norms between which a test certainly fails."""
SINGLE, DOUBLE = np.dtype(np.float32), np.dtype(np.float64)
"""The types whose dot product BLAS computes."""
FAINT = 1e-30
"""A squared norm below this may be squares that left the range of float32."""
MARGIN = 1e-3
"""How far a dot product in float32 may be from the norm that a full measurement gives."""


class GradientTest(NamedTuple):
    """Whether a gradient can make any of several conditions hold.

    It can't if its squared norm lies between `low` and `high`; otherwise ask `closely`,
    None where no gradient can.
    """

    low: float
    high: float
    closely: Callable[[Any], bool] | None

    def passes(self, g: Any) -> bool:
        """Whether `g` can: an array, a Tensor, None, or a dictionary of them by output."""
        if self.closely is None:
            return False
        if self.low < self.high and is_quick(g):
            x = g.ravel("K")
            if self.low < float(x.dot(x)) < self.high:
                return False
        return self.closely(g)


def is_quick(g: Any) -> bool:
    """Whether the dot product of a gradient with itself is its squared norm, and cheap."""
    return g.__class__ is np.ndarray and (g.dtype is SINGLE or g.dtype is DOUBLE)


NEVER = GradientTest(0.0, 0.0, None)
ALWAYS = GradientTest(0.0, 0.0, lambda g: True)


def test_of(rests: Iterable[Tree | bool]) -> GradientTest:
    """One test for all these conditions, or what is left of them."""
    tests = weakest(rests)
    if True in tests:
        return ALWAYS
    return _combined([test for test in tests if isinstance(test, Measured)]) if tests else NEVER


def weakest(rests: Iterable[Tree | bool]) -> list[Measured | bool]:
    """A few tests of which one passes whenever one of these holds; True if one always may."""
    tests: list[Measured] = []
    for rest in rests:
        needed = demand(rest) if isinstance(rest, Tree) else None
        if needed is None and rest is not False:
            return [True]
        tests += needed or ()
    return [*loosest(tests)]


def demand(tree: Tree) -> list[Measured] | None:
    """Tests of which one at least must pass for a condition to hold; None if none must."""
    if isinstance(tree, Compare) and tree.sign == "!=":
        return None
    if isinstance(tree, Measured):
        return [tree]
    if isinstance(tree, Or):
        parts = [demand(item) for item in tree.items]
        return None if None in parts else [test for part in parts for test in part or ()]
    if isinstance(tree, And):
        return min(
            (part for item in tree.items if (part := demand(item))), key=_effort, default=None
        )
    return None


def _effort(tests: list[Measured]) -> tuple[bool, int]:
    return any(quiet_range(test) is None for test in tests), len(tests)


def loosest(tests: Iterable[Measured]) -> list[Measured]:
    """Those of the tests that pass whenever any of them does."""
    best: dict[object, Measured] = {}
    for test in tests:
        if isinstance(test, Compare) and test.sign != "==":
            key = test.statistic, test.sign
            known = best.get(key)
            if isinstance(known, Compare) and (test.value < known.value) != (test.sign[0] == ">"):
                continue
            best[key] = test
        else:
            best[test] = test
    return list(best.values())


def quiet_range(test: Measured) -> Range | None:
    """Between which squared norms a test fails (mean squares for `by_mean`); None: can't tell."""
    if isinstance(test, Flag):
        return (0.0, inf) if test.kind == "zero" else (-1.0, inf)
    assert isinstance(test, Compare)
    statistic, sign, value = test.statistic, test.sign, test.value
    if statistic in ("norm", "rms"):
        if sign in ("<", "<=") or (value == 0 and sign == "=="):
            return (value * value * (1 + 2 * MARGIN), inf) if value >= 0 else (-1.0, inf)
        return _at_least(value)
    if statistic == "zeros":
        return (0.0, inf) if value == 1 and sign in (">=", "==") else None
    if statistic == "max":  # an element above 3, or all below -3, make a norm of at least 3
        return _at_least(-value if sign in ("<", "<=") else value)
    return _at_least(value if sign in (">", ">=") else -value)


def by_mean(test: Measured) -> bool:
    """Whether the range of a test is one of mean squares: ``rms < x`` depends on the size."""
    return isinstance(test, Compare) and test.statistic == "rms" and test.sign[0] == "<"


def _at_least(norm: float) -> Range | None:
    if norm <= 0:
        return None
    square = norm * norm * (1 - 2 * MARGIN)
    return (FAINT if square < FAINT else -1.0), square


def _combined(tests: Sequence[Measured]) -> GradientTest:
    def closely(g: Any) -> bool:
        if g is None:
            return False
        s = measure(tuple(g.values()) if g.__class__ is dict else (g,))
        return s.size > 0 and any(test.fits(s) for test in tests)

    ranges = [quiet_range(test) for test in tests]
    if None in ranges:
        return GradientTest(0.0, 0.0, closely)
    low, high = _common(r for r, test in zip(ranges, tests, strict=True) if not by_mean(test))
    if not any(map(by_mean, tests)):
        return GradientTest(low, high, closely)
    mean_low, mean_high = _common(r for r, test in zip(ranges, tests, strict=True) if by_mean(test))

    def by_size(g: Any) -> bool:
        if is_quick(g) and g.size:
            x = g.ravel("K")
            square = float(x.dot(x))
            if low < square < high and mean_low < square / g.size < mean_high:
                return False
        return closely(g)

    return GradientTest(0.0, 0.0, by_size)


def _common(ranges: Iterable[Range | None]) -> Range:
    """Where all of them say that their test fails."""
    known = [(-1.0, inf), *(r for r in ranges if r is not None)]
    return max(low for low, _ in known), min(high for _, high in known)
