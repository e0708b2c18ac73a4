"""Sequences of several lengths: padded to one tensor, or packed without padding.

A packed sequence lays the steps of all sequences one after the other, longest first, so
that each step of a recurrent network works on exactly the sequences that still go on::

    a a a a         data         a b c | a b | a b | a
    b b b           batch_sizes    3      2     2    1
    c
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any, NamedTuple

import numpy as np

from ..._tensor import Tensor
from ...dtypes import int64
from ...ops.create import arange, as_tensor, empty_like, full, tensor
from ...ops.join import cat
from ...ops.shape import reshape

__all__ = [
    "PackedSequence", "invert_permutation", "pack_padded_sequence", "pack_sequence",
    "pad_packed_sequence", "pad_sequence", "unpack_sequence", "unpad_sequence",
]  # fmt: skip


class _Packed(NamedTuple):
    data: Tensor
    batch_sizes: Tensor
    sorted_indices: Tensor | None
    unsorted_indices: Tensor | None


class PackedSequence(_Packed):
    """Sequences of several lengths without padding; made by `pack_padded_sequence`.

    Parameters
    ----------
    data : Tensor
        (sum of lengths, *): all sequences' first steps, then their second steps, and so on.
    batch_sizes : Tensor
        How many sequences have a step at each time; int64, on the CPU.
    sorted_indices, unsorted_indices : Tensor, optional
        Which given sequence is the longest, the second longest ..., and the way back.
    """

    __slots__ = ()

    def __new__(
        cls,
        data: Any,
        batch_sizes: Tensor | None = None,
        sorted_indices: Tensor | None = None,
        unsorted_indices: Tensor | None = None,
    ) -> Any:
        """Hold the parts together; the way back follows from the way there."""
        if unsorted_indices is None:
            unsorted_indices = invert_permutation(sorted_indices)
        if batch_sizes is None:
            if not (isinstance(data, list | tuple) and len(data) == 2):
                raise AssertionError("Expected data to be a list or tuple of length 2")
            data, batch_sizes = data
        elif batch_sizes.device.type != "cpu":
            raise ValueError(
                "batch_sizes should always be on CPU. Instances of PackedSequence should never be "
                "created manually. They should be instantiated by functions like pack_sequence "
                "and pack_padded_sequences in nn.utils.rnn."
            )
        return super().__new__(cls, data, batch_sizes, sorted_indices, unsorted_indices)

    def to(self, *args: Any, **kwargs: Any) -> PackedSequence:
        """The same with `data` of another dtype or on another device (`Tensor.to`)."""
        data = self.data.to(*args, **kwargs)
        if data is self.data:
            return self
        indices = (self.sorted_indices, self.unsorted_indices)
        moved = (None if t is None else t.to(data.device) for t in indices)
        return type(self)(data, self.batch_sizes, *moved)

    def cuda(self, device: Any = None) -> PackedSequence:
        """On a GPU (the current one unless given)."""
        return self.to("cuda" if device is None else device)

    def cpu(self) -> PackedSequence:
        """On the host."""
        return self.to("cpu")

    def double(self) -> PackedSequence:
        """With float64 data."""
        return self._as("float64")

    def float(self) -> PackedSequence:
        """With float32 data."""
        return self._as("float32")

    def half(self) -> PackedSequence:
        """With float16 data."""
        return self._as("float16")

    def long(self) -> PackedSequence:
        """With int64 data."""
        return self._as("int64")

    def int(self) -> PackedSequence:
        """With int32 data."""
        return self._as("int32")

    def short(self) -> PackedSequence:
        """With int16 data."""
        return self._as("int16")

    def char(self) -> PackedSequence:
        """With int8 data."""
        return self._as("int8")

    def byte(self) -> PackedSequence:
        """With uint8 data."""
        return self._as("uint8")

    def _as(self, name: str) -> PackedSequence:
        from ... import dtypes

        return self.to(getattr(dtypes, name))

    @property
    def is_cuda(self) -> bool:
        """Whether the data are on a GPU."""
        return self.data.is_cuda


def invert_permutation(permutation: Tensor | None) -> Tensor | None:
    """The permutation that undoes another; None of None."""
    if permutation is None:
        return None
    count = permutation.numel()
    return empty_like(permutation).scatter_(
        0, permutation, arange(count, device=permutation.device)
    )


# ------------------------------------------------------------------ packing


def _places(lengths: np.ndarray, batch_first: bool, padded: int) -> np.ndarray:
    """Where the packed steps stand in the padded tensor, its first two dimensions as one."""
    steps, rows = np.nonzero(np.arange(lengths[0])[:, None] < lengths)
    return rows * padded + steps if batch_first else steps * len(lengths) + rows


def _joined(x: Tensor) -> Tensor:
    """The first two dimensions as one."""
    return reshape(x, (x.shape[0] * x.shape[1], *x.shape[2:]))


def pack_padded_sequence(
    input: Tensor, lengths: Any, batch_first: bool = False, enforce_sorted: bool = True
) -> PackedSequence:
    """Take the padding out of a batch of sequences.

    Parameters
    ----------
    input : Tensor
        (L, N, *), or (N, L, *) with `batch_first`.
    lengths : Tensor or list of int
        How long each sequence is.
    batch_first : bool, default False
        Which layout `input` has.
    enforce_sorted : bool, default True
        Insist on sequences that come longest first; otherwise sort them.

    Raises
    ------
    RuntimeError
        If lengths are not sorted, are not positive, or are not as many as the sequences.
    """
    given = lengths if isinstance(lengths, Tensor) else as_tensor(lengths, dtype=int64)
    if given.ndim != 1 or given.device.type != "cpu":
        kind = given.to(int64).type().rpartition(".")[2].removesuffix("Tensor")
        raise RuntimeError(
            "'lengths' argument should be a 1D CPU int64 tensor, but got "
            f"{given.ndim}D {given.device} {kind} tensor"
        )
    counts = np.array(given.to(int64).tolist(), np.int64)
    order = None
    if not enforce_sorted:
        by_length = np.argsort(-counts, kind="stable")
        counts = counts[by_length]
        order = tensor(by_length, device=input.device)
        input = input.index_select(0 if batch_first else 1, order)
    _check_lengths(input, counts, batch_first)
    places = tensor(_places(counts, batch_first, input.shape[1]), device=input.device)
    steps = np.arange(1, counts[0] + 1)
    sizes = tensor((counts[None] >= steps[:, None]).sum(1))
    return PackedSequence(_joined(input).index_select(0, places), sizes, order)


def _check_lengths(input: Tensor, counts: np.ndarray, batch_first: bool) -> None:
    if not input.numel():
        raise RuntimeError("Cannot pack empty tensors.")
    padded, batch = (input.shape[i] for i in ((1, 0) if batch_first else (0, 1)))
    if len(counts) != batch:
        raise RuntimeError(
            f"Expected `len(lengths)` to be equal to batch_size, but got {len(counts)} "
            f"(batch_size={batch})"
        )
    if (counts[1:] > counts[:-1]).any():
        raise RuntimeError(
            "`lengths` array must be sorted in decreasing order when `enforce_sorted` is True. You "
            "can pass `enforce_sorted=False` to pack_padded_sequence and/or pack_sequence to "
            "sidestep this requirement if you do not need ONNX exportability."
        )
    if counts[-1] <= 0:
        raise RuntimeError(
            "Length of all samples has to be greater than 0, but found an element in 'lengths' "
            "that is <= 0"
        )
    if counts[0] > padded:
        raise RuntimeError(
            f"a sequence of length {counts[0]} does not fit into the padded input, which has "
            f"{padded} steps"
        )


def _spread(data: Tensor, places: np.ndarray, layout: tuple[int, int], blank: float) -> Tensor:
    """Steps put to their places in a padded tensor."""
    rest = tuple(data.shape[1:])
    padded = full((layout[0] * layout[1], *rest), blank, dtype=data.dtype, device=data.device)
    at = tensor(places, device=data.device)
    return padded.index_copy(0, at, data).reshape(*layout, *rest)


def pad_packed_sequence(
    sequence: PackedSequence,
    batch_first: bool = False,
    padding_value: float = 0.0,
    total_length: int | None = None,
) -> tuple[Tensor, Tensor]:
    """Put the padding back: the inverse of `pack_padded_sequence`.

    Parameters
    ----------
    sequence : PackedSequence
        What to unpack.
    batch_first : bool, default False
        Return (N, L, *) instead of (L, N, *).
    padding_value : float, default 0
        What to fill up with.
    total_length : int, optional
        Pad to this many steps instead of to the longest sequence.

    Returns
    -------
    tuple of Tensor
        The sequences, in the order in which they were packed, and their lengths.
    """
    data, sizes = sequence.data, np.array(sequence.batch_sizes.tolist())
    longest = len(sizes)
    if total_length is not None:
        if total_length < longest:
            raise ValueError(
                "Expected total_length to be at least the length of the longest sequence in input, "
                f"but got total_length={total_length} and max sequence length being {longest}"
            )
        longest = total_length
    counts = (sizes[:, None] > np.arange(sizes[0])).sum(0)
    places = _places(counts, batch_first, longest)
    layout = (len(counts), longest) if batch_first else (longest, len(counts))
    padded, lengths = _spread(data, places, layout, padding_value), tensor(counts)
    order = sequence.unsorted_indices
    if order is None:
        return padded, lengths
    return padded.index_select(0 if batch_first else 1, order), lengths[order.cpu()]


# ------------------------------------------------------------------ lists of sequences


def pad_sequence(
    sequences: Any,
    batch_first: bool = False,
    padding_value: float = 0.0,
    padding_side: str = "right",
) -> Tensor:
    """Sequences of several lengths, filled up and put side by side.

    Parameters
    ----------
    sequences : iterable of Tensor
        Each (L_i, *).
    batch_first : bool, default False
        Return (N, L, *) instead of (L, N, *).
    padding_value : float, default 0
        What to fill up with.
    padding_side : {"right", "left"}
        At which end.
    """
    if not isinstance(sequences, Iterable):
        raise RuntimeError(
            "pad_sequence: Expected iterable for input sequences, but got arg of type: "
            f"{type(sequences)}"
        )
    members = list(sequences)
    if not members:
        raise RuntimeError("received an empty list of sequences")
    if padding_side not in ("left", "right"):
        raise RuntimeError(
            f"Expected padding_side to be one of left or right, but got {padding_side}."
        )
    longest = max(len(x) for x in members)
    count = len(members)
    layout = (count, longest) if batch_first else (longest, count)
    places = []
    for row, x in enumerate(members):
        start = longest - len(x) if padding_side == "left" else 0
        steps = np.arange(start, start + len(x))
        places.append(row * longest + steps if batch_first else steps * count + row)
    return _spread(_together(members), np.concatenate(places), layout, padding_value)


def _together(members: Sequence[Tensor]) -> Tensor:
    for i, x in enumerate(members):
        if x.shape[1:] != members[0].shape[1:]:
            raise RuntimeError(
                "sequences must agree in all dimensions but the first: number 0 has shape "
                f"{tuple(members[0].shape)}, number {i} {tuple(x.shape)}"
            )
    return cat(members)


def unpad_sequence(
    padded_sequences: Tensor, lengths: Tensor, batch_first: bool = False
) -> list[Tensor]:
    """The list of sequences that `pad_sequence` put together."""
    rows = padded_sequences if batch_first else padded_sequences.transpose(0, 1)
    return [row[:length] for row, length in zip(rows.unbind(0), lengths.tolist(), strict=True)]


def pack_sequence(sequences: Sequence[Tensor], enforce_sorted: bool = True) -> PackedSequence:
    """A list of sequences, packed; see `pack_padded_sequence`."""
    lengths = [x.shape[0] for x in sequences]
    return pack_padded_sequence(pad_sequence(sequences), lengths, enforce_sorted=enforce_sorted)


def unpack_sequence(packed_sequences: PackedSequence) -> list[Tensor]:
    """The list of sequences that `pack_sequence` packed."""
    padded, lengths = pad_packed_sequence(packed_sequences, batch_first=True)
    return unpad_sequence(padded, lengths, batch_first=True)
