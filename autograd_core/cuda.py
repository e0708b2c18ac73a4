"""``cuda``: what PyTorch's ``torch.cuda`` says about devices and memory, over CuPy."""

from __future__ import annotations

from types import TracebackType
from typing import Any

from . import backends
from .errors import DeviceError


def is_available() -> bool:
    """Whether CuPy is installed and a GPU is there; never raises."""
    try:
        backends.backend("cuda")
    except (DeviceError, ImportError):
        return False
    return True


def _cupy() -> Any:
    owner: Any = backends.backend("cuda")
    return owner.cupy


def _index(where: Any) -> int:
    if where is None:
        return current_device()
    index = backends.device(where).index
    return current_device() if index is None else index


def device_count() -> int:
    """The number of GPUs; 0 without CuPy."""
    return int(_cupy().cuda.runtime.getDeviceCount()) if is_available() else 0


def current_device() -> int:
    """The number of the current GPU."""
    return int(_cupy().cuda.runtime.getDevice())


def set_device(where: Any) -> None:
    """Make a GPU the current one."""
    _cupy().cuda.Device(_index(where)).use()


def get_device_name(where: Any = None) -> str:
    """The GPU's name."""
    name = _cupy().cuda.runtime.getDeviceProperties(_index(where))["name"]
    return name.decode() if isinstance(name, bytes) else str(name)


def get_device_capability(where: Any = None) -> tuple[int, int]:
    """The GPU's compute capability, (major, minor)."""
    found = _cupy().cuda.runtime.getDeviceProperties(_index(where))
    return int(found["major"]), int(found["minor"])


def synchronize(where: Any = None) -> None:
    """Wait until the GPU has finished."""
    _cupy().cuda.Device(_index(where)).synchronize()


def empty_cache() -> None:
    """Give cached blocks back to the driver; does nothing without a GPU."""
    if is_available():
        _cupy().get_default_memory_pool().free_all_blocks()
        _cupy().get_default_pinned_memory_pool().free_all_blocks()


def memory_allocated(where: Any = None) -> int:
    """Bytes held by arrays on a GPU; 0 without one."""
    if not is_available():
        return 0
    with _cupy().cuda.Device(_index(where)):
        return int(_cupy().get_default_memory_pool().used_bytes())


def memory_reserved(where: Any = None) -> int:
    """Bytes held by the allocator, cached blocks included; 0 without a GPU."""
    if not is_available():
        return 0
    with _cupy().cuda.Device(_index(where)):
        return int(_cupy().get_default_memory_pool().total_bytes())


def mem_get_info(where: Any = None) -> tuple[int, int]:
    """(free, total) bytes of a GPU."""
    with _cupy().cuda.Device(_index(where)):
        free, total = _cupy().cuda.runtime.memGetInfo()
        return int(free), int(total)


def manual_seed(seed: int) -> None:
    """Seed the default generator's stream of the current GPU; does nothing without one."""
    from .random import default_generator

    if is_available():
        default_generator.reseed(backends.backend("cuda"), seed)


manual_seed_all = manual_seed


class device:  # PyTorch's name
    """Make a GPU the current one inside a ``with`` block."""

    def __init__(self, where: Any):
        self.index = _index(where)

    def __enter__(self) -> None:
        self._previous = current_device()
        set_device(self.index)

    def __exit__(
        self,
        kind: type[BaseException] | None,
        value: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        set_device(self._previous)
