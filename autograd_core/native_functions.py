"""Functions of ``nn.functional`` under the signatures that PyTorch gives them at the top.

There ``reduction`` is a number (0 none, 1 mean, 2 sum) and some arguments stand in another
order; names are accepted too.
"""

from __future__ import annotations

from typing import Any

from . import linalg
from ._tensor import Tensor
from .nn import functional

_REDUCTIONS = {0: "none", 1: "mean", 2: "sum"}


def _reduction(value: Any) -> str:
    return _REDUCTIONS.get(value, value)


def batch_norm(
    input: Tensor, weight: Tensor | None, bias: Tensor | None, running_mean: Tensor | None,
    running_var: Tensor | None, training: bool, momentum: float, eps: float,
    cudnn_enabled: bool = False,
) -> Tensor:  # fmt: skip
    """See `nn.functional.batch_norm`."""
    return functional.batch_norm(
        input, running_mean, running_var, weight, bias, training, momentum, eps
    )


def embedding(
    weight: Tensor, indices: Tensor, padding_idx: int = -1, scale_grad_by_freq: bool = False,
    sparse: bool = False,
) -> Tensor:  # fmt: skip
    """See `nn.functional.embedding`."""
    pad = None if padding_idx < 0 else padding_idx
    return functional.embedding(
        indices, weight, padding_idx=pad, scale_grad_by_freq=scale_grad_by_freq, sparse=sparse
    )


def binary_cross_entropy_with_logits(
    input: Tensor, target: Tensor, weight: Tensor | None = None,
    pos_weight: Tensor | None = None, reduction: Any = 1,
) -> Tensor:  # fmt: skip
    """See `nn.functional.binary_cross_entropy_with_logits`."""
    return functional.binary_cross_entropy_with_logits(
        input, target, weight, pos_weight=pos_weight, reduction=_reduction(reduction)
    )


def cosine_embedding_loss(
    input1: Tensor, input2: Tensor, target: Tensor, margin: float = 0.0, reduction: Any = 1
) -> Tensor:
    """See `nn.functional.cosine_embedding_loss`."""
    return functional.cosine_embedding_loss(
        input1, input2, target, margin, reduction=_reduction(reduction)
    )


def hinge_embedding_loss(
    input: Tensor, target: Tensor, margin: float = 1.0, reduction: Any = 1
) -> Tensor:
    """See `nn.functional.hinge_embedding_loss`."""
    return functional.hinge_embedding_loss(input, target, margin, reduction=_reduction(reduction))


def kl_div(
    input: Tensor, target: Tensor, reduction: Any = 1, *, log_target: bool = False
) -> Tensor:
    """See `nn.functional.kl_div`."""
    return functional.kl_div(input, target, reduction=_reduction(reduction), log_target=log_target)


def margin_ranking_loss(
    input1: Tensor, input2: Tensor, target: Tensor, margin: float = 0.0, reduction: Any = 1
) -> Tensor:
    """See `nn.functional.margin_ranking_loss`."""
    return functional.margin_ranking_loss(
        input1, input2, target, margin, reduction=_reduction(reduction)
    )


def poisson_nll_loss(
    input: Tensor, target: Tensor, log_input: bool, full: bool, eps: float, reduction: Any
) -> Tensor:
    """See `nn.functional.poisson_nll_loss`."""
    return functional.poisson_nll_loss(
        input, target, log_input, full, eps=eps, reduction=_reduction(reduction)
    )


def triplet_margin_loss(
    anchor: Tensor, positive: Tensor, negative: Tensor, margin: float = 1.0, p: float = 2.0,
    eps: float = 1e-6, swap: bool = False, reduction: Any = 1,
) -> Tensor:  # fmt: skip
    """See `nn.functional.triplet_margin_loss`."""
    return functional.triplet_margin_loss(
        anchor, positive, negative, margin, p, eps, swap, reduction=_reduction(reduction)
    )


def convolution(
    input: Tensor, weight: Tensor, bias: Tensor | None, stride: Any, padding: Any, dilation: Any,
    transposed: bool, output_padding: Any, groups: int,
) -> Tensor:  # fmt: skip
    """The convolution of as many dimensions as the weight has beyond two."""
    name = f"conv{'_transpose' if transposed else ''}{weight.ndim - 2}d"
    options = {"output_padding": output_padding} if transposed else {}
    found: Tensor = getattr(functional, name)(
        input, weight, bias, stride, padding, groups=groups, dilation=dilation, **options
    )
    return found


def ctc_loss(
    log_probs: Tensor, targets: Tensor, input_lengths: Any, target_lengths: Any, blank: int = 0,
    reduction: Any = 1, zero_infinity: bool = False,
) -> Tensor:  # fmt: skip
    """See `nn.functional.ctc_loss`."""
    return functional.ctc_loss(
        log_probs, targets, input_lengths, target_lengths, blank, _reduction(reduction),
        zero_infinity,
    )  # fmt: skip


# ------------------------------------------------------------------ norms


def frobenius_norm(input: Tensor, dim: Any, keepdim: bool = False) -> Tensor:
    """The square root of the sum of squares; prefer `linalg.vector_norm`."""
    return linalg.vector_norm(input, 2, dim, keepdim)


def nuclear_norm(input: Tensor, dim: Any = (-2, -1), keepdim: bool = False) -> Tensor:
    """The sum of the singular values; prefer `linalg.matrix_norm`."""
    return linalg.matrix_norm(input, "nuc", tuple(dim), keepdim)


def norm_except_dim(v: Tensor, pow: int = 2, dim: int = 0) -> Tensor:
    """The norms of the slices along `dim` (-1: of the whole), in a shape that broadcasts."""
    if dim == -1:
        whole: Tensor = v.norm(pow)
        return whole
    slices: Tensor = v.movedim(dim, 0).reshape(v.shape[dim], -1).norm(pow, 1)
    return slices.reshape([n if d == dim % v.ndim else 1 for d, n in enumerate(v.shape)])


__all__ = [
    "batch_norm", "binary_cross_entropy_with_logits", "convolution", "cosine_embedding_loss",
    "ctc_loss", "embedding", "frobenius_norm", "hinge_embedding_loss", "kl_div",
    "margin_ranking_loss", "norm_except_dim", "nuclear_norm", "poisson_nll_loss",
    "triplet_margin_loss",
]  # fmt: skip
