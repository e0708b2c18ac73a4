"""The connectionist temporal classification loss (Graves and others 2006).

A target of S labels is read as ``blank l1 blank l2 ... blank``, 2 S + 1 states. A path through
the states stays, goes on by one, or skips a blank between two different labels. ``alpha[t, s]``
is the logarithm of what all paths to state s at time t have of probability, ``beta[t, s]`` of
what is left from there on. The loops are over time; batch and states are arrays.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import numpy as np

from .._tensor import Tensor
from ..declare import op
from ..dtypes import FLOATING, int64, scalar_type
from ..errors import AutogradError, DtypeError, ShapeError
from .create import tensor
from .loss import check_reduction
from .select import where

__all__: list[str] = []


# ------------------------------------------------------------------ on arrays


def _log_sum(xp: Any, parts: Iterable[Any]) -> Any:
    """``log(sum(exp(parts)))``, element by element, also where all of them are -inf."""
    parts = list(parts)
    most = parts[0]
    for part in parts[1:]:
        most = xp.maximum(most, part)
    most = xp.where(xp.isinf(most), xp.zeros_like(most), most)
    total = xp.exp(parts[0] - most)
    for part in parts[1:]:
        total = total + xp.exp(part - most)
    return most + xp.log(total)


def _later(xp: Any, values: Any, by: int) -> Any:
    """Each state's value moved on by some states; -inf comes in."""
    moved = xp.full_like(values, -np.inf)
    moved[:, by:] = values[:, : values.shape[1] - by]
    return moved


def _earlier(xp: Any, values: Any, by: int) -> Any:
    return _later(xp, values[:, ::-1], by)[:, ::-1]


def _emitted(xp: Any, log_probs: Any, states: Any) -> Any:
    """(T, N, L): the log-probability of each state's label at each time."""
    return log_probs[:, xp.arange(states.shape[0]).reshape(-1, 1), states]


def _skippable(xp: Any, states: Any) -> Any:
    """(N, L): whether a path may come from two states before: no blank, and another label."""
    allowed = xp.zeros(states.shape, bool)
    allowed[:, 3::2] = states[:, 3::2] != states[:, 1:-2:2]
    return allowed


def _ends(xp: Any, shape: Any, dtype: Any, target_lengths: Any) -> Any:
    """(N, L): 0 in the two states where a path may end, -inf in the others."""
    at = xp.arange(shape[1]).reshape(1, -1)
    last = 2 * target_lengths.reshape(-1, 1)
    allowed = (at == last) | ((at == last - 1) & (last > 0))
    return xp.where(allowed, 0.0, -np.inf).astype(dtype)


@op("CtcLossBackward0", name="ctc_loss", types="free", aux=("log_alpha",))
def ctc_loss_op(xp, log_probs, states, input_lengths, target_lengths, *, zero_infinity):
    """Minus the log-probability of each target, and ``alpha``."""
    emitted = _emitted(xp, log_probs, states)
    nowhere = -np.inf
    alpha = xp.full(emitted.shape, nowhere, emitted.dtype)
    alpha[0, :, :2] = emitted[0, :, :2]
    allowed = _skippable(xp, states)
    for t in range(1, len(alpha)):
        before = alpha[t - 1]
        skipped = xp.where(allowed, _later(xp, before, 2), nowhere).astype(before.dtype)
        alpha[t] = emitted[t] + _log_sum(xp, (before, _later(xp, before, 1), skipped))
    ends = _ends(xp, states.shape, emitted.dtype, target_lengths)
    last = alpha[xp.maximum(input_lengths - 1, 0), xp.arange(len(states))] + ends
    most = last.max(axis=1, keepdims=True)
    most = xp.where(xp.isinf(most), xp.zeros_like(most), most)
    loss = -(xp.log(xp.exp(last - most).sum(axis=1)) + most[:, 0])
    without = xp.where(target_lengths == 0, 0.0, np.inf).astype(loss.dtype)  # of input
    return xp.where(input_lengths == 0, without, loss), alpha


@ctc_loss_op.vjp("log_probs")
def _(F, g, log_probs, states, input_lengths, target_lengths, result, log_alpha, zero_infinity):
    return F.ctc_loss_backward(
        g,
        log_probs,
        states,
        input_lengths,
        target_lengths,
        result,
        log_alpha,
        zero_infinity=zero_infinity,
    )


@op("CtcLossBackwardBackward0", name="ctc_loss_backward", types="free")
def ctc_loss_backward_op(
    xp, g, log_probs, states, input_lengths, target_lengths, loss, log_alpha, *, zero_infinity
):
    """The gradient: probabilities, minus those of the labels given the target.

    As in PyTorch, the probabilities are in it because the input is normalised; ``log_softmax``
    behind it gives the same with and without them.
    """
    emitted = _emitted(xp, log_probs, states)
    beta = _betas(xp, emitted, states, input_lengths, target_lengths)
    paths = xp.exp(log_alpha + beta - emitted + loss.reshape(1, -1, 1))  # through each state
    paths = xp.where(xp.isnan(paths), xp.zeros_like(paths), paths)
    found = xp.zeros(log_probs.shape, log_probs.dtype)
    times, rows, _ = emitted.shape
    index = xp.arange(times).reshape(-1, 1, 1), xp.arange(rows).reshape(1, -1, 1), states[None]
    xp.add_at(found, index, paths)
    impossible = xp.isinf(loss).reshape(1, -1, 1)
    found = xp.where(impossible, 0.0 if zero_infinity else np.nan, xp.exp(log_probs) - found)
    inside = xp.arange(times).reshape(-1, 1) < input_lengths.reshape(1, -1)
    return xp.keep((found * g.reshape(1, -1, 1)).astype(log_probs.dtype), inside[:, :, None])


@ctc_loss_backward_op.vjp("g")
def _(F, g):
    raise AutogradError("the derivative for '_ctc_loss_backward' is not implemented")


@ctc_loss_backward_op.vjp("log_probs")
def _(F, g):
    raise AutogradError("the derivative for '_ctc_loss_backward' is not implemented")


def _betas(xp: Any, emitted: Any, states: Any, input_lengths: Any, target_lengths: Any) -> Any:
    beta = xp.full(emitted.shape, -np.inf, emitted.dtype)
    ends = _ends(xp, states.shape, emitted.dtype, target_lengths)
    allowed = _skippable(xp, states)
    following = xp.full_like(ends, -np.inf)
    for t in reversed(range(len(beta))):
        skipped = xp.where(allowed, following, -np.inf).astype(ends.dtype)
        parts = following, _earlier(xp, following, 1), _earlier(xp, skipped, 2)
        ending = (input_lengths == t + 1).reshape(-1, 1)
        beta[t] = following = emitted[t] + xp.where(ending, ends, _log_sum(xp, parts))
    return beta


# ------------------------------------------------------------------ the public function


def ctc_loss(
    log_probs: Tensor,
    targets: Tensor,
    input_lengths: Any,
    target_lengths: Any,
    blank: int = 0,
    reduction: str = "mean",
    zero_infinity: bool = False,
) -> Tensor:
    """Minus the log-probability of label sequences that are not aligned with the input.

    Parameters
    ----------
    log_probs : Tensor
        (T, N, C) or (T, C): logarithms of probabilities, as `log_softmax` gives them.
    targets : Tensor of int
        (N, S), padded, or one after the other in (sum of the lengths,).
    input_lengths, target_lengths : Tensor of int, or sequence of int
        (N) or (): how much of each counts.
    blank : int, default 0
        The label that stands for no label.
    reduction : {"mean", "sum", "none"}
        "mean" divides each loss by its target's length, and takes the mean.
    zero_infinity : bool, default False
        Take losses that are infinite (the input is too short for the target) as 0.

    Raises
    ------
    RuntimeError
        If shapes, lengths or `blank` do not fit.
    IndexError
        If a target is no label.
    """
    check_reduction(reduction)
    inputs, outputs = _lengths("input", input_lengths), _lengths("target", target_lengths)
    single = log_probs.ndim == 2
    if single:
        log_probs = log_probs.unsqueeze(1)
        targets = targets.unsqueeze(0) if targets.ndim == 1 else targets
    inputs, outputs = inputs.reshape(-1), outputs.reshape(-1)
    _check(log_probs, targets, inputs, outputs, blank)
    states = _states(targets._host(), outputs, blank, log_probs.shape[2])
    device = log_probs.device
    lengths = tensor(outputs, dtype=int64, device=device)
    losses, _ = ctc_loss_op.call(
        log_probs,
        tensor(states, dtype=int64, device=device),
        tensor(inputs, dtype=int64, device=device),
        lengths,
        zero_infinity=zero_infinity,
    )
    if zero_infinity:
        losses = where(losses.eq(float("inf")), losses.new_zeros(()), losses)
    if reduction == "mean":
        return (losses / lengths.clamp_min(1).to(losses.dtype)).mean()
    if reduction == "sum":
        return losses.sum()
    return losses.squeeze(0) if single else losses


def _lengths(name: str, given: Any) -> np.ndarray[Any, Any]:
    """Lengths on the host: they decide which labels are read."""
    found = given._host() if isinstance(given, Tensor) else np.asarray(given)
    if found.dtype.kind not in "iu" and found.size:
        raise DtypeError(f"{name}_lengths must be integral, got {found.dtype}")
    return found.astype(np.int64)


def _check(
    log_probs: Tensor, targets: Tensor, inputs: Any, outputs: Any, blank: int
) -> None:  # fmt: skip
    if log_probs.ndim != 3:
        raise ShapeError(
            "ctc_loss: log_probs must be (T, N, C) or (T, C), got a "
            f"{log_probs.ndim}-dimensional tensor"
        )
    if log_probs.dtype.category < FLOATING or log_probs.dtype.is_complex:
        raise DtypeError(
            f"ctc_loss: log_probs must be floating point, got {scalar_type(log_probs.dtype)}"
        )
    times, rows, labels = log_probs.shape
    if not log_probs.numel():
        raise ShapeError(f"log_probs tensor must not be empty, got {list(log_probs.shape)}")
    for name, lengths in (("input", inputs), ("target", outputs)):
        if len(lengths) != rows:
            raise ShapeError(
                f"{name}_lengths must be of size batch_size ({rows}), got {len(lengths)}"
            )
        if lengths.min() < 0:
            raise ShapeError(
                f"Expected {name}_lengths to have value at least 0, but got value {lengths.min()}"
            )
    if inputs.max() > times:
        raise ShapeError(
            f"Expected input_lengths to have value at most {times}, but got value {inputs.max()}"
        )
    if not 0 <= blank < labels:
        raise ShapeError(f"blank must be in label range: 0 to {labels - 1}, got {blank}")
    if targets.ndim not in (1, 2):
        raise ShapeError(
            f"Expected 1 to 2 dimensions, but got {targets.ndim}-dimensional tensor for argument "
            "#2 'targets'"
        )
    if targets.ndim == 1 and len(targets) != outputs.sum():
        raise ShapeError(
            f"Expected tensor to have size {outputs.sum()} at dimension 0, but got size "
            f"{len(targets)} for argument #2 'targets' (the sum of the target lengths)"
        )
    if targets.ndim == 2 and (len(targets) != rows or targets.shape[1] < outputs.max()):
        raise ShapeError(
            f"Expected tensor to have size at least {outputs.max()} at dimension 1, and {rows} at "
            f"dimension 0, but got {list(targets.shape)} for argument #2 'targets'"
        )


def _states(targets: Any, lengths: Any, blank: int, labels: int) -> Any:
    """(N, 2 S + 1): blank, label, blank ...; blanks where a target is shorter than the longest."""
    longest = int(lengths.max())
    inside = np.arange(longest) < lengths[:, None]
    read = np.full(inside.shape, blank, np.int64)
    read[inside] = targets if targets.ndim == 1 else targets[:, :longest][inside]
    wrong = read[(read < 0) | (read >= labels)]
    if wrong.size:
        raise IndexError(
            f"Target {wrong[0]} is out of bounds. There are {labels} labels, 0 to {labels - 1}."
        )
    states = np.full((len(read), 2 * longest + 1), blank, np.int64)
    states[:, 1::2] = read
    return states
