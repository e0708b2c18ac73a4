"""What a stranger has after ``pip install "autograd-core[lab]"``, on each Python."""

import json
from pathlib import Path
from typing import Any

import pytest
from packages.environments import PIP, Environment, run

import autograd_core

CELLS = [
    "%load_ext autograd_core\nimport autograd_core as torch",
    "%%autograd_trace\nw = torch.tensor([1.0, 2.0], requires_grad=True)\n(w * w).sum().backward()",
    """%%autograd_trace --break "op:Tanh" --script "grad; over; continue"
torch.tanh(w).sum().backward()
""",
    "print(torch.__file__, w.grad.shape)",
]
SCRIPT = """\
import autograd_core as ag

w = ag.tensor([1.0, 2.0], requires_grad=True)
(w * w).sum().backward()
print(w.grad.tolist())
"""
WIDGET = "application/vnd.jupyter.widget-view+json"


@pytest.fixture(scope="module")
def notebook(installed: Environment) -> list[list[dict[str, Any]]]:
    """What a kernel said of each cell."""
    driver = Path(__file__).with_name("run_cells.py")
    installed.run("python", "-I", driver, "heard.json", *CELLS)
    return json.loads((installed.home / "heard.json").read_text())


def displayed(messages: list[dict[str, Any]]) -> list[dict[str, Any]]:
    return [message["data"] for message in messages if message["type"] == "display_data"]


def printed(messages: list[dict[str, Any]]) -> str:
    return "".join(message["text"] for message in messages if message["type"] == "stream")


def test_it_is_the_wheel_and_importing_it_needs_no_jupyter(installed: Environment) -> None:
    probe = (
        "import autograd_core as ag, sys;"
        "print(ag.__file__, ag.__version__, 'IPython' in sys.modules)"
    )
    file, version, jupyter = installed.run("python", "-c", probe).split()
    assert Path(file).is_relative_to(installed.folder)
    assert version == autograd_core.__version__
    assert jupyter == "False"


def test_pip_finds_nothing_missing(installed: Environment) -> None:
    run([*PIP, "--python", installed.python, "check"])


def test_no_cell_fails(installed: Environment, notebook: list[list[dict[str, Any]]]) -> None:
    assert not [m for messages in notebook for m in messages if m["type"] == "error"]
    file, shape = printed(notebook[3]).split(maxsplit=1)
    assert Path(file).is_relative_to(installed.folder)
    assert shape == "torch.Size([2])\n"


def test_a_traced_cell_has_a_live_graph(notebook: list[list[dict[str, Any]]]) -> None:
    (widget,) = [data[WIDGET] for data in displayed(notebook[1]) if WIDGET in data]
    opened = {m["comm_id"]: m["data"]["state"] for m in notebook[1] if m["type"] == "comm_open"}
    graph = opened[widget["model_id"]]
    assert graph["_model_module"] == "anywidget"
    assert "export" in graph["_esm"]  # the program that draws it came along


def test_a_traced_cell_has_pictures_and_a_summary(notebook: list[list[dict[str, Any]]]) -> None:
    assert "3 nodes, 3 backward steps" in printed(notebook[1])
    graph, flow = [data for data in displayed(notebook[1]) if "image/svg+xml" in data]
    for picture in (graph, flow):
        assert {"text/plain", "image/png"} <= set(picture)
    assert "(w) [2]" in graph["text/plain"]


def test_a_stop_takes_its_script(notebook: list[list[dict[str, Any]]]) -> None:
    said = printed(notebook[2])
    assert "Paused before TanhBackward0 · breakpoint 1: op:Tanh" in said
    assert "(Autograd) over" in said
    assert "Paused before AccumulateGrad" in said
    assert "3 nodes, 3 backward steps" in said


def test_doctor_finds_no_problem(installed: Environment) -> None:
    said = installed.run("autograd-core", "doctor")  # it ends with 1 if it finds one
    assert "✓ jupyterlab" in said
    assert "✗" not in said


def test_jupyterlab_lists_the_panel(installed: Environment) -> None:
    listed = installed.run("jupyter", "labextension", "list")
    (line,) = [line for line in listed.splitlines() if "autograd-core" in line]
    assert "enabled OK" in line
    assert "(python, autograd_core)" in line  # it says by which package it came


def test_the_command_traces_a_script(installed: Environment) -> None:
    (installed.home / "train.py").write_text(SCRIPT)
    said = installed.run("autograd-core", "trace", "train.py")
    assert "[2.0, 4.0]" in said
    assert "3 nodes, 3 backward steps" in said
    assert '<main id="graph"' in (installed.home / "train.trace.html").read_text()
