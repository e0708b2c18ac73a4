"""Rarer products: vectors and batches added to a sum, contractions, traces, cross products.

The ``add...`` products are primitives, as `addmm` is; contractions are composites that
fold their operands into matrices and multiply these once.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

from .. import inplace
from .._tensor import Tensor, method
from ..declare import op
from ..errors import ShapeError
from .dims import wrap_dim
from .linalg import (
    added,
    as_shape,
    broadcast_sizes,
    check_batches,
    check_ndim,
    dot,
    gradient_of_summand,
    mm,
    mm_op,
    mv_op,
    scaled,
)

# ------------------------------------------------------------------ products added to something


@op("AddmvBackward0", name="addmv")
def addmv_op(xp: Any, input: Any, mat: Any, vec: Any, *, beta: Any, alpha: Any) -> Any:
    """``beta * input + alpha * mat @ vec``."""
    return added(mv_op.forward(xp, mat, vec), input, beta, alpha)


@addmv_op.vjp("input")
def _(F: Any, g: Any, input_shape: Any, beta: Any) -> Any:
    return gradient_of_summand(F, g, input_shape, beta)


@addmv_op.vjp("mat")
def _(F: Any, g: Any, vec: Any, alpha: Any) -> Any:
    return scaled(F.outer_product(g, vec), alpha)


@addmv_op.vjp("vec")
def _(F: Any, g: Any, mat: Any, alpha: Any) -> Any:
    return scaled(F.mv(F.transposed(mat), g), alpha)


@method()
def addmv(input: Tensor, mat: Tensor, vec: Tensor, *, beta: Any = 1, alpha: Any = 1) -> Tensor:
    """``beta * input + alpha * (mat @ vec)``."""
    if mat.ndim != 2 or vec.ndim != 1 or input.ndim > 1:
        raise ShapeError(
            f"vector + matrix @ vector expected, got {input.ndim}, {mat.ndim}, {vec.ndim}"
        )
    return addmv_op.call(input, mat, vec, beta=beta, alpha=alpha)


@op("AddrBackward0", name="addr")
def addr_op(xp: Any, input: Any, vec1: Any, vec2: Any, *, beta: Any, alpha: Any) -> Any:
    """``beta * input + alpha * outer(vec1, vec2)``."""
    return added(vec1[:, None] * vec2, input, beta, alpha)


@addr_op.vjp("input")
def _(F: Any, g: Any, input_shape: Any, beta: Any) -> Any:
    return gradient_of_summand(F, g, input_shape, beta)


@addr_op.vjp("vec1")
def _(F: Any, g: Any, vec2: Any, alpha: Any) -> Any:
    return scaled(F.mv(g, vec2), alpha)


@addr_op.vjp("vec2")
def _(F: Any, g: Any, vec1: Any, alpha: Any) -> Any:
    return scaled(F.mv(F.transposed(g), vec1), alpha)


@method()
def addr(input: Tensor, vec1: Tensor, vec2: Tensor, *, beta: Any = 1, alpha: Any = 1) -> Tensor:
    """``beta * input + alpha * outer(vec1, vec2)``."""
    check_ndim(1, "addr: Expected 1-D argument vec1", vec1)
    check_ndim(1, "addr: Expected 1-D argument vec2", vec2)
    return addr_op.call(input, vec1, vec2, beta=beta, alpha=alpha)


@op("BaddbmmBackward0", name="baddbmm")
def baddbmm_op(xp: Any, input: Any, batch1: Any, batch2: Any, *, beta: Any, alpha: Any) -> Any:
    """``beta * input + alpha * batch1 @ batch2``, matrix by matrix."""
    return added(xp.matmul(batch1, batch2), input, beta, alpha)


@baddbmm_op.vjp("input")
def _(F: Any, g: Any, input_shape: Any, beta: Any) -> Any:
    return gradient_of_summand(F, g, input_shape, beta)


@baddbmm_op.vjp("batch1")
def _(F: Any, g: Any, batch2: Any, alpha: Any) -> Any:
    return scaled(F.bmm(g, F.transposed(batch2)), alpha)


@baddbmm_op.vjp("batch2")
def _(F: Any, g: Any, batch1: Any, alpha: Any) -> Any:
    return scaled(F.bmm(F.transposed(batch1), g), alpha)


@method()
def baddbmm(
    input: Tensor, batch1: Tensor, batch2: Tensor, *, beta: Any = 1, alpha: Any = 1
) -> Tensor:
    """``beta * input + alpha * (batch1 @ batch2)``, one product for each matrix of the batch."""
    check_batches(batch1, batch2)
    return baddbmm_op.call(input, batch1, batch2, beta=beta, alpha=alpha)


@op("AddbmmBackward0", name="addbmm")
def addbmm_op(xp: Any, input: Any, batch1: Any, batch2: Any, *, beta: Any, alpha: Any) -> Any:
    """``beta * input + alpha *`` the sum of the products of the batch."""
    b, n, m = batch1.shape
    wide = xp.reshape(xp.swapaxes(batch1, 0, 1), (n, b * m))
    tall = xp.reshape(batch2, (b * m, batch2.shape[2]))
    return added(xp.matmul(wide, tall), input, beta, alpha)


@addbmm_op.vjp("input")
def _(F: Any, g: Any, input_shape: Any, beta: Any) -> Any:
    return gradient_of_summand(F, g, input_shape, beta)


@addbmm_op.vjp("batch1")
def _(F: Any, g: Any, batch2: Any, alpha: Any) -> Any:
    every = F.expand(g, shape=(batch2.shape[0], *g.shape))
    return scaled(F.bmm(every, F.transposed(batch2)), alpha)


@addbmm_op.vjp("batch2")
def _(F: Any, g: Any, batch1: Any, alpha: Any) -> Any:
    every = F.expand(g, shape=(batch1.shape[0], *g.shape))
    return scaled(F.bmm(F.transposed(batch1), every), alpha)


@method()
def addbmm(
    input: Tensor, batch1: Tensor, batch2: Tensor, *, beta: Any = 1, alpha: Any = 1
) -> Tensor:
    """``beta * input + alpha * (batch1 @ batch2).sum(0)``."""
    check_batches(batch1, batch2)
    return addbmm_op.call(input, batch1, batch2, beta=beta, alpha=alpha)


for _fn in (addmv, addr, baddbmm, addbmm):
    method(f"{_fn.__name__}_")(inplace.twin(_fn, f"{_fn.__name__}_"))


# ------------------------------------------------------------------ contractions of any rank


@method()
def inner(input: Tensor, other: Tensor) -> Tensor:
    """Sums of products over the last dimension of both; a plain product if one is 0-d."""
    if not input.ndim or not other.ndim:
        return input * other
    if input.shape[-1] != other.shape[-1]:
        raise ShapeError(
            "inner() the last dimension must match on both input tensors but got shapes "
            f"{list(input.shape)} and {list(other.shape)}"
        )
    if input.ndim == other.ndim == 1:
        return dot(input, other)
    return tensordot(input, other, ([-1], [-1]))


def tensordot(a: Tensor, b: Tensor, dims: Any = 2) -> Tensor:
    """Sum of products over pairs of dimensions.

    Parameters
    ----------
    a, b : Tensor
        The operands.
    dims : int or pair of sequences of int
        How many of the last dimensions of `a` and the first of `b`; or which ones.
    """
    if isinstance(dims, Tensor):
        dims = dims.tolist()
    if isinstance(dims, int):
        if dims < 0:
            raise RuntimeError(f"tensordot expects dims >= 0, but got dims={dims}")
        if dims > min(a.ndim, b.ndim):
            raise RuntimeError(
                "tensordot expects dims < ndim_a or ndim_b, "
                f"but got dims={dims}, ndim_a={a.ndim} and ndim_b={b.ndim}"
            )
        pairs = list(range(-dims, 0)), list(range(dims))
    else:
        first, second = dims
        pairs = tuple([d] if isinstance(d, int) else list(d) for d in (first, second))  # type: ignore[assignment]
    if len(pairs[0]) != len(pairs[1]):
        raise RuntimeError("both dimension lists should have same length")
    for i, j in zip(*pairs, strict=True):
        if a.shape[i] == b.shape[j]:
            continue
        if a.shape[i] == 1:
            b = b.sum(j, keepdim=True, dtype=b.dtype)
        elif b.shape[j] == 1:
            a = a.sum(i, keepdim=True, dtype=a.dtype)
        else:
            raise ShapeError(
                f"contracted dimensions need to match, but first has size {a.shape[i]} in dim {i} "
                f"and second has size {b.shape[j]} in dim {j}"
            )
    summed_a = [wrap_dim(d, a.ndim) for d in pairs[0]]
    summed_b = [wrap_dim(d, b.ndim) for d in pairs[1]]
    kept_a = [d for d in range(a.ndim) if d not in summed_a]
    kept_b = [d for d in range(b.ndim) if d not in summed_b]
    inner_size = math.prod([a.shape[d] for d in summed_a])
    shape_a, shape_b = [a.shape[d] for d in kept_a], [b.shape[d] for d in kept_b]
    left = a.permute(kept_a + summed_a).reshape(math.prod(shape_a), inner_size)
    right = b.permute(summed_b + kept_b).reshape(inner_size, math.prod(shape_b))
    return mm_op.call(left, right).reshape(shape_a + shape_b)


@method()
def kron(input: Tensor, other: Tensor) -> Tensor:
    """Kronecker product: every element of `input` times all of `other`, block by block."""
    n = max(input.ndim, other.ndim)
    a = (1,) * (n - input.ndim) + tuple(input.shape)
    b = (1,) * (n - other.ndim) + tuple(other.shape)
    left = as_shape(input, tuple(s for size in a for s in (size, 1)))
    right = as_shape(other, tuple(s for size in b for s in (1, size)))
    return as_shape(left * right, tuple(m * k for m, k in zip(a, b, strict=True)))


def chain_matmul(*matrices: Tensor) -> Tensor:
    """Product of several matrices, in the cheapest order."""
    return multi_dot(matrices)


def multi_dot(tensors: Sequence[Tensor]) -> Tensor:
    """Product of two or more matrices in the cheapest order; the ends may be vectors.

    The order minimises the number of multiplications (Cormen et al., Introduction to
    Algorithms, "Matrix-chain multiplication").
    """
    chain = list(tensors)
    if len(chain) < 2:
        raise RuntimeError(f"multi_dot(): expected at least 2 tensors but got {len(chain)}")
    for i, x in enumerate(chain):
        end = i in (0, len(chain) - 1)
        if x.ndim != 2 and not (end and x.ndim == 1):
            allowed = "1D or 2D" if end else "2D"
            raise ShapeError(f"multi_dot(): tensor {i} must be {allowed} but got {x.ndim}D")
    row, column = chain[0].ndim == 1, chain[-1].ndim == 1
    if row:
        chain[0] = chain[0].unsqueeze(0)
    if column:
        chain[-1] = chain[-1].unsqueeze(-1)
    product = _multiply_chain(chain, _best_splits(chain), 0, len(chain) - 1)
    if column:
        product = product.squeeze(-1)
    return product.squeeze(0) if row else product


def _best_splits(chain: Sequence[Tensor]) -> dict[tuple[int, int], int]:
    """For each stretch of the chain, after which matrix to split it."""
    p = [x.shape[0] for x in chain] + [chain[-1].shape[1]]
    cost = {(i, i): 0 for i in range(len(chain))}
    splits = {}
    for length in range(1, len(chain)):
        for i in range(len(chain) - length):
            j = i + length
            costs = [
                (cost[i, k] + cost[k + 1, j] + p[i] * p[k + 1] * p[j + 1], k) for k in range(i, j)
            ]
            cost[i, j], splits[i, j] = min(costs)
    return splits


def _multiply_chain(
    chain: Sequence[Tensor], splits: dict[tuple[int, int], int], i: int, j: int
) -> Tensor:
    if i == j:
        return chain[i]
    k = splits[i, j]
    return mm(_multiply_chain(chain, splits, i, k), _multiply_chain(chain, splits, k + 1, j))


def vecdot(x: Tensor, y: Tensor, *, dim: int = -1) -> Tensor:
    """Sum of products ``conj(x) * y`` along one dimension, the others broadcast."""
    return (x.conj() * y).sum(dim)


# ------------------------------------------------------------------ traces and crosses


@op("TraceBackward0", name="trace", linear=True)
def trace_op(xp: Any, input: Any) -> Any:
    """Sum of a matrix's diagonal."""
    found = xp.trace(input)
    return found.astype("i8") if input.dtype.kind in "bu" else found


@trace_op.vjp
def _(F: Any, g: Any, input_shape: Any) -> Any:
    return F.scaled_eye(g, shape=input_shape)


@op("MulBackward0", linear=True)
def scaled_eye(xp: Any, input: Any, *, shape: Any) -> Any:
    """A number on the diagonal of a matrix of zeros."""
    return input * xp.eye(*shape, dtype=input.dtype)


@scaled_eye.vjp
def _(F: Any, g: Any) -> Any:
    return F.trace(g)


@method()
def trace(input: Tensor) -> Tensor:
    """Sum of the diagonal of a matrix."""
    if input.ndim != 2:
        raise ShapeError(f"trace: expected a matrix, but got tensor with dim {input.ndim}")
    return trace_op.call(input)


@op("LinalgCrossBackward0", name="cross")
def cross_op(xp: Any, input: Any, other: Any, *, dim: Any) -> Any:
    """Cross product of vectors of three elements along `dim`."""
    ahead, behind = -1, -2
    left = xp.roll(input, ahead, dim) * xp.roll(other, behind, dim)
    return left - xp.roll(input, behind, dim) * xp.roll(other, ahead, dim)


@cross_op.vjp("input")
def _(F: Any, g: Any, other: Any, dim: Any) -> Any:
    return F.cross(other, g, dim=dim)


@cross_op.vjp("other")
def _(F: Any, g: Any, input: Any, dim: Any) -> Any:
    return F.cross(g, input, dim=dim)


def linalg_cross(input: Tensor, other: Tensor, *, dim: int = -1) -> Tensor:
    """Cross product of the vectors of three elements along `dim`; the rest broadcasts."""
    if input.ndim != other.ndim:
        raise ShapeError(
            "linalg.cross: inputs must have the same number of dimensions, "
            f"got {input.ndim} and {other.ndim}."
        )
    d = wrap_dim(dim, input.ndim)
    if input.shape[d] != 3 or other.shape[d] != 3:
        raise ShapeError(
            f"linalg.cross: inputs dimension {dim} must have length 3. "
            f"Got {input.shape[d]} and {other.shape[d]}"
        )
    shape = broadcast_sizes(tuple(input.shape), tuple(other.shape))
    if tuple(input.shape) != shape:
        input = input.expand(shape)
    if tuple(other.shape) != shape:
        other = other.expand(shape)
    return cross_op.call(input, other, dim=d)


@method()
def cross(input: Tensor, other: Tensor, dim: int | None = None) -> Tensor:
    """Cross product along `dim` (default: the first dimension of size 3)."""
    if dim is None:
        threes = [i for i, n in enumerate(input.shape) if n == 3]
        if not threes:
            raise ShapeError("no dimension of size 3 in input")
        dim = threes[0]
    return linalg_cross(input, other, dim=dim)


__all__ = [
    "addmv", "addr", "addbmm", "baddbmm", "inner", "tensordot", "kron", "chain_matmul", "trace",
    "cross",
]  # fmt: skip
