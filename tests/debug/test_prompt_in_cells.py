"""The prompt under IPython, where each statement of a cell is a program of its own."""

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest
from talking import ANSI

pytest.importorskip("IPython")
ROOT = Path(__file__).parents[2]

SHELL = '''
import sys
from IPython.core.interactiveshell import InteractiveShell
shell = InteractiveShell.instance()
shell.run_cell("""
import autograd_core as ag
from autograd_core.debug.stepping.debugger import break_on
class Spoken:
    def __repr__(self):
        return "spoken"
break_on("op:Sin")
""")
shell.run_cell("""w = ag.tensor([1.0, 2.0], requires_grad=True)
def f():
    (w * 3.0).sin().sum().backward()
    return 4
y = f()
a = 1
for i in range(2):
    a += i
b = 2
Spoken()
""")
print("TRACER", sys.gettrace())
shell.run_cell("print('NEXT CELL', [name for name in 'yab' if name in globals()])")
'''


def run_cells(tmp_path, commands):
    program = tmp_path / "shell.py"
    program.write_text(SHELL)
    home = {"HOME": str(tmp_path), "IPYTHONDIR": str(tmp_path), "PYTHONPATH": str(ROOT)}
    done = subprocess.run(
        [sys.executable, str(program)], input="".join(f"{c}\n" for c in commands), text=True,
        capture_output=True, timeout=120, env={**os.environ, **home},
    )  # fmt: skip
    return ANSI.sub("", done.stdout)


def lines_marked(said):
    """What stood behind pdb's arrow, one after the other."""
    return re.findall(r"^\d*-+> *\d+ (.*)$", said, re.MULTILINE)


def test_next_goes_from_statement_to_statement(tmp_path):
    said = run_cells(tmp_path, ["up", "up", *["n"] * 8])
    assert [line.strip() for line in lines_marked(said)] == [
        "(w * 3.0).sin().sum().backward()", "y = f()", "a = 1", "for i in range(2):", "a += i",
        "for i in range(2):", "a += i", "for i in range(2):", "b = 2", "Spoken()",
    ]  # fmt: skip
    assert "TRACER None" in said


def test_the_cell_ends_the_tracing(tmp_path):
    said = run_cells(tmp_path, ["n", "n", "n", *["n"] * 9])
    assert "spoken" in said, "nobody stopped in the __repr__"
    assert "TRACER None" in said
    assert "NEXT CELL ['y', 'a', 'b']" in said


@pytest.mark.parametrize(
    ("commands", "line"),
    [(["up", "up", "until 9"], "b = 2"), (["n", "b 8", "c"], "a += i"), (["r", "s"], "a = 1")],
)
def test_until_break_and_return_across_statements(tmp_path, commands, line):
    said = run_cells(tmp_path, [*commands, "cl 1", "c"])
    assert lines_marked(said)[-1].strip() == line
    assert "TRACER None" in said
    assert "NEXT CELL ['y', 'a', 'b']" in said


def test_the_stack_begins_at_the_cell(tmp_path):
    said = run_cells(tmp_path, ["w", "c"])
    where = said.partition("(Autograd) ")[2].partition("(Autograd) ")[0]
    assert len(lines_marked(where)) == 2
    assert "shell.py" not in where
    assert "hidden" not in where


def test_quitting_between_statements_ends_the_cell(tmp_path):
    said = run_cells(tmp_path, ["n", "n", "n", "q"])
    assert "TRACER None" in said
    assert "NEXT CELL ['y']" in said


# ------------------------------------------------------------------ in a kernel


def test_in_a_kernel(tmp_path):
    pytest.importorskip("ipykernel")
    pytest.importorskip("jupyter_client")
    from real_kernel import Kernel

    kernel = Kernel(tmp_path)
    try:
        kernel.run("%load_ext autograd_core\nimport autograd_core as ag, sys")
        cell = kernel.start(
            "%%autograd_trace --break op:Sin --format svg\n"
            "w = ag.tensor([1.0, 2.0], requires_grad=True)\n"
            "(w * 3.0).sin().sum().backward()\n"
            "a = 1\n"
            "b = 2"
        )
        for command in ("graph", "flow", "w", "n", "p w.grad is not None", "n", "c"):
            cell.prompt()
            kernel.type(command)
        cell.finish()
        text = ANSI.sub("", cell.text)
        assert cell.error is None
        shown = [o["data"] for o in cell.outputs if o["type"] == "display_data"]
        pictures = [data for data in shown if "image/svg+xml" in data]
        assert "paused before SinBackward0" in pictures[0]["image/svg+xml"]
        assert "Gradient flow · this backward so far" in pictures[1]["image/svg+xml"]
        assert [line.strip() for line in lines_marked(text)][-2:] == ["a = 1", "b = 2"]
        assert "ipykernel" not in text, "places are called as the notebook calls them"
        assert "> In [2](5)<module>()" in text
        assert kernel.value("[sys.gettrace(), a, b]") == [None, 1, 2]
    finally:
        kernel.close()
