"""The live graph for everybody: keyboard alone, screen readers, dark pages, hostile names."""

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from browser.inline_page import Graph, make_room, wide_page
from browser.lab import Lab

MODEL = """\
%load_ext autograd_core
import autograd_core as ag
from autograd_core import nn
net = nn.Sequential(nn.Linear(3, 4), nn.Tanh(), nn.Linear(4, 2))
x = ag.ones(2, 3)"""
TRACED = "%%autograd_trace --break op:Tanh\nnet(x).square().mean().backward()"
NAMES = """\
print(*[n.name or n.op.removesuffix("0").removesuffix("Backward") for n in _trace.nodes])"""
EVIL = ["<img src=x onerror=hurt()>", "name" * 60, "אבג_דהו", "🔥🧨"]
HOSTILE = f"""\
%%autograd_trace
class Net(nn.Module):
    def __init__(self):
        super().__init__()
        for name in {EVIL!r}:
            self.add_module(name, nn.Linear(3, 3))
    def forward(self, x):
        for layer in self.children():
            x = layer(x).tanh()  # </script><img src=x onerror=hurt()>
        return x
net = Net()
net(x).sum().backward()"""
GRAPH = ".jp-NotebookPanel:not(.lm-mod-hidden) .ag-root"


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
    """The graph of a small network, paused before Tanh."""
    lab.open(MODEL, TRACED, NAMES)
    lab.run_cell(0)
    lab.start_cell(1)
    graph = Graph(lab)
    graph.is_at("Tanh")
    return graph


@pytest.fixture
def hostile(lab: Lab) -> Graph:
    """The graph of modules whose names are no names."""
    lab.open(MODEL, HOSTILE)
    lab.run_cell(0)
    lab.run_cell(1)
    graph = Graph(lab)
    graph.wait("root => root.dataset.reached > 16")
    return graph


def verify_harmless(page: Any, where: str) -> None:
    """The names are there as text, and made no elements."""
    text = page.locator(where).text_content()
    assert all(name in text for name in (EVIL[0], EVIL[2], EVIL[3]))
    assert page.locator(where).locator("img, script").count() == 0


def test_axe_finds_nothing_light_or_dark(
    paused: Graph, axe: Callable[..., None], artefacts: Path
) -> None:
    paused.wait("root => root.querySelector('.ag-histogram')")
    for theme in ("Light", "Dark"):
        paused.lab.command("apputils:change-theme", theme=f"JupyterLab {theme}")
        paused.wait("(root, theme) => root.dataset.theme === theme", theme.lower())
        paused.page.wait_for_load_state("networkidle")
        paused.root.screenshot(path=artefacts / f"inline-paused-{theme.lower()}.png")
        axe(paused.lab, GRAPH)
    paused.lab.command("apputils:change-theme", theme="JupyterLab Light")


def test_narrow_as_with_large_text(
    paused: Graph, axe: Callable[..., None], artefacts: Path
) -> None:
    """600 pixels for all, as on a page of 1200 at 200 %."""
    paused.page.set_viewport_size({"width": 760, "height": 1000})
    paused.wait("root => root.hasAttribute('data-narrow')")
    assert paused.find(".ag-tree").is_hidden()
    paused.find("[data-action=tree]").click()
    assert paused.find(".ag-tree").is_visible()
    paused.select("Mean")
    wide = "root => [...root.querySelectorAll('.ag-bar, .ag-main, .ag-inspector, .ag-foot')]"
    paused.wait(f"{wide}.every(part => part.scrollWidth <= part.clientWidth + 1)")
    axe(paused.lab, GRAPH)
    paused.root.screenshot(path=artefacts / "inline-narrow.png")
    paused.page.set_viewport_size({"width": 1280, "height": 1000})


def test_the_outline_is_the_graph_and_works_by_keyboard_alone(paused: Graph) -> None:
    page = paused.page
    paused.key("c")
    paused.lab.wait_for_cell(1)
    nodes = paused.lab.run_cell(2).split()
    paused.wait("root => root.dataset.status === 'live'")
    paused.root.focus()
    for _ in range(60):  # by Tab alone to the tree
        page.keyboard.press("Tab")
        if page.evaluate("document.activeElement.getAttribute('role') === 'tree'"):
            break
    page.keyboard.press("Home")
    active = (
        "() => { const tree = document.activeElement;"
        " return document.getElementById(tree.getAttribute('aria-activedescendant'))"
        ".querySelector('.ag-name').textContent; }"
    )
    found = []
    for _ in range(int(paused.root.get_attribute("data-boxes"))):
        found.append(page.evaluate(active))
        page.keyboard.press("ArrowDown")
    modules = ["graph", "net", "net.0", "net.2"]
    assert sorted(found) == sorted(modules + [name.split(".")[-1] for name in nodes])
    for key in ("Home", "ArrowDown", "ArrowDown", "ArrowDown", "ArrowLeft"):
        page.keyboard.press(key)
    paused.wait("root => root.querySelector('[aria-expanded=false]')?.innerText.includes('net')")
    page.keyboard.press("Enter")
    paused.wait("root => root.querySelector('[aria-expanded=false]') === null")
    page.keyboard.press("Escape")
    assert page.evaluate("document.activeElement === document.body")


def test_nothing_moves_for_who_does_not_want_it(paused: Graph) -> None:
    paused.page.emulate_media(reduced_motion="reduce")
    moving = paused.root.evaluate(
        """root => [root, ...root.querySelectorAll('*')].filter(element => {
            const style = getComputedStyle(element);
            return parseFloat(style.transitionDuration) > 0 || style.animationName !== 'none';
        }).map(element => element.className)"""
    )
    paused.page.emulate_media(reduced_motion="no-preference")
    assert moving == []


def test_hostile_names_stay_text(hostile: Graph, axe: Callable[..., None], artefacts: Path) -> None:
    verify_harmless(hostile.page, GRAPH)
    for row in hostile.find("[role=treeitem]").all()[:8]:
        row.click()
        hostile.page.mouse.move(640, 400)
    hostile.root.screenshot(path=artefacts / "inline-hostile.png")
    axe(hostile.lab, GRAPH)
    assert hostile.find("img").count() == 0
    assert hostile.lab.errors == []  # there is no function hurt


def test_exported_pictures_open_by_themselves(
    hostile: Graph, chromium: Any, tmp_path: Path, artefacts: Path
) -> None:
    for kind in ("svg", "png", "html"):
        hostile.export(kind).save_as(tmp_path / f"graph.{kind}")
    assert (tmp_path / "graph.png").read_bytes().startswith(b"\x89PNG")
    context = chromium.new_context(offline=True)
    page = context.new_page()
    said: list[str] = []
    page.on("pageerror", lambda error: said.append(str(error)))
    page.on("console", lambda message: said.append(message.text))
    page.goto((tmp_path / "graph.svg").as_uri())  # fails here if it is no XML
    assert page.locator("svg text").count() > 20
    page.goto((tmp_path / "graph.html").as_uri())
    verify_harmless(page, "#view")
    page.locator("g[data-key]").first.click()
    assert page.locator("#side h2").inner_text()
    page.screenshot(path=artefacts / "exported.png")
    assert said == []
    context.close()
