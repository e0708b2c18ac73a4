"""Hooks of a module: before and after its forward, before and after its backward.

Backward hooks need all gradients of a module's inputs (or outputs) together, so its
tensors pass through one node that does nothing but wait for them (`PassThrough`).
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from ..._tensor import Tensor
from ...function import Function
from ...node import RemovableHandle

if TYPE_CHECKING:
    from .module import Module


class Hooks:
    """The part of a module that keeps its hooks."""

    _hooked = False
    """Whether a hook was ever registered: what a call checks."""
    _forward_pre_hooks: OrderedDict[int, Any]
    _forward_hooks: OrderedDict[int, Any]
    _backward_pre_hooks: OrderedDict[int, Any]
    _backward_hooks: OrderedDict[int, Any]
    _with_kwargs: set[int]
    _always_called: set[int]

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
        return self._add_hook(self._backward_hooks, hook, prepend)

    register_backward_hook = register_full_backward_hook

    def register_full_backward_pre_hook(
        self, hook: Callable[..., Any], prepend: bool = False
    ) -> RemovableHandle:
        """Call ``hook(module, grad_output)`` before the module's backward; it may replace them."""
        return self._add_hook(self._backward_pre_hooks, hook, prepend)


class HookedCall:
    """One call of a module with its hooks around it."""

    def __init__(self, module: Module):
        self.module = module

    def run(self, args: Any, kwargs: Any) -> Any:
        """Hooks before, forward, hooks after."""
        module = self.module
        if not module._hooked:
            return module.forward(*args, **kwargs)
        done: set[int] = set()
        try:
            args, kwargs = self._before(args, kwargs)
            backward = None
            if module._backward_hooks or module._backward_pre_hooks:
                backward = BackwardHooks(module)
                args = backward.watch_inputs(args)
            result = module.forward(*args, **kwargs)
            for key, hook in tuple(module._forward_hooks.items()):
                done.add(key)
                answer = self._call_after(key, hook, args, kwargs, result)
                result = result if answer is None else answer
            return result if backward is None else backward.watch_outputs(result)
        except Exception:
            self._always(done, args, kwargs)
            raise

    def _before(self, args: Any, kwargs: Any) -> Any:
        module = self.module
        for key, hook in tuple(module._forward_pre_hooks.items()):
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

    def _call_after(self, key: int, hook: Any, args: Any, kwargs: Any, result: Any) -> Any:
        if key in self.module._with_kwargs:
            return hook(self.module, args, kwargs, result)
        return hook(self.module, args, result)

    def _always(self, done: set[int], args: Any, kwargs: Any) -> None:
        """After an error: the hooks that asked to be called whatever happens."""
        for key, hook in tuple(self.module._forward_hooks.items()):
            if key in self.module._always_called and key not in done:
                try:
                    self._call_after(key, hook, args, kwargs, None)
                except Exception as error:
                    import warnings

                    warnings.warn(
                        "module forward hook with `always_call=True` raised an exception that was "
                        f"silenced as another error was raised in forward: {error}",
                        stacklevel=4,
                    )


class PassThrough(Function):
    """Hands its inputs on: one node that hears all their gradients together."""

    @staticmethod
    def forward(ctx: Any, *tensors: Tensor) -> Any:
        """The same values, as new tensors."""
        ctx.mark_non_differentiable(*(t for t in tensors if not t.requires_grad))
        return tuple(t.detach() for t in tensors)

    @staticmethod
    def backward(ctx: Any, *grads: Any) -> Any:
        """The same gradients."""
        return grads


PassThrough.__name__ = "BackwardHookFunction"


class BackwardHooks:
    """The backward hooks of one call of a module."""

    def __init__(self, module: Module):
        self.module = module
        self.before = tuple(module._backward_pre_hooks.values())
        self.after = tuple(module._backward_hooks.values())
        self.input_places: list[int] = []
        self.input_count = 0
        self.output_places: list[int] = []
        self.output_count = 0
        self.waiting = False
        self.grad_outputs: tuple[Any, ...] | None = None

    def watch_inputs(self, args: tuple[Any, ...]) -> tuple[Any, ...]:
        """The arguments, their tensors led through a node that calls `_at_inputs`."""
        self.input_count = len(args)
        args, self.input_places, node = _lead_through(args)
        if node is not None:
            self.waiting = True
            node.register_hook(self._at_inputs)
        return args

    def watch_outputs(self, result: Any) -> Any:
        """The result, its tensors led through a node that calls `_at_outputs`."""
        outputs = result if isinstance(result, tuple) else (result,)
        self.output_count = len(outputs)
        outputs, self.output_places, node = _lead_through(outputs)
        if node is not None:
            node.register_prehook(self._at_outputs)
        return outputs if isinstance(result, tuple) else outputs[0]

    def _at_outputs(self, grads: tuple[Any, ...]) -> Any:
        full = _spread(grads, self.output_places, self.output_count)
        for hook in self.before:
            answer = hook(self.module, full)
            if answer is None:
                continue
            full = _checked(answer, self.output_count, "Backward pre hook", "grad_output")
        self.grad_outputs = full
        if not self.waiting:  # no input needs a gradient: nobody else will call them
            for hook in self.after:
                answer = hook(self.module, (None,) * self.input_count, full)
                if answer is not None and any(a is not None for a in _tuple(answer)):
                    raise RuntimeError(
                        "Backward hook for Modules where no input requires gradient should "
                        "always return None or None for all gradients."
                    )
        return tuple(full[i] for i in self.output_places)

    def _at_inputs(self, grad_inputs: tuple[Any, ...], _: Any) -> Any:
        if self.grad_outputs is None:
            return None
        full = _spread(grad_inputs, self.input_places, self.input_count)
        for hook in self.after:
            answer = hook(self.module, full, self.grad_outputs)
            if answer is not None:
                full = _checked(answer, self.input_count, "Backward hook", "grad_input")
        self.grad_outputs = None
        return tuple(full[i] for i in self.input_places)


def _lead_through(values: tuple[Any, ...]) -> tuple[tuple[Any, ...], list[int], Any]:
    """The values with their tensors passed on by one node; its places and that node."""
    from ... import state

    places = [i for i, v in enumerate(values) if isinstance(v, Tensor)]
    if not state.modes.grad or not any(values[i].requires_grad for i in places):
        return values, places, None
    passed = PassThrough.apply(*(values[i] for i in places))
    full = list(values)
    for i, tensor in zip(places, passed, strict=True):
        full[i] = tensor
    node = next(t.grad_fn for t in passed if t.grad_fn is not None)
    return tuple(full), places, node


def _spread(grads: tuple[Any, ...], places: list[int], count: int) -> tuple[Any, ...]:
    full: list[Any] = [None] * count
    for i, grad in zip(places, grads, strict=True):
        full[i] = grad
    return tuple(full)


def _tuple(value: Any) -> tuple[Any, ...]:
    return value if isinstance(value, tuple) else (value,)


def _checked(answer: Any, count: int, kind: str, what: str) -> tuple[Any, ...]:
    answer = _tuple(answer)
    if len(answer) != count:
        raise RuntimeError(
            f"{kind} returned an invalid number of {what}, got {len(answer)}, but expected {count}"
        )
    return answer
