"""Events of the engine into a trace.

A `Recorder` taps the engine (`autograd_core.events.Tap`).  While the program runs it only
appends: a tuple for each op, and for each backward step the bytes of a tiny gradient or the
statistics of a larger one.  What was appended is folded into the columns of the `Trace`
many rows at a time: every few thousand events, or when somebody reads the trace.  With
``stats="off"`` there is only a ring of the last ops (`ring`), folded when somebody reads.

Nothing of the user's is kept: no tensor, no array, no node, no frame.  A leaf is known by a
weak reference, a node by its number, a place by code object and offset.
"""

from __future__ import annotations

import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from time import perf_counter
from typing import Any
from weakref import ref

import numpy as np

from ... import events, state
from ...backends import backend_of
from ...node import AccumulateGrad, Output, edge_of
from ...progress import Bar, clock
from ...saved import saved_bytes
from ..trace import statistics
from ..trace.statistics import of_array
from ..trace.traced import BYTES_A_NODE, Trace
from .batch import STEP, Batch, Begin, End, LeafInfo, Mark, Said, Switch, Wake
from .fold import Folder
from .names import name_of_leaf
from .ring import Ring

MODES = ("off", "basic", "full")
TINY = 1024
"""Bytes up to which a gradient is copied now and measured with many others later."""
SEVERAL = -2
"""Stands for the number of the backward run while several threads run one."""
RING_BYTES = 300
"""What a node in the ring takes, about."""
BATCH = 4096
"""Events that are folded together, a power of two; fewer where the budget is small."""
MAKE_ROOM = 16
"""Runs after which a ring is looked at: the numbers of a steady loop's ops may pass by those
at which an op calls for room."""
RING = 1024
"""Nodes that the ring keeps at least, unless a budget says otherwise: so few that what it
holds stays in the processor's cache, since waiting for memory is most of what a ring costs."""
BUDGET = 64 << 20
"""Bytes of a trace unless told otherwise."""


class Recorder:
    """Listens to the engine and fills a trace.

    Parameters
    ----------
    stats : {"off", "basic", "full"}
        What is measured of each gradient: nothing; norm, NaN and Inf; also smallest,
        largest and zeros.
    every : int
        Record every so many iterations (an iteration ends with a ``backward()``).
    memory : int, optional
        Byte budget of the trace; 64 MiB if not given, and with ``stats="off"`` a ring of at
        least the last 1024 nodes, else of as many as fit the budget.
    progress : bool, optional
        Whether a bar counts the backward passes; as `autograd_core.progress.Bar` has it.

    Attributes
    ----------
    trace : Trace
        What was recorded.
    bar : Bar
        Counts the backward passes since `start` (or `show_progress`).

    Raises
    ------
    ValueError
        For an unknown `stats`, or `every` below 1.
    """

    def __init__(
        self,
        stats: str = "full",
        every: int = 1,
        memory: int | None = None,
        progress: bool | None = False,
    ):
        if stats not in MODES:
            raise ValueError(f"stats must be one of 'off', 'basic' or 'full', got {stats!r}")
        if not isinstance(every, int) or every < 1:
            raise ValueError(f"every must be a whole number of at least 1, got {every!r}")
        budget = BUDGET if memory is None else memory
        self.trace = Trace(budget)
        self.trace.stats = stats
        self.trace.flush = self.flush
        self.every = every
        self.full = stats == "full"
        self._ring: Ring | None = None
        if stats == "off":
            self._ring = Ring(RING if memory is None else max(memory // RING_BYTES, 1024))
        self._limit = min(BATCH, 1 << (budget // (4 * BYTES_A_NODE)).bit_length() - 1)
        self._batch = Batch()
        self._folder = Folder(self.trace, self.full)
        self._leaves: dict[int, LeafInfo] = {}
        self._iteration = 0
        self._runs = 0
        self._running: dict[int, list[tuple[int, bool]]] = {}
        self._current = [-1]
        self._since = 0
        self._known = 0
        self._has_looked = False
        self._begun: float | None = None
        self._spent = [0.0]
        self._counted = 0
        self.progress = progress
        self.bar = Bar("backward", progress=False)
        self._shown_from = 0
        self._control = events.Tap(begin=self._begin, end=self._end, note=self._said)
        self._data: events.Tap | None = None

    # -------------------------------------------------------------- on and off

    def start(self) -> Recorder:
        """Record from now on."""
        if self._begun is None:
            self._begun = perf_counter()
            self._folder.origin = self._folder.origin or self._begun
            self.show_progress()
            events.add_tap(self._control)
            self._wake(self._iteration % self.every == 0)
        return self

    def stop(self) -> Recorder:
        """Record no more; the trace can be read, and recording started again."""
        from ..stepping.debugger import debugger  # it needs traces first

        self.bar.close()
        if self._begun is not None:
            self._wake(False)
            events.remove_tap(self._control)
            if self._ring is None:
                self.flush()
            self.trace.seconds += perf_counter() - self._begun
            self._begun = None
            self._account()
            self.trace.breakpoints = debugger().breakpoints.to_json()
        return self

    def show_progress(self) -> None:
        """Count backward passes anew: a bar comes if what begins now takes long."""
        self.bar.close()
        self.bar = Bar("backward", unit="pass", progress=self.progress)
        self._shown_from = self._iteration

    def _wake(self, awake: bool) -> None:
        if awake and self._data is None:
            self._since = state.next_sequence()
            self._mark(Wake(self._since, perf_counter(), self._iteration))
            self._data = self._ring_tap(self._ring) if self._ring is not None else self._tap()
            events.add_tap(self._data)
        elif self._data is not None and not awake:
            events.remove_tap(self._data)
            self._data = None

    # -------------------------------------------------------------- what the engine calls

    def _ring_tap(self, ring: Ring) -> events.Tap:
        """Records of ops into the ring, by a list's own C function."""
        leaves, info_of, known = ring.leaves, self._info, self._leaves.get

        def met(leaf: Any, seq: int) -> None:
            info = known(id(leaf))
            leaves[seq] = info if info is not None and info.ref() is leaf else info_of(leaf)

        return events.Tap(rows=ring.rows.sink, met=met, overflow=ring.trim)

    def _tap(self) -> events.Tap:
        """Events into a batch, with gradients; closures, since attributes cost time."""
        step, flush = self._batch.steps.extend, self.flush
        since, current, clock, last_run = self._since, self._current, perf_counter, [-1]
        array_type, tiny, full, number = np.ndarray, TINY, self.full, self._number
        spent, leaves, info_of = self._spent, self._folder.leaves, self._info
        last = self._limit - 1

        def gradient(node: Any, g: Any) -> None:
            seq = node.seq
            if seq < since:
                self._adopt(node)
            if g.__class__ is array_type and g.nbytes <= tiny and current[0] != SEVERAL:
                step((seq, clock(), g.dtype, g.tobytes()))
            else:
                put(seq, g)
            if not seq & last:
                flush()

        def put(seq: int, g: Any) -> None:
            if current[0] == SEVERAL:
                switch()
            now = clock()
            if g.__class__ is not array_type:
                kind, payload = self._measure(g)
            elif g.nbytes <= tiny:
                kind, payload = g.dtype, g.tobytes()
            else:
                kind, payload = None, of_array(g, full)
                spent[0] += clock() - now
            step((seq, now, kind, payload))

        def switch() -> None:
            run = number()
            if run != last_run[0]:
                last_run[0] = run
                self._mark(Switch(clock(), run))

        def leaf(leaf: Any, seq: int, grad: Any) -> None:
            if seq not in leaves:
                leaves[seq] = info_of(leaf)
            put(seq, grad)

        def met(leaf: Any, seq: int) -> None:
            leaves[seq] = info_of(leaf)

        return events.Tap(
            rows=self._batch.ops.sink,
            gradient=gradient,
            leaf=leaf,
            met=met,
            overflow=self._overflow,
        )

    def _overflow(self) -> None:
        if len(self._batch) >= self._limit:
            self.flush()

    def _measure(self, g: Any) -> tuple[Any, Any]:
        """Dtype and bytes of a small number, or None and the statistics of anything else."""
        if isinstance(g, np.generic):
            return g.dtype, g.tobytes()
        grads = [x for x in (g if isinstance(g, tuple) else (g,)) if x is not None]
        measured: Any
        if all(backend_of(x).name == "cpu" for x in grads):
            measured = statistics.merge([of_array(x, self.full) for x in grads])
        else:
            measured = [statistics.on_device(x) for x in grads]
        return None, measured

    def _number(self) -> int:
        stack = self._running.get(threading.get_ident())
        return stack[-1][0] if stack else -1

    def _info(self, leaf: Any) -> LeafInfo:
        known = self._leaves.get(id(leaf))
        if known is not None and known.ref() is leaf:
            return known
        array = leaf._array
        device = str(backend_of(array).device_of(array))
        name = name_of_leaf(leaf, state.modes.scope)
        info = LeafInfo(ref(leaf), name, tuple(array.shape), array.dtype, device)
        self._leaves[id(leaf)] = info
        return info

    def _begin(self, run: Any) -> None:
        stack = self._running.setdefault(threading.get_ident(), [])
        number = self._runs
        self._runs += 1
        recorded = self._data is not None
        stack.append((number, recorded))
        self._current[0] = SEVERAL if len(self._running) > 1 else number
        if recorded:
            if self._ring is not None:
                old = [fn for fn, _ in run.roots if fn.seq < self._since]
                if old:
                    self._adopt_graph(old)
            elif not self._has_looked or self._folder.nameless:
                self._meet_leaves([fn for fn, _ in run.roots])
            self._mark(self._begun_now(run, number))

    def _begun_now(self, run: Any, number: int) -> Begin:
        seq, now = state.next_sequence(), perf_counter()
        roots: tuple[int, ...] = ()
        needed = None
        if self._ring is not None:
            nodes: Any = [edge_of(fn)[0] for fn, _ in run.roots]
            roots = tuple([node.seq for node in nodes])
            needed = None if run.needed is None else frozenset(n.seq for n in run.needed)
        return Begin(seq, now, self._iteration, number, run.create_graph, roots, needed)

    def _end(self, run: Any, error: BaseException | None) -> None:
        thread = threading.get_ident()
        stack = self._running.get(thread)
        if not stack:
            return  # began before the recording did
        number, recorded = stack[-1]
        closes = len(stack) == 1 and not run.create_graph
        if recorded:
            if run.captured:
                self._captured(run)
            text = f"{type(error).__name__}: {error}"[:500] if error is not None else ""
            seq, now = state.next_sequence(), perf_counter()
            self._mark(End(seq, now, self._iteration, number, text, closes, run.ended_at))
        stack.pop()
        if not stack:
            del self._running[thread]
        if not self._running:
            self._current[0] = -1
        elif len(self._running) == 1:
            self._current[0] = next(s[-1][0] for s in self._running.values())
        if self._ring is not None and not number % MAKE_ROOM:
            self._ring.make_room()
        if closes:
            self._iteration += 1
            if len(self._leaves) > 2 * self._known + 64:
                self._forget_dead_leaves()
            if self._begun is not None and self.every > 1:
                self._wake(self._iteration % self.every == 0)
            if clock() >= self.bar.due:
                self.bar.look(self._iteration - self._shown_from, lambda: loss_of(run))

    def _mark(self, mark: Mark) -> None:
        if self._ring is not None:
            self._ring.marks.append(mark)
            return
        with self.trace.lock:  # no mark comes between the steps and the ops that are taken
            self._batch.mark(mark)
            if len(self._batch.steps) >= self._limit * STEP:
                self.flush()

    def _said(self, seq: int, what: str) -> None:
        if self._data is not None and self._ring is None:
            self._mark(Said(perf_counter(), seq, what))

    def _captured(self, run: Any) -> None:
        """What ``autograd.grad`` took at leaves, where nothing was accumulated."""
        for (node, _), grad in run.captured.items():
            if node.__class__ is AccumulateGrad and grad is not None and not run.accumulate:
                sink = self._data.leaf if self._data is not None else None
                if sink is not None:
                    sink(node.variable, node.seq, getattr(grad, "_array", grad))

    # -------------------------------------------------------------- older than the recording

    def _adopt(self, node: Any) -> None:
        """Take in a node that was made before the recording began."""
        parents = []
        for fn in node.next:
            if fn.__class__ is AccumulateGrad:
                self._meet(fn.variable, fn.seq)
            elif fn.__class__ is Output:
                rows = self._batch.ops if self._ring is None else self._ring.rows
                rows[events.PORT].extend((None, fn.seq, fn.next[0].seq, fn.nr))
            parents.append(-1 if fn is None else fn.seq)
        where = (node.code, node.lasti, getattr(node, "scope", ()))
        record = (node.__class__, node.seq, None, None, *where, saved_bytes(node), *parents)
        (self._ring or self._batch).adopted.append((self._iteration, record))

    def _meet(self, leaf: Any, seq: int) -> None:
        (self._ring or self._folder).leaves[seq] = self._info(leaf)

    def _adopt_graph(self, roots: Sequence[Any]) -> None:
        for node in _graph([fn for fn in roots if fn.seq < self._since]):
            if node.__class__ is not AccumulateGrad and hasattr(node, "code"):
                self._adopt(node)

    def _meet_leaves(self, roots: Sequence[Any]) -> None:
        """Meet leaves that no op met, because an older graph has kept their nodes alive."""
        self._has_looked = True
        for node in _graph(roots):
            if node.__class__ is AccumulateGrad and node.seq not in self._folder.leaves:
                self._meet(node.variable, node.seq)

    # -------------------------------------------------------------- into the tables

    def flush(self) -> None:
        """Move what was appended so far into the trace."""
        with self.trace.lock:
            if not (len(self._batch) or self._ring):
                return
            start = perf_counter()
            self._move()
            self.trace.trim()
            self._spent[0] += perf_counter() - start
        if clock() >= self.bar.due and self._iteration == self._shown_from:
            nodes = self.trace.tables["nodes"]
            self.bar.look(0, lambda: {"nodes": f"{nodes.end:,}"})  # the first pass is a long one

    def _move(self) -> None:
        if self._ring is None:
            batch = self._batch.take()
        else:
            batch = self._ring.take(self.trace.parents_of)
            self._folder.leaves.update(self._ring.leaves)
            self._folder.catch_up(batch, self._iteration)
        self._counted += len(batch)
        self._folder.rows(batch)

    def _forget_dead_leaves(self) -> None:
        for key in [k for k, info in self._leaves.items() if info.ref() is None]:
            del self._leaves[key]
        self._known = len(self._leaves)

    def _account(self) -> None:
        """What recording cost: measured where it is measurable, events at their usual price."""
        count = self._counted + (len(self._ring) if self._ring is not None else 0)
        self.trace.recording_seconds = self._spent[0] + count * _price(self.trace.stats)


def _graph(roots: Sequence[Any]) -> Iterator[Any]:
    """All that roots reach by ``next``: nodes, and the `Output`s between them."""
    seen = set(roots)
    stack = list(seen)
    while stack:
        node = stack.pop()
        yield node
        for fn in node.next:
            if fn is not None and fn not in seen:
                seen.add(fn)
                stack.append(fn)


def loss_of(run: Any) -> dict[str, str]:
    """The value that a run differentiated, if it was one number."""
    sizes = [x.numel() if hasattr(x, "numel") else 0 for x in run.tensors]
    return {"loss": f"{run.tensors[0].item():.4g}"} if sizes == [1] else {}


_prices: dict[str, float] = {}


def _price(stats: str) -> float:
    """Seconds that one event takes until it is appended, tried out once."""
    if stats not in _prices:
        record = (AccumulateGrad, 1, (), None, None, 0, (), 0, -1)
        sink = Batch().ops.sink(1)
        start = perf_counter()
        for _ in range(256):
            sink(record)
        each = (perf_counter() - start) / 256
        _prices[stats] = each if stats == "off" else 3 * each  # a step costs some five times an op
    return _prices[stats]


@contextmanager
def trace(
    stats: str = "full",
    every: int = 1,
    memory: int | None = None,
    progress: bool | None = None,
) -> Iterator[Trace]:
    """Record what runs inside the ``with`` block.

    Parameters
    ----------
    stats : {"full", "basic", "off"}
        What is measured of each gradient: all; norm and non-finite counts; nothing (a
        ring of bare events, the cheapest).
    every : int
        Record every so many iterations.
    memory : int, optional
        Byte budget of the trace, 64 MiB if not given; the oldest iterations fall out beyond
        it.  With ``stats="off"`` at least the last 1024 nodes are kept, or, if a budget is
        given, as many as fit it at 300 bytes each.
    progress : bool, optional
        Whether a bar counts the backward passes, with the last loss, once the block has run
        for two seconds (needs tqdm). Not given: where somebody watches, on a terminal or in
        a notebook, unless ``TQDM_DISABLE=1`` is in the environment.

    Yields
    ------
    Trace
        Filled while the block runs, readable at any time, also after an exception.

    Examples
    --------
    >>> import autograd_core as ag
    >>> x = ag.tensor([1.0, 2.0], requires_grad=True)
    >>> with ag.debug.trace() as t:
    ...     (x * x).sum().backward()
    >>> [node.op for node in t.nodes]
    ['MulBackward0', 'SumBackward0', 'AccumulateGrad']
    """
    recorder = Recorder(stats, every, memory, progress).start()
    try:
        yield recorder.trace
    finally:
        recorder.stop()


__all__ = ["Recorder", "trace"]
