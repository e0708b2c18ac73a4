"""``%%autograd_trace``, ``%autograd_trace`` and ``%autograd_flow``."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from IPython.core import magic
from IPython.core.error import UsageError

from . import display
from .options import (
    FLAG,
    Option,
    condition,
    iteration_number,
    new_file,
    one_of,
    read_options,
    script,
    whole_number,
)

if TYPE_CHECKING:
    from IPython.core.interactiveshell import InteractiveShell

    from .session import Session

NAMES = ("autograd_trace", "autograd_trace_begin", "autograd_flow")
TRACE = {
    "break": Option("COND", condition, repeated=True),
    "script": Option('"COMMAND; ..."', script),
    "frames": FLAG,
    "every": Option("N", whole_number),
    "stats": one_of("off", "basic", "full"),
    "save": Option("FILE", new_file),
    "format": one_of("svg", "png"),
    "progress": one_of("on", "off"),
}
FLOW = {
    "by": one_of("parameter", "module", "node"),
    "iteration": Option("N", iteration_number),
    "format": one_of("svg", "png"),
}

# Lets `%autograd_trace f(x);` show no value, as `f(x);` does; older IPythons lack it.
_silenced_by_semicolon = getattr(magic, "output_can_be_silenced", lambda function: function)


@magic.magics_class
class TraceMagics(magic.Magics):
    """The magics of one shell; what they begin and end is in the `Session`."""

    def __init__(self, shell: InteractiveShell, session: Session):
        super().__init__(shell)
        self.session = session

    @magic.line_magic
    def autograd_trace_begin(self, line: str) -> None:
        """What a ``%%autograd_trace`` line becomes; see `cell_transform`."""
        options, rest = read_options("%%autograd_trace", TRACE, line)
        if rest:
            raise UsageError(
                f"%%autograd_trace takes the cell below it and options, not {rest!r}; "
                + _hint(options, rest)
            )
        self.session.begin_cell(options)

    @magic.cell_magic("autograd_trace")
    def traced_cell(self, line: str, cell: str) -> None:
        """Trace a cell: the graph, the flow of the gradients, and one line of numbers.

        ::

            %%autograd_trace [--break COND ...] [--script "COMMAND; ..."] [--frames]
                             [--every N] [--stats off|basic|full] [--save FILE] [--format svg|png]
                             [--progress on|off]
            loss = model(x).square().mean()
            loss.backward()

        --break COND   pause where the condition holds, e.g. nan or "norm > 1e3 and op:Mul";
                       several are several breakpoints, which end with the cell
        --script TEXT  commands for the prompt, e.g. "grad; over; continue", without anybody
                       typing; without --break it begins at the first node of backward
        --frames       keep the frames of the forward, for up and down at the prompt
        --every N      record every Nth iteration (an iteration ends with a backward)
        --stats WORD   what to measure of each gradient: full (norm, least, greatest, zeros,
                       NaN, Inf; the default), basic (norm, NaN, Inf), or off
        --save FILE    write the trace to a file, for autograd_core.debug.load
        --format WORD  keep the pictures as svg or png alone; both if not given
        --progress WORD  off: no bar with the number of backward passes while the cell runs;
                       on: also where nobody watches; not given: after two seconds, if
                       somebody does

        The cell runs as it would without the first line. The trace is also in ``_trace``.
        """
        # Comes here only when called by hand: a typed cell was rewritten before.
        result = self.shell.run_cell(f"%%autograd_trace {line}\n{cell}", store_history=False)
        result.raise_error()

    @magic.no_var_expand
    @_silenced_by_semicolon
    @magic.needs_local_scope
    @magic.line_magic
    def autograd_trace(self, line: str, local_ns: dict[str, Any] | None = None) -> Any:
        """Trace one expression, or all cells between ``on`` and ``off``.

        ::

            %autograd_trace [options] EXPRESSION      e.g.  %autograd_trace loss.backward()
            %autograd_trace on [options]
            %autograd_trace off
            %autograd_trace status

        The options are those of ``%%autograd_trace``.
        """
        word, _, after = line.strip().partition(" ")
        if word == "on":
            options, rest = read_options("%autograd_trace on", TRACE, after)
            if rest:
                raise UsageError(f"%autograd_trace on takes options only, not {rest!r}")
            print(self.session.begin_lasting(options))
            return None
        if line.strip() == "off":
            return self.session.end_lasting()
        if line.strip() in ("status", ""):
            print(self.session.status())
            return None
        options, expression = read_options("%autograd_trace", TRACE, line)
        if not expression:
            raise UsageError("%autograd_trace needs an expression after its options")
        code = self._compile(expression)
        with self.session.expression(options):
            return eval(code, self.shell.user_ns, local_ns)

    def _compile(self, expression: str) -> Any:
        """Compile an expression or a statement so that it stands in the line of the magic."""
        number, line = self.session.locations.current()
        source = "\n" * (line - 1) + self.shell.transform_cell(expression)
        name = self.shell.compile.cache(source, number)
        try:
            return compile(source, name, "eval")
        except SyntaxError:
            pass
        try:
            return compile(source, name, "exec")
        except SyntaxError as error:
            raise UsageError(
                f"%autograd_trace cannot read {expression!r}: {error.msg} (column {error.offset})"
            ) from None

    @magic.line_magic
    def autograd_flow(self, line: str) -> None:
        """Show the gradient flow of the last trace.

        ::

            %autograd_flow [--by parameter|module|node] [--iteration N] [--format svg|png]
        """
        options, rest = read_options("%autograd_flow", FLOW, line)
        if rest:
            raise UsageError(f"%autograd_flow takes options only, not {rest!r}")
        only = options.pop("format", None)
        trace = self.session.latest()
        try:
            display.show_flow(self.shell, trace, only, **options)
        except ValueError as error:
            raise UsageError(f"%autograd_flow: {error}") from None


def _hint(options: dict[str, Any], rest: str) -> str:
    if "break" in options:
        return f'a condition of several words needs quotes: --break "{options["break"][-1]} {rest}"'
    return f"one percent sign traces an expression: %autograd_trace {rest}"
