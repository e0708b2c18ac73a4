"""Normalization: layer, batch, group and instance norm, rms norm, unit length.

One formula serves them all.  The input is seen as `view`, standardised over `dims`, then
scaled and shifted by weight and bias seen as `affine`::

    mean, var  over dims            rstd = (var + eps) ** -0.5
    x_hat = (x - mean) * rstd       result = x_hat * weight + bias

Mean and variance are outputs of the node with gradients of their own, as the running
statistics and the second derivative need them.
"""

from __future__ import annotations

import functools
import math
from collections.abc import Callable, Sequence
from typing import Any, TypeVar, cast

from .. import dtypes
from .._tensor import Tensor
from ..declare import Op, op
from ..errors import DtypeError, ShapeError

__all__: list[str] = []


def _count(shape: Any, dims: Any) -> int:
    return math.prod(shape[d] for d in dims)


def _standardise(xp, input, weight, bias, *, view, affine, dims, eps):
    x = input.reshape(view)
    if not x.size:
        empty = tuple(1 if i in dims else n for i, n in enumerate(view))
        return input.copy(), xp.zeros(empty, input.dtype), xp.zeros(empty, input.dtype)
    n = _count(view, dims)
    mean = x.sum(axis=dims, keepdims=True) / n
    result = x - mean
    var = (result * result).sum(axis=dims, keepdims=True) / n
    result *= 1 / xp.sqrt(var + eps)
    if weight is not None:
        result *= weight.reshape(affine)
    if bias is not None:
        result += bias.reshape(affine)
    return result.reshape(input.shape), mean, var


def _over_affine(F: Any, g: Any, affine: Any, shape: Any) -> Any:
    """Sum a gradient to the shape of weight and bias."""
    lead = len(g.shape) - len(affine)
    dims = tuple(range(lead)) + tuple(
        i + lead for i, n in enumerate(affine) if n == 1 and g.shape[i + lead] != 1
    )
    if dims:
        g = F.sum(g, dim=dims, keepdim=False)
    return F.reshape(g, shape=shape)


def _standardise_vjp(
    F, g, input, weight, mean, var, input_shape, weight_shape, bias_shape, view, affine, dims, eps,
    needs,
):  # fmt: skip
    g_result, g_mean, g_var = g
    gr = F.reshape(g_result, shape=view)
    rstd = (var + eps) ** -0.5
    centered = F.reshape(input, shape=view) - mean
    hat = centered * rstd if needs[0] or needs[1] else None
    gi = gw = gb = None
    if needs[0]:
        n = _count(view, dims)
        gh = gr if weight is None else gr * F.reshape(weight, shape=affine)
        along_mean = g_mean / n - rstd * F.sum(gh, dim=dims, keepdim=True) / n
        along_var = g_var * 2 / n - rstd * rstd * F.sum(gh * hat, dim=dims, keepdim=True) / n
        gi = F.reshape(gh * rstd + along_mean + centered * along_var, shape=input_shape)
    if needs[1]:
        gw = _over_affine(F, gr * hat, affine, weight_shape)
    if needs[2]:
        gb = _over_affine(F, gr, affine, bias_shape)
    return gi, gw, gb


def _declare(name: str, node_name: str) -> Op:
    declared = op(node_name, name=name, types="floating", outputs=("result", "mean", "var"))(
        _standardise
    )
    declared.vjp("input", "weight", "bias")(_standardise_vjp)
    return declared


layer_norm_op = _declare("native_layer_norm", "NativeLayerNormBackward0")
batch_norm_op = _declare("native_batch_norm", "NativeBatchNormBackward0")
group_norm_op = _declare("native_group_norm", "NativeGroupNormBackward0")


@op("NativeBatchNormBackward0", types="floating")
def batch_norm_eval(xp, input, weight, bias, mean, var, *, affine, eps):
    """Batch norm by statistics that are given, not taken from the batch."""
    result = input - mean.reshape(affine)
    result *= 1 / xp.sqrt(var.reshape(affine) + eps)
    if weight is not None:
        result *= weight.reshape(affine)
    if bias is not None:
        result += bias.reshape(affine)
    return result


@batch_norm_eval.vjp("input", "weight", "bias")
def _(F, g, input, weight, mean, var, weight_shape, bias_shape, affine, eps, needs):
    rstd = (F.reshape(var, shape=affine) + eps) ** -0.5
    gi = gw = gb = None
    if needs[0]:
        gi = g * (rstd if weight is None else rstd * F.reshape(weight, shape=affine))
    if needs[1]:
        hat = (input - F.reshape(mean, shape=affine)) * rstd
        gw = _over_affine(F, g * hat, affine, weight_shape)
    if needs[2]:
        gb = _over_affine(F, g, affine, bias_shape)
    return gi, gw, gb


# ------------------------------------------------------------------ public functions


def _require_floating(name: str, input: Tensor) -> None:
    if input.dtype.category < dtypes.FLOATING:
        raise DtypeError(
            f"{name}(): expected a floating point input, got {input.dtype!r}; convert with .float()"
        )


Norm = TypeVar("Norm", bound=Callable[..., Tensor])


def _mixed(norm: Norm) -> Norm:
    """Compute in float32 where a half-precision input comes with float32 vectors."""

    @functools.wraps(norm)
    def call(input: Tensor, *args: Any, **kwargs: Any) -> Tensor:
        kind = input.dtype
        if kind in (dtypes.float16, dtypes.bfloat16):
            vectors = (x for x in (*args, *kwargs.values()) if isinstance(x, Tensor))
            if any(x.dtype == dtypes.float32 for x in vectors):
                return norm(input.float(), *args, **kwargs).to(kind)
        return norm(input, *args, **kwargs)

    return cast(Norm, call)


@_mixed
def layer_norm(
    input: Tensor,
    normalized_shape: Sequence[int],
    weight: Tensor | None = None,
    bias: Tensor | None = None,
    eps: float = 1e-5,
) -> Tensor:
    """Mean 0 and variance 1 over the last dimensions, then times `weight` plus `bias`.

    Source: Ba, Kiros and Hinton, "Layer Normalization", 2016.

    Parameters
    ----------
    normalized_shape : sequence of int
        Sizes of the last dimensions; weight and bias have this shape.
    eps : float
        Added to the variance.

    Raises
    ------
    ShapeError
        If the input does not end in `normalized_shape`, or weight or bias differ from it.
    """
    shape = _normalized(input, normalized_shape, weight, bias)
    view = input._array.shape
    dims = tuple(range(len(view) - len(shape), len(view)))
    return layer_norm_op.call(input, weight, bias, view=view, affine=shape, dims=dims, eps=eps)[0]


def _normalized(
    input: Tensor, normalized_shape: Any, weight: Tensor | None, bias: Tensor | None = None
) -> tuple[int, ...]:
    shape = (normalized_shape,) if isinstance(normalized_shape, int) else tuple(normalized_shape)
    if not shape:
        raise ShapeError(
            "Expected normalized_shape to be at least 1-dimensional, i.e., containing at least one "
            "element, but got normalized_shape = []"
        )
    for what, t in (("weight", weight), ("bias", bias)):
        if t is not None and tuple(t.shape) != shape:
            raise ShapeError(
                f"Expected {what} to be of same shape as normalized_shape, but got {what} of shape "
                f"{list(t.shape)} and normalized_shape = {list(shape)}"
            )
    if tuple(input.shape[-len(shape) :]) != shape or input.ndim < len(shape):
        raise ShapeError(
            f"Given normalized_shape={list(shape)}, expected input with shape "
            f"[*, {', '.join(map(str, shape))}], but got input of size{list(input.shape)}"
        )
    return shape


def rms_norm(
    input: Tensor,
    normalized_shape: Sequence[int],
    weight: Tensor | None = None,
    eps: float | None = None,
) -> Tensor:
    """The input over the root of its mean square, over the last dimensions, times `weight`.

    Source: Zhang and Sennrich, "Root Mean Square Layer Normalization", 2019.

    Parameters
    ----------
    eps : float, optional
        Added to the mean square; default: the smallest that 1 can be told from.
    """
    shape = _normalized(input, normalized_shape, weight)
    _require_floating("rms_norm", input)
    kind = input.dtype
    if kind.itemsize == 2:  # squares overflow half precision
        input = input.float()
    if eps is None:
        eps = dtypes.finfo(input.dtype).eps
    dims = tuple(range(-len(shape), 0))
    result = input * (input.pow(2).mean(dims, keepdim=True) + eps).rsqrt()
    return (result if weight is None else result * weight).to(kind)


@_mixed
def batch_norm(
    input: Tensor,
    running_mean: Tensor | None,
    running_var: Tensor | None,
    weight: Tensor | None = None,
    bias: Tensor | None = None,
    training: bool = False,
    momentum: float = 0.1,
    eps: float = 1e-5,
) -> Tensor:
    """Mean 0 and variance 1 of each channel over the batch, then times `weight` plus `bias`.

    Source: Ioffe and Szegedy, "Batch Normalization", 2015.

    Parameters
    ----------
    input : Tensor
        (N, C) or (N, C, d1, ...).
    running_mean, running_var : Tensor or None
        (C): used instead of the batch's in evaluation, updated in place in training.
    weight, bias : Tensor, optional
        (C).
    training : bool, default False
        Whether to use the batch's own statistics.
    momentum : float, default 0.1
        Weight of the batch in the running statistics.
    eps : float
        Added to the variance.

    Raises
    ------
    ShapeError
        If a vector does not have C elements.
    ValueError
        In training, if there is one value a channel only.
    """
    shape = input._array.shape
    if training and eps <= 0:
        raise ValueError(f"batch_norm eps must be positive during training, but got {eps}")
    if not input._array.size:  # nothing to learn from: the running statistics stay
        return _affine_of_nothing(input, weight, bias)
    if len(shape) < 2:
        raise ShapeError(f"batch_norm: expected at least a 2D input, got {len(shape)}D")
    given = (("running_mean", running_mean), ("running_var", running_var))
    for name, t in (*given, ("weight", weight), ("bias", bias)):
        if t is not None and t._array.size != shape[1]:
            raise ShapeError(f"{name} should contain {shape[1]} elements not {t._array.size}")
    affine = (1, shape[1]) + (1,) * (len(shape) - 2)
    if not training:
        if running_mean is None or running_var is None:
            raise RuntimeError(
                f"Expected running_{'mean' if running_mean is None else 'var'} to be defined when "
                "training=False"
            )
        return batch_norm_eval.call(
            input, weight, bias, running_mean, running_var, affine=affine, eps=eps
        )
    dims = (0, *range(2, len(shape)))
    if _count(shape, dims) == 1:
        raise ValueError(
            f"Expected more than 1 value per channel when training, got input size {input.shape}"
        )
    result, mean, var = batch_norm_op.call(
        input, weight, bias, view=shape, affine=affine, dims=dims, eps=eps
    )
    n = _count(shape, dims)
    _update(running_mean, mean._array.reshape(-1), momentum)
    _update(running_var, var._array.reshape(-1) * (n / (n - 1) if n > 1 else math.nan), momentum)
    return result


def _affine_of_nothing(input: Tensor, weight: Tensor | None, bias: Tensor | None) -> Tensor:
    result = input.clone()
    if weight is not None:
        result = result * weight[0]
    return result if bias is None else result + bias[0]


def _update(running: Tensor | None, value: Any, momentum: float) -> None:
    if running is None:
        return
    array = running._array
    array *= 1 - momentum
    array += value * momentum
    running._bump("batch_norm")


@_mixed
def group_norm(
    input: Tensor,
    num_groups: int,
    weight: Tensor | None = None,
    bias: Tensor | None = None,
    eps: float = 1e-5,
) -> Tensor:
    """Mean 0 and variance 1 of each group of channels of each example (Wu and He 2018).

    Parameters
    ----------
    input : Tensor
        (N, C, ...).
    num_groups : int
        How many groups the C channels form.
    weight, bias : Tensor, optional
        (C).

    Raises
    ------
    ShapeError
        If C can't be divided evenly, or weight or bias do not have C elements.
    """
    shape = input._array.shape
    if len(shape) < 2:
        raise ShapeError(
            f"Expected at least 2 dimensions for input tensor but received {len(shape)}"
        )
    n, channels = shape[:2]
    if num_groups <= 0:
        raise ShapeError(f"Expected num groups to be greater than 0, got {num_groups}")
    if channels % num_groups:
        raise ShapeError(
            "Expected number of channels in input to be divisible by num_groups, but got input of "
            f"shape {list(shape)} and num_groups={num_groups}"
        )
    for name, t in (("weight", weight), ("bias", bias)):
        if t is not None and tuple(t.shape) != (channels,):
            raise ShapeError(
                f"Expected {name} to be a vector of size equal to the number of channels in input, "
                f"but got {name} of shape {list(t.shape)} and input of shape {list(shape)}"
            )
    each = channels // num_groups
    rest = (1,) * (len(shape) - 2)
    return group_norm_op.call(
        input,
        weight,
        bias,
        view=(n, num_groups, each, *shape[2:]),
        affine=(1, num_groups, each, *rest),
        dims=tuple(range(2, len(shape) + 1)),
        eps=eps,
    )[0]


def instance_norm(
    input: Tensor,
    running_mean: Tensor | None = None,
    running_var: Tensor | None = None,
    weight: Tensor | None = None,
    bias: Tensor | None = None,
    use_input_stats: bool = True,
    momentum: float = 0.1,
    eps: float = 1e-5,
) -> Tensor:
    """Mean 0 and variance 1 of each channel of each example (Ulyanov and others 2016).

    The parameters are those of `batch_norm`; `use_input_stats` is its `training`.
    """
    if not use_input_stats:
        return batch_norm(input, running_mean, running_var, weight, bias, False, momentum, eps)
    shape = input._array.shape
    if len(shape) < 2:
        raise ShapeError(f"instance_norm: expected at least a 2D input, got {len(shape)}D")
    if math.prod(shape[2:]) == 1:
        raise ValueError(
            f"Expected more than 1 spatial element when training, got input size {input.shape}"
        )
    n, channels = shape[:2]
    repeated: list[Any] = [
        None if t is None else t.repeat(n) for t in (running_mean, running_var, weight, bias)
    ]
    mean, var, weight, bias = repeated
    flat = input.reshape(1, n * channels, *shape[2:])
    result = batch_norm(flat, mean, var, weight, bias, True, momentum, eps)
    for running, copies in ((running_mean, mean), (running_var, var)):
        if running is not None and copies is not None:
            running._array[...] = copies._array.reshape(n, channels).mean(axis=0)
            running._bump("instance_norm")
    return result.reshape(shape)


def normalize(
    input: Tensor, p: float = 2.0, dim: Any = 1, eps: float = 1e-12, out: Tensor | None = None
) -> Tensor:
    """The input over its p-norm along `dim` (or over `eps` where the norm is smaller)."""
    result = input / input.norm(p, dim, keepdim=True).clamp_min(eps).expand_as(input)
    return result if out is None else out.copy_(result)


def local_response_norm(
    input: Tensor, size: int, alpha: float = 1e-4, beta: float = 0.75, k: float = 1.0
) -> Tensor:
    """The input over ``(k + alpha * mean of squares over `size` channels) ** beta``."""
    if input.ndim < 3:
        raise ValueError(
            f"Expected 3D or higher dimensionality input (got {input.ndim} dimensions)"
        )
    if not input._array.size:
        return input
    squares = input * input
    before = size // 2
    n, channels = input.shape[:2]
    rest = tuple(input.shape[2:])
    low = squares.new_zeros((n, before, *rest))
    high = squares.new_zeros((n, size - 1 - before, *rest))
    from .join import cat

    padded = cat([low, squares, high], 1)
    total = padded.narrow(1, 0, channels)
    for i in range(1, size):
        total = total + padded.narrow(1, i, channels)
    return input / (total / size * alpha + k).pow(beta)
