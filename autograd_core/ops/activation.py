"""Activation functions: relu and its kin.

Piecewise functions pass the gradient through a mask (`keep`), never through a product
with it: an infinite gradient at a dead unit is 0 there, as in PyTorch, and not NaN.  At
kinks the conventions are PyTorch's: relu'(0) = 0, hardtanh'(bound) = 0.
"""

from __future__ import annotations

import math
from collections.abc import Callable

from .. import inplace, random
from .._tensor import Tensor, method
from ..declare import op
from ..dtypes import FLOATING
from ..errors import DtypeError, ShapeError
from .dims import wrap_dim
from .select import where

__all__ = [
    "celu", "celu_", "hardshrink", "prelu", "relu", "relu_", "rrelu", "selu", "selu_", "threshold",
    "threshold_",
]  # fmt: skip

# ------------------------------------------------------------------ masks


@op("WhereBackward0", types="free")
def keep(xp, input, mask):
    """The input where the mask is true, 0 elsewhere."""
    return xp.keep(input, mask)


@keep.vjp("input")
def _(F, g, mask):
    return F.keep(g, mask)


@op("FollowBackward0", types="free", moves=True)
def follow(xp, grad, input):
    """The gradient itself, also as a function of `input`, of which its slope is 0.

    The gradient of a piecewise linear op does not change with the input, yet PyTorch's is in
    the graph of it: its derivative is zeros, not an error.
    """
    return grad


@follow.vjp("grad")
def _(g):
    return g


@follow.vjp("input")
def _(F, g, input_shape):
    return F.zeros_of(g, shape=input_shape)


@op(None, types="free")
def above(xp, input, *, bound):
    """Whether each element lies above a bound (true for NaN, which passes through)."""
    return xp.logical_not(input <= bound)


@op(None, types="free")
def inside(xp, input, *, low, high):
    """Whether each element lies strictly between two bounds."""
    return (input > low) & (input < high)


@op(None, types="free")
def outside(xp, input, *, low, high):
    """Whether each element lies below or above an interval that includes its bounds."""
    return ~((input >= low) & (input <= high))  # so that a NaN is outside


# ------------------------------------------------------------------ relu and other piecewise ones


@op("ReluBackward0", name="relu")
def relu_op(xp, input):
    """The larger of the input and 0."""
    return xp.maximum(input, 0)


@relu_op.vjp
def _(F, g, result):
    return F.threshold_backward(g, result)


@op("ThresholdBackwardBackward0")
def threshold_backward(xp, grad, input):
    """The gradient where the input is above 0, or NaN."""
    return xp.keep(grad, ~(input <= 0))


@threshold_backward.vjp("grad")
def _(F, g, input):
    return F.threshold_backward(g, input)


@threshold_backward.vjp("input")
def _(F, g):
    return F.zeros_of(g, shape=g.shape)


@op("LeakyReluBackward0", name="leaky_relu", types="floating")
def leaky_relu_op(xp, input, *, negative_slope):
    """The input above 0, a multiple of it below."""
    return input * xp.where(input > 0, input.dtype.type(1), input.dtype.type(negative_slope))


@leaky_relu_op.vjp
def _(F, g, input, negative_slope):
    return F.follow(g * F.leaky_slope(input, negative_slope=negative_slope), input)


@op(None)
def leaky_slope(xp, input, *, negative_slope):
    """The derivative of leaky_relu."""
    one = (input > 0).astype(input.dtype)
    if 0 <= negative_slope <= 1:  # several times as fast as where
        return xp.maximum(one, negative_slope)
    return xp.where(one, one, input.dtype.type(negative_slope))


@op("ThresholdBackward0", name="threshold")
def threshold_op(xp, input, *, threshold, value):
    """The input above a threshold, a constant elsewhere."""
    return xp.where(input <= threshold, input.dtype.type(value), input)


@threshold_op.vjp
def _(F, g, input, threshold):
    return F.follow(F.keep(g, F.above(input, bound=threshold)), input)


@op("HardtanhBackward0", name="hardtanh")
def hardtanh_op(xp, input, *, min_val, max_val):
    """The input, clipped to an interval."""
    return xp.clip(input, min_val, max_val)


@hardtanh_op.vjp
def _(F, g, input, min_val, max_val):
    cut = F.logical_or(F.le(input, min_val), F.ge(input, max_val))  # a NaN is not
    return F.follow(F.keep(g, F.logical_not(cut)), input)


@op("HardsigmoidBackward0", name="hardsigmoid", types="floating")
def hardsigmoid_op(xp, input):
    """``clip(input + 3, 0, 6) / 6``: a sigmoid of straight lines."""
    return xp.clip(input + 3, 0, 6) / 6


@hardsigmoid_op.vjp
def _(F, g, input):
    return F.follow(F.keep(g * (1 / 6), F.inside(input, low=-3, high=3)), input)


@op("HardswishBackward0", name="hardswish", types="floating")
def hardswish_op(xp, input):
    """``input * clip(input + 3, 0, 6) / 6``."""
    return input * xp.clip(input + 3, 0, 6) / 6


@hardswish_op.vjp
def _(F, g, input):
    curved = F.keep(g * (input / 3 + 0.5), F.inside(input, low=-3, high=3))
    return curved + F.keep(g, F.above(input, bound=_BELOW_3))


_BELOW_3 = math.nextafter(3.0, 0.0)
"""hardswish'(3) is that of the straight part, 1."""


@op("HardshrinkBackward0", name="hardshrink", types="floating")
def hardshrink_op(xp, input, *, lambd):
    """The input outside ``[-lambd, lambd]``, 0 inside."""
    return xp.where((input >= -lambd) & (input <= lambd), input.dtype.type(0), input)


@hardshrink_op.vjp
def _(F, g, input, lambd):
    return F.follow(F.keep(g, F.outside(input, low=-lambd, high=lambd)), input)


@op("SoftshrinkBackward0", name="softshrink", types="floating")
def softshrink_op(xp, input, *, lambd):
    """The input moved towards 0 by `lambd`, 0 where it is not larger than that."""
    return input - xp.clip(input, -lambd, lambd)


@softshrink_op.vjp
def _(F, g, input, lambd):
    return F.follow(F.keep(g, F.outside(input, low=-lambd, high=lambd)), input)


@op("PreluKernelBackward0", name="prelu_kernel", types="promote", broadcast=True)
def prelu_kernel(xp, input, weight):
    """The input above 0, `weight` times it below."""
    return xp.where(input > 0, input, weight * input)


@prelu_kernel.vjp("input")
def _(F, g, input, weight):
    positive = F.above(input, bound=0)
    found = F.keep(g, positive) + F.keep(g * weight, F.logical_not(positive))
    return F.follow(found, input)


@prelu_kernel.vjp("weight")
def _(F, g, input):
    return F.keep(g * input, F.logical_not(F.above(input, bound=0)))


@op("RreluWithNoiseBackward0", name="rrelu_with_noise", types="free")
def rrelu_with_noise(xp, input, noise):
    """The input times a slope that was drawn for each element (1 where it is positive)."""
    return input * noise


@rrelu_with_noise.vjp("input")
def _(g, noise):
    return g * noise


# ------------------------------------------------------------------ smooth ones


@op("EluBackward0", name="elu", types="floating")
def elu_op(xp, input, *, alpha, scale, input_scale):
    """``scale * input`` above 0, ``scale * alpha * expm1(input * input_scale)`` below."""
    below = xp.expm1(xp.minimum(input, 0) * input_scale) * (alpha * scale)
    return xp.maximum(input, 0) * scale + below


@op("CeluBackward0", name="celu", types="floating")
def celu_op(xp, input, *, alpha, scale, input_scale):
    """``input`` above 0, ``alpha * expm1(input / alpha)`` below."""
    return elu_op.forward(xp, input, alpha=alpha, scale=scale, input_scale=input_scale)


def _elu_vjp(F, g, input, alpha, scale, input_scale):
    below = alpha * scale * input_scale
    positive = F.above(input, bound=0)
    curve = F.exp(-F.relu(-input) * input_scale) * below
    return F.keep(g * scale, positive) + F.keep(g * curve, F.logical_not(positive))


elu_op.vjp(_elu_vjp)
celu_op.vjp(_elu_vjp)


@op("GeluBackward0", name="gelu", types="floating")
def gelu_op(xp, input):
    """``input`` times the normal distribution function at ``input`` (Hendrycks, Gimpel 2016)."""
    return (xp.erf(input * _SQRT_HALF) + 1) * input * 0.5


_SQRT_HALF = math.sqrt(0.5)
_PDF_0 = 1 / math.sqrt(2 * math.pi)
_TANH_SCALE = math.sqrt(2 / math.pi)
_CUBE = 0.044715


@gelu_op.vjp
def _(F, g, input):
    cdf = F.erf(input * _SQRT_HALF) * 0.5 + 0.5
    return g * (cdf + input * F.exp(input * input * -0.5) * _PDF_0)


@op("GeluBackward0", name="gelu_tanh", types="floating")
def gelu_tanh_op(xp, input):
    """The approximation of gelu by tanh (Hendrycks, Gimpel 2016)."""
    return 0.5 * input * (1 + xp.tanh(_TANH_SCALE * (input + _CUBE * input * input * input)))


@gelu_tanh_op.vjp
def _(F, g, input):
    square = input * input
    t = F.tanh((input + square * input * _CUBE) * _TANH_SCALE)
    inner = (square * (3 * _CUBE) + 1) * _TANH_SCALE
    return g * ((t + 1) * 0.5 + input * (1 - t * t) * inner * 0.5)


@op("SiluBackward0", name="silu", types="floating")
def silu_op(xp, input):
    """``input * sigmoid(input)`` (Elfwing and others 2017)."""
    return input * xp.expit(input)


@silu_op.vjp
def _(F, g, input):
    s = F.sigmoid(input)
    return g * (s * (input * (1 - s) + 1))


@op("MishBackward0", name="mish", types="floating")
def mish_op(xp, input):
    """``input * tanh(softplus(input))`` (Misra 2019)."""
    return input * xp.tanh(xp.logaddexp(input, 0))


@mish_op.vjp
def _(F, g, input):
    s = F.sigmoid(input)
    t = F.tanh(F.softplus(input, beta=1.0, threshold=20.0))
    return g * (t + input * s * (1 - t * t))


@op("SoftplusBackward0", name="softplus", types="floating")
def softplus_op(xp, input, *, beta, threshold):
    """``log(1 + exp(beta * input)) / beta``; the input itself above ``threshold / beta``."""
    scaled = input * beta
    return xp.where(
        scaled > threshold, input, xp.log1p(xp.exp(xp.minimum(scaled, threshold))) / beta
    )


@softplus_op.vjp
def _(F, g, input, beta, threshold):
    scaled = input * beta
    straight = F.above(scaled, bound=threshold)
    return F.keep(g, straight) + F.keep(g * F.sigmoid(scaled), F.logical_not(straight))


@op("LogSigmoidBackward0", name="log_sigmoid", types="floating")
def log_sigmoid_op(xp, input):
    """``-log(1 + exp(-input))`` without overflow."""
    return xp.minimum(input, 0) - xp.log1p(xp.exp(-xp.abs(input)))


@log_sigmoid_op.vjp
def _(F, g, input):
    return g * F.sigmoid(-input)


@op("GluBackward0", name="glu", types="floating")
def glu_op(xp, input, *, dim):
    """The first half along `dim` times the sigmoid of the second (Dauphin and others 2016)."""
    value, gate = xp.split(input, 2, axis=dim)
    return value * xp.expit(gate)


@glu_op.vjp
def _(F, g, input, input_shape, dim):
    half = input_shape[dim] // 2
    value = F.slice(input, dim=dim, start=0, stop=half, step=1)
    s = F.sigmoid(F.slice(input, dim=dim, start=half, stop=2 * half, step=1))
    return F.cat(g * s, g * value * s * (1 - s), dim=dim)


# ------------------------------------------------------------------ public functions


def _run(name: str, compute: Callable[[Tensor], Tensor], input: Tensor, in_place: bool) -> Tensor:
    return inplace.write(input, name, compute) if in_place else compute(input)


@method("relu")
def relu(input: Tensor, inplace: bool = False) -> Tensor:
    """``max(input, 0)``, element by element; the gradient at 0 is 0."""
    if inplace:
        return relu_(input)
    if input._array.dtype.kind == "b":
        raise DtypeError("Boolean inputs not supported for relu; convert with .float() first")
    return relu_op.call(input)


relu_ = inplace.twin(relu, "relu_")
setattr(Tensor, "relu_", relu_)  # noqa: B010 - for type checkers


def relu6(input: Tensor, inplace: bool = False) -> Tensor:
    """``min(max(input, 0), 6)``."""
    return hardtanh(input, 0.0, 6.0, inplace)


def hardtanh(
    input: Tensor, min_val: float = -1.0, max_val: float = 1.0, inplace: bool = False
) -> Tensor:
    """The input, clipped to ``[min_val, max_val]``."""
    if min_val > max_val:
        raise ValueError(f"min_val cannot be greater than max_val, got {min_val} and {max_val}")
    if input.dtype.category < FLOATING:
        min_val, max_val = int(min_val), int(max_val)
    return _run(
        "hardtanh_", lambda x: hardtanh_op.call(x, min_val=min_val, max_val=max_val), input, inplace
    )


def leaky_relu(input: Tensor, negative_slope: float = 0.01, inplace: bool = False) -> Tensor:
    """The input above 0, ``negative_slope * input`` below."""
    return _run(
        "leaky_relu_",
        lambda x: leaky_relu_op.call(x, negative_slope=negative_slope),
        input,
        inplace,
    )


def threshold(input: Tensor, threshold: float, value: float, inplace: bool = False) -> Tensor:
    """The input where it is above `threshold`, `value` elsewhere."""
    return _run(
        "threshold_",
        lambda x: threshold_op.call(x, threshold=threshold, value=value),
        input,
        inplace,
    )


threshold_ = inplace.twin(threshold, "threshold_")


def elu(input: Tensor, alpha: float = 1.0, inplace: bool = False) -> Tensor:
    """The input above 0, ``alpha * (exp(input) - 1)`` below (Clevert and others 2015)."""
    return _run(
        "elu_",
        lambda x: elu_op.call(x, alpha=alpha, scale=1.0, input_scale=1.0),
        input,
        inplace,
    )


_SELU_ALPHA = 1.6732632423543772848170429916717
_SELU_SCALE = 1.0507009873554804934193349852946


def selu(input: Tensor, inplace: bool = False) -> Tensor:
    """A scaled `elu` that keeps mean 0 and variance 1 (Klambauer and others 2017)."""
    return _run(
        "selu_",
        lambda x: elu_op.call(x, alpha=_SELU_ALPHA, scale=_SELU_SCALE, input_scale=1.0),
        input,
        inplace,
    )


selu_ = inplace.twin(selu, "selu_")


def celu(input: Tensor, alpha: float = 1.0, inplace: bool = False) -> Tensor:
    """The input above 0, ``alpha * (exp(input / alpha) - 1)`` below (Barron 2017)."""
    if alpha == 0:
        raise ZeroDivisionError("ZeroDivisionError: alpha cannot be 0 for CELU")
    return _run(
        "celu_",
        lambda x: celu_op.call(x, alpha=alpha, scale=1.0, input_scale=1.0 / alpha),
        input,
        inplace,
    )


celu_ = inplace.twin(celu, "celu_")


def gelu(input: Tensor, approximate: str = "none") -> Tensor:
    """``input * Phi(input)``, Phi the normal distribution function.

    Parameters
    ----------
    approximate : {"none", "tanh"}
        Exactly, or by a tanh.
    """
    if approximate == "none":
        return gelu_op.call(input)
    if approximate == "tanh":
        return gelu_tanh_op.call(input)
    raise RuntimeError(f"approximate argument must be either none or tanh, got {approximate!r}")


def silu(input: Tensor, inplace: bool = False) -> Tensor:
    """``input * sigmoid(input)``."""
    return _run("silu_", silu_op.call, input, inplace)


def mish(input: Tensor, inplace: bool = False) -> Tensor:
    """``input * tanh(softplus(input))``."""
    return _run("mish_", mish_op.call, input, inplace)


def hardsigmoid(input: Tensor, inplace: bool = False) -> Tensor:
    """0 below -3, 1 above 3, a straight line between."""
    return _run("hardsigmoid_", hardsigmoid_op.call, input, inplace)


def hardswish(input: Tensor, inplace: bool = False) -> Tensor:
    """``input * hardsigmoid(input)`` (Howard and others 2019)."""
    return _run("hardswish_", hardswish_op.call, input, inplace)


def softplus(input: Tensor, beta: float = 1.0, threshold: float = 20.0) -> Tensor:
    """``log(1 + exp(beta * input)) / beta``, the input itself where beta * input > threshold."""
    return softplus_op.call(input, beta=beta, threshold=threshold)


def logsigmoid(input: Tensor) -> Tensor:
    """``log(sigmoid(input))``."""
    return log_sigmoid_op.call(input)


def softsign(input: Tensor) -> Tensor:
    """``input / (1 + |input|)``."""
    return input / (input.abs() + 1)


def tanhshrink(input: Tensor) -> Tensor:
    """``input - tanh(input)``."""
    return input - input.tanh()


@method("hardshrink")
def hardshrink(input: Tensor, lambd: float = 0.5) -> Tensor:
    """The input where ``|input| > lambd``, 0 elsewhere."""
    return hardshrink_op.call(input, lambd=lambd)


def softshrink(input: Tensor, lambd: float = 0.5) -> Tensor:
    """The input moved by `lambd` towards 0."""
    if lambd < 0:
        raise RuntimeError(f"lambda must be greater or equal to 0, but found to be {lambd:g}.")
    return softshrink_op.call(input, lambd=lambd)


def glu(input: Tensor, dim: int = -1) -> Tensor:
    """The first half of the input along `dim` times the sigmoid of the second half.

    Raises
    ------
    ShapeError
        If the size along `dim` is odd, or the input is 0-d.
    """
    if not input.ndim:
        raise ShapeError("glu does not support 0-dimensional tensors")
    dim = wrap_dim(dim, input.ndim)
    size = input._array.shape[dim]
    if size % 2:
        raise ShapeError(f"Halving dimension must be even, but dimension {dim} is size {size}")
    return glu_op.call(input, dim=dim)


@method("prelu")
def prelu(input: Tensor, weight: Tensor) -> Tensor:
    """The input above 0, ``weight * input`` below: one weight, or one for each channel (dim 1).

    Raises
    ------
    ShapeError
        If the number of weights is neither 1 nor the number of channels.
    """
    if weight.ndim > 1:
        raise ShapeError(
            f"prelu: Expected `weight` to be a scalar or 1D tensor, but got: ndim = {weight.ndim}"
        )
    count = weight._array.size
    if count != 1:
        if not input.ndim:
            raise ShapeError("Not allow zero-dim input tensor.")
        channels = input._array.shape[1] if input.ndim > 1 else 1
        if channels != count:
            raise ShapeError(
                "Mismatch of parameter numbers and input channel size. Found parameter numbers = "
                f"{count} and channel size = {channels}."
            )
    if input.ndim > 1 or weight.ndim > input.ndim:
        shape = [1] * input.ndim
        if input.ndim > 1:
            shape[1] = count
        weight = weight.reshape(shape)
    return prelu_kernel.call(input, weight)


def rrelu(
    input: Tensor,
    lower: float = 1.0 / 8,
    upper: float = 1.0 / 3,
    training: bool = False,
    inplace: bool = False,
) -> Tensor:
    """A leaky relu whose slope is drawn from [lower, upper] in training, their mean in use."""
    if lower > upper:
        raise RuntimeError(
            f"Lower bound should be less than or equal to the upper bound, got {lower} and {upper}"
        )
    if not training:
        return leaky_relu(input, (lower + upper) / 2, inplace)
    stream, owner = random.stream_for(None, input._array)
    drawn = stream.draw(owner, "random", input._array.shape, input._array.dtype)
    slopes = Tensor._from_array(drawn * (upper - lower) + lower)
    noise = where(input.detach() <= 0, slopes, 1.0)
    return _run("rrelu_", lambda x: rrelu_with_noise.call(x, noise), input, inplace)
