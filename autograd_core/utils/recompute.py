"""A checkpointed region: what it saves is thrown away, and computed again in backward.

::

    forward     the function runs; each tensor it saves leaves a Holder    0   1   2   3
    backward    the first holder that a node asks for runs the function
                again: what it saves now fills the holders, in order       a   b   c   d
                a node that ran lets go of its holder, and so of the value         c   d

The values belong to one backward run: another run computes them again, and when the run
ends they go.  Regions nest: a region's inputs are saved as tensors of the region around
it, so asking for them runs that one again first, and what an inner region saves is its
own affair.  Nothing is counted but the order in which tensors are saved, so a function
that does something else the second time is found out by the number of tensors, or by
their shape, dtype and device.

A node whose saved tensors are like this keeps `Holder` objects (see `recomputes`), and
ops that run again do so in the module scope they had in forward, with ``"recompute"``
appended for the region.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager
from typing import Any
from weakref import WeakKeyDictionary, ref

from .. import state
from .._tensor import Tensor
from ..autograd.graph import saved_tensors_hooks
from ..function import FunctionNode
from ..modes import enable_grad
from ..nn.modules import module as modules
from ..node import Node, Version
from ..random import default_generator
from ..saved import Packed, pack
from ..source import user_location

SCOPE = "recompute"
"""The last part of the scope in which the ops of a region run again."""

_TIP = (
    "Tip: To see a more detailed error message, either pass `debug=True` to "
    "`torch.utils.checkpoint.checkpoint(...)` or wrap the code block with `with "
    "torch.utils.checkpoint.set_checkpoint_debug_enabled(True):`."
)


class CheckpointError(RuntimeError):
    """A checkpointed function did not do the same thing when it ran again."""


class StopRecomputation(BaseException):
    """Everything that backward needs is there: the rest of the function need not run.

    No `Exception`, so that handlers in the user's function let it pass.
    """


class GraphExecGroup:
    """Backward runs inside the ``with`` block share what checkpointed regions recompute.

    The runs should cover parts of the graph that do not overlap: each region then runs
    again once for all of them, instead of once for each.
    """

    _here = threading.local()

    def __enter__(self) -> GraphExecGroup:
        if self._get_current_group() is not None:
            raise RuntimeError(
                "GraphExecGroup contexts cannot be nested. "
                f"Already inside group {self._get_current_group()}"
            )
        self._here.group = self
        return self

    def __exit__(self, *exc: object) -> None:
        self._here.group = None

    @classmethod
    def _get_current_group(cls) -> GraphExecGroup | None:
        return getattr(cls._here, "group", None)


class Holder:
    """The place of a saved tensor whose value will be computed again."""

    __slots__ = ("__weakref__",)


class CheckpointInputs(FunctionNode):
    """Keeps the tensors a region starts from as a node would, but is in no graph.

    They pass through the hooks of the region around this one, and a write to one of them
    before backward is found out.
    """


def recomputes(node: Node) -> bool:
    """Whether what a node saved will be computed again, by a checkpointed region."""
    for value in node.saved or ():
        for part in value if isinstance(value, tuple) else (value,):
            inner = part[0] if isinstance(part, tuple) and part else part
            if isinstance(inner, Packed) and isinstance(inner.packed, Holder):
                return True
    return False


# ------------------------------------------------------------------ around the function


class Surroundings:
    """What the function saw in forward besides its arguments: random state and module scope."""

    def __init__(self, preserve_rng_state: bool):
        self.random = default_generator.snapshot() if preserve_rng_state else None
        self.scope = state.modes.scope
        self.module = modules._active.module

    @contextmanager
    def again(self, *mark: str) -> Iterator[None]:
        """Bring it back for a ``with`` block, with `mark` appended to the scope."""
        modes, active = state.modes, modules._active
        scope, module = modes.scope, active.module
        now = default_generator.snapshot() if self.random is not None else None
        modes.scope, active.module = (*self.scope, *mark), self.module
        try:
            if self.random is not None:
                default_generator.restore(self.random)
            yield
        finally:
            modes.scope, active.module = scope, module
            if now is not None:
                default_generator.restore(now)


# ------------------------------------------------------------------ the region


def metadata_of(x: Tensor) -> dict[str, Any]:
    """What must be the same about a tensor that was computed again."""
    return {"shape": x.shape, "dtype": x.dtype, "device": x.device}


class Region:
    """One checkpointed call.

    Parameters
    ----------
    function, args, kwargs
        What is called. Tensors among `args` are kept as saved tensors are.
    surroundings : Surroundings
        What it sees besides.
    context : context manager
        In which it runs again.
    describe : callable, optional
        What is compared about each saved tensor.
    early_stop : bool
        Whether to stop as soon as the last saved tensor is there again.
    explain : callable, optional
        The long message for a `CheckpointError`.
    """

    def __init__(
        self,
        function: Callable[..., Any],
        args: Sequence[Any],
        kwargs: dict[str, Any],
        surroundings: Surroundings,
        context: AbstractContextManager[Any],
        describe: Callable[[Tensor], Any] | None,
        early_stop: bool,
        explain: Callable[[], str] | None,
    ):
        self.function = function
        self.kwargs = kwargs
        self.surroundings = surroundings
        self.context = context
        self.describe = describe
        self.early_stop = early_stop
        self.explain = explain
        self.complete = False
        self.holders: list[ref[Holder]] = []
        self.found: list[Any] = []
        self.values: WeakKeyDictionary[Any, WeakKeyDictionary[Holder, Tensor]] = WeakKeyDictionary()
        self._keep(args)

    def _keep(self, args: Sequence[Any]) -> None:
        self.others = [None if isinstance(a, Tensor) else a for a in args]
        self.places = [i for i, a in enumerate(args) if isinstance(a, Tensor)]
        self.inputs = node = CheckpointInputs()
        node.code, node.lasti = user_location()
        hooks, tensors = state.modes.saved_hooks, [args[i] for i in self.places]
        node.saved = tuple(
            (pack(t, node, hooks[-1]), 0, None) if hooks else (t, t._version, None) for t in tensors
        )

    def _args(self) -> list[Any]:
        args = list(self.others)
        for i, tensor in zip(self.places, self.inputs.saved_tensors, strict=True):
            args[i] = tensor
        return args

    def saving(self) -> saved_tensors_hooks:
        """The hooks under which the function runs in forward."""
        return saved_tensors_hooks(self.pack, self.unpack)

    def pack(self, x: Tensor) -> Holder:
        """Leave a holder in the place of a tensor."""
        holder = Holder()
        self.holders.append(ref(holder))
        self.found.append(None if self.describe is None else self.describe(x))
        return holder

    def unpack(self, holder: Holder) -> Tensor:
        """The value for a holder, computed again if this run has not done so."""
        try:
            return self._value(holder)
        except CheckpointError as error:
            if self.explain is None:
                raise
            raise CheckpointError(self.explain()) from error

    def _value(self, holder: Holder) -> Tensor:
        owner = GraphExecGroup._get_current_group() or state.modes.run or _Look()
        values = self.values.get(owner)
        if values is None or holder not in values:
            values = self._recompute(owner)
        # Where the graph is kept, holders stay: the value must be let go of here.  Who steps
        # through a run looks more than once, and goes back: then it stays until the run ends.
        lets_go = getattr(owner, "keep_graph", True) and getattr(owner, "journal", None) is None
        return values.pop(holder) if lets_go else values[holder]

    def _recompute(self, owner: Any) -> WeakKeyDictionary[Holder, Tensor]:
        args = self._args()
        values: WeakKeyDictionary[Holder, Tensor] = WeakKeyDictionary()
        again = _Again(self, values)
        hooks = saved_tensors_hooks(again.pack, lambda x: x)
        try:
            with hooks, enable_grad(), self.surroundings.again(SCOPE), self.context:
                self.function(*args, **self.kwargs)
        except StopRecomputation:
            pass
        if not again.beyond:
            self._check_number(again.count)
            self._check_metadata(values)
        self.values[owner] = values
        return values

    def _check_number(self, count: int) -> None:
        if count != len(self.holders):
            raise CheckpointError(
                "torch.utils.checkpoint: A different number of tensors was saved during the "
                "original forward and recomputation.\n"
                f"Number of tensors saved during forward: {len(self.holders)}\n"
                f"Number of tensors saved during recomputation: {count}.\n{_TIP}"
            )

    def _check_metadata(self, values: WeakKeyDictionary[Holder, Tensor]) -> None:
        if self.describe is None:
            return
        different = ""
        for at, (weak, before) in enumerate(zip(self.holders, self.found, strict=True)):
            holder = weak()
            if holder is not None and (now := self.describe(values[holder])) != before:
                different += (
                    f"tensor at position {at}:\nsaved metadata: {before}\n"
                    f"recomputed metadata: {now}\n"
                )
        if different:
            raise CheckpointError(
                "torch.utils.checkpoint: Recomputed values for the following tensors have "
                f"different metadata than during the forward pass.\n{different}{_TIP}"
            )


def outside(x: Tensor) -> Tensor:
    """The same memory outside the graph, as `Tensor.detach` gives it; nobody is told."""
    again: Tensor = Tensor._from_array(x._array)
    if x._version_counter is None:
        x._version_counter = Version()
    again._version_counter = x._version_counter
    return again


class _Look:
    """Owns the values for one look at a saved tensor outside of backward."""

    keep_graph = True


class _Again:
    """One more run of a region's function: what it saves fills the holders."""

    def __init__(self, region: Region, values: WeakKeyDictionary[Holder, Tensor]):
        self.region = region
        self.values = values
        self.count = 0
        self.beyond = False

    def pack(self, x: Tensor) -> Tensor:
        """Take a value; what the graph of this run keeps is the tensor, so it can be used."""
        region, at, value = self.region, self.count, outside(x)
        self.count += 1
        if at >= len(region.holders):
            return self._one_more(value)
        holder = region.holders[at]()
        if holder is not None:  # else a backward inside the function has let go of it
            self.values[holder] = value
        if region.early_stop and self.count == len(region.holders):
            raise StopRecomputation
        return value

    def _one_more(self, value: Tensor) -> Tensor:
        if self.region.early_stop:
            raise StopRecomputation
        if self.region.complete:
            raise CheckpointError(
                "torch.utils.checkpoint: trying to save more tensors during recomputation than "
                f"during the original forward pass.\n{_TIP}"
            )
        self.beyond = True  # a backward inside the function, which is still at work
        return value
