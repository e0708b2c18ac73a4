"""When frames are sent: some ten times a second while the trace grows, at a stop, at the end.

A thread of its own does it, so that a picture grows also while the cell is deep in one call.
What is sent in a second is bounded: a browser that gets more than it can draw falls behind,
and shows everything late, also the output of other cells.
"""

from __future__ import annotations

import threading
from collections.abc import Callable
from time import perf_counter
from typing import TYPE_CHECKING, Any

from .encode import Encoder, Frame

if TYPE_CHECKING:
    from autograd_core.debug import Trace

RATE = 10.0
"""Flushes a second, unless told otherwise; 20 at most."""
FASTEST = 20.0
BYTES_A_SECOND = 2 << 20
"""What all frames of a second hold at most, about."""


class Stream:
    """Sends what is new in a trace until it is stopped.

    Parameters
    ----------
    trace : Trace
        Being recorded.
    send : callable(frame)
        Called from the stream's thread, and from that which calls `flush`; never twice at
        a time.
    rate : float
        Flushes a second.
    """

    def __init__(self, trace: Trace, send: Callable[[Frame], None], rate: float = RATE):
        self.encoder = Encoder(trace)
        self.send = send
        self.pause = 1.0 / min(max(rate, 0.1), FASTEST)
        self._lock = threading.Lock()
        self._over = threading.Event()
        self._thread = threading.Thread(target=self._run, name="autograd-telemetry", daemon=True)

    def start(self) -> Stream:
        """Begin to send."""
        self._thread.start()
        return self

    def stop(self) -> None:
        """Send what is left, and end."""
        self._over.set()
        if self._thread.is_alive() and self._thread is not threading.current_thread():
            self._thread.join(timeout=2.0)
        self.flush()

    def flush(self) -> None:
        """Send what is new now, as before somebody looks."""
        with self._lock:
            self._flush(4 << 20)

    def _run(self) -> None:
        wait = self.pause
        while not self._over.wait(wait):
            begun = perf_counter()
            with self._lock:
                sent = self._flush(int(BYTES_A_SECOND * self.pause))
            spent = perf_counter() - begun
            wait = max(self.pause, 4 * spent, sent / BYTES_A_SECOND)  # a fifth of a core at most

    def _flush(self, most: int) -> int:
        frames = self.encoder.news(most)
        for frame in frames:
            self.send(frame)
        return sum(len(frame.buffer) for frame in frames)


def message_of(frame: Frame) -> tuple[dict[str, Any], list[bytes]]:
    """A frame as content and buffers of a comm message."""
    return frame.header, [frame.buffer]
