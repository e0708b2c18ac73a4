"""Custom functions: the same test bodies on this library and on PyTorch."""

import gc
import weakref

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


def test_mark_dirty(lib):
    class Double(lib.autograd.Function):
        @staticmethod
        def forward(ctx, x):
            x.mul_(2)
            ctx.mark_dirty(x)
            return x

        @staticmethod
        def backward(ctx, g):
            return 2 * g

    x = leaf(lib, 1.0, 2.0)
    y = x * 1
    z = Double.apply(y)
    assert z is y
    assert y._version == 2  # the write, and mark_dirty
    assert y.grad_fn.name() == "DoubleBackward"
    z.sum().backward()
    assert x.grad.tolist() == [2.0, 2.0]


def test_mark_dirty_of_a_leaf_is_refused(lib):
    class Double(lib.autograd.Function):
        @staticmethod
        def forward(ctx, x):
            ctx.mark_dirty(x)
            return x.mul_(2)

        @staticmethod
        def backward(ctx, g):
            return 2 * g

    with pytest.raises(RuntimeError, match="leaf Variable that requires grad"):
        Double.apply(leaf(lib, 1.0))


def test_mark_dirty_of_a_constant_joins_the_graph(lib):
    class AddTo(lib.autograd.Function):
        @staticmethod
        def forward(ctx, target, x):
            ctx.mark_dirty(target)
            target.add_(x)
            return target

        @staticmethod
        def backward(ctx, g):
            return g, g

    target = lib.zeros(2, dtype=lib.float64)
    x = leaf(lib, 1.0, 2.0)
    AddTo.apply(target, x)
    assert target.requires_grad
    (target * 3).sum().backward()
    assert x.grad.tolist() == [3.0, 3.0]


def test_dirty_view_changes_its_base(lib):
    class Double(lib.autograd.Function):
        @staticmethod
        def forward(ctx, x):
            ctx.mark_dirty(x)
            return x.mul_(2)

        @staticmethod
        def backward(ctx, g):
            return 2 * g

    x = leaf(lib, 1.0, 2.0)
    base = x * 1
    Double.apply(base[0:1])
    assert base.tolist() == [2.0, 2.0]
    base.sum().backward()
    assert x.grad.tolist() == [2.0, 1.0]


def test_input_returned_as_it_is(lib):
    class Same(lib.autograd.Function):
        @staticmethod
        def forward(ctx, x):
            return x

        @staticmethod
        def backward(ctx, g):
            return 5 * g

    x = leaf(lib, 1.0, 2.0)
    y = Same.apply(x)
    assert y is not x
    assert x.is_leaf
    assert y.grad_fn.name() == "SameBackward"
    assert y.data_ptr() == x.data_ptr()
    y.sum().backward()
    assert x.grad.tolist() == [5.0, 5.0]


def test_view_of_an_input_can_be_returned_but_not_written_to(lib):
    class First(lib.autograd.Function):
        @staticmethod
        def forward(ctx, x):
            return x[0:1]

        @staticmethod
        def backward(ctx, g):
            return lib.cat([7 * g, 0 * g])

    x = leaf(lib, 1.0, 2.0)
    base = x * 1
    y = First.apply(base)
    assert y.grad_fn.name() == "FirstBackward"
    with pytest.raises(RuntimeError, match="custom Function"):
        y.mul_(2)
    y.sum().backward()
    assert x.grad.tolist() == [7.0, 0.0]


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


def test_modified_saved_tensor(lib):
    x = leaf(lib, 1.0, 2.0)
    y = x * 1
    z = square_of(lib).apply(y)
    y.add_(1)
    with pytest.raises(RuntimeError, match="modified by an inplace operation"):
        z.sum().backward()


def test_saved_tensors_are_freed(lib):
    x = leaf(lib, 1.0)
    y = square_of(lib).apply(x)
    y.backward()
    with pytest.raises(RuntimeError, match="backward through the graph a second time"):
        y.backward()
    with pytest.raises(RuntimeError, match="after they have already been freed"):
        y.grad_fn.saved_tensors


def test_a_function_that_saves_nothing_can_run_twice(lib):
    class Twice(lib.autograd.Function):
        @staticmethod
        def forward(ctx, x):
            return x * 2

        @staticmethod
        def backward(ctx, g):
            return 2 * g

    x = leaf(lib, 1.0)
    y = Twice.apply(x)
    y.backward()
    y.backward()
    assert x.grad.item() == 4.0


def test_only_tensors_can_be_saved(lib):
    class Bad(lib.autograd.Function):
        @staticmethod
        def forward(ctx, x):
            ctx.save_for_backward(3)
            return x * 2

    with pytest.raises(
        TypeError, match="save_for_backward can only save variables, but argument 0 is of type int"
    ):
        Bad.apply(leaf(lib, 1.0))


def test_none_can_be_saved(lib):
    class Fine(lib.autograd.Function):
        @staticmethod
        def forward(ctx, x):
            ctx.save_for_backward(None, x)
            return x * 2

        @staticmethod
        def backward(ctx, g):
            nothing, x = ctx.saved_tensors
            assert nothing is None
            return g * x

    x = leaf(lib, 3.0)
    Fine.apply(x).backward()
    assert x.grad.item() == 3.0


def test_attributes_stay_on_the_node(lib):
    class Note(lib.autograd.Function):
        @staticmethod
        def forward(ctx, x):
            ctx.note = {"a": 1}
            return x * 2

        @staticmethod
        def backward(ctx, g):
            ctx.note["b"] = 2
            return 2 * g

    y = Note.apply(leaf(lib, 1.0))
    y.backward()
    assert y.grad_fn.note == {"a": 1, "b": 2}


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


def test_exception_in_backward(lib):
    class Fails(lib.autograd.Function):
        @staticmethod
        def forward(ctx, x):
            return x * 2

        @staticmethod
        def backward(ctx, g):
            raise KeyError("inside")

    x = leaf(lib, 1.0)
    z = (Fails.apply(x) * 3).sum()
    with pytest.raises(KeyError, match="inside"):
        z.backward()
    assert lib.is_grad_enabled()
    assert x.grad is None
    (x * 2).sum().backward()
    assert x.grad.item() == 2.0


def test_exception_in_forward(lib):
    class Fails(lib.autograd.Function):
        @staticmethod
        def forward(ctx, x):
            raise KeyError("inside")

    with pytest.raises(KeyError):
        Fails.apply(leaf(lib, 1.0))
    assert lib.is_grad_enabled()


def test_hooks_on_the_node(lib):
    seen = []
    x = leaf(lib, 3.0)
    y = square_of(lib).apply(x)
    y.grad_fn.register_prehook(lambda grads: (grads[0] * 10,))
    y.grad_fn.register_hook(
        lambda inputs, outputs: seen.append((inputs[0].item(), outputs[0].item()))
    )
    y.backward()
    assert seen == [(60.0, 10.0)]
    assert x.grad.item() == 60.0


def test_saved_tensor_hooks_see_what_is_saved(lib):
    packed = []
    x = leaf(lib, 3.0)
    with lib.autograd.graph.saved_tensors_hooks(
        lambda t: packed.append(t.tolist()) or t, lambda t: t
    ):
        y = square_of(lib).apply(x)
    assert packed[-1] == [3.0]
    y.backward()
    assert x.grad.item() == 6.0


def test_graph_is_freed_by_reference_counting(lib):
    x = leaf(lib, 3.0)
    gc.collect()
    gc.disable()
    try:
        kept = x * 2
        alive = weakref.ref(kept)
        y = square_of(lib).apply(kept)
        del kept
        assert alive() is not None or lib.__name__ == "torch"
        del y
        assert alive() is None
    finally:
        gc.enable()


def test_saved_output_makes_no_cycle(lib):
    class Exp(lib.autograd.Function):
        @staticmethod
        def forward(ctx, x):
            y = x.exp()
            ctx.save_for_backward(y)
            return y

        @staticmethod
        def backward(ctx, g):
            return g * ctx.saved_tensors[0]

    gc.collect()
    gc.disable()
    try:
        y = Exp.apply(leaf(lib, 3.0))
        alive = weakref.ref(y)
        del y
        assert alive() is None
    finally:
        gc.enable()


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


def test_forward_mode(lib):
    class Square(lib.autograd.Function):
        @staticmethod
        def forward(ctx, x, k):
            ctx.save_for_forward(x)
            ctx.k = k
            return x * x * k

        @staticmethod
        def jvp(ctx, t, _):
            (x,) = ctx.saved_tensors
            return 2 * x * t * ctx.k

    fw = lib.autograd.forward_ad
    with fw.dual_level():
        dual = fw.make_dual(lib.tensor([3.0]), lib.tensor([10.0]))
        out = fw.unpack_dual(Square.apply(dual, 2.0))
    assert out.primal.tolist() == [18.0]
    assert out.tangent.tolist() == [120.0]


def test_forward_mode_without_a_rule(lib):
    fw = lib.autograd.forward_ad
    with fw.dual_level():
        dual = fw.make_dual(lib.tensor([3.0]), lib.tensor([10.0]))
        with pytest.raises(NotImplementedError, match="jvp"):
            square_of(lib).apply(dual)
