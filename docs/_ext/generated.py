"""The Sphinx extension that puts what is read from the code into the pages.

A page says where, with a comment on a line of its own::

    <!-- generated: magics -->

and the text that `TEXTS` has under this name takes its place.  The pages of the API are
written whole, into ``api/``.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import api_pages
import command_texts
import operation_texts
import tutorials
from rst_text import calm


def other_pages() -> str:
    """The pages that the index does not name, so that a new one is found at once."""
    folder = Path(__file__).parent.parent
    named = (folder / "index.md").read_text(encoding="utf-8").split()
    others = sorted(page.stem for page in folder.glob("*.md") if page.stem not in {"index", *named})
    listed = "\n".join(others)
    return f"```{{toctree}}\n:hidden:\n:caption: More\n\n{listed}\n```" if others else ""


TEXTS: dict[str, Callable[[], str]] = {
    "magics": command_texts.magics,
    "prompt commands": command_texts.prompt_commands,
    "command line": command_texts.command_line,
    "grammar": command_texts.grammar,
    "functions": operation_texts.functions,
    "primitives": operation_texts.primitives,
    "coverage": operation_texts.coverage,
    "tutorials": tutorials.navigation,
    "other pages": other_pages,
}
_MARK = re.compile(r"^<!-- generated: (?P<name>[\w ]+) -->$", re.MULTILINE)


def filled(text: str) -> str:
    """A page with the generated texts in it.

    Raises
    ------
    KeyError
        For a name that `TEXTS` does not have.
    """
    return _MARK.sub(lambda mark: TEXTS[mark["name"]](), text)


def _fill(app: Any, name: str, source: list[str]) -> None:
    source[0] = filled(source[0])


def _read_again(app: Any, env: Any, *changes: Any) -> list[str]:
    """The pages with generated texts: what is in them may have changed without the page."""
    return [name for name in env.all_docs if _MARK.search(_text_of(env, name))]


def _text_of(env: Any, name: str) -> str:
    path = Path(env.doc2path(name))
    return path.read_text(encoding="utf-8") if path.exists() else ""


def _write_api(app: Any) -> None:
    app.env.autograd_aliases = api_pages.write(Path(app.srcdir) / "api")


def _another_name(app: Any, env: Any, node: Any, content: Any) -> Any:
    """A link to what is described under another name: ``nn.functional.relu`` to ``relu``."""
    if node.get("refdomain") != "py":
        return None
    written = node["reftarget"].removeprefix(f"{api_pages.PACKAGE}.")
    for space in ("", "nn.functional.", "nn.", "optim."):
        home = env.autograd_aliases.get(f"{api_pages.PACKAGE}.{space}{written}")
        if home is not None:
            domain = env.domains["py"]
            where = node.get("refdoc", env.docname)
            return domain.resolve_xref(env, where, app.builder, "obj", home, node, content)
    return None


def _without_any(
    app: Any, what: str, name: str, value: Any, options: Any, given: str | None, result: str | None
) -> tuple[str | None, str | None]:
    """A signature in which types are only where they say something."""
    given = given and re.sub(r": ~?typing\.Any\b|: Any\b", "", given)
    return given, None if result in ("~typing.Any", "Any", "None") else result


def _calm(app: Any, what: str, name: str, value: Any, options: Any, lines: list[str]) -> None:
    lines[:] = calm("\n".join(lines)).split("\n")


def setup(app: Any) -> dict[str, bool]:
    """Hook into Sphinx."""
    app.connect("builder-inited", _write_api)
    app.connect("env-get-outdated", _read_again)
    app.connect("missing-reference", _another_name)
    app.connect("autodoc-process-signature", _without_any)
    app.connect("source-read", _fill)
    app.connect("autodoc-process-docstring", _calm, priority=100)  # before napoleon
    return {"parallel_read_safe": True, "parallel_write_safe": True}
