"""Which operators ran, in words: what `checkpoint` shows with ``debug=True``."""

from __future__ import annotations

import threading
from collections.abc import Sequence
from itertools import zip_longest
from typing import Any

from .._tensor import Tensor
from ..events import Listener, add_listener, remove_listener
from ..source import resolve


class OperatorLog(Listener):
    """A context manager that lists the operators of this thread, one line each, anew each time."""

    def __init__(self) -> None:
        self.lines: list[str] = []

    def __enter__(self) -> OperatorLog:
        self.lines = []
        self._thread = threading.get_ident()
        add_listener(self)
        return self

    def __exit__(self, *exc: object) -> None:
        remove_listener(self)

    def on_op(
        self, op: str, node: Any, inputs: Any, outputs: Any, scope: Any, code: Any, lasti: int,
        seconds: float,
    ) -> None:  # fmt: skip
        """Note the operator with its line."""
        if threading.get_ident() != self._thread:
            return
        given, made = ", ".join(map(_brief, inputs)), ", ".join(map(_brief, outputs))
        self.lines.append(f"{op}({given}) -> {made}   {resolve(code, lasti) or ''}".rstrip())


def _brief(x: Any) -> str:
    return f"{x.dtype.name}{list(x.shape)}" if isinstance(x, Tensor) else repr(x)


def compare(first: Sequence[str], again: Sequence[str]) -> str:
    """The report on a function that did something else when it ran again."""
    pairs = zip_longest(first, again, fillvalue="(nothing)")
    unlike = next((i for i, (a, b) in enumerate(pairs, 1) if a != b), None)
    where = (
        f"The lists differ first at operator {unlike}."
        if unlike is not None
        else "The lists are alike: what differs is which tensors were to be saved."
    )
    return (
        "An error happened while unpacking tensors; dumping logs of latest computation because "
        "you passed `debug=True` to `torch.utils.checkpoint.checkpoint()`.\n\n"
        f"Operations executed during the original forward:\n\n{_numbered(first)}\n\n"
        f"Operations executed during recomputation:\n\n{_numbered(again)}\n\n"
        "ERROR: Detected non-determinism while running activation checkpointing\n\n"
        f"{where} Recomputation stops as soon as it has all that backward needs, so its list may "
        "be the shorter one. Look there for what depends on something that changed between "
        "forward and backward: a global variable, a counter, randomness without "
        "preserve_rng_state."
    )


def _numbered(lines: Sequence[str]) -> str:
    return "\n".join(f"{i:4}  {line}" for i, line in enumerate(lines, 1)) or "   (none)"
