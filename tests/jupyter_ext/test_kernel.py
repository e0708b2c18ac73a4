"""A real kernel: what a notebook keeps of a traced cell."""

import base64
import re
import xml.etree.ElementTree as ElementTree
from configparser import RawConfigParser
from pathlib import Path

import pytest

STEP = "x = torch.tensor([1.0, 2.0], requires_grad=True)\n(x * x).sum().backward()"


def pictures(outputs: list[dict]) -> list[dict]:
    return [output["data"] for output in outputs if output["type"] == "display_data"]


def printed(outputs: list[dict], name: str = "stdout") -> str:
    return "".join(o["text"] for o in outputs if o["type"] == "stream" and o["name"] == name)


def test_outputs_of_a_traced_cell(kernel) -> None:
    outputs = kernel.run(f"%%autograd_trace\n{STEP}\n'value'")
    assert [o["type"] for o in outputs] == [
        "execute_result",
        "stream",
        "display_data",
        "display_data",
    ]
    assert outputs[0]["data"] == {"text/plain": "'value'"}
    summary = r"3 nodes, 3 backward steps, worst .*, 0 non-finite, .* overhead .*\n"
    assert re.fullmatch(summary, outputs[1]["text"])
    for bundle in pictures(outputs):
        assert set(bundle) == {"text/plain", "image/svg+xml", "image/png"}
        assert ElementTree.fromstring(bundle["image/svg+xml"]).tag.endswith("svg")
        assert base64.b64decode(bundle["image/png"]).startswith(b"\x89PNG\r\n")
        assert len(bundle["image/png"]) < 400_000
        assert "object at 0x" not in bundle["text/plain"]
    assert "Mul" in pictures(outputs)[0]["text/plain"]


@pytest.mark.parametrize(("word", "kept"), [("svg", "image/svg+xml"), ("png", "image/png")])
def test_one_format_alone(kernel, word: str, kept: str) -> None:
    for bundle in pictures(kernel.run(f"%%autograd_trace --format {word}\n{STEP}")):
        assert set(bundle) == {"text/plain", kept}


def test_the_same_cell_gives_the_same_outputs(kernel) -> None:
    """So that a saved notebook can be compared with a fresh run (nbval)."""
    cell = f"%%autograd_trace\n{STEP}"
    forgiven = RawConfigParser()
    forgiven.read(Path(__file__).parents[1] / "nbval_sanitize.cfg", encoding="utf-8")

    def seen() -> str:
        text = repr([{**b, "image/png": ""} for b in pictures(kernel.run(cell))])
        text = re.sub(r"In \[\d+\]", "In [N]", text)
        for section in forgiven.sections():
            text = re.sub(forgiven[section]["regex"], forgiven[section]["replace"], text)
        return text

    assert seen() == seen()


def test_await_and_line_numbers(kernel) -> None:
    outputs = kernel.run(
        "%%autograd_trace\nimport asyncio\nawait asyncio.sleep(0.01)\n"
        "y = x * 2\n_trace_of_before = globals().get('_trace')\ny.sum().backward()"
    )
    assert not [o for o in outputs if o["type"] == "error"]
    where = kernel.run("_trace.nodes[0].location.where, In[-2].count('await')", "b")
    assert re.search(r"'In \[\d+\], line 4', 1", where[0]["data"]["text/plain"])


def test_the_cells_id_is_kept(kernel) -> None:
    kernel.run("def double(x):\n    return x * 2", cell_id="first")
    kernel.run("%%autograd_trace\ndouble(x).sum().backward()", cell_id="second")
    told = kernel.run("[n.place_notes['cell_id'] for n in _trace.nodes if n.kind == 'op']")
    assert told[0]["data"]["text/plain"] == "['first', 'second']"


def test_an_error_is_shown_before_the_trace(kernel) -> None:
    outputs = kernel.run(f"%%autograd_trace\n{STEP}\n1 / 0")
    assert [o["type"] for o in outputs] == ["error", "stream", "display_data", "display_data"]
    assert outputs[0]["ename"] == "ZeroDivisionError"
    plain = re.sub(r"\x1b\[[0-9;]*m", "", "\n".join(outputs[0]["traceback"]))
    assert "----> 4 1 / 0" in plain


def test_a_syntax_error_shows_no_trace(kernel) -> None:
    outputs = kernel.run("%%autograd_trace\nx = = 1")
    assert [o["type"] for o in outputs] == ["error", "stream"]
    assert outputs[0]["ename"] == "SyntaxError"
    assert printed(outputs, "stderr").startswith("Nothing of this cell was run or traced")


def test_an_unknown_option(kernel) -> None:
    outputs = kernel.run("%%autograd_trace --evry 2\nprint('ran')")
    assert "did you mean --every?" in printed(outputs, "stderr")
    assert printed(outputs) == ""
    assert not pictures(outputs)


# In small pieces: ipykernel sees an interrupt of a coroutine only when something wakes it up.
@pytest.mark.parametrize(
    "wait",
    [
        "import time\nfor _ in range(6000): time.sleep(0.01)",
        "import asyncio\nfor _ in range(6000): await asyncio.sleep(0.01)",
    ],
)
def test_an_interrupt_ends_the_cell_and_shows_the_trace(kernel, wait: str) -> None:
    def interrupt(message: dict) -> None:
        if message["msg_type"] == "stream" and "ready" in message["content"]["text"]:
            kernel.manager.interrupt_kernel()

    outputs = kernel.run(
        f"%%autograd_trace\n{STEP}\nprint('ready', flush=True)\n{wait}", seen=interrupt
    )
    assert "3 nodes, 3 backward steps" in printed(outputs)
    assert len(pictures(outputs)) == 2
    assert any(o["type"] == "error" for o in outputs)
    left = kernel.run("from autograd_core import events\nevents._taps")
    assert left[0]["data"]["text/plain"] == "()"


def test_on_and_off(kernel) -> None:
    assert "Tracing is on" in printed(kernel.run("%autograd_trace on"))
    kernel.run(STEP)
    outputs = kernel.run("%autograd_trace off")
    assert printed(outputs).startswith("3 nodes, 3 backward steps")
    assert len(pictures(outputs)) == 2


def test_text_of_the_user_is_never_markup(kernel) -> None:
    name = "<script>alert(1)</script>&"
    cell = f"x = torch.ones(2, requires_grad=True)\nx.name = {name!r}\nx.sum().backward()"
    bundle = pictures(kernel.run(f"%%autograd_trace\n{cell}"))[0]
    root = ElementTree.fromstring(bundle["image/svg+xml"])
    assert not [e for e in root.iter() if e.tag.rpartition("}")[2] in ("script", "foreignObject")]
    kernel.run("del x\n" + STEP)
