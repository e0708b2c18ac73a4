"""Anomaly mode: stop at the first backward node that makes NaN or Inf, with the values."""

from __future__ import annotations

from typing import Any

import numpy as np

from .backends import backend_of, truth
from .errors import AnomalyError


def check_gradients(node: Any, grads: tuple[Any, ...], results: tuple[Any, ...]) -> None:
    """Raise AnomalyError if a result is not finite.

    Parameters
    ----------
    node : Node
        The node that ran.
    grads, results : tuple of array or None
        What went in and what came out.
    """
    for i, result in enumerate(results):
        bad = first_nonfinite(result)
        if bad is None:
            continue
        kind, index, count, size = bad
        inputs = ", ".join(_summary(g) for g in grads)
        made = f" The forward line: {node.location}." if node.location else ""
        raise AnomalyError(
            f"Function '{node.name()}' returned {kind} values in its {i}th output: "
            f"{count} of {size} elements, the first at index {index}. "
            f"It was given the gradient {inputs}; it had saved {saved_summary(node)}.{made}"
        )


def first_nonfinite(array: Any) -> tuple[str, tuple[int, ...], int, int] | None:
    """(nan or inf, index of the first, how many, of how many), or None if all is finite."""
    if array is None:
        return None
    xp = backend_of(array).xp
    array = xp.asarray(array)
    if array.dtype.kind not in "fc" and array.dtype.name != "bfloat16":
        return None
    finite = xp.isfinite(array)
    if truth(finite.all()):
        return None
    host = backend_of(finite).to_numpy(finite)
    index = tuple(int(i) for i in np.argwhere(~host)[0])
    nan = truth(xp.isnan(array).any())
    return "nan" if nan else "inf", index, int((~host).sum()), host.size


def _summary(array: Any) -> str:
    if array is None:
        return "None"
    host = backend_of(array).to_numpy(np.asarray(array) if np.isscalar(array) else array)
    if host.size == 0:
        return f"of shape {host.shape}, empty"
    finite = host[np.isfinite(host)]
    span = f"from {finite.min():.4g} to {finite.max():.4g}" if finite.size else "nothing finite"
    bad = host.size - finite.size
    return f"of shape {host.shape}, {span}" + (f", {bad} not finite" if bad else "")


def saved_summary(node: Any) -> str:
    """The saved arrays of a node in a few words each."""
    from .vjps import unpack

    if node.op is None or node.saved is None:
        return "nothing that is still there"
    try:
        values = unpack(node, False)
    except RuntimeError:
        return "values that were modified since"
    parts = [f"{k} {_summary(v)}" for k, v in values.items() if hasattr(v, "dtype")]
    return "; ".join(parts) or "no tensors"
