"""What the panel shows of a trace: graph, parameters, marks beside lines; settings and looks."""

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from browser.lab import PANEL, Lab
from browser.panel_page import (
    GRAPH,
    ROWS,
    SETUP,
    emptied,
    one_page,
    pause,
    verify_gradients,
    wait_for,
)

NET = """\
from autograd_core import nn
ag.manual_seed(0)
net = nn.Sequential(nn.Linear(3, 4), nn.Tanh(), nn.Linear(4, 1))
x = ag.ones(2, 3)
go_on = "go_on.txt"
def train(times):
    for _ in range(times):
        net.zero_grad()
        net(x).sum().backward()"""
TRAIN = """\
%%autograd_trace
import os, time
train(5)
while not os.path.exists(go_on):
    time.sleep(0.05)
train(5)"""
NORMS = "print([f'{p.grad.norm().item():.3g}' for p in net.parameters()])"
MARK = "{}.jp-Cell:nth-of-type(2) .ag-GutterMark"


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


@pytest.fixture
def net(lab: Lab) -> Iterator[Lab]:
    """A notebook with a small network; its third cell is traced, and waits in the middle."""
    go_on = lab.folder / "go_on.txt"
    lab.open(SETUP, NET, TRAIN, NORMS, "train(3)", "%autograd_trace on", "%autograd_trace off")
    lab.run_cell(0)
    lab.says("Idle")
    lab.run_cell(1)
    yield lab
    go_on.unlink(missing_ok=True)


def norms_shown(lab: Lab) -> list[str]:
    return lab.page.locator(f"{ROWS} .ag-Norm > span").all_inner_texts()


def nodes_shown(lab: Lab, count: int) -> None:
    wait_for(
        lab, f"document.querySelector('{GRAPH}')?.dataset.nodes === '{count}'", f"{count} nodes"
    )


# --- graph and parameters -----------------------------------------------------------------------


def test_graph_and_parameters_grow_while_the_cell_runs(net: Lab) -> None:
    net.start_cell(2)
    nodes_shown(net, 10)
    net.says("Running")
    net.page.wait_for_selector(f"{ROWS} >> nth=3")
    names = net.page.locator(f"{ROWS} th button").all_inner_texts()
    assert names == ["net.0.weight", "net.0.bias", "net.2.weight", "net.2.bias"]
    label = f"document.querySelector('{ROWS} .ag-Sparkline')?.getAttribute('aria-label')"
    wait_for(net, f"{label}?.startsWith('5 iterations')", "five iterations in the sparkline")
    (net.folder / "go_on.txt").touch()
    net.wait_for_cell(2)
    net.says("Idle")
    wait_for(net, f"{label}?.startsWith('10 iterations')", "ten iterations, none left out")
    assert norms_shown(net) == eval(net.run_cell(3))
    assert net.errors == []


def test_an_older_graph_that_is_sent_again_does_not_turn_the_panel_away(lab: Lab) -> None:
    older = "%%autograd_trace\n(w * 2).sum().backward()"
    newest = "%%autograd_trace\n(w * 2).tanh().exp().sum().backward()"
    page_comes_late = "from jupyter_ext import inline\ninline._kept[-2].welcome()"
    lab.open(SETUP, older, newest, page_comes_late)
    for cell in range(3):
        lab.run_cell(cell)
    nodes_shown(lab, 5)
    lab.run_cell(3)
    lab.page.wait_for_timeout(500)  # it has passed by
    nodes_shown(lab, 5)


def test_a_row_selects_its_parameter_in_the_graph_and_norms_sort(net: Lab) -> None:
    (net.folder / "go_on.txt").touch()
    net.run_cell(2)
    nodes_shown(net, 10)
    net.panel.get_by_role("button", name="net.2.bias").click()
    net.page.wait_for_selector(f"{GRAPH}[data-inspect] .ag-inspector:has-text('net.2.bias')")
    net.panel.get_by_role("button", name="Norm", exact=True).click()
    shown = [float(text) for text in norms_shown(net)]
    assert shown == sorted(shown, reverse=True)
    net.panel.locator(".ag-GraphHost [data-action=tree]").click()  # the outline in its place
    assert net.panel.locator(".ag-tree [role=treeitem]").count() >= 4


def test_the_panel_has_a_graph_where_no_widget_is_shown(net: Lab) -> None:
    net.run_cell(5)
    net.run_cell(4)
    nodes_shown(net, 10)
    net.page.wait_for_selector(f"{ROWS} >> nth=3")
    assert net.page.locator(f"{ROWS}").count() == 4
    assert net.page.locator(".jp-OutputArea .ag-root").count() == 0
    net.run_cell(6)
    assert net.errors == []


def test_a_panel_that_comes_later_catches_up(net: Lab) -> None:
    (net.folder / "go_on.txt").touch()
    net.run_cell(2)
    name = net.page.evaluate("window.jupyterapp.shell.currentWidget.context.path")
    norms = norms_shown(net)
    net.page.evaluate("window.jupyterapp.shell.currentWidget.context.save()")
    net.page.evaluate("window.jupyterapp.shell.currentWidget.dispose()")
    net.says("No notebook")
    net.show(name)
    nodes_shown(net, 10)
    label = f"document.querySelector('{ROWS} .ag-Sparkline')?.getAttribute('aria-label')"
    wait_for(net, f"{label}?.startsWith('10 iterations')", "all iterations are there again")
    assert norms_shown(net) == norms


def test_parameters_show_how_far_backward_has_come(paused: Lab) -> None:
    nodes_shown(paused, 4)
    assert norms_shown(paused) == ["—"]
    paused.press("over")
    paused.press("over")
    paused.says("Paused before w")
    paused.press("over")
    paused.wait_for_cell(1)
    assert norms_shown(paused) == ["0.543"]


# --- marks beside lines -------------------------------------------------------------------------


def test_lines_are_marked_where_backward_stops(paused: Lab) -> None:
    page = paused.page
    cell = page.locator(".jp-Notebook .jp-CodeCell").nth(1)
    page.wait_for_selector(".ag-GutterMark[data-paused][data-breakpoint]")
    mark = cell.locator(".ag-GutterMark")
    assert mark.count() == 1
    line = cell.locator(".cm-line").nth(2).bounding_box()
    assert abs(mark.bounding_box()["y"] - line["y"]) < line["height"]
    assert "op:Tanh" in mark.get_attribute("title")
    paused.add_breakpoint("op:Sum")
    wait_for(paused, "document.querySelectorAll('.ag-GutterMark').length === 2", "another mark")
    paused.panel.get_by_role("checkbox", name="op:Sum").uncheck()
    page.wait_for_selector(".ag-GutterMark[data-off]")
    paused.panel.get_by_role("button", name="Delete breakpoint 2").click()
    page.wait_for_selector(".ag-GutterMark[data-off]", state="detached")
    paused.press("continue")
    page.wait_for_selector(".ag-GutterMark", state="detached")  # it was the cell's breakpoint
    verify_gradients(paused)


# --- the widget under the cell ------------------------------------------------------------------


def test_the_widget_under_a_cell_uses_the_control_channel(paused: Lab) -> None:
    widget = paused.page.locator(".jp-OutputArea .ag-root")
    widget.locator("button[data-verb=over]:not([aria-disabled])").click()
    paused.says("Paused before MulBackward0")
    widget.locator("button[data-verb=continue]:not([aria-disabled])").click()
    verify_gradients(paused)
    paused.page.wait_for_selector(".jp-Stdin-input", state="detached")


# --- commands, settings -------------------------------------------------------------------------


def test_the_palette_has_all_commands_and_no_shortcut_clashes(paused: Lab) -> None:
    paused.command("apputils:activate-command-palette")
    paused.page.locator("#command-palette input, .jp-ModalCommandPalette input").fill("autograd")
    labels = paused.page.locator(".lm-CommandPalette-itemLabel").all_inner_texts()
    paused.page.keyboard.press("Escape")
    for label in ("Continue", "Over", "Into", "Out", "Until…", "Back", "Stop", "Edit"):
        assert label in labels
    assert {"Trace the Current Cell", "Add a Breakpoint…"} <= set(labels)
    clashes = paused.page.evaluate("""() => {
        const { commands } = window.jupyterapp;
        const ours = commands.keyBindings.filter(b => b.command.startsWith('autograd-core:'));
        const same = (one, other) => JSON.stringify(one.keys) === JSON.stringify(other.keys);
        const found = ours.flatMap(one => commands.keyBindings
            .filter(other => !other.command.startsWith('autograd-core:') && same(one, other))
            .filter(other => document.querySelector(other.selector))
            .map(other => `${one.keys}: ${one.command}, ${other.command}`));
        return [ours.length, found];
    }""")
    assert clashes[0] >= 8
    assert clashes[1] == []


def test_settings_have_an_effect(net: Lab) -> None:
    (net.folder / "go_on.txt").touch()
    net.run_cell(2)
    nodes_shown(net, 10)
    boxes = f"Number(document.querySelector('{GRAPH}').dataset.boxes)"
    swatch = f"document.querySelector('{ROWS} .ag-Swatch').style.background"
    before, colour = net.page.evaluate(boxes), net.page.evaluate(swatch)
    net.command("settingeditor:open", query="Autograd")
    try:
        net.page.locator("input[id$=_nodeCap]").fill("5")
        wait_for(net, f"{boxes} < {before}", "fewer boxes")
        net.page.locator("select[id$=_colours]").select_option("plasma")
        wait_for(net, f"{swatch} !== '{colour}'", "another colour")
        net.page.locator("input[id$=_updateRate]").fill("3")
        net.page.wait_for_function(RATE_IS_3)
    finally:
        net.page.get_by_role("button", name="Restore to Defaults").click()
        wait_for(net, f"{boxes} === {before}", "the defaults are back")
    assert net.errors == []


RATE_IS_3 = """async () => {
    const find = panel => panel.sessionContext?.session;
    const panel = [...window.jupyterapp.shell.widgets('main')].find(find);
    const session = "list(__import__('jupyter_ext.session').session._sessions.values())[0]";
    const future = find(panel).kernel.requestExecute({
        code: '', silent: true, user_expressions: { rate: `${session}.front.traces.rate` },
    });
    const reply = await future.done;
    return reply.content.user_expressions.rate.data?.['text/plain'] === '3';
}"""


# --- looks --------------------------------------------------------------------------------------


@pytest.mark.parametrize("theme", ["Light", "Dark"])
def test_both_themes_are_accessible(
    paused: Lab, theme: str, axe: Callable[..., None], artefacts: Path
) -> None:
    paused.command("apputils:change-theme", theme=f"JupyterLab {theme}")
    light = "true" if theme == "Light" else "false"
    paused.page.wait_for_selector(f"body[data-jp-theme-light={light}]", state="attached")
    paused.add_breakpoint("norm > 1e4")
    paused.add_breakpoint("op:Tahn")
    paused.shows("did you mean")
    nodes_shown(paused, 4)
    paused.page.wait_for_function("document.getAnimations().length === 0")
    axe(paused, PANEL)
    paused.page.screenshot(path=artefacts / f"panel-paused-{theme.lower()}.png")
    paused.command("apputils:change-theme", theme="JupyterLab Light")
    paused.press("continue")
    verify_gradients(paused)
