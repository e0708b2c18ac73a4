"""``amp``: mixed precision, which runs each op in the precision that suits it.

::

    lists           which op runs in which precision, by device
    autocast_mode   `autocast`: where that holds
    casting         how inputs are cast; entered through `dispatch` and the public functions
    grad_scaler     `GradScaler`: keeps float16 gradients from becoming zero
"""

from .. import source
from .autocast_mode import autocast, custom_bwd, custom_fwd, is_autocast_available
from .grad_scaler import GradScaler

__all__ = ["GradScaler", "autocast", "custom_bwd", "custom_fwd", "is_autocast_available"]

source.mark_internal(__name__)
