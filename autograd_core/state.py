"""What the engine must know before it can take its fast path.

Every generated op begins with one question, ``if state.special:``.  The answer is zero
as long as no thread has left the default modes and nobody listens; everything unusual
(``no_grad``, anomaly mode, saved-tensor hooks, listeners ...) raises it by one.
"""

from __future__ import annotations

import itertools
import threading
from typing import Any

special: int = 0
"""How many reasons there are, over all threads, not to take the fast path."""

listening: int = 0
"""How many of those reasons are listeners (see `autograd_core.events`)."""

harmless: int = 0
"""How many of those reasons the fast paths can serve: taps, and threads in no_grad."""

muted: int = 0
"""How many threads are in no_grad."""

tap: Any = None
"""Where bare facts go while somebody taps."""

op_sinks: Any = None
"""While somebody taps: where records of ops go, a list by the number of their parents."""

cut: Any = None
"""Told where values leave the graph or enter it anew: ``callable(how, source, result)``."""

driver: Any = None
"""Who takes backward runs to their end in place of their own loop: ``callable(run)``."""

next_sequence = itertools.count().__next__
"""The number of the next node: later nodes have larger ones, so larger runs first."""

_lock = threading.Lock()


class _Modes(threading.local):
    """The modes of one thread, each at its default until somebody sets it."""

    grad: bool = True
    inference: bool = False
    anomaly: bool = False
    anomaly_nan: bool = True
    saved_hooks: tuple[Any, ...] = ()
    saved_hooks_off: str | None = None
    forward_level: int = -1
    forward_duals: tuple[Any, ...] = ()
    scope: tuple[str, ...] = ()
    before_write: Any = None
    autocast: Any = None
    kept_outputs: Any = None
    run: Any = None


modes = _Modes()
_DEFAULTS = {name: getattr(_Modes, name) for name in _Modes.__annotations__}
_NEVER_SPECIAL = {"scope", "anomaly_nan", "saved_hooks_off", "before_write", "run"}


def set_mode(name: str, value: Any) -> Any:
    """Set a mode of the calling thread.

    Parameters
    ----------
    name : str
        An attribute of `modes`.
    value : object
        The new value.

    Returns
    -------
    object
        The value before, to be handed back when the mode ends.
    """
    global special, harmless, muted
    previous = getattr(modes, name)
    setattr(modes, name, value)
    if name not in _NEVER_SPECIAL:
        default = _DEFAULTS[name]
        change = int(value != default) - int(previous != default)
        if change:
            with _lock:
                special += change
                if name == "grad":
                    harmless += change
                    muted += change
    return previous


def entered(source: Any, made: Any) -> Any:
    """A new tensor of values from outside the graph, after who watches for that was told."""
    if cut is not None:
        cut("tensor", source, made)
    return made


def count_listener(change: int) -> None:
    """Add (+1) or take away (-1) a listener from the reasons to look closer."""
    global special, listening
    with _lock:
        special += change
        listening += change


def count_taps(change: int) -> None:
    """Add or take away taps, which the fast paths can serve."""
    global special, harmless
    with _lock:
        special += change
        harmless += change
