"""Ways to fill parameters with their first values.

Sources: Glorot and Bengio 2010 (xavier), He and others 2015 (kaiming), Saxe and others
2013 (orthogonal).  All work in place, outside any graph, and return the tensor.
"""

from __future__ import annotations

import math
import warnings
from typing import Any

import numpy as np

from .. import random
from .._tensor import Tensor

__all__ = [
    "calculate_gain", "constant_", "dirac_", "eye_", "kaiming_normal_", "kaiming_uniform_",
    "normal_", "ones_", "orthogonal_", "sparse_", "trunc_normal_", "uniform_", "xavier_normal_",
    "xavier_uniform_", "zeros_",
]  # fmt: skip


def _fill(tensor: Tensor, values: Any, name: str) -> Tensor:
    tensor._array[...] = values
    tensor._bump(f"init.{name}")
    return tensor


def _draw(tensor: Tensor, kind: str, generator: Any) -> Any:
    stream, owner = random.stream_for(generator, tensor._array)
    return stream.draw(owner, kind, tensor._array.shape, tensor._array.dtype)


def uniform_(tensor: Tensor, a: float = 0.0, b: float = 1.0, generator: Any = None) -> Tensor:
    """Evenly distributed over [a, b)."""
    return _fill(tensor, _draw(tensor, "random", generator) * (b - a) + a, "uniform_")


def normal_(tensor: Tensor, mean: float = 0.0, std: float = 1.0, generator: Any = None) -> Tensor:
    """Normally distributed."""
    drawn = _draw(tensor, "standard_normal", generator)
    return _fill(tensor, drawn * std + mean, "normal_")


def trunc_normal_(
    tensor: Tensor,
    mean: float = 0.0,
    std: float = 1.0,
    a: float = -2.0,
    b: float = 2.0,
    generator: Any = None,
) -> Tensor:
    """Normally distributed within [a, b]: the inverse of the distribution function, at random."""
    if mean < a - 2 * std or mean > b + 2 * std:
        warnings.warn(
            "mean is more than 2 std from [a, b] in nn.init.trunc_normal_. "
            "The distribution of values may be incorrect.",
            stacklevel=2,
        )
    low, high = (math.erf((bound - mean) / (std * math.sqrt(2))) for bound in (a, b))
    drawn = _draw(tensor, "random", generator) * (high - low) + low
    values = Tensor._from_array(drawn).erfinv()._array * (std * math.sqrt(2)) + mean
    return _fill(tensor, values.clip(a, b), "trunc_normal_")


def constant_(tensor: Tensor, val: float) -> Tensor:
    """All `val`."""
    return _fill(tensor, val, "constant_")


def ones_(tensor: Tensor) -> Tensor:
    """All 1."""
    return _fill(tensor, 1, "ones_")


def zeros_(tensor: Tensor) -> Tensor:
    """All 0."""
    return _fill(tensor, 0, "zeros_")


def eye_(tensor: Tensor) -> Tensor:
    """The identity, for a matrix."""
    if tensor.ndim != 2:
        raise ValueError("Only tensors with 2 dimensions are supported")
    return _fill(tensor, _on_device(tensor, np.eye(*tensor.shape)), "eye_")


def dirac_(tensor: Tensor, groups: int = 1) -> Tensor:
    """The identity, for the weight of a convolution: each channel is handed on."""
    if tensor.ndim not in (3, 4, 5):
        raise ValueError("Only tensors with 3, 4, or 5 dimensions are supported")
    out = tensor.shape[0]
    if out % groups:
        raise ValueError("dim 0 must be divisible by groups")
    values = np.zeros(tensor.shape)
    middle = tuple(n // 2 for n in tensor.shape[2:])
    each = out // groups
    for group in range(groups):
        for d in range(min(each, tensor.shape[1])):
            values[(group * each + d, d, *middle)] = 1
    return _fill(tensor, _on_device(tensor, values), "dirac_")


def _on_device(tensor: Tensor, values: np.ndarray[Any, Any]) -> Any:
    from ..backends import move

    return move(values.astype(tensor._array.dtype), tensor.device)


def calculate_gain(nonlinearity: str, param: Any = None) -> float:
    """The factor by which weights before a nonlinearity are to be scaled.

    Raises
    ------
    ValueError
        If the nonlinearity is not known.
    """
    fixed = {"tanh": 5.0 / 3, "relu": math.sqrt(2.0), "selu": 3.0 / 4}
    if nonlinearity in fixed:
        return fixed[nonlinearity]
    if nonlinearity in ("linear", "sigmoid") or nonlinearity.startswith("conv"):
        return 1
    if nonlinearity == "leaky_relu":
        slope = 0.01 if param is None else param
        if isinstance(slope, bool) or not isinstance(slope, int | float):
            raise ValueError(f"negative_slope {param} not a valid number")
        return math.sqrt(2.0 / (1 + slope**2))
    raise ValueError(f"Unsupported nonlinearity {nonlinearity}")


def _fans(tensor: Tensor) -> tuple[int, int]:
    """How many inputs and outputs a unit has."""
    if tensor.ndim < 2:
        raise ValueError(
            "Fan in and fan out can not be computed for tensor with fewer than 2 dimensions"
        )
    field = math.prod(tensor.shape[2:])
    return tensor.shape[1] * field, tensor.shape[0] * field


def _fan(tensor: Tensor, mode: str) -> int:
    modes = ("fan_in", "fan_out")
    if mode.lower() not in modes:
        raise ValueError(f"Mode {mode} not supported, please use one of {list(modes)}")
    return _fans(tensor)[modes.index(mode.lower())]


def xavier_uniform_(tensor: Tensor, gain: float = 1.0, generator: Any = None) -> Tensor:
    """Uniform, with the variance 2 / (fan_in + fan_out) that keeps signals and gradients even."""
    bound = gain * math.sqrt(6.0 / sum(_fans(tensor)))
    return uniform_(tensor, -bound, bound, generator)


def xavier_normal_(tensor: Tensor, gain: float = 1.0, generator: Any = None) -> Tensor:
    """Normal, with the variance 2 / (fan_in + fan_out)."""
    return normal_(tensor, 0.0, gain * math.sqrt(2.0 / sum(_fans(tensor))), generator)


def kaiming_uniform_(
    tensor: Tensor,
    a: float = 0,
    mode: str = "fan_in",
    nonlinearity: str = "leaky_relu",
    generator: Any = None,
) -> Tensor:
    """Uniform, with the variance gain² / fan that keeps signals even through relu layers.

    Parameters
    ----------
    a : float, default 0
        The slope of the leaky relu that follows.
    mode : {"fan_in", "fan_out"}
        Keep the forward or the backward signal even.
    """
    if not tensor._array.size:
        warnings.warn("Initializing zero-element tensors is a no-op", stacklevel=2)
        return tensor
    bound = math.sqrt(3.0) * calculate_gain(nonlinearity, a) / math.sqrt(_fan(tensor, mode))
    return uniform_(tensor, -bound, bound, generator)


def kaiming_normal_(
    tensor: Tensor,
    a: float = 0,
    mode: str = "fan_in",
    nonlinearity: str = "leaky_relu",
    generator: Any = None,
) -> Tensor:
    """Normal, with the variance gain² / fan; see `kaiming_uniform_`."""
    if not tensor._array.size:
        warnings.warn("Initializing zero-element tensors is a no-op", stacklevel=2)
        return tensor
    std = calculate_gain(nonlinearity, a) / math.sqrt(_fan(tensor, mode))
    return normal_(tensor, 0.0, std, generator)


def orthogonal_(tensor: Tensor, gain: float = 1, generator: Any = None) -> Tensor:
    """Rows (or columns) of length `gain`, at right angles to one another."""
    if tensor.ndim < 2:
        raise ValueError("Only tensors with 2 or more dimensions are supported")
    if not tensor._array.size:
        return tensor
    rows, columns = tensor.shape[0], tensor.numel() // tensor.shape[0]
    stream, owner = random.stream_for(generator, tensor._array)
    shape = (max(rows, columns), min(rows, columns))
    q, r = owner.xp.linalg.qr(stream.draw(owner, "standard_normal", shape, np.float64))
    q = q * owner.xp.sign(owner.xp.diagonal(r))
    values = (q.T if rows < columns else q).reshape(tensor._array.shape)
    return _fill(tensor, values * gain, "orthogonal_")


def sparse_(tensor: Tensor, sparsity: float, std: float = 0.01, generator: Any = None) -> Tensor:
    """Normal, with a share `sparsity` of each column set to 0 (Martens 2010)."""
    if tensor.ndim != 2:
        raise ValueError("Only tensors with 2 dimensions are supported")
    rows, columns = tensor.shape
    normal_(tensor, 0.0, std, generator)
    stream, owner = random.stream_for(generator, tensor._array)
    for column in range(columns):
        zeroed = stream.permutation(owner, rows)[: math.ceil(sparsity * rows)]
        tensor._array[zeroed, column] = 0
    return tensor
