"""The pages of the API: one for each public module, written from its docstrings.

The functions of the package itself are many, so they come by the rooms of ``ops/`` that
declare them.  A room that no family names, and a name that no room gives away, is on the page
of everything else: nothing public is left out.  What has several names (``relu``,
``nn.functional.relu``) is described under the first and linked from the others.
"""

from __future__ import annotations

import importlib
import inspect
import pkgutil
from collections.abc import Iterator
from pathlib import Path
from types import ModuleType
from typing import Any

from rst_text import block, calm

PACKAGE = "autograd_core"
MODULES = {
    "debug": "Recording, drawing, stopping, asking why",
    "autograd": "Gradients, hooks, custom functions",
    "autograd.functional": "Jacobians, Hessians and products with them",
    "autograd.graph": "Nodes, saved tensors, hooks over several of them",
    "autograd.forward_ad": "Forward mode",
    "func": "Function transforms",
    "nn": "Layers and losses",
    "nn.functional": "The same as functions",
    "nn.init": "First values of parameters",
    "nn.utils": "Clipping, flattening, fusing",
    "nn.utils.rnn": "Sequences of different lengths",
    "nn.utils.parametrize": "Parameters computed from others",
    "nn.utils.parametrizations": "Orthogonal, spectral and weight norm",
    "nn.utils.prune": "Pruning",
    "optim": "Optimizers",
    "optim.lr_scheduler": "Learning rates over time",
    "optim.swa_utils": "Averages of weights",
    "linalg": "Linear algebra",
    "fft": "Fourier transforms",
    "special": "Special functions",
    "signal.windows": "Windows",
    "amp": "Mixed precision",
    "cuda": "GPUs, through CuPy",
    "random": "Random numbers",
    "serialization": "Saving and loading",
    "safetensors": "Files of tensors alone",
    "utils.checkpoint": "Less memory for more time",
    "utils.data": "Datasets and loaders",
    "utils.dlpack": "Arrays of other libraries",
    "events": "What the engine tells those who listen",
    "errors": "Exceptions",
}
FAMILIES = {
    "making": ("Making tensors", "create fill sampling windows convert copies"),
    "elementwise": (
        "Element by element",
        """arithmetic elementwise power pairwise blend comparison complex digits activation softmax
        special_gamma special_normal special_bessel special_polynomials""",
    ),
    "reducing": (
        "Over dimensions",
        "reduce extrema spread quantile statistics cumulative trapezoid norms",
    ),
    "shaping": ("Shape", "shape parts join strided memory"),
    "choosing": ("Indexing, choosing, sorting", "index select scatter choices sorting"),
    "multiplying": (
        "Products and linear algebra",
        """linalg products einsum factor determinant solve spectral reflections low_rank
        matrix_functions legacy_linalg pair_distances""",
    ),
    "networks": (
        "Convolutions, pools, images, sequences",
        "conv pool spatial grid_sample recurrent",
    ),
    "signals": ("Spectra", "stft"),
}
"""Pages of the package's functions, each with the rooms that it shows."""
REST = "settings"


def write(folder: Path) -> dict[str, str]:
    """Write all pages into a folder, and take away those that nothing writes any more.

    Returns
    -------
    dict
        `Pages.aliases`.
    """
    pages = Pages()
    made = dict(pages.all())
    for old in folder.glob("*.md"):
        if old.stem not in made:
            old.unlink()
    for name, text in made.items():
        path = folder / f"{name}.md"
        if not path.exists() or path.read_text(encoding="utf-8") != text:
            path.write_text(text, encoding="utf-8")
    return pages.aliases


class Pages:
    """The pages, in the order in which the first of several names is looked for.

    Attributes
    ----------
    described : dict
        By the identity of an object, the full name under which it is described.
    aliases : dict
        By each other full name, the one under which it is described.
    """

    def __init__(self) -> None:
        self.package = importlib.import_module(PACKAGE)
        self.described: dict[int, str] = {}
        self.aliases: dict[str, str] = {}

    def all(self) -> Iterator[tuple[str, str]]:
        """Yield the name and the text of each page."""
        _build_all_ops()
        yield "index", _index()
        yield from self._families()
        yield "tensor", _tensor_page(self.package, self.aliases)
        for name, title in MODULES.items():
            yield name, self._module(name, title)

    # -------------------------------------------------------------- functions of the package

    def _families(self) -> Iterator[tuple[str, str]]:
        rooms = _rooms(self.package)
        loose = set(public(self.package)) - {"Tensor"}
        loose -= {name for _, names in rooms.values() for name in names}
        for page, (title, members) in FAMILIES.items():
            own = [rooms.pop(room) for room in members.split() if room in rooms]
            yield page, f"# {title}\n\n" + "".join(self._room(*room) for room in own)
        others = "".join(self._room(*room) for room in rooms.values())
        text = f"# Everything else\n\n{others}## Types, modes and settings\n\n"
        yield REST, text + self._listed(PACKAGE, sorted(loose, key=str.lower))

    def _room(self, module: ModuleType, names: list[str]) -> str:
        head, rest = _split_doc(module)
        return f"## {_heading(head)}\n\n{rest}{self._listed(PACKAGE, names)}"

    # -------------------------------------------------------------- modules

    def _module(self, name: str, title: str) -> str:
        full = f"{PACKAGE}.{name}"
        module = importlib.import_module(full)
        head, rest = _split_doc(module)
        names = sorted(public(module), key=str.lower)
        return (
            f"# {name}\n\n```{{py:module}} {full}\n```\n\n*{title}.*\n\n"
            f"{block(calm(head))}{rest}{self._listed(full, names)}"
        )

    def _listed(self, full: str, names: list[str]) -> str:
        """A table of names with what they are, then those in full that are described here."""
        rows, entries = [], []
        for name in names:
            value = getattr(importlib.import_module(full), name)
            home = self.described.setdefault(id(value), f"{full}.{name}")
            self.aliases[f"{full}.{name}"] = home
            rows.append(f"   * - :py:obj:`{name} <{home}>`\n     - {calm(_first_line(value))}")
            if home == f"{full}.{name}":
                entries.append(_entry(home, value))
        table = ".. list-table::\n   :class: names\n   :widths: 30 70\n\n" + "\n".join(rows)
        here = f".. py:currentmodule:: {full}"
        return block("\n\n".join([here, table, *entries])) if rows else ""


def _entry(full: str, value: Any) -> str:
    if not inspect.isclass(value):
        return f".. autofunction:: {full}"
    members = "" if issubclass(value, BaseException) else "\n   :members:"
    return f".. autoclass:: {full}{members}"


def _rooms(package: ModuleType) -> dict[str, tuple[ModuleType, list[str]]]:
    """The rooms of ``ops/`` with the names that they give to the package, each name once."""
    ops = importlib.import_module(f"{PACKAGE}.ops")
    found: dict[str, tuple[ModuleType, list[str]]] = {}
    taken: set[str] = set()
    offered = set(public(package))
    for info in pkgutil.iter_modules(ops.__path__):
        if info.name.startswith("examples_"):
            continue
        room = importlib.import_module(f"{ops.__name__}.{info.name}")
        names = [n for n in getattr(room, "__all__", ()) if n in offered - taken]
        if names:
            taken.update(names)
            found[info.name] = room, sorted(names, key=str.lower)
    return found


def public(module: ModuleType) -> list[str]:
    """Functions and classes that a module gives to the world."""
    named = getattr(module, "__all__", None)
    found = list(named) if named is not None else [n for n in dir(module) if not n.startswith("_")]
    return [name for name in found if _is_ours(getattr(module, name))]


def _is_ours(value: Any) -> bool:
    if not (inspect.isclass(value) or inspect.isroutine(value)):
        return False
    return str(getattr(value, "__module__", "")).startswith(PACKAGE)


def _build_all_ops() -> None:
    """Ops are compiled when first called; only then do they show their true signatures."""
    from autograd_core.declare import REGISTRY

    for op in REGISTRY.values():
        op.build()


def _index() -> str:
    functions = "\n".join(["tensor", *FAMILIES, REST])
    modules = "\n".join(MODULES)
    return (
        "# API\n\nRead from the docstrings. Names and arguments are PyTorch's; what differs is "
        "said where it does, and what is missing is in [Left out](../left_out.md) and at the end "
        "of [Operations](../operations.md).\n\n## The package\n\n"
        f"```{{toctree}}\n:maxdepth: 1\n\n{functions}\n```\n\n"
        f"## Modules\n\n```{{toctree}}\n:maxdepth: 1\n\n{modules}\n```\n"
    )


# ------------------------------------------------------------------ Tensor


def _tensor_page(package: ModuleType, homes: dict[str, str]) -> str:
    kind, full = package.Tensor, f"{PACKAGE}.Tensor"
    names = [n for n in dir(kind) if not n.startswith("_")]
    in_place = [n for n in names if n.endswith("_") and n[:-1] in names]
    rest = [n for n in names if n not in in_place]
    functions = [
        n for n in rest if _is_function_too(package, kind, n) and f"{PACKAGE}.{n}" in homes
    ]
    own = [n for n in rest if n not in functions]
    entries = [f".. auto{_member_kind(kind, n)}:: {full}.{n}" for n in own]
    links = ",\n".join(f":py:func:`{n} <{homes[f'{PACKAGE}.{n}']}>`" for n in functions)
    written = ",\n".join(f"`{n}`" for n in in_place)
    return (
        f"# Tensor\n\n{block(f'.. autoclass:: {full}')}"
        f"## Methods that are functions too\n\n`x.NAME(...)` is `autograd_core.NAME(x, ...)`:\n\n"
        f"{block(links)}"
        "## Methods that write into the tensor\n\nThey do what the method without the last `_` "
        f"does, and the result is written where the tensor is:\n\n{written}\n\n"
        f"## Attributes, and methods of its own\n\n{block((chr(10) * 2).join(entries))}"
    )


def _member_kind(kind: type, name: str) -> str:
    return "method" if callable(getattr(kind, name)) else "attribute"


def _is_function_too(package: ModuleType, kind: type, name: str) -> bool:
    function = getattr(package, name, None)
    doc = inspect.getdoc(getattr(kind, name))
    return inspect.isroutine(function) and bool(doc) and inspect.getdoc(function) == doc


# ------------------------------------------------------------------ docstrings


def _split_doc(module: ModuleType) -> tuple[str, str]:
    """The first paragraph as one line, and a block of the rest."""
    head, _, rest = (inspect.getdoc(module) or "").partition("\n\n")
    return head.replace("\n", " "), block(calm(rest.strip())) if rest.strip() else ""


def _heading(text: str) -> str:
    return text.replace("``", "`").rstrip(".: ")


def _first_line(value: Any) -> str:
    text = (inspect.getdoc(value) or "").partition("\n\n")[0].replace("\n", " ").strip()
    return text.removesuffix("::").rstrip() or "\\-"


__all__ = ["FAMILIES", "MODULES", "Pages", "public", "write"]
