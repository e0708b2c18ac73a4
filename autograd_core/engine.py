"""Backward: a loop when nobody looks, a state machine when somebody does.

A `Run` counts how many consumers each node waits for, then runs ready nodes, the last
made first, as PyTorch does: a node adds its gradients to the buffers of its inputs, and
whoever has heard from all its consumers is ready.  A leaf's AccumulateGrad runs at once.

Worked example, ``loss = (w * x).sum()``::

    waiting   {}                       every node has one consumer
    ready     SumBackward0             g = 1
    run       SumBackward0        ->   MulBackward0 gets ones
    run       MulBackward0        ->   (ones * x, ones * w)
    arrive    AccumulateGrad(w)        w.grad = x
    arrive    AccumulateGrad(x)        x.grad = w

`Run.finish` does this in one tight loop on raw arrays (`fast_backward`).  With listeners,
higher order, anomaly mode or wanted intermediate gradients it goes by `Run.step`, which does
the same one node at a time.  Who wants to stop between two nodes sets `state.driver`, and
goes by `Run.advance`, `Run.step` and, with a `journal`, `Run.undo`.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from heapq import heappop, heappush
from time import perf_counter
from typing import Any

from . import events, state
from .accumulate import accumulate
from .anomaly import check_gradients
from .backends import backend_of, is_array
from .errors import GradientError
from .fast_backward import explain, in_order, priority, run_fast
from .journal import Journal
from .node import AccumulateGrad, Output
from .vjps import fit_grads, run_general, run_raw
from .watched_backward import run_watched


class Run:
    """One backward pass.

    Attributes
    ----------
    roots : list of (node, gradient)
        Where it starts.
    tensors : tuple
        What is differentiated, where `roots` come from.
    keep_graph, create_graph : bool
        Whether saved tensors stay, and whether gradients get a graph of their own.
    waiting : dict
        Consumers still to be heard, of nodes with more than one (or several outputs).
    buffers : dict
        Gradients that arrived so far, of those nodes.
    ready : list
        Heap of (-seq, node, gradient).
    captured : dict
        Gradients asked for by ``inputs=``, by (node, output number).
    done : int
        How many nodes have run (counted while it goes one node at a time).
    ended_at : int
        The number of the node at which an exception ended the run; 0 if none did.
    journal : Journal or None
        What `undo` needs; kept only for who asks for it.
    """

    def __init__(
        self,
        roots: Sequence[tuple[Any, Any]],
        keep_graph: bool = False,
        create_graph: bool = False,
        targets: dict[tuple[Any, int], Any] | None = None,
        accumulate: bool = True,
        tensors: tuple[Any, ...] = (),
    ):
        self.roots = list(roots)
        self.tensors = tensors
        self.keep_graph = keep_graph
        self.create_graph = create_graph
        self.accumulate = accumulate
        self.targets = targets
        self.captured: dict[tuple[Any, int], Any] = {}
        self.waiting: dict[Any, int] = {}
        self.buffers: dict[Any, Any] = {}
        self.ready: list[tuple[int, Any, Any]] = []
        self.needed: set[Any] | None = None
        self._taking_part: set[Any] | None = None
        self.done = 0
        self.ended_at = 0
        self.journal: Journal | None = None
        self._plain = False
        self._prepare()

    # -------------------------------------------------------------- before the first node

    def _prepare(self) -> None:
        if self.targets is not None:
            self.needed = self._find_needed()
        self._count_consumers()
        for fn, grad in self.roots:
            if self.needed is None or fn in self.needed:
                self.deliver(fn, grad)

    def _reachable(self) -> set[Any]:
        seen: set[Any] = set()
        stack = [fn for fn, _ in self.roots]
        while stack:
            node = stack.pop()
            if node in seen:
                continue
            seen.add(node)
            stack.extend(n for n in node.next if n is not None)
        return seen

    def will_run(self, node: Any) -> bool:
        """Whether a node takes part in this run."""
        if self._taking_part is None:
            self._taking_part = self._reachable() if self.needed is None else self.needed
        return node in self._taking_part

    def _find_needed(self) -> set[Any]:
        """The nodes through which a target can be reached; inputs have smaller numbers."""
        assert self.targets is not None
        needed: set[Any] = set()
        wanted = {node for node, _ in self.targets}
        order = sorted(self._reachable(), key=lambda n: (bool(n.next), n.seq))
        for node in order:
            if node in wanted or any(n in needed for n in node.next):
                needed.add(node)
        return needed

    def _count_consumers(self) -> None:
        needed, waiting = self.needed, self.waiting
        seen: set[Any] = set()
        stack: list[Any] = []
        for fn, _ in self.roots:
            if needed is not None and fn not in needed:
                continue
            if fn in seen:
                waiting[fn] = waiting.get(fn, 1) + 1
            else:
                seen.add(fn)
                stack.append(fn)
        while stack:
            node = stack.pop()
            for fn in node.next:
                if fn is None or (needed is not None and fn not in needed):
                    continue
                if fn in seen:
                    waiting[fn] = waiting.get(fn, 1) + 1
                else:
                    seen.add(fn)
                    stack.append(fn)
            if node.__class__ is Output:
                waiting.setdefault(node.next[0], 1)

    # -------------------------------------------------------------- one node at a time

    def deliver(self, fn: Any, grad: Any, nr: int = 0) -> None:
        """A consumer hands `grad` (or None) to output `nr` of a node."""
        if fn not in self.waiting:
            heappush(self.ready, (priority(fn), fn, grad))
            return
        if fn.outputs != 1:
            buffer = self.buffers.setdefault(fn, {})
            known = buffer.get(nr)
            if grad is not None:
                buffer[nr] = grad if known is None else known + grad
            grad = buffer
        elif grad is not None:
            known = self.buffers.get(fn)
            grad = self.buffers[fn] = grad if known is None else known + grad
        else:
            grad = self.buffers.get(fn)
        self.waiting[fn] -= 1
        if not self.waiting[fn]:
            self.buffers.pop(fn, None)
            heappush(self.ready, (priority(fn), fn, grad))

    def peek(self) -> Any:
        """The node that `step` will run next; None when the run is over."""
        self.pass_outputs()
        return self.ready[0][1] if self.ready else None

    def pass_outputs(self) -> None:
        """Hand gradients that wait at an output on to the node it belongs to."""
        while self.ready and self.ready[0][1].__class__ is Output:
            entry = heappop(self.ready)
            if self.journal is not None:
                self.journal.note_port(self, entry)
            _, port, grad = entry
            self.deliver(port.next[0], grad, port.nr)

    def arrived(self) -> tuple[Any, ...]:
        """The gradients that wait for the next node, one for each output, None where none came."""
        if self.peek() is None:
            return ()
        _, node, grad = self.ready[0]
        return in_order(node, grad) if node.outputs != 1 else (grad,)

    def replace(self, grad: Any, nr: int = 0) -> None:
        """Put another gradient in the place of one that waits for the next node."""
        order, node, waiting = self.ready[0]
        if self.journal is not None:
            self.journal.note_edit(self)
        if node.outputs != 1:
            grad = {**waiting, nr: grad}
        self.ready[0] = (order, node, grad)

    def step(self) -> Any:
        """Run the next node and deliver its gradients; return it, or None at the end."""
        self.pass_outputs()
        if not self.ready:
            return None
        entry = heappop(self.ready)
        _, node, grad = entry
        if self.journal is not None:
            self.journal.note(self, entry)
        try:
            if self._plain and node.rare is None and grad is not None and node.next:
                results = self._run_plain(node, grad)
            else:
                grads = in_order(node, grad) if node.outputs != 1 else (grad,)
                results = self.execute(node, grads)
        except BaseException:
            self.ended_at = node.seq
            raise
        self._route(node, results)
        self.done += 1
        return node

    def undo(self) -> Any:
        """Take the last step back; return its node, or None if the journal has no more."""
        return None if self.journal is None else self.journal.undo(self)

    def advance(self, gate: Callable[[Any, Any], bool] | None = None) -> Any:
        """Run on until a node is about to run that the gate stops at.

        Parameters
        ----------
        gate : callable(node, grad) -> bool, optional
            Asked before every node, leaves' AccumulateGrad too.  ``grad`` is what arrived: an
            array (a Tensor with ``create_graph``), None if nothing did, or for a node of
            several outputs a dictionary by output number.

        Returns
        -------
        Node or None
            The node that waits; None at the end.
        """
        previous = state.set_mode("grad", self.create_graph)
        self._plain = self._is_plain()
        try:
            return run_watched(self, gate, self._plain)
        finally:
            self._plain = False
            state.set_mode("grad", previous)

    def _is_plain(self) -> bool:
        """Whether nodes without hooks can run on raw arrays with nobody asking for more."""
        return (
            not self.create_graph
            and self.needed is None
            and not events.listeners
            and not state.modes.anomaly
        )

    def _run_plain(self, node: Any, grad: Any) -> tuple[Any, ...]:
        if state.tap is not None:
            _tap_step(node, (grad,))
        try:
            results: tuple[Any, ...] = node.run(grad) if self.keep_graph else node.run_last(grad)
            return results if node.fit is None else fit_grads(results, node.fit)
        except Exception as error:
            explain(error, node)
            raise

    def _route(self, node: Any, results: tuple[Any, ...]) -> None:
        needed = self.needed
        for i, fn in enumerate(node.next):
            if fn is not None and (needed is None or fn in needed):
                self.deliver(fn, results[i] if i < len(results) else None)

    def execute(self, node: Any, grads: tuple[Any, ...]) -> tuple[Any, ...]:
        """Hooks, the node itself, hooks again: the gradients of its inputs."""
        if node.__class__ is AccumulateGrad:
            self._arrive(node, grads[0])
            return ()
        grads = self._tensor_hooks(node, grads)
        self._capture(node, grads)
        if self.needed is not None and not any(n in self.needed for n in node.next):
            return (None,) * len(node.next)
        for hook in _hooks(node, "pre_hooks"):
            grads = self._replaced(hook(self._wrapped(grads)), grads, hook, node)
        if state.tap is not None:
            _tap_step(node, _bare(grads))
        if events.listeners:
            grads = self._told(events.tell("before_node", self, node, _bare(grads)), grads)
        start = perf_counter() if events.listeners else 0.0
        results = self._run_node(node, grads)
        if events.listeners:
            seconds = perf_counter() - start
            said = events.tell("after_node", self, node, _bare(grads), _bare(results), seconds)
            results = self._told(said, results)
        for hook in _hooks(node, "post_hooks"):
            answer = hook(self._wrapped(results), self._wrapped(grads))
            results = self._replaced(answer, results, hook, node)
        return results

    def _run_node(self, node: Any, grads: tuple[Any, ...]) -> tuple[Any, ...]:
        results: tuple[Any, ...]
        try:
            if all(g is None for g in grads) and node.op is not None:
                results = (None,) * len(node.next)
            else:
                results = self._run_formulas(node, grads)
            if node.fit is not None:
                results = fit_grads(results, node.fit, self.create_graph)
        except Exception as error:
            explain(error, node)
            raise
        if state.modes.anomaly and state.modes.anomaly_nan:
            check_gradients(node, _bare(grads), _bare(results))
        if node.releases and not self.keep_graph:
            node.saved = None
        return results

    def _run_formulas(self, node: Any, grads: tuple[Any, ...]) -> tuple[Any, ...]:
        general = self.create_graph or (node.rare is not None and node.rare.general)
        given: Any = grads if node.outputs != 1 else grads[0]
        needed = self.needed
        if needed is not None and node.op is not None:
            edges = tuple(fn if fn in needed else None for fn in node.next)
            if edges != node.next:  # what nobody asks for is not computed
                if general:
                    return run_general(node, grads, self.create_graph, edges)
                return run_raw(node, given, edges)
        return node.run_general(grads, self.create_graph) if general else node.run(given)

    # -------------------------------------------------------------- leaves, hooks, captures

    def _arrive(self, node: AccumulateGrad, grad: Any) -> None:
        leaf = node.variable
        if grad is None:
            return
        rare = leaf._rare
        if rare is not None and rare.hooks:
            grad = self._run_tensor_hooks(rare.hooks, grad, leaf)
        if self.targets is not None and (node, 0) in self.targets:
            self.captured[node, 0] = grad
            if not self.accumulate:
                return
        elif self.targets is not None:
            return
        for hook in _hooks(node, "pre_hooks"):
            grad = self._replaced(hook(self._wrapped((grad,))), (grad,), hook, node)[0]
        if events.listeners:
            events.tell("on_accumulate", self, leaf, _bare((grad,))[0])
        if state.tap is not None and state.tap.leaf is not None:
            state.tap.leaf(leaf, node.seq, _bare((grad,))[0])
        self._accumulate(leaf, grad)
        for hook in _hooks(node, "post_hooks"):
            hook((), self._wrapped((grad,)))

    def _accumulate(self, leaf: Any, grad: Any) -> None:
        """Add to ``leaf.grad`` (a fresh copy at first: others may hold the array)."""
        if self.create_graph:
            known = leaf._grad
            leaf._grad = grad.clone() if known is None else known + grad
        else:
            accumulate(leaf, getattr(grad, "_array", grad), fresh=False)
        if leaf._rare is not None:
            for hook in tuple(leaf._rare.post_hooks.values()):
                hook(leaf)

    def _tensor_hooks(self, node: Any, grads: tuple[Any, ...]) -> tuple[Any, ...]:
        rare = node.rare
        if rare is None or not (rare.tensor_hooks or rare.retain):
            return grads
        changed = list(grads)
        for nr, grad in enumerate(changed):
            if grad is None:
                continue
            hooks = rare.tensor_hooks.get(nr)
            if hooks:
                changed[nr] = self._run_tensor_hooks(hooks, grad, node)
            keeper = rare.retain.get(nr)
            tensor = keeper() if keeper is not None else None
            if tensor is not None:
                _add_grad(tensor, self._wrap(changed[nr]))
        return tuple(changed)

    def _run_tensor_hooks(self, hooks: Any, grad: Any, owner: Any) -> Any:
        for hook in tuple(hooks.values()):
            grad = self._replaced((hook(self._wrap(grad)),), (grad,), hook, owner)[0]
        return grad

    def _capture(self, node: Any, grads: tuple[Any, ...]) -> None:
        if self.targets is None:
            return
        for nr, grad in enumerate(grads):
            if (node, nr) in self.targets:
                self.captured[node, nr] = grad

    def _wrap(self, grad: Any) -> Any:
        from ._tensor import Tensor

        if grad is None or isinstance(grad, Tensor):
            return grad
        array = grad if is_array(grad) else backend_of(grad).xp.asarray(grad)
        return Tensor._from_array(array)

    def _wrapped(self, grads: tuple[Any, ...]) -> tuple[Any, ...]:
        return tuple(self._wrap(g) for g in grads)

    def _replaced(self, answer: Any, grads: tuple[Any, ...], hook: Any, node: Any) -> Any:
        """What a hook returned in place of the gradients, checked; None leaves them."""
        if answer is None:
            return grads
        if not isinstance(answer, tuple):
            answer = (answer,)
        if len(answer) != len(grads):
            raise GradientError(
                f"hook '{_hook_name(hook)}' has returned an incorrect number of values "
                f"(got {len(answer)}, but expected {len(grads)})"
            )
        return tuple(
            old if new is None and len(grads) == 1 else self._checked(new, old, hook, node)
            for new, old in zip(answer, grads, strict=True)
        )

    def _checked(self, new: Any, old: Any, hook: Any, node: Any) -> Any:
        from ._tensor import Tensor

        if new is None:
            return None
        if not isinstance(new, Tensor):
            raise TypeError(
                f"expected Tensor, but hook '{_hook_name(hook)}' returned '{type(new).__name__}'"
            )
        if old is not None and tuple(new.shape) != tuple(old.shape):
            raise GradientError(
                f"hook '{_hook_name(hook)}' has changed the size of value: "
                f"{tuple(old.shape)} became {tuple(new.shape)}"
            )
        if old is not None and new._array.dtype != getattr(old, "_array", old).dtype:
            raise GradientError(
                f"hook '{_hook_name(hook)}' has changed the type of value "
                f"(was {getattr(old, '_array', old).dtype}, got {new._array.dtype})"
            )
        return new if self.create_graph else new._array

    def _told(self, said: Any, grads: tuple[Any, ...]) -> tuple[Any, ...]:
        if said is None:
            return grads
        if len(said) != len(grads):
            raise GradientError(
                f"a listener replaced {len(grads)} gradients by {len(said)}; return one for each"
            )
        return tuple(self._fit_said(new, old) for new, old in zip(said, grads, strict=True))

    def _fit_said(self, new: Any, old: Any) -> Any:
        array = getattr(new, "_array", new)
        before = getattr(old, "_array", old)
        if array is before:
            return old
        if array is not None and before is not None and array.shape != before.shape:
            raise GradientError(
                f"a listener replaced a gradient of shape {before.shape} by one of {array.shape}"
            )
        return self._wrap(array) if self.create_graph else array

    # -------------------------------------------------------------- to the end

    def finish(self) -> None:
        """Run whatever is left."""
        tap = state.tap
        error: BaseException | None = None
        if events.listeners:
            events.tell("on_backward_begin", self)
        if tap is not None and tap.begin is not None:
            tap.begin(self)
        outer, state.modes.run = state.modes.run, self
        try:
            if state.driver is not None:
                state.driver(self)
            elif self._is_usual():
                run_fast(self, tap)
            else:
                self.advance()
        except BaseException as raised:
            error = raised
            raise
        finally:
            state.modes.run = outer
            if events.listeners:
                events.tell("on_backward_end", self, error)
            if tap is not None and tap.end is not None:
                tap.end(self, error)
            error = None  # its traceback holds this frame: a cycle

    def _is_usual(self) -> bool:
        return (
            state.special == state.harmless
            and not self.create_graph
            and self.needed is None
            and not self.done
            and len(self.ready) == 1
        )


def _tap_step(node: Any, grads: tuple[Any, ...]) -> None:
    tap = state.tap
    if tap.step is not None:
        tap.step(node.seq)
    if tap.gradient is not None:
        tap.gradient(node, grads if node.outputs != 1 else grads[0])


def _add_grad(tensor: Any, grad: Any) -> None:
    tensor._grad = grad if tensor._grad is None else tensor._grad + grad


def _hooks(node: Any, kind: str) -> tuple[Any, ...]:
    return () if node.rare is None else tuple(getattr(node.rare, kind).values())


def _bare(grads: tuple[Any, ...]) -> tuple[Any, ...]:
    return tuple(getattr(g, "_array", g) for g in grads)


def _hook_name(hook: Any) -> str:
    return getattr(hook, "__qualname__", type(hook).__name__)
