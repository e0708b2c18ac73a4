"""What is being traced in one shell: a cell, several cells, or nothing.

IPython tells when a cell begins and when it is over, whatever ended it: its last line, an
exception or an interrupt.  A recording of a cell ends there and nowhere else, so nothing
of a traced cell outlives it.
"""

from __future__ import annotations

import sys
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any
from weakref import WeakKeyDictionary

from IPython.core.error import UsageError

from autograd_core.debug import Recorder, Trace
from autograd_core.debug.stepping.debugger import debugger

from . import display, inline
from .cell_locations import CellLocations
from .cell_transform import begin_recording
from .front_jupyter import JupyterFront, connect
from .traces import PanelTrace

if TYPE_CHECKING:
    from IPython.core.interactiveshell import InteractiveShell

VARIABLE = "_trace"
"""The user's variable that holds the last trace."""


@dataclass
class Recording:
    """A recorder that runs, and what to do with its trace in the end."""

    options: dict[str, Any]
    where: str
    """``In [3]``, the cell that began it."""
    cell: Any = None
    """IPython's record of the traced cell; None while several cells are traced."""
    graph: Any = None
    """The live graph, an `inline.InlineGraph` or a `traces.PanelTrace`; None without a kernel."""
    recorder: Recorder = field(init=False)
    debugging: ExitStack = field(init=False, default_factory=ExitStack)

    def __post_init__(self) -> None:
        breaks, script, frames = (self.options.get(k) for k in ("break", "script", "frames"))
        if breaks or script or frames:
            wanted = debugger().session(breaks or (), script, frames=bool(frames))
            self.debugging.enter_context(wanted)
        known = {k: self.options[k] for k in ("stats", "every") if k in self.options}
        progress = {"on": True, "off": False}.get(self.options.get("progress", ""))
        self.recorder = Recorder(**known, progress=progress).start()

    @property
    def trace(self) -> Trace:
        """What was recorded so far."""
        return self.recorder.trace

    def stop(self) -> None:
        """Record no more, and take its breakpoints away."""
        self.recorder.stop()
        self.debugging.close()
        if self.graph is not None:
            self.graph.stop()


class Session:
    """The recordings of one shell.

    Parameters
    ----------
    shell : InteractiveShell
        The shell that the extension was loaded into.

    Attributes
    ----------
    cell : Recording or None
        Of the cell that runs, if it begins with ``%%autograd_trace``.
    lasting : Recording or None
        Begun by ``%autograd_trace on``.
    last : tuple of Trace and str, or None
        The last finished trace and the cell it came from.
    """

    def __init__(self, shell: InteractiveShell):
        self.shell = shell
        self.locations = CellLocations(shell)
        self.front: JupyterFront | None = None
        self.cell: Recording | None = None
        self.lasting: Recording | None = None
        self.last: tuple[Trace, str] | None = None
        self._running: list[Any] = []

    # -------------------------------------------------------------- loading

    def open(self) -> None:
        """Hook into the shell."""
        from .debug_magics import DebugMagics
        from .magics import TraceMagics

        self.locations.install()
        self.front = connect(self.shell)
        self.shell.input_transformers_cleanup.append(begin_recording)
        self.shell.events.register("pre_run_cell", self._cell_begins)
        self.shell.events.register("post_run_cell", self._cell_is_over)
        self.shell.register_magics(TraceMagics(self.shell, self))
        self.shell.register_magics(DebugMagics(self.shell, self))

    def close(self) -> None:
        """Undo `open`, and end what still runs without showing it."""
        from . import debug_magics, magics

        for recording in (self.cell, self.lasting):
            if recording is not None:
                recording.stop()
        self.cell = self.lasting = None
        self.shell.events.unregister("pre_run_cell", self._cell_begins)
        self.shell.events.unregister("post_run_cell", self._cell_is_over)
        self.shell.input_transformers_cleanup.remove(begin_recording)
        for table in self.shell.magics_manager.magics.values():
            for name in magics.NAMES + debug_magics.NAMES:
                table.pop(name, None)
        if self.front is not None:
            self.front.disconnect()
            self.front = None
        self.locations.uninstall()

    # -------------------------------------------------------------- a cell

    def begin_cell(self, options: dict[str, Any]) -> None:
        """Begin to record the cell that is running; `_cell_is_over` ends it."""
        if not self._running:
            raise UsageError("%%autograd_trace traces a cell, and no cell is running")
        if self.cell is not None:
            raise UsageError(f"%%autograd_trace already traces this cell, {self.cell.where}")
        self.locations.show_as_typed()
        self.cell = Recording(options, self._here(), self._running[-1])
        self._show_live(self.cell)

    def _show_live(self, recording: Recording) -> None:
        """Show the graph while it grows, where that can be; in the panel it is shown anyway."""
        if self.front is not None and inline.why_not(self.front) is None:
            recording.graph = inline.InlineGraph(recording.trace, self.front).start()
            self.front.traces.add(recording.graph)
        else:
            self._show_in_panel(recording)

    def _show_in_panel(self, recording: Recording) -> None:
        if self.front is not None:
            recording.graph = PanelTrace(recording.trace, self.front).start()
            self.front.traces.add(recording.graph)

    def _cell_begins(self, info: Any) -> None:
        self._running.append(info)
        self.locations.note(info)
        if self.lasting is not None:
            self.lasting.recorder.show_progress()

    def _cell_is_over(self, result: Any) -> None:
        if _is_blank(result):
            return  # IPython tells the end of a blank cell, but never told its beginning
        ended = self._take_running(result)
        if self.front is not None:
            self.front.cell_is_over()
        if self.lasting is not None:
            self.lasting.recorder.bar.close()
        recording = self.cell
        if recording is None:
            _explain_error_before_running(result)
        elif ended is recording.cell or not self._running:
            self.cell = None
            self.finish(recording)

    def _take_running(self, result: Any) -> Any:
        """The cell that ended: the last that began, or another where cells run in threads."""
        info = getattr(result, "info", None)
        for i, running in reversed(list(enumerate(self._running))):
            if running is info or info is None:
                return self._running.pop(i)
        return self._running.pop() if self._running else None

    # -------------------------------------------------------------- several cells

    def begin_lasting(self, options: dict[str, Any]) -> str:
        """``%autograd_trace on``: record until `end_lasting`; returns what to say."""
        if self.lasting is not None:
            raise UsageError(
                f"tracing is already on, since {self.lasting.where}; "
                "%autograd_trace off ends it and shows the trace"
            )
        self.lasting = Recording(options, self._here())
        self._show_in_panel(self.lasting)
        return "Tracing is on for all cells; %autograd_trace off ends it and shows the trace."

    def end_lasting(self) -> None:
        """``%autograd_trace off``: show what was recorded since ``on``."""
        if self.lasting is None:
            raise UsageError("tracing is not on; %autograd_trace on begins it")
        recording, self.lasting = self.lasting, None
        self.finish(recording)

    def status(self) -> str:
        """``%autograd_trace status``: whether tracing is on, and what was traced last."""
        if self.lasting is not None:
            trace = self.lasting.trace
            nodes, steps = len(trace.nodes), len(trace.steps)
            return (
                f"Tracing is on since {self.lasting.where}: {nodes} nodes and {steps} backward "
                f"steps so far, {trace.nbytes / 2**20:.1f} of {trace.memory / 2**20:.0f} MiB."
            )
        if self.last is not None:
            trace, where = self.last
            return f"Tracing is off. The last trace is of {where}: {trace.summary()}."
        return "Tracing is off, and nothing was traced yet. Put %%autograd_trace over a cell."

    # -------------------------------------------------------------- one expression

    @contextmanager
    def expression(self, options: dict[str, Any]) -> Iterator[None]:
        """Record what runs inside, and show it also after an exception."""
        recording = Recording(options, self._here())
        self._show_in_panel(recording)
        try:
            yield
        finally:
            self.finish(recording)

    # -------------------------------------------------------------- the end of a recording

    def finish(self, recording: Recording) -> None:
        """Stop, keep the trace as the last one, save it if asked, and show it."""
        recording.stop()
        if self.front is not None and recording.options.get("break"):
            self.front.breakpoints_changed()  # those of the cell are gone
        trace = recording.trace
        _name_places(trace)
        self.last = trace, recording.where
        self.shell.push({VARIABLE: trace}, interactive=False)
        try:
            live = isinstance(recording.graph, inline.InlineGraph)
            display.show(self.shell, trace, recording.options.get("format"), live=live)
        except UsageError as error:  # here nobody is left who would catch it
            print(f"UsageError: {error}", file=sys.stderr)
        if "save" in recording.options:
            self._save(trace, recording.options["save"])

    def _save(self, trace: Trace, path: str) -> None:
        try:
            trace.save(path)
        except OSError as error:
            print(f"The trace could not be saved: {error}", file=sys.stderr)
        else:
            print(f"Saved to {path}")

    def latest(self) -> Trace:
        """The trace to look at: the one that runs, or else the last one.

        Raises
        ------
        UsageError
            When there is none yet.
        """
        running = self.cell or self.lasting
        if running is not None:
            return running.trace
        if self.last is None:
            raise UsageError("nothing was traced yet; put %%autograd_trace over a cell first")
        return self.last[0]

    def _here(self) -> str:
        number, _ = self.locations.current()
        return f"In [{number}]"


def _is_blank(result: Any) -> bool:
    raw_cell = getattr(getattr(result, "info", None), "raw_cell", None)
    return raw_cell is not None and not raw_cell.strip()


def _explain_error_before_running(result: Any) -> None:
    error = getattr(result, "error_before_exec", None)
    source = getattr(getattr(result, "info", None), "raw_cell", "") or ""
    if error is not None and source.lstrip().startswith("%%autograd_trace"):
        print("Nothing of this cell was run or traced: correct the error above.", file=sys.stderr)


def _name_places(trace: Trace) -> None:
    """Ask for the cells of all places now, while their file names stand for these cells."""
    trace.table("nodes")
    for place in range(len(trace.pools["place"])):
        trace.notes(place)


_sessions: WeakKeyDictionary[Any, Session] = WeakKeyDictionary()


def open_session(shell: InteractiveShell) -> Session:
    """The session of a shell, made on the first call."""
    if shell not in _sessions:
        session = Session(shell)
        session.open()
        _sessions[shell] = session
    return _sessions[shell]


def close_session(shell: InteractiveShell) -> None:
    """End the session of a shell, if it has one."""
    session = _sessions.pop(shell, None)
    if session is not None:
        session.close()
