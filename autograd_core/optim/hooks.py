"""Functions that are called around the steps of an optimizer, its saving and its loading."""

from __future__ import annotations

import functools
from collections import OrderedDict
from collections.abc import Callable
from typing import Any

from ..node import RemovableHandle

_before_all: OrderedDict[int, Any] = OrderedDict()
_after_all: OrderedDict[int, Any] = OrderedDict()

KINDS = ("step_pre", "step_post", "state_dict_pre", "state_dict_post", "load_state_dict_pre",
         "load_state_dict_post")  # fmt: skip


def register_optimizer_step_pre_hook(hook: Callable[..., Any]) -> RemovableHandle:
    """Call ``hook(optimizer, args, kwargs)`` before every step of every optimizer."""
    return RemovableHandle(_before_all, hook)


def register_optimizer_step_post_hook(hook: Callable[..., Any]) -> RemovableHandle:
    """Call ``hook(optimizer, args, kwargs)`` after every step of every optimizer."""
    return RemovableHandle(_after_all, hook)


def with_hooks(step: Callable[..., Any]) -> Callable[..., Any]:
    """A `step` that calls the hooks, once also where it calls the step of its base class."""

    @functools.wraps(step)
    def stepping(self: Any, *args: Any, **kwargs: Any) -> Any:
        if self._stepping:
            return step(self, *args, **kwargs)
        self._stepping = self._opt_called = True
        try:
            everything = (self, *args)
            for hook in (*_before_all.values(), *self._optimizer_step_pre_hooks.values()):
                everything, kwargs = _changed(hook(self, everything, kwargs), everything, kwargs)
            result = step(*everything, **kwargs)
            for hook in (*self._optimizer_step_post_hooks.values(), *_after_all.values()):
                hook(self, everything, kwargs)
            return result
        finally:
            self._stepping = False

    return stepping


def _changed(found: Any, args: Any, kwargs: Any) -> tuple[Any, Any]:
    if found is None:
        return args, kwargs
    if isinstance(found, tuple) and len(found) == 2:
        return found
    raise RuntimeError(
        f"a step pre-hook must return None or a tuple of (new_args, new_kwargs), but got {found}."
    )


class Hooks:
    """An optimizer's own hooks, by kind."""

    _stepping = False
    _opt_called = False
    _scheduled_step: Any = None

    def _clear_hooks(self) -> None:
        for kind in KINDS:
            setattr(self, f"_optimizer_{kind}_hooks", OrderedDict())

    def _register(self, kind: str, hook: Any, prepend: bool = False) -> RemovableHandle:
        hooks: OrderedDict[int, Any] = getattr(self, f"_optimizer_{kind}_hooks")
        handle = RemovableHandle(hooks, hook)
        if prepend:
            hooks.move_to_end(handle.id, last=False)
        return handle

    def _run_hooks(self, kind: str, *args: Any) -> Any:
        """Call the hooks of a kind; each may replace the last argument by what it returns."""
        *first, last = (self, *args)
        for hook in tuple(getattr(self, f"_optimizer_{kind}_hooks").values()):
            found = hook(*first, last)
            last = last if found is None or not args else found
        return last

    def register_step_pre_hook(self, hook: Callable[..., Any]) -> RemovableHandle:
        """Call ``hook(optimizer, args, kwargs)`` before a step; it may return both, changed."""
        return self._register("step_pre", hook)

    def register_step_post_hook(self, hook: Callable[..., Any]) -> RemovableHandle:
        """Call ``hook(optimizer, args, kwargs)`` after every step."""
        return self._register("step_post", hook)

    def register_state_dict_pre_hook(
        self, hook: Callable[..., Any], prepend: bool = False
    ) -> RemovableHandle:
        """Call ``hook(optimizer)`` before `state_dict`."""
        return self._register("state_dict_pre", hook, prepend)

    def register_state_dict_post_hook(
        self, hook: Callable[..., Any], prepend: bool = False
    ) -> RemovableHandle:
        """Call ``hook(optimizer, state_dict)`` after `state_dict`; it may return another."""
        return self._register("state_dict_post", hook, prepend)

    def register_load_state_dict_pre_hook(
        self, hook: Callable[..., Any], prepend: bool = False
    ) -> RemovableHandle:
        """Call ``hook(optimizer, state_dict)`` before loading; it may return another to load."""
        return self._register("load_state_dict_pre", hook, prepend)

    def register_load_state_dict_post_hook(
        self, hook: Callable[..., Any], prepend: bool = False
    ) -> RemovableHandle:
        """Call ``hook(optimizer)`` after loading."""
        return self._register("load_state_dict_post", hook, prepend)
