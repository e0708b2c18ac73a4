"""Norms of vectors and matrices."""

from __future__ import annotations

import math
from typing import Any

from .. import dtypes
from .._tensor import Tensor, method
from ..declare import op
from ..errors import DtypeError, ShapeError
from ..examples import call, examples
from .arithmetic import cast
from .dims import wrap_dims
from .extrema import amax, amin
from .formulas import restored
from .reduce import numpy_names, reduced_count, reduced_dims
from .spectral import svdvals


@op("LinalgVectorNormBackward0", holomorphic=False)
def vector_norm_op(xp: Any, input: Any, *, ord: float, dim: Any, keepdim: bool) -> Any:
    """See `vector_norm`."""
    if ord == 0:
        return xp.add.reduce((input != 0).astype(input.real.dtype), axis=dim, keepdims=keepdim)
    size = xp.abs(input) if ord != 2 or input.dtype.kind == "c" else input
    if ord == 2:
        return xp.sqrt(xp.add.reduce(size * size, axis=dim, keepdims=keepdim))
    if ord == 1:
        return xp.add.reduce(size, axis=dim, keepdims=keepdim)
    if ord == math.inf:
        return xp.max(size, axis=dim, keepdims=keepdim)
    if ord == -math.inf:
        return xp.min(size, axis=dim, keepdims=keepdim)
    return xp.add.reduce(size**ord, axis=dim, keepdims=keepdim) ** (1 / ord)


@vector_norm_op.vjp
def _(
    F: Any, g: Any, input: Any, result: Any, input_dtype: Any, ord: float, dim: Any, keepdim: bool
) -> Any:
    """At the zero vector the smallest subgradient, 0, is taken (as for elements that are 0)."""
    if ord == 0:
        return F.zeros_of(input, shape=input.shape)
    g = restored(F, g, input.shape, dim, keepdim)
    norm = restored(F, result, input.shape, dim, keepdim)
    if ord == 1:
        return g * F.sgn(input)
    if ord == 2:
        return g * F.where(F.eq(norm, 0), 0, input / norm)
    if math.isinf(ord):
        tops = F.to_dtype(F.eq(F.abs(input), norm), dtype=input_dtype)
        return F.sgn(input) * (g * (tops / F.sum(tops, dim=dim, keepdim=True)))
    ratio = F.abs(input) / F.where(F.eq(norm, 0), 1, norm)
    steep = F.sgn(input) * ratio ** (ord - 1)
    flat = F.eq(input, 0) if ord < 2 else F.eq(norm, 0)
    return g * F.where(flat, 0, steep)


# ------------------------------------------------------------------ public


def _floating(name: str, x: Tensor, dtype: Any) -> Tensor:
    if dtype is not None:
        return cast(x, dtypes.as_dtype(dtype))
    if x.dtype.category < dtypes.FLOATING:
        raise DtypeError(
            f"{name}: Expected a floating point or complex tensor as input. Got {x.dtype!r}; "
            "convert with .float() first"
        )
    return x


@numpy_names
def vector_norm(
    x: Tensor, ord: Any = 2, dim: Any = None, keepdim: bool = False, *, dtype: Any = None
) -> Tensor:
    """Norm of the vectors along `dim` (of all elements by default).

    Parameters
    ----------
    ord : number, default 2
        p of ``sum(|x|**p) ** (1/p)``; inf and -inf: the largest, smallest absolute value;
        0: how many are not zero.
    dim : int or tuple of int, optional
    keepdim : bool, default False
    dtype : dtype, optional
        Convert to it first.

    Raises
    ------
    RuntimeError
        For integer tensors, and for the infinity norm of nothing.
    """
    if isinstance(ord, str) or ord is None:
        raise RuntimeError(
            f"linalg.vector_norm: ord must be a number, not {ord!r}; 'fro' and 'nuc' are norms of "
            "matrices, with two dimensions in dim"
        )
    x = _floating("linalg.vector_norm", x, dtype)
    ndim = x._array.ndim
    dims = reduced_dims(dim, ndim)
    if dims is None:
        dims = tuple(range(ndim))
    if (ord < 0 or ord == math.inf) and not reduced_count(x._array.shape, dims):
        raise ShapeError(
            f"linalg.vector_norm cannot compute the {ord} norm on an empty tensor because the "
            f"operation does not have an identity (the shape is {tuple(x.shape)}, dim {dims})"
        )
    return vector_norm_op.call(x, ord=float(ord), dim=dims, keepdim=keepdim)


def _matrix_norm(a: Tensor, ord: Any, dims: tuple[int, ...], keepdim: bool) -> Tensor:
    """Norms of matrices by their rows, columns, elements or singular values."""
    if ord in ("fro", None):
        return vector_norm(a, 2, dims, keepdim)
    if ord in (1, -1, math.inf, -math.inf):
        summed, chosen = dims if ord in (1, -1) else dims[::-1]
        sums = vector_norm(a, 1, summed, keepdim)
        if not keepdim and summed < chosen:
            chosen -= 1
        return (amax if ord > 0 else amin)(sums, chosen, keepdim)
    if ord not in (2, -2, "nuc"):
        raise RuntimeError(f"linalg.matrix_norm: Order {ord} not supported.")
    values = svdvals(a.movedim(dims, (-2, -1)))
    found = values.sum(-1) if ord == "nuc" else (amax if ord > 0 else amin)(values, -1)
    if keepdim:
        for d in sorted(dims):
            found = found.unsqueeze(d)
    return found


def linalg_norm(
    A: Tensor, ord: Any = None, dim: Any = None, keepdim: bool = False, *, dtype: Any = None
) -> Tensor:
    """Norm of vectors or matrices: ``linalg.norm``.

    Parameters
    ----------
    ord : number or 'fro', 'nuc', optional
        Default: the 2-norm of all elements in `dim`.  For matrices: 'fro', 'nuc' (sum of
        singular values), inf and -inf (rows), 1 and -1 (columns), 2 and -2 (singular values).
    dim : int or tuple of two ints, optional
        An int: vectors; two: matrices.  Without `dim` but with `ord` the tensor is a vector
        or a matrix.
    """
    A = _floating("linalg.norm", A, dtype)
    ndim = A._array.ndim
    if dim is not None:
        dims = wrap_dims((dim,) if isinstance(dim, int) else dim, ndim)
        if len(dims) not in (1, 2):
            raise ShapeError(
                f"linalg.norm: If dim is specified, it must be of length 1 or 2. Got {dim}"
            )
    elif ord is None:
        return vector_norm(A, 2, None, keepdim)
    else:
        dims = tuple(range(ndim))
        if len(dims) not in (1, 2):
            raise ShapeError(
                "linalg.norm: If dim is not specified but ord is, the input must be 1D or 2D. "
                f"Got {ndim}D."
            )
    if len(dims) == 2:
        return _matrix_norm(A, ord, dims, keepdim)
    return vector_norm(A, 2 if ord is None else ord, dims, keepdim)


def matrix_norm(
    A: Tensor, ord: Any = "fro", dim: Any = (-2, -1), keepdim: bool = False, *, dtype: Any = None
) -> Tensor:
    """Norm of the matrices in the dimensions `dim`; see `linalg_norm` for the orders."""
    A = _floating("linalg.matrix_norm", A, dtype)
    if A._array.ndim < 2:
        raise ShapeError(
            "linalg.matrix_norm: The input tensor A must have at least 2 dimensions, "
            f"got {tuple(A.shape)}"
        )
    return _matrix_norm(A, ord, wrap_dims(dim, A._array.ndim), keepdim)


@numpy_names
def norm(
    input: Tensor, p: Any = "fro", dim: Any = None, keepdim: bool = False, *, dtype: Any = None
) -> Tensor:
    """Norm of all elements or over `dim`: ``torch.norm``.

    Parameters
    ----------
    p : number, 'fro' or 'nuc', default 'fro'
        'fro' is the 2-norm of all elements in `dim`; 'nuc' the sum of singular values.
    """
    input = _floating("linalg.vector_norm", input, dtype)
    if p == "nuc":
        dims = wrap_dims(tuple(range(input._array.ndim)) if dim is None else dim, input._array.ndim)
        return _matrix_norm(input, "nuc", dims, keepdim)
    if isinstance(p, str) and p != "fro":
        raise RuntimeError(
            f"linalg.matrix_norm: Order {p} not supported; the strings are 'fro' and 'nuc'."
        )
    return vector_norm(input, 2 if p in ("fro", None) else p, dim, keepdim)


@method("norm")
def _norm(
    self: Tensor,
    p: Any = "fro",
    dim: Any = None,
    keepdim: bool = False,
    dtype: Any = None,
    **n: Any,
) -> Tensor:
    """Norm of all elements or over `dim`; see `norm`."""
    return norm(self, p, dim, keepdim, dtype=dtype, **n)


@method()
def dist(input: Tensor, other: Tensor, p: float = 2) -> Tensor:
    """The p-norm of the difference."""
    return vector_norm(input - other, p)


__all__ = ["norm", "dist"]

# ------------------------------------------------------------------ examples

_ORDERS = (2, 1, 0, 3, 2.5, 1.5, 0.5, -1, math.inf, -math.inf)


@examples("linalg.vector_norm")
def _(draw: Any) -> Any:
    x = draw.distinct(2, 3, 4)
    for ord in _ORDERS:
        yield call(x, ord)
        yield call(x, ord, 1)
        yield call(x, ord, (0, -1), True)
    yield call(x)
    yield call(draw.real(), 3)
    yield call(draw.real(0, 3))
    yield call(draw.real(0, 3), 1, 0)


@examples("norm")
def _(draw: Any) -> Any:
    x = draw.distinct(3, 4)
    yield call(x)
    for p in (*_ORDERS, "fro"):
        yield call(x, p)
        yield call(x, p, 0)
        yield call(x, p, -1, True)
    yield call(x, "fro", (0, 1))
    yield call(draw.distinct(2, 3, 4), 3, dim=(0, 2))
    yield call(draw.real())
    yield call(draw.real(0))


@examples("linalg.norm")
def _(draw: Any) -> Any:
    x = draw.distinct(3, 4)
    yield call(x)
    yield call(draw.distinct(2, 3, 4))
    yield call(draw.distinct(2, 3, 4), None, (0, 1))
    for ord in ("fro", 1, -1, math.inf, -math.inf):
        yield call(draw.real(3, 4), ord)
        yield call(draw.real(3, 4), ord, keepdim=True)
        yield call(draw.real(2, 3, 4), ord, (2, 0))
    for ord in (3, 2, 0, 1):
        yield call(draw.distinct(5), ord)
        yield call(x, ord, 1)
    yield call(x, 2, -1, True)


@examples("dist")
def _(draw: Any) -> Any:
    yield call(draw.real(3, 4), draw.real(4))
    yield call(draw.real(3, 4), draw.real(3, 4), 1)
    yield call(draw.real(3, 4), draw.real(3, 4), p=3)
