"""Growable columns of numbers, and pools that give each text, shape or place one number.

A recorded run is a few `Table`s: each column is one NumPy array with room to grow, so a
row costs its bytes and no Python objects.  Rows are known by an id that never changes,
also after old rows fell out at the front: ``id = first + index``.
"""

from __future__ import annotations

from collections.abc import Hashable, Iterable, Sequence
from typing import Any

import numpy as np

Array = np.ndarray[Any, Any]
FAR = 1 << 18
"""Creation numbers that may be skipped in an `Index` before it starts anew."""


class Table:
    """Columns of equal length that grow at the end and fall off at the front.

    Parameters
    ----------
    **columns : str
        NumPy type of each column, e.g. ``seq="i8"``.
    """

    def __init__(self, **columns: str):
        self.types = {name: np.dtype(kind) for name, kind in columns.items()}
        self.first = 0
        self._count = 0
        self._room = 0
        self._data = {name: np.empty(0, kind) for name, kind in self.types.items()}

    def __len__(self) -> int:
        return self._count

    @property
    def end(self) -> int:
        """The id that the next row will get."""
        return self.first + self._count

    @property
    def row_bytes(self) -> int:
        """Bytes of one row."""
        return sum(kind.itemsize for kind in self.types.values())

    @property
    def nbytes(self) -> int:
        """Bytes of all rows."""
        return self._count * self.row_bytes

    def column(self, name: str) -> Array:
        """A view of one column, valid until the table grows or shrinks."""
        return self._data[name][: self._count]

    def append(self, count: int, **values: Any) -> int:
        """Add `count` rows; a column gets a scalar or `count` values.  Returns the first id."""
        begin, end = self._count, self._count + count
        if end > self._room:
            self._grow(max(end, self._room * 3 // 2, 64))
        for name, value in values.items():
            self._data[name][begin:end] = value
        self._count = end
        return self.first + begin

    def _grow(self, room: int) -> None:
        for name, old in self._data.items():
            grown = np.empty(room, old.dtype)
            grown[: self._count] = old[: self._count]
            self._data[name] = grown
        self._room = room

    def keep(self, mask: Array) -> None:
        """Keep the rows that `mask` marks."""
        kept = int(mask.sum())
        for column in self._data.values():
            column[:kept] = column[: self._count][mask]
        self._count = kept

    def drop_front(self, count: int) -> None:
        """Forget the oldest rows; the others keep their ids."""
        self.keep(np.arange(self._count) >= count)
        self.first += count


class Pool:
    """Values that repeat, each kept once: a number for each, and back."""

    generation = 0
    """How often numbers have changed."""

    def __init__(self, values: Iterable[Any] = ()):
        self.values: list[Any] = []
        self.numbers = _Numbers(self.values)
        for value in values:
            self.number(value)

    def number(self, value: Hashable) -> int:
        """The number of a value, the same for equal values."""
        return self.numbers[value]

    def __getitem__(self, number: int) -> Any:
        return self.values[number]

    def __len__(self) -> int:
        return len(self.values)

    def keep(self, used: Array) -> Array:
        """Forget all but the `used` numbers (sorted); returns the new number of each old one."""
        fresh = np.zeros(len(self.values), np.int64)
        fresh[used] = np.arange(len(used))
        self.values[:] = [self.values[i] for i in used]
        self.numbers.clear()
        self.numbers.update((value, i) for i, value in enumerate(self.values))
        self.generation += 1
        return fresh

    def all_numbers(self, codes: Sequence[Any], offsets: Sequence[int]) -> list[int]:
        """The numbers of many places (see `PlacePool`)."""
        return [self.number(value) for value in zip(codes, offsets, strict=True)]


class PlacePool(Pool):
    """Places in code, ``(code, offset)``, looked up by identity: hashing code is slow."""

    def __init__(self, values: Iterable[Any] = ()):
        self.of_code: dict[int, dict[int, int]] = {}
        super().__init__(values)

    def number(self, value: Any) -> int:
        """The number of a place."""
        code, offset = value if isinstance(value, tuple) else (value, 0)
        offsets = self.of_code.setdefault(id(code), {})  # the pool holds the code
        found = offsets.get(offset)
        if found is None:
            found = offsets[offset] = len(self.values)
            self.values.append(value)
        return found

    def all_numbers(self, codes: Sequence[Any], offsets: Sequence[int]) -> list[int]:
        """The numbers of many places."""
        if not codes:
            return []
        of_code = self.of_code
        try:
            if codes.count(codes[0]) == len(codes):
                known = of_code[id(codes[0])]
                return [known[offset] for offset in offsets]
            return [of_code[id(c)][o] for c, o in zip(codes, offsets, strict=True)]
        except KeyError:
            distinct = {(id(c), o): c for c, o in zip(codes, offsets, strict=True)}
            for (_, offset), code in distinct.items():
                self.number((code, offset))
            return [of_code[id(c)][o] for c, o in zip(codes, offsets, strict=True)]

    def keep(self, used: Array) -> Array:
        """Forget all but the `used` numbers (sorted); returns the new number of each old one."""
        fresh = super().keep(used)
        kept = list(self.values)
        self.values.clear()
        self.of_code.clear()
        for value in kept:
            self.number(value)
        return fresh


class _Numbers(dict[Any, int]):
    def __init__(self, values: list[Any]):
        super().__init__()
        self.values_list = values

    def __missing__(self, value: Any) -> int:
        number = self[value] = len(self.values_list)
        self.values_list.append(value)
        return number


class Index:
    """From a node's creation number to its row: four bytes for each number since `reset`."""

    def __init__(self) -> None:
        self.reset(0)

    def reset(self, base: int) -> None:
        """Forget everything; numbers count from `base`."""
        self.base = base
        self.rows = np.full(64, -1, np.int32)
        self.used = False

    @property
    def nbytes(self) -> int:
        """Bytes it takes."""
        return self.rows.nbytes

    def put(self, seqs: Array, rows: Array) -> None:
        """Note the rows of these numbers; numbers below the base are not kept."""
        if not len(seqs):
            return
        low = int(seqs.min())
        if low > self.base + len(self.rows) + FAR or not self.used:
            self.reset(low)
        elif low < self.base:
            self._reach_back(low)
        self.used = True
        inside = seqs >= self.base
        seqs, rows = seqs[inside] - self.base, rows[inside]
        needed = int(seqs.max(initial=-1)) + 1
        if needed > len(self.rows):
            grown = np.full(max(needed, len(self.rows) * 3 // 2), -1, np.int32)
            grown[: len(self.rows)] = self.rows
            self.rows = grown
        self.rows[seqs] = rows

    def _reach_back(self, low: int) -> None:
        """Lower the base, unless that would cost much for a few old nodes."""
        gap = self.base - low
        if gap <= FAR:
            self.rows = np.concatenate([np.full(gap, -1, np.int32), self.rows])
            self.base = low

    def get(self, seqs: Array) -> Array:
        """The rows of these numbers, -1 where none is known."""
        at = seqs - self.base
        known = (at >= 0) & (at < len(self.rows))
        found = np.full(len(seqs), -1, np.int64)
        found[known] = self.rows[at[known]]
        return found

    def forget_before(self, seq: int) -> None:
        """Drop the front, up to (not with) a number."""
        cut = min(max(seq - self.base, 0), len(self.rows))
        self.rows = self.rows[cut:].copy() if cut < len(self.rows) else np.full(64, -1, np.int32)
        self.base += cut
