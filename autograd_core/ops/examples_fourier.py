"""Example calls of Fourier transforms."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from ..examples import Arguments, Draw, call, examples

NORMS = ("backward", "forward", "ortho")
OF_COMPLEX = ("fft", "ifft", "irfft", "hfft")
OF_REAL = ("rfft", "ihfft")


def _along_one(name: str, complex_too: bool, real_too: bool) -> None:
    @examples(f"fft.{name}", tolerance=1e-8)
    def _(draw: Draw) -> Iterator[Arguments]:
        kinds = [draw.real] * real_too + [draw.complex] * complex_too
        for numbers in kinds:
            yield call(numbers(2, 5))
            for norm in NORMS:
                yield call(numbers(3, 4), n=6, dim=0, norm=norm)
            yield call(numbers(2, 6), n=3)
            yield call(numbers(2, 6), n=4, dim=-1)


for _name in OF_COMPLEX:
    _along_one(_name, True, True)
for _name in OF_REAL:
    _along_one(_name, False, True)


def _along_several(name: str, complex_too: bool, real_too: bool) -> None:
    @examples(f"fft.{name}n", tolerance=1e-8)
    def _(draw: Draw) -> Iterator[Arguments]:
        for numbers in [draw.real] * real_too + [draw.complex] * complex_too:
            yield call(numbers(2, 3, 4))
            yield call(numbers(2, 3, 4), s=(4, 3))
            yield call(numbers(2, 3, 4), dim=(0, 2), norm="ortho")
            yield call(numbers(2, 3, 4), s=(3, -1), dim=(2, 1), norm="forward")
            yield call(numbers(5))

    @examples(f"fft.{name}2", tolerance=1e-8)
    def _(draw: Draw) -> Iterator[Arguments]:
        for numbers in [draw.real] * real_too + [draw.complex] * complex_too:
            yield call(numbers(2, 3, 4))
            yield call(numbers(4, 3), s=(3, 5), norm="ortho")
            yield call(numbers(3, 2, 4), dim=(0, 2))


for _name in OF_COMPLEX:
    _along_several(_name, True, True)
for _name in OF_REAL:
    _along_several(_name, False, True)


def _shifts(draw: Draw) -> Iterator[Arguments]:
    yield call(draw.real(5))
    yield call(draw.real(2, 3, 4), dim=(0, -1))
    yield call(draw.complex(4, 3), dim=1)


examples("fft.fftshift")(_shifts)
examples("fft.ifftshift")(_shifts)


def _frequencies(draw: Draw) -> Iterator[Arguments]:
    for n in (1, 4, 5):
        yield call(n)
    yield call(6, 0.1)


examples("fft.fftfreq", grad=False)(_frequencies)
examples("fft.rfftfreq", grad=False)(_frequencies)


@examples("stft", tolerance=1e-8)
def _(draw: Draw) -> Iterator[Arguments]:
    window = np.hanning(8)[1:-1]
    yield call(draw.real(20), 6, window=window, return_complex=True)
    yield call(draw.real(2, 20), 8, 3, 6, window, return_complex=True)
    yield call(draw.real(20), 6, 2, window=window, center=False, return_complex=True)
    yield call(draw.real(20), 6, window=window, normalized=True, onesided=False,
               return_complex=True)  # fmt: skip
    yield call(draw.real(20), 6, window=window, return_complex=True, pad_mode="constant")
    yield call(draw.complex(2, 20), 6, window=window)


@examples("istft", tolerance=1e-8)
def _(draw: Draw) -> Iterator[Arguments]:
    window = np.hanning(8)[1:-1]
    yield call(draw.complex(4, 9), 6, 2, window=window)
    yield call(draw.complex(2, 4, 9), 6, 2, window=window, normalized=True, length=11)
    yield call(draw.complex(2, 6, 9), 6, 3, window=np.ones(6), onesided=False)
    yield call(draw.complex(5, 9), 8, 2, 6, window)


@examples("view_as_real")
def _(draw: Draw) -> Iterator[Arguments]:
    yield call(draw.complex(2, 3))
    yield call(draw.complex())


@examples("complex")
def _(draw: Draw) -> Iterator[Arguments]:
    yield call(draw.real(2, 3), draw.real(2, 3))
    yield call(draw.real(3), draw.real(2, 1))


def _windows(draw: Draw) -> Iterator[Arguments]:
    for length in (0, 1, 2, 7, 8):
        yield call(length)
        yield call(length, False)


def _symmetric_windows(draw: Draw) -> Iterator[Arguments]:
    for length in (0, 1, 2, 7, 8):
        yield call(length)
        yield call(length, sym=False)


for _name in ("hann", "hamming", "blackman", "bartlett", "kaiser"):
    examples(f"{_name}_window", grad=False)(_windows)
    examples(f"signal.windows.{_name}", grad=False)(_symmetric_windows)
for _name in ("cosine", "exponential", "gaussian", "nuttall", "general_hamming"):
    examples(f"signal.windows.{_name}", grad=False)(_symmetric_windows)
