"""Random tensors, and tensors refilled at random."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from .. import dtypes, inplace, random
from .._tensor import Tensor, method
from ..backends import truth
from ..declare import op
from ..dtypes import FLOATING
from ..errors import ShapeError
from .create import _no_more, _shape_of, _sizes, new

# ------------------------------------------------------------------ new tensors


def _check_float(kind: dtypes.dtype, name: str) -> None:
    if kind.category < FLOATING:
        raise NotImplementedError(
            f"\"{name}\" not implemented for '{kind.name}'; give a floating dtype"
        )


def _sampler(name: str, kind: str, summary: str) -> tuple[Callable[..., Tensor], ...]:
    """``rand`` and ``rand_like``, by the name of the generator's method."""

    def draw(generator: Any) -> Callable[[Any], Callable[[Any], Any]]:
        stream, _ = random.stream_for(generator, np.empty(0))
        return lambda shape: lambda m: stream.draw(m.owner, kind, shape, m.dtype)

    def make(
        *size: Any,
        generator: Any = None,
        dtype: Any = None,
        layout: Any = None,
        device: Any = None,
        requires_grad: bool = False,
        pin_memory: bool = False,
        **given: Any,
    ) -> Tensor:
        shape = _sizes(size, given.pop("size", None), name)
        _no_more(name, given)
        if dtype is not None:
            _check_float(dtypes.as_dtype(dtype), name)
        return new(draw(generator)(shape), dtype, device, requires_grad)

    def make_like(
        input: Tensor,
        *,
        dtype: Any = None,
        layout: Any = None,
        device: Any = None,
        requires_grad: bool = False,
        memory_format: Any = None,
        generator: Any = None,
    ) -> Tensor:
        shape = _shape_of(input, f"{name}_like")
        _check_float(dtypes.as_dtype(dtype) if dtype else input.dtype, f"{name}_like")
        return new(draw(generator)(shape), dtype, device, requires_grad, input)

    make.__name__ = make.__qualname__ = name
    make.__doc__ = f"{summary}, of the sizes given."
    make_like.__name__ = make_like.__qualname__ = f"{name}_like"
    make_like.__doc__ = f"{summary}, of the shape, dtype and device of `input`."
    return make, make_like


rand, rand_like = _sampler("rand", "random", "Numbers drawn evenly from [0, 1)")
randn, randn_like = _sampler(
    "randn",
    "standard_normal",
    "Numbers drawn from the normal distribution of mean 0 and deviation 1",
)


def randint(
    *args: Any,
    generator: Any = None,
    dtype: Any = None,
    layout: Any = None,
    device: Any = None,
    requires_grad: bool = False,
    **given: Any,
) -> Tensor:
    """Integers drawn evenly from `low` to `high`, excluded.

    Called as ``randint(high, size)`` or ``randint(low, high, size)``.
    """
    size = given.pop("size", None)
    values = [*args] if size is None else [*args, size]
    low = given.pop("low", None)
    high = given.pop("high", None)
    _no_more("randint", given)
    values = [x for x in (low, high) if x is not None] + values
    if len(values) == 2:
        values = [0, *values]
    if len(values) != 3:
        raise TypeError("randint() takes (high, size) or (low, high, size)")
    shape = _sizes((), values[2], "randint")
    kind = dtype or dtypes.int64
    return _integers(int(values[0]), int(values[1]), shape, generator, kind, device, requires_grad)


def _integers(
    low: int,
    high: int,
    shape: Any,
    generator: Any,
    dtype: Any,
    device: Any,
    grad: bool,
    like: Any = None,
) -> Tensor:
    if low >= high:
        raise RuntimeError(
            f"random_ expects 'from' to be less than 'to', but got from={low} >= to={high}"
        )
    stream, _ = random.stream_for(generator, np.empty(0))
    return new(
        lambda m: stream.integers(m.owner, low, high, shape).astype(m.dtype),
        dtype, device, grad, like,
    )  # fmt: skip


def randint_like(
    input: Tensor,
    low: int,
    high: int | None = None,
    *,
    dtype: Any = None,
    layout: Any = None,
    device: Any = None,
    requires_grad: bool = False,
    memory_format: Any = None,
    generator: Any = None,
) -> Tensor:
    """Integers below `high` (and from `low` on), of the shape, dtype and device of `input`."""
    if high is None:
        low, high = 0, low
    shape = _shape_of(input, "randint_like")
    return _integers(int(low), int(high), shape, generator, dtype, device, requires_grad, input)


def randperm(
    n: int,
    *,
    generator: Any = None,
    dtype: Any = None,
    layout: Any = None,
    device: Any = None,
    requires_grad: bool = False,
    pin_memory: bool = False,
) -> Tensor:
    """The numbers below `n` in random order."""
    if n < 0:
        raise ShapeError(f"n must be non-negative, got {n}")
    stream, _ = random.stream_for(generator, np.empty(0))
    return new(
        lambda m: stream.permutation(m.owner, n).astype(m.dtype),
        dtype or dtypes.int64, device, requires_grad,
    )  # fmt: skip


def normal(
    mean: Any, std: Any = 1.0, size: Any = None, *, generator: Any = None, dtype: Any = None,
    layout: Any = None, device: Any = None, requires_grad: bool = False,
) -> Tensor:  # fmt: skip
    """Numbers drawn from normal distributions of the given means and deviations.

    Parameters
    ----------
    mean, std : Tensor or float
        Broadcast against each other; two numbers need `size`.
    """
    tensors = [x for x in (mean, std) if isinstance(x, Tensor)]
    low = std.detach().min().item() if isinstance(std, Tensor) and std.numel() else std
    if not isinstance(low, Tensor) and low < 0:
        raise RuntimeError(f"normal expects std >= 0.0, but found std {low}")
    if not tensors:
        if size is None:
            raise TypeError("normal(): a mean and a std that are numbers need a size")
        made = randn(size, generator=generator, dtype=dtype, device=device) * std + mean
        return made.requires_grad_() if requires_grad else made
    shape = np.broadcast_shapes(*(x._array.shape for x in tensors))
    like = tensors[0]
    drawn = randn(shape, generator=generator, dtype=like.dtype, device=like.device)
    with_graph = [x * 0 for x in tensors if x.requires_grad]
    bare = [x.detach() if isinstance(x, Tensor) else x for x in (mean, std)]
    made = drawn * bare[1] + bare[0]
    for zero in with_graph:
        made = made + zero
    return made


# ------------------------------------------------------------------ refilled in place


@op("NormalBackward0", name="refill", types="free")
def refill(xp: Any, input: Any, *, drawn: Any) -> Any:
    """Numbers that do not depend on the input."""
    return drawn


@refill.vjp
def _(F: Any, g: Any, input_shape: Any) -> Any:
    return F.zeros_of(g, shape=input_shape)


def _refilled(self: Tensor, name: str, drawn: Any) -> Tensor:
    array = drawn if drawn.dtype == self._array.dtype else drawn.astype(self._array.dtype)
    return inplace.write(self, name, lambda old: refill.call(old, drawn=array))


def _drawn(self: Tensor, name: str, kind: str, generator: Any) -> Any:
    _check_float(self.dtype, name)
    stream, owner = random.stream_for(generator, self._array)
    return stream.draw(owner, kind, self._array.shape, self._array.dtype)


@method()
def uniform_(
    self: Tensor, a: float = 0, b: float = 1, *, generator: Any = None, **ends: Any
) -> Tensor:
    """Refill with numbers drawn evenly from [a, b) (PyTorch's names: ``from``, ``to``)."""
    a, b = ends.pop("from", a), ends.pop("to", b)
    _no_more("uniform_", ends)
    if a > b:
        raise RuntimeError(
            f"uniform_ expects to return a [from, to) range, but found from={a} > to={b}"
        )
    drawn = _drawn(self, "uniform_", "random", generator)
    return _refilled(
        self, "uniform_", drawn * self._array.dtype.type(b - a) + self._array.dtype.type(a)
    )


@method()
def normal_(self: Tensor, mean: float = 0, std: float = 1, *, generator: Any = None) -> Tensor:
    """Refill with numbers drawn from a normal distribution."""
    if std < 0:
        raise RuntimeError(f"normal expects std >= 0.0, but found std {std}")
    drawn = _drawn(self, "normal_", "standard_normal", generator)
    kind = self._array.dtype.type
    return _refilled(self, "normal_", drawn * kind(std) + kind(mean))


@method()
def log_normal_(self: Tensor, mean: float = 1, std: float = 2, *, generator: Any = None) -> Tensor:
    """Refill with e to the power of normally distributed numbers."""
    if std <= 0:
        raise RuntimeError(f"log_normal_ expects std > 0.0, but found std={std}")
    drawn = _drawn(self, "log_normal_", "standard_normal", generator)
    return _refilled(self, "log_normal_", np.exp(drawn * std + mean))


@method()
def exponential_(self: Tensor, lambd: float = 1, *, generator: Any = None) -> Tensor:
    """Refill with numbers of density ``lambd * exp(-lambd * x)``."""
    if lambd <= 0:
        raise RuntimeError(f"exponential_ expects lambda > 0.0, but found lambda={lambd}")
    drawn = _drawn(self, "exponential_", "standard_exponential", generator)
    return _refilled(self, "exponential_", drawn / self._array.dtype.type(lambd))


@method()
def cauchy_(self: Tensor, median: float = 0, sigma: float = 1, *, generator: Any = None) -> Tensor:
    """Refill with numbers drawn from a Cauchy distribution."""
    if sigma <= 0:
        raise RuntimeError(f"cauchy_ expects sigma > 0.0, but found sigma={sigma}")
    drawn = _drawn(self, "cauchy_", "random", generator)
    return _refilled(self, "cauchy_", median + sigma * np.tan(np.pi * (drawn - 0.5)))


@method()
def geometric_(self: Tensor, p: float, *, generator: Any = None) -> Tensor:
    """Refill with the numbers of trials up to the first success of probability `p`."""
    if not 0 < p < 1:
        raise RuntimeError(f"geometric_ expects p to be in (0, 1), but got p={p}")
    stream, owner = random.stream_for(generator, self._array)
    drawn = stream.draw(owner, "random", self._array.shape, np.float64)
    return _refilled(self, "geometric_", np.ceil(np.log1p(-drawn) / np.log1p(-p)).clip(1))


@method()
def bernoulli_(self: Tensor, p: Any = 0.5, *, generator: Any = None) -> Tensor:
    """Refill with ones, of probability `p`, and zeros."""
    stream, owner = random.stream_for(generator, self._array)
    chance = p._array if isinstance(p, Tensor) else p
    _check_chance(chance)
    drawn = stream.draw(owner, "random", self._array.shape, np.float64)
    return _refilled(self, "bernoulli_", drawn < chance)


@method()
def random_(self: Tensor, *bounds: Any, generator: Any = None, **ends: Any) -> Tensor:
    """Refill with integers: ``random_()``, ``random_(to)``, ``random_(from, to)``."""
    given = [*bounds, *(ends.pop(k) for k in ("from", "to") if k in ends)]
    _no_more("random_", ends)
    kind = self.dtype
    most = {"float16": 2**11, "bfloat16": 2**8, "float32": 2**24, "float64": 2**53, "bool": 1}
    top = most[kind.name] if kind.name in most else dtypes.iinfo(kind).max
    low, high = (0, top + 1) if not given else (0, given[0]) if len(given) == 1 else given
    if low >= high:
        raise RuntimeError(
            f"random_ expects 'from' to be less than 'to', but got from={low} >= to={high}"
        )
    stream, owner = random.stream_for(generator, self._array)
    high = min(high, 2**63 - 1)
    return _refilled(self, "random_", stream.integers(owner, low, high, self._array.shape))


# ------------------------------------------------------------------ bernoulli and multinomial


def _check_chance(p: Any) -> None:
    if isinstance(p, np.ndarray) and p.size and not (p.min() >= 0 and p.max() <= 1):
        raise RuntimeError("Expected p_in >= 0 && p_in <= 1 to be true, but got false.")
    if isinstance(p, float | int) and not 0 <= p <= 1:
        raise RuntimeError(f"bernoulli_ expects p to be in [0, 1], but got p={p}")


@op("BernoulliBackward0", name="bernoulli")
def bernoulli_op(xp: Any, input: Any, *, drawn: Any) -> Any:
    """Ones where the number drawn is below the probability."""
    return (drawn < input).astype(input.dtype)


@bernoulli_op.vjp
def _(F: Any, g: Any, input_shape: Any) -> Any:
    return F.zeros_of(g, shape=input_shape)


@method()
def bernoulli(input: Tensor, p: float | None = None, *, generator: Any = None) -> Tensor:
    """Ones, each of the probability that the input holds (or of `p`), and zeros."""
    if p is not None:
        return input.detach().clone().bernoulli_(p, generator=generator)
    _check_float(input.dtype, "bernoulli_tensor_cpu_self_")
    _check_chance(input._array)
    stream, owner = random.stream_for(generator, input._array)
    drawn = stream.draw(owner, "random", input._array.shape, np.float64)
    return bernoulli_op.call(input, drawn=drawn)


@method()
def multinomial(
    input: Tensor, num_samples: int, replacement: bool = False, *, generator: Any = None
) -> Tensor:
    """Indices drawn with the (unnormalised) probabilities in each row.

    Without replacement by exponential races: the `num_samples` smallest of
    ``exponential / probability`` (Efraimidis and Spirakis, 2006).

    Raises
    ------
    RuntimeError
        If a probability is negative, infinite or NaN, a row sums to zero, or more are
        wanted than there are.
    """
    _check_float(input.dtype, "multinomial")
    if input.ndim not in (1, 2):
        raise ShapeError(f"prob_dist must be 1 or 2 dim, got {input.ndim}")
    stream, owner = random.stream_for(generator, input._array)
    xp, p = owner.xp, input._array.astype(np.float64)
    if num_samples <= 0:
        raise RuntimeError(f"cannot sample n_sample <= 0 samples, got {num_samples}")
    if p.shape[-1] > 2**24:
        raise RuntimeError(f"number of categories cannot exceed 2^24, got {p.shape[-1]}")
    if not replacement and num_samples > p.shape[-1]:
        raise RuntimeError(
            "cannot sample n_sample > prob_dist.size(-1) samples without replacement"
        )
    if not truth((xp.isfinite(p) & (p >= 0)).all()):
        raise RuntimeError("probability tensor contains either `inf`, `nan` or element < 0")
    if truth((p.sum(axis=-1) <= 0).any()):
        raise RuntimeError("invalid multinomial distribution (sum of probabilities <= 0)")
    if replacement:
        steps = xp.cumsum(p, axis=-1)
        shape = (*p.shape[:-1], num_samples, 1)
        drawn = stream.draw(owner, "random", shape, np.float64) * steps[..., None, -1:]
        chosen = (drawn >= steps[..., None, :]).sum(axis=-1)
        chosen = xp.minimum(chosen, p.shape[-1] - 1)
    else:
        race = stream.draw(owner, "standard_exponential", p.shape, np.float64)
        times = xp.where(p > 0, race / xp.where(p > 0, p, 1), xp.inf)
        chosen = xp.argsort(times, axis=-1)[..., :num_samples]
    return Tensor._from_array(xp.ascontiguousarray(chosen).astype(np.int64))


# ------------------------------------------------------------------ counts


@op("PoissonBackward0", name="poisson")
def poisson_op(xp: Any, input: Any, *, drawn: Any) -> Any:
    """The counts drawn, which have no gradient."""
    return drawn


@poisson_op.vjp
def _(F: Any, g: Any, input_shape: Any) -> Any:
    return F.zeros_of(g, shape=input_shape)


def poisson(input: Tensor, generator: Any = None) -> Tensor:
    """Counts drawn from Poisson distributions of the rates given.

    Raises
    ------
    RuntimeError
        If a rate is negative.
    """
    _check_float(input.dtype, "poisson")
    array = input._array.astype(np.float64)
    if array.size and not truth((array >= 0).all()):
        raise RuntimeError("invalid Poisson rate, expected rate to be non-negative")
    stream, owner = random.stream_for(generator, array)
    drawn = stream.counts(owner, "poisson", array).astype(input._array.dtype)
    return poisson_op.call(input, drawn=drawn)


def binomial(count: Tensor, prob: Tensor, generator: Any = None) -> Tensor:
    """How many of `count` trials succeed, each with probability `prob`; no gradient.

    Raises
    ------
    RuntimeError
        If a count is negative, or a probability not within [0, 1].
    """
    _check_float(count.dtype, "binomial")
    n, p = count._array.astype(np.int64), prob._array.astype(np.float64)
    if n.size and not truth((n >= 0).all()):
        raise RuntimeError("binomial expects counts that are not negative")
    if p.size and not truth(((p >= 0) & (p <= 1)).all()):
        raise RuntimeError("binomial expects probabilities within [0, 1]")
    stream, owner = random.stream_for(generator, n)
    drawn: Tensor = Tensor._from_array(stream.counts(owner, "binomial", n, p))
    return drawn.to(count.dtype)


Generator = random.Generator
default_generator = random.default_generator
manual_seed, seed, initial_seed = random.manual_seed, random.seed, random.initial_seed
get_rng_state, set_rng_state = random.get_rng_state, random.set_rng_state

__all__ = [
    "binomial", "poisson",
    "rand", "rand_like", "randn", "randn_like", "randint", "randint_like", "randperm", "normal",
    "bernoulli", "multinomial",
]  # fmt: skip
