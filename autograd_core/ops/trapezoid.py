"""Differences and integrals of sampled functions."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from .._tensor import Tensor, method
from ..dispatch import NUMBERS
from ..dtypes import bool_, get_default_dtype
from ..examples import call, examples
from .dims import wrap_dim
from .join import cat
from .reduce import numpy_names

# ------------------------------------------------------------------ differences


@method()
def diff(
    input: Tensor, n: int = 1, dim: int = -1, prepend: Tensor | None = None,
    append: Tensor | None = None,
) -> Tensor:  # fmt: skip
    """The n-th difference of neighbours along a dimension (of truth values: where they differ).

    Parameters
    ----------
    prepend, append : Tensor, optional
        Put before and behind the input along `dim` first.

    Raises
    ------
    RuntimeError
        For a 0-d input or a negative `n`.
    """
    if not input.ndim:
        raise RuntimeError("diff expects input to be at least one-dimensional")
    if n < 0:
        raise RuntimeError(f"order must be non-negative but got {n}")
    d = wrap_dim(dim, input.ndim)
    for extra in (prepend, append):
        if extra is not None and extra.ndim != input.ndim:
            raise RuntimeError(
                "diff expects prepend or append to be the same dimension as input, got "
                f"{extra.ndim} and {input.ndim}"
            )
    if n == 0:
        return input.clone()
    parts = [x for x in (prepend, input, append) if x is not None]
    found = cat(parts, d) if len(parts) > 1 else input
    for _ in range(n):
        size = found.shape[d]
        if size < 2:
            return found.narrow(d, 0, 0)
        later, earlier = found.narrow(d, 1, size - 1), found.narrow(d, 0, size - 1)
        found = later.logical_xor(earlier) if found.dtype is bool_ else later - earlier
    return found


def gradient(
    input: Tensor, *, spacing: Any = None, dim: Any = None, edge_order: int = 1
) -> tuple[Tensor, ...]:
    """Estimates of the derivatives of a sampled function, by central differences.

    Parameters
    ----------
    spacing : number, sequence of numbers or sequence of Tensor, optional
        Distance between samples, one for each dimension; or the coordinates, a vector each.
    dim : int or sequence of int, optional
        Default: all.
    edge_order : {1, 2}
        Accuracy of the one-sided differences at both ends.
        Source of the weights: Fornberg, Mathematics of Computation 51, 1988.
    """
    dims = _gradient_dims(input, spacing, dim)
    if edge_order not in (1, 2):
        raise RuntimeError("torch.gradient only supports edge_order=1 and edge_order=2.")
    steps = spacing if isinstance(spacing, Sequence) else [spacing] * len(dims)
    if len(steps) != len(dims):
        raise RuntimeError(
            "torch.gradient expected spacing to be unspecified, a scalar, or a list of length "
            f"{len(dims)}, one for each dimension, but got a list of length {len(steps)}"
        )
    for d in dims:
        if input.shape[d] < edge_order + 1:
            raise RuntimeError(
                "torch.gradient expected each dimension size to be at least edge_order+1, got "
                f"{input.shape[d]} in dimension {d} with edge_order={edge_order}"
            )
    pairs = zip(steps, dims, strict=True)
    return tuple(_derivative(input, s, d, edge_order) for s, d in pairs)


def _gradient_dims(input: Tensor, spacing: Any, dim: Any) -> list[int]:
    if dim is None:
        return list(range(input.ndim))
    chosen = [dim] if isinstance(dim, int) else list(dim)
    dims = [wrap_dim(d, input.ndim) for d in chosen]
    for d in dims:
        if dims.count(d) > 1:
            raise RuntimeError(f"dim {d} appears multiple times in the list of dims")
    return dims


def _derivative(input: Tensor, spacing: Any, d: int, edge_order: int) -> Tensor:
    """Along one dimension."""
    x = input.movedim(d, -1)
    n = x.shape[-1]
    steps = _steps(input, spacing, n)
    inner = _three_point(x, steps) if n > 2 else x.narrow(-1, 0, 0) / 1
    if edge_order == 1:
        first = (x[..., 1:2] - x[..., 0:1]) / steps[0:1]
        last = (x[..., n - 1 :] - x[..., n - 2 : n - 1]) / steps[n - 2 :]
    else:
        first, last = _edge(x[..., :3], steps[:2]), _edge(x[..., n - 3 :], steps[n - 3 :], True)
    return cat([first, inner, last], -1).movedim(-1, d)


def _steps(input: Tensor, spacing: Any, n: int) -> Tensor:
    """The n - 1 distances between samples."""
    if isinstance(spacing, Tensor):
        if spacing.ndim != 1:
            raise RuntimeError(
                "torch.gradient expected each element of spacing to have one dimension, but got "
                f"an element with {spacing.ndim} dimensions!"
            )
        if len(spacing) != n:
            raise RuntimeError(
                f"torch.gradient expected coordinates of length {n}, one for each sample, "
                f"but got {len(spacing)}"
            )
        return spacing[1:] - spacing[:-1]
    step = 1 if spacing is None else spacing
    whole = isinstance(step, int) or not input.is_floating_point()
    like = input.detach()
    if whole and not (like.is_floating_point() or like.is_complex()):
        like = like.to(get_default_dtype())
    return like.new_full((n - 1,), step)


def _three_point(x: Tensor, steps: Tensor) -> Tensor:
    """The slope at each inner point of the parabola through it and its neighbours."""
    n = x.shape[-1]
    left, right = steps[: n - 2], steps[1:]
    before, at, after = x[..., : n - 2], x[..., 1 : n - 1], x[..., 2:]
    a = -right / (left * (left + right))
    b = (right - left) / (left * right)
    c = left / (right * (left + right))
    return a * before + b * at + c * after


def _edge(x: Tensor, steps: Tensor, last: bool = False) -> Tensor:
    """The slope at an end of the parabola through the three samples there."""
    one, two = (steps[1:2], steps[0:1]) if last else (steps[0:1], steps[1:2])
    near, middle, far = (x[..., i : i + 1] for i in ((2, 1, 0) if last else (0, 1, 2)))
    a = -(2 * one + two) / (one * (one + two))
    b = (one + two) / (one * two)
    c = -one / (two * (one + two))
    slope: Tensor = a * near + b * middle + c * far
    return -slope if last else slope


# ------------------------------------------------------------------ integrals


def _panels(name: str, y: Tensor, x: Any, dx: Any, dim: int) -> tuple[Tensor, Any, int]:
    """The sums of neighbours along `dim`, their distances (a number or a tensor), and `dim`."""
    if x is not None and dx is not None:
        raise TypeError(f"{name}(): give x or dx, not both")
    if not y.ndim:
        raise IndexError(f"{name}(): dimension {dim} of a 0-d tensor; give at least a vector")
    d = wrap_dim(dim, y.ndim)
    n = y.shape[d]
    sums = y.narrow(d, 1, max(n - 1, 0)) + y.narrow(d, 0, max(n - 1, 0)) if n else y
    if x is None:
        return sums, 1.0 if dx is None else dx, d
    if isinstance(x, NUMBERS):
        return sums, x, d
    return sums, _distances(name, y, x, d), d


def _distances(name: str, y: Tensor, x: Tensor, d: int) -> Tensor:
    if x.ndim == 1:
        if len(x) != y.shape[d]:
            raise RuntimeError(
                f"{name}: There must be one `x` value for each sample point: got {len(x)} for "
                f"{y.shape[d]}"
            )
        steps = x[1:] - x[:-1]
        return steps.reshape(-1, *(1,) * (y.ndim - d - 1))
    if x.ndim and x.ndim < y.ndim:
        x = x.reshape(*(1,) * (y.ndim - x.ndim), *x.shape)
    n = x.shape[d] if x.ndim else 1
    return x.narrow(d, 1, max(n - 1, 0)) - x.narrow(d, 0, max(n - 1, 0)) if x.ndim else x * 0


@numpy_names
def trapezoid(y: Tensor, x: Any = None, *, dx: Any = None, dim: int = -1) -> Tensor:
    """The integral along a dimension by the trapezoidal rule.

    Parameters
    ----------
    x : Tensor, optional
        Where the samples lie: a vector, or one that broadcasts against `y`.
    dx : number, optional
        Or the distance between them; default 1.
    """
    sums, steps, d = _panels("trapezoid", y, x, dx, dim)
    if isinstance(steps, NUMBERS):
        found: Tensor = sums.sum(d) * (steps / 2)
        return found
    return (steps * sums).sum(d) / 2.0


trapz = trapezoid


@numpy_names
def cumulative_trapezoid(y: Tensor, x: Any = None, *, dx: Any = None, dim: int = -1) -> Tensor:
    """The running integral along a dimension by the trapezoidal rule; see `trapezoid`."""
    sums, steps, d = _panels("cumulative_trapezoid", y, x, dx, dim)
    if isinstance(steps, NUMBERS):
        found: Tensor = (steps / 2 * sums).cumsum(d)
        return found
    return (steps * sums).cumsum(d) / 2.0


__all__ = ["cumulative_trapezoid", "diff", "gradient", "trapezoid", "trapz"]

# ------------------------------------------------------------------ examples


@examples("diff")
def _(draw: Any) -> Any:
    x = draw.real(3, 5)
    yield call(x)
    yield call(x, 2, 0)
    yield call(x, dim=0, prepend=draw.real(1, 5), append=draw.real(2, 5))
    yield call(x, 7)
    yield call(x, 0)
    yield call(draw.integers(6, high=9), 2)
    yield call(draw.booleans(6))
    yield call(draw.real(2, 0, 3), 1, 1)


@examples("gradient")
def _(draw: Any) -> Any:
    x = draw.real(4, 5)
    for edge_order in (1, 2):
        yield call(x, edge_order=edge_order)
        yield call(x, spacing=0.5, dim=0, edge_order=edge_order)
        yield call(x, spacing=[0.5, 2.0], edge_order=edge_order)
        yield call(draw.real(6), spacing=(draw.real(6),), dim=0)
    yield call(draw.real(2))
    yield call(draw.integers(5, high=9))


@examples("trapezoid")
@examples("trapz")
@examples("cumulative_trapezoid")
def _(draw: Any) -> Any:
    y = draw.real(3, 4)
    yield call(y)
    yield call(y, dx=0.5)
    yield call(y, draw.real(4))
    yield call(y, draw.real(3, 4), dim=0)
    yield call(y, draw.real(3), dim=0)
    yield call(y, dim=0, dx=2)
    yield call(draw.real(2, 3, 4), draw.real(3, 4), dim=-2)
    yield call(draw.real(1))
    yield call(draw.integers(4, high=9))
