"""Notebooks that a program runs, nbconvert or papermill: pictures, no widgets, nobody asked."""

import json
import os
import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from browser.lab import notebook_of

ROOT = Path(__file__).resolve().parents[2]
SETUP = """\
%load_ext autograd_core
import autograd_core as ag
from autograd_core import nn, progress
progress.AFTER = progress.EVERY = 0.0  # a bar would come at once
ag.manual_seed(seed)
net = nn.Sequential(nn.Linear(3, 4), nn.Tanh(), nn.Linear(4, 1))"""
TRACED = """\
%%autograd_trace --break op:Tanh
for _ in range(5):
    net(ag.ones(2, 3)).square().mean().backward()"""
SCRIPTED = """\
%%autograd_trace --break "op:Tanh and iter == 1" --script "grad; over; continue"
for _ in range(3):
    net(ag.ones(2, 3)).square().mean().backward()"""
PICTURE = {"image/png", "image/svg+xml", "text/plain"}


@pytest.fixture
def notebook(tmp_path: Path) -> Path:
    """A notebook with a traced cell that wants to pause, and one with a script."""
    made = notebook_of("seed = 0", SETUP, TRACED, SCRIPTED)
    made["cells"][0]["metadata"]["tags"] = ["parameters"]  # as papermill wants it
    file = tmp_path / "train.ipynb"
    file.write_text(json.dumps(made))
    return file


@pytest.fixture
def environment(tmp_path: Path) -> dict[str, str]:
    """Nobody's settings, and a kernel that is this Python."""
    spec = tmp_path / "data" / "kernels" / "python3"
    spec.mkdir(parents=True)
    argv = [sys.executable, "-m", "ipykernel_launcher", "-f", "{connection_file}"]
    spec.joinpath("kernel.json").write_text(
        json.dumps({"argv": argv, "display_name": "Python 3", "language": "python"})
    )
    folders = {
        f"JUPYTER_{name}_DIR": str(tmp_path / name.lower()) for name in ("CONFIG", "RUNTIME")
    }
    return os.environ | folders | {
        "JUPYTER_DATA_DIR": str(tmp_path / "data"), "IPYTHONDIR": str(tmp_path / "ipython"),
        "PYTHONPATH": os.pathsep.join([str(ROOT), os.environ.get("PYTHONPATH", "")]),
    }  # fmt: skip


def run(environment: dict[str, str], folder: Path, *command: str) -> None:
    done = subprocess.run(
        [sys.executable, "-m", *command], cwd=folder, env=environment, capture_output=True,
        text=True, timeout=240, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr


def verify(made: dict[str, Any]) -> None:
    """The traced cells show what they should, and nothing else."""
    traced, scripted = made["cells"][-2:]
    for cell in (traced, scripted):
        texts = ["".join(o["text"]) for o in cell["outputs"] if o["output_type"] == "stream"]
        pictures = [o["data"] for o in cell["outputs"] if o["output_type"] == "display_data"]
        assert [set(data) for data in pictures] == [PICTURE, PICTURE]  # no widget, no bar
        assert "Tanh" in "".join(pictures[0]["text/plain"])
        assert "net.2.weight" in "".join(pictures[1]["text/plain"])
        assert re.search(r"\d+ nodes, \d+ backward steps", "".join(texts))
    asked = "".join("".join(o.get("text", [])) for o in traced["outputs"])
    assert "would have paused at TanhBackward0" in asked
    assert "no stdin" in asked
    assert "counted in autograd_core.debug.missed()" in asked
    answered = "".join("".join(o.get("text", [])) for o in scripted["outputs"])
    assert answered.count("Paused before TanhBackward0") == 1
    assert "(Autograd) grad" in answered


def without_what_may_differ(made: dict[str, Any]) -> str:
    """All outputs, without times."""
    outputs = [cell["outputs"] for cell in made["cells"]]
    for output in [o for found in outputs for o in found]:
        output.get("data", {}).pop("image/png", None)
        output.pop("execution_count", None)
    return re.sub(r"[\d.]+ (s|ms|µs|us|min)\b", "TIME", json.dumps(outputs))


def test_nbconvert_to_a_notebook(notebook: Path, environment: dict[str, str]) -> None:
    pytest.importorskip("nbconvert", reason="needs nbconvert, which comes with JupyterLab")
    found = []
    for _ in range(2):
        run(environment, notebook.parent, "nbconvert", "--execute", "--to", "notebook",
            "--output", "run.ipynb", notebook.name)  # fmt: skip
        found.append(json.loads((notebook.parent / "run.ipynb").read_text()))
        verify(found[-1])
    first, second = map(without_what_may_differ, found)
    assert first == second


def test_nbconvert_to_a_page(notebook: Path, environment: dict[str, str]) -> None:
    """`tests/browser/test_saved_page.py` looks at it."""
    pytest.importorskip("nbconvert", reason="needs nbconvert, which comes with JupyterLab")
    run(environment, notebook.parent, "nbconvert", "--execute", "--to", "html", notebook.name)
    page = notebook.with_suffix(".html").read_text()
    assert len(re.findall(r"<svg [^>]*viewBox|data:image/(?:svg|png)", page)) >= 4
    assert "would have paused at TanhBackward0" in page
    assert "widget-view+json" not in page


def test_papermill(notebook: Path, environment: dict[str, str]) -> None:
    pytest.importorskip("papermill", reason="needs papermill: pip install papermill")
    run(environment, notebook.parent, "papermill", "-p", "seed", "3", "--no-progress-bar",
        notebook.name, "run.ipynb")  # fmt: skip
    made = json.loads((notebook.parent / "run.ipynb").read_text())
    assert any("seed = 3" in "".join(cell["source"]) for cell in made["cells"])
    verify(made)
