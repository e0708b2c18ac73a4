"""The search along a direction for a step that satisfies the strong Wolfe conditions.

Nocedal and Wright, Numerical Optimization, algorithms 3.5 and 3.6, with the safeguards of
Schmidt's minFunc, which PyTorch has too.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from .._tensor import Tensor

ARMIJO, CURVATURE = 1e-4, 0.9


@dataclass
class Point:
    """A step length, and what was found there: value, gradient, slope along the direction."""

    t: float
    value: float
    gradient: Tensor
    slope: float


def cubic_minimum(a: Point, b: Point, bounds: tuple[float, float] | None = None) -> float:
    """Where the cubic through two values and slopes is least, within bounds (default: a to b)."""
    low, high = bounds if bounds is not None else sorted((a.t, b.t))
    d1 = a.slope + b.slope - 3 * (a.value - b.value) / (a.t - b.t) if a.t != b.t else float("nan")
    square = d1 * d1 - a.slope * b.slope
    if not square >= 0:
        return (low + high) / 2
    d2 = square**0.5
    left, right = (a, b) if a.t <= b.t else (b, a)
    width = right.slope - left.slope + 2 * d2
    if not width:
        return (low + high) / 2
    return min(max(right.t - (right.t - left.t) * ((right.slope + d2 - d1) / width), low), high)


def strong_wolfe(
    evaluate: Callable[[float], tuple[float, Tensor]],
    start: Point,
    t: float,
    direction: Tensor,
    tolerance: float,
    most: int,
) -> tuple[Point, int]:
    """Find a step along a direction.

    Parameters
    ----------
    evaluate : callable
        Value and gradient at a step length.
    start : Point
        Where the search begins, at step length 0.
    t : float
        The first length to try.
    direction : Tensor
        1-d.
    tolerance : float
        A bracket shorter than this ends the search.
    most : int
        How many more evaluations there may be after the first.

    Returns
    -------
    Point, int
        The best point, and how often `evaluate` was called.
    """
    count = 0

    def look(t: float) -> Point:
        nonlocal count
        count += 1
        value, gradient = evaluate(t)
        return Point(t, value, gradient, gradient.dot(direction).item())

    def too_high(point: Point) -> bool:
        return point.value > start.value + ARMIJO * point.t * start.slope

    def flat(point: Point) -> bool:
        return abs(point.slope) <= -CURVATURE * start.slope

    # Go on until a good point is found, or an interval that must hold one.
    previous, point, bracket = start, look(t), [start]
    while count <= most:
        if too_high(point) or (count > 2 and point.value >= previous.value):
            bracket = [previous, point]
            break
        if flat(point):
            return point, count
        if point.slope >= 0:
            bracket = [previous, point]
            break
        reach = point.t + 0.01 * (point.t - previous.t), point.t * 10
        previous, point = point, look(cubic_minimum(previous, point, reach))
    else:
        bracket = [start, point]

    # Narrow the interval down. The ends keep their places, and a tie goes to the first.
    best = int(bracket[1].value < bracket[0].value)
    extent, stalled = direction.abs().max().item(), False
    while count <= most and abs(bracket[1].t - bracket[0].t) * extent >= tolerance:
        t, stalled = _inside(cubic_minimum(bracket[0], bracket[1]), bracket, stalled)
        point = look(t)
        if too_high(point) or point.value >= bracket[best].value:
            bracket[1 - best] = point
            best = int(bracket[1].value < bracket[0].value)
        else:
            if flat(point):
                return point, count
            if point.slope * (bracket[1 - best].t - bracket[best].t) >= 0:
                bracket[1 - best] = bracket[best]
            bracket[best] = point
    return bracket[best], count


def _inside(t: float, bracket: list[Point], stalled: bool) -> tuple[float, bool]:
    """A length that is not too close to an end twice in a row, and whether it is close now."""
    first, last = sorted(end.t for end in bracket)
    margin = 0.1 * (last - first)
    if min(last - t, t - first) >= margin:
        return t, False
    if stalled or t >= last or t <= first:
        return (last - margin if abs(t - last) < abs(t - first) else first + margin), False
    return t, True
