"""Parameters and buffers: tensors that a module takes in when they are assigned to it."""

from __future__ import annotations

from typing import Any

from .. import state
from .._tensor import Tensor
from ..dtypes import FLOATING
from ..errors import DtypeError
from ..node import LEAF
from ..ops.create import empty

__all__ = ["Buffer", "Parameter", "UninitializedBuffer", "UninitializedParameter", "is_lazy"]


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


# ------------------------------------------------------------------ not made yet


class _Uninitialized:
    """A tensor whose shape is not known yet; it can be moved, converted and materialized."""

    __slots__ = ()

    becomes: type[Tensor]

    def materialize(self, shape: Any, device: Any = None, dtype: Any = None) -> Any:
        """Become an ordinary one of this shape, without values, and return it."""
        own: Any = self
        like = own.data
        made = empty(shape, device=device or like.device, dtype=dtype or like.dtype)
        own.__class__ = self.becomes
        own.data = made
        return own

    @property
    def shape(self) -> Any:
        """Not known yet: an error that says so."""
        raise RuntimeError(
            "Can't access the shape of an uninitialized parameter or buffer. This error usually "
            "happens in `load_state_dict` when trying to load an uninitialized parameter into an "
            "initialized one. Call `forward` to initialize the parameters before accessing their "
            "attributes."
        )

    def detach(self) -> Any:
        """Itself: there is nothing to share yet."""
        return self

    def __repr__(self) -> str:
        return f"<{type(self).__name__}>"

    def __deepcopy__(self, memo: Any) -> Any:
        made, given = self.__reduce_ex__(2)
        return memo.setdefault(id(self), made(*given))

    def __reduce_ex__(self, protocol: Any) -> Any:
        own: Any = self
        return type(self), (own.requires_grad, own.data.device, own.data.dtype)


class UninitializedParameter(_Uninitialized, Parameter):
    """A parameter whose shape is not known yet; see `nn.LazyLinear`."""

    __slots__ = ()

    becomes = Parameter

    def __new__(cls, requires_grad: bool = True, device: Any = None, dtype: Any = None) -> Any:
        """An empty place for it."""
        return super().__new__(cls, empty(0, device=device, dtype=dtype), requires_grad)


class UninitializedBuffer(_Uninitialized, Tensor):
    """A buffer whose shape is not known yet; see `nn.LazyBatchNorm1d`."""

    __slots__ = ()

    becomes = Tensor

    def __new__(cls, requires_grad: bool = False, device: Any = None, dtype: Any = None) -> Any:
        """An empty place for it."""
        return cls._from_array(empty(0, device=device, dtype=dtype)._array)


def is_lazy(param: Any) -> bool:
    """Whether it is an `UninitializedParameter` or an `UninitializedBuffer`."""
    return isinstance(param, _Uninitialized)
