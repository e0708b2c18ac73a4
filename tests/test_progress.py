"""Bars for what takes long: when they come and go, and who goes first."""

import io
import threading
from types import SimpleNamespace

import pytest
from terminal_screen import screen

import autograd_core as ag
from autograd_core import progress
from autograd_core.progress import Bar, aside, over


class Drawn:
    """A place that notes what is drawn."""

    def __init__(self, bar):
        self.what = bar.what
        self.total = bar.total
        self.shown = []
        self.hidden = 0
        self.closed = False

    def show(self, count, known):
        self.shown.append((count, known))

    def hide(self):
        self.hidden += 1

    def close(self):
        self.closed = True


@pytest.fixture
def clock(monkeypatch):
    """A clock that stands still until a test moves it; its `now` counts seconds."""
    clock = SimpleNamespace(now=0.0)
    clock.perf_counter = lambda: clock.now
    clock.time = lambda: clock.now
    monkeypatch.setattr(progress, "time", clock)
    monkeypatch.setattr(progress, "_stood_still", 0.0)
    monkeypatch.setattr(progress, "_shown", None)
    return clock


@pytest.fixture
def places(clock, monkeypatch):
    """The places of all bars that came, on a terminal that somebody watches."""
    made = []

    def open_(bar, where):
        made.append(Drawn(bar))
        return made[-1]

    monkeypatch.setattr(progress, "_open", open_)
    monkeypatch.setattr(Bar, "_where", lambda bar: "terminal")
    return made


def loop(clock, seconds, each=0.125, total=None):
    """A loop of so many seconds."""
    with over(range(round(seconds / each)), "working", total) as items:
        for _ in items:
            clock.now += each


def test_what_is_quick_has_no_bar(clock, places):
    for _ in range(50):  # many quick loops are not a long one
        loop(clock, 1.9)
    assert places == []


def test_what_is_long_has_one_that_goes(clock, places):
    loop(clock, 10, total=80)
    (bar,) = places
    assert (bar.what, bar.total, bar.closed) == ("working", 80, True)
    assert [count for count, _ in bar.shown] == list(range(16, 80, 2))  # from 2 s on, every 0.2 s


def test_it_goes_when_the_loop_fails(clock, places):
    with pytest.raises(ZeroDivisionError), over(range(50), "working") as items:
        for _ in items:
            clock.now += 1
            assert clock.now < 9 or 1 / 0
    assert places[0].closed
    assert progress._shown is None


def test_a_bar_that_fails_does_not_end_the_loop(clock, places, monkeypatch):
    def broken(self, count, known):
        raise BrokenPipeError("the terminal is gone")

    monkeypatch.setattr(Drawn, "show", broken)
    loop(clock, 10)
    assert clock.now == pytest.approx(10)
    assert len(places) == 1  # it was not tried again
    assert places[0].closed


def test_one_at_a_time(clock, places):
    with over(range(3), "outer") as items:
        for _ in items:
            clock.now += 3
            loop(clock, 5)
    assert [place.what for place in places] == ["working", "outer"]
    assert [count for count, _ in places[1].shown] == [1, 2]


def test_at_a_prompt_bars_hide_and_their_clock_stands(clock, places):
    bar = Bar("working")
    clock.now += 3
    bar.look(1)
    with aside():
        assert places[0].hidden == 1
        clock.now += 1000
        bar.look(2)
        with aside():
            clock.now += 1000
        quick = Bar("begun at the prompt")
    assert progress.clock() == pytest.approx(3)
    assert quick.due == pytest.approx(3 + progress.AFTER)
    bar.look(3)
    assert [count for count, _ in places[0].shown] == [1, 3]
    bar.close()


def test_another_thread_draws_nothing(clock, places):
    bar = Bar("working")
    clock.now += 3
    thread = threading.Thread(target=bar.look, args=(1,))
    thread.start()
    thread.join()
    assert places == []
    assert progress.clock() >= bar.due  # and does not put the owner off
    bar.look(2)
    assert places[0].shown == [(2, {})]
    bar.close()


def test_the_programs_own_bar_comes_first(clock, places):
    tqdm = pytest.importorskip("tqdm").tqdm
    ours = Bar("working")
    theirs = tqdm(total=10, file=io.StringIO())
    clock.now += 3
    ours.look(1)
    assert places == []
    theirs.close()
    ours.look(2)
    assert places[0].shown == [(2, {})]
    theirs = tqdm(total=10, file=io.StringIO())
    ours.look(3)
    assert places[0].closed
    theirs.close()
    ours.look(4)
    assert places[1].shown == [(4, {})]
    ours.close()


def test_at_a_prompt_tqdms_own_thread_leaves_the_programs_bar_alone():
    """It draws bars that it thinks are stuck: those whose `miniters` is above 1."""
    tqdm = pytest.importorskip("tqdm").tqdm
    with tqdm(total=10, file=io.StringIO(), miniters=1000) as bar:
        with aside():
            assert bar.miniters <= 1
            assert screen(bar.fp.getvalue()) == [""]
        assert bar.miniters == 1000


# ------------------------------------------------------------------ where somebody watches


class Stderr(io.StringIO):
    def __init__(self, terminal):
        super().__init__()
        self.isatty = lambda: terminal


@pytest.mark.parametrize(
    ("wanted", "terminal", "kernel", "where"),
    [
        (None, True, None, "terminal"),
        (None, False, None, None),  # a log
        (None, False, SimpleNamespace(_allow_stdin=True), "notebook"),
        (None, False, SimpleNamespace(_allow_stdin=False), None),  # nbconvert, papermill, nbval
        (True, False, None, "terminal"),
        (True, False, SimpleNamespace(_allow_stdin=False), "notebook"),
    ],
)
def test_where_it_is_drawn(monkeypatch, wanted, terminal, kernel, where):
    monkeypatch.setattr("sys.stderr", Stderr(terminal))
    monkeypatch.setattr(progress, "_kernel", lambda: kernel)
    assert Bar("working", progress=wanted)._where() == where
    monkeypatch.setenv("TQDM_DISABLE", "1")
    assert Bar("working", progress=wanted)._where() == (where if wanted else None)


def test_a_bar_that_is_not_wanted_is_never_due():
    assert Bar("working", progress=False).due == float("inf")


def test_without_tqdm_nothing_shows_and_nothing_breaks(clock, monkeypatch):
    for name in ("tqdm", "tqdm.std", "tqdm.auto"):
        monkeypatch.setitem(__import__("sys").modules, name, None)
    for name in ("terminal", "notebook"):
        monkeypatch.delitem(
            __import__("sys").modules, f"autograd_core.progress.{name}", raising=False
        )
    stderr = Stderr(True)
    monkeypatch.setattr("sys.stderr", stderr)
    monkeypatch.setattr(progress, "_kernel", lambda: None)
    loop(clock, 10)
    assert stderr.getvalue() == ""


# ------------------------------------------------------------------ what is counted


def test_a_trace_counts_backward_passes_and_knows_the_loss(clock, places):
    w = ag.tensor([1.0, 2.0], requires_grad=True)
    with ag.debug.trace() as trace:
        for step in range(6):
            (w * step).sum().backward()
            clock.now += 1
        w.backward(ag.ones(2))  # not a number
    (bar,) = places
    assert (bar.what, bar.closed) == ("backward", True)
    assert bar.shown == [
        (3, {"loss": "6"}), (4, {"loss": "9"}), (5, {"loss": "12"}), (6, {"loss": "15"}), (7, {})
    ]  # fmt: skip
    assert len(trace.runs) == 7


def test_a_first_pass_that_is_long_counts_nodes(clock, places):
    with ag.debug.trace(memory=1 << 16) as trace:
        x = ag.ones(2, requires_grad=True)
        clock.now += 5
        for _ in range(3000):
            x = x * 1.5
    assert places[0].shown[0][0] == 0
    assert int(places[0].shown[0][1]["nodes"].replace(",", "")) > 0
    assert trace.dropped


@pytest.mark.parametrize("stats", ["off", "basic"])
def test_a_trace_of_any_kind_counts(clock, places, stats):
    w = ag.tensor([1.0, 2.0], requires_grad=True)
    with ag.debug.trace(stats, every=2):
        for _ in range(4):
            clock.now += 1
            (w * w).sum().backward()
    assert [count for count, _ in places[0].shown] == [2, 3, 4]


def test_no_bar_unless_wanted(clock, places):
    w = ag.tensor([1.0, 2.0], requires_grad=True)
    recorder = ag.debug.Recorder().start()
    for recording in (ag.debug.trace(progress=False), recorder):
        with recording if recording is not recorder else aside():
            clock.now += 10
            (w * w).sum().backward()
    recorder.stop()
    assert places == []


def double(x):
    return x * 2.0


def slowly(clock, function):
    """The same function, which takes a second."""

    def slow(*args):
        clock.now += 1
        return function(*args)

    return slow


@pytest.mark.parametrize(
    ("what", "total", "run"),
    [
        ("vmap", 6, lambda f, x: ag.func.vmap(f)(x)),
        ("jacfwd", 6, lambda f, x: ag.func.jacfwd(f)(x)),
        ("finite differences", 6,
         lambda f, x: ag.autograd.gradcheck(f, x.requires_grad_(), check_undefined_grad=False)),
        ("gradcheck", 6,
         lambda f, x: ag.autograd.gradcheck(f, x.requires_grad_(), check_forward_ad=True)),
    ],
)  # fmt: skip
def test_loops_over_elements_have_a_bar(clock, places, what, total, run):
    run(slowly(clock, double), ag.ones(6, dtype=ag.float64))
    found = [place for place in places if place.what == what]
    assert found
    assert all(place.total == total and place.closed for place in found)
    assert found[0].shown[-1][0] == total - 1


@pytest.mark.parametrize(
    ("what", "jacobian"),
    [("jacrev", lambda f, x: ag.func.jacrev(f)(x)), ("jacobian", ag.autograd.functional.jacobian)],
)
def test_so_have_jacobians_row_by_row(clock, places, what, jacobian):
    class Slow(ag.autograd.Function):
        @staticmethod
        def forward(ctx, x):
            return x * 2.0

        @staticmethod
        def backward(ctx, g):
            clock.now += 1
            return g * 2.0

    found = jacobian(Slow.apply, ag.ones(6, dtype=ag.float64))
    assert found.tolist() == (2 * ag.eye(6)).tolist()
    assert [(place.what, place.total, place.closed) for place in places] == [(what, 6, True)]


def test_drawing_a_large_graph_has_a_bar(clock, places, monkeypatch):
    with ag.debug.trace() as trace:
        x = ag.ones(2, requires_grad=True)
        for _ in range(40):
            x = x * 1.5
        x.sum().backward()
    located = type(trace).location

    def slow(self, place):
        clock.now += 0.1
        return located(self, place)

    monkeypatch.setattr(type(trace), "location", slow)
    trace.draw()
    assert places[0].what == "drawing"
    assert places[0].total == 42
