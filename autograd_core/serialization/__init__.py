"""`save` and `load`: tensors and containers of them in files, in PyTorch's own format.

A ``.pt`` file is a zip archive, none of it compressed::

    name/data.pkl     the containers, as a pickle; tensors refer to records by number
    name/data/0 ...   the memory of the tensors, each piece once
    name/byteorder    little or big

``torch.load(..., weights_only=True)`` reads what `save` writes, and `load` reads what
``torch.save`` writes, if it holds nothing but tensors, containers, numbers and strings.
A pickle can name any function of any module to be called: `load` has an interpreter of its
own (`unpickle`) that knows a dozen names and refuses all others.

For weights alone, safetensors is the better format: no pickle at all, and every other
framework reads it.  `save` writes it for a path that ends in ``.safetensors``.

::

    pickled    containers -> pickle           unpickle   pickle -> containers
    storages   memory that tensors share      archive    records of the zip archive
    files      files that are replaced as a whole
"""

from __future__ import annotations

import os
import warnings
from collections.abc import Mapping
from typing import Any

from .._tensor import Tensor
from ..safetensors import load_file, save_file
from .archive import ArchiveReader, write_archive
from .files import is_path, open_to_read, replacing
from .pickled import Pickler
from .storages import Loader, Storages
from .unpickle import Unpickler

__all__ = ["load", "save"]


def save(
    obj: object,
    f: Any,
    pickle_module: Any = None,
    pickle_protocol: int = 2,
    _use_new_zipfile_serialization: bool = True,
) -> None:
    """Save tensors, and containers of them, to a file.

    Parameters
    ----------
    obj : object
        A tensor, or dicts, lists, tuples and sets of tensors, numbers, strings, bytes, dtypes,
        sizes and devices, such as ``model.state_dict()``. Tensors that share memory share it
        again after loading.
    f : path or file
        A path is written to a temporary file first, which then takes the path's place: if
        that fails half-way, the old file is whole. For a path that ends in ``.safetensors``
        `obj` must be a flat dict of tensors; see `autograd_core.safetensors.save_file`.
    pickle_module, pickle_protocol
        Accepted for PyTorch's sake; the format is always that of its weights-only loader.

    Raises
    ------
    TypeError
        If something in `obj` is of any other type, named with where it was found.
    ValueError
        For the format of before PyTorch 1.6.
    RuntimeError
        If tensors of different dtypes share memory.
    OSError
        If the file can't be written.

    Examples
    --------
    >>> import io
    >>> import autograd_core as ag
    >>> file = io.BytesIO()
    >>> ag.save({"w": ag.tensor([1.0, 2.0]), "epoch": 3}, file)
    >>> ag.load(io.BytesIO(file.getvalue()))
    {'w': tensor([1., 2.]), 'epoch': 3}
    """
    if not _use_new_zipfile_serialization:
        raise ValueError(
            "_use_new_zipfile_serialization=False asks for the format of before PyTorch 1.6, "
            "which autograd_core does not write"
        )
    if _is_safetensors(f):
        _save_safetensors(obj, f)
        return
    if not is_path(f) and not hasattr(f, "write"):
        raise AttributeError(
            f"expected 'f' to be string, path, or a file-like object with a 'write' attribute, "
            f"got {type(f).__name__}"
        )
    storages = Storages()
    data = Pickler(storages).dumps(obj)  # raises before anything is written
    if is_path(f):
        name = os.path.splitext(os.path.basename(os.fspath(f)))[0]
        with replacing(f) as file:
            write_archive(file, name or "archive", data, storages.records())
    else:
        write_archive(f, "archive", data, storages.records())


def load(
    f: Any,
    map_location: Any = None,
    pickle_module: Any = None,
    *,
    weights_only: bool | None = None,
    mmap: bool | None = None,
    **pickle_load_args: Any,
) -> Any:
    """Load what `save`, or ``torch.save``, wrote.

    Parameters
    ----------
    f : path or file
        A file must be seekable. A path that ends in ``.safetensors`` is read as such.
    map_location : device, str, dict or callable, optional
        Where tensors go: a device for all; a dict from the place they were saved from
        (``"cuda:0"``) to another; or ``callable(storage, location)``, which returns
        ``storage``, ``storage.cpu()``, ``storage.cuda(1)`` or None. Default: where they were.
    weights_only : bool, optional
        There is no other way: whatever it says, nothing is called that a file names.
    mmap : bool, optional
        Ignored, with a warning: the file is read into memory.

    Returns
    -------
    object

    Raises
    ------
    pickle.UnpicklingError
        If the file holds anything but tensors, containers, numbers and strings (named in
        the message; none of it has run), or its pickle is damaged.
    RuntimeError
        If the archive is truncated or damaged, a tensor does not fit its record, or it was
        saved on a GPU and there is none.
    OSError
        If the file can't be read.
    """
    if mmap:
        warnings.warn("mmap=True has no effect: the file is read into memory", stacklevel=2)
    if _is_safetensors(f):
        device = "cpu" if map_location is None else map_location
        return load_file(f, device)
    with open_to_read(f) as file:
        archive = ArchiveReader(file)
        loader = Loader(archive, map_location)
        return Unpickler(archive.read("data.pkl"), loader).load()


def _is_safetensors(f: Any) -> bool:
    return is_path(f) and os.fspath(f).endswith(".safetensors")


def _save_safetensors(obj: Any, path: Any) -> None:
    if not isinstance(obj, Mapping) or not all(
        isinstance(k, str) and isinstance(v, Tensor) for k, v in obj.items()
    ):
        raise TypeError(
            "a .safetensors file holds a flat dict of tensors by name, such as "
            "model.state_dict(); save anything else to a path that ends in .pt"
        )
    save_file({k: v.contiguous() for k, v in obj.items()}, path)
