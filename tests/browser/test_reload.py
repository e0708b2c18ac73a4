"""A page that is loaded again at a stop: the graph under the cell is there, and drives the run."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from browser.inline_page import Graph, wide_page
from browser.lab import Lab

SETUP = """\
%load_ext autograd_core
import autograd_core as ag
w = ag.tensor([0.5, 0.25], requires_grad=True)"""
TRACED = """\
%%autograd_trace --break op:Tanh
y = (w * 3.0).tanh()
y.sum().backward()"""
RIGHT = "print(w.grad.tolist() == (3 * (1 - (3 * w.detach()).tanh() ** 2)).tolist())"
NODES = ["graph", "Sum", "Tanh", "Mul", "w"]

STAND_IN = ".jp-NotebookPanel:not(.lm-mod-hidden) .ag-StandIn"
WATCH = """() => {
    window.seen = new Set();
    const look = () => {
        const roots = [...document.querySelectorAll('.jp-OutputArea .ag-root')]
            .filter(root => getComputedStyle(root).visibility === 'visible');
        window.seen.add(roots.map(root => root.dataset.nodes).join());
        requestAnimationFrame(look);
    };
    look();
}"""
"""On each frame that is drawn: how many nodes each visible graph has."""


@pytest.fixture(scope="module")
def page(server: Any, chromium: Any) -> Iterator[Lab]:
    """One page for all tests here; each has a notebook and a kernel of its own."""
    with wide_page(server, chromium) as lab:
        yield lab


@pytest.fixture
def lab(page: Lab) -> Iterator[Lab]:
    """The page; notebooks of earlier tests are open, without kernels."""
    page.errors.clear()
    yield page
    page.end()


def pause_and_reload(lab: Lab) -> Graph:
    """A notebook that is paused before Tanh, on a page that came after that."""
    name = lab.open(SETUP, TRACED, RIGHT)
    lab.run_cell(0)
    lab.start_cell(1)
    graph = Graph(lab)
    graph.is_at("Tanh")
    assert lab.page.locator(STAND_IN).count() == 0
    lab.save()
    lab.start()
    lab.show(name, wait_for_kernel=False)
    return graph


def verify_gradient(graph: Graph) -> None:
    """The widget is back in its place, and the gradient is as it would be without us."""
    graph.lab.page.wait_for_selector(STAND_IN, state="detached")
    graph.is_over(4)
    assert graph.rows() == NODES
    assert graph.lab.run_cell(2) == "True\n"


def test_the_graph_is_there_at_once_and_drives_the_run(lab: Lab, artefacts: Path) -> None:
    graph = pause_and_reload(lab)
    graph.is_at("Tanh")
    assert graph.rows() == NODES
    lab.page.screenshot(path=artefacts / "reload-at-a-stop.png")
    graph.press("over")
    graph.is_at("Mul")
    graph.key("u")
    graph.is_at("Tanh")
    graph.find("[data-action=tree]").click()  # beside the panel there is no room for it
    graph.select("Mul")
    graph.key("b")
    graph.wait("root => root.querySelectorAll('.ag-row .ag-dot').length === 2")
    lab.page.evaluate(WATCH)
    graph.press("continue")
    graph.is_at("Mul")
    graph.key("c")
    verify_gradient(graph)
    lab.page.screenshot(path=artefacts / "reload-over.png")
    assert set(lab.page.evaluate("[...window.seen]")) == {"4"}  # never two, never an empty one
    assert [error for error in lab.errors if "Canceled future" not in error] == []


def test_the_panel_and_the_graph_go_together(lab: Lab) -> None:
    graph = pause_and_reload(lab)
    graph.is_at("Tanh")
    lab.press("over")
    graph.is_at("Mul")
    graph.press("back")
    lab.says("Paused before TanhBackward0")
    graph.key("n")
    lab.says("Paused before MulBackward0")
    assert "in no module" in graph.reason("out")
    lab.press("continue")
    verify_gradient(graph)


def test_a_stand_in_stays_as_a_record_when_the_kernel_goes(lab: Lab, artefacts: Path) -> None:
    graph = pause_and_reload(lab)
    graph.is_at("Tanh")
    lab.page.evaluate(
        "() => { void window.jupyterapp.shell.currentWidget.sessionContext.restartKernel(); }"
    )
    graph.wait(
        "root => root.querySelector('.ag-status').textContent.startsWith('recorded, kernel gone')"
    )
    assert graph.rows() == NODES
    assert "no kernel" in graph.reason("over")
    lab.page.screenshot(path=artefacts / "reload-kernel-gone.png")
    lab.run_cell(0)
    lab.start_cell(1)  # another run takes its place
    lab.page.wait_for_selector(STAND_IN, state="detached")
    graph.is_at("Tanh")
    graph.press("continue")
    lab.wait_for_cell(1)
    assert lab.run_cell(2) == "True\n"


def test_the_graph_is_there_at_once_in_notebook_7(notebook7: Any, artefacts: Path) -> None:
    name = notebook7.open(SETUP, TRACED, RIGHT)
    notebook7.run_cell(0)
    notebook7.start_cell(1)
    graph = Graph(notebook7)
    graph.is_at("Tanh")
    notebook7.save()
    notebook7.show(name, wait_for_kernel=False)  # it goes to the notebook's page
    graph.is_at("Tanh")
    notebook7.page.screenshot(path=artefacts / "reload-notebook7.png")
    graph.press("over")
    graph.is_at("Mul")
    graph.key("c")
    verify_gradient(graph)
