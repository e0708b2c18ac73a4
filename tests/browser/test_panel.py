"""The panel in a real JupyterLab: it shows a paused run, and drives it from there."""

import subprocess
from pathlib import Path
from typing import Any

import pytest
from browser.lab import PANEL

ROOT = Path(__file__).resolve().parents[2]

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


@pytest.fixture
def paused(lab: Any) -> Any:
    """A notebook whose second cell is paused before the node of tanh."""
    lab.open(SETUP, PAUSED, RIGHT)
    lab.run_cell(0)
    lab.start_cell(1)
    lab.says("Paused before TanhBackward0")
    lab.page.wait_for_selector(".jp-Stdin-input")
    return lab


def verify_gradients(lab: Any) -> None:
    lab.wait_for_cell(1)
    assert lab.run_cell(2) == "True\n"
    assert lab.errors == []


# --- what it shows ------------------------------------------------------------------------------


def test_a_pause_is_shown_with_reason_place_and_values(paused: Any) -> None:
    paused.says("op:Tanh")
    paused.shows("y = (w * 3.0).tanh()")
    paused.shows("In [2], line 3")
    paused.shows("[1, 1]")
    paused.panel.get_by_role("button", name="In [2], line 3").click()
    selected = "window.jupyterapp.shell.currentWidget.content.activeCell.editor.getSelection()"
    paused.page.wait_for_function(f"{selected}.start.line === 2")
    paused.panel.locator("details summary").first.click()
    paused.shows("0.905")  # tanh(1.5), which tanh saved
    paused.press("continue")
    verify_gradients(paused)


def test_without_the_extension_the_panel_says_so_and_loads_it(lab: Any) -> None:
    lab.open("import autograd_core as ag")
    lab.says("Not loaded")
    lab.panel.get_by_role("button", name="Load autograd_core").click()
    lab.says("Idle")
    button = lab.panel.locator("button[data-verb=over]")
    assert button.get_attribute("aria-disabled") == "true"
    assert button.get_attribute("title") == "Nothing is paused"


def test_a_cell_that_loads_the_extension_is_noticed(lab: Any) -> None:
    lab.open(SETUP)
    lab.says("Not loaded")
    lab.run_cell(0)
    lab.says("Idle")


# --- commands while the kernel is blocked -------------------------------------------------------


def test_step_back_edit_and_continue_by_buttons(paused: Any) -> None:
    paused.press("over")
    paused.says("Paused before MulBackward0")
    paused.press("back")
    paused.says("Paused before TanhBackward0")
    paused.ask("edit", "grad * 0")
    paused.shows("[0, 0]")
    paused.press("continue")
    paused.wait_for_cell(1)
    assert paused.run_cell(2) == "False\n"  # the edited gradient went on
    assert paused.errors == []


def test_step_back_and_continue_by_keys_from_the_input_box(paused: Any) -> None:
    paused.page.locator(".jp-Stdin-input").focus()
    paused.page.keyboard.press("F10")
    paused.says("Paused before MulBackward0")
    paused.page.keyboard.press("F7")
    paused.says("Paused before TanhBackward0")
    paused.page.keyboard.press("F8")
    verify_gradients(paused)


def test_single_keys_work_in_the_panel(paused: Any) -> None:
    paused.panel.locator("button[data-verb=over]").focus()
    paused.page.keyboard.press("n")
    paused.says("Paused before MulBackward0")
    paused.page.keyboard.press("u")
    paused.says("Paused before TanhBackward0")
    paused.page.keyboard.press("c")
    verify_gradients(paused)


def test_no_input_box_is_left_behind(paused: Any) -> None:
    paused.press("over")
    paused.says("Paused before MulBackward0")
    paused.press("continue")
    verify_gradients(paused)
    assert paused.page.locator(".jp-Stdin-input").count() == 0


def test_what_a_person_types_is_not_overwritten(paused: Any) -> None:
    paused.page.locator(".jp-Stdin-input").fill("grad +")
    paused.press("over")
    paused.says("Paused before MulBackward0")
    assert paused.page.locator(".jp-Stdin-input").input_value() == "grad +"
    paused.page.locator(".jp-Stdin-input").fill("continue")
    paused.page.keyboard.press("Enter")
    verify_gradients(paused)


def test_until_and_stop(paused: Any) -> None:
    paused.ask("until", "op:Mul")
    paused.says("Paused before MulBackward0")
    paused.press("stop")
    assert "stopped" in paused.wait_for_cell(1)
    paused.says("Idle")


# --- breakpoints --------------------------------------------------------------------------------


def test_a_breakpoint_of_the_panel_stops(lab: Any) -> None:
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


def test_a_breakpoint_that_cannot_be_read_gets_the_kernels_sentence(lab: Any) -> None:
    lab.open(SETUP)
    lab.run_cell(0)
    lab.says("Idle")
    lab.add_breakpoint("op:Tahn")
    lab.page.wait_for_function(
        f"document.querySelector('{PANEL} #ag-Break-error').textContent.includes('Tahn')"
    )
    assert lab.panel.locator("li").count() == 0


# --- reload, restart, several notebooks ---------------------------------------------------------


def test_a_reload_while_paused_shows_the_pause_again(paused: Any) -> None:
    name = paused.page.evaluate("window.jupyterapp.shell.currentWidget.context.path")
    paused.command("docmanager:save")
    paused.start()
    paused.show(name, wait_for_kernel=False)
    paused.says("Paused before TanhBackward0")
    paused.press("over")
    paused.says("Paused before MulBackward0")
    paused.press("continue")
    paused.says("Idle")
    assert paused.run_cell(2) == "True\n"


def test_a_restart_while_paused_keeps_what_was_shown_as_a_record(paused: Any) -> None:
    paused.page.evaluate(
        "async () => { await window.jupyterapp.shell.currentWidget.sessionContext.session"
        ".kernel.restart(); }"
    )
    paused.says("Recorded, kernel gone")
    paused.shows("y = (w * 3.0).tanh()")
    assert paused.panel.locator("button[data-verb=over]").get_attribute("aria-disabled") == "true"
    paused.panel.get_by_role("button", name="Load autograd_core").click()
    paused.says("Idle")


def test_the_panel_follows_the_active_notebook(paused: Any) -> None:
    first = paused.page.evaluate("window.jupyterapp.shell.currentWidget.context.path")
    paused.open("1 + 1")
    paused.says("Not loaded")
    assert not paused.page.evaluate("document.body.hasAttribute('data-autograd-paused')")
    paused.show(first, wait_for_kernel=False)
    paused.says("Paused before TanhBackward0")
    paused.press("continue")
    verify_gradients(paused)


# --- the toolbar, labels, looks -----------------------------------------------------------------


def test_the_toolbar_button_traces_the_current_cell_and_leaves_its_text(lab: Any) -> None:
    cell = (
        "import autograd_core as ag\nw = ag.tensor([1.0], requires_grad=True)\n(w * w).backward()"
    )
    lab.open(cell, "print(_trace.summary())")
    lab.page.locator(".jp-NotebookPanel-toolbar [data-command='autograd-core:trace-cell']").click()
    lab.wait_for_cell(0)
    assert lab.source(0) == cell
    assert "nodes" in lab.run_cell(1)


def test_a_hostile_name_stays_text(lab: Any) -> None:
    evil = "<img src=x onerror=hurt()>"
    cell = f"""\
from autograd_core import nn
net = nn.Module()
net.add_module({evil!r}, nn.Linear(2, 2))
x = ag.ones(1, 2)
net._modules[{evil!r}](x).tanh().sum().backward()  # {evil}"""
    lab.open(SETUP, cell)
    lab.run_cell(0)
    lab.says("Idle")
    lab.add_breakpoint(f"py: '{evil}' != ''")
    lab.shows(evil)
    lab.start_cell(1)
    lab.says(evil)
    assert lab.panel.locator(".ag-Source").inner_text().endswith(f"# {evil}")
    assert lab.panel.locator("img").count() == 0
    assert lab.errors == []  # there is no function hurt
    lab.panel.get_by_role("button", name="Delete breakpoint 1").click()
    lab.page.wait_for_selector(f"{PANEL} li", state="detached")
    lab.page.wait_for_selector(".jp-Stdin-input")
    lab.press("continue")
    lab.wait_for_cell(1)


@pytest.mark.parametrize("theme", ["JupyterLab Light", "JupyterLab Dark"])
def test_text_has_contrast_in_both_themes(
    paused: Any, theme: str, tmp_path: Path, pytestconfig: Any
) -> None:
    paused.command("apputils:change-theme", theme=theme)
    light = "true" if theme.endswith("Light") else "false"
    paused.page.wait_for_selector(f"body[data-jp-theme-light={light}]", state="attached")
    paused.add_breakpoint("nan")
    paused.shows("nan")
    paused.page.wait_for_timeout(300)  # transitions of the theme
    paused.page.screenshot(path=tmp_path / f"panel-{theme.split()[1].lower()}.png")
    poor = paused.page.evaluate(_CONTRAST, PANEL)
    assert poor == []
    paused.press("continue")
    verify_gradients(paused)


_CONTRAST = """panel => {
    const numbers = color => color.match(/[\\d.]+/g).map(Number);
    const over = ([r, g, b, a = 1], under) => [r, g, b].map((x, i) => a * x + (1 - a) * under[i]);
    const back = element => {
        const color = numbers(getComputedStyle(element).backgroundColor);
        if ((color[3] ?? 1) === 1) return color.slice(0, 3);
        return over(color, element.parentElement ? back(element.parentElement) : [255, 255, 255]);
    };
    const light = rgb => {
        const [r, g, b] = rgb.map(x => x / 255)
            .map(x => (x <= 0.04045 ? x / 12.92 : ((x + 0.055) / 1.055) ** 2.4));
        return 0.2126 * r + 0.7152 * g + 0.0722 * b;
    };
    const poor = [];
    const walker = document.createTreeWalker(
        document.querySelector(panel), NodeFilter.SHOW_TEXT);
    for (let text = walker.nextNode(); text; text = walker.nextNode()) {
        const element = text.parentElement;
        if (!text.data.trim() || !element.checkVisibility()) continue;
        const under = back(element);
        const shades = [light(over(numbers(getComputedStyle(element).color), under)), light(under)];
        const ratio = (Math.max(...shades) + 0.05) / (Math.min(...shades) + 0.05);
        if (ratio < 4.5) poor.push(`${text.data}: ${ratio.toFixed(2)}`);
    }
    return poor;
}"""


# --- the build ----------------------------------------------------------------------------------


def test_the_built_extension_is_that_of_the_sources() -> None:
    lab = ROOT / "widgets" / "lab"
    found = subprocess.run(["node", lab / "hash.mjs"], capture_output=True, text=True, check=False)
    assert found.returncode == 0, found.stderr
