"""utils.checkpoint: its arguments, and functions that do something else the second time."""

from contextlib import contextmanager, nullcontext, suppress

import numpy as np
import pytest

import autograd_core as ag
from autograd_core.utils.checkpoint import (
    CheckpointError,
    checkpoint,
    set_checkpoint_debug_enabled,
)


def leaf(lib, *values):
    return lib.tensor(list(values), dtype=lib.float64, requires_grad=True)


def module_of(lib):
    return lib.utils.checkpoint


@pytest.fixture(params=[True, False], ids=["reentrant", "hooks"])
def reentrant(request):
    return request.param


# ------------------------------------------------------------------ the arguments


def test_use_reentrant_must_be_said(lib):
    said = "use_reentrant parameter should be passed explicitly"
    net = lib.nn.Sequential(lib.nn.Tanh(), lib.nn.Tanh())
    with pytest.warns(UserWarning, match=said) as one:
        module_of(lib).checkpoint(lib.exp, leaf(lib, 1.0))
    with pytest.warns(UserWarning, match=said) as other:
        module_of(lib).checkpoint_sequential(net, 2, leaf(lib, 1.0))
    if lib is ag:
        assert [w.filename for w in (*one, *other)] == [__file__] * 2


def test_contradictory_arguments(lib):
    C = module_of(lib)
    x = leaf(lib, 1.0)
    with pytest.raises(ValueError, match="Unexpected keyword arguments: k"):
        C.checkpoint(lib.exp, x, use_reentrant=True, k=1)
    with pytest.raises(ValueError, match="only supported when use_reentrant=False"):
        C.checkpoint(lib.exp, x, use_reentrant=True, debug=True)
    with pytest.raises(ValueError, match="only supported when use_reentrant=False"):
        C.checkpoint(lib.exp, x, use_reentrant=True, context_fn=lambda: None)
    with pytest.raises(ValueError, match="debug=True is incompatible"):
        C.checkpoint(lib.exp, x, use_reentrant=False, debug=True, context_fn=lambda: None)
    with pytest.raises(ValueError, match=r"should be one of \['default', 'none'\], but got all"):
        C.checkpoint(lib.exp, x, use_reentrant=False, determinism_check="all")
    with pytest.raises(ValueError, match="Unexpected keyword arguments: k"):
        C.checkpoint_sequential([lib.exp], 1, x, use_reentrant=False, k=1)


def test_contexts(lib):
    entered = []

    @contextmanager
    def context(name):
        entered.append(name)
        yield

    x = leaf(lib, 1.0)
    y = module_of(lib).checkpoint(
        lib.exp,
        x,
        use_reentrant=False,
        context_fn=lambda: (context("forward"), context("again")),
    )
    assert entered == ["forward"]
    y.backward()
    assert entered == ["forward", "again"]


def test_a_context_that_swallows_errors(lib):
    def f(x):
        raise KeyError("lost")

    with pytest.raises(RuntimeError, match="suppressed an exception"):
        module_of(lib).checkpoint(
            f, leaf(lib, 1.0), use_reentrant=False,
            context_fn=lambda: (suppress(KeyError), nullcontext()),
        )  # fmt: skip


# ------------------------------------------------------------------ errors


def test_reentrant_needs_an_input_that_requires_grad(lib):
    w = leaf(lib, 1.0)
    x = lib.tensor([1.0], dtype=lib.float64)
    with pytest.warns(UserWarning, match="None of the inputs have requires_grad=True"):
        y = module_of(lib).checkpoint(lambda x: x * w, x, use_reentrant=True)
    assert not y.requires_grad


def test_that_warning_points_at_the_users_line():
    with pytest.warns(UserWarning, match="None of the inputs") as caught:
        checkpoint(ag.exp, ag.ones(1), use_reentrant=True)
    assert caught[0].filename == __file__


def test_reentrant_refuses_grad_and_inputs(lib):
    x = leaf(lib, 1.0)
    y = module_of(lib).checkpoint(lib.exp, x, use_reentrant=True)
    with pytest.raises(RuntimeError, match=r"incompatible with \.grad"):
        lib.autograd.grad(y, x, retain_graph=True)
    with pytest.raises(RuntimeError, match=r"incompatible with \.grad"):
        y.backward(inputs=[x])


def test_reentrant_output_without_gradient(lib):
    x = leaf(lib, 1.0)
    y = module_of(lib).checkpoint(lambda x: x.detach() * 2.0, x, use_reentrant=True)
    with pytest.raises(RuntimeError, match="none of output has requires_grad=True"):
        y.backward()


def test_reentrant_is_of_first_order():
    """PyTorch's gives gradients without a graph there: a wrong result instead of an error."""
    x = leaf(ag, 1.0)
    z = x * 2.0
    checkpoint(lambda t: t.exp() * t, z, use_reentrant=True).backward(create_graph=True)
    with pytest.raises(RuntimeError, match=r"first order only.*use_reentrant=False"):
        (x.grad * z).backward()


def changing(lib, *variants):
    """A function that does something else on each call, and an input for it."""
    turn = iter(variants)
    return lambda x: next(turn)(x), lib.tensor([[0.5, 1.0]], requires_grad=True)


def test_other_metadata_the_second_time(lib):
    f, x = changing(lib, lambda x: (x * 1).exp().sum(), lambda x: (x * 1)[:, :1].exp().sum())
    y = module_of(lib).checkpoint(f, x, use_reentrant=False)
    with pytest.raises(module_of(lib).CheckpointError) as caught:
        y.backward()
    assert "have different metadata than during the forward pass" in str(caught.value)
    for part in ("tensor at position 0", "saved metadata: {'shape': torch.Size([1, 2])",
                 "recomputed metadata: {'shape': torch.Size([1, 1])"):  # fmt: skip
        assert part in str(caught.value)


def test_values_that_differ_are_never_used():
    f, x = changing(ag, lambda x: (x * 1).exp().sum(), lambda x: (x * 1)[:, :1].exp().sum())
    y = checkpoint(f, x, use_reentrant=False)
    exp = y.grad_fn.next_functions[0][0]

    def look(grads):
        with pytest.raises(CheckpointError):
            exp._saved_result

    exp.register_prehook(look)
    with pytest.raises(StopIteration):  # it runs a third time
        y.backward()


def test_other_dtype_the_second_time(lib):
    f, x = changing(lib, lambda x: (x * 1).exp().sum(), lambda x: (x * 1).double().exp().sum())
    y = module_of(lib).checkpoint(f, x, use_reentrant=False)
    with pytest.raises(RuntimeError, match=r"'dtype': torch.float64"):
        y.backward()


def test_no_comparison_when_told_so(lib):
    f, x = changing(lib, lambda x: (x * 1).exp().sum(), lambda x: (x * 1).double().exp().sum())
    y = module_of(lib).checkpoint(f, x, use_reentrant=False, determinism_check="none")
    y.backward()
    assert x.grad is not None


def test_fewer_tensors_the_second_time(lib):
    f, x = changing(lib, lambda x: x.exp().sin().sum(), lambda x: x.exp().sum())
    y = module_of(lib).checkpoint(f, x, use_reentrant=False)
    with pytest.raises(module_of(lib).CheckpointError) as caught:
        y.backward()
    text = str(caught.value)
    assert "A different number of tensors was saved" in text
    assert "during forward: 2" in text
    assert "during recomputation: 1" in text


def test_more_tensors_the_second_time(lib):
    f, x = changing(lib, lambda x: x.exp().sum(), lambda x: x.exp().sin().sum())
    y = module_of(lib).checkpoint(f, x, use_reentrant=False, early_stop=False)
    with pytest.raises(module_of(lib).CheckpointError, match="trying to save more tensors"):
        y.backward()


@pytest.mark.parametrize("how", ["argument", "context"])
def test_debug_lists_the_operators(how):
    f, x = changing(ag, lambda x: x.exp().sin().sum(), lambda x: x.exp().sum())
    if how == "argument":
        y = checkpoint(f, x, use_reentrant=False, debug=True)
    else:
        with set_checkpoint_debug_enabled(True):
            y = checkpoint(f, x, use_reentrant=False)
    with pytest.raises(RuntimeError) as caught:
        y.backward()
    text = str(caught.value)
    assert "because you passed `debug=True`" in text
    assert "ERROR: Detected non-determinism while running activation checkpointing" in text
    assert "A different number of tensors was saved" in str(caught.value.__cause__)
    first, second = text.split("Operations executed during recomputation")
    assert "sin(float32[1, 2])" in first.split("Operations executed during the original")[1]
    assert "sin(float32[1, 2])" not in second


def test_debug_says_where_the_lists_part():
    f, x = changing(ag, lambda x: x.exp().sin().sum(), lambda x: x.exp().cos().sum())
    y = checkpoint(f, x, use_reentrant=False, debug=True, early_stop=False)
    y.backward()  # the same number of tensors of the same shapes: nothing is noticed
    f, x = changing(ag, lambda x: x.exp().sin().sum(), lambda x: x.exp().sum())
    y = checkpoint(f, x, use_reentrant=False, debug=True)
    with pytest.raises(CheckpointError, match="differ first at operator 2") as caught:
        y.backward()
    line = f"exp(float32[1, 2]) -> float32[1, 2]   {__file__}:"
    assert str(caught.value).count(line) == 2


def test_debug_and_the_graph_kept():
    x = leaf(ag, 1.0)
    y = checkpoint(lambda x: x.exp().sin(), x, use_reentrant=False, debug=True)
    y.backward(retain_graph=True)
    y.backward()
    assert x.grad.item() == pytest.approx(2 * np.cos(np.e) * np.e)


def test_an_input_modified_before_backward(lib):
    x = leaf(lib, 1.0) * 2
    y = module_of(lib).checkpoint(lambda x: x.exp().sin(), x, use_reentrant=False)
    with lib.no_grad():
        x.mul_(2)
    with pytest.raises(RuntimeError, match="modified by an inplace operation"):
        y.backward()


def test_an_exception_when_run_again(lib, reentrant):
    calls = []

    def f(x):
        calls.append(lib.get_rng_state())
        if len(calls) == 2:
            lib.rand(3)
            raise KeyError("second time")
        return x.exp().sin()

    x = leaf(lib, 1.0)
    y = module_of(lib).checkpoint(f, x, use_reentrant=reentrant)
    lib.rand(5)
    before = lib.get_rng_state()
    with pytest.raises(KeyError, match="second time"):
        y.backward()
    assert lib.is_grad_enabled()
    assert x.grad is None
    np.testing.assert_array_equal(lib.get_rng_state().numpy(), before.numpy())
    y.backward()  # and the third time it works
    assert x.grad.item() == pytest.approx(np.cos(np.e) * np.e)


def test_an_exception_in_forward(lib, reentrant):
    def f(x):
        x.exp()
        raise KeyError("first time")

    with pytest.raises(KeyError, match="first time"):
        module_of(lib).checkpoint(f, leaf(lib, 1.0), use_reentrant=reentrant)
    packed = []
    with lib.autograd.graph.saved_tensors_hooks(lambda t: packed.append(1) or t, lambda t: t):
        leaf(lib, 1.0).exp()
    assert packed == [1]


def test_hooks_that_are_switched_off(lib):
    with (
        lib.autograd.graph.disable_saved_tensors_hooks("not here"),
        pytest.raises(RuntimeError, match="not here"),
    ):
        module_of(lib).checkpoint(lib.exp, leaf(lib, 1.0), use_reentrant=False)
