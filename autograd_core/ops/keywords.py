"""The keywords that many of PyTorch's functions share: ``out=``, ``axis`` and ``keepdims``.

Functions that an op's declaration generates take ``out`` themselves
(`autograd_core.template`).  Those written by hand get it here, as functions of the package
only: methods have no ``out``, and a method's call costs no more for it.
"""

from __future__ import annotations

import functools
from collections.abc import Callable
from typing import Any

from ..outputs import write_outputs

WITH_OUT = (
    "add", "addbmm", "addcdiv", "addcmul", "addmm", "addmv", "addr", "all", "amax", "amin",
    "aminmax", "any", "argmax", "argmin", "baddbmm", "bmm", "bucketize", "cat", "clamp",
    "clamp_max", "clamp_min", "clip", "column_stack", "complex", "concat", "concatenate",
    "cross", "cummax", "cummin", "cumprod", "cumsum", "diag", "diff", "div", "divide", "dot",
    "dstack", "float_power", "gather", "ger", "hstack", "index_add", "index_copy",
    "index_select", "inner", "isin", "kron", "kthvalue", "lerp", "log_softmax", "logcumsumexp",
    "logit", "logsumexp", "masked_select", "matmul", "max", "mean", "median", "min", "mm",
    "mode", "msort", "multinomial", "mv", "nan_to_num", "nanmean", "nanmedian", "nansum",
    "nonzero", "norm", "outer", "polygamma", "pow", "prod", "quantile", "renorm", "round",
    "row_stack", "scatter", "scatter_add", "scatter_reduce", "searchsorted", "softmax", "sort",
    "square", "stack", "std", "sub", "subtract", "sum", "take", "take_along_dim", "tensordot",
    "topk", "tril", "triu", "true_divide", "var", "vdot", "vstack", "where", "xlogy",
)  # fmt: skip
CREATING = (
    "arange", "empty", "eye", "full", "linspace", "logspace", "normal", "ones", "rand",
    "randint", "randn", "randperm", "zeros",
)  # fmt: skip
"""Functions whose result takes its dtype from ``out``."""


def take_keywords(space: dict[str, Any]) -> None:
    """Let the functions of a namespace that are named above take the shared keywords."""
    for name in WITH_OUT + CREATING:
        if name in space:
            space[name] = _with_keywords(space[name], name, name in CREATING)


def _with_keywords(fn: Callable[..., Any], name: str, creates: bool) -> Callable[..., Any]:
    @functools.wraps(fn)
    def call(*args: Any, **kwargs: Any) -> Any:
        if not kwargs:
            return fn(*args)
        if "axis" in kwargs:
            kwargs["dim"] = kwargs.pop("axis")
        if "keepdims" in kwargs:
            kwargs["keepdim"] = kwargs.pop("keepdims")
        out = kwargs.pop("out", None)
        if out is None:
            return fn(*args, **kwargs)
        if creates and hasattr(out, "dtype"):
            kwargs.setdefault("dtype", out.dtype)
        inputs = (*args, *kwargs.values())
        return write_outputs(name, lambda: fn(*args, **kwargs), inputs, out)

    call.__module__ = __package__.partition(".")[0]  # where it is found by its name
    return call
