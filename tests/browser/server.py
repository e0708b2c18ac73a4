"""A server with JupyterLab and Notebook 7, and a Chromium without a window, for who drives them.

The server has folders of its own, so that nothing of the user's is read or written.
"""

import json
import os
import shutil
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[2]
BUILT = ROOT / "jupyter_ext" / "labextension"
CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser")
PATIENCE = 80
"""Seconds in which a server has to start."""

_QUIET = {
    "@jupyterlab/apputils-extension:notification": {
        "fetchNews": "false", "checkForUpdates": False, "doNotDisturbMode": True,
    },
}  # fmt: skip


@contextmanager
def jupyter_server(folder: Path) -> Iterator[tuple[str, Path]]:
    """Start a server that keeps all it has in `folder`.

    Yields
    ------
    address : str
        JupyterLab is at /lab, Notebook 7 at /tree and /notebooks.
    notebooks : Path
        The folder of the notebooks.
    """
    notebooks, extensions = folder / "notebooks", folder / "data" / "labextensions"
    settings = folder / "settings"
    for made in (notebooks, extensions, settings):
        made.mkdir(parents=True)
    extensions.joinpath("autograd-core").symlink_to(BUILT, target_is_directory=True)
    settings.joinpath("overrides.json").write_text(json.dumps(_QUIET))
    port = _free_port()
    command = [
        sys.executable, "-m", "jupyterlab", "--no-browser", "--allow-root", f"--port={port}",
        "--ServerApp.port_retries=0", "--IdentityProvider.token=", f"--notebook-dir={notebooks}",
    ]  # fmt: skip
    for app in ("LabApp", "JupyterNotebookApp"):
        command += [
            f"--{app}.expose_app_in_browser=True", f"--{app}.app_settings_dir={settings}",
            f"--{app}.user_settings_dir={folder / 'user'}",
            f"--{app}.workspaces_dir={folder / 'workspaces'}",
        ]  # fmt: skip
    environment = os.environ | {
        "PYTHONPATH": os.pathsep.join([str(ROOT), os.environ.get("PYTHONPATH", "")]),
        "JUPYTER_CONFIG_DIR": str(folder / "config"),
        "JUPYTER_DATA_DIR": str(folder / "data"),
        "JUPYTER_RUNTIME_DIR": str(folder / "runtime"),
        "IPYTHONDIR": str(folder / "ipython"),
    }
    with (folder / "log.txt").open("w") as log:
        process = subprocess.Popen(command, env=environment, stdout=log, stderr=log)
    try:
        _wait_for(f"http://127.0.0.1:{port}/api", process, folder / "log.txt")
        yield f"http://127.0.0.1:{port}", notebooks
    finally:
        process.terminate()
        process.wait(20)


@contextmanager
def browser_without_window() -> Iterator[Any]:
    """Start the system's Chromium; it yields a `playwright.sync_api.Browser`."""
    from playwright.sync_api import sync_playwright

    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox"])
        yield browser
        browser.close()


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def _wait_for(address: str, process: subprocess.Popen, log: Path) -> None:
    deadline = time.monotonic() + PATIENCE
    while time.monotonic() < deadline and process.poll() is None:
        try:
            urllib.request.urlopen(address).close()
        except (urllib.error.URLError, ConnectionError):
            time.sleep(0.2)
        else:
            return
    raise RuntimeError(f"the server did not start:\n{log.read_text()[-3000:]}")
