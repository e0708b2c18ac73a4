"""Products: the graph they make, their errors, what they save."""

from __future__ import annotations

import numpy as np
import pytest

import autograd_core as ag
import autograd_core.nn.functional as F


def leaf(*shape):
    values = np.arange(1.0, 1.0 + int(np.prod(shape))).reshape(shape)
    return ag.tensor(values.tolist(), dtype=ag.float64).requires_grad_()


def graph(node, depth=4):
    """A node and its inputs as text: ``MmBackward0(AccumulateGrad, TBackward0(...))``."""
    if node is None:
        return "None"
    inputs = [graph(n, depth - 1) for n, _ in node.next_functions] if depth else []
    name = node.name().removeprefix("torch::autograd::").replace("AccumulateGrad", "leaf")
    return f"{name}({', '.join(inputs)})" if inputs else name


@pytest.mark.parametrize(
    ("compute", "expected"),
    [
        (lambda: leaf(2, 3) @ leaf(3, 4), "MmBackward0(leaf, leaf)"),
        (lambda: leaf(3) @ leaf(3), "DotBackward0(leaf, leaf)"),
        (lambda: leaf(2, 3) @ leaf(3), "MvBackward0(leaf, leaf)"),
        (
            lambda: leaf(2, 3, 4) @ leaf(4, 5),
            "UnsafeViewBackward0(MmBackward0(ViewBackward0(leaf), leaf))",
        ),
        (
            lambda: leaf(2, 3, 4) @ leaf(2, 4, 5),
            (
                "UnsafeViewBackward0(BmmBackward0(ViewBackward0(ExpandBackward0(leaf)), "
                "ViewBackward0(ExpandBackward0(leaf))))"
            ),
        ),
        (
            lambda: F.linear(leaf(2, 3), leaf(4, 3), leaf(4)),
            "AddmmBackward0(leaf, leaf, TBackward0(leaf))",
        ),
        (lambda: F.linear(leaf(2, 3), leaf(4, 3)), "MmBackward0(leaf, TBackward0(leaf))"),
        (
            lambda: F.linear(leaf(2, 5, 3), leaf(4, 3), leaf(4)),
            "ViewBackward0(AddmmBackward0(leaf, ViewBackward0(leaf), TBackward0(leaf)))",
        ),
        (lambda: ag.outer(leaf(2), leaf(3)), "MulBackward0(ViewBackward0(leaf), leaf)"),
        (
            lambda: ag.baddbmm(leaf(1), leaf(2, 3, 4), leaf(2, 4, 5)),
            "BaddbmmBackward0(leaf, leaf, leaf)",
        ),
        (
            lambda: ag.einsum("ij,jk->ik", leaf(2, 3), leaf(3, 4)),
            (
                "ViewBackward0(PermuteBackward0(ViewBackward0(BmmBackward0(ViewBackward0, "
                "ViewBackward0))))"
            ),
        ),
    ],
)
def test_nodes_are_pytorchs(compute, expected):
    assert graph(compute().grad_fn) == expected


@pytest.mark.parametrize(
    ("compute", "message"),
    [
        (
            lambda: leaf(2, 3) @ leaf(4, 5),
            r"mat1 and mat2 shapes cannot be multiplied \(2x3 and 4x5\)",
        ),
        (
            lambda: F.linear(leaf(2, 3), leaf(4, 5), leaf(4)),
            r"cannot be multiplied \(2x3 and 5x4\)",
        ),
        (
            lambda: leaf(3) @ leaf(4),
            (
                r"inconsistent tensor size, expected tensor \[3\] and src \[4\] to have the same "
                "number of elements, but got 3 and 4 elements respectively"
            ),
        ),
        (lambda: leaf(2, 3) @ leaf(4), r"size mismatch, got input \(2\), mat \(2x3\), vec \(4\)"),
        (lambda: leaf() @ leaf(3), "need to be at least 1D, but they are 0D and 1D"),
        (
            lambda: leaf(2, 3, 4) @ leaf(3, 4, 5),
            r"tensor a \(2\) must match the size of tensor b \(3\)",
        ),
        (lambda: ag.mm(leaf(3), leaf(3, 3)), "self must be a matrix"),
        (lambda: ag.bmm(leaf(2, 3, 3), leaf(3, 3, 3)), r"to be: \[2, 3\] but got: \[3, 3\]"),
        (
            lambda: leaf(2, 3) @ leaf(3, 4).float(),
            "m1 and m2 to have the same dtype, but got: double != float",
        ),
        (
            lambda: ag.addmm(leaf(5), leaf(2, 3), leaf(3, 4)),
            r"expanded size of the tensor \(4\) must match the existing",
        ),
        (
            lambda: ag.einsum("ij,jk", leaf(2, 3), leaf(4, 5)),
            "subscript j has size 4 for operand 1",
        ),
        (lambda: ag.einsum("ij->iz", leaf(2, 3)), "output subscript z does not appear"),
        (lambda: ag.einsum("ij,jk", leaf(2, 3)), "fewer operands were provided"),
        (lambda: ag.einsum("i$", leaf(2, 3)), "invalid subscript given at index 1"),
        (lambda: ag.tensordot(leaf(2, 3), leaf(4, 5), 1), "contracted dimensions need to match"),
    ],
)
def test_errors_are_pytorchs(compute, message):
    with pytest.raises(RuntimeError, match=message):
        compute()


def test_the_operator_wants_tensors():
    with pytest.raises(TypeError, match="unsupported operand"):
        leaf(2, 3) @ 2
    with pytest.raises(TypeError, match=r"mm\(\): argument 'mat2' \(position 2\) must be Tensor"):
        ag.mm(leaf(2, 3), 2)


def test_beta_zero_ignores_nan_in_the_summand():
    summand = ag.tensor([float("nan")])
    result = ag.addmm(summand, ag.ones(2, 3), ag.ones(3, 1), beta=0)
    assert result.tolist() == [[3.0], [3.0]]


def test_a_weight_may_change_when_its_gradient_does_not_need_it():
    x, w = ag.ones(2, 3), leaf(4, 3)
    y = F.linear(x.double(), w, leaf(4)).sum()  # x needs no gradient, so w is not saved
    with ag.no_grad():
        w.mul_(2.0)
    y.backward()
    assert w.grad.tolist() == [[2.0] * 3] * 4


def test_a_linear_weight_gets_a_gradient_in_its_own_layout():
    w = leaf(4, 3)
    F.linear(leaf(2, 3), w, leaf(4)).sum().backward()
    assert w.grad.is_contiguous()


def test_multi_dot_takes_the_cheap_order():
    tall, wide = leaf(6, 1), leaf(1, 6)
    product = ag.linalg.multi_dot([tall, wide, tall])
    assert tuple(product.shape) == (6, 1)
    inner = product.grad_fn.next_functions[1][0]
    assert inner.name() == "MmBackward0"  # wide @ tall first
    assert np.allclose(product.detach().numpy(), (tall @ (wide @ tall)).detach().numpy())
