"""The CuPy backend beside PyTorch CUDA, both on one GPU."""

from __future__ import annotations

from typing import Any

import numpy as np

from .timing import compare, row, title


def mlp_step(library: Any, width: int, batch: int) -> Any:
    """Forward, backward and SGD of a two-layer network on the GPU, waiting for the end."""
    rng = np.random.default_rng(0)
    x = library.tensor(rng.random((batch, width)).astype("float32")).to("cuda")
    net = library.nn.Sequential(
        library.nn.Linear(width, width), library.nn.ReLU(), library.nn.Linear(width, 10)
    ).to("cuda")
    optimizer = library.optim.SGD(net.parameters(), lr=0.01)

    def step() -> None:
        optimizer.zero_grad()
        net(x).square().mean().backward()
        optimizer.step()
        library.cuda.synchronize()

    return step


def main() -> None:
    """Print the GPU's figures."""
    import torch

    import autograd_core as ag

    if not ag.cuda.is_available():
        print("gpu: skipped, no GPU (or no CuPy) on this machine")
        return
    title(f"CuPy backend beside PyTorch CUDA on {ag.cuda.get_device_name()}")
    for width, batch in ((128, 64), (1024, 256), (4096, 4096)):
        found = compare(mlp_step(ag, width, batch), mlp_step(torch, width, batch), 20)
        times = f"{found.first_ms:.2f} / {found.second_ms:.2f} ms  {found.ratio:.2f}x"
        row(f"MLP {width}-{width}-10, batch {batch}, one SGD step", times)
