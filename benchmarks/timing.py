"""Timing side by side: A B A B ..., and the median of the ratios.

Machines are shared and noisy; a ratio of neighbours in time is worth more than either.
"""

from __future__ import annotations

import statistics
import subprocess
import sys
import time
from collections.abc import Callable
from typing import NamedTuple


class Comparison(NamedTuple):
    """Medians over the rounds: milliseconds of each, and the ratio first / second."""

    first_ms: float
    second_ms: float
    ratio: float


def once(fn: Callable[[], object]) -> float:
    """Seconds of one call."""
    start = time.perf_counter()
    fn()
    return time.perf_counter() - start


def compare(
    first: Callable[[], object], second: Callable[[], object], rounds: int = 40
) -> Comparison:
    """Time two functions in turn."""
    first(), second()
    pairs = [(once(first), once(second)) for _ in range(rounds)]
    return Comparison(
        statistics.median(a for a, _ in pairs) * 1e3,
        statistics.median(b for _, b in pairs) * 1e3,
        statistics.median(a / b for a, b in pairs),
    )


def in_process(code: str) -> str:
    """What a fresh Python prints when it runs `code`."""
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    return done.stdout.strip()


def row(what: str, value: str, limit: str = "") -> None:
    """Print one line of a table."""
    print(f"{what:<58} {value:>24}   {limit}")


def title(text: str) -> None:
    """Print the head of a table."""
    print(f"\n{text}\n{'-' * len(text)}")
