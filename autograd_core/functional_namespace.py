"""The namespace ``F`` of gradient formulas at higher order: the ops on tensors."""

from __future__ import annotations

from typing import Any


class TensorNamespace:
    """``F.sum(x, dim=..., keepdim=...)``: the generated function of each primitive op."""

    def __getattr__(self, name: str) -> Any:
        from .declare import REGISTRY

        if name not in REGISTRY:
            raise AttributeError(f"no op {name!r}")
        call = REGISTRY[name].call
        setattr(self, name, call)
        return call


TENSORS = TensorNamespace()


def sum_to_tensor(g: Any, shape: tuple[int, ...]) -> Any:
    """Differentiable `vjps.sum_to`."""
    have = tuple(g.shape)
    lead = len(have) - len(shape)
    axes = tuple(range(lead)) + tuple(
        i + lead for i, n in enumerate(shape) if n == 1 and have[i + lead] != 1
    )
    return TENSORS.reshape(TENSORS.sum(g, dim=axes, keepdim=True), shape=shape)


def cast_tensor(g: Any, kind: Any) -> Any:
    """Differentiable cast to a NumPy dtype."""
    if g._array.dtype == kind:
        return g
    if g._array.dtype.kind == "c" and kind.kind != "c":
        g = TENSORS.real(g)
    return TENSORS.to_dtype(g, dtype=kind)
