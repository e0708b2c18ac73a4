"""The GPU: CuPy, imported when a CUDA device is first asked for."""

from __future__ import annotations

import functools
import weakref
from collections.abc import Sequence
from contextlib import AbstractContextManager, nullcontext
from typing import Any

import numpy as np

from ..errors import DeviceError, DtypeError
from . import Backend, device, portable

INSTALL = "pip install autograd-core[gpu]"

SPECIAL = ("erf", "erfc", "erfinv", "gammaln", "digamma", "polygamma", "expit")
"""What CuPy keeps apart from the functions that NumPy has."""

_ADDABLE = ("int32", "uint32", "uint64", "float16", "float32", "float64", "complex64", "complex128")
"""The dtypes that CuPy's ``add.at`` takes."""


class Linalg:
    """CuPy's linear algebra, which raises LinAlgError where NumPy's does.

    Left to itself it returns whatever cuSOLVER left; to look costs a wait for the device.
    """

    def __init__(self, functions: Any, errstate: Any):
        self._functions, self._errstate = functions, errstate

    def __getattr__(self, name: str) -> Any:
        found = getattr(self._functions, name)

        @functools.wraps(found)
        def call(*args: Any, **kwargs: Any) -> Any:
            with self._errstate(linalg="raise"):
                return found(*args, **kwargs)

        setattr(self, name, call)
        return call


class Namespace:
    """CuPy's functions, with the few that ops need beside them."""

    def __init__(self, cupy: Any, special: Any):
        self._cupy = cupy
        self._tables: dict[Any, Any] = {}
        for name in SPECIAL:
            setattr(self, name, getattr(special, name))
        self.special = special
        self.sum_all = cupy.sum

    @functools.cached_property
    def linalg(self) -> Linalg:
        """Linear algebra."""
        from cupyx import errstate

        return Linalg(self._cupy.linalg, errstate)

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

    def strided_view(self, array: Any, shape: tuple[int, ...], strides: tuple[int, ...]) -> Any:
        """A view of the memory from the array's first element on; strides in bytes."""
        return self._cupy.lib.stride_tricks.as_strided(array, shape, strides)

    def constant(self, table: np.ndarray[Any, Any]) -> Any:
        """A NumPy array on the current GPU, which keeps it as long as the array lives."""
        key = id(table), self._cupy.cuda.runtime.getDevice()
        found = self._tables.get(key)
        if found is None:
            found = self._tables[key] = self._cupy.asarray(table)
            weakref.finalize(table, self._tables.pop, key, None)
        return found

    def accumulate(self, name: str, array: Any, axis: int) -> Any:
        """``ufunc.accumulate``, which CuPy has for sums and products only."""
        return portable.accumulate(self._cupy, getattr(self._cupy, name), array, axis)

    def add_at(self, target: Any, index: Any, values: Any) -> None:
        """``target[index] += values`` with repeated indices added up."""
        add = self._cupy.add
        if target.dtype.name in _ADDABLE:
            add.at(target, index, values)
        elif target.dtype.name == "int64":  # the bits of a sum are those without signs
            add.at(target.view("u8"), index, self._cupy.asarray(values, "i8").view("u8"))
        else:
            wide = target.astype("i4")
            add.at(wide, index, self._cupy.asarray(values, "i4"))
            target[...] = wide.astype(target.dtype)

    def scatter_at(self, name: str, target: Any, index: Any, values: Any) -> None:
        """``ufunc.at``: multiply, maximum or minimum."""
        portable.scatter_at(self._cupy, getattr(self._cupy, name), target, index, values)

    def keep(self, values: Any, mask: Any) -> Any:
        """``values`` where the mask is true, 0 elsewhere (for inf and NaN too)."""
        return self._cupy.where(mask, values, values.dtype.type(0))


class CupyBackend(Backend):
    """CuPy arrays, which may live on several devices."""

    def __init__(self, cupy: Any, special: Any, count: int):
        super().__init__("cuda", cupy.ndarray, Namespace(cupy, special))
        self.cupy = cupy
        self.count = count

    def supported(self, dtype: np.dtype[Any]) -> np.dtype[Any]:
        """The dtype itself; DtypeError for bfloat16, which CuPy lacks."""
        if dtype.name == "bfloat16":
            raise DtypeError(
                "bfloat16 is not supported on device 'cuda', because CuPy does not have it; "
                "use float16 (.half()) or float32 (.float())"
            )
        return dtype

    def on(self, index: int | None) -> AbstractContextManager[Any]:
        """Make a GPU the current one; DeviceError if there is no such number."""
        if index is None:
            return nullcontext()
        if index >= self.count:
            raise DeviceError(
                f"CUDA error: invalid device ordinal {index}; this machine has {self.count} "
                f"device{'s' if self.count != 1 else ''}, numbered from 0"
            )
        return self.cupy.cuda.Device(index)

    def current(self) -> int:
        """The number of the current GPU."""
        return int(self.cupy.cuda.runtime.getDevice())

    def from_numpy(self, array: np.ndarray[Any, Any], index: int | None) -> Any:
        """A copy of a NumPy array on a GPU."""
        self.supported(array.dtype)
        with self.on(index):
            return self.cupy.asarray(array)

    def to_numpy(self, array: Any) -> np.ndarray[Any, Any]:
        """A copy on the host; waits for the GPU."""
        return self.cupy.asnumpy(array)

    def transfer(self, array: Any, index: int | None) -> Any:
        """A copy on another GPU."""
        with self.on(index):
            return array.copy()  # CuPy copies to the current device

    def device_of(self, array: Any) -> device:
        """The GPU that holds an array."""
        return device("cuda", int(array.device.id))

    def activate(self, arrays: Sequence[Any]) -> AbstractContextManager[Any]:
        """Make the GPU of the first array the current one (CuPy computes there)."""
        if self.count == 1:
            return nullcontext()
        there: list[Any] = [a.device for a in arrays if type(a) is self.cupy.ndarray]
        return there[0] if there else nullcontext()


def load() -> Backend:
    """CuPy's backend; DeviceError where CuPy or a GPU is missing."""
    try:
        import cupy
        from cupyx.scipy import special
    except ImportError as error:
        raise DeviceError(f"device 'cuda' needs CuPy, which is not installed: {INSTALL}") from error
    try:
        count = cupy.cuda.runtime.getDeviceCount()
    except Exception as error:
        raise DeviceError(
            f"Found no NVIDIA driver or GPU on this machine ({error}); use device='cpu'"
        ) from error
    if not count:
        raise DeviceError("Found no NVIDIA GPU on this machine; use device='cpu'")
    return CupyBackend(cupy, special, int(count))
