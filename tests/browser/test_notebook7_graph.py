"""The live graph in Notebook 7: trace, pause, step, go on."""

from pathlib import Path

from browser.inline_page import Graph
from browser.lab import Notebook7

SETUP = """\
%load_ext autograd_core
import autograd_core as ag
w = ag.tensor([0.5, 0.25], requires_grad=True)"""
TRACED = "%%autograd_trace --break op:Tanh\n(w * 3.0).tanh().sum().backward()"
RIGHT = "print(w.grad.tolist() == (3 * (1 - (3 * w.detach()).tanh() ** 2)).tolist())"


def test_trace_pause_over_continue(notebook7: Notebook7, artefacts: Path) -> None:
    notebook7.open(SETUP, TRACED, RIGHT)
    notebook7.run_cell(0)
    notebook7.errors.clear()  # Notebook 7 has some of its own when it starts
    notebook7.start_cell(1)
    graph = Graph(notebook7)
    graph.is_at("Tanh")
    graph.page.screenshot(path=artefacts / "notebook7-paused.png")
    graph.press("over")
    graph.is_at("Mul")
    graph.key("u")
    graph.is_at("Tanh")
    graph.key("c")
    notebook7.wait_for_cell(1)
    graph.is_over(4)
    assert notebook7.run_cell(2) == "True\n"
    assert notebook7.errors == []
