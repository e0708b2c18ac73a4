"""Whether the ops and modules exist that a condition names.

The ops are all known, so a name that none of them has is refused.  Modules may be made
later, in the same cell perhaps: the name of one is refused only where it looks like a slip
of the pen, since a module of nearly that name exists.  Otherwise, and for patterns with
wildcards that fit nothing yet, the user is only told.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from functools import cached_property
from typing import Any

from ....declare import REGISTRY
from ....function import Function
from ....node import Node
from ..alive import module_paths
from .tokens import near
from .tree import Module, Op, Tree, is_wild, op_names

SLIP = 0.8
"""How alike two names are of which one is taken for a slip: ``encodre``, ``encoder``."""


class Known:
    """The names that exist; modules are looked for when a condition names one.

    Parameters
    ----------
    modules : iterable of str, optional
        Paths of modules; those of all that are alive if not given.
    """

    def __init__(self, modules: Iterable[str] | None = None):
        self._modules = modules

    @cached_property
    def ops(self) -> set[str]:
        """Names of ops, of their nodes and of custom Functions, as the user would write them."""
        found = {
            name for op in REGISTRY.values() for name in (op.name, op.node_name, op.scalar_node)
        }
        found |= {kind.__name__ for base in (Node, Function) for kind in _subclasses(base)}
        return {name for name in found if name}

    @cached_property
    def modules(self) -> set[str]:
        """Paths of modules."""
        return module_paths() if self._modules is None else set(self._modules)


def unknown_names(tree: Tree, known: Known) -> Iterator[tuple[str, bool]]:
    """What is wrong with the names in a condition, each with whether it can't be accepted."""
    for atom in tree.atoms():
        if isinstance(atom, Op):
            yield from _unknown_op(atom, known)
        elif isinstance(atom, Module):
            yield from _unknown_module(atom, known)


def _unknown_op(atom: Op, known: Known) -> Iterator[tuple[str, bool]]:
    pattern = atom.pattern
    if any(atom.fits(name) for op in known.ops for name in op_names(op)):
        return
    like = near(pattern, {op.partition("Backward")[0] for op in known.ops if op[0] != "_"})
    suggestion = f"did you mean 'op:{like}'?" if like else "see autograd_core.declare.REGISTRY"
    if is_wild(pattern):
        yield f"no operation fits 'op:{pattern}' yet; {suggestion}", False
    else:
        later = f"a custom Function that is defined later: 'op:{pattern}*'"
        yield f"there is no operation '{pattern}': {suggestion} ({later})", True


def _unknown_module(atom: Module, known: Known) -> Iterator[tuple[str, bool]]:
    pattern = atom.pattern
    paths = known.modules
    if not paths:
        yield f"no nn.Module exists yet that 'module:{pattern}' could be checked against", False
        return
    # The first part may be a variable that is not to be seen from here, as in a trainer's method.
    rest = pattern.partition(".")[2]
    hidden = Module(rest) if rest.strip("*?.") else atom
    for path in paths:
        if any(a.holds_in(tuple(path.split("."))) for a in (atom, hidden)):
            return
    short = {path.partition(".")[2] for path in paths} - {""}
    word, tail = pattern.rstrip(".*"), ".*" if pattern.endswith(".*") else ""
    like = near(word, paths | short)
    suggestion = f"did you mean 'module:{like}{tail}'?" if like else _some(short or paths)
    if is_wild(pattern) or not near(word, {like}, SLIP):
        yield f"no module fits 'module:{pattern}' yet; {suggestion}", False
    else:
        later = f"a module that is made later: 'module:{pattern}*'"
        yield f"there is no module '{pattern}': {suggestion} ({later})", True


def _some(paths: set[str]) -> str:
    shown = sorted(paths, key=lambda path: (path.count("."), path))[:5]
    return f"there are {', '.join(shown)}" + (" and more" if len(paths) > len(shown) else "")


def _subclasses(kind: Any) -> Iterator[Any]:
    for sub in kind.__subclasses__():
        yield sub
        yield from _subclasses(sub)
