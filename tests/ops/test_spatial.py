"""Convolutions, pools and resizing: the graph, errors, and values that examples can't show."""

from __future__ import annotations

import math

import numpy as np
import pytest

import autograd_core as ag
import autograd_core.nn.functional as F

INF, NAN = math.inf, math.nan


def leaf(*shape):
    values = np.random.default_rng(0).uniform(-1, 1, shape)
    return ag.tensor(values.tolist(), dtype=ag.float64).reshape(shape).detach().requires_grad_()


@pytest.mark.parametrize(
    ("compute", "name"),
    [
        (lambda: F.conv2d(leaf(1, 2, 5, 5), leaf(3, 2, 3, 3)), "ConvolutionBackward0"),
        (lambda: F.conv_transpose2d(leaf(1, 2, 5, 5), leaf(2, 3, 3, 3)), "ConvolutionBackward0"),
        (lambda: F.max_pool2d(leaf(1, 2, 4, 4), 2), "MaxPool2DWithIndicesBackward0"),
        (lambda: F.avg_pool2d(leaf(1, 2, 4, 4), 2), "AvgPool2DBackward0"),
        (lambda: F.avg_pool1d(leaf(1, 2, 4), 2), "SqueezeBackward1"),
        (lambda: F.adaptive_avg_pool2d(leaf(1, 2, 4, 4), 2), "AdaptiveAvgPool2DBackward0"),
        (lambda: F.adaptive_avg_pool2d(leaf(1, 2, 4, 4), 1), "MeanBackward1"),
        (lambda: F.adaptive_max_pool2d(leaf(1, 2, 4, 4), 2), "AdaptiveMaxPool2DBackward0"),
        (lambda: F.interpolate(leaf(1, 2, 4, 4), 8), "UpsampleNearest2DBackward0"),
        (lambda: F.interpolate(leaf(1, 2, 4), 8, mode="linear"), "UpsampleLinear1DBackward0"),
        (lambda: F.interpolate(leaf(1, 2, 4, 4), 8, mode="bicubic"), "UpsampleBicubic2DBackward0"),
        (lambda: F.pad(leaf(2, 3), (1, 1)), "ConstantPadNdBackward0"),
        (lambda: F.pad(leaf(1, 2, 3), (1, 1), "reflect"), "ReflectionPad1DBackward0"),
        (lambda: F.unfold(leaf(1, 2, 4, 4), 2), "Im2ColBackward0"),
        (lambda: F.fold(leaf(1, 8, 9), 4, 2), "Col2ImBackward0"),
        (lambda: F.pixel_shuffle(leaf(1, 4, 2, 2), 2), "PixelShuffleBackward0"),
    ],
)
def test_nodes_are_pytorchs(compute, name):
    assert compute().grad_fn.name() == name


def test_a_convolution_points_at_input_weight_and_bias():
    node = F.conv2d(leaf(1, 2, 5, 5), leaf(3, 2, 3, 3), leaf(3)).grad_fn
    assert all(n.name().endswith("AccumulateGrad") for n, _ in node.next_functions)
    without = F.conv2d(leaf(1, 2, 5, 5), leaf(3, 2, 3, 3)).grad_fn
    assert without.next_functions[2] == (None, 0)


@pytest.mark.parametrize(
    ("compute", "message"),
    [
        (
            lambda: F.conv2d(leaf(1, 4, 5, 5), leaf(8, 3, 3, 3)),
            (
                r"Given groups=1, weight of size \[8, 3, 3, 3\], expected "
                r"input\[1, 4, 5, 5\] to have 3 channels, but got 4 channels instead"
            ),
        ),
        (
            lambda: F.conv2d(leaf(1, 3, 2, 2), leaf(8, 3, 3, 3)),
            r"\(2 x 2\). Kernel size: \(3 x 3\)",
        ),
        (lambda: F.conv2d(leaf(3, 3), leaf(8, 3, 3, 3)), r"got input of size: \[3, 3\]"),
        (
            lambda: F.conv2d(leaf(1, 3, 5, 5), leaf(8, 3, 3, 3), leaf(7)),
            "1-dimensional with 8 elements",
        ),
        (lambda: F.conv2d(leaf(1, 3, 5, 5), leaf(8, 3, 3, 3), stride=0), "non-positive stride"),
        (lambda: F.conv2d(leaf(1, 3, 5, 5), leaf(8, 3, 3, 3), padding=-1), "negative padding"),
        (
            lambda: F.conv2d(leaf(1, 3, 5, 5), leaf(8, 3, 3, 3), padding="some"),
            "Invalid padding string",
        ),
        (
            lambda: F.conv2d(leaf(1, 3, 5, 5), leaf(8, 3, 3, 3), stride=(1, 2, 3)),
            "list of 2 values",
        ),
        (
            lambda: F.conv_transpose2d(leaf(1, 4, 3, 3), leaf(4, 3, 3, 3), output_padding=2),
            "output padding must be smaller",
        ),
        (lambda: F.max_pool2d(leaf(1, 3, 5, 5), 2, padding=2), "pad should be at most half"),
        (lambda: F.max_pool2d(leaf(1, 3, 2, 2), 3), r"Calculated output size: \(3x0x0\)"),
        (lambda: F.avg_pool2d(leaf(1, 3, 4, 4), 2, divisor_override=0), "divisor must be not zero"),
        (lambda: F.adaptive_avg_pool2d(leaf(3, 5), 2), "Expected 3D or 4D tensor"),
        (lambda: F.interpolate(leaf(1, 3, 4, 4), 0), "should be greater than 0"),
        (lambda: F.pad(leaf(2, 3), (1,)), "Padding length must be divisible by 2"),
        (lambda: F.pad(leaf(1, 2, 3), (3, 1), "reflect"), "Padding size should be less than"),
        (lambda: F.pad(leaf(1, 2, 3), (4, 1), "circular"), "wrapping around more than once"),
        (lambda: F.unfold(leaf(1, 3, 2, 2), 3), r"sliding blocks as \(0, 0\)"),
        (lambda: F.fold(leaf(1, 8, 8), (4, 4), 2), r"3 \* 3 = 9, but got input.size\(2\)=8"),
        (lambda: F.pixel_shuffle(leaf(1, 3, 2, 2), 2), "not divisible by 4"),
    ],
)
def test_errors_are_pytorchs(compute, message):
    with pytest.raises(RuntimeError, match=message):
        compute()


@pytest.mark.parametrize(
    ("given", "error", "message"),
    [
        ({}, ValueError, "either size or scale_factor should be defined"),
        ({"size": 2, "scale_factor": 2.0}, ValueError, "only one of size or scale_factor"),
        (
            {"size": 2, "mode": "linear"},
            NotImplementedError,
            "Got 4D input, but linear mode needs 3D",
        ),
        ({"size": 2, "mode": "some"}, NotImplementedError, "Only 3D, 4D and 5D input"),
        ({"size": 2, "align_corners": True}, ValueError, "align_corners option can only be set"),
        ({"size": (2, 2, 2)}, ValueError, "same number of spatial dimensions"),
    ],
)
def test_interpolate_says_what_it_wants(given, error, message):
    with pytest.raises(error, match=message):
        F.interpolate(leaf(1, 2, 4, 4), **given)


def test_same_padding_puts_the_odd_element_last():
    x, w = leaf(1, 2, 6), leaf(3, 2, 4)
    expected = F.conv1d(F.pad(x, (1, 2)), w)
    assert np.allclose(F.conv1d(x, w, padding="same").tolist(), expected.tolist())


def test_infinity_stays_where_it_is():
    row = ag.tensor([[[1.0, INF, 2.0, 3.0, 4.0, 5.0]]])
    assert F.avg_pool1d(row, 2).tolist() == [[[INF, 2.5, 4.5]]]
    assert F.interpolate(row, 12).tolist()[0][0][:6] == [1.0, 1.0, INF, INF, 2.0, 2.0]
    assert F.adaptive_avg_pool1d(row, 4).tolist() == [[[INF, INF, 3.5, 4.5]]]


def test_a_nan_wins_a_maximum_and_gets_its_gradient():
    x = ag.tensor([[[1.0, NAN, 3.0, 0.0, 4.0, 2.0]]], requires_grad=True)
    values, indices = F.max_pool1d(x, 3, return_indices=True)
    assert math.isnan(values.tolist()[0][0][0])
    assert indices.tolist() == [[[1, 4]]]
    values.sum().backward()
    assert x.grad.tolist() == [[[0.0, 1.0, 0.0, 0.0, 1.0, 0.0]]]


def test_the_first_of_equal_maxima_gets_the_gradient():
    x = ag.ones(1, 1, 3, 3).requires_grad_()
    F.max_pool2d(x, 2, stride=1).sum().backward()
    assert x.grad.tolist() == [[[[1.0, 1.0, 0.0], [1.0, 1.0, 0.0], [0.0, 0.0, 0.0]]]]


def test_the_result_is_a_tensor_of_its_own():
    x = ag.ones(1, 1, 4)
    for result in (
        F.pad(x, (0, 0)),
        F.pad(x, (-1, 0)),
        F.interpolate(x, 4),
        F.avg_pool1d(x, 1),
        F.max_pool1d(x, 1),
    ):
        result.add_(1.0)
        assert x.tolist() == [[[1.0] * 4]]


def test_the_gradient_of_a_convolution_is_adjoint_to_it():
    x, w = leaf(2, 4, 7, 6), leaf(6, 2, 3, 2)
    y = F.conv2d(x, w, stride=(2, 1), padding=(1, 0), dilation=(1, 2), groups=2)
    g = leaf(*y.shape).detach()
    gx, gw = ag.autograd.grad(y, (x, w), g)
    product = float((y * g).sum())
    assert float((gx * x).sum()) == pytest.approx(product)
    assert float((gw * w).sum()) == pytest.approx(product)


def test_a_transposed_convolution_undoes_the_shape():
    x, w = leaf(1, 3, 8, 8), leaf(4, 3, 3, 3)
    y = F.conv2d(x, w, stride=2, padding=1)
    back = F.conv_transpose2d(y, w, stride=2, padding=1, output_padding=1)
    assert back.shape == x.shape
