"""A kernel that ends at a stop: panel and graph say so by themselves, and no box is left."""

import os
import signal
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from browser.inline_page import Graph
from browser.lab import Lab
from browser.panel_page import PAUSED, RIGHT, SETUP, emptied, one_page, wait_for

NODES = ["graph", "Sum", "Tanh", "Mul", "w"]
STATUSES = """root => {
    window.statuses = [];
    const status = root.querySelector('.ag-status');
    const note = () => window.statuses.push(status.textContent.split(' · ')[0]);
    new MutationObserver(note).observe(status, { childList: true, characterData: true });
}"""

SETTLED = """async () => {
    await window.restarted;
    const kernel = window.jupyterapp.shell.currentWidget.sessionContext.session?.kernel;
    return !kernel || kernel.status === 'idle';
}"""
"""The new kernel, if there will be one, has started."""


@pytest.fixture(scope="module")
def page(server: tuple[str, Path], chromium: Any) -> Iterator[Lab]:
    """One page for the tests of this file."""
    yield from one_page(server, chromium)


@pytest.fixture
def lab(page: Lab) -> Iterator[Lab]:
    """The page with nothing open."""
    yield from emptied(page)


def restart(lab: Lab) -> None:
    """By the menu."""
    context = "window.jupyterapp.shell.currentWidget.sessionContext"
    lab.page.evaluate(f"() => {{ window.restarted = {context}.restartKernel(); }}")


def shut_down(lab: Lab) -> None:
    """By the menu."""
    context = "window.jupyterapp.shell.currentWidget.sessionContext"
    lab.page.evaluate(f"() => {{ void {context}.shutdown(); }}")


def shut_down_elsewhere(lab: Lab) -> None:
    """By the list of running kernels.  The run is interrupted first, so its stop is over then."""
    lab.page.evaluate("() => { void window.jupyterapp.serviceManager.sessions.shutdownAll(); }")


def die(lab: Lab) -> None:
    """As when memory runs out; the server starts another one, and JupyterLab says so."""
    os.kill(int(lab.printed(2)), signal.SIGKILL)
    lab.page.locator(".jp-Dialog button").click()


@pytest.mark.parametrize("end", [restart, shut_down, shut_down_elsewhere, die])
def test_panel_and_graph_say_so_by_themselves(
    lab: Lab, end: Callable[[Lab], None], artefacts: Path
) -> None:
    lab.open(SETUP, PAUSED, "import os; print(os.getpid())", RIGHT)
    lab.run_cell(0)
    lab.run_cell(2)
    lab.start_cell(1)
    lab.says("Paused before TanhBackward0")
    graph = Graph(lab)
    graph.is_at("Tanh")
    lab.page.wait_for_selector(".jp-Stdin-input")
    graph.root.evaluate(STATUSES)
    end(lab)
    lab.says("Recorded, kernel gone")
    graph.wait("root => root.dataset.status === 'recorded'")
    wait_for(lab, "!document.querySelector('.jp-Stdin-input')", "the box is gone")
    lab.page.screenshot(path=artefacts / f"kernel-gone-{end.__name__}.png")
    if end is not shut_down_elsewhere:
        lab.shows("y = (w * 3.0).tanh()")
    for verb in ("continue", "over", "edit"):
        button = lab.panel.locator(f"button[data-verb={verb}]")
        assert button.get_attribute("aria-disabled") == "true"
        assert "no kernel" in button.get_attribute("title")
        assert "no kernel" in graph.reason(verb)
    graph.find("[data-action=tree]").click()
    assert graph.rows() == NODES
    assert not lab.page.evaluate("document.body.hasAttribute('data-autograd-paused')")
    lab.page.wait_for_function(SETTLED)
    statuses = lab.page.evaluate("window.statuses")
    assert statuses[-1] == "recorded, kernel gone"
    assert "connecting" not in statuses


def test_a_new_kernel_is_used_after_the_record(lab: Lab) -> None:
    lab.open(SETUP, PAUSED, RIGHT)
    lab.run_cell(0)
    lab.start_cell(1)
    lab.says("Paused before TanhBackward0")
    lab.page.wait_for_selector(".jp-Stdin-input")
    restart(lab)
    lab.says("Recorded, kernel gone")
    lab.run_cell(0)
    lab.says("Idle")
    lab.start_cell(1)
    graph = Graph(lab)
    graph.wait("root => root.dataset.status === 'paused'")
    lab.press("over")
    lab.says("Paused before MulBackward0")
    graph.press("continue")
    lab.wait_for_cell(1)
    assert lab.run_cell(2) == "True\n"
