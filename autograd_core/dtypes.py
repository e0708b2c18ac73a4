"""Element types: PyTorch's names over NumPy's types, and the rules that combine them.

Source of the promotion rules: PyTorch's "Tensor Attributes" page.  A dtype belongs to a
category (bool < integer < floating < complex); tensors with dimensions outrank 0-d
tensors, which outrank Python numbers, and a lower rank matters only when its category
is higher.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import numpy as np

BOOL, INTEGER, FLOATING, COMPLEX = range(4)


class dtype:  # PyTorch's name
    """The type of a tensor's elements.

    Attributes
    ----------
    itemsize : int
        Size of one element in bytes.
    is_floating_point, is_complex, is_signed : bool
        What kind of number it is.

    Notes
    -----
    It prints as PyTorch prints it (``torch.float32``), so that the output of a tutorial
    stays the same after ``import autograd_core as torch``.
    """

    __slots__ = ("category", "itemsize", "name", "numpy_name", "rank")

    def __init__(self, name: str, numpy_name: str, category: int, itemsize: int, rank: int):
        self.name = name
        self.numpy_name = numpy_name
        self.category = category
        self.itemsize = itemsize
        self.rank = rank

    @property
    def is_floating_point(self) -> bool:
        """Whether the numbers are real floats."""
        return self.category == FLOATING

    @property
    def is_complex(self) -> bool:
        """Whether the numbers are complex."""
        return self.category == COMPLEX

    @property
    def is_signed(self) -> bool:
        """Whether there are negative numbers."""
        return self.name not in ("bool", "uint8")

    @property
    def numpy(self) -> np.dtype[Any]:
        """The NumPy dtype of the same elements (bfloat16 needs the package ml_dtypes)."""
        found = _NUMPY.get(self)
        return found if found is not None else _load_bfloat16()

    def __repr__(self) -> str:
        return f"torch.{self.name}"

    def __reduce__(self) -> tuple[Any, ...]:
        return _by_name, (self.name,)


bool_ = dtype("bool", "bool", BOOL, 1, 0)
uint8 = dtype("uint8", "uint8", INTEGER, 1, 1)
int8 = dtype("int8", "int8", INTEGER, 1, 2)
int16 = dtype("int16", "int16", INTEGER, 2, 3)
int32 = dtype("int32", "int32", INTEGER, 4, 4)
int64 = dtype("int64", "int64", INTEGER, 8, 5)
float16 = dtype("float16", "float16", FLOATING, 2, 6)
bfloat16 = dtype("bfloat16", "bfloat16", FLOATING, 2, 7)
float32 = dtype("float32", "float32", FLOATING, 4, 8)
float64 = dtype("float64", "float64", FLOATING, 8, 9)
complex64 = dtype("complex64", "complex64", COMPLEX, 8, 10)
complex128 = dtype("complex128", "complex128", COMPLEX, 16, 11)

ALL = (
    bool_, uint8, int8, int16, int32, int64, float16, bfloat16, float32, float64, complex64,
    complex128,
)  # fmt: skip
_NUMPY: dict[dtype, np.dtype[Any]] = {d: np.dtype(d.numpy_name) for d in ALL if d is not bfloat16}
_FROM_NUMPY: dict[np.dtype[Any], dtype] = {n: d for d, n in _NUMPY.items()}
_default = float32
TYPE_NAMES = {
    "float32": "FloatTensor", "float64": "DoubleTensor", "float16": "HalfTensor",
    "bfloat16": "BFloat16Tensor", "int64": "LongTensor", "int32": "IntTensor",
    "bool": "BoolTensor", "uint8": "ByteTensor", "int16": "ShortTensor", "int8": "CharTensor",
    "complex64": "ComplexFloatTensor", "complex128": "ComplexDoubleTensor",
}  # fmt: skip
"""PyTorch's names of tensors by element type, which some of its messages still use."""


def scalar_type(kind: dtype) -> str:
    """The short name of an element type in PyTorch's messages: Float, Long, Half ..."""
    return TYPE_NAMES[kind.name].removesuffix("Tensor")


def spoken(kind: dtype) -> str:
    """An element type as C++ would have it, as some of PyTorch's messages do."""
    names = {
        "float32": "float", "float64": "double", "float16": "c10::Half", "bool": "bool",
        "bfloat16": "c10::BFloat16", "int64": "long int", "int32": "int", "int16": "short int",
        "int8": "signed char", "uint8": "unsigned char", "complex64": "c10::complex<float>",
        "complex128": "c10::complex<double>",
    }  # fmt: skip
    return names[kind.name]


def _by_name(name: str) -> dtype:
    return next(d for d in ALL if d.name == name)


def _load_bfloat16() -> np.dtype[Any]:
    try:
        import ml_dtypes
    except ImportError:
        raise ImportError(
            "bfloat16 needs the package ml_dtypes: pip install autograd-core[bfloat16]"
        ) from None
    found: np.dtype[Any] = np.dtype(ml_dtypes.bfloat16)
    _NUMPY[bfloat16] = found
    _FROM_NUMPY[found] = bfloat16
    return found


def from_numpy(numpy_dtype: np.dtype[Any]) -> dtype:
    """Our dtype for an array's; TypeError where PyTorch has none (strings, objects ...)."""
    found = _FROM_NUMPY.get(numpy_dtype)
    if found is not None:
        return found
    if numpy_dtype.name == "bfloat16":
        _load_bfloat16()
        return bfloat16
    native = numpy_dtype.newbyteorder("=")
    if native in _FROM_NUMPY:
        return _FROM_NUMPY[native]
    supported = ", ".join(d.numpy_name for d in ALL)
    raise TypeError(
        f"can't convert an array of type {numpy_dtype} to a tensor. "
        f"The supported types are: {supported}."
    )


def as_dtype(value: Any) -> dtype:
    """Read a dtype argument: ours, a NumPy one, or Python's float, int, bool, complex."""
    if isinstance(value, dtype):
        return value
    python = {float: _default, int: int64, bool: bool_, complex: complex64}
    if isinstance(value, type) and value in python:
        return python[value]
    try:
        return from_numpy(np.dtype(value))
    except TypeError:
        raise TypeError(f"dtype must be a torch.dtype such as float32, got {value!r}") from None


def get_default_dtype() -> dtype:
    """The floating dtype of tensors made from Python floats (float32 unless changed)."""
    return _default


def set_default_dtype(d: dtype) -> None:
    """Set the dtype of tensors made from Python floats.

    Raises
    ------
    TypeError
        If `d` is not a floating dtype.
    """
    global _default
    if not isinstance(d, dtype) or d.category != FLOATING:
        raise TypeError(f"only floating-point types are supported as the default type, got {d!r}")
    _default = d


def python_dtype(value: Any) -> dtype:
    """The dtype that a Python number stands for."""
    if isinstance(value, bool | np.bool_):
        return bool_
    if isinstance(value, int | np.integer):
        return int64
    if isinstance(value, float | np.floating):
        return _default
    return complex128 if _default is float64 else complex64


def promote_types(a: dtype, b: dtype) -> dtype:
    """The smallest dtype to which both can be promoted."""
    if a is b:
        return a
    low, high = (a, b) if a.rank < b.rank else (b, a)
    if high.category == COMPLEX:
        return complex128 if float64 in (low, high) or complex128 in (low, high) else complex64
    if low is float16 and high is bfloat16:
        return float32
    if low is uint8 and high is int8:
        return int16
    return high


def result_type_of(operands: Iterable[tuple[dtype, int]]) -> dtype:
    """Combine (dtype, rank of the operand) pairs: 2 a tensor, 1 a 0-d tensor, 0 a number."""
    by_rank: list[dtype | None] = [None, None, None]
    for found, rank in operands:
        known = by_rank[rank]
        by_rank[rank] = found if known is None else promote_types(known, found)
    result: dtype | None = None
    for found_or_none in reversed(by_rank):
        if found_or_none is None:
            continue
        if result is None:
            result = found_or_none
        elif found_or_none.category > result.category:
            result = promote_types(result, found_or_none)
    if result is None:
        raise ValueError("result_type needs at least one operand")
    return result


class finfo:  # PyTorch's name
    """Limits of a floating dtype: bits, eps, max, min, tiny, smallest_normal, resolution."""

    def __init__(self, d: dtype | None = None):
        d = d or _default
        if d.category < FLOATING:
            raise TypeError(f"finfo needs a floating dtype, got {d!r}; use iinfo for integers")
        if d is bfloat16:
            import ml_dtypes

            info: Any = ml_dtypes.finfo(d.numpy)
        else:
            info = np.finfo(d.numpy)
        self.bits = d.itemsize * 8 // (2 if d.category == COMPLEX else 1)
        self.eps, self.max, self.min = float(info.eps), float(info.max), float(info.min)
        self.tiny = self.smallest_normal = float(info.tiny)
        self.resolution = float(info.resolution)
        self.dtype = d.name

    def __repr__(self) -> str:
        shown = ("resolution", "min", "max", "eps", "smallest_normal", "tiny")
        parts = ", ".join(f"{k}={getattr(self, k):g}" for k in shown)
        return f"finfo({parts}, dtype={self.dtype})"


class iinfo:  # PyTorch's name
    """Limits of an integer dtype: bits, max, min."""

    def __init__(self, d: dtype):
        if d.category != INTEGER:
            raise TypeError(f"iinfo needs an integer dtype, got {d!r}; use finfo for floats")
        info = np.iinfo(d.numpy)
        self.bits, self.max, self.min = info.bits, int(info.max), int(info.min)
        self.dtype = d.name

    def __repr__(self) -> str:
        return f"iinfo(min={self.min}, max={self.max}, dtype={self.dtype})"


def is_half(array: Any) -> bool:
    """Whether an array, or a NumPy scalar, holds half-precision floats."""
    kind = getattr(array, "dtype", None)
    if kind is None or kind.itemsize != 2:  # NumPy takes 2 us to spell a dtype's name
        return False
    return kind.name in ("float16", "bfloat16")
