"""autograd.functional: values, structure of the results, strict errors."""

import numpy as np
import pytest

import autograd_core as ag

STRATEGIES = ["reverse-mode", "forward-mode"]


def tensor(lib, *values, grad=False):
    return lib.tensor(list(values), dtype=lib.float64, requires_grad=grad)


def lists(value):
    """Nested tuples of tensors as nested lists."""
    return [lists(v) for v in value] if isinstance(value, tuple | list) else value.tolist()


def test_jacobian(lib):
    x = tensor(lib, 1.0, 2.0)
    found = lib.autograd.functional.jacobian(lambda x: x * x, x)
    assert lists(found) == [[2.0, 0.0], [0.0, 4.0]]
    assert not found.requires_grad


def test_jacobian_structure(lib):
    x, y = tensor(lib, 1.0, 2.0), tensor(lib, 3.0)
    jacobian = lib.autograd.functional.jacobian
    one_one = jacobian(lambda x: x * 2, x)
    assert tuple(one_one.shape) == (2, 2)
    one_two = jacobian(lambda x, y: x * y, (x, y))
    assert [tuple(j.shape) for j in one_two] == [(2, 2), (2, 1)]
    two_one = jacobian(lambda x: (x * 2, x.sum()), x)
    assert [tuple(j.shape) for j in two_one] == [(2, 2), (2,)]
    two_two = jacobian(lambda x, y: (x * y, y), (x, y))
    assert [[tuple(j.shape) for j in row] for row in two_two] == [
        [(2, 2), (2, 1)],
        [(1, 2), (1, 1)],
    ]
    assert lists(two_two[1]) == [[[0.0, 0.0]], [[1.0]]]
    (in_tuple,) = jacobian(lambda x: (x * 2,), x)
    assert tuple(in_tuple.shape) == (2, 2)


def test_jacobian_of_a_scalar(lib):
    x = tensor(lib, 1.0, 2.0)
    assert lists(lib.autograd.functional.jacobian(lambda x: (x * x).sum(), x)) == [2.0, 4.0]


def test_jacobian_create_graph(lib):
    x = tensor(lib, 1.0, 2.0, grad=True)
    found = lib.autograd.functional.jacobian(lambda x: x * x * x, x, create_graph=True)
    assert found.requires_grad
    found.sum().backward()
    assert x.grad.tolist() == [6.0, 12.0]


def test_jacobian_under_no_grad(lib):
    x = tensor(lib, 1.0, 2.0)
    with lib.no_grad():
        found = lib.autograd.functional.jacobian(lambda x: x * x, x)
    assert lists(found) == [[2.0, 0.0], [0.0, 4.0]]


@pytest.mark.parametrize("strategy", STRATEGIES)
def test_jacobian_strategies(lib, strategy):
    x, y = tensor(lib, 1.0, 2.0), tensor(lib, 3.0)
    jacobian = lib.autograd.functional.jacobian
    found = jacobian(lambda x, y: (x * y, x.sum()), (x, y), vectorize=True, strategy=strategy)
    assert lists(found) == [[[[3.0, 0.0], [0.0, 3.0]], [[1.0], [2.0]]], [[1.0, 1.0], [0.0]]]


def test_jacobian_strict(lib):
    x, y = tensor(lib, 1.0, 2.0), tensor(lib, 3.0)
    jacobian = lib.autograd.functional.jacobian
    with pytest.raises(
        RuntimeError, match="Output 0 of the user-provided function is independent of input 1"
    ):
        jacobian(lambda x, y: x * 2, (x, y), strict=True)
    with pytest.raises(
        RuntimeError, match="Output 0 of the user-provided function does not require gradients"
    ):
        jacobian(lambda x: x.detach(), x, strict=True)
    with pytest.raises(
        RuntimeError, match="jacobian of the user-provided function is independent of input 0"
    ):
        jacobian(lambda x: x * 2, x, strict=True, create_graph=True)
    assert lists(jacobian(lambda x: x.detach(), x)) == [[0.0, 0.0], [0.0, 0.0]]


def test_wrong_types(lib):
    jacobian = lib.autograd.functional.jacobian
    with pytest.raises(TypeError, match="The inputs given to jacobian must be either a Tensor or"):
        jacobian(lambda x: x, [1.0])
    with pytest.raises(TypeError, match="value at index 1 has type"):
        jacobian(lambda x, y: x, (tensor(lib, 1.0), 2.0))
    with pytest.raises(
        TypeError, match="outputs of the user-provided function given to jacobian must be either"
    ):
        jacobian(lambda x: 3.0, tensor(lib, 1.0))
    with pytest.raises(AssertionError, match="Expected strategy to be either"):
        jacobian(lambda x: x, tensor(lib, 1.0), strategy="sideways")


def test_hessian(lib):
    x = tensor(lib, 1.0, 2.0)
    hessian = lib.autograd.functional.hessian
    assert lists(hessian(lambda x: (x * x * x).sum(), x)) == [[6.0, 0.0], [0.0, 12.0]]
    found = hessian(lambda x, y: (x * x * y).sum(), (x, tensor(lib, 3.0)))
    assert lists(found) == [[[[6.0, 0.0], [0.0, 6.0]], [[2.0], [4.0]]], [[[2.0, 4.0]], [[0.0]]]]


@pytest.mark.parametrize("strategy", STRATEGIES)
def test_hessian_strategies(lib, strategy):
    x = tensor(lib, 1.0, 2.0)
    found = lib.autograd.functional.hessian(
        lambda x: (x * x * x).sum(), x, vectorize=True, outer_jacobian_strategy=strategy
    )
    assert lists(found) == [[6.0, 0.0], [0.0, 12.0]]


def test_hessian_create_graph(lib):
    x = tensor(lib, 1.0, 2.0, grad=True)
    found = lib.autograd.functional.hessian(lambda x: (x * x * x).sum(), x, create_graph=True)
    found.sum().backward()
    assert x.grad.tolist() == [6.0, 6.0]


def test_hessian_errors(lib):
    x = tensor(lib, 1.0, 2.0)
    hessian = lib.autograd.functional.hessian
    with pytest.raises(RuntimeError, match="should contain a single element"):
        hessian(lambda x: x, x)
    with pytest.raises(RuntimeError, match="should return a single Tensor"):
        hessian(lambda x: (x.sum(), x.sum()), x)
    with pytest.raises(
        RuntimeError, match="jacobian of the user-provided function with respect to input 0"
    ):
        hessian(lambda x: x.sum(), x, strict=True)


def test_vjp(lib):
    x = tensor(lib, 1.0, 2.0)
    vjp = lib.autograd.functional.vjp
    value, found = vjp(lambda x: x * x, x, tensor(lib, 1.0, 10.0))
    assert (lists(value), lists(found)) == ([1.0, 4.0], [2.0, 40.0])
    assert not value.requires_grad
    value, found = vjp(
        lambda x, y: ((x * y).sum(), y), (x, x), (lib.tensor(2.0, dtype=lib.float64), x)
    )
    assert lists(found) == [[2.0, 4.0], [3.0, 6.0]]
    assert isinstance(value, tuple)
    value, found = vjp(lambda x: x.sum(), x)
    assert lists(found) == [1.0, 1.0]


def test_vjp_errors(lib):
    x = tensor(lib, 1.0, 2.0)
    vjp = lib.autograd.functional.vjp
    with pytest.raises(
        RuntimeError, match="vector v can only be None if the user-provided function returns"
    ):
        vjp(lambda x: x, x)
    with pytest.raises(RuntimeError, match="v has invalid size: should be"):
        vjp(lambda x: x, x, tensor(lib, 1.0))
    with pytest.raises(RuntimeError, match="Entry 1 in v has invalid size"):
        vjp(lambda x: (x, x), x, (x, tensor(lib, 1.0)))
    with pytest.raises(
        RuntimeError, match="The output of the user-provided function is independent of input 1"
    ):
        vjp(lambda x, y: x, (x, x), x, strict=True)


def test_jvp(lib):
    x = tensor(lib, 1.0, 2.0)
    jvp = lib.autograd.functional.jvp
    value, found = jvp(lambda x: x * x, x, tensor(lib, 1.0, 10.0))
    assert (lists(value), lists(found)) == ([1.0, 4.0], [2.0, 40.0])
    value, found = jvp(lambda x, y: (x * y, x.sum()), (x, x), (x, tensor(lib, 1.0, 1.0)))
    assert lists(found) == [[2.0, 6.0], 3.0]
    value, found = jvp(lambda x: x.exp(), tensor(lib, 0.0))
    assert lists(found) == [1.0]
    with pytest.raises(
        RuntimeError, match="vector v can only be None if the input to the user-provided"
    ):
        jvp(lambda x: x, x)
    assert lists(jvp(lambda x: x.detach(), x, x)[1]) == [0.0, 0.0]


def test_jvp_create_graph(lib):
    x, v = tensor(lib, 1.0, 2.0, grad=True), tensor(lib, 1.0, 10.0, grad=True)
    _, found = lib.autograd.functional.jvp(lambda x: x * x, x, v, create_graph=True)
    found.sum().backward()
    assert x.grad.tolist() == [2.0, 20.0]
    assert v.grad.tolist() == [2.0, 4.0]


@pytest.mark.parametrize("name", ["vhp", "hvp"])
def test_hessian_products(lib, name):
    product = getattr(lib.autograd.functional, name)
    x = tensor(lib, 1.0, 2.0)
    value, found = product(lambda x: (x * x * x).sum(), x, tensor(lib, 1.0, 10.0))
    assert (value.item(), lists(found)) == (9.0, [6.0, 120.0])
    value, found = product(lambda x, y: (x * y).sum(), (x, x), (x, tensor(lib, 1.0, 1.0)))
    assert lists(found) == [[1.0, 1.0], [1.0, 2.0]]
    with pytest.raises(
        RuntimeError, match=f"function given to {name} should contain a single element"
    ):
        product(lambda x: x, x, x)
    with pytest.raises(
        RuntimeError, match=r"is independent of the input. This is not allowed in strict"
    ):
        product(lambda x: x.sum(), x, x, strict=True)
    assert lists(product(lambda x: x.sum(), x, x)[1]) == [0.0, 0.0]


def test_against_each_other():
    rng = np.random.default_rng(0)
    x = ag.tensor(rng.standard_normal(4))
    v = ag.tensor(rng.standard_normal(4))

    def f(x):
        y = x.exp() * x + (x * x).sum()
        return (y * y).sum()

    F = ag.autograd.functional
    h = F.hessian(f, x).numpy()
    np.testing.assert_allclose(F.hvp(f, x, v)[1].numpy(), h @ v.numpy())
    np.testing.assert_allclose(F.vhp(f, x, v)[1].numpy(), h @ v.numpy())
    g = F.jacobian(f, x).numpy()
    np.testing.assert_allclose(F.jvp(f, x, v)[1].numpy(), g @ v.numpy())
    np.testing.assert_allclose(F.vjp(f, x)[1].numpy(), g)
    np.testing.assert_allclose(F.jacobian(f, x, strategy="forward-mode").numpy(), g)
