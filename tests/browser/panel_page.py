"""One page of JupyterLab for all tests of a file, emptied after each; and what they look for."""

from collections.abc import Iterator
from typing import Any

from browser.lab import PANEL, Lab

SETUP = """\
%load_ext autograd_core
import autograd_core as ag
w = ag.tensor([0.5, -1.0], requires_grad=True)"""
PAUSED = """\
%%autograd_trace --break op:Tanh
w.grad = None
y = (w * 3.0).tanh()
y.sum().backward()"""
RIGHT = "print(bool(ag.allclose(w.grad, 3 * (1 - (w * 3.0).tanh() ** 2))))"

GRAPH = f"{PANEL} .ag-GraphHost .ag-root"
ROWS = f"{PANEL} .ag-Parameters tbody tr"

_EMPTY = """async () => {
    const app = window.jupyterapp;
    await app.serviceManager.sessions.shutdownAll();
    for (const widget of [...app.shell.widgets('main')]) {
        if (widget.context?.model) widget.context.model.dirty = false;
        widget.dispose();
    }
    window.localStorage.removeItem('autograd-core:folded');
}"""


def one_page(server: tuple[str, Any], chromium: Any) -> Iterator[Lab]:
    """A page of JupyterLab with the panel open, for several tests: coming to one takes long."""
    page = chromium.new_page(viewport={"width": 1280, "height": 1000})
    lab = Lab(page, *server)
    lab.start()
    lab.command("application:toggle-left-area")
    yield lab
    lab.end()
    page.close()


def emptied(lab: Lab) -> Iterator[Lab]:
    """The same page for one test; nothing is open on it before and after."""
    lab.errors.clear()
    lab.console.clear()
    yield lab
    lab.page.evaluate(_EMPTY)
    lab.says("No notebook")


def pause(lab: Lab, *more: str) -> Lab:
    """A notebook whose second cell is paused before the node of tanh."""
    lab.open(SETUP, PAUSED, RIGHT, *more)
    lab.run_cell(0)
    lab.start_cell(1)
    lab.says("Paused before TanhBackward0")
    lab.page.wait_for_selector(".jp-Stdin-input")
    return lab


def verify_gradients(lab: Lab) -> None:
    """The paused cell ends, and its gradients are right."""
    lab.wait_for_cell(1)
    assert lab.run_cell(2) == "True\n"
    assert lab.errors == []


def wait_for(lab: Lab, javascript: str, what: str) -> None:
    """Wait until an expression of the page is true; a sentence if it does not come so."""
    from playwright.sync_api import TimeoutError as Late

    try:
        lab.page.wait_for_function(javascript)
    except Late:
        raise AssertionError(f"{what}: {javascript}\n{lab.panel.inner_text()}") from None
