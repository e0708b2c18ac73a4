"""Example calls of the losses of label sequences and of several labels."""

from __future__ import annotations

from typing import Any

import numpy as np

from ..examples import Draw, call, examples

F = "nn.functional."


@examples(F + "ctc_loss", second=False, differences=False)  # the gradient takes it as normalised
def _(draw: Draw) -> Any:
    targets = np.array([[1, 2, 2], [3, 1, 0]])
    for reduction in ("mean", "sum", "none"):
        yield call(
            draw.real(6, 2, 4, low=-3, high=-0.5), targets, (6, 5), (3, 2), reduction=reduction
        )
    yield call(draw.real(6, 2, 4, low=-3, high=-0.5), np.array([1, 2, 2, 3]), (6, 5), (3, 1))
    targets = np.array([[1, 2, 2], [0, 1, 0]])
    yield call(
        draw.real(3, 2, 4, low=-3, high=-0.5), targets, (3, 2), (3, 1), zero_infinity=True, blank=3
    )


@examples(F + "multilabel_margin_loss", second=False)  # which PyTorch has not
def _(draw: Draw) -> Any:
    labels = np.array([[2, 0, -1, 1], [3, -1, 0, 0], [1, 3, 2, 0]])
    for reduction in ("mean", "sum", "none"):
        yield call(draw.distinct(3, 4, gap=0.3), labels, reduction=reduction)
    yield call(draw.distinct(4, gap=0.3), labels[0])
