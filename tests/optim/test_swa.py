"""Averaged models: averages equal to PyTorch's, buffers, BatchNorm statistics."""

from __future__ import annotations

import numpy as np
import pytest

import autograd_core as ag
from autograd_core.optim import swa_utils


def net(library, first=None):
    nn = library.nn
    made = nn.Sequential(nn.Linear(3, 4), nn.BatchNorm1d(4), nn.ReLU(), nn.Linear(4, 2)).double()
    if first is not None:
        made.load_state_dict({k: library.tensor(v) for k, v in first.items()})
    return made


def values(module):
    return {k: v.detach().numpy().copy() for k, v in module.state_dict().items()}


def functions(library, kind):
    utils = library.optim.swa_utils
    return {
        "default": {},
        "swa": {"avg_fn": utils.get_swa_avg_fn()},
        "swa multi": {"multi_avg_fn": utils.get_swa_multi_avg_fn()},
        "ema": {"avg_fn": utils.get_ema_avg_fn(0.9)},
        "ema multi": {"multi_avg_fn": utils.get_ema_multi_avg_fn(0.9)},
        "own": {"avg_fn": lambda average, new, count: average * 0.25 + new * 0.75},
    }[kind]


KINDS = ["default", "swa", "swa multi", "ema", "ema multi", "own"]


@pytest.mark.parametrize("use_buffers", [False, True])
@pytest.mark.parametrize("kind", KINDS)
def test_averages(kind, use_buffers):
    torch = pytest.importorskip("torch")
    if use_buffers and kind == "swa multi":
        pytest.skip("PyTorch cannot average integers (num_batches_tracked) this way")
    first, found = values(net(ag)), {}
    for library in (ag, torch):
        rng = np.random.default_rng(0)
        model = net(library, first)
        average = swa_model(library, model, use_buffers=use_buffers, **functions(library, kind))
        optimizer = library.optim.SGD(model.parameters(), lr=0.1)
        for _ in range(7):
            optimizer.zero_grad()
            model(library.tensor(rng.normal(size=(5, 3)))).square().sum().backward()
            optimizer.step()
            average.update_parameters(model)
        average.eval()
        out = average(library.tensor(np.ones((2, 3)))).detach().numpy()
        found[library] = values(average) | {"output": out}
    assert found[ag].keys() == found[torch].keys()
    assert found[ag]["n_averaged"] == 7
    for key, value in found[torch].items():
        np.testing.assert_allclose(found[ag][key], value, rtol=1e-9, atol=1e-12, err_msg=key)


def swa_model(library, model, **kwargs):
    return library.optim.swa_utils.AveragedModel(model, **kwargs)


def test_counts_are_averaged_too():
    model = net(ag)
    average = swa_utils.AveragedModel(model, use_buffers=True)
    for count in (2, 6):
        model[1].num_batches_tracked.fill_(count)
        average.update_parameters(model)
    assert average.module[1].num_batches_tracked.item() == 4


def test_the_average_is_the_mean_and_a_copy():
    model = ag.nn.Linear(1, 1, bias=False)
    average = swa_utils.AveragedModel(model)
    for value in (1.0, 2.0, 6.0):
        with ag.no_grad():
            model.weight.fill_(value)
        average.update_parameters(model)
    assert average.module.weight.item() == pytest.approx(3.0)
    assert model.weight.item() == 6.0
    assert average.module.weight.requires_grad


def test_batch_norm_statistics_are_computed_anew():
    torch = pytest.importorskip("torch")
    first, found = values(net(ag)), {}
    for library in (ag, torch):
        rng = np.random.default_rng(1)
        model = net(library, first).eval()
        batches = [library.tensor(rng.normal(2, 3, size=(6, 3))) for _ in range(4)]
        loader = [(x, None) if i % 2 else x for i, x in enumerate(batches)]
        library.optim.swa_utils.update_bn(loader, model)
        assert not model.training
        assert model[1].momentum == 0.1
        found[library] = values(model)
    for key, value in found[torch].items():
        np.testing.assert_allclose(found[ag][key], value, rtol=1e-9, err_msg=key)


def test_a_loader_that_fails_leaves_the_layers_usable():
    def loader():
        yield ag.ones((4, 3), dtype=ag.float64)
        raise OSError("gone")

    model = net(ag).eval()
    with pytest.raises(OSError, match="gone"):
        swa_utils.update_bn(loader(), model)
    assert not model.training
    assert model[1].momentum == 0.1


def test_errors():
    model, fn = ag.nn.Linear(1, 1), swa_utils.get_swa_avg_fn()
    with pytest.raises(AssertionError, match="Only one of avg_fn and multi_avg_fn"):
        swa_utils.AveragedModel(model, avg_fn=fn, multi_avg_fn=fn)
    for make in (swa_utils.get_ema_avg_fn, swa_utils.get_ema_multi_avg_fn):
        with pytest.raises(ValueError, match=r"Invalid decay value 1\.5 provided"):
            make(1.5)
    optimizer = ag.optim.SGD(model.parameters())
    with pytest.raises(ValueError, match="anneal_strategy must be one of 'cos' or 'linear'"):
        swa_utils.SWALR(optimizer, 0.1, anneal_strategy="quick")
    with pytest.raises(ValueError, match="anneal_epochs must be equal or greater than 0"):
        swa_utils.SWALR(optimizer, 0.1, anneal_epochs=-1)
    with pytest.raises(ValueError, match="swa_lr must have the same length"):
        swa_utils.SWALR(optimizer, [0.1, 0.2])
    assert "swa_lr" not in optimizer.param_groups[0]
    with pytest.raises(ValueError, match="the averaged model has 2 tensors, the model 1"):
        swa_utils.AveragedModel(model).update_parameters(ag.nn.Linear(1, 1, bias=False))
