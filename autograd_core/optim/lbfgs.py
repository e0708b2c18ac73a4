"""L-BFGS."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable
from typing import Any

from .. import modes
from .._tensor import Tensor
from .elementwise import as_complex, as_real
from .line_search import Point, strong_wolfe
from .optimizer import Optimizer
from .settings import check_settings, number, settings

__all__ = ["LBFGS"]


class LBFGS(Optimizer):
    """Newton's method with curvature guessed from the last gradients (Liu and Nocedal 1989).

    ``step`` needs a closure that clears the gradients, computes the loss, calls backward and
    returns the loss; it is called several times a step. There is one group of parameters.

    Parameters
    ----------
    params : iterable
        What to optimize.
    lr : float or Tensor of one element, default 1
        How far to go along a direction (the first try, with a line search).
    max_iter : int, default 20
        Iterations a step.
    max_eval : int, optional
        Evaluations a step; default 1.25 times `max_iter`.
    tolerance_grad, tolerance_change : float, default 1e-7, 1e-9
        A step ends when no gradient is larger, or neither value nor parameters change more.
    history_size : int, default 100
        How many gradients are remembered; each costs twice the size of the parameters.
    line_search_fn : {None, "strong_wolfe"}
        How far to go: `lr`, or a step that satisfies the strong Wolfe conditions.

    Raises
    ------
    ValueError
        If `lr` is negative, or there are several groups.
    """

    def __init__(
        self,
        params: Iterable[Any],
        lr: float | Tensor = 1,
        max_iter: int = 20,
        max_eval: int | None = None,
        tolerance_grad: float = 1e-7,
        tolerance_change: float = 1e-9,
        history_size: int = 100,
        line_search_fn: str | None = None,
    ):
        if max_eval is None:
            max_eval = max_iter * 5 // 4
        defaults = settings(locals())
        check_settings(lr=lr)
        super().__init__(params, defaults)
        if len(self.param_groups) != 1:
            raise ValueError("LBFGS doesn't support per-parameter options (parameter groups)")

    # ------------------------------------------------------------------ one step

    def step(self, closure: Callable[[], Any] | None = None) -> Any:
        """Go up to `max_iter` iterations downwards, and return the loss before.

        Parameters
        ----------
        closure : callable
            Computes the loss and its gradients.
        """
        if closure is None:
            raise TypeError("LBFGS.step() missing 1 required positional argument: 'closure'")
        with modes.no_grad():
            return self._step(modes.enable_grad()(closure))

    def _step(self, closure: Callable[[], Any]) -> Any:
        group = self.param_groups[0]
        tolerance = group["tolerance_change"]
        s = self.state[self._params[0]]  # there is but one state; loading casts it to this one
        s.setdefault("func_evals", 0)
        s.setdefault("n_iter", 0)
        first_loss = closure()
        loss, gradient = float(first_loss), self._gradient()
        evaluations, iterations = 1, 0
        s["func_evals"] += 1
        if self._is_flat(gradient):
            return first_loss
        while iterations < group["max_iter"]:
            iterations += 1
            s["n_iter"] += 1
            d = s["d"] = self._direction(s, gradient)
            s["prev_flat_grad"], s["prev_loss"] = gradient.clone(), loss
            t = s["t"] = self._first_length(s, gradient)
            slope = gradient.dot(d).item()
            if slope > -tolerance:
                break
            loss, gradient, t, calls = self._go(
                closure, Point(0.0, loss, gradient, slope), t, d, evaluations, iterations
            )
            s["t"] = t
            evaluations += calls
            s["func_evals"] += calls
            if (
                iterations == group["max_iter"]
                or evaluations >= group["max_eval"]
                or self._is_flat(gradient)
                or (d * t).abs().max().item() <= tolerance
                or abs(loss - s["prev_loss"]) < tolerance
            ):
                break
        return first_loss

    def _first_length(self, s: dict[str, Any], gradient: Tensor) -> float:
        lr = number(self.param_groups[0]["lr"])
        if s["n_iter"] > 1:
            return float(lr)
        return float(min(1.0, 1.0 / gradient.abs().sum().item()) * lr)

    def _direction(self, s: dict[str, Any], gradient: Tensor) -> Tensor:
        """Minus the gradient, times the inverse curvature that the history stands for."""
        if s["n_iter"] == 1:
            s.update(old_dirs=[], old_stps=[], ro=[], H_diag=1)
            return -gradient
        size = self.param_groups[0]["history_size"]
        changes, steps, inverse = s["old_dirs"], s["old_stps"], s["ro"]
        change, step = gradient - s["prev_flat_grad"], s["d"] * s["t"]
        curvature = change.dot(step)
        if curvature > 1e-10:
            if len(changes) == size:
                for history in (changes, steps, inverse):
                    history.pop(0)
            changes.append(change)
            steps.append(step)
            inverse.append(1.0 / curvature)
            s["H_diag"] = curvature / change.dot(change)
        along = s.setdefault("al", [None] * size)
        d = -gradient
        for i in reversed(range(len(changes))):
            along[i] = steps[i].dot(d) * inverse[i]
            d = d - changes[i] * along[i]
        d = d * s["H_diag"]
        for i in range(len(changes)):
            d = d + steps[i] * (along[i] - changes[i].dot(d) * inverse[i])
        return d

    def _go(
        self,
        closure: Callable[[], Any],
        here: Point,
        t: float,
        d: Tensor,
        evaluations: int,
        iterations: int,
    ) -> tuple[float, Tensor, float, int]:
        """Move along a direction; loss and gradient there, how far, and how many evaluations."""
        group = self.param_groups[0]
        if group["line_search_fn"] is None:
            self._move(t, d)
            if iterations == group["max_iter"]:  # nobody would look at what is found there
                return here.value, here.gradient, t, 0
            return float(closure()), self._gradient(), t, 1
        if group["line_search_fn"] != "strong_wolfe":
            raise RuntimeError("only 'strong_wolfe' is supported")
        home = [p.detach().clone() for p in self._params]

        def evaluate(length: float) -> tuple[float, Tensor]:
            self._move(length, d)
            found = float(closure()), self._gradient()
            for p, values in zip(self._params, home, strict=True):
                p.copy_(values)
            return found

        most = group["max_eval"] - evaluations
        found, calls = strong_wolfe(evaluate, here, t, d, group["tolerance_change"], most)
        self._move(found.t, d)
        return found.value, found.gradient, found.t, calls

    # ------------------------------------------------------------------ all parameters as one

    @property
    def _params(self) -> list[Tensor]:
        return self.param_groups[0]["params"]

    def _is_flat(self, gradient: Tensor) -> bool:
        return gradient.abs().max().item() <= self.param_groups[0]["tolerance_grad"]

    def _gradient(self) -> Tensor:
        """All gradients, laid end to end; complex ones as pairs of real numbers."""
        from ..ops.create import zeros_like
        from ..ops.join import cat

        parts = [zeros_like(p) if p._grad is None else p._grad for p in self._params]
        return cat([as_real(part.detach()).reshape(-1) for part in parts])

    def _move(self, t: float, d: Tensor) -> None:
        at = 0
        for p in self._params:
            shape = (*p.shape, 2) if p.is_complex() else p.shape
            part = d[at : at + math.prod(shape)]
            p += as_complex(part.view(shape), p) * t
            at += part.numel()
