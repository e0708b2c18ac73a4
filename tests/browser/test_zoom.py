"""A page at 200 %: half as many pixels of CSS, each twice as large, which is what zooming does."""

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from browser.inline_page import Graph
from browser.lab import PANEL, Lab

SETUP = """\
%load_ext autograd_core
import autograd_core as ag
from autograd_core import nn
net = nn.Sequential(nn.Linear(3, 4), nn.Tanh(), nn.Linear(4, 2))
x = ag.ones(2, 3)"""
TRACED = """\
%%autograd_trace --break "op:Tanh and iter:1"
for _ in range(2):
    net(x).square().mean().backward()"""
INLINE = ".jp-NotebookPanel:not(.lm-mod-hidden) .jp-OutputArea .ag-root"

FAULTS = """root => {
    const controls = 'button, summary, input:not([type=checkbox]), select, [role=treeitem]';
    const named = e => `${e.tagName} ${e.title || e.ariaLabel || e.textContent.slice(0, 40)}`;
    const isSeen = e => e.checkVisibility({ visibilityProperty: true });
    const around = e => e === root ? [] : [e.parentElement, ...around(e.parentElement)];
    const seen = [...root.querySelectorAll('*')].filter(isSeen);
    const shown = seen.filter(e => e.matches(controls));
    const faults = [];
    for (const control of shown) {
        const { left, right } = control.getBoundingClientRect();
        for (const box of [...around(control), root]) {
            const outer = box.getBoundingClientRect();
            const cuts = getComputedStyle(box).overflowX !== 'visible';
            if (cuts && (left < outer.left - 1 || right > outer.right + 1))
                faults.push(`${named(control)}: cut`);
        }
        if (control.matches('button, summary') && control.scrollWidth > control.clientWidth + 1)
            faults.push(`${named(control)}: its text is cut`);
    }
    const common = (a, b) => ({
        left: Math.max(a.left, b.left), right: Math.min(a.right, b.right),
        top: Math.max(a.top, b.top), bottom: Math.min(a.bottom, b.bottom),
    });
    const clips = e => getComputedStyle(e).overflowY !== 'visible';
    const area = e => [...around(e), root].filter(clips)
        .map(box => box.getBoundingClientRect()).reduce(common, e.getBoundingClientRect());
    const areas = new Map(shown.map(control => [control, area(control)]));
    for (const one of shown) for (const other of shown) {
        if (one === other || one.contains(other) || other.contains(one)) continue;
        const { left, right, top, bottom } = common(areas.get(one), areas.get(other));
        if (right - left > 1 && bottom - top > 1)
            faults.push(`${named(one)}: over ${named(other)}`);
    }
    for (const box of [root, ...seen]) {
        const { overflowX } = getComputedStyle(box);
        if (/auto|scroll|hidden/.test(overflowX) && box.scrollWidth > box.clientWidth + 1
            && box.clientWidth > 1 && !box.matches('input, .ag-name, .ag-said'))
            faults.push(`${named(box)} ${box.className}: ${box.scrollWidth} in ${box.clientWidth}`);
    }
    return [...new Set(faults)];
}"""
"""What is cut off at a side, lies over something else, or would have to be scrolled sideways."""


@pytest.fixture
def zoomed(server: tuple[str, Path], chromium: Any) -> Iterator[Lab]:
    """A window of 1280 by 900 pixels at 200 %."""
    context = chromium.new_context(
        device_scale_factor=2, viewport={"width": 640, "height": 450}, reduced_motion="reduce"
    )
    lab = Lab(context.new_page(), *server)
    lab.start()
    lab.page.evaluate("() => window.jupyterapp.shell.collapseLeft()")
    yield lab
    lab.end()
    context.close()


def verify_layout(lab: Lab, selector: str) -> None:
    """Nothing in there is cut off, in the way of something else, or to be scrolled sideways."""
    faults = lab.page.locator(selector).evaluate(FAULTS)
    assert not faults, "\n".join(faults)


def test_a_stop_can_be_worked_with(zoomed: Lab, axe: Callable[..., None], artefacts: Path) -> None:
    zoomed.open(SETUP, TRACED)
    zoomed.run_cell(0)
    zoomed.start_cell(1)
    zoomed.says("Paused before TanhBackward0")
    graph = Graph(zoomed)
    graph.is_at("Tanh")
    graph.wait("root => root.querySelector('.ag-histogram')")
    page = zoomed.page
    assert page.evaluate("window.devicePixelRatio") == 2
    for selector in (INLINE, PANEL):
        verify_layout(zoomed, selector)
        axe(zoomed, selector)
    picture(zoomed, artefacts / "zoom-stop.png")
    graph.find("[data-action=tree]").click()
    zoomed.panel.locator(".ag-GraphHost [data-action=tree]").click()
    graph.select("Mean")
    for selector in (INLINE, PANEL):
        verify_layout(zoomed, selector)
    picture(zoomed, artefacts / "zoom-outline.png")
    page.evaluate("() => window.jupyterapp.shell.collapseRight()")
    graph.wait("root => root.clientWidth > 400")
    verify_layout(zoomed, INLINE)
    axe(zoomed, INLINE)
    picture(zoomed, artefacts / "zoom-without-the-panel.png")
    graph.key("c")
    zoomed.wait_for_cell(1)
    graph.wait("root => root.dataset.status === 'live'")
    verify_layout(zoomed, INLINE)


def picture(lab: Lab, path: Path) -> None:
    """All that could be scrolled to, in one picture."""
    lab.page.set_viewport_size({"width": 640, "height": 1300})
    lab.page.locator(INLINE).scroll_into_view_if_needed()
    lab.page.screenshot(path=path)
    lab.page.set_viewport_size({"width": 640, "height": 450})
