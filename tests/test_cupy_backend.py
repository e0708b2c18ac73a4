"""What is CuPy's alone, and portable array functions: tried without a GPU, on NumPy."""

from __future__ import annotations

import gc
import types

import numpy as np
import pytest

import autograd_core as ag
from autograd_core import errors
from autograd_core.backends import cupy_backend, portable


class FakeCupy(types.SimpleNamespace):
    """NumPy where CuPy is asked for, to run the few lines that are CuPy's alone."""

    def __init__(self):
        moved = []
        super().__init__(**{k: v for k, v in vars(np).items() if not k.startswith("_")})
        self.cuda = types.SimpleNamespace(runtime=types.SimpleNamespace(getDevice=lambda: 0))
        self.asarray = lambda a, *rest: moved.append(a.shape) or np.array(a, *rest)
        self.moved = moved


SPECIAL = types.SimpleNamespace(**dict.fromkeys(cupy_backend.SPECIAL))


def test_a_gpu_number_that_does_not_exist():
    owner = cupy_backend.CupyBackend(FakeCupy(), SPECIAL, 1)
    with pytest.raises(
        errors.DeviceError, match="invalid device ordinal 99; this machine has 1 device,"
    ):
        owner.on(99)


def test_bfloat16_on_a_gpu_is_refused_in_one_sentence():
    pytest.importorskip("ml_dtypes")
    owner = cupy_backend.CupyBackend(FakeCupy(), SPECIAL, 1)
    with pytest.raises(errors.DtypeError, match="bfloat16 is not supported on device 'cuda'"):
        owner.from_numpy(np.zeros(2, ag.bfloat16.numpy), None)


def test_a_gpu_keeps_a_table_as_long_as_it_lives():
    fake = FakeCupy()
    xp = cupy_backend.Namespace(fake, SPECIAL)
    table = np.arange(3)
    assert xp.constant(table) is xp.constant(table)
    assert fake.moved == [(3,)]
    del table
    gc.collect()
    assert not xp._tables


@pytest.mark.parametrize("kind", ["i1", "u1", "i2", "i4", "i8", "f4", "f8"])
def test_gpu_sums_at_repeated_places_in_every_dtype(kind):
    xp = cupy_backend.Namespace(FakeCupy(), SPECIAL)
    found, expected = np.ones((2, 3), kind), np.ones((2, 3), kind)
    key, values = (np.array([0, 0, 1, 0]), np.array([2, 2, 0, 1])), np.array([1, 2, 3, 4], kind)
    xp.add_at(found, key, values)
    np.add.at(expected, key, values)
    assert found.dtype == kind
    assert found.tolist() == expected.tolist()


# ------------------------------------------------------------------ what some libraries lack


@pytest.mark.parametrize("name", ["maximum", "minimum", "logaddexp"])
@pytest.mark.parametrize(
    ("shape", "axis"), [((3, 7, 4), 0), ((3, 7, 4), 1), ((5,), 0), ((2, 0), 1)]
)
def test_portable_accumulate(name, shape, axis):
    array, ufunc = np.random.default_rng(0).normal(size=shape), getattr(np, name)
    found = portable.accumulate(np, ufunc, array, axis)
    np.testing.assert_allclose(found, ufunc.accumulate(array, axis=axis), rtol=1e-13)


@pytest.mark.parametrize("name", ["multiply", "maximum", "minimum", "add"])
@pytest.mark.parametrize("n", [0, 1, 2, 9, 100])
def test_portable_scatter(name, n):
    rng, ufunc = np.random.default_rng(n), getattr(np, name)
    key = rng.integers(0, 4, n), rng.integers(0, 3, n)
    values = rng.normal(size=n)
    ours, theirs = np.ones((4, 3)), np.ones((4, 3))
    portable.scatter_at(np, ufunc, ours, key, values)
    ufunc.at(theirs, key, values)
    np.testing.assert_allclose(ours, theirs, rtol=1e-12)
