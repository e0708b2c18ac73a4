"""Files that are replaced as a whole, and files to read from."""

from __future__ import annotations

import contextlib
import os
import secrets
import stat
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, BinaryIO, cast


def is_path(f: Any) -> bool:
    """Whether it is a path rather than a file."""
    return isinstance(f, str | os.PathLike)


@contextmanager
def replacing(path: Any) -> Iterator[BinaryIO]:
    """A file to write to that takes the place of `path` when the block ends well.

    Until then it is a temporary file in the same folder; after an exception (Ctrl-C too) it
    is deleted, and what was at `path` is untouched.  A device or a pipe is written to directly.
    """
    path = os.path.realpath(os.fspath(path))  # through a link, to the file that it means
    mode = _mode(path)
    if mode is not None and not stat.S_ISREG(mode):
        with open(path, "wb") as file:
            yield file
        return
    folder, name = os.path.split(path)
    temporary = os.path.join(folder, f".{name[:100]}.{secrets.token_hex(6)}.tmp")
    try:
        with open(temporary, "xb") as file:
            yield file
            file.flush()
            os.fsync(file.fileno())
        if mode is not None:
            os.chmod(temporary, stat.S_IMODE(mode))
        os.replace(temporary, path)
    except BaseException:
        with contextlib.suppress(FileNotFoundError):
            os.unlink(temporary)
        raise
    _sync_folder(folder)


def _mode(path: str) -> int | None:
    try:
        return os.stat(path).st_mode
    except FileNotFoundError:
        return None


def _sync_folder(folder: str) -> None:
    """Bring the new name to the disk too, where the system can."""
    try:
        handle = os.open(folder, os.O_RDONLY)
    except OSError:
        return
    try:
        os.fsync(handle)
    except OSError:
        pass
    finally:
        os.close(handle)


@contextmanager
def open_to_read(f: Any) -> Iterator[BinaryIO]:
    """The file at a path; or a file itself, from its beginning."""
    if is_path(f):
        with open(f, "rb") as file:
            yield file
        return
    if not (hasattr(f, "read") and hasattr(f, "seek")):
        raise AttributeError(
            "expected a path or a file-like object with 'read' and 'seek' attributes, got "
            f"{type(f).__name__}; put what can't seek into io.BytesIO first"
        )
    yield cast(BinaryIO, f)
