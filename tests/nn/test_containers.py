"""Sequential, and lists and dictionaries of modules and parameters, beside PyTorch's."""

from __future__ import annotations

from collections import OrderedDict

import pytest

import autograd_core as ag

torch = pytest.importorskip("torch")
from compared_modules import agree  # noqa: E402

LIBRARIES = pytest.mark.parametrize("m", [ag, torch], ids=lambda m: m.__name__)


def sequential(m, count=3):
    return m.nn.Sequential(*(m.nn.Linear(i + 1, i + 2) for i in range(count)))


def shown(x):
    return repr(x), list(x._modules), list(getattr(x, "state_dict", dict)())


SEQUENTIALS = {
    "add": lambda s, m: s + sequential(m, 1),
    "iadd": lambda s, m: s.__iadd__(sequential(m, 2)),
    "add list": lambda s, m: s.__add__([m.nn.ReLU()]),
    "mul": lambda s, m: s * 2,
    "rmul": lambda s, m: 2 * s,
    "imul": lambda s, m: s.__imul__(3),
    "mul zero": lambda s, m: s * 0,
    "append": lambda s, m: s.append(m.nn.ReLU()),
    "extend": lambda s, m: s.extend([m.nn.ReLU(), m.nn.Tanh()]),
    "insert": lambda s, m: s.insert(1, m.nn.ReLU()),
    "insert at end": lambda s, m: s.insert(3, m.nn.ReLU()),
    "insert negative": lambda s, m: s.insert(-1, m.nn.ReLU()),
    "insert outside": lambda s, m: s.insert(9, m.nn.ReLU()),
    "slice": lambda s, m: s[1:],
    "negative": lambda s, m: m.nn.Sequential(s[-1]),
    "outside": lambda s, m: s[5],
    "set": lambda s, m: s.__setitem__(0, m.nn.ReLU()) or s,
    "set outside": lambda s, m: s.__setitem__(7, m.nn.ReLU()),
    "del": lambda s, m: s.__delitem__(0) or s,
    "del slice": lambda s, m: s.__delitem__(slice(0, 2)) or s,
    "pop": lambda s, m: m.nn.Sequential(s.pop(1), *s),
    "pop slice": lambda s, m: s.pop(slice(0, 2)),
    "named": lambda s, m: m.nn.Sequential(OrderedDict(x=m.nn.ReLU(), y=s)),
}


@pytest.mark.parametrize("name", SEQUENTIALS)
def test_sequential(name):
    agree(lambda m: shown(SEQUENTIALS[name](sequential(m), m)))


LISTS = {
    "add": lambda s, m: s.__add__([m.nn.ReLU()]),
    "iadd": lambda s, m: s.__iadd__([m.nn.ReLU()]),
    "append": lambda s, m: s.append(m.nn.ReLU()),
    "extend": lambda s, m: s.extend(sequential(m, 2)),
    "extend number": lambda s, m: s.extend(3),
    "insert": lambda s, m: s.insert(0, m.nn.ReLU()) or s,
    "slice": lambda s, m: s[::2],
    "set": lambda s, m: s.__setitem__(-1, m.nn.ReLU()) or s,
    "del": lambda s, m: s.__delitem__(1) or s,
    "del slice": lambda s, m: s.__delitem__(slice(1, None)) or s,
    "pop": lambda s, m: (s.pop(0), s)[1],
    "outside": lambda s, m: s[3],
    "wrong": lambda s, m: s["a"],
}


@pytest.mark.parametrize("name", LISTS)
def test_module_list(name):
    agree(lambda m: shown(LISTS[name](m.nn.ModuleList(sequential(m)), m)))


DICTS = {
    "update": lambda d, m: d.update({"c": m.nn.Tanh()}) or d,
    "update pairs": lambda d, m: d.update([("c", m.nn.Tanh())]) or d,
    "update number": lambda d, m: d.update(3),
    "update bad pairs": lambda d, m: d.update([3]),
    "update triples": lambda d, m: d.update([("a", 1, 2)]),
    "set": lambda d, m: d.__setitem__("a", m.nn.Tanh()) or d,
    "set number": lambda d, m: d.__setitem__("a", 3),
    "set taken": lambda d, m: d.__setitem__("keys", m.nn.Tanh()),
    "del": lambda d, m: d.__delitem__("a") or d,
    "pop": lambda d, m: d.pop("b") and d,
    "unknown": lambda d, m: d["x"],
    "clear": lambda d, m: d.clear() or d,
}


@pytest.mark.parametrize("name", DICTS)
def test_module_dict(name):
    def call(m):
        made = DICTS[name](m.nn.ModuleDict({"b": m.nn.ReLU(), "a": m.nn.Linear(1, 2)}), m)
        return (*shown(made), list(made), list(made.keys()), len(made), "a" in made, bool(made))

    agree(call)


def parameters(m):
    return m.nn.ParameterDict({"b": m.ones(2), "a": m.nn.Parameter(m.zeros(1)), "n": 3})


PARAMETERS = {
    "itself": lambda d, m: d,
    "pairs": lambda d, m: m.nn.ParameterDict([("z", m.ones(1)), ("y", m.ones(2))]),
    "ordered": lambda d, m: m.nn.ParameterDict(OrderedDict(z=m.ones(1), y=m.ones(2))),
    "or": lambda d, m: d | m.nn.ParameterDict({"c": m.ones(3)}),
    "ior": lambda d, m: d.__ior__(m.nn.ParameterDict({"a": m.ones(3)})),
    "ror": lambda d, m: d.__ror__(m.nn.ParameterDict({"a": m.ones(3)})),
    "copy": lambda d, m: d.copy(),
    "setdefault": lambda d, m: (d.setdefault("q", m.ones(1)), d)[1],
    "fromkeys": lambda d, m: d.fromkeys(["x", "y"], m.ones(1)),
    "popitem": lambda d, m: (d.popitem(), d)[1],
    "pop": lambda d, m: (d.pop("a"), d)[1],
    "clear": lambda d, m: d.clear() or d,
    "update number": lambda d, m: d.update(3),
    "update triples": lambda d, m: d.update([("a", 1, 2)]),
    "key": lambda d, m: d[3],
    "set key": lambda d, m: d.__setitem__(3, m.ones(1)),
    "unknown": lambda d, m: d["x"],
    "call": lambda d, m: d(1),
}


@pytest.mark.parametrize("name", PARAMETERS)
def test_parameter_dict(name):
    def call(m):
        d = PARAMETERS[name](parameters(m), m)
        values = [v.tolist() if hasattr(v, "tolist") else v for v in d.values()]
        return repr(d), list(d), list(reversed(d)), values, list(d.state_dict()), len(d), bool(d)

    agree(call)


PARAMETER_LISTS = {
    "itself": lambda x, m: x,
    "slice": lambda x, m: x[1:],
    "iadd": lambda x, m: x.__iadd__([m.ones(1)]),
    "set": lambda x, m: x.__setitem__(-1, m.ones(4)) or x,
    "extend tensor": lambda x, m: x.extend(m.ones(2)),
    "extend number": lambda x, m: x.extend(2),
    "outside": lambda x, m: x[9],
    "call": lambda x, m: x(1),
}


@pytest.mark.parametrize("name", PARAMETER_LISTS)
def test_parameter_list(name):
    def call(m):
        x = m.nn.ParameterList([m.ones(2), m.nn.Parameter(m.zeros(1)), "text", m.ones(2, 3)])
        x = PARAMETER_LISTS[name](x, m)
        digits = [n for n in dir(x) if n.isdigit()]
        return repr(x), list(x.state_dict()), len(x), digits, bool(x)

    agree(call)


@LIBRARIES
def test_empty_containers_are_false(m):
    for kind in (m.nn.Sequential, m.nn.ModuleList, m.nn.ModuleDict, m.nn.ParameterList):
        assert not kind()
    assert m.nn.Sequential(m.nn.ReLU())
