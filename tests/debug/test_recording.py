"""What a trace contains, that it stays within its bounds, and that it holds nothing alive."""

import gc
import threading
import weakref

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import autograd_core as ag
from autograd_core import debug, events, nn, state
from autograd_core.debug.record.recorder import Recorder


def leaf(*values, **options):
    return ag.tensor(list(values), requires_grad=True, **options)


def small_graph():
    x, w = leaf(1.0, 2.0), leaf(3.0, -4.0)
    with debug.trace() as t:
        loss = (x * w + x).sum()
        loss.backward()
    return t, x, w


def test_the_nodes_edges_and_steps_of_a_known_graph():
    t, x, _ = small_graph()
    assert [n.op for n in t.nodes if n.kind == "op"] == [
        "MulBackward0",
        "AddBackward0",
        "SumBackward0",
    ]
    assert sorted(n.name for n in t.nodes if n.kind == "leaf") == ["w", "x"]
    arrows = sorted((e.source.label, e.target.label, e.slot) for e in t.edges)
    assert arrows == [
        ("Add", "Mul", 0),
        ("Add", "x", 1),
        ("Mul", "w", 1),
        ("Mul", "x", 0),
        ("Sum", "Add", 0),
    ]
    assert [s.node.label for s in t.steps][:3] == ["Sum", "Add", "Mul"]
    assert {s.node.label for s in t.steps} == {"Sum", "Add", "Mul", "x", "w"}
    assert [s.order for s in t.steps] == list(range(5))
    (run,) = t.runs
    assert len(run.steps) == 5
    assert not run.error
    assert run.end >= run.begin
    node = t.find(name="x")[0]
    assert node.shape == (2,)
    assert node.dtype == "float32"
    assert node.device == "cpu"
    assert node.norm == pytest.approx(float(np.linalg.norm(x.grad.numpy())))


def test_where_a_node_was_made_and_what_it_holds():
    t, _, _ = small_graph()
    mul = t.find(op="Mul")[0]
    assert mul.location.text == "loss = (x * w + x).sum()"
    assert mul.location.file == __file__
    assert mul.saved_bytes == 16
    assert mul.backward_seconds > 0
    assert t.find(line=mul.location.line, op="Add")[0].inputs[0] == mul
    assert [n.label for n in mul.consumers] == ["Add"]


def test_statistics_of_small_large_and_odd_gradients():
    rng = np.random.default_rng(0)
    for shape in ((3,), (0,), (), (2, 5), (300, 300)):
        g = rng.standard_normal(shape).astype(np.float32)
        if g.size > 1:
            g.flat[0] = 0
        x = ag.tensor(rng.standard_normal(shape).astype(np.float32), requires_grad=True)
        with debug.trace() as t:
            (x * 1.0).backward(ag.tensor(g))
        s = t.find(op="Mul")[0].statistics
        assert s.size == g.size
        assert s.norm == pytest.approx(float(np.linalg.norm(g.astype(np.float64))), rel=1e-5)
        assert (s.nan, s.inf, s.zeros) == (0, 0, int((g == 0).sum()))
        if g.size:
            assert (s.min, s.max) == (g.min(), g.max())
            assert s.rms == pytest.approx(s.norm / g.size**0.5)


@pytest.mark.parametrize("size", [5, 5000])
def test_norms_that_leave_the_range_of_float32(size):
    for scale in (1e30, 1e-30):
        g = np.full(size, scale, np.float32)
        x = ag.tensor(np.ones(size, np.float32), requires_grad=True)
        with debug.trace() as t:
            (x * 1.0).backward(ag.tensor(g))
        assert t.find(op="Mul")[0].norm == pytest.approx(scale * size**0.5, rel=1e-5)


@pytest.mark.parametrize("size", [4, 4000])
@pytest.mark.parametrize("stats", ["basic", "full"])
def test_nan_and_inf_are_counted(size, stats):
    g = np.ones(size, np.float32)
    g[0], g[1], g[2] = np.nan, np.inf, -np.inf
    x = ag.tensor(np.ones(size, np.float32), requires_grad=True)
    with debug.trace(stats) as t:
        (x * 1.0).backward(ag.tensor(g))
    s = t.find(op="Mul")[0].statistics
    assert (s.nan, s.inf) == (1, 2)
    assert np.isnan(s.norm)
    assert s.zeros == (0 if stats == "full" else -1)
    assert [n.label for n in t.find(nonfinite=True)] == ["Mul", "x"]
    assert "2 non-finite" in t.summary()


@pytest.mark.parametrize("dtype", ["float16", "bfloat16", "float64"])
def test_other_float_types(dtype):
    x = ag.tensor([3.0, 4.0], dtype=getattr(ag, dtype), requires_grad=True)
    with debug.trace() as t:
        (x * 1.0).backward(ag.tensor([3.0, 4.0], dtype=getattr(ag, dtype)))
    node = t.find(op="Mul")[0]
    assert node.norm == pytest.approx(5.0)
    assert node.dtype == dtype


def test_without_statistics_the_steps_are_there_all_the_same():
    x = leaf(1.0, 2.0)
    with debug.trace(stats="off") as t:
        for _ in range(2):
            (x * x).sum().backward()
    assert [s.node.label for s in t.steps] == ["Sum", "Mul", "x"] * 2
    assert np.isnan(t.find(op="Mul")[0].norm)
    assert t.find(op="Mul")[0].reached
    assert [n.iteration for n in t.find(op="Sum")] == [0, 1]


def test_the_ring_forgets_its_oldest_events():
    x = leaf(1.0)
    with debug.trace(stats="off", memory=1 << 19) as t:
        y = x
        for _ in range(20_000):
            y = y * 1.0
    assert 1747 <= len(t.nodes) < 1747 + 4096  # 300 bytes a node; trimmed every 4096
    seqs = t.nodes["seq"]
    assert seqs.max() - seqs.min() == len(seqs) - 1


def test_iterations_and_every():
    x = leaf(1.0, 2.0)
    with debug.trace(every=2) as t:
        for _ in range(5):
            (x * x).sum().backward()
    assert sorted({n.iteration for n in t.nodes}) == [0, 2, 4]
    assert len(t.runs) == 3
    assert len(t.find(iteration=-1)) == 3
    assert t.last_iteration == 4


def train(count, look=lambda: None):
    """`count` iterations of a little network, the same for every call."""
    net = nn.Sequential(nn.Linear(3, 4), nn.ReLU(), nn.Linear(4, 2))
    for p in net.parameters():
        p.data.fill_(0.5)
    for _ in range(count):
        net(ag.ones(5, 3)).pow(2).sum().backward()
        look()


def described(t):
    """All that two traces of the same program must agree on."""
    nodes = [(n.op, n.name, n.module, n.iteration, n.shape, n.saved_bytes) for n in t.nodes]
    edges = sorted((e.source.id, e.target.id, e.slot, e.output_nr) for e in t.edges)
    steps = [(s.run.id, s.order, s.node.id, s.statistics) for s in t.steps]
    return nodes, edges, steps, [(r.iteration, len(r.steps)) for r in t.runs]


@pytest.mark.parametrize("stats", ["off", "full"])
def test_iterations_taken_in_together_are_kept_apart(stats):
    with debug.trace(stats) as t:
        train(30)
    assert list(t.nodes["iteration"]) == sorted([*range(30)] * (len(t.nodes) // 30))
    assert all(e.source.iteration == e.target.iteration for e in t.edges)
    assert [(r.iteration, len(r.steps)) for r in t.runs] == [(i, 11) for i in range(30)]
    first, last = t.find(iteration=0), t.find(iteration=29)
    assert [n.label for n in first] == [n.label for n in last]
    assert all(n.reached for n in last)


def test_reading_after_every_iteration_changes_nothing():
    with debug.trace() as t:
        train(6)
    with debug.trace() as read:
        train(6, lambda: len(read.nodes))
    assert repr(described(read)) == repr(described(t))


def test_a_leaf_whose_node_is_kept_alive_has_a_row_in_each_iteration():
    x, losses = leaf(1.0, 2.0), []
    with debug.trace() as t:
        for i in range(4):
            losses.append((x * float(i)).sum())
            losses[-1].backward(retain_graph=True)
    assert [n.iteration for n in t.find(name="x")] == [0, 1, 2, 3]
    assert [n.norm for n in t.find(name="x")] == pytest.approx([i * 2**0.5 for i in range(4)])


def test_a_leaf_is_named_before_backward_reaches_it_though_an_older_graph_holds_its_node():
    x = leaf(1.0, 2.0)
    older = (x * 2.0).sum()
    named = []
    with debug.trace() as t:
        y = (x * 3.0).tanh()
        t.flush()  # as somebody who watches does, before anything is known of the leaf
        assert [n.name for n in t.nodes if n.kind == "leaf"] == [""]
        y.register_hook(lambda g: named.append([n.name for n in t.nodes if n.kind == "leaf"]))
        y.sum().backward()
    assert named == [["x"]]
    assert older.grad_fn is not None


def test_ops_without_a_graph_do_not_pile_up():
    x = leaf(1.0)
    recorder = Recorder().start()
    with ag.no_grad():
        for _ in range(100):
            x * 2.0
    assert not recorder._batch.ops.count()
    assert not len(recorder.stop().trace.nodes)


def test_a_ring_that_forgot_the_beginning_knows_the_iteration():
    x = leaf(1.0, 2.0)
    with debug.trace("off", memory=1 << 19) as t:
        for _ in range(5000):
            (x * x).sum().backward()
    assert t.iterations.start > 100
    assert t.iterations.stop == 5000
    assert {n.name for n in t.nodes if n.kind == "leaf"} == {"x"}


def test_module_scopes_and_parameter_names():
    net = nn.Sequential(nn.Linear(3, 4), nn.ReLU(), nn.Linear(4, 2))
    with debug.trace() as t:
        net(ag.ones(5, 3)).sum().backward()
    assert {n.module for n in t.find(op="Addmm")} == {"net.0", "net.2"}
    assert {n.name for n in t.nodes if n.kind == "leaf"} == {
        "net.0.weight", "net.0.bias", "net.2.weight", "net.2.bias",
    }  # fmt: skip
    assert [n.op for n in t.find(module="net.1")] == ["ReluBackward0"]
    assert len(t.find(name="*.weight", iteration=-1)) == 2


def test_parameters_that_a_function_filled_are_not_named_by_its_variables():
    def filled():
        model = nn.Linear(2, 1)
        with ag.no_grad():
            for p in model.parameters():
                p.mul_(2.0)
        return model

    with debug.trace() as t:
        net = filled()
        net(ag.ones(1, 2)).sum().backward()
    assert {n.name for n in t.nodes if n.kind == "leaf"} == {"net.weight", "net.bias"}


def test_a_node_has_the_dtype_of_its_output():
    x = leaf(1.0, 2.0)
    with debug.trace() as t:
        x.to(ag.float16).double().sum().backward()
    assert [n.dtype for n in t.find(op="ToCopy")] == ["float16", "float64"]
    with debug.trace() as t:
        ag.fft.fft(x)
    assert [n.dtype for n in t.nodes if n.kind == "op"] == ["complex64"]


def test_scopes_set_by_hand():
    x = leaf(1.0)
    with debug.trace() as t:
        before = state.set_mode("scope", ("net", "0"))
        y = x * 2.0
        state.set_mode("scope", before)
        y.backward()
    assert t.nodes[0].scope == ("net", "0")


def test_custom_functions_and_several_outputs():
    class Two(ag.autograd.Function):
        @staticmethod
        def forward(ctx, x):
            return x * 2.0, x * 3.0

        @staticmethod
        def backward(ctx, g, h):
            return g * 2.0 + h * 3.0

    x = leaf(1.0, 1.0)
    with debug.trace() as t:
        a, b = Two.apply(x)
        (a + b).sum().backward()
    two = t.find(op="TwoBackward")[0]
    assert two.kind == "function"
    assert two.statistics.size == 4
    assert two.norm == pytest.approx(2.0)
    add = t.find(op="Add")[0]
    assert sorted(e.output_nr for e in t.edges if e.source == add) == [0, 1]
    assert {e.target.label for e in t.edges if e.source == add} == {"Two"}


def test_higher_order_runs_are_recorded():
    x = leaf(2.0)
    with debug.trace() as t:
        (g,) = ag.autograd.grad((x * x * x).sum(), x, create_graph=True)
        g.sum().backward()
    assert [r.create_graph for r in t.runs] == [True, False]
    assert [r.iteration for r in t.runs] == [0, 0]
    made = [n for n in t.nodes if n.made_by is not None]
    assert made
    assert all(n.made_by == t.runs[0].id for n in made)
    assert any(n.reached for n in made)


def test_a_gradient_taken_by_autograd_grad_is_a_step_of_the_leaf():
    x = leaf(3.0, 4.0)
    with debug.trace() as t:
        ag.autograd.grad((x * x).sum() / 2.0, x)
    assert t.find(name="x")[0].norm == pytest.approx(5.0)


def test_a_graph_made_before_the_trace_is_taken_in():
    x = leaf(1.0, 2.0)
    loss = (x * x).sum()
    for stats in ("full", "off"):
        with debug.trace(stats=stats) as t:
            loss.backward(retain_graph=True)
        assert sorted(n.label for n in t.nodes) == ["Mul", "Sum", "x"]
        assert t.find(op="Mul")[0].location.text == "loss = (x * x).sum()"
        assert {(e.source.label, e.target.label) for e in t.edges} == {("Sum", "Mul"), ("Mul", "x")}


def test_a_retained_graph_runs_twice():
    x = leaf(1.0, 2.0)
    with debug.trace() as t:
        loss = (x * x).sum()
        loss.backward(retain_graph=True)
        loss.backward()
    assert len(t.find(op="Mul")) == 1
    assert len(t.runs) == 2
    assert [len(r.steps) for r in t.runs] == [3, 3]


def test_an_exception_leaves_trace_and_engine_usable():
    class Broken(ag.autograd.Function):
        @staticmethod
        def forward(ctx, x):
            return x * 1.0

        @staticmethod
        def backward(ctx, g):
            raise KeyError("no such thing")

    x = leaf(1.0)
    with pytest.raises(KeyError), debug.trace() as t:
        (Broken.apply(x) * 2.0).backward()
    assert t.runs[0].error.startswith("KeyError")
    assert [s.node.label for s in t.steps] == ["Mul", "Broken"]
    assert state.tap is None
    (x * 2.0).backward()
    assert x.grad.item() == 2.0


def test_nested_traces_see_the_same():
    x = leaf(1.0, 2.0)
    with debug.trace() as outer:
        (x * x).sum().backward()
        with debug.trace(stats="basic") as inner:
            (x * x).sum().backward()
    assert len(outer.nodes) == 6
    assert len(inner.nodes) == 3
    assert state.tap is None


def test_beside_a_listener_that_replaces_gradients():
    class Double(events.Listener):
        def before_node(self, run, node, grads):
            return tuple(None if g is None else g * 2 for g in grads)

    x = leaf(3.0, 4.0)
    with events.listen(Double()), debug.trace() as t:
        (x * 1.0).backward(ag.tensor([1.0, 1.0]))
    assert x.grad.tolist() == [2.0, 2.0]
    assert t.find(name="x")[0].norm == pytest.approx(8**0.5)


def test_a_listener_that_raises_beside_a_trace_is_named():
    class Bad(events.Listener):
        def before_node(self, run, node, grads):
            raise ValueError("no")

    x = leaf(1.0)
    with (
        debug.trace() as t,
        events.listen(Bad()),
        pytest.raises(ag.errors.ListenerError, match="Bad"),
    ):
        (x * 1.0).backward()
    assert "ListenerError" in t.runs[0].error
    assert state.special == 0


@pytest.mark.parametrize("stats", ["off", "basic", "full"])
def test_nothing_of_the_user_is_kept_alive(stats):
    recorder = Recorder(stats).start()
    x = ag.tensor(np.ones((40, 40), np.float32), requires_grad=True)
    y = x * 2.0
    loss = y.sum()
    node = ag.tensor([1.0], requires_grad=True)
    watched = [weakref.ref(o) for o in (x, y, loss, node)]
    arrays = [weakref.ref(o._array) for o in (x, y, loss)]
    loss.backward()
    arrays.append(weakref.ref(x.grad._array))
    del x, y, loss, node
    gc.collect()
    assert [r() for r in watched + arrays] == [None] * 8
    recorder.stop()
    assert len(recorder.trace.nodes) == 3


def test_reading_names_of_locals_keeps_nothing_alive():
    def work():
        x = leaf(1.0, 2.0)
        other = ag.tensor(np.ones(3))
        gone = weakref.ref(other)
        with debug.trace() as t:
            y = x * 2.0
            del other
            alive = gone() is not None
        return t, alive, y

    t, alive, _ = work()
    assert t.find(name="x")
    assert not alive


def test_the_budget_drops_the_oldest_iterations():
    x = leaf(1.0, 2.0)
    with debug.trace(memory=1 << 18) as t:
        for _ in range(300):
            y = x
            for _ in range(20):
                y = y * 1.0
            y.sum().backward()
    assert t.nbytes <= 1 << 18
    assert t.dropped > 0
    assert t.iterations.stop == 300
    assert t.iterations.start > 100
    last = t.find(iteration=299)
    assert len(last) == 22
    assert all(n.reached for n in last)
    assert [n.label for n in last[0].inputs] == ["x"]
    with pytest.raises(LookupError, match="fallen out"):
        debug.Node(t, 0).op
    assert t.draw().svg.startswith("<svg")


def test_one_iteration_larger_than_the_budget():
    x = leaf(1.0)
    with debug.trace(memory=1 << 17) as t:
        y = x
        for _ in range(6000):
            y = y * 1.0
        y.backward()
    assert t.nbytes <= 1 << 17
    assert t.dropped > 0
    assert len(t.steps) > 0


def test_a_node_costs_less_than_400_bytes():
    x, w = leaf(1.0, 2.0), leaf(1.0, 2.0)
    with debug.trace() as t:
        y = x
        for _ in range(5000):
            y = y * w + x
        y.sum().backward()
    assert t.nbytes / len(t.nodes) < 400


def test_threads_have_their_own_runs():
    t = Recorder().start()
    ready = threading.Barrier(3)

    def work():
        x = leaf(1.0, 2.0)
        ready.wait()
        for _ in range(30):
            y = x
            for _ in range(30):
                y = y * 1.0
            y.sum().backward()

    threads = [threading.Thread(target=work) for _ in range(3)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    trace = t.stop().trace
    assert len(trace.runs) == 90
    assert len(trace.steps) == 90 * 32
    assert state.tap is None


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"stats": "all"}, "stats must be one of"),
        ({"every": 0}, "every must be"),
        ({"every": 1.5}, "every must be"),
        ({"memory": 10}, "at least 65536"),
    ],
)
def test_bad_arguments(arguments, message):
    with pytest.raises(ValueError, match=message), debug.trace(**arguments):
        pass
    assert state.tap is None


def test_recording_can_be_stopped_and_started_again():
    x = leaf(1.0)
    recorder = Recorder()
    for _ in range(2):
        recorder.start()
        recorder.start()
        (x * 2.0).backward()
        recorder.stop()
        recorder.stop()
        (x * 3.0).backward()
    assert [n.label for n in recorder.trace.nodes] == ["Mul", "x"] * 2
    assert recorder.trace.overhead >= 0


@st.composite
def programs(draw):
    """A random program over three leaves: a list of (op, operand, operand)."""
    length = draw(st.integers(1, 12))
    ops = st.sampled_from(["add", "mul", "sub", "tanh", "sum", "number"])
    return [
        (draw(ops), draw(st.integers(0, 3 + i)), draw(st.integers(0, 3 + i))) for i in range(length)
    ]


def run(program, values):
    leaves = [ag.tensor(v, requires_grad=True) for v in values]
    known = [*leaves, leaves[0] * 1.0]
    for op, i, j in program:
        a, b = known[i], known[j]
        made = {
            "add": lambda a=a, b=b: a + b, "mul": lambda a=a, b=b: a * b,
            "sub": lambda a=a, b=b: a - b, "tanh": lambda a=a: a.tanh(),
            "sum": lambda a=a: a.sum(), "number": lambda a=a: a * 1.5,
        }[op]()  # fmt: skip
        known.append(made)
    known[-1].sum().backward()
    return [None if x.grad is None else x.grad.numpy().tobytes() for x in leaves]


@given(programs(), st.sampled_from(["off", "basic", "full"]), st.integers(0, 2**31))
def test_traced_gradients_are_bit_identical(program, stats, seed):
    rng = np.random.default_rng(seed)
    values = [rng.standard_normal(s).astype(np.float32) for s in ((3,), (1,), (2, 3))]
    plain = run(program, values)
    with debug.trace(stats) as t:
        traced = run(program, values)
    assert traced == plain
    assert len(t.nodes) >= 2


@pytest.mark.parametrize("steps", [3, 2000])
def test_without_statistics_the_summary_says_what_was_forgotten(steps):
    w = leaf(1.0)
    with debug.trace("off") as t:
        for _ in range(steps):
            (w * w).sum().backward()
    first = min(t.iterations)
    said = f"nothing kept from before iteration {first} (stats off)"
    assert (said in t.summary()) == (first > 0) == (steps > 1000)


@pytest.mark.parametrize("offset", range(4))
def test_the_ring_stays_small_whatever_the_numbers_of_the_ops(offset):
    w = leaf(1.0)
    for _ in range(offset):
        w * 2  # a step below takes four numbers, so its ops might never meet a round one
    with debug.trace("off") as t:
        for _ in range(3000):
            (w * w).sum().backward()
    ops = sum(n.kind == "op" for n in t.nodes)
    assert 1024 <= ops < 2500
