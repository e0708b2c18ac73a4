"""Optimizers, under PyTorch's names."""

from __future__ import annotations

from .. import source
from .adam import Adam as Adam
from .adam import AdamW as AdamW
from .optimizer import Optimizer as Optimizer
from .sgd import SGD as SGD

source.mark_internal(__name__.partition(".")[0])
