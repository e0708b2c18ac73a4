"""Forward mode: dual tensors, derived rules, nesting, and func.*"""

import numpy as np
import ops.test_examples as examples
import pytest

import autograd_core as ag
from autograd_core.examples import REGISTRY, Draw


def tensor(lib, *values, grad=False):
    return lib.tensor(list(values), dtype=lib.float64, requires_grad=grad)


def push(lib, f, x, t):
    fw = lib.autograd.forward_ad
    with fw.dual_level():
        return fw.unpack_dual(f(fw.make_dual(x, t))).tangent


CASES = {
    "unary": lambda x: x.exp(),
    "product": lambda x: x * x,
    "number": lambda x: 3 * x + 1,
    "quotient": lambda x: x / (x + 1),
    "power": lambda x: x**3,
    "broadcast": lambda x: x.reshape(2, 1) * x,
    "sum": lambda x: (x * x).sum(),
    "mean": lambda x: (x * x).mean(0),
    "view": lambda x: x.reshape(1, 2)[0],
    "max": lambda x: x.max(0)[0],
    "split": lambda x: x.split(1)[1] * x.split(1)[0],
    "several": lambda x: (x.sin() * x.exp()).tanh().sum(),
    "matmul": lambda x: x.reshape(2, 1) @ x.reshape(1, 2),
    "softmax": lambda x: x.softmax(0),
    "in place": lambda x: (x * 1).mul_(x),
    "in place on a view": lambda x: in_place_on_a_view(x),
    "detach": lambda x: x * x.detach(),
    "constant": lambda x: x * 0 + 1,
}


def in_place_on_a_view(x):
    y = x * 2
    y[0:1].mul_(3)
    return y


@pytest.mark.parametrize("name", CASES)
def test_tangents(name):
    torch = pytest.importorskip("torch")
    ours = push(ag, CASES[name], tensor(ag, 1.0, 2.0), tensor(ag, 0.5, -1.0))
    theirs = push(torch, CASES[name], tensor(torch, 1.0, 2.0), tensor(torch, 0.5, -1.0))
    np.testing.assert_allclose(ours.numpy(), theirs.numpy(), atol=1e-12)


@pytest.mark.parametrize("name", CASES)
def test_forward_over_reverse_and_reverse_over_forward(name):
    f = CASES[name]
    x, t = tensor(ag, 1.0, 2.0, grad=True), tensor(ag, 0.5, -1.0)

    def gradient(x):
        x = x if x.requires_grad else x.requires_grad_()
        return ag.autograd.grad(f(x).sum(), x, create_graph=True, materialize_grads=True)[0]

    def value(x):
        return push(ag, f, x, t).sum()

    one = ag.autograd.functional.hvp(lambda x: f(x).sum(), x.detach(), t)[1]
    found = value(x)
    two = ag.autograd.grad(found, x, materialize_grads=True)[0] if found.requires_grad else one * 0
    three = ag.func.jvp(ag.func.grad(lambda x: f(x).sum()), (x.detach(),), (t,))[1]
    np.testing.assert_allclose(two.numpy(), one.numpy(), atol=1e-12)
    np.testing.assert_allclose(three.detach().numpy(), one.numpy(), atol=1e-12)


def test_dual_tensors(lib):
    fw = lib.autograd.forward_ad
    x, t = tensor(lib, 1.0, 2.0), tensor(lib, 3.0, 4.0)
    with fw.dual_level():
        dual = fw.make_dual(x, t)
        primal, tangent = fw.unpack_dual(dual)
        assert primal.tolist() == [1.0, 2.0]
        assert tangent is t or tangent.tolist() == [3.0, 4.0]
        assert fw.unpack_dual(primal).tangent is None
        assert fw.unpack_dual(x).tangent is None
        assert fw.unpack_dual(dual.detach()).tangent is None
    assert fw.unpack_dual(dual).tangent is None
    with fw.dual_level():
        assert fw.unpack_dual(dual).tangent is None
        assert fw.unpack_dual(dual * 2).tangent is None


def test_errors(lib):
    fw = lib.autograd.forward_ad
    x = tensor(lib, 1.0, 2.0)
    with pytest.raises(RuntimeError, match=r"outside of a level|no level exists|Trying to"):
        fw.make_dual(x, x)
    with fw.dual_level():
        with pytest.raises(RuntimeError, match="different size"):
            fw.make_dual(x, tensor(lib, 1.0))
        with pytest.raises(ValueError, match="Expected tangent to be floating point or complex"):
            fw.make_dual(x, lib.tensor([1, 2]))
        with pytest.raises(ValueError, match="Expected primal to be floating point or complex"):
            fw.make_dual(lib.tensor([1, 2]), x)
        with pytest.raises(RuntimeError, match="Nested forward mode AD is not supported"):
            fw.enter_dual_level()


def test_level_ends_after_an_exception(lib):
    fw = lib.autograd.forward_ad
    with pytest.raises(KeyError), fw.dual_level():
        raise KeyError
    with fw.dual_level():
        pass


def test_no_grad_does_not_stop_forward_mode(lib):
    fw = lib.autograd.forward_ad
    with fw.dual_level(), lib.no_grad():
        dual = fw.make_dual(tensor(lib, 3.0), tensor(lib, 1.0))
        assert fw.unpack_dual(dual * dual).tangent.tolist() == [6.0]


def test_tangents_of_integers(lib):
    fw = lib.autograd.forward_ad
    with fw.dual_level():
        dual = fw.make_dual(tensor(lib, 3.0), tensor(lib, 1.0))
        assert fw.unpack_dual(dual > 1).tangent is None


def test_mixed_dtypes():
    fw = ag.autograd.forward_ad
    with fw.dual_level():
        dual = fw.make_dual(ag.tensor([3.0]), ag.tensor([1.0]))
        found = fw.unpack_dual(dual * tensor(ag, 2.0)).tangent
    assert found.dtype is ag.float64
    assert found.tolist() == [2.0]


def test_an_explicit_rule():
    from autograd_core.declare import REGISTRY, op

    @op("ProbeBackward0", name="probe_of_jvp")
    def probe(xp, input, *, factor):
        return input * factor

    @probe.vjp
    def _(g, factor):
        raise AssertionError("not needed in forward mode")

    @probe.jvp
    def _(t, factor):
        return t * factor

    try:
        found = push(ag, lambda x: probe(x, factor=3.0), tensor(ag, 1.0), tensor(ag, 2.0))
        assert found.tolist() == [6.0]
    finally:
        del REGISTRY["probe_of_jvp"]


def test_an_op_without_a_rule():
    from autograd_core.declare import REGISTRY, op

    @op("StubbornBackward0", name="stubborn")
    def stubborn(xp, input):
        return input * 2

    @stubborn.vjp
    def _(g):
        return g.item()

    try:
        with pytest.raises(
            NotImplementedError, match="forward AD with stubborn that does not support it"
        ):
            push(ag, stubborn, tensor(ag, 1.0, 2.0), tensor(ag, 2.0, 1.0))
    finally:
        del REGISTRY["stubborn"]


# ------------------------------------------------------------------ every op


AT_KINKS = {"std", "std_mean"}
"""Ops whose examples touch a point where the derivative is 0 / 0 one way and 0 the other."""


BACKWARD_ALONE = {"nn.functional.ctc_loss"}
"""Functions whose gradient has no derivative, here and in PyTorch."""


def inner(tensors, others):
    """The sum of the inner products of two lists of tensors; None counts as zeros."""
    pairs = [(a, b) for a, b in zip(tensors, others, strict=True) if a is not None]
    return sum(float((a.detach().numpy().conj() * b.numpy()).sum().real) for a, b in pairs)


def random_like(rng, t):
    shape = tuple(t.shape)
    values = rng.uniform(-1, 1, shape)
    return ag.tensor(values + 1j * rng.uniform(-1, 1, shape) if t.is_complex() else values)


@pytest.mark.parametrize(
    "name", sorted(n for n, e in REGISTRY.items() if e.grad and n not in BACKWARD_ALONE)
)
def test_forward_agrees_with_backward(name):
    """<u, J t> from one push is <J^T u, t> from one backward, for every example of every op."""
    entry = REGISTRY[name]
    for index, _ in enumerate(entry.make(Draw(0))):
        rng = np.random.default_rng(index)
        leaves, outputs = examples.run(ag, entry, index, "float64")
        tangents = [random_like(rng, x) for x in leaves]
        pushed = push_example(entry, index, iter(tangents))
        wanted = [i for i, y in enumerate(outputs) if getattr(y, "requires_grad", False)]
        if not wanted:
            continue
        ends = [outputs[i] for i in wanted]
        cotangents = [random_like(rng, y) for y in ends]
        grads = ag.autograd.grad(ends, leaves, cotangents, allow_unused=True)
        expected, found = inner(grads, tangents), inner([pushed[i] for i in wanted], cotangents)
        if name in AT_KINKS and not (np.isfinite(expected) and np.isfinite(found)):
            continue
        if np.isfinite(expected):
            assert found == pytest.approx(expected, rel=1e-8, abs=1e-8)


def push_example(entry, index, tangents):
    """The tangents of the outputs of an example call."""
    fw = ag.autograd.forward_ad
    args, kwargs = examples.arguments(entry, index)

    def make(array):
        kind = {"f": ag.float64, "c": ag.complex128}.get(array.dtype.kind)
        t = ag.tensor(array.tolist(), dtype=kind).reshape(array.shape)
        return fw.make_dual(t, next(tangents)) if array.dtype.kind in "fc" else t

    with fw.dual_level():
        args, kwargs = examples.convert(args, make, []), examples.convert(kwargs, make, [])
        outputs = examples.flat(examples.find(ag, entry.name)(*args, **kwargs))
        return [fw.unpack_dual(y).tangent if isinstance(y, ag.Tensor) else None for y in outputs]


# ------------------------------------------------------------------ func


def test_func_grad(lib):
    f = lib.func.grad(lambda x: (x * x * x).sum())
    x = tensor(lib, 1.0, 2.0)
    assert f(x).tolist() == [3.0, 12.0]
    assert not f(x).requires_grad
    assert lib.func.grad(lambda x: f(x).sum())(x).tolist() == [6.0, 12.0]


def test_func_grad_argnums_and_aux(lib):
    x, y = tensor(lib, 1.0, 2.0), tensor(lib, 3.0, 4.0)
    both = lib.func.grad(lambda x, y: (x * y).sum(), argnums=(0, 1))(x, y)
    assert [g.tolist() for g in both] == [[3.0, 4.0], [1.0, 2.0]]
    second = lib.func.grad(lambda x, y: (x * y).sum(), argnums=1)(x, y)
    assert second.tolist() == [1.0, 2.0]
    g, aux = lib.func.grad(lambda x: ((x * x).sum(), x * 2), has_aux=True)(x)
    assert (g.tolist(), aux.tolist()) == ([2.0, 4.0], [2.0, 4.0])
    g, value = lib.func.grad_and_value(lambda x: (x * x).sum())(x)
    assert (g.tolist(), value.item()) == ([2.0, 4.0], 5.0)
    with pytest.raises(RuntimeError, match="to return a scalar Tensor"):
        lib.func.grad(lambda x: x)(x)
    with pytest.raises(RuntimeError, match="Got argnum=3, but only 1 positional inputs"):
        lib.func.grad(lambda x: x.sum(), argnums=3)(x)


def test_func_grad_of_dictionaries(lib):
    parameters = {"w": tensor(lib, 2.0), "b": tensor(lib, 1.0)}
    found = lib.func.grad(lambda p, x: (p["w"] * x + p["b"]).sum())(parameters, tensor(lib, 5.0))
    assert {k: v.tolist() for k, v in found.items()} == {"w": [5.0], "b": [1.0]}


def test_func_grad_sees_outer_derivatives(lib):
    def outer(y):
        inner = lib.func.grad(lambda x: (x * x * y).sum())(tensor(lib, 3.0))
        return inner.sum()

    assert lib.func.grad(outer)(tensor(lib, 2.0)).tolist() == [6.0]


def test_func_grad_inside_ordinary_autograd(lib):
    w = tensor(lib, 2.0, grad=True)
    g = lib.func.grad(lambda x: (x * x * w).sum())(tensor(lib, 3.0))
    g.sum().backward()
    assert w.grad.tolist() == [6.0]


def test_func_vjp(lib):
    x = tensor(lib, 1.0, 2.0)
    value, pull = lib.func.vjp(lambda x: x * x, x)
    assert value.tolist() == [1.0, 4.0]
    (found,) = pull(tensor(lib, 1.0, 10.0))
    assert found.tolist() == [2.0, 40.0]
    _, pull, aux = lib.func.vjp(lambda x, y: (x * y, 7 * x), x, x, has_aux=True)
    a, b = pull(x)
    assert (a.tolist(), b.tolist(), aux.tolist()) == ([1.0, 4.0], [1.0, 4.0], [7.0, 14.0])


def test_func_jvp(lib):
    x, t = tensor(lib, 1.0, 2.0), tensor(lib, 1.0, 10.0)
    value, found = lib.func.jvp(lambda x: x * x, (x,), (t,))
    assert (value.tolist(), found.tolist()) == ([1.0, 4.0], [2.0, 40.0])
    value, found = lib.func.jvp(lambda x, y: (x * y, y), (x, x), (t, t))
    assert [v.tolist() for v in found] == [[2.0, 40.0], [1.0, 10.0]]
    with pytest.raises(RuntimeError, match="to be a tuple"):
        lib.func.jvp(lambda x: x, x, (t,))


def test_func_jvp_nests(lib):
    def slope(f):
        return lambda x: lib.func.jvp(f, (x,), (lib.ones(1, dtype=lib.float64),))[1]

    f = slope(slope(slope(lambda x: x * x * x * x)))
    assert f(tensor(lib, 2.0)).tolist() == [48.0]


def test_no_perturbation_confusion(lib):
    """d/dx [x * d/dy (x + y)] is 1, not 2."""
    one = lib.ones(1, dtype=lib.float64)

    def outer(x):
        return x * lib.func.jvp(lambda y: x + y, (one,), (one,))[1]

    assert lib.func.jvp(outer, (one,), (one,))[1].tolist() == [1.0]


@pytest.mark.parametrize("mode", ["jacrev", "jacfwd"])
def test_func_jacobians(lib, mode):
    jacobian = getattr(lib.func, mode)
    x, y = tensor(lib, 1.0, 2.0), tensor(lib, 3.0)
    assert jacobian(lambda x: x * x)(x).tolist() == [[2.0, 0.0], [0.0, 4.0]]
    found = jacobian(lambda x, y: (x * y, x.sum()), argnums=(0, 1))(x, y)
    assert [[j.tolist() for j in row] for row in found] == [
        [[[3.0, 0.0], [0.0, 3.0]], [[1.0], [2.0]]],
        [[1.0, 1.0], [0.0]],
    ]
    found, aux = jacobian(lambda x: (x.sum(), x * 2), has_aux=True)(x)
    assert (found.tolist(), aux.tolist()) == ([1.0, 1.0], [2.0, 4.0])
    second = jacobian(jacobian(lambda x: (x * x * x).sum()))(x)
    assert second.tolist() == [[6.0, 0.0], [0.0, 12.0]]


def test_func_hessian(lib):
    x = tensor(lib, 1.0, 2.0)
    assert lib.func.hessian(lambda x: (x * x * x).sum())(x).tolist() == [[6.0, 0.0], [0.0, 12.0]]
