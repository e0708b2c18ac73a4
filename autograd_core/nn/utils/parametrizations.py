"""Parametrizations that are ready for use: orthogonal, spectral_norm and weight_norm."""

from __future__ import annotations

from typing import Any

from ... import dtypes, linalg, modes
from ..._tensor import Tensor
from ...ops import create
from ...ops.join import cat
from ...ops.linalg import mv, vdot
from ...ops.sampling import randn
from .. import functional as F
from ..modules.module import Module
from .parametrize import register_parametrization
from .spectral_norm import as_matrix, check_iterations, output_dim, random_direction
from .weight_norm import norm_except_dim, normalized

__all__ = ["orthogonal", "spectral_norm", "weight_norm"]


def _tensor_of(module: Module, name: str) -> Tensor:
    weight = getattr(module, name, None)
    if not isinstance(weight, Tensor):
        raise ValueError(f"Module '{module}' has no parameter or buffer with name '{name}'")
    return weight


# ------------------------------------------------------------------ weight_norm


class _WeightNorm(Module):
    def __init__(self, dim: int | None = 0):
        super().__init__()
        self.dim = -1 if dim is None else dim

    def forward(self, weight_g: Tensor, weight_v: Tensor) -> Tensor:
        """Of the direction `weight_v` and the length `weight_g`."""
        return normalized(weight_v, weight_g, self.dim)

    def right_inverse(self, weight: Tensor) -> tuple[Tensor, Tensor]:
        """Length and direction."""
        return norm_except_dim(weight, 2, self.dim), weight


def weight_norm(module: Any, name: str = "weight", dim: int | None = 0) -> Any:
    """Learn the length (``original0``) and the direction (``original1``) of a weight apart.

    Source: Salimans and Kingma, "Weight Normalization", 2016.

    Parameters
    ----------
    module : Module
        Changed in place, and returned.
    name : str, default "weight"
        Which parameter.
    dim : int or None, default 0
        Which dimension has lengths of its own; None: one length for all.
    """
    register_parametrization(module, name, _WeightNorm(dim), unsafe=True)

    def take_older_keys(_: Any, state: Any, prefix: str, *rest: Any) -> None:
        """Keys as `nn.utils.weight_norm` writes them."""
        old = [f"{prefix}{name}_{part}" for part in "gv"]
        if all(key in state for key in old):
            for i, key in enumerate(old):
                state[f"{prefix}parametrizations.{name}.original{i}"] = state.pop(key)

    module.register_load_state_dict_pre_hook(take_older_keys)
    return module


# ------------------------------------------------------------------ spectral_norm


class _SpectralNorm(Module):
    _u: Tensor
    _v: Tensor

    def __init__(
        self, weight: Tensor, n_power_iterations: int = 1, dim: int = 0, eps: float = 1e-12
    ):
        super().__init__()
        ndim = weight.ndim
        if not -ndim <= dim < ndim:
            raise IndexError(
                f"Dimension out of range (expected to be in range of [-{ndim}, {ndim - 1}] "
                f"but got {dim})"
            )
        check_iterations(n_power_iterations)
        self.dim = dim % ndim
        self.eps = eps
        if ndim > 1:
            self.n_power_iterations = n_power_iterations
            matrix = as_matrix(weight.detach(), self.dim)
            rows, columns = matrix.shape
            self.register_buffer("_u", random_direction(weight, rows, eps))
            self.register_buffer("_v", random_direction(weight, columns, eps))
            self._power_method(matrix, 15)

    def _power_method(self, matrix: Tensor, rounds: int) -> None:
        with modes.no_grad():
            for _ in range(rounds):
                self._u.copy_(F.normalize(mv(matrix, self._v), dim=0, eps=self.eps))
                self._v.copy_(F.normalize(mv(matrix.t(), self._u), dim=0, eps=self.eps))

    def forward(self, weight: Tensor) -> Tensor:
        """The weight divided by its largest singular value."""
        if weight.ndim == 1:
            return F.normalize(weight, dim=0, eps=self.eps)
        matrix = as_matrix(weight, self.dim)
        if self.training:
            self._power_method(matrix, self.n_power_iterations)
        u, v = self._u.clone(), self._v.clone()  # the buffers change at the next forward
        return weight / vdot(u, mv(matrix, v))

    def right_inverse(self, value: Tensor) -> Tensor:
        """The value itself: assigning a weight stores it before its division."""
        return value


def spectral_norm(
    module: Any,
    name: str = "weight",
    n_power_iterations: int = 1,
    eps: float = 1e-12,
    dim: int | None = None,
) -> Any:
    """Divide a weight by its largest singular value, which power iteration follows.

    Source: Miyato and others, "Spectral Normalization for Generative Adversarial Networks",
    2018.

    Parameters
    ----------
    module : Module
        Changed in place, and returned.
    name : str, default "weight"
        Which parameter.
    n_power_iterations : int, default 1
        Rounds of power iteration each time the weight is read in training.
    eps : float, default 1e-12
        The smallest norm that is divided by.
    dim : int, optional
        The dimension of outputs; found out from the module unless given.
    """
    weight = _tensor_of(module, name)
    where = output_dim(module) if dim is None else dim
    made = _SpectralNorm(weight, n_power_iterations, where, eps)
    return register_parametrization(module, name, made)


# ------------------------------------------------------------------ orthogonal

_MAPS = ("matrix_exp", "cayley", "householder")


class _Orthogonal(Module):
    base: Tensor

    def __init__(self, weight: Tensor, orthogonal_map: str, *, use_trivialization: bool = True):
        super().__init__()
        if weight.is_complex() and orthogonal_map == "householder":
            raise ValueError("The householder parametrization does not support complex tensors.")
        self.shape = weight.shape
        self.orthogonal_map = orthogonal_map
        if use_trivialization:
            self.register_buffer("base", None)

    def forward(self, X: Tensor) -> Tensor:
        """A matrix with orthonormal columns (or rows, where those are fewer)."""
        wide = X.shape[-2] < X.shape[-1]
        X = X.mT if wide else X
        Q = self._reflected(X) if self.orthogonal_map == "householder" else self._rotated(X)
        if "base" in self._buffers:
            Q = self.base @ Q
        return Q.mT if wide else Q

    def _rotated(self, X: Tensor) -> Tensor:
        """The exponential, or the Cayley transform, of a skew-symmetric matrix."""
        n, k = X.shape[-2:]
        X = X.tril()
        if n != k:
            X = cat([X, X.new_zeros((*X.shape[:-1], n - k))], dim=-1)
        A = X - X.mH
        if self.orthogonal_map == "matrix_exp":
            Q = linalg.matrix_exp(A)
        else:
            eye = create.eye(n, dtype=A.dtype, device=A.device)
            Q = linalg.solve(eye - A * 0.5, eye + A * 0.5)
        return Q[..., :k] if n != k else Q

    def _reflected(self, X: Tensor) -> Tensor:
        """A product of reflections."""
        A = X.tril(-1)
        Q = linalg.householder_product(A, 2.0 / (1.0 + (A * A).sum(dim=-2)))
        return Q * X.diagonal(dim1=-2, dim2=-1).to(dtypes.int32).unsqueeze(-2)

    def right_inverse(self, Q: Tensor) -> Tensor:
        """What the given matrix, or one with the same first columns made right, comes from."""
        if Q.shape != self.shape:
            raise ValueError(
                f"Expected a matrix or batch of matrices of shape {self.shape}. "
                f"Got a tensor of shape {Q.shape}."
            )
        wide = Q.shape[-2] < Q.shape[-1]
        with modes.no_grad():
            tall = Q.mT if wide else Q
            if "base" not in self._buffers:
                found = self._reflections_of(tall)
                return found.mT if wide else found
            self.base = self._completed(tall)
            found = Q.new_zeros(Q.shape)
            found.diagonal(dim1=-2, dim2=-1).fill_(-1.0)
            return found

    def _reflections_of(self, Q: Tensor) -> Tensor:
        if self.orthogonal_map != "householder":
            raise NotImplementedError(
                "It is not possible to assign to the matrix exponential or the Cayley "
                "parametrizations when use_trivialization=False."
            )
        A, tau = _geqrf(Q)
        signs = A.diagonal(dim1=-2, dim2=-1)
        signs.sign_()
        signs[tau.eq(0.0)] *= -1
        return A

    def _completed(self, Q: Tensor) -> Tensor:
        """A square orthogonal matrix with these columns first, orthonormalised if need be."""
        n, k = Q.shape[-2:]
        if n != k:
            more = randn(*Q.shape[:-1], n - k, dtype=Q.dtype, device=Q.device)
            return _orthonormal(cat([Q, more], dim=-1))
        return Q.clone() if _is_orthogonal(Q) else _orthonormal(Q)


def _geqrf(A: Tensor) -> tuple[Tensor, Tensor]:
    from ... import geqrf  # type: ignore[attr-defined, unused-ignore]

    return geqrf(A)  # type: ignore[no-any-return, unused-ignore]


def _is_orthogonal(Q: Tensor) -> bool:
    n, k = Q.shape[-2:]
    eye = create.eye(k, dtype=Q.dtype, device=Q.device)
    near = 10.0 * n * dtypes.finfo(Q.dtype).eps
    return (Q.mH @ Q).allclose(eye.expand(*Q.shape[:-2], k, k), atol=near)


def _orthonormal(A: Tensor) -> Tensor:
    """The columns made orthonormal, by the QR factorisation with a positive diagonal."""
    X, tau = _geqrf(A)
    signs = X.diagonal(dim1=-2, dim2=-1).sgn().unsqueeze(-2)
    return linalg.householder_product(X, tau) * signs


def orthogonal(
    module: Any,
    name: str = "weight",
    orthogonal_map: str | None = None,
    *,
    use_trivialization: bool = True,
) -> Any:
    """Keep a matrix, or a batch of matrices, orthogonal while it is learned.

    Sources: Lezcano-Casado and Martínez-Rubio, "Cheap Orthogonal Constraints in Neural
    Networks", 2019; Lezcano-Casado, "Trivializations for Gradient-Based Optimization on
    Manifolds", 2019.

    Parameters
    ----------
    module : Module
        Changed in place, and returned.
    name : str, default "weight"
        Which parameter.
    orthogonal_map : {"matrix_exp", "cayley", "householder"}, optional
        Default: ``matrix_exp`` for square or complex matrices, else ``householder``.
    use_trivialization : bool, default True
        Learn a turn away from where the matrix was when it was last assigned.
    """
    weight = _tensor_of(module, name)
    if weight.ndim < 2:
        raise ValueError(
            f"Expected a matrix or batch of matrices. Got a tensor of {weight.ndim} dimensions."
        )
    if orthogonal_map is None:
        square = weight.shape[-2] == weight.shape[-1]
        orthogonal_map = "matrix_exp" if square or weight.is_complex() else "householder"
    if orthogonal_map not in _MAPS:
        raise ValueError(
            'orthogonal_map has to be one of "matrix_exp", "cayley", "householder". '
            f"Got: {orthogonal_map}"
        )
    made = _Orthogonal(weight, orthogonal_map, use_trivialization=use_trivialization)
    return register_parametrization(module, name, made, unsafe=True)
