"""Trading computation for memory (`torch.utils.checkpoint`).

A checkpointed function keeps its inputs only; what its ops would save for backward is
computed again when backward gets there.  Two ways:

``use_reentrant=False`` (recommended) records the graph as usual and leaves the saved
tensors out (`autograd_core.utils.recompute`); everything works as without it.

``use_reentrant=True`` runs the function under ``no_grad``, as one custom function whose
backward runs it again with recording and calls ``backward()`` on that.  It works with
``backward()`` without ``inputs=`` only, to the first order only, and sees no tensors
inside lists or dicts.
"""

from __future__ import annotations

import warnings
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager, nullcontext
from typing import Any

from .. import autograd, state
from .._tensor import Tensor
from ..function import Function
from ..modes import enable_grad
from ..nn.modules.container import Sequential
from ..source import MARK, getframe
from .operator_log import OperatorLog, compare
from .recompute import CheckpointError, GraphExecGroup, Region, Surroundings, metadata_of, outside
from .selective import (
    CheckpointPolicy,
    SelectiveCheckpointContext,
    create_selective_checkpoint_contexts,
)

__all__ = [
    "CheckpointError", "CheckpointFunction", "CheckpointPolicy", "GraphExecGroup",
    "SelectiveCheckpointContext", "check_backward_validity", "checkpoint", "checkpoint_sequential",
    "create_selective_checkpoint_contexts", "detach_variable", "noop_context_fn",
    "set_checkpoint_debug_enabled", "set_checkpoint_early_stop",
]  # fmt: skip

Contexts = tuple[AbstractContextManager[Any], AbstractContextManager[Any]]

_debug: bool | None = None
_early_stop: bool | None = None
_NOTHING = object()
_COMPARED = {"default": metadata_of, "none": None}


@contextmanager
def set_checkpoint_debug_enabled(enabled: bool | None) -> Iterator[None]:
    """Set ``debug`` of every `checkpoint` in the block; None leaves it to each call."""
    global _debug
    previous, _debug = _debug, enabled
    try:
        yield
    finally:
        _debug = previous


@contextmanager
def set_checkpoint_early_stop(enable: bool) -> Iterator[None]:
    """Set ``early_stop`` of every `checkpoint` in the block, wherever its backward runs."""
    global _early_stop
    previous, _early_stop = _early_stop, enable
    try:
        yield
    finally:
        _early_stop = previous


def noop_context_fn() -> Contexts:
    """Two contexts that do nothing."""
    return nullcontext(), nullcontext()


def checkpoint(
    function: Callable[..., Any],
    *args: Any,
    use_reentrant: bool | None = None,
    context_fn: Callable[[], Contexts] = noop_context_fn,
    determinism_check: str = "default",
    debug: bool = False,
    early_stop: bool = True,
    **kwargs: Any,
) -> Any:
    """Call a function, and compute what it saves for backward again when it is needed.

    Parameters
    ----------
    function : callable
        A part of a model. It must do the same thing when it is called again.
    *args, **kwargs
        Its arguments. Keyword arguments need ``use_reentrant=False``.
    use_reentrant : bool
        Which of the two ways (see the module); say it, ``False`` if nothing speaks
        against it. Left out it means True, with a warning.
    context_fn : callable, optional
        Gives two context managers: for the call, and for calling it again.
    determinism_check : {"default", "none"}
        Whether shapes, dtypes and devices of what is saved are compared.
    debug : bool, default False
        Let errors list the operators that ran, the first and the second time.
    early_stop : bool, default True
        Stop calling again as soon as everything is there.
    preserve_rng_state : bool, default True
        Draw the same random numbers again (dropout needs it). Keyword only.

    Returns
    -------
    object
        What the function returns.

    Raises
    ------
    CheckpointError
        In backward, if the function did something else the second time.
    ValueError
        If the arguments contradict each other.

    Examples
    --------
    >>> import autograd_core as ag
    >>> from autograd_core.utils.checkpoint import checkpoint
    >>> x = ag.tensor([1.0, 2.0], requires_grad=True)
    >>> checkpoint(lambda x: (x * x).exp().sum(), x, use_reentrant=False).backward()
    >>> x.grad
    tensor([  5.4366, 218.3926])
    """
    if use_reentrant is None:
        _warn_unsaid("torch.utils.checkpoint")
        use_reentrant = True
    preserve = kwargs.pop("preserve_rng_state", True)
    if use_reentrant:
        if kwargs:
            raise ValueError("Unexpected keyword arguments: " + ",".join(kwargs))
        if context_fn is not noop_context_fn or debug is not False:
            raise ValueError(
                "Passing `context_fn` or `debug` is only supported when use_reentrant=False."
            )
        return CheckpointFunction.apply(function, preserve, *args)
    explain = None
    if debug if _debug is None else _debug:
        if context_fn is not noop_context_fn:
            raise ValueError("debug=True is incompatible with non-default context_fn")
        context_fn, explain = _logs()
    if determinism_check not in _COMPARED:
        raise ValueError(
            f"determinism_check should be one of {list(_COMPARED)}, but got {determinism_check}"
        )
    first, again = context_fn()
    if not state.modes.grad:
        return function(*args, **kwargs)
    stop = early_stop if _early_stop is None else _early_stop
    describe = _COMPARED[determinism_check]
    surroundings = Surroundings(preserve)
    region = Region(function, args, kwargs, surroundings, again, describe, stop, explain)
    return _record(region, first, args)


def _warn_unsaid(where: str) -> None:
    warnings.warn(
        f"{where}: the use_reentrant parameter should be passed explicitly. It is taken as True, "
        "PyTorch's old default; newer versions of PyTorch raise an exception. use_reentrant=False "
        "is recommended, but if you need to preserve the current default behavior, you can pass "
        "use_reentrant=True.",
        stacklevel=3,
    )


def _record(region: Region, context: AbstractContextManager[Any], args: Sequence[Any]) -> Any:
    returned = _NOTHING
    with region.saving(), context:
        returned = region.function(*args, **region.kwargs)
    if returned is _NOTHING:
        raise RuntimeError(
            "torch.utils.checkpoint: the forward context provided by context_fn suppressed an "
            "exception raised during the checkpointed forward. This is not supported because "
            "checkpoint cannot return a value for a failed forward."
        )
    region.complete = True
    return returned


def _logs() -> tuple[Callable[[], Contexts], Callable[[], str]]:
    """Contexts that log operators, and the report that compares the logs."""
    first, again = OperatorLog(), OperatorLog()
    return lambda: (first, again), lambda: compare(first.lines, again.lines)


# ------------------------------------------------------------------ through a nested backward


class CheckpointFunction(Function):
    """The reentrant way: one node, whose backward runs the function and a backward."""

    @staticmethod
    def forward(
        ctx: Any, run_function: Callable[..., Any], preserve_rng_state: bool, *args: Any
    ) -> Any:
        """Call the function without recording, and keep its arguments."""
        check_backward_validity(args)
        ctx.run_function = run_function
        ctx.surroundings = Surroundings(preserve_rng_state)
        ctx.places = [i for i, a in enumerate(args) if isinstance(a, Tensor)]
        ctx.others = [None if isinstance(a, Tensor) else a for a in args]
        ctx.save_for_backward(*(args[i] for i in ctx.places))
        outputs = run_function(*args)
        if isinstance(outputs, tuple):
            return tuple(_own(x, args) for x in outputs)
        return _own(outputs, args)

    @staticmethod
    def backward(ctx: Any, *grads: Any) -> Any:
        """Call it again with recording, and run backward from its outputs."""
        run = state.modes.run
        if run is not None and run.targets is not None:
            raise RuntimeError(
                "When use_reentrant=True, torch.utils.checkpoint is incompatible with .grad() or "
                "passing an `inputs` parameter to .backward(). To resolve this error, you can "
                "either set use_reentrant=False, or call .backward() without passing the `inputs` "
                "argument."
            )
        tensors = ctx.saved_tensors
        args = list(ctx.others)
        for i, tensor in zip(ctx.places, tensors, strict=True):
            args[i] = tensor
        inputs = detach_variable(tuple(args))
        with ctx.surroundings.again(), enable_grad():
            outputs = ctx.run_function(*inputs)
        outputs = outputs if isinstance(outputs, tuple) else (outputs,)
        used = [i for i, x in enumerate(outputs) if isinstance(x, Tensor) and x.requires_grad]
        if not used:
            raise RuntimeError(
                "none of output has requires_grad=True, this checkpoint() is not necessary"
            )
        autograd.backward([outputs[i] for i in used], [grads[i] for i in used])
        found = (x.grad if isinstance(x, Tensor) else None for x in inputs)
        if state.modes.grad:
            found = (None if g is None else _FirstOrder.apply(g, *tensors, *grads) for g in found)
        return None, None, *found


def _own(x: Any, args: tuple[Any, ...]) -> Any:
    """An output that the node may take; a tensor from outside of the function gets an alias."""
    from_outside = isinstance(x, Tensor) and x.requires_grad and not any(x is a for a in args)
    return outside(x) if from_outside else x


class _FirstOrder(Function):
    """Passes on a gradient that has no graph, and refuses to be differentiated."""

    @staticmethod
    def forward(ctx: Any, grad: Tensor, *depends_on: Tensor) -> Tensor:
        return outside(grad)

    @staticmethod
    def backward(ctx: Any, *grads: Any) -> Any:
        raise RuntimeError(
            "torch.utils.checkpoint with use_reentrant=True gives gradients of first order only, "
            "and these are to be differentiated again. To resolve this error, set "
            "use_reentrant=False."
        )


def detach_variable(inputs: tuple[Any, ...]) -> tuple[Any, ...]:
    """The tensors of a tuple as leaves of their own, which require grad as before."""
    if not isinstance(inputs, tuple):
        raise RuntimeError(
            "Only tuple of tensors is supported. Got Unsupported input type: "
            f"{type(inputs).__name__}"
        )
    detached = []
    for x in inputs:
        if isinstance(x, Tensor):
            x = outside(x).requires_grad_(x.requires_grad)
        detached.append(x)
    return tuple(detached)


def check_backward_validity(inputs: Iterable[Any]) -> None:
    """Warn if no tensor among the inputs requires grad: nothing would get a gradient."""
    if not any(isinstance(x, Tensor) and x.requires_grad for x in inputs):
        warnings.warn(
            "None of the inputs have requires_grad=True. Gradients will be None",
            stacklevel=_stacklevel(),
        )


def _stacklevel() -> int:
    """The ``stacklevel`` with which our caller's warning points at the user's line."""
    level, frame = 1, getframe(1)
    while MARK in frame.f_globals and frame.f_back is not None:
        level, frame = level + 1, frame.f_back
    return level


# ------------------------------------------------------------------ a model in segments


def checkpoint_sequential(
    functions: Sequential | Iterable[Callable[[Any], Any]],
    segments: int,
    input: Any,
    use_reentrant: bool | None = None,
    **kwargs: Any,
) -> Any:
    """Run a sequence of functions in segments, each of them checkpointed but the last.

    Parameters
    ----------
    functions : Sequential, or sequence of callables
        Each takes what the one before it returned.
    segments : int
        Into how many parts to divide it.
    input : Tensor
        What the first function takes.
    use_reentrant : bool
        See `checkpoint`.
    preserve_rng_state : bool, default True
        See `checkpoint`.

    Returns
    -------
    Tensor
        What the last function returns.

    Raises
    ------
    ValueError
        If there are not that many functions, or for any other keyword.
    """
    if use_reentrant is None:
        _warn_unsaid("torch.utils.checkpoint.checkpoint_sequential")
        use_reentrant = True
    preserve = kwargs.pop("preserve_rng_state", True)
    if kwargs:
        raise ValueError("Unexpected keyword arguments: " + ",".join(kwargs))
    steps = list(functions.children() if isinstance(functions, Sequential) else functions)
    if not 1 <= segments <= len(steps):
        raise ValueError(
            f"{len(steps)} functions can't be divided into {segments} segments; "
            f"pass segments between 1 and {len(steps)}"
        )
    size = len(steps) // segments
    last = size * (segments - 1)
    for start in range(0, last, size):
        part = _chain(steps[start : start + size])
        input = checkpoint(part, input, use_reentrant=use_reentrant, preserve_rng_state=preserve)
    return _chain(steps[last:])(input)


def _chain(steps: Sequence[Callable[[Any], Any]]) -> Callable[[Any], Any]:
    def run(x: Any) -> Any:
        for step in steps:
            x = step(x)
        return x

    return run
