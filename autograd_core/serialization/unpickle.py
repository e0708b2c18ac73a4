"""Pickle -> containers, by an interpreter that calls nothing but what it knows.

Python's unpickler calls whatever a pickle names, takes memory that a pickle claims to need,
and follows structures as deep as they go.  This one reads a dozen names, checks lengths
against what is there, and keeps no more on its stacks than the pickle has bytes.
"""

from __future__ import annotations

import pickle
import pickletools
import struct
from collections import OrderedDict
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from .. import dtypes
from .._tensor import Size, Tensor
from ..backends import device
from .pickled import is_plain_key
from .storages import STORAGE_TYPES, Loader, StoredArray, as_parameter

if TYPE_CHECKING:
    from collections.abc import Iterator


class _Known:
    """A function that a pickle may name."""

    def __init__(self, name: str, call: Callable[..., Any]):
        self.name = name
        self.call = call


class Unpickler:
    """Reads one pickle.

    Parameters
    ----------
    data : bytes
        The pickle.
    loader : Loader
        Makes its tensors.

    Raises
    ------
    pickle.UnpicklingError
        From `load`, if the pickle names anything unknown or is damaged.
    """

    def __init__(self, data: bytes, loader: Loader):
        self.data = data
        self.loader = loader
        self.at = 0
        self.stack: list[Any] = []
        self.marks: list[list[Any]] = []
        self.memo: dict[int, Any] = {}

    def load(self) -> Any:
        """The object."""
        try:
            while True:
                opcode = self._take(1)
                if opcode == b".":
                    return _finished(self.stack.pop())
                step = _STEPS.get(opcode)
                if step is None:
                    raise pickle.UnpicklingError(f"unsupported opcode {opcode!r}")
                step(self)
        except pickle.UnpicklingError as error:
            raise self._refused(error) from None
        except (RuntimeError, ImportError, OSError):
            raise
        except Exception as error:  # a stack that is empty, bytes that are no text ...
            shown = f"{type(error).__name__}: {error}"
            raise self._refused(pickle.UnpicklingError(f"it is damaged ({shown})")) from None

    def _refused(self, error: pickle.UnpicklingError) -> pickle.UnpicklingError:
        return pickle.UnpicklingError(
            f"Weights only load failed at byte {self.at} of data.pkl: {error}"
        )

    # -------------------------------------------------------------- bytes

    def _take(self, n: int) -> bytes:
        piece = self.data[self.at : self.at + n]
        if n < 0 or len(piece) < n:
            raise pickle.UnpicklingError("it is truncated")
        self.at += n
        return piece

    def _number(self, form: str) -> Any:
        return struct.unpack(form, self._take(struct.calcsize(form)))[0]

    def _line(self) -> str:
        end = self.data.find(b"\n", self.at)
        if end < 0:
            raise pickle.UnpicklingError("it is truncated")
        return self._take(end + 1 - self.at)[:-1].decode("utf-8")

    def _since_mark(self) -> list[Any]:
        if not self.marks:
            raise pickle.UnpicklingError("a mark is missing")
        parts, self.stack = self.stack, self.marks.pop()
        return parts

    # -------------------------------------------------------------- names and calls

    def _global(self) -> None:
        self.stack.append(self._find(self._line(), self._line()))

    def _stack_global(self) -> None:
        name, module = self.stack.pop(), self.stack.pop()
        self.stack.append(self._find(module, name))

    def _find(self, module: Any, name: Any) -> Any:
        full = f"{module}.{name}"
        if full in _KNOWN:
            return _KNOWN[full]
        if full in _DTYPES:
            return _DTYPES[full]
        stem = full.removeprefix("torch.")
        if stem in STORAGE_TYPES:
            return STORAGE_TYPES[stem]
        raise pickle.UnpicklingError(_unknown(full, self.data))

    def _reduce(self) -> None:
        args, function = self.stack.pop(), self.stack.pop()
        if not isinstance(function, _Known) or not isinstance(args, tuple):
            raise pickle.UnpicklingError(
                f"it calls {_brief(function)}, which is none of the functions that may be called"
            )
        self.stack.append(function.call(*args))

    def _build(self) -> None:
        """An OrderedDict's ``_metadata``; what else objects have is not read."""
        state = self.stack.pop()
        target = self.stack[-1]
        if isinstance(target, OrderedDict) and isinstance(state, dict):
            metadata = state.get("_metadata")
            if isinstance(metadata, dict):
                vars(target)["_metadata"] = metadata
        elif not isinstance(target, Tensor):
            raise pickle.UnpicklingError(f"it sets the state of {_brief(target)}")

    def _persistent(self) -> None:
        pid = self.stack.pop()
        if not (isinstance(pid, tuple) and len(pid) == 5 and pid[0] == "storage"):
            raise pickle.UnpicklingError(f"it refers to {_brief(pid)}, which is no tensor's memory")
        _, kind, key, location, numel = pid
        if not isinstance(kind, dtypes.dtype):
            raise pickle.UnpicklingError(f"it has memory of {_brief(kind)}, which is no known type")
        if type(numel) is not int or numel < 0 or not isinstance(location, str):
            raise pickle.UnpicklingError("it has memory of no size or place")
        if not isinstance(key, str) or not key.isalnum():
            raise pickle.UnpicklingError(f"it refers to the record {_brief(key)}")
        self.stack.append(self.loader.storage(kind, key, location, numel))

    # -------------------------------------------------------------- containers

    def _append(self, parts: list[Any]) -> None:
        target = self.stack[-1]
        if type(target) is not list:
            raise pickle.UnpicklingError(f"it appends to {_brief(target)}")
        target.extend(parts)

    def _set_items(self, parts: list[Any]) -> None:
        target = self.stack[-1]
        if type(target) not in (dict, OrderedDict) or len(parts) % 2:
            raise pickle.UnpicklingError(f"it sets items of {_brief(target)}")
        for key, value in zip(parts[::2], parts[1::2], strict=True):
            _check_key(key)
            target[key] = value

    def _add_items(self) -> None:
        parts, target = self._since_mark(), self.stack[-1]
        if type(target) is not set:
            raise pickle.UnpicklingError(f"it adds to {_brief(target)}")
        target.update(_hashable(parts))

    def _mark(self) -> None:
        self.marks.append(self.stack)
        self.stack = []

    def _tuple(self, n: int) -> None:
        if len(self.stack) < n:
            raise pickle.UnpicklingError("its stack is empty")
        self.stack[len(self.stack) - n :] = [tuple(self.stack[-n:])]

    # -------------------------------------------------------------- numbers and text

    def _long(self, n: int) -> None:
        if n > 1024:
            raise pickle.UnpicklingError(f"it has an int of {n} bytes")
        self.stack.append(int.from_bytes(self._take(n), "little", signed=True))

    def _text(self, n: int) -> None:
        self.stack.append(self._take(n).decode("utf-8", "surrogatepass"))

    def _put(self, at: int) -> None:
        self.memo[at] = self.stack[-1]

    def _get(self, at: int) -> None:
        if at not in self.memo:
            raise pickle.UnpicklingError(f"it refers to object {at}, which is not there")
        self.stack.append(self.memo[at])


def _finished(result: Any) -> Any:
    """The result, if no memory without a tensor and no function is in it."""
    seen: set[int] = set()
    left = [result]
    while left:
        part = left.pop()
        if isinstance(part, StoredArray | _Known):
            raise pickle.UnpicklingError(f"it holds {_brief(part)} that is not part of a tensor")
        if isinstance(part, dict | list | tuple) and id(part) not in seen:
            seen.add(id(part))
            left.extend(part.values() if isinstance(part, dict) else part)
    return result


def _unknown(name: str, data: bytes) -> str:
    names = [name, *(found for found in _names_in(data) if found not in _KNOWN)]
    others = [n for n in dict.fromkeys(names) if n not in _DTYPES]
    others = [n for n in others if n.removeprefix("torch.") not in STORAGE_TYPES]
    what = f"Unsupported global: GLOBAL {name} was not an allowed global by default"
    if len(others) > 1:
        shown = ", ".join(others[1:6]) + (" ..." if len(others) > 6 else "")
        what += f" (nor {shown})"
    return (
        f"{what}. Only tensors, containers, numbers and strings are loaded; nothing of the file "
        "has been run. If you trust it, load it in PyTorch and save its state_dict() again."
    )


def _names_in(data: bytes) -> Iterator[str]:
    """The names in a pickle, as far as it can be read."""
    try:
        for opcode, argument, _ in pickletools.genops(data):
            if opcode.name == "GLOBAL":
                yield str(argument).replace(" ", ".")
    except Exception:
        return


def _brief(value: Any) -> str:
    if isinstance(value, StoredArray):
        return "a storage"
    if isinstance(value, _Known):
        return value.name
    if isinstance(value, str | int | float | bytes | dtypes.dtype):
        return repr(value)[:80]
    return f"a {type(value).__name__}"


def _check_key(key: Any) -> None:
    if not is_plain_key(key):
        raise pickle.UnpicklingError(f"it has {_brief(key)} as a key")


def _hashable(parts: Any) -> Any:
    if not isinstance(parts, list | tuple):
        raise pickle.UnpicklingError(f"it makes a set of {_brief(parts)}")
    for part in parts:
        _check_key(part)
    return parts


# ------------------------------------------------------------------ the names that may be called


def _rebuild_tensor(
    storage: Any,
    offset: Any,
    size: Any,
    stride: Any,
    requires_grad: Any = False,
    backward_hooks: Any = None,
    metadata: Any = None,
) -> Tensor:
    if not isinstance(storage, StoredArray):
        raise pickle.UnpicklingError(f"it makes a tensor of {_brief(storage)}")
    if not isinstance(size, tuple) or not isinstance(stride, tuple):
        raise pickle.UnpicklingError("it has a tensor without sizes")
    found = storage.view(offset, tuple(size), stride)
    bits = metadata if isinstance(metadata, dict) else {}
    found = found.conj() if bits.get("conj") else found
    found = -found if bits.get("neg") else found
    return found.requires_grad_(requires_grad is True)


def _rebuild_parameter(data: Any, requires_grad: Any = True, *_: Any) -> Tensor:
    if not isinstance(data, Tensor):
        raise pickle.UnpicklingError(f"it makes a parameter of {_brief(data)}")
    return as_parameter(data, requires_grad is True)


def _encode(text: Any, encoding: Any = "latin1") -> bytes:
    if not isinstance(text, str) or encoding not in ("latin1", "utf-8", "ascii"):
        raise pickle.UnpicklingError("it has bytes that are not encoded as text")
    return text.encode(encoding)


def _size(*sizes: Any) -> Size:
    parts = sizes[0] if len(sizes) == 1 and isinstance(sizes[0], tuple | list) else sizes
    if any(type(n) is not int for n in parts):
        raise pickle.UnpicklingError("it has a size that is no tuple of ints")
    return Size(parts)


def _device(kind: Any = "cpu", index: Any = None) -> device:
    if not isinstance(kind, str) or not (index is None or type(index) is int):
        raise pickle.UnpicklingError(f"it has a device {_brief(kind)}")
    return device(kind, index)


def _complex(real: Any = 0, imag: Any = 0) -> complex:
    return complex(float(real), float(imag))


def _ordered(*pairs: Any) -> OrderedDict[Any, Any]:
    made: OrderedDict[Any, Any] = OrderedDict()
    for key, value in pairs[0] if pairs else ():
        _check_key(key)
        made[key] = value
    return made


_CALLS: dict[str, Callable[..., Any]] = {
    "torch._utils._rebuild_tensor": _rebuild_tensor,
    "torch._utils._rebuild_tensor_v2": _rebuild_tensor,
    "torch._utils._rebuild_parameter": _rebuild_parameter,
    "torch._utils._rebuild_parameter_with_state": _rebuild_parameter,
    "torch.serialization._get_layout": lambda name: name,
    "torch.Size": _size,
    "torch.device": _device,
    "collections.OrderedDict": _ordered,
    "_codecs.encode": _encode,
    **{
        f"{module}.{name}": call
        for module in ("builtins", "__builtin__")
        for name, call in (
            ("set", lambda parts=(): set(_hashable(parts))),
            ("frozenset", lambda parts=(): frozenset(_hashable(parts))),
            ("complex", _complex),
            ("bytes", lambda: b""),  # what Python 2's protocols have for empty bytes
        )
    },
}
_KNOWN = {name: _Known(name, call) for name, call in _CALLS.items()}
_DTYPES = {f"torch.{kind.name}": kind for kind in dtypes.ALL}


# ------------------------------------------------------------------ the opcodes

Step = Callable[[Unpickler], Any]


def _constant(make: Callable[[], Any]) -> Step:
    return lambda u: u.stack.append(make())


def _reading(form: str, use: Callable[[Unpickler, Any], Any]) -> Step:
    return lambda u: use(u, u._number(form))


def _push(u: Unpickler, value: Any) -> None:
    u.stack.append(value)


_STEPS: dict[bytes, Step] = {
    pickle.PROTO: lambda u: u._take(1),
    pickle.FRAME: lambda u: u._take(8),
    pickle.MARK: Unpickler._mark,
    pickle.POP: lambda u: u.stack.pop(),
    pickle.NONE: _constant(lambda: None),
    pickle.NEWTRUE: _constant(lambda: True),
    pickle.NEWFALSE: _constant(lambda: False),
    pickle.EMPTY_TUPLE: _constant(tuple),
    pickle.EMPTY_LIST: _constant(list),
    pickle.EMPTY_DICT: _constant(dict),
    pickle.EMPTY_SET: _constant(set),
    pickle.BININT: _reading("<i", _push),
    pickle.BININT1: _reading("<B", _push),
    pickle.BININT2: _reading("<H", _push),
    pickle.BINFLOAT: _reading(">d", _push),
    pickle.LONG1: _reading("<B", Unpickler._long),
    pickle.LONG4: _reading("<i", Unpickler._long),
    pickle.BINUNICODE: _reading("<I", Unpickler._text),
    pickle.SHORT_BINUNICODE: _reading("<B", Unpickler._text),
    pickle.BINUNICODE8: _reading("<Q", Unpickler._text),
    pickle.BINBYTES: _reading("<I", lambda u, n: _push(u, u._take(n))),
    pickle.SHORT_BINBYTES: _reading("<B", lambda u, n: _push(u, u._take(n))),
    pickle.BINBYTES8: _reading("<Q", lambda u, n: _push(u, u._take(n))),
    pickle.TUPLE: lambda u: _push(u, tuple(parts)) if (parts := u._since_mark()) else _push(u, ()),
    pickle.TUPLE1: lambda u: u._tuple(1),
    pickle.TUPLE2: lambda u: u._tuple(2),
    pickle.TUPLE3: lambda u: u._tuple(3),
    pickle.APPEND: lambda u: u._append([u.stack.pop()]),
    pickle.APPENDS: lambda u: u._append(u._since_mark()),
    pickle.SETITEM: lambda u: u._set_items([u.stack.pop(), u.stack.pop()][::-1]),
    pickle.SETITEMS: lambda u: u._set_items(u._since_mark()),
    pickle.ADDITEMS: Unpickler._add_items,
    pickle.FROZENSET: lambda u: _push(u, frozenset(_hashable(u._since_mark()))),
    pickle.BINPUT: _reading("<B", Unpickler._put),
    pickle.LONG_BINPUT: _reading("<I", Unpickler._put),
    pickle.MEMOIZE: lambda u: u._put(len(u.memo)),
    pickle.BINGET: _reading("<B", Unpickler._get),
    pickle.LONG_BINGET: _reading("<I", Unpickler._get),
    pickle.GLOBAL: Unpickler._global,
    pickle.STACK_GLOBAL: Unpickler._stack_global,
    pickle.REDUCE: Unpickler._reduce,
    pickle.BUILD: Unpickler._build,
    pickle.BINPERSID: Unpickler._persistent,
}
