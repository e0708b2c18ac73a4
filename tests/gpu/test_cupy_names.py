"""What the ops ask of a device, held against CuPy: needs CuPy to be installed, but no GPU.

Every declared example runs on the strict stand-in, which notes each function, method and
keyword that is asked of it.
"""

from __future__ import annotations

import inspect
import re
from functools import reduce

import pytest
import strict_device
from ops.test_examples import CASES
from test_device_independence import results_on

from autograd_core.backends.cupy_backend import Namespace

cupy = pytest.importorskip("cupy", reason="CuPy is not installed: pip install autograd-core[gpu]")

ACCUMULATED = {"add", "multiply"}
"""The functions whose ``reduce`` and ``accumulate`` CuPy has."""


@pytest.fixture(scope="module")
def used():
    strict_device.register()
    for case in CASES:
        results_on("strict", *case.values)
    return {name: set(keywords) for name, keywords in strict_device.used.items()}


@pytest.fixture(scope="module")
def namespace():
    from cupyx.scipy import special

    return Namespace(cupy, special)


def find(namespace, name):
    root, _, rest = name.partition(".")
    root = cupy.ndarray if root == "ndarray" else getattr(namespace, root)
    return reduce(getattr, rest.split(".") if rest else [], root)


def keywords_of(function):
    """Names of its parameters, from the signature or (compiled functions) the documentation."""
    try:
        parameters = inspect.signature(function).parameters
    except ValueError:
        line = (function.__doc__ or "").strip().partition("\n")[0]
        return set(re.findall(r"(\w+)=", line))
    return set(parameters)


def test_cupy_has_every_name(used, namespace):
    missing = []
    for name in used:
        try:
            find(namespace, name)
        except AttributeError:
            missing.append(name)
    assert not missing


def test_cupy_takes_every_keyword(used, namespace):
    refused = {
        name: keywords - keywords_of(find(namespace, name))
        for name, keywords in used.items()
        if keywords and not keywords <= keywords_of(find(namespace, name))
    }
    assert not refused


def test_methods_of_ufuncs_are_those_that_cupy_implements(used):
    method = re.compile(r"\.(at|reduce|accumulate|reduceat)$")
    methods = [name.split(".") for name in used if method.search(name)]
    assert {ufunc for ufunc, _ in methods} <= ACCUMULATED
    assert {method for _, method in methods} <= {"reduce", "accumulate"}
