"""A front that answers the prompt with lines written down before, and hears what it says."""

import inspect
import io
import re
import sys
from contextlib import redirect_stdout

from autograd_core.debug.stepping.debugger import debugger
from autograd_core.debug.stepping.front import Front

ANSI = re.compile(r"\x1b\[[0-9;]*m")
MARK = "\0"


class Lines(Front):
    """Gives lines one by one; an exception among them is raised, after the last comes the end."""

    def __init__(self, *lines):
        self.lines = list(lines)

    def can_ask(self):
        return None

    def read(self, prompt):
        print(MARK, end="")
        if not self.lines:
            raise EOFError
        line = self.lines.pop(0)
        if not isinstance(line, str):
            raise line
        return line


class Talk:
    """What a program and its prompt said: `opening`, then one of `answers` to each line."""

    def __init__(self, run, *lines, at=("op:Sin",), frames=False):
        self.front = Lines(*lines)
        self.result = self.error = None
        out = io.StringIO()
        with debugger().session(list(at), front=self.front, frames=frames), redirect_stdout(out):
            try:
                self.result = run()
            except BaseException as error:
                self.error = error
        self.tracer = sys.gettrace()
        self.opening, *self.answers = ANSI.sub("", out.getvalue()).split(MARK)

    @property
    def errors(self):
        """Answers that say that something is wrong."""
        return [line for a in self.answers for line in a.splitlines() if line.startswith("***")]

    @property
    def stops(self):
        """Before which nodes it paused, one after the other."""
        text = "".join([self.opening, *self.answers])
        return re.findall(r"^Paused before (.*?)(?: in | \(| ·|$)", text, re.MULTILINE)


def line_of(function, text):
    """The number of the line of a function or class that contains `text`."""
    lines, first = inspect.getsourcelines(function)
    return first + next(i for i, line in enumerate(lines) if text in line)


def marked(n):
    """A pattern for the line that pdb marks with an arrow, as IPython or pdb itself lists it."""
    return rf"-> ?{n}\b|\b{n} +B?->"
