"""Events of the engine into a trace.

A `Recorder` taps the engine (`autograd_core.events.Tap`).  While the program runs it only
appends: a tuple for each op, and for each backward step the bytes of a tiny gradient or the
statistics of a larger one.  What was appended is folded into the columns of the `Trace`
many rows at a time, when a backward run ends, every 4096 events, or when somebody reads
the trace.  With ``stats="off"`` the events go into a ring (a deque that forgets its oldest) and
are folded only when somebody reads.

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
from . import fold, statistics
from .fold import Begin, End, LeafInfo, StepEvent
from .names import name_of_leaf
from .traced import Trace

MODES = ("off", "basic", "full")
TINY = 1024
"""Bytes up to which a gradient is copied now and measured with many others later."""
BATCH = 4096
"""Events after which they are folded into the tables."""
RING_BYTES = 400
"""What an event in the ring takes, about."""


class Recorder:
    """Listens to the engine and fills a trace.

    Parameters
    ----------
    stats : {"off", "basic", "full"}
        What is measured of each gradient: nothing; norm, NaN and Inf; also smallest,
        largest and zeros.
    every : int
        Record every so many iterations (an iteration ends with a ``backward()``).
    memory : int
        Byte budget of the trace.

    Attributes
    ----------
    trace : Trace
        What was recorded.

    Raises
    ------
    ValueError
        For an unknown `stats`, or `every` below 1.
    """

    def __init__(self, stats: str = "full", every: int = 1, memory: int = 64 << 20):
        if stats not in MODES:
            raise ValueError(f"stats must be one of 'off', 'basic' or 'full', got {stats!r}")
        if not isinstance(every, int) or every < 1:
            raise ValueError(f"every must be a whole number of at least 1, got {every!r}")
        self.trace = Trace(memory)
        self.trace.stats = stats
        self.trace.flush = self.flush
        self.every = every
        self.full = stats == "full"
        ring = stats == "off"
        self.events: Any = deque(maxlen=max(memory // RING_BYTES, 1024)) if ring else []
        self.append = self.events.append
        self._folder = fold.Folder(self.trace, self.full)
        self._leaves: dict[int, LeafInfo] = {}
        self._iteration = 0
        self._numbers = 0
        self._running: dict[int, list[tuple[int, bool]]] = {}
        self._run = -1
        self._since = 0
        self._known = 0
        self._begun: float | None = None
        self._measuring = 0.0
        self._counted = 0
        self._control = events.Tap(begin=self._begin, end=self._end)
        self._data = events.Tap(
            op=self.append if ring else self._op,
            step=self.append if ring else None,
            gradient=None if ring else self._gradient,
            leaf=self._ring_leaf if ring else self._leaf,
            met=self._met,
        )
        self._awake = False

    # -------------------------------------------------------------- on and off

    def start(self) -> Recorder:
        """Record from now on."""
        if self._begun is None:
            self._begun = perf_counter()
            if not self._counted:
                self._folder.origin = self._begun
            events.add_tap(self._control)
            self._wake(self._iteration % self.every == 0)
        return self

    def stop(self) -> Recorder:
        """Record no more; the trace can be read, and recording started again."""
        if self._begun is not None:
            self._wake(False)
            events.remove_tap(self._control)
            self.trace.seconds += perf_counter() - self._begun
            self._begun = None
            if self.trace.stats != "off":
                self.flush()
            self._account()
        return self

    def _wake(self, awake: bool) -> None:
        if awake and not self._awake:
            self._since = state.next_sequence()
            events.add_tap(self._data)
        elif self._awake and not awake:
            events.remove_tap(self._data)
        self._awake = awake

    # -------------------------------------------------------------- what the engine calls

    def _op(self, record: tuple[Any, ...]) -> None:
        self.append(record)
        if len(self.events) >= BATCH:
            self.flush()

    def _gradient(self, node: Any, g: Any) -> None:
        seq = node.seq
        if seq < self._since:
            self._adopt(node)
        try:
            payload = g.tobytes() if g.nbytes <= TINY else None
            kind = g.dtype
        except AttributeError:  # several gradients, or none, or not NumPy's
            payload, kind = None, None
        if payload is None or kind is None or backend_of(g).name != "cpu":
            payload, kind = self._measure(g), None
        saved = saved_bytes(node) if node.saved else 0
        self.append(StepEvent((self._run, seq, node.__class__, perf_counter(), saved, kind, payload)))  # fmt: skip

    def _measure(self, g: Any) -> Any:
        start = perf_counter()
        grads = [x for x in (g if isinstance(g, tuple) else (g,)) if x is not None]
        if not grads:
            measured: Any = statistics.NOTHING
        elif all(backend_of(x).name == "cpu" for x in grads):
            measured = statistics.merge([statistics.of_array(x, self.full) for x in grads])
        else:
            measured = [statistics.on_device(x) for x in grads]
        self._measuring += perf_counter() - start
        return measured

    def _leaf(self, leaf: Any, seq: int, grad: Any) -> None:
        info = self._info(leaf, seq)
        small = backend_of(grad).name == "cpu" and grad.nbytes <= TINY
        payload = grad.tobytes() if small else self._measure(grad)
        kind = grad.dtype if small else None
        self.append(info)
        self.append(StepEvent((self._run, seq, AccumulateGrad, perf_counter(), 0, kind, payload)))

    def _ring_leaf(self, leaf: Any, seq: int, grad: Any) -> None:
        self.append(self._info(leaf, seq))
        self.append(seq)

    def _met(self, leaf: Any, seq: int) -> None:
        self.append(self._info(leaf, seq))

    def _info(self, leaf: Any, seq: int) -> LeafInfo:
        known = self._leaves.get(id(leaf))
        if known is not None and known.ref() is leaf:
            return known if known.seq == seq else known.again(seq)
        array = leaf._array
        device = str(backend_of(array).device_of(array))
        scope = state.modes.scope
        info = LeafInfo(ref(leaf), seq, name_of_leaf(leaf, scope), array.shape, array.dtype, device, scope)  # fmt: skip
        self._leaves[id(leaf)] = info
        return info

    def _begin(self, run: Any) -> None:
        stack = self._running.setdefault(threading.get_ident(), [])
        number = self._numbers
        self._numbers += 1
        stack.append((number, self._awake))
        if not self._awake:
            return
        self._run = number
        if self.trace.stats == "off":
            self._adopt_graph([fn for fn, _ in run.roots])
        self.append(Begin(number, perf_counter(), run.create_graph, self._iteration))

    def _end(self, run: Any, error: BaseException | None) -> None:
        thread = threading.get_ident()
        stack = self._running.get(thread)
        if not stack:
            return  # began before the recording did
        number, recorded = stack.pop()
        self._run = stack[-1][0] if stack else -1
        if not stack:
            del self._running[thread]
        closes = not stack and not run.create_graph
        if recorded:
            self._captured(run, number)
            text = f"{type(error).__name__}: {error}"[:500] if error is not None else ""
            self.append(End(number, perf_counter(), text, closes))
            if self.trace.stats != "off":
                self.flush()
        if closes:
            self._iteration += 1
            self._forget_dead_leaves()
            self._wake(self._iteration % self.every == 0)

    def _captured(self, run: Any, number: int) -> None:
        """What ``autograd.grad`` took at leaves, where nothing was accumulated."""
        for (node, _), grad in run.captured.items():
            if node.__class__ is AccumulateGrad and grad is not None and not run.accumulate:
                found = getattr(grad, "_array", grad)
                (self._ring_leaf if self.trace.stats == "off" else self._leaf)(node.variable, node.seq, found)  # fmt: skip

    # -------------------------------------------------------------- older than the recording

    def _adopt(self, node: Any) -> None:
        """Take in a node that was made before the recording began."""
        parents = []
        for fn in node.next:
            if fn is not None and fn.__class__ is AccumulateGrad:
                self.append(self._info(fn.variable, fn.seq))
            elif fn.__class__ is Output:
                self.append((None, fn.seq, fn.next[0].seq, fn.nr))
            parents.append(-1 if fn is None else fn.seq)
        self.append((node.__class__, node.seq, None, None, node.code, node.lasti, (), *parents))

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
        """Fold what was appended so far into the trace."""
        trace = self.trace
        with trace.lock:
            count = len(self.events)
            if not count:
                return
            start = perf_counter()
            batch = [self.events.popleft() for _ in range(count)] if trace.stats == "off" else self.events[:count]  # fmt: skip
            if trace.stats != "off":
                del self.events[:count]
            self._folder.fold(batch)
            trace.trim()
            self._counted += count
            self._measuring += perf_counter() - start

    def _forget_dead_leaves(self) -> None:
        if len(self._leaves) > 2 * self._known + 64:
            self._leaves = {k: v for k, v in self._leaves.items() if v.ref() is not None}
            self._known = len(self._leaves)

    def _account(self) -> None:
        """What recording cost: measured where it is measurable, events at their usual price."""
        count = self._counted + len(self.events)
        self.trace.recording_seconds = self._measuring + count * _price(self.trace.stats)


_prices: dict[str, float] = {}


def _price(stats: str) -> float:
    """Seconds that one event takes until it is appended, tried out once."""
    if stats not in _prices:
        record = (AccumulateGrad, 0, (), None, None, 0, (), -1)
        probe = Recorder(stats)
        start = perf_counter()
        for _ in range(256):
            probe._data.op(record)
        _prices[stats] = (perf_counter() - start) / 256
        probe.events.clear()
    return _prices[stats]


@contextmanager
def trace(stats: str = "full", every: int = 1, memory: int = 64 << 20) -> Iterator[Trace]:
    """Record what runs inside the ``with`` block.

    Parameters
    ----------
    stats : {"full", "basic", "off"}
        What is measured of each gradient: all; norm and non-finite counts; nothing (a
        ring of bare events, the cheapest).
    every : int
        Record every so many iterations.
    memory : int
        Byte budget of the trace; the oldest iterations fall out beyond it.

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
    >>> [node.label for node in t.nodes]
    ['Mul', 'Sum', 'x']
    """
    recorder = Recorder(stats, every, memory).start()
    try:
        yield recorder.trace
    finally:
        recorder.stop()


__all__ = ["Recorder", "trace"]
