"""Odd but legal calls, and bad ones: the same answer, or the same class of error, as PyTorch's."""

from __future__ import annotations

import numpy as np
import pytest

import autograd_core as ag

torch = pytest.importorskip("torch")


def ones(L, *shape, **kwargs):
    return L.ones(*shape, **kwargs)


CALLS = {
    # numbers only, and numbers first
    "add": lambda L: L.add(2, 3.5),
    "add bools": lambda L: L.add(True, True),
    "mul": lambda L: L.mul(2, 3),
    "div": lambda L: L.div(5.0, 2.0, rounding_mode="floor"),
    "floor_divide": lambda L: L.floor_divide(7, 2),
    "half div": lambda L: L.div(L.tensor([5.1, -4], dtype=L.float16), 2.0, rounding_mode="trunc"),
    "half floor": lambda L: L.tensor([5.1, -4], dtype=L.float16) // 2.0,
    "div half": lambda L: L.div(5.1, L.tensor([2.0, -1.5], dtype=L.float16), rounding_mode="trunc"),
    "fmod": lambda L: L.fmod(5, 3),
    "pow": lambda L: L.pow(2, 3),
    "clamp_max": lambda L: L.clamp_max(2, 3),
    "maximum": lambda L: L.maximum(ones(L, 2), 2),
    "logical_and": lambda L: L.logical_and(ones(L, 2), 2),
    "isclose": lambda L: L.isclose(2, ones(L, 2)),
    "softmax": lambda L: L.softmax(2, 0),
    # NumPy's names
    "cat axis": lambda L: L.cat([ones(L, 2, 1), ones(L, 2, 2)], axis=1),
    "sort axis": lambda L: L.tensor([[2.0, 1.0]]).sort(axis=1)[0],
    "squeeze axis": lambda L: ones(L, 1, 2).squeeze(axis=0),
    "softmax axis": lambda L: ones(L, 2, 3).softmax(axis=1),
    "std axis": lambda L: L.std(L.arange(6.0).reshape(2, 3), axis=1, keepdims=True),
    "flip axis": lambda L: L.flip(ones(L, 2), axis=(0,)),
    # ranges
    "arange end": lambda L: L.arange(end=3),
    "arange nothing": lambda L: L.arange(),
    "arange inf": lambda L: L.arange(1, float("inf")),
    "arange cut": lambda L: L.arange(2.1, -2.9, -1.0, dtype=L.int64),
    "arange cut step": lambda L: L.arange(0, 5, 0.5, dtype=L.int64),
    "arange int32": lambda L: L.arange(2.1, -2.9, -1.0, dtype=L.int32),
    "arange bool": lambda L: L.arange(3, dtype=L.bool),
    "linspace cut": lambda L: L.linspace(4.3, -3, 50, dtype=L.int64),
    "linspace down": lambda L: L.linspace(-10, 10, 7, dtype=L.int32),
    "full": lambda L: L.full(2, 1.0),
    # indices
    "narrow": lambda L: L.narrow(ones(L, 3), 0, L.tensor(1), 2),
    "narrow 1-d": lambda L: L.narrow(ones(L, 3), 0, L.tensor([1]), 2),
    "narrow bool": lambda L: L.narrow(ones(L, 3), 0, L.tensor(True), 2),
    "gather": lambda L: L.gather(ones(L, 3), 0, L.tensor([5])),
    "gather nothing": lambda L: L.gather(ones(L, 3), 0, L.tensor([], dtype=L.uint8)),
    "scatter": lambda L: L.scatter(ones(L, 3), 0, L.tensor([5]), 1.0),
    "index_select": lambda L: L.index_select(ones(L, 3), 0, L.tensor([5])),
    "masked_fill": lambda L: L.masked_fill(ones(L, 2), L.tensor([True, False]), 1j),
    "argmax": lambda L: L.argmax(ones(L, 2, dtype=L.bool)),
    "clamp": lambda L: L.clamp(ones(L, 2)),
    "norm": lambda L: L.norm(ones(L, 2), p="x"),
    # in place
    "tril_": lambda L: ones(L, 3, 3).tril_(),
    "triu_": lambda L: ones(L, 2, 3).triu_(1),
    "cos_ of nothing": lambda L: ones(L, 1, 0).expand(5, 0).cos_(),
    "add_ expanded": lambda L: ones(L, 1).expand(5).add_(1),
    "repeat 0-d": lambda L: L.tensor(2.0).repeat(()),
    # out=
    "out": lambda L: L.abs(-ones(L, 2), out=L.empty(2)),
    "out grows": lambda L: L.add(ones(L, 2), 1, alpha=2, out=L.empty(0)),
    "out dtype": lambda L: L.mul(ones(L, 2), 2, out=L.empty(2, dtype=L.float64)),
    "out too low": lambda L: L.mul(ones(L, 2), 2, out=L.empty(2, dtype=L.int64)),
    "out grad": lambda L: L.abs(ones(L, 2, requires_grad=True), out=L.empty(2)),
    "out number": lambda L: L.sum(ones(L, 2), 0, out=3),
    "out of max": lambda L: L.max(ones(L, 2), 0, out=(L.empty(()), L.empty((), dtype=L.int64))),
    "out of max, one": lambda L: L.max(ones(L, 2), 0, out=(L.empty(()),)),
    "out of zeros": lambda L: L.zeros(2, out=L.ones(2, dtype=L.int64)),
    "out expanded": lambda L: L.cat([ones(L, 3)], out=L.empty(1).expand(3)),
    "out of linalg": lambda L: L.linalg.norm(ones(L, 4), out=L.empty(())),
}


def outcome(library, call):
    try:
        found = call(library)
    except Exception as error:
        kinds = (IndexError, ValueError, TypeError, RuntimeError)
        return next(kind for kind in kinds if isinstance(error, kind))
    parts = found if isinstance(found, tuple) else (found,)
    return [(repr(p.dtype), tuple(p.shape), p.tolist()) for p in parts]


@pytest.mark.filterwarnings("ignore")
@pytest.mark.parametrize("name", CALLS)
def test_same_outcome(name):
    assert outcome(ag, CALLS[name]) == outcome(torch, CALLS[name])


def test_out_is_returned_and_its_version_goes_up():
    for call in (ag.exp, ag.sum, ag.linalg.norm):
        out = ag.empty(3) if call is ag.exp else ag.empty(())
        assert call(ag.ones(3), out=out) is out
        assert out._version == 1


def test_a_resized_out_warns():
    with pytest.warns(UserWarning, match="resized since it had shape"):
        assert ag.exp(ag.zeros(2), out=ag.empty(3)).tolist() == [1.0, 1.0]


def test_nothing_is_written_when_one_of_two_does_not_fit():
    values, indices = ag.zeros(()), ag.zeros((), dtype=ag.bool)
    with pytest.raises(RuntimeError, match="can't be cast to the desired output type Bool"):
        ag.max(ag.ones(3), 0, out=(values, indices))
    assert values.item() == 0.0


def test_second_gradient_of_a_norm_at_zero():
    x = ag.zeros(3, dtype=ag.float64, requires_grad=True)
    (first,) = ag.autograd.grad(ag.norm(x, 3.5), x, create_graph=True)
    (second,) = ag.autograd.grad(first.sum(), x)
    assert first.tolist() == second.tolist() == [0.0, 0.0, 0.0]


IN_PLACE_VIEWS = {
    "squeeze_": lambda x: x[:1].clone().squeeze_(),
    "squeeze_ one": lambda x: x[:1].clone().squeeze_(0),
    "squeeze_ two": lambda x: x[:1].clone().squeeze_((0, 1)),
    "unsqueeze_": lambda x: x.clone().unsqueeze_(-1),
    "transpose_": lambda x: x.clone().transpose_(0, 1),
    "t_": lambda x: x.clone().t_(),
    "reshape, viewable": lambda x: x.t().reshape(3, 2, 1),
    "reshape, strided": lambda x: x[:, :2].reshape(2, 2, 1),
    "reshape, copied": lambda x: x.t().reshape(6),
    "flatten": lambda x: x.flatten(),
    "round": lambda x: x.round(decimals=0),
    "vector times matrix": lambda x: x[0] @ x.T,
}


@pytest.mark.parametrize("name", IN_PLACE_VIEWS)
def test_node_names_and_gradients_of_views(name):
    found = []
    for library in (ag, torch):
        x = library.tensor(np.arange(6.0).reshape(2, 3).tolist(), requires_grad=True)
        y = IN_PLACE_VIEWS[name](x)
        (y * y).sum().backward()
        found.append((y.grad_fn.name(), tuple(y.shape), x.grad.tolist()))
    assert found[0] == found[1]
