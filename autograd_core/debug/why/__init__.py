"""`why`: causes in plain words, for a tensor, a parameter, an error, a trace, a paused run.

::

    diagnosis   what is answered            case     what the question comes with
    tensor      values, graph, gradient     leaf     a parameter and its gradient
    errors      exceptions                  freed    a second backward
    nonfinite   the first NaN or Inf in a living graph; origin: in a trace
    cuts        where a graph was cut; reading: candidates from the source
    reached     what backward can't reach   memory   graphs that are kept alive
    flowing, units, changed, blowup         what a trace or a graph shows
    paused      a stop of the debugger      several  models and traces: the worst first
    watch       the witness of what leaves no trace; trail: what it keeps

A diagnosis says what was seen.  What nobody saw it calls unknown, and says how to see it.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from ... import source
from ..._tensor import Tensor
from ...errors import InPlaceError
from ...node import Node as EngineNode
from ..trace.rows import Node, Step
from ..trace.traced import Trace
from . import errors, memory, origin, paused, several, tensor
from .case import Case, asker, is_module, is_optimizer, variables_of
from .diagnosis import Diagnosis, Suspect, nothing
from .leaf import of_leaf
from .reached import ends_above, of_row
from .watch import Watch, last, watch

_NOT_GIVEN: Any = object()


def why(
    x: Any = _NOT_GIVEN,
    *,
    model: Any = None,
    loss: Tensor | None = None,
    optimizer: Any = None,
    trace: Trace | None = None,
    variables: Mapping[str, Any] | None = None,
) -> Diagnosis:
    """Say why something is as it is, where in the user's code, and what to do.

    Nothing is run again: the answer comes from what is alive, from a trace, from the
    traceback of an exception, and from the last `watch` block.

    Parameters
    ----------
    x : object
        - a tensor: no graph, no gradient, NaN or Inf in it or in its gradient, a zero one;
        - the name of a parameter, with ``model=`` or as ``"net.0.weight"`` of a variable;
        - a loss: values written in place, freed nodes, parameters it does not reach;
        - an exception; a model; an optimizer; a list of tensors (the graphs it keeps);
        - a `Trace`, or one of its nodes; a node of a graph; a paused run;
        - nothing at all: graphs that collections of this process keep alive.
    model : Module, optional
        Whose parameters are meant, for names and for what a loss should reach.
    loss : Tensor, optional
        From which backward runs, or should have run.
    optimizer : Optimizer, optional
        Which should update the parameters.
    trace : Trace, optional
        What was recorded.
    variables : mapping, optional
        Where to look for names; the caller's variables if not given.

    Returns
    -------
    Diagnosis
        Prints as text; ``.cause`` is a word for programs, ``.as_dict()`` is JSON.

    Raises
    ------
    LookupError
        For a name that no parameter has.
    TypeError
        For something that has no cause to be asked for.

    Examples
    --------
    >>> import autograd_core as ag
    >>> from autograd_core.debug.why import why
    >>> x = ag.tensor([4.0, 0.0], requires_grad=True)
    >>> y = x.log().sum()
    >>> print(why(y).cause)
    inf_origin
    """
    frame = asker() if variables is None else None
    case = Case(model, loss, optimizer, trace, last(), variables or variables_of(frame))
    try:
        return _answer(x, case)
    finally:
        del frame


def _answer(x: Any, case: Case) -> Diagnosis:
    if x is _NOT_GIVEN:
        return memory.of_all(case)
    if x is None:
        return nothing("None was asked about.", remedy="ask about the tensor: why(w), not w.grad.")
    if isinstance(x, BaseException):
        return errors.of_error(x, case)
    if isinstance(x, str):
        return of_leaf(case.parameter(x), case)
    if isinstance(x, Tensor):
        try:
            return tensor.of_tensor(x, case)
        except InPlaceError as error:  # a view that can't follow what was written to its base
            return errors.of_error(error, case)
    if isinstance(x, Trace):
        return several.of_trace(x, case)
    if isinstance(x, Step):
        return of_traced_node(x.node)
    if isinstance(x, Node):
        return of_traced_node(x)
    if isinstance(x, EngineNode):
        return tensor.of_node(x, case)
    if is_module(x):
        return several.of_model(x, case if case.model is not None else case.of(x))
    if is_optimizer(x):
        return several.of_optimizer(x, case)
    if isinstance(x, memory.CONTAINERS):
        return memory.of_collection(x, case)
    if hasattr(x, "resumed") and hasattr(x, "grads"):
        return paused.of_pause(x, case)
    raise TypeError(
        f"why() can't say anything about {type(x).__name__}; ask about a tensor, a parameter's "
        "name, a model, a loss, an exception, a trace or one of its nodes, or a paused run"
    )


def of_traced_node(row: Node) -> Diagnosis:
    """A node of a trace: a bad gradient, none, or a zero one."""
    if not row.reached:
        ends = [of_row(end) for end in ends_above(row, row.trace)]
        message = f"backward did not come to {row.label}"
        if len(row.trace.runs):
            message += f": its path ends at {ends[0].op}, which nothing that backward ran used."
        return Diagnosis("unreached", message, row.location, (of_row(row), *ends),
                         "use that result in the loss.")  # fmt: skip
    known = row.statistics
    if known.nan > 0 or known.inf > 0:
        found = origin.in_trace(row.trace, row)
        assert found is not None
        return found
    zero = origin.of_zero(row.trace, row)
    if zero is not None:
        return zero
    return nothing(f"the gradient of {row.label} is finite, of norm {row.norm:.4g}.")


__all__ = ["Diagnosis", "Suspect", "Watch", "watch", "why"]

source.mark_internal(__name__.partition(".")[0])
