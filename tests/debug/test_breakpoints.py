"""Breakpoints: which one stops where, how hits count, and that none is overlooked for speed."""

import gc
import json
import threading

import numpy as np
import pytest
import strict_device
from conditions_drawn import (
    GRADIENTS,
    THRESHOLDS,
    everything,
    measured,
    moments,
    program,
    raw,
    trees,
)
from driven import driven, moment_of
from hypothesis import given
from hypothesis import strategies as st

import autograd_core as ag
from autograd_core import debug
from autograd_core.debug.breakpoints import gradient_tests
from autograd_core.debug.breakpoints.breakpoints import Breakpoints
from autograd_core.debug.breakpoints.conditions import Condition, ConditionError
from autograd_core.debug.breakpoints.conditions.tree import (
    COMPARE,
    FLAGS,
    STATISTICS,
    Compare,
    Flag,
    Tree,
)
from autograd_core.debug.breakpoints.gradient_tests import test_of as combined
from autograd_core.debug.breakpoints.index import fold
from autograd_core.debug.breakpoints.moment import Moment, measure

KEPT, NODES = program()
strict_device.register()


def set_on(*texts, **how):
    breakpoints = Breakpoints()
    for text in texts:
        breakpoints.add(text, **how)
    return breakpoints


def at(grad, node=NODES[0], iteration=0):
    return Moment("backward", node, (np.asarray(grad, np.float32),), None, iteration)


# ------------------------------------------------------------------ nothing is overlooked


@given(st.lists(trees, max_size=12), st.data())
def test_the_gate_and_the_index_find_what_asking_each_breakpoint_finds(asked, data):
    breakpoints = Breakpoints()
    breakpoints.add_all(Condition("", tree, "backward") for tree in asked)
    iteration = data.draw(st.none() | st.integers(0, 45))
    gate = breakpoints.make_gate(iteration)
    for moment in data.draw(st.lists(moments(NODES), min_size=1, max_size=6)):
        moment.iteration = moment.iteration if iteration is None else iteration
        holding = [b for b in breakpoints if b.condition.matches(moment)]
        if holding:
            assert gate(moment.node, raw(moment)), (holding, moment.grads)
        before = [b.hits for b in breakpoints]
        found = breakpoints.match(moment)
        assert found is (holding[0] if holding else None)
        counted = [b for b, n in zip(breakpoints, before, strict=True) if b.hits == n + 1]
        assert counted == holding


ATOMS = [
    *map(Flag, FLAGS),
    *(Compare(s, sign, v) for s in STATISTICS for sign in COMPARE for v in THRESHOLDS),
]


@pytest.mark.parametrize("kind", ["float32", "float64", "float16", "complex64"])
def test_no_statistic_is_overlooked(kind):
    with np.errstate(over="ignore", invalid="ignore"):
        grads = [g.astype(kind) for g in GRADIENTS]
    for g in (*grads, np.ones((2, 3), kind).T, np.ones(0, kind), np.array(1e-3, kind)):
        statistics = measure((g,))
        for atom in ATOMS:
            if statistics.size and atom.fits(statistics):
                assert combined([atom]).passes(g), (atom, g)


@given(st.lists(measured, min_size=1, max_size=8), st.data())
def test_one_test_stands_for_many(atoms, data):
    quick = combined(atoms)
    for moment in data.draw(st.lists(moments(NODES), min_size=1, max_size=5)):
        if any(atom.holds(moment) for atom in atoms):
            assert quick.passes(raw(moment))


SITED = ["line:2", "drawn.py:3-4", "module:net.1", "module:0.*", "name:w", "name:*.bias",
         "op:Mul and line:3", "op:Addmm and module:1 or name:1.weight"]  # fmt: skip


@pytest.mark.parametrize("texts", [*([text] for text in SITED), SITED])
def test_sites_are_told_apart_as_far_as_breakpoints_care(texts):
    breakpoints = set_on()
    breakpoints.from_json([{"text": text} for text in texts])
    gate, found = breakpoints.make_gate(0), 0
    for node in (*NODES, *reversed(NODES)):
        moment = at([1.0], node)
        holding = [b for b in breakpoints if b.condition.matches(moment)]
        assert gate(node, moment.grads[0]) == bool(holding)
        assert breakpoints.match(moment) is (holding[0] if holding else None)
        found += len(holding)
    assert 0 < found < 2 * len(NODES) * len(texts)


@given(everything, st.sets(st.sampled_from(["op", "scope", "place", "leaf", "iter", "grad"])),
       st.data())  # fmt: skip
def test_deciding_atoms_early_changes_no_answer(tree, early, data):
    moment = data.draw(moments(NODES))
    rest = fold(tree, lambda atom: atom.holds(moment) if atom.depends in early else None)
    assert (rest.holds(moment) if isinstance(rest, Tree) else rest) == tree.holds(moment)
    if isinstance(rest, Tree):
        assert not early & {atom.depends for atom in rest.atoms()}


def test_a_thousand_breakpoints_that_can_not_hit_ask_nothing(monkeypatch):
    breakpoints = Breakpoints()
    breakpoints.from_json(
        [{"text": text} for n in range(250) for text in (
            f"norm > {1e6 + n}", f"op:Bmm and norm > {n}", f"line:{10_000 + n} and nan",
            f"iter:{100 + n}",
        )]
    )  # fmt: skip
    gate = breakpoints.make_gate(0)
    monkeypatch.setattr(gradient_tests, "measure", None)  # fails if called
    assert [gate(node, np.ones(3, np.float32)) for node in NODES for _ in range(2)].count(True) == 0


def test_a_gate_for_nothing_is_none():
    breakpoints = set_on("forward nan", "iter:5")
    assert breakpoints.make_gate(0) is None
    assert breakpoints.make_gate(5) is not None
    breakpoints.disable(2)
    assert breakpoints.make_gate(5) is None
    assert breakpoints.quick(NODES[0], np.ones(3)) is False


def test_a_gate_goes_on_after_breakpoints_changed():
    breakpoints = set_on("norm > 5")
    gate, node = breakpoints.make_gate(0), NODES[0]
    one = np.ones(1, np.float32)
    assert not gate(node, one)
    breakpoints.add("norm > 0.5")
    assert gate(node, one)
    breakpoints.disable(2)
    assert not gate(node, one)
    assert gate(node, one * 6)
    breakpoints.clear()
    assert not gate(node, one * 6)


def test_iterations_are_decided_anew_when_they_pass():
    breakpoints = set_on("iter:2-3 and op:*", "iter >= 6 and op:*")
    awake = [n for n in range(9) if breakpoints.make_gate(n) is not None]
    assert awake == [2, 3, 6, 7, 8]
    hits = [n for n in range(9) if breakpoints.match(at([1.0], iteration=n))]
    assert hits == awake


def test_a_leaf_that_is_gone_does_not_lend_its_name():
    """Another leaf at the same address is not taken for the one that died."""
    breakpoints = set_on("name:first")
    found = []

    def visit(node, g, run):
        if breakpoints.match(moment_of(node, g, run)):
            found.append(node.variable.name)

    for name in ["first", "second"] * 5:
        leaf = ag.tensor([1.0], requires_grad=True)
        leaf.name = name
        driven(leaf.sin().backward, visit)
        del leaf
        gc.collect()
    assert found == ["first"] * 5


def test_gradients_of_several_outputs_and_of_higher_order():
    x = ag.tensor([1.0, 2.0], requires_grad=True)
    breakpoints, seen = set_on("op:Unbind and norm > 4.9", "op:Sin and max > 0.5"), []

    def visit(node, g, run):
        if gate(node, g):
            seen.append((node.name(), breakpoints.match(moment_of(node, g, run)).number))

    gate = breakpoints.make_gate()
    a, b = x.unbind()
    driven(lambda: (a * 3.0 + b * 4.0).backward(), visit)
    assert seen == [("UnbindBackward0", 1)]
    driven(lambda: x.sin().sum().backward(create_graph=True), visit)
    assert seen[1:] == [("SinBackward0", 2)]


@pytest.mark.parametrize("grad", GRADIENTS)
def test_gradients_on_a_device(grad):
    there = ag.tensor(grad).to("strict")._array
    assert measure((there,)) == pytest.approx(tuple(measure((grad,))), nan_ok=True)
    for text in ("nan", "inf", "zero", "norm > 1", "max < 2", "rms > 1"):
        breakpoints = set_on(text)
        moment = Moment("backward", NODES[0], (there,))
        holds = breakpoints[1].condition.matches(at(grad))
        assert breakpoints.quick(NODES[0], there) == holds
        assert (breakpoints.match(moment) is not None) == holds


# ------------------------------------------------------------------ hits


@given(st.booleans(), st.integers(0, 5), st.integers(1, 4), st.lists(st.booleans(), max_size=30))
def test_ignore_first_then_every_so_manieth_and_once(once, ignore, every, held):
    breakpoints = set_on("nan", once=once, ignore=ignore, every=every)
    stops = [breakpoints.match(at([np.nan if h else 1.0])) is not None for h in held]
    expected, hits, done = [], 0, False
    for h in held:
        hits += h and not done
        stop = bool(h) and not done and hits > ignore and (hits - ignore) % every == 0
        expected.append(stop)
        done = done or (once and stop)
    assert stops == expected
    assert breakpoints[1].hits == hits
    assert breakpoints[1].enabled == (not done)


def test_the_first_stops_and_all_count():
    breakpoints = set_on("norm > 5", "nan", "nan once", "inf")
    assert breakpoints.match(at([np.nan])).number == 2
    assert [b.hits for b in breakpoints] == [0, 1, 1, 0]
    assert [b.enabled for b in breakpoints] == [True, True, False, True]


def test_modifiers_as_arguments_win_over_the_text():
    breakpoints = Breakpoints()
    b = breakpoints.add("nan ignore 3 every 4", ignore=7)
    assert (b.once, b.ignore, b.every) == (False, 7, 4)


def test_two_threads_and_one_stop():
    """The other thread uses `once` up while this one still looks at the condition."""
    found = []

    class Slow(Flag):
        def holds(self, moment):
            if threading.current_thread() is threading.main_thread():
                other = threading.Thread(target=lambda: found.append(breakpoints.match(moment)))
                other.start()
                other.join()
            return True

    breakpoints = Breakpoints()
    b = breakpoints.add(Condition("", Slow("nan"), "backward", once=True))
    found.append(breakpoints.match(at([np.nan])))
    assert found == [b, None]
    assert b.hits == 1


def test_breakpoints_that_come_and_go_while_others_are_hit():
    breakpoints, over, errors = set_on("nan"), threading.Event(), []

    def change():
        while not over.is_set():
            breakpoints.discard(breakpoints.add("op:Mul and norm > 1e9"))

    def hit():
        try:
            gate = breakpoints.make_gate(0)
            for _ in range(300):
                for node in NODES:
                    assert gate(node, np.array([np.nan]))
                    assert breakpoints.match(at([np.nan], node)) is breakpoints[1]
        except BaseException as error:
            errors.append(error)

    changer, hitter = threading.Thread(target=change), threading.Thread(target=hit)
    changer.start()
    hitter.start()
    hitter.join()
    over.set()
    changer.join()
    assert not errors
    assert breakpoints[1].hits == 300 * len(NODES)


# ------------------------------------------------------------------ expressions


def test_an_expression_that_raises_is_reported_once_and_disabled():
    breakpoints, said = set_on("py: grad.missing > 1", "nan"), []
    breakpoints.report = said.append
    assert breakpoints.match(at([1.0])) is None
    assert breakpoints.match(at([np.nan])).number == 2
    assert len(said) == 1
    assert said[0].startswith("breakpoint 1 (py: grad.missing > 1) is disabled: at ")
    assert "AttributeError" in breakpoints[1].error
    assert not breakpoints[1].enabled
    breakpoints.enable(1)
    assert breakpoints[1].error == ""


def test_it_is_a_warning_if_nobody_listens():
    breakpoints = set_on("py: 1 / 0")
    with pytest.warns(RuntimeWarning, match=r"breakpoint 1 .* ZeroDivisionError: division by zero"):
        assert breakpoints.match(at([1.0])) is None


def test_an_interrupt_within_an_expression_passes():
    breakpoints = set_on("py: (_ for _ in ()).throw(KeyboardInterrupt)", "nan")
    with pytest.raises(KeyboardInterrupt):
        breakpoints.match(at([np.nan]))
    assert breakpoints[1].enabled
    breakpoints.disable(1)
    assert breakpoints.match(at([np.nan])).number == 2


def test_ops_within_an_expression_hit_nothing_and_leave_no_trace():
    breakpoints = set_on("py: (grad * 2).sum() > 0", "forward op:*")
    inner = []

    class Ops(ag.events.Listener):
        def on_op(self, op, node, inputs, outputs, scope, code, lasti, seconds):
            arrays = [x._array for x in outputs]
            moment = Moment("forward", node, arrays, op=op, scope=scope, code=code, lasti=lasti)
            inner.append((node, breakpoints.match(moment)))

    with debug.trace() as t, ag.events.listen(Ops()):
        assert breakpoints.match(at([1.0])).number == 1
    assert inner
    assert inner == [(None, None)] * len(inner)
    assert len(t.nodes) == 0


def test_an_expression_makes_no_graph():
    leaf = next(node for node in NODES if node.name().endswith("AccumulateGrad"))
    breakpoints = set_on("py: (node.variable * 2).requires_grad", "py: node.variable.requires_grad")
    assert breakpoints.match(at([1.0], leaf)).number == 2


# ------------------------------------------------------------------ the set of them


def test_setting_is_all_or_nothing():
    breakpoints, changes = Breakpoints(), []
    breakpoints.changed = lambda: changes.append(len(breakpoints))
    for texts in (["nan", "nrom > 3"], ["inf", "op:Admm"], ["nan", "py: ("]):
        with pytest.raises(ConditionError):
            breakpoints.add_all(texts)
    for bad in ({"ignore": -1}, {"every": 0}, {"every": 1.5}, {"ignore": True}):
        with pytest.raises(ValueError, match="must be a whole number of at least"):
            breakpoints.add("nan", **bad)
    assert len(breakpoints) == 0
    assert changes == []
    assert not breakpoints.awake("backward")
    assert [b.number for b in breakpoints.add_all(["nan", "inf"])] == [1, 2]
    assert changes == [2]


def test_numbers_are_not_given_twice():
    breakpoints = set_on("nan", "inf")
    breakpoints.remove(2)
    assert breakpoints.add("zero").number == 3
    breakpoints.discard(breakpoints[3])
    with pytest.raises(ValueError, match="no breakpoint 3; the numbers are: 1"):
        breakpoints.enable(3)
    breakpoints.clear()
    with pytest.raises(ValueError, match="no breakpoint 1; the numbers are: none"):
        breakpoints.remove(1)


def test_awake_while_one_is_enabled():
    breakpoints = set_on("nan")
    assert (breakpoints.awake("backward"), breakpoints.awake("forward")) == (True, False)
    breakpoints.add("forward nan once")
    assert breakpoints.awake("forward")
    assert breakpoints.match(Moment("forward", None, (np.array([np.nan]),), op="mul", scope=()))
    assert not breakpoints.awake("forward")
    breakpoints.disable(1)
    assert not breakpoints.awake("backward")


def test_the_table():
    breakpoints = set_on("nan or norm > 1e3", "module:later* once", "forward inf every 3")
    breakpoints.disable(3)
    breakpoints.match(at([np.nan]))
    lines = breakpoints.table().splitlines()
    assert lines[0].split() == ["1", "on", "1", "hit", "nan", "or", "norm", ">", "1e3"]
    assert "later" in lines[2]
    assert lines[-1].split()[:4] == ["3", "off,", "every", "3"]
    assert "break_on" in Breakpoints().table()


# ------------------------------------------------------------------ files


@given(st.lists(everything, max_size=6), st.data())
def test_they_come_back_from_json(asked, data):
    breakpoints = Breakpoints()
    for tree in asked:
        condition = Condition("", tree, "backward")
        b = breakpoints.add(Condition(str(condition), tree, "backward"),
                            once=data.draw(st.booleans()), ignore=data.draw(st.integers(0, 9)),
                            every=data.draw(st.integers(1, 9)))  # fmt: skip
        b.hits = data.draw(st.integers(0, 99))
        if data.draw(st.booleans()):
            breakpoints.disable(b.number)
    rows = json.loads(json.dumps(breakpoints.to_json()))
    again = Breakpoints()
    again.from_json(rows)
    assert again.to_json() == breakpoints.to_json()
    assert [b.condition.tree for b in again] == asked
    more = again.from_json(rows)
    assert not {b.number for b in more} & {b.number for b in breakpoints}


@pytest.mark.parametrize(
    "rows",
    [
        {}, "nan", [3], [{}], [{"text": 3}], [{"text": "nan"}, {"text": "nrom > 3"}],
        [{"text": "nan", "every": 0}], [{"text": "nan", "hits": -1}],
        [{"text": "nan", "once": "yes"}], [{"text": "nan", "number": True}],
    ],
)  # fmt: skip
def test_what_is_no_list_of_breakpoints_sets_none(rows):
    breakpoints = Breakpoints()
    with pytest.raises(ValueError):
        breakpoints.from_json(rows)
    assert len(breakpoints) == 0


def test_code_from_a_file_does_not_run_by_itself():
    rows = set_on("py: node.run_away()", "nan").to_json()
    breakpoints = Breakpoints()
    careful, nan = breakpoints.from_json(rows)
    assert (careful.enabled, nan.enabled) == (False, True)
    assert "runs code from a file" in breakpoints.table()
    assert Breakpoints().from_json(rows, trusted=True)[0].enabled


def test_they_are_saved_with_a_trace(tmp_path):
    x = ag.tensor([1.0], requires_grad=True)
    with debug.trace() as t:
        x.sin().backward()
    t.breakpoints = set_on("norm > 1e3 once", "op:Mul").to_json()
    path = tmp_path / "run.agtrace"
    t.save(path)
    assert debug.load(path).breakpoints == t.breakpoints
    assert [b.text for b in Breakpoints().from_json(debug.load(path).breakpoints)] == [
        "norm > 1e3 once", "op:Mul",
    ]  # fmt: skip
