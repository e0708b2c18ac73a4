"""Views, in-place writes and version counters, compared with PyTorch."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import autograd_core as ag

torch = pytest.importorskip("torch", reason="PyTorch is not installed")


def numbers(t):
    return None if t is None else np.asarray(t.detach().tolist())


def leaf(lib, values, dtype="float64"):
    return lib.tensor(values, dtype=getattr(lib, dtype), requires_grad=True)


VALUES = [[0.5, -1.0, 2.0], [1.5, 3.0, -0.25]]


def run(lib, program):
    """Run a program on a library: what it returns, the leaves' gradients, or the error."""
    a, b = leaf(lib, VALUES), leaf(lib, 0.7)
    try:
        found = program(lib, a, b)
        found = found if isinstance(found, tuple) else (found,)
        total = sum((t * t * (i + 1)).sum() for i, t in enumerate(found))
        if total.requires_grad:
            total.backward()
        return [numbers(t) for t in found], numbers(a.grad), numbers(b.grad)
    except (RuntimeError, IndexError, ValueError, TypeError) as error:
        return error


def compare(program):
    ours, theirs = run(ag, program), run(torch, program)
    if isinstance(theirs, Exception):
        assert isinstance(ours, Exception), f"PyTorch raised {theirs}"
        head = str(theirs).split(".")[0][:40]
        assert head in str(ours), f"{ours}\nagainst\n{theirs}"
        return
    if isinstance(ours, Exception):
        raise ours
    for mine, yours in zip(ours[0], theirs[0], strict=True):
        np.testing.assert_allclose(mine, yours, rtol=1e-12)
    for mine, yours in zip(ours[1:], theirs[1:], strict=True):
        if mine is None or yours is None:
            assert mine is yours
        else:
            np.testing.assert_allclose(mine, yours, rtol=1e-10, atol=1e-12)


# ------------------------------------------------------------------ a table of programs


def write_row(lib, a, b):
    y = a * 2
    y[0] = b
    return y


def write_through_view(lib, a, b):
    y = a * 2
    v = y.t()
    v.mul_(b)
    return y, v


def write_base_then_use_view(lib, a, b):
    y = a * 2
    v = y[1]
    y.mul_(b)
    return v


def view_of_view(lib, a, b):
    y = a * 1
    v = y.t()[1:].select(1, 0)
    v.add_(b)
    v.mul_(3)
    return y, v


def two_views(lib, a, b):
    y = a * 1
    u, v = y[0], y[:, 1]
    u.mul_(b)
    v.add_(u[0])
    return y, u, v


def no_graph_base(lib, a, b):
    y = lib.zeros(2, 3, dtype=lib.float64)
    y[0] = a[1]
    y[1, 1:] = b
    return y


def write_part_of_unbind(lib, a, b):
    y = a * 1
    u, v = y.unbind()
    u.mul_(b)
    return v


def base_of_unbind(lib, a, b):
    y = a * 1
    u, v = y.unbind()
    y.mul_(b)
    return u, v


def base_of_split(lib, a, b):
    y = a * 1
    u, v = y.split([1, 2], 1)
    y.add_(b)
    return u, v * u


def write_leaf(lib, a, b):
    a.mul_(2)
    return a


def write_view_of_leaf(lib, a, b):
    a[0] = 1.0
    return a


def write_leaf_no_grad(lib, a, b):
    v = a[0]
    with lib.no_grad():
        a.mul_(2)
    return v, a


def view_made_without_grad(lib, a, b):
    y = a * 1
    with lib.no_grad():
        v = y[0]
    v.mul_(2)
    return y


def write_saved(lib, a, b):
    y = a * 1
    z = y * y
    y.add_(1)
    return z


def write_saved_output(lib, a, b):
    y = a.tanh()
    y.mul_(2)
    return y


def write_not_saved(lib, a, b):
    y = a + 1
    z = y + 1
    y.mul_(2)
    return z, y


def write_saved_by_view(lib, a, b):
    y = a * 1
    z = y * y
    y[0] = 0.0
    return z


def write_detached(lib, a, b):
    y = a * 1
    z = y * y
    y.detach().zero_()
    return z


def write_detached_unsaved(lib, a, b):
    y = a * 1
    z = y + 1
    y.detach().zero_()
    return z, y


def in_place_chain(lib, a, b):
    y = a.clone()
    for _ in range(3):
        y.mul_(b).add_(a)
    return y


def fill_and_zero(lib, a, b):
    y = a * 1
    y[0].fill_(2.0)
    y[:, 2].zero_()
    y[1, 0].fill_(b)
    return y


def masked(lib, a, b):
    y = a * 1
    y.t()[1:].masked_fill_(lib.tensor([[True, False], [False, True]]), 5.0)
    y[y > 1] = b
    return y


def advanced(lib, a, b):
    y = a * 1
    y[:, [0, 2]] = a[:, 1:] * b
    y[1][lib.tensor([1])] = b
    y[[0, 1], [1, 1]] *= 2
    return y


def copy_broadcast(lib, a, b):
    y = a * 1
    y.copy_(a[0])
    y.t()[0].copy_(b)
    return y


def copy_other_dtype(lib, a, b):
    y = lib.zeros(2, 3, dtype=lib.float32)
    y.copy_(a * b)
    return y


def expanded(lib, a, b):
    y = (b * 1).expand(3)
    y.add_(1)
    return y


def part_of_expanded(lib, a, b):
    y = (b * 1).expand(3)
    y[0].add_(1)
    return y


def too_large(lib, a, b):
    y = b * 1
    y.add_(a)
    return y


def wrong_dtype(lib, a, b):
    y = lib.tensor([1, 2, 3])
    y.add_(a[0])
    return y


def reshaped_view(lib, a, b):
    y = (a * 1).t().contiguous()
    v = y.view(2, 3)
    v[0] = b
    return y


def flattened_transposed(lib, a, b):
    y = a * 1
    v = y.t().reshape(6)
    v.mul_(b)
    return y, v


def diagonal_write(lib, a, b):
    y = a * 1
    y.diagonal().mul_(b)
    y.diagonal(1).copy_(a[0, :2])
    return y


def unfolded(lib, a, b):
    y = a * 1
    y.unfold(1, 1, 2).mul_(b)
    return y


def strided(lib, a, b):
    y = a * 1
    y.as_strided((2, 2), (3, 1), 1).mul_(b)
    return y


def squeeze_in_place(lib, a, b):
    y = (a * 1)[:, :1]
    y.squeeze_(1).mul_(b)
    y.unsqueeze_(0)
    return y


def transpose_in_place(lib, a, b):
    y = a * 1
    y.t_()
    y[0] = b
    return y


def view_used_before_and_after(lib, a, b):
    y = a * 1
    v = y[0]
    before = v + 1
    y.mul_(b)
    return before, v + 1


def augmented(lib, a, b):
    y = a * 1
    y[0] *= b
    y[:, 1] -= a[:, 0]
    y += 1
    return y


def value_is_view_of_target(lib, a, b):
    y = a * 1
    y[:, 1:] = y[:, :-1].clone()
    y[0] = y[1]
    return y


def requires_grad_later(lib, a, b):
    y = lib.ones(2, 2, dtype=lib.float64)
    v = y[0]
    y.mul_(b)
    assert v.requires_grad
    v.grad_fn  # PyTorch remakes the node here, and only here
    v.add_(1)
    return y, v


def permuted_base(lib, a, b):
    y = (a * 1).t().clone()
    v = y.t().narrow(1, 1, 2)
    v.mul_(b)
    return y, v


def repeated_writes(lib, a, b):
    y = lib.zeros(4, dtype=lib.float64)
    for i in range(4):
        y[i] = a[0, 0] * i + (y[i - 1] if i else b)
    return y


def empty_write(lib, a, b):
    y = a * 1
    y[2:].mul_(b)
    y[:, :0] = 1.0
    return y


PROGRAMS = [f for n, f in list(globals().items()) if callable(f) and getattr(f, "__code__", None)
            and f.__code__.co_varnames[:3] == ("lib", "a", "b")]  # fmt: skip


@pytest.mark.parametrize("program", PROGRAMS, ids=lambda f: f.__name__)
def test_program(program):
    compare(program)


# ------------------------------------------------------------------ versions and memory

MEMORY = {
    "view": lambda x: x.view(6), "reshape": lambda x: x.reshape(3, 2), "t": lambda x: x.t(),
    "transpose": lambda x: x.transpose(0, 1), "permute": lambda x: x.permute(1, 0),
    "expand": lambda x: x.expand(2, 2, 3), "select": lambda x: x[1], "slice": lambda x: x[:, 1:],
    "unsqueeze": lambda x: x[None], "squeeze": lambda x: x[:1].squeeze(0),
    "diagonal": lambda x: x.diagonal(), "unfold": lambda x: x.unfold(1, 2, 1),
    "alias": lambda x: x[...], "detach": lambda x: x.detach(), "unbind": lambda x: x.unbind()[1],
    "split": lambda x: x.split(1)[0], "chunk": lambda x: x.chunk(2, 1)[1], "T": lambda x: x.T,
    "flatten": lambda x: x.flatten(), "narrow": lambda x: x.narrow(1, 0, 2),
    "as_strided": lambda x: x.as_strided((2,), (3,), 1), "scalar": lambda x: x[1, 2],
    "movedim": lambda x: x.movedim(0, 1), "unflatten": lambda x: x.unflatten(1, (3, 1)),
    "copy: clone": lambda x: x.clone(), "copy: index": lambda x: x[[0]],
    "copy: repeat": lambda x: x.repeat(1, 1), "copy: cat": lambda x: ag.cat([x[:1]]) if
    isinstance(x, ag.Tensor) else torch.cat([x[:1]]), "copy: flip": lambda x: x.flip(0),
    "copy: reshape": lambda x: x.t().reshape(6), "copy: mask": lambda x: x[x > 0],
    "float": lambda x: x.double(), "contiguous": lambda x: x.contiguous(),
}  # fmt: skip


@pytest.mark.parametrize("name", MEMORY)
@pytest.mark.parametrize("dtype", ["float64", "float16", "int64", "bool", "bfloat16"])
def test_shares_memory_and_version(name, dtype):
    seen = []
    for lib in (ag, torch):
        x = lib.tensor(VALUES).to(getattr(lib, dtype))
        y = MEMORY[name](x)
        x.zero_()
        seen.append((numbers(y).tolist(), y._version, x._version, list(y.shape), y._is_view()))
    assert seen[0] == seen[1]


@pytest.mark.parametrize("name", [n for n in MEMORY if not n.startswith("copy")])
def test_node_names(name):
    mine = MEMORY[name](leaf(ag, VALUES)).grad_fn
    yours = MEMORY[name](leaf(torch, VALUES)).grad_fn
    assert (mine and mine.name()) == (yours and yours.name())


def test_versions_count_every_write():
    for lib in (ag, torch):
        x = lib.zeros(3)
        v = x[1:]
        x.add_(1)
        v.mul_(2)
        x[0] = 5
        v.detach().zero_()
        assert x._version == v._version == 4
        x.data.add_(1)
        assert x._version == 4


def test_message_names_the_writing_line():
    y = leaf(ag, VALUES) * 1
    z = (y * y).sum()
    y[0] = 0.0  # the culprit
    with pytest.raises(RuntimeError, match=r"(?s)modified by an inplace.*the culprit"):
        z.backward()


def test_failed_write_changes_nothing():
    y = leaf(ag, VALUES) * 1
    before, fn, version = y.tolist(), y.grad_fn, y._version
    for wrong in (lambda: y.add_(ag.ones(4, dtype=ag.float64)), lambda: y.__setitem__(7, 0.0)):
        with pytest.raises((RuntimeError, IndexError)):
            wrong()
    assert (y.tolist(), y.grad_fn, y._version) == (before, fn, version)


def test_second_order_through_writes():
    results = []
    for lib in (ag, torch):
        a, b = leaf(lib, VALUES), leaf(lib, 0.7)
        y = a * a
        y.t()[1].mul_(b * b)
        y[0, 1:].copy_(a[1, :2] ** 2)
        (first,) = lib.autograd.grad((y * y).sum(), a, create_graph=True)
        results.append([numbers(g) for g in lib.autograd.grad((first * first).sum(), (a, b))])
    for mine, yours in zip(*results, strict=True):
        np.testing.assert_allclose(mine, yours, rtol=1e-10)


# ------------------------------------------------------------------ random programs

VIEWS = {
    "select": lambda x: x.select(0, x.shape[0] - 1) if x.ndim else x[...],
    "last": lambda x: x.select(-1, 0) if x.ndim and x.shape[-1] else x[...],
    "slice": lambda x: x[1:] if x.ndim else x[...],
    "step": lambda x: x[..., ::2] if x.ndim else x[None],
    "t": lambda x: x.transpose(0, -1) if x.ndim else x[None],
    "unsqueeze": lambda x: x.unsqueeze(-1),
    "squeeze": lambda x: x.squeeze(),
    "flatten": lambda x: x.view(-1),
    "diagonal": lambda x: x.diagonal() if x.ndim > 1 else x[...],
    "expand": lambda x: x.expand(2, *x.shape),
    "unbind": lambda x: x.unbind()[0],
    "split": lambda x: x.split(1)[-1],
    "detach": lambda x: x.detach(),
    "reshape": lambda x: x.reshape(-1),
}
WRITES = {
    "mul": lambda x, y, a, b: x.mul_(1.5),
    "mul_b": lambda x, y, a, b: x.mul_(b),
    "add_b": lambda x, y, a, b: x.add_(b),
    "add_y": lambda x, y, a, b: x.add_(y),
    "mul_y": lambda x, y, a, b: x.mul_(y),
    "copy_y": lambda x, y, a, b: x.copy_(y),
    "zero": lambda x, y, a, b: x.zero_(),
    "fill": lambda x, y, a, b: x.fill_(0.5),
    "tanh": lambda x, y, a, b: x.tanh_(),
    "set": lambda x, y, a, b: x.__setitem__(0, b),
    "set_all": lambda x, y, a, b: x.__setitem__(Ellipsis, y),
    "masked": lambda x, y, a, b: x.masked_fill_(x > 0.6, 0.25),
    "index": lambda x, y, a, b: x.__setitem__([0], b * 2),
}
PURE = {
    "add": lambda x, y, b: x + y,
    "mul": lambda x, y, b: x * y,
    "tanh": lambda x, y, b: x.tanh(),
    "square": lambda x, y, b: x * x,
    "clone": lambda x, y, b: x.clone(),
}
STEPS = st.lists(
    st.tuples(
        st.sampled_from(
            [("view", n) for n in VIEWS]
            + [("write", n) for n in WRITES]
            + [("pure", n) for n in PURE]
            + [("no_grad write", n) for n in ("mul", "zero", "copy_y")]
        ),
        st.integers(0, 9),
        st.integers(0, 9),
    ),
    min_size=1,
    max_size=9,
)


def is_expanded(x):
    return any(s == 0 and n > 1 for s, n in zip(x.stride(), x.shape, strict=True))


def attempt(ask):
    try:
        return ask()
    except RuntimeError as error:
        return str(error)[:60]


def interpret(lib, steps):
    """Run the steps on a pool of tensors: the outcome of each, the values, the gradients."""
    a, b = leaf(lib, VALUES), leaf(lib, 0.7)
    pool, log = [a * 1, lib.ones(2, 3, dtype=lib.float64)], []
    for (kind, name), i, j in steps:
        x, y = pool[i % len(pool)], pool[j % len(pool)]
        try:
            x.grad_fn  # PyTorch remakes the node of a view here, and forgets to before a write
            if name in ("masked", "index", "zero", "fill") and is_expanded(x):
                continue  # PyTorch writes something, and its backward fails
            if "write" in kind:
                y = y.clone()  # what overlaps in memory is refused by some of PyTorch's kernels
            if kind == "view":
                pool.append(VIEWS[name](x))
            elif kind == "pure":
                pool.append(PURE[name](x, y, b))
            elif kind == "write":
                WRITES[name](x, y, a, b)
            else:
                with lib.no_grad():
                    WRITES[name](x, y, a, b)
            log.append("done")
        except (RuntimeError, IndexError):
            log.append("refused")
    values = [numbers(t) for t in pool]
    needs = [t.requires_grad for t in pool]
    leaves = [attempt(lambda t=t: t.is_leaf) for t in pool]
    try:
        total = sum((t * (k + 1)).sum() for k, t in enumerate(pool))
        total.backward()
        grads = numbers(a.grad), numbers(b.grad)
    except RuntimeError as error:
        grads = str(error)[:60]
    return log, values, needs, leaves, [t._version for t in pool], grads


@settings(max_examples=400, deadline=None, database=None)
@given(STEPS)
def test_random_programs(steps):
    mine, yours = interpret(ag, steps), interpret(torch, steps)
    assert mine[0] == yours[0]
    for one, other in zip(mine[1], yours[1], strict=True):
        np.testing.assert_allclose(one, other, rtol=1e-10, atol=1e-12)
    assert mine[2:5] == yours[2:5]
    if isinstance(yours[5], str) or isinstance(mine[5], str):
        assert mine[5] == yours[5]
        return
    for one, other in zip(mine[5], yours[5], strict=True):
        if one is None or other is None:
            assert one is other
        else:
            np.testing.assert_allclose(one, other, rtol=1e-9, atol=1e-11)
