"""Samplers: which indices, how often, and that a seed repeats them."""

from collections import Counter

import pytest
from hypothesis import given
from hypothesis import strategies as st

import autograd_core as ag
from autograd_core.utils.data import (
    BatchSampler,
    DistributedSampler,
    RandomSampler,
    Sampler,
    SequentialSampler,
    SubsetRandomSampler,
    WeightedRandomSampler,
)

SIZES = st.integers(1, 70)


def seeded(seed):
    return ag.Generator().manual_seed(seed)


def test_the_base_class_has_no_order():
    with pytest.raises(NotImplementedError):
        iter(Sampler())


@given(st.integers(0, 50))
def test_sequential(n):
    assert list(SequentialSampler(range(n))) == list(range(n))
    assert len(SequentialSampler(range(n))) == n


@given(SIZES, st.integers(0, 99))
def test_a_random_sampler_gives_each_index_once(n, seed):
    sampler = RandomSampler(range(n), generator=seeded(seed))
    first, second = list(sampler), list(sampler)
    assert len(sampler) == n
    assert sorted(first) == sorted(second) == list(range(n))
    assert list(RandomSampler(range(n), generator=seeded(seed))) == first


@given(SIZES, SIZES)
def test_more_samples_than_there_are_take_whole_permutations(n, count):
    drawn = list(RandomSampler(range(n), num_samples=count))
    assert len(drawn) == count
    often = Counter(drawn)
    assert {often[i] for i in range(n)} <= {count // n, -(-count // n)}


@given(SIZES, st.integers(1, 100), st.integers(0, 99))
def test_with_replacement(n, count, seed):
    sampler = RandomSampler(range(n), True, count, seeded(seed))
    drawn = list(sampler)
    assert len(drawn) == len(sampler) == count
    assert set(drawn) <= set(range(n))
    assert drawn == list(RandomSampler(range(n), True, count, seeded(seed)))


def test_without_a_generator_the_default_one_decides():
    def passes():
        ag.manual_seed(5)
        sampler = RandomSampler(range(100))
        return list(sampler), list(sampler)

    first, second = passes()
    assert first != second
    assert (first, second) == passes()


@pytest.mark.parametrize(
    ("options", "error", "says"),
    [
        ({"replacement": 1}, TypeError, "replacement should be a boolean value"),
        ({"num_samples": 0}, ValueError, "num_samples should be a positive integer.*num_samples=0"),
        ({"num_samples": 2.5}, ValueError, "num_samples=2.5"),
        ({"data_source": []}, ValueError, "num_samples=0"),
    ],
)
def test_a_random_sampler_refuses(options, error, says):
    with pytest.raises(error, match=says):
        RandomSampler(**{"data_source": range(3), **options})


@given(st.lists(st.integers(), max_size=30), st.integers(0, 99))
def test_subset_random(indices, seed):
    sampler = SubsetRandomSampler(indices, seeded(seed))
    drawn = list(sampler)
    assert len(sampler) == len(indices)
    assert sorted(drawn) == sorted(indices)
    assert drawn == list(SubsetRandomSampler(indices, seeded(seed)))


@given(st.lists(st.floats(0.1, 10), min_size=1, max_size=20), st.data())
def test_weighted_without_replacement(weights, data):
    count = data.draw(st.integers(1, len(weights)))
    drawn = list(WeightedRandomSampler(weights, count, replacement=False))
    assert len(set(drawn)) == len(drawn) == count
    assert set(drawn) <= set(range(len(weights)))


def test_weights_are_chances():
    sampler = WeightedRandomSampler([0, 3, 1, 0], 20_000, generator=seeded(1))
    often = Counter(sampler)
    assert set(often) == {1, 2}
    # 20,000 draws with chance 3/4: the deviation is 61, so 300 is five of them.
    assert abs(often[1] - 15_000) < 300


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (([1, 2], 0), "num_samples=0"),
        (([1, 2], True), "num_samples=True"),
        (([1, 2], 1, 1), "replacement=1"),
        (([[1, 2]], 1), r"weights have shape \(1, 2\)"),
    ],
)
def test_a_weighted_sampler_refuses(arguments, says):
    with pytest.raises(ValueError, match=says):
        WeightedRandomSampler(*arguments)


@given(st.integers(0, 40), st.integers(1, 9), st.booleans())
def test_batches_are_slices(n, size, drop_last):
    sampler = BatchSampler(SequentialSampler(range(n)), size, drop_last)
    expected = [list(range(i, min(i + size, n))) for i in range(0, n, size)]
    if drop_last:
        expected = [batch for batch in expected if len(batch) == size]
    assert list(sampler) == expected
    assert len(sampler) == len(expected)


@pytest.mark.parametrize("arguments", [(0, False), (True, False), (2.0, False), (2, 1)])
def test_a_batch_sampler_refuses(arguments):
    with pytest.raises(ValueError, match=r"batch_size=|drop_last="):
        BatchSampler(range(3), *arguments)


# ------------------------------------------------------------------ several processes


@given(st.integers(1, 60), st.integers(1, 9), st.booleans(), st.booleans(), st.integers(0, 5))
def test_processes_divide_the_data(n, replicas, shuffle, drop_last, epoch):
    samplers = [
        DistributedSampler(range(n), replicas, rank, shuffle, 3, drop_last)
        for rank in range(replicas)
    ]
    for sampler in samplers:
        sampler.set_epoch(epoch)
    parts = [list(sampler) for sampler in samplers]
    size = n // replicas if drop_last else -(-n // replicas)
    assert {len(p) for p in parts} == {len(s) for s in samplers} == {size}
    often = Counter(i for p in parts for i in p)
    assert set(often) <= set(range(n))
    if drop_last:
        assert all(count == 1 for count in often.values())
    else:
        assert set(often) == set(range(n))
        assert max(often.values()) - min(often.values()) <= 1


def test_without_shuffling_as_torch():
    torch = pytest.importorskip("torch")
    theirs = torch.utils.data.DistributedSampler
    for n in range(1, 25):
        for replicas in range(1, 6):
            for rank in range(replicas):
                for drop_last in (False, True):
                    options = {"shuffle": False, "drop_last": drop_last}
                    ours = DistributedSampler(range(n), replicas, rank, **options)
                    assert list(ours) == list(theirs(range(n), replicas, rank, **options))


def test_epochs_have_their_own_order():
    sampler = DistributedSampler(range(50), 1, 0)
    first = list(sampler)
    assert first == list(sampler)
    sampler.set_epoch(1)
    assert first != list(sampler)


def test_who_is_who_must_be_said():
    with pytest.raises(RuntimeError, match="say num_replicas and rank"):
        DistributedSampler(range(3))
    with pytest.raises(ValueError, match=r"Invalid rank 2.*interval \[0, 1\]"):
        DistributedSampler(range(3), 2, 2)
