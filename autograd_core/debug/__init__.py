"""See what the engine does: record it, draw it, ask about it.

>>> import autograd_core as ag
>>> x = ag.tensor([1.0, 2.0], requires_grad=True)
>>> with ag.debug.trace() as t:
...     (x * x).sum().backward()
>>> t.find(op="Mul")[0].statistics.norm
1.4142135623730951

Or stop inside a backward pass, and look around, with ``ag.debug.break_on("nan")``.
"""

from __future__ import annotations

from .. import source
from ..errors import BackwardStopped as BackwardStopped
from .archive import load as load
from .breakpoints import Breakpoint as Breakpoint
from .conditions import ConditionError as ConditionError
from .debugger import Debugger as Debugger
from .debugger import break_on as break_on
from .debugger import breakpoints as breakpoints
from .debugger import debugger as debugger
from .debugger import missed as missed
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
from .why import Diagnosis as Diagnosis
from .why import watch as watch
from .why import why as why

source.mark_internal(__name__)
