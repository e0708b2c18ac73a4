"""New tensors, from data or filled with numbers."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import numpy as np

from .. import backends, dtypes, settings, state
from .._tensor import Tensor, method
from ..backends import Backend, move
from ..backends import device as device_type
from ..dispatch import NUMBERS
from ..dtypes import FLOATING
from ..errors import DtypeError, ShapeError
from ..node import LEAF
from .dims import sizes

# ------------------------------------------------------------------ from data


def tensor(
    data: Any,
    *,
    dtype: Any = None,
    device: Any = None,
    requires_grad: bool = False,
    pin_memory: bool = False,
) -> Tensor:
    """A leaf tensor with a copy of the data.

    Parameters
    ----------
    data : number, nested lists, array or Tensor
        Python floats become the default dtype, ints int64, bools bool; NumPy values and
        tensors keep theirs.
    dtype : dtype, optional
        Another element type than that.
    device : device or str, optional
        Where to put it; default: where `data` is.
    requires_grad : bool, default False
        Whether to record what is done with it.

    Raises
    ------
    ValueError, TypeError
        If the lists are ragged, or hold anything but numbers.

    Examples
    --------
    >>> import autograd_core as ag
    >>> ag.tensor([[1, 2], [3, 4]])
    tensor([[1, 2],
            [3, 4]])
    """
    if device is None:
        device = data.device if isinstance(data, Tensor) else settings.get_default_device()
    kind = None if dtype is None else dtypes.as_dtype(dtype)
    array = read_data(data, kind)
    if kind is None:
        kind = dtypes.from_numpy(array.dtype)
    _check_range(data, kind)
    array = move(np.array(array, kind.numpy, order="C"), device_type(device))
    return state.entered(data, finish(array, requires_grad))


def finish(array: Any, requires_grad: bool = False) -> Tensor:
    """A leaf tensor of an array; DtypeError if it can't require grad and should."""
    made: Tensor = Tensor._from_array(array)
    if requires_grad:
        if made.dtype.category < FLOATING:
            raise DtypeError(
                "Only Tensors of floating point and complex dtype can require gradients, "
                f"got {made.dtype!r}; give dtype=torch.float32"
            )
        made._fn = LEAF
    return made


def read_data(data: Any, kind: dtypes.dtype | None = None) -> np.ndarray[Any, Any]:
    """A NumPy array of Python data, of the dtype that PyTorch would infer."""
    if isinstance(data, Tensor):
        return data._host()
    if isinstance(data, np.ndarray | np.generic):
        found = np.asarray(data)
        dtypes.from_numpy(found.dtype)
        return found
    if isinstance(data, str):
        raise TypeError("new(): invalid data type 'str'")
    if hasattr(data, "__array__") and not isinstance(data, list | tuple):
        return np.asarray(data)
    inner, bare = _strip(data)
    try:
        array = np.asarray(bare)
    except ValueError:
        raise ValueError(_ragged(bare, 0)) from None
    except OverflowError:
        raise ValueError("Overflow when unpacking long long") from None
    if array.dtype.kind in "US":
        raise ValueError("too many dimensions 'str'")
    if array.dtype.kind == "O" or array.dtype == np.uint64:
        if all(isinstance(x, int) for x in array.reshape(-1)):
            raise ValueError("Overflow when unpacking long long")
        odd = next(x for x in array.reshape(-1) if not isinstance(x, NUMBERS))
        raise RuntimeError(f"Could not infer dtype of {type(odd).__name__}")
    if array.size == 0 and inner is None:
        return array.astype((kind or dtypes.get_default_dtype()).numpy)
    if kind is None and array.dtype.kind in "fc":
        kind = dtypes.python_dtype(0.0 if array.dtype.kind == "f" else 0j)
        for x in inner or ():
            kind = dtypes.promote_types(kind, x) if x.category >= FLOATING else kind
        if inner and all(x.category < FLOATING or x.rank < kind.rank for x in inner):
            kind = max(inner, key=lambda x: x.rank)
        return array.astype(kind.numpy)
    if kind is None and inner:
        return array.astype(max(inner, key=lambda x: x.rank).numpy)
    return array


def _strip(data: Any) -> tuple[list[dtypes.dtype] | None, Any]:
    """Nested lists with tensors and NumPy values turned into numbers, and their dtypes."""
    if isinstance(data, Tensor):
        if data._array.size != 1:
            raise ValueError("only one element tensors can be converted to Python scalars")
        return [data.dtype], data.item()
    if isinstance(data, np.ndarray | np.generic):
        return [dtypes.from_numpy(data.dtype)], data
    if isinstance(data, range):
        return None, list(data)
    if not isinstance(data, list | tuple):
        return None, data
    if all(type(x) in (float, int, bool) for x in data):
        return None, data
    parts = [_strip(x) for x in data]
    found = [kind for kinds, _ in parts for kind in kinds or ()]
    return found or None, [bare for _, bare in parts]


def _ragged(data: Any, dim: int) -> str:
    lengths = [len(x) if isinstance(x, list | tuple) else -1 for x in data]
    for n in lengths[1:]:
        if n != lengths[0]:
            return f"expected sequence of length {lengths[0]} at dim {dim + 1} (got {n})"
    return next((_ragged(x, dim + 1) for x in data if lengths[0] >= 0), "expected equal lengths")


def _check_range(data: Any, kind: dtypes.dtype) -> None:
    """Python integers that an integer dtype can't hold are refused, not wrapped around."""
    if kind.category == dtypes.INTEGER and isinstance(data, list | tuple | int) and data:
        try:
            values = np.asarray(data)
        except (ValueError, OverflowError):
            return
        limits = np.iinfo(kind.numpy)
        if values.dtype.kind == "i" and values.size and (
            values.min() < limits.min or values.max() > limits.max
        ):  # fmt: skip
            raise RuntimeError(f"value cannot be converted to type {kind.name} without overflow")


def as_tensor(data: Any, dtype: Any = None, device: Any = None) -> Tensor:
    """A tensor of the data, sharing memory with an array or tensor where that is possible."""
    if isinstance(data, Tensor):
        return data.to(device or data.device, dtype or data.dtype)
    if (
        isinstance(data, np.ndarray)
        and dtype is None
        and device_type(device or "cpu").type == "cpu"
    ):
        return from_numpy(data)
    if hasattr(data, "__dlpack__") and not isinstance(data, np.ndarray):
        return from_dlpack(data).to(device or "cpu", dtype)
    return tensor(data, dtype=dtype, device=device)


def asarray(
    obj: Any,
    *,
    dtype: Any = None,
    device: Any = None,
    copy: bool | None = None,
    requires_grad: bool = False,
) -> Tensor:
    """A tensor of `obj`, shared or copied as `copy` says (None: shared where possible)."""
    if copy:
        source = obj.detach() if isinstance(obj, Tensor) else obj
        return tensor(source, dtype=dtype, device=device, requires_grad=requires_grad)
    found = as_tensor(obj, dtype, device)
    if copy is False and found is not obj and not np.shares_memory(np.asarray(obj), found._host()):
        raise ValueError("can't alias arbitrary sequence: copy=False needs an array or a tensor")
    return found.requires_grad_() if requires_grad else found


def from_numpy(ndarray: np.ndarray[Any, Any]) -> Tensor:
    """A tensor on the memory of a NumPy array.

    Raises
    ------
    TypeError
        If it is no array, or of a type that tensors don't have.
    ValueError
        If a stride is negative (as after ``a[::-1]``).
    """
    if not isinstance(ndarray, np.ndarray):
        raise TypeError(f"expected np.ndarray (got {type(ndarray).__name__})")
    kind = dtypes.from_numpy(ndarray.dtype)
    if any(s < 0 for s in ndarray.strides):
        raise ValueError(
            "At least one stride in the given numpy array is negative, and tensors with negative "
            "strides are not currently supported. (You can probably work around this by making a "
            "copy of your array with array.copy().)"
        )
    native = ndarray.dtype == kind.numpy and ndarray.dtype.isnative
    array = ndarray if native else ndarray.astype(kind.numpy)
    return state.entered(ndarray, Tensor._from_array(array))


def from_dlpack(ext_tensor: Any) -> Tensor:
    """A tensor on the memory of any array that speaks DLPack (NumPy, CuPy, PyTorch, JAX ...)."""
    if isinstance(ext_tensor, Tensor):
        return ext_tensor.detach()
    if not hasattr(ext_tensor, "__dlpack__"):
        raise TypeError(f"expected an object with __dlpack__, got {type(ext_tensor).__name__}")
    kind = ext_tensor.__dlpack_device__()[0]
    owner = backends.backend("cpu" if int(kind) in (1, 3) else "cuda")
    array = owner.xp.from_dlpack(ext_tensor)
    if owner.name == "cpu" and not array.flags.writeable:
        array = _writable(array)
    return Tensor._from_array(array)


def to_dlpack(tensor: Tensor) -> Any:
    """A DLPack capsule of the tensor's memory (newer code hands over the tensor itself)."""
    return tensor.__dlpack__()


def _writable(array: np.ndarray[Any, Any]) -> np.ndarray[Any, Any]:
    """The same memory without NumPy's read-only mark (DLPack 0 can't say what is writable)."""
    import ctypes

    span = 1 + sum((n - 1) * s for n, s in zip(array.shape, array.strides, strict=True))
    span += array.itemsize - 1
    if not array.size or any(s < 0 for s in array.strides):
        return array
    memory = (ctypes.c_char * span).from_address(array.ctypes.data)
    made = np.ndarray(array.shape, array.dtype, memory, 0, array.strides)
    memory._keeps = array
    return made


# ------------------------------------------------------------------ filled with one number


def new(
    make: Callable[[Any], Any],
    dtype: Any,
    device: Any,
    requires_grad: bool = False,
    like: Any = None,
) -> Tensor:
    """A leaf of ``make(xp)`` on a device, in a dtype (default: those of `like`)."""
    if dtype is None and like is not None:
        kind = like.dtype
    else:
        kind = dtypes.get_default_dtype() if dtype is None else dtypes.as_dtype(dtype)
    where = settings.default_device if like is None else like.device
    where = where if device is None else device_type(device)
    owner = backends.backend(where.type if where is not None else "cpu")
    with owner.on(where.index if where is not None else None):
        array = owner.xp.asarray(make(_Maker(owner, owner.supported(kind.numpy))))
    return finish(array, requires_grad)


class _Maker:
    """What `new` hands out: a backend, its namespace and the dtype wanted."""

    __slots__ = ("dtype", "owner", "xp")

    def __init__(self, owner: Backend, dtype: Any):
        self.owner, self.xp, self.dtype = owner, owner.xp, dtype


def _sizes(given: tuple[Any, ...], keyword: Any, name: str) -> tuple[int, ...]:
    """Sizes from ``f(2, 3)``, ``f((2, 3))`` or ``f(size=(2, 3))``; none may be negative."""
    if keyword is not None:
        given = (keyword,)
    elif not given:
        raise TypeError(f'{name}() missing 1 required positional arguments: "size"')
    shape = sizes(given)
    if any(n < 0 for n in shape):
        raise ShapeError(f"{name}: Dimension size must be non-negative, got {list(shape)}.")
    return shape


def _filler(name: str, fill: str, summary: str) -> tuple[Callable[..., Tensor], ...]:
    """``zeros``, ``zeros_like`` and ``Tensor.new_zeros``, by the name of NumPy's function."""

    def make(
        *size: Any,
        dtype: Any = None,
        layout: Any = None,
        device: Any = None,
        requires_grad: bool = False,
        pin_memory: bool = False,
        memory_format: Any = None,
        **given: Any,
    ) -> Tensor:
        shape = _sizes(size, given.pop("size", None), name)
        _no_more(name, given)
        return new(lambda m: getattr(m.xp, fill)(shape, m.dtype), dtype, device, requires_grad)

    def make_like(
        input: Tensor,
        *,
        dtype: Any = None,
        layout: Any = None,
        device: Any = None,
        requires_grad: bool = False,
        memory_format: Any = None,
    ) -> Tensor:
        shape = _shape_of(input, f"{name}_like")
        return new(
            lambda m: getattr(m.xp, fill)(shape, m.dtype), dtype, device, requires_grad, input
        )

    def new_make(
        self: Tensor,
        *size: Any,
        dtype: Any = None,
        device: Any = None,
        requires_grad: bool = False,
        layout: Any = None,
        pin_memory: bool = False,
        **given: Any,
    ) -> Tensor:
        shape = _sizes(size, given.pop("size", None), f"new_{name}")
        _no_more(f"new_{name}", given)
        return new(
            lambda m: getattr(m.xp, fill)(shape, m.dtype), dtype, device, requires_grad, self
        )

    for fn, called, end in (
        (make, name, "of the sizes given."),
        (make_like, f"{name}_like", "of the shape, dtype and device of `input`."),
        (new_make, f"new_{name}", "of the sizes given, and this one's dtype and device."),
    ):
        fn.__name__ = fn.__qualname__ = called
        fn.__doc__ = f"{summary}, {end}"
    setattr(Tensor, f"new_{name}", new_make)
    return make, make_like


def _no_more(name: str, given: dict[str, Any]) -> None:
    if given:
        odd = next(iter(given))
        raise TypeError(f"{name}() got an unexpected keyword argument '{odd}'")


def _shape_of(input: Any, name: str) -> tuple[int, ...]:
    if not isinstance(input, Tensor):
        raise TypeError(
            f"{name}(): argument 'input' (position 1) must be Tensor, not {type(input).__name__}"
        )
    return input._array.shape


zeros, zeros_like = _filler("zeros", "zeros", "A tensor of zeros")
ones, ones_like = _filler("ones", "ones", "A tensor of ones")
empty, empty_like = _filler("empty", "empty", "A tensor of arbitrary values")


def _number(value: Any) -> Any:
    return value.item() if isinstance(value, Tensor) else value


def full(
    size: Any,
    fill_value: Any,
    *,
    dtype: Any = None,
    layout: Any = None,
    device: Any = None,
    requires_grad: bool = False,
) -> Tensor:
    """A tensor of one number, of the dtype that the number implies."""
    if isinstance(size, int):
        raise TypeError("full(): argument 'size' (position 1) must be tuple of ints, not int")
    shape, value = _sizes((), size, "full"), _number(fill_value)
    kind = dtypes.python_dtype(value) if dtype is None else dtype
    return new(lambda m: m.xp.full(shape, value, m.dtype), kind, device, requires_grad)


def full_like(
    input: Tensor,
    fill_value: Any,
    *,
    dtype: Any = None,
    layout: Any = None,
    device: Any = None,
    requires_grad: bool = False,
    memory_format: Any = None,
) -> Tensor:
    """A tensor of one number, of the shape, dtype and device of `input`."""
    shape, value = _shape_of(input, "full_like"), _number(fill_value)
    return new(lambda m: m.xp.full(shape, value, m.dtype), dtype, device, requires_grad, input)


@method()
def new_full(
    self: Tensor,
    size: Any,
    fill_value: Any,
    *,
    dtype: Any = None,
    device: Any = None,
    requires_grad: bool = False,
) -> Tensor:
    """A tensor of one number, of this one's dtype and device."""
    shape, value = _sizes((), size, "new_full"), _number(fill_value)
    return new(lambda m: m.xp.full(shape, value, m.dtype), dtype, device, requires_grad, self)


@method()
def new_tensor(
    self: Tensor, data: Any, *, dtype: Any = None, device: Any = None, requires_grad: bool = False
) -> Tensor:
    """A leaf with a copy of the data, of this tensor's dtype and device."""
    if isinstance(data, NUMBERS):  # filled where it is to live
        _check_range(data, dtypes.as_dtype(dtype or self.dtype))
        return new_full(self, (), data, dtype=dtype, device=device, requires_grad=requires_grad)
    where = self.device if device is None else device
    return tensor(data, dtype=dtype or self.dtype, device=where, requires_grad=requires_grad)


def scalar_tensor(
    s: Any,
    *,
    dtype: Any = None,
    layout: Any = None,
    device: Any = None,
    requires_grad: bool = False,
) -> Tensor:
    """A 0-d tensor of a number, in the default dtype."""
    return new(lambda m: m.xp.full((), s, m.dtype), dtype, device, requires_grad)


def eye(
    n: int,
    m: int | None = None,
    *,
    dtype: Any = None,
    layout: Any = None,
    device: Any = None,
    requires_grad: bool = False,
) -> Tensor:
    """Ones on the diagonal of an n x m matrix, zeros elsewhere."""
    for name, size in (("n", n), ("m", m)):
        if size is not None and size < 0:
            raise ShapeError(f"{name} must be greater or equal to 0, got {size}")
    return new(lambda k: k.xp.eye(n, m, dtype=k.dtype), dtype, device, requires_grad)


# ------------------------------------------------------------------ ranges


def arange(
    start: Any = None,
    end: Any = None,
    step: Any = 1,
    *,
    dtype: Any = None,
    layout: Any = None,
    device: Any = None,
    requires_grad: bool = False,
) -> Tensor:
    """Numbers from `start` up to `end`, excluded, in steps: ceil((end - start) / step) of them."""
    if end is None:
        start, end = None, start
    if end is None:
        raise TypeError("arange() missing 1 required argument: 'end'")
    start, end, step = 0 if start is None else _number(start), _number(end), _number(step)
    if step == 0:
        raise RuntimeError("step must be nonzero")
    if not (math.isfinite(start) and math.isfinite(end)):
        raise RuntimeError(f"unsupported range: {start} -> {end}")
    if (end - start) * step < 0:
        raise RuntimeError(
            f"upper bound and lower bound inconsistent with step sign ({start} to {end} by {step})"
        )
    integers = all(isinstance(x, int | np.integer) for x in (start, end, step))
    kind = (
        dtypes.as_dtype(dtype)
        if dtype
        else dtypes.int64
        if integers
        else dtypes.get_default_dtype()
    )
    if kind is dtypes.bool_:
        raise DtypeError("\"arange_cpu\" not implemented for 'Bool'; use another dtype")
    if kind is dtypes.int64 and not integers:  # the ends and the step are cut to integers first
        start, end, step, integers = int(start), int(end), int(step), True
        if step == 0:
            raise ValueError("step must be nonzero (it was cut to an integer; see dtype=)")
    count = -((start - end) // step) if integers else math.ceil((end - start) / step)

    def make(m: Any) -> Any:
        if kind.category < FLOATING and not integers:
            return (int(start) + m.xp.arange(count) * int(step)).astype(m.dtype)
        return (start + m.xp.arange(count) * step).astype(m.dtype)

    return new(make, kind, device, requires_grad)


def linspace(
    start: Any,
    end: Any,
    steps: int,
    *,
    dtype: Any = None,
    layout: Any = None,
    device: Any = None,
    requires_grad: bool = False,
) -> Tensor:
    """`steps` numbers at equal distances from `start` to `end`, both included."""
    if steps < 0:
        raise RuntimeError(f"number of steps must be non-negative, got {steps}")
    start, end = _number(start), _number(end)
    return new(
        lambda m: _linear(m.xp, start, end, steps, m.dtype), dtype, device, requires_grad
    )  # fmt: skip


def _linear(xp: Any, start: Any, end: Any, steps: int, dtype: Any) -> Any:
    """From both ends towards the middle, so that the ends are met exactly."""
    if steps < 2:
        return xp.full((steps,), start, dtype)
    if dtype.kind == "b":
        raise DtypeError("\"linspace_cpu\" not implemented for 'Bool'; use another dtype")
    if dtype.kind in "iu":  # the ends first, and then what lies between, are cut to integers
        start, end = int(start), int(end)
    if dtype.kind == "c":
        return xp.linspace(start, end, steps).astype(dtype)
    step, i = (end - start) / (steps - 1), xp.arange(steps)
    return xp.where(i < steps // 2, start + step * i, end - step * (steps - 1 - i)).astype(dtype)


def logspace(
    start: Any,
    end: Any,
    steps: int,
    base: float = 10.0,
    *,
    dtype: Any = None,
    layout: Any = None,
    device: Any = None,
    requires_grad: bool = False,
) -> Tensor:
    """`base` to the powers of ``linspace(start, end, steps)``."""
    if steps < 0:
        raise RuntimeError(f"number of steps must be non-negative, got {steps}")
    start, end = _number(start), _number(end)
    if dtype is not None and dtypes.as_dtype(dtype).category < FLOATING:
        start, end = int(start), int(end)

    def make(m: Any) -> Any:
        powers = _linear(m.xp, start, end, steps, np.dtype("f8"))
        return m.xp.power(base, powers).astype(m.dtype)

    return new(make, dtype, device, requires_grad)


def tril_indices(
    row: int, col: int, offset: int = 0, *, dtype: Any = None, device: Any = None
) -> Tensor:
    """Row and column numbers of the lower triangle of a row x col matrix, as a 2 x n tensor."""
    return new(
        lambda m: m.xp.stack(m.xp.tril_indices(row, offset, col)).astype(m.dtype),
        dtype or dtypes.int64, device,
    )  # fmt: skip


def triu_indices(
    row: int, col: int, offset: int = 0, *, dtype: Any = None, device: Any = None
) -> Tensor:
    """Row and column numbers of the upper triangle of a row x col matrix, as a 2 x n tensor."""
    return new(
        lambda m: m.xp.stack(m.xp.triu_indices(row, offset, col)).astype(m.dtype),
        dtype or dtypes.int64, device,
    )  # fmt: skip


__all__ = [
    "tensor", "as_tensor", "asarray", "from_numpy", "from_dlpack", "to_dlpack",
    "zeros", "zeros_like", "ones",
    "ones_like", "empty", "empty_like", "full", "full_like", "scalar_tensor", "eye", "arange",
    "linspace", "logspace", "tril_indices", "triu_indices",
]  # fmt: skip
