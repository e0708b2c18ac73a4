"""Bars on a real terminal: among what the program prints, at prompts, and where there is none."""

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest
from terminal_screen import screen

pytest.importorskip("tqdm", reason="bars need tqdm (the extra 'lab')")

ROOT = Path(__file__).resolve().parents[2]
AT_ONCE = """
import autograd_core as ag
from autograd_core import progress
progress.AFTER = progress.EVERY = 0.0
"""
TRAIN = """
w = ag.tensor([1.0, 2.0], requires_grad=True)
with ag.debug.trace():
    for step in range(1, 7):
        (w * step).sum().backward()
        if step % 2:
            print("step", step, end="" if step == 3 else "\\n")
        elif step == 4:
            print(" and", step)
print("the end")
"""
PRINTED = ["step 1", "step 3 and 4", "step 5", "the end", ""]
PAUSED = """
w = ag.tensor([1.0, 2.0], requires_grad=True)
ag.debug.break_on("op:Mul and iter == 2")
with ag.debug.trace():
    for step in LOOP:
        (w * step).sum().backward()
print("the end")
"""
COMMAND = "from jupyter_ext.command_line import main; raise SystemExit(main())"


@pytest.fixture
def python(tmp_path):
    """A function that runs a program on a terminal, or gives the pexpect child of one."""
    pexpect = pytest.importorskip("pexpect")
    home = {"HOME": str(tmp_path), "IPYTHONDIR": str(tmp_path), "TERM": "xterm", "NO_COLOR": "1"}
    environment = {**os.environ, **home, "PYTHONPATH": str(ROOT), "COLUMNS": "100"}
    environment.pop("TQDM_DISABLE", None)
    children = []

    def run(program, *, wait=True, arguments=None, **more):
        file = tmp_path / "train.py"
        file.write_text(program)
        child = pexpect.spawn(
            sys.executable, arguments or [str(file)], env=environment | more, encoding="utf-8",
            cwd=str(tmp_path), dimensions=(50, 100), timeout=60,
        )  # fmt: skip
        children.append(child)
        if not wait:
            return child
        child.expect(pexpect.EOF)
        return child.before

    yield run
    for child in children:
        child.close(force=True)


def test_a_bar_leaves_no_trace_among_what_is_printed(python):
    written = python(AT_ONCE + TRAIN)
    assert "backward: 1pass" in written
    assert "loss=3" in written
    assert "loss=18" in written
    assert screen(written) == PRINTED


def test_it_may_be_switched_off(python):
    assert "backward" not in python(AT_ONCE + TRAIN, TQDM_DISABLE="1")
    off = TRAIN.replace("trace()", "trace(progress=False)")
    assert "backward" not in python(AT_ONCE + off)


@pytest.mark.parametrize("missing", ["tqdm", "tqdm.std"])
def test_without_tqdm_there_is_none(python, missing):
    written = python(f"import sys; sys.modules[{missing!r}] = None" + AT_ONCE + TRAIN)
    assert written.replace("\r", "") == "\n".join(PRINTED)


def test_a_log_has_none_unless_wanted(tmp_path):
    def errors(program):
        file = tmp_path / "train.py"
        file.write_text(AT_ONCE + program)
        environment = os.environ | {"PYTHONPATH": str(ROOT)}
        done = subprocess.run(
            [sys.executable, file], env=environment, capture_output=True, text=True, check=True
        )
        assert done.stdout.splitlines() == PRINTED[:-1]
        return done.stderr

    assert errors(TRAIN) == ""
    assert "backward: 6pass" in errors(TRAIN.replace("trace()", "trace(progress=True)"))


def test_the_prompt_stands_alone(python):
    child = python(AT_ONCE + PAUSED.replace("LOOP", "range(1, 7)"), wait=False)
    child.expect_exact("(Autograd) ")
    before = child.before
    assert "backward: 2pass" in before
    shown = screen(before + child.after)
    assert not any("pass" in line for line in shown)
    assert shown[-1] == "(Autograd)"
    child.sendline("p len([ag.func.jacrev(lambda x: x * 2)(ag.ones(3)) for _ in range(5)])")
    child.expect_exact("5")
    child.expect_exact("(Autograd) ")
    assert "jacrev" not in child.before  # no bars while somebody looks around
    child.sendline("c")
    child.expect_exact("the end")
    assert "backward: 6pass" in child.before
    assert not any("pass" in line for line in screen(child.before))


def test_the_programs_own_bar_with_a_pause_in_it(python):
    imported = "from tqdm import tqdm\n"
    child = python(
        AT_ONCE + imported + PAUSED.replace("LOOP", "tqdm(range(1, 7), mininterval=0)"), wait=False
    )
    child.expect_exact("(Autograd) ")
    assert screen(child.before + child.after)[-1] == "(Autograd)"
    child.sendline("over")
    child.expect_exact("(Autograd) ")
    child.sendline("c")
    child.expect_exact("the end")
    assert "backward:" not in child.before
    (last,) = [line for line in screen(child.before) if "6/6" in line]
    assert last.startswith("100%|")


def test_the_programs_bar_forgets_the_time_at_the_prompt(python):
    """The clock of tqdm is one hour ahead after the stop; the bar does not know of it."""
    hour = """
import tqdm.std
bar = tqdm.std.tqdm(range(1, 7), mininterval=0)
bar._time = lambda: tqdm.std.time() + (3600 if stopped else 0)
stopped = []
"""
    child = python(AT_ONCE + hour + PAUSED.replace("LOOP", "bar"), wait=False)
    child.expect_exact("(Autograd) ")
    child.sendline("stopped.append(True)")
    child.expect_exact("(Autograd) ")
    child.sendline("c")
    child.expect_exact("the end")
    assert {e[:3] for e in re.findall(r"6/6 \[(\S+)<", child.before)} == {"00:"}


def test_gradcheck_has_a_bar(python):
    written = python(
        AT_ONCE + "x = ag.ones(4, dtype=ag.float64, requires_grad=True)\n"
        "print(ag.autograd.gradcheck(lambda x: x * x, x))\n"
    )
    assert re.search(r"finite differences: +75%\|.*\| 3/4 \[", written)
    assert re.search(r"gradcheck: +75%", written)
    assert screen(written) == ["True", ""]


def test_an_error_takes_the_bar_away(python):
    written = python(AT_ONCE + TRAIN.replace('"step", step,', '"step", step / (step - 5),'))
    assert "backward: 5pass" in written
    shown = screen(written)
    assert shown[-2] == "ZeroDivisionError: division by zero"
    assert not any("pass" in line for line in shown)


# ------------------------------------------------------------------ autograd-core trace

AT_ONCE_HERE = "from autograd_core import progress\nprogress.AFTER = progress.EVERY = 0.0\n"


def trace(*options):
    """Arguments of Python for ``autograd-core trace``."""
    return ["-c", AT_ONCE_HERE + COMMAND, "trace", *options, "train.py"]


def test_the_command_traces_with_a_bar(python):
    script = AT_ONCE + TRAIN.replace("ag.debug.trace()", "open('train.py')")
    written = python(script, arguments=trace())
    assert "backward: 6pass" in written
    shown = screen(written)
    assert shown[:4] == PRINTED[:-1]
    assert not any("pass [" in line for line in shown)
    assert "pass [" not in python(script, arguments=trace("--progress", "off"))
