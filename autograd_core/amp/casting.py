"""How autocast reaches ops: it casts inputs, and calls the op with autocast off.

Two doors, and neither costs anything until a program first uses autocast.  Primitive ops come by
`dispatch.general`, as in every unusual mode.  Functions made of several primitives must be
cast as a whole (a cross entropy whose log_softmax ran in bfloat16 would be inexact even if its
end is in float32), so `install` puts a wrapper around each public function in the lists.
"""

from __future__ import annotations

import functools
import sys
from collections.abc import Callable, Iterator, Mapping
from typing import Any

from .. import dtypes, state
from .._tensor import Tensor
from .lists import LISTS, OF_PRIMITIVE

_PACKAGE = __name__.partition(".")[0]
_NAMES = frozenset(name for table in LISTS.values() for name in table)
_OPERATORS = {"__matmul__": "matmul", "__rmatmul__": "matmul", "__pow__": "pow", "__rpow__": "pow"}


class Autocast:
    """What is on in one thread.

    Parameters
    ----------
    lower : dict
        The autocast dtype of each kind of device where it is on.
    cache : dict or None
        Casts of parameters, kept until the outermost block ends; None: keep none.
    """

    __slots__ = ("cache", "lower")

    def __init__(self, lower: dict[str, dtypes.dtype], cache: dict[int, Any] | None):
        self.lower = lower
        self.cache = cache

    def cast_inputs(self, primitive: str, inputs: tuple[Any, ...]) -> tuple[Any, ...]:
        """The inputs of a primitive op, cast as the lists say."""
        where, policy = self._policy(OF_PRIMITIVE.get(primitive, primitive), inputs)
        if policy is None or policy == "first":
            return inputs
        with off():
            return tuple(self._cast_all(inputs, where, policy))

    def call(self, name: str, fn: Callable[..., Any], args: Any, kwargs: Any) -> Any:
        """Call the public function `name` on arguments cast as the lists say."""
        where, policy = self._policy(name, (*args, *kwargs.values()))
        if policy is None:
            return fn(*args, **kwargs)
        with off():
            if policy == "sum" and kwargs.get("dtype") is not None:
                return fn(*args, **kwargs)
            given = (*args, *kwargs.values())
            values = self._cast_all(given, where, policy)
            named = dict(zip(kwargs, values[len(args) :], strict=True))
            result = fn(*values[: len(args)], **named)
            return result.to(next(_tensors(given)).dtype) if policy == "first" else result

    def _policy(self, name: str, values: Any) -> tuple[str, str | None]:
        for tensor in _tensors(values):
            where = tensor.device.type
            if where in self.lower:
                return where, LISTS[where].get(name) and _checked(name, LISTS[where][name])
        return "cpu", None

    def _cast_all(self, values: Any, where: str, policy: str) -> list[Any]:
        target = self.lower[where]
        if policy == "plain":
            return list(values)
        if policy in ("float32", "sum", "first"):
            target = dtypes.float32
        elif policy == "promote":
            kinds = [t.dtype for t in _tensors(values) if _eligible(t, where)]
            target = functools.reduce(dtypes.promote_types, kinds) if kinds else target
        return [self._cast(v, where, target) for v in values]

    def _cast(self, value: Any, where: str, target: dtypes.dtype) -> Any:
        if isinstance(value, Tensor):
            if not _eligible(value, where) or value.dtype is target:
                return value
            return self._cached(value, target) if self._keeps(value, target) else value.to(target)
        if type(value) in (list, tuple) and any(isinstance(v, Tensor) for v in value):
            return type(value)(self._cast(v, where, target) for v in value)
        return value

    def _keeps(self, value: Tensor, target: dtypes.dtype) -> bool:
        return (
            self.cache is not None
            and value.requires_grad
            and value.is_leaf
            and value.dtype is dtypes.float32
            and target is not dtypes.float32
            and state.modes.grad
        )

    def _cached(self, value: Tensor, target: dtypes.dtype) -> Tensor:
        """The cast of a parameter, once for all ops; anew after it was written to."""
        assert self.cache is not None
        kept = self.cache.get(id(value))
        if kept is None or kept[1:3] != (value._version, target):
            cast: Tensor = value.to(target)
            kept = self.cache[id(value)] = (value, value._version, target, cast)
        found: Tensor = kept[3]
        return found


class off:
    """Autocast off in a ``with`` block: ops within an op that was cast run as they are."""

    __slots__ = ("_previous",)

    def __enter__(self) -> None:
        self._previous = state.set_mode("autocast", None)

    def __exit__(self, *exc: object) -> None:
        state.set_mode("autocast", self._previous)


def _tensors(values: Any) -> Iterator[Tensor]:
    for value in values:
        if isinstance(value, Tensor):
            yield value
        elif type(value) in (list, tuple):
            yield from (v for v in value if isinstance(v, Tensor))


def _eligible(tensor: Tensor, where: str) -> bool:
    return (
        tensor.is_floating_point()
        and tensor.dtype is not dtypes.float64
        and tensor.device.type == where
    )


def _checked(name: str, policy: str) -> str:
    if policy == "refused":
        raise RuntimeError(
            f"torch.nn.functional.{name} and torch.nn.BCELoss are unsafe to autocast.\nMany models "
            "use a sigmoid layer right before the binary cross entropy layer. In this case, "
            "combine the two layers using torch.nn.functional.binary_cross_entropy_with_logits or "
            "torch.nn.BCEWithLogitsLoss, which are safe to autocast."
        )
    return policy


# ------------------------------------------------------------------ the public functions

_installed = False


def install() -> None:
    """Put a wrapper around the public functions in the lists, wherever they are bound."""
    global _installed
    if _installed:
        return
    _installed = True
    for space in ("nn.functional", "linalg", "fft", "special"):
        __import__(f"{_PACKAGE}.{space}")
    wrapped: dict[int, tuple[Any, Any]] = {}
    for name, fn in _public():
        if id(fn) not in wrapped:
            wrapped[id(fn)] = fn, _wrap(name, fn)
    for names, bind in _spaces():
        for bound, value in list(names.items()):
            found = wrapped.get(id(value))
            if found is not None and found[0] is value:
                bind(bound, found[1])


def _public() -> Iterator[tuple[str, Any]]:
    """The functions and methods in the lists, with their names there."""
    for space in ("", ".nn.functional", ".linalg", ".fft", ".special"):
        module = sys.modules[_PACKAGE + space]
        for name in _NAMES:
            fn = getattr(module, name, None) if not space else vars(module).get(name)
            if callable(fn) and not isinstance(fn, type):
                yield name, fn
    for bound, fn in list(vars(Tensor).items()):
        name = _OPERATORS.get(bound, bound)
        if name in _NAMES and callable(fn):
            yield name, fn


def _spaces() -> Iterator[tuple[Mapping[Any, Any], Callable[[Any, Any], Any]]]:
    """The names of Tensor, of every module of the package, and tables in the modules."""
    yield vars(Tensor), lambda name, value: setattr(Tensor, name, value)
    for package, module in list(sys.modules.items()):
        if package == _PACKAGE or package.startswith(_PACKAGE + "."):
            for table in (vars(module), *vars(module).values()):
                if type(table) is dict:
                    yield table, table.__setitem__


def _wrap(name: str, fn: Callable[..., Any]) -> Callable[..., Any]:
    @functools.wraps(fn)
    def autocast_call(*args: Any, **kwargs: Any) -> Any:
        autocast = state.modes.autocast
        if autocast is None:
            return fn(*args, **kwargs)
        return autocast.call(name, fn, args, kwargs)

    return autocast_call
