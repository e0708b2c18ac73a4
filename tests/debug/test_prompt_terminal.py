"""The prompt where no IPython shell runs: in a terminal, on a pipe, without IPython."""

import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]

TRAIN = """
import sys
import autograd_core as ag
from autograd_core.debug.stepping.debugger import break_on

def step(w):
    loss = (w * 3.0).sin().sum()
    loss.backward()
    return w.grad.tolist()

break_on(sys.argv[1])
w = ag.tensor([1.0, 2.0], requires_grad=True)
try:
    step(w)
except BaseException as error:
    print("ENDED BY", type(error).__name__, w.grad)
print("TRACER", sys.gettrace())
"""

LEFTOVERS = """
import builtins, threading
assert "get_ipython" not in vars(builtins) and "__IPYTHON__" not in vars(builtins)
assert sys.modules["__main__"].TRAINED == 1
assert threading.active_count() == 1, threading.enumerate()
if sys.modules.get("IPython"):
    assert sys.modules["IPython"].get_ipython() is None
print("NOTHING LEFT")
"""

WITHOUT_IPYTHON = """
import sys
sys.modules["IPython"] = sys.modules["IPython.core"] = sys.modules["IPython.core.debugger"] = None
"""


@pytest.fixture
def train(tmp_path):
    """A function that writes a program and gives the command to run it."""

    def write(text=TRAIN, before="", after=""):
        file = tmp_path / "train.py"
        file.write_text(before + text + after)
        return [sys.executable, str(file), "op:Sin"]

    return write


@pytest.fixture
def environment(tmp_path):
    """Nobody's settings and history."""
    home = {"HOME": str(tmp_path), "IPYTHONDIR": str(tmp_path / "ipython"), "TERM": "xterm"}
    return {**os.environ, **home, "PYTHONPATH": str(ROOT), "PYTHONUNBUFFERED": "1"}


def run(command, environment, commands):
    done = subprocess.run(
        command, input=commands, env=environment, capture_output=True, text=True, timeout=120
    )
    return done.stdout, done.stderr


def test_nothing_is_imported_before_it_is_needed(environment):
    code = (
        "import sys, autograd_core.debug; print({'IPython', 'pdb'} & sys.modules.keys() or 'none')"
    )
    out, err = run([sys.executable, "-c", code], environment, "")
    assert out.strip() == "none", err


@pytest.mark.parametrize("before", ["", WITHOUT_IPYTHON], ids=["IPython", "without IPython"])
def test_commands_on_a_pipe(train, environment, before):
    command = train(before=before + "TRAINED = 1\nimport sys\n", after=LEFTOVERS)
    out, err = run(command, environment, "grad\nup\np w\nover\nback\nhelp over\nn\np loss\nc\n")
    assert "Paused before SinBackward0 · breakpoint 1: op:Sin" in out
    assert "(2,) float32 cpu   norm 1.41   all 1" in out
    assert "tensor([1., 2.], requires_grad=True)" in out
    assert "Paused before MulBackward0" in out
    assert "Run this node and stop at the next" in out
    assert "return w.grad.tolist()" in out
    assert "TRACER None" in out, err
    assert "NOTHING LEFT" in out, err
    assert "\x1b[" not in out, "no colours where nobody sees them"
    assert not Path(environment["IPYTHONDIR"]).exists()


def test_the_end_of_input_on_a_pipe_stops_the_run(train, environment):
    out, err = run(train(), environment, "grad\n")
    assert "ENDED BY BackwardStopped None" in out, err
    assert "TRACER None" in out


# ------------------------------------------------------------------ a real terminal


@pytest.fixture
def terminal(train, environment):
    """A function that starts the program in a terminal and waits for its first prompt."""
    pexpect = pytest.importorskip("pexpect")
    children = []

    def start(**parts):
        command = train(**parts)
        plain = {**environment, "NO_COLOR": "1"}  # colours would split what is waited for
        child = pexpect.spawn(
            command[0], command[1:], env=plain, encoding="utf-8", preexec_fn=_hear_interrupts
        )
        child.timeout = 60
        child.setwinsize(50, 160)
        children.append(child)
        child.expect_exact("(Autograd) ")
        return child

    yield start
    for child in children:
        child.close(force=True)


def _hear_interrupts():
    """Undo what a shell does to programs in the background, these tests among them."""
    signal.signal(signal.SIGINT, signal.SIG_DFL)


def test_typing_in_a_terminal(terminal):
    child = terminal()
    assert "Paused before SinBackward0" in child.before
    child.sendline("grad")
    child.expect_exact("norm 1.41")
    child.expect_exact("(Autograd) ")
    child.send("ov\t")  # completed by readline
    child.expect("over")
    child.sendline("")
    child.expect_exact("Paused before MulBackward0")
    child.expect_exact("(Autograd) ")
    child.sendline("until op:Acc\t")
    child.expect_exact("Paused before AccumulateGrad of w")
    child.sendline("q")
    child.expect_exact("ENDED BY BackwardStopped None")
    child.expect_exact("TRACER None")


def test_control_c_and_control_d_at_the_prompt(terminal):
    child = terminal()
    child.sendintr()
    child.expect_exact("ENDED BY KeyboardInterrupt None")
    child.expect_exact("TRACER None")

    child = terminal()
    child.sendeof()
    child.expect_exact("ENDED BY BackwardStopped None")
    child.expect_exact("TRACER None")


def test_control_c_ends_a_command_that_takes_long(terminal):
    child = terminal()
    child.sendline("print('begun') or __import__('time').sleep(600)")
    child.expect_exact("begun\r\n")
    child.sendintr()
    child.expect_exact("(Autograd) ")
    child.sendline("p 6 * 7")
    child.expect_exact("42")
    child.expect_exact("(Autograd) ")
    child.sendline("n")
    child.expect_exact("w.grad.tolist()")
    child.expect_exact("(Autograd) ")
    child.sendintr()
    child.expect_exact("ENDED BY KeyboardInterrupt tensor(")
    child.expect_exact("TRACER None")
