"""What there is to see at a stop, in words: the answers to ``node``, ``saved``, ``forward`` ...

Everything here takes a `Pause` and gives text.
"""

from __future__ import annotations

import inspect
import linecache
from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Any

from ...node import AccumulateGrad, edge_of
from ...source import Location
from ..breakpoints import alive
from ..record.names import _name_in, _name_in_models
from .preview import headline, preview

if TYPE_CHECKING:
    from ..stepping.stepper import Pause


class Names:
    """What leaves are called where the run was started: their own name, or the variable's."""

    def __init__(self, variables: Mapping[str, Any]):
        self.variables = variables
        self._known: dict[int, str] = {}

    def of(self, leaf: Any) -> str:
        """The name of a leaf; empty if it has none."""
        if id(leaf) not in self._known:
            found = leaf.name or _name_in(self.variables, leaf)
            found = found or _name_in_models(self.variables, leaf) or self._in_any_model(leaf)
            self._known[id(leaf)] = str(found)
        return self._known[id(leaf)]

    def _in_any_model(self, leaf: Any) -> str:
        if not alive.is_parameter(leaf):
            return ""
        for name, parameter in alive.parameters():
            self._known.setdefault(id(parameter), name)
        return self._known.get(id(leaf), "")

    def title(self, node: Any) -> str:
        """``MulBackward0 #12``, or ``AccumulateGrad of w``."""
        if node.__class__ is AccumulateGrad:
            return f"AccumulateGrad of {self.of(node.variable) or 'a leaf'}"
        return f"{node.name()} #{node.seq}"


# ------------------------------------------------------------------ where we are


def heading(pause: Pause, names: Names) -> str:
    """Where the run paused, why, and what arrived there: three to five lines, and notes."""
    is_leaf = pause.node.__class__ is AccumulateGrad
    where = f" in {'.'.join(pause.moment.scope)}" if pause.moment.scope and not is_leaf else ""
    inside = f" (backward run {pause.depth}, started inside another)" if pause.depth > 1 else ""
    reason = "" if pause.reason == "step" else f" · {pause.reason}"
    lines = ["", f"Paused {preposition(pause)} {subject(pause, names)}{where}{inside}{reason}"]
    if pause.location is not None:
        lines.append(f"  forward   {pause.location}")
    lines += gradients(pause)
    lines += [f"  note      {warning}" for warning in pause.warnings]
    return "\n".join(lines)


def brief(pause: Pause, names: Names) -> str:
    """The stop in one line, for a list of frames."""
    at = f" ({pause.location})" if pause.location is not None else ""
    return f"paused {preposition(pause)} {subject(pause, names)}{at}"


def subject(pause: Pause, names: Names) -> str:
    """The node that is about to run, or the op that ran."""
    node = pause.node
    if node.__class__ is AccumulateGrad:
        return f"AccumulateGrad of {names.of(node.variable) or pause.moment.name or 'a leaf'}"
    return str(pause.moment.op)


def gradients(pause: Pause, only: int | None = None) -> list[str]:
    """The gradients that arrived (the outputs, in forward), a line or two for each."""
    word = "grad" if pause.phase == "backward" else "output"
    several = len(pause.grads) > 1
    lines = []
    for i, grad in enumerate(pause.grads):
        if only in (None, i):
            lines += labelled(f"{word} {i}" if several else word, preview(grad))
    return lines


def preposition(pause: Pause) -> str:
    """Whether the stop is before a node of backward or after an op of forward."""
    return "before" if pause.phase == "backward" else "after"


def labelled(label: str, text: str) -> list[str]:
    """A text of some lines, with a word in front."""
    first, *rest = text.split("\n")
    return [f"  {label:<8}  {first}", *(" " * 12 + line for line in rest)]


# ------------------------------------------------------------------ the node


def node_text(pause: Pause, names: Names) -> str:
    """All that is known of the node, short."""
    node, moment = pause.node, pause.moment
    title = moment.op if node is None else names.title(node)
    lines = [title]
    if pause.location is not None:
        lines.append(f"  forward   {pause.location}")
    if moment.scope:
        lines.append(f"  module    {'.'.join(moment.scope)}")
    word = "receives" if pause.phase == "backward" else "output"
    lines += [f"  {word:<8}  {headline(g)}" for g in pause.grads]
    if node is not None:
        lines += [f"  feeds     {names.title(fn)}" for fn in inputs_of(node)]
        saved = ", ".join(pause.saved)
        lines.append(f"  saved     {saved}" if saved else f"  saved     {_why_nothing(pause)}")
        count = len(list(_hooks(node)))
        lines += [f"  hooks     {count}; hooks lists them"] if count else []
    if pause.run is not None:
        lines.append(f"  run       {pause.steps_done} nodes ran, {pause.can_back} can be undone")
    return "\n".join(lines)


def inputs_of(node: Any) -> list[Any]:
    """The nodes that a node gives gradients to."""
    return [edge_of(fn)[0] for fn in node.next if fn is not None]


def saved_text(pause: Pause, name: str = "") -> str:
    """The saved values, a line for each; or one of them in full.

    Raises
    ------
    ValueError
        If there is no saved value of this name.
    """
    saved = pause.saved
    if not saved:
        return f"Nothing is saved here: {_why_nothing(pause)}."
    if not name:
        width = max(map(len, saved))
        return "\n".join(f"  {key:<{width}}  {headline(value)}" for key, value in saved.items())
    near = [key for key in saved if key.startswith(name)]
    if name not in saved and len(near) != 1:
        raise ValueError(f"no saved value is called {name!r}; there are {', '.join(saved)}")
    return preview(saved[name] if name in saved else saved[near[0]])


def _why_nothing(pause: Pause) -> str:
    node = pause.node
    if node is None:
        return "no node was made, because nothing here requires grad"
    if node.__class__ is AccumulateGrad:
        return "a leaf only adds the gradient to its .grad"
    if node.saved is None:
        return "an earlier backward let the saved values go"
    return "this node needs nothing of its forward"


# ------------------------------------------------------------------ the forward line


def forward_text(pause: Pause, context: int = 3) -> str:
    """The source around the forward line, which is marked."""
    where = pause.location
    if where is None:
        leaf = pause.node.__class__ is AccumulateGrad
        return "A leaf: no line of forward made it." if leaf else "The forward line is not known."
    lines = linecache.getlines(where.file)
    if not 0 < where.line <= len(lines):
        return f"{where}\n  The source of {where.file} can't be read."
    first, last = max(where.line - context, 1), min(where.line + context, len(lines))
    width = len(str(last))
    shown = [f"{where.where} in {where.function}"]
    for n in range(first, last + 1):
        mark = "->" if n == where.line else "  "
        shown.append(f"  {mark} {n:>{width}}  {lines[n - 1].rstrip()}".rstrip())
    return "\n".join(shown)


# ------------------------------------------------------------------ hooks


def hooks_text(pause: Pause) -> str:
    """The hooks of the node (of the leaf), in the order in which they run."""
    found = list(_hooks(pause.node))
    if not found:
        return "No hooks here."
    width = max(len(kind) for kind, _ in found)
    return "\n".join(f"  {kind:<{width}}  {text}" for kind, text in found)


def _hooks(node: Any) -> Iterator[tuple[str, str]]:
    """(kind, name and place) of each hook."""
    rare = getattr(node, "rare", None)
    if node.__class__ is AccumulateGrad and node.variable._rare is not None:
        leaf = node.variable._rare
        yield from _described("tensor hook", leaf.hooks)
    if rare is not None:
        for nr, hooks in sorted(rare.tensor_hooks.items()):
            which = f" of output {nr}" if node.output_count > 1 else ""
            yield from _described(f"tensor hook{which}", hooks)
        for nr in sorted(rare.retain):
            which = f" of output {nr}" if node.output_count > 1 else ""
            yield "retain_grad", f"keeps the gradient{which} as .grad of the tensor"
        yield from _described("prehook", rare.pre_hooks)
        yield from _described("hook", rare.post_hooks)
    if node.__class__ is AccumulateGrad and node.variable._rare is not None:
        yield from _described("post-accumulate hook", leaf.post_hooks)


def _described(kind: str, hooks: Any) -> Iterator[tuple[str, str]]:
    for hook in (hooks or {}).values():
        name = getattr(hook, "__qualname__", type(hook).__qualname__)
        place = place_of(hook)
        yield kind, f"{name}, {place.where}" if place is not None else str(name)


def place_of(function: Any) -> Location | None:
    """Where a function, method, partial or callable object was written."""
    function = getattr(function, "func", function)  # functools.partial
    function = inspect.unwrap(function)
    code = getattr(function, "__code__", None)
    if code is None:
        code = getattr(vars(type(function)).get("__call__"), "__code__", None)
    if code is None:
        return None
    return Location(code.co_filename, code.co_firstlineno, code.co_qualname, "")
