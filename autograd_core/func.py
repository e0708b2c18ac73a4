"""``func``: derivatives of functions, as functions (PyTorch's ``torch.func``).

They nest to any order, forward in reverse, reverse in forward.  Arguments and results may
be tensors, or tuples, lists and dictionaries of them.  ``vmap`` is a loop.

>>> import autograd_core as ag
>>> ag.func.grad(lambda x: x * x * x)(ag.tensor(2.0))
tensor(12.)
>>> ag.func.grad(ag.func.grad(lambda x: x * x * x))(ag.tensor(2.0))
tensor(12.)
"""

from __future__ import annotations

import functools
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from . import forward, state
from ._tensor import Tensor
from .autograd import grad as _grad
from .functional_namespace import TENSORS
from .modes import enable_grad
from .node import AccumulateGrad
from .progress import over

if TYPE_CHECKING:  # loaded when asked for: see __getattr__
    from .stateless import functional_call, stack_module_state
    from .vectorize import vmap

Argnums = int | tuple[int, ...]


# ------------------------------------------------------------------ nested structures


def _leaves(tree: Any) -> list[Tensor]:
    """The tensors in a structure, in order."""
    if isinstance(tree, Tensor):
        return [tree]
    if isinstance(tree, dict):
        return [leaf for value in tree.values() for leaf in _leaves(value)]
    if isinstance(tree, list | tuple):
        return [leaf for value in tree for leaf in _leaves(value)]
    raise TypeError(
        "expected a tensor, or a tuple, list or dictionary of tensors, got "
        f"{type(tree).__name__}: {tree!r}"
    )


def _rebuild(tree: Any, leaves: Any) -> Any:
    """The same structure with other leaves, taken from an iterator."""
    if isinstance(tree, Tensor):
        return next(leaves)
    if isinstance(tree, dict):
        return {key: _rebuild(value, leaves) for key, value in tree.items()}
    built = [_rebuild(value, leaves) for value in tree]
    return type(tree)(*built) if hasattr(tree, "_fields") else type(tree)(built)


def _map(fn: Callable[[Tensor], Any], tree: Any) -> Any:
    return _rebuild(tree, iter([fn(leaf) for leaf in _leaves(tree)]))


def _fresh(x: Tensor) -> Tensor:
    """The tensor as an input of its own: connected to its graph, if it has one."""
    if not (x.is_floating_point() or x.is_complex()):
        return x
    fresh: Tensor = TENSORS.alias(x)
    if not fresh.requires_grad:
        fresh._view = None
        fresh.requires_grad_()
        fresh.__dict__["_within_forward"] = state.modes.forward_level >= 0
    return fresh


def _settled(tree: Any) -> Any:
    """What the outermost forward level gives: detached from leaves made within it."""
    if state.modes.forward_level >= 0 or _nested(tree, ()):
        return tree
    return _detached(tree)


def _split(result: Any, has_aux: bool) -> tuple[Any, Any]:
    if not has_aux:
        return result, None
    if not (isinstance(result, tuple) and len(result) == 2):
        raise RuntimeError(
            "the function must return (output, aux), a tuple of two, when has_aux=True; "
            f"got {type(result).__name__}"
        )
    return result[0], _detached(result[1])


def _detached(tree: Any) -> Any:
    if isinstance(tree, Tensor):
        return tree.detach()
    if isinstance(tree, dict):
        return {key: _detached(value) for key, value in tree.items()}
    return type(tree)(map(_detached, tree)) if isinstance(tree, list | tuple) else tree


def _nested(outputs: Any, inputs: Any) -> bool:
    """Whether an outer derivative may want to see through this one."""
    if state.modes.forward_level >= 0:
        return True
    own = {x._edge() for x in _leaves(inputs) if x.is_leaf and x.requires_grad}
    seen: set[Any] = set()
    stack = [x._edge() for x in _leaves(outputs) if x.requires_grad]
    while stack:
        node = stack.pop()
        if node in seen or node in own:
            continue
        seen.add(node)
        if node.__class__ is AccumulateGrad:
            if not getattr(node.variable, "_within_forward", False):
                return True
            continue
        stack.extend(n for n in node.next if n is not None)
    return False


# ------------------------------------------------------------------ reverse


def vjp(func: Callable[..., Any], *primals: Any, has_aux: bool = False) -> Any:
    """The value of a function and its vector-Jacobian product.

    Parameters
    ----------
    func : callable
        Of `primals`; returns a tensor or a structure of tensors.
    *primals
        Where to evaluate.
    has_aux : bool, default False
        `func` returns (output, aux); aux is handed through.

    Returns
    -------
    tuple
        (output, vjp_fn), and aux.  ``vjp_fn(cotangents)`` gives a tuple with one gradient
        for each primal.
    """
    outer = state.modes.grad
    with enable_grad():
        inputs = _map(_fresh, primals)
        output, aux = _split(func(*inputs), has_aux)
    nested = outer and _nested(output, inputs)

    def vjp_fn(cotangents: Any, retain_graph: bool = True, create_graph: bool = True) -> Any:
        along = _leaves(cotangents)
        create = create_graph and (nested or _nested(cotangents, ()))
        ends = [(o, c) for o, c in zip(_leaves(output), along, strict=True) if o.requires_grad]
        found = _gradients(ends, _leaves(inputs), create)
        return _rebuild(primals, iter(found))

    shown = output if nested else _detached(output)
    return (shown, vjp_fn, aux) if has_aux else (shown, vjp_fn)


def _gradients(ends: Any, inputs: list[Tensor], create: bool) -> list[Tensor]:
    wanted = [x for x in inputs if x.requires_grad]
    found: Any = [forward.zeros_for(x) for x in wanted]
    if ends:
        outputs, along = zip(*ends, strict=True)
        found = _grad(
            outputs, wanted, along, retain_graph=True, create_graph=create, materialize_grads=True
        )
    given = iter(found)
    return [next(given) if x.requires_grad else forward.zeros_for(x) for x in inputs]


def grad_and_value(
    func: Callable[..., Any], argnums: Argnums = 0, has_aux: bool = False
) -> Callable[..., Any]:
    """A function that gives (gradient, value) of `func`, which returns a scalar tensor.

    Parameters
    ----------
    func : callable
        Returns a scalar tensor, or (scalar, aux) with `has_aux`.
    argnums : int or tuple of int, default 0
        The arguments to differentiate with respect to.
    has_aux : bool, default False
        The result is (gradient, (value, aux)).
    """

    @functools.wraps(func)
    def wrapper(*args: Any, **kwargs: Any) -> Any:
        chosen = _choose(args, argnums)
        outer = state.modes.grad
        with enable_grad():
            inputs = _map(_fresh, chosen)
            output, aux = _split(func(*_replace(args, argnums, inputs), **kwargs), has_aux)
            _check_scalar(output)
        nested = outer and _nested(output, inputs)
        ends = [(output, _ones(output))] if output.requires_grad else []
        found = _gradients(ends, _leaves(inputs), nested)
        answer = _rebuild(chosen, iter(found))
        value = output if nested else output.detach()
        return (answer, (value, aux)) if has_aux else (answer, value)

    return wrapper


def grad(
    func: Callable[..., Any], argnums: Argnums = 0, has_aux: bool = False
) -> Callable[..., Any]:
    """A function that gives the gradient of `func`; parameters as in `grad_and_value`."""

    @functools.wraps(func)
    def wrapper(*args: Any, **kwargs: Any) -> Any:
        found, value = grad_and_value(func, argnums, has_aux)(*args, **kwargs)
        return (found, value[1]) if has_aux else found

    return wrapper


def _check_scalar(output: Any) -> None:
    if not isinstance(output, Tensor):
        raise RuntimeError(
            f"Expected f(*args) to return a scalar Tensor, got {type(output).__name__}"
        )
    if output.ndim != 0:
        raise RuntimeError(
            "Expected f(*args) to return a scalar Tensor, got tensor with "
            f"{output.ndim} dims. Maybe you wanted to use the vjp or jacrev APIs instead?"
        )


def _ones(x: Tensor) -> Tensor:
    from .backends import backend_of

    array = x._array
    made: Tensor = Tensor._from_array(backend_of(array).xp.ones(array.shape, array.dtype))
    return made


def _choose(args: tuple[Any, ...], argnums: Argnums) -> Any:
    picked = (argnums,) if isinstance(argnums, int) else tuple(argnums)
    for n in picked:
        if not -len(args) <= n < len(args):
            raise RuntimeError(
                f"Got argnum={n}, but only {len(args)} positional inputs were passed; "
                "differentiate with respect to a positional argument"
            )
    return args[argnums] if isinstance(argnums, int) else tuple(args[n] for n in picked)


def _replace(args: tuple[Any, ...], argnums: Argnums, inputs: Any) -> list[Any]:
    changed = list(args)
    if isinstance(argnums, int):
        changed[argnums] = inputs
    else:
        for n, x in zip(argnums, inputs, strict=True):
            changed[n] = x
    return changed


# ------------------------------------------------------------------ forward


def jvp(
    func: Callable[..., Any],
    primals: tuple[Any, ...],
    tangents: tuple[Any, ...],
    *,
    strict: bool = False,
    has_aux: bool = False,
) -> Any:
    """The value of a function and its derivative along tangents, in forward mode.

    Parameters
    ----------
    func : callable
        Of `primals`; returns a tensor or a structure of tensors.
    primals, tangents : tuple
        Where to evaluate, and along what; of one structure.
    strict : bool, default False
        Raise where an output does not depend on the inputs, instead of giving zeros.
    has_aux : bool, default False
        `func` returns (output, aux); aux is handed through.

    Returns
    -------
    tuple
        (output, tangent of the output), and aux.
    """
    _check_jvp_arguments(primals, tangents)
    level = forward.enter_level()
    try:
        duals = _rebuild(primals, iter(map(_dual, _leaves(primals), _leaves(tangents))))
        output, aux = _split(func(*duals), has_aux)
        found = [_tangent(out, level, strict) for out in _leaves(output)]
        with forward.below(level):
            value = _map(TENSORS.alias, output)
    finally:
        forward.exit_level(level)
    value, answer = _settled(value), _settled(_rebuild(output, iter(found)))
    return (value, answer, aux) if has_aux else (value, answer)


def _check_jvp_arguments(primals: Any, tangents: Any) -> None:
    for what, given in (("primals", primals), ("tangents", tangents)):
        if not isinstance(given, tuple):
            raise RuntimeError(
                f"jvp(f, primals, tangents): Expected {what} to be a tuple, "
                f"got {type(given).__name__}; e.g. jvp(f, (x,), (t,))"
            )
    if len(_leaves(primals)) != len(_leaves(tangents)):
        raise RuntimeError(
            "jvp(f, primals, tangents): Expected primals and tangents to have the same python "
            f"structure, got {len(_leaves(primals))} tensors and {len(_leaves(tangents))}"
        )


def _dual(x: Tensor, tangent: Tensor) -> Tensor:
    level = state.modes.forward_level
    if x.shape != tangent.shape:
        raise RuntimeError(
            f"jvp: the tangent of shape {tuple(tangent.shape)} does not fit the primal of shape "
            f"{tuple(x.shape)}"
        )
    with forward.below(level):
        dual: Tensor = TENSORS.alias(x)
    forward.set_tangent(dual, level, tangent)
    return dual


def _tangent(out: Tensor, level: int, strict: bool) -> Tensor:
    tangent = forward.tangent_of(out, level)
    if tangent is not None:
        return tangent
    if strict:
        raise RuntimeError(
            "jvp(f, primals, tangents, strict=True): The output of f is independent of the inputs. "
            "This is not allowed with strict=True."
        )
    return forward.zeros_for(out)


# ------------------------------------------------------------------ whole Jacobians


def jacrev(
    func: Callable[..., Any],
    argnums: Argnums = 0,
    *,
    has_aux: bool = False,
    chunk_size: int | None = None,
) -> Callable[..., Any]:
    """A function that gives the Jacobian of `func`, one reverse pass for each output element.

    Parameters
    ----------
    func : callable
        Returns a tensor or a structure of tensors; (output, aux) with `has_aux`.
    argnums : int or tuple of int, default 0
        The arguments to differentiate with respect to.
    has_aux : bool, default False
        The result is (jacobian, aux).
    chunk_size : int, optional
        Accepted for compatibility: rows are computed one after the other anyway.

    Returns
    -------
    callable
        Gives for each output, for each argument, a tensor of shape output.shape + arg.shape.
    """

    @functools.wraps(func)
    def wrapper(*args: Any, **kwargs: Any) -> Any:
        chosen = _choose(args, argnums)

        def partial(x: Any) -> Any:
            return func(*_replace(args, argnums, x), **kwargs)

        output, vjp_fn, *aux = vjp(partial, chosen, has_aux=has_aux)
        outs, ins = _leaves(output), _leaves(chosen)
        blocks = []
        for i, out in enumerate(outs):
            rows = []
            with over(_basis(out), "jacrev", out.numel()) as units:
                for unit in units:
                    along = [unit if j == i else forward.zeros_for(o) for j, o in enumerate(outs)]
                    rows.append(_leaves(vjp_fn(_rebuild(output, iter(along)))))
            columns = [
                _stacked([row[k] for row in rows], tuple(out.shape) + tuple(x.shape), x)
                for k, x in enumerate(ins)
            ]
            blocks.append(_rebuild(chosen, iter(columns)))
        answer = _rebuild(output, iter(blocks))
        return (answer, aux[0]) if has_aux else answer

    return wrapper


def jacfwd(
    func: Callable[..., Any],
    argnums: Argnums = 0,
    has_aux: bool = False,
    *,
    randomness: str = "error",
) -> Callable[..., Any]:
    """Like `jacrev`, with one forward pass for each input element."""

    @functools.wraps(func)
    def wrapper(*args: Any, **kwargs: Any) -> Any:
        chosen = _choose(args, argnums)
        ins = _leaves(chosen)
        output: Any = None
        aux: Any = None

        def partial(x: Any) -> Any:
            return func(*_replace(args, argnums, x), **kwargs)

        columns: list[list[list[Tensor]]] = []
        for k, x in enumerate(ins):
            moved = []
            with over(_basis(x), "jacfwd", x.numel()) as units:
                for unit in units:
                    along = [unit if j == k else forward.zeros_for(o) for j, o in enumerate(ins)]
                    given = (_rebuild(chosen, iter(along)),)
                    output, tangent, *aux = jvp(partial, (chosen,), given, has_aux=has_aux)
                    moved.append(_leaves(tangent))
            columns.append(moved)
        if output is None:
            output, aux = _split(partial(chosen), has_aux)
            aux = [aux]
        blocks = []
        for i, out in enumerate(_leaves(output)):
            parts = []
            for k, x in enumerate(ins):
                flat = _stacked([c[i] for c in columns[k]], tuple(x.shape) + tuple(out.shape), out)
                order = (*range(x.ndim, x.ndim + out.ndim), *range(x.ndim))
                parts.append(flat.permute(order) if order else flat)
            blocks.append(_rebuild(chosen, iter(parts)))
        answer = _rebuild(output, iter(blocks))
        return (answer, aux[0]) if has_aux else answer

    return wrapper


def hessian(func: Callable[..., Any], argnums: Argnums = 0) -> Callable[..., Any]:
    """A function that gives the Hessian of `func`: forward over reverse."""
    return jacfwd(jacrev(func, argnums), argnums)


def _basis(x: Tensor) -> Any:
    """The unit tensors of the shape of `x`."""
    for i in range(x.numel()):
        unit = forward.zeros_for(x)
        unit._array.reshape(-1)[i] = 1
        yield unit


def _stacked(rows: list[Tensor], shape: tuple[int, ...], like: Tensor) -> Tensor:
    from .ops.join import stack

    if rows:
        whole: Tensor = stack(rows).reshape(shape)
        return whole
    empty: Tensor = Tensor._from_array(forward.zeros_for(like)._array.reshape(shape))
    return empty


def linearize(func: Callable[..., Any], *primals: Any) -> tuple[Any, Callable[..., Any]]:
    """The value of a function, and its derivative as a function of tangents.

    Returns
    -------
    tuple
        (output, jvp_fn); each call of ``jvp_fn(*tangents)`` runs `func` in forward mode again.
    """

    def jvp_fn(*tangents: Any) -> Any:
        return jvp(func, primals, tangents)[1]

    return _detached(func(*primals)), jvp_fn


def __getattr__(name: str) -> Any:
    """Load what needs modules, or is large, when it is first asked for."""
    if name in ("functional_call", "stack_module_state"):
        from . import stateless

        return getattr(stateless, name)
    if name == "vmap":
        from .vectorize import vmap

        return vmap
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")


__all__ = ["grad", "grad_and_value", "hessian", "jacfwd", "jacrev", "jvp", "linearize", "vjp"]
__all__ += ["functional_call", "stack_module_state", "vmap"]
