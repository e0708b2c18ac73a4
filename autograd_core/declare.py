"""One declaration an op: from it follow the function, the node, what is saved and freed.

A declaration is a forward in terms of an array namespace and one gradient formula for
each input::

    @op("SoftmaxBackward0")
    def softmax(xp, input, *, dim):
        e = xp.exp(input - input.max(axis=dim, keepdims=True))
        return e / e.sum(axis=dim, keepdims=True)


    @softmax.vjp
    def _(F, g, result, dim):
        t = g * result
        return t - result * F.sum(t, dim=(dim,), keepdim=True)

The *names* of a formula's parameters say what it needs, and that is what is saved:

=====================  ========================================================
``g``                  gradient of the output (a tuple when there are several)
``F``                  namespace of the ops: raw arrays first, tensors for higher order
an input's name        that input (its version is checked when it is used)
an output's name       that output (``result`` unless named otherwise)
``x_shape, x_dtype``   shape and dtype of input ``x``; ``x_strides`` its layout
``shapes``             shapes of all inputs (ops over a list of tensors)
``needs``              which inputs need a gradient (formulas for several inputs)
a static's name        that keyword argument
=====================  ========================================================

Formulas use operators and ``F`` only, so first order runs on raw arrays and any higher
order on tensors, from the same line.  A formula returns ``g`` itself, a view, or a fresh
array: never something it saved (the engine keeps fresh arrays as ``.grad``).
"""

from __future__ import annotations

import inspect
import sys
from collections.abc import Callable
from typing import Any

from . import template
from .node import Node

REGISTRY: dict[str, Op] = {}
"""Every primitive op by its name."""


class Op:
    """The record of one primitive op.

    Attributes
    ----------
    name, node_name : str
        ``mul`` and ``MulBackward0``.
    forward : callable
        ``forward(xp, *arrays, **statics)`` gives an array or a tuple of them.
    inputs, statics, outputs, aux : tuple of str
        Names of the tensors in, keyword arguments, outputs in the graph, other outputs.
    types : str
        Result dtype: ``promote`` the inputs', ``float`` the same but integers become the
        default float, ``bool``, ``same`` (inputs must agree), ``floating`` (agree and be
        floating) or ``free`` (forward decides).
    broadcast : bool
        Whether gradients may have to be summed back to the inputs' shapes.
    scalars : bool, 'both' or 'other'
        Whether Python numbers are taken as they are in place of tensors: of one, of both, or
        of the second alone.
    scalar_node : str or None
        Node name of ``tensor op number``, where PyTorch's differs.
    check : callable or None
        ``check(*inputs)`` raises on dtypes that the op refuses (never floats).
    view : bool
        Whether the output shares the input's memory.
    part : callable or None
        Of a view op with many outputs: ``part(shape, nr, **statics)`` gives the view op and
        statics that make output `nr` alone.
    moves : bool
        Whether it only moves elements: half precision needs no detour through float32.
    variadic : bool
        Whether it takes any number of tensors.
    linear, elementwise : bool
        Whether it is linear in all its floating inputs together, or works element by
        element: shortcuts for forward mode (`autograd_core.forward`), never needed.
    holomorphic : bool
        Whether complex gradients follow from the ordinary formula (`ops/complex.py`).
    ufunc : str or None
        Name of the NumPy function that *is* the forward, if there is one.
    """

    def __init__(self, name: str, node_name: str | None, forward: Callable[..., Any], **flags: Any):
        self.name = name
        self.node_name = node_name
        self.forward = forward
        self.doc = inspect.getdoc(forward) or ""
        self.ufunc: str | None = flags.pop("ufunc", None)
        self.types: str = flags.pop("types", "same")
        self.broadcast: bool = flags.pop("broadcast", False)
        self.scalars: bool | str = flags.pop("scalars", False)
        self.scalar_node: str | None = flags.pop("scalar_node", None)
        self.check: Callable[..., None] | None = flags.pop("check", None)
        self.view: bool = flags.pop("view", False)
        self.outputs: tuple[str, ...] = flags.pop("outputs", ("result",))
        self.aux: tuple[str, ...] = flags.pop("aux", ())
        self.many: bool = flags.pop("many", False)
        self.linear: bool = flags.pop("linear", False)
        self.moves: bool = flags.pop("moves", False) or self.view
        self.holomorphic: bool = flags.pop("holomorphic", True)
        self.elementwise: bool = flags.pop("elementwise", False)
        self.part: Callable[..., Any] | None = flags.pop("part", None)
        self.jvp_rule: Callable[..., Any] | None = None
        if flags:
            raise TypeError(f"op {name}: unknown flags {sorted(flags)}")
        self._read_signature()
        self.vjps: dict[tuple[str, ...], Callable[..., Any]] = {}
        self.scalar_of: Op | None = None
        self.node_class: type[Node] = Node
        self.layout: tuple[template.Saved, ...] = ()
        self._call: Callable[..., Any] | None = None
        self._built: Callable[..., Any] | None = None
        self._scalar: Op | None = None
        if name in REGISTRY:
            raise TypeError(f"op {name} is declared twice")
        REGISTRY[name] = self

    def _read_signature(self) -> None:
        parameters = list(inspect.signature(self.forward).parameters.values())[1:]
        kinds = inspect.Parameter
        self.variadic = any(p.kind is kinds.VAR_POSITIONAL for p in parameters)
        self.inputs = tuple(p.name for p in parameters if p.kind is kinds.POSITIONAL_OR_KEYWORD)
        self.statics = tuple(p.name for p in parameters if p.kind is kinds.KEYWORD_ONLY)

    def vjp(self, first: Any, *others: str) -> Callable[..., Callable[..., Any]]:
        """Declare the gradient formula: ``@op.vjp`` of the only input, or of those named."""
        if callable(first):
            names = ("*",) if self.variadic else self.inputs[:1]
            return self._add_vjp(names, first)
        return lambda fn: self._add_vjp((first, *others), fn)

    def jvp(self, fn: Callable[..., Any]) -> Callable[..., Any]:
        """Declare a forward-mode rule, where it is better than the one derived from `vjp`.

        Its parameters are ``F``, names of inputs, outputs and statics, ``t`` (tangent of the
        first input) and ``tangents`` (of all, None where there is none).
        """
        self.jvp_rule = fn
        return fn

    def _add_vjp(self, names: tuple[str, ...], fn: Callable[..., Any]) -> Callable[..., Any]:
        self.vjps[names] = fn
        return fn

    @property
    def scalar(self) -> Op | None:
        """For ``tensor op number``: the same op with `other` a static."""
        if not self.scalars or self.scalar_of is not None:
            return None
        if self._scalar is None:
            variant = Op.__new__(Op)
            variant.__dict__.update(self.__dict__)
            variant.scalar_of = self
            variant.inputs, variant.statics = self.inputs[:1], self.inputs[1:]
            variant.broadcast = False
            variant.node_name = self.scalar_node or self.node_name
            variant.vjps = {n: f for n, f in self.vjps.items() if n == self.inputs[:1]}
            self._scalar = variant
        return self._scalar

    @property
    def call(self) -> Callable[..., Any]:
        """The function on tensors: a stub that builds the real one when first called."""
        if self._call is None:
            self._call = self._stub()
        return self._call

    def _stub(self) -> Callable[..., Any]:
        def first_call(*tensors: Any, **statics: Any) -> Any:
            return self.build()(*tensors, **statics)

        first_call.__name__ = first_call.__qualname__ = self.name
        first_call.__doc__ = self.doc
        return first_call

    def build(self) -> Callable[..., Any]:
        """Write the fast path and put it wherever the stub had been put.

        Compiling all ops would double the import time; most programs use few of them.
        """
        if self._built is None:
            stub, self._built = self._call, template.build(self)
            self._call = self._built
            if stub is not None:
                _replace_everywhere(stub, self._built)
        return self._built

    def __call__(self, *tensors: Any, **statics: Any) -> Any:
        """Run the op on tensors."""
        return self.call(*tensors, **statics)

    def __repr__(self) -> str:
        return f"<op {self.name}>"


def _replace_everywhere(stub: Any, built: Any) -> None:
    """Methods of Tensor, names in this package's modules, the namespace of formulas."""
    from ._tensor import Tensor
    from .functional_namespace import TENSORS

    for name, value in list(vars(Tensor).items()):
        if value is stub:
            setattr(Tensor, name, built)
    package = __name__.partition(".")[0]
    spaces = [vars(m) for n, m in list(sys.modules.items()) if n.partition(".")[0] == package]
    for space in (vars(TENSORS), *spaces):
        for name, value in list(space.items()):
            if value is stub:
                space[name] = built


def op(node_name: str | None, name: str | None = None, **flags: Any) -> Callable[[Any], Op]:
    """Declare an op from its forward; see the module's text. `node_name` None: no gradient."""

    def declare(forward: Callable[..., Any]) -> Op:
        return Op(name or forward.__name__.strip("_"), node_name, forward, **flags)

    return declare


def elementwise(
    name: str, node_name: str | None, ufunc: str, arity: int = 1, doc: str = "", **flags: Any
) -> Op:
    """Declare an op whose forward is the NumPy function `ufunc` of one, two or three arrays."""
    if arity == 1:

        def forward(xp: Any, input: Any) -> Any:
            return getattr(xp, ufunc)(input)

        flags.setdefault("types", "float")
    else:

        def forward(xp: Any, input: Any, other: Any) -> Any:  # type: ignore[misc]
            return getattr(xp, ufunc)(input, other)

        flags = {"types": "promote", "broadcast": True, "scalars": True} | flags
    forward.__doc__ = doc
    flags.setdefault("elementwise", True)
    return Op(name, node_name, forward, ufunc=ufunc, **flags)
