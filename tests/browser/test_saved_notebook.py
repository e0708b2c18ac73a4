"""What a notebook keeps of a traced run: pictures that show anywhere, and little else."""

import base64
import json
import subprocess
import sys
import xml.etree.ElementTree as ElementTree
from pathlib import Path
from typing import Any

import pytest
from browser.lab import Lab, notebook_of

SETUP = """\
%load_ext autograd_core
import autograd_core as ag
from autograd_core import nn
net = nn.Sequential(*[nn.Sequential(nn.Linear(4, 4), nn.Tanh()) for _ in range(30)])
x = ag.ones(2, 4)"""
LONG = """\
%%autograd_trace
for _ in range(40):
    net(x).square().mean().backward()
    for p in net.parameters():
        p.grad = None"""
WIDGET = "application/vnd.jupyter.widget-view+json"
PICTURE = {"image/png", "image/svg+xml", "text/plain"}


def outputs(notebook: dict[str, Any]) -> list[dict[str, Any]]:
    """Data of the outputs of the second cell."""
    return [output.get("data", {}) for output in notebook["cells"][1]["outputs"]]


def pictures(notebook: dict[str, Any]) -> list[dict[str, Any]]:
    return [data for data in outputs(notebook) if "image/svg+xml" in data]


def verify_pictures(notebook: dict[str, Any]) -> None:
    """The graph and the flow are there in all their forms."""
    graph, flow = pictures(notebook)
    for data in (graph, flow):
        assert set(data) == PICTURE
        assert ElementTree.fromstring("".join(data["image/svg+xml"])).tag.endswith("svg")
        assert base64.b64decode("".join(data["image/png"])).startswith(b"\x89PNG")
    assert "Tanh" in "".join(graph["text/plain"])
    assert "29.0.weight" in "".join(flow["text/plain"])


def verify_html(notebook: Path, browser: Any) -> None:
    """As a page without network it shows two pictures."""
    convert(notebook, "--to", "html")
    page = browser.new_page()
    page.route("http**", lambda route: route.abort())
    page.goto(notebook.with_suffix(".html").as_uri())
    shown = page.evaluate("""() => [...document.querySelectorAll('.jp-OutputArea-output')]
        .map(output => output.querySelector('svg') ?? output.querySelector('img'))
        .filter(picture => picture && picture.getBoundingClientRect().width > 100
            && (picture.naturalWidth ?? 1) > 0)
        .length""")
    page.close()
    assert shown == 2


def convert(notebook: Path, *options: str) -> None:
    command = [sys.executable, "-m", "nbconvert", *options, notebook.name]
    done = subprocess.run(command, cwd=notebook.parent, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr


@pytest.fixture
def traced(lab: Lab) -> Lab:
    """A notebook in which a long run was traced."""
    lab.open(SETUP, LONG)
    lab.run_cell(0)
    lab.run_cell(1)
    return lab


def test_a_saved_notebook_has_the_pictures_and_a_line_and_little_else(
    traced: Lab, chromium: Any
) -> None:
    assert traced.printed(1).startswith("6080 nodes, 6080 backward steps")
    notebook = traced.save()
    verify_pictures(notebook)
    rest = json.dumps(notebook)
    for data in pictures(notebook):
        rest = rest.replace(json.dumps(data), "")
    assert len(rest) < 5000
    with_widgets = traced.folder / "with-widgets.ipynb"
    with_widgets.write_text(json.dumps(traced.save_with_widgets()))
    verify_html(with_widgets, chromium)
    assert traced.errors == []


def test_the_widgets_state_is_small_and_shows_the_graph_again(traced: Lab, artefacts: Path) -> None:
    name = traced.page.evaluate("window.jupyterapp.shell.currentWidget.context.path")
    for _ in range(2):
        traced.run_cell(1)  # the graph of the run before is not kept
    state = traced.save_with_widgets()["metadata"]["widgets"]
    assert len(json.dumps(state)) < 1_000_000
    traced.end()
    traced.start()
    traced.show(name)
    traced.page.wait_for_selector(".ag-root[data-status=recorded]")
    label = traced.page.locator(".ag-root canvas[aria-label]").first.get_attribute("aria-label")
    assert "iteration 39" in label
    traced.page.screenshot(path=artefacts / "saved-and-opened-again.png")


def test_without_widgets_the_pictures_are_there(tmp_path: Path, chromium: Any) -> None:
    """As `nbconvert --execute` runs it: nobody can type, so nobody watches."""
    file = tmp_path / "n.ipynb"
    file.write_text(json.dumps(notebook_of(SETUP, LONG)))
    convert(file, "--execute", "--to", "notebook", "--inplace")
    notebook = json.loads(file.read_text())
    verify_pictures(notebook)
    assert not any(WIDGET in data for data in outputs(notebook))
    verify_html(file, chromium)
