"""What ``autograd-core`` does on a command line: demo, trace, view, doctor."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence
from typing import NoReturn

from autograd_core import __version__

from . import demo, doctor, trace_script, view


class _Parser(argparse.ArgumentParser):
    def error(self, message: str) -> NoReturn:
        self.exit(2, f"{self.prog}: {message} ({self.prog} --help says what there is)\n")


def parser() -> argparse.ArgumentParser:
    """The commands and their options."""
    top = _Parser(
        prog="autograd-core",
        description="Watch what a backward pass does: record it, look at it, find what is wrong.",
    )
    top.add_argument("--version", action="version", version=f"autograd-core {__version__}")
    commands = top.add_subparsers(metavar="COMMAND", required=True)
    for room in (demo, trace_script, view, doctor):
        name, _, rest = room.COMMAND.partition(" ")
        text = (room.__doc__ or "").strip()
        command = commands.add_parser(
            name, help=text.splitlines()[0], description=text, usage=f"autograd-core {name} {rest}",
            formatter_class=argparse.RawDescriptionHelpFormatter,
        )  # fmt: skip
        room.add_arguments(command)
        command.set_defaults(run=room.run)
    return top


def main(arguments: Sequence[str] | None = None) -> int:
    """Do what the command line says; gives the exit code.

    Parameters
    ----------
    arguments : sequence of str, optional
        Default: those of this process.

    Returns
    -------
    int
        0 if all went well, 1 if not; wrong options exit with 2.
    """
    given = parser().parse_args(arguments)
    try:
        return int(given.run(given))
    except (OSError, ValueError, ImportError) as error:
        print(f"autograd-core: {error}", file=sys.stderr)
        return 1
