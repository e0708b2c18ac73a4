"""Adam and AdamW."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from .._tensor import Tensor
from .elementwise import Elementwise
from .settings import check_betas, check_modes, check_settings, scalar, settings

__all__ = ["Adam", "AdamW"]


class Adam(Elementwise):
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
    foreach, fused, capturable, differentiable
        See `SGD`.

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
        defaults = settings(locals())
        if foreach and not capturable:
            for name, value in {"lr": lr, "betas[0]": betas[0], "betas[1]": betas[1]}.items():
                if isinstance(value, Tensor):
                    raise ValueError(
                        f"{name} as a Tensor is not supported for capturable=False and foreach=True"
                    )
        check_settings(lr=lr, eps=eps, weight_decay=weight_decay)
        check_betas(betas)
        if isinstance(betas[0], Tensor) is not isinstance(betas[1], Tensor):
            raise ValueError("betas must be either both floats or both Tensors")
        check_modes(fused, foreach, differentiable)
        super().__init__(params, defaults | {"betas": scalar(betas)})

    def _initial(self, group: dict[str, Any]) -> dict[str, Any]:
        moments = {"step": 0, "exp_avg": 0, "exp_avg_sq": 0}
        return moments | {"max_exp_avg_sq": 0} if group["amsgrad"] else moments

    @staticmethod
    def _rule(  # type: ignore[override]
        xp: Any, p: Any, g: Any, s: Any, *, lr: Any, betas: Any, eps: float, amsgrad: bool, **_: Any
    ) -> None:
        (beta1, beta2), t = betas, float(s["step"])
        m, v = s["exp_avg"], s["exp_avg_sq"]
        m += (g - m) * (1 - beta1)
        v *= beta2
        v += g * g * (1 - beta2)
        if amsgrad:
            v = s["max_exp_avg_sq"] = xp.maximum(s["max_exp_avg_sq"], v)
        p -= m / (xp.sqrt(v) / (1 - beta2**t) ** 0.5 + eps) * (lr / (1 - beta1**t))


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
