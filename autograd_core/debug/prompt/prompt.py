"""The prompt at a stop: pdb, with commands for the paused backward.

IPython's debugger is the base where IPython is installed (inside a kernel ``pdb.Pdb`` is that
class anyway), else the standard library's.  A stop is `Pdb.interaction` and not
``set_trace``: no tracer runs, and quitting, the end of input and an interrupt leave cleanly.

The paused node stands on the stack as a frame (`StopView`): its line is the forward line,
its variables are `node`, `grad`, `saved` ... and those of the user's function.
"""

from __future__ import annotations

import sys
from codeop import compile_command
from collections.abc import Iterator
from contextlib import contextmanager, nullcontext
from types import FrameType
from typing import TYPE_CHECKING, Any

import numpy as np

from ... import source
from ...errors import BackwardStopped
from . import look
from .commands import AutogradCommands
from .frames import KeptFrame
from .private_shell import no_colours_unless_shown, some_shell
from .prompt_help import ALIASES, HelpAndCompletion
from .python_steps import PythonSteps
from .stop_view import StopView, source_of
from .user_code import (
    calling_frame,
    is_ours,
    is_runner_of_cells,
    is_shell,
    variables_of,
)

try:
    from IPython.core.debugger import Pdb as _Pdb

    IS_IPYTHON = True
except ImportError:
    from pdb import Pdb as _Pdb

    IS_IPYTHON = False

if TYPE_CHECKING:
    from ...engine import Run
    from ..stepping.debugger import Debugger
    from ..stepping.stepper import Pause

PROMPT = "(Autograd) "
NOUNS = {"node", "grad", "saved", "forward", "hooks", "flow", "graph", "g", "o"}
"""Commands that are likely names of variables too."""
EXPRESSION = (".", "[", "(", "=", "+", "-", "*", "/", "%", "@", "<", ">", "!", "&", "|", "^")
WORDS = {"if", "in", "is", "and", "or", "not"}
NOT_REPEATED = {"edit", "gbreak", "gb", "replay", "stop", "q", "quit", "exit"}
"""Commands that an empty line does not repeat, as it does others."""
DANGEROUS = {"back", "bk", "edit"}
"""Commands that must not be left half-way: an interrupt there ends the run."""

IPYTHONS_CACHES = (
    "_skip_cache", "_parent_skip_cache", "_cachable_skip", "_cached_one_parent_frame_debuggerskip",
)  # fmt: skip
"""Where IPython remembers frames: dictionaries, in IPython 8 caches of functions."""
PRINT_STATUS = "_pdbcmd_print_frame_status"
"""What pdb from Python 3.13 on queues behind waiting commands: at a node it comes first."""


class Prompt(AutogradCommands, HelpAndCompletion, PythonSteps, _Pdb):  # type: ignore[misc]
    """pdb with commands for a paused backward; see `interact`.

    Parameters
    ----------
    completekey, stdin, stdout
        As `pdb.Pdb` has them.
    debugger : Debugger, optional
        Whose front is asked; that of the process if not given.
    """

    def __init__(
        self,
        completekey: str | None = "tab",
        stdin: Any = None,
        stdout: Any = None,
        debugger: Debugger | None = None,
        **more: Any,
    ):
        if debugger is None:
            from ..stepping.debugger import debugger as of_this_process

            debugger = of_this_process()
        self.debugger = debugger
        self.pause: Pause | None = None
        self.stop_frame: FrameType | None = None
        self.view = StopView()
        self.names = look.Names({})
        self.busy = self.interrupted = self._listing = False
        self._last_run = 0
        with some_shell(IS_IPYTHON) as is_private:
            super().__init__(completekey, stdin, stdout, nosigint=True, **more)
        if is_private:
            no_colours_unless_shown(self)
        self.prompt = PROMPT

    # -------------------------------------------------------------- a stop

    def stand(self, pause: Pause, frame: FrameType) -> None:
        """Take commands until one lets the run go on.

        Raises
        ------
        KeyboardInterrupt
            When the person interrupts at the prompt.
        """
        self.forget_plans()
        if self._last_run != id(pause.run):
            self._last_run = id(pause.run)
            self.cmdqueue.clear()  # the rest of a line ``a ;; b`` of another run
        self.pause, self.stop_frame = pause, frame
        self.names = look.Names(variables_of(calling_frame(frame)))
        self.refresh()
        try:
            self.reset()
            self.interaction(frame, None)
        finally:
            self.pause = self.stop_frame = None
            self.forget()
            self.view.leave()
            self.names = look.Names({})
        self.carry_out(pause, frame)

    def refresh(self) -> None:
        """Show in expressions what is so now."""
        variables = {**self.names.variables, **self.stop_variables()}
        self.view.stand_at(self.here, calling_frame(self.stop_frame), variables)

    def interaction(self, frame: FrameType | None, tb_or_exc: Any) -> None:
        """Ask until a command resumes; an interrupt gets out, which pdb would swallow."""
        outer, self.busy = self.busy, True
        self.stdin, self.stdout = sys.stdin, sys.stdout  # those of now
        self.interrupted = False
        try:
            super().interaction(frame, tb_or_exc)
        finally:
            self.busy = outer
        if self.interrupted or (self.pause is not None and not self.pause.resumed):
            self.end_tracing()
            raise KeyboardInterrupt

    # -------------------------------------------------------------- reading and obeying

    def _cmdloop(self) -> None:
        try:
            self.cmdloop()
        except KeyboardInterrupt:
            self.interrupted = True

    def cmdloop(self, intro: Any = None) -> None:
        """Read lines from the front, and do what they say."""
        self.preloop()
        if self.pause is not None and PRINT_STATUS in self.cmdqueue:
            self.cmdqueue.remove(PRINT_STATUS)
            self.cmdqueue.insert(0, PRINT_STATUS)
        in_python = self.debugger.stopped_in_python(self.curframe) if self.pause is None else None
        with in_python or nullcontext(), self.debugger.at_the_prompt(), _line_editing(self):
            stop = None
            while not (stop or self.interrupted):
                line = self.precmd(self.cmdqueue.pop(0) if self.cmdqueue else self._read())
                stop = self.postcmd(self.onecmd(line), line)
        self.postloop()

    def _read(self) -> str:
        try:
            return self.debugger.front.read(self.prompt)
        except KeyboardInterrupt:
            self.interrupted = True
            return ""
        except EOFError:
            pass
        except Exception as error:  # a front end that is gone
            self.error(f"no more commands can be read: {type(error).__name__}: {error}")
        return "end" if getattr(self, "commands_defining", False) else "EOF"

    def onecmd(self, line: str) -> Any:
        """Do what a line says; whatever is wrong with it is said in a sentence."""
        if self.interrupted:
            return True
        try:
            return super().onecmd(line)
        except BackwardStopped:
            raise
        except KeyboardInterrupt:
            self.interrupted = line.partition(" ")[0] in DANGEROUS
            self.message("--KeyboardInterrupt--")
        except ValueError as error:
            self.error(str(error))
        except (Exception, SystemExit) as error:
            self.error(f"{type(error).__name__}: {error}")
        return False

    def postcmd(self, stop: Any, line: str) -> Any:
        """Leave also when the run was resumed in another way, e.g. by ``pause.over()``."""
        return stop or (self.pause is not None and self.pause.resumed)

    def parseline(self, line: str) -> tuple[str | None, str | None, str]:
        """A command and its argument; ``saved["x"]`` and ``w.grad`` are expressions."""
        command, arg, line = super().parseline(line)
        if command and line.startswith((f"{command}.", f"{command}[")):
            return None, None, line
        is_expression = arg and (arg.startswith(EXPRESSION) or arg.split(None, 1)[0] in WORDS)
        if command in NOUNS and is_expression:
            return None, None, line
        return ALIASES.get(command, command), arg, line

    def default(self, line: str) -> Any:
        """Python: one statement, in one line."""
        statement = line[1:].strip() if line[:1] == "!" else line
        if _is_incomplete(statement):
            raise ValueError(f"a statement must be complete in its line, unlike {statement!r}")
        return super().default(line)

    def emptyline(self) -> Any:
        """Repeat the last command, as pdb does, unless it changes something for good."""
        if self.lastcmd.partition(" ")[0] in NOT_REPEATED:
            return False
        return super().emptyline()

    def preloop(self) -> None:
        """Show the expressions of ``display``; pdb does so here up to Python 3.12."""
        if sys.version_info < (3, 13):
            self._show_display()

    def _show_display(self) -> None:
        """As pdb, which can't compare arrays."""
        shown = self.displaying.get(self.curframe) or {}
        for expression, old in shown.items():
            new = self._getval_except(expression)
            if _differ(new, old):
                shown[expression] = new
                texts = (self._safe_repr(value, expression) for value in (new, old))
                self.message("display {}: {}  [old: {}]".format(expression, *texts))

    def forget(self) -> None:
        """Let go of the stack, and of what pdb and IPython themselves keep of its frames."""
        for frame, _ in getattr(self, "stack", ()):
            frame.f_globals.get("__pdb_convenience_variables", {}).pop("_frame", None)
        for name in IPYTHONS_CACHES:
            cache = getattr(self, name, None)
            clear = getattr(cache, "clear", None) or getattr(cache, "cache_clear", None)
            if clear is not None:
                clear()
        super().forget()
        self.curframe_locals: Any = {}

    # -------------------------------------------------------------- pdb's commands at a stop

    def do_continue(self, arg: str) -> Any:
        """c(ont(inue)): go on to the next breakpoint or the end."""
        if self.pause is None:
            return super().do_continue(arg)
        self.pause.resume()
        return True

    do_c = do_cont = do_continue

    def do_quit(self, arg: str) -> Any:
        """q(uit), exit: end the run by an exception; gradients are as before the backward."""
        return super().do_quit(arg) if self.pause is None else self.do_stop("")

    do_q = do_exit = do_quit

    def do_EOF(self, arg: str) -> Any:
        """The end of input: as quit."""
        self.message("")
        return self.do_quit("")

    def do_args(self, arg: str) -> Any:
        """a(rgs): the arguments of the function; at a node its gradients and saved values."""
        if self.curframe is not self.view:
            return super().do_args(arg)
        self.message("\n".join(look.gradients(self.here)))
        if self.here.saved:
            self.message(look.saved_text(self.here))
        return None

    do_a = do_args

    def do_run(self, arg: str) -> None:
        """Not here: pdb restarts programs that it was started with."""
        raise ValueError("run restarts a program that pdb began; here, stop and start it again")

    do_restart = do_run

    def do_debug(self, arg: str) -> None:
        """Debug STATEMENT: step through a statement, at a prompt of its own."""
        inner = Prompt(self.completekey, debugger=self.debugger)
        inner.prompt = f"({self.prompt.strip()}) "
        self.message("ENTERING RECURSIVE DEBUGGER")
        tracer = sys.gettrace()
        sys.settrace(None)
        try:
            sys.call_tracing(inner.run, (arg, self.curframe.f_globals, self.curframe_locals))
        finally:
            sys.settrace(tracer)
        self.message("LEAVING RECURSIVE DEBUGGER")

    # -------------------------------------------------------------- the stack

    def get_stack(self, f: FrameType | None, t: Any) -> tuple[list[tuple[Any, int]], int]:
        """Pdb's stack without the engine's frames, and the paused node as its last frame."""
        stack, index = super().get_stack(f, t)
        cells = [i for i, (frame, _) in enumerate(stack) if is_runner_of_cells(frame)]
        first = cells[-1] + 1 if cells else 0
        shown = [entry for entry in stack[first:] if entry[0] is f or self._is_shown(entry[0])]
        if self.pause is not None and f is self.stop_frame:
            shown[-1] = (self.view, self.view.f_lineno)
        if not shown:
            return stack, index
        below = sum(entry in shown for entry in stack[:index])
        return shown, min(below, len(shown) - 1)

    def _is_shown(self, frame: Any) -> bool:
        return self.is_formula(frame) or not (is_ours(frame) or is_shell(frame))

    def use_own_stack(self) -> None:
        """Go back to the paused node."""
        self.refresh()
        self.stack, self.curindex = self.get_stack(self.stop_frame, None)
        self._select_frame(self.curindex)

    def use_forward_stack(self, frames: list[KeptFrame]) -> None:
        """Go to the innermost of the frames that made the node."""
        self.stack = [(frame, frame.f_lineno) for frame in frames]
        self.curindex, self.lineno = len(frames) - 1, None
        self.curframe = frames[-1]
        self.curframe_locals = self.curframe.f_locals

    def print_stack_entry(self, frame_lineno: tuple[Any, int], *more: Any, **named: Any) -> None:
        """The source line of a frame; of the paused node all that one wants to see first."""
        if frame_lineno[0] is self.view and not self._listing:
            self.message(look.heading(self.here, self.names))
        else:
            super().print_stack_entry(frame_lineno, *more, **named)

    def print_stack_trace(self, *args: Any) -> None:
        """All frames, a few lines for each."""
        self._listing = True
        try:
            super().print_stack_trace(*args)
        finally:
            self._listing = False

    def format_stack_entry(self, frame_lineno: tuple[Any, int], *more: Any) -> str:
        """A frame as text."""
        frame, _ = frame_lineno
        if frame is not self.view:
            text = str(super().format_stack_entry(frame_lineno, *more))
            file = frame.f_code.co_filename
            return (
                text
                if source.describe_file is None
                else text.replace(file, source.describe_file(file), 1)
            )
        text = look.brief(self.here, self.names)
        arrow = "> " if self.curframe is self.view else "  "
        return f"{arrow}{text}\n" if IS_IPYTHON else text

    def getsourcelines(self, obj: Any) -> tuple[list[str], int]:
        """The source of a function, for ``ll``."""
        if isinstance(obj, StopView | KeptFrame):
            return source_of(obj.f_code)
        return super().getsourcelines(obj)

    def _getsourcelines(self, obj: Any) -> tuple[list[str], int]:
        if isinstance(obj, StopView | KeptFrame):
            return source_of(obj.f_code)
        return super()._getsourcelines(obj)


# ------------------------------------------------------------------ what the debugger calls


def interact(pause: Pause, frame: FrameType, debugger: Debugger) -> None:
    """Ask at a stop until a verb of the pause was called.

    Parameters
    ----------
    pause : Pause
        The stop.
    frame : FrameType
        The frame in which the run stands.
    debugger : Debugger
        Its front is asked.

    Raises
    ------
    KeyboardInterrupt
        When the person interrupts.
    """
    _free_prompt(debugger).stand(pause, frame)


def run_into(run: Run, debugger: Debugger) -> None:
    """Run the next node of a run under pdb; see `PythonSteps.run_under_trace`."""
    prompt = _free_prompt(debugger)
    name = run.peek().name()
    prompt.stdout = sys.stdout
    if not prompt.run_under_trace(run):
        prompt.message(f"{name} has no Python of its own to stop in; it was run.")


_prompts: list[Prompt] = []


def _free_prompt(debugger: Debugger) -> Prompt:
    """A prompt that nobody sits at; a second one for a stop inside another stop's command."""
    for prompt in _prompts:
        if not prompt.busy:
            prompt.debugger = debugger
            return prompt
    prompt = Prompt(debugger=debugger)
    if _prompts:
        prompt.aliases = _prompts[0].aliases
    _prompts.append(prompt)
    return prompt


def _differ(new: Any, old: Any) -> bool:
    """Whether a value is another one; of arrays, whether any element is."""
    if new is old:
        return False
    try:
        unequal = getattr(new != old, "_array", new != old)
        same_shape = getattr(new, "shape", ()) == getattr(old, "shape", ())
        return not same_shape or bool(np.any(unequal))
    except Exception:  # shapes that don't fit, an array of a device, an __ne__ that raises
        return True


def _is_incomplete(statement: str) -> bool:
    """Whether Python would wait for more lines: an open bracket, ``if x:``."""
    try:
        return compile_command(statement, "<stdin>", "single") is None
    except (SyntaxError, ValueError, OverflowError):
        return False  # said by whoever runs it


@contextmanager
def _line_editing(prompt: Prompt) -> Iterator[None]:
    """Tab completes the prompt's commands, on a terminal that has readline."""
    try:
        import readline
    except ImportError:
        yield
        return
    completer, delimiters = readline.get_completer(), readline.get_completer_delims()
    is_libedit = "libedit" in (readline.__doc__ or "")
    readline.set_completer(prompt.complete)
    readline.set_completer_delims(" \t\n`@#$%^&*()=+[{]}\\|;:'\",<>?")
    readline.parse_and_bind("bind ^I rl_complete" if is_libedit else "tab: complete")
    try:
        yield
    finally:
        readline.set_completer(completer)
        readline.set_completer_delims(delimiters)


source.mark_internal(__name__.partition(".")[0])

__all__ = ["Prompt", "interact", "run_into"]
