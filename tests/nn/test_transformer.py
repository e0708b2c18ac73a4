"""Transformers over a grid of settings and masks, compared with PyTorch."""

from __future__ import annotations

import copy
import itertools
import pickle

import numpy as np
import pytest

import autograd_core as ag
from autograd_core import nn

torch = pytest.importorskip("torch")
from compared_modules import compare, same_error  # noqa: E402

# PyTorch says that it will not use nested tensors; we have none.
pytestmark = pytest.mark.filterwarnings("ignore:enable_nested_tensor is True")

L, S, N, E = 3, 4, 2, 4
CAUSAL = np.triu(np.full((L, L), -np.inf), 1)
SETTINGS = list(
    itertools.product((False, True), (False, True), (False, True), ("'relu'", "'gelu'", "F.silu"))
)


def both(expression):
    """The modules of both libraries, with ``F`` in reach of the expression."""
    made = [
        eval(f"nn.{expression}", {"nn": m.nn, "F": m.nn.functional}).double() for m in (ag, torch)
    ]
    ours, theirs = made
    assert list(ours.state_dict()) == list(theirs.state_dict())
    assert repr(ours) == repr(theirs)
    ours.load_state_dict({k: ag.tensor(v.numpy()) for k, v in theirs.state_dict().items()})
    return ours, theirs


def arrays(*lengths, batch_first=False, seed=0):
    rng = np.random.default_rng(seed)
    return [rng.normal(size=(N, n, E) if batch_first else (n, N, E)) for n in lengths]


def call_with(**masks):
    def call(module, *args, **kwargs):
        library = ag if isinstance(module, nn.Module) else torch
        made = {k: library.tensor(m) for k, m in masks.items()}
        return module(*args, **made, **kwargs)

    return call


@pytest.mark.parametrize(("batch_first", "norm_first", "bias", "activation"), SETTINGS)
def test_layers(batch_first, norm_first, bias, activation):
    settings = (
        f"{E}, 2, 5, dropout=0.0, activation={activation}, batch_first={batch_first}, "
        f"norm_first={norm_first}, bias={bias}, layer_norm_eps=1e-3"
    )
    src, tgt = arrays(S, L, batch_first=batch_first)
    encoder, their_encoder = both(f"TransformerEncoderLayer({settings})")
    compare(encoder, their_encoder, src, second=True)
    decoder, their_decoder = both(f"TransformerDecoderLayer({settings})")
    compare(decoder, their_decoder, tgt, src, second=True)
    encoder.eval(), their_encoder.eval()
    compare(encoder, their_encoder, src)


@pytest.mark.parametrize("norm", [True, False])
@pytest.mark.parametrize("batch_first", [False, True])
def test_stacks(batch_first, norm):
    last = f"nn.LayerNorm({E})" if norm else "None"
    settings = f"{E}, 2, 5, 0.0, batch_first={batch_first}"
    src, tgt = arrays(S, L, batch_first=batch_first)
    compare(*both(f"TransformerEncoder(nn.TransformerEncoderLayer({settings}), 2, {last})"), src)
    decoder = f"TransformerDecoder(nn.TransformerDecoderLayer({settings}), 2, {last})"
    compare(*both(decoder), tgt, src)


@pytest.mark.parametrize("batch_first", [False, True])
@pytest.mark.parametrize("norm_first", [False, True])
@pytest.mark.parametrize("bias", [False, True])
def test_transformer(batch_first, norm_first, bias):
    ours, theirs = both(
        f"Transformer({E}, 2, 2, 1, 6, 0.0, batch_first={batch_first}, norm_first={norm_first}, "
        f"bias={bias})"
    )
    src, tgt = arrays(S, L, batch_first=batch_first)
    compare(ours, theirs, src, tgt)
    masks = {
        "src_key_padding_mask": np.array([[0, 0, 0, 1], [0, 0, 1, 1]], bool),
        "memory_key_padding_mask": np.array([[0, 0, 0, 1], [0, 0, 1, 1]], bool),
        "tgt_mask": CAUSAL != 0,
    }
    compare(ours, theirs, src, tgt, call=call_with(**masks))


def test_unbatched():
    rng = np.random.default_rng(1)
    ours, theirs = both(f"Transformer({E}, 2, 1, 1, 6, 0.0)")
    compare(ours, theirs, rng.normal(size=(S, E)), rng.normal(size=(L, E)))


def test_printed_tree_of_the_usual_settings():
    ours, theirs = nn.Transformer(8, 2, 1, 2, 4), torch.nn.Transformer(8, 2, 1, 2, 4)
    assert repr(ours) == repr(theirs)


# ------------------------------------------------------------------ masks

ENCODER_MASKS = {
    "causal float": {"mask": CAUSAL},
    "causal bool": {"mask": CAUSAL != 0},
    "other": {"mask": np.random.default_rng(2).normal(size=(L, L))},
    "padding": {"src_key_padding_mask": np.array([[0, 0, 0], [0, 0, 1]], bool)},
    "both": {
        "mask": CAUSAL != 0,
        "src_key_padding_mask": np.array([[0, 0, 0], [0, 0, 1]], bool),
    },
}


@pytest.mark.parametrize("hint", [None, True, False])
@pytest.mark.parametrize("masks", ENCODER_MASKS)
def test_encoder_masks(masks, hint):
    if hint and "mask" not in ENCODER_MASKS[masks]:
        return
    layer = f"nn.TransformerEncoderLayer({E}, 2, 5, 0.0)"
    ours, theirs = both(f"TransformerEncoder({layer}, 2)")
    call = call_with(**ENCODER_MASKS[masks])
    compare(ours, theirs, *arrays(L), is_causal=hint, call=call)


@pytest.mark.parametrize("hint", [None, True, False])
def test_decoder_masks(hint):
    ours, theirs = both(f"TransformerDecoder(nn.TransformerDecoderLayer({E}, 2, 5, 0.0), 2)")
    masks = {
        "tgt_mask": CAUSAL,
        "tgt_key_padding_mask": np.array([[0, 0, 0], [0, 0, -np.inf]]),
        "memory_mask": np.random.default_rng(3).normal(size=(L, S)),
        "memory_key_padding_mask": np.array([[0, 0, 0, -np.inf], [0, 0, 0, 0.0]]),
    }
    tgt, memory = arrays(L, S)
    compare(ours, theirs, tgt, memory, tgt_is_causal=hint, call=call_with(**masks))


def test_causal_mask():
    make = nn.Transformer.generate_square_subsequent_mask
    assert make(3).tolist() == CAUSAL.tolist()
    assert make(2, dtype=ag.float64).dtype is ag.float64


def test_no_step_sees_a_later_one():
    net = nn.TransformerEncoder(nn.TransformerEncoderLayer(E, 2, 8, 0.0), 2).double()
    x = ag.randn(5, 1, E, dtype=ag.float64, requires_grad=True)
    mask = nn.Transformer.generate_square_subsequent_mask(5)
    net(x, mask=mask.double())[2].sum().backward()
    assert (x.grad[3:] == 0).all()
    assert (x.grad[:3] != 0).any(-1).all()


# ------------------------------------------------------------------ what is made


def test_layers_are_copies():
    layer = nn.TransformerEncoderLayer(E, 2, 5)
    net = nn.TransformerEncoder(layer, 3)
    weights = {id(p) for p in net.parameters()} | {id(p) for p in layer.parameters()}
    assert len(weights) == 4 * len(list(layer.parameters()))
    assert ag.equal(net.layers[0].linear1.weight, net.layers[2].linear1.weight)


def test_custom_parts():
    class Nothing(nn.Module):
        def forward(self, x, *args, **kwargs):
            return x

    net = nn.Transformer(E, 2, custom_encoder=Nothing(), custom_decoder=Nothing())
    tgt = ag.ones(L, N, E)
    assert net(ag.zeros(S, N, E), tgt) is tgt


def test_dropout_in_training_only():
    net = nn.TransformerEncoderLayer(E, 2, 5, dropout=0.5)
    x = ag.randn(L, N, E)
    assert not ag.equal(net(x), net(x))
    net.eval()
    assert ag.equal(net(x), net(x))


def test_copies():
    net = nn.Transformer(E, 2, 1, 1, 5, 0.0)
    src, tgt = ag.randn(S, N, E), ag.randn(L, N, E)
    for twin in (copy.deepcopy(net), pickle.loads(pickle.dumps(net))):
        assert ag.equal(twin(src, tgt), net(src, tgt))


def test_first_values():
    ag.manual_seed(0)
    net = nn.Transformer(32, 2, 1, 1, 64)
    weight = net.encoder.layers[0].linear1.weight
    assert weight.std().item() == pytest.approx((2 / 96) ** 0.5, rel=0.05)
    assert not net.encoder.layers[0].self_attn.in_proj_bias.any()


ERRORS = {
    "activation": lambda m: m.nn.TransformerEncoderLayer(4, 2, activation="tanh"),
    "heads": lambda m: m.nn.TransformerDecoderLayer(4, 3),
    "batch": lambda m: m.nn.Transformer(4, 2, 1, 1, 5)(m.ones(3, 2, 4), m.ones(3, 1, 4)),
    "features": lambda m: m.nn.Transformer(4, 2, 1, 1, 5)(m.ones(3, 2, 5), m.ones(3, 2, 4)),
    "mask type": lambda m: m.nn.TransformerEncoderLayer(4, 2, 5)(
        m.ones(3, 2, 4), src_mask=m.zeros(3, 3, dtype=m.int64)
    ),
    "padding type": lambda m: m.nn.TransformerEncoder(m.nn.TransformerEncoderLayer(4, 2, 5), 1)(
        m.ones(3, 2, 4), src_key_padding_mask=m.zeros(2, 3, dtype=m.int64)
    ),
    "mask size": lambda m: m.nn.TransformerDecoderLayer(4, 2, 5)(
        m.ones(3, 2, 4), m.ones(4, 2, 4), memory_mask=m.zeros(3, 3)
    ),
}


@pytest.mark.parametrize("name", ERRORS)
def test_bad_input(name):
    same_error(ERRORS[name])
