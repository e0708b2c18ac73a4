"""Module: parameters, buffers and other modules, as a tree, around a ``forward``."""

from __future__ import annotations

import threading
import warnings
from collections.abc import Callable, Iterator
from typing import Any, TypeVar

from ... import state
from ..._tensor import Tensor
from ...dtypes import FLOATING, TYPE_NAMES, as_dtype, bfloat16, dtype, float16, float32, float64
from ..parameter import Buffer, Parameter
from .global_hooks import *  # noqa: F403
from .global_hooks import registered
from .hooks import HookedCall, Hooks
from .scope import scope_within
from .state import State

__all__ = ["Module"]

M = TypeVar("M", bound="Module")
T = TypeVar("T")


class _Active(threading.local):
    """The module that runs in this thread, while somebody listens."""

    module: Module | None = None


_active = _Active()


class Module(Hooks, State):
    """Base class of everything that holds parameters.

    Assigning a `Parameter`, a `Buffer` or another Module to an attribute registers it;
    ``forward`` says what a call computes::

        class Net(nn.Module):
            def __init__(self):
                super().__init__()
                self.hidden = nn.Linear(64, 32)
                self.out = nn.Linear(32, 10)

            def forward(self, x):
                return self.out(F.relu(self.hidden(x)))

    Attributes
    ----------
    training : bool
        Whether it is in training mode (see `train`).
    """

    training: bool
    _parameters: dict[str, Parameter | None]
    _buffers: dict[str, Tensor | None]
    _modules: dict[str, Module | None]

    _non_persistent_buffers_set: set[str]

    call_super_init = False
    """Whether arguments are handed on to the next class's ``__init__``."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        """Make the tables that attributes are registered in."""
        if not self.call_super_init:
            self._refuse_arguments(args, kwargs)
        put = super().__setattr__
        put("training", True)
        put("_parameters", {})
        put("_buffers", {})
        put("_non_persistent_buffers_set", set())
        put("_modules", {})
        self._make_hooks()
        if self.call_super_init:
            super().__init__(*args, **kwargs)

    def _refuse_arguments(self, args: Any, kwargs: Any) -> None:
        name = f"{type(self).__name__}.__init__()"
        if kwargs:
            raise TypeError(f"{name} got an unexpected keyword argument '{next(iter(kwargs))}'")
        if args:
            raise TypeError(f"{name} takes 1 positional argument but {len(args) + 1} were given")

    def __setstate__(self, state: dict[str, Any]) -> None:
        fresh: dict[str, Any] = {}
        blank = Module.__new__(Module)
        Module.__init__(blank)
        fresh.update(blank.__dict__)
        self.__dict__.update(fresh | state)

    # ------------------------------------------------------------------ calling

    def forward(self, *args: Any, **kwargs: Any) -> Any:
        """What a call of the module computes; every module defines it."""
        raise NotImplementedError(
            f'Module [{type(self).__name__}] is missing the required "forward" function'
        )

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        """Run `forward` with the hooks around it."""
        if state.listening or state.tap is not None:
            return self._call_in_scope(args, kwargs)
        if self._hooked:
            return HookedCall(self).run(args, kwargs)
        return self.forward(*args, **kwargs)

    def _call_in_scope(self, args: Any, kwargs: Any) -> Any:
        """Run with this module's path pushed onto the scope that listeners are told."""
        modes, outer = state.modes, _active.module
        previous = modes.scope
        known = self.__dict__.get("_known_scope")
        if known is None or known[0] is not previous or known[1] != id(self):  # a copy's is not its
            known = (previous, id(self), scope_within(previous, outer, self))
            self.__dict__["_known_scope"] = known
        modes.scope = known[2]
        _active.module = self
        try:
            if self._hooked:
                return HookedCall(self).run(args, kwargs)
            return self.forward(*args, **kwargs)
        finally:
            _active.module = outer
            modes.scope = previous

    # ------------------------------------------------------------------ attributes

    def __setattr__(self, name: str, value: Any) -> None:
        tables = self.__dict__
        if isinstance(value, Parameter):
            self._need_init("_parameters", "parameters")
            self._forget(name, self._buffers, self._modules)
            self.register_parameter(name, value)
        elif name in tables.get("_parameters", ()):
            self._empty("parameter", name, value, "torch.nn.Parameter or None")
        elif isinstance(value, Module):
            self._need_init("_modules", "module")
            self._forget(name, self._parameters, self._buffers)
            self._modules[name] = registered("module", self, name, value)
        elif name in tables.get("_modules", ()):
            self._empty("child module", name, value, "torch.nn.Module or None")
        elif isinstance(value, Buffer):
            self._need_init("_buffers", "buffer")
            self._forget(name)
            self.register_buffer(name, value, value.persistent)
        elif name in tables.get("_buffers", ()):
            if isinstance(value, Tensor):
                self._buffers[name] = registered("buffer", self, name, value)
            else:
                self._empty("buffer", name, value, "torch.nn.Buffer, torch.Tensor or None")
        else:
            super().__setattr__(name, value)

    def _need_init(self, table: str, what: str) -> None:
        if table not in self.__dict__:
            raise AttributeError(f"cannot assign {what} before Module.__init__() call")

    def _forget(self, name: str, *tables: Any) -> None:
        """Take a name out of the tables that it is not going to be in."""
        for table in (self.__dict__, *tables):
            table.pop(name, None)
        self._non_persistent_buffers_set.discard(name)

    def _empty(self, kind: str, name: str, value: Any, expected: str) -> None:
        """Put None into the place of a registered name; nothing else may stand there."""
        if value is not None:
            raise TypeError(
                f"cannot assign '{_typename(value)}' as {kind} '{name}' ({expected} expected)"
            )
        what = kind.rpartition(" ")[2]
        getattr(self, f"_{what}s")[name] = registered(what, self, name, None)

    def __getattr__(self, name: str) -> Any:
        tables = self.__dict__
        for table in ("_parameters", "_buffers", "_modules"):
            known = tables.get(table)
            if known is not None and name in known:
                return known[name]
        raise AttributeError(f"'{type(self).__name__}' object has no attribute '{name}'")

    def __delattr__(self, name: str) -> None:
        for table in (self._parameters, self._buffers, self._modules):
            if name in table:
                del table[name]
                self._non_persistent_buffers_set.discard(name)
                return
        super().__delattr__(name)

    def __dir__(self) -> list[str]:
        names = {*super().__dir__(), *self._parameters, *self._buffers, *self._modules}
        return sorted(n for n in names if n.isidentifier())

    # ------------------------------------------------------------------ registering

    def register_parameter(self, name: str, param: Parameter | None) -> None:
        """Add a parameter, reached as an attribute; None keeps the name for later."""
        self._need_init("_parameters", "parameter")
        self._check_name("parameter", name, self._parameters)
        if param is not None and not isinstance(param, Parameter):
            raise TypeError(
                f"cannot assign '{_typename(param)}' object to parameter '{name}' "
                "(torch.nn.Parameter or None required)"
            )
        if param is not None and param.grad_fn is not None:
            raise ValueError(
                f"Cannot assign non-leaf Tensor to parameter '{name}'. Model parameters must be "
                f"created explicitly. To express '{name}' as a function of another Tensor, compute "
                "the value in the forward() method."
            )
        self._parameters[name] = registered("parameter", self, name, param)

    def register_buffer(self, name: str, tensor: Tensor | None, persistent: bool = True) -> None:
        """Add a tensor that moves and is saved with the module but is not learned.

        Parameters
        ----------
        persistent : bool, default True
            Whether it is part of ``state_dict()``.
        """
        self._need_init("_buffers", "buffer")
        self._check_name("buffer", name, self._buffers)
        if tensor is not None and not isinstance(tensor, Tensor):
            raise TypeError(
                f"cannot assign '{_typename(tensor)}' object to buffer '{name}' "
                "(torch Tensor or None required)"
            )
        self._buffers[name] = registered("buffer", self, name, tensor)
        hidden = self._non_persistent_buffers_set
        hidden.discard(name) if persistent else hidden.add(name)

    def add_module(self, name: str, module: Module | None) -> None:
        """Add a child module, reached as an attribute."""
        if module is not None and not isinstance(module, Module):
            raise TypeError(f"{_typename(module)} is not a Module subclass")
        self._check_name("module", name, self._modules)
        self._modules[name] = registered("module", self, name, module)

    def register_module(self, name: str, module: Module | None) -> None:
        """The same as `add_module`."""
        self.add_module(name, module)

    def _check_name(self, kind: str, name: Any, table: dict[str, Any]) -> None:
        if not isinstance(name, str):
            raise TypeError(f"{kind} name should be a string. Got {_typename(name)}")
        if hasattr(self, name) and name not in table:
            raise KeyError(f"attribute '{name}' already exists")
        if "." in name:
            got = f", got: {name}" if kind == "module" else ""
            raise KeyError(f'{kind} name can\'t contain "."{got}')
        if name == "":
            raise KeyError(f'{kind} name can\'t be empty string ""')

    # ------------------------------------------------------------------ walking the tree

    def named_children(self) -> Iterator[tuple[str, Module]]:
        """(name, module) of each direct child, each module once."""
        seen: set[Module] = set()
        for name, child in self._modules.items():
            if child is not None and child not in seen:
                seen.add(child)
                yield name, child

    def children(self) -> Iterator[Module]:
        """The direct children."""
        return (child for _, child in self.named_children())

    def named_modules(
        self, memo: set[Module] | None = None, prefix: str = "", remove_duplicate: bool = True
    ) -> Iterator[tuple[str, Module]]:
        """(dotted path, module) of this module and all below it, parents first."""
        memo = set() if memo is None else memo
        if self in memo:
            return
        if remove_duplicate:
            memo.add(self)
        yield prefix, self
        for name, child in self._modules.items():
            if child is not None:
                below = f"{prefix}.{name}" if prefix else name
                yield from child.named_modules(memo, below, remove_duplicate)

    def modules(self, remove_duplicate: bool = True) -> Iterator[Module]:
        """The module itself and all below it, each once."""
        return (m for _, m in self.named_modules(remove_duplicate=remove_duplicate))

    def _named_members(
        self,
        get_members_fn: Callable[[Module], Any],
        prefix: str = "",
        recurse: bool = True,
        remove_duplicate: bool = True,
    ) -> Iterator[tuple[str, Any]]:
        memo: set[int] = set()
        owners = (
            self.named_modules(prefix=prefix, remove_duplicate=remove_duplicate)
            if recurse
            else [(prefix, self)]
        )
        for path, owner in owners:
            for name, value in get_members_fn(owner):
                if value is None or id(value) in memo:
                    continue
                if remove_duplicate:
                    memo.add(id(value))
                yield (f"{path}.{name}" if path else name), value

    def named_parameters(
        self, prefix: str = "", recurse: bool = True, remove_duplicate: bool = True
    ) -> Iterator[tuple[str, Parameter]]:
        """(dotted path, parameter) of this module and all below it."""
        return self._named_members(
            lambda m: m._parameters.items(), prefix, recurse, remove_duplicate
        )

    def parameters(self, recurse: bool = True) -> Iterator[Parameter]:
        """The parameters of this module and all below it."""
        return (p for _, p in self.named_parameters(recurse=recurse))

    def named_buffers(
        self, prefix: str = "", recurse: bool = True, remove_duplicate: bool = True
    ) -> Iterator[tuple[str, Tensor]]:
        """(dotted path, buffer) of this module and all below it."""
        return self._named_members(lambda m: m._buffers.items(), prefix, recurse, remove_duplicate)

    def buffers(self, recurse: bool = True) -> Iterator[Tensor]:
        """The buffers of this module and all below it."""
        return (b for _, b in self.named_buffers(recurse=recurse))

    def get_submodule(self, target: str) -> Module:
        """The module at a dotted path; AttributeError if there is none."""
        found: Any = self
        for name in target.split(".") if target else ():
            if not hasattr(found, name):
                raise AttributeError(f"{found._get_name()} has no attribute `{name}`")
            found = getattr(found, name)
            if not isinstance(found, Module):
                raise AttributeError(f"`{name}` is not an nn.Module")
        return found

    def set_submodule(self, target: str, module: Module, strict: bool = False) -> None:
        """Put a module at a dotted path.

        Parameters
        ----------
        strict : bool, default False
            Only where there is one already.

        Raises
        ------
        ValueError
            If `target` is empty, or `module` is none.
        AttributeError
            If the path leads nowhere, or to something else than a module.
        """
        if target == "":
            raise ValueError("Cannot set the submodule without a target name!")
        if not isinstance(module, Module):
            raise ValueError(f"`module` is not an nn.Module, found {type(module)}")
        path, _, name = target.rpartition(".")
        owner = self.get_submodule(path)
        there = getattr(owner, name, None)
        if strict and not hasattr(owner, name):
            raise AttributeError(f"{owner._get_name()} has no attribute `{name}`")
        if hasattr(owner, name) and not isinstance(there, Module):
            raise AttributeError(f"`{name}` is not an nn.Module")
        setattr(owner, name, module)

    def get_parameter(self, target: str) -> Parameter:
        """The parameter at a dotted path; AttributeError if there is none."""
        _, name, found = self._member(target)
        if not isinstance(found, Parameter):
            raise AttributeError(f"`{name}` is not an nn.Parameter")
        return found

    def get_buffer(self, target: str) -> Tensor:
        """The buffer at a dotted path; AttributeError if there is none."""
        owner, name, found = self._member(target)
        if name not in owner._buffers:
            raise AttributeError(f"`{name}` is not a buffer")
        return found

    def _member(self, target: str) -> tuple[Module, str, Any]:
        path, _, name = target.rpartition(".")
        owner = self.get_submodule(path)
        if not hasattr(owner, name):
            raise AttributeError(f"{owner._get_name()} has no attribute `{name}`")
        return owner, name, getattr(owner, name)

    def apply(self: M, fn: Callable[[Module], None]) -> M:
        """Call `fn` on every module below this one, then on itself (to initialise weights)."""
        for child in self.children():
            child.apply(fn)
        fn(self)
        return self

    # ------------------------------------------------------------------ modes

    def train(self: M, mode: bool = True) -> M:
        """Put this module and all below it into training mode (dropout, batch norm)."""
        if not isinstance(mode, bool):
            raise ValueError("training mode is expected to be boolean")
        self.training = mode
        for child in self.children():
            child.train(mode)
        return self

    def eval(self: M) -> M:
        """Put this module and all below it into evaluation mode."""
        return self.train(False)

    def requires_grad_(self: M, requires_grad: bool = True) -> M:
        """Set `requires_grad` of all parameters (to freeze and thaw)."""
        for p in self.parameters():
            p.requires_grad_(requires_grad)
        return self

    def zero_grad(self, set_to_none: bool = True) -> None:
        """Forget the gradients of all parameters (or fill them with zeros)."""
        for p in self.parameters():
            if p._grad is None:
                continue
            if set_to_none:
                p._grad = None
            else:
                p._grad = p._grad.detach()
                p._grad._array[...] = 0
                p._grad._bump("zero_grad")

    # ------------------------------------------------------------------ dtype and device

    def _apply(self: M, fn: Callable[[Tensor], Tensor], recurse: bool = True) -> M:
        """Replace the memory of every parameter, gradient and buffer by ``fn`` of it."""
        if recurse:
            for child in self.children():
                child._apply(fn)
        for p in self._parameters.values():
            if p is None:
                continue
            p._array = fn(p.detach())._array
            if p._grad is not None:
                p._grad = fn(p._grad.detach())
        for name, b in self._buffers.items():
            if b is not None:
                self._buffers[name] = fn(b)
        return self

    def to_empty(self: M, *, device: Any, recurse: bool = True) -> M:
        """Move to a device without copying: the values are whatever the memory holds.

        Parameters
        ----------
        device : device or str
            Where to.
        recurse : bool, default True
            Whether the modules below move too.
        """
        from ...ops.create import empty_like

        return self._apply(lambda t: empty_like(t, device=device), recurse)

    def to(self: M, *args: Any, **kwargs: Any) -> M:
        """Move to a device, convert floating parameters and buffers to a dtype, or both.

        Called as ``to(device)``, ``to(dtype)``, ``to(device, dtype)`` or ``to(tensor)``.
        """
        where, kind = _read_to(*args, **kwargs)
        if kind is not None and kind.category < FLOATING:
            raise TypeError(
                "nn.Module.to only accepts floating point or complex dtypes, "
                f"but got desired dtype={kind!r}"
            )

        if kind is not None and kind.is_complex:
            warnings.warn(
                "Complex modules are a new feature under active development whose design may "
                "change, and some modules might not work as expected when using complex tensors "
                "as parameters or buffers.",
                stacklevel=2,
            )

        def convert(t: Tensor) -> Tensor:
            wanted = kind if kind is not None and t.dtype.category >= FLOATING else t.dtype
            return t.to(wanted) if where is None else t.to(where, wanted)

        return self._apply(convert)

    def _cast(self: M, kind: dtype) -> M:
        return self._apply(lambda t: t.to(kind) if t.is_floating_point() else t)

    def type(self: M, dst_type: Any) -> M:
        """Convert all parameters and buffers to a dtype."""
        return self._apply(lambda t: t.to(as_dtype(dst_type)))

    def float(self: M) -> M:
        """Convert floating parameters and buffers to float32."""
        return self._cast(float32)

    def double(self: M) -> M:
        """Convert floating parameters and buffers to float64."""
        return self._cast(float64)

    def half(self: M) -> M:
        """Convert floating parameters and buffers to float16."""
        return self._cast(float16)

    def bfloat16(self: M) -> M:
        """Convert floating parameters and buffers to bfloat16."""
        return self._cast(bfloat16)

    def cuda(self: M, device: Any = None) -> M:
        """Move to a GPU (the current one unless given)."""
        return self.to("cuda" if device is None else device)

    def cpu(self: M) -> M:
        """Move to the host."""
        return self.to("cpu")

    # ------------------------------------------------------------------ printing

    def extra_repr(self) -> str:
        """What stands in the parentheses of ``repr``."""
        return ""

    def _get_name(self) -> str:
        return type(self).__name__

    def __repr__(self) -> str:
        lines = [self.extra_repr()] if self.extra_repr() else []
        own = lines[0].split("\n") if lines else []
        below = [f"({name}): {_indented(repr(child))}" for name, child in self._modules.items()]
        if not below and len(own) <= 1:
            return f"{self._get_name()}({''.join(own)})"
        return f"{self._get_name()}(\n  " + "\n  ".join(own + below) + "\n)"


def _indented(text: str) -> str:
    first, *rest = text.split("\n")
    return "\n".join([first, *(f"  {line}" if line.strip() else "" for line in rest)])


def _typename(value: Any) -> str:
    kind = type(value)
    if isinstance(value, Tensor):
        return f"torch.{TYPE_NAMES[value.dtype.name]}"
    return kind.__name__ if kind.__module__ == "builtins" else f"{kind.__module__}.{kind.__name__}"


def _read_to(*args: Any, **kwargs: Any) -> tuple[Any, dtype | None]:
    where, kind = kwargs.pop("device", None), kwargs.pop("dtype", None)
    for ignored in ("non_blocking", "memory_format"):
        kwargs.pop(ignored, None)
    if kwargs:
        raise TypeError(f"to() received an invalid keyword argument '{next(iter(kwargs))}'")
    for i, arg in enumerate(args):
        if isinstance(arg, Tensor):
            where, kind = arg.device, arg.dtype
        elif isinstance(arg, dtype):
            kind = arg
        elif isinstance(arg, bool) and i:
            pass  # non_blocking
        elif arg is not None:
            where = arg
    return where, None if kind is None else as_dtype(kind)
