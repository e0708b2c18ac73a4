"""What is timed: the same code on either library."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np


def tiny_chain(library: Any, count: int = 1000) -> Callable[[], None]:
    """One forward and backward of a chain of `count` mixed ops on 4x4 float32."""
    values = np.random.default_rng(0).random((4, 4)).astype("float32")
    x = library.tensor(values, requires_grad=True)
    w = library.tensor(values, requires_grad=True)

    def step() -> None:
        y = x
        for _ in range(count // 5):
            y = y * w
            y = y + x
            y = y.tanh()
            y = y - 0.5
            y = y * 1.01
        y.sum().backward()
        x.grad = w.grad = None

    return step


def digits_mlp(library: Any) -> Callable[[], None]:
    """One SGD step of a 64-128-64-10 classifier on 64 handwritten digits."""
    nn = library.nn
    rng = np.random.default_rng(0)
    images = library.tensor(rng.random((64, 64)).astype("float32"))
    labels = library.tensor(rng.integers(0, 10, 64))
    net = nn.Sequential(
        nn.Linear(64, 128), nn.ReLU(), nn.Linear(128, 64), nn.ReLU(), nn.Linear(64, 10)
    )
    loss_fn = nn.CrossEntropyLoss()
    optimizer = library.optim.SGD(net.parameters(), lr=0.1)

    def step() -> None:
        optimizer.zero_grad()
        loss_fn(net(images), labels).backward()
        optimizer.step()

    return step
