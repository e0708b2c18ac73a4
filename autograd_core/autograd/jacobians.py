"""Jacobians of a function, numerical and analytical, as NumPy arrays (see `gradcheck`)."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from .._tensor import Tensor
from ..backends import backend_of
from ..forward import zeros_for
from ..modes import no_grad
from ..progress import over
from . import grad as _grad
from .forward_ad import dual_level, make_dual, unpack_dual

Matrix = np.ndarray[Any, Any]


@dataclass(frozen=True)
class Check:
    """The function, its inputs, and how closely the Jacobians must agree."""

    func: Callable[..., Any]
    inputs: tuple[Any, ...]
    eps: float
    atol: float
    rtol: float
    nondet_tol: float

    @property
    def wanted(self) -> list[Tensor]:
        """The inputs to differentiate with respect to."""
        return [x for x in self.inputs if isinstance(x, Tensor) and x.requires_grad]

    @property
    def positions(self) -> list[int]:
        """Where they are among the inputs."""
        return [i for i, x in enumerate(self.inputs) if isinstance(x, Tensor) and x.requires_grad]

    def outputs(self, inputs: Sequence[Any] | None = None) -> list[Tensor]:
        """The differentiable outputs."""
        found = self.func(*(self.inputs if inputs is None else inputs))
        found = found if isinstance(found, list | tuple) else (found,)
        return [y for y in found if isinstance(y, Tensor) and inexact(y)]


def inexact(x: Tensor) -> bool:
    """Whether it is of floating or complex dtype."""
    return x.is_floating_point() or x.is_complex()


def host_values(x: Any) -> Matrix:
    """The values as a NumPy array."""
    array = x._array
    found = backend_of(array).to_numpy(array)
    return found.astype(np.float32) if found.dtype.name == "bfloat16" else found


# ------------------------------------------------------------------ numerical


def elements(shape: Sequence[int]) -> Iterator[tuple[int, ...]]:
    """The indices of all elements."""
    return iter(np.ndindex(*shape))


def real_parts(values: Matrix) -> Matrix:
    """Values as a flat array of reals: imaginary parts follow the real ones."""
    flat = values.reshape(-1)
    return np.concatenate([flat.real, flat.imag]) if flat.dtype.kind == "c" else flat.copy()


def width(y: Tensor) -> int:
    """How many real numbers a tensor holds."""
    return y.numel() * (2 if y.is_complex() else 1)


def moved(check: Check, x: Tensor, change: Any) -> list[Matrix]:
    """The outputs, flat, with the memory of an input changed for the time of the call."""
    array = x._array
    kept = array.copy()
    try:
        change(array)
        with no_grad():
            return [real_parts(host_values(y)) for y in check.outputs()]
    finally:
        array[...] = kept


def numerical_jacobians(check: Check, x: Tensor) -> list[Matrix]:
    """One Jacobian for each output, by central differences."""
    steps = (1, 1j) if x.is_complex() else (1,)
    columns = []
    with over(elements(x.shape), "finite differences", x.numel()) as indices:
        for index in indices:
            parts = [difference(check, x, index, step * check.eps) for step in steps]
            columns.append(combined(parts))
    if not columns:
        return [np.zeros((0, width(y))) for y in check.outputs()]
    return [np.stack([column[j] for column in columns]) for j in range(len(columns[0]))]


def combined(parts: list[list[Matrix]]) -> list[Matrix]:
    """Derivatives by the real, and perhaps by the imaginary, part of an input's element."""
    if len(parts) == 1:
        return parts[0]
    return [a + 1j * b for a, b in zip(*parts, strict=True)]


def difference(check: Check, x: Tensor, index: tuple[int, ...], step: Any) -> list[Matrix]:
    """The central difference of the outputs along one element of an input."""

    def shift(sign: int) -> Callable[[Any], None]:
        def change(array: Any) -> None:
            array[index] += sign * step

        return change

    up, down = moved(check, x, shift(+1)), moved(check, x, shift(-1))
    return [(a - b) / (2 * abs(step)) for a, b in zip(up, down, strict=True)]


# ------------------------------------------------------------------ analytical


def unit_of(y: Tensor, index: tuple[int, ...], value: complex = 1) -> Tensor:
    """A tensor like `y` with one element set and zeros elsewhere."""
    unit: Tensor = zeros_for(y)
    unit._array[index] = value
    return unit


def units_of(y: Tensor) -> Iterator[Tensor]:
    """The basis of the tensors like `y`, over the reals."""
    for value in (1, 1j) if y.is_complex() else (1,):
        for index in elements(y.shape):
            yield unit_of(y, index, value)


def pull(y: Tensor, inputs: list[Tensor], along: Tensor) -> list[Matrix]:
    """The gradient of each input, flat, for a cotangent of `y`."""
    if not y.requires_grad:
        return [np.zeros(x.numel()) for x in inputs]
    found = _grad(y, inputs, along, retain_graph=True, allow_unused=True)
    return [
        np.zeros(x.numel()) if g is None else host_values(g).reshape(-1).copy()
        for x, g in zip(inputs, found, strict=True)
    ]


def backward_jacobians(check: Check) -> list[list[Matrix]]:
    """``[output][input]``, by one backward for each element of the outputs."""
    found = []
    for y in check.outputs():
        with over(units_of(y), "gradcheck", width(y)) as units:
            rows = [pull(y, check.wanted, unit) for unit in units]
        found.append(
            [
                np.stack([row[i] for row in rows], axis=1) if rows else np.zeros((x.numel(), 0))
                for i, x in enumerate(check.wanted)
            ]
        )
    return found


def push(check: Check, position: int, tangent: Tensor) -> list[Matrix]:
    """Tangents of the outputs, flat, for the tangent of one input."""
    with dual_level():
        inputs = [x.detach() if isinstance(x, Tensor) else x for x in check.inputs]
        inputs[position] = make_dual(inputs[position], tangent)
        found = []
        for y in check.outputs(inputs):
            t = unpack_dual(y).tangent
            found.append(np.zeros(width(y)) if t is None else real_parts(host_values(t)))
        return found


def forward_jacobians(check: Check) -> list[list[Matrix]]:
    """``[output][input]``, by one push for each element of the inputs."""
    count = len(check.outputs())
    found: list[list[Matrix]] = [[] for _ in range(count)]
    for position, x in zip(check.positions, check.wanted, strict=True):
        steps = (1, 1j) if x.is_complex() else (1,)
        with over(elements(x.shape), "gradcheck", x.numel()) as indices:
            rows = [
                combined([push(check, position, unit_of(x, index, step)) for step in steps])
                for index in indices
            ]
        for j in range(count):
            empty = np.zeros((0, width(check.outputs()[j])))
            found[j].append(np.stack([row[j] for row in rows]) if rows else empty)
    return found
