"""Hooks of modules, compared with PyTorch's call by call."""

from __future__ import annotations

import numpy as np
import pytest

import autograd_core as ag

LIBRARIES = [ag]
try:
    import torch

    LIBRARIES.append(torch)
except ImportError:
    torch = None

pytestmark = pytest.mark.parametrize("library", LIBRARIES, ids=lambda m: m.__name__)


class Scale:
    """Makes a module that multiplies its input, from either library."""

    def __new__(cls, library, factor=2.0):
        class Module(library.nn.Module):
            def __init__(self):
                super().__init__()
                self.factor = library.nn.Parameter(library.tensor(factor))

            def forward(self, x, shift=0.0):
                return x * self.factor + shift

        return Module()


def leaf(library, *values):
    return library.tensor(list(values), requires_grad=True)


def test_forward_pre_hook_replaces_arguments(library):
    net = Scale(library)
    handle = net.register_forward_pre_hook(lambda m, args: args[0] + 1)
    assert net(leaf(library, 1.0)).item() == 4
    net.register_forward_pre_hook(lambda m, args, kwargs: (args, {"shift": 10.0}), with_kwargs=True)
    assert net(leaf(library, 1.0)).item() == 14
    handle.remove()
    assert net(leaf(library, 1.0)).item() == 12


def test_forward_hooks_in_order(library):
    net, seen = Scale(library), []
    net.register_forward_hook(lambda m, args, out: seen.append("first"))
    net.register_forward_hook(lambda m, args, out: seen.append("early"), prepend=True)
    net.register_forward_hook(lambda m, args, kwargs, out: seen.append(kwargs), with_kwargs=True)
    net.register_forward_hook(lambda m, args, out: out * 10)
    assert net(leaf(library, 1.0), shift=1.0).item() == 30
    assert seen == ["early", "first", {"shift": 1.0}]


def test_always_call(library):
    net, seen = Scale(library), []
    net.register_forward_hook(lambda m, args, out: seen.append("no"))
    net.register_forward_hook(lambda m, args, out: seen.append(out), always_call=True)
    with pytest.raises(TypeError):
        net(1, 2, 3, 4)
    assert seen == [None]


def test_bad_pre_hook(library):
    net = Scale(library)
    net.register_forward_pre_hook(lambda m, a, k: 3, with_kwargs=True)
    with pytest.raises(RuntimeError, match="must return None or a tuple of"):
        net(leaf(library, 1.0))


def test_full_backward_hook_sees_and_replaces(library):
    net, seen = Scale(library, 3.0), []

    def hook(module, grad_input, grad_output):
        seen.append((grad_input[0].tolist(), grad_output[0].tolist()))
        return (grad_input[0] * 100,)

    net.register_full_backward_hook(hook)
    x = leaf(library, 1.0, 2.0)
    net(x).sum().backward()
    assert seen == [([3.0, 3.0], [1.0, 1.0])]
    assert x.grad.tolist() == [300.0, 300.0]
    assert net.factor.grad.item() == 3


def test_full_backward_pre_hook(library):
    net = Scale(library, 3.0)
    net.register_full_backward_pre_hook(lambda m, grad_output: (grad_output[0] * 2,))
    x = leaf(library, 1.0)
    net(x).sum().backward()
    assert x.grad.tolist() == [6.0]
    assert net.factor.grad.item() == 2


@pytest.mark.filterwarnings("ignore:Full backward hook is firing")
def test_backward_hook_where_no_input_needs_a_gradient(library):
    net, seen = Scale(library, 3.0), []
    net.register_full_backward_hook(lambda m, gi, go: seen.append((gi, go[0].tolist())))
    net(library.tensor([1.0])).sum().backward()
    assert seen == [((None,), [1.0])]


def test_wrong_number_of_gradients(library):
    net = Scale(library, 3.0)
    net.register_full_backward_hook(lambda m, gi, go: (gi[0], gi[0]))
    with pytest.raises(RuntimeError, match="got 2, but expected 1"):
        net(leaf(library, 1.0)).sum().backward()


def test_backward_hooks_nest(library):
    seen = []
    net = library.nn.Sequential(library.nn.Linear(2, 2), library.nn.ReLU())
    for name, module in [("net", net), ("0", net[0]), ("1", net[1])]:
        module.register_full_backward_hook(lambda m, gi, go, name=name: seen.append(name))
        module.register_full_backward_pre_hook(lambda m, go, name=name: seen.append(f"pre {name}"))
    net(leaf(library, 1.0, 2.0)).sum().backward()
    assert seen == ["pre net", "pre 1", "1", "pre 0", "0", "net"]


def test_hooks_do_not_change_gradients(library):
    plain, hooked = library.nn.Linear(3, 3), library.nn.Linear(3, 3)
    hooked.load_state_dict(plain.state_dict())
    hooked.register_full_backward_hook(lambda m, gi, go: None)
    hooked.register_forward_hook(lambda m, args, out: None)
    grads = []
    for net in (plain, hooked):
        x = library.tensor(np.linspace(0, 1, 6).reshape(2, 3).tolist(), requires_grad=True)
        (net(x) ** 2).sum().backward()
        grads.append([x.grad.tolist(), net.weight.grad.tolist(), net.bias.grad.tolist()])
    assert grads[0] == grads[1]


def test_state_dict_hooks(library):
    net, seen = library.nn.Linear(1, 1), []
    net.register_state_dict_pre_hook(lambda m, prefix, keep_vars: seen.append(prefix))

    def rename(module, state, prefix, local):
        state[f"{prefix}w"] = state.pop(f"{prefix}weight")

    net.register_state_dict_post_hook(rename)
    state = library.nn.Sequential(net).state_dict()
    assert seen == ["0."]
    assert list(state) == ["0.bias", "0.w"]

    def back(module, state, prefix, *rest):
        state[f"{prefix}weight"] = state.pop(f"{prefix}w")

    fresh = library.nn.Linear(1, 1)
    fresh.register_load_state_dict_pre_hook(back)
    fresh.register_load_state_dict_post_hook(lambda m, keys: seen.append(keys.missing_keys))
    library.nn.Sequential(fresh).load_state_dict(state)
    assert fresh.weight.item() == net.weight.item()
    assert seen[1] == []
