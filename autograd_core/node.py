"""The graph: nodes that point only towards their inputs.

::

    w (leaf)      x (leaf)                loss = (w * x).sum()
       ^             ^
    AccumulateGrad  AccumulateGrad        a leaf holds its node weakly,
       ^             ^                    the node holds the leaf
       └─ MulBackward0 ┘  saved: (w, x)
              ^
         SumBackward0    saved: shape
              ^
            loss.grad_fn

Nothing points back up, so reference counting frees a graph the moment its last tensor
goes.  A chain of a million nodes goes one by one: CPython defers deep chains of tuples and
plain objects, so nothing here may define ``__del__``.
"""

from __future__ import annotations

import itertools
import weakref
from collections import OrderedDict
from collections.abc import Callable
from types import CodeType
from typing import TYPE_CHECKING, Any, NamedTuple

from . import state
from .source import Location, resolve

if TYPE_CHECKING:
    from ._tensor import Tensor


class Version:
    """Counts in-place writes to one piece of memory; shared by all tensors on it.

    ``culprit`` is who wrote last, and from where; ``before`` the name of who wrote before that
    (unset until there were two).
    """

    __slots__ = ("__weakref__", "before", "culprit", "n")
    before: str

    def __init__(self) -> None:
        self.n = 0
        self.culprit: tuple[str, CodeType | None, int] | None = None

    def describe_culprit(self) -> str:
        """The operation and the line that wrote last, as a clause; empty if unknown."""
        if self.culprit is None:
            return ""
        name, code, offset = self.culprit
        location = resolve(code, offset)
        return f"{name}" + (f" at {location}" if location else "")


class InferenceVersion(Version):
    """The counter of memory made in inference mode: it counts nothing; backward can't use it."""

    __slots__ = ()

    def __init__(self) -> None:
        self.culprit = None

    @property
    def n(self) -> int:
        """Zero in inference mode; what asks outside wants to save the tensor."""
        if state.modes.inference:
            return 0
        raise RuntimeError(
            "Inference tensors cannot be saved for backward. Please do not use Tensors created in "
            "inference mode in computation tracked by autograd. To work around this, you can make "
            "a clone to get a normal tensor and use it in autograd, or use `torch.no_grad()` "
            "instead of `torch.inference_mode()`."
        )

    @n.setter
    def n(self, value: int) -> None:
        pass


class Extra:
    """What few nodes have: hooks, gradients to retain, metadata, unusual storage."""

    __slots__ = (
        "general", "metadata", "post_hooks", "pre_hooks", "retain", "tangents", "tensor_hooks",
    )  # fmt: skip

    def __init__(self) -> None:
        self.pre_hooks: OrderedDict[int, Any] = OrderedDict()
        self.post_hooks: OrderedDict[int, Any] = OrderedDict()
        self.tensor_hooks: dict[int, OrderedDict[int, Any]] = {}
        self.retain: dict[int, Any] = {}
        self.metadata: dict[Any, Any] | None = None
        self.tangents: dict[int, Any] | None = None
        """Forward mode: tangents of saved outputs, by output number."""
        self.general = False
        """Saved values are packed, or held in half precision: take the general run."""


class Node:
    """A backward step: takes the gradient of its output, gives those of its inputs.

    Attributes
    ----------
    next : tuple of (Node or None)
        The nodes of the inputs, in order; None for an input that needs no gradient.
    seq : int
        Creation number; among ready nodes the largest runs first.
    saved : tuple or None
        What backward needs, laid out as the op's ``layout`` says; None once freed.
    fit : tuple or None
        (shape, dtype) of each input whose gradient has to be summed or cast to fit.
    code, lasti
        Where the user's code made the node (`location` resolves it).
    rare : Extra or None
        Hooks and the like.
    scope : tuple of str
        The path of modules that made the node; set only while somebody taps the events.
    """

    __slots__ = ("code", "fit", "lasti", "next", "rare", "saved", "scope", "seq")

    outputs: int = 1
    """How many outputs take part in the graph; 0 if that varies (see `output_count`).
    A node with several has an `Extra`, and consumers reach it through `Output` only."""
    releases = False
    """Whether `saved` holds tensors, to be let go after backward."""
    op: Any = None

    next: tuple[Any, ...]
    seq: int
    saved: tuple[Any, ...] | None
    fit: tuple[Any, ...] | None
    code: CodeType | None
    lasti: int
    rare: Extra | None
    scope: tuple[str, ...]

    @property
    def output_count(self) -> int:
        """How many outputs this node has."""
        if self.outputs:
            return self.outputs
        return len(self.saved[-1]) if self.saved is not None else 0

    def run(self, g: Any) -> tuple[Any, ...]:
        """The gradients of the inputs, on raw arrays (first order)."""
        raise NotImplementedError

    def run_last(self, g: Any) -> tuple[Any, ...]:
        """`run`, and let the saved tensors go."""
        results = self.run(g)
        if self.releases:
            self.saved = None
        return results

    def run_general(self, grads: tuple[Any, ...], tensors: bool) -> tuple[Any, ...]:
        """Like `run`, for what is unusual: on tensors if `tensors` (higher order)."""
        raise NotImplementedError

    def extra(self) -> Extra:
        """The rarely used part, made on first use."""
        if self.rare is None:
            self.rare = Extra()
        return self.rare

    def name(self) -> str:
        """The node's name, as PyTorch's: ``MulBackward0``, ``torch::autograd::CopySlices``."""
        name = type(self).__name__
        return f"torch::autograd::{name}" if name in ("AccumulateGrad", "CopySlices") else name

    @property
    def next_functions(self) -> tuple[tuple[Node | None, int], ...]:
        """(node, output number) of each input."""
        return tuple(edge_of(n) for n in self.next)

    @property
    def location(self) -> Location | None:
        """The line of user code that made this node."""
        return resolve(self.code, self.lasti)

    @property
    def metadata(self) -> dict[Any, Any]:
        """A dictionary for the user's notes."""
        extra = self.extra()
        if extra.metadata is None:
            extra.metadata = {}
        return extra.metadata

    def _sequence_nr(self) -> int:
        return self.seq if self.seq < LEAF_SEQ else (1 << 64) - 1

    def register_hook(self, fn: Callable[..., Any]) -> RemovableHandle:
        """Call ``fn(grad_inputs, grad_outputs)`` after the node ran; it may replace grad_inputs."""
        return RemovableHandle(self.extra().post_hooks, fn)

    def register_prehook(self, fn: Callable[..., Any]) -> RemovableHandle:
        """Call ``fn(grad_outputs)`` before the node runs; it may replace them."""
        return RemovableHandle(self.extra().pre_hooks, fn)

    def __dir__(self) -> list[str]:
        from .saved import saved_names

        return [*object.__dir__(self), *(saved_names(self.op) if self.op is not None else ())]

    def __repr__(self) -> str:
        return f"<{type(self).__name__} object at {hex(id(self))}>"


class Output:
    """The place of output `nr` of a node with several: what its consumers point at."""

    __slots__ = ("next", "nr", "seq")

    outputs = 1
    rare = True  # sends the engine's fast loop the long way

    def __init__(self, node: Node, nr: int):
        self.next = (node,)
        self.nr = nr
        self.seq = state.next_sequence()


LEAF_SEQ = 1 << 62
"""Numbers of leaves' nodes start here, above those of all others."""


def public_seq(seq: int) -> int:
    """A node's number as others see it: leaves count down from -1.

    Beyond 2**53 a number would not be exact in a browser.
    """
    return seq if seq < LEAF_SEQ else LEAF_SEQ - 1 - seq


_next_leaf = itertools.count(LEAF_SEQ).__next__


class AccumulateGrad(Node):
    """The end of the graph: adds the gradient that arrives to ``variable.grad``."""

    __slots__ = ("__weakref__", "variable")

    def __init__(self, variable: Tensor):
        self.variable = variable
        self.next = ()
        self.seq = _next_leaf()
        self.saved = None
        self.fit = None
        self.code = None
        self.lasti = -1
        self.rare = None


class _Gone:
    __slots__ = ("__weakref__",)


ref = weakref.ref
LEAF: Any = ref(_Gone())
"""What ``Tensor._fn`` of a leaf that requires grad holds until its node is first needed:
a weak reference whose node is gone.  So ``fn.__class__ is ref`` means leaf."""


def accumulator(leaf: Tensor) -> AccumulateGrad:
    """The AccumulateGrad node of a leaf, made anew when nobody holds one."""
    node = leaf._fn()
    if node is None:
        node = AccumulateGrad(leaf)
        leaf._fn = ref(node)
        tap = state.tap
        if tap is not None:
            node.scope = state.modes.scope
            if tap.met is not None:
                tap.met(leaf, node.seq)
    return node


def edge_of(n: Any) -> tuple[Node | None, int]:
    """What an entry of ``Node.next`` or a tensor's ``_fn`` points at: (node, output number)."""
    if n.__class__ is Output:
        return n.next[0], n.nr
    return n, 0


def describe_node(n: Any) -> str:
    """The node's name and the line that made it, for messages."""
    location = resolve(n.code, n.lasti)
    return f"{n.name()}, made at {location}" if location else n.name()


class GradientEdge(NamedTuple):
    """A place in the graph where a gradient flows: an output of a node."""

    node: Node
    output_nr: int
    ownership_token: Any = None


class RemovableHandle:
    """Takes a hook out again; also a context manager that does so at the end."""

    __slots__ = ("_hooks", "id")
    _next_id = 0

    def __init__(self, hooks: OrderedDict[int, Any], fn: Any):
        if not callable(fn):
            raise TypeError(f"a hook must be callable, got {type(fn).__name__}")
        RemovableHandle._next_id += 1
        self.id = RemovableHandle._next_id
        self._hooks = hooks
        hooks[self.id] = fn

    def remove(self) -> None:
        """Take the hook out; doing so twice is harmless."""
        self._hooks.pop(self.id, None)

    def __enter__(self) -> RemovableHandle:
        return self

    def __exit__(self, *exc: object) -> None:
        self.remove()
