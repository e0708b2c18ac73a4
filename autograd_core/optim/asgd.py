"""Averaged stochastic gradient descent."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from .._tensor import Tensor
from .elementwise import Elementwise
from .settings import check_settings, number, settings

__all__ = ["ASGD"]


class ASGD(Elementwise):
    """Gradient descent that keeps a mean of where it was (Polyak and Juditsky 1992).

    ::

        p = p * (1 - lambd * eta) - eta * g
        ax = ax + mu * (p - ax)
        eta = lr / (1 + lambd * lr * t)^alpha,   mu = 1 / max(1, t - t0)

    Parameters
    ----------
    params : iterable
        What to optimize.
    lr : float or Tensor of one element, default 1e-2
        Learning rate.
    lambd, alpha : float, default 1e-4, 0.75
        Decay of the parameter; the power of the decay of the rate.
    t0 : float, default 1e6
        From which step on to average; the mean is in ``state[p]["ax"]``.
    weight_decay : float, default 0
        Added to the gradient, times the parameter.
    foreach, maximize, differentiable, capturable
        See `SGD` and `Adam`.

    Raises
    ------
    ValueError
        If a setting is out of its range.
    """

    _numbers = ("step", "eta", "mu")

    def __init__(
        self,
        params: Iterable[Any],
        lr: float | Tensor = 1e-2,
        lambd: float = 1e-4,
        alpha: float = 0.75,
        t0: float = 1e6,
        weight_decay: float = 0,
        foreach: bool | None = None,
        maximize: bool = False,
        differentiable: bool = False,
        capturable: bool = False,
    ):
        defaults = settings(locals())
        check_settings(lr=lr, weight_decay=weight_decay)
        super().__init__(params, defaults)

    def _initial(self, group: dict[str, Any]) -> dict[str, Any]:
        return {"step": 0, "eta": number(group["lr"]), "mu": 1, "ax": 0}

    @staticmethod
    def _rule(  # type: ignore[override]
        xp: Any, p: Any, g: Any, s: Any, *, lr: Any, lambd: float, alpha: float, t0: float, **_: Any
    ) -> None:
        t, eta, mu, ax = float(s["step"]), float(s["eta"]), float(s["mu"]), s["ax"]
        p *= 1 - lambd * eta
        p -= g * eta
        if mu == 1:
            ax[...] = p
        else:
            ax += (p - ax) * mu
        s["eta"] = float(lr / (1 + lambd * lr * t) ** alpha)
        s["mu"] = 1 / max(1.0, t - t0)
