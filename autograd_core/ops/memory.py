"""A tensor's memory: its size, its owner, and writes that look at one element at a time."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator
from typing import Any

import numpy as np

from .. import inplace
from .._tensor import Tensor, method
from ..backends import backend_of
from ..dispatch import NUMBERS
from ..dtypes import as_dtype
from ..errors import AutogradError, DeviceError, ShapeError
from .create import finish, new
from .dims import sizes

# ------------------------------------------------------------------ size and owner


@method()
def resize_(self: Tensor, *size: Any, memory_format: Any = None) -> Tensor:
    """Give the tensor another shape; its first elements stay, and new ones are zeros.

    A larger tensor moves to memory of its own, so views that were made of it no longer
    follow it.

    Raises
    ------
    RuntimeError
        If it requires grad: its graph knows another shape.
    """
    shape = sizes(size)
    if tuple(self.shape) == shape:
        return self
    if self.requires_grad:
        raise AutogradError("cannot resize variables that require grad; detach() it first")
    if any(n < 0 for n in shape):
        raise ShapeError(f"Trying to create tensor with negative dimension: {list(shape)}")
    array, count = self._array, math.prod(shape)
    xp = backend_of(array).xp
    flat = array.reshape(-1)
    if count > flat.size:
        flat = xp.concatenate([flat, xp.zeros(count - flat.size, array.dtype)])
    self._array = flat[:count].reshape(shape)
    self._bump("resize_")
    return self


@method()
def resize_as_(self: Tensor, the_template: Tensor, *, memory_format: Any = None) -> Tensor:
    """Give the tensor the shape of another; see `resize_`."""
    return self.resize_(tuple(the_template.shape))


@method()
def set_(
    self: Tensor, source: Any = None, storage_offset: int = 0, size: Any = None, stride: Any = None
) -> Tensor:
    """Let the tensor stand for the memory of another one (of none: become empty)."""
    if source is not None and not isinstance(source, Tensor | Storage):
        raise TypeError(f"set_(): argument 'source' must be Tensor, not {type(source).__name__}")
    if source is None:
        array = backend_of(self._array).xp.zeros(0, self._array.dtype)
    else:
        other = source._owner if isinstance(source, Storage) else source
        if other.dtype is not self.dtype:
            raise RuntimeError(
                f"Could not set tensor of type {self.dtype!r} to a tensor of type {other.dtype!r}"
            )
        if size is not None or isinstance(source, Storage):
            flat = other.detach().reshape(-1)
            shape = (flat.numel() - storage_offset,) if size is None else tuple(size)
            steps = _contiguous(shape) if stride is None else tuple(stride)
            other = flat.as_strided(shape, steps, storage_offset)
        array = other._array
    if self.requires_grad:
        raise AutogradError("set_() on a tensor that requires grad; use .data or detach() it first")
    self._array = array
    self._bump("set_")
    return self


def _contiguous(shape: tuple[int, ...]) -> tuple[int, ...]:
    return tuple(math.prod(shape[i + 1 :]) for i, _ in enumerate(shape))


class Storage:
    """The memory that a tensor and its views share, in bytes or in elements.

    Parameters
    ----------
    owner : Tensor
        One of those on it.
    typed : bool
        Whether to count elements rather than bytes.
    """

    def __init__(self, owner: Tensor, typed: bool):
        self._owner = owner if owner._view is None else owner._view.base
        self._typed = typed

    @property
    def device(self) -> Any:
        """Where it is."""
        return self._owner.device

    def data_ptr(self) -> int:
        """Its address."""
        return self._owner.data_ptr()

    def nbytes(self) -> int:
        """How many bytes it has."""
        return int(self._owner._array.nbytes)

    def size(self) -> int:
        """How many elements, or bytes, it has."""
        return len(self)

    def tolist(self) -> list[Any]:
        """All of it as Python numbers."""
        return list(self)

    def __len__(self) -> int:
        return self._owner.numel() if self._typed else self.nbytes()

    def _flat(self) -> np.ndarray[Any, Any]:
        host = np.ascontiguousarray(self._owner._host()).reshape(-1)
        return host if self._typed else host.view(np.uint8)

    def __getitem__(self, key: int) -> Any:
        return self._flat()[key].item()

    def __iter__(self) -> Iterator[Any]:
        return iter(self._flat().tolist())

    def __repr__(self) -> str:
        kind = "TypedStorage" if self._typed else "UntypedStorage"
        what = f"dtype={self._owner.dtype!r}, " if self._typed else ""
        return f"{kind}({what}device={self.device}) of size {len(self)}"


@method()
def untyped_storage(self: Tensor) -> Storage:
    """The memory it shares with its views, in bytes."""
    return Storage(self, typed=False)


@method()
def storage(self: Tensor) -> Storage:
    """The memory it shares with its views, in elements."""
    return Storage(self, typed=True)


@method()
def is_set_to(self: Tensor, tensor: Tensor) -> bool:
    """Whether both are the same memory, shape and strides."""
    same = self.data_ptr() == tensor.data_ptr() and self.shape == tensor.shape
    return bool(same and self.stride() == tensor.stride())


@method()
def is_pinned(self: Tensor, device: Any = None) -> bool:
    """Always False: no memory is locked for transfers here."""
    return False


@method()
def pin_memory(self: Tensor, device: Any = None) -> Tensor:
    """The tensor itself; transfers to a GPU need no locked memory here."""
    return self


@method()
def is_shared(self: Tensor) -> bool:
    """Always False: no memory is shared between processes here."""
    return False


@method()
def share_memory_(self: Tensor) -> Tensor:
    """The tensor itself; there is one process."""
    return self


@method()
def to_dense(self: Tensor, dtype: Any = None) -> Tensor:
    """The tensor itself (in another dtype): every tensor is dense."""
    return self if dtype is None else self.to(dtype)


@method()
def dim_order(self: Tensor) -> tuple[int, ...]:
    """The dimensions from the outermost to the innermost in memory."""
    strides = self.stride()
    return tuple(sorted((d for d, _ in enumerate(strides)), key=lambda d: -strides[d]))


method("is_cpu")(property(lambda self: self.device.type == "cpu", doc="Whether it is on the CPU."))
method("is_meta")(property(lambda self: False, doc="Always False: every tensor has memory."))
method("grad_dtype")(property(lambda self: self.dtype, doc="The dtype of its gradient: its own."))
method("const_data_ptr")(Tensor.data_ptr)

# ------------------------------------------------------------------ new tensors like this one


@method("new")
def _new(self: Tensor, *data: Any, device: Any = None) -> Tensor:
    """An old form of `new_tensor` (of data) and `new_empty` (of sizes)."""
    if len(data) == 1 and not isinstance(data[0], int):
        if type(data[0]).__name__ == "Size":
            return self.new_empty(tuple(data[0]), device=device)
        values = data[0].tolist() if isinstance(data[0], Tensor) else data[0]
        return self.new_tensor(values, device=device)
    return self.new_empty(data or (0,), device=device)


def empty_strided(
    size: Any, stride: Any, *, dtype: Any = None, layout: Any = None, device: Any = None,
    requires_grad: bool = False, pin_memory: bool = False, like: Any = None,
) -> Tensor:  # fmt: skip
    """A tensor of zeros whose elements lie `stride` apart in memory, in each dimension."""
    shape, steps = tuple(size), tuple(stride)
    if len(shape) != len(steps):
        raise RuntimeError(
            f"mismatch in length of strides and shape: {list(steps)} and {list(shape)}"
        )
    reach = 0 if 0 in shape else 1 + sum((n - 1) * s for n, s in zip(shape, steps, strict=True))

    def make(m: Any) -> Any:
        width = np.dtype(m.dtype).itemsize
        return m.xp.strided_view(m.xp.zeros(reach, m.dtype), shape, tuple(s * width for s in steps))

    return new(make, dtype, device, requires_grad, like)


def empty_permuted(
    size: Any, physical_layout: Any, *, dtype: Any = None, layout: Any = None, device: Any = None,
    requires_grad: bool = False, pin_memory: bool = False,
) -> Tensor:  # fmt: skip
    """A tensor of zeros whose dimensions lie in memory in the order of `physical_layout`."""
    order = tuple(physical_layout)
    if sorted(order) != [d for d, _ in enumerate(size)]:
        raise RuntimeError(
            f"Number of dimensions in size {list(size)} does not match the physical layout {order}"
        )
    inner = _contiguous(tuple(size[d] for d in order))
    steps = tuple(inner[order.index(d)] for d, _ in enumerate(size))
    return empty_strided(size, steps, dtype=dtype, device=device, requires_grad=requires_grad)


@method()
def new_empty_strided(self: Tensor, size: Any, stride: Any, **options: Any) -> Tensor:
    """Like `empty_strided`, of this one's dtype and device."""
    return empty_strided(size, stride, like=self, **options)


def range(
    start: Any = 0, end: Any = None, step: Any = 1, *, dtype: Any = None, layout: Any = None,
    device: Any = None, requires_grad: bool = False,
) -> Tensor:  # fmt: skip
    """Numbers from `start` to `end`, included, in steps; prefer `arange`."""
    if end is None:
        start, end = 0, start
    if step == 0:
        raise RuntimeError("step must be nonzero")
    if not (math.isfinite(start) and math.isfinite(end)):
        raise RuntimeError(f"unsupported range: {start} -> {end}")
    if (end - start) * step < 0:
        raise RuntimeError(
            f"upper bound and lower bound inconsistent with step sign ({start} to {end} by {step})"
        )
    count = math.floor((end - start) / step) + 1
    return new(
        lambda m: (start + m.xp.arange(count) * step).astype(m.dtype),
        dtype, device, requires_grad,
    )  # fmt: skip


def frombuffer(
    buffer: Any, *, dtype: Any, count: int = -1, offset: int = 0, requires_grad: bool = False
) -> Tensor:
    """A vector on the memory of a Python buffer (bytes, bytearray, array ...).

    Memory that can't be written is copied.

    Raises
    ------
    ValueError
        If the buffer is too short, or not a whole number of elements.
    """
    kind = as_dtype(dtype).numpy
    total = memoryview(buffer).nbytes
    if not total or count == 0:
        raise ValueError(f"both buffer length ({total}) and count ({count}) must not be 0")
    if not 0 <= offset < total:
        raise ValueError(
            f"offset ({offset} bytes) must be non-negative and no greater than buffer length "
            f"({total} bytes) minus 1"
        )
    if count < 0 and (total - offset) % kind.itemsize:
        raise ValueError(
            f"buffer length ({total - offset} bytes) after offset ({offset} bytes) must be a "
            f"multiple of element size ({kind.itemsize})"
        )
    if count > 0 and offset + count * kind.itemsize > total:
        raise ValueError(
            f"requested buffer length ({count} * {kind.itemsize} bytes) after offset ({offset} "
            f"bytes) must not be greater than actual buffer length ({total} bytes)"
        )
    array = np.frombuffer(buffer, kind, count, offset)
    return finish(array if array.flags.writeable else array.copy(), requires_grad)


# ------------------------------------------------------------------ element by element


def _on_host(self: Tensor, name: str) -> None:
    if self.device.type != "cpu":
        raise DeviceError(
            f"{name} is only implemented on CPU tensors; got a tensor on {self.device}"
        )
    if self.requires_grad:
        raise AutogradError(
            f"Can't call {name}() on a tensor that requires grad; detach() it first"
        )


@method()
def apply_(self: Tensor, callable: Callable[[Any], Any]) -> Tensor:
    """Replace each element by what a Python function gives for it (slow)."""
    _on_host(self, "apply_")
    values = [callable(v) for v in self.reshape(-1).tolist()]
    return _filled(self, "apply_", values)


@method()
def map_(self: Tensor, tensor: Tensor, callable: Callable[[Any, Any], Any]) -> Tensor:
    """Replace each element by ``callable(it, that of the other tensor)`` (slow)."""
    _on_host(self, "map_")
    others = tensor.expand(self.shape).reshape(-1).tolist()
    pairs = zip(self.reshape(-1).tolist(), others, strict=True)
    return _filled(self, "map_", [callable(a, b) for a, b in pairs])


def _filled(self: Tensor, name: str, values: list[Any]) -> Tensor:
    array = np.array(values, self._array.dtype).reshape(self._array.shape)
    made: Tensor = Tensor._from_array(array)
    return inplace.write(self, name, lambda old: made)


@method()
def fill_diagonal_(self: Tensor, fill_value: Any, wrap: bool = False) -> Tensor:
    """Set the main diagonal; with `wrap` it begins anew below a tall matrix.

    Raises
    ------
    RuntimeError
        For fewer than two dimensions, or more than two of different sizes.
    """
    if not isinstance(fill_value, NUMBERS):
        raise TypeError(
            f"fill_diagonal_(): argument 'fill_value' must be a number, not "
            f"{type(fill_value).__name__}"
        )
    if self.ndim < 2:
        raise RuntimeError("dimensions must larger than 1")
    if self.ndim > 2 and len(set(self.shape)) > 1:
        raise RuntimeError("all dimensions of input must be of equal length")
    xp = backend_of(self._array).xp
    rows, columns = self.shape[0], self.shape[-1]
    if self.ndim == 2:
        down, across = xp.arange(rows).reshape(-1, 1), xp.arange(columns).reshape(1, -1)
        mask = (down % (columns + 1) if wrap else down) == across
    else:
        places = [
            xp.arange(rows).reshape((-1,) + (1,) * (self.ndim - d - 1))
            for d, _ in enumerate(self.shape)
        ]
        mask = xp.ones(self._array.shape, bool)
        for p in places[1:]:
            mask = mask & (p == places[0])
    where: Tensor = Tensor._from_array(mask)
    return inplace.write(self, "fill_diagonal_", lambda old: old.masked_fill(where, fill_value))


__all__ = ["empty_permuted", "empty_strided", "frombuffer", "range"]
