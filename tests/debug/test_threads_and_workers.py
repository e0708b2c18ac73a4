"""Only the main thread of the process that was started is paused; others say why not."""

from __future__ import annotations

import os
import threading

import pytest

import autograd_core as ag
from autograd_core.debug.stepping.front import Front


class Asked(Front):
    """Answers with the commands it was given, and calls `meanwhile` at its first question."""

    def __init__(self, *commands, meanwhile=lambda: None):
        self.commands = list(commands)
        self.meanwhile = meanwhile
        self.written = []

    def can_ask(self):
        return None

    def read(self, prompt):
        meanwhile, self.meanwhile = self.meanwhile, lambda: None
        meanwhile()
        return self.commands.pop(0) if self.commands else "continue"

    def write(self, text):
        self.written.append(text)


def backward():
    x = ag.tensor([0.5, 2.0], requires_grad=True)
    (x * x).tanh().sum().backward()
    return x.grad.tolist()


@pytest.fixture
def debugger():
    found = ag.debug.debugger()
    found.missed.clear()
    yield found
    found.breakpoints.clear()
    assert not found.awake


def test_a_stop_in_another_thread_is_noted_and_the_run_goes_on(debugger):
    gradients = []
    with debugger.session(["op:Tanh"], front=Asked()):
        thread = threading.Thread(target=lambda: gradients.append(backward()), name="loader")
        thread.start()
        thread.join(20)
    assert gradients == [backward()]
    assert "thread loader, and only the main thread can be paused" in debugger.missed[0]


def test_other_threads_wait_while_the_main_thread_is_paused(debugger):
    gradients = []
    thread = threading.Thread(target=lambda: gradients.append(backward()), name="loader")
    seen = []

    def meanwhile():
        thread.start()
        thread.join(1.0)
        seen.append((thread.is_alive(), list(gradients)))

    front = Asked("continue", meanwhile=meanwhile)
    with debugger.session(["op:Tanh"], front=front):
        mine = backward()
        thread.join(20)
    assert seen == [(True, [])]
    assert gradients == [mine] == [backward()]
    assert any("Thread loader waits at a breakpoint" in text for text in front.written)


@pytest.mark.skipif(not hasattr(os, "fork"), reason="needs os.fork")
@pytest.mark.filterwarnings("ignore:.*fork.*:DeprecationWarning")
def test_a_worker_process_is_not_paused(debugger):
    with debugger.session(["op:Tanh"], front=Asked()):
        reader, writer = os.pipe()
        child = os.fork()
        if not child:
            gradient = backward()
            os.write(writer, f"{gradient} {debugger.missed}".encode())
            os._exit(0)
        os.close(writer)
        os.waitpid(child, 0)
        said = os.read(reader, 10_000).decode()
    assert said.startswith(str(backward()))
    assert f"this is worker process {child}; use num_workers=0 to pause here" in said


def test_breakpoints_are_saved_with_a_trace(debugger, tmp_path):
    ag.debug.break_on("norm > 1e9 and iter:3")
    with ag.debug.trace() as t:
        backward()
    t.save(str(tmp_path / "run.agtrace"))
    assert ag.debug.load(str(tmp_path / "run.agtrace")).breakpoints[0]["text"] == (
        "norm > 1e9 and iter:3"
    )


def test_the_trace_remembers_edits_and_steps_that_were_taken_back(debugger):
    x = ag.tensor([0.5, 2.0], requires_grad=True)
    front = Asked("edit grad * 10", "over", "back", "replay")
    with ag.debug.trace() as t, debugger.session(["op:Tanh"], front=front):
        (x * x).tanh().sum().backward()
    assert [(s.node.label, s.edited, s.undone) for s in t.steps] == [
        ("Sum", False, False),
        ("Tanh", True, True),
        ("Tanh", True, False),
        ("Mul", False, False),
        ("x", False, False),
    ]
    assert "4 backward steps" in t.summary()


@pytest.mark.parametrize("flushed", [False, True])
def test_time_at_a_stop_is_no_nodes_time(debugger, monkeypatch, flushed):
    from autograd_core.debug.record import recorder

    now = [0.0]

    def clock():
        now[0] += 1.0
        return now[0]

    def wait_long():
        now[0] += 1e6
        if flushed:  # as the live graph does
            len(t.nodes)

    monkeypatch.setattr(recorder, "perf_counter", clock)
    x = ag.tensor([0.5, 2.0], requires_grad=True)
    front = Asked("continue", meanwhile=wait_long)
    with ag.debug.trace() as t, debugger.session(["op:Tanh"], front=front):
        (x * x).tanh().sum().backward()
    assert min(s.seconds for s in t.steps if s.node.kind == "op") >= 1.0
    assert max(s.seconds for s in t.steps) < 100.0
