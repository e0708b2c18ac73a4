"""The keywords that many of PyTorch's functions share: ``out=``, ``axis`` and ``keepdims``.

Functions that an op's declaration generates take ``out`` themselves
(`autograd_core.template`), and so do the hottest of those written by hand.  The others get
it here, as functions of the package only: methods have no ``out`` and pay nothing for it.
"""

from __future__ import annotations

import functools
from collections.abc import Callable
from typing import Any

from .._tensor import Tensor
from ..outputs import write_outputs
from .reduce import numpy_names, rename

WITH_OUT = (
    "addbmm", "addcdiv", "addcmul", "addmm", "addmv", "addr", "all", "amax", "amin",
    "aminmax", "any", "argmax", "argmin", "baddbmm", "bernoulli", "bmm", "bucketize", "cat",
    "clamp", "clamp_max", "clamp_min", "clip", "column_stack", "complex", "concat", "concatenate",
    "cross", "cummax", "cummin", "cumprod", "cumsum", "diag", "diff", "dot", "frexp",
    "igamma", "igammac", "histc", "histogram", "index_reduce", "mvlgamma", "nanquantile",
    "narrow_copy", "nonzero_static",
    "dstack", "float_power", "gather", "ger", "hstack", "index_add", "index_copy",
    "index_select", "inner", "isin", "kron", "kthvalue", "lerp", "log_softmax", "logcumsumexp",
    "logit", "logsumexp", "masked_select", "matmul", "max", "mean", "median", "min", "mm",
    "mode", "msort", "multinomial", "mv", "nan_to_num", "nanmean", "nanmedian", "nansum",
    "nonzero", "norm", "outer", "polygamma", "pow", "prod", "quantile", "renorm", "round",
    "row_stack", "scatter", "scatter_add", "scatter_reduce", "searchsorted", "softmax", "sort",
    "square", "stack", "std", "sum", "take", "take_along_dim", "tensordot",
    "topk", "tril", "triu", "var", "vdot", "vstack", "where", "xlogy",
)  # fmt: skip
CREATING = (
    "arange", "empty", "eye", "full", "linspace", "logspace", "normal", "ones", "rand",
    "randint", "randn", "randperm", "zeros",
)  # fmt: skip
"""Functions whose result takes its dtype from ``out``."""

WITH_AXIS = (
    "argsort", "chunk", "count_nonzero", "log_softmax", "repeat_interleave", "softmax", "sort",
    "squeeze", "std_mean", "topk", "unbind", "unsqueeze", "var_mean",
)  # fmt: skip
"""Functions and methods that read NumPy's names nowhere else."""


def take_keywords(space: dict[str, Any]) -> None:
    """Let the functions of a namespace that are named above take the shared keywords."""
    for name in dict.fromkeys(WITH_OUT + CREATING + WITH_AXIS):
        if name in space:
            space[name] = with_keywords(space[name], name, name in CREATING)
    for name in WITH_AXIS:
        if hasattr(Tensor, name):
            setattr(Tensor, name, numpy_names(getattr(Tensor, name)))


def with_keywords(fn: Callable[..., Any], name: str, creates: bool = False) -> Callable[..., Any]:
    """The function `fn`, public under `name`, with the keywords that all share."""

    @functools.wraps(fn)
    def call(*args: Any, **kwargs: Any) -> Any:
        out = None
        if kwargs:
            rename(kwargs)
            out = kwargs.pop("out", None)
        try:
            if out is None:
                return fn(*args, **kwargs)
        except AttributeError:
            if creates or not args or isinstance(args[0], Tensor | list | tuple):
                raise
            raise TypeError(
                f"{name}(): argument 'input' (position 1) must be Tensor, "
                f"not {type(args[0]).__name__}"
            ) from None
        if creates and isinstance(out, Tensor):
            kwargs.setdefault("dtype", out.dtype)
        inputs = (*args, *kwargs.values())
        return write_outputs(name, lambda: fn(*args, **kwargs), inputs, out)

    package, _, inner = f"{__package__.partition('.')[0]}.{name}".rpartition(".")
    call.__module__, call.__qualname__ = package, inner  # where it is found by its name
    return call
