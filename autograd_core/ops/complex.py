"""Complex numbers: their parts, and what is not holomorphic.

The gradient of a real loss is PyTorch's: for x = a + bi it is dL/da + i dL/db.  For a
holomorphic f that makes ``conj(f'(x)) * g``, so the engine runs an op's ordinary formula
between two conjugations (`autograd_core.vjps.apply_vjps`).  The ops here, `abs` and the
norms are not holomorphic; they are declared so, and their formulas are the whole truth.
"""

from __future__ import annotations

from typing import Any

from .. import dtypes
from .._tensor import Tensor, method
from ..declare import op
from ..errors import DtypeError, ShapeError
from ..examples import call, examples
from .parts import select


@op("ConjBackward0", name="conj", types="free", holomorphic=False, elementwise=True)
def conj_op(xp: Any, input: Any) -> Any:
    """The complex conjugate."""
    return xp.conj(input)


@conj_op.vjp
def _(F: Any, g: Any) -> Any:
    return F.conj(g)


@op("RealBackward0", name="real", types="free", holomorphic=False, elementwise=True)
def real_op(xp: Any, input: Any) -> Any:
    """The real part."""
    return xp.array(input.real)


@real_op.vjp
def _(F: Any, g: Any, input_dtype: Any) -> Any:
    return F.to_dtype(g, dtype=input_dtype)


@op("ImagBackward0", name="imag", types="free", holomorphic=False, elementwise=True)
def imag_op(xp: Any, input: Any) -> Any:
    """The imaginary part."""
    return xp.array(input.imag)


@imag_op.vjp
def _(F: Any, g: Any, input_dtype: Any) -> Any:
    return F.to_dtype(g, dtype=input_dtype) * 1j


@method()
def conj(input: Tensor) -> Tensor:
    """The complex conjugate; a real tensor itself."""
    return conj_op.call(input) if input.is_complex() else input


def real(input: Tensor) -> Tensor:
    """The real part, sharing memory; a real tensor itself."""
    return select(view_as_real_op.call(input), -1, 0) if input.is_complex() else input


def imag(input: Tensor) -> Tensor:
    """The imaginary part, sharing memory.

    Raises
    ------
    RuntimeError
        For a real tensor.
    """
    if not input.is_complex():
        raise RuntimeError(
            "imag is not implemented for tensors with non-complex dtypes, "
            f"got {input.dtype!r}; use torch.zeros_like for its zero imaginary part"
        )
    return select(view_as_real_op.call(input), -1, 1)


@op("ComplexBackward0", name="complex", types="same", broadcast=True, holomorphic=False)
def complex_op(xp: Any, real: Any, imag: Any) -> Any:
    """Complex numbers from their parts."""
    return real + imag * xp.asarray(1j, "complex64" if real.dtype.itemsize == 4 else "complex128")


@complex_op.vjp("real")
def _(F: Any, g: Any) -> Any:
    return F.real(g)


@complex_op.vjp("imag")
def _(F: Any, g: Any) -> Any:
    return F.imag(g)


def complex(real: Tensor, imag: Tensor) -> Tensor:
    """The complex tensor with these parts, which broadcast.

    Raises
    ------
    RuntimeError
        If they are not both float32 or both float64.
    """
    _check_parts("complex", real, imag)
    return complex_op.call(real, imag)


def _check_parts(name: str, one: Tensor, other: Tensor) -> None:
    for x in (one, other):
        if x.dtype not in (dtypes.float32, dtypes.float64):
            raise DtypeError(
                f"Expected both inputs to be Half, Float or Double tensors but got "
                f"{dtypes.scalar_type(one.dtype)} and {dtypes.scalar_type(other.dtype)} "
                f"(in {name}); convert with .float()"
            )
    if one.dtype is not other.dtype:
        raise DtypeError(
            f"Expected object of scalar type {dtypes.scalar_type(one.dtype)} but got scalar type "
            f"{dtypes.scalar_type(other.dtype)} for second argument of {name}"
        )


# ------------------------------------------------------------------ length and angle


@op("PolarBackward0", name="polar", types="same", broadcast=True, holomorphic=False)
def polar_op(xp: Any, abs: Any, angle: Any) -> Any:
    """``abs * exp(i angle)``."""
    unit = xp.asarray(1j, "complex64" if abs.dtype.itemsize == 4 else "complex128")
    return abs * xp.cos(angle) + abs * xp.sin(angle) * unit


@polar_op.vjp("abs")
def _(F: Any, g: Any, result: Any) -> Any:
    return F.real(F.conj(g) * F.sgn(result))


@polar_op.vjp("angle")
def _(F: Any, g: Any, result: Any) -> Any:
    return F.real(F.conj(g) * (result * 1j))


def polar(abs: Tensor, angle: Tensor) -> Tensor:
    """Complex numbers from their lengths and their angles in radians."""
    _check_parts("polar", abs, angle)
    return polar_op.call(abs, angle)


@op("AngleBackward0", name="angle", types="float", holomorphic=False, elementwise=True)
def angle_op(xp: Any, input: Any) -> Any:
    """The angle in radians; of real numbers 0, or pi where they are negative."""
    if input.dtype.kind == "c":
        return xp.arctan2(input.imag, input.real)
    half = xp.asarray(xp.pi, input.dtype)
    return xp.where(xp.isnan(input), input, xp.where(input < 0, half, half * 0))


@angle_op.vjp
def _(F: Any, g: Any, input: Any, input_dtype: Any) -> Any:
    """0 for real numbers, and at 0."""
    if input_dtype.kind != "c":
        return F.zeros_of(g, shape=tuple(g.shape))
    size = F.abs(input)
    at_zero = F.eq(size, 0)
    slope = input * 1j / F.to_dtype(F.where(at_zero, 1, size * size), dtype=input_dtype)
    return F.to_dtype(g, dtype=input_dtype) * slope


@method()
def angle(input: Tensor) -> Tensor:
    """The angle of complex numbers in radians, from -pi to pi; of negative numbers pi."""
    return angle_op.call(input)


# ------------------------------------------------------------------ as pairs of real numbers


@op("ViewAsRealBackward0", name="view_as_real", types="free", view=True, holomorphic=False)
def view_as_real_op(xp: Any, input: Any) -> Any:
    """The same memory as pairs of real numbers, in a new last dimension."""
    return input[..., None].view(input.real.dtype)


@view_as_real_op.vjp
def _(F: Any, g: Any) -> Any:
    return F.complex_from_pairs(g)


@op("ViewAsComplexBackward0", name="view_as_complex", types="free", view=True, holomorphic=False)
def view_as_complex_op(xp: Any, input: Any) -> Any:
    """The same memory, pairs of real numbers in the last dimension read as complex ones."""
    kind = "complex64" if input.dtype.itemsize == 4 else "complex128"
    return input.view(kind)[..., 0]


@view_as_complex_op.vjp
def _(F: Any, g: Any) -> Any:
    return F.view_as_real(g)


@op("ViewAsComplexBackward0", types="free", holomorphic=False)
def complex_from_pairs(xp: Any, input: Any) -> Any:
    """`view_as_complex` of what need not lie in memory as that wants it."""
    return view_as_complex_op.forward(xp, xp.ascontiguousarray(input))


@complex_from_pairs.vjp
def _(F: Any, g: Any) -> Any:
    return F.view_as_real(g)


def view_as_real(input: Tensor) -> Tensor:
    """The real and imaginary parts in a new last dimension of size 2, sharing memory."""
    if not input.is_complex():
        raise RuntimeError(
            f"view_as_real is only supported for complex tensors, got {input.dtype!r}"
        )
    return view_as_real_op.call(input)


def view_as_complex(input: Tensor) -> Tensor:
    """A complex tensor on the memory of a real one, whose last dimension has size 2."""
    if input.dtype not in (dtypes.float32, dtypes.float64):
        raise RuntimeError(
            "view_as_complex is only supported for half, float and double tensors, but got a "
            f"tensor of scalar type: {dtypes.scalar_type(input.dtype)}"
        )
    if not input.ndim:
        raise ShapeError("Input tensor must have one or more dimensions")
    if input.shape[-1] != 2:
        raise ShapeError(f"Tensor must have a last dimension of size 2, got {tuple(input.shape)}")
    strides = input.stride()
    if strides[-1] != 1 or any(s % 2 for s in strides[:-1]):
        raise ShapeError(
            "Tensor must have a last dimension with stride 1 and the others divisible by 2, "
            f"got strides {strides}; use .contiguous() first"
        )
    return view_as_complex_op.call(input)


def is_conj(input: Tensor) -> bool:
    """Whether a conjugation waits to be carried out: never, `conj` does it at once."""
    return False


method("real")(property(real, lambda self, value: real(self).copy_(value)))
method("imag")(property(imag, lambda self, value: imag(self).copy_(value)))
conj_physical = method("conj_physical")(conj)
resolve_conj = method("resolve_conj")(lambda input: input)
resolve_neg = method("resolve_neg")(lambda input: input)
method("is_conj")(is_conj)
is_neg = method("is_neg")(is_conj)

__all__ = [
    "angle", "complex", "conj", "conj_physical", "imag", "is_conj", "is_neg", "polar", "real",
    "resolve_conj", "resolve_neg", "view_as_complex", "view_as_real",
]  # fmt: skip

# ------------------------------------------------------------------ examples


@examples("angle")
def _(draw: Any) -> Any:
    yield call(draw.real(3, 4))
    yield call(draw.real(3, 4) + 1j * draw.real(3, 4))
    yield call(draw.integers(4, low=-3, high=3))
    yield call(draw.real())


@examples("polar")
def _(draw: Any) -> Any:
    yield call(draw.real(3, 4, low=0.1), draw.real(3, 4))
    yield call(draw.real(3, 1, low=0.1), draw.real(4))


@examples("view_as_complex")
def _(draw: Any) -> Any:
    yield call(draw.real(3, 2))
    yield call(draw.real(2))
