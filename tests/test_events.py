"""The listener contract: what is told, what may be replaced, and who may fail."""

from __future__ import annotations

import pytest

import autograd_core as ag
from autograd_core import errors, events, state


class Everything(events.Listener):
    def __init__(self):
        self.heard = []

    def on_op(self, op, node, inputs, outputs, scope, code, lasti, seconds):
        assert seconds >= 0
        self.heard.append(("op", op, node and node.name(), len(inputs), outputs[0].shape, scope))
        self.place = (code.co_filename, lasti)

    def on_backward_begin(self, run):
        self.heard.append(("begin",))

    def on_backward_end(self, run, error):
        self.heard.append(("end", type(error)))

    def before_node(self, run, node, grads):
        self.heard.append(("before", node.name(), grads[0].shape))

    def after_node(self, run, node, grads, results, seconds):
        self.heard.append(("after", node.name(), len(results)))

    def on_accumulate(self, run, leaf, grad):
        self.heard.append(("leaf", leaf.shape, grad.shape))


def test_everything_is_told_in_order():
    x = ag.ones(2, 3, requires_grad=True)
    with events.listen(Everything()) as listener:
        (x * x).sum().backward()
    assert listener.heard == [
        ("op", "mul", "MulBackward0", 2, (2, 3), ()),
        ("op", "sum_all", "SumBackward0", 1, (), ()),
        ("begin",),
        ("before", "SumBackward0", ()),
        ("after", "SumBackward0", 1),
        ("before", "MulBackward0", (2, 3)),
        ("after", "MulBackward0", 2),
        ("leaf", (2, 3), (2, 3)),
        ("end", type(None)),
    ]
    assert listener.place[0] == __file__


def test_module_scopes_are_told():
    net = ag.nn.Sequential(ag.nn.Linear(3, 2), ag.nn.ReLU())
    with events.listen(Everything()) as listener:
        net(ag.ones(1, 3))
    scopes = [h[5] for h in listener.heard]
    assert ("net", "0") in scopes
    assert ("net", "1") in scopes


def test_an_op_outside_any_graph_is_told_too():
    with events.listen(Everything()) as listener, ag.no_grad():
        ag.ones(2, requires_grad=True) * 2
    assert ("op", "mul", None) in [h[:3] for h in listener.heard]


def test_gradients_can_be_replaced_before_and_after():
    class Replace(events.Listener):
        def before_node(self, run, node, grads):
            return tuple(g * 10 for g in grads) if node.name() == "MulBackward0" else None

        def after_node(self, run, node, grads, results, seconds):
            if node.name() == "MulBackward0":
                return tuple(None if r is None else r + 1 for r in results)
            return None

    x = ag.ones(2, requires_grad=True)
    with events.listen(Replace()):
        (x * 3).sum().backward()
    assert x.grad.tolist() == [31, 31]


def test_a_replacement_must_fit():
    class Wrong(events.Listener):
        def before_node(self, run, node, grads):
            return (grads[0].reshape(-1)[:1],) if grads[0].ndim else None

    x = ag.ones(2, requires_grad=True)
    with events.listen(Wrong()), pytest.raises(errors.GradientError, match=r"\(2,\).*\(1,\)"):
        (x * 3).sum().backward()


@pytest.mark.parametrize("method", ["on_op", "before_node", "after_node", "on_accumulate"])
def test_a_listener_that_raises_is_named_and_the_engine_goes_on(method):
    def fail(*args):
        raise ZeroDivisionError("on purpose")

    listener = Everything()
    setattr(listener, method, fail)
    x = ag.ones(2, requires_grad=True)
    message = f"Everything.{method}.*on purpose"
    with (
        pytest.raises(errors.ListenerError, match=message) as caught,
        events.listen(listener),
    ):
        (x * x).sum().backward()
    assert isinstance(caught.value.__cause__, ZeroDivisionError)
    assert state.special == 0
    x.grad = None
    (x * x).sum().backward()
    assert x.grad.tolist() == [2, 2]


def test_listening_changes_no_bit():
    def gradient():
        x = ag.linspace(0.1, 2, 50).requires_grad_()
        (x.sin() * x.exp()).tanh().square().mean().backward()
        return x.grad.tolist()

    untold = gradient()
    with events.listen(Everything()):
        told = gradient()
    assert told == untold


def test_taps_hear_bare_facts_and_several_can_listen():
    records, steps, more = [], [], []
    first = events.Tap(op=records.append, step=steps.append)
    second = events.Tap(op=more.append)
    events.add_tap(first)
    events.add_tap(second)
    x = ag.ones(2, requires_grad=True)
    (x * x).sum().backward()
    events.remove_tap(first)
    events.remove_tap(second)
    (x * x).sum().backward()
    assert records == more
    kinds = [r[0].__name__ for r in records]
    assert kinds == ["MulBackward0", "SumBackward0"]
    assert steps == [records[1][1], records[0][1]]
    assert state.special == 0
