"""Containers -> pickle: just the opcodes that PyTorch's weights-only loader reads.

Python's own pickler would write whatever ``__reduce__`` says, and needs PyTorch to be
installed to refer to its functions by name.  Format: PEP 307 (protocol 2) and the module
pickletools.
"""

from __future__ import annotations

import struct
from collections import OrderedDict
from collections.abc import Callable, Iterable
from typing import Any

import numpy as np

from .. import dtypes
from .._tensor import Size, Tensor
from ..backends import device
from .storages import Storages, storage_name

_SAFE = "tensors, containers, numbers, strings, bytes, dtypes, sizes and devices"


_DEEPEST_KEY = 8


class Pickler:
    """Writes one object.

    Parameters
    ----------
    storages : Storages
        Collects the memory of its tensors.
    """

    def __init__(self, storages: Storages):
        self.storages = storages
        self.out = bytearray()
        self.memo: dict[int, int] = {}
        self.kept: list[Any] = []
        self.numbers: dict[int, int] = {}
        self.path: list[str] = []

    def dumps(self, obj: object) -> bytes:
        """The pickle; TypeError, with where it is, for what can't be saved."""
        self._collect(obj, set())
        self.storages.join()
        self.out += b"\x80\x02"
        self._write(obj)
        self.out += b"."
        return bytes(self.out)

    # -------------------------------------------------------------- which tensors there are

    def _collect(self, obj: Any, seen: set[int]) -> None:
        if isinstance(obj, Tensor):
            if id(obj) not in self.numbers:
                _check_tensor(obj)
                self.numbers[id(obj)] = len(self.numbers)
                self.storages.collect(obj)
        elif isinstance(obj, dict | list | tuple):
            if id(obj) in seen:
                return
            seen.add(id(obj))
            for part in obj.values() if isinstance(obj, dict) else obj:
                self._collect(part, seen)

    # -------------------------------------------------------------- objects

    def _write(self, obj: Any) -> None:
        if id(obj) in self.memo:
            self._get(self.memo[id(obj)])
            return
        write = _WRITERS.get(type(obj))
        if write is None:
            write = self._by_base(obj)
        write(self, obj)

    def _by_base(self, obj: Any) -> Callable[[Pickler, Any], None]:
        if isinstance(obj, Tensor):
            return Pickler._tensor
        if isinstance(obj, np.bool_ | np.number):
            return lambda self, x: self._write(x.item())
        name = f"{type(obj).__module__}.{type(obj).__qualname__}"
        remedy = f"only {_SAFE} can be saved"
        if hasattr(obj, "state_dict"):
            remedy = "save its state_dict() instead"
        elif isinstance(obj, np.ndarray):
            remedy = "turn it into a tensor with torch.from_numpy() first"
        elif isinstance(obj, dict | list | tuple | set | int | float | str):
            remedy = f"turn it into a plain {type(obj).__mro__[1].__name__} first"
        raise TypeError(
            f"can't save an object of type {name} (at obj{''.join(self.path)}): {remedy}"
        )

    def _none(self, _: None) -> None:
        self.out += b"N"

    def _bool(self, obj: bool) -> None:
        self.out += b"\x88" if obj else b"\x89"

    def _int(self, obj: int) -> None:
        if 0 <= obj < 256:
            self.out += b"K" + bytes([obj])
        elif -(1 << 31) <= obj < 1 << 31:
            self.out += b"J" + struct.pack("<i", obj)
        else:
            data = obj.to_bytes((obj.bit_length() >> 3) + 1, "little", signed=True)
            if len(data) > 255:
                raise TypeError(f"can't save an int of {obj.bit_length()} bits (at most 2039)")
            self.out += b"\x8a" + bytes([len(data)]) + data

    def _float(self, obj: float) -> None:
        self.out += b"G" + struct.pack(">d", obj)

    def _str(self, obj: str) -> None:
        data = obj.encode("utf-8", "surrogatepass")
        self.out += b"X" + struct.pack("<I", len(data)) + data

    def _complex(self, obj: complex) -> None:
        self._call("__builtin__ complex", obj.real, obj.imag)

    def _bytes(self, obj: bytes) -> None:
        self._call("_codecs encode", obj.decode("latin1"), "latin1")

    def _tuple(self, obj: tuple[Any, ...]) -> None:
        self._parts(obj, b"(", b"t")

    def _list(self, obj: list[Any]) -> None:
        self.out += b"]"
        self._put(obj)
        if obj:
            self._parts(obj, b"(", b"e")

    def _dict(self, obj: dict[Any, Any]) -> None:
        self.out += b"}"
        self._put(obj)
        self._items(obj)

    def _ordered(self, obj: OrderedDict[Any, Any]) -> None:
        self._call("collections OrderedDict")
        self._put(obj)
        self._items(obj)
        if vars(obj):  # a state_dict keeps the versions of its modules there
            self._write(dict(vars(obj)))
            self.out += b"b"

    def _set(self, obj: set[Any]) -> None:
        for member in obj:
            self._check_key(member)
        self._call("__builtin__ set", list(obj))
        self._put(obj)

    def _dtype(self, obj: dtypes.dtype) -> None:
        self._global(f"torch {obj.name}")

    def _size(self, obj: Size) -> None:
        self._call("torch Size", tuple(obj))

    def _device(self, obj: device) -> None:
        index = () if obj.index is None else (obj.index,)
        self._call("torch device", obj.type, *index)

    def _tensor(self, obj: Tensor) -> None:
        from ..nn.parameter import Parameter

        if isinstance(obj, Parameter):
            self._global("torch._utils _rebuild_parameter")
            self.out += b"("
            self._bare(obj, False)
        else:
            self._bare(obj, obj.requires_grad)
            self._put(obj)
            return
        self._bool(obj.requires_grad)
        self._ordered(OrderedDict())
        self.out += b"tR"
        self._put(obj)

    def _bare(self, obj: Tensor, requires_grad: bool) -> None:
        piece, offset, array = self.storages.place(self.numbers[id(obj)])
        self._global("torch._utils _rebuild_tensor_v2")
        self.out += b"(("
        self._str("storage")
        self._global(f"torch {storage_name(obj.dtype)}")
        for part in (str(piece.key), piece.location, piece.numel):
            self._write(part)
        self.out += b"tQ"
        self._int(offset)
        self._tuple(tuple(array.shape))
        self._tuple(tuple(s // array.itemsize for s in array.strides))
        self._bool(requires_grad)
        self._ordered(OrderedDict())
        self.out += b"tR"

    # -------------------------------------------------------------- opcodes

    def _items(self, obj: dict[Any, Any]) -> None:
        if not obj:
            return
        self.out += b"("
        for key, value in obj.items():
            self._check_key(key)
            self._write(key)
            self.path.append(f"[{key!r}]")
            self._write(value)
            self.path.pop()
        self.out += b"u"

    def _parts(self, parts: Iterable[Any], begin: bytes, end: bytes) -> None:
        self.out += begin
        for i, part in enumerate(parts):
            self.path.append(f"[{i}]")
            self._write(part)
            self.path.pop()
        self.out += end

    def _check_key(self, key: Any) -> None:
        if not is_plain_key(key):
            raise TypeError(
                f"can't save a key, or a member of a set, of type {type(key).__name__} (at "
                f"obj{''.join(self.path)}): only numbers, strings and tuples of them"
            )

    def _global(self, name: str) -> None:
        self.out += b"c" + name.replace(" ", "\n").encode() + b"\n"

    def _call(self, name: str, *args: Any) -> None:
        self._global(name)
        self._tuple(args)
        self.out += b"R"

    def _put(self, obj: Any) -> None:
        at = self.memo[id(obj)] = len(self.memo)
        self.kept.append(obj)  # so that no other object gets its id
        self.out += b"r" + struct.pack("<I", at)

    def _get(self, at: int) -> None:
        self.out += b"j" + struct.pack("<I", at)


_WRITERS: dict[type, Callable[[Pickler, Any], None]] = {
    type(None): Pickler._none, bool: Pickler._bool, int: Pickler._int, float: Pickler._float,
    str: Pickler._str, complex: Pickler._complex, bytes: Pickler._bytes, tuple: Pickler._tuple,
    list: Pickler._list, dict: Pickler._dict, OrderedDict: Pickler._ordered, set: Pickler._set,
    dtypes.dtype: Pickler._dtype, Size: Pickler._size, device: Pickler._device,
}  # fmt: skip


def is_plain_key(key: Any, deep: int = 0) -> bool:
    """Whether hashing a key calls nothing of the user's, and ends soon."""
    if type(key) is tuple and deep < _DEEPEST_KEY:
        return all(is_plain_key(part, deep + 1) for part in key)
    return type(key) in _KEYS


_KEYS = (str, int, float, complex, bool, bytes, type(None), dtypes.dtype, device)


def _check_tensor(obj: Tensor) -> None:
    from ..nn.parameter import Buffer, Parameter

    if type(obj) not in (Tensor, Parameter, Buffer):
        raise TypeError(
            f"can't save a tensor of type {type(obj).__qualname__}: save plain tensors and "
            "parameters, such as x.as_subclass(torch.Tensor) or x.detach()"
        )
