"""utils.checkpoint: the same gradients as without it, and as PyTorch's; what runs how often."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from ops.test_examples import CASES, arguments, backward, convert, find, flat, numbers

import autograd_core as ag
from autograd_core.utils.checkpoint import checkpoint, checkpoint_sequential


def leaf(lib, *values):
    return lib.tensor(list(values), dtype=lib.float64, requires_grad=True)


def module_of(lib):
    return lib.utils.checkpoint


@pytest.fixture(params=[True, False], ids=["reentrant", "hooks"])
def reentrant(request):
    return request.param


# ------------------------------------------------------------------ gradients: a grid of programs


def mlp(lib, call, p):
    def layer(x, w, b):
        return lib.tanh(x @ w + b)

    h = call(layer, p["x"], p["w"], p["b"])
    return call(layer, h, p["w"], p["b"]).sum()


def nested(lib, call, p):
    def inner(x):
        return (x * p["w"]).sin()

    def outer(x):
        return call(inner, x.exp()) * call(inner, x) + x

    return call(outer, p["x"]).cos().sum()


def three_deep(lib, call, p):
    def deep(x, level):
        y = (x @ p["w"]).tanh()
        return y if level == 0 else call(deep, y, level - 1) * y

    return call(deep, p["x"], 2).sum()


def several_outputs(lib, call, p):
    def split(x, b):
        left, right = (x * b).chunk(2)
        return left.exp(), right.sigmoid() * left, x.sum()

    a, c, s = call(split, p["x"], p["b"])
    return (a * c).sum() + s * s


def an_output_unused(lib, call, p):
    a, _ = call(lambda x: (x.exp(), x.sin()), p["x"])
    return (a * p["w"]).sum()


def shared_input(lib, call, p):
    x = p["x"] * 2.0
    a = call(lambda t: t * t, x)
    b = call(lambda t, s: t.exp() * s.sin(), x, x)
    return (a * b + x).sum()


def views_and_writes(lib, call, p):
    def body(x):
        y = x.clone()
        y[0] = x[1] * 3.0
        y.mul_(p["w"])
        return y.t().reshape(-1).exp()

    return call(body, p["x"]).sum()


def lists_of_tensors(lib, call, p):
    def body(x, w):
        parts = [t * i for i, t in enumerate(x.unbind(0), 1)]
        values, _ = lib.stack(parts).max(dim=1)
        return lib.cat([values, (x @ w).reshape(-1)]).prod()

    return call(body, p["x"], p["w"])


def outputs_saved(lib, call, p):
    return call(lambda x: x.exp().sigmoid().softmax(-1).sqrt(), p["x"]).sum()


def an_argument_that_needs_none(lib, call, p):
    return call(lambda x, c, n: (x * c) ** n, p["x"], p["c"], 3).sum()


PROGRAMS = [
    mlp, nested, three_deep, several_outputs, an_output_unused, shared_input, views_and_writes,
    lists_of_tensors, outputs_saved, an_argument_that_needs_none,
]  # fmt: skip


def parameters(lib):
    rng = np.random.default_rng(3)

    def draw(*shape):
        return lib.tensor(rng.uniform(0.1, 0.9, shape).tolist(), dtype=lib.float64)

    leaves = {"x": draw(2, 2), "w": draw(2, 2), "b": draw(2, 2)}
    return {k: v.requires_grad_() for k, v in leaves.items()} | {"c": draw(2, 2)}


def plainly(function, *args):
    return function(*args)


def through(lib, **options):
    def call(function, *args):
        return module_of(lib).checkpoint(function, *args, **options)

    return call


def gradients(program, lib, call):
    p = parameters(lib)
    loss = program(lib, call, p)
    loss.backward()
    return loss, [t.grad for t in p.values()]


def same(ours, theirs, **tolerance):
    for a, b in zip(ours, theirs, strict=True):
        if a is None or b is None:
            assert a is None
            assert b is None
        else:
            np.testing.assert_allclose(a.detach().numpy(), b.detach().numpy(), **tolerance)


@pytest.mark.parametrize("early_stop", [True, False])
@pytest.mark.parametrize("program", PROGRAMS)
def test_gradients_of_the_hooks_way(lib, program, early_stop):
    call = through(lib, use_reentrant=False, early_stop=early_stop)
    (loss, grads), (plain, expected) = (gradients(program, lib, c) for c in (call, plainly))
    assert loss.item() == plain.item()
    same(grads, expected, rtol=0, atol=0)


inner_regions_warn = pytest.mark.filterwarnings("ignore:None of the inputs have requires_grad")
"""Under the no_grad of an outer reentrant region, as PyTorch's do."""


@inner_regions_warn
@pytest.mark.parametrize("program", PROGRAMS)
def test_gradients_of_the_reentrant_way(lib, program):
    call = through(lib, use_reentrant=True)
    same(gradients(program, lib, call)[1], gradients(program, lib, plainly)[1], rtol=1e-12)


@inner_regions_warn
@pytest.mark.parametrize("program", PROGRAMS)
@pytest.mark.parametrize("reentrant", [True, False])
def test_the_same_numbers_as_pytorch(program, reentrant):
    torch = pytest.importorskip("torch")
    ours, theirs = (
        gradients(program, lib, through(lib, use_reentrant=reentrant)) for lib in (ag, torch)
    )
    assert ours[0].item() == pytest.approx(theirs[0].item(), rel=1e-12)
    same(ours[1], theirs[1], rtol=1e-10)


def second_order(program, lib, call):
    p = parameters(lib)
    wanted = [p["x"], p["w"]]
    first = lib.autograd.grad(program(lib, call, p), wanted, create_graph=True, allow_unused=True)
    kept = [g for g in first if g is not None]
    total = sum((g * g).sum() for g in kept)
    return [*kept, *lib.autograd.grad(total, wanted, allow_unused=True)]


@pytest.mark.parametrize("program", PROGRAMS)
def test_second_order(lib, program):
    found = second_order(program, lib, through(lib, use_reentrant=False))
    same(found, second_order(program, lib, plainly), rtol=0, atol=0)


OPS = [
    lambda a, b: a * b, lambda a, b: a + b.sin(), lambda a, b: (a - b).exp(), lambda a, b: a @ b,
    lambda a, b: a.t().tanh() * b, lambda a, b: a.softmax(-1), lambda a, b: a.mul(b).cos_(),
]  # fmt: skip


@st.composite
def trees(draw, depth=0):
    """What a random region does: ops on its two newest values, and regions within it."""
    step = st.tuples(st.integers(0, len(OPS) - 1), st.integers(0, 1))
    inner = trees(depth=depth + 1) if depth < 3 else step
    return draw(st.lists(st.one_of(step, inner), min_size=1, max_size=4))


def run_tree(tree, call, a, b):
    for part in tree:
        if isinstance(part, tuple):
            op, swap = part
            a, b = (OPS[op](b, a), a) if swap else (OPS[op](a, b), b)
        else:
            a, b = call(lambda x, y, t=part: run_tree(t, call, x, y), a, b)
    return a, b


@given(trees(), st.booleans())
def test_random_regions_change_no_bit(tree, early_stop):
    results = []
    for call in (plainly, through(ag, use_reentrant=False, early_stop=early_stop)):
        x, w = (ag.tensor(v, requires_grad=True) for v in ([[0.3, 0.7], [0.2, 0.5]], [[0.4, 0.1]]))
        a, b = run_tree(tree, call, x * 1.0, w.expand(2, 2))
        (a.sum() + b.sum()).backward()
        results.append([a, b, x.grad, w.grad])
    same(*results, rtol=0, atol=0)


@pytest.mark.parametrize(("entry", "index"), [c for c in CASES if c.values[0].grad])
def test_every_op_in_a_region(entry, index):
    results = []
    for call in (plainly, through(ag, use_reentrant=False)):
        ag.manual_seed(0)
        leaves = []
        args, kwargs = convert(arguments(entry, index), as_leaf, leaves)
        outputs = flat(call(lambda *_, a=args, k=kwargs: find(ag, entry.name)(*a, **k), *leaves))
        found = [o for o in outputs if hasattr(o, "detach")]
        if any(o.requires_grad for o in found):
            first, second = backward(ag, leaves, outputs, entry.second)
            found += [*first, *second]
        results.append([numbers(t) for t in found])
    for a, b in zip(*results, strict=True):
        assert (a is None) == (b is None)
        assert a is None or np.array_equal(a, b, equal_nan=a.dtype.kind in "fc")


def as_leaf(array):
    t = ag.tensor(array.tolist(), dtype={"f": ag.float32, "i": ag.int64}.get(array.dtype.kind))
    t = t.reshape(array.shape)
    return t.detach().requires_grad_() if array.dtype.kind in "fc" else t


# ------------------------------------------------------------------ what is called, and how often


def test_how_often_the_function_runs(lib, reentrant):
    calls = []

    def f(x):
        calls.append(lib.is_grad_enabled())
        return x.exp().exp()

    y = module_of(lib).checkpoint(f, leaf(lib, 1.0), use_reentrant=reentrant)
    assert calls == [not reentrant]
    y.backward()
    assert calls == [not reentrant, True]


@pytest.mark.parametrize("early", [True, False])
def test_early_stop(lib, early):
    calls = []

    def f(x):
        y = x.exp().exp()
        calls.append("end")
        return y

    y = module_of(lib).checkpoint(f, leaf(lib, 1.0), use_reentrant=False, early_stop=early)
    y.backward()
    assert len(calls) == (1 if early else 2)


def test_early_stop_for_all(lib):
    calls = []

    def f(x):
        y = x.exp()
        calls.append(1)
        return y

    with module_of(lib).set_checkpoint_early_stop(False):
        y = module_of(lib).checkpoint(f, leaf(lib, 1.0), use_reentrant=False, early_stop=True)
    y.backward()
    assert calls == [1, 1]


def test_early_stop_passes_the_users_handlers():
    def f(x):
        try:
            return x.exp()
        except Exception:
            pytest.fail("the function saw how recomputation stops")

    x = leaf(ag, 1.0)
    checkpoint(f, x, use_reentrant=False).backward()
    assert x.grad.item() == pytest.approx(np.e)


def test_keywords_and_structures(lib):
    x, y = leaf(lib, 2.0), leaf(lib, 3.0)

    def f(pair, *, scale, names):
        return {"out": (pair[0] * pair[1]["b"]).exp() * scale, "names": names}

    got = module_of(lib).checkpoint(f, [x, {"b": y}], scale=y, names=("n",), use_reentrant=False)
    assert got["names"] == ("n",)
    got["out"].backward()
    assert x.grad.item() == pytest.approx(9 * np.exp(6.0))
    assert y.grad.item() == pytest.approx(7 * np.exp(6.0))


def test_parameters_of_a_module(lib, reentrant):
    net = lib.nn.Sequential(lib.nn.Linear(3, 4), lib.nn.Tanh(), lib.nn.Linear(4, 1))
    x = lib.ones(2, 3, requires_grad=True)
    net(x).sum().backward()
    expected = [p.grad.clone() for p in net.parameters()]
    net.zero_grad()
    module_of(lib).checkpoint(net, x, use_reentrant=reentrant).sum().backward()
    same([p.grad for p in net.parameters()], expected, rtol=1e-6)


def test_no_grad_around_and_within(lib):
    x = leaf(lib, 2.0)
    with lib.no_grad():
        assert not module_of(lib).checkpoint(lib.exp, x, use_reentrant=False).requires_grad

    def f(x):
        with lib.no_grad():
            factor = x.exp()
        return (x * factor).sin()

    y = module_of(lib).checkpoint(f, x, use_reentrant=False)
    y.backward()
    e = np.exp(2.0)
    assert x.grad.item() == pytest.approx(np.cos(2 * e) * e)


def test_a_detached_output(lib):
    x = leaf(lib, 2.0)
    y, z = module_of(lib).checkpoint(lambda x: (x.exp(), x.sin().detach()), x, use_reentrant=False)
    assert not z.requires_grad
    y.backward()
    assert x.grad.item() == pytest.approx(np.exp(2.0))


def test_inputs_that_need_no_gradient(lib):
    w = leaf(lib, 2.0)
    y = module_of(lib).checkpoint(
        lambda x: (x * w).exp(), lib.tensor([1.0], dtype=lib.float64), use_reentrant=False
    )
    y.backward()
    assert w.grad.item() == pytest.approx(np.exp(2.0))


def test_a_tensor_from_outside_as_output(reentrant):
    """PyTorch's reentrant way makes a node of the leaf itself, and never ends."""
    x, w = leaf(ag, 2.0), leaf(ag, 3.0)
    y, z = checkpoint(lambda x: (x.exp(), w), x, use_reentrant=reentrant)
    (y * z).backward()
    assert w.is_leaf
    assert x.grad.item() == pytest.approx(3 * np.exp(2.0))
    assert w.grad.item() == pytest.approx(np.exp(2.0))


def test_wanted_inputs_only(lib):
    x, w = leaf(lib, 2.0), leaf(lib, 3.0)
    y = module_of(lib).checkpoint(lambda x: (x * w).sin(), x, use_reentrant=False)
    y.backward(inputs=[w])
    assert x.grad is None
    assert w.grad.item() == pytest.approx(2 * np.cos(6.0))


def test_again_with_the_graph_kept(lib):
    calls = []

    def f(x):
        calls.append(1)
        return x.exp().sin()

    x = leaf(lib, 0.5)
    y = module_of(lib).checkpoint(f, x, use_reentrant=False)
    y.backward(retain_graph=True)
    once = x.grad.item()
    y.backward()
    assert x.grad.item() == 2 * once
    assert len(calls) == 3
    with pytest.raises(RuntimeError, match="backward through the graph a second time"):
        y.backward()


def test_one_output_after_the_other(lib):
    x = leaf(lib, 0.5)
    a, b = module_of(lib).checkpoint(lambda x: (x.exp(), x.sin().exp()), x, use_reentrant=False)
    a.backward()
    b.backward()
    assert x.grad.item() == pytest.approx(np.exp(0.5) + np.cos(0.5) * np.exp(np.sin(0.5)))


def test_a_group_of_backward_runs_computes_once(lib):
    calls = []

    def f(x):
        calls.append(1)
        return x.exp(), x.sin().exp()

    x = leaf(lib, 0.5)
    a, b = module_of(lib).checkpoint(f, x, use_reentrant=False)
    with module_of(lib).GraphExecGroup():
        a.backward()
        b.backward()
    assert len(calls) == 2
    assert x.grad.item() == pytest.approx(np.exp(0.5) + np.cos(0.5) * np.exp(np.sin(0.5)))


def test_groups_do_not_nest(lib):
    group = module_of(lib).GraphExecGroup
    with group(), pytest.raises(RuntimeError, match="cannot be nested"), group():
        pass
    assert group._get_current_group() is None


def test_backward_within_the_function(lib):
    def f(x):
        y = x.sin()
        (g,) = lib.autograd.grad(y.cos(), x)
        return x.cos() * g

    for early in (True, False):
        x = leaf(lib, 0.5)
        module_of(lib).checkpoint(f, x, use_reentrant=False, early_stop=early).backward()
        plain = leaf(lib, 0.5)
        f(plain).backward()
        assert x.grad.item() == pytest.approx(plain.grad.item(), rel=1e-12)


def test_custom_function_inside(lib):
    class Cube(lib.autograd.Function):
        @staticmethod
        def forward(ctx, x):
            y = x * x
            ctx.save_for_backward(x, y)
            return y * x

        @staticmethod
        def backward(ctx, g):
            _, y = ctx.saved_tensors
            return 3 * y * g

    x = leaf(lib, 2.0)
    module_of(lib).checkpoint(lambda x: Cube.apply(x.exp()), x, use_reentrant=False).backward()
    assert x.grad.item() == pytest.approx(3 * np.exp(6.0))


def test_hooks_see_the_gradients(lib):
    seen = []
    x = leaf(lib, 2.0)

    def f(x):
        h = x * 3.0
        if h.requires_grad and not seen:
            h.register_hook(lambda g: seen.append(g.item()))
        return h.exp()

    y = module_of(lib).checkpoint(f, x, use_reentrant=False)
    y.retain_grad()
    y.backward()
    assert seen == [pytest.approx(np.exp(6.0))]
    assert y.grad.item() == 1.0


def test_save_on_cpu_around(lib):
    x = leaf(lib, 0.5)
    with lib.autograd.graph.save_on_cpu():
        y = module_of(lib).checkpoint(lambda x: x.exp().sin(), x.exp(), use_reentrant=False)
    y.backward()
    plain = leaf(lib, 0.5)
    plain.exp().exp().sin().backward()
    assert x.grad.item() == pytest.approx(plain.grad.item(), rel=1e-12)


# ------------------------------------------------------------------ sequences


@pytest.mark.parametrize("segments", [1, 2, 3, 5])
def test_sequences(lib, reentrant, segments):
    net = lib.nn.Sequential(
        lib.nn.Linear(3, 4), lib.nn.Tanh(), lib.nn.Linear(4, 4), lib.nn.Sigmoid(),
        lib.nn.Linear(4, 1),
    )  # fmt: skip
    x = lib.ones(2, 3, requires_grad=True)
    net(x).sum().backward()
    expected = [x.grad.clone(), *(p.grad.clone() for p in net.parameters())]
    for functions in (net, list(net)):
        net.zero_grad()
        x.grad = None
        module_of(lib).checkpoint_sequential(
            functions, segments, x, use_reentrant=reentrant
        ).sum().backward()
        same([x.grad, *(p.grad for p in net.parameters())], expected, rtol=1e-6)


@pytest.mark.parametrize("segments", [1, 2, 3])
def test_which_parts_of_a_sequence_run_again(lib, segments):
    calls = []

    def step(i):
        return lambda x: calls.append(i) or x.sin()

    x = leaf(lib, 1.0)
    y = module_of(lib).checkpoint_sequential(
        [step(i) for i in range(5)], segments, x, use_reentrant=False
    )
    assert calls == [0, 1, 2, 3, 4]
    calls.clear()
    y.backward()
    assert calls == {1: [], 2: [0, 1], 3: [1, 0]}[segments]


def test_more_segments_than_functions():
    for segments in (0, 3):
        with pytest.raises(ValueError, match="2 functions can't be divided"):
            checkpoint_sequential([ag.exp, ag.sin], segments, leaf(ag, 1.0), use_reentrant=False)
