"""Attention with several heads as a module."""

from __future__ import annotations

from typing import Any

from ..._tensor import Tensor
from ...ops.create import empty
from ...ops.multihead import canonical_mask
from .. import functional as F
from .. import init
from ..parameter import Parameter
from .linear import Linear
from .module import Module

__all__ = ["MultiheadAttention"]


class NonDynamicallyQuantizableLinear(Linear):
    """`Linear`, under the name that PyTorch prints for the last projection."""


class MultiheadAttention(Module):
    """Attention with several heads (Vaswani and others, 2017).

    Parameters
    ----------
    embed_dim, num_heads : int
        Size of a step, and into how many heads it is divided.
    dropout : float, default 0
        Dropout of the attention weights.
    bias : bool, default True
        Whether the projections have biases.
    add_bias_kv : bool, default False
        One more learned key and value for every sequence.
    add_zero_attn : bool, default False
        One more key and value of zeros.
    kdim, vdim : int, optional
        Sizes of keys and values; default: `embed_dim`.
    batch_first : bool, default False
        Tensors are (N, L, E) instead of (L, N, E).

    Attributes
    ----------
    in_proj_weight : Parameter or None
        (3 * embed_dim, embed_dim): query, key and value one below the other; None, with
        ``q_proj_weight``, ``k_proj_weight`` and ``v_proj_weight`` instead, where `kdim` or
        `vdim` differ.
    in_proj_bias, out_proj, bias_k, bias_v : Parameter, Linear
        Biases start at 0, weights are drawn by `init.xavier_uniform_`.
    """

    def __init__(
        self,
        embed_dim: int,
        num_heads: int,
        dropout: float = 0.0,
        bias: bool = True,
        add_bias_kv: bool = False,
        add_zero_attn: bool = False,
        kdim: int | None = None,
        vdim: int | None = None,
        batch_first: bool = False,
        device: Any = None,
        dtype: Any = None,
    ):
        if embed_dim <= 0 or num_heads <= 0:
            raise ValueError(
                "embed_dim and num_heads must be greater than 0, got "
                f"embed_dim={embed_dim} and num_heads={num_heads} instead"
            )
        super().__init__()
        self.embed_dim = embed_dim
        self.kdim = embed_dim if kdim is None else kdim
        self.vdim = embed_dim if vdim is None else vdim
        self._qkv_same_embed_dim = self.kdim == embed_dim == self.vdim
        self.num_heads = num_heads
        self.dropout = dropout
        self.batch_first = batch_first
        self.head_dim = embed_dim // num_heads
        if self.head_dim * num_heads != embed_dim:
            raise AssertionError("embed_dim must be divisible by num_heads")

        def put(name: str, *shape: int, there: bool = True) -> None:
            made = Parameter(empty(*shape, device=device, dtype=dtype)) if there else None
            self.register_parameter(name, made)

        together = self._qkv_same_embed_dim
        put("q_proj_weight", embed_dim, embed_dim, there=not together)
        put("k_proj_weight", embed_dim, self.kdim, there=not together)
        put("v_proj_weight", embed_dim, self.vdim, there=not together)
        put("in_proj_weight", 3 * embed_dim, embed_dim, there=together)
        put("in_proj_bias", 3 * embed_dim, there=bias)
        self.out_proj = NonDynamicallyQuantizableLinear(embed_dim, embed_dim, bias, device, dtype)
        put("bias_k", 1, 1, embed_dim, there=add_bias_kv)
        put("bias_v", 1, 1, embed_dim, there=add_bias_kv)
        self.add_zero_attn = add_zero_attn
        self._reset_parameters()

    def _reset_parameters(self) -> None:
        """Draw all parameters anew."""
        for name in ("in_proj_weight", "q_proj_weight", "k_proj_weight", "v_proj_weight"):
            weight = getattr(self, name)
            if weight is not None:
                init.xavier_uniform_(weight)
        if self.in_proj_bias is not None:
            init.zeros_(self.in_proj_bias)
            init.zeros_(self.out_proj.bias)  # type: ignore[arg-type]
        for more in (self.bias_k, self.bias_v):
            if more is not None:
                init.xavier_normal_(more)

    def forward(
        self,
        query: Tensor,
        key: Tensor,
        value: Tensor,
        key_padding_mask: Tensor | None = None,
        need_weights: bool = True,
        attn_mask: Tensor | None = None,
        average_attn_weights: bool = True,
        is_causal: bool = False,
    ) -> tuple[Tensor, Tensor | None]:
        """(L, N, E) with S keys to (L, N, E) and the weights (N, L, S), or None.

        Parameters
        ----------
        query, key, value : Tensor
            (L, N, embed_dim), (S, N, kdim), (S, N, vdim); N first with `batch_first`, or
            without N.
        key_padding_mask : Tensor, optional
            (N, S): true where a key is padding, or numbers to add to its scores.
        need_weights : bool, default True
            Return the weights too (slower).
        attn_mask : Tensor, optional
            (L, S) or (N * num_heads, L, S): true where attention is not allowed, or
            numbers to add.
        average_attn_weights : bool, default True
            Return the mean of the weights over the heads, else (N, num_heads, L, S).
        is_causal : bool, default False
            A hint that `attn_mask` is the causal mask.
        """
        batched = query.ndim == 3
        key_padding_mask = canonical_mask(
            key_padding_mask, "key_padding_mask", attn_mask, "attn_mask", query.dtype
        )
        attn_mask = canonical_mask(attn_mask, "attn_mask", None, "", query.dtype, False)
        if self.batch_first and batched:
            query, key, value = _time_first(query, key, value)
        output, weights = F.multi_head_attention_forward(
            query,
            key,
            value,
            self.embed_dim,
            self.num_heads,
            self.in_proj_weight,
            self.in_proj_bias,
            self.bias_k,
            self.bias_v,
            self.add_zero_attn,
            self.dropout,
            self.out_proj.weight,
            self.out_proj.bias,
            training=self.training,
            key_padding_mask=key_padding_mask,
            need_weights=need_weights,
            attn_mask=attn_mask,
            use_separate_proj_weight=not self._qkv_same_embed_dim,
            q_proj_weight=self.q_proj_weight,
            k_proj_weight=self.k_proj_weight,
            v_proj_weight=self.v_proj_weight,
            average_attn_weights=average_attn_weights,
            is_causal=is_causal,
        )
        return (output.transpose(1, 0) if self.batch_first and batched else output), weights


def _time_first(query: Tensor, key: Tensor, value: Tensor) -> tuple[Tensor, ...]:
    """Batch and time exchanged; what is the same tensor stays the same."""
    q = query.transpose(1, 0)
    k = q if key is query else key.transpose(1, 0)
    return q, k, k if value is key else value.transpose(1, 0)
