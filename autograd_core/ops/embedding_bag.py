"""Sums, means and maxima over bags of rows of a table, without the rows in between kept."""

from __future__ import annotations

import math
import warnings
from typing import Any

import numpy as np

from .._tensor import Tensor
from ..backends import backend_of
from ..declare import op
from ..errors import DtypeError
from .embedding import _check_indices, _shorten
from .select import where

__all__: list[str] = []


@op("EmbeddingBagBackward0", name="embedding_bag", types="free")
def embedding_bag_op(
    xp: Any, weight: Any, factors: Any, indices: Any, bags: Any, *, count: int, padding_idx: int,
    by_frequency: bool,
) -> Any:  # fmt: skip
    """Rows of `weight` times `factors`, added up in `count` bags; `bags` says in which."""
    result = xp.zeros((count, weight.shape[1]), weight.dtype)
    if indices.size:
        xp.add_at(result, bags, weight[indices] * factors[:, None])
    return result


def _rows(F: Any, table: Any, indices: Any) -> Any:
    return F.embedding(table, indices, padding_idx=-1, by_frequency=False)


@embedding_bag_op.vjp("weight")
def _(
    F: Any, g: Any, factors: Any, indices: Any, bags: Any, weight_shape: Any, padding_idx: int,
    by_frequency: bool,
) -> Any:  # fmt: skip
    rows = _rows(F, g, bags) * F.reshape(factors, shape=(*factors.shape, 1))
    return F.embedding_backward(
        rows, indices, shape=weight_shape, padding_idx=padding_idx, by_frequency=by_frequency
    )


@embedding_bag_op.vjp("factors")
def _(F: Any, g: Any, weight: Any, indices: Any, bags: Any) -> Any:
    return F.sum(_rows(F, g, bags) * _rows(F, weight, indices), dim=(1,), keepdim=False)


def embedding_bag(
    input: Tensor,
    weight: Tensor,
    offsets: Tensor | None = None,
    max_norm: float | None = None,
    norm_type: float = 2,
    scale_grad_by_freq: bool = False,
    mode: str = "mean",
    sparse: bool = False,
    per_sample_weights: Tensor | None = None,
    include_last_offset: bool = False,
    padding_idx: int | None = None,
) -> Tensor:
    """Sum, mean or maximum of the rows of `weight` in each bag of indices.

    Parameters
    ----------
    input : Tensor
        (bags, indices) for bags of the same size, or (indices) with `offsets`.
    weight : Tensor
        (rows, features).
    offsets : Tensor, optional
        (bags): where each bag begins in a 1-D input.
    max_norm, norm_type, scale_grad_by_freq
        See `nn.functional.embedding`.
    mode : {"mean", "sum", "max"}
        What is made of a bag; an empty one gives zeros.
    per_sample_weights : Tensor, optional
        A factor for each index, in mode sum.
    include_last_offset : bool, default False
        Whether the last offset is the end of the last bag, and no bag of its own.
    padding_idx : int, optional
        A row that counts for nothing, not even in a mean.

    Returns
    -------
    Tensor
        (bags, features).

    Raises
    ------
    ValueError
        If shapes, mode or offsets do not fit.
    IndexError
        If an index is no row.
    """
    if weight.dtype.name == "int64" and input.is_floating_point():
        warnings.warn(
            "Argument order of nn.functional.embedding_bag was changed. Usage "
            "`embedding_bag(weight, input, ...)` is deprecated, and should now be "
            "`embedding_bag(input, weight, ...)`.",
            stacklevel=2,
        )
        weight, input = input, weight
    _check(input, weight, offsets, mode, scale_grad_by_freq, sparse, per_sample_weights)
    indices, starts = _flat(input, offsets)
    _check_indices(indices, weight.shape[0])
    ends = _ends(starts, indices.numel(), include_last_offset)
    starts = starts[: len(ends)]
    padding_idx = -1 if padding_idx is None else padding_idx % max(weight.shape[0], 1)
    if max_norm is not None:
        _shorten(weight, indices, max_norm, norm_type)
    if mode == "max":
        return _maxima(indices, weight, starts, ends, padding_idx)
    bags = _on_device(indices, np.repeat(np.arange(len(starts)), ends - starts))
    kept = _kept(indices, weight, padding_idx)
    if mode == "mean":
        xp = backend_of(indices._array).xp
        sizes = xp.zeros(len(starts), kept.dtype)
        xp.add_at(sizes, bags, kept)
        kept = kept / xp.maximum(sizes, 1)[bags]
    factors = Tensor._from_array(kept)
    if per_sample_weights is not None:
        factors = per_sample_weights.reshape(-1) * factors
    return embedding_bag_op.call(
        weight, factors, indices, Tensor._from_array(bags), count=len(starts),
        padding_idx=padding_idx, by_frequency=scale_grad_by_freq,
    )  # fmt: skip


# ------------------------------------------------------------------ the bags


def _flat(input: Tensor, offsets: Tensor | None) -> tuple[Tensor, Any]:
    """The indices in one row, and where bags begin, as integers of the host."""
    if offsets is None:
        width = input.shape[1]
        return input.reshape(-1), np.arange(input.shape[0]) * width
    return input, np.asarray(offsets.tolist(), np.int64)


def _ends(starts: Any, size: int, include_last: bool) -> Any:
    """Where bags end."""
    if len(starts) and starts[0] != 0:
        raise ValueError(
            "offsets[0] has to be 0, i.e., the first sequence in the mini-batch has to start from "
            f"position 0. However, got {starts[0]}"
        )
    if len(starts) and starts[-1] > size:
        raise ValueError(
            f"offsets[-1] can not be greater than input's length ({size}). However, got "
            f"{starts[-1]}"
        )
    if (np.diff(starts) < 0).any():
        raise ValueError(f"offsets must not decrease, got {starts.tolist()}")
    if include_last:
        if not len(starts):
            raise ValueError("include_last_offset: number of offsets should be at least 1")
        return starts[1:]
    return np.append(starts[1:], size)[: len(starts)]


def _kept(indices: Tensor, weight: Tensor, padding_idx: int) -> Any:
    """1 for each index that counts, else 0."""
    return (indices._array != padding_idx).astype(weight._array.dtype)


def _on_device(like: Tensor, values: Any) -> Any:
    return backend_of(like._array).xp.asarray(values)


def _maxima(indices: Tensor, weight: Tensor, starts: Any, ends: Any, padding_idx: int) -> Tensor:
    """The largest of each feature, taken from the row where it came first."""
    xp = backend_of(weight._array).xp
    longest = int((ends - starts).max(initial=0))
    places = starts[:, None] + np.arange(longest)
    inside = places < ends[:, None]
    if not longest or not indices.numel():
        return weight.new_zeros(len(starts), weight.shape[1]) + weight.sum() * 0
    rows = indices._array[_on_device(indices, np.where(inside, places, 0))]
    counts = _on_device(indices, inside) & (rows != padding_idx)
    values = xp.where(counts[..., None], weight.detach()._array[rows], -math.inf)
    best = values.argmax(axis=1)
    winners = xp.take_along_axis(rows, best, 1)
    found = weight.gather(0, Tensor._from_array(winners.astype("i8")))
    some = counts.any(axis=1)
    if bool(some.all()):
        return found
    return where(Tensor._from_array(some[:, None]), found, found.new_zeros(()))


def _check(
    input: Tensor, weight: Tensor, offsets: Tensor | None, mode: str, by_frequency: bool,
    sparse: bool, per_sample: Tensor | None,
) -> None:  # fmt: skip
    if sparse:
        raise NotImplementedError("sparse gradients are not supported; use sparse=False")
    if per_sample is not None and per_sample.shape != input.shape:
        raise ValueError(
            f"embedding_bag: If per_sample_weights ({per_sample.shape}) is not None, then it must "
            f"have the same shape as the input ({input.shape})"
        )
    if weight.ndim != 2:
        raise ValueError(f"weight has to be a 2D Tensor, but got Tensor of dimension {weight.ndim}")
    if input.ndim not in (1, 2):
        raise ValueError(
            f"input has to be 1D or 2D Tensor, but got Tensor of dimension {input.ndim}"
        )
    if input._array.dtype.kind not in "iu":
        raise DtypeError(f"embedding_bag needs integers as input, got {input.dtype!r}")
    if input.ndim == 2 and offsets is not None:
        raise ValueError(
            "if input is 2D, then offsets has to be None, as input is treated is a mini-batch of "
            f"fixed length sequences. However, found offsets of type {type(offsets)}"
        )
    if input.ndim == 1 and (offsets is None or offsets.ndim != 1):
        got = "None" if offsets is None else f"one of dimension {offsets.ndim}"
        raise ValueError(f"offsets has to be a 1D Tensor but got {got}")
    if mode not in ("sum", "mean", "max"):
        raise ValueError(f"mode has to be one of sum, mean or max, got {mode!r}")
    if mode == "max" and by_frequency:
        raise ValueError("max mode does not support scaling the gradient by the frequency")
    if per_sample is not None and mode != "sum":
        raise NotImplementedError(
            "embedding_bag: per_sample_weights was not None. per_sample_weights is only supported "
            f"for mode='sum' (got mode='{mode}')."
        )
