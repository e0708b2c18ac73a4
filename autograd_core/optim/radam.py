"""RAdam."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from .._tensor import Tensor
from .elementwise import Elementwise
from .settings import check_betas, check_settings, settings

__all__ = ["RAdam"]


class RAdam(Elementwise):
    """Adam that waits for its second moment to be worth something (Liu and others 2019).

    ::

        m = beta1 * m + (1 - beta1) * g
        v = beta2 * v + (1 - beta2) * g²
        R = 2 / (1 - beta2) - 1,   r = R - 2 * t * beta2^t / (1 - beta2^t)
        p = p - lr * m / (1 - beta1^t) * a
        a = sqrt((r - 4) (r - 2) R / ((R - 4) (R - 2) r) * (1 - beta2^t)) / (sqrt(v) + eps)
            if r > 5, else 1

    Parameters
    ----------
    params : iterable
        What to optimize.
    lr : float or Tensor of one element, default 1e-3
        Learning rate.
    betas : pair of float, default (0.9, 0.999)
        Decay of the two moments.
    eps : float, default 1e-8
        Added to the denominator.
    weight_decay : float, default 0
        Added to the gradient, times the parameter.
    decoupled_weight_decay : bool, default False
        Take the decay from the parameter itself, as `AdamW`.
    foreach, maximize, capturable, differentiable
        See `SGD` and `Adam`.

    Raises
    ------
    ValueError
        If a setting is out of its range.
    """

    def __init__(
        self,
        params: Iterable[Any],
        lr: float | Tensor = 1e-3,
        betas: tuple[float, float] = (0.9, 0.999),
        eps: float = 1e-8,
        weight_decay: float = 0,
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
        check_settings(weight_decay=weight_decay)
        super().__init__(params, defaults)

    def _initial(self, group: dict[str, Any]) -> dict[str, Any]:
        return {"step": 0, "exp_avg": 0, "exp_avg_sq": 0}

    @staticmethod
    def _rule(  # type: ignore[override]
        xp: Any, p: Any, g: Any, s: Any, *, lr: Any, betas: Any, eps: float, **_: Any
    ) -> None:
        (beta1, beta2), t = betas, float(s["step"])
        m, v = s["exp_avg"], s["exp_avg_sq"]
        m += (g - m) * (1 - beta1)
        v *= beta2
        v += g * g * (1 - beta2)
        change = m * (lr / (1 - beta1**t))
        most = 2 / (1 - beta2) - 1
        length = most - 2 * t * beta2**t / (1 - beta2**t)
        if length > 5:
            trust = (length - 4) * (length - 2) * most / ((most - 4) * (most - 2) * length)
            change = change / (xp.sqrt(v) + eps) * (trust * (1 - beta2**t)) ** 0.5
        p -= change
