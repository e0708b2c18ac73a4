"""A module of ours beside PyTorch's, with the same weights: outputs and gradients compared."""

from __future__ import annotations

from contextlib import nullcontext

import numpy as np

import autograd_core as ag

try:
    import torch
except ImportError:
    torch = None

TOLERANCE = 1e-9


def pair(expression, **names):
    """The modules that ``nn.<expression>`` makes in both libraries, float64, weights copied."""
    made = []
    for library in (ag, torch):
        space = {"nn": library.nn, "torch": library, **names}
        made.append(eval(f"nn.{expression}", space).double())
    ours, theirs = made
    assert {k: tuple(v.shape) for k, v in ours.state_dict().items()} == {
        k: tuple(v.shape) for k, v in theirs.state_dict().items()
    }
    assert list(ours.state_dict()) == list(theirs.state_dict())
    same_weights(ours, theirs)
    return ours, theirs


def same_weights(ours, theirs):
    state = {k: ag.tensor(v.numpy()) for k, v in theirs.state_dict().items()}
    ours.load_state_dict(state)


def flat(value):
    """The tensors in nested results."""
    if value is None:
        return []
    if isinstance(value, list | tuple):
        return [leaf for part in value for leaf in flat(part)]
    return [value]


def converted(value, library, leaves):
    """NumPy arrays to tensors, floating ones to leaves that require grad."""
    if isinstance(value, np.ndarray):
        made = library.tensor(value)
        if value.dtype.kind == "f":
            leaves.append(made.requires_grad_())
        return made
    if isinstance(value, list | tuple):
        return type(value)(converted(v, library, leaves) for v in value)
    return value


def derivatives(library, outputs, inputs, second, seed=0):
    """First gradients along random cotangents, and second ones of a random sum of them."""
    rng = np.random.default_rng(seed)

    def along(t):
        return library.tensor(rng.normal(size=tuple(t.shape)))

    wanted = [o for o in outputs if o.requires_grad]
    first = library.autograd.grad(
        wanted, inputs, [along(o) for o in wanted], create_graph=second, allow_unused=True
    )
    if not second:
        return list(first)
    total = sum((g * along(g)).sum() for g in first if g is not None)
    if not total.requires_grad:
        return [*first, *(None for _ in inputs)]
    return [*first, *library.autograd.grad(total, inputs, allow_unused=True)]


def same(ours, theirs, what=""):
    if ours is None or theirs is None:
        zero = theirs if ours is None else ours
        assert zero is None or not zero.detach().numpy().any(), what
        return
    a, b = ours.detach().numpy(), theirs.detach().numpy()
    assert a.shape == b.shape, f"{what}: shape {a.shape} against {b.shape}"
    assert a.dtype == b.dtype, what
    np.testing.assert_allclose(a, b, rtol=TOLERANCE, atol=TOLERANCE, err_msg=what)


def twice_differentiable():
    """PyTorch's attention of small steps; its fused one has no second derivative."""
    return torch.nn.attention.sdpa_kernel(torch.nn.attention.SDPBackend.MATH)


def compare(ours, theirs, *args, second=False, call=None, **kwargs):
    """Run both on the same arguments; outputs and all gradients must agree."""
    call = call or (lambda module, *args, **kwargs: module(*args, **kwargs))
    found = []
    for library, module in ((ag, ours), (torch, theirs)):
        leaves = []
        given = converted(list(args), library, leaves)
        named = {k: converted(v, library, leaves) for k, v in kwargs.items()}
        with twice_differentiable() if second and library is torch else nullcontext():
            outputs = flat(call(module, *given, **named))
        inputs = leaves + [p for p in module.parameters() if p.requires_grad]
        found.append((outputs, derivatives(library, outputs, inputs, second)))
    (ours_out, ours_grads), (their_out, their_grads) = found
    assert len(ours_out) == len(their_out)
    for i, (a, b) in enumerate(zip(ours_out, their_out, strict=True)):
        same(a, b, f"output {i}")
    for i, (a, b) in enumerate(zip(ours_grads, their_grads, strict=True)):
        same(a, b, f"gradient {i}")


def same_error(call, **names):
    """Both libraries refuse a call with the same class and the same sentence."""
    errors = []
    for library in (ag, torch):
        try:
            call(library, **names)
        except Exception as error:
            errors.append(error)
        else:
            raise AssertionError(f"{library.__name__} raised nothing")
    ours, theirs = errors
    assert isinstance(ours, type(theirs)), f"{ours!r} against {theirs!r}"
    assert str(ours) == str(theirs)


def outcome(call, library):
    """What a call gives, or the class and text of its error."""
    try:
        return call(library)
    except Exception as error:
        return type(error).__mro__, str(error)


def agree(call):
    ours, theirs = (outcome(call, m) for m in (ag, torch))
    if isinstance(theirs, tuple) and len(theirs) == 2 and isinstance(theirs[0], tuple):
        assert theirs[0][0] in ours[0], f"{ours} against {theirs}"
        assert ours[1].replace("autograd_core.", "torch.") == theirs[1]
    else:
        assert ours == theirs


def net(m):
    """A tree with shared parts, buffers of both kinds and empty places."""

    class Inner(m.nn.Module):
        def __init__(self):
            super().__init__()
            self.linear = m.nn.Linear(2, 2)
            self.register_buffer("kept", m.ones(1))
            self.register_buffer("left_out", m.ones(2), persistent=False)
            self.register_buffer("none", None)
            self.register_parameter("no_bias", None)

        def forward(self, x):
            return self.linear(x)

    class Net(m.nn.Module):
        def __init__(self):
            super().__init__()
            self.a = Inner()
            self.b = m.nn.Sequential(m.nn.ReLU(), m.nn.Linear(2, 2))
            self.shared = self.a.linear
            self.nothing = None
            self.add_module("empty", None)
            self.weight = m.nn.Parameter(m.zeros(2))
            self.again = self.weight
            self.buffer = m.nn.Buffer(m.zeros(1, dtype=m.int64))
            self.secret = m.nn.Buffer(m.zeros(1), persistent=False)

        def forward(self, x):
            return self.b(self.a(x)) + self.weight

    return Net()
