"""A paused run: look around, step over, into, out, until; go back; edit; go on.

`Stepper` drives one backward run and makes a `Pause` of each stop.  Whoever is asked (a
prompt, a script, a button) calls one verb of the pause; verbs that resume say how far, and
the stepper goes there::

    advance to a stop -> Pause -> over / out / until ... -> advance ...
                           |  ^
                           back, edit

Every step is noted in the run's journal, so `Pause.back` can undo it, bit for bit.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from ... import events, state
from ..._tensor import Tensor
from ...backends import backend_of, is_array
from ...errors import BackwardStopped
from ...journal import Journal
from ...node import AccumulateGrad, public_seq
from ...saved import saved_names
from ...source import resolve
from ..breakpoints.conditions import Condition, parse
from ..breakpoints.moment import Moment
from ..draw.theme import number
from ..prompt.preview import preview

if TYPE_CHECKING:
    from types import FrameType

    from ...engine import Run
    from ...source import Location
    from ..breakpoints.breakpoints import Breakpoint, Breakpoints
    from .debugger import Debugger


@dataclass
class Goal:
    """How far to go on: a verb, and what belongs to it."""

    verb: str = "continue"
    count: int = 1
    condition: Condition | None = None
    scope: tuple[str, ...] = ()
    node: Any = None
    error: str = ""

    def holds(self, moment: Moment) -> bool:
        """Whether the condition does; also where it raises, so that somebody hears of it."""
        assert self.condition is not None
        try:
            return self.condition.matches(moment)
        except Exception as error:
            self.error = f", which raised {type(error).__name__}: {error}"
            return True


class Pause:
    """One stop, before a node runs.

    Attributes
    ----------
    phase : str
        ``backward``, or ``forward`` for a stop after a forward op.
    node : Node or None
        The node that is about to run (that was made, in a forward).
    grads : tuple of (array or Tensor or None)
        The gradients that arrived, one for each output of the node; the outputs, in a forward.
    reason : str
        Why it stopped, in words.
    breakpoint : Breakpoint or None
        The breakpoint that hit.
    depth : int
        How many backward runs are around this one (a hook may call ``backward``).
    goal : Goal or None
        What a verb asked for; None until one did.
    """

    phase = "backward"

    def __init__(
        self, stepper: Stepper, reason: str, breakpoint: Breakpoint | None, moment: Moment
    ):
        self.stepper = stepper
        self.run: Run = stepper.run
        self.depth = stepper.debugger.depth
        self.goal: Goal | None = None
        self.edited: set[int] = set()
        self._look(reason, breakpoint, moment)

    def _look(self, reason: str, breakpoint: Breakpoint | None, moment: Moment) -> None:
        self.reason, self.breakpoint, self.moment = reason, breakpoint, moment
        self.node = moment.node
        self.grads = self.run.arrived()

    # -------------------------------------------------------------- what there is to see

    @property
    def nr_outputs(self) -> int:
        """How many gradients arrive at the node."""
        return len(self.grads)

    @property
    def steps_done(self) -> int:
        """How many nodes of this run have run."""
        return self.run.done

    @property
    def can_back(self) -> int:
        """How many steps can be taken back."""
        return 0 if self.run.journal is None else len(self.run.journal)

    @property
    def location(self) -> Location | None:
        """The forward line that made the node."""
        return self.moment.location

    @property
    def saved(self) -> dict[str, Any]:
        """What the node saved in forward, by name; empty once it was let go."""
        return saved_values(self.node)

    def tensors(self) -> tuple[Any, ...]:
        """The gradients as tensors whose memory can't be written by accident."""
        return tuple(_guarded(g) for g in self.grads)

    @property
    def warnings(self) -> list[str]:
        """What a person should know before going on or back."""
        found = []
        rare = getattr(self.node, "rare", None)
        if rare is not None and (rare.pre_hooks or rare.post_hooks or rare.tensor_hooks):
            found.append("this node has hooks: they run once more if you step back over it")
        if self.run.journal is not None and not self.run.journal.complete:
            budget = self.run.journal.budget >> 20
            found.append(f"the oldest steps can't be undone any more (budget {budget} MiB)")
        return found

    def state(self) -> dict[str, Any]:
        """All of this as JSON, for buttons and panels."""
        node = self.node
        return {
            "status": "paused",
            "reason": self.reason,
            "phase": self.phase,
            "node": {
                "seq": public_seq(getattr(node, "seq", -1)),
                "op": self.moment.op,
                "scope": list(self.moment.scope),
                "name": self.moment.name,
            },
            "location": location_state(self.moment.location),
            "gradients": [gradient_state(g) for g in self.grads],
            "saved": [saved_state(name, value) for name, value in self.saved.items()],
            "steps_done": self.steps_done,
            "can_back": self.can_back,
            "depth": self.depth,
            "breakpoints": self.stepper.debugger.breakpoints.to_json(),
            "warnings": self.warnings,
        }

    # -------------------------------------------------------------- verbs that resume

    @property
    def resumed(self) -> bool:
        """Whether a verb asked to go on."""
        return self.goal is not None

    def over(self, n: int = 1) -> None:
        """Run this node, and stop at the next; `n` times."""
        self.goal = Goal("over", count=_positive(n, "over"))

    def into(self) -> None:
        """Run this node under pdb, from the first line of its formula or custom backward."""
        self.goal = Goal("into")

    def out(self) -> None:
        """Go on until a node outside this node's module."""
        if not self.moment.scope:
            raise ValueError(f"{self.moment.op} was made outside of any module; use over or until")
        self.goal = Goal("out", scope=self.moment.scope)

    def until(self, where: str | Condition | Any) -> None:
        """Go on until a condition holds, or until a node (given as it is, or by name)."""
        if isinstance(where, str):
            where = parse(where)
        if isinstance(where, Condition):
            self.goal = Goal("until", condition=where)
        else:
            self.goal = Goal("until", node=where)

    def resume(self) -> None:
        """Go on to the next breakpoint or the end."""
        self.goal = Goal()

    def replay(self) -> None:
        """Go on to where the run was before going back."""
        if self.stepper.furthest <= self.run.done:
            raise ValueError("nothing to replay: the run was never further; use back first")
        self.goal = Goal("replay")

    def stop(self) -> None:
        """End the run with `BackwardStopped`; gradients become what they were before it."""
        self.goal = Goal("stop")

    # -------------------------------------------------------------- verbs at once

    def back(self, n: int = 1) -> int:
        """Undo `n` steps (fewer if the journal has fewer); returns how many were undone.

        Raises
        ------
        ValueError
            If none can be undone.
        """
        _positive(n, "back")
        if not self.can_back:
            why = "this is the first node of the run"
            if self.run.journal is not None and not self.run.journal.complete:
                why = "the steps before are beyond the budget of the journal"
            raise ValueError(f"no step to take back: {why}")
        undone = self.stepper.back(n)
        node, grad = self.run.peek(), self.run.ready[0][2]
        moment = self.stepper.moment(node, grad)
        self.edited = set()
        self._look(f"{undone} step{'s' * (undone != 1)} back", None, moment)
        self.stepper.debugger.tell("paused", self.state())
        return undone

    def edit(self, value: Any, output: int = 0) -> str:
        """Put `value` in the place of the gradient that arrived for an output.

        Parameters
        ----------
        value : Tensor, array or number
            Of the gradient's shape and dtype; a number fills it.
        output : int
            Which output's gradient.

        Returns
        -------
        str
            What it was and what it is, in words.

        Raises
        ------
        ValueError
            If shape, dtype or device do not fit, or no gradient arrived there.
        """
        if not 0 <= output < len(self.grads):
            raise ValueError(f"output {output} does not exist; there are {len(self.grads)}")
        old = self.grads[output]
        if old is None:
            raise ValueError(f"no gradient arrived for output {output}: there is none to edit")
        new = fitted(value, old)
        self.run.replace(new, output)
        self.edited.add(output)
        self.grads = self.run.arrived()
        self.stepper.note_edit(self.node)
        self.moment = self.stepper.moment(self.node, self.run.ready[0][2])
        self.stepper.debugger.tell("edited", self.state())
        return f"gradient {output} was {preview(old)}\nand is now {preview(new)}"


class Stepper:
    """Drives one backward run for the debugger, from stop to stop."""

    def __init__(self, debugger: Debugger, run: Run, outer: Stepper | None = None):
        self.debugger = debugger
        self.run = run
        self.outer = outer
        self.furthest = 0
        self.hit: tuple[Breakpoint, Moment] | None = None
        run.journal = Journal(debugger.budget)

    def go(self, goal: Goal) -> None:
        """Run to the end, stopping where the goal or a breakpoint says."""
        run = self.run
        try:
            while (node := run.advance(self._gate(goal))) is not None:
                goal = self.debugger.stop(self._pause(node, goal))
                self._leave(node, goal)
        except (BackwardStopped, KeyboardInterrupt):
            assert run.journal is not None
            run.journal.restore_all(run)
            raise
        finally:
            journal, run.journal = run.journal, None
            self.debugger.saw_peak(journal)
            if self.outer is not None and self.outer.run.journal is not None and journal:
                self.outer.run.journal.take_in(run, journal)

    def moment(self, node: Any, grad: Any) -> Moment:
        """What a condition looks at, of a node that is about to run."""
        if grad.__class__ is dict:
            grads = tuple(grad.get(i) for i in range(node.output_count))
        else:
            grads = (grad,)
        grads = tuple(getattr(g, "_array", g) for g in grads)
        return Moment("backward", node, grads, self.run, self.debugger.iteration)

    def back(self, n: int) -> int:
        """Undo up to `n` steps."""
        self.furthest = max(self.furthest, self.run.done)
        undone = 0
        while undone < n and (node := self.run.undo()) is not None:
            undone += 1
            events.note(node.seq, "undone")
            if self.run.journal is not None and self.run.journal.is_edited(self.run):
                events.note(node.seq, "edited")  # it still is, when it runs again
        return undone

    def note_edit(self, node: Any) -> None:
        """Say in the trace that a gradient was edited by hand."""
        events.note(node.seq, "edited")

    # -------------------------------------------------------------- from stop to stop

    def _leave(self, node: Any, goal: Goal) -> None:
        """Run the node that the run stands at, as the goal says."""
        if goal.verb == "stop":
            self.run.ended_at = self.run.peek().seq + 1
            raise BackwardStopped(
                f"backward was stopped before {type(node).__name__}; gradients are as before it"
            )
        if goal.verb == "into":
            from ..prompt.prompt import run_into

            run_into(self.run, self.debugger)
        else:
            with _grad_mode(self.run.create_graph):
                self.run.step()

    def _gate(self, goal: Goal) -> Callable[[Any, Any], bool] | None:
        """Whether to stop before a node: the goal is reached, or a breakpoint hits."""
        reached = self._reached(goal)
        hits = self.debugger.gate(self) if goal.verb != "replay" else None
        if reached is None or hits is None:
            return reached or hits

        def gate(node: Any, grad: Any) -> bool:
            return hits(node, grad) or reached(node, grad)

        return gate

    def _reached(self, goal: Goal) -> Callable[[Any, Any], bool] | None:
        self.hit = None
        verb, run = goal.verb, self.run
        if verb in ("over", "into"):
            last = run.done + goal.count - 1
            return lambda node, grad: run.done >= last
        if verb == "out":
            scope, n = goal.scope, len(goal.scope)
            return lambda node, grad: _scope_of(node)[:n] != scope and bool(node.next)
        if verb == "until" and goal.condition is not None:
            return lambda node, grad: goal.holds(self.moment(node, grad))
        if verb == "until":
            return lambda node, grad: node is goal.node
        if verb == "replay":
            furthest = self.furthest
            return lambda node, grad: run.done >= furthest
        return None

    def _pause(self, node: Any, goal: Goal) -> Pause:
        hit, moment = self.hit or (None, None)
        moment = moment or self.moment(node, self.run.ready[0][2])
        if hit is not None:
            reason = f"breakpoint {hit.number}: {hit.condition.text}"
        elif goal.verb == "until":
            reason = f"until {goal.condition.text if goal.condition else node.name()}{goal.error}"
        else:
            reason = {"over": "step", "into": "step", "out": "out of the module",
                      "replay": "replayed to where it was"}.get(goal.verb, goal.verb)  # fmt: skip
        return Pause(self, reason, hit, moment)


class _grad_mode:
    """Grad mode as backward has it."""

    def __init__(self, on: bool):
        self.on = on

    def __enter__(self) -> None:
        self.previous = state.set_mode("grad", self.on)

    def __exit__(self, *exc: object) -> None:
        state.set_mode("grad", self.previous)


def saved_values(node: Any) -> dict[str, Any]:
    """What a node saved in forward, by name."""
    if node is None or node.saved is None or node.__class__ is AccumulateGrad:
        return {}
    if node.op is None:
        try:
            return {f"saved_tensors[{i}]": t for i, t in enumerate(node.saved_tensors)}
        except (AttributeError, RuntimeError):
            return {}
    values = {}
    for name in saved_names(node.op):
        if not name.startswith("_raw"):
            values[name.removeprefix("_saved_")] = _value_or_error(node, name)
    return values


def _value_or_error(node: Any, name: str) -> Any:
    """A saved value; the error instead if it can't be had, as after a write in place."""
    try:
        return getattr(node, name)
    except RuntimeError as error:
        return error


def fitted(value: Any, old: Any) -> Any:
    """`value` as a gradient that may stand in the place of `old`, or ValueError."""
    array = getattr(old, "_array", old)
    xp = backend_of(array).xp
    if value is None or isinstance(value, str):
        raise ValueError(f"a gradient is a tensor, an array or a number, not {value!r:.60}")
    new = value._array if isinstance(value, Tensor) else value
    if not is_array(new):
        new = np.asarray(new)
        if new.ndim == 0:
            new = xp.full(array.shape, new.item(), array.dtype)
        else:
            raise ValueError(f"a gradient is a tensor, an array or a number, not {value!r:.60}")
    if new.shape != array.shape:
        raise ValueError(
            f"the new gradient has shape {tuple(new.shape)}, but the gradient here has "
            f"{tuple(array.shape)}; reshape or expand it"
        )
    if new.dtype != array.dtype:
        raise ValueError(
            f"the new gradient is {new.dtype}, but the gradient here is {array.dtype}; "
            f"convert it first, e.g. .to(grad.dtype)"
        )
    if backend_of(new).device_of(new) != backend_of(array).device_of(array):
        raise ValueError("the new gradient lives on another device; move it with .to(grad.device)")
    if not isinstance(old, Tensor):
        return new.copy()
    return value if isinstance(value, Tensor) else Tensor._from_array(new.copy())


def gradient_state(grad: Any) -> dict[str, Any] | None:
    """Shape, statistics and a preview of a gradient, as JSON."""
    if grad is None:
        return None
    array = getattr(grad, "_array", grad)
    from ..breakpoints.moment import measure

    known = measure((array,))
    return {
        "shape": list(array.shape),
        "dtype": str(array.dtype),
        "device": str(backend_of(array).device_of(array)),
        **{name: _json(getattr(known, name)) for name in ("norm", "min", "max")},
        **{name: int(getattr(known, name)) for name in ("zeros", "nan", "inf")},
        "preview": preview(grad),
    }


def saved_state(name: str, value: Any) -> dict[str, Any]:
    """Name, shape and dtype of a saved value, as JSON."""
    if isinstance(value, Tensor) or is_array(value):
        return {"name": name, "shape": list(value.shape), "dtype": str(value.dtype)}
    return {"name": name, "value": str(value)[:80]}


def location_state(where: Location | None) -> dict[str, Any] | None:
    """A line of source, as JSON."""
    from ..trace import traced

    if where is None:
        return None
    known = {"file": where.file, "line": where.line, "text": where.text, "where": where.where}
    notes = traced.annotate(where) if traced.annotate is not None else {}
    return {**known, **notes}


def python_state(frame: FrameType | None, depth: int, breakpoints: Breakpoints) -> dict[str, Any]:
    """A stop of pdb in Python, as JSON; as `Pause.state`, with nothing of a node in it."""
    where = None if frame is None else resolve(frame.f_code, frame.f_lasti)
    function = "" if where is None else where.function
    return {
        "status": "paused",
        "reason": f"in Python: {function}",
        "phase": "python",
        "node": {"seq": -1, "op": function, "scope": [], "name": ""},
        "location": location_state(where),
        "gradients": [],
        "saved": [],
        "steps_done": 0,
        "can_back": 0,
        "depth": depth,
        "breakpoints": breakpoints.to_json(),
        "warnings": [],
    }


def describe(pause: Pause) -> str:
    """``MulBackward0, norm 3.2e5``: a stop in a few words."""
    known = pause.moment.statistics
    parts = [pause.moment.name or pause.moment.op]
    if known.nan > 0 or known.inf > 0:
        parts.append(f"{known.nan} NaN, {known.inf} Inf of {known.size}")
    elif known.size >= 0:
        parts.append(f"norm {number(known.norm)}")
    return ", ".join(parts)


def _guarded(grad: Any) -> Any:
    """A tensor on a gradient's memory, read-only where the library can do that."""
    if grad is None or isinstance(grad, Tensor):
        return grad
    array = np.asarray(grad) if isinstance(grad, np.generic) else grad
    if isinstance(array, np.ndarray):
        array = array.view()
        array.flags.writeable = False
    return Tensor._from_array(array)


def _scope_of(node: Any) -> tuple[str, ...]:
    return getattr(node, "scope", ())


def _positive(n: int, verb: str) -> int:
    if not isinstance(n, int) or n < 1:
        raise ValueError(f"{verb} needs a whole number of at least 1, got {n!r}")
    return n


def _json(value: float) -> float | str:
    return value if np.isfinite(value) else str(value)
