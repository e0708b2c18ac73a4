"""Photograph a notebook as JupyterLab shows it.

    python tools/screenshot_notebook.py notebooks/01_start_here.ipynb out.png
    python tools/screenshot_notebook.py NOTEBOOK out.png --cell 8 --theme dark --width 1000

Starts a JupyterLab of its own, with private settings and a free port, opens the notebook in a
headless Chromium through Playwright (pip install playwright; the browser is the system's), and
saves the page, or one cell with its outputs. The notebook is copied first and never written to.
"""

import argparse
import json
import os
import secrets
import shutil
import socket
import subprocess
import sys
import tempfile
import time
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

BROWSERS = ("chromium", "chromium-browser", "google-chrome", "chrome")
FLAGS = [
    "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--hide-scrollbars",
    "--disable-background-networking", "--disable-component-update", "--disable-sync",
]  # fmt: skip
THEMES = {"light": "JupyterLab Light", "dark": "JupyterLab Dark"}
# Only the notebook: without toolbars, side bars and news, and as tall as its cells.
STYLE = """
#jp-top-panel, #jp-menu-panel, #jp-bottom-panel, .jp-Toolbar, .jp-SideBar { visibility: hidden }
.jp-cell-toolbar, .jp-Notebook-footer, .jp-toast-button, .Toastify { display: none !important }
"""


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


@contextmanager
def jupyterlab(folder: Path, theme: str) -> Iterator[str]:
    """Run JupyterLab on `folder` with settings of its own; gives its address with the token."""
    port, token = free_port(), secrets.token_hex(16)
    private = folder / ".private"
    settings = private / "lab" / "user-settings" / "@jupyterlab"
    for plugin, values in {
        "apputils-extension/themes.jupyterlab-settings": {"theme": THEMES[theme]},
        "apputils-extension/notification.jupyterlab-settings": {
            "fetchNews": "false", "checkForUpdates": False,
        },
        "notebook-extension/tracker.jupyterlab-settings": {"windowingMode": "none"},
    }.items():  # fmt: skip
        path = settings / plugin
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(json.dumps(values))
    environment = os.environ | {
        f"JUPYTER_{name}_DIR": str(private / name.lower()) for name in ("CONFIG", "DATA", "RUNTIME")
    }
    command = [
        sys.executable, "-m", "jupyterlab", "--no-browser", "--allow-root", f"--port={port}",
        "--ServerApp.port_retries=0", f"--IdentityProvider.token={token}", "--LabApp.news_url=None",
        "--LabApp.expose_app_in_browser=True",
        f"--LabApp.user_settings_dir={settings.parent}",
        f"--LabApp.workspaces_dir={private / 'workspaces'}", f"--ServerApp.root_dir={folder}",
    ]  # fmt: skip
    # Trusted, as a notebook is that was run here: untrusted ones show no SVG.
    for notebook in folder.glob("*.ipynb"):
        subprocess.run(
            [sys.executable, "-m", "nbformat.sign", notebook],
            env=environment, check=True, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
        )  # fmt: skip
    with open(private / "log.txt", "wb") as log:
        server = subprocess.Popen(command, stdout=log, stderr=log, env=environment)
        try:
            address = f"http://127.0.0.1:{port}"
            wait_for(f"{address}/api?token={token}", server, private / "log.txt")
            yield f"{address}/lab/tree/{{}}?token={token}"
        finally:
            server.terminate()
            server.wait(20)


def wait_for(address: str, server: subprocess.Popen, log: Path) -> None:
    for _ in range(240):
        if server.poll() is not None:
            sys.exit(f"JupyterLab did not start:\n{log.read_text()[-2000:]}")
        try:
            urllib.request.urlopen(address, timeout=5).close()
            return
        except OSError:
            time.sleep(0.5)
    sys.exit(f"JupyterLab did not answer within two minutes:\n{log.read_text()[-2000:]}")


def find_browser() -> str:
    found = next(filter(None, map(shutil.which, BROWSERS)), None)
    if found is None:
        sys.exit("no Chromium found; on Debian: sudo apt-get install chromium")
    return found


def photograph(address: str, out: Path, *, width: int, cell: int | None, scale: float) -> None:
    from playwright.sync_api import sync_playwright

    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=find_browser(), args=FLAGS)
        page = browser.new_page(viewport={"width": width, "height": 900}, device_scale_factor=scale)
        page.goto(address, timeout=120_000)
        page.wait_for_selector(".jp-NotebookPanel .jp-Cell", timeout=120_000)
        page.wait_for_load_state("networkidle")
        page.keyboard.press("Control+B")  # closes the file browser
        page.add_style_tag(content=STYLE)
        page.evaluate(
            "() => document.querySelectorAll('.jp-mod-active, .jp-mod-selected')"
            ".forEach(cell => cell.classList.remove('jp-mod-active', 'jp-mod-selected'))"
        )
        cells = page.locator(".jp-NotebookPanel .jp-Cell")
        if cell is None:
            height = page.evaluate(
                "() => [...document.querySelectorAll('.jp-NotebookPanel .jp-Cell')]"
                ".reduce((sum, cell) => sum + cell.getBoundingClientRect().height + 2, 0)"
            )
            page.set_viewport_size({"width": width, "height": min(int(height) + 120, 16_000)})
            page.wait_for_timeout(1500)
            page.locator(".jp-WindowedPanel-outer").first.screenshot(path=out)
        else:
            target = cells.nth(cell)
            page.set_viewport_size({"width": width, "height": 4000})
            target.scroll_into_view_if_needed()
            page.wait_for_timeout(1500)
            target.screenshot(path=out)
        browser.close()


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("notebook", type=Path)
    parser.add_argument("out", type=Path)
    parser.add_argument("--cell", type=int, help="only this cell, counted from 0")
    parser.add_argument("--width", type=int, default=1000, help="of the page, in CSS pixels")
    parser.add_argument("--scale", type=float, default=1.0, help="pixels for each CSS pixel")
    parser.add_argument("--theme", choices=THEMES, default="light")
    given = parser.parse_args()
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        (folder / ".private").mkdir()
        copy = json.loads(given.notebook.read_text(encoding="utf-8"))
        copy["metadata"].setdefault("kernelspec", {"name": "python3", "display_name": "Python 3"})
        (folder / given.notebook.name).write_text(json.dumps(copy), encoding="utf-8")
        with jupyterlab(folder, given.theme) as address:
            photograph(
                address.format(given.notebook.name), given.out,
                width=given.width, cell=given.cell, scale=given.scale,
            )  # fmt: skip


if __name__ == "__main__":
    main()
