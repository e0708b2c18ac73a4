"""Example calls of views, of joining and splitting, and of conversions."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from ..examples import Arguments, Draw, call, examples


def _each(name: str, shapes: Any, *arguments: tuple[Any, ...], **flags: Any) -> None:
    """Examples of every shape with every tuple of further arguments."""

    @examples(name, **flags)
    def _(draw: Draw) -> Iterator[Arguments]:
        for shape in shapes:
            for rest in arguments or ((),):
                yield call(draw.real(*shape), *rest)


_each("reshape", [(2, 6)], ((3, 4),), ((-1,),), ((2, -1, 1),), ((12,),))
_each("Tensor.reshape", [(0, 3)], (3, 0), ((0,),))
_each("Tensor.view", [(2, 6)], (3, 4), ((-1, 2),), (12,), (1, 2, 6))
_each("flatten", [(), (3,), (2, 3, 4), (0, 2)], (), (0, -1))
_each("unflatten", [(2, 6)], (1, (2, 3)), (-1, (-1, 2)), (0, (2, 1)))
_each("ravel", [(), (2, 3), (0,)])
_each("squeeze", [(), (1, 3, 1), (2, 3)], (), (0,), (-1,))
_each("unsqueeze", [(), (2, 3)], (0,), (-1,))
_each("transpose", [(2, 3, 4)], (0, 1), (-1, 0), (2, 2))
_each("swapaxes", [(2, 3)], (0, 1))
_each("t", [(), (3,), (2, 3)])
_each("permute", [(2, 3, 4)], ((2, 0, 1),), ((0, -1, 1),))
_each("movedim", [(2, 3, 4)], (0, 2), ((0, 1), (-1, 0)))
_each("Tensor.expand", [(1, 3)], (2, 3), (4, 2, 3), (-1, 3), (0, 3))
_each("broadcast_to", [(3, 1)], ((3, 4),), ((2, 3, 4),))
_each("adjoint", [(2, 3), (2, 3, 4)])
_each("Tensor.contiguous", [(2, 3)])
_each("clone", [(), (2, 3), (0, 3)])
_each("atleast_1d", [(), (2,)])
_each("atleast_2d", [(), (2,), (2, 3)])
_each("atleast_3d", [(), (2,), (2, 3), (1, 2, 3)])

_each("select", [(3, 4)], (0, 1), (1, -1), (-1, 0))
_each("narrow", [(4, 3)], (0, 1, 2), (1, -2, 2), (0, 4, 0))
_each("split", [(5, 3)], (2,), ([1, 4],), (2, 1), (10,), ([3, 0, 2], 0))
_each("split_with_sizes", [(5, 3)], ([2, 3],), ([1, 2], -1))
_each("chunk", [(5, 3), (0, 2)], (2,), (3, 1), (7,))
_each("tensor_split", [(5, 3)], (2,), ((1, 3),), (4, 1), ((-1, 2), 0))
_each("hsplit", [(4, 4), (4,)], (2,), ([1, 3],))
_each("vsplit", [(4, 2)], (2,), ([1, 3],))
_each("dsplit", [(2, 2, 4)], (2,), ([1, 3],))
_each("unbind", [(3, 2), (2, 3, 1)], (), (1,), (-1,))
_each("diagonal", [(3, 4), (2, 3, 4)], (), (1,), (-2,), (0, -1, 0), (5,))
_each("Tensor.unfold", [(7, 2)], (0, 3, 2), (0, 2, 1), (-1, 2, 1))
_each("as_strided", [(4, 5)], ((2, 3), (1, 2)), ((2, 2), (3, 3), 1), ((3,), (0,)))

_each("Tensor.repeat", [(2, 3)], (2, 1), (2, 1, 3), (0, 2))
_each("Tensor.tile", [(), (3,)], (2,), (2, 2))
_each("tile", [(2, 3)], ((2,),), ((2, 1, 2),), ((1, 0),))
_each("repeat_interleave", [(2, 3)], (2,), (3, 1), (0,))
_each("flip", [(2, 3)], ((0,),), ((0, -1),), ((),))
_each("fliplr", [(2, 3)])
_each("flipud", [(2, 3)])
_each("roll", [(3, 4)], (1,), (-2, 0), ((1, 2), (0, 1)), (5, 1))
_each("rot90", [(2, 3), (2, 3, 2)], (), (2,), (-1, (1, 0)), (4, (0, 1)))
_each("tril", [(3, 4), (2, 3, 3), (0, 2)], (), (1,), (-1,))
_each("triu", [(3, 4), (2, 3, 3)], (), (1,), (-2,))
_each("diag", [(3,), (3, 4)], (), (1,), (-2,))
_each("diag_embed", [(3,), (2, 3)], (), (1,), (-1, 0, -1))
_each("diagflat", [(2, 2)], (), (1,))
_each("Tensor.double", [(2, 3)])
_each("Tensor.float", [(), (3,)], grad=False)
_each("Tensor.half", [(3,)], grad=False)
_each("Tensor.long", [(3,)], grad=False)
_each("Tensor.bool", [(3,)], grad=False)
_each("Tensor.int", [(3,)], grad=False)


@examples("cat")
def _(draw: Draw) -> Iterator[Arguments]:
    yield call([draw.real(2, 3), draw.real(1, 3)])
    yield call((draw.real(2, 3), draw.real(2, 1), draw.real(2, 0)), dim=1)
    yield call([draw.real(2), draw.real(0), draw.real(3)], -1)
    yield call([draw.real(0, 3), draw.real(0, 3)])
    yield call([draw.real(2, 3), draw.real(2, 1)], axis=1)


@examples("stack")
def _(draw: Draw) -> Iterator[Arguments]:
    for dim in (0, 1, -1):
        yield call([draw.real(2, 3), draw.real(2, 3)], dim)
    yield call([draw.real(), draw.real(), draw.real()])


for _name in ("hstack", "vstack", "dstack", "column_stack"):

    @examples(_name)
    def _(draw: Draw) -> Iterator[Arguments]:
        yield call([draw.real(3), draw.real(3)])
        yield call([draw.real(2, 3), draw.real(2, 3)])
        yield call([draw.real(2, 3, 1), draw.real(2, 3, 1)])


@examples("block_diag")
def _(draw: Draw) -> Iterator[Arguments]:
    yield call(draw.real(2, 3), draw.real(2), draw.real())


@examples("meshgrid")
def _(draw: Draw) -> Iterator[Arguments]:
    for indexing in ("ij", "xy"):
        yield call(draw.real(2), draw.real(3), draw.real(), indexing=indexing)


@examples("cartesian_prod")
def _(draw: Draw) -> Iterator[Arguments]:
    yield call(draw.real(2), draw.real(3))


@examples("broadcast_tensors")
def _(draw: Draw) -> Iterator[Arguments]:
    yield call(draw.real(2, 1), draw.real(3))


@examples("Tensor.expand_as")
def _(draw: Draw) -> Iterator[Arguments]:
    yield call(draw.real(1, 3), draw.integers(2, 3, high=2))


@examples("Tensor.view_as")
def _(draw: Draw) -> Iterator[Arguments]:
    yield call(draw.real(2, 3), draw.integers(3, 2, high=2))


@examples("Tensor.reshape_as")
def _(draw: Draw) -> Iterator[Arguments]:
    yield call(draw.real(2, 3), draw.integers(6, high=2))


@examples("select_scatter")
def _(draw: Draw) -> Iterator[Arguments]:
    yield call(draw.real(3, 4), draw.real(4), 0, 1)
    yield call(draw.real(3, 4), draw.real(3), -1, -2)


@examples("slice_scatter")
def _(draw: Draw) -> Iterator[Arguments]:
    yield call(draw.real(4, 3), draw.real(2, 3), 0, 0, 4, 2)


@examples("diagonal_scatter")
def _(draw: Draw) -> Iterator[Arguments]:
    yield call(draw.real(3, 4), draw.real(3), 1)
