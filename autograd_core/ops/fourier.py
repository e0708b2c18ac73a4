"""Discrete Fourier transforms: three primitives, and the functions of ``torch.fft``.

``fft_c2c`` takes complex numbers to complex numbers, ``fft_r2c`` real ones to (half of) their
spectrum, ``fft_c2r`` half a spectrum back.  Each sums over ``exp(-2 pi i j k / n)``, or with
``forward=False`` over ``exp(2 pi i j k / n)``, and divides by the `norm`: nothing, n, or its
square root ("none", "n", "sqrt").
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from .. import dtypes
from .._tensor import Tensor
from ..declare import op
from ..dtypes import COMPLEX, FLOATING
from ..errors import DtypeError
from .arithmetic import cast
from .complex import conj
from .dims import wrap_dim
from .matrices import is_complex

NUMPY_NORMS = {
    True: {"none": "backward", "n": "forward", "sqrt": "ortho"},
    False: {"none": "forward", "n": "backward", "sqrt": "ortho"},
}
"""NumPy names the direction that is divided."""

# ------------------------------------------------------------------ primitives


@op("FftC2CBackward0", types="free", linear=True)
def fft_c2c(xp: Any, input: Any, *, dims: Any, norm: str, forward: bool) -> Any:
    """Complex to complex, over several dimensions."""
    transform = xp.fft.fftn if forward else xp.fft.ifftn
    return transform(input, axes=dims, norm=NUMPY_NORMS[forward][norm])


@fft_c2c.vjp
def _(F: Any, g: Any, dims: Any, norm: str, forward: bool) -> Any:
    return F.fft_c2c(g, dims=dims, norm=norm, forward=forward)


@op("FftR2CBackward0", types="free", holomorphic=False)
def fft_r2c(xp: Any, input: Any, *, dims: Any, norm: str, forward: bool, half: bool) -> Any:
    """Real to complex; `half` keeps the first half of the last of `dims`."""
    name = NUMPY_NORMS[True][norm]
    found = (
        xp.fft.rfftn(input, axes=dims, norm=name)
        if half
        else xp.fft.fftn(input, axes=dims, norm=name)
    )
    return found if forward else xp.conj(found)


@fft_r2c.vjp
def _(F: Any, g: Any, input_shape: Any, dims: Any, norm: str, forward: bool, half: bool) -> Any:
    if half:
        last = dims[-1]
        g = F.slice_backward(g, shape=_with(g.shape, last, input_shape[last]), dim=last, start=0,
                             stop=g.shape[last], step=1)  # fmt: skip
    return F.real(F.fft_c2c(g, dims=dims, norm=norm, forward=not forward))


@op("FftC2RBackward0", types="free", holomorphic=False)
def fft_c2r(xp: Any, input: Any, *, dims: Any, norm: str, size: int) -> Any:
    """Half a spectrum (along the last of `dims`) back to `size` real numbers."""
    shape = (*(input.shape[d] for d in dims[:-1]), size)
    return xp.fft.irfftn(input, s=shape, axes=dims, norm=NUMPY_NORMS[False][norm])


@fft_c2r.vjp
def _(F: Any, g: Any, input_shape: Any, dims: Any, norm: str, size: int) -> Any:
    """What the other half of the spectrum repeats counts twice."""
    last = dims[-1]
    half = F.fft_r2c(g, dims=dims, norm=norm, forward=True, half=True)
    kept, repeated = input_shape[last], size - input_shape[last]
    middle = F.slice(half, dim=last, start=1, stop=1 + repeated, step=1)
    return half + F.slice_backward(
        middle, shape=_with(half.shape, last, kept), dim=last, start=1, stop=1 + repeated, step=1
    )


def _with(shape: Any, dim: int, size: int) -> tuple[int, ...]:
    return tuple(size if d == dim else n for d, n in enumerate(shape))


# ------------------------------------------------------------------ reading of arguments


def _norm(norm: str | None, forward: bool) -> str:
    if norm in (None, "backward"):
        return "none" if forward else "n"
    if norm == "forward":
        return "n" if forward else "none"
    if norm == "ortho":
        return "sqrt"
    raise RuntimeError(
        f'Invalid normalization mode: "{norm}"; the modes are "backward", "forward" and "ortho"'
    )


def _promoted(input: Tensor, complex_wanted: bool = False) -> Tensor:
    """Integers as default floats, and where they are wanted complex numbers."""
    if not isinstance(input, Tensor):
        raise TypeError(f"fft: argument 'input' must be Tensor, not {type(input).__name__}")
    kind = input.dtype
    if kind.category < FLOATING:
        kind = dtypes.get_default_dtype()
    if kind.itemsize == 2:
        raise DtypeError(
            f"Unsupported dtype {dtypes.scalar_type(kind)}: convert the tensor with .float() first"
        )
    if complex_wanted and kind.category != COMPLEX:
        kind = dtypes.complex128 if kind is dtypes.float64 else dtypes.complex64
    return input if kind is input.dtype else cast(input, kind)


def _resized(input: Tensor, dims: Sequence[int], shape: Sequence[int | None]) -> Tensor:
    """Cut, or filled up with zeros, to the given sizes of some dimensions."""
    from .spatial import constant_pad_nd

    pads = [0] * (2 * input.ndim)
    for d, n in zip(dims, shape, strict=True):
        if n is None:
            continue
        if n < 1:
            raise RuntimeError(f"Invalid number of data points ({n}) specified")
        if n < input.shape[d]:
            input = input.narrow(d, 0, n)
        pads[2 * (input.ndim - 1 - d) + 1] = n - input.shape[d]
    return constant_pad_nd(input, pads) if any(pads) else input


def _dims(input: Tensor, s: Any, dim: Any) -> tuple[tuple[int, ...], list[int | None]]:
    """The dimensions counted from 0, and the size wanted of each (None: as it is)."""
    ndim = input.ndim
    if isinstance(dim, int):
        dim = (dim,)
    if isinstance(s, int):
        s = (s,)
    if dim is not None:
        found = tuple(wrap_dim(d, ndim) for d in dim)
        if len(set(found)) != len(found):
            raise RuntimeError("FFT dims must be unique")
        if s is not None and len(s) != len(found):
            raise RuntimeError(
                "When given, dim and shape arguments must have the same length, "
                f"got {len(found)} and {len(s)}"
            )
    elif s is not None:
        if len(s) > ndim:
            raise RuntimeError(
                f"Got shape with {len(s)} values but input tensor only has {ndim} dimensions."
            )
        found = tuple(range(ndim - len(s), ndim))
    else:
        found = tuple(range(ndim))
    wanted = [-1] * len(found) if s is None else s
    sizes = [None if n == -1 else int(n) for n in wanted]
    return found, sizes


def _check_sizes(input: Tensor, dims: Sequence[int]) -> None:
    for d in dims:
        if input.shape[d] < 1:
            raise RuntimeError(f"Invalid number of data points ({input.shape[d]}) specified")


def _one(input: Tensor, n: int | None, dim: int) -> tuple[tuple[int, ...], list[int | None]]:
    if not input.ndim:
        raise IndexError("Dimension specified as -1 but tensor has no dimensions")
    return (wrap_dim(dim, input.ndim),), [n]


def _refuse_complex(name: str, input: Tensor) -> None:
    if input.is_complex():
        raise DtypeError(
            f"{name} expects a real input tensor, but got {dtypes.scalar_type(input.dtype)}"
        )


def _c2c(input: Tensor, dims: Any, sizes: Any, norm: Any, forward: bool) -> Tensor:
    if not dims:
        return input.clone()
    input = _resized(input, dims, sizes)
    _check_sizes(input, dims)
    kind = _norm(norm, forward)
    if is_complex(input):
        return fft_c2c.call(input, dims=dims, norm=kind, forward=forward)
    return fft_r2c.call(input, dims=dims, norm=kind, forward=forward, half=False)


def _r2c(input: Tensor, dims: Any, sizes: Any, norm: Any, forward: bool) -> Tensor:
    input = _resized(input, dims, sizes)
    _check_sizes(input, dims)
    return fft_r2c.call(input, dims=dims, norm=_norm(norm, forward), forward=forward, half=True)


def _c2r(input: Tensor, dims: Any, sizes: Any, norm: Any) -> Tensor:
    input, last = _half_spectrum(input, dims, sizes)
    return fft_c2r.call(input, dims=dims, norm=_norm(norm, False), size=last)


def _half_spectrum(input: Tensor, dims: Any, sizes: Any) -> tuple[Tensor, int]:
    """The input cut or filled up as a spectrum of `size` real numbers, and that size."""
    last = sizes[-1] if sizes[-1] is not None else 2 * (input.shape[dims[-1]] - 1)
    if last < 1:
        raise RuntimeError(f"Invalid number of data points ({last}) specified")
    input = _resized(input, dims, [*sizes[:-1], last // 2 + 1])
    _check_sizes(input, dims)
    return input, last


# ------------------------------------------------------------------ one dimension


def fft(input: Tensor, n: int | None = None, dim: int = -1, norm: str | None = None) -> Tensor:
    """The spectrum along one dimension.

    Parameters
    ----------
    input : Tensor
        Real or complex.
    n : int, optional
        Cut the signal, or fill it up with zeros, to this length first.
    dim : int, default -1
        Along which dimension.
    norm : 'backward', 'forward' or 'ortho'
        Which of the two directions divides by n (default the inverse); both, by its root.
    """
    input = _promoted(input)
    return _c2c(input, *_one(input, n, dim), norm, True)


def ifft(input: Tensor, n: int | None = None, dim: int = -1, norm: str | None = None) -> Tensor:
    """The inverse of `fft`."""
    input = _promoted(input)
    return _c2c(input, *_one(input, n, dim), norm, False)


def rfft(input: Tensor, n: int | None = None, dim: int = -1, norm: str | None = None) -> Tensor:
    """The first half, n // 2 + 1 numbers, of the spectrum of a real signal; see `fft`."""
    _refuse_complex("rfft", input)
    input = _promoted(input)
    return _r2c(input, *_one(input, n, dim), norm, True)


def irfft(input: Tensor, n: int | None = None, dim: int = -1, norm: str | None = None) -> Tensor:
    """The inverse of `rfft`: n real numbers (default 2 * (length - 1)) from half a spectrum."""
    input = _promoted(input, True)
    return _c2r(input, *_one(input, n, dim), norm)


def hfft(input: Tensor, n: int | None = None, dim: int = -1, norm: str | None = None) -> Tensor:
    """The real spectrum of a signal given by its first half, whose other half mirrors it."""
    input = _promoted(input, True)
    return _c2r_of_conjugate(input, *_one(input, n, dim), norm)


def ihfft(input: Tensor, n: int | None = None, dim: int = -1, norm: str | None = None) -> Tensor:
    """The inverse of `hfft`: half a signal from its real spectrum."""
    _refuse_complex("ihfft", input)
    input = _promoted(input)
    dims, sizes = _one(input, n, dim)
    input = _resized(input, dims, sizes)
    _check_sizes(input, dims)
    found = fft_r2c.call(input, dims=dims, norm=_norm(norm, False), forward=True, half=True)
    return conj(found)


def _c2r_of_conjugate(input: Tensor, dims: Any, sizes: Any, norm: Any) -> Tensor:
    input, last = _half_spectrum(input, dims, sizes)
    kind = _norm(norm, True)
    if len(dims) > 1:
        input = fft_c2c.call(input, dims=dims[:-1], norm=kind, forward=True)
    return fft_c2r.call(conj(input), dims=dims[-1:], norm=kind, size=last)


# ------------------------------------------------------------------ several dimensions


def fftn(input: Tensor, s: Any = None, dim: Any = None, norm: str | None = None) -> Tensor:
    """The spectrum over several dimensions (default: all).

    Parameters
    ----------
    s : sequence of int, optional
        Size of each transformed dimension, cut or filled up with zeros first; -1: as it is.
        Without `dim` these are the last dimensions.
    dim : sequence of int, optional
    norm : 'backward', 'forward' or 'ortho'
        See `fft`; n is then the product of the sizes.
    """
    input = _promoted(input, True)
    return _c2c(input, *_dims(input, s, dim), norm, True)


def ifftn(input: Tensor, s: Any = None, dim: Any = None, norm: str | None = None) -> Tensor:
    """The inverse of `fftn`."""
    input = _promoted(input, True)
    return _c2c(input, *_dims(input, s, dim), norm, False)


def rfftn(input: Tensor, s: Any = None, dim: Any = None, norm: str | None = None) -> Tensor:
    """`fftn` of a real tensor; of the last dimension transformed only the first half."""
    _refuse_complex("rfftn", input)
    input = _promoted(input)
    return _r2c(input, *_some(_dims(input, s, dim), "rfftn"), norm, True)


def irfftn(input: Tensor, s: Any = None, dim: Any = None, norm: str | None = None) -> Tensor:
    """The inverse of `rfftn`."""
    input = _promoted(input, True)
    return _c2r(input, *_some(_dims(input, s, dim), "irfftn"), norm)


def hfftn(input: Tensor, s: Any = None, dim: Any = None, norm: str | None = None) -> Tensor:
    """`hfft` over several dimensions."""
    input = _promoted(input, True)
    return _c2r_of_conjugate(input, *_some(_dims(input, s, dim), "hfftn"), norm)


def ihfftn(input: Tensor, s: Any = None, dim: Any = None, norm: str | None = None) -> Tensor:
    """The inverse of `hfftn`."""
    _refuse_complex("ihfftn", input)
    input = _promoted(input)
    dims, sizes = _some(_dims(input, s, dim), "ihfftn")
    input = _resized(input, dims, sizes)
    _check_sizes(input, dims)
    kind = _norm(norm, False)
    found = conj(fft_r2c.call(input, dims=dims[-1:], norm=kind, forward=True, half=True))
    if len(dims) == 1:
        return found
    return fft_c2c.call(found, dims=dims[:-1], norm=kind, forward=False)


def _some(found: tuple[Any, Any], name: str) -> tuple[Any, Any]:
    if not found[0]:
        raise RuntimeError(f"{name} must transform at least one axis")
    return found


def fft2(input: Tensor, s: Any = None, dim: Any = (-2, -1), norm: str | None = None) -> Tensor:
    """The spectrum over two dimensions, by default the last; see `fftn`."""
    return fftn(input, s, dim, norm)


def ifft2(input: Tensor, s: Any = None, dim: Any = (-2, -1), norm: str | None = None) -> Tensor:
    """The inverse of `fft2`."""
    return ifftn(input, s, dim, norm)


def rfft2(input: Tensor, s: Any = None, dim: Any = (-2, -1), norm: str | None = None) -> Tensor:
    """`rfftn` over two dimensions, by default the last."""
    return rfftn(input, s, dim, norm)


def irfft2(input: Tensor, s: Any = None, dim: Any = (-2, -1), norm: str | None = None) -> Tensor:
    """The inverse of `rfft2`."""
    return irfftn(input, s, dim, norm)


def hfft2(input: Tensor, s: Any = None, dim: Any = (-2, -1), norm: str | None = None) -> Tensor:
    """`hfftn` over two dimensions, by default the last."""
    return hfftn(input, s, dim, norm)


def ihfft2(input: Tensor, s: Any = None, dim: Any = (-2, -1), norm: str | None = None) -> Tensor:
    """The inverse of `hfft2`."""
    return ihfftn(input, s, dim, norm)


__all__: list[str] = []
