"""Backward with a condition asked before every node, as the debugger does it.

The mark makes these frames the library's own, so that the user's frame is the caller's.
"""

from autograd_core import state
from autograd_core.debug.breakpoints.conditions import parse
from autograd_core.debug.breakpoints.moment import Moment

__autograd_internal__ = True


def moment_of(node, g, run=None, iteration=0):
    """What a condition looks at, from what the engine hands to a gate."""
    grads = tuple(g.get(i) for i in range(node.output_count)) if type(g) is dict else (g,)
    return Moment("backward", node, grads, run, iteration)


def driven(program, visit):
    """Run a program; `visit` is called with each node that is about to run, and its gradients."""

    def drive(run):
        run.advance(lambda node, g: visit(node, g, run) and False)

    state.driver = drive
    try:
        program()
    finally:
        state.driver = None


def stops(text, program, iteration=0):
    """Where a condition holds in the backward of a program: names of leaves and of nodes."""
    condition, found = parse(text), []

    def visit(node, g, run):
        moment = moment_of(node, g, run, iteration)
        if condition.matches(moment):
            found.append(moment.name or moment.op)

    driven(program, visit)
    return found
