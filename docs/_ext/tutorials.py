"""The notebooks as pages of the site: what is saved in them is shown, nothing is run.

They are copied, since pages have to lie in the folder of the site.  Links are written as they are
right in the repository, in notebooks and in pages about notebooks; here they are turned to where
the copies lie.  A widget's program is left out, so the pictures saved beside it show.
"""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

NOTEBOOKS = Path(__file__).parents[2] / "notebooks"
INDEX = "00_index.ipynb"
FOLDER = "tutorials"
_TO_DOCS = re.compile(r"(?<=\]\()\.\./docs/")
_TO_NOTEBOOKS = re.compile(r"(?<=\]\()((?:\.\./)*)\.\./notebooks/")
_ENTRY = re.compile(r"\[([^\]\n]+)\]\((\w+\.ipynb)\)")
_WIDGET = "application/vnd.jupyter.widget-view+json"


def page(notebook: str) -> str:
    """A notebook's text as the site takes it.

    >>> cell = {"cell_type": "markdown", "metadata": {}, "source": ["[x](../docs/debugger.md#why)"]}
    >>> json.loads(page(json.dumps({"metadata": {"widgets": {}}, "cells": [cell]})))["cells"][0]
    {'cell_type': 'markdown', 'metadata': {}, 'source': '[x](../debugger.md#why)'}
    """
    content = json.loads(notebook)
    content["metadata"].pop("widgets", None)
    for cell in content["cells"]:
        if cell["cell_type"] == "markdown":
            cell["source"] = _TO_DOCS.sub("../", "".join(cell["source"]))
        elif cell["metadata"].get("jupyter", {}).get("source_hidden"):  # a folded solution
            cell["metadata"].setdefault("tags", []).append("hide-input")
        for output in cell.get("outputs", []):
            output.get("data", {}).pop(_WIDGET, None)
    return json.dumps(content, ensure_ascii=False)


def linked(text: str) -> str:
    """A page whose links to notebooks lead to the site's copies of them.

    >>> linked("[first](../../notebooks/01_start_here.ipynb), ../notebooks/")
    '[first](../tutorials/01_start_here.ipynb), ../notebooks/'
    """
    return _TO_NOTEBOOKS.sub(rf"\1{FOLDER}/", text)


def navigation() -> str:
    """The notebooks in the order of their numbers, named as the index of tutorials names them."""
    index = json.loads((NOTEBOOKS / INDEX).read_text("utf-8"))
    text = "\n".join("".join(cell["source"]) for cell in index["cells"])
    names = {name: title for title, name in _ENTRY.findall(text)}
    others = sorted(path.name for path in NOTEBOOKS.glob("*.ipynb") if path.name != INDEX)
    lines = [f"All tutorials <{FOLDER}/{INDEX}>"]
    lines += [f"{names[n]} <{FOLDER}/{n}>" if n in names else f"{FOLDER}/{n}" for n in others]
    listed = "\n".join(lines)
    return f"```{{toctree}}\n:hidden:\n:caption: Tutorials\n\n{listed}\n```"


def write(notebooks: Path, folder: Path) -> None:
    """Copy all notebooks into a folder, and take away those that are no more."""
    made = {path.name: page(path.read_text("utf-8")) for path in notebooks.glob("*.ipynb")}
    for old in folder.glob("*.ipynb"):
        if old.name not in made:
            old.unlink()
    for name, text in made.items():
        path = folder / name
        if not path.exists() or path.read_text("utf-8") != text:
            path.write_text(text, "utf-8")


# ------------------------------------------------------------------ formulas


def _formula(self: Any, node: Any) -> None:
    """Write a formula as MathML, which browsers draw themselves: no script from elsewhere."""
    from docutils.nodes import SkipNode
    from docutils.utils.math.latex2mathml import tex2mathml

    self.body.append(tex2mathml(node.astext(), as_block=node.tagname == "math_block"))
    raise SkipNode


def setup(app: Any) -> dict[str, bool]:
    """Hook into Sphinx."""
    app.connect("builder-inited", lambda app: write(NOTEBOOKS, Path(app.srcdir) / FOLDER))
    app.connect("source-read", _link)
    app.add_html_math_renderer("mathml", (_formula, None), (_formula, None))
    return {"parallel_read_safe": True, "parallel_write_safe": True}


def _link(app: Any, name: str, source: list[str]) -> None:
    source[0] = linked(source[0])


__all__ = ["linked", "navigation", "page", "write"]
