"""Example calls of activations, softmax, norms, embedding and attention."""

from __future__ import annotations

from typing import Any

import numpy as np

from ..examples import Draw, call, examples

F = "nn.functional."

# ------------------------------------------------------------------ activations


def _shapes(draw: Draw) -> Any:
    return draw.real(3, 4), draw.real(), draw.real(0, 3), draw.real(2, 1, 3, low=-8, high=8)


def _plain(name: str, *kinks: float, second: bool = True, **variants: list[Any]) -> None:
    """Examples of an element-wise function: shapes, its kinks, its settings."""

    @examples(name, second=second)
    def _(draw: Draw) -> Any:
        for x in _shapes(draw):
            yield call(x)
        for setting, values in variants.items():
            for value in values:
                yield call(draw.real(2, 5), **{setting: value})

    if kinks:

        @examples_at_kinks(name)
        def _(draw: Draw) -> Any:
            yield call(np.array(kinks))


KINKS: dict[str, Any] = {}
"""Calls at points where a function has no derivative: compared with PyTorch only."""


def examples_at_kinks(name: str) -> Any:
    """Declare calls at kinks; finite differences mean nothing there."""

    def declare(make: Any) -> Any:
        KINKS[name] = make
        return make

    return declare


_plain("relu", 0.0)
_plain(F + "relu", 0.0)
_plain(F + "relu6", 0.0, 6.0)
_plain(F + "leaky_relu", 0.0, negative_slope=[0.3, 0.0, 2.0])
_plain(F + "elu", 0.0, alpha=[0.5])
_plain("selu", 0.0)
_plain(F + "selu", 0.0)
_plain("celu", 0.0)
_plain(F + "celu", 0.0, alpha=[0.5])
_plain(F + "gelu", approximate=["tanh"])
_plain(F + "silu")
_plain(F + "mish")
_plain(F + "softplus", beta=[3.0], threshold=[1.0])
_plain(F + "hardsigmoid", -3.0, 3.0, second=False)
_plain(F + "hardswish", -3.0, 3.0)
_plain(F + "logsigmoid")
_plain(F + "softsign")
_plain(F + "tanhshrink")
_plain("hardshrink", -0.5, 0.5, lambd=[0.2])
_plain(F + "hardshrink", -0.5, 0.5, lambd=[0.2])
_plain(F + "softshrink", -0.5, 0.5, lambd=[0.2])
_plain(F + "sigmoid")
_plain(F + "tanh")
_plain(F + "rrelu", 0.0)


@examples(F + "hardtanh")
def _(draw: Draw) -> Any:
    for x in _shapes(draw):
        yield call(x)
    yield call(draw.real(3, 4), -0.5, 0.7)
    yield call(draw.real(3, 4), min_val=0.1, max_val=0.1)


@examples_at_kinks(F + "hardtanh")
def _(draw: Draw) -> Any:
    yield call(np.array([-1.0, 1.0]))


@examples("threshold")
@examples(F + "threshold")
def _(draw: Draw) -> Any:
    for x in _shapes(draw):
        yield call(x, 0.5, -1.0)


@examples_at_kinks(F + "threshold")
def _(draw: Draw) -> Any:
    yield call(np.array([0.5]), 0.5, 3.0)


@examples(F + "glu")
def _(draw: Draw) -> Any:
    yield call(draw.real(3, 4))
    yield call(draw.real(4, 3), 0)
    yield call(draw.real(2, 6, 2), dim=-2)
    yield call(draw.real(0, 4))


@examples("prelu")
@examples(F + "prelu")
def _(draw: Draw) -> Any:
    yield call(draw.real(3, 4), draw.real(4))
    yield call(draw.real(3, 4), draw.real(1))
    yield call(draw.real(2, 3, 2), draw.real(3))
    yield call(draw.real(5), draw.real(1))
    yield call(draw.real(3, 4), draw.real())
    yield call(draw.real(0, 4), draw.real(4))


# ------------------------------------------------------------------ softmax


@examples("softmax")
@examples("log_softmax")
@examples(F + "softmax")
@examples(F + "log_softmax")
@examples(F + "softmin")
def _(draw: Draw) -> Any:
    yield call(draw.real(3, 4), 1)
    yield call(draw.real(3, 4), dim=0)
    yield call(draw.real(2, 3, 4), -2)
    yield call(draw.real(5), dim=0)
    yield call(draw.real(), dim=0)
    yield call(draw.real(), dim=-1)
    yield call(draw.real(3, 0), dim=1)
    yield call(draw.real(0, 3), dim=1)
    yield call(draw.real(2, 3, low=-200, high=200), dim=1)


@examples(F + "dropout", second=False)
def _(draw: Draw) -> Any:
    yield call(draw.real(3, 4), training=False)
    yield call(draw.real(3, 4), p=0.0)
    yield call(draw.real(3, 4), p=1.0)
    yield call(draw.real(0, 2), p=0.3)


# ------------------------------------------------------------------ norms


@examples(F + "layer_norm")
@examples("layer_norm")
def _(draw: Draw) -> Any:
    yield call(draw.real(3, 4), (4,))
    yield call(draw.real(3, 4), (4,), draw.real(4), draw.real(4))
    yield call(draw.real(2, 3, 4), (3, 4), draw.real(3, 4), draw.real(3, 4), 1e-3)
    yield call(draw.real(2, 3, 4), [4], weight=draw.real(4))
    yield call(draw.real(0, 4), (4,), draw.real(4), draw.real(4))


@examples(F + "rms_norm")
@examples("rms_norm")
def _(draw: Draw) -> Any:
    yield call(draw.real(3, 4), (4,))
    yield call(draw.real(3, 4), (4,), draw.real(4), 1e-2)
    yield call(draw.real(2, 3, 4), (3, 4), draw.real(3, 4))
    yield call(draw.real(0, 4), (4,), draw.real(4))


@examples(F + "batch_norm", tolerance=1e-8)
def _(draw: Draw) -> Any:
    yield call(draw.real(5, 3), None, None, training=True)
    yield call(draw.real(5, 3), None, None, draw.real(3), draw.real(3), True)
    yield call(draw.real(4, 3, 2), None, None, draw.real(3), draw.real(3), True, eps=1e-3)
    yield call(draw.real(2, 3, 2, 2), None, None, draw.real(3), training=True)


@examples(F + "group_norm", tolerance=1e-8)
@examples("group_norm", tolerance=1e-8)
def _(draw: Draw) -> Any:
    yield call(draw.real(2, 6), 3)
    yield call(draw.real(2, 6, 3), 2, draw.real(6), draw.real(6))
    yield call(draw.real(2, 4, 2, 2), 4, draw.real(4))
    yield call(draw.real(2, 4, 3), 1, draw.real(4), draw.real(4), 1e-2)


@examples(F + "instance_norm", tolerance=1e-8)
def _(draw: Draw) -> Any:
    yield call(draw.real(2, 3, 4))
    yield call(draw.real(2, 3, 2, 2), weight=draw.real(3), bias=draw.real(3))


@examples(F + "normalize")
def _(draw: Draw) -> Any:
    yield call(draw.real(3, 4))
    yield call(draw.real(3, 4), p=1.0, dim=0)
    yield call(draw.real(2, 3, 4), p=3.0, dim=-1)
    yield call(draw.real(5), dim=0)


@examples(F + "local_response_norm")
def _(draw: Draw) -> Any:
    yield call(draw.real(2, 5, 3), 3)
    yield call(draw.real(1, 4, 2, 2), 2, alpha=0.1, beta=0.5, k=2.0)


# ------------------------------------------------------------------ embedding


@examples(F + "embedding")
def _(draw: Draw) -> Any:
    yield call(draw.integers(4, high=5), draw.real(5, 3))
    yield call(draw.integers(2, 3, high=5), draw.real(5, 3))
    yield call(draw.integers(high=5), draw.real(5, 3))


@examples(F + "one_hot", grad=False)
def _(draw: Draw) -> Any:
    yield call(draw.integers(4, high=5))
    yield call(draw.integers(2, 3, high=5), 7)
    yield call(draw.integers(high=5), 5)
    yield call(draw.integers(0, high=5), 5)


# ------------------------------------------------------------------ attention


@examples(F + "scaled_dot_product_attention", second=False)
def _(draw: Draw) -> Any:
    q, k, v = draw.real(2, 2, 4, 3), draw.real(2, 2, 5, 3), draw.real(2, 2, 5, 2)
    yield call(q, k, v)
    yield call(q, k, v, is_causal=True)
    yield call(q, k, v, draw.booleans(4, 5) | np.eye(4, 5, dtype=bool))
    yield call(q, k, v, draw.real(2, 1, 4, 5), scale=0.3)
    yield call(draw.real(3, 4, 3), draw.real(3, 4, 3), draw.real(3, 4, 3))
    yield call(draw.real(4, 3), draw.real(5, 3), draw.real(5, 3))
    yield call(draw.real(2, 4, 3, 2), draw.real(2, 2, 5, 2), draw.real(2, 2, 5, 2), enable_gqa=True)
