"""What listening costs: nobody, a ring buffer, full statistics."""

from __future__ import annotations

import gc
import os
from collections.abc import Callable
from typing import Any

from . import models
from .timing import compare, row, title


def block(step: Callable[[], None], count: int) -> Callable[[], None]:
    """`count` steps in a row."""

    def run() -> None:
        for _ in range(count):
            step()

    return run


def traced(run: Callable[[], None], stats: str) -> Callable[[], None]:
    """The same inside one ``trace()``."""
    import autograd_core as ag

    def inside() -> None:
        with ag.debug.trace(stats=stats):
            run()

    return inside


def main() -> None:
    """Print what tracing costs."""
    import torch

    import autograd_core as ag

    torch.set_num_threads(1)
    title("Tracing")
    off()
    for name, model, count, limit in (
        ("tiny-op chain, 60 iterations", models.tiny_chain, 60, "<= 1.15"),
        ("digits MLP, 600 iterations", models.digits_mlp, 600, "<= 1.05"),
    ):
        run, reference = block(model(ag), count), block(model(torch), count)
        ring = compare(traced(run, "off"), run, 15)
        row(f"{name}: ring buffer / untraced", f"{ring.ratio:.2f}x", limit)
        for stats, aim in (("basic", ""), ("full", "<= 1.0 on the chain")):
            found = compare(traced(run, stats), reference, 15)
            row(f"{name}: {stats} statistics / PyTorch untraced", f"{found.ratio:.2f}x", aim)
    memory_per_node()


def off() -> None:
    """The engine with nobody listening, against one that has no such check at all."""
    import autograd_core as ag
    from autograd_core._tensor import Tensor
    from autograd_core.declare import REGISTRY

    names = {"mul": "__mul__", "add": "__add__", "sub": "__sub__", "tanh": "tanh"}
    normal = {name: REGISTRY[name].build() for name in names}
    deaf = {name: without_tap(REGISTRY[name]) for name in names}
    step = models.tiny_chain(ag)

    def using(functions: dict[str, Any]) -> Callable[[], None]:
        def run() -> None:
            for name, method in names.items():
                setattr(Tensor, method, functions[name])
            step()

        return run

    found = compare(using(normal), using(deaf), 100)
    using(normal)()
    row("tiny-op chain: nobody listens / without the checks", f"{found.ratio:.3f}x", "<= 1.02")


def without_tap(op: Any) -> Callable[..., Any]:
    """An op's fast path with every line about listening taken out."""
    from autograd_core import template

    kept, inside = [], None
    for line in template.source(op).split("\n"):
        indent = len(line) - len(line.lstrip())
        inside = inside if inside is not None and indent > inside else None
        if "if sinks is not None:" in line:
            inside = indent
        if inside is None and "state.tap" not in line and "sinks" not in line:
            kept.append(line)
    scope = template._names(op)
    exec("\n".join(kept), scope)
    return scope[op.name]


def memory_per_node() -> None:
    """Bytes a node: what the process grows by, and what the trace counts of its own.

    The chain runs untraced first, so that the process has already grown by what the graph
    itself needs.  Tables reserve their budget as virtual memory, of which some is touched
    at once: short recordings pay that fixed part for few nodes.
    """
    import autograd_core as ag

    step = models.tiny_chain(ag, 100_000)
    for iterations in (1, 3):
        step()
        step()
        gc.collect()
        before = resident()
        with ag.debug.trace(stats="full") as t:
            for _ in range(iterations):
                step()
        count = len(t.nodes)
        gc.collect()
        held, counted = (resident() - before) / count, t.nbytes / count
        row(
            f"trace memory a node, {count:,} nodes: growth of the process",
            f"{held:.0f} B",
            "< 400 B",
        )
        row(f"trace memory a node, {count:,} nodes: counted", f"{counted:.0f} B", "< 400 B")
        del t


def resident() -> int:
    """Resident bytes of this process."""
    with open("/proc/self/statm") as file:
        return int(file.read().split()[1]) * os.sysconf("SC_PAGE_SIZE")
