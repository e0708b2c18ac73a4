"""Frames bring a browser exactly what is in the trace, in bounded portions."""

from __future__ import annotations

import json
import struct
import time

import numpy as np
import pytest

import autograd_core as ag
from autograd_core.debug.stepping import front as debug_front
from autograd_core.debug.trace.traced import EDGE, NODE, RUN, STEP
from autograd_core.node import public_seq
from jupyter_ext.telemetry import Encoder, pack
from jupyter_ext.telemetry.encode import FRAME_BYTES
from jupyter_ext.telemetry.history import history
from jupyter_ext.telemetry.stream import Stream

TABLES = {"nodes": NODE, "edges": EDGE, "steps": STEP, "runs": RUN}


def train(iterations: int = 1, ops: int = 3) -> None:
    w = ag.tensor([0.5, -0.2], requires_grad=True)
    for _ in range(iterations):
        y = w
        for _ in range(ops):
            y = (y * 1.01).tanh()
        y.sum().backward()
        w.grad = None


class Browser:
    """Puts frames together as the browser does."""

    def __init__(self) -> None:
        self.trace = ""
        self.frames = []

    def take(self, frame) -> None:
        header = json.loads(json.dumps(frame.header, allow_nan=False))
        if header["trace"] != self.trace or header.get("whole"):
            self.trace = header["trace"]
            self.lists = {name: [] for name in ("texts", "scopes", "shapes", "places")}
            self.rows = {name: {} for name in TABLES}
        assert len(frame.buffer) < 256 << 10
        self.frames.append(header)
        for name, known in self.lists.items():
            known += header[name]
        for name, table in header["tables"].items():
            columns = {}
            for column, (kind, offset) in table["columns"].items():
                assert offset % 8 == 0
                columns[column] = np.frombuffer(
                    frame.buffer, np.dtype("<" + kind), table["count"], offset
                )
            assert columns["id"][0] == table["start"]
            for i, row in enumerate(columns["id"].tolist()):
                self.rows[name][row] = {c: v[i].item() for c, v in columns.items()}

    def matches(self, trace, iteration=None) -> None:
        for name in ("edges", "steps", "runs", "nodes"):
            table = trace.table(name)
            for row, values in self.rows[name].items():
                for column in TABLES[name]:
                    if column in ("step", "device", "seconds"):
                        continue  # filled in later: known from the steps, and from the next one
                    expected = table.column(column)[row - table.first]
                    if column == "seq":
                        expected = public_seq(int(expected))
                    assert np.array_equal(values[column], float(expected), equal_nan=True), column


def all_of(encoder, browser) -> None:
    for frame in encoder.news():
        browser.take(frame)


def test_news_are_sent_once_and_are_what_the_trace_has():
    browser = Browser()
    with ag.debug.trace() as t:
        encoder = Encoder(t)
        assert encoder.news() == []
        train(2)
        all_of(encoder, browser)
        assert encoder.news() == []
        train(1)
        all_of(encoder, browser)
    all_of(encoder, browser)
    assert {n: len(rows) for n, rows in browser.rows.items()} == {
        n: len(t.table(n)) for n in TABLES
    }
    browser.matches(t)
    places = [p for p in browser.lists["places"] if p]
    assert "tanh" in " ".join(p["text"] for p in places)
    numbers = [f["sequence"] for f in browser.frames]
    assert numbers == list(range(1, len(numbers) + 1))


def test_much_is_split_and_what_is_too_much_begins_with_the_newest_iteration():
    browser = Browser()
    with ag.debug.trace() as t:
        encoder = Encoder(t)
        train(1, ops=3000)
        frames = encoder.news()
        assert len(frames) > 2
        for frame in frames:
            assert len(frame.buffer) <= FRAME_BYTES + 1024
            browser.take(frame)
        train(30, ops=20)
        frames = encoder.news(most=20_000)
        for frame in frames:
            browser.take(frame)
    newest = {row["iteration"] for row in browser.rows["nodes"].values()}
    assert newest == {0, t.last_iteration}
    browser.matches(t)


def test_what_is_known_of_older_nodes_later_is_sent_when_it_is():
    w = ag.tensor([0.5, -0.2], requires_grad=True)
    older = w * 2.0
    browser = Browser()

    def told() -> list[tuple[str, str]]:
        all_of(encoder, browser)
        texts = browser.lists["texts"]
        return [(texts[n["op"]], texts[n["name"]]) for n in browser.rows["nodes"].values()]

    with ag.debug.trace() as t:
        encoder = Encoder(t)
        y = (older * w).sum()
        assert sorted(told()) == [
            ("AccumulateGrad", ""),
            ("MulBackward0", ""),
            ("SumBackward0", ""),
            ("earlier", ""),
        ]
        meanwhile = []
        y.register_hook(lambda g: meanwhile.append(told()))
        y.backward()
        assert ("AccumulateGrad", "w") in meanwhile[0]
        assert ("earlier", "") not in told()
        assert encoder.news() == []
    browser.matches(t)


def test_one_iteration_on_request():
    with ag.debug.trace() as t:
        train(5)
    browser = Browser()
    for frame in Encoder(t).iteration(3):
        assert not frame.header["live"]
        browser.take(frame)
    assert {row["iteration"] for row in browser.rows["nodes"].values()} == {3}
    assert len(browser.rows["nodes"]) == len(t.find(iteration=3))
    assert len(browser.rows["steps"]) == len(browser.rows["nodes"])
    browser.matches(t)
    with pytest.raises(ValueError, match=r"iteration 9 is not in the trace, which has 0 to 4"):
        Encoder(t).iteration(9)


def test_one_who_comes_late_gets_what_others_have_and_goes_on_with_them():
    early, late = Browser(), Browser()
    with ag.debug.trace() as t:
        encoder = Encoder(t)
        assert encoder.whole() == []  # everything comes with the first news
        train(4, ops=800)
        all_of(encoder, early)
        train(1, ops=800)  # nobody has got this yet
        for frame in encoder.whole():
            late.take(frame)
        first, *_, last = late.frames
        assert first["whole"] is True
        assert first["sequence"] == 0
        assert last["sequence"] == early.frames[-1]["sequence"]
        assert {row["iteration"] for row in late.rows["nodes"].values()} == {2, 3}
        for frame in encoder.news():
            early.take(frame)
            late.take(frame)
    assert late.lists == early.lists
    for name, rows in late.rows.items():
        assert rows.keys() <= early.rows[name].keys()
        assert max(rows) == max(early.rows[name])
    late.matches(t)


def test_an_iteration_for_one_of_many_brings_nothing_that_the_others_would_miss():
    browser, other = Browser(), Browser()
    with ag.debug.trace() as t:
        encoder = Encoder(t)
        train(3)
        all_of(encoder, browser)
        x = ag.tensor([1.0], requires_grad=True)
        x.exp().backward()  # its text is new, and not sent yet
        assert encoder.part(3) == []
        for frame in encoder.part(1):
            assert not any(frame.header[name] for name in ("texts", "scopes", "shapes", "places"))
            other.take(frame)
        all_of(encoder, browser)
    assert {row["iteration"] for row in other.rows["nodes"].values()} == {1}
    assert len(other.rows["steps"]) == len(other.rows["nodes"])
    assert "ExpBackward0" in browser.lists["texts"]
    numbers = [f["sequence"] for f in browser.frames]
    assert numbers == list(range(1, len(numbers) + 1))


def test_the_history_of_parameters_is_what_backward_found():
    with ag.debug.trace() as t:
        w = ag.tensor([3.0, 4.0], requires_grad=True)
        never = ag.tensor([1.0], requires_grad=True)
        for scale in (1.0, 0.0, float("inf")):
            w.grad = None
            (w * scale).sum().backward()
        del never
    told = history(t)
    assert told["first"] == 0
    assert told["parameters"] == {"w": [pytest.approx(2**0.5), 0.0, "inf"]}
    assert history(ag.debug.Trace()) == {}


def test_a_trace_that_renumbers_its_texts_begins_anew():
    browser = Browser()
    with ag.debug.trace(memory=1 << 16) as t:
        encoder = Encoder(t)
        train(2, ops=10)
        all_of(encoder, browser)
        first = browser.trace
        x = ag.tensor([1.0], requires_grad=True)
        for n in range(40):
            (x.expand(n + 1) * 2).sum().backward()
        train(200, ops=10)
        all_of(encoder, browser)
    assert t.dropped
    assert browser.trace != first
    browser.matches(t)


def test_a_snapshot_holds_all_frames_or_nothing():
    with ag.debug.trace() as t:
        train(1, ops=2000)
    frames = Encoder(t).iteration(0)
    packed = pack(frames)
    at, found = 0, []
    while at < len(packed):
        (length,) = struct.unpack_from("<I", packed, at)
        header = json.loads(packed[at + 4 : at + 4 + length])
        at += 4 + length
        (length,) = struct.unpack_from("<I", packed, at)
        found.append((header, packed[at + 4 : at + 4 + length]))
        at += 4 + length
    assert [h for h, _ in found] == [json.loads(json.dumps(f.header)) for f in frames]
    assert [b for _, b in found] == [f.buffer for f in frames]
    assert pack(frames, most=10_000) == b""


def test_a_stream_sends_while_the_program_runs_and_the_rest_at_the_end():
    browser = Browser()
    with ag.debug.trace() as t:
        stream = Stream(t, browser.take, rate=20).start()
        train(3)
        end = time.monotonic() + 10
        while not browser.frames and time.monotonic() < end:
            time.sleep(0.01)
        assert browser.frames
        train(3)
    stream.stop()
    assert len(browser.rows["nodes"]) == len(t.nodes)
    browser.matches(t)
    assert not stream._thread.is_alive()


def test_what_changes_later_is_sent_again():
    browser = Browser()
    with ag.debug.trace() as t:
        encoder = Encoder(t)

        class Front(debug_front.Front):
            commands = ["over", "back", "continue"]

            def can_ask(self):
                return None

            def read(self, prompt):
                all_of(encoder, browser)
                return self.commands.pop(0)

        with ag.debug.debugger().session(["op:Tanh"], front=Front()):
            train(1, ops=1)
        all_of(encoder, browser)
    assert [row["edited"] for _, row in sorted(browser.rows["steps"].items())].count(2.0) == 1
    assert all(np.isfinite(row["end"]) for row in browser.rows["runs"].values())
    browser.matches(t)
