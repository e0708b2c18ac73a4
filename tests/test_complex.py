"""Gradients through complex numbers follow PyTorch's convention."""

from __future__ import annotations

import numpy as np
import pytest

import autograd_core as ag

torch = pytest.importorskip("torch")

PROGRAMS = {
    "mul": lambda lib, x, y: x * y,
    "square": lambda lib, x, y: x * x,
    "div": lambda lib, x, y: x / y,
    "add": lambda lib, x, y: x + 2 * y,
    "exp": lambda lib, x, y: lib.exp(x),
    "sin": lambda lib, x, y: lib.sin(x) * y,
    "tanh": lambda lib, x, y: lib.tanh(x),
    "pow": lambda lib, x, y: x**3,
    "matmul": lambda lib, x, y: x.reshape(2, 2) @ y.reshape(2, 2),
    "conj": lambda lib, x, y: lib.conj(x) * y,
    "real": lambda lib, x, y: lib.real(x * y),
    "imag": lambda lib, x, y: lib.imag(x * y),
    "abs": lambda lib, x, y: lib.abs(x * y),
    "sgn": lambda lib, x, y: lib.sgn(x) * y,
    "sum": lambda lib, x, y: (x * y).sum(),
    "views": lambda lib, x, y: x.reshape(2, 2).transpose(0, 1)[0] * y[:2],
    "cat": lambda lib, x, y: lib.cat([x * y, y]),
}


def gradients(lib, program):
    rng = np.random.default_rng(0)

    def leaf():
        values = rng.uniform(0.5, 1, 4) + 1j * rng.uniform(0.5, 1, 4)
        return lib.tensor(values, dtype=lib.complex128, requires_grad=True)

    x, y = leaf(), leaf()
    out = program(lib, x, y)
    loss = lib.real(out * lib.conj(out) * out).sum() if out.is_complex() else (out * out).sum()
    first = lib.autograd.grad(loss, (x, y), create_graph=True, allow_unused=True)
    real = [lib.real(g * g).sum() for g in first if g is not None]
    second = lib.autograd.grad(sum(real), (x, y), allow_unused=True)
    return [np.zeros(4) if g is None else np.array(g.tolist()) for g in (*first, *second)]


@pytest.mark.parametrize("name", PROGRAMS)
def test_first_and_second_gradient(name):
    ours, theirs = gradients(ag, PROGRAMS[name]), gradients(torch, PROGRAMS[name])
    for a, b in zip(ours, theirs, strict=True):
        np.testing.assert_allclose(a, b, rtol=1e-9, atol=1e-12)


def test_forward_mode_agrees_with_the_adjoint():
    """Re <u, J t> = Re <J^H u, t>, through holomorphic functions and others."""

    def program(z):
        return (z * z.conj()).real.sqrt() * (z.exp() + z**3).angle() + (z * z).imag

    x, t = (ag.tensor(v, dtype=ag.complex128) for v in ([1 + 2j, -0.5 + 0.3j], [2 - 1j, 1j]))
    u = ag.tensor([0.7, -1.3], dtype=ag.float64)
    _, pushed = ag.func.jvp(program, (x,), (t,))
    (pulled,) = ag.func.vjp(program, x)[1](u)
    forward, backward = (u * pushed).sum(), (pulled.conj() * t).sum().real
    assert forward.item() == pytest.approx(backward.item(), rel=1e-12)


def test_real_and_imaginary_parts_share_memory():
    for library in (ag, torch):
        z = library.tensor([[1 + 2j, 3 + 4j], [5 - 1j, 2j]], requires_grad=True)
        y = (z * 2).t()
        y.real.mul_(3.0)
        y.imag = library.ones(2, 2)
        assert y.real.grad_fn.name() == "SelectBackward0"
        assert y.tolist() == [[6 + 1j, 30 + 1j], [18 + 1j, 1j]]
        (y * y.conj()).real.sum().backward()
        assert z.grad.tolist() == [[72, 216], [360, 0]]
