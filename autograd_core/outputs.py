"""``out=``: results written into tensors that the caller brings."""

from __future__ import annotations

import warnings
from collections.abc import Callable, Iterable
from typing import Any

from . import dispatch, dtypes, state
from .backends import backend_of
from .errors import AutogradError, DeviceError, DtypeError


def write_outputs(name: str, compute: Callable[[], Any], inputs: Iterable[Any], out: Any) -> Any:
    """Run a function and write its results into `out`, a tensor or a tuple of them.

    Raises
    ------
    TypeError
        If `out` is not what the function gives.
    AutogradError
        While recording, if a tensor requires grad: nobody could differentiate the write.
    DtypeError, DeviceError
        If a result does not fit into its tensor.
    """
    targets = out if isinstance(out, tuple | list) else (out,)
    for target in targets:
        if not isinstance(target, dispatch.TensorClass):
            raise TypeError(f"{name}(): argument 'out' must be Tensor, not {type(target).__name__}")
    if state.modes.grad and any(t.requires_grad for t in _tensors((targets, *inputs))):
        raise AutogradError(
            f"{name}(): functions with out=... arguments don't support automatic differentiation, "
            "but one of the arguments requires grad."
        )
    if name in _NO_OVERLAP:
        _check_apart(name, targets, inputs)
    result = compute()
    found = result if isinstance(result, tuple) else (result,)
    if len(found) != len(targets) or isinstance(result, tuple) is (targets[0] is out):
        raise TypeError(f"{name}(): expected tuple of {len(found)} elements but got {len(targets)}")
    for target, part in zip(targets, found, strict=True):
        _check_fits(name, target, part)
    for target, part in zip(targets, found, strict=True):
        _write(name, target, part)
    return out if targets[0] is out else _like(result, targets)


_NO_OVERLAP = ("bernoulli", "cat", "gather", "index_select", "take", "take_along_dim")
"""Functions that PyTorch lets read no memory to which they write."""

_EXACT = ("aminmax", "complex", "gather", "multinomial", "polar")
"""Functions whose ``out`` must be of the result's very dtype."""


def _check_apart(name: str, targets: Iterable[Any], inputs: Iterable[Any]) -> None:
    for target in targets:
        for x in _tensors(inputs):
            if backend_of(target._array).xp.may_share_memory(target._array, x._array):
                raise RuntimeError(
                    f"unsupported operation: some elements of the input tensor and the written-to "
                    f"tensor of {name}() refer to a single memory location. Please clone() the "
                    "tensor before performing the operation."
                )


def _tensors(values: Iterable[Any]) -> Iterable[Any]:
    for value in values:
        if isinstance(value, dispatch.TensorClass):
            yield value
        elif isinstance(value, tuple | list):
            yield from _tensors(value)


def _like(result: Any, parts: Any) -> Any:
    """The parts as a tuple of the same kind: many have names."""
    return type(result)(*parts) if hasattr(result, "_fields") else tuple(parts)


def _check_fits(name: str, target: Any, result: Any) -> None:
    have, want = result.dtype, target.dtype
    if name in _EXACT and have is not want:
        raise DtypeError(
            f"Expected out tensor of {name}() to have dtype {have!r}, but got {want!r} instead"
        )
    if have.category > want.category:
        raise DtypeError(
            f"result type {dtypes.scalar_type(have)} can't be cast to the desired output type "
            f"{dtypes.scalar_type(want)} (in {name}() with out=)"
        )
    if result.device != target.device:
        raise DeviceError(
            f"Expected all tensors to be on the same device, but out is on {target.device} and "
            f"the result of {name}() on {result.device}"
        )
    if target._array.shape == result._array.shape:
        from .inplace import check_memory  # which needs the ops first

        check_memory(target, name)


def _write(name: str, target: Any, result: Any) -> None:
    array, found = target._array, result._array
    if array.shape != found.shape:
        if array.size:
            warnings.warn(
                "An output with one or more elements was resized since it had shape "
                f"{list(array.shape)}, which does not match the required output shape "
                f"{list(found.shape)}. Resize it first, or bring an empty tensor.",
                UserWarning,
                stacklevel=4,
            )
        target._array = backend_of(array).xp.array(found, dtype=array.dtype, order="C", copy=True)
    elif found is not array:
        array[...] = found
    target._bump(name)
