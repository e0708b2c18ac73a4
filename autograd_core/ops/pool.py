"""Pooling: averages by tables (see `taps`), maxima with the places they came from.

``max_pool`` remembers for each output the flat place of its input, and its gradient puts
there what arrives; putting to places and taking from places are each other's gradients.
"""

from __future__ import annotations

import functools
import itertools
import math
from collections.abc import Sequence
from typing import Any

import numpy as np

from .._tensor import Tensor
from ..declare import Op, op
from ..dtypes import int64
from ..errors import ShapeError
from .taps import RESAMPLE, Taps, check_floating, padded, select

# ------------------------------------------------------------------ maxima


def _max_pool(xp: Any, input: Any, *, taps: Any, overlap: Any) -> Any:
    """Maximum over windows of the last dimensions, and its flat place in the input."""
    nd = len(taps)
    axes = range(-nd, 0)
    lowest = -math.inf if input.dtype.kind == "f" else xp.iinfo(input.dtype).min
    pads = [(a, t.before, t.after) for a, t in zip(axes, taps, strict=True)]
    wide = padded(xp, input, pads, lowest)
    best: Any = None
    for offsets in itertools.product(*(range(len(t.places)) for t in taps)):
        window = wide
        for a, t, k in zip(axes, taps, offsets, strict=True):
            window = select(xp, window, t.selectors[k], a)
        place = _flat_places(xp, taps, offsets)
        if best is None:
            best = window.copy()
            where = xp.broadcast_to(place, best.shape).copy()
            continue
        better = (window > best) | (window != window)  # a NaN wins, as in PyTorch
        best = xp.maximum(best, window)
        xp.copyto(where, place, where=better)
    return best, where


def _flat_places(xp: Any, taps: Sequence[Taps], offsets: Sequence[int]) -> Any:
    """Where the elements at one offset of all windows lie, counted in C order."""
    flat: Any = None
    for t, k in zip(taps, offsets, strict=True):
        place = xp.constant(t.inner[k])
        flat = place if flat is None else flat[..., None] * t.size + place
    return flat


def _max_pool_gradient(F: Any, g: Any, input: Any, indices: Any, taps: Any, overlap: Any) -> Any:
    sizes = tuple(input.shape[-len(taps) :])
    return F.follow(F.put_places(g, indices, sizes=sizes, overlap=overlap), input)


def _declare_max_pool(name: str) -> Op:
    made = op(f"{name}Backward0", name=name.lower(), aux=("indices",))(_max_pool)
    made.vjp(_max_pool_gradient)
    return made


MAX_POOL = {
    name: _declare_max_pool(name)
    for name in (
        "MaxPool2DWithIndices", "MaxPool3DWithIndices", "AdaptiveMaxPool2D", "AdaptiveMaxPool3D",
    )
}  # fmt: skip


@op("MaxUnpoolBackward0", types="free")
def put_places(xp: Any, input: Any, indices: Any, *, sizes: Any, overlap: Any) -> Any:
    """Zeros of the given last sizes with the input's elements at flat places.

    `overlap` says whether places may repeat; their elements are then added up.
    """
    lead = input.shape[: input.ndim - len(sizes)]
    rows, width = math.prod(lead), math.prod(sizes)
    out = xp.zeros(rows * width, input.dtype)
    places = indices.reshape(rows, math.prod(indices.shape[len(lead) :]))
    places = places + xp.arange(rows)[:, None] * width
    if overlap:
        xp.add_at(out, places.reshape(-1), input.reshape(-1))
    else:
        out[places.reshape(-1)] = input.reshape(-1)
    return out.reshape(*lead, *sizes)


@put_places.vjp("input")
def _(F: Any, g: Any, indices: Any, sizes: Any) -> Any:
    return F.take_places(g, indices, dims=len(sizes))


@op("TakePlacesBackward0", types="free")
def take_places(xp: Any, input: Any, indices: Any, *, dims: Any) -> Any:
    """The elements at flat places of the last `dims` dimensions."""
    lead, sizes = input.shape[: input.ndim - dims], input.shape[input.ndim - dims :]
    flat = input.reshape(*lead, math.prod(sizes))
    places = indices.reshape(*lead, math.prod(indices.shape[len(lead) :]))
    return xp.take_along_axis(flat, places, -1).reshape(indices.shape)


@take_places.vjp("input")
def _(F: Any, g: Any, indices: Any, input_shape: Any, dims: Any) -> Any:
    sizes = input_shape[len(input_shape) - dims :]
    return F.put_places(g, indices, sizes=sizes, overlap=True)


@op("MaxUnpool2DBackward0", name="max_unpool2d", types="free")
def max_unpool2d_op(xp: Any, input: Any, indices: Any, *, sizes: Any) -> Any:
    """Zeros of two last sizes with the input's elements at flat places."""
    return put_places.forward(xp, input, indices, sizes=sizes, overlap=False)


@op("MaxUnpool3DBackward0", name="max_unpool3d", types="free")
def max_unpool3d_op(xp: Any, input: Any, indices: Any, *, sizes: Any) -> Any:
    """Zeros of three last sizes with the input's elements at flat places."""
    return put_places.forward(xp, input, indices, sizes=sizes, overlap=False)


def _max_unpool_gradient(F: Any, g: Any, indices: Any, sizes: Any) -> Any:
    return F.take_places(g, indices, dims=len(sizes))


max_unpool2d_op.vjp("input")(_max_unpool_gradient)
max_unpool3d_op.vjp("input")(_max_unpool_gradient)


# ------------------------------------------------------------------ windows


def _per_dimension(value: Any, nd: int, what: str) -> tuple[int, ...]:
    values = (value,) if isinstance(value, int) else tuple(value)
    if len(values) not in (1, nd):
        expected = "a single int, or a tuple of" if nd > 1 else "a single int or a tuple of"
        raise ShapeError(f"{what} must either be {expected} {nd} ints, got {value!r}")
    return values * nd if len(values) == 1 else values


def _output_size(n: int, kernel: int, stride: int, pad: int, dilation: int, ceil: bool) -> int:
    reach = n + 2 * pad - dilation * (kernel - 1) - 1
    out = (-(-reach // stride) if ceil else reach // stride) + 1
    if ceil and (out - 1) * stride >= n + pad:
        out -= 1  # the last window must begin inside the input or its left padding
    return out


def _windows(
    name: str, input: Tensor, nd: int, kernel: Any, stride: Any, padding: Any, dilation: Any,
    ceil_mode: bool,
) -> list[tuple[int, int, int, int, int, int]]:  # fmt: skip
    """For each dimension: size, kernel, stride, padding, dilation, outputs; all checked."""
    kernels = _per_dimension(kernel, nd, f"{name}: kernel_size")
    if stride is None or (not isinstance(stride, int) and not len(stride)):
        stride = kernels
    strides = _per_dimension(stride, nd, f"{name}: stride")
    pads = _per_dimension(padding, nd, f"{name}: padding")
    dilations = _per_dimension(dilation, nd, f"{name}: dilation")
    ranks = f"{nd + 1}D or {nd + 2}D (batch mode) tensor"
    if input.ndim not in (nd + 1, nd + 2):
        raise ShapeError(
            f"{name}(): non-empty {ranks} expected for input, but got:{list(input.shape)}"
        )
    if not all(s > 0 for s in strides):
        raise ShapeError(f"stride should not be zero, got {list(strides)}")
    if not all(k > 0 for k in kernels) or not all(d > 0 for d in dilations):
        raise ShapeError(
            "kernel size and dilation should be greater than zero, but got "
            f"kernel_size={list(kernels)} and dilation={list(dilations)}"
        )
    sizes = tuple(input.shape[-nd:])
    found = []
    for n, k, s, p, d in zip(sizes, kernels, strides, pads, dilations, strict=True):
        if p < 0:
            raise ShapeError(f"pad must be non-negative, but got pad: {p}")
        if p > k // 2:
            raise ShapeError(
                "pad should be at most half of effective kernel size, but got "
                f"pad={p}, kernel_size={k} and dilation={d}"
            )
        found.append((n, k, s, p, d, _output_size(n, k, s, p, d, ceil_mode)))
    if not all(input.shape[-nd - 1 :]):
        raise ShapeError(
            f"{name}(): Expected {ranks} with optional 0 dim batch size for input, but got:"
            f"{list(input.shape)}"
        )
    if any(w[5] < 1 for w in found):
        channels = input.shape[-nd - 1]
        given = "x".join(map(str, (channels, *sizes)))
        computed = "x".join(map(str, (channels, *(max(w[5], 0) for w in found))))
        raise ShapeError(
            f"Given input size: ({given}). Calculated output size: ({computed}). "
            "Output size is too small"
        )
    return found


def _places(kernel: int, stride: int, pad: int, dilation: int, out: int) -> Any:
    return np.arange(kernel)[:, None] * dilation + np.arange(out) * stride - pad


def _max_pool_nd(
    nd: int, input: Tensor, kernel: Any, stride: Any, padding: Any, dilation: Any,
    ceil_mode: bool, return_indices: bool,
) -> Any:  # fmt: skip
    windows = _windows(f"max_pool{nd}d", input, nd, kernel, stride, padding, dilation, ceil_mode)
    overlap = any(s < d * (k - 1) + 1 for _, k, s, _, d, _ in windows)
    taps = tuple(_max_table(n, k, s, p, d, out) for n, k, s, p, d, out in windows)
    found = MAX_POOL[f"MaxPool{nd}DWithIndices"].call(input, taps=taps, overlap=overlap)
    return found if return_indices else found[0]


@functools.lru_cache(maxsize=512)
def _max_table(n: int, kernel: int, stride: int, pad: int, dilation: int, out: int) -> Taps:
    return Taps(n, _places(kernel, stride, pad, dilation, out))


@functools.lru_cache(maxsize=512)
def _average_table(
    n: int, kernel: int, stride: int, pad: int, out: int, include_pad: bool, divisor: int | None
) -> Taps:
    places = _places(kernel, stride, pad, 1, out)
    start = np.arange(out) * stride - pad
    end = np.minimum(start + kernel, n + pad)
    if not include_pad:
        start, end = np.maximum(start, 0), np.minimum(end, n)
    counts = np.broadcast_to((end - start).astype(float) if divisor is None else divisor, (out,))
    return Taps(n, places, np.broadcast_to(1.0 / counts, places.shape).copy())


def _avg_pool_nd(
    nd: int, input: Tensor, kernel: Any, stride: Any, padding: Any, ceil_mode: bool,
    include_pad: bool, divisor: int | None,
) -> Tensor:  # fmt: skip
    if divisor == 0:
        raise RuntimeError("divisor must be not zero")
    if input.dtype is int64:
        sizes = {"kernel": kernel, "stride": stride, "padding": padding, "ceil_mode": ceil_mode}
        return _whole_average(nd, input, sizes | {"include_pad": include_pad}, divisor)
    check_floating(f"avg_pool{nd}d", input)
    windows = _windows(f"avg_pool{nd}d", input, nd, kernel, stride, padding, 1, ceil_mode)
    divisors = [None] * nd if divisor is None else [1] * (nd - 1) + [divisor]
    taps = tuple(
        _average_table(n, k, s, p, out, include_pad, by)
        for (n, k, s, p, _, out), by in zip(windows, divisors, strict=True)
    )
    return RESAMPLE[f"AvgPool{nd}D"].call(input, taps=taps)


def _whole_average(nd: int, input: Tensor, windows: dict[str, Any], divisor: int | None) -> Tensor:
    """The average of integers: sums, divided and cut to integers."""
    exact = input.double()
    ones = exact.new_ones(tuple(exact.shape))
    sums = _avg_pool_nd(nd, exact, divisor=1, **windows)
    members = _avg_pool_nd(nd, ones, divisor=1, **windows)
    counts = members / _avg_pool_nd(nd, ones, divisor=divisor, **windows)
    return sums.round().div(counts.round(), rounding_mode="trunc").long()


# ------------------------------------------------------------------ adaptive windows


@functools.lru_cache(maxsize=512)
def _adaptive_table(n: int, out: int, average: bool) -> Taps:
    """Windows from floor(i n / out) to ceil((i + 1) n / out); short ones read outside."""
    i = np.arange(out)
    start, end = i * n // max(out, 1), -(-(i + 1) * n // max(out, 1))
    lengths = end - start
    k = np.arange(int(lengths.max(initial=1)))[:, None]
    if average:
        places = np.where(k < lengths, start + k, n)
        return Taps(n, places, np.broadcast_to(1.0 / lengths, places.shape).copy())
    return Taps(n, start + np.minimum(k, lengths - 1))


def _adaptive_sizes(name: str, input: Tensor, nd: int, output_size: Any) -> tuple[int, ...]:
    if not isinstance(output_size, int) and nd > 1 and input.ndim <= len(output_size):
        raise ValueError(
            f"Input dimension should be at least {len(output_size) + 1}, but {name}() got an input "
            f"of size {list(input.shape)}"
        )
    if input.ndim not in (nd + 1, nd + 2):
        raise ShapeError(
            f"{name}(): Expected {nd + 1}D or {nd + 2}D tensor, but got {list(input.shape)}"
        )
    given = (output_size,) * nd if isinstance(output_size, int) else tuple(output_size)
    if len(given) != nd:
        raise ShapeError(
            f"{name}(): argument 'output_size' should contain {nd if nd > 1 else 'one'} "
            f"int{'s' if nd > 1 else ''} (got {len(given)}); output_size.size() must be {nd}"
        )
    sizes = tuple(n if o is None else o for o, n in zip(given, input.shape[-nd:], strict=True))
    if any(o < 0 for o in sizes):
        raise ShapeError(
            f"{name}: elements of output_size must be greater than or equal to 0 (Trying to create "
            f"tensor with negative dimension {min(sizes)}: output_size={list(sizes)})"
        )
    if not all(input.shape[1:]):
        raise ShapeError(
            f"{name}(): Expected input to have non-zero size for non-batch dimensions, but input "
            f"has sizes {list(input.shape)}"
        )
    return sizes


def _adaptive_average(nd: int, input: Tensor, output_size: Any) -> Tensor:
    check_floating(f"adaptive_avg_pool{nd}d", input)
    sizes = _adaptive_sizes(f"adaptive_avg_pool{nd}d", input, nd, output_size)
    if all(o == 1 for o in sizes):
        return input.mean(tuple(range(-nd, 0)), keepdim=True)
    shape = input.shape[-nd:]
    taps = tuple(_adaptive_table(n, o, True) for n, o in zip(shape, sizes, strict=True))
    return RESAMPLE[f"AdaptiveAvgPool{nd}D"].call(input, taps=taps)


def _adaptive_maximum(nd: int, input: Tensor, output_size: Any, return_indices: bool) -> Any:
    sizes = _adaptive_sizes(f"adaptive_max_pool{nd}d", input, nd, output_size)
    shape = input.shape[-nd:]
    taps = tuple(_adaptive_table(n, o, False) for n, o in zip(shape, sizes, strict=True))
    overlap = any(n % o for n, o in zip(shape, sizes, strict=True) if o)
    found = MAX_POOL[f"AdaptiveMaxPool{nd}D"].call(input, taps=taps, overlap=overlap)
    return found if return_indices else found[0]


# ------------------------------------------------------------------ public


def _one(value: Any) -> Any:
    """An argument of a 1-d pool as that of a 2-d pool over rows of height 1."""
    return value if value is None or isinstance(value, int) else next(iter(value), None)


def avg_pool1d(
    input: Tensor, kernel_size: Any, stride: Any = None, padding: Any = 0,
    ceil_mode: bool = False, count_include_pad: bool = True,
) -> Tensor:  # fmt: skip
    """Average over windows of one dimension; see `avg_pool2d`."""
    _check_1d("avg_pool1d", input)
    kernel, stride, padding = _one(kernel_size), _one(stride), _one(padding)
    stride = kernel if stride is None else stride
    flat = input.unsqueeze(-2)
    found = _avg_pool_nd(
        2, flat, (1, kernel), (1, stride), (0, padding), ceil_mode, count_include_pad, None
    )
    return found.squeeze(-2)


def avg_pool2d(
    input: Tensor, kernel_size: Any, stride: Any = None, padding: Any = 0,
    ceil_mode: bool = False, count_include_pad: bool = True, divisor_override: int | None = None,
) -> Tensor:  # fmt: skip
    """Average over windows of two dimensions.

    Parameters
    ----------
    input : Tensor
        (N, C, H, W) or (C, H, W).
    kernel_size, stride : int or pair
        Size of the windows and steps between them (default: their size).
    padding : int or pair
        Zeros on both sides, at most half a window.
    ceil_mode : bool
        Whether a last, partly filled window counts.
    count_include_pad : bool
        Whether the zeros count in the divisor.
    divisor_override : int, optional
        Divide by this instead of the number of elements.
    """
    return _avg_pool_nd(
        2, input, kernel_size, stride, padding, ceil_mode, count_include_pad, divisor_override
    )


def avg_pool3d(
    input: Tensor, kernel_size: Any, stride: Any = None, padding: Any = 0,
    ceil_mode: bool = False, count_include_pad: bool = True, divisor_override: int | None = None,
) -> Tensor:  # fmt: skip
    """Average over windows of three dimensions; see `avg_pool2d`."""
    return _avg_pool_nd(
        3, input, kernel_size, stride, padding, ceil_mode, count_include_pad, divisor_override
    )


def _check_1d(name: str, input: Tensor) -> None:
    if input.ndim not in (2, 3) or not all(input.shape[-2:]):
        raise ShapeError(
            f"{name}: Expected 2D or 3D (batch mode) tensor with optional 0 dim batch size for "
            f"input, but got:{list(input.shape)}"
        )


def max_pool1d(
    input: Tensor, kernel_size: Any, stride: Any = None, padding: Any = 0, dilation: Any = 1,
    ceil_mode: bool = False, return_indices: bool = False,
) -> Any:  # fmt: skip
    """Maximum over windows of one dimension; see `max_pool2d`."""
    _check_1d("max_pool1d", input)
    kernel, stride, padding = _one(kernel_size), _one(stride), _one(padding)
    stride = kernel if stride is None else stride
    for what, value in (("kernel_size", kernel), ("stride", stride), ("dilation", _one(dilation))):
        if value <= 0:
            raise ShapeError(f"max_pool1d() {what} must be greater than zero, but got {value}")
    values, indices = _max_pool_nd(
        2, input.unsqueeze(-2), (1, kernel), (1, stride), (0, padding), (1, _one(dilation)),
        ceil_mode, True,
    )  # fmt: skip
    return (values.squeeze(-2), indices.squeeze(-2)) if return_indices else values.squeeze(-2)


def max_pool2d(
    input: Tensor, kernel_size: Any, stride: Any = None, padding: Any = 0, dilation: Any = 1,
    ceil_mode: bool = False, return_indices: bool = False,
) -> Any:  # fmt: skip
    """Maximum over windows of two dimensions; the first of equal ones gets the gradient.

    Parameters
    ----------
    input : Tensor
        (N, C, H, W) or (C, H, W).
    kernel_size, stride, padding, dilation : int or pair
        Windows, steps between them (default: their size), -inf around the input, steps
        inside a window.
    ceil_mode : bool
        Whether a last, partly filled window counts.
    return_indices : bool
        Whether to return also where the maxima were, counted in each plane.
    """
    return _max_pool_nd(2, input, kernel_size, stride, padding, dilation, ceil_mode, return_indices)


def max_pool3d(
    input: Tensor, kernel_size: Any, stride: Any = None, padding: Any = 0, dilation: Any = 1,
    ceil_mode: bool = False, return_indices: bool = False,
) -> Any:  # fmt: skip
    """Maximum over windows of three dimensions; see `max_pool2d`."""
    return _max_pool_nd(3, input, kernel_size, stride, padding, dilation, ceil_mode, return_indices)


def max_pool1d_with_indices(*args: Any, **kwargs: Any) -> Any:
    """`max_pool1d` with ``return_indices=True``."""
    return max_pool1d(*args, **kwargs | {"return_indices": True})


def max_pool2d_with_indices(*args: Any, **kwargs: Any) -> Any:
    """`max_pool2d` with ``return_indices=True``."""
    return max_pool2d(*args, **kwargs | {"return_indices": True})


def max_pool3d_with_indices(*args: Any, **kwargs: Any) -> Any:
    """`max_pool3d` with ``return_indices=True``."""
    return max_pool3d(*args, **kwargs | {"return_indices": True})


def adaptive_avg_pool1d(input: Tensor, output_size: Any) -> Tensor:
    """Average over as many windows as asked for; see `adaptive_avg_pool2d`."""
    _check_1d("adaptive_avg_pool1d", input)
    sizes = _adaptive_sizes("adaptive_avg_pool1d", input, 1, output_size)
    return _adaptive_average(2, input.unsqueeze(-2), (1, *sizes)).squeeze(-2)


def adaptive_avg_pool2d(input: Tensor, output_size: Any) -> Tensor:
    """Average over windows chosen so that the output has the given size.

    Parameters
    ----------
    input : Tensor
        (N, C, H, W) or (C, H, W).
    output_size : int or pair of (int or None)
        Size of the output; None keeps that of the input.
    """
    return _adaptive_average(2, input, output_size)


def adaptive_avg_pool3d(input: Tensor, output_size: Any) -> Tensor:
    """Average over as many windows as asked for; see `adaptive_avg_pool2d`."""
    return _adaptive_average(3, input, output_size)


def adaptive_max_pool1d(input: Tensor, output_size: Any, return_indices: bool = False) -> Any:
    """Maximum over as many windows as asked for; see `adaptive_avg_pool2d`."""
    _check_1d("adaptive_max_pool1d", input)
    sizes = _adaptive_sizes("adaptive_max_pool1d", input, 1, output_size)
    values, indices = _adaptive_maximum(2, input.unsqueeze(-2), (1, *sizes), True)
    return (values.squeeze(-2), indices.squeeze(-2)) if return_indices else values.squeeze(-2)


def adaptive_max_pool2d(input: Tensor, output_size: Any, return_indices: bool = False) -> Any:
    """Maximum over as many windows as asked for; see `adaptive_avg_pool2d`."""
    return _adaptive_maximum(2, input, output_size, return_indices)


def adaptive_max_pool3d(input: Tensor, output_size: Any, return_indices: bool = False) -> Any:
    """Maximum over as many windows as asked for; see `adaptive_avg_pool2d`."""
    return _adaptive_maximum(3, input, output_size, return_indices)


def _max_unpool_nd(
    nd: int, input: Tensor, indices: Tensor, kernel: Any, stride: Any, padding: Any,
    output_size: Any,
) -> Tensor:  # fmt: skip
    name = f"max_unpool{nd}d"
    kernels = _per_dimension(kernel, nd, f"{name}: kernel_size")
    strides = _per_dimension(kernels if stride is None else stride, nd, f"{name}: stride")
    pads = _per_dimension(padding, nd, f"{name}: padding")
    if indices.dtype.name != "int64":
        raise RuntimeError(
            f"elements in indices should be type int64 but got: {indices.dtype.name}"
        )
    if input.shape != indices.shape:
        raise ShapeError(
            f"Expected shape of indices to be same as that of the input tensor "
            f"({list(input.shape)}) but got indices tensor with shape: {list(indices.shape)}"
        )
    default = tuple(
        (n - 1) * s + k - 2 * p
        for n, s, k, p in zip(input.shape[-nd:], strides, kernels, pads, strict=True)
    )
    sizes = default if output_size is None else tuple(output_size)[-nd:]
    for size, expected, step in zip(sizes, default, strides, strict=True):
        if not expected - step < size < expected + step:
            raise ValueError(
                f"invalid output_size {list(sizes)}: each dimension must lie within the stride of "
                f"{list(default)}"
            )
    flat = math.prod(sizes)
    values = indices._array
    if isinstance(values, np.ndarray) and not bool(((values >= 0) & (values < flat)).all()):
        raise RuntimeError(
            f"Found an invalid max index in {name}: indices must lie in [0, {flat}), the output "
            f"of size {list(sizes)} being counted in C order"
        )
    if nd == 1:
        column = max_unpool2d_op.call(
            input.unsqueeze(-1), indices.unsqueeze(-1), sizes=(sizes[0], 1)
        )
        return column.squeeze(-1)
    return (max_unpool2d_op if nd == 2 else max_unpool3d_op).call(input, indices, sizes=sizes)


def max_unpool1d(
    input: Tensor, indices: Tensor, kernel_size: Any, stride: Any = None, padding: Any = 0,
    output_size: Any = None,
) -> Tensor:  # fmt: skip
    """Put maxima of `max_pool1d` back where they were; see `max_unpool2d`."""
    return _max_unpool_nd(1, input, indices, kernel_size, stride, padding, output_size)


def max_unpool2d(
    input: Tensor, indices: Tensor, kernel_size: Any, stride: Any = None, padding: Any = 0,
    output_size: Any = None,
) -> Tensor:  # fmt: skip
    """Put maxima of `max_pool2d` back where they were, zeros elsewhere.

    Parameters
    ----------
    input, indices : Tensor
        What ``max_pool2d(..., return_indices=True)`` gave.
    kernel_size, stride, padding : int or pair
        Those of the pool.
    output_size : sequence of int, optional
        The pool's input size, which a stride leaves open.
    """
    return _max_unpool_nd(2, input, indices, kernel_size, stride, padding, output_size)


def max_unpool3d(
    input: Tensor, indices: Tensor, kernel_size: Any, stride: Any = None, padding: Any = 0,
    output_size: Any = None,
) -> Tensor:  # fmt: skip
    """Put maxima of `max_pool3d` back where they were; see `max_unpool2d`."""
    return _max_unpool_nd(3, input, indices, kernel_size, stride, padding, output_size)


__all__ = [
    "avg_pool1d", "max_pool1d", "max_pool1d_with_indices", "max_pool2d", "max_pool3d",
    "adaptive_avg_pool1d", "adaptive_max_pool1d",
]  # fmt: skip
