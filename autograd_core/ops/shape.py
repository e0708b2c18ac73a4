"""Views: other shapes over the same memory.

Each primitive here is a *view* op: its result shares the input's memory and version, and
an in-place write through one is seen, and differentiated, through all (see `inplace`).
"""

from __future__ import annotations

import functools
from collections.abc import Sequence
from typing import Any

from .. import dtypes, inplace
from .._tensor import Tensor, method
from ..declare import Op, op
from ..errors import ShapeError
from .dims import sizes, wrap_dim, wrap_dims

# ------------------------------------------------------------------ reshaping


@op("ViewBackward0", view=True)
def view(xp: Any, input: Any, *, shape: Any) -> Any:
    """The same memory in another shape; ValueError where that takes a copy."""
    return xp.view_as(input, shape)


@view.vjp
def _(F: Any, g: Any, input_shape: Any) -> Any:
    return F.reshape(g, shape=input_shape)


@op("ReshapeAliasBackward0", view=True)
def reshape_alias(xp: Any, input: Any, *, shape: Any) -> Any:
    """What `reshape` does with strided memory that it can view: PyTorch has a node of its own."""
    return xp.view_as(input, shape)


@reshape_alias.vjp
def _(F: Any, g: Any, input_shape: Any) -> Any:
    return F.reshape(g, shape=input_shape)


@op("UnsafeViewBackward0", moves=True)
def unsafe_view(xp: Any, input: Any, *, shape: Any) -> Any:
    """Another shape of memory that nobody else holds."""
    return xp.reshape(input, shape)


@unsafe_view.vjp
def _(F: Any, g: Any, input_shape: Any) -> Any:
    return F.reshape(g, shape=input_shape)


@op(None, name="reshape", moves=True)
def reshape_op(xp: Any, input: Any, *, shape: Any) -> Any:
    """What formulas call: on arrays NumPy's, on tensors the public `reshape`."""
    return xp.reshape(input, shape)


def _reshape(input: Tensor, *, shape: tuple[int, ...]) -> Tensor:
    array = input._array
    if array.flags.c_contiguous:
        return view.call(input, shape=shape)
    if _viewable(array, shape):
        return reshape_alias.call(input, shape=shape)
    return unsafe_view.call(clone_op.call(input), shape=shape)


reshape_op._call = reshape_op._built = _reshape


def _viewable(array: Any, shape: tuple[int, ...]) -> bool:
    from ..backends import backend_of

    try:
        backend_of(array).xp.view_as(array, shape)
    except ValueError:
        return False
    return True


@op("CloneBackward0", name="clone", moves=True)
def clone_op(xp: Any, input: Any) -> Any:
    """A copy, in C order."""
    return xp.array(input, order="C", copy=True)


@clone_op.vjp
def _(g: Any) -> Any:
    return g


contiguous_format = "torch.contiguous_format"
preserve_format = "torch.preserve_format"
channels_last = "torch.channels_last"


@method()
def clone(input: Tensor, *, memory_format: Any = None) -> Tensor:
    """A copy, in C order, through which gradients flow (formats are accepted, not obeyed)."""
    return clone_op.call(input)


def resolve_shape(input: Tensor, shape: tuple[int, ...]) -> tuple[int, ...]:
    """A shape with its -1 filled in; ShapeError if the elements do not fit."""
    count = input._array.size
    known, unknown = 1, None
    for i, n in enumerate(shape):
        if n >= 0:
            known *= n
        elif n < -1:
            raise ShapeError(f"invalid shape dimension {n} at index {i} of shape {list(shape)}")
        elif unknown is None:
            unknown = i
        else:
            raise ShapeError("only one dimension can be inferred")
    if unknown is None:
        if known == count:
            return shape
    elif known:
        if count % known == 0:
            return (*shape[:unknown], count // known, *shape[unknown + 1 :])
    elif count == 0:
        raise ShapeError(
            f"cannot reshape tensor of 0 elements into shape {list(shape)} because the "
            "unspecified dimension size -1 can be any value and is ambiguous"
        )
    raise ShapeError(f"shape '{list(shape)}' is invalid for input of size {count}")


@method("view")
def _view_method(self: Tensor, *shape: Any) -> Tensor:
    """The same memory in another shape (one size may be -1), or read as another dtype.

    Raises
    ------
    ShapeError
        If the number of elements differs, or the strides do not allow it.
    """
    if len(shape) == 1 and isinstance(shape[0], dtypes.dtype):
        return view_dtype.call(self, dtype=shape[0].numpy)
    wanted = resolve_shape(self, sizes(shape))
    if not (self._array.flags.c_contiguous or _viewable(self._array, wanted)):
        raise ShapeError(
            "view size is not compatible with input tensor's size and stride (at least one "
            "dimension spans across two contiguous subspaces). Use .reshape(...) instead. "
            f"(size {list(self.shape)}, stride {self.stride()}, wanted {list(wanted)})"
        )
    return view.call(self, shape=wanted)


@op(None, view=True, types="free")
def view_dtype(xp: Any, input: Any, *, dtype: Any) -> Any:
    """The same bytes read as another dtype."""
    return input.view(dtype)


@method()
def view_as(self: Tensor, other: Tensor) -> Tensor:
    """The same memory in the shape of `other`."""
    return _view_method(self, other._array.shape)


@method()
def reshape_as(self: Tensor, other: Tensor) -> Tensor:
    """The elements in the shape of `other`."""
    return reshape(self, other._array.shape)


def reshape(input: Tensor, shape: Sequence[int]) -> Tensor:
    """The elements in another shape: a view where that is possible, a copy elsewhere.

    Parameters
    ----------
    shape : sequence of int
        The sizes; one may be -1, and is then computed.

    Raises
    ------
    ShapeError
        If the number of elements differs.
    """
    return _reshape(input, shape=resolve_shape(input, sizes((shape,), "shape")))


@method("reshape")
def _reshape_method(self: Tensor, *shape: Any) -> Tensor:
    """See `autograd_core.reshape`."""
    return _reshape(self, shape=resolve_shape(self, sizes(shape, "shape")))


@method()
def flatten(input: Tensor, start_dim: int = 0, end_dim: int = -1) -> Tensor:
    """The dimensions from `start_dim` to `end_dim`, included, as one."""
    first, last = wrap_dim(start_dim, input.ndim), wrap_dim(end_dim, input.ndim)
    if first > last:
        raise ShapeError(
            f"flatten() has invalid args: start_dim ({first}) cannot come after end_dim ({last})"
        )
    shape = input._array.shape
    if first == last and shape:
        return input
    count = 1
    for n in shape[first : last + 1]:
        count *= n
    return _reshape(input, shape=(*shape[:first], count, *shape[last + 1 :]))


@method()
def unflatten(input: Tensor, dim: int, sizes: Sequence[int]) -> Tensor:
    """One dimension as several, of the given sizes (one may be -1)."""
    d = wrap_dim(dim, input.ndim)
    shape, parts = input._array.shape, tuple(sizes)
    if -1 in parts:
        known = 1
        for n in parts:
            known *= n if n != -1 else 1
        parts = tuple(shape[d] // known if n == -1 and known else n for n in parts)
    count = 1
    for n in parts:
        count *= n
    if count != shape[d]:
        raise ShapeError(
            f"unflatten: Provided sizes {list(sizes)} don't multiply up to the size of dim {d} "
            f"({shape[d]}) in the input tensor"
        )
    return _view_method(input, (*shape[:d], *parts, *shape[d + 1 :]))


@method()
def ravel(input: Tensor) -> Tensor:
    """All elements as one dimension."""
    return _view_method(contiguous(input), input._array.size)


@method()
def contiguous(self: Tensor, memory_format: Any = None) -> Tensor:
    """The tensor if its elements lie in memory in C order, otherwise a copy that does."""
    return self if self._array.flags.c_contiguous else clone_op.call(self)


# ------------------------------------------------------------------ broadcasting


@op("ExpandBackward0", name="expand", view=True)
def expand_op(xp: Any, input: Any, *, shape: Any) -> Any:
    """Broadcast to a shape without copying."""
    return xp.broadcast_view(xp.asarray(input), shape)


@expand_op.vjp
def _(F: Any, g: Any, input_shape: Any, shape: Any) -> Any:
    lead = len(shape) - len(input_shape)
    dims = tuple(range(lead)) + tuple(
        i + lead for i, n in enumerate(input_shape) if n == 1 and shape[i + lead] != 1
    )
    if not dims:
        return g
    return F.reshape(F.sum(g, dim=dims, keepdim=True), shape=input_shape)


@method()
def expand(self: Tensor, *size: Any, implicit: bool = False) -> Tensor:
    """Dimensions of size 1 stretched, and new ones put in front, without copying.

    Parameters
    ----------
    *size : int
        The sizes wanted; -1 keeps a dimension as it is.

    Raises
    ------
    ShapeError
        If a dimension that is to grow is not 1.
    """
    wanted, have = sizes(size), self._array.shape
    lead = len(wanted) - len(have)
    if lead < 0:
        raise ShapeError(
            f"expand({list(have)}, size={list(wanted)}): the number of sizes provided "
            f"({len(wanted)}) must be greater or equal to the number of dimensions in the tensor "
            f"({len(have)})"
        )
    full = []
    for d, n in enumerate(wanted):
        old = have[d - lead] if d >= lead else None
        if n == -1:
            if old is None:
                raise ShapeError(
                    f"The expanded size of the tensor ({n}) isn't allowed in a leading, "
                    f"non-existing dimension {d}"
                )
            n = old
        elif old is not None and old != n and old != 1:
            raise ShapeError(
                f"The expanded size of the tensor ({n}) must match the existing size ({old}) at "
                f"non-singleton dimension {d}.  Target sizes: {list(wanted)}.  "
                f"Tensor sizes: {list(have)}"
            )
        full.append(n)
    return expand_op.call(self, shape=tuple(full))


@method()
def expand_as(self: Tensor, other: Tensor) -> Tensor:
    """Expanded to the shape of `other`."""
    return expand(self, other._array.shape)


@method()
def broadcast_to(input: Tensor, size: Sequence[int]) -> Tensor:
    """Expanded to a shape."""
    return expand(input, size)


def broadcast_shapes(*shapes: Any) -> Any:
    """The shape that tensors of these shapes broadcast to."""
    from .._tensor import Size

    wide = max((len(s) if isinstance(s, Sequence) else 1 for s in shapes), default=0)
    result = [1] * wide
    for given in shapes:
        shape = tuple(given) if isinstance(given, Sequence) else (given,)
        for d, n in enumerate(shape, wide - len(shape)):
            if n != 1 and result[d] != 1 and n != result[d]:
                raise ShapeError(
                    f"The size of tensor a ({result[d]}) must match the size of tensor b ({n}) at "
                    f"non-singleton dimension {d}; broadcasting {', '.join(map(str, shapes))}"
                )
            result[d] = n if result[d] == 1 else result[d]
    return Size(result)


def broadcast_tensors(*tensors: Any) -> tuple[Tensor, ...]:
    """The tensors expanded to the shape that they broadcast to."""
    if len(tensors) == 1 and isinstance(tensors[0], list | tuple):
        tensors = tuple(tensors[0])
    shape = tuple(broadcast_shapes(*(t._array.shape for t in tensors)))
    return tuple(t if t._array.shape == shape else expand(t, shape) for t in tensors)


# ------------------------------------------------------------------ dimensions of size 1


def _squeezer(name: str, node_name: str) -> Op:
    """PyTorch has one node each for all dimensions, for one and for several."""

    @op(node_name, name=name, view=True)
    def squeezed(xp: Any, input: Any, *, dims: Any) -> Any:
        """Without the dimensions in `dims`, which have size 1."""
        return xp.squeeze(input, axis=dims)

    @squeezed.vjp
    def _(F: Any, g: Any, input_shape: Any) -> Any:
        return F.reshape(g, shape=input_shape)

    return squeezed


_squeeze_all = _squeezer("squeeze", "SqueezeBackward0")
_squeeze_dim = _squeezer("squeeze_dim", "SqueezeBackward1")
_squeeze_dims = _squeezer("squeeze_dims", "SqueezeBackward2")


def _squeeze_call(input: Tensor, dim: Any) -> tuple[Op, tuple[int, ...]]:
    shape = input._array.shape
    if dim is None:
        return _squeeze_all, tuple(d for d, n in enumerate(shape) if n == 1)
    several = isinstance(dim, Sequence)
    found = wrap_dims(dim, len(shape)) if several else (wrap_dim(dim, len(shape)),)
    kept = tuple(d for d in found if shape and shape[d] == 1)
    return (_squeeze_dims if several else _squeeze_dim), kept


@method()
def squeeze(input: Tensor, dim: Any = None) -> Tensor:
    """Without dimensions of size 1: all of them, or those in `dim` (an int or a tuple)."""
    found, dims = _squeeze_call(input, dim)
    return found.call(input, dims=dims)


@op("UnsqueezeBackward0", name="unsqueeze", view=True)
def unsqueeze_op(xp: Any, input: Any, *, dim: int) -> Any:
    """With one more dimension of size 1 in place `dim`."""
    return xp.expand_dims(input, dim)


@unsqueeze_op.vjp
def _(F: Any, g: Any, input_shape: Any) -> Any:
    return F.reshape(g, shape=input_shape)


@method()
def unsqueeze(input: Tensor, dim: int) -> Tensor:
    """With one more dimension of size 1 in place `dim`."""
    return unsqueeze_op.call(input, dim=wrap_dim(dim, input._array.ndim + 1))


# ------------------------------------------------------------------ the order of dimensions


@op("PermuteBackward0", name="permute", view=True)
def permute_op(xp: Any, input: Any, *, dims: Any) -> Any:
    """The dimensions in another order."""
    return input.transpose(dims)


@permute_op.vjp
def _(F: Any, g: Any, dims: Any) -> Any:
    inverse = tuple(dims.index(i) for i in range(len(dims)))
    return F.permute(g, dims=inverse)


@op("TransposeBackward0", name="transpose", view=True)
def transpose_op(xp: Any, input: Any, *, dim0: int, dim1: int) -> Any:
    """Two dimensions swapped."""
    return xp.swapaxes(input, dim0, dim1) if input.ndim else input


@transpose_op.vjp
def _(F: Any, g: Any, dim0: int, dim1: int) -> Any:
    return F.transpose(g, dim0=dim0, dim1=dim1)


@op("TBackward0", name="t", view=True)
def t_op(xp: Any, input: Any) -> Any:
    """A matrix transposed."""
    return input.transpose()


@t_op.vjp
def _(F: Any, g: Any) -> Any:
    return F.t(g)


def permute(input: Tensor, dims: Sequence[int]) -> Tensor:
    """The dimensions in another order.

    Raises
    ------
    ShapeError
        If `dims` does not name each dimension once.
    """
    return _permute_method(input, dims)


@method("permute")
def _permute_method(self: Tensor, *dims: Any) -> Tensor:
    """The dimensions in another order: ``x.permute(1, 0)`` or ``x.permute((1, 0))``."""
    wanted, ndim = sizes(dims, "dims"), self._array.ndim
    if len(wanted) != ndim:
        raise ShapeError(
            "permute: number of dimensions in the tensor input does not match the length of the "
            f"desired ordering of dimensions i.e. input.dim() = {ndim} is not equal to len(dims) "
            f"= {len(wanted)}"
        )
    order = tuple(wrap_dim(d, ndim) for d in wanted)
    if len(set(order)) != ndim:
        raise ShapeError(f"permute(): duplicate dims are not allowed, got {list(wanted)}.")
    return permute_op.call(self, dims=order)


@method("transpose", "swapaxes", "swapdims")
def transpose(input: Tensor, dim0: int, dim1: int) -> Tensor:
    """Two dimensions swapped."""
    ndim = input._array.ndim
    return transpose_op.call(input, dim0=wrap_dim(dim0, ndim), dim1=wrap_dim(dim1, ndim))


swapaxes = swapdims = transpose


def _check_t(input: Tensor) -> None:
    if input._array.ndim > 2:
        raise ShapeError(
            f"t() expects a tensor with <= 2 dimensions, but self is {input._array.ndim}D; "
            "use transpose() or permute()"
        )


@method()
def t(input: Tensor) -> Tensor:
    """A matrix transposed (what has fewer dimensions stays as it is)."""
    _check_t(input)
    return t_op.call(input)


def _matrix(self: Tensor, name: str, exact: bool) -> Tensor:
    ndim = self._array.ndim
    if ndim < 2 or (exact and ndim > 2):
        what = "matrices (2-D tensors)" if exact else "matrices or batches of matrices"
        raise ShapeError(f"tensor.{name} is only supported on {what}. Got {ndim}-D tensor.")
    swapped = transpose(self, -2, -1)
    return swapped.conj() if name.endswith("H") and self.is_complex() else swapped


method("T")(property(lambda self: permute_op.call(self, dims=tuple(range(self.ndim))[::-1])))
method("mT")(property(lambda self: _matrix(self, "mT", False)))
method("mH")(property(lambda self: _matrix(self, "mH", False)))
method("H")(property(lambda self: _matrix(self, "H", True)))


@method()
def adjoint(input: Tensor) -> Tensor:
    """The last two dimensions swapped, and complex elements conjugated."""
    return _matrix(input, "mH", False)


@method("movedim", "moveaxis")
def movedim(input: Tensor, source: Any, destination: Any) -> Tensor:
    """Dimensions moved to other places; the rest keep their order."""
    ndim = input._array.ndim
    old, new = wrap_dims(source, ndim), wrap_dims(destination, ndim)
    if len(old) != len(new):
        raise ShapeError(
            "movedim: Invalid source or destination dims: source "
            f"({list(old)} dims) should contain the same number of dims as destination "
            f"({list(new)} dims)"
        )
    rest = iter(d for d in range(ndim) if d not in old)
    order = tuple(old[new.index(d)] if d in new else next(rest) for d in range(ndim))
    return permute_op.call(input, dims=order)


moveaxis = movedim


# ------------------------------------------------------------------ in place


def _in_place(form: Op, node_name: str) -> Op:
    """The same op, under the node name that PyTorch's in-place form has."""
    made = Op(f"{form.name}_", node_name, form.forward, view=True)
    made.vjps.update(form.vjps)
    return made


_squeezes = {
    _squeeze_all: _in_place(_squeeze_all, "SqueezeBackward3"),
    _squeeze_dim: _in_place(_squeeze_dim, "SqueezeBackward4"),
    _squeeze_dims: _in_place(_squeeze_dims, "SqueezeBackward5"),
}
squeeze_dim_ = _squeezes[_squeeze_dim]
_unsqueeze_ = _in_place(unsqueeze_op, "UnsqueezeBackward1")
_transpose_ = _in_place(transpose_op, "TransposeBackward1")
_t_ = _in_place(t_op, "TBackward1")


@method()
def squeeze_(self: Tensor, dim: Any = None) -> Tensor:
    """In-place form of `squeeze`."""
    found, dims = _squeeze_call(self, dim)
    return inplace.become(self, "squeeze_", lambda x: _squeezes[found].call(x, dims=dims))


@method()
def unsqueeze_(self: Tensor, dim: int) -> Tensor:
    """In-place form of `unsqueeze`."""
    d = wrap_dim(dim, self._array.ndim + 1)
    return inplace.become(self, "unsqueeze_", lambda x: _unsqueeze_.call(x, dim=d))


@method("transpose_", "swapaxes_", "swapdims_")
def transpose_(self: Tensor, dim0: int, dim1: int) -> Tensor:
    """In-place form of `transpose`."""
    ndim = self._array.ndim
    first, second = wrap_dim(dim0, ndim), wrap_dim(dim1, ndim)
    swap = functools.partial(_transpose_.call, dim0=first, dim1=second)
    return inplace.become(self, "transpose_", swap)


@method()
def t_(self: Tensor) -> Tensor:
    """In-place form of `t`."""
    _check_t(self)
    return inplace.become(self, "t_", _t_.call)


__all__ = [
    "reshape", "clone", "flatten", "unflatten", "ravel", "broadcast_to", "broadcast_shapes",
    "broadcast_tensors", "squeeze", "unsqueeze", "permute", "transpose", "swapaxes", "swapdims",
    "t", "adjoint", "movedim", "moveaxis",
    "contiguous_format", "preserve_format", "channels_last",
]  # fmt: skip
