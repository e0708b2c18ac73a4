"""Who is asked at a stop, and who is told: a terminal, a script, a notebook.

The prompt reads its lines through a `Front`, so a typed line, a line of a script and a
clicked button are the same thing to it.
"""

from __future__ import annotations

import sys
from collections import deque
from collections.abc import Iterable
from typing import Any


class Front:
    """Where commands come from and where text goes; a front end overrides what differs."""

    def can_ask(self) -> str | None:
        """None if somebody can be asked; otherwise why not, in words."""
        return "nobody is there to ask"

    def read(self, prompt: str) -> str:
        """One line of command, without its line end.

        Raises
        ------
        EOFError
            When there will be no more lines.
        KeyboardInterrupt
            When the person interrupts.
        """
        raise EOFError

    def write(self, text: str) -> None:
        """Show text."""
        print(text)

    def changed(self, state: dict[str, Any]) -> None:
        """Hear that the run paused, went on, was edited or ended (see `Pause.state`)."""


class TerminalFront(Front):
    """A person at a terminal, or lines on a pipe."""

    def can_ask(self) -> str | None:
        """None unless standard input is closed or missing."""
        if sys.stdin is None or sys.stdin.closed:
            return "no standard input"
        return None

    def read(self, prompt: str) -> str:
        """One typed line."""
        return input(prompt)


class ScriptFront(Front):
    """Commands that were written down before, then whoever else there is.

    Parameters
    ----------
    script : str or iterable of str
        Commands, separated by ``;``, or one by one.
    inner : Front
        Shows text; is asked when the script is over, if it can be.

    Notes
    -----
    A script that is over with nobody left to ask lets the run go on, and every later stop
    is only recorded.
    """

    def __init__(self, script: str | Iterable[str], inner: Front):
        lines = split_script(script) if isinstance(script, str) else list(script)
        self.lines = deque(lines)
        self.inner = inner

    def can_ask(self) -> str | None:
        """None while there are commands left."""
        if self.lines:
            return None
        reason = self.inner.can_ask()
        return reason and f"the script is over, and {reason}"

    def read(self, prompt: str) -> str:
        """The next command, echoed behind the prompt."""
        if self.lines:
            line = self.lines.popleft()
            self.write(f"{prompt}{line}")
            return line
        if self.inner.can_ask() is None:
            return self.inner.read(prompt)
        return "continue"

    def write(self, text: str) -> None:
        """Show text where the inner front does."""
        self.inner.write(text)

    def changed(self, state: dict[str, Any]) -> None:
        """Pass on."""
        self.inner.changed(state)


def split_script(text: str) -> list[str]:
    """Commands of a script, split at ``;`` outside quotes and brackets.

    >>> split_script("grad; p f('a;b'); continue")
    ['grad', "p f('a;b')", 'continue']
    """
    parts, start, depth, quote = [], 0, 0, ""
    for i, c in enumerate(text):
        if quote:
            quote = "" if c == quote else quote
        elif c in "'\"":
            quote = c
        elif c in "([{":
            depth += 1
        elif c in ")]}":
            depth -= 1
        elif c in ";\n" and depth <= 0:
            parts.append(text[start:i])
            start = i + 1
    parts.append(text[start:])
    return [part.strip() for part in parts if part.strip()]
