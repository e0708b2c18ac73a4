"""Memory of a GPU: what arrays hold, what the allocator keeps, and the most of both.

CuPy's pool counts what is held and kept.  The most there was is counted from the first call
of `max_memory_allocated`, `max_memory_reserved` or `reset_peak_memory_stats` on.
"""

from __future__ import annotations

import warnings
from collections import OrderedDict
from typing import Any

from .devices import cupy, index_of, is_available


def empty_cache() -> None:
    """Give cached blocks back to the driver; does nothing without a GPU."""
    if is_available():
        cupy().get_default_memory_pool().free_all_blocks()
        cupy().get_default_pinned_memory_pool().free_all_blocks()


def ipc_collect() -> None:
    """Let go of memory that other processes shared; there is none here."""
    cupy()


def memory_allocated(where: Any = None) -> int:
    """Bytes held by arrays on a GPU; 0 without one."""
    return _of_pool("used_bytes", where)


def memory_reserved(where: Any = None) -> int:
    """Bytes held by the allocator, cached blocks included; 0 without a GPU."""
    return _of_pool("total_bytes", where)


def _of_pool(what: str, where: Any) -> int:
    if not is_available():
        return 0
    with cupy().cuda.Device(index_of(where)):
        return int(getattr(cupy().get_default_memory_pool(), what)())


def mem_get_info(where: Any = None) -> tuple[int, int]:
    """(free, total) bytes of a GPU."""
    with cupy().cuda.Device(index_of(where)):
        free, total = cupy().cuda.runtime.memGetInfo()
        return int(free), int(total)


# ------------------------------------------------------------------ the most there was


class _Peaks:
    """The most bytes of each GPU since it was last reset."""

    def __init__(self) -> None:
        self.allocated: dict[int, int] = {}
        self.reserved: dict[int, int] = {}
        self.hook: Any = None

    def watch(self) -> None:
        """Count from now on, in this thread."""
        if self.hook is None:
            self.hook = _hook(self)
            self.hook.__enter__()

    def note(self, index: int) -> None:
        """Look at the pool."""
        now, kept = memory_allocated(index), memory_reserved(index)
        self.allocated[index] = max(self.allocated.get(index, 0), now)
        self.reserved[index] = max(self.reserved.get(index, 0), kept)


_peaks = _Peaks()


def _hook(peaks: _Peaks) -> Any:
    class Hook(cupy().cuda.MemoryHook):  # type: ignore[misc]
        name = "autograd_core peaks"

        def malloc_postprocess(self, **facts: Any) -> None:
            peaks.note(facts["device_id"])

    return Hook()


def max_memory_allocated(where: Any = None) -> int:
    """The most bytes that arrays held since `reset_peak_memory_stats`; 0 without a GPU."""
    return _peak("allocated", where)


def max_memory_reserved(where: Any = None) -> int:
    """The most bytes that the allocator held since `reset_peak_memory_stats`; 0 without a GPU."""
    return _peak("reserved", where)


def _peak(what: str, where: Any) -> int:
    if not is_available():
        return 0
    index = index_of(where)
    _peaks.watch()
    _peaks.note(index)
    return int(getattr(_peaks, what)[index])


def reset_peak_memory_stats(where: Any = None) -> None:
    """Count the most bytes anew from here; does nothing without a GPU."""
    if is_available():
        index = index_of(where)
        _peaks.watch()
        _peaks.allocated.pop(index, None)
        _peaks.reserved.pop(index, None)


def reset_accumulated_memory_stats(where: Any = None) -> None:
    """Start totals anew; there are none here."""


def memory_stats(where: Any = None) -> OrderedDict[str, int]:
    """PyTorch's names of what is known; empty without a GPU."""
    found: OrderedDict[str, int] = OrderedDict()
    if is_available():
        found["allocated_bytes.all.current"] = memory_allocated(where)
        found["allocated_bytes.all.peak"] = max_memory_allocated(where)
        found["reserved_bytes.all.current"] = memory_reserved(where)
        found["reserved_bytes.all.peak"] = max_memory_reserved(where)
    return found


def memory_summary(where: Any = None, abbreviated: bool = False) -> str:
    """The same as a small table."""
    rows = [
        ("Allocated memory", memory_allocated(where), max_memory_allocated(where)),
        ("GPU reserved memory", memory_reserved(where), max_memory_reserved(where)),
    ]
    name = f"device {index_of(where)}" if is_available() else "no GPU"
    lines = [f"CUDA memory summary, {name}", f"{'Metric':<22}{'Cur Usage':>14}{'Peak Usage':>14}"]
    lines += [f"{title:<22}{_spoken(now):>14}{_spoken(most):>14}" for title, now, most in rows]
    return "\n".join(lines)


def _spoken(n: int) -> str:
    for unit in ("B", "KiB", "MiB"):
        if n < 10 * 1024:
            return f"{n} {unit}"
        n //= 1024
    return f"{n} GiB"


def set_per_process_memory_fraction(fraction: float, where: Any = None) -> None:
    """Let arrays take at most this part of a GPU's memory."""
    library = cupy()
    if not 0 <= fraction <= 1:
        raise ValueError(f"Invalid fraction value: {fraction}. Allowed range: 0~1")
    with library.cuda.Device(index_of(where)):
        library.get_default_memory_pool().set_limit(fraction=fraction)


# ------------------------------------------------------------------ old names


def _old(old: str, new: Any) -> Any:
    def call(where: Any = None) -> Any:
        warnings.warn(
            f"torch.cuda.{old} has been renamed to torch.cuda.{new.__name__}",
            FutureWarning,
            stacklevel=2,
        )
        return new(where)

    call.__name__ = call.__qualname__ = old
    call.__doc__ = f"The old name of `{new.__name__}`."
    return call


memory_cached = _old("memory_cached", memory_reserved)
max_memory_cached = _old("max_memory_cached", max_memory_reserved)
reset_max_memory_allocated = _old("reset_max_memory_allocated", reset_peak_memory_stats)
reset_max_memory_cached = _old("reset_max_memory_cached", reset_peak_memory_stats)
