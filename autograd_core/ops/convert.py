"""Other dtypes and devices."""

from __future__ import annotations

from typing import Any

from .. import backends, dtypes, legacy_types
from .._tensor import Tensor, method
from ..backends import device as device_type
from ..backends import move
from ..declare import op
from ..dispatch import NUMBERS

# ------------------------------------------------------------------ the two primitives


@op("ToCopyBackward0", types="free", moves=True)
def to_dtype(xp: Any, input: Any, *, dtype: Any) -> Any:
    """A copy with elements of another NumPy dtype."""
    if input.dtype.kind == "c" and dtype.kind != "c":
        input = input.real
    return xp.array(input, dtype=dtype, order="C", copy=True)


@to_dtype.vjp
def _(F: Any, g: Any, input_dtype: Any) -> Any:
    return F.to_dtype(g, dtype=input_dtype)


@op("ToCopyBackward0", types="free", moves=True)
def to_device(xp: Any, input: Any, *, target: Any, source: Any) -> Any:
    """A copy on the device `target` (`source` is where the gradient goes back to)."""
    moved = move(input, target)
    return moved.copy() if moved is input else moved


@to_device.vjp
def _(F: Any, g: Any, target: Any, source: Any) -> Any:
    return F.to_device(g, target=source, source=target)


# ------------------------------------------------------------------ to()


@method()
def to(self: Tensor, *args: Any, **kwargs: Any) -> Tensor:
    """The tensor in another dtype or on another device; itself if nothing changes.

    Called as ``to(dtype)``, ``to(device)``, ``to(device, dtype)`` or ``to(other)``, each
    with ``non_blocking`` and ``copy``.

    Parameters
    ----------
    dtype : dtype, optional
    device : device or str, optional
    other : Tensor, optional
        Take both from this tensor.
    copy : bool, default False
        Copy even if nothing changes.

    Raises
    ------
    DeviceError
        If there is no such device.
    """
    where, kind, copy = _read_to(args, kwargs)
    result = self
    if where is not None and not _is_there(self, where):
        result = to_device.call(result, target=where, source=self.device)
    if kind is not None and kind is not result.dtype:
        backends.backend_of(result._array).supported(kind.numpy)
        result = to_dtype.call(result, dtype=kind.numpy)
    if copy and result is self:
        result = to_dtype.call(result, dtype=self._array.dtype)
    return result


def _is_there(t: Tensor, where: device_type) -> bool:
    backends.backend(where.type)
    here = t.device
    return here.type == where.type and where.index in (None, here.index or 0)


def _read_to(
    args: tuple[Any, ...], kwargs: dict[str, Any]
) -> tuple[device_type | None, dtypes.dtype | None, bool]:
    """(device, dtype, copy) of PyTorch's four ways to call ``to``."""
    where = kwargs.pop("device", None)
    kind = kwargs.pop("dtype", None)
    other = kwargs.pop("other", None)
    flags = [kwargs.pop("non_blocking", False), kwargs.pop("copy", False)]
    kwargs.pop("memory_format", None)
    if kwargs:
        raise TypeError(f"to() got an unexpected keyword argument '{next(iter(kwargs))}'")
    rest: list[Any] = []
    for i, value in enumerate(args):
        if isinstance(value, Tensor) and i == 0:
            other = value
        elif isinstance(value, bool):
            rest.append(value)
        elif isinstance(value, str | device_type | int):
            where = value
        elif value is not None:
            kind = value
    if rest:
        flags[: len(rest)] = rest
    if other is not None:
        where, kind = other.device, other.dtype
    return (
        None if where is None else device_type(where),
        None if kind is None else dtypes.as_dtype(kind),
        bool(flags[1]),
    )


_TENSOR_TYPES = {
    "FloatTensor": "float32", "DoubleTensor": "float64", "HalfTensor": "float16",
    "BFloat16Tensor": "bfloat16", "LongTensor": "int64", "IntTensor": "int32",
    "ShortTensor": "int16", "CharTensor": "int8", "ByteTensor": "uint8", "BoolTensor": "bool",
}  # fmt: skip


@method()
def type(self: Tensor, dtype: Any = None, non_blocking: bool = False) -> Any:
    """The old name of the type (``torch.FloatTensor``), or this tensor in another dtype."""
    if dtype is None:
        stem = next((k for k, v in _TENSOR_TYPES.items() if v == self.dtype.name), "Tensor")
        return f"torch.{'cuda.' if self.is_cuda else ''}{stem}"
    if isinstance(dtype, str):
        stem = dtype.rpartition(".")[2]
        if stem not in _TENSOR_TYPES:
            raise ValueError(f"invalid type: '{dtype}'")
        dtype = next(d for d in dtypes.ALL if d.name == _TENSOR_TYPES[stem])
    if isinstance(dtype, legacy_types.TensorType):
        dtype = dtype.dtype
    return to(self, dtype)


@method()
def type_as(self: Tensor, other: Tensor) -> Tensor:
    """The tensor in the dtype and on the device of another."""
    return to(self, other)


def _caster(name: str, kind: dtypes.dtype) -> None:
    def cast(self: Tensor, memory_format: Any = None) -> Tensor:
        return to(self, kind)

    cast.__name__ = cast.__qualname__ = name
    cast.__doc__ = f"This tensor as {kind.name}; itself if it is that already."
    setattr(Tensor, name, cast)


for _name, _kind in (
    ("float", dtypes.float32), ("double", dtypes.float64), ("half", dtypes.float16),
    ("bfloat16", dtypes.bfloat16), ("int", dtypes.int32), ("long", dtypes.int64),
    ("short", dtypes.int16), ("byte", dtypes.uint8), ("char", dtypes.int8),
    ("bool", dtypes.bool_), ("cfloat", dtypes.complex64), ("cdouble", dtypes.complex128),
):  # fmt: skip
    _caster(_name, _kind)


@method()
def cpu(self: Tensor, memory_format: Any = None) -> Tensor:
    """The tensor in host memory; itself if it is there already."""
    return to(self, device="cpu")


@method()
def cuda(
    self: Tensor, device: Any = None, non_blocking: bool = False, memory_format: Any = None
) -> Tensor:
    """The tensor on a GPU.

    Raises
    ------
    DeviceError
        If there is no GPU, or CuPy is missing.
    """
    return to(self, device=device_type("cuda" if device is None else device))


# ------------------------------------------------------------------ questions


def is_tensor(obj: Any) -> bool:
    """Whether `obj` is a Tensor."""
    return isinstance(obj, Tensor)


def is_floating_point(input: Tensor) -> bool:
    """Whether the elements are real floats."""
    return input.is_floating_point()


def is_complex(input: Tensor) -> bool:
    """Whether the elements are complex."""
    return input.is_complex()


def is_nonzero(input: Tensor) -> bool:
    """Whether the only element is not zero."""
    return bool(input)


def is_signed(input: Tensor) -> bool:
    """Whether the elements can be negative."""
    return input.is_signed()


def is_inference(input: Tensor) -> bool:
    """Whether it was made in inference mode."""
    return input.is_inference()


@method()
def is_same_size(input: Tensor, other: Tensor) -> bool:
    """Whether two tensors have the same shape."""
    return input.shape == other.shape


def detach(input: Tensor) -> Tensor:
    """The same memory outside the graph."""
    return input.detach()


def get_device(input: Tensor) -> int:
    """The GPU's number, -1 on the CPU."""
    return input.get_device()


def typename(obj: Any) -> str:
    """The full name of the type of an object; of a tensor its old name, ``torch.FloatTensor``."""
    if isinstance(obj, Tensor):
        return str(obj.type())
    name: str = obj.__class__.__module__ + "." + obj.__class__.__qualname__
    return name.removeprefix("builtins.")


method("is_nonzero")(is_nonzero)


def numel(input: Tensor) -> int:
    """The number of elements."""
    return input.numel()


def result_type(tensor1: Any, tensor2: Any) -> dtypes.dtype:
    """The dtype of arithmetic on two tensors or numbers."""
    return dtypes.result_type_of([operand(tensor1), operand(tensor2)])


def operand(x: Any) -> tuple[dtypes.dtype, int]:
    """(dtype, rank) of a tensor or number, for the promotion rules."""
    if isinstance(x, Tensor):
        return x.dtype, 2 if x._array.ndim else 1
    if isinstance(x, NUMBERS):
        return dtypes.python_dtype(x), 0
    raise TypeError(f"expected a Tensor or a number, got {type(x).__name__}")


def can_cast(from_: dtypes.dtype, to: dtypes.dtype) -> bool:
    """Whether promotion allows it: to no lower category (float to int loses, float to half not)."""
    return from_.category <= to.category and not (
        from_.category == dtypes.INTEGER and from_.is_signed and to is dtypes.uint8
    )


__all__ = [
    "is_tensor", "is_floating_point", "is_complex", "is_nonzero", "numel", "result_type",
    "can_cast", "detach", "get_device", "is_inference", "is_same_size", "is_signed", "typename",
]  # fmt: skip
