"""A run that is stepped through gives the same bits as one that nobody watched."""

from __future__ import annotations

import gc
from collections import deque
from contextlib import contextmanager, redirect_stdout
from io import StringIO

import pytest
from debug.random_graphs import ONE_RUN, Plan, backward, forward, plans, run, state_of
from hypothesis import example, given
from hypothesis import strategies as st

from autograd_core import debug
from autograd_core.debug.stepping.debugger import debugger
from autograd_core.debug.stepping.front import Front
from autograd_core.errors import BackwardStopped
from autograd_core.node import Output

pytestmark = pytest.mark.filterwarnings("ignore:None of the inputs have requires_grad")

LOOKS = ("node", "grad", "saved", "hooks", "graph", "flow", "p grad", "p saved", "back 0", "x +")
CONDITIONS = ("op:Mul", "op:AccumulateGrad", "norm > 1", "zero", "name:w*", "module:seq*",
              "py: grad.sum() > 0", "op:Cubed or op:CheckpointFunction")  # fmt: skip
counts = st.integers(1, 6)
WITHOUT_EDITS = st.one_of(
    st.builds("over {}".format, counts),
    st.builds("back {}".format, counts),
    st.builds("until {}".format, st.sampled_from(CONDITIONS)),
    st.sampled_from(["out", "replay", "continue", "into ;; c", "into ;; s ;; n ;; r ;; c"]),
    st.sampled_from(LOOKS),
)
COMMANDS = st.one_of(
    WITHOUT_EDITS, WITHOUT_EDITS, st.builds("edit ahead {}".format, st.integers(0, 4))
)
breakpoints = st.lists(
    st.sampled_from([*CONDITIONS, "forward op:mul", "forward norm > 5", "forward module:seq*"]),
    min_size=1, max_size=3,
)  # fmt: skip


@pytest.fixture(autouse=True, scope="module")
def no_models_left():
    """Hooks make cycles; whoever looks for models that are alive would find these."""
    yield
    gc.collect()


class Restless(Front):
    """Gives random commands, and undoes what it edits.

    Only where no hook may raise does it go on before it undoes an edit.
    """

    def __init__(self, commands, goes_on):
        self.commands = deque(commands)
        self.goes_on = goes_on
        self.edited = None
        self.said = []

    def can_ask(self):
        return None if self.commands or self.edited else "there are no more commands"

    def read(self, prompt):
        pause = debugger().paused
        if pause is None:  # Python is stopped, within `into`
            return "continue"
        if self.edited is not None:
            return self.line_after_edit(pause, *self.edited)
        while self.commands:
            command, _, ahead = self.commands.popleft().partition(" ahead ")
            if command != "edit":
                return command
            if pause.phase == "backward" and pause.can_back and pause.grads[0] is not None:
                most = left(pause.run) - 1 if self.goes_on else 0
                self.edited = pause.run, pause.steps_done, min(int(ahead), most)
                return "edit grad * 3 + 1"
        return "continue"

    def line_after_edit(self, pause, run, at, ahead):
        """Some steps on, then back to before the edit."""
        if pause.run is not run:  # a run within one of those steps
            return "continue"
        if pause.steps_done < at + ahead:
            return f"over {at + ahead - pause.steps_done}"
        self.edited = None
        return f"back {pause.steps_done - at + 1}"

    def write(self, text):
        self.said.append(text)


def left(run):
    """How many nodes will run for certain."""
    if run.targets is not None:
        return 1
    return sum(node.__class__ is not Output for node in run._reachable()) - run.done


@contextmanager
def quietly_in(**session):
    with redirect_stdout(StringIO()), debugger().session(**session):
        yield


def watched(plan: Plan, commands, breaks=()):
    front = Restless(commands, goes_on=not plan.may_raise)
    with quietly_in(breaks=breaks, script="over 1", front=front):
        return run(plan)


def small(*steps, finish="backward", root=0):
    return Plan(0, (False,) * 3, steps, (-1, root), finish)


plus, outputs = ("add", 0, 0, 0), ("region", 0, 0, 0, (("add", 0, 0, 0),) * 4)
of_leaf_2, unused = ("two of a function", 2, 2, 0), ("region", 3, 0, 0, (("add", 1, 1, 0),))
closure = ("region", 0, 0, 0, (("add", 0, 2, 0),))


@example(small(plus, plus, ("add", 0, 1, 0)), ["over 1", "edit ahead 0"])  # it came earlier
@example(
    small(plus, ("region", 0, 0, 0, (("add", 0, 2, 0),))), ["over 4", "back 1"]
)  # a run within
@example(small(outputs, ("hook", 4, 0, 0), root=3), ["back 1"])  # another output of the node
@example(small(plus, ("module", 0, 0, 0), finish="optimizer within"), ["over 3", "back 4"])
@example(small(("hook", 1, 0, 4), plus, root=3), ["over 2", "back 1"])  # a hook that counts
@example(small(of_leaf_2, ("broadcast", 0, 3, 0), finish="inputs"), ["over 2"])  # not needed
@example(small(plus, unused, ("add", 0, 4, 0)), ["until py: grad.sum() > 99"])  # no gradient
@given(plans(), st.lists(COMMANDS, max_size=10))
def test_stepping_changes_no_bit(plan, commands):
    assert watched(plan, commands) == run(plan)


@given(plans(), st.lists(COMMANDS, max_size=6), breakpoints)
def test_breakpoints_change_no_bit(plan, commands, breaks):
    assert watched(plan, commands, breaks) == run(plan)


@given(plans(), st.lists(COMMANDS, max_size=8))
def test_stepping_and_a_trace_change_no_bit(plan, commands):
    with debug.trace():
        found = watched(plan, commands)
    assert found == run(plan)


@given(plans(), st.lists(WITHOUT_EDITS, max_size=10), st.integers(0, 400))
def test_a_small_budget_changes_no_bit(plan, commands, budget):
    with budget_of(budget):
        found = watched(plan, commands)
    assert found == run(plan)


@given(plans(ONE_RUN), st.integers(1, 12))
def test_stop_leaves_everything_as_before(plan, steps):
    graph, untouched = forward(plan), run(plan)
    found = stopped(plan, graph, steps)
    assert (found or backward(plan, graph)) == untouched


@given(plans(ONE_RUN), st.integers(1, 12), st.integers(0, 400))
def test_stop_restores_gradients_beyond_the_budget(plan, steps, budget):
    with budget_of(budget):
        stopped(plan, forward(plan), steps)


def test_an_edit_that_stays_is_seen():
    plan = small(("mul", 0, 1, 0))
    with quietly_in(script="edit grad * 3 + 1; over 3; back 2; over 1; continue", front=Front()):
        found = run(plan)
    changed = {name for name, value in run(plan).items() if found[name] != value}
    assert changed == {"grad 0", "grad 1"}


def stopped(plan, graph, steps):
    """The results of a backward that is stopped after some steps; None if it was."""
    before = gradients(graph)
    with quietly_in(script=f"over {steps}; stop", front=Front()):
        try:
            return backward(plan, graph)
        except BackwardStopped:
            assert gradients(graph) == before
            return None


def gradients(graph):
    return {k: v for k, v in state_of(graph).items() if k.startswith(("grad", "retained"))}


@contextmanager
def budget_of(size):
    known, debugger().budget = debugger().budget, size
    try:
        yield
    finally:
        debugger().budget = known
