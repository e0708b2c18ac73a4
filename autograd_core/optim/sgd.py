"""Stochastic gradient descent."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from .._tensor import Tensor
from .elementwise import Elementwise
from .settings import check_modes, check_settings, settings

__all__ = ["SGD"]


class SGD(Elementwise):
    """Stochastic gradient descent with momentum (Sutskever and others 2013).

    ::

        g = grad + weight_decay * p
        v = momentum * v + (1 - dampening) * g       (v = g at first)
        p = p - lr * v                               (nesterov: lr * (g + momentum * v))

    Parameters
    ----------
    params : iterable
        What to optimize.
    lr : float or Tensor of one element, default 1e-3
        Learning rate.
    momentum, dampening, weight_decay : float, default 0
        As above.
    nesterov, maximize : bool, default False
        Look ahead; go up instead of down.
    foreach, fused : bool, optional
        Accepted for PyTorch's sake; there is one way to compute.
    differentiable : bool, default False
        Whether gradients flow through the step; the parameters must be no leaves then.

    Raises
    ------
    ValueError
        If a setting is negative, or nesterov comes without momentum or with dampening.
    """

    _numbers = ()

    def __init__(
        self,
        params: Iterable[Any],
        lr: float | Tensor = 1e-3,
        momentum: float = 0,
        dampening: float = 0,
        weight_decay: float | Tensor = 0,
        nesterov: bool = False,
        *,
        maximize: bool = False,
        foreach: bool | None = None,
        differentiable: bool = False,
        fused: bool | None = None,
    ):
        defaults = settings(locals())
        check_settings(lr=lr, momentum=momentum, weight_decay=weight_decay)
        if nesterov and (momentum <= 0 or dampening != 0):
            raise ValueError("Nesterov momentum requires a momentum and zero dampening")
        check_modes(fused, foreach, differentiable)
        super().__init__(params, defaults)

    def _initial(self, group: dict[str, Any]) -> dict[str, Any]:
        return {"momentum_buffer": 0} if group["momentum"] else {}

    @staticmethod
    def _rule(  # type: ignore[override]
        xp: Any, p: Any, g: Any, s: Any, *, lr: Any, momentum: Any, dampening: Any, nesterov: bool,
        **_: Any,
    ) -> None:  # fmt: skip
        if momentum:
            v = s["momentum_buffer"]
            v *= momentum
            v += g * (1 - dampening) if dampening and not s["first"] else g
            g = g + v * momentum if nesterov else v
        p -= g * lr
