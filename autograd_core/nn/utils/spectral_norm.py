"""Spectral normalisation: a weight divided by its largest singular value, before each forward.

The value is followed by power iteration, one round a forward in training.  Source: Miyato
and others, "Spectral Normalization for Generative Adversarial Networks", 2018.  This is the
older way, by a hook; `parametrizations.spectral_norm` does the same by a property.
"""

from __future__ import annotations

from typing import Any

from ... import modes
from ..._tensor import Tensor
from ...ops.linalg import dot, mv
from ...ops.sampling import randn
from .. import functional as F
from ..modules import convolution
from ..modules.module import Module
from ..parameter import Parameter

__all__ = ["SpectralNorm", "remove_spectral_norm", "spectral_norm"]


def as_matrix(weight: Tensor, dim: int) -> Tensor:
    """A weight as a matrix whose rows are its dimension `dim`."""
    if dim:
        weight = weight.permute(dim, *(i for i in range(weight.ndim) if i != dim))
    return weight.reshape(weight.shape[0], -1)


def output_dim(module: Module) -> int:
    """Which dimension of a module's weight counts outputs: 1 of a transposed convolution."""
    transposed = [getattr(convolution, f"ConvTranspose{n}d", None) for n in (1, 2, 3)]
    return 1 if isinstance(module, tuple(kind for kind in transposed if kind)) else 0


def random_direction(like: Tensor, size: int, eps: float) -> Tensor:
    """A random unit vector."""
    drawn = randn(size, dtype=like.dtype, device=like.device)
    return F.normalize(drawn, dim=0, eps=eps)


def check_iterations(count: int) -> None:
    """Refuse a number of iterations that is not positive."""
    if count <= 0:
        raise ValueError(
            f"Expected n_power_iterations to be positive, but got n_power_iterations={count}"
        )


class SpectralNorm:
    """The hook that computes the weight before forward."""

    _version = 1

    def __init__(
        self,
        name: str = "weight",
        n_power_iterations: int = 1,
        dim: int = 0,
        eps: float = 1e-12,
    ):
        check_iterations(n_power_iterations)
        self.name = name
        self.dim = dim
        self.n_power_iterations = n_power_iterations
        self.eps = eps

    def compute_weight(self, module: Module, do_power_iteration: bool) -> Tensor:
        """The original weight divided by its largest singular value."""
        weight, u, v = (getattr(module, f"{self.name}_{part}") for part in ("orig", "u", "v"))
        matrix = as_matrix(weight, self.dim)
        if do_power_iteration:
            with modes.no_grad():
                for _ in range(self.n_power_iterations):
                    v.copy_(F.normalize(mv(matrix.t(), u), dim=0, eps=self.eps))
                    u.copy_(F.normalize(mv(matrix, v), dim=0, eps=self.eps))
                u, v = u.clone(), v.clone()  # the buffers change at the next forward
        return weight / dot(u, mv(matrix, v))

    @staticmethod
    def apply(
        module: Module, name: str, n_power_iterations: int, dim: int, eps: float
    ) -> SpectralNorm:
        """Move the parameter aside, and put the hook."""
        for hook in module._forward_pre_hooks.values():
            if isinstance(hook, SpectralNorm) and hook.name == name:
                raise RuntimeError(
                    f"Cannot register two spectral_norm hooks on the same parameter {name}"
                )
        made = SpectralNorm(name, n_power_iterations, dim, eps)
        weight = module._parameters[name]
        if weight is None:
            raise ValueError(f"`SpectralNorm` cannot be applied as parameter `{name}` is None")
        rows, columns = as_matrix(weight.detach(), dim).shape
        delattr(module, name)
        module.register_parameter(f"{name}_orig", weight)
        setattr(module, name, weight.detach())
        module.register_buffer(f"{name}_u", random_direction(weight, rows, eps))
        module.register_buffer(f"{name}_v", random_direction(weight, columns, eps))
        module.register_forward_pre_hook(made)
        module._register_state_dict_hook(made._note_version)
        return made

    def _note_version(self, module: Any, state: Any, prefix: str, local_metadata: Any) -> None:
        known = local_metadata.setdefault("spectral_norm", {})
        known[f"{self.name}.version"] = self._version

    def remove(self, module: Module) -> None:
        """Make the computed weight an ordinary parameter."""
        with modes.no_grad():
            weight = self.compute_weight(module, do_power_iteration=False)
        for part in ("", "_u", "_v", "_orig"):
            delattr(module, self.name + part)
        module.register_parameter(self.name, Parameter(weight.detach()))

    def __call__(self, module: Module, inputs: Any) -> None:
        """Compute the weight anew."""
        setattr(module, self.name, self.compute_weight(module, module.training))


def spectral_norm(
    module: Any,
    name: str = "weight",
    n_power_iterations: int = 1,
    eps: float = 1e-12,
    dim: int | None = None,
) -> Any:
    """Divide a weight by its largest singular value, before each forward.

    Parameters
    ----------
    module : Module
        Changed in place, and returned.
    name : str, default "weight"
        Which parameter.
    n_power_iterations : int, default 1
        Rounds of power iteration for each forward in training.
    eps : float, default 1e-12
        Added nowhere, but the smallest norm that is divided by.
    dim : int, optional
        The dimension of outputs; found out from the module unless given.
    """
    where = output_dim(module) if dim is None else dim
    SpectralNorm.apply(module, name, n_power_iterations, where, eps)
    return module


def remove_spectral_norm(module: Any, name: str = "weight") -> Any:
    """Undo `spectral_norm`; ValueError where there is none."""
    for key, hook in module._forward_pre_hooks.items():
        if isinstance(hook, SpectralNorm) and hook.name == name:
            hook.remove(module)
            del module._forward_pre_hooks[key]
            noted = module._state_dict_hooks
            for other in [k for k, h in noted.items() if getattr(h, "__self__", None) is hook]:
                del noted[other]
            return module
    raise ValueError(f"spectral_norm of '{name}' not found in {module}")
