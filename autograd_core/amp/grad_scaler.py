"""`GradScaler`: multiplies the loss, so that small float16 gradients do not become zero."""

from __future__ import annotations

import warnings
from collections.abc import Iterable
from enum import Enum
from typing import Any

from .. import cuda, dtypes
from .._tensor import Tensor
from ..modes import no_grad
from ..ops.create import full

__all__ = ["GradScaler", "OptState"]


class OptState(Enum):
    """How far an optimizer is in this iteration."""

    READY = 0
    UNSCALED = 1
    STEPPED = 2


class _Progress:
    """What is known of one optimizer in this iteration."""

    def __init__(self) -> None:
        self.stage = OptState.READY
        self.found_inf: float | None = None


class GradScaler:
    """Scales losses up and gradients down again, and skips steps whose gradients overflowed.

    Parameters
    ----------
    device : {"cuda", "cpu"}
        What it is for. For "cuda" without a GPU it warns and does nothing.
    init_scale : float, default 65536
        The first factor.
    growth_factor : float, default 2
        What the factor is multiplied by after `growth_interval` steps without Inf or NaN.
    backoff_factor : float, default 0.5
        What it is multiplied by after a step with Inf or NaN, which is skipped.
    growth_interval : int, default 2000
    enabled : bool, default True
        If False every method passes on what it gets.

    Raises
    ------
    AssertionError
        If a factor can't work.

    Examples
    --------
    >>> import autograd_core as ag
    >>> w = ag.nn.Parameter(ag.ones(2))
    >>> optimizer = ag.optim.SGD([w], lr=0.5)
    >>> scaler = ag.amp.GradScaler("cpu", init_scale=8.0)
    >>> scaler.scale((w * w).sum()).backward()
    >>> w.grad
    tensor([16., 16.])
    >>> scaler.step(optimizer)
    >>> scaler.update()
    >>> w.tolist(), scaler.get_scale()
    ([0.0, 0.0], 8.0)
    """

    def __init__(
        self,
        device: str = "cuda",
        init_scale: float = 2.0**16,
        growth_factor: float = 2.0,
        backoff_factor: float = 0.5,
        growth_interval: int = 2000,
        enabled: bool = True,
    ):
        self._device = device
        self._enabled = enabled
        if enabled and device == "cuda" and not cuda.is_available():
            warnings.warn(
                "torch.cuda.amp.GradScaler is enabled, but CUDA is not available.  Disabling.",
                stacklevel=2 if type(self) is GradScaler else 3,
            )
            self._enabled = False
        if not self._enabled:
            return
        assert growth_factor > 1.0, f"The growth factor must be > 1.0, got {growth_factor}."
        assert backoff_factor < 1.0, f"The backoff factor must be < 1.0, got {backoff_factor}."
        self._init_scale = init_scale
        self._scale: Tensor | None = None
        self._growth_factor = growth_factor
        self._backoff_factor = backoff_factor
        self._growth_interval = growth_interval
        self._growth_tracker = 0
        self._optimizers: dict[int, _Progress] = {}

    # -------------------------------------------------------------- an iteration

    def scale(self, outputs: Any) -> Any:
        """The loss, or an iterable of outputs, times the factor."""
        if not self._enabled:
            return outputs
        if isinstance(outputs, Tensor):
            if self._scale is None:
                self._scale = full(
                    (), self._init_scale, dtype=dtypes.float32, device=outputs.device
                )
            return outputs * self._scale.to(outputs.device)
        if not isinstance(outputs, Iterable):
            raise ValueError("outputs must be a Tensor or an iterable of Tensors")
        parts = (self.scale(part) for part in outputs)
        return type(outputs)(parts) if isinstance(outputs, list | tuple) else parts

    def unscale_(self, optimizer: Any) -> None:
        """Divide the gradients of an optimizer's parameters by the factor, in place.

        Needed only to look at or clip gradients before `step`, which does it otherwise.

        Raises
        ------
        RuntimeError
            If that was done since the last `update`.
        ValueError
            If a gradient is float16: parameters must be float32 (autocast casts them).
        """
        if not self._enabled:
            return
        factor = self._known_scale("unscale_")
        progress = self._progress(optimizer)
        if progress.stage is OptState.UNSCALED:
            raise RuntimeError(
                "unscale_() has already been called on this optimizer since the last update()."
            )
        if progress.stage is OptState.STEPPED:
            raise RuntimeError("unscale_() is being called after step().")
        grads = [p.grad for g in optimizer.param_groups for p in g["params"] if p.grad is not None]
        if any(g.dtype is dtypes.float16 for g in grads):
            raise ValueError("Attempting to unscale FP16 gradients.")
        if grads:
            progress.found_inf = self._unscale(grads, factor)
        progress.stage = OptState.UNSCALED

    @staticmethod
    def _unscale(grads: list[Tensor], factor: Tensor) -> float:
        """Divide gradients by the factor; 1.0 if one of them is not finite."""
        inverse = factor.double().reciprocal().float()
        bad = 0.0
        with no_grad():
            for grad in grads:
                grad.mul_(inverse.to(grad.device))
                if not bool(grad.isfinite().all()):
                    bad = 1.0
        return bad

    def step(self, optimizer: Any, *args: Any, **kwargs: Any) -> Any:
        """``optimizer.step(*args, **kwargs)`` on unscaled gradients, if all are finite.

        Returns
        -------
        object
            What the optimizer returns; None where the step is skipped.

        Raises
        ------
        RuntimeError
            If it is the second since the last `update`, or for a ``closure``.
        AssertionError
            If no parameter of the optimizer has a gradient.
        """
        if not self._enabled:
            return optimizer.step(*args, **kwargs)
        if "closure" in kwargs:
            raise RuntimeError("Closure use is not currently supported if GradScaler is enabled.")
        self._known_scale("step")
        progress = self._progress(optimizer)
        if progress.stage is OptState.STEPPED:
            raise RuntimeError("step() has already been called since the last update().")
        if progress.stage is OptState.READY:
            self.unscale_(optimizer)
        if progress.found_inf is None:
            raise AssertionError(
                "No inf checks were recorded for this optimizer: none of its parameters has a .grad"
            )
        returned = None if progress.found_inf else optimizer.step(*args, **kwargs)
        progress.stage = OptState.STEPPED
        return returned

    def update(self, new_scale: float | Tensor | None = None) -> None:
        """End the iteration: let the factor grow, or shrink if a step was skipped.

        Parameters
        ----------
        new_scale : float or Tensor, optional
            Take this factor instead.
        """
        if not self._enabled:
            return
        scale = self._known_scale("update")
        if new_scale is not None:
            if isinstance(new_scale, Tensor):
                if new_scale.numel() != 1 or new_scale.requires_grad:
                    raise AssertionError(
                        "new_scale should be a float or a 1-element tensor with "
                        "requires_grad=False."
                    )
                new_scale = new_scale.item()
            scale.fill_(float(new_scale))
        else:
            self._adapt(scale)
        self._optimizers = {}

    def _adapt(self, scale: Tensor) -> None:
        found = [p.found_inf for p in self._optimizers.values() if p.found_inf is not None]
        if not found:
            raise AssertionError("No inf checks were recorded prior to update.")
        if any(found):
            scale.mul_(self._backoff_factor)
            self._growth_tracker = 0
            return
        self._growth_tracker += 1
        if self._growth_tracker == self._growth_interval:
            grown = scale * self._growth_factor
            if bool(grown.isfinite()):
                scale.copy_(grown)
            self._growth_tracker = 0

    def _progress(self, optimizer: Any) -> _Progress:
        return self._optimizers.setdefault(id(optimizer), _Progress())

    def _known_scale(self, what: str) -> Tensor:
        if self._scale is None:
            raise AssertionError(
                f"Attempted {what} but _scale is None.  This may indicate your script did not use "
                "scaler.scale(loss or outputs) earlier in the iteration."
            )
        return self._scale

    # -------------------------------------------------------------- settings

    def is_enabled(self) -> bool:
        """Whether it does anything."""
        return self._enabled

    def get_scale(self) -> float:
        """The factor; 1.0 if it is not enabled."""
        if not self._enabled:
            return 1.0
        return self._init_scale if self._scale is None else float(self._scale.item())

    def get_growth_factor(self) -> float:
        """What the factor is multiplied by when it grows."""
        return self._growth_factor

    def set_growth_factor(self, new_factor: float) -> None:
        """Set what the factor is multiplied by when it grows."""
        self._growth_factor = new_factor

    def get_backoff_factor(self) -> float:
        """What the factor is multiplied by after an overflow."""
        return self._backoff_factor

    def set_backoff_factor(self, new_factor: float) -> None:
        """Set what the factor is multiplied by after an overflow."""
        self._backoff_factor = new_factor

    def get_growth_interval(self) -> int:
        """After how many steps without overflow the factor grows."""
        return self._growth_interval

    def set_growth_interval(self, new_interval: int) -> None:
        """Set after how many steps without overflow the factor grows."""
        self._growth_interval = new_interval

    def _get_growth_tracker(self) -> int:
        return self._growth_tracker if self._enabled else 0

    def state_dict(self) -> dict[str, Any]:
        """Factor, settings and counter, for `load_state_dict`; empty if it is not enabled."""
        if not self._enabled:
            return {}
        return {
            "scale": self.get_scale(),
            "growth_factor": self._growth_factor,
            "backoff_factor": self._backoff_factor,
            "growth_interval": self._growth_interval,
            "_growth_tracker": self._growth_tracker,
        }

    def load_state_dict(self, state_dict: dict[str, Any]) -> None:
        """Go on where `state_dict` was called.

        Raises
        ------
        RuntimeError
            If it is empty: it came from a scaler that was not enabled.
        """
        if not self._enabled:
            return
        if not state_dict:
            raise RuntimeError(
                "The source state dict is empty, possibly because it was saved from a disabled "
                "instance of GradScaler."
            )
        self._init_scale = state_dict["scale"]
        if self._scale is not None:
            self._scale.fill_(state_dict["scale"])
        self._growth_factor = state_dict["growth_factor"]
        self._backoff_factor = state_dict["backoff_factor"]
        self._growth_interval = state_dict["growth_interval"]
        self._growth_tracker = state_dict["_growth_tracker"]

    def __getstate__(self) -> dict[str, Any]:
        if self._enabled and self._optimizers:
            raise AssertionError(
                "A GradScaler instance may only be pickled at the beginning of an iteration, or at "
                "the end after scaler.update()."
            )
        kept = self.__dict__.copy()
        if self._enabled:
            kept["_init_scale"], kept["_scale"] = self.get_scale(), None
        return kept
