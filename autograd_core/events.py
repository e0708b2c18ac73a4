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
"""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from types import CodeType
from typing import TYPE_CHECKING, Any, TypeVar

from . import state
from .errors import ListenerError
from .source import user_location

if TYPE_CHECKING:
    from .engine import Run
    from .node import Node
    from .tensor import Tensor


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

    def before_node(
        self, run: Run, node: Node, grads: tuple[Any, ...]
    ) -> tuple[Any, ...] | None:
        """A node is about to run with these gradients; return others to replace them."""

    def after_node(
        self, run: Run, node: Node, grads: tuple[Any, ...], results: tuple[Any, ...], seconds: float
    ) -> tuple[Any, ...] | None:
        """A node ran and gave these; return others to replace them."""

    def on_accumulate(self, run: Run, leaf: Tensor, grad: Any) -> None:
        """A leaf is about to add this gradient to its ``.grad``."""


listeners: tuple[Listener, ...] = ()
_lock = threading.Lock()
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
