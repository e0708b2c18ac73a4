"""What listening costs: nobody, a ring buffer, full statistics."""

from __future__ import annotations

import gc
import os
from collections.abc import Callable
from contextlib import AbstractContextManager
from typing import Any

from . import models
from .timing import compare, row, title


def traced(step: Callable[[], None], trace: Callable[[], AbstractContextManager[Any]]) -> Any:
    """`step` with a recorder that stays attached from call to call."""

    def run() -> None:
        with trace():
            step()

    return run


def main() -> None:
    """Print what tracing costs."""
    import torch

    import autograd_core as ag

    torch.set_num_threads(1)
    title("Tracing (ratio = traced / untraced, unless it says PyTorch)")
    for name, model, limit in (
        ("tiny-op chain", models.tiny_chain, "<= 1.15"),
        ("digits MLP", models.digits_mlp, "<= 1.05"),
    ):
        step = model(ag)
        ring = compare(traced(step, lambda: ag.debug.trace(stats="off")), step)
        row(f"{name}: ring buffer", f"{ring.ratio:.2f}x", limit)
        for stats in ("basic", "full"):
            full = compare(traced(step, lambda s=stats: ag.debug.trace(stats=s)), model(torch))
            row(f"{name}: {stats} statistics, against PyTorch untraced", f"{full.ratio:.2f}x", "<= 1.0")
    memory_per_node()


def memory_per_node() -> None:
    """Bytes that a trace holds for each node, everything included."""
    import autograd_core as ag

    step = models.tiny_chain(ag, 100_000)
    with ag.debug.trace(stats="full", memory=1 << 30) as t:
        gc.collect()
        before = resident()
        step()
        held = resident() - before
    count = len(t.nodes)
    row("trace memory a node (resident growth over the run)", f"{held / count:.0f} B", "")
    row("trace memory a node (what the trace counts)", f"{t.nbytes / count:.0f} B", "< 400 B")


def resident() -> int:
    """Resident bytes of this process."""
    with open("/proc/self/statm") as file:
        return int(file.read().split()[1]) * os.sysconf("SC_PAGE_SIZE")
