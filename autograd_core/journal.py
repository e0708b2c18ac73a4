"""What a backward run needs to take steps back.

Before each step the run notes what the step is going to change: the gradients that wait for
the inputs' nodes, the node's saved values, a leaf's ``.grad``.  Undoing puts these back,
bit for bit.  A note refers to arrays, and copies only what is written in place: a leaf's
gradient.  What the notes keep alive stays within a byte budget: the oldest fall out.

What hooks did outside the run can't be taken back; they run again when the run goes on.
"""

from __future__ import annotations

from collections import deque
from heapq import heapify, heappush
from typing import TYPE_CHECKING, Any

from .node import AccumulateGrad, Output

if TYPE_CHECKING:
    from .engine import Run

BUDGET = 256 << 20
"""Bytes that the notes of one run may keep alive, unless told otherwise."""
BATCH = 32
"""Steps that are weighed together, if they are small: no more than a 16th of the budget."""


class Note:
    """One step that can be undone: what there is of every step, and `rest` for few."""

    __slots__ = ("before", "entry", "held", "leaf", "rest", "saved")

    def __init__(
        self,
        entry: tuple[Any, Any, Any],
        saved: Any,
        before: Any,
        leaf: LeafNote | NewGrad | None = None,
    ):
        self.entry = entry
        self.saved = saved
        self.before = before
        self.leaf = leaf
        self.rest: Rest | None = None
        self.held: list[Any] | None = None
        """The arrays that were counted when it was weighed."""

    def more(self) -> Rest:
        """The rarely used part, made on first use."""
        if self.rest is None:
            self.rest = Rest()
        return self.rest


class Rest:
    """What few steps change: retained gradients, captures, several outputs, runs within."""

    __slots__ = ("captured", "grads", "inner", "inner_bytes", "ports")

    def __init__(self) -> None:
        self.grads: list[RetainedNote] = []
        self.captured: dict[Any, Any] | None = None
        self.ports: tuple[tuple[Any, Any, int, Any], ...] = ()
        self.inner: tuple[tuple[Run, Journal], ...] = ()
        self.inner_bytes = 0


class RetainedNote:
    """A retained ``.grad`` before a gradient is added to it."""

    __slots__ = ("grad", "tensor")

    def __init__(self, tensor: Any):
        self.tensor = tensor
        self.grad = tensor._grad

    def restore(self) -> None:
        """Put it back."""
        self.tensor._grad = self.grad


class NewGrad(RetainedNote):
    """A leaf that had no ``.grad``, which is the usual case."""

    __slots__ = ()

    def __init__(self, leaf: Any):
        self.tensor = leaf
        self.grad = None

    def arrays(self) -> list[Any]:
        """It keeps nothing alive."""
        return []


class LeafNote:
    """A leaf's ``.grad`` before a gradient is added to it, and its data if hooks may write it."""

    __slots__ = ("content", "data", "data_version", "grad", "tensor", "version")

    def __init__(self, leaf: Any, in_place: bool):
        grad = leaf._grad
        self.tensor = leaf
        self.grad = grad
        in_place = in_place and grad is not None and grad._fn is None
        self.content = grad._array.copy() if in_place else None
        counter = None if grad is None else grad._version_counter
        self.version = 0 if counter is None else counter.n
        hooked = leaf._rare is not None and leaf._rare.post_hooks
        self.data = leaf._array.copy() if hooked else None
        self.data_version = leaf._version

    def restore(self) -> None:
        """Put the leaf back as it was."""
        if self.content is not None:
            self.grad._array[...] = self.content
            if self.grad._version_counter is not None:
                self.grad._version_counter.n = self.version
        self.tensor._grad = self.grad
        if self.data is not None:
            self.tensor._array[...] = self.data
            if self.tensor._version_counter is not None:
                self.tensor._version_counter.n = self.data_version

    def arrays(self) -> list[Any]:
        """What it keeps alive."""
        return [x for x in (self.content, self.data) if x is not None]


class Journal:
    """Notes of the last steps of a run.

    Parameters
    ----------
    budget : int
        Bytes of gradients and saved values that the notes may keep alive.

    Attributes
    ----------
    peak : int
        The most bytes that were kept alive so far.
    complete : bool
        Whether all steps of the run can still be undone.
    """

    def __init__(self, budget: int = BUDGET):
        self.budget = budget
        self.peak = 0
        self.complete = True
        self._notes: deque[Note] = deque()
        self._weighed = 0
        self._held: dict[int, list[int]] = {}
        self._bytes = 0
        self._first: dict[int, LeafNote | RetainedNote] = {}
        self._edits: list[tuple[int, tuple[Any, Any, Any]]] = []
        self._full = 2
        self.taken_over: list[Note] = []
        """Notes of leaves whose ``.grad`` may be the very array of the note (see `unshare`)."""

    def __len__(self) -> int:
        self._weigh()
        return len(self._notes)

    @property
    def nbytes(self) -> int:
        """Bytes kept alive now, each array counted once."""
        self._weigh()
        return self._bytes

    def steps(self) -> list[tuple[Any, Any, Any]]:
        """The nodes that ran, the last one first, with what had arrived and what they had saved."""
        return [(note.entry[1], note.entry[2], note.saved) for note in reversed(self._notes)]

    # -------------------------------------------------------------- going forward

    def note(self, run: Run, entry: tuple[Any, Any, Any]) -> Note:
        """Note what the step of this entry of ``run.ready`` is going to change."""
        node = entry[1]
        if node.__class__ is AccumulateGrad:
            note = Note(entry, None, (), _note_of_leaf(node.variable, not run.create_graph))
        else:
            note = Note(entry, node.saved, waiting_for(run, node) if run.waiting else ())
            if node.rare is not None and node.rare.retain:
                kept = [keeper() for keeper in node.rare.retain.values()]
                note.more().grads = [RetainedNote(t) for t in kept if t is not None]
        if run.targets is not None:
            note.more().captured = dict(run.captured)
        self.append(note)
        return note

    def append(self, note: Note) -> None:
        """Keep the note of a step that is about to run."""
        self._notes.append(note)
        if len(self._notes) >= self._full:
            self._weigh()

    def unshare(self) -> None:
        """Copy gradients that leaves took over as their ``.grad``, before anybody writes them."""
        for note in self.taken_over:
            order, node, array = note.entry
            grad = node.variable._grad
            if grad is not None and grad._array is array:
                note.entry = order, node, array.copy()
        self.taken_over.clear()

    def note_edit(self, run: Run) -> None:
        """Note the gradients that wait for the next node, which somebody is about to replace."""
        self._edits.append((run.done, run.ready[0]))

    def is_edited(self, run: Run) -> bool:
        """Whether somebody replaced the gradients that wait for the next node."""
        return any(done == run.done for done, _ in self._edits)

    def note_port(self, run: Run, entry: tuple[Any, Any, Any]) -> None:
        """Note that a gradient is about to pass from an output to its node, after the last step."""
        if self._notes:
            owner = entry[1].next[0]
            before = entry, owner, run.waiting[owner], _copied(run.buffers.get(owner))
            self._notes[-1].more().ports += (before,)

    def take_in(self, run: Run, journal: Journal) -> None:
        """Note a run that ended within the step that is under way: it is undone with the step."""
        rest = self._notes[-1].more()
        rest.inner += ((run, journal),)
        rest.inner_bytes += journal.nbytes
        self._bytes += journal.nbytes

    # -------------------------------------------------------------- going back

    def undo(self, run: Run) -> Any:
        """Take the last step back; return its node, or None if there is none to take back."""
        if not self._notes:
            return None
        self._weigh()
        self._undo_edits(run)
        note = self._notes.pop()
        self._weighed -= 1
        self._let_go(note)
        rest = note.rest or NOTHING_MORE
        for inner, journal in reversed(rest.inner):
            journal.restore_all(inner)
        node = note.entry[1]
        if note.leaf is not None:
            note.leaf.restore()
        else:
            node.saved = note.saved
        for port in reversed(rest.ports):
            _take_back_port(run, *port)
        _take_back(run, node, note.before)
        for kept in rest.grads:
            kept.restore()
        if rest.captured is not None:
            run.captured.clear()
            run.captured.update(rest.captured)
        heappush(run.ready, note.entry)
        run.done -= 1
        return node

    def _undo_edits(self, run: Run) -> None:
        """Take back the edits that were made since the last step."""
        while self._edits and self._edits[-1][0] >= run.done:
            _, entry = self._edits.pop()
            run.ready[:] = [entry if e[1] is entry[1] else e for e in run.ready]

    def restore_all(self, run: Run) -> bool:
        """Leaves and saved values as before the run; False if the oldest saved ones are gone."""
        while self.undo(run) is not None:
            pass
        for known in self._first.values():
            known.restore()
        return self.complete

    # -------------------------------------------------------------- within the budget

    def _weigh(self) -> None:
        """Count what the newest notes keep alive, and let the oldest go beyond the budget."""
        notes = self._notes
        for i in range(self._weighed, len(notes)):
            notes[i].held = _arrays(notes[i])
            for array in notes[i].held or ():
                self._hold(array)
        self._weighed = len(notes)
        self.peak = max(self.peak, self._bytes)
        while self._bytes > self.budget * 15 // 16 and len(notes) > 1:
            self._drop(notes.popleft())
        if not notes:
            return
        each = self._bytes // len(notes) + 1
        self._full = len(notes) + min(BATCH, max(self.budget // 16 // each, 1))

    def _drop(self, note: Note) -> None:
        self._weighed -= 1
        self.complete = False
        for known in _changed(note):
            self._first.setdefault(id(known.tensor), known)
        self._let_go(note)

    def changed(self) -> list[LeafNote | RetainedNote]:
        """What changed in ``.grad`` of tensors, in the order of the steps."""
        return [*self._first.values(), *(known for n in self._notes for known in _changed(n))]

    def _hold(self, array: Any) -> None:
        known = self._held.get(id(array))
        if known is None:
            self._held[id(array)] = [1, array.nbytes]
            self._bytes += array.nbytes
        else:
            known[0] += 1

    def _let_go(self, note: Note) -> None:
        self._bytes -= (note.rest or NOTHING_MORE).inner_bytes
        for array in note.held or ():
            known = self._held[id(array)]
            known[0] -= 1
            if not known[0]:
                del self._held[id(array)]
                self._bytes -= known[1]


NOTHING_MORE = Rest()


def _note_of_leaf(leaf: Any, in_place: bool) -> LeafNote | NewGrad:
    if leaf._grad is None and leaf._rare is None:
        return NewGrad(leaf)
    return LeafNote(leaf, in_place)


def waiting_for(run: Run, node: Any) -> list[tuple[Any, Any, Any]]:
    """What waits for the inputs' nodes: (node, consumers still to be heard, gradients)."""
    found = []
    waiting = run.waiting
    for fn in node.next:
        if fn in waiting:
            found.append((fn, waiting[fn], run.buffers.get(fn)))
        if fn.__class__ is Output and fn.next[0] in waiting:  # else `inputs` need it not
            owner = fn.next[0]
            found.append((owner, waiting[owner], _copied(run.buffers.get(owner))))
    return found


def _copied(buffer: Any) -> Any:
    """The gradients that arrived so far; those of a node with several outputs come one by one."""
    return dict(buffer) if buffer.__class__ is dict else buffer


def _take_back_port(run: Run, entry: Any, owner: Any, left: int, buffer: Any) -> None:
    """Undo what passed from an output to its node."""
    _set_waiting(run, owner, left, buffer)
    run.ready[:] = [e for e in run.ready if e[1] is not owner]
    run.ready.append(entry)
    heapify(run.ready)


def _set_waiting(run: Run, fn: Any, left: int, buffer: Any) -> None:
    run.waiting[fn] = left
    if buffer is None:
        run.buffers.pop(fn, None)
    else:
        run.buffers[fn] = buffer


def _take_back(run: Run, node: Any, before: list[tuple[Any, Any, Any]]) -> None:
    """Undo the deliveries of a node."""
    touched = {fn for fn in node.next if fn is not None}
    for fn, left, buffer in before:
        touched.add(fn)
        _set_waiting(run, fn, left, buffer)
    if any(entry[1] in touched for entry in run.ready):
        run.ready[:] = [entry for entry in run.ready if entry[1] not in touched]
        heapify(run.ready)


def _changed(note: Note) -> list[LeafNote | RetainedNote]:
    """What a step, and the runs within it, changed in ``.grad`` of tensors."""
    leaf: list[LeafNote | RetainedNote] = [] if note.leaf is None else [note.leaf]
    rest = note.rest or NOTHING_MORE
    return [*leaf, *rest.grads, *(known for _, inner in rest.inner for known in inner.changed())]


def _arrays(note: Note) -> list[Any]:
    """What a note keeps alive: gradients, saved values, copies."""
    grad = note.entry[2]
    values = list(grad.values()) if grad.__class__ is dict else [grad]
    for value in note.saved or ():
        values += value if isinstance(value, tuple | list) else (value,)
    if note.leaf is not None:
        values += note.leaf.arrays()
    arrays = (getattr(x, "_array", x) for x in values)
    return [a for a in arrays if hasattr(a, "nbytes") and hasattr(a, "shape")]
