"""What a question comes with: model, loss, trace ..., and the variables where it was asked."""

from __future__ import annotations

import sys
from collections.abc import Mapping
from functools import cached_property
from types import FrameType
from typing import TYPE_CHECKING, Any

from ..._tensor import Tensor
from ...source import MARK
from ..record.names import _locals_of

if TYPE_CHECKING:
    from ..trace.traced import Trace
    from .watch import Watch


class Case:
    """The witnesses that may be heard on a question.

    Attributes
    ----------
    model, loss, optimizer : object or None
        What the asker gave.
    trace : Trace or None
        The recorded run.
    watch : Watch or None
        What the last `watch` block saw.
    variables : mapping
        Local and global variables where the question was asked.
    """

    def __init__(
        self,
        model: Any = None,
        loss: Any = None,
        optimizer: Any = None,
        trace: Trace | None = None,
        watch: Watch | None = None,
        variables: Mapping[str, Any] | None = None,
    ):
        self.model = model
        self.loss = loss
        self.optimizer = optimizer
        self.trace = trace
        self.watch = watch
        self.variables = variables or {}

    def of(self, model: Any) -> Case:
        """The same case about a model."""
        return Case(model, self.loss, self.optimizer, self.trace, self.watch, self.variables)

    def among(self, variables: Mapping[str, Any]) -> Case:
        """The same case with these variables in front of those that it has."""
        both = {**self.variables, **variables}
        return Case(self.model, self.loss, self.optimizer, self.trace, self.watch, both)

    def name(self, tensor: Any) -> str:
        """What a tensor is called: its own name, its place in a model, its variable."""
        if tensor is None:
            return ""
        return str(tensor.name or "") or self._names.get(id(tensor), "")

    @property
    def names(self) -> set[str]:
        """All names of tensors that are known here."""
        return set(self._names.values())

    @cached_property
    def _names(self) -> dict[int, str]:
        names: dict[int, str] = {}
        for variable, value in self.variables.items():
            if variable.startswith("_"):
                continue
            if isinstance(value, Tensor):
                names.setdefault(id(value), variable)
            elif is_module(value) and value is not self.model:
                for path, parameter in value.named_parameters():
                    names.setdefault(id(parameter), f"{variable}.{path}")
        if self.model is not None:
            names |= {id(p): path for path, p in self.model.named_parameters()}
        return names

    def parameter(self, name: str) -> Any:
        """The parameter of this name: of the model, or ``model.path`` of a variable.

        Raises
        ------
        LookupError
            If there is none, with the names that come near.
        """
        known: dict[str, Any] = {}
        if self.model is not None:
            known |= dict(self.model.named_parameters())
        for variable, value in self.variables.items():
            if isinstance(value, Tensor):
                known.setdefault(variable, value)
            elif is_module(value):
                for path, parameter in value.named_parameters():
                    known.setdefault(f"{variable}.{path}", parameter)
        if name in known:
            return known[name]
        raise LookupError(_no_parameter(name, known, self.model))


def _no_parameter(name: str, known: Mapping[str, Any], model: Any) -> str:
    from difflib import get_close_matches

    near = get_close_matches(name, known, 3, 0.5)
    hint = f"; did you mean {' or '.join(map(repr, near))}?" if near else ""
    where = "the model has" if model is not None else "no model or variable here has"
    if model is None and not near:
        hint = "; pass model="
    return f"{where} {'no' if model is not None else 'a'} parameter called {name!r}{hint}"


def is_module(value: Any) -> bool:
    """Whether it is an `nn.Module`, without importing `nn`."""
    return _is_of(value, "autograd_core.nn.modules.module", "Module")


def is_parameter(value: Any) -> bool:
    """Whether it is an `nn.Parameter`, without importing `nn`."""
    return _is_of(value, "autograd_core.nn.parameter", "Parameter")


def is_optimizer(value: Any) -> bool:
    """Whether it is an optimizer, without importing `optim`."""
    return _is_of(value, "autograd_core.optim.optimizer", "Optimizer")


def _is_of(value: Any, module: str, name: str) -> bool:
    loaded = sys.modules.get(module)
    return loaded is not None and isinstance(value, getattr(loaded, name))


def asker() -> FrameType | None:
    """The innermost frame outside this package: whoever asked."""
    frame: FrameType | None = sys._getframe(1)
    while frame is not None and MARK in frame.f_globals:
        frame = frame.f_back
    return frame


def variables_of(frame: FrameType | None) -> dict[str, Any]:
    """Local variables of a frame that runs, and after them the global ones."""
    if frame is None:
        return {}
    own = _locals_of(frame)
    return own | {k: v for k, v in frame.f_globals.items() if k not in own}
