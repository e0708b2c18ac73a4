"""Example calls of the products of vectors, matrices and batches."""

from __future__ import annotations

from typing import Any

from ..examples import call, examples

PAIRS: tuple[tuple[tuple[int, ...], tuple[int, ...]], ...] = (
    ((3,), (3,)), ((2, 3), (3,)), ((3,), (3, 4)), ((2, 3), (3, 4)), ((2, 3, 4), (2, 4, 5)),
    ((1, 3, 4), (2, 4, 5)), ((2, 3, 4), (4, 5)), ((2, 3, 4), (4,)), ((3, 4), (2, 4, 5)),
    ((4,), (2, 4, 5)), ((5, 2, 3, 4), (5, 2, 4, 2)), ((5, 2, 3, 4), (2, 4, 2)),
    ((2, 1, 3, 4), (5, 4, 2)), ((4,), (5, 2, 4, 3)), ((0, 3), (3, 2)), ((2, 0), (0, 3)),
    ((0,), (0,)), ((0, 2, 3), (0, 3, 1)), ((2, 0, 3), (3, 2)), ((2, 3, 0), (2, 0, 1)),
    ((1, 1), (1, 1)), ((2, 3, 4, 5), (5, 1)), ((3, 0), (0,)),
)  # fmt: skip


def _pairs(draw: Any) -> Any:
    for a, b in PAIRS:
        yield call(draw.real(*a), draw.real(*b))


examples("matmul")(_pairs)
examples("Tensor.__matmul__")(_pairs)
examples("linalg.matmul")(_pairs)


@examples("Tensor.__rmatmul__")
def _(draw: Any) -> Any:
    for a, b in PAIRS:
        yield call(draw.real(*b), draw.real(*a))


@examples("mm")
def _(draw: Any) -> Any:
    for n, m, p in ((2, 3, 4), (1, 1, 1), (0, 2, 3), (2, 0, 3), (2, 3, 0)):
        yield call(draw.real(n, m), draw.real(m, p))


@examples("bmm")
def _(draw: Any) -> Any:
    for b, n, m, p in ((2, 3, 4, 5), (1, 2, 1, 2), (0, 2, 3, 2), (2, 0, 3, 2), (2, 3, 0, 2)):
        yield call(draw.real(b, n, m), draw.real(b, m, p))


@examples("mv")
def _(draw: Any) -> Any:
    for n, m in ((2, 3), (1, 1), (0, 3), (2, 0)):
        yield call(draw.real(n, m), draw.real(m))


def _vectors(draw: Any) -> Any:
    for n in (3, 1, 0):
        yield call(draw.real(n), draw.real(n))


examples("dot")(_vectors)
examples("vdot")(_vectors)


@examples("inner")
def _(draw: Any) -> Any:
    yield from _vectors(draw)
    yield call(draw.real(2, 3), draw.real(4, 3))
    yield call(draw.real(2, 3), draw.real(3))
    yield call(draw.real(2, 2, 3), draw.real(4, 3))
    yield call(draw.real(), draw.real(2, 3))
    yield call(draw.real(), draw.real())


@examples("outer")
def _(draw: Any) -> Any:
    for n, m in ((3, 2), (1, 1), (0, 2)):
        yield call(draw.real(n), draw.real(m))


def _scales() -> Any:
    yield {}
    yield {"beta": 0.5, "alpha": 2.0}
    yield {"beta": 0, "alpha": -1}


@examples("addmm")
def _(draw: Any) -> Any:
    for shape in ((2, 4), (4,), (1, 4), (2, 1), (1,), ()):
        for scales in _scales():
            yield call(draw.real(*shape), draw.real(2, 3), draw.real(3, 4), **scales)
    yield call(draw.real(4), draw.real(0, 3), draw.real(3, 4))
    yield call(draw.real(2, 4), draw.real(2, 0), draw.real(0, 4))


@examples("addmv")
def _(draw: Any) -> Any:
    for shape in ((2,), (1,), ()):
        for scales in _scales():
            yield call(draw.real(*shape), draw.real(2, 3), draw.real(3), **scales)


@examples("addr")
def _(draw: Any) -> Any:
    for shape in ((2, 3), (3,), (2, 1), ()):
        for scales in _scales():
            yield call(draw.real(*shape), draw.real(2), draw.real(3), **scales)


@examples("addbmm")
def _(draw: Any) -> Any:
    for shape in ((3, 5), (5,), (3, 1), ()):
        for scales in _scales():
            yield call(draw.real(*shape), draw.real(2, 3, 4), draw.real(2, 4, 5), **scales)
    yield call(draw.real(3, 5), draw.real(0, 3, 4), draw.real(0, 4, 5))


@examples("baddbmm")
def _(draw: Any) -> Any:
    for shape in ((2, 3, 5), (3, 5), (5,), (2, 1, 5), ()):
        for scales in _scales():
            yield call(draw.real(*shape), draw.real(2, 3, 4), draw.real(2, 4, 5), **scales)


@examples("nn.functional.linear")
def _(draw: Any) -> Any:
    for lead in ((), (2,), (2, 5), (2, 1, 3), (0,)):
        yield call(draw.real(*lead, 3), draw.real(4, 3), draw.real(4))
        yield call(draw.real(*lead, 3), draw.real(4, 3))
    yield call(draw.real(2, 3), draw.real(3))
    yield call(draw.real(2, 3), draw.real(1, 3), bias=draw.real(1))


@examples("tensordot")
def _(draw: Any) -> Any:
    yield call(draw.real(2, 3), draw.real(3, 4), dims=1)
    yield call(draw.real(2, 3), draw.real(2, 3), dims=2)
    yield call(draw.real(2), draw.real(3), dims=0)
    yield call(draw.real(2, 3, 4), draw.real(3, 4, 5))
    yield call(draw.real(2, 3, 4), draw.real(4, 2, 5), dims=([0, -1], [1, 0]))
    yield call(draw.real(2, 0), draw.real(0, 3), dims=1)


EQUATIONS: tuple[tuple[str, tuple[tuple[int, ...], ...]], ...] = (
    ("ij,jk->ik", ((2, 3), (3, 4))), ("ij,jk", ((2, 3), (3, 4))), ("ij,jk->ki", ((2, 3), (3, 4))),
    ("bij,bjk->bik", ((2, 3, 4), (2, 4, 5))), ("ii", ((3, 3),)), ("ii->i", ((3, 3),)),
    ("iij->j", ((3, 3, 2),)), ("ij->ji", ((2, 3),)), ("ij->", ((2, 3),)), ("ij->i", ((2, 3),)),
    ("i,i", ((3,), (3,))), ("i,i->i", ((3,), (3,))), ("i,j->ij", ((2,), (3,))),
    ("...ij,...jk->...ik", ((2, 3, 4), (2, 4, 5))), ("...ij,jk->...ik", ((2, 3, 4), (4, 5))),
    ("...ij,...jk->...ik", ((2, 1, 3, 4), (5, 4, 2))), ("b...,b...->b", ((2, 3), (2, 3))),
    ("ij,ij,ij->ij", ((2, 3), (2, 3), (2, 3))), ("ij,jk,kl->il", ((2, 3), (3, 4), (4, 2))),
    ("a,ab,abc->abc", ((2,), (2, 3), (2, 3, 4))), ("ij,kl->ijkl", ((2, 3), (2, 2))),
    ("bn,anm,bm->ba", ((2, 3), (5, 3, 4), (2, 4))), ("ij,j->", ((2, 3), (3,))),
    ("ij,jk->ik", ((2, 1), (3, 4))), ("ij,jk->ik", ((0, 3), (3, 4))),
    ("ij,jk->ik", ((2, 0), (0, 4))),
    ("bhqd,bhkd->bhqk", ((2, 2, 3, 4), (2, 2, 5, 4))),
    ("bqhd,bkhd->bhqk", ((2, 3, 2, 4), (2, 5, 2, 4))),
    ("ijj,jk->ik", ((2, 3, 3), (3, 4))), ("i ,j -> i j", ((2,), (3,))),
    ("Ab,bA", ((2, 3), (3, 2))),
    ("...->...", ((2, 3),)), ("i...->...", ((2, 3),)), (",->", ((), ())), ("ij,->ij", ((2, 3), ())),
)  # fmt: skip


@examples("einsum")
def _(draw: Any) -> Any:
    for equation, shapes in EQUATIONS:
        yield call(equation, *(draw.real(*s) for s in shapes))
    yield call("ij,jk", [draw.real(2, 3), draw.real(3, 4)])
    yield call(draw.real(2, 3), [0, 1], draw.real(3, 4), [1, 2], [0, 2])
    yield call(draw.real(2, 3), [0, 1], draw.real(3, 4), [1, 2])


@examples("kron")
def _(draw: Any) -> Any:
    yield call(draw.real(2, 3), draw.real(3, 2))
    yield call(draw.real(2), draw.real(3, 2))
    yield call(draw.real(2, 2, 1), draw.real(3))
    yield call(draw.real(), draw.real(2, 2))


@examples("linalg.multi_dot")
def _(draw: Any) -> Any:
    yield call([draw.real(2, 3), draw.real(3, 4)])
    yield call([draw.real(2, 3), draw.real(3, 4), draw.real(4, 1), draw.real(1, 5)])
    yield call([draw.real(3), draw.real(3, 4), draw.real(4)])
    yield call([draw.real(3), draw.real(3, 4), draw.real(4, 2)])


@examples("linalg.vecdot")
def _(draw: Any) -> Any:
    yield call(draw.real(2, 3), draw.real(2, 3))
    yield call(draw.real(2, 3), draw.real(2, 3), dim=0)
    yield call(draw.real(2, 1, 3), draw.real(4, 3))


@examples("trace")
def _(draw: Any) -> Any:
    for shape in ((3, 3), (2, 4), (4, 2), (0, 0)):
        yield call(draw.real(*shape))


@examples("linalg.cross")
def _(draw: Any) -> Any:
    yield call(draw.real(2, 3), draw.real(2, 3))
    yield call(draw.real(3, 2), draw.real(3, 2), dim=0)
    yield call(draw.real(1, 3), draw.real(4, 3))


@examples("cross")
def _(draw: Any) -> Any:
    yield call(draw.real(2, 3), draw.real(2, 3), dim=1)
    yield call(draw.real(3, 2), draw.real(3, 2), dim=-2)
