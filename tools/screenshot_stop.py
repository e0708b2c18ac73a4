"""Photograph a real stop in JupyterLab: a classifier paused inside backward, with the panel.

    python tools/screenshot_stop.py docs/images/paused.png [--theme dark]

Starts a JupyterLab of its own, as screenshot_notebook.py does, and runs two cells there.
"""

import argparse
import json
import tempfile
from pathlib import Path

from screenshot_notebook import FLAGS, THEMES, find_browser, jupyterlab  # beside this file

CELLS = ["""\
%load_ext autograd_core
import autograd_core as torch
from autograd_core import nn
from sklearn.datasets import load_digits

digits = load_digits()
x = torch.tensor(digits.data[:256] / 16, dtype=torch.float32)
y = torch.tensor(digits.target[:256])
torch.manual_seed(0)
model = nn.Sequential(nn.Linear(64, 32), nn.ReLU(), nn.Linear(32, 10))""", """\
%%autograd_trace --break "op:Relu"
loss = nn.functional.cross_entropy(model(x), y)
loss.backward()"""]  # fmt: skip
RUN = """async i => {
    const notebook = window.jupyterapp.shell.currentWidget;
    await notebook.sessionContext.ready;
    await notebook.sessionContext.session.kernel.info;
    notebook.content.activeCellIndex = i;
    void window.jupyterapp.commands.execute('notebook:run-cell');
}"""

SHOW_CELL = """async () => {
    const { commands, shell } = window.jupyterapp;
    await commands.execute('application:toggle-left-area');
    shell.currentWidget.content.widgets[1].node.scrollIntoView({ block: 'start' });
}"""


def notebook() -> str:
    cells = [
        {"cell_type": "code", "id": f"c{i}", "metadata": {}, "source": source, "outputs": [],
         "execution_count": None}
        for i, source in enumerate(CELLS)
    ]  # fmt: skip
    spec = {"name": "python3", "display_name": "Python 3"}
    return json.dumps(
        {"nbformat": 4, "nbformat_minor": 5, "metadata": {"kernelspec": spec}, "cells": cells}
    )


def photograph(out: Path, theme: str) -> None:
    from playwright.sync_api import sync_playwright

    with tempfile.TemporaryDirectory() as name, sync_playwright() as playwright:
        folder = Path(name)
        folder.joinpath("digits.ipynb").write_text(notebook())
        with jupyterlab(folder, theme) as address:
            browser = playwright.chromium.launch(executable_path=find_browser(), args=FLAGS)
            page = browser.new_page(viewport={"width": 1500, "height": 1080})
            page.set_default_timeout(120_000)
            page.goto(address.format("digits.ipynb"))
            page.wait_for_function("window.jupyterapp?.shell?.currentWidget?.sessionContext")
            page.evaluate("() => window.jupyterapp.commands.execute('autograd-core:show')")
            for i in range(len(CELLS)):
                page.evaluate(RUN, i)
                if i == 0:
                    page.wait_for_function(
                        "window.jupyterapp.shell.currentWidget.content.widgets[0].model"
                        ".executionCount"
                    )
            page.wait_for_selector(".jp-Stdin-input")
            page.locator("#autograd-core-panel .ag-Status").get_by_text("Paused").wait_for()
            page.wait_for_timeout(2500)  # the graph is laid out and drawn
            page.evaluate(SHOW_CELL)
            page.wait_for_timeout(1500)
            out.parent.mkdir(parents=True, exist_ok=True)
            page.screenshot(path=out)
            browser.close()


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("out", type=Path)
    parser.add_argument("--theme", choices=THEMES, default="light")
    given = parser.parse_args()
    photograph(given.out, given.theme)
