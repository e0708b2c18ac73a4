"""A worker process: takes tasks from its pipe, and sends the batches back.

::

    main process                          worker process
    ------------                          --------------
    (task, index)     ------- pipe ---->  fetch, pickle
    Resume()                              start the data set anew
                      <------ pipe -----  (task, batch), (task, Failure) or (task, Ended)
    closes its end    ---- end of file -> leaves

Each worker has a pipe of its own, so one that is killed can leave no lock behind, and the
main process sees the end of file.  Batches leave through a thread, so that the worker goes
on to its next task while the main process is busy elsewhere.
"""

from __future__ import annotations

import pickle
import random
import signal
import threading
import traceback
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from queue import SimpleQueue
from typing import Any, NoReturn

import numpy as np

from .... import random as our_random


@dataclass(frozen=True)
class WorkerInfo:
    """What `get_worker_info` tells inside a worker.

    Attributes
    ----------
    id, num_workers : int
        Which one it is, of how many.
    seed : int
        What its random numbers were seeded with: the loader's base seed plus its `id`.
    dataset : Dataset
        Its own copy.
    """

    id: int
    num_workers: int
    seed: int
    dataset: Any


_info: WorkerInfo | None = None


def get_worker_info() -> WorkerInfo | None:
    """Which worker process of a `DataLoader` this is; None in the main process."""
    return _info


@dataclass
class Job:
    """What all workers of a loader are told when they start."""

    dataset: Any
    make_fetcher: Callable[[], Any] = field(repr=False)
    base_seed: int
    init_fn: Callable[[int], Any] | None
    num_workers: int


class Resume:
    """The message that another pass begins."""


class Ended:
    """The answer to a task for which a stream has no samples left."""


class Failure:
    """The answer to a task that raised: the exception's class, and its traceback as text."""

    def __init__(self, error: BaseException, where: str):
        self.kind: type[BaseException] = type(error)
        self.text = (
            f"Caught {self.kind.__name__} {where}.\n"
            f"Original {''.join(traceback.format_exception(error))}"
        )

    def reraise(self) -> NoReturn:
        """Raise it here: the same class where it takes one string, else RuntimeError."""
        text = _AsItIs(self.text) if issubclass(self.kind, KeyError) else self.text
        try:
            error = self.kind(text)
        except Exception:
            raise RuntimeError(self.text) from None
        raise error


class _AsItIs(str):
    """A KeyError shows its argument's repr, which would be one long line."""

    __slots__ = ()

    def __repr__(self) -> str:
        return str(self)


def run_worker(job: Job, worker: int, link: Any, inherited: Sequence[Any]) -> None:
    """Be worker number `worker` of a job until the other end of `link` is closed.

    `inherited` are the main process's ends of pipes, which a forked process must close:
    while somebody holds them there is no end of file.
    """
    for other in inherited:
        other.close()
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # the main process decides what Ctrl-C ends
    answers: SimpleQueue[bytes | None] = SimpleQueue()
    sender = threading.Thread(target=_send, args=(link, answers), daemon=True)
    sender.start()
    answer = _start(job, worker)
    while True:
        try:
            message = link.recv()
        except (EOFError, OSError):
            break
        if isinstance(message, Resume):
            answer = _guarded(worker, lambda: _answering(job))
        else:
            number, index = message
            answers.put(_packed(number, answer(index), worker))
    answers.put(None)
    sender.join()


def _send(link: Any, answers: SimpleQueue[bytes | None]) -> None:
    try:
        while (data := answers.get()) is not None:
            link.send_bytes(data)
    except OSError:
        pass  # nobody listens any more


def _packed(number: int, result: Any, worker: int) -> bytes:
    """An answer as bytes; if it can't be pickled, that is the answer."""
    try:
        return pickle.dumps((number, result), protocol=5)
    except Exception as error:
        failure = Failure(error, _where(worker))
        if isinstance(result, Failure):  # its class is known in the worker only
            failure.kind, failure.text = RuntimeError, result.text
        try:
            return pickle.dumps((number, failure), protocol=5)
        except Exception:
            failure.kind = RuntimeError
            return pickle.dumps((number, failure), protocol=5)


def _where(worker: int) -> str:
    return f"in DataLoader worker process {worker}"


def _guarded(worker: int, do: Callable[[], Callable[[Any], Any]]) -> Callable[[Any], Any]:
    """What answers tasks; where making it, or a task, raises, the answer is a `Failure`."""
    try:
        answer = do()
    except Exception as error:
        failure = Failure(error, _where(worker))
        return lambda index: failure

    def guarded(index: Any) -> Any:
        try:
            return answer(index)
        except Exception as error:
            return Failure(error, _where(worker))

    return guarded


def _start(job: Job, worker: int) -> Callable[[Any], Any]:
    def start() -> Callable[[Any], Any]:
        global _info
        seed = job.base_seed + worker
        seed_everything(job.base_seed, worker)
        _info = WorkerInfo(worker, job.num_workers, seed, job.dataset)
        if job.init_fn is not None:
            job.init_fn(worker)
        return _answering(job)

    return _guarded(worker, start)


def _answering(job: Job) -> Callable[[Any], Any]:
    fetcher = job.make_fetcher()

    def answer(index: Any) -> Any:
        try:
            return fetcher.fetch(index)
        except StopIteration:
            if not hasattr(fetcher, "samples"):
                raise
            return Ended()

    return answer


def seed_everything(base_seed: int, worker: int) -> None:
    """Seed Python's, NumPy's and our random numbers for a worker.

    Python's and ours start from ``base_seed + worker``; NumPy's global stream, whose generator
    is Python's, from a hash of both, so that the two do not give the same numbers.
    """
    random.seed(base_seed + worker)
    our_random.manual_seed(base_seed + worker)
    words = [worker, base_seed & 0xFFFFFFFF, base_seed >> 32, 0]
    np.random.seed(np.random.SeedSequence(words).generate_state(4))  # noqa: NPY002
