"""Kept frames: the variables of the forward, at the prompt; what they hold, and its end."""

import gc
import inspect
import re
import weakref

import numpy as np
import pytest
from talking import Talk, line_of, marked

import autograd_core as ag
from autograd_core import events
from autograd_core.debug.prompt.frames import KeptFrames


def layer(x, factor):
    big = np.ones(1_000_000 // 8)
    y = x * factor
    z = y.sin()
    factor = "overwritten"
    return z + float(big[0]) * 0


def model(x):
    h = layer(x, 2.0)
    return layer(h, 3.0).sum()


@pytest.fixture
def kept():
    frames = KeptFrames().start()
    yield frames
    frames.stop()


def stack_of(kept, node, depth=3):
    return [(k.f_code.co_name, k.f_lineno) for k in kept.of(node)][-depth:]


def nodes_of(loss):
    node = loss.grad_fn
    while node is not None and node.next:
        yield node
        node = node.next[0]


def test_the_stack_of_a_node_stands_where_it_stood(kept):
    loss = model(ag.ones(3, requires_grad=True))
    here = inspect.currentframe().f_lineno - 1
    me = ("test_the_stack_of_a_node_stands_where_it_stood", here)
    first, second = (line_of(model, f"layer({v}") for v in ("x", "h"))
    mul, sin = line_of(layer, "x * factor"), line_of(layer, "y.sin()")
    total, *nodes = nodes_of(loss)
    assert stack_of(kept, total, 2) == [me, ("model", second)]
    made = [stack_of(kept, n) for n in nodes if n.name() in ("MulBackward0", "SinBackward0")]
    assert made == [
        [me, ("model", second), ("layer", sin)],
        [me, ("model", second), ("layer", mul)],
        [me, ("model", first), ("layer", sin)],
        [me, ("model", first), ("layer", mul)],
    ]


def test_variables_are_those_of_the_end_of_the_function(kept):
    loss = model(ag.ones(3, requires_grad=True))
    *_, first = (n for n in nodes_of(loss) if n.name() == "SinBackward0")
    assert kept.of(first)[-1].f_locals["factor"] == "overwritten"
    assert kept.of(first)[-1].f_back.f_locals["x"].requires_grad


def test_bytes_of_the_distinct_arrays(kept):
    x = ag.ones(3, requires_grad=True)
    base = kept.nbytes
    assert base == 0
    loss = model(x)
    assert 2_000_000 < kept.nbytes < 2_001_000, "two calls of layer, each with its own array"
    assert kept.describe() == "frames of 7 nodes hold 2.0 MB"
    del loss


def test_frames_are_let_go_when_their_backward_is_over(kept):
    def f(x):
        return (x * 2).sum()

    x = ag.ones(3, requires_grad=True)
    loss = f(x)
    other = f(x)
    assert kept.count == 4
    loss.backward(retain_graph=True)
    assert kept.count == 4, "they can run again"
    loss.backward()
    assert kept.count == 2, "the other graph is still to run"
    other.backward()
    assert kept.count == 0
    assert kept.describe() == "no frames are kept"


def test_an_error_keeps_them_for_whoever_looks(kept):
    x = ag.ones(3, requires_grad=True)
    y = (x * 2).sum()
    y.register_hook(lambda g: 1 / 0)
    with pytest.raises(ZeroDivisionError):
        y.backward()
    assert kept.count == 2


class Big:
    """Something that a weak reference can watch."""


def test_locals_die_with_stop_and_live_until_then():
    def f(x):
        local = Big()
        seen.append(weakref.ref(local))
        return (x * 2).sum()

    seen = []
    kept = KeptFrames().start()
    loss = f(ag.ones(3, requires_grad=True))
    assert seen[0]() is not None
    kept.stop()
    gc.collect()
    assert seen[0]() is None
    assert not kept.on
    loss = f(ag.ones(3, requires_grad=True))
    assert seen[1]() is None, "off: nothing is kept"
    loss.backward()


def test_no_more_than_the_limit():
    kept = KeptFrames(limit=3).start()
    try:
        y = ag.ones(3, requires_grad=True)
        for _ in range(10):
            y = y * 2.0
        assert kept.count == 3
        assert kept.of(y.grad_fn)
        assert not kept.of(y.grad_fn.next[0].next[0].next[0])
    finally:
        kept.stop()


def test_starting_twice_and_stopping_twice_leave_no_tap():
    before = events._taps
    kept = KeptFrames()
    kept.start().start()
    kept.stop()
    kept.stop()
    assert events._taps == before


# ------------------------------------------------------------------ at the prompt


def program():
    x = ag.ones(3, requires_grad=True)
    model(x).backward()
    return x.grad


def test_forward_leads_into_the_stack_of_the_forward():
    talk = Talk(
        program, "forward", "p x.shape", "p z.shape", "l", "up", "p h.shape", "up", "up", "w",
        "here", "p grad.shape", "up", "p x.shape", "c", "c", frames=True,
    )  # fmt: skip
    answers = dict(enumerate(talk.answers))
    assert talk.error is None
    assert "->" in answers[0]
    assert "here leads back" in answers[0]
    assert "frames of 7 nodes hold 2.0 MB" in answers[0]
    assert answers[1].strip() == "torch.Size([3])"
    assert answers[2].strip() == "torch.Size([3])"
    assert re.search(marked(line_of(layer, "y.sin()")), answers[3])
    assert "model()" in answers[4]
    assert answers[5].strip() == "torch.Size([3])"
    assert "program()" in answers[6]
    assert "layer()" in answers[8]
    assert "paused" not in answers[8]
    assert "Paused before SinBackward0" in answers[9]
    assert "program()" in answers[11], "up from the node: the line that called backward"
    assert answers[12].strip() == "torch.Size([3])"
    assert not talk.errors


def test_without_frames_forward_shows_source_alone():
    talk = Talk(program, "forward", "p z", "forward 1", "forward x", "c", "c")
    assert "z = y.sin()" in talk.answers[0]
    assert "here leads back" not in talk.answers[0]
    assert "NameError" in talk.answers[1]
    assert len(talk.answers[2].strip().splitlines()) == 4
    assert "whole number" in talk.answers[3]
    assert talk.error is None
