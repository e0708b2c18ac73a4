"""Stochastic gradient descent."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from .._tensor import Tensor
from .optimizer import Optimizer, check_tensor_setting, number

__all__ = ["SGD"]


class SGD(Optimizer):
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

    Raises
    ------
    ValueError
        If a setting is negative, or nesterov comes without momentum or with dampening.
    """

    def __init__(
        self,
        params: Iterable[Any],
        lr: float | Tensor = 1e-3,
        momentum: float = 0,
        dampening: float = 0,
        weight_decay: float = 0,
        nesterov: bool = False,
        *,
        maximize: bool = False,
        foreach: bool | None = None,
        differentiable: bool = False,
        fused: bool | None = None,
    ):
        check_tensor_setting("lr", lr, foreach)
        if lr < 0.0:
            raise ValueError(f"Invalid learning rate: {lr}")
        if momentum < 0.0:
            raise ValueError(f"Invalid momentum value: {momentum}")
        if weight_decay < 0.0:
            raise ValueError(f"Invalid weight_decay value: {weight_decay}")
        if nesterov and (momentum <= 0 or dampening != 0):
            raise ValueError("Nesterov momentum requires a momentum and zero dampening")
        if differentiable:
            raise NotImplementedError("SGD updates in place and cannot be differentiated through")
        super().__init__(
            params,
            {
                "lr": lr,
                "momentum": momentum,
                "dampening": dampening,
                "weight_decay": weight_decay,
                "nesterov": nesterov,
                "maximize": maximize,
                "foreach": foreach,
                "differentiable": differentiable,
                "fused": fused,
            },
        )

    def _step_group(self, group: dict[str, Any]) -> None:
        lr, momentum, decay = number(group["lr"]), group["momentum"], group["weight_decay"]
        plain = not (momentum or decay or group["maximize"])
        for p in group["params"]:
            if p._grad is None:
                continue
            change = p._grad._array if plain else self._direction(p, group, momentum, decay)
            p._array -= change * lr
            p._bump("SGD.step")

    def _direction(self, p: Tensor, group: dict[str, Any], momentum: float, decay: float) -> Any:
        g = p._grad._array  # type: ignore[union-attr]
        if group["maximize"]:
            g = -g
        if decay:
            g = g + p._array * decay
        if not momentum:
            return g
        state = self.state[p]
        buffer = state.get("momentum_buffer")
        if buffer is None:
            velocity = g.copy()
            state["momentum_buffer"] = Tensor._from_array(velocity)
        else:
            velocity = buffer._array
            velocity *= momentum
            velocity += g * (1 - group["dampening"]) if group["dampening"] else g
        return g + velocity * momentum if group["nesterov"] else velocity
