"""``--break``, ``--script``, ``--frames``; breakpoints, why, post-mortem."""

import sys

import pytest

from autograd_core import events, state
from autograd_core.debug.stepping.debugger import debugger
from autograd_core.debug.stepping.front import Front

X = "x = torch.tensor([1.0, 2.0], requires_grad=True)"
STEP = f"{X}\n(x * x).sum().backward()"


@pytest.fixture(autouse=True)
def nobody(monkeypatch: pytest.MonkeyPatch):
    """Have nobody at the terminal, and leave no breakpoint behind."""
    monkeypatch.setattr(debugger(), "front", Front())
    monkeypatch.setattr(debugger(), "missed", [])
    yield
    debugger().breakpoints.clear()
    assert debugger().paused is None
    assert state.driver is None
    assert events._taps == ()
    assert sys.gettrace() is None


def numbers() -> list[int]:
    return [breakpoint.number for breakpoint in debugger().breakpoints]


# ------------------------------------------------------------------ a cell and its breakpoints


def test_without_anybody_to_ask_the_stop_is_noted(run, capsys) -> None:
    run(f"%%autograd_trace --break op:Mul\n{STEP}").raise_error()
    said = capsys.readouterr().out
    assert said.count("would have paused at MulBackward0, norm 1.41") == 1
    assert "3 nodes, 3 backward steps" in said
    assert numbers() == []


def test_several_breakpoints(run, capsys) -> None:
    cell = f"%%autograd_trace --break 'norm > 4' --stats basic --break op:Sum\n{STEP}"
    run(cell).raise_error()
    said = capsys.readouterr().out
    assert said.index("paused at SumBackward0") < said.index("paused at x, norm 4.47")


def test_a_script(run, capsys) -> None:
    script = "p 'first', grad.tolist(); over; edit grad * 3; continue"
    run(f'%%autograd_trace --script "{script}"\n{STEP}\nprint(x.grad.tolist())').raise_error()
    said = capsys.readouterr().out
    assert "(Autograd) p 'first', grad.tolist()\n('first', 1.0)\n" in said
    assert "Paused before MulBackward0" in said
    assert "[6.0, 12.0]" in said


def test_listings_show_the_line_that_was_typed(run, capsys) -> None:
    run(f'%%autograd_trace --break op:Mul --script "up; continue"\n{STEP}').raise_error()
    said = capsys.readouterr().out
    assert '1 # %%autograd_trace --break op:Mul --script "up; continue"\n' in said
    assert "----> 3 (x * x).sum().backward()" in said


def test_a_script_at_a_breakpoint(run, capsys) -> None:
    run(f'%%autograd_trace --break op:Mul --script "p grad.tolist(); stop"\n{STEP}')
    assert "(Autograd) p grad.tolist()\n[1.0, 1.0]\n(Autograd) stop" in capsys.readouterr().out


def test_the_end_of_a_script_lets_the_run_go_on(run, capsys) -> None:
    run(f'%%autograd_trace --break nan --break op:Mul --script "grad"\n{STEP}').raise_error()
    assert "3 nodes, 3 backward steps" in capsys.readouterr().out


def test_frames_are_kept_when_asked_for(run, capsys) -> None:
    cell = (
        "def double(v):\n    factor = torch.tensor([2.0, 2.0])\n    return v * factor\n"
        f"{X}\ndouble(x).sum().backward()"
    )
    script = "forward; p factor.tolist(), 'in the forward'; continue"
    run(f'%%autograd_trace --frames --break op:Mul --script "{script}"\n{cell}').raise_error()
    assert "([2.0, 2.0], 'in the forward')" in capsys.readouterr().out
    assert debugger().frames is None


@pytest.mark.parametrize(
    ("line", "said"),
    [
        ("--break op:Mull", "--break cannot pause there: there is no operation 'Mull': did you"),
        ("--break 'norm >'", "--break cannot pause there: "),
        ("--break nan or inf", 'a condition of several words needs quotes: --break "nan or inf"'),
        ("--break", "%%autograd_trace --break needs a value: --break COND"),
        ('--script ""', "--script needs commands, e.g. "),
        ("--frames=yes", "--frames takes no value"),
        ("--brake nan", "no option --brake (did you mean --break?)"),
    ],
)  # fmt: skip
def test_a_wrong_line_runs_nothing(run, shell, capsys, line: str, said: str) -> None:
    run(f"%%autograd_trace --break nan {line}\nran = True")
    assert said in capsys.readouterr().err
    assert "ran" not in shell.user_ns
    assert numbers() == []


def test_breakpoints_go_with_their_cell_whatever_ends_it(run, capsys) -> None:
    run("%%autograd_trace --break nan --break inf\n1 / 0")
    assert numbers() == []
    run("%%autograd_trace --break nan\nx = = 1")
    assert numbers() == []


def test_an_expression(run, shell, capsys) -> None:
    run(f"{X}\nloss = (x * x).sum()")
    run('%autograd_trace --break op:Mul --script "edit 0; continue" loss.backward()').raise_error()
    assert "Paused before MulBackward0" in capsys.readouterr().out
    assert shell.user_ns["x"].grad.tolist() == [0.0, 0.0]


def test_several_cells(run, capsys) -> None:
    run("%autograd_trace on --break op:Mul")
    run(STEP).raise_error()
    assert "would have paused at MulBackward0" in capsys.readouterr().out
    assert len(numbers()) == 1
    run("%autograd_trace off")
    assert numbers() == []


def test_unloading_takes_the_breakpoints_of_a_recording_away(run, shell) -> None:
    run("%autograd_trace on --break op:Mul")
    run("%unload_ext autograd_core")
    assert numbers() == []
    for name in ("autograd_break", "autograd_why", "autograd_debug"):
        assert shell.find_line_magic(name) is None


# ------------------------------------------------------------------ %autograd_break


def test_a_breakpoint_lasts(run, capsys) -> None:
    run("%autograd_break op:Mul and norm > 1 ignore 1")
    number = numbers()[0]
    assert capsys.readouterr().out == f"Breakpoint {number}: op:Mul and norm > 1 ignore 1\n"
    run(STEP)
    assert "would have paused" not in capsys.readouterr().out
    run(STEP)
    assert "would have paused at MulBackward0" in capsys.readouterr().out
    run("%autograd_break list")
    assert "2 hits" in capsys.readouterr().out
    run(f"%autograd_break disable {number}\n%autograd_break")
    said = capsys.readouterr().out
    assert said.startswith(f"Breakpoint {number} is disabled.\n")
    assert "off, ignore 1" in said
    run(f"%autograd_break enable {number}")
    assert capsys.readouterr().out == f"Breakpoint {number} is enabled.\n"
    run(f"%autograd_break clear {number}")
    assert numbers() == []
    run("%autograd_break nan\n%autograd_break inf once\n%autograd_break clear")
    assert numbers() == []


@pytest.mark.parametrize(
    ("line", "said"),
    [
        ("op:Mull", "%autograd_break: there is no operation 'Mull': did you"),
        ("nrm > 3", "%autograd_break: unknown condition 'nrm'"),
        ("clear two", "%autograd_break: clear needs the number of a breakpoint, got 'two'"),
        ("disable", "%autograd_break: disable needs the number of a breakpoint, got ''"),
        ("enable 999", "%autograd_break: there is no breakpoint 999; the numbers are: none"),
        ("list all", "%autograd_break list takes nothing after it, not 'all'"),
    ],
)
def test_wrong_breakpoints(run, capsys, line: str, said: str) -> None:
    run(f"%autograd_break {line}")
    assert capsys.readouterr().err.startswith(f"UsageError: {said}")
    assert numbers() == []


def test_braces_and_dollars_are_not_expanded(run, capsys) -> None:
    run("number = 7\n%autograd_break py: len({number for n in grads}) > 100")
    assert "{number for n in grads}" in capsys.readouterr().out


# ------------------------------------------------------------------ %autograd_why


def test_why(run, capsys) -> None:
    run(f"{X}\ny = (x - 1).log()")
    diagnosis = run("%autograd_why y").result
    assert diagnosis.cause == "inf_origin"
    assert run("%autograd_why y.detach() * float('nan')").success
    run("def inner(value):\n    d = %autograd_why value\n    return d\nanswer = inner(y)")
    assert run("answer.cause").result == "inf_origin"


def test_why_the_last_exception(run, capsys, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "last_value", None, raising=False)
    run("%autograd_why")
    assert "no exception was raised yet" in capsys.readouterr().err
    run(f"{STEP}\ny = (x * x).sum()\ny.backward()\ny.backward()")
    assert run("%autograd_why").result.cause == "graph_freed"


def test_why_of_nothing_sensible(run, capsys) -> None:
    run("%autograd_why 3.5")
    assert capsys.readouterr().err.startswith("UsageError: %autograd_why: why() can't say anything")
    assert isinstance(run("%autograd_why no_such_name").error_in_exec, NameError)


# ------------------------------------------------------------------ %autograd_debug


def test_post_mortem_in_backward(run, capsys) -> None:
    run(f"{X}\ny = x * 3\ny.register_hook(lambda g: 1 / 0)\ny.sum().backward()")
    capsys.readouterr()
    run('%autograd_debug --script "p grad.tolist(); forward"')
    said = capsys.readouterr().out
    assert "Failed in MulBackward0 · ZeroDivisionError: division by zero" in said
    assert "(Autograd) p grad.tolist()\n[1.0, 1.0]" in said
    assert "y = x * 3" in said


def test_post_mortem_in_forward_and_in_anomaly_mode(run, capsys) -> None:
    run("torch.ones(2, 3) @ torch.ones(4, 5)")
    run('%autograd_debug --script "p inputs[1].shape"')
    said = capsys.readouterr().out
    assert "Failed in mm" in said
    assert "torch.Size([4, 5])" in said
    run(
        "x = torch.zeros(2, requires_grad=True)\nwith torch.autograd.detect_anomaly():\n"
        "    (x.sqrt() * 0).sum().backward()"
    )
    run('%autograd_debug --script "q"')
    assert "Failed in SqrtBackward0 · AnomalyError" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("cell", "line", "said"),
    [
        ("1 / 0", "--script q", "ZeroDivisionError did not come from an operation"),
        ("torch.ones(2).reshape(7)", "", "nobody can be asked (nobody is there to ask)"),
        ("torch.ones(2).reshape(7)", "now", "%autograd_debug takes options only, not 'now'"),
        ("torch.ones(2).reshape(7)", "--scrpt q", "no option --scrpt (did you mean --script?)"),
    ],
)
def test_no_post_mortem(run, capsys, cell: str, line: str, said: str) -> None:
    run(cell)
    run(f"%autograd_debug {line}")
    assert said in capsys.readouterr().err


def test_why_looks_into_the_last_trace(run):
    run("w = torch.ones(2, requires_grad=True)\nv = torch.ones(2, requires_grad=True)")
    assert run("%autograd_why v").result.cause == "no_gradient"
    run("%%autograd_trace\nunused = (v * 2).sum()\n(w * w).sum().backward()")
    answer = run("%autograd_why v").result
    assert answer.cause == "unreached"
    assert answer.location.line == 2
