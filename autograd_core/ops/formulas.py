"""What gradient formulas of several rooms share."""

from __future__ import annotations

from typing import Any


def zero_gradient(F: Any, g: Any) -> Any:
    """The gradient of a function that is constant almost everywhere."""
    return F.zeros_of(g, shape=g.shape)


def kept_shape(shape: Any, dim: tuple[int, ...] | None) -> tuple[int, ...]:
    """The shape that a reduction with ``keepdim=True`` gives."""
    return tuple(1 if dim is None or i in dim else n for i, n in enumerate(shape))


def restored(F: Any, x: Any, shape: Any, dim: tuple[int, ...] | None, keepdim: bool) -> Any:
    """A reduced value, shaped so that it broadcasts against what was reduced."""
    if keepdim or dim is None or not shape:
        return x
    return F.reshape(x, shape=kept_shape(shape, dim))


def not_implemented(op: Any, *inputs: str) -> None:
    """Let backward through these inputs of an op raise, where PyTorch has no gradient either."""

    def refuse(g: Any) -> Any:
        raise NotImplementedError(
            f"the derivative of {op.name} is not implemented; detach() its inputs"
        )

    for name in inputs:
        op.vjp(name)(refuse)


__all__: list[str] = []
