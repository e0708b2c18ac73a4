"""Bad input: one clear sentence with the values and the remedy, and nothing half-done."""

from __future__ import annotations

import numpy as np
import pytest

import autograd_core as ag
from autograd_core import errors, state

# what is done, the class, and words that the sentence must hold
CASES = {
    "shapes that don't broadcast": (
        lambda: ag.ones(2, 3) + ag.ones(2, 4),
        errors.ShapeError,
        ["size of tensor a (3)", "tensor b (4)", "dimension 1"],
    ),
    "a product of unfit matrices": (
        lambda: ag.ones(2, 3) @ ag.ones(4, 5),
        RuntimeError,
        ["mat1 and mat2 shapes cannot be multiplied (2x3 and 4x5)"],
    ),
    "a view of another size": (
        lambda: ag.ones(6).view(4, 2),
        RuntimeError,
        ["shape '[4, 2]' is invalid for input of size 6"],
    ),
    "a dimension out of range": (
        lambda: ag.ones(2, 3).sum(5),
        IndexError,
        ["Dimension out of range", "[-2, 1]", "5"],
    ),
    "an index out of bounds": (
        lambda: ag.ones(3)[5],
        IndexError,
        ["index 5 is out of bounds", "size 3"],
    ),
    "integers that require grad": (
        lambda: ag.tensor([1, 2], requires_grad=True),
        RuntimeError,
        ["floating point", "require gradients"],
    ),
    "an integer tensor told to require grad": (
        lambda: ag.tensor([1, 2]).requires_grad_(),
        RuntimeError,
        ["floating point", "torch.int64"],
    ),
    "a loss with many elements": (
        lambda: ag.ones(3, requires_grad=True).exp().backward(),
        errors.GradientError,
        ["only for scalar outputs", "(3,)", ".sum()"],
    ),
    "a gradient of the wrong shape": (
        lambda: ag.ones(3, requires_grad=True).exp().backward(ag.ones(2)),
        RuntimeError,
        ["Mismatch in shape", "[2]", "[3]"],
    ),
    "a .grad of the wrong shape": (
        lambda: setattr(ag.ones(3, requires_grad=True), "grad", ag.ones(2)),
        RuntimeError,
        ["grad", "3", "2"],
    ),
    "a loss without a graph": (
        lambda: ag.ones(()).backward(),
        errors.NoGradError,
        ["does not require grad", "requires_grad_()"],
    ),
    "an unknown device": (
        lambda: ag.ones(3, device="tpu"),
        errors.DeviceError,
        ["tpu", "cpu, cuda"],
    ),
    "mixed dtypes in a product": (
        lambda: ag.ones(2, 2) @ ag.ones(2, 2, dtype=ag.float64),
        RuntimeError,
        ["same dtype", "float", "double"],
    ),
    "an array in place of a tensor": (
        lambda: ag.sin(np.ones(3)),
        TypeError,
        ["sin()", "must be Tensor", "ndarray"],
    ),
    "text in place of numbers": (
        lambda: ag.tensor("text"),
        (TypeError, ValueError),
        ["str"],
    ),
    "NaN given to gradcheck": (
        lambda: ag.autograd.gradcheck(
            ag.exp, ag.tensor([1.0, float("nan")], dtype=ag.float64, requires_grad=True)
        ),
        (ValueError, RuntimeError),
        ["nan", "1"],
    ),
    "a leaf written in place": (
        lambda: ag.ones(3, requires_grad=True).add_(1),
        errors.InPlaceError,
        ["leaf Variable that requires grad", "no_grad()"],
    ),
}


@pytest.mark.parametrize("case", CASES, ids=str)
def test_one_clear_sentence(case):
    act, kind, words = CASES[case]
    before = (state.special, state.harmless)
    with pytest.raises(kind) as caught:
        act()
    message = str(caught.value)
    for word in words:
        assert word.lower() in message.lower()
    assert (state.special, state.harmless) == before


def test_without_a_gpu_the_sentence_says_what_to_do():
    if ag.cuda.is_available():
        pytest.skip("there is a GPU")
    with pytest.raises(errors.DeviceError, match=r"pip install|no NVIDIA|use device='cpu'"):
        ag.ones(3).cuda()


def test_a_failed_in_place_write_leaves_the_tensor_as_it_was():
    t = ag.ones(3, requires_grad=True).exp()
    fn, version, values = t.grad_fn, t._version, t.tolist()
    with pytest.raises(RuntimeError):
        t.add_(ag.ones(2, 3))
    assert (t.grad_fn, t._version, t.tolist()) == (fn, version, values)


def test_a_second_backward_names_the_line():
    x = ag.ones(3, requires_grad=True)
    loss = (x * x).sum()
    loss.backward()
    with pytest.raises(errors.GraphFreedError, match=r"test_bad_input\.py:\d+: loss = \(x \* x\)"):
        loss.backward()


def test_a_modified_saved_tensor_names_both_lines():
    x = ag.ones(3, requires_grad=True)
    a = x * 2
    b = a * a
    a.add_(1)
    with pytest.raises(errors.InPlaceError) as caught:
        b.sum().backward()
    assert "b = a * a" in str(caught.value)
    assert "a.add_(1)" in str(caught.value)


def test_an_exception_in_backward_names_the_forward_line_and_harms_nothing():
    class Fails(ag.autograd.Function):
        @staticmethod
        def forward(ctx, x):
            return x.clone()

        @staticmethod
        def backward(ctx, g):
            raise ZeroDivisionError("on purpose")

    x = ag.ones(3, requires_grad=True)
    with pytest.raises(ZeroDivisionError) as caught:
        Fails.apply(x).sum().backward()
    assert any("Fails.apply(x).sum()" in note for note in caught.value.__notes__)
    assert x.grad is None
    (x * 2).sum().backward()
    assert x.grad.tolist() == [2, 2, 2]
