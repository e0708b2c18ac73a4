"""Modules that learn the size of their input from the first one they see."""

from __future__ import annotations

import inspect
from itertools import chain
from typing import Any, ClassVar

from ..._tensor import Tensor
from ...modes import no_grad
from ..parameter import UninitializedBuffer, UninitializedParameter, is_lazy
from . import convolution, normalization
from .linear import Linear
from .module import Module


class LazyModuleMixin:
    """What a module inherits, before its own class, to make its parameters at the first call.

    The first forward calls `initialize_parameters` with the same arguments; after it the
    module is one of `cls_to_become`.
    """

    cls_to_become: ClassVar[type[Module] | None] = None

    def __init__(self, *args: Any, **kwargs: Any):
        super().__init__(*args, **kwargs)
        module: Any = self
        self._load_hook = module.register_load_state_dict_pre_hook(_make_room)
        self._initialize_hook = module.register_forward_pre_hook(_initialize, with_kwargs=True)

    def initialize_parameters(self, *args: Any, **kwargs: Any) -> None:
        """Make the parameters for this input; to be overridden."""
        raise NotImplementedError(
            f"initialize_parameters is not implemented for {type(self).__name__}"
        )

    def has_uninitialized_params(self) -> bool:
        """Whether a parameter or buffer is still to be made."""
        return any(is_lazy(value) for _, value in _own(self))


def _own(module: Any) -> list[tuple[str, Any]]:
    return list(chain(module._parameters.items(), module._buffers.items()))


def _initialize(module: Any, args: Any, kwargs: Any) -> None:
    """Before the first forward."""
    module.initialize_parameters(*args, **kwargs)
    if module.has_uninitialized_params():
        raise RuntimeError(f"module {type(module).__name__} has not been fully initialized")
    module._initialize_hook.remove()
    module._load_hook.remove()
    del module._initialize_hook, module._load_hook
    if module.cls_to_become is not None:
        module.__class__ = module.cls_to_become


def _make_room(module: Any, state_dict: Any, prefix: str, *rest: Any) -> None:
    """Before loading: what is not made yet gets the shape of what is loaded."""
    for name, value in _own(module):
        given = state_dict.get(prefix + name)
        if is_lazy(value) and given is not None and not is_lazy(given):
            with no_grad():
                value.materialize(given.shape)


class _Lazy(LazyModuleMixin):
    """A module of the library, made without the argument that says the input's size."""

    inferred = ""
    """The name of that argument, and of the attribute."""
    defaults: ClassVar[dict[str, Any]] = {}
    """Where they differ from those of the module that it becomes."""

    def __init__(self, *args: Any, device: Any = None, dtype: Any = None, **kwargs: Any):
        become: Any = type(self).cls_to_become
        signature = inspect.signature(become.__init__)
        names = [name for name in signature.parameters if name not in ("self", self.inferred)]
        if len(args) > len(names):
            raise TypeError(
                f"{type(self).__name__}() takes at most {len(names)} arguments, got {len(args)}"
            )
        given = dict(zip(names, args, strict=False), **kwargs)
        self._given = {**self.defaults, **given, "device": device, "dtype": dtype}
        super().__init__(**{self.inferred: 0}, **self._given)
        module: Any = self
        made = {"device": device, "dtype": dtype}
        for name, value in list(module._parameters.items()):
            if value is not None:
                module._parameters[name] = UninitializedParameter(**made)
        for name, value in list(module._buffers.items()):
            if value is not None and value.ndim:
                module._buffers[name] = UninitializedBuffer(**made)

    def reset_parameters(self) -> None:
        """Draw the parameters anew, once there are any."""
        if getattr(self, self.inferred):
            super().reset_parameters()  # type: ignore[misc]

    def input_size(self, input: Tensor) -> int:
        """What the first input says."""
        return int(input.shape[1])

    def initialize_parameters(self, input: Tensor, *args: Any, **kwargs: Any) -> None:
        """Make the parameters as the ordinary module makes them."""
        size = self.input_size(input)
        if self.has_uninitialized_params():
            model: Any = type(self).cls_to_become
            model = model(**{self.inferred: size}, **self._given)
            for name, value in _own(self):
                if is_lazy(value):
                    with no_grad():
                        value.materialize(getattr(model, name).shape).copy_(getattr(model, name))
        setattr(self, self.inferred, size)
        del self._given


class LazyLinear(_Lazy, Linear):
    """`Linear` for whatever the last dimension of the first input is."""

    cls_to_become = Linear
    inferred = "in_features"

    def input_size(self, input: Tensor) -> int:
        """What the first input says."""
        return int(input.shape[-1])


class _LazyConv(_Lazy):
    """A convolution for as many channels as the first input has."""

    inferred = "in_channels"
    nd: int

    def input_size(self, input: Tensor) -> int:
        """What the first input says."""
        if input.ndim not in (self.nd + 1, self.nd + 2):
            raise RuntimeError(
                f"Expected {self.nd + 1}D (unbatched) or {self.nd + 2}D (batched) input to "
                f"{type(self).__name__}, but got input of size: {input.shape}"
            )
        return int(input.shape[-self.nd - 1])


class _LazyNorm(_Lazy):
    """A norm for as many channels as the first input has."""

    inferred = "num_features"
    defaults: ClassVar = {"affine": True, "track_running_stats": True}


__all__ = ["LazyLinear"]
for _kind, _rooms, _names in (
    (_LazyConv, convolution, ("Conv", "ConvTranspose")),
    (_LazyNorm, normalization, ("BatchNorm", "InstanceNorm")),
):
    for _name in _names:
        for _nd in (1, 2, 3):
            _base = getattr(_rooms, f"{_name}{_nd}d")
            _made = type(
                f"Lazy{_base.__name__}",
                (_kind, _base),
                {
                    "__doc__": f"`{_base.__name__}` for as many channels as the first input has.",
                    "__module__": __name__,
                    "cls_to_become": _base,
                },
            )
            globals()[_made.__name__] = _made
            __all__ += [_made.__name__]
