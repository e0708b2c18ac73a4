"""Conditions and moments drawn at random."""

import numpy as np
from driven import driven
from hypothesis import strategies as st

import autograd_core as ag
from autograd_core.debug.breakpoints.conditions.tree import (
    COMPARE,
    FLAGS,
    STATISTICS,
    And,
    Cell,
    Compare,
    Flag,
    Iteration,
    Line,
    Module,
    Name,
    Not,
    Op,
    Or,
    Python,
)
from autograd_core.debug.breakpoints.moment import Moment

THRESHOLDS = [-2.0, -1e-3, 0.0, 1e-26, 1e-20, 1e-3, 0.5, 1.0, 2.5, 1e3, 1e20, float("inf")]
small = st.integers(1, 40)


def spans(least=1):
    return st.tuples(st.integers(least, 40), st.integers(0, 30)).map(lambda p: (p[0], sum(p)))


def compared(statistic):
    values = st.sampled_from(THRESHOLDS) | st.floats(allow_nan=False)
    if statistic == "zeros":
        values = st.sampled_from([0.0, 0.25, 0.5, 1.0]) | st.floats(0, 1)
    return st.builds(Compare, st.just(statistic), st.sampled_from(sorted(COMPARE)), values)


measured = st.sampled_from(FLAGS).map(Flag) | st.sampled_from(STATISTICS).flatmap(compared)
near_lines = st.tuples(st.integers(1, 4), st.integers(0, 2)).map(lambda p: (p[0], sum(p)))
iterations = spans(0).map(lambda p: Iteration(*p)) | st.integers(0, 40).map(
    lambda n: Iteration(n, None)
)
sited = (
    st.sampled_from(
        ["Mul", "mulbackward0", "MUL*", "sum_all", "*", "Unbind", "accumulate*", "add"]
    ).map(Op)
    | st.sampled_from(["net", "net.0", "0", "1.*", "*.0", "n?t", "elsewhere"]).map(Module)
    | st.sampled_from(["w", "0.weight", "net.?.bias", "*", "nothing"]).map(Name)
    | near_lines.map(lambda p: Line("", *p))
    | near_lines.map(lambda p: Line("drawn.py", *p))
    | small.map(Cell)
)
python = st.sampled_from(["grad is None", "grad is not None and grad.sum() > 0", "len(grads) > 1"])
names = st.text(min_size=1, max_size=8)
any_text = (
    names.filter(lambda s: s != "\0").map(Op)
    | names.map(Module)
    | names.map(Name)
    | st.builds(lambda f, p: Line(f, *p), names, spans())
    | st.builds(lambda n, p: Cell(n, *p), small, spans())
)


def joined(atoms):
    return st.recursive(
        atoms,
        lambda part: (
            part.map(Not)
            | st.lists(part, min_size=2, max_size=3).map(lambda items: And(tuple(items)))
            | st.lists(part, min_size=2, max_size=3).map(lambda items: Or(tuple(items)))
        ),
        max_leaves=8,
    )


def ending_in_python(trees):
    """``py:`` stands last, where no parenthesis has to be closed behind it."""
    last = python.map(Python) | python.map(lambda source: Not(Python(source)))
    return (
        last
        | st.builds(lambda tree, p: Or((tree, p)), trees, last)
        | st.builds(lambda tree, p: And((tree, p)), trees, last)
        | st.builds(lambda a, b, p: Or((a, And((b, p)))), trees, trees, last)
    )


everything = joined(measured | iterations | sited)
trees = everything | ending_in_python(everything)

GRADIENTS = [
    np.array([1.0, -2.0, 0.5]), np.array([np.nan, 1.0, 0.0]), np.array([np.inf, 1.0, -1.0]),
    np.array([-np.inf, np.nan, 0.0]), np.zeros(3), np.full(3, 1e-25), np.full(3, 1e25),
    np.full(3, 1e-3), np.full(3, -1e3), np.array([0.0, 0.0, 2.5]),
]  # fmt: skip
gradients = st.sampled_from(GRADIENTS) | st.lists(st.floats(width=32), min_size=3, max_size=3).map(
    np.array
)
kinds = st.sampled_from([np.float32, np.float64, np.float16, np.complex64])


SOURCE = """a, b, c = (net(w * 2.0) + w).unbind()
d = a * b
e = d * b
loss = (e * c).tanh() + d
"""


def program():
    """A graph with modules, a leaf of its own, several outputs; and its nodes."""
    net = ag.nn.Sequential(ag.nn.Linear(3, 3), ag.nn.Linear(3, 3))
    w = ag.tensor([1.0, 2.0, 3.0], requires_grad=True)
    w.name = "w"
    for name, parameter in net.named_parameters():
        parameter.name = f"net.{name}"
    variables, nodes = {"net": net, "w": w}, []
    with ag.debug.trace():  # so that nodes know their module
        exec(compile(SOURCE, "/made up/drawn.py", "exec"), variables)
    driven(variables["loss"].backward, lambda node, g, run: nodes.append(node))
    return variables, nodes


@st.composite
def moments(draw, nodes):
    """One of the nodes, with gradients that need not be its own."""
    node = draw(st.sampled_from(nodes))
    kind = draw(kinds)
    with np.errstate(over="ignore", invalid="ignore"):
        grads = tuple(
            draw(st.none() | gradients.map(lambda g: g.astype(kind)))
            for _ in range(node.output_count)
        )
    return Moment("backward", node, grads, None, draw(st.integers(0, 45)))


def raw(moment):
    """The gradients of a moment as the engine hands them to a gate."""
    if len(moment.grads) == 1:
        return moment.grads[0]
    return {nr: g for nr, g in enumerate(moment.grads) if g is not None}
