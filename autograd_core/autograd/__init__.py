"""``autograd``: backward, grad, custom functions, modes, and what is built on them."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from .. import dtypes
from .._tensor import Tensor
from ..backends import backend_of
from ..engine import Run
from ..errors import AutogradError, GradientError, NoGradError
from ..function import Function, FunctionCtx, once_differentiable
from ..modes import (
    detect_anomaly,
    enable_grad,
    inference_mode,
    no_grad,
    set_detect_anomaly,
    set_grad_enabled,
)
from ..node import GradientEdge, edge_of

Variable = Tensor


def backward(
    tensors: Any,
    grad_tensors: Any = None,
    retain_graph: bool | None = None,
    create_graph: bool = False,
    grad_variables: Any = None,
    inputs: Any = None,
) -> None:
    """Add the gradients of `tensors` with respect to the leaves to their ``.grad``.

    Parameters
    ----------
    tensors : Tensor or sequence of Tensor
        What to differentiate.
    grad_tensors : Tensor or sequence of (Tensor or None), optional
        A gradient for each, of its shape; may be left out for those of one element.
    retain_graph : bool, optional
        Keep saved tensors for another backward; default: the value of `create_graph`.
    create_graph : bool, default False
        Record the backward too.
    inputs : Tensor or sequence of Tensor, optional
        Accumulate into these only.

    Raises
    ------
    NoGradError
        If a tensor has no graph.
    GradientError
        If a gradient is missing or does not fit.
    """
    if inputs is not None and isinstance(inputs, Sequence | Tensor) and len(_as_tuple(inputs)) == 0:
        raise AutogradError("`inputs` argument to `backward()` cannot be empty.")
    given = _as_tuple(tensors)
    roots = _roots(
        given,
        _as_tuple(grad_variables if grad_tensors is None else grad_tensors),
        create_graph,
    )
    targets = None
    if inputs is not None:
        targets = {}
        for x in _as_tuple(inputs):
            if isinstance(x, Tensor) and not x.requires_grad:
                raise AutogradError("One of the differentiated Tensors does not require grad")
            targets[_target(x)] = x
            if isinstance(x, Tensor):
                x.retain_grad()
    keep = create_graph if retain_graph is None else retain_graph
    Run(roots, keep, create_graph, targets, tensors=given).finish()


def grad(
    outputs: Any,
    inputs: Any,
    grad_outputs: Any = None,
    retain_graph: bool | None = None,
    create_graph: bool = False,
    only_inputs: bool = True,
    allow_unused: bool | None = None,
    is_grads_batched: bool = False,
    materialize_grads: bool = False,
) -> tuple[Tensor | None, ...]:
    """The gradients of `outputs` with respect to `inputs`, as tensors.

    Parameters
    ----------
    outputs, inputs : Tensor or sequence of Tensor
        What to differentiate, and with respect to what (leaves or not).
    grad_outputs : Tensor or sequence of (Tensor or None), optional
        A gradient for each output, of its shape.
    retain_graph, create_graph : bool
        As in `backward`.
    allow_unused : bool, optional
        Give None for inputs that the outputs do not depend on, instead of raising.
    is_grads_batched : bool, default False
        `grad_outputs` have a leading batch dimension: one result for each entry.
    materialize_grads : bool, default False
        Give zeros instead of None.

    Returns
    -------
    tuple of Tensor
        One for each input, of its shape.
    """
    wanted = _as_tuple(inputs)
    if is_grads_batched:
        return _batched_grad(outputs, wanted, grad_outputs, create_graph, allow_unused)
    if allow_unused is False and materialize_grads:
        raise ValueError(
            "Expected allow_unused to be True or not passed when materialize_grads=True"
        )
    allow_unused = materialize_grads if allow_unused is None else allow_unused
    given = _as_tuple(outputs)
    roots = _roots(given, _as_tuple(grad_outputs), create_graph)
    targets = {}
    for x in wanted:
        if isinstance(x, Tensor) and not x.requires_grad:
            raise AutogradError(
                "One of the differentiated Tensors does not require grad "
                f"(shape {tuple(x.shape)}); call requires_grad_() on it before using it"
            )
        targets[_target(x)] = x
    keep = create_graph if retain_graph is None else retain_graph
    run = Run(roots, keep, create_graph, targets, accumulate=False, tensors=given)
    run.finish()
    return tuple(_captured(run, x, allow_unused, materialize_grads, create_graph) for x in wanted)


def _captured(
    run: Run, x: Any, allow_unused: bool, materialize: bool, create_graph: bool
) -> Tensor | None:
    found = run.captured.get(_target(x))
    if found is None:
        if materialize:
            zeros: Tensor = run._wrap(backend_of(x._array).xp.zeros_like(x._array))
            return zeros.requires_grad_() if create_graph else zeros
        if not allow_unused:
            shape = f" (an input of shape {tuple(x.shape)})" if isinstance(x, Tensor) else ""
            raise AutogradError(
                "One of the differentiated Tensors appears to not have been used in the graph"
                f"{shape}. Set allow_unused=True if this is the desired behavior."
            )
        return None
    return run._wrap(found)


def _batched_grad(
    outputs: Any, inputs: tuple[Any, ...], grad_outputs: Any, create_graph: bool, unused: Any
) -> tuple[Tensor | None, ...]:
    from ..ops.join import stack

    batches = _as_tuple(grad_outputs)
    size = len(batches[0])
    rows = []
    for i in range(size):
        one = [None if b is None else b[i] for b in batches]
        rows.append(grad(outputs, inputs, one, True, create_graph, allow_unused=unused))
    columns = zip(*rows, strict=True)
    return tuple(None if c[0] is None else stack(list(c)) for c in columns)


def _as_tuple(value: Any) -> tuple[Any, ...]:
    if value is None:
        return ()
    if isinstance(value, Tensor | GradientEdge):
        return (value,)
    return tuple(value)


def _target(x: Any) -> tuple[Any, int]:
    if isinstance(x, GradientEdge):
        return x.node, x.output_nr
    node, nr = edge_of(x._edge())
    return node, nr


def _roots(
    tensors: tuple[Any, ...], grads: tuple[Any, ...], create_graph: bool
) -> list[tuple[Any, Any]]:
    if grads and len(grads) != len(tensors):
        raise GradientError(
            f"got {len(tensors)} tensors and {len(grads)} gradients; give one for each tensor"
        )
    grads = grads or (None,) * len(tensors)
    return [
        _root(t, g, i, create_graph) for i, (t, g) in enumerate(zip(tensors, grads, strict=True))
    ]


def _root(t: Any, g: Any, i: int, create_graph: bool) -> tuple[Any, Any]:
    if isinstance(t, GradientEdge):
        from ..node import Output

        fn = t.node if t.node.outputs == 1 else Output(t.node, t.output_nr)
        if g is None:
            raise GradientError("a GradientEdge as output needs its gradient in grad_outputs")
        return fn, g if create_graph else g._array
    if not isinstance(t, Tensor):
        raise TypeError(f"expected a Tensor to differentiate, got {type(t).__name__}")
    if not t.requires_grad:
        raise NoGradError(
            f"element {i} of tensors does not require grad and does not have a grad_fn "
            f"(a {t.dtype!r} tensor of shape {tuple(t.shape)}). Call requires_grad_() on the "
            "inputs before computing it, and look for detach(), no_grad(), item() or numpy() "
            "on the way"
        )
    if g is None:
        if t._array.size != 1:
            raise GradientError(
                "grad can be implicitly created only for scalar outputs "
                f"(this one has shape {tuple(t.shape)}); reduce it, e.g. with .sum(), "
                "or pass gradient="
            )
        if not t.dtype.is_floating_point:
            raise GradientError(
                f"grad can be implicitly created only for real scalar outputs but got {t.dtype!r}"
            )
        g = Tensor._from_array(backend_of(t._array).xp.ones(t._array.shape, t._array.dtype))
    else:
        _check_root_gradient(t, g, i)
    return t._edge(), g if create_graph else g._array


def _check_root_gradient(t: Tensor, g: Any, i: int) -> None:
    if not isinstance(g, Tensor):
        raise TypeError(f"gradients can be either Tensors or None, but got {type(g).__name__}")
    if g.shape != t.shape:
        raise GradientError(
            f"Mismatch in shape: grad_output[{i}] has a shape of {g.shape} and output[{i}] has a "
            f"shape of {t.shape}."
        )
    if g.device != t.device:
        raise GradientError(f"grad_output[{i}] is on {g.device}, but output[{i}] is on {t.device}")
    if (
        dtypes.COMPLEX in (g.dtype.category, t.dtype.category)
        and g.dtype.category != t.dtype.category
    ):
        raise GradientError(
            "For complex Tensors, both grad_output and output are required to have the same dtype."
        )


from . import anomaly_mode, forward_ad, function, functional, grad_mode, graph  # noqa: E402, I001
from .gradcheck import GradcheckError, gradcheck, gradgradcheck  # noqa: E402
from .grad_mode import set_multithreading_enabled  # noqa: E402

__all__ = [
    "Function", "FunctionCtx", "GradcheckError", "GradientEdge", "Variable", "anomaly_mode",
    "backward", "detect_anomaly", "enable_grad", "forward_ad", "function", "functional", "grad",
    "grad_mode", "gradcheck", "gradgradcheck", "graph", "inference_mode", "no_grad",
    "once_differentiable", "set_detect_anomaly", "set_grad_enabled", "set_multithreading_enabled",
]  # fmt: skip
