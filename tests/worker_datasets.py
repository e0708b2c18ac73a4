"""Data sets that worker processes read in tests; spawned ones must be able to import them."""

import os
import random
import signal
import time

import numpy as np

import autograd_core as ag
from autograd_core.utils.data import Dataset, IterableDataset, get_worker_info


class Squares(Dataset):
    def __init__(self, n):
        self.n = n

    def __len__(self):
        return self.n

    def __getitem__(self, i):
        return ag.tensor(float(i)), i * i


class Raises(Squares):
    """Raises at one index: `error` is made of `arguments`."""

    def __init__(self, n, at, error, *arguments):
        super().__init__(n)
        self.at = at
        self.error = error
        self.arguments = arguments

    def __getitem__(self, i):
        if i == self.at:
            raise self.error(*self.arguments)
        return i


class TwoArguments(Exception):
    def __init__(self, one, two):
        super().__init__(one, two)


class Dies(Squares):
    """Kills its own process, or leaves it, at one index."""

    def __init__(self, n, at, how):
        super().__init__(n)
        self.at = at
        self.how = how

    def __getitem__(self, i):
        if i == self.at:
            if isinstance(self.how, signal.Signals):
                os.kill(os.getpid(), self.how)
            os._exit(self.how)
        return i


class Sleeps(Squares):
    def __getitem__(self, i):
        time.sleep(600)


class WhoReads(Squares):
    """The worker that fetched a sample, and its process."""

    def __getitem__(self, i):
        info = get_worker_info()
        return -1 if info is None else info.id, os.getpid()


class Draws(Squares):
    """One number of each stream of random numbers, and the worker's seed."""

    def __getitem__(self, i):
        info = get_worker_info()
        drawn = random.random(), float(np.random.rand()), ag.rand(()).item()  # noqa: NPY002
        return info.seed, info.id, *drawn


class Unpicklable(Squares):
    def __getitem__(self, i):
        return lambda: i


class Stream(IterableDataset):
    """Numbers up to n; with workers each has its own range of them."""

    def __init__(self, *ends, length=None):
        self.ends = ends
        self.length = length

    def __iter__(self):
        info = get_worker_info()
        which = 0 if info is None else info.id
        return iter(range(100 * which, 100 * which + self.ends[which]))

    def __len__(self):
        if self.length is None:
            raise TypeError("no length")
        return self.length


class Gradients(Squares):
    """Runs a backward in the worker."""

    def __getitem__(self, i):
        x = ag.tensor([0.5, 2.0], requires_grad=True)
        (x * x).tanh().sum().backward()
        return x.grad


def tell_name(worker):
    os.environ["WORKER_OF_TEST"] = f"worker {worker}"


class Environment(Squares):
    def __getitem__(self, i):
        return os.environ.get("WORKER_OF_TEST")


def fail_to_start(worker):
    raise OSError(f"worker {worker} finds no disk")


def as_list(samples):
    return list(samples)
