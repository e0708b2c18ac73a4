"""Hooks of a module: before and after its forward, before and after its backward."""

from __future__ import annotations

import warnings
from collections import OrderedDict
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from ...node import RemovableHandle
from . import global_hooks
from .backward_hooks import BackwardHooks, watch_last_node

if TYPE_CHECKING:
    from .module import Module


class Hooks:
    """The part of a module that keeps its hooks."""

    _hooked = False
    """Whether a hook was ever registered, here or for all modules: what a call checks."""
    _forward_pre_hooks: OrderedDict[int, Any]
    _forward_hooks: OrderedDict[int, Any]
    _backward_pre_hooks: OrderedDict[int, Any]
    _backward_hooks: OrderedDict[int, Any]
    _with_kwargs: set[int]
    _always_called: set[int]
    _is_full_backward_hook: bool | None

    def _make_hooks(self) -> None:
        put = object.__setattr__
        for kind in (
            "_forward_pre_hooks",
            "_forward_hooks",
            "_backward_pre_hooks",
            "_backward_hooks",
            "_state_dict_hooks",
            "_state_dict_pre_hooks",
            "_load_state_dict_pre_hooks",
            "_load_state_dict_post_hooks",
        ):
            put(self, kind, OrderedDict())
        put(self, "_with_kwargs", set())
        put(self, "_always_called", set())
        put(self, "_is_full_backward_hook", None)

    def _add_hook(self, hooks: OrderedDict[int, Any], hook: Any, prepend: bool) -> RemovableHandle:
        handle = RemovableHandle(hooks, hook)
        if prepend:
            hooks.move_to_end(handle.id, last=False)
        object.__setattr__(self, "_hooked", True)
        return handle

    def register_forward_pre_hook(
        self, hook: Callable[..., Any], *, prepend: bool = False, with_kwargs: bool = False
    ) -> RemovableHandle:
        """Call ``hook(module, args)`` before forward; it may return other arguments.

        Parameters
        ----------
        prepend : bool, default False
            Call it before the hooks that are there.
        with_kwargs : bool, default False
            Call ``hook(module, args, kwargs)``, which may return ``(args, kwargs)``.
        """
        handle = self._add_hook(self._forward_pre_hooks, hook, prepend)
        if with_kwargs:
            self._with_kwargs.add(handle.id)
        return handle

    def register_forward_hook(
        self,
        hook: Callable[..., Any],
        *,
        prepend: bool = False,
        with_kwargs: bool = False,
        always_call: bool = False,
    ) -> RemovableHandle:
        """Call ``hook(module, args, output)`` after forward; it may return another output.

        Parameters
        ----------
        prepend : bool, default False
            Call it before the hooks that are there.
        with_kwargs : bool, default False
            Call ``hook(module, args, kwargs, output)``.
        always_call : bool, default False
            Call it (with None as output) even when forward or another hook raised.
        """
        handle = self._add_hook(self._forward_hooks, hook, prepend)
        if with_kwargs:
            self._with_kwargs.add(handle.id)
        if always_call:
            self._always_called.add(handle.id)
        return handle

    def register_full_backward_hook(
        self, hook: Callable[..., Any], prepend: bool = False
    ) -> RemovableHandle:
        """Call ``hook(module, grad_input, grad_output)`` when gradients of the inputs are there.

        Both are tuples, with None where an argument is no tensor or needs no gradient; it
        may return other gradients of the inputs.
        """
        self._use_backward_hooks(True)
        return self._add_hook(self._backward_hooks, hook, prepend)

    def register_backward_hook(self, hook: Callable[..., Any]) -> RemovableHandle:
        """The older kind of `register_full_backward_hook`, which PyTorch keeps too.

        Its ``grad_input`` are the gradients of the inputs of the *last operation* of the
        module, its ``grad_output`` those of that operation's output.
        """
        self._use_backward_hooks(False)
        return self._add_hook(self._backward_hooks, hook, False)

    def _use_backward_hooks(self, full: bool) -> None:
        if self._is_full_backward_hook is (not full):
            raise RuntimeError(
                "Cannot use both regular backward hooks and full backward hooks on a single "
                "Module. Please use only one of them."
            )
        object.__setattr__(self, "_is_full_backward_hook", full)

    def register_full_backward_pre_hook(
        self, hook: Callable[..., Any], prepend: bool = False
    ) -> RemovableHandle:
        """Call ``hook(module, grad_output)`` before the module's backward; it may replace them."""
        return self._add_hook(self._backward_pre_hooks, hook, prepend)


class HookedCall:
    """One call of a module with its hooks, and those of all modules, around it."""

    def __init__(self, module: Module):
        self.module = module
        self.result: Any = None

    def run(self, args: Any, kwargs: Any) -> Any:
        """Hooks before, forward, hooks after."""
        done: set[int] = set()
        try:
            args, kwargs = self._before(args, kwargs)
            pre, full, older = self._backward_hooks()
            backward = BackwardHooks(self.module, pre, full) if pre or full else None
            if backward is not None:
                args = backward.watch_inputs(args)
            self.result = self.module.forward(*args, **kwargs)
            for key, hook in self._forward_hooks():
                done.add(key)
                self._call_after(key, hook, args, kwargs)
            if backward is not None:
                self.result = backward.watch_outputs(self.result)
            if older:
                watch_last_node(self.module, older, args, self.result)
            return self.result
        except Exception:
            self._always(done, args, kwargs)
            raise

    def _before(self, args: Any, kwargs: Any) -> Any:
        module = self.module
        hooks = (*global_hooks.forward_pre.items(), *module._forward_pre_hooks.items())
        for key, hook in hooks:
            if key in module._with_kwargs:
                answer = hook(module, args, kwargs)
                if answer is None:
                    continue
                if not isinstance(answer, tuple) or len(answer) != 2:
                    raise RuntimeError(
                        "forward pre-hook must return None or a tuple of (new_args, new_kwargs), "
                        f"but got {answer}."
                    )
                args, kwargs = answer
            else:
                answer = hook(module, args)
                if answer is not None:
                    args = answer if isinstance(answer, tuple) else (answer,)
        return args, kwargs

    def _backward_hooks(self) -> tuple[tuple[Any, ...], tuple[Any, ...], tuple[Any, ...]]:
        """Hooks before the backward, full ones and older ones at it."""
        module = self.module
        own = tuple(module._backward_hooks.values())
        full, older = (own, ()) if module._is_full_backward_hook else ((), own)
        return (
            (*global_hooks.backward_pre.values(), *module._backward_pre_hooks.values()),
            (*global_hooks.backward.values(), *full),
            (*global_hooks.older_backward.values(), *older),
        )

    def _forward_hooks(self) -> tuple[tuple[int, Any], ...]:
        return (*global_hooks.forward.items(), *self.module._forward_hooks.items())

    def _call_after(self, key: int, hook: Any, args: Any, kwargs: Any) -> None:
        if key in self.module._with_kwargs or key in global_hooks.with_kwargs:
            answer = hook(self.module, args, kwargs, self.result)
        else:
            answer = hook(self.module, args, self.result)
        if answer is not None:
            self.result = answer

    def _always(self, done: set[int], args: Any, kwargs: Any) -> None:
        """After an error: the hooks that asked to be called whatever happens."""
        wanted = global_hooks.always_called | self.module._always_called
        for key, hook in self._forward_hooks():
            if key in wanted and key not in done:
                try:
                    self._call_after(key, hook, args, kwargs)
                except Exception as error:
                    whose = "global module" if key in global_hooks.forward else "module"
                    warnings.warn(
                        f"{whose} forward hook with `always_call=True` raised an exception that "
                        f"was silenced as another error was raised in forward: {error}",
                        stacklevel=4,
                    )
