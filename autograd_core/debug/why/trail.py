"""What a `Watch` keeps of a tensor: leaves it depends on, cuts on its way, who made it NaN."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable
from types import CodeType
from typing import Any, NamedTuple
from weakref import ref

import numpy as np

from ...backends import is_array
from ...source import Location, resolve
from .diagnosis import Diagnosis, Suspect
from .nonfinite import Spot, cause_of, forward_remedy

CUTS = 8
"""Cuts that a trail keeps; further ones on the same way are forgotten."""
LEFT = 64
"""Values that left the graph (``item()``, ``numpy()``) that are remembered."""

CAUSES = {
    "detach": "detached", "data": "detached", "no_grad": "no_grad",
    "non_differentiable": "non_differentiable", "item": "rewrapped", "tolist": "rewrapped",
    "numpy": "rewrapped", "tensor": "rewrapped",
}  # fmt: skip


class Cut(NamedTuple):
    """A place where gradients cannot pass.

    Attributes
    ----------
    how : str
        ``detach``, ``data``, ``item``, ``tolist``, ``numpy``, ``tensor`` (a new one from
        values), ``no_grad`` or ``non_differentiable``.
    op : str
        The op or method.
    code, lasti, scope
        Where in the user's code, in which modules.
    leaves : int
        Bits of the leaves whose gradient ends here.
    """

    how: str
    op: str
    code: CodeType | None
    lasti: int
    scope: tuple[str, ...]
    leaves: int

    @property
    def cause(self) -> str:
        """``detached``, ``no_grad``, ``non_differentiable`` or ``rewrapped``."""
        return CAUSES[self.how]

    @property
    def location(self) -> Location | None:
        """The line of user code."""
        return resolve(self.code, self.lasti)


class Made(NamedTuple):
    """The op that first made a NaN or Inf; `given` names the input that came with it."""

    op: str
    code: CodeType | None
    lasti: int
    scope: tuple[str, ...]
    spot: Spot
    told: str
    given: str
    tensor: Any = None
    """The input that came with it, weakly."""
    nan: tuple[str, CodeType | None, int, tuple[str, ...]] | None = None
    """The op in which an Inf became NaN."""

    def diagnosis(self, name: str = "", after: Diagnosis | None = None) -> Diagnosis:
        """What is to be said of it.

        Parameters
        ----------
        name : str
            What the input that came with it is called.
        after : Diagnosis, optional
            What it led to in backward.
        """
        if self.given:
            whose = f"{name}, its {self.given}" if name else f"its {self.given}"
            message = f"{self.op} was given {whose}, with NaN or Inf in it: so it made {self.spot}"
            remedy = "check the data where it is read, or the update that wrote it: "
            remedy += "assert x.isfinite().all()."
        else:
            message = f"{self.op} made {self.spot}"
            remedy = forward_remedy(self.op)
        message += f"; values there: {self.told}." if self.told else "."
        nodes = [Suspect(self.op, resolve(self.code, self.lasti), scope=self.scope,
                         note=str(self.spot))]  # fmt: skip
        if self.nan is not None:
            op, code, lasti, scope = self.nan
            nodes.append(Suspect(op, resolve(code, lasti), scope=scope, note="here it became NaN"))
            message += f" It became NaN in {op}."
        if after is not None:
            nodes += after.nodes
            message += f" In backward {after.nodes[0].op} met it first." if after.nodes else ""
        return Diagnosis(cause_of(self.spot.kind), message, nodes[0].location, tuple(nodes), remedy)


class Added(NamedTuple):
    """Iterations from and to which a leaf's gradients were added up.

    ``left`` is what ``.grad`` was after the last: its identity and version.
    """

    since: int
    last: int
    left: tuple[int, int] | None


class Trail(NamedTuple):
    """See the module's text; `seq` is the number of the node it holds for, -1 for none."""

    leaves: int
    cuts: tuple[Cut, ...]
    origin: Made | None
    seq: int


NO_TRAIL = Trail(0, (), None, -1)


def merged(several: Iterable[tuple[Cut, ...]]) -> tuple[Cut, ...]:
    """All these cuts, each place once, the last `CUTS` of them."""
    found: dict[Any, Cut] = {}
    for cuts in several:
        for cut in cuts:
            key = cut[:4]
            known = found.pop(key, None)
            found[key] = cut if known is None else cut._replace(leaves=cut.leaves | known.leaves)
    return tuple(found.values())[-CUTS:]


class Left:
    """The last values that left a graph: arrays weakly, numbers as they are."""

    def __init__(self) -> None:
        self._values: deque[tuple[Any, tuple[Cut, ...]]] = deque(maxlen=LEFT)

    def add(self, value: Any, cuts: tuple[Cut, ...]) -> None:
        """Remember a number, numbers or an array, and the cuts on its way."""
        self._values.append((ref(value) if is_array(value) else value, cuts))

    def cuts_of(self, data: Any) -> tuple[Cut, ...]:
        """The cuts on the way of data that are such values again."""
        return next((cuts for what, cuts in reversed(self._values) if _same(what, data)), ())


def _same(what: Any, data: Any) -> bool:
    """Whether data are the very array, or the very numbers, that left."""
    if isinstance(what, ref):
        array = what()
        return array is not None and (data is array or getattr(data, "base", None) is array)
    if isinstance(data, np.generic):
        data = data.item()
    if isinstance(data, list | tuple) and not isinstance(what, list):
        return any(_same(what, part) for part in data)
    number = isinstance(what, float | complex) and type(data) is type(what)
    return bool(what == data) if number or isinstance(what, list) else False
