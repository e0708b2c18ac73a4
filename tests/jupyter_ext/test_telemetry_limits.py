"""What is sent in a second is bounded, and so is what is sent at once; counted, not timed."""

from __future__ import annotations

import json
from collections.abc import Callable

import pytest

import autograd_core as ag
from jupyter_ext.telemetry import Encoder, Frame, stream
from jupyter_ext.telemetry.stream import BYTES_A_SECOND, Stream

FRAME_MOST = 256 << 10
BUFFER_MOST = 4 << 20


def train(iterations: int = 1, ops: int = 10) -> None:
    w = ag.tensor([0.5, -0.2], requires_grad=True)
    for _ in range(iterations):
        y = w
        for _ in range(ops):
            y = y * 1.01
        y.sum().backward()
        w.grad = None


class Play:
    """A stream on a clock of its own: whenever it waits, the program goes on, and time with it.

    Parameters
    ----------
    program : callable(seconds)
        Does what the program does in so many seconds.
    rate : float
        Of the stream.
    seconds : float
        After which the program is over.
    cost : float
        Seconds that it takes to send a frame.
    """

    def __init__(
        self,
        monkeypatch: pytest.MonkeyPatch,
        program: Callable[[float], None],
        rate: float,
        seconds: float,
        cost: float = 0.0,
    ):
        self.now = 0.0
        self.sent: list[tuple[float, Frame]] = []
        monkeypatch.setattr(stream, "perf_counter", lambda: self.now)
        with ag.debug.trace() as self.trace:
            live = Stream(self.trace, self._take, rate)

            def wait(wanted: float) -> bool:
                program(wanted)
                self.now += wanted
                return self.now > seconds

            self.cost = cost
            monkeypatch.setattr(live._over, "wait", wait)
            live._run()

    def _take(self, frame: Frame) -> None:
        self.sent.append((self.now, frame))
        self.now += self.cost

    def in_a_second(self, what: Callable[[list[tuple[float, Frame]]], int]) -> int:
        """The most of something in any second."""
        return max(
            what([entry for entry in self.sent if begin <= entry[0] < begin + 1 - 1e-6])
            for begin, _ in self.sent
        )


def flushes(sent: list[tuple[float, Frame]]) -> int:
    return len({when for when, _ in sent})


def total(sent: list[tuple[float, Frame]]) -> int:
    return sum(len(frame.buffer) for _, frame in sent)


@pytest.mark.parametrize(("asked", "most"), [(5, 5), (20, 20), (1000, 20)])
def test_no_more_flushes_a_second_than_asked_for_and_never_more_than_20(
    monkeypatch: pytest.MonkeyPatch, asked: float, most: int
) -> None:
    play = Play(monkeypatch, lambda seconds: train(), rate=asked, seconds=4)
    assert most - 1 <= play.in_a_second(flushes) <= most


def test_a_program_that_makes_more_than_can_be_drawn_sends_no_more_bytes(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Ten times as much is made as may be sent; what is sent are whole iterations."""

    def fast(seconds: float) -> None:
        for _ in range(max(int(seconds * 10 * BYTES_A_SECOND / 160_000), 1)):
            train(ops=1000)

    play = Play(monkeypatch, fast, rate=20, seconds=3)
    one = 250_000  # bytes of one iteration
    assert BYTES_A_SECOND / 2 < play.in_a_second(total) <= BYTES_A_SECOND + one
    assert all(len(frame.buffer) < FRAME_MOST for _, frame in play.sent)
    assert play.trace.last_iteration > 100


def test_a_slow_way_to_the_browser_takes_a_fifth_of_the_time_at_most(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    play = Play(monkeypatch, lambda seconds: train(), rate=20, seconds=20, cost=0.1)
    assert len(play.sent) * 0.1 <= 0.2 * play.now + 0.1
    assert len(play.sent) > 20


def test_a_long_iteration_comes_in_portions_and_each_row_once() -> None:
    rows: list[int] = []
    w = ag.tensor([1.0], requires_grad=True)
    with ag.debug.trace() as t:
        encoder = Encoder(t)
        y = w
        for _ in range(20):
            for _ in range(200):
                y = y * 1.01
            for frame in encoder.news(most=4000):
                table = frame.header["tables"].get("nodes", {"start": 0, "count": 0})
                rows += range(table["start"], table["start"] + table["count"])
    assert rows == list(range(len(t.nodes)))


def test_a_huge_iteration_is_split_into_small_buffers() -> None:
    with ag.debug.trace(memory=256 << 20) as t:
        train(ops=40_000)
    frames = Encoder(t).news()
    assert sum(len(frame.buffer) for frame in frames) > BUFFER_MOST
    assert max(len(frame.buffer) for frame in frames) < FRAME_MOST
    assert sum(frame.header["tables"].get("nodes", {"count": 0})["count"] for frame in frames) == (
        len(t.nodes)
    )


def test_what_a_header_repeats_does_not_grow_with_the_run() -> None:
    """Texts, shapes and places are sent once, so that a long run has small headers."""
    with ag.debug.trace() as t:
        encoder = Encoder(t)
        train()
        first = encoder.news()
        train(200)
        later = encoder.news()
    assert len(json.dumps(later[-1].header)) < len(json.dumps(first[0].header))
