"""Example calls of the public functions, declared beside the ops.

One generator a function drives its tests (against PyTorch, against finite differences),
its gradcheck and its row in the documentation::

    @examples("softmax")
    def _(draw):
        yield call(draw.real(3, 4), dim=-1)
        yield call(draw.real(), dim=0)

Names are PyTorch's below ``torch.``: ``softmax``, ``nn.functional.conv2d``,
``linalg.norm``; ``Tensor.view`` for what exists as a method only.  Floating arrays become
tensors that require grad, integer and boolean ones tensors that don't.
"""

from __future__ import annotations

import importlib
import pkgutil
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np

Arguments = tuple[tuple[Any, ...], dict[str, Any]]


@dataclass(frozen=True)
class Examples:
    """The example calls of one function and how far they may be tested.

    Attributes
    ----------
    name : str
        PyTorch's name of the function below ``torch.``.
    make : callable
        ``make(draw)`` yields (args, kwargs).
    grad, second : bool
        Whether first and second gradients exist.
    differences : bool
        Whether differences of single elements tell the gradient: not where a function takes
        a matrix as symmetric and reads one half of it.
    tolerance : float
        Relative tolerance in float64 against PyTorch.
    """

    name: str
    make: Callable[[Draw], Iterator[Arguments]]
    grad: bool = True
    second: bool = True
    differences: bool = True
    tolerance: float = 1e-9


REGISTRY: dict[str, Examples] = {}


def examples(name: str, **flags: Any) -> Callable[[Any], Any]:
    """Declare the example calls of a public function."""

    def declare(make: Callable[[Draw], Iterator[Arguments]]) -> Any:
        if name in REGISTRY:
            raise TypeError(f"examples of {name} are declared twice")
        REGISTRY[name] = Examples(name, make, **flags)
        return make

    return declare


def load() -> None:
    """Import the ``ops/examples_*`` modules, whose calls nobody needs at start."""
    from . import ops

    for found in pkgutil.iter_modules(ops.__path__, ops.__name__ + "."):
        if found.name.rpartition(".")[2].startswith("examples_"):
            importlib.import_module(found.name)


def call(*args: Any, **kwargs: Any) -> Arguments:
    """The arguments of one example call."""
    return args, kwargs


class Draw:
    """Makes the arrays of example calls, the same ones for the same seed."""

    def __init__(self, seed: int = 0):
        self.rng = np.random.default_rng(seed)

    def real(self, *shape: int, low: float = -2.0, high: float = 2.0) -> np.ndarray[Any, Any]:
        """Floats between low and high, at least 1e-2 away from 0 and from one another's ties."""
        values = self.rng.uniform(low, high, shape)
        return np.asarray(np.where(np.abs(values) < 1e-2, values + 2e-2, values))

    def complex(self, *shape: int) -> np.ndarray[Any, Any]:
        """Complex numbers with parts between -2 and 2, at least 1e-2 away from 0."""
        return np.asarray(self.real(*shape) + 1j * self.real(*shape))

    def distinct(self, *shape: int, gap: float = 0.1) -> np.ndarray[Any, Any]:
        """Floats in random order, no two closer than `gap` (for max, sort, median ...)."""
        count = int(np.prod(shape))
        values = (np.arange(count) - count / 2 + 0.3) * gap
        return np.asarray(self.rng.permutation(values).reshape(shape))

    def integers(self, *shape: int, high: int, low: int = 0) -> np.ndarray[Any, Any]:
        """Integers from low to high, high excluded."""
        return np.asarray(self.rng.integers(low, high, shape))

    def booleans(self, *shape: int) -> np.ndarray[Any, Any]:
        """Random truth values."""
        return np.asarray(self.rng.random(shape) < 0.5)
