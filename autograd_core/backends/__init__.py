"""Devices: where arrays live and which namespace computes on them.

A backend pairs an array type with an array namespace ``xp`` (NumPy's names) and with
``raw``, the ops' forwards on bare arrays.  `cpu` is NumPy, `cuda` is CuPy, loaded when
first asked for; tests register a strict stand-in that refuses hidden copies to the host.
"""

from __future__ import annotations

import functools
from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager, nullcontext
from typing import Any

import numpy as np

from ..errors import DeviceError, DtypeError


class device:  # PyTorch's name
    """Where a tensor lives: ``cpu``, ``cuda`` or ``cuda:1``.

    Parameters
    ----------
    type : str or device or int
        ``"cpu"``, ``"cuda"``, ``"cuda:0"``; an int means that CUDA device.
    index : int, optional
        Which one, when `type` does not say.
    """

    __slots__ = ("index", "type")

    def __init__(self, type: Any = "cpu", index: int | None = None):
        if isinstance(type, device):
            type, index = type.type, type.index if index is None else index
        elif isinstance(type, int):
            type, index = "cuda", type
        elif isinstance(type, str) and ":" in type:
            type, _, number = type.partition(":")
            if not number.isdigit():
                raise DeviceError(f"Invalid device string: '{type}:{number}'; write e.g. 'cuda:0'")
            index = int(number)
        if type == "cpu" and index:
            raise DeviceError(f"CPU device index must be -1 or zero, got {index}; use 'cpu'")
        if index is not None and index < 0:
            raise DeviceError(
                f"Device index must not be negative, got {index}; write e.g. 'cuda:0'"
            )
        if type not in _LOADERS:
            known = ", ".join(sorted(_LOADERS))
            raise DeviceError(
                f"Expected one of {known} device type at start of device string: {type}"
            )
        self.type: str = type
        self.index: int | None = index

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, device):
            return NotImplemented
        return self.type == other.type and self.index == other.index

    def __hash__(self) -> int:
        return hash((self.type, self.index))

    def __repr__(self) -> str:
        index = "" if self.index is None else f", index={self.index}"
        return f"device(type='{self.type}'{index})"

    def __str__(self) -> str:
        return self.type if self.index is None else f"{self.type}:{self.index}"

    def __reduce__(self) -> tuple[Any, ...]:
        return device, (self.type, self.index)


class Raw:
    """The ops' forwards bound to one array namespace: ``raw.sum(array, dim=..., keepdim=...)``."""

    def __init__(self, xp: Any):
        self.xp = xp

    def __getattr__(self, name: str) -> Any:
        from ..declare import REGISTRY

        if name not in REGISTRY:
            raise AttributeError(f"no op {name!r}")
        op = REGISTRY[name]
        found = getattr(self.xp, op.ufunc) if op.ufunc else functools.partial(op.forward, self.xp)
        setattr(self, name, found)
        return found


class Backend:
    """One kind of device.

    Parameters
    ----------
    name : str
        The device type.
    array_type : type
        The class of its arrays.
    xp : namespace
        NumPy's functions on them, and the few more of `numpy_backend`.
    """

    def __init__(self, name: str, array_type: type, xp: Any):
        self.name = name
        self.array_type = array_type
        self.xp = xp
        self.raw = Raw(xp)

    def from_numpy(self, array: np.ndarray[Any, Any], index: int | None) -> Any:
        """A copy of a NumPy array on this device (on the CPU: the array itself)."""
        return array

    def to_numpy(self, array: Any) -> np.ndarray[Any, Any]:
        """The array on the host (on the CPU: itself)."""
        return array

    def supported(self, dtype: np.dtype[Any]) -> np.dtype[Any]:
        """The dtype itself; DtypeError if this device has no such elements."""
        return dtype

    def transfer(self, array: Any, index: int | None) -> Any:
        """The array on another device of this kind."""
        return array

    def on(self, index: int | None) -> AbstractContextManager[Any]:
        """Make the device of this number the current one; DeviceError if there is none."""
        return nullcontext()

    def current(self) -> int | None:
        """The number of the current device, if they are numbered."""
        return None

    def device_of(self, array: Any) -> device:
        """The device that holds an array."""
        return device(self.name)

    def activate(self, arrays: Sequence[Any]) -> AbstractContextManager[Any]:
        """Make the device of the first array among these the current one."""
        return nullcontext()


_LOADERS: dict[str, Callable[[], Backend]] = {}
_loaded: dict[str, Backend] = {}
_by_type: dict[type, Backend] = {}


def register(name: str, loader: Callable[[], Backend]) -> None:
    """Add a device type; `loader` is called when it is first used."""
    _LOADERS[name] = loader
    _loaded.pop(name, None)


def backend(name: str) -> Backend:
    """The backend of a device type, loaded on first use."""
    found = _loaded.get(name)
    if found is None:
        found = _loaded[name] = _LOADERS[name]()
        _by_type[found.array_type] = found
    return found


def backend_of(array: Any) -> Backend:
    """The backend that owns an array (NumPy's for its scalars too)."""
    return _by_type.get(type(array)) or backend("cpu")


def is_array(value: Any) -> bool:
    """Whether a value is an array of a loaded backend."""
    return type(value) in _by_type or isinstance(value, np.ndarray)


def truth(value: Any) -> bool:
    """Whether a 0-d array is true: the one number is brought to the host, openly."""
    return bool(backend_of(value).to_numpy(value))


def _load_cpu() -> Backend:
    from . import numpy_backend

    return numpy_backend.BACKEND


def _load_cuda() -> Backend:
    from . import cupy_backend

    return cupy_backend.load()


register("cpu", _load_cpu)
register("cuda", _load_cuda)


def move(array: Any, where: device) -> Any:
    """An array on another device; the same object if it is there already."""
    owner = backend_of(array)
    target = backend(where.type)
    here = owner.device_of(array)
    if owner is target and (where.index is None or here.index == where.index):
        return array
    try:
        if owner is target:
            return target.transfer(array, where.index)
        return target.from_numpy(owner.to_numpy(array), where.index)
    except (DeviceError, DtypeError):
        raise
    except Exception as error:
        raise DeviceError(f"can't move a tensor from {here} to {where}: {error}") from error
