"""Schedules: rates and momenta at each step equal to PyTorch's, resumption, warnings, errors."""

from __future__ import annotations

import copy
import math
import pickle
import warnings

import pytest

import autograd_core as ag
from autograd_core.optim import lr_scheduler


class Shrinking:
    """A schedule with a state of its own."""

    def __init__(self, by):
        self.by = by

    def __call__(self, epoch):
        return self.by**epoch


CHAINABLE = {
    "LambdaLR": [
        {"lr_lambda": lambda e: 0.9**e},
        {"lr_lambda": [Shrinking(0.5), lambda e: math.cos(e)]},
    ],
    "MultiplicativeLR": [{"lr_lambda": lambda e: 0.5 + 1 / (e + 1)}],
    "StepLR": [{"step_size": 3}, {"step_size": 1, "gamma": 0.5}],
    "MultiStepLR": [{"milestones": [2, 5, 5, 11]}, {"milestones": [7], "gamma": 2.0}],
    "ConstantLR": [{}, {"factor": 0.5, "total_iters": 9}, {"factor": 1.0, "total_iters": 1}],
    "LinearLR": [{}, {"start_factor": 0.1, "end_factor": 0.7, "total_iters": 13}],
    "ExponentialLR": [{"gamma": 0.8}, {"gamma": 1.0}],
    "PolynomialLR": [{}, {"total_iters": 17, "power": 2.5}],
    "CosineAnnealingLR": [{"T_max": 7}, {"T_max": 10, "eta_min": 0.01}, {"T_max": 1}],
}
OTHERS = {
    "CosineAnnealingWarmRestarts": [
        {"T_0": 4},
        {"T_0": 3, "T_mult": 2, "eta_min": 0.001},
        {"T_0": 1, "T_mult": 3},
    ],
    "CyclicLR": [
        {"base_lr": 0.01, "max_lr": 0.1, "step_size_up": 4},
        {"base_lr": [0.01, 0.02], "max_lr": [0.1, 0.3], "step_size_up": 5, "step_size_down": 2,
         "mode": "triangular2"},
        {"base_lr": 0.01, "max_lr": 0.1, "step_size_up": 3, "mode": "exp_range", "gamma": 0.97},
        {"base_lr": 0.01, "max_lr": 0.1, "step_size_up": 3, "cycle_momentum": False,
         "scale_fn": Shrinking(0.9), "scale_mode": "iterations"},
        {"base_lr": 0.01, "max_lr": 0.1, "step_size_up": 6, "base_momentum": [0.1, 0.2],
         "max_momentum": 0.99, "scale_fn": lambda x: 1 / x},
    ],
    "OneCycleLR": [
        {"max_lr": 0.1, "total_steps": 40},
        {"max_lr": [0.1, 0.3], "epochs": 7, "steps_per_epoch": 6, "three_phase": True},
        {"max_lr": 0.1, "total_steps": 35, "anneal_strategy": "linear", "pct_start": 0.1},
        {"max_lr": 0.1, "total_steps": 60, "cycle_momentum": False, "div_factor": 3.0,
         "final_div_factor": 7.0},
        {"max_lr": 0.1, "total_steps": 36, "base_momentum": 0.5, "max_momentum": [0.6, 0.9]},
    ],
    "SWALR": [
        {"swa_lr": 0.05}, {"swa_lr": [0.05, 0.5], "anneal_epochs": 5, "anneal_strategy": "linear"},
        {"swa_lr": 0.3, "anneal_epochs": 0},
    ],
}  # fmt: skip
ALL = CHAINABLE | OTHERS


def cases(table):
    return [
        pytest.param(n, kw, id=f"{n}-{i}") for n, kws in table.items() for i, kw in enumerate(kws)
    ]


def make_optimizer(library, name="SGD", lr=0.4):
    ps = [library.nn.Parameter(library.ones(1)) for _ in range(2)]
    extra = {"momentum": 0.7} if name == "SGD" else {}
    return getattr(library.optim, name)(
        [{"params": ps[:1]}, {"params": ps[1:], "lr": lr / 2}], lr=lr, **extra
    )


def find(library, name):
    return getattr(library.optim.swa_utils if name == "SWALR" else library.optim.lr_scheduler, name)


def settings_of(optimizer):
    names = ("lr", "momentum", "betas")
    return [
        [float(v) for n in names for v in flat(group.get(n, ()))]
        for group in optimizer.param_groups
    ]


def flat(value):
    return value if isinstance(value, tuple) else (value,)


def course(library, name, kwargs, steps=34, optimizer_name="SGD", epochs=None, **options):
    optimizer = make_optimizer(library, optimizer_name, **options)
    scheduler = find(library, name)(optimizer, **copy.deepcopy(kwargs))
    seen = [settings_of(optimizer)]
    for step in range(steps):
        optimizer.step()
        scheduler.step() if epochs is None else scheduler.step(epochs(step))
        seen.append(settings_of(optimizer))
        assert [float(lr) for lr in scheduler.get_last_lr()] == [row[0] for row in seen[-1]]
    return seen, scheduler


def close(ours, theirs):
    assert len(ours) == len(theirs)
    for mine, other in zip(ours, theirs, strict=True):
        for a, b in zip(mine, other, strict=True):
            assert a == pytest.approx(b, rel=1e-12, abs=1e-14)


@pytest.mark.parametrize("optimizer_name", ["SGD", "Adam"])
@pytest.mark.parametrize(("name", "kwargs"), cases(ALL))
def test_rates_at_each_step(name, kwargs, optimizer_name):
    torch = pytest.importorskip("torch")
    ours, scheduler = course(ag, name, kwargs, optimizer_name=optimizer_name)
    theirs, other = course(torch, name, kwargs, optimizer_name=optimizer_name)
    close(ours, theirs)
    moves = len({tuple(row[0]) for row in ours}) > 1
    assert moves or kwargs.get("gamma") == 1 or kwargs.get("factor") == 1 or "swa_lr" in kwargs
    left_out = {"_scale_fn_ref", "anneal_func"}
    assert scheduler.state_dict().keys() == other.state_dict().keys() - left_out


@pytest.mark.parametrize(("name", "kwargs"), cases(ALL))
def test_a_tensor_as_rate(name, kwargs):
    torch = pytest.importorskip("torch")
    found = {}
    for library in (ag, torch):
        rate = library.tensor(0.4, dtype=library.float64)
        found[library], _ = course(library, name, kwargs, lr=rate)
        assert rate.item() == pytest.approx(found[library][-1][0][0])
    close(found[ag], found[torch])


@pytest.mark.parametrize(
    ("name", "kwargs"),
    cases(CHAINABLE | {"CosineAnnealingWarmRestarts": OTHERS["CosineAnnealingWarmRestarts"]}),
)
def test_closed_forms(name, kwargs):
    torch = pytest.importorskip("torch")
    for epochs in (lambda step: step + 1, lambda step: 3 * step % 17):
        found = {}
        for library in (ag, torch):
            with warnings.catch_warnings(record=True) as caught:
                warnings.simplefilter("always")
                found[library], _ = course(library, name, kwargs, epochs=epochs)
            told = [
                w for w in caught if "The epoch parameter in `scheduler.step()`" in str(w.message)
            ]
            assert bool(told) == (name != "CosineAnnealingWarmRestarts")
        close(found[ag], found[torch])


def test_fractions_of_an_epoch():
    torch = pytest.importorskip("torch")
    kwargs = {"T_0": 3, "T_mult": 2}
    found = [
        course(library, "CosineAnnealingWarmRestarts", kwargs, epochs=lambda s: s / 4)[0]
        for library in (ag, torch)
    ]
    close(*found)


@pytest.mark.parametrize(("name", "kwargs"), cases(ALL))
def test_a_saved_schedule_goes_on(name, kwargs):
    whole, _ = course(ag, name, kwargs, steps=20)
    _, scheduler = course(ag, name, kwargs, steps=8)
    saved = copy.deepcopy(scheduler.state_dict()), copy.deepcopy(scheduler.optimizer.state_dict())
    optimizer = make_optimizer(ag, lr=0.9)
    again = find(ag, name)(optimizer, **copy.deepcopy(kwargs))
    again.load_state_dict(saved[0])
    optimizer.load_state_dict(saved[1])
    for row in whole[9:]:
        optimizer.step()
        again.step()
        close([settings_of(optimizer)[0]], [row[0]])


@pytest.mark.parametrize(("name", "kwargs"), cases({k: v for k, v in ALL.items() if k != "SWALR"}))
def test_last_epoch(name, kwargs):
    torch = pytest.importorskip("torch")
    found = {}
    for library in (ag, torch):
        _, scheduler = course(library, name, kwargs, steps=6)
        again = find(library, name)(scheduler.optimizer, **copy.deepcopy(kwargs), last_epoch=6)
        found[library] = [settings_of(again.optimizer)]
        for _ in range(12):
            again.optimizer.step()
            again.step()
            found[library].append(settings_of(again.optimizer))
    close(found[ag], found[torch])


def test_last_epoch_needs_initial_lr():
    with pytest.raises(KeyError, match=r"'initial_lr' is not specified in param_groups\[0\]"):
        lr_scheduler.StepLR(make_optimizer(ag), 3, last_epoch=4)


def composites(library):
    s = library.optim.lr_scheduler

    def sequential(o):
        return s.SequentialLR(
            o,
            [s.ConstantLR(o, 0.1, 3), s.ExponentialLR(o, 0.9), s.CosineAnnealingLR(o, 5)],
            [4, 11],
        )

    def chained(o):
        return s.ChainedScheduler([s.LinearLR(o, 0.2, total_iters=6), s.ExponentialLR(o, 0.9)])

    def nested(o):
        first = s.ChainedScheduler([s.ConstantLR(o, 0.5, 4), s.StepLR(o, 2)], optimizer=o)
        return s.SequentialLR(o, [s.LinearLR(o, 0.2, total_iters=6), s.StepLR(o, 3)], [7]), first

    def both(o):
        return s.StepLR(o, 4, 0.5), s.ExponentialLR(o, 0.95), s.MultiStepLR(o, [3, 9])

    def restarts(o):
        return s.SequentialLR(o, [s.CosineAnnealingWarmRestarts(o, 4), s.PolynomialLR(o, 9)], [6])

    return {
        "sequential": sequential,
        "chained": chained,
        "nested": nested,
        "both": both,
        "restarts": restarts,
    }


@pytest.mark.parametrize("kind", ["sequential", "chained", "nested", "both", "restarts"])
def test_composites(kind):
    torch = pytest.importorskip("torch")
    found = {}
    for library in (ag, torch):
        optimizer = make_optimizer(library)
        made = composites(library)[kind](optimizer)
        found[library] = [settings_of(optimizer)]
        for _ in range(30):
            optimizer.step()
            for scheduler in made if isinstance(made, tuple) else (made,):
                scheduler.step()
            found[library].append(settings_of(optimizer))
    close(found[ag], found[torch])


@pytest.mark.parametrize("kind", ["sequential", "chained"])
def test_a_saved_composite_goes_on(kind):
    def go(optimizer, scheduler, steps):
        for _ in range(steps):
            optimizer.step()
            scheduler.step()
        return settings_of(optimizer)

    optimizer = make_optimizer(ag)
    scheduler = composites(ag)[kind](optimizer)
    go(optimizer, scheduler, 5)
    saved = copy.deepcopy(scheduler.state_dict()), copy.deepcopy(optimizer.state_dict())
    optimizer2 = make_optimizer(ag)
    scheduler2 = composites(ag)[kind](optimizer2)
    scheduler2.load_state_dict(saved[0])
    optimizer2.load_state_dict(saved[1])
    assert go(optimizer2, scheduler2, 9) == go(optimizer, scheduler, 9)


METRICS = [
    3.0,
    2.0,
    2.0,
    2.0,
    2.1,
    1.9999,
    1.99,
    1.5,
    1.6,
    1.6,
    1.6,
    1.6,
    1.6,
    1.7,
    1.6,
    1.5,
    1.2,
] * 2


@pytest.mark.parametrize("mode", ["min", "max"])
@pytest.mark.parametrize("threshold_mode", ["rel", "abs"])
@pytest.mark.parametrize(
    "kwargs",
    [
        {"patience": 2},
        {"patience": 0, "factor": 0.5, "cooldown": 2},
        {"patience": 1, "threshold": 0.1, "min_lr": [0.01, 0.02]},
        {"patience": 1, "eps": 0.01},
    ],
)
def test_plateau(mode, threshold_mode, kwargs):
    torch = pytest.importorskip("torch")
    found = {}
    for library in (ag, torch):
        optimizer = make_optimizer(library)
        scheduler = library.optim.lr_scheduler.ReduceLROnPlateau(
            optimizer, mode=mode, threshold_mode=threshold_mode, **kwargs
        )
        found[library] = []
        for metric in METRICS:
            scheduler.step(library.tensor(metric, dtype=library.float64))
            state = [scheduler.num_bad_epochs, scheduler.cooldown_counter, scheduler.best]
            found[library].append([*settings_of(optimizer), state])
        found[library, "keys"] = scheduler.state_dict().keys()
    for mine, other in zip(found[ag], found[torch], strict=True):
        close(mine, other)
    assert found[ag, "keys"] == found[torch, "keys"]


def test_plateau_with_a_new_group():
    optimizer = make_optimizer(ag)
    scheduler = lr_scheduler.ReduceLROnPlateau(optimizer, patience=0)
    fixed = lr_scheduler.ReduceLROnPlateau(optimizer, patience=0, min_lr=[0.0, 0.0])
    optimizer.add_param_group({"params": [ag.nn.Parameter(ag.ones(1))], "lr": 1.0})
    for _ in range(2):
        scheduler.step(1.0)
    assert optimizer.param_groups[2]["lr"] == pytest.approx(0.1)
    fixed.step(1.0)
    with pytest.raises(RuntimeError, match=r"param groups in the `optimizer` \(3\) differs"):
        fixed.step(1.0)


# ------------------------------------------------------------------ warnings and errors


def test_warns_of_the_wrong_order():
    optimizer = make_optimizer(ag)
    optimizer.step()
    scheduler = lr_scheduler.StepLR(optimizer, 3)
    with pytest.warns(UserWarning, match=r"lr_scheduler\.step\(\)` before `optimizer\.step\(\)`"):
        scheduler.step()
    scheduler.step()  # once is enough


def test_warns_of_a_step_that_was_replaced():
    optimizer = make_optimizer(ag)
    scheduler = lr_scheduler.StepLR(optimizer, 3)
    known = optimizer.step
    optimizer.step = lambda *args: known(*args)
    optimizer.step()
    with pytest.warns(UserWarning, match="has been overridden after learning rate scheduler"):
        scheduler.step()


def test_get_lr_is_not_for_users():
    optimizer = make_optimizer(ag)
    for name, kwargs in ((n, kws[0]) for n, kws in ALL.items()):
        scheduler = find(ag, name)(optimizer, **kwargs)
        with pytest.warns(UserWarning, match=r"please use `get_last_lr\(\)`"):
            scheduler.get_lr()


def test_an_optimizer_with_a_schedule_can_be_copied():
    optimizer = make_optimizer(ag)
    lr_scheduler.StepLR(optimizer, 3)
    for twin in (copy.deepcopy(optimizer), pickle.loads(pickle.dumps(optimizer))):
        assert twin.param_groups[0]["initial_lr"] == 0.4
        twin.step()


def test_a_schedule_of_ones_own():
    class Halving(lr_scheduler.LRScheduler):
        def get_lr(self):
            return [base * 0.5**self.last_epoch for base in self.base_lrs]

    optimizer = make_optimizer(ag)
    scheduler = Halving(optimizer)
    optimizer.step()
    scheduler.step()
    assert scheduler.get_last_lr() == [0.2, 0.1]


ERRORS = [
    (TypeError, "int is not an Optimizer", lambda s, o: s.StepLR(3, 1)),
    (TypeError, "int is not an Optimizer", lambda s, o: s.ReduceLROnPlateau(3)),
    (ValueError, "Expected 2 lr_lambdas, but got 1", lambda s, o: s.LambdaLR(o, [math.cos])),
    (TypeError, "should be a function, but got int", lambda s, o: s.MultiplicativeLR(o, 3)),
    (ValueError, "factor expected to be between 0 and 1", lambda s, o: s.ConstantLR(o, 1.5)),
    (ValueError, "Starting multiplicative factor", lambda s, o: s.LinearLR(o, 0)),
    (ValueError, "Ending multiplicative factor", lambda s, o: s.LinearLR(o, 1.0, 2)),
    (ValueError, "positive integer T_0", lambda s, o: s.CosineAnnealingWarmRestarts(o, 0)),
    (ValueError, "integer T_mult >= 1", lambda s, o: s.CosineAnnealingWarmRestarts(o, 1, 0)),
    (ValueError, "float or int eta_min", lambda s, o: s.CosineAnnealingWarmRestarts(o, 1, 1, "a")),
    (ValueError, "non-negative epoch", lambda s, o: s.CosineAnnealingWarmRestarts(o, 1).step(-1)),
    (ValueError, "base_lr must have the same length", lambda s, o: s.CyclicLR(o, [0.1], 0.2)),
    (ValueError, "mode is invalid", lambda s, o: s.CyclicLR(o, 0.1, 0.2, mode="square")),
    (ValueError, "You must define either total_steps OR", lambda s, o: s.OneCycleLR(o, 0.1)),
    (ValueError, "positive integer total_steps", lambda s, o: s.OneCycleLR(o, 0.1, 0)),
    (ValueError, "positive integer epochs", lambda s, o: s.OneCycleLR(o, 0.1, None, -1, 3)),
    (ValueError, "between 0 and 1 pct_start", lambda s, o: s.OneCycleLR(o, 0.1, 3, pct_start=2.0)),
    (ValueError, "anneal_strategy must be one",
     lambda s, o: s.OneCycleLR(o, 0.1, 3, anneal_strategy="x")),
    (ValueError, "Factor should be < 1.0", lambda s, o: s.ReduceLROnPlateau(o, factor=1.0)),
    (ValueError, "mode least is unknown", lambda s, o: s.ReduceLROnPlateau(o, "least")),
    (ValueError, "expected 2 min_lrs, got 1", lambda s, o: s.ReduceLROnPlateau(o, min_lr=[0])),
    (ValueError, "expects at least one scheduler, but", lambda s, o: s.SequentialLR(o, [], [])),
    (ValueError, "at least one scheduler to be chained", lambda s, o: s.ChainedScheduler([])),
    (ValueError, "one more than the number of milestone",
     lambda s, o: s.SequentialLR(o, [s.StepLR(o, 1)], [1])),
    (ValueError, "does not support `ReduceLROnPlateau`",
     lambda s, o: s.ChainedScheduler([s.ReduceLROnPlateau(o)])),
    (TypeError, "should have `optimizer` as its attribute",
     lambda s, o: s.SequentialLR(o, [3], [])),
]  # fmt: skip


@pytest.mark.parametrize(("kind", "words", "call"), ERRORS)
def test_errors_are_those_of_torch_and_change_nothing(kind, words, call):
    optimizer = make_optimizer(ag, "Adam")
    before = settings_of(optimizer)
    with pytest.raises(kind, match=words):
        call(lr_scheduler, optimizer)
    assert settings_of(optimizer) == before
    torch = pytest.importorskip("torch")
    with pytest.raises(kind, match=words.split("but got")[0].strip(", ")):
        call(torch.optim.lr_scheduler, make_optimizer(torch, "Adam"))


def test_momentum_is_needed_to_cycle_it():
    optimizer = ag.optim.Adagrad([ag.nn.Parameter(ag.ones(1))], lr=0.1)
    for call in (
        lambda: lr_scheduler.OneCycleLR(optimizer, 0.5, 10),
        lambda: lr_scheduler.CyclicLR(optimizer, 0.5, 0.7),
    ):
        with pytest.raises(ValueError, match="must support momentum or beta1"):
            call()
    assert optimizer.param_groups[0]["lr"] == 0.1
    assert "max_lr" not in optimizer.param_groups[0]


def test_too_many_steps_of_one_cycle():
    optimizer = make_optimizer(ag)
    scheduler = lr_scheduler.OneCycleLR(optimizer, 0.1, total_steps=3)
    optimizer.step()
    for _ in range(3):
        scheduler.step()
    with pytest.raises(ValueError, match=r"Tried to step 4 times\. The specified number of total"):
        scheduler.step()
