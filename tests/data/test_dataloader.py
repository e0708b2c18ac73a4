"""`DataLoader` in one process: order, batches, seeds, and options that do not fit."""

import pickle

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from worker_datasets import Squares, Stream

import autograd_core as ag
from autograd_core.utils.data import DataLoader, Subset, TensorDataset, get_worker_info


def test_it_is_found_where_torch_has_it():
    assert ag.utils.data.DataLoader is DataLoader
    assert DataLoader.__module__ == "autograd_core.utils.data.dataloader"


@given(st.integers(0, 30), st.integers(1, 7), st.booleans())
def test_batches_in_order(n, size, drop_last):
    loader = DataLoader(Squares(n), batch_size=size, drop_last=drop_last)
    batches = [(x.tolist(), y.tolist()) for x, y in loader]
    expected = [list(range(i, min(i + size, n))) for i in range(0, n, size)]
    if drop_last:
        expected = [b for b in expected if len(b) == size]
    assert batches == [([float(i) for i in b], [i * i for i in b]) for b in expected]
    assert len(loader) == len(expected)


def test_two_passes_and_two_iterators():
    loader = DataLoader(range(4), batch_size=2)
    assert [b.tolist() for b in loader] == [b.tolist() for b in loader] == [[0, 1], [2, 3]]
    one, two = iter(loader), iter(loader)
    assert next(one).tolist() == next(two).tolist() == [0, 1]
    assert next(one).tolist() == [2, 3]


def test_shuffled_anew_in_each_pass_and_repeated_by_a_seed():
    def passes(generator):
        loader = DataLoader(range(50), batch_size=50, shuffle=True, generator=generator)
        return [b.tolist() for _ in range(2) for b in loader]

    ag.manual_seed(3)
    first, second = passes(None)
    assert sorted(first) == sorted(second) == list(range(50))
    assert first != second
    ag.manual_seed(3)
    assert passes(None) == [first, second]
    with_generator = passes(ag.Generator().manual_seed(1))
    assert passes(ag.Generator().manual_seed(1)) == with_generator
    ag.manual_seed(4)
    assert passes(ag.Generator().manual_seed(1)) == with_generator


def test_a_pass_draws_one_seed_even_without_workers():
    """So that the same program draws the same numbers with and without workers."""
    generator = ag.Generator().manual_seed(0)
    before = generator.get_state().tolist()
    iter(DataLoader(range(3), generator=generator))
    after = generator.get_state().tolist()
    assert before != after


def test_samplers_and_batch_samplers():
    assert [b.tolist() for b in DataLoader(range(5), 2, sampler=[4, 0, 2])] == [[4, 0], [2]]
    loader = DataLoader(range(5), batch_sampler=[[0, 1, 2], [4]])
    assert [b.tolist() for b in loader] == [[0, 1, 2], [4]]
    assert loader.batch_size is None
    assert len(loader) == 2


def test_without_batches_samples_come_as_they_are():
    data = [np.arange(2), "b", 3]
    found = list(DataLoader(data, batch_size=None))
    assert found[0].dtype is ag.int64
    assert found[1:] == ["b", 3]
    keys = {"a": 1, "b": 2}
    assert list(DataLoader(keys, batch_size=None, sampler=["b", "a"])) == [2, 1]


def test_a_collate_fn():
    loader = DataLoader(range(4), 2, collate_fn=lambda samples: sum(samples))
    assert list(loader) == [1, 5]


def test_getitems_gets_whole_batches():
    class Rows(Squares):
        def __getitems__(self, indices):
            return [("together", i) for i in indices]

    loader = DataLoader(Subset(Rows(4), [3, 2, 1]), 2, collate_fn=list)
    assert list(loader) == [[("together", 3), ("together", 2)], [("together", 1)]]


def test_streams():
    assert [b.tolist() for b in DataLoader(Stream(5), 2)] == [[0, 1], [2, 3], [4]]
    assert [b.tolist() for b in DataLoader(Stream(5), 2, drop_last=True)] == [[0, 1], [2, 3]]
    assert list(DataLoader(Stream(3), batch_size=None)) == [0, 1, 2]
    assert len(DataLoader(Stream(5, length=5), 2)) == 3
    assert len(DataLoader(Stream(5, length=5), 2, drop_last=True)) == 2
    with pytest.raises(TypeError, match="no length"):
        len(DataLoader(Stream(5), 2))


def test_a_stream_longer_than_it_said():
    loader = DataLoader(Stream(3, length=2), batch_size=None)
    assert len(loader) == 2
    with pytest.warns(UserWarning, match="was reported to be 2 .* but 3 samples") as caught:
        assert list(loader) == [0, 1, 2]
    assert caught[0].filename == __file__


def test_the_main_process_is_no_worker():
    assert get_worker_info() is None


def test_pinned_memory_without_a_gpu_is_a_warning():
    if ag.cuda.is_available():
        pytest.skip("there is a GPU")
    with pytest.warns(UserWarning, match="no accelerator is found") as caught:
        batches = list(DataLoader(range(2), pin_memory=True))
    assert [b.item() for b in batches] == [0, 1]
    assert caught[0].filename == __file__


OPTIONS = [
    ({"num_workers": -1}, ValueError, "num_workers option should be non-negative"),
    ({"timeout": -1}, ValueError, "timeout option should be non-negative"),
    ({"prefetch_factor": 2}, ValueError, "could only be specified in multiprocessing"),
    ({"num_workers": 1, "prefetch_factor": 0}, ValueError, "should be positive, got 0"),
    ({"persistent_workers": True}, ValueError, "needs num_workers > 0"),
    ({"sampler": [0], "shuffle": True}, ValueError, "mutually exclusive with shuffle"),
    ({"batch_sampler": [[0]], "batch_size": 2}, ValueError, "mutually exclusive with batch_size"),
    ({"batch_sampler": [[0]], "drop_last": True}, ValueError, "mutually exclusive"),
    ({"batch_sampler": [[0]], "sampler": [0]}, ValueError, "mutually exclusive"),
    ({"batch_size": None, "drop_last": True}, ValueError, "disables auto-batching"),
    ({"batch_size": 0}, ValueError, "batch_size should be a positive integer"),
    ({"dataset": Stream(1), "shuffle": True}, ValueError, "unspecified shuffle.*shuffle=True"),
    ({"dataset": Stream(1), "sampler": [0]}, ValueError, "unspecified sampler"),
    ({"dataset": Stream(1), "batch_sampler": [[0]]}, ValueError, "unspecified batch_sampler"),
    ({"multiprocessing_context": "fork"}, ValueError, "num_workers > 0.*got num_workers=0"),
    ({"num_workers": 1, "multiprocessing_context": "x"}, ValueError, "valid start method in"),
    ({"num_workers": 1, "multiprocessing_context": 3}, TypeError, "a valid context object"),
]


@pytest.mark.parametrize(("options", "error", "says"), OPTIONS)
def test_options_that_do_not_fit(options, error, says):
    with pytest.raises(error, match=says):
        DataLoader(**{"dataset": range(3), **options})


@pytest.mark.parametrize("options", [o for o, _, _ in OPTIONS if "prefetch_factor" not in o])
def test_torch_refuses_them_too(options):
    torch = pytest.importorskip("torch")

    class TheirStream(torch.utils.data.IterableDataset):
        def __iter__(self):
            return iter(())

    dataset = TheirStream() if "dataset" in options else range(3)
    with pytest.raises((ValueError, TypeError)):
        torch.utils.data.DataLoader(**{**options, "dataset": dataset})


def test_what_is_fixed_after_the_loader_is_made():
    loader = DataLoader(TensorDataset(ag.arange(3)))
    for name in ("batch_size", "sampler", "batch_sampler", "dataset", "drop_last"):
        with pytest.raises(ValueError, match=f"{name} attribute should not be set after"):
            setattr(loader, name, None)
    loader.timeout = 3


def test_an_iterator_is_not_pickled():
    with pytest.raises(NotImplementedError, match="cannot be pickled"):
        pickle.dumps(iter(DataLoader(range(3))))


def test_too_many_workers_are_warned_of(monkeypatch):
    monkeypatch.setattr("os.sched_getaffinity", lambda pid: {0}, raising=False)
    with pytest.warns(UserWarning, match="create 3 worker processes.*system is 1") as caught:
        DataLoader(range(3), num_workers=3)
    assert caught[0].filename == __file__
