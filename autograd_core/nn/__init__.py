"""Building blocks of neural networks, under PyTorch's names."""

from __future__ import annotations

from .. import source
from . import functional as functional
from . import init as init
from . import modules as modules
from . import parameter as parameter
from . import utils as utils
from .modules import *  # noqa: F403
from .parameter import Buffer as Buffer
from .parameter import Parameter as Parameter

source.mark_internal(__name__.partition(".")[0])
