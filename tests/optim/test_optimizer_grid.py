"""Every optimizer over a grid of its arguments: parameters and state equal to PyTorch's."""

from __future__ import annotations

import functools
import itertools

import numpy as np
import pytest

import autograd_core as ag

torch = pytest.importorskip("torch")

CHOICES = {
    "SGD": {
        "lr": [0.1, 1e-3], "momentum": [0, 0.9], "dampening": [0, 0.3], "weight_decay": [0, 0.1],
        "nesterov": [False, True], "maximize": [False, True],
    },
    "Adam": {
        "lr": [1e-2], "betas": [(0.9, 0.999), (0.5, 0.8)], "eps": [1e-8, 1e-3],
        "weight_decay": [0, 0.1], "amsgrad": [False, True], "maximize": [False, True],
        "decoupled_weight_decay": [False, True],
    },
    "AdamW": {"weight_decay": [1e-2, 0.3], "amsgrad": [False, True], "maximize": [False, True]},
    "Adamax": {
        "lr": [2e-3, 0.1], "betas": [(0.9, 0.999), (0.5, 0.8)], "eps": [1e-8, 1e-3],
        "weight_decay": [0, 0.1], "maximize": [False, True],
    },
    "NAdam": {
        "lr": [2e-3, 0.1], "betas": [(0.9, 0.999), (0.5, 0.8)], "weight_decay": [0, 0.1],
        "momentum_decay": [4e-3, 0.1], "decoupled_weight_decay": [False, True],
        "maximize": [False, True],
    },
    "RAdam": {
        "lr": [1e-3, 0.1], "betas": [(0.9, 0.999), (0.5, 0.8)], "eps": [1e-8, 1e-3],
        "weight_decay": [0, 0.1], "decoupled_weight_decay": [False, True],
        "maximize": [False, True],
    },
    "RMSprop": {
        "lr": [1e-2], "alpha": [0.99, 0.5], "eps": [1e-8, 1e-2], "weight_decay": [0, 0.1],
        "momentum": [0, 0.9], "centered": [False, True], "maximize": [False, True],
    },
    "Rprop": {
        "lr": [1e-2, 0.5], "etas": [(0.5, 1.2), (0.1, 3.0)], "step_sizes": [(1e-6, 50), (0.1, 0.2)],
        "maximize": [False, True],
    },
    "Adagrad": {
        "lr": [1e-2], "lr_decay": [0, 0.1], "weight_decay": [0, 0.1],
        "initial_accumulator_value": [0, 0.5], "eps": [1e-10, 1e-2], "maximize": [False, True],
    },
    "Adadelta": {
        "lr": [1.0, 0.1], "rho": [0.9, 0.5], "eps": [1e-6, 1e-2], "weight_decay": [0, 0.1],
        "maximize": [False, True],
    },
    "ASGD": {
        "lr": [1e-2, 0.5], "lambd": [1e-4, 0.1], "alpha": [0.75, 0.1], "t0": [1e6, 3],
        "weight_decay": [0, 0.1], "maximize": [False, True],
    },
    "Adafactor": {
        "lr": [1e-2, 1.0], "beta2_decay": [-0.8, -0.1], "eps": [(None, 1e-3), (1e-2, 0.5)],
        "d": [1.0, 3.0], "weight_decay": [0.0, 0.1], "maximize": [False, True],
    },
}  # fmt: skip
REAL_ONLY = {"Adafactor", "Muon"}


def grid(name):
    """Every value of every argument, and all pairs of them; not all products."""
    choices = CHOICES[name]
    cases = [
        dict(zip(choices, values, strict=True)) for values in itertools.product(*choices.values())
    ]
    cases = cases if len(cases) <= 32 else cases[:: len(cases) // 24 + 1 | 1]
    return [c for c in cases if not c.get("nesterov") or (c["momentum"] and not c["dampening"])]


CASES = [pytest.param(n, s, id=f"{n}-{i}") for n in CHOICES for i, s in enumerate(grid(n))]

SMALL = [(3, 4), (4,), (), (2, 1, 3)]
SHAPES = [*SMALL, (100, 70), (270, 250)]
"""Below and above what is laid end to end, and what is cut into pieces."""


def first_values(kind, rng, shapes=SHAPES):
    values = [np.asarray(rng.normal(size=shape)) for shape in shapes]
    if kind.startswith("complex"):
        values = [v + 1j * rng.normal(size=v.shape) for v in values]
    return [v.astype(kind) for v in values]


@functools.cache
def gradient(step, i, kind):
    rng = np.random.default_rng([step, i])
    g = np.asarray(rng.normal(size=SHAPES[i]))
    g = g + 1j * rng.normal(size=SHAPES[i]) if kind.startswith("complex") else g
    return g.astype(kind)


def run(
    library,
    name,
    settings,
    kind="float64",
    steps=25,
    state=None,
    start=0,
    begin=None,
    shapes=SHAPES,
):
    """Steps with gradients from a fixed stream; some parameters have none at times."""
    rng = np.random.default_rng(3)
    first = first_values(kind, rng, shapes) if begin is None else begin
    params = [library.nn.Parameter(library.tensor(v)) for v in first]
    groups = [{"params": params[:2]}, {"params": params[2:], "lr": settings.get("lr", 1e-3) * 0.7}]
    optimizer = getattr(library.optim, name)(groups, **settings)
    if state is not None:
        optimizer.load_state_dict(state)
    for step in range(start + steps):
        for i, p in enumerate(params):
            p.grad = None if (step + i) % 5 == 3 else library.tensor(gradient(step, i, kind))
        if step >= start:
            optimizer.step()
    return params, optimizer


def numbers(t):
    return np.asarray(t.detach().numpy()) if hasattr(t, "detach") else np.asarray(t)


def check_same(ours, theirs, rtol, atol):
    for a, b in zip(ours[0], theirs[0], strict=True):
        np.testing.assert_allclose(numbers(a), numbers(b), rtol=rtol, atol=atol)
    mine, other = ours[1].state_dict(), theirs[1].state_dict()
    assert mine["state"].keys() == other["state"].keys()
    for key, values in other["state"].items():
        assert list(mine["state"][key]) == list(values)
        for name, value in values.items():
            found = mine["state"][key][name]
            np.testing.assert_allclose(
                numbers(found), numbers(value), rtol=rtol, atol=atol, err_msg=name
            )
            assert str(getattr(found, "dtype", "")) == str(getattr(value, "dtype", ""))
    for mine_group, group in zip(mine["param_groups"], other["param_groups"], strict=True):
        assert mine_group == group


@pytest.mark.parametrize(("name", "settings"), CASES)
def test_equal_to_torch(name, settings):
    ours, theirs = (run(library, name, settings, shapes=SMALL) for library in (ag, torch))
    check_same(ours, theirs, 1e-9, 1e-12)
    first = first_values("float64", np.random.default_rng(3))
    assert not np.allclose(ours[0][0].detach().numpy(), first[0])


@pytest.mark.parametrize("name", CHOICES)
@pytest.mark.parametrize(
    ("kind", "tolerance"),
    [("float64", 1e-9), ("float32", 2e-5), ("complex128", 1e-9), ("float16", 2e-2)],
)
def test_dtypes_and_sizes(name, kind, tolerance):
    if kind == "complex128" and name in REAL_ONLY:
        with pytest.raises(RuntimeError, match=f"{name} does not support complex parameters"):
            run(ag, name, {}, kind)
        return
    settings = {k: v[-1] if k != "maximize" else False for k, v in CHOICES[name].items()}
    settings |= {"dampening": 0} if name == "SGD" else {}
    if kind == "float16" and name in ("Adam", "AdamW", "NAdam", "RAdam", "RMSprop"):
        settings["eps"] = 0.1  # squares of small gradients are 0 in half precision
    steps = 5 if kind == "float16" else 25
    ours, theirs = run(ag, name, settings, kind, steps), run(torch, name, settings, kind, steps)
    check_same(ours, theirs, tolerance, tolerance)


@pytest.mark.parametrize("name", CHOICES)
def test_a_run_goes_on_from_the_state_of_torch(name):
    params, optimizer = run(torch, name, {}, steps=6)
    saved = converted(optimizer.state_dict())
    begin = [numbers(p).copy() for p in params]
    ours = run(ag, name, {}, state=saved, start=6, steps=6, begin=begin)
    theirs = run(torch, name, {}, steps=12)
    for a, b in zip(ours[0], theirs[0], strict=True):
        np.testing.assert_allclose(numbers(a), numbers(b), rtol=1e-9, atol=1e-12)


def converted(value):
    if isinstance(value, torch.Tensor):
        return ag.tensor(value.numpy().copy())
    if isinstance(value, dict):
        return {k: converted(v) for k, v in value.items()}
    return [converted(v) for v in value] if isinstance(value, list) else value


@pytest.mark.parametrize("nesterov", [True, False])
@pytest.mark.parametrize("adjust", [None, "original", "match_rms_adamw"])
def test_muon(nesterov, adjust):
    """Its iteration is in bfloat16, where the order of sums shows; steps agree to a few percent."""
    settings = {"lr": 0.1, "nesterov": nesterov, "adjust_lr_fn": adjust, "weight_decay": 0.01}
    found = {}
    for library in (ag, torch):
        rng = np.random.default_rng(0)
        ps = [
            library.nn.Parameter(library.tensor(rng.normal(size=s).astype("f")))
            for s in ((8, 5), (4, 30))
        ]
        optimizer = library.optim.Muon(ps, **settings)
        before = [p.detach().numpy().copy() for p in ps]
        for _ in range(4):
            for p in ps:
                p.grad = library.tensor(rng.normal(size=tuple(p.shape)).astype("f"))
            optimizer.step()
        found[library] = [p.detach().numpy() - b for p, b in zip(ps, before, strict=True)]
    for a, b in zip(found[ag], found[torch], strict=True):
        assert np.linalg.norm(a - b) < 0.02 * np.linalg.norm(b)


def rosenbrock(library, p):
    x, y = p[0], p[1]
    return ((1 - x[:-1]) ** 2 + 100 * (y[1:] - x[:-1] ** 2) ** 2).sum() + (p[2] ** 2).sum()


# Two steps are up to 40 iterations; further on, differences in the last bit have grown visible.
@pytest.mark.parametrize("search", [None, "strong_wolfe"])
@pytest.mark.parametrize(
    "settings",
    [
        {},
        {"lr": 0.5},
        {"history_size": 3},
        {"max_iter": 5, "max_eval": 7},
        {"tolerance_grad": 1e-2},
    ],
)
def test_lbfgs(search, settings):
    settings = {"lr": 1e-3 if search is None else 1.0, "line_search_fn": search} | settings
    if search is None:
        settings["lr"] *= 1e-2 if settings["lr"] == 0.5 else 1
    found, counted = {}, {}
    for library in (ag, torch):
        rng = np.random.default_rng(1)
        ps = [
            library.nn.Parameter(library.tensor(rng.normal(size=s))) for s in ((6,), (6,), (2, 2))
        ]
        optimizer = library.optim.LBFGS(ps, **settings)

        def closure(library=library, ps=ps, optimizer=optimizer):
            optimizer.zero_grad()
            loss = rosenbrock(library, ps)
            loss.backward()
            return loss

        losses = [optimizer.step(closure).item() for _ in range(2)]
        found[library] = [p.detach().numpy() for p in ps] + [np.array(losses)]
        s = optimizer.state_dict()["state"][0]
        counted[library] = (
            {k: s[k] for k in ("func_evals", "n_iter")},
            sorted(s),
            len(s["old_dirs"]),
        )
    assert counted[ag] == counted[torch]
    for a, b in zip(found[ag], found[torch], strict=True):
        np.testing.assert_allclose(a, b, rtol=1e-7, atol=1e-9)
