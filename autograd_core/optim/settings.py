"""What the constructors of optimizers share: the settings among arguments, and their checks."""

from __future__ import annotations

from typing import Any

from .._tensor import Tensor

_SPOKEN = {"lr": "learning rate", "eps": "epsilon value"}


def settings(arguments: dict[str, Any]) -> dict[str, Any]:
    """The defaults of an optimizer: its constructor's ``locals()`` without the parameters."""
    return {k: v for k, v in arguments.items() if k not in ("self", "params", "__class__")}


def check_settings(**values: Any) -> None:
    """ValueError for a setting that is negative or NaN, or a tensor of several elements."""
    for name, value in values.items():
        check_one_element(name, value)
        if not value >= 0.0:
            raise ValueError(f"Invalid {_SPOKEN.get(name, f'{name} value')}: {value}")


def check_betas(betas: tuple[Any, ...]) -> None:
    """ValueError for decay rates outside of [0, 1)."""
    for i, beta in enumerate(betas):
        check_one_element(f"betas[{i}]", beta)
        if not 0.0 <= beta < 1.0:
            raise ValueError(f"Invalid beta parameter at index {i}: {beta}")


def check_one_element(name: str, value: Any) -> None:
    """ValueError for a tensor that can't stand for a number."""
    if isinstance(value, Tensor) and value.numel() != 1:
        raise ValueError(f"Tensor {name} must be 1-element, got shape {list(value.shape)}")


def check_modes(fused: bool | None, foreach: bool | None, differentiable: bool) -> None:
    """RuntimeError for ways of stepping that exclude one another in PyTorch."""
    if fused and differentiable:
        raise RuntimeError("`fused` does not support `differentiable`")
    if fused and foreach:
        raise RuntimeError("`fused` and `foreach` cannot be `True` together.")


def number(setting: Any) -> Any:
    """A setting with its tensors (of one element) as Python numbers."""
    if isinstance(setting, tuple):
        return tuple(map(number, setting))
    return setting.item() if isinstance(setting, Tensor) else setting


def scalar(setting: Any) -> Any:
    """A setting with its tensors (of one element) without dimensions."""
    if isinstance(setting, tuple):
        return tuple(map(scalar, setting))
    return setting.squeeze() if isinstance(setting, Tensor) and setting.ndim else setting
