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

from ..protocol import FASTEST
from .encode import Encoder, Frame

if TYPE_CHECKING:
    from autograd_core.debug import Trace

RATE = 10.0
"""Flushes a second, unless told otherwise; `FASTEST` at most."""
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
        self.set_rate(rate)
        self._lock = threading.Lock()
        self._over = threading.Event()
        self._thread = threading.Thread(target=self._run, name="autograd-telemetry", daemon=True)

    def set_rate(self, rate: float) -> None:
        """Send so often a second from now on."""
        self.pause = 1.0 / min(max(rate, 0.1), FASTEST)

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

    # -------------------------------------------------------------- for those who come late

    def send_all(self) -> None:
        """Send all there is again, under another name: whoever listens begins anew."""
        with self._lock:
            self.encoder = Encoder(self.encoder.trace, again=True)
            self._flush(4 << 20)

    def catch_up(self) -> list[Frame]:
        """What everybody has got until now; what comes next goes on from there."""
        with self._lock:
            if not self._begun():
                self.encoder.news()  # nobody has got anything: it begins with this one
                if not self._over.is_set():
                    self._thread.start()
            return self.encoder.whole()

    def iteration(self, number: int) -> list[Frame]:
        """All of one iteration, for one who has got what was sent until now."""
        with self._lock:
            return self.encoder.part(number)

    def _begun(self) -> bool:
        return self._thread.ident is not None

    # -------------------------------------------------------------- sending

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
