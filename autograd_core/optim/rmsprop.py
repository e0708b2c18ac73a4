"""RMSprop."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from .._tensor import Tensor
from .elementwise import Elementwise
from .settings import check_settings, settings

__all__ = ["RMSprop"]


class RMSprop(Elementwise):
    """Steps over a running root mean square of the gradient (Hinton 2012).

    ::

        v = alpha * v + (1 - alpha) * g²
        h = alpha * h + (1 - alpha) * g              (centered)
        d = sqrt(v - h²) + eps                       (h = 0 if not centered)
        b = momentum * b + g / d
        p = p - lr * b

    Parameters
    ----------
    params : iterable
        What to optimize.
    lr : float or Tensor of one element, default 1e-2
        Learning rate.
    alpha : float, default 0.99
        Decay of the running means.
    eps : float, default 1e-8
        Added to the denominator.
    weight_decay, momentum : float, default 0
        Added to the gradient, times the parameter; as above.
    centered : bool, default False
        Divide by the standard deviation.
    capturable, foreach, maximize, differentiable
        See `SGD` and `Adam`.

    Raises
    ------
    ValueError
        If a setting is out of its range.
    """

    def __init__(
        self,
        params: Iterable[Any],
        lr: float | Tensor = 1e-2,
        alpha: float = 0.99,
        eps: float = 1e-8,
        weight_decay: float = 0,
        momentum: float = 0,
        centered: bool = False,
        capturable: bool = False,
        foreach: bool | None = None,
        maximize: bool = False,
        differentiable: bool = False,
    ):
        defaults = settings(locals())
        check_settings(lr=lr, eps=eps, momentum=momentum, weight_decay=weight_decay, alpha=alpha)
        super().__init__(params, defaults)

    def _initial(self, group: dict[str, Any]) -> dict[str, Any]:
        initial = {"step": 0, "square_avg": 0}
        if group["momentum"] > 0:
            initial["momentum_buffer"] = 0
        return initial | {"grad_avg": 0} if group["centered"] else initial

    @staticmethod
    def _rule(  # type: ignore[override]
        xp: Any, p: Any, g: Any, s: Any, *, lr: Any, alpha: float, eps: float, momentum: float,
        centered: bool, **_: Any,
    ) -> None:  # fmt: skip
        v = s["square_avg"]
        v *= alpha
        v += g * g * (1 - alpha)
        if centered:
            h = s["grad_avg"]
            h += (g - h) * (1 - alpha)
            v = v - h * h
        g = g / (xp.sqrt(v) + eps)
        if momentum > 0:
            b = s["momentum_buffer"]
            b *= momentum
            b += g
            g = b
        p -= g * lr
