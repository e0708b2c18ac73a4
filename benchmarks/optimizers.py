"""Steps of the optimizers beside PyTorch's: the digits MLP, a hundred small tensors, large ones."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from .timing import row, title

SHAPES = {
    "digits MLP": [(128, 64), (128,), (64, 128), (64,), (10, 64), (10,)],
    "100 small": [(16, 16), (16,)] * 50,
    "4 x 1M": [(1000, 1000)] * 4,
}
OPTIMIZERS: list[tuple[str, dict[str, Any]]] = [
    ("SGD", {}), ("SGD", {"momentum": 0.9}), ("Adam", {}), ("AdamW", {}), ("Adamax", {}),
    ("NAdam", {}), ("RAdam", {}), ("RMSprop", {}), ("Rprop", {}), ("Adagrad", {}),
    ("Adadelta", {}), ("ASGD", {}), ("Adafactor", {}),
]  # fmt: skip


def main() -> None:
    """Print microseconds of processor time a step: ours, PyTorch's default, its foreach."""
    import torch

    import autograd_core as ag

    torch.set_num_threads(1)
    for what, shapes in SHAPES.items():
        title(f"Optimizer steps, {what}: ours / PyTorch / PyTorch foreach, us of processor time")
        for name, settings in OPTIMIZERS:
            steps = [
                stepper(ag, name, shapes, settings),
                stepper(torch, name, shapes, settings),
                stepper(torch, name, shapes, settings | {"foreach": True}),
            ]
            ours, theirs, foreach = (t * 1e6 for t in quickest(steps))
            label = name + (" momentum" if settings else "")
            figures = f"{ours:8.0f} / {theirs:6.0f} / {foreach:6.0f}"
            row(label, figures, f"{ours / theirs:.2f}x, {ours / foreach:.2f}x foreach")


def stepper(
    library: Any, name: str, shapes: Sequence[Any], settings: dict[str, Any]
) -> Callable[[], object]:
    """``step`` of an optimizer over float32 tensors of these shapes, with gradients."""
    rng = np.random.default_rng(0)
    parameters = []
    for shape in shapes:
        p = library.nn.Parameter(library.tensor(rng.normal(size=shape).astype("float32")))
        p.grad = library.tensor(rng.normal(size=shape).astype("float32"))
        parameters.append(p)
    step: Callable[[], object] = getattr(library.optim, name)(parameters, **settings).step
    return step


def quickest(steps: Sequence[Callable[[], object]], rounds: int = 7) -> list[float]:
    """Processor seconds of one call of each, measured in turn; the least of several rounds."""
    least = [float("inf")] * len(steps)
    start = time.process_time()
    steps[0]()
    count = max(2, min(200, int(0.02 / max(1e-6, time.process_time() - start))))
    for _ in range(rounds):
        for i, step in enumerate(steps):
            start = time.process_time()
            for _ in range(count):
                step()
            least[i] = min(least[i], (time.process_time() - start) / count)
    return least
