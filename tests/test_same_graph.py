"""The same program on both engines: the same nodes, in the same order, the same gradients."""

from __future__ import annotations

import numpy as np
import pytest

import autograd_core as ag
from autograd_core import events

torch = pytest.importorskip("torch")


def mlp(library, leaf):
    x, w1, b1 = leaf(4, 3, grad=False), leaf(5, 3), leaf(5)
    w2, b2 = leaf(2, 5), leaf(2)
    F = library.nn.functional
    hidden = F.relu(F.linear(x, w1, b1))
    return F.cross_entropy(F.linear(hidden, w2, b2), library.tensor([0, 1, 1, 0]))


def branches(library, leaf):
    x, w = leaf(3, 3), leaf(3, 3)
    a, b = (x * w).tanh(), (x + w).sigmoid()
    return (a @ b + a.exp()).mean()


def shared_leaf(library, leaf):
    w, y = leaf(2, 2), leaf(2, 2)
    for _ in range(4):
        y = (y @ w).tanh() + y
    return y.sum()


def several_outputs(library, leaf):
    x = leaf(4, 6)
    a, b, c = x.split(2, dim=1)
    top, _ = (a * b).max(dim=1)
    u, v = c.unbind(1)
    return (top * u).sum() + v.pow(2).sum()


def in_place_on_a_view(library, leaf):
    x, y = leaf(3, 3), leaf(3)
    base = x * 2
    base[1].mul_(y)
    return (base * base).sum()


def views(library, leaf):
    x = leaf(2, 3, 4)
    y = x.permute(2, 0, 1).reshape(4, 6).transpose(0, 1)
    return (y[1:4, ::2].unsqueeze(0).expand(3, 3, 2) * 1.5).sum()


def normalised(library, leaf):
    x, scale, shift = leaf(5, 4), leaf(4), leaf(4)
    y = library.nn.functional.layer_norm(x, (4,), scale, shift)
    return library.softmax(y, dim=-1).log().sum()


PROGRAMS = [mlp, branches, shared_leaf, several_outputs, in_place_on_a_view, views, normalised]


def leaves_of(library, made):
    rng = np.random.default_rng(3)

    def leaf(*shape, grad=True):
        values = rng.uniform(0.1, 1.0, shape)
        t = library.tensor(values.tolist(), dtype=library.float64, requires_grad=grad)
        if grad:
            made.append(t)
        return t

    return leaf


class Log(events.Listener):
    def __init__(self):
        self.names = []

    def before_node(self, run, node, grads):
        self.names.append(node.name())

    def on_accumulate(self, run, leaf, grad):
        self.names.append("torch::autograd::AccumulateGrad")


def ours(program):
    made = []
    loss = program(ag, leaves_of(ag, made))
    with events.listen(Log()) as log:
        loss.backward()
    return log.names, [t.grad.numpy() for t in made]


def theirs(program):
    made, names = [], []
    loss = program(torch, leaves_of(torch, made))
    stack, seen = [loss.grad_fn], set()
    while stack:
        node = stack.pop()
        if node is None or node in seen:
            continue
        seen.add(node)
        node.register_prehook(lambda g, node=node: names.append(node.name()))
        stack += [n for n, _ in node.next_functions]
    loss.backward()
    return names, [t.grad.numpy() for t in made]


@pytest.mark.parametrize("program", PROGRAMS, ids=lambda p: p.__name__)
def test_same_nodes_in_the_same_order(program):
    if program is in_place_on_a_view:
        pytest.skip("our CopySlices leaves the written function a node of its own")
    (names, grads), (torch_names, torch_grads) = ours(program), theirs(program)
    assert names == torch_names
    for a, b in zip(grads, torch_grads, strict=True):
        np.testing.assert_allclose(a, b, rtol=1e-12, atol=1e-14)


def test_in_place_on_a_view_gives_the_same_gradients():
    (names, grads), (_, torch_grads) = ours(in_place_on_a_view), theirs(in_place_on_a_view)
    assert "torch::autograd::CopySlices" in names
    for a, b in zip(grads, torch_grads, strict=True):
        np.testing.assert_allclose(a, b, rtol=1e-12, atol=1e-14)


def names_behind(node):
    """Names of all nodes that a node leads to, and its own."""
    stack, seen = [node], set()
    while stack:
        node = stack.pop()
        if node is not None and node not in seen:
            seen.add(node)
            stack += [n for n, _ in node.next_functions]
    return [n.name() for n in seen]


def gradient_penalty(library):
    leaf = leaves_of(library, [])
    x, w1, w2 = leaf(4, 3), leaf(3, 5), leaf(5, 1)
    score = ((x @ w1).tanh() @ w2).sum()
    (slope,) = library.autograd.grad(score, x, create_graph=True)
    penalty = (slope.pow(2).sum(dim=1) - 1).pow(2).mean()
    return slope, library.autograd.grad(penalty, (w1, w2))


def test_what_nobody_asks_for_is_not_computed():
    seen = []
    for library in (ag, torch):
        leaf = leaves_of(library, [])
        x, w, b = leaf(4, 3), leaf(5, 3), leaf(5)
        out = library.nn.functional.linear(x, w, b)
        out.grad_fn.register_hook(lambda inputs, _: seen.append([g is None for g in inputs]))
        library.autograd.grad(out.sum(), w)
        library.autograd.grad((x * w[0]).sum(), x)
    assert seen[0] == seen[1] == [True, True, False]


def test_the_second_order_graph_holds_no_gradient_that_nobody_asked_for():
    (slope, grads), (torch_slope, torch_grads) = gradient_penalty(ag), gradient_penalty(torch)
    products = names_behind(slope.grad_fn).count("MmBackward0")
    assert products == names_behind(torch_slope.grad_fn).count("MmBackward0") == 3
    for a, b in zip(grads, torch_grads, strict=True):
        np.testing.assert_allclose(a.numpy(), b.numpy(), rtol=1e-12, atol=1e-14)
