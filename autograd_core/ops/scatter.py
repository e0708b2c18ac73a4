"""Gather and scatter: one index along a dimension for every element."""

from __future__ import annotations

from typing import Any

import numpy as np

from .. import dtypes, inplace
from .._tensor import Tensor, method
from ..declare import Op, op
from ..errors import DtypeError, ShapeError
from .dims import wrap_dim
from .parts import index_error
from .select import where
from .shape import broadcast_shapes, expand, reshape

# ------------------------------------------------------------------ primitives


def _grid(xp: Any, index: Any, dim: int) -> tuple[Any, ...]:
    """The key under which an array holds the elements that `index` names along `dim`."""
    ndim = index.ndim
    key = [
        xp.arange(n).reshape((1,) * d + (n,) + (1,) * (ndim - d - 1))
        for d, n in enumerate(index.shape)
    ]
    if ndim:
        key[dim] = index
    return tuple(key)


def _corner(source: Any, shape: Any) -> Any:
    """The first elements of a source that may be larger than the index."""
    return source if source.shape == shape else source[tuple(slice(n) for n in shape)]


def _grown(F: Any, g: Any, shape: Any) -> Any:
    """A gradient of `_corner` with zeros around it."""
    for d, n in enumerate(shape):
        have = tuple(g.shape)
        if have[d] != n:
            full = (*have[:d], n, *have[d + 1 :])
            g = F.slice_backward(g, shape=full, dim=d, start=0, stop=have[d], step=1)
    return g


@op("GatherBackward0", name="gather", types="free", moves=True)
def gather_op(xp: Any, input: Any, index: Any, *, dim: int) -> Any:
    """The elements that `index` names along a dimension."""
    if not index.size:  # of any dtype, and any number of dimensions
        return xp.empty(index.shape, input.dtype)
    return input[_grid(xp, index, dim)] if index.ndim else input


@gather_op.vjp("input")
def _(F: Any, g: Any, index: Any, input_shape: Any, dim: int) -> Any:
    return F.scatter_add(F.zeros_of(g, shape=input_shape), index, g, dim=dim)


@op("ScatterBackward0", name="scatter", types="free", moves=True)
def scatter_op(xp: Any, input: Any, index: Any, src: Any, *, dim: int) -> Any:
    """A copy with `src` written where `index` says along a dimension."""
    written = xp.array(input, order="C", copy=True)
    if index.size:
        written[_grid(xp, index, dim)] = _corner(src, index.shape)
    return written


@scatter_op.vjp("input")
def _(F: Any, g: Any, index: Any, dim: int) -> Any:
    return F.scatter_value(g, index, dim=dim, value=0)


@scatter_op.vjp("src")
def _(F: Any, g: Any, index: Any, src_shape: Any, dim: int) -> Any:
    return _grown(F, F.gather(g, index, dim=dim), src_shape)


@op("ScatterBackward1", types="free", moves=True)
def scatter_value(xp: Any, input: Any, index: Any, *, dim: int, value: Any) -> Any:
    """A copy with a number written where `index` says along a dimension."""
    written = xp.array(input, order="C", copy=True)
    if index.size:
        written[_grid(xp, index, dim)] = value
    return written


@scatter_value.vjp("input")
def _(F: Any, g: Any, index: Any, dim: int) -> Any:
    return F.scatter_value(g, index, dim=dim, value=0)


def _adder(name: str, node_name: str) -> Op:
    @op(node_name, name=name, types="free")
    def added(xp: Any, input: Any, index: Any, src: Any, *, dim: int) -> Any:
        """A copy with `src` added where `index` says along a dimension."""
        total = xp.array(input, order="C", copy=True)
        if not index.size:
            return total
        xp.add_at(total, _grid(xp, index, dim), _corner(src, index.shape))
        return total

    @added.vjp("input")
    def _(g: Any) -> Any:
        return g

    @added.vjp("src")
    def _(F: Any, g: Any, index: Any, src_shape: Any, dim: int) -> Any:
        return _grown(F, F.gather(g, index, dim=dim), src_shape)

    return added


scatter_add_op = _adder("scatter_add", "ScatterAddBackward0")
scatter_sum_op = _adder("scatter_sum", "ScatterReduceBackward0")


# ------------------------------------------------------------------ checks


def _checked(input: Tensor, dim: int, index: Tensor, src: Any, name: str) -> tuple[int, Tensor]:
    """The dimension from 0, and the index if it fits the input and the source."""
    d = wrap_dim(dim, input._array.ndim)
    if not isinstance(index, Tensor):
        raise TypeError(f"{name}(): argument 'index' must be Tensor, not {type(index).__name__}")
    if index._array.size and index.dtype not in (dtypes.int64, dtypes.int32):
        raise DtypeError(f"{name}(): Expected dtype int64 for index, got {index.dtype!r}")
    shape, others = index._array.shape, [("self", input)]
    if isinstance(src, Tensor):
        if src.dtype is not input.dtype:
            raise DtypeError(
                f"{name}(): Expected self.dtype to be equal to src.dtype, got {input.dtype!r} and "
                f"{src.dtype!r}"
            )
        others.append(("src", src))
    if index._array.size == 0:
        return d, index
    for what, t in others:
        have = t._array.shape
        if (len(have) or 1) != (len(shape) or 1):
            raise ShapeError(
                f"Index tensor must have the same number of dimensions as {what} tensor: got "
                f"{list(shape)} and {list(have)} in {name}()"
            )
        for k, (n, m) in enumerate(zip(shape, have, strict=False)):
            if n > m and (k != d or what == "src"):
                raise ShapeError(
                    f"Size does not match at dimension {k} expected index {list(shape)} to be no "
                    f"larger than {what} {list(have)} apart from dimension {d} in {name}()"
                )
    array = index._array
    if isinstance(array, np.ndarray):
        n = input._array.shape[d] if input._array.ndim else 1
        low, high = int(array.min()), int(array.max())
        if low < 0 or high >= n:
            raise RuntimeError(str(index_error(low if low < 0 else high, d, n)))
    return d, index


def _flat(*tensors: Any) -> tuple[Any, ...]:
    """0-d tensors as vectors of one element."""
    return tuple(
        reshape(t, (1,)) if isinstance(t, Tensor) and not t._array.ndim else t for t in tensors
    )


# ------------------------------------------------------------------ public functions


@method()
def gather(input: Tensor, dim: int, index: Tensor, *, sparse_grad: bool = False) -> Tensor:
    """The elements that `index` names along a dimension, in the shape of `index`.

    ``out[i][j] = input[index[i][j]][j]`` for ``dim=0``.

    Parameters
    ----------
    index : Tensor of int64
        As many dimensions as the input, and no larger but along `dim`.

    Raises
    ------
    IndexError, ShapeError, DtypeError
        If an index is out of range, or the index tensor does not fit.
    """
    d, index = _checked(input, dim, index, None, "gather")
    scalar = not index._array.ndim
    source, places = _flat(input, index)
    found = gather_op.call(source, places, dim=d)
    return reshape(found, ()) if scalar else found


def _scattered(call: Any, input: Tensor, *rest: Any, **statics: Any) -> Tensor:
    """Call a primitive with 0-d tensors made vectors, and the result 0-d again."""
    made: Tensor = call(*_flat(input, *rest), **statics)
    return made if input._array.ndim else reshape(made, ())


def scatter(
    input: Tensor,
    dim: int,
    index: Tensor,
    src: Any = None,
    *,
    reduce: str | None = None,
    value: Any = None,
) -> Tensor:
    """A copy with `src` (a tensor or a number) written where `index` says along a dimension.

    ``out[index[i][j]][j] = src[i][j]`` for ``dim=0``; which of several writes to one place
    holds is not defined.

    Parameters
    ----------
    reduce : {"add", "multiply"}, optional
        Combine with what is there.
    """
    src = value if src is None else src
    if reduce is not None:
        if reduce not in ("add", "multiply"):
            raise RuntimeError(f"reduce argument must be either add or multiply, got {reduce!r}")
        if not isinstance(src, Tensor):
            src = input.new_full(tuple(index.shape), src)
        how = "sum" if reduce == "add" else "prod"
        return scatter_reduce(input, dim, index, src, how)
    d, index = _checked(input, dim, index, src, "scatter")
    if index._array.size == 0:
        return input.clone()
    if isinstance(src, Tensor):
        return _scattered(scatter_op.call, input, index, src, dim=d)
    return _scattered(scatter_value.call, input, index, dim=d, value=src)


@method("scatter")
def _scatter_method(
    self: Tensor,
    dim: int,
    index: Tensor,
    src: Any = None,
    *,
    reduce: str | None = None,
    value: Any = None,
) -> Tensor:
    """See `autograd_core.scatter`."""
    return scatter(self, dim, index, src, reduce=reduce, value=value)


@method()
def scatter_add(input: Tensor, dim: int, index: Tensor, src: Tensor) -> Tensor:
    """A copy with `src` added where `index` says along a dimension."""
    d, index = _checked(input, dim, index, src, "scatter_add")
    if index._array.size == 0:
        return input.clone()
    return _scattered(scatter_add_op.call, input, index, src, dim=d)


@method()
def take_along_dim(input: Tensor, indices: Tensor, dim: int | None = None) -> Tensor:
    """The elements that `indices` names along a dimension; both are broadcast to fit.

    Without `dim`: by position in the flattened input.
    """
    if dim is None:
        return gather(reshape(input, (-1,)), 0, reshape(indices, (-1,)))
    if input.ndim != indices.ndim:
        raise ShapeError(
            "torch.take_along_dim(): input and indices should have the same number of dimensions, "
            f"but got {input.ndim} dimensions for input, and {indices.ndim} dimensions for indices"
        )
    d = wrap_dim(dim, input._array.ndim)
    ours, theirs = list(input.shape), list(indices.shape)
    wide = broadcast_shapes([*ours[:d], 1, *ours[d + 1 :]], [*theirs[:d], 1, *theirs[d + 1 :]])
    source = expand(input, (*wide[:d], ours[d], *wide[d + 1 :]))
    indices = where(indices.lt(0), indices + ours[d], indices)
    return gather(source, d, expand(indices, (*wide[:d], theirs[d], *wide[d + 1 :])))


# ------------------------------------------------------------------ scatter_reduce

_START = {"prod": 1, "amax": float("-inf"), "amin": float("inf")}


@op("ScatterReduceBackward0", name="scatter_reduce_by", types="free")
def scatter_by_op(xp: Any, input: Any, index: Any, src: Any, *, dim: int, reduce: str) -> Any:
    """`src` multiplied into (or the larger or smaller kept of) the places `index` names."""
    made = xp.array(input, order="C", copy=True)
    name = {"prod": "multiply", "amax": "maximum", "amin": "minimum"}[reduce]
    xp.scatter_at(name, made, _grid(xp, index, dim), _corner(src, index.shape))
    return made


def _shares(F: Any, x: Any, index: Any, src: Any, result: Any, dim: int) -> tuple[Any, Any, Any]:
    """For amax and amin: where input and source are the result, and how many share it."""
    ours = F.to_dtype(
        F.eq(x, result), dtype=x.dtype if not hasattr(x, "_array") else x._array.dtype
    )
    found = F.gather(result, index, dim=dim)
    theirs = F.eq(src, found)
    theirs = F.to_dtype(theirs, dtype=src.dtype if not hasattr(src, "_array") else src._array.dtype)
    return ours, theirs, F.scatter_add(ours, index, theirs, dim=dim)


@scatter_by_op.vjp("input", "src")
def _(
    F: Any,
    g: Any,
    input: Any,
    index: Any,
    src: Any,
    result: Any,
    dim: int,
    reduce: str,
) -> Any:
    shape, full = tuple(index.shape), tuple(src.shape)
    for d, n in enumerate(shape):
        if full[d] != n:
            src = F.slice(src, dim=d, start=0, stop=n, step=1)
    if reduce != "prod":
        ours, theirs, count = _shares(F, input, index, src, result, dim)
        share = g / count
        return share * ours, _grown(F, F.gather(share, index, dim=dim) * theirs, full)
    both = g * result
    nil = F.eq(input, 0)
    filled = F.where(nil, 1 + 0 * input, input)
    without = F.scatter_reduce_by(filled, index, src, dim=dim, reduce="prod")
    of_input = F.where(nil, g * without, both / filled)
    zero = F.eq(src, 0)
    bare = F.where(zero, 1 + 0 * src, src)
    zeros_at = F.scatter_add(0 * result, index, F.where(zero, 1 + 0 * src, 0 * src), dim=dim)
    others = F.scatter_reduce_by(input, index, bare, dim=dim, reduce="prod")
    alone = F.gather(F.where(F.eq(zeros_at, 1), g * others, 0 * g), index, dim=dim)
    of_src = F.where(zero, alone, F.gather(both, index, dim=dim) / bare)
    return of_input, _grown(F, of_src, full)


@method()
def scatter_reduce(
    input: Tensor, dim: int, index: Tensor, src: Tensor, reduce: str, *, include_self: bool = True
) -> Tensor:
    """A copy in which `src` is combined with what is where `index` says along a dimension.

    Parameters
    ----------
    reduce : {"sum", "prod", "mean", "amax", "amin"}
    include_self : bool, default True
        Whether what is there takes part.
    """
    if reduce not in ("sum", "prod", "mean", "amax", "amin"):
        raise RuntimeError(
            f"reduce argument must be either sum, prod, mean, amax or amin, got {reduce}."
        )
    d, index = _checked(input, dim, index, src, "scatter_reduce")
    if index._array.size == 0:
        return input.clone()
    start = input
    if not include_self:
        first = _START.get(reduce, 0)
        if input.dtype is dtypes.bool_:
            first = reduce in ("prod", "amin")
        elif not input.is_floating_point() and reduce in ("amax", "amin"):
            limits = dtypes.iinfo(input.dtype)
            first = limits.min if reduce == "amax" else limits.max
        start = _scattered(scatter_value.call, input, index, dim=d, value=first)
    if reduce in ("sum", "mean"):
        total = _scattered(scatter_sum_op.call, start, index, src, dim=d)
        return total if reduce == "sum" else _mean(total, index, src, d, include_self)
    return _scattered(scatter_by_op.call, start, index, src, dim=d, reduce=reduce)


def _mean(total: Tensor, index: Tensor, src: Tensor, d: int, include_self: bool) -> Tensor:
    ones = src.detach().new_ones(tuple(src.shape))
    count = total.detach().new_full(tuple(total.shape), int(include_self))
    count = _scattered(scatter_add_op.call, count, index, ones, dim=d).clamp(min=1)
    if total.dtype.category >= dtypes.FLOATING:
        return total / count
    return total.div(count, rounding_mode="floor")


for _fn in (scatter, scatter_add, scatter_reduce):
    setattr(Tensor, f"{_fn.__name__}_", inplace.twin(_fn, f"{_fn.__name__}_"))

__all__ = ["gather", "scatter", "scatter_add", "scatter_reduce", "take_along_dim"]
