"""Example calls of attention with several heads."""

from __future__ import annotations

from typing import Any

import numpy as np

from ..examples import Draw, call, examples


@examples("nn.functional.multi_head_attention_forward")
def _(draw: Draw) -> Any:
    length, batch, size, heads = 3, 2, 4, 2

    def arguments(**more: Any) -> Any:
        x = draw.real(length, batch, size)
        weights = draw.real(3 * size, size, low=-0.5, high=0.5), draw.real(3 * size)
        last = draw.real(size, size), draw.real(size)
        pair = more.pop("pair", (None, None))
        zero = more.pop("add_zero_attn", False)
        inputs = (x, x, x, size, heads, *weights)
        return call(*inputs, *pair, zero, 0.0, *last, **more)

    yield arguments()
    yield arguments(attn_mask=draw.real(length, length), average_attn_weights=False)
    hidden = np.array([[False, False, True], [False, True, False]])
    yield arguments(key_padding_mask=hidden, add_zero_attn=True)
    yield arguments(pair=(draw.real(1, 1, size), draw.real(1, 1, size)))
    apart = {f"{name}_proj_weight": draw.real(size, size) for name in "qkv"}
    yield arguments(use_separate_proj_weight=True, **apart)
