"""The older place of ``func.functional_call``."""

from __future__ import annotations

import warnings
from collections.abc import Mapping
from typing import Any

from ..._tensor import Tensor

__all__ = ["functional_call"]


def functional_call(
    module: Any,
    parameters_and_buffers: Mapping[str, Tensor],
    args: Any = None,
    kwargs: dict[str, Any] | None = None,
    *,
    tie_weights: bool = True,
    strict: bool = False,
) -> Any:
    """The older name of `autograd_core.func.functional_call`."""
    from ...func import functional_call as call

    warnings.warn(
        "`torch.nn.utils.stateless.functional_call` is deprecated as of PyTorch 2.0 and will be "
        "removed in a future version of PyTorch. Please use `torch.func.functional_call` instead "
        "which is a drop-in replacement.",
        FutureWarning,
        stacklevel=2,
    )
    given = dict(parameters_and_buffers)
    return call(module, given, args, kwargs, tie_weights=tie_weights, strict=strict)
