"""The state of a module as a dictionary of tensors, and back.

Loading collects what it will copy first and copies only when every key and every shape
fits: a failed load leaves the module as it was.
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any, NamedTuple

from ..._tensor import Tensor
from ...node import RemovableHandle
from ..parameter import Parameter

if TYPE_CHECKING:
    from .module import Module

EXTRA = "_extra_state"


class IncompatibleKeys(NamedTuple):
    """What `load_state_dict` returns: keys the dictionary lacks, keys the module lacks."""

    missing_keys: list[str]
    unexpected_keys: list[str]

    def __repr__(self) -> str:
        if not self.missing_keys and not self.unexpected_keys:
            return "<All keys matched successfully>"
        return (
            f"_IncompatibleKeys(missing_keys={self.missing_keys}, "
            f"unexpected_keys={self.unexpected_keys})"
        )


class State:
    """The part of a module that saves and loads."""

    _version = 1
    _parameters: dict[str, Parameter | None]
    _buffers: dict[str, Tensor | None]
    _modules: dict[str, Module | None]
    _non_persistent_buffers_set: set[str]
    _state_dict_hooks: OrderedDict[int, Any]
    _state_dict_pre_hooks: OrderedDict[int, Any]
    _load_state_dict_pre_hooks: OrderedDict[int, Any]
    _load_state_dict_post_hooks: OrderedDict[int, Any]

    # ------------------------------------------------------------------ saving

    def get_extra_state(self) -> Any:
        """Override, with `set_extra_state`, to save more than parameters and buffers."""
        raise RuntimeError("get_extra_state() is called only where it is overridden")

    def set_extra_state(self, state: Any) -> None:
        """Take back what `get_extra_state` gave."""
        raise RuntimeError("set_extra_state() is called only where it is overridden")

    def _has_extra(self, which: str) -> bool:
        return getattr(type(self), which) is not getattr(State, which)

    def state_dict(
        self, *, destination: Any = None, prefix: str = "", keep_vars: bool = False
    ) -> OrderedDict[str, Any]:
        """Parameters and persistent buffers by dotted path.

        Parameters
        ----------
        destination : dict, optional
            Filled and returned; default: a new one.
        prefix : str
            Put in front of every key.
        keep_vars : bool, default False
            Give the parameters themselves rather than detached tensors on their memory.
        """
        if destination is None:
            destination = OrderedDict()
            destination._metadata = OrderedDict()
        local = {"version": self._version}
        if hasattr(destination, "_metadata"):
            destination._metadata[prefix[:-1]] = local
        for hook in self._state_dict_pre_hooks.values():
            hook(self, prefix, keep_vars)
        self._save_to_state_dict(destination, prefix, keep_vars)
        for name, child in self._modules.items():
            if child is not None:
                child.state_dict(
                    destination=destination, prefix=f"{prefix}{name}.", keep_vars=keep_vars
                )
        for hook in self._state_dict_hooks.values():
            answer = hook(self, destination, prefix, local)
            if answer is not None:
                destination = answer
        return destination

    def _save_to_state_dict(self, destination: Any, prefix: str, keep_vars: bool) -> None:
        """Put what this module itself holds (not its children) into `destination`."""
        for name, p in self._parameters.items():
            if p is not None:
                destination[prefix + name] = p if keep_vars else p.detach()
        for name, b in self._buffers.items():
            if b is not None and name not in self._non_persistent_buffers_set:
                destination[prefix + name] = b if keep_vars else b.detach()
        if self._has_extra("get_extra_state"):
            destination[prefix + EXTRA] = self.get_extra_state()

    # ------------------------------------------------------------------ loading

    def load_state_dict(
        self, state_dict: Mapping[str, Any], strict: bool = True, assign: bool = False
    ) -> IncompatibleKeys:
        """Copy values from a dictionary that `state_dict` made.

        Parameters
        ----------
        strict : bool, default True
            Whether missing and unexpected keys are errors.
        assign : bool, default False
            Take the tensors themselves instead of copying their values.

        Raises
        ------
        RuntimeError
            Naming all missing and unexpected keys and all misfits of shape; nothing has
            been copied then.
        """
        if not isinstance(state_dict, Mapping):
            raise TypeError(f"Expected state_dict to be dict-like, got {type(state_dict)}.")
        missing: list[str] = []
        unexpected: list[str] = []
        errors: list[str] = []
        pending: list[Callable[[], None]] = []
        given = OrderedDict(state_dict)
        metadata = getattr(state_dict, "_metadata", None) or {}
        modules: list[tuple[str, Module]] = []

        def load(module: Any, prefix: str) -> None:
            local = dict(metadata.get(prefix[:-1], {})) | {
                "pending": pending,
                "assign_to_params_buffers": assign,
            }
            module._load_from_state_dict(given, prefix, local, True, missing, unexpected, errors)
            for name, child in module._modules.items():
                if child is not None:
                    load(child, f"{prefix}{name}.")
            modules.append((prefix, module))

        load(self, "")
        found = IncompatibleKeys(missing, unexpected)
        for _, module in modules:
            for hook in module._load_state_dict_post_hooks.values():
                hook(module, found)
        if strict:
            errors[:0] = _key_errors(found)
        if errors:
            raise RuntimeError(
                f"Error(s) in loading state_dict for {type(self).__name__}:\n\t"
                + "\n\t".join(errors)
            )
        for copy in pending:
            copy()
        return found

    def _load_from_state_dict(
        self,
        state_dict: Any,
        prefix: str,
        local_metadata: dict[str, Any],
        strict: bool,
        missing_keys: list[str],
        unexpected_keys: list[str],
        error_msgs: list[str],
    ) -> None:
        """Note what to copy into this module itself, and what does not fit."""
        for hook in self._load_state_dict_pre_hooks.values():
            found = (missing_keys, unexpected_keys, error_msgs)
            hook(self, state_dict, prefix, local_metadata, strict, *found)
        tables: tuple[dict[str, Any], ...] = (self._parameters, self._buffers)
        for table in tables:
            for name, own in table.items():
                if own is None or name in self._non_persistent_buffers_set:
                    continue
                key = prefix + name
                if key not in state_dict:
                    missing_keys.append(key)
                    continue
                problem = _misfit(key, own, state_dict[key])
                if problem:
                    error_msgs.append(problem)
                    continue
                assign = local_metadata.get("assign_to_params_buffers", False)
                step = _assign if assign else _copy
                local_metadata.setdefault("pending", []).append(
                    lambda step=step, table=table, name=name, value=state_dict[key]: step(
                        table, name, value
                    )
                )
        self._load_extra(state_dict, prefix, local_metadata, missing_keys, unexpected_keys)
        below = (k for k in state_dict if k.startswith(prefix) and k != prefix + EXTRA)
        unexpected_keys += [k for k in below if self._is_unknown(k[len(prefix) :])]

    def _is_unknown(self, rest: str) -> bool:
        name, _, below = rest.partition(".")
        if below:
            return self._modules.get(name) is None
        if name in self._non_persistent_buffers_set:
            return True
        return self._parameters.get(name) is None and self._buffers.get(name) is None

    def _load_extra(
        self, state_dict: Any, prefix: str, local: Any, missing: list[str], unexpected: list[str]
    ) -> None:
        key = prefix + EXTRA
        if self._has_extra("set_extra_state"):
            if key not in state_dict:
                missing.append(key)
            else:
                value = state_dict[key]
                local.setdefault("pending", []).append(lambda: self.set_extra_state(value))
        elif key in state_dict:
            unexpected.append(key)

    # ------------------------------------------------------------------ hooks

    def register_state_dict_post_hook(self, hook: Callable[..., Any]) -> RemovableHandle:
        """Call ``hook(module, state_dict, prefix, local_metadata)`` after `state_dict`."""
        return RemovableHandle(self._state_dict_hooks, hook)

    _register_state_dict_hook = register_state_dict_post_hook

    def register_state_dict_pre_hook(self, hook: Callable[..., Any]) -> RemovableHandle:
        """Call ``hook(module, prefix, keep_vars)`` before `state_dict`."""
        return RemovableHandle(self._state_dict_pre_hooks, hook)

    def register_load_state_dict_pre_hook(self, hook: Callable[..., Any]) -> RemovableHandle:
        """Call ``hook(module, state_dict, prefix, ...)`` before this module loads."""
        return RemovableHandle(self._load_state_dict_pre_hooks, hook)

    def register_load_state_dict_post_hook(self, hook: Callable[..., Any]) -> RemovableHandle:
        """Call ``hook(module, incompatible_keys)`` after loading; it may change the lists."""
        return RemovableHandle(self._load_state_dict_post_hooks, hook)


def _key_errors(found: IncompatibleKeys) -> list[str]:
    errors = []
    for what, keys in (("Missing", found.missing_keys), ("Unexpected", found.unexpected_keys)):
        if keys:
            quoted = ", ".join(f'"{k}"' for k in keys)
            errors.append(f"{what} key(s) in state_dict: {quoted}. ")
    return errors


def _misfit(key: str, own: Tensor, value: Any) -> str:
    if not isinstance(value, Tensor):
        return (
            f'While copying the parameter named "{key}", expected torch.Tensor or Tensor-like '
            f"object from checkpoint but received {type(value)}"
        )
    if value.shape != own.shape:
        return (
            f"size mismatch for {key}: copying a param with shape {value.shape!r} from checkpoint, "
            f"the shape in current model is {own.shape!r}."
        )
    return ""


def _copy(table: dict[str, Any], name: str, value: Tensor) -> None:
    own = table[name]
    source = value if value.device == own.device else value.to_device(own.device)
    own._array[...] = source._array
    own._bump("load_state_dict")


def _assign(table: dict[str, Any], name: str, value: Tensor) -> None:
    own = table[name]
    if isinstance(own, Parameter) and not isinstance(value, Parameter):
        value = Parameter(value.detach(), own.requires_grad)
    table[name] = value
