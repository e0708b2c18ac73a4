"""What is done to a tqdm bar wherever it is."""

from __future__ import annotations

import time
from typing import Any


def begin_earlier(bar: Any, elapsed: float) -> None:
    """Let a new bar count from the time when the work began."""
    bar.start_t = bar.last_print_t = time.time() - elapsed


def draw(bar: Any, count: int, known: dict[str, str]) -> None:
    """Draw a tqdm bar with a count, and what else is known."""
    bar.set_postfix(known, refresh=False)
    bar.update(count - bar.n)
