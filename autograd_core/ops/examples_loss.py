"""Example calls of the losses."""

from __future__ import annotations

from typing import Any

import numpy as np

from ..examples import Draw, call, examples

F = "nn.functional."


@examples(F + "nll_loss")
def _(draw: Draw) -> Any:
    yield from _by_class(draw)


@examples(F + "cross_entropy")
def _(draw: Draw) -> Any:
    yield from _by_class(draw)
    for reduction in ("mean", "sum", "none"):
        yield call(
            draw.real(4, 3), np.array([0, 2, -100, 2]), label_smoothing=0.2, reduction=reduction
        )
        yield call(draw.real(4, 3), draw.real(4, 3, low=0, high=1), reduction=reduction)
    yield call(draw.real(2, 3, 4), draw.real(2, 3, 4, low=0, high=1), label_smoothing=0.3)
    yield call(draw.real(2, 3, 4), draw.integers(2, 4, high=3), label_smoothing=0.3)
    yield call(draw.real(2, 3, low=-300, high=300), draw.integers(2, high=3))


def _by_class(draw: Draw) -> Any:
    scores, classes = draw.real(4, 3), draw.integers(4, high=3)
    yield call(scores, classes)
    for reduction in ("none", "sum"):
        yield call(scores, classes, reduction=reduction)
    yield call(scores, np.array([0, 2, 1, 2]), ignore_index=2)
    yield call(draw.real(3), draw.integers(high=3))
    yield call(draw.real(2, 3, 4), draw.integers(2, 4, high=3))
    yield call(draw.real(2, 3, 4), draw.integers(2, 4, high=3), reduction="none")
    yield call(draw.real(2, 3, 2, 2), draw.integers(2, 2, 2, high=3), reduction="sum")
    yield call(draw.real(2, 3, 2, 1, 2), draw.integers(2, 2, 1, 2, high=3))


@examples(F + "mse_loss")
@examples(F + "l1_loss")
@examples(F + "smooth_l1_loss")
@examples(F + "huber_loss")
def _(draw: Draw) -> Any:
    for reduction in ("mean", "sum", "none"):
        yield call(draw.real(3, 4), draw.real(3, 4), reduction=reduction)
    yield call(draw.real(), draw.real())
    yield call(draw.real(0, 3), draw.real(0, 3), reduction="sum")


@examples(F + "binary_cross_entropy")
def _(draw: Draw) -> Any:
    def probabilities(*shape: int) -> Any:
        return draw.real(*shape, low=0.1, high=0.9)

    for reduction in ("mean", "sum", "none"):
        yield call(probabilities(3, 4), probabilities(3, 4), reduction=reduction)
    yield call(probabilities(), probabilities())
    yield call(probabilities(0), probabilities(0), reduction="sum")


@examples(F + "binary_cross_entropy_with_logits")
def _(draw: Draw) -> Any:
    for reduction in ("mean", "sum", "none"):
        yield call(draw.real(3, 4), draw.real(3, 4), reduction=reduction)
    yield call(draw.real(), draw.real())
    yield call(draw.real(2, 3, low=-60, high=60), draw.real(2, 3, low=0, high=1))


@examples(F + "kl_div")
def _(draw: Draw) -> Any:
    for reduction in ("batchmean", "sum", "none"):
        yield call(draw.real(3, 4), draw.real(3, 4, low=0.1, high=1), reduction=reduction)
        yield call(draw.real(3, 4), draw.real(3, 4), reduction=reduction, log_target=True)


@examples(F + "poisson_nll_loss")
def _(draw: Draw) -> Any:
    counts = draw.real(3, 4, low=0.5, high=5)
    yield call(draw.real(3, 4), counts)
    yield call(draw.real(3, 4), counts, full=True, reduction="sum")
    yield call(draw.real(3, 4, low=0.5, high=3), counts, log_input=False, reduction="none")


@examples(F + "gaussian_nll_loss")
def _(draw: Draw) -> Any:
    x, y = draw.real(3, 4), draw.real(3, 4)
    yield call(x, y, draw.real(3, 4, low=0.2, high=2))
    yield call(x, y, draw.real(3, 1, low=0.2, high=2), full=True)
    yield call(x, y, draw.real(3, low=0.2, high=2), reduction="none")
    yield call(x, y, draw.real(1, 4, low=0.2, high=2))


@examples("cosine_similarity")
@examples(F + "cosine_similarity")
def _(draw: Draw) -> Any:
    yield call(draw.real(3, 4), draw.real(3, 4))
    yield call(draw.real(3, 4), draw.real(1, 4), dim=0)
    yield call(draw.real(5), draw.real(5), dim=-1)
    yield call(draw.real(2, 3, 4), draw.real(2, 3, 4), 2, 1e-3)


@examples("pairwise_distance")
@examples(F + "pairwise_distance")
def _(draw: Draw) -> Any:
    yield call(draw.real(3, 4), draw.real(3, 4))
    yield call(draw.real(3, 4), draw.real(1, 4), p=1.0)
    yield call(draw.real(4), draw.real(4), keepdim=True)


_SIGNS = np.array([1, -1, 1])


@examples(F + "soft_margin_loss")
def _(draw: Draw) -> Any:
    for reduction in ("mean", "sum", "none"):
        yield call(draw.real(2, 3), np.array([_SIGNS, -_SIGNS]), reduction=reduction)


@examples(F + "cosine_embedding_loss")
def _(draw: Draw) -> Any:
    for reduction in ("mean", "sum", "none"):
        yield call(draw.real(3, 4), draw.real(3, 4), _SIGNS, 0.1, reduction=reduction)
    yield call(draw.real(4), draw.real(4), np.array(-1), margin=-0.9)


@examples(F + "hinge_embedding_loss")
def _(draw: Draw) -> Any:
    for reduction in ("mean", "sum", "none"):
        yield call(draw.real(3), _SIGNS, reduction=reduction)
    yield call(draw.real(2, 3), _SIGNS, margin=2.5)


@examples(F + "margin_ranking_loss")
def _(draw: Draw) -> Any:
    for reduction in ("mean", "sum", "none"):
        yield call(draw.real(3), draw.real(3), _SIGNS, margin=0.3, reduction=reduction)


@examples(F + "triplet_margin_loss")
def _(draw: Draw) -> Any:
    three = draw.real(3, 4), draw.real(3, 4), draw.real(3, 4)
    for reduction in ("mean", "sum", "none"):
        yield call(*three, reduction=reduction)
    yield call(*three, margin=3.0, p=1, swap=True)


@examples(F + "multi_margin_loss", second=False)
def _(draw: Draw) -> Any:
    for p in (1, 2):
        yield call(draw.real(4, 3), draw.integers(4, high=3), p=p, margin=0.7)
    yield call(draw.real(3), draw.integers(high=3), reduction="sum")


@examples(F + "multilabel_soft_margin_loss")
def _(draw: Draw) -> Any:
    yield call(draw.real(4, 3), draw.integers(4, 3, high=2))
    yield call(draw.real(4, 3), draw.integers(4, 3, high=2), reduction="none")
