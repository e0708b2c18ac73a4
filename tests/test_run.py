"""A backward run goes one node at a time as well as in one go."""

from __future__ import annotations

import autograd_core as ag
from autograd_core.engine import Run


def graph():
    x, w = ag.tensor([1.0, 2.0], requires_grad=True), ag.tensor([3.0, 4.0], requires_grad=True)
    return x, w, ((x * w).tanh() + x).sum()


def test_stepping_gives_what_backward_gives():
    x, w, loss = graph()
    loss.backward()
    y, v, other = graph()
    run = Run([(other._edge(), ag.ones(())._array)])
    seen = []
    while (node := run.peek()) is not None:
        assert run.step() is node
        seen.append(type(node).__name__)
    assert seen[:4] == ["SumBackward0", "AddBackward0", "TanhBackward0", "MulBackward0"]
    assert sorted(seen[4:]) == ["AccumulateGrad", "AccumulateGrad"]
    assert run.done == 6
    assert (y.grad.tolist(), v.grad.tolist()) == (x.grad.tolist(), w.grad.tolist())


def test_a_run_can_be_finished_from_the_middle():
    x, _, loss = graph()
    loss.backward()
    y, _, other = graph()
    run = Run([(other._edge(), ag.ones(())._array)])
    run.step()
    run.step()
    assert y.grad is None
    run.finish()
    assert run.peek() is None
    assert y.grad.tolist() == x.grad.tolist()
