"""Adam and AdamW."""

from __future__ import annotations

import math
from collections.abc import Iterable
from typing import Any

from .._tensor import Tensor
from .optimizer import Optimizer, check_tensor_setting, number

__all__ = ["Adam", "AdamW"]


class Adam(Optimizer):
    """Adam: steps scaled by running moments of the gradient (Kingma and Ba 2014).

    ::

        m = beta1 * m + (1 - beta1) * g
        v = beta2 * v + (1 - beta2) * g²             (amsgrad: its largest so far)
        p = p - lr / (1 - beta1^t) * m / (sqrt(v / (1 - beta2^t)) + eps)

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
        Added to the gradient, times the parameter (`AdamW` takes it from the parameter).
    amsgrad, maximize, decoupled_weight_decay : bool, default False
        Reddi and others 2018; go up instead of down; as AdamW.

    Raises
    ------
    ValueError
        If a setting is out of its range.
    """

    def __init__(
        self,
        params: Iterable[Any],
        lr: float | Tensor = 1e-3,
        betas: tuple[float | Tensor, float | Tensor] = (0.9, 0.999),
        eps: float = 1e-8,
        weight_decay: float = 0,
        amsgrad: bool = False,
        *,
        foreach: bool | None = None,
        maximize: bool = False,
        capturable: bool = False,
        differentiable: bool = False,
        fused: bool | None = None,
        decoupled_weight_decay: bool = False,
    ):
        check_tensor_setting("lr", lr, foreach)
        for i, beta in enumerate(betas):
            check_tensor_setting(f"betas[{i}]", beta, foreach)
        if isinstance(betas[0], Tensor) is not isinstance(betas[1], Tensor):
            raise ValueError("betas must be either both floats or both Tensors")
        if not lr >= 0.0:
            raise ValueError(f"Invalid learning rate: {lr}")
        if not eps >= 0.0:
            raise ValueError(f"Invalid epsilon value: {eps}")
        for i, beta in enumerate(betas):
            if not 0.0 <= beta < 1.0:
                raise ValueError(f"Invalid beta parameter at index {i}: {beta}")
        if not weight_decay >= 0.0:
            raise ValueError(f"Invalid weight_decay value: {weight_decay}")
        if differentiable:
            raise NotImplementedError("Adam updates in place and cannot be differentiated through")
        super().__init__(
            params,
            {
                "lr": lr,
                "betas": betas,
                "eps": eps,
                "weight_decay": weight_decay,
                "amsgrad": amsgrad,
                "maximize": maximize,
                "foreach": foreach,
                "capturable": capturable,
                "differentiable": differentiable,
                "fused": fused,
                "decoupled_weight_decay": decoupled_weight_decay,
            },
        )

    def _step_group(self, group: dict[str, Any]) -> None:
        name = f"{type(self).__name__}.step"
        for p in group["params"]:
            if p._grad is None:
                continue
            self._step_one(p, group)
            p._bump(name)

    def _step_one(self, p: Tensor, group: dict[str, Any]) -> None:
        from ..backends import backend_of

        array, g = p._array, p._grad._array  # type: ignore[union-attr]
        xp = backend_of(array).xp
        lr, decay = number(group["lr"]), group["weight_decay"]
        if group["maximize"]:
            g = -g
        if decay and group["decoupled_weight_decay"]:
            array *= 1 - lr * decay
        elif decay:
            g = g + array * decay
        state = self.state[p] or self._begin(p, xp, group["amsgrad"])
        state["step"]._array += 1
        step = state["step"].item()
        beta1, beta2 = map(number, group["betas"])
        m, v = state["exp_avg"]._array, state["exp_avg_sq"]._array
        m += (g - m) * (1 - beta1)
        v *= beta2
        squares = xp.asarray(g * g)
        squares *= 1 - beta2
        v += squares
        if group["amsgrad"]:
            largest = state["max_exp_avg_sq"]._array
            xp.maximum(largest, v, out=largest)
            v = largest
        scale = xp.sqrt(v, out=squares)
        scale /= math.sqrt(1 - beta2**step)
        scale += group["eps"]
        xp.divide(m, scale, out=scale)
        scale *= lr / (1 - beta1**step)
        array -= scale

    def _begin(self, p: Tensor, xp: Any, amsgrad: bool) -> dict[str, Any]:
        from ..ops.create import tensor

        state = self.state[p]
        state["step"] = tensor(0.0)
        for name in ("exp_avg", "exp_avg_sq", *(("max_exp_avg_sq",) if amsgrad else ())):
            state[name] = Tensor._from_array(xp.zeros_like(p._array))
        return state


class AdamW(Adam):
    """`Adam` with weight decay taken from the parameter itself (Loshchilov and Hutter 2017)."""

    def __init__(
        self,
        params: Iterable[Any],
        lr: float | Tensor = 1e-3,
        betas: tuple[float | Tensor, float | Tensor] = (0.9, 0.999),
        eps: float = 1e-8,
        weight_decay: float = 1e-2,
        amsgrad: bool = False,
        *,
        maximize: bool = False,
        foreach: bool | None = None,
        capturable: bool = False,
        differentiable: bool = False,
        fused: bool | None = None,
    ):
        super().__init__(
            params,
            lr,
            betas,
            eps,
            weight_decay,
            amsgrad,
            foreach=foreach,
            maximize=maximize,
            capturable=capturable,
            differentiable=differentiable,
            fused=fused,
            decoupled_weight_decay=True,
        )
