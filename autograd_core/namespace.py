"""What ``autograd_core.`` offers: the public functions of the op rooms and the dtypes.

A module of ``ops/`` says what it gives to the world in its ``__all__``; each name is put
into the package's namespace (``sum``), and `tensor.method` has already made methods of
those that are methods too.
"""

from __future__ import annotations

import importlib
from typing import Any

from . import dtypes

OP_MODULES = ("create", "convert", "shape", "parts", "strided", "fill", "join", "index", "select", "scatter", "sorting", "sampling", "arithmetic", "power", "blend", "elementwise", "comparison", "pairwise", "reduce", "cumulative", "extrema", "spread", "norms", "activation", "softmax", "linalg", "products", "einsum", "conv", "pool", "spatial",)
"""The modules of ``ops/``, in the order in which they are loaded."""


def fill(target: dict[str, Any]) -> None:
    """Put dtypes and public functions into the package's namespace."""
    for kind in dtypes.ALL:
        target["bool" if kind.name == "bool" else kind.name] = kind
    target.update(dtypes.ALIASES)
    for name in ("dtype", "finfo", "iinfo", "get_default_dtype", "set_default_dtype", "promote_types"):  # fmt: skip
        target[name] = getattr(dtypes, name)
    for name in OP_MODULES:
        module = importlib.import_module(f".ops.{name}", __package__)
        for public in module.__all__:
            target[public] = getattr(module, public)
