"""The engine beside PyTorch: tiny ops, a small network, a million nodes, import time."""

from __future__ import annotations

import statistics

from . import models
from .timing import compare, in_process, row, title

MILLION = """
import resource, time
{imports}
def memory():
    return int(open("/proc/self/statm").read().split()[1]) * 4096
x = library.ones(1, requires_grad=True)
(x * 1.0).sum().backward()
x.grad = None
before, start = memory(), time.perf_counter()
y = x
for _ in range(1_000_000):
    y = y * 1.0000001
held = memory() - before
y.sum().backward()
del y
print(time.perf_counter() - start, held / 1e6)
"""

IMPORTS = {
    "autograd_core": "import autograd_core as library",
    "torch": "import torch as library; library.set_num_threads(1)",
}


def main() -> None:
    """Print the engine's figures."""
    import torch

    import autograd_core as ag

    torch.set_num_threads(1)
    title("Engine beside PyTorch CPU, one thread (ratio = ours / PyTorch)")
    for name, model, limit in (
        ("tiny-op chain, 1000 ops of 4x4, forward + backward", models.tiny_chain, "<= 0.65"),
        ("digits MLP 64-128-64-10, batch 64, one SGD step", models.digits_mlp, ""),
    ):
        found = compare(model(ag), model(torch))
        times = f"{found.first_ms:.2f} / {found.second_ms:.2f} ms  {found.ratio:.2f}x"
        row(name, times, limit)
    million()
    import_time()


def million() -> None:
    """A chain of a million nodes: seconds in all, and bytes a node before backward."""
    figures = {}
    for library, imports in IMPORTS.items():
        seconds, held = in_process(MILLION.format(imports=imports)).split()
        figures[library] = float(seconds), float(held)
    ours, theirs = figures["autograd_core"], figures["torch"]
    times = f"{ours[0]:.1f} / {theirs[0]:.1f} s  {ours[0] / theirs[0]:.2f}x"
    row("1,000,000-node chain, forward + backward + free", times, "<= 1.0")
    memory = f"{ours[1]:.0f} / {theirs[1]:.0f} B  {ours[1] / theirs[1]:.2f}x"
    row("    bytes a node", memory, "<= 0.5")


def import_time() -> None:
    """How much longer ``import autograd_core`` takes than ``import numpy``."""
    code = (
        "import time, numpy; t = time.perf_counter(); import autograd_core; "
        "print(time.perf_counter() - t)"
    )
    found = statistics.median(float(in_process(code)) for _ in range(7))
    row("import autograd_core, beyond import numpy", f"{found * 1e3:.0f} ms", "< 150 ms")
