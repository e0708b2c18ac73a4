"""Optimizers that treat every element alike: one rule, run on long rows of elements.

A subclass says what a parameter's state is at first (`_initial`) and how a row of elements is
updated (`_rule`, in place).  The rows are made here: small parameters are laid end to end, so
that a hundred of them cost about as much as one; large ones are cut into pieces that stay in
the processor's cache while the rule goes over them; half precision is computed in float32, and
a complex number counts as two real ones.  With ``differentiable=True`` the same rule runs on
the tensors themselves, and gradients flow through the step.
"""

from __future__ import annotations

import itertools
from collections.abc import Iterable, Iterator, Sequence
from typing import Any

import numpy as np

from .. import modes, state
from .._tensor import Tensor
from ..backends import backend_of
from ..dtypes import get_default_dtype
from ..source import user_location
from .optimizer import Optimizer
from .settings import number, scalar

SMALL = 8192
"""Elements up to which a parameter is laid end to end with others."""

PIECE = 65536
"""Elements of a row on the CPU: half a dozen arrays of 256 KB are in its cache at a time."""


class Elementwise(Optimizer):
    """Base class of optimizers whose rule treats every element alike.

    Attributes
    ----------
    _numbers : tuple of str
        Names of the state that is one number a parameter; the rest is one an element.
    """

    _numbers: tuple[str, ...] = ("step",)

    def _initial(self, group: dict[str, Any]) -> dict[str, Any]:
        """The state before the first step: a number for each name, the value of all elements."""
        raise NotImplementedError

    @staticmethod
    def _rule(xp: Any, p: Any, g: Any, s: dict[str, Any], **settings: Any) -> None:
        """Update `p` in place and the state `s`, given the gradient `g` and the group's settings.

        ``s["step"]`` counts this step already, and ``s["first"]`` says whether the state is new.
        What is in `s` may be written to or replaced; replace what a function has saved.
        """
        raise NotImplementedError

    # ------------------------------------------------------------------ one step

    def _step_group(self, group: dict[str, Any]) -> None:
        if group.get("differentiable"):
            with modes.enable_grad():
                self._step_tensors(group)
            return
        initial = self._initial(group)
        numbers = [name for name in self._numbers if name in initial]
        settings = {k: number(v) for k, v in group.items() if k not in ("params", "param_names")}
        for (_, _, first, *values), members in self._alike(group, initial, numbers).items():
            s = {"first": first, **dict(zip(numbers, values, strict=True))}
            if "step" in s:
                s["step"] += 1
            self._step_alike(members, s, [name for name in initial if name not in s], settings)

    def _alike(
        self, group: dict[str, Any], initial: dict[str, Any], numbers: list[str]
    ) -> dict[tuple[Any, ...], list[Tensor]]:
        """Parameters that have a gradient, by what they must have in common to share rows.

        That is: device, dtype, whether the state is new, and the numbers in it.
        """
        alike: dict[tuple[Any, ...], list[Tensor]] = {}
        first, found, states = False, (), self.state
        for p in group["params"]:
            if p._grad is None:
                continue
            if initial:
                s = states[p]
                first = not s.keys() >= initial.keys()
                if first:
                    self._begin(p, s, initial, group)
                found = tuple([_number(s[name]) for name in numbers])
            array = p._array
            where = None if type(array) is np.ndarray else p.device
            alike.setdefault((where, array.dtype, first, *found), []).append(p)
        return alike

    def _begin(
        self, p: Tensor, s: dict[str, Any], initial: dict[str, Any], group: dict[str, Any]
    ) -> None:
        from ..ops.create import full_like, tensor

        on_device = group.get("capturable") or group.get("fused")
        for name, value in initial.items():
            if name in s:
                continue
            if name in self._numbers:
                made = tensor(float(value), dtype=get_default_dtype())
                s[name] = made.to(p.device) if on_device else made
            else:
                both = complex(value, value) if p.is_complex() and value else value
                s[name] = full_like(p.detach(), both)

    def _step_alike(
        self, members: list[Tensor], numbers: dict[str, Any], wide: list[str], settings: Any
    ) -> None:
        """One step of parameters that share device, dtype and numbers."""
        states = [self.state[p] for p in members] if wide else []
        columns = [[p._array for p in members], [p._grad._array for p in members]]  # type: ignore[union-attr]
        columns += [[s[name]._array for s in states] for name in wide]
        owner = backend_of(columns[0][0])
        if state.modes.before_write is not None:
            for p in members:
                state.modes.before_write(p)
        s = numbers
        with owner.activate(columns[0][:1]):
            for p, g, *values in rows(owner.xp, columns, PIECE if owner.name == "cpu" else None):
                s = {**numbers, **dict(zip(wide, values, strict=True))}
                update(self._rule, owner.xp, p, g, s, settings)
                for key, value in zip(wide, values, strict=True):
                    if s[key] is not value:
                        value[...] = s[key]
        for name in numbers.keys() - {"first"}:
            for known in states:
                known[name]._array[...] = s[name]
        name, where = f"{type(self).__name__}.step", user_location()
        for p in members:
            p._bump(name, where)

    # ------------------------------------------------------------------ with a graph

    def _step_tensors(self, group: dict[str, Any]) -> None:
        """The rule on tensors; the state is replaced, so that graphs of earlier steps stay."""
        import autograd_core as F  # the functions on tensors have the names of those on arrays

        initial = self._initial(group)
        settings = {k: scalar(v) for k, v in group.items() if k not in ("params", "param_names")}
        for p in group["params"]:
            if p._grad is None:
                continue
            known = self.state[p]
            first = initial.keys() > known.keys()
            self._begin(p, known, initial, group)
            s = {name: _number(v) for name, v in known.items() if name in self._numbers}
            s |= {
                name: as_real(v.clone()) for name, v in known.items() if name not in self._numbers
            }
            s["step"], s["first"] = s.get("step", 0) + 1, first
            real = as_real(p)
            update(self._rule, F, real, as_real(p._grad), s, settings)
            if real is not p:
                p.copy_(as_complex(real, p))
            for name, value in known.items():
                if name in self._numbers:
                    value.fill_(float(s[name]))
                else:
                    known[name] = as_complex(s[name], p)

    # ------------------------------------------------------------------ loading

    def _misfits(self, p: Tensor, values: dict[str, Any]) -> list[str]:
        return [
            f"{name} has shape {list(value.shape)}, the parameter {list(p.shape)}"
            for name, value in values.items()
            if isinstance(value, Tensor)
            and value.shape != (() if name in self._numbers else p.shape)
        ]

    def __setstate__(self, state: dict[str, Any]) -> None:
        super().__setstate__(state)
        for group in self.param_groups:
            for name, value in self.defaults.items():
                group.setdefault(name, value)


def update(rule: Any, xp: Any, p: Any, g: Any, s: dict[str, Any], settings: dict[str, Any]) -> None:
    """Run a rule, after what all have in common: the direction, and the decay of weights."""
    if settings.get("maximize"):
        g = -g
    decay = settings.get("weight_decay", 0)
    if isinstance(decay, Tensor) or decay:
        if settings.get("decoupled_weight_decay"):
            p *= 1 - settings["lr"] * decay
        else:
            g = g + (p.clone() if isinstance(decay, Tensor) else p) * decay
    rule(xp, p, g, s, **settings)


def _number(t: Tensor) -> Any:
    """A number of the state as a NumPy scalar: it rounds as the state does."""
    array = t._array
    return array[()] if type(array) is np.ndarray else t._host()[()]


def as_real(t: Tensor) -> Tensor:
    """A complex tensor as pairs of real numbers, a copy; another as it is."""
    from ..ops.join import stack

    return stack([t.real, t.imag], -1) if t.is_complex() else t


def as_complex(t: Tensor, p: Tensor) -> Tensor:
    """What `as_real` gave, as complex as `p`."""
    return t[..., 0] + t[..., 1] * 1j if p.is_complex() else t


# ------------------------------------------------------------------ rows


def rows(xp: Any, columns: list[list[Any]], most: int | None) -> Iterator[Sequence[Any]]:
    """Walk over arrays of equal sizes, a row of 1-d arrays at a time, to be changed in place.

    Parameters
    ----------
    columns : list of list of array
        Of each parameter: its elements, its gradient, its state ...  All but the second are
        written back.
    most : int or None
        How many elements a row may have; None: any number.
    """
    waiting: list[tuple[Any, ...]] = []
    count = 0
    for arrays in zip(*columns, strict=True):
        size = arrays[0].size
        if size > SMALL and _plain(arrays):
            flat = [_as_real(a.reshape(-1)) for a in arrays]
            step = most or flat[0].size
            for at in range(0, flat[0].size, step):
                yield [a[at : at + step] for a in flat]
        elif size:
            waiting.append(arrays)
            count += size
            if most is not None and count >= most:
                yield from gathered(xp, waiting)
                waiting, count = [], 0
    if waiting:
        yield from gathered(xp, waiting)


def _plain(arrays: Iterable[Any]) -> bool:
    """Whether a row can be a view of each of them."""
    return all(a.flags.c_contiguous and a.dtype.itemsize > 2 for a in arrays)


def gathered(xp: Any, members: list[tuple[Any, ...]]) -> Iterator[Sequence[Any]]:
    """One row of many arrays laid end to end; written back when the caller is through with it."""
    columns = list(zip(*members, strict=True))
    kind = columns[0][0].dtype
    kind = np.dtype(np.float32) if kind.itemsize == 2 else kind
    ends = list(itertools.accumulate(a.size for a in columns[0]))
    whole = [xp.concatenate(column, axis=None, dtype=kind) for column in columns]
    yield [_as_real(row) for row in whole]
    for nr, (column, row) in enumerate(zip(columns, whole, strict=True)):
        if nr != 1:
            at = 0
            for a, end in zip(column, ends, strict=True):
                a[...] = row[at:end] if a.ndim == 1 else row[at:end].reshape(a.shape)
                at = end


def _as_real(array: Any) -> Any:
    return array.view(array.real.dtype) if array.dtype.kind == "c" else array
