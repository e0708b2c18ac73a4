"""What makes backward hooks of a module fire: one node before it, one behind it.

Such a hook wants all gradients of a module's inputs (or outputs) together, so its tensors
pass through one node that does nothing but wait for them (`PassThrough`).
"""

from __future__ import annotations

import warnings
from typing import TYPE_CHECKING, Any

from ..._tensor import Tensor
from ...function import Function

if TYPE_CHECKING:
    from .module import Module


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

    def __init__(self, module: Module, before: tuple[Any, ...], after: tuple[Any, ...]):
        self.module = module
        self.before = before
        self.after = after
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
        if not isinstance(result, Tensor | tuple):
            warnings.warn(
                "For backward hooks to be called, module output should be a Tensor or a tuple of "
                f"Tensors but received {type(result)}",
                stacklevel=3,
            )
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


# ------------------------------------------------------------------ the older kind


def watch_last_node(module: Any, hooks: tuple[Any, ...], args: Any, result: Any) -> None:
    """Register hooks of the older kind: on the node of the first output, and nothing else.

    What they see as ``grad_input`` are the gradients of that one node's inputs, which are
    the module's only where its forward is a single operation.
    """
    first = result
    while not isinstance(first, Tensor):
        values = list(first.values()) if isinstance(first, dict) else first
        first = values[0]
    node = first.grad_fn
    if node is None:
        return
    for hook in hooks:
        node.register_hook(lambda before, behind, hook=hook: hook(module, before, behind))
    _warn_of_what_is_missed(args, result, node)


def _warn_of_what_is_missed(args: Any, result: Any, node: Any) -> None:
    def warn(what: str, kind: str) -> None:
        warnings.warn(
            f"Using {what} is deprecated and will be removed in future versions. This hook will "
            f"be missing some {kind}. Please use register_full_backward_hook to get the "
            "documented behavior.",
            FutureWarning,
            stacklevel=5,
        )

    outputs = result if isinstance(result, tuple) else (result,)
    if not all(isinstance(x, Tensor) for x in outputs):
        warn(
            "non-full backward hooks on a Module that does not return a single Tensor or a tuple "
            "of Tensors",
            "of the grad_output",
        )
    elif not all(isinstance(x, Tensor) for x in args):
        warn(
            "non-full backward hooks on a Module that does not take as input a single Tensor or a "
            "tuple of Tensors",
            "of the grad_input",
        )
    elif len({x.grad_fn for x in outputs if x.grad_fn is not None}) > 1:
        warn(
            "a non-full backward hook when outputs are generated by different autograd Nodes",
            "grad_output",
        )
    elif {n for n, _ in node.next_functions} != {x.grad_fn for x in args if x.grad_fn}:
        warn(
            "a non-full backward hook when the forward contains multiple autograd Nodes",
            "grad_input",
        )
