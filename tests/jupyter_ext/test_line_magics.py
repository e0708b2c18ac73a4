"""``%autograd_trace`` with an expression, on, off, status; ``%autograd_flow``; loading."""

import sys

import pytest

from autograd_core import events, source
from autograd_core.debug.trace import traced

X = "x = torch.tensor([1.0, 2.0], requires_grad=True)"


@pytest.fixture
def x(run) -> None:
    run(X)  # In [2]


def test_an_expression_is_traced_and_is_the_value(run, shell, x, capsys) -> None:
    assert run("%autograd_trace (x * x).sum()").result.item() == 5.0
    assert capsys.readouterr().out.startswith("3 nodes, 0 backward steps")
    assert events._taps == ()


def test_its_nodes_stand_in_the_line_of_the_magic(run, shell, x) -> None:
    run("a = 1\n\nif a:\n    y = %autograd_trace (x * x).sum()")
    location = shell.user_ns["_trace"].nodes[0].location
    assert (location.where, location.text) == ("In [3], line 4", "(x * x).sum()")


def test_a_statement_and_a_semicolon(run, shell, x, capsys) -> None:
    run("%autograd_trace y = x * 3")
    assert shell.user_ns["y"].tolist() == [3.0, 6.0]
    assert run("%autograd_trace 'not' + ' shown';").result is None
    assert "not shown" not in capsys.readouterr().out


def test_local_names_are_seen(run, shell, x) -> None:
    run("def f(scale):\n    y = %autograd_trace x * scale\n    return y.tolist()")
    assert run("f(3)").result == [3.0, 6.0]


def test_braces_are_not_expanded(run, x) -> None:
    assert run("%autograd_trace [{n: 1} for n in (1, 2)]").result == [{1: 1}, {2: 1}]


def test_an_exception_comes_through_and_the_trace_is_shown(run, x, capsys) -> None:
    result = run("%autograd_trace [x * 2, 1 / 0]")
    assert isinstance(result.error_in_exec, ZeroDivisionError)
    assert "2 nodes" in capsys.readouterr().out
    assert events._taps == ()


@pytest.mark.parametrize(
    ("line", "said"),
    [
        ("(x *", "%autograd_trace cannot read '(x *': '(' was never closed (column 1)"),
        ("--every 2", "%autograd_trace needs an expression after its options"),
        ("--evry 2 x", "%autograd_trace has no option --evry (did you mean --every?)"),
        ("on now", "%autograd_trace on takes options only, not 'now'"),
        ("off", "tracing is not on; %autograd_trace on begins it"),
    ],
)
def test_wrong_lines(run, x, capsys, line: str, said: str) -> None:
    run(f"%autograd_trace {line}")
    assert capsys.readouterr().err.startswith(f"UsageError: {said}")
    assert events._taps == ()


def test_on_and_off_trace_several_cells(run, shell, x, capsys) -> None:
    run("%autograd_trace on --stats basic")
    run("y = x * x")
    run("y.sum().backward()")
    capsys.readouterr()
    run("%autograd_trace status")
    assert capsys.readouterr().out.startswith(
        "Tracing is on since In [3]: 3 nodes and 3 backward steps so far, "
    )
    run("%autograd_trace on")
    assert "tracing is already on, since In [3]" in capsys.readouterr().err
    run("%autograd_trace off")
    assert capsys.readouterr().out.startswith("3 nodes, 3 backward steps")
    assert shell.user_ns["_trace"].nodes[0].location.where == "In [4], line 1"
    assert events._taps == ()


def test_a_traced_cell_while_tracing_is_on(run, shell, x) -> None:
    run("%autograd_trace on")
    run("%%autograd_trace\ny = x * x")
    assert len(shell.user_ns["_trace"].nodes) == 2
    run("y.sum().backward()")
    run("%autograd_trace off")
    assert len(shell.user_ns["_trace"].nodes) == 3


def test_status_without_a_recording(run, x, capsys) -> None:
    run("%autograd_trace status")
    assert "nothing was traced yet" in capsys.readouterr().out
    run("%autograd_trace x * x")
    capsys.readouterr()
    run("%autograd_trace")
    assert capsys.readouterr().out.startswith(
        "Tracing is off. The last trace is of In [4]: 2 nodes"
    )


def test_flow(run, x, pictures, capsys) -> None:
    run("%autograd_flow")
    assert "nothing was traced yet" in capsys.readouterr().err
    run("%%autograd_trace\n(x * x).sum().backward()")
    del pictures[:]
    run("%autograd_flow --by node --format svg")
    (picture,) = pictures
    assert set(picture["data"]) == {"text/plain", "image/svg+xml"}
    run("%autograd_flow x")
    assert "%autograd_flow takes options only, not 'x'" in capsys.readouterr().err
    run("%autograd_flow --iteration 7")
    assert "iteration 7" in capsys.readouterr().err


def test_loading_twice_and_by_either_name(run, shell) -> None:
    before = list(shell.input_transformers_cleanup)
    run("%load_ext jupyter_ext")
    assert shell.input_transformers_cleanup == before
    run("%reload_ext autograd_core")
    assert len(shell.input_transformers_cleanup) == len(before)


def test_unloading_takes_everything_back(run, shell, x, capsys) -> None:
    run("%autograd_trace on")
    run("%unload_ext autograd_core")
    capsys.readouterr()
    for name in ("autograd_trace", "autograd_trace_begin", "autograd_flow"):
        assert shell.find_line_magic(name) is None
        assert shell.find_cell_magic(name) is None
    assert events._taps == ()
    assert source.describe_file is None
    assert traced.annotate is None
    assert "begin_recording" not in repr(shell.input_transformers_cleanup)
    assert "_cell" not in repr(
        [shell.events.callbacks[k] for k in ("pre_run_cell", "post_run_cell")]
    )
    run("%%autograd_trace\ny = x * 2")
    assert "not found" in capsys.readouterr().err
    assert "y" not in shell.user_ns


def test_importing_the_engine_does_not_import_the_extension() -> None:
    import subprocess

    probe = (
        "import autograd_core, sys; print('jupyter_ext' in sys.modules, 'IPython' in sys.modules)"
    )
    done = subprocess.run([sys.executable, "-c", probe], capture_output=True, text=True, check=True,
                          env={"PYTHONPATH": ":".join(sys.path)})  # fmt: skip
    assert done.stdout.split() == ["False", "False"]
