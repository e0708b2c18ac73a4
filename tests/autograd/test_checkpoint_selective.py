"""Selective checkpointing: the same gradients, and only what was not kept runs again."""

import functools

import pytest

import autograd_core as ag
from autograd_core import nn
from autograd_core.events import Listener, listen
from autograd_core.utils.checkpoint import (
    CheckpointPolicy,
    checkpoint,
    create_selective_checkpoint_contexts,
)


def function(x, w):
    h = (x @ w).tanh()
    h = ag.nn.functional.dropout(h @ w, 0.5)
    return ag.nn.functional.layer_norm((h @ w).exp(), (4,)).split(2, dim=1)[0] * 2


def gradients(**options):
    ag.manual_seed(0)
    x, w = (ag.randn(4, 4, dtype=ag.float64).requires_grad_() for _ in range(2))
    if options:
        y = checkpoint(function, x, w, use_reentrant=False, **options)
    else:
        y = function(x, w)
    y.square().sum().backward()
    return x.grad.tolist(), w.grad.tolist()


def contexts(policy, **options):
    return functools.partial(create_selective_checkpoint_contexts, policy, **options)


@pytest.mark.parametrize(
    "policy",
    [
        ["mm"],
        [ag.mm, "tanh", "exp", "native_layer_norm"],
        [],
        lambda ctx, op, *args, **kwargs: CheckpointPolicy.MUST_SAVE,
        lambda ctx, op, *args, **kwargs: CheckpointPolicy.PREFER_RECOMPUTE,
        lambda ctx, op, *args, **kwargs: op.name == "mm",
    ],
)
@pytest.mark.parametrize("early_stop", [True, False])
def test_the_same_gradients(policy, early_stop):
    assert gradients(context_fn=contexts(policy), early_stop=early_stop) == gradients()


def test_what_is_kept_is_not_computed_again(monkeypatch):
    from autograd_core.declare import REGISTRY

    ran = []
    for name in ("tanh", "exp"):
        op = REGISTRY[name]
        forward = op.forward

        def counting(xp, *args, name=name, forward=forward):
            ran.append(name)
            return forward(xp, *args)

        monkeypatch.setattr(op, "forward", counting)
    x = ag.ones(3, requires_grad=True)
    y = checkpoint(
        lambda x: x.tanh().exp().sin(), x, use_reentrant=False, context_fn=contexts(["tanh"])
    )
    assert ran == ["tanh", "exp"]
    y.sum().backward()
    assert ran == ["tanh", "exp", "exp"]


def test_what_a_policy_is_told():
    seen = []

    def policy(ctx, op, *args, **kwargs):
        seen.append((op.name, ctx.is_recompute, tuple(ctx.op_output.shape), len(args), kwargs))
        return False

    x = ag.ones(2, 3, requires_grad=True)
    y = checkpoint(
        lambda x: x.t().exp().sum(dim=0), x, use_reentrant=False, context_fn=contexts(policy)
    )
    y.sum().backward()
    assert [entry[:4] for entry in seen] == [("exp", False, (3, 2), 1), ("sum", False, (2,), 1)]
    assert seen[1][4]["dim"] == (0,)


def test_ops_of_several_outputs():
    def sort(x):
        values, places = (x * 2).sort()
        return values * places

    found = []
    for options in ({}, {"context_fn": contexts(["sort", "mul"])}):
        x = ag.tensor([3.0, 1.0, 2.0], requires_grad=True)
        checkpoint(sort, x, use_reentrant=False, **options).sum().backward()
        found.append(x.grad.tolist())
    assert found[0] == found[1] == [0, 2, 4]


def test_a_second_backward_is_refused():
    x = ag.ones(3, requires_grad=True)
    y = checkpoint(
        lambda x: x.tanh().exp(), x, use_reentrant=False, context_fn=contexts(["tanh"])
    ).sum()
    y.backward(retain_graph=True)
    with pytest.raises(RuntimeError, match="Trying to backward an extra time"):
        y.backward()


@pytest.mark.parametrize("allowed", [True, False])
def test_a_kept_output_that_is_written_to(allowed):
    def function(x):
        y = x.tanh()
        z = y.sin()
        y.add_(1)
        return z

    x = ag.ones(3, requires_grad=True)
    y = checkpoint(
        function,
        x,
        use_reentrant=False,
        context_fn=contexts(["tanh"], allow_cache_entry_mutation=allowed),
    )
    if allowed:
        y.sum().backward()
    else:
        with pytest.raises(RuntimeError, match=r"has been mutated: the output of tanh"):
            y.sum().backward()


def test_a_function_that_does_something_else_the_second_time():
    calls = []

    def function(x):
        calls.append(1)
        return x.tanh() if len(calls) == 1 else x.sin().tanh()

    x = ag.ones(3, requires_grad=True)
    y = checkpoint(function, x, use_reentrant=False, context_fn=contexts(["tanh"]))
    with pytest.raises(RuntimeError, match=r"sin .* encountered during backward but not found"):
        y.sum().backward()


def test_lists_that_name_no_op():
    with pytest.raises(ValueError, match="primitive op but got: nonsense"):
        create_selective_checkpoint_contexts(["nonsense"])
    with pytest.raises(ValueError, match="primitive op"):
        create_selective_checkpoint_contexts([nn.Linear])
    with pytest.raises(TypeError, match="either a function or a list of ops"):
        create_selective_checkpoint_contexts(3)


def test_listeners_hear_ops_that_did_not_run_again():
    class Count(Listener):
        def __init__(self):
            self.ops = []

        def on_op(self, op, *rest):
            self.ops.append(op)

    x = ag.ones(3, requires_grad=True)
    with listen(Count()) as heard:
        y = checkpoint(
            lambda x: x.tanh().exp(), x, use_reentrant=False, context_fn=contexts(["tanh"])
        )
        y.sum().backward()
    assert heard.ops == ["tanh", "exp", "sum_all", "tanh"]  # and stops early
