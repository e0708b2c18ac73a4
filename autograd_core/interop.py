"""A tensor towards NumPy, other array libraries, pickle and `copy`: methods of `Tensor`."""

from __future__ import annotations

from typing import Any

import numpy as np

from . import state
from ._tensor import Tensor, method
from .backends import device, move
from .node import LEAF

# ------------------------------------------------------------------ arrays of others


@method()
def numpy(self: Tensor, *, force: bool = False) -> np.ndarray[Any, Any]:
    """The NumPy array that shares this tensor's memory.

    Parameters
    ----------
    force : bool, default False
        Detach and copy from the GPU as needed instead of raising.
    """
    if not force:
        if self.requires_grad and state.modes.grad:
            raise RuntimeError(
                "Can't call numpy() on Tensor that requires grad. "
                "Use tensor.detach().numpy() instead."
            )
        if self.device.type != "cpu":
            raise TypeError(
                f"can't convert {self.device} device type tensor to numpy. "
                "Use Tensor.cpu() to copy the tensor to host memory first."
            )
    array = self._host()
    if state.cut is not None:
        state.cut("numpy", self, array)
    return array


@method()
def __array__(self: Tensor, dtype: Any = None, copy: bool | None = None) -> np.ndarray[Any, Any]:
    found = self.numpy()
    if dtype is not None and found.dtype != dtype:
        return found.astype(dtype)
    return found.copy() if copy else found


@method()
def __dlpack__(self: Tensor, **kwargs: Any) -> Any:
    if self.requires_grad:
        raise BufferError("Can't export tensors that require gradient, use tensor.detach() first")
    return self._array.__dlpack__(**kwargs)


@method()
def __dlpack_device__(self: Tensor) -> tuple[int, int]:
    return self._array.__dlpack_device__()


def _cuda_array_interface(self: Tensor) -> dict[str, Any]:
    if not self.is_cuda:
        raise AttributeError(
            "Can't get __cuda_array_interface__ on non-CUDA tensor type: "
            f"{self.dtype!r}; use tensor.cuda() first"
        )
    return self._array.__cuda_array_interface__


method("__cuda_array_interface__")(property(_cuda_array_interface))


@method()
def to_device(self: Tensor, where: device) -> Tensor:
    """Copy to a device, outside the graph (`to` is the differentiable way)."""
    return Tensor._from_array(move(self._array, where))


# ------------------------------------------------------------------ copies and pickles


@method()
def __reduce_ex__(self: Tensor, protocol: Any) -> tuple[Any, ...]:
    if not self.is_leaf:
        raise RuntimeError(
            "Only Tensors created explicitly by the user (graph leaves) support the deepcopy "
            "and pickle protocols at the moment; use .detach() first."
        )
    name = None if self._rare is None else self._rare.name
    state_dict = self.__dict__ or None
    args = (type(self), self._host(), str(self.device), self.requires_grad, name)
    return _rebuild, args, state_dict


@method()
def __deepcopy__(self: Tensor, memo: dict[int, Any]) -> Tensor:
    if id(self) in memo:
        return memo[id(self)]
    if not self.is_leaf:
        raise RuntimeError(
            "Only Tensors created explicitly by the user (graph leaves) support the deepcopy "
            "protocol at the moment; use .detach().clone() instead."
        )
    made: Tensor = type(self)._from_array(self._array.copy())
    made._fn = LEAF if self.requires_grad else None
    memo[id(self)] = made
    if self._grad is not None:
        made._grad = self._grad.__deepcopy__(memo)
    made.__dict__.update(self.__dict__)
    return made


def _rebuild(
    cls: type[Tensor], array: Any, where: str, requires_grad: bool, name: str | None
) -> Tensor:
    made: Tensor = cls._from_array(move(array, device(where)))
    made._fn = LEAF if requires_grad else None
    if name is not None:
        made.name = name
    return made
