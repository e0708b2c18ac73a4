"""Train a small network on handwritten digits under the tracer, and show the graph.

With --pause the second step stops in the middle of backward, at an (Autograd) prompt: try
grad, forward, over, back, why, graph, continue.
"""

from __future__ import annotations

import argparse
from contextlib import nullcontext
from pathlib import Path
from typing import TYPE_CHECKING, Any

from . import view

if TYPE_CHECKING:
    from autograd_core import Tensor

COMMAND = "demo [--pause] [--no-open]"


def add_arguments(command: argparse.ArgumentParser) -> None:
    """What follows ``demo``."""
    command.add_argument("--pause", action="store_true", help="stop inside a backward pass")
    command.add_argument(
        "--no-open", action="store_true", help="only write the page, and say where it is"
    )


def run(given: argparse.Namespace) -> int:
    """Train, print, write the page and open it."""
    from autograd_core import debug

    images, labels = digits()
    pause: Any = nullcontext()
    if given.pause:
        pause = debug.debugger().session(["op:Relu and iter == 1"])
    with pause, debug.trace() as trace:
        losses = train(images, labels)
    print(trace.tree(max_lines=40))
    print(trace.flow())
    print("loss   " + " → ".join(f"{loss:.3f}" for loss in losses))
    where = Path("autograd_core_demo.html")
    where.write_text(view.page(trace, "autograd_core demo"), encoding="utf-8")
    print(f"page   {where.resolve()}")
    if not given.no_open:
        view.open_in_browser(where)
    return 0


def digits() -> tuple[Tensor, Tensor]:
    """(images, labels): 1797 of 64 pixels each, from scikit-learn."""
    import autograd_core as ag

    try:
        from sklearn.datasets import load_digits
    except ImportError:
        raise ImportError(
            "the demo trains on scikit-learn's digits: pip install scikit-learn"
        ) from None
    found = load_digits()
    return ag.tensor(found.data / 16, dtype=ag.float32), ag.tensor(found.target)


def train(images: Tensor, labels: Tensor, steps: int = 8) -> list[float]:
    """A few steps of an ordinary training loop; gives the losses."""
    import autograd_core as ag
    from autograd_core import nn, optim

    ag.manual_seed(0)
    model = nn.Sequential(nn.Linear(64, 32), nn.ReLU(), nn.Linear(32, 10))
    optimizer = optim.Adam(model.parameters(), lr=0.02)
    losses = []
    for _ in range(steps):
        optimizer.zero_grad()
        loss = nn.functional.cross_entropy(model(images[:512]), labels[:512])
        loss.backward()
        optimizer.step()
        losses.append(loss.item())
    return losses
