"""Custom functions: the same test bodies on this library and on PyTorch."""

import pytest


def leaf(lib, *values, dtype=None):
    return lib.tensor(list(values), dtype=dtype or lib.float64, requires_grad=True)


def square_of(lib):
    class Square(lib.autograd.Function):
        @staticmethod
        def forward(ctx, x):
            ctx.save_for_backward(x)
            return x * x

        @staticmethod
        def backward(ctx, g):
            (x,) = ctx.saved_tensors
            return 2 * x * g

    return Square


def test_forward_and_backward(lib):
    x = leaf(lib, 1.0, 2.0)
    y = square_of(lib).apply(x)
    assert y.tolist() == [1.0, 4.0]
    assert y.grad_fn.name() == "SquareBackward"
    assert type(y.grad_fn).__name__ == "SquareBackward"
    ((node, number),) = y.grad_fn.next_functions
    assert type(node).__name__ == "AccumulateGrad"
    assert node.variable is x
    assert number == 0
    y.backward(lib.tensor([1.0, 10.0], dtype=lib.float64))
    assert x.grad.tolist() == [2.0, 40.0]


def test_double_backward(lib):
    x = leaf(lib, 3.0)
    y = square_of(lib).apply(x) * x
    (first,) = lib.autograd.grad(y, x, create_graph=True)
    (second,) = lib.autograd.grad(first, x, create_graph=True)
    (third,) = lib.autograd.grad(second, x)
    assert [first.item(), second.item(), third.item()] == [27.0, 18.0, 6.0]


def test_saved_output_takes_part_in_double_backward(lib):
    class Exp(lib.autograd.Function):
        @staticmethod
        def forward(ctx, x):
            y = x.exp()
            ctx.save_for_backward(y)
            return y

        @staticmethod
        def backward(ctx, g):
            (y,) = ctx.saved_tensors
            assert y.grad_fn.name() == "ExpBackward"
            return g * y

    x = leaf(lib, 0.5)
    y = Exp.apply(x)
    (first,) = lib.autograd.grad(y, x, create_graph=True)
    (second,) = lib.autograd.grad(first, x)
    assert second.item() == pytest.approx(y.item())


def test_saved_intermediate_is_a_constant(lib):
    class Cube(lib.autograd.Function):
        @staticmethod
        def forward(ctx, x):
            squared = x * x
            ctx.save_for_backward(squared)
            return squared * x

        @staticmethod
        def backward(ctx, g):
            (squared,) = ctx.saved_tensors
            assert not squared.requires_grad
            return 3 * squared * g

    x = leaf(lib, 2.0)
    (first,) = lib.autograd.grad(Cube.apply(x), x, create_graph=True)
    assert first.item() == 12.0
    assert not first.requires_grad


def test_setup_context(lib):
    class Scale(lib.autograd.Function):
        @staticmethod
        def forward(x, factor):
            return x * factor

        @staticmethod
        def setup_context(ctx, inputs, output):
            x, factor = inputs
            ctx.factor = factor
            ctx.save_for_backward(x, output)

        @staticmethod
        def backward(ctx, g):
            x, output = ctx.saved_tensors
            assert output.tolist() == [v * ctx.factor for v in x.tolist()]
            return g * ctx.factor, None

    x = leaf(lib, 1.0, 2.0)
    y = Scale.apply(x, 3.0)
    assert y.grad_fn.factor == 3.0
    y.sum().backward()
    assert x.grad.tolist() == [3.0, 3.0]


def test_needs_input_grad_and_none(lib):
    seen = []

    class Mul(lib.autograd.Function):
        @staticmethod
        def forward(ctx, a, b, flag):
            ctx.save_for_backward(a, b)
            return a * b

        @staticmethod
        def backward(ctx, g):
            seen.append(ctx.needs_input_grad)
            a, b = ctx.saved_tensors
            return g * b, g * a, None

    a, b = leaf(lib, 2.0), lib.tensor([5.0], dtype=lib.float64)
    Mul.apply(a, b, "flag").sum().backward()
    assert seen == [(True, False, False)]
    assert a.grad.item() == 5.0
    assert b.grad is None


def test_needs_input_grad_in_forward(lib):
    class Probe(lib.autograd.Function):
        @staticmethod
        def forward(ctx, a, b):
            assert ctx.needs_input_grad == (False, True)
            assert not lib.is_grad_enabled()
            return a + b

        @staticmethod
        def backward(ctx, g):
            assert not lib.is_grad_enabled()
            return None, g

    b = leaf(lib, 1.0)
    Probe.apply(lib.tensor([1.0], dtype=lib.float64), b).sum().backward()
    assert b.grad.item() == 1.0


def test_grad_mode_in_backward_follows_create_graph(lib):
    seen = []

    class Probe(lib.autograd.Function):
        @staticmethod
        def forward(ctx, x):
            return x.clone()

        @staticmethod
        def backward(ctx, g):
            seen.append(lib.is_grad_enabled())
            return g

    x = leaf(lib, 1.0)
    y = Probe.apply(x).sum()
    y.backward(retain_graph=True)
    lib.autograd.grad(y, x, create_graph=True)
    assert seen == [False, True]


def test_several_outputs(lib):
    class Parts(lib.autograd.Function):
        @staticmethod
        def forward(ctx, x):
            return x * 2, x * 3

        @staticmethod
        def backward(ctx, a, b):
            return 2 * a + 3 * b

    x = leaf(lib, 1.0, 1.0)
    a, b = Parts.apply(x)
    assert (a.output_nr, b.output_nr) == (0, 1)
    assert a.grad_fn is b.grad_fn
    (a + 10 * b).sum().backward()
    assert x.grad.tolist() == [32.0, 32.0]


def test_unused_outputs_are_materialized(lib):
    seen = []

    class Parts(lib.autograd.Function):
        @staticmethod
        def forward(ctx, x):
            return x * 2, x * 3

        @staticmethod
        def backward(ctx, a, b):
            seen.append((a, b))
            return 2 * a

    x = leaf(lib, 1.0, 1.0)
    Parts.apply(x)[0].sum().backward()
    assert seen[0][1].tolist() == [0.0, 0.0]
    assert x.grad.tolist() == [2.0, 2.0]


def test_set_materialize_grads(lib):
    seen = []

    class Parts(lib.autograd.Function):
        @staticmethod
        def forward(ctx, x):
            ctx.set_materialize_grads(False)
            return x * 2, x * 3

        @staticmethod
        def backward(ctx, a, b):
            seen.append((a, b))
            return None if b is None else 3 * b

    x = leaf(lib, 1.0, 1.0)
    Parts.apply(x)[0].sum().backward()
    assert seen[0][1] is None
    assert x.grad is None


def test_mark_non_differentiable(lib):
    seen = []

    class Sorted(lib.autograd.Function):
        @staticmethod
        def forward(ctx, x):
            mask = x * 0
            ctx.mark_non_differentiable(mask)
            return x * 2, mask

        @staticmethod
        def backward(ctx, g, g_mask):
            seen.append(g_mask.tolist())
            return 2 * g

    x = leaf(lib, 1.0, 1.0)
    y, mask = Sorted.apply(x)
    assert y.requires_grad
    assert not mask.requires_grad
    y.sum().backward()
    assert seen == [[0.0, 0.0]]


def test_integer_outputs_do_not_require_grad(lib):
    class Cast(lib.autograd.Function):
        @staticmethod
        def forward(ctx, x):
            return x * 2, lib.tensor([1, 2])

        @staticmethod
        def backward(ctx, g, other):
            return 2 * g

    y, index = Cast.apply(leaf(lib, 1.0, 1.0))
    assert y.requires_grad
    assert not index.requires_grad


def test_wrong_number_of_gradients(lib):
    class Two(lib.autograd.Function):
        @staticmethod
        def forward(ctx, a, b):
            return a + b

        @staticmethod
        def backward(ctx, g):
            return g

    y = Two.apply(leaf(lib, 1.0), leaf(lib, 1.0))
    with pytest.raises(
        RuntimeError, match=r"returned an incorrect number of gradients.*expected 2, got 1"
    ):
        y.sum().backward()


def test_too_many_gradients_are_fine_when_none(lib):
    class One(lib.autograd.Function):
        @staticmethod
        def forward(ctx, a):
            return a * 1

        @staticmethod
        def backward(ctx, g):
            return g, None, None

    x = leaf(lib, 1.0)
    One.apply(x).sum().backward()
    assert x.grad.item() == 1.0


def test_too_many_gradients(lib):
    class One(lib.autograd.Function):
        @staticmethod
        def forward(ctx, a):
            return a * 1

        @staticmethod
        def backward(ctx, g):
            return g, g

    with pytest.raises(RuntimeError, match=r"incorrect number of gradients.*expected 1, got 2"):
        One.apply(leaf(lib, 1.0)).sum().backward()


def test_gradient_of_the_wrong_shape(lib):
    class Bad(lib.autograd.Function):
        @staticmethod
        def forward(ctx, a):
            return a * 1

        @staticmethod
        def backward(ctx, g):
            return lib.ones(5, dtype=lib.float64)

    with pytest.raises(
        RuntimeError,
        match=r"returned an invalid gradient at index 0 - got \[5\] but expected shape "
        r"compatible with \[2\]",
    ):
        Bad.apply(leaf(lib, 1.0, 2.0)).sum().backward()


def test_broadcast_gradient_is_summed(lib):
    class AddScalar(lib.autograd.Function):
        @staticmethod
        def forward(ctx, a, b):
            return a + b

        @staticmethod
        def backward(ctx, g):
            return g, g

    a, b = leaf(lib, 1.0, 2.0, 3.0), leaf(lib, 1.0)
    AddScalar.apply(a, b).sum().backward()
    assert b.grad.tolist() == [3.0]


def test_gradient_is_cast_to_the_input(lib):
    class Up(lib.autograd.Function):
        @staticmethod
        def forward(ctx, a):
            return a.double()

        @staticmethod
        def backward(ctx, g):
            return g

    x = leaf(lib, 1.0, dtype=lib.float32)
    Up.apply(x).sum().backward()
    assert x.grad.dtype == lib.float32


def test_gradient_for_something_that_is_no_tensor(lib):
    class Scale(lib.autograd.Function):
        @staticmethod
        def forward(ctx, a, k):
            return a * k

        @staticmethod
        def backward(ctx, g):
            return g, g

    with pytest.raises(RuntimeError, match="a gradient different than None at position 2"):
        Scale.apply(leaf(lib, 1.0), 2.0).sum().backward()


def test_a_gradient_that_is_no_tensor(lib):
    class Bad(lib.autograd.Function):
        @staticmethod
        def forward(ctx, a):
            return a * 1

        @staticmethod
        def backward(ctx, g):
            return 1.0

    with pytest.raises((TypeError, RuntimeError), match="float"):
        Bad.apply(leaf(lib, 1.0)).sum().backward()


def test_gradient_for_an_input_that_needs_none_is_ignored(lib):
    class Mul(lib.autograd.Function):
        @staticmethod
        def forward(ctx, a, b):
            return a * b

        @staticmethod
        def backward(ctx, g):
            return g, g

    a, b = leaf(lib, 1.0), lib.tensor([2.0], dtype=lib.float64)
    Mul.apply(a, b).sum().backward()
    assert a.grad.item() == 1.0
    assert b.grad is None


def test_once_differentiable(lib):
    class Once(lib.autograd.Function):
        @staticmethod
        def forward(ctx, x):
            ctx.save_for_backward(x)
            return x * x

        @staticmethod
        @lib.autograd.function.once_differentiable
        def backward(ctx, g):
            (x,) = ctx.saved_tensors
            return 2 * x * g

    x, v = leaf(lib, 3.0), leaf(lib, 1.0)
    (first,) = lib.autograd.grad(Once.apply(x), x, v, create_graph=True)
    assert first.item() == 6.0
    with pytest.raises(RuntimeError, match="marked with @once_differentiable"):
        first.backward()


def test_unimplemented(lib):
    class Nothing(lib.autograd.Function):
        @staticmethod
        def forward(ctx, x):
            return x * 2

    y = Nothing.apply(leaf(lib, 1.0))
    with pytest.raises(NotImplementedError, match="You must implement either the backward or vjp"):
        y.backward()

    class Less(lib.autograd.Function):
        pass

    with pytest.raises(NotImplementedError, match="You must implement the forward function"):
        Less.apply(leaf(lib, 1.0))


def test_no_graph_without_need(lib):
    Square = square_of(lib)
    assert not Square.apply(lib.tensor([1.0])).requires_grad
    with lib.no_grad():
        assert not Square.apply(leaf(lib, 1.0)).requires_grad


def test_outputs_that_are_no_tensors(lib):
    class Mixed(lib.autograd.Function):
        @staticmethod
        def forward(ctx, x):
            return x * 2, "text", None

        @staticmethod
        def backward(ctx, g, *others):
            assert others == (None, None)
            return 2 * g

    x = leaf(lib, 1.0)
    y, text, nothing = Mixed.apply(x)
    assert (text, nothing) == ("text", None)
    y.backward()
    assert x.grad.item() == 2.0


def test_arguments_in_lists_are_not_tracked(lib):
    class Sum(lib.autograd.Function):
        @staticmethod
        def forward(ctx, tensors, x):
            return tensors[0] + x

        @staticmethod
        def backward(ctx, g):
            return None, g

    a, x = leaf(lib, 1.0), leaf(lib, 2.0)
    y = Sum.apply([a], x)
    y.backward()
    assert x.grad.item() == 1.0
    assert a.grad is None


def test_same_tensor_twice(lib):
    class Mul(lib.autograd.Function):
        @staticmethod
        def forward(ctx, a, b):
            ctx.save_for_backward(a, b)
            return a * b

        @staticmethod
        def backward(ctx, g):
            a, b = ctx.saved_tensors
            return g * b, g * a

    x = leaf(lib, 3.0)
    Mul.apply(x, x).backward()
    assert x.grad.item() == 6.0


def test_nested_backward_inside_backward(lib):
    class Inner(lib.autograd.Function):
        @staticmethod
        def forward(ctx, x):
            ctx.save_for_backward(x)
            return x * x * x

        @staticmethod
        def backward(ctx, g):
            (x,) = ctx.saved_tensors
            with lib.enable_grad():
                y = x.detach().requires_grad_()
                (y * y * y).backward(g)
            return y.grad

    x = leaf(lib, 2.0)
    (Inner.apply(x) * 2).backward()
    assert x.grad.item() == 24.0


def test_checkpoint_shape(lib):
    """Recompute the forward in backward, as checkpointing does."""

    class Checkpoint(lib.autograd.Function):
        @staticmethod
        def forward(ctx, fn, x):
            ctx.fn = fn
            ctx.save_for_backward(x)
            return fn(x)

        @staticmethod
        def backward(ctx, g):
            (x,) = ctx.saved_tensors
            with lib.enable_grad():
                again = x.detach().requires_grad_()
                out = ctx.fn(again)
            lib.autograd.backward(out, g)
            return None, again.grad

    weight = leaf(lib, 4.0)
    x = leaf(lib, 2.0)
    Checkpoint.apply(lambda v: v * weight, x * 1).backward()
    assert x.grad.item() == 4.0
    assert weight.grad.item() == 2.0


def test_vjp_is_another_name_for_backward(lib):
    class Twice(lib.autograd.Function):
        @staticmethod
        def forward(ctx, x):
            return x * 2

        @staticmethod
        def vjp(ctx, g):
            return 2 * g

    x = leaf(lib, 1.0)
    Twice.apply(x).backward()
    assert x.grad.item() == 2.0


def test_function_can_not_be_called(lib):
    with pytest.warns(DeprecationWarning, match="should not be instantiated"):
        made = square_of(lib)()
    with pytest.raises(RuntimeError, match="Legacy autograd function"):
        made(leaf(lib, 1.0))
