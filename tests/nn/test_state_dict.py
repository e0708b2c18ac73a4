"""state_dict and load_state_dict, run in both libraries with the same outcome."""

from __future__ import annotations

from collections import OrderedDict

import pytest

import autograd_core as ag

torch = pytest.importorskip("torch")
from compared_modules import agree, net, same_error  # noqa: E402

LIBRARIES = pytest.mark.parametrize("m", [ag, torch], ids=lambda m: m.__name__)


def changed_state(m, change):
    n = net(m)
    before = {k: v.tolist() for k, v in n.state_dict().items()}
    state = OrderedDict((k, m.full_like(v, 7)) for k, v in n.state_dict().items())
    change(state, m)
    return n, before, state


def _shapes(state, m):
    state["a.kept"] = m.ones(2)
    state["b.1.weight"] = m.ones(2, 3)


STATES = {
    "all": lambda s, m: None,
    "missing": lambda s, m: [s.pop(k) for k in ("weight", "a.linear.bias", "buffer")],
    "unexpected": lambda s, m: s.update({"x": m.ones(1), "a.y": m.ones(1), "c.z": m.ones(1)}),
    "of an empty place": lambda s, m: s.update({"empty.w": m.ones(1)}),
    "of a parameter that is None": lambda s, m: s.update({"a.no_bias": m.ones(1)}),
    "hidden buffer": lambda s, m: s.update({"a.left_out": m.ones(2)}),
    "shapes": _shapes,
    "not a tensor": lambda s, m: s.update({"weight": [1.0, 2.0]}),
    "vector for a scalar": lambda s, m: s.update({"a.kept": m.ones(1)}),
    "everything": lambda s, m: (_shapes(s, m), s.pop("weight"), s.update({"x": m.ones(1)})),
    "extra state": lambda s, m: s.update({"a._extra_state": m.ones(1)}),
}


@pytest.mark.parametrize("strict", [True, False])
@pytest.mark.parametrize("name", STATES)
def test_loading(name, strict):
    def load(m):
        n, _, state = changed_state(m, STATES[name])
        found = n.load_state_dict(state, strict=strict)
        values = {k: v.tolist() for k, v in n.state_dict().items()}
        return str(found), found.missing_keys, found.unexpected_keys, values

    agree(load)


@pytest.mark.parametrize("name", ["missing", "unexpected", "shapes", "everything", "not a tensor"])
@pytest.mark.parametrize("hooked", [False, True])
def test_a_failed_load_changes_nothing(name, hooked):
    n, before, state = changed_state(ag, STATES[name])
    if hooked:
        n.a.register_load_state_dict_post_hook(lambda module, keys: None)
    with pytest.raises(RuntimeError, match="Error"):
        n.load_state_dict(state)
    assert {k: v.tolist() for k, v in n.state_dict().items()} == before


@pytest.mark.parametrize("given", [3, [("weight", 1)], None])
def test_what_is_no_dictionary(given):
    same_error(lambda m: net(m).load_state_dict(given))


@LIBRARIES
def test_assign(m):
    n = net(m)
    n.weight.requires_grad_(False)
    state = OrderedDict((k, m.zeros_like(v)) for k, v in n.state_dict().items())
    state["b.1.bias"] = m.nn.Parameter(m.zeros(2), requires_grad=False)
    n.load_state_dict(state, assign=True)
    assert n.b[1].bias is state["b.1.bias"]
    assert n.b[1].bias.requires_grad
    assert isinstance(n.weight, m.nn.Parameter)
    assert not n.weight.requires_grad
    assert n.a.kept is state["a.kept"]
    state["weight"] += 1
    assert n.weight.tolist() == [1.0, 1.0]


@LIBRARIES
def test_a_scalar_from_a_vector(m):
    class Net(m.nn.Module):
        def __init__(self):
            super().__init__()
            self.scale = m.nn.Parameter(m.tensor(1.0))

    n = Net()
    n.load_state_dict({"scale": m.tensor([3.0])})
    assert n.scale.item() == 3
    assert n.scale.ndim == 0


@LIBRARIES
def test_dtype_is_kept(m):
    n = m.nn.Linear(2, 1)
    n.load_state_dict({"weight": m.ones(1, 2, dtype=m.float64), "bias": m.ones(1, dtype=m.int64)})
    assert n.weight.dtype is m.float32
    assert n.bias.tolist() == [1.0]


@LIBRARIES
def test_state_dict_hooks(m):
    n, seen = net(m), []
    n.register_state_dict_pre_hook(lambda module, prefix, keep: seen.append((prefix, keep)))
    n.a.register_state_dict_post_hook(
        lambda module, state, prefix, meta: state.pop(prefix + "kept") and None
    )
    n._register_state_dict_hook(lambda module, state, prefix, meta: OrderedDict(only=len(state)))
    assert list(n.state_dict(prefix="p.")) == ["only"]
    assert seen == [("p.", False)]
    n.b.register_state_dict_post_hook(lambda *args: {})
    with pytest.raises(RuntimeError, match="state_dict post-hook must return None"):
        n.state_dict()

    def hook(*args):
        return None

    n.register_state_dict_post_hook(hook)
    with pytest.raises(RuntimeError, match="Cannot register the same function"):
        n._register_state_dict_hook(hook)


@LIBRARIES
def test_load_hooks(m):
    n, seen = net(m), []

    def rename(state, prefix, meta, strict, missing, unexpected, errors):
        seen.append((prefix, strict))
        if prefix + "old" in state:
            state[prefix + "kept"] = state.pop(prefix + "old")

    n.a._register_load_state_dict_pre_hook(rename)
    n.a.register_load_state_dict_pre_hook(lambda module, *rest: seen.append(module is n.a))
    n.b.register_load_state_dict_post_hook(lambda module, keys: keys.missing_keys.clear())
    order = []
    n.register_load_state_dict_post_hook(lambda module, keys: order.append(n.weight.tolist()))
    state = n.state_dict()
    state["a.old"] = state.pop("a.kept") * 5
    state["weight"] = m.ones(2)
    del state["b.1.bias"]
    n.load_state_dict(state)
    assert seen == [("a.", True), True]
    assert n.a.kept.tolist() == [5.0]
    assert order == [[1.0, 1.0]]  # hooks after loading see what was loaded
    n.register_load_state_dict_post_hook(lambda module, keys: 3)
    with pytest.raises(AssertionError, match="not expected to return new values"):
        n.load_state_dict(state)


@LIBRARIES
def test_a_module_that_loads_in_its_own_way(m):
    class Own(m.nn.Module):
        def __init__(self):
            super().__init__()
            self.w = m.nn.Parameter(m.zeros(1))

        def _load_from_state_dict(self, state, prefix, *rest):
            state[prefix + "w"] = state.pop(prefix + "old_w")
            super()._load_from_state_dict(state, prefix, *rest)

    n = m.nn.Sequential(Own())
    n.load_state_dict({"0.old_w": m.ones(1)}, strict=False)
    assert n[0].w.item() == 1
    n[0]._load_from_state_dict({"old_w": m.full((1,), 4.0)}, "", {}, True, [], [], [])
    assert n[0].w.item() == 4


@LIBRARIES
def test_extra_state(m):
    class Extra(m.nn.Module):
        value = 1

        def get_extra_state(self):
            return {"value": self.value}

        def set_extra_state(self, state):
            self.value = state["value"]

    n = m.nn.Sequential(Extra(), Extra())
    assert list(n.state_dict()) == ["0._extra_state", "1._extra_state"]
    n.load_state_dict({"0._extra_state": {"value": 5}, "1._extra_state": {"value": 6}})
    assert [e.value for e in n] == [5, 6]
    assert n.load_state_dict({}, strict=False).missing_keys == ["0._extra_state", "1._extra_state"]


@LIBRARIES
def test_older_calls_of_state_dict(m):
    with pytest.warns(FutureWarning, match="Positional args are being deprecated"):
        state = m.nn.Linear(1, 1).state_dict(OrderedDict(first=1), "p.", True)
    assert list(state) == ["first", "p.weight", "p.bias"]
    assert state["p.weight"].requires_grad


@LIBRARIES
def test_a_batch_norm_from_before_batches_were_counted(m):
    n = m.nn.Sequential(m.nn.BatchNorm1d(2))
    n(m.ones(3, 2))
    state = {k: v for k, v in n.state_dict().items() if not k.endswith("tracked")}
    assert not n.load_state_dict(state).missing_keys
    assert n[0].num_batches_tracked.item() == 1
    new = n.state_dict()
    del new["0.num_batches_tracked"]
    with pytest.raises(RuntimeError, match=r'Missing key.*"0\.num_batches_tracked"'):
        n.load_state_dict(new)
