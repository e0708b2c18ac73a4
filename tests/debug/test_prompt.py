"""The prompt's own commands, wrong input, help and completion."""

import inspect
import re
import sys

import numpy as np
import pytest
from programs_to_pause import UNTOUCHED, Net, W, network, program
from talking import Lines, Talk, line_of

import autograd_core as ag
from autograd_core.debug.stepping.debugger import debugger

HERE = inspect.getsourcefile(program)


@pytest.fixture(autouse=True)
def fresh_debugger(monkeypatch):
    """One whose breakpoints are numbered from 1."""
    monkeypatch.setattr(sys.modules["autograd_core.debug.stepping.debugger"], "_debugger", None)


def check_untouched(talk):
    assert talk.error is None, talk.error
    np.testing.assert_allclose(talk.result, UNTOUCHED, rtol=1e-6)
    assert talk.tracer is None


# ------------------------------------------------------------------ what it shows


def test_the_opening_says_where_why_and_what():
    talk = Talk(program, "c")
    assert talk.opening.splitlines()[1:] == [
        "Paused before SinBackward0 · breakpoint 1: op:Sin",
        f"  forward   {HERE}:{line_of(program, 'y.sin()')}: loss = y.sin().sum()",
        "  grad      (2,) float32 cpu   norm 1.41   all 1",
        "            [1, 1]",
    ]
    check_untouched(talk)


def test_a_module_and_a_leaf_are_named():
    talk = Talk(network, "until name:net.encoder.weight", "c", at=["op:Tanh"])
    assert "Paused before TanhBackward0 in net · breakpoint" in talk.opening
    assert "AccumulateGrad of net.encoder.weight · until name:" in talk.answers[0]
    assert talk.error is None


def test_node_grad_saved_hooks():
    def hooked():
        x = ag.tensor([1.0, 2.0], requires_grad=True)
        y = x * x
        y.retain_grad()
        y.register_hook(tensor_hook)
        y.grad_fn.register_prehook(lambda grads: None)
        y.grad_fn.register_hook(Callable())
        x.register_hook(print_nothing)
        x.register_post_accumulate_grad_hook(print_nothing)
        y.sum().backward()

    commands = (
        "node",
        "grad",
        "saved",
        "saved se",
        "saved nope",
        "hooks",
        "until name:x",
        "hooks",
        "c",
    )
    talk = Talk(hooked, *commands, at=["op:Mul"])
    node, grad, saved, one, nope, hooks, _, of_leaf, _ = talk.answers
    assert re.search(r"MulBackward0 #\d+", node)
    assert "feeds     AccumulateGrad of x" in node
    assert "saved     other, self" in node
    assert "hooks     4" in node
    assert grad.split() == [
        "grad",
        "(2,)",
        "float32",
        "cpu",
        "norm",
        "1.41",
        "all",
        "1",
        "[1,",
        "1]",
    ]
    assert saved.split()[:5] == ["other", "(2,)", "float32", "cpu", "norm"]
    assert "[1, 2]" in one
    assert nope == "*** no saved value is called 'nope'; there are other, self\n"
    here = inspect.getsourcefile(tensor_hook)
    lines = hooks.splitlines()
    assert lines[0].split(None, 2) == [
        "tensor",
        "hook",
        f"tensor_hook, {here}:{line_of(tensor_hook, 'def')}",
    ]
    assert lines[1].startswith("  retain_grad")
    assert re.match(r"  prehook +.*hooked.<locals>.<lambda>, ", lines[2])
    assert re.match(rf"  hook +Callable, .*:{line_of(Callable, 'def __call__')}$", lines[3])
    assert [line.split("  ")[1] for line in of_leaf.splitlines()] == [
        "tensor hook",
        "post-accumulate hook",
    ]
    assert talk.error is None


def tensor_hook(grad):
    return None


def print_nothing(leaf):
    return None


class Callable:
    def __call__(self, inputs, outputs):
        return None


def test_several_outputs_are_numbered():
    def several():
        x = ag.tensor([[1.0, 2.0], [3.0, 4.0]], requires_grad=True)
        a, b = x.unbind(0)
        (a * 2 + b.sin()).sum().backward()
        return x.grad.numpy()

    talk = Talk(
        several, "g 1", "g", "g 2", "edit 1: grad * 0", "edit 5: grad", "c", at=["op:Unbind"]
    )
    assert talk.answers[0].startswith("  grad 1    (2,)")
    assert [line[:8] for line in talk.answers[1].splitlines() if "float32" in line] == [
        "  grad 0",
        "  grad 1",
    ]
    assert talk.answers[2] == "*** there is no gradient 2; there are 2, counted from 0\n"
    assert talk.answers[4] == "*** there is no gradient 5; there are 2, counted from 0\n"
    np.testing.assert_array_equal(talk.result, [[2, 2], [0, 0]])


def test_forward_marks_the_line():
    talk = Talk(program, "forward", "fw 1", "c")
    n = line_of(program, "y.sin()")
    assert re.search(rf"^  -> {n}      loss = y.sin\(\).sum\(\)$", talk.answers[0], re.MULTILINE)
    assert len(talk.answers[0].strip().splitlines()) == 8
    assert len(talk.answers[1].strip().splitlines()) == 4


def test_graph_and_flow_of_a_network():
    talk = Talk(
        network, "graph", "graph 1", "graph x", "flow", "flow node", "flow module", "flow up",
        "until name:net.encoder.bias", "flow", "c", at=["op:Tanh"],
    )  # fmt: skip
    graph, short, wrong, flow, nodes, modules, up, _, later, _ = talk.answers
    lines = graph.splitlines()
    assert re.match(r"  AddmmBackward0 #\d+  ran before$", lines[0])
    assert re.match(r"> TanhBackward0 #\d+  paused here$", lines[1])
    assert "└─ AddmmBackward0" in lines[2]
    assert f"{HERE}:{line_of(Net, 'self.encoder(x)')}: hidden = " in lines[2]
    assert lines[3].endswith("├─ AccumulateGrad of net.encoder.bias")
    assert lines[-1].endswith("└─ AccumulateGrad of net.encoder.weight")
    assert short.splitlines() == [*lines[:2], lines[2] + "  ..."]
    assert "whole number" in wrong
    assert [line.split()[0] for line in flow.splitlines()[1:]] == [
        "net.head.bias",
        "net.head.weight",
    ]
    assert re.search(r"SumBackward0 #\d+ +█", nodes)
    assert "net.head" in modules
    assert "not by 'up'" in up
    assert len(later.splitlines()) == 3
    assert talk.error is None


def test_why_asks_about_the_stop_or_an_expression():
    def bad():
        x = ag.tensor([4.0, 0.0], requires_grad=True)
        y = x.sqrt()
        y.sum().backward()

    talk = Talk(bad, "why", "why y", "why nothing", "c", at=["inf"])
    assert talk.answers[0].startswith("inf_origin: ")
    assert "y = x.sqrt()" in talk.answers[0]
    assert talk.answers[1].strip()
    assert talk.errors == ["*** NameError: name 'nothing' is not defined"]
    assert talk.error is None


def test_expressions_see_the_stop_and_the_users_variables():
    def local_variables():
        x = ag.tensor([1.0, 2.0], requires_grad=True)
        scale = 10
        (x * x).sum().backward()
        return scale

    talk = Talk(
        local_variables, "p scale", "grad.shape", 'saved["self"].tolist()', "node.name()",
        "[scale * g for g in grad.tolist()]", "p W", "new = 5", "p new", "whatis scale",
        "pp forward.line", "node == 3", "c", at=["op:Mul"],
    )  # fmt: skip
    assert [a.strip() for a in talk.answers[:10]] == [
        "10", "torch.Size([2])", "[1.0, 2.0]", "'MulBackward0'", "[10.0, 10.0]", "[1.0, 2.0]", "",
        "5", "<class 'int'>", str(line_of(local_variables, "(x * x)")),
    ]  # fmt: skip
    assert talk.answers[10].strip() == "False"
    assert not talk.errors


# ------------------------------------------------------------------ going on, back, and changing


def test_verbs_lead_from_node_to_node():
    talk = Talk(program, "over", "o 2", "back 2", "bk", "replay", "back 99", "c", "c")
    assert talk.stops == [
        "SinBackward0", "TwiceBackward", "AccumulateGrad of w", "TwiceBackward", "SinBackward0",
        "AccumulateGrad of w", "SumBackward0", "SinBackward0",
    ]  # fmt: skip
    assert "Only 4 of 99 steps could be taken back." in talk.answers[5]
    check_untouched(talk)


UNTIL = [
    ("until op:Mul", "MulBackward0"),
    ("until Mul", "MulBackward0"),
    ("until MulBackward0", "MulBackward0"),
    ("until mul", "MulBackward0"),
    ("until Twice", "TwiceBackward"),
    ("until AccumulateGrad", "AccumulateGrad of w"),
    ("until norm > 2 and not op:Sin", "MulBackward0"),
    (f"until line:{line_of(program, 'Twice.apply')}", "TwiceBackward"),
]


@pytest.mark.parametrize(("command", "node"), UNTIL, ids=[c for c, _ in UNTIL])
def test_until_a_condition_or_node(command, node):
    talk = Talk(program, command, "c")
    assert talk.stops == ["SinBackward0", node]
    check_untouched(talk)


def test_until_a_node_by_its_number():
    numbers = []

    def numbered():
        w = ag.tensor(W, requires_grad=True)
        y = w * 3.0
        numbers.append(y.grad_fn.seq)
        front.lines[0] = f"until #{y.grad_fn.seq}"
        y.sin().exp().sum().backward()

    front = Lines("", "until #999999", "until node 999999", "c")
    with debugger().session(["op:Exp"], front=front):
        numbered()
    assert not front.lines

    talk = Talk(program, "until #999999", "c")
    assert talk.errors == ["*** no node #999999 will still run in this backward; see graph"]


def test_out_of_the_module():
    talk = Talk(network, "out", "out", "c", at=["op:Addmm and module:net.head"])
    assert talk.stops == ["AddmmBackward0", "TanhBackward0"]
    talk = Talk(program, "out", "c")
    assert talk.errors == ["*** SinBackward0 was made outside of any module; use over or until"]
    check_untouched(talk)


EDITS = [
    ("edit grad * 0.5", 0.5),
    ("edit grad*0", 0.0),
    ("edit 0", 0.0),
    ("edit -1", -1.0),
    ("edit 0: grad * 2", 2.0),
    ("edit grad *= 3", 3.0),
    ("edit grad[1] = 0", np.array([1.0, 0.0])),
    ("edit ag.zeros_like(grad)", 0.0),
    ("edit np.full(2, 4, 'float32')", 4.0),
    ("edit grads[0] * W[1]", 2.0),
    ("edit grad / grad.sum() if grad.sum() > 1 else grad", 0.5),
]


@pytest.mark.parametrize(("command", "factor"), EDITS, ids=[c for c, _ in EDITS])
def test_edit(command, factor):
    talk = Talk(program, command, "p grad.tolist()", "c")
    assert talk.error is None
    np.testing.assert_allclose(talk.result, UNTOUCHED * factor, rtol=1e-6)
    was, now = (line for line in talk.answers[0].splitlines() if "float32" in line)
    assert was.split()[:2] == ["was", "(2,)"]
    assert now.split()[:2] == ["now", "(2,)"]
    assert talk.answers[1].strip() == str((np.ones(2) * factor).tolist()), "expressions see it"


def test_an_edit_has_a_graph_where_backward_builds_one():
    def second_order():
        x = ag.tensor([1.0, 2.0], requires_grad=True)
        (g,) = ag.autograd.grad((x**3).sum(), x, create_graph=True)
        (h,) = ag.autograd.grad((g * x).sum(), x)
        return g.tolist(), h.tolist()

    talk = Talk(second_order, "edit grad * x", "c", "c", "c", at=["op:Pow once"])
    assert talk.error is None
    assert talk.result == ([3.0, 24.0], [12.0, 96.0]), "3x^3, and the derivative of 3x^4"


def test_edit_once_is_enough():
    """An empty line repeats pdb's commands and over, but not what changes things."""
    talk = Talk(program, "edit grad * 2", "", "o", "", "c")
    assert talk.stops == ["SinBackward0", "TwiceBackward", "MulBackward0"]
    np.testing.assert_allclose(talk.result, UNTOUCHED * 2, rtol=1e-6)


def test_back_undoes_an_edit_only_of_later_steps():
    talk = Talk(program, "o", "edit grad * 7", "back", "o", "p grad.tolist()", "c")
    check_untouched(talk)


def test_a_verb_called_from_an_expression_resumes_too():
    talk = Talk(program, "pause.over()", "pause.resume()")
    assert talk.stops == ["SinBackward0", "TwiceBackward"]
    check_untouched(talk)


def test_gbreak_lists_sets_and_clears():
    talk = Talk(
        program, "gbreak", "gbreak Mul once", "gbreak op:Mul once", "gb disable 1", "gb",
        "gb clear 1", "gbreak list", "gb enable 99", "gbreak clear x", "c", "gbreak clear", "c",
    )  # fmt: skip
    answers = talk.answers
    assert re.search(r"1 +on +1 hit +op:Sin", answers[0])
    assert answers[1].startswith("***")
    assert re.search(r"\d+ +on, once +0 hits +op:Mul once", answers[2])
    assert re.search(r"1 +off +1 hit +op:Sin", answers[4])
    assert "op:Sin" not in answers[6]
    assert "there is no breakpoint 99" in answers[7]
    assert "gbreak clear takes a whole number of at least 1, not 'x'" in answers[8]
    assert "Paused before MulBackward0" in answers[9]
    assert answers[10].strip() == "No breakpoints."
    check_untouched(talk)
    assert len(debugger().breakpoints) == 0


# ------------------------------------------------------------------ wrong input

WRONG = [
    ("grad 7", "there is no gradient 7; there are 1, counted from 0"),
    ("grad x", "grad takes a whole number of at least 0, not 'x'"),
    ("node 1", "node takes nothing more, but there is '1'"),
    ("over 0", "over takes a whole number of at least 1, not '0'"),
    ("over -1", "over takes a whole number of at least 1, not '-1'"),
    ("over two", "over takes a whole number of at least 1, not 'two'"),
    ("into it", "into takes nothing more, but there is 'it'"),
    ("back", "no step to take back"),
    ("back 0", "back takes a whole number of at least 1, not '0'"),
    ("replay", "nothing to replay"),
    ("until norm >", "norm"),
    ("until nann", "nan"),
    ("until op:Sinn", "did you mean"),
    ("until 1", "line 1 is not below line"),
    ("unt blah", "unknown condition 'blah'"),
    ("jump here", "jump takes the number of a line, not 'here'"),
    ("edit", "edit needs an expression"),
    ("edit 0:", "edit needs an expression"),
    ("edit grad *", "edit can't read 'grad *'"),
    ("edit nothing", "NameError: name 'nothing' is not defined"),
    ("edit grad.expand(2)", "shape (2,)"),
    ("edit grad.double()", "float64"),
    ("edit ag.ones(3)", "shape (3,)"),
    ("edit 'text'", "not 'text'"),
    ("edit None", "not None"),
    ("gbreak op:Sinn", "did you mean"),
    ("gbreak enable", "gbreak enable takes a whole number of at least 1, not ''"),
    ("saved zzz", "no saved value is called 'zzz'"),
    ("nonsense", "NameError: name 'nonsense' is not defined"),
    ("p 1 / 0", "ZeroDivisionError"),
    ("!raise SystemExit", "SystemExit"),
    ("run", "run restarts a program"),
    ("(", "a statement must be complete in its line, unlike '('"),
    ("if grad:", "a statement must be complete in its line"),
    ("p (", "SyntaxError"),
    ("help nonsense", "No help for 'nonsense'"),
]


@pytest.mark.parametrize(("command", "says"), WRONG, ids=[c for c, _ in WRONG])
def test_wrong_input_is_answered_and_changes_nothing(command, says):
    talk = Talk(program, command, "p 6 * 7", "c", at=["op:Sum"])
    (error,) = talk.errors
    assert says in error
    assert len(error) < 320
    assert talk.answers[1].strip() == "42", "the prompt is still there"
    check_untouched(talk)


# ------------------------------------------------------------------ help and completion


def test_help_lists_our_commands_first_and_explains_each():
    from autograd_core.debug.prompt.prompt_help import ALIASES, USAGE

    talk = Talk(program, "help", *(f"help {name}" for name in USAGE), "help gb", "h next", "c")
    listed = talk.answers[0]
    assert max(listed.index(f"\n  {name} ") for name in USAGE) < listed.index("pdb's commands:")
    for name, said in zip(USAGE, talk.answers[1:], strict=False):
        assert said.startswith(USAGE[name])
        assert len(said.splitlines()) >= 2
    assert talk.answers[len(USAGE) + 1].startswith(USAGE["gbreak"])
    assert "n(ext)" in talk.answers[len(USAGE) + 2]
    assert set(ALIASES.values()) <= set(USAGE)
    assert not talk.errors


def test_short_names_do_not_hide_those_of_pdb():
    import pdb

    from autograd_core.debug.prompt.prompt_help import ALIASES, USAGE

    assert not [a for a in ALIASES if hasattr(pdb.Pdb, f"do_{a}")]
    assert [name for name in USAGE if hasattr(pdb.Pdb, f"do_{name}")] == ["until"]


COMPLETIONS = [
    ("ov", ["over"]),
    ("gr", ["grad", "graph"]),
    ("saved se", ["self"]),
    ("grad ", ["0"]),
    ("flow mo", ["module"]),
    ("until na", ["name:", "nan"]),
    ("until op:Mu", ["MulBackward0"]),
    ("gbreak nan or op:Acc", ["AccumulateGrad"]),
    ("gbreak dis", ["disable"]),
    ("gbreak clear ", ["1"]),
    ("until name:", ["x"]),
    ("until module:", []),
    ("help repl", ["replay"]),
    ("edit gra", ["grad", "grads"]),
    ("p gra", ["grad", "grads"]),
    ("p grad.shap", ["grad.shape"]),
]


@pytest.mark.parametrize(("line", "words"), COMPLETIONS, ids=[c for c, _ in COMPLETIONS])
def test_completion(line, words):
    found = []

    class Asking(Lines):
        def read(self, prompt):
            from autograd_core.debug.prompt import prompt as module

            at = max(line.rfind(c) for c in " :") + 1
            p = module._prompts[0]
            command = p.parseline(line)[0]
            if at == 0:
                found.extend(p.completenames(line, line, 0, len(line)))
            else:
                complete = getattr(p, f"complete_{command}")
                found.extend(complete(line[at:], line, at, len(line)))
            return "c"

    with debugger().session(["op:Mul"], front=Asking()):
        x = ag.tensor([1.0], requires_grad=True)
        (x * x).sum().backward()
    debugger().breakpoints.clear()
    assert sorted(word.strip() for word in found) == words
