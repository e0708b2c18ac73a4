"""Samples -> batch: `default_collate`, and `default_convert` for samples without a batch."""

from __future__ import annotations

import copy
from collections.abc import Callable, Mapping, MutableMapping, MutableSequence, Sequence
from typing import Any

import numpy as np

from .... import dtypes
from ...._tensor import Tensor
from ....ops.create import as_tensor, tensor
from ....ops.join import stack

Rules = dict[type | tuple[type, ...], Callable[..., Any]]

_TEXT_OR_OBJECT = "SaUO"
_REFUSED = (
    "default_collate: batch must contain tensors, numpy arrays, numbers, dicts or lists; found {}"
)


def default_collate(batch: Sequence[Any]) -> Any:
    """Samples put together, with a first dimension for the batch.

    ==================================  =================================================
    samples that are                    become
    ==================================  =================================================
    tensors, NumPy arrays               a tensor, stacked
    int, bool                           an int64 or bool tensor
    float                               a float64 tensor
    str, bytes                          a list of them
    dicts                               a dict, each entry put together
    named tuples                        one of them, each field put together
    tuples, lists                       a list, each place put together
    ==================================  =================================================

    Raises
    ------
    TypeError
        For samples of any other type.
    RuntimeError
        If tensors, or lists, are not of one size.

    Examples
    --------
    >>> from autograd_core.utils.data import default_collate
    >>> default_collate([{"x": 1, "name": "a"}, {"x": 2, "name": "b"}])
    {'x': tensor([1, 2]), 'name': ['a', 'b']}
    """
    return collate(batch, collate_fn_map=default_collate_fn_map)


def collate(batch: Sequence[Any], *, collate_fn_map: Rules | None = None) -> Any:
    """`default_collate` with rules of one's own.

    Parameters
    ----------
    batch : sequence
        The samples.
    collate_fn_map : dict
        For a type (or a tuple of types), ``rule(samples, collate_fn_map=...)``. Types that
        are not in it, and not based on one that is, are taken apart as containers.
    """
    sample = batch[0]
    kind = type(sample)
    rules = collate_fn_map or {}
    rule = rules.get(kind) or next((r for t, r in rules.items() if isinstance(sample, t)), None)
    if rule is not None:
        return rule(batch, collate_fn_map=collate_fn_map)

    def together(parts: Sequence[Any]) -> Any:
        return collate(parts, collate_fn_map=collate_fn_map)

    if isinstance(sample, Mapping):
        return _mapping_like(sample, {k: together([d[k] for d in batch]) for k in sample})
    if not isinstance(sample, Sequence):
        raise TypeError(_REFUSED.format(kind))
    if any(len(other) != len(sample) for other in batch):
        raise RuntimeError(
            "each element in list of batch should be of equal size, but the sizes are "
            f"{[len(other) for other in batch]}; pad them, or write a collate_fn of your own"
        )
    return _sequence_like(sample, [together(parts) for parts in zip(*batch, strict=True)])


def default_convert(data: Any) -> Any:
    """NumPy arrays and scalars in a sample made tensors; everything else as it is.

    Examples
    --------
    >>> import numpy as np
    >>> from autograd_core.utils.data import default_convert
    >>> default_convert({"x": np.array([1.0, 2.0]), "n": 3})
    {'x': tensor([1., 2.], dtype=torch.float64), 'n': 3}
    """
    if isinstance(data, Tensor | str | bytes):
        return data
    if isinstance(data, np.ndarray | np.generic):
        return data if data.dtype.kind in _TEXT_OR_OBJECT else as_tensor(data)
    if isinstance(data, Mapping):
        return _mapping_like(data, {key: default_convert(data[key]) for key in data})
    if isinstance(data, Sequence):
        return _sequence_like(data, [default_convert(d) for d in data])
    return data


# ------------------------------------------------------------------ containers


def _mapping_like(model: Mapping[Any, Any], entries: dict[Any, Any]) -> Any:
    """A mapping of the model's type with other entries; a dict where that can't be made."""
    try:
        if isinstance(model, MutableMapping):  # a copy: it may have attributes of its own
            made = copy.copy(model)
            made.update(entries)
            return made
        return type(model)(entries)  # type: ignore[call-arg]
    except TypeError:
        return entries


def _sequence_like(model: Sequence[Any], parts: list[Any]) -> Any:
    """A sequence of the model's type with other parts; a list for tuples and where it fails."""
    if isinstance(model, tuple):
        return type(model)(*parts) if hasattr(model, "_fields") else parts
    try:
        if isinstance(model, MutableSequence):
            made = copy.copy(model)
            for i, part in enumerate(parts):
                made[i] = part
            return made
        return type(model)(parts)  # type: ignore[call-arg]
    except TypeError:
        return parts


# ------------------------------------------------------------------ the rules


def collate_tensor_fn(batch: Sequence[Tensor], *, collate_fn_map: Rules | None = None) -> Tensor:
    """Stack tensors."""
    return stack(list(batch), 0)


def collate_numpy_array_fn(batch: Sequence[Any], *, collate_fn_map: Rules | None = None) -> Any:
    """Stack NumPy arrays."""
    if batch[0].dtype.kind in _TEXT_OR_OBJECT:
        raise TypeError(_REFUSED.format(batch[0].dtype))
    return collate([as_tensor(b) for b in batch], collate_fn_map=collate_fn_map)


def collate_numpy_scalar_fn(batch: Sequence[Any], *, collate_fn_map: Rules | None = None) -> Any:
    """A tensor of NumPy scalars."""
    return as_tensor(np.array(batch))


def collate_float_fn(batch: Sequence[float], *, collate_fn_map: Rules | None = None) -> Tensor:
    """A float64 tensor of Python floats."""
    return tensor(list(batch), dtype=dtypes.float64)


def collate_int_fn(batch: Sequence[int], *, collate_fn_map: Rules | None = None) -> Tensor:
    """An int64 (or bool) tensor of Python ints."""
    return tensor(list(batch))


def collate_str_fn(batch: Sequence[Any], *, collate_fn_map: Rules | None = None) -> Any:
    """Strings as they are."""
    return batch


default_collate_fn_map: Rules = {
    Tensor: collate_tensor_fn,
    np.ndarray: collate_numpy_array_fn,
    (np.bool_, np.number, np.object_): collate_numpy_scalar_fn,
    float: collate_float_fn,
    int: collate_int_fn,
    str: collate_str_fn,
    bytes: collate_str_fn,
}
"""What `default_collate` does with samples of each type; may be added to."""
