"""Random numbers on GPUs: the default generator's streams there."""

from __future__ import annotations

import secrets
from collections.abc import Iterable
from typing import Any

import numpy as np

from .. import backends
from .._tensor import Tensor
from ..random import default_generator
from .devices import cupy, device, device_count, index_of, is_available


def manual_seed(seed: int) -> None:
    """Seed the stream of the current GPU; does nothing without one."""
    if is_available():
        default_generator.reseed(backends.backend("cuda"), int(seed))


def manual_seed_all(seed: int) -> None:
    """Seed the streams of all GPUs; does nothing without one."""
    for index in range(device_count()):
        with device(index):
            manual_seed(seed)


def seed() -> None:
    """Seed the stream of the current GPU with a number that the system draws."""
    manual_seed(secrets.randbits(53))


def seed_all() -> None:
    """Seed the streams of all GPUs with one number that the system draws."""
    manual_seed_all(secrets.randbits(53))


def initial_seed() -> int:
    """The seed that the default generator started from."""
    cupy()
    return default_generator.initial_seed()


def get_rng_state(where: Any = "cuda") -> Tensor:
    """Where the stream of a GPU stands, as a uint8 tensor for `set_rng_state`."""
    words = _words(where)
    with words.device:
        made: Tensor = Tensor._from_array(words.get().view(np.uint8).reshape(-1).copy())
    return made


def set_rng_state(new_state: Tensor, where: Any = "cuda") -> None:
    """Go back to where `get_rng_state` was called."""
    words = _words(where)
    host = new_state._host()
    if host.dtype != np.uint8 or host.size != words.nbytes:
        raise RuntimeError(
            f"RNG state is wrong size: expected {words.nbytes} bytes, got {host.size}"
        )
    with words.device:
        words[...] = cupy().asarray(host.view(words.dtype).reshape(words.shape))


def _words(where: Any) -> Any:
    """The state of CuPy's generator on a GPU, as its array."""
    owner: Any = backends.backend("cuda") if is_available() else cupy()
    with device(index_of(where)):
        return default_generator._stream(owner).bit_generator._state


def get_rng_state_all() -> list[Tensor]:
    """`get_rng_state` of every GPU."""
    return [get_rng_state(i) for i in range(device_count())]


def set_rng_state_all(new_states: Iterable[Tensor]) -> None:
    """`set_rng_state` of every GPU."""
    for i, state in enumerate(new_states):
        set_rng_state(state, i)
