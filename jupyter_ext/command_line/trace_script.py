"""Run a script under the tracer, print what it recorded, and write a page to look at.

The page FILE.trace.html needs nothing but a browser.  With --break the run stops where the
condition holds, at an (Autograd) prompt in this terminal.  A script that fails is traced up
to there; the exit code is then 1, or what the script gave to sys.exit.
"""

from __future__ import annotations

import argparse
import runpy
import sys
import traceback
from collections.abc import Iterator
from contextlib import contextmanager, nullcontext
from pathlib import Path
from types import TracebackType
from typing import Any

from . import view

COMMAND = "trace [options] FILE.py [ARGUMENT ...]"
TREE_LINES = 60
"""Lines of the tree that are printed; the page has all."""


def add_arguments(command: argparse.ArgumentParser) -> None:
    """What follows ``trace``."""
    command.add_argument("file", metavar="FILE.py", help="the script")
    command.add_argument(
        "arguments", nargs=argparse.REMAINDER, metavar="ARGUMENT", help="what the script gets"
    )
    command.add_argument(
        "--stats", choices=("full", "basic", "off"), default="full",
        help="what is measured of each gradient: all; norm and non-finite counts; nothing",
    )  # fmt: skip
    command.add_argument(
        "--every", type=int, default=1, metavar="K", help="record every K-th iteration"
    )
    command.add_argument(
        "--break", dest="breaks", action="append", default=[], metavar="CONDITION",
        help='stop where this holds, e.g. "nan or norm > 1e3"; may be given several times',
    )  # fmt: skip
    command.add_argument(
        "--progress", choices=("on", "off"),
        help="a bar with the backward passes: never; also in a log; not given: on a terminal",
    )  # fmt: skip
    command.add_argument("--html", metavar="PAGE", help="the page's name (FILE.trace.html)")
    command.add_argument("--save", metavar="TRACE", help="write the trace, too, for view")
    command.add_argument("--open", action="store_true", help="open the page in the browser")


def run(given: argparse.Namespace) -> int:
    """Run the script; gives the exit code."""
    from autograd_core import debug

    script = _script(given.file)
    page = view.writable(given.html or f"{script.stem}.trace.html")
    save = view.writable(given.save) if given.save else None
    session: Any = debug.debugger().session(given.breaks) if given.breaks else nullcontext()
    progress = None if given.progress is None else given.progress == "on"
    with session, debug.trace(given.stats, every=given.every, progress=progress) as trace:
        code = _run(script, given.arguments)
    if not len(trace.nodes):
        print("Nothing was recorded: no operation on a tensor that requires grad ran.")
        return code
    print(trace.tree(max_lines=TREE_LINES))
    if save is not None:
        trace.save(save)
        print(f"trace  {save}")
    page.write_text(view.page(trace, script.name), encoding="utf-8")
    print(f"page   {page}")
    if given.open:
        view.open_in_browser(page)
    return code


def _script(name: str) -> Path:
    path = Path(name)
    if path.is_dir():
        raise IsADirectoryError(f"{name!r} is a folder; name a script")
    if not path.is_file():
        raise FileNotFoundError(f"there is no script {name!r}")
    return path


def _run(script: Path, arguments: list[str]) -> int:
    """Run as ``python script`` does; an error of the script's is shown, not raised."""
    with _as_main(script, arguments):
        try:
            runpy.run_path(str(script), run_name="__main__")
        except SystemExit as end:
            return _exit_code(end, script)
        except BaseException as error:
            _show(error, script)
            return 1
    return 0


@contextmanager
def _as_main(script: Path, arguments: list[str]) -> Iterator[None]:
    before = sys.argv, sys.path
    sys.argv = [str(script), *arguments]
    sys.path = [str(script.resolve().parent), *sys.path]
    try:
        yield
    finally:
        sys.argv, sys.path = before


def _exit_code(end: SystemExit, script: Path) -> int:
    if isinstance(end.code, int):
        return end.code
    if end.code is not None:
        print(f"autograd-core: {script.name} stopped: {end.code}", file=sys.stderr)
    return 0 if end.code is None else 1


def _show(error: BaseException, script: Path) -> None:
    """The traceback from the script's own first line on, and one sentence."""
    shown: TracebackType | None = error.__traceback__
    while shown is not None and shown.tb_frame.f_code.co_filename != str(script):
        shown = shown.tb_next
    traceback.print_exception(type(error), error, shown or error.__traceback__)
    words = f"{type(error).__name__}: {error}".splitlines()[0]
    print(
        f"autograd-core: {script.name} ended with {words}; shown is what was recorded until then",
        file=sys.stderr,
    )
