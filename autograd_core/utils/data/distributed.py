"""The part of a data set that one of several training processes reads."""

from __future__ import annotations

import math
from collections.abc import Iterator
from typing import Any

from ...ops.sampling import randperm
from ...random import Generator
from .sampler import Sampler


class DistributedSampler(Sampler[int]):
    """Every `num_replicas`-th index, from `rank` on, of one order that all processes share.

    Parameters
    ----------
    dataset : sized
        The data set.
    num_replicas, rank : int
        How many processes there are, and which one this is. There are no process groups here
        that could be asked, so both must be said.
    shuffle : bool, default True
        Whether the order is random: seeded with ``seed + epoch``, so the same everywhere.
    seed : int, default 0
    drop_last : bool, default False
        Where the length is no multiple of `num_replicas`: leave out the tail, or (default)
        repeat indices from the beginning, so that every process gets as many.

    Raises
    ------
    RuntimeError
        If `num_replicas` or `rank` is not given.
    ValueError
        If `rank` is not in ``[0, num_replicas)``.

    Notes
    -----
    Call `set_epoch` before each pass, or every pass has the same order.
    """

    def __init__(
        self,
        dataset: Any,
        num_replicas: int | None = None,
        rank: int | None = None,
        shuffle: bool = True,
        seed: int = 0,
        drop_last: bool = False,
    ):
        if num_replicas is None or rank is None:
            raise RuntimeError(
                "Requires distributed package to be available, and autograd_core has none: "
                "say num_replicas and rank"
            )
        if not 0 <= rank < num_replicas:
            raise ValueError(
                f"Invalid rank {rank}, rank should be in the interval [0, {num_replicas - 1}]"
            )
        self.dataset = dataset
        self.num_replicas = num_replicas
        self.rank = rank
        self.epoch = 0
        self.drop_last = drop_last
        n = len(dataset)
        self.num_samples = n // num_replicas if drop_last else -(-n // num_replicas)
        self.total_size = self.num_samples * num_replicas
        self.shuffle = shuffle
        self.seed = seed

    def __iter__(self) -> Iterator[int]:
        n = len(self.dataset)
        indices = list(range(n))
        if self.shuffle:
            generator = Generator().manual_seed(self.seed + self.epoch)
            indices = randperm(n, generator=generator).tolist()
        if self.total_size > n:
            indices = (indices * math.ceil(self.total_size / max(n, 1)))[: self.total_size]
        return iter(indices[self.rank : self.total_size : self.num_replicas])

    def __len__(self) -> int:
        return self.num_samples

    def set_epoch(self, epoch: int) -> None:
        """Say which pass comes next: with `shuffle`, each has an order of its own."""
        self.epoch = epoch
