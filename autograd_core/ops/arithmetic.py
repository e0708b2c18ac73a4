"""Addition to powers: what Python's operators do."""

from __future__ import annotations

from typing import Any

from ..declare import elementwise, op
from ..tensor import Tensor, method

add_op = elementwise("add", "AddBackward0", "add", 2, "Sum, element by element.")
sub_op = elementwise("sub", "SubBackward0", "subtract", 2, "Difference, element by element.")
mul_op = elementwise("mul", "MulBackward0", "multiply", 2, "Product, element by element.")
neg_op = elementwise("neg", "NegBackward0", "negative", types="promote")


@add_op.vjp("input")
def _(g: Any) -> Any:
    return g


@add_op.vjp("other")
def _(g: Any) -> Any:
    return g


@sub_op.vjp("input")
def _(g: Any) -> Any:
    return g


@sub_op.vjp("other")
def _(g: Any) -> Any:
    return -g


@mul_op.vjp("input")
def _(g: Any, other: Any) -> Any:
    return g * other


@mul_op.vjp("other")
def _(g: Any, input: Any) -> Any:
    return g * input


@neg_op.vjp
def _(g: Any) -> Any:
    return -g


tanh_op = elementwise("tanh", "TanhBackward0", "tanh")


@tanh_op.vjp
def _(g: Any, result: Any) -> Any:
    return g * (1 - result * result)


@op("SumBackward0", name="sum", types="free")
def sum_op(xp: Any, input: Any, *, dim: Any, keepdim: bool) -> Any:
    """Sum over the dimensions in `dim` (a tuple; None for all)."""
    return xp.sum(input, axis=dim, keepdims=keepdim)


@sum_op.vjp
def _(F: Any, g: Any, input_shape: Any, dim: Any, keepdim: bool) -> Any:
    if not keepdim and dim is not None:
        kept = tuple(1 if i in dim else n for i, n in enumerate(input_shape))
        g = F.reshape(g, shape=kept)
    return F.expand(g, shape=input_shape)


@op("ExpandBackward0", view=True)
def expand(xp: Any, input: Any, *, shape: Any) -> Any:
    """Broadcast to a shape without copying."""
    return xp.broadcast_view(xp.asarray(input), shape)


@expand.vjp
def _(F: Any, g: Any, input_shape: Any, shape: Any) -> Any:
    lead = len(shape) - len(input_shape)
    dims = tuple(range(lead)) + tuple(
        i + lead for i, n in enumerate(input_shape) if n == 1 and shape[i + lead] != 1
    )
    return F.reshape(F.sum(g, dim=dims, keepdim=True), shape=input_shape)


@op("ViewBackward0", view=True)
def reshape(xp: Any, input: Any, *, shape: Any) -> Any:
    """The same memory in another shape."""
    return xp.reshape(input, shape)


@reshape.vjp
def _(F: Any, g: Any, input_shape: Any) -> Any:
    return F.reshape(g, shape=input_shape)


Tensor.__add__ = add_op.call
Tensor.__sub__ = sub_op.call
Tensor.__mul__ = mul_op.call
Tensor.__neg__ = neg_op.call
Tensor.tanh = tanh_op.call

@method()
def sum(input):
    return sum_op(input, dim=None, keepdim=False)
__all__: list[str] = []
