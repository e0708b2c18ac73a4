"""Packing and padding sequences, compared with PyTorch."""

from __future__ import annotations

import pickle

import numpy as np
import pytest

import autograd_core as ag

torch = pytest.importorskip("torch")
from compared_modules import compare, flat, same, same_error  # noqa: E402


class Nothing:
    """Stands for a module where functions are compared."""

    def parameters(self):
        return []


def on_both(call, *args, second=True):
    ours, theirs = Nothing(), Nothing()
    compare(
        ours,
        theirs,
        *args,
        second=second,
        call=lambda which, *given: flat(list(call(ag if which is ours else torch, *given))),
    )


@pytest.mark.parametrize("lengths", [[4, 4], [4, 1], [3, 2], [1, 4], [2, 2]])
@pytest.mark.parametrize("batch_first", [False, True])
@pytest.mark.parametrize("rest", [(), (3,), (2, 2)])
def test_pack_and_pad(lengths, batch_first, rest):
    in_order = lengths == sorted(lengths, reverse=True)
    x = np.random.default_rng(0).normal(size=((2, 4) if batch_first else (4, 2)) + rest)

    def there(library, x):
        rnn = library.nn.utils.rnn
        return rnn.pack_padded_sequence(x, lengths, batch_first, enforce_sorted=in_order)

    def back(library, x):
        rnn, packed = library.nn.utils.rnn, there(library, x)
        padded = [rnn.pad_packed_sequence(packed, first) for first in (False, True)]
        return [*padded, rnn.pad_packed_sequence(packed, True, -1.5, total_length=6)]

    on_both(there, x)
    on_both(back, x)
    if not in_order:
        same_error(lambda m: m.nn.utils.rnn.pack_padded_sequence(m.tensor(x), lengths, batch_first))


def test_order_of_equal_lengths_is_kept():
    packed = ag.nn.utils.rnn.pack_padded_sequence(ag.ones(3, 5), [1, 3, 2, 3, 2], False, False)
    assert packed.sorted_indices.tolist() == [1, 3, 2, 4, 0]
    assert packed.unsorted_indices.tolist() == [4, 0, 2, 1, 3]
    assert packed.batch_sizes.tolist() == [5, 4, 2]
    assert packed.batch_sizes.dtype is ag.int64


@pytest.mark.parametrize("side", ["right", "left"])
@pytest.mark.parametrize("batch_first", [False, True])
def test_pad_sequence(batch_first, side):
    rng = np.random.default_rng(1)
    parts = [rng.normal(size=(n, 2)) for n in (2, 4, 1)]
    on_both(
        lambda m, *x: [m.nn.utils.rnn.pad_sequence(x, batch_first, 7.0, padding_side=side)], *parts
    )
    scalars = [rng.normal(size=n) for n in (3, 1)]
    on_both(lambda m, *x: [m.nn.utils.rnn.pad_sequence(list(x), batch_first)], *scalars)


def test_lists_of_sequences():
    rng = np.random.default_rng(2)
    parts = [rng.normal(size=(n, 2)) for n in (2, 4, 1)]

    def round_trip(m, *x):
        rnn = m.nn.utils.rnn
        packed = rnn.pack_sequence(x, enforce_sorted=False)
        lengths = m.tensor([2, 4, 1])
        padded = rnn.pad_sequence(x, batch_first=True)
        return [packed, rnn.unpack_sequence(packed), rnn.unpad_sequence(padded, lengths, True)]

    on_both(round_trip, *parts)
    x = [ag.tensor(p) for p in parts]
    rnn = ag.nn.utils.rnn
    for a, b in zip(rnn.unpack_sequence(rnn.pack_sequence(x, False)), x, strict=True):
        assert ag.equal(a, b)


def test_unpadding_leaves_the_padded_tensor_alone():
    padded = ag.ones(4, 2, 3)
    ag.nn.utils.rnn.unpad_sequence(padded, ag.tensor([4, 1]))
    assert padded.shape == (4, 2, 3)


def test_integers_are_padded_as_integers():
    x = [np.array([1, 2, 3]), np.array([4])]
    for m in (ag, torch):
        padded = m.nn.utils.rnn.pad_sequence([m.tensor(p) for p in x], batch_first=True)
        assert padded.dtype is m.int64
        assert padded.tolist() == [[1, 2, 3], [4, 0, 0]]


def test_invert_permutation():
    for m in (ag, torch):
        found = m.nn.utils.rnn.invert_permutation(m.tensor([2, 0, 3, 1]))
        assert found.tolist() == [1, 3, 0, 2]
        assert m.nn.utils.rnn.invert_permutation(None) is None


def test_conversions():
    packed = ag.nn.utils.rnn.pack_padded_sequence(ag.ones(3, 2), [2, 3], enforce_sorted=False)
    assert packed.double().data.dtype is ag.float64
    assert packed.to(ag.float32) is packed
    assert packed.long().data.dtype is ag.int64
    assert packed.double().sorted_indices.tolist() == packed.sorted_indices.tolist()
    assert not packed.is_cuda
    assert packed.cpu() is packed
    data, sizes, order, back = packed
    again = ag.nn.utils.rnn.PackedSequence(data, sizes, order)
    assert again.unsorted_indices.tolist() == back.tolist()
    loaded = pickle.loads(pickle.dumps(packed))
    assert type(loaded) is type(packed)
    same(loaded.data, packed.data)


ERRORS = {
    "unsorted": lambda rnn, m: rnn.pack_padded_sequence(m.ones(3, 2), [1, 3]),
    "zero": lambda rnn, m: rnn.pack_padded_sequence(m.ones(3, 2), [3, 0]),
    "too few": lambda rnn, m: rnn.pack_padded_sequence(m.ones(3, 2), [3]),
    "too many": lambda rnn, m: rnn.pack_padded_sequence(m.ones(3, 2), [3, 2, 1]),
    "2-d": lambda rnn, m: rnn.pack_padded_sequence(m.ones(3, 2), [[3, 2]]),
    "empty": lambda rnn, m: rnn.pack_padded_sequence(m.ones(0, 2), [1, 1]),
    "total": lambda rnn, m: rnn.pad_packed_sequence(
        rnn.pack_padded_sequence(m.ones(3, 2), [3, 1]), total_length=2
    ),
    "no list": lambda rnn, m: rnn.pad_sequence(3),
    "none": lambda rnn, m: rnn.pad_sequence([]),
    "side": lambda rnn, m: rnn.pad_sequence([m.ones(1)], padding_side="top"),
    "pair": lambda rnn, m: rnn.PackedSequence(m.ones(3)),
}


@pytest.mark.parametrize("name", ERRORS)
def test_bad_input(name):
    same_error(lambda m: ERRORS[name](m.nn.utils.rnn, m))


def test_bad_input_that_pytorch_lets_pass():
    rnn = ag.nn.utils.rnn
    with pytest.raises(RuntimeError, match="length 4 does not fit into the padded input"):
        rnn.pack_padded_sequence(ag.ones(3, 2), [4, 1])
    with pytest.raises(RuntimeError, match=r"number 1 \(2, 5\)"):
        rnn.pad_sequence([ag.ones(3, 4), ag.ones(2, 5)])
