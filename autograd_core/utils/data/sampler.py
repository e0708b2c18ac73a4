"""Samplers: the order in which a data set is read, as indices or as lists of indices."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence, Sized
from itertools import islice
from typing import Any, Generic, TypeVar

from ... import dtypes
from ..._tensor import Tensor
from ...ops.create import as_tensor, empty
from ...ops.sampling import multinomial, randint, randperm
from ...random import Generator

T_co = TypeVar("T_co", covariant=True)

_AT_ONCE = 32
"""How many indices are drawn at once with replacement."""


class Sampler(Generic[T_co]):
    """Base of samplers: ``__iter__`` gives indices (or lists of them); ``__len__`` how many."""

    def __iter__(self) -> Iterator[T_co]:
        raise NotImplementedError


class SequentialSampler(Sampler[int]):
    """The indices in order.

    Parameters
    ----------
    data_source : sized
        The data set.
    """

    def __init__(self, data_source: Sized):
        self.data_source = data_source

    def __iter__(self) -> Iterator[int]:
        return iter(range(len(self.data_source)))

    def __len__(self) -> int:
        return len(self.data_source)


class RandomSampler(Sampler[int]):
    """The indices in random order, or drawn with replacement.

    Parameters
    ----------
    data_source : sized
        The data set.
    replacement : bool, default False
        Whether an index may come again before all others came.
    num_samples : int, optional
        How many to draw; the data set's length unless said. Without replacement, more than
        that take another permutation.
    generator : Generator, optional
        Draws them. Without one, a seed is drawn from the default generator for each pass.

    Raises
    ------
    TypeError, ValueError
        If `replacement` is no bool, or `num_samples` no positive int.
    """

    def __init__(
        self,
        data_source: Sized,
        replacement: bool = False,
        num_samples: int | None = None,
        generator: Generator | None = None,
    ):
        self.data_source = data_source
        self.replacement = replacement
        self._num_samples = num_samples
        self.generator = generator
        if not isinstance(replacement, bool):
            raise TypeError(
                f"replacement should be a boolean value, but got replacement={replacement}"
            )
        _check_positive("num_samples", self.num_samples)

    @property
    def num_samples(self) -> int:
        """How many indices a pass gives."""
        return len(self.data_source) if self._num_samples is None else self._num_samples

    def __iter__(self) -> Iterator[int]:
        n, left = len(self.data_source), self.num_samples
        generator = self.generator or Generator().manual_seed(random_seed(None))
        while left:
            if self.replacement:
                drawn = randint(n, (min(left, _AT_ONCE),), generator=generator).tolist()
            else:
                drawn = randperm(n, generator=generator).tolist()[:left]
            yield from drawn
            left -= len(drawn)

    def __len__(self) -> int:
        return self.num_samples


def random_seed(generator: Generator | None) -> int:
    """A seed drawn from a generator (the default one for None)."""
    return int(empty((), dtype=dtypes.int64).random_(generator=generator).item())


def _check_positive(name: str, value: Any) -> None:
    if not isinstance(value, int) or isinstance(value, bool) or value <= 0:
        raise ValueError(f"{name} should be a positive integer value, but got {name}={value}")


class SubsetRandomSampler(Sampler[int]):
    """The given indices in random order.

    Parameters
    ----------
    indices : sequence of int
    generator : Generator, optional
    """

    def __init__(self, indices: Sequence[int], generator: Generator | None = None):
        self.indices = indices
        self.generator = generator

    def __iter__(self) -> Iterator[int]:
        for i in randperm(len(self.indices), generator=self.generator).tolist():
            yield self.indices[i]

    def __len__(self) -> int:
        return len(self.indices)


class WeightedRandomSampler(Sampler[int]):
    """Indices below ``len(weights)``, drawn with those probabilities.

    Parameters
    ----------
    weights : sequence of float
        Their sum need not be 1.
    num_samples : int
        How many to draw.
    replacement : bool, default True
        Whether an index may be drawn again.
    generator : Generator, optional

    Raises
    ------
    ValueError
        If an argument is not of these kinds.
    """

    weights: Tensor

    def __init__(
        self,
        weights: Sequence[float],
        num_samples: int,
        replacement: bool = True,
        generator: Generator | None = None,
    ):
        _check_positive("num_samples", num_samples)
        if not isinstance(replacement, bool):
            raise ValueError(
                f"replacement should be a boolean value, but got replacement={replacement}"
            )
        self.weights = as_tensor(weights, dtype=dtypes.float64)
        if self.weights.ndim != 1:
            raise ValueError(
                "weights should be a 1d sequence but given "
                f"weights have shape {tuple(self.weights.shape)}"
            )
        self.num_samples = num_samples
        self.replacement = replacement
        self.generator = generator

    def __iter__(self) -> Iterator[int]:
        drawn = multinomial(
            self.weights, self.num_samples, self.replacement, generator=self.generator
        )
        yield from drawn.tolist()

    def __len__(self) -> int:
        return self.num_samples


class BatchSampler(Sampler[list[int]]):
    """Lists of so many indices of another sampler.

    Parameters
    ----------
    sampler : Sampler or iterable
        Gives the indices.
    batch_size : int
        How many in a list.
    drop_last : bool
        Whether to leave out a last list that is shorter.

    Raises
    ------
    ValueError
        If `batch_size` is no positive int, or `drop_last` no bool.

    Examples
    --------
    >>> from autograd_core.utils.data import BatchSampler, SequentialSampler
    >>> list(BatchSampler(SequentialSampler(range(7)), batch_size=3, drop_last=False))
    [[0, 1, 2], [3, 4, 5], [6]]
    """

    def __init__(self, sampler: Sampler[int] | Iterable[int], batch_size: int, drop_last: bool):
        _check_positive("batch_size", batch_size)
        if not isinstance(drop_last, bool):
            raise ValueError(f"drop_last should be a boolean value, but got drop_last={drop_last}")
        self.sampler = sampler
        self.batch_size = batch_size
        self.drop_last = drop_last

    def __iter__(self) -> Iterator[list[int]]:
        indices = iter(self.sampler)
        while batch := list(islice(indices, self.batch_size)):
            if len(batch) < self.batch_size and self.drop_last:
                return
            yield batch

    def __len__(self) -> int:
        n = len(self.sampler)  # type: ignore[arg-type]
        return n // self.batch_size if self.drop_last else -(-n // self.batch_size)
