"""Bars in a real kernel: they come, move, and leave nothing in the notebook."""

from collections.abc import Callable, Iterator
from typing import Any

import pytest
from real_kernel import Kernel

pytest.importorskip("tqdm", reason="bars need tqdm (the extra 'lab')")
pytest.importorskip("ipywidgets", reason="bars in a notebook need ipywidgets (the extra 'lab')")

WIDGET = "application/vnd.jupyter.widget-view+json"
TRAIN = """
w = torch.tensor([1.0, 2.0], requires_grad=True)
with torch.debug.trace():
    for step in range(1, 6):
        (w * step).sum().backward()
"""
EMPTY = {"text/plain": ""}
Messages = list[dict[str, Any]]


@pytest.fixture
def at_once(kernel: Kernel) -> Iterator[Kernel]:
    """Yield the kernel with bars that come at once."""
    kernel.run("from autograd_core import progress\nprogress.AFTER = progress.EVERY = 0.0")
    kernel.heard.clear()
    yield kernel
    kernel.run("progress.AFTER, progress.EVERY = 2.0, 0.2")
    kernel.heard.clear()


def run(kernel: Kernel, cell: str, **how: Any) -> tuple[Messages, Messages]:
    """Run a cell as a person does: what was displayed, and what was put in its place."""
    shown: Messages = []
    kernel.start(cell, **how).finish(shown.append)
    kinds = ("display_data", "update_display_data")
    first, then = ([m["content"] for m in shown if m["msg_type"] == kind] for kind in kinds)
    return first, then


def bars(displayed: Messages) -> Messages:
    return [content for content in displayed if "backward: " in content["data"]["text/plain"]]


def texts(kernel: Kernel) -> str:
    """All that the widgets of bars have shown."""
    states = [m["content"]["data"].get("state", {}) for m in kernel.heard
              if m["msg_type"].startswith("comm_") and "data" in m["content"]]  # fmt: skip
    return " ".join(str(state.get("value", "")) for state in states).replace("\u2007", " ")


def test_a_trace_shows_a_bar_that_leaves_an_empty_output(at_once: Kernel) -> None:
    displayed, put = run(at_once, TRAIN)
    (bar,), (empty,) = displayed, put
    assert WIDGET in bar["data"]
    assert empty["data"] == EMPTY
    assert empty["transient"] == bar["transient"]
    assert "5pass [" in texts(at_once)
    assert "loss=15" in texts(at_once)


def test_all_its_widgets_are_closed(at_once: Kernel) -> None:
    """What stays open would be saved with the notebook."""
    run(at_once, TRAIN)
    opened, closed = (
        [m["content"]["comm_id"] for m in at_once.heard if m["msg_type"] == kind]
        for kind in ("comm_open", "comm_close")
    )
    assert len(opened) >= 7  # a box, two texts, a bar, and their layouts
    assert sorted(opened) == sorted(closed)


def test_a_traced_cell_and_several_traced_cells_have_it(at_once: Kernel) -> None:
    loop = "w = torch.ones(2, requires_grad=True)\nfor _ in range(4): (w * w).sum().backward()"
    displayed, put = run(at_once, f"%%autograd_trace\n{loop}")
    assert bars(displayed)[0]["transient"] == put[0]["transient"]
    assert not bars(run(at_once, f"%%autograd_trace --progress off\n{loop}")[0])
    at_once.run("%autograd_trace on")
    for _ in range(2):
        at_once.heard.clear()
        displayed, put = run(at_once, loop)
        assert (len(bars(displayed)), put[-1]["data"]) == (1, EMPTY)
        assert "4pass [" in texts(at_once)  # each cell counts its own
    at_once.run("%autograd_trace off")


def test_nobody_watches_a_notebook_that_a_program_runs(at_once: Kernel) -> None:
    for cell in (TRAIN, f"%%autograd_trace\n{TRAIN}"):
        displayed, put = run(at_once, cell, stdin=False)
        assert not put
        assert not any(WIDGET in content["data"] for content in displayed)
    wanted = "%%autograd_trace --progress on" + TRAIN.replace(
        "torch.debug.trace()", "open('/dev/null')"
    )
    assert len(bars(run(at_once, wanted, stdin=False)[0])) == 1


def test_an_error_and_an_interrupt_take_it_away(at_once: Kernel) -> None:
    for ends in ("1 / 0", "raise KeyboardInterrupt"):
        displayed, put = run(at_once, TRAIN + f"        if step == 4: {ends}")
        assert len(bars(displayed)) == 1
        assert put[-1]["data"] == EMPTY
    assert at_once.value("progress._shown is None")


def test_a_pause_in_the_middle(paused: Kernel, at_once: Kernel) -> None:
    cell = paused.start('%%autograd_trace --break "op:Mul and iter == 2"' + TRAIN.replace(
        "torch.debug.trace()", "open('/dev/null')"))  # fmt: skip
    cell.says("Paused before")
    asked = cell.prompt()
    assert "2pass [" in texts(paused)
    paused.type("graph", to=asked)
    paused.type("c", to=cell.prompt())
    cell.finish()
    assert "5pass [" in texts(paused)


OWN = """
from tqdm.{kind} import tqdm
w = torch.tensor([1.0, 2.0], requires_grad=True)
for step in tqdm(range(1, 6), mininterval=0):
    (w * step).sum().backward()
"""


@pytest.mark.parametrize("kind", ["notebook", "std"])
def test_the_cells_own_bar_with_a_pause_in_it(
    paused: Kernel, at_once: Kernel, kind: str, seen: Callable[[Any], str]
) -> None:
    cell = paused.start('%%autograd_trace --break "op:Mul and iter == 2"' + OWN.format(kind=kind))
    cell.says("Paused before")
    asked = cell.prompt()
    assert "2/5" in seen(cell)
    paused.type("over", to=asked)
    paused.type("c", to=cell.prompt())
    cell.finish()
    assert "5/5" in seen(cell)
    assert "pass [" not in seen(cell)  # theirs alone


@pytest.fixture
def seen() -> Callable[[Any], str]:
    """All that was printed and shown by widgets."""
    return lambda cell: cell.text + texts(cell.kernel)


HIDE = """
import sys
hidden = {{name: sys.modules.pop(name) for name in list(sys.modules)
          if name.partition(".")[0] in {packages} or name.startswith("autograd_core.progress.")}}
"""
SHOW = "sys.modules.update(hidden)"


def test_without_ipywidgets_it_is_text(at_once: Kernel) -> None:
    at_once.run(HIDE.format(packages=("tqdm", "ipywidgets")) + "sys.modules['ipywidgets'] = None")
    cell = at_once.start(TRAIN)
    cell.finish()
    assert [o["name"] for o in cell.outputs] == ["stderr"]
    assert "backward: 5pass" in cell.text
    assert cell.text.rpartition("\r")[2] == ""
    assert "Warning" not in cell.text
    at_once.run(HIDE.format(packages=("tqdm",)).replace("hidden =", "_ =") + SHOW)
    assert len(bars(run(at_once, TRAIN)[0])) == 1


def test_without_tqdm_there_is_none(at_once: Kernel) -> None:
    at_once.run(HIDE.format(packages=("tqdm",)) + "sys.modules['tqdm'] = None")
    assert at_once.start(TRAIN).finish() == []
    at_once.run(SHOW)
    assert len(bars(run(at_once, TRAIN)[0])) == 1
