"""Spectra of overlapping pieces of a signal, and the signal back from them.

Source: D. Griffin and J. Lim, "Signal estimation from modified short-time Fourier transform"
(1984): pieces are added up where they lay, and divided by the sum of the squared windows.
"""

from __future__ import annotations

import warnings

from .._tensor import Tensor, method
from ..errors import ShapeError
from .complex import view_as_real
from .fourier import fft_c2c, fft_c2r, fft_r2c
from .parts import unfold_backward
from .spatial import constant_pad_nd, pad


def _window(name: str, window: Tensor | None, win_length: int | None, n_fft: int) -> Tensor | None:
    """The window in the middle of `n_fft` numbers; None stands for ones."""
    length = n_fft if win_length is None else win_length
    if not 0 < length <= n_fft:
        raise RuntimeError(
            f"{name}: expected 0 < win_length <= n_fft, but got win_length={length} and "
            f"n_fft={n_fft}"
        )
    if window is not None and (window.ndim != 1 or window.shape[0] != length):
        raise RuntimeError(
            f"{name}: expected a 1D window tensor of size equal to win_length={length}, "
            f"but got window with size {list(window.shape)}"
        )
    if length == n_fft:
        return window
    left = (n_fft - length) // 2
    return None if window is None else constant_pad_nd(window, [left, n_fft - length - left])


@method()
def stft(
    input: Tensor,
    n_fft: int,
    hop_length: int | None = None,
    win_length: int | None = None,
    window: Tensor | None = None,
    center: bool = True,
    pad_mode: str = "reflect",
    normalized: bool = False,
    onesided: bool | None = None,
    return_complex: bool | None = None,
    align_to_window: bool | None = None,
) -> Tensor:
    """Spectra of overlapping pieces of a signal: the short-time Fourier transform.

    Parameters
    ----------
    input : Tensor
        One signal (length) or a batch of them (b, length), real or complex.
    n_fft : int
        Length of a piece.
    hop_length : int, optional
        Distance between the beginnings of pieces; default ``n_fft // 4``.
    win_length : int, optional
        Length of the window, which lies in the middle of the piece; default n_fft.
    window : Tensor, optional
        (win_length); default ones.
    center : bool, default True
        Pieces are centred at multiples of hop_length: the signal is padded at both ends, in
        the way `pad_mode` names (see `nn.functional.pad`).
    normalized : bool, default False
        Divide by the root of n_fft.
    onesided : bool, optional
        Give the first half of each spectrum; default where all is real.
    return_complex : bool, optional
        Must be given for a real signal: complex numbers, or pairs of real ones in a new last
        dimension.

    Returns
    -------
    Tensor
        (..., frequencies, pieces).
    """
    real = not (input.is_complex() or (window is not None and window.is_complex()))
    if return_complex is None:
        if real:
            raise RuntimeError(
                "stft requires the return_complex parameter be given for real inputs, and will "
                "further require that return_complex=True in a future PyTorch release."
            )
        return_complex = True
    if input.ndim not in (1, 2):
        raise ShapeError(
            f"stft: expected a 1D or 2D tensor, but got one of shape {tuple(input.shape)}"
        )
    if center and align_to_window is not None:
        raise RuntimeError("stft align_to_window should only be set when center = false.")
    hop = n_fft // 4 if hop_length is None else hop_length
    if hop <= 0:
        raise RuntimeError(f"stft: expected hop_length > 0, but got hop_length={hop}")
    spread = _window("stft", window, win_length, n_fft)
    signal = input if input.ndim == 2 else input.unsqueeze(0)
    if center:
        signal = pad(signal.unsqueeze(1), [n_fft // 2] * 2, mode=pad_mode).squeeze(1)
    elif align_to_window:
        missing = (n_fft - (win_length or n_fft)) // 2
        signal = pad(signal, [missing, missing])
    length = signal.shape[1]
    if not 0 < n_fft <= length:
        raise RuntimeError(f"stft: expected 0 < n_fft <= {length}, but got n_fft={n_fft}")
    spectra = _spectra(_pieces(signal, n_fft, hop, spread), real, onesided, normalized)
    spectra = spectra.transpose(1, 2)
    spectra = spectra if input.ndim == 2 else spectra.squeeze(0)
    return spectra if return_complex else view_as_real(spectra)


def _pieces(signal: Tensor, n_fft: int, hop: int, window: Tensor | None) -> Tensor:
    """(b, pieces, n_fft), each times the window."""
    step = signal.stride()
    count = 1 + (signal.shape[1] - n_fft) // hop
    pieces = signal.as_strided((signal.shape[0], count, n_fft), (step[0], hop * step[1], step[1]))
    return pieces if window is None else pieces * window


def _spectra(pieces: Tensor, real: bool, onesided: bool | None, normalized: bool) -> Tensor:
    norm = "sqrt" if normalized else "none"
    if not real:
        if onesided:
            raise RuntimeError(
                "Cannot have onesided output if window or input is complex; use onesided=False"
            )
        return fft_c2c.call(pieces, dims=(2,), norm=norm, forward=True)
    half = onesided is None or onesided
    return fft_r2c.call(pieces, dims=(2,), norm=norm, forward=True, half=half)


@method()
def istft(
    input: Tensor,
    n_fft: int,
    hop_length: int | None = None,
    win_length: int | None = None,
    window: Tensor | None = None,
    center: bool = True,
    normalized: bool = False,
    onesided: bool | None = None,
    length: int | None = None,
    return_complex: bool = False,
) -> Tensor:
    """The signal from what `stft` gave, called with the same arguments.

    Parameters
    ----------
    input : Tensor
        Complex, (..., frequencies, pieces).
    length : int, optional
        Cut the signal, or fill it up with zeros, to this length.
    return_complex : bool, default False
        Give a complex signal (from both halves of the spectra).

    Raises
    ------
    RuntimeError
        If the squared windows add up to 0 somewhere, so that nothing is known there.
    """
    if not input.is_complex():
        raise RuntimeError(
            "istft requires a complex-valued input tensor matching the output from stft with "
            "return_complex=True."
        )
    if input.ndim not in (2, 3) or not input.numel():
        raise ShapeError(
            "istft: expected a tensor with 2 or 3 dimensions and some elements, got shape "
            f"{tuple(input.shape)}"
        )
    hop = n_fft // 4 if hop_length is None else hop_length
    width = win_length or n_fft
    if not 0 < hop <= width:
        raise RuntimeError(f"istft: expected 0 < hop_length <= win_length, got {hop} and {width}")
    half = input.shape[-2] != n_fft if onesided is None else onesided
    if input.shape[-2] != (n_fft // 2 + 1 if half else n_fft):
        raise RuntimeError(
            f"istft: expected the frequency dimension (3rd to the last) of the input tensor to "
            f"match n_fft{' / 2 + 1' if half else ''} when onesided={half}, but got "
            f"{input.shape[-2]} with n_fft={n_fft}"
        )
    if return_complex and half:
        raise RuntimeError(
            "cannot have onesided output if window or input is complex; use onesided=False"
        )
    spread = _window("istft", window, width, n_fft)
    if spread is None:
        spread = input.new_ones(width, dtype=input.real.dtype)
        left = (n_fft - width) // 2
        spread = constant_pad_nd(spread, [left, n_fft - width - left])
    spectra = input if input.ndim == 3 else input.unsqueeze(0)
    pieces = _back(spectra.transpose(1, 2), n_fft, normalized, return_complex) * spread
    signal = _overlapped(pieces, spread, hop, n_fft, center, length)
    return signal if input.ndim == 3 else signal.squeeze(0)


def _back(spectra: Tensor, n_fft: int, normalized: bool, complex_wanted: bool) -> Tensor:
    norm = "sqrt" if normalized else "n"
    if complex_wanted:
        return fft_c2c.call(spectra, dims=(2,), norm=norm, forward=False)
    spectra = spectra.narrow(2, 0, n_fft // 2 + 1)
    return fft_c2r.call(spectra, dims=(2,), norm=norm, size=n_fft)


def _overlapped(
    pieces: Tensor, window: Tensor, hop: int, n_fft: int, center: bool, length: int | None
) -> Tensor:
    """The pieces added up where they lay, over the sum of squared windows."""
    batch, count = pieces.shape[:2]
    total = n_fft + hop * (count - 1)
    start = n_fft // 2 if center else 0
    stop = start + length if length is not None else total - (n_fft // 2 if center else 0)
    squares = window.square().expand(1, count, n_fft)
    y, weight = (
        unfold_backward.call(x, shape=(b, total), dim=1, size=n_fft, step=hop)[:, start:stop]
        for x, b in ((pieces, batch), (squares, 1))
    )
    if bool((weight.abs().amin() if weight.numel() else weight.sum()) < 1e-11):
        raise RuntimeError(
            "istft: window overlap add min: 1: the squared windows add up to 0 somewhere, so the "
            "signal is not determined there; take a smaller hop_length or center=True"
        )
    found = y / weight
    if stop > total:
        warnings.warn(
            "The length of signal is shorter than the length parameter. Result is being padded "
            "with zeros in the tail. Please check your center and hop_length settings.",
            UserWarning,
            stacklevel=3,
        )
        found = constant_pad_nd(found, [0, stop - total])
    return found


__all__ = ["istft", "stft"]
