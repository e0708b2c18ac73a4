"""A stand-in for a GPU: arrays that refuse every hidden way to the host.

NumPy inside; no ``__array__``, no mixing with NumPy arrays, no implicit float(), int(),
bool() or iteration.  An op that passes on this device copies nothing behind the user's
back.  (What may be asked is said in `ALLOWED_TO_HOST`.)
"""

from __future__ import annotations

import types

import numpy as np

from autograd_core import backends
from autograd_core.backends import numpy_backend


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
        given = [unwrap(x) for x in inputs]
        if out is not None:
            kwargs["out"] = tuple(None if o is None else o._inner for o in out)
        result = getattr(ufunc, method)(*given, **kwargs)
        if out is not None:
            return out[0]
        return wrap(result)

    def __getitem__(self, key):
        return wrap(self._inner[unwrap(key)])

    def __setitem__(self, key, value):
        self._inner[unwrap(key)] = unwrap(value)

    def __getattr__(self, name):
        if name.startswith("_"):
            raise AttributeError(name)
        method = getattr(self._inner, name)
        return lambda *args, **kwargs: wrap(method(*unwrap(args), **unwrap(kwargs)))


def _wrapped(fn):
    if isinstance(fn, type):
        return fn

    def call(*args, **kwargs):
        return wrap(fn(*unwrap(args), **unwrap(kwargs)))

    return call


class _Module:
    """A namespace whose functions take and give strict arrays."""

    def __init__(self, inner):
        self._inner = inner

    def __getattr__(self, name):
        found = getattr(self._inner, name)
        if isinstance(found, types.ModuleType | types.SimpleNamespace):
            made = _Module(found)
        elif isinstance(found, np.ufunc):
            made = _Ufunc(found)
        elif callable(found):
            made = _wrapped(found)
        else:
            made = found
        setattr(self, name, made)
        return made


class _Ufunc:
    def __init__(self, inner):
        self._inner = inner
        for name in ("reduce", "at", "accumulate", "reduceat", "outer"):
            setattr(self, name, _wrapped(getattr(inner, name)))

    def __call__(self, *args, **kwargs):
        return _wrapped(self._inner)(*args, **kwargs)


class StrictBackend(backends.Backend):
    """The stand-in device, ``strict``."""

    def __init__(self):
        super().__init__("strict", StrictArray, _Module(numpy_backend.xp))

    def from_numpy(self, array, index):
        return StrictArray(np.array(array))

    def to_numpy(self, array):
        return array._inner.copy()


def register():
    """Make the device known under the name ``strict``."""
    backends.register("strict", StrictBackend)
