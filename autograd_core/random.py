"""Random numbers: generators with a seed and a state.

The bit stream is NumPy's Philox (CuPy's on a GPU), a counter-based generator: Salmon et
al., "Parallel random numbers: as easy as 1, 2, 3", 2011.  The same seed gives the same
numbers on every run and machine; they are **not** the numbers that PyTorch draws.

``Generator().manual_seed(s)`` on the CPU is ``np.random.Generator(np.random.Philox(s))``:

====================================  ===================================================
function                              draws
====================================  ===================================================
rand, uniform_, bernoulli, dropout    ``random(shape, float32)``, or float64
randn, normal, normal_                ``standard_normal(shape, float32)``, or float64
exponential_, multinomial             ``standard_exponential(shape)``
randint, random_                      ``integers(low, high, shape)``
randperm, shuffling loaders           ``permutation(n)``
====================================  ===================================================

Each device has a stream of its own, started from the same seed when first drawn from.
A worker process of a `DataLoader` starts the default generator anew from the loader's base
seed plus its number.
"""

from __future__ import annotations

import secrets
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import numpy as np

from ._tensor import Tensor
from .backends import backend_of, device

_FIRST_SEED = 67280421310721
_WORDS = 14


class Generator:
    """A stream of random numbers.

    Parameters
    ----------
    device : str or device, default "cpu"
        Where it is meant to be used; one generator serves every device with a stream of
        its own for each.
    """

    def __init__(self, device: Any = "cpu"):
        self.device = _device(device)
        self.manual_seed(_FIRST_SEED)

    def manual_seed(self, seed: int) -> Generator:
        """Start anew from a seed; negative seeds count from 2**64.

        Raises
        ------
        RuntimeError
            If it is no whole number from -2**63 to 2**64 - 1.
        """
        if not isinstance(seed, int | np.integer) or not -(1 << 63) <= seed < 1 << 64:
            raise RuntimeError(
                "manual_seed expected a long, a whole number from -0x8000000000000000 to "
                f"0xffffffffffffffff, but got {seed!r}"
            )
        self._seed = int(seed) % (1 << 64)
        self._bits = np.random.Philox(self._seed)
        self._numpy = np.random.Generator(self._bits)
        self._others: dict[Any, Any] = {}
        return self

    def seed(self) -> int:
        """Start anew from a seed that the system draws, and return it."""
        self.manual_seed(secrets.randbits(53))
        return self._seed

    def initial_seed(self) -> int:
        """The seed it started from."""
        return self._seed

    def get_state(self) -> Tensor:
        """Where the CPU stream stands, as a uint8 tensor for `set_state`."""
        found: Any = self._bits.state
        inner = found["state"]
        words = [
            self._seed, *inner["counter"], *inner["key"], *found["buffer"],
            found["buffer_pos"], found["has_uint32"], found["uinteger"],
        ]  # fmt: skip
        array = np.array([int(w) for w in words], np.uint64)
        return Tensor._from_array(array.view(np.uint8).copy())

    def set_state(self, new_state: Tensor) -> Generator:
        """Go back to where `get_state` was called.

        Raises
        ------
        TypeError, RuntimeError
            If it is no uint8 tensor, or not one that `get_state` gave.
        """
        array = new_state._host() if isinstance(new_state, Tensor) else None
        if array is None or array.dtype != np.uint8:
            raise TypeError("expected a torch.ByteTensor: the result of get_state()")
        if array.size != 8 * _WORDS:
            raise RuntimeError(
                f"RNG state is wrong size: expected {8 * _WORDS} bytes, got {array.size}"
            )
        words = np.ascontiguousarray(array).view(np.uint64)
        self.manual_seed(int(words[0]))
        self._bits.state = {
            "bit_generator": "Philox",
            "state": {"counter": words[1:5].copy(), "key": words[5:7].copy()},
            "buffer": words[7:11].copy(),
            "buffer_pos": int(words[11]),
            "has_uint32": int(words[12]),
            "uinteger": int(words[13]),
        }
        return self

    def snapshot(self) -> Any:
        """Where every stream stands, those of other devices too, for `restore`."""
        others = {}
        for key, stream in self._others.items():
            words = getattr(getattr(stream, "bit_generator", None), "_state", None)
            if words is not None:
                with words.device:
                    others[key] = stream, words.copy()
        return self.get_state(), others

    def restore(self, kept: Any) -> None:
        """Go back to where `snapshot` was called, on every device."""
        state, others = kept
        self.set_state(state)
        for key, (stream, words) in others.items():
            with words.device:
                stream.bit_generator._state[...] = words
            self._others[key] = stream

    def clone_state(self) -> Generator:
        """Another generator that will draw the same numbers."""
        return Generator(self.device).set_state(self.get_state())

    def __repr__(self) -> str:
        return f"<Generator device='{self.device}' seed={self._seed}>"

    # -------------------------------------------------------------- drawing arrays

    def draw(self, owner: Any, kind: str, shape: tuple[int, ...], dtype: Any) -> Any:
        """An array of a backend: ``random``, ``standard_normal`` or ``standard_exponential``."""
        wide = np.dtype("f8") if np.dtype(dtype) == np.float64 else np.dtype("f4")
        stream = self._stream(owner)
        if stream is None:
            host = getattr(self._numpy, kind)(shape, dtype=wide)
            return owner.from_numpy(np.asarray(host), None).astype(dtype)
        drawn = owner.xp.asarray(getattr(stream, kind)(shape, dtype=wide))
        return drawn if drawn.dtype == dtype else drawn.astype(dtype)

    def integers(self, owner: Any, low: int, high: int, shape: tuple[int, ...]) -> Any:
        """An int64 array of a backend with low <= elements < high."""
        stream = self._stream(owner)
        if stream is None:
            return owner.from_numpy(np.asarray(self._numpy.integers(low, high, shape)), None)
        return owner.xp.asarray(stream.integers(low, high, shape)).astype(np.int64)

    def counts(self, owner: Any, kind: str, *parameters: Any) -> Any:
        """Whole numbers of ``poisson`` or ``binomial`` distributions, an array of a backend."""
        stream = self._stream(owner)
        if stream is None:
            host = getattr(self._numpy, kind)(*(owner.to_numpy(p) for p in parameters))
            return owner.from_numpy(np.asarray(host), None)
        return owner.xp.asarray(getattr(stream, kind)(*parameters))

    def permutation(self, owner: Any, n: int) -> Any:
        """The numbers below n in random order, on a backend."""
        return owner.from_numpy(self._numpy.permutation(n), None)

    def _stream(self, owner: Any) -> Any:
        """The stream of a backend; None for one whose numbers come from the host."""
        if owner.name == "cpu":
            return self._numpy
        key = owner.name, owner.current()
        if key not in self._others:
            self._others[key] = _stream_of(owner, self._seed)
        return self._others[key]

    def reseed(self, owner: Any, seed: int) -> None:
        """Start anew the stream of a backend's current device alone."""
        self._others[owner.name, owner.current()] = _stream_of(owner, int(seed) % (1 << 64))


def _stream_of(owner: Any, seed: int) -> Any:
    """A stream of a device's own random numbers; None where it has none."""
    library = getattr(owner.xp, "random", None)
    bits = getattr(library, "Philox4x3210", None)
    return None if bits is None else library.Generator(bits(seed))  # type: ignore[union-attr]


def _device(value: Any) -> device:
    return device(value)


default_generator = Generator()
"""What draws where no ``generator=`` is given."""


def manual_seed(seed: int) -> Generator:
    """Start the default generator anew from a seed, on every device."""
    return default_generator.manual_seed(int(seed))


def seed() -> int:
    """Start the default generator anew from a seed that the system draws; return it."""
    return default_generator.seed()


def initial_seed() -> int:
    """The seed that the default generator started from."""
    return default_generator.initial_seed()


def get_rng_state() -> Tensor:
    """The state of the default generator."""
    return default_generator.get_state()


def set_rng_state(new_state: Tensor) -> None:
    """Set the state of the default generator."""
    default_generator.set_state(new_state)


@contextmanager
def fork_rng(
    devices: Any = None, enabled: bool = True, device_type: str | None = None
) -> Iterator[None]:
    """Within the block draw as you like: afterwards the default generator is where it was.

    Parameters
    ----------
    devices, device_type : optional
        Accepted for PyTorch's sake; the streams of all devices are kept.
    enabled : bool, default True
        Whether to do anything.
    """
    if not enabled:
        yield
        return
    kept = default_generator.snapshot()
    try:
        yield
    finally:
        default_generator.restore(kept)


def stream_for(generator: Generator | None, array: Any) -> tuple[Generator, Any]:
    """The generator to draw from (the default one for None) and the backend of an array."""
    if generator is not None and not isinstance(generator, Generator):
        raise TypeError(f"generator must be a Generator, not {type(generator).__name__}")
    return generator or default_generator, backend_of(array)


__all__ = [
    "Generator", "default_generator", "fork_rng", "get_rng_state", "initial_seed",
    "manual_seed", "seed", "set_rng_state",
]  # fmt: skip
