"""The text of a condition, cut into pieces; and how to say what is wrong with it."""

from __future__ import annotations

import re
from collections.abc import Iterable
from difflib import get_close_matches
from typing import NamedTuple

_TOKEN = re.compile(
    r"""\s*(?: (?P<py> py \s* :) | (?P<paren> [()]) | (?P<sign> [<>=!]= | [<>=])
    | (?P<word> (?: "[^"]*" | '[^']*' | !(?!=) | [^\s()<>=!"'])+ ) | (?P<bad> \S) )""",
    re.VERBOSE | re.IGNORECASE,
)
_QUOTED = re.compile(r"\"([^\"]*)\"|'([^']*)'")
_PLAIN = re.compile(r"[^\s()<>=!\"'][^\s()<>=\"']*")


class ConditionError(ValueError):
    """A condition can't be read, or asks for an op or a module that does not exist."""


class Token(NamedTuple):
    """A piece of the text: of kind word, paren, sign, end, bad, or py with all behind it."""

    kind: str
    text: str
    at: int

    @property
    def shown(self) -> str:
        """How a message calls it."""
        return {"end": "the end", "py": "'py:'"}.get(self.kind, f"'{shortened(self.text, 40)}'")


def tokens_of(text: str) -> list[Token]:
    """The pieces of a text, the last of which is its end."""
    found, at = [], 0
    while (match := _TOKEN.match(text, at)) is not None:
        kind, at = str(match.lastgroup), match.end()
        if kind == "py":
            found.append(Token("py", text[at:], at))
            break
        found.append(Token(kind, match[kind], match.start(kind)))
    return [*found, Token("end", "", len(text.rstrip()))]


def shortened(text: str, most: int) -> str:
    """A text as far as a message can show it."""
    return text if len(text) <= most else text[: most - 3] + "..."


def near(word: str, known: Iterable[str], likeness: float = 0.6) -> str:
    """The known word that is most like another, in any case; nothing if none is like it."""
    spellings = {name.lower(): name for name in sorted(known, reverse=True)}
    found = get_close_matches(word.lower(), spellings, n=1, cutoff=likeness)
    return spellings[found[0]] if found else ""


def whole(text: str) -> int | None:
    """The whole number that a text is; None if it is none, or one of ten digits and more."""
    return int(text) if text.isdecimal() and text.isascii() and len(text) < 10 else None


def decimal(text: str) -> float | None:
    """The number that a text is, None if it is none."""
    try:
        return float(text)
    except ValueError:
        return None


def unquoted(text: str) -> str:
    """A name without its quotes."""
    return _QUOTED.sub(lambda found: found[1] or found[2] or "", text)


def quoted(text: str, always: bool = False) -> str:
    """A name as it must be written, in quotes where it would be read as something else."""
    if not always and _PLAIN.fullmatch(text):
        return text
    return '"' + text.replace('"', '"\'"\'"') + '"'
