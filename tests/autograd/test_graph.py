"""autograd.graph: edges, saved-tensor hooks, versions."""

import gc
import weakref

import pytest

import autograd_core as ag


def leaf(lib, *values):
    return lib.tensor(list(values), dtype=lib.float64, requires_grad=True)


def test_nodes_are_nodes(lib):
    Node = lib.autograd.graph.Node
    x = leaf(lib, 1.0)
    y = x * x
    assert isinstance(y.grad_fn, Node)
    assert isinstance(y.grad_fn.next_functions[0][0], Node)
    assert issubclass(type(y.grad_fn), Node)
    assert not isinstance(y, Node)


def test_gradient_edge_as_input(lib):
    x = leaf(lib, 2.0)
    y = x * x
    edge = lib.autograd.graph.get_gradient_edge(y)
    assert edge.node is y.grad_fn
    assert edge.output_nr == 0
    z = y * 3
    del y
    assert lib.autograd.grad(z, edge)[0].tolist() == [3.0]


def test_gradient_edge_of_a_leaf(lib):
    x = leaf(lib, 2.0)
    edge = lib.autograd.graph.get_gradient_edge(x)
    assert type(edge.node).__name__ == "AccumulateGrad"
    assert lib.autograd.grad(x * x, edge)[0].tolist() == [4.0]


def test_gradient_edge_as_output(lib):
    x = leaf(lib, 2.0)
    y = x * x
    edge = lib.autograd.graph.get_gradient_edge(y)
    del y
    one = lib.ones(1, dtype=lib.float64)
    assert lib.autograd.grad(edge, x, one)[0].tolist() == [4.0]


def test_gradient_edge_of_one_of_several_outputs(lib):
    x = leaf(lib, 1.0, 2.0, 3.0)
    a, b = x.split([1, 2])
    edge = lib.autograd.graph.get_gradient_edge(b)
    assert edge.output_nr == 1
    assert lib.autograd.grad((a.sum() + (b * b).sum()), edge)[0].tolist() == [4.0, 6.0]


def test_no_edge_without_requires_grad(lib):
    with pytest.raises(RuntimeError, match="not possible to get the gradient edge"):
        lib.autograd.graph.get_gradient_edge(lib.tensor([1.0]))


# ------------------------------------------------------------------ saved tensors


def test_saved_tensors_hooks(lib):
    packed, unpacked = [], []

    def pack(t):
        packed.append(t.tolist())
        return ("box", t.tolist())

    def unpack(box):
        unpacked.append(box[1])
        return lib.tensor(box[1], dtype=lib.float64) * 10

    a, b = leaf(lib, 2.0), leaf(lib, 3.0)
    with lib.autograd.graph.saved_tensors_hooks(pack, unpack):
        y = a * b
    assert sorted(packed) == [[2.0], [3.0]]
    assert unpacked == []
    y.backward()
    assert sorted(unpacked) == [[2.0], [3.0]]
    assert a.grad.tolist() == [30.0]
    assert b.grad.tolist() == [20.0]


def test_hooks_see_saved_outputs(lib):
    packed = []
    x = leaf(lib, 1.0)
    with lib.autograd.graph.saved_tensors_hooks(
        lambda t: packed.append(t.item()) or t, lambda t: t
    ):
        y = x.exp()
    assert packed == [y.item()]
    y.backward()
    assert x.grad.item() == pytest.approx(y.item())


def test_the_innermost_hooks_count(lib):
    seen = []
    x = leaf(lib, 1.0)
    hooks = lib.autograd.graph.saved_tensors_hooks
    with hooks(lambda t: seen.append("outer") or t, lambda t: t):
        with hooks(lambda t: seen.append("inner") or t, lambda t: t):
            x.exp()
        x.exp()
    x.exp()
    assert seen == ["inner", "outer"]


def test_hooks_and_double_backward(lib):
    x = leaf(lib, 3.0)
    with lib.autograd.graph.saved_tensors_hooks(
        lambda t: t.tolist(), lambda v: lib.tensor(v, dtype=lib.float64)
    ):
        y = x * x * x
        (first,) = lib.autograd.grad(y, x, create_graph=True)
        (second,) = lib.autograd.grad(first, x)
    assert first.item() == 27.0
    assert second.item() == 18.0


def test_pack_hook_may_not_write(lib):
    x = leaf(lib, 3.0)
    y = x * 2
    with (
        lib.autograd.graph.saved_tensors_hooks(lambda t: t.mul_(2), lambda t: t),
        pytest.raises(RuntimeError, match="pack hook is modifying its input in place"),
    ):
        y * y


def test_unpack_hook_must_return_a_tensor(lib):
    x = leaf(lib, 3.0)
    with lib.autograd.graph.saved_tensors_hooks(lambda t: t, lambda t: 3):
        y = x * x
    with pytest.raises(TypeError, match="unpack_hook expected to be a Tensor but got"):
        y.backward()


def test_hooks_let_go_of_the_tensor(lib):
    x = leaf(lib, 3.0)
    gc.collect()
    gc.disable()
    try:
        with lib.autograd.graph.saved_tensors_hooks(lambda t: t.tolist(), lambda v: lib.tensor(v)):
            inner = x * 2
            y = inner.sin()
        alive = weakref.ref(inner)
        del inner
        assert alive() is None
        assert y.requires_grad
    finally:
        gc.enable()


def test_packed_values_are_freed_after_backward(lib):
    class Box:
        pass

    boxes = []

    def pack(t):
        box = Box()
        box.value = t.tolist()
        boxes.append(weakref.ref(box))
        return box

    x = leaf(lib, 3.0)
    with lib.autograd.graph.saved_tensors_hooks(
        pack, lambda box: lib.tensor(box.value, dtype=lib.float64)
    ):
        y = x.sin()
    assert boxes[0]() is not None
    y.backward()
    assert boxes[0]() is None


def test_write_after_packing_is_not_seen(lib):
    x = leaf(lib, 3.0)
    inner = x * 1
    with lib.autograd.graph.saved_tensors_hooks(lambda t: t.clone(), lambda t: t):
        y = inner.sin()
    inner.mul_(100)
    y.backward()
    assert x.grad.item() == pytest.approx(-0.9899924966)


def test_save_on_cpu(lib):
    x = leaf(lib, 3.0)
    with lib.autograd.graph.save_on_cpu():
        y = x * x
    y.backward()
    assert x.grad.item() == 6.0


def test_disable_saved_tensors_hooks(lib):
    graph = lib.autograd.graph
    with (
        graph.disable_saved_tensors_hooks("not here"),
        pytest.raises(RuntimeError, match="not here"),
        graph.saved_tensors_hooks(lambda t: t, lambda t: t),
    ):
        pass
    with graph.saved_tensors_hooks(lambda t: t, lambda t: t):
        x = leaf(lib, 2.0)
        (x * x).backward()
    assert x.grad.item() == 4.0


def test_raw_saved_tensor_hooks(lib):
    x = leaf(lib, 3.0)
    y = x.sin()
    raw = y.grad_fn._raw_saved_self
    raw.register_hooks(lambda t: t.tolist(), lambda v: lib.tensor(v, dtype=lib.float64) * 0)
    with pytest.raises(RuntimeError, match="hooks have already been set"):
        raw.register_hooks(lambda t: t, lambda t: t)
    y.backward()
    assert x.grad.item() == 1.0
    with pytest.raises(RuntimeError, match="after it has been freed"):
        raw.register_hooks(lambda t: t, lambda t: t)


def test_raw_saved_output(lib):
    x = leaf(lib, 3.0)
    y = x.exp()
    y.grad_fn._raw_saved_result.register_hooks(
        lambda t: t.tolist(), lambda v: lib.tensor([7.0], dtype=lib.float64)
    )
    y.backward()
    assert x.grad.item() == 7.0


def test_raw_saved_tensors_of_a_custom_function(lib):
    class Square(lib.autograd.Function):
        @staticmethod
        def forward(ctx, x):
            ctx.save_for_backward(x)
            return x * x

        @staticmethod
        def backward(ctx, g):
            return 2 * ctx.saved_tensors[0] * g

    x = leaf(lib, 3.0)
    y = Square.apply(x)
    (raw,) = y.grad_fn._raw_saved_tensors
    raw.register_hooks(lambda t: t.tolist(), lambda v: lib.tensor([5.0], dtype=lib.float64))
    y.backward()
    assert x.grad.item() == 10.0


def test_saved_values_of_a_multi_output_node(lib):
    x = leaf(lib, 1.0, 3.0, 2.0)
    values, indices = x.max(0)
    node = values.grad_fn
    assert node._saved_indices.tolist() == 1
    assert not node._saved_indices.requires_grad
    assert indices.tolist() == 1


# ------------------------------------------------------------------ versions


def test_increment_version(lib):
    x = leaf(lib, 3.0)
    y = x * 1
    z = y * y
    lib.autograd.graph.increment_version(y)
    assert y._version == 1
    with pytest.raises(RuntimeError, match="modified by an inplace operation"):
        z.backward()
    lib.autograd.graph.increment_version([y, z])
    assert (y._version, z._version) == (2, 1)


def test_allow_mutation_on_saved_tensors(lib):
    x = leaf(lib, 3.0)
    with lib.autograd.graph.allow_mutation_on_saved_tensors():
        y = x * 1
        z = y * y
        y.mul_(100)
        z.backward()
    assert x.grad.item() == 6.0


def test_allow_mutation_of_results_and_views(lib):
    x = leaf(lib, 0.0, 0.0)
    with lib.autograd.graph.allow_mutation_on_saved_tensors():
        y = x.exp()
        z = y * 2
        y.detach().mul_(100)
        z.sum().backward()
    assert x.grad.tolist() == [2.0, 2.0]


def test_allow_mutation_must_surround_backward(lib):
    x = leaf(lib, 3.0)
    with lib.autograd.graph.allow_mutation_on_saved_tensors():
        z = x.sin()
    with pytest.raises((RuntimeError, AssertionError), match="outside of the"):
        z.backward()
    with (
        lib.autograd.graph.allow_mutation_on_saved_tensors(),
        pytest.raises(RuntimeError, match="cannot be nested"),
        lib.autograd.graph.allow_mutation_on_saved_tensors(),
    ):
        pass


def test_messages_name_the_lines():
    """What PyTorch leaves out: the line that saved, the line that modified."""
    x = leaf(ag, 1.0, 2.0)
    y = x * 2
    z = y * y  # saved here
    y.add_(1)  # modified here
    with pytest.raises(ag.errors.InPlaceError) as caught:
        z.sum().backward()
    text = str(caught.value)
    assert "z = y * y  # saved here" in text
    assert "y.add_(1)  # modified here" in text
    assert "test_graph.py" in text


def test_second_backward_names_the_line():
    x = leaf(ag, 1.0, 2.0)
    y = (x * x).sum()  # made here
    y.backward()
    with pytest.raises(ag.errors.GraphFreedError, match="# made here"):
        y.backward()


def test_exception_in_backward_names_the_line():
    class Fails(ag.autograd.Function):
        @staticmethod
        def forward(ctx, x):
            return x * 2

        @staticmethod
        def backward(ctx, g):
            raise KeyError("inside")

    y = Fails.apply(leaf(ag, 1.0))  # made here
    with pytest.raises(KeyError) as caught:
        y.backward()
    (note,) = caught.value.__notes__
    assert "FailsBackward" in note
    assert "# made here" in note
