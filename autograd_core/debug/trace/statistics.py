"""What is said of a gradient: its norm, smallest and largest element, zeros, NaN and Inf.

Three ways to one answer, by where a gradient lives and how large it is.  Tiny arrays on
the CPU are copied as bytes by the recorder and measured many at once (`of_chunks`):
that costs a tenth of calling NumPy five times for each.  Larger ones are measured at once,
block by block, so that memory is read once (`of_array`).  Arrays of a device are reduced
there to a vector of seven numbers that comes to the host with many others (`on_device`).

NaN elements make the norm NaN; the smallest and largest element are those of the rest.
"""

from __future__ import annotations

from collections.abc import Sequence
from math import sqrt
from typing import Any, NamedTuple

import numpy as np

from ...backends import backend_of
from .columns import Array

count_nonzero = np.count_nonzero
NAN = np.nan
BLOCK = 32768
"""Elements measured at a time: 128 KB of float32 stay in the second-level cache."""


class Statistics(NamedTuple):
    """What is known of one gradient; -1 and NaN where it was not asked for."""

    size: int
    norm: float
    min: float
    max: float
    zeros: int
    nan: int
    inf: int

    @property
    def rms(self) -> float:
        """Root mean square: the norm, made independent of the size."""
        return self.norm / self.size**0.5 if self.size else 0.0


Measured = tuple[int, float, float, float, int, int, int]
"""The fields of `Statistics`."""
NOTHING = Statistics(0, 0.0, np.nan, np.nan, 0, 0, 0)
"""Of a gradient without elements."""
UNKNOWN = Statistics(-1, np.nan, np.nan, np.nan, -1, -1, -1)
"""Of a gradient that nobody measured."""


def of_array(g: Any, full: bool = True) -> Measured:
    """Measure a gradient on the CPU in one pass.

    Parameters
    ----------
    g : numpy.ndarray
        Any shape, layout and float dtype.
    full : bool
        Also smallest, largest and zeros; otherwise only the norm and non-finite counts.

    Returns
    -------
    tuple
        The fields of `Statistics`; a plain tuple, since a named one takes longer to make.
    """
    size = g.size
    if 0 < size <= BLOCK and g.__class__ is np.ndarray:
        return _of_block(g.ravel("K"), full)
    flat = np.asarray(g).ravel(order="K")
    return merge([_of_block(flat[i : i + BLOCK], full) for i in range(0, size, BLOCK)])


def _of_block(x: Any, full: bool) -> Measured:
    """Few and cheap calls: ``argmin`` takes a fifth of what ``min`` takes for 1000 elements."""
    kind, size = x.dtype, x.size
    if kind.kind == "c":
        x = np.abs(x)
    if kind.itemsize < 4 or kind.kind != "f":
        x = x.astype(np.float32)
    square = float(x.dot(x))
    if not 1e-30 < square < np.inf:  # squares left the range of the type, or not finite
        return _of_extremes(x, full)
    if not full:
        return size, sqrt(square), NAN, NAN, -1, 0, 0
    low, high = x.item(x.argmin()), x.item(x.argmax())
    zeros: Any = 0
    if low <= 0.0 <= high:
        zeros = size - count_nonzero(x) if size < 2048 else count_nonzero(x == 0)
    return size, sqrt(square), low, high, zeros, 0, 0


def _of_extremes(x: Any, full: bool) -> Measured:
    wide = x.astype(np.float64)
    square = float(wide.dot(wide))
    nans = infs = 0
    if not square < np.inf:
        nans, infs = int(np.isnan(x).sum()), int(np.isinf(x).sum())
    norm = square**0.5
    if not full:
        return x.size, norm, NAN, NAN, -1, nans, infs
    low, high = float(np.fmin.reduce(x)), float(np.fmax.reduce(x))
    return x.size, norm, low, high, x.size - int(count_nonzero(x)), nans, infs


def merge(parts: Sequence[Measured]) -> Measured:
    """The statistics of several gradients taken together."""
    parts = [p for p in parts if p[0]]
    if len(parts) == 1:
        return parts[0]
    if not parts:
        return NOTHING
    size, norm, low, high, zeros, nans, infs = (np.array(c) for c in zip(*parts, strict=True))
    known = bool((zeros >= 0).all())
    return (
        int(size.sum()),
        float(np.sqrt((norm**2).sum())),
        float(np.fmin.reduce(low)),
        float(np.fmax.reduce(high)),
        int(zeros.sum()) if known else -1,
        int(nans.sum()),
        int(infs.sum()),
    )


def of_chunks(chunks: Sequence[bytes], kind: np.dtype[Any], full: bool) -> list[Array]:
    """Measure many tiny gradients of one dtype, given as their bytes.

    Returns
    -------
    list of arrays
        The fields of `Statistics`, one element for each chunk.
    """
    sizes = np.fromiter(map(len, chunks), np.int64, len(chunks)) // kind.itemsize
    norm = np.zeros(len(chunks))
    low, high = np.full(len(chunks), np.nan), np.full(len(chunks), np.nan)
    zeros, nan, inf = (np.zeros(len(chunks), np.int64) for _ in range(3))
    some = sizes > 0
    starts = np.concatenate(([0], np.cumsum(sizes[some])[:-1])) if some.any() else None
    if starts is not None:
        x = np.frombuffer(b"".join(chunks), kind)
        x = (np.abs(x) if kind.kind == "c" else x).astype(np.float64)
        with np.errstate(over="ignore", invalid="ignore"):
            norm[some] = np.sqrt(np.add.reduceat(x * x, starts))
        finite = bool(np.isfinite(norm).all())
        if not finite:
            nan[some] = np.add.reduceat(np.isnan(x), starts, dtype=np.int64)
            inf[some] = np.add.reduceat(np.isinf(x), starts, dtype=np.int64)
        if full:
            smaller, larger = (np.minimum, np.maximum) if finite else (np.fmin, np.fmax)
            low[some] = smaller.reduceat(x, starts)
            high[some] = larger.reduceat(x, starts)
            zero = x == 0
            if zero.any():
                zeros[some] = np.add.reduceat(zero, starts, dtype=np.int64)
    if not full:
        zeros[:] = -1
    return [sizes, norm, low, high, zeros, nan, inf]


def on_device(g: Any) -> Any:
    """The statistics of a gradient as a vector of seven numbers where the gradient lives."""
    xp = backend_of(g).xp
    if not g.size:
        return xp.asarray(NOTHING, np.float64)
    x = xp.abs(g) if g.dtype.kind == "c" else g
    x = x.ravel().astype(np.float64)
    nan = xp.isnan(x)
    parts = [
        xp.sqrt((x * x).sum()),
        xp.where(nan, np.inf, x).min(),
        xp.where(nan, -np.inf, x).max(),
        (x == 0).sum().astype(np.float64),
        nan.sum().astype(np.float64),
        xp.isinf(x).sum().astype(np.float64),
    ]
    size = xp.full((), g.size, np.float64)
    return xp.stack([size, *(xp.asarray(p, np.float64) for p in parts)])


def fetch(vectors: Sequence[Any]) -> list[Statistics]:
    """Bring vectors of `on_device` to the host, all in one copy."""
    owner = backend_of(vectors[0])
    table = owner.to_numpy(owner.xp.stack(list(vectors)))
    return [_from_row(row) for row in table]


def _from_row(row: Any) -> Statistics:
    size, norm, low, high, zeros, nan, inf = (float(v) for v in row)
    if nan == size:
        low = high = np.nan
    return Statistics(int(size), norm, low, high, int(zeros), int(nan), int(inf))
