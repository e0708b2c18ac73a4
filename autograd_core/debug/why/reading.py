"""Lines of the user's source that may cut a graph, on the way to a variable.

Reading is no proof: a line found here is a candidate, and what happens inside functions
that are called is not seen.  It is what can be said when nobody watched.
"""

from __future__ import annotations

import ast
import inspect
import linecache
from collections.abc import Callable, Iterator
from types import CodeType
from typing import NamedTuple

from ...source import Location

METHODS = {
    "detach": "detach", "detach_": "detach", "item": "item", "tolist": "tolist",
    "numpy": "numpy", "argmax": "non_differentiable", "argmin": "non_differentiable",
    "argsort": "non_differentiable", "long": "non_differentiable", "int": "non_differentiable",
    "bool": "non_differentiable", "tensor": "tensor", "as_tensor": "tensor",
    "from_numpy": "tensor", "Parameter": "tensor",
}  # fmt: skip
"""Calls by the last name in them."""
BUILTINS = {"float": "item", "int": "item"}
MODES = {"no_grad", "inference_mode"}

earlier: Callable[[str], list[str]] | None = None
"""Set by a front end that runs cells: the files of those that ran before a cell's, the oldest
first (all as Python names them)."""


class Candidate(NamedTuple):
    """A line that cuts: how (see `trail.Cut`), and where."""

    how: str
    location: Location


class _Statement(NamedTuple):
    targets: set[str]
    names: set[str]
    node: ast.stmt
    mode: str
    nested: bool
    """Whether it stands in a loop or a branch."""


def candidates(code: CodeType, name: str, line: int) -> list[Candidate]:
    """Lines that lead to the variable `name` in a function (or module) and cut gradients.

    Parameters
    ----------
    code : code object
        Of the function or module in which the variable lives.
    name : str
        The variable.
    line : int
        Where it is used.

    Returns
    -------
    list of Candidate
        In the order of the lines; empty where the source can't be had.
    """
    loop = loop_around(code, line)
    last = line if loop is None else loop[1]
    above = [] if _is_function(code) else _before(code)
    above += [(code, s) for s in _statements(_body_of(code)) if s.node.lineno <= last]
    found = []
    for where, statement in _leading_to(name, above):
        hows = ["no_grad"] if statement.mode else list(_cuts_in(statement.node))
        found += [Candidate(how, _location(where, statement.node.lineno)) for how in hows]
    return list(dict.fromkeys(found))


def _before(code: CodeType) -> list[tuple[CodeType, _Statement]]:
    """The statements of the cells that ran before one, where a front end knows them."""
    found = []
    for file in earlier(code.co_filename) if earlier is not None else ():
        cell = code.replace(co_filename=file)
        found += [(cell, s) for s in _statements(_body_of(cell))]
    return found


def _leading_to(
    name: str, statements: list[tuple[CodeType, _Statement]]
) -> list[tuple[CodeType, _Statement]]:
    """The statements from which a variable's value comes, in order.

    Read from below: an assignment that always runs settles its names for the lines above.
    """
    carried: set[str] = set()
    """What statements in loops and branches read: others there may write it for the next turn."""
    while True:
        wanted, found = {name}, []
        for where, s in reversed(statements):
            if s.targets & (wanted | carried if s.nested else wanted):
                found.append((where, s))
                if not s.nested and isinstance(s.node, ast.Assign):
                    wanted -= s.targets
                wanted |= s.names
        read = {n for _, s in found if s.nested for n in s.names}
        if read <= carried:
            return found[::-1]
        carried |= read


def loop_around(code: CodeType, line: int) -> tuple[int, int] | None:
    """First and last line of the innermost loop of a function (or module) around a line."""
    found = None
    for node in _loops(_body_of(code)):
        last = node.end_lineno or node.lineno
        if node.lineno <= line <= last and (found is None or node.lineno > found[0]):
            found = node.lineno, last
    return found


def _loops(body: list[ast.stmt]) -> Iterator[ast.stmt]:
    """The loops in this scope, inner ones included, functions and classes left out."""
    for node in body:
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef):
            continue
        if isinstance(node, ast.For | ast.While | ast.AsyncFor):
            yield node
        for field in ("body", "orelse", "finalbody"):
            yield from _loops(getattr(node, field, []))
        for handler in getattr(node, "handlers", []):
            yield from _loops(handler.body)


def _is_function(code: CodeType) -> bool:
    """Whether it has variables of its own; a module or a cell has not, whatever its name."""
    return bool(code.co_flags & inspect.CO_NEWLOCALS)


def _body_of(code: CodeType) -> list[ast.stmt]:
    """The statements of a function or module; none where its source can't be had."""
    try:
        tree = ast.parse("".join(linecache.getlines(code.co_filename)))
    except (SyntaxError, ValueError):
        return []
    if not _is_function(code):
        return tree.body
    for node in ast.walk(tree):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef) and node.name == code.co_name:
            first = min([node.lineno, *(d.lineno for d in node.decorator_list)])
            if first == code.co_firstlineno:
                return node.body
    return []


def _statements(body: list[ast.stmt], mode: str = "", nested: bool = False) -> Iterator[_Statement]:
    """Assignments in this scope, nested blocks included, functions and classes left out."""
    for node in body:
        if isinstance(node, ast.Assign):
            yield _Statement(_names(*node.targets), _names(node.value), node, mode, nested)
        elif isinstance(node, ast.AnnAssign) and node.value is not None:
            yield _Statement(_names(node.target), _names(node.value), node, mode, nested)
        elif isinstance(node, ast.AugAssign):
            both = _names(node.target, node.value)
            yield _Statement(_names(node.target), both, node, mode, nested)
        elif isinstance(node, ast.With):
            inner = mode or next((m for m in map(_mode_of, node.items) if m), "")
            yield from _statements(node.body, inner, nested)
        elif not isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef):
            for field in ("body", "orelse", "finalbody"):
                yield from _statements(getattr(node, field, []), mode, True)
            for handler in getattr(node, "handlers", []):
                yield from _statements(handler.body, mode, True)


def _names(*nodes: ast.AST) -> set[str]:
    return {n.id for node in nodes for n in ast.walk(node) if isinstance(n, ast.Name)}


def _mode_of(item: ast.withitem) -> str:
    call = item.context_expr
    if not isinstance(call, ast.Call):
        return ""
    name = _last_name(call.func)
    off = name == "set_grad_enabled" and any(
        isinstance(a, ast.Constant) and a.value is False for a in call.args
    )
    return name if name in MODES or off else ""


def _cuts_in(statement: ast.stmt) -> Iterator[str]:
    for node in ast.walk(statement):
        if isinstance(node, ast.Call):
            how = METHODS.get(_last_name(node.func))
            if how is None and isinstance(node.func, ast.Name):
                how = BUILTINS.get(node.func.id)
            if how is not None:
                yield how
        elif isinstance(node, ast.Attribute) and node.attr == "data":
            yield "data"
        elif isinstance(node, ast.Compare):
            yield "non_differentiable"


def definition(code: CodeType) -> Location:
    """The line with the ``def`` of a function, below its decorators."""
    line = code.co_firstlineno
    while linecache.getline(code.co_filename, line).lstrip().startswith("@"):
        line += 1
    return _location(code, line)


def _last_name(node: ast.AST) -> str:
    if isinstance(node, ast.Attribute):
        return node.attr
    return node.id if isinstance(node, ast.Name) else ""


def _location(code: CodeType, line: int) -> Location:
    text = linecache.getline(code.co_filename, line).strip()
    return Location(code.co_filename, line, code.co_qualname, text)
