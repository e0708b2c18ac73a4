"""Running sums, products, maxima along a dimension."""

from __future__ import annotations

from typing import Any

from .. import inplace, return_types
from .._tensor import Tensor, method
from ..declare import op
from ..examples import call, examples
from .dims import wrap_dim
from .reduce import as_asked, numpy_names, summable


def along(dim: int, part: slice) -> Any:
    """The index of a part of one dimension."""
    return (*(slice(None),) * dim, part)


# ------------------------------------------------------------------ sums


@op("CumsumBackward0", name="cumsum", types="free", linear=True)
def cumsum_op(xp: Any, input: Any, *, dim: int) -> Any:
    """Sums of everything up to each place."""
    return xp.add.accumulate(input, axis=dim)


@cumsum_op.vjp
def _(F: Any, g: Any, dim: int) -> Any:
    return F.cumsum_reversed(g, dim=dim)


@op("CumsumBackward0", types="free", linear=True)
def cumsum_reversed(xp: Any, input: Any, *, dim: int) -> Any:
    """Sums of everything from each place on."""
    return xp.flip(xp.add.accumulate(xp.flip(input, dim), axis=dim), dim)


@cumsum_reversed.vjp
def _(F: Any, g: Any, dim: int) -> Any:
    return F.cumsum(g, dim=dim)


@method()
@numpy_names
def cumsum(input: Tensor, dim: int, *, dtype: Any = None) -> Tensor:
    """Running sum along `dim`; integers as int64."""
    dim = wrap_dim(dim, input._array.ndim)
    input = summable(input, dtype)
    if not input._array.ndim:
        return cumsum_op.call(input.reshape(1), dim=0).reshape(())
    return as_asked(cumsum_op.call(input, dim=dim), dtype)


# ------------------------------------------------------------------ products


@op("CumprodBackward0", name="cumprod", types="free")
def cumprod_op(xp: Any, input: Any, *, dim: int, reverse: bool) -> Any:
    """Products of everything up to each place, or with `reverse` from each place on."""
    if reverse:
        return xp.flip(xp.multiply.accumulate(xp.flip(input, dim), axis=dim), dim)
    return xp.multiply.accumulate(input, axis=dim)


@cumprod_op.vjp
def _(F: Any, g: Any, input: Any, dim: int, reverse: bool) -> Any:
    """Right for zeros too, and to any order: nothing is divided.

    Element k gets what comes before it, times ``t[k] = g[k] + x[k+1] t[k+1]``.  That
    recurrence is solved by doubling: after i rounds ``t[k] = sums[k] + steps[k] t[k + 2**i]``.
    """
    forth = -1 if reverse else 1
    before = F.shifted(F.cumprod(input, dim=dim, reverse=reverse), dim=dim, by=forth, fill=1)
    sums = g
    steps = F.shifted(input, dim=dim, by=-forth, fill=0)
    reach = 1
    while reach < input.shape[dim]:
        sums = sums + steps * F.shifted(sums, dim=dim, by=-forth * reach, fill=0)
        steps = steps * F.shifted(steps, dim=dim, by=-forth * reach, fill=0)
        reach *= 2
    return before * sums


@op("ShiftBackward0", types="free")
def shifted(xp: Any, input: Any, *, dim: int, by: int, fill: int) -> Any:
    """Everything moved along `dim` by so many places; `fill` comes in."""
    moved = xp.full_like(input, fill)
    kept = max(input.shape[dim] - abs(by), 0)
    early, late = along(dim, slice(0, kept)), along(dim, slice(abs(by), None))
    if by >= 0:
        moved[late] = input[early]
    else:
        moved[early] = input[late]
    return moved


@shifted.vjp
def _(F: Any, g: Any, dim: int, by: int) -> Any:
    return F.shifted(g, dim=dim, by=-by, fill=0)


@method()
@numpy_names
def cumprod(input: Tensor, dim: int, *, dtype: Any = None) -> Tensor:
    """Running product along `dim`; integers as int64."""
    dim = wrap_dim(dim, input._array.ndim)
    input = summable(input, dtype)
    if not input._array.ndim:
        return cumprod_op.call(input.reshape(1), dim=0, reverse=False).reshape(())
    return as_asked(cumprod_op.call(input, dim=dim, reverse=False), dtype)


# ------------------------------------------------------------------ maxima, minima


def _running(xp: Any, input: Any, dim: int, ufunc: str) -> tuple[Any, Any]:
    values = xp.accumulate(ufunc, input, dim)
    places = xp.arange(input.shape[dim]).reshape((-1,) + (1,) * (input.ndim - dim - 1))
    here = (input == values) | (input != input)
    return values, xp.accumulate("maximum", xp.where(here, places, 0), dim)


@op("CummaxBackward0", name="cummax", types="free", aux=("indices",))
def cummax_op(xp: Any, input: Any, *, dim: int) -> Any:
    """Running maximum, and where it was (the last place, of equals)."""
    return _running(xp, input, dim, "maximum")


@op("CumminBackward0", name="cummin", types="free", aux=("indices",))
def cummin_op(xp: Any, input: Any, *, dim: int) -> Any:
    """Running minimum, and where it was (the last place, of equals)."""
    return _running(xp, input, dim, "minimum")


@cummax_op.vjp
def _(F: Any, g: Any, indices: Any, dim: int) -> Any:
    return F.added_along(g, indices, dim=dim)


@cummin_op.vjp
def _(F: Any, g: Any, indices: Any, dim: int) -> Any:
    return F.added_along(g, indices, dim=dim)


@op("ScatterAddBackward0", types="free")
def added_along(xp: Any, input: Any, index: Any, *, dim: int) -> Any:
    """Zeros, to which each element is added at the place that the index names along `dim`."""
    out = xp.zeros(input.shape, input.dtype)
    xp.add_at(out, places_along(xp, index, dim), input)
    return out


@added_along.vjp("input")
def _(F: Any, g: Any, index: Any, dim: int) -> Any:
    return F.selected_along(g, index, dim=dim)


@op("GatherBackward0", types="free", moves=True)
def selected_along(xp: Any, input: Any, index: Any, *, dim: int) -> Any:
    """The elements at the places that the index names along `dim`, each once at most."""
    return xp.take_along_axis(input, index, dim)


@selected_along.vjp("input")
def _(F: Any, g: Any, index: Any, input_shape: Any, dim: int) -> Any:
    return F.placed_along(g, index, dim=dim, size=input_shape[dim])


@op("ScatterBackward0", types="free", moves=True)
def placed_along(xp: Any, input: Any, index: Any, *, dim: int, size: int) -> Any:
    """Zeros of `size` along `dim`, with the elements where the index says, each place once."""
    shape = (*input.shape[:dim], size, *input.shape[dim + 1 :])
    out = xp.zeros(shape, input.dtype)
    out[places_along(xp, index, dim)] = input
    return out


@placed_along.vjp("input")
def _(F: Any, g: Any, index: Any, dim: int) -> Any:
    return F.selected_along(g, index, dim=dim)


def places_along(xp: Any, index: Any, dim: int) -> tuple[Any, ...]:
    """A full index: the given one along `dim`, each place's own elsewhere."""
    trailing = range(index.ndim - 1, -1, -1)
    grid = [
        xp.arange(n).reshape((n,) + (1,) * after)
        for n, after in zip(index.shape, trailing, strict=True)
    ]
    grid[dim] = index
    return tuple(grid)


def _cumulate(name: str, primitive: Any, input: Tensor, dim: int) -> Any:
    dim = wrap_dim(dim, input._array.ndim)
    found = getattr(return_types, name)
    if not input._array.ndim:
        return found(*(t.reshape(()) for t in primitive.call(input.reshape(1), dim=0)))
    return found(*primitive.call(input, dim=dim))


@method()
@numpy_names
def cummax(input: Tensor, dim: int) -> Any:
    """Running maximum along `dim`: a named tuple (values, indices)."""
    return _cumulate("cummax", cummax_op, input, dim)


@method()
@numpy_names
def cummin(input: Tensor, dim: int) -> Any:
    """Running minimum along `dim`: a named tuple (values, indices)."""
    return _cumulate("cummin", cummin_op, input, dim)


# ------------------------------------------------------------------ logcumsumexp


@op("LogcumsumexpBackward0", name="logcumsumexp", types="float")
def logcumsumexp_op(xp: Any, input: Any, *, dim: int) -> Any:
    """Logarithm of the running sum of exp, without overflow."""
    return xp.accumulate("logaddexp", input, dim)


@logcumsumexp_op.vjp
def _(F: Any, g: Any, input: Any, result: Any, dim: int) -> Any:
    top = F.amax(result, dim=(dim,), keepdim=True)
    return F.exp(input - top) * F.cumsum_reversed(g * F.exp(top - result), dim=dim)


@method()
@numpy_names
def logcumsumexp(input: Tensor, dim: int) -> Tensor:
    """``log(cumsum(exp(input), dim))``, computed without overflow."""
    dim = wrap_dim(dim, input._array.ndim)
    if not input._array.ndim or not input._array.size:
        return input + 0
    return logcumsumexp_op.call(input, dim=dim)


for _fn in (cumsum, cumprod):
    setattr(Tensor, f"{_fn.__name__}_", inplace.twin(_fn, f"{_fn.__name__}_"))

__all__ = ["cumsum", "cumprod", "cummax", "cummin", "logcumsumexp"]

# ------------------------------------------------------------------ examples


@examples("cumsum")
@examples("cumprod")
def _(draw: Any) -> Any:
    zeros = draw.real(3, 5)
    zeros[0, 1] = zeros[1, 2] = zeros[1, 4] = 0.0
    for x in (draw.real(3, 4), zeros):
        yield call(x, 0)
        yield call(x, -1)
    yield call(draw.real(2, 3, 2), 1)
    yield call(draw.real(1), 0)
    yield call(draw.real(), -1)
    yield call(draw.real(0, 3), 0)
    yield call(draw.real(2, 0), 0)
    yield call(draw.integers(2, 3, high=4), 1)


@examples("cummax")
@examples("cummin")
def _(draw: Any) -> Any:
    x = draw.distinct(3, 5)
    yield call(x, 0)
    yield call(x, -1)
    yield call(draw.distinct(2, 3, 2), 1)
    yield call(draw.real(), 0)
    yield call(draw.integers(2, 6, high=4), 1)


@examples("logcumsumexp")
def _(draw: Any) -> Any:
    x = draw.real(3, 5)
    yield call(x, 0)
    yield call(x, -1)
    yield call(x + 800.0, 1)
    yield call(draw.real(), 0)
    yield call(draw.real(0, 3), 0)
