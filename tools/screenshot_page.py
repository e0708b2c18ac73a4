"""Photograph the page that ``autograd-core demo`` writes: docs/images/page.png.

    python tools/screenshot_page.py [OUT.png]

Trains the demo's network in a temporary folder, opens the page in a headless Chromium through
Playwright, and saves what it shows.
"""

import contextlib
import io
import os
import sys
import tempfile
from pathlib import Path

from screenshot_notebook import FLAGS, find_browser

DEFAULT = Path(__file__).parent.parent / "docs" / "images" / "page.png"


def main() -> None:
    from playwright.sync_api import sync_playwright

    from jupyter_ext.command_line import main as autograd_core

    out = Path(sys.argv[1] if len(sys.argv) > 1 else DEFAULT).resolve()
    before = Path.cwd()
    with tempfile.TemporaryDirectory() as folder, sync_playwright() as playwright:
        os.chdir(folder)
        try:
            with contextlib.redirect_stdout(io.StringIO()):
                autograd_core(["demo", "--no-open"])
        finally:
            os.chdir(before)
        browser = playwright.chromium.launch(executable_path=find_browser(), args=FLAGS)
        page = browser.new_page(viewport={"width": 1100, "height": 640})
        page.goto((Path(folder) / "autograd_core_demo.html").as_uri())
        page.get_by_text("Gradient flow").first.wait_for()
        page.wait_for_timeout(1500)  # until the graph has come to rest
        page.screenshot(path=out)
        browser.close()


if __name__ == "__main__":
    main()
