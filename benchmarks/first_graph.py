"""How long it is to the first graph: the README's two cells in a JupyterLab that runs already.

The clock, which is the page's, begins with the double click that opens the notebook, for with it
the kernel starts, and ends when all of the graph has been drawn.  "Run All Cells" is clicked as
soon as the notebook has a kernel.  Cold means that none of the kernel's Python is compiled; warm,
that all of it is.  Needs the extra `test` and a Chromium.
"""

from __future__ import annotations

import os
import re
import shutil
import statistics
import sys
import tempfile
from pathlib import Path
from typing import Any, NamedTuple
from unittest import mock

from .timing import row, title

ROOT = Path(__file__).resolve().parents[1]
ROUNDS = 5

# The canvas says in words how much of the graph it shows.
WATCH = """() => {
    const seen = window.seen = { opened: null, run: null, drawn: null };
    window.addEventListener('dblclick', event => { seen.opened = event.timeStamp; }, true);
    window.addEventListener('pointerup', event => { seen.run = event.timeStamp; }, true);
    const note = text => {
        const found = /(\\d+) nodes, (\\d+) backward/.exec(text);
        if (found?.[1] !== found?.[2] || !found) return;
        requestAnimationFrame(() => setTimeout(() => { seen.drawn ??= performance.now(); }));
    };
    new MutationObserver(changes => {
        for (const { target } of changes) note(target.getAttribute('aria-label') ?? '');
    }).observe(document.body, { subtree: true, attributes: true, attributeFilter: ['aria-label'] });
}"""


# Before that JupyterLab drops what is to be run, without a word.
HAS_KERNEL = "window.jupyterapp.shell.currentWidget?.sessionContext?.session?.kernel"


class Wait(NamedTuple):
    """Seconds to the graph, from opening the notebook and from "Run All Cells"."""

    from_open: float
    from_run: float


def readme_cells() -> list[str]:
    """The two cells of the README's "A first traced cell"."""
    text = (ROOT / "README.md").read_text(encoding="utf-8")
    section = text.split("## A first traced cell\n", 1)[1]
    return re.findall(r"^```python\n(.*?)\n```$", section, re.MULTILINE | re.DOTALL)[:2]


def wait_for_graph(lab: Any) -> Wait:
    """Open a new notebook from the list of files, and run all of it."""
    page = lab.page
    name = lab.write(*readme_cells())
    lab.command("filebrowser:refresh")
    file = page.locator(".jp-DirListing-item", has_text=name)
    file.wait_for()
    page.evaluate(WATCH)
    file.dblclick()
    page.wait_for_function(HAS_KERNEL)
    page.get_by_role("menuitem", name="Run", exact=True).click()
    page.get_by_role("menuitem", name="Run All Cells", exact=True).click()
    page.wait_for_function("window.seen.drawn")
    seen = page.evaluate("window.seen")
    return Wait(*((seen["drawn"] - seen[since]) / 1e3 for since in ("opened", "run")))


def tell(what: str, waits: list[Wait]) -> None:
    """Print the figures of several rounds."""
    for since, times in zip(("opening", "Run All"), zip(*waits, strict=True), strict=True):
        value = f"{statistics.median(times):.1f} s, worst {max(times):.1f} s"
        row(f"{what}, from {since} to the graph", value, "aim: < 10 s")


def compiled_in(folder: Path) -> Any:
    """Processes that begin within it have what they compile in this folder, and nowhere else."""
    settings = {"PYTHONPYCACHEPREFIX": str(folder), "PYTHONDONTWRITEBYTECODE": ""}
    return mock.patch.dict(os.environ, settings)


def main() -> None:
    """Print the figures."""
    sys.path.insert(0, str(ROOT / "tests"))
    from browser.lab import Lab
    from browser.server import browser_without_window, jupyter_server

    def one_round() -> Wait:
        lab = Lab(browser.new_page(viewport={"width": 1280, "height": 900}), *server)
        lab.start()
        wait = wait_for_graph(lab)
        lab.end()
        lab.page.close()
        return wait

    with (
        tempfile.TemporaryDirectory() as name,
        compiled_in(folder := Path(name) / "compiled"),
        jupyter_server(Path(name) / "lab") as server,
        browser_without_window() as browser,
    ):
        cold, warm = [], []
        for _ in range(ROUNDS):
            shutil.rmtree(folder)
            cold.append(one_round())
            warm.append(one_round())
    title(f"The first graph in a running JupyterLab, {ROUNDS} rounds each")
    tell("cold", cold)
    tell("warm", warm)
