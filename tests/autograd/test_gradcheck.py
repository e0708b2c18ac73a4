"""gradcheck and gradgradcheck: what passes, what fails, and what they say."""

import pytest

import autograd_core as ag


def leaf(lib, *values, dtype=None):
    return lib.tensor(list(values), dtype=dtype or lib.float64, requires_grad=True)


def wrong_of(lib, factor=3.0):
    class Wrong(lib.autograd.Function):
        @staticmethod
        def forward(ctx, x):
            ctx.save_for_backward(x)
            return x * x

        @staticmethod
        def backward(ctx, g):
            (x,) = ctx.saved_tensors
            return factor * x * g

    return Wrong.apply


def test_passes(lib):
    x, y = leaf(lib, 1.0, 2.0), leaf(lib, 3.0, 4.0)
    assert lib.autograd.gradcheck(lambda x, y: (x * y, x.exp()), (x, y))
    assert lib.autograd.gradcheck(lambda x: x.sum(), x)
    assert lib.autograd.gradcheck(lambda x: x * x, (x,), fast_mode=True)
    assert lib.autograd.gradcheck(lambda x: x * x, (x,), check_forward_ad=True)
    assert lib.autograd.gradcheck(
        lambda x: x * x, (x,), check_forward_ad=True, check_backward_ad=False
    )
    assert lib.autograd.gradcheck(
        lambda x: x * x, (x,), check_grad_dtypes=True, check_batched_grad=True
    )
    assert x.tolist() == [1.0, 2.0]
    assert x.grad is None


def test_fails(lib):
    x = leaf(lib, 1.0, 2.0)
    with pytest.raises(
        RuntimeError, match="Jacobian mismatch for output 0 with respect to input 0"
    ):
        lib.autograd.gradcheck(wrong_of(lib), x)
    with pytest.raises(RuntimeError, match=r"numerical:(.|\n)*analytical:"):
        lib.autograd.gradcheck(wrong_of(lib), x, fast_mode=True)
    assert lib.autograd.gradcheck(wrong_of(lib), x, raise_exception=False) is False
    assert issubclass(lib.autograd.gradcheck.__globals__["GradcheckError"], RuntimeError)


def test_the_message_has_both_jacobians():
    x = leaf(ag, 1.0, 2.0)
    with pytest.raises(ag.autograd.GradcheckError) as caught:
        ag.autograd.gradcheck(wrong_of(ag), x)
    text = str(caught.value)
    assert "numerical:tensor([[2.0000, 0.0000]" in text or "numerical:tensor([[2., 0.]" in text
    assert "analytical:tensor([[3., 0.]," in text
    assert "input element (1,), output element (1,)" in text


def test_which_pair_fails():
    def f(a, b):
        return a * b, wrong_of(ag)(b)

    with pytest.raises(RuntimeError, match="for output 1 with respect to input 1"):
        ag.autograd.gradcheck(f, (leaf(ag, 1.0), leaf(ag, 2.0)))


def test_a_small_error_is_found():
    assert not ag.autograd.gradcheck(wrong_of(ag, 2.01), leaf(ag, 1.0), raise_exception=False)
    assert ag.autograd.gradcheck(wrong_of(ag, 2.0001), leaf(ag, 1.0))
    assert not ag.autograd.gradcheck(
        wrong_of(ag, 2.0001), leaf(ag, 1.0), rtol=1e-6, atol=1e-7, raise_exception=False
    )


def test_float32_warns(lib):
    x = leaf(lib, 1.0, 2.0, dtype=lib.float32)
    with pytest.warns(UserWarning, match="is not a double precision floating point"):
        lib.autograd.gradcheck(lambda x: x * x, x, eps=1e-2, atol=1e-1, rtol=1e-1)


def test_nothing_requires_grad(lib):
    with pytest.raises(ValueError, match="at least one input tensor to require gradient"):
        lib.autograd.gradcheck(lambda x: x * x, lib.tensor([1.0], dtype=lib.float64))
    with pytest.raises(
        (ValueError, AssertionError), match="at least one of check_forward_ad or check_backward_ad"
    ):
        lib.autograd.gradcheck(lambda x: x * x, leaf(lib, 1.0), check_backward_ad=False)


def test_other_arguments_are_handed_through(lib):
    x = leaf(lib, 1.0, 2.0)
    assert lib.autograd.gradcheck(lambda x, k, flag: x * k, (x, 3.0, "flag"))


def test_outputs_that_do_not_depend(lib):
    x, y = leaf(lib, 1.0, 2.0), leaf(lib, 1.0)
    assert lib.autograd.gradcheck(lambda x, y: x * x, (x, y))
    assert lib.autograd.gradcheck(lambda x: (x * x, lib.ones(1, dtype=lib.float64)), (x,))


def test_a_cut_graph_is_found(lib):
    x = leaf(lib, 1.0, 2.0)
    assert not lib.autograd.gradcheck(lambda x: x * x.detach(), x, raise_exception=False)
    assert not lib.autograd.gradcheck(lambda x: x.detach() * 2, x, raise_exception=False)


def test_no_elements(lib):
    x = lib.zeros(0, dtype=lib.float64, requires_grad=True)
    assert lib.autograd.gradcheck(lambda x: x * x, x)


def test_zero_dimensions(lib):
    x = lib.tensor(3.0, dtype=lib.float64, requires_grad=True)
    assert lib.autograd.gradcheck(lambda x: x * x, x)
    assert lib.autograd.gradgradcheck(lambda x: x * x * x, x)


def test_not_deterministic(lib):
    count = []

    class Drifting(lib.autograd.Function):
        @staticmethod
        def forward(ctx, x):
            return x * 2

        @staticmethod
        def backward(ctx, g):
            count.append(1)
            return g * (2 + 1e-7 * len(count))

    x = leaf(lib, 1.0)
    with pytest.raises(RuntimeError, match="not reentrant"):
        lib.autograd.gradcheck(Drifting.apply, x)
    assert lib.autograd.gradcheck(Drifting.apply, x, nondet_tol=1e-3)


def test_undefined_gradients(lib):
    class Assumes(lib.autograd.Function):
        @staticmethod
        def forward(ctx, x):
            ctx.set_materialize_grads(False)
            return x * 2, x * 3

        @staticmethod
        def backward(ctx, a, b):
            if a is None or b is None:
                return lib.ones(1, dtype=lib.float64) * 100
            return 2 * a + 3 * b

    x = leaf(lib, 1.0)
    with pytest.raises(RuntimeError):
        lib.autograd.gradcheck(Assumes.apply, x)


@pytest.mark.parametrize("bad", [float("nan"), float("inf")])
def test_what_is_not_finite(bad):
    x = leaf(ag, 1.0, bad, 3.0)
    with pytest.raises(
        ag.autograd.GradcheckError,
        match=rf"gradcheck got {bad} in input 0 at index \(1,\).*finite differences would be NaN",
    ):
        ag.autograd.gradcheck(lambda x: x * x, x)
    with pytest.raises(ag.autograd.GradcheckError, match="in output 0 of the function"):
        ag.autograd.gradcheck(lambda x: x * bad, leaf(ag, 1.0))


def test_overlapping_input(lib):
    x = lib.ones(1, dtype=lib.float64).expand(3).detach().requires_grad_()
    with pytest.raises(RuntimeError, match="stride 0"):
        lib.autograd.gradcheck(lambda x: x * x, x)


def test_gradgradcheck(lib):
    x, y = leaf(lib, 1.0, 2.0), leaf(lib, 3.0, 4.0)
    assert lib.autograd.gradgradcheck(lambda x, y: x * y * y, (x, y))
    assert lib.autograd.gradgradcheck(lambda x: x.exp(), x, leaf(lib, 0.5, 0.7))
    assert lib.autograd.gradgradcheck(lambda x: x.exp(), x, gen_non_contig_grad_outputs=True)
    assert lib.autograd.gradgradcheck(lambda x: x * x, x, fast_mode=True)
    assert lib.autograd.gradgradcheck(lambda x: x * x * x, x, check_fwd_over_rev=True)


def test_gradgradcheck_fails(lib):
    class Half(lib.autograd.Function):
        """The first gradient is right, the second is not."""

        @staticmethod
        def forward(ctx, x):
            ctx.save_for_backward(x)
            return x * x

        @staticmethod
        def backward(ctx, g):
            (x,) = ctx.saved_tensors
            return 2 * x.detach() * g

    x = leaf(lib, 1.0, 2.0)
    assert lib.autograd.gradcheck(Half.apply, x)
    with pytest.raises(RuntimeError, match="Jacobian mismatch"):
        lib.autograd.gradgradcheck(Half.apply, x)


@pytest.mark.parametrize("fast", [False, True])
def test_complex_numbers(fast):
    x = ag.tensor([1.0 + 2.0j, 0.5 - 1.0j], dtype=ag.complex128).requires_grad_()

    class Turn(ag.autograd.Function):
        """Multiply by i: the gradient is multiplied by -i."""

        @staticmethod
        def forward(ctx, x, sign):
            ctx.sign = sign
            return x * 1j

        @staticmethod
        def backward(ctx, g):
            return g * (ctx.sign * 1j), None

    assert ag.autograd.gradcheck(lambda x: x * x + x.exp(), x, fast_mode=fast)
    assert ag.autograd.gradcheck(Turn.apply, (x, -1), fast_mode=fast)
    assert not ag.autograd.gradcheck(Turn.apply, (x, 1), fast_mode=fast, raise_exception=False)
