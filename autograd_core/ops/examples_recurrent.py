"""Example calls of the steps of recurrent networks."""

from __future__ import annotations

from typing import Any

from ..examples import Draw, call, examples


def _weights(draw: Draw, gates: int, inputs: int, hidden: int) -> tuple[Any, ...]:
    n = gates * hidden
    sizes: tuple[tuple[int, ...], ...] = ((n, inputs), (n, hidden), (n,), (n,))
    return tuple(draw.real(*size, low=-0.8, high=0.8) for size in sizes)


@examples("lstm_cell")
def _(draw: Draw) -> Any:
    weights = _weights(draw, 4, 3, 2)
    state = draw.real(2, 2, low=-1, high=1), draw.real(2, 2)
    yield call(draw.real(2, 3), state, *weights)
    yield call(draw.real(2, 3), state, *weights[:2])
    yield call(draw.real(0, 3), (draw.real(0, 2), draw.real(0, 2)), *weights)


def _single(name: str, gates: int) -> None:
    @examples(name)
    def _(draw: Draw) -> Any:
        weights = _weights(draw, gates, 3, 2)
        state = draw.real(2, 2, low=-1, high=1)
        yield call(draw.real(2, 3), state, *weights)
        yield call(draw.real(2, 3), state, *weights[:2])


_single("gru_cell", 3)
_single("rnn_tanh_cell", 1)
_single("rnn_relu_cell", 1)
