"""Hooks of all modules together, and hooks that see what is registered in a module.

While there are none, calls of modules pay nothing: `Hooks._hooked`, which every call looks
at anyway, is a class attribute that becomes true with the first one.
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable
from typing import Any

from ...node import RemovableHandle

__all__ = [
    "register_module_backward_hook", "register_module_buffer_registration_hook",
    "register_module_forward_hook", "register_module_forward_pre_hook",
    "register_module_full_backward_hook", "register_module_full_backward_pre_hook",
    "register_module_module_registration_hook", "register_module_parameter_registration_hook",
]  # fmt: skip

Table = OrderedDict[int, Any]

forward_pre: Table = OrderedDict()
forward: Table = OrderedDict()
backward_pre: Table = OrderedDict()
backward: Table = OrderedDict()
older_backward: Table = OrderedDict()
with_kwargs: set[int] = set()
always_called: set[int] = set()
registration: dict[str, Table] = {
    "parameter": OrderedDict(),
    "buffer": OrderedDict(),
    "module": OrderedDict(),
}

MIXED = (
    "Cannot use both regular backward hooks and full backward hooks as a global Module hook. "
    "Please use only one of them."
)


class _Handle(RemovableHandle):
    """Takes the hook out, and lets calls of modules be plain again after the last one."""

    __slots__ = ()

    def remove(self) -> None:
        super().remove()
        _tell_modules()


def _tell_modules() -> None:
    from .hooks import Hooks

    Hooks._hooked = any((forward_pre, forward, backward_pre, backward, older_backward))


def _added(table: Table, hook: Callable[..., Any]) -> RemovableHandle:
    handle = _Handle(table, hook)
    _tell_modules()
    return handle


def register_module_forward_pre_hook(hook: Callable[..., Any]) -> RemovableHandle:
    """Call ``hook(module, args)`` before forward of every module."""
    return _added(forward_pre, hook)


def register_module_forward_hook(
    hook: Callable[..., Any], *, with_kwargs: bool = False, always_call: bool = False
) -> RemovableHandle:
    """Call ``hook(module, args, output)`` after forward of every module.

    Parameters
    ----------
    with_kwargs, always_call : bool
        As in `Module.register_forward_hook`.
    """
    handle = _added(forward, hook)
    if with_kwargs:
        globals()["with_kwargs"].add(handle.id)
    if always_call:
        always_called.add(handle.id)
    return handle


def register_module_full_backward_pre_hook(hook: Callable[..., Any]) -> RemovableHandle:
    """Call ``hook(module, grad_output)`` before the backward of every module."""
    return _added(backward_pre, hook)


def register_module_full_backward_hook(hook: Callable[..., Any]) -> RemovableHandle:
    """Call ``hook(module, grad_input, grad_output)`` at the backward of every module."""
    if older_backward:
        raise RuntimeError(MIXED)
    return _added(backward, hook)


def register_module_backward_hook(hook: Callable[..., Any]) -> RemovableHandle:
    """The older kind of `register_module_full_backward_hook`; see `Module`'s."""
    if backward:
        raise RuntimeError(MIXED)
    return _added(older_backward, hook)


def register_module_parameter_registration_hook(hook: Callable[..., Any]) -> RemovableHandle:
    """Call ``hook(module, name, parameter)`` when one is registered; it may return another."""
    return RemovableHandle(registration["parameter"], hook)


def register_module_buffer_registration_hook(hook: Callable[..., Any]) -> RemovableHandle:
    """Call ``hook(module, name, buffer)`` when one is registered; it may return another."""
    return RemovableHandle(registration["buffer"], hook)


def register_module_module_registration_hook(hook: Callable[..., Any]) -> RemovableHandle:
    """Call ``hook(module, name, submodule)`` when one is registered; it may return another."""
    return RemovableHandle(registration["module"], hook)


def registered(kind: str, module: Any, name: str, value: Any) -> Any:
    """What is registered after the hooks have seen it."""
    for hook in registration[kind].values():
        answer = hook(module, name, value)
        if answer is not None:
            value = answer
    return value
