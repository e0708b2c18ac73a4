"""The memory of tensors in a file: which pieces there are, and what is a view of which."""

from __future__ import annotations

import ctypes
import pickle
import sys
from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Any

import numpy as np

from .. import dtypes
from .._tensor import Tensor
from ..backends import device, move

if TYPE_CHECKING:
    from .archive import ArchiveReader

_MOST_REPEATED = 1 << 24
"""Elements that a view with strides of 0 may have beyond those of its record."""


def storage_name(kind: dtypes.dtype) -> str:
    """PyTorch's name of the memory of an element type: ``FloatStorage``."""
    return dtypes.TYPE_NAMES[kind.name].replace("Tensor", "Storage")


STORAGE_TYPES = {storage_name(kind): kind for kind in dtypes.ALL}


# ------------------------------------------------------------------ to write


class Storages:
    """The pieces of memory behind tensors that are being saved.

    A tensor takes the piece from its first byte to its last.  Pieces that overlap are one:
    so tensors that share memory share it again, and a small view of a large array does not
    bring all of that with it.
    """

    def __init__(self) -> None:
        self._extents: list[tuple[int, int, Any, str]] = []  # begin, end, array, location
        self._pieces: list[Piece] = []
        self._piece_of: list[Piece] = []

    def collect(self, tensor: Tensor) -> None:
        """Note a tensor; all must be noted before `join`."""
        array = _plain(tensor)
        begin = array.ctypes.data
        end = begin + _extent(array.shape, array.strides, array.itemsize)
        self._extents.append((begin, end, array, str(tensor.device)))

    def join(self) -> None:
        """Make pieces of the extents; they are numbered as the tensors were noted."""
        found: dict[int, Piece] = {}
        last: Piece | None = None
        order = sorted(enumerate(self._extents), key=lambda e: (e[1][0], -e[1][1]))
        for number, (begin, end, array, location) in order:
            if last is None or begin >= last.end or begin == end:
                piece = found[number] = Piece(begin, end, array.dtype, location)
                last = last if begin == end else piece
                continue
            if last.dtype != array.dtype:
                raise RuntimeError(
                    "Cannot save multiple tensors or storages that view the same data as "
                    f"different types ({last.dtype} and {array.dtype}); clone() one of them"
                )
            last.end = max(last.end, end)
            found[number] = last
        self._piece_of = [found[number] for number in range(len(found))]
        self._pieces = list(dict.fromkeys(self._piece_of))
        for key, piece in enumerate(self._pieces):
            piece.key = key

    def place(self, number: int) -> tuple[Piece, int, Any]:
        """Of the tensor that was noted as `number`: its piece, where it begins, its array."""
        begin, _, array, _ = self._extents[number]
        piece = self._piece_of[number]
        return piece, (begin - piece.begin) // array.itemsize, array

    def records(self) -> Iterator[Any]:
        """The bytes of each piece."""
        for piece in self._pieces:
            if piece.begin == piece.end:
                yield b""
            else:  # the extents keep the memory alive
                yield (ctypes.c_ubyte * (piece.end - piece.begin)).from_address(piece.begin)


class Piece:
    """A piece of memory: addresses of its first byte and behind its last, type and place."""

    def __init__(self, begin: int, end: int, dtype: Any, location: str):
        self.begin = begin
        self.end = end
        self.dtype = dtype
        self.location = location
        self.key = -1

    @property
    def numel(self) -> int:
        """How many elements it has."""
        return (self.end - self.begin) // self.dtype.itemsize


def _plain(tensor: Tensor) -> Any:
    """The tensor on the host, with strides that PyTorch knows."""
    array = tensor._host()
    steps = all(s >= 0 and s % array.itemsize == 0 for s in array.strides)
    fits = steps and array.dtype.isnative and array.flags.aligned
    return array if fits else np.array(array, dtype=array.dtype.newbyteorder("="), order="C")


def _extent(shape: tuple[int, ...], strides: tuple[int, ...], width: int) -> int:
    """Bytes, or elements, from the first to the last of a view."""
    if 0 in shape:
        return 0
    return sum((n - 1) * s for n, s in zip(shape, strides, strict=True)) + width


# ------------------------------------------------------------------ to read


class Storage:
    """A piece of memory as `map_location` gets it: it can say where it shall go.

    Attributes
    ----------
    device : device
        Where it is to be: at first the host.
    """

    def __init__(self, where: Any = "cpu"):
        self.device = device(where)

    def cpu(self) -> Storage:
        """The same memory, to go to the host."""
        return Storage("cpu")

    def cuda(self, index: int | None = None) -> Storage:
        """The same memory, to go to a GPU."""
        return Storage("cuda" if index is None else f"cuda:{index}")


class Loader:
    """Makes tensors of the records of an archive.

    Parameters
    ----------
    archive : ArchiveReader
    map_location
        See `autograd_core.load`.
    """

    def __init__(self, archive: ArchiveReader, map_location: Any):
        self.archive = archive
        self.map_location = map_location
        self._swapped = archive.byteorder != sys.byteorder
        self._bytes: dict[str, Any] = {}
        self._places: dict[str, device] = {}

    def storage(self, kind: dtypes.dtype, key: str, location: str, numel: int) -> StoredArray:
        """The memory that a pickle refers to."""
        record = f"data/{key}"
        needed = numel * kind.itemsize
        if key not in self._bytes:
            if needed > self.archive.size(record):
                raise RuntimeError(
                    f"a tensor's memory of {numel} elements ({needed} bytes) is larger than its "
                    f"record {record} ({self.archive.size(record)} bytes); the file is damaged"
                )
            self._places[key] = self._where(location)
            self._bytes[key] = _native(self.archive.read_array(record), kind, self._swapped)
        raw = self._bytes[key]
        if needed > raw.size:
            raise RuntimeError(
                f"a tensor's memory of {numel} elements ({needed} bytes) is larger than its "
                f"record {record} ({raw.size} bytes); the file is damaged"
            )
        return StoredArray(raw[:needed].view(kind.numpy), self._places[key])

    def _where(self, location: str) -> device:
        """Where memory goes that was saved from `location`."""
        chosen = self.map_location
        if isinstance(chosen, Mapping):
            chosen = chosen.get(location, location)
        elif callable(chosen) and not isinstance(chosen, device):
            chosen = chosen(Storage(), location)
            chosen = location if chosen is None else getattr(chosen, "device", chosen)
        elif chosen is None:
            chosen = location
        where = device(chosen)
        if where.type == "cuda" and chosen == location:
            from .. import cuda

            if not cuda.is_available():
                raise RuntimeError(
                    "Attempting to deserialize object on a CUDA device but "
                    "torch.cuda.is_available() is False. If you are running on a CPU-only "
                    "machine, please use torch.load with map_location=torch.device('cpu') to map "
                    "your storages to the CPU."
                )
        return where


def _native(raw: Any, kind: dtypes.dtype, swapped: bool) -> Any:
    """Bytes as this machine has them: in its order, and bools that are 0 or 1."""
    width = kind.itemsize // (2 if kind.is_complex else 1)
    if swapped and width > 1:
        whole = raw[: raw.size - raw.size % width]
        whole.view(f"u{width}").byteswap(inplace=True)
    if kind is dtypes.bool_ and raw.size and raw.max() > 1:
        np.not_equal(raw, 0, out=raw.view(np.bool_))
    return raw


class StoredArray:
    """A piece of memory as an array of elements, and where tensors of it go."""

    def __init__(self, elements: Any, where: device):
        self.elements = elements
        self.where = where

    def view(self, offset: int, shape: tuple[int, ...], strides: tuple[int, ...]) -> Tensor:
        """The tensor of a part of it; UnpicklingError if that reaches beyond."""
        numbers = (offset, *shape, *strides)
        if any(type(n) is not int or n < 0 for n in numbers) or len(shape) != len(strides):
            raise pickle.UnpicklingError(
                f"a tensor of sizes {shape}, strides {strides} and offset {offset} can't be"
            )
        have = self.elements.size
        end = offset + _extent(shape, strides, 1)
        count = int(np.prod(np.array(shape, dtype=object))) if shape else 1
        if (count and end > have) or count > have + _MOST_REPEATED:
            raise pickle.UnpicklingError(
                f"a tensor of sizes {shape}, strides {strides} and offset {offset} does not fit "
                f"its record of {have} elements; the file is damaged or hostile"
            )
        width = self.elements.itemsize
        steps = tuple(s * width for s in strides)
        array = np.lib.stride_tricks.as_strided(self.elements[offset:], shape, steps)
        made: Tensor = Tensor._from_array(move(array, self.where))
        return made


def as_parameter(tensor: Tensor, requires_grad: bool) -> Tensor:
    """The same memory as a Parameter."""
    from ..nn.parameter import Parameter

    made: Tensor = Parameter._from_array(tensor._array)
    return made.requires_grad_(requires_grad)
