"""The notebooks as they are saved: what they link to, what they keep, how the site takes them.

That they run, and show what is saved in them, is nbval's to test (``make notebooks``).
"""

from __future__ import annotations

import importlib
import json
import re
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from docs_pages import DOCS, ROOT, anchors, links

NOTEBOOKS = sorted((ROOT / "notebooks").glob("*.ipynb"))
every_notebook = pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda path: path.stem)
WIDGET = "application/vnd.jupyter.widget-view+json"


def cells(path: Path, kind: str) -> list[dict[str, Any]]:
    content = json.loads(path.read_text(encoding="utf-8"))
    return [cell for cell in content["cells"] if cell["cell_type"] == kind]


def text(path: Path) -> str:
    return "\n".join("".join(cell["source"]) for cell in cells(path, "markdown"))


@pytest.fixture(scope="module")
def tutorials() -> Iterator[Any]:
    """Yield the module of the site's build that takes the notebooks."""
    sys.path.insert(0, str(DOCS / "_ext"))
    yield importlib.import_module("tutorials")
    sys.path.remove(str(DOCS / "_ext"))


@every_notebook
def test_links_of_a_notebook_lead_somewhere(path: Path) -> None:
    broken = []
    for link in links(re.sub(r"`[^`\n]*`", "", text(path))):
        target, _, anchor = link.partition("#")
        if "://" in target:
            continue
        found = (path.parent / target).resolve() if target else path
        known = text(found) if found.suffix == ".ipynb" else ""
        if found.suffix == ".md" and found.exists():
            known = found.read_text(encoding="utf-8")
        if not found.is_file() or (anchor and anchor not in anchors(known)):
            broken.append(link)
    assert not broken


@every_notebook
def test_a_notebook_teaches_and_ends_in_an_exercise(path: Path) -> None:
    prose = re.sub(r"(?ms)^```.*?^```", "", text(path))
    headings = re.findall(r"^#+ .+$", prose, re.MULTILINE)
    assert headings[0].startswith("# ")
    assert headings[-1] == "## Your turn"


@every_notebook
def test_a_notebook_keeps_pictures_and_no_widget(path: Path) -> None:
    saved = path.read_text(encoding="utf-8")
    assert "widgets" not in json.loads(saved)["metadata"]
    assert WIDGET not in saved
    outputs = [output for cell in cells(path, "code") for output in cell["outputs"]]
    assert any("image/png" in output.get("data", {}) for output in outputs)
    assert not any("/tmp/" in json.dumps(output.get("text", "")) for output in outputs)
    assert "error" not in {output["output_type"] for output in outputs}


def test_index_leads_to_every_notebook() -> None:
    index = ROOT / "notebooks/00_index.ipynb"
    assert {path.name for path in NOTEBOOKS} - set(links(text(index))) == {index.name}


def test_site_has_every_notebook_by_its_name_in_the_index(tutorials: Any) -> None:
    listed = re.findall(r"^(.+) <tutorials/(.+)>$", tutorials.navigation(), re.MULTILINE)
    assert [name for _, name in listed] == [path.name for path in NOTEBOOKS]
    assert ("01 Start here", "01_start_here.ipynb") in listed


def test_site_shows_what_is_saved_beside_a_widget(tutorials: Any) -> None:
    data = {WIDGET: {"model_id": "x"}, "image/svg+xml": "<svg/>", "text/plain": "a tree"}
    output = {"output_type": "display_data", "metadata": {}, "data": data}
    cell = {
        "cell_type": "code", "source": "1", "outputs": [output],
        "metadata": {"jupyter": {"source_hidden": True}},
    }  # fmt: skip
    notebook = {"metadata": {"widgets": {"state": {}}, "kernelspec": {}}, "cells": [cell]}
    page = json.loads(tutorials.page(json.dumps(notebook)))
    assert page["metadata"] == {"kernelspec": {}}
    assert set(page["cells"][0]["outputs"][0]["data"]) == {"image/svg+xml", "text/plain"}
    assert page["cells"][0]["metadata"]["tags"] == ["hide-input"]


def test_site_turns_links_to_where_the_copies_lie(tutorials: Any) -> None:
    cell = {"cell_type": "markdown", "metadata": {}, "source": ["[a](../docs/howto/", "x.md#y)"]}
    page = json.loads(tutorials.page(json.dumps({"metadata": {}, "cells": [cell]})))
    assert page["cells"][0]["source"] == "[a](../howto/x.md#y)"
    assert tutorials.linked("[a](../notebooks/b.ipynb)") == "[a](tutorials/b.ipynb)"
    assert tutorials.linked("[a](../../notebooks/b.ipynb)") == "[a](../tutorials/b.ipynb)"
    assert tutorials.linked("`../notebooks/`") == "`../notebooks/`"
