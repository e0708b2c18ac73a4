"""The panel in a real JupyterLab: it shows a paused run, and drives it from there."""

import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from browser.lab import PANEL, Lab
from browser.panel_page import (
    PAUSED,
    RIGHT,
    SETUP,
    emptied,
    one_page,
    pause,
    verify_gradients,
    wait_for,
)

ROOT = Path(__file__).resolve().parents[2]


@pytest.fixture(scope="module")
def page(server: tuple[str, Path], chromium: Any) -> Iterator[Lab]:
    """One page for the tests of this file."""
    yield from one_page(server, chromium)


@pytest.fixture
def lab(page: Lab) -> Iterator[Lab]:
    """The page with nothing open."""
    yield from emptied(page)


@pytest.fixture
def paused(lab: Lab) -> Lab:
    """A notebook whose second cell is paused before the node of tanh."""
    return pause(lab)


# --- what it shows ------------------------------------------------------------------------------


def test_a_pause_is_shown_with_reason_place_and_values(paused: Lab) -> None:
    paused.says("op:Tanh")
    status = paused.panel.locator(".ag-Status")
    assert status.get_attribute("aria-live") == "polite"
    paused.shows("y = (w * 3.0).tanh()")
    paused.shows("In [2], line 3")
    paused.shows("[1, 1]")
    paused.panel.get_by_role("button", name="In [2], line 3").click()
    selected = "window.jupyterapp.shell.currentWidget.content.activeCell.editor.getSelection()"
    wait_for(paused, f"{selected}.start.line === 2", "the line is selected")
    paused.panel.locator("[data-section=saved] > summary").click()
    paused.panel.locator("[data-section=saved] details > summary").click()
    paused.shows("0.905")  # tanh(1.5), which tanh saved
    paused.press("continue")
    verify_gradients(paused)


def test_without_the_extension_the_panel_says_so_and_loads_it(lab: Lab) -> None:
    lab.open("import autograd_core as ag")
    lab.says("Not loaded")
    lab.panel.get_by_role("button", name="Load autograd_core").click()
    lab.says("Idle")
    button = lab.panel.locator("button[data-verb=over]")
    assert button.get_attribute("aria-disabled") == "true"
    assert button.get_attribute("title") == "nothing is paused"


def test_a_cell_that_loads_the_extension_is_noticed(lab: Lab) -> None:
    lab.open(SETUP)
    lab.says("Not loaded")
    lab.run_cell(0)
    lab.says("Idle")


# --- commands while the kernel is blocked -------------------------------------------------------


def test_step_back_edit_and_continue_by_buttons(paused: Lab) -> None:
    paused.press("over")
    paused.says("Paused before MulBackward0")
    paused.press("back")
    paused.says("Paused before TanhBackward0")
    paused.ask("edit", "grad * 0")
    paused.shows("[0, 0]")
    paused.press("continue")
    paused.wait_for_cell(1)
    assert paused.run_cell(2) == "False\n"  # the edited gradient went on
    wait_for(paused, "!document.querySelector('.jp-Stdin-input')", "the box is gone")
    assert paused.errors == []


def test_step_back_and_continue_by_keys_from_the_input_box(paused: Lab) -> None:
    paused.page.locator(".jp-Stdin-input").focus()
    paused.page.keyboard.press("F10")
    paused.says("Paused before MulBackward0")
    paused.page.keyboard.press("F7")
    paused.says("Paused before TanhBackward0")
    paused.page.keyboard.press("F8")
    verify_gradients(paused)


def test_single_keys_work_in_the_panel_which_keeps_the_focus(paused: Lab) -> None:
    paused.panel.locator("button[data-verb=over]").focus()
    paused.page.keyboard.press("n")
    paused.says("Paused before MulBackward0")
    wait_for(
        paused, "document.activeElement?.dataset.verb === 'over'", "the button has the focus again"
    )
    paused.page.keyboard.press("u")
    paused.says("Paused before TanhBackward0")
    paused.page.keyboard.press("c")
    verify_gradients(paused)


def test_what_a_person_types_is_not_overwritten(paused: Lab) -> None:
    paused.page.locator(".jp-Stdin-input").fill("grad +")
    paused.press("over")
    paused.says("Paused before MulBackward0")
    assert paused.page.locator(".jp-Stdin-input").input_value() == "grad +"
    paused.page.locator(".jp-Stdin-input").fill("continue")
    paused.page.keyboard.press("Enter")
    verify_gradients(paused)


def test_a_box_that_nobody_waits_for_any_more_is_taken_away(paused: Lab) -> None:
    """Otherwise JupyterLab would refuse to run cells because of pending input."""
    paused.page.locator(".jp-Stdin-input").fill("never sent")
    paused.press("continue")
    paused.wait_for_cell(1)
    wait_for(paused, "!document.querySelector('.jp-Stdin-input')", "the box is gone")
    verify_gradients(paused)


def test_until_and_stop(paused: Lab) -> None:
    paused.ask("until", "op:Mul")
    paused.says("Paused before MulBackward0")
    paused.press("stop")
    assert "stopped" in paused.wait_for_cell(1)
    paused.says("Idle")


# --- breakpoints --------------------------------------------------------------------------------


def test_a_breakpoint_of_the_panel_stops(lab: Lab) -> None:
    lab.open(SETUP, "w.grad = None\n(w * 3.0).tanh().sum().backward()", RIGHT)
    lab.run_cell(0)
    lab.says("Idle")
    lab.add_breakpoint("op:Mul")
    lab.shows("op:Mul")
    lab.start_cell(1)
    lab.says("Paused before MulBackward0")
    lab.shows("1 hit")
    lab.page.wait_for_selector(".jp-Stdin-input")
    lab.press("continue")
    verify_gradients(lab)
    lab.panel.get_by_role("checkbox", name="Breakpoint 1: op:Mul").uncheck()
    lab.page.wait_for_selector(f"{PANEL} li.ag-mod-off")
    lab.run_cell(1)
    lab.panel.get_by_role("button", name="Delete breakpoint 1").click()
    lab.page.wait_for_selector(f"{PANEL} li", state="detached")


def test_a_breakpoint_that_cannot_be_read_gets_the_kernels_sentence(lab: Lab) -> None:
    lab.open(SETUP)
    lab.run_cell(0)
    lab.says("Idle")
    lab.add_breakpoint("op:Tahn")
    wait_for(
        lab,
        f"document.querySelector('{PANEL} #ag-Break-error').textContent.includes('did you mean')",
        "the sentence is shown",
    )
    assert lab.panel.locator(".ag-Breakpoints li").count() == 0


# --- reload, restart, several notebooks ---------------------------------------------------------


def test_a_restart_while_paused_keeps_what_was_shown_as_a_record(paused: Lab) -> None:
    paused.page.evaluate(
        "async () => { await window.jupyterapp.shell.currentWidget.sessionContext.session"
        ".kernel.restart(); }"
    )
    paused.says("Recorded, kernel gone")
    paused.shows("y = (w * 3.0).tanh()")
    assert paused.panel.locator("button[data-verb=over]").get_attribute("aria-disabled") == "true"
    paused.panel.get_by_role("button", name="Load autograd_core").click()
    paused.says("Idle")


def test_the_panel_follows_the_active_notebook(paused: Lab) -> None:
    first = paused.page.evaluate("window.jupyterapp.shell.currentWidget.context.path")
    paused.open("1 + 1")
    paused.says("Not loaded")
    assert not paused.page.evaluate("document.body.hasAttribute('data-autograd-paused')")
    paused.show(first, wait_for_kernel=False)
    paused.says("Paused before TanhBackward0")
    paused.press("continue")
    verify_gradients(paused)


def test_a_reload_while_paused_shows_the_pause_again(paused: Lab) -> None:
    name = paused.page.evaluate("window.jupyterapp.shell.currentWidget.context.path")
    paused.save()
    paused.start()
    paused.show(name, wait_for_kernel=False)
    paused.says("Paused before TanhBackward0")
    wait_for(
        paused,
        f"document.querySelector('{PANEL} .ag-GraphHost .ag-root')?.dataset.nodes === '4'",
        "the graph is there again",
    )
    paused.press("over")
    paused.says("Paused before MulBackward0")
    paused.press("continue")
    paused.says("Idle")
    assert paused.run_cell(2) == "True\n"


# --- the toolbar, labels ------------------------------------------------------------------------


def test_the_toolbar_button_traces_the_current_cell_and_leaves_its_text(lab: Lab) -> None:
    cell = (
        "import autograd_core as ag\nw = ag.tensor([1.0], requires_grad=True)\n(w * w).backward()"
    )
    lab.open(cell, "print(_trace.summary())")
    lab.page.locator(".jp-NotebookPanel-toolbar [data-command='autograd-core:trace-cell']").click()
    lab.wait_for_cell(0)
    assert lab.source(0) == cell
    assert "nodes" in lab.run_cell(1)


def test_a_hostile_name_stays_text(lab: Lab) -> None:
    evil = "<img src=x onerror=hurt()>"
    cell = f"""\
%%autograd_trace
from autograd_core import nn
class Net(nn.Module):
    def forward(self, x):
        return self._modules[{evil!r}](x)
net = Net()
net.add_module({evil!r}, nn.Linear(2, 2))
net(ag.ones(1, 2)).tanh().sum().backward()  # {evil}"""
    lab.open(SETUP, cell)
    lab.run_cell(0)
    lab.says("Idle")
    lab.add_breakpoint(f"py: '{evil}' != ''")
    lab.shows(evil)
    lab.start_cell(1)
    lab.says(evil)
    assert lab.panel.locator(".ag-Source").inner_text().endswith(f"# {evil}")
    lab.shows(f"net.{evil}.weight")  # in the table of parameters
    assert lab.page.locator(f"{PANEL} img").count() == 0
    assert lab.errors == []  # there is no function hurt
    lab.panel.get_by_role("button", name="Delete breakpoint 1").click()
    lab.page.wait_for_selector(f"{PANEL} li", state="detached")
    lab.page.wait_for_selector(".jp-Stdin-input")
    lab.press("continue")
    lab.wait_for_cell(1)


# --- Notebook 7 ---------------------------------------------------------------------------------


def test_the_panel_drives_a_stop_in_notebook_7(notebook7: Any) -> None:
    notebook7.open(SETUP, PAUSED, RIGHT)
    notebook7.command("autograd-core:show")
    notebook7.run_cell(0)
    notebook7.says("Idle")
    notebook7.start_cell(1)
    notebook7.says("Paused before TanhBackward0")
    notebook7.page.wait_for_selector(f"{PANEL} .ag-GraphHost .ag-root[data-nodes='4']")
    notebook7.page.wait_for_selector(".jp-Stdin-input")
    notebook7.press("over")
    notebook7.says("Paused before MulBackward0")
    notebook7.press("continue")
    notebook7.wait_for_cell(1)
    assert notebook7.run_cell(2) == "True\n"
    # Notebook 7.6 itself stumbles over 'schema' on every page.
    assert [error for error in notebook7.errors if "'schema'" not in error] == []


# --- the build ----------------------------------------------------------------------------------


def test_the_built_extension_is_that_of_the_sources() -> None:
    lab = ROOT / "widgets" / "lab"
    command = ["node", lab / "build.mjs", "--check"]
    found = subprocess.run(command, capture_output=True, text=True, check=False)
    assert found.returncode == 0, found.stderr
