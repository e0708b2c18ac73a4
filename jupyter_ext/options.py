"""What may follow a magic's name: options, most with a value, then perhaps an expression."""

from __future__ import annotations

import difflib
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from IPython.core.error import UsageError

_OPTION = re.compile(r"--(?P<name>[\w-]*)(?:=|\s+|$)")
_VALUE = re.compile(r"""(?:"(?P<double>[^"]*)"|'(?P<single>[^']*)'|(?P<bare>\S+))\s*""")


@dataclass(frozen=True)
class Option:
    """One option of a magic.

    Attributes
    ----------
    usage : str
        How its value is written in a usage line; empty for an option without a value.
    read : callable
        Reads the value; a ValueError says what is wrong with it.
    repeated : bool
        Whether it may be given several times; its value is then a list.
    """

    usage: str
    read: Callable[[str], Any]
    repeated: bool = False

    def spelled(self, name: str) -> str:
        """The option as a usage line shows it."""
        return f"--{name} {self.usage}".rstrip()


FLAG = Option("", bool)
"""An option that is either there or not."""


def whole_number(text: str) -> int:
    """Read a whole number of at least 1."""
    if not text.isdigit() or int(text) < 1:
        raise ValueError(f"needs a whole number of at least 1, got {text!r}")
    return int(text)


def iteration_number(text: str) -> int:
    """Read the number of an iteration, counted from 0."""
    if not text.isdigit():
        raise ValueError(f"needs the number of an iteration, counted from 0, got {text!r}")
    return int(text)


def one_of(*words: str) -> Option:
    """An option that takes one of these words."""

    def read(text: str) -> str:
        if text not in words:
            raise ValueError(f"needs one of {', '.join(words)}, got {text!r}")
        return text

    return Option("|".join(words), read)


def new_file(text: str) -> str:
    """Read the name of a file that can be written, before anything runs."""
    path = Path(text).expanduser()
    if path.is_dir():
        raise ValueError(f"needs the name of a file, but {text!r} is a folder")
    if not path.parent.is_dir():
        raise ValueError(f"cannot write {text!r}: the folder {str(path.parent)!r} does not exist")
    return str(path)


def condition(text: str) -> str:
    """Read a condition for a breakpoint: its words, and the ops and modules that it names."""
    from autograd_core.debug.breakpoints.conditions import ConditionError, check, parse

    try:
        check(parse(text))
    except ConditionError as error:
        raise ValueError(f"cannot pause there: {error}") from None
    return text


def script(text: str) -> str:
    """Read commands for the prompt, separated by ``;``."""
    from autograd_core.debug.stepping.front import split_script

    if not split_script(text):
        raise ValueError(f'needs commands, e.g. --script "grad; over; continue", got {text!r}')
    return text


def read_options(magic: str, known: Mapping[str, Option], line: str) -> tuple[dict[str, Any], str]:
    """Split a line into the values of its leading options and what follows them.

    Parameters
    ----------
    magic : str
        The magic as the user typed it, for messages.
    known : mapping of str to Option
        Its options by name.
    line : str
        What stands after the magic's name.

    Returns
    -------
    values : dict
        The options that were given.
    rest : str
        The line from the first word that is no option.

    Raises
    ------
    UsageError
        For an unknown option, a missing value or one that does not fit.
    """
    values: dict[str, Any] = {}
    rest = line.strip()
    while found := _OPTION.match(rest):
        name = found["name"]
        if name not in known:
            raise UsageError(_unknown(magic, known, name))
        option = known[name]
        if option is FLAG:
            if found[0].endswith("="):
                raise UsageError(f"{magic} --{name} takes no value")
            values[name] = True
            rest = rest[found.end() :]
            continue
        value = _VALUE.match(rest, found.end())
        if value is None:
            raise UsageError(f"{magic} --{name} needs a value: {option.spelled(name)}")
        if value["bare"] and value["bare"][0] in "\"'":
            raise UsageError(f"{magic} --{name}: the quote {value['bare'][0]} is never closed")
        try:
            read = option.read(value[value.lastgroup or "bare"])
        except ValueError as error:
            raise UsageError(f"{magic} --{name} {error}") from None
        values[name] = [*values.get(name, []), read] if option.repeated else read
        rest = rest[value.end() :]
    return values, rest


def _unknown(magic: str, known: Mapping[str, Option], name: str) -> str:
    near = difflib.get_close_matches(name, known, n=1, cutoff=0.5)
    hint = f" (did you mean --{near[0]}?)" if near else ""
    options = ", ".join(option.spelled(name) for name, option in known.items())
    return f"{magic} has no option --{name}{hint}; its options are {options}"
