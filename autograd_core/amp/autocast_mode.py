"""`autocast`, and the switches behind it."""

from __future__ import annotations

import functools
import threading
import warnings
from collections.abc import Callable, Iterable, Mapping
from typing import Any

import numpy as np

from .. import cuda, dtypes, state
from .._tensor import Tensor
from ..modes import Mode
from .casting import Autocast, install
from .lists import LISTS

__all__ = ["autocast", "custom_bwd", "custom_fwd", "is_autocast_available"]

_LOW = (dtypes.bfloat16, dtypes.float16)


# ------------------------------------------------------------------ switches of a thread


class _Switches(threading.local):
    """What is set in this thread: by device whether it is on, and its dtype."""

    def __init__(self) -> None:
        self.on = dict.fromkeys(LISTS, False)
        self.dtype = {"cpu": dtypes.bfloat16, "cuda": dtypes.float16}
        self.cache_enabled = True
        self.depth = 0
        self.cache: dict[int, Any] = {}


_switches = _Switches()


def _apply() -> None:
    """Let ops of this thread know what is set."""
    lower = {where: _switches.dtype[where] for where, on in _switches.on.items() if on}
    active = None
    if lower:
        install()
        active = Autocast(lower, _switches.cache if _switches.cache_enabled else None)
    state.set_mode("autocast", active)


def _known(device_type: Any) -> str:
    if not isinstance(device_type, str):
        raise ValueError(f"Expected `device_type` of type `str`, got: `{type(device_type)}`")
    if device_type not in LISTS:
        raise RuntimeError(
            f"User specified an unsupported autocast device_type '{device_type}'; there is "
            f"{', '.join(LISTS)}"
        )
    return device_type


def is_autocast_available(device_type: str) -> bool:
    """Whether there is autocast for a kind of device: ``"cpu"`` or ``"cuda"``."""
    return device_type in LISTS


def is_autocast_enabled(device_type: str = "cuda") -> bool:
    """Whether autocast is on in this thread."""
    return _switches.on[_known(device_type)]


def set_autocast_enabled(device_type: Any, enabled: bool | None = None) -> None:
    """Switch autocast on or off in this thread; `autocast` does so for a block."""
    if enabled is None:
        device_type, enabled = "cuda", device_type
    _switches.on[_known(device_type)] = bool(enabled)
    _apply()


def get_autocast_dtype(device_type: str) -> dtypes.dtype:
    """The lower precision of a kind of device: bfloat16 on the CPU and float16 on GPUs."""
    return _switches.dtype[_known(device_type)]


def set_autocast_dtype(device_type: str, dtype: dtypes.dtype) -> None:
    """Set the lower precision of a kind of device."""
    _switches.dtype[_known(device_type)] = dtype
    _apply()


def is_autocast_cache_enabled() -> bool:
    """Whether casts of parameters are kept until the outermost block ends."""
    return _switches.cache_enabled


def set_autocast_cache_enabled(enabled: bool) -> None:
    """Set whether casts of parameters are kept until the outermost block ends."""
    _switches.cache_enabled = bool(enabled)
    _apply()


def clear_autocast_cache() -> None:
    """Forget the casts of parameters."""
    _switches.cache.clear()


def autocast_increment_nesting() -> int:
    """Note that a block begins; return how many there are now."""
    _switches.depth += 1
    return _switches.depth


def autocast_decrement_nesting() -> int:
    """Note that a block has ended; return how many there are now."""
    _switches.depth -= 1
    return _switches.depth


def is_autocast_cpu_enabled() -> bool:
    """The old name of ``is_autocast_enabled("cpu")``."""
    return is_autocast_enabled("cpu")


def get_autocast_cpu_dtype() -> dtypes.dtype:
    """The old name of ``get_autocast_dtype("cpu")``."""
    return get_autocast_dtype("cpu")


def get_autocast_gpu_dtype() -> dtypes.dtype:
    """The old name of ``get_autocast_dtype("cuda")``."""
    return get_autocast_dtype("cuda")


# ------------------------------------------------------------------ the block


class autocast(Mode):
    """Run ops in mixed precision: matrix products in a lower one, losses in float32.

    Context manager or decorator; holds in the calling thread, and may be nested. Only the
    forward belongs inside: backward runs in the precisions that the forward used.

    Parameters
    ----------
    device_type : {"cpu", "cuda"}
        Whose tensors it is for.
    dtype : dtype, optional
        The lower precision, bfloat16 or float16; default: bfloat16 on the CPU, float16 on
        GPUs (see `get_autocast_dtype`).
    enabled : bool, default True
        Whether to switch it on; False switches it off in a block inside.
    cache_enabled : bool, optional
        Keep casts of parameters until the outermost block ends.

    Raises
    ------
    RuntimeError
        For another kind of device.

    Notes
    -----
    Which op runs in which precision is in `autograd_core.amp.lists`.

    Examples
    --------
    >>> import autograd_core as ag
    >>> layer = ag.nn.Linear(3, 2)
    >>> with ag.autocast("cpu"):
    ...     y = layer(ag.ones(1, 3))
    >>> y.dtype, (y * 2.0).sum().backward(), layer.weight.grad.dtype
    (torch.bfloat16, None, torch.float32)
    """

    def __init__(
        self,
        device_type: str,
        dtype: dtypes.dtype | None = None,
        enabled: bool = True,
        cache_enabled: bool | None = None,
    ):
        self.device = _known(device_type)
        self.fast_dtype = get_autocast_dtype(device_type) if dtype is None else dtype
        self._cache_enabled = (
            is_autocast_cache_enabled() if cache_enabled is None else bool(cache_enabled)
        )
        self._enabled = enabled and self._can(stacklevel=3 if type(self) is autocast else 4)
        self._entered: list[Any] = []

    def _can(self, stacklevel: int) -> bool:
        if self.device == "cuda" and not cuda.is_available():
            warnings.warn(
                "User provided device_type of 'cuda', but CUDA is not available. "
                "Disabling autocast.",
                stacklevel=stacklevel,
            )
            return False
        if self.fast_dtype not in _LOW:
            warnings.warn(
                f"In {self.device.upper()} autocast, but the target dtype is not supported. "
                f"Disabling autocast.\n{self.device.upper()} Autocast only supports dtypes of "
                f"{', '.join(map(repr, _LOW))} currently.",
                stacklevel=stacklevel,
            )
            return False
        return True

    def __enter__(self) -> autocast:
        switches = _switches
        before = switches.on[self.device], switches.dtype[self.device], switches.cache_enabled
        self._entered.append(before)
        autocast_increment_nesting()
        self._set(self._enabled, self.fast_dtype, self._cache_enabled)
        return self

    def __exit__(self, *exc: object) -> None:
        if autocast_decrement_nesting() == 0:
            clear_autocast_cache()
        self._set(*self._entered.pop())

    def _set(self, on: bool, dtype: dtypes.dtype, cache_enabled: bool) -> None:
        _switches.on[self.device] = on
        _switches.dtype[self.device] = dtype
        _switches.cache_enabled = cache_enabled
        _apply()

    def clone(self) -> autocast:
        """Itself: it may be entered several times."""
        return self

    def __call__(self, fn: Any) -> Any:
        """Decorate a function."""
        if not callable(fn):
            raise TypeError(
                f"autocast()(func) requires a callable, but got {type(fn).__name__}. Did you mean "
                "to use autocast as a context manager? For example:\n"
                "    with torch.autocast(device_type=...):\n"
                "        output = model(input)"
            )
        return super().__call__(fn)


# ------------------------------------------------------------------ custom functions


def custom_fwd(
    fwd: Callable[..., Any] | None = None,
    *,
    device_type: str,
    cast_inputs: dtypes.dtype | None = None,
) -> Any:
    """Decorate the forward of a custom function so that it knows about autocast.

    Parameters
    ----------
    fwd : callable
        ``forward(ctx, *args)``.
    device_type : {"cpu", "cuda"}
    cast_inputs : dtype, optional
        Under autocast, cast floating tensors among the inputs to this and run with autocast
        off. None: run the ops in it under autocast.
    """
    _known(device_type)
    if fwd is None:
        return functools.partial(custom_fwd, device_type=device_type, cast_inputs=cast_inputs)

    @functools.wraps(fwd)
    def forward(ctx: Any, *args: Any, **kwargs: Any) -> Any:
        on = is_autocast_enabled(device_type)
        ctx._dtype = get_autocast_dtype(device_type)
        ctx._fwd_used_autocast = on and cast_inputs is None
        if cast_inputs is None or not on:
            return fwd(ctx, *args, **kwargs)
        with autocast(device_type, enabled=False):
            return fwd(
                ctx,
                *_cast(args, device_type, cast_inputs),
                **_cast(kwargs, device_type, cast_inputs),
            )

    return forward


def custom_bwd(bwd: Callable[..., Any] | None = None, *, device_type: str) -> Any:
    """Decorate the backward of a custom function: it runs with autocast as its forward did."""
    _known(device_type)
    if bwd is None:
        return functools.partial(custom_bwd, device_type=device_type)

    @functools.wraps(bwd)
    def backward(ctx: Any, *grads: Any) -> Any:
        with autocast(device_type, enabled=ctx._fwd_used_autocast, dtype=ctx._dtype):
            return bwd(ctx, *grads)

    return backward


def _cast(value: Any, device_type: str, dtype: dtypes.dtype) -> Any:
    """Floating tensors in containers in another dtype; float64 stays."""
    if isinstance(value, Tensor):
        fits = value.is_floating_point() and value.device.type == device_type
        return value.to(dtype) if fits and value.dtype is not dtypes.float64 else value
    if isinstance(value, str | bytes | np.ndarray):
        return value
    if isinstance(value, Mapping):
        return {k: _cast(v, device_type, dtype) for k, v in value.items()}
    if isinstance(value, Iterable):
        parts = (_cast(v, device_type, dtype) for v in value)
        return type(value)(parts) if isinstance(value, list | tuple) else parts
    return value
