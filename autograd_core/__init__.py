"""autograd_core: define-by-run automatic differentiation, with PyTorch's names.

>>> import autograd_core as ag
>>> w = ag.tensor([1.0, 2.0], requires_grad=True)
>>> (w * w).sum().backward()
>>> w.grad
tensor([2., 4.])
"""

from __future__ import annotations

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
    is_grad_enabled as is_grad_enabled,
)
from .modes import (
    no_grad as no_grad,
)
from .modes import (
    set_grad_enabled as set_grad_enabled,
)
from .printing import set_printoptions as set_printoptions
from .tensor import Size as Size
from .tensor import Tensor as Tensor

namespace.fill(globals())
source.mark_internal(__name__)
