"""``cuda.amp``: the old names of `autograd_core.amp`, for GPUs."""

from __future__ import annotations

import functools
import warnings
from collections.abc import Callable
from typing import Any

from ... import amp, dtypes

__all__ = ["GradScaler", "autocast", "custom_bwd", "custom_fwd"]


def _warn(old: str, new: str) -> None:
    warnings.warn(
        f"`torch.cuda.amp.{old}(args...)` is deprecated. Please use `torch.amp.{new}` instead.",
        FutureWarning,
        stacklevel=3,
    )


class autocast(amp.autocast):
    """The old name of ``amp.autocast("cuda", ...)``."""

    def __init__(
        self,
        enabled: bool = True,
        dtype: dtypes.dtype = dtypes.float16,
        cache_enabled: bool = True,
    ):
        _warn("autocast", "autocast('cuda', args...)")
        super().__init__("cuda", dtype, enabled, cache_enabled)


class GradScaler(amp.GradScaler):
    """The old name of ``amp.GradScaler("cuda", ...)``."""

    def __init__(self, *args: Any, **kwargs: Any):
        _warn("GradScaler", "GradScaler('cuda', args...)")
        super().__init__("cuda", *args, **kwargs)


def custom_fwd(
    fwd: Callable[..., Any] | None = None, *, cast_inputs: dtypes.dtype | None = None
) -> Any:
    """The old name of ``amp.custom_fwd(..., device_type="cuda")``."""
    _warn("custom_fwd", "custom_fwd(args..., device_type='cuda')")
    wrap = functools.partial(amp.custom_fwd, device_type="cuda", cast_inputs=cast_inputs)
    return wrap if fwd is None else wrap(fwd)


def custom_bwd(bwd: Callable[..., Any]) -> Any:
    """The old name of ``amp.custom_bwd(..., device_type="cuda")``."""
    _warn("custom_bwd", "custom_bwd(args..., device_type='cuda')")
    return amp.custom_bwd(bwd, device_type="cuda")
