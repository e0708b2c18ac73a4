"""Selective checkpointing: some ops of a region keep their outputs and do not run again.

The region's function runs twice, in forward and in backward, each time under a context of
its own.  The first notes for every op whether its output is kept; the second hands out what
was kept instead of computing it, by the op's name and how often it ran before.
"""

from __future__ import annotations

import enum
from collections import Counter
from collections.abc import Callable, Sequence
from typing import Any

from .. import state
from .._tensor import Tensor
from ..declare import REGISTRY, Op
from .recompute import outside

__all__ = [
    "CheckpointPolicy", "SelectiveCheckpointContext", "create_selective_checkpoint_contexts",
]  # fmt: skip


class CheckpointPolicy(enum.Enum):
    """What happens to an op's output: keep it, or compute it again; MUST and PREFER are alike."""

    MUST_SAVE = 0
    PREFER_SAVE = 1
    MUST_RECOMPUTE = 2
    PREFER_RECOMPUTE = 3


_SAVES = (CheckpointPolicy.MUST_SAVE, CheckpointPolicy.PREFER_SAVE, True)


class SelectiveCheckpointContext:
    """What a policy is told besides the op.

    Attributes
    ----------
    is_recompute : bool
        Always False: policies are asked in forward.
    op_output : Tensor or tuple of Tensor
        What the op gave.
    """

    def __init__(self, *, is_recompute: bool, op_output: Any = None):
        self.is_recompute = is_recompute
        self.op_output = op_output


def create_selective_checkpoint_contexts(
    policy_fn_or_list: Callable[..., Any] | Sequence[Any],
    allow_cache_entry_mutation: bool = False,
) -> tuple[_Keep, _HandOut]:
    """Two contexts for `checkpoint`, under which some ops do not run again.

    Parameters
    ----------
    policy_fn_or_list : callable or list
        ``policy(ctx, op, *args, **kwargs)`` returns a `CheckpointPolicy` (or whether to keep
        the output); ``op.name`` is the op's name. Or a list of ops whose outputs to keep: names
        (``"mm"``) or functions (``torch.mm``). Views are always made again.
    allow_cache_entry_mutation : bool, default False
        Whether a kept output may have been written to in place.

    Raises
    ------
    ValueError, TypeError
        If a list names what is no primitive op, or it is neither.

    Examples
    --------
    >>> import functools
    >>> import autograd_core as ag
    >>> from autograd_core.utils.checkpoint import (
    ...     checkpoint,
    ...     create_selective_checkpoint_contexts,
    ... )
    >>> keep_products = functools.partial(create_selective_checkpoint_contexts, ["mm"])
    >>> x = ag.ones(2, 2, requires_grad=True)
    >>> y = checkpoint(lambda x: (x @ x).exp(), x, use_reentrant=False, context_fn=keep_products)
    >>> y.sum().backward()
    """
    if isinstance(policy_fn_or_list, list):
        names = {_name_of(op) for op in policy_fn_or_list}

        def policy(ctx: Any, op: Op, *args: Any, **kwargs: Any) -> bool:
            return op.name in names
    elif callable(policy_fn_or_list):
        policy = policy_fn_or_list
    else:
        raise TypeError("policy_fn_or_list must be either a function or a list of ops.")
    kept: dict[tuple[str, int], Any] = {}
    return _Keep(policy, kept), _HandOut(kept, allow_cache_entry_mutation)


def _name_of(op: Any) -> str:
    name = op if isinstance(op, str) else getattr(op, "name", getattr(op, "__name__", None))
    if name not in REGISTRY:
        raise ValueError(
            f"Expected op in `op_list` to be a primitive op but got: {op} of type {type(op)}. Give "
            "its name, as grad_fn shows it: 'mm', 'addmm', 'convolution' ..."
        )
    return str(name)


class _Context:
    """Is asked about every op in its ``with`` block; see `dispatch.general`."""

    def __enter__(self) -> None:
        self.counts: Counter[str] = Counter()
        self._previous = state.set_mode("kept_outputs", self)

    def __exit__(self, *exc: object) -> None:
        state.set_mode("kept_outputs", self._previous)

    def find(self, op: Op) -> Any:
        """The arrays that an op's outputs shall be; None: let it run."""

    def note(self, op: Op, inputs: Any, statics: dict[str, Any], outputs: list[Tensor]) -> None:
        """An op ran."""


class _Keep(_Context):
    """In forward: keeps outputs as the policy says."""

    def __init__(self, policy: Callable[..., Any], kept: dict[tuple[str, int], Any]):
        self.policy = policy
        self.kept = kept

    def note(self, op: Op, inputs: Any, statics: dict[str, Any], outputs: list[Tensor]) -> None:
        """Ask the policy."""
        if op.view:
            return
        at = (op.name, self.counts[op.name])
        self.counts[op.name] += 1
        given = outputs[0] if len(outputs) == 1 else tuple(outputs)
        context = SelectiveCheckpointContext(is_recompute=False, op_output=given)
        previous = state.set_mode("kept_outputs", None)
        try:
            keeps = self.policy(context, op, *inputs, **statics) in _SAVES
        finally:
            state.set_mode("kept_outputs", previous)
        self.kept[at] = [(outside(x), x._version) for x in outputs] if keeps else None


class _HandOut(_Context):
    """In backward: gives what was kept, each once."""

    def __init__(self, kept: dict[tuple[str, int], Any], allows_writes: bool):
        self.kept = kept
        self.allows_writes = allows_writes

    def find(self, op: Op) -> Any:
        """What was kept of this op, the n-th time it runs."""
        if op.view:
            return None
        at = (op.name, self.counts[op.name])
        self.counts[op.name] += 1
        if at not in self.kept:
            raise RuntimeError(
                f"{op.name} (run {at[1] + 1}) encountered during backward but not found in "
                "storage. This can happen if the operations in the checkpointed region are "
                "nondeterministic or depend on global state that changed between forward and "
                "backward."
            )
        found = self.kept[at]
        if found is None:
            return None
        if found is _GIVEN:
            raise RuntimeError(
                "Trying to backward an extra time. You are only allowed to backward once on any "
                "region computed under selective activation checkpoint."
            )
        self.kept[at] = _GIVEN
        if not self.allows_writes and any(x._version != version for x, version in found):
            raise RuntimeError(
                "Tensor cached during selective activation checkpoint has been mutated: the output "
                f"of {op.name}. Pass allow_cache_entry_mutation=True if that is meant."
            )
        arrays = [x._array for x, _ in found]
        return arrays if op.many or len(op.outputs + op.aux) > 1 else arrays[0]


_GIVEN = object()
