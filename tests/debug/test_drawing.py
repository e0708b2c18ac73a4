"""Pictures: well-formed, escaped, nothing overlaps, deep and odd graphs draw too."""

import io
import itertools
import math
import re
import sys
import xml.etree.ElementTree as ET

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import autograd_core as ag
from autograd_core import debug, nn, state
from autograd_core.debug.draw import graph as graphs
from autograd_core.debug.draw import outline as outlines
from autograd_core.debug.draw import theme
from autograd_core.debug.draw.graph import Graph, Item
from autograd_core.debug.draw.layers import Arrow, Cell, arrange
from autograd_core.debug.draw.layout import place
from autograd_core.debug.draw.scene import scene_of
from autograd_core.debug.draw.shapes import Line

SVG = "{http://www.w3.org/2000/svg}"
EVIL = "<img src=x onerror=alert(1)>\"'&]]>\\n\x00\u202e"


def measure(box):
    return 40.0 + 6 * len(box.title), 40.0


def layout_of(graph, collapse=None, max_boxes=60):
    return place(graph, outlines.outline(graph, collapse, max_boxes), measure)


def overlapping(boxes):
    for a, b in itertools.combinations(boxes, 2):
        if (
            a.x + a.width > b.x + 0.01
            and b.x + b.width > a.x + 0.01
            and a.bottom > b.y + 0.01
            and b.bottom > a.y + 0.01
        ):
            return a.title, b.title
    return None


def inside(inner, outer):
    return (
        inner.x >= outer.x - 0.01
        and inner.x + inner.width <= outer.x + outer.width + 0.01
        and inner.y >= outer.y - 0.01
        and inner.bottom <= outer.bottom + 0.01
    )


def network(depth=3, width=4):
    class Block(nn.Module):
        def __init__(self):
            super().__init__()
            self.one, self.two, self.act = (
                nn.Linear(width, width),
                nn.Linear(width, width),
                nn.ReLU(),
            )

        def forward(self, x):
            return x + self.two(self.act(self.one(x)))

    net = nn.Sequential(*[Block() for _ in range(depth)])
    with debug.trace() as t:
        net(ag.ones(2, width)).sum().backward()
    return t


def chain_graph(n, scope=()):
    items = [Item(i, "op", "Mul", n - i, scope, norm=1.0) for i in range(n)]
    items.append(Item(n, "leaf", "x", -1, scope, norm=1.0))
    return Graph(items, [(i, i + 1) for i in range(n)] + [(i, n) for i in range(0, n, 3)])


@st.composite
def random_graphs(draw):
    n = draw(st.integers(1, 40))
    scopes = st.lists(st.sampled_from(["a", "b", "0", "1"]), max_size=3).map(tuple)
    items, edges = [], []
    for i in range(n):
        leaf = i > 0 and draw(st.integers(0, 4)) == 0
        norm = draw(st.sampled_from([math.nan, 0.0, 1e-9, 0.3, 1e5]))
        items.append(Item(i, "leaf" if leaf else "op", draw(st.sampled_from(["Mul", "Add", "T"])),
                          -1 if leaf else n - i, draw(scopes), norm=norm))  # fmt: skip
        above = [j for j in range(i) if items[j].kind == "op"]
        edges += (
            [(j, i) for j in draw(st.lists(st.sampled_from(above), max_size=3))] if above else []
        )
    return Graph(items, edges)


@given(random_graphs(), st.sampled_from([None, False, True, 1]), st.sampled_from([4, 12, 60]))
def test_boxes_do_not_overlap_and_lie_in_their_scopes(graph, collapse, max_boxes):
    layout = layout_of(graph, collapse, max_boxes)
    assert overlapping(layout.boxes) is None
    shown = sorted(i for box in layout.boxes for i in box.items)
    assert shown == list(range(len(graph.items)))
    for box in (*layout.boxes, *layout.hulls):
        assert inside(box, box.parent)
    for one, two in itertools.combinations(layout.hulls, 2):
        if one.parent is two.parent:
            assert overlapping([one, two]) is None
    for route in layout.routes:
        assert len(route.points) >= 2
        assert all(math.isfinite(v) for point in route.points for v in point)
        if not route.flipped:
            x, y = route.points[0]
            assert y == pytest.approx(route.source.bottom)
            assert route.source.x <= x <= route.source.x + route.source.width


def test_what_is_used_lies_below():
    layout = layout_of(graphs.of_trace(network()))
    for route in layout.routes:
        assert route.target.y >= route.source.bottom


@pytest.mark.parametrize("max_boxes", [4, 8, 20, 60])
def test_no_more_boxes_than_asked_for(max_boxes):
    t = network(12)
    graph = graphs.of_trace(t)
    assert len(layout_of(graph, max_boxes=max_boxes).boxes) <= max(max_boxes, 8)


def test_collapse():
    t = network(3)
    graph = graphs.of_trace(t)
    closed = layout_of(graph, True)
    assert not closed.hulls
    assert [b.title for b in closed.boxes if b.kind == "scope"] == ["net"]
    assert {h.title for h in layout_of(graph, 2).hulls} == {"net", "net.0", "net.1", "net.2"}
    assert len(layout_of(graph, False).boxes) == len(graph.items)
    assert len(layout_of(chain_graph(30, ("net", "0")), False).boxes) == 31


def test_an_arrow_from_a_node_that_backward_did_not_reach_is_grey():
    reached, not_reached = Item(0, "op", "Sum", 2, norm=1.0), Item(1, "op", "Cat", 3)
    not_reached.flag = "unreached"
    items = [reached, not_reached, Item(2, "op", "Mul", 1, norm=1.0)]
    light = theme.theme_of("light")
    drawn = scene_of(Graph(items, [(0, 2), (1, 2)]), light)
    strokes = [shape.stroke for shape in drawn.shapes if isinstance(shape, Line) and shape.smooth]
    assert len(strokes) == 2
    assert light.edge in strokes
    assert len(set(strokes)) == 2


def test_repeats_are_folded():
    graph = chain_graph(1000)
    titles = [b.title for b in layout_of(graph).boxes]
    assert "Mul  ×998" in titles
    assert len(titles) == 4


def test_a_faulty_node_is_shown_whatever_is_folded():
    graph = chain_graph(1000, ("net", "0"))
    graph.items[500].flag = "nan"
    for max_boxes in (4, 60):
        shown = [b for b in layout_of(graph, max_boxes=max_boxes).boxes if b.items == [500]]
        assert len(shown) == 1


def test_a_chain_of_20000_nodes():
    x = ag.tensor([1.0, 2.0], requires_grad=True)
    with debug.trace() as t:
        y = x
        for _ in range(20000):
            y = y * 1.0
        y.sum().backward()
    limit = sys.getrecursionlimit()
    sys.setrecursionlimit(200)
    try:
        svg = t.draw().svg
        text = t.tree()
        dot = debug.make_dot(y)
    finally:
        sys.setrecursionlimit(limit)
    assert "×19998" in svg
    assert "×19998" in text
    assert "×19998" in dot.svg
    assert dot.source.count("->") == 20000


def test_a_long_chain_without_folding():
    layout = layout_of(chain_graph(2000), False)
    assert len(layout.boxes) == 2001
    assert overlapping(layout.boxes[:100]) is None


def test_deeply_nested_scopes():
    scope = tuple(f"m{i}" for i in range(300))
    graph = Graph([Item(0, "op", "A", 2, scope), Item(1, "op", "B", 1, scope)], [(0, 1)])
    limit = sys.getrecursionlimit()
    sys.setrecursionlimit(250)
    try:
        assert len(layout_of(graph, False).boxes) == 2
    finally:
        sys.setrecursionlimit(limit)


def test_a_scope_that_is_entered_twice_makes_no_endless_loop():
    items = [Item(i, "op", "F", 9 - i, ("ab"[i % 2],)) for i in range(6)]
    graph = Graph(items, [(i, i + 1) for i in range(5)])
    for collapse in (None, True):
        layout = layout_of(graph, collapse)
        assert overlapping(layout.boxes) is None
        assert layout.routes


def test_places_are_the_closest_in_order():
    cells = [Cell(10, 5, 3), Cell(10, 5, 2), Cell(10, 5, 1)]
    width, height = arrange(cells, [Arrow(0, 1, 1), Arrow(0, 2, 2)], gap_x=4, gap_y=6)
    assert (width, height) == (24, 16)
    assert cells[0].x == pytest.approx(12)
    assert sorted(c.x for c in cells[1:]) == pytest.approx([5, 19])


# ------------------------------------------------------------------ formats


@pytest.fixture
def evil_trace():
    x = ag.tensor([0.0, 1.0], requires_grad=True)
    x.name = EVIL
    with debug.trace() as t:
        before = state.set_mode("scope", (EVIL, "0"))
        y = (x * x) + x
        state.set_mode("scope", before)
        y.sum().backward()
    return t


def test_svg_is_xml_and_text_is_text(evil_trace):
    for picture in (evil_trace.draw(), evil_trace.flow(), evil_trace.draw(theme="dark")):
        root = ET.fromstring(picture.svg)
        assert {e.tag for e in root.iter()} <= {
            SVG + t for t in ("svg", "title", "rect", "path", "polygon", "text", "g")
        }
        assert any("<img src=x" in (e.text or "") for e in root.iter(SVG + "text"))
        assert not any(a.startswith("on") for e in root.iter() for a in e.attrib)


def test_html_escapes_and_loads_nothing(evil_trace):
    page = evil_trace.draw().html
    assert "<img" not in page
    assert "&lt;img src=x onerror=alert(1)&gt;" in page
    outside = re.sub(r"http://www\.w3\.org/2000/svg", "", page)
    assert not re.search(r"https?:|//[a-z]|@import|url\(", outside)
    assert page.count("<script") == 1
    assert "default-src 'none'" in page


def test_html_in_a_notebook_is_shut_off(evil_trace):
    shown = evil_trace.draw("html")._repr_html_()
    assert 'sandbox="allow-scripts"' in shown
    assert "<img" not in shown
    assert shown.count("<") == 2


def test_dot_quotes(evil_trace):
    source = evil_trace.draw("dot").data
    for quoted in re.findall(r'"((?:[^"\\]|\\.)*)"', source):
        assert "\n" not in quoted
    assert source.count("{") == source.count("}")
    unquoted = re.sub(r'"(?:[^"\\]|\\.)*"', "", source)
    assert '"' not in unquoted
    assert "img" not in unquoted


def test_png(evil_trace):
    image = pytest.importorskip("PIL.Image")
    for scale in (1.0, 2.0):
        picture = evil_trace.draw("png", scale=scale)
        size = round(picture.scene.width * scale), round(picture.scene.height * scale)
        with image.open(io.BytesIO(picture.data)) as opened:
            assert opened.size == size
            assert len(np.unique(np.asarray(opened.convert("L")))) > 20


def test_dashes_are_cut_by_length():
    from autograd_core.debug.draw.png import _dashes

    dashes = _dashes([(0.0, 0.0), (10.0, 0.0), (10.0, 10.0)], 6.0, 4.0)
    assert dashes == [[(0, 0), (6, 0)], [(10, 0), (10, 6)]]


def test_png_without_pillow_says_what_to_install(evil_trace, monkeypatch):
    monkeypatch.setitem(sys.modules, "PIL", None)
    with pytest.raises(ImportError, match="pip install pillow"):
        _ = evil_trace.draw("png").data


def test_files(evil_trace, tmp_path):
    for ending, start in (
        ("svg", b"<svg"),
        ("png", b"\x89PNG"),
        ("html", b"<!DOCTYPE"),
        ("dot", b"digraph"),
    ):
        path = tmp_path / f"graph.{ending}"
        evil_trace.draw().save(path)
        assert path.read_bytes().startswith(start)
    evil_trace.draw("svg", path=str(tmp_path / "other.svg"))
    assert (tmp_path / "other.svg").exists()
    with pytest.raises(ValueError, match="unknown format 'pdf'"):
        evil_trace.draw().save(tmp_path / "graph.pdf")


def test_mime_bundles(evil_trace):
    for picture, kind in (
        (evil_trace.draw(), "image/svg+xml"), (evil_trace.draw("png"), "image/png"),
        (evil_trace.draw("html"), "text/html"), (evil_trace.flow(), "image/svg+xml"),
    ):  # fmt: skip
        bundle = picture._repr_mimebundle_()
        data = bundle[0] if isinstance(bundle, tuple) else bundle
        assert kind in data
        assert "text/plain" in data


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"format": "pdf"}, "unknown format 'pdf'; use one of svg, png, dot, html"),
        ({"theme": "blue"}, "theme must be 'light' or 'dark'"),
        ({"max_boxes": 1}, "max_boxes must be at least 4"),
        ({"iteration": 7}, "iteration 7 is not in the trace; it has 0 to 0"),
    ],
)
def test_bad_options_of_draw(evil_trace, arguments, message):
    with pytest.raises(ValueError, match=re.escape(message)):
        evil_trace.draw(**arguments)


def test_nothing_recorded():
    with debug.trace() as t:
        pass
    assert "no nodes were recorded" in t.draw().svg
    assert "no gradients were recorded" in t.flow().svg
    assert t.tree() == "nothing recorded"
    assert t.summary().startswith("0 nodes, 0 backward steps")


def test_every_kind_of_gradient_has_a_word_in_the_picture():
    items = [
        Item(n, "op", flag, 9 - n, norm=1.0, flag=flag, count=3, size=4)
        for n, flag in enumerate(("nan", "inf", "zero", "vanishing", "exploding"))
    ]
    from autograd_core.debug.draw.scene import scene_of

    scene = scene_of(Graph(items, []), theme.LIGHT)
    words = [s.text for s in scene.shapes if hasattr(s, "anchor")]
    for word in ("3 NaN", "3 Inf", "all zero", "vanishing", "exploding"):
        assert any(word in text for text in words)


def test_colours_read_well():
    for n in range(101):
        fill = theme.viridis(n / 100)
        assert theme.contrast(fill, theme.ink_on(fill)) >= 4.5
    for colours in (theme.LIGHT, theme.DARK):
        for ink, paper in (
            (colours.text, colours.page), (colours.quiet, colours.page),
            (colours.text, colours.neutral),
            (colours.alarm_text, colours.alarm), (colours.text, colours.hull_inner),
        ):  # fmt: skip
            assert theme.contrast(ink, paper) >= 4.5


@pytest.mark.parametrize(
    ("value", "text"),
    [(0.0, "0"), (1.0, "1"), (0.43219, "0.432"), (3.2e5, "3.2e5"), (1e-8, "1e-8"),
     (math.nan, "NaN"),
     (-math.inf, "-Inf"), (9999.0, "9999"), (999.6, "1000"), (1e4, "1e4"), (2e-3, "0.002")],
)  # fmt: skip
def test_numbers(value, text):
    assert theme.number(value) == text


# ------------------------------------------------------------------ flow, tree, make_dot


def test_flow_follows_the_network():
    t = network(2)
    flow = t.flow()
    names = [s.name for s in flow.stops]
    assert names[0].startswith("net.0.one")
    assert names[-1].startswith("net.1.two")
    assert all(s.norm == t.find(name=s.name)[0].norm for s in flow.stops)
    assert next(s.name for s in t.flow("module").stops) == "net.0.one"
    assert "before" not in repr(flow)
    with pytest.raises(ValueError, match="by must be"):
        t.flow("layer")


def test_flow_shows_the_iteration_before():
    w = ag.tensor([1.0, 2.0], requires_grad=True)
    with debug.trace() as t:
        for k in (1.0, 10.0):
            (w * k).sum().backward()
    (stop,) = t.flow().stops
    assert (stop.norm, stop.before) == (pytest.approx(10 * 2**0.5), pytest.approx(2**0.5))


def test_flow_of_zero_nan_and_inf():
    items = {"a": 0.0, "b": np.nan, "c": np.inf, "d": 1e-30, "e": 1e30}
    leaves = {n: ag.tensor([1.0], requires_grad=True, dtype=ag.float64) for n in items}
    with debug.trace() as t:
        total = ag.tensor([0.0], dtype=ag.float64)
        for name, x in leaves.items():
            x.name = name
            total = total + x * items[name]
        total.sum().backward()
    flow = t.flow()
    assert {s.name: s.flag for s in flow.stops} == {
        "a": "zero", "b": "nan", "c": "inf", "d": "vanishing", "e": "exploding",
    }  # fmt: skip
    root = ET.fromstring(flow.svg)
    texts = [e.text for e in root.iter(SVG + "text")]
    assert {"NaN", "Inf", "zero"} <= set(texts)
    assert len(flow.png) > 1000


def test_the_tree_names_modules_and_nodes():
    text = network(2).tree()
    assert "net/" in text
    assert "Addmm [2, 4]" in text
    assert "net.0.one.weight" in text
    assert "norm" in text


def test_make_dot_without_a_trace():
    x, w = ag.tensor([1.0, 2.0], requires_grad=True), ag.tensor([3.0, 4.0], requires_grad=True)
    loss = (x * w).tanh().sum()
    picture = debug.make_dot(loss, params={"x": x, "w": w}, show_attrs=True)
    assert picture.source.startswith("digraph")
    for word in ("Tanh", "Mul", '"x\\n[2]"', '"w\\n[2]"', "saved result"):
        assert word in picture.source
    assert ET.fromstring(picture._repr_svg_()) is not None


def test_make_dot_renders_without_graphviz(tmp_path):
    x = ag.tensor([1.0], requires_grad=True)
    path = debug.make_dot(x * x).render(str(tmp_path / "g"), format="svg", view=False)
    assert path == str(tmp_path / "g.svg")
    assert (tmp_path / "g.svg").read_text(encoding="utf-8").startswith("<svg")


def test_make_dot_of_a_leaf_and_of_nothing():
    x = ag.tensor([1.0], requires_grad=True)
    assert "leaf" in debug.make_dot(x).source
    with pytest.raises(ValueError, match="requires grad"):
        debug.make_dot(ag.tensor([1.0]))


def test_make_dot_of_several_tensors_and_outputs():
    class Two(ag.autograd.Function):
        @staticmethod
        def forward(ctx, x):
            return x * 2.0, x * 3.0

        @staticmethod
        def backward(ctx, g, h):
            return g * 2.0 + h * 3.0

    x = ag.tensor([1.0], requires_grad=True)
    a, b = Two.apply(x)
    source = debug.make_dot((a * 1.0, b * 1.0)).source
    assert source.count("Two") == 1
    assert source.count("->") == 3


def test_debug_is_loaded_only_when_asked_for():
    import subprocess

    code = (
        "import sys, autograd_core as ag\n"
        "assert 'autograd_core.debug' not in sys.modules\n"
        "assert ag.debug.trace and 'PIL' not in sys.modules\n"
        "assert not hasattr(ag, 'no_such_name')\n"
    )
    subprocess.run([sys.executable, "-c", code], check=True)
