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
from .breakpoints.breakpoints import Breakpoint as Breakpoint
from .breakpoints.conditions import ConditionError as ConditionError
from .draw.picture import Picture as Picture
from .draw.picture import make_dot as make_dot
from .record.recorder import Recorder as Recorder
from .record.recorder import trace as trace
from .stepping.debugger import Debugger as Debugger
from .stepping.debugger import break_on as break_on
from .stepping.debugger import breakpoints as breakpoints
from .stepping.debugger import debugger as debugger
from .stepping.debugger import missed as missed
from .trace.archive import load as load
from .trace.rows import BackwardRun as BackwardRun
from .trace.rows import Edge as Edge
from .trace.rows import Node as Node
from .trace.rows import Step as Step
from .trace.statistics import Statistics as Statistics
from .trace.traced import Trace as Trace
from .why import Diagnosis as Diagnosis
from .why import watch as watch
from .why import why as why


def post_mortem(error: BaseException | None = None, script: str | None = None) -> None:
    """Open the prompt where the last exception came from, or this one; see `prompt.postmortem`."""
    from .prompt.postmortem import post_mortem as look

    look(error, script)


source.mark_internal(__name__.partition(".")[0])
