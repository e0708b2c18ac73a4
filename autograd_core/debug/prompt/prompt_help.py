"""Help for the prompt's commands, and completion of what they take."""

from __future__ import annotations

import inspect
import re
from collections.abc import Iterable
from typing import TYPE_CHECKING, Any

from . import look_around
from .look import Names

if TYPE_CHECKING:
    from ..stepping.debugger import Debugger
    from ..stepping.stepper import Pause

USAGE = {
    "node": "node", "grad": "grad [N]", "saved": "saved [NAME]", "forward": "forward [LINES]",
    "here": "here", "flow": "flow [parameter | module | node]", "graph": "graph [DEPTH]",
    "hooks": "hooks", "why": "why [EXPRESSION]", "over": "over [N]", "into": "into", "out": "out",
    "until": "until CONDITION | NODE | LINE", "back": "back [N]", "edit": "edit [N:] EXPRESSION",
    "replay": "replay", "stop": "stop",
    "gbreak": "gbreak [CONDITION | clear [N] | enable N | disable N]",
}  # fmt: skip
"""The commands, in the order in which ``help`` lists them."""
ALIASES = {"o": "over", "g": "grad", "sv": "saved", "fw": "forward", "bk": "back", "gb": "gbreak"}
"""Short forms; pdb has none of them."""
CONDITION_WORDS = (
    "nan", "inf", "zero", "norm", "rms", "min", "max", "zeros", "op:", "module:", "name:", "line:",
    "cell:", "iter:", "py:", "forward", "and", "or", "not", "once", "ignore", "every",
)  # fmt: skip


class HelpAndCompletion:
    """Mixed into a pdb beside `AutogradCommands`."""

    debugger: Debugger
    pause: Pause | None
    names: Names

    message: Any
    print_topics: Any
    _complete_expression: Any

    # -------------------------------------------------------------- help

    def do_help(self, arg: str) -> None:
        """The commands; with a command its help."""
        name = ALIASES.get(arg, arg)
        if name in USAGE:
            short = [a for a, word in ALIASES.items() if word == name]
            also = f"    (short: {', '.join(short)})" if short else ""
            self.message(f"{USAGE[name]}{also}\n{inspect.getdoc(getattr(self, f'do_{name}'))}")
        elif arg:
            super().do_help(arg)  # type: ignore[misc]
        else:
            self.message(_overview(type(self)))
            self.print_topics("pdb's commands:", self._names_of_pdb(), 15, 80)

    do_h = do_help

    def _names_of_pdb(self) -> list[str]:
        names = {name.removeprefix("do_") for name in dir(self) if name.startswith("do_")}
        return sorted(names - {*USAGE, "EOF", "run", "restart"})

    # -------------------------------------------------------------- completion

    def complete_saved(self, text: str, *_: Any) -> list[str]:
        """Names of saved values."""
        return _starting(text, self.pause.saved if self.pause is not None else ())

    def complete_grad(self, text: str, *_: Any) -> list[str]:
        """Numbers of gradients."""
        count = len(self.pause.grads) if self.pause is not None else 0
        return _starting(text, map(str, range(count)))

    def complete_flow(self, text: str, *_: Any) -> list[str]:
        """What a point may stand for."""
        return _starting(text, ("parameter", "module", "node"))

    def complete_until(self, text: str, line: str, begin: int, end: int) -> list[str]:
        """Words of a condition, and the ops, modules and leaves of this run."""
        before = line[:begin]
        kind = re.search(r"(\w+):$", before)
        if kind is None:
            return _starting(text, CONDITION_WORDS)
        nodes = look_around.reachable(self.pause) if self.pause is not None else set()
        if kind[1] == "op":
            return _starting(text, {n.name().rpartition("::")[2] for n in nodes})
        if kind[1] == "module":
            scopes = (getattr(n, "scope", ()) for n in nodes)
            return _starting(text, {".".join(s[:i]) for s in scopes for i in range(1, len(s) + 1)})
        if kind[1] == "name":
            leaves = (n.variable for n in nodes if hasattr(n, "variable"))
            return _starting(text, {self.names.of(leaf) for leaf in leaves} - {""})
        return []

    def complete_gbreak(self, text: str, line: str, begin: int, end: int) -> list[str]:
        """What can be done with breakpoints, their numbers, and words of a condition."""
        words = line[:begin].split()
        if len(words) == 2 and words[1] in ("clear", "enable", "disable"):
            return _starting(text, (str(b.number) for b in self.debugger.breakpoints))
        first = ("list", "clear", "enable", "disable") if len(words) == 1 else ()
        return [*_starting(text, first), *self.complete_until(text, line, begin, end)]

    def complete_help(self, text: str, *_: Any) -> list[str]:
        """Names of commands."""
        return _starting(text, [*self._names_of_pdb(), *USAGE, *ALIASES])

    def complete_edit(self, text: str, line: str, begin: int, end: int) -> list[str]:
        """Names in expressions."""
        return list(self._complete_expression(text, line, begin, end))

    complete_why = complete_edit


def _overview(prompt: type) -> str:
    width = max(map(len, USAGE))
    lines = ["Commands of autograd (help COMMAND says more):", ""]
    for name in USAGE:
        first = (inspect.getdoc(getattr(prompt, f"do_{name}")) or "").partition("\n")[0]
        lines.append(f"  {name:<{width}}  {first}")
    lines += [
        "",
        "pdb's commands keep their meaning: c continues the run, q stops it, n, s and r finish",
        "the backward and stop in your code, up goes to the line that called backward.",
    ]
    return "\n".join(lines)


def _starting(text: str, words: Iterable[str]) -> list[str]:
    return sorted(word for word in words if word.startswith(text))
