"""Generators: seeds, states and streams; every function that draws takes a generator."""

import copy
import inspect
import pickle
import threading

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import autograd_core as ag
from autograd_core import nn


def seeded(seed=0):
    return ag.Generator().manual_seed(seed)


DRAWS = {
    "rand": lambda g: ag.rand(3, generator=g),
    "randn": lambda g: ag.randn(3, generator=g),
    "randint": lambda g: ag.randint(1000, (3,), generator=g),
    "randperm": lambda g: ag.randperm(50, generator=g),
    "normal": lambda g: ag.normal(ag.zeros(3), 1.0, generator=g),
    "bernoulli": lambda g: ag.bernoulli(ag.full((30,), 0.5), generator=g),
    "multinomial": lambda g: ag.multinomial(ag.ones(50), 10, generator=g),
    "poisson": lambda g: ag.poisson(ag.full((9,), 50.0), generator=g),
    "binomial": lambda g: ag.binomial(ag.full((9,), 50.0), ag.full((9,), 0.5), generator=g),
    "rand_like": lambda g: ag.rand_like(ag.zeros(3), generator=g),
    "randn_like": lambda g: ag.randn_like(ag.zeros(3), generator=g),
    "randint_like": lambda g: ag.randint_like(ag.zeros(3), 1000, generator=g),
    "random_": lambda g: ag.zeros(3).random_(1000, generator=g),
    "uniform_": lambda g: ag.zeros(3).uniform_(generator=g),
    "normal_": lambda g: ag.zeros(3).normal_(generator=g),
    "exponential_": lambda g: ag.zeros(3).exponential_(generator=g),
    "cauchy_": lambda g: ag.zeros(3).cauchy_(generator=g),
    "geometric_": lambda g: ag.zeros(9).geometric_(0.1, generator=g),
    "log_normal_": lambda g: ag.zeros(3).log_normal_(generator=g),
    "bernoulli_": lambda g: ag.zeros(30).bernoulli_(generator=g),
}
INITS = [
    name
    for name in nn.init.__all__
    if name.endswith("_") and "generator" in inspect.signature(getattr(nn.init, name)).parameters
]
DRAWS |= {
    f"init.{name}": lambda g, name=name: getattr(nn.init, name)(
        ag.zeros(5, 4), **({"sparsity": 0.5} if name == "sparse_" else {}), generator=g
    )
    for name in INITS
}


def test_the_initialisers_are_there():
    assert {"uniform_", "normal_", "kaiming_normal_", "xavier_uniform_", "orthogonal_"} <= {*INITS}


@pytest.mark.parametrize("name", DRAWS)
def test_a_seed_repeats_what_is_drawn_and_leaves_the_default_alone(name):
    draw = DRAWS[name]
    before = ag.get_rng_state().tolist()
    generator = seeded(7)
    first, second = draw(generator).tolist(), draw(generator).tolist()
    again = seeded(7)
    assert [draw(again).tolist(), draw(again).tolist()] == [first, second]
    assert first != second
    assert draw(seeded(8)).tolist() != first
    assert ag.get_rng_state().tolist() == before


@pytest.mark.parametrize("name", DRAWS)
def test_without_a_generator_the_default_one_draws(name):
    with ag.random.fork_rng():
        ag.manual_seed(7)
        assert DRAWS[name](None).tolist() == DRAWS[name](seeded(7)).tolist()


def test_something_else_is_no_generator():
    with pytest.raises(TypeError, match="generator must be a Generator, not int"):
        ag.rand(2, generator=3)


# ------------------------------------------------------------------ seeds and states


@given(st.integers(-(2**63), 2**64 - 1))
def test_any_64_bit_seed(seed):
    generator = seeded(seed)
    assert generator.initial_seed() == seed % 2**64
    assert ag.rand(1, generator=generator).item() == ag.rand(1, generator=seeded(seed)).item()


def test_seeds_as_torch():
    torch = pytest.importorskip("torch")
    for seed in (0, 1, 2**63, 2**64 - 1, -1, -(2**63)):
        theirs = torch.Generator().manual_seed(seed).initial_seed()
        assert seeded(seed).initial_seed() == theirs % 2**64
    assert ag.Generator().initial_seed() == torch.Generator().initial_seed()


@pytest.mark.parametrize("seed", [2**64, -(2**63) - 1, 1.5, "1", None])
def test_seeds_that_are_none(seed):
    generator = seeded(3)
    with pytest.raises(RuntimeError, match="manual_seed expected a long"):
        generator.manual_seed(seed)
    assert generator.initial_seed() == 3


def test_a_seed_of_the_systems():
    one, two = ag.Generator(), ag.Generator()
    assert one.seed() == one.initial_seed()
    assert one.seed() != two.seed()


@given(st.integers(0, 20))
def test_a_state_is_a_place_in_the_stream(draws):
    generator = seeded(5)
    for i in range(draws):
        DRAWS[["rand", "randint", "bernoulli", "normal_"][i % 4]](generator)
    state = generator.get_state()
    assert state.dtype is ag.uint8
    after = [ag.randn(5, generator=generator).tolist() for _ in range(3)]
    other = ag.Generator()
    other.set_state(state)
    assert [ag.randn(5, generator=other).tolist() for _ in range(3)] == after
    assert other.initial_seed() == 5
    clone = other.clone_state()
    assert ag.rand(4, generator=clone).tolist() == ag.rand(4, generator=other).tolist()


def test_states_that_are_none():
    generator = seeded(1)
    before = generator.get_state().tolist()
    for bad in ([1, 2], ag.zeros(3), None):
        with pytest.raises(TypeError, match="ByteTensor"):
            generator.set_state(bad)
    with pytest.raises(RuntimeError, match="RNG state is wrong size"):
        generator.set_state(ag.zeros(3, dtype=ag.uint8))
    assert generator.get_state().tolist() == before


def test_a_generator_travels_by_pickle_and_copy():
    generator = seeded(2)
    ag.rand(3, generator=generator)
    for other in (pickle.loads(pickle.dumps(generator)), copy.deepcopy(generator)):
        assert other.get_state().tolist() == generator.get_state().tolist()
        assert other.device == generator.device
    assert repr(generator) == "<Generator device='cpu' seed=2>"


def test_the_default_generator():
    with ag.random.fork_rng():
        assert ag.manual_seed(3) is ag.default_generator
        assert ag.initial_seed() == ag.default_generator.initial_seed() == 3
        state = ag.get_rng_state()
        first = ag.rand(3).tolist()
        ag.set_rng_state(state)
        assert ag.rand(3).tolist() == first
        assert ag.seed() == ag.initial_seed() != 3


def test_fork_rng():
    ag.manual_seed(1)
    state = ag.get_rng_state().tolist()
    with ag.random.fork_rng(devices=[], device_type="cuda"):
        ag.rand(5)
        ag.manual_seed(9)
    assert ag.get_rng_state().tolist() == state
    assert ag.initial_seed() == 1
    with pytest.raises(KeyError), ag.random.fork_rng():
        ag.rand(5)
        raise KeyError
    assert ag.get_rng_state().tolist() == state
    with ag.random.fork_rng(enabled=False):
        ag.rand(5)
    assert ag.get_rng_state().tolist() != state


def test_a_function_may_be_forked():
    @ag.random.fork_rng()
    def draw():
        return ag.rand(3).tolist()

    before = ag.get_rng_state().tolist()
    draw()
    assert ag.get_rng_state().tolist() == before


# ------------------------------------------------------------------ streams


def test_the_stream_is_numpys_philox():
    """As documented: anybody with NumPy can draw the same numbers."""
    stream = np.random.Generator(np.random.Philox(11))
    generator = seeded(11)
    assert ag.rand(4, generator=generator).tolist() == stream.random(4, np.float32).tolist()
    assert (
        ag.randn(4, generator=generator).tolist() == stream.standard_normal(4, np.float32).tolist()
    )
    drawn = ag.randn(4, generator=generator, dtype=ag.float64).tolist()
    assert drawn == stream.standard_normal(4).tolist()
    assert ag.randint(3, 9, (5,), generator=generator).tolist() == stream.integers(3, 9, 5).tolist()
    assert ag.randperm(9, generator=generator).tolist() == stream.permutation(9).tolist()


def test_streams_of_neighbouring_seeds_have_nothing_in_common():
    drawn = [x for seed in range(50) for x in ag.rand(20, generator=seeded(seed)).tolist()]
    assert len(set(drawn)) > 0.99 * len(drawn)
    pairs = np.array(drawn).reshape(50, 20)
    correlations = np.corrcoef(pairs)[np.triu_indices(50, 1)]
    # 1225 correlations of 20 numbers each: the deviation of their mean is 0.0066.
    assert abs(correlations.mean()) < 0.03


def test_numpys_own_stream_is_not_touched():
    np.random.seed(0)  # noqa: NPY002
    expected = np.random.RandomState(0).rand()
    ag.manual_seed(1)
    ag.rand(10)
    assert np.random.rand() == expected  # noqa: NPY002


def test_threads_with_generators_of_their_own():
    expected = [ag.randn(1000, generator=seeded(i)).tolist() for i in range(4)]
    found = [None] * 4

    def draw(i):
        found[i] = ag.randn(1000, generator=seeded(i)).tolist()

    threads = [threading.Thread(target=draw, args=(i,)) for i in range(4)]
    for t in threads:
        t.start()
    for t in threads:
        t.join()
    assert found == expected


@pytest.mark.gpu
def test_streams_of_a_gpu():
    ag.cuda.manual_seed_all(3)
    state = ag.cuda.get_rng_state()
    first = ag.rand(4, device="cuda").tolist()
    ag.cuda.set_rng_state(state)
    assert ag.rand(4, device="cuda").tolist() == first
    ag.cuda.set_rng_state_all(ag.cuda.get_rng_state_all())
    before = ag.cuda.get_rng_state().tolist()
    with ag.random.fork_rng():
        ag.rand(4, device="cuda")
    assert ag.cuda.get_rng_state().tolist() == before


# ------------------------------------------------------------------ without a GPU

COUNTS = [
    "device_count", "memory_allocated", "max_memory_allocated", "memory_reserved",
    "max_memory_reserved",
]  # fmt: skip
NEEDS_ONE = [
    "current_device", "synchronize", "get_device_name", "get_device_capability",
    "get_device_properties", "mem_get_info", "init", "ipc_collect", "initial_seed",
    "get_rng_state", "current_stream", "default_stream",
]  # fmt: skip
QUIET = ["empty_cache", "reset_peak_memory_stats", "seed", "seed_all"]


def no_gpu():
    if ag.cuda.is_available():
        pytest.skip("there is a GPU")


@pytest.mark.parametrize("name", COUNTS)
def test_cuda_without_a_gpu_counts_nothing(name):
    no_gpu()
    assert getattr(ag.cuda, name)() == 0


@pytest.mark.parametrize("name", NEEDS_ONE)
def test_cuda_without_a_gpu_says_so(name):
    no_gpu()
    with pytest.raises(AssertionError, match="Torch not compiled with CUDA enabled") as caught:
        getattr(ag.cuda, name)()
    assert isinstance(caught.value, ag.errors.DeviceError)


@pytest.mark.parametrize("name", QUIET)
def test_cuda_without_a_gpu_does_nothing(name):
    no_gpu()
    assert getattr(ag.cuda, name)() is None


def test_cuda_without_a_gpu_otherwise():
    no_gpu()
    assert not ag.cuda.is_initialized()
    assert not ag.cuda.is_bf16_supported()
    assert not ag.cuda.is_tf32_supported()
    assert ag.cuda.get_rng_state_all() == ag.cuda.get_arch_list() == []
    assert ag.cuda.memory_stats() == {}
    assert "no GPU" in ag.cuda.memory_summary()
    ag.cuda.manual_seed(1)
    ag.cuda.manual_seed_all(1)
    ag.cuda.set_device(-1)
    with ag.cuda.device(-1), ag.cuda.stream(None), ag.cuda.device_of(ag.zeros(1)):
        pass
    for kind in (ag.cuda.Stream, ag.cuda.Event):
        with pytest.raises(RuntimeError, match="requires CUDA support"):
            kind()
    with pytest.warns(FutureWarning, match="renamed to torch.cuda.memory_reserved") as caught:
        assert ag.cuda.memory_cached() == 0
    assert caught[0].filename == __file__


def test_what_torchs_cpu_build_answers():
    torch = pytest.importorskip("torch")
    no_gpu()
    if torch.backends.cuda.is_built():
        pytest.skip("this PyTorch is built for GPUs")
    for name in COUNTS:
        assert getattr(torch.cuda, name)() == 0
    for name in NEEDS_ONE:
        with pytest.raises(AssertionError, match="Torch not compiled with CUDA enabled"):
            getattr(torch.cuda, name)()


@pytest.mark.gpu
def test_cuda_with_a_gpu():
    ag.cuda.reset_peak_memory_stats()
    before = ag.cuda.memory_allocated()
    x = ag.ones(1 << 20, device="cuda")
    del x
    assert ag.cuda.max_memory_allocated() - before >= 4 << 20
    assert ag.cuda.memory_allocated() == before
    assert ag.cuda.get_device_properties().total_memory == ag.cuda.mem_get_info()[1]
    start, end = (ag.cuda.Event(enable_timing=True) for _ in range(2))
    stream = ag.cuda.Stream()
    start.record()
    with ag.cuda.stream(stream):
        assert ag.cuda.current_stream() == stream
        y = ag.ones(10, device="cuda") * 2
    ag.cuda.current_stream().wait_stream(stream)
    end.record()
    end.synchronize()
    assert y.tolist() == [2.0] * 10
    assert start.elapsed_time(end) >= 0
    assert end.query()
    assert stream.query()
