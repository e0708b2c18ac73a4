"""Custom functions: `Function` with a forward and a backward written by the user.

A call makes two objects: the node that enters the graph, and the context ``ctx`` that the
user's code sees, which the node holds.  What the user puts on ``ctx`` can be read from
the node too (``y.grad_fn.factor``).
"""

from __future__ import annotations

import functools
import warnings
import weakref
from collections.abc import Callable
from typing import Any

from . import events, forward, state
from ._tensor import Tensor
from .backends import backend_of, is_array
from .errors import AutogradError, GradientError, InPlaceError
from .functional_namespace import cast_tensor, sum_to_tensor
from .inplace import check_allowed, rebase
from .node import Node, Output, Version, accumulator, describe_node, ref
from .saved import Packed, SavedTensor, pack
from .source import user_location
from .views import View, current_fn
from .vjps import raise_freed, raise_modified, restore_tangents, sum_to


class FunctionCtx:
    """What forward, setup_context, backward and jvp get as ``ctx``.

    Any attribute may be set on it; tensors that backward needs go through
    `save_for_backward`, so that they are checked for modification and freed in time.
    """

    _node: weakref.ref[FunctionNode]
    needs_input_grad: tuple[bool, ...]
    """For each argument of forward: whether it is a tensor that requires grad."""

    def save_for_backward(self, *tensors: Tensor | None) -> None:
        """Save inputs, outputs or intermediates for `saved_tensors`; the last call counts."""
        self._held().to_save = _only_tensors(tensors, "save_for_backward")

    def save_for_forward(self, *tensors: Tensor | None) -> None:
        """Save tensors for `jvp`."""
        self._held().for_jvp = _only_tensors(tensors, "save_for_forward")

    def mark_dirty(self, *tensors: Tensor) -> None:
        """Say which inputs the forward modified in place (they must be returned)."""
        self._held().dirty = tensors

    def mark_non_differentiable(self, *tensors: Tensor) -> None:
        """Say which outputs have no gradient."""
        self._held().silent = tensors

    def set_materialize_grads(self, value: bool) -> None:
        """Whether backward gets zeros (True, the default) or None for unused outputs."""
        self._held().materialize = bool(value)

    @property
    def saved_tensors(self) -> tuple[Tensor | None, ...]:
        """The tensors given to `save_for_backward`."""
        return self._held().saved_tensors

    saved_variables = saved_tensors

    @property
    def next_functions(self) -> tuple[tuple[Node | None, int], ...]:
        """(node, output number) of each tensor input."""
        return self._held().next_functions

    @property
    def metadata(self) -> dict[Any, Any]:
        """The node's dictionary for notes."""
        return self._held().metadata

    def name(self) -> str:
        """The node's name."""
        return self._held().name()

    def register_hook(self, fn: Callable[..., Any]) -> Any:
        """Register a hook of the node; see `Node.register_hook`."""
        return self._held().register_hook(fn)

    def _held(self) -> FunctionNode:
        node = self._node()
        if node is None:
            raise AutogradError(
                "this ctx outlived its node, and what was saved on it is gone: keep the "
                "function's output instead of its ctx"
            )
        return node


def _only_tensors(values: tuple[Any, ...], what: str) -> tuple[Tensor | None, ...]:
    for i, value in enumerate(values):
        if value is not None and not isinstance(value, Tensor):
            raise TypeError(
                f"{what} can only save variables, but argument {i} is of type "
                f"{type(value).__name__}; put other values on ctx as attributes"
            )
    return values


class FunctionNode(Node):
    """The node of one call of a custom function."""

    __slots__ = (
        "__weakref__", "ctx", "dirty", "for_jvp", "input_meta", "materialize", "output_meta",
        "outputs", "silent", "to_save",
    )  # fmt: skip

    releases = True
    function: Any = None
    outputs: int

    def __init__(self) -> None:
        self.next = ()
        self.seq = -1
        self.saved = ()
        self.fit = None
        self.code = None
        self.lasti = -1
        self.rare = None
        self.outputs = 0
        self.dirty: tuple[Any, ...] = ()
        self.silent: tuple[Any, ...] = ()
        self.to_save: tuple[Any, ...] = ()
        self.for_jvp: tuple[Any, ...] | None = None
        self.materialize = True
        self.input_meta: tuple[Any, ...] = ()
        self.output_meta: tuple[Any, ...] = ()
        self.ctx = FunctionCtx()
        self.ctx._node = weakref.ref(self)

    def __getattr__(self, name: str) -> Any:
        if name.startswith("__") or name in FunctionNode.__slots__:
            raise AttributeError(name)
        return getattr(self.ctx, name)

    @property
    def output_count(self) -> int:
        """How many outputs the forward returned."""
        return len(self.output_meta)

    @property
    def saved_tensors(self) -> tuple[Tensor | None, ...]:
        """The tensors given to `FunctionCtx.save_for_backward`."""
        if self.for_jvp is not None:
            return self.for_jvp
        if self.saved is None:
            raise_freed(self)
        assert self.saved is not None
        return tuple(self._unpack(*entry) for entry in self.saved)

    @property
    def _raw_saved_tensors(self) -> tuple[SavedTensor, ...]:
        if self.saved is None:
            raise_freed(self)
        assert self.saved is not None
        return tuple(SavedTensor(self, i, "tensors", e[2]) for i, e in enumerate(self.saved))

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
                return value
            found = Tensor._from_array(value._array)
            found._version_counter = counter
        if output is not None:
            restore_tangents(found, self, output)
        if output is not None and self.output_meta and self.output_meta[output][3]:
            found._fn = self if self.outputs == 1 else Output(self, output)
        return found

    def run(self, g: Any) -> tuple[Any, ...]:
        """Call the user's backward on tensors, without recording."""
        grads = g if isinstance(g, tuple) else (g,)
        wrapped = tuple(None if x is None else _as_tensor(x) for x in grads)
        previous = state.set_mode("grad", False)
        try:
            return self.run_general(wrapped, False)
        finally:
            state.set_mode("grad", previous)

    def run_general(self, grads: tuple[Any, ...], tensors: bool) -> tuple[Any, ...]:
        """Call the user's backward, recording if `tensors`."""
        if not tensors:
            grads = tuple(None if g is None else _as_tensor(g) for g in grads)
        answers = self.function.backward(self.ctx, *self._materialized(grads))
        return self._checked(answers if isinstance(answers, tuple) else (answers,), tensors)

    def _materialized(self, grads: tuple[Any, ...]) -> tuple[Any, ...]:
        filled = list(grads)
        for i, (g, meta) in enumerate(zip(grads, self.output_meta, strict=True)):
            if g is None and self.materialize and meta is not None:
                xp, shape, kind, _ = meta
                filled[i] = Tensor._from_array(xp.zeros(shape, kind))
        return tuple(filled)

    def _checked(self, answers: tuple[Any, ...], tensors: bool) -> tuple[Any, ...]:
        expected, got = len(self.input_meta), len(answers)
        while len(answers) > expected and answers[-1] is None:
            answers = answers[:-1]
        if len(answers) != expected:
            raise GradientError(
                f"function {self.name()} returned an incorrect number of gradients (expected "
                f"{expected}, got {got}): backward must return one for each argument of forward, "
                f"None where there is none. The node: {describe_node(self)}."
            )
        results = []
        for i, (g, meta) in enumerate(zip(answers, self.input_meta, strict=True)):
            if meta is not None:
                results.append(None if meta[0] is None else self._fitted(g, meta, i, tensors))
            elif g is not None:
                raise GradientError(
                    f"function {self.name()} returned a gradient different than None at position "
                    f"{i + 1}, but the corresponding forward input was not a Variable"
                )
        return tuple(results)

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
            return cast_tensor(g, kind)
        array = g._array
        return array.astype(kind) if array.dtype != kind else array.view()


def _as_tensor(x: Any) -> Tensor:
    if isinstance(x, Tensor):
        return x
    array = x if is_array(x) else backend_of(x).xp.asarray(x)
    return Tensor._from_array(array)


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
    ...
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
    _node_class: type[FunctionNode] | None = None

    @staticmethod
    def jvp(ctx: Any, *grad_inputs: Any) -> Any:
        """Return a tangent (or None) for each output, for forward mode."""
        raise NotImplementedError(
            "You must implement the jvp function for custom autograd.Function to use it with "
            "forward mode AD."
        )

    def __init__(self, *args: Any, **kwargs: Any):
        warnings.warn(
            f"{type(self)} should not be instantiated. Methods on autograd functions are all "
            "static, so you should invoke them on the class itself: "
            f"{type(self).__name__}.apply(...)",
            DeprecationWarning,
            stacklevel=2,
        )

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        """Refused: call ``apply`` on the class."""
        raise RuntimeError(
            "Legacy autograd function with non-static forward method is deprecated. Please use "
            "new-style autograd function with static forward method: "
            f"{type(self).__name__}.apply(...)"
        )

    @classmethod
    def apply(cls, *args: Any, **kwargs: Any) -> Any:
        """Run forward and put a node for backward into the graph."""
        if "backward" not in cls.__dict__ and "vjp" in cls.__dict__:
            cls.backward = cls.vjp  # type: ignore[method-assign]
        node = (cls.__dict__.get("_node_class") or _make_node_class(cls))()
        inputs = [a for a in args if isinstance(a, Tensor)]
        needs = tuple(isinstance(a, Tensor) and a.requires_grad for a in args)
        recording = state.modes.grad and any(needs)
        node.ctx.needs_input_grad = needs
        fns = [t._fn if t._view is None else current_fn(t) for t in inputs]
        node.next = tuple(
            accumulator(t) if f.__class__ is ref else f for t, f in zip(inputs, fns, strict=True)
        )
        node.input_meta = tuple(_meta_of(a) for a in args)
        returned = _run_forward(cls, node, args, kwargs)
        several = isinstance(returned, tuple)
        given = list(returned) if several else [returned]
        results = _outputs(node, given, inputs, recording)
        node.saved = tuple(_saved_entry(node, t, given, inputs) for t in node.to_save)
        node.to_save = ()
        if state.modes.forward_level >= 0:
            _push_tangents(cls, node, args, results)
        node.dirty = node.silent = ()
        node.for_jvp = None
        _tell(cls, node if recording else None, inputs, results)
        return tuple(results) if several else results[0]


def _run_forward(
    cls: type[Function], node: FunctionNode, args: tuple[Any, ...], kwargs: dict[str, Any]
) -> Any:
    grad = state.set_mode("grad", False)
    level = state.set_mode("forward_level", -1)
    try:
        if cls.setup_context is Function.setup_context:
            return cls.forward(node.ctx, *args, **kwargs)
        outputs = cls.forward(*args, **kwargs)
        cls.setup_context(node.ctx, args, outputs)
        return outputs
    finally:
        state.set_mode("forward_level", level)
        state.set_mode("grad", grad)


def _make_node_class(function: type[Function]) -> type[FunctionNode]:
    body = {"__slots__": (), "function": function}
    made = type(f"{function.__name__}Backward", (FunctionNode,), body)
    function._node_class = made
    return made


def _meta_of(a: Any) -> Any:
    if not isinstance(a, Tensor):
        return None
    return (tuple(a.shape), a._array.dtype) if a.requires_grad else (None, None)


# ------------------------------------------------------------------ what forward returned


def _outputs(
    node: FunctionNode, given: list[Any], inputs: list[Tensor], recording: bool
) -> list[Any]:
    """The tensors that the caller gets: in the graph, and never an unmodified input itself."""
    for d in node.dirty:
        if not _among(d, given):
            raise InPlaceError(
                "Some elements marked as dirty during the forward method were not returned as "
                "output. The inputs that are modified inplace must all be outputs of the Function."
            )
    if recording:
        node.seq = state.next_sequence()
        node.code, node.lasti = user_location(3)
        node.outputs = 1 if len(given) == 1 else 0
        if not node.outputs:
            node.extra()  # sends the engine's fast loop the long way
    node.output_meta = tuple(_output_meta(node, r, recording) for r in given)
    return [_output(node, nr, r, given, inputs) for nr, r in enumerate(given)]


def _among(x: Any, others: Any) -> bool:
    return any(x is other for other in others)


def _output_meta(node: FunctionNode, r: Any, recording: bool) -> Any:
    """(namespace, shape, dtype, differentiable) of an output tensor."""
    if not isinstance(r, Tensor):
        return None
    inexact = r.dtype.is_floating_point or r.dtype.is_complex
    differentiable = recording and inexact and not _among(r, node.silent)
    return backend_of(r._array).xp, r._array.shape, r._array.dtype, differentiable


def _output(node: FunctionNode, nr: int, r: Any, given: list[Any], inputs: list[Tensor]) -> Any:
    if not isinstance(r, Tensor):
        return r
    is_input = _among(r, inputs)
    if is_input and _among(r, node.dirty):
        return _dirty_output(node, nr, r, given)
    if is_input:
        r = _alias_of(r)
    fn = node if node.outputs == 1 else Output(node, nr)
    if node.output_meta[nr][3]:
        if r._view is not None:  # a later write through it would bypass this function
            view = r._view
            r._view = View(view.base, view.chain, r._version, "custom")
        r._fn = fn
    elif is_input or r._fn is not None:
        r._fn = None
    return r


def _alias_of(x: Tensor) -> Tensor:
    """An input that forward returns unchanged becomes a tensor of its own."""
    counter = x._version_counter
    if counter is None:
        counter = x._version_counter = Version()
    fresh: Tensor = Tensor._from_array(x._array)
    fresh._version_counter = counter
    base = x if x._view is None else x._view.base
    chain = () if x._view is None else x._view.chain
    fresh._view = View(base, chain, counter.n, "custom")
    return fresh


def _dirty_output(node: FunctionNode, nr: int, r: Tensor, given: list[Any]) -> Tensor:
    """An input that forward modified in place takes this node as its history."""
    recorded = node.output_meta[nr][3]
    if recorded:
        check_allowed(r, node.name())
        if r._view is not None and sum(isinstance(x, Tensor) for x in given) > 1:
            raise InPlaceError(
                "If your Function modifies inplace an input that is a view of another Tensor, your "
                "Function cannot return more than one Tensor. This is not supported by the current "
                "autograd engine. You should either make sure the input is not a view (using "
                ".clone() for example) or make your Function only return one Tensor."
            )
    r._bump(node.name())
    if recorded:
        result: Tensor = Tensor._from_array(r._array)
        result._fn = node if node.outputs == 1 else Output(node, nr)
        rebase(r, result)
    return r


def _saved_entry(
    node: FunctionNode, t: Tensor | None, given: list[Any], inputs: list[Tensor]
) -> tuple[Any, int, Any]:
    """(what is kept, its version, which output it is)."""
    if t is None:
        return None, 0, None
    output = next((i for i, r in enumerate(given) if r is t), None)
    if _among(t, inputs) and not _among(t, node.dirty):
        output = None
    hooks = state.modes.saved_hooks
    if hooks:
        return pack(t, node, hooks[-1], output), 0, output
    if output is None:
        return t, t._version, None
    if t._version_counter is None:
        t._version_counter = Version()
    kept: Tensor = Tensor._from_array(t._array)  # without its node, which would be a cycle
    kept._version_counter = t._version_counter
    return kept, t._version, output


# ------------------------------------------------------------------ forward mode, listeners


def _push_tangents(
    cls: type[Function], node: FunctionNode, args: tuple[Any, ...], results: list[Any]
) -> None:
    for level in range(state.modes.forward_level + 1):
        tangents = [forward.tangent_of(a, level) for a in args]
        if all(t is None for t in tangents):
            continue
        with forward.below(level):
            found = cls.jvp(node.ctx, *tangents)
        found = found if isinstance(found, tuple) else (found,)
        if len(found) != len(results):
            raise GradientError(
                f"{cls.__name__}.jvp returned {len(found)} tangents for {len(results)} outputs"
            )
        for r, tangent in zip(results, found, strict=True):
            if tangent is not None and isinstance(r, Tensor):
                forward.set_tangent(r, level, tangent)
    kept = {i: r._rare.tangents for i, r in enumerate(results) if getattr(r, "_rare", None)}
    if kept:
        node.extra().tangents = kept


def _tell(cls: type[Function], node: Any, inputs: list[Tensor], results: list[Any]) -> None:
    if state.listening:
        tensors = tuple(r for r in results if isinstance(r, Tensor))
        events.emit_op(cls.__name__, node, tuple(inputs), tensors, 0.0)
    if state.tap is not None and results and isinstance(results[0], Tensor):
        kind = cls.__name__ if node is None else type(node)
        events.tap_op(kind, node, results[0]._array, results)


def once_differentiable(fn: Callable[..., Any]) -> Callable[..., Any]:
    """Declare that a `Function.backward` can't itself be differentiated."""

    @functools.wraps(fn)
    def wrapper(ctx: Any, *grads: Any) -> Any:
        recording = state.modes.grad and any(
            isinstance(g, Tensor) and g.requires_grad for g in grads
        )
        previous = state.set_mode("grad", False)
        try:
            answers = fn(ctx, *grads)
        finally:
            state.set_mode("grad", previous)
        if not recording:
            return answers
        several = isinstance(answers, tuple)
        found = [
            _Once.apply(a, *grads) if isinstance(a, Tensor) else a
            for a in (answers if several else (answers,))
        ]
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
