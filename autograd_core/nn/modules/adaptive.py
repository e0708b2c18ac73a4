"""Softmax over very many classes, the rare ones in clusters (Grave and others 2017)."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, NamedTuple

from ..._tensor import Tensor
from ...errors import ShapeError
from ...ops.join import cat
from .. import functional as F
from .container import ModuleList, Sequential
from .linear import Linear
from .module import Module

__all__ = ["AdaptiveLogSoftmaxWithLoss"]


class _ASMoutput(NamedTuple):
    output: Tensor
    loss: Tensor


class AdaptiveLogSoftmaxWithLoss(Module):
    """Log-probabilities of classes that are sorted by frequency, and their mean loss.

    The head knows the frequent classes, and one entry for each cluster of the others; a
    cluster's own classes are computed from a projection that is the smaller, the rarer they are.

    Parameters
    ----------
    in_features : int
        Size of an example.
    n_classes : int
        Number of classes.
    cutoffs : sequence of int
        The classes at which clusters begin, increasing, between 1 and ``n_classes - 1``.
    div_value : float, default 4.0
        By how much each cluster's projection is smaller than the one before.
    head_bias : bool, default False
        Whether the head has a bias.

    Raises
    ------
    ValueError
        If the cutoffs are none, or not as above.
    """

    def __init__(
        self,
        in_features: int,
        n_classes: int,
        cutoffs: Sequence[int],
        div_value: float = 4.0,
        head_bias: bool = False,
        device: Any = None,
        dtype: Any = None,
    ):
        super().__init__()
        cutoffs = list(cutoffs)
        if not cutoffs:
            raise ValueError("cutoffs should be a sequence of length larger than 0")
        if (
            cutoffs != sorted(set(cutoffs))
            or cutoffs[0] <= 0
            or cutoffs[-1] > n_classes - 1
            or any(int(c) != c for c in cutoffs)
        ):
            raise ValueError(
                "cutoffs should be a sequence of unique, positive integers sorted in an "
                "increasing order, where each value is between 1 and n_classes-1, got "
                f"{cutoffs} with n_classes={n_classes}"
            )
        self.in_features = in_features
        self.n_classes = n_classes
        self.cutoffs = [*cutoffs, n_classes]
        self.div_value = div_value
        self.head_bias = head_bias
        self.shortlist_size = self.cutoffs[0]
        self.n_clusters = len(cutoffs)
        self.head_size = self.shortlist_size + self.n_clusters
        place = {"device": device, "dtype": dtype}
        self.head = Linear(in_features, self.head_size, bias=head_bias, **place)
        self.tail = ModuleList()
        for i, (first, last) in enumerate(self._clusters()):
            hidden = int(in_features // div_value ** (i + 1))
            self.tail.append(
                Sequential(
                    Linear(in_features, hidden, bias=False, **place),
                    Linear(hidden, last - first, bias=False, **place),
                )
            )

    def _clusters(self) -> list[tuple[int, int]]:
        """The first class of each cluster, and the first of the next."""
        return list(zip(self.cutoffs, self.cutoffs[1:], strict=False))

    def reset_parameters(self) -> None:
        """Draw all weights anew."""
        self.head.reset_parameters()
        for projection in self.tail:
            for layer in projection:
                layer.reset_parameters()

    def forward(self, input_: Tensor, target_: Tensor) -> _ASMoutput:
        """The log-probability of each example's class, and minus their mean.

        Parameters
        ----------
        input_ : Tensor
            (N, in_features) or (in_features).
        target_ : Tensor of int
            (N) or ().

        Raises
        ------
        RuntimeError
            If the shapes don't fit, or a target is no class.
        """
        _check(input_, target_)
        input, target = input_.reshape(-1, input_.shape[-1]), target_.reshape(-1)
        self._check_classes(target)
        # Which entry of the head stands for the class: itself, or its cluster's.
        entry, own = target, input.new_zeros(len(target))
        for i, (first, last) in enumerate(self._clusters()):
            inside = target.ge(first).logical_and(target.lt(last))
            rows = inside.nonzero().squeeze(1)
            if not rows.numel():
                continue
            scores = F.log_softmax(self.tail[i](input.index_select(0, rows)), dim=1)
            chosen = target.index_select(0, rows) - first
            own = own.index_add(0, rows, scores.gather(1, chosen.unsqueeze(1)).squeeze(1))
            entry = entry.masked_fill(inside, self.shortlist_size + i)
        head = F.log_softmax(self.head(input), dim=1)
        output = own + head.gather(1, entry.unsqueeze(1)).squeeze(1)
        loss = (-output).mean()
        return _ASMoutput(output if target_.ndim else output.squeeze(0), loss)

    def _check_classes(self, target: Tensor) -> None:
        if target.numel() and not 0 <= target.min().item() <= target.max().item() < self.n_classes:
            raise RuntimeError(
                f"Target values should be in [0, {self.n_classes - 1}], but values in range "
                f"[{target.min().item()}, {target.max().item()}] were found."
            )

    def log_prob(self, input: Tensor) -> Tensor:
        """(N, n_classes): the log-probabilities of all classes."""
        head = F.log_softmax(self.head(input), dim=1)
        parts = [head[:, : self.shortlist_size]]
        for i, cluster in enumerate(self.tail):
            entry = self.shortlist_size + i
            parts.append(F.log_softmax(cluster(input), dim=1) + head[:, entry : entry + 1])
        return cat(parts, 1)

    def predict(self, input: Tensor) -> Tensor:
        """(N): the most probable class; clusters are computed only for rows that need them."""
        found = self.head(input).argmax(1)
        rows = found.ge(self.shortlist_size).nonzero().squeeze(1)
        if rows.numel():
            best = self.log_prob(input.index_select(0, rows)).argmax(1)
            found = found.index_copy(0, rows, best)
        return found


def _check(input: Tensor, target: Tensor) -> None:
    if target.ndim > 1:
        raise ShapeError("0D or 1D target tensor expected, multi-target not supported")
    if target.ndim == 1 and input.ndim >= 1 and len(input) != len(target):
        raise ShapeError(
            "Input and target should have the same size in the batch dimension, got "
            f"{len(input)} and {len(target)}."
        )
    if input.ndim != target.ndim + 1:
        raise ShapeError(
            f"{target.ndim}D target tensor expects {target.ndim + 1}D input tensors, but found "
            f"inputs with size {input.shape!r}"
        )
