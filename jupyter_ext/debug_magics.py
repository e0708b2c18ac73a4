"""``%autograd_break``, ``%autograd_why`` and ``%autograd_debug``."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, Any

from IPython.core import magic
from IPython.core.error import UsageError

from autograd_core.debug.stepping.debugger import debugger

from .options import Option, read_options, script

if TYPE_CHECKING:
    from IPython.core.interactiveshell import InteractiveShell

    from .session import Session

NAMES = ("autograd_break", "autograd_why", "autograd_debug")
DEBUG = {"script": Option('"COMMAND; ..."', script)}


@magic.magics_class
class DebugMagics(magic.Magics):
    """The magics for stops."""

    def __init__(self, shell: InteractiveShell, session: Session):
        super().__init__(shell)
        self.session = session

    @magic.no_var_expand
    @magic.line_magic
    def autograd_break(self, line: str) -> None:
        """Pause backward (or forward) wherever a condition holds, from now on.

        ::

            %autograd_break COND [once | ignore N | every N]
            %autograd_break list
            %autograd_break clear [N]
            %autograd_break enable N
            %autograd_break disable N

        COND is e.g. ``nan``, ``norm > 1e3 and module:encoder.*``, ``op:Mul``, ``name:w1``,
        ``line:12``, ``cell:3:12``, ``model.py:42``, ``iter:5``, joined by and, or, not;
        ``py: EXPRESSION`` over grad, node and grads; ``forward`` in front pauses after the
        forward op. Breakpoints of one cell alone: ``%%autograd_trace --break COND``.
        """
        word, _, rest = line.strip().partition(" ")
        if word in ("", "list"):
            _no_more("list", rest)
            print(debugger().breakpoints.table())
            return
        try:
            self._change(word, rest.strip(), line.strip())
        except ValueError as error:
            raise UsageError(f"%autograd_break: {error}") from None
        finally:
            if self.session.front is not None:
                self.session.front.breakpoints_changed()

    def _change(self, word: str, number: str, line: str) -> None:
        breakpoints = debugger().breakpoints
        if word == "clear" and not number:
            breakpoints.clear()
            print("All breakpoints are gone.")
        elif word in ("clear", "enable", "disable"):
            found = _breakpoint_number(word, number)
            change = {"clear": breakpoints.remove, "enable": breakpoints.enable,
                      "disable": breakpoints.disable}[word]  # fmt: skip
            change(found)
            done = {"clear": "gone", "enable": "enabled", "disable": "disabled"}[word]
            print(f"Breakpoint {found} is {done}.")
        else:
            added = breakpoints.add(line)
            print(f"Breakpoint {added.number}: {added.condition.text}")

    @magic.no_var_expand
    @magic.needs_local_scope
    @magic.line_magic
    def autograd_why(self, line: str, local_ns: dict[str, Any] | None = None) -> Any:
        """Say why a tensor, a gradient, a model or an exception is as it is.

        ::

            %autograd_why THING        e.g.  %autograd_why loss    %autograd_why model
            %autograd_why              the last exception

        What is not known of a tensor otherwise is looked up in the last trace.
        """
        from autograd_core.debug.why import why

        variables = {**self.shell.user_ns, **(local_ns or {})}
        if line.strip():
            thing = eval(line.strip(), variables)
        else:
            thing = getattr(sys, "last_value", None)
            if thing is None:
                raise UsageError(
                    "%autograd_why needs something to explain, e.g. %autograd_why loss: "
                    "no exception was raised yet"
                )
        try:
            answer = why(thing, variables=variables)
            trace = variables.get("_trace")
            if answer.cause == "no_gradient" and trace is not None:
                return why(thing, variables=variables, trace=trace)
            return answer
        except (LookupError, TypeError) as error:
            raise UsageError(f"%autograd_why: {error.args[0]}") from None

    @magic.line_magic
    def autograd_debug(self, line: str) -> None:
        """Look around where the last exception came from: a post-mortem, as ``%debug`` is.

        ::

            %autograd_debug [--script "COMMAND; ..."]

        After an exception in backward the prompt opens at the node that failed, with its
        gradients, what it saved, and the line of the forward that made it; after one in
        forward at the user's line, with the operands.
        """
        from autograd_core.debug.prompt.postmortem import post_mortem

        options, rest = read_options("%autograd_debug", DEBUG, line)
        if rest:
            raise UsageError(f"%autograd_debug takes options only, not {rest!r}")
        try:
            post_mortem(script=options.get("script"))
        except ValueError as error:
            raise UsageError(f"%autograd_debug: {error}") from None


def _breakpoint_number(word: str, text: str) -> int:
    if not text.isdigit():
        raise ValueError(f"{word} needs the number of a breakpoint, got {text!r}")
    return int(text)


def _no_more(word: str, rest: str) -> None:
    if rest.strip():
        raise UsageError(f"%autograd_break {word} takes nothing after it, not {rest.strip()!r}")
