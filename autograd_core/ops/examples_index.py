"""Example calls of indexing, gather and scatter, and sorting."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np

from ..examples import Arguments, Draw, call, examples


@examples("Tensor.__getitem__")
def _(draw: Draw) -> Iterator[Arguments]:
    x, rows = draw.real(4, 3, 2), draw.integers(2, high=4)
    keys: list[Any] = [
        0, -1, slice(1, 3), slice(None, None, 2), None, Ellipsis, (0, 1), (slice(1, None), 2),
        (Ellipsis, 0), (None, 1, Ellipsis, None), (0, 1, 1), slice(3, 1), True, [0, 2],
        (slice(None), [0, 2]), ([0, 1], slice(None), [1, 0]), (0, slice(None), [1, 1, 0]),
        ([0, 1], [1, 2]), (Ellipsis, [0, 0, 1]), (slice(1, 3), [2, 0], None), rows,
        (rows, rows % 3),        (slice(None), draw.booleans(3)), draw.booleans(4, 3),
        (draw.booleans(4, 3), 1),
        (draw.integers(2, 1, high=4), draw.integers(3, high=3)), (slice(None), None, [1]),
        (1, None, [0, 2]), (rows, None, 1), np.asarray(2), (slice(-3, -1), 1),
        (slice(None), slice(None), draw.integers(2, 2, high=2)), (draw.booleans(4), slice(0, 2)),
    ]  # fmt: skip
    for key in keys:
        yield call(x, key)
    yield call(draw.real(), None)
    yield call(draw.real(), Ellipsis)
    yield call(draw.real(), True)
    yield call(draw.real(0, 3), slice(0, 2))


def _choose(draw: Draw) -> Iterator[Arguments]:
    yield call(draw.real(4, 3), 0, draw.integers(2, high=4))
    yield call(draw.real(4, 3), -1, draw.integers(5, high=3))
    yield call(draw.real(4, 3), 1, np.asarray(2))
    yield call(draw.real(), 0, np.asarray([0]))


examples("index_select")(_choose)


@examples("gather")
def _(draw: Draw) -> Iterator[Arguments]:
    yield call(draw.real(4, 3), 0, draw.integers(2, 3, high=4))
    yield call(draw.real(4, 3), -1, draw.integers(2, 5, high=3))
    yield call(draw.real(), 0, np.asarray(0))
    yield call(draw.real(3), 0, draw.integers(6, high=3))
    yield call(draw.real(3), 0, np.zeros((2, 0), dtype=int))
    yield call(draw.real(3, 2), axis=1, index=draw.integers(3, 1, high=2))


@examples("take_along_dim")
def _(draw: Draw) -> Iterator[Arguments]:
    yield call(draw.real(4, 3), draw.integers(1, 3, high=4), 0)
    yield call(draw.real(4, 1), draw.integers(4, 2, high=1), 1)
    yield call(draw.real(4, 3), draw.integers(5, high=12))


@examples("scatter")
def _(draw: Draw) -> Iterator[Arguments]:
    index = np.asarray([[0, 2, 1], [3, 0, 2]])
    yield call(draw.real(4, 3), 0, index, draw.real(2, 3))
    yield call(draw.real(4, 3), 0, index, 1.5)
    yield call(draw.real(2, 5), 1, np.asarray([[1, 4], [0, 2]]), draw.real(2, 2))
    yield call(draw.real(), 0, np.asarray(0), draw.real())


@examples("scatter_add")
def _(draw: Draw) -> Iterator[Arguments]:
    yield call(draw.real(4, 3), 0, draw.integers(5, 3, high=4), draw.real(5, 3))
    yield call(draw.real(4, 3), 1, draw.integers(2, 2, high=3), draw.real(2, 2))
    yield call(draw.real(), 0, np.asarray(0), draw.real())


@examples("scatter_reduce")
def _(draw: Draw) -> Iterator[Arguments]:
    for reduce in ("sum", "mean", "prod", "amax", "amin"):
        for include_self in (True, False):
            index = draw.integers(5, 3, high=4)
            x, src = draw.distinct(4, 3), draw.real(5, 3)
            yield call(x, 0, index, src, reduce, include_self=include_self)
    yield call(draw.real(3), 0, draw.integers(4, high=3), draw.real(4), "prod")


@examples("index_add")
def _(draw: Draw) -> Iterator[Arguments]:
    yield call(draw.real(4, 3), 0, draw.integers(2, high=4), draw.real(2, 3))
    yield call(draw.real(4, 3), -1, draw.integers(5, high=3), draw.real(4, 5), alpha=2)
    yield call(draw.real(), 0, np.asarray([0]), draw.real())


@examples("index_copy")
def _(draw: Draw) -> Iterator[Arguments]:
    yield call(draw.real(4, 3), 0, np.asarray([2, 0]), draw.real(2, 3))
    yield call(draw.real(4, 3), 1, np.asarray([1]), draw.real(4, 1))


@examples("index_fill")
def _(draw: Draw) -> Iterator[Arguments]:
    yield call(draw.real(4, 3), 0, np.asarray([2, 0]), 1.5)
    yield call(draw.real(4, 3), -1, np.asarray([1, 1]), draw.real())


@examples("index_put")
def _(draw: Draw) -> Iterator[Arguments]:
    yield call(draw.real(4, 3), (np.asarray([2, 0]),), draw.real(2, 3))
    yield call(draw.real(4, 3), (np.asarray([2, 0]),), draw.real(3))
    yield call(draw.real(4, 3), (np.asarray([2, 0]), np.asarray([1, 1])), draw.real())
    yield call(draw.real(4, 3), (draw.integers(5, high=4),), draw.real(5, 3), accumulate=True)
    yield call(draw.real(4, 3), (draw.booleans(4, 3),), draw.real())


@examples("masked_fill")
def _(draw: Draw) -> Iterator[Arguments]:
    yield call(draw.real(4, 3), draw.booleans(4, 3), 1.5)
    yield call(draw.real(4, 3), draw.booleans(3), draw.real())
    yield call(draw.real(3), draw.booleans(2, 3), 0)
    yield call(draw.real(), draw.booleans(), 2.0)


@examples("masked_select")
def _(draw: Draw) -> Iterator[Arguments]:
    yield call(draw.real(4, 3), draw.booleans(4, 3))
    yield call(draw.real(4, 3), draw.booleans(3))
    yield call(draw.real(3), draw.booleans(2, 3))
    yield call(draw.real(), np.asarray(True))


@examples("masked_scatter")
def _(draw: Draw) -> Iterator[Arguments]:
    yield call(draw.real(4, 3), draw.booleans(4, 3), draw.real(12))
    yield call(draw.real(4, 3), draw.booleans(3), draw.real(4, 4))


@examples("where")
def _(draw: Draw) -> Iterator[Arguments]:
    yield call(draw.booleans(4, 3), draw.real(4, 3), draw.real(4, 3))
    yield call(draw.booleans(3), draw.real(4, 1), draw.real())
    yield call(draw.booleans(4, 3), draw.real(3), 2.5)
    yield call(draw.booleans(4, 3), 1, draw.real(4, 3))
    yield call(draw.booleans(2), 1.0, 0.0)
    yield call(draw.booleans(2), 1, 0)
    yield call(draw.booleans(2, 3))
    yield call(draw.booleans(2), draw.real(2), draw.integers(2, high=5))


@examples("take")
def _(draw: Draw) -> Iterator[Arguments]:
    yield call(draw.real(4, 3), draw.integers(2, 5, high=12))
    yield call(draw.real(4, 3), np.asarray([-1, 0, 0]))


@examples("Tensor.put")
def _(draw: Draw) -> Iterator[Arguments]:
    yield call(draw.real(4, 3), np.asarray([[3, 1], [5, 11]]), draw.real(4))
    yield call(draw.real(4, 3), np.asarray([3, 3, 0]), draw.real(3), accumulate=True)


@examples("nonzero", grad=False)
def _(draw: Draw) -> Iterator[Arguments]:
    yield call(draw.booleans(4, 3))
    yield call(draw.booleans(4, 3), as_tuple=True)
    yield call(np.asarray([0.0, 1.5, -2.0]))
    yield call(np.asarray(True))
    yield call(np.asarray(True), as_tuple=True)


@examples("argwhere", grad=False)
def _(draw: Draw) -> Iterator[Arguments]:
    yield call(draw.booleans(4, 3))


def _ordered(draw: Draw) -> Iterator[Arguments]:
    for dim in (0, 1, -1):
        for descending in (False, True):
            yield call(draw.distinct(4, 3), dim=dim, descending=descending)
    yield call(draw.distinct(5))
    yield call(draw.real())
    yield call(draw.real(0, 3), dim=0)
    yield call(draw.integers(9, high=4), stable=True, descending=True)


examples("sort")(_ordered)
examples("argsort", grad=False)(_ordered)


@examples("msort")
def _(draw: Draw) -> Iterator[Arguments]:
    yield call(draw.distinct(4, 3))


@examples("topk")
def _(draw: Draw) -> Iterator[Arguments]:
    for dim in (0, -1):
        for largest in (True, False):
            yield call(draw.distinct(4, 3), 2, dim, largest)
    yield call(draw.distinct(5), 0)
    yield call(draw.real(), 1)


@examples("kthvalue")
def _(draw: Draw) -> Iterator[Arguments]:
    yield call(draw.distinct(4, 3), 2)
    yield call(draw.distinct(4, 3), 1, 0, True)
    yield call(draw.real(), 1)


@examples("searchsorted", grad=False)
def _(draw: Draw) -> Iterator[Arguments]:
    rows = np.sort(draw.real(2, 5), axis=1)
    yield call(rows[0], draw.real(2, 3))
    yield call(rows, draw.real(2, 3), right=True)
    yield call(rows[0], 0.5)
    yield call(np.asarray([1, 2, 2, 3]), np.asarray([2, 0, 4]), side="right")


@examples("bucketize", grad=False)
def _(draw: Draw) -> Iterator[Arguments]:
    yield call(draw.real(2, 3), np.asarray([-1.0, 0.0, 1.0]))
    yield call(np.asarray([0.0, 1.0]), np.asarray([-1.0, 0.0, 1.0]), right=True)


@examples("unique", grad=False)
def _(draw: Draw) -> Iterator[Arguments]:
    yield call(draw.integers(4, 3, high=5))
    yield call(draw.integers(4, 3, high=5), return_inverse=True, return_counts=True)
    yield call(draw.integers(6, 2, high=2), return_inverse=True, return_counts=True, dim=0)
    yield call(draw.integers(2, 6, high=2), dim=1)


@examples("unique_consecutive", grad=False)
def _(draw: Draw) -> Iterator[Arguments]:
    yield call(draw.integers(12, high=2), return_inverse=True, return_counts=True)
    yield call(draw.integers(6, 2, high=2), return_counts=True, dim=0)
    yield call(draw.integers(3, 4, high=2), return_inverse=True)


def _filled(name: str, *arguments: Any) -> None:
    @examples(name, grad=False)
    def _(draw: Draw) -> Iterator[Arguments]:
        for args, kwargs in arguments:
            yield call(*args, **kwargs)


_filled("zeros", call(2, 3), call((2,)), call(()), call(0, 2))
_filled("ones", call(2, 3), call([2]))
_filled("full", call((2, 3), 1.5), call((2,), 3), call((), True))
_filled("eye", call(3), call(2, 4), call(4, 2), call(0))
_filled("arange", call(5), call(1, 6, 2), call(5, 0, -2), call(0.5, 3), call(1, 2, 0.3), call(0))
_filled("linspace", call(0, 1, 5), call(-3, 7.5, 4), call(1, 0, 1), call(2, 3, 0))
_filled("logspace", call(0, 2, 3), call(-1, 1, 4, 2.0))
_filled("tril_indices", call(3, 4), call(3, 3, -1))
_filled("triu_indices", call(3, 4), call(3, 3, 1))
_filled("scalar_tensor", call(3), call(2.5))


@examples("zeros_like", grad=False)
def _(draw: Draw) -> Iterator[Arguments]:
    yield call(draw.real(2, 3))
    yield call(draw.integers(3, high=2))


@examples("ones_like", grad=False)
def _(draw: Draw) -> Iterator[Arguments]:
    yield call(draw.real(2, 3))
    yield call(draw.booleans(3))


@examples("full_like", grad=False)
def _(draw: Draw) -> Iterator[Arguments]:
    yield call(draw.real(2, 3), 2)
    yield call(draw.integers(3, high=2), 7)


@examples("Tensor.new_zeros", grad=False)
def _(draw: Draw) -> Iterator[Arguments]:
    yield call(draw.real(2), 3, 4)
    yield call(draw.integers(3, high=2), (2,))


@examples("Tensor.new_ones", grad=False)
def _(draw: Draw) -> Iterator[Arguments]:
    yield call(draw.real(2), 3, 4)


@examples("Tensor.new_full", grad=False)
def _(draw: Draw) -> Iterator[Arguments]:
    yield call(draw.integers(2, high=3), (3, 4), 5)


@examples("fill")
def _(draw: Draw) -> Iterator[Arguments]:
    yield call(draw.real(2, 3), 2.5)
    yield call(draw.real(2, 3), draw.real())
