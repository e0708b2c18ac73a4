"""``func.vmap``: a function of one sample, made one of a batch.

The function runs once for each sample and the results are stacked: PyTorch's meaning, in a
loop.  It composes with `func.grad` and the others, so gradients for each sample come out of
``vmap(grad(loss))``; it saves no time.
"""

from __future__ import annotations

import functools
from collections.abc import Callable
from typing import Any

from ._tensor import Tensor
from .ops.join import stack
from .progress import over


def vmap(
    func: Callable[..., Any],
    in_dims: Any = 0,
    out_dims: Any = 0,
    randomness: str = "error",
    *,
    chunk_size: int | None = None,
) -> Callable[..., Any]:
    """A function that maps `func` over a dimension of its arguments and stacks the results.

    Parameters
    ----------
    func : callable
        Of tensors, or structures of them; returns a tensor or a structure of tensors.
    in_dims : int, None, or a structure of them, default 0
        The dimension to map over, of each argument; None: hand the argument on as it is.
    out_dims : int or a structure of them, default 0
        Where the dimension is put in the results.
    randomness, chunk_size : optional
        Accepted for PyTorch's sake: each sample draws numbers of its own.

    Raises
    ------
    ValueError
        If nothing is mapped over, sizes differ, or `in_dims` does not fit the arguments.
    """

    @functools.wraps(func)
    def mapped(*args: Any, **kwargs: Any) -> Any:
        dims = (
            _spread(in_dims, args) if isinstance(in_dims, tuple | list) else [in_dims] * len(args)
        )
        pairs = [p for a, d in zip(args, dims, strict=True) for p in _mapped(a, d)]
        pairs += [p for v in kwargs.values() for p in _mapped(v, 0)]
        sizes = {t.shape[d] for t, d in pairs}
        if len(sizes) != 1:
            what = "no dimension to map over" if not sizes else f"different sizes {sorted(sizes)}"
            raise ValueError(
                f"vmap: Expected all tensors to have the same size in the mapped dimension, got "
                f"{what}; see in_dims={in_dims!r}"
            )
        results = []
        size = sizes.pop()
        with over(range(size), "vmap", size) as samples:
            for i in samples:
                sample = [_taken(a, d, i) for a, d in zip(args, dims, strict=True)]
                results.append(func(*sample, **{k: _taken(v, 0, i) for k, v in kwargs.items()}))
        if not results:
            raise ValueError("vmap: the mapped dimension has size 0; give at least one sample")
        return _stacked(results, out_dims)

    return mapped


def _spread(in_dims: Any, args: tuple[Any, ...]) -> list[Any]:
    if len(in_dims) != len(args):
        raise ValueError(
            f"vmap: in_dims is not compatible with the structure of inputs: {len(in_dims)} entries "
            f"for {len(args)} positional arguments"
        )
    return list(in_dims)


def _inner(dim: Any, key: Any) -> Any:
    """The part of `in_dims` (or `out_dims`) that belongs to a part of a structure."""
    return dim[key] if isinstance(dim, dict | list | tuple) else dim


def _mapped(tree: Any, dim: Any) -> list[tuple[Tensor, int]]:
    """The tensors to map over, with their dimensions."""
    if isinstance(tree, Tensor):
        if dim is None:
            return []
        if not -tree.ndim <= dim < tree.ndim:
            raise ValueError(
                f"vmap: Got in_dim={dim} for an input of {tree.ndim} dimensions; "
                "None hands it on as it is"
            )
        return [(tree, dim)]
    if isinstance(tree, dict):
        return [p for k, v in tree.items() for p in _mapped(v, _inner(dim, k))]
    if isinstance(tree, list | tuple):
        return [p for i, v in enumerate(tree) for p in _mapped(v, _inner(dim, i))]
    if isinstance(dim, int) and dim:
        raise ValueError(f"vmap: Got in_dim={dim} for an input of type {type(tree).__name__}")
    return []


def _taken(tree: Any, dim: Any, i: int) -> Any:
    """Sample `i` of an argument."""
    if isinstance(tree, Tensor):
        return tree if dim is None else tree.select(dim, i)
    if isinstance(tree, dict):
        return {k: _taken(v, _inner(dim, k), i) for k, v in tree.items()}
    if isinstance(tree, list | tuple):
        parts = [_taken(v, _inner(dim, j), i) for j, v in enumerate(tree)]
        return type(tree)(*parts) if hasattr(tree, "_fields") else type(tree)(parts)
    return tree


def _stacked(results: list[Any], dim: Any) -> Any:
    """One structure of stacked tensors out of those of all samples."""
    first = results[0]
    if isinstance(first, Tensor):
        return first if dim is None else stack(results, dim)
    if isinstance(first, dict):
        return {k: _stacked([r[k] for r in results], _inner(dim, k)) for k in first}
    if isinstance(first, list | tuple):
        parts = [_stacked([r[i] for r in results], _inner(dim, i)) for i, _ in enumerate(first)]
        return type(first)(*parts) if hasattr(first, "_fields") else type(first)(parts)
    raise ValueError(
        f"vmap: the function must return tensors, got {type(first).__name__}: it can't be stacked"
    )
