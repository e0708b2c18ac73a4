"""pdb's commands at the prompt: the stack, Python after and inside a backward, the ways out."""

import gc
import inspect
import re
import sys
import weakref
from bdb import BdbQuit

import numpy as np
import pytest
from programs_to_pause import UNTOUCHED, Net, Twice, W, network, program
from talking import Talk, line_of, marked

import autograd_core as ag
from autograd_core.debug.stepping.debugger import debugger
from autograd_core.errors import BackwardStopped

HERE = inspect.getsourcefile(program)


@pytest.fixture(autouse=True)
def fresh_debugger(monkeypatch):
    """One whose breakpoints are numbered from 1."""
    monkeypatch.setattr(sys.modules["autograd_core.debug.stepping.debugger"], "_debugger", None)


def check_untouched(talk):
    assert talk.error is None, talk.error
    np.testing.assert_allclose(talk.result, UNTOUCHED, rtol=1e-6)
    assert talk.tracer is None


# ------------------------------------------------------------------ pdb's commands


def test_the_stack_leads_to_the_line_that_called_backward():
    talk = Talk(program, "up", "p loss.shape", "l .", "whatis w", "d", "w", "c")
    up, shape, listed, what, down, where, _ = talk.answers
    n = line_of(program, "loss.backward()")
    assert f"{HERE}({n})program()" in up
    assert shape.strip() == "torch.Size([])"
    assert re.search(marked(n), listed)
    assert "Tensor" in what
    assert "Paused before SinBackward0" in down
    assert f"({n})program()" in where
    assert "autograd_core/" not in where, "the engine's frames are not shown"
    assert [
        line for line in where.splitlines() if line.startswith("> paused before SinBackward0 (")
    ]
    check_untouched(talk)


def test_at_the_node_the_source_is_the_forward_line():
    talk = Talk(program, "l", "ll", "a", "c")
    n = line_of(program, "y.sin()")
    assert re.search(marked(n), talk.answers[0])
    assert "def program():" in talk.answers[1]
    assert re.search(marked(n), talk.answers[1])
    assert talk.answers[2].split()[:2] == ["grad", "(2,)"]
    check_untouched(talk)


def test_display_alias_and_two_commands_in_a_line():
    talk = Talk(
        program, "display grad.sum()", "alias half edit grad * 0.5", "half", "p 1 ;; p 2",
        "o ;; p 3", "q",
    )  # fmt: skip
    assert "display grad.sum()" in talk.answers[0]
    assert "now" in talk.answers[2]
    assert talk.answers[3].split() == ["1", "2"]
    assert talk.answers[4].strip().endswith("3")
    assert "display grad.sum(): " in talk.answers[4], "shown again at the next node"
    assert isinstance(talk.error, BackwardStopped)


def test_display_compares_arrays():
    def growing():
        x = ag.tensor([1.0, 2.0], requires_grad=True)
        (x * 1.0 * 2.0).sum().backward()

    commands = "display grad", "o", "o", "back 3", "c", "undisplay grad", "c", "c", "c"
    talk = Talk(growing, *commands, at=["op:Mul"])
    shown = [re.findall(r"^display grad: tensor\((.*?)\)", a, re.MULTILINE) for a in talk.answers]
    assert shown[:5] == [["[1., 1.]"], ["[2., 2.]"], [], ["1."], ["[1., 1.]"]]
    assert talk.error is None


def test_nothing_of_a_stop_is_kept_afterwards():
    class Big:
        pass

    seen = []

    def with_big():
        big = Big()
        seen.append(weakref.ref(big))
        return program()

    talk = Talk(with_big, "up 2", "p big", "x = big", "d 2", "n", "up", "p big", "c")
    check_untouched(talk)
    del talk
    gc.collect()
    assert seen[0]() is None


LATER = [
    (["n"], "after = 1"),
    (["s"], "after = 1"),
    (["n", "n"], "last = after"),
    (["r"], "return w.grad"),
    ([f"until {line_of(program, 'last = ')}"], "last = after"),
    (["unt"], "after = 1"),
    ([f"j {line_of(program, 'return w.grad') - 1}"], "last = after"),
    (["o", "o", "n"], "after = 1"),
    (["n ;; n"], "last = after"),
]


@pytest.mark.filterwarnings("ignore:assigning None to .*unbound local:RuntimeWarning")
@pytest.mark.parametrize(("commands", "line"), LATER, ids=[" ".join(c) for c, _ in LATER])
def test_steps_of_pdb_finish_the_backward_and_stop_in_the_users_code(commands, line):
    talk = Talk(program, *commands, "p w.grad is not None", "over", "grad", "p ag.zeros(1)", "c")
    said = talk.answers[len(commands) - 1]
    n = line_of(program, line)
    assert f"{HERE}({n})program()" in said
    assert talk.answers[len(commands)].strip() == "True", "the backward is over"
    assert len(talk.errors) == 2
    assert all("no node is paused here: Python is stopped" in error for error in talk.errors)
    if "j " in commands[0]:
        assert isinstance(talk.error, UnboundLocalError | TypeError), "a line was jumped over"
    else:
        check_untouched(talk)
    assert talk.tracer is None


def test_next_in_an_outer_function_chosen_by_up():
    def outer():
        found = program()
        assert found.shape == (2,)
        return found

    talk = Talk(outer, "up", "up", "next", "p found.shape", "n", "n", "c")
    assert f"({line_of(outer, 'assert')})outer()" in talk.answers[2]
    assert talk.answers[3].strip() == "(2,)"
    check_untouched(talk)


def test_a_stop_before_the_end_cancels_the_step():
    talk = Talk(program, "n", "c", at=["op:Sin", "op:Mul"])
    assert talk.stops == ["SinBackward0", "MulBackward0"]
    assert len(talk.answers) == 2, "c went to the end"
    check_untouched(talk)


def test_an_error_later_in_backward_stops_where_next_would():
    def failing():
        x = ag.tensor(W, requires_grad=True)
        y = x * 2
        y.register_hook(lambda g: 1 / 0)
        y.sin().sum().backward()

    talk = Talk(failing, "n", "c")
    assert "ZeroDivisionError" in talk.answers[0]
    assert f"({line_of(failing, '.backward()')})failing()" in talk.answers[0]
    assert isinstance(talk.error, ZeroDivisionError)
    assert talk.tracer is None


def test_breakpoints_of_pdb_work_in_what_is_left_of_the_run():
    talk = Talk(
        program, f"b {line_of(Twice, 'factor = 2')}", f"tbreak {line_of(program, 'after = 1')}",
        "c", "p g.tolist()", "cl 1", "c", "p w.grad is not None", "c",
    )  # fmt: skip
    assert f"({line_of(Twice, 'factor = 2')})backward()" in talk.answers[2]
    assert "0." in talk.answers[3]
    assert f"({line_of(program, 'after = 1')})program()" in talk.answers[5]
    assert talk.answers[6].strip() == "True"
    check_untouched(talk)


def test_debug_steps_through_a_statement_of_its_own():
    talk = Talk(
        program, "debug Net()", "s", "s", "n", "n", "p self.encoder", "c", "p 1", "debug 1 / 0",
        "c", "debug Net()", "q", "p 2", "c",
    )  # fmt: skip
    assert "ENTERING RECURSIVE DEBUGGER" in talk.answers[0]
    assert f"({line_of(Net, 'super()')})__init__()" in talk.answers[2]
    assert "Linear" in talk.answers[5]
    assert "LEAVING RECURSIVE DEBUGGER" in talk.answers[6]
    assert talk.answers[7].strip() == "1"
    assert talk.errors == ["*** ZeroDivisionError: division by zero"]
    assert talk.answers[12].strip() == "2"
    check_untouched(talk)


def test_another_tracer_traces_again():
    lines = []

    def other(frame, event, arg):
        lines.append(event)
        return

    def traced():
        sys.settrace(other)
        try:
            program()
            return sys.gettrace()
        finally:
            sys.settrace(None)

    talk = Talk(traced, "n", "c")
    assert talk.result is other


def test_tracer_ends_when_the_outermost_function_returns():
    talk = Talk(program, "n", "b Net.forward", *["n"] * 3, "c", "cl 1")
    assert talk.error is None
    from autograd_core.debug.prompt import prompt

    prompt._prompts[0].clear_all_breaks()


# ------------------------------------------------------------------ into a node


def test_into_a_custom_backward():
    talk = Talk(program, "into", "p g.shape", "n", "p factor", "up", "d", "c", "c", at=["op:Twice"])
    assert f"({line_of(Twice, 'factor = 2')})backward()" in talk.answers[0]
    assert talk.answers[1].strip() == "torch.Size([2])"
    assert talk.answers[3].strip() == "2"
    assert f"({line_of(program, 'loss.backward()')})program()" in talk.answers[4]
    check_untouched(talk)


def test_into_a_formula_and_on_to_the_next_node():
    talk = Talk(program, "into", "p g.shape", "n", "n", "n", "c")
    assert "ops/elementwise.py" in talk.answers[0]
    assert talk.answers[1].strip() == "(2,)"
    assert "--Return--" in talk.answers[2]
    assert talk.stops[-1] == "TwiceBackward"
    check_untouched(talk)


def test_into_a_hook():
    def tensor_hook(grad):
        return None

    def hooked():
        w = ag.tensor(W, requires_grad=True)
        y = w * 3.0
        y.register_hook(tensor_hook)
        y.sin().sum().backward()

    talk = Talk(hooked, "into", "c", "c", at=["op:Mul"])
    assert f"({line_of(tensor_hook, 'return')})tensor_hook()" in talk.answers[0]
    assert talk.error is None
    assert talk.tracer is None


def test_into_what_has_no_python():
    talk = Talk(program, "into", "c", at=["name:w"])
    assert "AccumulateGrad has no Python of its own to stop in; it was run." in talk.answers[0]
    check_untouched(talk)


@pytest.mark.parametrize(
    "leave", ["q", EOFError(), KeyboardInterrupt()], ids=["q", "EOF", "interrupt"]
)
def test_leaving_from_inside_a_node_stops_the_run(leave):
    talk = Talk(program, "into", "n", leave, at=["op:Twice"])
    wanted = KeyboardInterrupt if isinstance(leave, KeyboardInterrupt) else BackwardStopped
    assert type(talk.error) is wanted
    assert talk.tracer is None
    check_untouched(Talk(program, at=["op:Nothing*"]))


# ------------------------------------------------------------------ the ways out


def model_step(net):
    net(ag.ones(5, 3)).sum().backward()


@pytest.mark.parametrize("leave", ["q", "quit", "exit", "stop", EOFError(), KeyboardInterrupt()])
def test_leaving_ends_the_run_and_restores(leave):
    net = network()
    before = [p.grad.numpy().copy() for p in net.parameters()]
    talk = Talk(lambda: model_step(net), "over", "o 3", leave, at=["op:Tanh"])
    wanted = KeyboardInterrupt if isinstance(leave, KeyboardInterrupt) else BackwardStopped
    assert type(talk.error) is wanted
    assert talk.tracer is None
    assert debugger().paused is None
    assert not debugger().asking
    for p, g in zip(net.parameters(), before, strict=True):
        np.testing.assert_array_equal(p.grad.numpy(), g)
    model_step(net)
    for p, g in zip(net.parameters(), before, strict=True):
        np.testing.assert_array_equal(p.grad.numpy(), 2 * g)


@pytest.mark.parametrize("leave", ["q", EOFError(), KeyboardInterrupt()])
def test_leaving_python_after_the_backward(leave):
    talk = Talk(program, "n", leave)
    wanted = KeyboardInterrupt if isinstance(leave, KeyboardInterrupt) else BdbQuit
    assert type(talk.error) is wanted
    assert talk.tracer is None
    assert not debugger().asking


def test_a_front_that_breaks_is_the_end_of_input():
    talk = Talk(program, "o", OSError("the line is dead"))
    assert talk.errors == ["*** no more commands can be read: OSError: the line is dead"]
    assert isinstance(talk.error, BackwardStopped)


def test_an_interrupt_of_a_command_keeps_the_prompt():
    def interrupting():
        raise KeyboardInterrupt

    def with_helper():
        helper = interrupting
        assert helper
        return program()

    talk = Talk(with_helper, "up 2", "p helper()", "here", "p 1", "c")
    assert talk.answers[3].strip() == "1"
    check_untouched(talk)


def test_end_of_input_while_a_list_of_commands_is_typed():
    talk = Talk(program, f"b {line_of(program, 'after = 1')}", "commands", "p 1")
    assert isinstance(talk.error, BackwardStopped)
    from autograd_core.debug.prompt import prompt

    prompt._prompts[0].clear_all_breaks()


def test_backward_inside_a_hook_and_inside_a_command():
    def nested():
        w = ag.tensor(W, requires_grad=True)
        y = w * 3.0
        y.register_hook(inner)
        y.sum().backward()
        return w.grad.numpy()

    def inner(grad):
        with ag.enable_grad():
            v = ag.tensor([1.0], requires_grad=True)
            v.sin().sum().backward()
        assert v.grad is not None

    command = "p (ag.ones(1, requires_grad=True) * 2).sin().sum().backward()"
    talk = Talk(nested, command, "up", "n", "n", "n", "c")
    assert "backward run 2, started inside another" in talk.opening
    assert f"({line_of(inner, 'v.sin()')})inner()" in talk.answers[1]
    assert f"({line_of(inner, 'with')})inner()" in talk.answers[2], "it leaves the with block"
    assert f"({line_of(inner, 'assert')})inner()" in talk.answers[3]
    assert talk.error is None
    np.testing.assert_array_equal(talk.result, [3, 3])
    assert talk.tracer is None


def test_a_stop_in_forward():
    def forward_only():
        x = ag.tensor([1.0, 4.0])
        y = x.sqrt()
        return y.tolist()

    talk = Talk(
        forward_only, "grad", "node", "saved", "graph", "back", "edit 0", "flow", "n", "p y.sum()",
        "c", at=["forward op:sqrt"],
    )  # fmt: skip
    assert "Paused after sqrt · breakpoint" in talk.opening
    assert talk.answers[0].startswith("  output    (2,) float32")
    assert "nothing here requires grad" in talk.answers[2]
    assert "nothing requires grad" in talk.answers[3]
    assert "back works in backward only" in talk.answers[4]
    assert "edit changes a gradient" in talk.answers[5]
    assert "no node has got its gradient" in talk.answers[6]
    assert f"({line_of(forward_only, 'return')})forward_only()" in talk.answers[7]
    assert talk.answers[8].strip() == "tensor(3.)"
    assert talk.result == [1.0, 2.0]
    assert talk.tracer is None
