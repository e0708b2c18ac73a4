"""Custom functions in the graph: in-place writes, views, what is saved and freed, hooks."""

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
