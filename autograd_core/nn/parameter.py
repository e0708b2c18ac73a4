"""Parameters and buffers: tensors that a module takes in when they are assigned to it."""

from __future__ import annotations

from typing import Any

from .. import state
from .._tensor import Tensor
from ..dtypes import FLOATING
from ..errors import DtypeError
from ..node import LEAF

__all__ = ["Buffer", "Parameter"]


class Parameter(Tensor):
    """A tensor that is to be learned; a leaf that requires grad unless told otherwise.

    Parameters
    ----------
    data : Tensor, optional
        Its memory is shared; default: empty.
    requires_grad : bool, default True
        Whether gradients are computed for it.

    Raises
    ------
    DtypeError
        If it shall require grad and holds integers or bools.
    """

    __slots__ = ()

    def __new__(cls, data: Any = None, requires_grad: bool = True) -> Any:
        """Wrap the memory of `data`."""
        if data is None:
            data = Tensor()
        made = cls._from_array(data._array)
        if requires_grad:
            if data.dtype.category < FLOATING:
                raise DtypeError(
                    "Only Tensors of floating point and complex dtype can require gradients, "
                    f"got {data.dtype!r}; pass requires_grad=False or convert with .float()"
                )
            made._fn = LEAF
        return state.entered(data, made)

    def __repr__(self) -> str:
        return f"Parameter containing:\n{super().__repr__()}"


class Buffer(Tensor):
    """A tensor that belongs to a module's state and is not learned (running means ...).

    Parameters
    ----------
    data : Tensor, optional
        Its memory is shared; default: empty.
    persistent : bool, default True
        Whether it is part of ``state_dict()``.
    """

    def __new__(cls, data: Any = None, *, persistent: bool = True) -> Any:
        """Wrap the memory of `data`."""
        made = cls._from_array((Tensor() if data is None else data)._array)
        made.persistent = persistent
        return made
