"""autograd_core: define-by-run automatic differentiation, with PyTorch's names.

>>> import autograd_core as ag
>>> w = ag.tensor([1.0, 2.0], requires_grad=True)
>>> (w * w).sum().backward()
>>> w.grad
tensor([2., 4.])
"""

from __future__ import annotations

import warnings

from . import autograd as autograd
from . import dtypes, inplace, modes, namespace, printing, source
from ._version import __version__ as __version__
from .backends import device as device
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
from .printing import set_printoptions as set_printoptions
from ._tensor import Size as Size
from ._tensor import Tensor as Tensor

# Like PyTorch's, 1 / 0 and log(0) give inf without a word; NumPy's error state stays the user's.
warnings.filterwarnings("ignore", category=RuntimeWarning, module=r"autograd_core(\.|$)")
namespace.fill(globals())
source.mark_internal(__name__)


_LATER = {"debug", "func", "linalg", "nn", "optim", "return_types"}
_FUNCTIONAL = {
    "alpha_dropout", "cosine_similarity", "group_norm", "instance_norm", "layer_norm",
    "pairwise_distance", "rms_norm",
}  # fmt: skip


def __getattr__(name: str) -> object:
    """Load the larger rooms when they are first asked for."""
    import importlib

    if name in _LATER:
        return importlib.import_module(f".{name}", __name__)
    if name in _FUNCTIONAL:
        return getattr(importlib.import_module(".nn.functional", __name__), name)
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
