"""What a person does in JupyterLab and Notebook 7, for tests: open a notebook, run a cell, ..."""

import json
import uuid
from pathlib import Path
from typing import Any

PATIENCE = 40
"""Seconds after which something that should come is given up."""
PANEL = "#autograd-core-panel"

_NOTEBOOK = "window.jupyterapp.shell.currentWidget"
_READY = f"""async () => {{
    const panel = {_NOTEBOOK};
    if (!panel?.sessionContext) return false;
    await panel.sessionContext.ready;
    const kernel = panel.sessionContext.session?.kernel;
    if (!kernel || kernel.connectionStatus !== 'connected') return false;
    return {{WAIT}} ? (await kernel.info) && true : true;
}}"""


class Lab:
    """A page of JupyterLab.

    Parameters
    ----------
    page : playwright.sync_api.Page
        The page.
    address : str
        Of the server.
    folder : Path
        Where the server has its notebooks.
    """

    def __init__(self, page: Any, address: str, folder: Path):
        self.page = page
        self.address = address
        self.folder = folder
        self.errors: list[str] = []
        self.console: list[str] = []
        page.set_default_timeout(PATIENCE * 1000)
        page.on("pageerror", lambda error: self.errors.append(str(error)))
        page.on("console", lambda message: self.console.append(message.text))

    def start(self) -> None:
        """Come to a JupyterLab with nothing open, and open the panel."""
        self.page.goto(f"{self.address}/lab?reset")
        self.page.wait_for_function("window.jupyterapp?.shell", timeout=2000 * PATIENCE)
        self.page.evaluate("async () => { await window.jupyterapp.restored; }")
        self.command("autograd-core:show")

    def end(self) -> None:
        """End all kernels."""
        self.page.evaluate("""async () => {
            const { sessions } = window.jupyterapp.serviceManager;
            await sessions.shutdownAll();
        }""")

    def command(self, name: str, **arguments: Any) -> None:
        """Execute a command, without waiting for what it gives."""
        self.page.evaluate(
            "([name, given]) => { void window.jupyterapp.commands.execute(name, given); }",
            [name, arguments],
        )

    # -------------------------------------------------------------- notebooks

    def open(self, *cells: str, name: str = "") -> str:
        """Open a new notebook with these cells; its first is active."""
        name = self.write(*cells, name=name)
        self.show(name)
        return name

    def write(self, *cells: str, name: str = "") -> str:
        """Write a new notebook with these cells, without opening it; gives its name."""
        name = name or f"n{uuid.uuid4().hex[:8]}.ipynb"
        (self.folder / name).write_text(json.dumps(notebook_of(*cells)))
        return name

    def show(self, name: str, wait_for_kernel: bool = True) -> None:
        """Make a notebook the active one."""
        self.command("docmanager:open", path=name)
        self._wait_for_notebook(name, wait_for_kernel)

    def _wait_for_notebook(self, name: str, wait_for_kernel: bool) -> None:
        self.page.wait_for_function(f"name => {_NOTEBOOK}?.context?.path === name", arg=name)
        wait = "true" if wait_for_kernel else "false"
        self.page.wait_for_function(_READY.replace("{WAIT}", wait))

    def save(self) -> dict[str, Any]:
        """Save the notebook; gives what is in the file then."""
        path = self.page.evaluate(f"""async () => {{
            const {{ context }} = {_NOTEBOOK};
            await context.save();
            return context.path;
        }}""")
        return json.loads((self.folder / path).read_text())

    def save_with_widgets(self) -> dict[str, Any]:
        """Save the notebook with the state of its widgets; gives what is in the file then."""
        toggle = "'@jupyter-widgets/jupyterlab-manager:saveWidgetState'"
        self.page.evaluate(f"() => window.jupyterapp.commands.execute({toggle})")
        self.save()  # puts the state into the notebook, when it has got it
        self.page.wait_for_function(f"{_NOTEBOOK}.context.model.getMetadata('widgets')")
        saved = self.save()
        self.page.evaluate(f"() => window.jupyterapp.commands.execute({toggle})")
        return saved

    def start_cell(self, index: int) -> None:
        """Begin to run a cell."""
        # In one go: what takes the focus in between makes its own cell the active one.
        self.page.evaluate(
            f"""i => {{
                {_NOTEBOOK}.content.activeCellIndex = i;
                void window.jupyterapp.commands.execute('notebook:run-cell');
            }}""",
            index,
        )

    def run_cell(self, index: int) -> str:
        """Run a cell to its end; gives what it printed."""
        self.start_cell(index)
        return self.wait_for_cell(index)

    def wait_for_cell(self, index: int) -> str:
        """Wait for the end of a cell; gives what it printed."""
        self.page.wait_for_function(
            f"""i => {{
                const cell = {_NOTEBOOK}.content.widgets[i];
                return cell.model.executionState === 'idle' && cell.model.executionCount;
            }}""",
            arg=index,
        )
        return self.printed(index)

    def printed(self, index: int) -> str:
        """The text of a cell's streams and errors."""
        return self.page.evaluate(
            f"""i => {_NOTEBOOK}.content.widgets[i].model.outputs.toJSON()
                .map(o => [o.text ?? o.evalue ?? ''].flat().join('')).join('')""",
            index,
        )

    def source(self, index: int) -> str:
        """The text of a cell."""
        return self.page.evaluate(
            f"i => {_NOTEBOOK}.content.widgets[i].model.sharedModel.getSource()", index
        )

    # -------------------------------------------------------------- the panel

    @property
    def panel(self) -> Any:
        """The panel's element."""
        return self.page.locator(PANEL)

    def says(self, text: str) -> None:
        """Wait until the panel's status has this text."""
        self._wait_for_text(f"{PANEL} .ag-Status", text)

    def shows(self, text: str) -> None:
        """Wait until the panel has this text anywhere."""
        self._wait_for_text(PANEL, text)

    def _wait_for_text(self, element: str, text: str) -> None:
        from playwright.sync_api import TimeoutError as Late

        found = "([element, text]) => document.querySelector(element).innerText.includes(text)"
        try:
            self.page.wait_for_function(found, arg=[element, text])
        except Late:
            raise AssertionError(f"no {text!r} in\n{self.panel.inner_text()}") from None

    def press(self, verb: str) -> None:
        """Click a button of the transport bar."""
        self.panel.locator(f"button[data-verb={verb}][aria-disabled=false]").click()

    def ask(self, verb: str, text: str) -> None:
        """Click a button that asks for a line, and give it."""
        self.press(verb)
        self.page.keyboard.type(text)
        self.page.keyboard.press("Enter")

    def add_breakpoint(self, text: str) -> None:
        """Type a condition and add it."""
        self.panel.get_by_label("Condition of a new breakpoint").fill(text)
        self.panel.get_by_role("button", name="Add").click()


class Notebook7(Lab):
    """A page of Notebook 7: the same, but a page has one notebook, and the panel is not open."""

    def start(self) -> None:
        """Come to the list of files."""
        self._go("tree")

    def show(self, name: str, wait_for_kernel: bool = True) -> None:
        """Go to a notebook."""
        self._go(f"notebooks/{name}")
        self._wait_for_notebook(name, wait_for_kernel)

    def _go(self, where: str) -> None:
        self.page.goto(f"{self.address}/{where}")
        self.page.wait_for_function("window.jupyterapp?.shell", timeout=2000 * PATIENCE)
        self.page.evaluate("async () => { await window.jupyterapp.restored; }")


def notebook_of(*cells: str) -> dict[str, Any]:
    """A notebook with these cells, as it is in a file."""
    spec = {"name": "python3", "display_name": "Python 3"}
    return {
        "nbformat": 4, "nbformat_minor": 5,
        "metadata": {"kernelspec": spec, "language_info": {"name": "python"}},
        "cells": [_cell(i, source) for i, source in enumerate(cells)],
    }  # fmt: skip


def _cell(index: int, source: str) -> dict[str, Any]:
    return {
        "cell_type": "code", "id": f"cell-{index}", "metadata": {}, "source": source,
        "execution_count": None, "outputs": [],
    }  # fmt: skip
