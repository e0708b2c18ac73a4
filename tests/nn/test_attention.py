"""Attention over a grid of settings and masks, compared with PyTorch."""

from __future__ import annotations

import itertools
import math

import numpy as np
import pytest

import autograd_core as ag
from autograd_core import nn

torch = pytest.importorskip("torch")
from compared_modules import compare, pair, same, same_error  # noqa: E402

L, S, N, E, HEADS = 3, 4, 2, 6, 2
CAUSAL = np.triu(np.full((L, L), -np.inf), 1)


def draw(seed=0):
    return np.random.default_rng(seed)


def constant(value):
    """A mask: an array that is given to both libraries without a gradient."""
    return lambda library: library.tensor(value)


def call_with(**masks):
    """Call a module with masks that are made in its own library."""

    def call(module, *args, **kwargs):
        library = ag if isinstance(module, nn.Module) else torch
        return module(*args, **{k: m(library) for k, m in masks.items()}, **kwargs)

    return call


# ------------------------------------------------------------------ constructor arguments

SETTINGS = list(itertools.product((True, False), (True, False), (True, False), (None, 5)))


@pytest.mark.parametrize(("bias", "add_bias_kv", "add_zero_attn", "kdim"), SETTINGS)
@pytest.mark.parametrize("need_weights", [True, False])
def test_settings(bias, add_bias_kv, add_zero_attn, kdim, need_weights):
    rng = draw()
    ours, theirs = pair(
        f"MultiheadAttention({E}, {HEADS}, bias={bias}, add_bias_kv={add_bias_kv}, "
        f"add_zero_attn={add_zero_attn}, kdim={kdim}, vdim={kdim and 7})"
    )
    assert repr(ours) == repr(theirs)
    args = (
        rng.normal(size=(L, N, E)),
        rng.normal(size=(S, N, kdim or E)),
        rng.normal(size=(S, N, 7 if kdim else E)),
    )
    masks = {
        "key_padding_mask": constant(np.array([[0, 0, 0, 1], [0, 1, 0, 0]], bool)),
        "attn_mask": constant(rng.random((L, S)) < 0.2),
    }
    compare(ours, theirs, *args, need_weights=need_weights)
    compare(ours, theirs, *args, need_weights=need_weights, call=call_with(**masks))


@pytest.mark.parametrize("batch_first", [False, True])
@pytest.mark.parametrize("same_tensor", ["all", "key and value", "none"])
@pytest.mark.parametrize("need_weights", [True, False])
def test_which_tensors_are_the_same(batch_first, same_tensor, need_weights):
    rng = draw(1)
    ours, theirs = pair(f"MultiheadAttention({E}, {HEADS}, batch_first={batch_first})")
    shape = (N, L, E) if batch_first else (L, N, E)
    count = {"all": 1, "key and value": 2, "none": 3}[same_tensor]

    def call(module, *x):
        q, k, v = (x[0], x[min(1, count - 1)], x[count - 1])
        return module(q, k, v, need_weights=need_weights)

    args = [rng.normal(size=shape) for _ in range(count)]
    compare(ours, theirs, *args, call=call, second=True)


@pytest.mark.parametrize("batch_first", [False, True])
@pytest.mark.parametrize("average", [False, True])
def test_unbatched_and_weights_of_each_head(batch_first, average):
    rng = draw(2)
    ours, theirs = pair(f"MultiheadAttention({E}, 3, batch_first={batch_first})")
    x, y = rng.normal(size=(L, E)), rng.normal(size=(S, E))
    compare(ours, theirs, x, y, y, average_attn_weights=average)
    masks = {
        "attn_mask": constant(rng.normal(size=(3, L, S))),
        "key_padding_mask": constant(np.array([0.0, 0.5, -np.inf, 0])),
    }
    compare(ours, theirs, x, y, y, average_attn_weights=average, call=call_with(**masks))
    compare(ours, theirs, x, y, y, need_weights=False, call=call_with(**masks))


# ------------------------------------------------------------------ masks

MASKS = {
    "none": None,
    "bool": CAUSAL != 0,
    "float": CAUSAL,
    "per head": draw(3).normal(size=(N * HEADS, L, L)),
    "bool per head": draw(4).random((N * HEADS, L, L)) < 0.2,
}
PADDING = {
    "none": None,
    "bool": np.array([[0, 0, 0], [0, 0, 1]], bool),
    "float": np.array([[0, 0.5, 0], [0, 0, -np.inf]]),
}


@pytest.mark.filterwarnings("ignore:Support for mismatched")
@pytest.mark.parametrize("mask", MASKS)
@pytest.mark.parametrize("padding", PADDING)
@pytest.mark.parametrize("need_weights", [True, False])
@pytest.mark.parametrize("training", [True, False])
def test_masks(mask, padding, need_weights, training):
    ours, theirs = pair(f"MultiheadAttention({E}, {HEADS})")
    ours.train(training)
    theirs.train(training)
    given = {"attn_mask": MASKS[mask], "key_padding_mask": PADDING[padding]}
    masks = {k: constant(v) for k, v in given.items() if v is not None}
    x = draw(5).normal(size=(L, N, E))
    compare(ours, theirs, x, x, x, need_weights=need_weights, call=call_with(**masks))


@pytest.mark.parametrize("padding", ["none", "float"])
@pytest.mark.parametrize("need_weights", [True, False])
def test_causal_hint(need_weights, padding):
    ours, theirs = pair(f"MultiheadAttention({E}, {HEADS})")
    masks = {"attn_mask": constant(CAUSAL)}
    if padding == "float":
        masks["key_padding_mask"] = constant(PADDING["float"])
    x = draw(6).normal(size=(L, N, E))
    more = {"need_weights": need_weights, "is_causal": True}
    compare(ours, theirs, x, x, x, call=call_with(**masks), **more)


def test_gradient_of_a_mask():
    """A learned bias on the scores, as in relative positions."""
    ours, theirs = pair(f"MultiheadAttention({E}, {HEADS})")
    rng = draw(7)
    x, bias = rng.normal(size=(L, N, E)), rng.normal(size=(L, L))

    def call(module, x, bias):
        return module(x, x, x, attn_mask=bias, need_weights=False)[0]

    compare(ours, theirs, x, bias, call=call, second=True)


def test_mismatched_masks_warn():
    x = ag.ones(L, N, E)
    with pytest.warns(UserWarning, match="mismatched key_padding_mask and attn_mask"):
        nn.MultiheadAttention(E, HEADS)(
            x,
            x,
            x,
            key_padding_mask=ag.zeros(N, L),
            attn_mask=ag.zeros(L, L, dtype=ag.bool),
        )


def test_a_row_that_is_all_masked():
    """NaN where the weights are wanted, zeros where they are not, as in PyTorch."""
    hidden = np.zeros((L, L), bool)
    hidden[1] = True
    x = draw(8).normal(size=(L, 1, E))
    for library in (ag, torch):
        net = library.nn.MultiheadAttention(E, HEADS, bias=False).double()
        given = library.tensor(x)
        mask = library.tensor(hidden)
        with_weights, weights = net(given, given, given, attn_mask=mask)
        assert with_weights[1].isnan().all()
        assert weights[0, 1].isnan().all()
        alone, _ = net(given, given, given, attn_mask=mask, need_weights=False)
        assert (alone[1] == 0).all()


# ------------------------------------------------------------------ dropout


def test_dropout_of_the_weights():
    ag.manual_seed(0)
    net = nn.MultiheadAttention(E, HEADS, dropout=0.5).double()
    x = ag.randn(40, 1, E, dtype=ag.float64)
    weights = net(x, x, x, average_attn_weights=False)[1]
    share = (weights == 0).double().mean().item()
    assert share == pytest.approx(0.5, abs=0.05)
    assert weights.sum(-1).mean().item() == pytest.approx(1.0, abs=0.05)
    assert not ag.equal(net(x, x, x, need_weights=False)[0], net(x, x, x, need_weights=False)[0])
    net.eval()
    assert ag.allclose(net(x, x, x)[1].sum(-1), ag.ones(1, 40, dtype=ag.float64))
    assert ag.equal(net(x, x, x, need_weights=False)[0], net(x, x, x, need_weights=False)[0])


# ------------------------------------------------------------------ the function


def test_static_keys_and_values():
    rng = draw(9)
    static = [rng.normal(size=(N * HEADS, S, E // HEADS)) for _ in range(2)]
    x = rng.normal(size=(L, N, E))
    weights = [rng.normal(size=s) for s in ((3 * E, E), (3 * E,), (E, E), (E,))]
    results = []
    for m in (ag, torch):
        w, b, wo, bo = map(m.tensor, weights)
        k, v = map(m.tensor, static)
        q = m.tensor(x)
        run = m.nn.functional.multi_head_attention_forward
        results.append(
            run(q, q, q, E, HEADS, w, b, None, None, False, 0.0, wo, bo, static_k=k, static_v=v)
        )
    for a, b in zip(*results, strict=True):
        same(a, b)


def test_first_values():
    ag.manual_seed(0)
    net = nn.MultiheadAttention(64, 4, add_bias_kv=True)
    bound = math.sqrt(6 / (64 + 192))
    assert abs(net.in_proj_weight.detach().numpy()).max() <= bound
    assert net.in_proj_weight.std().item() == pytest.approx(bound / math.sqrt(3), rel=0.03)
    assert not net.in_proj_bias.any()
    assert not net.out_proj.bias.any()
    assert net.bias_k.std().item() == pytest.approx(math.sqrt(2 / 128), rel=0.3)


# ------------------------------------------------------------------ scaled_dot_product_attention

SDPA = [
    {},
    {"is_causal": True},
    {"scale": 0.3},
    {"attn_mask": draw(10).normal(size=(3, 4))},
    {"attn_mask": draw(11).random((2, 1, 3, 4)) < 0.7},
    {"attn_mask": draw(12).normal(size=(1, 2, 3, 4)), "scale": 2.0},
]


@pytest.mark.parametrize("index", range(len(SDPA)))
@pytest.mark.parametrize("value_size", [5, 7])
def test_scaled_dot_product_attention(index, value_size):
    rng = draw(13)
    q, k, v = (rng.normal(size=(2, 2, n, e)) for n, e in ((3, 5), (4, 5), (4, value_size)))
    options = dict(SDPA[index])
    mask = options.pop("attn_mask", None)

    class Function:
        def parameters(self):
            return []

    ours, theirs = Function(), Function()

    def call(which, q, k, v, *masks):
        m = ag if which is ours else torch
        given = m.tensor(mask) if mask is not None and mask.dtype == bool else None
        given = masks[0] if masks else given
        return m.nn.functional.scaled_dot_product_attention(q, k, v, given, **options)

    floating = [mask] if mask is not None and mask.dtype != bool else []
    compare(ours, theirs, q, k, v, *floating, call=call, second=True)


def test_grouped_queries():
    rng = draw(14)
    q, k, v = (rng.normal(size=(2, h, 3, 4)) for h in (6, 2, 2))
    results = []
    for m in (ag, torch):
        inputs = [m.tensor(x).requires_grad_() for x in (q, k, v)]
        out = m.nn.functional.scaled_dot_product_attention(*inputs, enable_gqa=True)
        out.pow(2).sum().backward()
        results.append([out, *(x.grad for x in inputs)])
    for a, b in zip(*results, strict=True):
        same(a, b)


# ------------------------------------------------------------------ bad input

ERRORS = {
    "sizes": lambda m: m.nn.MultiheadAttention(0, 2),
    "heads": lambda m: m.nn.MultiheadAttention(5, 2),
    "4-d": lambda m: run(m, (1, 3, 2, 6), (3, 2, 6)),
    "key dims": lambda m: run(m, (3, 2, 6), (3, 6)),
    "key dims unbatched": lambda m: run(m, (3, 6), (3, 2, 6)),
    "embedding": lambda m: run(m, (3, 2, 5), (3, 2, 5)),
    "padding dims": lambda m: run(m, (3, 2, 6), (3, 2, 6), key_padding_mask=m.zeros(3)),
    "padding size": lambda m: run(m, (3, 2, 6), (3, 2, 6), key_padding_mask=m.zeros(2, 4)),
    "padding batch": lambda m: run(m, (3, 2, 6), (3, 2, 6), key_padding_mask=m.zeros(3, 3)),
    "padding type": lambda m: run(
        m, (3, 2, 6), (3, 2, 6), key_padding_mask=m.zeros(2, 3, dtype=m.int64)
    ),
    "mask dims": lambda m: run(m, (3, 2, 6), (3, 2, 6), attn_mask=m.zeros(3)),
    "mask size": lambda m: run(m, (3, 2, 6), (3, 2, 6), attn_mask=m.zeros(3, 4)),
    "mask batch": lambda m: run(m, (3, 2, 6), (3, 2, 6), attn_mask=m.zeros(3, 3, 3)),
    "mask unbatched": lambda m: run(m, (3, 6), (3, 6), attn_mask=m.zeros(3, 3, 3)),
    "hint alone": lambda m: run(m, (3, 2, 6), (3, 2, 6), is_causal=True),
    "value": lambda m: m.nn.MultiheadAttention(6, 2)(
        m.ones(3, 2, 6), m.ones(3, 2, 6), m.ones(4, 2, 6)
    ),
    "batch of key": lambda m: m.nn.MultiheadAttention(6, 2, kdim=4)(
        m.ones(3, 2, 6), m.ones(3, 2, 4), m.ones(4, 2, 6)
    ),
    "kdim": lambda m: m.nn.MultiheadAttention(6, 2, kdim=4)(
        m.ones(3, 2, 6), m.ones(3, 2, 5), m.ones(3, 2, 6)
    ),
}


def run(m, query, key, **more):
    k = m.ones(*key)
    return m.nn.MultiheadAttention(6, 2)(m.ones(*query), k, k, **more)


@pytest.mark.parametrize("name", ERRORS)
def test_bad_input(name):
    same_error(ERRORS[name])
