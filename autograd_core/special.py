"""``autograd_core.special``: the functions of ``torch.special``.

Error functions and the gamma function need nothing but NumPy; Bessel functions, incomplete
gamma functions and others of their kind are SciPy's: ``pip install autograd-core[fast]``.
"""

from __future__ import annotations

from types import ModuleType

from .ops import (
    elementwise,
    pairwise,
    reduce,
    softmax,
    special_bessel,
    special_gamma,
    special_normal,
    special_polynomials,
)
from .ops.keywords import with_keywords

_NAMES: dict[ModuleType, str] = {
    elementwise: "digamma erf erfc erfinv exp2 expit expm1 log1p logit polygamma round sinc",
    pairwise: "xlogy",
    reduce: "logsumexp",
    softmax: "log_softmax softmax",
    special_bessel: (
        "airy_ai bessel_j0 bessel_j1 bessel_y0 bessel_y1 i0 i0e i1 i1e modified_bessel_i0 "
        "modified_bessel_i1 modified_bessel_k0 modified_bessel_k1 scaled_modified_bessel_k0 "
        "scaled_modified_bessel_k1 spherical_bessel_j0"
    ),
    special_gamma: "zeta",
    special_normal: "entr erfcx log_ndtr ndtr ndtri xlog1py",
    special_polynomials: (
        "chebyshev_polynomial_t chebyshev_polynomial_u chebyshev_polynomial_v "
        "chebyshev_polynomial_w shifted_chebyshev_polynomial_t shifted_chebyshev_polynomial_u "
        "shifted_chebyshev_polynomial_v shifted_chebyshev_polynomial_w hermite_polynomial_h "
        "hermite_polynomial_he laguerre_polynomial_l legendre_polynomial_p"
    ),
}
_OTHER_NAMES = {  # for the same functions
    "gammainc": special_gamma.igamma,
    "gammaincc": special_gamma.igammac,
    "gammaln": elementwise.lgamma,
    "multigammaln": special_gamma.mvlgamma,
    "psi": elementwise.digamma,
}

_found = {name: getattr(room, name) for room, names in _NAMES.items() for name in names.split()}
for _name, _fn in sorted({**_found, **_OTHER_NAMES}.items()):
    globals()[_name] = with_keywords(_fn, f"special.{_name}")

__all__ = sorted([*_found, *_OTHER_NAMES])
