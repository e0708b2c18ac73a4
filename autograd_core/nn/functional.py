"""Functions of neural networks, under PyTorch's names: activations, norms, losses ..."""

from __future__ import annotations

from typing import Any

from ..ops.activation import (
    celu as celu,
    celu_ as celu_,
    elu as elu,
    gelu as gelu,
    glu as glu,
    hardshrink as hardshrink,
    hardsigmoid as hardsigmoid,
    hardswish as hardswish,
    hardtanh as hardtanh,
    leaky_relu as leaky_relu,
    logsigmoid as logsigmoid,
    mish as mish,
    prelu as prelu,
    relu as relu,
    relu6 as relu6,
    relu_ as relu_,
    rrelu as rrelu,
    selu as selu,
    selu_ as selu_,
    silu as silu,
    softplus as softplus,
    softshrink as softshrink,
    softsign as softsign,
    tanhshrink as tanhshrink,
    threshold as threshold,
    threshold_ as threshold_,
)
from ..ops.elementwise import sigmoid as sigmoid
from ..ops.linalg import linear as linear
from ..ops.loss import cross_entropy as cross_entropy
from ..ops.loss import nll_loss as nll_loss
from ..ops.softmax import alpha_dropout as alpha_dropout
from ..tensor import Tensor


def softmax(
    input: Tensor, dim: int | None = None, _stacklevel: int = 3, dtype: Any = None
) -> Tensor:
    """See `autograd_core.softmax`; a `dim` of None is guessed, with a warning."""
    from ..ops.softmax import _implicit_dim
    from ..ops.softmax import softmax as of

    return of(input, _implicit_dim("softmax", input.ndim) if dim is None else dim, dtype)


def log_softmax(
    input: Tensor, dim: int | None = None, _stacklevel: int = 3, dtype: Any = None
) -> Tensor:
    """See `autograd_core.log_softmax`; a `dim` of None is guessed, with a warning."""
    from ..ops.softmax import _implicit_dim
    from ..ops.softmax import log_softmax as of

    return of(input, _implicit_dim("log_softmax", input.ndim) if dim is None else dim, dtype)
from ..ops.loss import legacy as legacy
