"""The ``%%autograd_trace`` line becomes a call on the same line."""

import ast

import pytest
from IPython.core.inputtransformer2 import TransformerManager

from jupyter_ext.cell_transform import begin_recording


@pytest.fixture
def manager() -> TransformerManager:
    manager = TransformerManager()
    manager.cleanup_transforms.append(begin_recording)
    return manager


def test_every_line_stays_where_it_is(manager: TransformerManager) -> None:
    cell = "%%autograd_trace --every 2\n\nx = 1\n%time y = 2\nx + y\n"
    lines = manager.transform_cell(cell).splitlines()
    assert lines[0] == "get_ipython().run_line_magic('autograd_trace_begin', '--every 2')"
    assert lines[1:3] == ["", "x = 1"]
    assert lines[4:] == ["x + y"]


@pytest.mark.parametrize(
    "cell",
    ["", "\n", "  \n\n", ' --save "a\'b"\nx\n'],
)
def test_the_result_is_python(manager: TransformerManager, cell: str) -> None:
    call = ast.parse(manager.transform_cell(f"%%autograd_trace{cell}")).body[0]
    assert ast.unparse(call).startswith("get_ipython().run_line_magic('autograd_trace_begin'")


@pytest.mark.parametrize(
    "cell", ["x = 1\n", "%%time\nx = 1\n", "%%autograd_tracer\nx\n", "x\n%%autograd_trace\n", "\n"]
)
def test_other_cells_are_left_alone(manager: TransformerManager, cell: str) -> None:
    assert manager.transform_cell(cell) == TransformerManager().transform_cell(cell)


def test_help_stays_help(manager: TransformerManager) -> None:
    assert "pinfo" in manager.transform_cell("%%autograd_trace?\n")


def test_another_cell_magic_may_follow(manager: TransformerManager) -> None:
    lines = manager.transform_cell("%%autograd_trace\n%%time\nx = 1\n").splitlines()
    assert lines[1] == "get_ipython().run_cell_magic('time', '', 'x = 1\\n')"


def test_a_terminal_waits_for_the_rest_of_the_cell(manager: TransformerManager) -> None:
    assert manager.check_complete("%%autograd_trace\n")[0] == "incomplete" or (
        manager.check_complete("%%autograd_trace")[0] == "incomplete"
    )
    assert manager.check_complete("%%autograd_trace\nx = 1")[0] == "incomplete"
    assert manager.check_complete("%%autograd_trace\nx = 1\n\n")[0] == "complete"
