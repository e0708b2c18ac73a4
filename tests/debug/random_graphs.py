"""Random small graphs on the engine, made from a plan that can be carried out many times.

A plan is plain data, drawn by hypothesis.  `run` carries it out: leaves, a forward of
elementwise ops, products, views, writes in place, ops of several outputs, custom functions,
modules, hooks and checkpointed regions over shared values, and then a backward of some kind.
Two runs of one plan do the same thing, so whatever watched the second one has changed
nothing if both give the same bits.

Hooks are functions of the gradient alone: they may run again after a step back.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from hypothesis import strategies as st

import autograd_core as ag
from autograd_core.autograd import Function
from autograd_core.autograd.graph import register_multi_grad_hook
from autograd_core.utils.checkpoint import checkpoint

N = 3
Tensor = ag.Tensor
Step = tuple[Any, ...]
Results = dict[str, tuple[str, tuple[int, ...], bytes] | None]


@dataclass(frozen=True)
class Plan:
    """What to do.

    Attributes
    ----------
    seed : int
        Of the leaves' values.
    wide : tuple of bool
        For each leaf whether it is of float64; the others are of float32.
    steps : tuple of Step
        (op, first value, second value, detail) with values counted modulo how many there
        are; a region is ("region", first, second, way, its steps).
    roots : tuple of int
        Where backward starts.
    finish : str
        How backward is called, a key of `FINISHES`.
    """

    seed: int
    wide: tuple[bool, ...]
    steps: tuple[Step, ...]
    roots: tuple[int, ...]
    finish: str

    @property
    def may_raise(self) -> bool:
        """Whether a hook may raise."""
        return any(step[0] == "hook" and step[3] % HOOKS == RAISES for step in self.steps)


@dataclass
class Graph:
    """A plan that is being carried out: its values, and what is to be compared in the end."""

    leaves: list[Tensor]
    net: Any
    values: list[Tensor]
    retained: list[Tensor] = field(default_factory=list)
    seen: list[Tensor | None] = field(default_factory=list)

    def all_leaves(self) -> list[Tensor]:
        """The leaves and the parameters of the module."""
        return [*self.leaves, *self.net.parameters()]

    def noter(self) -> Callable[[Any], None]:
        """A hook that remembers the last gradient that it saw."""
        at = len(self.seen)
        self.seen.append(None)

        def note(grad: Any) -> None:
            self.seen[at] = None if grad is None else grad.detach().clone()

        return note


# ------------------------------------------------------------------ custom functions


class Cubed(Function):
    """One output; saves its input and an intermediate."""

    @staticmethod
    def forward(ctx, x):
        square = x * x
        ctx.save_for_backward(x, square)
        return square * x

    @staticmethod
    def backward(ctx, g):
        _, square = ctx.saved_tensors
        return 3.0 * square * g


class SumAndProduct(Function):
    """Two inputs and outputs; no zeros in place of gradients that nobody gave."""

    @staticmethod
    def forward(ctx, a, b):
        ctx.save_for_backward(a, b)
        ctx.set_materialize_grads(False)
        return a + b, a * b

    @staticmethod
    def backward(ctx, to_sum, to_product):
        a, b = ctx.saved_tensors
        zero = a.new_zeros(())
        to_sum = zero if to_sum is None else to_sum
        if to_product is None:
            return to_sum.expand(a.shape), to_sum.expand(b.shape)
        return to_sum + to_product * b, to_sum + to_product * a


class TanhAgain(Function):
    """Runs a backward of its own within backward."""

    @staticmethod
    def forward(ctx, x):
        ctx.save_for_backward(x)
        return x.tanh()

    @staticmethod
    def backward(ctx, g):
        (x,) = ctx.saved_tensors
        with ag.enable_grad():
            x = x.detach().requires_grad_()
            (slope,) = ag.autograd.grad(x.tanh().sum(), x)
        return g * slope


# ------------------------------------------------------------------ one step of a forward


def written_row(a: Tensor, b: Tensor, k: int) -> Tensor:
    c = a.clone()
    c[k % N] = b[0]
    return c


def written_through_views(a: Tensor, b: Tensor, k: int) -> Tensor:
    c = a * 1.0
    before = c[k % N] * 2.0
    c.t()[:, :2].add_(b[:, :2])
    c.diagonal().mul_(0.5)
    return c + before


def written_whole(a: Tensor, b: Tensor, k: int) -> Tensor:
    c = a.clone()
    for write in (lambda: c.mul_(b), lambda: c.sub_(b, alpha=2), lambda: c.sigmoid_())[: k % 3 + 1]:
        write()
    return c


def spoiled_copy(a: Tensor, b: Tensor, k: int) -> Tensor:
    """A write under no_grad to memory that nothing saved."""
    c = a + b
    with ag.no_grad():
        c.mul_(0.5)
    return c


def reordered(a: Tensor, b: Tensor, k: int) -> Tensor:
    rows = a.unbind(0)
    return ag.stack([rows[(i + k) % N] for i in range(N)], 1)


def a_part_unused(a: Tensor, b: Tensor, k: int) -> Tensor:
    parts = ag.cat([a, b]).chunk(N)
    return parts[k % N].repeat(2, 1)[:N]


def extreme(a: Tensor, b: Tensor, k: int) -> Tensor:
    values, places = (a.max(1), a.min(0), a.sort(1), a.topk(2, 1))[k % 4]
    if values.dim() == 1:
        return values * b
    return values.sum(1, keepdim=True) * b + b.gather(1, places).sum()


def two_of_a_function(a: Tensor, b: Tensor, k: int) -> Tensor:
    total, product = SumAndProduct.apply(a, b)
    return (total, product, total * product)[k % 3]


BINARY: dict[str, Callable[[Tensor, Tensor, int], Tensor]] = {
    "mul": lambda a, b, k: a * b,
    "add": lambda a, b, k: a + 0.5 * b,
    "sub": lambda a, b, k: a - b,
    "div": lambda a, b, k: a / (b * b + 1.0),
    "unary": lambda a, b, k: (a.tanh, a.sin, a.sigmoid, a.relu, a.abs, a.cos, a.atan)[k % 7](),
    "exp": lambda a, b, k: (a.clamp(-2.0, 2.0) * 0.5).exp(),
    "sqrt": lambda a, b, k: (a * a + 1.0).sqrt().log(),
    "where": lambda a, b, k: ag.where(a > b, a, b * 2.0),
    "maximum": lambda a, b, k: ag.maximum(a, b),
    "matmul": lambda a, b, k: (a.tanh() @ b.to(a.dtype)) * 0.5,
    "transposed": lambda a, b, k: a.t() @ a,
    "softmax": lambda a, b, k: a.softmax(k % 2) * b,
    "broadcast": lambda a, b, k: (a[k % N] * b, a[:, :1] - b, a.sum(0) + b, a.mean() * b)[k % 4],
    "views": lambda a, b, k: (
        a.t(), a.reshape(-1).view(N, N), a.flip(0), a.unsqueeze(0).transpose(1, 2)[0],
        a[:, [2, 0, 0]], a.expand(2, N, N).sum(0), a.diagonal().diag_embed(), a.cumsum(k % 2),
    )[k % 8],
    "cat": lambda a, b, k: ag.cat([a[: k % N], b[k % N :]]),
    "written row": written_row,
    "written through views": written_through_views,
    "written whole": written_whole,
    "spoiled copy": spoiled_copy,
    "unbind": reordered,
    "chunk": a_part_unused,
    "extreme": extreme,
    "dropout": lambda a, b, k: ag.nn.functional.dropout(a, 0.3, training=True),
    "cubed": lambda a, b, k: Cubed.apply(a.tanh()),
    "two of a function": two_of_a_function,
    "tanh again": lambda a, b, k: TanhAgain.apply(a),
    "to": lambda a, b, k: a.to(ag.float64 if k % 2 else ag.float32),
}  # fmt: skip


# ------------------------------------------------------------------ hooks, modules, regions


HOOKS, RAISES = 8, 5


def hooked(graph: Graph, x: Tensor, kind: int) -> Tensor:
    """A value with a hook of some kind, or with hooks on a leaf."""
    y = x * 1.0
    node, note = y.grad_fn, graph.noter()

    def halve(g: Any) -> Any:
        note(g)
        return g * 0.5

    def before(grads: Any) -> Any:
        note(grads[0])
        return tuple(None if g is None else g + 1.0 for g in grads)

    def after(to: Any, given: Any) -> Any:
        note(given[0])
        return tuple(None if g is None else g * 2.0 for g in to)

    if kind == 0:
        y.register_hook(halve)
    elif kind == 1:
        y.register_hook(note)
    elif kind == 2:
        node.register_prehook(before)
    elif kind == 3:
        node.register_hook(after)
    elif kind == 4:
        register_multi_grad_hook([y, graph.leaves[0]], lambda grads: note(grads[0]))
    elif kind == RAISES:
        y.register_hook(refuse_large)
    else:
        leaf = graph.leaves[kind % len(graph.leaves)]
        leaf.register_hook(halve)
        leaf.register_post_accumulate_grad_hook(lambda p: note(p.grad))
    return y


def refuse_large(g: Any) -> None:
    if g.abs().max() > 3.0:
        raise TooLarge


class TooLarge(Exception):
    """What a hook may raise, in the middle of a backward."""


def region(graph: Graph, plan: Plan, a: Tensor, b: Tensor, way: int, steps: Any) -> list[Tensor]:
    """Steps in a checkpointed region, which reaches for a leaf outside of it too."""

    def inner(x: Tensor, y: Tensor) -> tuple[Tensor, ...]:
        below = Graph(graph.leaves, graph.net, [x, y, graph.leaves[-1]])
        for step in steps:
            carry_out(below, plan, step)
        return tuple(below.values[3:])

    if plan.finish == "optimizer within":  # would write to leaves that a region needs again
        return list(inner(a, b))
    if way == 0 and plan.finish in FOR_REENTRANT:
        return list(checkpoint(inner, a, b, use_reentrant=True))
    return list(checkpoint(inner, a, b, use_reentrant=False, early_stop=way != 1))


def carry_out(graph: Graph, plan: Plan, step: Step) -> None:
    """One step of a plan: it appends to the values."""
    what, i, j, k, *more = step
    a, b = (graph.values[n % len(graph.values)] for n in (i, j))
    if what == "region":
        graph.values += region(graph, plan, a, b, k % 3, more[0])
    elif what == "hook":
        graph.values.append(hooked(graph, a, k % HOOKS))
    elif what == "retain":
        graph.retained.append(a * 1.0)
        graph.retained[-1].retain_grad()
        graph.values.append(graph.retained[-1])
    elif what == "module":
        graph.values.append(graph.net(a.float()))
    else:
        graph.values.append(BINARY[what](a, b, k))


# ------------------------------------------------------------------ forward, backward


def forward(plan: Plan) -> Graph:
    """The graph of a plan, before any backward."""
    ag.manual_seed(plan.seed)
    rng = np.random.default_rng(plan.seed)
    nn = ag.nn
    net = nn.Sequential(nn.Linear(N, N), nn.Sequential(nn.Tanh(), nn.Linear(N, N)))
    leaves = []
    for wide in plan.wide:
        values = rng.uniform(-1.5, 1.5, (N, N)).tolist()
        leaves.append(ag.tensor(values, dtype=ag.float64 if wide else ag.float32))
        leaves[-1].requires_grad_()
        if plan.seed % 2:
            leaves[-1].grad = leaves[-1].detach().clone()  # of a backward before
    graph = Graph(leaves, net, list(leaves))
    for step in plan.steps:
        carry_out(graph, plan, step)
    return graph


def backward(plan: Plan, graph: Graph) -> Results:
    """The backward of a plan, and all that is to be compared."""
    roots = [graph.values[n % len(graph.values)] for n in plan.roots]
    grads = [ag.linspace(-1.0, 2.0, N * N, dtype=x.dtype).view(N, N) for x in roots]
    try:
        found = FINISHES[plan.finish](graph, roots, grads)
    except TooLarge:
        found = [ag.tensor(-1.0)]
    return {**{f"returned {i}": bits(t) for i, t in enumerate(found)}, **state_of(graph)}


def run(plan: Plan) -> Results:
    """Forward and backward."""
    return backward(plan, forward(plan))


def state_of(graph: Graph) -> Results:
    """Leaves and their gradients, gradients that were retained, what hooks saw last, randomness."""
    leaves = graph.all_leaves()
    tensors = {"values": leaves, "grad": [x.grad for x in leaves],
               "retained": [x.grad for x in graph.retained], "seen": graph.seen,
               "random state": [ag.get_rng_state()]}  # fmt: skip
    return {f"{what} {i}": bits(t) for what, several in tensors.items()
            for i, t in enumerate(several)}  # fmt: skip


def bits(t: Any) -> tuple[str, tuple[int, ...], bytes] | None:
    """All there is to a tensor's values."""
    if t is None:
        return None
    array = t.detach().numpy()
    return str(array.dtype), array.shape, array.tobytes()


def _several(graph: Graph, roots: Any, grads: Any) -> Any:
    ag.autograd.backward(roots, grads)
    return ()


def _twice(graph: Graph, roots: Any, grads: Any) -> Any:
    ag.autograd.backward(roots, grads, retain_graph=True)
    ag.autograd.backward(roots, grads)
    return ()


def _one_by_one(graph: Graph, roots: Any, grads: Any) -> Any:
    for root, grad in zip(roots, grads, strict=True):
        root.backward(grad, retain_graph=True)
    return ()


def _wanted(graph: Graph) -> list[Tensor]:
    return [*graph.leaves[:2], *graph.retained]


def _inputs(graph: Graph, roots: Any, grads: Any) -> Any:
    ag.autograd.backward(roots, grads, inputs=_wanted(graph))
    return ()


def _grad(graph: Graph, roots: Any, grads: Any) -> Any:
    return ag.autograd.grad(roots, _wanted(graph), grads, allow_unused=True)


def _second_order(graph: Graph, roots: Any, grads: Any) -> Any:
    first = ag.autograd.grad(roots, _wanted(graph), grads, create_graph=True, allow_unused=True)
    again = [g for g in first if g is not None and g.requires_grad]
    if again:
        ag.autograd.backward([(g * g).sum() for g in again])
    return first


def _kept_graph(graph: Graph, roots: Any, grads: Any) -> Any:
    ag.autograd.backward(roots, grads, create_graph=True)
    leaves = graph.all_leaves()
    norm = sum((x.grad * x.grad).sum() for x in leaves if x.grad is not None)
    found = ag.autograd.grad(norm, leaves[:1], allow_unused=True) if norm.requires_grad else ()
    for x in (*leaves, *graph.retained):
        x.grad = None if x.grad is None else x.grad.detach()  # it would be a cycle
    return found


def _optimizer_within(graph: Graph, roots: Any, grads: Any) -> Any:
    @ag.no_grad()
    def step(p: Tensor) -> None:
        p.sub_(p.grad, alpha=0.1)
        p.grad = None

    for x in graph.all_leaves():
        x.register_post_accumulate_grad_hook(step)
    ag.autograd.backward(roots, grads)
    return ()


FINISHES: dict[str, Callable[[Graph, Any, Any], Any]] = {
    "backward": _several, "twice": _twice, "one by one": _one_by_one, "inputs": _inputs,
    "grad": _grad, "second order": _second_order, "kept graph": _kept_graph,
    "optimizer within": _optimizer_within,
}  # fmt: skip
FOR_REENTRANT = ("backward", "twice", "one by one")
ONE_RUN = ("backward", "inputs", "grad")
"""Finishes of a single backward call."""


# ------------------------------------------------------------------ the strategy


def _step(names: Any) -> Any:
    number = st.integers(0, 23)
    return st.tuples(st.sampled_from(names), number, number, number)


def _region(depth: int) -> Any:
    number, inner = st.integers(0, 23), _step(sorted(BINARY))
    if depth:
        inner = st.one_of(inner, _region(depth - 1))
    steps = st.lists(inner, min_size=1, max_size=4).map(tuple)
    return st.tuples(st.just("region"), number, number, number, steps)


def plans(finishes: Any = tuple(FINISHES)) -> Any:
    """Plans that end in one of these ways."""
    step = st.one_of(
        _step(sorted(BINARY)), _step(sorted(BINARY)), _step(["hook", "retain", "module"]),
        _region(1),
    )  # fmt: skip
    return st.builds(
        Plan,
        seed=st.integers(0, 9),
        wide=st.lists(st.booleans(), min_size=1, max_size=3).map(tuple),
        steps=st.lists(step, min_size=1, max_size=10).map(tuple),
        roots=st.lists(st.integers(0, 23), min_size=1, max_size=3).map(lambda r: (-1, *r)),
        finish=st.sampled_from(finishes),
    )
