"""What front ends are told while pdb stands in Python, as after ``into``."""

import sys

import pytest
from programs_to_pause import Twice, program
from talking import Lines, line_of

from autograd_core.debug.stepping.debugger import debugger


@pytest.fixture(autouse=True)
def fresh_debugger(monkeypatch):
    """One whose breakpoints are numbered from 1."""
    monkeypatch.setattr(sys.modules["autograd_core.debug.stepping.debugger"], "_debugger", None)


class Heard(Lines):
    """Keeps what it is told."""

    def __init__(self, *lines):
        super().__init__(*lines)
        self.states = []

    def changed(self, state):
        self.states.append(state)

    @property
    def story(self):
        """The phases of stops, and where it ran on."""
        return [state.get("phase", state["status"]) for state in self.states]


def told(*lines, at):
    front = Heard(*lines)
    with debugger().session([at], front=front):
        program()
    return front


def test_each_line_is_a_stop(capsys):
    front = told("into", "next", "continue", "continue", at="op:Twice")
    assert front.story == [
        "backward", "running", "python", "running", "python", "running", "backward", "running",
    ]  # fmt: skip
    first, second = [state for state in front.states if state.get("phase") == "python"]
    n = line_of(Twice, "factor = 2")
    assert (first["location"]["line"], first["location"]["text"]) == (n, "factor = 2")
    assert second["location"]["line"] == n + 1
    assert first["reason"] == "in Python: Twice.backward"
    assert first["gradients"] == []
    assert first["can_back"] == 0


def test_pdb_inside_a_stop_leads_back_to_it(capsys):
    front = told("debug len([1])", "continue", "continue", at="op:Twice")
    phases = [phase for phase in front.story if phase != "running"]
    assert phases[0] == phases[-1] == "backward"
    assert "python" in phases
    assert front.states[-1]["status"] == "running"
