"""Singular values, and the decomposition they come from.

Source of the gradient: J. Townsend, "Differentiating the singular value decomposition"
(2016), for the reduced decomposition of real matrices.
"""

from __future__ import annotations

from typing import Any

from .. import return_types
from .._tensor import Tensor
from ..declare import op
from ..errors import ShapeError
from .dims import sizes


@op("LinalgSvdBackward0", name="svd", types="floating", outputs=("U", "S", "Vh"))
def svd_op(xp: Any, input: Any) -> Any:
    """Reduced singular value decomposition of a batch of matrices (b, m, n)."""
    return tuple(xp.linalg.svd(input, full_matrices=False))


@svd_op.vjp
def _(F: Any, g: Any, U: Any, S: Any, Vh: Any) -> Any:
    g_u, g_s, g_vh = g
    u_t, v, g_v = _turned(F, U), _turned(F, Vh), _turned(F, g_vh)
    row, column = F.unsqueeze(S, dim=1), F.unsqueeze(S, dim=2)
    gaps = row * row - column * column
    equal = F.eq(gaps, F.zeros_of(gaps, shape=gaps.shape))
    inverse = F.where(equal, F.zeros_of(gaps, shape=gaps.shape), 1 / F.where(equal, gaps + 1, gaps))
    turned_u, turned_v = F.bmm(u_t, g_u), F.bmm(Vh, g_v)
    inner = inverse * (turned_u - _turned(F, turned_u)) * row
    inner = inner + column * (inverse * (turned_v - _turned(F, turned_v)))
    inner = inner + F.diag_embed(g_s, offset=0, dim1=1, dim2=2)
    result = F.bmm(F.bmm(U, inner), Vh)
    m, k, n = U.shape[1], S.shape[1], Vh.shape[2]
    if m > k:  # the part of g_u outside the space that U spans
        result = result + F.bmm((g_u - F.bmm(U, turned_u)) / row, Vh)
    if n > k:
        result = result + F.bmm(U, _turned(F, (g_v - F.bmm(v, turned_v)) / row))
    return result


@op("LinalgSvdBackward0", name="svdvals", types="floating")
def svdvals_op(xp: Any, input: Any) -> Any:
    """Singular values of a batch of matrices (b, m, n), the largest first."""
    return xp.linalg.svd(input, compute_uv=False)


@svdvals_op.vjp
def _(F: Any, g: Any, input: Any) -> Any:
    u, _, vh = F.svd(input)
    return F.bmm(u * F.unsqueeze(g, dim=1), vh)


def _turned(F: Any, x: Any) -> Any:
    return F.permute(x, dims=(0, 2, 1))


def svdvals(A: Tensor, *, driver: str | None = None) -> Tensor:
    """Singular values of a matrix or a batch of them, the largest first.

    Parameters
    ----------
    A : Tensor
        Shape (..., m, n), floating.

    Returns
    -------
    Tensor
        Shape (..., min(m, n)).
    """
    batch, (m, n) = _split("linalg.svdvals", A)
    return svdvals_op(A.reshape(-1, m, n)).reshape(*batch, min(m, n))


def svd(A: Tensor, full_matrices: bool = True, *, driver: str | None = None) -> Any:
    """Singular value decomposition ``A = U @ diag(S) @ Vh`` of real matrices.

    Parameters
    ----------
    A : Tensor
        Shape (..., m, n), floating.
    full_matrices : bool, default True
        Square U and Vh; their further columns have no gradient, so this form is refused
        for a tensor that requires grad.

    Returns
    -------
    named tuple (U, S, Vh)
    """
    batch, (m, n) = _split("linalg.svd", A)
    k = min(m, n)
    flat = A.reshape(-1, m, n)
    if full_matrices and m != n:
        if A.requires_grad:
            raise RuntimeError(
                "linalg.svd: the gradient of the full U and Vh is not well defined; "
                "use full_matrices=False when computing gradients"
            )
        return _full(flat, batch, m, n)
    u, s, vh = svd_op(flat)
    return return_types.linalg_svd(
        u.reshape(*batch, m, k), s.reshape(*batch, k), vh.reshape(*batch, k, n)
    )


def _full(flat: Tensor, batch: tuple[int, ...], m: int, n: int) -> Any:
    from ..backends import backend_of

    found = backend_of(flat._array).xp.linalg.svd(flat._array, full_matrices=True)
    u, s, vh = (Tensor._from_array(x) for x in found)
    return return_types.linalg_svd(
        u.reshape(*batch, m, m), s.reshape(*batch, min(m, n)), vh.reshape(*batch, n, n)
    )


def _split(name: str, A: Tensor) -> tuple[tuple[int, ...], tuple[int, int]]:
    shape = sizes(tuple(A.shape))
    if len(shape) < 2:
        raise ShapeError(
            f"{name}: The input tensor A must have at least 2 dimensions, got shape {shape}"
        )
    return shape[:-2], (shape[-2], shape[-1])
