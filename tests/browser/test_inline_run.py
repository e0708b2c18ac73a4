"""The live graph under a cell while its run goes on, pauses, and is driven from it."""

from collections.abc import Iterator
from typing import Any

import pytest
from browser.inline_page import Graph, make_room, wide_page
from browser.lab import Lab

SETUP = """\
%load_ext autograd_core
import autograd_core as ag
class Twice(ag.autograd.Function):
    @staticmethod
    def forward(ctx, x):
        return x * 2.0
    @staticmethod
    def backward(ctx, g):
        h = g * 2.0
        return h
w = ag.tensor([0.5, 0.25], requires_grad=True)"""
TRACED = """\
%%autograd_trace --break op:Tanh
y = (Twice.apply(w) * 3.0).tanh()
y.sum().backward()"""
RIGHT = "print(w.grad.tolist() == (6 * (1 - (6 * w.detach()).tanh() ** 2)).tolist())"
NODES = ["graph", "Sum", "Tanh", "Mul", "Twice", "w"]


@pytest.fixture(scope="module")
def page(server: Any, chromium: Any) -> Iterator[Lab]:
    """One page for all tests here; each has a notebook and a kernel of its own."""
    with wide_page(server, chromium) as lab:
        yield lab


@pytest.fixture
def lab(page: Lab) -> Iterator[Lab]:
    """The page; notebooks of earlier tests are open, without kernels."""
    page.errors.clear()
    make_room(page)
    yield page
    page.end()


@pytest.fixture
def paused(lab: Lab) -> Graph:
    """The graph of a run that is paused before Tanh."""
    lab.open(SETUP, TRACED, RIGHT, "print((w.grad / 6).tolist())")
    lab.run_cell(0)
    lab.start_cell(1)
    graph = Graph(lab)
    graph.is_at("Tanh")
    return graph


def verify_gradient(graph: Graph) -> None:
    """The cell is over, and the gradient is as it would be without us."""
    graph.lab.wait_for_cell(1)
    graph.is_over(5)
    assert graph.lab.run_cell(2) == "True\n"
    assert [error for error in graph.lab.errors if "Canceled future" not in error] == []


def test_nodes_arrive_before_the_cell_ends(lab: Lab) -> None:
    cell = "%%autograd_trace\ny = (w * 3.0).tanh()\ninput()\nloss = y.sum()\nloss.backward()"
    lab.open(SETUP, cell)
    lab.run_cell(0)
    lab.start_cell(1)
    graph = Graph(lab)
    graph.wait("root => root.dataset.nodes === '3'")  # Mul, Tanh, w
    assert graph.rows() == ["graph", "Tanh", "Mul", "w"]
    box = lab.page.locator(".jp-Stdin-input")
    box.fill("go on")
    box.press("Enter")
    lab.wait_for_cell(1)
    graph.is_over(4)
    assert graph.root.get_attribute("data-reached") == "4"


def test_buttons_drive_the_blocked_kernel(paused: Graph) -> None:
    assert paused.rows() == NODES
    for verb, node in (("over", "Mul"), ("back", "Tanh"), ("over", "Mul"), ("over", "Twice")):
        paused.press(verb)
        paused.is_at(node)
    assert "in no module" in paused.reason("out")
    paused.press("continue")
    verify_gradient(paused)
    assert paused.reason("over") == "nothing is paused"


def test_keys_drive_the_blocked_kernel(paused: Graph) -> None:
    paused.says("Paused before TanhBackward0: breakpoint 1: op:Tanh")
    for key, node in (("n", "Mul"), ("u", "Tanh"), ("n", "Mul")):
        paused.key(key)
        paused.is_at(node)
    paused.select("w")
    paused.key("r")  # until here
    paused.is_at("w")
    paused.key("F8")
    verify_gradient(paused)


def test_into_goes_to_python_and_says_so(paused: Graph) -> None:
    paused.select("Twice")
    paused.key("r")
    paused.is_at("Twice")
    paused.key("s")
    paused.says("Paused in ")
    line = "root => root.querySelector('[aria-label=\"The line that runs next\"]')?.textContent"
    paused.wait(f"{line}.includes('h = g * 2.0')")
    assert "pdb stands in Python" in paused.reason("back")
    paused.key("n")
    paused.wait(f"{line}.includes('return h')")
    paused.press("continue")
    paused.is_at("w")  # the stop after Python is the next node
    paused.press("continue")
    verify_gradient(paused)


def test_a_gradient_is_edited_and_taken_further(paused: Graph) -> None:
    paused.key("n")
    paused.is_at("Mul")
    paused.key("e")
    paused.page.keyboard.type("grad * 0 + 1")
    paused.page.keyboard.press("Enter")
    paused.wait("root => root.querySelector('.ag-inspector').innerText.includes('1 to 1')")
    paused.press("continue")
    paused.lab.wait_for_cell(1)
    assert paused.lab.run_cell(3) == "[1.0, 1.0]\n"


def test_stop_ends_the_run(paused: Graph) -> None:
    paused.press("over")
    paused.is_at("Mul")
    paused.key("x")
    assert "backward was stopped before MulBackward0" in paused.lab.wait_for_cell(1)


def test_a_breakpoint_is_set_and_removed_by_click_and_by_key(paused: Graph) -> None:
    marked = "(root, names) => [...root.querySelectorAll('.ag-row:has(.ag-dot) .ag-name')]"
    marked += ".map(row => row.textContent).join() === names"
    paused.page.mouse.click(*paused.dot_of("Twice"))
    paused.wait(marked, "Tanh,Twice")
    paused.select("Mul")
    paused.key("b")
    paused.wait(marked, "Tanh,Mul,Twice")
    paused.key("b")
    paused.wait(marked, "Tanh,Twice")
    paused.key("c")
    paused.is_at("Twice")
    paused.find(".ag-inspector button[aria-pressed=true]").click()  # Remove breakpoint
    paused.wait(marked, "Tanh")
    paused.key("c")
    verify_gradient(paused)


def test_after_a_reload_the_run_goes_on_from_the_panel_and_the_graph_is_back(
    paused: Graph,
) -> None:
    lab = paused.lab
    name = lab.page.evaluate("window.jupyterapp.shell.currentWidget.context.path")
    lab.save()
    lab.start()  # with the panel open
    lab.show(name, wait_for_kernel=False)
    lab.says("Paused before TanhBackward0")
    lab.press("continue")
    paused.is_over(5)  # the widget needs the shell channel, which is free now
    assert paused.rows() == NODES
    lab.start()
    lab.show(name)
    paused.is_over(5)
    assert lab.run_cell(2) == "True\n"


def test_a_restart_leaves_the_record(paused: Graph) -> None:
    paused.page.evaluate(
        "() => window.jupyterapp.shell.currentWidget.sessionContext.session.kernel.restart()"
    )
    status = "root => root.querySelector('.ag-status').textContent"
    paused.wait(f"{status}.startsWith('recorded, kernel gone')")
    assert paused.rows() == NODES
    assert "no kernel" in paused.reason("over")


def test_the_line_of_a_node_is_gone_to(paused: Graph) -> None:
    active = "window.jupyterapp.shell.currentWidget.content.activeCell"
    for node, line in (("Twice", 1), ("Sum", 2)):  # the second is the cell's last line
        paused.select(node)
        paused.find(".ag-where button").click()
        paused.page.wait_for_function(f"{active}.editor.getSelection().start.line === {line}")
    index = "window.jupyterapp.shell.currentWidget.content.activeCellIndex"
    assert paused.page.evaluate(index) == 1
    paused.press("continue")
    verify_gradient(paused)


def test_pictures_that_show_the_same_are_hidden_and_stay_in_the_notebook(paused: Graph) -> None:
    paused.press("continue")
    verify_gradient(paused)
    shown = "notebook => [...notebook.querySelectorAll('.jp-RenderedSVG')]"
    shown += ".map(picture => picture.checkVisibility()).join()"
    notebook = paused.page.locator(".jp-NotebookPanel:not(.lm-mod-hidden)")
    assert notebook.evaluate(shown) == "false,false"
    saved = paused.lab.save()["cells"][1]["outputs"]
    assert sum("image/svg+xml" in output.get("data", {}) for output in saved) == 2
    paused.page.evaluate(
        """() => {
            const { outputs } = window.jupyterapp.shell.currentWidget.content.widgets[1].model;
            const kept = outputs.toJSON().filter(
                output => !output.data?.['application/vnd.jupyter.widget-view+json']);
            outputs.fromJSON(kept);
        }"""
    )
    paused.page.wait_for_function(
        f"notebook => ({shown})(notebook) === 'true,true'", arg=notebook.element_handle()
    )


def test_a_recorded_trace_is_shown_without_magics(lab: Lab) -> None:
    cell = """\
import jupyter_ext
with ag.debug.trace() as trace:
    for n in range(3):
        (w * (n + 1.0)).tanh().sum().backward()
jupyter_ext.graph(trace)"""
    lab.open(SETUP, cell)
    lab.run_cell(0)
    lab.run_cell(1)
    graph = Graph(lab)
    graph.is_over(4)
    assert graph.rows() == ["graph", "Sum", "Tanh", "Mul", "w"]
    graph.find("input[aria-label=Iteration]").fill("0")
    graph.wait("root => root.querySelector('.ag-graph').ariaLabel.includes('iteration 0')")
    assert graph.reason("over") == "nothing is paused"


def test_two_iterations_are_compared_and_a_backward_is_replayed(lab: Lab) -> None:
    cell = "%%autograd_trace\nfor scale in (1.0, 8.0):\n    (w * scale).tanh().sum().backward()"
    lab.open(SETUP, cell)
    lab.run_cell(0)
    lab.run_cell(1)
    graph = Graph(lab)
    graph.wait("root => root.querySelector('.ag-graph').ariaLabel.includes('iteration 1')")
    legend = graph.find(".ag-legend")
    assert "blue is a smaller gradient" not in legend.get_attribute("aria-label")
    other = graph.find(".ag-compare input")
    other.fill("0")
    other.press("Enter")
    graph.wait("root => root.querySelector('.ag-legend').ariaLabel.includes('blue is a smaller')")
    other.fill("")
    other.press("Enter")
    graph.wait("root => !root.querySelector('.ag-legend').ariaLabel.includes('blue is a smaller')")
    steps = graph.find(".ag-slide output").last
    assert steps.text_content() == "4 of 4"
    graph.root.evaluate("""root => {
        const steps = [...root.querySelectorAll('.ag-slide output')].pop();
        root.seen = [];
        new MutationObserver(() => root.seen.push(steps.textContent))
            .observe(steps, { childList: true, characterData: true, subtree: true });
    }""")
    graph.root.get_by_role("button", name="Replay").click()
    graph.wait("root => root.seen.at(-1) === '4 of 4'")
    assert graph.root.evaluate("root => root.seen") == [f"{n} of 4" for n in range(5)]
