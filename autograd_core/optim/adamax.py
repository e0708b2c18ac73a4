"""Adamax."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from .._tensor import Tensor
from .elementwise import Elementwise
from .settings import check_betas, check_settings, settings

__all__ = ["Adamax"]


class Adamax(Elementwise):
    """Adam with the largest gradient in place of the second moment (Kingma and Ba 2014).

    ::

        m = beta1 * m + (1 - beta1) * g
        u = max(beta2 * u, |g| + eps)
        p = p - lr / (1 - beta1^t) * m / u

    Parameters
    ----------
    params : iterable
        What to optimize.
    lr : float or Tensor of one element, default 2e-3
        Learning rate.
    betas : pair of float, default (0.9, 0.999)
        Decay of the moment and of the maximum.
    eps : float, default 1e-8
        Added to the gradient's size.
    weight_decay : float, default 0
        Added to the gradient, times the parameter.
    foreach, maximize, differentiable, capturable
        See `SGD` and `Adam`.

    Raises
    ------
    ValueError
        If a setting is out of its range.
    """

    def __init__(
        self,
        params: Iterable[Any],
        lr: float | Tensor = 2e-3,
        betas: tuple[float, float] = (0.9, 0.999),
        eps: float = 1e-8,
        weight_decay: float = 0,
        foreach: bool | None = None,
        *,
        maximize: bool = False,
        differentiable: bool = False,
        capturable: bool = False,
    ):
        defaults = settings(locals())
        check_settings(lr=lr, eps=eps, weight_decay=weight_decay)
        check_betas(betas)
        super().__init__(params, defaults)

    def _initial(self, group: dict[str, Any]) -> dict[str, Any]:
        return {"step": 0, "exp_avg": 0, "exp_inf": 0}

    @staticmethod
    def _rule(  # type: ignore[override]
        xp: Any, p: Any, g: Any, s: Any, *, lr: Any, betas: Any, eps: float, **_: Any
    ) -> None:
        (beta1, beta2), t = betas, float(s["step"])
        m = s["exp_avg"]
        m += (g - m) * (1 - beta1)
        u = s["exp_inf"] = xp.maximum(s["exp_inf"] * beta2, xp.abs(g) + eps)
        p -= m / u * (lr / (1 - beta1**t))
