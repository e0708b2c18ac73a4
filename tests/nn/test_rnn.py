"""RNN, LSTM, GRU and their cells over a grid of settings, compared with PyTorch."""

from __future__ import annotations

import copy
import itertools
import pickle

import numpy as np
import pytest

import autograd_core as ag
from autograd_core import nn

torch = pytest.importorskip("torch")
from compared_modules import compare, pair, same_error  # noqa: E402

KINDS = ["RNN", "LSTM", "GRU"]
GRID = [
    (kind, layers, bidirectional, bias, batch_first)
    for kind, layers, bidirectional, bias, batch_first in itertools.product(
        KINDS, (1, 2), (False, True), (True, False), (False, True)
    )
]


def expression(kind, layers=1, bidirectional=False, bias=True, batch_first=False, **more):
    extra = "".join(f", {k}={v!r}" for k, v in more.items())
    return (
        f"{kind}(3, 4, num_layers={layers}, bidirectional={bidirectional}, bias={bias}, "
        f"batch_first={batch_first}{extra})"
    )


def first_state(kind, layers, bidirectional, batch, hidden=4, proj=None, rng=None):
    n = layers * (2 if bidirectional else 1)
    shape = (n, hidden) if batch is None else (n, batch, hidden)
    h = rng.normal(size=shape if proj is None else (*shape[:-1], proj))
    return (h, rng.normal(size=shape)) if kind == "LSTM" else h


@pytest.mark.parametrize(("kind", "layers", "bidirectional", "bias", "batch_first"), GRID)
def test_grid(kind, layers, bidirectional, bias, batch_first):
    rng = np.random.default_rng(0)
    ours, theirs = pair(expression(kind, layers, bidirectional, bias, batch_first))
    assert repr(ours) == repr(theirs)
    x = rng.normal(size=(2, 5, 3) if batch_first else (5, 2, 3))
    compare(ours, theirs, x)
    state = first_state(kind, layers, bidirectional, 2, rng=rng)
    compare(ours, theirs, x, state, second=layers == 2 and not batch_first)


@pytest.mark.parametrize("batch_first", [False, True])
@pytest.mark.parametrize("kind", KINDS)
def test_unbatched(kind, batch_first):
    rng = np.random.default_rng(1)
    ours, theirs = pair(expression(kind, 2, True, batch_first=batch_first))
    compare(ours, theirs, rng.normal(size=(5, 3)))
    compare(ours, theirs, rng.normal(size=(5, 3)), first_state(kind, 2, True, None, rng=rng))


@pytest.mark.parametrize("layers", [1, 2])
@pytest.mark.parametrize("bidirectional", [False, True])
@pytest.mark.parametrize("bias", [False, True])
def test_projection(layers, bidirectional, bias):
    rng = np.random.default_rng(2)
    ours, theirs = pair(expression("LSTM", layers, bidirectional, bias, proj_size=2))
    assert repr(ours) == repr(theirs)
    state = first_state("LSTM", layers, bidirectional, 2, proj=2, rng=rng)
    compare(ours, theirs, rng.normal(size=(4, 2, 3)))
    compare(ours, theirs, rng.normal(size=(4, 2, 3)), state, second=True)


def test_relu():
    rng = np.random.default_rng(3)
    ours, theirs = pair("RNN(3, 4, 2, 'relu', batch_first=True)")
    assert repr(ours) == repr(theirs)
    compare(ours, theirs, rng.normal(size=(2, 5, 3)), second=True)


# ------------------------------------------------------------------ packed sequences


@pytest.mark.parametrize("enforce_sorted", [True, False])
@pytest.mark.parametrize("bidirectional", [False, True])
@pytest.mark.parametrize("kind", KINDS)
def test_packed(kind, bidirectional, enforce_sorted):
    rng = np.random.default_rng(4)
    ours, theirs = pair(expression(kind, 2, bidirectional))
    lengths = [5, 3, 3, 1] if enforce_sorted else [3, 1, 5, 3]

    def call(module, x, *state):
        library = ag if module is ours else torch
        utils = library.nn.utils.rnn
        packed = utils.pack_padded_sequence(x, lengths, enforce_sorted=enforce_sorted)
        out, state = module(packed, *state)
        padded, found = utils.pad_packed_sequence(out)
        assert found.tolist() == lengths
        return padded, state

    x = rng.normal(size=(5, 4, 3))
    compare(ours, theirs, x, call=call)
    state = first_state(kind, 2, bidirectional, 4, rng=rng)
    compare(ours, theirs, x, state, call=call, second=True)


def test_packed_with_projection():
    rng = np.random.default_rng(5)
    ours, theirs = pair(expression("LSTM", 2, True, proj_size=2))

    def call(module, x):
        library = ag if module is ours else torch
        packed = library.nn.utils.rnn.pack_padded_sequence(x, [2, 4, 1], enforce_sorted=False)
        out, state = module(packed)
        return out.data, state

    compare(ours, theirs, rng.normal(size=(4, 3, 3)), call=call)


def test_padding_does_not_matter():
    """What stands behind the end of a sequence reaches neither outputs nor gradients."""
    net = nn.GRU(3, 4, bidirectional=True).double()
    x = ag.randn(4, 2, 3, dtype=ag.float64, requires_grad=True)
    packed = nn.utils.rnn.pack_padded_sequence(x, [4, 2])
    out, _ = nn.utils.rnn.pad_packed_sequence(net(packed)[0])
    out.sum().backward()
    assert (x.grad[2:, 1] == 0).all()
    alone, _ = net(x[:2, 1:])
    assert ag.allclose(out[:2, 1:], alone)


# ------------------------------------------------------------------ dropout between layers


@pytest.mark.parametrize("kind", KINDS)
def test_dropout_between_layers(kind):
    net = getattr(nn, kind)(3, 4, 3, dropout=1.0).double()
    x = ag.randn(5, 2, 3, dtype=ag.float64)
    other = ag.randn(5, 2, 3, dtype=ag.float64)
    assert ag.equal(net(x)[0], net(other)[0])  # nothing of the input passes the first layer
    assert not ag.equal(net(x)[1][0][0], net(other)[1][0][0])
    net.eval()
    assert not ag.equal(net(x)[0], net(other)[0])


def test_dropout_scales():
    ag.manual_seed(0)
    net = nn.RNN(1, 400, 2, "relu", dropout=0.25)
    for name, p in net.named_parameters():
        p.requires_grad_(False).fill_(1.0 if name.startswith("weight_ih") else 0.0)
    mean = net(ag.ones(1, 50, 1))[0].mean().item()  # 400 ones, a quarter dropped, 4/3 times
    assert mean == pytest.approx(400, rel=0.02)


# ------------------------------------------------------------------ cells


@pytest.mark.parametrize("bias", [True, False])
@pytest.mark.parametrize("kind", ["RNNCell", "LSTMCell", "GRUCell"])
def test_cells(kind, bias):
    rng = np.random.default_rng(6)
    ours, theirs = pair(f"{kind}(3, 4, bias={bias})")
    assert repr(ours) == repr(theirs)
    state = first_state(kind[:-4], 1, False, 2, rng=rng)
    state = tuple(x[0] for x in state) if kind == "LSTMCell" else state[0]
    one = tuple(x[0] for x in state) if kind == "LSTMCell" else state[0]
    compare(ours, theirs, rng.normal(size=(2, 3)))
    compare(ours, theirs, rng.normal(size=(2, 3)), state, second=True)
    compare(ours, theirs, rng.normal(size=3))
    compare(ours, theirs, rng.normal(size=3), one)


def test_relu_cell():
    ours, theirs = pair("RNNCell(3, 4, nonlinearity='relu')")
    assert repr(ours) == repr(theirs)
    compare(ours, theirs, np.random.default_rng(7).normal(size=(2, 3)))


def test_a_sequence_is_its_steps():
    """One layer over time is the cell, step by step."""
    net, cell = nn.LSTM(3, 4).double(), nn.LSTMCell(3, 4).double()
    for name, p in cell.named_parameters():
        p.data.copy_(getattr(net, f"{name}_l0").data)
    x = ag.randn(6, 2, 3, dtype=ag.float64)
    state, outputs = None, []
    for step in x:
        state = cell(step, state)
        outputs.append(state[0])
    out, (h, c) = net(x)
    assert ag.allclose(out, ag.stack(outputs))
    assert ag.allclose(h[0], state[0])
    assert ag.allclose(c[0], state[1])


# ------------------------------------------------------------------ functions


@pytest.mark.parametrize("kind", ["lstm", "gru", "rnn_tanh", "rnn_relu"])
def test_functions(kind):
    rng = np.random.default_rng(8)
    gates = {"lstm": 4, "gru": 3}.get(kind, 1) * 4
    shapes = [(gates, 3), (gates, 4), (gates,), (gates,)]
    weights = [rng.normal(size=shape) for shape in shapes]
    state = tuple(rng.normal(size=(1, 2, 4)) for _ in range(2 if kind == "lstm" else 1))
    x = rng.normal(size=(5, 2, 3))
    data, sizes = rng.normal(size=(5, 3)), np.array([2, 2, 1])
    results = []
    for library in (ag, torch):
        hx, params = (list(map(library.tensor, given)) for given in (state, weights))
        hx = hx if kind == "lstm" else hx[0]
        plan = (params, True, 1, 0.0, False, False)
        run = getattr(library, kind)
        padded = run(library.tensor(x), hx, *plan, False)
        packed = run(library.tensor(data), library.tensor(sizes), hx, *plan)
        results.append([t.numpy() for t in (*padded, *packed)])
    for a, b in zip(*results, strict=True):
        np.testing.assert_allclose(a, b, rtol=1e-9, atol=1e-12)


# ------------------------------------------------------------------ parameters and state


@pytest.mark.parametrize("kind", KINDS)
def test_first_values(kind):
    ag.manual_seed(0)
    net = getattr(nn, kind)(50, 64, 2)
    for p in net.parameters():
        values = p.detach().numpy()
        assert abs(values).max() <= 1 / 8
    assert net.weight_hh_l0.std().item() == pytest.approx(1 / 8 / 3**0.5, rel=0.03)


def test_all_weights_and_replacement():
    net = nn.LSTM(3, 4, 2, bidirectional=True)
    names = [[n for n, p in net.named_parameters() if p is w] for ws in net.all_weights for w in ws]
    assert [n for (n,) in names] == list(net.state_dict())
    net.flatten_parameters()
    net.weight_ih_l0 = nn.Parameter(ag.zeros(16, 3))
    assert net.all_weights[0][0] is net.weight_ih_l0
    assert ag.equal(net(ag.ones(1, 1, 3))[0], net(ag.zeros(1, 1, 3))[0]) is False
    net.weight_ih_l0_reverse = nn.Parameter(ag.zeros(16, 3))
    assert ag.equal(net(ag.ones(1, 1, 3))[0], net(ag.zeros(1, 1, 3))[0])


@pytest.mark.parametrize("kind", KINDS)
def test_copies(kind):
    net = getattr(nn, kind)(3, 4, 2, bidirectional=True)
    x = ag.randn(5, 2, 3)
    for twin in (copy.deepcopy(net), pickle.loads(pickle.dumps(net))):
        assert ag.equal(twin(x)[0], net(x)[0])
        assert twin.weight_ih_l0 is not net.weight_ih_l0


def test_graph_shows_the_steps():
    net = nn.LSTM(3, 4)
    out, _ = net(ag.ones(7, 2, 3))
    names, seen, stack = [], set(), [out.grad_fn]
    while stack:
        node = stack.pop()
        if node is not None and node not in seen:
            seen.add(node)
            names.append(node.name())
            stack += [n for n, _ in node.next_functions]
    assert names.count("ThnnFusedLstmCellBackward0") == 7


# ------------------------------------------------------------------ bad input


ERRORS = {
    "dropout": lambda m, kind: getattr(m.nn, kind)(3, 4, 2, dropout=1.5),
    "dropout bool": lambda m, kind: getattr(m.nn, kind)(3, 4, 2, dropout=True),
    "bias": lambda m, kind: getattr(m.nn, kind)(3, 4, bias="no"),
    "batch_first": lambda m, kind: getattr(m.nn, kind)(3, 4, batch_first=1),
    "input_size type": lambda m, kind: getattr(m.nn, kind)(3.0, 4),
    "input_size": lambda m, kind: getattr(m.nn, kind)(0, 4),
    "hidden_size type": lambda m, kind: getattr(m.nn, kind)(3, "4"),
    "hidden_size": lambda m, kind: getattr(m.nn, kind)(3, -1),
    "num_layers": lambda m, kind: getattr(m.nn, kind)(3, 4, 0),
    "dimensions": lambda m, kind: getattr(m.nn, kind)(3, 4)(m.ones(3)),
    "input dtype": lambda m, kind: getattr(m.nn, kind)(3, 4)(m.ones(2, 1, 3).double()),
    "input width": lambda m, kind: getattr(m.nn, kind)(3, 4)(m.ones(2, 1, 5)),
    "length": lambda m, kind: getattr(m.nn, kind)(3, 4).double()(m.ones(0, 1, 3).double()),
}


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("name", ERRORS)
def test_bad_input(name, kind):
    same_error(lambda m: ERRORS[name](m, kind))


@pytest.mark.parametrize("kind", ["RNN", "GRU"])
def test_bad_state(kind):
    same_error(lambda m: getattr(m.nn, kind)(3, 4)(m.ones(2, 1, 3), m.ones(1, 2, 4)))
    same_error(lambda m: getattr(m.nn, kind)(3, 4)(m.ones(2, 1, 3), m.ones(1, 4)))
    same_error(lambda m: getattr(m.nn, kind)(3, 4)(m.ones(2, 3), m.ones(1, 1, 4)))
    same_error(lambda m: getattr(m.nn, kind)(3, 4, proj_size=2))


@pytest.mark.parametrize("kind", KINDS)
def test_bad_packed_input(kind):
    packed = nn.utils.rnn.pack_padded_sequence(ag.ones(3, 2, 3), [3, 2])
    with pytest.raises(RuntimeError, match=r"input_size. Expected 5, got 3"):
        getattr(nn, kind)(5, 4)(packed)


def test_bad_lstm_state():
    def run(m, x, *shapes, **settings):
        return m.nn.LSTM(3, 4, **settings)(m.ones(*x), tuple(m.ones(*s) for s in shapes))

    same_error(lambda m: run(m, (2, 1, 3), (1, 1, 5), (1, 1, 4)))
    same_error(lambda m: run(m, (2, 1, 3), (1, 1, 4), (1, 2, 4)))
    same_error(lambda m: run(m, (2, 1, 3), (1, 4), (1, 4)))
    same_error(lambda m: run(m, (2, 3), (1, 1, 4), (1, 1, 4)))
    same_error(lambda m: run(m, (2, 1, 3), (1, 1, 4), (1, 1, 4), proj_size=2))
    same_error(lambda m: m.nn.LSTM(3, 4, proj_size=4))
    same_error(lambda m: m.nn.LSTM(3, 4, proj_size=-1))
    same_error(lambda m: m.nn.RNN(3, 4, nonlinearity="sigmoid"))
    same_error(lambda m: m.nn.RNNBase("CNN", 3, 4))


def test_dropout_of_one_layer_warns():
    for library in (ag, torch):
        with pytest.warns(UserWarning, match="non-zero dropout expects num_layers greater than 1"):
            library.nn.LSTM(3, 4, dropout=0.5)


@pytest.mark.parametrize("kind", ["RNNCell", "LSTMCell", "GRUCell"])
def test_bad_cell_input(kind):
    def run(m, x, *state):
        state = tuple(m.ones(*s) for s in state)
        cell = getattr(m.nn, kind)(3, 4)
        return cell(m.ones(*x), state if kind == "LSTMCell" else state[0])

    same_error(lambda m: getattr(m.nn, kind)(3, 4)(m.ones(1, 1, 3)))
    same_error(lambda m: run(m, (2, 3), (1, 2, 4), (2, 4)))
    same_error(lambda m: run(m, (2, 3), (3, 4), (3, 4)))
    same_error(lambda m: run(m, (2, 3), (2, 5), (2, 5)))
    same_error(lambda m: run(m, (2, 5), (2, 4), (2, 4)))


def test_bad_calls_of_functions():
    def run(m, name, states, params, layers=1):
        weights = [m.ones(*shape).double() for shape in params]
        hx = [m.zeros(n, 1, 2).double() for n in states]
        hx = hx if name == "lstm" else hx[0]
        x = m.ones(3, 1, 3).double()
        return getattr(m, name)(x, hx, weights, False, layers, 0.0, False, False, False)

    same_error(lambda m: run(m, "lstm", [1], [(8, 3), (8, 2)]))
    same_error(lambda m: run(m, "lstm", [1, 1], [(8, 3)]))
    same_error(lambda m: m.lstm_cell(m.ones(1, 3), [m.ones(1, 2)], m.ones(8, 3), m.ones(8, 2)))
