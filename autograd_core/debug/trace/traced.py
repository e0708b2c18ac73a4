"""The recorded run: one columnar, bounded table of nodes, edges, backward steps and runs.

::

    nodes   one row for each op, custom Function and leaf of an iteration
    edges   one row for each arrow, from a node to a node whose output it used
    steps   one row for each time backward ran a node, with the gradient's statistics
    runs    one row for each backward()

Numbers stand in NumPy columns, text, shapes and places in pools, so a node costs some
150 bytes, edges and steps included.  When the byte budget is used up the oldest iteration
falls out.  What you get from a trace (`Node`, `Edge`, `Step`, `BackwardRun`) are views of
one row each, made when asked for.  A trace holds no tensor, no array and no node of the
engine.
"""

from __future__ import annotations

import os
import threading
from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING, Any

import numpy as np

from ...source import Location, resolve
from .columns import Array, Index, PlacePool, Pool, Table
from .rows import BackwardRun, Edge, Node, Rows, Step

if TYPE_CHECKING:
    from ..draw.flow import Flow
    from ..draw.picture import Picture

NODE = {
    "seq": "i8", "op": "i4", "scope": "i4", "shape": "i4", "dtype": "i4", "device": "i4",
    "place": "i4", "name": "i4", "saved": "i8", "seconds": "f4", "iteration": "i4",
    "run": "i4", "step": "i4", "kind": "i1",
}  # fmt: skip
EDGE = {"source": "i4", "target": "i4", "slot": "i2", "output": "i2"}
STEP = {
    "run": "i4", "node": "i4", "order": "i4", "seconds": "f4", "size": "i8", "norm": "f8",
    "min": "f8", "max": "f8", "zeros": "i8", "nan": "i8", "inf": "i8", "edited": "i1",
}  # fmt: skip
RUN = {"begin": "f8", "end": "f8", "error": "i4", "iteration": "i4", "create_graph": "i1"}
POOLED = {"op": "text", "scope": "scope", "shape": "shape", "dtype": "text", "device": "text",
          "name": "text", "place": "place"}  # fmt: skip
"""Which columns of the nodes are numbers of a pool."""
BYTES_A_NODE = 180
"""What a node takes with its edges and steps, about."""
OP, LEAF, FUNCTION = 0, 1, 2
KINDS = ("op", "leaf", "function")

annotate: Callable[[Location], dict[str, Any]] | None = None
"""Set by a front end that knows more about a place (Jupyter: cell id, execution count);
what it returns is `Node.place_notes`, and is saved with the trace as JSON."""


class Trace:
    """What a recorded run consisted of; see `autograd_core.debug.trace`.

    Parameters
    ----------
    memory : int
        Byte budget of all tables together; the oldest iterations fall out beyond it.

    Attributes
    ----------
    nodes, edges, steps, runs : Rows
        The tables, as sequences of views; ``t.nodes["norm"]`` is a whole column.
    dropped : int
        How many nodes fell out because of the budget.
    overhead : float
        Seconds spent recording, over the seconds of everything else; 0.08 is 8%.
    """

    def __init__(self, memory: int = 64 << 20):
        if memory < 1 << 16:
            raise ValueError(f"the memory of a trace must be at least 65536 bytes, got {memory}")
        self.memory = memory
        self.dropped = 0
        self.seconds = 0.0
        self.recording_seconds = 0.0
        self.stats = "full"
        self.breakpoints: list[dict[str, Any]] = []
        """Those that were set, as `breakpoints.Breakpoints.to_json` has them."""
        self.tables = {
            "nodes": Table(**NODE),
            "edges": Table(**EDGE),
            "steps": Table(**STEP),
            "runs": Table(**RUN),
        }
        self.pools = {"text": Pool([""]), "scope": Pool([()]), "shape": Pool([None]),
                      "place": PlacePool([(None, -1)])}  # fmt: skip
        self.index = Index()
        self.lock = threading.RLock()
        self.flush: Callable[[], None] | None = None
        """Set by the recorder: moves what is still waiting into the tables."""
        self._places: dict[int, Location | None] = {}
        self._notes: dict[int, dict[str, Any]] = {}

    # -------------------------------------------------------------- tables

    def table(self, name: str) -> Table:
        """The columns of a table, up to date."""
        if self.flush is not None:
            self.flush()
        return self.tables[name]

    @property
    def nodes(self) -> Rows[Node]:
        """All nodes, in the order in which they were met."""
        return Rows(self, "nodes", Node)

    @property
    def edges(self) -> Rows[Edge]:
        """All arrows, from a node to what it was computed from."""
        return Rows(self, "edges", Edge)

    @property
    def steps(self) -> Rows[Step]:
        """All backward steps, in the order in which they ran."""
        return Rows(self, "steps", Step)

    @property
    def runs(self) -> Rows[BackwardRun]:
        """All backward runs."""
        return Rows(self, "runs", BackwardRun)

    @property
    def iterations(self) -> range:
        """The iterations that are still in the trace."""
        column = self.table("nodes").column("iteration")
        return range(int(column.min()), int(column.max()) + 1) if len(column) else range(0)

    @property
    def last_iteration(self) -> int:
        """The last iteration in which a backward ran; the last one at all if none did."""
        steps, nodes = self.table("steps"), self.table("nodes")
        if len(steps):
            row = int(steps.column("node")[-1]) - nodes.first
            return int(nodes.column("iteration")[row])
        return int(nodes.column("iteration")[-1]) if len(nodes) else 0

    @property
    def nbytes(self) -> int:
        """Bytes of all tables and pools."""
        tables = sum(t.nbytes for t in self.tables.values())
        return tables + self.index.nbytes + 120 * sum(len(p) for p in self.pools.values())

    def find(
        self,
        op: str | None = None,
        module: str | None = None,
        name: str | None = None,
        line: int | str | None = None,
        nonfinite: bool = False,
        min_norm: float | None = None,
        max_norm: float | None = None,
        iteration: int | None = None,
    ) -> Rows[Node]:
        """The nodes that fit all that is given.

        Parameters
        ----------
        op : str, optional
            Name of the node or op, with or without ``Backward0``, ``*`` for anything.
        module : str, optional
            Module path; ``net.*`` or ``net`` for everything in it.
        name : str, optional
            Name of a parameter or leaf, e.g. ``*.weight``.
        line : int or str, optional
            Source line: ``12`` in any file, or ``"model.py:12"``.
        nonfinite : bool
            Only nodes whose gradient has a NaN or an Inf.
        min_norm, max_norm : float, optional
            Bounds of the gradient's norm (both exclude nodes that backward did not reach).
        iteration : int, optional
            Only this one; -1 is the last.

        Returns
        -------
        Rows of Node
        """
        from .query import find

        return find(self, op, module, name, line, nonfinite, min_norm, max_norm, iteration)

    def parents_of(self, seq: int) -> list[int]:
        """The numbers of the nodes from which a node was computed; none if it is not here."""
        nodes, edges = self.tables["nodes"], self.tables["edges"]
        row = int(self.ids(np.array([seq]))[0])
        targets = edges.column("target")[edges.column("source") == row] if row >= 0 else []
        numbers = nodes.column("seq")
        return [int(numbers[t - nodes.first]) for t in targets]

    # -------------------------------------------------------------- places

    def location(self, place: int) -> Location | None:
        """The source line that a number of the pool of places stands for."""
        if place not in self._places:
            value = self.pools["place"][place]
            self._places[place] = value if isinstance(value, Location) else resolve(*value)
        return self._places[place]

    def notes(self, place: int) -> dict[str, Any]:
        """What the front end had to say about a place (see `annotate`)."""
        if place not in self._notes:
            location = self.location(place)
            said = annotate(location) if annotate is not None and location is not None else {}
            self._notes[place] = said
        return self._notes[place]

    # -------------------------------------------------------------- within the budget

    def trim(self) -> None:
        """Let the oldest iterations fall out until the tables fit the budget."""
        while self.nbytes > self.memory and len(self.tables["nodes"]) > 64:
            self._drop_oldest()

    def _drop_oldest(self) -> None:
        nodes = self.tables["nodes"]
        iterations = nodes.column("iteration")
        limit = max(len(nodes) // 10, 1)
        newer = np.flatnonzero(iterations[limit:] > iterations[limit - 1]) + limit
        cut = int(newer[0]) if len(newer) and newer[0] < len(nodes) * 0.9 else len(nodes) // 4
        self.dropped += cut
        nodes.drop_front(cut)
        first = nodes.first
        edges, steps, runs = (self.tables[k] for k in ("edges", "steps", "runs"))
        edges.keep((edges.column("source") >= first) & (edges.column("target") >= first))
        gone = int((steps.column("node") < first).sum())
        stays = steps.column("node") >= first
        if gone and stays.any():
            gone = int(np.argmax(stays))  # ids count from the front: cut a prefix only
        steps.drop_front(gone)
        self._drop_runs(steps, runs)
        self.index.forget_before(int(nodes.column("seq").min()) if len(nodes) else 0)
        self._compact()

    def _drop_runs(self, steps: Table, runs: Table) -> None:
        oldest = int(steps.column("run").min()) if len(steps) else runs.end - 1
        runs.drop_front(max(min(oldest, runs.end - 1) - runs.first, 0))

    def _compact(self) -> None:
        """Forget texts, shapes and places that no row uses any more."""
        nodes, runs = self.tables["nodes"], self.tables["runs"]
        for pool_name, pool in self.pools.items():
            columns = [nodes.column(c) for c, p in POOLED.items() if p == pool_name]
            if pool_name == "text":
                columns.append(runs.column("error"))
            used = np.unique(np.concatenate([[0], *columns]))
            if len(used) == len(pool):
                continue
            fresh = pool.keep(used)
            for column in columns:
                column[:] = fresh[column]
        self._places.clear()
        self._notes.clear()

    # -------------------------------------------------------------- what to do with it

    @property
    def overhead(self) -> float:
        """Seconds spent recording over the seconds of everything else (0.08 is 8%)."""
        rest = self.seconds - self.recording_seconds
        return self.recording_seconds / rest if rest > 0 else 0.0

    def summary(self) -> str:
        """One line: nodes, backward steps, worst gradient, non-finite count, time, overhead."""
        from .query import summary

        return summary(self)

    def tree(self, iteration: int | None = None, max_lines: int = 200) -> str:
        """The graph as indented text for a terminal: modules, nodes, norms.

        Parameters
        ----------
        iteration : int, optional
            Which one; the last in which a backward ran if not given.
        max_lines : int
            Longer stretches of one scope are cut short.
        """
        from ..draw.tree import tree

        return tree(self, iteration, max_lines)

    def draw(
        self,
        format: str = "svg",
        path: str | None = None,
        *,
        iteration: int | None = None,
        collapse: int | bool | None = None,
        max_boxes: int = 60,
        theme: str = "light",
        scale: float = 2.0,
    ) -> Picture:
        """Draw the graph of one iteration, coloured by gradient norm.

        Parameters
        ----------
        format : {"svg", "png", "dot", "html"}
            What `path` gets, and how the picture shows itself in a notebook.
        path : str, optional
            A file to write.
        iteration : int, optional
            Which one; the last in which a backward ran if not given.
        collapse : int or bool, optional
            Depth of module scopes to show open; False opens everything, True nothing.
            Not given: as deep as `max_boxes` allows.
        max_boxes : int
            How many boxes to show at most, where `collapse` is not given.
        theme : {"light", "dark"}
            Colours of the page.
        scale : float
            Pixels of a PNG for each unit of the SVG.

        Returns
        -------
        Picture
            Shows itself in a notebook; `Picture.save` writes a file, `Picture.data` has the bytes.
        """
        from ..draw.picture import draw_trace

        picture = draw_trace(self, format, iteration, collapse, max_boxes, theme, scale)
        if path is not None:
            picture.save(path)
        return picture

    def flow(
        self, by: str = "parameter", iteration: int | None = None, theme: str = "light"
    ) -> Flow:
        """The gradient's norm along the network, on a log scale, as a picture.

        Parameters
        ----------
        by : {"parameter", "module", "node"}
            What one point stands for.
        iteration : int, optional
            Which one; the one before it is drawn as a thin line.
        theme : {"light", "dark"}
            Colours of the page.
        """
        from ..draw.flow import flow

        return flow(self, by, iteration, theme)

    def save(self, path: str | os.PathLike[str]) -> None:
        """Write the trace to a file that `load` reads: NumPy columns and JSON in a zip."""
        from .archive import save

        save(self, path)

    def __repr__(self) -> str:
        return f"<Trace: {self.summary()}>"

    def __iter__(self) -> Iterator[Node]:
        return iter(self.nodes)

    def ids(self, seqs: Array) -> Array:
        """The ids of the nodes with these creation numbers; -1 where there is none."""
        found = self.index.get(seqs)
        missing = np.flatnonzero((found < 0) & (seqs < self.index.base))
        nodes = self.tables["nodes"]
        if len(missing):
            column = nodes.column("seq")
            for i in missing:
                at = np.flatnonzero(column == seqs[i])
                if len(at):
                    found[i] = at[-1] + nodes.first
        found[found < nodes.first] = -1
        return found
