"""Loading the state of an optimizer: everything is checked and copied before anything changes."""

from __future__ import annotations

from collections import defaultdict
from copy import deepcopy
from itertools import chain
from typing import TYPE_CHECKING, Any

from .._tensor import Tensor

if TYPE_CHECKING:
    from .optimizer import Optimizer

_YOUNG = {
    "amsgrad", "capturable", "decoupled_weight_decay", "differentiable", "foreach", "fused",
    "maximize", "nesterov",
}  # fmt: skip
"""Settings that files of earlier versions may lack."""


def loaded(
    optimizer: Optimizer, state_dict: dict[str, Any]
) -> tuple[list[dict[str, Any]], defaultdict[Any, dict[str, Any]]]:
    """The groups and the state that an optimizer has to take over.

    Raises
    ------
    ValueError
        With all the differences, if they do not fit.
    """
    groups = [_filled(optimizer, group) for group in state_dict["param_groups"]]
    _check_groups(optimizer, groups)
    by_number = dict(
        zip(
            chain.from_iterable(new["params"] for new in groups),
            chain.from_iterable(own["params"] for own in optimizer.param_groups),
            strict=True,
        )
    )
    _check_state(optimizer, state_dict["state"], by_number)
    on_device = {
        number: bool(group.get("capturable") or group.get("fused"))
        for group in groups
        for number in group["params"]
    }
    state: defaultdict[Any, dict[str, Any]] = defaultdict(dict)
    for key, values in state_dict["state"].items():
        if key in by_number:
            state[by_number[key]] = _fitted(values, by_number[key], on_device[key])
        else:
            state[key] = deepcopy(values)
    for own, new in zip(optimizer.param_groups, groups, strict=True):
        new["params"] = own["params"]
        if "param_names" in own:
            new.setdefault("param_names", own["param_names"])
    return groups, state


def _filled(optimizer: Optimizer, group: dict[str, Any]) -> dict[str, Any]:
    """A copy of a loaded group, with the defaults of young settings where it has none."""
    known = deepcopy(group)
    for name in _YOUNG & optimizer.defaults.keys():
        known.setdefault(name, optimizer.defaults[name])
    return known


def _check_groups(optimizer: Optimizer, groups: list[dict[str, Any]]) -> None:
    own = optimizer.param_groups
    if len(own) != len(groups):
        raise ValueError(
            "loaded state dict has a different number of parameter groups: "
            f"{len(groups)}, and the optimizer has {len(own)}"
        )
    sizes = [
        f"group {i} has {len(mine['params'])} parameters, the loaded one {len(new['params'])}"
        for i, (mine, new) in enumerate(zip(own, groups, strict=True))
        if len(mine["params"]) != len(new["params"])
    ]
    if sizes:
        raise ValueError(
            "loaded state dict contains a parameter group that doesn't match the size of "
            f"optimizer's group: {'; '.join(sizes)}"
        )
    missing = [
        f"group {i} has no {', '.join(sorted(optimizer.defaults.keys() - new.keys()))}"
        for i, new in enumerate(groups)
        if optimizer.defaults.keys() - new.keys()
    ]
    if missing:
        raise ValueError(
            f"loaded state dict lacks settings of {type(optimizer).__name__} (was it saved by "
            f"another optimizer?): {'; '.join(missing)}"
        )


def _check_state(optimizer: Optimizer, state: dict[Any, Any], by_number: dict[Any, Tensor]) -> None:
    wrong = [
        f"state {key}: {phrase}"
        for key, values in state.items()
        if key in by_number
        for phrase in optimizer._misfits(by_number[key], values)
    ]
    if wrong:
        raise ValueError(
            f"loaded state dict doesn't fit the optimizer's parameters: {'; '.join(wrong)}"
        )


def _fitted(value: Any, p: Tensor, on_device: bool, key: Any = None) -> Any:
    """A copy of a piece of state, of the dtype and device of its parameter.

    Numbers stay as they are: ``step`` counts beyond what half precision can, and a run goes on
    with the bits that it was stopped with.
    """
    if isinstance(value, dict):
        return {k: _fitted(v, p, on_device, k) for k, v in value.items()}
    if isinstance(value, list | tuple):
        return type(value)(_fitted(v, p, on_device) for v in value)
    if not isinstance(value, Tensor):
        return deepcopy(value)
    if not value.ndim and (p.ndim or key == "step"):
        return value.detach().to(p.device).clone() if on_device else value.detach().clone()
    fitted = value.detach().to(p.device)
    return (fitted.to(p.dtype) if p.is_floating_point() else fitted).clone()
