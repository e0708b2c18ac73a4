"""Streams and events of a GPU, over CuPy's."""

from __future__ import annotations

from typing import Any

from .devices import cupy, index_of, is_available
from .devices import device as _device


class Stream:
    """A queue of work on a GPU; queues run beside one another.

    Parameters
    ----------
    device : device, str or int, optional
        Default: the current one.
    priority : int, default 0
        Lower numbers come first.

    Raises
    ------
    RuntimeError
        Without a GPU.
    """

    def __init__(self, device: Any = None, priority: int = 0, **options: Any):
        if not is_available():
            raise RuntimeError("torch.cuda.Stream requires CUDA support")
        self.device_index = index_of(device)
        given = options.get("stream")
        with _device(self.device_index):
            self.stream = given or cupy().cuda.Stream(non_blocking=True, priority=priority)

    @property
    def cuda_stream(self) -> int:
        """CUDA's handle."""
        return int(self.stream.ptr)

    def wait_event(self, event: Event) -> None:
        """Let what is queued from here on wait for an event."""
        event.wait(self)

    def wait_stream(self, stream: Stream) -> None:
        """Let what is queued from here on wait for what is queued in another stream now."""
        self.wait_event(stream.record_event())

    def record_event(self, event: Event | None = None) -> Event:
        """An event that happens when what is queued now is done."""
        event = event or Event()
        event.record(self)
        return event

    def query(self) -> bool:
        """Whether all work is done."""
        return bool(self.stream.done)

    def synchronize(self) -> None:
        """Wait for all work."""
        self.stream.synchronize()

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Stream) and (self.device_index, self.cuda_stream) == (
            other.device_index,
            other.cuda_stream,
        )

    def __hash__(self) -> int:
        return hash((self.device_index, self.cuda_stream))

    def __repr__(self) -> str:
        return (
            f"<torch.cuda.Stream device=cuda:{self.device_index} cuda_stream={self.cuda_stream:#x}>"
        )


class Event:
    """A point in a stream: to wait for, and to measure the time between two.

    Parameters
    ----------
    enable_timing : bool, default False
        Whether `elapsed_time` may be asked.
    blocking : bool, default False
        Whether `synchronize` sleeps rather than spins.
    interprocess : bool, default False
        Has no effect.

    Raises
    ------
    RuntimeError
        Without a GPU.
    """

    def __init__(
        self, enable_timing: bool = False, blocking: bool = False, interprocess: bool = False
    ):
        if not is_available():
            raise RuntimeError("torch.cuda.Event requires CUDA support")
        self.event = cupy().cuda.Event(block=blocking, disable_timing=not enable_timing)

    def record(self, stream: Stream | None = None) -> None:
        """Happen when what is queued in a stream now (default: the current one) is done."""
        self.event.record((stream or current_stream()).stream)

    def wait(self, stream: Stream | None = None) -> None:
        """Let a stream (default: the current one) wait for this."""
        (stream or current_stream()).stream.wait_event(self.event)

    def query(self) -> bool:
        """Whether it has happened."""
        return bool(self.event.done)

    def elapsed_time(self, end_event: Event) -> float:
        """Milliseconds from this event to another; both need ``enable_timing=True``."""
        return float(cupy().cuda.get_elapsed_time(self.event, end_event.event))

    def synchronize(self) -> None:
        """Wait until it has happened."""
        self.event.synchronize()


class StreamContext:
    """Makes a stream the current one inside a ``with`` block; None changes nothing."""

    def __init__(self, stream: Stream | None):
        self.stream = stream

    def __enter__(self) -> None:
        if self.stream is not None:
            self._device = _device(self.stream.device_index)
            self._device.__enter__()
            self.stream.stream.__enter__()

    def __exit__(self, *exc: Any) -> None:
        if self.stream is not None:
            self.stream.stream.__exit__(*exc)
            self._device.__exit__(None, None, None)


def stream(stream: Stream | None) -> StreamContext:
    """Make a stream the current one inside a ``with`` block; None changes nothing."""
    return StreamContext(stream)


def set_stream(stream: Stream | None) -> None:
    """Make a stream the current one from here on; None changes nothing."""
    if stream is not None:
        stream.stream.use()


def current_stream(device: Any = None) -> Stream:
    """The stream to which work goes now."""
    library, index = cupy(), index_of(device)
    with _device(index):
        return Stream(index, stream=library.cuda.get_current_stream())


def default_stream(device: Any = None) -> Stream:
    """The stream to which work goes unless told otherwise."""
    library, index = cupy(), index_of(device)
    return Stream(index, stream=library.cuda.Stream.null)
