"""``utils``: what PyTorch has under this name."""

import importlib
from types import ModuleType

from .. import source
from . import checkpoint as checkpoint
from . import dlpack as dlpack

__all__ = ["checkpoint", "data", "dlpack"]

source.mark_internal(__name__.partition(".")[0])


def __getattr__(name: str) -> ModuleType:
    """Load ``data`` when it is first asked for."""
    if name == "data":
        return importlib.import_module(".data", __name__)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
