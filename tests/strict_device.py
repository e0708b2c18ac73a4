"""A stand-in for a GPU: arrays that refuse every hidden way to the host.

NumPy inside; no ``__array__``, no mixing with NumPy arrays, no implicit float(), int(),
bool() or iteration.  An op that passes on this device copies nothing behind the user's
back.  What goes to the host or comes from it openly is counted in `copies`, and every
function and keyword that is asked of the device is noted in `used`, so that a test can ask
whether CuPy has them (tests/gpu/test_cupy_names.py).
"""

from __future__ import annotations

import collections
import types

import numpy as np

from autograd_core import backends
from autograd_core.backends import numpy_backend

copies = collections.Counter()
"""How many arrays went "to host", "from host", or were tables that a GPU keeps ("table")."""

used = {}
"""Name of a function or method (``linalg.inv``, ``ndarray.sum``): keywords it was called with."""


class HostCopyError(AssertionError):
    """Something tried to bring a device array to the host."""


def unwrap(value):
    if isinstance(value, StrictArray):
        return value._inner
    if isinstance(value, np.ndarray):
        raise HostCopyError("a NumPy array was mixed with a device array")
    if isinstance(value, tuple | list):
        return type(value)(unwrap(v) for v in value)
    if isinstance(value, dict):
        return {k: unwrap(v) for k, v in value.items()}
    return value


def wrap(value):
    if isinstance(value, np.ndarray | np.generic):
        return StrictArray(np.asarray(value))
    if isinstance(value, tuple) and hasattr(value, "_fields"):
        return type(value)(*(wrap(v) for v in value))
    if isinstance(value, tuple | list):
        return type(value)(wrap(v) for v in value)
    return value


def wrapped(name, function):
    """A function that takes and gives strict arrays; NumPy's warnings are no GPU's."""
    keywords = used.setdefault(name, set())

    def call(*args, **kwargs):
        keywords.update(kwargs)
        with np.errstate(all="ignore"):
            return wrap(function(*unwrap(args), **unwrap(kwargs)))

    return call


def _refuse(what):
    def method(self, *args, **kwargs):
        raise HostCopyError(f"{what} of a device array")

    return method


class StrictArray(np.lib.mixins.NDArrayOperatorsMixin):
    """An array that only its own namespace can compute with."""

    __array_priority__ = 2000

    def __init__(self, inner):
        self._inner = np.asarray(inner)

    dtype = property(lambda self: self._inner.dtype)
    shape = property(lambda self: self._inner.shape)
    ndim = property(lambda self: self._inner.ndim)
    size = property(lambda self: self._inner.size)
    itemsize = property(lambda self: self._inner.itemsize)
    nbytes = property(lambda self: self._inner.nbytes)
    strides = property(lambda self: self._inner.strides)
    flags = property(lambda self: self._inner.flags)
    T = property(lambda self: StrictArray(self._inner.T))
    real = property(lambda self: StrictArray(self._inner.real))
    imag = property(lambda self: StrictArray(self._inner.imag))
    base = property(lambda self: self._inner.base)
    data = property(lambda self: types.SimpleNamespace(ptr=self._inner.ctypes.data))

    __array__ = _refuse("__array__()")
    __float__ = _refuse("float()")
    __int__ = _refuse("int()")
    __index__ = _refuse("index()")
    __bool__ = _refuse("bool()")
    __iter__ = _refuse("iteration")
    item = _refuse("item()")
    tolist = _refuse("tolist()")

    def __len__(self):
        return len(self._inner)

    def __array_ufunc__(self, ufunc, method, *inputs, out=None, **kwargs):
        name = ufunc.__name__ if method == "__call__" else f"{ufunc.__name__}.{method}"
        if out is not None:
            kwargs["out"] = out if len(out) > 1 else out[0]
        result = wrapped(name, getattr(ufunc, method))(*inputs, **kwargs)
        return result if out is None else out[0]

    def __getitem__(self, key):
        return wrap(self._inner[unwrap(key)])

    def __setitem__(self, key, value):
        self._inner[unwrap(key)] = unwrap(value)

    def __getattr__(self, name):
        if name.startswith("_"):
            raise AttributeError(name)
        return wrapped(f"ndarray.{name}", getattr(self._inner, name))


class _Module:
    """A namespace whose functions take and give strict arrays."""

    def __init__(self, inner, path=""):
        self._inner, self._path = inner, path

    def __getattr__(self, name):
        found, path = getattr(self._inner, name), self._path + name
        if isinstance(found, types.ModuleType | types.SimpleNamespace):
            made = _Module(found, f"{path}.")
        elif isinstance(found, np.ufunc):
            made = _Ufunc(found, path)
        elif callable(found) and not isinstance(found, type):
            made = wrapped(path, found)
        else:
            used.setdefault(path, set())
            made = found
        setattr(self, name, made)
        return made


class _Ufunc:
    def __init__(self, inner, path):
        self._inner, self._path = inner, path

    def __call__(self, *args, **kwargs):
        return wrapped(self._path, self._inner)(*args, **kwargs)

    def __getattr__(self, name):
        return wrapped(f"{self._path}.{name}", getattr(self._inner, name))


class _Generator:
    """Random numbers drawn on the device, as CuPy's generators draw them."""

    def __init__(self, bits):
        self._inner = np.random.Generator(bits)

    def __getattr__(self, name):
        return wrapped(f"random.Generator.{name}", getattr(self._inner, name))


class StrictBackend(backends.Backend):
    """The stand-in device, ``strict``."""

    def __init__(self):
        super().__init__("strict", StrictArray, _Module(numpy_backend.xp))
        self.xp.constant = self.table
        self.xp.random = types.SimpleNamespace(Philox4x3210=np.random.Philox, Generator=_Generator)

    def table(self, array):
        copies["table"] += 1
        return StrictArray(array.copy())

    def from_numpy(self, array, index):
        copies["from host"] += 1
        return StrictArray(np.array(array))

    def to_numpy(self, array):
        copies["to host"] += 1
        return array._inner.copy()


def register():
    """Make the device known under the name ``strict``."""
    backends.register("strict", StrictBackend)
