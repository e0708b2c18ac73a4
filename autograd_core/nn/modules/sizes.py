"""Sizes of windows: one number may stand for all dimensions."""

from __future__ import annotations

from typing import Any

__all__ = ["each"]


def each(value: Any, nd: int) -> tuple[Any, ...]:
    """`value` for each of `nd` dimensions."""
    return tuple(value) if isinstance(value, tuple | list) else (value,) * nd
