"""Small programs for tests of the debugger: a chain with a custom Function, and a network."""

import numpy as np

import autograd_core as ag
from autograd_core import nn

W = [1.0, 2.0]


def program():
    """SumBackward0, SinBackward0, TwiceBackward, MulBackward0, AccumulateGrad of w."""
    w = ag.tensor(W, requires_grad=True)
    y = Twice.apply(w * 3.0)
    loss = y.sin().sum()
    loss.backward()
    after = 1
    last = after + 1
    return w.grad.numpy() * (last - 1)


class Twice(ag.autograd.Function):
    @staticmethod
    def forward(ctx, x):
        return x * 2

    @staticmethod
    def backward(ctx, g):
        factor = 2
        return g * factor


UNTOUCHED = 6 * np.cos(6 * np.float32(W))


class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.encoder = nn.Linear(3, 4)
        self.head = nn.Linear(4, 2)

    def forward(self, x):
        hidden = self.encoder(x).tanh()
        return self.head(hidden)


def network():
    ag.manual_seed(0)
    net = Net()
    net(ag.ones(5, 3)).sum().backward()
    return net
