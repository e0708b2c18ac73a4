"""Convolutions of any number of dimensions.

A convolution ``y = conv(x, w)`` is linear in x and in w, and its two gradients are

- ``gx = transposed(gy, w)``, which is what a transposed convolution computes, and
- ``gw = weights(gy, x)``.

Differentiating any of these three gives the other two again, so three primitives are
closed under differentiation of any order.  Each is one copy into columns and one matrix
product (a batch of them), or the reverse.  Columns hold the channels innermost, so that
the copy moves whole runs of memory.

Source: Dumoulin and Visin, "A guide to convolution arithmetic for deep learning",
arXiv:1603.07285.
"""

from __future__ import annotations

import itertools
import math
from typing import Any, NamedTuple

from .._tensor import Tensor
from ..declare import op
from ..dtypes import scalar_type, spoken
from ..errors import DtypeError, ShapeError
from .taps import padded

Sizes = tuple[int, ...]


class Geometry(NamedTuple):
    """Sizes of a convolution; `size` of the dense side (x), `out` of the strided side (y)."""

    size: tuple[int, ...]
    out: tuple[int, ...]
    kernel: tuple[int, ...]
    stride: tuple[int, ...]
    padding: tuple[int, ...]
    dilation: tuple[int, ...]
    groups: int


def _columns(xp: Any, x: Any, geometry: Geometry) -> Any:
    """What each output place sees: (N, C, *size) to (N, groups, out places, kernel * C/groups)."""
    n, c, groups = x.shape[0], x.shape[1], geometry.groups
    last = xp.moveaxis(x, 1, -1)
    pads = [(d + 1, p, p) for d, p in enumerate(geometry.padding)]
    last = xp.ascontiguousarray(padded(xp, last, pads, 0))
    sn, *ss, sc = last.strides
    places = [s * step for s, step in zip(ss, geometry.stride, strict=True)]
    offsets = [s * step for s, step in zip(ss, geometry.dilation, strict=True)]
    cg = c // groups
    windows = xp.lib.stride_tricks.as_strided(
        last,
        (n, groups, *geometry.out, *geometry.kernel, cg),
        (sn, cg * sc, *places, *offsets, sc),
    )
    return windows.reshape(n, groups, math.prod(geometry.out), math.prod(geometry.kernel) * cg)


def _weight_rows(xp: Any, weight: Any, geometry: Geometry) -> Any:
    """Kernels as rows that match `_columns`: (groups, O/groups, kernel * C/groups)."""
    o, cg, groups = weight.shape[0], weight.shape[1], geometry.groups
    last = xp.moveaxis(weight, 1, -1)
    return last.reshape(groups, o // groups, math.prod(geometry.kernel) * cg)


def _add_bias(y: Any, bias: Any) -> Any:
    if bias is not None:
        y += bias.reshape(-1, *(1,) * (y.ndim - 2))
    return y


@op("ConvolutionBackward0")
def convolution(xp: Any, input: Any, weight: Any, bias: Any, *, geometry: Any) -> Any:
    """Cross-correlation of (N, C, *size) with kernels (O, C/groups, *kernel), plus bias."""
    columns = _columns(xp, input, geometry)
    y = xp.matmul(_weight_rows(xp, weight, geometry), columns.swapaxes(-1, -2))
    return _add_bias(y.reshape(input.shape[0], weight.shape[0], *geometry.out), bias)


@convolution.vjp("input")
def _(F: Any, g: Any, weight: Any, geometry: Any) -> Any:
    return F.convolution_transposed(g, weight, None, geometry=geometry)


@convolution.vjp("weight")
def _(F: Any, g: Any, input: Any, geometry: Any) -> Any:
    return F.convolution_weight(g, input, geometry=geometry)


@convolution.vjp("bias")
def _(F: Any, g: Any) -> Any:
    return F.sum(g, dim=(0, *range(2, g.ndim)), keepdim=False)


@op("ConvolutionBackward0")
def convolution_transposed(xp: Any, input: Any, weight: Any, bias: Any, *, geometry: Any) -> Any:
    """Spread (N, O, *out) by kernels (O, C/groups, *kernel) to (N, C, *size), plus bias."""
    n, groups, cg = input.shape[0], geometry.groups, weight.shape[1]
    o, places, taps = weight.shape[0], math.prod(geometry.out), math.prod(geometry.kernel)
    rows = xp.moveaxis(weight.reshape(groups, o // groups, cg, taps), (3, 2, 1), (1, 2, 3))
    rows = rows.reshape(groups, taps * cg, o // groups)
    columns = xp.matmul(rows, input.reshape(n, groups, o // groups, places))
    columns = columns.reshape(n, groups, taps, cg, *geometry.out)
    wide = [s + 2 * p for s, p in zip(geometry.size, geometry.padding, strict=True)]
    y = xp.zeros((n, groups, cg, *wide), columns.dtype)
    for k, window in enumerate(_windows(geometry)):
        y[(..., *window)] += columns[:, :, k]
    inner = [slice(p, p + s) for p, s in zip(geometry.padding, geometry.size, strict=True)]
    return _add_bias(y[(..., *inner)].reshape(n, groups * cg, *geometry.size), bias)


@convolution_transposed.vjp("input")
def _(F: Any, g: Any, weight: Any, geometry: Any) -> Any:
    return F.convolution(g, weight, None, geometry=geometry)


@convolution_transposed.vjp("weight")
def _(F: Any, g: Any, input: Any, geometry: Any) -> Any:
    return F.convolution_weight(input, g, geometry=geometry)


@convolution_transposed.vjp("bias")
def _(F: Any, g: Any) -> Any:
    return F.sum(g, dim=(0, *range(2, g.ndim)), keepdim=False)


@op("ConvolutionBackwardBackward0")
def convolution_weight(xp: Any, grad: Any, input: Any, *, geometry: Any) -> Any:
    """Gradient of the kernels, from those of the outputs (N, O, *out) and the inputs."""
    n, o, groups = grad.shape[0], grad.shape[1], geometry.groups
    cg = input.shape[1] // groups
    places, taps = math.prod(geometry.out), math.prod(geometry.kernel)
    left = grad.reshape(n, groups, o // groups, places).transpose(1, 2, 0, 3)
    left = left.reshape(groups, o // groups, n * places)
    right = _columns(xp, input, geometry).swapaxes(0, 1).reshape(groups, n * places, taps * cg)
    weight = xp.matmul(left, right).reshape(o, *geometry.kernel, cg)
    return xp.moveaxis(weight, -1, 1)


@convolution_weight.vjp("grad")
def _(F: Any, g: Any, input: Any, geometry: Any) -> Any:
    return F.convolution(input, g, None, geometry=geometry)


@convolution_weight.vjp("input")
def _(F: Any, g: Any, grad: Any, geometry: Any) -> Any:
    return F.convolution_transposed(grad, g, None, geometry=geometry)


def _windows(geometry: Geometry) -> Any:
    """For each kernel offset, the slices of the padded dense side that it touches."""
    for offsets in itertools.product(*map(range, geometry.kernel)):
        yield tuple(
            slice(k * d, k * d + s * (n - 1) + 1, s) if n else slice(0, 0)
            for k, d, s, n in zip(
                offsets, geometry.dilation, geometry.stride, geometry.out, strict=True
            )
        )


# ------------------------------------------------------------------ reading the arguments


def _per_dimension(value: Any, nd: int, name: str) -> tuple[int, ...]:
    values = (value,) if isinstance(value, int) else tuple(value)
    if len(values) == 1:
        values *= nd
    if len(values) != nd:
        raise ShapeError(
            f"expected {name} to be a single integer value or a list of {nd} values to match the "
            f"convolution dimensions, but got {name}={list(values)}"
        )
    return values


def _read(
    input: Tensor, weight: Tensor, bias: Any, nd: int, transposed: bool, groups: int, **sizes: Any
) -> dict[str, tuple[int, ...]]:
    """Check what is common to all convolutions; sizes as tuples."""
    if weight.ndim < 3:
        raise ShapeError(
            f"weight should have at least three dimensions, but got one of {list(weight.shape)}"
        )
    if weight.ndim != nd + 2:
        k = weight.ndim - 2
        sizes_text = f"stride={list(_per_dimension(sizes['stride'], nd, 'stride'))}"
        raise ShapeError(
            f"expected stride to be a single integer value or a list of {k} values to match the "
            f"convolution dimensions, but got {sizes_text} (the weight has {weight.ndim} "
            f"dimensions; conv{nd}d needs {nd + 2})"
        )
    found = {name: _per_dimension(value, nd, name) for name, value in sizes.items()}
    for what, t in (("bias", bias), ("weight", weight)):
        if t is not None and t.dtype is not input.dtype:
            raise DtypeError(
                f"Input type ({spoken(input.dtype)}) and {what} type ({spoken(t.dtype)}) should be "
                f"the same (expected scalar type {scalar_type(input.dtype)} but found "
                f"{scalar_type(t.dtype)}); convert one with .to()"
            )
    if groups <= 0:
        raise ShapeError("non-positive groups is not supported")
    if any(s <= 0 for s in found["stride"]):
        raise ShapeError("non-positive stride is not supported")
    if any(p < 0 for p in found["padding"]):
        raise ShapeError("negative padding is not supported")
    if any(d <= 0 for d in found["dilation"]):
        raise ShapeError("dilation should be greater than zero")
    shape, o = list(weight.shape), weight.shape[0]
    if o % groups or o < groups:
        wanted = "divisible by" if o >= groups else "at least"
        raise ShapeError(
            f"Given groups={groups}, expected weight to be {wanted} {groups} at dimension 0, "
            f"but got weight of size {shape} instead"
        )
    channels = o if transposed else weight.shape[1] * groups
    if input.shape[1] != channels:
        given = "transposed=1" if transposed else f"groups={groups}"
        raise ShapeError(
            f"Given {given}, weight of size {shape}, expected input{list(input.shape)} to have "
            f"{channels} channels, but got {input.shape[1]} channels instead"
        )
    outputs = weight.shape[1] * groups if transposed else o
    if bias is not None and tuple(bias.shape) != (outputs,):
        raise ShapeError(
            f"Given {'transposed=1, ' if transposed else ''}weight of size {shape}, expected bias "
            f"to be 1-dimensional with {outputs} elements, but got bias of size "
            f"{list(bias.shape)} instead"
        )
    return found


def _batched(input: Tensor, nd: int, name: str) -> Tensor:
    if input.ndim not in (nd + 1, nd + 2):
        raise ShapeError(
            f"Expected {nd + 1}D (unbatched) or {nd + 2}D (batched) input to {name}, "
            f"but got input of size: {list(input.shape)}"
        )
    return input.unsqueeze(0) if input.ndim == nd + 1 else input


def _conv(
    nd: int, input: Tensor, weight: Tensor, bias: Any, stride: Any, padding: Any, dilation: Any,
    groups: int,
) -> Tensor:  # fmt: skip
    x = _batched(input, nd, f"conv{nd}d")
    if isinstance(padding, str):
        if weight.ndim != x.ndim:
            raise ShapeError(
                f"Expected {weight.ndim}-dimensional input for {weight.ndim}-dimensional weight "
                f"{list(weight.shape)}, but got {x.ndim}-dimensional input of size "
                f"{list(x.shape)} instead"
            )
        x, padding = _named_padding(x, weight, padding, nd, stride, dilation)
    given = _read(
        x, weight, bias, nd, False, groups, stride=stride, padding=padding, dilation=dilation
    )
    size, kernel = tuple(x.shape[2:]), tuple(weight.shape[2:])
    wide = [n + 2 * p for n, p in zip(size, given["padding"], strict=True)]
    reach = [d * (k - 1) + 1 for d, k in zip(given["dilation"], kernel, strict=True)]
    if any(r > n for r, n in zip(reach, wide, strict=True)):
        raise ShapeError(
            f"Calculated padded input size per channel: ({' x '.join(map(str, wide))}). Kernel "
            f"size: ({' x '.join(map(str, reach))}). Kernel size can't be greater than actual "
            "input size"
        )
    out = tuple((n - r) // s + 1 for n, r, s in zip(wide, reach, given["stride"], strict=True))
    geometry = Geometry(size, out, kernel, *_in_order(given), groups)
    y = convolution.call(x, weight, bias, geometry=geometry)
    return y.squeeze(0) if x.ndim != input.ndim else y


def _in_order(given: dict[str, Sizes]) -> tuple[Sizes, Sizes, Sizes]:
    return given["stride"], given["padding"], given["dilation"]


def _named_padding(
    x: Tensor, weight: Tensor, padding: str, nd: int, stride: Any, dilation: Any
) -> tuple[Tensor, tuple[int, ...]]:
    """What ``valid`` and ``same`` mean; an odd total pads one more on the right, beforehand."""
    if padding == "valid":
        return x, (0,) * nd
    if padding != "same":
        raise RuntimeError(f"Invalid padding string: '{padding}'; write 'valid', 'same' or ints")
    if any(s != 1 for s in _per_dimension(stride, nd, "stride")):
        raise RuntimeError("padding='same' is not supported for strided convolutions")
    dilations = _per_dimension(dilation, nd, "dilation")
    totals = [d * (k - 1) for d, k in zip(dilations, weight.shape[2:], strict=True)]
    if any(t % 2 for t in totals):
        from .spatial import constant_pad_nd

        x = constant_pad_nd(x, [p for t in reversed(totals) for p in (0, t % 2)])
    return x, tuple(t // 2 for t in totals)


def _conv_transpose(
    nd: int, input: Tensor, weight: Tensor, bias: Any, stride: Any, padding: Any,
    output_padding: Any, groups: int, dilation: Any,
) -> Tensor:  # fmt: skip
    x = _batched(input, nd, f"conv_transpose{nd}d")
    given = _read(
        x, weight, bias, nd, True, groups,
        stride=stride, padding=padding, dilation=dilation, output_padding=output_padding,
    )  # fmt: skip
    extra, stride, dilation = given["output_padding"], given["stride"], given["dilation"]
    if any(e >= max(s, d) or e < 0 for e, s, d in zip(extra, stride, dilation, strict=True)):
        raise ShapeError(
            "output padding must be smaller than either stride or dilation, but got "
            f"output_padding={list(extra)}, stride={list(stride)}, dilation={list(dilation)}"
        )
    out, kernel = tuple(x.shape[2:]), tuple(weight.shape[2:])
    size = tuple(
        (n - 1) * s - 2 * p + d * (k - 1) + e + 1
        for n, s, p, d, k, e in zip(
            out, stride, given["padding"], dilation, kernel, extra, strict=True
        )
    )
    if any(n < 1 for n in size):
        raise ShapeError(
            f"Given input size per channel: ({' x '.join(map(str, out))}). Calculated output size "
            f"per channel: ({' x '.join(map(str, size))}). Output size is too small"
        )
    geometry = Geometry(size, out, kernel, *_in_order(given), groups)
    y = convolution_transposed.call(x, weight, bias, geometry=geometry)
    return y.squeeze(0) if x.ndim != input.ndim else y


# ------------------------------------------------------------------ public


def conv1d(
    input: Tensor, weight: Tensor, bias: Tensor | None = None, stride: Any = 1, padding: Any = 0,
    dilation: Any = 1, groups: int = 1,
) -> Tensor:  # fmt: skip
    """Convolution over one dimension; see `conv2d`."""
    return _conv(1, input, weight, bias, stride, padding, dilation, groups)


def conv2d(
    input: Tensor, weight: Tensor, bias: Tensor | None = None, stride: Any = 1, padding: Any = 0,
    dilation: Any = 1, groups: int = 1,
) -> Tensor:  # fmt: skip
    """Convolution over two dimensions (a cross-correlation: the kernel is not flipped).

    Parameters
    ----------
    input : Tensor
        (N, C, H, W), or (C, H, W) without a batch.
    weight : Tensor
        (O, C / groups, kH, kW).
    bias : Tensor, optional
        (O).
    stride, dilation : int or pair
        Steps between output places, and between the kernel's elements.
    padding : int, pair, "valid" or "same"
        Zeros on each side; ``"same"`` keeps the size.
    groups : int
        In how many separate groups the channels are convolved.

    Raises
    ------
    ShapeError
        If channels or sizes do not fit.
    """
    return _conv(2, input, weight, bias, stride, padding, dilation, groups)


def conv3d(
    input: Tensor, weight: Tensor, bias: Tensor | None = None, stride: Any = 1, padding: Any = 0,
    dilation: Any = 1, groups: int = 1,
) -> Tensor:  # fmt: skip
    """Convolution over three dimensions; see `conv2d`."""
    return _conv(3, input, weight, bias, stride, padding, dilation, groups)


def conv_transpose1d(
    input: Tensor, weight: Tensor, bias: Tensor | None = None, stride: Any = 1, padding: Any = 0,
    output_padding: Any = 0, groups: int = 1, dilation: Any = 1,
) -> Tensor:  # fmt: skip
    """Transposed convolution over one dimension; see `conv_transpose2d`."""
    return _conv_transpose(
        1, input, weight, bias, stride, padding, output_padding, groups, dilation
    )


def conv_transpose2d(
    input: Tensor, weight: Tensor, bias: Tensor | None = None, stride: Any = 1, padding: Any = 0,
    output_padding: Any = 0, groups: int = 1, dilation: Any = 1,
) -> Tensor:  # fmt: skip
    """Transposed convolution over two dimensions: what `conv2d` does to gradients.

    Parameters
    ----------
    input : Tensor
        (N, C, H, W), or (C, H, W) without a batch.
    weight : Tensor
        (C, O / groups, kH, kW).
    bias : Tensor, optional
        (O).
    stride, padding, dilation : int or pair
        Those of the convolution that this one reverses.
    output_padding : int or pair
        Added to one side of the output's size, which a stride leaves open.
    groups : int
        In how many separate groups the channels are convolved.
    """
    return _conv_transpose(
        2, input, weight, bias, stride, padding, output_padding, groups, dilation
    )


def conv_transpose3d(
    input: Tensor, weight: Tensor, bias: Tensor | None = None, stride: Any = 1, padding: Any = 0,
    output_padding: Any = 0, groups: int = 1, dilation: Any = 1,
) -> Tensor:  # fmt: skip
    """Transposed convolution over three dimensions; see `conv_transpose2d`."""
    return _conv_transpose(
        3, input, weight, bias, stride, padding, output_padding, groups, dilation
    )


__all__ = [
    "conv1d", "conv2d", "conv3d", "conv_transpose1d", "conv_transpose2d", "conv_transpose3d",
]  # fmt: skip
