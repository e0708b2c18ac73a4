"""Which GPUs there are, and which is the current one."""

from __future__ import annotations

from dataclasses import dataclass
from types import TracebackType
from typing import Any

from .. import backends
from ..errors import DeviceError


class NoCudaError(DeviceError, AssertionError):
    """There is no GPU to ask; PyTorch built for CPUs raises an AssertionError."""


def is_available() -> bool:
    """Whether CuPy is installed and a GPU is there; never raises."""
    try:
        backends.backend("cuda")
    except (DeviceError, ImportError):
        return False
    return True


def cupy() -> Any:
    """The module CuPy; NoCudaError without a GPU."""
    try:
        owner: Any = backends.backend("cuda")
    except (DeviceError, ImportError) as error:
        raise NoCudaError(f"Torch not compiled with CUDA enabled: {error}") from None
    return owner.cupy


def index_of(where: Any) -> int:
    """The number of a GPU given as a device, a string, a number or None (the current one)."""
    if where is None:
        return current_device()
    found = backends.device(where)
    if found.type != "cuda":
        raise ValueError(f"Expected a cuda device, but got: {found}")
    return current_device() if found.index is None else found.index


def init() -> None:
    """Load CuPy now rather than when it is first needed."""
    cupy()


def is_initialized() -> bool:
    """Whether a GPU has been used, or could be at once."""
    return is_available()


def device_count() -> int:
    """The number of GPUs; 0 without CuPy."""
    return int(cupy().cuda.runtime.getDeviceCount()) if is_available() else 0


def current_device() -> int:
    """The number of the current GPU."""
    return int(cupy().cuda.runtime.getDevice())


def set_device(where: Any) -> None:
    """Make a GPU the current one; does nothing for a negative number."""
    if isinstance(where, int) and where < 0:
        return
    cupy().cuda.Device(index_of(where)).use()


@dataclass(frozen=True)
class _CudaDeviceProperties:
    """What is known of a GPU.

    Attributes
    ----------
    name : str
    major, minor : int
        Its compute capability.
    total_memory : int
        Bytes.
    multi_processor_count, warp_size, max_threads_per_multi_processor, L2_cache_size : int
    """

    name: str
    major: int
    minor: int
    total_memory: int
    multi_processor_count: int
    warp_size: int
    max_threads_per_multi_processor: int
    L2_cache_size: int


def get_device_properties(where: Any = None) -> _CudaDeviceProperties:
    """Name, memory and size of a GPU."""
    found = _properties(where)
    name = found["name"]
    return _CudaDeviceProperties(
        name.decode() if isinstance(name, bytes) else str(name),
        int(found["major"]),
        int(found["minor"]),
        int(found["totalGlobalMem"]),
        int(found["multiProcessorCount"]),
        int(found["warpSize"]),
        int(found["maxThreadsPerMultiProcessor"]),
        int(found["l2CacheSize"]),
    )


def _properties(where: Any) -> Any:
    library = cupy()
    return library.cuda.runtime.getDeviceProperties(index_of(where))


def get_device_name(where: Any = None) -> str:
    """The GPU's name."""
    return get_device_properties(where).name


def get_device_capability(where: Any = None) -> tuple[int, int]:
    """The GPU's compute capability, (major, minor)."""
    found = get_device_properties(where)
    return found.major, found.minor


def get_arch_list() -> list[str]:
    """The architectures it was compiled for: kernels are compiled when first used, so the GPUs'."""
    if not is_available():
        return []
    found = (get_device_capability(i) for i in range(device_count()))
    return [f"sm_{major}{minor}" for major, minor in dict.fromkeys(found)]


def get_gencode_flags() -> str:
    """The compiler's options for `get_arch_list`."""
    archs = get_arch_list()
    return " ".join(f"-gencode compute={a.replace('sm', 'compute')},code={a}" for a in archs)


def is_bf16_supported(including_emulation: bool = True) -> bool:
    """Whether the current GPU computes in bfloat16, itself (from 8.0 on) or by emulation."""
    if not is_available():
        return False
    return including_emulation or get_device_capability()[0] >= 8


def is_tf32_supported() -> bool:
    """Whether the current GPU has TensorFloat-32 (compute capability 8.0)."""
    return is_available() and get_device_capability()[0] >= 8


def can_device_access_peer(where: Any, peer_device: Any) -> bool:
    """Whether one GPU can read another's memory."""
    library = cupy()
    one, two = index_of(where), index_of(peer_device)
    return bool(library.cuda.runtime.deviceCanAccessPeer(one, two))


def synchronize(where: Any = None) -> None:
    """Wait until the GPU has finished."""
    cupy().cuda.Device(index_of(where)).synchronize()


class device:  # PyTorch's name
    """Make a GPU the current one inside a ``with`` block; a negative number: change nothing."""

    def __init__(self, where: Any):
        quiet = isinstance(where, int) and where < 0
        self.index = -1 if quiet else index_of(where)

    def __enter__(self) -> None:
        if self.index >= 0:
            self._previous = current_device()
            set_device(self.index)

    def __exit__(
        self,
        kind: type[BaseException] | None,
        value: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        if self.index >= 0:
            set_device(self._previous)


class device_of(device):  # PyTorch's name
    """Make a tensor's GPU the current one inside a ``with`` block."""

    def __init__(self, obj: Any):
        super().__init__(obj.get_device() if obj.is_cuda else -1)
