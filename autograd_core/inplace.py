"""In-place operations, on tensors, views and bases.

An in-place op is its out-of-place twin followed by a write: the twin runs on an alias
that keeps the old node, its result is copied into the memory, the version goes up and
the tensor takes the result's node.  When the tensor is a view, its base takes a
``CopySlices`` node that routes the gradient of the written region to the result and the
rest to the base as it was; other views of that base remake their nodes when next used.
"""

from __future__ import annotations

import functools
from collections.abc import Callable
from typing import Any

from . import dtypes, forward, state
from ._tensor import Tensor
from .declare import op
from .errors import DtypeError, InPlaceError, ShapeError
from .node import Version, ref
from .source import user_location
from .views import current_fn, view_error


def twin(fn: Callable[..., Any], name: str) -> Callable[..., Any]:
    """The in-place form of a function of a tensor."""

    @functools.wraps(fn)
    def in_place(self: Tensor, *args: Any, **kwargs: Any) -> Tensor:
        return write(self, name, lambda old: fn(old, *args, **kwargs), args)

    in_place.__name__ = in_place.__qualname__ = name
    in_place.__doc__ = f"In-place form of `{fn.__name__}`."
    return in_place


def write(self: Tensor, name: str, compute: Callable[[Tensor], Tensor], others: Any = ()) -> Tensor:
    """Replace the values of `self` by ``compute(old self)``.

    Raises
    ------
    InPlaceError
        On a leaf that requires grad, or a view of one, while recording.
    ShapeError, DtypeError
        If the result does not fit into `self`.
    """
    recording = state.modes.grad
    if self.is_inference() and not state.modes.inference:
        raise RuntimeError(
            "Inplace update to inference tensor outside InferenceMode is not allowed. "
            "You can make a clone to get a normal tensor before doing inplace update."
        )
    if recording:
        check_allowed(self, name)
    old = _alias(self, copy=recording and _involves_grad(self, others))
    if state.modes.forward_level >= 0:
        forward.carry(self, old)
    result = compute(old)
    if recording and result.requires_grad:
        _check_followed(self)
    _check_fits(self, result, name)
    check_memory(self, name)
    if state.modes.before_write is not None:
        state.modes.before_write(self)
    self._array[...] = result._array
    self._bump(name)
    if recording and (result.requires_grad or self._fn is not None):
        rebase(self, result)
    elif self._view is not None and self._view.base._fn is None:
        self._view.version = self._version
    if state.modes.forward_level >= 0:
        forward.write_tangents(self, result)
    return self


def become(self: Tensor, name: str, view: Callable[[Tensor], Tensor]) -> Tensor:
    """Turn `self` into a view of itself: other shape and strides, no element written."""
    if state.modes.grad:
        check_allowed(self, name)
    old: Tensor = Tensor._from_array(self._array)
    old._fn, old._view, old._version_counter = self._fn, self._view, self._version_counter
    seen = view(old)
    self._array = seen._array
    if state.modes.grad:
        self._fn = seen._fn
    self._view = seen._view if self._view is not None else None
    self._bump(name)
    if self._view is not None:
        self._view.version = self._version
    return self


def _involves_grad(self: Tensor, others: Any) -> bool:
    return self.requires_grad or any(isinstance(o, Tensor) and o.requires_grad for o in others)


def _alias(self: Tensor, copy: bool) -> Tensor:
    fn = self._fn if self._view is None else current_fn(self)
    old: Tensor = Tensor._from_array(self._array.copy() if copy else self._array)
    old._fn = None if fn.__class__ is ref else fn  # a leaf is written where nothing is recorded
    return old


def check_allowed(self: Tensor, name: str) -> None:
    """Refuse a write that recording could not follow: to a leaf, or to a view of one."""
    fn = self._fn if self._view is None else current_fn(self)
    if fn.__class__ is ref:
        raise InPlaceError(
            "a leaf Variable that requires grad is being used in an in-place operation. "
            f"({name} on a tensor of shape {tuple(self.shape)}; do it under torch.no_grad(), "
            "or use the out-of-place form)"
        )
    view = self._view
    if view is None:
        return
    if view.origin == "several" and view.base._fn is not None:
        _check_followed(self)
    if view.base._fn.__class__ is ref:
        raise InPlaceError(
            "a view of a leaf Variable that requires grad is being used in an in-place operation. "
            f"({name} on a view of shape {tuple(self.shape)}; do it under torch.no_grad())"
        )
    if fn is None and view.base._fn is None:
        return
    _check_followed(self)


def _check_followed(self: Tensor) -> None:
    """A view whose writes its base can't take over must not be given a history."""
    if self._view is not None and self._view.origin in ("several", "custom", "no_grad"):
        raise view_error(self, "is being")


def check_memory(self: Tensor, name: str) -> None:
    """Refuse expanded memory, but to writes of one number, which PyTorch allows too."""
    array = self._array
    if not array.flags.writeable:
        raise RuntimeError(f"{name}: the tensor's memory is read-only; clone() the tensor first")
    if name in ("zero_", "fill_") or not array.size or 0 not in array.strides:
        return
    if any(s == 0 and n > 1 for s, n in zip(array.strides, array.shape, strict=True)):
        raise RuntimeError(
            "unsupported operation: more than one element of the written-to tensor refers to a "
            "single memory location. Please clone() the tensor before performing the operation."
        )


def _check_fits(self: Tensor, result: Tensor, name: str) -> None:
    if result._array.shape != self._array.shape:
        raise ShapeError(
            f"output with shape {list(self.shape)} doesn't match the broadcast shape "
            f"{list(result.shape)} (in {name}; use the out-of-place form)"
        )
    have, want = result.dtype, self.dtype
    if have.category > want.category:
        raise DtypeError(
            f"result type {_spoken(have)} can't be cast to the desired output type "
            f"{_spoken(want)} (in {name}; convert the tensor first)"
        )


def _spoken(kind: dtypes.dtype) -> str:
    names = {"float32": "Float", "float64": "Double", "int64": "Long", "int32": "Int"}
    return names.get(kind.name, kind.name.capitalize())


class Since:
    """A version counter seen from a moment on: 0 until the next write."""

    __slots__ = ("counter", "start")

    def __init__(self, counter: Version):
        self.counter = counter
        self.start = counter.n

    @property
    def n(self) -> int:
        """How many writes there were since."""
        return self.counter.n - self.start

    def describe_culprit(self) -> str:
        """The operation and the line that wrote last."""
        return self.counter.describe_culprit()


def rebase(self: Tensor, result: Tensor) -> None:
    """Give the written tensor the history of the result."""
    _share_saved_output(self, result)
    view = self._view
    if view is None:
        self._fn = result._fn
        return
    base = view.base
    node = COPY_SLICES.node_class()
    base_fn = base._fn if base._view is None else current_fn(base)
    node.next = (base_fn, result._fn)
    node.seq = state.next_sequence()
    known = {"chain": view.chain, "value_shape": self._array.shape, "strides": base._array.strides}
    node.saved = tuple(known[s.name] for s in COPY_SLICES.layout)
    node.fit = None if base.dtype is result.dtype else (None, (None, result._array.dtype))
    node.rare = None
    node.code, node.lasti = user_location(3)
    base._fn = node
    view.version = -1
    current_fn(self)


def _share_saved_output(self: Tensor, result: Tensor) -> None:
    """If the node saved its result, let it watch the memory the result went to."""
    node = result.grad_fn
    if node is None or node.op is None or node.saved is None or self._version_counter is None:
        return
    at, parts = 0, list(node.saved)
    for s in node.op.layout:
        if s.kind == "output" and parts[at] is result._array:
            parts[at : at + 2] = [self._array, Since(self._version_counter)]
        at += s.width
    node.saved = tuple(parts)


# ------------------------------------------------------------------ the ops behind it


def _laid_out(array: Any, strides: tuple[int, ...], xp: Any) -> Any:
    """A copy with its dimensions in memory in the order that `strides` has them.

    The views in a chain were possible for the base's layout and may not be for another.
    """
    order = sorted(range(len(strides)), key=lambda d: -strides[d])
    inverse = [order.index(d) for d in range(len(strides))]
    return xp.array(array.transpose(order), order="C", copy=True).transpose(inverse)


def _region(array: Any, chain: tuple[Any, ...], xp: Any) -> Any:
    for view_op, statics in chain:
        array = view_op.forward(xp, array, **dict(zip(view_op.statics, statics, strict=True)))
    return array


@op("CopySlices", moves=True)
def copy_slices(xp: Any, base: Any, value: Any, *, chain: Any, strides: Any) -> Any:
    """The base with the region that `chain` views replaced by `value`."""
    written = _laid_out(base, strides, xp)
    _region(written, chain, xp)[...] = value
    return written


@copy_slices.vjp("base")
def _(F: Any, g: Any, value_shape: Any, chain: Any, strides: Any) -> Any:
    nothing = F.zeros_of(g, shape=value_shape)
    return F.copy_slices(g, nothing, chain=chain, strides=strides)


@copy_slices.vjp("value")
def _(F: Any, g: Any, chain: Any, strides: Any) -> Any:
    return F.view_chain(g, chain=chain, strides=strides)


@op("ViewChainBackward0", moves=True)
def view_chain(xp: Any, input: Any, *, chain: Any, strides: Any) -> Any:
    """A copy of the region that `chain` views."""
    return xp.array(_region(_laid_out(input, strides, xp), chain, xp), copy=True)


@view_chain.vjp
def _(F: Any, g: Any, input_shape: Any, chain: Any, strides: Any) -> Any:
    nothing = F.zeros_of(g, shape=input_shape)
    return F.copy_slices(nothing, g, chain=chain, strides=strides)


@op(None)
def zeros_of(xp: Any, input: Any, *, shape: Any) -> Any:
    """Zeros of a shape, of the input's dtype and device."""
    return xp.zeros(shape, input.dtype)


COPY_SLICES = copy_slices
COPY_SLICES.build()  # `rebase` uses its node class directly
