"""Events of the engine into a trace.

A `Recorder` taps the engine (`autograd_core.events.Tap`).  While the program runs it only
appends: a tuple for each op, and for each backward step the bytes of a tiny gradient or the
statistics of a larger one.  What was appended is folded into the columns of the `Trace`
many rows at a time: every few thousand events, or when somebody reads the trace.  With
``stats="off"`` the events go into a ring (a deque that forgets its oldest) and are folded
only when somebody reads.

Nothing of the user's is kept: no tensor, no array, no node, no frame.  A leaf is known by a
weak reference, a node by its number, a place by code object and offset.
"""

from __future__ import annotations

import threading
from collections import deque
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from time import perf_counter
from typing import Any
from weakref import ref

import numpy as np

from .. import events, state
from ..backends import backend_of
from ..node import AccumulateGrad, Output
from ..saved import saved_bytes
from . import statistics
from .batch import STEP, Batch, Begin, End, LeafInfo, Mark, Wake
from .fold import Folder
from .names import name_of_leaf
from .statistics import of_array
from .traced import BYTES_A_NODE, Trace

MODES = ("off", "basic", "full")
TINY = 1024
"""Bytes up to which a gradient is copied now and measured with many others later."""
BATCH = 4096
"""Events that are folded together, a power of two; fewer where the budget is small."""
SEVERAL = -2
"""Stands for the number of the backward run while several threads run one."""
RING_BYTES = 400
"""What an event in the ring takes, about."""
RING = 8192
"""Events in the ring unless a budget says otherwise: they must stay in the cache, or each
new one waits for the memory of the oldest."""
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
        Byte budget of the trace; 64 MiB if not given, and with ``stats="off"`` a ring of the
        last 8192 events, else of as many as fit the budget.

    Attributes
    ----------
    trace : Trace
        What was recorded.

    Raises
    ------
    ValueError
        For an unknown `stats`, or `every` below 1.
    """

    def __init__(self, stats: str = "full", every: int = 1, memory: int | None = None):
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
        self._ring: deque[Any] | None = None
        if stats == "off":
            size = RING if memory is None else max(memory // RING_BYTES, 1024)
            self._ring = deque(maxlen=size)
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
        self._begun: float | None = None
        self._spent = [0.0]
        self._counted = 0
        self._held = _Held()
        self._control = events.Tap(begin=self._begin, end=self._end)
        self._data: events.Tap | None = None

    # -------------------------------------------------------------- on and off

    def start(self) -> Recorder:
        """Record from now on."""
        if self._begun is None:
            self._begun = perf_counter()
            self._folder.origin = self._folder.origin or self._begun
            events.add_tap(self._control)
            self._wake(self._iteration % self.every == 0)
        return self

    def stop(self) -> Recorder:
        """Record no more; the trace can be read, and recording started again."""
        if self._begun is not None:
            self._wake(False)
            events.remove_tap(self._control)
            if self._ring is None:
                self.flush()
            self.trace.seconds += perf_counter() - self._begun
            self._begun = None
            self._account()
        return self

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

    def _ring_tap(self, ring: deque[Any]) -> events.Tap:
        """Bare events into the ring, by the deque's own C function."""
        append, info_of = ring.append, self._info
        infos: dict[int, LeafInfo] = {}

        def leaf(leaf: Any, seq: int, grad: Any) -> None:
            append((seq, infos.get(seq) or info_of(leaf)))  # again: the ring may have forgotten
            append(seq)

        def met(leaf: Any, seq: int) -> None:
            if len(infos) > RING:
                infos.clear()
            info = infos[seq] = info_of(leaf)
            append((seq, info))

        return events.Tap(op=append, step=append, leaf=leaf, met=met)

    def _tap(self) -> events.Tap:
        """Events into a batch, with gradients; closures, since attributes cost time."""
        extend_of, step, flush = self._batch.ops, self._batch.steps.extend, self.flush
        since, current, held, clock = self._since, self._current, self._held, perf_counter
        array_type, tiny, full, number = np.ndarray, TINY, self.full, self._number
        spent, leaves, info_of = self._spent, self._folder.leaves, self._info
        last = self._limit - 1

        def op(record: tuple[Any, ...]) -> None:
            seq = record[1]
            if seq >= 0:
                extend_of[len(record)](record)
                if not seq & last:
                    flush()

        def put(seq: int, bytes_held: int, g: Any) -> None:
            run = current[0]
            if run == SEVERAL:
                run = number()
            now = clock()
            if g.__class__ is not array_type:
                kind, payload = self._measure(g)
            elif g.nbytes <= tiny:
                step((run, seq, now, bytes_held, g.dtype, g.tobytes()))
                return
            else:
                kind, payload = None, of_array(g, full)
            spent[0] += clock() - now
            step((run, seq, now, bytes_held, kind, payload))

        def gradient(node: Any, g: Any) -> None:
            seq = node.seq
            if seq < since:
                self._adopt(node)
            try:
                places, saved = held[node.__class__], node.saved
                bytes_held = 0
                for i in places:
                    x = saved[i]
                    if x is not None:
                        bytes_held += (x if x.__class__ is array_type else x._array).nbytes
            except (AttributeError, TypeError, IndexError):
                bytes_held = saved_bytes(node) if node.saved else 0
            if g.__class__ is array_type and g.nbytes <= tiny and current[0] != SEVERAL:
                step((current[0], seq, clock(), bytes_held, g.dtype, g.tobytes()))  # as `put`
            else:
                put(seq, bytes_held, g)
            if not seq & last:
                flush()

        def leaf(leaf: Any, seq: int, grad: Any) -> None:
            if seq not in leaves:
                leaves[seq] = info_of(leaf)
            put(seq, 0, grad)

        def met(leaf: Any, seq: int) -> None:
            leaves[seq] = info_of(leaf)

        return events.Tap(op=op, gradient=gradient, leaf=leaf, met=met)

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
                self._adopt_graph([fn for fn, _ in run.roots])
            seq, now = state.next_sequence(), perf_counter()
            self._mark(Begin(seq, now, self._iteration, number, run.create_graph))

    def _end(self, run: Any, error: BaseException | None) -> None:
        thread = threading.get_ident()
        stack = self._running.get(thread)
        if not stack:
            return  # began before the recording did
        number, recorded = stack[-1]
        closes = len(stack) == 1 and not run.create_graph
        if recorded:
            self._captured(run)
            text = f"{type(error).__name__}: {error}"[:500] if error is not None else ""
            seq, now = state.next_sequence(), perf_counter()
            self._mark(End(seq, now, self._iteration, number, text, closes))
        stack.pop()
        if not stack:
            del self._running[thread]
        if len(self._running) <= 1:
            self._current[0] = next((s[-1][0] for s in self._running.values()), -1)
        if closes:
            self._iteration += 1
            self._forget_dead_leaves()
            if self._begun is not None:
                self._wake(self._iteration % self.every == 0)

    def _mark(self, mark: Mark) -> None:
        if self._ring is not None:
            self._ring.append(mark)
            return
        with self.trace.lock:  # no mark comes between the steps and the ops that are taken
            self._batch.mark(mark)
            if len(self._batch.steps) >= self._limit * STEP:
                self.flush()

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
                self._keep((None, fn.seq, fn.next[0].seq, fn.nr))
            parents.append(-1 if fn is None else fn.seq)
        self._keep((node.__class__, node.seq, None, None, node.code, node.lasti, (), *parents))

    def _keep(self, record: tuple[Any, ...]) -> None:
        if self._ring is not None:
            self._ring.append(record)
        elif record[0] is None:
            self._batch.ops[len(record)](record)
        else:
            self._batch.adopted.append((self._iteration, record))

    def _meet(self, leaf: Any, seq: int) -> None:
        info = self._info(leaf)
        if self._ring is not None:
            self._ring.append((seq, info))
        else:
            self._folder.leaves[seq] = info

    def _adopt_graph(self, roots: Sequence[Any]) -> None:
        seen = {fn for fn in roots if fn.seq < self._since}
        stack = list(seen)
        while stack:
            node = stack.pop()
            if node.__class__ is not AccumulateGrad and hasattr(node, "code"):
                self._adopt(node)
            for fn in node.next:
                if fn is not None and fn not in seen:
                    seen.add(fn)
                    stack.append(fn)

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

    def _move(self) -> None:
        if self._ring is not None:
            stream = [self._ring.popleft() for _ in range(len(self._ring))]
            self._counted += len(stream)
            self._folder.fold(stream)
            return
        batch = self._batch.take()
        self._counted += len(batch)
        self._folder.rows(batch)

    def _forget_dead_leaves(self) -> None:
        if len(self._leaves) > 2 * self._known + 64:
            self._leaves = {k: v for k, v in self._leaves.items() if v.ref() is not None}
            self._known = len(self._leaves)

    def _account(self) -> None:
        """What recording cost: measured where it is measurable, events at their usual price."""
        count = self._counted + (len(self._ring) if self._ring is not None else 0)
        self.trace.recording_seconds = self._spent[0] + count * _price(self.trace.stats)


class _Held(dict[Any, tuple[int, ...]]):
    """Where in a node's ``saved`` the tensors are, for each class of nodes."""

    def __missing__(self, cls: Any) -> tuple[int, ...]:
        places: list[int] = []
        at = 0
        if cls.op is None or any(s.kind == "inputs" for s in cls.op.layout):
            places = [1 << 30]  # a list of tensors, or a custom Function: ask `saved_bytes`
        else:
            for s in cls.op.layout:
                if s.kind in ("input", "output"):
                    places.append(at)
                at += s.width
        self[cls] = tuple(places)
        return self[cls]


_prices: dict[str, float] = {}


def _price(stats: str) -> float:
    """Seconds that one event takes until it is appended, tried out once."""
    if stats not in _prices:
        record = (AccumulateGrad, 1, (), None, None, 0, (), -1)
        probe = Recorder(stats)
        tap = probe._tap() if probe._ring is None else probe._ring_tap(probe._ring)
        start = perf_counter()
        for _ in range(256):
            tap.op(record)
        each = (perf_counter() - start) / 256
        _prices[stats] = each if stats == "off" else 3 * each  # a step costs some five times an op
    return _prices[stats]


@contextmanager
def trace(stats: str = "full", every: int = 1, memory: int | None = None) -> Iterator[Trace]:
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
        it.  With ``stats="off"`` the last 8192 events are kept, or, if a budget is given, as
        many as fit it at 400 bytes each.

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
    recorder = Recorder(stats, every, memory).start()
    try:
        yield recorder.trace
    finally:
        recorder.stop()


__all__ = ["Recorder", "trace"]
