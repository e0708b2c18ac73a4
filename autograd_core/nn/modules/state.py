"""The state of a module as a dictionary of tensors, and back.

Loading collects what it will copy first and copies only when every key and every shape
fits: a failed load leaves the module as it was.  Hooks after loading want to see the new
values and may still decide what counts as missing; where there are such hooks, the old
values are kept until they have spoken.
"""

from __future__ import annotations

import warnings
from collections import OrderedDict
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any, NamedTuple

from ..._tensor import Tensor
from ...node import RemovableHandle
from ..parameter import Parameter, is_lazy

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

    def __str__(self) -> str:
        return repr(self)


class _WithoutModule(NamedTuple):
    """A hook before loading that does not want the module."""

    hook: Callable[..., Any]

    def __call__(self, module: Any, *args: Any) -> Any:
        return self.hook(*args)


class _ReturningNothing(NamedTuple):
    """A hook after `state_dict` that may change the dictionary but not return another."""

    hook: Callable[..., Any]

    def __call__(self, *args: Any) -> None:
        if self.hook(*args) is not None:
            raise RuntimeError("state_dict post-hook must return None")


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
        self, *args: Any, destination: Any = None, prefix: str = "", keep_vars: bool = False
    ) -> Any:
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
        if args:
            warnings.warn(
                "Positional args are being deprecated, use kwargs instead. Refer to "
                "https://pytorch.org/docs/main/generated/torch.nn.Module.html"
                "#torch.nn.Module.state_dict for details.",
                FutureWarning,
                stacklevel=2,
            )
            usual: list[Any] = [destination, prefix, keep_vars]
            usual[: len(args)] = args
            destination, prefix, keep_vars = usual
        if destination is None:
            destination = OrderedDict()
            destination._metadata = OrderedDict()
        local: dict[str, Any] = {"version": self._version}
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
        loading = _Loading(state_dict, assign)
        loading.visit(self)
        return loading.finish(type(self).__name__, strict)

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
                    missing_keys += [key] if strict else []
                    continue
                problem = _misfit(key, own, state_dict[key])
                if problem:
                    error_msgs.append(problem)
                    continue
                assign = local_metadata.get("assign_to_params_buffers", False)
                step = _Step(self, table, name, _shaped(state_dict[key], own), assign)
                _note(local_metadata, step)
        keys = (missing_keys, unexpected_keys) if strict else ([], [])
        self._load_extra(state_dict, prefix, local_metadata, *keys)
        below = (k for k in state_dict if k.startswith(prefix) and k != prefix + EXTRA)
        if strict:
            unexpected_keys += [k for k in below if self._is_unknown(k[len(prefix) :])]

    def _is_unknown(self, rest: str) -> bool:
        name, _, below = rest.partition(".")
        if below:
            return name not in self._modules
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
                _note(local, _ExtraStep(self, state_dict[key]))
        elif key in state_dict:
            unexpected.append(key)

    # ------------------------------------------------------------------ hooks

    def register_state_dict_post_hook(self, hook: Callable[..., Any]) -> RemovableHandle:
        """Call ``hook(module, state_dict, prefix, local_metadata)`` after `state_dict`.

        It changes the dictionary in place and returns nothing.
        """
        if not callable(hook):
            raise TypeError(f"a hook must be callable, got {type(hook).__name__}")
        return RemovableHandle(self._state_dict_hooks, _ReturningNothing(hook))

    def _register_state_dict_hook(self, hook: Callable[..., Any]) -> RemovableHandle:
        """As `register_state_dict_post_hook`; the hook may return another dictionary."""
        known = self._state_dict_hooks.values()
        if any(isinstance(h, _ReturningNothing) and h.hook == hook for h in known):
            raise RuntimeError(
                "Cannot register the same function as the state dict post hook that was "
                "previously registered via register_state_dict_post_hook"
            )
        return RemovableHandle(self._state_dict_hooks, hook)

    def register_state_dict_pre_hook(self, hook: Callable[..., Any]) -> RemovableHandle:
        """Call ``hook(module, prefix, keep_vars)`` before `state_dict`."""
        return RemovableHandle(self._state_dict_pre_hooks, hook)

    def register_load_state_dict_pre_hook(self, hook: Callable[..., Any]) -> RemovableHandle:
        """Call ``hook(module, state_dict, prefix, ...)`` before this module loads."""
        return RemovableHandle(self._load_state_dict_pre_hooks, hook)

    def _register_load_state_dict_pre_hook(
        self, hook: Callable[..., Any], with_module: bool = False
    ) -> RemovableHandle:
        """As `register_load_state_dict_pre_hook`; without the module unless asked for."""
        wrapped = hook if with_module else _WithoutModule(hook)
        return RemovableHandle(self._load_state_dict_pre_hooks, wrapped)

    def register_load_state_dict_post_hook(self, hook: Callable[..., Any]) -> RemovableHandle:
        """Call ``hook(module, incompatible_keys)`` after loading; it may change the lists."""
        return RemovableHandle(self._load_state_dict_post_hooks, hook)


# ------------------------------------------------------------------ one load


class _Loading:
    """One `load_state_dict`: what is missing, what does not fit, what is to be copied."""

    def __init__(self, state_dict: Any, assign: bool):
        self.given: Any = OrderedDict(state_dict)
        self.metadata = getattr(state_dict, "_metadata", None) or {}
        self.assign = assign
        self.missing: list[str] = []
        self.unexpected: list[str] = []
        self.errors: list[str] = []
        self.pending: list[Any] = []
        self.visited: list[Any] = []

    def visit(self, module: Any, prefix: str = "", given: Any = None) -> None:
        """Note what this module and all below it take from the dictionary."""
        given = self.given if given is None else given
        local = dict(self.metadata.get(prefix[:-1], {})) | {"pending": self.pending}
        if self.assign:
            local["assign_to_params_buffers"] = True
        found = (self.missing, self.unexpected, self.errors)
        module._load_from_state_dict(given, prefix, local, True, *found)
        for name, child in module._modules.items():
            if child is not None:
                path = f"{prefix}{name}."
                below = OrderedDict((k, v) for k, v in given.items() if k.startswith(path))
                self.visit(child, path, below)
        self.visited.append(module)

    def finish(self, name: str, strict: bool) -> IncompatibleKeys:
        """Copy, if all is well; else the error, and nothing changed."""
        keys = IncompatibleKeys(self.missing, self.unexpected)
        hooks = [(m, h) for m in self.visited for h in m._load_state_dict_post_hooks.values()]
        if hooks:
            undo = [] if self.errors else [step() for step in self.pending]
            self.pending = []
            try:
                for module, hook in hooks:
                    if hook(module, keys) is not None:
                        raise AssertionError(
                            "Hooks registered with ``register_load_state_dict_post_hook`` are not "
                            "expected to return new values, if incompatible_keys need to be "
                            "modified, it should be done inplace."
                        )
                self._check(name, strict, keys)
            except Exception:
                for put_back in reversed(undo):
                    put_back()
                raise
        self._check(name, strict, keys)
        for step in self.pending:
            step(keep=False)
        return keys

    def _check(self, name: str, strict: bool, keys: IncompatibleKeys) -> None:
        errors = [*(_key_errors(keys) if strict else ()), *self.errors]
        if errors:
            raise RuntimeError(
                f"Error(s) in loading state_dict for {name}:\n\t" + "\n\t".join(errors)
            )


def _note(local_metadata: dict[str, Any], step: Any) -> None:
    """Copy later, within a load; at once where somebody calls `_load_from_state_dict` alone."""
    pending = local_metadata.get("pending")
    if pending is None:
        step(keep=False)
    else:
        pending.append(step)


class _Step(NamedTuple):
    """One parameter or buffer to be loaded; called, it gives what undoes it."""

    module: Any
    table: dict[str, Any]
    name: str
    value: Tensor
    assign: bool

    def __call__(self, keep: bool = True) -> Callable[[], None]:
        own = self.table[self.name]
        if self.assign:
            setattr(self.module, self.name, self._wrapped(own))
            return lambda: self.table.__setitem__(self.name, own)
        before = own._array.copy() if keep else None
        given = self.value
        source = given if given.device == own.device else given.to(own.device)
        own._array[...] = source._array
        own._bump("load_state_dict")
        return lambda: own._array.__setitem__(..., before)

    def _wrapped(self, own: Any) -> Any:
        """What is assigned: of a parameter, one that requires grad as it did."""
        if not isinstance(own, Parameter):
            return self.value
        if isinstance(self.value, Parameter):
            return self.value.requires_grad_(own.requires_grad)
        return Parameter(self.value.detach(), own.requires_grad)


class _ExtraStep(NamedTuple):
    """Extra state to be loaded; what undoes it asks the module for what it has now."""

    module: Any
    value: Any

    def __call__(self, keep: bool = True) -> Callable[[], None]:
        before = self.module.get_extra_state() if keep else None
        self.module.set_extra_state(self.value)
        return lambda: self.module.set_extra_state(before)


def _key_errors(found: IncompatibleKeys) -> list[str]:
    errors = []
    for what, keys in (("Missing", found.missing_keys), ("Unexpected", found.unexpected_keys)):
        if keys:
            quoted = ", ".join(f'"{k}"' for k in keys)
            errors.append(f"{what} key(s) in state_dict: {quoted}. ")
    return errors


def _shaped(value: Tensor, own: Tensor) -> Tensor:
    """A vector of one element, as older versions saved scalars, as a scalar."""
    if not is_lazy(own) and own.ndim == 0 and tuple(value.shape) == (1,):
        return value[0]
    return value


def _misfit(key: str, own: Tensor, value: Any) -> str:
    if not isinstance(value, Tensor):
        return (
            f'While copying the parameter named "{key}", expected torch.Tensor or Tensor-like '
            f"object from checkpoint but received {type(value)}"
        )
    if not is_lazy(own) and _shaped(value, own).shape != own.shape:
        return (
            f"size mismatch for {key}: copying a param with shape {value.shape} from checkpoint, "
            f"the shape in current model is {own.shape}."
        )
    return ""
