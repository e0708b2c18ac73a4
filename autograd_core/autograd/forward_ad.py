"""``autograd.forward_ad``: forward-mode differentiation with dual tensors.

>>> import autograd_core as ag
>>> import autograd_core.autograd.forward_ad as fwAD
>>> x = ag.tensor([1.0, 2.0])
>>> with fwAD.dual_level():
...     dual = fwAD.make_dual(x, ag.tensor([1.0, 10.0]))
...     print(fwAD.unpack_dual(dual * dual).tangent)
tensor([ 2., 40.])
"""

from __future__ import annotations

from typing import NamedTuple

from .. import forward, state
from .._tensor import Tensor
from ..errors import AutogradError, GradientError
from ..functional_namespace import TENSORS
from ..modes import Mode


class UnpackedDualTensor(NamedTuple):
    """The two halves of a dual tensor; ``tangent`` is None for an ordinary one."""

    primal: Tensor
    tangent: Tensor | None


def enter_dual_level() -> int:
    """Open a level; see `dual_level`."""
    if state.modes.forward_level >= 0:
        raise RuntimeError(
            "Nested forward mode AD is not supported at the moment; use autograd_core.func.jvp, "
            "which nests."
        )
    return forward.enter_level()


def exit_dual_level(*, level: int | None = None) -> None:
    """Close the level: tangents made in it are gone.

    Raises
    ------
    RuntimeError
        If `level` is not the innermost open one.
    """
    current = state.modes.forward_level
    level = current if level is None else level
    if current < 0 or level != current:
        raise RuntimeError(
            "Trying to exit a forward AD level that was not the last one that was created. "
            f"This is not supported. (level {level}, the innermost open one is {current})"
        )
    forward.exit_level(level)


class dual_level(Mode):
    """The ``with`` block in which dual tensors live."""

    def __enter__(self) -> int:
        self._level = enter_dual_level()
        return self._level

    def __exit__(self, *exc: object) -> None:
        exit_dual_level(level=self._level)


def make_dual(tensor: Tensor, tangent: Tensor, *, level: int | None = None) -> Tensor:
    """A dual tensor: an alias of `tensor` that carries `tangent`.

    Parameters
    ----------
    tensor, tangent : Tensor
        Floating, of one shape and dtype.
    level : int, optional
        The level it belongs to; default: the innermost.

    Raises
    ------
    RuntimeError
        Outside `dual_level`.
    GradientError
        If `tangent` does not fit.
    """
    level = _open_level(level, "make_dual")
    if not (tensor.is_floating_point() or tensor.is_complex()):
        raise ValueError(
            f"Expected primal to be floating point or complex, but got: {tensor.dtype!r}"
        )
    if not (tangent.is_floating_point() or tangent.is_complex()):
        raise ValueError(
            f"Expected tangent to be floating point or complex, but got: {tangent.dtype!r}"
        )
    if tensor.shape != tangent.shape or tensor.dtype is not tangent.dtype:
        raise GradientError(
            "Trying to set a forward gradient that has a different size or type than that of the "
            f"original Tensor, this is not supported. Tensor is of size {list(tensor.shape)} and "
            f"{tensor.dtype!r} while the given forward gradient is of size "
            f"{list(tangent.shape)} and {tangent.dtype!r}."
        )
    if forward.tangent_of(tensor, level) is not None:
        raise AutogradError(
            "Trying to create a dual tensor from one that has a tangent at this level already; "
            "unpack_dual it first."
        )
    dual: Tensor = TENSORS.alias(tensor)
    forward.set_tangent(dual, level, tangent)
    return dual


def unpack_dual(tensor: Tensor, *, level: int | None = None) -> UnpackedDualTensor:
    """The primal, as a view, and the tangent of a dual tensor.

    Outside any level, or for an ordinary tensor, the tangent is None.
    """
    level = state.modes.forward_level if level is None else level
    if level < 0:
        return UnpackedDualTensor(tensor, None)
    tangent = forward.tangent_of(tensor, level)
    with forward.below(level):
        primal = TENSORS.alias(tensor)
    return UnpackedDualTensor(primal, tangent)


def _open_level(level: int | None, what: str) -> int:
    current = state.modes.forward_level
    level = current if level is None else level
    if not 0 <= level <= current:
        raise RuntimeError(
            f"Trying to use {what} outside of a level: make sure to use it inside "
            "'with dual_level():'."
        )
    return level


__all__ = [
    "UnpackedDualTensor", "dual_level", "enter_dual_level", "exit_dual_level", "make_dual",
    "unpack_dual",
]  # fmt: skip
