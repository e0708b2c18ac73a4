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
"""Steps that are weighed together."""


class Note:
    """One step that can be undone."""

    __slots__ = ("before", "captured", "entry", "grads", "leaf", "saved")

    def __init__(self, entry: tuple[Any, Any, Any], saved: Any, before: list[Any]):
        self.entry = entry
        self.saved = saved
        self.before = before
        self.leaf: LeafNote | None = None
        self.grads: list[tuple[Any, Any]] | None = None
        self.captured: dict[Any, Any] | None = None


class LeafNote:
    """A leaf's ``.grad`` before a gradient is added to it, and its data if hooks may write it."""

    __slots__ = ("content", "data", "grad", "leaf", "version")

    def __init__(self, leaf: Any, in_place: bool):
        grad = leaf._grad
        self.leaf = leaf
        self.grad = grad
        in_place = in_place and grad is not None and grad._fn is None
        self.content = grad._array.copy() if in_place else None
        counter = None if grad is None else grad._version_counter
        self.version = 0 if counter is None else counter.n
        hooked = leaf._rare is not None and leaf._rare.post_hooks
        self.data = leaf._array.copy() if hooked else None

    def restore(self) -> None:
        """Put the leaf back as it was."""
        if self.content is not None:
            self.grad._array[...] = self.content
            if self.grad._version_counter is not None:
                self.grad._version_counter.n = self.version
        self.leaf._grad = self.grad
        if self.data is not None:
            self.leaf._array[...] = self.data

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
        self._first: dict[int, LeafNote] = {}
        self._edits: list[tuple[int, tuple[Any, Any, Any]]] = []

    def __len__(self) -> int:
        self._weigh()
        return len(self._notes)

    @property
    def nbytes(self) -> int:
        """Bytes kept alive now, each array counted once."""
        self._weigh()
        return self._bytes

    def nodes(self) -> list[Any]:
        """The nodes that ran, the last one first, with the gradients that had arrived."""
        return [note.entry[1:] for note in reversed(self._notes)]

    # -------------------------------------------------------------- going forward

    def note(self, run: Run, entry: tuple[Any, Any, Any]) -> None:
        """Note what the step of this entry of ``run.ready`` is going to change."""
        node = entry[1]
        if node.__class__ is AccumulateGrad:
            note = Note(entry, None, [])
            note.leaf = LeafNote(node.variable, not run.create_graph)
        else:
            note = Note(entry, node.saved, _waiting(run, node))
            if node.rare is not None and node.rare.retain:
                kept = [keeper() for keeper in node.rare.retain.values()]
                note.grads = [(t, t._grad) for t in kept if t is not None]
        if run.targets is not None:
            note.captured = dict(run.captured)
        self._notes.append(note)
        if len(self._notes) - self._weighed >= BATCH:
            self._weigh()

    def note_edit(self, run: Run) -> None:
        """Note the gradients that wait for the next node, which somebody is about to replace."""
        self._edits.append((run.done, run.ready[0]))

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
        node = note.entry[1]
        if note.leaf is not None:
            note.leaf.restore()
        else:
            node.saved = note.saved
        _take_back(run, node, note.before)
        for tensor, grad in note.grads or ():
            tensor._grad = grad
        if note.captured is not None:
            run.captured.clear()
            run.captured.update(note.captured)
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
        for leaf in self._first.values():
            leaf.restore()
        return self.complete

    # -------------------------------------------------------------- within the budget

    def _weigh(self) -> None:
        """Count what the newest notes keep alive, and let the oldest go beyond the budget."""
        notes = self._notes
        for i in range(self._weighed, len(notes)):
            for array in _arrays(notes[i]):
                self._hold(array)
        self._weighed = len(notes)
        while self._bytes > self.budget and len(notes) > 1:
            self._drop(notes.popleft())
        self.peak = max(self.peak, self._bytes)

    def _drop(self, note: Note) -> None:
        self._weighed -= 1
        self.complete = False
        if note.leaf is not None:
            self._first.setdefault(id(note.leaf.leaf), note.leaf)
        self._let_go(note)

    def _hold(self, array: Any) -> None:
        known = self._held.get(id(array))
        if known is None:
            self._held[id(array)] = [1, array.nbytes]
            self._bytes += array.nbytes
        else:
            known[0] += 1

    def _let_go(self, note: Note) -> None:
        for array in _arrays(note):
            known = self._held[id(array)]
            known[0] -= 1
            if not known[0]:
                del self._held[id(array)]
                self._bytes -= known[1]


def _waiting(run: Run, node: Any) -> list[tuple[Any, Any, Any]]:
    """What waits for the inputs' nodes: (node, consumers still to be heard, gradients)."""
    found = []
    waiting = run.waiting
    for fn in node.next:
        if fn in waiting:
            found.append((fn, waiting[fn], run.buffers.get(fn)))
        if fn.__class__ is Output:
            owner = fn.next[0]
            buffer = run.buffers.get(owner)
            found.append((owner, waiting[owner], None if buffer is None else dict(buffer)))
    return found


def _take_back(run: Run, node: Any, before: list[tuple[Any, Any, Any]]) -> None:
    """Undo the deliveries of a node."""
    touched = {fn for fn in node.next if fn is not None}
    for fn, left, buffer in before:
        touched.add(fn)
        run.waiting[fn] = left
        if buffer is None:
            run.buffers.pop(fn, None)
        else:
            run.buffers[fn] = buffer
    if any(entry[1] in touched for entry in run.ready):
        run.ready[:] = [entry for entry in run.ready if entry[1] not in touched]
        heapify(run.ready)


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
