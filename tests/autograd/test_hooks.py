"""Hooks on tensors, leaves and nodes; what they may return; errors inside them."""

import warnings

import pytest


def leaf(lib, *values):
    return lib.tensor(list(values), dtype=lib.float64, requires_grad=True)


def test_order_and_replacing(lib):
    seen = []
    x = leaf(lib, 1.0)
    y = x * 2
    y.register_hook(lambda g: seen.append(g.item()) or g * 10)
    y.register_hook(lambda g: seen.append(g.item()))
    y.register_hook(lambda g: g + 1)
    y.backward()
    assert seen == [1.0, 10.0]
    assert x.grad.tolist() == [22.0]


def test_removing(lib):
    seen = []
    x = leaf(lib, 1.0)
    y = x * 2
    handle = y.register_hook(lambda g: seen.append("a"))
    y.register_hook(lambda g: seen.append("b"))
    y.backward(retain_graph=True)
    handle.remove()
    handle.remove()
    y.backward()
    assert seen == ["a", "b", "b"]


def test_handle_is_a_context_manager(lib):
    seen = []
    x = leaf(lib, 1.0)
    with x.register_hook(lambda g: seen.append(1)):
        (x * 2).backward()
    (x * 2).backward()
    assert seen == [1]


def test_hook_on_a_leaf(lib):
    x = leaf(lib, 1.0)
    x.register_hook(lambda g: g * 10)
    (x * 2 + x * 3).backward()
    assert x.grad.tolist() == [50.0]


def test_hook_sees_the_sum_of_all_paths_once(lib):
    seen = []
    x = leaf(lib, 1.0)
    y = x * 1
    y.register_hook(lambda g: seen.append(g.item()))
    x.register_hook(lambda g: seen.append(g.item()))
    (y * 2 + y * 3).backward()
    assert seen == [5.0, 5.0]


def test_hook_of_a_leaf_runs_for_grad_too(lib):
    x = leaf(lib, 1.0)
    x.register_hook(lambda g: g * 10)
    assert lib.autograd.grad(x * 2, x)[0].tolist() == [20.0]


def test_hook_needs_requires_grad(lib):
    with pytest.raises(
        RuntimeError, match="cannot register a hook on a tensor that doesn't require gradient"
    ):
        lib.tensor([1.0]).register_hook(lambda g: g)


def test_hook_must_keep_the_shape(lib):
    x = leaf(lib, 1.0, 2.0)
    y = x * 2
    y.register_hook(lambda g: g.sum())
    with pytest.raises(RuntimeError, match="has changed the size of value"):
        y.sum().backward()


def test_hook_must_return_a_tensor(lib):
    x = leaf(lib, 1.0)
    y = x * 2
    y.register_hook(lambda g: 3.0)
    with pytest.raises((TypeError, RuntimeError), match=r"expected Tensor|must be a Tensor|float"):
        y.backward()


def test_no_recording_in_hooks(lib):
    seen = []
    x = leaf(lib, 1.0)
    y = x * 2
    y.register_hook(lambda g: seen.append(lib.is_grad_enabled()))
    x.register_hook(lambda g: seen.append(lib.is_grad_enabled()))
    y.backward()
    assert seen == [False, False]


def test_hooks_inside_create_graph_are_differentiated(lib):
    x = leaf(lib, 3.0)
    y = x * x
    y.register_hook(lambda g: g * x)
    (first,) = lib.autograd.grad(y, x, create_graph=True)
    assert first.item() == 18.0
    (second,) = lib.autograd.grad(first, x)
    assert second.item() == 12.0


def test_hook_stays_with_the_value_after_an_in_place_write(lib):
    seen = []
    x = leaf(lib, 1.0)
    y = x * 2
    y.register_hook(lambda g: seen.append(("before", g.item())))
    y.mul_(3)
    y.register_hook(lambda g: seen.append(("after", g.item())))
    y.backward()
    assert seen == [("after", 1.0), ("before", 3.0)]


def test_post_accumulate_hook(lib):
    seen = []
    x = leaf(lib, 1.0)

    def hook(t):
        seen.append(t.grad.item())
        t.grad = None

    handle = x.register_post_accumulate_grad_hook(hook)
    (x * 2).backward()
    (x * 3).backward()
    assert seen == [2.0, 3.0]
    assert x.grad is None
    handle.remove()
    (x * 2).backward()
    assert x.grad.item() == 2.0
    with pytest.raises(RuntimeError, match="post accumulate grad hooks"):
        (x * 2).register_post_accumulate_grad_hook(hook)


def test_optimizer_in_backward(lib):
    x = leaf(lib, 1.0)

    def step(t):
        with lib.no_grad():
            t.add_(t.grad, alpha=-0.5)
        t.grad = None

    x.register_post_accumulate_grad_hook(step)
    (x * 2).backward()
    assert x.item() == 0.0


def test_node_hooks(lib):
    seen = []
    a, b = leaf(lib, 2.0), leaf(lib, 3.0)
    y = a * b
    y.grad_fn.register_prehook(lambda grads: seen.append(("pre", [g.item() for g in grads])))
    y.grad_fn.register_hook(
        lambda inputs, outputs: seen.append(
            ("post", [g.item() for g in inputs], [g.item() for g in outputs])
        )
    )
    y.backward()
    assert seen == [("pre", [1.0]), ("post", [3.0, 2.0], [1.0])]


def test_node_hooks_replace(lib):
    a, b = leaf(lib, 2.0), leaf(lib, 3.0)
    y = a * b
    y.grad_fn.register_prehook(lambda grads: (grads[0] * 10,))
    y.grad_fn.register_hook(lambda inputs, outputs: (inputs[0] + 1, None))
    y.backward()
    assert a.grad.item() == 31.0
    assert b.grad is None


def test_node_hook_returns_too_many(lib):
    a = leaf(lib, 2.0)
    y = a * a
    y.grad_fn.register_hook(lambda inputs, outputs: (inputs[0], inputs[0], inputs[0]))
    with pytest.raises(RuntimeError, match="incorrect number of values"):
        y.backward()


def test_node_hook_is_removed(lib):
    seen = []
    y = leaf(lib, 2.0) * 2
    handle = y.grad_fn.register_hook(lambda *_: seen.append(1))
    handle.remove()
    y.backward()
    assert seen == []


def test_node_hook_gets_none_for_inputs_without_grad(lib):
    seen = []
    a = leaf(lib, 2.0)
    y = a * lib.tensor([3.0], dtype=lib.float64)
    y.grad_fn.register_hook(lambda inputs, outputs: seen.append(inputs[1]))
    y.backward()
    assert seen == [None]


def test_hook_on_the_accumulator(lib):
    seen = []
    x = leaf(lib, 2.0)
    y = x * 3
    node = y.grad_fn.next_functions[0][0]
    node.register_prehook(lambda grads: (grads[0] * 10,))
    node.register_hook(lambda inputs, outputs: seen.append((inputs, outputs[0].item())))
    y.backward()
    assert x.grad.item() == 30.0
    assert seen == [((), 30.0)]


def test_prehooks_run_after_tensor_hooks(lib):
    seen = []
    y = leaf(lib, 2.0) * 3
    y.grad_fn.register_prehook(lambda grads: seen.append("node"))
    y.register_hook(lambda g: seen.append("tensor"))
    y.backward()
    assert seen == ["tensor", "node"]


def test_exception_in_a_hook(lib):
    x = leaf(lib, 1.0)
    y = x * 2

    def fail(g):
        raise KeyError("in the hook")

    handle = y.register_hook(fail)
    with pytest.raises(KeyError, match="in the hook"):
        (y * 3).backward()
    assert lib.is_grad_enabled()
    assert x.grad is None
    handle.remove()
    (x * 2).backward()
    assert x.grad.item() == 2.0


@pytest.mark.parametrize("kind", ["prehook", "hook", "post_accumulate", "accumulator"])
def test_exception_in_any_hook_leaves_the_engine_usable(lib, kind):
    x = leaf(lib, 1.0)
    y = x * x

    def fail(*args):
        raise ValueError("stop")

    if kind == "prehook":
        y.grad_fn.register_prehook(fail)
    elif kind == "hook":
        y.grad_fn.register_hook(fail)
    elif kind == "post_accumulate":
        handle = x.register_post_accumulate_grad_hook(fail)
    else:
        y.grad_fn.next_functions[0][0].register_prehook(fail)
    with pytest.raises(ValueError, match="stop"):
        y.backward()
    if kind == "post_accumulate":
        handle.remove()
    assert lib.is_grad_enabled()
    other = leaf(lib, 3.0)
    (other * other).backward()
    assert other.grad.item() == 6.0


def test_backward_inside_a_hook(lib):
    x = leaf(lib, 1.0)
    other = leaf(lib, 5.0)
    y = x * 2

    def hook(g):
        with lib.enable_grad():
            (other * other).backward()
        return g * other.grad

    y.register_hook(hook)
    y.backward()
    assert other.grad.item() == 10.0
    assert x.grad.item() == 20.0


def test_backward_over_the_same_leaf_inside_a_hook(lib):
    x = leaf(lib, 1.0)
    y = x * 2

    def hook(g):
        with lib.enable_grad():
            (x * 7).backward()

    y.register_hook(hook)
    y.backward()
    assert x.grad.item() == 9.0


def test_hook_added_by_a_hook(lib):
    seen = []
    x = leaf(lib, 1.0)
    y = x * 2
    z = y * 3
    z.register_hook(lambda g: y.register_hook(lambda g: seen.append(g.item())) and None)
    z.backward()
    assert seen == [3.0]


def test_hooks_of_a_multi_output_node(lib):
    seen = []
    x = leaf(lib, 1.0, 2.0, 3.0)
    a, b = x.split([1, 2])
    a.register_hook(lambda g: seen.append(g.tolist()))
    b.register_hook(lambda g: g * 10)
    (a.sum() + b.sum()).backward()
    assert seen == [[1.0]]
    assert x.grad.tolist() == [1.0, 10.0, 10.0]


def test_multi_grad_hook_all(lib):
    seen = []
    a, b, c = leaf(lib, 1.0), leaf(lib, 2.0), leaf(lib, 3.0)
    unused = leaf(lib, 9.0)
    handle = lib.autograd.graph.register_multi_grad_hook(
        (a, b, unused, c),
        lambda grads: seen.append([None if g is None else g.item() for g in grads]),
    )
    (a * b + c).backward()
    (a * 5).backward()
    handle.remove()
    (a * 5).backward()
    assert seen == [[2.0, 1.0, None, 1.0], [5.0, None, None, None]]


def test_multi_grad_hook_any(lib):
    seen = []
    a, b = leaf(lib, 1.0), leaf(lib, 2.0)
    lib.autograd.graph.register_multi_grad_hook((a, b), lambda g: seen.append(g.item()), mode="any")
    (a * b).backward()
    assert len(seen) == 1
    (b * 3).backward()
    assert len(seen) == 2
    assert seen[1] == 3.0
    with pytest.raises(ValueError, match="Expects mode to be one of"):
        lib.autograd.graph.register_multi_grad_hook((a,), print, mode="some")


def test_multi_grad_hook_on_non_leaves(lib):
    seen = []
    x = leaf(lib, 1.0)
    y, z = x * 2, x * 3
    lib.autograd.graph.register_multi_grad_hook(
        (y, z), lambda grads: seen.append([g.item() for g in grads])
    )
    (y * z).backward()
    assert seen == [[3.0, 2.0]]


def test_warnings_stay_quiet(lib):
    x = leaf(lib, 1.0)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        (x * 2).backward()
        assert x.grad is not None
