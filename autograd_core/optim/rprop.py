"""Rprop."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from .._tensor import Tensor
from .elementwise import Elementwise
from .settings import check_settings, number, settings

__all__ = ["Rprop"]


class Rprop(Elementwise):
    """Steps from the signs of the gradient alone (Riedmiller and Braun 1993); for full batches.

    ::

        size = size * (etaplus if g * prev > 0, etaminus if g * prev < 0), within step_sizes
        g = 0 where g * prev < 0
        p = p - sign(g) * size,   prev = g

    Parameters
    ----------
    params : iterable
        What to optimize.
    lr : float or Tensor of one element, default 1e-2
        The first step size.
    etas : pair of float, default (0.5, 1.2)
        By how much a size shrinks where the sign has changed, and grows where it has not.
    step_sizes : pair of float, default (1e-6, 50)
        The smallest and the largest step.
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
        etas: tuple[float, float] = (0.5, 1.2),
        step_sizes: tuple[float, float] = (1e-6, 50),
        *,
        capturable: bool = False,
        foreach: bool | None = None,
        maximize: bool = False,
        differentiable: bool = False,
    ):
        defaults = settings(locals())
        check_settings(lr=lr)
        if not 0.0 < etas[0] < 1.0 < etas[1]:
            raise ValueError(f"Invalid eta values: {etas[0]}, {etas[1]}")
        super().__init__(params, defaults)

    def _initial(self, group: dict[str, Any]) -> dict[str, Any]:
        return {"step": 0, "prev": 0, "step_size": number(group["lr"])}

    @staticmethod
    def _rule(  # type: ignore[override]
        xp: Any, p: Any, g: Any, s: Any, *, etas: Any, step_sizes: Any, **_: Any
    ) -> None:
        size, agreement = s["step_size"], g * s["prev"]
        changed = agreement < 0
        size = xp.where(agreement > 0, size * etas[1], xp.where(changed, size * etas[0], size))
        size = s["step_size"] = xp.clip(size, *step_sizes)
        g = s["prev"] = xp.where(changed, xp.zeros_like(g), g)
        p -= xp.sign(g) * size
