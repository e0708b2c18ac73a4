"""Recurrent networks over whole sequences: RNN, LSTM and GRU."""

from __future__ import annotations

import math
import numbers
import warnings
from typing import Any

from ... import state
from ..._tensor import Tensor
from ...ops import recurrent
from ...ops.create import empty, zeros
from .. import init
from ..parameter import Parameter
from ..utils.rnn import PackedSequence
from .module import Module

__all__ = ["GRU", "LSTM", "RNN", "RNNBase"]

_GATES = {"LSTM": 4, "GRU": 3, "RNN_TANH": 1, "RNN_RELU": 1}
_NETWORKS = {
    "LSTM": recurrent.lstm,
    "GRU": recurrent.gru,
    "RNN_TANH": recurrent.rnn_tanh,
    "RNN_RELU": recurrent.rnn_relu,
}


class RNNBase(Module):
    """What RNN, LSTM and GRU share.

    Parameters
    ----------
    mode : {"RNN_TANH", "RNN_RELU", "LSTM", "GRU"}
        Which network it is.
    input_size, hidden_size : int
        Size of a step's input and of the hidden state.
    num_layers : int, default 1
        How many layers lie one over the other.
    bias : bool, default True
        Whether there are biases.
    batch_first : bool, default False
        Input and output are (N, L, *) instead of (L, N, *); states are not affected.
    dropout : float, default 0
        Dropout after each layer but the last.
    bidirectional : bool, default False
        Whether a second network reads each sequence from its end.
    proj_size : int, default 0
        LSTM only: project the hidden state to this size.

    Attributes
    ----------
    weight_ih_l{k}, weight_hh_l{k}, bias_ih_l{k}, bias_hh_l{k}, weight_hr_l{k} : Parameter
        Of layer k, with ``_reverse`` of the second direction; uniform within
        ``1 / sqrt(hidden_size)`` of 0 at first.
    """

    def __init__(
        self,
        mode: str,
        input_size: int,
        hidden_size: int,
        num_layers: int = 1,
        bias: bool = True,
        batch_first: bool = False,
        dropout: float = 0.0,
        bidirectional: bool = False,
        proj_size: int = 0,
        device: Any = None,
        dtype: Any = None,
    ):
        super().__init__()
        self.mode = mode
        self.input_size = input_size
        self.hidden_size = hidden_size
        self.num_layers = num_layers
        self.bias = bias
        self.batch_first = batch_first
        self.dropout = float(dropout)
        self.bidirectional = bidirectional
        self.proj_size = proj_size
        self._check_settings(dropout)
        self._all_weights: list[list[str]] = []
        for layer in range(num_layers):
            for suffix in ("", "_reverse") if bidirectional else ("",):
                shapes = self._shapes(layer)
                names = [f"{name}_l{layer}{suffix}" for name in shapes]
                for name, shape in zip(names, shapes.values(), strict=True):
                    setattr(self, name, Parameter(empty(shape, device=device, dtype=dtype)))
                self._all_weights.append(names)
        self.reset_parameters()

    def _check_settings(self, dropout: Any) -> None:
        number = isinstance(dropout, numbers.Number) and not isinstance(dropout, bool)
        if not number or not 0 <= self.dropout <= 1:
            raise ValueError(
                "dropout should be a number in range [0, 1] representing the probability of an "
                "element being zeroed"
            )
        if dropout > 0 and self.num_layers == 1:
            warnings.warn(
                "dropout option adds dropout after all but last recurrent layer, so non-zero "
                "dropout expects num_layers greater than 1, but got "
                f"dropout={dropout} and num_layers={self.num_layers}",
                stacklevel=4,
            )
        wanted = {"bias": bool, "batch_first": bool, "input_size": int, "hidden_size": int}
        for name, kind in wanted.items():
            value = getattr(self, name)
            if not isinstance(value, kind):
                raise TypeError(
                    f"{name} should be of type {kind.__name__}, got: {type(value).__name__}"
                )
        for name in ("input_size", "hidden_size", "num_layers"):
            if getattr(self, name) <= 0:
                raise ValueError(f"{name} must be greater than zero")
        if self.proj_size < 0:
            raise ValueError(
                "proj_size should be a positive integer or zero to disable projections"
            )
        if self.proj_size >= self.hidden_size:
            raise ValueError("proj_size has to be smaller than hidden_size")
        if self.mode not in _GATES:
            raise ValueError(f"Unrecognized RNN mode: {self.mode}")

    @property
    def _directions(self) -> int:
        return 2 if self.bidirectional else 1

    @property
    def _output_size(self) -> int:
        return self.proj_size or self.hidden_size

    def _shapes(self, layer: int) -> dict[str, tuple[int, ...]]:
        gates = _GATES[self.mode] * self.hidden_size
        size = self._output_size * self._directions if layer else self.input_size
        shapes: dict[str, tuple[int, ...]] = {
            "weight_ih": (gates, size),
            "weight_hh": (gates, self._output_size),
        }
        if self.bias:
            shapes |= {"bias_ih": (gates,), "bias_hh": (gates,)}
        if self.proj_size:
            shapes["weight_hr"] = (self.proj_size, self.hidden_size)
        return shapes

    def reset_parameters(self) -> None:
        """Draw all parameters anew."""
        bound = 1 / math.sqrt(self.hidden_size)
        for weight in self.parameters():
            init.uniform_(weight, -bound, bound)

    def flatten_parameters(self) -> None:
        """Nothing: for PyTorch's sake (it lays the weights out for cuDNN)."""

    @property
    def all_weights(self) -> list[list[Parameter]]:
        """The parameters of each layer and direction."""
        return [[getattr(self, name) for name in names] for names in self._all_weights]

    @property
    def _flat_weights_names(self) -> list[str]:
        return [name for names in self._all_weights for name in names]

    @property
    def _flat_weights(self) -> list[Parameter]:
        return [getattr(self, name) for name in self._flat_weights_names]

    # ------------------------------------------------------------------ checks

    def check_input(self, input: Tensor, batch_sizes: Tensor | None) -> None:
        """Refuse an input of another dtype, number of dimensions or size."""
        dtype = self._flat_weights[0].dtype
        if input.dtype is not dtype and state.modes.autocast is None:
            raise ValueError(
                f"RNN input dtype ({input.dtype}) does not match weight dtype ({dtype}). "
                f"Convert input: input.to({dtype}), or convert model: model.to({input.dtype})"
            )
        expected = 3 if batch_sizes is None else 2
        if input.ndim != expected:
            raise RuntimeError(f"input must have {expected} dimensions, got {input.ndim}")
        if input.shape[-1] != self.input_size:
            raise RuntimeError(
                "input.size(-1) must be equal to input_size. "
                f"Expected {self.input_size}, got {input.shape[-1]}"
            )

    def get_expected_hidden_size(
        self, input: Tensor, batch_sizes: Tensor | None
    ) -> tuple[int, int, int]:
        """The shape of the hidden state for an input."""
        return (self.num_layers * self._directions, self._batch(input, batch_sizes),
                self._output_size)  # fmt: skip

    def _batch(self, input: Tensor, batch_sizes: Tensor | None) -> int:
        if batch_sizes is not None:
            return int(batch_sizes[0])
        return input.shape[0 if self.batch_first else 1]

    def check_hidden_size(
        self,
        hx: Tensor,
        expected_hidden_size: tuple[int, int, int],
        msg: str = "Expected hidden size {}, got {}",
    ) -> None:
        """Refuse a state of another shape."""
        if tuple(hx.shape) != expected_hidden_size:
            raise RuntimeError(msg.format(expected_hidden_size, list(hx.shape)))

    def check_forward_args(self, input: Tensor, hidden: Any, batch_sizes: Tensor | None) -> None:
        """Refuse an input and a state that do not fit."""
        self.check_input(input, batch_sizes)
        self.check_hidden_size(hidden, self.get_expected_hidden_size(input, batch_sizes))

    def permute_hidden(self, hx: Any, permutation: Tensor | None) -> Any:
        """The state with its sequences in another order."""
        return hx if permutation is None else hx.index_select(1, permutation)

    # ------------------------------------------------------------------ running

    def forward(self, input: Any, hx: Any = None) -> tuple[Any, Any]:
        """(outputs, last state); both packed, batched or neither, as the input is.

        Parameters
        ----------
        input : Tensor or PackedSequence
            (L, N, input_size), (N, L, input_size) with `batch_first`, or (L, input_size).
        hx : Tensor or pair of Tensor, optional
            First state, (num_layers * directions, N, hidden_size); an LSTM's is a pair
            (h, c).  Default: zeros.
        """
        if isinstance(input, PackedSequence):
            return self._packed(input, hx)
        if input.ndim not in (2, 3):
            plain = " tensor" if self.mode.startswith("RNN") else ""
            raise ValueError(
                f"{self._name}: Expected input to be 2D or 3D, got {input.ndim}D{plain} instead"
            )
        if hx is not None:
            self._check_state_ndim(hx, input.ndim)
        if input.ndim == 3:
            return self._padded(input, hx)
        batch_dim = 0 if self.batch_first else 1
        batched = None if hx is None else _each(hx, lambda x: x.unsqueeze(1))
        output, state = self._padded(input.unsqueeze(batch_dim), batched)
        return output.squeeze(batch_dim), _each(state, lambda x: x.squeeze(1))

    @property
    def _name(self) -> str:
        return self.mode.partition("_")[0]

    def _check_state_ndim(self, hx: Any, ndim: int) -> None:
        if hx.ndim != ndim:
            kind = "batched" if ndim == 3 else "unbatched"
            raise RuntimeError(
                f"For {kind} {ndim}-D input, hx should also be {ndim}-D but got {hx.ndim}-D tensor"
            )

    def _first_state(self, input: Tensor, batch_sizes: Tensor | None) -> Any:
        size = self.get_expected_hidden_size(input, batch_sizes)
        return zeros(*size, dtype=input.dtype, device=input.device)

    def _padded(self, input: Tensor, hx: Any) -> tuple[Tensor, Any]:
        state = self._first_state(input, None) if hx is None else hx
        self.check_forward_args(input, state, None)
        return self._run(input, state, *self._plan(), self.batch_first)

    def _packed(self, packed: PackedSequence, hx: Any) -> tuple[PackedSequence, Any]:
        input, sizes, order, back = packed
        state = self._first_state(input, sizes) if hx is None else self.permute_hidden(hx, order)
        self.check_forward_args(input, state, sizes)
        output, state = self._run(input, sizes, state, *self._plan())
        return PackedSequence(output, sizes, order, back), self.permute_hidden(state, back)

    def _plan(self) -> tuple[Any, ...]:
        return (self._flat_weights, self.bias, self.num_layers, self.dropout, self.training,
                self.bidirectional)  # fmt: skip

    def _run(self, *args: Any) -> tuple[Tensor, Any]:
        output, *state = _NETWORKS[self.mode](*args)
        return output, state[0] if len(state) == 1 else tuple(state)

    def extra_repr(self) -> str:
        """The settings, for `repr`."""
        usual = {"proj_size": 0, "num_layers": 1, "bias": True, "batch_first": False,
                 "dropout": 0, "bidirectional": False}  # fmt: skip
        shown = [f"{k}={getattr(self, k)}" for k, v in usual.items() if getattr(self, k) != v]
        return ", ".join([f"{self.input_size}, {self.hidden_size}", *shown])


def _each(state: Any, fn: Any) -> Any:
    return fn(state) if isinstance(state, Tensor) else tuple(fn(x) for x in state)


def _no_projection(kwargs: dict[str, Any]) -> None:
    if "proj_size" in kwargs:
        raise ValueError("proj_size argument is only supported for LSTM, not RNN or GRU")


class RNN(RNNBase):
    """``h' = tanh(W_ih x + b_ih + W_hh h + b_hh)`` (Elman), in any number of layers.

    Parameters
    ----------
    input_size, hidden_size, num_layers : int
        See `RNNBase`.
    nonlinearity : {"tanh", "relu"}
        What is applied at each step.
    bias, batch_first, dropout, bidirectional, device, dtype
        See `RNNBase`.
    """

    def __init__(self, *args: Any, **kwargs: Any):
        _no_projection(kwargs)
        if len(args) > 3:
            nonlinearity, args = args[3], args[:3] + args[4:]
        else:
            nonlinearity = kwargs.pop("nonlinearity", "tanh")
        if nonlinearity not in ("tanh", "relu"):
            raise ValueError(
                f"Unknown nonlinearity '{nonlinearity}'. Select from 'tanh' or 'relu'."
            )
        super().__init__(f"RNN_{nonlinearity.upper()}", *args, **kwargs)
        self.nonlinearity = nonlinearity


class LSTM(RNNBase):
    """Long short-term memory; parameters as `RNNBase` without `mode`."""

    def __init__(self, *args: Any, **kwargs: Any):
        super().__init__("LSTM", *args, **kwargs)

    def get_expected_cell_size(
        self, input: Tensor, batch_sizes: Tensor | None
    ) -> tuple[int, int, int]:
        """The shape of the cell state for an input."""
        return (self.num_layers * self._directions, self._batch(input, batch_sizes),
                self.hidden_size)  # fmt: skip

    def check_forward_args(self, input: Tensor, hidden: Any, batch_sizes: Tensor | None) -> None:
        """Refuse an input and a pair of states that do not fit."""
        self.check_input(input, batch_sizes)
        sizes = (self.get_expected_hidden_size, self.get_expected_cell_size)
        for i, expected in enumerate(sizes):
            message = f"Expected hidden[{i}] size {{}}, got {{}}"
            self.check_hidden_size(hidden[i], expected(input, batch_sizes), message)

    def permute_hidden(self, hx: Any, permutation: Tensor | None) -> Any:
        """The states with their sequences in another order."""
        return hx if permutation is None else _each(hx, lambda x: x.index_select(1, permutation))

    def _check_state_ndim(self, hx: Any, ndim: int) -> None:
        if hx[0].ndim != ndim or hx[1].ndim != ndim:
            kind = "batched" if ndim == 3 else "unbatched"
            raise RuntimeError(
                f"For {kind} {ndim}-D input, hx and cx should also be {ndim}-D but got "
                f"({hx[0].ndim}-D, {hx[1].ndim}-D) tensors"
            )

    def _first_state(self, input: Tensor, batch_sizes: Tensor | None) -> Any:
        cell = self.get_expected_cell_size(input, batch_sizes)
        return (
            super()._first_state(input, batch_sizes),
            zeros(*cell, dtype=input.dtype, device=input.device),
        )


class GRU(RNNBase):
    """Gated recurrent unit; parameters as `RNNBase` without `mode` and `proj_size`."""

    def __init__(self, *args: Any, **kwargs: Any):
        _no_projection(kwargs)
        super().__init__("GRU", *args, **kwargs)
