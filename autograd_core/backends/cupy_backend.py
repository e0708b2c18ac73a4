"""The GPU: CuPy, imported when a CUDA device is first asked for."""

from __future__ import annotations

from contextlib import AbstractContextManager
from typing import Any

import numpy as np

from ..errors import DeviceError
from . import Backend, device

INSTALL = "pip install autograd-core[gpu]"


class Namespace:
    """CuPy's functions, with the few that ops need beside them."""

    def __init__(self, cupy: Any):
        self._cupy = cupy

    def __getattr__(self, name: str) -> Any:
        found = getattr(self._cupy, name)
        setattr(self, name, found)
        return found

    def view_as(self, array: Any, shape: tuple[int, ...]) -> Any:
        """Reshape without copying; ValueError where that is impossible."""
        reshaped = array.reshape(shape)
        if array.size and reshaped.data.ptr != array.data.ptr:
            raise ValueError(f"can't view an array of shape {array.shape} as {shape}")
        return reshaped

    def broadcast_view(self, array: Any, shape: tuple[int, ...]) -> Any:
        """Broadcast by zero strides."""
        return self._cupy.broadcast_to(array, shape)

    def add_at(self, target: Any, index: Any, values: Any) -> None:
        """``target[index] += values`` with repeated indices added up."""
        self._cupy.add.at(target, index, values)

    def keep(self, values: Any, mask: Any) -> Any:
        """``values`` where the mask is true, 0 elsewhere (for inf and NaN too)."""
        return self._cupy.where(mask, values, values.dtype.type(0))


class CupyBackend(Backend):
    """CuPy arrays, which may live on several devices."""

    def __init__(self, cupy: Any):
        super().__init__("cuda", cupy.ndarray, Namespace(cupy))
        self.cupy = cupy

    def from_numpy(self, array: np.ndarray[Any, Any], index: int | None) -> Any:
        """A copy of a NumPy array on GPU number `index` (None: the current one)."""
        count = self.cupy.cuda.runtime.getDeviceCount()
        if index is not None and index >= count:
            raise DeviceError(
                f"CUDA error: invalid device ordinal {index}; this machine has {count} "
                f"device{'s' if count != 1 else ''}, numbered from 0"
            )
        with self.cupy.cuda.Device(index):
            return self.cupy.asarray(array)

    def to_numpy(self, array: Any) -> np.ndarray[Any, Any]:
        """A copy of the array on the host."""
        return self.cupy.asnumpy(array)

    def device_of(self, array: Any) -> device:
        """The GPU that holds an array."""
        return device("cuda", int(array.device.id))

    def activate(self, array: Any) -> AbstractContextManager[Any]:
        """Make the array's GPU the current one."""
        return array.device


def load() -> Backend:
    """CuPy's backend; DeviceError where CuPy or a GPU is missing."""
    try:
        import cupy
    except ImportError as error:
        raise DeviceError(
            f"device 'cuda' needs CuPy, which is not installed: {INSTALL}"
        ) from error
    try:
        count = cupy.cuda.runtime.getDeviceCount()
    except Exception as error:
        raise DeviceError(
            f"Found no NVIDIA driver or GPU on this machine ({error}); use device='cpu'"
        ) from error
    if not count:
        raise DeviceError("Found no NVIDIA GPU on this machine; use device='cpu'")
    _add_special_functions(cupy)
    return CupyBackend(cupy)


def _add_special_functions(cupy: Any) -> None:
    """CuPy keeps erf and its kin apart from the functions that NumPy has."""
    from cupyx.scipy import special

    for name in ("erf", "erfc", "erfinv", "gammaln", "digamma", "polygamma", "expit"):
        if hasattr(special, name) and not hasattr(cupy, name):
            setattr(cupy, name, getattr(special, name))
    cupy.sum_all = cupy.sum
