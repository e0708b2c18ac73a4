"""``autograd.functional``: products with, and whole, Jacobians and Hessians of functions.

With J the Jacobian and H the Hessian of `func` at `inputs`::

    vjp  v^T J     one reverse pass          jvp  J v     two reverse passes
    vhp  v^T H     two reverse passes        hvp  H v     the same: H is symmetric

``inputs``, ``v`` and outputs are a tensor or a tuple of tensors, and results have their
structure.  With ``create_graph`` results can be differentiated again; with ``strict`` an
output that does not depend on an input is an error instead of a zero.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any, TypeAlias

from .. import state
from .._tensor import Tensor
from ..forward import zeros_for
from ..functional_namespace import TENSORS
from ..modes import enable_grad
from ..progress import over
from . import grad as _grad

Tensors: TypeAlias = Tensor | tuple[Tensor, ...]

STRICT = "This is not allowed in strict mode."


# ------------------------------------------------------------------ in and out


def _as_tuple(given: Any, what: str, fn: str) -> tuple[bool, tuple[Tensor, ...]]:
    """Whether a tuple was given, and a tuple."""
    if isinstance(given, Tensor):
        return False, (given,)
    if not isinstance(given, tuple):
        raise TypeError(
            f"The {what} given to {fn} must be either a Tensor or a tuple of Tensors but the given "
            f"{what} has type {type(given)}."
        )
    for i, x in enumerate(given):
        if not isinstance(x, Tensor):
            raise TypeError(
                f"The {what} given to {fn} must be either a Tensor or a tuple of Tensors but the "
                f"value at index {i} has type {type(x)}."
            )
    return True, given


def _prepare(inputs: tuple[Tensor, ...], create_graph: bool) -> tuple[Tensor, ...]:
    """Inputs of our own that require grad; connected to the caller's with `create_graph`."""
    return tuple(_connected(x) if create_graph else x.detach().requires_grad_() for x in inputs)


def _connected(x: Tensor) -> Tensor:
    mine: Tensor = TENSORS.alias(x)
    if not mine.requires_grad:
        mine._view = None
        mine.requires_grad_()
    return mine


def _finish(found: tuple[Tensor, ...], several: bool, create_graph: bool) -> Any:
    if not create_graph:
        found = tuple(x.detach() for x in found)
    return found if several else found[0]


def _run(
    fn: str, func: Callable[..., Any], inputs: Any, create_graph: bool, strict: bool
) -> tuple[bool, tuple[Tensor, ...], bool, tuple[Tensor, ...]]:
    several, given = _as_tuple(inputs, "inputs", fn)
    mine = _prepare(given, create_graph)
    result = func(*mine)
    many, outputs = _as_tuple(result, "outputs of the user-provided function", fn)
    if strict:
        for i, out in enumerate(outputs):
            if not out.requires_grad:
                raise RuntimeError(
                    f"Output {i} of the user-provided function does not require gradients. The "
                    "outputs must be computed in a differentiable manner from the input when "
                    "running in strict mode."
                )
    return several, mine, many, outputs


def _vector(
    v: Any, like: tuple[Tensor, ...], several: bool, fn: str, whose: str
) -> tuple[Any, ...]:
    """The `v` of a product, checked; ones when it is None and there is one element."""
    if v is None:
        if len(like) != 1 or like[0].numel() != 1:
            raise RuntimeError(
                f"The vector v can only be None if {whose} a single Tensor with a single element."
            )
        one = zeros_for(like[0])
        one._array[...] = 1
        return (one,)
    _, given = _as_tuple(v, "v", fn)
    if len(given) != len(like):
        raise RuntimeError(
            f"v is a tuple of invalid length: should be {len(like)} but got {len(given)}."
            if several
            else "The given v should contain a single Tensor."
        )
    for i, (x, y) in enumerate(zip(given, like, strict=True)):
        if x.shape != y.shape:
            entry = f"Entry {i} in " if several else ""
            raise RuntimeError(f"{entry}v has invalid size: should be {y.shape} but got {x.shape}.")
    return given


def _scalar(outputs: tuple[Tensor, ...], several: bool, fn: str) -> Tensor:
    if several or len(outputs) != 1:
        raise RuntimeError(f"The function given to {fn} should return a single Tensor")
    if outputs[0].numel() != 1:
        raise RuntimeError(
            f"The Tensor returned by the function given to {fn} should contain a single element"
        )
    return outputs[0]


def _pull(
    outputs: tuple[Any, ...], inputs: tuple[Any, ...], along: Any, create_graph: bool
) -> tuple[Tensor | None, ...]:
    """`grad` that takes outputs without a graph, and keeps the graph."""
    along = along or (None,) * len(outputs)
    ends = [
        (o, v) for o, v in zip(outputs, along, strict=True) if o is not None and o.requires_grad
    ]
    if not ends:
        return (None,) * len(inputs)
    tips, vectors = zip(*ends, strict=True)
    return _grad(
        tips, inputs, vectors, retain_graph=True, create_graph=create_graph, allow_unused=True
    )


def _filled(
    found: tuple[Tensor | None, ...], like: tuple[Tensor, ...], strict: bool, text: str
) -> tuple[Tensor, ...]:
    """Zeros in place of None, or the error that `strict` asks for."""
    if strict:
        for i, x in enumerate(found):
            if x is None:
                raise RuntimeError(text.format(i=i) + " " + STRICT)
    return tuple(zeros_for(y) if x is None else x for x, y in zip(found, like, strict=True))


def _require(found: tuple[Tensor, ...], strict: bool, text: str) -> None:
    if strict:
        for i, x in enumerate(found):
            if not x.requires_grad:
                raise RuntimeError(text.format(i=i))


INDEPENDENT = "The output of the user-provided function is independent of input {i}."
JACOBIAN_CONSTANT = (
    "The jacobian of the user-provided function is independent of input {i}. "
    "This is not allowed in strict mode when create_graph=True."
)
GRADIENT_CONSTANT = (
    "While computing the hessian, found that the jacobian of the user-provided function with "
    "respect to input {i} is independent of the input. This is not allowed in strict mode. You "
    "should ensure that your function is twice differentiable and that the jacobian depends on "
    "the inputs (this would be violated by a linear function for example)."
)
HESSIAN_CONSTANT = (
    "The hessian of the user-provided function is independent of input {i}. "
    "This is not allowed in strict mode when create_graph=True."
)


# ------------------------------------------------------------------ products


def vjp(
    func: Callable[..., Any],
    inputs: Tensors,
    v: Tensors | None = None,
    create_graph: bool = False,
    strict: bool = False,
) -> tuple[Any, Any]:
    """The outputs of a function and v^T J.

    Parameters
    ----------
    func : callable
        Takes `inputs` as separate arguments, returns a tensor or a tuple of tensors.
    inputs : Tensor or tuple of Tensor
        Where to evaluate.
    v : Tensor or tuple of Tensor, optional
        Of the outputs' shapes; may be left out for one output of one element.
    create_graph, strict : bool, default False
        See the module's text.

    Returns
    -------
    outputs, vjp
        `vjp` has the structure and shapes of `inputs`.
    """
    with enable_grad():
        several, mine, many, outputs = _run("vjp", func, inputs, create_graph, strict)
        along = _vector(v, outputs, many, "vjp", "the user-provided function returns")
        found = _filled(_pull(outputs, mine, along, create_graph), mine, strict, INDEPENDENT)
    if create_graph:
        _require(found, strict, JACOBIAN_CONSTANT)
    return _finish(outputs, many, create_graph), _finish(found, several, create_graph)


def jvp(
    func: Callable[..., Any],
    inputs: Tensors,
    v: Tensors | None = None,
    create_graph: bool = False,
    strict: bool = False,
) -> tuple[Any, Any]:
    """The outputs of a function and J v; parameters as in `vjp`, `v` of the inputs' shapes.

    The forward pass by two reverse ones: u^T J is linear in u, its gradient along v is J v.
    """
    with enable_grad():
        _, given = _as_tuple(inputs, "inputs", "jvp")
        along = _vector(
            v, given, isinstance(inputs, tuple), "jvp", "the input to the user-provided function is"
        )
        _, mine, many, outputs = _run("jvp", func, inputs, create_graph, strict)
        seeds = tuple(zeros_for(out).requires_grad_() for out in outputs)
        pulled = _filled(_pull(outputs, mine, seeds, True), mine, strict, INDEPENDENT)
        text = "The gradient with respect to the input is independent of entry {i} in the outputs."
        found = _filled(_pull(pulled, seeds, along, create_graph), outputs, strict, text)
    if create_graph:
        _require(found, strict, JACOBIAN_CONSTANT)
    return _finish(outputs, many, create_graph), _finish(found, many, create_graph)


def vhp(
    func: Callable[..., Any],
    inputs: Tensors,
    v: Tensors | None = None,
    create_graph: bool = False,
    strict: bool = False,
) -> tuple[Any, Any]:
    """The value of a scalar function and v^T H; `v` and the result have the inputs' shapes."""
    return _hessian_product("vhp", func, inputs, v, create_graph, strict)


def hvp(
    func: Callable[..., Any],
    inputs: Tensors,
    v: Tensors | None = None,
    create_graph: bool = False,
    strict: bool = False,
) -> tuple[Any, Any]:
    """The value of a scalar function and H v; `v` and the result have the inputs' shapes."""
    return _hessian_product("hvp", func, inputs, v, create_graph, strict)


def _hessian_product(
    fn: str, func: Callable[..., Any], inputs: Any, v: Any, create_graph: bool, strict: bool
) -> tuple[Any, Any]:
    with enable_grad():
        _, given = _as_tuple(inputs, "inputs", fn)
        along = _vector(
            v, given, isinstance(inputs, tuple), fn, "the input to the user-provided function is"
        )
        several, mine, many, outputs = _run(fn, func, inputs, create_graph, strict)
        value = _scalar(outputs, many, fn)
        first = _filled(_pull((value,), mine, None, True), mine, strict, INDEPENDENT)
        _require(first, strict, GRADIENT_CONSTANT)
        text = "The jacobian of the user-provided function is independent of input {i}."
        found = _filled(_pull(first, mine, along, create_graph), mine, strict, text)
    if create_graph:
        _require(found, strict, HESSIAN_CONSTANT)
    return _finish((value,), False, create_graph), _finish(found, several, create_graph)


# ------------------------------------------------------------------ whole matrices


def jacobian(
    func: Callable[..., Any],
    inputs: Tensors,
    create_graph: bool = False,
    strict: bool = False,
    vectorize: bool = False,
    strategy: str = "reverse-mode",
) -> Any:
    """The Jacobian of a function.

    Parameters
    ----------
    func : callable
        Takes `inputs` as separate arguments, returns a tensor or a tuple of tensors.
    inputs : Tensor or tuple of Tensor
        Where to evaluate.
    create_graph, strict : bool, default False
        See the module's text.
    vectorize : bool, default False
        Accepted for compatibility: rows are computed one after the other anyway.
    strategy : {"reverse-mode", "forward-mode"}
        One pass for each element of the outputs, or for each element of the inputs.

    Returns
    -------
    Tensor, or tuple (outputs) of tuples (inputs) of Tensor
        Shapes are output.shape + input.shape; a single output or input has no tuple.
    """
    if strategy not in ("forward-mode", "reverse-mode"):
        raise AssertionError(
            'Expected strategy to be either "forward-mode" or "reverse-mode", '
            f"got {strategy!r}. Forward mode is the faster one for more outputs than inputs."
        )
    if strategy == "forward-mode":
        return _forward_jacobian(func, inputs, create_graph, strict)
    with enable_grad():
        several, mine, many, outputs = _run("jacobian", func, inputs, create_graph, strict)
        blocks = tuple(_rows(i, out, mine, create_graph, strict) for i, out in enumerate(outputs))
    shaped = tuple(_finish(block, several, create_graph) for block in blocks)
    return shaped if many else shaped[0]


def _rows(
    i: int, out: Tensor, inputs: tuple[Tensor, ...], create_graph: bool, strict: bool
) -> tuple[Tensor, ...]:
    text = f"Output {i} of the user-provided function is independent of input {{i}}."
    rows = []
    with over(_units(out), "jacobian", out.numel()) as units:
        for unit in units:
            row = _filled(_pull((out,), inputs, (unit,), create_graph), inputs, strict, text)
            if create_graph:
                _require(row, strict, JACOBIAN_CONSTANT)
            rows.append(row)
    shape = tuple(out.shape)
    return tuple(
        _stacked([row[k] for row in rows], shape + tuple(x.shape), x) for k, x in enumerate(inputs)
    )


def _units(x: Tensor) -> Iterator[Tensor]:
    """The tensors of the shape of `x` with a one and zeros else."""
    for i in range(x.numel()):
        unit = zeros_for(x)
        unit._array.reshape(-1)[i] = 1
        yield unit


def _stacked(rows: list[Any], shape: tuple[int, ...], like: Tensor) -> Tensor:
    from ..ops.join import stack

    if not rows:
        empty: Tensor = Tensor._from_array(like._array.reshape(-1)[:0].reshape(shape))
        return empty
    made: Tensor = stack(rows).reshape(shape)
    return made


def _forward_jacobian(
    func: Callable[..., Any], inputs: Any, create_graph: bool, strict: bool
) -> Any:
    from ..func import jacfwd

    if strict:
        raise RuntimeError(
            'torch.autograd.functional.jacobian: `strict=True` and `strategy="forward-mode"` are '
            "not supported together (yet). Please either set `strict=False` or "
            '`strategy="reverse-mode"`.'
        )
    several, given = _as_tuple(inputs, "inputs", "jacobian")

    def checked(*args: Tensor) -> Any:
        result = func(*args)
        _as_tuple(result, "outputs of the user-provided function", "jacobian")
        return result

    previous = state.set_mode("grad", create_graph)
    try:
        mine = given if create_graph else tuple(x.detach() for x in given)
        return jacfwd(checked, tuple(range(len(given))) if several else 0)(*mine)
    finally:
        state.set_mode("grad", previous)


def hessian(
    func: Callable[..., Any],
    inputs: Tensors,
    create_graph: bool = False,
    strict: bool = False,
    vectorize: bool = False,
    outer_jacobian_strategy: str = "reverse-mode",
) -> Any:
    """The Hessian of a scalar function; parameters as in `jacobian`.

    Returns
    -------
    Tensor, or tuple (inputs) of tuples (inputs) of Tensor
        Shapes are input.shape + input.shape.
    """
    several, _ = _as_tuple(inputs, "inputs", "hessian")
    if outer_jacobian_strategy not in ("forward-mode", "reverse-mode"):
        raise AssertionError(
            'Expected strategy to be either "forward-mode" or "reverse-mode", '
            f"got {outer_jacobian_strategy!r}."
        )

    def scalar(*args: Tensor) -> Tensor:
        many, outputs = _as_tuple(func(*args), "outputs of the user-provided function", "hessian")
        return _scalar(outputs, many, "hessian")

    def gradient(*args: Tensor) -> Any:
        with enable_grad():
            args = tuple(x if x.requires_grad else _connected(x) for x in args)
            value = scalar(*args)
            if strict and not value.requires_grad:
                raise RuntimeError(INDEPENDENT.format(i=0) + " " + STRICT)
            found = _filled(_pull((value,), args, None, True), args, strict, INDEPENDENT)
        _require(found, strict, GRADIENT_CONSTANT)
        return found if several else found[0]

    return jacobian(
        gradient, inputs, create_graph, strict, vectorize, strategy=outer_jacobian_strategy
    )


__all__ = ["hessian", "hvp", "jacobian", "jvp", "vhp", "vjp"]
