"""The same network twice, in PyTorch and in autograd_core, trained on the same numbers."""

import numpy as np

import autograd_core as ag


def twins(torch, make, *args, **kwargs):
    """A network of each, in float64, with the same weights and the same printed tree."""
    torch.manual_seed(0)
    theirs = make(torch, *args, **kwargs).double()
    mine = make(ag, *args, **kwargs).double()
    state = theirs.state_dict()
    assert list(mine.state_dict()) == list(state)
    mine.load_state_dict({name: ag.tensor(value.numpy()) for name, value in state.items()})
    assert repr(mine) == repr(theirs)
    return mine, theirs


def each(torch, *arrays):
    """NumPy arrays as tensors of ours, and of PyTorch's."""
    return [ag.tensor(a) for a in arrays], [torch.tensor(a) for a in arrays]


def same(mine, theirs, tolerance, what):
    np.testing.assert_allclose(
        mine.detach().numpy(), theirs.detach().numpy(), rtol=tolerance, atol=tolerance * 1e-2,
        err_msg=what,
    )  # fmt: skip


def verify_alike(torch, pair, inputs, loss_of, optimizer="SGD", steps=20, **settings):
    """Outputs and all gradients at first, and losses and parameters after some steps.

    Parameters
    ----------
    pair : tuple
        What `twins` gave.
    inputs : tuple
        What `each` gave.
    loss_of : callable
        ``loss_of(torch, model, *inputs)`` for either library.
    """
    runs = list(zip((ag, torch), pair, inputs, strict=True))
    seen: list[list] = [[], []]
    hooks = [
        model.register_forward_hook(lambda m, i, out, to=to: to.append(out))
        for model, to in zip(pair, seen, strict=True)
    ]
    losses = [loss_of(library, model, *given) for library, model, given in runs]
    for hook in hooks:
        hook.remove()
    for mine, theirs in zip(*seen, strict=True):
        same(mine, theirs, 1e-9, "output")
    same(*losses, 1e-9, "first loss")
    for loss in losses:
        loss.backward()
    for (name, p), q in zip(pair[0].named_parameters(), pair[1].parameters(), strict=True):
        same(p.grad, q.grad, 1e-8, f"gradient of {name}")
    histories = []
    for library, model, given in runs:
        model.zero_grad()
        stepper = getattr(library.optim, optimizer)(model.parameters(), **settings)
        history = []
        for _ in range(steps):
            stepper.zero_grad()
            loss = loss_of(library, model, *given)
            loss.backward()
            stepper.step()
            history.append(loss.item())
        histories.append(history)
    np.testing.assert_allclose(*histories, rtol=1e-9, atol=1e-9)
    assert histories[0][-1] < histories[0][0]  # it learns
    for (name, p), q in zip(
        pair[0].state_dict().items(), pair[1].state_dict().values(), strict=True
    ):
        same(p, q, 1e-5, f"{name} after {steps} steps")
