"""Muon."""

from __future__ import annotations

import math
from collections.abc import Iterable
from typing import Any

import numpy as np

from .._tensor import Tensor
from ..backends import backend_of
from .optimizer import Optimizer
from .settings import check_one_element, number, settings

__all__ = ["Muon"]


class Muon(Optimizer):
    """Momentum whose matrix is made orthogonal by Newton and Schulz's iteration (Jordan 2024).

    ::

        b = b + (1 - momentum) * (g - b)
        u = g + momentum * (b - g)                   (b itself, if not nesterov)
        p = p * (1 - lr * weight_decay) - lr * ratio * orthogonal(u)

    For the matrices of hidden layers; leave other parameters to another optimizer. The iteration
    works in the precision of bfloat16, as PyTorch's does.

    Parameters
    ----------
    params : iterable
        What to optimize: matrices.
    lr, weight_decay, momentum : float, default 1e-3, 0.1, 0.95
        As above.
    nesterov : bool, default True
        Look ahead.
    ns_coefficients : three floats
        Of the polynomial ``a x + b x³ + c x⁵`` that drives singular values towards 1.
    eps : float, default 1e-7
        The least norm to divide by.
    ns_steps : int, default 5
        How often the polynomial is applied; less than 100.
    adjust_lr_fn : {"original", "match_rms_adamw"}, optional
        The ratio for an A x B matrix: ``sqrt(max(1, A / B))`` (also if None), or
        ``0.2 * sqrt(max(A, B))``.

    Raises
    ------
    ValueError
        If a setting is out of its range, or a parameter is no matrix.
    """

    def __init__(
        self,
        params: Iterable[Any],
        lr: float | Tensor = 1e-3,
        weight_decay: float = 0.1,
        momentum: float = 0.95,
        nesterov: bool = True,
        ns_coefficients: tuple[float, float, float] = (3.4445, -4.7750, 2.0315),
        eps: float = 1e-7,
        ns_steps: int = 5,
        adjust_lr_fn: str | None = None,
    ):
        defaults = settings(locals())
        check_one_element("lr", lr)
        for name, value in (
            ("Learning rate", lr),
            ("momentum", momentum),
            ("weight decay", weight_decay),
        ):
            if not value >= 0.0:
                raise ValueError(f"{name} should be >= 0 but is: {value}")
        if adjust_lr_fn not in (None, "original", "match_rms_adamw"):
            raise ValueError(f"Adjust learning rate function {adjust_lr_fn} is not supported")
        super().__init__(params, defaults)

    def add_param_group(self, param_group: dict[str, Any]) -> None:
        """Add matrices with settings of their own."""
        super().add_param_group(param_group)
        for p in param_group["params"]:
            if p.ndim != 2:
                self.param_groups.pop()
                raise ValueError(
                    "Muon only supports 2D parameters whereas we found a parameter with size: "
                    f"{p.shape!r}"
                )

    def _step_group(self, group: dict[str, Any]) -> None:
        members = [p for p in group["params"] if p._grad is not None]
        if any(p.is_complex() for p in members):
            raise RuntimeError("Muon does not support complex parameters")
        if group["ns_steps"] >= 100:
            raise ValueError("Number of steps must be less than 100 for computational efficiency")
        if len(group["ns_coefficients"]) != 3:
            raise ValueError("Coefficients must be a tuple of exactly 3 values")
        lr, momentum = number(group["lr"]), group["momentum"]
        for p in members:
            array, g = p._array, p._grad._array
            xp, s = backend_of(array).xp, self.state[p]
            if "momentum_buffer" not in s:
                s["momentum_buffer"] = Tensor._from_array(xp.zeros_like(g))
            with backend_of(array).activate([array]):
                b = s["momentum_buffer"]._array
                b += (g - b) * (1 - momentum)
                u = g + (b - g) * momentum if group["nesterov"] else b
                u = _orthogonal(xp, u, group["ns_coefficients"], group["ns_steps"], group["eps"])
                ratio = _ratio(group["adjust_lr_fn"], *array.shape)
                array *= 1 - lr * group["weight_decay"]
                array -= (u * (lr * ratio)).astype(array.dtype)
            p._bump("Muon.step")


def _ratio(adjust: str | None, rows: int, columns: int) -> float:
    if adjust == "match_rms_adamw":
        return 0.2 * math.sqrt(max(rows, columns))
    return math.sqrt(max(1, rows / columns))


def _orthogonal(xp: Any, u: Any, coefficients: Any, steps: int, eps: float) -> Any:
    """The matrix with its singular values driven towards 1."""
    a, b, c = coefficients
    x = _coarse(xp, u.astype(np.float32))
    tall = x.shape[0] > x.shape[1]
    x = x.T if tall else x
    x = _coarse(xp, x / xp.maximum(_coarse(xp, xp.sqrt((x * x).sum())), eps))
    for _ in range(steps):
        gram = _coarse(xp, x @ x.T)
        factor = _coarse(xp, gram * b + gram @ gram * c)
        x = _coarse(xp, x * a + factor @ x)
    return x.T if tall else x


def _coarse(xp: Any, x: Any) -> Any:
    """Values of float32, rounded to what bfloat16 has: to the nearest, ties to even."""
    bits = xp.ascontiguousarray(x).view(np.uint32)
    bits = bits + (((bits >> 16) & 1) + 0x7FFF).astype(np.uint32)
    return (bits & np.uint32(0xFFFF0000)).view(np.float32).reshape(x.shape)
