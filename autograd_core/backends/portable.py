"""Array functions that some libraries lack, in plain functions of a namespace `xp`.

Both combine neighbours at distance 1, 2, 4 ... until every element has met all that come
before it (Hillis and Steele, "Data parallel algorithms", Communications of the ACM 29,
1986): log2(n) passes of whole-array work, and no number is brought to the host.
"""

from __future__ import annotations

from typing import Any


def accumulate(xp: Any, combine: Any, array: Any, axis: int) -> Any:
    """``combine.accumulate`` along a non-negative axis, for an associative `combine`."""
    lead, n, step = (slice(None),) * axis, array.shape[axis], 1
    total = array.copy()
    while step < n:
        later, earlier = total[(*lead, slice(step, None))], total[(*lead, slice(n - step))]
        start = total[(*lead, slice(step))]
        total = xp.concatenate([start, combine(earlier, later)], axis=axis)
        step *= 2
    return total


def scatter_at(xp: Any, combine: Any, target: Any, index: Any, values: Any) -> None:
    """``combine.at(target, index, values)`` for a C-contiguous target.

    Equal places are brought together by sorting and combined among themselves; then all of
    them write the same number.
    """
    places = xp.arange(target.size).reshape(target.shape)[index]
    total = xp.broadcast_to(values, places.shape).reshape(-1)
    places = places.reshape(-1)
    order = xp.argsort(places, kind="stable")
    places, total, step = places[order], total[order], 1
    while step < places.size:
        same = places[step:] == places[:-step]
        joined = xp.where(same, combine(total[:-step], total[step:]), total[step:])
        total = xp.concatenate([total[:step], joined])
        step *= 2
    if places.size:
        last = xp.searchsorted(places, places, side="right") - 1
        flat = target.reshape(-1)
        flat[places] = combine(flat[places], total[last])
