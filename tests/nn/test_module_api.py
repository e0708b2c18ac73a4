"""Every method of Module, run in both libraries with the same outcome."""

from __future__ import annotations

import copy
import pickle
import warnings
from collections import OrderedDict

import numpy as np
import pytest

import autograd_core as ag

torch = pytest.importorskip("torch")
from compared_modules import agree, net  # noqa: E402

LIBRARIES = pytest.mark.parametrize("m", [ag, torch], ids=lambda m: m.__name__)


def names(pairs):
    return [name for name, _ in pairs]


def visited(n):
    seen = []
    assert n.apply(lambda m: seen.append(type(m).__name__)) is n
    return seen


QUESTIONS = {
    "parameters": lambda n: names(n.named_parameters()),
    "with duplicates": lambda n: names(n.named_parameters(remove_duplicate=False)),
    "own parameters": lambda n: names(n.named_parameters(prefix="x", recurse=False)),
    "buffers": lambda n: names(n.named_buffers()),
    "own buffers": lambda n: names(n.named_buffers(prefix="y", recurse=False)),
    "modules": lambda n: names(n.named_modules()),
    "modules with duplicates": lambda n: names(n.named_modules(remove_duplicate=False)),
    "modules with prefix": lambda n: names(n.named_modules(prefix="p")),
    "counts": lambda n: [
        len(list(x))
        for x in (n.parameters(), n.parameters(False), n.buffers(), n.children(), n.modules())
    ],
    "all modules": lambda n: len(list(n.modules(remove_duplicate=False))),
    "children": lambda n: names(n.named_children()),
    "members": lambda n: names(n._named_members(lambda m: m._buffers.items(), "z")),
    "state": lambda n: list(n.state_dict()),
    "state with prefix": lambda n: list(n.state_dict(prefix="q.")),
    "metadata": lambda n: {k: dict(v) for k, v in n.state_dict()._metadata.items()},
    "kept variables": lambda n: [v.requires_grad for v in n.state_dict(keep_vars=True).values()],
    "detached": lambda n: [v.requires_grad for v in n.state_dict().values()],
    "dir": lambda n: [x in dir(n) for x in ("a", "weight", "buffer", "forward", "training")],
    "digits": lambda n: [x for x in dir(n.b) if x.isdigit()],
    "repr": repr,
    "submodule": lambda n: repr(n.get_submodule("b.1")),
    "itself": lambda n: n.get_submodule("") is n,
    "no submodule": lambda n: n.get_submodule("b.7"),
    "no module": lambda n: n.get_submodule("a.kept"),
    "parameter": lambda n: tuple(n.get_parameter("b.1.bias").shape),
    "no parameter": lambda n: n.get_parameter("a.none"),
    "not a parameter": lambda n: n.get_parameter("a.kept"),
    "unknown parameter": lambda n: n.get_parameter("a.x"),
    "buffer": lambda n: tuple(n.get_buffer("a.left_out").shape),
    "not a buffer": lambda n: n.get_buffer("weight"),
    "unknown buffer": lambda n: n.get_buffer("b.0.x"),
    "train": lambda n: [m.training for m in n.train(False).modules()],
    "bad mode": lambda n: n.train("yes"),
    "eval": lambda n: n.eval() is n,
    "apply": lambda n: visited(n),
    "frozen": lambda n: [p.requires_grad for p in n.requires_grad_(False).parameters()],
    "extra state": lambda n: n.a._get_name(),
    "truth": lambda n: bool(n),
}


@pytest.mark.parametrize("name", QUESTIONS)
def test_questions(name):
    agree(lambda m: QUESTIONS[name](net(m)))


# ------------------------------------------------------------------ attributes


def do(m, *steps):
    n = net(m)
    for step in steps:
        step(n, m)
    return (
        names(n.named_parameters()),
        names(n.named_buffers()),
        names(n.named_children()),
        list(n.state_dict()),
    )


CHANGES = {
    "parameter over module": lambda n, m: setattr(n, "a", m.nn.Parameter(m.ones(1))),
    "module over parameter": lambda n, m: setattr(n, "weight", m.nn.ReLU()),
    "buffer over parameter": lambda n, m: setattr(n, "weight", m.nn.Buffer(m.ones(1))),
    "parameter over buffer": lambda n, m: setattr(n, "buffer", m.nn.Parameter(m.ones(1))),
    "parameter over hidden buffer": lambda n, m: setattr(n, "secret", m.nn.Parameter(m.ones(1))),
    "tensor in buffer": lambda n, m: setattr(n, "secret", m.ones(3)),
    "buffer made persistent": lambda n, m: setattr(n, "secret", m.nn.Buffer(m.ones(3))),
    "buffer to None": lambda n, m: setattr(n, "buffer", None),
    "parameter to None": lambda n, m: setattr(n, "weight", None),
    "module to None": lambda n, m: setattr(n, "a", None),
    "module in empty place": lambda n, m: setattr(n, "empty", m.nn.ReLU()),
    "parameter over attribute": lambda n, m: setattr(n, "nothing", m.nn.Parameter(m.ones(1))),
    "delete parameter": lambda n, m: delattr(n, "weight"),
    "delete buffer": lambda n, m: delattr(n, "secret"),
    "delete module": lambda n, m: delattr(n, "a"),
    "delete nothing": lambda n, m: delattr(n, "xyz"),
    "tensor as parameter": lambda n, m: setattr(n, "weight", m.ones(2)),
    "number as module": lambda n, m: setattr(n, "a", 3),
    "number as buffer": lambda n, m: setattr(n, "buffer", 3),
    "register parameter": lambda n, m: n.register_parameter("new", m.nn.Parameter(m.ones(1))),
    "register tensor": lambda n, m: n.register_parameter("new", m.ones(1)),
    "parameter with dot": lambda n, m: n.register_parameter("a.b", None),
    "parameter without name": lambda n, m: n.register_parameter("", None),
    "parameter of wrong name": lambda n, m: n.register_parameter(3, None),
    "parameter that exists": lambda n, m: n.register_parameter("forward", None),
    "register buffer": lambda n, m: n.register_buffer("new", m.ones(1), persistent=False),
    "buffer again": lambda n, m: n.register_buffer("secret", m.ones(1)),
    "buffer with dot": lambda n, m: n.register_buffer("a.b", None),
    "buffer without name": lambda n, m: n.register_buffer("", None),
    "buffer of wrong name": lambda n, m: n.register_buffer(3.5, None),
    "buffer of number": lambda n, m: n.register_buffer("new", 3),
    "buffer that exists": lambda n, m: n.register_buffer("weight", m.ones(1)),
    "add module": lambda n, m: n.register_module("new", m.nn.ReLU()),
    "add number": lambda n, m: n.add_module("new", 3),
    "module with dot": lambda n, m: n.add_module("a.b", m.nn.ReLU()),
    "module without name": lambda n, m: n.add_module("", m.nn.ReLU()),
    "module of wrong name": lambda n, m: n.add_module(None, m.nn.ReLU()),
    "module that exists": lambda n, m: n.add_module("weight", m.nn.ReLU()),
    "set submodule": lambda n, m: n.set_submodule("b.0", m.nn.Tanh()),
    "set new submodule": lambda n, m: n.set_submodule("b.new", m.nn.Tanh()),
    "set new submodule strictly": lambda n, m: n.set_submodule("b.new", m.nn.Tanh(), strict=True),
    "set no submodule": lambda n, m: n.set_submodule("", m.nn.Tanh()),
    "set over parameter": lambda n, m: n.set_submodule("weight", m.nn.Tanh()),
    "set below nothing": lambda n, m: n.set_submodule("x.y", m.nn.Tanh()),
}


@pytest.mark.parametrize("name", CHANGES)
def test_changes(name):
    agree(lambda m: do(m, CHANGES[name]))


def test_non_leaf_parameter():
    def assign(m):
        n = net(m)
        p = m.nn.Parameter(m.ones(2))
        n.extra = p
        with m.no_grad():
            n.extra = m.nn.Parameter(p * 2)
        return n.extra.is_leaf

    agree(assign)


@LIBRARIES
def test_before_init(m):
    class Early(m.nn.Module):
        def __init__(self, value):
            self.w = value

    for value, what in (
        (m.nn.Parameter(m.ones(1)), "parameters"),
        (m.nn.ReLU(), "module"),
    ):
        with pytest.raises(AttributeError, match=f"cannot assign {what} before Module.__init__"):
            Early(value)


@LIBRARIES
def test_arguments_of_init(m):
    class Net(m.nn.Module):
        pass

    with pytest.raises(TypeError, match=r"Net.__init__\(\) takes 1 positional argument but 3"):
        Net(1, 2)
    with pytest.raises(TypeError, match=r"got an unexpected keyword argument 'size'"):
        Net(size=1)

    class Other:
        def __init__(self, size):
            self.size = size

    class Both(m.nn.Module, Other):
        call_super_init = True

    assert Both(5).size == 5


# ------------------------------------------------------------------ conversion


def kinds(n):
    return {k: str(v.dtype) for k, v in (*n.named_parameters(), *n.named_buffers())}


CONVERSIONS = {
    "double": lambda n, m: n.double(),
    "half": lambda n, m: n.half(),
    "float": lambda n, m: n.double().float(),
    "type": lambda n, m: n.type(m.float64),
    "to": lambda n, m: n.to(m.float16),
    "to keyword": lambda n, m: n.to(dtype=m.float64, non_blocking=True),
    "to device": lambda n, m: n.to("cpu", m.float64),
    "to tensor": lambda n, m: n.to(m.ones(1, dtype=m.float64)),
    "cpu": lambda n, m: n.cpu(),
    "to empty": lambda n, m: n.to_empty(device="cpu"),
    "to integers": lambda n, m: n.to(m.int32),
}


@pytest.mark.parametrize("name", CONVERSIONS)
def test_conversions(name):
    def convert(m):
        n = net(m)
        weight = n.weight
        assert CONVERSIONS[name](n, m) is n
        assert n.weight is weight
        assert n.weight.is_leaf
        assert n.weight.requires_grad
        return kinds(n)

    agree(convert)


@LIBRARIES
def test_complex_parameters_are_not_halved(m):
    n = m.nn.ParameterList([m.ones(2, dtype=m.complex64)])
    assert n.double()[0].dtype is m.complex64
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        assert m.nn.Linear(1, 1).to(m.complex64).weight.dtype is m.complex64


@LIBRARIES
def test_gradients_are_converted_and_cleared(m):
    n = net(m)
    n(m.ones(1, 2)).sum().backward()
    n.double()
    assert n.weight.grad.dtype is m.float64
    n.zero_grad(set_to_none=False)
    assert n.weight.grad.tolist() == [0.0, 0.0]
    n.zero_grad()
    assert n.weight.grad is None


@LIBRARIES
def test_copies(m):
    n = m.nn.Sequential(OrderedDict(a=m.nn.Linear(2, 2), n=m.nn.BatchNorm1d(2)))
    n.n.register_buffer("hidden", m.ones(1), persistent=False)
    n.a.tied = n.a.weight
    n.eval()
    for twin in (copy.deepcopy(n), pickle.loads(pickle.dumps(n))):
        assert twin.a.tied is twin.a.weight
        assert twin.a.weight is not n.a.weight
        assert list(twin.state_dict()) == list(n.state_dict())
        assert not twin.training
        x = m.ones(3, 2)
        assert twin(x).tolist() == n(x).tolist()
    shallow = copy.copy(n.a)
    assert shallow.weight is n.a.weight


@LIBRARIES
def test_state_of_an_older_module(m):
    n = m.nn.Linear(1, 1)
    state = {k: v for k, v in n.__dict__.items() if "hook" not in k}
    old = m.nn.Linear.__new__(m.nn.Linear)
    old.__setstate__(state)
    for table in ("_state_dict_pre_hooks", "_load_state_dict_post_hooks", "_forward_pre_hooks"):
        assert len(getattr(old, table)) == 0
    assert list(old.state_dict()) == ["weight", "bias"]


# ------------------------------------------------------------------ hooks of all modules


@LIBRARIES
def test_hooks_of_all_modules(m):
    hooks, seen = m.nn.modules.module, []
    n = m.nn.Sequential(m.nn.Linear(2, 2), m.nn.ReLU())
    handles = [
        hooks.register_module_forward_pre_hook(lambda x, args: seen.append(("pre", x._get_name()))),
        hooks.register_module_forward_hook(
            lambda x, args, kwargs, out: seen.append(("after", x._get_name(), kwargs)),
            with_kwargs=True,
        ),
        hooks.register_module_full_backward_pre_hook(
            lambda x, out: seen.append(("backward pre", x._get_name()))
        ),
        hooks.register_module_full_backward_hook(
            lambda x, gi, go: seen.append(("backward", x._get_name(), len(gi)))
        ),
    ]
    try:
        x = m.ones(1, 2, requires_grad=True)
        n(x).sum().backward()
        with pytest.raises(RuntimeError, match="Cannot use both regular backward hooks and full"):
            hooks.register_module_backward_hook(lambda *args: None)
    finally:
        for handle in handles:
            handle.remove()
    assert seen == [
        ("pre", "Sequential"),
        ("pre", "Linear"),
        ("after", "Linear", {}),
        ("pre", "ReLU"),
        ("after", "ReLU", {}),
        ("after", "Sequential", {}),
        ("backward pre", "Sequential"),
        ("backward pre", "ReLU"),
        ("backward", "ReLU", 1),
        ("backward pre", "Linear"),
        ("backward", "Linear", 1),
        ("backward", "Sequential", 1),
    ]
    seen.clear()
    n(m.ones(1, 2))
    assert not seen


def test_without_hooks_of_all_modules_calls_are_plain():
    handle = ag.nn.modules.module.register_module_forward_pre_hook(lambda x, args: None)
    assert ag.nn.Linear(1, 1)._hooked
    handle.remove()
    assert not ag.nn.Linear(1, 1)._hooked


@LIBRARIES
def test_an_error_reaches_hooks_that_are_always_called(m):
    hooks, seen = m.nn.modules.module, []
    handle = hooks.register_module_forward_hook(
        lambda x, args, out: seen.append(out), always_call=True
    )
    n = m.nn.Linear(2, 2)
    n.register_forward_hook(lambda x, args, out: seen.append("own"), always_call=True)
    try:
        with pytest.raises(RuntimeError):
            n(m.ones(1, 3))
    finally:
        handle.remove()
    assert seen == [None, "own"]


@LIBRARIES
def test_hooks_at_registration(m):
    hooks, seen = m.nn.modules.module, []
    other = m.nn.Parameter(m.zeros(3))
    handles = [
        hooks.register_module_parameter_registration_hook(
            lambda x, name, p: other if name == "weight" else seen.append(name)
        ),
        hooks.register_module_buffer_registration_hook(lambda x, name, b: seen.append(name)),
        hooks.register_module_module_registration_hook(lambda x, name, c: seen.append(name)),
    ]
    try:
        n = m.nn.Module()
        n.weight = m.nn.Parameter(m.ones(1))
        n.bias = m.nn.Parameter(m.ones(1))
        n.register_buffer("kept", m.ones(1))
        n.child = m.nn.ReLU()
        n.add_module("more", m.nn.ReLU())
    finally:
        for handle in handles:
            handle.remove()
    assert n.weight is other
    assert seen == ["bias", "kept", "child", "more"]


@LIBRARIES
def test_backward_hooks_of_the_older_kind(m):
    seen = []
    n = m.nn.ReLU()
    n.register_backward_hook(lambda x, gi, go: seen.append((gi[0].tolist(), go[0].tolist())))
    x = m.tensor([-1.0, 2.0], requires_grad=True)
    n(x * 1).sum().backward()
    assert seen == [([0.0, 1.0], [1.0, 1.0])]
    with pytest.raises(RuntimeError, match="Cannot use both regular backward hooks"):
        n.register_full_backward_hook(lambda *args: None)
    full = m.nn.ReLU()
    full.register_full_backward_hook(lambda *args: None)
    with pytest.raises(RuntimeError, match="Cannot use both regular backward hooks"):
        full.register_backward_hook(lambda *args: None)
    several = m.nn.Sequential(m.nn.Linear(2, 2), m.nn.ReLU())
    several.register_backward_hook(lambda *args: None)
    with pytest.warns(FutureWarning, match="the forward contains multiple autograd Nodes"):
        several(x)


@LIBRARIES
def test_backward_hook_of_a_module_that_returns_a_dictionary(m):
    class Two(m.nn.Module):
        def forward(self, x):
            return {"y": x * 2}

    n = Two()
    n.register_full_backward_hook(lambda *args: None)
    with pytest.warns(UserWarning, match="module output should be a Tensor or a tuple of Tensors"):
        n(m.ones(1, requires_grad=True))


@LIBRARIES
def test_blank_lines_in_a_printed_tree(m):
    class Odd(m.nn.Module):
        def extra_repr(self):
            return "first\n\nlast"

    text = repr(m.nn.Sequential(Odd(), m.nn.ReLU()))
    assert text == ("Sequential(\n  (0): Odd(\n    first\n\n    last\n  )\n  (1): ReLU()\n)")


def test_buffer_and_parameter():
    for m in (ag, torch):
        b = m.nn.Buffer(m.ones(2), persistent=False)
        n = m.nn.Module()
        n.b = b
        assert list(n.state_dict()) == []
        assert names(n.named_buffers()) == ["b"]
        twin = copy.deepcopy(n)
        assert list(twin.state_dict()) == []
        np.testing.assert_array_equal(twin.b.numpy(), [1, 1])
