"""One server and one Chromium for all browser tests, and a page for each of them.

The server has JupyterLab and Notebook 7.  The extension is the one that is built in this checkout,
not what pip installed.  Pictures are kept in the folder `artefacts`, also one of each page on
which a test failed.
"""

import os
import re
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from browser.lab import Lab, Notebook7
from browser.server import CHROMIUM, browser_without_window, jupyter_server

ROOT = Path(__file__).resolve().parents[2]
ARTEFACTS = Path(os.environ.get("BROWSER_ARTEFACTS", ROOT / "build" / "browser"))


@pytest.fixture(scope="session")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[str, Path]]:
    """The address of a server with folders of its own, and its notebooks' folder."""
    pytest.importorskip("playwright", reason="needs playwright: pip install -e .[test]")
    if CHROMIUM is None:
        pytest.skip("there is no Chromium here; on Debian: apt-get install -y chromium")
    with jupyter_server(tmp_path_factory.mktemp("lab")) as found:
        yield found


@pytest.fixture(scope="session")
def chromium(server: tuple[str, Path]) -> Iterator[Any]:
    """A browser without a window."""
    with browser_without_window() as browser:
        yield browser


@pytest.fixture
def lab(server: tuple[str, Path], chromium: Any) -> Iterator[Lab]:
    """A fresh page of JupyterLab with nothing open."""
    yield from _page(Lab, server, chromium)


@pytest.fixture
def notebook7(server: tuple[str, Path], chromium: Any) -> Iterator[Notebook7]:
    """A fresh page of Notebook 7; it shows one notebook at a time."""
    yield from _page(Notebook7, server, chromium)


def _page(kind: type[Lab], server: tuple[str, Path], chromium: Any) -> Iterator[Any]:
    page = chromium.new_page(viewport={"width": 1280, "height": 900})
    lab = kind(page, *server)
    lab.start()
    yield lab
    lab.end()
    page.close()


# --- pictures, and what axe finds ---------------------------------------------------------------


@pytest.fixture(scope="session")
def artefacts() -> Path:
    """The folder whose pictures are kept: BROWSER_ARTEFACTS, or build/browser."""
    ARTEFACTS.mkdir(parents=True, exist_ok=True)
    return ARTEFACTS


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(item: pytest.Item, call: pytest.CallInfo[None]) -> Any:
    """Keep a picture of the page, and what its console said, where a test fails."""
    report = yield
    page = next((v for v in getattr(item, "funcargs", {}).values() if isinstance(v, Lab)), None)
    if report.failed and page and not page.page.is_closed():
        ARTEFACTS.mkdir(parents=True, exist_ok=True)
        kept = ARTEFACTS / f"failed-{re.sub(r'[^a-zA-Z0-9]+', '-', item.name)}.png"
        page.page.screenshot(path=kept)
        kept.with_suffix(".txt").write_text("\n".join([*page.errors, *page.console]))
        report.sections.append(("page", f"picture and console: {kept}, .txt"))
    return report


@pytest.fixture
def axe() -> Callable[..., None]:
    """`axe(lab, selector)` fails if axe-core finds a violation of WCAG 2 A or AA in there.

    Names of rules in `without` are not looked at.
    """
    from axe_playwright_python.sync_playwright import Axe

    def check(lab: Lab, selector: str, without: tuple[str, ...] = ()) -> None:
        assert lab.page.locator(selector).count(), f"there is no {selector} on the page"
        options = {
            "runOnly": ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa"],
            "rules": {name: {"enabled": False} for name in without},
            "resultTypes": ["violations"],
        }
        found = Axe().run(lab.page, {"include": [selector]}, options)
        assert not found.response["violations"], _violations(found.response["violations"])

    return check


def _violations(found: list[dict[str, Any]]) -> str:
    lines = []
    for rule in found:
        lines.append(f"{rule['id']} ({rule['impact']}): {rule['help']}")
        for node in rule["nodes"]:
            why = " ".join(node["failureSummary"].split())
            lines += [f"    {node['html'][:200]}", f"        {why}"]
    return "\n".join(lines)
