"""Example calls of linear algebra: what does not depend on the signs of eigenvectors."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np

from ..examples import Arguments, Draw, call, examples

Array = np.ndarray[Any, Any]
SQUARE = ((3, 3), (1, 1), (2, 3, 3), (2, 1, 2, 2), (0, 0), (0, 2, 2), (2, 0, 0))
SHAPES = (*SQUARE, (4, 2), (2, 4), (2, 3, 2), (0, 3), (3, 0))


def regular(draw: Draw, *shape: int, numbers: str = "real") -> Array:
    """Square matrices that are far from singular."""
    return np.asarray(getattr(draw, numbers)(*shape) + 4 * np.eye(shape[-1]))


def positive(draw: Draw, *shape: int, numbers: str = "real") -> Array:
    """Hermitian positive definite matrices."""
    x = getattr(draw, numbers)(*shape)
    return np.asarray(x @ np.conj(x.swapaxes(-1, -2)) + np.eye(shape[-1]))


def _each_regular(draw: Draw) -> Iterator[Arguments]:
    for shape in SQUARE:
        yield call(regular(draw, *shape))
    for shape in ((3, 3), (2, 2, 2)):
        yield call(regular(draw, *shape, numbers="complex"))


for _name in (
    "linalg.inv", "linalg.inv_ex", "inverse", "linalg.det", "det", "linalg.slogdet", "slogdet",
    "logdet", "matrix_exp", "linalg.matrix_exp",
):  # fmt: skip
    examples(_name, tolerance=1e-8)(_each_regular)


@examples("Tensor.det", tolerance=1e-8)
def _(draw: Draw) -> Iterator[Arguments]:
    yield call(regular(draw, 3, 3))
    yield call(np.array([[1.0, 2.0, 0.0], [2.0, 4.0, 0.0], [0.0, 0.0, 3.0]]))  # singular


# ------------------------------------------------------------------ factors


def _positive(draw: Draw) -> Iterator[Arguments]:
    for shape in SQUARE:
        yield call(positive(draw, *shape))
    for shape in ((3, 3), (2, 2, 2)):
        yield call(positive(draw, *shape), upper=True)
        yield call(positive(draw, *shape, numbers="complex"))
        yield call(positive(draw, *shape, numbers="complex"), upper=True)


for _name in ("linalg.cholesky", "linalg.cholesky_ex"):
    examples(_name, tolerance=1e-8, differences=False)(_positive)


@examples("linalg.qr", tolerance=1e-7)
def _(draw: Draw) -> Iterator[Arguments]:
    for shape in SHAPES:
        yield call(draw.real(*shape))
    for shape in ((3, 3), (2, 4), (4, 2)):
        yield call(draw.complex(*shape))
    yield call(draw.real(2, 4), mode="complete")


@examples("linalg.lu", tolerance=1e-7)
def _(draw: Draw) -> Iterator[Arguments]:
    for shape in SHAPES:
        yield call(draw.real(*shape))
    for shape in ((3, 3), (2, 4), (4, 2)):
        yield call(draw.complex(*shape))


def _packed(draw: Draw) -> Iterator[Arguments]:
    for shape in ((3, 3), (2, 3, 3), (4, 2), (2, 4), (0, 2, 2), (0, 0)):
        yield call(regular(draw, *shape) if shape[-1] == shape[-2] else draw.real(*shape))
    yield call(regular(draw, 3, 3, numbers="complex"))


for _name in ("linalg.lu_factor", "linalg.lu_factor_ex"):
    examples(_name, tolerance=1e-7)(_packed)


@examples("geqrf", grad=False)
def _(draw: Draw) -> Iterator[Arguments]:
    for shape in ((3, 3), (4, 2), (2, 4), (2, 3, 2)):
        yield call(draw.real(*shape))


@examples("linalg.householder_product", tolerance=1e-8)
def _(draw: Draw) -> Iterator[Arguments]:
    for m, n, k in ((4, 3, 3), (4, 3, 2), (3, 3, 3), (3, 0, 0), (2, 2, 0)):
        yield call(draw.real(m, n), draw.real(k))
    yield call(draw.real(2, 4, 3), draw.real(2, 3))
    yield call(draw.complex(4, 3), draw.complex(3))


@examples("ormqr", tolerance=1e-8)
def _(draw: Draw) -> Iterator[Arguments]:
    for numbers in (draw.real, draw.complex):
        for left in (True, False):
            for transpose in (True, False):
                other = numbers(4, 2) if left else numbers(2, 4)
                yield call(numbers(4, 3), numbers(3), other, left, transpose)
    yield call(draw.real(2, 3, 2), draw.real(2, 2), draw.real(2, 3, 3))


@examples("linalg.ldl_factor", grad=False)
def _(draw: Draw) -> Iterator[Arguments]:
    for shape in ((4, 4), (2, 5, 5), (1, 1), (0, 0)):
        x = draw.real(*shape)
        yield call(x + x.swapaxes(-1, -2))
    z = draw.complex(4, 4)
    yield call(z + z.T)
    yield call(z + z.conj().T, hermitian=True)


# ------------------------------------------------------------------ systems


@examples("linalg.solve", tolerance=1e-8)
def _(draw: Draw) -> Iterator[Arguments]:
    for a, b in (
        ((3, 3), (3, 2)), ((3, 3), (3,)), ((2, 3, 3), (2, 3)), ((2, 3, 3), (3,)),
        ((2, 1, 3, 3), (4, 3, 2)), ((3, 3), (4, 3, 2)), ((0, 0), (0, 2)), ((0, 2, 2), (2, 3)),
        ((2, 2), (2, 0)), ((1, 1), (1, 1)),
    ):  # fmt: skip
        yield call(regular(draw, *a), draw.real(*b))
    yield call(regular(draw, 3, 3), draw.real(2, 3), left=False)
    yield call(regular(draw, 2, 3, 3), draw.real(2, 3), left=True)
    yield call(regular(draw, 3, 3, numbers="complex"), draw.complex(3, 2))
    yield call(regular(draw, 3, 3, numbers="complex"), draw.complex(2, 3), left=False)


@examples("linalg.solve_ex", tolerance=1e-8)
def _(draw: Draw) -> Iterator[Arguments]:
    yield call(regular(draw, 2, 3, 3), draw.real(2, 3, 2))


@examples("linalg.solve_triangular", tolerance=1e-8)
def _(draw: Draw) -> Iterator[Arguments]:
    for upper in (True, False):
        for left in (True, False):
            for unit in (True, False):
                b = draw.real(3, 2) if left else draw.real(2, 3)
                yield call(regular(draw, 3, 3), b, upper=upper, left=left, unitriangular=unit)
        z = regular(draw, 2, 3, 3, numbers="complex")
        yield call(z, draw.complex(3, 2), upper=upper)
    yield call(regular(draw, 2, 2), draw.real(3, 2, 1), upper=True)
    yield call(regular(draw, 0, 0), draw.real(0, 2), upper=True)


def _systems(draw: Draw) -> Iterator[tuple[Array, Array]]:
    yield draw.real(3, 2), regular(draw, 3, 3)
    yield draw.real(2, 3, 2), regular(draw, 2, 3, 3)
    z = regular(draw, 3, 3, numbers="complex")
    yield draw.complex(3, 2), z - 1j * np.diag(z.diagonal().imag)


@examples("cholesky_solve", tolerance=1e-8, differences=False)
def _(draw: Draw) -> Iterator[Arguments]:
    for b, a in _systems(draw):
        yield call(b, np.tril(a))
        yield call(b, np.triu(a), upper=True)


@examples("cholesky_inverse", tolerance=1e-8, differences=False)
def _(draw: Draw) -> Iterator[Arguments]:
    for _, a in _systems(draw):
        yield call(np.tril(a))
        yield call(np.triu(a), upper=True)


@examples("linalg.lstsq", tolerance=1e-7)
def _(draw: Draw) -> Iterator[Arguments]:
    yield call(draw.real(4, 3), draw.real(4, 2))
    yield call(draw.real(2, 4), draw.real(2, 3))
    yield call(draw.real(2, 4, 3), draw.real(2, 4))
    yield call(draw.complex(4, 3), draw.complex(4, 2))


@examples("linalg.tensorinv", tolerance=1e-8)
def _(draw: Draw) -> Iterator[Arguments]:
    yield call(regular(draw, 6, 6).reshape(2, 3, 3, 2))
    yield call(regular(draw, 4, 4).reshape(4, 2, 2), ind=1)


@examples("linalg.tensorsolve", tolerance=1e-8)
def _(draw: Draw) -> Iterator[Arguments]:
    yield call(regular(draw, 6, 6).reshape(2, 3, 3, 2), draw.real(2, 3))
    yield call(regular(draw, 4, 4).reshape(2, 2, 4), draw.real(2, 2))
    yield call(regular(draw, 6, 6).reshape(2, 3, 6).swapaxes(1, 2), draw.real(2, 3), dims=(1,))


# ------------------------------------------------------------------ spectra


@examples("linalg.eigvalsh", tolerance=1e-7, differences=False)
def _(draw: Draw) -> Iterator[Arguments]:
    for shape in ((3, 3), (2, 3, 3), (1, 1), (0, 0)):
        yield call(positive(draw, *shape))
    yield call(positive(draw, 3, 3, numbers="complex"), UPLO="U")


@examples("linalg.svdvals", tolerance=1e-7)
def _(draw: Draw) -> Iterator[Arguments]:
    for shape in ((3, 3), (4, 2), (2, 2, 3), (0, 3, 2), (3, 0)):
        yield call(draw.real(*shape))
    yield call(draw.complex(3, 4))


@examples("linalg.matrix_norm", tolerance=1e-7)
def _(draw: Draw) -> Iterator[Arguments]:
    for ord in ("fro", "nuc", 2, -2, 1, float("inf")):
        yield call(draw.real(2, 3, 4), ord)
        yield call(draw.complex(3, 2), ord)
    yield call(draw.real(3, 2, 4), "nuc", dim=(0, 2), keepdim=True)


@examples("linalg.cond", tolerance=1e-6)
def _(draw: Draw) -> Iterator[Arguments]:
    for p in (None, 2, -2):
        yield call(regular(draw, 2, 3, 3), p)
    yield call(draw.real(4, 2))
    yield call(draw.complex(2, 3))


@examples("linalg.pinv", tolerance=1e-7)
def _(draw: Draw) -> Iterator[Arguments]:
    for shape in ((3, 3), (4, 2), (2, 4), (2, 3, 2), (0, 3), (3, 0)):
        yield call(draw.real(*shape))
    yield call(draw.complex(4, 3))
    yield call(draw.real(3, 2), atol=1e-3, rtol=1e-3)


@examples("linalg.matrix_rank", grad=False)
def _(draw: Draw) -> Iterator[Arguments]:
    for shape in ((3, 3), (4, 2), (2, 2, 4), (0, 3)):
        yield call(draw.real(*shape))
    thin = draw.real(4, 2)
    yield call(thin @ thin.T)
    yield call(thin @ thin.T, hermitian=True)
    yield call(draw.real(3, 3), atol=100.0)


@examples("linalg.matrix_power", tolerance=1e-8)
def _(draw: Draw) -> Iterator[Arguments]:
    for n in (0, 1, 2, 3, 5, 7, -1, -3):
        yield call(regular(draw, 2, 3, 3), n)
    yield call(regular(draw, 3, 3, numbers="complex"), 3)


@examples("linalg.vander")
def _(draw: Draw) -> Iterator[Arguments]:
    yield call(draw.real(3))
    yield call(draw.real(2, 3), N=5)
    yield call(draw.complex(3))


@examples("vander", grad=False)
def _(draw: Draw) -> Iterator[Arguments]:
    yield call(draw.real(3))
    yield call(draw.real(3), N=2, increasing=True)
    yield call(draw.real(4), N=1)


@examples("linalg.diagonal")
def _(draw: Draw) -> Iterator[Arguments]:
    yield call(draw.real(2, 3, 4))
    yield call(draw.real(3, 3), offset=1)
