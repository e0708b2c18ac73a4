"""One pass over a loader, in this process or with worker processes."""

from __future__ import annotations

import itertools
import pickle
import warnings
from collections import deque
from collections.abc import Iterator
from functools import partial
from typing import TYPE_CHECKING, Any, NoReturn

from .... import cuda
from ...._tensor import Tensor
from ..dataset import IterableDataset
from ..sampler import random_seed
from .crew import Crew
from .fetch import IterableFetcher, MapFetcher
from .worker import Ended, Failure, Job, Resume

if TYPE_CHECKING:
    from ..dataloader import DataLoader


class BaseIterator:
    """What both ways share: indices, the seed for workers, and a watch on lengths."""

    def __init__(self, loader: DataLoader[Any]):
        self.loader = loader
        self.streams = isinstance(loader.dataset, IterableDataset)
        self._pins = loader.pin_memory and cuda.is_available()
        if loader.pin_memory and not self._pins:
            warnings.warn(
                "'pin_memory' argument is set as true but no accelerator is found, "
                "then device pinned memory won't be used.",
                stacklevel=4,
            )
        self.base_seed = random_seed(loader.generator)
        self._begin()

    def _begin(self) -> None:
        self._indices = iter(self.loader._index_sampler)
        self._yielded = 0

    def _make_fetcher(self) -> partial[Any]:
        loader = self.loader
        kind = IterableFetcher if self.streams else MapFetcher
        return partial(
            kind, loader.dataset, loader._auto_collation, loader.collate_fn, loader.drop_last
        )

    def __iter__(self) -> Iterator[Any]:
        return self

    def __len__(self) -> int:
        return len(self.loader)

    def __next__(self) -> Any:
        data = self._next_data()
        self._yielded += 1
        said = self.loader._length_said
        if self.streams and said is not None and self._yielded > said:
            self._warn_length(said)
        return _pinned(data) if self._pins else data

    def _next_data(self) -> Any:
        raise NotImplementedError

    def _warn_length(self, said: int) -> None:
        text = (
            f"Length of IterableDataset {self.loader.dataset} was reported to be {said} (when "
            f"accessing len(dataloader)), but {self._yielded} samples have been fetched. "
        )
        if self.loader.num_workers:
            text += (
                "For multiprocessing data-loading, this could be caused by not properly "
                "configuring the IterableDataset replica at each worker: see get_worker_info()."
            )
        warnings.warn(text, stacklevel=3)

    def __getstate__(self) -> NoReturn:
        raise NotImplementedError(f"{type(self).__name__} cannot be pickled")


class SingleProcessIterator(BaseIterator):
    """Fetches each batch when it is asked for."""

    def __init__(self, loader: DataLoader[Any]):
        super().__init__(loader)
        self._fetcher = self._make_fetcher()()

    def _next_data(self) -> Any:
        return self._fetcher.fetch(next(self._indices))


class WorkersIterator(BaseIterator):
    """Lets worker processes fetch ahead.

    Tasks have numbers that never come again.  Task and answer go through the worker's own
    pipe, so an answer that nobody waits for (from a pass that was left) is known by its
    number and dropped.
    """

    def __init__(self, loader: DataLoader[Any]):
        super().__init__(loader)
        assert loader.prefetch_factor is not None
        self._ahead = loader.prefetch_factor * loader.num_workers
        self._numbers = itertools.count()
        job = Job(
            loader.dataset, self._make_fetcher(), self.base_seed, loader.worker_init_fn,
            loader.num_workers,
        )  # fmt: skip
        self.crew = Crew(job, loader.multiprocessing_context)
        self._begin_tasks()

    def again(self) -> None:
        """Begin another pass with the same workers."""
        self._begin()
        for worker in range(self.loader.num_workers):
            self.crew.send(worker, Resume())
        self._begin_tasks()

    def _begin_tasks(self) -> None:
        self._waiting: dict[int, int] = {}  # numbers of tasks -> workers, in order
        self._here: dict[int, Any] = {}  # answers that have come
        self._turns = deque(range(self.loader.num_workers))  # who still has samples
        for _ in range(self._ahead):
            self._give_task()

    def _give_task(self) -> None:
        if not self._turns:
            return
        index = next(self._indices, _NONE)
        if index is _NONE:
            return
        worker = self._turns[0]
        if not self.loader.in_order:
            load = list(self._waiting.values())
            worker = min(self._turns, key=load.count)
        self._turns.remove(worker)
        self._turns.append(worker)
        number = next(self._numbers)
        self._waiting[number] = worker
        self.crew.send(worker, (number, index))

    def _next_data(self) -> Any:
        if self.crew.ended:
            raise StopIteration
        try:
            return self._next_answer()
        except StopIteration:
            if not self.loader.persistent_workers:
                self.crew.end()
            raise
        except BaseException as error:
            if not isinstance(error, Exception):  # Ctrl-C: a message may be half read
                self.crew.end()
            raise

    def _next_answer(self) -> Any:
        while self._waiting:
            number = self._ready()
            if number is None:
                self._receive()
                continue
            worker, answer = self._waiting.pop(number), self._here.pop(number)
            if isinstance(answer, Ended):
                if worker in self._turns:
                    self._turns.remove(worker)
                self._give_task()
                continue
            self._give_task()
            if isinstance(answer, Failure):
                answer.reraise()
            return answer
        raise StopIteration

    def _ready(self) -> int | None:
        """The number of the task whose answer is next, if that is here."""
        if not self.loader.in_order:
            return next(iter(self._here), None)
        first = next(iter(self._waiting))
        return first if first in self._here else None

    def _receive(self) -> None:
        timeout = self.loader.timeout
        received = self.crew.receive(timeout or None)
        if received is None:
            self.crew.end()
            raise RuntimeError(
                f"DataLoader timed out after {timeout} seconds: no worker answered. Give a "
                "longer timeout, or use num_workers=0 to see where the data set hangs."
            )
        number, answer = pickle.loads(received[1])
        if number in self._waiting:
            self._here[number] = answer


_NONE = object()


def _pinned(data: Any) -> Any:
    """The tensors of a batch in page-locked memory."""
    from ....autograd.graph import _pinned_copy

    if isinstance(data, Tensor):
        return _pinned_copy(data) if data.device.type == "cpu" else data
    if hasattr(data, "pin_memory"):
        return data.pin_memory()
    if isinstance(data, dict):
        return type(data)({key: _pinned(value) for key, value in data.items()})
    if isinstance(data, tuple) and hasattr(data, "_fields"):
        return type(data)(*(_pinned(part) for part in data))
    if isinstance(data, list | tuple):
        return type(data)(_pinned(part) for part in data)
    return data
