"""Whatever is typed: the prompt answers, the run ends as it should, nothing is left behind."""

from bdb import BdbQuit
from functools import partial

import numpy as np
from hypothesis import Phase, given, settings
from hypothesis import strategies as st
from programs_to_pause import UNTOUCHED, program
from talking import Talk

from autograd_core.debug.prompt.prompt_help import ALIASES, USAGE
from autograd_core.debug.stepping.debugger import debugger
from autograd_core.errors import BackwardStopped

WORDS = [
    *USAGE, *ALIASES,
    "a", "c", "d", "h", "j", "l", "ll", "n", "p", "pp", "q", "r", "s", "u", "w", "unt", "up",
    "down", "args", "display", "undisplay", "help", "whatis", "tbreak", "cl", "source", "alias",
    "retval", "debug", "where", "run", "!", "p grad", "p ag.zeros(2)", "grad.sum()", "grad = 3",
    "EOF", "exit", "saved['input']", "pause", "pause.over()",
]  # fmt: skip
ARGUMENTS = ["", "", "", "0", "1", "2", "-1", "99", "x", "grad", "nan", "op:Mul", "name:w", "#3",
             "norm > 1", "clear", "grad * 0", "(", "...", ";; p 1", "1:", "'"]  # fmt: skip

letters = st.characters(codec="utf-8", exclude_characters="\0\r\n")
lines = st.one_of(
    st.tuples(st.sampled_from(WORDS), st.sampled_from(ARGUMENTS)).map(" ".join),
    st.text(st.characters(codec="utf-8", exclude_characters="\0\r\n"), max_size=20).map(
        "p {}".format
    ),
    st.sampled_from([EOFError(), KeyboardInterrupt()]),
)


# What calls the program is no code of the user's: stepping ends there, and not in this test.
shell: dict = {"__name__": "IPython.of_this_test"}
exec("def run(program):\n    return program()", shell)
as_user = partial(shell["run"], program)


@settings(max_examples=100, phases=set(Phase) - {Phase.explain})  # that one traces by itself
@given(st.lists(lines, max_size=12))
def test_any_lines(typed):
    talk = Talk(as_user, *typed)
    ends = type(None) | BackwardStopped | BdbQuit | KeyboardInterrupt
    assert isinstance(talk.error, ends), repr(talk.error)
    assert talk.tracer is None
    assert not debugger().asking
    assert debugger().paused is None
    assert all(len(error) < 2000 for error in talk.errors)
    edited = any(isinstance(line, str) and "edit" in line for line in typed)
    if talk.error is None and not edited:
        np.testing.assert_allclose(talk.result, UNTOUCHED, rtol=1e-6)
    from autograd_core.debug.prompt import prompt

    debugger().breakpoints.clear()
    for each in prompt._prompts:  # what was typed may have set some
        each.clear_all_breaks()
        each.aliases.clear()
        each.displaying.clear()
    again = Talk(program, "c")
    assert again.error is None
    np.testing.assert_allclose(again.result, UNTOUCHED, rtol=1e-6)
