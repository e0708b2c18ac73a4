"""The zip archive of a ``.pt`` file: records by name, none of them compressed.

Layout: https://github.com/pytorch/pytorch/blob/main/caffe2/serialize/inline_container.h
"""

from __future__ import annotations

import io
import pickle
import sys
import zipfile
from collections.abc import Iterable
from typing import Any, BinaryIO

import numpy as np

_ALIGNMENT = 64
_LOCAL_HEADER = 30
_ZIP64_EXTRA = 20
_PIECE = 1 << 20
_OLD_MAGIC = b"\x8a\nl\xfc\x9cF\xf9 j\xa8P\x19."
"""In the first pickle of a file of before PyTorch 1.6."""


# ------------------------------------------------------------------ to write


def write_archive(file: Any, name: str, pickled: bytes, records: Iterable[Any]) -> None:
    """Write an archive: the pickle, and arrays of bytes as records 0, 1, 2 ..."""
    with zipfile.ZipFile(file, "w", zipfile.ZIP_STORED, allowZip64=True) as archive:

        def write(record: str, data: Any) -> None:
            _write_record(archive, f"{name}/{record}", data)

        write("data.pkl", pickled)
        write(".format_version", b"1")
        write(".storage_alignment", str(_ALIGNMENT).encode())
        write("byteorder", sys.byteorder.encode())
        for key, data in enumerate(records):
            write(f"data/{key}", data)
        write("version", b"3\n")


def _write_record(archive: zipfile.ZipFile, name: str, data: Any) -> None:
    """Write one record, whose data begins at a multiple of 64 bytes."""
    size = memoryview(data).nbytes
    info = zipfile.ZipInfo(name)  # its date is 1980: the same tensors give the same file
    info.file_size = size
    info.external_attr = 0o600 << 16
    zip64 = size * 1.05 > zipfile.ZIP64_LIMIT
    begin = archive.fp.tell() if archive.fp else 0
    begin += _LOCAL_HEADER + len(name.encode()) + (_ZIP64_EXTRA if zip64 else 0) + 4
    padding = -begin % _ALIGNMENT
    info.extra = b"FB" + padding.to_bytes(2, "little") + b"Z" * padding
    with archive.open(info, "w", force_zip64=zip64) as record:
        view = memoryview(data).cast("B") if size else memoryview(b"")
        for at in range(0, size, _PIECE):
            record.write(view[at : at + _PIECE])


# ------------------------------------------------------------------ to read


class ArchiveReader:
    """The records of an archive, with every size checked before memory is taken.

    Raises
    ------
    RuntimeError, pickle.UnpicklingError
        If it is no such archive, or a damaged one.
    """

    def __init__(self, file: BinaryIO):
        self._budget = _size(file)
        _refuse_others(file, self._budget)
        try:
            self._zip = zipfile.ZipFile(file)
        except Exception as error:
            raise _damaged("zip archive", error) from None
        self._infos = {info.filename: info for info in self._zip.infolist()}
        if not self._infos:
            raise _damaged("zip archive", "it has no records")
        self.prefix = next(iter(self._infos)).partition("/")[0]
        if self.has("constants.pkl"):
            raise RuntimeError(
                "PytorchStreamReader found a TorchScript archive, which holds a program and not "
                "only weights; in PyTorch, save model.state_dict() instead"
            )
        self.byteorder = (
            self.read("byteorder").decode("ascii", "replace")
            if (self.has("byteorder"))
            else "little"
        )
        if self.byteorder not in ("little", "big"):
            raise _damaged("byteorder", f"it says {self.byteorder!r}")

    def has(self, record: str) -> bool:
        """Whether there is a record of this name."""
        return f"{self.prefix}/{record}" in self._infos

    def read(self, record: str) -> bytes:
        """The bytes of a record."""
        return self.read_array(record).tobytes()

    def size(self, record: str) -> int:
        """Bytes of a record, which the file does hold."""
        name = f"{self.prefix}/{record}"
        info = self._infos.get(name)
        if info is None:
            raise _damaged(name, "there is no such record")
        if info.compress_type != zipfile.ZIP_STORED or info.compress_size != info.file_size:
            raise _damaged(name, "it is compressed, which PyTorch's files never are")
        if info.file_size > self._budget:
            raise _damaged(name, f"it claims {info.file_size} bytes, more than the file has left")
        return info.file_size

    def read_array(self, record: str) -> Any:
        """The bytes of a record as an array that can be written to.

        All records together can't have more bytes than the file: those that overlap would.
        """
        size = self.size(record)
        self._budget -= size
        array = np.empty(size, np.uint8)
        view, at = memoryview(array), 0  # type: ignore[arg-type]
        name = f"{self.prefix}/{record}"
        try:
            with self._zip.open(self._infos[name]) as source:
                while piece := source.read(_PIECE):
                    view[at : at + len(piece)] = piece
                    at += len(piece)
        except Exception as error:
            raise _damaged(name, error) from None
        if at != size:
            raise _damaged(name, f"{size} bytes expected, {at} found")
        return array


def _size(file: BinaryIO) -> int:
    end = file.seek(0, io.SEEK_END)
    file.seek(0)
    return end


def _refuse_others(file: BinaryIO, size: int) -> None:
    """Say what a file is that is no zip archive."""
    start = file.read(64)
    file.seek(0)
    if not size:
        raise RuntimeError("the file is empty: 0 bytes, where a zip archive was expected")
    if start.startswith(b"PK"):
        return
    if _OLD_MAGIC in start:
        raise pickle.UnpicklingError(
            "the file has PyTorch's format of before version 1.6; load it in PyTorch and save it "
            "again with torch.save(state_dict, path)"
        )
    what = "a bare pickle, which is not read here" if start[:1] == b"\x80" else "no zip archive"
    raise pickle.UnpicklingError(
        f"the file is {what} (it begins with {start[:8]!r}); expected is what torch.save or "
        "autograd_core.save wrote, or a path that ends in .safetensors"
    )


def _damaged(what: str, why: object) -> RuntimeError:
    return RuntimeError(
        f"PytorchStreamReader failed reading {what}: {why}. The file is truncated or damaged; "
        "nothing was loaded."
    )
