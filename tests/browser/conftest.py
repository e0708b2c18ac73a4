"""One JupyterLab and one Chromium for all browser tests, and a notebook for each of them.

The extension is the one that is built in this checkout, not what pip installed.
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
from pathlib import Path

import pytest
from browser.lab import PATIENCE, Lab

ROOT = Path(__file__).resolve().parents[2]
BUILT = ROOT / "jupyter_ext" / "labextension"
CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser")
WHY_NOT = "there is no Chromium here; on Debian: apt-get install -y chromium"


@pytest.fixture(scope="session")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[str, Path]]:
    """The address of a JupyterLab with folders of its own, and its notebooks' folder."""
    pytest.importorskip("playwright", reason="needs playwright: pip install -e .[test]")
    if CHROMIUM is None:
        pytest.skip(WHY_NOT)
    folder = tmp_path_factory.mktemp("lab")
    notebooks, extensions = folder / "notebooks", folder / "data" / "labextensions"
    notebooks.mkdir()
    extensions.mkdir(parents=True)
    extensions.joinpath("autograd-core").symlink_to(BUILT, target_is_directory=True)
    overrides = folder / "settings" / "overrides.json"
    overrides.parent.mkdir()
    overrides.write_text(json.dumps(_QUIET))
    port = _free_port()
    command = [
        sys.executable, "-m", "jupyterlab", "--no-browser", "--allow-root", f"--port={port}",
        "--ServerApp.port_retries=0", "--IdentityProvider.token=", f"--notebook-dir={notebooks}",
        "--LabApp.expose_app_in_browser=True", f"--LabApp.app_settings_dir={overrides.parent}",
        f"--LabApp.user_settings_dir={folder / 'user'}",
        f"--LabApp.workspaces_dir={folder / 'workspaces'}",
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
        process.wait(PATIENCE)


@pytest.fixture(scope="session")
def chromium(server: tuple[str, Path]) -> Iterator[object]:
    """A browser without a window."""
    from playwright.sync_api import sync_playwright

    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox"])
        yield browser
        browser.close()


@pytest.fixture
def lab(server: tuple[str, Path], chromium: object) -> Iterator[Lab]:
    """A fresh page of JupyterLab with nothing open."""
    page = chromium.new_page(viewport={"width": 1280, "height": 900})
    lab = Lab(page, *server)
    lab.start()
    yield lab
    lab.end()
    page.close()


_QUIET = {
    "@jupyterlab/apputils-extension:notification": {
        "fetchNews": "false", "checkForUpdates": False, "doNotDisturbMode": True,
    },
}  # fmt: skip


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def _wait_for(address: str, process: subprocess.Popen, log: Path) -> None:
    deadline = time.monotonic() + 4 * PATIENCE
    while time.monotonic() < deadline and process.poll() is None:
        try:
            urllib.request.urlopen(address).close()
        except (urllib.error.URLError, ConnectionError):
            time.sleep(0.2)
        else:
            return
    raise RuntimeError(f"JupyterLab did not start:\n{log.read_text()[-3000:]}")
