"""Functions of one number, element by element.

A line of the tables gives name, node, gradient and text; `unary` makes the op, the public
function, the method and the in-place twin of it.  As in `declare`, what a gradient's
parameters name is what is saved.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

from .. import dtypes, inplace
from .._tensor import Tensor, method
from ..declare import elementwise, op
from ..errors import DtypeError
from ..examples import call, examples
from .formulas import zero_gradient

_NAMES: list[str] = []


def publish(name: str, fn: Any, *aliases: str) -> Any:
    """Make a function public: in the package, as a method and with an in-place twin."""
    for public in (name, *aliases):
        setattr(Tensor, public, fn)
        setattr(Tensor, f"{public}_", inplace.twin(fn, f"{public}_"))
        globals()[public] = fn
        _NAMES.append(public)
    return fn


def unary(
    name: str, node: str, doc: str, vjp: Callable[..., Any], *aliases: str, ufunc: str = "",
    **flags: Any,
) -> Any:  # fmt: skip
    """Declare a function of one tensor whose forward is one NumPy function."""
    made = elementwise(name, node, ufunc or name, doc=doc, **flags)
    made.vjp(vjp)
    return publish(name, made.call, *aliases)


# ------------------------------------------------------------------ exponentials, logarithms, roots

exp = unary("exp", "ExpBackward0", "e to the power of x.", lambda g, result: g * result)
unary("exp2", "Exp2Backward0", "2 to the power of x.", lambda g, result: g * (result * math.log(2)))
unary("expm1", "Expm1Backward0", "exp(x) - 1, exact near 0.", lambda g, result: g * (result + 1))
log = unary("log", "LogBackward0", "Natural logarithm.", lambda g, input: g / input)
unary("log2", "Log2Backward0", "Logarithm to base 2.", lambda g, input: g / (input * math.log(2)))
unary(
    "log10", "Log10Backward0", "Logarithm to base 10.", lambda g, input: g / (input * math.log(10))
)
unary("log1p", "Log1PBackward0", "log(1 + x), exact near 0.", lambda g, input: g / (input + 1))
sqrt = unary("sqrt", "SqrtBackward0", "Square root.", lambda g, result: g / (result + result))
reciprocal = unary(
    "reciprocal", "ReciprocalBackward0", "1 / x.", lambda g, result: -g * (result * result)
)


@op("RsqrtBackward0", name="rsqrt", types="float", elementwise=True)
def rsqrt_op(xp: Any, input: Any) -> Any:
    """1 / sqrt(x)."""
    return xp.reciprocal(xp.sqrt(input))


@rsqrt_op.vjp
def _(g: Any, result: Any) -> Any:
    return g * (result * result * result * -0.5)


publish("rsqrt", rsqrt_op.call)

# ------------------------------------------------------------------ angles

sin = unary("sin", "SinBackward0", "Sine.", lambda F, g, input: g * F.cos(input))
cos = unary("cos", "CosBackward0", "Cosine.", lambda F, g, input: -g * F.sin(input))
tan = unary("tan", "TanBackward0", "Tangent.", lambda g, result: g * (1 + result * result))
unary(
    "asin", "AsinBackward0", "Inverse sine.", lambda F, g, input: g * F.rsqrt(1 - input * input),
    "arcsin", ufunc="arcsin",
)  # fmt: skip
unary(
    "acos", "AcosBackward0", "Inverse cosine.", lambda F, g, input: -g * F.rsqrt(1 - input * input),
    "arccos", ufunc="arccos",
)  # fmt: skip
unary(
    "atan", "AtanBackward0", "Inverse tangent.", lambda g, input: g / (1 + input * input),
    "arctan", ufunc="arctan",
)  # fmt: skip
unary("sinh", "SinhBackward0", "Hyperbolic sine.", lambda F, g, input: g * F.cosh(input))
unary("cosh", "CoshBackward0", "Hyperbolic cosine.", lambda F, g, input: g * F.sinh(input))
tanh = unary(
    "tanh", "TanhBackward0", "Hyperbolic tangent.", lambda g, result: g - g * (result * result)
)
unary(
    "asinh", "AsinhBackward0", "Inverse hyperbolic sine.",
    lambda F, g, input: g * F.rsqrt(input * input + 1), "arcsinh", ufunc="arcsinh",
)  # fmt: skip
unary(
    "acosh", "AcoshBackward0", "Inverse hyperbolic cosine.",
    lambda F, g, input: g * F.rsqrt(input * input - 1), "arccosh", ufunc="arccosh",
)  # fmt: skip
unary(
    "atanh", "AtanhBackward0", "Inverse hyperbolic tangent.",
    lambda g, input: g / (1 - input * input), "arctanh", ufunc="arctanh",
)  # fmt: skip


def _scaled(name: str, node: str, doc: str, factor: float) -> None:
    @op(node, name=name, types="float", elementwise=True)
    def forward(xp: Any, input: Any) -> Any:
        return input * factor

    forward.doc = doc
    forward.vjp(lambda g: g * factor)
    publish(name, forward.call)


_scaled("deg2rad", "Deg2RadBackward0", "Degrees to radians.", math.pi / 180)
_scaled("rad2deg", "Rad2DegBackward0", "Radians to degrees.", 180 / math.pi)


@op("SincBackward0", name="sinc", types="float", elementwise=True)
def sinc_op(xp: Any, input: Any) -> Any:
    """sin(pi x) / (pi x), and 1 at 0."""
    return xp.sinc(input)


@sinc_op.vjp
def _(F: Any, g: Any, input: Any) -> Any:
    angle = input * math.pi
    slope = (angle * F.cos(angle) - F.sin(angle)) / (angle * input)
    return g * F.where(F.eq(angle * input, 0), 0, slope)


publish("sinc", sinc_op.call)

# ------------------------------------------------------------------ sigmoid and the error function


sigmoid_op = elementwise("sigmoid", "SigmoidBackward0", "expit", doc="1 / (1 + exp(-x)).")


@sigmoid_op.vjp
def _(g: Any, result: Any) -> Any:
    return g * ((1 - result) * result)


sigmoid = publish("sigmoid", sigmoid_op.call)
expit = sigmoid

_TWO_OVER_ROOT_PI = 2 / math.sqrt(math.pi)
unary(
    "erf", "ErfBackward0", "Error function: 2/sqrt(pi) times the integral of exp(-t²) to x.",
    lambda F, g, input: g * (F.exp(-(input * input)) * _TWO_OVER_ROOT_PI),
)  # fmt: skip
unary(
    "erfc", "ErfcBackward0", "1 - erf(x), exact where that is small.",
    lambda F, g, input: g * (F.exp(-(input * input)) * -_TWO_OVER_ROOT_PI),
)  # fmt: skip
unary(
    "erfinv", "ErfinvBackward0", "The number whose erf is x.",
    lambda F, g, result: g * (F.exp(result * result) / _TWO_OVER_ROOT_PI),
)  # fmt: skip
lgamma = unary(
    "lgamma", "LgammaBackward0", "Logarithm of the absolute value of the gamma function.",
    lambda F, g, input: g * F.digamma(input), ufunc="gammaln",
)  # fmt: skip
digamma = unary(
    "digamma", "DigammaBackward0", "Derivative of lgamma.",
    lambda F, g, input: g * F.polygamma(input, order=1),
)  # fmt: skip


@op("PolygammaBackward0", name="polygamma", types="float", elementwise=True)
def polygamma_op(xp: Any, input: Any, *, order: int) -> Any:
    """The derivative of that order of digamma."""
    return xp.digamma(input) if order == 0 else xp.polygamma(order, input)


@polygamma_op.vjp
def _(F: Any, g: Any, input: Any, order: int) -> Any:
    return g * F.polygamma(input, order=order + 1)


def polygamma(n: int, input: Tensor) -> Tensor:
    """The n-th derivative of `digamma`.

    Raises
    ------
    RuntimeError
        For a negative order.
    """
    if n < 0:
        raise RuntimeError(f"polygamma(n, x) does not support negative n, got n = {n}")
    return polygamma_op.call(input, order=n)


@method("polygamma")
def _polygamma(self: Tensor, n: int) -> Tensor:
    return polygamma(n, self)


method("polygamma_")(inplace.twin(_polygamma, "polygamma_"))


@op("LogitBackward0", name="logit", types="float", elementwise=True)
def logit_op(xp: Any, input: Any, *, eps: float | None) -> Any:
    """See `logit`."""
    if eps is not None:
        input = xp.clip(input, eps, 1 - eps)
    return xp.log(input / (1 - input))


@logit_op.vjp
def _(F: Any, g: Any, input: Any, eps: float | None) -> Any:
    slope = g / (input * (1 - input))
    if eps is None:
        return F.where(F.logical_or(F.lt(input, 0), F.gt(input, 1)), math.nan, slope)
    return F.where(F.logical_or(F.lt(input, eps), F.gt(input, 1 - eps)), 0, slope)


def logit(input: Tensor, eps: float | None = None) -> Tensor:
    """``log(x / (1 - x))``, with x clamped to ``[eps, 1 - eps]`` when `eps` is given."""
    return logit_op.call(input, eps=eps)


publish("logit", logit)

# ------------------------------------------------------------------ signs and rounding

abs = unary(
    "abs", "AbsBackward0", "Absolute value; its slope at 0 is 0.",
    lambda F, g, input: g * F.sgn(input), "absolute", types="promote", holomorphic=False,
)  # fmt: skip
method("__abs__")(abs)


def _step(name: str, node: str, doc: str, *aliases: str) -> Any:
    return unary(name, node, doc, zero_gradient, *aliases, types="promote")


ceil = _step("ceil", "CeilBackward0", "The next integer up.")
floor = _step("floor", "FloorBackward0", "The next integer down.")
trunc = _step("trunc", "TruncBackward0", "The next integer towards zero.", "fix")
for _name in ("floor", "ceil", "trunc"):
    setattr(Tensor, f"__{_name}__", globals()[_name])


@op("SignBackward0", name="sign", types="promote", elementwise=True)
def sign_op(xp: Any, input: Any) -> Any:
    """-1, 0 or 1; 0 for NaN."""
    if input.dtype.kind == "b":
        return xp.array(input)
    return xp.subtract(input > 0, input < 0, dtype=input.dtype)


@op("SgnBackward0", name="sgn", types="promote", elementwise=True, holomorphic=False)
def sgn_op(xp: Any, input: Any) -> Any:
    """The sign, as `sign` (for complex numbers x / abs(x))."""
    return xp.sign(input) if input.dtype.kind == "c" else sign_op.forward(xp, input)


sign_op.vjp(zero_gradient)


@sgn_op.vjp
def _(F: Any, g: Any, input: Any, result: Any) -> Any:
    """For complex x the sign turns with x: the part of g across it, over abs(x)."""
    if "complex" not in str(input.dtype):
        return zero_gradient(F, g)
    size = F.abs(input)
    nil = F.eq(size, 0)
    across = g - result * F.real(F.conj(result) * g)
    return F.where(nil, 0, across / F.where(nil, 1, size))


sign = publish("sign", sign_op.call)
publish("sgn", sgn_op.call)


@op("FracBackward0", name="frac", elementwise=True)
def frac_op(xp: Any, input: Any) -> Any:
    """What `trunc` takes away."""
    return input - xp.trunc(input)


frac_op.vjp(lambda g: g)
publish("frac", frac_op.call)


@op("RoundBackward0", name="round", types="promote", elementwise=True)
def round_op(xp: Any, input: Any) -> Any:
    """The nearest integer; halves go to the even one."""
    return xp.rint(input) if input.dtype.kind == "f" else xp.array(input)


@op("RoundBackward1", elementwise=True)
def round_decimals(xp: Any, input: Any, *, decimals: int) -> Any:
    """The nearest number with so many decimals."""
    factor = 10.0 ** math.fabs(decimals)
    if decimals >= 0:
        return xp.rint(input * factor) / factor
    return xp.rint(input / factor) * factor


round_op.vjp(zero_gradient)
round_decimals.vjp(zero_gradient)


def round(input: Tensor, *, decimals: int | None = None) -> Tensor:
    """Round to the nearest integer, or to `decimals` places; halves go to the even number."""
    if decimals is None:
        return round_op.call(input)
    if input.dtype.category < dtypes.FLOATING:
        raise DtypeError(
            f'"round_cpu" not implemented for {input.dtype!r} with decimals={decimals}; '
            "convert with .float() first"
        )
    return round_decimals.call(input, decimals=decimals)


publish("round", round)


@op("NanToNumBackward0", name="nan_to_num", types="promote", elementwise=True)
def nan_to_num_op(xp: Any, input: Any, *, nan: float, posinf: Any, neginf: Any) -> Any:
    """See `nan_to_num`."""
    if input.dtype.kind != "f":
        return xp.array(input)
    limits = xp.finfo(input.dtype)
    posinf = limits.max if posinf is None else posinf
    neginf = limits.min if neginf is None else neginf
    return xp.nan_to_num(input, nan=nan, posinf=posinf, neginf=neginf)


@nan_to_num_op.vjp
def _(F: Any, g: Any, input: Any) -> Any:
    return F.where(F.isfinite(input), g, 0)


def nan_to_num(
    input: Tensor, nan: float = 0.0, posinf: float | None = None, neginf: float | None = None
) -> Tensor:
    """Replace NaN by `nan`, infinities by `posinf`, `neginf` (default: the largest numbers)."""
    nan = 0.0 if nan is None else nan
    return nan_to_num_op.call(input, nan=nan, posinf=posinf, neginf=neginf)


publish("nan_to_num", nan_to_num)

__all__ = [*_NAMES, "polygamma"]

# ------------------------------------------------------------------ examples


def _within(low: float, high: float) -> Callable[..., Any]:
    def make(draw: Any) -> Any:
        yield call(draw.real(3, 4, low=low, high=high))
        yield call(draw.real(low=low, high=high))
        yield call(draw.real(0, 2, low=low, high=high))
        yield call(draw.integers(4, low=math.ceil(low), high=math.floor(high) + 1))

    return make


for _low, _high, _some in (
    (-2, 2, "exp exp2 expm1 sin cos tanh sinh cosh asinh arcsinh atan arctan sigmoid erf erfc abs"),
    (-3, 3, "absolute sign sgn ceil floor trunc fix deg2rad rad2deg sinc nan_to_num"),
    (0.3, 3, "log log2 log10 sqrt rsqrt reciprocal lgamma digamma"),
    (-0.9, 3, "log1p"),
    (-0.9, 0.9, "asin arcsin acos arccos atanh arctanh erfinv"),
    (1.2, 3, "acosh arccosh"),
    (-1.2, 1.2, "tan"),
):
    for _name in _some.split():
        examples(_name)(_within(_low, _high))


@examples("frac")
def _(draw: Any) -> Any:
    yield call(draw.real(3, 4, low=-3, high=3))
    yield call(draw.real())
    yield call(draw.real(0, 2))


@examples("round")
def _(draw: Any) -> Any:
    yield from _within(-3, 3)(draw)
    yield call(draw.integers(8, low=-9, high=9) / 2 + 0.25)
    yield call(draw.real(3, 4), decimals=1)
    yield call(draw.real(3, 4) * 100, decimals=-1)
    yield call(draw.real(3, 4), decimals=0)


@examples("logit")
def _(draw: Any) -> Any:
    yield call(draw.real(3, 4, low=0.1, high=0.9))
    yield call(draw.real(3, 4, low=0.1, high=0.9), 0.25)
    yield call(draw.real(low=0.1, high=0.9), eps=0.01)


@examples("polygamma")
def _(draw: Any) -> Any:
    for n in (0, 1, 2):
        yield call(n, draw.real(3, 4, low=0.3, high=3))
