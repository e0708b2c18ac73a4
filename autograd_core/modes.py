"""Switches of the calling thread: gradient recording, inference, anomaly mode."""

from __future__ import annotations

import functools
import inspect
from collections.abc import Callable
from typing import Any, TypeVar, cast

from . import state

Fn = TypeVar("Fn", bound=Callable[..., Any])


class Mode:
    """A mode set for a ``with`` block, or for each call of a decorated function."""

    def __enter__(self) -> Any:
        self._previous = self._enter()
        return None

    def _enter(self) -> Any:
        raise NotImplementedError

    def __exit__(self, *exc: object) -> None:
        raise NotImplementedError

    def clone(self) -> Mode:
        """A fresh one with the same settings (decorated functions may nest)."""
        return type(self)()

    def __call__(self, fn: Fn) -> Fn:
        """Decorate a function or a generator function."""
        if inspect.isgeneratorfunction(fn):
            return cast(Fn, self._decorate_generator(fn))

        @functools.wraps(fn)
        def within(*args: Any, **kwargs: Any) -> Any:
            with self.clone():
                return fn(*args, **kwargs)

        return cast(Fn, within)

    def _decorate_generator(self, fn: Callable[..., Any]) -> Callable[..., Any]:
        """The mode holds while the generator runs, not between its steps."""

        @functools.wraps(fn)
        def within(*args: Any, **kwargs: Any) -> Any:
            generator = fn(*args, **kwargs)
            resume, sent = generator.send, None
            while True:
                try:
                    with self.clone():
                        value = resume(sent)
                except StopIteration as stop:
                    return stop.value
                try:
                    resume, sent = generator.send, (yield value)
                except GeneratorExit:
                    with self.clone():
                        generator.close()
                    raise
                except BaseException as error:
                    resume, sent = generator.throw, error

        return within


class _GradMode(Mode):
    mode = True

    def __new__(cls, fn: Any = None) -> Any:
        made = super().__new__(cls)
        if fn is not None:  # used as a bare decorator: @no_grad
            return made(fn)
        return made

    def _enter(self) -> Any:
        return state.set_mode("grad", self.mode)

    def __exit__(self, *exc: object) -> None:
        state.set_mode("grad", self._previous)


class no_grad(_GradMode):
    """Record nothing: results do not require grad. Context manager or decorator."""

    mode = False


class enable_grad(_GradMode):
    """Record again, inside `no_grad`. Context manager or decorator."""

    mode = True


class set_grad_enabled(Mode):
    """Record or not, from this call on; as a context manager, until the block ends.

    Parameters
    ----------
    mode : bool
        Whether to record.
    """

    def __init__(self, mode: bool):
        self.mode = bool(mode)
        self._previous = state.set_mode("grad", self.mode)

    def __enter__(self) -> None:
        state.set_mode("grad", self.mode)

    def __exit__(self, *exc: object) -> None:
        state.set_mode("grad", self._previous)

    def clone(self) -> set_grad_enabled:
        """A fresh one with the same settings."""
        return set_grad_enabled(self.mode)

    def __call__(self, fn: Fn) -> Fn:
        """Decorate a function or a generator function."""
        state.set_mode("grad", self._previous)
        return super().__call__(fn)


class inference_mode(Mode):
    """Like `no_grad`, and results can never enter a graph. Context manager or decorator.

    Parameters
    ----------
    mode : bool, default True
        Whether to switch it on.
    """

    def __new__(cls, mode: Any = True) -> Any:
        """A mode; a function in its place is decorated (``@inference_mode``)."""
        made = super().__new__(cls)
        if callable(mode):
            made.mode = True
            return made(mode)
        return made

    def __init__(self, mode: bool = True):
        self.mode = bool(mode)

    def _enter(self) -> Any:
        grad = state.set_mode("grad", False) if self.mode else state.modes.grad
        return state.set_mode("inference", self.mode), grad

    def __exit__(self, *exc: object) -> None:
        inference, grad = self._previous
        state.set_mode("inference", inference)
        state.set_mode("grad", grad)

    def clone(self) -> inference_mode:
        """A fresh one with the same settings."""
        made: inference_mode = inference_mode(self.mode)
        return made


class detect_anomaly(Mode):
    """Stop backward at the first node that makes NaN or Inf, with values and the line.

    Parameters
    ----------
    check_nan : bool, default True
        Whether to look at values at all.

    Raises
    ------
    AnomalyError
        From ``backward()``, naming the node, the indices, what it was given and had
        saved, and the forward line.
    """

    def __init__(self, check_nan: bool = True):
        self.check_nan = check_nan

    def _enter(self) -> Any:
        return (
            state.set_mode("anomaly", True),
            state.set_mode("anomaly_nan", self.check_nan),
        )

    def __exit__(self, *exc: object) -> None:
        state.set_mode("anomaly", self._previous[0])
        state.set_mode("anomaly_nan", self._previous[1])

    def clone(self) -> detect_anomaly:
        """A fresh one with the same settings."""
        return detect_anomaly(self.check_nan)


class set_detect_anomaly(detect_anomaly):
    """Anomaly mode on or off from this call on; also a context manager."""

    def __init__(self, mode: bool, check_nan: bool = True):
        super().__init__(check_nan)
        self.mode = mode
        self._previous = (
            state.set_mode("anomaly", mode),
            state.set_mode("anomaly_nan", check_nan),
        )

    def __enter__(self) -> None:
        return None

    def clone(self) -> set_detect_anomaly:
        """A fresh one with the same settings."""
        return set_detect_anomaly(self.mode, self.check_nan)


def is_grad_enabled() -> bool:
    """Whether operations are being recorded in this thread."""
    return state.modes.grad


def is_inference_mode_enabled() -> bool:
    """Whether inference mode is on in this thread."""
    return state.modes.inference


def is_anomaly_enabled() -> bool:
    """Whether anomaly mode is on in this thread."""
    return state.modes.anomaly


def is_anomaly_check_nan_enabled() -> bool:
    """Whether anomaly mode looks at values."""
    return state.modes.anomaly_nan
