"""A backward that met nodes already freed: the same graph twice, or one from before."""

from __future__ import annotations

from types import FrameType
from typing import TYPE_CHECKING, Any

from ...node import edge_of
from ...source import Location
from .cuts import WATCH
from .diagnosis import Diagnosis, plural
from .memory import iterations_of
from .reading import loop_around
from .walk import inputs_of, is_freed, reach, suspect

if TYPE_CHECKING:
    from ...engine import Run
    from .case import Case


def of_run(
    node: Any, run: Run | None, line: Location | None, frame: FrameType | None, case: Case
) -> Diagnosis:
    """Why a run failed at a freed node.

    What ran before it in this run was new: nodes that save tensors and were freed would have
    failed.  If some of those ran, the graph is a new one that hangs on an old one.
    """
    if run is None:  # somebody looked at saved tensors
        return Diagnosis(
            "graph_freed", f"what {node.name()} had saved was let go by a backward.",
            line, (suspect(node, case, "freed"),),
            "look before backward, or pass retain_graph=True.",
        )  # fmt: skip
    roots = [edge_of(fn)[0] for fn, _ in run.roots]
    everything = reach(roots)
    pending = [entry[1] for entry in run.ready] + [fn for fn, n in run.waiting.items() if n]
    old = set(reach([node, *(edge_of(fn)[0] for fn in pending)]))
    new = [n for n in everything if n not in old and n.next]
    freed = [n for n in everything if n in old and is_freed(n)]
    if not _hangs_on_older(new, freed):
        return _twice(freed, line, case)
    return carried(new, freed or [node], line, frame, case)


def _hangs_on_older(new: list[Any], freed: list[Any]) -> bool:
    """Whether the nodes that ran belong to a newer graph than those that were freed.

    Nodes that save no tensors run in any case; of them alone the numbers tell: where none
    is missing between the two, they were made together.
    """
    if any(map(_fails_when_freed, new)):
        return True
    return bool(new and freed) and min(n.seq for n in new) > max(n.seq for n in freed) + 1


def _fails_when_freed(node: Any) -> bool:
    return bool(node.releases) and node.op is not None


def _twice(freed: list[Any], line: Location | None, case: Case) -> Diagnosis:
    return Diagnosis(
        "graph_freed",
        f"backward ran over this graph before, and let go what {plural(len(freed), 'node')} had "
        "saved.",
        line, tuple(suspect(n, case, "freed") for n in reversed(freed)),
        "compute the loss again before each backward; add losses up and call backward once; or "
        "pass retain_graph=True to all but the last.",
    )  # fmt: skip


def carried(
    new: list[Any], freed: list[Any], line: Location | None, frame: FrameType | None, case: Case
) -> Diagnosis:
    """A new graph hangs on nodes through which an earlier backward went."""
    border = [n for n in freed if any(n in inputs_of(m) for m in new)] or freed[-1:]
    last = max(border, key=lambda n: n.seq)
    again = (last.code, last.lasti) in {(n.code, n.lasti) for n in new}
    earlier, sure = (True, True) if again else _is_earlier(last, new, line, frame, case)
    nodes = [suspect(last, case, "freed by an earlier backward")]
    nodes += [suspect(m, case, "uses it") for m in new if last in inputs_of(m)][:2]
    nodes += [suspect(n, case, "freed") for n in reversed(freed) if n is not last]
    message = (
        f"the graph leads to {last.name()}, through which an earlier backward went: it let go what "
        f"{plural(len(freed), 'node')} had saved"
    )
    if again:
        message += ". The same line made it in an iteration before, and its result was kept."
        remedy = "detach() what is carried from one iteration to the next, e.g. h = h.detach()."
    elif earlier:
        message += ". It was computed once, and is used again."
        remedy = "move that line into the loop, so that each backward has a graph of its own."
    else:
        message += ". Two results of one iteration share it."
        remedy = "add them up and call backward once, or pass retain_graph=True to the first."
    unknown = ""
    if not sure:
        remedy = f"If that line runs once for several backwards, {remedy} If two losses share it, "
        remedy += "add them up and call backward once."
        unknown = f"Whether the earlier backward was one of this iteration. {WATCH}"
    cause = "graph_from_earlier_iteration" if earlier else "graph_freed"
    return Diagnosis(
        cause, message, last.location or line, tuple(nodes), remedy, unknown, sure
    )  # fmt: skip


def _is_earlier(
    last: Any, new: list[Any], line: Location | None, frame: FrameType | None, case: Case
) -> tuple[bool, bool]:
    """Whether the freed node is of an earlier iteration, and whether that is sure."""
    old, fresh = iterations_of([last], case), iterations_of(new, case)
    if old and fresh:
        return max(old) < max(fresh), True
    if frame is not None and line is not None and last.code is frame.f_code:
        loop = loop_around(frame.f_code, line.line)
        made = last.location.line
        return loop is not None and not loop[0] <= made <= loop[1], True
    return True, False
