"""Scaled dot-product attention, in one node.

::

    scores = query @ key.T * scale + mask         weights = softmax(scores)
    result = weights @ value

The weights are an output of the node with a gradient of its own, which is what makes the
second derivative come out of the same formula.
"""

from __future__ import annotations

import math
from typing import Any

from .. import dtypes
from .._tensor import Tensor
from ..declare import op
from ..errors import DtypeError, ShapeError
from .linalg import matmul
from .softmax import dropout, softmax

__all__: list[str] = []


@op(
    "ScaledDotProductFlashAttentionForCpuBackward0",
    name="attention",
    types="floating",
    outputs=("result", "weights"),
)
def attention_op(xp, query, key, value, mask, *, scale, causal):
    """The values, weighted by how well each query fits each key."""
    scores = xp.matmul(query * scale, xp.swapaxes(key, -1, -2))
    if mask is not None:
        scores = scores + mask
    if causal:
        hidden = xp.logical_not(xp.tri(query.shape[-2], key.shape[-2], dtype=bool))
        scores = xp.where(hidden, scores.dtype.type(-xp.inf), scores)
    if scores.size:
        top = scores.max(axis=-1, keepdims=True)
        scores = xp.exp(scores - xp.where(top == -xp.inf, scores.dtype.type(0), top))
        total = scores.sum(axis=-1, keepdims=True)
        scores /= xp.where(total == 0, scores.dtype.type(1), total)
    return xp.matmul(scores, value), scores


@op(None)
def batched_matmul(xp, input, other):
    """What formulas call: on arrays NumPy's, on tensors the public `matmul`."""
    return xp.matmul(input, other)


batched_matmul._call = batched_matmul._built = matmul


def _swapped(F: Any, x: Any) -> Any:
    last = len(x.shape) - 1
    return F.permute(x, dims=(*range(last - 1), last, last - 1))


def _sum_to(F: Any, g: Any, shape: Any) -> Any:
    """Sum over the dimensions in which a shape was broadcast."""
    lead = len(g.shape) - len(shape)
    dims = tuple(range(lead)) + tuple(
        i + lead for i, n in enumerate(shape) if n == 1 and g.shape[i + lead] != 1
    )
    return F.reshape(F.sum(g, dim=dims, keepdim=True), shape=shape) if dims else g


@attention_op.vjp("query", "key", "value", "mask")
def _(
    F, g, query, key, value, weights, query_shape, key_shape, value_shape, mask_shape, scale, needs
):
    g_result, g_weights = g
    g_weights = F.batched_matmul(g_result, _swapped(F, value)) + g_weights
    t = g_weights * weights
    g_scores = t - weights * F.sum(t, dim=(len(t.shape) - 1,), keepdim=True)
    gq = gk = gv = gm = None
    if needs[0]:
        gq = _sum_to(F, F.batched_matmul(g_scores, key) * scale, query_shape)
    if needs[1]:
        gk = _sum_to(F, F.batched_matmul(_swapped(F, g_scores), query) * scale, key_shape)
    if needs[2]:
        gv = _sum_to(F, F.batched_matmul(_swapped(F, weights), g_result), value_shape)
    if needs[3]:
        gm = _sum_to(F, g_scores, mask_shape)
    return gq, gk, gv, gm


def scaled_dot_product_attention(
    query: Tensor,
    key: Tensor,
    value: Tensor,
    attn_mask: Tensor | None = None,
    dropout_p: float = 0.0,
    is_causal: bool = False,
    scale: float | None = None,
    enable_gqa: bool = False,
) -> Tensor:
    """``softmax(query @ key.T * scale + mask) @ value``.

    Source: Vaswani and others, "Attention Is All You Need", 2017.

    Parameters
    ----------
    query : Tensor
        (..., heads, L, E).
    key, value : Tensor
        (..., heads, S, E) and (..., heads, S, Ev).
    attn_mask : Tensor, optional
        Broadcast to (..., heads, L, S): bool (True takes part) or float (added to the scores).
        A row that is masked completely gives zeros.
    dropout_p : float, default 0
        Probability of dropping a weight.
    is_causal : bool, default False
        Query i sees keys up to i only.
    scale : float, optional
        Default: 1 / sqrt(E).
    enable_gqa : bool, default False
        Let several query heads share a key head.

    Raises
    ------
    DtypeError, ShapeError
        If the operands do not fit one another.
    RuntimeError
        If `attn_mask` and `is_causal` are both given.
    """
    _check(query, key, value)
    if is_causal and attn_mask is not None:
        raise RuntimeError(
            "_scaled_dot_product_attention: Explicit attn_mask should not be set when "
            "is_causal=True"
        )
    if enable_gqa:
        key, value = (_repeat_heads(x, query) for x in (key, value))
    if scale is None:
        scale = 1 / math.sqrt(query.shape[-1]) if query.shape[-1] else 1.0
    mask = None if attn_mask is None else _added(attn_mask, query)
    if dropout_p:
        return _with_dropout(query, key, value, mask, dropout_p, is_causal, scale)
    return attention_op.call(query, key, value, mask, scale=scale, causal=is_causal)[0]


def _check(query: Tensor, key: Tensor, value: Tensor) -> None:
    if not query.dtype is key.dtype is value.dtype:
        raise DtypeError(
            "Expected query, key, and value to have the same dtype, but got query.dtype: "
            f"{query.dtype.name} key.dtype: {key.dtype.name} and value.dtype: {value.dtype.name} "
            "instead."
        )
    if min(query.ndim, key.ndim, value.ndim) < 2:
        raise ShapeError(
            "Expected query, key, and value to all be at least 2 dimensional, but got query.dim: "
            f"{query.ndim}, key.dim: {key.ndim} and value.dim: {value.ndim} instead."
        )
    if query.shape[-1] != key.shape[-1]:
        raise ShapeError(
            "scaled_dot_product_attention: query and key must have the same last dimension, but "
            f"got {query.shape[-1]} and {key.shape[-1]}"
        )


def _added(mask: Tensor, query: Tensor) -> Tensor:
    """A mask to add to the scores: 0 and -inf for a bool one."""
    if mask.dtype is dtypes.bool_:
        zeros = query.new_zeros(mask.shape)
        return zeros.masked_fill(mask.logical_not(), -math.inf)
    if mask.dtype is not query.dtype:
        raise DtypeError(
            "Expected attn_mask dtype to be bool or float or to match query dtype, but got "
            f"attn_mask.dtype: {mask.dtype.name} and query.dtype: {query.dtype.name} instead."
        )
    return mask


def _repeat_heads(x: Tensor, query: Tensor) -> Tensor:
    heads, wanted = x.shape[-3], query.shape[-3]
    if wanted % heads:
        raise ShapeError(
            f"Number of heads in key and value must divide the number of heads in query, got "
            f"{heads} and {wanted}"
        )
    return x.repeat_interleave(wanted // heads, -3)


def _with_dropout(
    query: Tensor,
    key: Tensor,
    value: Tensor,
    mask: Tensor | None,
    dropout_p: float,
    is_causal: bool,
    scale: float,
) -> Tensor:
    scores = (query * scale) @ key.transpose(-1, -2)
    if is_causal:
        rows, columns = scores.shape[-2:]
        visible = query.new_ones((rows, columns)).tril()
        scores = scores.masked_fill(visible == 0, -math.inf)
    if mask is not None:
        scores = scores + mask
    return dropout(softmax(scores, -1), dropout_p) @ value
