"""The prompt's own commands: look at a paused node, go on, go back, change its gradient.

Mixed into a pdb.  A command is a method ``do_NAME(self, arg)`` as in any `cmd.Cmd`; its
docstring is its help.  Wrong input raises ValueError with one sentence, which the prompt
shows; nothing has happened then.
"""

from __future__ import annotations

import re
import sys
from numbers import Number
from types import CodeType
from typing import TYPE_CHECKING, Any

from ... import state
from ...backends import is_array
from ..breakpoints.conditions import ConditionError, check, parse
from . import look, look_around
from .preview import preview

if TYPE_CHECKING:
    from ..stepping.debugger import Debugger
    from ..stepping.stepper import Pause

_NUMBERED = re.compile(r"(\d+)\s*:(?!=)\s*(.*)", re.DOTALL)
_NODE_NUMBER = re.compile(r"(?:#|node\s+)(\d+)")


class AutogradCommands:
    """Commands for a stop in backward (and in forward, as far as they make sense there)."""

    debugger: Debugger
    pause: Pause | None
    names: look.Names

    message: Any
    use_forward_stack: Any
    use_own_stack: Any
    refresh: Any
    _show_display: Any

    @property
    def here(self) -> Pause:
        """The stop; ValueError where there is none."""
        if self.pause is None:
            raise ValueError(
                "no node is paused here: Python is stopped, and pdb's own commands work "
                "(n, s, r, up, p ...); continue goes on"
            )
        return self.pause

    # -------------------------------------------------------------- to look

    def do_node(self, arg: str) -> None:
        """The node: its forward line, module, gradients, what it feeds, what it saved."""
        self._nothing_more("node", arg)
        self.message(look.node_text(self.here, self.names))

    def do_grad(self, arg: str) -> None:
        """The gradient that arrived; with N the one of output N.

        Shape, dtype, device, norm, range, non-finite elements and a few values.  In
        expressions `grad` is the gradient itself, and `grads` all of them.
        """
        count = len(self.here.grads)
        only = None if not arg else self._number("grad", arg, 0)
        if only is not None and only >= count:
            raise ValueError(f"there is no gradient {only}; there are {count}, counted from 0")
        self.message("\n".join(look.gradients(self.here, only)))

    def do_saved(self, arg: str) -> None:
        """What the node saved in forward; with NAME that value in full.

        In expressions `saved` is a dictionary of them.
        """
        self.message(look.saved_text(self.here, arg))

    def do_forward(self, arg: str) -> None:
        """The forward line that made the node, with the lines around it.

        Where the frames of the forward are kept (``--frames``), ``up``, ``down``, ``p`` ... then
        work in the forward's stack, with its variables; ``here`` leads back.
        """
        context = self._number("forward", arg, 1) if arg else 3
        self.message(look.forward_text(self.here, context))
        frames = self.debugger.frames
        stack = frames.of(self.here.node) if frames is not None and self.here.node else []
        if stack:
            self.message(f"\nup and down now move in the forward; here leads back.\n"
                         f"({frames.describe()}; variables are those of now, or of the end of a "
                         f"function that is over)")  # fmt: skip
            self.use_forward_stack(stack)

    def do_here(self, arg: str) -> None:
        """Where the run is paused, once more; from the forward's stack, back to it."""
        self._nothing_more("here", arg)
        assert self.here
        self.use_own_stack()

    def do_flow(self, arg: str) -> None:
        """The norm of the gradients along the network, of what has run so far."""
        by = arg or self._what_flows()
        if by not in ("parameter", "module", "node"):
            raise ValueError(f"flow is by parameter, module or node, not by {by!r}")
        self._show(look_around.flow_of(self.here, by, self.names))

    def _what_flows(self) -> str:
        return "parameter" if look_around.any_leaf_ran(self.here) else "node"

    def do_graph(self, arg: str) -> None:
        """The graph: the nodes around this one as text; in a notebook a picture of all."""
        depth = self._number("graph", arg, 1) if arg else 4
        if _in_notebook() and not arg:
            self._show(look_around.graph_picture(self.here, self.names))
        else:
            self.message(look_around.graph_text(self.here, self.names, depth))

    def do_hooks(self, arg: str) -> None:
        """The hooks of the node or leaf: kind, name and place, in the order they run in."""
        self._nothing_more("hooks", arg)
        self.message(look.hooks_text(self.here))

    def do_why(self, arg: str) -> None:
        """Why the gradient is as it is: a diagnosis, of the stop or of an expression."""
        variables = {**self.names.variables, **self.stop_variables()}
        self.message(str(look_around.diagnosis(self.here, arg, variables)))

    def _show(self, picture: Any) -> None:
        if _in_notebook():
            from IPython.display import display

            display(picture)
        else:
            self.message(str(picture))

    # -------------------------------------------------------------- to go on

    def do_over(self, arg: str) -> bool:
        """Run this node and stop at the next; N times."""
        self.here.over(self._number("over", arg, 1) if arg else 1)
        return True

    def do_into(self, arg: str) -> bool:
        """Run this node under pdb: its gradient formula, custom backward, or hooks.

        pdb's commands work there as always; the stop after it is the next node.
        """
        self._nothing_more("into", arg)
        self.here.into()
        return True

    def do_out(self, arg: str) -> bool:
        """Go on to the first node outside this node's module."""
        self._nothing_more("out", arg)
        self.here.out()
        return True

    def do_until(self, arg: str) -> bool | None:
        """Go on until a condition holds or a node is reached; a line number is pdb's.

        ``until nan``, ``until norm > 10 and module:encoder.*``, ``until Mul``, ``until #12``
        (the number of a node, as ``node`` and ``graph`` show it).  With a line number, or
        nothing, the backward goes on to its end, and Python stops at that line of the
        user's function, as pdb's ``until`` does.
        """
        if not arg or arg.isdecimal():
            return super().do_until(arg)  # type: ignore[misc]
        numbered = _NODE_NUMBER.fullmatch(arg)
        if numbered:
            self.here.until(self._node_of(int(numbered[1])))
        else:
            self.here.until(_condition(arg))
        return True

    do_unt = do_until

    def _node_of(self, number: int) -> Any:
        waiting = look_around.waiting(self.here)
        for node in waiting:
            if node.seq == number:
                return node
        raise ValueError(f"no node #{number} will still run in this backward; see graph")

    def do_replay(self, arg: str) -> bool:
        """After back: run again to where the run was."""
        self._nothing_more("replay", arg)
        self.here.replay()
        return True

    def do_stop(self, arg: str) -> bool:
        """End the run by an exception; gradients become what they were before it."""
        self._nothing_more("stop", arg)
        self.here.stop()
        return True

    # -------------------------------------------------------------- to go back, to change

    def do_back(self, arg: str) -> None:
        """Take the last step back; N steps.  Gradients are restored bit for bit."""
        count = self._number("back", arg, 1) if arg else 1
        undone = self.here.back(count)
        if undone < count:
            self.message(f"Only {undone} of {count} steps could be taken back.")
        self.use_own_stack()
        self._show_display()

    def do_edit(self, arg: str) -> None:
        """Put another gradient in the place of the one that arrived.

        ``edit grad * 0.1``, ``edit grad[0] = 0``, ``edit 0`` (a number fills it), and with
        N and a colon the gradient of output N: ``edit 1: grad.clamp(-1, 1)``.
        """
        numbered = _NUMBERED.fullmatch(arg)
        output, text = (int(numbered[1]), numbered[2]) if numbered else (0, arg)
        if not text.strip():
            raise ValueError("edit needs an expression, e.g. edit grad * 0.1")
        if output >= len(self.here.grads):
            raise ValueError(
                f"there is no gradient {output}; there are {len(self.here.grads)}, counted from 0"
            )
        # With create_graph the new gradient has to have a graph of its own.
        mode = state.set_mode("grad", self.here.run is not None and self.here.run.create_graph)
        try:
            value = self._edited(text.strip(), self.here.tensors()[output])
        finally:
            state.set_mode("grad", mode)
        before = preview(self.here.grads[output])
        self.here.edit(value, output)
        now = preview(self.here.grads[output])
        self.message("\n".join([*look.labelled("was", before), *look.labelled("now", now)]))
        self.refresh()

    def _edited(self, text: str, grad: Any) -> Any:
        """The value of an expression, or of `grad` after a statement."""
        variables = {**self.names.variables, **self.stop_variables()}
        variables["grad"] = None if grad is None else grad.clone()
        code, is_statement = _compiled(text)
        try:
            value = eval(code, variables)
        except Exception as error:
            raise ValueError(f"{type(error).__name__}: {error}") from None
        value = variables["grad"] if is_statement else value
        if not (hasattr(value, "_array") or is_array(value) or isinstance(value, Number)):
            raise ValueError(f"a gradient is a tensor, an array or a number, not {value!r:.60}")
        return value

    def stop_variables(self) -> dict[str, Any]:
        """What expressions see of the stop."""
        tensors = self.here.tensors()
        first = next((g for g in tensors if g is not None), None)
        return {
            "node": self.here.node, "grad": first, "grads": tensors, "saved": self.here.saved,
            "forward": self.here.location, "pause": self.here,
        }  # fmt: skip

    # -------------------------------------------------------------- breakpoints

    def do_gbreak(self, arg: str) -> None:
        """Breakpoints in backward and forward: list them, or set one on a condition.

        ``gbreak nan or norm > 1e3``, ``gbreak op:Mul once``, ``gbreak forward inf``;
        ``gbreak clear 2``, ``gbreak clear`` (all), ``gbreak disable 1``, ``gbreak enable 1``.
        pdb's ``break`` sets breakpoints on lines of Python.
        """
        breakpoints = self.debugger.breakpoints
        word, _, rest = arg.partition(" ")
        if arg == "clear":
            breakpoints.clear()
        elif word in ("clear", "enable", "disable"):
            change = {"clear": breakpoints.remove, "enable": breakpoints.enable,
                      "disable": breakpoints.disable}[word]  # fmt: skip
            change(self._number(f"gbreak {word}", rest, 1))
        elif arg and arg != "list":
            breakpoints.add(_condition(arg))
        self.message(breakpoints.table() if len(breakpoints) else "No breakpoints.")

    # -------------------------------------------------------------- reading arguments

    def _number(self, command: str, arg: str, least: int) -> int:
        if not arg.strip().isdecimal() or int(arg) < least:
            raise ValueError(f"{command} takes a whole number of at least {least}, not {arg!r}")
        return int(arg)

    def _nothing_more(self, command: str, arg: str) -> None:
        if arg:
            raise ValueError(f"{command} takes nothing more, but there is {arg!r}")


def _condition(text: str) -> Any:
    """A checked condition; a bare word that is none may be the name of an op."""
    try:
        condition = parse(text)
    except ConditionError as error:
        if not text.isidentifier():
            raise
        condition = parse(f"op:{text}")
        try:
            check(condition)
        except ConditionError:
            raise error from None
    check(condition)
    return condition


def _compiled(text: str) -> tuple[CodeType, bool]:
    """An expression, or else a statement, and which of the two."""
    try:
        return compile(text, "<edit>", "eval"), False
    except SyntaxError:
        pass
    try:
        return compile(text, "<edit>", "exec"), True
    except SyntaxError as error:
        raise ValueError(f"edit can't read {text!r}: {error.msg}") from None


def _in_notebook() -> bool:
    """Whether a front end may show pictures."""
    ipython = sys.modules.get("IPython")
    shell = ipython.get_ipython() if ipython is not None else None
    return getattr(shell, "kernel", None) is not None
