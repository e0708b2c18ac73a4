"""Pages that are looked at without a kernel: of ``autograd-core view``, and of nbconvert."""

import json
from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace
from typing import Any

from browser.lab import notebook_of
from browser.test_saved_notebook import SETUP, convert

import autograd_core as ag
from autograd_core import nn
from jupyter_ext.command_line import view

STOPS = """\
%%autograd_trace --break op:Tanh
net(x).square().mean().backward()"""


def write_page(folder: Path) -> str:
    """The address of a page of ``view``."""
    net = nn.Sequential(nn.Linear(3, 4), nn.Tanh())
    with ag.debug.trace() as trace:
        for _ in range(2):
            net(ag.ones(2, 3)).sum().backward()
    (folder / "page.html").write_text(view.page(trace, "two steps"), encoding="utf-8")
    return (folder / "page.html").as_uri()


def test_a_page_is_light_or_dark_as_the_system_is(
    chromium: Any, tmp_path: Path, artefacts: Path, axe: Callable[..., None]
) -> None:
    page = chromium.new_page(viewport={"width": 1100, "height": 800}, color_scheme="dark")
    errors: list[str] = []
    page.on("pageerror", lambda error: errors.append(str(error)))
    page.goto(write_page(tmp_path))
    for theme in ("dark", "light", "dark"):  # it follows while it is open, too
        page.emulate_media(color_scheme=theme)
        page.wait_for_selector(f".ag-root[data-theme={theme}] canvas")
        shades = page.evaluate("""() => ['body', '.ag-root'].map(name =>
            getComputedStyle(document.querySelector(name)).backgroundColor.match(/\\d+/g)
                .slice(0, 3).map(Number))""")
        assert all((max(shade) < 60) == (theme == "dark") for shade in shades[1:])
        assert (shades[0] == [15, 19, 24]) == (theme == "dark")
        axe(SimpleNamespace(page=page), "#graph")
        page.screenshot(path=artefacts / f"page-{theme}.png")
    assert errors == []
    page.close()


def test_what_nbconvert_ran_looks_right(chromium: Any, tmp_path: Path, artefacts: Path) -> None:
    """Two pictures, one line, and the stop that was not made."""
    file = tmp_path / "n.ipynb"
    file.write_text(json.dumps(notebook_of(SETUP, STOPS)))
    convert(file, "--execute", "--to", "html")
    page = chromium.new_page(viewport={"width": 1000, "height": 1400})
    page.route("http**", lambda route: route.abort())
    page.goto(file.with_suffix(".html").as_uri())
    kinds = page.evaluate("""() => [...document.querySelectorAll('.jp-OutputArea-output')]
        .filter(output => output.getBoundingClientRect().height > 0)
        .map(output => output.querySelector('svg, img') ? 'picture' : output.innerText)""")
    assert kinds[-2:] == ["picture", "picture"]
    text = "".join(kinds[:-2])
    assert "would have paused at TanhBackward0" in text
    assert "152 nodes, 152 backward steps" in text
    wide = page.evaluate("() => document.documentElement.scrollWidth - innerWidth")
    assert wide <= 0
    page.screenshot(path=artefacts / "nbconvert.png", full_page=True)
    page.close()
