"""Products of vectors and matrices.

``mm``, ``bmm``, ``mv`` and ``dot`` are the primitives, one for each number of dimensions;
``matmul`` picks one of them after folding or expanding its operands as PyTorch does, so
that the graph has PyTorch's nodes.  The ``add...`` products carry their sum along.
"""

from __future__ import annotations

import math
from typing import Any

from .. import dtypes, inplace
from .._tensor import Tensor, method
from ..declare import op
from ..errors import DtypeError, ShapeError
from .shape import squeeze_dim_

# ------------------------------------------------------------------ matrix times matrix


@op("MmBackward0", name="mm", types="free", ufunc="matmul")
def mm_op(xp: Any, input: Any, mat2: Any) -> Any:
    """Product of two matrices."""
    check_dtypes(input, mat2)
    return _product(xp, input, mat2)


@mm_op.vjp("input")
def _(F: Any, g: Any, mat2: Any, input_strides: Any) -> Any:
    return _gradient_of_left(F, g, mat2, input_strides)


@mm_op.vjp("mat2")
def _(F: Any, g: Any, input: Any, mat2_strides: Any) -> Any:
    return _gradient_of_right(F, g, input, mat2_strides)


def _gradient_of_left(F: Any, g: Any, right: Any, strides: Any) -> Any:
    """``g @ right.T`` in the memory layout of the left operand, as the next step wants it."""
    if strides[0] < strides[1]:
        return F.transposed(F.mm(right, F.transposed(g)))
    return F.mm(g, F.transposed(right))


def _gradient_of_right(F: Any, g: Any, left: Any, strides: Any) -> Any:
    """``left.T @ g`` in the layout of the right operand (a Linear's weight is transposed)."""
    if strides[0] < strides[1]:
        return F.transposed(F.mm(F.transposed(g), left))
    return F.mm(F.transposed(left), g)


@op("TransposeBackward0", view=True)
def transposed(xp: Any, input: Any) -> Any:
    """The last two dimensions exchanged."""
    return input.swapaxes(-1, -2)


@transposed.vjp
def _(F: Any, g: Any) -> Any:
    return F.transposed(g)


def _product(xp: Any, a: Any, b: Any) -> Any:
    try:
        return xp.matmul(a, b)
    except ValueError:
        raise ShapeError(
            f"mat1 and mat2 shapes cannot be multiplied ({a.shape[0]}x{a.shape[1]} and "
            f"{b.shape[0]}x{b.shape[1]})"
        ) from None


_C_NAMES = {"float32": "float", "float64": "double", "int64": "long int", "int32": "int"}
_TYPE_WORDS = {
    "float32": "Float", "float64": "Double", "float16": "Half", "bfloat16": "BFloat16",
    "int64": "Long", "int32": "Int", "bool": "Bool",
}  # fmt: skip


def _type_word(array: Any) -> str:
    name = dtypes.from_numpy(array.dtype).name
    return _TYPE_WORDS.get(name, name.capitalize())


def check_dtypes(a: Any, b: Any) -> None:
    if a.dtype != b.dtype:
        one, two = (dtypes.from_numpy(x.dtype) for x in (a, b))
        raise DtypeError(
            "expected m1 and m2 to have the same dtype, but got: "
            f"{_C_NAMES.get(one.name, one.name)} != {_C_NAMES.get(two.name, two.name)}; "
            f"convert one of them with .to({two!r})"
        )


def check_ndim(ndim: int, message: str, *tensors: Any) -> None:
    for x in tensors:
        if isinstance(x, Tensor) and x.ndim != ndim:
            raise ShapeError(f"{message}, but got one of shape {tuple(x.shape)}")


@method()
def mm(input: Tensor, mat2: Tensor) -> Tensor:
    """Product of the matrices `input` (n, m) and `mat2` (m, p).

    Raises
    ------
    ShapeError
        If one is not a matrix, or the inner sizes differ.
    """
    check_ndim(2, "self must be a matrix", input)
    check_ndim(2, "mat2 must be a matrix", mat2)
    return mm_op.call(input, mat2)


# ------------------------------------------------------------------ batches of matrices


@op("BmmBackward0", name="bmm", types="free", ufunc="matmul")
def bmm_op(xp: Any, input: Any, mat2: Any) -> Any:
    """Products of two batches of matrices."""
    check_dtypes(input, mat2)
    return xp.matmul(input, mat2)


@bmm_op.vjp("input")
def _(F: Any, g: Any, mat2: Any) -> Any:
    return F.bmm(g, F.transposed(mat2))


@bmm_op.vjp("mat2")
def _(F: Any, g: Any, input: Any) -> Any:
    return F.bmm(F.transposed(input), g)


@method()
def bmm(input: Tensor, mat2: Tensor) -> Tensor:
    """Products of the matrices in `input` (b, n, m) with those in `mat2` (b, m, p)."""
    check_batches(input, mat2)
    return bmm_op.call(input, mat2)


def check_batches(batch1: Any, batch2: Any) -> None:
    """Refuse what is no pair of batches of matrices that fit."""
    check_ndim(3, "batch1 must be a 3D tensor", batch1)
    check_ndim(3, "batch2 must be a 3D tensor", batch2)
    if not isinstance(batch1, Tensor) or not isinstance(batch2, Tensor):
        return
    expected, got = [batch1.shape[0], batch1.shape[2]], list(batch2.shape[:2])
    if expected != got:
        raise ShapeError(
            "Expected size for first two dimensions of batch2 tensor to be: "
            f"{expected} but got: {got}."
        )


# ------------------------------------------------------------------ vectors


@op("DotBackward0", name="dot", types="free", ufunc="dot")
def dot_op(xp: Any, input: Any, tensor: Any) -> Any:
    """Sum of the products of two vectors' elements."""
    return _dot(xp, input, tensor)


@op("VdotBackward0", name="vdot", types="free", ufunc="vdot")
def vdot_op(xp: Any, input: Any, other: Any) -> Any:
    """`dot` with the first vector conjugated."""
    return _dot(xp, input, other)


def _dot(xp: Any, a: Any, b: Any) -> Any:
    if a.dtype != b.dtype:
        raise DtypeError(
            "dot : expected both vectors to have same dtype, but found "
            f"{_type_word(a)} and {_type_word(b)}"
        )
    if a.shape != b.shape:
        raise ShapeError(
            f"inconsistent tensor size, expected tensor [{a.shape[0]}] and src [{b.shape[0]}] to "
            f"have the same number of elements, but got {a.shape[0]} and {b.shape[0]} elements "
            "respectively"
        )
    return xp.dot(a, b)


@dot_op.vjp("input")
def _(g: Any, tensor: Any) -> Any:
    return g * tensor


@dot_op.vjp("tensor")
def _(g: Any, input: Any) -> Any:
    return g * input


@vdot_op.vjp("input")
def _(g: Any, other: Any) -> Any:
    return g * other


@vdot_op.vjp("other")
def _(g: Any, input: Any) -> Any:
    return g * input


@method()
def dot(input: Tensor, tensor: Tensor) -> Tensor:
    """Sum of the products of the elements of two vectors."""
    check_ndim(1, "1D tensors expected", input, tensor)
    return dot_op.call(input, tensor)


@method()
def vdot(input: Tensor, other: Tensor) -> Tensor:
    """`dot` with the first vector conjugated (the same for real vectors)."""
    check_ndim(1, "1D tensors expected", input, other)
    if input.is_complex():
        return dot_op.call(input.conj(), other)
    return vdot_op.call(input, other)


@op("MvBackward0", name="mv", types="free", ufunc="matmul")
def mv_op(xp: Any, input: Any, vec: Any) -> Any:
    """Product of a matrix and a vector."""
    check_dtypes(input, vec)
    if input.shape[1] != vec.shape[0]:
        n, m = input.shape
        raise ShapeError(f"size mismatch, got input ({n}), mat ({n}x{m}), vec ({vec.shape[0]})")
    return xp.matmul(input, vec)


@mv_op.vjp("input")
def _(F: Any, g: Any, vec: Any) -> Any:
    return F.outer_product(g, vec)


@mv_op.vjp("vec")
def _(F: Any, g: Any, input: Any) -> Any:
    return F.mv(F.transposed(input), g)


@op("MulBackward0")
def outer_product(xp: Any, input: Any, vec2: Any) -> Any:
    """Every product of an element of one vector with an element of the other."""
    return input[:, None] * vec2


@outer_product.vjp("input")
def _(F: Any, g: Any, vec2: Any) -> Any:
    return F.mv(g, vec2)


@outer_product.vjp("vec2")
def _(F: Any, g: Any, input: Any) -> Any:
    return F.mv(F.transposed(g), input)


@method()
def mv(input: Tensor, vec: Tensor) -> Tensor:
    """Product of the matrix `input` (n, m) and the vector `vec` (m)."""
    if isinstance(input, Tensor) and isinstance(vec, Tensor) and (input.ndim, vec.ndim) != (2, 1):
        raise ShapeError(
            f"vector + matrix @ vector expected, got {vec.ndim}, {input.ndim}, {vec.ndim}"
        )
    return mv_op.call(input, vec)


@method("outer", "ger")
def outer(input: Tensor, vec2: Tensor) -> Tensor:
    """The matrix of all products of an element of `input` with one of `vec2`."""
    for name, x in (("self", input), ("vec2", vec2)):
        if isinstance(x, Tensor) and x.ndim != 1:
            raise ShapeError(f"outer: Expected 1-D argument {name}, but got {x.ndim}-D")
    return input.reshape(input.shape[0], 1) * vec2


# ------------------------------------------------------------------ matmul


@method("matmul")
def matmul(input: Tensor, other: Tensor) -> Tensor:
    """Product of vectors, matrices or batches of matrices, as the ``@`` operator.

    Parameters
    ----------
    input, other : Tensor
        1-d: a vector; 2-d: a matrix; more: a batch of matrices whose leading dimensions
        broadcast.

    Raises
    ------
    ShapeError
        If one is 0-d, or sizes that must agree do not.
    """
    _check_tensors("matmul", input, other)
    m, n = input._array.ndim, other._array.ndim
    if m == 2 == n:
        return mm_op.call(input, other)
    if m == 0 or n == 0:
        raise ShapeError(
            f"both arguments to matmul need to be at least 1D, but they are {m}D and {n}D"
        )
    if m == 1 == n:
        return dot_op.call(input, other)
    if m == 2 and n == 1:
        return mv_op.call(input, other)
    if m == 1 and n == 2:
        return squeeze_dim_.call(mm_op.call(input.unsqueeze(0), other), dims=(0,))
    if n <= 2:
        return _folded(input, other)
    if m <= 2 and input.requires_grad:
        product = _folded(other.transpose(-1, -2), input.t() if m == 2 else input)
        return product.transpose(-1, -2).contiguous() if m == 2 else product
    return _batched(input, other)


def _check_tensors(name: str, input: Any, other: Any) -> None:
    for at, (argument, x) in enumerate((("input", input), ("other", other)), 1):
        if not isinstance(x, Tensor):
            raise TypeError(
                f"{name}(): argument '{argument}' (position {at}) must be Tensor, "
                f"not {type(x).__name__}"
            )


def _folded(input: Tensor, other: Tensor) -> Tensor:
    """A batch times one matrix or vector: the batch laid out as one tall matrix."""
    shape = tuple(input.shape)
    rows = input.reshape(math.prod(shape[:-1]), shape[-1])
    product = mm_op.call(rows, other) if other.ndim == 2 else mv_op.call(rows, other)
    return as_shape(product, shape[:-1] + tuple(other.shape[1:]))


def _batched(input: Tensor, other: Tensor) -> Tensor:
    """A batch of products, leading dimensions broadcast."""
    vector = input.ndim == 1
    if vector:
        input = input.unsqueeze(0)
    a, b = tuple(input.shape), tuple(other.shape)
    lead = broadcast_sizes(a[:-2], b[:-2])
    if a[-1] != b[-2]:
        raise ShapeError(
            "Expected size for first two dimensions of batch2 tensor to be: "
            f"[{math.prod(lead)}, {a[-1]}] but got: [{math.prod(lead)}, {b[-2]}]."
        )
    left = input.expand(lead + a[-2:]).reshape(math.prod(lead), *a[-2:])
    right = other.expand(lead + b[-2:]).reshape(math.prod(lead), *b[-2:])
    product = bmm_op.call(left, right)
    return as_shape(product, lead + (b[-1:] if vector else (a[-2], b[-1])))


def broadcast_sizes(a: tuple[int, ...], b: tuple[int, ...]) -> tuple[int, ...]:
    width = max(len(a), len(b))
    wide_a, wide_b = (1,) * (width - len(a)) + a, (1,) * (width - len(b)) + b
    for d, (m, n) in enumerate(zip(wide_a, wide_b, strict=True)):
        if m != n and m != 1 and n != 1:
            raise ShapeError(
                f"The size of tensor a ({m}) must match the size of tensor b ({n}) at "
                f"non-singleton dimension {d}"
            )
    return tuple(n if m == 1 else m for m, n in zip(wide_a, wide_b, strict=True))


def as_shape(x: Tensor, shape: tuple[int, ...]) -> Tensor:
    from .shape import unsafe_view

    return unsafe_view.call(x, shape=shape)


@method("__matmul__")
def _matmul_operator(self: Tensor, other: Any) -> Any:
    return matmul(self, other) if isinstance(other, Tensor) else NotImplemented


@method("__rmatmul__")
def _matmul_reflected(self: Tensor, other: Any) -> Any:
    return matmul(other, self) if isinstance(other, Tensor) else NotImplemented


# ------------------------------------------------------------------ a product and a sum


@op("AddmmBackward0", name="addmm", types="free")
def addmm_op(xp: Any, input: Any, mat1: Any, mat2: Any, *, beta: Any, alpha: Any) -> Any:
    """``beta * input + alpha * mat1 @ mat2``."""
    if mat1.dtype != mat2.dtype or input.dtype != mat1.dtype:
        one, two = (mat1, mat2) if mat1.dtype != mat2.dtype else (input, mat1)
        raise DtypeError(
            "mat1 and mat2 must have the same dtype, but got "
            f"{_type_word(one)} and {_type_word(two)}"
        )
    return added(_product(xp, mat1, mat2), input, beta, alpha)


@addmm_op.vjp("input")
def _(F: Any, g: Any, input_shape: Any, beta: Any) -> Any:
    return gradient_of_summand(F, g, input_shape, beta)


@addmm_op.vjp("mat1")
def _(F: Any, g: Any, mat2: Any, mat1_strides: Any, alpha: Any) -> Any:
    return scaled(_gradient_of_left(F, g, mat2, mat1_strides), alpha)


@addmm_op.vjp("mat2")
def _(F: Any, g: Any, mat1: Any, mat2_strides: Any, alpha: Any) -> Any:
    return scaled(_gradient_of_right(F, g, mat1, mat2_strides), alpha)


def added(product: Any, input: Any, beta: Any, alpha: Any) -> Any:
    """Finish ``beta * input + alpha * product`` in the product's memory.

    The factors of integers and truth values are of their dtype.
    """
    if product.dtype.kind in "biu":
        beta, alpha = product.dtype.type(beta), product.dtype.type(alpha)
    if alpha != 1:
        product = product * alpha
    if beta == 0:
        return product  # PyTorch: NaN in the summand is then not propagated
    try:
        product += input if beta == 1 else beta * input
    except ValueError:
        raise ShapeError(_expansion_error(input.shape, product.shape)) from None
    return product


def _expansion_error(have: tuple[int, ...], want: tuple[int, ...]) -> str:
    if len(have) > len(want):
        return (
            f"expand: the number of sizes provided ({len(want)}) must be greater or equal to the "
            f"number of dimensions in the tensor ({len(have)})"
        )
    d = max(i for i, n in enumerate((1,) * (len(want) - len(have)) + have) if n not in (1, want[i]))
    return (
        f"The expanded size of the tensor ({want[d]}) must match the existing size "
        f"({have[d - len(want)]}) at non-singleton dimension {d}.  Target sizes: {list(want)}.  "
        f"Tensor sizes: {list(have)}"
    )


def scaled(x: Any, factor: Any) -> Any:
    return x if factor == 1 else x * factor


def gradient_of_summand(F: Any, g: Any, shape: tuple[int, ...], beta: Any) -> Any:
    g = scaled(g, beta)
    if tuple(g.shape) == shape:
        return g
    if len(shape) == 1 and g.ndim == 2 and shape[0] == g.shape[1]:
        return F.sum_rows(g)
    lead = g.ndim - len(shape)
    stretched = (i + lead for i, n in enumerate(shape) if n == 1)
    return F.reshape(F.sum(g, dim=(*range(lead), *stretched), keepdim=True), shape=shape)


@op("SumBackward1")
def sum_rows(xp: Any, input: Any) -> Any:
    """Sum of a matrix's rows, as ``ones @ input``: BLAS is twice as fast here as a reduction."""
    return xp.matmul(xp.ones(input.shape[0], input.dtype), input)


@sum_rows.vjp
def _(F: Any, g: Any, input_shape: Any) -> Any:
    return F.expand(g, shape=input_shape)


@method()
def addmm(input: Tensor, mat1: Tensor, mat2: Tensor, *, beta: Any = 1, alpha: Any = 1) -> Tensor:
    """``beta * input + alpha * (mat1 @ mat2)``; `input` is broadcast to the product."""
    check_ndim(2, "mat1 must be a matrix", mat1)
    check_ndim(2, "mat2 must be a matrix", mat2)
    return addmm_op.call(input, mat1, mat2, beta=beta, alpha=alpha)


method("addmm_")(inplace.twin(addmm, "addmm_"))


def linear(input: Tensor, weight: Tensor, bias: Tensor | None = None) -> Tensor:
    """``input @ weight.T + bias``, over the last dimension of `input`.

    Parameters
    ----------
    input : Tensor
        (..., in_features).
    weight : Tensor
        (out_features, in_features), or (in_features) for a single output without dimension.
    bias : Tensor, optional
        (out_features).
    """
    if bias is None or weight.ndim != 2:
        product = matmul(input, weight.t())
        return product if bias is None else product + bias
    if input._array.ndim == 2:
        return addmm_op.call(bias, input, weight.t(), beta=1, alpha=1)
    shape = tuple(input.shape)
    if not shape:
        raise ShapeError(
            f"both arguments to linear need to be at least 1D, but they are 0D and {weight.ndim}D"
        )
    rows = input.reshape(math.prod(shape[:-1]), shape[-1])
    product = addmm_op.call(bias, rows, weight.t(), beta=1, alpha=1)
    return product.view(*shape[:-1], weight.shape[0])


ger = outer
__all__ = ["mm", "bmm", "mv", "dot", "vdot", "outer", "ger", "matmul", "addmm"]
