"""Batches made of samples."""

import collections
import types

import numpy as np
import pytest

import autograd_core as ag
from autograd_core.utils.data import default_collate, default_convert
from autograd_core.utils.data._utils.collate import collate, default_collate_fn_map

Point = collections.namedtuple("Point", "x y")


def plain(value):
    """A batch of either library in Python's own types, each tensor with its dtype."""
    if hasattr(value, "dtype") and hasattr(value, "tolist"):
        return str(value.dtype), value.tolist()
    if isinstance(value, collections.abc.Mapping):
        return type(value).__name__, {k: plain(v) for k, v in value.items()}
    if isinstance(value, list | tuple | collections.UserList):
        return type(value).__name__, [plain(v) for v in value]
    return value


def samples(tensor):
    return [
        [tensor([1.0, 2.0]), tensor([3.0, 4.0])],
        [np.array([1, 2], np.int16), np.array([3, 4], np.int16)],
        [np.float32(1), np.float32(2)],
        [np.bool_(True), np.bool_(False)],
        [1.5, 2.5],
        [1, 2],
        [True, False],
        ["a", "b"],
        [b"a", b"b"],
        [(1, "a"), (2, "b")],
        [[1, 2.5], [3, 4.5]],
        [{"x": 1, "y": [tensor(1), 2]}, {"x": 2, "y": [tensor(3), 4]}],
        [Point(1, tensor([1])), Point(2, tensor([2]))],
        [collections.OrderedDict(b=1, a=2), collections.OrderedDict(b=3, a=4)],
        [types.MappingProxyType({"x": 1}), types.MappingProxyType({"x": 2})],
        [range(2), range(2)],
        [collections.UserList([1, 2]), collections.UserList([3, 4])],
        [[], []],
    ]


@pytest.mark.parametrize("which", range(len(samples(ag.tensor))))
def test_as_torch(which):
    torch = pytest.importorskip("torch")
    ours, theirs = samples(ag.tensor)[which], samples(torch.tensor)[which]
    for our_way, their_way in [
        (default_collate, torch.utils.data.default_collate),
        (default_convert, torch.utils.data.default_convert),
    ]:
        assert plain(our_way(ours)) == plain(their_way(theirs))


def test_a_mutable_container_keeps_its_attributes():
    class Named(dict):
        name = ""

    one, two = Named(x=1), Named(x=2)
    one.name = "first"
    batch = default_collate([one, two])
    assert type(batch) is Named
    assert batch.name == "first"
    assert batch["x"].tolist() == [1, 2]
    assert one == {"x": 1}


@pytest.mark.parametrize(
    ("batch", "error", "says"),
    [
        ([object()], TypeError, "must contain tensors.*found <class 'object'>"),
        ([None], TypeError, "found <class 'NoneType'>"),
        ([np.array(["a"])], TypeError, "found <U1"),
        ([[1], [1, 2]], RuntimeError, r"of equal size, but the sizes are \[1, 2\]"),
        ([ag.zeros(2), ag.zeros(3)], RuntimeError, "equal size"),
    ],
)
def test_what_does_not_go_together(batch, error, says):
    with pytest.raises(error, match=says):
        default_collate(batch)


def test_rules_of_ones_own():
    class Graph:
        pass

    graphs = [Graph(), Graph()]
    rules = default_collate_fn_map | {Graph: lambda batch, collate_fn_map: ("graphs", len(batch))}
    found = collate([{"g": g, "n": 1} for g in graphs], collate_fn_map=rules)
    assert found["g"] == ("graphs", 2)
    assert found["n"].tolist() == [1, 1]


def test_text_is_not_converted():
    text = np.array(["a", "b"])
    assert default_convert(text) is text
    assert default_convert("ab") == "ab"
    assert default_convert(None) is None
