"""``autograd.graph``: nodes and edges by hand, and what backward keeps.

Three families: edges (`get_gradient_edge`) and hooks on several tensors at once
(`register_multi_grad_hook`), ways to change how saved tensors are stored
(`saved_tensors_hooks`, `save_on_cpu`), and versions (`increment_version`,
`allow_mutation_on_saved_tensors`).
"""

from __future__ import annotations

import functools
import threading
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from typing import Any, TypeVar, cast
from weakref import WeakKeyDictionary

from .. import state
from .._tensor import Tensor
from ..backends import device
from ..errors import AutogradError
from ..node import GradientEdge, Node, RemovableHandle, Version, edge_of

Fn = TypeVar("Fn", bound=Callable[..., Any])


# ------------------------------------------------------------------ edges


def get_gradient_edge(tensor: Tensor | GradientEdge) -> GradientEdge:
    """The edge through which a tensor's gradient flows, to be used without the tensor.

    Parameters
    ----------
    tensor : Tensor
        One that requires grad; a leaf's edge leads to its AccumulateGrad.

    Returns
    -------
    GradientEdge
        Accepted by `grad` and `backward` wherever a tensor is.

    Raises
    ------
    AutogradError
        If the tensor does not require grad.
    """
    if isinstance(tensor, GradientEdge):
        return tensor
    if not tensor.requires_grad:
        raise AutogradError(
            "It is not possible to get the gradient edge for a Tensor that does not require "
            f"gradients (shape {tuple(tensor.shape)}); call requires_grad_() on it first."
        )
    node, nr = edge_of(tensor._edge())
    assert node is not None
    return GradientEdge(node, nr)


# ------------------------------------------------------------------ hooks on several tensors


class _MultiHandle(RemovableHandle):
    """Removes the hooks of all tensors together."""

    __slots__ = ("handles",)

    def __init__(self, handles: Sequence[RemovableHandle]):
        self.handles = tuple(handles)

    def remove(self) -> None:
        for handle in self.handles:
            handle.remove()


def register_multi_grad_hook(
    tensors: Sequence[Tensor], fn: Callable[..., None], *, mode: str = "all"
) -> RemovableHandle:
    """Call a function once in each backward for a group of tensors.

    Parameters
    ----------
    tensors : sequence of Tensor
        All must require grad.
    fn : callable
        With mode "all": ``fn(grads)`` once the gradients of all tensors that take part in
        this backward are there (None for the others).  With "any": ``fn(grad)`` for the
        first that arrives.
    mode : {"all", "any"}

    Returns
    -------
    RemovableHandle
        Takes the hook out of all tensors.

    Raises
    ------
    ValueError
        If `mode` is neither.
    AutogradError
        If a tensor does not require grad.
    """
    if mode not in ("all", "any"):
        raise ValueError(f"Expects mode to be one of ('all', 'any') but got {mode}")
    lock = threading.Lock()
    runs: WeakKeyDictionary[Any, Any] = WeakKeyDictionary()
    edges = [get_gradient_edge(t) for t in tensors]

    def all_hook(index: int, grad: Tensor) -> None:
        run = state.modes.run
        with lock:
            if run not in runs:
                expected = sum(run.will_run(edge.node) for edge in edges)
                runs[run] = expected, set(), [None] * len(edges)
            expected, arrived, grads = runs[run]
            grads[index] = grad
            arrived.add(index)  # a set: a gradient comes again when a debugger steps back
            complete = len(arrived) == expected
        if complete:
            fn(grads)

    def any_hook(grad: Tensor) -> None:
        run = state.modes.run
        with lock:
            first = run not in runs
            runs[run] = True
        if first:
            fn(grad)

    hooks = [
        any_hook if mode == "any" else functools.partial(all_hook, i) for i in range(len(edges))
    ]
    return _MultiHandle([t.register_hook(h) for t, h in zip(tensors, hooks, strict=True)])


# ------------------------------------------------------------------ how saved tensors are kept


class saved_tensors_hooks:
    """Pack what ops save for backward, and unpack it when it is used.

    Parameters
    ----------
    pack_hook : callable
        ``pack_hook(tensor)`` gives what is kept instead of the tensor; it must not modify
        the tensor.
    unpack_hook : callable
        ``unpack_hook(packed)`` gives a tensor of the same values again.

    Examples
    --------
    >>> import autograd_core as ag
    >>> seen = []
    >>> x = ag.tensor([1.0, 2.0], requires_grad=True)
    >>> with ag.autograd.graph.saved_tensors_hooks(lambda t: seen.append(t) or t, lambda t: t):
    ...     y = x * x
    >>> len(seen)
    2
    """

    def __init__(self, pack_hook: Callable[[Tensor], Any], unpack_hook: Callable[[Any], Tensor]):
        self.pack_hook = pack_hook
        self.unpack_hook = unpack_hook

    def __enter__(self) -> None:
        if state.modes.saved_hooks_off is not None:
            raise RuntimeError(state.modes.saved_hooks_off)
        pair = (self.pack_hook, self.unpack_hook)
        state.set_mode("saved_hooks", (*state.modes.saved_hooks, pair))

    def __exit__(self, *exc: object) -> None:
        state.set_mode("saved_hooks", state.modes.saved_hooks[:-1])


class save_on_cpu(saved_tensors_hooks):
    """Keep what ops save in host memory, and bring it back to its device for backward.

    Parameters
    ----------
    pin_memory : bool, default False
        Keep it in page-locked memory, from which a GPU copies faster.
    device_type : str, default "cuda"
        The accelerator that pinned memory is for.
    """

    def __init__(self, pin_memory: bool = False, device_type: str = "cuda"):
        def pack(t: Tensor) -> tuple[device, Tensor]:
            if pin_memory and t.device.type == device_type:
                return t.device, _pinned_copy(t)
            return t.device, t.to_device(device("cpu"))

        def unpack(packed: tuple[device, Tensor]) -> Tensor:
            where, t = packed
            return t.to_device(where)

        super().__init__(pack, unpack)


def _pinned_copy(t: Tensor) -> Tensor:
    import cupyx

    host = cupyx.empty_like_pinned(t._array)
    t._array.get(out=host)
    return cast(Tensor, Tensor._from_array(host))


@contextmanager
def disable_saved_tensors_hooks(error_message: str) -> Iterator[None]:
    """Make `saved_tensors_hooks` raise a RuntimeError with this message inside the block."""
    if state.modes.saved_hooks:
        raise RuntimeError(error_message)
    previous = state.set_mode("saved_hooks_off", error_message)
    try:
        yield
    finally:
        state.set_mode("saved_hooks_off", previous)


# ------------------------------------------------------------------ versions


def increment_version(tensor: Tensor | Iterable[Tensor]) -> None:
    """Tell autograd that a tensor's memory was written to behind its back."""
    for t in (tensor,) if isinstance(tensor, Tensor) else tuple(tensor):
        if t.is_inference():
            raise RuntimeError("Inference tensors do not track version counter.")
        t._bump("increment_version")


class _SavedByVersion(WeakKeyDictionary[Version, "list[_Kept]"]):
    """What was saved of each piece of memory; ``clear()`` gives up protecting it."""


class _Kept:
    """One saved tensor: itself until it is about to be written to, then a clone."""

    __slots__ = ("counter", "tensor")

    def __init__(self, tensor: Tensor):
        if tensor._version_counter is None:
            tensor._version_counter = Version()
        self.tensor: Tensor = Tensor._from_array(tensor._array)
        self.tensor._version_counter = self.counter = tensor._version_counter


@contextmanager
def allow_mutation_on_saved_tensors() -> Iterator[_SavedByVersion]:
    """Let saved tensors be modified in place: their old values are cloned first.

    Yields
    ------
    object
        Its ``clear()`` stops watching what was saved so far.

    Raises
    ------
    RuntimeError
        When nested, or when backward runs outside the block over what was saved inside.
    """
    if state.modes.before_write is not None:
        raise RuntimeError("allow_mutation_on_saved_tensors contexts cannot be nested")
    live = _SavedByVersion()

    def pack(t: Tensor) -> _Kept:
        kept = _Kept(t)
        live.setdefault(kept.counter, []).append(kept)
        return kept

    def unpack(kept: _Kept) -> Tensor:
        if state.modes.before_write is None:
            raise RuntimeError(
                "Trying to backward outside of the 'allow_mutation_on_saved_tensors' context "
                "in which the graph was originally recorded."
            )
        return kept.tensor

    def before_write(t: Tensor) -> None:
        for kept in live.pop(t._version_counter, []) if t._version_counter is not None else []:
            kept.tensor = Tensor._from_array(kept.tensor._array.copy())

    state.set_mode("before_write", before_write)
    try:
        with saved_tensors_hooks(pack, unpack):
            yield live
    finally:
        state.set_mode("before_write", None)


__all__ = [
    "GradientEdge", "Node", "allow_mutation_on_saved_tensors", "disable_saved_tensors_hooks",
    "get_gradient_edge", "increment_version", "register_multi_grad_hook", "save_on_cpu",
    "saved_tensors_hooks",
]  # fmt: skip
