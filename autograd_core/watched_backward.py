"""Backward in a loop that can stop before any node, and that notes how to take steps back.

It does what `Run.step` does, with what is common written out; the rest it hands to `Run.step`.
"""

from __future__ import annotations

from collections.abc import Callable
from heapq import heappop, heappush
from typing import TYPE_CHECKING, Any

from . import state
from .accumulate import accumulate
from .fast_backward import explain, priority
from .journal import Note, waiting_for
from .node import AccumulateGrad, Output
from .vjps import fit_grads

if TYPE_CHECKING:
    from .engine import Run


def run_watched(run: Run, gate: Callable[[Any, Any], bool] | None, plain: bool) -> Any:
    """Run until a node is about to run that the gate stops at; None at the end.

    Parameters
    ----------
    run : Run
        At its beginning or anywhere else.
    gate : callable(node, grad) -> bool or None
        See `Run.advance`.
    plain : bool
        Whether nodes without hooks run on raw arrays, with nobody asking for more.
    """
    ready, waiting, journal = run.ready, run.waiting, run.journal
    tap = state.tap
    step = None if tap is None else tap.step
    gradient, arrives = (None, None) if tap is None else (tap.gradient, tap.leaf)
    keep = run.keep_graph
    append = None if journal is None else journal.append
    fresh: set[Any] = set()
    while ready:
        entry = ready[0]
        _, node, g = entry
        kind = node.__class__
        if kind is Output:
            run.pass_outputs()
            continue
        if gate is not None and gate(node, g):
            if journal is not None:
                journal.unshare()
            return node
        if not plain or g is None or node.rare is not None:
            if journal is not None:
                journal.unshare()
            run.step()
            continue
        if kind is AccumulateGrad:
            leaf = node.variable
            if leaf._rare is not None:
                if journal is not None:
                    journal.unshare()
                run.step()
                continue
            heappop(ready)
            takes = node in fresh
            if journal is not None:
                note = journal.note(run, entry)
                if takes:
                    journal.taken_over.append(note)
            if arrives is not None:
                arrives(leaf, node.seq, g)
            accumulate(leaf, g, takes)
            run.done += 1
            continue
        heappop(ready)
        if append is not None:
            append(Note(entry, node.saved, waiting_for(run, node) if waiting else ()))
        if step is not None:
            step(node.seq)
        if gradient is not None:
            gradient(node, g)
        try:
            results = node.run(g) if keep else node.run_last(g)
            if node.fit is not None:
                results = fit_grads(results, node.fit)
        except Exception as error:
            run.ended_at = node.seq
            explain(error, node)
            raise
        for fn, grad in zip(node.next, results):  # noqa: B905 - the keyword costs
            if fn is None:
                continue
            if fn in waiting:
                run.deliver(fn, grad)
            elif fn.__class__ is not AccumulateGrad:
                heappush(ready, (-fn.seq, fn, grad))
            else:
                if grad is not g:
                    fresh.add(fn)
                heappush(ready, (priority(fn), fn, grad))
        run.done += 1
    return None
