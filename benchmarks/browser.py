"""The live graph in a real JupyterLab, in headless Chromium: how late it is, and what it costs.

The kernel notes when each event (a node, a step of backward) happened, the page when the picture
that shows it was painted; both read the clock of this machine.  Needs the extra `test` and a
Chromium.  Figures of drawing alone: `npm run bench` in widgets/.
"""

from __future__ import annotations

import itertools
import json
import statistics
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from .timing import row, title

ROOT = Path(__file__).resolve().parents[1]

# Stages of blocks, ten nodes each: nine operations and a parameter.
SETUP = """\
%load_ext autograd_core
import json, time
import autograd_core as ag
from autograd_core import nn

class Block(nn.Module):
    def __init__(self):
        super().__init__()
        self.weight = nn.Parameter(ag.ones(8))

    def forward(self, x):
        y = tick(x * self.weight, 2)
        for _ in range(2):
            y = tick(tick(tick(y.tanh()) * 1.01) + 0.1)
        return tick(tick(y.sigmoid()) + x)

class Pace:
    rate, times = None, []

    def __call__(self, y, events=1):
        if self.rate:
            self.count(events)
            y.register_hook(lambda g: self.count(events))
        return y

    def count(self, events):
        due = self.times[0] + len(self.times) / self.rate if self.times else 0
        time.sleep(max(due - time.time(), 0))
        self.times += [time.time()] * events

tick = Pace()

def train(net, iterations, rate=None):
    tick.rate, tick.times = rate, []
    x = ag.ones(8)
    for _ in range(iterations):
        net(x).sum().backward()
        for p in net.parameters():
            p.grad = None

def network(stages):
    return nn.Sequential(*[nn.Sequential(*[Block() for _ in range(10)]) for _ in range(stages)])
"""
PACED = "%%autograd_trace\ntrain(network({stages}), {iterations}, rate=1000)"
FAST = "%%autograd_trace\ntrain(network(10), {iterations})"
TIMES = "print(json.dumps(tick.times))"

# What the page shows and gets, and when: the label of the canvas says iteration, nodes and steps.
WATCH = """() => {
    const seen = window.seen = { shown: [], gaps: [], tasks: [], frames: [] };
    const clock = () => performance.timeOrigin + performance.now();
    const note = text => {
        const found = /iteration (\\d+): (\\d+) nodes, (\\d+) backward/.exec(text);
        if (found) requestAnimationFrame(() => setTimeout(() => {
            seen.shown.push([clock(), ...found.slice(1).map(Number)]);
        }));
    };
    new MutationObserver(changes => {
        for (const { target } of changes) note(target.getAttribute('aria-label') ?? '');
    }).observe(document.body, { subtree: true, attributes: true, attributeFilter: ['aria-label'] });
    new PerformanceObserver(list => {
        for (const task of list.getEntries()) seen.tasks.push(task.duration);
    }).observe({ type: 'longtask' });
    let last = performance.now();
    const beat = now => {
        seen.gaps.push(now - last);
        last = now;
        requestAnimationFrame(beat);
    };
    requestAnimationFrame(beat);
    const panel = window.jupyterapp.shell.currentWidget;
    panel.sessionContext.session.kernel.iopubMessage.connect((_, message) => {
        if (message.content.data?.content?.type !== 'frame') return;
        const bytes = message.buffers.reduce((sum, buffer) => sum + buffer.byteLength, 0);
        seen.frames.push([Date.parse(message.header.date) / 1000, bytes]);
    });
}"""
BEGIN = "() => { for (const list of Object.values(window.seen)) list.length = 0; }"
PATIENCE = 300_000
"""Milliseconds that a run may take."""


def run_watched(lab: Any, cell: str, rounds: int) -> Iterator[dict[str, Any]]:
    """Run a cell several times, each time with what the page saw of it."""
    lab.open(SETUP, cell, TIMES)
    lab.run_cell(0)
    lab.page.set_default_timeout(PATIENCE)
    lab.page.evaluate(WATCH)
    for _ in range(rounds):
        lab.page.wait_for_timeout(1000)
        lab.page.evaluate(BEGIN)
        lab.run_cell(1)
        lab.page.wait_for_timeout(1500)
        yield lab.page.evaluate("window.seen")


def delays(seen: dict[str, Any], times: list[float], nodes: int) -> list[float]:
    """Milliseconds from each event to the first picture with it, sorted.

    Parameters
    ----------
    seen : dict
        What the page saw.
    times : list of float
        When the events happened: those of a forward, those of its backward, and so on.
    nodes : int
        Events in a forward; as many are in a backward.
    """
    found: list[float] = []
    for when, iteration, made, reached in sorted(seen["shown"]):
        events = 2 * nodes * iteration + min(made, nodes) + min(reached, nodes)
        found += [when - 1e3 * time for time in times[len(found) : events]]
    assert len(found) == len(times), f"{len(times) - len(found)} events were never shown"
    return sorted(found)


def paced(lab: Any, stages: int, iterations: int, rounds: int) -> None:
    """From an event to its picture, at 1,000 events a second."""
    cell = PACED.format(stages=stages, iterations=iterations)
    found = [
        delays(seen, json.loads(lab.run_cell(2)), 100 * stages)
        for seen in run_watched(lab, cell, rounds)
    ]
    middle, late, last = (
        statistics.median(times[int(part * (len(times) - 1))] for times in found)
        for part in (0.5, 0.99, 1)
    )
    what = f"node event to pixel, {iterations} iterations of {100 * stages} nodes"
    row(what, f"{middle:.0f}, {late:.0f}, {last:.0f} ms", "median, 99%, worst; aim: < 250 ms")


def flushes(frames: list[list[float]]) -> list[float]:
    """When a flush began: its frames follow one another at once."""
    begins = [frames[0][0]]
    for (before, _), (when, _) in itertools.pairwise(frames):
        if when - before > 0.02:
            begins.append(when)
    return begins


def fast(lab: Any, iterations: int, rounds: int) -> None:
    """A run that makes more than a browser can draw: what it costs the page and the notebook."""
    worst, rates, most, largest = [], [], [], []
    empty = None
    for seen in run_watched(lab, FAST.format(iterations=iterations), rounds):
        empty = empty or len(json.dumps(_without_outputs(lab.save())))
        worst.append(max([*seen["gaps"], *seen["tasks"]]))
        seconds = seen["frames"][-1][0] - seen["frames"][0][0]
        begins = flushes(seen["frames"])
        rates.append((len(begins) - 1) / seconds)
        most.append(sum(size for _, size in seen["frames"]) / seconds)
        largest.append(max(size for _, size in seen["frames"]))
    title(f"{iterations} iterations of 1,000 nodes, as fast as they can ({seconds:.0f} s)")
    row("longest stop of the page", f"{statistics.median(worst):.0f} ms", "aim: < 100 ms")
    row("... worst of the runs", f"{max(worst):.0f} ms")
    row("flushes a second", f"{max(rates):.1f}", "aim: <= 20")
    row("bytes a second", f"{max(most) / 1e6:.2f} MB", "bound: 2.1 MB")
    row("largest buffer", f"{max(largest) / 1024:.0f} KiB", "aim: < 256 KiB")
    saved, pictures, state = sizes(lab)
    row("saved notebook: pictures and their texts", f"{pictures / 1e3:.0f} KB")
    row("... all the rest that it grew", f"{(saved - empty - pictures) / 1e3:.1f} KB")
    row("... with the widget's state saved", f"{state / 1e3:.0f} KB", "aim: <= 1 MB")


def sizes(lab: Any) -> tuple[int, int, int]:
    """Bytes of the saved notebook, of the pictures in it, and of the widgets' state if saved."""
    notebook = lab.save()
    pictures = sum(
        len(json.dumps(output["data"]))
        for cell in notebook["cells"]
        for output in cell["outputs"]
        if "image/svg+xml" in output.get("data", {})
    )
    state = lab.save_with_widgets()["metadata"]["widgets"]
    return len(json.dumps(notebook)), pictures, len(json.dumps(state))


def _without_outputs(notebook: dict[str, Any]) -> dict[str, Any]:
    return {**notebook, "cells": [{**cell, "outputs": []} for cell in notebook["cells"]]}


def main() -> None:
    """Print the figures."""
    sys.path.insert(0, str(ROOT / "tests"))
    from browser.lab import Lab
    from browser.server import browser_without_window, jupyter_server

    with (
        tempfile.TemporaryDirectory() as folder,
        jupyter_server(Path(folder) / "lab") as server,
        browser_without_window() as browser,
    ):
        lab = Lab(browser.new_page(viewport={"width": 1280, "height": 900}), *server)
        lab.start()
        title("Live graph in JupyterLab, 1,000 events a second")
        paced(lab, stages=1, iterations=20, rounds=5)
        paced(lab, stages=10, iterations=3, rounds=5)
        fast(lab, iterations=1000, rounds=5)
        lab.end()
