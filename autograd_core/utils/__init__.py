"""``utils``: what PyTorch has under this name."""

from .. import source
from . import checkpoint as checkpoint
from . import dlpack as dlpack

__all__ = ["checkpoint", "dlpack"]

source.mark_internal(__name__.partition(".")[0])
