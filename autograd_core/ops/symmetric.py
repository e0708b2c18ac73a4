"""Indefinite Hermitian matrices: ``A = L D L^H`` with pivots (Bunch and Kaufman, 1977).

Each pivot depends on the one before, and on numbers, so this works matrix by matrix on the
host.  Packed as by LAPACK's ``sytrf`` with the lower triangle; there is no gradient.
"""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from .. import return_types
from .._tensor import Tensor
from ..backends import backend_of
from ..declare import op
from ..errors import ShapeError
from .linalg import broadcast_sizes
from .matrices import any_failed, check_same_dtype, check_square, failed

ALPHA = (1 + math.sqrt(17)) / 8
"""What a pivot of one row must be worth against one of two: the growth is then least."""


@op(
    "NotImplemented", name="ldl_factor", types="floating", outputs=("LD",),
    aux=("pivots", "info"),
)  # fmt: skip
def ldl_factor_op(xp: Any, A: Any, *, hermitian: bool) -> Any:
    """Packed L and D, pivots, and the number of the first zero on D's diagonal."""
    owner = backend_of(A)
    batch, n = A.shape[:-2], A.shape[-1]
    packed = np.array(owner.to_numpy(A)).reshape(-1, n, n) if A.size else np.zeros(A.shape, A.dtype)
    pivots, info = np.zeros(A.shape[:-1], "int32"), np.zeros(batch, "int32")
    if A.size:
        found = [_factor(a, hermitian) for a in packed]
        pivots = np.array([p for p, _ in found], "int32").reshape(A.shape[:-1])
        info = np.array([i for _, i in found], "int32").reshape(batch)
    parts = packed.reshape(A.shape), pivots, info
    return tuple(owner.from_numpy(x, None) for x in parts)


def _weight(x: Any) -> Any:
    return np.abs(x.real) + np.abs(x.imag)


def _factor(a: Any, hermitian: bool) -> tuple[list[int], int]:
    """Factor the lower triangle of one matrix in place: LAPACK's pivots, and info."""
    n, k, info = len(a), 0, 0
    pivots: list[int] = []
    a[np.triu_indices(n, 1)] = 0
    turn = np.conj if hermitian and a.dtype.kind == "c" else np.asarray
    while k < n:
        chosen, step = _choose(a, k)
        if chosen < 0:
            info, pivots, k = info or k + 1, [*pivots, k + 1], k + 1
            continue
        _exchange(a, k + step - 1, chosen, turn)
        if step == 2 and chosen != k + 1:
            a[k + 1, k], a[chosen, k] = a[chosen, k], a[k + 1, k]
        pivots += [chosen + 1] if step == 1 else [-chosen - 1] * 2
        _eliminate(a, k, step, turn)
        k += step
    return pivots, info


def _choose(a: Any, k: int) -> tuple[int, int]:
    """Which row to bring to `k` (or, as the second of two, to k + 1), and one or two.

    -1 where the whole column is 0, so that there is nothing to eliminate.
    """
    size, below = _weight(a[k, k]), _weight(a[k + 1 :, k])
    most = below.max() if len(below) else 0.0
    if max(size, most) == 0:
        return -1, 1
    if size >= ALPHA * most:
        return k, 1
    other = k + 1 + int(below.argmax())
    beside = _weight(np.concatenate([a[other, k:other], a[other + 1 :, other]])).max()
    if size >= ALPHA * most * (most / beside):
        return k, 1
    return other, (1 if _weight(a[other, other]) >= ALPHA * beside else 2)


def _exchange(a: Any, i: int, j: int, turn: Any) -> None:
    """Exchange rows and columns i < j of the rest of the matrix, in its lower triangle."""
    if i == j:
        return
    a[j + 1 :, i], a[j + 1 :, j] = a[j + 1 :, j].copy(), a[j + 1 :, i].copy()
    a[i + 1 : j, i], a[j, i + 1 : j] = turn(a[j, i + 1 : j]).copy(), turn(a[i + 1 : j, i]).copy()
    a[j, i] = turn(a[j, i])
    a[i, i], a[j, j] = a[j, j], a[i, i]


def _eliminate(a: Any, k: int, step: int, turn: Any) -> None:
    rest = slice(k + step, None)
    columns = a[rest, k : k + step].copy()
    factors = columns @ np.linalg.inv(_pivot_block(a, k, step, turn))
    a[rest, rest] -= np.tril(factors @ turn(columns).T)
    a[rest, k : k + step] = factors


def _pivot_block(a: Any, k: int, step: int, turn: Any) -> Any:
    block = a[k : k + step, k : k + step].copy()
    if step == 2:
        block[0, 1] = turn(block[1, 0])
    return block


@op(None, name="ldl_solve", types="free")
def ldl_solve_op(xp: Any, LD: Any, pivots: Any, B: Any, *, hermitian: bool) -> Any:
    """X of ``A X = B`` from what `ldl_factor` gave."""
    owner = backend_of(B)
    a, p, x = (np.array(owner.to_numpy(t)) for t in (LD, pivots, B))
    n = a.shape[-1]
    if x.size:
        rows = x.reshape(-1, n, x.shape[-1])
        for each in zip(a.reshape(-1, n, n), p.reshape(-1, n), rows, strict=True):
            _solve(*each, hermitian)
    return owner.from_numpy(x, None)


def _solve(a: Any, pivots: Any, x: Any, hermitian: bool) -> None:
    """Solve with one factored matrix, in place."""
    turn = np.conj if hermitian and a.dtype.kind == "c" else np.asarray
    blocks, k = [], 0
    while k < len(a):
        blocks.append((k, 1 if pivots[k] > 0 else 2))
        k += blocks[-1][1]
    for k, step in blocks:
        _swap_rows(x, k + step - 1, abs(pivots[k]) - 1)
        x[k + step :] -= a[k + step :, k : k + step] @ x[k : k + step]
        x[k : k + step] = np.linalg.inv(_pivot_block(a, k, step, turn)) @ x[k : k + step]
    for k, step in reversed(blocks):
        x[k : k + step] -= turn(a[k + step :, k : k + step]).T @ x[k + step :]
        _swap_rows(x, k + step - 1, abs(pivots[k]) - 1)


def _swap_rows(x: Any, i: int, j: int) -> None:
    if i != j:
        x[[i, j]] = x[[j, i]]


# ------------------------------------------------------------------ public


def ldl_factor_ex(A: Tensor, *, hermitian: bool = False, check_errors: bool = False) -> Any:
    """``A = L D L^T`` (``L D L^H`` if `hermitian`) with pivots; D has blocks of 1 or 2 rows.

    Parameters
    ----------
    A : Tensor
        Shape (..., n, n), symmetric or Hermitian; the lower triangle is read.

    Returns
    -------
    named tuple (LD, pivots, info)
        As LAPACK packs them; info : 0, or the number from 1 of the first zero on D's diagonal.
    """
    check_square("torch.linalg.ldl_factor_ex", A)
    packed, pivots, info = ldl_factor_op.call(A, hermitian=hermitian)
    if check_errors and any_failed(info._array):
        raise failed(
            "torch.linalg.ldl_factor", info._array,
            "The factorization could not be completed because the input is singular "
            "(D[{info},{info}] is zero).",
        )  # fmt: skip
    return return_types.linalg_ldl_factor_ex(packed, pivots, info)


def ldl_factor(A: Tensor, *, hermitian: bool = False) -> Any:
    """``A = L D L^T`` with pivots; see `ldl_factor_ex`.

    Returns
    -------
    named tuple (LD, pivots)
    """
    packed, pivots, _ = ldl_factor_ex(A, hermitian=hermitian, check_errors=True)
    return return_types.linalg_ldl_factor(packed, pivots)


def ldl_solve(LD: Tensor, pivots: Tensor, B: Tensor, *, hermitian: bool = False) -> Tensor:
    """X of ``A X = B`` from what `ldl_factor` gave.

    Parameters
    ----------
    LD, pivots : Tensor
        Of A (..., n, n).
    B : Tensor
        Shape (..., n, k).
    """
    check_square("torch.linalg.ldl_solve", LD, "LD")
    check_same_dtype("torch.linalg.ldl_solve", LD, B, "LB")
    if B.ndim < 2 or B.shape[-2] != LD.shape[-1] or pivots.shape != LD.shape[:-1]:
        raise ShapeError(
            "torch.linalg.ldl_solve: Expected B to have at least 2 dimensions with as many rows as "
            f"LD, and pivots to have LD's shape without the last, but got B {tuple(B.shape)}, LD "
            f"{tuple(LD.shape)} and pivots {tuple(pivots.shape)}"
        )
    lead = broadcast_sizes(tuple(LD.shape[:-2]), tuple(B.shape[:-2]))
    given = ((LD, 2), (pivots, 1), (B, 2))
    LD, pivots, B = (x.detach().expand(*lead, *x.shape[-k:]) for x, k in given)
    return ldl_solve_op.call(LD, pivots, B, hermitian=hermitian)


__all__: list[str] = []
