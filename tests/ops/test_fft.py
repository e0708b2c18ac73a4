"""Fourier transforms, pieces of signals, windows, complex numbers as pairs."""

from __future__ import annotations

import math

import numpy as np
import pytest

import autograd_core as ag
from autograd_core import fft

DRAW = np.random.default_rng(0)


def real(*shape):
    return ag.tensor(DRAW.uniform(-1, 1, shape), dtype=ag.float64, requires_grad=True)


def complex_(*shape):
    values = DRAW.uniform(-1, 1, shape) + 1j * DRAW.uniform(-1, 1, shape)
    return ag.tensor(values, dtype=ag.complex128, requires_grad=True)


def close(a, b, tolerance=1e-10):
    np.testing.assert_allclose(
        a.detach().numpy(), b.detach().numpy(), rtol=tolerance, atol=tolerance
    )


def graph(node, depth=3):
    inputs = [graph(n, depth - 1) for n, _ in node.next_functions if n] if depth else []
    name = node.name().removeprefix("torch::autograd::").replace("AccumulateGrad", "leaf")
    return f"{name}({', '.join(inputs)})" if inputs else name


@pytest.mark.parametrize(
    ("compute", "expected"),
    [
        (lambda: fft.fft(real(4)), "FftR2CBackward0(leaf)"),
        (lambda: fft.fft(complex_(4)), "FftC2CBackward0(leaf)"),
        (lambda: fft.fft(real(4), n=2), "FftR2CBackward0(SliceBackward0(leaf))"),
        (lambda: fft.rfft(real(4)), "FftR2CBackward0(leaf)"),
        (lambda: fft.irfft(complex_(4)), "FftC2RBackward0(leaf)"),
        (lambda: fft.hfft(complex_(4)), "FftC2RBackward0(ConjBackward0(leaf))"),
        (lambda: fft.ihfft(real(4)), "ConjBackward0(FftR2CBackward0(leaf))"),
        (
            lambda: fft.fftn(real(3, 4), s=(4, 5)),
            "FftC2CBackward0(ConstantPadNdBackward0(ToCopyBackward0(leaf)))",
        ),
        (
            lambda: fft.hfft2(complex_(3, 3)),
            "FftC2RBackward0(ConjBackward0(FftC2CBackward0(leaf)))",
        ),
        (lambda: fft.fftshift(real(4)), "RollBackward0(leaf)"),
    ],
)
def test_nodes_are_pytorchs(compute, expected):
    assert graph(compute().grad_fn) == expected


@pytest.mark.parametrize(
    ("compute", "kind", "message"),
    [
        (lambda: fft.fft(ag.ones(0)), RuntimeError, r"number of data points \(0\)"),
        (lambda: fft.fft(ag.ones(3), n=0), RuntimeError, r"number of data points \(0\)"),
        (lambda: fft.irfft(complex_(1)), RuntimeError, r"number of data points \(0\)"),
        (lambda: fft.fft(ag.tensor(1.0)), IndexError, "tensor has no dimensions"),
        (lambda: fft.fft(ag.ones(3), dim=4), IndexError, "Dimension out of range"),
        (lambda: fft.fft(ag.ones(3), norm="x"), RuntimeError, 'Invalid normalization mode: "x"'),
        (lambda: fft.rfft(complex_(3)), RuntimeError, "real input tensor, but got ComplexDouble"),
        (lambda: fft.ihfftn(complex_(3)), RuntimeError, "ihfftn expects a real input tensor"),
        (lambda: fft.fftn(ag.ones(3), s=(2, 2)), RuntimeError, "shape with 2 values but input"),
        (lambda: fft.fftn(ag.ones(3, 3), s=(2,), dim=(0, 1)), RuntimeError, "the same length"),
        (lambda: fft.fftn(ag.ones(3, 3), dim=(0, -2)), RuntimeError, "dims must be unique"),
        (lambda: fft.rfftn(ag.ones(3), dim=()), RuntimeError, "must transform at least one axis"),
        (lambda: fft.fft(ag.ones(3).half()), RuntimeError, "Unsupported dtype Half"),
        (lambda: fft.fft([1.0]), TypeError, "must be Tensor, not list"),
        (lambda: ag.stft(ag.ones(9), 4), RuntimeError, "return_complex parameter be given"),
        (lambda: ag.stft(ag.ones(9), 4, 0, return_complex=True), RuntimeError, "hop_length=0"),
        (
            lambda: ag.stft(ag.ones(9), 12, center=False, return_complex=True),
            RuntimeError,
            "0 < n_fft <= 9, but got n_fft=12",
        ),
        (
            lambda: ag.stft(ag.ones(9), 4, window=ag.ones(3), return_complex=True),
            RuntimeError,
            r"win_length=4, but got window with size \[3\]",
        ),
        (lambda: ag.istft(ag.ones(3, 4), 4), RuntimeError, "requires a complex-valued input"),
        (
            lambda: ag.istft(complex_(3, 4), 4, 2, window=ag.zeros(4).double()),
            RuntimeError,
            "window overlap add min",
        ),
        (lambda: ag.view_as_real(ag.ones(2)), RuntimeError, "only supported for complex tensors"),
        (lambda: ag.view_as_complex(ag.ones(3)), RuntimeError, "a last dimension of size 2"),
        (lambda: ag.view_as_complex(ag.ones(2, 2).T), RuntimeError, "stride"),
        (lambda: ag.complex(ag.ones(2), ag.ones(2).double()), RuntimeError, "scalar type Float"),
        (lambda: ag.hann_window(5, dtype=ag.int64), RuntimeError, "floating point dtypes, got"),
        (lambda: ag.signal.windows.hann(-1), ValueError, "length, got M=-1"),
        (lambda: ag.signal.windows.gaussian(5, std=0), ValueError, "must be positive, got: 0"),
        (lambda: ag.signal.windows.general_cosine(5, a=[]), ValueError, "cannot be empty"),
        (lambda: ag.signal.windows.exponential(5, center=1), ValueError, "must be None"),
    ],
)
def test_errors_are_pytorchs(compute, kind, message):
    with pytest.raises(kind, match=message):
        compute()


@pytest.mark.parametrize("norm", [None, "backward", "forward", "ortho"])
@pytest.mark.parametrize("n", [4, 5])
def test_there_and_back(norm, n):
    x, z = real(2, n), complex_(2, n)
    close(fft.ifft(fft.fft(z, norm=norm), norm=norm), z)
    close(fft.irfft(fft.rfft(x, norm=norm), n=n, norm=norm), x)
    close(fft.hfft(fft.ihfft(x, norm=norm), n=n, norm=norm), x)
    close(fft.irfft2(fft.rfft2(x, norm=norm), s=(2, n), norm=norm), x)
    close(fft.hfft2(fft.ihfft2(x, norm=norm), s=(2, n), norm=norm), x)
    close(fft.ifftn(fft.fftn(z, norm=norm), norm=norm), z)


def test_the_gradient_of_energy_is_the_signal():
    x = real(6)
    (fft.fft(x, norm="ortho").abs() ** 2).sum().backward()  # Parseval: as many as of x itself
    close(x.grad, 2 * x)


@pytest.mark.parametrize("kind", ["float32", "complex64"])
def test_single_precision_stays(kind):
    x = ag.ones(4, dtype=getattr(ag, kind))
    assert fft.fft(x).dtype is fft.ifft(x).dtype is ag.complex64
    assert fft.irfft(x).dtype is ag.float32
    assert fft.fft(ag.ones(4, dtype=ag.int64)).dtype is ag.complex64


def test_empty_batches_pass():
    assert tuple(fft.rfft(real(0, 4)).shape) == (0, 3)
    assert tuple(fft.fftn(complex_(0, 3), dim=(1,)).shape) == (0, 3)
    assert fft.fftfreq(0).tolist() == []


def test_frequencies_and_shifts():
    assert fft.fftfreq(4, 0.5).tolist() == [0.0, 0.5, -1.0, -0.5]
    assert fft.rfftfreq(5, 0.2, dtype=ag.float64).tolist() == [0.0, 1.0, 2.0]
    x = ag.arange(5)
    assert fft.fftshift(x).tolist() == [3, 4, 0, 1, 2]
    assert fft.ifftshift(fft.fftshift(x)).tolist() == x.tolist()


def test_out_takes_the_spectrum():
    out = ag.empty(3, dtype=ag.complex128)
    assert fft.rfft(real(4).detach(), out=out) is out
    assert out.abs().sum() > 0


# ------------------------------------------------------------------ pieces


@pytest.mark.parametrize("center", [True, False])
@pytest.mark.parametrize("normalized", [True, False])
def test_a_signal_comes_back_from_its_pieces(center, normalized):
    x = real(2, 32)
    window = ag.hann_window(8, dtype=ag.float64) + 0.1
    way = {"window": window, "center": center, "normalized": normalized}
    back = ag.istft(x.stft(8, 2, return_complex=True, **way), 8, 2, length=32, **way)
    close(back, x)


def test_a_piece_is_the_spectrum_of_a_piece():
    x, window = real(20).detach(), real(6).detach()
    found = ag.stft(x, 6, 3, window=window, center=False, return_complex=True)
    close(found[:, 2], fft.rfft(x[6:12] * window))
    pairs = ag.stft(x, 6, 3, window=window, center=False, return_complex=False)
    close(ag.view_as_complex(pairs.contiguous()), found)


def test_a_signal_that_is_too_short_is_filled_up():
    spectra = ag.stft(real(16).detach(), 4, window=ag.ones(4).double(), return_complex=True)
    with pytest.warns(UserWarning, match="shorter than the length parameter"):
        back = ag.istft(spectra, 4, window=ag.ones(4).double(), length=30)
    assert tuple(back.shape) == (30,)
    assert back[-5:].tolist() == [0.0] * 5


# ------------------------------------------------------------------ windows

NAMES = {"hann": "hanning", "hamming": "hamming", "blackman": "blackman", "bartlett": "bartlett"}


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("length", [1, 2, 7])
def test_windows_are_numpys(name, length):
    symmetric = getattr(ag.signal.windows, name)(length, dtype=ag.float64)
    expected = getattr(np, NAMES[name])(length)
    np.testing.assert_allclose(symmetric.numpy(), expected, atol=1e-12)
    longer = getattr(ag.signal.windows, name)(length + 1, dtype=ag.float64)
    periodic = getattr(ag, f"{name}_window")(length, dtype=ag.float64)
    if length > 1:
        close(periodic, longer[:length])


def test_the_kaiser_window():
    np.testing.assert_allclose(
        ag.kaiser_window(6, False, 5.0, dtype=ag.float64).numpy(), np.kaiser(6, 5.0), rtol=1e-10
    )
    assert ag.kaiser_window(4, requires_grad=True).requires_grad


def test_windows_by_their_formulas():
    windows = ag.signal.windows
    assert windows.cosine(1).tolist() == [1.0]
    close(windows.cosine(2, dtype=ag.float64), ag.tensor([0.5, 0.5]).double().sqrt())
    found = windows.gaussian(3, std=2, dtype=ag.float64)
    assert found.tolist() == pytest.approx([math.exp(-1 / 8), 1, math.exp(-1 / 8)])
    shifted = windows.exponential(3, center=0, tau=2, sym=False, dtype=ag.float64)
    close(shifted, ag.tensor([0, -0.5, -1]).double().exp())
    assert windows.nuttall(5)[2].item() == pytest.approx(1)


# ------------------------------------------------------------------ pairs of real numbers


def test_pairs_share_memory():
    z = complex_(2, 3).detach()
    pairs = ag.view_as_real(z)
    pairs[0, 0] = ag.tensor([5.0, 7.0]).double()
    assert z[0, 0].item() == 5 + 7j
    x = real(3, 2).detach()
    ag.view_as_complex(x)[1] = 2 - 1j
    assert x[1].tolist() == [2.0, -1.0]


def test_gradients_pass_writes_through_pairs():
    z = complex_(3)
    w = z * 1
    ag.view_as_real(w)[:, 1] *= 3
    (w.imag**2).sum().backward()
    close(z.grad, 18j * z.imag)


@pytest.mark.parametrize("shape", [(3,), (2, 3), ()])
def test_pairs_of_what_lies_anyhow(shape):
    z = complex_(*shape[::-1]).T if len(shape) > 1 else complex_(*shape)
    assert tuple(ag.view_as_real(z).shape) == (*shape, 2)
    assert ag.autograd.gradcheck(ag.view_as_real, z)
    assert ag.autograd.gradgradcheck(ag.view_as_real, z)
    assert ag.autograd.gradcheck(ag.view_as_complex, real(*shape, 2))
