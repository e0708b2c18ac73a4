"""Attention with several heads: projections, masks, attention, projection.

::

    (L, N, E) ── in_proj ── heads ──► (N, heads, L, E/heads) ── attention ──► out_proj

Source: Vaswani and others, "Attention Is All You Need", 2017.
"""

from __future__ import annotations

import math
import warnings
from typing import Any

from .. import dtypes
from .._tensor import Tensor
from .attention import scaled_dot_product_attention
from .create import zeros
from .join import cat
from .linalg import bmm, linear
from .products import baddbmm
from .softmax import dropout, softmax
from .spatial import pad

__all__: list[str] = []


def canonical_mask(
    mask: Tensor | None,
    mask_name: str,
    other: Tensor | None,
    other_name: str,
    target_type: Any,
    check_other: bool = True,
) -> Tensor | None:
    """A mask as numbers to add: of a bool one, -inf where it is true.

    Parameters
    ----------
    mask : Tensor, optional
        Bool or floating.
    mask_name, other_name : str
        What messages call it and the other mask.
    other : Tensor, optional
        Another mask, which had better be of the same type.
    target_type : dtype
        Of the result, where `mask` is bool.

    Raises
    ------
    AssertionError
        If it is neither bool nor floating.
    """
    if mask is None:
        return None
    floating = mask.is_floating_point()
    if mask.dtype is not dtypes.bool_ and not floating:
        raise AssertionError(f"only bool and floating types of {mask_name} are supported")
    if check_other and other is not None and mask.dtype is not other.dtype:
        warnings.warn(
            f"Support for mismatched {mask_name} and {other_name} is deprecated. "
            "Use same type for both instead.",
            stacklevel=3,
        )
    if floating:
        return mask
    blank = zeros(*mask.shape, dtype=target_type, device=mask.device)
    return blank.masked_fill(mask, -math.inf)


# ------------------------------------------------------------------ checks


def _is_batched(
    query: Tensor,
    key: Tensor,
    value: Tensor,
    key_padding_mask: Tensor | None,
    attn_mask: Tensor | None,
    num_heads: int,
) -> bool:
    """Whether there is a batch dimension, after a look at all numbers of dimensions."""
    if query.ndim not in (2, 3):
        raise AssertionError(
            "query should be unbatched 2D or batched 3D tensor but received "
            f"{query.ndim}-D query tensor"
        )
    n = query.ndim
    which = f"For {'batched' if n == 3 else 'unbatched'} ({n}-D) `query`, expected"
    if key.ndim != n or value.ndim != n:
        raise AssertionError(
            f"{which} `key` and `value` to be {n}-D but found {key.ndim}-D and {value.ndim}-D "
            "tensors respectively"
        )
    if key_padding_mask is not None and key_padding_mask.ndim != n - 1:
        raise AssertionError(
            f"{which} `key_padding_mask` to be `None` or {n - 1}-D but found "
            f"{key_padding_mask.ndim}-D tensor instead"
        )
    if attn_mask is not None:
        if attn_mask.ndim not in (2, 3):
            raise AssertionError(
                f"{which} `attn_mask` to be `None`, 2-D or 3-D but found {attn_mask.ndim}-D "
                "tensor instead"
            )
        expected = (num_heads, query.shape[0], key.shape[0])
        if n == 2 and attn_mask.ndim == 3 and tuple(attn_mask.shape) != expected:
            raise AssertionError(
                f"Expected `attn_mask` shape to be {expected} but got {attn_mask.shape}"
            )
    return n == 3


def _check_sizes(
    query: Tensor, key: Tensor, value: Tensor, embed_dim: int, heads: int, separate: bool
) -> None:
    found = query.shape[-1]
    if found != embed_dim:
        raise AssertionError(f"was expecting embedding dimension of {embed_dim}, but got {found}")
    if found % heads:
        raise AssertionError(f"embed_dim {found} not divisible by num_heads {heads}")
    if separate and key.shape[:2] != value.shape[:2]:
        raise AssertionError(
            f"key's sequence and batch dims {key.shape[:2]} do not match value's {value.shape[:2]}"
        )
    if not separate and key.shape != value.shape:
        raise AssertionError(f"key shape {key.shape} does not match value shape {value.shape}")


def _check_static(name: str, static: Tensor, rows: int, head_dim: int) -> None:
    for i, wanted in ((0, rows), (2, head_dim)):
        if static.shape[i] != wanted:
            raise AssertionError(
                f"expecting {name}.size({i}) of {wanted}, but got {static.shape[i]}"
            )


# ------------------------------------------------------------------ projections


def _project_together(
    q: Tensor, k: Tensor, v: Tensor, w: Tensor, b: Tensor | None
) -> tuple[Tensor, ...]:
    """Query, key and value through one weight: as few products as there are inputs."""
    n = q.shape[-1]
    if q is k and k is v:
        return linear(q, w, b).chunk(3, -1)
    if k is v:
        w_q, w_kv = w.split([n, 2 * n])
        b_q, b_kv = (None, None) if b is None else b.split([n, 2 * n])
        return (linear(q, w_q, b_q), *linear(k, w_kv, b_kv).chunk(2, -1))
    weights, biases = w.chunk(3), _thirds(b)
    return tuple(linear(x, *own) for x, *own in zip((q, k, v), weights, biases, strict=True))


def _project_apart(
    inputs: tuple[Tensor, ...], weights: tuple[Tensor | None, ...], b: Tensor | None
) -> tuple[Tensor, ...]:
    size = inputs[0].shape[-1]
    projected = []
    for name, x, w, bias in zip(
        ("query", "key", "value"), inputs, weights, _thirds(b), strict=True
    ):
        if w is None:
            raise AssertionError(
                f"use_separate_proj_weight is True but {name[0]}_proj_weight is None"
            )
        if tuple(w.shape) != (size, x.shape[-1]):
            raise AssertionError(
                f"expecting {name} weights shape of {(size, x.shape[-1])}, but got {w.shape}"
            )
        if bias is not None and tuple(bias.shape) != (size,):
            raise AssertionError(f"expecting {name} bias shape of {(size,)}, but got {bias.shape}")
        projected.append(linear(x, w, bias))
    return tuple(projected)


def _thirds(b: Tensor | None) -> Any:
    return (None, None, None) if b is None else b.chunk(3)


def _heads(x: Tensor, heads: int) -> Tensor:
    """(L, N, E) as (N, heads, L, E / heads), in the same memory."""
    return x.unflatten(-1, (heads, x.shape[-1] // heads)).permute(1, 2, 0, 3)


# ------------------------------------------------------------------ masks


def _per_head(mask: Tensor, length: int, source: int, batch: int, heads: int) -> Tensor:
    """A mask over queries and keys as one that broadcasts to (N, heads, L, S)."""
    expected = (length, source) if mask.ndim == 2 else (batch * heads, length, source)
    if tuple(mask.shape) != expected:
        raise RuntimeError(
            f"The shape of the {mask.ndim}D attn_mask is {mask.shape}, but should be {expected}."
        )
    if mask.ndim == 2:
        return mask.unsqueeze(0).unsqueeze(0)
    return mask.reshape(batch, heads, length, source)


def _joined(attn_mask: Tensor | None, padding: Tensor | None, source: int, batch: int) -> Any:
    """Both masks in one."""
    if padding is None:
        return attn_mask
    for i, wanted in enumerate((batch, source)):
        if padding.shape[i] != wanted:
            raise AssertionError(
                f"Expected key_padded_mask.shape[{i}] to be {wanted}, but got {padding.shape[i]}"
            )
    spread = padding.reshape(batch, 1, 1, source)
    return spread if attn_mask is None else attn_mask + spread


# ------------------------------------------------------------------ the function


def multi_head_attention_forward(
    query: Tensor,
    key: Tensor,
    value: Tensor,
    embed_dim_to_check: int,
    num_heads: int,
    in_proj_weight: Tensor | None,
    in_proj_bias: Tensor | None,
    bias_k: Tensor | None,
    bias_v: Tensor | None,
    add_zero_attn: bool,
    dropout_p: float,
    out_proj_weight: Tensor,
    out_proj_bias: Tensor | None,
    training: bool = True,
    key_padding_mask: Tensor | None = None,
    need_weights: bool = True,
    attn_mask: Tensor | None = None,
    use_separate_proj_weight: bool = False,
    q_proj_weight: Tensor | None = None,
    k_proj_weight: Tensor | None = None,
    v_proj_weight: Tensor | None = None,
    static_k: Tensor | None = None,
    static_v: Tensor | None = None,
    average_attn_weights: bool = True,
    is_causal: bool = False,
) -> tuple[Tensor, Tensor | None]:
    """Attention with several heads; see `nn.MultiheadAttention`.

    Parameters
    ----------
    query, key, value : Tensor
        (L, N, E), (S, N, kdim), (S, N, vdim), or all without N.
    embed_dim_to_check, num_heads : int
        E, and into how many heads it is divided.
    in_proj_weight, in_proj_bias : Tensor, optional
        (3 E, E) and (3 E); the weight is not used with `use_separate_proj_weight`.
    bias_k, bias_v : Tensor, optional
        (1, 1, E): one more key and value for all.
    add_zero_attn : bool
        Add a key and a value of zeros.
    dropout_p : float
        Dropout of the weights, in training.
    out_proj_weight, out_proj_bias : Tensor
        (E, E) and (E).
    key_padding_mask : Tensor, optional
        (N, S): true, or -inf, where a key is padding.
    need_weights : bool, default True
        Return the weights too.
    attn_mask : Tensor, optional
        (L, S) or (N * num_heads, L, S): true where attention is not allowed, or numbers
        to add.
    static_k, static_v : Tensor, optional
        (N * num_heads, S, E / num_heads): in place of projected keys and values.
    average_attn_weights : bool, default True
        Return the mean over the heads.
    is_causal : bool, default False
        A hint that `attn_mask`, which must be given, is the causal one.

    Returns
    -------
    tuple
        (L, N, E), and the weights (N, L, S) or None.
    """
    batched = _is_batched(query, key, value, key_padding_mask, attn_mask, num_heads)
    if not batched:
        query, key, value = _with_batch(query, key, value)
        if key_padding_mask is not None:
            key_padding_mask = key_padding_mask.unsqueeze(0)
    length, batch, embed_dim = query.shape
    padding = canonical_mask(
        key_padding_mask, "key_padding_mask", attn_mask, "attn_mask", query.dtype
    )
    if is_causal and attn_mask is None:
        raise RuntimeError(
            "Need attn_mask if specifying the is_causal hint. You may use the Transformer module "
            "method `generate_square_subsequent_mask` to create this mask."
        )
    by_hint = is_causal and padding is None and not need_weights
    mask = None if by_hint else canonical_mask(attn_mask, "attn_mask", None, "", query.dtype, False)
    _check_sizes(query, key, value, embed_dim_to_check, num_heads, use_separate_proj_weight)
    if use_separate_proj_weight:
        weights = (q_proj_weight, k_proj_weight, v_proj_weight)
        q, k, v = _project_apart((query, key, value), weights, in_proj_bias)
    elif in_proj_weight is None:
        raise AssertionError("use_separate_proj_weight is False but in_proj_weight is None")
    else:
        q, k, v = _project_together(query, key, value, in_proj_weight, in_proj_bias)
    if mask is not None:
        mask = _per_head(mask, length, key.shape[0], batch, num_heads)
    added = 0
    if bias_k is not None or bias_v is not None:
        k, v = _with_bias(k, v, bias_k, bias_v, static_k, static_v)
        added += 1
    q, k, v = (_heads(x, num_heads) for x in (q, k, v))
    k, v = (
        x if static is None else _static(name, static, batch, num_heads, x)
        for name, static, x in (("static_k", static_k, k), ("static_v", static_v, v))
    )
    if add_zero_attn:
        k, v = (cat([x, x.new_zeros((*x.shape[:2], 1, x.shape[3]))], dim=2) for x in (k, v))
        added += 1
    if added:
        mask, padding = (None if m is None else pad(m, (0, added)) for m in (mask, padding))
    mask = _joined(mask, padding, k.shape[2], batch)
    p = dropout_p if training else 0.0
    if need_weights:
        result, found = _with_weights(q, k, v, mask, p)
        if average_attn_weights:
            found = found.mean(dim=1)
    else:
        result, found = scaled_dot_product_attention(q, k, v, mask, p, by_hint), None
    rows = result.permute(2, 0, 1, 3).reshape(length * batch, embed_dim)
    output = linear(rows, out_proj_weight, out_proj_bias)
    output = output.reshape(length, batch, output.shape[1])
    if batched:
        return output, found
    return output.squeeze(1), None if found is None else found.squeeze(0)


def _with_batch(query: Tensor, key: Tensor, value: Tensor) -> tuple[Tensor, ...]:
    """With a batch of one; what is the same tensor stays the same, for one product's sake."""
    q = query.unsqueeze(1)
    k = q if key is query else key.unsqueeze(1)
    return q, k, k if value is key else value.unsqueeze(1)


def _with_bias(
    k: Tensor,
    v: Tensor,
    bias_k: Tensor | None,
    bias_v: Tensor | None,
    static_k: Tensor | None,
    static_v: Tensor | None,
) -> tuple[Tensor, Tensor]:
    """One more key and value, the same in all sequences."""
    if bias_k is None or bias_v is None:
        there, missing = ("bias_v", "bias_k") if bias_k is None else ("bias_k", "bias_v")
        raise AssertionError(f"{there} is set but {missing} is None")
    for name, static in (("key", static_k), ("value", static_v)):
        if static is not None:
            raise AssertionError(f"bias cannot be added to static {name}.")
    batch = k.shape[1]
    return cat([k, bias_k.repeat(1, batch, 1)]), cat([v, bias_v.repeat(1, batch, 1)])


def _static(name: str, static: Tensor, batch: int, heads: int, projected: Tensor) -> Tensor:
    _check_static(name, static, batch * heads, projected.shape[-1])
    return static.unflatten(0, (batch, heads))


def _with_weights(
    q: Tensor, k: Tensor, v: Tensor, mask: Tensor | None, p: float
) -> tuple[Tensor, Tensor]:
    """Attention step by step, as the weights are wanted; a row that is all masked gives NaN."""
    batch, heads, length, size = q.shape
    q, k, v = (x.reshape(batch * heads, x.shape[2], x.shape[3]) for x in (q, k, v))
    q = q * math.sqrt(1.0 / size)
    keys = k.transpose(-2, -1)
    if mask is None:
        scores = bmm(q, keys)
    else:
        spread = mask.expand(batch, heads, length, k.shape[1])
        scores = baddbmm(spread.reshape(batch * heads, length, k.shape[1]), q, keys)
    weights = softmax(scores, -1)
    if p > 0.0:
        weights = dropout(weights, p)
    return (
        bmm(weights, v).unflatten(0, (batch, heads)),
        weights.unflatten(0, (batch, heads)),
    )
