"""Views of parts: one index, a slice, a diagonal, windows, and a tensor taken to pieces."""

from __future__ import annotations

import operator
from collections.abc import Iterator, Sequence
from itertools import pairwise
from typing import Any

from .._tensor import Tensor, method
from ..declare import op
from ..errors import ShapeError
from .dims import sizes, wrap_dim

# ------------------------------------------------------------------ one index, and a slice


def _at(dim: int, key: Any) -> tuple[Any, ...]:
    return (slice(None),) * dim + (key, Ellipsis)


def _put(xp: Any, g: Any, shape: Any, key: Any) -> Any:
    """Zeros of a shape with `g` at the place of the key."""
    zeros = xp.zeros(shape, g.dtype)
    zeros[key] = g
    return zeros


@op("SelectBackward0", name="select", view=True)
def select_op(xp: Any, input: Any, *, dim: int, index: int) -> Any:
    """Index `index` of one dimension, which goes."""
    return input[_at(dim, index)]


@select_op.vjp
def _(F: Any, g: Any, input_shape: Any, dim: int, index: int) -> Any:
    return F.select_backward(g, shape=input_shape, dim=dim, index=index)


@op("SelectBackwardBackward0", moves=True, linear=True)
def select_backward(xp: Any, input: Any, *, shape: Any, dim: int, index: int) -> Any:
    """Zeros of a shape with `input` at one index of a dimension."""
    return _put(xp, input, shape, _at(dim, index))


@select_backward.vjp
def _(F: Any, g: Any, dim: int, index: int) -> Any:
    return F.select(g, dim=dim, index=index)


@op("SliceBackward0", name="slice", view=True)
def slice_op(xp: Any, input: Any, *, dim: int, start: int, stop: int, step: int) -> Any:
    """Every `step`-th index of a dimension from `start` to `stop`, excluded."""
    return input[_at(dim, slice(start, stop, step))]


@slice_op.vjp
def _(F: Any, g: Any, input_shape: Any, dim: int, start: int, stop: int, step: int) -> Any:
    return F.slice_backward(g, shape=input_shape, dim=dim, start=start, stop=stop, step=step)


@op("SliceBackwardBackward0", moves=True, linear=True)
def slice_backward(
    xp: Any, input: Any, *, shape: Any, dim: int, start: int, stop: int, step: int
) -> Any:
    """Zeros of a shape with `input` in a slice of a dimension."""
    return _put(xp, input, shape, _at(dim, slice(start, stop, step)))


@slice_backward.vjp
def _(F: Any, g: Any, dim: int, start: int, stop: int, step: int) -> Any:
    return F.slice(g, dim=dim, start=start, stop=stop, step=step)


@op("AliasBackward0", view=True)
def alias(xp: Any, input: Any) -> Any:
    """The same memory, as another tensor."""
    return input[...]


@alias.vjp
def _(g: Any) -> Any:
    return g


def index_error(index: int, dim: int, size: int) -> IndexError:
    """PyTorch's sentence about an index that is too large or too small."""
    return IndexError(f"index {index} is out of bounds for dimension {dim} with size {size}")


@method()
def select(input: Tensor, dim: int, index: int) -> Tensor:
    """One index of a dimension, which goes.

    Raises
    ------
    IndexError
        If there is no such dimension or index.
    """
    if not input._array.ndim:
        raise IndexError("select() cannot be applied to a 0-dim tensor.")
    d, i = wrap_dim(dim, input._array.ndim), operator.index(index)
    n = input._array.shape[d]
    if not -n <= i < n:
        raise IndexError(
            f"select(): index {i} out of range for tensor of size {list(input.shape)} "
            f"at dimension {d}"
        )
    return select_op.call(input, dim=d, index=i % n)


@method()
def narrow(input: Tensor, dim: int, start: Any, length: int) -> Tensor:
    """`length` indices of a dimension from `start` on.

    Raises
    ------
    RuntimeError, IndexError
        If they reach beyond its end, or before its beginning.
    """
    if not input._array.ndim:
        raise ShapeError("narrow() cannot be applied to a 0-dim tensor.")
    if length < 0:
        raise ShapeError(f"narrow(): length must be non-negative, got {length}.")
    if isinstance(start, Tensor) and (start.ndim or start._array.dtype.kind not in "iu"):
        raise RuntimeError(
            "start must be an 0-dim integral Tensor, "
            f"got {start.dtype!r} of shape {tuple(start.shape)}"
        )
    d, first = wrap_dim(dim, input._array.ndim), operator.index(start)
    n = input._array.shape[d]
    if not -n <= first <= n:
        raise IndexError(
            f"start out of range (expected to be in range of [{-n}, {n}], but got {first})"
        )
    first += n if first < 0 else 0
    if first + length > n:
        raise ShapeError(f"start ({first}) + length ({length}) exceeds dimension size ({n}).")
    return slice_op.call(input, dim=d, start=first, stop=first + length, step=1)


# ------------------------------------------------------------------ taken to pieces


def _one_of(shape: Any, nr: int, dim: int) -> Any:
    return select_op, (dim, nr)


@op("UnbindBackward0", name="unbind", view=True, many=True, part=_one_of)
def unbind_op(xp: Any, input: Any, *, dim: int) -> Any:
    """All indices of a dimension, one by one."""
    return [input[_at(dim, i)] for i in range(input.shape[dim])]


@unbind_op.vjp
def _(F: Any, g: Any, dim: int) -> Any:
    return F.stack(*g, dim=dim)


def _piece(shape: Any, nr: int, dim: int, split_sizes: Any) -> Any:
    start = sum(split_sizes[:nr])
    return slice_op, (dim, start, start + split_sizes[nr], 1)


def _equal_piece(shape: Any, nr: int, dim: int, split_size: int) -> Any:
    start = nr * split_size
    return slice_op, (dim, start, min(start + split_size, shape[dim]), 1)


@op("SplitBackward0", name="split", view=True, many=True, part=_equal_piece)
def split_op(xp: Any, input: Any, *, dim: int, split_size: int) -> Any:
    """Pieces of one size along a dimension (the last may be smaller)."""
    n = input.shape[dim]
    starts = range(0, n, split_size) if n else (0,)
    return [input[_at(dim, slice(i, min(i + split_size, n)))] for i in starts]


@split_op.vjp
def _(F: Any, g: Any, dim: int) -> Any:
    return F.cat(*g, dim=dim)


@op("SplitWithSizesBackward0", name="split_with_sizes", view=True, many=True, part=_piece)
def split_sizes_op(xp: Any, input: Any, *, dim: int, split_sizes: Any) -> Any:
    """Pieces of the given sizes along a dimension."""
    ends = [sum(split_sizes[: i + 1]) for i in range(len(split_sizes))]
    return [input[_at(dim, slice(e - n, e))] for e, n in zip(ends, split_sizes, strict=True)]


@split_sizes_op.vjp
def _(F: Any, g: Any, dim: int) -> Any:
    return F.cat(*g, dim=dim)


@method()
def unbind(input: Tensor, dim: int = 0) -> tuple[Tensor, ...]:
    """All indices of a dimension, one by one."""
    if not input._array.ndim:
        raise IndexError("Dimension specified as 0 but tensor has no dimensions")
    return unbind_op.call(input, dim=wrap_dim(dim, input._array.ndim))


@method("__iter__")
def _iterate(self: Tensor) -> Iterator[Tensor]:
    """Over the first dimension."""
    if not self._array.ndim:
        raise TypeError("iteration over a 0-d tensor")
    return iter(unbind(self, 0))


def split(tensor: Tensor, split_size_or_sections: Any, dim: int = 0) -> tuple[Tensor, ...]:
    """Pieces along a dimension: of one size (the last may be smaller), or of a list of sizes.

    Raises
    ------
    ShapeError
        If a size is negative, or the sizes do not add up to the dimension's.
    """
    if not tensor._array.ndim:
        raise ShapeError("split expects at least a 1-dimensional tensor")
    if isinstance(split_size_or_sections, Sequence):
        return split_with_sizes(tensor, split_size_or_sections, dim)
    d, size = wrap_dim(dim, tensor._array.ndim), operator.index(split_size_or_sections)
    n = tensor._array.shape[d]
    if size < 0:
        raise ShapeError(f"split expects split_size be non-negative, but got split_size={size}")
    if size == 0 and n:
        raise ShapeError(
            f"split_size can only be 0 if dimension size is 0, but got dimension size of {n}"
        )
    return split_op.call(tensor, dim=d, split_size=size or 1)


@method("split")
def _split_method(self: Tensor, split_size: Any, dim: int = 0) -> tuple[Tensor, ...]:
    """See `autograd_core.split`."""
    return split(self, split_size, dim)


@method()
def split_with_sizes(input: Tensor, split_sizes: Sequence[int], dim: int = 0) -> Any:
    """Pieces of the given sizes along a dimension."""
    d, wanted = wrap_dim(dim, input._array.ndim), sizes((split_sizes,), "split_sizes")
    n = input._array.shape[d]
    if any(s < 0 for s in wanted):
        raise ShapeError(
            "split_with_sizes expects split_sizes have only non-negative entries, "
            f"but got split_sizes={list(wanted)}"
        )
    if sum(wanted) != n:
        raise ShapeError(
            f"split_with_sizes expects split_sizes to sum exactly to {n} (input tensor's size at "
            f"dimension {d}), but got split_sizes={list(wanted)}"
        )
    return split_sizes_op.call(input, dim=d, split_sizes=wanted)


@method()
def chunk(input: Tensor, chunks: int, dim: int = 0) -> tuple[Tensor, ...]:
    """At most `chunks` pieces of one size along a dimension (the last may be smaller)."""
    if not input._array.ndim:
        raise ShapeError("chunk expects at least a 1-dimensional tensor")
    if chunks <= 0:
        raise ShapeError(f"chunk expects `chunks` to be greater than 0, got: {chunks}")
    d = wrap_dim(dim, input._array.ndim)
    n = input._array.shape[d]
    if n == 0:
        return split_with_sizes(input, (0,) * chunks, d)
    return split_op.call(input, dim=d, split_size=-(-n // chunks))


@method()
def tensor_split(input: Tensor, indices_or_sections: Any, dim: int = 0) -> tuple[Tensor, ...]:
    """Pieces along a dimension: so many of nearly one size, or cut before the given indices."""
    if not input._array.ndim:
        raise ShapeError(
            "tensor_split expected at least a 1-dimensional tensor, but got a tensor with 0 dims"
        )
    d = wrap_dim(dim, input._array.ndim)
    n = input._array.shape[d]
    cuts = indices_or_sections
    if isinstance(cuts, Tensor):
        cuts = cuts.tolist()
    if isinstance(cuts, int):
        if cuts <= 0:
            raise ShapeError(f"number of sections must be larger than 0, got {cuts}")
        small, larger = divmod(n, cuts)
        cuts = [i * small + min(i, larger) for i in range(1, cuts)]
    bounds = [0, *(min(max(c + n if c < 0 else c, 0), n) for c in cuts), n]
    return tuple(
        slice_op.call(input, dim=d, start=a, stop=max(a, b), step=1) for a, b in pairwise(bounds)
    )


def _split_along(name: str, input: Tensor, cuts: Any, dim: int, least: int) -> Any:
    ndim = input._array.ndim
    if ndim < least:
        raise ShapeError(
            f"torch.{name} requires a tensor with at least {least} dimension, "
            f"but got a tensor with {ndim} dimensions!"
        )
    n = input._array.shape[dim]
    if isinstance(cuts, int) and (cuts <= 0 or n % cuts):
        raise ShapeError(
            f"torch.{name} attempted to split along dimension {dim}, but the size of the "
            f"dimension {n} is not divisible by the split_size {cuts}!"
        )
    return tensor_split(input, cuts, dim)


@method()
def hsplit(input: Tensor, indices_or_sections: Any) -> tuple[Tensor, ...]:
    """Pieces along the second dimension (of a vector: the first)."""
    return _split_along("hsplit", input, indices_or_sections, 1 if input.ndim > 1 else 0, 1)


@method()
def vsplit(input: Tensor, indices_or_sections: Any) -> tuple[Tensor, ...]:
    """Pieces along the first dimension."""
    return _split_along("vsplit", input, indices_or_sections, 0, 2)


@method()
def dsplit(input: Tensor, indices_or_sections: Any) -> tuple[Tensor, ...]:
    """Pieces along the third dimension."""
    return _split_along("dsplit", input, indices_or_sections, 2, 3)


# ------------------------------------------------------------------ diagonals


def _diagonal_view(xp: Any, array: Any, offset: int, dim1: int, dim2: int) -> Any:
    """The diagonal by strides: NumPy's own function gives it read-only."""
    rows, columns = array.shape[dim1], array.shape[dim2]
    length = max(0, min(rows, columns - offset) if offset >= 0 else min(rows + offset, columns))
    first = [slice(None)] * array.ndim
    if length:
        first[dim2 if offset >= 0 else dim1] = slice(abs(offset), None)
    start = array[tuple(first)]
    rest = [d for d in range(array.ndim) if d not in (dim1, dim2)]
    shape = (*(array.shape[d] for d in rest), length)
    strides = (*(array.strides[d] for d in rest), array.strides[dim1] + array.strides[dim2])
    return xp.strided_view(start, shape, strides)


@op("DiagonalBackward0", name="diagonal", view=True)
def diagonal_op(xp: Any, input: Any, *, offset: int, dim1: int, dim2: int) -> Any:
    """The elements whose index along dim2 is `offset` more than along dim1, as the last dim."""
    return _diagonal_view(xp, input, offset, dim1, dim2)


@diagonal_op.vjp
def _(F: Any, g: Any, input_shape: Any, offset: int, dim1: int, dim2: int) -> Any:
    return F.diagonal_backward(g, shape=input_shape, offset=offset, dim1=dim1, dim2=dim2)


@op("DiagonalBackwardBackward0", moves=True, linear=True)
def diagonal_backward(xp: Any, input: Any, *, shape: Any, offset: int, dim1: int, dim2: int) -> Any:
    """Zeros of a shape with `input` on a diagonal."""
    zeros = xp.zeros(shape, input.dtype)
    _diagonal_view(xp, zeros, offset, dim1, dim2)[...] = input
    return zeros


@diagonal_backward.vjp
def _(F: Any, g: Any, offset: int, dim1: int, dim2: int) -> Any:
    return F.diagonal(g, offset=offset, dim1=dim1, dim2=dim2)


@method()
def diagonal(input: Tensor, offset: int = 0, dim1: int = 0, dim2: int = 1) -> Tensor:
    """The diagonal of two dimensions, as the last dimension.

    Parameters
    ----------
    offset : int, default 0
        How far above (or, negative, below) the main diagonal.
    dim1, dim2 : int
        The two dimensions.
    """
    ndim = input._array.ndim
    first, second = wrap_dim(dim1, ndim), wrap_dim(dim2, ndim)
    if first == second:
        raise ShapeError(f"diagonal dimensions cannot be identical {dim1}, {dim2}")
    return diagonal_op.call(input, offset=offset, dim1=first, dim2=second)


# ------------------------------------------------------------------ windows


@op("UnfoldBackward0", name="unfold", view=True)
def unfold_op(xp: Any, input: Any, *, dim: int, size: int, step: int) -> Any:
    """Windows of `size` along a dimension, every `step`; the window is the last dimension."""
    if not input.ndim:
        return xp.strided_view(input, (size,), (input.itemsize,))
    count = (input.shape[dim] - size) // step + 1
    stride = input.strides[dim]
    shape = (*input.shape[:dim], count, *input.shape[dim + 1 :], size)
    strides = (*input.strides[:dim], stride * step, *input.strides[dim + 1 :], stride)
    return xp.strided_view(input, shape, strides)


@unfold_op.vjp
def _(F: Any, g: Any, input_shape: Any, dim: int, size: int, step: int) -> Any:
    return F.unfold_backward(g, shape=input_shape, dim=dim, size=size, step=step)


@op("UnfoldBackwardBackward0", linear=True)
def unfold_backward(xp: Any, input: Any, *, shape: Any, dim: int, size: int, step: int) -> Any:
    """The windows added up again: what lies in several windows gets the sum."""
    if not shape:
        return input.sum()
    total = xp.zeros(shape, input.dtype)
    span = step * (input.shape[dim] - 1) + 1
    for i in range(size):
        total[_at(dim, slice(i, i + span, step))] += input[..., i]
    return total


@unfold_backward.vjp
def _(F: Any, g: Any, dim: int, size: int, step: int) -> Any:
    return F.unfold(g, dim=dim, size=size, step=step)


@method()
def unfold(self: Tensor, dimension: int, size: int, step: int) -> Tensor:
    """Windows of `size` along a dimension, every `step`, as a view.

    Raises
    ------
    ShapeError
        If a window is larger than the dimension, or the step not positive.
    """
    d = wrap_dim(dimension, self._array.ndim)
    n = self._array.shape[d] if self._array.ndim else 1
    if size > n:
        raise ShapeError(f"maximum size for tensor at dimension {d} is {n} but size is {size}")
    if step <= 0:
        raise ShapeError(f"step is {step} but must be > 0")
    return unfold_op.call(self, dim=d, size=size, step=step)


__all__ = [
    "select", "narrow", "unbind", "split", "split_with_sizes", "chunk", "tensor_split", "hsplit",
    "vsplit", "dsplit", "diagonal",
]  # fmt: skip
