"""Single steps of recurrent networks: RNNCell, LSTMCell and GRUCell."""

from __future__ import annotations

import math
from typing import Any

from ..._tensor import Tensor
from ...ops import recurrent
from ...ops.create import empty, zeros
from .. import init
from ..parameter import Parameter
from .module import Module

__all__ = ["GRUCell", "LSTMCell", "RNNCell", "RNNCellBase"]


class RNNCellBase(Module):
    """What the cells share.

    Parameters
    ----------
    input_size, hidden_size : int
        Size of the input and of the hidden state.
    bias : bool
        Whether there are biases.
    num_chunks : int
        How many gates there are.

    Attributes
    ----------
    weight_ih, weight_hh, bias_ih, bias_hh : Parameter
        Uniform within ``1 / sqrt(hidden_size)`` of 0 at first.
    """

    def __init__(
        self,
        input_size: int,
        hidden_size: int,
        bias: bool,
        num_chunks: int,
        device: Any = None,
        dtype: Any = None,
    ):
        super().__init__()
        self.input_size = input_size
        self.hidden_size = hidden_size
        self.bias = bias
        gates = num_chunks * hidden_size
        for name, size in (("ih", input_size), ("hh", hidden_size)):
            weight = Parameter(empty(gates, size, device=device, dtype=dtype))
            self.register_parameter(f"weight_{name}", weight)
        for name in ("bias_ih", "bias_hh"):
            made = Parameter(empty(gates, device=device, dtype=dtype)) if bias else None
            self.register_parameter(name, made)
        self.reset_parameters()

    def reset_parameters(self) -> None:
        """Draw all parameters anew."""
        bound = 1 / math.sqrt(self.hidden_size) if self.hidden_size > 0 else 0
        for weight in self.parameters():
            init.uniform_(weight, -bound, bound)

    def extra_repr(self) -> str:
        """The settings, for `repr`."""
        text = f"{self.input_size}, {self.hidden_size}"
        if self.bias is not True:
            text += f", bias={self.bias}"
        if getattr(self, "nonlinearity", "tanh") != "tanh":
            text += f", nonlinearity={self.nonlinearity}"
        return text

    def _step(self, input: Tensor, state: tuple[Tensor, ...] | None, function: Any) -> Any:
        """One step, the batch dimension added and taken away where the input has none."""
        name = self._get_name()
        if input.ndim not in (1, 2):
            raise ValueError(f"{name}: Expected input to be 1D or 2D, got {input.ndim}D instead")
        for i, x in enumerate(state or ()):
            if x.ndim not in (1, 2):
                what = f"hx[{i}]" if isinstance(self, LSTMCell) else "hidden"
                raise ValueError(f"{name}: Expected {what} to be 1D or 2D, got {x.ndim}D instead")
        batched = input.ndim == 2
        rows = input if batched else input.unsqueeze(0)
        if state is None:
            size = (rows.shape[0], self.hidden_size)
            state = (zeros(*size, dtype=input.dtype, device=input.device),) * 2
        elif not batched:
            state = tuple(x.unsqueeze(0) for x in state)
        hx = state if isinstance(self, LSTMCell) else state[0]
        weights = (self.weight_ih, self.weight_hh, self.bias_ih, self.bias_hh)
        result = function(rows, hx, *weights)
        if batched:
            return result
        if isinstance(result, tuple):
            return tuple(x.squeeze(0) for x in result)
        return result.squeeze(0)


class RNNCell(RNNCellBase):
    """One step of an `RNN`."""

    def __init__(
        self,
        input_size: int,
        hidden_size: int,
        bias: bool = True,
        nonlinearity: str = "tanh",
        device: Any = None,
        dtype: Any = None,
    ):
        super().__init__(input_size, hidden_size, bias, 1, device, dtype)
        self.nonlinearity = nonlinearity

    def forward(self, input: Tensor, hx: Tensor | None = None) -> Tensor:
        """(N, input_size) and (N, hidden_size) to the next (N, hidden_size)."""
        steps = {"tanh": recurrent.rnn_tanh_cell, "relu": recurrent.rnn_relu_cell}
        if self.nonlinearity not in steps:
            raise RuntimeError(f"Unknown nonlinearity: {self.nonlinearity}")
        return self._step(input, None if hx is None else (hx,), steps[self.nonlinearity])


class LSTMCell(RNNCellBase):
    """One step of an `LSTM`."""

    def __init__(
        self,
        input_size: int,
        hidden_size: int,
        bias: bool = True,
        device: Any = None,
        dtype: Any = None,
    ):
        super().__init__(input_size, hidden_size, bias, 4, device, dtype)

    def forward(
        self, input: Tensor, hx: tuple[Tensor, Tensor] | None = None
    ) -> tuple[Tensor, Tensor]:
        """(N, input_size) and the pair of states to the next pair."""
        return self._step(input, hx, recurrent.lstm_cell)


class GRUCell(RNNCellBase):
    """One step of a `GRU`."""

    def __init__(
        self,
        input_size: int,
        hidden_size: int,
        bias: bool = True,
        device: Any = None,
        dtype: Any = None,
    ):
        super().__init__(input_size, hidden_size, bias, 3, device, dtype)

    def forward(self, input: Tensor, hx: Tensor | None = None) -> Tensor:
        """(N, input_size) and (N, hidden_size) to the next (N, hidden_size)."""
        return self._step(input, None if hx is None else (hx,), recurrent.gru_cell)
