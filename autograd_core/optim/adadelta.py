"""Adadelta."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from .._tensor import Tensor
from .elementwise import Elementwise
from .settings import check_settings, settings

__all__ = ["Adadelta"]


class Adadelta(Elementwise):
    """Steps as large as recent steps were, over recent gradients (Zeiler 2012).

    ::

        v = rho * v + (1 - rho) * g²
        d = sqrt(a + eps) / sqrt(v + eps) * g
        a = rho * a + (1 - rho) * d²
        p = p - lr * d

    Parameters
    ----------
    params : iterable
        What to optimize.
    lr : float or Tensor of one element, default 1.0
        A factor.
    rho : float, default 0.9
        Decay of the two running means.
    eps : float, default 1e-6
        As above.
    weight_decay : float, default 0
        Added to the gradient, times the parameter.
    foreach, capturable, maximize, differentiable
        See `SGD` and `Adam`.

    Raises
    ------
    ValueError
        If a setting is out of its range.
    """

    def __init__(
        self,
        params: Iterable[Any],
        lr: float | Tensor = 1.0,
        rho: float = 0.9,
        eps: float = 1e-6,
        weight_decay: float = 0,
        foreach: bool | None = None,
        *,
        capturable: bool = False,
        maximize: bool = False,
        differentiable: bool = False,
    ):
        defaults = settings(locals())
        check_settings(lr=lr)
        if not 0.0 <= rho <= 1.0:
            raise ValueError(f"Invalid rho value: {rho}")
        check_settings(eps=eps, weight_decay=weight_decay)
        super().__init__(params, defaults)

    def _initial(self, group: dict[str, Any]) -> dict[str, Any]:
        return {"step": 0, "square_avg": 0, "acc_delta": 0}

    @staticmethod
    def _rule(  # type: ignore[override]
        xp: Any, p: Any, g: Any, s: Any, *, lr: Any, rho: float, eps: float, **_: Any
    ) -> None:
        v, a = s["square_avg"], s["acc_delta"]
        v *= rho
        v += g * g * (1 - rho)
        change = xp.sqrt(a + eps) / xp.sqrt(v + eps) * g
        a *= rho
        a += change * change * (1 - rho)
        p -= change * lr
