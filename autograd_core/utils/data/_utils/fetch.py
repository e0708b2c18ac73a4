"""Samples of one batch, from either kind of data set."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from ..dataset import fetch_many

Collate = Callable[[Any], Any]


class MapFetcher:
    """Fetches from a data set with indices."""

    def __init__(self, dataset: Any, batches: bool, collate_fn: Collate, drop_last: bool):
        self.dataset = dataset
        self.batches = batches
        self.collate_fn = collate_fn

    def fetch(self, index: Any) -> Any:
        """The batch of a list of indices; the sample of one index where there are no batches."""
        data = fetch_many(self.dataset, index) if self.batches else self.dataset[index]
        return self.collate_fn(data)


class IterableFetcher:
    """Fetches from a stream."""

    def __init__(self, dataset: Any, batches: bool, collate_fn: Collate, drop_last: bool):
        self.samples = iter(dataset)
        self.batches = batches
        self.collate_fn = collate_fn
        self.drop_last = drop_last
        self.ended = False

    def fetch(self, index: Any) -> Any:
        """The next samples, as many as `index` has; StopIteration at the end."""
        if self.ended:
            raise StopIteration
        if not self.batches:
            return self.collate_fn(next(self.samples))
        data = []
        for _ in index:
            try:
                data.append(next(self.samples))
            except StopIteration:
                self.ended = True
                break
        if not data or (self.drop_last and len(data) < len(index)):
            raise StopIteration
        return self.collate_fn(data)
