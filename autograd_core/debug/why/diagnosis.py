"""What `why` answers: a cause, where it is, and what to do about it."""

from __future__ import annotations

import textwrap
from dataclasses import dataclass, replace
from typing import Any

from ...source import Location

WIDTH = 100
SHOWN = 5
"""Nodes and further findings that the text shows; `Diagnosis.as_dict` has all of them."""


@dataclass(frozen=True)
class Suspect:
    """A node or tensor that a diagnosis speaks of: text and numbers, nothing kept alive.

    Attributes
    ----------
    op : str
        ``SqrtBackward0``; of a leaf ``AccumulateGrad``, of a call outside the graph its name.
    location : Location or None
        The line of user code that made it.
    name : str
        A leaf's or variable's name.
    scope : tuple of str
        The path of modules in which it was made.
    seq, row : int or None
        Its creation number in the engine, its id in the trace.
    note : str
        What is said of it here.
    """

    op: str
    location: Location | None = None
    name: str = ""
    scope: tuple[str, ...] = ()
    seq: int | None = None
    row: int | None = None
    note: str = ""

    def noted(self, note: str) -> Suspect:
        """The same with another note."""
        return replace(self, note=note)

    def as_dict(self) -> dict[str, Any]:
        """All of it, for JSON."""
        return {
            "op": self.op,
            "name": self.name,
            "scope": list(self.scope),
            "location": location_dict(self.location),
            "seq": self.seq,
            "row": self.row,
            "note": self.note,
        }

    def text(self, known: Location | None = None) -> str:
        """In one line, without the location if it is the one that is known."""
        parts = [self.name or self.op]
        if self.name and self.op not in ("AccumulateGrad", "leaf"):
            parts[0] += f" ({self.op})"
        if self.scope:
            parts[0] += f" in {'.'.join(self.scope)}"
        if self.note:
            parts.append(self.note)
        if self.location is not None and self.location != known:
            parts.append(f"at {self.location}")
        return ", ".join(parts)

    def __str__(self) -> str:
        return self.text()


@dataclass(frozen=True)
class Diagnosis:
    """Why something is as it is.

    Attributes
    ----------
    cause : str
        A word for programs, e.g. ``nan_origin``, ``detached``, ``inplace_modified``;
        ``nothing_found`` where all that was looked at is in order.
    message : str
        What happened, with the values.
    location : Location or None
        The line of user code to look at first.
    nodes : tuple of Suspect
        The nodes that take part.
    remedy : str
        What to do.
    unknown : str
        What could not be found out, and how it could be; empty where nothing is open.
    sure : bool
        Whether the cause was seen; False where it is a candidate only.
    others : tuple of Diagnosis
        What else was found, the more serious first.
    """

    cause: str
    message: str
    location: Location | None = None
    nodes: tuple[Suspect, ...] = ()
    remedy: str = ""
    unknown: str = ""
    sure: bool = True
    others: tuple[Diagnosis, ...] = ()

    def __bool__(self) -> bool:
        """Whether something was found."""
        return self.cause != "nothing_found"

    def as_dict(self) -> dict[str, Any]:
        """All of it in dicts, lists, text and numbers, for JSON."""
        return {
            "cause": self.cause,
            "message": self.message,
            "location": location_dict(self.location),
            "nodes": [node.as_dict() for node in self.nodes],
            "remedy": self.remedy,
            "unknown": self.unknown,
            "sure": self.sure,
            "others": [other.as_dict() for other in self.others],
        }

    def __str__(self) -> str:
        head = self.cause if self.sure else f"perhaps {self.cause}"
        lines = _wrapped(f"{head}: ", self.message, "  ")
        if self.location is not None:
            lines.append(f"  where    {self.location}")
        lines += [f"  node     {node.text(self.location)}" for node in self.nodes[:SHOWN]]
        if len(self.nodes) > SHOWN:
            lines.append(f"           and {len(self.nodes) - SHOWN} more")
        for title, text in (("remedy", self.remedy), ("unknown", self.unknown)):
            if text:
                lines += _wrapped(f"  {title:<9}", text, " " * 11)
        for other in self.others[:SHOWN]:
            lines += _wrapped("  also     ", f"{other.cause}: {other.message}", " " * 11)
        if len(self.others) > SHOWN:
            lines.append(f"  also     {len(self.others) - SHOWN} more, in .others")
        return "\n".join(lines)

    __repr__ = __str__


def nothing(message: str, unknown: str = "", remedy: str = "") -> Diagnosis:
    """What is said where all that was looked at is in order."""
    return Diagnosis("nothing_found", message, unknown=unknown, remedy=remedy)


def location_dict(location: Location | None) -> dict[str, Any] | None:
    """A source line for JSON."""
    if location is None:
        return None
    return {
        "file": location.file,
        "line": location.line,
        "function": location.function,
        "text": location.text,
        "where": location.where,
    }


def listed(words: list[str], most: int = 4) -> str:
    """``a, b, c and 5 more``."""
    if len(words) > most:
        return f"{', '.join(words[:most])} and {len(words) - most} more"
    return " and ".join([", ".join(words[:-1]), words[-1]] if len(words) > 1 else words)


def plural(count: int, word: str) -> str:
    """``1 node``, ``2 nodes``."""
    return f"{count:,} {word}{'s' * (count != 1)}"


def _wrapped(head: str, text: str, indent: str) -> list[str]:
    return textwrap.wrap(
        head + text, WIDTH, subsequent_indent=indent, break_long_words=False,
        break_on_hyphens=False,
    )  # fmt: skip
