"""The one event stream: what the engine tells those who listen.

Subclass `Listener`, override what interests you, and `listen` to it::

    class Count(Listener):
        n = 0

        def before_node(self, run, node, grads):
            self.n += 1


    with listen(Count()) as count:
        loss.backward()

Gradients arrive as bare arrays (NumPy or CuPy), one for each output of the node, None
where no gradient came.  `before_node` and `after_node` may return a tuple that replaces
them, and may block for as long as they like: that is how a debugger pauses a backward.
With no listener the engine pays one check an op.

A `Tap` is the cheap way to hear the same: bare facts handed to callables that may be C
functions (``deque.append``), without leaving the engine's fast paths.  A listener costs a
few microseconds an op, a tap into a ring buffer some 250 ns.  Recorders use a tap; what
replaces gradients or pauses is a listener.
"""

from __future__ import annotations

import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from types import CodeType
from typing import TYPE_CHECKING, Any, TypeVar

from . import state
from .errors import BackwardStopped, ListenerError
from .node import Output
from .saved import saved_bytes
from .source import user_location

if TYPE_CHECKING:
    from ._tensor import Tensor
    from .engine import Run
    from .node import Node


class Listener:
    """Hears what the engine does; every method is optional."""

    def on_op(
        self,
        op: str,
        node: Node | None,
        inputs: tuple[Tensor, ...],
        outputs: tuple[Tensor, ...],
        scope: tuple[str, ...],
        code: CodeType | None,
        lasti: int,
        seconds: float,
    ) -> None:
        """An op ran.

        Parameters
        ----------
        op : str
            Its name, e.g. ``mul``.
        node : Node or None
            Its backward node; None when nothing needs a gradient.
        inputs, outputs : tuple of Tensor
            Valid during the call; keeping them keeps the user's memory.
        scope : tuple of str
            The path of modules that are running, e.g. ``("net", "0")``.
        code, lasti
            Where in the user's code (`source.resolve` gives file and line).
        seconds : float
            What the forward took.
        """

    def on_backward_begin(self, run: Run) -> None:
        """A backward run is about to start."""

    def on_backward_end(self, run: Run, error: BaseException | None) -> None:
        """A backward run is over, by itself or by an exception."""

    def before_node(self, run: Run, node: Node, grads: tuple[Any, ...]) -> tuple[Any, ...] | None:
        """A node is about to run with these gradients; return others to replace them."""

    def after_node(
        self, run: Run, node: Node, grads: tuple[Any, ...], results: tuple[Any, ...], seconds: float
    ) -> tuple[Any, ...] | None:
        """A node ran and gave these; return others to replace them."""

    def on_accumulate(self, run: Run, leaf: Tensor, grad: Any) -> None:
        """A leaf is about to add this gradient to its ``.grad``."""


_lock = threading.RLock()


BATCH = 1024
"""`Tap.overflow` is called about once in so many nodes; a power of two."""
_LISTED = 8
PORT = -1
"""Stands for the number of parents in records of the outputs of a node with several."""


class Tap:
    """Bare facts for recorders; every callable may be None.

    Nothing passed may be kept except what `op`, `rows` and `step` get, which refers to no
    tensor and no node.

    Attributes
    ----------
    op : callable(record) or None
        An op ran. ``record`` is a tuple ``(kind, seq, shape, dtype, code, lasti, scope,
        saved, *parents)``: the node's class (the op's name where no node was made), the
        node's number (-1), shape and NumPy dtype of the (first) output, where in the user's
        code, the module path, the bytes that the node keeps alive (-1: what it saved all
        has the shape of its output), and the numbers of its inputs' nodes (-1: needs no
        gradient; at least `node.LEAF_SEQ`: a leaf's). It is called right after the op. For
        an op of several outputs, a record ``(None, port, seq, nr)`` follows for each: a
        parent may be the number of such a port.
    rows : callable(count) -> callable(record) or None
        Instead of `op`: gives the callable for records of nodes with so many parents
        (`PORT` for those of ports), which may be the ``extend`` of a list. Ops without a
        node are not told.
    overflow : callable() or None
        About every `BATCH` nodes: time to make room for more rows.
    step : callable(seq) or None
        A backward node is about to run.
    gradient : callable(node, g) or None
        The same, with the node and the gradient that arrived: a bare array or scalar, a
        tuple of them for a node of several outputs, None where none arrived.
    leaf : callable(leaf, seq, grad) or None
        A gradient is about to be added to a leaf's ``.grad``; ``seq`` is its node's.
    met : callable(leaf, seq) or None
        A leaf got a node of this number, which parents of later records refer to.
    begin, end : callable(run), callable(run, error) or None
        A backward run starts and is over.
    note : callable(seq, what) or None
        The run ``paused`` before this node; somebody ``edited`` the gradient that it is about
        to get, or had the last step, which was this node's, ``undone``.
    """

    __slots__ = (
        "begin", "end", "gradient", "leaf", "met", "note", "op", "overflow", "rows", "step",
    )  # fmt: skip

    def __init__(
        self, op: Any = None, step: Any = None, gradient: Any = None, leaf: Any = None,
        begin: Any = None, end: Any = None, met: Any = None, note: Any = None,
        rows: Any = None, overflow: Any = None,
    ):  # fmt: skip
        self.op = op
        self.rows = rows
        self.overflow = overflow
        self.met = met
        self.note = note
        self.step = step
        self.gradient = gradient
        self.leaf = leaf
        self.begin = begin
        self.end = end


_taps: tuple[Tap, ...] = ()


def add_tap(tap: Tap) -> None:
    """Hand bare facts to `tap` from now on (in all threads)."""
    with _lock:
        _set_taps((*_taps, tap))


def remove_tap(tap: Tap) -> None:
    """Stop handing facts to `tap`; harmless if it was not added."""
    with _lock:
        _set_taps(tuple(known for known in _taps if known is not tap))


def note(seq: int, what: str) -> None:
    """Tell all taps of a stop and what a person did there, also while `untapped`."""
    for tap in _taps:
        if tap.note is not None:
            tap.note(seq, what)


_deaf = 0


@contextmanager
def untapped() -> Iterator[None]:
    """Hand nothing to the taps inside the ``with`` block: what runs there is not the user's."""
    global _deaf
    with _lock:
        _deaf += 1
        _set_taps(_taps)
    try:
        yield
    finally:
        with _lock:
            _deaf -= 1
            _set_taps(_taps)


def _set_taps(taps: tuple[Tap, ...]) -> None:
    global _taps
    state.count_taps(len(taps) - len(_taps))
    _taps = taps
    taps = () if _deaf else taps
    if len(taps) <= 1:
        state.tap = taps[0] if taps else None
    else:
        state.tap = Tap(**{name: _fan_out(name, taps) for name in Tap.__slots__ if name != "rows"})
    counts = (*range(_LISTED), PORT)  # PORT is the last, and so has its own number as index
    state.op_sinks = [_sink(taps, count) for count in counts] if taps else None


def _sink(taps: tuple[Tap, ...], count: int) -> Any:
    """Where records of ops with so many parents go."""
    sinks = [tap.op for tap in taps if tap.op is not None]
    sinks += [tap.rows(count) for tap in taps if tap.rows is not None]
    return _all_of(sinks) or id  # `id`: a callable in C that does nothing with a record


def _fan_out(name: str, taps: tuple[Tap, ...]) -> Any:
    return _all_of([sink for tap in taps if (sink := getattr(tap, name)) is not None])


def _all_of(sinks: list[Any]) -> Any:
    """One callable for several; None for none."""
    if len(sinks) <= 1:
        return sinks[0] if sinks else None

    def tell_all(*args: Any) -> None:
        for sink in sinks:
            sink(*args)

    return tell_all


def overflow() -> None:
    """Tell who taps to make room; called by the fast paths every `BATCH` nodes."""
    tap = state.tap
    if tap is not None and tap.overflow is not None:
        tap.overflow()


def tap_op(kind: Any, node: Any, out: Any, outputs: Sequence[Any] = ()) -> None:
    """Hand an op that took the general road, or made no node, to the tap."""
    sinks = state.op_sinks
    if sinks is None:
        return
    scope = state.modes.scope
    if node is None:
        if state.tap.op is not None:
            code, lasti = user_location(3)
            state.tap.op((kind, -1, out.shape, out.dtype, code, lasti, scope, 0))
        return
    node.scope = scope
    nexts = node.next
    parents = (-1 if n is None else n.seq for n in nexts)
    seq = node.seq
    sink = sinks[len(nexts)] if len(nexts) < _LISTED else _sink(_taps, len(nexts))
    sink(
        (kind, seq, out.shape, out.dtype, node.code, node.lasti, scope, saved_bytes(node), *parents)
    )
    if node.outputs != 1:
        for port in (getattr(x, "_fn", None) for x in outputs):
            if port.__class__ is Output:
                sinks[PORT]((None, port.seq, seq, port.nr))
    if not seq & (BATCH - 1):
        overflow()


listeners: tuple[Listener, ...] = ()
L = TypeVar("L", bound=Listener)


def add_listener(listener: Listener) -> None:
    """Tell `listener` everything from now on (in all threads)."""
    global listeners
    with _lock:
        listeners = (*listeners, listener)
    state.count_listener(+1)


def remove_listener(listener: Listener) -> None:
    """Stop telling `listener`; harmless if it was not listening."""
    global listeners
    with _lock:
        if not any(known is listener for known in listeners):
            return
        listeners = tuple(known for known in listeners if known is not listener)
    state.count_listener(-1)


@contextmanager
def listen(listener: L) -> Iterator[L]:
    """Tell `listener` everything inside the ``with`` block."""
    add_listener(listener)
    try:
        yield listener
    finally:
        remove_listener(listener)


def tell(method: str, *args: Any) -> Any:
    """Call a method of every listener; the last answer that is not None counts."""
    answer = None
    for listener in listeners:
        try:
            said = getattr(listener, method)(*args)
        except BackwardStopped:
            raise
        except Exception as error:
            raise ListenerError(
                f"the listener {type(listener).__name__}.{method} raised "
                f"{type(error).__name__}: {error}"
            ) from error
        if said is not None:
            answer = said
    return answer


def emit_op(
    op: str, node: Any, inputs: tuple[Any, ...], outputs: tuple[Any, ...], seconds: float
) -> None:
    """Tell the listeners that an op ran."""
    code, lasti = (node.code, node.lasti) if node is not None else user_location(3)
    tell("on_op", op, node, inputs, outputs, state.modes.scope, code, lasti, seconds)
