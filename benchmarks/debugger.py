"""What the debugger costs: awake, with many breakpoints, at the prompt, going back."""

from __future__ import annotations

import statistics
import time
from collections.abc import Callable, Sequence

import numpy as np

from . import models
from .timing import compare, row, title

CALM = ("nan", "norm > 1e9", "op:Tanh", "module:decoder.*", "name:nobody")
"""Breakpoints that never hit in these models, of every kind."""


def main() -> None:
    """Print what the debugger costs."""
    title("Debugger")
    no_hit()
    many_breakpoints()
    answer_time()
    going_back()


def compare_with(conditions: Sequence[str], run: Callable[[], None]) -> float:
    """What `run` takes with these breakpoints, set before, over what it takes without any."""
    import autograd_core as ag
    from autograd_core.debug.breakpoints.conditions import parse

    known = ag.debug.breakpoints()
    made = known.add_all([parse(text) for text in conditions])  # a parsed one is not checked
    drive, state = ag.state.driver, ag.state

    def awake() -> None:
        state.driver = drive
        run()
        state.driver = None

    try:
        return compare(awake, run, 15).ratio
    finally:
        state.driver = drive
        for breakpoint in made:
            known.discard(breakpoint)


def backward_of_mlp(count: int) -> Callable[[], None]:
    """Backward of the digits MLP, `count` times, into gradients that are None."""
    import autograd_core as ag

    nn, rng = ag.nn, np.random.default_rng(0)
    images = ag.tensor(rng.random((64, 64)).astype("float32"))
    labels = ag.tensor(rng.integers(0, 10, 64))
    net = nn.Sequential(
        nn.Linear(64, 128), nn.ReLU(), nn.Linear(128, 64), nn.ReLU(), nn.Linear(64, 10)
    )
    loss = nn.CrossEntropyLoss()(net(images), labels)
    parameters = list(net.parameters())

    def run() -> None:
        for _ in range(count):
            for p in parameters:
                p.grad = None
            loss.backward(retain_graph=True)

    return run


def no_hit() -> None:
    """A backward under the debugger, against one that nobody looks at."""
    run = backward_of_mlp(300)
    for condition in CALM[:3]:
        found = compare_with([condition], run)
        row(f"backward of the digits MLP, break on {condition!r}", f"{found:.2f}x", "<= 1.3")
    import autograd_core as ag

    step = models.digits_mlp(ag)

    def steps() -> None:
        for _ in range(200):
            step()

    row("whole step of the digits MLP, break on 'nan'", f"{compare_with(['nan'], steps):.2f}x")


def many_breakpoints() -> None:
    """A thousand breakpoints that do not hit, and none."""
    kinds = [
        *(f"norm > {10 + n}e9" for n in range(200)),
        *(f"op:Log{n}" for n in range(200)),
        *(f"module:decoder.{n}.*" for n in range(200)),
        *(f"line:{100_000 + n}" for n in range(200)),
        *(f"name:nobody{n} and nan" for n in range(200)),
    ]
    run = backward_of_mlp(300)
    found = compare_with(kinds, run)
    row("backward of the digits MLP, 1,000 breakpoints", f"{found:.2f}x", "< 2")
    row("backward of the digits MLP, no breakpoint", f"{compare_with([], run):.2f}x", "1.0")


class Clock:
    """A front that gives one command again and again, and notes when it is asked."""

    def __init__(self, commands: Sequence[str]):
        from autograd_core.debug.stepping.front import Front

        clock = self

        class Asked(Front):
            def can_ask(self) -> str | None:
                return None

            def read(self, prompt: str) -> str:
                clock.times.append(time.perf_counter())
                return clock.commands.pop(0) if clock.commands else "continue"

            def write(self, text: str) -> None:
                pass

        self.commands = list(commands)
        self.times: list[float] = []
        self.front = Asked()


def answer_time() -> None:
    """From a command to the next prompt, in the middle of a graph of 10,000 nodes."""
    import contextlib
    import io

    import autograd_core as ag

    for command in ("over", "grad", "back", "edit grad * 1"):
        clock = Clock(["over"] * 20 + [command] * 20)
        x = ag.tensor(np.ones((4, 4), "float32"), requires_grad=True)
        y = x
        for _ in range(5_000):
            y = (y * 1.01) - 0.01
        shown = io.StringIO()
        with (
            ag.debug.trace(),
            contextlib.redirect_stdout(shown),
            ag.debug.debugger().session(["op:Sum"], front=clock.front),
        ):
            y.sum().backward()
        gaps = np.diff(clock.times)[20:40]
        row(
            f"{command!r} to the next prompt, 10,000 nodes",
            f"{statistics.median(gaps) * 1e3:.1f} ms (most {max(gaps) * 1e3:.1f})",
            "< 20 ms",
        )


def going_back() -> None:
    """What steps that can be undone keep alive, with a budget that holds and one that does not."""
    import contextlib
    import io

    import autograd_core as ag

    debugger = ag.debug.debugger()
    known = debugger.budget
    for budget in (256 << 20, 8 << 20):
        debugger.budget, debugger.peak = budget, 0
        clock = Clock(["until iter:7"])
        weights = [ag.tensor(np.ones((256, 256), "float32"), requires_grad=True) for _ in range(40)]
        y = ag.tensor(np.ones((256, 256), "float32"))
        for w in weights:
            y = (y @ w).tanh()
        with (
            contextlib.redirect_stdout(io.StringIO()),
            debugger.session(["op:Sum"], front=clock.front),
        ):
            y.sum().backward()
        row(
            f"back: kept alive at most, budget {budget >> 20} MiB",
            f"{debugger.peak / 2**20:.1f} MiB",
            f"<= {budget >> 20} MiB",
        )
    debugger.budget = known
