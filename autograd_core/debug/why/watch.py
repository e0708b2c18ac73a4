"""`watch`: a witness of what leaves no trace in the tensors afterwards.

A tensor that does not require grad has no node, so nobody can tell later where its graph
was cut.  Inside ``with watch():`` every tensor gets a trail: the leaves on which it depends,
the places where the way to a leaf was lost, and the first op that made it NaN or Inf.
Backward is watched, too: the first node that made a gradient NaN or Inf, with the values,
and the leaves whose ``.grad`` was not empty.

It costs what a listener costs, some microseconds an op, and a look at every output; outside
the block it costs nothing.  It keeps texts, numbers and weak references, no tensor.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any
from weakref import ref

from ... import events, state
from ...backends import backend_of, truth
from ...node import AccumulateGrad, edge_of
from ...node import ref as leaf_ref
from ...source import user_location
from .diagnosis import Diagnosis
from .nonfinite import look, of_step, values_text
from .trail import NO_TRAIL, Added, Cut, Left, Made, Trail, merged
from .walk import reach, saved_arrays, saved_entries, suspect
from .weak import ByTensor

if TYPE_CHECKING:
    from ...engine import Run

PLACES = 1000
"""Lines at which graphs were cut that are remembered."""


class Watch(events.Listener):
    """What was seen inside a `watch` block; `why` asks it.

    Attributes
    ----------
    iteration : int
        Backward runs that have ended.
    """

    def __init__(self) -> None:
        self.iteration = 0
        self._starts = [state.next_sequence()]
        self._end: int | None = None
        self._asked = 0
        self._trails = ByTensor[Trail]()
        self._leaves = ByTensor[int]()
        self._counted = 0
        self._cuts: dict[Any, Cut] = {}
        self._left = Left()
        self._made: dict[int, Made] = {}
        self._running: dict[int, tuple[Any, dict[str, Any], Any]] = {}
        self._bad_run: dict[int, Diagnosis] = {}
        self._bad_leaves = ByTensor[Diagnosis]()
        self._touched: dict[int, list[Any]] = {}
        self._added = ByTensor[Added]()

    # -------------------------------------------------------------- what `why` asks

    def trail(self, tensor: Any) -> Trail:
        """What is known of a tensor's way through the watched ops."""
        found = self._trails.get(tensor)
        known: Trail = NO_TRAIL if found is None else found
        fn = tensor._fn
        if fn is None:
            return known._replace(leaves=0)
        if fn.__class__ is leaf_ref:
            return known._replace(leaves=self._bit(tensor))
        if found is None or known.seq != fn.seq:  # made before the watch, or written in place
            leaves = 0
            for node in reach([edge_of(fn)[0]]):
                if node.__class__ is AccumulateGrad:
                    leaves |= self._bit(node.variable)
            return known._replace(leaves=leaves)
        return known

    def saw(self, tensor: Any) -> bool:
        """Whether an op used or made a tensor."""
        known = tensor._fn.__class__ is leaf_ref and self._leaves.get(tensor) is not None
        return known or self._trails.get(tensor) is not None

    def cuts(self, tensor: Any, leaf: Any = None) -> list[Cut]:
        """Where a tensor lost its way to leaves, or to one leaf; the last place first."""
        found = self.trail(tensor).cuts
        if leaf is not None:
            bit = self._bit(leaf)
            found = tuple(cut for cut in found if cut.leaves & bit)
        return list(reversed(found))

    def cuts_of(self, leaf: Any) -> list[Cut]:
        """All places where the way from a leaf was lost, on the way to whatever it was."""
        bit = self._bit(leaf)
        return [cut for cut in reversed(self._cuts.values()) if cut.leaves & bit]

    def leaves(self, *cuts: Cut) -> list[Any]:
        """The leaves, as far as they live, whose gradient ends at one of these cuts."""
        wanted = 0
        for cut in cuts:
            wanted |= cut.leaves
        return [leaf for leaf, bit in self._leaves.items() if wanted & bit]

    def origin(self, tensor: Any) -> Made | None:
        """The op that first made what is NaN or Inf in a tensor."""
        return self.trail(tensor).origin

    def bad_gradient(self, leaf: Any) -> Diagnosis | None:
        """How the last gradient of a leaf became NaN or Inf."""
        return self._bad_leaves.get(leaf)

    def iteration_of(self, seq: int) -> int | None:
        """In which watched iteration the node of this number was made; None if in none."""
        at = bisect_right(self._starts, seq) - 1
        return at if at >= 0 and (self._end is None or seq < self._end) else None

    def added(self, leaf: Any) -> Added | None:
        """What gradients were added to a leaf; None if none was, or nobody watched the last."""
        return self._added.get(leaf)

    def is_current(self, leaf: Any) -> bool:
        """Whether a leaf's ``.grad`` is as a watched backward left it."""
        found, grad = self.added(leaf), leaf._grad
        return found is not None and grad is not None and found.left == (id(grad), grad._version)

    def covers_now(self) -> bool:
        """Whether it still watches, or no node was made since it ended."""
        if self._end is None:
            return True
        self._asked += 1
        return state.next_sequence() == self._end + self._asked

    def end(self) -> None:
        """Note that it watches no more."""
        self._end = state.next_sequence()

    # -------------------------------------------------------------- forward

    def on_op(
        self, op: str, node: Any, inputs: Any, outputs: Any, scope: Any, code: Any, lasti: int,
        seconds: float,
    ) -> None:  # fmt: skip
        """Give the outputs their trails."""
        trails = [self.trail(x) for x in inputs if hasattr(x, "_fn")]
        leaves = 0
        for trail in trails:
            leaves |= trail.leaves
        cuts = merged(trail.cuts for trail in trails)
        for out in outputs:
            fn, lost = out._fn, cuts
            if fn is None and leaves:
                how = "non_differentiable" if state.modes.grad else "no_grad"
                lost = self._with_cut(Trail(leaves, cuts, None, -1), how, op, (code, lasti))
            bad = not _is_finite(out._array)
            made = self._blame(op, inputs, trails, out, (code, lasti, scope)) if bad else None
            if made is not None and node is not None:
                self._made[node.seq] = made
            seq = -1 if fn is None or fn.__class__ is leaf_ref else fn.seq
            self._trails.put(out, Trail(0 if fn is None else leaves, lost, made, seq))

    def _blame(
        self, op: str, inputs: Any, trails: list[Trail], out: Any, place: tuple[Any, int, Any]
    ) -> Made:
        """Who made what is NaN or Inf in an output: an op before, or this one."""
        spot = look(out)
        assert spot is not None
        tensors = [x for x in inputs if hasattr(x, "_fn")]
        bad = [(x, t) for x, t in zip(tensors, trails, strict=True) if not _is_finite(x._array)]
        known = next((t.origin for _, t in bad if t.origin is not None), None)
        if known is not None:
            turned = known.nan is None and known.spot.kind == "inf" and spot.kind == "nan"
            return known._replace(nan=(op, *place)) if turned else known
        names = [f"input {i}" if len(inputs) > 1 else "input" for i in range(len(inputs))]
        given = next((n for n, x in zip(names, inputs, strict=True) if bad and x is bad[0][0]), "")
        told = values_text(dict(zip(names, inputs, strict=True)), spot)
        return Made(op, *place, spot, told, given, ref(bad[0][0]) if bad else None)

    def cut(self, how: str, source: Any, result: Any) -> None:
        """A tensor's values go outside the graph, or values become a new tensor."""
        place = user_location(2)
        if how == "tensor":
            self._rewrapped(source, result, place)
            return
        trail = self.trail(source)
        cuts = self._with_cut(trail, how, how, place)
        if hasattr(result, "_fn"):
            self._trails.put(result, Trail(0, cuts, trail.origin, -1))
        elif cuts:
            self._left.add(result, cuts)

    def _rewrapped(self, data: Any, made: Any, place: Any) -> None:
        """A new tensor of values that left the graph: the same array, or the same numbers."""
        tensors = data if isinstance(data, list | tuple) else (data,)
        trails = [self.trail(x) for x in tensors if hasattr(x, "_fn")]
        cuts = merged(self._with_cut(t, "tensor", "tensor", place) for t in trails)
        if not trails:
            cuts = self._left.cuts_of(data)
        if cuts:
            self._trails.put(made, Trail(0, cuts, None, -1))

    def _with_cut(self, trail: Trail, how: str, op: str, place: tuple[Any, int]) -> tuple[Cut, ...]:
        """The cuts of a trail, and this one if a leaf's way ends with it."""
        if not trail.leaves:
            return trail.cuts
        cut = Cut(how, op, *place, state.modes.scope, trail.leaves)
        if len(self._cuts) < PLACES or cut[:4] in self._cuts:
            known = self._cuts.pop(cut[:4], cut)
            self._cuts[cut[:4]] = cut._replace(leaves=cut.leaves | known.leaves)
        return merged([trail.cuts, (cut,)])

    # -------------------------------------------------------------- backward

    def on_backward_begin(self, run: Run) -> None:
        """Look at the gradients that it begins with."""
        for node, grad in run.roots:
            spot = look(grad)
            if spot is not None:
                self._bad_run[id(run)] = Diagnosis(
                    f"{spot.kind}_origin",
                    f"backward was started with a gradient that holds {spot}.",
                    getattr(node, "location", None), (suspect(edge_of(node)[0]),),
                    "look at what is passed to backward(): a loss scale that overflowed?",
                )  # fmt: skip

    def on_backward_end(self, run: Run, error: BaseException | None) -> None:
        """Forget what belonged to the run."""
        self._bad_run.pop(id(run), None)
        self._running.pop(id(run), None)
        for leaf in self._touched.pop(id(run), ()):
            added, grad = self.added(leaf), leaf._grad
            if added is not None and grad is not None:
                self._added.put(leaf, added._replace(left=(id(grad), grad._version)))
        if not run.create_graph:
            self.iteration += 1
            self._starts.append(state.next_sequence())
            self._made.clear()

    def before_node(self, run: Run, node: Any, grads: Any) -> None:
        """Note what the node had saved, which it may let go while it runs."""
        if id(run) not in self._bad_run:
            self._running[id(run)] = node, saved_arrays(node), self._blamed(node)

    def _blamed(self, node: Any) -> Made | None:
        """The forward op that made one of the saved values NaN or Inf."""
        for _, value, _ in saved_entries(node):
            if hasattr(value, "_fn") and (made := self.trail(value).origin) is not None:
                return made
        return self._made.get(node.seq)

    def after_node(self, run: Run, node: Any, grads: Any, results: Any, seconds: float) -> None:
        """See whether this is the first node that made a gradient NaN or Inf."""
        known, saved, made = self._running.pop(id(run), (None, {}, None))
        if known is not node or all(map(_is_finite, results)):
            return
        found = of_step(suspect(node), grads, results, saved)
        if found is not None:
            self._bad_run[id(run)] = made.diagnosis("", found) if made is not None else found

    def on_accumulate(self, run: Run, leaf: Any, grad: Any) -> None:
        """See whether a leaf's gradient is finite, and whether ``.grad`` was empty."""
        if not _is_finite(grad) and id(run) in self._bad_run:
            self._bad_leaves.put(leaf, self._bad_run[id(run)])
        else:
            self._bad_leaves.pop(leaf)
        self._touched.setdefault(id(run), []).append(leaf)
        known = leaf._grad
        if known is None or not _has_nonzero(known._array):
            self._added.put(leaf, Added(self.iteration, self.iteration, None))
        else:
            before = self.added(leaf)
            since = self.iteration - 1 if before is None else before.since
            self._added.put(leaf, Added(since, self.iteration, None))

    # -------------------------------------------------------------- by identity, weakly

    def _bit(self, leaf: Any) -> int:
        known = self._leaves.get(leaf)
        if known is None:
            known = 1 << self._counted
            self._counted += 1
            self._leaves.put(leaf, known)
        bit: int = known
        return bit


def _is_finite(array: Any) -> bool:
    array = getattr(array, "_array", array)
    if array is None:
        return True
    xp = backend_of(array).xp
    array = xp.asarray(array)
    if array.dtype.kind not in "fc" and array.dtype.name != "bfloat16":
        return True
    return truth(xp.isfinite(array).all())


def _has_nonzero(array: Any) -> bool:
    return truth((array != 0).any())


_last: Watch | None = None


def last() -> Watch | None:
    """The watch that began last, whether it still runs or not."""
    return _last


@contextmanager
def watch() -> Iterator[Watch]:
    """Keep what `why` needs to say where a graph was cut and where NaN and Inf were made.

    Costs some microseconds an op inside the ``with`` block, and nothing outside.

    Yields
    ------
    Watch
        `why` asks the last one by itself.

    Examples
    --------
    >>> import autograd_core as ag
    >>> from autograd_core.debug.why import watch, why
    >>> w = ag.tensor([1.0, 2.0], requires_grad=True)
    >>> with watch():
    ...     loss = (w * 2).detach().sum()
    >>> why(loss).cause
    'detached'
    """
    global _last
    watching = _last = Watch()
    outer, state.cut = state.cut, watching.cut
    try:
        with events.listen(watching):
            yield watching
    finally:
        state.cut = outer
        watching.end()
