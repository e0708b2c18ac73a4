"""Modules made without care for their first values."""

from __future__ import annotations

import inspect
from typing import Any

from ..modules.module import Module

__all__ = ["skip_init"]


def skip_init(module_cls: Any, *args: Any, **kwargs: Any) -> Any:
    """Make a module whose parameters are going to be overwritten.

    PyTorch leaves them uninitialised, which saves time; here they are initialised as usual,
    because there is no device without memory to make them on.

    Raises
    ------
    RuntimeError
        If `module_cls` is no Module, or takes no `device`.
    """
    if not (inspect.isclass(module_cls) and issubclass(module_cls, Module)):
        raise RuntimeError(f"Expected a Module; got {module_cls}")
    if "device" not in inspect.signature(module_cls).parameters:
        raise RuntimeError("Module must support a 'device' arg to skip initialization")
    return module_cls(*args, **kwargs)
