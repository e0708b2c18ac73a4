"""Functions of neural networks, under PyTorch's names: activations, norms, losses ..."""

from __future__ import annotations

import warnings
from typing import Any

from .._tensor import Tensor
from ..inplace import twin as _twin
from ..ops import softmax as _softmax
from ..ops.activation import (
    celu,
    celu_,
    elu,
    gelu,
    glu,
    hardshrink,
    hardsigmoid,
    hardswish,
    hardtanh,
    leaky_relu,
    logsigmoid,
    mish,
    prelu,
    relu,
    relu6,
    relu_,
    rrelu,
    selu,
    selu_,
    silu,
    softplus,
    softshrink,
    softsign,
    tanhshrink,
    threshold,
    threshold_,
)
from ..ops.attention import scaled_dot_product_attention
from ..ops.ctc import ctc_loss
from ..ops.distance import (
    cosine_embedding_loss,
    cosine_similarity,
    hinge_embedding_loss,
    margin_ranking_loss,
    multi_margin_loss,
    multilabel_soft_margin_loss,
    pairwise_distance,
    triplet_margin_loss,
    triplet_margin_with_distance_loss,
)
from ..ops.elementwise import sigmoid
from ..ops.embedding import embedding, one_hot
from ..ops.embedding_bag import embedding_bag
from ..ops.fractional_pool import (
    fractional_max_pool2d,
    fractional_max_pool2d_with_indices,
    fractional_max_pool3d,
    fractional_max_pool3d_with_indices,
)
from ..ops.grid_sample import affine_grid, grid_sample
from ..ops.loss import cross_entropy, nll_loss
from ..ops.multihead import multi_head_attention_forward
from ..ops.multilabel import gumbel_softmax, multilabel_margin_loss
from ..ops.normalization import (
    batch_norm,
    group_norm,
    instance_norm,
    layer_norm,
    local_response_norm,
    normalize,
    rms_norm,
)
from ..ops.pair_distances import pdist
from ..ops.regression import (
    binary_cross_entropy,
    binary_cross_entropy_with_logits,
    gaussian_nll_loss,
    huber_loss,
    kl_div,
    l1_loss,
    mse_loss,
    poisson_nll_loss,
    smooth_l1_loss,
    soft_margin_loss,
)
from ..ops.softmax import alpha_dropout, dropout
from .composites import *  # noqa: F403
from .composites import __all__ as _composites
from .spatial import *  # noqa: F403
from .spatial import __all__ as _spatial

elu_ = _twin(elu, "elu_")
hardtanh_ = _twin(hardtanh, "hardtanh_")
leaky_relu_ = _twin(leaky_relu, "leaky_relu_")
rrelu_ = _twin(rrelu, "rrelu_")


def tanh(input: Tensor) -> Tensor:
    """See `autograd_core.tanh`."""
    return input.tanh()


def _guessed(name: str, dim: int | None, input: Tensor, level: int) -> int:
    """PyTorch's old choice of a dimension that was not given."""
    if dim is not None:
        return dim
    warnings.warn(
        f"Implicit dimension choice for {name} has been deprecated. "
        "Change the call to include dim=X as an argument.",
        stacklevel=level + 1,
    )
    return 0 if input.ndim in (0, 1, 3) else 1


def softmax(
    input: Tensor, dim: int | None = None, _stacklevel: int = 3, dtype: Any = None
) -> Tensor:
    """See `autograd_core.softmax`; a `dim` of None is guessed, with a warning."""
    return _softmax.softmax(input, _guessed("softmax", dim, input, _stacklevel), dtype)


def log_softmax(
    input: Tensor, dim: int | None = None, _stacklevel: int = 3, dtype: Any = None
) -> Tensor:
    """See `autograd_core.log_softmax`; a `dim` of None is guessed, with a warning."""
    return _softmax.log_softmax(input, _guessed("log_softmax", dim, input, _stacklevel), dtype)


def softmin(
    input: Tensor, dim: int | None = None, _stacklevel: int = 3, dtype: Any = None
) -> Tensor:
    """`softmax` of the negated input."""
    return _softmax.softmax(-input, _guessed("softmin", dim, input, _stacklevel), dtype)


def _channels(
    name: str, input: Tensor, p: float, training: bool, inplace: bool, ranks: tuple[int, ...]
) -> Tensor:
    """Dropout of whole channels; the first rank in `ranks` is that of a single example."""
    if input.ndim not in ranks:
        warnings.warn(
            f"{name}: Received a {input.ndim}-D input to {name}, which is deprecated and will "
            "result in an error in a future release.",
            stacklevel=3,
        )
    single = input.ndim == ranks[0]
    found = _softmax.feature_dropout(input.unsqueeze(0) if single else input, p, training)
    found = found.squeeze(0) if single else found
    return input.copy_(found) if inplace else found


def dropout1d(
    input: Tensor, p: float = 0.5, training: bool = True, inplace: bool = False
) -> Tensor:
    """`dropout` of whole channels of (N, C, L) or (C, L)."""
    return _channels("dropout1d", input, p, training, inplace, (2, 3))


def dropout2d(
    input: Tensor, p: float = 0.5, training: bool = True, inplace: bool = False
) -> Tensor:
    """`dropout` of whole channels of (N, C, H, W)."""
    if input.ndim == 3:  # PyTorch reads (C, H, W) as (N, C, L) here, and so do we
        return _softmax.feature_dropout(input, p, training)
    return _channels("dropout2d", input, p, training, inplace, (3, 4))


def dropout3d(
    input: Tensor, p: float = 0.5, training: bool = True, inplace: bool = False
) -> Tensor:
    """`dropout` of whole channels of (N, C, D, H, W) or (C, D, H, W)."""
    return _channels("dropout3d", input, p, training, inplace, (4, 5))


__all__ = [
    "affine_grid", "embedding_bag", "fractional_max_pool2d", "fractional_max_pool2d_with_indices",
    "fractional_max_pool3d", "fractional_max_pool3d_with_indices", "grid_sample",
    "alpha_dropout", "batch_norm", "binary_cross_entropy", "binary_cross_entropy_with_logits",
    "celu", "celu_", "cosine_embedding_loss", "cosine_similarity", "cross_entropy", "dropout",
    "dropout1d", "dropout2d", "dropout3d", "elu", "elu_", "embedding", "gaussian_nll_loss", "gelu",
    "glu", "group_norm", "hardshrink", "hardsigmoid", "hardswish", "hardtanh", "hardtanh_",
    "hinge_embedding_loss", "huber_loss", "instance_norm", "kl_div", "l1_loss", "layer_norm",
    "leaky_relu", "leaky_relu_", "local_response_norm", "log_softmax", "logsigmoid",
    "margin_ranking_loss", "mish", "mse_loss", "multi_head_attention_forward",
    "multi_margin_loss", "multilabel_soft_margin_loss",
    "nll_loss", "normalize", "one_hot", "pairwise_distance", "poisson_nll_loss", "prelu", "relu",
    "relu6", "relu_", "rms_norm", "rrelu", "rrelu_", "scaled_dot_product_attention", "selu",
    "selu_", "sigmoid", "silu", "smooth_l1_loss", "soft_margin_loss", "softmax", "softmin",
    "softplus", "softshrink", "softsign", "tanh", "tanhshrink", "threshold", "threshold_",
    "triplet_margin_loss", "triplet_margin_with_distance_loss",
]  # fmt: skip
__all__ += ["ctc_loss", "gumbel_softmax", "multilabel_margin_loss", "pdist"]
__all__ += _composites + _spatial
