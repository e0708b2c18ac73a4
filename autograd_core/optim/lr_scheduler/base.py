"""LRScheduler: what sets the learning rates of an optimizer, an epoch at a time.

A schedule comes in two forms. In the recursive one the next rate follows from the present one
(`get_lr`), so that several schedulers may act on one optimizer. In the closed one it follows
from the rate at the beginning and the epoch (`_get_closed_form_lr`); ``step(epoch)`` uses it.
"""

from __future__ import annotations

import types
import warnings
from collections.abc import Callable
from typing import Any

from ..._tensor import Tensor
from ..optimizer import Optimizer
from ..settings import number

EPOCH_DEPRECATION_WARNING = (
    "The epoch parameter in `scheduler.step()` was not necessary and is being deprecated where "
    "possible. Please use `scheduler.step()` to step the scheduler. During the deprecation, if "
    "epoch is different from None, the closed form is used instead of the new chainable form, "
    "where available."
)
_ORDER = (
    "See more details at https://pytorch.org/docs/stable/optim.html#how-to-adjust-learning-rate"
)


class LRScheduler:
    """Base class of the schedulers; a class of one's own overrides `get_lr`.

    Parameters
    ----------
    optimizer : Optimizer
        Whose learning rates are set.
    last_epoch : int, default -1
        The epoch to go on after; -1: begin, from the rates that the optimizer has.

    Attributes
    ----------
    base_lrs : list
        The rates at the beginning, of each group.

    Raises
    ------
    TypeError
        If it is no optimizer.
    KeyError
        If it shall go on, and the groups have no ``initial_lr``.
    """

    _get_lr_called_within_step = False
    _is_initial = False
    _last_lr: list[Any]

    def __init__(self, optimizer: Optimizer, last_epoch: int = -1):
        self.optimizer = check_optimizer(optimizer)
        if last_epoch == -1:
            for group in optimizer.param_groups:
                group.setdefault("initial_lr", copied(group["lr"]))
        for i, group in enumerate(optimizer.param_groups):
            if "initial_lr" not in group:
                raise KeyError(
                    f"param 'initial_lr' is not specified in param_groups[{i}] when resuming "
                    "scheduler with last_epoch >= 0. Load the optimizer's state first, or leave "
                    "last_epoch out to begin anew."
                )
        self.base_lrs = of_groups(optimizer, "initial_lr")
        self.last_epoch = last_epoch
        if optimizer._scheduled_step is None:
            optimizer._opt_called = False  # steps before there was a schedule do not count
        optimizer._scheduled_step = step_of(optimizer)
        self._initial_step()

    def _initial_step(self) -> None:
        self._step_count = 0
        self._is_initial = True
        try:
            self.step()
        finally:
            self._is_initial = False

    def state_dict(self) -> dict[str, Any]:
        """Everything but the optimizer."""
        return {k: v for k, v in self.__dict__.items() if k != "optimizer"}

    def load_state_dict(self, state_dict: dict[str, Any]) -> None:
        """Take over what `state_dict` gave; the optimizer's state is to be loaded too."""
        self.__dict__.update(state_dict)

    def get_last_lr(self) -> list[Any]:
        """The rates that were set last, of each group."""
        return self._last_lr

    def get_lr(self) -> list[Any]:
        """The rates of this epoch, from those of the last (called by `step`)."""
        raise NotImplementedError

    def step(self, epoch: int | None = None) -> None:
        """Set the rates of the next epoch; to be called after ``optimizer.step()``."""
        if self._step_count == 1:
            self._check_order()
        self._step_count += 1
        if epoch is not None:
            warnings.warn(EPOCH_DEPRECATION_WARNING, UserWarning, stacklevel=2)
        self._update_lr(epoch)

    def _check_order(self) -> None:
        if step_of(self.optimizer) is not self.optimizer._scheduled_step:
            warnings.warn(
                "Seems like `optimizer.step()` has been overridden after learning rate scheduler "
                "initialization. Please, make sure to call `optimizer.step()` before "
                f"`lr_scheduler.step()`. {_ORDER}",
                UserWarning,
                stacklevel=3,
            )
        elif not self.optimizer._opt_called:
            warnings.warn(
                "Detected call of `lr_scheduler.step()` before `optimizer.step()`. In PyTorch "
                "1.1.0 and later, you should call them in the opposite order: `optimizer.step()` "
                "before `lr_scheduler.step()`.  Failure to do this will result in PyTorch skipping "
                f"the first value of the learning rate schedule. {_ORDER}",
                UserWarning,
                stacklevel=3,
            )

    def _update_lr(self, epoch: int | None = None) -> None:
        self.last_epoch = self.last_epoch + 1 if epoch is None else epoch
        closed = getattr(self, "_get_closed_form_lr", None) if epoch is not None else None
        self._set(self._called(closed or self.get_lr))

    def _called(self, rates: Callable[[], list[Any]]) -> list[Any]:
        self._get_lr_called_within_step = True
        try:
            return rates()
        finally:
            self._get_lr_called_within_step = False

    def _set(self, rates: list[Any]) -> None:
        for group, lr in zip(self.optimizer.param_groups, rates, strict=True):
            set_value(group, "lr", lr)
        self._last_lr = of_groups(self.optimizer, "lr")

    def _warn_unless_stepping(self) -> None:
        if not self._get_lr_called_within_step:
            warnings.warn(
                "To get the last learning rate computed by the scheduler, please use "
                "`get_last_lr()`.",
                UserWarning,
                stacklevel=3,
            )


class Factor(LRScheduler):
    """Schedules that multiply all rates by one number at each epoch.

    A subclass gives that number (`_ratio`), and the product of all so far (`_product`).
    """

    def _ratio(self) -> float:
        raise NotImplementedError

    def _product(self) -> float:
        raise NotImplementedError

    def get_lr(self) -> list[Any]:
        """The rates of this epoch, from those of the last (called by `step`)."""
        self._warn_unless_stepping()
        ratio = self._ratio()
        rates = of_groups(self.optimizer, "lr")
        return rates if ratio == 1 else [lr * ratio for lr in rates]

    def _get_closed_form_lr(self) -> list[Any]:
        return [lr * self._product() for lr in self.base_lrs]


# ------------------------------------------------------------------ what schedulers share


def check_optimizer(optimizer: Any) -> Optimizer:
    """TypeError unless it is an optimizer."""
    if not isinstance(optimizer, Optimizer):
        raise TypeError(f"{type(optimizer).__name__} is not an Optimizer")
    return optimizer


def step_of(optimizer: Optimizer) -> Any:
    """The function behind ``optimizer.step``, which somebody may have replaced."""
    return getattr(optimizer.step, "__func__", optimizer.step)


def copied(value: Any) -> Any:
    """A setting that is safe from writes to the tensor it may be."""
    return value.clone() if isinstance(value, Tensor) else value


def of_groups(optimizer: Optimizer, key: str) -> list[Any]:
    """A setting of each group."""
    return [copied(group[key]) for group in optimizer.param_groups]


def for_groups(name: str, optimizer: Optimizer, value: Any) -> list[Any]:
    """A value for each group, from one for all or a list."""
    count = len(optimizer.param_groups)
    if not isinstance(value, list | tuple):
        value = [value] * count
    elif len(value) != count:
        raise ValueError(
            f"{name} must have the same length as optimizer.param_groups. {name} has {len(value)} "
            f"values, param_groups has {count}."
        )
    return list(map(copied, value))


def set_value(group: dict[str, Any], key: str, value: Any) -> None:
    """Change a setting of a group; a tensor is written to, as others may hold it."""
    if isinstance(group[key], Tensor):
        group[key].fill_(number(value))
    else:
        group[key] = value


def saved_function(fn: Any) -> dict[str, Any] | None:
    """The attributes of a callable object; a function has no state to save."""
    held = None if isinstance(fn, types.FunctionType) else getattr(fn, "__dict__", None)
    return None if held is None else dict(held)
