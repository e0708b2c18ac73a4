"""See what the engine does: record it, draw it, ask about it.

>>> import autograd_core as ag
>>> x = ag.tensor([1.0, 2.0], requires_grad=True)
>>> with ag.debug.trace() as t:
...     (x * x).sum().backward()
>>> t.find(op="Mul")[0].statistics.norm
1.4142135623730951
"""

from __future__ import annotations

from .. import source
from .archive import load as load
from .picture import Picture as Picture
from .picture import make_dot as make_dot
from .record import Recorder as Recorder
from .record import trace as trace
from .rows import BackwardRun as BackwardRun
from .rows import Edge as Edge
from .rows import Node as Node
from .rows import Step as Step
from .statistics import Statistics as Statistics
from .traced import Trace as Trace

source.mark_internal(__name__)
