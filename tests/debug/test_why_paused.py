"""What `why` says at a stop of the debugger."""

import numpy as np
import pytest

import autograd_core as ag
from autograd_core import nn
from autograd_core.debug.stepping.debugger import debugger
from autograd_core.debug.stepping.front import Front
from autograd_core.debug.why import why


class Asking(Front):
    """Asks why at each stop, and goes on."""

    def __init__(self, commands=("continue",)):
        self.commands = list(commands)
        self.answers = []
        self.texts = []

    def can_ask(self):
        return None

    def read(self, prompt):
        self.answers.append(why(debugger().paused))
        return self.commands.pop(0) if len(self.commands) > 1 else self.commands[0]

    def write(self, text):
        self.texts.append(text)


def stops(condition, program, commands=("continue",)):
    front = Asking(commands)
    with debugger().session([condition], front=front):
        program()
    return front.answers


def leaf(*values):
    return ag.tensor(list(values), requires_grad=True)


def test_the_node_that_made_it_has_already_run():
    x = leaf(4.0, 0.0)

    def program():
        y = x.sqrt()
        z = y * 0.5
        z.sum().backward()

    found, *_ = stops("inf", program)
    assert found.cause == "inf_origin"
    assert found.location.text == "y = x.sqrt()"
    assert "gradient 0.5, result 0" in found.message
    assert [n.op for n in found.nodes] == ["SqrtBackward0", "AccumulateGrad"]
    assert found.sure
    assert np.isinf(x.grad.numpy()[1])


def test_up_through_nodes_that_only_passed_it_on():
    x = leaf(0.0, 1.0)

    def program():
        y = x.exp() * 2
        z = (y - y).sqrt()
        z.sum().backward()

    found, *_ = stops("op:Mul and inf or op:Mul and nan", program)
    assert found.location.text == "z = (y - y).sqrt()"
    assert found.nodes[0].op == "SqrtBackward0"
    assert [n.op for n in found.nodes[1:]] == ["SubBackward0", "MulBackward0"]


def test_a_module():
    class Net(nn.Module):
        def __init__(self):
            super().__init__()
            self.inner = nn.Linear(2, 2, bias=False)

        def forward(self, x):
            return self.inner(x).square().sum(1).sqrt()

    net = Net()
    found, *_ = stops("nan", lambda: net(ag.zeros(1, 2)).sum().backward())
    assert found.cause == "inf_origin"
    assert found.nodes[0].op == "SqrtBackward0"
    assert found.location.text == "return self.inner(x).square().sum(1).sqrt()"
    assert found.nodes[0].scope == ("net",)


def test_several_nodes_that_may_have_made_it():
    x = leaf(0.0)

    def program():
        y = x * 1.0
        (y.sqrt() + y.exp()).sum().backward()

    found, *_ = stops("inf", program)
    assert found.cause == "inf_origin"
    assert not found.sure
    assert "added up" in found.unknown


def test_a_gradient_that_came_from_outside():
    x = leaf(1.0, 2.0)
    found, *_ = stops("nan", lambda: (x * 2).backward(ag.tensor([float("nan"), 1.0])))
    assert found.cause == "nan_origin"
    assert "no node that ran" in found.message


def test_a_norm_that_grew():
    x = leaf(1.0)

    def program():
        y = x * 1e6
        (y * 1e-3).sum().backward()

    found, *_ = stops("norm > 1e2", program)
    assert found.cause == "stopped"
    assert "changed most in MulBackward0, by a factor of 1e6" in found.message
    assert found.nodes[1].location.text == "y = x * 1e6"


def test_a_gradient_that_became_zero():
    x = leaf(1.0, 2.0)
    found, *_ = stops("zero", lambda: (x - 10).relu().sum().backward())
    assert found.cause == "stopped"
    assert "it became zero in ReluBackward0" in found.message


def test_a_stop_in_the_forward():
    x = leaf(0.0, 1.0)

    def program():
        y = x.log()
        (y * 2).sum().backward()

    first, second, *_ = stops("forward inf", program)
    for found in (first, second):
        assert found.cause == "inf_origin"
        assert found.location.text == "y = x.log()"


def test_a_stop_for_another_reason():
    x = leaf(1.0, 2.0)
    (found,) = stops("op:Mul", lambda: (x * 2).sum().backward())
    assert found.cause == "stopped"
    assert "op:Mul" in found.message
    assert "norm 1.41" in found.message


def test_an_edited_gradient():
    x = leaf(1.0, 2.0)
    answers = stops("op:Mul", lambda: (x * 2).sum().backward(),
                    ["edit float('nan')", "continue"])  # fmt: skip
    assert answers[1].cause == "nan_origin"
    assert "edited by hand" in answers[1].message


def test_asking_changes_nothing():
    rng = np.random.default_rng(0)
    x = ag.tensor(rng.standard_normal(8).astype(np.float32), requires_grad=True)

    def program():
        (x.exp() * x.sin() + x.tanh()).sum().backward()

    program()
    plain, x.grad = x.grad.numpy().copy(), None
    answers = stops("norm >= 0", program)
    assert len(answers) >= 6
    assert np.array_equal(x.grad.numpy(), plain)


@pytest.fixture(autouse=True)
def asleep_afterwards():
    yield
    assert not debugger().awake
