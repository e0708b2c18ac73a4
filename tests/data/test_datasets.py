"""Data sets, and sets made of others."""

import warnings

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import autograd_core as ag
from autograd_core.utils.data import (
    ChainDataset,
    ConcatDataset,
    Dataset,
    IterableDataset,
    StackDataset,
    Subset,
    TensorDataset,
    random_split,
)


class Together(list):
    """A data set that notes which samples are asked for at once."""

    def __init__(self, items):
        super().__init__(items)
        self.asked = []

    def __getitems__(self, indices):
        self.asked.append(list(indices))
        return [self[i] for i in indices]


class Numbers(IterableDataset):
    def __init__(self, *numbers):
        self.numbers = numbers

    def __iter__(self):
        return iter(self.numbers)

    def __len__(self):
        return len(self.numbers)


def test_a_dataset_without_getitem_says_so():
    with pytest.raises(NotImplementedError, match="should implement __getitem__"):
        Dataset()[0]


def test_tensor_dataset_gives_rows():
    rows = TensorDataset(ag.arange(6).reshape(3, 2), ag.tensor([1.0, 2.0, 3.0]))
    assert len(rows) == 3
    first, second = rows[2]
    assert first.tolist() == [4, 5]
    assert second.item() == 3.0
    assert [t.tolist() for t in rows[[0, 2]]] == [[[0, 1], [4, 5]], [1.0, 3.0]]


def test_tensors_of_different_lengths_are_refused():
    with pytest.raises(AssertionError, match=r"Size mismatch between tensors.*\[3, 2\]"):
        TensorDataset(ag.zeros(3), ag.zeros(2))
    with pytest.raises(ValueError, match="at least one tensor"):
        TensorDataset()


def test_stack_dataset_is_a_tuple_or_a_dict():
    assert StackDataset([1, 2], "ab")[1] == (2, "b")
    by_name = StackDataset(x=[1, 2], y="ab")
    assert by_name[0] == {"x": 1, "y": "a"}
    assert by_name.__getitems__([1, 0]) == [{"x": 2, "y": "b"}, {"x": 1, "y": "a"}]
    assert len(by_name) == 2


def test_stack_dataset_fetches_together_what_it_can():
    inner = Together([10, 20, 30])
    assert StackDataset(inner, "abc").__getitems__([2, 0]) == [(30, "c"), (10, "a")]
    assert inner.asked == [[2, 0]]
    inner.__class__ = type("Short", (Together,), {"__getitems__": lambda self, i: [1]})
    with pytest.raises(ValueError, match="Expected 2, got 1"):
        StackDataset(inner, "abc").__getitems__([2, 0])


@pytest.mark.parametrize(
    ("args", "kwargs", "says"),
    [
        ((), {}, "At least one dataset"),
        (([1],), {"x": [1]}, "both types are given"),
        (([1], [1, 2]), {}, r"Size mismatch between datasets.*\[1, 2\]"),
    ],
)
def test_stack_dataset_refuses(args, kwargs, says):
    with pytest.raises(ValueError, match=says):
        StackDataset(*args, **kwargs)


@given(st.lists(st.integers(0, 4), min_size=1, max_size=6))
def test_concat_dataset_is_the_concatenated_list(lengths):
    parts = [[(i, j) for j in range(n)] for i, n in enumerate(lengths)]
    flat = [item for part in parts for item in part]
    joined = ConcatDataset(parts)
    assert len(joined) == len(flat)
    assert [joined[i] for i in range(len(flat))] == flat
    assert [joined[-i] for i in range(1, len(flat) + 1)] == flat[::-1]
    with pytest.raises(IndexError):
        joined[len(flat)]
    with pytest.raises(ValueError, match="should not exceed dataset length"):
        joined[-len(flat) - 1]


def test_datasets_are_added():
    both = TensorDataset(ag.tensor([1])) + TensorDataset(ag.tensor([2, 3]))
    assert isinstance(both, ConcatDataset)
    assert [x.item() for (x,) in both] == [1, 2, 3]
    streams = Numbers(1, 2) + Numbers(3)
    assert isinstance(streams, ChainDataset)
    assert list(streams) == [1, 2, 3]
    assert len(streams) == 3


def test_streams_and_sets_do_not_mix():
    with pytest.raises(AssertionError, match="does not support IterableDataset"):
        ConcatDataset([Numbers(1)])
    with pytest.raises(AssertionError, match="empty iterable"):
        ConcatDataset([])
    with pytest.raises(AssertionError, match="only supports IterableDataset"):
        list(ChainDataset([[1]]))


def test_subset():
    inner = Together("abcdef")
    part = Subset(inner, [5, 0, 3])
    assert len(part) == 3
    assert [part[i] for i in range(3)] == ["f", "a", "d"]
    assert part.__getitems__([2, 1]) == ["d", "a"]
    assert inner.asked == [[3, 0]]
    assert Subset(part, [2]).__getitems__([0]) == ["d"]
    assert Subset(np.arange(10), [3, 4])[[0, 1]].tolist() == [3, 4]


def test_a_subset_that_changes_one_way_to_fetch_must_change_both():
    class Half(Subset):
        def __getitem__(self, i):
            return 0

    with pytest.raises(NotImplementedError, match="overrides __getitem__ but not __getitems__"):
        Half([1], [0])


# ------------------------------------------------------------------ random_split


@given(st.lists(st.integers(0, 20), min_size=1, max_size=5), st.integers(0, 1000))
def test_random_split_divides_all_samples(lengths, seed):
    if sum(lengths) == 1:  # torch reads [1] as a fraction; so do we
        lengths = [n + 2 for n in lengths]
    data = range(sum(lengths))
    parts = random_split(data, lengths, ag.Generator().manual_seed(seed))
    assert [len(p) for p in parts] == lengths
    assert sorted(x for p in parts for x in p) == list(data)
    again = random_split(data, lengths, ag.Generator().manual_seed(seed))
    assert [p.indices for p in again] == [p.indices for p in parts]


@given(st.integers(0, 100), st.lists(st.integers(1, 9), min_size=1, max_size=5))
def test_random_split_by_fractions(size, weights):
    fractions = [w / sum(weights) for w in weights]
    if sum(fractions) > 1:
        return
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # of empty splits
        lengths = [len(p) for p in random_split(range(size), fractions)]
    assert sum(lengths) == size
    assert all(abs(n - size * f) <= len(weights) for n, f in zip(lengths, fractions, strict=True))


def test_random_split_like_torch():
    torch = pytest.importorskip("torch")
    for size, fractions in [(30, [0.3, 0.3, 0.4]), (10, [0.5, 0.25, 0.25]), (7, [0.1] * 10)]:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            theirs = torch.utils.data.random_split(range(size), fractions)
            ours = random_split(range(size), fractions)
        assert [len(p) for p in ours] == [len(p) for p in theirs]


def test_random_split_warns_of_empty_parts_and_refuses_what_does_not_fit():
    with pytest.warns(UserWarning, match="Length of split at index 1 is 0") as caught:
        random_split(range(1), [0.5, 0.5])
    assert caught[0].filename == __file__
    with pytest.raises(ValueError, match=r"does not equal the length.*\(3 and 4\)"):
        random_split(range(4), [1, 2])
    with pytest.raises(ValueError, match="Fraction at index 0 is not between 0 and 1"):
        random_split(range(4), [1.5, -0.5])
    with pytest.raises(ValueError, match="must not be negative"):
        random_split(range(4), [6, -2])
