"""Standard deviation and variance."""

from __future__ import annotations

from typing import Any

from .. import dtypes
from .._tensor import Tensor, method
from ..declare import op
from ..errors import DtypeError
from ..examples import call, examples
from .formulas import restored
from .reduce import numpy_names, reduced_count, reduced_dims


def _variance(xp: Any, x: Any, dim: Any, correction: float, keepdim: bool) -> tuple[Any, Any]:
    """Variance and mean."""
    count = reduced_count(x.shape, dim)
    mean = xp.add.reduce(x, axis=dim, keepdims=True) / x.dtype.type(count)
    away = x - mean
    total = xp.add.reduce(away * away, axis=dim, keepdims=keepdim)
    freedom = x.dtype.type(count - correction if count > correction else 0)
    return total / freedom, mean if keepdim else xp.squeeze(mean, axis=dim)


def _slope(F: Any, x: Any, dim: Any, correction: float) -> Any:
    """The derivative of the variance by each element."""
    count = reduced_count(x.shape, dim)
    away = x - F.mean(x, dim=dim, keepdim=True)
    freedom = count - correction
    return away * (2 / freedom if freedom > 0 else float("inf"))


@op("VarBackward0", name="var")
def var_op(xp: Any, input: Any, *, dim: Any, correction: float, keepdim: bool) -> Any:
    """Variance."""
    return _variance(xp, input, dim, correction, keepdim)[0]


@var_op.vjp
def _(F: Any, g: Any, input: Any, dim: Any, correction: float, keepdim: bool) -> Any:
    return restored(F, g, input.shape, dim, keepdim) * _slope(F, input, dim, correction)


@op("StdBackward0", name="std")
def std_op(xp: Any, input: Any, *, dim: Any, correction: float, keepdim: bool) -> Any:
    """Standard deviation."""
    return xp.sqrt(_variance(xp, input, dim, correction, keepdim)[0])


@std_op.vjp
def _(F: Any, g: Any, input: Any, result: Any, dim: Any, correction: float, keepdim: bool) -> Any:
    g = _by_root(F, g, result)
    return restored(F, g, input.shape, dim, keepdim) * _slope(F, input, dim, correction)


def _by_root(F: Any, g: Any, root: Any) -> Any:
    """The gradient through a square root; none where nothing deviates."""
    return F.where(F.eq(root, 0), 0, g / (root + root))


@op("VarMeanBackward0", name="var_mean", outputs=("var", "mean"))
def var_mean_op(xp: Any, input: Any, *, dim: Any, correction: float, keepdim: bool) -> Any:
    """Variance and mean."""
    return _variance(xp, input, dim, correction, keepdim)


@var_mean_op.vjp
def _(F: Any, g: Any, input: Any, dim: Any, correction: float, keepdim: bool) -> Any:
    return _with_mean(F, g[0], g[1], input, dim, correction, keepdim)


@op("StdMeanBackward0", name="std_mean", outputs=("std", "mean"))
def std_mean_op(xp: Any, input: Any, *, dim: Any, correction: float, keepdim: bool) -> Any:
    """Standard deviation and mean."""
    variance, mean = _variance(xp, input, dim, correction, keepdim)
    return xp.sqrt(variance), mean


@std_mean_op.vjp
def _(F: Any, g: Any, input: Any, std: Any, dim: Any, correction: float, keepdim: bool) -> Any:
    return _with_mean(F, _by_root(F, g[0], std), g[1], input, dim, correction, keepdim)


def _with_mean(
    F: Any, of_variance: Any, of_mean: Any, x: Any, dim: Any, correction: float, keepdim: bool
) -> Any:
    count = reduced_count(x.shape, dim)
    spread = restored(F, of_variance, x.shape, dim, keepdim) * _slope(F, x, dim, correction)
    return spread + restored(F, of_mean, x.shape, dim, keepdim) / count


# ------------------------------------------------------------------ public


def _read(
    name: str, input: Tensor, dim: Any, unbiased: Any, correction: Any, keepdim: bool
) -> dict[str, Any]:
    """PyTorch's two forms: ``std(unbiased)`` and ``std(dim, unbiased, keepdim)``."""
    if isinstance(dim, bool):
        dim, unbiased = None, dim
    if input.dtype.category < dtypes.FLOATING:
        raise DtypeError(
            f"{name} only support floating point and complex dtypes, got {input.dtype!r}; "
            "convert with .float() first"
        )
    if correction is None:
        correction = 1 if unbiased is None or unbiased else 0
    dims = reduced_dims(dim, input._array.ndim)
    if dims is None:
        dims = tuple(range(input._array.ndim))
    return {"dim": dims, "correction": correction, "keepdim": keepdim}


@method()
@numpy_names
def var(
    input: Tensor, dim: Any = None, unbiased: bool | None = None, keepdim: bool = False, *,
    correction: float | None = None,
) -> Tensor:  # fmt: skip
    """Variance over the dimensions in `dim`: squared deviations over ``N - correction``.

    Parameters
    ----------
    dim : int or tuple of int, optional
        Default: all dimensions.
    unbiased : bool, optional
        The old way to say ``correction=1`` (True, the default) or 0.
    correction : number, optional
        Degrees of freedom taken off the count (Bessel's correction is 1).
    """
    options = _read("var", input, dim, unbiased, correction, keepdim)
    if input.is_complex():
        return var_op.call(input.real, **options) + var_op.call(input.imag, **options)
    return var_op.call(input, **options)


@method()
@numpy_names
def std(
    input: Tensor, dim: Any = None, unbiased: bool | None = None, keepdim: bool = False, *,
    correction: float | None = None,
) -> Tensor:  # fmt: skip
    """Standard deviation over the dimensions in `dim`; see `var`.

    Where nothing deviates its gradient is 0.
    """
    options = _read("std", input, dim, unbiased, correction, keepdim)
    if input.is_complex():
        return var(input, dim, unbiased, keepdim, correction=correction).sqrt()
    return std_op.call(input, **options)


@numpy_names
def var_mean(
    input: Tensor, dim: Any = None, unbiased: bool | None = None, keepdim: bool = False, *,
    correction: float | None = None,
) -> tuple[Tensor, Tensor]:  # fmt: skip
    """Variance and mean; see `var`."""
    options = _read("var_mean", input, dim, unbiased, correction, keepdim)
    if input.is_complex():
        middle: Tensor = input.mean(options["dim"], keepdim)
        return var(input, dim, unbiased, keepdim, correction=correction), middle
    return var_mean_op.call(input, **options)


@numpy_names
def std_mean(
    input: Tensor, dim: Any = None, unbiased: bool | None = None, keepdim: bool = False, *,
    correction: float | None = None,
) -> tuple[Tensor, Tensor]:  # fmt: skip
    """Standard deviation and mean; see `var`."""
    options = _read("std_mean", input, dim, unbiased, correction, keepdim)
    if input.is_complex():
        variance, mean = var_mean(input, dim, unbiased, keepdim, correction=correction)
        return variance.sqrt(), mean
    return std_mean_op.call(input, **options)


__all__ = ["var", "std", "var_mean", "std_mean"]


@examples("std")
@examples("var")
@examples("std_mean")
@examples("var_mean")
def _(draw: Any) -> Any:
    x = draw.real(2, 3, 4)
    yield call(x)
    yield call(x, False)
    for dim in (0, -1, (0, 2), None):
        yield call(x, dim)
        yield call(x, dim, unbiased=False, keepdim=True)
        yield call(x, dim, correction=0)
    yield call(x, 1, correction=2, keepdim=True)
    yield call(x, dim=1, correction=0.5)
    yield call(draw.real(), correction=0)
