"""Optimizer: groups of parameters, their settings, and a state for each parameter."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable
from copy import deepcopy
from itertools import chain
from typing import Any

from .. import modes
from .._tensor import Tensor
from ..node import RemovableHandle

__all__ = ["Optimizer"]


class Optimizer:
    """Base class of the optimizers.

    Parameters
    ----------
    params : iterable of Tensor, of (name, Tensor), or of dict
        What to optimize; a dict is a group with settings of its own.
    defaults : dict
        Settings of groups that do not say otherwise.

    Attributes
    ----------
    param_groups : list of dict
        ``{"params": [...], "lr": ..., ...}``.
    state : dict
        For each parameter a dict: step count, momentum ...

    Raises
    ------
    ValueError
        If there is nothing to optimize, or a parameter is no leaf or comes twice.
    """

    def __init__(self, params: Iterable[Any], defaults: dict[str, Any]):
        if isinstance(params, Tensor):
            raise TypeError(
                "params argument given to the optimizer should be an iterable of Tensors or dicts, "
                f"but got {type(params).__name__}"
            )
        self.defaults = defaults
        self.state: defaultdict[Tensor, dict[str, Any]] = defaultdict(dict)
        self.param_groups: list[dict[str, Any]] = []
        self._step_pre_hooks: dict[int, Any] = {}
        self._step_post_hooks: dict[int, Any] = {}
        groups = list(params)
        if not groups:
            raise ValueError("optimizer got an empty parameter list")
        if not isinstance(groups[0], dict):
            groups = [{"params": groups}]
        for group in groups:
            self.add_param_group(dict(group))

    # ------------------------------------------------------------------ groups

    def add_param_group(self, param_group: dict[str, Any]) -> None:
        """Add parameters with settings of their own (e.g. layers thawed during training)."""
        if not isinstance(param_group, dict):
            raise TypeError(f"param_group must be a dict, but got {type(param_group)}")
        given = param_group["params"]
        if isinstance(given, set):
            raise TypeError(
                "optimizer parameters need to be organized in ordered collections, but the "
                "ordering of tensors in sets will change between runs. Please use a list instead."
            )
        members = [given] if isinstance(given, Tensor) else list(given)
        names = [m[0] for m in members if isinstance(m, tuple)]
        members = [m[1] if isinstance(m, tuple) else m for m in members]
        self._check_names(names, members)
        if names:
            param_group["param_names"] = names
        self._check_members(members)
        for name, value in self.defaults.items():
            if value is _REQUIRED and name not in param_group:
                raise ValueError(
                    "parameter group didn't specify a value of required optimization parameter "
                    f"{name}"
                )
            param_group.setdefault(name, value)
        param_group["params"] = members
        self.param_groups.append(param_group)

    def _check_names(self, names: list[str], members: list[Any]) -> None:
        if names and len(names) != len(members):
            raise ValueError(
                "all optimizer params should be with/without names. Some param names are missing"
            )
        if any(bool(names) != ("param_names" in group) for group in self.param_groups):
            raise ValueError(
                "all optimizer param groups should be with/without names. cannot add param group "
                f"{'with' if names else 'without'} names to the optimizer"
            )

    def _check_members(self, members: list[Any]) -> None:
        for p in members:
            if not isinstance(p, Tensor):
                raise TypeError(
                    "optimizer can only optimize Tensors, but one of the params is "
                    f"{type(p).__name__}"
                )
            if not (self.defaults.get("differentiable") or p.is_leaf or p.retains_grad):
                raise ValueError("can't optimize a non-leaf Tensor")
        identities = [id(p) for p in members]
        if len(set(identities)) < len(identities):
            raise ValueError("optimizer contains a parameter group with duplicate parameters")
        known = {id(p) for group in self.param_groups for p in group["params"]}
        if known.intersection(identities):
            raise ValueError("some parameters appear in more than one parameter group")

    # ------------------------------------------------------------------ stepping

    def zero_grad(self, set_to_none: bool = True) -> None:
        """Forget the gradients of all parameters.

        Parameters
        ----------
        set_to_none : bool, default True
            ``grad = None``; if False they are filled with zeros.
        """
        for group in self.param_groups:
            for p in group["params"]:
                if set_to_none:
                    p._grad = None
                elif p._grad is not None:
                    p._grad = p._grad.detach()
                    p._grad._array[...] = 0
                    p._grad._bump("zero_grad")

    def step(self, closure: Callable[[], Any] | None = None) -> Any:
        """Change every parameter that has a gradient, in place.

        Parameters
        ----------
        closure : callable, optional
            Computes the loss again (with gradients) first; its value is returned.
        """
        for hook in tuple(self._step_pre_hooks.values()):
            hook(self, (closure,), {})
        loss = None
        if closure is not None:
            with modes.enable_grad():
                loss = closure()
        for group in self.param_groups:
            self._step_group(group)
        for hook in tuple(self._step_post_hooks.values()):
            hook(self, (closure,), {})
        return loss

    def _step_group(self, group: dict[str, Any]) -> None:
        raise NotImplementedError

    def register_step_pre_hook(self, hook: Callable[..., Any]) -> RemovableHandle:
        """Call ``hook(optimizer, args, kwargs)`` before every step."""
        return RemovableHandle(self._step_pre_hooks, hook)  # type: ignore[arg-type]

    def register_step_post_hook(self, hook: Callable[..., Any]) -> RemovableHandle:
        """Call ``hook(optimizer, args, kwargs)`` after every step."""
        return RemovableHandle(self._step_post_hooks, hook)  # type: ignore[arg-type]

    # ------------------------------------------------------------------ saving and loading

    def state_dict(self) -> dict[str, Any]:
        """The settings and the state, with parameters by number."""
        number: dict[int, int] = {}
        groups = []
        for group in self.param_groups:
            for p in group["params"]:
                number.setdefault(id(p), len(number))
            packed = {k: v for k, v in group.items() if k != "params"}
            packed["params"] = [number[id(p)] for p in group["params"]]
            groups.append(packed)
        return {"state": {number[id(p)]: s for p, s in self.state.items()}, "param_groups": groups}

    def load_state_dict(self, state_dict: dict[str, Any]) -> None:
        """Take over what `state_dict` gave.

        Raises
        ------
        ValueError
            If the groups or their sizes differ; nothing has been changed then.
        """
        groups = state_dict["param_groups"]
        if len(groups) != len(self.param_groups):
            raise ValueError("loaded state dict has a different number of parameter groups")
        pairs = list(zip(self.param_groups, groups, strict=True))
        if any(len(own["params"]) != len(new["params"]) for own, new in pairs):
            raise ValueError(
                "loaded state dict contains a parameter group that doesn't match the size of "
                "optimizer's group"
            )
        by_number = dict(
            zip(
                chain.from_iterable(new["params"] for new in groups),
                chain.from_iterable(own["params"] for own in self.param_groups),
                strict=True,
            )
        )
        state: defaultdict[Tensor, dict[str, Any]] = defaultdict(dict)
        for key, values in state_dict["state"].items():
            p = by_number.get(key)
            if p is not None:
                state[p] = {k: _fitted(v, p) for k, v in values.items()}
        self.state = state
        for own, new in pairs:
            own.update({k: deepcopy(v) for k, v in new.items() if k != "params"})

    def __repr__(self) -> str:
        text = f"{type(self).__name__} ("
        for i, group in enumerate(self.param_groups):
            settings = [f"    {k}: {group[k]}" for k in sorted(group) if k != "params"]
            text += "\n".join(["", f"Parameter Group {i}", *settings, ""])
        return text + ")"

    def __getstate__(self) -> dict[str, Any]:
        return {"defaults": self.defaults, "state": self.state, "param_groups": self.param_groups}

    def __setstate__(self, state: dict[str, Any]) -> None:
        self.__dict__.update(state)
        self._step_pre_hooks, self._step_post_hooks = {}, {}


def number(setting: Any) -> Any:
    """A setting as a Python number, if it is a tensor (of one element)."""
    return setting.item() if isinstance(setting, Tensor) else setting


def check_tensor_setting(name: str, setting: Any, foreach: bool | None) -> None:
    """ValueError for a tensor as a setting where PyTorch refuses it."""
    if not isinstance(setting, Tensor):
        return
    if foreach:
        raise ValueError(
            f"{name} as a Tensor is not supported for capturable=False and foreach=True"
        )
    if setting.numel() != 1:
        raise ValueError(f"Tensor {name} must be 1-element, got shape {list(setting.shape)}")


_REQUIRED = object()
required = _REQUIRED
"""The default of a setting that every group has to give."""


def _fitted(value: Any, p: Tensor) -> Any:
    """A copy of a piece of state, of the dtype and device of its parameter."""
    if not isinstance(value, Tensor):
        return deepcopy(value)
    if not value.ndim:
        return value.clone()
    return value.detach().to(p.device, p.dtype).clone()
