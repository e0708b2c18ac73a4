"""Every loss over a grid of its arguments: values and gradients equal to PyTorch's."""

from __future__ import annotations

import itertools
import warnings

import numpy as np
import pytest

import autograd_core as ag
from autograd_core import nn

REDUCTIONS = ["mean", "sum", "none"]


def real(*shape, low=-2.0, high=2.0, seed=0):
    return np.random.default_rng([seed, *shape]).uniform(low, high, shape)


def classes(*shape, count=4, seed=0, ignored=None):
    drawn = np.random.default_rng([seed, 5, *shape]).integers(0, count, shape)
    return drawn if ignored is None else np.where(drawn == count - 1, ignored, drawn)


def signs(*shape):
    return np.where(real(*shape, seed=3) > 0, 1.0, -1.0)


def fractions(*shape, seed=1):
    return real(*shape, low=0.05, high=0.95, seed=seed)


def normalised(*shape, log=False):
    e = np.exp(real(*shape, seed=4))
    return np.log(e / e.sum(-1, keepdims=True)) if log else e / e.sum(-1, keepdims=True)


def many(**choices):
    return [dict(zip(choices, v, strict=True)) for v in itertools.product(*choices.values())]


WEIGHTS = [None, np.array([0.5, 2.0, 0.0, 1.5])]
LABELS = np.array([[2, 0, -1, 1], [3, -1, 0, 0], [1, 3, 2, 0], [-1, 0, 1, 2], [0, 0, 2, -1]])

# name: (settings, inputs that need gradients, others)
TABLE = {
    "CrossEntropyLoss": (
        many(reduction=REDUCTIONS, weight=WEIGHTS, label_smoothing=[0.0, 0.2],
             ignore_index=[-100, 1]),
        [[real(5, 4), classes(5)], [real(4), classes()], [real(2, 4, 3), classes(2, 3)],
         [real(2, 4, 3, 2), classes(2, 3, 2)], [real(5, 4), classes(5, ignored=1)]], 1,
    ),
    "CrossEntropyLoss probabilities": (
        many(reduction=REDUCTIONS, weight=WEIGHTS, label_smoothing=[0.0, 0.2]),
        [[real(5, 4), normalised(5, 4)], [real(4), normalised(4)],
         [real(2, 4, 3), fractions(2, 4, 3)]], 2,
    ),
    "NLLLoss": (
        many(reduction=REDUCTIONS, weight=WEIGHTS, ignore_index=[-100, 1]),
        [[real(5, 4), classes(5)], [real(4), classes()], [real(2, 4, 3), classes(2, 3)],
         [real(2, 4, 3, 2), classes(2, 3, 2)], [real(5, 4), classes(5, ignored=-100)]], 1,
    ),
    "MSELoss": (
        many(reduction=REDUCTIONS), [[real(3, 4), real(3, 4, seed=1)], [real(), real(seed=1)]], 2,
    ),
    "L1Loss": (many(reduction=REDUCTIONS), [[real(3, 4), real(3, 4, seed=1)]], 2),
    "SmoothL1Loss": (
        many(reduction=REDUCTIONS, beta=[1.0, 0.3, 0.0]), [[real(3, 4), real(3, 4, seed=1)]], 2,
    ),
    "HuberLoss": (
        many(reduction=REDUCTIONS, delta=[1.0, 0.3, 4]), [[real(3, 4), real(3, 4, seed=1)]], 2,
    ),
    "SoftMarginLoss": (many(reduction=REDUCTIONS), [[real(3, 4), signs(3, 4)]], 1),
    "BCELoss": (
        many(reduction=REDUCTIONS, weight=WEIGHTS),
        [[fractions(3, 4), fractions(3, 4, seed=2)], [fractions(4), fractions(4, seed=2)],
         [np.array([0.0, 1.0, 0.0, 1.0]), np.array([0.0, 1.0, 1.0, 0.0])]], 1,
    ),
    "BCEWithLogitsLoss": (
        many(reduction=REDUCTIONS, weight=WEIGHTS, pos_weight=[None, np.array([3.0, 0.5, 1, 2])]),
        [[real(3, 4), fractions(3, 4)], [real(4, low=-90, high=90), fractions(4)]], 2,
    ),
    "KLDivLoss": (
        many(reduction=["sum", "none", "batchmean"]),
        [[normalised(3, 4, log=True), normalised(3, 4)],
         [normalised(3, 4, log=True), np.array([[0.0, 1, 0, 0]] * 3)]], 1,
    ),
    "KLDivLoss logarithms": (
        many(reduction=["sum", "none", "batchmean"], log_target=[True]),
        [[normalised(3, 4, log=True), normalised(3, 4, log=True)]], 2,
    ),
    "PoissonNLLLoss": (
        many(reduction=REDUCTIONS, log_input=[True, False], full=[True, False], eps=[1e-8, 0.1]),
        [[fractions(3, 4), np.arange(12.0).reshape(3, 4) / 2]], 1,
    ),
    "GaussianNLLLoss": (
        many(reduction=REDUCTIONS, full=[True, False], eps=[1e-6, 0.5]),
        [[real(3, 4), real(3, 4, seed=1), fractions(3, 4)],
         [real(3, 4), real(3, 4, seed=1), fractions(3, 1)],
         [real(3, 4), real(3, 4, seed=1), fractions(3)]], 3,
    ),
    "CosineEmbeddingLoss": (
        many(reduction=REDUCTIONS, margin=[0.0, 0.4, -0.3]),
        [[real(6, 4), real(6, 4, seed=1), signs(6)], [real(4), real(4, seed=1), np.array(-1.0)]], 2,
    ),
    "MarginRankingLoss": (
        many(reduction=REDUCTIONS, margin=[0.0, 0.5]), [[real(6), real(6, seed=1), signs(6)]], 2,
    ),
    "HingeEmbeddingLoss": (
        many(reduction=REDUCTIONS, margin=[1.0, 0.2]), [[real(3, 4), signs(3, 4)]], 1,
    ),
    "TripletMarginLoss": (
        many(reduction=REDUCTIONS, margin=[1.0, 0.1], p=[2.0, 1.0, 3.5], swap=[False, True],
             eps=[1e-6, 0.1]),
        [[real(5, 4), real(5, 4, seed=1), real(5, 4, seed=2)]], 3,
    ),
    "TripletMarginWithDistanceLoss": (
        many(reduction=REDUCTIONS, margin=[1.0, 0.1], swap=[False, True]),
        [[real(5, 4), real(5, 4, seed=1), real(5, 4, seed=2)]], 3,
    ),
    "MultiMarginLoss": (
        many(reduction=REDUCTIONS, p=[1, 2], margin=[1.0, 0.4], weight=WEIGHTS),
        [[real(5, 4), classes(5)], [real(4), classes()]], 1,
    ),
    "MultiLabelMarginLoss": (
        many(reduction=REDUCTIONS),
        [[real(5, 4), LABELS], [real(4), LABELS[0]], [real(1), np.array([0])]], 1,
    ),
    "MultiLabelSoftMarginLoss": (
        many(reduction=REDUCTIONS, weight=WEIGHTS),
        [[real(5, 4), (real(5, 4, seed=6) > 0) * 1.0]], 1,
    ),
}  # fmt: skip
CASES = [
    pytest.param(name.partition(" ")[0], settings, inputs, count, id=f"{name}-{i}-{j}")
    for name, (grid, calls, count) in TABLE.items()
    for i, settings in enumerate(grid)
    for j, inputs in enumerate(calls)
]


def tensors(library, values):
    return {k: library.tensor(v) if isinstance(v, np.ndarray) else v for k, v in values.items()}


def value_and_gradients(library, make, inputs, count):
    given = [
        library.tensor(v.tolist(), dtype=library.float64, requires_grad=i < count)
        if v.dtype.kind == "f"
        else library.tensor(v.tolist(), dtype=library.int64).reshape(v.shape)
        for i, v in enumerate(inputs)
    ]
    loss = make(library)(*given)
    scale = library.arange(1.0, loss.numel() + 1, dtype=library.float64).reshape(loss.shape)
    (loss * scale).sum().backward()
    return [np.asarray(loss.detach().tolist())] + [
        np.asarray(t.grad.tolist()) for t in given[:count]
    ]


def compare(make, inputs, count):
    torch = pytest.importorskip("torch")
    ours = value_and_gradients(ag, make, inputs, count)
    theirs = value_and_gradients(torch, make, inputs, count)
    for mine, other in zip(ours, theirs, strict=True):
        np.testing.assert_allclose(mine, other, rtol=1e-9, atol=1e-12)


@pytest.mark.parametrize(("name", "settings", "inputs", "count"), CASES)
def test_equal_to_torch(name, settings, inputs, count):
    if inputs[-1].dtype.kind == "i" and np.all(inputs[-1] == settings.get("ignore_index")):
        pytest.skip("nothing is left, and the mean is NaN")
    compare(lambda lib: getattr(lib.nn, name)(**tensors(lib, settings)), inputs, count)


def test_every_loss_is_in_the_table():
    known = {name.partition(" ")[0] for name in TABLE}
    from autograd_core.nn.modules import loss

    assert set(loss.__all__) - known == {"CTCLoss", "NLLLoss2d"}


@pytest.mark.parametrize("reduction", REDUCTIONS)
def test_all_targets_ignored(reduction):
    target = np.full(5, 1)
    settings = {"ignore_index": 1, "reduction": reduction}
    for name in ("CrossEntropyLoss", "NLLLoss"):
        compare(lambda lib, name=name: getattr(lib.nn, name)(**settings), [real(5, 4), target], 1)


@pytest.mark.parametrize("reduction", REDUCTIONS)
def test_an_empty_batch(reduction):
    torch = pytest.importorskip("torch")
    for name in ("MSELoss", "CrossEntropyLoss", "BCELoss"):
        found = []
        for library in (ag, torch):
            target = (
                library.zeros(0, 4) if name in ("MSELoss", "BCELoss") else library.zeros(0).long()
            )
            loss = getattr(library.nn, name)(reduction=reduction)(library.zeros(0, 4), target)
            found.append((loss.tolist(), tuple(loss.shape)))
        np.testing.assert_equal(*found)


@pytest.mark.parametrize(
    "old",
    [
        {"size_average": False},
        {"reduce": False},
        {"size_average": True},
        {"reduce": True, "size_average": False},
    ],
)
def test_old_arguments(old):
    torch = pytest.importorskip("torch")
    found = []
    for library in (ag, torch):
        with pytest.warns(UserWarning, match="size_average and reduce args will be deprecated"):
            module = library.nn.MSELoss(**old)
        found.append((module.reduction, repr(module)))
    assert found[0] == found[1]


def test_kl_div_warns_of_its_mean():
    with pytest.warns(UserWarning, match="'batchmean' divides only by the batch size"):
        nn.functional.kl_div(ag.zeros(2, 2), ag.ones(2, 2))


def test_old_name():
    with pytest.warns(FutureWarning, match="`NLLLoss2d` has been deprecated"):
        old = nn.NLLLoss2d(reduction="sum")
    x, t = ag.tensor(real(2, 4, 3, 3)), ag.tensor(classes(2, 3, 3))
    assert old(x, t).item() == nn.NLLLoss(reduction="sum")(x, t).item()


@pytest.mark.parametrize("name", sorted({n.partition(" ")[0] for n in TABLE} | {"CTCLoss"}))
def test_printed_as_in_torch(name):
    torch = pytest.importorskip("torch")
    assert repr(getattr(nn, name)()) == repr(getattr(torch.nn, name)())


def test_weights_are_buffers():
    loss = nn.CrossEntropyLoss(weight=ag.ones(4), label_smoothing=0.1)
    assert list(loss.state_dict()) == ["weight"]
    assert list(nn.BCEWithLogitsLoss(pos_weight=ag.ones(4)).state_dict()) == ["pos_weight"]


# ------------------------------------------------------------------ CTC


CTC = [
    pytest.param(*case, id="-".join(map(str, case)))
    for case in itertools.product(REDUCTIONS, [False, True], ["padded", "joined"], [0, 2])
]


@pytest.mark.parametrize(("reduction", "zero_infinity", "form", "blank"), CTC)
def test_ctc(reduction, zero_infinity, form, blank):
    torch = pytest.importorskip("torch")
    rng = np.random.default_rng(0)
    labels = np.array([c for c in range(5) if c != blank])
    for times, rows, longest in ((7, 3, 3), (12, 4, 5), (4, 5, 3), (1, 2, 1)):
        x = rng.normal(size=(times, rows, 5))
        targets = labels[rng.integers(0, 4, (rows, longest))]
        inputs = rng.integers(0, times + 1, rows)
        lengths = rng.integers(0, longest + 1, rows)
        if form == "joined":
            targets = np.concatenate([t[:n] for t, n in zip(targets, lengths, strict=True)])
        found = {}
        for library in (ag, torch):
            scores = library.tensor(x, requires_grad=True)
            log_probs = scores.log_softmax(2)
            log_probs.retain_grad()
            loss_fn = library.nn.CTCLoss(blank, reduction, zero_infinity)
            loss = loss_fn(log_probs, *map(library.tensor, (targets, inputs, lengths)))
            (loss * library.arange(1, loss.numel() + 1).reshape(loss.shape)).sum().backward()
            found[library] = [t.detach().numpy() for t in (loss, log_probs.grad, scores.grad)]
        for a, b in zip(found[ag], found[torch], strict=True):
            np.testing.assert_allclose(a, b, rtol=1e-9, atol=1e-12)


def test_ctc_of_one_example_and_of_lengths_in_tuples():
    torch = pytest.importorskip("torch")
    x, target = real(6, 4), np.array([1, 3])
    found = []
    for library in (ag, torch):
        log_probs = library.tensor(x).log_softmax(1)
        f, t = library.nn.functional.ctc_loss, library.tensor(target)
        six, two = library.tensor(6), library.tensor(2)
        found.append([
            f(log_probs, t, six, two, reduction="none").tolist(),
            f(log_probs.unsqueeze(1), t.unsqueeze(0), (6,), (2,)).tolist(),
        ])  # fmt: skip
    np.testing.assert_allclose(*found, rtol=1e-12)


def test_ctc_is_the_sum_over_all_paths():
    """Against a count of the paths, one by one."""
    p = normalised(4, 3)
    wanted = (1, 2)
    total = 0.0
    for path in itertools.product(range(3), repeat=4):
        merged = [c for i, c in enumerate(path) if i == 0 or c != path[i - 1]]
        if tuple(c for c in merged if c) == wanted:
            total += np.prod([p[t, c] for t, c in enumerate(path)])
    loss = nn.functional.ctc_loss(
        ag.tensor(np.log(p)), ag.tensor([1, 2]), [4], [2], reduction="sum"
    )
    assert loss.item() == pytest.approx(-np.log(total), rel=1e-12)


def test_ctc_twice():
    log_probs = ag.tensor(real(4, 1, 3), requires_grad=True)
    loss = nn.functional.ctc_loss(log_probs, ag.tensor([[1]]), [4], [1])
    (g,) = ag.autograd.grad(loss, log_probs, create_graph=True)
    with pytest.raises(
        RuntimeError, match="derivative for '_ctc_loss_backward' is not implemented"
    ):
        g.sum().backward()


CTC_ERRORS = [
    ("Expected input_lengths to have value at most 6, but got value 7", {"inputs": [6, 7]}),
    ("Expected input_lengths to have value at least 0, but got value -1", {"inputs": [6, -1]}),
    ("Expected target_lengths to have value at least 0, but got value -3", {"lengths": [3, -3]}),
    ("input_lengths must be of size batch_size", {"inputs": [6]}),
    ("target_lengths must be of size batch_size", {"lengths": [3]}),
    ("Expected tensor to have size at least 4 at dimension 1", {"lengths": [3, 4]}),
    ("Expected tensor to have size 6 at dimension 0, but got size 4", {"targets": [1, 2, 3, 1]}),
    ("blank must be in label range", {"blank": 4}),
    ("input_lengths must be integral", {"inputs": [6.0, 6.0]}),
    ("Expected 1 to 2 dimensions, but got 3-dimensional tensor", {"targets": [[[1]]]}),
]


@pytest.mark.parametrize(("words", "change"), CTC_ERRORS)
def test_ctc_errors(words, change):
    given = {"targets": [[1, 2, 3], [1, 1, 2]], "inputs": [6, 6], "lengths": [3, 3], "blank": 0}
    given |= change

    def call(library):
        log_probs = library.zeros(6, 2, 4).log_softmax(2)
        lengths = library.tensor(given["inputs"]), library.tensor(given["lengths"])
        targets = library.tensor(given["targets"])
        return library.nn.functional.ctc_loss(log_probs, targets, *lengths, blank=given["blank"])

    with pytest.raises(RuntimeError, match=words):
        call(ag)
    torch = pytest.importorskip("torch")
    with pytest.raises(RuntimeError, match=words):
        call(torch)


def test_a_ctc_target_that_is_no_label():
    log_probs = ag.zeros(6, 1, 4).log_softmax(2)
    with pytest.raises(IndexError, match=r"Target 9 is out of bounds\. There are 4 labels"):
        nn.functional.ctc_loss(log_probs, ag.tensor([[9, 1]]), [6], [1])
    assert nn.functional.ctc_loss(log_probs, ag.tensor([[1, 9]]), [6], [1]).item() > 0


# ------------------------------------------------------------------ adaptive softmax, Gumbel noise


@pytest.mark.parametrize("head_bias", [False, True])
@pytest.mark.parametrize(("cutoffs", "div_value"), [([3], 4.0), ([2, 5, 9], 2.0), ([1, 11], 1.5)])
def test_adaptive_log_softmax(cutoffs, div_value, head_bias):
    torch = pytest.importorskip("torch")
    ours = nn.AdaptiveLogSoftmaxWithLoss(8, 12, cutoffs, div_value, head_bias).double()
    theirs = torch.nn.AdaptiveLogSoftmaxWithLoss(8, 12, cutoffs, div_value, head_bias).double()
    theirs.load_state_dict({k: torch.tensor(v.numpy()) for k, v in ours.state_dict().items()})
    assert repr(ours) == repr(theirs)
    x = real(20, 8, seed=8)
    for target in (classes(20, count=12), classes(20, count=cutoffs[0])):
        found = {}
        for library, module in ((ag, ours), (torch, theirs)):
            module.zero_grad()
            inputs = library.tensor(x, requires_grad=True)
            out = module(inputs, library.tensor(target))
            out.loss.backward()
            found[library] = [out.output.detach().numpy(), out.loss.item(), inputs.grad.numpy()]
            found[library] += [
                np.zeros(1) if p.grad is None else p.grad.numpy() for p in module.parameters()
            ]
            found[library] += [
                module.log_prob(inputs).detach().numpy(),
                module.predict(inputs).numpy(),
            ]
        for a, b in zip(found[ag], found[torch], strict=True):
            np.testing.assert_allclose(a, b, rtol=1e-9, atol=1e-12)
    single = [m(lib.tensor(x[0]), lib.tensor(7)).output for lib, m in ((ag, ours), (torch, theirs))]
    assert single[0].item() == pytest.approx(single[1].item(), rel=1e-12)
    assert single[0].shape == single[1].shape == ()


def test_adaptive_log_softmax_errors():
    for cutoffs in ([], [3, 3], [5, 2], [0, 4], [12], [1.5]):
        with pytest.raises(ValueError, match="cutoffs should be a sequence of"):
            nn.AdaptiveLogSoftmaxWithLoss(8, 12, cutoffs)
    module = nn.AdaptiveLogSoftmaxWithLoss(8, 12, [3])
    for target, words in (
        (
            ag.tensor([0, 12]),
            r"Target values should be in \[0, 11\], but values in range \[0, 12\]",
        ),
        (ag.tensor([-1, 2]), r"but values in range \[-1, 2\]"),
        (ag.tensor([1]), "same size in the batch dimension"),
        (ag.tensor(1), "0D target tensor expects 1D input"),
        (ag.tensor([[1]]), "multi-target not supported"),
    ):
        with pytest.raises(RuntimeError, match=words):
            module(ag.zeros(2, 8), target)


@pytest.mark.parametrize("hard", [False, True])
def test_gumbel_softmax(hard):
    ag.manual_seed(0)
    logits = ag.tensor(np.log([0.1, 0.2, 0.7]) + 3.0, requires_grad=True)
    drawn = nn.functional.gumbel_softmax(logits.expand(20_000, 3), tau=0.5, hard=hard)
    np.testing.assert_allclose(drawn.sum(1).detach().numpy(), 1, rtol=1e-12)
    often = drawn.detach().argmax(1).bincount(minlength=3).numpy() / 20_000
    np.testing.assert_allclose(often, [0.1, 0.2, 0.7], atol=0.015)
    assert (set(np.unique(drawn.detach().numpy())) <= {0.0, 1.0}) == hard
    drawn[:, 0].sum().backward()
    assert logits.grad[0].item() > 0
    assert logits.grad.sum().item() == pytest.approx(0, abs=1e-6)
    with pytest.warns(UserWarning, match="`eps` parameter is deprecated"):
        nn.functional.gumbel_softmax(logits, eps=1e-3)


# ------------------------------------------------------------------ errors


def F(library):
    return library.nn.functional


ERRORS = [
    (ValueError, r"Expected input batch_size \(3\) to match target batch_size \(2\)",
     lambda t: F(t).cross_entropy(t.zeros(3, 4), t.zeros(2).long())),
    (IndexError, "Target 4 is out of bounds",
     lambda t: F(t).cross_entropy(t.zeros(1, 4), t.tensor([4]))),
    (IndexError, "Target -1 is out of bounds",
     lambda t: F(t).nll_loss(t.zeros(1, 4), t.tensor([-1]))),
    (RuntimeError, "weight tensor should be defined either for all 4 classes or no classes",
     lambda t: F(t).cross_entropy(t.zeros(1, 4), t.tensor([0]), weight=t.ones(3))),
    (RuntimeError, r"label_smoothing must be between 0\.0 and 1\.0",
     lambda t: F(t).cross_entropy(t.zeros(1, 4), t.tensor([0]), label_smoothing=1.5)),
    (RuntimeError, "Expected floating point type for target with class probabilities, got Long",
     lambda t: F(t).cross_entropy(t.zeros(1, 4), t.zeros(1, 4).long())),
    (RuntimeError, "ignore_index is not supported for floating point target",
     lambda t: F(t).cross_entropy(t.zeros(1, 4), t.zeros(1, 4), ignore_index=2)),
    (ValueError, "middle is not a valid value for reduction",
     lambda t: F(t).mse_loss(t.zeros(1), t.zeros(1), reduction="middle")),
    (ValueError, "Using a target size .* that is different to the input size",
     lambda t: F(t).binary_cross_entropy(t.zeros(2), t.zeros(3))),
    (RuntimeError, "all elements of input should be between 0 and 1",
     lambda t: F(t).binary_cross_entropy(t.tensor([1.5]), t.zeros(1))),
    (ValueError, r"Target size .* must be the same as input size",
     lambda t: F(t).binary_cross_entropy_with_logits(t.zeros(2), t.zeros(3))),
    (RuntimeError, "does not support negative values for beta",
     lambda t: F(t).smooth_l1_loss(t.zeros(2), t.zeros(2), beta=-1.0)),
    (RuntimeError, "does not support non-positive values for delta",
     lambda t: F(t).huber_loss(t.zeros(2), t.zeros(2), delta=0.0)),
    (ValueError, "only p == 1 and p == 2 supported",
     lambda t: t.nn.MultiMarginLoss(p=3)),
    (ValueError, "MultiMarginLoss: expected weight to be None or 1D tensor, got 2D",
     lambda t: t.nn.MultiMarginLoss(weight=t.ones(2, 2))),
    (ValueError, "TripletMarginLoss: expected margin to be greater than 0, got -1",
     lambda t: t.nn.TripletMarginLoss(margin=-1)),
    (ValueError, "TripletMarginWithDistanceLoss: expected margin to be greater than 0",
     lambda t: t.nn.TripletMarginWithDistanceLoss(margin=0)),
    (TypeError, "delta must be a float or int, got: <class 'str'>",
     lambda t: t.nn.HuberLoss(delta="1")),
    (RuntimeError, r"inconsistent target size: \[2, 2\] for input of size: \[2, 3\]",
     lambda t: F(t).multilabel_margin_loss(t.zeros(2, 3), t.zeros(2, 2).long())),
    (RuntimeError, "expected scalar type Long but found Float",
     lambda t: F(t).multilabel_margin_loss(t.zeros(2, 3), t.zeros(2, 3))),
    (RuntimeError, "Expected non-empty vector or matrix",
     lambda t: F(t).multilabel_margin_loss(t.zeros(2, 3, 4), t.zeros(2).long())),
    (ValueError, "var has negative entry/entries",
     lambda t: F(t).gaussian_nll_loss(t.zeros(2), t.zeros(2), t.tensor([-1.0, 1.0]))),
    (ValueError, "margin must be greater than 0",
     lambda t: F(t).triplet_margin_loss(t.zeros(1, 2), t.zeros(1, 2), t.zeros(1, 2), margin=-1.0)),
]  # fmt: skip


@pytest.mark.parametrize(("kind", "words", "call"), ERRORS)
def test_errors_are_those_of_torch(kind, words, call):
    with pytest.raises(kind, match=words):
        call(ag)
    torch = pytest.importorskip("torch")
    with pytest.raises(kind, match=words), warnings.catch_warnings():
        warnings.simplefilter("ignore")
        call(torch)


def test_labels_that_are_no_classes():
    for labels in ([[3, -1, -1]], [[0, 1, -2]]):
        with pytest.raises(IndexError, match="argument #2 'target' is out of range"):
            nn.functional.multilabel_margin_loss(ag.zeros(1, 3), ag.tensor(labels))
