"""Parameters that are computed from others each time they are read.

`register_parametrization` takes a parameter out of a module, keeps it under
``module.parametrizations.weight.original``, and puts a property in its place::

    module.weight  ──►  parametrizations.weight: original ─► [0] ─► [1] ─► ...

Reading runs the chain; assigning runs the modules' ``right_inverse`` backwards and stores
what comes out.  The property lives in a class of the module's own, ``ParametrizedLinear``.
"""

from __future__ import annotations

import copy
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any, NoReturn

from ... import modes
from ..._tensor import Tensor
from ..modules.container import ModuleDict, ModuleList
from ..modules.module import Module
from ..parameter import Parameter

__all__ = [
    "ParametrizationList", "cached", "is_parametrized", "register_parametrization",
    "remove_parametrizations", "transfer_parametrizations_and_params",
    "type_before_parametrizations",
]  # fmt: skip


class _Cache:
    """Computed tensors, by module and name, while some `cached` is active."""

    depth = 0
    tensors: dict[tuple[int, str], Tensor] = {}  # noqa: RUF012 - one for all, as the depth is


@contextmanager
def cached() -> Iterator[None]:
    """Within this context each parametrized tensor is computed once, when first read."""
    _Cache.depth += 1
    try:
        yield
    finally:
        _Cache.depth -= 1
        if not _Cache.depth:
            _Cache.tensors = {}


def _register(module: Module, name: str, value: Tensor) -> None:
    if isinstance(value, Parameter):
        module.register_parameter(name, value)
    else:
        module.register_buffer(name, value)


def _put(target: Tensor, source: Tensor) -> None:
    """Let a tensor have the memory of another."""
    target._array = source._array
    target._bump("parametrize")


def _typename(value: Any) -> str:
    return type(value).__name__


def _check_unchanged(new: Any, old: Tensor, one: str, other: str, what: str, rule: str) -> None:
    """Refuse a tensor of another dtype or shape; `one` and `other` say whose they are."""
    for kind in ("dtype", "shape"):
        before, after = getattr(old, kind), getattr(new, kind)
        if before != after:
            raise ValueError(
                f"{what.format(kind=kind)}, unless {rule} flag is enabled.\n"
                f"{one.format(kind=kind)}: {before}\n{other.format(kind=kind)}: {after}"
            )


class ParametrizationList(ModuleList):
    """The chain of modules that computes one tensor, and what it is computed from.

    Parameters
    ----------
    modules : sequence of Module
        Applied in this order.
    original : Tensor
        What the tensor was before; where the modules have a ``right_inverse``, that of it
        is stored, under ``original`` or, of several tensors, ``original0``, ``original1`` ...
    unsafe : bool, default False
        Do not check that dtype and shape stay the same.
    """

    original: Tensor
    unsafe: bool

    def __init__(self, modules: Sequence[Module], original: Tensor, unsafe: bool = False):
        if not modules:
            raise ValueError("ParametrizationList requires one or more modules.")
        super().__init__(modules)
        self.unsafe = unsafe
        shape, dtype = original.shape, original.dtype
        new = self._invert(original)
        if not isinstance(new, Tensor | Sequence):
            raise ValueError(
                "'right_inverse' must return a Tensor or a Sequence of tensors (list, tuple...). "
                f"Got {_typename(new)}"
            )
        self.is_tensor = isinstance(new, Tensor)
        self.ntensors = 1 if isinstance(new, Tensor) else len(new)
        if isinstance(new, Tensor):
            self._keep_one(original, new)
        else:
            self._keep_several(original, new)
        if not unsafe:
            self._check_result(shape, dtype)

    def _invert(self, original: Tensor) -> Any:
        new: Any = original
        with modes.no_grad():
            for module in reversed(list(self)):
                if hasattr(module, "right_inverse"):
                    try:
                        new = module.right_inverse(new)
                    except NotImplementedError:
                        pass
        return new

    def _keep_one(self, original: Tensor, new: Tensor) -> None:
        for kind in ("dtype", "device"):
            before, after = getattr(original, kind), getattr(new, kind)
            if before != after:
                raise ValueError(
                    f"When `right_inverse` outputs one tensor, it may not change the {kind}.\n"
                    f"original.{kind}: {before}\nright_inverse(original).{kind}: {after}"
                )
        _put(original, new)
        _register(self, "original", original)

    def _keep_several(self, original: Tensor, new: Sequence[Any]) -> None:
        for i, part in enumerate(new):
            if not isinstance(part, Tensor):
                raise ValueError(
                    "'right_inverse' must return a Tensor or a Sequence of tensors (list, "
                    f"tuple...). Got element {i} of the sequence with type {_typename(part)}."
                )
            if isinstance(original, Parameter):
                part = Parameter(part, original.requires_grad)
            part.requires_grad_(original.requires_grad)
            _register(self, f"original{i}", part)

    def _check_result(self, shape: Any, dtype: Any) -> None:
        result = self()
        if not isinstance(result, Tensor):
            raise ValueError(f"A parametrization must return a tensor. Got {_typename(result)}.")
        for kind, before in (("dtype", dtype), ("shape", shape)):
            after = getattr(result, kind)
            if after != before:
                raise ValueError(
                    f"Registering a parametrization may not change the {kind} of the tensor, "
                    f"unless `unsafe` flag is enabled.\nunparametrized {kind}: {before}\n"
                    f"parametrized {kind}: {after}"
                )

    def right_inverse(self, value: Tensor) -> None:
        """Store what the chain computes `value` from; nothing is stored if that fails.

        Raises
        ------
        RuntimeError
            If a module has no ``right_inverse``.
        ValueError
            If one returns something that does not fit.
        """
        found: Any = value
        with modes.no_grad():
            for module in reversed(list(self)):
                if not hasattr(module, "right_inverse"):
                    raise RuntimeError(
                        f"parametrization {_typename(module)} does not implement right_inverse."
                    )
                found = module.right_inverse(found)
        for target, source in self._fitting(found):
            _put(target, source)

    def _fitting(self, found: Any) -> list[tuple[Tensor, Tensor]]:
        """What to store where."""
        if self.is_tensor:
            if not isinstance(found, Tensor):
                raise ValueError(f"`right_inverse` should return a tensor. Got {_typename(found)}")
            if found.dtype is not self.original.dtype:
                raise ValueError(
                    f"The tensor returned by `right_inverse` has dtype {found.dtype} "
                    f"while `original` has dtype {self.original.dtype}"
                )
            return [(self.original, found)]
        if not isinstance(found, Sequence):
            raise ValueError(
                f"'right_inverse' must return a sequence of tensors. Got {_typename(found)}."
            )
        if len(found) != self.ntensors:
            raise ValueError(
                "'right_inverse' must return a sequence of tensors of length "
                f"{self.ntensors}. Got a sequence of length {len(found)}."
            )
        pairs = [(getattr(self, f"original{i}"), part) for i, part in enumerate(found)]
        for i, (original, part) in enumerate(pairs):
            if not isinstance(part, Tensor):
                raise ValueError(
                    "'right_inverse' must return a sequence of tensors. "
                    f"Got element {i} of type {_typename(part)}."
                )
            if original.dtype is not part.dtype:
                raise ValueError(
                    f"Tensor {i} returned by `right_inverse` has dtype {part.dtype} "
                    f"while `original{i}` has dtype {original.dtype}"
                )
        return pairs

    def forward(self) -> Tensor:
        """The computed tensor."""
        first, *rest = self
        if self.is_tensor:
            x = first(self.original)
        else:
            x = first(*(getattr(self, f"original{i}") for i in range(self.ntensors)))
        for module in rest:
            x = module(x)
        return x


# ------------------------------------------------------------------ a class of its own


def _copied(self: Any, memo: dict[int, Any]) -> Any:
    """A deep copy: of the same injected class."""
    replica = memo[id(self)] = object.__new__(type(self))
    replica.__dict__ = copy.deepcopy(self.__dict__, memo)
    return replica


def _refuse_pickling(self: Any) -> NoReturn:
    raise RuntimeError(
        "Serialization of parametrized modules is only supported through state_dict(). See:\n"
        "https://pytorch.org/tutorials/beginner/saving_loading_models.html"
        "#saving-loading-a-general-checkpoint-for-inference-and-or-resuming-training"
    )


def _give_own_class(module: Module) -> None:
    cls = type(module)
    members: dict[str, Any] = {"__getstate__": _refuse_pickling}
    if not hasattr(cls, "__deepcopy__"):
        members["__deepcopy__"] = _copied
    module.__class__ = type(f"Parametrized{cls.__name__}", (cls,), members)


def _give_property(module: Module, name: str) -> None:
    def computed(self: Any) -> Tensor:
        chain = self.parametrizations[name]
        if not _Cache.depth:
            return chain()
        key = (id(self), name)
        if key not in _Cache.tensors:
            _Cache.tensors[key] = chain()
        return _Cache.tensors[key]

    def assigned(self: Any, value: Tensor) -> None:
        self.parametrizations[name].right_inverse(value)

    setattr(type(module), name, property(computed, assigned))


# ------------------------------------------------------------------ the functions


def register_parametrization(
    module: Any, tensor_name: str, parametrization: Module, *, unsafe: bool = False
) -> Any:
    """Compute a parameter or buffer of a module by another module from now on.

    Parameters
    ----------
    module : Module
        Changed in place, and returned.
    tensor_name : str
        A parameter, a buffer, or what is parametrized already (then the new module is
        applied after the others).
    parametrization : Module
        From the original tensor to the new one; with a ``right_inverse`` the tensor can be
        assigned to, and starts as it was.
    unsafe : bool, default False
        Do not check that dtype and shape stay the same.

    Raises
    ------
    ValueError
        If there is no such tensor, or dtype or shape would change.
    """
    parametrization.train(module.training)
    if is_parametrized(module, tensor_name):
        if not unsafe:
            _check_next(module, tensor_name, parametrization)
        module.parametrizations[tensor_name].append(parametrization)
        module.parametrizations[tensor_name].unsafe |= unsafe
        return module
    if tensor_name not in module._buffers and tensor_name not in module._parameters:
        raise ValueError(
            f"Module '{module}' does not have a parameter, a buffer, or a parametrized element "
            f"with name '{tensor_name}'"
        )
    chain = ParametrizationList([parametrization], getattr(module, tensor_name), unsafe)
    delattr(module, tensor_name)
    if not is_parametrized(module):
        _give_own_class(module)
        module.parametrizations = ModuleDict()
    _give_property(module, tensor_name)
    module.parametrizations[tensor_name] = chain
    return module


def _check_next(module: Any, name: str, parametrization: Any) -> None:
    """Refuse one more parametrization that would change dtype or shape."""
    old = getattr(module, name)
    new = parametrization(old)
    if not isinstance(new, Tensor):
        raise ValueError(f"A parametrization must return a tensor. Got {_typename(new)}.")
    own = f"module.{name}.{{kind}}"
    _check_unchanged(
        new,
        old,
        own,
        f"parametrization(module.{name}).{{kind}}",
        "Registering a parametrization may not change the {kind} of the tensor",
        "the `unsafe`",
    )
    if not hasattr(parametrization, "right_inverse"):
        return
    try:
        back = parametrization.right_inverse(new)
    except NotImplementedError:
        return
    if not isinstance(back, Tensor):
        raise ValueError(
            f"parametrization.right_inverse must return a tensor. Got: {_typename(back)}"
        )
    what = "The tensor returned by parametrization.right_inverse must have the same {kind} as "
    _check_unchanged(back, old, own, "returned {kind}", f"{what}module.{name}", "the `unsafe`")


def is_parametrized(module: Module, tensor_name: str | None = None) -> bool:
    """Whether a module has a parametrized tensor (of this name)."""
    known = getattr(module, "parametrizations", None)
    if not isinstance(known, ModuleDict):
        return False
    return len(known) > 0 if tensor_name is None else tensor_name in known


def remove_parametrizations(module: Any, tensor_name: str, leave_parametrized: bool = True) -> Any:
    """Make a parametrized tensor an ordinary parameter or buffer again.

    Parameters
    ----------
    module : Module
        Changed in place, and returned.
    leave_parametrized : bool, default True
        Keep the computed value; else the original one.

    Raises
    ------
    ValueError
        If it is not parametrized, or several originals leave no single one to go back to.
    """
    if not is_parametrized(module, tensor_name):
        raise ValueError(f"Module {module} does not have a parametrization on {tensor_name}")
    chain = module.parametrizations[tensor_name]
    if chain.is_tensor:
        original = chain.original
        if leave_parametrized:
            with modes.no_grad():
                _put(original, getattr(module, tensor_name))
    elif leave_parametrized:
        computed = getattr(module, tensor_name)
        original = Parameter(computed) if computed.requires_grad else computed
    else:
        raise ValueError(
            "Cannot leave unparametrized (`leave_parametrized=False`) a tensor that is "
            "parametrized in terms of a sequence of tensors."
        )
    delattr(type(module), tensor_name)
    del module.parametrizations[tensor_name]
    _register(module, tensor_name, original)
    if not is_parametrized(module):
        del module.parametrizations
        module.__class__ = type(module).__bases__[0]
    return module


def type_before_parametrizations(module: Module) -> type:
    """The class that a module had before it was parametrized."""
    return type(module).__bases__[0] if is_parametrized(module) else type(module)


def transfer_parametrizations_and_params(
    from_module: Any, to_module: Any, tensor_name: str | None = None
) -> Any:
    """Register one module's parametrizations, and their originals, in another.

    Parameters
    ----------
    from_module, to_module : Module
        The second is changed in place, and returned.
    tensor_name : str, optional
        Only this one.
    """
    if not is_parametrized(from_module):
        return to_module
    names = list(from_module.parametrizations) if tensor_name is None else [tensor_name]
    for name in names:
        if not hasattr(to_module, name):
            setattr(to_module, name, Parameter(getattr(from_module, name)))
        source = from_module.parametrizations[name]
        for parametrization in source:
            register_parametrization(to_module, name, parametrization)
        target = to_module.parametrizations[name]
        for key in [*source._parameters, *source._buffers]:
            setattr(target, key, getattr(source, key))
    return to_module
