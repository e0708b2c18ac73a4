"""Adagrad."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from .._tensor import Tensor
from .elementwise import Elementwise
from .settings import check_modes, check_settings, settings

__all__ = ["Adagrad"]


class Adagrad(Elementwise):
    """Steps over the root of the sum of all squared gradients (Duchi and others 2011).

    ::

        v = v + g²
        p = p - lr / (1 + (t - 1) * lr_decay) * g / (sqrt(v) + eps)

    Parameters
    ----------
    params : iterable
        What to optimize.
    lr : float or Tensor of one element, default 1e-2
        Learning rate.
    lr_decay, weight_decay, initial_accumulator_value : float, default 0
        As above; added to the gradient, times the parameter; the sum at first.
    eps : float, default 1e-10
        Added to the denominator.
    foreach, maximize, differentiable, fused
        See `SGD`.

    Raises
    ------
    ValueError
        If a setting is out of its range.
    """

    def __init__(
        self,
        params: Iterable[Any],
        lr: float | Tensor = 1e-2,
        lr_decay: float = 0,
        weight_decay: float = 0,
        initial_accumulator_value: float = 0,
        eps: float = 1e-10,
        foreach: bool | None = None,
        *,
        maximize: bool = False,
        differentiable: bool = False,
        fused: bool | None = None,
    ):
        defaults = settings(locals())
        check_settings(
            lr=lr,
            lr_decay=lr_decay,
            weight_decay=weight_decay,
            initial_accumulator_value=initial_accumulator_value,
            eps=eps,
        )
        check_modes(fused, foreach, differentiable)
        super().__init__(params, defaults)
        for group in self.param_groups:  # PyTorch has them from the start, and saves them so
            for p in group["params"]:
                self._begin(p, self.state[p], self._initial(group), group)

    def _initial(self, group: dict[str, Any]) -> dict[str, Any]:
        return {"step": 0, "sum": self.defaults["initial_accumulator_value"]}

    @staticmethod
    def _rule(  # type: ignore[override]
        xp: Any, p: Any, g: Any, s: Any, *, lr: Any, lr_decay: float, eps: float, **_: Any
    ) -> None:
        v, t = s["sum"], float(s["step"])
        v += g * g
        p -= g / (xp.sqrt(v) + eps) * (lr / (1 + (t - 1) * lr_decay))
