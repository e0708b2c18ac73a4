"""Depth without recursion, freeing by reference counts alone, threads."""

import gc
import threading
import weakref

import pytest

import autograd_core as ag


def leaf(lib, *values):
    return lib.tensor(list(values), dtype=lib.float64, requires_grad=True)


@pytest.fixture
def no_gc():
    gc.collect()
    gc.disable()
    yield
    gc.enable()


def test_a_million_nodes():
    x = leaf(ag, 1.0)
    y = x
    for _ in range(1_000_000):
        y = y + 1.0
    y.backward()
    assert x.grad.item() == 1.0
    del y


def test_a_million_nodes_that_save():
    x = leaf(ag, 1.0)
    y = x
    for _ in range(300_000):
        y = y * 1.0
    y.sum().backward()
    assert x.grad.item() == 1.0
    del y


def test_a_deep_graph_is_freed_without_backward():
    y = leaf(ag, 1.0)
    for _ in range(300_000):
        y = y * y
    del y


def test_a_deep_graph_under_create_graph():
    x = leaf(ag, 1.0)
    y = x
    for _ in range(20_000):
        y = y * 1.0
    (first,) = ag.autograd.grad(y, x, create_graph=True)
    assert first.item() == 1.0
    del first, y


def test_a_deep_graph_of_custom_functions():
    class Same(ag.autograd.Function):
        @staticmethod
        def forward(ctx, x):
            ctx.save_for_backward(x)
            return x + 0

        @staticmethod
        def backward(ctx, g):
            return g

    x = leaf(ag, 1.0)
    y = x
    for _ in range(50_000):
        y = Same.apply(y)
    y.backward()
    assert x.grad.item() == 1.0
    y = x
    for _ in range(50_000):
        y = Same.apply(y)
    del y


def test_a_wide_graph():
    x = leaf(ag, 1.0)
    total = x * 0
    for _ in range(20_000):
        total = total + x * 2
    total.backward()
    assert x.grad.item() == 40_000.0


# ------------------------------------------------------------------ freeing


def test_arrays_die_with_the_last_tensor(no_gc):
    x = leaf(ag, 1.0, 2.0)
    inner = x * 2
    y = inner * inner
    array = weakref.ref(inner._array)
    del inner
    assert array() is not None
    del y
    assert array() is None


def test_arrays_die_after_backward(no_gc):
    x = leaf(ag, 1.0, 2.0)
    inner = x * 2
    y = (inner * inner).sum()
    array = weakref.ref(inner._array)
    del inner
    y.backward()
    assert array() is None


@pytest.mark.parametrize(
    "make",
    [
        lambda x: x.exp(),
        lambda x: (x * x).sum(),
        lambda x: x.reshape(2, 1) * x,
        lambda x: (x * 1).mul_(2),
        lambda x: ag.autograd.grad((x * x).sum(), x, create_graph=True)[0],
        lambda x: x.split(1)[0] * 2,
    ],
    ids=["saved result", "reduction", "view", "in place", "create_graph", "several outputs"],
)
def test_no_reference_cycles(no_gc, make):
    x = leaf(ag, 1.0, 2.0)
    y = make(x)
    alive = weakref.ref(y)
    del y
    assert alive() is None
    leaf_alive = weakref.ref(x)
    del x
    assert leaf_alive() is None


def test_no_cycles_after_backward(no_gc):
    x = leaf(ag, 1.0, 2.0)
    y = x * 2
    y.retain_grad()
    y.register_hook(lambda g: None)
    loss = (y * y).sum()
    loss.backward()
    alive = weakref.ref(y)
    del y, loss
    assert alive() is None
    alive = weakref.ref(x)
    del x
    assert alive() is None


def test_no_cycles_after_an_exception(no_gc):
    x = leaf(ag, 1.0)
    y = x * 2

    def fail(g):
        raise KeyError

    y.register_hook(fail)
    try:
        y.backward()
    except KeyError:
        pass
    alive = weakref.ref(y)
    del y, fail
    assert alive() is None


def test_a_loop_does_not_grow(no_gc):
    x = leaf(ag, 1.0)
    for _ in range(3):
        ((x * x).exp() + 1).sum().backward()
    before = len(gc.get_objects())
    for _ in range(50):
        ((x * x).exp() + 1).sum().backward()
    assert len(gc.get_objects()) - before < 50


# ------------------------------------------------------------------ threads


def run_all(*targets):
    errors = []

    def guarded(target):
        try:
            target()
        except BaseException as error:
            errors.append(error)

    threads = [threading.Thread(target=guarded, args=(t,)) for t in targets]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert errors == []


def test_independent_graphs_in_threads(lib):
    found = {}

    def work(n):
        def run():
            x = leaf(lib, float(n))
            for _ in range(50):
                y = x
                for _ in range(20):
                    y = y * 1.0 + x
                x.grad = None
                y.sum().backward()
            found[n] = x.grad.item()

        return run

    run_all(*(work(n) for n in range(6)))
    assert found == dict.fromkeys(range(6), 21.0)


def test_shared_leaf_in_threads():
    x = leaf(ag, *([1.0] * 100))
    rounds = 200

    def run():
        for _ in range(rounds):
            (x * 2).sum().backward()

    run_all(*[run] * 4)
    assert x.grad.tolist() == [2.0 * 4 * rounds] * 100


def test_shared_graph_in_threads():
    x = leaf(ag, 3.0)
    y = x * x

    def run():
        for _ in range(50):
            assert ag.autograd.grad(y, x, retain_graph=True)[0].item() == 6.0

    run_all(*[run] * 4)


def test_modes_of_one_thread_do_not_touch_another():
    inside, done = threading.Event(), threading.Event()
    seen = []

    def off():
        with ag.no_grad():
            inside.set()
            done.wait(10)
            seen.append((leaf(ag, 1.0) * 2).requires_grad)

    def on():
        inside.wait(10)
        x = leaf(ag, 2.0)
        (x * x).backward()
        seen.append(x.grad.item())
        done.set()

    run_all(off, on)
    assert seen == [4.0, False]


def test_backward_in_another_thread():
    x = leaf(ag, 3.0)
    y = x * x

    run_all(y.backward)
    assert x.grad.item() == 6.0


def test_the_fast_path_is_back_afterwards():
    from autograd_core import state

    before = state.special
    with ag.no_grad(), ag.inference_mode(), ag.autograd.detect_anomaly():
        assert state.special > before
    with pytest.raises(KeyError), ag.no_grad():
        raise KeyError
    assert state.special == before
