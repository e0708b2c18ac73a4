"""The live graph in Notebook 7: trace, pause, step, go on, and what a person does with it then."""

from pathlib import Path

from browser.inline_page import Graph
from browser.lab import Notebook7

SETUP = """\
%load_ext autograd_core
import autograd_core as ag
w = ag.tensor([0.5, 0.25], requires_grad=True)"""
TRACED = "%%autograd_trace --break op:Tanh\n(w * 3.0).tanh().sum().backward()"
RECORDED = """\
import jupyter_ext
with ag.debug.trace() as trace:
    for n in range(3):
        (w * (n + 1.0)).tanh().sum().backward()
jupyter_ext.graph(trace)"""
NOTEBOOK = "window.jupyterapp.shell.currentWidget.content"
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


def typed(notebook7: Notebook7, line: str) -> None:
    """Type a command into the input box."""
    box = notebook7.page.locator(".jp-Stdin-input").last
    box.fill(line)
    box.press("Enter")


def test_typed_commands_a_breakpoint_by_click_and_the_line_of_a_node(notebook7: Notebook7) -> None:
    notebook7.page.set_viewport_size({"width": 1280, "height": 1100})
    notebook7.open(SETUP, f"{TRACED}\nprint(w.grad is None)", RIGHT)
    notebook7.run_cell(0)
    notebook7.start_cell(1)
    graph = Graph(notebook7)
    graph.is_at("Tanh")
    graph.page.mouse.click(*graph.dot_of("Mul"))
    marked = "[...root.querySelectorAll('.ag-row:has(.ag-dot) .ag-name')].map(e => e.textContent)"
    graph.wait(f"root => {marked}.join() === 'Tanh,Mul'")
    graph.select("Sum")
    graph.find(".ag-where button").click()
    editor = f"{NOTEBOOK}.activeCell.editor"
    graph.page.wait_for_function(f"{editor}.getSelection().start.line === 1")
    typed(notebook7, "continue")
    graph.is_at("Mul")
    typed(notebook7, "c")
    notebook7.wait_for_cell(1)
    graph.is_over(4)
    assert notebook7.run_cell(2) == "True\n"
    shown = "() => [...document.querySelectorAll('.jp-RenderedSVG')].map(e => e.checkVisibility())"
    assert graph.page.evaluate(shown) == [False, False]


def test_a_recorded_trace_in_light_and_dark_and_its_pictures(
    notebook7: Notebook7, tmp_path: Path, artefacts: Path
) -> None:
    notebook7.open(SETUP, RECORDED)
    notebook7.run_cell(0)
    notebook7.run_cell(1)
    graph = Graph(notebook7)
    graph.is_over(4)
    graph.find("input[aria-label=Iteration]").fill("0")
    graph.wait("root => root.querySelector('.ag-graph').ariaLabel.includes('iteration 0')")
    for theme in ("Dark", "Light"):
        notebook7.command("apputils:change-theme", theme=f"JupyterLab {theme}")
        graph.wait("(root, theme) => root.dataset.theme === theme", theme.lower())
        graph.page.screenshot(path=artefacts / f"notebook7-{theme.lower()}.png")
    for kind, begins in {"svg": b"<svg", "png": b"\x89PNG", "html": b"<!DOCTYPE html>"}.items():
        graph.export(kind).save_as(tmp_path / "graph")
        assert (tmp_path / "graph").read_bytes().startswith(begins)
