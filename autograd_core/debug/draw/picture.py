"""A drawn graph, in the format asked for; it shows itself in a notebook."""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any

from .graph import Graph, of_tensors, of_trace
from .shapes import Scene
from .theme import theme_of

if TYPE_CHECKING:
    from ..trace.traced import Trace

FORMATS = ("svg", "png", "dot", "html")


class Picture:
    """Something drawn.

    Parameters
    ----------
    make : callable
        Makes the scene, when it is first needed.
    format : {"svg", "png", "dot", "html"}
        How it shows itself in a notebook, and what `data` is.
    scale : float
        Pixels of a PNG for each unit of the SVG.
    graph : Graph, optional
        What dot and HTML are made from, besides the scene.
    """

    def __init__(
        self,
        make: Callable[[], Scene],
        format: str = "svg",
        scale: float = 2.0,
        graph: Graph | None = None,
        theme: str = "light",
    ):
        self.format = _checked(format, graph is not None)
        self.scale = scale
        self.graph = graph
        self.theme = theme
        self._make = make
        self._scene: Scene | None = None

    @property
    def scene(self) -> Scene:
        """The shapes it consists of."""
        if self._scene is None:
            self._scene = self._make()
        return self._scene

    @property
    def svg(self) -> str:
        """The picture as an SVG document."""
        from .svg import svg

        return svg(self.scene)

    @property
    def png(self) -> bytes:
        """The picture as a PNG file (needs Pillow)."""
        from .png import png

        return png(self.scene, self.scale)

    @property
    def html(self) -> str:
        """The picture as a page of its own, to pan, zoom and look around in."""
        from .html import html

        return html(self.scene, self.theme)

    @property
    def source(self) -> str:
        """The graph in Graphviz's dot language."""
        from .dot import dot

        if self.graph is None:
            raise ValueError("this picture is not a graph: it has no dot source")
        return dot(self.graph)

    dot = source

    @property
    def data(self) -> str | bytes:
        """The picture in its format."""
        return self._as(self.format)

    def _as(self, format: str) -> str | bytes:
        if format == "png":
            return self.png
        return {"svg": lambda: self.svg, "html": lambda: self.html, "dot": lambda: self.source}[
            format
        ]()

    def save(self, path: str | os.PathLike[str], format: str | None = None) -> str:
        """Write it to a file, in the format that its ending says.

        Parameters
        ----------
        path : str
            E.g. ``graph.svg``.
        format : str, optional
            Instead of the ending.

        Returns
        -------
        str
            The path.
        """
        path = os.fspath(path)
        ending = os.path.splitext(path)[1].lstrip(".").lower()
        chosen = format or {"htm": "html", "gv": "dot"}.get(ending, ending) or self.format
        data = self._as(_checked(chosen, self.graph is not None))
        if isinstance(data, bytes):
            with open(path, "wb") as binary:
                binary.write(data)
        else:
            with open(path, "w", encoding="utf-8") as text:
                text.write(data)
        return path

    def render(self, filename: str = "graph", format: str | None = None, **ignored: Any) -> str:
        """Write ``filename.format``, as torchviz users do; needs no Graphviz.

        Returns
        -------
        str
            The path of the file.
        """
        chosen = _checked(format or self.format, self.graph is not None)
        return self.save(f"{filename}.{chosen}", chosen)

    def _repr_svg_(self) -> str | None:
        return self.svg if self.format in ("svg", "dot") else None

    def _repr_png_(self) -> bytes | None:
        return self.png if self.format == "png" else None

    def _repr_html_(self) -> str | None:
        if self.format != "html":
            return None
        from .html import iframe

        return iframe(self.html, self.scene.height)

    def _repr_mimebundle_(
        self, include: Any = None, exclude: Any = None
    ) -> tuple[dict[str, Any], dict[str, Any]]:
        """What a notebook keeps: beside an SVG a PNG too, for where no SVG is shown (GitHub)."""
        import base64

        bundle: dict[str, Any] = {"text/plain": repr(self)}
        if self.format == "html":
            bundle["text/html"] = self._repr_html_()
            return bundle, {}
        if self.format != "png":
            bundle["image/svg+xml"] = self.svg
        try:
            bundle["image/png"] = base64.b64encode(self.png).decode("ascii")
        except ImportError:
            if self.format == "png":
                raise
        # A PNG has more pixels than its size on the page, for sharp screens.
        size = {"width": round(self.scene.width), "height": round(self.scene.height)}
        return bundle, {"image/png": size}

    def __repr__(self) -> str:
        title = self.scene.title
        return f"<Picture of {title}; .save('graph.svg') writes it>"


def _checked(format: str, is_graph: bool) -> str:
    known = FORMATS if is_graph else tuple(f for f in FORMATS if f != "dot")
    if format not in known:
        raise ValueError(f"unknown format {format!r}; use one of {', '.join(known)}")
    return format


def draw_trace(
    trace: Trace,
    format: str,
    iteration: int | None,
    collapse: Any,
    max_boxes: int,
    theme: str,
    scale: float,
) -> Picture:
    """See `Trace.draw`."""
    if max_boxes < 4:
        raise ValueError(f"max_boxes must be at least 4, got {max_boxes}")
    colours = theme_of(theme)
    graph = of_trace(trace, iteration)
    graph.title += _problems(graph)

    def make() -> Scene:
        from .scene import scene_of

        return scene_of(graph, colours, collapse, max_boxes)

    return Picture(make, format, scale, graph, theme)


def _problems(graph: Graph) -> str:
    from .theme import number

    counts = [
        (w, sum(i.flag == f for i in graph.items)) for f, w in (("nan", "NaN"), ("inf", "Inf"))
    ]
    said = [f"{n} with {word}" for word, n in counts if n]
    norms = [i.norm for i in graph.items if i.norm == i.norm and i.flag not in ("nan", "inf")]
    worst = [f"largest ‖g‖ {number(max(norms))}"] if norms else []
    return "".join(f" · {part}" for part in (*worst, *said))


def make_dot(
    var: Any,
    params: Mapping[str, Any] | None = None,
    show_attrs: bool = False,
    *,
    max_boxes: int = 60,
    theme: str = "light",
) -> Picture:
    """Draw the graph that a tensor hangs from, without any trace (torchviz's call).

    Parameters
    ----------
    var : Tensor or sequence of Tensor
        Where to begin, usually the loss.
    params : mapping, optional
        Names of leaves: ``dict(model.named_parameters())``.
    show_attrs : bool
        Tell saved values too.
    max_boxes : int
        How many boxes to show at most.
    theme : {"light", "dark"}
        Colours of the page.

    Returns
    -------
    Picture
        Has ``.source`` (dot), shows itself in a notebook, and writes files by ``.save``
        and ``.render``.
    """
    roots = list(var) if isinstance(var, (list, tuple)) else [var]
    for root in roots:
        if getattr(root, "_fn", None) is None:
            raise ValueError("make_dot needs a tensor that requires grad: this one has no grad_fn")
    names = {id(tensor): name for name, tensor in (params or {}).items()}
    graph = of_tensors(roots, names, show_attrs)
    colours = theme_of(theme)

    def make() -> Scene:
        from .scene import scene_of

        return scene_of(graph, colours, None, max_boxes)

    return Picture(make, "svg", 2.0, graph, theme)
