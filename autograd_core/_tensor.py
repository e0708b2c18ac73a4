"""Tensor: an array, its gradient, and the node that made it.

The methods that compute come from the op tables in ``ops/`` (each module adds its own
through `method`), those towards NumPy and others from `interop`; here are identity,
gradients, hooks and versions.
"""

from __future__ import annotations

import weakref
from collections import OrderedDict
from collections.abc import Callable
from typing import TYPE_CHECKING, Any, SupportsIndex

import numpy as np

from . import dispatch, dtypes, state
from .backends import backend_of, device
from .dtypes import FLOATING, dtype
from .errors import AutogradError, DeviceError, DtypeError, GradientError
from .forward import Tangents
from .node import (
    LEAF,
    InferenceVersion,
    Node,
    Output,
    RemovableHandle,
    Version,
    accumulator,
    edge_of,
    ref,
)
from .source import user_location
from .views import current_fn


class Size(tuple[int, ...]):
    """A shape; prints as PyTorch's ``torch.Size([2, 3])``."""

    __slots__ = ()

    def numel(self) -> int:
        """The number of elements."""
        count = 1
        for n in self:
            count *= n
        return count

    def __repr__(self) -> str:
        return f"torch.Size({list(self)})"

    def __getitem__(self, key: SupportsIndex | slice) -> Any:
        found = super().__getitem__(key)
        return Size(found) if isinstance(found, tuple) else found

    def __add__(self, other: Any) -> Size:
        return Size(super().__add__(tuple(other)))


class TensorExtra:
    """What few tensors have: hooks of a leaf, retained gradients, tangents, a name ..."""

    __slots__ = ("hooks", "name", "post_hooks", "retains", "tangents")

    def __init__(self) -> None:
        self.hooks: OrderedDict[int, Any] = OrderedDict()
        self.post_hooks: OrderedDict[int, Any] = OrderedDict()
        self.tangents: Tangents | None = None
        self.retains = False
        self.name: str | None = None


class Tensor:
    """A multi-dimensional array that can record what is computed with it.

    Use `autograd_core.tensor` to make one from data.

    Parameters
    ----------
    *data
        Sizes (``Tensor(2, 3)``, uninitialised) or one sequence of numbers, read as
        the default dtype: PyTorch's old constructor.
    """

    __slots__ = (
        "__dict__",
        "__weakref__",
        "_array",
        "_fn",
        "_grad",
        "_rare",
        "_version_counter",
        "_view",
    )

    _array: Any
    _fn: Any
    _grad: Tensor | None
    _rare: TensorExtra | None
    _version_counter: Version | None
    _view: Any
    __hash__ = object.__hash__
    __array_priority__ = 1000

    if TYPE_CHECKING:  # what the op rooms add (see `method`)
        __add__: Any
        __radd__: Any
        __sub__: Any
        __rsub__: Any
        __mul__: Any
        __rmul__: Any
        __truediv__: Any
        __rtruediv__: Any
        __floordiv__: Any
        __mod__: Any
        __pow__: Any
        __rpow__: Any
        __matmul__: Any
        __neg__: Any
        __invert__: Any
        __and__: Any
        __or__: Any
        __xor__: Any
        __lt__: Any
        __le__: Any
        __gt__: Any
        __ge__: Any
        __getitem__: Any
        __setitem__: Any
        __iter__: Any

        def __getattr__(self, name: str) -> Any: ...

    def __new__(cls, *data: Any, requires_grad: bool = False) -> Any:
        default = dtypes.get_default_dtype().numpy
        if len(data) == 1 and not isinstance(data[0], int):
            source = data[0]._array if isinstance(data[0], Tensor) else data[0]
            if isinstance(data[0], Tensor) and data[0].device.type != "cpu":
                raise DeviceError(
                    "legacy constructor expects device type: cpu but device type: "
                    f"{data[0].device.type} was passed; use torch.tensor() or detach()"
                )
            array = np.asarray(source, default)
        else:
            array = np.zeros(data or (0,), default)
        made = cls._from_array(array)
        if requires_grad:
            made._fn = LEAF
        return made

    @classmethod
    def _from_array(cls, array: Any) -> Any:
        """Wrap an array as a tensor outside any graph, without copying."""
        t = object.__new__(cls)
        t._array = array
        t._fn = None
        t._grad = None
        t._rare = None
        t._version_counter = None
        t._view = None
        return t

    def _extra(self) -> TensorExtra:
        if self._rare is None:
            self._rare = TensorExtra()
        return self._rare

    # -------------------------------------------------------------- what it is

    @property
    def shape(self) -> Size:
        """The sizes of the dimensions."""
        return Size(self._array.shape)

    @property
    def dtype(self) -> dtype:
        """The type of the elements."""
        return dtypes.from_numpy(self._array.dtype)

    @property
    def device(self) -> device:
        """Where the array lives."""
        return backend_of(self._array).device_of(self._array)

    @property
    def ndim(self) -> int:
        """The number of dimensions."""
        return self._array.ndim

    @property
    def itemsize(self) -> int:
        """Bytes of one element."""
        return self._array.itemsize

    @property
    def nbytes(self) -> int:
        """Bytes of all elements."""
        return self._array.nbytes

    @property
    def is_cuda(self) -> bool:
        """Whether it lives on a GPU."""
        return self.device.type == "cuda"

    @property
    def layout(self) -> str:
        """Always strided."""
        return "torch.strided"

    def size(self, dim: int | None = None) -> Any:
        """The shape, or the size of one dimension."""
        return self.shape if dim is None else self.shape[dim]

    def dim(self) -> int:
        """The number of dimensions."""
        return self._array.ndim

    ndimension = dim

    def numel(self) -> int:
        """The number of elements."""
        return int(self._array.size)

    nelement = numel

    def element_size(self) -> int:
        """Bytes of one element."""
        return self._array.itemsize

    def stride(self, dim: int | None = None) -> Any:
        """Elements to step over in memory for each dimension."""
        strides = tuple(s // self._array.itemsize for s in self._array.strides)
        return strides if dim is None else strides[dim]

    def is_contiguous(self) -> bool:
        """Whether the elements lie in memory in C order."""
        return bool(self._array.flags.c_contiguous)

    def data_ptr(self) -> int:
        """Address of the first element."""
        array = self._array
        return int(array.ctypes.data if isinstance(array, np.ndarray) else array.data.ptr)

    def is_floating_point(self) -> bool:
        """Whether the elements are real floats."""
        return self.dtype.is_floating_point

    def is_complex(self) -> bool:
        """Whether the elements are complex."""
        return self.dtype.is_complex

    def is_signed(self) -> bool:
        """Whether the elements can be negative."""
        return self.dtype.is_signed

    def is_inference(self) -> bool:
        """Whether it was made in inference mode."""
        return self._version_counter.__class__ is InferenceVersion

    def get_device(self) -> int:
        """The GPU's number, -1 on the CPU."""
        where = self.device
        return -1 if where.type == "cpu" else where.index or 0

    def __len__(self) -> int:
        if not self._array.ndim:
            raise TypeError("len() of a 0-d tensor")
        return self._array.shape[0]

    def __bool__(self) -> bool:
        if self._array.size != 1:
            what = "no values" if not self._array.size else "more than one value"
            raise RuntimeError(f"Boolean value of Tensor with {what} is ambiguous")
        return bool(self.item())

    def __float__(self) -> float:
        return float(self.item())

    def __int__(self) -> int:
        return int(self.item())

    def __complex__(self) -> complex:
        return complex(self.item())

    def __index__(self) -> int:
        if self.dtype.category >= FLOATING or self._array.size != 1:
            raise TypeError("only integer tensors of a single element can be converted to an index")
        return int(self.item())

    def __format__(self, spec: str) -> str:
        return format(self.item(), spec) if not self._array.ndim else object.__format__(self, spec)

    def __repr__(self) -> str:
        from .printing import tensor_text

        return tensor_text(self)

    def __dir__(self) -> list[str]:
        return sorted(set(object.__dir__(self)))

    # -------------------------------------------------------------- its place in the graph

    @property
    def requires_grad(self) -> bool:
        """Whether gradients flow to it; only leaves can be told (see `requires_grad_`)."""
        view = self._view
        if self._fn is not None or view is None or view.base._fn is None:
            return self._fn is not None
        return view.origin == "several" or current_fn(self) is not None

    @requires_grad.setter
    def requires_grad(self, value: bool) -> None:
        fn = self._fn if self._view is None else current_fn(self)
        if fn is not None and fn.__class__ is not ref:
            raise AutogradError(
                "you can only change requires_grad flags of leaf variables. If you want to use a "
                "computed variable in a subgraph that doesn't require differentiation use "
                "var_no_grad = var.detach()."
            )
        if not value:
            self._fn = None
        elif self.dtype.category < FLOATING:
            raise DtypeError(
                "only Tensors of floating point and complex dtype can require gradients, "
                f"got {self.dtype!r}; convert with .float() first"
            )
        elif fn is None:
            if self.is_inference() and not state.modes.inference:
                raise RuntimeError(
                    "Setting requires_grad=True on inference tensor outside InferenceMode is not "
                    "allowed; clone() it first."
                )
            self._fn = LEAF

    def requires_grad_(self, requires_grad: bool = True) -> Tensor:
        """Set `requires_grad` in place and return the tensor."""
        if self.is_leaf or not requires_grad:
            self.requires_grad = requires_grad
        return self

    @property
    def is_leaf(self) -> bool:
        """Whether no recorded operation made it."""
        fn = self._fn if self._view is None else current_fn(self)
        return fn is None or fn.__class__ is ref

    @property
    def grad_fn(self) -> Node | None:
        """The node that made it; None for a leaf."""
        fn = self._fn if self._view is None else current_fn(self)
        if fn is None or fn.__class__ is ref:
            return None
        return edge_of(fn)[0]

    @property
    def output_nr(self) -> int:
        """Which output of its node it is."""
        return self._fn.nr if self._fn.__class__ is Output else 0

    def _edge(self) -> Any:
        """What consumers point at: the node, an `Output`, or a leaf's accumulator."""
        fn = self._fn if self._view is None else current_fn(self)
        return accumulator(self) if fn.__class__ is ref else fn

    @property
    def grad(self) -> Tensor | None:
        """The gradient accumulated by backward; None until there is one."""
        if self._grad is None and not self.is_leaf and not self.retains_grad:
            _warn_nonleaf_grad(self)
        return self._grad

    @grad.setter
    def grad(self, value: Tensor | None) -> None:
        if value is None:
            self._grad = None
            return
        if not isinstance(value, Tensor):
            raise TypeError(
                f"assigned grad expected to be a Tensor or None but got {type(value).__name__}"
            )
        if value is self:
            raise RuntimeError("can't assign Variable as its own grad")
        if value.shape != self.shape:
            raise GradientError(
                f"attempting to assign a gradient of size '{list(value.shape)}' to a tensor of "
                f"size '{list(self.shape)}'. Please ensure that the gradient and the tensor are "
                "the same size"
            )
        if value.dtype is not self.dtype:
            raise GradientError(
                f"attempting to assign a gradient with dtype '{value.dtype!r}' to a tensor with "
                f"dtype '{self.dtype!r}'. The gradient must match the tensor's dtype"
            )
        if value.device != self.device:
            raise GradientError(
                f"attempting to assign a gradient with device type '{value.device}' to a tensor "
                f"with device type '{self.device}'. Please ensure that the gradient and the "
                "tensor are on the same device"
            )
        self._grad = value

    @grad.deleter
    def grad(self) -> None:
        self._grad = None

    @property
    def retains_grad(self) -> bool:
        """Whether a non-leaf keeps its gradient (`retain_grad`)."""
        return self._rare is not None and self._rare.retains

    def retain_grad(self) -> None:
        """Keep the gradient of this non-leaf in ``.grad``."""
        if not self.requires_grad:
            raise AutogradError("can't retain_grad on Tensor that has requires_grad=False")
        if self.is_leaf or self.retains_grad:
            return
        node, nr = edge_of(self._edge())
        assert node is not None
        node.extra().retain[nr] = weakref.ref(self)
        self._extra().retains = True

    def backward(
        self,
        gradient: Tensor | None = None,
        retain_graph: bool | None = None,
        create_graph: bool = False,
        inputs: Any = None,
    ) -> None:
        """Compute gradients of this tensor with respect to the leaves; add them to ``.grad``.

        Parameters
        ----------
        gradient : Tensor, optional
            Gradient with respect to this tensor, of its shape; needed unless it has one
            element.
        retain_graph : bool, optional
            Keep the graph for another backward; default: the value of `create_graph`.
        create_graph : bool, default False
            Record the backward too, for higher-order derivatives.
        inputs : Tensor or sequence of Tensor, optional
            Accumulate into these only.

        Raises
        ------
        NoGradError, GradientError, GraphFreedError, InPlaceError
            See `autograd_core.errors`.
        """
        from .autograd import backward

        backward(self, gradient, retain_graph, create_graph, inputs=inputs)

    def register_hook(self, hook: Callable[[Tensor], Tensor | None]) -> RemovableHandle:
        """Call ``hook(grad)`` when the gradient arrives; it may return another."""
        if not self.requires_grad:
            raise AutogradError("cannot register a hook on a tensor that doesn't require gradient")
        if self.is_leaf:
            return RemovableHandle(self._extra().hooks, hook)
        node, nr = edge_of(self._edge())
        assert node is not None
        return RemovableHandle(node.extra().tensor_hooks.setdefault(nr, OrderedDict()), hook)

    def register_post_accumulate_grad_hook(self, hook: Callable[[Tensor], None]) -> RemovableHandle:
        """Call ``hook(tensor)`` after a gradient was added to this leaf's ``.grad``."""
        if not self.requires_grad or not self.is_leaf:
            raise AutogradError("post accumulate grad hooks can only be registered on leaf tensors")
        return RemovableHandle(self._extra().post_hooks, hook)

    @property
    def name(self) -> str | None:
        """A name given by the user (shown in graphs)."""
        return None if self._rare is None else self._rare.name

    @name.setter
    def name(self, value: str | None) -> None:
        self._extra().name = value

    # -------------------------------------------------------------- memory and versions

    @property
    def _version(self) -> int:
        return 0 if self._version_counter is None else self._version_counter.n

    def _bump(self, culprit: str, where: Any = None) -> None:
        """Count an in-place write, and remember who wrote and from which line (`user_location`)."""
        counter = self._version_counter
        if counter is None:
            counter = self._version_counter = Version()
        counter.n += 1
        if counter.culprit is not None:
            counter.before = counter.culprit[0]
        counter.culprit = (culprit, *(where or user_location(2)))

    @property
    def _base(self) -> Tensor | None:
        return None if self._view is None else self._view.base

    def _is_view(self) -> bool:
        return self._view is not None

    def detach(self) -> Tensor:
        """The same memory outside the graph."""
        t = Tensor._from_array(self._array)
        if self._version_counter is None:
            self._version_counter = Version()
        t._version_counter = self._version_counter
        if state.cut is not None:
            state.cut("detach", self, t)
        return t

    def detach_(self) -> Tensor:
        """Take this tensor out of its graph."""
        if self._view is not None:
            raise RuntimeError("Can't detach views in-place. Use detach() instead.")
        if state.cut is not None:
            state.cut("detach", self, self)
        self._fn = None
        return self

    @property
    def data(self) -> Tensor:
        """The same memory without history or version checks; prefer `detach`."""
        t = Tensor._from_array(self._array)
        if state.cut is not None:
            state.cut("data", self, t)
        return t

    @data.setter
    def data(self, value: Tensor) -> None:
        if not isinstance(value, Tensor):
            raise TypeError(f"Variable data has to be a tensor, but got {type(value).__name__}")
        self._array = value._array

    # -------------------------------------------------------------- as Python numbers

    def item(self) -> Any:
        """The only element as a Python number."""
        if self._array.size != 1:
            raise RuntimeError(
                f"a Tensor with {self._array.size} elements cannot be converted to Scalar"
            )
        value = _python_values(self._host().reshape(()))
        if state.cut is not None:
            state.cut("item", self, value)
        return value

    def tolist(self) -> Any:
        """Nested lists of Python numbers."""
        values = _python_values(self._host())
        if state.cut is not None:
            state.cut("tolist", self, values)
        return values

    def _host(self) -> np.ndarray[Any, Any]:
        return backend_of(self._array).to_numpy(self._array)


def _python_values(array: np.ndarray[Any, Any]) -> Any:
    return array.astype(np.float32).tolist() if array.dtype.name == "bfloat16" else array.tolist()


def _warn_nonleaf_grad(t: Tensor) -> None:
    import warnings

    made = t.grad_fn.location if t.grad_fn is not None else None
    line = f" It was made at {made}." if made is not None else ""
    warnings.warn(
        "The .grad attribute of a Tensor that is not a leaf Tensor is being accessed. Its .grad "
        "attribute won't be populated during autograd.backward(). If you indeed want the .grad "
        "field to be populated for a non-leaf Tensor, use .retain_grad() on the non-leaf Tensor."
        + line,
        UserWarning,
        stacklevel=3,
    )


dispatch.TensorClass = Tensor


def method(*names: str) -> Callable[[Any], Any]:
    """Make a function a method of Tensor too, under its own name or those given."""

    def attach(fn: Any) -> Any:
        for name in names or (fn.__name__,):
            setattr(Tensor, name, fn)
        return fn

    return attach
