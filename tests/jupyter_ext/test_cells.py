"""A traced cell in a shell: it runs as it would without the first line, and is shown after."""

from pathlib import Path

import pytest

import autograd_core as ag

STEP = "x = torch.tensor([1.0, 2.0], requires_grad=True)\nloss = (x * x).sum()\nloss.backward()"


def test_a_cell_is_traced_and_shown_as_text(run, shell, capsys) -> None:
    assert run(f"%%autograd_trace\n{STEP}").success
    shown = capsys.readouterr().out
    assert shown.splitlines()[0].startswith("3 nodes, 3 backward steps, worst gradient ")
    assert "Mul" in shown
    assert "Sum" in shown
    assert "In [2], line 3" in shown
    assert shell.user_ns["x"].grad.tolist() == [2.0, 4.0]


def test_the_trace_is_in_a_variable_that_who_does_not_list(run, shell) -> None:
    run(f"%%autograd_trace\n{STEP}")
    assert [node.label for node in shell.user_ns["_trace"].nodes] == ["Mul", "Sum", "x"]
    assert "_trace" in shell.user_ns_hidden


def test_nodes_know_cell_and_line(run, shell) -> None:
    run("def square(x):\n    return x * x")
    run(
        "%%autograd_trace\n\nx = torch.ones(2, requires_grad=True)\n"
        "y = square(\n    x)\ny.sum().backward()"
    )
    mul, total = shell.user_ns["_trace"].nodes[:2]
    assert mul.location.where == "In [2], line 2"
    assert mul.location.text == "return x * x"
    assert total.location.where == "In [3], line 6"
    assert total.place_notes == {"execution_count": 3}


def test_errors_of_the_engine_name_cells_too(run, shell, capsys) -> None:
    run("x = torch.ones(2, requires_grad=True)\ny = (x * x).sum()\ny.backward()")
    capsys.readouterr()
    result = run("y.backward()")
    assert "In [2], line 2" in str(result.error_in_exec)


def test_the_last_expression_is_the_result(run, shell) -> None:
    assert run(f"%%autograd_trace\n{STEP}\n1 + 1").result == 2
    assert shell.user_ns["_"] == 2
    assert shell.user_ns["Out"][2] == 2


def test_a_semicolon_silences_it(run, capsys) -> None:
    run("%%autograd_trace\nx = 'not shown'\nx;")
    assert "not shown" not in capsys.readouterr().out


def test_await_works(run) -> None:
    cell = "%%autograd_trace\nimport asyncio\nx = await asyncio.sleep(0, 7)\nx"
    assert run(cell).result == 7


def test_del_and_new_names_are_the_users(run, shell) -> None:
    run("a = 1")
    run("%%autograd_trace\nb = 2\ndel a")
    assert "a" not in shell.user_ns
    assert shell.user_ns["b"] == 2


def test_what_was_typed_is_the_history(run, shell) -> None:
    run("%%autograd_trace --every 2\n1")
    assert shell.user_ns["In"][2].splitlines()[-1] == "1"
    assert shell.history_manager.input_hist_raw[2] == "%%autograd_trace --every 2\n1"


def test_an_exception_leaves_the_cell_and_the_trace_is_shown(run, shell, capsys) -> None:
    result = run(f"%%autograd_trace\n{STEP}\n1 / 0\nafter = 1")
    assert isinstance(result.error_in_exec, ZeroDivisionError)
    shown = capsys.readouterr().out
    assert shown.index("ZeroDivisionError") < shown.index("3 nodes, 3 backward steps")
    assert "line 5\n" in shown or ":5\n" in shown, "the traceback counts lines as the user does"
    assert "after" not in shell.user_ns


def test_an_interrupt_leaves_the_cell_and_the_trace_is_shown(run, capsys) -> None:
    result = run(f"%%autograd_trace\n{STEP}\nraise KeyboardInterrupt")
    assert isinstance(result.error_in_exec, KeyboardInterrupt)
    assert "3 nodes" in capsys.readouterr().out
    assert_nothing_is_left(run)


def test_an_error_in_backward_is_in_the_trace(run, shell, capsys) -> None:
    cell = (
        "%%autograd_trace\n"
        "class Broken(torch.autograd.Function):\n"
        "    @staticmethod\n"
        "    def forward(ctx, x):\n        return x * 1\n"
        "    @staticmethod\n"
        "    def backward(ctx, g):\n        raise ValueError('on purpose')\n"
        "Broken.apply(torch.ones(2, requires_grad=True)).sum().backward()"
    )
    assert "on purpose" in str(run(cell).error_in_exec)
    assert "on purpose" in shell.user_ns["_trace"].runs[-1].error


def test_a_syntax_error_runs_and_traces_nothing(run, shell, capsys) -> None:
    result = run("%%autograd_trace\nbefore = 1\nx = = 2")
    assert isinstance(result.error_before_exec, SyntaxError)
    shown, said = capsys.readouterr()
    assert "SyntaxError" in shown
    assert said == "Nothing of this cell was run or traced: correct the error above.\n"
    assert "before" not in shell.user_ns
    assert "_trace" not in shell.user_ns
    assert_nothing_is_left(run)


@pytest.mark.parametrize("options", ["--evry 2", "--every none", "x * x", "--save /no/such/file"])
def test_a_wrong_option_runs_nothing(run, shell, capsys, options: str) -> None:
    result = run(f"%%autograd_trace {options}\nbefore = 1")
    assert type(result.error_in_exec).__name__ == "UsageError"
    shown, said = capsys.readouterr()
    assert said.startswith("UsageError: %%autograd_trace ")
    assert len(said.splitlines()) == 1
    assert "Traceback" not in shown
    assert "before" not in shell.user_ns
    assert_nothing_is_left(run)


def test_a_cell_in_which_nothing_happens_says_so(run, capsys) -> None:
    run("%%autograd_trace\nx = 1")
    assert capsys.readouterr().out.startswith("Nothing was recorded: ")


def test_save_and_variables_in_options(run, shell, tmp_path: Path, capsys) -> None:
    shell.user_ns["name"] = tmp_path / "step.agtrace"
    run(f"%%autograd_trace --save {{name}}\n{STEP}")
    assert f"Saved to {tmp_path / 'step.agtrace'}" in capsys.readouterr().out
    loaded = ag.debug.load(str(tmp_path / "step.agtrace"))
    assert [node.label for node in loaded.nodes] == ["Mul", "Sum", "x"]


def test_a_file_that_cannot_be_written_in_the_end(run, shell, tmp_path: Path, capsys) -> None:
    folder = tmp_path / "gone"
    folder.mkdir()
    run(f"%%autograd_trace --save {folder}/t\nimport os\nos.rmdir({str(folder)!r})\n{STEP}")
    shown, said = capsys.readouterr()
    assert "3 nodes" in shown
    assert said.startswith("The trace could not be saved: ")


def test_stats_and_every_reach_the_recorder(run, shell) -> None:
    loop = "for _ in range(5):\n    x = torch.ones(2, requires_grad=True)\n    x.sum().backward()"
    run(f"%%autograd_trace --every 2 --stats basic\n{loop}")
    trace = shell.user_ns["_trace"]
    assert trace.stats == "basic"
    assert len(trace.runs) == 3


def test_iterations_left_out_between_others(run, pictures) -> None:
    loop = "for _ in range(5):\n    x = torch.ones(2, requires_grad=True)\n    x.sum().backward()"
    assert run(f"%%autograd_trace --every 2\n{loop}").success
    assert len(pictures) == 2


def test_without_statistics_there_is_no_flow(run, pictures, capsys) -> None:
    run(f"%%autograd_trace --stats off\n{STEP}")
    assert len(pictures) == 1
    run("%autograd_flow")
    assert "with --stats off no gradient was measured" in capsys.readouterr().err


def test_parameters_have_names_also_when_an_older_graph_is_alive(run, shell) -> None:
    run("net = torch.nn.Sequential(torch.nn.Linear(2, 1))\nkept = net(torch.ones(1, 2)).sum()")
    run("%%autograd_trace\nnet(torch.ones(1, 2)).sum().backward()")
    leaves = {node.name for node in shell.user_ns["_trace"].nodes if node.kind == "leaf"}
    assert leaves == {"net.0.weight", "net.0.bias"}


def test_cells_that_run_cells(run, shell) -> None:
    cell = (
        "get_ipython().run_cell('')\nget_ipython().run_cell('1')\n"
        "x = torch.ones(2, requires_grad=True) * 2"
    )
    run(f"%%autograd_trace\n{cell}")
    assert [node.label for node in shell.user_ns["_trace"].nodes][:1] == ["Mul"]
    assert_nothing_is_left(run)


def test_capture_and_time_around_it(run, shell, capsys) -> None:
    run(f"%%capture seen\n%%autograd_trace\n{STEP}")
    assert capsys.readouterr().out == ""
    assert "3 nodes" in shell.user_ns["seen"].stdout
    run(f"%%time\n%%autograd_trace\n{STEP}")
    assert "3 nodes" in capsys.readouterr().out
    run(f"%%autograd_trace\n%%time\n{STEP}")
    shown = capsys.readouterr().out
    assert "3 nodes" in shown
    assert "Wall time" in shown


def test_called_by_hand(run, shell, capsys) -> None:
    shell.run_cell_magic("autograd_trace", "--stats basic", STEP)
    assert "3 nodes" in capsys.readouterr().out
    with pytest.raises(ZeroDivisionError):
        shell.run_cell_magic("autograd_trace", "", "1 / 0")


def test_a_cell_cannot_be_traced_twice(run, capsys) -> None:
    run("%%autograd_trace\nget_ipython().run_line_magic('autograd_trace_begin', '')")
    assert "already traces this cell, In [2]" in capsys.readouterr().err
    assert_nothing_is_left(run)


def assert_nothing_is_left(run) -> None:
    from autograd_core import events, state

    assert events._taps == ()
    assert (state.harmless, state.tap) == (0, None)
