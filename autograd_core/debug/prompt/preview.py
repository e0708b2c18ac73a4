"""A value in one or two lines, never a wall of digits.

::

    (64, 10) float32 cpu   norm 12.3   -1.2 to 3.4   41% zeros   2 NaN, first at [2, 7], [2, 9]
    [[0.12, -0.3, 0.25, ..., 1, 2, 0.1]]

An array is read once, where it lives: of one on a device some ten numbers come to the host.
"""

from __future__ import annotations

import reprlib
from typing import Any

import numpy as np

from ...backends import Backend, backend_of, is_array
from ..breakpoints.moment import measure
from ..draw.theme import number, shorten
from ..trace.statistics import BLOCK, Statistics

GAP = "   "
EDGE = 3
"""Values shown from each end of a large array, and how many non-finite ones are located."""
WHOLE = 8
"""Arrays of up to so many elements are shown whole."""
ITEMS = 6
"""Items of a tuple that are shown."""
WIDTH = 96


def preview(value: Any) -> str:
    """Say in a line or two what a value is.

    Parameters
    ----------
    value : object
        An array of any device, a tensor, a number, a tuple or list of these, None, or
        anything else.

    Returns
    -------
    str
        Of an array: shape, dtype, device, norm, range, share of zeros, non-finite elements
        with the first of their indices, and a few values.  Of a tuple: a line or two for
        each item.

    Examples
    --------
    >>> print(preview(np.array([[0.0, 1.5, np.nan], [2.0, 0.0, -4.0]])))
    (2, 3) float64 cpu   norm NaN   -4 to 2   33% zeros   1 NaN, first at [0, 2]
    [[0, 1.5, nan], [2, 0, -4]]
    """
    return "\n".join(_lines(value))


def headline(value: Any) -> str:
    """The first line of `preview`: everything but the elements of an array."""
    return _lines(value)[0]


def _lines(value: Any) -> list[str]:
    value = getattr(value, "_array", value)
    if value is None:
        return ["None"]
    if isinstance(value, np.generic):
        return [f"{_number(value.item())} ({value.dtype})"]
    if is_array(value):
        return _of_array(value)
    if isinstance(value, bool | int | float | complex):
        return [f"{_number(value)} ({type(value).__name__})"]
    if isinstance(value, tuple | list) and any(_has_numbers(v) for v in value):
        return _of_items(value)
    if isinstance(value, BaseException):
        return [f"{type(value).__name__}: {value}"]
    return [f"{_short(value)} ({type(value).__name__})"]


def _has_numbers(value: Any) -> bool:
    return hasattr(value, "_array") or is_array(value)


def _of_items(items: Any) -> list[str]:
    lines = [f"{type(items).__name__} of {len(items)}"]
    for i, item in enumerate(items[:ITEMS]):
        first, *rest = _lines(item)
        label = f"  [{i}]  "
        lines += [label + first, *(" " * len(label) + line for line in rest)]
    if len(items) > ITEMS:
        lines.append(f"  and {len(items) - ITEMS} more")
    return lines


# ------------------------------------------------------------------ arrays


def _of_array(a: Any) -> list[str]:
    owner = backend_of(a)
    what = f"{tuple(a.shape)} {a.dtype} {owner.device_of(a)}"
    if not a.size:
        return [f"{what}{GAP}empty"]
    if a.size == 1:
        return [f"{what}{GAP}{_values(owner, a)}"]
    return [GAP.join([what, *_facts(owner, a)]), _values(owner, a)]


def _facts(owner: Backend, a: Any) -> list[str]:
    kind = a.dtype.kind
    if kind == "b":
        return [f"{_share(int(owner.to_numpy(a.sum())), a.size)} True"]
    if kind in "iu":
        low, high = (int(owner.to_numpy(x)) for x in (a.min(), a.max()))
        return [f"all {low}" if low == high else f"{low} to {high}"]
    if kind not in "fc" and a.dtype.name != "bfloat16":
        return []
    with np.errstate(all="ignore"):
        s = measure(_slabs(a))
    return [f"norm {number(s.norm)}", *_range(s, kind == "c"), *_bad(owner, a, s)]


def _slabs(a: Any) -> list[Any]:
    """An array in parts that together take no more memory: scattered elements are gathered."""
    if not isinstance(a, np.ndarray) or a.flags.forc or a.size <= BLOCK:
        return [a]
    rows = max(BLOCK * len(a) // a.size, 1)
    return [a[i : i + rows] for i in range(0, len(a), rows)]


def _range(s: Statistics, moduli: bool) -> list[str]:
    if s.zeros == s.size:
        return ["all zero"]
    found = []
    if s.nan + s.inf < s.size:
        low, high = number(s.min), number(s.max)
        spread = low if s.min == s.max else f"{low} to {high}"
        word = "modulus " if moduli else "all " if s.min == s.max and not s.nan else ""
        found.append(word + spread)
    if s.zeros:
        found.append(f"{_share(s.zeros, s.size)} zeros")
    return found


def _bad(owner: Backend, a: Any, s: Statistics) -> list[str]:
    if s.nan == s.size or s.inf == s.size:
        return ["all NaN" if s.nan else "all Inf"]
    counts = [f"{n} {word}" for n, word in ((s.nan, "NaN"), (s.inf, "Inf")) if n]
    if not counts:
        return []
    places = (np.unravel_index(i, a.shape) for i in _first_bad(owner, a))
    return [
        f"{' and '.join(counts)}, first at " + ", ".join(str([int(i) for i in p]) for p in places)
    ]


def _first_bad(owner: Backend, a: Any) -> list[int]:
    """The first non-finite elements, counted in C order; on the CPU it reads no further."""
    found: list[int] = []
    if owner.name != "cpu":
        bad = owner.xp.flatnonzero(~owner.xp.isfinite(a.ravel()))
        return [int(i) for i in owner.to_numpy(bad[:EDGE])]
    for start in range(0, a.size, BLOCK):
        block = a.flat[start : start + BLOCK]
        found += (np.flatnonzero(~np.isfinite(block))[: EDGE - len(found)] + start).tolist()
        if len(found) == EDGE:
            break
    return found


def _values(owner: Backend, a: Any) -> str:
    if a.size <= WHOLE:
        return shorten(_nested(owner.to_numpy(a).tolist()), WIDTH)
    ends = (*range(EDGE), *range(a.size - EDGE, a.size))
    some = owner.xp.stack([a[np.unravel_index(i, a.shape)] for i in ends])
    texts = [_number(x) for x in owner.to_numpy(some).tolist()]
    body = ", ".join([*texts[:EDGE], "...", *texts[EDGE:]])
    return shorten("[" * a.ndim + body + "]" * a.ndim, WIDTH)


def _nested(value: Any) -> str:
    if isinstance(value, list):
        return f"[{', '.join(_nested(v) for v in value)}]"
    return _number(value)


# ------------------------------------------------------------------ numbers and the rest


def _number(value: Any) -> str:
    if isinstance(value, float | complex) and not isinstance(value, bool):
        return f"{value:.4g}"
    return _short(value)


def _share(part: int, whole: int) -> str:
    if part in (0, whole):
        return "all" if part else "no"
    percent = 100 * part / whole
    return "<1%" if percent < 1 else ">99%" if percent > 99 else f"{percent:.0f}%"


def _short(value: Any) -> str:
    return shorten(" ".join(reprlib.repr(value).split()), WIDTH)  # it survives a repr that raises


__all__ = ["headline", "preview"]
