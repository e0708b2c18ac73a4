"""Maxima over windows with steps of uneven length, which shrink an image by any ratio.

Source: Graham, "Fractional Max-Pooling", arXiv:1412.6071.
"""

from __future__ import annotations

import itertools
import math
from collections.abc import Sequence
from typing import Any

from .._tensor import Tensor
from ..backends import backend_of
from ..declare import op
from ..errors import ShapeError
from .pool import _per_dimension, put_places, take_places
from .sampling import rand

__all__: list[str] = []


def _declare(nd: int) -> Any:
    def forward(xp: Any, input: Any, indices: Any, *, sizes: Any) -> Any:
        """The elements at flat places of the last dimensions."""
        return take_places.forward(xp, input, indices, dims=len(sizes))

    made = op(f"FractionalMaxPool{nd}DBackward0", name=f"fractional_max_pool{nd}d", types="free")(
        forward
    )

    @made.vjp("input")
    def _(F: Any, g: Any, indices: Any, sizes: Any) -> Any:
        return getattr(F, put_places.name)(g, indices, sizes=sizes, overlap=True)

    return made


_OPS = {nd: _declare(nd) for nd in (2, 3)}


def _starts(xp: Any, samples: Any, size: int, kernel: int, outputs: int) -> Any:
    """Where windows begin, one row for each plane; the last one ends with the input."""
    last = xp.full((samples.size, 1), size - kernel)
    if outputs == 1:
        return last
    step = samples.dtype.type((size - kernel) / (outputs - 1))
    u = samples.reshape(-1, 1)
    i = xp.arange(outputs - 1, dtype=samples.dtype)
    begins = xp.trunc((i + u) * step).astype("i8") - xp.trunc(u * step).astype("i8")
    return xp.concatenate([begins, last], axis=1)


def _winners(
    xp: Any, input: Any, starts: Sequence[Any], kernel: tuple[int, ...]
) -> Any:  # fmt: skip
    """Flat places of the maxima; `input` is (planes, ...), and so are the starts."""
    nd, sizes = len(kernel), input.shape[1:]
    flat = input.reshape(len(input), math.prod(sizes))
    best = where = None
    if not len(input):
        return xp.zeros((0, *(begin.shape[1] for begin in starts)), "i8")
    for offsets in itertools.product(*map(range, kernel)):
        place: Any = 0
        for d, (begin, k) in enumerate(zip(starts, offsets, strict=True)):
            along = begin.reshape(len(begin), *(-1 if e == d else 1 for e in range(nd)))
            place = place * sizes[d] + along + k
        values = xp.take_along_axis(flat, place.reshape(len(flat), -1), 1).reshape(place.shape)
        if where is None:
            best, where = values, place
            continue
        better = (values > best) | (values != values)
        best, where = xp.where(better, values, best), xp.where(better, place, where)
    return where


def _fractional(
    nd: int, input: Tensor, kernel_size: Any, output_size: Any, output_ratio: Any,
    return_indices: bool, samples: Tensor | None,
) -> Any:  # fmt: skip
    name = f"fractional_max_pool{nd}d"
    if input.ndim not in (nd + 1, nd + 2) or not all(input.shape[-nd - 1 :]):
        raise ShapeError(
            f"{name}(): Expected {nd + 1}D or {nd + 2}D tensor with non-zero channels and sizes, "
            f"but got: {list(input.shape)}"
        )
    kernel = _per_dimension(kernel_size, nd, f"{name}: kernel_size")
    outputs = _output_sizes(name, nd, input, output_size, output_ratio)
    for n, k, out in zip(input.shape[-nd:], kernel, outputs, strict=True):
        if k < 1 or out < 1 or out + k - 1 > n:
            raise ShapeError(
                f"{name}(): pool size {k} and output size {out} do not fit an input of size {n}: "
                f"output size + pool size - 1 may be {n} at most, and both are at least 1"
            )
    xp = backend_of(input._array).xp
    planes = math.prod(input.shape[:-nd])
    if samples is None:
        batch = 1 if input.ndim == nd + 1 else input.shape[0]
        samples = rand(batch, input.shape[-nd - 1], nd, dtype=input.dtype, device=input.device)
    u = samples.detach()._array.reshape(-1, nd)[:planes]
    order = range(nd - 1, -1, -1) if nd == 2 else range(nd)
    starts = [
        _starts(xp, u[:, o], n, k, out)
        for o, n, k, out in zip(order, input.shape[-nd:], kernel, outputs, strict=True)
    ]
    sizes = tuple(input.shape[-nd:])
    where = _winners(xp, input.detach()._array.reshape(planes, *sizes), starts, kernel)
    indices = Tensor._from_array(where.reshape(*input.shape[:-nd], *outputs))
    found = _OPS[nd].call(input, indices, sizes=sizes)
    return (found, indices) if return_indices else found


def _output_sizes(name: str, nd: int, input: Tensor, size: Any, ratio: Any) -> tuple[int, ...]:
    if size is not None:
        return _per_dimension(size, nd, f"{name}: output_size")
    if ratio is None:
        raise ValueError(f"{name} requires specifying either an output_size or an output_ratio")
    ratios = (ratio,) * nd if isinstance(ratio, int | float) else tuple(ratio)
    return tuple(int(n * r) for n, r in zip(input.shape[-nd:], ratios, strict=True))


def fractional_max_pool2d(
    input: Tensor, kernel_size: Any, output_size: Any = None, output_ratio: Any = None,
    return_indices: bool = False, _random_samples: Tensor | None = None,
) -> Any:  # fmt: skip
    """Maximum over windows at random uneven steps.

    Parameters
    ----------
    input : Tensor
        (N, C, H, W) or (C, H, W).
    kernel_size : int or pair
        Size of the windows.
    output_size : int or pair, optional
        How many windows in each dimension.
    output_ratio : float or pair, optional
        The same as part of the input's size, between 0 and 1.
    return_indices : bool
        Whether to return also where the maxima were, counted in each plane.

    Raises
    ------
    ValueError
        If neither size nor ratio is given.
    ShapeError
        If windows do not fit into the input.
    """
    return _fractional(
        2, input, kernel_size, output_size, output_ratio, return_indices, _random_samples
    )


def fractional_max_pool3d(
    input: Tensor, kernel_size: Any, output_size: Any = None, output_ratio: Any = None,
    return_indices: bool = False, _random_samples: Tensor | None = None,
) -> Any:  # fmt: skip
    """Maximum over windows at random uneven steps; see `fractional_max_pool2d`."""
    return _fractional(
        3, input, kernel_size, output_size, output_ratio, return_indices, _random_samples
    )


def fractional_max_pool2d_with_indices(
    input: Tensor, kernel_size: Any, output_size: Any = None, output_ratio: Any = None,
    return_indices: bool = False, _random_samples: Tensor | None = None,
) -> Any:  # fmt: skip
    """Maxima and where they were; see `fractional_max_pool2d`."""
    return _fractional(2, input, kernel_size, output_size, output_ratio, True, _random_samples)


def fractional_max_pool3d_with_indices(
    input: Tensor, kernel_size: Any, output_size: Any = None, output_ratio: Any = None,
    return_indices: bool = False, _random_samples: Tensor | None = None,
) -> Any:  # fmt: skip
    """Maxima and where they were; see `fractional_max_pool2d`."""
    return _fractional(3, input, kernel_size, output_size, output_ratio, True, _random_samples)
