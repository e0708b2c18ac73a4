"""``cpu.amp``: the old names of `autograd_core.amp`, for the CPU."""

from __future__ import annotations

import warnings
from typing import Any

from ... import amp, dtypes

__all__ = ["GradScaler", "autocast"]


def _warn(name: str) -> None:
    warnings.warn(
        f"`torch.cpu.amp.{name}(args...)` is deprecated. Please use "
        f"`torch.amp.{name}('cpu', args...)` instead.",
        FutureWarning,
        stacklevel=3,
    )


class autocast(amp.autocast):
    """The old name of ``amp.autocast("cpu", ...)``."""

    def __init__(
        self,
        enabled: bool = True,
        dtype: dtypes.dtype = dtypes.bfloat16,
        cache_enabled: bool = True,
    ):
        _warn("autocast")
        super().__init__("cpu", dtype, enabled, cache_enabled)


class GradScaler(amp.GradScaler):
    """The old name of ``amp.GradScaler("cpu", ...)``."""

    def __init__(self, *args: Any, **kwargs: Any):
        _warn("GradScaler")
        super().__init__("cpu", *args, **kwargs)
