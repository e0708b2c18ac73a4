"""Linear algebra under PyTorch's older names and signatures, as functions and methods."""

from __future__ import annotations

from typing import Any

from .. import return_types
from .._tensor import Tensor, method
from ..declare import op
from .factor import cholesky_gradient, cholesky_op, lu_factor_ex
from .factor import qr as linalg_qr
from .matrices import check_matrices, check_square
from .spectral import svd as linalg_svd
from .spectral import svdvals


@op("CholeskyBackward0", name="legacy_cholesky", types="floating", holomorphic=False)
def legacy_cholesky(xp: Any, input: Any, *, upper: bool) -> Any:
    """`cholesky` under its older node's name."""
    return cholesky_op.forward(xp, input, upper=upper, check=True)


@legacy_cholesky.vjp
def _(F: Any, g: Any, result: Any, upper: bool) -> Any:
    return cholesky_gradient(F, g, result, upper)


@method()
def cholesky(input: Tensor, upper: bool = False) -> Tensor:
    """``torch.cholesky``, the older form of `linalg.cholesky`."""
    check_square("cholesky", input)
    return legacy_cholesky.call(input, upper=upper)


@method()
def qr(input: Tensor, some: bool = True) -> Any:
    """``torch.qr``, the older form of `linalg.qr`; ``some=False`` gives a square Q.

    Returns
    -------
    named tuple (Q, R)
    """
    return return_types.qr(*linalg_qr(input, "reduced" if some else "complete"))


@method()
def svd(input: Tensor, some: bool = True, compute_uv: bool = True) -> Any:
    """``torch.svd``, the older form of `linalg.svd`: V instead of its adjoint.

    Returns
    -------
    named tuple (U, S, V)
        Without `compute_uv`, U and V are zeros.
    """
    check_matrices("linalg.svd", input)
    if compute_uv:
        u, s, vh = linalg_svd(input, not some)
        return return_types.svd(u, s, vh.conj().transpose(-2, -1))
    m, n = input.shape[-2:]
    lead = tuple(input.shape[:-2])
    return return_types.svd(
        input.new_zeros((*lead, m, m)), svdvals(input), input.new_zeros((*lead, n, n))
    )


@method()
def lu(
    A: Tensor, pivot: bool = True, get_infos: bool = False
) -> tuple[Tensor, Tensor] | tuple[Tensor, Tensor, Tensor]:
    """``torch.lu``, the older form of `linalg.lu_factor`.

    Returns
    -------
    tuple (LU, pivots), or with `get_infos` (LU, pivots, infos)
    """
    packed, pivots, infos = lu_factor_ex(A, pivot=pivot, check_errors=not get_infos)
    return (packed, pivots, infos) if get_infos else (packed, pivots)


__all__ = ["cholesky", "lu", "qr", "svd"]
