"""Corners of the special functions, held against formulas; the examples hold them to PyTorch."""

from __future__ import annotations

import math

import numpy as np
import pytest

import autograd_core as ag
from autograd_core import special, special_functions

pytest.importorskip("scipy", reason="SciPy is not installed: pip install autograd-core[fast]")


def values(*numbers, **options):
    return ag.tensor(numbers, dtype=ag.float64, **options)


def test_every_name_is_documented_and_takes_out():
    for name in special.__all__:
        assert getattr(special, name).__doc__, name
    out = ag.empty(2, dtype=ag.float64)
    assert special.xlog1py(values(0, 1), 2.0, out=out) is out
    assert out.tolist() == [0.0, math.log(3)]


def test_without_scipy_the_error_says_what_to_install(monkeypatch):
    monkeypatch.setattr(special_functions, "_scipy", lambda: None)
    with pytest.raises(ImportError, match=r"pip install autograd-core\[fast\]"):
        special.bessel_j0(values(1.0))


@pytest.mark.parametrize("name", ["i0", "i1", "bessel_j0", "bessel_y1", "modified_bessel_i0"])
def test_infinite_arguments_give_nan_as_in_pytorch(name):
    assert math.isnan(getattr(special, name)(values(math.inf)).item())


@pytest.mark.parametrize(
    ("derivative", "of"), [("i1", "i0"), ("ndtr", "log_ndtr"), ("polygamma", "digamma")]
)
def test_families_hang_together_by_their_gradients(derivative, of):
    x = values(0.3, 1.7, 4.2, requires_grad=True)
    y = getattr(special, of)(x)
    (slope,) = ag.autograd.grad(y.sum(), x)
    expected = {
        "i1": lambda: special.i1(x),
        "ndtr": lambda: (-(x * x) / 2).exp() / math.sqrt(2 * math.pi) / special.ndtr(x),
        "polygamma": lambda: special.polygamma(1, x),
    }[derivative]()
    np.testing.assert_allclose(slope.tolist(), expected.tolist(), rtol=1e-12)


@pytest.mark.parametrize("name", ["i1", "i1e"])
def test_the_slope_at_zero_is_one_half(name):
    x = values(0.0, requires_grad=True)
    getattr(special, name)(x).backward()
    assert x.grad.item() == 0.5


def test_entropy_at_its_ends():
    assert special.entr(values(0, 1, -1)).tolist() == [0.0, 0.0, -math.inf]


def test_zeta_is_riemanns_at_one():
    assert special.zeta(values(2.0), 1.0).item() == pytest.approx(math.pi**2 / 6, rel=1e-14)


def test_there_is_no_gradient_in_the_exponent_of_igamma():
    a, x = (values(1.5, requires_grad=True) for _ in range(2))
    y = special.gammainc(a, x)
    with pytest.raises(NotImplementedError, match="derivative of igamma is not implemented"):
        y.backward()


# ------------------------------------------------------------------ polynomials

ANGLES = {
    "t": lambda n, a: np.cos(n * a),
    "u": lambda n, a: np.sin((n + 1) * a) / np.sin(a),
    "v": lambda n, a: np.cos((n + 0.5) * a) / np.cos(a / 2),
    "w": lambda n, a: np.sin((n + 0.5) * a) / np.sin(a / 2),
}


@pytest.mark.parametrize("kind", "tuvw")
def test_chebyshev_polynomials_of_all_degrees(kind):
    x, n = np.linspace(-0.9, 0.9, 7), np.arange(40)[:, None]
    expected = ANGLES[kind](n, np.arccos(x))
    found = getattr(special, f"chebyshev_polynomial_{kind}")(ag.tensor(x), ag.tensor(n))
    np.testing.assert_allclose(found.tolist(), expected, atol=1e-11)
    moved = getattr(special, f"shifted_chebyshev_polynomial_{kind}")(
        ag.tensor((x + 1) / 2), ag.tensor(n)
    )
    np.testing.assert_allclose(moved.tolist(), expected, atol=1e-10)


@pytest.mark.parametrize(
    ("name", "basis"),
    [
        ("hermite_polynomial_h", np.polynomial.Hermite),
        ("hermite_polynomial_he", np.polynomial.HermiteE),
        ("laguerre_polynomial_l", np.polynomial.Laguerre),
        ("legendre_polynomial_p", np.polynomial.Legendre),
        ("chebyshev_polynomial_t", np.polynomial.Chebyshev),
    ],
)
def test_polynomials_are_numpys(name, basis):
    x = np.linspace(-2.5, 2.5, 11)
    for n in (0, 1, 2, 3, 7, 12):
        found = getattr(special, name)(ag.tensor(x), n)
        np.testing.assert_allclose(
            found.tolist(), basis.basis(n, domain=basis.window)(x), rtol=1e-8, atol=1e-9
        )


def test_degrees_out_of_reach():
    x = values(0.5, 2.0)
    assert special.legendre_polynomial_p(x, -3).tolist() == [0.0, 0.0]
    assert all(map(math.isnan, special.hermite_polynomial_h(x, 600).tolist()))
    far = special.chebyshev_polynomial_t(x, 10**6).tolist()  # overflows, and ends soon
    assert abs(far[0]) <= 1
    assert not math.isfinite(far[1])
