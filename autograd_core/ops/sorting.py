"""Order: sorting, the largest few, searching in sorted rows, and what is unique."""

from __future__ import annotations

from typing import Any, NamedTuple

from .._tensor import Tensor, method
from ..backends import backend_of
from ..declare import op
from ..errors import ShapeError
from .dims import wrap_dim

# ------------------------------------------------------------------ sort and topk


class SortResult(NamedTuple):
    """Sorted values and where they came from."""

    values: Tensor
    indices: Tensor


class TopkResult(NamedTuple):
    """The largest (or smallest) values and where they came from."""

    values: Tensor
    indices: Tensor


class KthvalueResult(NamedTuple):
    """The k-th smallest values and where they came from."""

    values: Tensor
    indices: Tensor


def _order(xp: Any, input: Any, dim: int, descending: bool) -> Any:
    """Indices that sort, equal elements in their order, NaN as the largest.

    Descending is ascending on the reversed elements, reversed: negation would fail on
    unsigned integers.
    """
    if not descending:
        return xp.argsort(input, axis=dim, kind="stable")
    last = input.shape[dim] - 1
    return last - xp.flip(xp.argsort(xp.flip(input, dim), axis=dim, kind="stable"), dim)


def _sorted(xp: Any, input: Any, dim: int, descending: bool, first: int, count: int) -> Any:
    """Values and indices of the places `first` to ``first + count`` of the sorted order."""
    if not input.ndim:
        return input.copy(), xp.zeros((), "i8")
    key = (slice(None),) * dim + (slice(first, first + count),)
    order = xp.ascontiguousarray(_order(xp, input, dim, descending)[key]).astype("i8")
    return xp.take_along_axis(input, order, axis=dim), order


@op("SortBackward0", name="sort", aux=("indices",), moves=True, types="free")
def sort_op(xp: Any, input: Any, *, dim: int, descending: bool) -> Any:
    """Sorted along a dimension."""
    return _sorted(xp, input, dim, descending, 0, input.shape[dim] if input.ndim else 1)


@op("SortBackward1", name="stable_sort", aux=("indices",), moves=True, types="free")
def stable_sort_op(xp: Any, input: Any, *, dim: int, descending: bool) -> Any:
    """Sorted along a dimension, equal elements in their order."""
    return _sorted(xp, input, dim, descending, 0, input.shape[dim] if input.ndim else 1)


@op("TopkBackward0", name="topk", aux=("indices",), moves=True, types="free")
def topk_op(xp: Any, input: Any, *, dim: int, k: int, largest: bool) -> Any:
    """The k largest (or smallest) along a dimension, in order."""
    return _sorted(xp, input, dim, largest, 0, k)


@op("KthvalueBackward0", name="kthvalue", aux=("indices",), moves=True, types="free")
def kth_op(xp: Any, input: Any, *, dim: int, k: int, keepdim: bool) -> Any:
    """The k-th smallest along a dimension."""
    values, order = _sorted(xp, input, dim, False, k - 1, 1)
    if keepdim or not input.ndim:
        return values, order
    return xp.squeeze(values, dim), xp.squeeze(order, dim)


def _back(F: Any, g: Any, indices: Any, input_shape: Any, dim: int) -> Any:
    if not input_shape:
        return g
    return F.scatter_add(F.zeros_of(g, shape=input_shape), indices, g, dim=dim)


for _op in (sort_op, stable_sort_op, topk_op):
    _op.vjp(_back)


@kth_op.vjp
def _(F: Any, g: Any, indices: Any, input_shape: Any, dim: int) -> Any:
    kept = tuple(1 if d == dim else n for d, n in enumerate(input_shape))
    g, indices = F.reshape(g, shape=kept), F.reshape(indices, shape=kept)
    return _back(F, g, indices, input_shape, dim)


@method()
def sort(
    input: Tensor, dim: int = -1, descending: bool = False, stable: bool | None = None
) -> SortResult:
    """Sorted along a dimension, and where each element came from; NaN counts as the largest.

    Parameters
    ----------
    dim : int, default -1
    descending : bool, default False
    stable : bool, optional
        Equal elements always keep their order here.
    """
    d = wrap_dim(dim, input._array.ndim)
    found = stable_sort_op if stable is not None else sort_op
    return SortResult(*found.call(input, dim=d, descending=bool(descending)))


@method()
def argsort(input: Tensor, dim: int = -1, descending: bool = False, stable: bool = False) -> Tensor:
    """The indices that sort along a dimension."""
    d = wrap_dim(dim, input._array.ndim)
    return sort_op.call(input.detach(), dim=d, descending=bool(descending))[1]


@method()
def msort(input: Tensor) -> Tensor:
    """Sorted along the first dimension."""
    return sort(input, 0).values


@method()
def topk(
    input: Tensor, k: int, dim: int = -1, largest: bool = True, sorted: bool = True
) -> TopkResult:
    """The k largest (or smallest) elements along a dimension, and where they are.

    Raises
    ------
    ShapeError
        If there are fewer than k.
    """
    d = wrap_dim(dim, input._array.ndim)
    n = input._array.shape[d] if input._array.ndim else 1
    if not 0 <= k <= n:
        raise ShapeError(f"selected index k out of range: k={k}, but dimension {d} has size {n}")
    return TopkResult(*topk_op.call(input, dim=d, k=int(k), largest=bool(largest)))


@method()
def kthvalue(input: Tensor, k: int, dim: int = -1, keepdim: bool = False) -> KthvalueResult:
    """The k-th smallest element along a dimension, and where it is."""
    d = wrap_dim(dim, input._array.ndim)
    n = input._array.shape[d] if input._array.ndim else 1
    if not 1 <= k <= n:
        raise ShapeError(
            f"kthvalue(): selected number k out of range for dimension {d}: k={k}, size {n}"
        )
    return KthvalueResult(*kth_op.call(input, dim=d, k=int(k), keepdim=bool(keepdim)))


# ------------------------------------------------------------------ search


@op(None, name="searchsorted", types="free")
def searchsorted_op(xp: Any, sorted_sequence: Any, values: Any, *, right: bool) -> Any:
    """Where each value would go so that its row stays sorted."""
    side = "right" if right else "left"
    if sorted_sequence.ndim == 1:
        return xp.searchsorted(sorted_sequence, values, side=side).astype("i8")
    if not (values.size and sorted_sequence.size):
        return xp.zeros(values.shape, "i8")
    rows = sorted_sequence.reshape(-1, sorted_sequence.shape[-1])
    wanted = values.reshape(rows.shape[0], -1)
    found = xp.zeros(wanted.shape, "i8")
    for i in range(rows.shape[0]):
        found[i] = xp.searchsorted(rows[i], wanted[i], side=side)
    return found.reshape(values.shape)


def searchsorted(
    sorted_sequence: Tensor,
    input: Any,
    *,
    out_int32: bool = False,
    right: bool = False,
    side: str | None = None,
    sorter: Tensor | None = None,
) -> Tensor:
    """The index before which each element of `input` would keep its row sorted.

    Parameters
    ----------
    sorted_sequence : Tensor
        A vector, or rows (last dimension) for the rows of `input`.
    right : bool, default False
        After equal elements instead of before.
    sorter : Tensor, optional
        Indices that sort `sorted_sequence`.
    """
    if side is not None and right and side != "right":
        raise RuntimeError(
            f"torch.searchsorted(): side and right can't be set to opposites, got side of {side} "
            "while right was True"
        )
    values = input if isinstance(input, Tensor) else sorted_sequence.new_tensor(input)
    ordered = sorted_sequence if sorter is None else sorted_sequence.gather(-1, sorter)
    lead, rows = tuple(values.shape[:-1]), tuple(ordered.shape[:-1])
    if ordered.ndim > 1 and lead != rows:
        raise ShapeError(
            "torch.searchsorted(): boundaries tensor should be 1 dimension or the first N-1 "
            f"dimensions of boundaries tensor and input value tensor must match, but we got "
            f"boundaries tensor {list(ordered.shape)} and input value tensor {list(values.shape)}"
        )
    found = searchsorted_op.call(ordered, values, right=right or side == "right")
    return found.int() if out_int32 else found


def bucketize(
    input: Any, boundaries: Tensor, *, out_int32: bool = False, right: bool = False
) -> Tensor:
    """The number of the bucket, between sorted boundaries, of each element."""
    if boundaries.ndim != 1:
        raise ShapeError(f"boundaries tensor must be 1 dimension, but got dim({boundaries.ndim})")
    return searchsorted(boundaries, input, out_int32=out_int32, right=right)


# ------------------------------------------------------------------ unique


def _answer(values: Tensor, inverse: Any, counts: Any, wanted: tuple[bool, bool]) -> Any:
    found = [values, *(x for x, w in zip((inverse, counts), wanted, strict=True) if w)]
    return tuple(found) if len(found) > 1 else values


def _refuse_empty_slices(array: Any, d: int | None) -> None:
    if d is not None and 0 in array.shape and array.shape[d]:
        raise RuntimeError(
            "There are 0 sized dimensions, and they aren't selected, so unique cannot be applied"
        )


@method()
def unique(
    input: Tensor,
    sorted: bool = True,
    return_inverse: bool = False,
    return_counts: bool = False,
    dim: int | None = None,
) -> Any:
    """The different elements, sorted; with `dim`, the different slices.

    Parameters
    ----------
    return_inverse, return_counts : bool, default False
        Also where each element went, and how many there were of each.
    """
    array, owner = input._array, backend_of(input._array)
    d = None if dim is None else wrap_dim(dim, array.ndim)
    _refuse_empty_slices(array, d)
    values, inverse, counts = owner.xp.unique(
        array, return_inverse=True, return_counts=True, axis=d
    )
    shape = array.shape if d is None else (array.shape[d],)
    return _answer(
        Tensor._from_array(owner.xp.asarray(values)),
        Tensor._from_array(inverse.reshape(shape).astype("i8")),
        Tensor._from_array(counts.astype("i8")),
        (return_inverse, return_counts),
    )


@method()
def unique_consecutive(
    input: Tensor,
    return_inverse: bool = False,
    return_counts: bool = False,
    dim: int | None = None,
) -> Any:
    """The first element (or slice of `dim`) of each run of equal ones."""
    xp = backend_of(input._array).xp
    array = input._array.reshape(-1) if dim is None else input._array
    d = 0 if dim is None else wrap_dim(dim, array.ndim)
    _refuse_empty_slices(array, None if dim is None else d)
    n = array.shape[d]
    rows = xp.moveaxis(array, d, 0).reshape(n, -1 if n else 0)
    changes = xp.ones(n, dtype=bool)
    changes[1:] = (rows[1:] != rows[:-1]).any(axis=1)
    starts = xp.nonzero(changes)[0]
    inverse = xp.cumsum(changes) - 1
    counts = xp.diff(xp.concatenate([starts, xp.full((1,), n)]))
    shape = input._array.shape if dim is None else (n,)
    return _answer(
        Tensor._from_array(xp.take(array, starts, axis=d)),
        Tensor._from_array(inverse.reshape(shape).astype("i8")),
        Tensor._from_array(counts.astype("i8")),
        (return_inverse, return_counts),
    )


__all__ = [
    "sort", "argsort", "msort", "topk", "kthvalue", "searchsorted", "bucketize", "unique",
    "unique_consecutive",
]  # fmt: skip
