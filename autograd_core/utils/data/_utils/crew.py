"""The worker processes of a loader, seen from the main process: pipes, deaths, the end.

Nothing here polls for long: a message, the end of a pipe and the end of a process all wake
`Crew.receive`, so a worker that dies is noticed at once.
"""

from __future__ import annotations

import multiprocessing
import os
import signal
import weakref
from multiprocessing.connection import wait
from time import monotonic
from typing import Any

from .worker import Job, run_worker

_GRACE = 2.0
"""Seconds that a worker gets to finish its task before it is terminated."""
_LOOK = 5.0
"""Seconds after which processes are looked at, should their end not have woken anybody."""


class Crew:
    """Worker processes that run, each with its pipe.

    Parameters
    ----------
    job : Job
        What they do.
    context : multiprocessing context or None
        How they are started; None: the system's way.

    Raises
    ------
    Exception
        What the context raises where the job can't be pickled for the new process.
    """

    def __init__(self, job: Job, context: Any = None):
        context = context or multiprocessing.get_context()
        forks = context.get_start_method() == "fork"
        self.processes: list[Any] = []
        self.links: list[Any] = []
        self._finalizer = weakref.finalize(self, _end, os.getpid(), self.processes, self.links)
        try:
            for worker in range(job.num_workers):
                mine, theirs = context.Pipe()
                self.links.append(mine)
                inherited = tuple(self.links) if forks else ()
                arguments = (job, worker, theirs, inherited)
                process = context.Process(target=run_worker, args=arguments, daemon=True)
                try:
                    process.start()
                finally:
                    theirs.close()
                self.processes.append(process)
        except BaseException:
            self.end()
            raise

    @property
    def ended(self) -> bool:
        """Whether `end` was called."""
        return not self._finalizer.alive

    def end(self) -> None:
        """End the processes: let them finish what they do, but not for long."""
        self._finalizer()

    def send(self, worker: int, message: Any) -> None:
        """Send a message to a worker; RuntimeError if it is dead."""
        try:
            self.links[worker].send(message)
        except OSError:
            raise self._death(worker) from None

    def receive(self, timeout: float | None) -> tuple[int, bytes] | None:
        """The next message of any worker, with its number; None if none came in time.

        Raises
        ------
        RuntimeError
            If a worker died.
        """
        until = None if timeout is None else monotonic() + timeout
        doors = [*self.links, *(p.sentinel for p in self.processes)]
        while True:
            left = _LOOK if until is None else min(_LOOK, until - monotonic())
            ready = wait(doors, max(left, 0))
            for worker, link in enumerate(self.links):
                if link in ready:
                    try:
                        return worker, link.recv_bytes()
                    except (EOFError, OSError):
                        raise self._death(worker) from None
            for worker, process in enumerate(self.processes):
                if not process.is_alive() and not self.links[worker].poll():
                    raise self._death(worker)
            if until is not None and monotonic() >= until:
                return None

    def _death(self, worker: int) -> RuntimeError:
        """The error that says which worker died, and how; all others are ended."""
        process = self.processes[worker]
        process.join(_GRACE)
        code = process.exitcode
        self.end()
        return RuntimeError(
            f"DataLoader worker (pid(s) {process.pid}) exited unexpectedly with exit code {code}"
            f"{_reason(code)}. Use num_workers=0 to run the data set in this process, where an "
            "error can be seen."
        )


def _reason(code: int | None) -> str:
    if code is None:
        return ""
    if code < 0:
        try:
            name = signal.Signals(-code).name
        except ValueError:
            name = f"number {-code}"
        likely = "; the system may have run out of memory" if name == "SIGKILL" else ""
        return f": it was killed by signal {name}{likely}"
    if code == 1:
        return (
            ": its traceback is on stderr. A process that is spawned must be able to import the "
            "data set, and the script needs `if __name__ == '__main__':`"
        )
    return ""


def _end(owner: int, processes: list[Any], links: list[Any]) -> None:
    if os.getpid() != owner:  # a forked copy of the main process's object
        return
    for link in links:
        link.close()
    until = monotonic() + _GRACE
    for process in processes:
        process.join(max(until - monotonic(), 0))
    for process in processes:
        if process.is_alive():
            process.terminate()
            process.join(_GRACE)
        if process.is_alive():
            process.kill()
            process.join()
