"""Small programs of the kind that tutorials teach, run with PyTorch's names on both libraries."""

from __future__ import annotations

import math

import numpy as np
import pytest

import autograd_core as ag

try:
    import torch
except ImportError:
    torch = None


def plain(value):
    """Numbers and text, so that what the two libraries gave can be compared."""
    if hasattr(value, "detach"):
        return np.asarray(value.detach().tolist())
    if isinstance(value, dict):
        return {key: plain(v) for key, v in value.items()}
    return [plain(v) for v in value] if isinstance(value, list | tuple) else value


def assert_same(ours, theirs):
    assert type(ours) is type(theirs)
    if isinstance(ours, list):
        assert len(ours) == len(theirs)
        for a, b in zip(ours, theirs, strict=True):
            assert_same(a, b)
    elif isinstance(ours, str | bool):
        assert ours == theirs
    else:
        np.testing.assert_allclose(ours, theirs, rtol=1e-4, atol=1e-6)


def fill(module, lib):
    """Give every parameter fixed values in place of random ones."""
    with lib.no_grad():
        for i, p in enumerate(module.parameters()):
            p.copy_(lib.linspace(-0.8, 0.9, p.numel()).reshape(p.shape) + 0.05 * i)


def walk_the_graph(lib):
    a = lib.linspace(0.0, 2.0 * math.pi, steps=9, requires_grad=True)
    out = (2 * lib.sin(a) + 1).sum()
    names, node = [], out.grad_fn
    while node is not None:
        names.append(node.name())
        node = node.next_functions[0][0] if node.next_functions else None
    out.backward()
    return names, a.grad, out


def fit_by_custom_function(lib):
    class Legendre(lib.autograd.Function):
        @staticmethod
        def forward(ctx, x):
            ctx.save_for_backward(x)
            return (5 * x**3 - 3 * x) / 2

        @staticmethod
        def backward(ctx, g):
            (x,) = ctx.saved_tensors
            return g * (15 * x**2 - 3) / 2

    x = lib.linspace(-math.pi, math.pi, 200)
    weights = [lib.tensor(v, requires_grad=True) for v in (0.0, -1.0, 0.0, 0.3)]
    losses = []
    for _ in range(30):
        a, b, c, d = weights
        loss = (a + b * Legendre.apply(c + d * x) - lib.sin(x)).pow(2).sum()
        losses.append(loss.item())
        loss.backward()
        with lib.no_grad():
            for w in weights:
                w -= 5e-5 * w.grad
                w.grad = None
    return losses, loss.grad_fn.name(), weights


def train_with_shared_weights(lib):
    nn = lib.nn

    class Net(nn.Module):
        def __init__(self):
            super().__init__()
            self.first, self.middle, self.last = nn.Linear(3, 4), nn.Linear(4, 4), nn.Linear(4, 1)

        def forward(self, x, times):
            x = self.first(x).clamp(min=0)
            for _ in range(times):
                x = self.middle(x).clamp(min=0)
            return self.last(x)

    net = Net()
    fill(net, lib)
    optimizer = lib.optim.SGD(net.parameters(), lr=1e-2, momentum=0.9)
    x, y = lib.linspace(-1, 1, 15).reshape(5, 3), lib.linspace(0, 1, 5).unsqueeze(1)
    losses = []
    for step in range(8):
        loss = nn.functional.mse_loss(net(x, step % 4), y)
        optimizer.zero_grad()
        loss.backward()
        nn.utils.clip_grad_norm_(net.parameters(), 1.0)
        optimizer.step()
        losses.append(loss.item())
    return losses, repr(net), repr(optimizer), list(net.state_dict()), list(net.parameters())


def step_inside_backward(lib):
    net = lib.nn.Sequential(lib.nn.Linear(2, 3), lib.nn.Tanh(), lib.nn.Linear(3, 1))
    fill(net, lib)
    optimizers = {p: lib.optim.Adam([p], lr=lib.tensor(0.01)) for p in net.parameters()}

    def step(p):
        optimizers[p].step()
        optimizers[p].zero_grad()

    for p in net.parameters():
        p.register_post_accumulate_grad_hook(step)
    for i in range(4):
        net(lib.ones(4, 2) * i).pow(2).mean().backward()
    return list(net.parameters()), all(p.grad is None for p in net.parameters())


def hooks_on_saved_tensors(lib):
    seen = []

    def show(x):
        seen.append(repr(x))
        return x

    a = lib.tensor([1.0, 2.0], requires_grad=True)
    with lib.autograd.graph.saved_tensors_hooks(show, show):
        loss = ((a * a) * a).sum()
    loss.backward()
    return sorted(seen), a.grad


def hooks_on_gradients(lib):
    log = []
    a = lib.tensor([1.0, 2.0], requires_grad=True)
    b = a * 2
    b.retain_grad()
    b.register_hook(lambda g: g * 10)
    c = b * b
    c.grad_fn.register_prehook(lambda gs: (gs[0] * 2,))
    c.grad_fn.register_hook(lambda gi, go: log.append((list(gi), list(go))))
    a.register_post_accumulate_grad_hook(lambda p: log.append(p.grad.clone()))
    c.sum().backward()
    return log, a.grad, b.grad


def differentiate_twice(lib):
    class Sinh(lib.autograd.Function):
        @staticmethod
        def forward(ctx, x):
            up, down = lib.exp(x), lib.exp(-x)
            ctx.save_for_backward(up, down)
            return (up - down) / 2, up, down

        @staticmethod
        def backward(ctx, g, g_up, g_down):
            up, down = ctx.saved_tensors
            return g * (up + down) / 2 + g_up * up - g_down * down

    x = lib.tensor([0.3, -0.7], dtype=lib.float64, requires_grad=True)
    (first,) = lib.autograd.grad(Sinh.apply(x)[0].sum(), x, create_graph=True)
    (second,) = lib.autograd.grad(first.sum(), x)
    correct = lib.autograd.gradgradcheck(lambda x: Sinh.apply(x)[0], x)
    return first, second, correct


def slopes_of_slopes_of_straight_lines(lib):
    F = lib.nn.functional
    found = []
    for f in (
        F.relu, F.relu6, F.leaky_relu, F.hardtanh, F.softshrink, F.hardshrink,
        lambda x: F.threshold(x, 0.1, 2.0), lambda x: F.max_pool1d(x.view(1, 1, 4), 2),
        lambda x: F.nll_loss(x.view(2, 2), lib.tensor([0, 1])),
        lambda x: F.prelu(x, lib.tensor([0.25])),
    ):  # fmt: skip
        x = lib.tensor([-2.0, 0.0, 0.5, 3.0], requires_grad=True)
        (slope,) = lib.autograd.grad(f(x).sum(), x, create_graph=True)
        found += [slope.requires_grad, slope, lib.autograd.grad(slope.sum(), x)]
    return found


def functions_of_functions(lib):
    x = lib.tensor([1.0, 2.0])
    _, pull = lib.func.vjp(lambda x: x * x, x)
    hessian = lib.func.hessian(lambda x: (x**3).sum())(x)
    return pull(lib.ones(2)), hessian, hessian.requires_grad


SNIPPETS = [
    walk_the_graph, fit_by_custom_function, train_with_shared_weights, step_inside_backward,
    hooks_on_saved_tensors, hooks_on_gradients, differentiate_twice,
    slopes_of_slopes_of_straight_lines, functions_of_functions,
]  # fmt: skip


@pytest.mark.skipif(torch is None, reason="PyTorch is not installed")
@pytest.mark.parametrize("snippet", SNIPPETS, ids=lambda f: f.__name__)
def test_both_libraries_give_the_same(snippet):
    assert_same(plain(snippet(ag)), plain(snippet(torch)))


LIBRARIES = [ag] if torch is None else [ag, torch]


@pytest.fixture(params=LIBRARIES, ids=lambda lib: lib.__name__)
def lib(request):
    return request.param


def refuse(error, text, call, *args, **kwargs):
    with pytest.raises(error, match=text):
        call(*args, **kwargs)


def test_in_place_functions_of_the_namespace(lib):
    x = lib.tensor([0.0, 1.0])
    assert lib.exp_(x) is x
    assert lib.neg_(x).tolist() == [-1.0, pytest.approx(-math.e)]
    leaf = lib.ones(2, requires_grad=True)
    refuse(RuntimeError, "a leaf Variable that requires grad", lib.sin_, leaf)


def test_numpy_where_nothing_is_recorded(lib):
    x = lib.ones(2, requires_grad=True)
    refuse(RuntimeError, r"Use tensor.detach\(\).numpy\(\)", x.numpy)
    with lib.no_grad():
        assert x.numpy().tolist() == [1.0, 1.0]


def test_one_of_several_views_of_a_leaf(lib):
    x = lib.ones(2, 2, requires_grad=True)
    refuse(RuntimeError, "returns multiple views", x.unbind(0)[0].add_, 1)
    refuse(RuntimeError, "a view of a leaf Variable", x[0].add_, 1)


def test_numbers_beside_nan_and_inf(lib):
    assert repr(lib.tensor([math.nan, 1.0])) == "tensor([nan, 1.])"
    assert repr(lib.tensor([-math.inf, 10.0])) == "tensor([-inf, 10.])"


def test_losses_at_the_edge(lib):
    F = lib.nn.functional
    x = lib.ones(2, 3, requires_grad=True)
    loss = F.nll_loss(x, lib.tensor([1, 1]), ignore_index=1)
    assert math.isnan(loss.item())
    loss.backward()
    assert not x.grad.any()
    zero = lib.zeros(2)
    assert F.hinge_embedding_loss(zero, zero).item() == 1.0  # a target of 0 counts in both parts
    half = lib.tensor([[0.0, 1.0]], dtype=lib.bfloat16)
    assert F.cross_entropy(half, half).dtype is lib.bfloat16
    assert F.dropout(lib.tensor(1.0, dtype=lib.bfloat16)).dtype is lib.bfloat16
    large = lib.tensor([[300.0, 2.0]], dtype=lib.float16)
    assert F.rms_norm(large, [2]).tolist()[0][0] == pytest.approx(math.sqrt(2), rel=1e-3)


def test_batch_norm_of_nothing_learns_nothing(lib):
    norm = lib.nn.BatchNorm1d(3)
    assert tuple(norm(lib.zeros(0, 3, 4)).shape) == (0, 3, 4)
    assert norm.running_var.tolist() == [1.0, 1.0, 1.0]
    refuse(ValueError, "eps must be positive", lib.nn.BatchNorm1d(3, eps=0.0), lib.ones(2, 3))


def test_what_does_not_fit_is_refused(lib):
    F, ones = lib.nn.functional, lib.ones
    weight, whole = ones(1, 1, 2, 2), ones(2, 3, dtype=lib.int64)
    refuse(RuntimeError, "Long or Byte", F.nll_loss, ones(2, 3), ones(2))
    refuse(RuntimeError, "Expected floating point", F.cross_entropy, ones(2, 3), whole)
    refuse(RuntimeError, "but found Float", F.conv2d, ones(1, 1, 4, 4).double(), weight)
    refuse(RuntimeError, "at least three", F.conv1d, ones(1, 1, 4), ones(1, 2))
    refuse(RuntimeError, "-dimensional", F.conv2d, ones(1, 1, 4, 4), ones(1, 2, 2), padding="same")
    refuse(RuntimeError, "at least 3", F.conv1d, ones(1, 2, 4), ones(2, 2, 2), groups=3)
    refuse(RuntimeError, "greater than zero", F.max_pool1d, ones(1, 2, 4), 2, 0)
    refuse(ValueError, "at least 3", F.adaptive_avg_pool2d, ones(2, 2), (2, 2))
    refuse(
        ValueError, "one-dimensional", F.multi_margin_loss, ones(2, 3), whole[:, 0], weight=weight
    )
    parameters = [("a", lib.ones(1, requires_grad=True)), lib.ones(1, requires_grad=True)]
    refuse(ValueError, "Some param names are missing", lib.optim.SGD, parameters)
    refuse(ValueError, "1-element", lib.optim.SGD, parameters[1:], lr=lib.ones(2))
