"""Example calls of `spectral`: what does not depend on the signs of singular vectors."""

from __future__ import annotations

from collections.abc import Iterator

from ..examples import Arguments, Draw, call, examples


@examples("linalg.svdvals", tolerance=1e-7)
def _(draw: Draw) -> Iterator[Arguments]:
    yield call(draw.real(3, 3))
    yield call(draw.real(4, 2))
    yield call(draw.real(2, 2, 3))
    yield call(draw.real(0, 3, 2))


@examples("linalg.matrix_norm", tolerance=1e-7)
def _(draw: Draw) -> Iterator[Arguments]:
    for ord in ("fro", "nuc", 2, -2, 1, float("inf")):
        yield call(draw.real(2, 3, 4), ord)
    yield call(draw.real(3, 2, 4), "nuc", dim=(0, 2), keepdim=True)
