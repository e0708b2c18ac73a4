"""Backward in one tight loop on raw arrays, for when nobody looks.

What is unusual (hooks, several outputs, no gradient) it hands to `engine.Run`, node by node.
"""

from __future__ import annotations

import itertools
from heapq import heappop, heappush
from typing import TYPE_CHECKING, Any

from . import state
from .accumulate import accumulate
from .node import AccumulateGrad, Node, Output, describe_node
from .vjps import fit_grads

if TYPE_CHECKING:
    from .engine import Run


def run_fast(run: Run, tap: Any) -> None:
    """Run all that is left: `Run.step` in a loop, with all that is common written out."""
    waiting, buffers, heap = run.waiting, run.buffers, run.ready
    _, node, g = heappop(heap)
    release = not run.keep_graph
    owned: set[Any] = set()
    step, gradient = (None, None) if tap is None else (tap.step, tap.gradient)
    if node.__class__ is AccumulateGrad or node.rare is not None:
        heappush(heap, (priority(node), node, g))
        node = None
    try:
        while True:
            if node is None:
                if not heap:
                    return
                _, node, g = heappop(heap)
                if node.__class__ is AccumulateGrad:
                    if g is not None:
                        _arrive(run, node, g, False)
                    node = None
                    continue
            if node.rare is not None or g is None:
                with no_grad_in_hooks():
                    results = _unusual(run, node, g)
            else:
                if tap is not None:
                    if step is not None:
                        step(node.seq)
                    if gradient is not None:
                        gradient(node, g)
                try:
                    results = node.run_last(g) if release else node.run(g)
                    if node.fit is not None:
                        results = fit_grads(results, node.fit)
                except Exception as error:
                    explain(error, node)
                    raise
            best = None
            for fn, grad in zip(node.next, results):  # noqa: B905 - the keyword costs
                if fn is None:
                    continue
                if fn in waiting:
                    if grad is None:
                        run.deliver(fn, grad)
                        continue
                    known = buffers.get(fn)
                    if known is None:
                        buffers[fn] = grad
                    elif fn in owned:
                        known += grad
                    else:
                        buffers[fn] = known + grad
                        if grad.ndim:
                            owned.add(fn)
                    left = waiting[fn] - 1
                    waiting[fn] = left
                    if left:
                        continue
                    grad = buffers.pop(fn)
                    if fn.__class__ is AccumulateGrad:
                        _arrive(run, fn, grad, fn in owned)
                        continue
                elif fn.__class__ is AccumulateGrad:
                    if grad is not None:
                        _arrive(run, fn, grad, grad is not g)
                    continue
                if best is None:
                    best, best_grad = fn, grad
                else:
                    heappush(heap, (-fn.seq, fn, grad))
            if best is None:
                node = None
            elif heap:
                heappush(heap, (-best.seq, best, best_grad))
                node = None
            else:
                node, g = best, best_grad
    except BaseException:
        run.ended_at = 0 if node is None else node.seq
        raise


def _unusual(run: Run, node: Any, g: Any) -> tuple[Any, ...]:
    """A node with hooks, several outputs or no gradient, met by the fast loop."""
    if node.__class__ is Output:
        run.deliver(node.next[0], g, node.nr)
        return ()
    return run.execute(node, in_order(node, g) if node.outputs != 1 else (g,))


def _arrive(run: Run, node: AccumulateGrad, grad: Any, fresh: bool) -> None:
    leaf = node.variable
    if leaf._rare is not None or node.rare is not None:
        with no_grad_in_hooks():
            run._arrive(node, grad)
        return
    if state.tap is not None and state.tap.leaf is not None:
        state.tap.leaf(leaf, node.seq, grad)
    accumulate(leaf, grad, fresh)


def in_order(node: Any, arrived: dict[int, Any]) -> tuple[Any, ...]:
    """The gradients of a node with several outputs, None where none came."""
    return tuple(arrived.get(nr) for nr in range(node.output_count))


class no_grad_in_hooks:
    """Hooks run without recording, as the engine's own arithmetic does."""

    def __enter__(self) -> None:
        self.previous = state.set_mode("grad", False)

    def __exit__(self, *exc: object) -> None:
        state.set_mode("grad", self.previous)


_arrival = itertools.count(-(1 << 62)).__next__


def priority(fn: Any) -> int:
    """Smallest first: leaves at once, in order of arrival, then the nodes made last."""
    return _arrival() if fn.__class__ is AccumulateGrad else -fn.seq


def explain(error: BaseException, node: Node) -> None:
    """Note on an error which node raised it, and the line that made the node."""
    note = f"raised while backward ran {describe_node(node)}"
    if note not in getattr(error, "__notes__", ()):
        error.add_note(note)
