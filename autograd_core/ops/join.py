"""Tensors put together, repeated, turned over, and cut along diagonals: all of them copies."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from .. import inplace
from .._tensor import Tensor, method
from ..declare import op
from ..errors import DtypeError, ShapeError
from .dims import sizes, wrap_dim, wrap_dims
from .parts import diagonal
from .shape import clone, expand, reshape, unsqueeze

# ------------------------------------------------------------------ cat and stack


@op("CatBackward0", name="cat", types="promote", moves=True, linear=True)
def cat_op(xp: Any, *tensors: Any, dim: int) -> Any:
    """The tensors one after the other along a dimension."""
    return xp.concatenate(tensors, axis=dim)


@cat_op.vjp
def _(F: Any, g: Any, shapes: Any, dim: int, needs: Any) -> Any:
    parts, start = [], 0
    for shape, needed in zip(shapes, needs, strict=True):
        stop = start + shape[dim]
        parts.append(F.slice(g, dim=dim, start=start, stop=stop, step=1) if needed else None)
        start = stop
    return tuple(parts)


@op("StackBackward0", name="stack", types="promote", moves=True, linear=True)
def stack_op(xp: Any, *tensors: Any, dim: int) -> Any:
    """The tensors side by side along a new dimension."""
    return xp.stack(tensors, axis=dim)


@stack_op.vjp
def _(F: Any, g: Any, dim: int, needs: Any) -> Any:
    return tuple(F.select(g, dim=dim, index=i) if n else None for i, n in enumerate(needs))


def _tensors(given: Any, name: str) -> tuple[Tensor, ...]:
    if isinstance(given, Tensor) or not isinstance(given, Sequence):
        raise TypeError(
            f"{name}(): argument 'tensors' (position 1) must be tuple of Tensors, "
            f"not {type(given).__name__}"
        )
    for i, t in enumerate(given):
        if not isinstance(t, Tensor):
            raise TypeError(
                f"expected Tensor as element {i} in argument 0, but got {type(t).__name__}"
            )
    return tuple(given)


def cat(tensors: Sequence[Tensor], dim: int = 0) -> Tensor:
    """The tensors one after the other along a dimension.

    Parameters
    ----------
    tensors : sequence of Tensor
        Of equal sizes in all other dimensions (1-d empty tensors fit everywhere).

    Raises
    ------
    ValueError, ShapeError
        If there are none, or the other sizes differ.
    """
    given = _tensors(tensors, "cat")
    if not given:
        raise ValueError("torch.cat(): expected a non-empty list of Tensors")
    first = next((t._array.shape for t in given if t._array.shape != (0,)), (0,))
    if not first:
        raise ShapeError(
            "zero-dimensional tensor (at position 0) cannot be concatenated; use stack"
        )
    d = wrap_dim(dim, len(first))
    for i, t in enumerate(given):
        _check_beside(t._array.shape, first, i, d)
    empty = (*first[:d], 0, *first[d + 1 :])
    fitting = (t if t._array.ndim == len(first) else reshape(t, empty) for t in given)
    return cat_op.call(*fitting, dim=d)


def _check_beside(shape: tuple[int, ...], first: tuple[int, ...], i: int, d: int) -> None:
    if shape == (0,):
        return
    if len(shape) != len(first):
        raise ShapeError(
            f"Tensors must have same number of dimensions: got {len(first)} and {len(shape)}"
        )
    for k, (n, m) in enumerate(zip(first, shape, strict=True)):
        if k != d and n != m:
            raise ShapeError(
                f"Sizes of tensors must match except in dimension {d}. Expected size {n} but got "
                f"size {m} for tensor number {i} in the list."
            )


concat = concatenate = cat


def stack(tensors: Sequence[Tensor], dim: int = 0) -> Tensor:
    """Tensors of one shape side by side, along a new dimension.

    Raises
    ------
    ShapeError
        If there are none, or their shapes differ.
    """
    given = _tensors(tensors, "stack")
    if not given:
        raise ShapeError("stack expects a non-empty TensorList")
    first = given[0]._array.shape
    for i, t in enumerate(given):
        if t._array.shape != first:
            raise ShapeError(
                f"stack expects each tensor to be equal size, but got {list(first)} at entry 0 "
                f"and {list(t.shape)} at entry {i}"
            )
    return stack_op.call(*given, dim=wrap_dim(dim, len(first) + 1))


# ------------------------------------------------------------------ stacks of at least n dimensions


def _at_least(tensors: tuple[Any, ...], fn: Any) -> Any:
    if len(tensors) == 1 and not isinstance(tensors[0], list | tuple):
        return fn(tensors[0])
    return tuple(fn(x) for x in (tensors[0] if len(tensors) == 1 else tensors))


def _one(x: Tensor) -> Tensor:
    return x if x.ndim else reshape(x, (1,))


def _two(x: Tensor) -> Tensor:
    return x if x.ndim > 1 else reshape(x, (1, 1)) if not x.ndim else unsqueeze(x, 0)


def _three(x: Tensor) -> Tensor:
    if x.ndim >= 3:
        return x
    return unsqueeze(x if x.ndim == 2 else _two(x), -1)


def atleast_1d(*tensors: Any) -> Any:
    """With at least one dimension; several tensors give a tuple."""
    return _at_least(tensors, _one)


def atleast_2d(*tensors: Any) -> Any:
    """With at least two dimensions; several tensors give a tuple."""
    return _at_least(tensors, _two)


def atleast_3d(*tensors: Any) -> Any:
    """With at least three dimensions; several tensors give a tuple."""
    return _at_least(tensors, _three)


def hstack(tensors: Sequence[Tensor]) -> Tensor:
    """Joined along the second dimension (vectors along the first)."""
    parts = [atleast_1d(t) for t in _tensors(tensors, "hstack")]
    if not parts:
        raise ShapeError("hstack expects a non-empty TensorList")
    return cat(parts, 0 if parts[0].ndim == 1 else 1)


def vstack(tensors: Sequence[Tensor]) -> Tensor:
    """Joined along the first dimension; vectors become rows."""
    parts = [atleast_2d(t) for t in _tensors(tensors, "vstack")]
    if not parts:
        raise ShapeError("vstack expects a non-empty TensorList")
    return cat(parts, 0)


row_stack = vstack


def dstack(tensors: Sequence[Tensor]) -> Tensor:
    """Joined along the third dimension."""
    parts = [atleast_3d(t) for t in _tensors(tensors, "dstack")]
    if not parts:
        raise ShapeError("dstack expects a non-empty TensorList")
    return cat(parts, 2)


def column_stack(tensors: Sequence[Tensor]) -> Tensor:
    """Joined along the second dimension; vectors become columns."""
    given = _tensors(tensors, "column_stack")
    return hstack([t if t.ndim > 1 else reshape(t, (-1, 1)) for t in given])


def block_diag(*tensors: Tensor) -> Tensor:
    """A matrix with the given matrices along its diagonal, zeros elsewhere."""
    blocks = [atleast_2d(t) for t in tensors]
    width = sum(b.shape[1] for b in blocks)
    rows, left = [], 0
    for b in blocks:
        height, wide = b.shape
        right = width - left - wide
        rows.append(cat([b.new_zeros(height, left), b, b.new_zeros(height, right)], 1))
        left += wide
    return cat(rows, 0)


# ------------------------------------------------------------------ repeated


@op("RepeatBackward0", name="repeat", moves=True, linear=True)
def repeat_op(xp: Any, input: Any, *, repeats: Any) -> Any:
    """The tensor laid out `repeats` times in each dimension."""
    return xp.tile(input, repeats)


@repeat_op.vjp
def _(F: Any, g: Any, input_shape: Any, repeats: Any) -> Any:
    shape = (1,) * (len(repeats) - len(input_shape)) + tuple(input_shape)
    apart = tuple(n for pair in zip(repeats, shape, strict=True) for n in pair)
    g = F.sum(F.reshape(g, shape=apart), dim=tuple(range(0, len(apart), 2)), keepdim=False)
    return F.reshape(g, shape=tuple(input_shape))


@method()
def repeat(self: Tensor, *repeats: Any) -> Tensor:
    """The tensor laid out so many times along each dimension, as a copy."""
    wanted = sizes(repeats, "repeats")
    if len(wanted) < self._array.ndim:
        raise ShapeError(
            "Number of dimensions of repeat dims can not be smaller than number of dimensions of "
            f"tensor ({len(wanted)} and {self._array.ndim})"
        )
    if any(n < 0 for n in wanted):
        raise ShapeError(f"repeat: the counts must not be negative, got {list(wanted)}")
    return repeat_op.call(self, repeats=wanted)


def tile(input: Tensor, dims: Sequence[int]) -> Tensor:
    """The tensor laid out so many times along each of its last dimensions."""
    wanted = sizes((dims,), "dims")
    return repeat(input, (1,) * (input._array.ndim - len(wanted)) + wanted)


@method("tile")
def _tile_method(self: Tensor, *dims: Any) -> Tensor:
    """See `autograd_core.tile`."""
    return tile(self, sizes(dims, "dims"))


@method()
def repeat_interleave(
    input: Tensor, repeats: Any, dim: int | None = None, *, output_size: int | None = None
) -> Tensor:
    """Each element (or each index of `dim`) so many times in a row.

    Parameters
    ----------
    repeats : int or Tensor
        One number for all, or one for each index.
    dim : int, optional
        Default: the flattened tensor.
    """
    if dim is None:
        input, dim = reshape(input, (-1,)), 0
    d = wrap_dim(dim, input._array.ndim)
    if isinstance(repeats, Tensor) and repeats.numel() != 1:
        return _repeat_each(input, repeats, d)
    count = int(repeats)
    if count < 0:
        raise ShapeError(f"Repeats must be non-negative, got {count}")
    shape = input._array.shape
    wide = expand(unsqueeze(input, d + 1), (*shape[: d + 1], count, *shape[d + 1 :]))
    return reshape(clone(wide), (*shape[:d], shape[d] * count, *shape[d + 1 :]))


def _repeat_each(input: Tensor, repeats: Tensor, d: int) -> Tensor:
    n = input._array.shape[d]
    if repeats.ndim != 1 or repeats.numel() != n:
        raise ShapeError(
            f"repeats must have the same size as input along dim, but got repeats.size(0) = "
            f"{repeats.numel()} and input.size({d}) = {n}"
        )
    if repeats.is_floating_point():
        raise DtypeError(f"repeats has to be Long or Int tensor, got {repeats.dtype!r}")
    counts = repeats.tolist()
    if any(c < 0 for c in counts):
        raise ShapeError("repeats can not be negative")
    index = [i for i, c in enumerate(counts) for _ in range(c)]
    return input.index_select(d, repeats.new_tensor(index).long())


def meshgrid(*tensors: Any, indexing: str | None = None) -> tuple[Tensor, ...]:
    """Coordinates of a grid: each vector expanded over the dimensions of all.

    Parameters
    ----------
    indexing : {"ij", "xy"}, default "ij"
        ``xy`` swaps the first two dimensions.
    """
    if len(tensors) == 1 and isinstance(tensors[0], list | tuple):
        tensors = tuple(tensors[0])
    if indexing not in (None, "ij", "xy"):
        raise ValueError(
            f'torch.meshgrid: indexing must be one of "xy" or "ij", but received: {indexing}'
        )
    for t in tensors:
        if t.ndim > 1:
            raise ShapeError(
                f"torch.meshgrid: Expected 0D or 1D tensor in the tensor list but got: {t}"
            )
    swap = indexing == "xy" and len(tensors) > 1
    given = (tensors[1], tensors[0], *tensors[2:]) if swap else tensors
    shape = tuple(t.numel() for t in given)
    found = []
    for i, t in enumerate(given):
        place = tuple(t.numel() if i == k else 1 for k in range(len(given)))
        found.append(expand(reshape(t, place), shape))
    if swap:
        found[:2] = found[1], found[0]
    return tuple(found)


def cartesian_prod(*tensors: Tensor) -> Tensor:
    """All combinations of one element of each vector, as rows."""
    if len(tensors) == 1:
        return tensors[0]
    return stack([reshape(g, (-1,)) for g in meshgrid(*tensors, indexing="ij")], 1)


# ------------------------------------------------------------------ turned over


@op("FlipBackward0", name="flip", moves=True, linear=True)
def flip_op(xp: Any, input: Any, *, dims: Any) -> Any:
    """Some dimensions in reverse order."""
    return xp.flip(input, dims).copy()


@flip_op.vjp
def _(F: Any, g: Any, dims: Any) -> Any:
    return F.flip(g, dims=dims)


@op("RollBackward0", name="roll", moves=True, linear=True)
def roll_op(xp: Any, input: Any, *, shifts: Any, dims: Any) -> Any:
    """Elements moved along, those that fall off at the end put in at the beginning."""
    return xp.roll(input, shifts, dims)


@roll_op.vjp
def _(F: Any, g: Any, shifts: Any, dims: Any) -> Any:
    back = -shifts if isinstance(shifts, int) else tuple(-s for s in shifts)
    return F.roll(g, shifts=back, dims=dims)


@op("Rot90Backward0", name="rot90", moves=True, linear=True)
def rot90_op(xp: Any, input: Any, *, k: int, dims: Any) -> Any:
    """Turned by 90 degrees k times, from the first towards the second of `dims`."""
    return xp.rot90(input, k, dims).copy()


@rot90_op.vjp
def _(F: Any, g: Any, k: int, dims: Any) -> Any:
    return F.rot90(g, k=-k, dims=dims)


def flip(input: Tensor, dims: Any) -> Tensor:
    """Some dimensions in reverse order, as a copy."""
    return flip_op.call(input, dims=wrap_dims(dims, input._array.ndim) if input.ndim else ())


@method("flip")
def _flip_method(self: Tensor, *given: Any, dims: Any = None) -> Tensor:
    """See `autograd_core.flip`."""
    return flip(self, sizes(given if dims is None else (dims,), "dims"))


@method()
def fliplr(input: Tensor) -> Tensor:
    """The second dimension in reverse order."""
    if input.ndim < 2:
        raise ShapeError("Input must be >= 2-d.")
    return flip(input, (1,))


@method()
def flipud(input: Tensor) -> Tensor:
    """The first dimension in reverse order."""
    if input.ndim < 1:
        raise ShapeError("Input must be >= 1-d.")
    return flip(input, (0,))


@method()
def roll(input: Tensor, shifts: Any, dims: Any = None) -> Tensor:
    """Elements moved along, those that fall off at the end put in at the beginning.

    Parameters
    ----------
    shifts : int or tuple of int
        By how many places.
    dims : int or tuple of int, optional
        Along which dimensions; default: along the flattened tensor.
    """
    if dims is None or dims == ():
        if isinstance(shifts, Sequence):
            if len(shifts) != 1:
                raise ShapeError(f"shifts and dimensions must align. shifts: {len(shifts)}, dims:0")
            shifts = shifts[0]
        return roll_op.call(input, shifts=int(shifts), dims=None)
    by = tuple(shifts) if isinstance(shifts, Sequence) else (shifts,)
    along = tuple(dims) if isinstance(dims, Sequence) else (dims,)
    if len(by) != len(along):
        raise ShapeError(f"shifts and dimensions must align. shifts: {len(by)}, dims:{len(along)}")
    if not input.ndim:
        raise IndexError(f"Dimension specified as {along[0]} but tensor has no dimensions")
    found = tuple(wrap_dim(d, input._array.ndim) for d in along)
    return roll_op.call(input, shifts=by, dims=found)


@method()
def rot90(input: Tensor, k: int = 1, dims: Sequence[int] = (0, 1)) -> Tensor:
    """Turned by 90 degrees k times, from the first towards the second of `dims`."""
    ndim = input._array.ndim
    if len(dims) != 2:
        raise ShapeError(f"expected total rotation dims == 2, but got dims = {len(dims)}")
    if ndim < 2:
        raise ShapeError(f"expected total dims >= 2, but got total dims = {ndim}")
    found = tuple(wrap_dim(d, ndim) for d in dims)
    if found[0] == found[1]:
        raise ShapeError(f"expected rotation dims to be different, but got {list(dims)}")
    return rot90_op.call(input, k=k, dims=found)


# ------------------------------------------------------------------ triangles and diagonals


@op("TrilBackward0", name="tril", moves=True, linear=True)
def tril_op(xp: Any, input: Any, *, diagonal: int) -> Any:
    """The lower triangle of the last two dimensions, zeros above."""
    return xp.tril(input, diagonal)


@tril_op.vjp
def _(F: Any, g: Any, diagonal: int) -> Any:
    return F.tril(g, diagonal=diagonal)


@op("TriuBackward0", name="triu", moves=True, linear=True)
def triu_op(xp: Any, input: Any, *, diagonal: int) -> Any:
    """The upper triangle of the last two dimensions, zeros below."""
    return xp.triu(input, diagonal)


@triu_op.vjp
def _(F: Any, g: Any, diagonal: int) -> Any:
    return F.triu(g, diagonal=diagonal)


def _check_matrix(input: Tensor, name: str) -> None:
    if input._array.ndim < 2:
        raise ShapeError(f"{name}: input tensor must have at least 2 dimensions, got {input.ndim}")


@method()
def tril(input: Tensor, diagonal: int = 0) -> Tensor:
    """The lower triangle of the last two dimensions, zeros above the given diagonal."""
    _check_matrix(input, "tril")
    return tril_op.call(input, diagonal=diagonal)


@method()
def triu(input: Tensor, diagonal: int = 0) -> Tensor:
    """The upper triangle of the last two dimensions, zeros below the given diagonal."""
    _check_matrix(input, "triu")
    return triu_op.call(input, diagonal=diagonal)


method("tril_")(inplace.twin(tril, "tril_"))
method("triu_")(inplace.twin(triu, "triu_"))


@op("DiagEmbedBackward0", name="diag_embed", moves=True, linear=True)
def diag_embed_op(xp: Any, input: Any, *, offset: int, dim1: int, dim2: int) -> Any:
    """The last dimension on a diagonal of two new ones."""
    n = input.shape[-1] + abs(offset)
    shape = list(input.shape[:-1])
    for d in sorted((dim1, dim2)):
        shape.insert(d, n)
    zeros = xp.zeros(shape, input.dtype)
    rows = xp.arange(input.shape[-1]) + max(0, -offset)
    key: list[Any] = [slice(None)] * len(shape)
    key[dim1], key[dim2] = rows, rows + offset
    rest = [d for d in range(len(shape)) if d not in (dim1, dim2)]
    inner = xp.moveaxis(zeros, (*rest, dim1, dim2), range(len(shape)))
    inner[(..., rows, rows + offset)] = input
    return zeros


@diag_embed_op.vjp
def _(F: Any, g: Any, offset: int, dim1: int, dim2: int) -> Any:
    return F.diagonal(g, offset=offset, dim1=dim1, dim2=dim2)


@op("DiagonalBackward0_copy", moves=True, linear=True)
def diagonal_copy(xp: Any, input: Any, *, offset: int) -> Any:
    """A copy of a diagonal of a matrix."""
    return xp.array(xp.diagonal(input, offset), copy=True)


@diagonal_copy.vjp
def _(F: Any, g: Any, input_shape: Any, offset: int) -> Any:
    return F.diagonal_backward(g, shape=input_shape, offset=offset, dim1=0, dim2=1)


@method()
def diag_embed(input: Tensor, offset: int = 0, dim1: int = -2, dim2: int = -1) -> Tensor:
    """The last dimension on a diagonal of two new ones, zeros elsewhere."""
    ndim = input._array.ndim + 1
    first, second = wrap_dim(dim1, ndim), wrap_dim(dim2, ndim)
    if first == second:
        raise ShapeError(f"diagonal dimensions cannot be identical {dim1}, {dim2}")
    return diag_embed_op.call(input, offset=offset, dim1=first, dim2=second)


@method()
def diag(input: Tensor, diagonal: int = 0) -> Tensor:
    """Of a vector the matrix with it on the diagonal, of a matrix its diagonal (a copy)."""
    if input._array.ndim == 1:
        return diag_embed(input, diagonal)
    if input._array.ndim != 2:
        raise ShapeError(f"diag(): Supports 1D or 2D tensors. Got {input.ndim}D")
    return diagonal_copy.call(input, offset=diagonal)


@method()
def diagflat(input: Tensor, offset: int = 0) -> Tensor:
    """A matrix with all the elements on a diagonal."""
    return diag_embed(reshape(input, (-1,)), offset)


# ------------------------------------------------------------------ a part replaced


@method()
def select_scatter(input: Tensor, src: Tensor, dim: int, index: int) -> Tensor:
    """A copy with one index of a dimension replaced by `src`."""
    made = clone(input)
    made.select(dim, index).copy_(src)
    return made


@method()
def slice_scatter(
    input: Tensor, src: Tensor, dim: int = 0, start: Any = None, end: Any = None, step: int = 1
) -> Tensor:
    """A copy with a slice of a dimension replaced by `src`."""
    made, d = clone(input), wrap_dim(dim, input._array.ndim)
    made[(slice(None),) * d + (slice(start, end, step),)].copy_(src)
    return made


@method()
def diagonal_scatter(
    input: Tensor, src: Tensor, offset: int = 0, dim1: int = 0, dim2: int = 1
) -> Tensor:
    """A copy with a diagonal replaced by `src`."""
    made = clone(input)
    diagonal(made, offset, dim1, dim2).copy_(src)
    return made


@method()
def as_strided_scatter(
    input: Tensor, src: Tensor, size: Any, stride: Any, storage_offset: int | None = None
) -> Tensor:
    """A copy with what `as_strided` views replaced by `src`."""
    made = clone(input)
    made.as_strided(size, stride, storage_offset).copy_(src)
    return made


__all__ = [
    "atleast_1d", "atleast_2d", "atleast_3d",
    "cat", "concat", "concatenate", "stack", "hstack", "vstack", "row_stack", "dstack",
    "column_stack", "block_diag", "tile", "repeat_interleave", "meshgrid", "cartesian_prod", "flip",
    "fliplr", "flipud", "roll", "rot90", "tril", "triu", "diag_embed", "diag", "diagflat",
    "select_scatter", "slice_scatter", "diagonal_scatter", "as_strided_scatter",
]  # fmt: skip
