"""What a person does with the live graph under a cell, for tests."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from browser.lab import Lab


@contextmanager
def wide_page(server: tuple[str, Path], chromium: Any) -> Iterator[Lab]:
    """A page of JupyterLab for several tests."""
    lab = Lab(chromium.new_page(viewport={"width": 1280, "height": 1000}), *server)
    lab.start()
    yield lab
    lab.end()
    lab.page.close()


def make_room(lab: Lab) -> None:
    """Close what is beside the notebook."""
    shell = "window.jupyterapp.shell"
    lab.page.evaluate(f"() => {{ {shell}.collapseLeft(); {shell}.collapseRight(); }}")


class Graph:
    """The live graph under one cell of a notebook.

    Parameters
    ----------
    lab : Lab
        The page, of JupyterLab or Notebook 7.
    cell : int
        The cell's number, from 0.
    """

    def __init__(self, lab: Lab, cell: int = 1):
        self.lab = lab
        self.page = lab.page
        self.cell = cell
        notebook = lab.page.locator(".jp-NotebookPanel:not(.lm-mod-hidden)")
        self.root = notebook.locator(".jp-Cell").nth(cell).locator(".ag-root:visible")

    def find(self, selector: str) -> Any:
        """Parts of it."""
        return self.root.locator(selector)

    def wait(self, condition: str, given: Any = None) -> None:
        """Wait until a function of the root element and `given` is true."""
        self.root.wait_for()
        self.page.wait_for_function(
            f"([root, given]) => ({condition})(root, given)",
            arg=[self.root.element_handle(), given],
        )

    # -------------------------------------------------------------- what it says

    def is_at(self, node: str) -> None:
        """Wait until it shows that the run is paused at this node."""
        self.wait(
            """(root, node) => root.dataset.status === 'paused'
                && root.querySelector('.ag-pausedhere')
                && root.querySelector('.ag-inspector h2').textContent === node""",
            node,
        )

    def is_over(self, nodes: int) -> None:
        """Wait until so many nodes are there, the cell is over and the page knows it."""
        self.wait(
            "(root, n) => root.dataset.status === 'live' && root.dataset.nodes === String(n)", nodes
        )

    def says(self, text: str) -> None:
        """Wait until what is read out loud has this text."""
        self.wait("(root, t) => root.querySelector('.ag-live').textContent.includes(t)", text)

    def rows(self) -> list[str]:
        """The names in the outline, from the loss down."""
        return self.find("[role=treeitem] .ag-name").all_text_contents()

    def row(self, name: str) -> Any:
        """The first row of the outline with this name."""
        names = self.page.get_by_text(name, exact=True)
        return self.find("[role=treeitem]").filter(has=names).first

    def reason(self, verb: str) -> str:
        """Why a button does nothing now; empty if it does."""
        return self.find(f"[data-verb={verb}]").get_attribute("data-reason")

    # -------------------------------------------------------------- what is done to it

    def press(self, verb: str) -> None:
        """Click a button of the bar."""
        self.find(f"[data-verb={verb}]:not([aria-disabled])").click()

    def key(self, *keys: str) -> None:
        """Press keys while it has the focus."""
        self.root.focus()
        for key in keys:
            self.page.keyboard.press(key)

    def select(self, name: str) -> None:
        """Click a row of the outline."""
        self.row(name).click()
        self.wait("(r, n) => r.querySelector('.ag-inspector h2').textContent === n", name)

    def dot_of(self, title: str) -> tuple[float, float]:
        """Where the breakpoint's place of a box is on the screen, found with the pointer."""
        canvas, tip = self.find(".ag-graph"), self.find(".ag-tooltip")
        canvas.scroll_into_view_if_needed()
        box = canvas.bounding_box()
        middle = box["x"] + box["width"] / 2
        for y in range(8, int(box["height"]), 8):
            self.page.mouse.move(middle, box["y"] + y)
            if not (tip.text_content() or "").startswith(f"{title}\n") or tip.is_hidden():
                continue
            for x in range(0, int(box["width"] / 2), 4):
                at = middle - x, box["y"] + y + 10
                self.page.mouse.move(*at)
                if tip.is_visible() and "breakpoint" in tip.text_content().split("\n")[0]:
                    return at
        raise AssertionError(f"no box {title!r} was found on the canvas")

    def export(self, kind: str) -> Any:
        """Save the picture; gives the download."""
        self.find(".ag-menu summary").click()
        with self.page.expect_download() as found:
            self.find(f"[data-export={kind}]").click()
        return found.value
