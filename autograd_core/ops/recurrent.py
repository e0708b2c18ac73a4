"""Recurrent networks: one step, and steps over time.

A step's matrix product stays a node of its own; what follows it is one node a step, so a
graph shows time, and a debugger can stop at any step::

    input @ w_ih.T + b ── unbind ── x[0]      x[1]      x[2]          one product for all steps
                                     │         │         │
                              h ── addmm ──► addmm ──► addmm ── ...
                                   cell ──h─┘ cell ──h─┘ cell         one node a step

The activated gates are an output of that node with a gradient of their own, which is what
makes the second derivative come out of the same formula.

Sources: Elman 1990; Hochreiter and Schmidhuber 1997 with the forget gate of Gers and others
2000; Cho and others 2014, with the reset gate after the product as in PyTorch.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, NamedTuple

from .._tensor import Tensor
from ..declare import op
from ..errors import ShapeError
from .join import cat, stack
from .linalg import addmm, linear
from .parts import split, unbind
from .softmax import dropout

__all__ = [
    "gru", "gru_cell", "lstm", "lstm_cell", "rnn_relu", "rnn_relu_cell", "rnn_tanh",
    "rnn_tanh_cell",
]  # fmt: skip

# ------------------------------------------------------------------ what a step does to its gates


@op(
    "ThnnFusedLstmCellBackward0",
    name="lstm_gates",
    types="floating",
    outputs=("hy", "cy", "workspace"),
)
def lstm_gates(xp, gates, cell):
    """``c' = f c + i g`` and ``h' = o tanh(c')`` for gates i, f, g, o before their activation."""
    n = cell.shape[-1]
    workspace = xp.expit(gates)
    workspace[..., 2 * n : 3 * n] = xp.tanh(gates[..., 2 * n : 3 * n])
    i, f, g, o = (workspace[..., k * n : (k + 1) * n] for k in range(4))
    cy = f * cell + i * g
    return o * xp.tanh(cy), cy, workspace


@lstm_gates.vjp("gates", "cell")
def _(F, g, cell, cy, workspace):
    g_h, g_c, g_workspace = g
    i, f, c, o = _parts(F, workspace, 4)
    gi, gf, gc, go = _parts(F, g_workspace, 4)
    t = F.tanh(cy)
    g_c = g_c + g_h * o * (1 - t * t)
    before = (
        (g_c * c + gi) * (i * (1 - i)),
        (g_c * cell + gf) * (f * (1 - f)),
        (g_c * i + gc) * (1 - c * c),
        (g_h * t + go) * (o * (1 - o)),
    )
    return F.cat(*before, dim=len(cy.shape) - 1), g_c * f


@op(
    "ThnnFusedGruCellBackward0",
    name="gru_gates",
    types="floating",
    outputs=("hy", "workspace"),
)
def gru_gates(xp, input_gates, hidden_gates, hx):
    """``h' = n + z (h - n)`` with ``n = tanh(x_n + r h_n)``, for gates r, z, n of input and h."""
    n = hx.shape[-1]
    r_and_z = xp.expit(input_gates[..., : 2 * n] + hidden_gates[..., : 2 * n])
    r, z = r_and_z[..., :n], r_and_z[..., n:]
    product = hidden_gates[..., 2 * n :]
    new = xp.tanh(input_gates[..., 2 * n :] + r * product)
    return new + z * (hx - new), xp.concatenate([r_and_z, new, product], axis=-1)


@gru_gates.vjp("input_gates", "hidden_gates", "hx")
def _(F, g, hx, workspace):
    g_h, g_workspace = g
    r, z, new, product = _parts(F, workspace, 4)
    gr, gz, gn, gp = _parts(F, g_workspace, 4)
    new_before = (g_h * (1 - z) + gn) * (1 - new * new)
    r_before = (new_before * product + gr) * (r * (1 - r))
    z_before = (g_h * (hx - new) + gz) * (z * (1 - z))
    last = len(hx.shape) - 1
    of_input = F.cat(r_before, z_before, new_before, dim=last)
    of_hidden = F.cat(r_before, z_before, new_before * r + gp, dim=last)
    return of_input, of_hidden, g_h * z


def _parts(F: Any, x: Any, count: int) -> list[Any]:
    """Equal parts along the last dimension."""
    last = len(x.shape) - 1
    n = x.shape[last] // count
    return [F.slice(x, dim=last, start=k * n, stop=(k + 1) * n, step=1) for k in range(count)]


# ------------------------------------------------------------------ one step

State = tuple[Tensor, ...]
Step = Callable[[Tensor, State], State]


class Weights(NamedTuple):
    """The parameters of one layer in one direction."""

    ih: Tensor
    hh: Tensor
    bias_ih: Tensor | None = None
    bias_hh: Tensor | None = None
    hr: Tensor | None = None

    @property
    def bias(self) -> Tensor | None:
        """Both biases together."""
        if self.bias_ih is None or self.bias_hh is None:
            return self.bias_hh if self.bias_ih is None else self.bias_ih
        return self.bias_ih + self.bias_hh


class Cell(NamedTuple):
    """A kind of recurrent network.

    Attributes
    ----------
    name : str
        What errors call it.
    states : int
        How many tensors a step hands to the next: h, or h and c.
    project : callable
        ``project(input, weights)`` gives what all steps need of the input, at once.
    step : callable
        ``step(weights)`` gives a function from a step's projected input and state to a state.
    """

    name: str
    states: int
    project: Callable[[Tensor, Weights], Tensor]
    step: Callable[[Weights], Step]


def _with_both_biases(input: Tensor, w: Weights) -> Tensor:
    return linear(input, w.ih, w.bias)


def _with_own_bias(input: Tensor, w: Weights) -> Tensor:
    return linear(input, w.ih, w.bias_ih)


def _lstm_step(w: Weights) -> Step:
    hh = w.hh.t()
    hr = None if w.hr is None else w.hr.t()

    def step(x: Tensor, state: State) -> State:
        h, c, _ = lstm_gates.call(addmm(x, state[0], hh), state[1])
        return (h if hr is None else h @ hr), c

    return step


def _gru_step(w: Weights) -> Step:
    hh = w.hh.t()

    def step(x: Tensor, state: State) -> State:
        (h,) = state
        hidden = h @ hh if w.bias_hh is None else addmm(w.bias_hh, h, hh)
        return (gru_gates.call(x, hidden, h)[0],)

    return step


def _simple_step(activation: str) -> Callable[[Weights], Step]:
    def make(w: Weights) -> Step:
        hh = w.hh.t()
        return lambda x, state: (getattr(addmm(x, state[0], hh), activation)(),)

    return make


LSTM = Cell("lstm", 2, _with_both_biases, _lstm_step)
GRU = Cell("gru", 1, _with_own_bias, _gru_step)
RNN_TANH = Cell("rnn_tanh", 1, _with_both_biases, _simple_step("tanh"))
RNN_RELU = Cell("rnn_relu", 1, _with_both_biases, _simple_step("relu"))


def _one_step(cell: Cell, input: Tensor, state: State, w: Weights) -> State:
    if input.shape[1] != w.ih.shape[1]:
        raise ShapeError(
            f"input has inconsistent input_size: got {input.shape[1]} expected {w.ih.shape[1]}"
        )
    for i, x in enumerate(state):
        if x.shape[0] != input.shape[0]:
            raise ShapeError(
                f"Input batch size {input.shape[0]} doesn't match hidden{i} batch size {x.shape[0]}"
            )
        if x.shape[1] != w.hh.shape[1]:
            raise ShapeError(
                f"hidden{i} has inconsistent hidden_size: got {x.shape[1]}, "
                f"expected {w.hh.shape[1]}"
            )
    return cell.step(w)(cell.project(input, w), state)


def lstm_cell(
    input: Tensor,
    hx: Sequence[Tensor],
    w_ih: Tensor,
    w_hh: Tensor,
    b_ih: Tensor | None = None,
    b_hh: Tensor | None = None,
) -> tuple[Tensor, Tensor]:
    """One step of a long short-term memory.

    Parameters
    ----------
    input : Tensor
        (N, input_size).
    hx : pair of Tensor
        Hidden state and cell state, (N, hidden_size) each.
    w_ih, w_hh : Tensor
        (4 * hidden_size, input_size) and (4 * hidden_size, hidden_size): the gates input,
        forget, cell and output, one below the other.
    b_ih, b_hh : Tensor, optional
        (4 * hidden_size).

    Returns
    -------
    tuple of Tensor
        The next hidden state and cell state.

    Raises
    ------
    RuntimeError
        If sizes do not fit one another.
    """
    if len(hx) != 2:
        raise RuntimeError("lstm_cell expects two hidden states")
    h, c = _one_step(LSTM, input, tuple(hx), Weights(w_ih, w_hh, b_ih, b_hh))
    return h, c


def gru_cell(
    input: Tensor,
    hx: Tensor,
    w_ih: Tensor,
    w_hh: Tensor,
    b_ih: Tensor | None = None,
    b_hh: Tensor | None = None,
) -> Tensor:
    """One step of a gated recurrent unit: gates reset, update and new; see `lstm_cell`."""
    return _one_step(GRU, input, (hx,), Weights(w_ih, w_hh, b_ih, b_hh))[0]


def rnn_tanh_cell(
    input: Tensor,
    hx: Tensor,
    w_ih: Tensor,
    w_hh: Tensor,
    b_ih: Tensor | None = None,
    b_hh: Tensor | None = None,
) -> Tensor:
    """``tanh(input @ w_ih.T + b_ih + hx @ w_hh.T + b_hh)``."""
    return _one_step(RNN_TANH, input, (hx,), Weights(w_ih, w_hh, b_ih, b_hh))[0]


def rnn_relu_cell(
    input: Tensor,
    hx: Tensor,
    w_ih: Tensor,
    w_hh: Tensor,
    b_ih: Tensor | None = None,
    b_hh: Tensor | None = None,
) -> Tensor:
    """``relu(input @ w_ih.T + b_ih + hx @ w_hh.T + b_hh)``."""
    return _one_step(RNN_RELU, input, (hx,), Weights(w_ih, w_hh, b_ih, b_hh))[0]


# ------------------------------------------------------------------ steps over time


def _scan(
    step: Step, inputs: Sequence[Tensor], initial: State, reverse: bool
) -> tuple[list[Tensor], State]:
    """All steps of one direction: the hidden state after each, and the last state.

    Sequences of a batch are sorted by length.  Where fewer go on, the states of those that
    end are set aside; in reverse, those that begin join with their initial state.
    """
    order = range(len(inputs) - 1, -1, -1) if reverse else range(len(inputs))
    outputs: list[Any] = [None] * len(inputs)
    running = inputs[order[0]].shape[0]
    state = initial if running == initial[0].shape[0] else tuple(x[:running] for x in initial)
    ended: list[State] = []
    for t in order:
        now = inputs[t].shape[0]
        if now < running:
            ended.append(tuple(x[now:] for x in state))
            state = tuple(x[:now] for x in state)
        elif now > running:
            state = tuple(cat([x, new[running:now]]) for x, new in zip(state, initial, strict=True))
        running = now
        state = step(inputs[t], state)
        outputs[t] = state[0]
    if ended:
        state = tuple(cat(list(parts)) for parts in zip(state, *reversed(ended), strict=True))
    return outputs, state


class Plan(NamedTuple):
    """How the layers of a network are put together."""

    layers: int
    dropout: float
    train: bool
    bidirectional: bool
    batch_sizes: list[int] | None
    """Of a packed sequence: how many sequences have a step at each time."""


def _run(cell: Cell, input: Tensor, initial: State, weights: list[Weights], plan: Plan) -> Any:
    """All layers: (outputs of the last one, last states of every layer and direction)."""
    directions = 2 if plan.bidirectional else 1
    starts = list(zip(*(unbind(x) for x in initial), strict=True))
    if len(starts) < len(weights):
        raise RuntimeError("Expected more hidden states in stacked_rnn")
    ends: list[State] = []
    for layer in range(plan.layers):
        sides = []
        for direction in range(directions):
            k = layer * directions + direction
            w = weights[k]
            gates = cell.project(input, w)
            sizes = plan.batch_sizes
            steps = unbind(gates) if sizes is None else split(gates, sizes)
            outputs, state = _scan(cell.step(w), steps, starts[k], direction == 1)
            sides.append(stack(outputs) if sizes is None else cat(outputs))
            ends.append(state)
        input = cat(sides, -1) if directions == 2 else sides[0]
        if plan.dropout and plan.train and layer < plan.layers - 1:
            input = dropout(input, plan.dropout)
    return input, tuple(stack(list(x)) for x in zip(*ends, strict=True))


def _grouped(params: Sequence[Tensor], biases: bool, projected: bool, count: int) -> list[Weights]:
    each = 2 + 2 * biases + projected
    if len(params) != each * count:
        raise RuntimeError("got an incorrect number of RNN parameters")
    names = ["ih", "hh", *(["bias_ih", "bias_hh"] if biases else []), "hr"][:each]
    groups = (params[k * each : (k + 1) * each] for k in range(count))
    return [Weights(**dict(zip(names, group, strict=True))) for group in groups]


def _network(cell: Cell, args: tuple[Any, ...], kwargs: dict[str, Any]) -> tuple[Tensor, ...]:
    """Which of the two calls it is: fourth stands `has_biases`, or of a packed one `params`."""
    packed = "batch_sizes" in kwargs or (len(args) > 3 and not isinstance(args[3], bool))
    return (_packed_network if packed else _padded_network)(cell, *args, **kwargs)


def _padded_network(
    cell: Cell,
    input: Tensor,
    hx: Any,
    params: Sequence[Tensor],
    has_biases: bool,
    num_layers: int,
    dropout: float,
    train: bool,
    bidirectional: bool,
    batch_first: bool,
) -> tuple[Tensor, ...]:
    state = _state(cell, hx)
    plan = Plan(num_layers, dropout, train, bidirectional, None)
    if batch_first:
        input = input.transpose(0, 1)
    if not input.shape[0]:
        raise RuntimeError("Expected sequence length to be larger than 0 in RNN")
    output, ends = _run(cell, input, state, _weights(state, params, has_biases, plan), plan)
    return (output.transpose(0, 1) if batch_first else output), *ends


def _packed_network(
    cell: Cell,
    data: Tensor,
    batch_sizes: Tensor,
    hx: Any,
    params: Sequence[Tensor],
    has_biases: bool,
    num_layers: int,
    dropout: float,
    train: bool,
    bidirectional: bool,
) -> tuple[Tensor, ...]:
    state = _state(cell, hx)
    plan = Plan(num_layers, dropout, train, bidirectional, batch_sizes.tolist())
    output, ends = _run(cell, data, state, _weights(state, params, has_biases, plan), plan)
    return output, *ends


def _state(cell: Cell, hx: Any) -> State:
    state = (hx,) if isinstance(hx, Tensor) else tuple(hx)
    if len(state) != cell.states:
        raise RuntimeError(f"{cell.name} expects two hidden states")
    return state


def _weights(state: State, params: Sequence[Tensor], has_biases: bool, plan: Plan) -> list[Weights]:
    projected = len(state) == 2 and state[0].shape[2] != state[1].shape[2]
    count = plan.layers * (2 if plan.bidirectional else 1)
    return _grouped(params, has_biases, projected, count)


def lstm(*args: Any, **kwargs: Any) -> tuple[Tensor, ...]:
    """A long short-term memory of several layers, over all steps.

    Called as ``lstm(input, hx, params, has_biases, num_layers, dropout, train,
    bidirectional, batch_first)`` or, for a packed sequence, as ``lstm(data, batch_sizes, hx,
    params, has_biases, num_layers, dropout, train, bidirectional)``; see `nn.LSTM`.

    Returns
    -------
    tuple of Tensor
        Outputs (L, N, directions * hidden_size), and the last hidden and cell states.
    """
    return _network(LSTM, args, kwargs)


def gru(*args: Any, **kwargs: Any) -> tuple[Tensor, ...]:
    """A gated recurrent unit of several layers, over all steps; called as `lstm`."""
    return _network(GRU, args, kwargs)


def rnn_tanh(*args: Any, **kwargs: Any) -> tuple[Tensor, ...]:
    """A plain recurrent network with tanh, over all steps; called as `lstm`."""
    return _network(RNN_TANH, args, kwargs)


def rnn_relu(*args: Any, **kwargs: Any) -> tuple[Tensor, ...]:
    """A plain recurrent network with relu, over all steps; called as `lstm`."""
    return _network(RNN_RELU, args, kwargs)
