"""autograd_core: define-by-run automatic differentiation, with PyTorch's names.

>>> import autograd_core as ag
>>> w = ag.tensor([1.0, 2.0], requires_grad=True)
>>> (w * w).sum().backward()
>>> w.grad
tensor([2., 4.])

The functions come from the rooms in ``ops/``, each of which says in its ``__all__`` what it
gives to the world; `nn`, `optim`, `debug` and other large rooms load when first used.
"""

from __future__ import annotations

import importlib
import math
import warnings

from . import autograd as autograd
from . import backends as backends
from . import cuda as cuda
from . import dtypes, legacy_types, source
from . import errors as errors
from . import events as events
from . import interop as interop
from . import random as random
from ._tensor import Size as Size
from ._tensor import Tensor as Tensor
from ._version import __version__ as __version__
from .backends import device as device
from .dtypes import (
    bfloat16 as bfloat16,
)
from .dtypes import (
    complex64 as complex64,
)
from .dtypes import (
    complex128 as complex128,
)
from .dtypes import (
    dtype as dtype,
)
from .dtypes import (
    finfo as finfo,
)
from .dtypes import (
    float16 as float16,
)
from .dtypes import (
    float32 as float32,
)
from .dtypes import (
    float64 as float64,
)
from .dtypes import (
    get_default_dtype as get_default_dtype,
)
from .dtypes import (
    iinfo as iinfo,
)
from .dtypes import (
    int8 as int8,
)
from .dtypes import (
    int16 as int16,
)
from .dtypes import (
    int32 as int32,
)
from .dtypes import (
    int64 as int64,
)
from .dtypes import (
    promote_types as promote_types,
)
from .dtypes import (
    set_default_dtype as set_default_dtype,
)
from .dtypes import (
    uint8 as uint8,
)
from .modes import (
    enable_grad as enable_grad,
)
from .modes import (
    inference_mode as inference_mode,
)
from .modes import (
    is_anomaly_check_nan_enabled as is_anomaly_check_nan_enabled,
)
from .modes import (
    is_anomaly_enabled as is_anomaly_enabled,
)
from .modes import (
    is_grad_enabled as is_grad_enabled,
)
from .modes import (
    is_inference_mode_enabled as is_inference_mode_enabled,
)
from .modes import (
    no_grad as no_grad,
)
from .modes import (
    set_grad_enabled as set_grad_enabled,
)
from .ops import keywords
from .ops.activation import *  # noqa: F403
from .ops.arithmetic import *  # noqa: F403
from .ops.blend import *  # noqa: F403
from .ops.choices import *  # noqa: F403
from .ops.comparison import *  # noqa: F403
from .ops.complex import *  # noqa: F403
from .ops.conv import *  # noqa: F403
from .ops.convert import *  # noqa: F403
from .ops.copies import *  # noqa: F403
from .ops.create import *  # noqa: F403
from .ops.cumulative import *  # noqa: F403
from .ops.determinant import *  # noqa: F403
from .ops.digits import *  # noqa: F403
from .ops.einsum import *  # noqa: F403
from .ops.elementwise import *  # noqa: F403
from .ops.extrema import *  # noqa: F403
from .ops.factor import *  # noqa: F403
from .ops.fill import *  # noqa: F403
from .ops.grid_sample import *  # noqa: F403
from .ops.index import *  # noqa: F403
from .ops.join import *  # noqa: F403
from .ops.legacy_linalg import *  # noqa: F403
from .ops.linalg import *  # noqa: F403
from .ops.low_rank import *  # noqa: F403
from .ops.matrix_functions import *  # noqa: F403
from .ops.memory import *  # noqa: F403
from .ops.norms import *  # noqa: F403
from .ops.pair_distances import *  # noqa: F403
from .ops.pairwise import *  # noqa: F403
from .ops.parts import *  # noqa: F403
from .ops.pool import *  # noqa: F403
from .ops.power import *  # noqa: F403
from .ops.products import *  # noqa: F403
from .ops.quantile import *  # noqa: F403
from .ops.recurrent import *  # noqa: F403
from .ops.reduce import *  # noqa: F403
from .ops.reflections import *  # noqa: F403
from .ops.sampling import *  # noqa: F403
from .ops.scatter import *  # noqa: F403
from .ops.select import *  # noqa: F403
from .ops.shape import *  # noqa: F403
from .ops.softmax import *  # noqa: F403
from .ops.solve import *  # noqa: F403
from .ops.sorting import *  # noqa: F403
from .ops.spatial import *  # noqa: F403
from .ops.special_bessel import *  # noqa: F403
from .ops.special_gamma import *  # noqa: F403
from .ops.spectral import *  # noqa: F403
from .ops.spread import *  # noqa: F403
from .ops.statistics import *  # noqa: F403
from .ops.stft import *  # noqa: F403
from .ops.strided import *  # noqa: F403
from .ops.trapezoid import *  # noqa: F403
from .ops.windows import *  # noqa: F403
from .printing import set_printoptions as set_printoptions
from .random import *  # noqa: F403
from .settings import *  # noqa: F403

bool, short, int, long = dtypes.bool_, int16, int32, int64  # PyTorch's aliases
half, float, double = float16, float32, float64
cfloat, cdouble = complex64, complex128
inf, nan, pi, e = math.inf, math.nan, math.pi, math.e
strided = "torch.strided"

# Like PyTorch's, 1 / 0 and log(0) give inf without a word; NumPy's error state stays the user's.
warnings.filterwarnings("ignore", category=RuntimeWarning, module=r"autograd_core(\.|$)")
source.mark_internal(__name__)
keywords.take_keywords(globals())

_LATER = {
    "amp", "cpu", "debug", "fft", "func", "linalg", "nn", "optim", "return_types", "safetensors",
    "serialization", "signal", "special", "utils",
}  # fmt: skip
_IN_PLACE = {  # methods that PyTorch has as functions too
    "abs_", "acos_", "acosh_", "addmv_", "arccos_", "arccosh_", "arcsin_", "arcsinh_",
    "arctan_", "arctanh_", "as_strided_", "asin_", "asinh_", "atan_", "atanh_", "ceil_",
    "clamp_", "clamp_max_", "clamp_min_", "clip_", "cos_", "cosh_", "deg2rad_", "detach_",
    "erf_", "erfc_", "exp2_", "exp_", "expm1_", "fill_", "fix_", "floor_", "frac_", "gcd_",
    "i0_", "index_put_", "lcm_", "ldexp_", "log10_", "log1p_", "log2_", "log_", "logit_",
    "nan_to_num_", "neg_", "negative_", "rad2deg_", "reciprocal_", "resize_as_", "round_",
    "rsqrt_", "sigmoid_", "sin_", "sinc_", "sinh_", "sqrt_", "square_", "tan_", "tanh_",
    "trunc_", "xlogy_", "zero_",
}  # fmt: skip
_ELSEWHERE = {
    "load": "serialization", "save": "serialization",
    **dict.fromkeys(
        (
            "autocast", "autocast_decrement_nesting", "autocast_increment_nesting",
            "clear_autocast_cache", "get_autocast_cpu_dtype", "get_autocast_dtype",
            "get_autocast_gpu_dtype", "is_autocast_cache_enabled", "is_autocast_cpu_enabled",
            "is_autocast_enabled", "set_autocast_cache_enabled", "set_autocast_dtype",
            "set_autocast_enabled",
        ),
        "amp.autocast_mode",
    ),
    **dict.fromkeys(  # the same, but with other signatures than in nn.functional
        (
            "batch_norm", "binary_cross_entropy_with_logits", "convolution",
            "cosine_embedding_loss", "ctc_loss", "embedding", "frobenius_norm",
            "hinge_embedding_loss", "kl_div", "margin_ranking_loss", "norm_except_dim",
            "nuclear_norm", "poisson_nll_loss", "triplet_margin_loss",
        ),
        "native_functions",
    ),
    "vmap": "vectorize",
}  # fmt: skip
_FUNCTIONAL = {
    "alpha_dropout", "bilinear", "conv_tbc", "cosine_similarity", "feature_alpha_dropout",
    "group_norm", "instance_norm", "layer_norm", "pairwise_distance", "rms_norm",
}  # fmt: skip


def __getattr__(name: str) -> object:
    """Load the larger rooms when they are first asked for."""
    if name in _LATER:
        return importlib.import_module(f".{name}", __name__)
    if name in _ELSEWHERE:
        return getattr(importlib.import_module(f".{_ELSEWHERE[name]}", __name__), name)
    if name in _FUNCTIONAL:
        return getattr(importlib.import_module(".nn.functional", __name__), name)
    if name in legacy_types.TYPES:
        return legacy_types.TYPES[name]
    if name in _IN_PLACE and hasattr(Tensor, name):
        return getattr(Tensor, name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")


# `%load_ext autograd_core` calls these two in the package it names.  They are the one door that
# opens upwards, from the engine to Jupyter, and only inside the call: importing stays free of it.
def load_ipython_extension(ipython: object) -> None:
    """Add ``%%autograd_trace`` and its companions to IPython (``%load_ext autograd_core``)."""
    import jupyter_ext

    jupyter_ext.load_ipython_extension(ipython)


def unload_ipython_extension(ipython: object) -> None:
    """Take them away again (``%unload_ext autograd_core``)."""
    import jupyter_ext

    jupyter_ext.unload_ipython_extension(ipython)
