"""Networks of tutorials and papers against PyTorch: outputs, gradients, twenty steps."""

from pathlib import Path

import numpy as np
import pytest
from models import architectures as nets
from models.twins import each, twins, verify_alike

import autograd_core as ag

torch = pytest.importorskip("torch")

CORPUS = Path(__file__).resolve().parents[2] / "notebooks" / "data" / "sonnets.txt"
DRAW = np.random.default_rng(0)


def classify(library, model, x, y):
    return library.nn.functional.cross_entropy(model(x), y)


@pytest.fixture(scope="module")
def digits():
    """(images of 64 pixels, labels) of handwritten digits."""
    datasets = pytest.importorskip("sklearn.datasets")
    found = datasets.load_digits()
    return found.data[:64] / 16, found.target[:64]


def test_mlp(digits):
    pair = twins(torch, nets.mlp)
    verify_alike(torch, pair, each(torch, *digits), classify, "Adam", lr=1e-2)


def test_cnn(digits):
    x, y = digits
    pair = twins(torch, nets.cnn)
    inputs = each(torch, x.reshape(-1, 1, 8, 8), y)
    verify_alike(torch, pair, inputs, classify, lr=0.1, momentum=0.9, nesterov=True)


@pytest.mark.parametrize("kind", ["LSTM", "GRU"])
def test_sequences_of_different_length(kind):
    lengths = np.array([7, 2, 5, 7, 1, 3])
    tokens = DRAW.integers(1, 12, (6, 7)) * (np.arange(7) < lengths[:, None])
    labels = DRAW.integers(0, 3, 6)

    def loss_of(library, model, tokens, lengths, labels):
        return library.nn.functional.cross_entropy(model(tokens, lengths), labels)

    pair = twins(torch, nets.recurrent, kind)
    verify_alike(torch, pair, each(torch, tokens, lengths, labels), loss_of, "RMSprop", lr=1e-2)


def test_resnet18():
    pair = twins(torch, nets.resnet18)
    inputs = each(torch, DRAW.standard_normal((4, 3, 32, 32)), DRAW.integers(0, 5, 4))
    verify_alike(torch, pair, inputs, classify, "SGD", lr=0.02, momentum=0.9, weight_decay=1e-4)


def test_a_detector():
    objects = (DRAW.uniform(size=(2, 4, 4)) < 0.3).astype(float)
    boxes = DRAW.uniform(0.3, 0.9, (2, 4, 4, 4))
    labels = DRAW.integers(0, 3, (2, 4, 4))
    images = DRAW.standard_normal((2, 3, 16, 16))

    def loss_of(library, model, images, *wanted):
        return nets.detector_loss(library, model(images), *wanted)

    pair = twins(torch, nets.detector)
    inputs = each(torch, images, boxes, objects, labels)
    verify_alike(torch, pair, inputs, loss_of, "AdamW", lr=1e-2)


def test_gpt_learns_a_text_and_writes_the_same_as_pytorch():
    text = CORPUS.read_text()
    letters = sorted(set(text))
    codes = np.array([letters.index(c) for c in text[:1200]])
    starts = DRAW.integers(0, len(codes) - 33, 8)
    batch = np.stack([codes[s : s + 33] for s in starts])

    def loss_of(library, model, x, y):
        logits = model(x)
        return library.nn.functional.cross_entropy(logits.view(-1, logits.size(-1)), y.reshape(-1))

    pair = twins(torch, nets.gpt, len(letters))
    verify_alike(torch, pair, each(torch, batch[:, :-1], batch[:, 1:]), loss_of, "AdamW", lr=3e-3)
    (prompt,), (same_prompt,) = each(torch, codes[None, :8])
    written = pair[0].generate(prompt, 40).tolist()
    assert written == pair[1].generate(same_prompt, 40).tolist()
    assert len(written[0]) == 48


def test_bert_from_a_safetensors_file(tmp_path):
    mine, theirs = twins(torch, nets.bert)
    ag.save(mine.state_dict(), tmp_path / "bert.safetensors")
    fresh = nets.bert(ag).double()
    fresh.load_state_dict(ag.load(tmp_path / "bert.safetensors"))
    tokens = DRAW.integers(1, 20, (3, 9))
    tokens[1, 6:] = tokens[2, 3:] = 0
    kinds = (np.arange(9) > 4).astype(int) * np.ones((3, 1), int)
    labels = np.where(tokens > 0, DRAW.integers(1, 20, (3, 9)), -100)

    def loss_of(library, model, tokens, kinds, labels):
        return library.nn.functional.cross_entropy(
            model(tokens, kinds).flatten(0, 1), labels.flatten()
        )

    inputs = each(torch, tokens, kinds, labels)
    verify_alike(torch, (fresh, theirs), inputs, loss_of, "Adam", lr=1e-2, betas=(0.8, 0.99))


def test_a_network_whose_depth_depends_on_its_input():
    inputs = each(torch, *(DRAW.standard_normal((5, 6)) * k for k in (0.1, 1, 2, 3)))
    depths = {int(np.abs(x.numpy()).sum()) % 4 for x in inputs[1]}
    assert len(depths) > 1

    def loss_of(library, model, *xs):
        return sum((model(x) - x.sum(1, keepdim=True)).square().mean() for x in xs)

    verify_alike(torch, twins(torch, nets.adaptive), inputs, loss_of, "Adagrad", lr=0.1)


def test_reinforce():
    """Actions are drawn outside, so that both see the same episodes."""
    states = DRAW.standard_normal((30, 4))
    actions = DRAW.integers(0, 3, 30)
    rewards = (actions == states[:, :3].argmax(1)).astype(float)
    returns = np.convolve(rewards[::-1], 0.9 ** np.arange(30))[:30][::-1].copy()
    returns = (returns - returns.mean()) / returns.std()

    def loss_of(library, model, states, actions, returns):
        chosen = model(states).gather(1, actions.unsqueeze(1)).squeeze(1)
        return -(chosen * returns).sum()

    pair = twins(torch, nets.policy)
    inputs = each(torch, states, actions, returns)
    verify_alike(torch, pair, inputs, loss_of, "Adam", lr=1e-2)
