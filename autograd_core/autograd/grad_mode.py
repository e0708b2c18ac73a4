"""``autograd.grad_mode``: the switches of recording, where PyTorch keeps them."""

from __future__ import annotations

from ..modes import Mode, enable_grad, inference_mode, no_grad, set_grad_enabled


class set_multithreading_enabled(Mode):
    """Accepted for compatibility: a backward always runs in the thread that calls it.

    Parameters
    ----------
    mode : bool
        Ignored.
    """

    def __init__(self, mode: bool):
        self.mode = bool(mode)

    def _enter(self) -> None:
        return None

    def __exit__(self, *exc: object) -> None:
        return None

    def clone(self) -> set_multithreading_enabled:
        """A fresh one with the same setting."""
        return set_multithreading_enabled(self.mode)


__all__ = [
    "enable_grad", "inference_mode", "no_grad", "set_grad_enabled", "set_multithreading_enabled",
]  # fmt: skip
