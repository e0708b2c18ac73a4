"""utils.checkpoint: random numbers, memory, and what a debugger sees of a region."""

import gc
import threading
import weakref
from contextlib import contextmanager, nullcontext

import numpy as np
import pytest

import autograd_core as ag
from autograd_core import state
from autograd_core.events import Listener, listen
from autograd_core.utils.checkpoint import checkpoint
from autograd_core.utils.recompute import Surroundings, recomputes


def leaf(lib, *values):
    return lib.tensor(list(values), dtype=lib.float64, requires_grad=True)


def module_of(lib):
    return lib.utils.checkpoint


@pytest.fixture(params=[True, False], ids=["reentrant", "hooks"])
def reentrant(request):
    return request.param


inner_regions_warn = pytest.mark.filterwarnings("ignore:None of the inputs have requires_grad")
"""Under the no_grad of an outer reentrant region, as PyTorch's do."""


# ------------------------------------------------------------------ random numbers


@inner_regions_warn
@pytest.mark.parametrize("inner", [False, True])
def test_dropout_draws_the_same_mask(lib, reentrant, inner):
    def f(x):
        y = lib.nn.functional.dropout(x, 0.5, training=True)
        return module_of(lib).checkpoint(g, y, use_reentrant=reentrant) if inner else g(y)

    def g(y):
        return lib.nn.functional.dropout(y * y, 0.5, training=True)

    lib.manual_seed(0)
    x = lib.ones(64, requires_grad=True)
    y = module_of(lib).checkpoint(f, x, use_reentrant=reentrant)
    after = lib.get_rng_state()
    y.sum().backward()
    assert set(y.tolist()) == {0.0, 8.0}
    np.testing.assert_array_equal(x.grad.numpy(), 2 * y.detach().numpy())
    np.testing.assert_array_equal(lib.get_rng_state().numpy(), after.numpy())


@pytest.mark.gpu
def test_dropout_draws_the_same_mask_on_a_gpu(reentrant):
    x = ag.ones(64, device="cuda").requires_grad_()
    y = checkpoint(lambda t: ag.nn.functional.dropout(t * t, 0.5), x, use_reentrant=reentrant)
    ag.nn.functional.dropout(x, 0.5)  # the stream moves on
    y.sum().backward()
    np.testing.assert_array_equal(x.grad.cpu().numpy(), 2 * y.detach().cpu().numpy())


def test_random_state_left_alone(lib, reentrant):
    def f(x):
        return x * lib.rand(64)

    lib.manual_seed(0)
    x = lib.ones(64, requires_grad=True)
    y = module_of(lib).checkpoint(f, x, use_reentrant=reentrant, preserve_rng_state=False)
    before = lib.get_rng_state()
    y.sum().backward()
    assert not np.array_equal(before.numpy(), lib.get_rng_state().numpy())
    assert not np.array_equal(x.grad.numpy(), y.detach().numpy())


class _Words:
    """Stands for a device's random bits: a state that is copied and written to."""

    def __init__(self, n):
        self.n = n
        self.device = nullcontext()

    def copy(self):
        return _Words(self.n)

    def __setitem__(self, key, other):
        self.n = other.n


class _Stream:
    def __init__(self):
        self.bit_generator = self
        self._state = _Words(0)


def test_streams_of_devices_go_back_too(monkeypatch):
    stream = _Stream()
    monkeypatch.setattr(ag.random.default_generator, "_others", {("fake", 0): stream})
    stream._state.n = 3
    surroundings = Surroundings(preserve_rng_state=True)
    stream._state.n = 7
    with surroundings.again():
        assert stream._state.n == 3
        stream._state.n = 4
    assert stream._state.n == 7
    assert ag.random.default_generator._others == {("fake", 0): stream}


# ------------------------------------------------------------------ memory


@contextmanager
def without_the_collector():
    gc.collect()
    gc.disable()
    try:
        yield
    finally:
        gc.enable()


@contextmanager
def watching_intermediates():
    """A function of three layers, and weak references to the arrays it makes."""
    live = []

    def f(x):
        for _ in range(3):
            h = x.exp()
            live.append(weakref.ref(h._array))
            x = h.sin()
        return x.sum()

    def alive():
        return sum(r() is not None for r in live)

    with without_the_collector():
        yield f, live, alive


def test_nothing_is_kept_between_forward_and_backward(reentrant):
    with watching_intermediates() as (f, live, alive):
        x = ag.ones(4, requires_grad=True)
        plain = f(x)
        assert alive() == 3
        del plain
        live.clear()
        y = checkpoint(f, x, use_reentrant=reentrant)
        assert len(live) == 3
        assert alive() == 0
        y.backward()
        assert len(live) > 3  # ran again
        assert alive() == 0
        del y
        assert x.grad is not None


@pytest.mark.parametrize("retain", [True, False])
def test_values_go_as_their_nodes_run(retain):
    """How many intermediates are alive when each node has run, last node first."""
    counts = []
    with watching_intermediates() as (f, live, alive):

        class Count(Listener):
            def after_node(self, run, node, grads, results, seconds):
                counts.append(alive())

        x = ag.ones(4, requires_grad=True)
        y = checkpoint(f, x, use_reentrant=False)
        live.clear()
        with listen(Count()):
            y.backward(retain_graph=retain)
        assert alive() == 0
    assert counts == [0, 3, 2, 2, 1, 1, 0]  # sum; then sin and exp, which share one array


def test_a_nested_region_keeps_not_even_its_inputs():
    with watching_intermediates() as (f, live, alive):

        def outer(x):
            h = x * 2.0
            live.append(weakref.ref(h._array))
            return checkpoint(f, h, use_reentrant=False)

        x = ag.ones(4, requires_grad=True)
        y = checkpoint(outer, x, use_reentrant=False)
        assert alive() == 0
        y.backward()
        assert alive() == 0


def test_a_graph_that_is_dropped_frees_its_region():
    with without_the_collector():
        x = ag.ones(4, requires_grad=True)
        h = x * 2.0
        gone = weakref.ref(h._array)
        y = checkpoint(lambda t: t.exp().sin(), h, use_reentrant=False)
        del h
        assert gone() is not None
        del y
        assert gone() is None


# ------------------------------------------------------------------ what a debugger sees


def test_looking_at_a_saved_tensor():
    x = leaf(ag, 1.0)
    y = checkpoint(lambda x: (x * 2.0).sin(), x, use_reentrant=False)
    assert recomputes(y.grad_fn)
    assert not recomputes((x * x).grad_fn)
    assert y.grad_fn._saved_self.item() == 2.0
    assert y.grad_fn._saved_self.item() == 2.0
    y.backward()
    assert x.grad.item() == pytest.approx(2 * np.cos(2.0))


@pytest.mark.parametrize("retain", [True, False])
def test_looking_while_backward_runs(retain):
    """PyTorch's lets each saved tensor be read once in a backward; a debugger reads more often."""
    seen = []
    x = leaf(ag, 1.0)
    y = checkpoint(lambda x: (x * 2.0).sin(), x, use_reentrant=False)
    node = y.grad_fn
    node.register_prehook(lambda g: seen.extend(node._saved_self.item() for _ in range(2)))
    y.backward(retain_graph=retain)
    assert seen == [2.0, 2.0]
    assert x.grad.item() == pytest.approx(2 * np.cos(2.0))


class Scopes(Listener):
    def __init__(self):
        self.heard = []

    def on_op(self, op, node, inputs, outputs, scope, code, lasti, seconds):
        self.heard.append((op, scope))


class Net(ag.nn.Module):
    def __init__(self, reentrant):
        super().__init__()
        self.reentrant = reentrant
        self.lin = ag.nn.Linear(2, 2)

    def forward(self, x):
        return checkpoint(self.part, x, use_reentrant=self.reentrant)

    def part(self, x):
        return self.lin(x.exp()).sin().cos()


def test_scopes_of_what_runs_again(reentrant):
    net = Net(reentrant)
    with listen(Scopes()) as forward:
        loss = net(ag.ones(2, 2, requires_grad=True)).sum()
    with listen(Scopes()) as again:
        loss.backward()
    first = {op: scope for op, scope in forward.heard if op in ("exp", "addmm", "sin")}
    assert first == {"exp": ("net",), "addmm": ("net", "lin"), "sin": ("net",)}
    mark = () if reentrant else ("recompute",)
    second = {op: scope for op, scope in again.heard if op in ("exp", "addmm", "sin")}
    assert second == {op: ("net", *mark, *scope[1:]) for op, scope in first.items()}
    assert state.modes.scope == ()


def test_other_threads_run_their_own_backward():
    x = leaf(ag, 0.5)
    y = checkpoint(lambda x: x.exp().sin(), x, use_reentrant=False)
    thread = threading.Thread(target=y.backward)
    thread.start()
    thread.join()
    assert x.grad.item() == pytest.approx(np.cos(np.exp(0.5)) * np.exp(0.5))
