"""Custom functions: `Function` with a forward and a backward written by the user.

The node of a call *is* the context, as in PyTorch: ``y.grad_fn`` carries whatever the
forward put on ``ctx``.
"""

from __future__ import annotations

import functools
from collections.abc import Callable
from typing import Any

from . import state
from .dispatch import current_fn, describe_node, raise_freed, raise_modified, sum_to
from .errors import AutogradError, GradientError
from .functional_namespace import sum_to_tensor
from .node import Node, Output, accumulator, ref
from .saved import Packed, pack
from .source import user_location
from .tensor import Tensor


class FunctionCtx(Node):
    """The context of one call: saves tensors, marks outputs, and is the backward node."""

    __slots__ = ("__dict__", "_input_meta", "_marks", "_output_meta", "_to_save")

    outputs = 0
    releases = False
    op = None
    function: Any = None

    def __init__(self) -> None:
        self.next = ()
        self.seq = state.next_sequence()
        self.saved = ()
        self.fit = None
        self.code = None
        self.lasti = -1
        self.rare = None
        self._to_save: tuple[Any, ...] = ()
        self._marks: dict[str, Any] = {"dirty": (), "non_differentiable": (), "materialize": True}
        self._output_meta: tuple[Any, ...] = ()
        self._input_meta: tuple[Any, ...] = ()
        self.needs_input_grad: tuple[bool, ...] = ()

    @property
    def output_count(self) -> int:
        return len(self._output_meta)

    def save_for_backward(self, *tensors: Tensor | None) -> None:
        """Save inputs, outputs or intermediates for `saved_tensors` (versions are checked)."""
        for t in tensors:
            if t is not None and not isinstance(t, Tensor):
                raise TypeError(
                    f"save_for_backward can only save variables, but got a {type(t).__name__}; "
                    "put other values on ctx as attributes"
                )
        self._to_save = tensors

    def save_for_forward(self, *tensors: Tensor | None) -> None:
        """Save tensors for `jvp`."""
        self._marks["forward"] = tensors

    def mark_dirty(self, *tensors: Tensor) -> None:
        """Say which inputs the forward modified in place (they must be outputs)."""
        self._marks["dirty"] = tensors

    def mark_non_differentiable(self, *tensors: Tensor) -> None:
        """Say which outputs have no gradient."""
        self._marks["non_differentiable"] = tensors

    def set_materialize_grads(self, value: bool) -> None:
        """Whether backward gets zeros (True) or None (False) for unused outputs."""
        self._marks["materialize"] = value

    @property
    def materialize_grads(self) -> bool:
        return bool(self._marks["materialize"])

    @property
    def saved_tensors(self) -> tuple[Tensor | None, ...]:
        """The tensors given to `save_for_backward`."""
        if self.saved is None:
            raise_freed(self)
        assert self.saved is not None
        return tuple(self._unpack(*entry) for entry in self.saved)

    @property
    def saved_variables(self) -> tuple[Tensor | None, ...]:
        """Old name of `saved_tensors`."""
        return self.saved_tensors

    def _unpack(self, value: Any, version: int, output: int | None) -> Tensor | None:
        if value is None:
            return None
        if value.__class__ is Packed:
            found: Tensor = value.unpack()
        else:
            counter = value._version_counter
            if counter is not None and counter.n != version:
                raise_modified(self, "a saved tensor", counter, version, value)
            if output is None:
                return value  # type: ignore[no-any-return]
            found = Tensor._from_array(value._array)
            found._version_counter = counter
        if output is not None:
            found._fn = Output(self, output) if self.outputs != 1 else self
        return found

    def name(self) -> str:
        return f"{self.function.__name__}Backward"

    def run(self, g: Any) -> tuple[Any, ...]:
        grads = g if isinstance(g, tuple) else (g,)
        wrapped = tuple(None if x is None else _as_tensor(x) for x in grads)
        previous = state.set_mode("grad", False)
        try:
            results = self.run_general(wrapped, False)
        finally:
            state.set_mode("grad", previous)
        return results

    def run_general(self, grads: tuple[Any, ...], tensors: bool) -> tuple[Any, ...]:
        grads = self._materialized(grads)
        answers = self.function.backward(self, *grads)
        return self._checked(answers if isinstance(answers, tuple) else (answers,), tensors)

    def _materialized(self, grads: tuple[Any, ...]) -> tuple[Any, ...]:
        filled = []
        for g, like in zip(grads, self._output_meta, strict=False):
            if g is None and self.materialize_grads and like is not None:
                xp, shape, kind = like
                g = Tensor._from_array(xp.zeros(shape, kind))
            filled.append(g if g is None or isinstance(g, Tensor) else _as_tensor(g))
        return tuple(filled)

    def _checked(self, answers: tuple[Any, ...], tensors: bool) -> tuple[Any, ...]:
        expected = len(self._input_meta)
        while len(answers) > expected and answers[-1] is None:
            answers = answers[:-1]
        if len(answers) != expected:
            raise GradientError(
                f"function {self.name()} returned an incorrect number of gradients "
                f"(expected {expected}, got {len(answers)}; one for each input of forward). "
                f"The node: {describe_node(self)}."
            )
        results = []
        for i, (g, meta) in enumerate(zip(answers, self._input_meta, strict=True)):
            if meta is None:
                if g is not None and not self._is_tensor_input(i):
                    raise GradientError(
                        f"function {self.name()} returned a gradient different from None at "
                        f"position {i + 1}, but the corresponding forward input was not a Variable"
                    )
                continue
            results.append(self._fitted(g, meta, i, tensors) if meta[0] is not None else None)
        return tuple(results)

    def _is_tensor_input(self, i: int) -> bool:
        return self._input_meta[i] is not None

    def _fitted(self, g: Any, meta: Any, i: int, tensors: bool) -> Any:
        if g is None:
            return None
        if not isinstance(g, Tensor):
            raise TypeError(
                f"expected Variable or None for the gradient at position {i + 1} of "
                f"{self.name()}, got {type(g).__name__}"
            )
        shape, kind = meta
        have = tuple(g.shape)
        if have != shape:
            if not _expandable(shape, have):
                raise GradientError(
                    f"Function {self.name()} returned an invalid gradient at index {i} - got "
                    f"{list(have)} but expected shape compatible with {list(shape)}. "
                    f"The node: {describe_node(self)}."
                )
            g = sum_to_tensor(g, shape) if tensors else _as_tensor(sum_to(g._array, shape))
        if tensors:
            return g
        array = g._array
        return array.astype(kind) if array.dtype != kind else array.view()


def _as_tensor(x: Any) -> Tensor:
    from .backends import backend_of, is_array

    array = x if is_array(x) else backend_of(x).xp.asarray(x)
    return Tensor._from_array(array)  # type: ignore[no-any-return]


def _expandable(small: tuple[int, ...], big: tuple[int, ...]) -> bool:
    if len(small) > len(big):
        return False
    tail = big[len(big) - len(small) :]
    return all(m in (1, n) for m, n in zip(small, tail, strict=True))


class Function:
    """Base of custom differentiable functions.

    Subclass it with static methods ``forward(ctx, *args)`` and ``backward(ctx, *grads)``,
    or ``forward(*args)``, ``setup_context(ctx, inputs, output)`` and ``backward``, and call
    it as ``MyFunction.apply(*args)``.

    Examples
    --------
    >>> import autograd_core as ag
    >>> class Square(ag.autograd.Function):
    ...     @staticmethod
    ...     def forward(ctx, x):
    ...         ctx.save_for_backward(x)
    ...         return x * x
    ...     @staticmethod
    ...     def backward(ctx, g):
    ...         (x,) = ctx.saved_tensors
    ...         return 2 * x * g
    >>> x = ag.tensor(3.0, requires_grad=True)
    >>> Square.apply(x).backward()
    >>> x.grad
    tensor(6.)
    """

    @staticmethod
    def forward(*args: Any, **kwargs: Any) -> Any:
        """Compute the outputs."""
        raise NotImplementedError("You must implement the forward function for custom Function.")

    @staticmethod
    def setup_context(ctx: Any, inputs: tuple[Any, ...], output: Any) -> Any:
        """Save what backward needs, when forward takes no ctx."""
        raise NotImplementedError("setup_context is not implemented.")

    @staticmethod
    def backward(ctx: Any, *grad_outputs: Any) -> Any:
        """Return one gradient (or None) for each input of forward."""
        raise NotImplementedError(
            "You must implement either the backward or vjp method for your custom Function to use "
            "it with backward mode AD."
        )

    vjp = backward

    @classmethod
    def apply(cls, *args: Any, **kwargs: Any) -> Any:
        """Run forward and put a node for backward into the graph."""
        if "backward" not in cls.__dict__ and "vjp" in cls.__dict__:
            cls.backward = cls.vjp  # type: ignore[method-assign]
        ctx = _ctx_class(cls)()
        inputs = [a for a in args if isinstance(a, Tensor)]
        recording = state.modes.grad and any(t.requires_grad for t in inputs)
        ctx.needs_input_grad = tuple(isinstance(a, Tensor) and a.requires_grad for a in args)
        fns = [t._fn if t._view is None else current_fn(t) for t in inputs]
        edges = [accumulator(t) if f.__class__ is ref else f for t, f in zip(inputs, fns, strict=True)]  # fmt: skip
        previous = state.set_mode("grad", False)
        try:
            if cls.setup_context is Function.setup_context:
                outputs = cls.forward(ctx, *args, **kwargs)
            else:
                outputs = cls.forward(*args, **kwargs)
                cls.setup_context(ctx, args, outputs)
        finally:
            state.set_mode("grad", previous)
        several = isinstance(outputs, tuple)
        results = list(outputs) if several else [outputs]
        results = _own_outputs(ctx, results, inputs, recording)
        if recording:
            ctx.next = tuple(edges)
            ctx.seq = state.next_sequence()
            ctx.code, ctx.lasti = user_location()
            ctx._input_meta = tuple(_meta_of(a) for a in args)
            _attach(ctx, results)
        ctx.saved = tuple(_saved_entry(ctx, t, results) for t in ctx._to_save)
        ctx._to_save = ()
        if state.listening:
            from . import events

            tensors = tuple(r for r in results if isinstance(r, Tensor))
            node = ctx if recording else None
            events.emit_op(cls.__name__, node, tuple(inputs), tensors, 0.0)
        return tuple(results) if several else results[0]


@functools.cache
def _ctx_class(function: type[Function]) -> type[FunctionCtx]:
    body = {"__slots__": (), "function": function, "releases": True}
    return type(f"{function.__name__}Backward", (FunctionCtx,), body)


def _meta_of(a: Any) -> Any:
    if not isinstance(a, Tensor):
        return None
    return (tuple(a.shape), a._array.dtype) if a.requires_grad else (None, None)


def _own_outputs(
    ctx: FunctionCtx, results: list[Any], inputs: list[Tensor], recording: bool
) -> list[Any]:
    """An input that forward returns unchanged becomes a tensor of its own."""
    dirty = ctx._marks["dirty"]
    owned = []
    for r in results:
        if not isinstance(r, Tensor):
            owned.append(r)
        elif any(r is d for d in dirty):
            if recording and r.is_leaf and r.requires_grad:
                raise AutogradError(
                    "a leaf Variable that requires grad is being used in an in-place operation."
                )
            r._bump(ctx.name())
            owned.append(r)
        elif any(r is x for x in inputs):
            fresh = Tensor._from_array(r._array)
            fresh._version_counter = r._version_counter
            owned.append(fresh)
        else:
            owned.append(r)
    return owned


def _attach(ctx: FunctionCtx, results: list[Any]) -> None:
    silent = ctx._marks["non_differentiable"]
    meta = []
    graph = [
        isinstance(r, Tensor)
        and not any(r is s for s in silent)
        and (r.dtype.is_floating_point or r.dtype.is_complex)
        for r in results
    ]
    for nr, (r, differentiable) in enumerate(zip(results, graph, strict=True)):
        if isinstance(r, Tensor):
            from .backends import backend_of

            meta.append((backend_of(r._array).xp, r._array.shape, r._array.dtype))
        else:
            meta.append(None)
        if differentiable:
            r._fn = Output(ctx, nr)
            if r._view is not None and not any(r is d for d in ctx._marks["dirty"]):
                r._view = None
    ctx._output_meta = tuple(meta)


def _saved_entry(ctx: FunctionCtx, t: Tensor | None, results: list[Any]) -> tuple[Any, int, Any]:
    if t is None:
        return None, 0, None
    output = next((i for i, r in enumerate(results) if r is t), None)
    hooks = state.modes.saved_hooks
    if hooks:
        return pack(t, ctx, hooks[-1], output), 0, output
    if output is None:
        return t, t._version, None
    kept: Tensor = Tensor._from_array(t._array)
    if t._version_counter is None:
        from .node import Version

        t._version_counter = Version()
    kept._version_counter = t._version_counter
    return kept, t._version, output


def once_differentiable(fn: Callable[..., Any]) -> Callable[..., Any]:
    """Declare that a `Function.backward` can't itself be differentiated."""

    @functools.wraps(fn)
    def wrapper(ctx: Any, *grads: Any) -> Any:
        recording = state.modes.grad and any(isinstance(g, Tensor) and g.requires_grad for g in grads)
        previous = state.set_mode("grad", False)
        try:
            answers = fn(ctx, *grads)
        finally:
            state.set_mode("grad", previous)
        if not (recording or state.modes.grad):
            return answers
        several = isinstance(answers, tuple)
        found = [_Once.apply(a, *grads) if isinstance(a, Tensor) else a for a in (answers if several else (answers,))]  # fmt: skip
        return tuple(found) if several else found[0]

    return wrapper


class _Once(Function):
    """Passes a gradient on, and refuses to be differentiated."""

    @staticmethod
    def forward(ctx: Any, answer: Tensor, *grads: Any) -> Tensor:
        return answer.detach()

    @staticmethod
    def backward(ctx: Any, *grad_outputs: Any) -> Any:
        raise AutogradError(
            "trying to differentiate twice a function that was marked with @once_differentiable"
        )
