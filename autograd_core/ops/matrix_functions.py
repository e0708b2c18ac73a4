"""Functions of whole matrices: exponentials, powers, condition; tensors read as matrices."""

from __future__ import annotations

import math
from typing import Any

from .._tensor import Tensor, method
from ..backends import backend_of
from ..declare import op
from ..errors import ShapeError
from .create import eye
from .linalg import matmul
from .matrices import check_matrices, check_square
from .norms import linalg_norm
from .solve import inv, solve
from .spectral import svdvals

# ------------------------------------------------------------------ the exponential

PADE = (
    64764752532480000.0, 32382376266240000.0, 7771770303897600.0, 1187353796428800.0,
    129060195264000.0, 10559470521600.0, 670442572800.0, 33522128640.0, 1323241920.0, 40840800.0,
    960960.0, 16380.0, 182.0, 1.0,
)  # fmt: skip
"""Coefficients of the rational approximation of degree 13 (N. Higham, "The scaling and
squaring method for the matrix exponential revisited", 2005)."""

REACH = 2.0
"""The norm up to which it is exact to double precision, derivatives included: Higham's bound
is 5.4 for the exponential, 4.7 for its derivative, and less for each further one."""


@op("LinalgMatrixExpBackward0", name="matrix_exp", types="free")
def matrix_exp_op(xp: Any, input: Any, halvings: Any, *, most: int) -> Any:
    """The exponential: halved until it is small, approximated, squared as often."""
    n = input.shape[-1]
    scale = xp.ldexp(xp.ones((), input.real.dtype), -halvings)[..., None, None]
    a = input * scale
    same = xp.eye(n, dtype=input.dtype)
    a2 = xp.matmul(a, a)
    a4 = xp.matmul(a2, a2)
    a6 = xp.matmul(a2, a4)
    b = [xp.asarray(x, input.dtype) for x in PADE]
    high = xp.matmul(a6, b[13] * a6 + b[11] * a4 + b[9] * a2)
    odd = xp.matmul(a, high + b[7] * a6 + b[5] * a4 + b[3] * a2 + b[1] * same)
    high = xp.matmul(a6, b[12] * a6 + b[10] * a4 + b[8] * a2)
    even = high + b[6] * a6 + b[4] * a4 + b[2] * a2 + b[0] * same
    result = xp.linalg.solve(even - odd, even + odd)
    for i in range(most):
        again = (i < halvings)[..., None, None]
        result = xp.where(again, xp.matmul(result, result), result)
    return result


@matrix_exp_op.vjp("input")
def _(F: Any, g: Any, input: Any, halvings: Any, most: int) -> Any:
    """The exponential of a block triangle holds its own derivative.

    Halved as often as the forward: the corner counts linearly, whatever its size.
    """
    turned = F.transposed(input)
    n, last = input.shape[-1], input.ndim - 1
    zeros = F.zeros_of(g, shape=tuple(g.shape))
    block = F.cat(F.cat(turned, g, dim=last), F.cat(zeros, turned, dim=last), dim=last - 1)
    found = F.matrix_exp(block, halvings, most=most)
    found = F.slice(found, dim=last - 1, start=0, stop=n, step=1)
    return F.slice(found, dim=last, start=n, stop=2 * n, step=1)


@method()
def matrix_exp(A: Tensor) -> Tensor:
    """The exponential ``I + A + A A / 2 + ...`` of square matrices (..., n, n).

    How often to square is decided on the host: one number is read from the device.
    """
    check_square("linalg.matrix_exp", A)
    array = A._array
    xp = backend_of(array).xp
    if not array.size:
        return A.clone()
    norms = xp.abs(array).sum(axis=-2).max(axis=-1)
    times = xp.ceil(xp.log2(xp.maximum(norms, REACH) / REACH))
    times = xp.asarray(xp.where(xp.isfinite(times), times, 0), "int32")
    most = int(backend_of(array).to_numpy(times.max()))
    return matrix_exp_op.call(A, Tensor._from_array(times), most=most)


# ------------------------------------------------------------------ powers


@method()
def matrix_power(A: Tensor, n: int) -> Tensor:
    """The n-th power of square matrices, by repeated squaring; of the inverse for n < 0."""
    check_square("linalg.matrix_power", A)
    if not isinstance(n, int):
        raise TypeError(
            f"linalg_matrix_power(): argument 'n' (position 2) must be int, not {type(n).__name__}"
        )
    if n == 0:
        same = eye(A.shape[-1], dtype=A.dtype, device=A.device)
        return A * 0 + same if A.requires_grad else same.expand(*A.shape).clone()
    base = A if n > 0 else inv(A)
    n = abs(n)
    if n == 1:
        return base.clone() if base is A else base
    if n == 3:
        return matmul(matmul(base, base), base)
    result, square = None, None
    while n:
        square = base if square is None else matmul(square, square)
        n, bit = divmod(n, 2)
        if bit:
            result = square if result is None else matmul(result, square)
    assert result is not None
    return result


# ------------------------------------------------------------------ tensors read as matrices


def tensorinv(A: Tensor, ind: int = 2) -> Tensor:
    """The inverse of `A`, its first `ind` dimensions read as rows and the others as columns.

    Returns
    -------
    Tensor
        Shape ``A.shape[ind:] + A.shape[:ind]``, the inverse with respect to `tensordot`.
    """
    if ind <= 0:
        raise RuntimeError(f"Expected a strictly positive integer for 'ind', got {ind}")
    ahead, behind = tuple(A.shape[:ind]), tuple(A.shape[ind:])
    m, n = math.prod(ahead), math.prod(behind)
    if m != n:
        raise ShapeError(
            "Expected self to satisfy the requirement prod(self.shape[ind:]) == "
            f"prod(self.shape[:ind]), but got {n} != {m}"
        )
    return inv(A.reshape(m, n)).reshape(behind + ahead)


def tensorsolve(A: Tensor, B: Tensor, dims: Any = None) -> Tensor:
    """X of ``tensordot(A, X, X.ndim) = B``.

    Parameters
    ----------
    A : Tensor
        Its first dimensions multiply to the size of B, the others are X's shape.
    dims : sequence of int, optional
        Dimensions of A to move to its end first.
    """
    if dims is not None:
        dims = tuple(dims)
        A = A.movedim(dims, tuple(range(A.ndim - len(dims), A.ndim)))
    result = tuple(A.shape[B.ndim :])
    n = math.prod(result)
    if n != math.prod(A.shape[: B.ndim]):
        raise ShapeError(
            "Expected self to satisfy the requirement prod(self.shape[other.ndim:]) == "
            f"prod(self.shape[:other.ndim]), but got {n} != {math.prod(A.shape[: B.ndim])}"
        )
    return solve(A.reshape(n, n), B.flatten()).reshape(result)


def linalg_vander(x: Tensor, *, N: int | None = None) -> Tensor:
    """Powers 0 to N - 1 of the elements along a new last dimension (Vandermonde)."""
    from .cumulative import cumprod
    from .join import cat

    x = x if x.ndim else x.unsqueeze(0)
    count = x.shape[-1] if N is None else N
    if count <= 1:
        raise RuntimeError(f"linalg.vander: N must be greater than 1, got {count}")
    powers = x.unsqueeze(-1).expand(*x.shape, count - 1)
    ones = x.new_ones(*x.shape, 1)
    return cat([ones, cumprod(powers, -1)], -1)


def vander(x: Tensor, N: int | None = None, increasing: bool = False) -> Tensor:
    """Powers of the elements of a vector, the highest first; see `linalg.vander`."""
    if x.ndim != 1:
        raise RuntimeError(f"x must be a one-dimensional tensor, got {x.ndim} dimensions.")
    count = x.shape[0] if N is None else N
    if count < 0:
        raise RuntimeError(f"N must be non-negative, got {count}.")
    if count < 2:
        return x.new_ones(x.shape[0], count)
    rows = linalg_vander(x, N=count)
    return rows if increasing else rows.flip(-1)


# ------------------------------------------------------------------ condition


def cond(A: Tensor, p: Any = None) -> Tensor:
    """The condition number ``|A| |A^-1|``, inf for a singular matrix.

    Parameters
    ----------
    A : Tensor
        Shape (..., m, n), square unless p is None, 2 or -2.
    p : None, 2, -2, 1, -1, inf, -inf, 'fro' or 'nuc'
        The norm; by default 2, the largest singular value over the smallest.
    """
    check_matrices("linalg.cond", A)
    if p in (None, 2, -2):
        values = svdvals(A)
        if not values.shape[-1]:
            return values.sum(-1)
        first, last = values[..., 0], values[..., -1]
        return last / first if p == -2 else first / last
    check_square("linalg.cond", A)
    if p not in ("fro", "nuc", 1, -1, math.inf, -math.inf):
        raise RuntimeError(f"linalg.cond got an invalid norm type: {p}")
    if p == "nuc":
        values = svdvals(A)
        return values.sum(-1) * values.reciprocal().sum(-1)
    from .solve import inv_op

    inverse = inv_op.call(A, check=False)
    product = linalg_norm(A, p, (-2, -1)) * linalg_norm(inverse, p, (-2, -1))
    return product.nan_to_num(math.inf, math.inf, -math.inf)


__all__ = ["matrix_exp", "matrix_power", "vander"]
