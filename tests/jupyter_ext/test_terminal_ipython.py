"""IPython on a terminal: a traced cell as text, a stop in it, a bar while it runs."""

import os
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from talking import ANSI
from terminal_screen import screen

ROOT = Path(__file__).resolve().parents[2]
NEXT = r"In \[\d+\]: "


@pytest.fixture
def ipython(tmp_path: Path) -> Iterator[Callable[[str], str]]:
    """A function that types a line into IPython, and gives what is on the screen until it asks."""
    pexpect = pytest.importorskip("pexpect")
    home = {"HOME": str(tmp_path), "IPYTHONDIR": str(tmp_path), "TERM": "xterm", "NO_COLOR": "1"}
    child = pexpect.spawn(
        sys.executable,
        ["-m", "IPython", "--simple-prompt", "--no-banner", "--colors=NoColor"],
        env={**os.environ, **home, "PYTHONPATH": str(ROOT)}, encoding="utf-8", timeout=60,
        dimensions=(50, 160),
    )  # fmt: skip
    child.expect(NEXT)

    def typed(line: str, until: str = NEXT) -> str:
        child.sendline(line)
        child.expect(until)
        return str(child.before)

    yield typed
    child.close(force=True)


def shown(written: str) -> str:
    return "\n".join(screen(written))


def test_a_traced_cell_with_a_stop_and_a_bar(ipython: Callable[..., Any]) -> None:
    ipython("%load_ext autograd_core")
    ipython("import autograd_core as ag; from autograd_core import progress")
    ipython("w = ag.ones(2, requires_grad=True)")
    ipython('%%autograd_trace --break "op:Tanh and iter == 2"', r"\.\.\.: ")
    ipython("for _ in range(5): (w * 3.0).tanh().sum().backward()", r"\.\.\.: ")
    stop = ""
    while "Paused" not in stop:  # one empty line ends a cell, or two
        stop += ipython("", r"\(Autograd\) |\.\.\.: ")
    assert "Paused before TanhBackward0 · breakpoint 1: op:Tanh and iter == 2" in shown(stop)
    assert "In [4], line 2: for _ in range(5)" in shown(stop)
    assert "norm 1.41" in ipython("grad", r"\(Autograd\) ")
    end = shown(ipython("c"))
    assert "20 nodes, 20 backward steps" in end
    assert "Tanh" in end
    assert "w" in end

    pytest.importorskip("tqdm", reason="bars need tqdm (the extra 'lab')")
    ipython("progress.AFTER = progress.EVERY = 0.0")
    written = ipython("%autograd_trace [(w * 3.0).tanh().sum().backward() for _ in range(5)]")
    assert "backward: 5pass" in ANSI.sub("", written)
    assert "pass [" not in shown(written)
    assert "20 nodes, 20 backward steps" in shown(written)
