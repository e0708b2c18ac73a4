"""Open a saved trace in the browser: the graph with its steps, iterations and inspector.

The page is a file of its own that loads nothing from anywhere, so it can be kept and sent.
TRACE is what Trace.save, %%autograd_trace --save or autograd-core trace --save wrote.
"""

from __future__ import annotations

import argparse
import base64
import html
import json
import tempfile
import webbrowser
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ..telemetry import Encoder, Frame

if TYPE_CHECKING:
    from autograd_core.debug import Trace

COMMAND = "view [--html PAGE] [--no-open] TRACE"
LARGEST = 48 << 20
"""Bytes of rows that a page holds at most; iterations before that are left out."""
_STATIC = Path(__file__).parents[1] / "static"


def add_arguments(command: argparse.ArgumentParser) -> None:
    """What follows ``view``."""
    command.add_argument("trace", metavar="TRACE", help="a saved trace")
    command.add_argument("--html", metavar="PAGE", help="where to write the page (a new file)")
    command.add_argument(
        "--no-open", action="store_true", help="only write the page, and say where it is"
    )


def run(given: argparse.Namespace) -> int:
    """Write the page and open it."""
    from autograd_core import debug

    if not Path(given.trace).exists():
        raise FileNotFoundError(f"there is no file {given.trace!r}")
    trace = debug.load(given.trace)
    where = writable(given.html) if given.html else _new_file(Path(given.trace).stem)
    where.write_text(page(trace, Path(given.trace).name), encoding="utf-8")
    print(f"{trace.summary()}\npage   {where}")
    if not given.no_open:
        open_in_browser(where)
    return 0


def writable(name: str) -> Path:
    """A file's name, refused at once if nothing can be written there."""
    path = Path(name).expanduser()
    if path.is_dir():
        raise IsADirectoryError(f"{name!r} is a folder; name a file")
    if not path.parent.is_dir():
        raise FileNotFoundError(
            f"can't write {name!r}: the folder {str(path.parent)!r} does not exist"
        )
    return path


def _new_file(stem: str) -> Path:
    folder = Path(tempfile.mkdtemp(prefix="autograd-core-"))
    return folder / f"{stem}.html"


def open_in_browser(path: Path) -> None:
    """Open a page, or say how to, where there is no browser."""
    if not webbrowser.open(path.resolve().as_uri()):
        print("No browser could be started here; open the page by hand.")


def page(trace: Trace, title: str) -> str:
    """A whole page with the interactive graph of a trace.

    Parameters
    ----------
    trace : Trace
        Recorded or loaded.
    title : str
        What stands in the browser's tab; shown as text, whatever it is.

    Raises
    ------
    FileNotFoundError
        If the browser side is not built.
    """
    bundle = _STATIC / "inline.js"
    if not bundle.exists():
        raise FileNotFoundError(
            f"the browser side is missing ({bundle}); install the package again, or in a "
            "checkout run: npm ci && npm run build (in widgets/)"
        )
    parts = {
        "@title@": html.escape(title),
        "@bundle@": base64.b64encode(bundle.read_bytes()).decode(),
        "@frames@": json.dumps(_frames(trace)).replace("<", "\\u003c"),
    }
    found = (Path(__file__).parent / "page.html").read_text(encoding="utf-8")
    for name, value in parts.items():
        found = found.replace(name, value)
    return found


def _frames(trace: Trace) -> dict[str, Any]:
    """All the page may ask for: what is shown first, and each iteration."""
    encoder = Encoder(trace)
    encoder.news(most=1 << 40)
    whole = [_plain(frame) for frame in encoder.whole()]
    room = LARGEST - sum(len(frame["buffer"]) for frame in whole)
    iterations: dict[int, list[dict[str, Any]]] = {}
    for number in reversed(trace.iterations):
        frames = [_plain(frame) for frame in encoder.part(number)]
        room -= sum(len(frame["buffer"]) for frame in frames)
        if room < 0:
            break
        iterations[number] = frames
    if whole and iterations:
        whole[-1]["header"]["oldest"] = min(iterations)
    return {"whole": whole, "iterations": iterations}


def _plain(frame: Frame) -> dict[str, Any]:
    return {"header": frame.header, "buffer": base64.b64encode(frame.buffer).decode()}
