"""NAdam."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from .._tensor import Tensor
from .elementwise import Elementwise
from .settings import check_betas, check_settings, settings

__all__ = ["NAdam"]


class NAdam(Elementwise):
    """Adam that looks ahead, as Nesterov's momentum does (Dozat 2016).

    ::

        mu_t = beta1 * (1 - 0.96^(t * momentum_decay) / 2),  M_t = mu_1 * ... * mu_t
        m = beta1 * m + (1 - beta1) * g
        v = beta2 * v + (1 - beta2) * g²
        d = sqrt(v / (1 - beta2^t)) + eps
        p = p - lr * ((1 - mu_t) / (1 - M_t) * g + mu_{t+1} / (1 - M_{t+1}) * m) / d

    Parameters
    ----------
    params : iterable
        What to optimize.
    lr : float or Tensor of one element, default 2e-3
        Learning rate.
    betas : pair of float, default (0.9, 0.999)
        Decay of the two moments.
    eps : float, default 1e-8
        Added to the denominator.
    weight_decay : float, default 0
        Added to the gradient, times the parameter.
    momentum_decay : float, default 4e-3
        How fast the look ahead grows.
    decoupled_weight_decay : bool, default False
        Take the decay from the parameter itself, as `AdamW`.
    foreach, maximize, capturable, differentiable
        See `SGD` and `Adam`.

    Raises
    ------
    ValueError
        If a setting is out of its range.
    """

    _numbers = ("step", "mu_product")

    def __init__(
        self,
        params: Iterable[Any],
        lr: float | Tensor = 2e-3,
        betas: tuple[float, float] = (0.9, 0.999),
        eps: float = 1e-8,
        weight_decay: float = 0,
        momentum_decay: float = 4e-3,
        decoupled_weight_decay: bool = False,
        *,
        foreach: bool | None = None,
        maximize: bool = False,
        capturable: bool = False,
        differentiable: bool = False,
    ):
        defaults = settings(locals())
        check_settings(lr=lr, eps=eps)
        check_betas(betas)
        check_settings(weight_decay=weight_decay, momentum_decay=momentum_decay)
        super().__init__(params, defaults)

    def _initial(self, group: dict[str, Any]) -> dict[str, Any]:
        return {"step": 0, "mu_product": 1, "exp_avg": 0, "exp_avg_sq": 0}

    @staticmethod
    def _rule(  # type: ignore[override]
        xp: Any, p: Any, g: Any, s: Any, *, lr: Any, betas: Any, eps: float, momentum_decay: float,
        **_: Any,
    ) -> None:  # fmt: skip
        (beta1, beta2), t = betas, float(s["step"])
        mu = beta1 * (1 - 0.5 * 0.96 ** (t * momentum_decay))
        mu_next = beta1 * (1 - 0.5 * 0.96 ** ((t + 1) * momentum_decay))
        s["mu_product"] = s["mu_product"] * mu  # in the precision that it is kept in
        product = float(s["mu_product"])
        m, v = s["exp_avg"], s["exp_avg_sq"]
        m += (g - m) * (1 - beta1)
        v *= beta2
        v += g * g * (1 - beta2)
        d = xp.sqrt(v / (1 - beta2**t)) + eps
        p -= g / d * (lr * (1 - mu) / (1 - product))
        p -= m / d * (lr * mu_next / (1 - product * mu_next))
