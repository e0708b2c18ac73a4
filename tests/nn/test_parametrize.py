"""Parametrizations, weight and spectral norm, pruning, fusion: compared with PyTorch."""

from __future__ import annotations

import copy
import pickle

import numpy as np
import pytest

import autograd_core as ag
from autograd_core import nn

torch = pytest.importorskip("torch")
pytest.importorskip("torch.nn.utils.prune")
from compared_modules import compare, same, same_error, same_weights  # noqa: E402

pytestmark = pytest.mark.filterwarnings("ignore::FutureWarning")


def both(expression, change):
    """``nn.<expression>`` in both libraries, changed, with the same state."""
    made = []
    for library in (ag, torch):
        module = eval(f"nn.{expression}", {"nn": library.nn}).double()
        made.append(change(library, module) or module)
    ours, theirs = made
    assert list(ours.state_dict()) == list(theirs.state_dict())
    assert repr(ours) == repr(theirs)
    same_weights(ours, theirs)
    return ours, theirs


def classes(library):
    """Parametrizations written by a user, in both libraries."""

    class Symmetric(library.nn.Module):
        def forward(self, X):
            return X.triu() + X.triu(1).transpose(-1, -2)

    class Double(library.nn.Module):
        def forward(self, X):
            return 2 * X

        def right_inverse(self, Y):
            return Y / 2

    class Product(library.nn.Module):
        def forward(self, a, b):
            return a @ b

        def right_inverse(self, Y):
            return Y, library.eye(Y.shape[1], dtype=Y.dtype)

    class Cut(library.nn.Module):
        def forward(self, X):
            return X[:1]

    return {c.__name__: c for c in (Symmetric, Double, Product, Cut)}


def parametrize(library, module, *names, tensor="weight", **settings):
    for name in names:
        made = classes(library)[name]()
        library.nn.utils.parametrize.register_parametrization(module, tensor, made, **settings)
    return module


X = np.random.default_rng(0).normal(size=(2, 3))

# ------------------------------------------------------------------ parametrize


@pytest.mark.parametrize(
    "names",
    [("Symmetric",), ("Double",), ("Product",), ("Double", "Symmetric"), ("Product", "Double")],
)
def test_chains(names):
    ours, theirs = both("Linear(3, 3)", lambda m, module: parametrize(m, module, *names))
    compare(ours, theirs, X, second=True)
    utils = nn.utils.parametrize
    assert utils.is_parametrized(ours)
    assert utils.is_parametrized(ours, "weight")
    assert not utils.is_parametrized(ours, "bias")
    assert utils.type_before_parametrizations(ours) is nn.Linear
    assert [n for n, _ in ours.named_parameters()] == [n for n, _ in theirs.named_parameters()]


def test_right_inverse_keeps_the_value_and_assigning_works():
    module = nn.Linear(3, 3)
    weight = module.weight.detach().clone()
    parametrize(ag, module, "Double")
    assert ag.allclose(module.weight, weight)
    assert ag.allclose(module.parametrizations.weight.original, weight / 2)
    original = module.parametrizations.weight.original
    module.weight = ag.ones(3, 3)
    assert module.parametrizations.weight.original is original
    assert original.tolist() == [[0.5] * 3] * 3
    assert module.weight.tolist() == [[1.0] * 3] * 3
    assert original.requires_grad


@pytest.mark.parametrize("names", [("Double",), ("Symmetric",), ("Product",)])
@pytest.mark.parametrize("leave", [True, False])
def test_remove(names, leave):
    results = []
    for library in (ag, torch):
        module = library.nn.Linear(3, 3).double()
        values = library.arange(9, dtype=library.float64).reshape(3, 3)
        module.load_state_dict({"weight": values, "bias": values[0]})
        parametrize(library, module, *names)
        remove = library.nn.utils.parametrize.remove_parametrizations
        try:
            remove(module, "weight", leave)
        except ValueError as error:
            results.append(str(error))
            continue
        assert type(module) is library.nn.Linear
        assert sorted(module.state_dict()) == ["bias", "weight"]
        assert module.weight.requires_grad
        assert not hasattr(module, "parametrizations")
        results.append(module.weight.tolist())
    assert results[0] == results[1]


def test_two_tensors_of_one_module():
    module = parametrize(ag, nn.Linear(3, 3), "Double")
    parametrize(ag, module, "Double", tensor="bias")
    assert list(module.state_dict()) == [
        "parametrizations.weight.original",
        "parametrizations.bias.original",
    ]
    nn.utils.parametrize.remove_parametrizations(module, "weight")
    assert nn.utils.parametrize.is_parametrized(module, "bias")
    assert "weight" in module._parameters
    assert type(module).__name__ == "ParametrizedLinear"


def test_a_buffer_can_be_parametrized():
    module = nn.BatchNorm1d(2)
    parametrize(ag, module, "Double", tensor="running_mean")
    assert "parametrizations.running_mean.original" in dict(module.named_buffers())
    nn.utils.parametrize.remove_parametrizations(module, "running_mean")
    assert "running_mean" in dict(module.named_buffers())


def test_cached():
    calls = []

    class Counting(nn.Module):
        def forward(self, x):
            calls.append(1)
            return x * 2

    module = nn.Linear(3, 3)
    nn.utils.parametrize.register_parametrization(module, "weight", Counting())
    calls.clear()
    with nn.utils.parametrize.cached():
        assert module.weight is module.weight
        with nn.utils.parametrize.cached():
            module(ag.ones(1, 3))
        module.weight
    assert len(calls) == 1
    assert module.weight is not module.weight


def test_training_mode_is_handed_on():
    module = nn.Linear(3, 3).eval()
    parametrize(ag, module, "Double")
    assert not module.parametrizations.weight[0].training


def test_deepcopy_and_pickle():
    module = parametrize(ag, nn.Linear(3, 3), "Double")
    twin = copy.deepcopy(module)
    assert ag.equal(twin.weight, module.weight)
    twin.weight = ag.zeros(3, 3)
    assert module.weight.abs().sum() > 0
    for library in (ag, torch):
        made = parametrize(library, library.nn.Linear(3, 3), "Double")
        with pytest.raises(RuntimeError, match="only supported through state_dict"):
            pickle.dumps(made)


def test_gradients_reach_the_original():
    module = parametrize(ag, nn.Linear(3, 3), "Symmetric")
    module(ag.ones(2, 3)).sum().backward()
    grad = module.parametrizations.weight.original.grad
    assert grad.triu().abs().sum() > 0
    assert grad.tril(-1).abs().sum() == 0


def test_transfer():
    for library in (ag, torch):
        utils = library.nn.utils.parametrize
        source = parametrize(library, library.nn.Linear(3, 3), "Double")
        target = library.nn.Linear(3, 3)
        utils.transfer_parametrizations_and_params(source, target)
        assert target.weight.tolist() == source.weight.tolist()
        original = source.parametrizations.weight.original
        assert target.parametrizations.weight.original is original


ERRORS = {
    "no such tensor": lambda m: parametrize(m, m.nn.Linear(3, 3), "Double", tensor="other"),
    "shape": lambda m: parametrize(m, m.nn.Linear(3, 3), "Cut"),
    "shape of the next": lambda m: parametrize(m, m.nn.Linear(3, 3), "Double", "Cut"),
    "remove": lambda m: m.nn.utils.parametrize.remove_parametrizations(m.nn.Linear(1, 1), "weight"),
    "no right inverse": lambda m: setattr(
        parametrize(m, m.nn.Linear(3, 3), "Symmetric"), "weight", m.ones(3, 3)
    ),
    "dtype": lambda m: setattr(
        parametrize(m, m.nn.Linear(3, 3), "Double"), "weight", m.ones(3, 3).double()
    ),
    "several": lambda m: setattr(
        parametrize(m, m.nn.Linear(3, 3), "Product"), "weight", m.ones(3, 3).double()
    ),
    "none": lambda m: m.nn.utils.parametrize.ParametrizationList([], m.ones(1)),
    "weight norm twice": lambda m: m.nn.utils.weight_norm(
        m.nn.utils.weight_norm(m.nn.Linear(2, 2))
    ),
    "spectral norm twice": lambda m: m.nn.utils.spectral_norm(
        m.nn.utils.spectral_norm(m.nn.Linear(2, 2))
    ),
    "no weight norm": lambda m: m.nn.utils.remove_weight_norm(m.nn.Linear(2, 2)),
    "no spectral norm": lambda m: m.nn.utils.remove_spectral_norm(m.nn.Linear(2, 2)),
    "iterations": lambda m: m.nn.utils.parametrizations.spectral_norm(
        m.nn.Linear(2, 2), n_power_iterations=0
    ),
    "dim": lambda m: m.nn.utils.parametrizations.spectral_norm(m.nn.Linear(2, 2), dim=5),
    "name": lambda m: m.nn.utils.parametrizations.spectral_norm(m.nn.Linear(2, 2), "nothing"),
    "vector": lambda m: m.nn.utils.parametrizations.orthogonal(m.nn.Linear(2, 2), "bias"),
    "map": lambda m: m.nn.utils.parametrizations.orthogonal(m.nn.Linear(2, 2), orthogonal_map="qr"),
    "skip_init": lambda m: m.nn.utils.skip_init(m.nn.ReLU),
    "fusion": lambda m: m.nn.utils.fuse_linear_bn_eval(m.nn.Linear(2, 3), m.nn.BatchNorm1d(3)),
    "fusion sizes": lambda m: m.nn.utils.fuse_linear_bn_eval(
        m.nn.Linear(2, 3).eval(), m.nn.BatchNorm1d(2).eval()
    ),
}


@pytest.mark.parametrize("name", ERRORS)
def test_bad_input(name):
    same_error(ERRORS[name])


def test_an_assignment_that_fails_changes_nothing():
    module = parametrize(ag, nn.Linear(3, 3), "Product")
    before = [p.tolist() for p in module.parameters()]
    with pytest.raises(ValueError, match="Tensor 0 returned by `right_inverse` has dtype"):
        module.weight = ag.ones(3, 3, dtype=ag.float64)
    assert [p.tolist() for p in module.parameters()] == before


# ------------------------------------------------------------------ ready parametrizations

LAYERS = [
    ("Linear(3, 4)", (2, 3)),
    ("Conv1d(3, 4, 2)", (2, 3, 5)),
    ("ConvTranspose1d(3, 4, 2)", (2, 3, 5)),
    ("Conv2d(2, 3, 2)", (1, 2, 4, 4)),
]


@pytest.mark.parametrize("legacy", [False, True])
@pytest.mark.parametrize("dim", [0, 1, None])
@pytest.mark.parametrize(("expression", "shape"), LAYERS)
def test_weight_norm(expression, shape, dim, legacy):
    def change(m, module):
        utils = m.nn.utils if legacy else m.nn.utils.parametrizations
        return utils.weight_norm(module, dim=dim)

    ours, theirs = both(expression, change)
    x = np.random.default_rng(1).normal(size=shape)
    fused = dim == 0 or (dim == 1 and expression.startswith("Linear"))
    compare(ours, theirs, x, second=not fused)  # see the next test


@pytest.mark.parametrize("dim", [0, 1, -1])
def test_second_derivative_of_weight_norm(dim):
    """By finite differences: that of PyTorch's fused function is wrong (found in 2.13)."""
    from autograd_core.nn.utils.weight_norm import norm_except_dim, normalized

    ag.manual_seed(0)
    v = ag.randn(3, 4, dtype=ag.float64, requires_grad=True)
    g = norm_except_dim(ag.randn(3, 4, dtype=ag.float64), 2, dim).requires_grad_()
    assert ag.autograd.gradcheck(lambda v, g: normalized(v, g, dim), (v, g))
    assert ag.autograd.gradgradcheck(lambda v, g: normalized(v, g, dim), (v, g))


@pytest.mark.parametrize("legacy", [False, True])
@pytest.mark.parametrize("rounds", [1, 3])
@pytest.mark.parametrize(("expression", "shape"), LAYERS)
def test_spectral_norm(expression, shape, rounds, legacy):
    def change(m, module):
        utils = m.nn.utils if legacy else m.nn.utils.parametrizations
        return utils.spectral_norm(module, n_power_iterations=rounds)

    ours, theirs = both(expression, change)
    x = np.random.default_rng(2).normal(size=shape)
    compare(ours, theirs, x)
    compare(ours, theirs, x)
    for a, b in zip(ours.buffers(), theirs.buffers(), strict=True):
        same(a, b)
    ours.eval(), theirs.eval()
    compare(ours, theirs, x, second=True)


def test_spectral_norm_of_a_vector():
    ours, theirs = both(
        "Linear(3, 4)", lambda m, x: m.nn.utils.parametrizations.spectral_norm(x, "bias")
    )
    compare(ours, theirs, X)


def test_spectral_norm_is_one():
    module = nn.utils.parametrizations.spectral_norm(nn.Linear(20, 30).double())
    for _ in range(200):
        module.weight
    values = np.linalg.svd(module.weight.detach().numpy(), compute_uv=False)
    assert values[0] == pytest.approx(1.0, abs=1e-6)


@pytest.mark.parametrize("name", ["weight_norm", "spectral_norm"])
def test_remove_the_older_norms(name):
    results = []
    for library in (ag, torch):
        module = library.nn.Linear(2, 2).double()
        values = library.arange(4, dtype=library.float64).reshape(2, 2) + 1
        module.load_state_dict({"weight": values, "bias": values[0]})
        utils = library.nn.utils
        getattr(utils, name)(module)
        if name == "spectral_norm":
            module.weight_u.copy_(values[0] / values[0].norm())
            module.weight_v.copy_(values[1] / values[1].norm())
        getattr(utils, f"remove_{name}")(module)
        assert sorted(module.state_dict()) == ["bias", "weight"]
        assert isinstance(module.weight, library.nn.Parameter)
        assert not module._forward_pre_hooks
        results.append(np.array(module.weight.tolist()))
    np.testing.assert_allclose(*results, rtol=1e-12)


def test_weight_norm_loads_older_keys():
    old = nn.utils.weight_norm(nn.Linear(3, 4))
    new = nn.utils.parametrizations.weight_norm(nn.Linear(3, 4))
    new.load_state_dict(old.state_dict())
    x = ag.ones(1, 3)
    assert ag.allclose(old(x), new(x))


# ------------------------------------------------------------------ pruning


def pruned(library, change):
    """A small network with fixed weights, pruned; its state and its weights."""
    net = library.nn.Sequential(library.nn.Conv1d(2, 4, 3), library.nn.Linear(6, 5)).double()
    rng = np.random.default_rng(3)
    for p in net.parameters():
        p.data = library.tensor(rng.normal(size=tuple(p.shape)))
    change(library.nn.utils.prune, net, library)
    return net


def _global(prune, net, m):
    both = [(net[0], "weight"), (net[1], "weight")]
    prune.global_unstructured(both, prune.L1Unstructured, amount=0.4)
    prune.global_unstructured(both, prune.L1Unstructured, amount=5)


def _on_top(prune, net, m):
    prune.l1_unstructured(net[0], "weight", 0.3)
    prune.ln_structured(net[0], "weight", 1, 2, 0)
    prune.l1_unstructured(net[0], "weight", 4)


PRUNINGS = {
    "l1 share": lambda prune, net, m: prune.l1_unstructured(net[0], "weight", 0.3),
    "l1 number": lambda prune, net, m: prune.l1_unstructured(net[1], "bias", 2),
    "l1 nothing": lambda prune, net, m: prune.l1_unstructured(net[1], "bias", 0),
    "scores": lambda prune, net, m: prune.l1_unstructured(
        net[1], "bias", 2, importance_scores=m.arange(5.0)
    ),
    "l2 channels": lambda prune, net, m: prune.ln_structured(net[0], "weight", 0.5, 2, 0),
    "l1 channels": lambda prune, net, m: prune.ln_structured(net[1], "weight", 2, 1, -1),
    "mask": lambda prune, net, m: prune.custom_from_mask(net[1], "bias", m.tensor([1, 0, 1, 0, 1])),
    "identity": lambda prune, net, m: prune.identity(net[1], "weight"),
    "global": _global,
    "on top": _on_top,
}


@pytest.mark.parametrize("name", PRUNINGS)
def test_pruning(name):
    ours, theirs = (pruned(m, PRUNINGS[name]) for m in (ag, torch))
    assert list(ours.state_dict()) == list(theirs.state_dict())
    for a, b in zip(ours.state_dict().values(), theirs.state_dict().values(), strict=True):
        same(a, b)
    same(ours[0].weight, theirs[0].weight)
    compare(ours, theirs, np.random.default_rng(4).normal(size=(1, 2, 8)))
    for library, net in ((ag, ours), (torch, theirs)):
        prune = library.nn.utils.prune
        assert prune.is_pruned(net)
        for layer in net:
            for key in ("weight", "bias"):
                if hasattr(layer, f"{key}_mask"):
                    prune.remove(layer, key)
        assert not prune.is_pruned(net)
        assert all(isinstance(p, library.nn.Parameter) for p in net.parameters())
    assert sorted(ours.state_dict()) == sorted(theirs.state_dict())
    for key, value in ours.state_dict().items():
        same(value, theirs.state_dict()[key])


def test_random_pruning():
    ag.manual_seed(0)
    layer = nn.utils.prune.random_unstructured(nn.Linear(20, 20), "weight", 0.25)
    assert (layer.weight_mask == 0).sum().item() == 100
    layer = nn.utils.prune.random_structured(nn.Linear(6, 4), "weight", 2, 1)
    assert (layer.weight_mask.sum(0) == 0).sum().item() == 2
    layer(ag.ones(1, 6)).sum().backward()
    assert (layer.weight_orig.grad[layer.weight_mask == 0] == 0).all()


PRUNING_ERRORS = {
    "type": lambda p, m: p.l1_unstructured(m.nn.Linear(2, 2), "weight", "much"),
    "share": lambda p, m: p.l1_unstructured(m.nn.Linear(2, 2), "weight", 1.5),
    "negative": lambda p, m: p.l1_unstructured(m.nn.Linear(2, 2), "weight", -1),
    "too many": lambda p, m: p.l1_unstructured(m.nn.Linear(2, 2), "weight", 5),
    "vector": lambda p, m: p.ln_structured(m.nn.Linear(2, 2), "bias", 1, 2, 0),
    "dim": lambda p, m: p.ln_structured(m.nn.Linear(2, 2), "weight", 1, 2, 2),
    "mask": lambda p, m: p.custom_from_mask(m.nn.Linear(2, 2), "bias", m.ones(3)),
    "remove": lambda p, m: p.remove(m.nn.Linear(2, 2), "weight"),
    "no iterable": lambda p, m: p.global_unstructured(3, p.L1Unstructured, amount=1),
}


@pytest.mark.parametrize("name", PRUNING_ERRORS)
def test_bad_pruning(name):
    same_error(lambda m: PRUNING_ERRORS[name](m.nn.utils.prune, m))


def test_pruning_that_fails_changes_nothing():
    layer = nn.Linear(2, 2)
    with pytest.raises(ValueError, match="amount=5"):
        nn.utils.prune.l1_unstructured(layer, "weight", 5)
    assert list(layer.state_dict()) == ["weight", "bias"]
    assert not layer._forward_pre_hooks


# ------------------------------------------------------------------ fusion and others


@pytest.mark.parametrize("bias", [True, False])
@pytest.mark.parametrize("affine", [True, False])
@pytest.mark.parametrize(
    ("expression", "shape", "kind"),
    [
        ("Linear(3, 4, bias={})", (5, 3), "linear"),
        ("Conv2d(2, 4, 3, bias={})", (2, 2, 5, 5), "conv"),
        ("ConvTranspose2d(2, 4, 3, bias={})", (2, 2, 5, 5), "transposed"),
    ],
)
def test_fusion(expression, shape, kind, bias, affine):
    x = ag.randn(*shape, dtype=ag.float64)
    norm_kind = nn.BatchNorm1d if kind == "linear" else nn.BatchNorm2d
    layer = eval(f"nn.{expression.format(bias)}").double()
    norm = norm_kind(4, affine=affine or kind == "linear").double()
    norm(layer(x))
    layer.eval(), norm.eval()
    if kind == "linear":
        fused = nn.utils.fuse_linear_bn_eval(layer, norm)
    else:
        fused = nn.utils.fuse_conv_bn_eval(layer, norm, transpose=kind == "transposed")
    assert ag.allclose(fused(x), norm(layer(x)), atol=1e-12)
    assert fused.weight is not layer.weight


def test_skip_init():
    layer = nn.utils.skip_init(nn.Linear, 3, 4, bias=False)
    assert layer.weight.shape == (4, 3)
    assert layer.bias is None


def test_older_functional_call():
    for m in (ag, torch):
        layer = m.nn.Linear(2, 2, bias=False)
        before = layer.weight.tolist()
        twos, x = m.full((2, 2), 2.0, requires_grad=True), m.ones(1, 2)
        with pytest.warns(FutureWarning, match="Please use `torch.func.functional_call`"):
            out = m.nn.utils.stateless.functional_call(layer, {"weight": twos}, x)
        assert out.tolist() == [[4.0, 4.0]]
        out.sum().backward()
        assert twos.grad.tolist() == [[1.0, 1.0], [1.0, 1.0]]
        assert layer.weight.grad is None
        assert layer.weight.tolist() == before


def test_clipping():
    results = []
    for m in (ag, torch):
        parameters = [m.nn.Parameter(m.ones(n)) for n in (2, 3)]
        for p in parameters:
            p.grad = m.full_like(p, 2.0)
        utils = m.nn.utils
        grads = [p.grad for p in parameters]
        totals = [utils.get_total_norm(grads, n).item() for n in (1.0, 2.0, float("inf"))]
        utils.clip_grads_with_norm_(parameters, 1.0, utils.get_total_norm(grads))
        results.append([*totals, *(p.grad.tolist() for p in parameters)])
        with pytest.warns(UserWarning, match="is an empty generator"):
            utils.clip_grad_norm_((p for p in []), 1.0)
    for a, b in zip(*results, strict=True):
        np.testing.assert_allclose(a, b, rtol=1e-6)


# ------------------------------------------------------------------ orthogonal


@pytest.mark.parametrize("trivial", [True, False])
@pytest.mark.parametrize("how", ["matrix_exp", "cayley", "householder", None])
@pytest.mark.parametrize("shape", [(4, 4), (5, 3), (3, 5)])
def test_orthogonal(shape, how, trivial):
    def change(m, module):
        return m.nn.utils.parametrizations.orthogonal(
            module, orthogonal_map=how, use_trivialization=trivial
        )

    ours, theirs = both(f"Linear({shape[1]}, {shape[0]})", change)
    for library, module in ((ag, ours), (torch, theirs)):
        assert library.equal(module.weight, module.weight)
        turned = np.random.default_rng(5).normal(size=shape) * 0.1
        with library.no_grad():
            module.parametrizations.weight.original += library.tensor(turned)
    compare(ours, theirs, np.random.default_rng(6).normal(size=(2, shape[1])), second=True)


@pytest.mark.parametrize("how", ["matrix_exp", "cayley", "householder"])
@pytest.mark.parametrize("shape", [(4, 4), (5, 3), (3, 5)])
def test_orthogonal_matrices_are_orthogonal_and_stay_so(shape, how):
    layer = nn.utils.parametrizations.orthogonal(
        nn.Linear(shape[1], shape[0]).double(), orthogonal_map=how
    )
    square = ag.eye(min(shape), dtype=ag.float64)

    def product():
        w = layer.weight
        return w.mT @ w if shape[0] >= shape[1] else w @ w.mT

    assert ag.allclose(product(), square, atol=1e-10)
    layer(ag.ones(1, shape[1], dtype=ag.float64)).pow(2).sum().backward()
    with ag.no_grad():
        original = layer.parametrizations.weight.original
        original -= 0.1 * original.grad
    assert ag.allclose(product(), square, atol=1e-10)
    tall = np.random.default_rng(7).normal(size=(max(shape), min(shape)))
    wanted = ag.tensor(np.linalg.qr(tall)[0])
    layer.weight = wanted if shape[0] >= shape[1] else wanted.mT
    assert ag.allclose(layer.weight, wanted if shape[0] >= shape[1] else wanted.mT, atol=1e-10)
