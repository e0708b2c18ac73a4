"""Resampling along single dimensions by tables: pools, interpolation, padding by reflection.

A `Taps` says for each place of an output which few places of the input it is made of, and
with which weights.  All these maps are linear and work dimension by dimension, so one
primitive and one table a dimension serve them all; the table of the gradient is the same
table read backwards.  Example: average pooling of 5 elements by 2 with stride 2 and one
element of padding::

    output      0         1         2
    places   -1   0     1   2     3   4        -1 lies outside and counts as 0
    weights  .5  .5    .5  .5    .5  .5
"""

from __future__ import annotations

import functools
from typing import Any

import numpy as np

from .._tensor import Tensor
from ..declare import op


class Taps:
    """How one dimension is resampled.

    Parameters
    ----------
    size : int
        Size of the input dimension.
    places : array of int, (taps, outputs)
        Which inputs each output is made of; what lies outside the input counts as 0.
    weights : array of float, (taps, outputs), or float
        Their weights; one number if they are all the same.
    """

    def __init__(self, size: int, places: Any, weights: Any = 1.0):
        self.size = size
        self.places = np.asarray(places, np.int64)
        self.outputs = self.places.shape[1]
        inside = (self.places >= 0) & (self.places < size)
        self.inside = inside
        if isinstance(weights, np.ndarray):
            used = np.unique(weights[inside])
            if used.size == 1:
                weights = float(used[0])
        self.weights = weights
        low = int(self.places.min(initial=0))
        high = int(self.places.max(initial=size - 1))
        self.before, self.after = max(0, -low), max(0, high - size + 1)
        """How many zeros must be put around the input to read all places."""
        self.selectors = [as_selector(row + self.before) for row in self.places]
        self._columns: dict[Any, list[Any]] = {}

    @functools.cached_property
    def inner(self) -> list[Any]:
        """The rows of `places`, with what lies outside moved to the border."""
        return list(self.places.clip(0, max(self.size - 1, 0)))

    def columns(self, dtype: Any) -> list[Any]:
        """The rows of `weights` in a dtype; kept, so that a device gets them once."""
        if dtype not in self._columns:
            self._columns[dtype] = list(self.weights.astype(dtype))
        return self._columns[dtype]

    @functools.cached_property
    def inverse(self) -> Taps:
        """The table of the transposed map: which outputs each input went to."""
        _, output = np.nonzero(self.inside)
        source = self.places[self.inside]
        order = np.argsort(source, kind="stable")
        source, output = source[order], output[order]
        counts = np.bincount(source, minlength=self.size)
        rank = np.arange(source.size) - np.repeat(np.cumsum(counts) - counts, counts)
        places = np.full((int(counts.max(initial=0)), self.size), self.outputs)
        places[rank, source] = output
        weights = self.weights
        if isinstance(weights, np.ndarray):
            back = np.zeros(places.shape)
            back[rank, source] = weights[self.inside][order]
            weights = back
        found = Taps(self.outputs, places, weights)
        found.__dict__["inverse"] = self
        return found

    def apply(self, xp: Any, x: Any, axis: int) -> Any:
        """Resample an array along a (negative) axis; the result is always fresh."""
        if not len(self.places):
            return xp.zeros((*x.shape[:axis], self.outputs, *x.shape[axis:][1:]), x.dtype)
        uniform = not isinstance(self.weights, np.ndarray)
        x = padded(xp, x, ((axis, self.before, self.after),), 0)
        trail = (-1,) + (1,) * (-axis - 1)
        total: Any = None
        for i, selector in enumerate(self.selectors):
            part = select(xp, x, selector, axis)
            if not uniform:
                part = part * xp.constant(self.columns(x.dtype)[i]).reshape(trail)
            if total is None:
                total = part
            elif i == 1:
                total = total + part
            else:
                total += part
        if uniform and self.weights != 1:
            return total * x.dtype.type(self.weights)
        return total.copy() if len(self.selectors) == 1 and uniform else total


def check_floating(name: str, input: Tensor) -> None:
    """Refuse what can't be averaged."""
    if not input.is_floating_point():
        raise NotImplementedError(
            f"{name} is not implemented for {input.dtype!r}; convert the input with .float() first"
        )


def as_selector(row: Any) -> Any:
    """Indices as a slice, which is faster, where they are evenly spaced."""
    if row.size == 0:
        return slice(0, 0)
    step = int(row[1] - row[0]) if row.size > 1 else 1
    if step > 0 and bool((row == row[0] + step * np.arange(row.size)).all()):
        return slice(int(row[0]), int(row[-1]) + 1, step)
    return row


def select(xp: Any, x: Any, selector: Any, axis: int) -> Any:
    """The elements of an array at a slice or at indices along a negative axis."""
    if type(selector) is slice:
        return x[(..., selector, *(slice(None),) * (-axis - 1))]
    return xp.take(x, xp.constant(selector), axis=axis)


def padded(xp: Any, x: Any, amounts: Any, value: Any) -> Any:
    """The array with `value` around it: (axis, before, after) for each; itself if none."""
    if not any(before or after for _, before, after in amounts):
        return x
    shape, inner = list(x.shape), [slice(None)] * x.ndim
    for axis, before, after in amounts:
        shape[axis] += before + after
        inner[axis] = slice(before, before + x.shape[axis])
    wide = xp.full(tuple(shape), value, x.dtype) if value else xp.zeros(tuple(shape), x.dtype)
    wide[tuple(inner)] = x
    return wide


def _resample(xp: Any, input: Any, *, taps: Any) -> Any:
    """Resample the last dimensions, one table for each."""
    for axis, table in zip(range(-len(taps), 0), taps, strict=True):
        input = table.apply(xp, input, axis)
    return input


def _gradient(F: Any, g: Any, taps: Any) -> Any:
    return F.resample(g, taps=tuple(table.inverse for table in taps))


NAMES = (
    "AvgPool2D", "AvgPool3D", "AdaptiveAvgPool2D", "AdaptiveAvgPool3D",
    "UpsampleNearest1D", "UpsampleNearest2D", "UpsampleNearest3D",
    "UpsampleNearestExact1D", "UpsampleNearestExact2D", "UpsampleNearestExact3D",
    "UpsampleLinear1D", "UpsampleBilinear2D", "UpsampleBicubic2D", "UpsampleTrilinear3D",
    "UpsampleBilinear2DAa", "UpsampleBicubic2DAa",
    "ReflectionPad1D", "ReflectionPad2D", "ReflectionPad3D",
    "ReplicationPad1D", "ReplicationPad2D", "ReplicationPad3D",
)  # fmt: skip
"""What PyTorch calls the nodes of maps of this kind (each followed by Backward0)."""

resample = op("ResampleBackward0", name="resample", linear=True)(_resample)
resample.vjp(_gradient)
RESAMPLE = {}
"""The primitive of each of `NAMES`."""
for _name in NAMES:
    _found = op(f"{_name}Backward0", name=_name.lower(), linear=True)(_resample)
    _found.vjp(_gradient)
    RESAMPLE[_name] = _found

__all__: list[str] = []
