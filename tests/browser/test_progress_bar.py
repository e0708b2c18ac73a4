"""The bar of a traced cell: below the graph while the cell runs, and gone afterwards."""

import json
from pathlib import Path

import pytest
from browser.inline_page import Graph
from browser.lab import Lab

SETUP = """\
%load_ext autograd_core
import autograd_core as ag
from autograd_core import progress
progress.AFTER = progress.EVERY = 0.0
w = ag.tensor([0.5, 0.25], requires_grad=True)"""
TRACED = """\
%%autograd_trace --break "op:Tanh and iter == 3"
for _ in range(5):
    (w * 3.0).tanh().sum().backward()"""
BAR = ".jp-OutputArea .widget-hbox:has(.widget-html):has([role=progressbar], .progress)"


@pytest.mark.parametrize("where", ["lab", "notebook7"])
def test_it_comes_below_the_graph_and_leaves_nothing(
    where: str, request: pytest.FixtureRequest, artefacts: Path
) -> None:
    lab: Lab = request.getfixturevalue(where)
    lab.open(SETUP, TRACED)
    lab.run_cell(0)
    lab.start_cell(1)
    graph = Graph(lab)
    graph.is_at("Tanh")
    bar = lab.page.locator(BAR)
    text = bar.inner_text().replace("\u2007", " ")
    assert "3pass [" in text
    assert "loss=1.54" in text
    box, graphs_box = bar.bounding_box(), graph.root.bounding_box()
    assert 0 <= box["y"] - graphs_box["y"] - graphs_box["height"] < 20
    lab.page.screenshot(path=artefacts / f"progress-{where}.png")
    graph.key("c")
    lab.wait_for_cell(1)
    bar.wait_for(state="detached")
    kept = lab.save()["cells"][1]["outputs"]
    assert "pass [" not in json.dumps(kept)
    assert "backward: " not in json.dumps(kept)
    outputs = ".jp-OutputArea-child:has(.jp-RenderedText)"
    heights = lab.page.locator(outputs).evaluate_all("all => all.map(one => one.offsetHeight)")
    assert heights[0] == 0
