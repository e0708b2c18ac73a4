"""What a condition looks at: a backward node about to run, or a forward op that just ran.

A `Moment` is made for each candidate; whatever costs time - statistics, the source line,
the name of a leaf - is found when first asked for, and kept.
"""

from __future__ import annotations

import weakref
from collections.abc import Callable, Sequence
from types import CodeType
from typing import TYPE_CHECKING, Any, Generic, TypeVar

import numpy as np

from ... import source, state
from ...backends import backend_of
from ...declare import REGISTRY
from ...node import AccumulateGrad
from ...source import Location, resolve
from ..record.names import name_of_leaf
from ..trace import statistics, traced
from ..trace.statistics import NOTHING, Statistics
from . import alive
from .conditions.tree import enclosing_modules, op_names

if TYPE_CHECKING:
    from ...engine import Run


T = TypeVar("T")


class once(Generic[T]):
    """An attribute that is found when first asked for.

    `functools.cached_property` would put a frame of its own between us and the user's
    function, whose variables leaves are named by.
    """

    def __init__(self, find: Callable[[Any], T]):
        self.find = find
        self.__doc__ = find.__doc__

    def __get__(self, owner: Any, kind: type) -> T:
        value = owner.__dict__[self.find.__name__] = self.find(owner)
        return value


class Moment:
    """A node with the gradients that arrived, or an op with its outputs.

    Parameters
    ----------
    phase : {"backward", "forward"}
        Which of the two.
    node : Node or None
        The engine's node; None for a forward op that needs no gradient.
    grads : sequence of (array, Tensor or None)
        Gradients that arrived, one for each output of the node; in the forward the outputs.
    run : Run, optional
        The backward run.
    iteration : int
        How many ``backward()`` calls had ended before, as a recorded trace counts.
    op, scope, code, lasti : str, tuple of str, CodeType, int
        Of a forward op, as `events.Listener.on_op` is told; a node has its own.

    Attributes
    ----------
    op : str
        ``MulBackward0``, ``AccumulateGrad``; in the forward the op's own name, ``mul``.
    grads : tuple of (array or None)
        Bare arrays.
    scope : tuple of str
        The path of modules that made it.
    """

    def __init__(
        self, phase: str, node: Any, grads: Sequence[Any], run: Run | None = None,
        iteration: int = 0, *, op: str = "", scope: tuple[str, ...] | None = None,
        code: CodeType | None = None, lasti: int = -1,
    ):  # fmt: skip
        self.phase = phase
        self.node = node
        self.grads = tuple(getattr(g, "_array", g) for g in grads)
        self.run = run
        self.iteration = iteration
        self.op = op or type(node).__name__
        self.scope: tuple[str, ...] = getattr(node, "scope", ()) if scope is None else scope
        self.place = (code, lasti) if node is None else (node.code, node.lasti)

    @once
    def op_names(self) -> tuple[str, ...]:
        """All that ``op:`` may call it, in small letters and without underscores."""
        record = getattr(self.node, "op", None) or REGISTRY.get(self.op)
        names = {self.op} if self.node is None else {self.op, type(self.node).__name__}
        if record is not None:
            names.add(record.name)
            if self.node is None and record.node_name:
                names.add(record.node_name)
        return tuple(sorted({bare for name in names for bare in op_names(name)}))

    @once
    def modules(self) -> list[str]:
        """All that ``module:`` may call what it is in."""
        return enclosing_modules(self.scope)

    @once
    def location(self) -> Location | None:
        """The line of the user's code that made the node, or ran the op."""
        return location_of(*self.place)

    @once
    def cell(self) -> int | None:
        """The number of the notebook cell that this line is in."""
        if traced.annotate is None or self.location is None:
            return None
        return traced.annotate(self.location).get("execution_count")

    @once
    def name(self) -> str:
        """What a leaf is called (``w1``, ``net.0.weight``); nothing for other nodes."""
        return name_of(self.node.variable) if isinstance(self.node, AccumulateGrad) else ""

    @once
    def statistics(self) -> Statistics:
        """Norm, range, zeros, NaN and Inf of all gradients together."""
        return measure(self.grads)

    def evaluate(self, code: CodeType) -> Any:
        """The value of a user's expression, computed without recording."""
        import autograd_core as ag

        grads = tuple(as_tensor(g) for g in self.grads)
        first = next((g for g in grads if g is not None), None)
        names = {"grad": first, "grads": grads, "node": self.node, "np": np, "ag": ag}
        previous = state.set_mode("grad", False)
        try:
            return eval(code, names)
        finally:
            state.set_mode("grad", previous)


def measure(grads: Sequence[Any]) -> Statistics:
    """The statistics of gradients taken together; of no elements where none arrived."""
    if len(grads) == 1 and grads[0].__class__ is np.ndarray:
        return Statistics(*statistics.of_array(grads[0]))
    host: list[statistics.Measured] = []
    device: list[Any] = []
    for g in grads:
        if isinstance(g, np.generic):
            host.append(statistics.of_array(np.asarray(g)))
        elif g is not None:
            array = getattr(g, "_array", g)
            if backend_of(array).name == "cpu":
                host.append(statistics.of_array(array))
            else:
                device.append(statistics.on_device(array))
    if device:
        host.extend(statistics.fetch(device))
    return Statistics(*statistics.merge(host)) if host else NOTHING


def as_tensor(array: Any) -> Any:
    """A tensor on an array's memory, read-only where the library can do that."""
    from ..._tensor import Tensor

    if array is None or isinstance(array, Tensor):
        return array
    if isinstance(array, np.ndarray | np.generic):
        array = np.asarray(array).view()
        array.flags.writeable = False
    return Tensor._from_array(array)


# ------------------------------------------------------------------ places and names, found once

_PLACES = 10_000
_places: dict[tuple[int, int], tuple[CodeType | None, Location | None]] = {}


def location_of(code: CodeType | None, lasti: int) -> Location | None:
    """`source.resolve`, which is slow, once for each place."""
    known = _places.get((id(code), lasti))
    if known is None:
        if len(_places) >= _PLACES:
            _places.clear()
        known = _places[id(code), lasti] = (code, resolve(code, lasti))  # with code: its id stays
    return known[1]


def name_of(leaf: Any) -> str:
    """The name of a leaf, looked for once: its own, its variable's, its place in a model."""
    if leaf.name:
        return str(leaf.name)
    name = _names.get(leaf)
    if name is None:
        name = name_of_leaf(leaf, state.modes.scope)
        if not name and alive.is_parameter(leaf):
            name = _name_in_models(leaf)
        _names.put(leaf, name)
    return name


def _name_in_models(leaf: Any) -> str:
    """The name of a parameter whose model no variable of the caller holds (``self.net``)."""
    name = _in_models.get(leaf)
    if name is None:
        for name, parameter in alive.parameters():
            _in_models.put(parameter, name)
        name = _in_models.get(leaf)
    return name or ""


class _Names:
    """Names of tensors that still live; `Tensor.__eq__` rules out a dictionary of weak keys."""

    def __init__(self) -> None:
        self.known: dict[int, tuple[weakref.ref[Any], str]] = {}

    def get(self, tensor: Any) -> str | None:
        """The name that was put in; None if there was none."""
        found = self.known.get(id(tensor))
        return found[1] if found is not None and found[0]() is tensor else None

    def put(self, tensor: Any, name: str) -> None:
        """Remember a name as long as the tensor lives."""
        known, key = self.known, id(tensor)
        known[key] = (weakref.ref(tensor, lambda _: known.pop(key, None)), name)


_names, _in_models = _Names(), _Names()

# Loaded late, after the package marked what it had: names are looked for in the user's frame.
source.mark_internal(__name__.partition(".")[0])
