"""backward and grad: accumulation, freeing, what may be asked for, and what is refused."""

import warnings

import pytest


def leaf(lib, *values, dtype=None):
    return lib.tensor(list(values), dtype=dtype or lib.float64, requires_grad=True)


# ------------------------------------------------------------------ accumulation


def test_gradients_accumulate(lib):
    x = leaf(lib, 1.0, 2.0)
    (x * x).sum().backward()
    (x * 3).sum().backward()
    assert x.grad.tolist() == [5.0, 7.0]


def test_accumulation_is_in_place(lib):
    x = leaf(lib, 1.0)
    (x * 2).backward()
    first = x.grad
    (x * 2).backward()
    assert x.grad is first
    assert first.tolist() == [4.0]


def test_accumulation_with_create_graph_is_not_in_place(lib):
    x = leaf(lib, 1.0)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        (x * x).backward(create_graph=True)
        first = x.grad
        (x * x).backward(create_graph=True)
    assert x.grad is not first
    assert first.tolist() == [2.0]
    assert x.grad.tolist() == [4.0]
    assert x.grad.requires_grad


def test_two_leaves_never_share_a_gradient(lib):
    a, b = leaf(lib, 1.0, 2.0), leaf(lib, 3.0, 4.0)
    (a + b).sum().backward()
    a.grad.mul_(10)
    assert b.grad.tolist() == [1.0, 1.0]


def test_the_given_gradient_is_not_shared(lib):
    x = leaf(lib, 1.0, 2.0)
    g = lib.ones(2, dtype=lib.float64)
    (x + 0).backward(g)
    x.backward(g)
    assert x.grad.tolist() == [2.0, 2.0]
    assert g.tolist() == [1.0, 1.0]


def test_setting_and_deleting_grad(lib):
    x = leaf(lib, 1.0)
    (x * 2).backward()
    x.grad = None
    (x * 2).backward()
    assert x.grad.tolist() == [2.0]
    x.grad = lib.tensor([5.0], dtype=lib.float64)
    (x * 2).backward()
    assert x.grad.tolist() == [7.0]
    del x.grad
    assert x.grad is None


def test_assigned_grad_must_fit(lib):
    x = leaf(lib, 1.0, 2.0)
    with pytest.raises(
        RuntimeError,
        match=r"attempting to assign a gradient of size '\[3\]' to a tensor of size '\[2\]'",
    ):
        x.grad = lib.ones(3, dtype=lib.float64)
    with pytest.raises(RuntimeError, match="attempting to assign a gradient with dtype"):
        x.grad = lib.ones(2, dtype=lib.float32)
    with pytest.raises(TypeError, match="assigned grad expected to be a Tensor or None"):
        x.grad = 1.0
    with pytest.raises(RuntimeError, match="can't assign Variable as its own grad"):
        x.grad = x
    assert x.grad is None


def test_diamond(lib):
    x = leaf(lib, 2.0)
    y = x * 3
    z = y * y + y
    z.backward()
    assert x.grad.tolist() == [39.0]


def test_leaf_used_many_times(lib):
    x = leaf(lib, 2.0)
    total = x
    for _ in range(5):
        total = total + x * x
    total.backward()
    assert x.grad.tolist() == [21.0]


def test_broadcast_operands(lib):
    a, b = lib.ones(2, 3, dtype=lib.float64), leaf(lib, 1.0, 2.0, 3.0)
    a.requires_grad_()
    (a * b).sum().backward()
    assert a.grad.tolist() == [[1.0, 2.0, 3.0]] * 2
    assert b.grad.tolist() == [2.0, 2.0, 2.0]


def test_backward_of_a_leaf(lib):
    x = lib.tensor(3.0, requires_grad=True)
    x.backward()
    assert x.grad.item() == 1.0


# ------------------------------------------------------------------ freeing


def test_second_backward_is_refused(lib):
    x = leaf(lib, 2.0)
    y = x * x
    y.backward()
    with pytest.raises(RuntimeError, match="Trying to backward through the graph a second time"):
        y.backward()
    assert x.grad.tolist() == [4.0]


def test_retain_graph(lib):
    x = leaf(lib, 2.0)
    y = x * x
    y.backward(retain_graph=True)
    y.backward()
    assert x.grad.tolist() == [8.0]
    with pytest.raises(RuntimeError, match="second time"):
        y.backward()


def test_a_graph_that_saves_nothing_can_run_again(lib):
    x = leaf(lib, 2.0)
    y = x + x
    y.backward()
    y.backward()
    assert x.grad.tolist() == [4.0]


def test_shared_subgraph_is_freed(lib):
    x = leaf(lib, 2.0)
    y = x * x
    (y * 2).backward()
    with pytest.raises(RuntimeError, match="second time"):
        (y * 3).backward()


def test_grad_frees_too(lib):
    x = leaf(lib, 2.0)
    y = x * x
    lib.autograd.grad(y, x)
    with pytest.raises(RuntimeError, match="second time"):
        lib.autograd.grad(y, x)


def test_reading_freed_values(lib):
    x = leaf(lib, 2.0)
    y = x * x
    assert y.grad_fn._saved_self is x
    y.backward()
    with pytest.raises(RuntimeError, match="after they have already been freed"):
        y.grad_fn._saved_self


# ------------------------------------------------------------------ what is refused


def test_non_scalar_needs_a_gradient(lib):
    x = leaf(lib, 1.0, 2.0)
    with pytest.raises(
        RuntimeError, match="grad can be implicitly created only for scalar outputs"
    ):
        (x * 2).backward()
    (x * 2).backward(lib.tensor([1.0, 10.0], dtype=lib.float64))
    assert x.grad.tolist() == [2.0, 20.0]


def test_one_element_counts_as_scalar(lib):
    x = lib.ones(1, 1, 1, requires_grad=True)
    (x * 2).backward()
    assert x.grad.tolist() == [[[2.0]]]


def test_gradient_of_the_wrong_shape(lib):
    x = leaf(lib, 1.0, 2.0)
    with pytest.raises(RuntimeError, match=r"Mismatch in shape: grad_output\[0\] has a shape of"):
        (x * 2).backward(lib.ones(3, dtype=lib.float64))
    assert x.grad is None


def test_no_graph(lib):
    x = lib.tensor([1.0])
    with pytest.raises(
        RuntimeError, match="element 0 of tensors does not require grad and does not have a grad_fn"
    ):
        (x * 2).backward()


def test_leaf_in_place(lib):
    x = leaf(lib, 1.0)
    with pytest.raises(
        RuntimeError,
        match="a leaf Variable that requires grad is being used in an in-place operation",
    ):
        x.add_(1)
    assert x.tolist() == [1.0]
    with lib.no_grad():
        x.add_(1)
    assert x.tolist() == [2.0]
    assert x.is_leaf


def test_modified_saved_tensor(lib):
    x = leaf(lib, 1.0, 2.0)
    y = x * 2
    z = y * y
    y.add_(1)
    with pytest.raises(
        RuntimeError,
        match="one of the variables needed for gradient computation has been modified by an "
        "inplace "
        r"operation: \[torch.DoubleTensor \[2\]\].*version 1; expected version 0",
    ):
        z.sum().backward()


def test_modified_saved_result(lib):
    x = leaf(lib, 1.0, 2.0)
    y = x.exp()
    y.mul_(2)
    with pytest.raises(RuntimeError, match="modified by an inplace operation"):
        y.sum().backward()


def test_modified_after_use_is_fine_where_nothing_was_saved(lib):
    x = leaf(lib, 1.0, 2.0)
    y = x * 2
    z = y + 1
    y.add_(1)
    z.sum().backward()
    assert x.grad.tolist() == [2.0, 2.0]


def test_data_hides_a_write(lib):
    x = leaf(lib, 1.0, 2.0)
    y = x * x
    x.data.mul_(10)
    y.sum().backward()
    assert x.grad.tolist() == [20.0, 40.0]


def test_detach_does_not_hide_a_write(lib):
    x = leaf(lib, 1.0, 2.0)
    y = x * x
    x.detach().mul_(10)
    with pytest.raises(RuntimeError, match="modified by an inplace operation"):
        y.sum().backward()


def test_requires_grad_setter(lib):
    x = lib.tensor([1.0])
    x.requires_grad = True
    assert x.requires_grad
    assert x.is_leaf
    assert x.grad_fn is None
    y = x * 2
    with pytest.raises(
        RuntimeError, match="you can only change requires_grad flags of leaf variables"
    ):
        y.requires_grad = False
    with pytest.raises(RuntimeError, match="you can only change requires_grad flags"):
        y.requires_grad = True
    assert y.requires_grad_() is y
    x.requires_grad_(False)
    assert not x.requires_grad
    with pytest.raises(
        RuntimeError, match=r"(?i)only Tensors of floating point.*can require gradients"
    ):
        lib.tensor([1]).requires_grad = True
    with pytest.raises(
        RuntimeError, match=r"(?i)only Tensors of floating point.*can require gradients"
    ):
        lib.tensor([1], requires_grad=True)


def test_turning_requires_grad_off_keeps_older_graphs(lib):
    x = leaf(lib, 2.0)
    y = x * x
    x.requires_grad_(False)
    assert not (x * 2).requires_grad
    y.backward()
    assert x.grad is None or x.grad.tolist() == [4.0]


def test_requires_grad_spreads(lib):
    a, b = lib.tensor([1.0]), leaf(lib, 1.0, dtype=lib.float32)
    assert not (a * a).requires_grad
    assert (a * b).requires_grad
    assert (a * b).grad_fn.next_functions[0][0] is None


def test_detach(lib):
    x = leaf(lib, 1.0, 2.0)
    y = (x * 2).detach()
    assert not y.requires_grad
    assert y.is_leaf
    z = x.detach()
    assert z.data_ptr() == x.data_ptr()
    (x * y).sum().backward()
    assert x.grad.tolist() == [2.0, 4.0]


def test_non_leaf_grad_warns(lib):
    x = leaf(lib, 1.0)
    y = x * 2
    with pytest.warns(UserWarning, match="not a leaf Tensor is being accessed"):
        assert y.grad is None


def test_retain_grad(lib):
    x = leaf(lib, 1.0)
    y = x * 2
    y.retain_grad()
    y.retain_grad()
    assert y.retains_grad
    assert not x.retains_grad
    z = y * 3
    z.backward(retain_graph=True)
    assert y.grad.tolist() == [3.0]
    z.backward()
    assert y.grad.tolist() == [6.0]
    with pytest.raises(
        RuntimeError, match="can't retain_grad on Tensor that has requires_grad=False"
    ):
        lib.tensor([1.0]).retain_grad()
    x.retain_grad()
    assert not x.retains_grad


def test_retain_grad_sees_what_hooks_made_of_it(lib):
    x = leaf(lib, 1.0)
    y = x * 2
    y.retain_grad()
    y.register_hook(lambda g: g * 10)
    y.backward()
    assert y.grad.tolist() == [10.0]


# ------------------------------------------------------------------ inputs=, grad()


def test_backward_inputs(lib):
    a, b = leaf(lib, 1.0), leaf(lib, 2.0)
    (a * b).backward(inputs=[a])
    assert a.grad.tolist() == [2.0]
    assert b.grad is None
    (a * b).backward(inputs=b)
    assert b.grad.tolist() == [1.0]
    assert a.grad.tolist() == [2.0]


def test_backward_inputs_non_leaf(lib):
    x = leaf(lib, 1.0)
    y = x * 2
    (y * 3).backward(inputs=[y])
    assert y.retains_grad
    assert y.grad.tolist() == [3.0]
    assert x.grad is None


def test_backward_inputs_empty(lib):
    with pytest.raises(RuntimeError, match="cannot be empty"):
        (leaf(lib, 1.0) * 2).backward(inputs=[])


def test_backward_of_several_roots(lib):
    x = leaf(lib, 1.0, 2.0)
    one = lib.ones(2, dtype=lib.float64)
    lib.autograd.backward([x * 2, (x * x).sum()], [one, None])
    assert x.grad.tolist() == [4.0, 6.0]


def test_backward_of_the_same_root_twice(lib):
    x = leaf(lib, 1.0)
    y = x * 2
    lib.autograd.backward([y, y])
    assert x.grad.tolist() == [4.0]


def test_root_inside_the_graph_of_another(lib):
    x = leaf(lib, 1.0)
    y = x * 2
    z = y * 3
    lib.autograd.backward([z, y])
    assert x.grad.tolist() == [8.0]


def test_number_of_gradients(lib):
    x = leaf(lib, 1.0)
    one = lib.ones(1, dtype=lib.float64)
    with pytest.raises(RuntimeError, match="got 2 tensors and 1 gradients"):
        lib.autograd.backward([x * 2, x * 3], [one])


def test_gradients_must_be_tensors(lib):
    x = leaf(lib, 1.0)
    with pytest.raises(TypeError, match="gradients can be either Tensors or None, but got"):
        lib.autograd.backward([x * 2], [1.0])


def test_grad_leaves_grad_alone(lib):
    x = leaf(lib, 3.0)
    (g,) = lib.autograd.grad(x * x, x)
    assert g.tolist() == [6.0]
    assert x.grad is None
    assert not g.requires_grad


def test_grad_of_non_leaf(lib):
    x = leaf(lib, 3.0)
    y = x * x
    z = y * y
    gy, gx = lib.autograd.grad(z, [y, x])
    assert gy.tolist() == [18.0]
    assert gx.tolist() == [108.0]


def test_grad_of_the_output_itself(lib):
    x = leaf(lib, 3.0)
    y = x * x
    (g,) = lib.autograd.grad(y, y)
    assert g.tolist() == [1.0]


def test_grad_of_the_same_input_twice(lib):
    x = leaf(lib, 3.0)
    a, b = lib.autograd.grad(x * x, [x, x])
    assert a.tolist() == b.tolist() == [6.0]


def test_grad_of_several_outputs(lib):
    x = leaf(lib, 3.0)
    (g,) = lib.autograd.grad([x * 2, x * x], x)
    assert g.tolist() == [8.0]


def test_grad_stops_at_what_is_asked_for(lib):
    x = leaf(lib, 3.0)
    y = x * x
    z = y * 2
    seen = []
    y.grad_fn.register_hook(lambda *_: seen.append(1))
    lib.autograd.grad(z, y)
    assert seen == []


def test_unused_input(lib):
    x, other = leaf(lib, 3.0), leaf(lib, 1.0, 2.0)
    with pytest.raises(RuntimeError, match="appears to not have been used in the graph"):
        lib.autograd.grad(x * x, [x, other])
    g, nothing = lib.autograd.grad(x * x, [x, other], allow_unused=True)
    assert g.tolist() == [6.0]
    assert nothing is None
    g, zeros = lib.autograd.grad(x * x, [x, other], materialize_grads=True)
    assert zeros.tolist() == [0.0, 0.0]
    with pytest.raises(ValueError, match="allow_unused"):
        lib.autograd.grad(x * x, [x, other], allow_unused=False, materialize_grads=True)


def test_input_without_requires_grad(lib):
    x = leaf(lib, 3.0)
    with pytest.raises(
        RuntimeError, match="One of the differentiated Tensors does not require grad"
    ):
        lib.autograd.grad(x * x, lib.tensor([1.0]))


def test_is_grads_batched(lib):
    x = leaf(lib, 1.0, 2.0)
    y = x * x
    eye = lib.tensor([[1.0, 0.0], [0.0, 1.0]], dtype=lib.float64)
    (rows,) = lib.autograd.grad(y, x, eye, is_grads_batched=True)
    assert rows.tolist() == [[2.0, 0.0], [0.0, 4.0]]


def test_grad_of_a_product_with_a_vector(lib):
    x = leaf(lib, 1.0, 2.0)
    v = lib.tensor([1.0, 10.0], dtype=lib.float64)
    (g,) = lib.autograd.grad(x * x, x, v)
    assert g.tolist() == [2.0, 40.0]


# ------------------------------------------------------------------ higher order


def test_third_order(lib):
    x = leaf(lib, 2.0)
    y = x * x * x * x
    (first,) = lib.autograd.grad(y, x, create_graph=True)
    (second,) = lib.autograd.grad(first, x, create_graph=True)
    (third,) = lib.autograd.grad(second, x, create_graph=True)
    (fourth,) = lib.autograd.grad(third, x)
    assert [g.item() for g in (first, second, third, fourth)] == [32.0, 48.0, 48.0, 24.0]


def test_higher_order_with_broadcasting(lib):
    a = lib.ones(2, 3, dtype=lib.float64, requires_grad=True)
    b = leaf(lib, 1.0, 2.0, 3.0)
    y = (a * b * b).sum()
    ga, gb = lib.autograd.grad(y, [a, b], create_graph=True)
    (second,) = lib.autograd.grad(gb.sum() + ga.sum(), b)
    assert second.tolist() == [8.0, 12.0, 16.0]


def test_gradient_penalty(lib):
    x = leaf(lib, 1.0, 2.0)
    w = leaf(lib, 3.0, 4.0)
    y = (x * w * w).sum()
    (g,) = lib.autograd.grad(y, x, create_graph=True)
    ((g * g).sum()).backward()
    assert w.grad.tolist() == [4 * 27.0, 4 * 64.0]
    assert x.grad is None or x.grad.tolist() == [0.0, 0.0]


def test_cotangents_take_part(lib):
    x, v = leaf(lib, 3.0), leaf(lib, 5.0)
    (g,) = lib.autograd.grad(x * x, x, v, create_graph=True)
    gx, gv = lib.autograd.grad(g, [x, v])
    assert gx.tolist() == [10.0]
    assert gv.tolist() == [6.0]


def test_create_graph_keeps_the_graph(lib):
    x = leaf(lib, 3.0)
    y = x * x
    lib.autograd.grad(y, x, create_graph=True)
    lib.autograd.grad(y, x)


def test_zero_grads_under_create_graph_can_be_differentiated(lib):
    x, other = leaf(lib, 3.0), leaf(lib, 1.0)
    zeros = lib.autograd.grad(x * x, other, create_graph=True, materialize_grads=True)[0]
    assert zeros.requires_grad


# ------------------------------------------------------------------ nodes


def test_next_functions(lib):
    a, b = leaf(lib, 1.0), leaf(lib, 2.0)
    y = a * b
    (na, ia), (nb, ib) = y.grad_fn.next_functions
    assert (na.variable is a, nb.variable is b, ia, ib) == (True, True, 0, 0)
    assert y.grad_fn.name() == "MulBackward0"
    assert type(y.grad_fn).__name__ == "MulBackward0"
    assert type(na).__name__ == "AccumulateGrad"
    assert (a * 2).grad_fn.next_functions[0][0] is na
    assert (a * 2).grad_fn.next_functions[1] == (None, 0)


def test_saved_values(lib):
    a, b = leaf(lib, 1.0), leaf(lib, 2.0)
    node = (a * b).grad_fn
    assert node._saved_self is a
    assert node._saved_other is b
    assert node._saved_other.tolist() == [2.0]
    y = a.exp()
    assert y.grad_fn._saved_result.tolist() == y.tolist()
    assert y.grad_fn._saved_result.grad_fn is y.grad_fn
    names = {name for name in dir(node) if "saved_" in name}
    assert {"_saved_other", "_saved_self", "_raw_saved_other", "_raw_saved_self"} <= names
    with pytest.raises(AttributeError):
        node._saved_nothing


def test_metadata(lib):
    node = (leaf(lib, 1.0) * 2).grad_fn
    node.metadata["note"] = 1
    assert node.metadata == {"note": 1}


def test_is_leaf(lib):
    x = leaf(lib, 1.0)
    assert x.is_leaf
    assert not (x * 2).is_leaf
    assert (x * 2).detach().is_leaf
    assert lib.tensor([1.0]).is_leaf
    assert (lib.tensor([1.0]) * 2).is_leaf
