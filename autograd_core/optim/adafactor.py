"""Adafactor."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import numpy as np

from .._tensor import Tensor
from ..backends import backend_of
from ..dtypes import finfo
from .optimizer import Optimizer
from .settings import check_one_element, number, settings

__all__ = ["Adafactor"]


class Adafactor(Optimizer):
    """Adam's second moment from its rows' and columns' means (Shazeer and Stern 2018).

    A matrix of n x m costs n + m numbers of state. With ``b = t^beta2_decay``::

        row = row + b * (mean of g² over columns - row),  col likewise
        v = row @ col / mean(row)                         (a vector: v = v + b * (g² - v))
        u = g / sqrt(max(v, eps1²))
        a = max(eps2, rms(p)) * min(lr, 1 / sqrt(t))
        p = p * (1 - lr * weight_decay) - a * u / max(1, rms(u) / d)

    Parameters
    ----------
    params : iterable
        What to optimize.
    lr : float or Tensor of one element, default 1e-2
        The largest relative step.
    beta2_decay : float, default -0.8
        As above.
    eps : pair of float, default (None, 1e-3)
        As above; None: the dtype's machine epsilon.
    d : float, default 1.0
        The root mean square from which on a step is shortened.
    weight_decay : float, default 0
        Taken from the parameter itself.
    foreach : bool, optional
        Accepted for PyTorch's sake.
    maximize : bool, default False
        Go up instead of down.

    Raises
    ------
    ValueError
        If a setting is out of its range.
    """

    def __init__(
        self,
        params: Iterable[Any],
        lr: float | Tensor = 1e-2,
        beta2_decay: float = -0.8,
        eps: tuple[float | None, float] = (None, 1e-3),
        d: float = 1.0,
        weight_decay: float = 0.0,
        *,
        foreach: bool | None = None,
        maximize: bool = False,
    ):
        defaults = settings(locals())
        check_one_element("lr", lr)
        for ok, message in (
            (lr >= 0.0, f"Learning rate should be >= 0 but is: {lr}"),
            (beta2_decay <= 0.0, f"beta2_decay should be <= 0 but is: {beta2_decay}"),
            (eps[0] is None or eps[0] >= 0.0, f"epsilon1 should be >= 0 but is: {eps[0]}"),
            (eps[1] >= 0.0, f"epsilon2 should be >= 0 but is: {eps[1]}"),
            (d >= 1.0, f"Clipping threshold d should be >= 1 but is: {d}"),
            (weight_decay >= 0.0, f"weight_decay should be >= 0 but is: {weight_decay}"),
        ):
            if not ok:
                raise ValueError(message)
        super().__init__(params, defaults)

    def _step_group(self, group: dict[str, Any]) -> None:
        members = [p for p in group["params"] if p._grad is not None]
        if any(p.is_complex() for p in members):
            raise RuntimeError("Adafactor does not support complex parameters")
        lr, eps1 = number(group["lr"]), group["eps"][0]
        for p in members:
            if eps1 is None:  # the first parameter's counts for all, as in PyTorch
                eps1 = finfo(p.dtype).eps
            with backend_of(p._array).activate([p._array]):
                self._step_one(p, group, lr, eps1)
            p._bump("Adafactor.step")

    def _step_one(self, p: Tensor, group: dict[str, Any], lr: float, eps1: float) -> None:
        array, g = p._array, _wide(p._grad._array)  # type: ignore[union-attr]
        xp = backend_of(array).xp
        g = -g if group["maximize"] else g
        s = self.state[p] or self._begin(p)
        s["step"]._array += 1
        t = s["step"].item()
        values, blend = _wide(array), t ** group["beta2_decay"]
        alpha = max(group["eps"][1], _rms(xp, values)) * min(lr, 1 / t**0.5)
        if group["weight_decay"]:
            values = values * (1 - lr * group["weight_decay"])
        if g.ndim > 1:
            row = _moved(s["row_var"], (g * g).mean(-1, keepdims=True), blend)
            column = _moved(s["col_var"], (g * g).mean(-2, keepdims=True), blend)
            v = row @ column / xp.maximum(row.mean(-2, keepdims=True), eps1)
        else:
            v = _moved(s["variance"], g * g, blend)
        change = g / xp.sqrt(xp.maximum(v, eps1 * eps1))
        array[...] = values - change * (alpha / max(1.0, _rms(xp, change) / group["d"]))

    def _begin(self, p: Tensor) -> dict[str, Any]:
        from ..ops.create import tensor, zeros_like

        s = self.state[p]
        s["step"] = tensor(0.0)
        like = zeros_like(p.detach())
        if p.ndim > 1:
            s["row_var"] = like[..., :1].clone()
            s["col_var"] = like[..., :1, :].clone()
        else:
            s["variance"] = like
        return s


def _wide(array: Any) -> Any:
    """The array, half precision as float32."""
    return array.astype(np.float32) if array.dtype.itemsize == 2 else array


def _moved(t: Tensor, towards: Any, blend: float) -> Any:
    """A running mean, moved towards a value; what is kept of it is rounded to its dtype."""
    t._array[...] = _wide(t._array) + (towards - _wide(t._array)) * blend
    return _wide(t._array)


def _rms(xp: Any, array: Any) -> float:
    square = (array * array).mean() if array.size else xp.zeros(())
    return float(backend_of(square).to_numpy(square)) ** 0.5
