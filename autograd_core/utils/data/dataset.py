"""Data sets: one sample for each index, streams of samples, and sets made of others."""

from __future__ import annotations

import math
import warnings
from bisect import bisect_right
from collections.abc import Iterable, Iterator, Sequence
from itertools import accumulate
from typing import Any, Generic, TypeVar

from ..._tensor import Tensor
from ...ops.sampling import randperm
from ...random import Generator, default_generator

T_co = TypeVar("T_co", covariant=True)
T = TypeVar("T")


class Dataset(Generic[T_co]):
    """Samples by index: subclasses have ``__getitem__``, and usually ``__len__``.

    ``__getitems__(indices)``, where there is one, gives all samples of a batch at once.
    """

    def __getitem__(self, index: Any) -> T_co:
        """One sample."""
        raise NotImplementedError("Subclasses of Dataset should implement __getitem__.")

    def __add__(self, other: Dataset[Any]) -> Dataset[Any]:
        return ConcatDataset([self, other])


class IterableDataset(Dataset[T_co], Iterable[T_co]):
    """A stream of samples: subclasses have ``__iter__``.

    Each worker process iterates over a copy of its own.  So that samples do not come once for
    each worker, `get_worker_info` in ``__iter__`` (or in ``worker_init_fn``) says which part
    is this worker's.
    """

    def __add__(self, other: Dataset[Any]) -> Dataset[Any]:
        return ChainDataset([self, other])


class TensorDataset(Dataset[tuple[Tensor, ...]]):
    """Rows of tensors: sample i is row i of each.

    Parameters
    ----------
    *tensors : Tensor
        Of one length in the first dimension.

    Examples
    --------
    >>> import autograd_core as ag
    >>> from autograd_core.utils.data import TensorDataset
    >>> pairs = TensorDataset(ag.arange(3), ag.tensor([1.0, 2.0, 3.0]))
    >>> pairs[1]
    (tensor(1), tensor(2.))
    """

    def __init__(self, *tensors: Tensor):
        if not tensors:
            raise ValueError("TensorDataset needs at least one tensor")
        lengths = [t.size(0) for t in tensors]
        if any(n != lengths[0] for n in lengths):
            raise AssertionError(f"Size mismatch between tensors: their first sizes are {lengths}")
        self.tensors = tensors

    def __getitem__(self, index: Any) -> tuple[Tensor, ...]:
        """Row `index` of each tensor."""
        return tuple(t[index] for t in self.tensors)

    def __len__(self) -> int:
        return int(self.tensors[0].size(0))


# ------------------------------------------------------------------ sets made of others


class StackDataset(Dataset[Any]):
    """Data sets side by side: sample i is a tuple, or a dict, of their samples i.

    Parameters
    ----------
    *args, **kwargs : Dataset
        Of one length; by position for tuples, by name for dicts.
    """

    datasets: tuple[Any, ...] | dict[str, Any]

    def __init__(self, *args: Any, **kwargs: Any):
        if args and kwargs:
            raise ValueError(
                "Supported either ``tuple``- (via ``args``) or ``dict``- (via ``kwargs``) like "
                "input/output, but both types are given."
            )
        if not args and not kwargs:
            raise ValueError("At least one dataset should be passed")
        self.datasets = args or kwargs
        lengths = [len(d) for d in self._sets()]
        if any(n != lengths[0] for n in lengths):
            raise ValueError(f"Size mismatch between datasets: their lengths are {lengths}")
        self._length = lengths[0]

    def _sets(self) -> tuple[Any, ...]:
        return tuple(self.datasets.values() if isinstance(self.datasets, dict) else self.datasets)

    def _sample(self, parts: Iterable[Any]) -> Any:
        if isinstance(self.datasets, dict):
            return dict(zip(self.datasets, parts, strict=True))
        return tuple(parts)

    def __getitem__(self, index: Any) -> Any:
        """Sample `index` of each."""
        return self._sample(d[index] for d in self._sets())

    def __getitems__(self, indices: Sequence[Any]) -> list[Any]:
        """Several samples, fetched together from those sets that can."""
        columns = [fetch_many(d, indices) for d in self._sets()]
        for column in columns:
            if len(column) != len(indices):
                raise ValueError(
                    "Nested dataset's output size mismatch. "
                    f"Expected {len(indices)}, got {len(column)}"
                )
        return [self._sample(row) for row in zip(*columns, strict=True)]

    def __len__(self) -> int:
        return self._length


def fetch_many(dataset: Any, indices: Sequence[Any]) -> Any:
    """Several samples of a data set, all at once where it has ``__getitems__``."""
    together = getattr(dataset, "__getitems__", None)
    return together(indices) if together else [dataset[i] for i in indices]


class ConcatDataset(Dataset[T_co]):
    """Data sets one behind the other.

    Parameters
    ----------
    datasets : iterable of Dataset
        Each with a length.
    """

    def __init__(self, datasets: Iterable[Any]):
        self.datasets = list(datasets)
        if not self.datasets:
            raise AssertionError("datasets should not be an empty iterable")
        if any(isinstance(d, IterableDataset) for d in self.datasets):
            raise AssertionError("ConcatDataset does not support IterableDataset")
        self.cumulative_sizes = list(accumulate(len(d) for d in self.datasets))

    def __len__(self) -> int:
        return self.cumulative_sizes[-1]

    def __getitem__(self, idx: int) -> Any:
        """Sample `idx` of all; negative ones count from the end."""
        if idx < 0:
            if -idx > len(self):
                raise ValueError("absolute value of index should not exceed dataset length")
            idx += len(self)
        if idx >= len(self):
            raise IndexError(f"index {idx} is out of range for a dataset of length {len(self)}")
        which = bisect_right(self.cumulative_sizes, idx)
        before = self.cumulative_sizes[which - 1] if which else 0
        return self.datasets[which][idx - before]


class ChainDataset(IterableDataset[Any]):
    """Streams one behind the other.

    Parameters
    ----------
    datasets : iterable of IterableDataset
        May itself be made on the way.
    """

    def __init__(self, datasets: Iterable[Any]):
        self.datasets = datasets

    def _streams(self) -> Iterator[Any]:
        for d in self.datasets:
            if not isinstance(d, IterableDataset):
                raise AssertionError("ChainDataset only supports IterableDataset")
            yield d

    def __iter__(self) -> Iterator[Any]:
        for d in self._streams():
            yield from d

    def __len__(self) -> int:
        return sum(len(d) for d in self._streams())


class Subset(Dataset[T_co]):
    """Those samples of a data set that a list of indices names.

    Parameters
    ----------
    dataset : Dataset
    indices : sequence of int
        Sample i of the subset is sample ``indices[i]`` of the data set.
    """

    def __init__(self, dataset: Any, indices: Sequence[int]):
        self.dataset = dataset
        self.indices = indices
        kind = type(self)
        if kind.__getitem__ is not Subset.__getitem__ and (
            kind.__getitems__ is Subset.__getitems__
        ):
            raise NotImplementedError(
                f"{kind.__name__} overrides __getitem__ but not __getitems__, which DataLoader "
                "calls for a batch. Add one, for example:\n\n"
                "def __getitems__(self, indices):\n"
                "    return [self.__getitem__(idx) for idx in indices]"
            )

    def __getitem__(self, idx: Any) -> Any:
        """Sample `idx` of the subset; several at once for a list of them."""
        if isinstance(idx, list):
            return self.dataset[[self.indices[i] for i in idx]]
        return self.dataset[self.indices[idx]]

    def __getitems__(self, indices: Sequence[int]) -> Any:
        """Several samples, fetched together if the data set can."""
        return fetch_many(self.dataset, [self.indices[i] for i in indices])

    def __len__(self) -> int:
        return len(self.indices)


# ------------------------------------------------------------------ a set divided at random


def random_split(
    dataset: Any,
    lengths: Sequence[int | float],
    generator: Generator | None = default_generator,
) -> list[Subset[Any]]:
    """Divide a data set at random into subsets that do not overlap.

    Parameters
    ----------
    dataset : Dataset
        With a length.
    lengths : sequence of int or float
        How many samples each subset gets; or fractions with sum 1, rounded down, with what is
        left over dealt out one by one from the first on.
    generator : Generator, optional
        Draws the permutation.

    Returns
    -------
    list of Subset

    Raises
    ------
    ValueError
        If the lengths do not sum to the data set's, or a fraction is not between 0 and 1.

    Examples
    --------
    >>> from autograd_core.utils.data import random_split
    >>> [len(part) for part in random_split(range(10), [0.5, 0.25, 0.25])]
    [6, 2, 2]
    """
    total = sum(lengths)
    counts: list[Any] = list(lengths)
    if math.isclose(total, 1) and total <= 1:
        counts = _from_fractions(len(dataset), lengths)
    if sum(counts) != len(dataset):
        raise ValueError(
            "Sum of input lengths does not equal the length of the input dataset! "
            f"({sum(counts)} and {len(dataset)})"
        )
    if any(n < 0 for n in counts):
        raise ValueError(f"lengths must not be negative, got {list(lengths)}")
    indices = randperm(int(sum(counts)), generator=generator).tolist()
    ends = accumulate(counts)
    return [Subset(dataset, indices[end - n : end]) for end, n in zip(ends, counts, strict=True)]


def _from_fractions(size: int, fractions: Sequence[float]) -> list[int]:
    for i, fraction in enumerate(fractions):
        if not 0 <= fraction <= 1:
            raise ValueError(f"Fraction at index {i} is not between 0 and 1")
    counts = [math.floor(size * fraction) for fraction in fractions]
    for i in range(size - sum(counts)):
        counts[i % len(counts)] += 1
    for i, n in enumerate(counts):
        if n == 0:
            warnings.warn(
                f"Length of split at index {i} is 0. This might result in an empty dataset.",
                stacklevel=3,
            )
    return counts
