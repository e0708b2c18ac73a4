"""Which graphs are kept alive, by whom, and from which iterations."""

import gc
import weakref

import autograd_core as ag
from autograd_core import debug, nn
from autograd_core.debug.why import watch, why


def losses_of(steps, keep):
    model = nn.Linear(3, 1)
    kept = []
    for _ in range(steps):
        model.zero_grad()
        loss = model(ag.ones(4, 3)).square().mean()
        loss.backward()
        kept.append(keep(loss))
    return kept


def test_a_list_of_losses():
    losses = losses_of(5, lambda loss: loss)
    found = why(losses)
    assert found.cause == "retained_graph"
    assert found.sure
    assert "losses keeps the graphs of 5 tensors alive" in found.message
    assert found.location.text == "loss = model(ag.ones(4, 3)).square().mean()"
    assert "item()" in found.remedy


def test_a_list_of_numbers_or_detached_tensors_raises_no_alarm():
    assert not why(losses_of(3, lambda loss: loss.item()))
    assert not why(losses_of(3, lambda loss: loss.detach()))
    assert not why([])


def test_iterations_are_known_from_a_trace_or_a_watch():
    with debug.trace() as t:
        losses = losses_of(3, lambda loss: loss)
    assert "from iterations 0 to 2" in why(losses, trace=t).message
    with watch():
        losses = losses_of(3, lambda loss: loss)
    assert "from iterations 0 to 2" in why(losses).message


def test_results_that_may_still_be_used_are_not_called_certain():
    w = ag.ones(1000, requires_grad=True)
    parts = {n: (w * w).sum() for n in range(3)}
    found = why(parts)
    assert (found.cause, found.sure) == ("retained_graph", False)
    assert "4,000 bytes" in found.message
    assert "still to come" in found.unknown
    assert not why([(w * w).sum()])


def test_a_sum_that_goes_on():
    w = ag.ones(2, requires_grad=True)
    with watch():
        total = ag.zeros(())
        for _ in range(3):
            loss = (w * w).sum()
            loss.backward()
            total = total + loss
    found = why(total)
    assert found.cause == "retained_graph"
    assert "made from iteration 0 to 3" in found.message
    assert found.remedy == "add numbers: total += loss.item()."


def test_a_sum_over_time_raises_no_alarm():
    w = ag.ones(2, requires_grad=True)
    with watch():
        total = ag.zeros(())
        for _ in range(3):
            total = total + (w * w).sum()
        assert not why(total)
        total.backward()
    assert not why(total)


def test_all_collections_of_the_process():
    class Logger:
        def __init__(self):
            self.seen = losses_of(4, lambda loss: loss)

    logger = Logger()
    found = why()
    said = [found, *found.others]
    mine = [d for d in said if "4 tensors" in d.message and d.cause == "retained_graph"]
    assert mine
    assert mine[0].location.text == "loss = model(ag.ones(4, 3)).square().mean()"
    del logger, found, said, mine
    gc.collect()
    assert "4 tensors" not in str(why())


def test_an_answer_keeps_nothing_alive():
    w = ag.ones(2, requires_grad=True)
    h = w.log()
    loss = (h - h).sum() * float("nan")
    answers = [why(loss), why(h), why(w), why([loss, h])]
    node = loss.grad_fn
    seen = weakref.ref(loss), weakref.ref(w)
    del loss, h, w, node
    gc.collect()
    assert [r() for r in seen] == [None, None]
    assert len(answers) == 4
