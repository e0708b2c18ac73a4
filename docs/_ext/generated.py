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
from rst_text import calm

TEXTS: dict[str, Callable[[], str]] = {
    "magics": command_texts.magics,
    "prompt commands": command_texts.prompt_commands,
    "command line": command_texts.command_line,
    "grammar": command_texts.grammar,
    "functions": operation_texts.functions,
    "primitives": operation_texts.primitives,
    "coverage": operation_texts.coverage,
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


def _write_api(app: Any) -> None:
    api_pages.write(Path(app.srcdir) / "api")


def _calm(app: Any, what: str, name: str, value: Any, options: Any, lines: list[str]) -> None:
    lines[:] = calm("\n".join(lines)).split("\n")


def setup(app: Any) -> dict[str, bool]:
    """Hook into Sphinx."""
    app.connect("builder-inited", _write_api)
    app.connect("source-read", _fill)
    app.connect("autodoc-process-docstring", _calm)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
