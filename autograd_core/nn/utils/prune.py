"""Pruning: elements of a parameter held at 0 by a mask.

The parameter is kept as ``weight_orig``, the mask as the buffer ``weight_mask``, and
``weight`` is their product, computed before each forward.  Source of the criteria: Han and
others 2015 (smallest elements), Li and others 2017 (channels of the smallest norm).
"""

from __future__ import annotations

import numbers
from abc import ABC, abstractmethod
from collections.abc import Iterable, Iterator
from typing import Any

from ..._tensor import Tensor
from ...ops.create import ones_like, zeros_like
from ...ops.sampling import rand, rand_like
from ..modules.module import Module
from .convert_parameters import parameters_to_vector

__all__ = [
    "BasePruningMethod", "CustomFromMask", "Identity", "L1Unstructured", "LnStructured",
    "PruningContainer", "RandomStructured", "RandomUnstructured", "custom_from_mask",
    "global_unstructured", "identity", "is_pruned", "l1_unstructured", "ln_structured",
    "random_structured", "random_unstructured", "remove",
]  # fmt: skip

# ------------------------------------------------------------------ amounts


def _check_amount(amount: Any) -> None:
    if not isinstance(amount, numbers.Real):
        raise TypeError(f"Invalid type for amount: {amount}. Must be int or float.")
    whole = isinstance(amount, numbers.Integral)
    if float(amount) < 0 or (not whole and float(amount) > 1.0):
        raise ValueError(
            f"amount={amount} should either be a float in the range [0, 1] "
            "or a non-negative integer"
        )


def _count(amount: Any, of: int) -> int:
    """How many to prune: a number of them, or a share."""
    count = int(amount) if isinstance(amount, numbers.Integral) else round(amount * of)
    if count > of:
        raise ValueError(
            f"amount={count} should be smaller than the number of parameters to prune={of}"
        )
    return count


def _check_structured(t: Tensor, dim: int) -> None:
    if t.ndim <= 1:
        raise ValueError(
            "Structured pruning can only be applied to multidimensional tensors. Found tensor of "
            f"shape {t.shape} with {t.ndim} dims"
        )
    if dim >= t.ndim:
        raise IndexError(f"Invalid index {dim} for tensor of size {t.shape}")


# ------------------------------------------------------------------ methods


class BasePruningMethod(ABC):
    """A way to choose what is pruned; subclasses say ``compute_mask`` and `PRUNING_TYPE`."""

    PRUNING_TYPE = "unstructured"
    _tensor_name: str

    def __call__(self, module: Module, inputs: Any) -> None:
        """Compute the pruned parameter anew."""
        setattr(module, self._tensor_name, self.apply_mask(module))

    @abstractmethod
    def compute_mask(self, t: Tensor, default_mask: Tensor) -> Tensor:
        """1 where an element stays: `default_mask`, with more zeros."""

    def apply_mask(self, module: Module) -> Tensor:
        """The parameter times its mask."""
        mask, orig = (getattr(module, f"{self._tensor_name}_{x}") for x in ("mask", "orig"))
        return mask.to(orig.dtype) * orig

    @classmethod
    def apply(
        cls, module: Module, name: str, *args: Any, importance_scores: Any = None, **kwargs: Any
    ) -> BasePruningMethod:
        """Prune a parameter, on top of what is pruned already."""
        new = cls(*args, **kwargs)
        new._tensor_name = name
        key, old = _method_on(module, name)
        method = new if old is None else _joined(old, new)
        current = getattr(module, name)
        scores = current if importance_scores is None else importance_scores
        if scores.shape != current.shape:
            raise AssertionError(
                f"importance_scores should have the same shape as parameter {name} of {module}, "
                f"got {scores.shape} vs {current.shape}"
            )
        before = ones_like(current) if old is None else getattr(module, f"{name}_mask").clone()
        mask = method.compute_mask(scores.detach(), default_mask=before.detach())
        if key is None:
            module.register_parameter(f"{name}_orig", module._parameters.pop(name))
        else:
            del module._forward_pre_hooks[key]
        module.register_buffer(f"{name}_mask", mask)
        setattr(module, name, method.apply_mask(module))
        module.register_forward_pre_hook(method)
        return method

    def prune(
        self, t: Tensor, default_mask: Tensor | None = None, importance_scores: Any = None
    ) -> Tensor:
        """A tensor, pruned, without a module."""
        scores = t if importance_scores is None else importance_scores
        if scores.shape != t.shape:
            raise AssertionError(
                "importance_scores should have the same shape as tensor t, got "
                f"{scores.shape} vs {t.shape}"
            )
        mask = ones_like(t) if default_mask is None else default_mask
        return t * self.compute_mask(scores, default_mask=mask)

    def remove(self, module: Module) -> None:
        """Make the pruned values the parameter; it is an ordinary one again."""
        name = self._tensor_name
        pruned = self.apply_mask(module)
        delattr(module, name)
        parameter: Any = module._parameters.pop(f"{name}_orig")
        parameter.data = pruned.detach()
        del module._buffers[f"{name}_mask"]
        setattr(module, name, parameter)


def _method_on(module: Module, name: str) -> tuple[int | None, BasePruningMethod | None]:
    for key, hook in module._forward_pre_hooks.items():
        if isinstance(hook, BasePruningMethod) and hook._tensor_name == name:
            return key, hook
    return None, None


def _joined(old: BasePruningMethod, new: BasePruningMethod) -> PruningContainer:
    container = PruningContainer(*(old if isinstance(old, PruningContainer) else [old]))
    container.add_pruning_method(new)
    return container


class PruningContainer(BasePruningMethod):
    """Several methods, one after the other, each on what the ones before left."""

    def __init__(self, *methods: BasePruningMethod):
        self._pruning_methods: tuple[BasePruningMethod, ...] = ()
        if methods:
            self._tensor_name = methods[0]._tensor_name
        for method in methods:
            self.add_pruning_method(method)

    def add_pruning_method(self, method: Any) -> None:
        """Add one that acts on the same parameter."""
        if not isinstance(method, BasePruningMethod):
            raise TypeError(f"{type(method)} is not a BasePruningMethod subclass")
        if method._tensor_name != self._tensor_name:
            raise ValueError(
                "Can only add pruning methods acting on the parameter named "
                f"'{self._tensor_name}' to PruningContainer {self}. Found '{method._tensor_name}'"
            )
        self._pruning_methods += (method,)

    def __len__(self) -> int:
        return len(self._pruning_methods)

    def __iter__(self) -> Iterator[BasePruningMethod]:
        return iter(self._pruning_methods)

    def __getitem__(self, index: Any) -> Any:
        return self._pruning_methods[index]

    def compute_mask(self, t: Tensor, default_mask: Tensor) -> Tensor:
        """The last method's mask, computed on what `default_mask` left."""
        method = self._pruning_methods[-1]
        left = self._what_is_left(method, t, default_mask)
        mask = default_mask.to(t.dtype).clone()
        mask[left] = method.compute_mask(t[left], default_mask[left]).to(mask.dtype)
        return mask

    def _what_is_left(self, method: Any, t: Tensor, mask: Tensor) -> Any:
        """The index of elements, or of channels, that are not pruned yet."""
        if method.PRUNING_TYPE == "unstructured":
            return mask.eq(1)
        if method.PRUNING_TYPE == "global":
            return (slice(None),) * t.ndim
        if method.PRUNING_TYPE != "structured":
            raise ValueError(f"Unrecognized PRUNING_TYPE {method.PRUNING_TYPE}")
        dim = method.dim % t.ndim
        others = [d for d in range(t.ndim) if d != dim]
        return (*((slice(None),) * dim), mask.sum(others) != 0)


class Identity(BasePruningMethod):
    """Prunes nothing."""

    def compute_mask(self, t: Tensor, default_mask: Tensor) -> Tensor:
        """The mask as it is."""
        return default_mask


class _Amount(BasePruningMethod):
    def __init__(self, amount: Any):
        _check_amount(amount)
        self.amount = amount

    def _without(self, mask: Tensor, scores: Tensor, largest: bool) -> Tensor:
        """The mask with zeros where the scores are largest, or smallest."""
        count = _count(self.amount, scores.numel())
        made = mask.clone().reshape(-1)
        if count:
            made[scores.reshape(-1).topk(count, largest=largest).indices] = 0
        return made.reshape(mask.shape)


class RandomUnstructured(_Amount):
    """Prunes any elements; `amount` is a share or a number of them."""

    def compute_mask(self, t: Tensor, default_mask: Tensor) -> Tensor:
        """The mask with zeros anywhere."""
        return self._without(default_mask, rand_like(t), largest=True)


class L1Unstructured(_Amount):
    """Prunes the elements nearest to 0."""

    def compute_mask(self, t: Tensor, default_mask: Tensor) -> Tensor:
        """The mask with zeros where elements are smallest."""
        return self._without(default_mask, t.abs(), largest=False)


class _Channels(BasePruningMethod):
    PRUNING_TYPE = "structured"

    def __init__(self, amount: Any, dim: int = -1):
        _check_amount(amount)
        self.amount = amount
        self.dim = dim

    def _keeping(self, t: Tensor, default_mask: Tensor, scores: Tensor, count: int) -> Tensor:
        """The mask with zeros in all channels but those of the largest scores."""
        kept = scores.topk(count).indices
        mask = zeros_like(t)
        mask[(*((slice(None),) * (self.dim % t.ndim)), kept)] = 1
        return mask * default_mask.to(mask.dtype)


class RandomStructured(_Channels):
    """Prunes any channels of dimension `dim`."""

    def compute_mask(self, t: Tensor, default_mask: Tensor) -> Tensor:
        """The mask with zeros in any channels."""
        _check_structured(t, self.dim)
        size = t.shape[self.dim]
        pruned = _count(self.amount, size)
        if not pruned:
            return default_mask
        scores = rand(size, device=t.device)
        return self._keeping(t, default_mask, scores, size - pruned)


class LnStructured(_Channels):
    """Prunes the channels of dimension `dim` whose norm of order `n` is smallest."""

    def __init__(self, amount: Any, n: Any, dim: int = -1):
        super().__init__(amount, dim)
        self.n = n

    def compute_mask(self, t: Tensor, default_mask: Tensor) -> Tensor:
        """The mask with zeros in the channels of the smallest norm."""
        _check_structured(t, self.dim)
        size = t.shape[self.dim]
        pruned = _count(self.amount, size)
        if not pruned:
            return default_mask
        others = [d for d in range(t.ndim) if d != self.dim % t.ndim]
        return self._keeping(t, default_mask, t.norm(self.n, others), size - pruned)


class CustomFromMask(BasePruningMethod):
    """Prunes what a given mask says."""

    PRUNING_TYPE = "global"

    def __init__(self, mask: Tensor):
        self.mask = mask

    def compute_mask(self, t: Tensor, default_mask: Tensor) -> Tensor:
        """Both masks together."""
        if default_mask.shape != self.mask.shape:
            raise AssertionError(
                f"default_mask shape {default_mask.shape} must match self.mask shape "
                f"{self.mask.shape}"
            )
        return default_mask * self.mask.to(default_mask.dtype)


# ------------------------------------------------------------------ functions


def identity(module: Any, name: str) -> Any:
    """Make a parameter look pruned without pruning it."""
    Identity.apply(module, name)
    return module


def random_unstructured(module: Any, name: str, amount: Any) -> Any:
    """Prune a share, or a number, of any elements."""
    RandomUnstructured.apply(module, name, amount)
    return module


def l1_unstructured(module: Any, name: str, amount: Any, importance_scores: Any = None) -> Any:
    """Prune a share, or a number, of the elements nearest to 0."""
    L1Unstructured.apply(module, name, amount, importance_scores=importance_scores)
    return module


def random_structured(module: Any, name: str, amount: Any, dim: int) -> Any:
    """Prune a share, or a number, of any channels of a dimension."""
    RandomStructured.apply(module, name, amount, dim)
    return module


def ln_structured(
    module: Any, name: str, amount: Any, n: Any, dim: int, importance_scores: Any = None
) -> Any:
    """Prune a share, or a number, of the channels whose norm of order `n` is smallest."""
    LnStructured.apply(module, name, amount, n, dim, importance_scores=importance_scores)
    return module


def custom_from_mask(module: Any, name: str, mask: Tensor) -> Any:
    """Prune the elements where a mask is 0."""
    CustomFromMask.apply(module, name, mask)
    return module


def global_unstructured(
    parameters: Any, pruning_method: Any, importance_scores: Any = None, **kwargs: Any
) -> None:
    """Prune several parameters as if they were one vector.

    Parameters
    ----------
    parameters : iterable of (Module, str)
        Which ones.
    pruning_method : class
        An unstructured method.
    importance_scores : dict, optional
        Scores by (module, name) in place of the values.
    **kwargs
        Arguments of the method.
    """
    if not isinstance(parameters, Iterable):
        raise TypeError("global_unstructured(): parameters is not an Iterable")
    scores = {} if importance_scores is None else importance_scores
    if not isinstance(scores, dict):
        raise TypeError("global_unstructured(): importance_scores must be of type dict")
    members = [(module, name, getattr(module, name)) for module, name in parameters]
    values = parameters_to_vector([scores.get((m, n), p).detach() for m, n, p in members])
    masks = [getattr(m, f"{n}_mask", None) for m, n, _ in members]
    pairs = zip(masks, members, strict=True)
    before = parameters_to_vector([ones_like(p) if k is None else k for k, (_, _, p) in pairs])
    method = pruning_method(**kwargs)
    method._tensor_name = "temp"
    if method.PRUNING_TYPE != "unstructured":
        raise TypeError(
            'Only "unstructured" PRUNING_TYPE supported for the `pruning_method`. Found method '
            f"{pruning_method} of type {method.PRUNING_TYPE}"
        )
    mask = PruningContainer(method).compute_mask(values, before)
    parts = mask.split([p.numel() for _, _, p in members])
    for (module, name, p), part in zip(members, parts, strict=True):
        custom_from_mask(module, name, part.reshape(p.shape))


def remove(module: Any, name: str) -> Any:
    """Make a pruned parameter an ordinary one; its zeros stay."""
    key, method = _method_on(module, name)
    if method is None:
        raise ValueError(
            f"Parameter '{name}' of module {module} has to be pruned before pruning can be removed"
        )
    method.remove(module)
    del module._forward_pre_hooks[key]
    return module


def is_pruned(module: Any) -> bool:
    """Whether a module, or one below it, has a pruned parameter."""
    return any(
        isinstance(hook, BasePruningMethod)
        for _, owner in module.named_modules()
        for hook in owner._forward_pre_hooks.values()
    )
