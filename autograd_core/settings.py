"""Settings that programs written for PyTorch make: device, threads, precision, determinism.

What has no meaning here is accepted and remembered, and its text says so.
"""

from __future__ import annotations

import os
import warnings
from collections.abc import Callable
from typing import Any

from . import dtypes
from .backends import backend, device

default_device: device | None = None
"""Where tensors are made when no ``device=`` is given; None: on the CPU."""

_threads: int | None = None
_interop = 1
_precision = "highest"
_deterministic = "default"


def set_default_device(device: Any) -> None:
    """Make new tensors on this device where no ``device=`` is given; None: on the CPU.

    Raises
    ------
    DeviceError
        If there is no such device.
    """
    global default_device
    where = None if device is None else _device(device)
    if where is not None:
        backend(where.type)
    default_device = where


def _device(value: Any) -> device:
    return device(value)


def get_default_device() -> device:
    """Where tensors are made when no ``device=`` is given."""
    return default_device or device("cpu")


def set_default_tensor_type(t: Any) -> None:
    """Set the default floating dtype by an old type: ``torch.DoubleTensor`` or its name.

    Raises
    ------
    TypeError
        If it is no type of floating tensors.
    """
    from .legacy_types import TYPES

    found = TYPES.get(t.rpartition(".")[2]) if isinstance(t, str) else t
    kind = getattr(found, "dtype", None)
    if not isinstance(kind, dtypes.dtype):
        raise TypeError(f"invalid type object: {t!r}; give e.g. torch.DoubleTensor")
    dtypes.set_default_dtype(kind)


# ------------------------------------------------------------------ threads


def set_num_threads(n: int) -> None:
    """Limit the threads of matrix products.

    The limit reaches NumPy's BLAS through threadpoolctl; where that is not installed, a
    warning says so (set ``OPENBLAS_NUM_THREADS`` before Python starts instead).

    Raises
    ------
    RuntimeError
        If `n` is not positive.
    """
    global _threads
    if not isinstance(n, int) or n < 1:
        raise RuntimeError(f"set_num_threads expects a positive integer, got {n!r}")
    _threads = n
    try:
        from threadpoolctl import threadpool_limits  # type: ignore[import-untyped]
    except ImportError:
        warnings.warn(
            "set_num_threads() has no effect without threadpoolctl: pip install threadpoolctl, or "
            f"set OPENBLAS_NUM_THREADS={n} before Python starts",
            UserWarning,
            stacklevel=2,
        )
        return
    threadpool_limits(n)


def get_num_threads() -> int:
    """How many threads matrix products may use."""
    return _threads or int(os.environ.get("OPENBLAS_NUM_THREADS", os.cpu_count() or 1))


def set_num_interop_threads(n: int) -> None:
    """Remembered only: operations run one after the other."""
    global _interop
    if not isinstance(n, int) or n < 1:
        raise RuntimeError(f"set_num_interop_threads expects a positive integer, got {n!r}")
    _interop = n


def get_num_interop_threads() -> int:
    """What `set_num_interop_threads` was given, 1 at first."""
    return _interop


# ------------------------------------------------------------------ precision and determinism


def set_float32_matmul_precision(precision: str) -> None:
    """Remembered only: matrix products of float32 always have its precision.

    Raises
    ------
    RuntimeError
        Unless it is ``highest``, ``high`` or ``medium``.
    """
    global _precision
    if precision not in ("highest", "high", "medium"):
        raise RuntimeError(
            f"{precision} is not one of 'highest', 'high', or 'medium'; "
            "got an unknown float32 matmul precision"
        )
    _precision = precision


def get_float32_matmul_precision() -> str:
    """What `set_float32_matmul_precision` was given, ``highest`` at first."""
    return _precision


def use_deterministic_algorithms(mode: bool, *, warn_only: bool = False) -> None:
    """Remembered only: on the CPU the same program gives the same bits anyway.

    On a GPU, gradients of indexing add in the order in which threads come.
    """
    set_deterministic_debug_mode(("warn" if warn_only else "error") if mode else "default")


def are_deterministic_algorithms_enabled() -> bool:
    """What `use_deterministic_algorithms` was given."""
    return _deterministic != "default"


def is_deterministic_algorithms_warn_only_enabled() -> bool:
    """Whether `use_deterministic_algorithms` was given ``warn_only=True``."""
    return _deterministic == "warn"


def set_deterministic_debug_mode(debug_mode: int | str) -> None:
    """Set `use_deterministic_algorithms` by PyTorch's names: default, warn, error, or 0, 1, 2."""
    global _deterministic
    names = ("default", "warn", "error")
    chosen = names[debug_mode] if debug_mode in (0, 1, 2) else debug_mode
    if chosen not in names:
        raise RuntimeError(
            "invalid value of debug_mode, expected one of `default`, `warn`, `error`, but got "
            f"{debug_mode}"
        )
    _deterministic = str(chosen)


def get_deterministic_debug_mode() -> int:
    """0, 1 or 2 for default, warn and error."""
    return ("default", "warn", "error").index(_deterministic)


def set_flush_denormal(mode: bool) -> bool:
    """False: NumPy can't be told to flush small numbers to zero."""
    return False


# ------------------------------------------------------------------ compile


def compile(
    model: Any = None, *, fullgraph: bool = False, dynamic: bool | None = None,
    backend: Any = "inductor", mode: str | None = None, options: Any = None, disable: bool = False,
) -> Any:  # fmt: skip
    """The model or function itself, unchanged: every operation runs when it is called.

    Programs that compile their model so run here as they are, at eager speed.  Without a
    model: a decorator, as in PyTorch.
    """
    if model is not None:
        if not callable(model):
            raise TypeError(f"torch.compile() needs a model or function, got {model!r}")
        return model

    def decorate(fn: Callable[..., Any]) -> Callable[..., Any]:
        return fn

    return decorate


__all__ = [
    "are_deterministic_algorithms_enabled", "compile", "get_default_device",
    "get_deterministic_debug_mode", "get_float32_matmul_precision", "get_num_interop_threads",
    "get_num_threads", "is_deterministic_algorithms_warn_only_enabled", "set_default_device",
    "set_default_tensor_type", "set_deterministic_debug_mode", "set_float32_matmul_precision",
    "set_flush_denormal", "set_num_interop_threads", "set_num_threads",
    "use_deterministic_algorithms",
]  # fmt: skip
