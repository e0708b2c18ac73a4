"""no_grad and its kin as context, decorator and generator decorator; anomaly mode."""

import inspect
import threading

import pytest

import autograd_core as ag


def leaf(lib, *values):
    return lib.tensor(list(values), dtype=lib.float64, requires_grad=True)


def test_no_grad(lib):
    x = leaf(lib, 1.0)
    with lib.no_grad():
        assert not lib.is_grad_enabled()
        y = x * 2
        assert not y.requires_grad
        assert y.is_leaf
    assert lib.is_grad_enabled()
    assert (x * 2).requires_grad


def test_nesting(lib):
    x = leaf(lib, 1.0)
    with lib.no_grad():
        with lib.enable_grad():
            assert (x * 2).requires_grad
        assert not (x * 2).requires_grad


def test_restored_after_an_exception(lib):
    with pytest.raises(KeyError), lib.no_grad():
        raise KeyError
    assert lib.is_grad_enabled()


def test_one_object_may_nest(lib):
    mode = lib.no_grad()
    with mode:
        pass
    with mode:
        assert not lib.is_grad_enabled()
    assert lib.is_grad_enabled()


def test_decorators(lib):
    @lib.no_grad()
    def off(x):
        """Text."""
        return lib.is_grad_enabled()

    @lib.no_grad
    def bare(x):
        return lib.is_grad_enabled()

    @lib.enable_grad()
    def on(x):
        return lib.is_grad_enabled()

    assert (off(1), bare(1)) == (False, False)
    assert (off.__name__, off.__doc__) == ("off", "Text.")
    with lib.no_grad():
        assert on(1)
    assert lib.is_grad_enabled()


def test_recursion_of_a_decorated_function(lib):
    @lib.no_grad()
    def count(n):
        assert not lib.is_grad_enabled()
        return 0 if n == 0 else 1 + count(n - 1)

    assert count(5) == 5
    assert lib.is_grad_enabled()


def test_set_grad_enabled_as_a_function(lib):
    lib.set_grad_enabled(False)
    assert not lib.is_grad_enabled()
    lib.set_grad_enabled(True)
    assert lib.is_grad_enabled()


def test_set_grad_enabled_as_a_context(lib):
    with lib.set_grad_enabled(False):
        assert not lib.is_grad_enabled()
        with lib.set_grad_enabled(True):
            assert lib.is_grad_enabled()
        assert not lib.is_grad_enabled()
    assert lib.is_grad_enabled()


def test_set_grad_enabled_as_a_decorator(lib):
    @lib.set_grad_enabled(False)
    def off():
        return lib.is_grad_enabled()

    assert lib.is_grad_enabled()
    assert not off()
    assert lib.is_grad_enabled()


def test_generator_decorator(lib):
    @lib.no_grad()
    def numbers():
        received = []
        try:
            for i in range(3):
                assert not lib.is_grad_enabled()
                received.append((yield i))
        except ValueError:
            assert not lib.is_grad_enabled()
            yield "caught"
        return received

    made = numbers()
    assert inspect.isgenerator(made)
    assert next(made) == 0
    assert lib.is_grad_enabled()
    assert made.send("a") == 1
    assert made.throw(ValueError()) == "caught"
    with pytest.raises(StopIteration) as stop:
        next(made)
    assert stop.value.value == ["a"]
    assert lib.is_grad_enabled()


def test_generator_is_closed(lib):
    closed = []

    @lib.no_grad()
    def numbers():
        try:
            yield 1
        finally:
            closed.append(lib.is_grad_enabled())

    made = numbers()
    next(made)
    made.close()
    assert closed == [False]
    assert lib.is_grad_enabled()


def test_generator_sees_the_outside_mode(lib):
    @lib.enable_grad()
    def numbers():
        yield lib.is_grad_enabled()
        yield lib.is_grad_enabled()

    with lib.no_grad():
        made = numbers()
        assert next(made)
        assert not lib.is_grad_enabled()
        assert next(made)
        assert not lib.is_grad_enabled()


def test_modes_are_per_thread(lib):
    seen = []
    with lib.no_grad():
        thread = threading.Thread(target=lambda: seen.append(lib.is_grad_enabled()))
        thread.start()
        thread.join()
        assert not lib.is_grad_enabled()
    assert seen == [True]


def test_inference_mode(lib):
    x = leaf(lib, 1.0, 2.0)
    with lib.inference_mode():
        assert lib.is_inference_mode_enabled()
        assert not lib.is_grad_enabled()
        y = x * 2
        assert y.is_inference()
        y.add_(1)
    assert not lib.is_inference_mode_enabled()
    assert lib.is_grad_enabled()
    assert not y.requires_grad
    with pytest.raises(RuntimeError, match="Inference tensors cannot be saved for backward"):
        x * y
    with pytest.raises(
        RuntimeError, match="Inplace update to inference tensor outside InferenceMode"
    ):
        y.add_(1)
    with pytest.raises(RuntimeError, match="Setting requires_grad=True on inference tensor"):
        y.requires_grad = True
    assert (x * y.clone()).requires_grad


def test_inference_mode_off(lib):
    with lib.inference_mode(), lib.inference_mode(False):
        assert not lib.is_inference_mode_enabled()


def test_inference_mode_as_a_decorator(lib):
    @lib.inference_mode()
    def f(x):
        return x * 2

    @lib.inference_mode
    def g(x):
        return x * 2

    assert f(leaf(lib, 1.0)).is_inference()
    assert g(leaf(lib, 1.0)).is_inference()


def test_set_multithreading_enabled(lib):
    with lib.autograd.set_multithreading_enabled(False):
        x = leaf(lib, 2.0)
        (x * x).backward()
    assert x.grad.item() == 4.0


def test_where_pytorch_keeps_them(lib):
    assert lib.autograd.grad_mode.no_grad is lib.no_grad
    assert lib.autograd.no_grad is lib.no_grad
    assert lib.autograd.anomaly_mode.detect_anomaly is lib.autograd.detect_anomaly


# ------------------------------------------------------------------ anomaly mode


@pytest.mark.filterwarnings("ignore:Anomaly Detection has been enabled")
def test_anomaly_names_the_function(lib):
    x = leaf(lib, 0.0)
    with (
        pytest.raises(RuntimeError, match="'SqrtBackward0' returned nan values in its 0th output"),
        pytest.warns(UserWarning, match="Error detected in")
        if lib is not ag
        else pytest.MonkeyPatch.context(),
        lib.autograd.detect_anomaly(),
    ):
        (x.sqrt() * 0).backward()
    (x * 2).backward()
    assert x.grad.item() == 2.0


@pytest.mark.filterwarnings("ignore:Anomaly Detection has been enabled")
def test_anomaly_without_looking_at_values(lib):
    x = leaf(lib, 0.0)
    with lib.autograd.detect_anomaly(check_nan=False):
        (x.sqrt() * 0).backward()
    assert x.grad.item() != x.grad.item()


def test_anomaly_message_has_values_and_the_line():
    x = leaf(ag, 4.0, 0.0, 1.0)
    with ag.autograd.detect_anomaly():
        y = x.sqrt()  # the line
        with pytest.raises(ag.errors.AnomalyError) as caught:
            (y * ag.tensor([1.0, 0.0, 1.0], dtype=ag.float64)).sum().backward()
    text = str(caught.value)
    assert "1 of 3 elements, the first at index (1,)" in text
    assert "test_modes.py" in text
    assert "y = x.sqrt()  # the line" in text


def test_anomaly_sees_infinity():
    x = leaf(ag, 0.0)
    with (
        ag.autograd.detect_anomaly(),
        pytest.raises(RuntimeError, match="'SqrtBackward0' returned inf values in its 0th output"),
    ):
        x.sqrt().backward()


def test_anomaly_in_a_custom_function():
    class Bad(ag.autograd.Function):
        @staticmethod
        def forward(ctx, x):
            return x * 2

        @staticmethod
        def backward(ctx, g):
            return g * float("nan")

    x = leaf(ag, 1.0)
    with (
        ag.autograd.detect_anomaly(),
        pytest.raises(RuntimeError, match="'BadBackward' returned nan"),
    ):
        Bad.apply(x).backward()


def test_anomaly_under_create_graph():
    x = leaf(ag, 0.0)
    with ag.autograd.detect_anomaly(), pytest.raises(RuntimeError, match="returned inf"):
        ag.autograd.grad(x.sqrt(), x, create_graph=True)


def test_set_detect_anomaly(lib):
    with lib.autograd.set_detect_anomaly(True):
        assert lib.is_anomaly_enabled()
        with lib.autograd.set_detect_anomaly(False):
            assert not lib.is_anomaly_enabled()
        assert lib.is_anomaly_enabled()
    assert not lib.is_anomaly_enabled()
    lib.autograd.set_detect_anomaly(True)
    assert lib.is_anomaly_enabled()
    lib.autograd.set_detect_anomaly(False)
    assert not lib.is_anomaly_enabled()
