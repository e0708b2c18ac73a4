"""Softmax, its logarithm, and dropout."""

from __future__ import annotations

import math
from typing import Any

from .. import inplace, random
from .._tensor import Tensor, method
from ..declare import op
from ..dtypes import as_dtype
from .dims import wrap_dim

__all__ = ["alpha_dropout", "dropout", "dropout_", "log_softmax", "softmax"]


@op("SoftmaxBackward0", name="softmax", types="floating")
def softmax_op(xp, input, *, dim):
    """``exp(input)``, divided by its sum along `dim`."""
    if not input.size:
        return input.copy()
    e = xp.exp(input - input.max(axis=dim, keepdims=True))
    e /= e.sum(axis=dim, keepdims=True)
    return e


@softmax_op.vjp
def _(F, g, result, dim):
    t = g * result
    return t - result * F.sum(t, dim=(dim,), keepdim=True)


@op("LogSoftmaxBackward0", name="log_softmax", types="floating")
def log_softmax_op(xp, input, *, dim):
    """The logarithm of softmax, without its overflow and underflow."""
    if not input.size:
        return input.copy()
    shifted = input - input.max(axis=dim, keepdims=True)
    shifted -= xp.log(xp.exp(shifted).sum(axis=dim, keepdims=True))
    return shifted


@log_softmax_op.vjp
def _(F, g, result, dim):
    return g - F.exp(result) * F.sum(g, dim=(dim,), keepdim=True)


def _softmax(op: Any, input: Tensor, dim: int, dtype: Any) -> Tensor:
    if dtype is not None:
        input = input.to(as_dtype(dtype))
    if not input.ndim:
        wrap_dim(dim, 0)
        return op.call(input.reshape(1), dim=0).reshape(())
    return op.call(input, dim=wrap_dim(dim, input._array.ndim))


@method("softmax")
def softmax(input: Tensor, dim: int, dtype: Any = None) -> Tensor:
    """``exp(input)`` divided by its sum along `dim`.

    Parameters
    ----------
    dtype : dtype, optional
        Convert the input to this first.

    Raises
    ------
    IndexError
        If there is no dimension `dim`.
    """
    return _softmax(softmax_op, input, dim, dtype)


@method("log_softmax")
def log_softmax(input: Tensor, dim: int, dtype: Any = None) -> Tensor:
    """The logarithm of `softmax`, computed without overflow."""
    return _softmax(log_softmax_op, input, dim, dtype)


# ------------------------------------------------------------------ dropout


def _check_probability(p: float) -> None:
    if not 0.0 <= p <= 1.0:
        raise ValueError(f"dropout probability has to be between 0 and 1, but got {p}")


def _kept(input: Tensor, p: float, shape: tuple[int, ...]) -> Any:
    """A raw mask: true with probability 1 - p."""
    stream, owner = random.stream_for(None, input._array)
    return stream.draw(owner, "random", shape, "f4") >= p


def _scaled_mask(input: Tensor, p: float, shape: tuple[int, ...]) -> Tensor:
    """1 / (1 - p) with probability 1 - p, else 0."""
    mask = _kept(input, p, shape).astype(input._array.dtype)
    if p < 1:
        mask *= mask.dtype.type(1 / (1 - p))  # of its dtype, also where it is a scalar
    return Tensor._from_array(mask)


def dropout(input: Tensor, p: float = 0.5, training: bool = True, inplace: bool = False) -> Tensor:
    """In training: each element 0 with probability `p`, else divided by ``1 - p``.

    Source: Srivastava and others, "Dropout", 2014.

    Parameters
    ----------
    p : float, default 0.5
        The probability of a 0.
    training : bool, default True
        If False the input is returned as it is.

    Raises
    ------
    ValueError
        If `p` lies outside [0, 1].
    """
    _check_probability(p)
    if not training or not p or not input._array.size:
        return input
    mask = _scaled_mask(input, p, input._array.shape)
    return input.mul_(mask) if inplace else input * mask


dropout_ = inplace.twin(dropout, "dropout_")


def feature_dropout(input: Tensor, p: float = 0.5, training: bool = True) -> Tensor:
    """`dropout` of whole channels: one draw for each of the first two dimensions."""
    _check_probability(p)
    if input.ndim < 2:
        raise RuntimeError("Feature dropout requires at least 2 dimensions in the input")
    if not training or not p or not input._array.size:
        return input
    shape = tuple(input.shape[:2]) + (1,) * (input.ndim - 2)
    return input * _scaled_mask(input, p, shape)


_ALPHA = 1.7580993408473766


def alpha_dropout(
    input: Tensor, p: float = 0.5, training: bool = False, inplace: bool = False
) -> Tensor:
    """Dropout to selu's lower bound that keeps mean and variance (Klambauer and others 2017)."""
    _check_probability(p)
    if not training:
        return input
    return alpha_dropout_of(input, p, tuple(input._array.shape), inplace)


def alpha_dropout_of(input: Tensor, p: float, shape: tuple[int, ...], inplace: bool) -> Tensor:
    """`alpha_dropout` with one draw for each element of `shape`, which broadcasts."""
    if not p:
        return input
    if p == 1:
        return input.mul_(0.0) if inplace else input * 0.0
    keep = Tensor._from_array(_kept(input, p, shape).astype(input._array.dtype))
    a = 1 / math.sqrt((_ALPHA**2 * p + 1) * (1 - p))
    shift = (keep - 1) * (_ALPHA * a) + _ALPHA * a * p
    return input.mul_(keep * a).add_(shift) if inplace else input * (keep * a) + shift
