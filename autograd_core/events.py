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
from .errors import ListenerError
from .node import Output
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


class Tap:
    """Bare facts for recorders; every callable may be None.

    Nothing passed may be kept except what `op` and `step` get, which refers to no tensor
    and no node.

    Attributes
    ----------
    op : callable(record) or None
        An op ran. ``record`` is a tuple ``(kind, seq, shape, dtype, code, lasti, scope,
        *parents)``: the node's class (the op's name where no node was made), the node's
        number (-1), shape and NumPy dtype of the (first) output, where in the user's
        code, the module path, and the numbers of its inputs' nodes (-1: needs no
        gradient; at least `node.LEAF_SEQ`: a leaf's). It is called right after the op. For
        an op of several outputs, a record ``(None, port, seq, nr)`` follows for each: a
        parent may be the number of such a port.
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
    """

    __slots__ = ("begin", "end", "gradient", "leaf", "met", "op", "step")

    def __init__(
        self, op: Any = None, step: Any = None, gradient: Any = None, leaf: Any = None,
        begin: Any = None, end: Any = None, met: Any = None,
    ):  # fmt: skip
        self.op = op
        self.met = met
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


def _set_taps(taps: tuple[Tap, ...]) -> None:
    global _taps
    state.count_taps(len(taps) - len(_taps))
    _taps = taps
    if len(taps) <= 1:
        state.tap = taps[0] if taps else None
    else:
        state.tap = Tap(**{name: _fan_out(name, taps) for name in Tap.__slots__})
    state.op_sink = None if state.tap is None else state.tap.op


def _fan_out(name: str, taps: tuple[Tap, ...]) -> Any:
    sinks = [sink for tap in taps if (sink := getattr(tap, name)) is not None]
    if len(sinks) <= 1:
        return sinks[0] if sinks else None

    def tell_all(*args: Any) -> None:
        for sink in sinks:
            sink(*args)

    return tell_all


def tap_op(kind: Any, node: Any, out: Any, outputs: Sequence[Any] = ()) -> None:
    """Hand an op that took the general road to the tap."""
    sink = state.tap.op
    if sink is None:
        return
    if node is None:
        seq = -1
        parents: tuple[int, ...] = ()
        code, lasti = user_location(3)
    else:
        seq, code, lasti = node.seq, node.code, node.lasti
        parents = tuple(-1 if n is None else n.seq for n in node.next)
    sink((kind, seq, out.shape, out.dtype, code, lasti, state.modes.scope, *parents))
    if node is not None and node.outputs != 1:
        for port in (getattr(x, "_fn", None) for x in outputs):
            if port.__class__ is Output:
                sink((None, port.seq, seq, port.nr))


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
