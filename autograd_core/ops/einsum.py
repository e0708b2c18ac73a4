"""Einstein's summation, as a composite of diagonal, permute, sum and batched products.

Every operand is brought to one order of dimensions: first the labels of the output, then
those that are summed, with size 1 where an operand lacks a label.  Then operands are
multiplied from left to right, and a label is summed as soon as no later operand has it::

    ij,jk->ik      (i 1 j) and (1 k j)  ->  one matrix product over j
"""

from __future__ import annotations

import functools
import math
from collections.abc import Sequence
from typing import Any

from .._tensor import Tensor
from ..errors import ShapeError
from .linalg import bmm_op

LETTERS = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
Labels = list[Any]


def einsum(*args: Any) -> Tensor:
    """Sum of products, with dimensions named by letters.

    Parameters
    ----------
    equation : str
        As ``"bij,bjk->bik"``.  A letter that the output lacks is summed; a letter twice in
        one operand takes the diagonal; ``...`` stands for dimensions that broadcast.
        Without ``->`` the output has, in alphabetical order, the letters seen once.
    *operands : Tensor
        One for each term (also as one list).  In place of the equation, operands may
        alternate with lists of ints: ``einsum(a, [0, 1], b, [1, 2], [0, 2])``.

    Raises
    ------
    RuntimeError
        If the equation can't be read, or does not fit the operands.
    """
    equation, operands = _arguments(args)
    terms, output, order = _plan(equation, tuple(x.ndim for x in operands))
    _check_sizes(terms, operands)
    aligned = [_aligned(x, term, order) for x, term in zip(operands, terms, strict=True)]
    return _multiply(aligned, len(output))


@functools.lru_cache(maxsize=512)
def _plan(equation: str, ranks: tuple[int, ...]) -> tuple[list[Labels], Labels, Labels]:
    """The labels of each operand, of the output, and all: those of the output first."""
    terms, output = _read(equation, len(ranks))
    terms = [_spread(term, n, i) for i, (term, n) in enumerate(zip(terms, ranks, strict=True))]
    widest = max((sum(isinstance(s, int) for s in term) for term in terms), default=0)
    dots: Labels = list(range(widest))[::-1]
    if output is None:
        seen = [s for term in terms for s in term if isinstance(s, str)]
        output = ["...", *sorted(s for s in seen if seen.count(s) == 1)]
    output = [s for part in output for s in (dots if part == "..." else [part])]
    _check_output(output, terms)
    inner = sorted({s for term in terms for s in term} - set(output), key=str)
    return terms, output, output + inner


def _arguments(args: tuple[Any, ...]) -> tuple[str, list[Tensor]]:
    if not args:
        raise ValueError("einsum(): must specify the equation string and at least one operand")
    if isinstance(args[0], str):
        rest = args[1:]
        if len(rest) == 1 and isinstance(rest[0], list | tuple):
            rest = tuple(rest[0])
        operands = list(rest)
        equation = args[0]
    else:
        pairs = [(args[i], args[i + 1]) for i in range(0, len(args) - 1, 2)]
        operands = [x for x, _ in pairs]
        equation = ",".join(_letters(s) for _, s in pairs)
        if len(args) % 2:
            equation += "->" + _letters(args[-1])
    if not operands:
        raise RuntimeError("einsum(): must provide at least one operand")
    for x in operands:
        if not isinstance(x, Tensor):
            raise TypeError(f"einsum(): operands must be Tensors, not {type(x).__name__}")
    return equation, operands


def _letters(sublist: Sequence[Any]) -> str:
    for s in sublist:
        if s is not Ellipsis and not 0 <= s < len(LETTERS):
            raise ValueError(
                f"einsum(): subscript {s} is not within the valid range [0, {len(LETTERS)})"
            )
    return "".join("..." if s is Ellipsis else LETTERS[s] for s in sublist)


def _read(equation: str, operands: int) -> tuple[list[Labels], Labels | None]:
    """The terms left of the arrow, and the output or None."""
    left, arrow, right = equation.partition("->")
    parts = left.split(",")
    if len(parts) != operands:
        what = "fewer" if operands < len(parts) else "more"
        raise RuntimeError(
            f"einsum(): {what} operands were provided than specified in the equation"
        )
    terms, start = [], 0
    for part in parts:
        terms.append(_labels(part, start))
        start += len(part) + 1
    return terms, _labels(right, len(left) + 2) if arrow else None


def _labels(text: str, start: int) -> Labels:
    labels: Labels = []
    i = 0
    while i < len(text):
        c = text[i]
        if text[i : i + 3] == "...":
            if "..." in labels:
                raise RuntimeError(
                    "einsum(): found '.' for which ellipsis is already specified in the term"
                )
            labels.append("...")
            i += 2
        elif c in LETTERS:
            labels.append(c)
        elif c != " ":
            raise RuntimeError(
                f"einsum(): invalid subscript given at index {start + i} in the equation string, "
                "subscripts must be in [a-zA-Z]"
            )
        i += 1
    return labels


def _spread(term: Labels, rank: int, nr: int) -> Labels:
    """The term with ``...`` written out as numbers, counted so that the last one is shared."""
    letters = len(term) - ("..." in term)
    if ("..." not in term and letters != rank) or letters > rank:
        ellipsis = "" if "..." in term else " and no ellipsis was given"
        raise ShapeError(
            f"einsum(): the number of subscripts in the equation ({letters}) does not match the "
            f"number of dimensions ({rank}) for operand {nr}{ellipsis}"
        )
    covered: Labels = list(range(rank - letters))[::-1]
    return [s for part in term for s in (covered if part == "..." else [part])]


def _check_output(output: Labels, terms: Sequence[Labels]) -> None:
    for s in output:
        if output.count(s) > 1:
            raise RuntimeError(
                f"einsum(): output subscript {s} appears more than once in the output"
            )
        if not isinstance(s, int) and not any(s in term for term in terms):
            raise RuntimeError(
                f"einsum(): output subscript {s} does not appear in the equation for any input "
                "operand"
            )


def _check_sizes(terms: Sequence[Labels], operands: Sequence[Tensor]) -> None:
    known: dict[Any, int] = {}
    for nr, (term, x) in enumerate(zip(terms, operands, strict=True)):
        for s, n in zip(term, x.shape, strict=True):
            if n != 1 and known.setdefault(s, n) != n:
                raise ShapeError(
                    f"einsum(): subscript {s if isinstance(s, str) else '...'} has size {n} for "
                    f"operand {nr} which does not broadcast with previously seen size {known[s]}"
                )
        for s in term:
            here = {n for r, n in zip(term, x.shape, strict=True) if r == s}
            if len(here) > 1:
                raise ShapeError(
                    f"einsum(): subscript {s} is repeated for operand {nr} but the sizes don't "
                    f"match, {' != '.join(map(str, sorted(here)))}"
                )


def _aligned(x: Tensor, term: Labels, order: Labels) -> Tensor:
    """The operand with its dimensions in the given order, size 1 where it lacks one."""
    labels = list(term)
    for s in term:
        while labels.count(s) > 1:
            first = labels.index(s)
            second = labels.index(s, first + 1)
            x = x.diagonal(0, first, second)
            labels = [r for i, r in enumerate(labels) if i not in (first, second)] + [s]
    present = [s for s in order if s in labels]
    x = x.permute([labels.index(s) for s in present])
    if len(present) < len(order):
        sizes = dict(zip(present, x.shape, strict=True))
        x = x.reshape([sizes.get(s, 1) for s in order])
    return x


def _multiply(operands: list[Tensor], kept: int) -> Tensor:
    """Products from left to right; dimensions from `kept` on are summed and dropped."""
    result = operands[0]
    rank = result.ndim
    pending = set(range(kept, rank))
    for i, right in enumerate(operands[1:], 1):
        later = {d for x in operands[i + 1 :] for d in range(rank) if x.shape[d] != 1}
        now = sorted(pending - later)
        pending -= set(now)
        result = _pair(result, right, now)
    if pending and len(operands) == 1:
        return result.sum(tuple(sorted(pending)))
    return result.reshape(tuple(result.shape[:kept])) if kept < rank else result


def _pair(left: Tensor, right: Tensor, summed: list[int]) -> Tensor:
    """Product of two aligned operands, summed over some dimensions, which stay with size 1."""
    for d in summed:
        if left.shape[d] == 1 != right.shape[d]:
            right = right.sum(d, keepdim=True)
        elif right.shape[d] == 1 != left.shape[d]:
            left = left.sum(d, keepdim=True)
    inner = [d for d in summed if left.shape[d] != 1]
    if not inner:
        return left * right
    outer = [d for d in range(left.ndim) if d not in inner]
    both = [d for d in outer if left.shape[d] != 1 and right.shape[d] != 1]
    only_left = [d for d in outer if left.shape[d] != 1 and d not in both]
    only_right = [d for d in outer if d not in both and d not in only_left]

    def size(x: Tensor, dims: list[int]) -> int:
        return math.prod([x.shape[d] for d in dims])

    b, m = size(left, both), size(left, inner)
    rows = left.permute(both + only_left + inner + only_right).reshape(b, size(left, only_left), m)
    columns = right.permute(both + inner + only_right + only_left)
    columns = columns.reshape(b, m, size(right, only_right))
    product = bmm_op.call(rows, columns)
    order = both + only_left + inner + only_right
    shape = [left.shape[d] for d in both + only_left] + [1] * len(inner)
    product = product.reshape(shape + [right.shape[d] for d in only_right])
    return product.permute([order.index(d) for d in range(left.ndim)])


__all__ = ["einsum"]
