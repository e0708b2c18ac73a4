"""Averages of a model's weights over training: stochastic weight averaging, moving averages."""

from __future__ import annotations

import itertools
import math
from collections.abc import Callable, Iterable
from copy import deepcopy
from typing import Any

from .. import modes
from .._tensor import Tensor
from ..dtypes import FLOATING, int64
from ..nn.modules.module import Module
from .lr_scheduler.base import LRScheduler, for_groups
from .optimizer import Optimizer
from .settings import number

__all__ = [
    "AveragedModel", "SWALR", "get_ema_avg_fn", "get_ema_multi_avg_fn", "get_swa_avg_fn",
    "get_swa_multi_avg_fn", "update_bn",
]  # fmt: skip


# ------------------------------------------------------------------ how to average


def get_ema_avg_fn(decay: float = 0.999) -> Callable[[Tensor, Tensor, Any], Tensor]:
    """An `avg_fn`: ``decay * average + (1 - decay) * new``.

    Raises
    ------
    ValueError
        If `decay` is not between 0 and 1.
    """
    _check_decay(decay)

    def ema_update(ema_param: Tensor, current_param: Tensor, num_averaged: Any) -> Tensor:
        with modes.no_grad():
            return ema_param * decay + current_param * (1 - decay)

    return ema_update


def get_swa_avg_fn() -> Callable[[Tensor, Tensor, Any], Tensor]:
    """An `avg_fn`: the mean of all so far."""

    def swa_update(averaged_param: Tensor, current_param: Tensor, num_averaged: Any) -> Tensor:
        with modes.no_grad():
            return averaged_param + (current_param - averaged_param) / (num_averaged + 1)

    return swa_update


def get_ema_multi_avg_fn(decay: float = 0.999) -> Callable[[Any, Any, Any], None]:
    """A `multi_avg_fn`: ``decay * average + (1 - decay) * new``, written into the averages."""
    _check_decay(decay)

    def ema_update(ema_param_list: Any, current_param_list: Any, _: Any) -> None:
        _move_towards(ema_param_list, current_param_list, 1 - decay)

    return ema_update


def get_swa_multi_avg_fn() -> Callable[[Any, Any, Any], None]:
    """A `multi_avg_fn`: the mean of all so far, written into the averages."""

    def swa_update(averaged_param_list: Any, current_param_list: Any, num_averaged: Any) -> None:
        _move_towards(averaged_param_list, current_param_list, number(1 / (num_averaged + 1)))

    return swa_update


def _check_decay(decay: float) -> None:
    if not 0.0 <= decay <= 1.0:
        raise ValueError(
            f"Invalid decay value {decay} provided. Please provide a value in [0,1] range."
        )


def _move_towards(averages: Iterable[Tensor], values: Iterable[Tensor], part: float) -> None:
    with modes.no_grad():
        for average, value in zip(averages, values, strict=True):
            if average.dtype.category < FLOATING:  # counts of batches: rounded towards zero
                average.copy_(average + (value - average) * part)
            else:
                average += (value - average) * part


# ------------------------------------------------------------------ the averaged model


class AveragedModel(Module):
    """A copy of a model whose weights are averages of the model's.

    Parameters
    ----------
    model : Module
        The model that is trained.
    device : device, optional
        Where to keep the averages.
    avg_fn : callable, optional
        ``avg_fn(average, new, count)`` gives the next average of one tensor.
    multi_avg_fn : callable, optional
        ``multi_avg_fn(averages, news, count)`` writes the next averages of all.
    use_buffers : bool, default False
        Whether buffers are averaged too; if not, they are copied.

    Raises
    ------
    AssertionError
        If both functions are given; with neither, the mean of all is taken.
    """

    n_averaged: Tensor

    def __init__(
        self,
        model: Module,
        device: Any = None,
        avg_fn: Callable[[Tensor, Tensor, Any], Tensor] | None = None,
        multi_avg_fn: Callable[[Any, Any, Any], None] | None = None,
        use_buffers: bool = False,
    ):
        from ..ops.create import tensor

        super().__init__()
        if avg_fn is not None and multi_avg_fn is not None:
            raise AssertionError("Only one of avg_fn and multi_avg_fn should be provided")
        self.module = deepcopy(model)
        if device is not None:
            self.module = self.module.to(device)
        self.register_buffer("n_averaged", tensor(0, dtype=int64, device=device))
        self.avg_fn = avg_fn
        self.multi_avg_fn = multi_avg_fn
        self.use_buffers = use_buffers

    def forward(self, *args: Any, **kwargs: Any) -> Any:
        """The averaged model's output."""
        return self.module(*args, **kwargs)

    def update_parameters(self, model: Module) -> None:
        """Take the model's weights into the averages; the first time, copy them."""
        averages, values = self._pairs(model)
        with modes.no_grad():
            if not self.n_averaged.item():
                for average, value in zip(averages, values, strict=True):
                    average.copy_(value)
            elif self.multi_avg_fn is not None:
                self._update_all(averages, values, self.multi_avg_fn)
            else:
                update = self.avg_fn or get_swa_avg_fn()
                for average, value in zip(averages, values, strict=True):
                    average.copy_(update(average, value, self.n_averaged.to(average.device)))
            if not self.use_buffers:
                for own, other in zip(self.module.buffers(), model.buffers(), strict=True):
                    own.copy_(other.detach().to(own.device))
            self.n_averaged += 1

    def _pairs(self, model: Module) -> tuple[list[Tensor], list[Tensor]]:
        def of(m: Module) -> list[Tensor]:
            buffers = m.buffers() if self.use_buffers else ()
            return [t.detach() for t in itertools.chain(m.parameters(), buffers)]

        averages, values = of(self.module), of(model)
        if len(averages) != len(values):
            raise ValueError(
                f"the averaged model has {len(averages)} tensors, the model {len(values)}; "
                "average a model of the same structure"
            )
        moved = [v.to(a.device) for a, v in zip(averages, values, strict=True)]
        return averages, moved

    def _update_all(
        self, averages: list[Tensor], values: list[Tensor], update: Callable[[Any, Any, Any], None]
    ) -> None:
        """Hand tensors of one device and dtype over together, so that they can be stacked."""
        alike: dict[Any, tuple[list[Tensor], list[Tensor]]] = {}
        for average, value in zip(averages, values, strict=True):
            lists = alike.setdefault((average.device, average.dtype), ([], []))
            lists[0].append(average)
            lists[1].append(value)
        for (device, _), (some, new) in alike.items():
            update(some, new, self.n_averaged.to(device))


def update_bn(loader: Iterable[Any], model: Module, device: Any = None) -> None:
    """Compute the running statistics of a model's BatchNorm layers anew, over a data set.

    Parameters
    ----------
    loader : iterable
        Batches; of a list or tuple the first item is the input.
    model : Module
        Is run in training mode, without gradients.
    device : device, optional
        Where to move the inputs.
    """
    layers = [m for m in model.modules() if _is_batch_norm(m)]
    if not layers:
        return
    momenta = [layer.momentum for layer in layers]
    was_training = model.training
    try:
        model.train()
        for layer in layers:
            layer.reset_running_stats()
            layer.momentum = None  # the mean over all batches
        with modes.no_grad():
            for batch in loader:
                input = batch[0] if isinstance(batch, list | tuple) else batch
                model(input if device is None else input.to(device))
    finally:
        for layer, momentum in zip(layers, momenta, strict=True):
            layer.momentum = momentum
        model.train(was_training)


def _is_batch_norm(module: Module) -> bool:
    from ..nn.modules.normalization import _BatchNorm

    return isinstance(module, _BatchNorm)


# ------------------------------------------------------------------ the rate meanwhile


class SWALR(LRScheduler):
    """From the rate that there is to `swa_lr` in `anneal_epochs`, and constant from there on.

    Parameters
    ----------
    optimizer : Optimizer
        Whose learning rates are set.
    swa_lr : float, or list of one for each group
        Where to go.
    anneal_epochs : int, default 10
        How long it takes.
    anneal_strategy : {"cos", "linear"}
        Along half a cosine, or in a straight line.
    last_epoch : int, default -1
        See `LRScheduler`.

    Raises
    ------
    ValueError
        If the strategy is unknown, or the epochs are negative.
    """

    def __init__(
        self,
        optimizer: Optimizer,
        swa_lr: float | list[float],
        anneal_epochs: int = 10,
        anneal_strategy: str = "cos",
        last_epoch: int = -1,
    ):
        rates = for_groups("swa_lr", optimizer, swa_lr)
        if anneal_strategy not in ("cos", "linear"):
            raise ValueError(
                f"anneal_strategy must be one of 'cos' or 'linear', instead got {anneal_strategy}"
            )
        if not isinstance(anneal_epochs, int) or anneal_epochs < 0:
            raise ValueError(f"anneal_epochs must be equal or greater than 0, got {anneal_epochs}")
        for group, lr in zip(optimizer.param_groups, rates, strict=True):
            group["swa_lr"] = lr
        self._anneal_strategy = anneal_strategy
        self.anneal_epochs = anneal_epochs
        super().__init__(optimizer, last_epoch)

    def _way(self, step: int) -> float:
        """How much of the way is behind, from 0 to 1."""
        part = max(0.0, min(1.0, step / max(1, self.anneal_epochs)))
        return part if self._anneal_strategy == "linear" else (1 - math.cos(math.pi * part)) / 2

    def get_lr(self) -> list[Any]:
        """The rates of this epoch, from those of the last (called by `step`)."""
        self._warn_unless_stepping()
        step = self._step_count - 1
        step = max(1, step) if self.anneal_epochs == 0 else step
        before, now = self._way(step - 1), self._way(step)
        rates = []
        for group in self.optimizer.param_groups:
            goal = group["swa_lr"]
            first = goal if before == 1 else (group["lr"] - before * goal) / (1 - before)
            rates.append(goal * now + first * (1 - now))
        return rates
