"""Rows of a table, looked up by index."""

from __future__ import annotations

from typing import Any

import numpy as np

from .._tensor import Tensor
from ..declare import op
from ..errors import DtypeError, ShapeError

__all__: list[str] = []


@op("EmbeddingBackward0", name="embedding", types="free")
def embedding_op(xp, weight, indices, *, padding_idx, by_frequency):
    """The rows of `weight` at `indices`."""
    return weight[indices]


@embedding_op.vjp("weight")
def _(F, g, indices, weight_shape, padding_idx, by_frequency):
    return F.embedding_backward(
        g, indices, shape=weight_shape, padding_idx=padding_idx, by_frequency=by_frequency
    )


def _row_factors(xp: Any, indices: Any, count: int, padding_idx: int, by_frequency: bool) -> Any:
    """What each looked-up row counts in the gradient: 1, 0 for padding, 1 / frequency."""
    factors = (indices != padding_idx).astype("f8")
    if by_frequency:
        factors /= xp.maximum(xp.bincount(indices.reshape(-1), minlength=count), 1)[indices]
    return factors


@op("EmbeddingDenseBackwardBackward0", types="free")
def embedding_backward(xp, grad, indices, *, shape, padding_idx, by_frequency):
    """Gradients of rows, added up where they came from."""
    result = xp.zeros(shape, grad.dtype)
    if padding_idx >= 0 or by_frequency:
        factors = _row_factors(xp, indices, shape[0], padding_idx, by_frequency)
        grad = grad * factors.astype(grad.dtype)[..., None]
    if grad.size:
        xp.add_at(result, indices.reshape(-1), grad.reshape(-1, shape[1]))
    return result


@embedding_backward.vjp("grad")
def _(F, g, indices, padding_idx, by_frequency):
    return F.embedding_adjoint(g, indices, padding_idx=padding_idx, by_frequency=by_frequency)


@op("EmbeddingBackward0", types="free")
def embedding_adjoint(xp, weight, indices, *, padding_idx, by_frequency):
    """The adjoint of `embedding_backward`: rows, times what they count."""
    rows = weight[indices]
    if padding_idx >= 0 or by_frequency:
        factors = _row_factors(xp, indices, weight.shape[0], padding_idx, by_frequency)
        rows = rows * factors.astype(rows.dtype)[..., None]
    return rows


@embedding_adjoint.vjp("weight")
def _(F, g, indices, weight_shape, padding_idx, by_frequency):
    return F.embedding_backward(
        g, indices, shape=weight_shape, padding_idx=padding_idx, by_frequency=by_frequency
    )


def embedding(
    input: Tensor,
    weight: Tensor,
    padding_idx: int | None = None,
    max_norm: float | None = None,
    norm_type: float = 2.0,
    scale_grad_by_freq: bool = False,
    sparse: bool = False,
) -> Tensor:
    """The rows of `weight` at the indices in `input`.

    Parameters
    ----------
    input : Tensor
        Integers below the number of rows, of any shape.
    weight : Tensor
        (rows, features).
    padding_idx : int, optional
        A row that gets no gradient.
    max_norm, norm_type : float, optional
        Rows that are looked up are first shortened, in place, to this p-norm.
    scale_grad_by_freq : bool, default False
        Divide the gradient of a row by how often it is looked up.

    Returns
    -------
    Tensor
        The shape of `input`, and one dimension of features more.

    Raises
    ------
    IndexError
        If an index is no row.
    """
    if sparse:
        raise NotImplementedError("sparse gradients are not supported; use sparse=False")
    if weight.ndim != 2:
        raise ShapeError(f"'weight' must be 2-D, got one of shape {list(weight.shape)}")
    if input._array.dtype.kind not in "iu":
        raise DtypeError(
            "Expected tensor for argument #1 'indices' to have one of the following scalar types: "
            f"Long, Int; but got {input.dtype!r} instead (while checking arguments for embedding)"
        )
    rows = weight._array.shape[0]
    if padding_idx is None:
        padding_idx = -1
    elif not -rows <= padding_idx < rows:
        raise AssertionError("Padding_idx must be within num_embeddings")
    elif padding_idx < 0:
        padding_idx += rows
    _check_indices(input, rows)
    if max_norm is not None:
        _shorten(weight, input, max_norm, norm_type)
    return embedding_op.call(
        weight, input, padding_idx=padding_idx, by_frequency=scale_grad_by_freq
    )


def _check_indices(input: Tensor, rows: int) -> None:
    """On the host, refuse rows that do not exist (elsewhere looking would stall the device)."""
    indices = input._array
    if type(indices) is not np.ndarray or not indices.size:
        return
    low, high = indices.min(), indices.max()
    if low < 0 or high >= rows:
        wrong = low if low < 0 else high
        raise IndexError(
            f"index out of range in self: index {wrong} in an embedding with {rows} rows"
        )


def _shorten(weight: Tensor, input: Tensor, max_norm: float, norm_type: float) -> None:
    from ..backends import backend_of

    xp = backend_of(weight._array).xp
    used = xp.unique(input._array)
    rows = weight._array[used]
    norms = (xp.abs(rows) ** norm_type).sum(axis=1, keepdims=True) ** (1 / norm_type)
    weight._array[used] = xp.where(norms > max_norm, rows * (max_norm / (norms + 1e-7)), rows)
    weight._bump("embedding_renorm_")


@op(None, name="one_hot", types="free")
def one_hot_op(xp, input, *, num_classes):
    """1 at the place that each element names, 0 elsewhere."""
    return (input[..., None] == xp.arange(num_classes)).astype("i8")


def one_hot(tensor: Tensor, num_classes: int = -1) -> Tensor:
    """1 at the place that each element names, 0 elsewhere, in a new last dimension.

    Parameters
    ----------
    tensor : Tensor
        Integers (int64) below the number of classes.
    num_classes : int, default -1
        Size of the new dimension; -1: the largest element plus 1.

    Raises
    ------
    RuntimeError
        If an element is negative or not below `num_classes`.
    """
    array = tensor._array
    if tensor.dtype.name != "int64":
        raise DtypeError(
            f"one_hot is only applicable to index tensor of type LongTensor, got {tensor.dtype!r}"
        )
    if not array.size and num_classes <= 0:
        raise RuntimeError("Can not infer total number of classes from empty tensor.")
    if type(array) is np.ndarray and array.size:
        if array.min() < 0:
            raise RuntimeError(f"Class values must be non-negative, got {array.min()}.")
        if num_classes != -1 and array.max() >= num_classes:
            raise RuntimeError(
                f"Class values must be smaller than num_classes ({num_classes}), got {array.max()}."
            )
    if num_classes == -1:
        num_classes = int(tensor.max().item()) + 1
    return one_hot_op.call(tensor, num_classes=num_classes)
