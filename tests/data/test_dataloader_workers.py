"""Worker processes: order, seeds, errors, deaths, and that they end with their iterator."""

import gc
import multiprocessing
import os
import random
import signal
import subprocess
import sys
import textwrap
from pathlib import Path

import numpy as np
import pytest
import worker_datasets as w

import autograd_core as ag
from autograd_core.utils.data import DataLoader, TensorDataset

# On a machine with one processor a second worker is warned of.
pytestmark = [
    pytest.mark.filterwarnings("ignore:This DataLoader will create:UserWarning"),
    pytest.mark.filterwarnings("ignore:.*fork.*:DeprecationWarning"),
]
METHODS = multiprocessing.get_all_start_methods()


def processes(iterator):
    return list(iterator.crew.processes)


@pytest.mark.parametrize("method", METHODS)
def test_the_same_batches_in_the_same_order_as_without(method):
    alone = [(x.tolist(), y.tolist()) for x, y in DataLoader(w.Squares(11), 2)]
    loader = DataLoader(w.Squares(11), 2, num_workers=2, multiprocessing_context=method)
    assert [(x.tolist(), y.tolist()) for x, y in loader] == alone
    assert [(x.tolist(), y.tolist()) for x, y in loader] == alone


def test_every_worker_works_and_none_outlives_the_pass():
    iterator = iter(DataLoader(w.WhoReads(8), batch_size=None, num_workers=2))
    running = processes(iterator)
    found = list(iterator)
    assert {who for who, _ in found} == {0, 1}
    assert {pid for _, pid in found} == {p.pid for p in running}
    assert not any(p.is_alive() for p in running)
    assert list(iterator) == []


def test_batches_can_be_written_to_and_keep_their_types():
    data = TensorDataset(ag.zeros(4, 2, dtype=ag.float16), ag.ones(4, dtype=ag.bool))
    for x, y in DataLoader(data, 2, num_workers=1):
        assert (x.dtype, y.dtype) == (ag.float16, ag.bool)
        x += 1
        assert x.tolist() == [[1, 1], [1, 1]]


def test_large_batches_while_nobody_reads():
    """Answers larger than a pipe holds, tasks larger than a pipe holds, and no deadlock."""
    rows = [list(range(i, i + 40_000)) for i in range(6)]
    loader = DataLoader(range(50_000), batch_sampler=rows, num_workers=1, prefetch_factor=5)
    iterator = iter(loader)
    assert [b.tolist() for b in iterator] == rows


def test_streams_are_divided_and_end_one_by_one():
    loader = DataLoader(w.Stream(5, 1), 2, num_workers=2)
    assert [b.tolist() for b in loader] == [[0, 1], [100], [2, 3], [4]]
    loader = DataLoader(w.Stream(0, 0), 2, num_workers=2)
    assert list(loader) == []


def test_the_same_stream_order_as_torch():
    torch = pytest.importorskip("torch")

    class TheirStream(torch.utils.data.IterableDataset):
        def __iter__(self):
            info = torch.utils.data.get_worker_info()
            return iter(range(100 * info.id, 100 * info.id + (7, 2, 4)[info.id]))

    options = {"batch_size": 2, "num_workers": 3, "multiprocessing_context": "fork"}
    theirs = torch.utils.data.DataLoader(TheirStream(), **options)
    ours = DataLoader(w.Stream(7, 2, 4), **options)
    assert [b.tolist() for b in ours] == [b.tolist() for b in theirs]


def test_out_of_order_nothing_is_lost():
    loader = DataLoader(range(20), 3, num_workers=2, in_order=False)
    assert sorted(x for b in loader for x in b.tolist()) == list(range(20))


def test_persistent_workers_stay():
    loader = DataLoader(w.WhoReads(4), batch_size=None, num_workers=2, persistent_workers=True)
    first = list(loader)
    assert list(loader) == first
    left = iter(loader)
    next(left)
    assert list(loader) == first  # a pass that was left: its answers are dropped
    running = processes(left)
    assert all(p.is_alive() for p in running)
    del loader, left
    gc.collect()
    assert not any(p.is_alive() for p in running)


def test_persistent_streams_begin_anew():
    loader = DataLoader(w.Stream(3, 1), num_workers=2, persistent_workers=True)
    for _ in range(2):
        assert [b.item() for b in loader] == [0, 100, 1, 2]


# ------------------------------------------------------------------ random numbers


def draws(seed):
    loader = DataLoader(
        w.Draws(4), batch_size=None, num_workers=2, generator=ag.Generator().manual_seed(seed)
    )
    return list(loader)


def test_seeds_are_the_base_seed_and_the_number():
    found = draws(0)
    seeds = {who: seed for seed, who, *_ in found}
    assert seeds[1] == seeds[0] + 1
    for who, seed in seeds.items():
        mine = [numbers for _, id_, *numbers in found if id_ == who]
        python = random.Random(seed)
        ours = ag.Generator().manual_seed(seed)
        for drawn, _, tensor in mine:
            assert drawn == python.random()
            assert tensor == ag.rand((), generator=ours).item()


def test_a_seed_repeats_all_streams_of_all_workers():
    assert draws(1) == draws(1)
    assert draws(1) != draws(2)
    numbers = [x for _, _, *drawn in draws(1) for x in drawn]
    assert len(set(numbers)) == len(numbers)


def test_numpy_is_seeded_as_torch_does():
    torch = pytest.importorskip("torch")
    from torch.utils.data._utils.worker import _generate_state

    from autograd_core.utils.data._utils.worker import seed_everything

    kept = random.getstate(), np.random.get_state(), ag.get_rng_state()  # noqa: NPY002
    try:
        for base in (0, 7, 2**40 + 3, 2**63 - 1):
            for worker in (0, 1, 5):
                seed_everything(base, worker)
                expected = np.random.RandomState(_generate_state(base, worker))
                assert np.random.rand() == expected.rand()  # noqa: NPY002
    finally:
        random.setstate(kept[0])
        np.random.set_state(kept[1])  # noqa: NPY002
        ag.set_rng_state(kept[2])
    assert torch is not None


def test_worker_init_fn():
    loader = DataLoader(
        w.Environment(2), batch_size=None, num_workers=2, worker_init_fn=w.tell_name,
        multiprocessing_context="spawn",
    )  # fmt: skip
    assert list(loader) == ["worker 0", "worker 1"]


# ------------------------------------------------------------------ errors


@pytest.mark.parametrize("error", [ValueError, KeyError, FileNotFoundError, ZeroDivisionError])
def test_an_exception_arrives_with_its_class_and_traceback(error):
    loader = DataLoader(w.Raises(4, 1, error, "the message"), batch_size=None, num_workers=2)
    iterator = iter(loader)
    assert next(iterator) == 0
    with pytest.raises(error) as caught:
        next(iterator)
    text = str(caught.value)
    assert f"Caught {error.__name__} in DataLoader worker process 1.\nOriginal Traceback" in text
    assert "worker_datasets.py" in text
    assert "the message" in text
    assert list(iterator) == [2, 3]  # as torch: one can go on


def test_an_exception_that_takes_other_arguments():
    loader = DataLoader(w.Raises(1, 0, w.TwoArguments, 1, 2), num_workers=1)
    with pytest.raises(RuntimeError, match=r"Caught TwoArguments in DataLoader worker process 0"):
        list(loader)


def test_an_exception_that_only_the_worker_knows():
    class Local(Exception):
        pass

    loader = DataLoader(
        w.Raises(1, 0, Local, "deep"), num_workers=1, multiprocessing_context="fork"
    )
    with pytest.raises(RuntimeError, match=r"Caught Local in DataLoader worker(.|\n)*deep"):
        list(loader)


def test_a_sample_that_cannot_be_sent():
    loader = DataLoader(w.Unpicklable(2), batch_size=None, num_workers=1)
    with pytest.raises(Exception, match=r"Caught .* in DataLoader worker process 0") as caught:
        list(loader)
    assert "pickle" in str(caught.value)


def test_a_worker_that_can_not_start_its_work():
    loader = DataLoader(range(2), num_workers=1, worker_init_fn=w.fail_to_start)
    with pytest.raises(OSError, match=r"Caught OSError(.|\n)*worker 0 finds no disk"):
        list(loader)


def test_a_data_set_that_cannot_be_sent_to_a_spawned_worker():
    loader = DataLoader(
        range(2), num_workers=2, collate_fn=lambda x: x, multiprocessing_context="spawn"
    )
    before = set(multiprocessing.active_children())
    with pytest.raises(Exception, match="local object"):
        iter(loader)
    assert set(multiprocessing.active_children()) <= before


# ------------------------------------------------------------------ deaths


@pytest.mark.parametrize(
    ("how", "says"),
    [
        (3, "exit code 3"),
        (signal.SIGKILL, "exit code -9: it was killed by signal SIGKILL.*out of memory"),
        (signal.SIGTERM, "exit code -15: it was killed by signal SIGTERM"),
    ],
)
@pytest.mark.parametrize("method", METHODS)
def test_a_worker_that_dies_is_named(method, how, says):
    loader = DataLoader(
        w.Dies(8, 5, how), batch_size=None, num_workers=2, multiprocessing_context=method
    )
    iterator = iter(loader)
    running = processes(iterator)
    with pytest.raises(RuntimeError, match=f"exited unexpectedly with {says}") as caught:
        list(iterator)
    assert f"(pid(s) {running[1].pid})" in str(caught.value)
    assert not any(p.is_alive() for p in running)
    assert list(iterator) == []


def test_a_worker_killed_between_batches():
    loader = DataLoader(range(100), num_workers=2, persistent_workers=True)
    iterator = iter(loader)
    next(iterator)
    os.kill(processes(iterator)[0].pid, signal.SIGKILL)
    with pytest.raises(RuntimeError, match="killed by signal SIGKILL"):
        list(iterator)
    assert len(list(loader)) == 100  # the next pass has workers of its own


def test_a_timeout():
    loader = DataLoader(w.Sleeps(2), num_workers=1, timeout=0.2)
    iterator = iter(loader)
    running = processes(iterator)
    with pytest.raises(RuntimeError, match=r"DataLoader timed out after 0\.2 seconds"):
        next(iterator)
    assert not any(p.is_alive() for p in running)


def test_workers_end_with_an_iterator_that_is_let_go_of():
    iterator = iter(DataLoader(range(1000), num_workers=2))
    next(iterator)
    running = processes(iterator)
    assert all(p.is_alive() for p in running)
    del iterator
    gc.collect()
    assert not any(p.is_alive() for p in running)


def test_ctrl_c_ends_the_workers():
    def interrupt(*_):
        raise KeyboardInterrupt

    iterator = iter(DataLoader(w.Sleeps(2), num_workers=2))
    running = processes(iterator)
    previous = signal.signal(signal.SIGALRM, interrupt)
    signal.setitimer(signal.ITIMER_REAL, 1.0)
    try:
        with pytest.raises(KeyboardInterrupt):
            next(iterator)
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, previous)
    assert not any(p.is_alive() for p in running)
    assert list(iterator) == []


@pytest.mark.parametrize("method", METHODS)
def test_workers_end_with_a_main_process_that_is_killed(method, tmp_path):
    """They hold the write end of a pipe: its end of file says that all are gone."""
    program = tmp_path / "program.py"
    program.write_text(
        textwrap.dedent(
            f"""
            import os, signal
            from autograd_core.utils.data import DataLoader
            if __name__ == "__main__":
                loader = DataLoader(
                    range(100), num_workers=2, multiprocessing_context={method!r},
                )
                iterator = iter(loader)
                next(iterator)
                print(*(p.pid for p in iterator.crew.processes), flush=True)
                os.kill(os.getpid(), signal.SIGKILL)
            """
        )
    )
    root = Path(__file__).resolve().parent.parent.parent
    done = subprocess.run(
        [sys.executable, "-W", "ignore", str(program)],
        stdout=subprocess.PIPE,
        env={**os.environ, "PYTHONPATH": str(root)},
        timeout=120,
        check=False,
    )  # returns when nobody holds the pipe any more
    assert done.returncode == -signal.SIGKILL
    assert len(done.stdout.split()) == 2


# ------------------------------------------------------------------ the debugger


def test_the_debugger_does_not_pause_in_a_worker():
    class Front(ag.debug.stepping.front.Front):
        def can_ask(self):
            return None

        def read(self, prompt):
            raise AssertionError("a worker was paused")

    debugger = ag.debug.debugger()
    loader = DataLoader(
        w.Gradients(2), batch_size=None, num_workers=1, multiprocessing_context="fork"
    )
    with debugger.session(["op:Tanh"], front=Front()):
        found = [g.tolist() for g in loader]
    x = ag.tensor([0.5, 2.0], requires_grad=True)
    (x * x).tanh().sum().backward()
    assert found == [x.grad.tolist()] * 2
    assert not debugger.missed
