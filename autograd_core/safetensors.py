"""safetensors: tensors by name in one file, with nothing in it that could be run.

::

    8 bytes    n, the length of the header, little-endian
    n bytes    JSON: {"w": {"dtype": "F32", "shape": [2, 3], "data_offsets": [0, 24]}, ...}
    the rest   the tensors' bytes, little-endian, C order, without gaps

Format: https://github.com/huggingface/safetensors#format.  The names are those of the
package's ``safetensors.torch``, which need not be installed.
"""

from __future__ import annotations

import io
import json
import os
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any, BinaryIO

import numpy as np

from . import dtypes
from ._tensor import Tensor
from .backends import device as device_type
from .backends import move

__all__ = ["SafetensorError", "load", "load_file", "safe_open", "save", "save_file"]

_MOST_HEADER = 100_000_000
_NAMES = {
    dtypes.bool_: "BOOL", dtypes.uint8: "U8", dtypes.int8: "I8", dtypes.int16: "I16",
    dtypes.float16: "F16", dtypes.bfloat16: "BF16", dtypes.int32: "I32", dtypes.float32: "F32",
    dtypes.complex64: "C64", dtypes.float64: "F64", dtypes.int64: "I64",
}  # fmt: skip
_ORDER = list(_NAMES)
"""Tensors are written from the last of these to the first, so each is aligned."""
_DTYPES = {name: kind for kind, name in _NAMES.items()}


class SafetensorError(Exception):
    """A file that is no safetensors file, or a damaged one."""


# ------------------------------------------------------------------ to write


def save_file(
    tensors: Mapping[str, Tensor],
    filename: str | os.PathLike[str],
    metadata: Mapping[str, str] | None = None,
) -> None:
    """Save tensors by name to a file, which takes the place of an old one as a whole.

    Parameters
    ----------
    tensors : dict of str to Tensor
        Contiguous, and none sharing memory with another.
    filename : path
    metadata : dict of str to str, optional
        Free text to go with them, such as ``{"format": "pt"}``.

    Raises
    ------
    ValueError, RuntimeError
        If a tensor is not contiguous, or two share memory.
    TypeError
        If it is no dict of tensors, or a dtype that the format does not have.
    OSError
        If the file can't be written.
    """
    from .serialization.files import replacing

    header, arrays = _prepare(tensors, metadata)
    with replacing(filename) as file:
        file.write(header)
        for array in arrays:
            file.write(array.data)


def save(tensors: Mapping[str, Tensor], metadata: Mapping[str, str] | None = None) -> bytes:
    """The same as bytes; see `save_file`."""
    header, arrays = _prepare(tensors, metadata)
    return b"".join([header, *(array.tobytes() for array in arrays)])


def _prepare(
    tensors: Mapping[str, Tensor], metadata: Mapping[str, str] | None
) -> tuple[bytes, list[Any]]:
    """The header, and the bytes of the tensors in their order: the widest elements first."""
    _check_tensors(tensors)
    header: dict[str, Any] = {}
    if metadata is not None:
        if not all(isinstance(t, str) for pair in metadata.items() for t in pair):
            raise TypeError("metadata must be a dict of str to str")
        header["__metadata__"] = dict(metadata)
    arrays, at = [], 0
    for name in sorted(tensors, key=lambda n: (-_ORDER.index(tensors[n].dtype), n)):
        tensor = tensors[name]
        raw = _little(tensor._host(), tensor.dtype)
        header[name] = {
            "dtype": _NAMES[tensor.dtype],
            "shape": list(tensor.shape),
            "data_offsets": [at, at + raw.size],
        }
        arrays.append(raw)
        at += raw.size
    text = json.dumps(header, separators=(",", ":"), ensure_ascii=False).encode()
    text += b" " * (-len(text) % 8)
    return len(text).to_bytes(8, "little") + text, arrays


def _check_tensors(tensors: Any) -> None:
    if not isinstance(tensors, Mapping):
        raise ValueError(f"Expected a dict of [str, torch.Tensor] but received {type(tensors)}")
    seen: dict[tuple[int, str], str] = {}
    shared = []
    for name, tensor in tensors.items():
        if not isinstance(name, str) or name == "__metadata__":
            raise TypeError(f"a tensor's name must be a str other than '__metadata__': {name!r}")
        if not isinstance(tensor, Tensor):
            raise ValueError(
                f"Key `{name}` is invalid, expected torch.Tensor but received {type(tensor)}"
            )
        if tensor.dtype not in _NAMES:
            raise TypeError(f"Key `{name}`: safetensors has no dtype {tensor.dtype!r}")
        if not tensor.is_contiguous():
            raise ValueError(
                f"You are trying to save a non contiguous tensor: `{name}` which is not allowed. "
                "Call .contiguous() on it before saving."
            )
        if tensor.numel():
            first = seen.setdefault((tensor.data_ptr(), str(tensor.device)), name)
            if first != name:
                shared.append((first, name))
    if shared:
        raise RuntimeError(
            "Some tensors share memory, this will lead to duplicate memory on disk and potential "
            f"differences when loading them again: {shared}. Leave out one of each pair, clone() "
            "it, or save to a path that ends in .pt, which keeps the sharing."
        )


def _little(array: Any, kind: dtypes.dtype) -> Any:
    """An array's bytes in little-endian order."""
    flat = np.ascontiguousarray(array).reshape(-1)
    return _swapped(flat.view(np.uint8), kind)


def _swapped(raw: Any, kind: dtypes.dtype) -> Any:
    """Bytes between this machine's order and little-endian."""
    width = kind.itemsize // (2 if kind.is_complex else 1)
    if np.little_endian or width == 1:
        return raw
    return raw.view(f"u{width}").byteswap().view(np.uint8)


# ------------------------------------------------------------------ to read


class _Entry:
    """Where one tensor lies."""

    def __init__(self, kind: dtypes.dtype, shape: tuple[int, ...], begin: int, end: int):
        self.kind = kind
        self.shape = shape
        self.begin = begin
        self.end = end


def load_file(filename: str | os.PathLike[str], device: Any = "cpu") -> dict[str, Tensor]:
    """The tensors of a file by name.

    Parameters
    ----------
    filename : path
    device : str, device or int, default "cpu"
        Where they go.

    Raises
    ------
    SafetensorError
        If the file is truncated, damaged, or no safetensors file.
    OSError
        If it can't be read.
    """
    with safe_open(filename, framework="pt", device=device) as file:
        return {name: file.get_tensor(name) for name in file.offset_keys()}


def load(data: bytes) -> dict[str, Tensor]:
    """The tensors in bytes by name; see `load_file`."""
    with _opened(io.BytesIO(data), "cpu") as file:
        return {name: file.get_tensor(name) for name in file.offset_keys()}


@contextmanager
def _opened(file: BinaryIO, device: Any) -> Iterator[safe_open]:
    opened = safe_open.__new__(safe_open)
    opened._begin(file, device)
    with opened:
        yield opened


class safe_open:
    """Read a file tensor by tensor.

    Parameters
    ----------
    filename : path
    framework : {"pt", "torch"}
        Accepted for the sake of the package's signature.
    device : str, device or int, default "cpu"
        Where tensors go.

    Raises
    ------
    SafetensorError, OSError
        See `load_file`.

    Examples
    --------
    >>> import autograd_core as ag
    >>> from autograd_core.safetensors import safe_open, save_file
    >>> import tempfile, os
    >>> path = os.path.join(tempfile.mkdtemp(), "model.safetensors")
    >>> save_file({"w": ag.tensor([[1.0, 2.0], [3.0, 4.0]])}, path)
    >>> with safe_open(path, framework="pt") as f:
    ...     f.keys(), f.get_slice("w")[1:, 0]
    (['w'], tensor([3.]))
    """

    def __init__(
        self, filename: str | os.PathLike[str], framework: str = "pt", device: Any = "cpu"
    ):
        if framework not in ("pt", "torch", "pytorch"):
            raise SafetensorError(
                f"framework {framework} is invalid: tensors are ours, so say 'pt'"
            )
        file = open(filename, "rb")  # noqa: SIM115 - closed by __exit__
        try:
            self._begin(file, device)
        except BaseException:
            file.close()
            raise

    def _begin(self, file: BinaryIO, device: Any) -> None:
        self._file = file
        self._device = device_type(device)
        self._entries, self._metadata, self._start = _read_header(file)

    def __enter__(self) -> safe_open:
        return self

    def __exit__(self, *exc: object) -> None:
        self._file.close()

    def keys(self) -> list[str]:
        """The names, in alphabetical order."""
        return sorted(self._entries)

    def offset_keys(self) -> list[str]:
        """The names in the order of the file."""
        return sorted(self._entries, key=lambda name: self._entries[name].begin)

    def metadata(self) -> dict[str, str] | None:
        """The free text that was saved with the tensors."""
        return self._metadata

    def get_tensor(self, name: str) -> Tensor:
        """One tensor."""
        array = self._read(name, self._entry(name))
        made: Tensor = Tensor._from_array(move(array, self._device))
        return made

    def get_slice(self, name: str) -> _Slice:
        """One tensor, of which only what is indexed leaves the file's bytes."""
        return _Slice(self, name)

    def _entry(self, name: str) -> _Entry:
        if name not in self._entries:
            raise SafetensorError(f"File does not contain tensor {name}")
        return self._entries[name]

    def _read(self, name: str, entry: _Entry) -> Any:
        raw = np.empty(entry.end - entry.begin, np.uint8)
        self._file.seek(self._start + entry.begin)
        if self._file.readinto(raw) != raw.size:  # type: ignore[attr-defined]
            raise SafetensorError(f"the file ends within the tensor {name}")
        if entry.kind is dtypes.bool_ and raw.size and raw.max() > 1:
            raw = np.not_equal(raw, 0).view(np.uint8)
        return _swapped(raw, entry.kind).view(entry.kind.numpy).reshape(entry.shape)


class _Slice:
    """A tensor in a file that can be asked for its shape, and for parts."""

    def __init__(self, file: safe_open, name: str):
        self._file = file
        self._name = name
        self._entry = file._entry(name)

    def get_shape(self) -> list[int]:
        """Its sizes."""
        return list(self._entry.shape)

    def get_dtype(self) -> str:
        """The format's name of its dtype, such as F32."""
        return _NAMES[self._entry.kind]

    def __getitem__(self, index: Any) -> Tensor:
        array = self._file._read(self._name, self._entry)
        part = np.array(array[index], dtype=array.dtype, order="C")
        made: Tensor = Tensor._from_array(move(part, self._file._device))
        return made


def _read_header(file: BinaryIO) -> tuple[dict[str, _Entry], dict[str, str] | None, int]:
    """The entries, the free text, and where the data begins."""
    size = file.seek(0, io.SEEK_END)
    file.seek(0)
    start = file.read(8)
    if len(start) < 8:
        raise _invalid("HeaderTooSmall", f"the file has {size} bytes")
    length = int.from_bytes(start, "little")
    if length > _MOST_HEADER:
        raise _invalid("HeaderTooLarge", f"{length} bytes, or it is no safetensors file")
    if 8 + length > size:
        raise _invalid("InvalidHeaderLength", f"{length} bytes, in a file of {size}")
    header = _json(file.read(length))
    metadata = header.pop("__metadata__", None)
    if metadata is not None and not (
        isinstance(metadata, dict) and all(isinstance(v, str) for v in metadata.values())
    ):
        raise _invalid("InvalidHeaderDeserialization", "its metadata are not text")
    entries = {name: _read_entry(name, found) for name, found in header.items()}
    _check_layout(entries, size - 8 - length)
    return entries, metadata, 8 + length


def _json(text: bytes) -> dict[str, Any]:
    def once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
        made = dict(pairs)
        if len(made) != len(pairs):
            raise ValueError("a name comes twice")
        return made

    try:
        header = json.loads(text.decode("utf-8"), object_pairs_hook=once)
    except (ValueError, RecursionError) as error:
        raise _invalid("InvalidHeaderDeserialization", str(error)) from None
    if not text.startswith(b"{") or not isinstance(header, dict):
        raise _invalid("InvalidHeaderStart", "it is no JSON object")
    return header


def _read_entry(name: str, found: Any) -> _Entry:
    if not isinstance(found, dict) or set(found) != {"dtype", "shape", "data_offsets"}:
        raise _invalid("InvalidHeaderDeserialization", f"the entry of {name!r} is {found!r:.80}")
    kind, shape, offsets = _DTYPES.get(str(found["dtype"])), found["shape"], found["data_offsets"]
    if kind is None:
        raise _invalid(
            "InvalidHeaderDeserialization",
            f"{name!r} has the dtype {found['dtype']!r:.40}, which there is none for here",
        )
    for numbers in (shape, offsets):
        if not isinstance(numbers, list) or any(type(n) is not int or n < 0 for n in numbers):
            raise _invalid("InvalidHeaderDeserialization", f"{name!r} has {numbers!r:.80}")
    if len(offsets) != 2 or len(shape) > 64:
        raise _invalid("InvalidOffset", f"{name!r} has {offsets!r:.80}")
    return _Entry(kind, tuple(shape), *offsets)


def _check_layout(entries: dict[str, _Entry], size: int) -> None:
    """Tensors must follow one another and fill the data, each with the bytes of its shape."""
    at = 0
    for name, entry in sorted(entries.items(), key=lambda e: (e[1].begin, e[1].end)):
        if entry.begin != at or entry.end < at:
            raise _invalid("InvalidOffset", f"{name!r} begins at {entry.begin}, expected {at}")
        count = 1
        for n in entry.shape:
            count *= n
        if count * entry.kind.itemsize != entry.end - entry.begin:
            raise _invalid(
                "TensorInvalidInfo",
                f"{name!r} of shape {list(entry.shape)} has {entry.end - entry.begin} bytes",
            )
        at = entry.end
    if at != size:
        raise _invalid("MetadataIncompleteBuffer", f"{at} bytes expected, {size} found")


def _invalid(kind: str, why: str) -> SafetensorError:
    return SafetensorError(f"Error while deserializing header: {kind} ({why})")
