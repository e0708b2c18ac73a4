"""``cpu``: what PyTorch has here so that code for a device need not ask which it is."""

from __future__ import annotations

import importlib
from contextlib import AbstractContextManager, nullcontext
from types import ModuleType
from typing import Any

__all__ = [
    "current_device", "current_stream", "device_count", "is_available", "is_initialized",
    "set_device", "stream", "synchronize",
]  # fmt: skip


def is_available() -> bool:
    """Whether there is a CPU."""
    return True


def is_initialized() -> bool:
    """Whether it can be used."""
    return True


def device_count() -> int:
    """One."""
    return 1


def current_device() -> str:
    """Always ``"cpu"``."""
    return "cpu"


def set_device(device: Any) -> None:
    """Do nothing: there is one CPU."""


def synchronize(device: Any = None) -> None:
    """Do nothing: work is done when a call returns."""


def current_stream(device: Any = None) -> None:
    """None: there are no streams."""


def stream(stream: Any) -> AbstractContextManager[None]:
    """A ``with`` block that changes nothing."""
    return nullcontext()


def __getattr__(name: str) -> ModuleType:
    """Load ``cpu.amp`` when it is first asked for."""
    if name == "amp":
        return importlib.import_module(".amp", __name__)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
