"""What can be typed: magics, commands of the prompt, the command line, conditions."""

from __future__ import annotations

import inspect
import textwrap
from typing import Any

from rst_text import block, in_cell


def magics() -> str:
    """Each magic with its docstring, the cell magic first."""
    from jupyter_ext.debug_magics import DebugMagics
    from jupyter_ext.magics import TraceMagics

    found: list[tuple[str, Any]] = []
    for room in (TraceMagics, DebugMagics):
        for kind, sign in (("cell", "%%"), ("line", "%")):
            for name, attribute in room.magics[kind].items():
                if not name.endswith("_begin"):  # what the first line of a cell becomes
                    found.append((sign + name, getattr(room, attribute)))
    order = ["%%autograd_trace", "%autograd_trace", "%autograd_flow", "%autograd_break"]
    found.sort(key=lambda pair: order.index(pair[0]) if pair[0] in order else len(order))
    return "\n".join(f"## `{name}`\n\n{block(inspect.getdoc(do) or '')}" for name, do in found)


def prompt_commands() -> str:
    """A table of the commands, then the help of each."""
    from autograd_core.debug.prompt.commands import AutogradCommands
    from autograd_core.debug.prompt.prompt_help import ALIASES, USAGE

    short = {name: alias for alias, name in ALIASES.items()}
    docs = {name: inspect.getdoc(getattr(AutogradCommands, f"do_{name}")) or "" for name in USAGE}
    rows = ["| Command | Short | What it does |", "|---|---|---|"]
    for name, usage in USAGE.items():
        alias = f"`{short[name]}`" if name in short else ""
        first = docs[name].partition("\n")[0]
        rows.append(f"| [`{in_cell(usage)}`](#{name}) | {alias} | {in_cell(first)} |")
    parts = ["\n".join(rows), ""]
    for name, usage in USAGE.items():
        parts += [f"### {name}", "", f"```text\n(Autograd) {usage}\n```", "", block(docs[name])]
    return "\n".join(parts)


def command_line() -> str:
    """What ``autograd-core COMMAND --help`` prints, for each command."""
    import argparse

    from jupyter_ext.command_line import parser

    top = parser()
    subparsers = next(a for a in top._actions if isinstance(a, argparse._SubParsersAction))
    parts = []
    for name, command in subparsers.choices.items():
        command.formatter_class = _wide
        parts.append(f"## autograd-core {name}\n\n```text\n{command.format_help().strip()}\n```\n")
    return "\n".join(parts)


def _wide(prog: str) -> Any:
    import argparse

    return argparse.RawDescriptionHelpFormatter(prog, width=84)


def grammar() -> str:
    """The grammar that the parser of conditions follows, from its own description."""
    from autograd_core.debug.breakpoints.conditions import syntax

    doc = inspect.getdoc(syntax) or ""
    block = doc.partition("::\n")[2]
    lines = []
    for line in block.strip("\n").splitlines():
        if line.strip() and not line.startswith("    "):
            break
        lines.append(line)
    return f"```text\n{textwrap.dedent(chr(10).join(lines)).strip()}\n```\n"
